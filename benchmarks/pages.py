"""Pages on which backpropagation is worked out in numbers, as an author prints them, to measure `autograd_tiny.mark` by.

A page's numbers are plain arithmetic on floats, of double precision or less: each is a sum of products of functions of earlier
numbers.  The engine only records the same network, for the marker to look at.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from functools import partial
from random import Random
from types import MappingProxyType
from typing import Any, NamedTuple

from autograd_tiny import Value, dot, log, losses, softmax, total

# ── numbers of a narrower format ─────────────────────────────────────────────────────────────────────────────────────


class Narrow(float):
    """A number of a floating-point format, and so is what any sum, product or quotient with it gives."""

    code = "d"
    """The letter that `struct` has for the format."""

    def __new__(cls, x: float) -> Narrow:
        return super().__new__(cls, struct.unpack(cls.code, struct.pack(cls.code, x))[0])

    def __add__(self, other: float) -> Narrow:
        return type(self)(float(self) + float(type(self)(other)))

    def __sub__(self, other: float) -> Narrow:
        return type(self)(float(self) - float(type(self)(other)))

    def __rsub__(self, other: float) -> Narrow:
        return type(self)(float(type(self)(other)) - float(self))

    def __mul__(self, other: float) -> Narrow:
        return type(self)(float(self) * float(type(self)(other)))

    def __truediv__(self, other: float) -> Narrow:
        return type(self)(float(self) / float(type(self)(other)))

    def __rtruediv__(self, other: float) -> Narrow:
        return type(self)(float(type(self)(other)) / float(self))

    def __pow__(self, other: float) -> Narrow:  # type: ignore[override]
        return type(self)(float(self) ** other)

    def __neg__(self) -> Narrow:
        return type(self)(-float(self))

    __radd__, __rmul__ = __add__, __mul__


class Single(Narrow):
    """A number of single precision."""

    code = "f"


class Half(Narrow):
    """A number of half precision."""

    code = "e"


PRECISIONS: Mapping[type[float], str] = {float: "double precision", Single: "single precision", Half: "half precision"}


def _of_its_kind(function: Callable[[float], float]) -> Callable[[float], float]:
    """A function of `math` that gives a number of the format of its operand."""
    return lambda x: type(x)(function(x)) if isinstance(x, Narrow) else function(x)


exp, ln, sqrt, tanh, sin, cos = map(_of_its_kind, (math.exp, math.log, math.sqrt, math.tanh, math.sin, math.cos))

# ── a line of a page: its number as a sum of products ────────────────────────────────────────────────────────────────


def same(x: float) -> float:
    """The number itself."""
    return x


class Factor(NamedTuple):
    """A function of quantities; of a single one, the quantity itself."""

    of: tuple[str, ...]
    function: Callable[..., float] = same


Term = tuple[Factor, ...]
Sum = tuple[Term, ...]
Look = Callable[[str], float]


NO_NUMBER = (ArithmeticError, ValueError)
"""What Python's arithmetic raises where there is no number."""


def value(terms: Sum, look: Look) -> float:
    """The number of a sum of products."""
    return sum(math.prod(factor.function(*map(look, factor.of)) for factor in term) for term in terms)


def constant(x: float) -> Factor:
    """A factor that is a plain number."""
    return Factor((), lambda: x)


def product(*factors: str | Factor) -> Term:
    """A product of quantities, given by name, and other factors."""
    return tuple(Factor((f,)) if isinstance(f, str) else f for f in factors)


class Line(NamedTuple):
    """One number on a page.

    Attributes:
        quantity: what it is, in the notation of a claim.
        terms: how it is computed.
        paths: whether the terms are paths of the chain rule.
        own: mistakes that only a number of its sort admits, by their names.
    """

    quantity: str
    terms: Sum
    paths: bool = False
    own: Mapping[str, Sequence[Sum]] = {}


