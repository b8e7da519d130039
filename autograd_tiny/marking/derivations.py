"""How the quantities of a graph follow from each other: each as a formula of those one step before it.

A formula is an `Expression` whose variables stand for quantities, made by the table's own rules: the number of a node
from its operands, a derivative by the chain rule from the derivatives nearer to the output, an update from weight and
gradient.
"""

from __future__ import annotations

import math
import operator
import re
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, reduce
from itertools import combinations, pairwise, product
from typing import Any, NamedTuple, Protocol

from autograd_tiny.arrays.node import Reduced
from autograd_tiny.engine.graph import Call, all_nodes, topological_order
from autograd_tiny.engine.refusals import check_recorded
from autograd_tiny.engine.row import MistakenRule, Primitive
from autograd_tiny.engine.table import add, mean, mul, softmax, sub, total
from autograd_tiny.engine.value import Constant, Value
from autograd_tiny.marking.forms.arrays import Arrays, entries_among
from autograd_tiny.marking.forms.quantities import Quantity, data, derivative
from autograd_tiny.marking.forms.spoken import expression
from autograd_tiny.symbols.expansion import written_out
from autograd_tiny.symbols.expression import TEXT, Expression, term
from autograd_tiny.symbols.naming import names
from autograd_tiny.symbols.tidy import tidied
from autograd_tiny.text.numbers import plain_number
from autograd_tiny.text.words import brief, did_you_mean, listed

LONGEST_NAME = 40
"""A formula that stands for a name is cut short beyond so many characters."""
LONGEST_DERIVATION = 80
"""A formula of what is known has up to so many nodes; nobody works more out in one line."""
MOST_WRITTEN = 500
"""Parts that are used twice have names of their own in formulas with more operations than that, written out."""


