/**
 * The stepper: a drawn graph, forward then backward, one node at a time.
 *
 * The same module serves notebooks, through anywidget, and pages that are one file.  It knows nothing of derivatives:
 * every number, word and formula is in the data it is given.
 */

const PACES = [["Slow", 3000], ["Normal", 1500], ["Fast", 600]]; // milliseconds a step
const ICONS = {
  first: "M5 4v12M16 4 8 10l8 6z",
  previous: "M14 4 6 10l8 6z",
  play: "M6 3.5v13L16.5 10z",
  pause: "M6.5 4v12M13.5 4v12",
  next: "M6 4l8 6-8 6z",
  last: "M15 4v12M4 4l8 6-8 6z",
};

/** The data of a stepper is not what it should be; the message says so to the reader of the page. */
export class BrokenData extends Error {}

/**
 * Build a stepper in an element.
 *
 * @param {HTMLElement} root what becomes the stepper; without `data.svg` it holds the drawn graph already.
 * @param {object} data title, svg, nodes, steps and parts, as `Stepper.data` in Python.
 * @param {object} options `step` and `playing` to begin with, the target whose `keys` steer, and `onChange({step, playing})`.
 * @returns {object} `step`, `playing`, `show(step)`, `play(on)`, `explain(node)`, `destroy()`.
 */
