"""Mark published numbers: the call that everything else here serves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import MappingProxyType
from typing import Any

from autograd_tiny.engine.value import Value
from autograd_tiny.marking.answers.computed import TOLERANCE, Answers
from autograd_tiny.marking.claims import Claim, read_claims
from autograd_tiny.marking.derivations import NamedGraph
from autograd_tiny.marking.entries import fitted
from autograd_tiny.marking.forms.arrays import entries_among
from autograd_tiny.marking.forms.printed import Printed
from autograd_tiny.marking.judging.marker import Marker
from autograd_tiny.marking.judging.numbers import chance
from autograd_tiny.marking.marks import FAITHFUL, SLIPS, Mark
from autograd_tiny.marking.report import Report
from autograd_tiny.marking.training.conventions import other_conventions
from autograd_tiny.marking.training.program import Training
from autograd_tiny.marking.training.setting import training_of
from autograd_tiny.marking.training.times import timed
from autograd_tiny.optim import Optimizer


def mark(
    output: Value,
    claims: Mapping[str, Any] | Iterable[Claim | str] | str,
    *,
    learning_rate: float | None = None,
    optimizer: Optimizer | None = None,
    samples: Sequence[Mapping[str, float]] = (),
    batch: str = "",
    others: Sequence[Value] = (),
    inputs: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    tolerance: float = TOLERANCE,
) -> Report:
    """Mark printed numbers about a recorded graph.

    Args:
        output: the root of the graph: a loss, where updates are claimed.
        claims: numbers as strings, in the order of the page.  ``{"z": "1.25", "E/w": "-0.301", "w'": "0.503"}`` claims
            the data of z, the derivative ∂E/∂w, and w after its update; ``E/z/w`` is the product of derivatives along a
            path.  ``∂E/∂w`` and ``dE/dw`` are read as ``E/w``.  A vector or a matrix is claimed as it is printed,
            ``"E/W = [[0.1, _], [0.2, 0.3]]"``, with ``_`` for what is not printed.  Numbers from code are given as they
            are, floats, nested lists or arrays:  ``{"dW1": dW1, "db1": db1}``, or ``{"W1": dW1}``, are the derivatives
            of the output by the entries of W1 and b1.  A prime is an update: ``E'`` is the loss after one, ``E'/w'``
            its derivative there, ``w''`` the next weight.
        learning_rate: of the step of gradient descent that updates of single parameters speak of.
        optimizer: what trains, made for all parameters that are trained, as ``SGD([w, b], 0.1, momentum=0.9)``; needed
            where a claim speaks of what follows an update.  What it keeps may be claimed, too: ``m(w)'``, ``v(w)'``,
            ``mhat(w)'``.
        samples: the inputs of each sample, by their labels.  The first pass takes the first, each pass after an update
            the next; every pass takes those of the recorded graph if there are none.
        batch: ``"mean"`` or ``"sum"`` of the losses of all samples, for updates over a batch.  What belongs to a sample
            has its number: ``E(2)`` is the loss of the second, ``E`` that of the batch.
        others: nodes that claims speak of and ``output`` does not depend on, as the outputs of a softmax beside the one
            that a loss uses.
        inputs: inputs and weights that are known only as they were printed, by their labels: ``{"w": "0.12"}``.  What
            follows from any number that rounds to 0.12 is then no mistake.  ``{"v": "w'"}`` is what the claim about
            ``w'`` printed.  The others count as exact.
        names: what formulas are called in the claims: ``{"delta": "E/z", "J": "E1 + E2"}``.
        tolerance: of numbers from code, as a share of the largest number in the same array.

    Returns:
        A report with one mark per claim.

    Raises:
        ValueError: for a number that cannot be read, a label that no node has or that several have, no claims at all,
            an input that has another number in the graph than it has in print, a graph whose data was changed after it
            was recorded, as by ``optimizer.step()``, a claim about an update that is not known, training that diverges.

    >>> x, w = Value(0.5, "x"), Value(-1.0, "w")
    >>> z = w * x
    >>> z.label = "z"
    >>> y = z.tanh()
    >>> y.label = "y"
    >>> report = mark(y, {"z": "-0.5", "y": "-0.4621", "y/z": "0.7864", "y/w": "0.500"})
    >>> [m.verdict for m in report.marks], report.marks[3].mistake
    (['right', 'right', 'right', 'mistake'], 'activation derivative missing')
    >>> from autograd_tiny.optim import SGD
    >>> mark(y, {"w'": "-1.0393", "y'": "-0.4774"}, optimizer=SGD([w], 0.1)).counts
    {'right': 2}
    >>> [mark(y, {"z": "-0.5004"}, inputs=given).marks[0].verdict for given in ({}, {"w": "-1.00"})]
    ['wrong', 'rounded']
    """
    graph = NamedGraph(output, others)
    if isinstance(claims, Mapping):
        read = Answers(graph, tolerance).read(claims)
    else:
        entries = entries_among(graph.labels)
        read = [fitted(claim, entries, graph.labels, names or {}) for claim in read_claims(claims)]
    training = training_of(optimizer, samples, batch, learning_rate)
    return Judge(graph, read, training, inputs or {}, names or {}).report()


class Judge:
    """Marks one sheet after another about the same quantities; what is the same for all is worked out once.

    Args:
        graph: as it was recorded.
        claims: those of the first sheet, which say what every sheet is about.
        training: how it is trained, as `training_of` says it.
        inputs: as for `mark`.
        names: as for `mark`.
        formulas: formulas that other sheets claim.

    Attributes:
        marker: by the convention that the page says it follows.

    Raises:
        ValueError: as for `mark`.
    """

    def __init__(
        self,
        graph: NamedGraph,
        claims: Sequence[Claim],
        training: Training | float | None,
        inputs: Mapping[str, str],
        names: Mapping[str, str] = MappingProxyType({}),
        formulas: Sequence[Claim] = (),
    ) -> None:
        self._on = partial(Marker, graph, claims, inputs=inputs, names=names, formulas=formulas)
        self.marker, self._training = self._on(training=training), training
        self._others: dict[str, Marker] = {}

    def report(self, answers: Sequence[Printed] | None = None) -> Report:
        """The marks of one sheet, by the convention that it follows.

        Args:
            answers: one per claim, in their order; those of the first sheet if not given.
        """
        declared = self.marker.of_sheet(answers)
        marks = list(declared.marked())
        first = next((x for x in marks if x.verdict in SLIPS and is_later(x)), None)
        if isinstance(self._training, Training) and first is not None:
            for convention in other_conventions(self._training.optimizer):
                with suppress(ValueError):  # what another convention has no name or no number for
                    if convention.said not in self._others:
                        training = self._training._replace(optimizer=convention.optimizer)
                        self._others[convention.said] = self._on(training=training)
                    marker = self._others[convention.said]
                    other = marker.of_sheet(answers) if may_follow(marker, first) else None
                    if other is not None and follows(other.marked()) and is_evidence(other.marks, marks):
                        said = f"The page follows another convention, by which it is marked: {convention.said}."
                        return Report(other.report().marks, (said,))
        return declared.report()


MOST_BY_CHANCE = 0.05
"""How likely a convention may at most fit by chance, to be what the page followed: the usual level of significance."""


def is_later(mark: Mark) -> bool:
    """Whether a claim speaks of what follows an update."""
    return any(timed(name).time for name in mark.claim.quantity.names)


def may_follow(other: Marker, first: Mark) -> bool:
    """Whether another convention gives about the first number after an update that was blamed.

    A quick look, before all is marked.
    """
    printed = first.claim.printed
    if not math.isfinite(printed.number):  # of a formula
        return False
    return abs(other.value(other.claims[first.number]) - printed.number) <= MOST_UNITS * printed.unit


MOST_UNITS = 20
"""How far a page that goes on with rounded numbers is taken to get from the engine's.

More is looked at in vain, and costs only time.
"""


def follows(marks: Iterable[Mark]) -> bool:
    """Whether no number after an update is blamed; the first that is, ends the marking."""
    return all(mark.verdict in FAITHFUL for mark in marks if is_later(mark))


def is_evidence(told: Iterable[Mark], blamed: Iterable[Mark]) -> bool:
    """Whether more numbers are right by another convention than would be by chance.

    Args:
        told: the marks by another convention.
        blamed: those by the one that is declared.
    """
    excused = [
        new.claim.printed for new, old in zip(told, blamed) if old.verdict not in FAITHFUL and new.verdict in FAITHFUL
    ]
    return math.prod(map(chance, excused)) <= MOST_BY_CHANCE
