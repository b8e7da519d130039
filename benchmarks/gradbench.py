"""The problems of GradBench at their smallest sizes: this engine, eager and compiled, beside PyTorch and JAX, every answer compared.

GradBench (github.com/gradbench/gradbench) asks 23 tools for the same derivatives.  The problems are written here anew, from its
descriptions and the papers behind them, on data of our own of the same sizes; each answer is compared with PyTorch's and JAX's, and where
these cannot serve with what GradBench expects.  Hand tracking (``ht``) is left out: it is made of files of measured hands.

``python -m benchmarks.gradbench`` prints which answers agree; ``python -m benchmarks gradbench`` takes the times, too;
``python -m benchmarks.gradbench --tool`` answers GradBench's own messages on standard input, for the problems that need no files.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import hypot, lgamma, log, pi
from operator import mul
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import numpy as np

import autograd_tiny as at
from autograd_tiny import grad, hvp, jacobian, jvp
from autograd_tiny.lowering import compile_function, compile_loss
from benchmarks.measure import Measurement, check_agreement, versus

Answer = Callable[[], Any]
TOLERANCE = 1e-8
"""Of an answer, relative to 1 or its own size.  GradBench allows 1e-4."""


@dataclass(frozen=True)
class Problem:
    """A problem and those who answer it, each by numbers in any arrangement; None for who cannot.

    Attributes:
        size: the smallest that GradBench has.
        why_not: where ``eager`` or ``compiled`` is None.
        expected: what GradBench expects, where only that is known.
    """

    name: str
    size: str
    eager: Answer | None = None
    compiled: Answer | None = None
    torch: Answer | None = None
    jax: Answer | None = None
    why_not: str = ""
    expected: Sequence[float] = ()

    def check(self) -> list[str]:
        """Who agrees.

        Raises:
            ArithmeticError: somebody does not.
        """
        those = {"eager": self.eager, "compiled": self.compiled, "PyTorch": self.torch, "JAX": self.jax}
        answers = {name: flat(answer()) for name, answer in those.items() if answer}
        if self.expected:
            answers["GradBench's number"] = list(self.expected)
        first, *others = answers.values()
        for other in others:
            check_agreement(first, other, TOLERANCE)
        return list(answers)


def flat(x: Any) -> list[float]:
    """All numbers in lists, tuples and arrays of anybody's."""
    if isinstance(x, (list, tuple)):
        return [number for part in x for number in flat(part)]
    if hasattr(x, "toarray"):
        x = x.toarray()
    return [float(number) for number in np.asarray(x.detach() if hasattr(x, "detach") else x, dtype=float).ravel()]


# The problems.  What is plain arithmetic is written once and given to every engine.


def hello() -> Problem:
    """The square of a number."""
    import jax
    import torch

    def square(x: Any) -> Any:
        return x * x

    compiled = compile_function(square)

    def in_torch() -> Any:
        x = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
        return torch.autograd.grad(square(x), x)

    return Problem(
        "hello", "x²", partial(grad(square), 1.5), lambda: compiled(1.5)[1], in_torch, partial(jax.jit(jax.grad(square)), 1.5)
    )


def minors(a: Any, size: int) -> Any:
    """The determinant of a matrix given row by row, by expansion along its first row."""

    def minor(row: int, columns: tuple[int, ...]) -> Any:
        if len(columns) == 1:
            return a[size * row + columns[0]]
        terms = [a[size * row + c] * minor(row + 1, (*columns[:i], *columns[i + 1 :])) for i, c in enumerate(columns)]
        return sum(terms[2::2], terms[0]) - sum(terms[3::2], terms[1])

    return minor(0, tuple(range(size)))


def det(size: int = 5) -> Problem:
    """The determinant of a 5 × 5 matrix by minors."""
    x = np.random.default_rng(1).random(size * size)
    return of_list("det", f"{size} × {size}", partial(minors, size=size), x)


