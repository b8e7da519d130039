"""The 3-3-3 network: three inputs, then three layers of three neurons with ReLU, sigmoid and softmax.

A worked example of backpropagation published in 2019, here computed by the engine.  The network, its inputs and its
names are the page's: ``W_i1j2`` leads from input 1 to neuron 2 of the first layer (j), whose weighted sum is ``h1_in2``
and whose output is ``h1_out2``; then layers k (``h2``) and l (``O``).  Every number on the page stands in
``three_three_three.toml``, in matrices: ``W_ij[0][1]`` there is ``W_i1j2``, ``h1_in[1]`` is ``h1_in2``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from autograd_tiny import losses
from autograd_tiny.engine.table import total
from autograd_tiny.engine.value import Value
from autograd_tiny.marking.entries import by_place
from autograd_tiny.marking.mark import mark
from autograd_tiny.marking.page import Page
from autograd_tiny.marking.pages import read_page
from autograd_tiny.marking.report import Report
from autograd_tiny.nn import MLP, Layer
from autograd_tiny.optim import SGD

INPUTS = [0.1, 0.2, 0.7]
TARGETS = [1.0, 0.0, 0.0]
WEIGHTS_IJ = [[0.1, 0.2, 0.3], [0.3, 0.2, 0.7], [0.4, 0.3, 0.9]]
WEIGHTS_JK = [[0.2, 0.3, 0.5], [0.3, 0.5, 0.7], [0.6, 0.4, 0.8]]
WEIGHTS_KL = [[0.1, 0.4, 0.8], [0.3, 0.7, 0.2], [0.5, 0.2, 0.9]]
BIASES = [1.0, 1.0, 1.0]
LEARNING_RATE = 0.01


class Record(NamedTuple):
    """The recorded example.

    Attributes:
        model: the network.
        loss: the root of the graph, ``E_total``.
        nodes: every named node by its label.
    """

    model: MLP
    loss: Value
    nodes: dict[str, Value]


def record(*, expanded: bool = False) -> Record:
    """Run the network forward on the page's input, up to its loss.

    The loss is the page's cross-entropy of one sample: E_total = E1 + E2 + E3 with
    E = -(y log O + (1 - y) log(1 - O)) for each output.

    Args:
        expanded: record every product and sum of a weighted sum as a node of its own.
    """
    nodes: dict[str, Value] = {}

    def named(label: str, value: Value) -> Value:
        value.label = label
        nodes[label] = value
        return value

    def layer(above: str, below: str, weights: list[list[float]], activation: str) -> Layer:
        rows = [
            [named(f"W_{above}{i}{below}{j}", Value(w)) for j, w in enumerate(row, 1)]
            for i, row in enumerate(weights, 1)
        ]
        return Layer.from_weights(rows, [named(f"b_{below}{j}", Value(b)) for j, b in enumerate(BIASES, 1)], activation)

    model = MLP.from_layers(
        [
            layer("i", "j", WEIGHTS_IJ, "relu"),
            layer("j", "k", WEIGHTS_JK, "sigmoid"),
            layer("k", "l", WEIGHTS_KL, "softmax"),
        ]
    )
    outputs = [named(f"i{n}", Value(x)) for n, x in enumerate(INPUTS, 1)]
    for name, one in zip(["h1_", "h2_", "O_"], model.layers):
        sums = [named(f"{name}in{n}", z) for n, z in enumerate(one.weighted_sums(outputs, expanded=expanded), 1)]
        outputs = [named(f"{name}out{n}", a) for n, a in enumerate(one.activate(sums), 1)]
    terms = [named(f"E{n}", e) for n, e in enumerate(losses.binary_cross_entropy_terms(outputs, TARGETS), 1)]
    return Record(model, named("E_total", total(terms)), nodes)


def updated_parameters() -> dict[str, float]:
    """Every parameter by its label, after one step of gradient descent with the page's learning rate."""
    example = record()
    example.loss.backward()
    SGD(example.model.parameters(), LEARNING_RATE).step()
    return {parameter.label: parameter.data for parameter in example.model.parameters()}


def page() -> Page:
    """Every number on the page, in its order, with the network as formulas of matrices.

    >>> len(page().claims)
    133
    """
    return read_page(Path(__file__).with_suffix(".toml"))


def in_scalars() -> Page:
    """The same page number by number, with its own names, which are those of `record`: ``W_i1j2``, ``h1_in2``."""
    whole = page()
    formula, below = [], "i"
    layers = (("i", "j", "h1_", "relu"), ("j", "k", "h2_", "sigmoid"), ("k", "l", "O_", "softmax"))
    for above, to, name, activation in layers:
        inputs = ", ".join([f"{below}{n}" for n in (1, 2, 3)])
        for n in (1, 2, 3):
            weights = ", ".join([f"W_{above}{m}{to}{n}" for m in (1, 2, 3)])
            formula.append(f"{name}in{n} = dot([{weights}], [{inputs}], b_{to}{n})")
        sums, outputs = [[f"{name}{what}{n}" for n in (1, 2, 3)] for what in ("in", "out")]
        if activation == "softmax":
            formula.append(f"{', '.join(outputs)} = softmax({', '.join(sums)})")
        else:
            formula += [f"{output} = {activation}({z})" for output, z in zip(outputs, sums)]
        below = f"{name}out"
    formula += ["E1 = -log(O_out1)", "E2 = -log(1 - O_out2)", "E3 = -log(1 - O_out3)", "E_total = sum(E1, E2, E3)"]
    numbers = {with_indices(name): x for name, x in by_place(whole.inputs).items()}
    claims = [
        claim._replace(
            quantity=claim.quantity._replace(nodes=tuple(map(with_indices, claim.quantity.nodes))), grid=None
        )
        for claim in whole.claims
    ]
    return whole._replace(formula="\n".join(formula), inputs=numbers, claims=tuple(claims))


def with_indices(name: str) -> str:
    """An entry of an array by the page's own name for it.

    >>> with_indices("W_ij[0][1]'"), with_indices("h1_in[1]")
    ("W_i1j2'", 'h1_in2')
    """
    stem, *places = re.split(r"\[", name.replace("]", ""), maxsplit=2)
    numbers = [f"{int(place[0]) + 1}{place[1:]}" for place in places]
    return f"{stem[:-1]}{numbers[0]}{stem[-1]}{numbers[1]}" if len(numbers) == 2 else stem + "".join(numbers)


def marked() -> Report:
    """The page, marked number by number, on what `record` gives.

    >>> report = marked()
    >>> report.counts["right"], str(report.first_slip.claim.quantity)
    (39, 'h2_in3')
    """
    return mark(record().loss, in_scalars().claims, learning_rate=LEARNING_RATE)
