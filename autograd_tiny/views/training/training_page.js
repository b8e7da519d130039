/** The page around a run: its controls, the curve, the plane, the graph at one sample. */

const SIDE = 24; // of the pictures, in places
const PACES = [["2 steps a second", 2, 0], ["10 steps a second", 10, 0], ["One step a frame", 0, 1], ["10 steps a frame", 0, 10], ["As fast as it can", 0, Infinity]];
const BUSY = 12; // milliseconds of a frame
const CALM = 500; // milliseconds between two pictures, where motion is to be reduced
const DIGITS = 3;
const SHADES = ["violet", "orange", "data", "derivative", "grad", "quiet"]; // of classes
const MARKS = ["circle", "triangle", "square", "diamond", "cross", "circle"];
const [CURVE_WIDTH, CURVE_HEIGHT, PLANE] = [320, 150, 320];
const NUMBERS = 50; // pixels, beside the picture of a neuron

/** Build the page of a run in an element. */
export function createTraining(root, data, programs) {
  const document = root.ownerDocument;
  const window = document.defaultView;
  const make = maker(document);
  const run = createRun(data, programs);
  const isPlayed = run.last !== undefined;
  const isPlane = data.inputs === 2;
  const state = { playing: false, due: 0, drawn: 0, sample: 0, chosen: null, shows: "weights", frame: 0, replaying: 0 };
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const colors = palette(root, make);
  const view = layout();
  const graph = networkGraph();
  const plane = isPlane ? planeView() : null;

  // ── what is said ─────────────────────────────────────────────────────────────────────────────────────────────────────

  const written = (x) => shortNumber(x, DIGITS);
  const inputName = (i) => `x${i + 1}`;
  const rightNow = () => {
    const right = run.right();
    return right === undefined ? "" : `; ${right} of ${run.samples().length} samples in the right class`;
  };
  const shownStep = () => run.step * run.every;

  function say() {
    const text = `Step ${shownStep()}: the mean loss is ${written(run.loss)}${rightNow()}.`;
    view.status.textContent = text;
    if (state.playing) return;
    view.live.textContent = [text, view.problem.textContent].filter(Boolean).join(" ");
    view.curve.setAttribute("aria-label", `The loss from step 0, ${written(run.history[0])}, to step ${shownStep()}, ${written(run.loss)}`);
    plane?.describe();
  }

  function diverged() {
    const rate = smallerRate(run.rate);
    view.problem.textContent = `Step ${run.diverged} diverges with the learning rate ${written(run.rate)}: the loss is no longer a number that `
      + "can be used. The parameters are those before it.";
    view.remedy.textContent = `Begin again with ${written(rate)}`;
    view.remedy.onclick = () => restart({ rate });
    view.trouble.hidden = false;
  }

  // ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

  function advance() {
    const isDone = !run.advance();
    if (isDone) play(false);
    if (run.diverged) diverged();
    return !isDone;
  }

  /** One picture: as many steps as are due, then all that is shown. */
  function frame(now) {
    if (!state.playing) return;
    state.frame = window.requestAnimationFrame(frame);
    const [, perSecond, perFrame] = PACES[view.pace.value];
    if (perSecond) {
      if (now < state.due) return;
      state.due = Math.max(state.due + 1000 / perSecond, now);
    }
    const end = window.performance.now() + BUSY;
    for (let i = 0; i < (perFrame || 1) && (i === 0 || perFrame < Infinity || window.performance.now() < end); i += 1) if (!advance()) break;
    if (calm.matches && state.playing && now < state.drawn + CALM) return;
    state.drawn = now;
    draw();
  }

  function play(on) {
    if (on === state.playing) return;
    if (on && run.diverged) return;
    if (on && run.step === run.last) run.go(0);
    state.playing = on;
    view.play.show(on ? "pause" : "play", on ? "Pause" : "Play");
    window.cancelAnimationFrame(state.frame);
    if (on) state.frame = window.requestAnimationFrame(frame);
    else draw();
  }

  function stepOnce() {
    play(false);
    if (!run.diverged) advance();
    draw();
  }

  function restart(wanted = {}) {
    play(false);
    view.trouble.hidden = true;
    view.problem.textContent = "";
    run.restart({ rate: run.rate, ...wanted });
    state.sample = Math.min(state.sample, run.samples().length - 1);
    plane?.frame();
    draw();
  }

  // ── links ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Bring the run to where a link says, a few steps at a time. */
  function follow(fragment) {
    const said = readLink(fragment, data, run);
    const turn = (state.replaying += 1);
    const rates = new Map(said.rates);
    restart({ name: said.name, seed: said.seed, rate: rates.get(0) ?? data.rate });
    state.sample = said.sample;
    function on() {
      if (turn !== state.replaying) return;
      const end = window.performance.now() + 3 * BUSY;
      while (run.step < said.step && window.performance.now() < end) {
        if (rates.has(run.step)) run.setRate(rates.get(run.step));
        if (isPlayed ? !run.go(said.step) : !run.advance()) break;
      }
      if (run.diverged) diverged();
      draw();
      if (run.step < said.step && !run.diverged) window.setTimeout(on);
      else if (rates.has(run.step)) {
        run.setRate(rates.get(run.step));
        draw();
      }
    }
    on();
  }

  async function share() {
    const fragment = writeLink(run, state.sample);
    const link = `${window.location.href.replace(/#.*/s, "")}${fragment}`;
    window.history.replaceState(null, "", fragment);
    view.link.value = link;
    view.link.hidden = false;
    view.link.select();
    try {
      await window.navigator.clipboard.writeText(link);
      view.live.textContent = "The link is copied.";
    } catch { // not allowed here: let the reader copy
      view.live.textContent = "The link is in the field, selected.";
    }
  }

  // ── what is drawn ────────────────────────────────────────────────────────────────────────────────────────────────────

  function draw() {
    const at = run.at(state.sample);
    plane?.show();
    graph.show(at);
    drawCurve();
    showSample(at);
    say();
    view.trouble.hidden = !view.problem.textContent;
    view.at.value = run.step;
    view.seed.textContent = run.seed ? `seed ${run.seed}` : "the numbers given";
    if (view.data.value !== run.name) view.data.value = run.name;
    if (document.activeElement !== view.rate && readNumber(view.rate.value).value !== run.rate) view.rate.value = String(run.rate);
    if (document.activeElement !== view.rateSlider) view.rateSlider.value = Math.log10(run.rate || 1e-6);
    view.rateSlider.setAttribute("aria-valuetext", String(run.rate));
  }

  function showSample({ x, y, loss, given }) {
    const list = (numbers) => Array.from(numbers, written).join(", ");
    const outputs = given.slice(given.length - data.layers.at(-1).biases.length);
    view.said.textContent = `Sample ${state.sample + 1}: inputs ${list(x)}; target ${list(y)}; output ${list(outputs)}; its loss ${written(loss)}.`;
    if (document.activeElement !== view.sample) view.sample.value = state.sample + 1;
    view.sample.max = run.samples().length;
  }

  function drawCurve() {
    const ctx = sized(view.curve, CURVE_WIDTH, CURVE_HEIGHT);
    const losses = run.history;
    const most = losses.reduce((a, b) => Math.max(a, b), 0) || 1;
    const last = Math.max(losses.length - 1, 1);
    const [left, bottom] = [4, CURVE_HEIGHT - 4];
    const place = (i) => [left + ((CURVE_WIDTH - 2 * left) * i) / last, bottom - ((CURVE_HEIGHT - 10) * losses[i]) / most];
    ctx.strokeStyle = colors.css.rule;
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(left, 2);
    ctx.lineTo(left, bottom);
    ctx.lineTo(CURVE_WIDTH, bottom);
    ctx.stroke();
    ctx.strokeStyle = colors.css.data;
    ctx.lineWidth = 1.8;
    ctx.beginPath();
    const stride = Math.max(1, Math.floor(losses.length / (2 * CURVE_WIDTH)));
    for (let i = 0; i < losses.length; i += stride) ctx.lineTo(...place(i));
    ctx.lineTo(...place(losses.length - 1));
    ctx.stroke();
    if (isPlayed) {
      ctx.fillStyle = colors.css.grad;
      ctx.beginPath();
      ctx.arc(...place(run.step), 4, 0, 7);
      ctx.fill();
    }
    view.most.textContent = written(most);
    view.steps.textContent = `${(losses.length - 1) * run.every} ${losses.length === 2 ? "step" : "steps"}`;
  }

  /** A canvas made ready to be drawn on, at the screen's own resolution. */
  function sized(canvas, width, height) {
    const scale = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    const ctx = canvas.getContext("2d");
    ctx.setTransform(scale, 0, 0, scale, 0, 0);
    ctx.clearRect(0, 0, width, height);
    return ctx;
  }

  /** What the network and each neuron give over the plane, and the samples. */
  function planeView() {
    const canvas = make("canvas", { class: "plane", role: "img", width: PLANE, height: PLANE });
    const under = make("canvas", { width: SIDE, height: SIDE });
    const count = data.layers.reduce((sum, { biases }) => sum + biases.length, 0);
    const maps = Array.from({ length: count + 3 }, () => new Float64Array(SIDE * SIDE)); // of neurons, classes, inputs
    const outputs = data.layers.at(-1).biases.length;
    const targets = Object.values(data.samples).flat().map((row) => row[2]);
    const [low, high] = [targets.reduce((a, b) => Math.min(a, b)), targets.reduce((a, b) => Math.max(a, b))];
    let places = [];
    let middle = [0, 0];
    let reach = 1;

    function frame() {
      const ranges = [0, 1].map((k) => run.samples().map(({ x }) => x[k])).map((xs) => [xs.reduce((a, b) => Math.min(a, b)), xs.reduce((a, b) => Math.max(a, b))]);
      middle = ranges.map(([from, to]) => (from + to) / 2);
      reach = 1.12 * Math.max(...ranges.map(([from, to]) => (to - from) / 2)) || 1;
      const along = (k, i) => middle[k] + reach * ((2 * i + 1) / SIDE - 1);
      places = Array.from({ length: SIDE * SIDE }, (_, i) => Float64Array.of(along(0, i % SIDE), along(1, SIDE - 1 - Math.floor(i / SIDE))));
      places.forEach((place, i) => [0, 1].forEach((k) => (maps[count + 1 + k][i] = (place[k] - middle[k]) / reach)));
    }

    function compute() {
      const whole = maps[count];
      run.over(places, (i, found) => {
        for (let j = 0; j < count; j += 1) maps[j][i] = found[j];
        if (data.classes.length) {
          const [place, margin] = best(found, count);
          whole[i] = place + Math.min(0.999, Math.tanh(1.5 * margin));
        } else whole[i] = (2 * (found[count - outputs] - low)) / (high - low || 1) - 1;
      });
    }

    const image = new window.ImageData(SIDE, SIDE);
    const pixels = new Uint32Array(image.data.buffer);

    /** The picture of all, by class and how clear it is, or by sign and size. */
    function paint(numbers) {
      const isClasses = data.classes.length > 0;
      for (let i = 0; i < numbers.length; i += 1) {
        const x = numbers[i];
        if (!isClasses) pixels[i] = colors.shades[shadeOf(x)];
        else pixels[i] = Number.isNaN(x) ? colors.none : colors.classes[Math.floor(x)][Math.floor(255 * (x % 1))];
      }
      under.getContext("2d").putImageData(image, 0, 0);
    }

    const toScreen = ({ x }) => [0, 1].map((k) => (PLANE / 2) * (1 + ((k ? -1 : 1) * (x[k] - middle[k])) / reach));

    function show() {
      compute();
      paint(maps[count]);
      const ctx = sized(canvas, PLANE, PLANE);
      ctx.imageSmoothingEnabled = true;
      ctx.drawImage(under, 0, 0, PLANE, PLANE);
      const shown = run.samples();
      shown.forEach((sample, i) => mark(ctx, toScreen(sample), kindOf(sample), i === state.sample));
      mark(ctx, toScreen(shown[state.sample]), kindOf(shown[state.sample]), true);
    }

    const names = data.classes.map(String);
    const kindOf = ({ y }) => (names.length ? names.indexOf(String(Array.from(y))) : y[0] >= (low + high) / 2 ? 1 : 0);

    function mark(ctx, [x, y], kind, isChosen) {
      const size = isChosen ? 7 : 4;
      ctx.fillStyle = colors.css[SHADES[kind]];
      ctx.strokeStyle = isChosen ? colors.css.ink : colors.css.card;
      ctx.lineWidth = isChosen ? 2.5 : 1;
      ctx.beginPath();
      shapeOf(ctx, MARKS[kind], x, y, size);
      ctx.fill();
      ctx.stroke();
    }

    function describe() {
      const right = run.right();
      const said = right === undefined ? "" : ` ${right} of ${run.samples().length} lie where the network gives their own class.`;
      canvas.setAttribute("aria-label", `The plane of the inputs, coloured by what the network gives, and the ${run.samples().length} samples.${said}`);
    }

    canvas.addEventListener("pointerdown", ({ clientX, clientY }) => {
      const box = canvas.getBoundingClientRect();
      const [x, y] = [((clientX - box.left) * PLANE) / box.width, ((clientY - box.top) * PLANE) / box.height];
      const far = run.samples().map(toScreen).map((at) => Math.hypot(at[0] - x, at[1] - y));
      choose(far.indexOf(Math.min(...far)));
    });
    view.planeBox.append(canvas);
    frame();
    return { frame, show, describe, maps: [...maps.slice(count + 1), ...maps.slice(0, count)] }; // in the order of the columns
  }

  function choose(sample) {
    state.sample = Math.min(Math.max(Math.round(sample) || 0, 0), run.samples().length - 1);
    draw();
  }

  /** The network at one sample: a picture and two numbers for each neuron, a line for each weight, all on one canvas, which is quick. */
  function networkGraph() {
    const sizes = [data.inputs, ...data.layers.map(({ biases }) => biases.length)];
    const most = Math.max(...sizes);
    const pitch = Math.max(22, Math.min(48, Math.floor(640 / most)));
    const side = pitch - (pitch > 30 ? 8 : 4);
    const widest = Math.min(4, 64 / most); // of a line, so that many of them do not become a ground
    const height = Math.max(most * pitch, 150) + 8;
    const canvas = make("canvas", { class: "lines", "aria-hidden": "true" });
    const box = make("div", { class: "graph" }, canvas);
    box.style.height = `${height}px`;
    const columns = sizes.map((size, layer) => Array.from({ length: size }, (_, i) => {
      const neuron = { layer, i, top: (height - size * pitch) / 2 + i * pitch };
      if (!layer) return neuron;
      neuron.button = make("button", { type: "button", class: "neuron", "aria-pressed": false });
      neuron.button.addEventListener("click", () => select(neuron));
      Object.assign(neuron.button.style, { top: `${neuron.top}px`, width: `${side + NUMBERS}px`, height: `${side}px` });
      box.append(neuron.button);
      return neuron;
    }));
    const neurons = columns.flat();
    const atlas = isPlane ? make("canvas", { width: SIDE, height: SIDE * neurons.length }) : null;
    const image = isPlane ? new window.ImageData(SIDE, SIDE * neurons.length) : null;
    const pixels = isPlane ? new Uint32Array(image.data.buffer) : null;
    view.graphBox.append(box);
    let width = 0;

    /** Where each neuron stands; anew where the box has another width. */
    function place() {
      if (box.clientWidth === width) return;
      width = box.clientWidth;
      const room = (width - side - NUMBERS) / (columns.length - 1);
      for (const neuron of neurons) {
        neuron.left = Math.round(neuron.layer * room);
        if (neuron.button) neuron.button.style.left = `${neuron.left}px`;
      }
    }

    function select(neuron) {
      state.chosen = state.chosen === neuron ? null : neuron;
      draw();
    }

    function lines(ctx, at) {
      const isWeights = state.shows === "weights";
      const [up, down] = [colors.css.orange, colors.css.violet];
      data.layers.forEach(({ weights }, k) => {
        const value = (i) => (isWeights ? run.number(i) : i < at.slopes.length ? at.slopes[i] : 0);
        let largest = 0;
        for (const row of weights) for (const i of row) largest = Math.max(largest, Math.abs(value(i)));
        weights.forEach((row, from) => row.forEach((place, to) => {
          const [a, b] = [columns[k][from], columns[k + 1][to]];
          const share = largest ? Math.abs(value(place)) / largest : 0;
          ctx.lineWidth = 0.3 + widest * share;
          ctx.globalAlpha = state.chosen && state.chosen !== b ? 0.12 : 0.25 + 0.65 * share;
          ctx.strokeStyle = value(place) >= 0 ? up : down;
          ctx.beginPath();
          ctx.moveTo(a.left + side + 2, a.top + side / 2);
          ctx.lineTo(b.left - 1, b.top + side / 2);
          ctx.stroke();
        }));
      });
      ctx.globalAlpha = 1;
    }

    /** The pictures of all neurons, one under the other. */
    function pictures() {
      plane.maps.forEach((numbers, k) => {
        for (let i = 0, to = k * SIDE * SIDE; i < numbers.length; i += 1) pixels[to + i] = colors.shades[shadeOf(numbers[i])];
      });
      atlas.getContext("2d").putImageData(image, 0, 0);
    }

    function show(at) {
      place();
      const ctx = sized(canvas, width, height);
      lines(ctx, at);
      if (isPlane) pictures();
      ctx.font = `${width < 480 ? 10 : 11}px system-ui, sans-serif`;
      ctx.textBaseline = "middle";
      const given = [...at.x, ...at.given];
      neurons.forEach((neuron, k) => {
        const { left, top, layer, button } = neuron;
        if (isPlane) ctx.drawImage(atlas, 0, k * SIDE, SIDE, SIDE, left, top, side, side);
        else {
          ctx.fillStyle = colors.shadeOf(given[k]);
          ctx.fillRect(left, top, side, side);
        }
        ctx.strokeStyle = state.chosen === neuron ? colors.css.ink : colors.css.quiet;
        ctx.lineWidth = state.chosen === neuron ? 3 : 1;
        ctx.strokeRect(left, top, side, side);
        const two = [written(given[k]), layer ? written(at.adjoints[k - data.inputs]) : inputName(neuron.i)];
        const middle = top + side / 2;
        const apart = Math.min(6.5, side / 4 + 0.5);
        ctx.globalAlpha = 0.85;
        ctx.fillStyle = colors.css.card;
        ctx.fillRect(left + side + 3, middle - 2 * apart, Math.max(...two.map((text) => ctx.measureText(text).width)) + 4, 4 * apart);
        ctx.globalAlpha = 1;
        two.forEach((text, line) => {
          ctx.fillStyle = colors.css[line ? (layer ? "grad" : "quiet") : "data"];
          ctx.fillText(text, left + side + 5, middle + (line ? apart : -apart));
        });
        if (!layer || state.playing) return;
        button.setAttribute("aria-pressed", state.chosen === neuron);
        button.setAttribute("aria-label", `${nameOf(layer, neuron.i)}: gives ${two[0]}, gradient ${two[1]}`);
      });
      showNeuron(at);
    }

    const nameOf = (layer, i) => (layer ? `${layer === data.layers.length ? "Output" : "Neuron"} ${i + 1}${layer === data.layers.length ? "" : ` of layer ${layer}`}` : inputName(i));

    /** The chosen neuron's weights, with the derivatives of the sample's loss by them. */
    function showNeuron(at) {
      view.table.hidden = !state.chosen;
      view.hint.hidden = Boolean(state.chosen);
      if (!state.chosen) return;
      const { layer, i } = state.chosen;
      const { weights, biases, activation } = data.layers[layer - 1];
      const rows = [...weights.map((row, from) => [nameOf(layer - 1, from), row[i]]), ["bias", biases[i]]];
      const slope = (at_) => (at_ < at.slopes.length ? written(at.slopes[at_]) : "fixed");
      view.table.replaceChildren(
        make("caption", {}, `${nameOf(layer, i)}${activation ? `, ${activation}` : ""}`),
        make("thead", {}, make("tr", {}, ...["from", "weight", "gradient"].map((name) => make("th", { scope: "col" }, name)))),
        make("tbody", {}, ...rows.map(([name, at_]) => make("tr", {}, make("th", { scope: "row" }, name),
          make("td", { class: "data" }, written(run.number(at_))), make("td", { class: "grad" }, slope(at_))))));
    }

    return { show };
  }

  // ── the parts ────────────────────────────────────────────────────────────────────────────────────────────────────────

  function layout() {
    const button = (text, act) => {
      const made = make("button", { type: "button" }, text);
      made.addEventListener("click", act);
      return made;
    };
    const names = Object.keys(data.samples);
    const options = (pairs) => pairs.map(([value, text]) => make("option", { value }, text));
    const parts = {
      status: make("p", { class: "status" }),
      live: make("p", { class: "live", "aria-live": "polite" }),
      problem: make("span"),
      remedy: button("", () => {}),
      play: iconButton(make, "play", "Play", "space"),
      one: iconButton(make, "next", "One step", "→"),
      pace: make("select", { "aria-label": "Speed" }, ...options(PACES.map(([name], i) => [i, name]))),
      rate: make("input", { type: "text", class: "rate", inputmode: "decimal", autocomplete: "off", "aria-label": "Learning rate" }),
      rateSlider: make("input", { type: "range", min: -4, max: 1, step: 0.05, "aria-label": "Learning rate, slider" }),
      rateProblem: make("span", { class: "problem", role: "status" }),
      data: make("select", { "aria-label": "Samples" }, ...options(names.map((name) => [name, name]))),
      seed: make("span", { class: "quiet" }),
      at: make("input", { type: "range", min: 0, max: run.last ?? 0, step: 1, "aria-label": "Step" }),
      link: make("input", { type: "text", class: "link", readonly: "", hidden: "", "aria-label": "Link to this state" }),
      curve: make("canvas", { class: "curve", role: "img" }),
      most: make("span"),
      steps: make("span"),
      planeBox: make("div"),
      graphBox: make("div"),
      sample: make("input", { type: "number", min: 1, step: 1, "aria-label": "Sample" }),
      said: make("p", { class: "said" }),
      shows: make("select", { "aria-label": "Lines show" }, ...options([["weights", "weights"], ["gradients", "gradients"]])),
      table: make("table", { hidden: "" }),
      hint: make("p", { class: "quiet" }, "Choose a neuron to see its weights and their gradients."),
    };
    parts.pace.value = 2;
    parts.trouble = make("p", { class: "trouble", hidden: "" }, parts.problem, " ", parts.remedy);
    const sharing = button("Link to this state", share);
    sharing.hidden = !/^(file|https?):$/.test(window.location.protocol);
    const train = [
      make("span", { class: "field" }, make("span", {}, "Learning rate "), parts.rate, parts.rateSlider, parts.rateProblem),
      ...(names.length > 1 ? [make("label", { class: "field" }, "Samples ", parts.data)] : []),
      make("span", { class: "field" }, button("Another seed", () => restart({ seed: run.seed + 1 })), parts.seed),
    ];
    root.classList.add("autograd-training");
    root.tabIndex = -1;
    root.replaceChildren(
      make("header", {}, make("h1", {}, data.title), parts.status),
      make("div", { class: "controls" },
        make("span", { class: "field" }, parts.play, parts.one, button("Reset", () => restart())),
        parts.pace,
        ...(isPlayed ? [parts.at] : train),
        sharing, parts.link),
      parts.trouble,
      make("div", { class: "parts" },
        make("section", { class: "network", "aria-label": "The network at one sample" },
          make("div", { class: "field" }, make("label", {}, "Sample ", parts.sample), make("label", {}, "Lines show ", parts.shows)),
          parts.said, parts.graphBox,
          make("p", { class: "legend" }, make("span", { class: "orange" }, "positive"), make("span", { class: "violet" }, "negative"),
            make("span", { class: "data" }, "what a neuron gives"), make("span", { class: "grad" }, "gradient of the sample's loss"))),
        make("section", { class: "side" },
          ...(isPlane ? [make("h2", {}, "The plane"), parts.planeBox] : []),
          make("h2", {}, "The mean loss"), make("div", { class: "curveBox" }, parts.most, parts.curve, parts.steps),
          make("h2", {}, "A neuron"), make("div", { class: "weights", tabindex: 0, role: "group", "aria-label": "Weights of the chosen neuron" }, parts.table), parts.hint)),
      make("p", { class: "quiet keys" }, "Keys: ", ...["space", "→", "R"].map((key) => make("kbd", {}, key)), " play, one step, reset"),
      parts.live);
    return parts;
  }

  view.play.addEventListener("click", () => play(!state.playing));
  view.one.addEventListener("click", stepOnce);
  view.pace.addEventListener("change", () => (state.due = 0));
  view.data.addEventListener("change", () => restart({ name: view.data.value }));
  view.at.addEventListener("input", () => {
    play(false);
    run.go(Number(view.at.value));
    draw();
  });
  view.rate.addEventListener("change", () => {
    const { value, problem } = readNumber(view.rate.value);
    const fault = problem ?? (value < 0 ? "a rate is 0 or more" : "");
    view.rateProblem.textContent = fault;
    view.rate.setAttribute("aria-invalid", Boolean(fault));
    if (!fault) run.setRate(value);
  });
  view.rateSlider.addEventListener("input", () => {
    run.setRate(Number((10 ** Number(view.rateSlider.value)).toPrecision(2)));
    view.rate.value = String(run.rate);
    view.rateProblem.textContent = "";
    view.rate.setAttribute("aria-invalid", "false");
  });
  view.sample.addEventListener("change", () => choose(Number(view.sample.value) - 1));
  view.shows.addEventListener("change", () => {
    state.shows = view.shows.value;
    draw();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("select, input")) return;
    const { key, target } = event;
    if (key === " " && !target.closest?.("button")) play(!state.playing);
    else if (key === "ArrowRight") stepOnce();
    else if (key === "r" || key === "R") restart();
    else return;
    event.preventDefault();
  });
  window.addEventListener("resize", () => state.playing || draw());
  window.addEventListener("hashchange", () => follow(window.location.hash));
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    colors.read();
    draw();
  });
  if (window.location.hash) follow(window.location.hash);
  else draw();
  return { run, play, restart, step: stepOnce, draw };
}

