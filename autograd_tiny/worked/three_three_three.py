"""The 3-3-3 network: three inputs, then three layers of three neurons with ReLU, sigmoid and softmax.

A worked example of backpropagation published in 2019, here computed by the engine.  The network, its inputs and its names
are the page's: ``W_i1j2`` leads from input 1 to neuron 2 of the first layer (j), whose weighted sum is ``h1_in2`` and whose
output is ``h1_out2``; then layers k (``h2``) and l (``O``).  Every number on the page stands in ``three_three_three.toml``.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from autograd_tiny import losses
from autograd_tiny.engine.table import total
from autograd_tiny.engine.value import Value
from autograd_tiny.marking.mark import mark
from autograd_tiny.marking.pages import Page, read_page
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
        rows = [[named(f"W_{above}{i}{below}{j}", Value(w)) for j, w in enumerate(row, 1)] for i, row in enumerate(weights, 1)]
        return Layer.from_weights(rows, [named(f"b_{below}{j}", Value(b)) for j, b in enumerate(BIASES, 1)], activation)

    model = MLP.from_layers(
        [layer("i", "j", WEIGHTS_IJ, "relu"), layer("j", "k", WEIGHTS_JK, "sigmoid"), layer("k", "l", WEIGHTS_KL, "softmax")]
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
    """Every number on the page, in its order, with the network as formulas."""
    return read_page(Path(__file__).with_suffix(".toml"))


def marked() -> Report:
    """The page, marked.

    >>> report = marked()
    >>> report.counts["right"], str(report.first_slip.claim.quantity)
    (39, 'h2_in3')
    """
    return mark(record().loss, page().claims, learning_rate=LEARNING_RATE)
