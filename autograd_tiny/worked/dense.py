"""A dense layer with ReLU, softmax with its loss, and gradient descent, as in a lecture that builds them from scratch.

The slides "Backward Propagation in Neural Networks from Scratch" give three rules for a dense layer Z = X × W + b whose
samples are *rows*.  From ∂L/∂Z, which has a row per sample and a column per neuron:

    ∂L/∂W = Xᵀ × ∂L/∂Z                      every weight meets every sample: a sum over samples
    ∂L/∂b = the column sums of ∂L/∂Z        what is summed are its rows, ``axis=0``; the result is one row
    ∂L/∂X = ∂L/∂Z × Wᵀ                      every input acts on every neuron: a sum over neurons

The last is handed to the layer below, whose output X is.  For a softmax and the loss -log P[target] together there is a
fourth: ∂L/∂Z = (prediction - actual) / number of samples.

The slides have this one the other way round, actual - prediction.  That is the direction to *go*, the negative
gradient; but their own descent, w ← w - η ∇L(w), takes it for the gradient and so climbs.  In the batch below, ∂L/∂Z of
the first logit of the first sample is -0.1667, not +0.1667.  One step with η = 0.5 brings the loss from 1.2569 down to
0.9926; with the slide's sign up to 2.2756.

The slides divide by the number of samples to keep gradients from exploding.  What it does is make L a mean, so that a
step is as long for 40 samples as for 4.  Gradients explode, or vanish, with depth.
"""

from __future__ import annotations

from random import Random

from autograd_tiny.losses import cross_entropy
from autograd_tiny.nn import MLP
from autograd_tiny.optim import SGD
from autograd_tiny.worked.batches import Record, forward, named

SAMPLES = [[1.0, 0.5, -0.5], [-1.0, 2.0, 0.5], [0.5, -1.5, 1.0], [2.0, 1.0, 0.5]]
TARGETS = [0, 1, 2, 0]


def network() -> MLP:
    """Three inputs, a dense layer of three ReLU neurons, and one of three with a softmax."""
    return MLP([3, 3, 3], ["relu", "softmax"], rng=Random(7), init="he")


def record(model: MLP | None = None) -> Record:
    """Run the batch through ``model`` (a fresh `network` if none is given), up to the mean of -log P[target].

    The matrices are X, then W1, b1, Z1, A1 for the dense layer with ReLU, and W2, b2, Z2, A2 for the one with softmax.

    >>> from autograd_tiny import explain
    >>> recorded = record()
    >>> for name in ("W2", "b2", "A1"):
    ...     print(explain(recorded.loss, wrt=recorded.arrays[name]).text.splitlines()[0])
    ∂L/∂W2 = A1ᵀ · ∂L/∂Z2   (3×3) = (3×4)(4×3)
    ∂L/∂b2 = Σ rows ∂L/∂Z2   (1×3) from (4×3)
    ∂L/∂A1 = ∂L/∂Z2 · W2ᵀ   (4×3) = (4×3)(3×3)
    >>> print(explain(recorded.loss, wrt=recorded.arrays["Z2"]))
    ∂L/∂Z2 = A2 ⊙ (∂L/∂A2 - Σ columns (∂L/∂A2 ⊙ A2))
           = (A2 - Y) / m   (4×3)
    ∂L/∂A2 = -(Y / (m · A2))   (4×3)
    ...
    with m = 4
    >>> round(recorded.gradients()["Z2"][0][0], 4)
    -0.1667
    """
    arrays = forward(model or network(), SAMPLES)
    return Record(arrays, named("L", cross_entropy(arrays["A2"], TARGETS)))


def train(steps: int = 50, learning_rate: float = 0.5) -> list[float]:
    """The loss before each of ``steps`` steps of gradient descent on the whole batch, and after the last.

    >>> [round(loss, 4) for loss in train(2)]
    [1.2569, 0.9926, 0.8907]
    """
    model = network()
    optimizer = SGD(model.parameters(), learning_rate)
    losses = []
    for _ in range(steps):
        loss = record(model).loss
        losses.append(loss.data)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return [*losses, record(model).loss.data]
