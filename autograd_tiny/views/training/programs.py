"""What a page trains with, as programs: a network with loss and gradients at a sample, and an optimizer's step.

The network and the loss are called once, with formulas for numbers, and differentiated by the rules of the table.  The
step is the optimizer's own `update`, run on formulas.  The writer that exports programs writes all of them as
JavaScript.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

from autograd_tiny.arrays.containers import Container
from autograd_tiny.engine.graph import gradient
from autograd_tiny.lowering.program import Program, collector_at_rest, program_of
from autograd_tiny.lowering.recording.tracing import symbols, trace
from autograd_tiny.lowering.sources.javascript import definitions, javascript_sums
from autograd_tiny.nn import MLP
from autograd_tiny.optim import Optimizer
from autograd_tiny.symbols.branches import with_safe_branches
from autograd_tiny.symbols.expression import Expression

Loss = Callable[[Any, Any], Any]


class Scripts:
    """Programs as functions of JavaScript, each of which adds its outputs to an array.

    Attributes:
        text: an object of JavaScript with the functions by their names.
    """

    def __init__(self) -> None:
        self._written: list[str] = []
        self._needed: set[str] = set()

    def add(self, name: str, program: Program, given: Mapping[str, int]) -> None:
        """Write a program that takes its inputs from arrays, whose names and lengths are ``given``."""
        text, called = javascript_sums(program, given)
        self._needed |= called
        self._written.append(f"{name}: {text},")

    @property
    def text(self) -> str:
        functions = "\n\n".join(definitions().needed(self._needed).values())
        return "\n".join(["(() => {", functions, "return {", *self._written, "};", "})()"])


def write_network(scripts: Scripts, model: MLP, loss: Loss, n_targets: int, classes: Sequence[Sequence[float]]) -> None:
    """Write ``sample``, a network and its loss at one sample, and ``forward``, the network alone.

    ``sample`` takes parameters, inputs and targets, and gives the loss, its derivative by each parameter, the
    activation of each neuron, and the derivative of the loss by each.  ``forward`` takes parameters and inputs, and
    gives the activations, and the losses that there would be if the targets were those of each class.

    Args:
        scripts: where to.
        model: the network.
        loss: of its outputs and the targets.
        n_targets: how many targets a sample has.
        classes: the targets of each class.

    Raises:
        TypeError: the network or the loss cannot be recorded.
    """
    parameters, inputs = symbols(len(model.parameters()), "p"), symbols(n_inputs(model), "x")
    targets = symbols(n_targets, "y")

    def at_sample(theta: Any, x: Any, y: Any) -> Any:
        layers = _layers(model, theta, x)
        return [loss(layers[-1], y), *chain(*layers)]

    def at_classes(theta: Any, x: Any) -> Any:
        layers = _layers(model, theta, x)
        return [*chain(*layers), *[loss(layers[-1], list(row)) for row in classes]]

    given = {"p": len(parameters), "x": len(inputs)}
    with collector_at_rest():
        result, *activations = trace(at_sample, parameters, inputs, targets)
        safe = with_safe_branches(result, parameters)
        result, activations = safe[result], [safe.get(a, a) for a in activations]
        slopes = gradient(result, [*parameters, *activations])
        outputs = [result, *slopes[: len(parameters)], *activations, *slopes[len(parameters) :]]
        scripts.add("sample", program_of([*parameters, *inputs, *targets], outputs), given | {"y": n_targets})
        scripts.add("forward", program_of([*parameters, *inputs], trace(at_classes, parameters, inputs)), given)


def n_inputs(model: MLP) -> int:
    """How many inputs a network has."""
    return len(model.layers[0].weights)


def _layers(model: MLP, theta: Sequence[Any], inputs: Any) -> list[Any]:
    """The outputs of each layer, with these parameters."""
    twin = Container(model, "the model").rebuild(theta)
    found = []
    for layer in twin.layers:
        inputs = list(layer(inputs))
        found.append(inputs)
    return found


def write_optimizer(scripts: Scripts, optimizer: Optimizer) -> int:
    """Write ``update``, and ``ahead`` where the optimizer looks ahead; how many parameters they take at a time.

    Both take the learning rate and the number of the step, the parameters, the derivatives by them, and what the
    optimizer remembers of each, name after name.  ``update`` gives the parameters after the step and what is remembered
    then; ``ahead``, where the derivatives are to be taken.  A rule that treats each parameter alike and by itself is
    written once, for one; any other, such as one that limits the length of the whole gradient, for all of them.

    Raises:
        TypeError: the rule cannot be recorded, as one that branches.
        ValueError: the rule gives not as many numbers as there are parameters.
    """
    n, states = len(optimizer.parameters), len(optimizer.state)
    kinds = ["p", "g", *[f"s{k}_" for k in range(states)]]
    rate, step, *numbers = map(Expression, ["rate", "step", *[f"{kind}{i}" for kind in kinds for i in range(n)]])
    parameters, gradients, *state = [numbers[i * n : i * n + n] for i in range(2 + states)]
    remembered: Any = tuple(state)

    def update() -> Any:
        moved, after = optimizer.update(rate, parameters, gradients, remembered, step)  # type: ignore[arg-type]
        return [list(moved), *map(list, after)]

    rules = {"update": trace(update)}
    if optimizer.looks_ahead:
        rules["ahead"] = [list(trace(lambda: list(optimizer.ahead(rate, parameters, remembered))))]
    if any(len(row) != n for rule in rules.values() for row in rule) or len(rules["update"]) != 1 + states:
        raise ValueError(
            f"update of {type(optimizer).__name__} must give {n} parameters, "
            f"and as many numbers for each of {optimizer.state}"
        )
    rows = [parameters, gradients, *state]
    alike = all(_is_by_itself(rule, rows, [rate, step]) for rule in rules.values())
    count = 1 if alike else n
    inputs = [rate, step, *[x for row in rows for x in row[:count]]]
    for name, rule in rules.items():
        program = program_of(inputs, [x for row in rule for x in row[:count]])
        scripts.add(name, program, {"at": 2, "p": count, "g": count, "s": count * states})
    return count


def _is_by_itself(
    rule: Sequence[Sequence[Any]], rows: Sequence[Sequence[Expression]], common: Sequence[Expression]
) -> bool:
    """Whether what a rule gives for a parameter is the same formula of what belongs to it, for all parameters."""
    first = None
    for i in range(len(rows[0])):
        try:
            program = program_of([*common, *[row[i] for row in rows]], [row[i] for row in rule])
        except ValueError:  # it depends on another one
            return False
        first = program if first is None else first
        if program != first:
            return False
    return True
