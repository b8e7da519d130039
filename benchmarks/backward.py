"""Backward passes over whole arrays, as people write them by hand for a batch, with one of their lines wrong.

Plain arithmetic on lists of rows; the engine only records the same network, for the marker to look at.  The mistakes are written
from their description alone and share nothing with the marker.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import NamedTuple, cast

from autograd_tiny import array, log
from autograd_tiny.engine.value import Value

Row = list[float]
Matrix = list[Row]
Given = Matrix | Row
Step = tuple[str, int]
"""A line of a backward pass: what it works out, and in which layer, from 1."""
Instead = Callable[["Network", int, Matrix], Given]
"""What stands in place of a line: of the network, the layer and the derivative by what comes out of it."""

ACTIVATIONS: dict[str, tuple[Callable[[float], float], Callable[[float, float], float]]] = {
    "tanh": (math.tanh, lambda z, a: 1.0 - a * a),
    "sigmoid": (lambda z: 1.0 / (1.0 + math.exp(-z)), lambda z, a: a * (1.0 - a)),
    "relu": (lambda z: max(z, 0.0), lambda z, a: float(z > 0.0)),
}
"""Each activation with its derivative, of what goes into it and what comes out."""
MISTAKEN: dict[str, list[Callable[[float], float]]] = {
    "tanh": [lambda a: 1.0 - a, lambda a: a * (1.0 - a)],
    "sigmoid": [lambda a: a, lambda a: 1.0 - a, lambda a: 1.0 - a * a],
    "relu": [lambda a: a * (1.0 - a)],
}
"""Wrong derivatives, in terms of the output: a square or a factor forgotten, and the rule of another activation."""
ARRAY_KINDS = (
    "sign",
    "factor",
    "activation derivative missing",
    "wrong point",
    "mistaken rule",
    "softmax diagonal only",
    "one path kept",
    "term left out",
    "activation missing",
    "transposed",
    "wrong axis",
    "shape",
)


def times(a: Matrix, b: Matrix) -> Matrix:
    """The product of two matrices."""
    return [[math.fsum(x * y for x, y in zip(row, column)) for column in zip(*b)] for row in a]


def turned(a: Matrix) -> Matrix:
    """The transpose."""
    return [list(column) for column in zip(*a)]


def each(function: Callable[..., float], *arrays: Matrix) -> Matrix:
    """A function entry by entry."""
    return [[function(*entries) for entries in zip(*rows)] for rows in zip(*arrays)]


def scaled(a: Given, factor: float) -> Given:
    """A vector or a matrix, times a number."""
    return [[factor * x for x in row] if isinstance(row, list) else factor * row for row in a]  # type: ignore[return-value]


def down(a: Matrix) -> Row:
    """The sum over the rows: over the samples."""
    return [math.fsum(column) for column in zip(*a)]


@dataclass
class Network:
    """Layers of one batch: samples are rows, and weights are multiplied from the right.

    Attributes:
        sizes: inputs, hidden layers, outputs.
        activations: of the hidden layers.
        loss: ``"softmax"`` with cross-entropy, or ``"squares"``, both as means over the samples.
        decay: by which the squares of the last weights are added to the loss.
        weights, biases: from the first layer to the last.
        targets: one row per sample.
        before, after: what goes into each layer's activation, and what comes out of each layer, that of none being the inputs.
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str
    decay: float
    weights: list[Matrix]
    biases: list[Row]
    targets: Matrix
    before: list[Matrix]
    after: list[Matrix]

    @property
    def layers(self) -> int:
        """How many there are."""
        return len(self.weights)

    @property
    def samples(self) -> int:
        """How many there are."""
        return len(self.targets)


def random_network(random: Random) -> Network:
    """Two or three layers of 2 to 4 neurons, some of them with square weights, and 3 to 5 samples."""
    layers = random.randint(2, 3)
    sizes = tuple(random.randint(2, 4) for _ in range(layers + 1))
    loss = random.choice(["softmax", "squares"])
    activations = tuple(random.choice(list(ACTIVATIONS)) for _ in range(layers - 1))
    samples = random.choice([n for n in (3, 4, 5) if n not in sizes] or [5])

    def numbers(rows: int, columns: int) -> Matrix:
        return [[round(random.uniform(-1.2, 1.2), 2) or 0.3 for _ in range(columns)] for _ in range(rows)]

    weights = [numbers(m, n) for m, n in pairwise(sizes)]
    biases = [numbers(1, n)[0] for n in sizes[1:]]
    chosen = [random.randrange(sizes[-1]) for _ in range(samples)]
    classes = [[float(n == k) for n in range(sizes[-1])] for k in chosen]
    targets = classes if loss == "softmax" else numbers(samples, sizes[-1])
    decay = random.choice([0.0, 0.1]) if loss == "squares" else 0.0
    network = Network(sizes, activations, loss, decay, weights, biases, targets, [], [numbers(samples, sizes[0])])
    for layer, (w, b) in enumerate(zip(weights, biases)):
        z = [[x + y for x, y in zip(row, b)] for row in times(network.after[-1], w)]
        network.before.append(z)
        network.after.append(each(ACTIVATIONS[activations[layer]][0], z) if layer < layers - 1 else _output(network, z))
    return network


