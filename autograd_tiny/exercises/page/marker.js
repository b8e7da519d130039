/** The marker of a page: as `marking.judging.marker`, on formulas that were worked out by Python; nothing here knows a derivative. */

class Refused extends Error {}
const NOTHING = new Map();

const ulp = (x) => (x === 0 ? 5e-324 : 2 ** (Math.floor(Math.log2(Math.abs(x))) - 52));
const noiseOf = (x) => (Number.isFinite(x) ? 8 * ulp(x) : 0);

/** As Python's `f"{x:.{n}f}"`: half way between two to the even one. */
function fixed(x, n) {
  if (n > 100) return String(x); // more than a float's digits, but for numbers nobody writes down
  const text = x.toFixed(n);
  const more = x.toFixed(Math.min(n + 30, 100));
  const end = n ? text.length : text.length + 1;
  if (!/^50*$/.test(more.slice(end))) return text;
  const below = more.slice(0, n ? end : end - 1);
  return "02468".includes(below.at(-1)) ? below : text;
}

/** As `Printed`. */
class Printed {
  constructor(text, number, unit) {
    Object.assign(this, { text, number, unit });
  }

  get decimals() {
    return -Math.round(Math.log10(this.unit));
  }

  get digits() {
    return Math.max(1, String(Math.round(Math.abs(this.number) / this.unit)).length);
  }

  beyond(value) {
    const side = this.number || value;
    return (value - this.number) * (side < 0 || Object.is(side, -0) ? -1 : 1);
  }

  get unitBelow() {
    return /^[+-]?1(\.0*)?[eE]/.test(this.text) ? 0.1 * this.unit : this.unit;
  }

  rounds(value, slack = 0, noise = noiseOf(value)) {
    const beyond = this.beyond(value);
    return Math.abs(beyond) <= 0.5 * (beyond >= 0 ? this.unit : this.unitBelow) + slack + noise;
  }

  cuts(value, slack = 0, noise = noiseOf(value)) {
    if (!this.number && this.unit >= 1) return false;
    const beyond = this.beyond(value);
    return -slack - noise <= beyond && beyond < this.unit + slack - noise;
  }

  isNearAnEdge(value) {
    if (this.digits > 9) return Math.abs(value - this.number) <= 1e-3 * Math.abs(this.number);
    const halves = (2 * (value - this.number)) / this.unit;
    return Math.abs(halves) < 4 && Math.abs(halves - Math.round(halves)) < 1e-3;
  }

  like(value) {
    if (!Number.isFinite(value)) return String(value);
    const text = this.written(value);
    if (!Number.isFinite(Number(text))) return value.toExponential();
    return Number(text) ? text : text.replace(/^-/, "");
  }

  written(value) {
    if (/[eE]/.test(this.text)) return rounded(value, this.digits).replace(/e([+-])(\d)$/, "e$10$2");
    if (Math.abs(value) >= 1e16) return value.toExponential();
    return fixed(value, this.text.split(".")[1]?.length ?? Math.max(0, this.decimals));
  }
}

/** A number that was written here, of any size. */
function readBack(text) {
  const [, mantissa, exponent] = text.match(/^([^eE]*)(?:[eE](.*))?$/);
  const last = Number(exponent ?? 0) - (mantissa.split(".")[1]?.length ?? 0);
  return new Printed(text, Number(text), Number(`1e${Math.min(Math.max(-307, last), 307)}`));
}

/** A decimal number as it was entered. */
function printedNumber(text) {
  const printed = readBack(text);
  const size = Math.abs(printed.number);
  const isZero = size === 0 && !/[1-9]/.test(text.split(/[eE]/)[0]);
  return (isZero || (1e-300 <= size && size < Infinity)) && printed.unit <= 1e300 ? printed : undefined;
}

const brief = (text) => (text.length <= 30 ? text : `${text.slice(0, 27)}...`);

