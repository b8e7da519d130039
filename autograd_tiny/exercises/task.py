"""What an exercise asks and tells, with the right answers: for any other numbers too, and as formulas."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import cached_property
from typing import Any, TypeVar

from autograd_tiny.calculus.changes import check_unchanged
from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.engine.refusals import data_of
from autograd_tiny.engine.value import Value
from autograd_tiny.exercises.answers import DIGITS, MOST_DIGITS, Blank
from autograd_tiny.exercises.asking.asked import asked_for
from autograd_tiny.exercises.asking.formulas import shown
from autograd_tiny.exercises.asking.recording import moved, recorded_at, trained_by
from autograd_tiny.exercises.asking.training import trained
from autograd_tiny.exercises.sheet import Sheet
from autograd_tiny.formulas import Recorded, read_formula
from autograd_tiny.marking.claims import Claim
from autograd_tiny.marking.derivations import NamedGraph
from autograd_tiny.marking.forms.printed import read_back, read_number
from autograd_tiny.marking.forms.quantities import Quantity
from autograd_tiny.marking.judging.numbers import Numbers, Source
from autograd_tiny.marking.marks import Mark
from autograd_tiny.marking.training.setting import Setting, setting
from autograd_tiny.optim import Optimizer
from autograd_tiny.text.numbers import as_whole, short_number
from autograd_tiny.text.words import counted, listed

TaskT = TypeVar("TaskT", bound="Task")


class Task:
    """Numbers of a graph that somebody is to find by hand: what is asked, what is told, and the right answers.

    Args, attributes and errors are those of `Exercise`, which marks.
    """

    def __init__(
        self,
        output: Value | str | Recorded[Value],
        ask: str | Iterable[str],
        *,
        given: Mapping[str, float] | None = None,
        digits: int = DIGITS,
        learning_rate: float | None = None,
        training: Optimizer | Mapping[str, Any] | None = None,
        told: str | Iterable[str] = (),
        title: str = "",
    ) -> None:
        if as_whole(digits) is None or not 1 <= digits <= MOST_DIGITS:
            raise ValueError(f"an answer has 1 to {MOST_DIGITS} significant digits, got digits={digits!r}")
        if not isinstance(title or "", str):
            raise TypeError(f"a title is a text, got title={title!r}")
        self.digits, self.title = digits, title
        recorded, others = _recorded(output, given)
        check_unchanged(recorded, *others, done="the exercise")
        graph = NamedGraph(recorded, others)
        trains, trained = trained_by(training, learning_rate, graph)
        # Of its own: what is trained goes on, and the exercise asks for the numbers of now.
        self.output, self.others, self.training = deepcopy((recorded, others, trains))
        told_first = asked_for(told, graph, trained) if told else []
        asked = [x for x in asked_for(ask, graph, trained) if x not in told_first]
        if not asked:
            raise ValueError(f"all that is asked for is told, {listed(told_first, 6)}; leave it out of told")
        claims = [Claim(quantity, _UNPRINTED) for quantity in (*told_first, *asked)]
        self.setting: Setting = setting(self.graph, claims, self.training)
        every = [claim.quantity for claim in self.setting.claims]
        self.told: tuple[Quantity, ...] = tuple(every[: len(told_first)])
        self.blanks: tuple[Blank, ...] = tuple(Blank(quantity, digits) for quantity in every[len(told_first) :])
        for quantity in every:
            self._check(quantity)
        if why := self.without_number():
            raise ValueError(f"{why}; ask for more digits than {digits}, or tell something else")

    def _check(self, quantity: Quantity) -> None:
        """Refuse formulas, what has no number, what is given, and a derivative the wrong way round."""
        if not quantity.nodes:
            raise ValueError(
                f"'{quantity}' is a formula, and an exercise asks for what has a name; give it a line of its own, "
                "q = ..., or a label, and ask for that"
            )
        graph, derivations = self.setting.graph, self.setting.derivations
        of, by = quantity.nodes[0], quantity.nodes[-1]
        if not graph.depends(of, by) and graph.depends(by, of):
            raise ValueError(
                f"{quantity}: {of} does not depend on {by}; did you mean {'/'.join(reversed(quantity.nodes))}?"
            )
        if quantity.kind == "data" and derivations.step(quantity) is None:
            raise ValueError(
                f"{quantity} is given, {short_number(graph.nodes[quantity.nodes[0]].data)}; ask for what is computed"
            )
        value = self.value(quantity)
        if not math.isfinite(value):
            raise ValueError(f"{quantity} is {value} here, and nobody can write that down; choose other inputs")

    @cached_property
    def _numbers(self) -> Numbers:
        return Numbers(self.setting.derivations)

    def value(self, quantity: Quantity) -> float:
        """The engine's number for a quantity.

        Raises:
            ValueError: there is none at these inputs.
        """
        try:
            return float(data_of(self._numbers.of(quantity)))
        except ArithmeticError as error:
            raise ValueError(f"{quantity} has no number at these inputs: {error}") from None

    def from_told(self) -> Numbers:
        """The numbers that follow from what is told, as it is told."""
        numbers = Numbers(self.setting.derivations)
        for quantity, text in zip(self.told, self.stated.values()):
            mark = Mark(0, Claim(quantity, read_back(text)), self.value(quantity), "right")
            numbers.take(quantity, Source(mark, lambda _: 0.0))
        return numbers

    def without_number(self) -> str:
        """What has no number that follows from what is told, as a logarithm of 1 - y where y is told as 1; or nothing.

        A number that is told is rounded, and may so leave the domain of what is computed from it.
        """
        numbers = self.from_told()
        for blank in self.blanks if self.told else ():
            try:
                x = data_of(numbers.of(blank.quantity))
            except (ArithmeticError, ValueError):
                x = math.nan
            if not math.isfinite(x):
                return f"{blank.name} has no number that follows from what is told, {self.also_known}"
        return ""

    @property
    def inputs(self) -> dict[str, float]:
        """The numbers that are given, by their labels."""
        return {name: node.data for name, node in self.graph.labels.items() if node.op is None}

    @property
    def labels(self) -> Mapping[str, Value]:
        """Everything with a label, of before any update, by that."""
        return self.graph.labels

    @cached_property
    def graph(self) -> NamedGraph:
        """What was recorded, before any update."""
        return NamedGraph(self.output, self.others)

    @cached_property
    def solution(self) -> dict[str, str]:
        """The right answers, by the names of the blanks."""
        return {blank.name: short_number(self.value(blank.quantity), blank.digits) for blank in self.blanks}

    @property
    def heading(self) -> str:
        """The title, or what is computed."""
        return self.title or (self.formulas[-1] if self.formulas else self.blanks[0].name)

    @cached_property
    def computed(self) -> tuple[str, ...]:
        """The labels of what is computed, that of the output last; if it has none, its name if that is asked for."""
        graph = self.graph
        known = {*self.setting.graph.labels, *[name for quantity in self.asked for name in quantity.nodes]}
        names = [name for name, node in graph.nodes.items() if node.op is not None and name in known]
        return tuple(sorted(names, key=graph.root.__eq__))

    @cached_property
    def formulas(self) -> tuple[str, ...]:
        """How everything with a label is computed, the output last."""
        return tuple([shown(Quantity("data", (name,)), self.setting.derivations) for name in self.computed])

    @property
    def stated(self) -> dict[str, str]:
        """What is told beside the inputs, as it is told."""
        return {str(quantity): short_number(self.value(quantity), self.digits) for quantity in self.told}

    @property
    def given(self) -> str:
        """The numbers of the inputs, as a page has them: ``w = -3, x = 2``."""
        return ", ".join([f"{name} = {text}" for name, text in self.input_texts.items()])

    @property
    def input_texts(self) -> dict[str, str]:
        """The numbers of the inputs as they are written, by their labels."""
        return {name: short_number(x, 12) for name, x in self.inputs.items()}

    @property
    def also_known(self) -> str:
        """What is told beside the inputs, as a page has it; empty where nothing is."""
        return ", ".join([f"{name} = {text}" for name, text in self.stated.items()])

    @property
    def all_given(self) -> str:
        """All numbers that the exercise states, in one line."""
        return ", ".join(filter(None, [self.given, self.also_known]))

    @cached_property
    def trained(self) -> str:
        """What is trained and how, in a sentence; empty where no update is asked for."""
        return trained(self.setting.derivations.program, self.setting.graph, self.labels)

    @property
    def with_digits(self) -> str:
        """How many digits an answer needs, as it is said everywhere: ``with 3 significant digits``."""
        return f"with {counted(self.digits, 'significant digit')}"

    def at(self: TaskT, numbers: Mapping[str, float]) -> TaskT:
        """The same exercise with other numbers for some of its inputs.

        Raises:
            ValueError: there is no such input, or the graph has no number there.
        """
        twin = object.__new__(type(self))
        same = ("digits", "title", "told", "blanks", "sheet")  # the sheet if it has been made
        vars(twin).update({name: x for name, x in vars(self).items() if name in same})
        twins = recorded_at([self.output, *self.others], numbers)
        twin.output, twin.others = twins[self.output], tuple(twins[node] for node in self.others)
        twin.training = moved(self.training, twins)
        claims = [Claim(quantity, _UNPRINTED) for quantity in self.asked]
        twin.setting = setting(twin.graph, claims, twin.training)
        return twin

    @property
    def asked(self) -> tuple[Quantity, ...]:
        """What is told and what is asked for, in the order in which it counts as known."""
        return (*self.told, *(blank.quantity for blank in self.blanks))

    @cached_property
    def sheet(self) -> Sheet:
        """The exercise as formulas of its inputs."""
        return Sheet(self.setting.derivations, self.asked)

    @property
    def sheet_numbers(self) -> list[float]:
        """The numbers of the sheet's formulas at these inputs."""
        return self.sheet.evaluated(self.leaves)

    @property
    def leaves(self) -> dict[str, float]:
        """The numbers of everything that is not computed, what an optimizer begins with included."""
        return {name: node.data for name, node in self.setting.graph.nodes.items() if node.op is None}

    def __str__(self) -> str:
        known = [f"Also known: {self.also_known}"] if self.told else []
        known += [self.trained] if self.trained else []
        width = max(len(blank.name) for blank in self.blanks)
        blanks = [f"    {blank.name:{width}}  = ____" for blank in self.blanks]
        formulas = [f"    {line}" for line in self.formulas]
        find = f"Find, {self.with_digits}:"
        return "\n".join([self.heading, f"Given: {self.given}", *formulas, *known, find, *blanks])


_UNPRINTED = read_number("0")


def _recorded(output: Any, given: Mapping[str, float] | None) -> tuple[Value, tuple[Value, ...]]:
    """The root, and what it does not depend on."""
    if isinstance(output, str):
        output = read_formula(output).record(given or {})
    elif given:
        roots = [output.output, *output.nodes.values()] if isinstance(output, Recorded) else [output]
        twins = recorded_at(roots, given)
        if not isinstance(output, Recorded):
            return twins[output], ()
        output = Recorded(twins[output.output], {name: twins[node] for name, node in output.nodes.items()})
    if isinstance(output, Recorded):
        used = set(all_nodes(output.output))
        return output.output, tuple(node for node in output.nodes.values() if node not in used and node.op is not None)
    if not isinstance(output, Value):
        raise TypeError(f"an exercise is made of a recorded Value or a formula, 'y = tanh(w*x)', got {output!r}")
    return output, ()
