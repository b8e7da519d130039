"""Causes: what people do differently all over a page, so that one slip makes several of its numbers wrong."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from itertools import combinations, pairwise, permutations
from typing import Any, NamedTuple

from autograd_tiny.calculus.mistaken.functions import OTHER_FUNCTIONS
from autograd_tiny.calculus.mistaken.rules import mistaken_rules
from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.engine.row import MistakenRule, MultiPrimitive, Primitive
from autograd_tiny.engine.table import TABLE, add, dot, sigmoid, softmax, sub, total
from autograd_tiny.engine.value import Value
from autograd_tiny.marking.derivations import Derivations, NamedGraph
from autograd_tiny.marking.diagnosis.altered import Change
from autograd_tiny.marking.forms.quantities import Quantity, data
from autograd_tiny.marking.slips.mistakes import ACTIVATIONS
from autograd_tiny.marking.training.conventions import other_conventions
from autograd_tiny.marking.training.program import Program
from autograd_tiny.marking.training.times import timed
from autograd_tiny.optim import Adam
from autograd_tiny.symbols.expansion import row_name
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.text.words import listed

MOST_PAIRS = 12
"""Of so few leaves, any two may have been exchanged; of more, only those whose names differ in an index."""
UNBIASED = 10**9
"""After so many steps the means of Adam have no bias that a float could show."""
MOST_EXCHANGED = 40
"""So many pairs of leaves are tried at most."""


class Cause(NamedTuple):
    """One thing that was done differently all over a page.

    Attributes:
        mistake: its name.
        what: the same as a sentence, without its full stop.
        effort: how far-fetched it is, as of an `Edit`.
        change: the difference that it makes.
        place: the label of a node where it sits.
    """

    mistake: str
    what: str
    effort: float
    change: Change
    place: str = ""


def causes(derivations: Derivations) -> Iterator[Cause]:
    """All causes that a page admits, the commonest first."""
    graph = derivations.graph
    for find in (_mistaken_rules, _left_out, _transposed, _other_functions):
        yield from find(graph)
    yield from _softmax_for_sigmoid(derivations)
    if isinstance(derivations.program, Program):
        yield from _trainings(graph, derivations.program)
        yield from _other_samples(graph, derivations.program)
    yield from _exchanged(graph)


class Knob(NamedTuple):
    """A number that a page is given, and that another one may have been used for.

    Attributes:
        name: its name.
        number: the right one.
        change: what another number changes.
    """

    name: str
    number: float
    change: Callable[[float], Change]


def rates(derivations: Derivations) -> Iterator[Knob]:
    """The learning rate."""
    program = derivations.program
    if isinstance(program, Program):
        yield Knob(
            "the learning rate",
            program.optimizer.rate(program.optimizer.steps),
            lambda x: Change(program=_at_rate(program, x)),
        )


def inputs(derivations: Derivations) -> Iterator[Knob]:
    """The inputs, weights and targets that have a name."""
    for name, node in derivations.graph.labels.items():
        if node.op is None and derivations.step(data(name)) is None:
            yield Knob(name, node.data, lambda x, name=name: Change(given={name: x}))  # type: ignore[misc]


def _at_rate(program: Program, rate: float) -> Program:
    twin = copy(program)
    twin.optimizer = copy(program.optimizer)
    twin.optimizer.learning_rate = rate
    return twin


def _by_row(graph: NamedGraph) -> dict[str, list[str]]:
    """The nodes by the row of the table that computes them."""
    found: dict[str, list[str]] = {}
    for name, node in graph.nodes.items():
        if node.op is not None:
            found.setdefault(row_name(node.op), []).append(name)
    return found


def _ones(row: Primitive) -> MistakenRule:
    """The derivative that is taken where none is: 1, of several outputs only for the output's own operand."""
    if row.family is not None and hasattr(row.family, "rows"):
        return MistakenRule(
            "it is missing", lambda outputs, index, *xs: [float(j == index) for j in range(len(xs))], ""
        )
    return MistakenRule("it is missing", lambda out, *xs: [1.0] * len(xs), "")