/** An answer: its number, or what is to be said of a text that is none. */
function readAnswer(entered, { decimal, problems }, digits) {
  const text = entered.trim();
  if (!text) return { text };
  const plain = text.replaceAll("−", "-").replaceAll("–", "-");
  const fits = (pattern) => new RegExp(`^(?:${pattern})$`, "s").test(plain);
  if (!fits(decimal)) return { text, problem: `'${brief(text)}' ${problems.find(([pattern]) => fits(pattern))[1]}` };
  const printed = printedNumber(plain);
  if (!printed) return { text, problem: `'${brief(text)}' is too large or too small to be marked.` };
  const whole = plain.match(/^[+-]?0*([1-9]\d*?)(0*)$/);
  if (/^[+-]?0+$/.test(plain)) printed.unit = Number(`1e-${digits}`);
  if (whole) printed.unit *= 10 ** Math.max(0, Math.min(whole[2].length, whole[1].length + whole[2].length - digits));
  return { text, printed };
}

function listed(words, most) {
  const shown = words.length <= most ? words : [...words.slice(0, most), `${words.length - most} more`];
  return [shown.slice(0, -1).join(", "), ...shown.slice(-1)].filter(Boolean).join(" and ");
}

/** The numbers of quantities, as `Numbers`: the engine's own, or those that follow from what is answered.  Each knows its slopes by answers. */
class Numbers {
  constructor({ formulas, quantities }, rows) {
    Object.assign(this, { formulas, quantities, rows, printed: new Map(), known: new Map(), users: new Map() });
  }

  take(quantity, source, afresh) {
    if (afresh) this.forget(quantity);
    this.printed.set(quantity, this.valueOf(source));
  }

  valueOf(source) {
    const { value, printed } = source.mark;
    return { x: printed.number, slopes: new Map([[source, 1]]), again: (at, righted) => (righted.includes(source) ? value : printed.number) };
  }

  forget(quantity) {
    this.known.delete(quantity);
    const users = this.users.get(quantity) ?? [];
    this.users.delete(quantity);
    for (const user of users) this.forget(user);
  }

  stepFrom(quantity) {
    const { step, inner, fromOutput } = this.quantities[quantity];
    return fromOutput !== undefined && this.printed.size && inner.every((x) => this.printed.has(x)) ? fromOutput : step;
  }

  of(quantity) {
    if (this.printed.has(quantity)) return this.printed.get(quantity);
    if (!this.known.has(quantity)) {
      const step = this.stepFrom(quantity);
      if (step === undefined) this.known.set(quantity, { x: this.quantities[quantity].given, slopes: NOTHING });
      else {
        for (const operand of quantitiesIn(this.formulas, step)) {
          if (!this.users.has(operand)) this.users.set(operand, []);
          this.users.get(operand).push(quantity);
        }
        this.known.set(quantity, this.evaluate(step));
      }
    }
    return this.known.get(quantity);
  }

  value(row, operands) {
    const { value, passes } = this.rows[row];
    const [y] = value(...operands);
    if (!Number.isFinite(y) && !passes && operands.every(Number.isFinite)) throw new Refused();
    return y;
  }

  evaluate(root, instead = NOTHING, shorter = undefined, parts = NOTHING) {
    const found = new Map();
    const number = (i) => {
      if (found.has(i)) return found.get(i);
      const formula = this.formulas[i];
      let result;
      if (typeof formula === "number") result = { x: formula, slopes: NOTHING };
      else if (!Array.isArray(formula)) result = instead.get(formula.q) ?? this.of(formula.q);
      else result = this.recorded(formula[0], formula.slice(1).map(number));
      if (parts.has(i)) {
        const [exact, moved] = [result, shorter(result.x) - result.x];
        result = { x: exact.x + moved, slopes: exact.slopes, again: (at) => at(exact) + moved };
      }
      found.set(i, result);
      return result;
    };
    return number(root);
  }

