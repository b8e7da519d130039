// The stepper's module on the graph of y = w * x, without a browser.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { JSDOM } from "jsdom";
import { readFileSync } from "node:fs";

// As the page has it: the files one after the other.
const read = (name) => readFileSync(new URL(`../../autograd_tiny/views/widget/${name}`, import.meta.url), "utf-8");
const text = ["numbers.js", "elements.js", "live.js", "stepper.js", "anywidget.js"].map(read).join("\n");
const { BrokenData, createStepper, startPage, widget } = await import(`data:text/javascript,${encodeURIComponent(text)}`);
const stepperModule = widget([]);

const box = (id, data, grad) =>
  `<g class="node" data-node="${id}"><title>${id}</title><path fill="none" stroke="#c3cad6"/>` +
  `<text class="data">${data}</text><text class="grad">${grad}</text></g>`;
const SVG =
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><g class="graph">${box("n0", "-3", "2")}${box("n1", "2", "-3")}${box("n2", "-6", "1")}` +
  `<g class="edge" data-edge="e2_0"><text class="derivative">2</text></g><g class="edge" data-edge="e2_1"><text class="derivative">-3</text></g></g></svg>`;
const EDGES = { e2_0: "n0", e2_1: "n1" };

const node = (id, name, gradient) => ({ id, name, kind: id === "n2" ? "operation" : "leaf", data: "1.0", gradient, lines: [["&0;", "&1;&2;"]], latex: `\\chain_${name}` });
const step = (phase, place, id, edges, data, gradients) => ({
  phase, place, node: id, edges, data, gradients, caption: `caption of ${phase}`, details: `details of ${phase}`,
  lines: id ? [["&0;", "&1;&2;"], ["", "&1;&3;"]] : [], latex: id ? `\\formula_${phase}` : "",
});
const DATA = {
  title: "y, step by step",
  svg: SVG,
  parts: ["<mi>y</mi>", "<mo>=</mo>", "<mi>w</mi>", "<mrow>&2;<mo>·</mo>&0;</mrow>"],
  nodes: [node("n0", "w", "2.0"), node("n1", "x", "-3.0"), node("n2", "y", "1.0")],
  steps: [
    step("start", "Start", "", {}, { n0: "-3", n1: "2" }, {}),
    step("forward", "Forward 1 of 1", "n2", EDGES, { n2: "-6" }, {}),
    step("seed", "Backward", "n2", {}, {}, { n2: "1" }),
    step("backward", "Backward 1 of 1", "n2", EDGES, {}, { n0: "2", n1: "-3" }),
  ],
};

let document, window;

beforeEach(() => {
  ({ window } = new JSDOM("<!doctype html><body></body>", { pretendToBeVisual: true }));
  document = window.document;
});
afterEach(() => mock.timers.reset());

const root = () => document.body.appendChild(document.createElement("div"));
const build = (data = DATA, options = {}) => {
  const element = root();
  return [createStepper(element, structuredClone(data), options), element];
};
const numbers = (element, kind) => [...element.querySelectorAll(`svg .${kind}`)].map((text) => text.textContent);
const press = (target, key, init = {}) => {
  const event = new window.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...init });
  target.dispatchEvent(event);
  return event;
};
const click = (target) => target.dispatchEvent(new window.MouseEvent("click", { bubbles: true }));

test("numbers appear as they are computed, and disappear on the way back", () => {
  const [stepper, element] = build();
  const seen = () => [numbers(element, "data"), numbers(element, "grad")];
  const story = [
    [["-3", "2", ""], ["", "", ""]],
    [["-3", "2", "-6"], ["", "", ""]],
    [["-3", "2", "-6"], ["", "", "1"]],
    [["-3", "2", "-6"], ["2", "-3", "1"]],
  ];
  for (const [i, expected] of story.entries()) {
    stepper.show(i);
    assert.deepEqual(seen(), expected);
  }
  for (const [i, expected] of [...story.entries()].reverse()) {
    stepper.show(i);
    assert.deepEqual(seen(), expected);
  }
});

test("the node whose turn it is and its edges are marked", () => {
  const [stepper, element] = build();
  const marked = () => [...element.querySelectorAll(".current")].map((group) => group.dataset.node ?? group.dataset.edge);
  assert.deepEqual(marked(), []);
  stepper.show(1);
  assert.deepEqual(marked(), ["n2", "e2_0", "e2_1"]);
  stepper.show(2);
  assert.deepEqual(marked(), ["n2"]);
});

test("a gradient is unfinished until its last contribution", () => {
  const data = structuredClone(DATA);
  data.steps.push({ ...step("backward", "Backward 2 of 2", "n1", {}, {}, { n0: "5" }) });
  const [stepper, element] = build(data);
  const unfinished = () => [...element.querySelectorAll(".unfinished")].map((group) => group.dataset.node);
  stepper.show(3);
  assert.deepEqual(unfinished(), ["n0"]);
  stepper.show(4);
  assert.deepEqual(unfinished(), []);
});

test("a step says what happens, to readers and to listeners, and shows its formula", () => {
  const [stepper, element] = build();
  stepper.show(3);
  assert.equal(element.querySelector(".caption").textContent, "Backward 1 of 1 caption of backward");
  assert.equal(element.querySelector("[aria-live]").textContent, "Backward 1 of 1: caption of backward details of backward");
  assert.equal(element.querySelector("input").getAttribute("aria-valuetext"), "Backward 1 of 1: caption of backward");
  assert.equal(element.querySelector(".step math").textContent, "y=w=w·y");
  assert.equal(element.querySelectorAll(".step mtr").length, 2);
  assert.equal(element.querySelector('[data-node="n0"]').getAttribute("aria-label"), "w, data -3, gradient 2");
});

test("buttons, slider and keys step", () => {
  const [stepper, element] = build();
  const slider = element.querySelector("input[type=range]");
  const at = (action, expected) => {
    action();
    assert.equal(stepper.step, expected);
  };
  at(() => click(element.querySelector(".next")), 1);
  at(() => click(element.querySelector(".last")), 3);
  at(() => click(element.querySelector(".next")), 3);
  at(() => click(element.querySelector(".previous")), 2);
  at(() => click(element.querySelector(".first")), 0);
  at(() => { slider.value = 2; slider.dispatchEvent(new window.Event("input")); }, 2);
  at(() => press(element, "ArrowRight"), 3);
  at(() => press(slider, "ArrowLeft"), 2);
  at(() => press(element, "Home"), 0);
  at(() => press(element, "ArrowLeft"), 0);
  at(() => press(element, "End"), 3);
});

test("every control has a name", () => {
  const [, element] = build();
  for (const control of element.querySelectorAll("button:not([hidden]), input, select, [role=button]")) {
    assert.ok(control.getAttribute("aria-label") || control.textContent, control.outerHTML);
  }
});

test("keys stay inside, but for those with a modifier", () => {
  const [stepper, element] = build();
  const heard = [];
  document.addEventListener("keydown", (event) => heard.push(event.key));
  press(element, "ArrowRight");
  press(element, "d");
  press(element, "s", { ctrlKey: true });
  press(element, "ArrowRight", { altKey: true });
  assert.deepEqual(heard, ["s", "ArrowRight"]);
  assert.equal(stepper.step, 1);
  assert.equal(element.getAttribute("data-lm-suppress-shortcuts"), "true");
});

test("space plays, unless it presses a button", () => {
  const [stepper, element] = build();
  press(element.querySelector(".next"), " ");
  assert.equal(stepper.playing, false);
  press(element, " ");
  assert.equal(stepper.playing, true);
  stepper.destroy();
});

test("playing goes on to the end, stops there, and starts over", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const [stepper, element] = build();
  const button = element.querySelector(".play");
  click(button);
  assert.equal(button.getAttribute("aria-label"), "Pause");
  for (const expected of [1, 2, 3]) {
    mock.timers.tick(1500);
    assert.equal(stepper.step, expected);
  }
  assert.equal(stepper.playing, false);
  assert.equal(button.getAttribute("aria-label"), "Play");
  click(button);
  assert.deepEqual([stepper.step, stepper.playing], [0, true]);
  press(element, "ArrowRight");
  assert.deepEqual([stepper.step, stepper.playing], [1, false]);
  mock.timers.tick(10_000);
  assert.equal(stepper.step, 1);
});

test("choosing a node shows its chain rule and the ways to the root", () => {
  const [, element] = build();
  const rule = element.querySelector(".rule");
  const w = element.querySelector('[data-node="n0"]');
  assert.equal(rule.hidden, true);
  click(w.querySelector("text"));
  assert.equal(rule.hidden, false);
  assert.match(rule.textContent, /The whole chain rule for w.*data 1\.0, gradient 2\.0/);
  assert.equal(rule.querySelector("math").textContent, "y=w");
  const onPath = [...element.querySelectorAll(".on-path")].map((group) => group.dataset.node ?? group.dataset.edge);
  assert.deepEqual(onPath, ["n0", "n2", "e2_0"]);
  press(element, "Escape");
  assert.equal(rule.hidden, true);
  assert.equal(element.querySelector(".on-path"), null);
  press(w, "Enter");
  assert.equal(rule.hidden, false);
  click(element.querySelector(".close"));
  assert.equal(rule.hidden, true);
  assert.equal(document.activeElement, w);
});

test("one node can be reached with Tab, the others with the arrow keys", () => {
  const [stepper, element] = build();
  const tabbable = () => [...element.querySelectorAll('svg [tabindex="0"]')].map((group) => group.dataset.node);
  assert.deepEqual(tabbable(), ["n0"]);
  stepper.show(1);
  assert.deepEqual(tabbable(), ["n2"]);
  press(element.querySelector('[data-node="n2"]'), "ArrowUp");
  assert.equal(document.activeElement.dataset.node, "n1");
  assert.deepEqual(tabbable(), ["n1"]);
});

test("where copying is not allowed, the LaTeX is shown", async () => {
  const [, element] = build(DATA, { step: 1 });
  click(element.querySelector(".copy"));
  await new Promise(setImmediate);
  assert.equal(element.querySelector(".latex").hidden, false);
  assert.equal(element.querySelector(".latex").textContent, "\\formula_forward");
});

test("two steppers on a page do not know of each other", () => {
  const [one, first] = build();
  const [two, second] = build();
  one.show(3);
  assert.deepEqual([one.step, two.step], [3, 0]);
  assert.deepEqual(numbers(second, "grad"), ["", "", ""]);
  assert.deepEqual(numbers(first, "grad"), ["2", "-3", "1"]);
  assert.equal(document.querySelectorAll("[id]").length, 0);
});

test("nothing in a label acts", () => {
  const data = structuredClone(DATA);
  const label = '<img src=x onerror=alert(1)></script>&"';
  data.nodes[0].name = data.title = data.steps[0].caption = label;
  const [stepper, element] = build(data);
  assert.ok(element.querySelector(".caption").textContent.includes(label));
  click(element.querySelector('[data-node="n0"]'));
  stepper.show(3);
  assert.equal(element.querySelectorAll("script, img, [onerror]").length, 0);
});

test("broken data is refused in words", () => {
  const without = (change) => {
    const data = structuredClone(DATA);
    change(data);
    return () => createStepper(root(), data);
  };
  assert.throws(() => createStepper(root(), null), BrokenData);
  assert.throws(without((data) => delete data.steps), /steps are missing/);
  assert.throws(without((data) => (data.steps = [])), /no steps/);
  assert.throws(without((data) => delete data.svg), /picture is missing/);
  assert.throws(without((data) => (data.svg = SVG.replace('data-node="n1"', ""))), /picture is incomplete/);
});

function page(json, svg = SVG) {
  document.body.innerHTML = `<p id="incomplete">Incomplete.</p><main id="stepper">${svg}</main><script type="application/json" id="data"></script>`;
  document.getElementById("data").textContent = json;
}

test("a page starts with the picture that stands in it, and hears keys anywhere", () => {
  const { svg, ...data } = DATA;
  page(JSON.stringify(data));
  startPage(document);
  assert.equal(document.getElementById("incomplete"), null);
  press(document.body, "End");
  assert.deepEqual(numbers(document, "grad"), ["2", "-3", "1"]);
});

test("a page with broken data says so", () => {
  const { svg, ...data } = DATA;
  const whole = JSON.stringify(data);
  for (const [json, picture] of [[whole.slice(0, -40), SVG], ["", SVG], ["null", SVG], ["{}", SVG], [whole, ""], [whole, "<svg></svg>"]]) {
    page(json, picture);
    assert.throws(() => startPage(document));
    assert.match(document.getElementById("incomplete").textContent, /Incomplete\. \(.+\)/);
    assert.equal(document.getElementById("incomplete").className, "certain");
  }
});

/** The model of a widget, and what anywidget gives to each of its views. */
function shownModel(state) {
  const handlers = [];
  const view = () => {
    const own = {
      get: (name) => state[name],
      set(name, value) {
        if (state[name] === value) return;
        state[name] = value;
        for (const { event, handler } of [...handlers]) if (event === `change:${name}`) handler();
      },
      save_changes() {},
      on: (event, handler) => handlers.push({ event, handler, own }),
      off: (event) => handlers.splice(0, Infinity, ...handlers.filter((one) => one.own !== own || one.event !== event)),
    };
    return own;
  };
  return view;
}

test("two views of one widget play as fast as one, and when the one that began is gone, the other plays on", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const long = { ...DATA, steps: [DATA.steps[0], ...Array(20).fill(DATA.steps[1]), ...DATA.steps.slice(2)] };
  const view = shownModel({ data: long, step: 0, playing: false });
  const model = view();
  const elements = [root(), root(), root()];
  const cleanups = elements.slice(0, 2).map((el) => stepperModule.render({ model: view(), el }));
  click(elements[0].querySelector(".play"));
  const steps = (seconds) => {
    const seen = [];
    for (let i = 0; i < seconds; i += 1) {
      mock.timers.tick(1500);
      seen.push(model.get("step"));
    }
    return seen;
  };
  assert.deepEqual(steps(4), [1, 2, 3, 4]);
  cleanups.push(stepperModule.render({ model: view(), el: elements[2] }));
  assert.deepEqual(steps(3), [5, 6, 7]);
  cleanups.shift()();
  assert.deepEqual(steps(2), [8, 9]);
  click(elements[2].querySelector(".next"));
  assert.deepEqual([model.get("step"), model.get("playing")], [10, false]);
  assert.deepEqual(steps(2), [10, 10]);
  model.set("playing", true); // from Python
  assert.deepEqual(steps(14), [11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 22, 22]);
  assert.equal(model.get("playing"), false);
  for (const cleanup of cleanups) cleanup();
});

/** A widget's model, as anywidget gives it. */
function model(state) {
  const handlers = new Map();
  return {
    saved: 0,
    get: (name) => state[name],
    set: (name, value) => (state[name] = value),
    save_changes() { this.saved += 1; },
    on: (event, handler) => handlers.set(event, handler),
    off: (event) => handlers.delete(event),
    fromPython(name, value) {
      state[name] = value;
      handlers.get(`change:${name}`)?.();
    },
    handlers,
  };
}

test("a widget's step and playing are the same in browser and Python", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const shared = model({ data: DATA, step: 1, playing: false });
  const el = root();
  const cleanup = stepperModule.render({ model: shared, el });
  assert.deepEqual(numbers(el, "data"), ["-3", "2", "-6"]);
  assert.equal(shared.saved, 0);
  click(el.querySelector(".next"));
  assert.deepEqual([shared.get("step"), shared.saved], [2, 1]);
  shared.fromPython("step", 3);
  assert.deepEqual(numbers(el, "grad"), ["2", "-3", "1"]);
  assert.equal(shared.saved, 1, "what comes from Python is not sent back");
  click(el.querySelector(".play"));
  assert.deepEqual([shared.get("playing"), shared.get("step")], [true, 0]);
  shared.fromPython("playing", false);
  mock.timers.tick(10_000);
  assert.equal(shared.get("step"), 0);
  cleanup();
  assert.equal(el.querySelector("svg"), null);
  assert.equal(shared.handlers.size, 0);
});

test("a widget takes the theme of the notebook", async () => {
  const el = root();
  document.body.dataset.jpThemeLight = "false";
  const cleanup = stepperModule.render({ model: model({ data: DATA, step: 0, playing: false }), el });
  assert.equal(el.firstElementChild.dataset.theme, "dark");
  document.body.dataset.jpThemeLight = "true";
  await new Promise(setImmediate);
  assert.equal(el.firstElementChild.dataset.theme, "light");
  cleanup();
});
