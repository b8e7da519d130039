/**
 * The stepper: a drawn graph, forward then backward, one node at a time.
 *
 * The same module serves notebooks, through anywidget, and pages that are one file.  It knows nothing of derivatives: every word
 * and formula is in the data it is given, with places for numbers, which a program of the graph fills.
 */

const ROOM = 7; // characters for a number at least, as in frames.py
const SLOPED = /^e\d+_\d+$/; // the id of an edge that shows a number: e, the user, _ and which of its operands
const PACES = [["Slow", 3000], ["Normal", 1500], ["Fast", 600]]; // milliseconds a step
/**
 * Build a stepper in an element.
 *
 * @param {HTMLElement} root what becomes the stepper; without `data.svg` it holds the drawn graph already.
 * @param {object} data title, svg, nodes, steps, parts and digits, and the graph, which may be missing: then no number moves.
 * @param {object} options `step`, `playing` and `values` to begin with, the `rows` of the graph, the target whose `keys` steer, and
 *   `onChange({step, playing, values})`.
 * @returns {object} `step`, `playing`, `values`, `show(step)`, `play(on)`, `move(values)`, `explain(node)`, `destroy()`.
 */
export function createStepper(root, data, { step = 0, playing = false, values = {}, rows = [], keys = root, onChange = () => {} } = {}) {
  check(data);
  const document = root.ownerDocument;
  const make = maker(document);
  const formulas = formulaWriter(document, data.parts);
  const state = { step: -1, playing: false, explained: null, timer: 0, pace: PACES[1][1], values: new Map(), numbers: null };
  const names = data.names ?? data.nodes.map(({ name }) => name); // of what is computed
  const boxes = data.boxes ?? data.nodes.map(({ id }) => id);
  const order = (data.graph ?? []).flatMap((node, i) => (node.length > 1 ? [i] : [])).reverse();
  const program = createProgram(data.graph ?? [], rows, order);
  const graph = createGraph(data.svg ? fragment(document, data.svg).firstElementChild : root.querySelector("svg"), data, number);
  const inputs = program.leaves.length && !data.predict ? inputsPanel(make, {
    program, names, digits: data.digits, output: names.at(-1),
    value: (leaf) => state.values.get(leaf) ?? data.graph[leaf][0],
    move: (leaf, value) => move({ [names[leaf]]: value }),
    reset: () => move(Object.fromEntries(program.leaves.map((leaf) => [names[leaf], data.graph[leaf][0]]))),
    nudge,
    hold: (leaf, by) => compute(leaf === undefined ? state.values : nudged(leaf, by)),
  }) : null;
  const view = layout(make, data, graph.svg, inputs?.panel);
  const last = data.steps.length - 1;

  /** The text of a number by its name, as d3: the data of node 3; in capitals, all of its digits. */
  function number(name) {
    const [, kind, index, place] = name.match(/(\w)(\d+)(?:_(\d+))?/);
    const { data: known, slopes, gradients, before, after } = state.numbers;
    const lists = { d: known, g: gradients, b: before, a: after, l: slopes[index] };
    const x = lists[kind.toLowerCase()]?.[place ?? index];
    if (x === undefined) return undefined;
    return kind < "a" ? exactNumber(x) : shortNumber(x, data.digits);
  }

  const text = (template) => filled(template, number);

  /** Give leaves other numbers, by their names; everything that is shown follows. */
  function move(wanted, { quiet = false } = {}) {
    for (const leaf of program.leaves) if (names[leaf] in wanted && !program.locked.has(leaf)) state.values.set(leaf, wanted[names[leaf]]);
    compute(state.values);
    if (!quiet) onChange(now());
  }

  function compute(values) {
    state.numbers = program.run(values);
    graph.refuse(new Map([...state.numbers.refused].map(([i, fault]) => [boxes[i], reason(fault, i)])));
    inputs?.show();
    if (state.step >= 0) refresh();
  }

  /** Why an operation refuses its operand: what it needs, and what it got. */
  function reason({ operand, needs }, i) {
    const of = operand === undefined ? undefined : data.graph[i][1][operand];
    return { needs: needs.replace("{}", names[of]), got: of === undefined ? "" : `${names[of]} is ${number(`d${of}`)}` };
  }

  const nudged = (leaf, by) => new Map(state.values).set(leaf, inputsValue(leaf) + by);
  const inputsValue = (leaf) => state.values.get(leaf) ?? data.graph[leaf][0];

  /** The change of the result that the gradient predicts, the change that happens, and the gradient. */
  function nudge(leaf, by) {
    const here = program.run(state.values);
    const there = program.run(nudged(leaf, by));
    const difference = there.data.at(-1) - here.data.at(-1);
    const gradient = here.gradients[leaf];
    return [gradient === undefined ? undefined : gradient * by, Number.isNaN(difference) ? undefined : difference, gradient];
  }

  const now = () => ({ step: state.step, playing: state.playing, values: currentValues() });
  const currentValues = () => Object.fromEntries(program.leaves.map((leaf) => [names[leaf], inputsValue(leaf)]));

  function show(wanted, { quiet = false } = {}) {
    const step = Math.min(Math.max(Math.round(wanted) || 0, 0), last);
    if (step === state.step) return;
    state.step = step;
    scrollTo(view.scroller, graph.around(step)); // reads where things are, so before anything is written
    graph.show(step);
    refresh();
    view.slider.value = step;
    view.count.textContent = `${step} / ${last}`;
    view.phase.textContent = data.steps[step].place;
    view.phase.dataset.phase = data.steps[step].phase;
    for (const button of [view.first, view.previous]) disable(button, step === 0);
    for (const button of [view.next, view.last]) disable(button, step === last);
    wait();
    if (!quiet) onChange(now());
  }

  /** Write the numbers of the step that is shown, in the graph, in words and in formulas. */
  function refresh() {
    const { place, caption, details, lines, latex } = data.steps[state.step];
    graph.write(state.step);
    const refusals = [...state.numbers.refused].map(([i, fault]) => refusal(i, fault));
    const said = [...refusals, text(caption)].filter((sentences) => !sentences.includes(UNKNOWN)).join(" ");
    view.slider.setAttribute("aria-valuetext", `${place}: ${said}`);
    view.caption.textContent = said;
    view.formula.show(formulas(lines, number), filledLatex(latex, number));
    view.live.textContent = [`${place}:`, said, refusals.length ? "" : text(details)].filter(Boolean).join(" ");
    if (state.explained) writeRule(data.nodes.find(({ id }) => id === state.explained));
  }

  function refusal(i, fault) {
    const { needs, got } = reason(fault, i);
    return `${names[i]} cannot be computed${got ? `: it needs ${needs}, and ${got}` : `: ${needs}`}.`;
  }

  function play(on, { quiet = false } = {}) {
    if (on === state.playing) return;
    state.playing = on;
    view.play.show(on ? "pause" : "play", on ? "Pause" : "Play");
    view.live.setAttribute("aria-live", on ? "off" : "polite"); // nobody can listen as fast as it plays
    if (!quiet) onChange(now());
    if (on && state.step === last) show(0);
    wait();
  }

  /** While playing, go on a while after the last step, whoever made it: several views of one stepper play no faster than one. */
  function wait() {
    clearTimeout(state.timer);
    if (state.playing) state.timer = setTimeout(tick, state.pace);
  }

  function tick() {
    show(state.step + 1);
    if (state.step === last) play(false);
  }

  function go(step) {
    play(false);
    if (data.predict && step === state.step + 1 && view.prediction.hidden && predict(step)) return;
    view.prediction.hidden = true;
    show(step);
  }

  /** Ask for the numbers of a step before it is shown; whether it has any. */
  function predict(step) {
    const { data: computed, gradients } = data.steps[step];
    const called = (id) => data.nodes.find((node) => node.id === id).name;
    const asked = [
      ...Object.entries(computed).map(([id, template]) => [called(id), template]),
      ...Object.entries(gradients).map(([id, template]) => [`gradient of ${called(id)}`, template]),
    ].filter(([, template]) => Number.isFinite(Number(text(template))));
    if (!asked.length || data.steps[step].phase === "seed") return false;
    const fields = asked.map(([name, template]) => ({ name, right: text(template), input: make("input", { type: "text", autocomplete: "off", "aria-label": name }) }));
    const said = make("p", { class: "said", "aria-live": "polite" });
    const compare = make("button", { type: "submit" }, "Compare");
    const reveal = make("button", { type: "button" }, "Show the step");
    const form = make("form", {}, make("p", {}, `${data.steps[step].place}: what comes next?`),
      ...fields.map(({ name, input }) => make("label", {}, `${name} = `, input)), compare, reveal, said);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      said.textContent = fields.map(({ name, right, input }) => `${name}: ${judged(input.value, Number(right))}.`).join(" ");
      if (fields.every(({ right, input }) => judged(input.value, Number(right)) === "right")) go(step);
      else view.live.textContent = "";
    });
    reveal.addEventListener("click", () => go(step));
    view.prediction.replaceChildren(form);
    view.prediction.hidden = false;
    fields[0].input.focus();
    return true;
  }

  /** What is said about a number that was predicted: right, if it is as near as its own last digit says, and has three digits or all. */
  function judged(entered, right) {
    const typed = entered.trim().replace("−", "-").match(/^[+-]?(?:\d+\.?(\d*)|\.(\d+))$/);
    if (!typed) return entered.trim() ? "write it as a decimal number, with a point" : "no answer yet";
    const x = Number(typed[0]);
    const unit = 10 ** -(typed[1] ?? typed[2]).length;
    const isNear = Math.abs(x - right) <= unit + 1e-12;
    if (isNear && x !== right && Math.abs(x) < 100 * unit) return "too few digits to tell";
    return isNear ? "right" : Math.abs(x + right) <= unit ? "the sign is wrong" : "not yet";
  }

  /** Show the whole chain rule of a node, or of none. */
  function explain(id) {
    const node = data.nodes.find((candidate) => candidate.id === id && candidate.lines.length) ?? null;
    state.explained = node && node.id !== state.explained ? node.id : null;
    graph.mark(state.explained);
    view.rule.hidden = !state.explained;
    if (!state.explained) return;
    writeRule(node);
    view.rule.scrollIntoView?.({ block: "nearest" }); // on a phone it is far below
  }

  function writeRule(node) {
    view.ruleTitle.textContent = `The whole chain rule for ${node.name}`;
    view.ruleNumbers.textContent = text(`data ${node.data}, gradient ${node.gradient}`);
    view.ruleFormula.show(formulas(node.lines, number), filledLatex(node.latex, number));
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target, key } = event;
    const node = target.closest?.("[data-node]");
    if (target.closest?.("select, summary, .inputs input, .prediction")) {
      event.stopPropagation();
      return;
    }
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -1, PageDown: 1, Home: -last, End: last };
    if (steps[key] && !state.playing && state.step === (steps[key] < 0 ? 0 : last)) { // there is no further step: the slides may go on
      if (document.defaultView.parent !== document.defaultView) document.defaultView.parent.focus();
      return;
    }
    event.stopPropagation(); // a notebook has shortcuts of its own for most keys
    if (steps[key]) go(state.step + steps[key]);
    else if (key === "Escape" && state.explained) explain(null);
    else if (node && (key === "Enter" || key === " ")) explain(node.dataset.node);
    else if (node && key === "ArrowUp") graph.focusBeside(node, -1);
    else if (node && key === "ArrowDown") graph.focusBeside(node, 1);
    else if (key === " " && !target.closest?.("button")) play(!state.playing);
    else return;
    event.preventDefault();
  }

  view.first.addEventListener("click", () => go(0));
  view.previous.addEventListener("click", () => go(state.step - 1));
  view.play.addEventListener("click", () => play(!state.playing));
  view.next.addEventListener("click", () => go(state.step + 1));
  view.last.addEventListener("click", () => go(last));
  view.slider.addEventListener("input", () => go(Number(view.slider.value)));
  view.pace.addEventListener("change", () => (state.pace = Number(view.pace.value)));
  view.fit.addEventListener("click", () => {
    const fitted = view.scroller.classList.toggle("fitted");
    view.fit.setAttribute("aria-pressed", fitted);
    scrollTo(view.scroller, graph.around(state.step));
  });
  view.full.hidden = !document.fullscreenEnabled;
  view.full.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen()));
  view.close.addEventListener("click", () => {
    const id = state.explained;
    explain(null);
    graph.focus(id);
  });
  graph.svg.addEventListener("click", ({ target }) => {
    const node = target.closest("[data-node]");
    if (node) explain(node.dataset.node);
  });
  keys.addEventListener("keydown", onKey);

  /** On paper: the whole graph with all its numbers, then every step. */
  function toPrint() {
    const rows = data.steps.map(({ place, caption, lines }) =>
      make("tr", {}, make("th", {}, place), make("td", {}, text(caption)), make("td", { class: "equations" }, formulas(lines, number))));
    view.printed.replaceChildren(make("table", {}, make("tbody", {}, ...rows)));
    graph.show(last);
    graph.write(last);
    for (const part of graph.svg.querySelectorAll(".current")) part.classList.remove("current");
  }

  function fromPrint() {
    view.printed.replaceChildren();
    graph.show(state.step);
    graph.write(state.step);
  }

  const window = document.defaultView;
  window.addEventListener("beforeprint", toPrint);
  window.addEventListener("afterprint", fromPrint);

  root.classList.add("autograd-stepper");
  root.tabIndex = -1; // a click anywhere in it brings the keys here
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", data.title);
  root.setAttribute("data-lm-suppress-shortcuts", "true"); // some versions of JupyterLab listen before a key can be stopped
  root.replaceChildren(...view.children);
  move(values, { quiet: true });
  show(step, { quiet: true });
  play(playing, { quiet: true });

  return {
    get step() { return state.step; },
    get playing() { return state.playing; },
    get values() { return currentValues(); },
    show,
    play,
    move,
    explain,
    destroy() {
      clearTimeout(state.timer);
      keys.removeEventListener("keydown", onKey);
      window.removeEventListener("beforeprint", toPrint);
      window.removeEventListener("afterprint", fromPrint);
      root.replaceChildren();
    },
  };
}