def _at_the_wrong_point(row: Primitive, *, at_input: bool) -> MistakenRule | None:
    """A row's rule with its input for its output, or its output for its input; None if it has no other point."""
    if isinstance(whole := row.family, MultiPrimitive):
        at_inputs = MistakenRule("it is taken at the inputs", lambda _, index, *xs: whole.rule(xs, index, *xs), "")
        return at_inputs if at_input else None
    if row.arity != 1 or isinstance(row.rule, tuple):
        return None
    z, h = Expression("z"), Expression("h")
    wanted = row.derivatives(h, (z,))[0]
    parts = set(all_nodes(wanted)) if isinstance(wanted, Expression) else set()
    if (h if at_input else z) not in parts:
        return None
    if at_input:
        return MistakenRule("it is taken at the input", lambda out, x: row.derivatives(x, (x,)), "")
    return MistakenRule("it is taken at the output", lambda out, x: row.derivatives(row(out), (out,)), "")


def _mistaken_rules(graph: NamedGraph) -> Iterator[Cause]:
    by_row = _by_row(graph)
    activations = {row: names for row, names in by_row.items() if TABLE.get(row) in ACTIVATIONS or row == "softmax"}
    groups = [*([list(activations)] if len(activations) > 1 else []), *([row] for row in activations)]
    for group in groups:
        names = [name for row in group for name in activations[row]]
        rules = {name: _ones(graph.nodes[name].op) for name in names}
        what = f"the derivative of {listed(group, 6)} is missing everywhere"
        yield Cause("activation derivative missing", what, 1.2, Change(rules=rules), names[0])
    for at_input in (True, False):
        points = {
            row: {
                name: rule for name in names if (rule := _at_the_wrong_point(graph.nodes[name].op, at_input=at_input))
            }
            for row, names in by_row.items()
        }
        rows = [row for row in points if points[row]]
        point = "at the input in place of the output" if at_input else "at the output in place of the input"
        for group in (*([rows] if len(rows) > 1 else []), *([row] for row in rows)):
            rules = {name: rule for row in group for name, rule in points[row].items()}
            what = f"the derivative of {listed(group, 6)} is taken {point} everywhere"
            yield Cause("wrong point", what, 1.4, Change(rules=rules), next(iter(rules)))
    for row, names in by_row.items():
        count = len(mistaken_rules(graph.nodes[names[0]].op))
        for i in range(count):
            chosen = {name: known[i] for name in names if len(known := mistaken_rules(graph.nodes[name].op)) > i}
            said = chosen[names[0]].what
            yield Cause("mistaken rule", f"in the derivative of {row}, {said}", 1.5, Change(rules=chosen), names[0])


def _left_out(graph: NamedGraph) -> Iterator[Cause]:
    biases = [name for name, node in graph.labels.items() if node.op is None and _is_addend(graph, name, node)]
    if len(biases) > 1:
        change = Change(given=dict.fromkeys(biases, 0.0))
        yield Cause("bias left out", f"the biases {listed(biases, 6)} are left out", 1.4, change, biases[0])
    for name in biases:
        yield Cause("bias left out", f"the bias {name} is left out", 1.8, Change(given={name: 0.0}), name)


def _is_addend(graph: NamedGraph, name: str, node: Value) -> bool:
    """Whether a leaf is only ever added to something."""
    uses = [graph.nodes[user] for user in graph.users[name]]
    return bool(uses) and all(
        user.op in (add, total) or (user.op is dot and len(user.operands) % 2 and user.operands[-1] is node)
        for user in uses
    )


def _transposed(graph: NamedGraph) -> Iterator[Cause]:
    for matrix in graph.matrices():
        exchanged = {data(label): data(matrix[j, i]) for (i, j), label in matrix.items() if i != j and (j, i) in matrix}
        if exchanged:
            one = str(next(iter(exchanged)))
            what = f"the matrix of {one} and {exchanged[data(one)]} is transposed"
            change = Change(renamed=exchanged)
            yield Cause("transposed", f"{what} in the derivatives", 1.5, change._replace(derivatives_only=True), one)
            yield Cause("transposed", what, 1.6, change, one)


def _other_functions(graph: NamedGraph) -> Iterator[Cause]:
    for row, names in _by_row(graph).items():
        op = graph.nodes[names[0]].op
        others: list[tuple[Primitive, str]] = list(OTHER_FUNCTIONS.get(op, ()))
        if TABLE.get(row) in ACTIVATIONS:
            members = [
                x if isinstance(x, Primitive) else x[x.default]  # type: ignore[attr-defined, index]
                for x in ACTIVATIONS
            ]
            others += [(x, f"{x.name} is taken for {row}") for x in members if x is not op]
        for other, what in others:
            change = Change(functions=dict.fromkeys(names, other))
            yield Cause("another function", f"{what} throughout", 2.0, change, names[0])