# ── networks ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Activation(NamedTuple):
    """A function of one number and its derivative.

    Attributes:
        function: the function.
        record: the same in the engine.
        slope: the derivative by the names of input and output, as a line of its own.
        factors: the same as factors of a longer product.
        slope_at: the derivative at an input, where a wrong input changes it.
        mistaken: derivatives that people write for it, as functions of the output.
    """

    function: Callable[[float], float]
    record: Callable[[Value], Value]
    slope: Callable[[str, str], Sum]
    factors: Callable[[str, str], Term]
    slope_at: Callable[[float], float] | None = None
    mistaken: tuple[Callable[[float], float], ...] = ()

    def astray(self, z: str, h: str) -> list[Sum]:
        """The slope with input and output exchanged in its formula, and the slope at the output."""
        return [] if self.slope_at is None else [self.slope(h, z), (product(Factor((h,), self.slope_at)),)]


def _sigmoid(z: float) -> float:
    return 1.0 / (1.0 + exp(-z))


def _sigmoid_factors(z: str, h: str) -> Term:
    return product(h, Factor((h,), lambda h: 1.0 - h))


def _relu_factors(z: str, h: str) -> Term:
    return product(Factor((z,), lambda z: float(z > 0.0)))


ACTIVATIONS = {
    "relu": Activation(lambda z: max(z, 0.0), Value.relu, lambda z, h: (_relu_factors(z, h),), _relu_factors),
    "sigmoid": Activation(
        _sigmoid,
        Value.sigmoid,
        lambda z, h: (_sigmoid_factors(z, h),),
        _sigmoid_factors,
        lambda z: _sigmoid(z) * (1.0 - _sigmoid(z)),
        (same, lambda h: 1.0 - h, lambda h: 1.0 - h * h),
    ),
    "tanh": Activation(
        tanh,
        Value.tanh,
        lambda z, h: (product(constant(1.0)), product(constant(-1.0), h, h)),
        lambda z, h: product(Factor((h,), lambda h: 1.0 - h * h)),
        lambda z: 1.0 - tanh(z) ** 2,
        (lambda h: 1.0 - h, lambda h: h * (1.0 - h), lambda h: 1.0 + h * h),
    ),
    "sin": Activation(
        sin, Value.sin, lambda z, h: (product(Factor((z,), cos)),), lambda z, h: product(Factor((z,), cos)), lambda z: cos(z)
    ),
    "linear": Activation(same, lambda z: 1.0 * z, lambda z, h: (product(constant(1.0)),), lambda z, h: ()),
}


def softmax_of(j: int, sums: Sequence[str]) -> Factor:
    """Output ``j`` of a softmax."""
    return Factor(tuple(sums), lambda *zs: exp(zs[j]) / sum(map(exp, zs)))


def softmax_slope(k: int, j: int, outputs: Sequence[str]) -> Term:
    """The derivative of output ``k`` by sum ``j``."""
    if k == j:
        return _sigmoid_factors("", outputs[k])
    return product(constant(-1.0), outputs[k], outputs[j])


def softmax_slope_at(k: int, j: int) -> Callable[..., float]:
    """The same as a function of the sums."""

    def slope(*zs: float) -> float:
        whole = sum(map(exp, zs))
        return exp(zs[k]) / whole * ((k == j) - exp(zs[j]) / whole)

    return slope


class Loss(NamedTuple):
    """One term of a loss, its derivative, and the same in the engine; of a target and an output."""

    term: Callable[[float, float], float]
    slope: Callable[[float, float], float]
    record: Callable[[float, Value], Value]


LOSSES = {
    "cross-entropy": Loss(lambda t, o: -t * ln(o), lambda t, o: -t / o, lambda t, o: -t * log(o)),
    "binary cross-entropy": Loss(
        lambda t, o: -(t * ln(o) + (1.0 - t) * ln(1.0 - o)),
        lambda t, o: -t / o + (1.0 - t) / (1.0 - o),
        lambda t, o: losses.binary_cross_entropy_terms([o], [t])[0],
    ),
    "half squared error": Loss(lambda t, o: 0.5 * (o - t) ** 2, lambda t, o: o - t, lambda t, o: 0.5 * (o - t) ** 2),
}


