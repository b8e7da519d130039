"""A small transformer in scalar code: about 60,000 nodes of one or two operands in one training step.

The model is written once, for any class of scalars with ``* + - / **``, ``exp``, ``log`` and ``relu``.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from itertools import pairwise
from random import Random
from typing import Any

from autograd_tiny import Value
from autograd_tiny.engine.graph import topological_order
from benchmarks import slotted
from benchmarks.measure import Measurement, Requirement, check_agreement, versus

TEXT = "gradients"  # each letter but the last predicts the next: a context of 8
LETTERS, WIDTH, HEADS = 26, 16, 4
HEAD_WIDTH = WIDTH // HEADS
LEARNING_RATE = 0.01

Vector = Sequence[Any]
Matrix = Sequence[Vector]


class Transformer:
    """One layer of attention and feed-forward, without biases; weights are made by ``scalar``, the class to be measured."""

    def __init__(self, scalar: Callable[[float], Any], rng: Random) -> None:
        def matrix(rows: int, columns: int) -> Matrix:
            return [[scalar(rng.gauss(0.0, 0.2)) for _ in range(columns)] for _ in range(rows)]

        self.letter_embedding = matrix(LETTERS, WIDTH)
        self.position_embedding = matrix(len(TEXT) - 1, WIDTH)
        self.query, self.key, self.value = (matrix(WIDTH, WIDTH) for _ in range(3))
        self.attention_output = matrix(WIDTH, WIDTH)
        self.widening, self.narrowing = matrix(4 * WIDTH, WIDTH), matrix(WIDTH, 4 * WIDTH)
        self.unembedding = matrix(LETTERS, WIDTH)

    def parameters(self) -> Iterator[Any]:
        """Every weight."""
        for weights in vars(self).values():
            for row in weights:
                yield from row

    def loss(self, text: str) -> Any:
        """The mean of -log p(next letter)."""
        letters = [ord(letter) - ord("a") for letter in text]
        keys: list[Vector] = []
        values: list[Vector] = []
        log_likelihoods = []
        for position, (letter, target) in enumerate(pairwise(letters)):
            x = added(self.letter_embedding[letter], self.position_embedding[position])
            normal = normalised(x)
            keys.append(linear(self.key, normal))
            values.append(linear(self.value, normal))
            x = added(x, linear(self.attention_output, attention(linear(self.query, normal), keys, values)))
            hidden = [z.relu() for z in linear(self.widening, normalised(x))]
            x = added(x, linear(self.narrowing, hidden))
            log_likelihoods.append(softmax(linear(self.unembedding, normalised(x)))[target].log())
        return summed(log_likelihoods) * (-1.0 / len(log_likelihoods))


def attention(query: Vector, keys: Matrix, values: Matrix) -> Vector:
    """Each head's mean of the values so far, weighted by how its part of their keys agrees with the query."""
    mixed: list[Any] = []
    for start in range(0, WIDTH, HEAD_WIDTH):
        head = slice(start, start + HEAD_WIDTH)
        weights = softmax([inner(query[head], key[head]) / HEAD_WIDTH**0.5 for key in keys])
        mixed += [inner(weights, column) for column in zip(*[value[head] for value in values])]
    return mixed


def softmax(logits: Vector) -> Vector:
    """Not protected against overflow: the logits of this model are small."""
    exponentials = [z.exp() for z in logits]
    whole = summed(exponentials)
    return [e / whole for e in exponentials]


def normalised(x: Vector) -> Vector:
    """RMSNorm without gain.  Zhang and Sennrich (2019), Root mean square layer normalization."""
    scale = (inner(x, x) * (1.0 / len(x)) + 1e-5) ** -0.5
    return [z * scale for z in x]


def linear(weights: Matrix, x: Vector) -> Vector:
    return [inner(row, x) for row in weights]


def inner(xs: Vector, ys: Vector) -> Any:
    return summed([x * y for x, y in zip(xs, ys)])


def added(xs: Vector, ys: Vector) -> Vector:
    return [x + y for x, y in zip(xs, ys)]


def summed(xs: Vector) -> Any:
    return reduce(operator.add, xs)


def training_step(model: Transformer) -> Callable[[], None]:
    """One step of gradient descent on the text, the same code for every engine."""
    parameters = list(model.parameters())

    def step() -> None:
        for p in parameters:
            p.grad = 0.0
        model.loss(TEXT).backward()
        for p in parameters:
            p.data -= LEARNING_RATE * p.grad

    return step


def run(repeats: int) -> list[Measurement]:
    """Against a plain slotted Value."""
    sys.setrecursionlimit(100_000)  # the baseline sorts recursively
    ours, theirs = Transformer(Value, Random(0)), Transformer(slotted.Value, Random(0))
    nodes = len(topological_order(ours.loss(TEXT)))
    step, baseline_step = training_step(ours), training_step(theirs)
    step()
    baseline_step()
    check_agreement([p.grad for p in ours.parameters()], [p.grad for p in theirs.parameters()])
    what = f"scalar GPT, one training step of {nodes:,} nodes"
    return [versus(what, step, "slotted Value", baseline_step, repeats, Requirement("ratio", "at least", 1.6))]
