"""Backward passes with a known mistake planted in them, to compare whole arrays of derivatives with.

What a program gets wrong, it gets wrong in every entry: a line of its backward pass is missing or another.  So the pass
is walked as the program would have walked it, with other local derivatives at some of the nodes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

from autograd_tiny.calculus.mistaken.rules import mistaken_rules
from autograd_tiny.engine.graph import topological_order
from autograd_tiny.engine.row import MistakenRule, MultiPrimitive
from autograd_tiny.engine.table import add, mean, sub, total
from autograd_tiny.engine.value import Value
from autograd_tiny.marking.slips.mistakes import is_activation
from autograd_tiny.symbols.expression import Expression

Slopes = Mapping[Value, Sequence[float]]
NONE: Slopes = MappingProxyType({})
MOST_TERMS = 6
"""A sum of more terms is one over samples or entries, of which nobody leaves out a single one."""


class Planted(NamedTuple):
    """A mistake in a backward pass.

    Attributes:
        mistake: its name.
        what: the mistake as a sentence, without its full stop.
        line: the line of the derivation that it sits in; "" if there are no names to write it in.
        slopes: the local derivatives that it has in place of the nodes' own.
    """

    mistake: str
    what: str
    line: str
    slopes: Slopes


class Shares(NamedTuple):
    """What the uses of a node add to the derivative by it.

    Attributes:
        each: a share for every use by the operation that uses it most, as for every sample.
        rest: what the others add together, as a penalty on weights.
    """

    each: list[float]
    rest: float


class Backward:
    """The backward pass of one root, right or with mistakes planted in it.

    Args:
        root: where it begins.
        called: what the root is called.
    """

    def __init__(self, root: Value, called: str) -> None:
        self.root, self.called = root, called
        self.order = topological_order(root)
        self._swept: dict[int, dict[Value, float]] = {}

    @cached_property
    def right(self) -> dict[Value, float]:
        """The derivatives of the root by every node."""
        return self.swept(NONE, NONE_GIVEN)

    @cached_property
    def sizes(self) -> dict[Value, float]:
        """For every node what its derivative adds up, all of it taken positive: how much may have cancelled."""
        found: dict[Value, float] = {self.root: 1.0}
        for user in reversed(self.order):
            for operand, slope in zip(user.operands, user.local_derivatives):
                found[operand] = found.get(operand, 0.0) + abs(slope) * found[user]
        return found

    def swept(self, slopes: Slopes, given: Mapping[Value, float], seed: float = 1.0) -> dict[Value, float]:
        """The derivatives by every node, where some local derivatives are others, and some derivatives are given.

        Args:
            slopes: local derivatives to take for some nodes.
            given: derivatives of the root to take for some nodes.
            seed: what to begin with at the root.
        """
        found: dict[Value, float] = {self.root: seed}
        for user in reversed(self.order):
            upstream = given[user] if user in given else found[user]
            for operand, slope in zip(user.operands, slopes.get(user, user.local_derivatives)):
                found[operand] = found.get(operand, 0.0) + slope * upstream
        return found

    def with_(self, number: int) -> dict[Value, float]:
        """The derivatives with one of the planted mistakes."""
        if number not in self._swept:
            self._swept[number] = self.swept(self.planted[number].slopes, NONE_GIVEN)
        return self._swept[number]

    @cached_property
    def uses(self) -> dict[Value, list[tuple[Value, float]]]:
        """Where each node is used, in the order of computation: by what, and with which local derivative."""
        found: dict[Value, list[tuple[Value, float]]] = {}
        for user in self.order:
            for operand, slope in zip(user.operands, user.local_derivatives):
                found.setdefault(operand, []).append((user, slope))
        return found

    def shares(self, node: Value, derivatives: Mapping[Value, float]) -> Shares:
        """What each use adds to the derivative by a node: of a weight, a share for every sample of a batch."""
        uses = [(user.op, slope * derivatives[user]) for user, slope in self.uses.get(node, ()) if user in derivatives]
        usual = Counter(row for row, _ in uses).most_common(1)[0][0] if uses else None
        return Shares([x for row, x in uses if row is usual], sum(x for row, x in uses if row is not usual))

    @cached_property
    def planted(self) -> list[Planted]:
        """Every known mistake of a line of a backward pass, the likeliest first."""
        return [*self._activations(), *self._softmaxes(), *self._rules(), *self._weights(), *self._terms()]

    @cached_property
    def _layers(self) -> dict[tuple[object, int], list[Value]]:
        """The nodes that belong together, as those of a layer: of one row, with as many activations behind them."""
        behind: dict[Value, int] = {self.root: 0}
        layers: dict[tuple[object, int], list[Value]] = {}
        for user in reversed(self.order):
            further = behind[user] + _is_activation(user)
            for x in user.operands:
                behind[x] = max(behind.get(x, 0), further)
            layers.setdefault((user.op.family or user.op, behind[user]), []).insert(0, user)
        return layers

    def _of(self, row: object, depth: int, nodes: Sequence[Value]) -> str:
        """Which layer is spoken of: by its row, and where there are others like it and no names, by its place."""
        alike = sum(other is row for other, _ in self._layers)
        where = f" in layer {depth + 1} from the output" if alike > 1 and not self._line(nodes[0]) else ""
        return f"of {row.name}{where}"  # type: ignore[attr-defined]

    def _activations(self) -> Iterator[Planted]:
        layers = {
            key: nodes for key, nodes in self._layers.items() if nodes[0].op.arity == 1 and is_activation(nodes[0])
        }
        for (row, depth), nodes in layers.items():
            where = self._line(nodes[0])
            layer = self._of(row, depth, nodes)
            missing = dict.fromkeys(nodes, (1.0,))
            yield Planted("activation derivative missing", f"the derivative {layer} is missing", where, missing)
            for what, at in (
                ("its output in place of its input", _at_the_output),
                ("its input in place of its output", _at_the_input),
            ):
                with suppress(ArithmeticError, ValueError):
                    moved = {node: at(node) for node in nodes}
                    if any(tuple(slopes) != node.local_derivatives for node, slopes in moved.items()):
                        yield Planted("wrong point", f"the derivative {layer} is taken at {what}", where, moved)
            yield from self._activation_missing(nodes, layer)

    def _activation_missing(self, nodes: Sequence[Value], layer: str) -> Iterator[Planted]:
        """What goes into an activation, used for what comes out of it."""
        before = {node: node.operands[0].data for node in nodes}
        users = dict.fromkeys(user for node in nodes for user, _ in self.uses.get(node, ()))
        with suppress(ArithmeticError, ValueError):
            slopes = {
                user: _slopes_with(user, before) for user in users if not isinstance(user.op.family, MultiPrimitive)
            }
            what = f"the input {layer} is taken for its output"
            yield Planted("activation missing", what, "", slopes)

    def _softmaxes(self) -> Iterator[Planted]:
        for (row, _), nodes in self._layers.items():
            if isinstance(row, MultiPrimitive):
                own = {node: [float(i == node.op.parameter) for i, _ in enumerate(node.operands)] for node in nodes}
                diagonal = {node: [x * y for x, y in zip(own[node], node.local_derivatives)] for node in nodes}
                what = f"only the diagonal of the derivatives of {row.name} is used"
                yield Planted("softmax diagonal only", what, "", diagonal)
                yield Planted("activation derivative missing", f"the derivatives of {row.name} are missing", "", own)

    def _rules(self) -> Iterator[Planted]:
        """One mistaken rule in a whole layer.

        What is worked out of given numbers alone, as squares of weights, is another line.
        """
        for (row, depth), layer in self._layers.items():
            for is_given in (False, True):
                nodes = [node for node in layer if is_given is all(x.op is None for x in node.operands)]
                for number, mistaken in enumerate(mistaken_rules(nodes[0].op) if nodes else ()):
                    with suppress(ArithmeticError, ValueError):
                        slopes = {
                            node: _slopes_by(known[number], node)
                            for node in nodes
                            if len(known := mistaken_rules(node.op)) > number
                        }
                        what = f"in the derivative {self._of(row, depth, nodes)}, {mistaken.what}"
                        yield Planted("mistaken rule", what, self._line(nodes[0]), slopes)

    def _weights(self) -> Iterator[Planted]:
        """Square matrices of weights, transposed on the way back."""
        for base, entries in matrices(self.uses).items():
            if all((j, i) in entries for i, j in entries) and len(entries) > 1:
                turned = {entries[i, j]: entries[j, i].data for i, j in entries}
                users = dict.fromkeys(user for node in turned for user, _ in self.uses[node])
                with suppress(ArithmeticError, ValueError):
                    slopes = {user: _slopes_with(user, turned) for user in users}
                    yield Planted("transposed", f"on the way back {base} stands where its transpose should", "", slopes)

    def _terms(self) -> Iterator[Planted]:
        """A term of a loss, or one of the two ways round a layer, that no derivative is taken of.

        Also one that has a name, off by a factor.
        """
        away: dict[Value, int] = {self.root: 0}
        sums: dict[tuple[object, int, int], list[Value]] = {}
        for user in reversed(self.order):
            away.update((x, max(away.get(x, 0), away[user] + 1)) for x in user.operands)
            if user.op in (add, sub, total, mean) and len(user.operands) <= MOST_TERMS:
                sums.setdefault((user.op, away[user], len(user.operands)), []).append(user)
        for nodes in sums.values():
            for place, operand in enumerate(nodes[0].operands):
                if operand.op is not None:
                    term = f"of {base_of(nodes[0]) or 'a sum'} the term {base_of(operand) or f'number {place + 1}'}"
                    yield Planted("term left out", f"{term} is left out", "", _scaled(nodes, place, 0.0))
                    # What has no name is an entry's share, whose own sign is the simpler slip.
                    if len(nodes) == 1 and base_of(operand):
                        yield Planted("sign", f"{term} has the wrong sign", "", _scaled(nodes, place, -1.0))
                        for factor in self.factors:
                            yield Planted(
                                "factor",
                                f"{term} is {times_off(factor, self.samples)}",
                                "",
                                _scaled(nodes, place, factor),
                            )

    @cached_property
    def samples(self) -> int:
        """How many samples there are: as many as there are uses of most weights and biases; 0 if there are none."""
        named = [node for node in self.uses if node.op is None and node.label]
        return Counter(len(self.shares(node, self.right).each) for node in named).most_common(1)[0][0] if named else 0

    @property
    def factors(self) -> list[float]:
        """By which a loss is off when a square's 2, or a mean, is forgotten or put in."""
        usual = dict.fromkeys((2.0, float(self.samples)))
        return [x for n in usual if n > 1.0 for x in (n, 1.0 / n)]

    def _line(self, node: Value) -> str:
        """The line of the derivation that goes back over a node with one operand, by the names of the arrays."""
        out, x = base_of(node), base_of(node.operands[0])
        if not out or not x or len(node.operands) > 1:
            return ""
        (slope,) = node.op.derivatives(Expression(out), [Expression(x)])
        return f"∂{self.called}/∂{x} = ∂{self.called}/∂{out} * ({slope})"


