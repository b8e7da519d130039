/** The graph as a program: numbers for the leaves in, all data, local derivatives and gradients out. */

const NUDGES = ["0.001", "0.01", "0.1", "1", "-0.1", "-1"];
const LOW = 480; // pixels: a frame on a slide
const TICKS = 200; // of a slider, about

/**
 * Compute a graph with other leaves.
 *
 * @param {Array} nodes operands before users: `[data]` for a leaf, a number for a constant, `[row, operands]` for an operation,
 *   and `[null, operands, data, derivatives]` for one that the page cannot compute, whose inputs are locked.
 * @param {Array} rows `value` and `slopes`, functions, and `domains`: what an operand must be, and whether it is.
 * @param {Array} order the operations as backward takes them.
 * @returns `leaves`, the numbers of the leaves; `locked`, for leaves that cannot move, the operation that they lead to;
 *   `run(values)`, which gives `data`, `slopes`, `gradients`, `before`, `after`, `refused`; what is not known is undefined.
 */
export function createProgram(nodes, rows, order) {
  const leaves = nodes.flatMap((node, i) => (Array.isArray(node) && node.length === 1 ? [i] : []));
  const locked = new Map();
  nodes.forEach((node, i) => {
    if (Array.isArray(node) && node[0] === null) for (const leaf of below(i)) locked.set(leaf, i);
  });

  function below(at) {
    const found = new Set([at]);
    for (let i = at; i >= 0; i -= 1) if (found.has(i) && nodes[i].length > 1) for (const operand of nodes[i][1]) found.add(operand);
    return leaves.filter((leaf) => found.has(leaf));
  }

  function run(values) {
    const [data, slopes, gradients] = [0, 0, 0].map(() => new Array(nodes.length));
    const [before, after] = [[], []];
    const refused = new Map();
    nodes.forEach((node, i) => {
      if (typeof node === "number") data[i] = node;
      else if (node.length === 1) data[i] = values.get(i) ?? node[0];
      else if (node[0] === null) [, , data[i], slopes[i]] = node;
      else {
        const operands = node[1].map((operand) => data[operand]);
        if (operands.includes(undefined)) return;
        const row = rows[node[0]];
        const [out] = row.value(...operands);
        const derivatives = row.slopes(out, ...operands);
        const fault = faultOf(row, operands, out, derivatives);
        if (fault) refused.set(i, fault);
        else [data[i], slopes[i]] = [out, derivatives];
      }
    });
    if (data.at(-1) === undefined) return { data, slopes, gradients, before, after, refused };
    gradients.fill(0); // also of what the result does not depend on, as entries of an array
    gradients[nodes.length - 1] = 1;
    let count = 0;
    for (const i of order) {
      nodes[i][1].forEach((operand, place) => {
        before[count] = gradients[operand];
        gradients[operand] = after[count] = before[count] + slopes[i][place] * gradients[i];
        count += 1;
      });
    }
    return { data, slopes, gradients, before, after, refused };
  }

  return { leaves, locked, run };
}

/** Why an operation refuses its operands, as the engine does: `{ operand, needs }`, or undefined. */
function faultOf(row, operands, out, slopes) {
  if (!operands.every(Number.isFinite)) return undefined;
  if (!Number.isFinite(out)) {
    const isWholePower = (x) => row.lacks !== undefined && x < 0 && !Number.isNaN(out);
    const broken = row.domains?.find(({ operand, holds }) => !holds(operands[operand])[0] && !isWholePower(operands[operand]));
    if (broken) return broken;
  }
  const mayLack = row.lacks !== undefined && Number.isNaN(out);
  if (!Number.isFinite(out) && !row.passes && !mayLack) return { needs: Number.isNaN(out) ? "not defined here" : "infinite here" };
  const isSlope = (x, place) => Number.isFinite(x) || row.lacks === place || (row.steep && (row.passes || !Number.isNaN(x)));
  return slopes.every(isSlope) ? undefined : { needs: "no derivative here" };
}

/** The ends of a slider, chosen from a number: a round number beyond twice its size, to both sides. */
export function rangeOf(value) {
  if (value === 0) return [-1, 1];
  const power = 10 ** Math.floor(Math.log10(Math.abs(value)));
  const end = Math.min([1, 2, 5, 10, 20, 50].find((n) => n * power >= 2 * Math.abs(value)) * power, Number.MAX_VALUE / 2) || 1;
  return [-end, end];
}

/** A number of a slider, without digits that a pointer cannot mean. */
function roundedTo(value, range) {
  const step = 10 ** Math.floor(Math.log10((range[1] - range[0]) / TICKS));
  return Number((Math.round(value / step) * step).toPrecision(12)) || 0;
}

/**
 * The inputs: a field and a slider for each leaf, and what happens if one is nudged.
 *
 * @param {Function} make makes elements.
 * @param {object} options `program`; `names` by node; `digits`; `value(leaf)`, `move(leaf, value)`, `reset()`; `nudge(leaf, step)`, which
 *   gives the change of the result that the gradient predicts and the one that happens; `hold(leaf, step)` shows it, `hold()` ends that.
 */