def _softmax_for_sigmoid(derivations: Derivations) -> Iterator[Cause]:
    """A softmax over what are sigmoids side by side, differentiated as those."""
    graph = derivations.graph
    layers: dict[str, list[str]] = {}
    for name in graph.labels:
        if graph.nodes[name].op is sigmoid:
            layers.setdefault(re.sub(r"\d+(?=\D*$)", "", name), []).append(name)
    for names in layers.values():
        if len(names) > 1:
            sums = [derivations.variable(data(graph.operands(name)[0] or name)) for name in names]
            formulas = {data(name): Expression.record(softmax[i], tuple(sums)) for i, name in enumerate(names)}
            what = f"softmax is taken for sigmoid in {listed(names, 6)}"
            yield Cause("another function", what, 2.0, Change(formulas=formulas), names[0])


def _exchanged(graph: NamedGraph) -> Iterator[Cause]:
    pairs = [
        (x, y) for name, node in graph.nodes.items() if node.op is sub for x, y in [graph.operands(name)] if x and y
    ]
    targets = [(x, y) for x, y in pairs if (graph.nodes[x].op is None) != (graph.nodes[y].op is None)]
    if targets:
        both = {data(x): data(y) for x, y in targets} | {data(y): data(x) for x, y in targets}
        kept = frozenset(q for q in both if graph.nodes[q.nodes[0]].op is not None)
        what = f"{' and '.join(targets[0])} are exchanged" + (", and others like them" if len(targets) > 1 else "")
        yield Cause("exchanged", what, 1.8, Change(renamed=both, kept=kept), targets[0][0])
    leaves = [name for name, node in graph.labels.items() if node.op is None and timed(name).time == 0]
    near = {frozenset((x, y)): None for x in leaves for y in graph.neighbours(x) if y in leaves}
    if len(leaves) <= MOST_PAIRS:
        near |= dict.fromkeys(map(frozenset, combinations(leaves, 2)))
    for pair in list(near)[:MOST_EXCHANGED]:
        x, y = sorted(pair, key=leaves.index)
        if graph.nodes[x].data != graph.nodes[y].data:
            change = Change(renamed={data(x): data(y), data(y): data(x)})
            yield Cause("exchanged", f"{x} and {y} are exchanged throughout", 2.5, change, x)
            what = f"{x} and {y} are exchanged in the derivatives"
            yield Cause("exchanged", what, 2.5, change._replace(derivatives_only=True), x)


def _trainings(graph: NamedGraph, program: Program) -> Iterator[Cause]:
    """What goes wrong with updates: taken too early, not taken, by an optimizer with other constants."""
    weights = [name for name in program.updates if program.is_parameter(name) and timed(name).time]
    before = {name: str(timed(name)._replace(time=timed(name).time - 1)) for name in weights}
    known = {data(old): data(new) for new, old in before.items() if old in graph.nodes and new in graph.nodes}
    if known:
        what = "the gradients are propagated with weights after their update, in all that follows"
        yield Cause(
            "updated weights used", what, 1.3, Change(renamed=known, derivatives_only=True), str(next(iter(known)))
        )
        kept = frozenset(data(name) for name in program.updates)
        what = "after an update, the weights from before it are still used"
        change = Change(renamed={new: old for old, new in known.items()}, kept=kept)
        yield Cause("not updated", what, 1.3, change, str(next(iter(known))))
    later = [name for name, update in program.updates.items() if update.beside and update.time > 1]
    if old := {data(name): data(str(timed(name)._replace(time=timed(name).time - 1))) for name in later}:
        beside = frozenset(data(name) for name, update in program.updates.items() if update.beside)
        what = f"the step is taken with {next(iter(old.values()))} and the like, of before the update"
        yield Cause("old velocity", what, 1.4, Change(renamed=old, kept=beside), weights[0] if weights else "")
    for optimizer, what, name in _other_optimizers(program.optimizer):
        twin = copy(program)
        twin.optimizer = optimizer
        yield Cause(name, f"{what}, in every update", 1.6, Change(program=twin), weights[0] if weights else "")


