// What JavaScript lacks of the operations.  A blank line ends a function; a program takes along those that it calls.

// 1 to any power is 1, as in C.
const power = (x, k) => (k === 0 || x === 1 || (x === -1 && Math.abs(k) === Infinity) ? 1 : x ** k);

const powerTimesLog = (p, x) => (p === 0 && x === 0 ? p : p * Math.log(x));

const sign = (x) => (x > 0 ? 1 : x < 0 ? -1 : x === 0 ? 0 : x);

const step = (x) => (x > 0 ? 1 : x <= 0 ? 0 : x);

const relu = (x) => (x <= 0 ? 0 : x);

const leakyRelu = (x, slope) => (x > 0 ? x : slope * x);

function sigmoid(x) {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

function silu(x) {
  if (x >= 0) return x / (1 + Math.exp(-x));
  const root = Math.exp(0.5 * x); // exp(x) is subnormal long before x exp(x) is
  return x * root * (root / (1 + root * root));
}

const gelu = (x) => 0.5 * x * erfc(-x * Math.SQRT1_2);

// Rational approximations of the error function on five intervals, with the coefficients of FreeBSD's s_erf.c,
// Sun Microsystems (1993).
const ERF_SMALL = [
  [1.28379167095512558561e-01, -3.25042107247001499370e-01, -2.84817495755985104766e-02, -5.77027029648944159157e-03,
    -2.37630166566501626084e-05],
  [1, 3.97917223959155352819e-01, 6.50222499887672944485e-02, 5.08130628187576562776e-03, 1.32494738004321644526e-04,
    -3.96022827877536812320e-06],
];

const ERF_NEAR_1 = [
  [-2.36211856075265944077e-03, 4.14856118683748331666e-01, -3.72207876035701323847e-01, 3.18346619901161753674e-01,
    -1.10894694282396677476e-01, 3.54783043256182359371e-02, -2.16637559486879084300e-03],
  [1, 1.06420880400844228286e-01, 5.40397917702171048937e-01, 7.18286544141962662868e-02, 1.26171219808761642112e-01,
    1.36370839120290507362e-02, 1.19844998467991074170e-02],
];

const ERFC_MIDDLE = [
  [-9.86494403484714822705e-03, -6.93858572707181764372e-01, -1.05586262253232909814e+01, -6.23753324503260060396e+01,
    -1.62396669462573470355e+02, -1.84605092906711035994e+02, -8.12874355063065934246e+01, -9.81432934416914548592e+00],
  [1, 1.96512716674392571292e+01, 1.37657754143519042600e+02, 4.34565877475229228821e+02, 6.45387271733267880336e+02,
    4.29008140027567833386e+02, 1.08635005541779435134e+02, 6.57024977031928170135e+00, -6.04244152148580987438e-02],
];

const ERFC_TAIL = [
  [-9.86494292470009928597e-03, -7.99283237680523006574e-01, -1.77579549177547519889e+01, -1.60636384855821916062e+02,
    -6.37566443368389627722e+02, -1.02509513161107724954e+03, -4.83519191608651397019e+02],
  [1, 3.03380607434824582924e+01, 3.25792512996573918826e+02, 1.53672958608443695994e+03, 3.19985821950859553908e+03,
    2.55305040643316442583e+03, 4.74528541206955367215e+02, -2.24409524465858183362e+01],
];

const ERF_OF_1 = 8.45062911510467529297e-01;

const polynomial = (x, coefficients) => coefficients.reduceRight((sum, c) => sum * x + c, 0);

const quotient = (x, [above, below]) => polynomial(x, above) / polynomial(x, below);

// erfc(x) for x >= 1.25 as exp(-x² - 0.5625 + a quotient of 1/x²) / x; x² in two parts, since exp multiplies its rounding.
function erfcTail(x) {
  const high = Math.fround(x);
  const r = quotient(1 / (x * x), x < 1 / 0.35 ? ERFC_MIDDLE : ERFC_TAIL);
  return (Math.exp(-high * high - 0.5625) * Math.exp((high - x) * (high + x) + r)) / x;
}

function erf(x) {
  const size = Math.abs(x);
  if (size < 0.84375) return x + x * quotient(x * x, ERF_SMALL);
  if (size < 1.25) return Math.sign(x) * (ERF_OF_1 + quotient(size - 1, ERF_NEAR_1));
  return Math.sign(x) * (size < 6 ? 1 - erfcTail(size) : size >= 6 ? 1 : x);
}

function erfc(x) {
  if (x < 0.25) return 1 - erf(x);
  if (x < 0.84375) return 0.5 - (x - 0.5 + x * quotient(x * x, ERF_SMALL));
  if (x < 1.25) return 1 - ERF_OF_1 - quotient(x - 1, ERF_NEAR_1);
  return x < 28 ? erfcTail(x) : x >= 28 ? 0 : x;
}

const minimum = (...xs) => xs.reduce((a, b) => (b < a || b !== b ? b : a));

const maximum = (...xs) => xs.reduce((a, b) => (b > a || b !== b ? b : a));

// The exact sum, rounded once: J. R. Shewchuk, Adaptive precision floating-point arithmetic (1997); ties as in math.fsum.
function total(...terms) {
  const parts = []; // their sum is exact, and no two overlap
  for (let x of terms) {
    let n = 0;
    for (let y of parts) {
      if (Math.abs(x) < Math.abs(y)) [x, y] = [y, x];
      const high = x + y;
      const low = y - (high - x);
      if (low) parts[n++] = low;
      x = high;
    }
    parts.length = n;
    if (x !== 0) parts.push(x);
  }
  let sum = parts.pop() ?? 0;
  if (!Number.isFinite(sum)) return terms.reduce((a, b) => a + b);
  while (parts.length) {
    const before = sum;
    const y = parts.pop();
    sum = before + y;
    const low = y - (sum - before);
    if (!low) continue;
    const twice = 2 * low; // half way between two floats, what is left of the parts decides
    const isTie = parts.length && low < 0 === parts.at(-1) < 0 && twice === sum + twice - sum;
    return isTie ? sum + twice : sum;
  }
  return sum;
}

const mean = (...xs) => total(...xs) / xs.length;

function dot(...operands) {
  const n = operands.length >> 1;
  let sum = operands.length % 2 ? operands.at(-1) : 0;
  for (let i = 0; i < n; i += 1) sum += operands[i] * operands[n + i];
  return sum;
}

function logsumexp(...xs) {
  const largest = maximum(...xs);
  if (!Number.isFinite(largest)) return largest;
  return largest + Math.log1p(total(-1, ...xs.map((x) => Math.exp(x - largest)))); // the largest term is exp(0) = 1
}

function softmax(...xs) {
  const largest = maximum(...xs);
  const weights = xs.map((x) => Math.exp(x - largest));
  const whole = total(...weights);
  return weights.map((w) => w / whole);
}
