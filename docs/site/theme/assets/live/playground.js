// The playground: what is typed goes to Python, what it answers is shown; numbers at once, a new layout when the hand rests.

import { fromAddress, toAddress } from "./address.js";
import { EXAMPLES } from "./examples.js";
import { Exercise } from "./exercise.js";
import { StoppedError } from "./python.js";
import { framed, make, saved } from "./run.js";
import { Training } from "./train.js";

const REST = 120; // milliseconds without a movement, after which the picture is laid out anew
const PATIENCE = 700; // after which what runs can be stopped
const SMALLEST = 0.75; // of a picture, as on the other pages: figures.py
const EMPTY = { values: {}, wrt: "", claims: "", rate: null, parameters: [] };

/** What can be saved: the title, the function of session.py and the field of its answer, the name of the file. */
const SAVES = [
  ["SVG", "picture", "svg", "formula.svg"],
  ["HTML with all steps", "steps", "page", "formula.html"],
  ["TOML to be marked", "page", "toml", "formula.toml"],
  ["notebook", "notebook", "notebook", "formula.ipynb"],
];

const FORM = `
  <div class="play-start">
    <button type="button" class="play-load live-button primary"></button> <span class="play-status" role="status"></span>
  </div>
  <div class="play" hidden>
    <div class="play-typed">
      <label>Start from <select class="play-example"></select></label>
      <label>Formula <textarea class="play-formula" rows="5" spellcheck="false" autocapitalize="off" autocomplete="off"></textarea></label>
      <pre class="play-error" role="alert"></pre>
      <fieldset class="play-inputs"></fieldset>
      <label>Derivative by <select class="play-wrt"></select></label>
      <p class="play-saves"></p>
    </div>
    <div class="play-shown">
      <figure class="play-graph scrolled" tabindex="0" role="group" aria-label="The graph"></figure>
      <div class="play-chain shown formula"></div>
      <details class="play-steps"><summary>Step through it</summary><div></div></details>
      <details class="play-train"><summary>Train it</summary><div></div></details>
      <details class="play-exercise"><summary>Do it by hand</summary><div></div></details>
      <details class="play-marks"><summary>Mark numbers</summary>
        <label>Numbers to be marked, one a line
          <textarea class="play-claims" rows="4" spellcheck="false" placeholder="y = 0.46"></textarea></label>
        <div class="play-report report" role="region" aria-label="Marks"></div></details>
      <details class="play-latex"><summary>The derivation as LaTeX</summary>
        <button type="button" class="live-button play-copy">Copy</button><pre tabindex="0" aria-label="LaTeX"></pre></details>
    </div>
  </div>`;

export function openPlayground(place, python) {
  place.innerHTML = FORM; // a constant
  const playground = new Playground(place, python);
  const state = fromAddress(location.hash);
  if (state) playground.begin(state);
  else playground.example(EXAMPLES[0]);
}

