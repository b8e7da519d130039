"""What a page speaks of: the recorded graph, or the run of a training as far as its claims go."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from autograd_tiny.engine.value import Value
from autograd_tiny.marking.claims import Claim, ClaimError
from autograd_tiny.marking.derivations import Derivations, NamedGraph
from autograd_tiny.marking.forms.arrays import ENTRY_BY_ENTRY, Arrays
from autograd_tiny.marking.forms.quantities import Quantity
from autograd_tiny.marking.forms.spoken import Words, rate_names
from autograd_tiny.marking.training.program import AHEAD, BATCHES, EACH, Program, Training
from autograd_tiny.marking.training.times import Timed, timed
from autograd_tiny.optim import SGD, Optimizer
from autograd_tiny.text.numbers import as_number
from autograd_tiny.text.words import listed

T = TypeVar("T")


class Setting(NamedTuple):
    """What claims are marked against.

    Attributes:
        claims: with the names that the graph has.
        graph: every node that is claimed.
        derivations: how quantities follow from each other.
    """

    claims: list[Claim]
    graph: NamedGraph
    derivations: Derivations


def training_of(
    optimizer: Optimizer | None, samples: Sequence[Mapping[str, float]], batch: str, learning_rate: float | None
) -> Training | float | None:
    """How a page trains; the learning rate alone where one step of gradient descent is all that it says."""
    if learning_rate is not None:
        if (rate := as_number(learning_rate)) is None:
            raise TypeError(f"a learning rate is a number, got {learning_rate!r}")
        if not 0.0 <= rate < math.inf:
            raise ValueError(f"a learning rate is a finite number from 0 up, got {learning_rate!r}")
    if optimizer is None:
        if batch:
            raise ValueError("a batch is what is trained on; say also how: optimizer=SGD([w, b], 0.1)")
        return Training(SGD([Value(0.0)], 0.0), samples, EACH) if samples else learning_rate
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"an optimizer is one of autograd_tiny.optim, as SGD([w, b], 0.1), got {optimizer!r}")
    if learning_rate is not None:
        raise ValueError("the optimizer has its own learning rate; give no other")
    if batch and (batch not in BATCHES or not samples):
        raise ValueError(f"batch is 'mean' or 'sum' of the losses of samples, which are to be given; got {batch!r}")
    return Training(optimizer, samples, batch)


def words_of(
    labels: Collection[str], training: Training | float | None, names: Mapping[str, str], arrays: Arrays, root: str
) -> Words:
    """The words of a page.

    Args:
        labels: what its nodes are called.
        training: as for `setting`.
        names: that it gives to formulas.
        arrays: among the nodes.
        root: what its output is called.
    """
    if not isinstance(training, Training):
        return Words(labels, rate_names(training) | dict(names), 0, arrays, root)
    rate = training.optimizer.learning_rate
    samples = len(training.samples) * (1 if training.batch else -1)
    # One that changes has no name: whoever writes it may mean that of any step.
    return Words(labels, rate_names(None if callable(rate) else rate) | dict(names), samples, arrays, root)


def setting(
    graph: NamedGraph,
    claims: Sequence[Claim],
    training: Training | float | None,
    names: Mapping[str, str] = MappingProxyType({}),
) -> Setting:
    """What these claims are marked against.

    Args:
        graph: as it was recorded.
        claims: about it, and about what follows from updates.
        training: how it is trained, or the learning rate of one step of gradient descent; None if it is not trained.
        names: what formulas are called.

    Raises:
        ClaimError: a formula that cannot be read, a claim about an update that is not known.
        ValueError: training that is not possible.
    """
    words = words_of(graph.labels, training, names, graph.arrays, graph.root)
    claims = _for_each(claims, lambda claim: claim.understood(words))
    later = {name: timed(name) for claim in claims for name in claim.names if name not in graph.labels}
    later = {name: x for name, x in later.items() if x.time or x.beside}
    if not later and not (isinstance(training, Training) and training.samples):
        _for_each(claims, lambda claim: _check(claim, graph))
        return Setting(claims, graph, Derivations(graph))
    _for_each(claims, lambda claim: _check_times(claim, graph, later, training))
    training = _gradient_descent(graph, later.values(), training) if not isinstance(training, Training) else training
    parameters = {x.label for x in training.optimizer.parameters}
    passes, updates = _extent(claims, later, parameters)
    program = Program(graph.ends, training, passes, updates)
    run = NamedGraph(program.outputs[0], program.roots)
    claims = [claim.renamed(lambda name: _in_run(name, run)) for claim in claims]
    _for_each(claims, lambda claim: _check(claim, run))
    return Setting(claims, run, Derivations(run, program))


def _for_each(claims: Iterable[Claim], look: Callable[[Claim], T]) -> list[T]:
    """What is found out about each claim; errors say about which one."""
    found = []
    for number, claim in enumerate(claims):
        try:
            found.append(look(claim))
        except ValueError as error:  # noqa: PERF203
            raise ClaimError(str(error), number) from None
    return found


def _gradient_descent(graph: NamedGraph, later: Iterable[Timed], rate: float | None) -> Training:
    """One step of gradient descent on every parameter whose update is claimed."""
    labels = dict.fromkeys(x.base for x in later)
    return Training(SGD([graph.labels[label] for label in labels], 0.0 if rate is None else rate))


def _check_times(
    claim: Claim, graph: NamedGraph, later: Mapping[str, Timed], training: Training | float | None
) -> None:
    """Refuse a claim about an update that is not known."""
    for quantity in claim.every:
        for name in quantity.nodes:
            if name in later:
                _check_time(graph, quantity, later[name], training)


def _check_time(graph: NamedGraph, quantity: Quantity, name: Timed, training: Training | float | None) -> None:
    node = graph.find(name.base)
    if isinstance(training, Training):
        if training.batch == EACH:
            raise ValueError(
                f"{quantity} is a number after an update; say what trains on the samples: optimizer=SGD([w, b], 0.1)"
            )
        if name.beside not in ("", AHEAD) and node not in training.optimizer.parameters:
            known = [x.label for x in training.optimizer.parameters]
            raise ValueError(
                f"{name} is kept for what is trained, and {name.base} is not; trained are {listed(known, 12)}"
            )
        return
    if (
        training is None
        and node.op is None
        and quantity.kind in ("data", "change")
        and name.time == 1
        and not name.beside
    ):
        raise ValueError(f"{name} is {name.base} after a step of gradient descent; to mark it, give the learning_rate")
    if node.op is not None or name.time > 1 or name.beside or quantity.kind not in ("data", "change"):
        what = f"{quantity} is a number after an update of all that is trained"
        raise ValueError(
            f"{what}; say what that is: optimizer=SGD([w, b], 0.1), on a page parameters = ['w', 'b'] below [training],"
            " of an exercise training={'learning_rate': 0.1, 'parameters': ['w', 'b']}"
        )


def _extent(claims: Iterable[Claim], later: Mapping[str, Timed], parameters: Collection[str]) -> tuple[int, int]:
    """After how many updates there is a forward pass, and how many updates there are."""
    passes = updates = 0
    for quantity in (quantity for claim in claims for quantity in claim.every):
        for name in (later[x] for x in quantity.nodes if x in later):
            is_update = (
                quantity.kind in ("data", "change")
                and (name.base in parameters or name.beside)
                and name.beside != AHEAD
            )
            passes, updates = (passes, max(updates, name.time)) if is_update else (max(passes, name.time), updates)
    passes = max(passes, updates - 1)
    return passes, max(passes, updates)


def _in_run(name: str, run: NamedGraph) -> str:
    """A name as in the run: what no update changes is called the same after each; what no sample changes is in all."""
    known = timed(name)
    for other in (known, known._replace(time=0), known._replace(sample=0), known._replace(time=0, sample=0)):
        if str(other) in run.labels:
            return str(other)
    return name


def _check(claim: Claim, run: NamedGraph) -> None:
    """Refuse what there is not, a quantity of one pass by another's, an array by one that is none of its functions."""
    for quantity in claim.every:
        _check_quantity(quantity, run)


def _check_quantity(quantity: Quantity, run: NamedGraph) -> None:
    for name in quantity.nodes if quantity.kind != "whole" else ():
        first = str(timed(name)._replace(sample=1))
        if name not in run.labels and first in run.labels and not timed(name).sample:
            raise ValueError(
                f"{name} differs from sample to sample; write {first} for that of the first, mean({name}) for the mean"
            )
        run.find(name)
    if quantity.kind == "whole" and quantity.parts[0].kind == "derivative":
        (first, _), *others = [part.nodes for part in quantity.parts]
        if others and others[0][0] != first and any(run.depends(first, by) for _, by in others):
            raise ValueError(f"{quantity}: every entry of the one depends on several of the other; {ENTRY_BY_ENTRY}")
    for of, by in pairwise(quantity.nodes) if quantity.kind != "whole" else ():
        there = str(timed(by)._replace(time=timed(of).time))
        if timed(of).time != timed(by).time and there in run.labels and by in run.labels and not run.depends(of, by):
            raise ValueError(f"{of} and {by} belong to different passes; write {of}/{there}")
