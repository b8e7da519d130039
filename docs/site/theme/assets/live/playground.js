// The playground: what is typed goes to Python, what it answers is shown; numbers at once, a new layout when the hand rests.

import { fromAddress, toAddress } from "./address.js";
import { EXAMPLES } from "./examples.js";
import { framed, make } from "./run.js";
import { StoppedError } from "./python.js";

const REST = 120; // milliseconds without a movement, after which the picture is laid out anew
const PATIENCE = 700; // after which what runs can be stopped

const FORM = `
  <div class="play-start">
    <button class="play-load md-button md-button--primary"></button> <span class="play-status" role="status"></span>
  </div>
  <div class="play" hidden>
    <div class="play-typed">
      <label>Start from <select class="play-example"></select></label>
      <label>Formula <textarea class="play-formula" rows="4" spellcheck="false" autocapitalize="off"></textarea></label>
      <pre class="play-error" role="alert"></pre>
      <fieldset class="play-inputs"><legend>Inputs</legend></fieldset>
      <label>Derivative by <select class="play-wrt"></select></label>
      <p class="play-saves"></p>
    </div>
    <div class="play-shown">
      <figure class="play-graph scrolled" tabindex="0" role="group" aria-label="The graph"></figure>
      <div class="play-chain shown formula"></div>
      <details class="play-steps"><summary>Step through it</summary><div></div></details>
      <details class="play-marks"><summary>Mark numbers</summary>
        <label>Numbers to be marked, one a line <textarea class="play-claims" rows="4" spellcheck="false"></textarea></label>
        <div class="play-report report"></div></details>
      <details class="play-latex"><summary>The derivation as LaTeX</summary>
        <button class="md-button play-copy">Copy</button><pre tabindex="0" aria-label="LaTeX"></pre></details>
    </div>
  </div>`;

export function openPlayground(place, python) {
  place.innerHTML = FORM; // a constant
  const playground = new Playground(place, python);
  playground.begin(fromAddress(location.hash) ?? { ...EXAMPLES[0] });
}

class Playground {
  constructor(place, python) {
    this.python = python;
    const find = (name) => place.querySelector(`.play-${name}`);
    for (const name of ["load", "status", "example", "formula", "error", "inputs", "wrt", "saves", "graph", "chain", "claims", "report"])
      this[name] = find(name);
    this.body = place.querySelector(".play");
    this.details = Object.fromEntries(["steps", "marks", "latex"].map((name) => [name, find(name)]));
    this.asked = null; // the question that waits while another is answered
    this.isAsking = false;
    this.#listen(find("copy"));
  }

  begin(state) {
    this.state = state;
    this.formula.value = state.formula;
    this.claims.value = state.claims;
    this.details.marks.open ||= Boolean(state.claims);
    if (this.python.isStarted) this.#read();
  }

  #listen(copy) {
    this.load.textContent = `Start (loads Python, ${this.python.site.megabytes} MB, once)`;
    this.load.onclick = () => (this.python.isStarted ? this.python.stop() : this.#read());
    this.example.append(new Option("…", ""), ...EXAMPLES.map((example, i) => new Option(example.title, i)));
    this.example.onchange = () => this.example.value && this.begin(structuredClone(EXAMPLES[this.example.value]));
    this.formula.oninput = () => this.#later(() => this.#read());
    this.claims.oninput = () => this.#later(() => this.#rest());
    this.wrt.onchange = () => this.#ask();
    for (const detail of Object.values(this.details)) detail.ontoggle = () => detail.open && this.body.hidden === false && this.#rest();
    copy.onclick = () => navigator.clipboard.writeText(this.details.latex.querySelector("pre").textContent);
    window.addEventListener("hashchange", () => {
      const state = fromAddress(location.hash);
      if (state) this.begin(state);
    });
    const saves = { SVG: "svg", "HTML with all steps": "html", "TOML to be marked": "toml" };
    this.saves.append("Save as ", ...Object.entries(saves).map(([title, kind]) => this.#save(title, kind)));
  }

  #save(title, kind) {
    const button = make("button", "md-button play-save", title);
    button.onclick = () => this.#guarded(async () => {
      const [name, field] = { svg: ["picture", "svg"], html: ["steps", "page"], toml: ["page", "toml"] }[kind];
      const answer = await this.python.ask(name, this.typed);
      if (this.#refused(answer)) return;
      const link = make("a");
      Object.assign(link, { href: URL.createObjectURL(new Blob([answer[field]])), download: `formula.${kind}` });
      link.click();
    });
    return button;
  }

  /** What is asked about: everything that was typed. */
  get typed() {
    return { formula: this.formula.value, values: this.state.values, wrt: this.wrt.value, claims: this.claims.value };
  }