def _output(network: Network, z: Matrix) -> Matrix:
    if network.loss != "softmax":
        return z
    return [[math.exp(x) / math.fsum(map(math.exp, row)) for x in row] for row in z]


def recorded(network: Network) -> Value:
    """The loss in the engine, with the arrays by their names: W1, b1, Z1, A1, and so on."""
    a = array(network.after[0])
    for layer, (w, b) in enumerate(zip(network.weights, network.biases), 1):
        weights = array(w, f"W{layer}")
        z = a @ weights + array(b, f"b{layer}")
        z.label = f"Z{layer}"
        if layer < network.layers:
            a = getattr(z, network.activations[layer - 1])()
            a.label = f"A{layer}"
    if network.loss == "softmax":
        p = z.softmax()
        p.label = "P"
        loss = -(array(network.targets) * log(p)).sum() / network.samples
    else:
        loss = ((z - array(network.targets)) ** 2).sum() / network.samples
        if network.decay:
            loss.label = "fit"
            size = network.decay * (weights**2).sum()
            size.label = "size"
            loss = loss + size
    loss.label = "L"
    return cast(Value, loss)


# ── a backward pass, line by line ────────────────────────────────────────────────────────────────────────────────────


def _loss(network: Network, layer: int, g: Matrix) -> Matrix:
    """The derivative by what goes into the loss, of softmax and cross-entropy in one go."""
    usual = 1.0 if network.loss == "softmax" else 2.0
    return each(lambda y, t: usual * (y - t) / network.samples, network.after[-1], network.targets)


def _slope(network: Network, layer: int, g: Matrix) -> Matrix:
    """The derivative by what goes into the activation of a layer."""
    slope = ACTIVATIONS[network.activations[layer - 1]][1]
    return each(lambda g, z, a: g * slope(z, a), g, network.before[layer - 1], network.after[layer])


def _by_weights(network: Network, layer: int, g: Matrix) -> Matrix:
    found = times(turned(network.after[layer - 1]), g)
    if network.decay and layer == network.layers:
        found = each(lambda x, w: x + 2.0 * network.decay * w, found, network.weights[-1])
    return found


def _by_biases(network: Network, layer: int, g: Matrix) -> Row:
    return down(g)


def _back(network: Network, layer: int, g: Matrix) -> Matrix:
    """The derivative by what comes into a layer."""
    return times(g, turned(network.weights[layer - 1]))


LINES: dict[str, Instead] = {"loss": _loss, "slope": _slope, "W": _by_weights, "b": _by_biases, "back": _back}


def backward(network: Network, instead: Mapping[Step, Instead] = {}, *, between: bool = False) -> dict[str, Given]:
    """The derivatives by the weights and biases, the last layer's first.

    Args:
        network: what is differentiated.
        instead: what stands in place of some lines.
        between: whether those by what goes into the activations belong to it, as on a page.
    """

    def line(name: str, layer: int, g: Matrix) -> Given:
        return instead.get((name, layer), LINES[name])(network, layer, g)

    found: dict[str, Given] = {}
    g: Matrix = line("loss", network.layers, [])  # type: ignore[assignment]
    for layer in range(network.layers, 0, -1):
        if layer < network.layers:
            g = line("slope", layer, g)  # type: ignore[assignment]
        found |= {f"Z{layer}": g} if between else {}
        found |= {f"W{layer}": line("W", layer, g), f"b{layer}": line("b", layer, g)}
        if layer > 1:
            g = line("back", layer, g)  # type: ignore[assignment]
    return found


# ── mistakes ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class ArrayPlant(NamedTuple):
    """A backward pass with a mistake.

    Attributes:
        kind: its name.
        step: the line that it stands in.
        given: the arrays that come out, in the order in which they are handed in.
        wrong: those that are not right.
    """

    kind: str
    step: Step
    given: dict[str, Given]
    wrong: list[str]


def array_plants(network: Network, *, between: bool = False) -> Iterator[ArrayPlant]:
    """Every mistake, in every line that admits it, that changes a number or a shape; the arguments are those of `backward`."""
    right = backward(network, between=between)
    for kind, step, line in _mistakes(network):
        given = backward(network, {step: line}, between=between)
        if wrong := [name for name, x in given.items() if not alike(x, right[name])]:
            yield ArrayPlant(kind, step, given, wrong)


def same_shape(a: Given, b: Given) -> bool:
    """Whether two arrays have one shape."""
    return [len(row) if isinstance(row, list) else -1 for row in a] == [len(row) if isinstance(row, list) else -1 for row in b]


def alike(a: Given, b: Given) -> bool:
    """Whether two arrays have one shape, and numbers that differ by less than 1e-9 of the largest."""
    if not same_shape(a, b):
        return False
    x, y = ([row if isinstance(row, list) else [row] for row in array] for array in (a, b))
    largest = max(abs(entry) for row in y for entry in row)
    return all(abs(p - q) <= 1e-9 * largest for r, s in zip(x, y) for p, q in zip(r, s))


