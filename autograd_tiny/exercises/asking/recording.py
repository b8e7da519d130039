"""A graph recorded again at other numbers, and what trains it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

from autograd_tiny.engine.graph import Call, all_nodes, mapped
from autograd_tiny.engine.value import Constant, Value
from autograd_tiny.marking.derivations import NamedGraph
from autograd_tiny.marking.training.options import optimizer_of
from autograd_tiny.marking.training.program import Training
from autograd_tiny.marking.training.setting import training_of
from autograd_tiny.optim import Optimizer
from autograd_tiny.text.words import did_you_mean, listed


def recorded_at(roots: Sequence[Value], numbers: Mapping[str, float]) -> dict[Value, Value]:
    """Every node of a graph, and its twin in the same graph with other numbers for some leaves.

    What does not change stays the same node.

    Args:
        roots: where the graph ends.
        numbers: by the labels of leaves.

    Raises:
        ValueError: no leaf has such a label, or the graph has no number there.
    """
    every: list[Value] = all_nodes(*roots)
    labels = {node.label for node in every if node.op is None and node.label and not isinstance(node, Constant)}
    if unknown := [name for name in numbers if name not in labels]:
        hint = did_you_mean(str(unknown[0]), labels) or f"there are {listed(sorted(labels), 12)}"
        raise ValueError(f"no input is called {unknown[0]!r}; {hint}")
    calls: dict[Call, list[Value]] = {}

    def twin(node: Value, operands: tuple[Value, ...]) -> Value:
        if node.op is None and node.label in numbers and not isinstance(node, Constant):
            return _called(node, Value(numbers[node.label]))
        if all(x is y for x, y in zip(operands, node.operands)):  # also a leaf, which has none
            return node
        if node.call is None:
            return _called(node, Value.record(node.op, operands))
        if node.call not in calls:
            calls[node.call] = Value.record_outputs(node.op.family, operands)
        return _called(node, calls[node.call][node.op.parameter])

    try:
        return mapped(roots, twin)
    except ArithmeticError as error:
        raise ValueError(f"the graph has no number at these inputs: {error}") from None


def _called(node: Value, twin: Value) -> Value:
    twin.label = node.label
    return twin


def trained_by(
    training: Optimizer | Mapping[str, Any] | None, learning_rate: float | None, graph: NamedGraph
) -> tuple[Training | float | None, list[str]]:
    """How an exercise trains, and the labels of what is trained.

    Raises:
        ValueError: an option that there is not, or that has a wrong value.
        TypeError: something that trains nothing.
    """
    leaves = {name: node for name, node in graph.labels.items() if node.op is None}
    batch = ""
    if isinstance(training, Mapping):
        batch = training.get("batch", "")
        try:
            training = optimizer_of({"parameters": list(leaves)} | dict(training), leaves, learning_rate)
        except KeyError as error:
            raise ValueError(f"training[{error.args[0]!r}]: {error.args[1]}") from None
        learning_rate = None
    found = training_of(training, (), batch, learning_rate)
    if isinstance(found, Training):
        return found, [x.label for x in found.optimizer.parameters if x.label in leaves]
    return found, [] if found is None else list(leaves)


def moved(training: Training | float | None, twins: Mapping[Value, Value]) -> Training | float | None:
    """The same training, of a graph that was recorded again."""
    if not isinstance(training, Training):
        return training
    optimizer: Any = copy(training.optimizer)
    optimizer.parameters = [twins.get(x, x) for x in optimizer.parameters]
    return training._replace(optimizer=optimizer)