class Plan(NamedTuple):
    """What a network is and how its page is laid out.

    Attributes:
        sizes: inputs, hidden layers, outputs.
        activations: one per layer; the last may be softmax.
        loss: a name in LOSSES.
        learning_rate: of the updates.
        slopes_shown: whether the page prints the derivatives of the activations.
        updates_last: whether all updates come at the end, and not each after its layer's gradients.
        by_term: whether the page differentiates each loss by its output, and not their total.
        shortcut: whether softmax and cross-entropy are differentiated in one go.
        written_out: whether the engine records weighted sums as products and sums, and not as one operation.
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str
    learning_rate: float
    slopes_shown: bool = True
    updates_last: bool = True
    by_term: bool = True
    shortcut: bool = False
    written_out: bool = False


def random_plan(random: Random) -> Plan:
    """2 to 4 inputs, one or two hidden layers of 2 to 4 neurons, 2 to 4 outputs."""
    hidden = random.randint(1, 2)
    output, loss = random.choice(
        [
            ("softmax", "cross-entropy"),
            ("softmax", "binary cross-entropy"),
            ("sigmoid", "binary cross-entropy"),
            ("sigmoid", "half squared error"),
            ("linear", "half squared error"),
        ]
    )
    return Plan(
        sizes=tuple(random.randint(2, 4) for _ in range(hidden + 2)),
        activations=(*random.choices(["relu", "sigmoid", "tanh"], k=hidden), output),
        loss=loss,
        learning_rate=random.choice([0.01, 0.05, 0.1, 0.5]),
        slopes_shown=random.random() < 0.7,
        updates_last=random.random() < 0.5,
        by_term=random.random() < 0.5,
        shortcut=loss == "cross-entropy" and random.random() < 0.4,
        written_out=random.random() < 0.5,
    )


@dataclass
class Network:
    """A network: its given numbers, the lines of its page, and the engine's record of it.

    Attributes:
        given: inputs, weights and biases by label.
        targets: one per output.
        lines: in the order of the page.
        neighbours: quantities that differ in one index, or have two indices swapped.
        transposed: quantities with two indices swapped, in square matrices.
        root: the engine's loss.
        options: what `mark` is told besides.
    """

    plan: Plan
    given: dict[str, float] = field(default_factory=dict)
    targets: list[float] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    neighbours: dict[str, list[str]] = field(default_factory=dict)
    transposed: dict[str, str] = field(default_factory=dict)
    root: Value = field(default_factory=lambda: Value(0.0))
    options: dict[str, Any] = field(default_factory=dict)


class Layer(NamedTuple):
    """The labels of a layer: what comes in, a row of weights for each of it, and for each neuron bias, sum and output."""

    activation: str
    below: list[str]
    weights: list[list[str]]
    biases: list[str]
    sums: list[str]
    outputs: list[str]


def random_network(random: Random, plan: Plan | None = None) -> Network:
    """A network with random weights of one or two decimals, recorded, and the lines of its page."""
    author = _Author(plan or random_plan(random), random)
    author.write()
    author.record()
    return author.network


def lines_by(
    network: Network, activations: Mapping[str, Activation] = MappingProxyType({}), losses: Mapping[str, Loss] = MappingProxyType({})
) -> list[Line]:
    """The page of a network by an author for whom some activations or losses are others."""
    author = _Author(network.plan, Random(0), ACTIVATIONS | activations, LOSSES | losses)
    author.network.given, author.network.targets = network.given, network.targets
    author.write()
    return author.network.lines


class _Author:
    """Writes the lines of a page in the order in which they are printed."""

    def __init__(
        self, plan: Plan, random: Random, activations: Mapping[str, Activation] = ACTIVATIONS, losses: Mapping[str, Loss] = LOSSES
    ) -> None:
        self.plan, self.activations, self.losses = plan, activations, losses
        self.network = Network(plan, options={"learning_rate": plan.learning_rate})
        self.layers: list[Layer] = []
        below = self._vector("i{}", plan.sizes[0])
        for d, (size, activation) in enumerate(zip(plan.sizes[1:], plan.activations)):
            name = "O" if d == len(plan.activations) - 1 else f"h{d + 1}"
            here, there = "ijklmn"[d : d + 2]
            weights = self._matrix([[f"W_{here}{i + 1}{there}{j + 1}" for j in range(size)] for i in range(len(below))])
            vectors = [self._vector(label, size) for label in (f"b_{there}{{}}", f"{name}_in{{}}", f"{name}_out{{}}")]
            self.layers.append(Layer(activation, below, weights, *vectors))
            below = self.layers[-1].outputs
        self._choose_numbers(random)

    def write(self) -> None:
        """All lines of the page."""
        self.forward()
        self.loss()
        self.backward()

    def _vector(self, label: str, size: int) -> list[str]:
        return self._alike([label.format(n + 1) for n in range(size)])

    def _alike(self, labels: list[str]) -> list[str]:
        for label in labels:
            self.network.neighbours[label] = [other for other in labels if other != label]
        return labels

    def _matrix(self, rows: list[list[str]]) -> list[list[str]]:
        for i, row in enumerate(rows):
            for j, label in enumerate(row):
                beside = [other for other in row if other != label] + [other[j] for other in rows if other is not row]
                if i != j and j < len(rows) and i < len(row):
                    beside.append(rows[j][i])
                    if len(rows) == len(row):
                        self.network.transposed[label] = rows[j][i]
                self.network.neighbours[label] = beside
        return rows

    def _choose_numbers(self, random: Random) -> None:
        places = random.choice([1, 2])
        spread = 2.0 / math.sqrt(max(self.plan.sizes[:-1]) / 3.0)
        for layer in self.layers:
            for label in [*(w for row in layer.weights for w in row), *layer.biases]:
                self.network.given[label] = round(random.uniform(-spread, spread), places) or 0.3
        for label in self.layers[0].below:
            self.network.given[label] = round(random.uniform(0.1, 1.5), places)
        count = self.plan.sizes[-1]
        chosen, rare = random.randrange(count), random.random() < 0.3
        self.network.targets = [float(n == chosen) for n in range(count)]
        if self.plan.activations[-1] == "linear":
            self.network.targets = [round(random.uniform(-1.0, 2.0), 1) for _ in range(count)]
        elif rare and self.plan.loss == "cross-entropy":
            parts = [random.randint(1, 5) for _ in range(count)]
            self.network.targets = [part / sum(parts) for part in parts]
        elif rare:
            self.network.targets = [random.choice([0.01, 0.99]) for _ in range(count)]

    def _print(self, quantity: str, terms: Sequence[Term], *, paths: bool = False, **own: Sequence[Sum]) -> None:
        mistakes = {name.replace("_", " "): sums for name, sums in own.items()}
        self.network.lines.append(Line(quantity, tuple(terms), paths, mistakes))

    def forward(self) -> None:
        """Weighted sums and outputs, layer by layer."""
        for layer in self.layers:
            for j, z in enumerate(layer.sums):
                self._print(z, [*(product(row[j], x) for row, x in zip(layer.weights, layer.below)), product(layer.biases[j])])
            for j, (z, h) in enumerate(zip(layer.sums, layer.outputs)):
                is_softmax = layer.activation == "softmax"
                whole = softmax_of(j, layer.sums) if is_softmax else Factor((z,), self.activations[layer.activation].function)
                self._print(h, [(whole,)], activation_missing=[(product(z),)] if layer.activation != "linear" else [])

    def loss(self) -> None:
        """The terms of the loss, their sum, and the derivative of each by its output."""
        loss = self.losses[self.plan.loss]
        # A cross-entropy has a term only where the target is not 0.
        shown = [
            (f"E{n}", o, t)
            for n, (o, t) in enumerate(zip(self.layers[-1].outputs, self.network.targets), 1)
            if t or self.plan.loss != "cross-entropy"
        ]
        for e, o, t in shown:
            self._print(e, [(Factor((o,), partial(loss.term, t)),)])
        self._print("E_total", [product(e) for e in self._alike([e for e, _, _ in shown])])
        self.by_output: dict[str, str] = {}
        if not self.plan.shortcut:
            self.by_output = {o: f"{e if self.plan.by_term else 'E_total'}/{o}" for e, o, _ in shown}
            self._alike(list(self.by_output.values()))
            for _, o, t in shown:
                self._print(self.by_output[o], [(Factor((o,), partial(loss.slope, t)),)])

    def backward(self) -> None:
        """The derivatives by sums, weights and outputs below, from the last layer to the first, and the updates."""
        by_output = self.by_output
        for layer in reversed(self.layers):
            by_sum = self._alike([f"E_total/{z}" for z in layer.sums])
            if layer.activation == "softmax":
                self._through_softmax(layer, by_sum, by_output)
            else:
                self._through_activation(layer, by_sum, by_output)
            self._weight_gradients(layer, by_sum, by_output)
            if not self.plan.updates_last:
                self._update(layer)
            if layer is not self.layers[0]:
                by_output = self._through_weights(layer, by_sum)
        if self.plan.updates_last:
            for layer in reversed(self.layers):
                self._update(layer)

    def _through_activation(self, layer: Layer, by_sum: list[str], by_output: Mapping[str, str]) -> None:
        activation = self.activations[layer.activation]
        pairs = list(zip(layer.sums, layer.outputs))
        if layer.activation == "linear":
            for quantity, h in zip(by_sum, layer.outputs):
                self._print(quantity, [product(by_output[h])])
            return
        names = self._alike([f"{h}/{z}" for z, h in pairs])
        if self.plan.slopes_shown:
            for name, (z, h) in zip(names, pairs):
                mistaken = [(product(Factor((h,), wrong)),) for wrong in activation.mistaken]
                self._print(name, activation.slope(z, h), wrong_point=activation.astray(z, h), mistaken_rule=mistaken)
        for quantity, name, (z, h) in zip(by_sum, names, pairs):
            g = by_output[h]
            slope = product(name) if self.plan.slopes_shown else activation.factors(z, h)
            astray = [] if self.plan.slopes_shown else [tuple((*product(g), *term) for term in terms) for terms in activation.astray(z, h)]
            wrong = [] if self.plan.slopes_shown else [(product(g, Factor((h,), f)),) for f in activation.mistaken]
            missing = [(product(g),)]
            self._print(quantity, [product(g, *slope)], activation_derivative_missing=missing, wrong_point=astray, mistaken_rule=wrong)

    def _through_softmax(self, layer: Layer, by_sum: list[str], by_output: Mapping[str, str]) -> None:
        outputs, sums = layer.outputs, layer.sums
        if self.plan.shortcut:
            for o, t, quantity in zip(outputs, self.network.targets, by_sum):
                self._print(quantity, [product(o), *([product(constant(-t))] if t else [])])
            return
        used = [k for k, o in enumerate(outputs) if o in by_output]
        names = dict(zip(used, self._matrix([[f"{outputs[k]}/{z}" for z in sums] for k in used])))
        if self.plan.slopes_shown:
            for k in used:
                for j, name in enumerate(names[k]):
                    astray = [(softmax_slope(k, j, sums),), (product(Factor(tuple(outputs), softmax_slope_at(k, j))),)]
                    self._print(name, [softmax_slope(k, j, outputs)], wrong_point=astray)
        for j, (quantity, o) in enumerate(zip(by_sum, outputs)):
            slopes = {k: product(names[k][j]) if self.plan.slopes_shown else softmax_slope(k, j, outputs) for k in used}
            paths = {k: product(by_output[outputs[k]], *slope) for k, slope in slopes.items()}
            diagonal = [(paths[j],)] if j in paths and len(paths) > 1 else []
            missing = [(product(by_output[o]),)] if j in paths else []
            self._print(quantity, list(paths.values()), paths=True, softmax_diagonal_only=diagonal, activation_derivative_missing=missing)

    def _weight_gradients(self, layer: Layer, by_sum: list[str], by_output: Mapping[str, str]) -> None:
        names = self._matrix([[f"E_total/{w}" for w in row] for row in layer.weights])
        for row, x in zip(names, layer.below):
            for name, g, h in zip(row, by_sum, layer.outputs):
                missing = [(product(by_output[h], x),)] if h in by_output and layer.activation != "linear" else []
                self._print(name, [product(g, x)], activation_derivative_missing=missing)

    def _through_weights(self, layer: Layer, by_sum: list[str]) -> dict[str, str]:
        names = self._alike([f"E_total/{h}" for h in layer.below])
        for row, quantity in zip(layer.weights, names):
            updated = [tuple(product(g, w + "'") for g, w in zip(by_sum, row))]
            self._print(quantity, [product(g, w) for g, w in zip(by_sum, row)], paths=True, updated_weights_used=updated)
        return dict(zip(layer.below, names))

    def _update(self, layer: Layer) -> None:
        for w in [w for row in layer.weights for w in row]:
            step = product(constant(self.plan.learning_rate), f"E_total/{w}")
            back = product(constant(-1.0), *step)
            moved = [(product(w), (constant(10.0**places), *back)) for places in (-2, -1, 1, 2)]
            scaled = [(product(w), (constant(factor), *back)) for factor in (0.5, 2.0)]
            self._print(f"{w}'", [product(w), back], update_added=[(product(w), step)], decimal_place=moved, factor=scaled)

    def record(self) -> None:
        """The same network recorded by the engine, every quantity of the page that is a node under its label."""
        nodes = {label: Value(x, label) for label, x in self.network.given.items()}

        def named(label: str, node: Value) -> Value:
            node.label = label
            nodes[label] = node
            return node

        for layer in self.layers:
            inputs = [nodes[x] for x in layer.below]
            for j, (z, b) in enumerate(zip(layer.sums, layer.biases)):
                column = [nodes[row[j]] for row in layer.weights]
                if self.plan.written_out:
                    named(z, sum(w * x for w, x in zip(column, inputs)) + nodes[b])
                else:
                    named(z, dot(column, inputs, nodes[b]))
            zs = [nodes[z] for z in layer.sums]
            # A linear output is a node of its own, too, for it has a label of its own.
            for h, node in zip(
                layer.outputs, softmax(zs) if layer.activation == "softmax" else map(ACTIVATIONS[layer.activation].record, zs)
            ):
                named(h, node)
        record = LOSSES[self.plan.loss].record
        # All terms, those too that are 0 and not on the page: so the graph holds all outputs, which are.
        terms = [named(f"E{n}", record(t, nodes[o])) for n, (o, t) in enumerate(zip(self.layers[-1].outputs, self.network.targets), 1)]
        self.network.root = named("E_total", total(terms))


# ── pages ────────────────────────────────────────────────────────────────────────────────────────────────────────────

FROM_MEMORY, FROM_PRINT, MIXED = "full precision", "from printed numbers", "both"


class Style(NamedTuple):
    """How an author computes and prints.

    Attributes:
        digits: decimal places, or significant digits.
        significant: which of the two.
        cut: whether further digits are cut off, and not rounded.
        trimmed: whether zeros at the end are left away.
        way: from unrounded numbers, from printed ones, or now this and now that.
        number: the type of the numbers with which all of it is worked out, one of PRECISIONS.
    """

    digits: int
    significant: bool
    cut: bool
    trimmed: bool
    way: str
    number: type[float] = float

    def text(self, x: float) -> str:
        """A number as this author prints it."""
        exact = _decimal(x)
        places = max(0, self.digits - 1 - exact.adjusted()) if self.significant else self.digits
        number = exact.quantize(Decimal(1).scaleb(-places), ROUND_DOWN if self.cut else ROUND_HALF_EVEN)
        number = number or abs(number)  # no minus before 0.000
        text = f"{number:e}" if self.significant and number and number.adjusted() < -5 else f"{number:f}"
        return text.rstrip("0").rstrip(".") if self.trimmed and number and "." in text and "e" not in text else text


def _decimal(x: float) -> Decimal:
    """A float without the noise of its last binary digits, which would turn 2.4 into 2.3999 when digits are cut."""
    return Decimal(f"{x:.14g}")


def random_style(random: Random, digits: int) -> Style:
    """Both ways of counting digits, all ways of computing; digits cut and zeros trimmed now and then."""
    way = random.choice([FROM_MEMORY, FROM_PRINT, MIXED])
    return Style(digits, random.random() < 0.5, random.random() < 0.2, random.random() < 0.2, way)


class Page:
    """A page about a network, as one author prints it.

    Args:
        network: what it is about.
        style: how the author works.
        random: decides where an author who works now from memory, now from the page, does which.

    Attributes:
        honest: the printed texts without any mistake.
        memory, shown: the numbers behind them, unrounded and as printed.
        exact: the numbers of an author who never computes with printed ones.
    """

    def __init__(self, network: Network, style: Style, random: Random) -> None:
        self.network, self.style = network, style
        self._from_print = [False] * len(network.lines)
        self.exact = self.write()[1]
        choice = {FROM_MEMORY: [False], FROM_PRINT: [True], MIXED: [False, True]}[style.way]
        self._from_print = [random.choice(choice) for _ in network.lines]
        self.honest, self.memory, self.shown = self.write()

    def write(
        self, sums: Mapping[int, Sum] = {}, texts: Mapping[int, str] = {}, given: Mapping[str, float] = {}, *, carried: bool = True
    ) -> tuple[list[str], dict[str, float], dict[str, float]]:
        """What the page prints, and the numbers behind it, unrounded and as printed.

        Args:
            sums: other sums in place of some lines' own, by the numbers of the lines.
            texts: other texts in place of what they would print.
            given: numbers that only ``sums`` use.
            carried: whether the author goes on with what these give; otherwise with what it should have been.
        """
        printed: list[str] = []
        start = {name: self.style.number(x) for name, x in {**self.network.given, **given}.items()}
        memory, shown = dict(start), dict(start)
        for n, line in enumerate(self.network.lines):
            look = (shown if self._from_print[n] else memory).__getitem__
            number = value(sums.get(n, line.terms), look)
            text = texts.get(n, self.style.text(number))
            printed.append(text)
            if n in texts:
                number = self.style.number(float(text))
            if not carried:
                number = value(line.terms, look)
                text = self.style.text(number)
            memory[line.quantity], shown[line.quantity] = number, self.style.number(float(text))
        return printed, memory, shown

    def claims(self, texts: Sequence[str]) -> list[str]:
        """The page as claims."""
        return [f"{line.quantity} = {text}" for line, text in zip(self.network.lines, texts)]

    def prints(self, n: int, terms: Sum, given: Mapping[str, float] = {}) -> str:
        """What line ``n`` of the honest page would print, were it computed by ``terms``."""
        numbers = self.shown if self._from_print[n] else self.memory
        return self.style.text(value(terms, {**given, **numbers}.__getitem__))

    def may_print(self, n: int, terms: Sum, text: str, given: Mapping[str, float] = {}) -> bool:
        """Whether line ``n``, computed by ``terms`` from any of these numbers, its digits rounded or cut, may be printed as ``text``."""
        number = Decimal(text)
        unit = Decimal(1).scaleb(int(number.as_tuple().exponent))
        exact = []
        for numbers in (self.memory, self.shown, self.exact):
            with suppress(*NO_NUMBER):
                exact.append(_decimal(value(terms, {**given, **numbers}.__getitem__)))
        return any(x.quantize(unit, rounding) == number for x in exact for rounding in (ROUND_HALF_EVEN, ROUND_DOWN))

    def is_honest(self, n: int, text: str) -> bool:
        """Whether an honest author may print ``text`` in line ``n``."""
        return float(text) == float(self.honest[n]) or self.may_print(n, self.network.lines[n].terms, text)