function inputsPanel(make, { program, names, output, digits, value, move, reset, nudge, hold }) {
  const problem = make("span", { class: "problem", role: "status" });
  const rows = program.leaves.map((leaf) => leafRow(leaf));
  const chosen = make("select", { "aria-label": "Input to nudge" },
    ...program.leaves.filter((leaf) => !program.locked.has(leaf)).map((leaf) => make("option", { value: leaf }, names[leaf])));
  const size = make("select", { "aria-label": "Size of the nudge" }, ...NUDGES.map((x) => make("option", { value: x }, x)));
  size.value = "0.1";
  const said = make("output", { class: "said" });
  const button = make("button", { type: "button" }, "Hold to see it");
  const back = make("button", { type: "button", class: "reset" }, "Reset");
  const panel = make("details", { class: "inputs" }, make("summary", {}, "Inputs: move one, and everything follows", problem),
    make("div", { class: "leaves" }, ...rows.map((row) => row.element)),
    make("div", { class: "nudge" }, make("span", {}, "Nudge "), chosen, make("span", {}, " by "), size, button, said, back));
  panel.open = rows.length <= 8 && !(panel.ownerDocument.defaultView?.innerHeight < LOW);
  panel.style.setProperty("--name", `${Math.min(Math.max(...program.leaves.map((leaf) => names[leaf].length)) + 1, 10)}ch`);
  chosen.parentElement.hidden = !chosen.options.length;

  function leafRow(leaf) {
    let range = rangeOf(value(leaf));
    let shown;
    const name = names[leaf];
    const lock = program.locked.get(leaf);
    const field = make("input", { type: "text", class: "value", inputmode: "decimal", autocomplete: "off", "aria-label": name });
    const slider = make("input", { type: "range", step: "any", "aria-label": `${name}, slider` });
    const ends = ["from", "to"].map((end) => make("input", { type: "text", class: "end", "aria-label": `${name}, slider ${end}` }));
    const element = make("div", { class: "leaf" }, make("label", { title: name }, name), field, ends[0], slider, ends[1]);
    if (lock !== undefined) {
      for (const control of [field, slider, ...ends]) control.disabled = true;
      element.title = `${name} leads to ${names[lock]}, an operation of your own without expansion=, which this page cannot compute.`;
      element.append(make("span", { class: "why" }, `cannot move: ${names[lock]} has no expansion`));
    }
    const typed = (control, use) => control.addEventListener("change", () => {
      const { value: number, problem: fault } = readNumber(control.value);
      problem.textContent = fault ? `${name}: ${fault}` : "";
      control.setAttribute("aria-invalid", Boolean(fault));
      if (!fault) use(number);
    });
    field.addEventListener("input", () => {
      const { value: number } = readNumber(field.value);
      if (number !== undefined) tell(number);
    });
    typed(field, (number) => tell(number));
    slider.addEventListener("input", () => tell(roundedTo(Number(slider.value), range)));
    ends.forEach((end, i) => typed(end, (number) => {
      range = i ? [Math.min(range[0], number), number] : [number, Math.max(range[1], number)];
      if (range[0] === range[1]) range[1 - i] += i ? -1 : 1;
      show();
    }));
    function tell(number) {
      chosen.value = leaf;
      move(leaf, number);
    }
    function show() {
      const number = value(leaf);
      if (Object.is(number, shown?.number) && range === shown.range) return;
      range = [Math.min(range[0], number), Math.max(range[1], number)];
      slider.min = range[0];
      slider.max = range[1];
      slider.value = number;
      slider.setAttribute("aria-valuetext", shortNumber(number, digits));
      ends.forEach((end, i) => {
        if (end !== end.ownerDocument.activeElement || end.getAttribute("aria-invalid") !== "true") end.value = shortNumber(range[i], digits);
      });
      const same = readNumber(field.value).value === number;
      if (!same) field.value = Object.is(number, -0) ? "0" : String(number);
      if (same || field !== field.ownerDocument.activeElement) field.setAttribute("aria-invalid", "false");
      shown = { number, range };
    }
    return { element, show };
  }

  function show() {
    for (const row of rows) row.show();
    if (!chosen.options.length) return;
    const leaf = Number(chosen.value);
    const written = (x) => (x === undefined ? UNKNOWN : shortNumber(x, digits));
    const [predicted, actual, gradient] = nudge(leaf, Number(size.value)).map(written);
    said.textContent = predicted === UNKNOWN ? `${output} cannot be computed here.`
      : `${output} should change by ${gradient} · ${size.value} = ${predicted}, and ${actual === UNKNOWN ? "cannot be computed there" : `changes by ${actual}`}.`;
  }

  const held = (on) => () => hold(...(on ? [Number(chosen.value), Number(size.value)] : []));
  button.addEventListener("pointerdown", held(true));
  for (const end of ["pointerup", "pointerleave", "pointercancel", "blur", "keyup"]) button.addEventListener(end, held(false));
  button.addEventListener("keydown", ({ key, repeat }) => (key === " " || key === "Enter") && !repeat && held(true)());
  chosen.addEventListener("change", show);
  size.addEventListener("change", show);
  back.addEventListener("click", () => {
    problem.textContent = "";
    reset();
  });
  return { panel, show };
}