NONE_GIVEN: Mapping[Value, float] = MappingProxyType({})


def times_off(factor: float, samples: int) -> str:
    """By how much too large or too small, and what is meant by it where it is the number of samples."""
    n = factor if factor > 1.0 else 1.0 / factor
    meant = ("a sum over the samples", "their mean") if factor > 1.0 else ("a mean over the samples", "their sum")
    why = f", as {meant[0]} is in place of {meant[1]}" if samples > 1 and abs(n - samples) < 1e-4 * n else ""
    return f"{n:.6g} times too {'large' if factor > 1.0 else 'small'}{why}"


def _scaled(nodes: Sequence[Value], place: int, factor: float) -> Slopes:
    """The local derivatives of sums, that by one operand times a factor."""
    return {node: [factor * x if i == place else x for i, x in enumerate(node.local_derivatives)] for node in nodes}


def _is_activation(node: Value) -> bool:
    """Whether a node is an activation, a softmax among them."""
    return is_activation(node) or isinstance(node.op.family, MultiPrimitive)


def _at_the_output(node: Value) -> Sequence[float]:
    """The derivative of a row with one operand, worked out at the row's output."""
    return [float(slope) for slope in node.op.derivatives(node.op.evaluate((node.data,)), (node.data,))]


def _at_the_input(node: Value) -> Sequence[float]:
    """The derivative of a row with one operand, its formula in terms of the output worked out at the input."""
    (x,) = node.operands
    return [float(slope) for slope in node.op.derivatives(x.data, (x.data,))]


