"""One training step of a small network: zero_grad, forward of 100 points, mean hinge loss, backward, SGD update."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from random import Random

from micrograd import nn as micrograd_nn
from micrograd.engine import Value as MicrogradValue

from autograd_tiny import mean, nn, optim
from autograd_tiny.losses import hinge
from benchmarks.measure import Measurement, Requirement, check_agreement, versus

LEARNING_RATE = 0.05
Step = Callable[[], object]


def moons(n: int, rng: Random) -> tuple[list[list[float]], list[float]]:
    """Points of two interleaved half circles, and their classes, -1 and 1."""
    points, targets = [], []
    for i in range(n):
        angle, upper = rng.uniform(0.0, math.pi), i % 2
        x, y = (math.cos(angle), math.sin(angle)) if upper else (1.0 - math.cos(angle), 0.5 - math.sin(angle))
        points.append([x + rng.gauss(0.0, 0.1), y + rng.gauss(0.0, 0.1)])
        targets.append(1.0 if upper else -1.0)
    return points, targets


POINTS, TARGETS = moons(100, Random(1))


def new_model() -> nn.MLP:
    """2-16-16-1 with the same weights at every call."""
    return nn.MLP([2, 16, 16, 1], ["relu", "relu", "linear"], rng=Random(0))


def our_step(model: nn.MLP) -> Step:
    optimizer = optim.SGD(model.parameters(), LEARNING_RATE)

    def step() -> None:
        optimizer.zero_grad()
        mean([hinge(model(point)[0], target) for point, target in zip(POINTS, TARGETS)]).backward()
        optimizer.step()

    return step


def our_gradients(model: nn.MLP) -> list[float]:
    """By neuron: its weights, then its bias, as micrograd orders them."""
    return [p.grad for layer in model.layers for *weights, bias in zip(*layer.weights, layer.biases) for p in (*weights, bias)]


def micrograd_model(model: nn.MLP) -> micrograd_nn.MLP:
    """A micrograd network with the weights of ours."""
    copy = micrograd_nn.MLP(2, [16, 16, 1])
    for layer, layer_copy in zip(model.layers, copy.layers):
        for weights, bias, neuron in zip(zip(*layer.weights), layer.biases, layer_copy.neurons):
            neuron.b.data = bias.data
            for w, weight in zip(neuron.w, weights):
                w.data = weight.data
    return copy


def micrograd_step(model: micrograd_nn.MLP) -> Step:
    """As in micrograd's own demo."""

    def step() -> None:
        inputs = [list(map(MicrogradValue, point)) for point in POINTS]
        scores = list(map(model, inputs))
        losses = [(1 + -target * score).relu() for target, score in zip(TARGETS, scores)]
        loss = sum(losses) * (1.0 / len(losses))
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= LEARNING_RATE * p.grad

    return step


def torch_step(model: nn.MLP) -> tuple[Step, Callable[[], list[float]]]:
    """PyTorch on all points at once, one thread; the step, and its gradients in the order of `our_gradients`."""
    import torch

    torch.set_num_threads(1)
    sizes = [2, 16, 16, 1]
    layers = [torch.nn.Linear(n, m, dtype=torch.float64) for n, m in pairwise(sizes)]
    with torch.no_grad():
        for layer, source in zip(layers, model.layers):
            layer.weight.copy_(torch.tensor([[w.data for w in column] for column in zip(*source.weights)], dtype=torch.float64))
            layer.bias.copy_(torch.tensor([b.data for b in source.biases], dtype=torch.float64))
    network = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])
    optimizer = torch.optim.SGD(network.parameters(), LEARNING_RATE)
    points, targets = torch.tensor(POINTS, dtype=torch.float64), torch.tensor(TARGETS, dtype=torch.float64)

    def step() -> None:
        optimizer.zero_grad()
        torch.relu(1.0 - targets * network(points)[:, 0]).mean().backward()
        optimizer.step()

    def gradients() -> list[float]:
        rows = [torch.cat([layer.weight.grad, layer.bias.grad[:, None]], dim=1) for layer in layers]
        return [g for row in rows for g in row.flatten().tolist()]

    return step, gradients


def run(repeats: int) -> list[Measurement]:
    """Against micrograd point by point, and for information against PyTorch on all points at once."""
    what = "MLP 2-16-16-1, one training step on 100 points"
    model = new_model()
    copy = micrograd_model(model)
    ours, theirs = our_step(model), micrograd_step(copy)
    ours()
    theirs()
    check_agreement(our_gradients(model), [p.grad for p in copy.parameters()])
    rows = [versus(what, ours, "micrograd", theirs, repeats, Requirement("ratio", "at least", 20.0))]

    model = new_model()
    vectorised, gradients = torch_step(model)
    ours = our_step(model)
    ours()
    vectorised()
    check_agreement(our_gradients(model), gradients())
    rows.append(versus(what, ours, "PyTorch, vectorised", vectorised, repeats))
    return rows