def of_list(name: str, size: str, f: Callable[[Any], Any], x: Any) -> Problem:
    """A function of a list of numbers, the same code for all."""
    import jax
    import torch

    compiled = compile_function(f, len(x))
    tensor = torch.tensor(x, requires_grad=True)
    in_jax = jax.jit(jax.grad(f))

    def in_torch() -> Any:
        return torch.autograd.grad(f(tensor), tensor)[0]

    return Problem(name, size, lambda: grad(f)(x.tolist()), lambda: compiled.value_and_grad(x)[1], in_torch, partial(in_jax, x))


def llsq(rows: int = 16, terms: int = 128) -> Problem:
    """Half the squared distance of a polynomial with 128 coefficients from the sign, at 16 points."""
    import jax
    import torch

    x = np.random.default_rng(2).random(terms)
    t = np.linspace(-1.0, 1.0, rows)
    powers, s = t[:, None] ** np.arange(terms), np.sign(t)

    def f(x: Any) -> Any:
        return 0.5 * at.total([(si - at.dot(row, x, 0.0)) ** 2 for si, row in zip(s.tolist(), powers.tolist())])

    compiled = compile_loss(lambda x, sample: 0.5 * rows * (sample[terms] - at.dot(sample[:terms], x, 0.0)) ** 2, terms, terms + 1)
    samples = np.column_stack([powers, s])
    tensor, p, target = torch.tensor(x, requires_grad=True), torch.tensor(powers), torch.tensor(s)

    def in_torch() -> Any:
        return torch.autograd.grad(0.5 * ((target - p @ tensor) ** 2).sum(), tensor)[0]

    in_jax = jax.jit(jax.grad(lambda x: 0.5 * ((s - powers @ x) ** 2).sum()))
    return Problem(
        "llsq", f"{rows} points, {terms} coefficients", lambda: grad(f)(x.tolist()),
        lambda: compiled.value_and_grad(x, samples)[1], in_torch, partial(in_jax, x),
    )  # fmt: skip


def lse(n: int = 2500) -> Problem:
    """log Σ exp of 2,500 numbers, from exponentials, sums and the greatest number."""
    import jax
    import torch

    x = np.random.default_rng(3).random(n)

    def f(x: Any) -> Any:
        greatest = max(at.stop_gradient(list(x)))
        return greatest + at.log(at.total([at.exp(xi - greatest) for xi in x]))

    compiled = compile_function(lambda x: at.logsumexp(x), n)
    tensor = torch.tensor(x, requires_grad=True)

    def in_torch() -> Any:
        greatest = tensor.max()
        return torch.autograd.grad(greatest + (tensor - greatest).exp().sum().log(), tensor)[0]

    def in_jax(x: Any) -> Any:
        return x.max() + jax.numpy.log(jax.numpy.exp(x - x.max()).sum())

    return Problem(
        "lse", f"{n:,} numbers", lambda: grad(f)(x.tolist()), lambda: compiled.value_and_grad(x)[1], in_torch,
        partial(jax.jit(jax.grad(in_jax)), x),
    )  # fmt: skip


def runge_kutta(y: Any, f: Callable[[Any], Any], until: float, steps: int, along: Callable[[Any, float, Any], Any]) -> Any:
    """The classical method of fourth order; ``along(y, h, k)`` is y + h k."""
    h = until / steps
    for _ in range(steps):
        k1 = f(y)
        k2 = f(along(y, h / 2, k1))
        k3 = f(along(y, h / 2, k2))
        k4 = f(along(y, h, k3))
        y = along(along(along(along(y, h / 6, k1), h / 3, k2), h / 3, k3), h / 6, k4)
    return y