def _slopes_with(node: Value, instead: Mapping[Value, float]) -> Sequence[float]:
    """The local derivatives of a node with other numbers for some operands."""
    operands = tuple([instead.get(x, x.data) for x in node.operands])
    return [float(slope) for slope in node.op.derivatives(node.data, operands)]


def _slopes_by(mistaken: MistakenRule, node: Value) -> Sequence[float]:
    """The local derivatives of a node by a mistaken rule."""
    return [float(slope) for slope in mistaken.derivatives(node.op, node.data, [x.data for x in node.operands])]


def base_of(node: Value) -> str:
    """The name of the array that a node is an entry of, or its own."""
    return re.sub(r"(\[\d+(, ?\d+)*\])+$", "", node.label)


def matrices(nodes: Mapping[Value, object]) -> dict[str, dict[tuple[int, int], Value]]:
    """The leaves that are entries of matrices, by the matrix and the place."""
    found: dict[str, dict[tuple[int, int], Value]] = {}
    for node in nodes:
        if node.op is None and (
            match := re.fullmatch(r"(.+?)\[(\d+)\](?:\[(\d+)\])|(.+?)\[(\d+), ?(\d+)\]", node.label)
        ):
            base, i, j = filter(None, match.groups())
            found.setdefault(base, {})[int(i), int(j)] = node
    return found
