/** Numbers as Python writes them, and the places in texts and formulas that they fill. */

/** As `text.numbers.short_number`: rounded to significant digits, a plain decimal from 0.0001 to below a million. */
export function shortNumber(x, digits) {
  if (x === 0) return "0";
  if (!Number.isFinite(x)) return String(x).replace("Infinity", "inf").replace("NaN", "nan");
  const [mantissa, power] = rounded(x, digits).split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 6) return `${withoutZeros(mantissa)}e${exponent}`;
  if (exponent < digits) return withoutZeros(decimal(mantissa, power));
  return decimal(...rounded(x, Number(x.toExponential().split("e")[1]) + 1).split("e")); // the part before the point in full
}

/** As `repr`: the fewest digits that give the same float. */
export function exactNumber(x) {
  if (!Number.isFinite(x)) return shortNumber(x, 1);
  if (Object.is(x, -0)) return "-0.0";
  const [mantissa, power] = x.toExponential().split("e");
  if (power >= -4 && power < 16) return decimal(mantissa, power).replace(/^[^.]*$/, "$&.0");
  return `${mantissa}e${power[0]}${power.slice(1).padStart(2, "0")}`;
}

/** What a typed text is: `{ value }`, or `{ problem }` in words. */
export function readNumber(text) {
  const typed = text.trim().replace("−", "-");
  if (!typed) return { problem: "a number is needed" };
  if (/^[-+]?\d+,\d+$/.test(typed)) return { problem: `write ${typed.replace(",", ".")}, with a point` };
  if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(typed)) return { problem: `${typed.slice(0, 20)} is no number` };
  const value = Number(typed);
  return Number.isFinite(value) ? { value } : { problem: "larger than any number here" };
}

/** `toExponential`, but half way between two to the even one, as Python rounds. */
function rounded(x, digits) {
  const text = x.toExponential(digits - 1);
  const [more, power] = x.toExponential(digits).split("e");
  const isTie = more.endsWith("5") && /^0*$/.test(x.toExponential(100).split("e")[0].slice(more.length));
  const below = more.slice(0, -1).replace(/\.$/, "");
  return isTie && "02468".includes(below.at(-1)) ? `${below}e${power}` : text;
}

/** Digits with a point, from digits with an exponent. */
function decimal(mantissa, power) {
  const [, sign, digits] = mantissa.replace(".", "").match(/(-?)(.*)/);
  const whole = Number(power) + 1;
  if (whole <= 0) return `${sign}0.${"0".repeat(-whole)}${digits}`;
  return `${sign}${digits.slice(0, whole).padEnd(whole, "0")}${digits.length > whole ? "." : ""}${digits.slice(whole)}`;
}

const withoutZeros = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

const PLACE = /\x7f(\w+)(?:,(\d))?\x7f/g; // the name of a number, and how tightly it must bind to need no brackets
const PLACE_IN_MARKUP = new RegExp(`<mtext>${PLACE.source}</mtext>`, "g");
const [SIGN, PRODUCT, ATOM] = [2, 3, 5];
const UNKNOWN = "–\u2060"; // in place of a number; with a sign that is not seen, so that no label is taken for it

/** A text with its places filled; `number` gives the text of a name, or undefined where there is none now. */
export function filled(text, number) {
  return text.replace(PLACE, (_, name) => number(name) ?? UNKNOWN);
}

/** Markup with its places filled. */
export function filledMarkup(markup, number) {
  return markup.replace(PLACE_IN_MARKUP, (_, name, least) => {
    const text = number(name);
    if (text === undefined) return `<mo>${UNKNOWN}</mo>`;
    const [, minus, mantissa, exponent] = text.match(/^(-?)([^e]*)(?:e(.*))?$/);
    const signed = (digits) => digits.replace(/^-/, "<mo form=\"prefix\">−</mo>").replace(/[^>]+$/, "<mn>$&</mn>");
    const power = exponent && `<msup><mn>10</mn><mrow>${signed(String(Number(exponent)))}</mrow></msup>`;
    const parts = exponent && mantissa === "1" ? power : `<mn>${mantissa.replace("inf", "∞")}</mn>${power ? `<mo>·</mo>${power}` : ""}`;
    const sum = (minus && '<mo form="prefix">−</mo>') + parts;
    return `<mrow>${level(text) < least ? `<mo>(</mo>${sum}<mo>)</mo>` : sum}</mrow>`;
  });
}

/** LaTeX with its places filled, without the lines that say again what stands before them. */
export function filledLatex(latex, number) {
  const whole = latex.replace(PLACE, (_, name, least) => {
    const text = number(name);
    if (text === undefined) return `\\text{${UNKNOWN}}`;
    const [mantissa, exponent] = text.replace("inf", "\\infty").split("e");
    const power = exponent && `10^{${Number(exponent)}}`;
    const written = power ? { 1: power, "-1": `-${power}` }[mantissa] ?? `${mantissa} \\cdot ${power}` : mantissa;
    return level(text) < least ? `\\left(${written}\\right)` : written;
  });
  const right = (line) => line.slice(line.indexOf("&") + 1).replace(/ \\\\$/, "");
  const lines = whole.split("\n");
  const isNew = (line, i) => !line.startsWith(" &") || (right(line) !== right(lines[i - 1]) && !line.includes(UNKNOWN));
  const kept = lines.filter(isNew);
  return kept.join("\n").replace(/ \\\\\n\\end/, "\n\\end");
}

/** How tightly a written number binds. */
const level = (text) => (text.startsWith("-") ? SIGN : text.includes("e") ? PRODUCT : ATOM);
