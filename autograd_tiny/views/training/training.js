/** Training as numbers: parameters, steps, losses, what neurons give.  All of it is computed by the page's programs. */

const MOST_KEPT_LOSSES = 20000;
const TOO_MUCH = 1e6; // times the loss at the start, and training has diverged

/**
 * A run of training, or one that is played back.
 *
 * @param {object} data as `training/page.py` makes it.
 * @param {object} programs `sample`, `forward`, and where the page trains `update` and perhaps `ahead`; each adds to its last argument.
 * @returns the run: `theta`, `loss`, `history`, `step`, `rate`, `rates`, `seed`, `name`; `restart(...)`, `advance()`, `go(step)`,
 *   `at(sample)`, `right()`, `over(places, each)`.
 */
export function createRun(data, programs) {
  const n = data.start.length;
  const neurons = data.layers.flatMap(({ biases }) => biases);
  const kept = data.kept?.map(unpacked);
  const run = {
    step: 0, seed: 0, name: Object.keys(data.samples)[0], rate: data.rate, rates: [], history: [], loss: NaN, diverged: 0,
    theta: new Float64Array(n), last: kept && kept.length - 1, every: data.every ?? 1,
  };
  const remembered = (data.state ?? []).map(() => new Float64Array(n));
  const sums = new Float64Array(1 + n + 2 * neurons.length);
  const given = Object.fromEntries(Object.entries(data.samples).map(([name, rows]) => [name, rows.map((row) =>
    ({ x: Float64Array.from(row.slice(0, data.inputs)), y: Float64Array.from(row.slice(data.inputs)) }))]));

  /** The mean loss of all samples, and its gradient, which stays in `sums`. */
  function evaluate(theta) {
    const samples = given[run.name];
    sums.fill(0);
    for (const { x, y } of samples) programs.sample(theta, x, y, sums);
    for (let i = 0; i <= n; i += 1) sums[i] /= samples.length;
    return sums[0];
  }

  /** Run a rule of the optimizer, which takes so many parameters at a time; what it gives for all, list after list. */
  function applied(rule, lists) {
    const { count } = data;
    const at = [run.rate, data.taken * (run.seed ? 0 : 1) + run.step + 1];
    const [p, g, s] = [count, count, count * remembered.length].map((size) => new Float64Array(size));
    const out = new Float64Array(count * lists);
    const found = Array.from({ length: lists }, () => new Float64Array(n));
    for (let i = 0; i < n; i += count) {
      for (let k = 0; k < count; k += 1) {
        p[k] = run.theta[i + k];
        g[k] = sums[1 + i + k];
        remembered.forEach((list, j) => (s[j * count + k] = list[i + k]));
      }
      out.fill(0);
      rule(at, p, g, s, out);
      found.forEach((list, j) => list.set(out.subarray(j * count, j * count + count), i));
    }
    return found;
  }

  /** One step on the mean loss of all samples; false if it diverges, and then nothing has moved. */
  run.advance = () => {
    if (kept) return run.go(run.step + 1);
    if (programs.ahead) evaluate(applied(programs.ahead, 1)[0]);
    const [moved, ...after] = applied(programs.update, 1 + remembered.length);
    const before = [run.theta, run.loss];
    run.theta = moved;
    run.loss = evaluate(moved);
    const isFine = [moved, ...after].every((list) => list.every(Number.isFinite)) && run.loss <= TOO_MUCH * (1 + Math.abs(run.history[0]));
    if (!isFine) {
      [run.theta, run.loss] = before;
      evaluate(run.theta);
      run.diverged = run.step + 1;
      return false;
    }
    remembered.forEach((list, j) => list.set(after[j]));
    run.step += 1;
    if (run.history.length < MOST_KEPT_LOSSES) run.history.push(run.loss);
    return true;
  };

  /** Of a run that is played back: show the parameters that it had then. */
  run.go = (step) => {
    if (step < 0 || step > run.last) return false;
    run.step = step;
    run.theta = kept[step];
    run.loss = evaluate(run.theta);
    return true;
  };

  run.setRate = (rate) => {
    run.rate = rate;
    if (run.rates.at(-1)?.[0] === run.step) run.rates.pop();
    run.rates.push([run.step, rate]);
  };

  /** Begin again: with other samples, another seed, another rate. */
  run.restart = ({ name = run.name, seed = run.seed, rate = run.rate } = {}) => {
    Object.assign(run, { name, seed, step: 0, diverged: 0, rates: [] });
    run.theta = seed ? drawn(seed) : Float64Array.from(data.start);
    remembered.forEach((list, j) => list.set(seed ? new Float64Array(n) : data.state[j]));
    run.setRate(rate);
    run.loss = evaluate(run.theta);
    run.history = kept ? kept.map((theta) => evaluate(theta)) : [run.loss];
    if (kept) run.go(0);
  };

  /** Parameters drawn anew: weights and biases of each layer evenly from as wide a range as those at the start, about 0. */
  function drawn(seed) {
    const theta = Float64Array.from(data.start);
    const random = randomFrom(seed);
    for (const { weights, biases } of data.layers) {
      for (const places of [weights.flat(), biases]) {
        const moving = [...new Set(places)].filter((i) => i < n);
        const end = Math.sqrt((3 * moving.reduce((sum, i) => sum + data.start[i] ** 2, 0)) / (moving.length || 1)); // of as large a mean square
        for (const i of moving) theta[i] = end * (2 * random() - 1);
      }
    }
    return theta;
  }

  /** A number by its place: a parameter, or one that is fixed. */
  run.number = (i, list = run.theta) => (i < n ? list[i] : data.fixed[i - n]);

  /** What happens at one sample: the loss, its derivative by each parameter, what the neurons give, the derivatives by these. */
  run.at = (i) => {
    const found = new Float64Array(sums.length);
    const { x, y } = given[run.name][i];
    programs.sample(run.theta, x, y, found);
    const [loss, rest] = [found[0], found.subarray(1)];
    return { x, y, loss, slopes: rest.subarray(0, n), given: rest.subarray(n, n + neurons.length), adjoints: rest.subarray(n + neurons.length) };
  };

  /** How many samples belong to the class that the network says; undefined without classes. */
  run.right = () => {
    if (!data.classes.length) return undefined;
    const of = new Map(data.classes.map((row, k) => [String(row), k]));
    let count = 0;
    const found = new Float64Array(neurons.length + data.classes.length);
    for (const { x, y } of given[run.name]) {
      found.fill(0);
      programs.forward(run.theta, x, found);
      if (best(found, neurons.length)[0] === of.get(String(Array.from(y)))) count += 1;
    }
    return count;
  };

  /** Give `each` the number of every place, what the neurons give there, and the losses of the classes. */
  run.over = (places, each) => {
    const found = new Float64Array(neurons.length + data.classes.length);
    places.forEach((place, i) => {
      found.fill(0);
      programs.forward(run.theta, place, found);
      each(i, found);
    });
  };

  run.samples = () => given[run.name];
  run.restart();
  return run;
}