class Playground {
  constructor(place, python) {
    this.python = python;
    const find = (name) => place.querySelector(`.play-${name}`);
    for (const name of ["load", "status", "formula", "error", "inputs", "wrt", "saves", "graph", "chain", "claims", "report"])
      this[name] = find(name);
    this.choice = find("example");
    this.body = place.querySelector(".play");
    this.details = Object.fromEntries(["steps", "exercise", "marks", "latex"].map((name) => [name, find(name)]));
    this.training = new Training(find("train").querySelector("div"), {
      trains: (steps) => this.#train(steps),
      moves: (values) => this.#place(values),
      changed: () => this.#later(),
    });
    this.exercise = new Exercise(find("exercise").querySelector("div"), (question, more) => this.#answer(question, more));
    this.numbers = atATime(() => this.#guarded(() => this.#number()));
    this.rest = atATime(() => this.#guarded(() => this.#lay()));
    this.runs = 0;
    this.#listen(find("copy"));
  }

  begin(state) {
    const { formula, values, wrt, claims, rate, parameters } = { ...EMPTY, ...state };
    this.values = { ...values };
    [this.wanted, this.named] = [wrt, parameters];
    [this.formula.value, this.claims.value, this.training.rate] = [formula, claims, rate];
    this.training.forget();
    this.details.marks.open ||= Boolean(claims);
    if (this.python.isStarted) this.#read();
  }

  #listen(copy) {
    this.load.textContent = `Start (loads Python, ${this.python.site.megabytes} MB, once)`;
    this.load.onclick = () => (this.runs ? this.python.stop() : this.#read());
    this.choice.append(new Option("…", ""), ...EXAMPLES.map((example, i) => new Option(example.title, i)));
    this.choice.onchange = () => this.choice.value && this.example(EXAMPLES[this.choice.value]);
    this.formula.oninput = () => {
      this.choice.value = ""; // what stands there is no example any more
      this.#later(true);
    };
    this.claims.oninput = () => this.#later();
    this.wrt.onchange = () => this.#later();
    for (const detail of Object.values(this.details)) detail.ontoggle = () => detail.open && !this.body.hidden && this.rest();
    copy.onclick = () => this.#copy(this.details.latex.querySelector("pre"));
    window.addEventListener("hashchange", () => {
      const state = fromAddress(location.hash);
      if (state) this.begin(state);
    });
    this.saves.append("Save as", ...SAVES.map((kind) => this.#save(...kind)));
  }

  #save(title, question, field, name) {
    const button = Object.assign(make("button", "live-button", title), { type: "button" });
    button.onclick = () => this.#guarded(async () => {
      const answer = await this.python.ask(question, this.typed);
      if (!this.#refused(answer)) saved(name, answer[field]).click();
    });
    return button;
  }

  async #copy(text) {
    try {
      await navigator.clipboard.writeText(text.textContent);
      this.#tell("copied");
    } catch {
      getSelection().selectAllChildren(text); // where a page may not write to the clipboard
      this.#tell("selected, to be copied");
    }
  }

  /** Begin with one of the examples; the numbers that it brings to be marked go when its formula does. */
  async example(example) {
    const start = (state) => {
      this.brought = state.claims ?? "";
      this.begin(state);
    };
    if (!example.question) return start(example);
    return this.#guarded(async () => start(await this.python.ask(example.question)));
  }

  #marked(answer) {
    if (!answer.error || this.claims.value !== this.brought) return orRefusal(answer, "report");
    this.claims.value = "";
    this.#later(); // the address follows
    return "";
  }

  /** What is asked about: everything that was typed. */
  get typed() {
    const { rate, parameters } = this.training;
    return { formula: this.formula.value, values: this.values, wrt: this.wrt.value, claims: this.claims.value, rate, parameters };
  }

  /** The formula was changed: which inputs has it now? */
  async #read() {
    this.isUnread = false;
    await this.#guarded(async () => {
      const isFirst = this.body.hidden;
      if (!this.python.isStarted) this.#tell("loading Python …");
      const answer = await this.python.ask("opened", { formula: this.formula.value, values: this.values });
      this.#tell("");
      this.body.hidden = false;
      if (isFirst) this.formula.focus({ preventScroll: true });
      if (this.#refused(answer)) return;
      this.values = answer.values;
      this.#fill(answer);
      await this.rest();
    });
  }

  #fill({ values, names, output, unused }) {
    const wanted = [this.wanted, this.wrt.value].find((name) => names.includes(name)) ?? names[0];
    this.wrt.replaceChildren(...names.map((name) => new Option(name, name)));
    if (wanted) this.wrt.value = wanted;
    const used = Object.keys(values).filter((name) => !unused.includes(name));
    this.inputs.replaceChildren(make("legend", "", "Inputs"), ...used.map((name) => this.#slider(name, values[name])));
    this.training.offer(used, this.named);
    [this.wanted, this.named] = ["", []];
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
    number.dataset.name = name;
    number.setAttribute("aria-label", `${name}, as a number`);
    slide.oninput = () => this.#moved(name, Number((number.value = Number(Number(slide.value).toPrecision(6)))));
    number.onchange = () => number.value !== "" && this.#moved(name, Number((slide.value = number.value) && number.value));
    row.append(label, slide, number);
    return row;
  }

  #moved(name, value) {
    this.values[name] = value;
    this.training.forget();
    this.numbers();
    this.#later();
  }

  /** Inputs that were moved by somebody else than the hand. */
  #place(values) {
    Object.assign(this.values, values);
    for (const number of this.inputs.querySelectorAll("input[type=number]")) {
      number.value = Number(this.values[number.dataset.name].toPrecision(6));
      number.previousElementSibling.value = this.values[number.dataset.name];
    }
    this.#later();
    return this.numbers();
  }

  /** What Python answers to a question about what is typed and more; null where it was stopped. */
  async #answer(question, more = {}) {
    let answer = null;
    await this.#guarded(async () => {
      answer = await this.python.ask(question, { ...this.typed, ...more });
    });
    return answer;
  }

  async #train(steps) {
    let done = null;
    await this.#guarded(async () => {
      const before = { ...this.values };
      const answer = await this.python.ask("trained", { ...this.typed, steps });
      if (this.#refused(answer)) return;
      done = { before, outputs: answer.outputs };
      await this.#place(answer.values);
    });
    return done;
  }

  /** Numbers and chain rule for what is typed, into the picture that is there. */
  async #number() {
    const answer = await this.python.ask("numbers", this.typed);
    if (this.#refused(answer)) return;
    const texts = [...Object.entries(answer.nodes), ...Object.entries(answer.edges).map(([id, derivative]) => [id, { derivative }])];
    for (const [id, shown] of texts)
      for (const [kind, text] of Object.entries(shown)) {
        const written = this.graph.querySelector(`[id="${CSS.escape(id)}"] > .${kind}`);
        if (written) written.textContent = text;
      }
    this.chain.innerHTML = answer.chain; // MathML of the package: playground.py
    this.body.dataset.shown = JSON.stringify(this.values);
  }

  /** The hand rests: everything that takes longer. */
  async #lay() {
    history.replaceState(null, "", toAddress(this.typed));
    const answer = await this.python.ask("picture", this.typed);
    if (this.#refused(answer)) return;
    const svg = new DOMParser().parseFromString(answer.svg, "image/svg+xml").documentElement;
    svg.style.width = `max(min(100%, ${svg.getAttribute("width")}), ${SMALLEST} * ${svg.getAttribute("width")})`;
    svg.removeAttribute("height"); // as wide as there is room; below what can be read it is scrolled
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", answer.alt);
    this.graph.replaceChildren(document.importNode(svg, true));
    await this.#number();
    const { steps, exercise, marks, latex } = this.details;
    if (exercise.open) await this.exercise.offer(JSON.stringify([this.typed.formula, this.typed.values]));
    if (marks.open) this.report.innerHTML = this.#marked(await this.python.ask("marks", this.typed));
    if (latex.open) latex.querySelector("pre").textContent = (await this.python.ask("written", this.typed)).latex ?? "";
    if (steps.open) await this.#step(steps.querySelector("div"));
    this.body.dataset.laid = JSON.stringify(this.values);
  }

  async #step(place) {
    const answer = await this.python.ask("steps", this.typed);
    place.className = "shown stepper";
    place.replaceChildren(answer.error ? make("pre", "play-error", answer.error) : framed(answer.page, "Step through the formula"));
  }

  #refused({ error = "" }) {
    this.error.textContent = error;
    return Boolean(error);
  }

  #later(isUnread = false) {
    this.isUnread ||= isUnread;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.isUnread ? this.#read() : this.rest()), REST);
  }

  #tell(text) {
    this.status.textContent = text;
  }

  /** Do something that asks Python; what takes long can be stopped, and what was stopped can be started again. */
  async #guarded(what) {
    this.runs += 1;
    this.patience ??= setTimeout(() => this.#offer("Stop"), PATIENCE);
    try {
      await what();
    } catch (error) {
      if (!(error instanceof StoppedError)) throw error;
      this.#tell(error.message);
    } finally {
      this.runs -= 1;
      if (!this.runs) {
        clearTimeout(this.patience);
        this.patience = null;
        this.#offer(this.python.isStarted ? "" : "Start again");
      }
    }
  }

  /** The button that starts and stops Python, with a word on it, or none. */
  #offer(word) {
    this.load.hidden = !word;
    this.load.textContent = word;
    this.load.classList.toggle("primary", word !== "Stop");
  }
}

function orRefusal(answer, field) {
  return answer.error ? make("pre", "play-error", answer.error).outerHTML : answer[field];
}

/** Does something, one at a time: where it is asked for while it is done, it is done once more. */
function atATime(what) {
  let [runs, again] = [false, false];
  return async () => {
    again = runs;
    if (runs) return;
    runs = true;
    try {
      do {
        again = false;
        await what();
      } while (again);
    } finally {
      runs = false;
    }
  };
}