def _other_samples(graph: NamedGraph, program: Program) -> Iterator[Cause]:
    """The inputs of one sample for those of another: everywhere those of the first, or once those of any other."""
    names = {name for sample in program.training.samples for name in sample}
    taken: dict[tuple[int, int], dict[str, Quantity]] = {}
    for label, node in graph.labels.items():
        name = timed(label)
        if node.op is None and name.base in names and not name.beside:
            taken.setdefault((name.time, name.sample), {})[name.base] = data(label)
    if len(taken) < 2:
        return

    def exchanged(pairs: Iterable[tuple[tuple[int, int], tuple[int, int]]]) -> Change:
        return Change(renamed={x: taken[other][name] for place, other in pairs for name, x in taken[place].items()})

    first, *others = taken
    places = {place: str(next(iter(of.values()))) for place, of in taken.items()}
    what = f"the inputs of the first sample are taken for all, {places[first]} for {places[others[0]]}"
    yield Cause("another sample", what, 1.5, exchanged([(place, first) for place in others]), places[others[0]])
    for shifted, which in ((pairwise(taken), "next sample"), (map(reversed, pairwise(taken)), "sample before")):
        pairs = [(place, other) for place, other in shifted]
        what = f"the inputs of the {which} are taken in every step, {places[pairs[0][1]]} for {places[pairs[0][0]]}"
        yield Cause("another sample", what, 1.7, exchanged(pairs), places[pairs[0][0]])
    for place, other in list(permutations(taken, 2))[:MOST_EXCHANGED]:
        what = f"the inputs of another sample are taken, {places[other]} for {places[place]}"
        yield Cause("another sample", what, 1.8, exchanged([(place, other)]), places[place])


def _other_optimizers(optimizer: Any) -> Iterator[tuple[Any, str, str]]:
    """Optimizers that differ in one thing, what that is, and the name of such a mistake."""

    def altered(what: str, **constants: Any) -> tuple[Any, str, str]:
        twin = copy(optimizer)
        vars(twin).update(constants)
        return twin, what, "optimizer"

    def by(
        what: str,
        state: Callable[[Any], Any] = lambda kept: kept,
        step: Callable[[int], int] = lambda n: n,
        itself: Callable[[Any, int], Any] = lambda optimizer, n: optimizer,
        name: str = "optimizer",
    ) -> tuple[Any, str, str]:
        """The same optimizer with another state, or number of the step, than it has, or with constants of the step."""
        cls = type(optimizer)
        twin = copy(optimizer)
        methods = {
            "update": lambda self, rate, xs, slopes, kept, n: cls.update(
                itself(self, n), rate, xs, slopes, state(kept), step(n)
            ),
            "inner": lambda self, kept, n: cls.inner(self, kept, step(n)),
        }
        twin.__class__ = type(cls.__name__, (cls,), methods)
        return twin, what, name

    if optimizer.state:
        yield by(
            "what the optimizer remembers begins anew", lambda kept: tuple([[0.0] * len(xs) for xs in kept])
        )
    for convention in other_conventions(optimizer):
        yield convention.optimizer, f"the update is that {convention.said}", "optimizer"
    if isinstance(optimizer, Adam):
        if optimizer.bias_correction:
            what = "the bias of the means is not corrected"
            yield by(what, step=lambda n: UNBIASED, name="bias correction missing")
        yield by("the bias is corrected as in the first step", step=lambda n: 1)
        beta1, beta2 = optimizer.betas
        if optimizer.bias_correction and optimizer.epsilon:
            yield by("epsilon is added before the root is corrected", itself=_with_epsilon_before)
        yield altered("β1 and β2 are exchanged", betas=(beta2, beta1))
        yield altered("β1 is used for β2", betas=(beta1, beta1))
        yield altered("β2 is used for β1", betas=(beta2, beta2))
    if momentum := getattr(optimizer, "momentum", 0.0):
        yield altered("1 - μ is used for μ", momentum=1.0 - momentum)


def _with_epsilon_before(optimizer: Any, step: int) -> Any:
    """Adam with its epsilon in units of the corrected root: that is √(1 - β2ᵗ) times the epsilon beside the other one.

    So it is in TensorFlow, and was in others: https://github.com/karpathy/nanochat/issues/304
    """
    twin = copy(optimizer)
    twin.epsilon = optimizer.epsilon / math.sqrt(1.0 - optimizer.betas[1] ** step)
    return twin