/** Refuse data that is incomplete, in words for the reader. */
function check(data) {
  const lists = ["nodes", "steps", "parts"];
  if (data === null || typeof data !== "object" || !lists.every((name) => Array.isArray(data[name]))) {
    throw new BrokenData("the steps are missing");
  }
  if (!data.steps.length) throw new BrokenData("there are no steps");
}

/** The drawn graph: what is known at a step, which node has its turn, which node is explained. */
function createGraph(svg, { nodes, steps, graph: isLive, boxes }, number) {
  if (!svg) throw new BrokenData("the picture is missing");
  const groupsOf = (kind) => new Map([...svg.querySelectorAll(`[data-${kind}]`)].map((group) => [group.dataset[kind], group]));
  const groups = groupsOf("node");
  const edgeGroups = groupsOf("edge");
  if (!nodes.every(({ id }) => groups.has(id))) throw new BrokenData("the picture is incomplete");
  const numbers = { data: timeline(steps, "data"), grad: timeline(steps, "gradients") };
  const drawn = nodes.map(({ id, name, kind }) => {
    const group = groups.get(id);
    return { id, name, group, isConstant: kind === "constant", writeData: writer(group, "data"), writeGradient: writer(group, "grad") };
  });
  const edges = steps.flatMap(({ phase, node, edges }, from) =>
    phase === "forward" ? Object.entries(edges).map(([id, operand]) => ({ id, group: edgeGroups.get(id), user: node, operand, from })) : []);
  const slopes = [...edgeGroups].filter(([id]) => isLive && !boxes && SLOPED.test(id))
    .map(([id, group]) => ({ name: id.replace("e", "l"), write: writer(group, "derivative") }));

  svg.setAttribute("role", "group");
  svg.setAttribute("aria-label", "The graph");
  for (const { group } of drawn.filter(({ isConstant }) => !isConstant)) {
    group.setAttribute("role", "button");
    group.setAttribute("tabindex", "-1");
  }
  const text = (template) => template && filled(template, (name) => number(name) ?? "");

  /** Say in the boxes of operations why they cannot be computed; `reasons` by node. */
  function refuse(reasons) {
    for (const group of svg.querySelectorAll(".refused")) {
      group.classList.remove("refused");
      group.querySelector(".why").remove();
    }
    for (const [id, { needs, got }] of reasons) {
      const group = groups.get(id);
      const heading = group.querySelector("text");
      const [first, last] = [group.querySelector(".data") ?? heading, [...group.querySelectorAll(".grad")].at(-1) ?? heading];
      const why = heading.cloneNode();
      why.setAttribute("class", "why");
      why.setAttribute("y", (Number(first.getAttribute("y")) + Number(last.getAttribute("y"))) / 2);
      why.textContent = needs;
      if (needs.length > 2 + ROOM) why.setAttribute("textLength", 0.6 * 11 * (4 + ROOM));
      why.setAttribute("lengthAdjust", "spacingAndGlyphs");
      why.append(fragment(svg.ownerDocument, `<svg><title></title></svg>`).firstChild.firstChild);
      why.lastChild.textContent = [needs, got].filter(Boolean).join("; ");
      group.append(why);
      group.classList.add("refused");
    }
  }

  /** Show whose turn it is at a step, and how far the graph is computed. */
  function show(step) {
    const { node: current, phase, edges: used } = steps[step];
    svg.dataset.phase = phase;
    for (const { id, group } of drawn) group.classList.toggle("current", id === current);
    const known = new Set(edges.filter(({ from }) => from <= step).map(({ id }) => id));
    for (const { id, group } of edges) {
      group?.classList.toggle("current", id in used);
      group?.classList.toggle("unknown", !known.has(id));
    }
    tabStop(groups.get(current) ?? svg.querySelector("[role=button]"));
  }

  /** Write the numbers that are known at a step. */
  function write(step) {
    for (const box of drawn) {
      const data = text(numbers.data.at(box.id, step));
      const gradient = text(numbers.grad.at(box.id, step));
      box.group.classList.toggle("unknown", !data);
      box.group.classList.toggle("unfinished", Boolean(gradient) && !numbers.grad.isFinal(box.id, step));
      if (box.isConstant || (data === box.data && gradient === box.gradient)) continue;
      [box.data, box.gradient] = [data, gradient];
      box.writeData(data);
      box.writeGradient(gradient);
      const label = [box.name, data && `data ${data}`, gradient && `gradient ${gradient}`].filter(Boolean).join(", ");
      box.group.setAttribute("aria-label", label);
    }
    for (const slope of slopes) slope.write(number(slope.name) ?? "");
  }

  function tabStop(group) {
    svg.querySelector("[tabindex='0']")?.setAttribute("tabindex", "-1");
    group?.setAttribute("tabindex", "0");
  }

  function focus(id) {
    tabStop(groups.get(id));
    groups.get(id)?.focus();
  }

  function focusBeside(group, distance) {
    const reachable = nodes.filter(({ kind }) => kind !== "constant").map(({ id }) => id);
    const next = reachable.indexOf(group.dataset.node) + distance;
    if (next in reachable) focus(reachable[next]);
  }

  /** Mark the ways from a node to the root. */
  function mark(id) {
    const above = new Set(id ? [id] : []);
    for (const { operand, user } of edges) if (above.has(operand)) above.add(user); // operands come before users
    for (const [node, group] of groups) group.classList.toggle("on-path", above.has(node));
    for (const { group, operand } of edges) group?.classList.toggle("on-path", above.has(operand));
    for (const [node, group] of groups) group.classList.toggle("explained", node === id);
  }

  /** What should be in sight at a step: the node, and its operands; at the start, those of the first step. */
  function around(step) {
    const { node, edges } = steps[step].node ? steps[step] : steps[step + 1];
    return [node, ...Object.values(edges)].map((id) => groups.get(id)).filter(Boolean);
  }

  return { svg, show, write, refuse, mark, focus, focusBeside, around };
}