def last_of_ode(x: Any, steps: int) -> Any:
    """y' = x₀ for the first number, and x times the one before for the others, from 0 to time 2; the last number."""

    def along(y: Any, h: float, k: Any) -> Any:
        return [a + h * b for a, b in zip(y, k)]

    def slope(y: Any) -> Any:
        return [x[0], *map(mul, x[1:], y)]

    return runge_kutta([0.0] * len(x), slope, 2.0, steps, along)[-1]


def ode(n: int = 1000, steps: int = 1) -> Problem:
    """A chain of 1,000 differential equations, one step.  Its gradient is 0 throughout; that of a short chain is compared, too."""
    import jax
    import torch

    def in_torch(x: Any, steps: int) -> Any:
        def slope(y: Any) -> Any:
            return torch.cat([x[:1], x[1:] * y[:-1]])

        return torch.autograd.grad(runge_kutta(torch.zeros_like(x), slope, 2.0, steps, torch_along)[-1], x)[0]

    def torch_along(y: Any, h: float, k: Any) -> Any:
        return y + h * k

    def in_jax(x: Any, steps: int) -> Any:
        def slope(y: Any) -> Any:
            return jax.numpy.concatenate([x[:1], x[1:] * y[:-1]])

        return runge_kutta(jax.numpy.zeros_like(x), slope, 2.0, steps, torch_along)[-1]

    x = np.random.default_rng(4).random(n)
    jitted = jax.jit(jax.grad(in_jax), static_argnums=1)

    def problem(x: Any, steps: int) -> Problem:
        compiled = compile_function(partial(last_of_ode, steps=steps), len(x))
        return Problem(
            "ode", f"{len(x):,} equations, {steps} step", lambda: grad(partial(last_of_ode, steps=steps))(x.tolist()),
            lambda: compiled.value_and_grad(x)[1], partial(in_torch, torch.tensor(x, requires_grad=True), steps),
            partial(jitted, x, steps),
        )  # fmt: skip

    problem(x[:12], 10).check()
    return problem(x, steps)


def kmeans(k: int = 10, n: int = 1000, d: int = 8) -> Problem:
    """Newton's direction for the centres of 10 clusters: the gradient over the diagonal of the Hessian, which has nothing beside it."""
    import jax
    import torch

    points = np.random.default_rng(5).random((n, d))
    centres = points[-k:].copy()

    def nearest(point: Any, centres: Any) -> Any:
        return at.minimum(*[at.total([(c - p) ** 2 for c, p in zip(centre, point)]) for centre in centres])

    def cost(centres: Any) -> Any:
        return at.total([nearest(point, centres) for point in points.tolist()])

    def eager() -> Any:
        c = centres.tolist()
        return np.array(grad(cost)(c)) / np.array(hvp(cost)(c, np.ones((k, d)).tolist()))

    compiled = compile_function(lambda x: nearest(x[k * d :], [x[i : i + d] for i in range(0, k * d, d)]), k * d + d)
    rows = np.hstack([np.tile(centres.ravel(), (n, 1)), points])
    ones = np.concatenate([np.ones(k * d), np.zeros(d)])

    def natively() -> Any:
        slopes, curvatures = compiled.value_and_grad(rows)[1], compiled.hvp(rows, ones)
        return slopes.sum(0)[: k * d] / curvatures.sum(0)[: k * d]

    def cost_of(centres: Any, points: Any) -> Any:
        return ((points[:, None, :] - centres[None, :, :]) ** 2).sum(-1)

    c, p = torch.tensor(centres), torch.tensor(points)

    def in_torch() -> Any:
        slope, product = torch.autograd.functional.vhp(lambda c: cost_of(c, p).min(dim=1).values.sum(), c, torch.ones_like(c))
        x = c.clone().requires_grad_()
        (slope,) = torch.autograd.grad(cost_of(x, p).min(dim=1).values.sum(), x)
        return slope / product

    def in_jax(c: Any) -> Any:
        slope = jax.grad(lambda c: cost_of(c, points).min(axis=1).sum())
        return jax.numpy.divide(*jax.jvp(slope, (c,), (jax.numpy.ones_like(c),)))

    return Problem("kmeans", f"{n:,} points of {d}, {k} centres", eager, natively, in_torch, partial(jax.jit(in_jax), centres))


