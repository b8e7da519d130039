/* What C's mathematics lacks.  A blank line ends a function; a program takes along those that it calls. */

static double power_times_log(double p, double x) {
    return p == 0.0 && x == 0.0 ? p : p * log(x);
}

static double square(double x) {
    return x * x;
}

static double sign(double x) {
    return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x == 0.0 ? 0.0 : x;
}

static double step(double x) {
    return x > 0.0 ? 1.0 : x <= 0.0 ? 0.0 : x;
}

static double relu(double x) {
    return x <= 0.0 ? 0.0 : x;
}

static double leaky_relu(double x, double slope) {
    return x > 0.0 ? x : slope * x;
}

static double sigmoid(double x) {
    if (x >= 0.0) return 1.0 / (1.0 + exp(-x));
    const double e = exp(x);
    return e / (1.0 + e);
}

static double softplus(double x) {
    return (x > 0.0 ? x : 0.0) + log1p(exp(-fabs(x)));
}

static double silu(double x) {
    if (x >= 0.0) return x / (1.0 + exp(-x));
    const double root = exp(0.5 * x); /* exp(x) is subnormal long before x exp(x) is */
    return x * root * (root / (1.0 + root * root));
}

static double gelu(double x) {
    return 0.5 * x * erfc(-x * 0.70710678118654757); /* the root of a half */
}

static double minimum(size_t n, const double *xs) {
    double least = xs[0];
    for (size_t i = 1; i < n; i++)
        if (xs[i] < least || xs[i] != xs[i]) least = xs[i];
    return least;
}

static double maximum(size_t n, const double *xs) {
    double largest = xs[0];
    for (size_t i = 1; i < n; i++)
        if (xs[i] > largest || xs[i] != xs[i]) largest = xs[i];
    return largest;
}

/* The exact sum, rounded once: J. R. Shewchuk, Adaptive precision floating-point arithmetic (1997);
   ties as in Python's math.fsum. */
static double total(size_t n, const double *terms) {
    double parts[1100]; /* whose sum is exact; a zero bit between any two: at most 1,049 of the 2,098 bits of floats */
    size_t used = 0;
    double plain = 0.0;
    for (size_t i = 0; i < n; i++) {
        double x = terms[i];
        size_t kept = 0;
        plain += x;
        for (size_t k = 0; k < used; k++) {
            double y = parts[k];
            if (fabs(x) < fabs(y)) {
                const double larger = y;
                y = x;
                x = larger;
            }
            const double high = x + y;
            const double low = y - (high - x);
            if (low != 0.0) parts[kept++] = low;
            x = high;
        }
        if (!isfinite(x)) { /* the sum of all tells infinity from nan */
            for (i++; i < n; i++) plain += terms[i];
            return plain;
        }
        if (x != 0.0) parts[kept++] = x;
        used = kept;
    }
    double sum = used ? parts[--used] : 0.0;
    while (used) {
        const double before = sum, y = parts[--used];
        sum = before + y;
        const double low = y - (sum - before);
        if (low == 0.0) continue;
        /* Half way between two floats, what is left of the parts decides. */
        const double twice = 2.0 * low, up = sum + twice;
        return used && (low < 0.0) == (parts[used - 1] < 0.0) && twice == up - sum ? up : sum;
    }
    return sum;
}

static double mean(size_t n, const double *xs) {
    return total(n, xs) / (double)n;
}

static double dot(size_t n, const double *operands) {
    double sum = n % 2 ? operands[n - 1] : 0.0;
    for (size_t i = 0; i < n / 2; i++) sum += operands[i] * operands[n / 2 + i];
    return sum;
}

static void softmax(size_t n, const double *xs, double *weights) {
    const double largest = maximum(n, xs);
    for (size_t i = 0; i < n; i++) weights[i] = exp(xs[i] - largest);
    const double whole = total(n, weights);
    for (size_t i = 0; i < n; i++) weights[i] /= whole;
}

static double logsumexp(size_t n, const double *xs) {
    const double largest = maximum(n, xs);
    if (!isfinite(largest)) return largest;
    double others = 0.0; /* than the largest, whose term is exp(0) = 1 */
    size_t at = 0;
    while (xs[at] != largest) at++;
    for (size_t i = 0; i < n; i++)
        if (i != at) others += exp(xs[i] - largest);
    return largest + log1p(others);
}