/** A function that writes numbers where they stand in a group: one, or those of an array with spaces in between. */
function writer(group, kind) {
  const places = [...group.querySelectorAll(`.${kind}`)].map(numberPlace);
  return (written) => {
    const texts = places.length > 1 ? written.split(" ") : [written];
    places.forEach((write, i) => write(texts[i] ?? ""));
  };
}

/** A function that writes a number in an element, narrower where it is longer than there is room. */
function numberPlace(element) {
  const shown = element.firstChild ?? element.appendChild(element.ownerDocument.createTextNode(""));
  const room = Math.max(ROOM, shown.length);
  element.setAttribute("lengthAdjust", "spacingAndGlyphs");
  return (written) => {
    if (shown.data === written) return;
    shown.data = written; // in place: another text node would be laid out as a new element is
    if (written.length > room) element.setAttribute("textLength", room * 0.6 * element.getAttribute("font-size"));
    else element.removeAttribute("textLength");
  };
}

/** For each node, how a number changes over the steps. */
function timeline(steps, kind) {
  const changes = new Map();
  steps.forEach((step, at) => {
    for (const [node, text] of Object.entries(step[kind])) {
      if (!changes.has(node)) changes.set(node, []);
      changes.get(node).push({ at, text });
    }
  });
  return {
    at: (node, step) => changes.get(node)?.findLast((change) => change.at <= step)?.text ?? "",
    isFinal: (node, step) => changes.get(node).at(-1).at <= step,
  };
}