class NamedGraph:
    """A recorded graph by the names of its nodes; numbers without a label have no name.

    Unlike a named view (`views.named`) it keeps every operation.  Slips are made between named values, too: in one
    factor of many, at a product that nobody has named.  Seen from named value to named value alone, fewer have a name.

    Args:
        output: a recorded Value.
        others: more of them, that ``output`` does not depend on.

    Attributes:
        ends: the output and the others.
        nodes: every named node, operands before users; nodes without a label are called t1, t2, ...
        root: the name of the output.
        labels: the nodes that have their name from their label, so that a page may speak of them.
        has_unlabelled: whether a node that is no bare number has no label.
    """

    def __init__(self, output: Value, others: Sequence[Value] = ()) -> None:
        self.ends = (output, *others)
        for node in self.ends:
            check_recorded(node, "marked")
        every = names(*self.ends)
        self.has_unlabelled = any(not node.label and not isinstance(node, Constant) for node in every)
        self.name: dict[Value, str] = {node: name for node, name in every.items() if node.op is not None or node.label}
        self.root = self.name.setdefault(output, "output" if "output" not in every.values() else every[output])
        self._repeated = {
            label for label, times in Counter(node.label for node in every if node.label).items() if times > 1
        }
        self.nodes = {name: node for node, name in self.name.items()}
        self.labels = {name: node for name, node in self.nodes.items() if node.label == name}
        self._tops: dict[str, set[str] | None] = dict.fromkeys(self.name[x] for x in self.ends if x in self.name)
        self._explored: dict[str, tuple[set[str], int]] = {}
        self._operands: dict[str, list[str | None]] = {}
        self._below: dict[str, set[str]] = {}

    def find(self, label: str) -> Value:
        """The one node with this label; the output also by the name that it has without one."""
        if label == self.root:
            return self.nodes[label]
        if label in self._repeated:
            raise ValueError(f"several nodes are called {label!r}; give each a label of its own")
        if label in self.labels:
            return self.labels[label]
        hint = did_you_mean(label, self.labels) or f"the labels are {listed(self.labels, 12)}"
        if not self.labels:
            hint = "no node has a label; give them, as z.label = 'z', or all at once with label_locals()"
        elif label[:1] == "d" and label[1:] in self.labels:
            hint = f"a derivative is written {label[1:]}/w or d{label[1:]}/dw"
        elif self.has_unlabelled:
            hint += "; to give nodes the names of their variables, call label_locals()"
        raise ValueError(f"no node is called {label!r}; {hint}")

    def operands(self, name: str) -> list[str | None]:
        """The names of a node's operands, None for a bare number."""
        if name not in self._operands:
            self._operands[name] = [self.name.get(x) for x in self.nodes[name].operands]
        return self._operands[name]

    @cached_property
    def arrays(self) -> Arrays:
        """The arrays: by their entries' labels, and by their own where these differ, as the weights of a layer."""
        ends = [node.whole for node in self.nodes.values() if isinstance(node, Reduced)]
        wholes: list[Any] = all_nodes(*ends)
        labelled = {
            x.label: x for x in wholes if x.label and x.shape and all(y.label in self.labels for y in x.entries)
        }
        found = {
            name: dict(zip(product(*map(range, x.shape)), [y.label for y in x.entries]))
            for name, x in labelled.items()
            if x.entries
        }
        return {
            name: entries for name, entries in (found | entries_among(self.labels)).items() if name not in self.labels
        }

    @cached_property
    def users(self) -> dict[str, list[str]]:
        """The nodes that use each node, every one once."""
        found: dict[str, dict[str, None]] = {name: {} for name in self.nodes}
        for user in self.nodes:
            for x in self.operands(user):
                if x is not None:
                    found[x][user] = None
        return {name: list(users) for name, users in found.items()}

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.nodes)}

    def depends(self, of: str, by: str) -> bool:
        """Whether one node depends on another; each does on itself."""
        if of == by:
            return True
        if self._index[of] < self._index[by]:
            return False
        if of in self._tops:  # much is asked of these, and all of it at once is soon found
            below = self._tops[of]
            if below is None:
                below = self._tops[of] = {self.name[x] for x in all_nodes(self.nodes[of]) if x in self.name}
            return by in below
        found, lowest = self._explored.get(of, (set(), len(self.nodes)))
        if self._index[by] < lowest:
            # Once near, for the many questions about neighbours; then for good.
            lowest = 0 if of in self._explored else self._index[by]
            found = self._upstream([of], lowest)
            self._explored[of] = found, lowest
        return by in found

    def _upstream(self, names: Iterable[str], lowest: int) -> set[str]:
        """What the operands of these lead to, as far as it comes after a place in topological order."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            fresh = [
                x for x in self.operands(waiting.pop()) if x is not None and x not in found and self._index[x] >= lowest
            ]
            found.update(fresh)
            waiting += fresh
        return found

    def only_directly(self, user: str, by: str) -> bool:
        """Whether a node uses another one itself, and depends on it by nothing else."""
        if by not in self.operands(user):
            return False
        if user not in self._below:
            named = [x for x in self.operands(user) if x is not None]
            self._below[user] = self._upstream(named, min(self._index[x] for x in named))
        return by not in self._below[user]

    def labelled_users(self, by: str, of: str, most: int) -> list[str] | None:
        """The labelled nodes next above ``by`` through which ``of`` depends on it, ``of`` counted as one.

        None where more than ``most`` nodes without a label lie between.
        """
        found: dict[str, None] = {}
        passed: set[str] = set()
        waiting = [by]
        while waiting:
            for user in self.users[waiting.pop()]:
                if user == of or (user in self.labels and self.depends(of, user)):
                    found[user] = None
                elif user not in passed and user not in self.labels and self.depends(of, user):
                    passed.add(user)
                    waiting.append(user)
            if len(passed) > most:
                return None
        return list(found)

    def users_towards(self, by: str, of: str) -> list[str]:
        """The users of ``by`` through which ``of`` depends on it."""
        return [of] if self.only_directly(of, by) else [user for user in self.users[by] if self.depends(of, user)]

    @cached_property
    def _outputs(self) -> dict[Call, dict[int, str]]:
        found: dict[Call, dict[int, str]] = {}
        for name, node in self.nodes.items():
            if call := node.call:
                found.setdefault(call, {})[node.op.parameter] = name
        return found

    def outputs_beside(self, name: str) -> dict[int, str]:
        """The outputs of the operation that gave this one, itself included, by number; none if it has only one."""
        call = self.nodes[name].call
        return self._outputs[call] if call else {}

    @cached_property
    def _by_pattern(self) -> dict[tuple[str, ...], dict[tuple[str, ...], str]]:
        """The labels by what stands between their indices, then by their indices: W_i1j2 by W_i, j and then by 1, 2."""
        found: dict[tuple[str, ...], dict[tuple[str, ...], str]] = {}
        for name in self.labels:
            words = re.split(r"(\d+)", name)
            found.setdefault(tuple(words[::2]), {})[tuple(words[1::2])] = name
        return found

    def neighbours(self, name: str, most: int = 8) -> list[str]:
        """The nodes whose label has two indices swapped, then those whose label differs in one, the nearest first."""
        words = re.split(r"(\d+)", name)
        indices = tuple(words[1::2])
        alike = self._by_pattern.get(tuple(words[::2]), {})
        swaps = [_swapped(indices, i, j) for i, j in combinations(range(len(indices)), 2)]
        swaps += [(x[::-1],) for x in indices if len(indices) == 1 and len(x) == 2]  # w12 and w21
        swapped = [alike[x] for x in swaps if x in alike and x != indices]
        beside = [
            (abs(step), alike[x])
            for i in range(len(indices))
            for step in range(-most, most + 1)
            if step and (x := (*indices[:i], str(int(indices[i]) + step), *indices[i + 1 :])) in alike
        ]
        return list(dict.fromkeys(swapped + [label for _, label in sorted(beside)]))[:most]

    def matrices(self) -> Iterator[dict[tuple[str, str], str]]:
        """The labels that differ in two indices, by these: W_i1j2 by 1 and 2, w12 as well; each matrix once."""
        for indexed in self._by_pattern.values():
            two = {
                indices if len(indices) == 2 else tuple("".join(indices)): label for indices, label in indexed.items()
            }
            if len(two) > 1 and all(len(indices) == 2 for indices in two):
                yield {(i, j): label for (i, j), label in two.items()}

    @cached_property
    def counts(self) -> list[int]:
        """What a mean could be taken over in this graph: 2, and how many operands its sums and softmaxes have."""
        sums = [
            node
            for node in self.nodes.values()
            if node.op in (total, mean) or (node.op is not None and node.op.family is softmax)
        ]
        return sorted({2, *(len(node.operands) for node in sums)})


class Updates(Protocol):
    """What updates give, by label, each as a formula of what was before."""

    @property
    def updates(self) -> Container[str]:
        """The labels."""

    def formula(
        self, label: str, variable: Callable[[Quantity], Expression], names: Mapping[Value, str]
    ) -> Expression | None:
        """The formula of one of them; None for what is given at the start."""

    def is_parameter(self, label: str) -> bool:
        """Whether it is a parameter, and not what an optimizer keeps beside it."""


class Derivation(NamedTuple):
    """How a quantity follows from others.

    Attributes:
        quantity: what is computed.
        root: the formula.
        parts: its nodes that stand for quantities, variables and others.
    """

    quantity: Quantity
    root: Expression
    parts: dict[Expression, Quantity]


class Line(NamedTuple):
    """One line of a recipe: the number of a quantity, of an operation on lines before it, or a constant."""

    quantity: Quantity | None
    op: Primitive | None
    operands: tuple[int, ...]
    constant: float | None


class Recipe(NamedTuple):
    """How to work a formula out, line by line.

    Attributes:
        quantities: those in it.
        lines: operands before what is worked out from them, the formula's number last.
    """

    quantities: tuple[Quantity, ...]
    lines: tuple[Line, ...]


class Derivations:
    """Every quantity of a graph as a formula of quantities one step before it.

    Args:
        graph: the graph.
        program: the run that the graph shows, where it is that of a training.

    Attributes:
        quantities: what each variable stands for.
    """

    def __init__(self, graph: NamedGraph, program: Updates | None = None) -> None:
        self.graph, self.program = graph, program
        self.quantities: dict[Expression, Quantity] = {}
        self._variables: dict[Quantity, Expression] = {}
        self._steps: dict[Quantity, Expression | None] = {}
        self._slopes: dict[str, list[Expression]] = {}
        self._outward: dict[tuple[str, str], Expression] = {}
        self._between_labels: dict[tuple[str, str], Expression] = {}
        self._recipes: dict[Expression, Recipe] = {}
        self._told: dict[Quantity, str] = {}

    def share_variables(self, other: Derivations) -> None:
        """Let the same variables stand for quantities as there, so that formulas can be taken from there."""
        self.quantities, self._variables, self._recipes, self._told = (
            other.quantities,
            other._variables,
            other._recipes,
            other._told,
        )

    def recipe(self, step: Expression) -> Recipe:
        """How to work out a formula that stays, as that of a step."""
        if step not in self._recipes:
            nodes = all_nodes(step)
            place = {node: i for i, node in enumerate(nodes)}
            known = [self.quantities.get(x) for x in nodes]
            lines = [
                Line(
                    q,
                    x.op,
                    () if x.op is None else tuple([place[y] for y in x.operands]),
                    None if x.op else x.constant_value,
                )
                for q, x in zip(known, nodes)
            ]
            self._recipes[step] = Recipe(tuple([q for q in known if q is not None]), tuple(lines))
        return self._recipes[step]

    def variable(self, quantity: Quantity) -> Expression:
        """The variable that stands for a quantity."""
        if quantity not in self._variables:
            self._variables[quantity] = variable = Expression(str(quantity))
            self.quantities[variable] = quantity
        return self._variables[quantity]

    def step(self, quantity: Quantity) -> Expression | None:
        """A quantity as a formula of others; None for what is given: an input, a weight."""
        if quantity not in self._steps:
            if quantity.kind in ("formula", "number"):
                number = quantity.kind == "number"
                self._steps[quantity] = (
                    Expression.literal(float(quantity.text)) if number else expression(quantity, self.variable)
                )
            else:
                self._steps[quantity] = getattr(self, f"_{quantity.kind}")(*quantity.nodes)
        return self._steps[quantity]

    def step_from(self, quantity: Quantity, known: Collection[Quantity]) -> Expression | None:
        """The same, of two ways to write a derivative the one that uses what is known.

        The chain rule may be begun at either end.  Where the derivatives of all operands of the output are known, as
        those of the terms of a loss, theirs are taken.
        """
        if known and quantity.kind == "derivative":
            of, by = quantity.nodes
            inner = self.operands_towards(of, by)
            if inner and all(derivative(x, by) in known for x in inner):
                return self.from_the_output(of, by)
        return self.step(quantity)

    def labelled_step_from(self, quantity: Quantity, known: Collection[Quantity]) -> Expression | None:
        """The same, with the chain rule from labelled node to labelled node where it uses a derivative that is known.

        Nobody prints derivatives by what has no label.
        """
        if quantity.kind == "derivative":
            of, by = quantity.nodes
            users = self.graph.labelled_users(by, of, LONGEST_DERIVATION) or []
            if any(user != of and derivative(user, by) in known for user in users):
                return added([self._labelled_term(of, user, by, users) for user in users])
        return self.step_from(quantity, known)

    def _labelled_term(self, of: str, user: str, by: str, users: Sequence[str]) -> Expression:
        if user == of:
            return self._past_labels(of, by)
        above_others = any(other != user and self.graph.depends(user, other) for other in users)
        local = self._past_labels(user, by) if above_others else self.variable(derivative(user, by))
        return self.variable(derivative(of, user)) * local

    def _past_labels(self, of: str, by: str) -> Expression:
        """The derivative of a node over the paths on which no other node has a label."""
        if (of, by) not in self._between_labels:
            terms = [self.local_derivative(of, by)] if by in self.graph.operands(of) else []
            between = [x for x in self.graph.users[by] if x not in self.graph.labels and self.graph.depends(of, x)]
            terms += [self._past_labels(of, x) * self.local_derivative(x, by) for x in between if x != of]
            self._between_labels[of, by] = added(terms)
        return self._between_labels[of, by]

    def operands_towards(self, of: str, by: str) -> list[str]:
        """The operands of a node that depend on another one."""
        return [
            x for x in dict.fromkeys(self.graph.operands(of)) if x is not None and x != by and self.graph.depends(x, by)
        ]

    def from_the_output(self, of: str, by: str) -> Expression:
        """The chain rule begun at the output: over its operands, its derivative by each times the operand's own."""
        if (of, by) not in self._outward:
            terms = [
                self.local_derivative(of, x) * self.variable(derivative(x, by)) for x in self.operands_towards(of, by)
            ]
            self._outward[of, by] = added(
                terms + ([self.local_derivative(of, by)] if by in self.graph.operands(of) else [])
            )
        return self._outward[of, by]

    def _operand(self, x: Value) -> Expression:
        return self.variable(data(self.graph.name[x])) if x in self.graph.name else Expression.literal(x.data)

    def _data(self, name: str) -> Expression | None:
        if self.program is not None and name in self.program.updates:
            return self.program.formula(name, self.variable, self.graph.name)
        if name not in self.graph.nodes:
            raise ValueError(f"no number is called {name!r} here")  # as one that only another optimizer keeps
        node = self.graph.nodes[name]
        if node.op is None:
            return None
        return written_out(self.operation(name), tuple([self._operand(x) for x in node.operands]))

    def operation(self, name: str) -> Primitive:
        """The operation that gives a node."""
        return self.graph.nodes[name].op  # type: ignore[no-any-return]

    def _derivative(self, of: str, by: str) -> Expression:
        users = self.graph.users_towards(by, of)
        if of == by or not users:
            return Expression.literal(float(of == by))
        return added([self.term(of, user, by) for user in users])

    def term(self, of: str, user: str, by: str) -> Expression:
        """One term of the chain rule: the derivative by a user of ``by``, times the user's own by ``by``."""
        if user == of:
            return self.local_derivative(user, by)
        directly = self.graph.only_directly(user, by)
        local = self.variable(derivative(user, by)) if directly else self.local_derivative(user, by)
        return self.variable(derivative(of, user)) * local

    def local_derivative(self, user: str, operand: str) -> Expression:
        """The derivative of a node by one of its operands, by its row's rule."""
        if user not in self._slopes:
            self._slopes[user] = self.slopes(user)
        return self._by(operand, user, self._slopes[user])

    def mistaken_derivative(self, user: str, operand: str, mistaken: MistakenRule) -> Expression:
        """The derivative of a node by one of its operands, by a wrong rule."""
        return self._by(operand, user, self.slopes(user, mistaken))

    def _by(self, operand: str, user: str, slopes: Sequence[Expression]) -> Expression:
        return added([slope for x, slope in zip(self.graph.operands(user), slopes) if x == operand])

    def slopes(self, name: str, mistaken: MistakenRule | None = None) -> list[Expression]:
        """The derivatives of a node by its operands, by its row's rule or by a wrong one."""
        op, out = self.operation(name), self.variable(data(name))
        operands = [self._operand(x) for x in self.graph.nodes[name].operands]

        def outputs() -> list[Expression]:
            return self._outputs(name, operands)

        found = (
            op.derivatives(out, operands, outputs)
            if mistaken is None
            else mistaken.derivatives(op, out, operands, outputs)
        )
        return [x if isinstance(x, Expression) else Expression.literal(x) for x in found]

    def _outputs(self, name: str, operands: Sequence[Expression]) -> list[Expression]:
        """All outputs of the operation that gives a node."""
        named = self.graph.outputs_beside(name)
        rows = self.graph.nodes[name].op.family.rows(operands)
        return [
            self.variable(data(named[row.parameter]))
            if row.parameter in named
            else Expression.record(row, tuple(operands))
            for row in rows
        ]

    def _path(self, *nodes: str) -> Expression:
        return reduce(operator.mul, [self.variable(derivative(of, by)) for of, by in pairwise(nodes)])

    def _change(self, label: str) -> Expression:
        """What an update adds; the number of before it does not come in where the update says what it adds."""
        moved = self._data(label)
        before = self.variable(data(label.removesuffix("'")))
        if moved is not None and moved.op is sub and moved.operands[0] is before:
            return -moved.operands[1]
        if moved is not None and moved.op is add and moved.operands[0] is before:
            return moved.operands[1]
        return self.variable(data(label)) - before

    def written(self, root: Expression, beside: Expression | None = None) -> str:
        """A formula as the page could write it, tidied: what has no label is told by its formula.

        Args:
            root: the formula.
            beside: the right one, if this one has a mistake; numbers that only this one has stay as they were put in.
        """
        told = {x: Expression(self.told(q)) for x in all_nodes(root) if (q := self.quantities.get(x)) is not None}
        if beside is not None:
            usual = {0.0, 1.0, *(abs(x.constant_value) for x in all_nodes(beside) if x.constant_value is not None)}
            numbers = {x: x.constant_value for x in all_nodes(root) if x.constant_value is not None}
            told |= {x: Expression(plain_number(number)) for x, number in numbers.items() if abs(number) not in usual}
        return in_full(tidied(changed(topological_order(root), told).get(root, root)))

    def told(self, quantity: Quantity) -> str:
        """A quantity as a page could call it: what has no label is told by its formula, cut short if that is long."""
        if quantity not in self._told:
            self._told[quantity] = self._called(quantity)
        return self._told[quantity]

    def _called(self, quantity: Quantity) -> str:
        if all(name in self.graph.labels for name in quantity.nodes):
            return str(quantity)
        shown = [name if name in self.graph.labels else self._told_in_labels(name) for name in quantity.nodes]
        within = [name if re.fullmatch(r"\w+(\([^()]*\))?", name) else f"({name})" for name in shown]
        return shown[0] if quantity.kind == "data" else str(Quantity(quantity.kind, tuple(within)))

    def _told_in_labels(self, name: str) -> str:
        step = self.in_labels(data(name), LONGEST_NAME)
        return name if step is None else brief(in_full(step), LONGEST_NAME)

    def in_labels(self, quantity: Quantity, longest: float = math.inf) -> Expression | None:
        """A quantity as a formula of others that have labels; None for what is given.

        Args:
            quantity: what is computed.
            longest: beyond so many nodes, dots stand for what has no label.
        """
        step = self.step(quantity)
        while step is not None:
            opened = {
                x: inner
                for x in all_nodes(step)
                if (q := self.quantities.get(x)) is not None
                and not self.is_labelled(q)
                and (inner := self.step(q)) is not None
            }
            if not opened:
                return step
            is_long = len(all_nodes(step)) > longest
            step = rewritten(step, dict.fromkeys(opened, Expression("...")) if is_long else opened)[step]
        return None

    def is_labelled(self, quantity: Quantity) -> bool:
        """Whether it is about nodes that have labels, so that a page may speak of it."""
        return bool(quantity.nodes) and all(name in self.graph.labels for name in quantity.nodes)

    def is_update(self, quantity: Quantity) -> bool:
        """Whether this is the number of a parameter after an update."""
        return self.program is not None and quantity.kind == "data" and self.program.is_parameter(quantity.nodes[0])

    def derivation(
        self,
        quantity: Quantity,
        known: Collection[Quantity],
        longest: int = LONGEST_DERIVATION,
        *,
        over_labels: bool = False,
    ) -> Derivation:
        """A quantity as a formula of what is known: its own step, and steps before it, up to ``longest`` nodes.

        In a formula for a derivative the numbers of labelled nodes stay variables: they come from the forward pass.

        Args:
            quantity: what is computed.
            known: what it may be computed from.
            longest: how many nodes the formula may have.
            over_labels: whether the chain rule leads from labelled node to labelled node where that uses what is known.
        """
        step_from = self.labelled_step_from if over_labels else self.step_from
        root = step if (step := step_from(quantity, known)) is not None else self.variable(quantity)
        parts: dict[Expression, Quantity] = {}
        while True:
            unknown = {
                x: self.quantities[x]
                for x in all_nodes(root)
                if x in self.quantities and self.quantities[x] not in known
            }
            opened = {
                x: step
                for x, q in unknown.items()
                if (quantity.kind == "data" or not (q.kind == "data" and q.nodes[0] in self.graph.labels))
                and (step := step_from(q, known)) is not None
            }
            twins = rewritten(root, opened)
            if not opened or len(all_nodes(twins[root])) > longest:
                break
            parts |= {x: unknown[x] for x in opened}
            # a part may be gone: what a derivative of 0 was multiplied by does not come in
            kept = [(twins[x], q) for x, q in parts.items() if x in twins and twins[x].op is not None]
            # of two that are the same, as ∂E/∂y and ∂E/∂(y - t), a page speaks of the one that has a label
            parts = dict(sorted(kept, key=lambda part: self.is_labelled(part[1])))
            root = twins[root]
        return Derivation(
            quantity, root, parts | {x: self.quantities[x] for x in all_nodes(root) if x in self.quantities}
        )


