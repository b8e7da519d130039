"""The record of a number in matrix form: arrays and scalars that have a name, each with its formula in terms of others.

Scalars and arrays stand in one graph.  A scalar that was made of whole arrays leads to them; one that is an entry of an
array is a part of it; any other is an operation on scalars, as it was recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from autograd_tiny.arrays import shapes
from autograd_tiny.arrays.node import ArrayNode, Reduced, Shape
from autograd_tiny.arrays.recorded import Array
from autograd_tiny.arrays.structure import Part, Structure, column, transpose
from autograd_tiny.engine.contents import named_by, parts
from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.engine.value import Constant, Value
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.text.names import distinct, invented
from autograd_tiny.text.words import quoted
from autograd_tiny.views.matrices.evaluated import Numbers
from autograd_tiny.views.matrices.symbolic import COUNT, Symbolic
from autograd_tiny.views.named import THROUGH

Whole = ArrayNode | Value
"""What has a formula: an array, or a scalar beside arrays."""
ARRAYS, ALL_ARRAYS = "arrays", "all arrays"
Wholes = str | Iterable[Array | Value] | None
"""Which arrays are seen: named ones; "arrays" for these, or all where none has a name; "all arrays"; or those given."""


class MatrixGraph:
    """All that a number was computed from, in matrix form.

    Args:
        root: the number.
        wrt: arrays that are seen in any case.
        variables: what the caller's variables hold; they name what has no label, where nothing that was computed has
            one.
        through: which arrays are seen.

    Attributes:
        variables: what stands for each named array or scalar in formulas; `by_variable` is the other way round.
        formulas: of what has a name and was computed.
        order: what has one, operands before users, the root last.
        inside: the named arrays and scalars in the formula of each, each once.
        shapes: of the variables, and of whatever is asked for later.
        data: numbers of scalars in place of those that were recorded.
    """

    def __init__(
        self, root: Value, wrt: Sequence[ArrayNode], variables: Mapping[str, Any], through: Wholes = None
    ) -> None:
        self.root = root
        self.data: Mapping[Value, float] = {}
        self.scalars: list[Value] = all_nodes(root)
        ends = [x.whole for x in self.scalars if isinstance(x, Reduced)]
        on_the_way: list[ArrayNode] = all_nodes(*wrt, *ends)
        self.arrays = [x for x in on_the_way if x.shape]
        self.places = self._places()
        self.below = self._below()
        self.names = self._names(wrt, variables, through)
        self.variables = {x: Expression(name) for x, name in self.names.items()}
        self.by_variable = {variable: x for x, variable in self.variables.items()}
        self.shapes = {variable: shape_of(x) for x, variable in self.variables.items()}
        self.formulas = self._formulas()
        self.order = list(self.formulas)
        self.inside = {x: [self.by_variable[v] for v in variables_in(e)] for x, e in self.formulas.items()}

    @property
    def called(self) -> list[str]:
        """All names that formulas have."""
        return [*self.names.values(), COUNT]

    def _places(self) -> dict[Value, tuple[ArrayNode, int]]:
        """The array of each entry, and its number there: the array it was made in, not a part or a transpose of it."""
        found: dict[Value, tuple[ArrayNode, int]] = {}
        for node in self.arrays:
            if not is_view(node):
                for number, x in enumerate(node.entries):
                    found.setdefault(x, (node, number))
        return found

    def operands(self, x: Whole) -> Sequence[Whole]:
        """What an array, or a scalar, was computed from."""
        if isinstance(x, ArrayNode):
            return [self._scalar_in(y) for y in x.operands]
        if entry := self._entry(x):
            return [entry[0]]
        return [self._scalar_in(y) for y in x.whole.operands] if isinstance(x, Reduced) else x.operands

    def _entry(self, x: Whole) -> tuple[ArrayNode, int] | None:
        """The array that a scalar is an entry of, and its number there; None for what is seen by itself."""
        return self.places.get(x) if isinstance(x, Value) and x is not self.root else None

    @staticmethod
    def _scalar_in(node: ArrayNode) -> Whole:
        return node.entries[0] if not node.shape and node.entries else node

    def _below(self) -> list[Whole]:
        """All of them, operands before users."""
        found: dict[Whole, None] = {}
        waiting: list[Whole] = [self.root]
        while waiting:
            missing = [] if waiting[-1] in found else [y for y in self.operands(waiting[-1]) if y not in found]
            waiting += reversed(missing)
            if not missing:
                found[waiting.pop()] = None
        return list(found)

    def _names(self, wrt: Sequence[ArrayNode], variables: Mapping[str, Any], through: Wholes) -> dict[Whole, str]:
        """Labels, or where nothing computed has one the caller's variables; the ends have a name in any case."""
        seen = [*dict.fromkeys([*self.below, *wrt])]
        called = {x: label for x in seen if (label := self._label(x))}
        is_leaf = {x: not self.operands(x) for x in seen}
        by_variable: dict[Any, str] = {**named_by(variables), **arrays_in(variables)}
        if any(not is_leaf[x] and x is not self.root for x in called):
            by_variable = {x: name for x, name in by_variable.items() if x is self.root or is_leaf.get(x)}
        called |= {
            x: by_variable[x]
            for x in seen
            if x not in called and x in by_variable and x not in self.places and not is_view(x)
        }
        shown = {x for x in seen if x is self.root or is_leaf[x] or x in wrt}
        chosen = self._chosen(through, seen, {x for x in called if x not in shown})
        called = {x: name for x, name in called.items() if x in shown or x in chosen}
        needed = {self.root, *chosen, *wrt, *[x for x in seen if is_leaf[x] and not isinstance(x, Constant)]}
        fresh = invented(called.values())
        called |= {x: next(fresh) for x in seen if x in needed and x not in called}
        ordered = [x for x in seen if x in called]
        return dict(zip(ordered, distinct([called[x] for x in ordered])))

    def _chosen(self, through: Wholes, seen: Sequence[Whole], named: set[Whole]) -> set[Whole]:
        """What is seen of all that lies between the leaves and the root."""
        if through is None or (through in (ARRAYS, "named") and (named or through != ARRAYS)):
            return named
        if isinstance(through, str):
            return named.union(
                [x for x in seen if isinstance(x, ArrayNode) and x.entries and self.operands(x) and not is_view(x)]
            )
        chosen: set[Whole] = set()
        for x in through:
            whole = x.node if isinstance(x, Array) else x
            if isinstance(whole, ArrayNode) and is_view(whole):
                raise ValueError(
                    f"through lists {shapes.name(whole)}, which shows the entries of another Array; list that one"
                )
            if whole not in seen or self._entry(whole):
                wanted = "Arrays, and Values beside them, that the result depends on"
                raise ValueError(f"through lists {wanted}, got {quoted(x)}")
            chosen.add(whole)
        return chosen

    def _label(self, x: Whole) -> str:
        if isinstance(x, ArrayNode):
            return "" if is_view(x) else shapes.name(x, "")
        return "" if self._entry(x) else x.label

    def _formulas(self) -> dict[Whole, Expression]:
        """The formula of everything that has a name and was computed, named things in it by their names."""
        found: dict[Whole, Expression] = {}
        here: dict[Whole, Symbolic] = {}
        for x in self.below:
            if operands := self.operands(x):
                here[x] = self._formula(x, [here[y] for y in operands])
            elif x not in self.names:
                here[x] = Symbolic(Expression.literal(x.data), ())  # type: ignore[union-attr]
            if x in self.names:
                if operands:
                    found[x] = here[x].e
                here[x] = Symbolic(self.variables[x], shape_of(x))
        return found

    def _formula(self, x: Whole, operands: Sequence[Symbolic]) -> Symbolic:
        if entry := self._entry(x):
            node, number = entry
            place = shapes.entry_places(node.shape)[number]
            return operands[0].apply(Part(place, [number], ()))
        op = x.whole.op if isinstance(x, Reduced) else x.op
        if not isinstance(op, Structure):
            return Symbolic.record(op, tuple(operands))
        return operands[0].apply(op, *operands[1:])

    def numbers(self, x: Whole) -> Numbers:
        """The numbers of an array or of a scalar."""
        return Numbers(shape_of(x), [self.data.get(v, v.data) for v in scalars_of(x)])