# Gradients within gradients.  Pearlmutter and Siskind (2008), Using programming language theory to make automatic differentiation sound
# and efficient, give both problems and the descent, whose rate doubles after ten steps that go down and halves after one that does not.


def forward_gradient(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The gradient by a sweep in forward mode for each number."""

    def gradient_of(x: Sequence[Any]) -> list[Any]:
        return [jvp(f, (list(x),), ([float(i == j) for j in range(len(x))],))[1] for i in range(len(x))]

    return gradient_of


def argmin(f: Callable[[Any], Any], x: list[Any], gradient_by: Callable[..., Any]) -> list[Any]:
    """Where gradient descent from ``x`` stops."""
    slope_of, rate, steps = gradient_by(f), 1e-5, 0
    here, slope = f(x), slope_of(x)
    while length(slope) > 1e-5:
        if steps == 10:
            rate, steps = 2.0 * rate, 0
            continue
        there = [a - rate * b for a, b in zip(x, slope)]
        if length([a - b for a, b in zip(x, there)]) <= 1e-5:
            break
        if number(lower := f(there)) < number(here):
            x, here, slope, steps = there, lower, slope_of(there), steps + 1
        else:
            rate, steps = rate / 2.0, 0
    return x


def number(x: Any) -> float:
    """The number that a Value has now, however many sweeps go through it."""
    return x.data if hasattr(x, "data") else float(x)


def length(vector: Sequence[Any]) -> float:
    """The Euclidean norm of the numbers as they are now."""
    return hypot(*map(number, vector))


MODES = {"ff": (forward_gradient, forward_gradient), "fr": (forward_gradient, grad), "rf": (grad, forward_gradient), "rr": (grad, grad)}
"""Which mode the outer and which the inner gradient takes."""


def saddle_point(start: Sequence[float], modes: str) -> list[float]:
    """Where x makes the maximum over y of |x|² - |y|² smallest, and that y."""
    outer, inner = MODES[modes]

    def below(x: Any, y: Any) -> Any:
        return at.total([b * b for b in y]) - at.total([a * a for a in x])

    def greatest(x: Any) -> Any:
        return -below(x, argmin(partial(below, x), list(start), inner))

    x = argmin(greatest, list(start), outer)
    return [*map(number, x), *map(number, argmin(partial(below, x), list(start), outer))]


def saddle() -> Problem:
    """A saddle point by gradient descent within gradient descent."""
    return Problem(
        "saddle", "from (1, 1), all four modes", lambda: [saddle_point([1.0, 1.0], modes) for modes in MODES],
        why_not="not compiled: how long it descends depends on numbers", expected=[8.246324826140356e-06] * 16,
    )  # fmt: skip


def squared_miss(w: Any, gradient_by: Callable[..., Any]) -> Any:
    """The square of where a charged particle crosses the axis, by Euler's method in steps of 0.1."""
    charges = [[10.0, 10.0 - w], [10.0, 0.0]]

    def potential(x: Any) -> Any:
        return at.total([1.0 / at.sqrt((x[0] - cx) ** 2 + (x[1] - cy) ** 2) for cx, cy in charges])

    slope, x, velocity = gradient_by(potential), [0.0, 8.0], [0.75, 0.0]
    while True:
        there = [a + 0.1 * v for a, v in zip(x, velocity)]
        if number(there[1]) <= 0.0:
            return (x[0] - x[1] / velocity[1] * velocity[0]) ** 2
        x, velocity = there, [v - 0.1 * s for v, s in zip(velocity, slope(x))]


def particle_control(w: float, modes: str) -> float:
    """The control for which the particle crosses the axis at the origin."""
    outer, inner = MODES[modes]
    return number(argmin(lambda w: squared_miss(w[0], inner), [w], outer)[0])


def particle() -> Problem:
    """The path of a charged particle, whose force is a gradient, controlled by gradient descent."""
    return Problem(
        "particle", "from w = 0, all four modes", lambda: [particle_control(0.0, modes) for modes in MODES],
        why_not="not compiled: how long it flies and descends depends on numbers", expected=[0.2071918746486116] * 4,
    )  # fmt: skip


def gmm(d: int = 2, k: int = 5, n: int = 1000) -> Problem:
    """The log likelihood of a mixture of Gaussians with a Wishart prior, by weights, means and factors of the precision.

    Srajer, Kukelova and Fitzgibbon (2018), A benchmark of selected algorithmic differentiation tools; γ = 1 and m = 0.
    """
    import jax
    import torch

    rng = np.random.default_rng(6)
    lower = d * (d - 1) // 2
    parts = [rng.normal(size=k), rng.random((k, d)), rng.normal(size=(k, d)), rng.normal(size=(k, lower))]
    x, theta, sizes = rng.normal(size=(n, d)), np.concatenate([p.ravel() for p in parts]), [k, k * d, k * d, k * lower]
    ends = np.cumsum([0, *sizes])
    below = [(i, j) for j in range(d) for i in range(j + 1, d)]
    constant = -n * d / 2 * log(2 * pi)
    degrees = d + 1
    multigamma = d * (d - 1) / 4 * log(pi) + sum(lgamma((degrees - i) / 2) for i in range(d))
    wishart = -k * (degrees * d / 2 * log(2.0) + multigamma)

    def split(theta: Any) -> list[Any]:
        return [theta[a:b] for a, b in pairwise(ends)]

    def terms(theta: Any, sample: Any) -> list[Any]:
        """Of each component, the logarithm of its weight times its density, up to constants."""
        alpha, mu, q, under = split(theta)
        found = []
        for c in range(k):
            away = [sample[i] - mu[c * d + i] for i in range(d)]
            qx = [at.exp(q[c * d + i]) * away[i] for i in range(d)]
            for place, (i, j) in enumerate(below):
                qx[i] = qx[i] + under[c * lower + place] * away[j]
            found.append(alpha[c] + at.total(q[c * d : c * d + d]) - 0.5 * at.total([z * z for z in qx]))
        return found

    def prior(theta: Any) -> Any:
        alpha, _, q, under = split(theta)
        squares = [at.exp(2.0 * x) for x in q] + [x * x for x in under]
        return constant + wishart - n * at.logsumexp(*alpha) - 0.5 * at.total(squares)

    def likelihood(theta: Any) -> Any:
        return at.total([at.logsumexp(*terms(theta, row)) for row in x.tolist()]) + prior(theta)

    compiled = compile_loss(lambda theta, row: n * at.logsumexp(*terms(theta, row)), len(theta), d)
    compiled_prior = compile_function(prior, len(theta))

    def natively() -> Any:
        return compiled.value_and_grad(theta, x)[1] + compiled_prior.value_and_grad(theta)[1]

    def in_arrays(theta: Any, xp: Any, x: Any, logsumexp: Any) -> Any:
        alpha, mu, q, under = split(theta)
        mu, q, under = mu.reshape(k, d), q.reshape(k, d), under.reshape(k, lower)
        away = x[:, None, :] - mu[None]
        columns = [xp.exp(q[:, i]) * away[:, :, i] for i in range(d)]
        for place, (i, j) in enumerate(below):
            columns[i] = columns[i] + under[:, place] * away[:, :, j]
        main = alpha + q.sum(1) - 0.5 * sum(c**2 for c in columns)
        squares = xp.exp(2.0 * q).sum() + (under**2).sum()
        return logsumexp(main, 1).sum() + constant + wishart - n * logsumexp(alpha, 0) - 0.5 * squares

    tensor, data = torch.tensor(theta, requires_grad=True), torch.tensor(x)

    def in_torch() -> Any:
        return torch.autograd.grad(in_arrays(tensor, torch, data, torch.logsumexp), tensor)[0]

    in_jax = jax.jit(jax.grad(lambda theta: in_arrays(theta, jax.numpy, x, jax.nn.logsumexp)))
    size = f"{n:,} points of {d}, {k} components"
    return Problem("gmm", size, lambda: grad(likelihood)(theta.tolist()), natively, in_torch, partial(in_jax, theta))


def lstm(layers: int = 2, letters: int = 1024, width: int = 14) -> Problem:
    """A long short-term memory whose weight matrices are diagonal, over a sequence of 1,024."""
    import jax
    import torch

    rng = np.random.default_rng(7)
    main, extra = rng.normal(size=(2 * layers, 4 * width)), rng.normal(size=(3, width))
    state, sequence = rng.normal(size=(2 * layers, width)), rng.integers(0, 2, (letters, width)).astype(float)
    split, n_main = 4 * width * 2 * layers, 2 * layers

    def objective(weights: Any, engine: Engine) -> Any:
        """-Σ target · log probability, over all letters but the first."""
        main, extra = engine.rows(weights[:split], n_main), engine.rows(weights[split:], 3)
        states, given, lost = [engine.constant(row) for row in state], engine.constant(sequence[0]), []
        for wanted in map(engine.constant, sequence[1:]):
            x = engine.times(given, extra[0])
            for i in range(0, n_main, 2):
                hidden, cell = states[i], states[i + 1]
                gates = [engine.gate(main[i], main[i + 1], place, width, x if place % 2 == 0 else hidden) for place in range(4)]
                forget, enter, leave = map(engine.sigmoid, gates[:3])
                cell = engine.plus(engine.times(cell, forget), engine.times(enter, engine.tanh(gates[3])))
                x = states[i] = engine.times(leave, engine.tanh(cell))
                states[i + 1] = cell
            predicted = engine.plus(engine.times(x, extra[1]), extra[2])
            lost.append(engine.loss(predicted, wanted))
            given = wanted
        return -engine.total(lost) / (width * (letters - 1))

    weights = np.concatenate([main.ravel(), extra.ravel()])
    tensor = torch.tensor(weights, requires_grad=True)
    in_jax = jax.jit(jax.grad(partial(objective, engine=Arrays(jax.numpy, jax.nn.sigmoid, jax.numpy.asarray))))

    def in_torch() -> Any:
        return torch.autograd.grad(objective(tensor, Arrays(torch, torch.sigmoid, torch.tensor)), tensor)[0]

    return Problem(
        "lstm", f"{layers} layers, {letters:,} letters", lambda: grad(partial(objective, engine=Scalars()))(weights.tolist()),
        None, in_torch, partial(in_jax, weights) if letters < 100 else None,
        "not compiled: 1,023 steps in a row are a program of a million instructions, for JAX, too, without its loops",
    )  # fmt: skip


class Scalars:
    """What the network needs, on lists of scalars of ours."""

    sigmoid = staticmethod(lambda x: [at.sigmoid(a) for a in x])
    tanh = staticmethod(lambda x: [at.tanh(a) for a in x])
    total = staticmethod(at.total)

    def rows(self, numbers: Any, n: int) -> Any:
        width = len(numbers) // n
        return [numbers[i * width : (i + 1) * width] for i in range(n)]

    def constant(self, row: Any) -> Any:
        return row.tolist()

    def times(self, x: Any, y: Any) -> Any:
        return [a * b for a, b in zip(x, y)]

    def plus(self, x: Any, y: Any) -> Any:
        return [a + b for a, b in zip(x, y)]

    def gate(self, weight: Any, bias: Any, place: int, width: int, x: Any) -> Any:
        part = slice(place * width, (place + 1) * width)
        return self.plus(self.times(x, weight[part]), bias[part])

    def loss(self, predicted: Any, wanted: Any) -> Any:
        of_all = at.log(at.total([at.exp(x) for x in predicted]) + 2.0)
        return at.total([y * (x - of_all) for x, y in zip(predicted, wanted)])


class Arrays:
    """The same on arrays of another engine."""

    def __init__(self, xp: Any, sigmoid: Any, constant: Any) -> None:
        self.xp, self.sigmoid, self.constant, self.tanh = xp, sigmoid, constant, xp.tanh

    def rows(self, numbers: Any, n: int) -> Any:
        return numbers.reshape(n, -1)

    def times(self, x: Any, y: Any) -> Any:
        return x * y

    def plus(self, x: Any, y: Any) -> Any:
        return x + y

    def gate(self, weight: Any, bias: Any, place: int, width: int, x: Any) -> Any:
        part = slice(place * width, (place + 1) * width)
        return x * weight[part] + bias[part]

    def loss(self, predicted: Any, wanted: Any) -> Any:
        return (wanted * (predicted - self.xp.log(self.xp.exp(predicted).sum() + 2.0))).sum()

    def total(self, parts: Any) -> Any:
        return sum(parts)


Engine = Scalars | Arrays


def reprojection(camera: Any, point: Any, weight: Any, feature: Any, xp: Any) -> list[Any]:
    """How far a point that a camera sees is from where it was found, times its weight; and how far the weight is from 1.

    Rodrigues' rotation, two radial coefficients, focal length and principal point: Agarwal, Snavely, Seitz and Szeliski (2010), Bundle
    adjustment in the large.
    """
    turn, centre, focal, principal, radial = camera[:3], camera[3:6], camera[6], camera[7:9], camera[9:11]
    from_centre = [point[i] - centre[i] for i in range(3)]
    angle = xp.sqrt(turn[0] * turn[0] + turn[1] * turn[1] + turn[2] * turn[2])
    axis = [t / angle for t in turn[:3]]
    cross = [axis[i - 2] * from_centre[i - 1] - axis[i - 1] * from_centre[i - 2] for i in range(3)]
    along = (axis[0] * from_centre[0] + axis[1] * from_centre[1] + axis[2] * from_centre[2]) * (1.0 - xp.cos(angle))
    seen = [from_centre[i] * xp.cos(angle) + cross[i] * xp.sin(angle) + axis[i] * along for i in range(3)]
    flat = [seen[0] / seen[2], seen[1] / seen[2]]
    squared = flat[0] * flat[0] + flat[1] * flat[1]
    bent = 1.0 + radial[0] * squared + radial[1] * squared * squared
    return [*[weight * (flat[i] * bent * focal + principal[i] - feature[i]) for i in range(2)], 1.0 - weight * weight]


def ba(observations: int = 31_843) -> Problem:
    """The sparse Jacobian of 31,843 observations, block by block: three numbers by the camera, the point and the weight of each."""
    import jax
    import torch

    rng = np.random.default_rng(8)
    camera = [0.1, -0.2, 0.3, 0.5, -0.5, -5.0, 500.0, 3.0, -2.0, 1e-3, 1e-4]
    rows = np.array([*camera, 0.3, 0.2, 1.0, 0.9, 4.0, -3.0]) * rng.uniform(0.9, 1.1, (observations, 17))

    def f(x: Any, xp: Any = at) -> list[Any]:
        return reprojection(x[:11], x[11:14], x[14], x[15:17], xp)

    compiled = compile_function(lambda x: f(x), 17)

    def natively() -> Any:
        return compiled.jacobian(rows)[:, :, :15]

    def eager() -> Any:
        """The blocks of a hundredth of the observations."""
        return [row[:15] for point in rows[::100].tolist() for row in jacobian(f)(point)]

    blocks = torch.func.vmap(torch.func.jacrev(lambda x: torch.stack(f(x, torch))))
    in_jax = jax.jit(jax.vmap(jax.jacfwd(lambda x: jax.numpy.stack(f(x, jax.numpy)))))
    check_agreement(flat(eager()), flat(natively()[::100]), TOLERANCE)
    return Problem(
        "ba", f"{observations:,} observations", None, natively,
        lambda: blocks(torch.tensor(rows))[:, :, :15], lambda: in_jax(rows)[:, :, :15],
        "eager, a call for each observation, is compared at every hundredth",
    )  # fmt: skip


PROBLEMS = {f.__name__: f for f in (hello, det, llsq, lse, ode, kmeans, saddle, particle, gmm, lstm, ba)}


def run(repeats: int) -> list[Measurement]:
    """Eager and compiled beside PyTorch and JAX, where these have an answer."""
    prepare()
    rows = []
    for make in PROBLEMS.values():
        problem = make()
        problem.check()
        peers = [(name, peer) for name, peer in (("PyTorch", problem.torch), ("JAX jit", problem.jax)) if peer]
        for how, ours in (("eager", problem.eager), ("compiled", problem.compiled)):
            if ours:
                rows += [versus(f"{problem.name}, {problem.size}, {how}", ours, name, peer, repeats) for name, peer in peers]
    return rows


def prepare() -> None:
    """Every engine computes with 64 bits on one core."""
    import jax
    import torch

    jax.config.update("jax_enable_x64", True)
    torch.set_num_threads(1)


def answer(message: dict[str, Any]) -> dict[str, Any]:
    """What a tool of GradBench answers to a message, for the problems whose data stands in the message."""
    functions: dict[tuple[str, str], Callable[[Any], Any]] = {
        ("hello", "square"): lambda x: x * x,
        ("hello", "double"): grad(lambda x: x * x),
        ("det", "primal"): lambda given: minors(given["A"], given["ell"]),
        ("det", "gradient"): lambda given: grad(partial(minors, size=given["ell"]))(given["A"]),
        ("lse", "primal"): lambda given: number(at.logsumexp(*given["x"])),
        ("lse", "gradient"): lambda given: grad(lambda x: at.logsumexp(*x))(given["x"]),
        ("ode", "gradient"): lambda given: grad(partial(last_of_ode, steps=given["s"]))(given["x"]),
        **{("saddle", modes): lambda given, modes=modes: saddle_point(given["start"], modes) for modes in MODES},
        **{("particle", modes): lambda given, modes=modes: particle_control(given["w"], modes) for modes in MODES},
    }
    kind, told = message.get("kind"), {"id": message.get("id")}
    if kind == "start":
        return {**told, "tool": "autograd_tiny"}
    if kind == "define":
        return {**told, "success": any(module == message["module"] for module, _ in functions)}
    if kind == "evaluate":
        function = functions.get((message["module"], message["function"]))
        if function is None:
            return {**told, "success": False, "status": "unimplemented"}
        start = time.perf_counter_ns()
        output = function(message["input"])
        taken = {"name": "evaluate", "nanoseconds": time.perf_counter_ns() - start}
        return {**told, "success": True, "output": output, "timings": [taken]}
    return told


def main(arguments: Sequence[str]) -> None:
    """Print which answers agree, or with ``--tool`` answer messages, a line each."""
    if "--tool" in arguments:
        for line in sys.stdin:
            print(json.dumps(answer(json.loads(line))), flush=True)
        return
    prepare()
    for name in [name for name in arguments if name in PROBLEMS] or PROBLEMS:
        problem = PROBLEMS[name]()
        start = time.process_time()
        agreed = problem.check()
        why = f" ({problem.why_not})" if problem.why_not else ""
        print(f"{name:9} {problem.size:36} {', '.join(agreed)} agree{why}, {time.process_time() - start:.1f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