function shapeOf(ctx, mark, x, y, size) {
  if (mark === "circle") ctx.arc(x, y, size, 0, 7);
  else if (mark === "square") ctx.rect(x - size, y - size, 2 * size, 2 * size);
  else {
    const corners = { triangle: [-90, 30, 150], diamond: [0, 90, 180, 270], cross: [45, 135, 225, 315] }[mark];
    corners.forEach((degrees, i) => {
      const [dx, dy] = [Math.cos, Math.sin].map((f) => 1.35 * size * f((degrees * Math.PI) / 180));
      if (i) ctx.lineTo(x + dx, y + dy);
      else ctx.moveTo(x + dx, y + dy);
    });
    ctx.closePath();
  }
}

/** The place of a number among the shades, from -1 to 1. */
const shadeOf = (x) => Math.max(0, Math.min(510, 255 + Math.round(255 * x))) || 0;

/** The colours of the page as it is now, light or dark, as text and as pixels. */
function palette(root, make) {
  const probe = make("span", { hidden: "" });
  const colors = { css: {}, shades: new Uint32Array(511), classes: [], none: 0 };
  const rgb = (name) => {
    probe.style.color = `var(--${name})`;
    return root.ownerDocument.defaultView.getComputedStyle(probe).color.match(/\d+(\.\d+)?/g).slice(0, 3).map(Number);
  };
  const pixel = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  const mixed = (from, to, share) => from.map((x, i) => Math.round(x + (to[i] - x) * share));
  colors.read = () => {
    root.append(probe);
    const ground = rgb("card");
    for (const name of ["ink", "quiet", "rule", "card", ...SHADES]) colors.css[name] = `rgb(${rgb(name).join()})`;
    const [high, low] = [rgb("orange"), rgb("violet")];
    for (let i = 0; i < 511; i += 1) colors.shades[i] = pixel(mixed(ground, i < 255 ? low : high, (0.85 * Math.abs(i - 255)) / 255));
    colors.classes = SHADES.map((name) => Uint32Array.from({ length: 256 }, (_, i) => pixel(mixed(ground, rgb(name), 0.08 + (0.5 * i) / 255))));
    colors.none = pixel(ground);
    probe.remove();
  };
  colors.shadeOf = (x) => {
    const value = colors.shades[shadeOf(x)];
    return `rgb(${value & 255} ${(value >> 8) & 255} ${(value >> 16) & 255})`;
  };
  colors.read();
  return colors;
}

/** Start the page. */
export const startTraining = (document, programs) => start(document, "the training cannot be read", (data) => {
  if (!data || !Array.isArray(data.layers) || !Array.isArray(data.start) || !data.samples) throw new BrokenData("the network is missing");
  document.training = createTraining(document.getElementById("training"), data, programs);
});