  /** The formula was changed: which inputs has it now? */
  async #read() {
    await this.#guarded(async () => {
      if (!this.python.isStarted) this.#tell("loading …");
      const answer = await this.python.ask("opened", { formula: this.formula.value, values: this.state.values });
      this.#tell("");
      this.body.hidden = false;
      if (this.#refused(answer)) return;
      this.state.values = answer.values;
      this.#fill(answer);
      this.#remember();
      await this.#rest();
    });
  }

  #fill({ values, names, output, unused }) {
    const wanted = names.includes(this.wrt.value || this.state.wrt) ? this.wrt.value || this.state.wrt : names[0];
    this.wrt.replaceChildren(...names.map((name) => new Option(name, name)));
    if (wanted) this.wrt.value = wanted;
    this.state.wrt = "";
    const rows = Object.keys(values).filter((name) => !unused.includes(name)).map((name) => this.#slider(name, values[name]));
    this.inputs.replaceChildren(make("legend", "", "Inputs"), ...rows);
    if (unused.length) this.#tell(`not used by ${output || "the last line"}: ${unused.join(", ")}`);
  }

  #slider(name, value) {
    const row = make("div", "play-input");
    const label = make("label", "", name);
    const [slide, number] = ["range", "number"].map((type) => Object.assign(document.createElement("input"), { type, step: "any" }));
    const reach = Math.max(5, 2 * Math.abs(value));
    Object.assign(slide, { min: -reach, max: reach, step: reach / 200, value, id: `play-in-${name}` });
    label.htmlFor = slide.id;
    number.value = value;
    number.setAttribute("aria-label", `${name}, as a number`);
    slide.oninput = () => this.#moved(name, Number((number.value = Number(Number(slide.value).toPrecision(6)))));
    number.onchange = () => number.value !== "" && this.#moved(name, Number((slide.value = number.value) && number.value));
    row.append(label, slide, number);
    return row;
  }

  #moved(name, value) {
    this.state.values[name] = value;
    this.#ask();
    this.#later(() => this.#rest());
  }

  /** Numbers and chain rule for what is typed; of the questions that come while one is answered, the last. */
  async #ask() {
    if (this.isAsking) return void (this.asked = true);
    this.isAsking = true;
    await this.#guarded(async () => {
      const answer = await this.python.ask("numbers", this.typed);
      if (this.#refused(answer)) return;
      const texts = [...Object.entries(answer.nodes), ...Object.entries(answer.edges).map(([id, derivative]) => [id, { derivative }])];
      for (const [id, shown] of texts)
        for (const [kind, text] of Object.entries(shown)) {
          const written = this.graph.querySelector(`[id="${id}"] > .${kind}`);
          if (written) written.textContent = text;
        }
      this.chain.innerHTML = answer.chain; // MathML of the package: session.py
      this.body.dataset.shown = JSON.stringify(this.state.values);
    });
    this.isAsking = false;
    if (this.asked) {
      this.asked = null;
      await this.#ask();
    }
  }

  /** The hand rests: everything that takes longer. */
  async #rest() {
    this.#remember();
    await this.#guarded(async () => {
      const answer = await this.python.ask("picture", this.typed);
      if (this.#refused(answer)) return;
      const svg = new DOMParser().parseFromString(answer.svg, "image/svg+xml").documentElement;
      svg.setAttribute("aria-label", answer.alt);
      this.graph.replaceChildren(document.importNode(svg, true));
      await this.#ask();
      const { steps, marks, latex } = this.details;
      if (marks.open) this.report.innerHTML = this.#orRefusal(await this.python.ask("marks", this.typed), "report");
      if (latex.open) latex.querySelector("pre").textContent = (await this.python.ask("written", this.typed)).latex ?? "";
      if (steps.open) await this.#step(steps.querySelector("div"));
      this.body.dataset.laid = JSON.stringify(this.state.values);
    });
  }

  async #step(place) {
    const answer = await this.python.ask("steps", this.typed);
    place.className = "shown stepper";
    place.replaceChildren(answer.error ? make("pre", "play-error", answer.error) : framed(answer.page, "Step through the formula"));
  }

  #orRefusal(answer, field) {
    return answer.error ? make("pre", "play-error", answer.error).outerHTML : answer[field];
  }

  #refused({ error = "" }) {
    this.error.textContent = error;
    return Boolean(error);
  }

  #later(what) {
    clearTimeout(this.timer);
    this.timer = setTimeout(what, REST);
  }

  #remember() {
    history.replaceState(null, "", toAddress(this.typed));
  }

  #tell(text) {
    this.status.textContent = text;
  }

  /** Do something that asks Python; what takes long can be stopped, and what was stopped can be started again. */
  async #guarded(what) {
    this.running = (this.running ?? 0) + 1;
    this.patience ??= setTimeout(() => Object.assign(this.load, { textContent: "Stop", hidden: false }), PATIENCE);
    try {
      await what();
    } catch (error) {
      if (!(error instanceof StoppedError)) throw error;
      this.#tell(error.message);
    }
    this.running -= 1;
    if (this.running) return;
    clearTimeout(this.patience);
    this.patience = null;
    Object.assign(this.load, { textContent: "Start again", hidden: this.python.isStarted });
  }
}