export function createStepper(root, data, { step = 0, playing = false, keys = root, onChange = () => {} } = {}) {
  check(data);
  const document = root.ownerDocument;
  const make = maker(document);
  const formulas = formulaWriter(document, data.parts);
  const graph = createGraph(data.svg ? fragment(document, data.svg).firstElementChild : root.querySelector("svg"), data);
  const view = layout(make, data, graph.svg);
  const last = data.steps.length - 1;
  const state = { step: -1, playing: false, explained: null, timer: 0, pace: PACES[1][1] };

  function show(wanted, { quiet = false } = {}) {
    const step = Math.min(Math.max(Math.round(wanted) || 0, 0), last);
    if (step === state.step) return;
    state.step = step;
    const now = data.steps[step];
    graph.show(step);
    scrollTo(view.scroller, graph.around(step));
    view.slider.value = step;
    view.slider.setAttribute("aria-valuetext", `${now.place}: ${now.caption}`);
    view.count.textContent = `${step} / ${last}`;
    view.phase.textContent = now.place;
    view.phase.dataset.phase = now.phase;
    view.caption.textContent = now.caption;
    view.formula.show(formulas(now.lines), now.latex);
    view.live.textContent = [`${now.place}:`, now.caption, now.details].filter(Boolean).join(" ");
    for (const button of [view.first, view.previous]) disable(button, step === 0);
    for (const button of [view.next, view.last]) disable(button, step === last);
    wait();
    if (!quiet) onChange({ step, playing: state.playing });
  }

  function play(on, { quiet = false } = {}) {
    if (on === state.playing) return;
    state.playing = on;
    view.play.show(on ? "pause" : "play", on ? "Pause" : "Play");
    view.live.setAttribute("aria-live", on ? "off" : "polite"); // nobody can listen as fast as it plays
    if (!quiet) onChange({ step: state.step, playing: on });
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
    show(step);
  }

  /** Show the whole chain rule of a node, or of none. */
  function explain(id) {
    const node = data.nodes.find((candidate) => candidate.id === id && candidate.lines.length) ?? null;
    state.explained = node && node.id !== state.explained ? node.id : null;
    graph.mark(state.explained);
    view.rule.hidden = !state.explained;
    if (!state.explained) return;
    view.ruleTitle.textContent = `The whole chain rule for ${node.name}`;
    view.ruleNumbers.textContent = `data ${node.data}, gradient ${node.gradient}`;
    view.ruleFormula.show(formulas(node.lines), node.latex);
    view.rule.scrollIntoView?.({ block: "nearest" }); // on a phone it is far below
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    event.stopPropagation(); // a notebook has shortcuts of its own for most keys
    const { target, key } = event;
    const node = target.closest?.("[data-node]");
    const typed = { ArrowLeft: () => go(state.step - 1), ArrowRight: () => go(state.step + 1), Home: () => go(0), End: () => go(last) };
    if (target.localName === "select") return;
    if (typed[key]) typed[key]();
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

  root.classList.add("autograd-stepper");
  root.tabIndex = -1; // a click anywhere in it brings the keys here
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", data.title);
  root.setAttribute("data-lm-suppress-shortcuts", "true"); // some versions of JupyterLab listen before a key can be stopped
  root.replaceChildren(...view.children);
  show(step, { quiet: true });
  play(playing, { quiet: true });

  return {
    get step() { return state.step; },
    get playing() { return state.playing; },
    show,
    play,
    explain,
    destroy() {
      clearTimeout(state.timer);
      keys.removeEventListener("keydown", onKey);
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
function createGraph(svg, { nodes, steps }) {
  if (!svg) throw new BrokenData("the picture is missing");
  const groupsOf = (kind) => new Map([...svg.querySelectorAll(`[data-${kind}]`)].map((group) => [group.dataset[kind], group]));
  const groups = groupsOf("node");
  const edgeGroups = groupsOf("edge");
  if (!nodes.every(({ id }) => groups.has(id))) throw new BrokenData("the picture is incomplete");
  const numbers = { data: timeline(steps, "data"), grad: timeline(steps, "gradients") };
  const edges = steps.flatMap(({ phase, node, edges }, from) =>
    phase === "forward" ? Object.entries(edges).map(([id, operand]) => ({ id, group: edgeGroups.get(id), user: node, operand, from })) : []);

  svg.setAttribute("role", "group");
  svg.setAttribute("aria-label", "The graph");
  for (const { id, kind } of nodes) {
    if (kind === "constant") continue;
    groups.get(id).setAttribute("role", "button");
    groups.get(id).setAttribute("tabindex", "-1");
  }

  function show(step) {
    const { node: current, phase, edges: used } = steps[step];
    svg.dataset.phase = phase;
    for (const { id, name, kind } of nodes) {
      const group = groups.get(id);
      const data = numbers.data.at(id, step);
      const gradient = numbers.grad.at(id, step);
      group.classList.toggle("current", id === current);
      group.classList.toggle("unknown", !data);
      group.classList.toggle("unfinished", Boolean(gradient) && !numbers.grad.isFinal(id, step));
      if (kind === "constant") continue;
      write(group, ".data", data);
      write(group, ".grad", gradient);
      group.setAttribute("aria-label", [name, data && `data ${data}`, gradient && `gradient ${gradient}`].filter(Boolean).join(", "));
    }
    const known = new Set(edges.filter(({ from }) => from <= step).map(({ id }) => id));
    for (const { id, group } of edges) {
      group?.classList.toggle("current", id in used);
      group?.classList.toggle("unknown", !known.has(id));
    }
    tabStop(groups.get(current) ?? svg.querySelector("[role=button]"));
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

  return { svg, show, mark, focus, focusBeside, around };
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

function write(group, selector, text) {
  const element = group.querySelector(selector);
  if (element && element.textContent !== text) element.textContent = text;
}

/** Bring elements into sight: the first in the middle, or, where all fit, all. */
function scrollTo(scroller, elements) {
  if (!elements.length || !scroller.scrollTo) return;
  const frame = scroller.getBoundingClientRect();
  const [first, ...others] = elements.map((element) => element.getBoundingClientRect());
  const middle = (start, end, size, origin) => {
    const from = Math.min(first[start], ...others.map((box) => box[start]));
    const to = Math.max(first[end], ...others.map((box) => box[end]));
    const centre = to - from < size ? (from + to) / 2 : (first[start] + first[end]) / 2;
    return centre - origin - size / 2;
  };
  const calm = scroller.ownerDocument.defaultView.matchMedia?.("(prefers-reduced-motion: reduce)").matches;
  scroller.scrollTo({
    left: scroller.scrollLeft + middle("left", "right", frame.width, frame.left),
    top: scroller.scrollTop + middle("top", "bottom", frame.height, frame.top),
    behavior: calm ? "auto" : "smooth",
  });
}

/** Disabling the button that has the focus would lose the focus. */
function disable(button, disabled) {
  button.setAttribute("aria-disabled", String(disabled));
}

/** The parts of the stepper, by name. */
function layout(make, data, svg) {
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
    scroller: make("div", { class: "scroller" }, svg),
    phase: make("strong", { class: "phase" }),
    caption: make("span"),
    formula: formulaBox(make),
    live: make("p", { class: "live", "aria-live": "polite" }),
    ruleTitle: make("h3"),
    ruleNumbers: make("p", { class: "numbers" }),
    ruleFormula: formulaBox(make),
    close: make("button", { type: "button", class: "close" }, "Close"),
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
      make("div", { class: "settings" }, view.pace, view.fit)),
    make("div", { class: "explanations" },
      make("section", { class: "step" }, make("p", { class: "caption" }, view.phase, " ", view.caption), view.formula),
      view.rule),
    make("p", { class: "hint" },
      "Choose a node to see its whole chain rule.  A gradient in italics is still being added up. ",
      make("span", { class: "keys" }, "Keys: ", ...["←", "→", "Home", "End", "space"].map((key) => make("kbd", {}, key)))),
    view.live,
  ];
  return view;
}

function maker(document) {
  return (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
}

function iconButton(make, icon, label, key) {
  const button = make("button", { type: "button", class: icon });
  button.show = (name, text) => {
    button.replaceChildren(fragment(button.ownerDocument, `<svg viewBox="0 0 20 20" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`));
    button.setAttribute("aria-label", text);
    button.title = `${text} (${key})`;
  };
  button.show(icon, label);
  return button;
}

/** A formula, and a button that copies it as LaTeX. */
function formulaBox(make) {
  const equations = make("div", { class: "equations" });
  const source = make("pre", { class: "latex", hidden: "" });
  const button = make("button", { type: "button", class: "copy" }, "Copy LaTeX");
  const box = make("div", { class: "formula" }, equations, button, source);
  box.show = (content, latex) => {
    equations.replaceChildren(content);
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

/** A function from the lines of a formula to MathML, one block for each equation, aligned at the equals sign. */
function formulaWriter(document, parts) {
  const whole = [];
  const expanded = (text) => text.replace(/&(\d+);/g, (_, number) => whole[number]);
  for (const part of parts) whole.push(expanded(part)); // a part refers to earlier ones only
  return (lines) => {
    const equations = [];
    for (const [left, right] of lines) {
      if (left || !equations.length) equations.push("");
      equations[equations.length - 1] += `<mtr><mtd>${expanded(left)}</mtd><mtd>${expanded(right)}</mtd></mtr>`;
    }
    return fragment(document, equations.map((rows) => `<math display="block"><mtable>${rows}</mtable></math>`).join(""));
  };
}

/** Markup as elements.  `pictures.py` and `formulas.py` made it harmless; who could change it could change this script too. */
function fragment(document, markup) {
  const template = document.createElement("template");
  template.innerHTML = markup;
  return template.content;
}

/** Start the stepper of a page, or say on the page why it does not start. */
export function startPage(document) {
  const notice = document.getElementById("incomplete");
  try {
    const data = JSON.parse(document.getElementById("steps").textContent);
    createStepper(document.getElementById("stepper"), data, { keys: document });
    notice.remove();
  } catch (error) {
    notice.className = "certain";
    notice.append(` (${error instanceof BrokenData ? error.message : "the steps cannot be read"})`);
    throw error;
  }
}

/** "dark" or "light" where the notebook has a theme of its own; otherwise "", for what the system says. */
function themeOf({ body, documentElement }) {
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "true" ? "light" : "dark";
  const names = `${body.className} ${documentElement.className} ${documentElement.getAttribute("theme")}`;
  return names.match(/\b(?:vscode-)?(dark|light)\b/)?.[1] ?? "";
}

/** anywidget's entry: the stepper of a notebook, its step and playing kept the same as in Python. */
function render({ model, el }) {
  const window = el.ownerDocument.defaultView;
  const root = el.appendChild(el.ownerDocument.createElement("div"));
  const follow = () => (root.dataset.theme = themeOf(el.ownerDocument));
  const themes = new window.MutationObserver(follow);
  themes.observe(el.ownerDocument.body, { attributes: true });
  follow();
  const stepper = createStepper(root, model.get("data"), {
    step: model.get("step"),
    playing: model.get("playing"),
    onChange({ step, playing }) {
      model.set("step", step);
      model.set("playing", playing);
      model.save_changes();
    },
  });
  const onStep = () => stepper.show(model.get("step"), { quiet: true });
  const onPlaying = () => stepper.play(model.get("playing"), { quiet: true });
  model.on("change:step", onStep);
  model.on("change:playing", onPlaying);
  return () => {
    model.off("change:step", onStep);
    model.off("change:playing", onPlaying);
    themes.disconnect();
    stepper.destroy();
  };
}

export default { render };