def written(network: Network, given: Mapping[str, Given], text: Callable[[float], str]) -> list[str]:
    """A page in matrices: what goes into and comes out of each layer, and derivatives.

    Args:
        network: what it is about.
        given: derivatives of the loss.
        text: how a number is printed.
    """
    lines = []
    for layer, (z, a) in enumerate(zip(network.before, network.after[1:]), 1):
        lines.append((f"Z{layer}", z))
        if layer < network.layers or network.loss == "softmax":
            lines.append((f"A{layer}" if layer < network.layers else "P", a))
    return [f"{name} = {_shown(x, text)}" for name, x in [*lines, *((f"L/{name}", x) for name, x in given.items())]]


def _shown(x: Given, text: Callable[[float], str]) -> str:
    return f"[{', '.join([_shown(row, text) if isinstance(row, list) else text(row) for row in x])}]"


def _times(factor: float, line: Instead) -> Instead:
    return lambda network, layer, g: scaled(line(network, layer, g), factor)


def _mistakes(network: Network) -> Iterator[tuple[str, Step, Instead]]:
    n, last = float(network.samples), network.layers
    begin = ("loss", last)
    yield "sign", begin, _times(-1.0, _loss)
    yield "factor", begin, _times(n, _loss)
    yield "factor", begin, _times(2.0 if network.loss == "softmax" else 0.5, _loss)
    if network.loss == "softmax":
        yield "softmax diagonal only", begin, _diagonal
        yield "activation derivative missing", begin, _by_outputs
    for layer in range(1, last + 1):
        yield from _of_a_layer(network, layer)
    if network.decay:
        yield "term left out", ("W", last), lambda net, layer, g: times(turned(net.after[layer - 1]), g)


def _of_a_layer(network: Network, layer: int) -> Iterator[tuple[str, Step, Instead]]:
    n = float(network.samples)
    by_w, by_b, slope, back = (("W", layer), ("b", layer), ("slope", layer), ("back", layer))
    yield "sign", by_w, _times(-1.0, _by_weights)
    yield "sign", by_b, _times(-1.0, _by_biases)
    yield "factor", by_w, _times(1.0 / n, _by_weights)
    yield "factor", by_b, _times(1.0 / n, _by_biases)
    yield "transposed", by_w, lambda net, layer, g: turned(_by_weights(net, layer, g))
    yield "wrong axis", by_b, lambda net, layer, g: [math.fsum(row) for row in g]
    yield "wrong axis", by_b, lambda net, layer, g: g
    yield "shape", by_b, lambda net, layer, g: [[x] for x in down(g)]
    yield "one path kept", by_b, lambda net, layer, g: g[-1]
    if not (network.decay and layer == network.layers):
        yield "one path kept", by_w, lambda net, layer, g: times(turned(net.after[layer - 1][-1:]), g[-1:])
    if layer < network.layers:
        yield "activation derivative missing", slope, lambda net, layer, g: g
        yield from (("wrong point", slope, line) for line in _wrong_points(network.activations[layer - 1]))
        yield from (("mistaken rule", slope, _by_rule(rule)) for rule in MISTAKEN[network.activations[layer - 1]])
    if layer > 1:
        yield "activation missing", by_w, lambda net, layer, g: _by_inputs(net, layer, g)
        if network.sizes[layer - 1] == network.sizes[layer]:
            yield "transposed", back, lambda net, layer, g: times(g, net.weights[layer - 1])


def _wrong_points(activation: str) -> Iterator[Instead]:
    """The derivative in terms of the output, of the input, and the derivative at the output."""
    function, slope = ACTIVATIONS[activation]
    if activation != "relu":
        yield lambda net, layer, g: each(lambda g, z: g * slope(z, z), g, net.before[layer - 1])
        yield lambda net, layer, g: each(lambda g, a: g * slope(a, function(a)), g, net.after[layer])


def _by_rule(rule: Callable[[float], float]) -> Instead:
    return lambda net, layer, g: each(lambda g, a: g * rule(a), g, net.after[layer])


def _by_outputs(network: Network, layer: int, g: Matrix) -> Matrix:
    """The derivative of the cross-entropy by the outputs of the softmax."""
    return each(lambda p, t: -t / p / network.samples, network.after[-1], network.targets)


def _diagonal(network: Network, layer: int, g: Matrix) -> Matrix:
    return each(lambda g, p: g * p * (1.0 - p), _by_outputs(network, layer, g), network.after[-1])


def _by_inputs(network: Network, layer: int, g: Matrix) -> Matrix:
    """The derivative by weights, of what goes into the activation before them in place of what comes out."""
    found = times(turned(network.before[layer - 2]), g)
    if network.decay and layer == network.layers:
        found = each(lambda x, w: x + 2.0 * network.decay * w, found, network.weights[-1])
    return found