  recorded(row, operands) {
    const xs = operands.map(({ x }) => x);
    const x = this.value(row, xs);
    if (operands.every((operand) => !operand.slopes.size)) return { x, slopes: NOTHING };
    const slopes = new Map();
    this.rows[row].slopes(x, ...xs).forEach((local, i) => {
      for (const [source, slope] of operands[i].slopes) slopes.set(source, (slopes.get(source) ?? 0) + local * slope);
    });
    if ([...slopes.values()].some((slope) => !Number.isFinite(slope))) throw new Refused();
    return { x, slopes, again: (at) => this.value(row, operands.map(at)) };
  }

  /** What a formula says; how sure it is, is worked out when it is needed. */
  followFormula(root, known) {
    const value = (i) => {
      if (!known.has(i)) {
        const formula = this.formulas[i];
        if (typeof formula === "number") known.set(i, formula);
        else if (!Array.isArray(formula)) known.set(i, this.of(formula.q).x);
        else known.set(i, this.value(formula[0], formula.slice(1).map(value)));
      }
      return known.get(i);
    };
    return new Follows(value(root), () => (this.printed.size ? this.evaluate(root) : { slopes: NOTHING }));
  }
}

function quantitiesIn(formulas, root) {
  const found = new Set();
  const seen = new Set();
  const look = (i) => {
    if (seen.has(i) || typeof formulas[i] === "number") return;
    seen.add(i);
    if (Array.isArray(formulas[i])) formulas[i].slice(1).forEach(look);
    else found.add(formulas[i].q);
  };
  look(root);
  return [...found];
}

/** A number worked out anew from the engine's numbers for some answers, whose sources are given. */
function numberWith(number, righted) {
  const found = new Map();
  const at = (x) => {
    if (!found.has(x)) found.set(x, x.again ? x.again(at, righted) : x.x);
    return found.get(x);
  };
  return at(number);
}

const NO_NUMBER = { slopes: NOTHING };

class Follows {
  constructor(value, work) {
    Object.assign(this, { value, work });
  }

  get number() {
    this.worked ??= attempt(this.work) ?? NO_NUMBER;
    return this.worked;
  }

  get hasSlopes() {
    return this.number !== NO_NUMBER;
  }

  get slopes() {
    return this.number.slopes;
  }

  get slack() {
    return [...this.slopes].reduce((sum, [source, slope]) => sum + Math.abs(slope) * source.radius, 0);
  }

  /** The wrong answers that enter and make a difference of more than `least`; where slopes do not tell, worked out anew. */
  wrongOnes(least, isFaithful) {
    const wrong = [...this.slopes].filter(([{ mark }]) => !isFaithful(mark));
    const found = wrong.filter(([{ mark }, slope]) => Math.abs(slope * (mark.value - mark.printed.number)) > least).map(([source]) => source);
    const flat = wrong.map(([source]) => source).filter((source) => !found.includes(source));
    for (const righted of [...flat.map((source) => [source]), found.length ? [] : flat]) {
      const moved = righted.length ? Math.abs((attempt(() => numberWith(this.number, righted)) ?? Infinity) - this.value) : 0;
      if (moved > least) found.push(...righted);
    }
    return [...new Set(found)].map(({ mark }) => mark);
  }
}

