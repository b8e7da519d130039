"""Four questions that the 3-3-3 example leaves to its readers, answered by running.

*Why are the biases left out?*  The derivative of a weighted sum by a weight does not contain the bias, so the weights
can be learned without a word about it.  But a bias has a gradient of its own.  Its derivative of the weighted sum is 1,
so it gets what the sum gets (`bias_gradients`): -1.0925 for the first output.  The page leaves all biases at 1.

*What happens with a batch?*  The gradient of the mean loss is the mean of the gradients, since differentiation is
linear (`batch_gradients`, `sample_gradients`).  The page says to average everything.  That holds for losses and
gradients; the gradient at the averaged sample (`averaged`) is another, since the network is not linear.

*Why do gradients vanish?*  On the way down every layer multiplies them by its weights and by the derivative of its
activation.  A sigmoid's is 1/4 at most; a ReLU's is 1 or 0 (`gradient_sizes`).

*What if all weights are the same number?*  Then the neurons of a hidden layer compute the same, get the same gradient,
and so stay the same: three neurons do the work of one (`equal_weights`, `train`).  On `XOR` they stop at a loss of
0.962, where random weights come down to 0.004.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from statistics import median
from typing import NamedTuple

from autograd_tiny.engine.graph import adjoints
from autograd_tiny.engine.table import mean
from autograd_tiny.losses import binary_cross_entropy
from autograd_tiny.nn import MLP, Layer
from autograd_tiny.optim import SGD
from autograd_tiny.worked import three_three_three as example


class Batch(NamedTuple):
    """Inputs and their targets."""

    inputs: list[list[float]]
    targets: list[list[float]]


BATCH = Batch([example.INPUTS, [0.9, 0.1, 0.3], [0.2, 0.8, 0.5]], [example.TARGETS, [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
"""The page's sample and two of ours."""
XOR = Batch(
    [[0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0]],
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]],
)
"""Are the first two inputs equal (class 1) or not (class 2)?  One neuron per layer cannot tell."""


def bias_gradients() -> dict[str, tuple[float, float]]:
    """For each bias of the 3-3-3 example, the derivative of E_total by it and by the weighted sum that it is part of.

    >>> {label: round(gradient, 4) for label, (gradient, _) in bias_gradients().items() if "l" in label}
    {'b_l1': -1.0925, 'b_l2': 0.2662, 'b_l3': 0.8263}
    """
    recorded = example.record()
    gradients = adjoints(recorded.loss)
    sums = {"j": "h1_in", "k": "h2_in", "l": "O_in"}
    pairs = {f"b_{layer}{n}": f"{name}{n}" for layer, name in sums.items() for n in (1, 2, 3)}
    return {bias: (gradients[recorded.nodes[bias]], gradients[recorded.nodes[z]]) for bias, z in pairs.items()}


def batch_gradients(batch: Batch = BATCH) -> dict[str, float]:
    """The derivative of the mean loss of a batch by every parameter of the 3-3-3 network, by label."""
    model = example.record().model
    loss = mean([binary_cross_entropy(model(x), y) for x, y in zip(*batch)])
    gradients = adjoints(loss)
    return {parameter.label: gradients[parameter] for parameter in model.parameters()}


def sample_gradients(batch: Batch = BATCH) -> list[dict[str, float]]:
    """The same for each sample by itself."""
    return [batch_gradients(Batch([x], [y])) for x, y in zip(*batch)]


def averaged(batch: Batch = BATCH) -> Batch:
    """One sample: the mean of the inputs and the mean of the targets."""
    return Batch(*([[math.fsum(column) / len(rows) for column in zip(*rows)]] for rows in batch))


def gradient_sizes(activation: str, depth: int, *, width: int = 16, networks: int = 20) -> list[float]:
    """How large the gradient is in each layer of a deep network, lowest layer first.

    Every layer has ``width`` neurons, Xavier's initial weights (He's for ReLU) and random inputs.  The output is the
    mean of the last layer; a loss would only multiply all gradients by one number.

    Returns:
        For each layer the root mean square of the derivatives by its weights; the median of ``networks`` networks.
    """
    rng = Random(0)
    sizes = [_gradient_sizes(activation, [width] * (depth + 1), rng) for _ in range(networks)]
    return [median(of_layer) for of_layer in zip(*sizes)]


def _gradient_sizes(activation: str, sizes: Sequence[int], rng: Random) -> list[float]:
    model = MLP(sizes, [activation] * (len(sizes) - 1), rng=rng, init="he" if activation == "relu" else "xavier")
    gradients = adjoints(mean(model([rng.gauss(0.0, 1.0) for _ in range(sizes[0])])))
    return [_root_mean_square([gradients[w] for row in layer.weights for w in row]) for layer in model.layers]


def _root_mean_square(numbers: Sequence[float]) -> float:
    return math.sqrt(math.fsum(x * x for x in numbers) / len(numbers))


def equal_weights(weight: float = 0.5) -> MLP:
    """The 3-3-3 network with all its weights equal, and its biases all 1."""

    def layer(activation: str) -> Layer:
        return Layer.from_weights([[weight] * 3 for _ in range(3)], example.BIASES, activation)

    return MLP.from_layers([layer("relu"), layer("sigmoid"), layer("softmax")])


def random_weights() -> MLP:
    """The same network with random weights, and biases of 0."""
    return MLP([3, 3, 3, 3], ["relu", "sigmoid", "softmax"], rng=Random(2))


def train(model: MLP, batch: Batch = XOR, *, steps: int = 1000, learning_rate: float = 0.5) -> list[float]:
    """Gradient descent on a batch.  Returns the loss before each step, and after the last.

    >>> model = equal_weights()
    >>> losses = train(model, steps=20)
    >>> [len({weight.data for weight in row}) for row in model.layers[0].weights]
    [1, 1, 1]
    """
    optimizer = SGD(model.parameters(), learning_rate)
    losses = []
    for step in range(steps + 1):
        loss = mean([binary_cross_entropy(model(x), y) for x, y in zip(*batch)])
        losses.append(loss.data)
        if step < steps:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return losses