/** The number of the class whose loss is least, and how much larger the next one's is. */
function best(found, start) {
  let [least, next, place] = [Infinity, Infinity, 0];
  for (let i = start; i < found.length; i += 1) {
    if (found[i] < least) [least, next, place] = [found[i], least, i - start];
    else if (found[i] < next) next = found[i];
  }
  return [place, next - least];
}

/** Numbers from 0 to 1, the same for the same seed: G. Marsaglia, Xorshift RNGs (2003), with the shifts 13, 17, 5. */
function randomFrom(seed) {
  let state = Math.imul(seed, 0x9e3779b1) || 1; // seeds that are near each other, far apart
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Numbers from their bytes in base 64. */
function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  if (bytes.length % 8) throw new BrokenData("a step is cut off");
  return new Float64Array(bytes.buffer);
}

const LIMITS = { step: 5000, seed: 0xffffffff }; // what a link may ask for

/** What a link says, of which only what makes sense is taken: `{ name, seed, rates, step, sample }`. */
export function readLink(fragment, data, run) {
  const said = new URLSearchParams(fragment.slice(0, 2000).replace(/^#/, ""));
  const whole = (name, most) => (/^\d{1,10}$/.test(said.get(name) ?? "") ? Math.min(Number(said.get(name)), most) : 0);
  const rates = (said.get("rates") ?? "").split(",").map((part) => part.split(":").map((text) => readNumber(text).value));
  const name = Object.hasOwn(data.samples, said.get("data")) ? said.get("data") : run.name;
  return {
    name, seed: whole("seed", LIMITS.seed), step: whole("step", run.last ?? LIMITS.step), sample: whole("sample", data.samples[name].length - 1),
    rates: rates.filter(([step, rate]) => Number.isInteger(step) && step >= 0 && rate >= 0).slice(0, 100),
  };
}

/** A link's fragment for a run as it is now. */
export function writeLink(run, sample) {
  const said = { data: run.name, seed: run.seed, rates: run.rates.map((pair) => pair.join(":")).join(), step: run.step, sample };
  return `#${new URLSearchParams(run.last === undefined ? said : { step: run.step, sample })}`;
}

/** A smaller learning rate, about a third, of one digit. */
export const smallerRate = (rate) => Number((rate / 3).toPrecision(1));
