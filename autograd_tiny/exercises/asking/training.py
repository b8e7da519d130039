"""How an exercise trains, in a sentence: what moves, by which rule, with which constants."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from inspect import signature

from autograd_tiny.marking.derivations import NamedGraph, Updates
from autograd_tiny.marking.training.conventions import VELOCITIES
from autograd_tiny.marking.training.program import Program
from autograd_tiny.optim import SGD, Optimizer
from autograd_tiny.text.numbers import as_number, short_number
from autograd_tiny.text.words import counted, listed

MOST_LISTED = 12


def trained(program: Updates | None, run: NamedGraph, labels: Collection[str]) -> str:
    """What is trained and how, as an exercise states it; empty where nothing is.

    Args:
        program: the updates that are asked for, or go before what is.
        run: its graph.
        labels: of the graph that is trained.
    """
    if not isinstance(program, Program) or not program.updates:
        return ""
    optimizer = program.optimizer
    names = [x.label for x in optimizer.parameters if x.label in labels]
    rule = "gradient descent" if isinstance(optimizer, SGD) else type(optimizer).__name__
    updates = max(update.time for update in program.updates.values())
    verb = "is" if len(names) == 1 else "are"
    kept = [label for label, x in program.updates.items() if x.beside and not x.time and run.nodes[label].data]
    begins = [f"after {counted(optimizer.steps, 'step')}"] if optimizer.steps else []
    begins += [f"with {', '.join([f'{label} = {_number(run.nodes[label].data)}' for label in kept])}"] if kept else []
    told = f"{listed(names, MOST_LISTED)} {verb} trained by {rule}: {', '.join(_constants(optimizer, updates))}."
    return f"{told} It begins {', '.join(begins)}." if begins else told


def _constants(optimizer: Optimizer, updates: int) -> Iterator[str]:
    """The constants of an optimizer, but for those that are 0 and for switches that stand as they do by default."""
    rates = [_number(optimizer.rate(optimizer.steps + t)) for t in range(updates)]
    yield f"learning rate {', then '.join(rates if len(set(rates)) > 1 else rates[:1])}"
    for name, parameter in signature(type(optimizer)).parameters.items():
        x, said = getattr(optimizer, name, None), name.replace("_", " ")
        if name in ("parameters", "learning_rate"):
            continue
        if isinstance(x, bool):
            if x != parameter.default:
                yield said if x else f"no {said}"
        elif isinstance(x, tuple) and all(as_number(each) is not None for each in x):
            yield f"{said} {' and '.join(map(_number, x))}"
        elif isinstance(x, str):
            if name != "velocity" or getattr(optimizer, "momentum", False):
                yield VELOCITIES[x][0] if name == "velocity" else f"{said} {x}"
        elif x and as_number(x) is not None:
            yield f"{said} {_number(x)}"


def _number(x: float) -> str:
    return short_number(x, 12)
