// Gradient descent on the output of a formula: which inputs are parameters, the rate, and how the output falls.

import { finite } from "./address.js";
import { make } from "./run.js";

const USUAL = /^[wWbθ]/; // weights and biases, as everybody calls them
const MOST_SHOWN = 2000; // numbers of a curve
const [WIDTH, HEIGHT, MARGIN] = [420, 120, 6];

const FORM = `
  <fieldset class="play-parameters"><legend>Each step moves these against their gradient</legend></fieldset>
  <div class="play-row"><label>Rate <input type="number" class="play-rate" step="any" placeholder="0.1"></label>
    <button type="button" class="live-button" data-steps="1">One step</button>
    <button type="button" class="live-button" data-steps="100">100 steps</button>
    <button type="button" class="live-button" data-steps="0">Back to the start</button></div>
  <figure class="play-curve" role="img" aria-label="No step yet"></figure>`;

export class Training {
  /** @param trains does some steps, and resolves to the output before each of them and at the end; @param moves takes values. */
  constructor(place, { trains, moves, changed }) {
    place.innerHTML = FORM; // a constant
    this.boxes = place.querySelector(".play-parameters");
    this.typedRate = place.querySelector(".play-rate");
    this.curve = place.querySelector(".play-curve");
    this.buttons = [...place.querySelectorAll("button")];
    this.typedRate.onchange = changed;
    this.changed = changed;
    this.forget();
    for (const button of this.buttons) {
      button.onclick = () => (button.dataset.steps === "0" ? this.#back(moves) : this.#train(Number(button.dataset.steps), trains));
    }
  }

  get rate() {
    return finite(this.typedRate.value);
  }

  set rate(rate) {
    this.typedRate.value = rate ?? "";
  }

  get parameters() {
    return [...this.boxes.querySelectorAll("input:checked")].map((box) => box.value);
  }

  /** The inputs of another formula: those are parameters that were named, or that were so far, or that are called so. */
  offer(names, named = []) {
    const before = new Map([...this.boxes.querySelectorAll("input")].map((box) => [box.value, box.checked]));
    const usual = names.filter((name) => USUAL.test(name));
    const wanted = (name) => (named.length ? named.includes(name) : before.get(name) ?? (!usual.length || usual.includes(name)));
    const boxes = names.map((name) => {
      const label = make("label");
      const box = Object.assign(document.createElement("input"), { type: "checkbox", value: name, checked: wanted(name), onchange: this.changed });
      label.append(box, ` ${name}`);
      return label;
    });
    this.boxes.replaceChildren(this.boxes.firstElementChild, ...boxes);
  }

  /** A number was typed, or another formula: what comes is another descent. */
  forget() {
    this.start = null;
    this.outputs = [];
    this.#draw();
  }

  async #train(steps, trains) {
    for (const button of this.buttons) button.disabled = true;
    try {
      const answer = await trains(steps);
      if (!answer) return;
      this.start ??= answer.before;
      this.outputs = [...this.outputs.slice(0, -1), ...answer.outputs].slice(-MOST_SHOWN);
      this.#draw();
    } finally {
      for (const button of this.buttons) button.disabled = false;
    }
  }

  #back(moves) {
    const { start } = this;
    this.forget();
    if (start) moves(start);
  }

  #draw() {
    const { outputs } = this;
    if (outputs.length < 2) return this.curve.replaceChildren();
    const [least, most] = [Math.min(...outputs), Math.max(...outputs)];
    const x = (i) => MARGIN + (i / (outputs.length - 1)) * (WIDTH - 2 * MARGIN);
    const y = (output) => HEIGHT - MARGIN - ((output - least) / (most - least || 1)) * (HEIGHT - 2 * MARGIN);
    const points = outputs.map((output, i) => `${x(i).toFixed(1)},${y(output).toFixed(1)}`).join(" ");
    const [first, last] = [outputs[0], outputs.at(-1)].map((output) => String(Number(output.toPrecision(4))));
    const said = `After ${outputs.length - 1} ${outputs.length === 2 ? "step" : "steps"} the output is ${last}; it was ${first}.`;
    this.curve.innerHTML = `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true"><polyline points="${points}"/></svg>`;
    this.curve.append(make("figcaption", "", said));
    this.curve.setAttribute("aria-label", said);
  }
}