/** What a function gives, or undefined where there is no such number. */
function attempt(work) {
  try {
    return work();
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

/** Places in full, which are written as distances to be short: of operands, and of the formulas of slips. */
function unpacked(data) {
  const formulas = data.formulas.map((x, i) => (Array.isArray(x) ? [x[0], ...x.slice(1).map((distance) => i - distance)] : x));
  const inFull = (slips) => {
    let place = 0;
    return slips.map(([name, what, effort, distance, ...without]) => [name, what, effort, (place += distance), ...without]);
  };
  return { ...data, formulas, questions: data.questions.map((question) => ({ ...question, slips: question.slips.map(inFull) })) };
}

/** Mark answers: for each question, told or asked, `undefined` or a `Printed`.  A list of marks in the same order. */
export function createMarker(packed, rows) {
  const data = unpacked(packed);
  const { formulas, quantities, questions, texts, limits } = data;
  const isFaithful = ({ verdict }) => limits.faithful.includes(verdict);
  const engine = new Numbers(data, rows);
  const values = questions.map(({ q }) => engine.of(q).x);

  return (answers) => {
    const page = new Numbers(data, rows);
    const unrounded = new Numbers(data, rows);
    const misprinted = new Map();
    const claims = answers.map((printed, i) => ({ printed, question: questions[i], value: values[i] })).filter(({ printed }) => printed);
    const sourceOf = (mark) => ({
      mark,
      get radius() {
        const value = radius(mark);
        Object.defineProperty(this, "radius", { value });
        return value;
      },
    });

    function radius({ printed, verdict, value, question }) {
      if (limits.slips.includes(verdict)) return printed.unit;
      const step = page.stepFrom(question.q);
      const number = step === undefined ? undefined : attempt(() => page.evaluate(step));
      let byPage = 0;
      if (number) {
        const follows = new Follows(number.x, () => number);
        byPage = Math.min(printed.unit, Math.abs(follows.value - printed.number) + follows.slack);
      }
      return verdict === "carried" ? byPage : Math.max(byPage, Math.abs(value - printed.number));
    }

    const roundingErrors = ({ question }, value) => Math.max(question.noise, noiseOf(value));
    const noise = (claim, value) => (claim.printed.isNearAnEdge(value) ? roundingErrors(claim, value) : noiseOf(value));

    function fits(claim, follows, loose) {
      const slack = loose ? follows.slack : 0;
      const most = noise(claim, follows.value);
      return claim.printed.rounds(follows.value, slack, most) || claim.printed.cuts(follows.value, slack, most);
    }

    /** What a formula is where a printed 0 leaves it no number or no slopes: with the engine's for what is printed so, and without slopes. */
    function withZeros(root, instead) {
      const zeros = quantitiesIn(formulas, root).filter((q) => page.printed.get(q)?.x === 0).map((q) => [q, { x: engine.of(q).x, slopes: NOTHING }]);
      const number = attempt(() => page.evaluate(root, new Map([...zeros, ...instead])));
      const follows = instead === NOTHING ? attempt(() => page.followFormula(root, new Map())) : undefined;
      return [...(number ? [Object.assign(new Follows(number.x, () => number), { putIn: true })] : []), ...(follows ? [follows] : [])];
    }

    function ways({ question }) {
      const { inner = [], fromOutput } = quantities[question.q];
      const others = [[inner, fromOutput], ...question.others].filter(([known]) => known.some((x) => page.printed.has(x)));
      const roots = [question.root, ...others.map(([, root]) => root)];
      const found = [];
      for (const root of roots) {
        const wrong = quantitiesIn(formulas, root).filter((q) => misprinted.has(q)).map((q) => [q, misprinted.get(q)]);
        for (const instead of [NOTHING, ...(wrong.length ? [new Map(wrong)] : [])]) {
          const number = attempt(() => page.evaluate(root, instead));
          if (number) found.push(new Follows(number.x, () => number));
          else found.push(...withZeros(root, instead));
        }
      }
      const number = unrounded.printed.size ? attempt(() => unrounded.evaluate(question.root)) : undefined;
      if (number) found.push(new Follows(number.x, () => number));
      return found;
    }

    const slips = (claim, follows) => follows.wrongOnes(0.5 * claim.printed.unit, isFaithful)
      .sort((a, b) => claims.findIndex((x) => x.question === a.question) - claims.findIndex((x) => x.question === b.question));
    const shown = (marks) => {
      const all = marks.map(({ question, printed }) => `${quantities[question.q].name} = ${printed.text}`);
      return `${listed(all, 3)}, which ${all.length === 1 ? "is" : "are"} wrong`;
    };

    function followed(claim, follows) {
      if (!follows.hasSlopes) return { verdict: "undecided", why: limits.tooFewDigits };
      const sources = slips(claim, follows);
      if (sources.length) return { verdict: "carried", why: `it follows from ${shown(sources)}`, sources };
      if (follows.slack > 0.5 * Math.max(Math.abs(follows.value), Math.abs(claim.value))) {
        return { verdict: "undecided", why: limits.tooFewDigits };
      }
      const cut = claim.printed.rounds(follows.value, follows.slack) ? "" : ", with digits cut off";
      return { verdict: "rounded", why: `it follows from rounded numbers${cut}` };
    }

    function hasFurtherDigits(claim, value) {
      if (!Number.isFinite(value)) return false;
      const { unit } = claim.printed;
      const further = Math.abs(value - unit * Math.round(value / unit));
      return further >= 1e-3 * unit || further > roundingErrors(claim, value);
    }

    function commonest(numbers) {
      const counts = new Map();
      for (const n of numbers) counts.set(n, (counts.get(n) ?? 0) + 1);
      return [...counts].reduce((best, next) => (next[1] > best[1] ? next : best))[0];
    }

    /** What follows from answers as they follow from others before them: one may have gone on with these. */
    function fromUnrounded(claim) {
      const follows = attempt(() => {
        const answered = claim.question.parts.map(([, q]) => q).filter((q) => page.printed.has(q));
        const number = page.evaluate(claim.question.root, new Map(answered.map((q) => [q, page.evaluate(page.stepFrom(q))])));
        return new Follows(number.x, () => number);
      });
      return follows && (fits(claim, follows, false) || fits(claim, follows, true)) ? [{ why: "it follows from rounded numbers", follows }] : [];
    }

    function fromRounded(claim) {
      const { printed, value, question } = claim;
      if (!hasFurtherDigits(claim, value)) return [];
      const parts = question.parts.filter(([, q]) => !page.printed.has(q));
      const page_ = claims.map((x) => x.printed);
      const choices = (own, all) => [...new Set([own, commonest(all)])].sort((a, b) => a - b);
      const shorteners = [
        ...choices(printed.decimals, page_.map((x) => x.decimals))
          .map((k) => (x) => (k >= 0 ? Number(fixed(x, k)) : Number(fixed(x * 10 ** k, 0)) * 10 ** -k)),
        ...choices(printed.digits, page_.map((x) => x.digits)).map((k) => (x) => Number(rounded(x, k))),
      ].map((shorter) => (x) => {
        const short = shorter(x);
        if (Math.abs(short - x) > limits.mostChanged * Math.abs(x)) throw new Refused();
        return short;
      });
      const found = new Map();
      const labelled = parts.filter(([, q]) => !quantities[q].unlabelled);
      const pairs = labelled.length <= limits.mostInPairs ? labelled.flatMap((a, i) => labelled.slice(i + 1).map((b) => [a, b])) : [];
      for (const shorter of shorteners) {
        for (const chosen of [parts, ...parts.map((part) => [part]), ...pairs]) {
          const number = attempt(() => page.evaluate(question.root, NOTHING, shorter, new Set(chosen.map(([i]) => i))));
          if (!number || found.has(number.x)) continue;
          const called = chosen.filter(([, q]) => !quantities[q].unlabelled).map(([, q]) => quantities[q].name);
          const what = chosen.length === 1 && called.length ? `${called[0]}, which was rounded and is` : "rounded numbers that are";
          found.set(number.x, { why: `it follows from ${what} not printed`, follows: new Follows(number.x, () => number) });
        }
      }
      const largest = Math.max(Math.abs(printed.number), Math.abs(value), printed.unit);
      const others = [...found.keys()].filter((x) => printed.like(x) !== printed.like(value));
      if ((new Set(others.map((x) => printed.like(x))).size * printed.unit) / largest > limits.mostByRounding) return [];
      return others.filter((x) => printed.rounds(x, 0, noise(claim, x))).map((x) => found.get(x));
    }

    function workedOut(slipsOf) {
      const both = [[engine, new Map()], [page, new Map()]];
      const found = [];
      for (const [name, what, effort, root, without] of slipsOf) {
        for (const [numbers, known] of both) {
          const follows = attempt(() => numbers.followFormula(root, known));
          if (follows) found.push({ mistake: texts[name], what: texts[what], effort, without, follows });
        }
      }
      return found;
    }

    function chance({ printed, value }, follows, loose) {
      const largest = Math.max(Math.abs(follows.value), Math.abs(printed.number), Math.abs(value), printed.unit);
      return Math.min(1, (1.5 * printed.unit + 2 * (loose ? follows.slack : 0)) / largest);
    }

    function best(claim, candidates, loose = false) {
      const { printed } = claim;
      const isNear = ({ follows }) => {
        const ratio = follows.value / printed.number;
        return ratio >= 0.5 && ratio <= 2 && follows.slack > noiseOf(follows.value);
      };
      const tried = loose ? candidates.filter(isNear) : candidates;
      const fitting = tried.filter((x) => fits(claim, x.follows, loose) && !isInvisible(claim, x));
      if (!fitting.length) return undefined;
      const found = fitting.reduce((first, next) => (next.effort < first.effort ? next : first));
      const simpler = new Map(tried.filter(({ effort }) => effort <= found.effort).map(({ follows }) => [follows.value, follows]));
      const expected = [...simpler.values()].reduce((sum, follows) => sum + chance(claim, follows, loose), 0);
      const isUsual = found.effort >= 1 && found.effort <= 3;
      if (expected > (isUsual ? limits.mostByChance : limits.mostByChance / found.effort)) return undefined;
      const others = fitting.filter((x) => x.effort <= Math.max(1, found.effort) + 1 && x.what !== found.what).map((x) => x.what);
      return !printed.number && new Set(others).size > limits.mostBesideOf0 ? undefined : found;
    }

    function isInvisible(claim, { without }) {
      if (without === undefined) return false;
      const number = page.evaluate(without);
      return fits(claim, new Follows(number.x, () => number), false);
    }

    function inPrint(claim, found) {
      const { printed, question } = claim;
      const edits = [];
      const plain = (what, mistake, effort) => ({ mistake, what, effort, follows: new Follows(printed.number, () => ({ slopes: NOTHING })) });
      for (const value of new Set([claim.value, ...found.map((x) => x.value)].filter(Number.isFinite))) {
        const [mantissa, ...rest] = printed.like(value).split(/(?=e)/);
        const places = [...mantissa.matchAll(/\d/g)].map(({ index }) => index);
        const swapped = places.slice(1).map((j, k) => {
          const i = places[k];
          return mantissa.slice(0, i) + mantissa[j] + mantissa.slice(i + 1, j) + mantissa[i] + mantissa.slice(j + 1) + rest.join("");
        });
        if (swapped.some((text) => Number(text) === printed.number)) edits.push(plain("two digits have changed places", "digits swapped", 1.5));
      }
      const number = claims.indexOf(claim);
      claims.forEach((other, i) => {
        if (printed.digits < 3 || other === claim || other.printed.number !== printed.number || other.printed.unit !== printed.unit) return;
        if (i < number || other.printed.rounds(other.value)) {
          edits.push(plain(`it is the number printed for ${quantities[other.question.q].name}`, "copied", i < number ? 3 : 3.5));
        }
      });
      return [...edits, ...edits]; // by the engine's numbers, and by the page's
    }

    /** Whether there is such a number, and it is computed from answers, none of which is wrong. */
    function isBuiltOnRightOnes({ value, question }) {
      const needed = new Set(question.parts.map(([, q]) => q));
      const before = claims.filter((x) => x.verdict && needed.has(x.question.q));
      return before.length > 0 && Number.isFinite(value) && before.every(isFaithful);
    }

    function isLastDigit(claim, near) {
      const { printed } = claim;
      return printed.digits >= limits.fewestDigits
        && near.some((x) => Math.abs(x - printed.number) <= 1.5 * printed.unit && hasFurtherDigits(claim, x));
    }

    function explained(claim, found) {
      const [singles, doubles, deeper] = claim.question.slips;
      const single = [...workedOut(singles), ...inPrint(claim, found)];
      const isTelling = Boolean(claim.printed.number); // of a 0 nothing far-fetched is told
      const slip = best(claim, single)
        ?? (isTelling ? best(claim, workedOut(doubles)) ?? best(claim, workedOut(deeper)) ?? best(claim, single, true) : undefined);
      if (!slip || slip.effort > limits.likelierThan) {
        const wrong = found.map((x) => [x, slips(claim, x)]);
        const right = wrong.filter(([, sources]) => !sources.length).map(([x]) => x.value);
        if (isLastDigit(claim, [claim.value, ...right])) return { verdict: "last digit", why: limits.offByOne };
        const nearly = wrong.find(([x, sources]) => sources.length && isLastDigit(claim, [x.value]));
        if (nearly) {
          return { verdict: "carried", why: `it follows from ${shown(nearly[1])}, but for one unit of its last digit`, sources: nearly[1] };
        }
      }
      if (!slip && found.every((x) => x.putIn) && isBuiltOnRightOnes(claim)) return { verdict: "undecided", why: limits.tooFewDigits };
      if (!slip) return { verdict: "wrong", why: claim.question.independence };
      const sources = slips(claim, slip.follows);
      const already = sources.length ? `; and it builds on ${shown(sources)}` : "";
      return { verdict: "mistake", mistake: slip.mistake, why: slip.what + already, sources };
    }

    function judged(claim) {
      const { printed, value } = claim;
      const most = noise(claim, value);
      if (printed.rounds(value, 0, most)) return { verdict: "right" };
      if (printed.cuts(value, 0, most)) return { verdict: "rounded", why: "digits are cut off" };
      const found = ways(claim);
      for (const loose of [false, true]) {
        for (const follows of found) if (fits(claim, follows, loose)) return followed(claim, follows);
      }
      const [first] = [...fromUnrounded(claim), ...fromRounded(claim)];
      if (first) {
        const mark = followed(claim, first.follows);
        return mark.verdict === "rounded" ? { ...mark, why: first.why } : mark;
      }
      return explained(claim, found);
    }

    for (const claim of claims) {
      Object.assign(claim, { mistake: "", why: "", sources: [] }, judged(claim));
      page.take(claim.question.q, sourceOf(claim), claim.verdict !== "right");
      if (!isFaithful(claim)) unrounded.take(claim.question.q, sourceOf(claim), true);
      if (limits.slips.includes(claim.verdict) && Number.isFinite(claim.value)) {
        const right = { ...claim, verdict: "right", printed: readBack(claim.printed.like(claim.value)) };
        misprinted.set(claim.question.q, page.valueOf(sourceOf(right)));
      }
    }
    const marks = answers.map(() => undefined);
    for (const claim of claims) marks[questions.indexOf(claim.question)] = claim;
    return marks;
  };
}

/** Whether a right answer has the digits that are asked for, or needs fewer. */
const hasDigits = (printed, value, digits) => printed.digits >= digits || printed.number === Number(rounded(value, digits));

/** What is said about an answer, as `exercises.checked` says it, and whether it is accepted. */
export function outcomeOf(mark, { problem = "" }, digits, limits) {
  if (!mark) return { verdict: "", accepted: false, sentence: problem };
  const { verdict, why, printed, value } = mark;
  if (limits.faithful.includes(verdict) && !hasDigits(printed, value, digits)) {
    const n = `${digits} significant digit${digits === 1 ? "" : "s"}`;
    return { verdict, accepted: false, short: true, sentence: `Too few digits to tell; give ${n}.` };
  }
  if (limits.slips.includes(verdict)) return { verdict, accepted: false, sentence: why ? `${why[0].toUpperCase()}${why.slice(1)}.` : limits.unknown };
  return { verdict, accepted: true, sentence: verdict === "right" ? "Right." : `Accepted: ${why}.` };
}
