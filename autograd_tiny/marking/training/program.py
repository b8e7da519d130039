"""A training run as one graph: forward passes, and between them the updates of an optimizer, each a formula.

Every pass is recorded anew on the parameters that the update before it gave; what changes from pass to pass has primes
after its label.  An update is the optimizer's own `update`, run on Expressions, so a page is marked by the code that
trains.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any, NamedTuple

from autograd_tiny.engine.graph import Call, adjoints, all_nodes, mapped
from autograd_tiny.engine.table import mean, total
from autograd_tiny.engine.value import Value
from autograd_tiny.marking.derivations import rewritten
from autograd_tiny.marking.forms.quantities import Quantity, data, derivative
from autograd_tiny.marking.training.times import Timed
from autograd_tiny.optim import Optimizer
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.text.words import listed

BATCHES = {"mean": mean, "sum": total}
EACH = "each"
"""A batch that nothing trains on: every sample has its numbers, and together they have none."""
AHEAD = "ahead"
Variable = Callable[[Quantity], Expression]
Leaves = dict[Value, Value]


class Training(NamedTuple):
    """How a page trains.

    Attributes:
        optimizer: made for the parameters.
        samples: the inputs of each sample, by their labels; none where every pass has those of the recorded graph.
        batch: ``"mean"`` or ``"sum"`` of the losses of all samples; ``"each"`` where nothing is trained; "" where every
            pass takes the next sample.
    """

    optimizer: Optimizer
    samples: Sequence[Mapping[str, float]] = ()
    batch: str = ""


class Update(NamedTuple):
    """What an update gives: a parameter, what the optimizer remembers of it, a number on the way.

    Attributes:
        parameter: the label of the parameter.
        time: after how many updates.
        beside: as in `Timed`; "" for the parameter itself.
    """

    parameter: str
    time: int
    beside: str = ""

    @property
    def label(self) -> str:
        """The name that this has in claims."""
        return str(Timed(self.parameter, self.time, 0, self.beside))

    def at(self, time: int, beside: str = "") -> Quantity:
        """The parameter, or what is remembered of it, at another time."""
        return data(str(Timed(self.parameter, time, 0, beside)))


class Program:
    """Forward passes of a recorded graph, joined by updates.

    Args:
        ends: the root of the recorded graph, and more roots.
        training: how it is trained.
        passes: after how many updates there is a forward pass.
        updates: how many updates there are, at least ``passes``.

    Attributes:
        outputs: the root of every pass.
        roots: every node that may be claimed is one of these, or one of these depends on it.
        updates: what updates give, by label.
        inputs: the leaves of samples, each with its label in the recorded graph and the number of its sample.

    Raises:
        ValueError: a parameter without a label, a pass that is no longer finite.
    """

    def __init__(self, ends: Sequence[Value], training: Training, passes: int, updates: int) -> None:
        self._ends = ends
        self.training, self.optimizer = training, training.optimizer
        reached = set(all_nodes(*self._ends))
        self._parameters = [x for x in self.optimizer.parameters if x in reached]
        for i, parameter in enumerate(self._parameters):
            if not parameter.label:
                raise ValueError(f"parameter {i} that is trained has no label; give it one, as w.label = 'w'")
        inputs = {x.label for x in reached if x.op is None}
        if unknown := [name for sample in training.samples for name in sample if name not in inputs]:
            raise ValueError(
                f"samples give {unknown[0]} a number, and no input is called so; there are {listed(inputs, 12)}"
            )
        self.outputs: list[Value] = []
        self.roots: list[Value] = []
        self.updates: dict[str, Update] = {}
        self._inputs: dict[tuple[str, int], Value] = {}  # of the samples of a batch
        self._heads: list[Value] = []  # where the gradients of each pass are taken
        self._run(passes, updates)

    def _run(self, passes: int, updates: int) -> None:
        numbers: Sequence[float] = [x.data for x in self._parameters]
        places = [self.optimizer.parameters.index(x) for x in self._parameters]
        state = tuple([[getattr(self.optimizer, name)[i] for i in places] for name in self.optimizer.state])
        self._remember(0, state)
        leaves = {x: x for x in self._parameters}
        for time in range(passes + 1):
            self._heads.append(self._pass(time, leaves))
            self.outputs.append(self._heads[-1])
            if self.optimizer.looks_ahead and any(map(any, state)) and time < updates:
                self._heads[-1] = self._pass(time, self._taken_ahead(time, numbers, state), AHEAD)
            if time < passes:
                numbers, state = self._moved(time, numbers, state)
                leaves = self._leaves(time + 1, numbers)
                self._remember(time + 1, state)
        for time in range(passes, updates):
            unknown = [math.nan] * len(numbers)  # these follow by their formulas, and no pass needs their numbers
            self._leaves(time + 1, unknown)
            self._remember(time + 1, tuple([unknown for _ in state]))

    def _leaves(self, time: int, numbers: Sequence[float], beside: str = "") -> Leaves:
        """A leaf for every parameter after an update, or for what stands beside it."""
        leaves = {}
        for parameter, number in zip(self._parameters, numbers):
            update = Update(parameter.label, time, beside)
            leaves[parameter] = leaf = Value(0.0, update.label)
            leaf.data = number
            self.updates[update.label] = update
            self.roots.append(leaf)
        return leaves

    def _remember(self, time: int, state: Sequence[Sequence[float]]) -> None:
        """Leaves for what the optimizer remembers, and for the numbers on its way to the step."""
        for symbol, numbers in zip(self._symbols, state):
            if self._is_remembered(symbol):
                self._leaves(time, numbers, symbol)
        for name in self._inner if time else ():
            self._leaves(time, [math.nan] * len(self._parameters), name)

    @property
    def _symbols(self) -> Sequence[str]:
        return self.optimizer.symbols or self.optimizer.state

    @property
    def _inner(self) -> Sequence[str]:
        return tuple(self.optimizer.inner(tuple([[1.0] for _ in self.optimizer.state]), 1))

    def _is_remembered(self, symbol: str) -> bool:
        """Whether a state makes any difference: plain gradient descent has no velocity."""
        after = self._step("w", 1, 0.0, lambda quantity: Expression(str(quantity)))[1]
        return after[symbol].op is not None

    def _moved(self, time: int, numbers: Sequence[float], state: Any) -> tuple[Sequence[float], Any]:
        """The parameters and the state after an update, in numbers."""
        slopes = adjoints(self._heads[time])
        label = {x.label: x for x in slopes if x.op is None}
        ahead = AHEAD if self._heads[time] is not self.outputs[time] else ""
        names = [str(Timed(x.label, time, 0, ahead)) for x in self._parameters]
        gradients = [slopes[label[name]] if name in label else 0.0 for name in names]
        try:
            moved, after = self.optimizer.update(
                self._rate(time), numbers, gradients, state, self.optimizer.steps + time + 1
            )
        except ArithmeticError as error:
            raise ValueError(f"update {time + 1} cannot be taken: {error}") from None
        for parameter, number in zip(self._parameters, moved):
            if not math.isfinite(number):
                raise ValueError(f"update {time + 1} gives {parameter.label} the number {number}: training diverges")
        return moved, after

    def _rate(self, time: int) -> float:
        return self.optimizer.rate(self.optimizer.steps + time)

    def _taken_ahead(self, time: int, numbers: Sequence[float], state: Any) -> Leaves:
        return self._leaves(time, self.optimizer.ahead(self._rate(time), numbers, state), AHEAD)

    # ── passes ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _pass(self, time: int, leaves: Leaves, beside: str = "") -> Value:
        """Record a forward pass on these parameters; its root."""
        samples, batch = self.training.samples, self.training.batch
        if time == 0 and not samples and not beside:
            self.roots += self._ends
            return self._ends[0]
        chosen = list(enumerate(samples, 1)) if batch else [(0, samples[time % len(samples)] if samples else {})]
        try:
            ends = [self._twins(Timed("", time, number, beside), sample, leaves) for number, sample in chosen]
            root = ends[0][0]
            if batch:
                root = Value.record(BATCHES.get(batch, total), tuple([twins[0] for twins in ends]))
                root.label = (
                    str(Timed(self._ends[0].label, time, 0, beside)) if self._ends[0].label and batch != EACH else ""
                )
        except (ArithmeticError, ValueError) as error:
            raise ValueError(f"the forward pass after update {time} has no number: {error}") from None
        self.roots += [twin for twins in ends for twin in twins]
        self.roots.append(root)
        return root

    def _twins(self, name: Timed, sample: Mapping[str, float], leaves: Leaves) -> list[Value]:
        """The roots, recorded again with some leaves replaced; what does not depend on these stays the same node."""
        calls: dict[Call, list[Value]] = {}

        def named(node: Value, source: Value) -> Value:
            node.label = str(name._replace(base=source.label)) if source.label else ""
            return node

        def twin(node: Value, operands: tuple[Value, ...]) -> Value:
            if node in leaves:
                return leaves[node]
            if node.op is None and node.label in sample:
                fresh = named(Value(sample[node.label]), node)
                return self._inputs.setdefault((node.label, name.sample), fresh) if name.sample else fresh
            if all(x is y for x, y in zip(operands, node.operands)):
                return node
            if node.call is None:
                return named(Value.record(node.op, operands), node)
            if node.call not in calls:
                calls[node.call] = Value.record_outputs(node.op.family, operands)
            return named(calls[node.call][node.op.parameter], node)

        twins = mapped(self._ends, twin)
        return [twins[root] for root in self._ends]

    def is_parameter(self, label: str) -> bool:
        """Whether an update gives this label to a parameter, and not to what an optimizer keeps beside it."""
        return label in self.updates and not self.updates[label].beside

    # ── formulas ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def formula(self, label: str, variable: Variable, names: Mapping[Value, str]) -> Expression | None:
        """What an update gives, as a formula of quantities before it; None for what is given at the start.

        Args:
            label: of what is wanted.
            variable: the variable that stands for a quantity.
            names: of nodes.
        """
        update = self.updates[label]
        time = update.time if update.beside == AHEAD else update.time - 1
        if time < 0:
            return None
        rate = self._rate(time)
        if update.beside == AHEAD:
            state = tuple([[variable(update.at(time, symbol))] for symbol in self._symbols])
            return self.optimizer.ahead(rate, [variable(update.at(time))], state)[0]  # type: ignore[no-any-return]
        moved, after, inner = self._step(update.parameter, time + 1, rate, variable, names)
        found = {"": moved, **after, **inner}
        if update.beside not in found:  # by another optimizer or convention, which a page may have followed
            raise ValueError(f"{label} stands beside no step of this optimizer")
        return found[update.beside]

    def _step(
        self, parameter: str, time: int, rate: float, variable: Variable, names: Mapping[Value, str] | None = None
    ) -> tuple[Expression, dict[str, Expression], dict[str, Expression]]:
        """The parameter, the state, and the numbers between, after an update; each in terms of the ones before it."""
        update, step = Update(parameter, time), self.optimizer.steps + time
        before = tuple([[variable(update.at(time - 1, symbol))] for symbol in self._symbols])
        after = tuple([[variable(update.at(time, symbol))] for symbol in self._symbols])
        optimizer: Any = copy(self.optimizer)
        inner = optimizer.inner(after, step)
        optimizer.inner = lambda state, step: {name: [variable(update.at(time, name))] for name in inner}
        slope = variable(self._gradient(parameter, time - 1, names)) if names is not None else Expression("g")
        (moved,), states = optimizer.update(rate, [variable(update.at(time - 1))], [slope], before, step)
        known = {state: x for (state,), (x,) in zip(states, after) if state.op is not None}
        moved = rewritten(moved, known)[moved]
        return (
            moved,
            {symbol: x for symbol, (x,) in zip(self._symbols, states)},
            {name: x for name, (x,) in inner.items()},
        )

    def _gradient(self, parameter: str, time: int, names: Mapping[Value, str]) -> Quantity:
        head = self._heads[time]
        ahead = AHEAD if head is not self.outputs[time] else ""
        return derivative(names[head], str(Timed(parameter, time, 0, ahead)))