def shape_of(x: Whole) -> Shape:
    """The shape; of a scalar ()."""
    return x.shape if isinstance(x, ArrayNode) else ()


def scalars_of(x: Whole) -> Sequence[Value]:
    """The entries of an array; a scalar itself."""
    return x.entries if isinstance(x, ArrayNode) else (x,)


def variables_in(formula: Expression) -> list[Expression]:
    """The variables of a formula."""
    return [e for e in all_nodes(formula) if e.op is None and e.constant_value is None]


def is_view(x: Whole) -> bool:
    """Whether an array shows the very scalars of another one.

    It has no derivatives of its own, and is written as what it is of that.
    """
    return isinstance(x, ArrayNode) and (isinstance(x.op, Part) or x.op in (transpose, column))


def arrays_in(variables: Mapping[str, Any]) -> dict[ArrayNode, str]:
    """The arrays that variables hold, also inside lists, dicts and modules, with their names."""
    found: dict[ArrayNode, str] = {}
    waiting = [(name, thing) for name, thing in variables.items() if not name.startswith("_")]
    seen: dict[int, Any] = {}
    for name, thing in waiting:
        if isinstance(thing, Array):
            found.setdefault(thing.node, name)
        elif id(thing) not in seen and (inside := parts(thing)) is not None:
            seen[id(thing)] = thing
            waiting += [(name + place, x) for place, x in inside]  # which the loop comes to, too
    return found


def settled(through: Any) -> Any:
    """``through`` as a word or a list, to be read more than once; what is given alone is a list of one.

    Raises:
        TypeError: it is neither.
    """
    if through is None or isinstance(through, str):
        return through
    if isinstance(through, (Array, Value)):
        return [through]
    if not isinstance(through, Iterable):
        raise TypeError(f"{THROUGH}, got {quoted(through)}")
    return list(through)


def is_by_arrays(through: Any) -> bool:
    """Whether ``through``, which is settled, asks for arrays."""
    if through is None or isinstance(through, str):
        return through in (ARRAYS, ALL_ARRAYS)
    return any(isinstance(x, Array) for x in through)


def check_through_arrays(through: Any) -> None:
    """Refuse what ``through`` cannot be where derivatives are by arrays."""
    if isinstance(through, str) and through not in ("named", ARRAYS, ALL_ARRAYS):
        raise ValueError(
            f"through is 'named', 'arrays', 'all arrays' or a list of Arrays where wrt has an Array, got {through!r}"
        )