def in_full(root: Expression) -> str:
    """A formula as text, with no name for what is used twice: a page has none for it."""
    sizes: dict[Expression, int] = {}
    for node in topological_order(root):
        sizes[node] = 1 + sum([sizes.get(x, 0) for x in node.operands])
    return term(root, TEXT, {}).text if sizes.get(root, 0) <= MOST_WRITTEN else str(root)


def added(terms: Sequence[Expression]) -> Expression:
    """The sum of terms, from left to right."""
    return reduce(operator.add, terms)


def is_number(x: Expression, number: float) -> bool:
    """Whether a node is this number, written in the formula."""
    return x.op is None and x.constant_value == number


def rewritten(root: Expression, replaced: Mapping[Expression, Expression]) -> dict[Expression, Expression]:
    """Every node of a formula, and what it is once some nodes are replaced; what does not change stays the same node.

    Factors of 1 and terms of 0 that come in fold away.
    """
    return {node: node for node in all_nodes(root)} | changed(topological_order(root), replaced)


def changed(order: Sequence[Expression], replaced: Mapping[Expression, Expression]) -> dict[Expression, Expression]:
    """A formula's nodes that change once some are replaced, operands first, and what they are then; as `rewritten`."""
    twins = dict(replaced)
    for node in order:
        operands = node.operands
        for x in operands:
            if x in twins:
                if node not in replaced:
                    twins[node] = _folded(node, tuple([twins.get(x, x) for x in operands]))
                break
    return twins


def _folded(node: Expression, operands: tuple[Expression, ...]) -> Expression:
    if node.op is mul or node.op is add:
        neutral = 1.0 if node.op is mul else 0.0
        for x, other in (operands, operands[::-1]):
            if is_number(x, neutral):
                return other
            if node.op is mul and is_number(x, 0.0):
                return x
    return Expression.record(node.op, operands)


def _swapped(indices: tuple[str, ...], i: int, j: int) -> tuple[str, ...]:
    swapped = list(indices)
    swapped[i], swapped[j] = swapped[j], swapped[i]
    return tuple(swapped)