/** The parts of the stepper, by name. */
function layout(make, data, svg, inputs) {
  const slider = make("input", { type: "range", min: 0, max: data.steps.length - 1, step: 1, "aria-label": "Step" });
  const boundary = data.steps.findIndex(({ phase }) => phase === "seed") / Math.max(data.steps.length - 1, 1);
  slider.style.setProperty("--boundary", `${100 * boundary}%`);
  const view = {
    first: iconButton(make, "first", "First step", "Home"),
    previous: iconButton(make, "previous", "Previous step", "←"),
    play: iconButton(make, "play", "Play", "space"),
    next: iconButton(make, "next", "Next step", "→"),
    last: iconButton(make, "last", "Last step", "End"),
    slider,
    count: make("output", { class: "count" }),
    pace: make("select", { "aria-label": "Pace" }, ...PACES.map(([name, value]) => make("option", { value }, name))),
    fit: make("button", { type: "button", class: "fit", "aria-pressed": false }, "Whole graph"),
    full: make("button", { type: "button", class: "full" }, "Full screen"),
    printed: make("div", { class: "printed" }),
    scroller: make("div", { class: "scroller" }, svg),
    phase: make("strong", { class: "phase" }),
    caption: make("span"),
    formula: formulaBox(make),
    live: make("p", { class: "live", "aria-live": "polite" }),
    ruleTitle: make("h3"),
    ruleNumbers: make("p", { class: "numbers" }),
    ruleFormula: formulaBox(make),
    close: make("button", { type: "button", class: "close" }, "Close"),
    prediction: make("section", { class: "prediction", hidden: "" }),
  };
  view.pace.value = PACES[1][1];
  view.rule = make("section", { class: "rule", hidden: "" },
    make("header", {}, view.ruleTitle, view.close), view.ruleNumbers, view.ruleFormula);
  const legend = [["data", "data"], ["grad", "gradient"], ["derivative", "local derivative"]];
  view.children = [
    make("header", { class: "top" },
      make("h2", {}, data.title),
      make("p", { class: "legend" }, ...legend.map(([kind, name]) => make("span", { class: kind }, name)))),
    view.scroller,
    make("div", { class: "controls" },
      make("div", { class: "buttons" }, view.first, view.previous, view.play, view.next, view.last),
      make("div", { class: "position" }, slider, view.count),
      make("div", { class: "settings" }, view.pace, view.fit, view.full)),
    ...(inputs ? [inputs] : []),
    view.prediction,
    make("div", { class: "explanations" },
      make("section", { class: "step" }, make("p", { class: "caption" }, view.phase, " ", view.caption), view.formula),
      view.rule),
    make("p", { class: "hint" },
      "Choose a node to see its whole chain rule.  A gradient in italics is still being added up. ",
      make("span", { class: "keys" }, "Keys: ", ...["←", "→", "Home", "End", "space"].map((key) => make("kbd", {}, key)))),
    view.printed,
    view.live,
  ];
  return view;
}

