"""Branches that are not taken: made harmless before a formula is differentiated and run.

``where(x > 0, sqrt(x), 0)`` computes both branches.  At x = -1 the root is nan, and so is its derivative, which the
chain rule multiplies by 0: nan again, or in Python an error.  So what only one branch needs is computed from safe
operands where that branch is not taken: ``where(x > 0, sqrt(where(x > 0, x, 0.5)), 0)``, which has the same value, and
derivatives that are 0 where they must be, of any order, however the formula is run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from typing import Any

from autograd_tiny.engine import table as p
from autograd_tiny.engine.graph import Node, NodeT, mapped, topological_order
from autograd_tiny.engine.row import REALS, Primitive
from autograd_tiny.engine.table import where

# A choice is the number of a condition, and whether it holds; a case is a set of choices that hold
# together, and a node is needed in some cases.  A condition is a node, or that one of many cases is there.
Case = frozenset[tuple[int, bool]]
Need = frozenset[Case]
ALWAYS: Need = frozenset([frozenset()])
MOST_CASES = 64
"""More cases become one condition of its own: to compare them all takes a time that grows with their square."""

# Rows of which value and derivatives are finite wherever the operands are finite and of moderate size; the derivatives
# of sums and steps do not depend on the operands at all, see `_rewritten`.
TAME = frozenset({
    p.mul, p.sin, p.cos, p.tanh, p.atan, p.erf, p.erfc, p.minimum, p.maximum, p.absolute, p.sigmoid, p.relu, p.softplus,
    p.silu, p.gelu, p.dot, p.logsumexp, p.leaky_relu, p.softmax, p.power[2.0],
})  # fmt: skip
WITHOUT_POLES = TAME | {p.total, p.mean, where, p.exp, p.expm1, p.sinh, p.cosh}
"""Rows whose derivatives are finite at every operand, but for overflow; those of sums and steps are constant."""
SAFE = 0.5
"""Every row of the table has finite derivatives of all orders at this operand."""


def with_safe_branches(output: NodeT, finite: Iterable[NodeT] = ()) -> dict[NodeT, NodeT]:
    """Every node that ``output`` depends on, and its equal in a formula in which branches not taken do no harm.

    Args:
        output: the formula.
        finite: variables that are finite numbers whenever the formula is run; all others may be nan or infinite.

    >>> from autograd_tiny import Expression
    >>> x = Expression("x")
    >>> y = where(x > 0.0, x.sqrt(), 0.0)
    >>> str(with_safe_branches(y)[y])
    'where(x > 0, sqrt(where(x > 0, x, 0.5)), 0)'
    """
    order = topological_order(output)
    if not any(node.op is where for node in order):
        return {node: node for node in order}
    rewriting = _Rewriting(order, set(finite))
    if not rewriting.is_circular and not _conditions_share_poles(order):
        return rewriting.result
    apart = _with_own_conditions(output)
    again = _Rewriting(topological_order(apart[output]), set(finite)).result
    return {node: again.get(apart[node], apart[node]) for node in order}


def _passes_on(row: Primitive, place: int) -> bool:
    """Whether a derivative can pass through an operation to an operand; none does to what only decides."""
    decides = place == 0 if row is where else isinstance(row.rule, tuple) and row.rule[place] == 0.0
    return not decides


def _has_poles(row: Primitive) -> bool:
    """Whether there are operands where a derivative is infinite, or none."""
    return not (isinstance(row.rule, tuple) or row in WITHOUT_POLES or row.family in WITHOUT_POLES)


def _conditions_share_poles(order: Sequence[Node]) -> bool:
    """Whether conditions and what is differentiated have an operation in common whose derivative may be infinite."""
    differentiated, deciding = {order[-1]}, set[Node]()
    for node in reversed(order):
        for place, x in enumerate(node.operands):
            if node in deciding:
                deciding.add(x)
            if node in differentiated:
                (differentiated if _passes_on(node.op, place) else deciding).add(x)
    return any(_has_poles(x.op) for x in differentiated & deciding if x.op is not None)


def _with_own_conditions(output: NodeT) -> dict[NodeT, NodeT]:
    """Every node in an equal formula in which conditions have nothing in common with what is differentiated.

    In ``where(sqrt(x) > 0.1, sqrt(x), 0)`` the condition always needs the value of the root, its derivative is needed
    only where the condition holds.  So the condition gets a root of its own.  Where the two come out equal all the
    same, the program has one.
    """
    own: dict[int, Any] = {}

    def made(node: NodeT, operands: tuple[NodeT, ...]) -> NodeT:
        if node.op is None:
            own[id(node)] = node  # inputs stay what they are
            return node
        pairs = enumerate(zip(operands, node.operands))
        given = tuple([x if _passes_on(node.op, place) else deepcopy(old, own) for place, (x, old) in pairs])
        if all(x is old for x, old in zip(given, node.operands)):
            return node
        return node.with_operands(operands if node.call else given)

    return mapped([output], made)


class _Rewriting:
    def __init__(self, order: Sequence[Node], finite: set[Node]) -> None:
        self.numbers: dict[Node | Need, int] = {}  # of conditions
        self.need = self._needed(order)
        self.conditions = list(self.numbers)
        self.finite = finite
        self.clean: set[Node] = set()  # old nodes that are finite where they are not needed
        self.result: dict[Any, Any] = {}
        self.masks: dict[Any, Any] = {}
        self.parts: dict[int, list[int]] = {}  # of conditions, as `_within` finds them
        self.shared: dict[Any, tuple[Node, ...]] = {}
        self.is_circular = False  # whether a condition depends on what is needed only where it holds, or does not
        for node in self._conditions_first(order[-1]):
            self.result[node] = self._rewritten(node)

    def _needed(self, order: Sequence[Node]) -> dict[Node, Need]:
        """In which cases each node is needed."""
        need: dict[Node, Need] = {order[-1]: ALWAYS}
        for node in reversed(order):
            cases = need[node]
            for place, x in enumerate(node.operands):
                if x.op is None:
                    continue
                there = cases
                if node.op is where and place:
                    key = self.numbers.setdefault(node.operands[0], len(self.numbers))
                    choice = (key, place == 1)
                    there = frozenset(case | {choice} for case in cases if (key, place != 1) not in case)
                if (known := need.get(x)) != ALWAYS:
                    need[x] = there if known is None else self._either(known | there)
        return need

    def _either(self, cases: Need) -> Need:
        if len(cases) <= MOST_CASES or frozenset() in cases:
            return _simplified(cases)
        return frozenset([frozenset([(self.numbers.setdefault(cases, len(self.numbers)), True)])])

    def _computed_from(self, key: int) -> list[Node]:
        """The nodes that a condition is computed from: itself, or those of all of its cases."""
        return [x for k in self._within(key) if not isinstance(x := self.conditions[k], frozenset)]

    def _within(self, key: int) -> list[int]:
        """The conditions that a condition is made of, itself included, in the order in which they were numbered."""
        if key not in self.parts:
            found, waiting = {key}, [key]
            while waiting:
                if isinstance(condition := self.conditions[waiting.pop()], frozenset):
                    more = {k for case in condition for k, _ in case} - found
                    found |= more
                    waiting += more
            self.parts[key] = sorted(found)
        return self.parts[key]

    def _conditions_first(self, root: Node) -> Iterable[Node]:
        """The nodes in an order in which operands, and the conditions under which a node is needed, come before it.

        A condition that depends on the node itself does not count: it is left out of the node's cases.
        """
        done: set[Node] = set()
        open_: set[Node] = set()
        waiting: list[tuple[Node, bool]] = [(root, False)]
        while waiting:
            node, ready = waiting.pop()
            if ready:
                done.add(node)
                yield node
            elif node not in done and node not in open_:
                open_.add(node)
                waiting.append((node, True))
                conditions = {key: self._computed_from(key) for case in self.need[node] for key, _ in case}
                circular = {
                    key for key, nodes in conditions.items() if any(x in open_ and x not in done for x in nodes)
                }
                if circular:
                    self.is_circular = True
                    cases = [
                        frozenset(choice for choice in case if choice[0] not in circular) for case in self.need[node]
                    ]
                    self.need[node] = _simplified(frozenset(cases))
                before = [*node.operands, *[x for key in sorted(conditions.keys() - circular) for x in conditions[key]]]
                waiting += [(x, False) for x in reversed(before) if x.op is not None]

    def _rewritten(self, node: Any) -> Any:
        need = self.need[node]
        old = node.operands
        constant = isinstance(node.op.rule, tuple) or node.op in (p.total, p.mean, where)
        if need == ALWAYS:
            operands = [self.result.get(x, x) for x in old]
        else:
            tame = node.op in TAME or node.op.family in TAME
            raw = [not self._is_clean(x, need) for x in old]
            masked = [
                not constant and (is_raw or not tame) and not _is_safe(node.op, place, x.constant_value)
                for place, (x, is_raw) in enumerate(zip(old, raw))
            ]
            operands = [
                self._mask(self.result.get(x, x), need, _safe(node.op, i)) if masks else self.result.get(x, x)
                for i, (x, masks) in enumerate(zip(old, masked))
            ]
            if all(masks or not is_raw for masks, is_raw in zip(masked, raw)):
                self.clean.add(node)
        if all(x is y for x, y in zip(operands, old)):
            return node
        given = tuple(operands)
        new = type(node).record(node.op, self.shared.setdefault((node.call, need), given) if node.call else given)
        new.label = node.label
        return new

    def _is_clean(self, x: Any, need: Need) -> bool:
        if x.op is None:
            return x.constant_value is not None or x in self.finite
        return x in self.clean and self.need[x] == need

    def _mask(self, x: Any, need: Need, safe: float) -> Any:
        """``x`` where it is needed, and a safe number elsewhere."""
        key = x, need, safe
        if key not in self.masks:
            alone = next(iter(need)) if len(need) == 1 else None
            self.masks[key] = self._chosen(alone, x, safe) if alone else where(self._is_needed(need), x, safe)
        return self.masks[key]

    def _is_needed(self, need: Need) -> Any:
        """Whether one of the cases is there."""
        if need not in self.masks:
            needed: Any = 0.0
            for case in sorted(map(sorted, need), reverse=True):
                needed = self._chosen(case, 1.0, needed)
            self.masks[need] = needed
        return self.masks[need]

    def _chosen(self, case: Iterable[tuple[int, bool]], x: Any, otherwise: Any) -> Any:
        for key, holds in sorted(case, reverse=True):
            condition = self._condition(key)
            x = where(condition, x, otherwise) if holds else where(condition, otherwise, x)
        return x

    def _condition(self, key: int) -> Any:
        condition = self.conditions[key]
        if not isinstance(condition, frozenset):
            return self.result.get(condition, condition)
        for inner in self._within(key)[:-1]:  # those first that it is made of, so that nothing goes deep
            if isinstance(cases := self.conditions[inner], frozenset):
                self._is_needed(cases)
        return self._is_needed(condition)


def _simplified(cases: Need) -> Need:
    """The same cases in fewer: those that another includes left out, and two that differ in one choice joined."""
    found = set(cases)
    changed = True
    while changed:
        changed = False
        if frozenset() in found:
            return ALWAYS
        for case in list(found):
            for key, holds in case:
                rest = case - {(key, holds)}
                if rest | {(key, not holds)} in found or rest in found:
                    found.remove(case)
                    found.add(rest)
                    changed = True
                    break
            if changed:
                break
    return frozenset(case for case in found if not any(other < case for other in found))


def _is_safe(row: Primitive, place: int, number: float | None) -> bool:
    """Whether a number in a formula needs no other in its place: in (-1) ** x the base does, as in x / 0."""
    return number is not None and (number > 0.0 or row.domain_of(place) is REALS)


def _safe(row: Primitive, place: int) -> float:
    domain = row.domain_of(place)
    return next((x for x in (SAFE, *domain.points) if domain.contains(x)), SAFE)
