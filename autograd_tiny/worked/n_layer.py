"""Backpropagation for a network of N layers, and a spiral that needs more than one of them.

A lecture called "Backprop for N-layer NN" goes from a softmax classifier of one layer to one of 300 × 2 inputs, 4
neurons and 3 classes.  Samples are *rows*, m of them.  With J the mean of -log A[class] over the samples, and Y the
classes as rows of 0 and 1:

    one layer    ∂J/∂W = Xᵀ × (A - Y) / m          2×300 × 300×3 = 2×3
    N layers     dZ² = (A² - Y) / m                300×3
                 dW² = A¹ᵀ × dZ²                   4×300 × 300×3 = 4×3
                 db² = the column sums of dZ²      1×3
                 dA¹ = dZ² × W²ᵀ                   300×3 × 3×4 = 300×4
                 dZ¹ = dA¹ * ∂A¹/∂Z¹, entry by entry    300×4
                 dW¹ = Xᵀ × dZ¹                    2×300 × 300×4 = 2×4
                 db¹ = the column sums of dZ¹      1×4

As far as the lecture's handwriting can be read, three of its formulas are not right as they stand.  (A - Y) · X is
300×3 · 300×2, and A¹ · dZ² is 300×4 · 300×3: neither can be multiplied; Xᵀ and A¹ᵀ come first.  And its dZ² is A² - Y,
so that every gradient of a parameter has to be divided by m on its own; dW¹ = Xᵀ · dZ¹ is not, and so is 300 times too
large.  Divided once, in dZ², nothing below it needs it.

Why divide by m?  So that J is a mean, and W ← W - α dW takes the same step for 300 samples as for 600 of the same kind.

The lecture does not name the activation of the hidden layer; here it is ReLU.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

from autograd_tiny.engine.table import mean
from autograd_tiny.losses import cross_entropy, cross_entropy_from_logits
from autograd_tiny.nn import MLP
from autograd_tiny.optim import SGD, cosine_decay
from autograd_tiny.text.progress import progress
from autograd_tiny.worked.batches import Record, forward, named

CLASSES = 3


class Sample(NamedTuple):
    """A point of the plane and the number of the class that it belongs to."""

    point: tuple[float, float]
    target: int


def spiral(per_arm: int = 100, *, noise: float = 0.2, seed: int = 0) -> list[Sample]:
    """Points on three arms that wind around the origin, one class per arm.

    Args:
        per_arm: how many points each arm has.
        noise: the standard deviation of the angle, in radians; an arm winds by 4.
        seed: another number, other points of the same spiral.
    """
    rng = Random(seed)

    def sample(arm: int, radius: float) -> Sample:
        angle = 4.0 * (arm + radius) + rng.gauss(0.0, noise)
        return Sample((radius * math.sin(angle), radius * math.cos(angle)), arm)

    return [sample(arm, k / (per_arm - 1)) for arm in range(CLASSES) for k in range(per_arm)]


def network(*hidden: int, seed: int = 0) -> MLP:
    """A classifier of points: layers of ``hidden`` ReLU neurons, then a softmax.  Without any, it has one layer."""
    activations = ["relu"] * len(hidden) + ["softmax"]
    return MLP([2, *hidden, CLASSES], activations, rng=Random(seed), init="he")


def record(model: MLP, samples: Sequence[Sample]) -> Record:
    """Run ``samples`` through ``model``, up to J, the mean of -log A[class].

    The matrices are X, and for layer n Wn, bn, Zn and An.

    >>> from autograd_tiny import explain
    >>> recorded = record(network(4), spiral())
    >>> print(explain(recorded.loss, wrt=recorded.arrays["W1"]))
    ∂J/∂W1 = Xᵀ · ∂J/∂Z1   (2×4) = (2×300)(300×4)
    ∂J/∂Z1 = ∂J/∂A1 ⊙ step(Z1)   (300×4)
    ∂J/∂A1 = ∂J/∂Z2 · W2ᵀ   (300×4) = (300×3)(3×4)
    ∂J/∂Z2 = A2 ⊙ (∂J/∂A2 - Σ columns (∂J/∂A2 ⊙ A2))
           = (A2 - Y) / m   (300×3)
    ...
    with m = 300
    >>> for name in ("W2", "b2", "b1"):
    ...     print(explain(recorded.loss, wrt=recorded.arrays[name]).text.splitlines()[0])
    ∂J/∂W2 = A1ᵀ · ∂J/∂Z2   (4×3) = (4×300)(300×3)
    ∂J/∂b2 = Σ rows ∂J/∂Z2   (1×3) from (300×3)
    ∂J/∂b1 = Σ rows ∂J/∂Z1   (1×4) from (300×4)
    """
    arrays = forward(model, [sample.point for sample in samples])
    outputs = arrays[f"A{len(model.layers)}"]
    return Record(arrays, named("J", cross_entropy(outputs, [sample.target for sample in samples])))


def train(
    model: MLP, samples: Sequence[Sample], *, epochs: int = 100, batch: int = 30, rate: float = 1.0, seed: int = 0
) -> list[float]:
    """Gradient descent, W ← W - α dW, on small batches; α falls from ``rate`` to 0 along half a cosine.

    Returns:
        The mean of the losses of each epoch's batches.
    """
    rng = Random(seed)
    optimizer = SGD(model.parameters(), cosine_decay(rate, steps=epochs * math.ceil(len(samples) / batch)))
    history = []
    for _ in progress(range(epochs), "training"):
        shuffled = rng.sample(samples, len(samples))
        losses = []
        for start in range(0, len(samples), batch):
            chosen = shuffled[start : start + batch]
            loss = mean([cross_entropy_from_logits(logits(model, sample.point), sample.target) for sample in chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.data)
        history.append(math.fsum(losses) / len(losses))
    return history


def logits(model: MLP, point: Sequence[float]) -> Any:
    """What goes into the softmax: the weighted sums of the last layer."""
    *hidden, last = model.layers
    outputs: Sequence[Any] = point
    for layer in hidden:
        outputs = layer(outputs)
    return last.weighted_sums(outputs)


def predict(model: MLP, point: Sequence[float]) -> int:
    """The class with the largest logit, for a model or, much faster, its `Module.frozen` copy."""
    scores = logits(model, point)
    return max(range(len(scores)), key=scores.__getitem__)


def accuracy(model: MLP, samples: Sequence[Sample]) -> float:
    """The share of samples that are given their own class."""
    frozen = model.frozen()
    return sum(predict(frozen, sample.point) == sample.target for sample in samples) / len(samples)