/** A formula, and a button that copies it as LaTeX. */
function formulaBox(make) {
  const equations = make("div", { class: "equations" });
  const source = make("pre", { class: "latex", hidden: "" });
  const button = make("button", { type: "button", class: "copy" }, "Copy LaTeX");
  const box = make("div", { class: "formula" }, equations, button, source);
  box.show = (content, latex) => {
    become(equations, content);
    source.textContent = latex;
    source.hidden = true;
    button.hidden = !latex;
    button.textContent = "Copy LaTeX";
  };
  button.addEventListener("click", async () => {
    try {
      await box.ownerDocument.defaultView.navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch { // not allowed here: let the reader copy
      source.hidden = false;
      box.ownerDocument.defaultView.getSelection().selectAllChildren(source);
    }
  });
  return box;
}

/**
 * A function from the lines of a formula and its numbers to MathML, one block for each equation, aligned at the equals sign.  A right side
 * that says again what stands before it, now that numbers are in it, is left out.
 */
function formulaWriter(document, parts) {
  const whole = [];
  const expanded = (text) => text.replace(/&(\d+);/g, (_, number) => whole[number]);
  for (const part of parts) whole.push(expanded(part)); // a part refers to earlier ones only
  return (lines, number) => {
    const equations = [];
    const sides = [];
    for (const [left, right] of lines) {
      const markup = filledMarkup(expanded(right), number);
      if (left || !sides.length) sides.push({ left: expanded(left), rights: [] });
      const { rights } = sides.at(-1);
      if (!rights.length || markup.startsWith('<mo form="infix">=')) rights.push([markup]);
      else rights.at(-1).push(markup);
    }
    for (const { left, rights } of sides) {
      const seen = rights.map((right) => right.join().replace(/<.?mrow>/g, ""));
      const kept = rights.filter((_, i) => !i || (seen[i] !== seen[i - 1] && !seen[i].includes(UNKNOWN))).flat();
      equations.push(kept.map((right, i) => `<mtr><mtd>${i ? "" : left}</mtd><mtd>${right}</mtd></mtr>`).join(""));
    }
    return fragment(document, equations.map((rows) => `<math display="block"><mtable>${rows}</mtable></math>`).join(""));
  };
}

/** Start the stepper of a page. */
export const startPage = (document, rows) => start(document, "the steps cannot be read", (data) =>
  createStepper(document.getElementById("stepper"), data, { keys: document, rows, values: data.values }));
