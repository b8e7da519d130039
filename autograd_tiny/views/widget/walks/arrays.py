"""What is to be seen at each step where a step is a whole array: plain data, as `frames` has it for scalars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from autograd_tiny.arrays.node import ArrayNode
from autograd_tiny.arrays.shapes import written as shape_text
from autograd_tiny.engine.graph import adjoints
from autograd_tiny.engine.value import Constant, Value
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.text.numbers import short_number
from autograd_tiny.text.words import listed, shortened
from autograd_tiny.views.drawing.draw import Drawing, drawn_by_arrays
from autograd_tiny.views.drawing.picture import Look, Moment
from autograd_tiny.views.equations import Equation
from autograd_tiny.views.explain import Explanation
from autograd_tiny.views.mathml import Place
from autograd_tiny.views.matrices.graph import Whole, Wholes, scalars_of, shape_of
from autograd_tiny.views.matrices.seen import SeenArrays, is_constant, is_small
from autograd_tiny.views.matrices.written import counts
from autograd_tiny.views.widget.formulas import FormulaWriter, WrittenFormula
from autograd_tiny.views.widget.live import LiveGraph, live_graph
from autograd_tiny.views.widget.pictures import prepared
from autograd_tiny.views.widget.values import recomputed
from autograd_tiny.views.widget.walks.frames import MOST_LISTED, NO_FORMULA, ROOM, Frame, NodeInfo, Walkthrough

MOST_LIVE = 3000
"""A page computes no more scalars than this each time an input moves; of a larger graph the numbers stay."""
MOST_EXACT = 6
"""Of an array of more entries its box alone tells the numbers."""


class ArrayWalk:
    """The steps of a computation by arrays: forward an array a step, then backward the derivative by one array a step.

    Args:
        value: where it leads.
        through: which arrays are seen.
        variables: what the caller's variables hold.
        direction: of the drawing.
        digits: significant digits of numbers.

    Attributes:
        leaves: what can move, by its name.
    """

    def __init__(
        self, value: Value, through: Wholes, variables: Mapping[str, Any], *, direction: str, digits: int
    ) -> None:
        self._seen, self._direction, self._digits = SeenArrays(value, through, variables), direction, digits
        self._nodes = self._seen.scalars()
        self._names = self._seen.scalar_names
        self.leaves = {self._names[x]: x for x in self._nodes if x.op is None and not isinstance(x, Constant)}

    @property
    def size(self) -> int:
        """How many arrays there are, and scalars beside them."""
        return len(self._seen.nodes)

    def still(self) -> Walkthrough:
        """With the numbers that were recorded."""
        return self._steps(self._seen)

    def moved(self, numbers: Mapping[Value, float]) -> Walkthrough:
        """With other numbers of leaves, and what follows from these."""
        twins = recomputed(self._nodes, numbers)
        slopes = adjoints(twins[self._seen.graph.root])
        data, gradients = {x: t.data for x, t in twins.items()}, {x: slopes.get(t, 0.0) for x, t in twins.items()}
        return self._steps(self._seen.at(data, gradients))

    def live(self) -> tuple[Walkthrough, LiveGraph] | None:
        """With a place for each number, and the program that fills them; None where there are too many."""
        if len(self._nodes) > MOST_LIVE:
            return None
        numbers = {x: i for i, x in enumerate(self._nodes)}
        slopes = self._seen.derivatives.slopes
        data = {x: x.data if isinstance(x, Constant) else Place(x.data, f"d{i}") for x, i in numbers.items()}
        places = self._seen.at(data, {x: Place(slopes.get(x, 0.0), f"g{i}") for x, i in numbers.items()})
        boxes = self._boxes()
        names, of_box = [self._names[x] for x in self._nodes], [boxes[x] for x in self._nodes]
        return self._steps(places), live_graph(self._nodes)._replace(names=names, boxes=of_box)

    def _boxes(self) -> dict[Value, str]:
        """The id of the box that each scalar is in: of its array, or of the first array that it leads to."""
        found: dict[Value, str] = {}
        for number, x in enumerate(self._seen.nodes):
            found |= dict.fromkeys(scalars_of(x), f"n{number}")
        for number, x in enumerate(self._seen.nodes):
            waiting = [y for v in scalars_of(x) for y in v.operands]
            while waiting:
                y = waiting.pop()
                if y not in found:
                    found[y] = f"n{number}"
                    waiting += y.operands
        return found

    def _steps(self, seen: SeenArrays) -> Walkthrough:
        return _Builder(seen, self._direction, self._digits).walkthrough()


class _Builder:
    """Puts arrays into words, tables and formulas."""

    def __init__(self, seen: SeenArrays, direction: str, digits: int) -> None:
        self.seen, self.digits = seen, digits
        self.names, self.root = seen.graph.names, seen.graph.root
        self.ids = {x: f"n{i}" for i, x in enumerate(seen.nodes)}
        self.formulas = FormulaWriter()
        self.look = Look(self._roomy, direction=direction)
        self.backward = seen.gathered()

    def walkthrough(self) -> Walkthrough:
        """All of it."""
        seen, order = self.seen, self.seen.graph.order
        drawing = self._drawn_at(None)
        forward = [self._forward(x, f"Forward {i} of {len(order)}") for i, x in enumerate(order, 1)]
        backward = [self._backward(x, f"Backward {i} of {len(self.backward)}") for i, x in enumerate(self.backward, 1)]
        frames = [self._start(), *forward, self._seed(), *backward]
        numbers = {self.ids[x]: (self._texts(self._data(x), x), self._texts(self._slopes(x), x)) for x in seen.nodes}
        headings = {self.ids[x]: drawing.titles[self.ids[x]].partition(": data ")[0] for x in seen.nodes}
        svg = prepared(drawing.svg(), headings, numbers)
        infos = [self._info(x) for x in seen.nodes]
        title = f"{shortened(self.names[self.root])}, array by array"
        return Walkthrough(title, svg, infos, frames, self.formulas.parts, drawing.latex, self._drawn_at)

    def _drawn_at(self, moment: Moment | None) -> Drawing:
        return drawn_by_arrays(self.seen, self.look._replace(moment=moment), self.seen.derivatives.slopes)

    # Frames.

    def _start(self) -> Frame:
        leaves = [x for x in self.seen.nodes if x not in self.seen.graph.formulas]
        details = ", ".join(f"{self.names[x]}{self._size(x)}" for x in leaves)
        data = {self.ids[x]: self._texts(self._data(x), x) for x in leaves}
        return Frame("start", "Start", "", {}, data, {}, "The arrays the computation starts from.", details, NO_FORMULA)

    def _forward(self, x: Whole, place: str) -> Frame:
        operands = self.seen.graph.inside[x]
        of = listed([self.names[y] for y in operands], MOST_LISTED)
        caption = f"{self.names[x]}{self._size(x)} is computed from {of}."
        edges = {f"e{self.ids[x][1:]}_{i}": self.ids[y] for i, y in enumerate(operands)}
        data = {self.ids[x]: self._texts(self._data(x), x)}
        return Frame("forward", place, self.ids[x], edges, data, {}, caption, "", self._written([self.seen.formula(x)]))

    def _seed(self) -> Frame:
        root = self.ids[self.root]
        caption = f"Backward starts at {self.names[self.root]}: its derivative by itself is 1."
        gradients = {root: short_number(1.0, self.digits)}
        return Frame("seed", "Backward", root, {}, {}, gradients, caption, "", self._written([self._own()]))

    def _own(self) -> Equation:
        return Equation(self.seen.derivatives.symbol(self.root), ((Expression.literal(1.0),),))

    def _backward(self, x: Whole, place: str) -> Frame:
        users = self.seen.derivatives.users.get(x, [])
        edges = {f"e{self.ids[u][1:]}_{self.seen.graph.inside[u].index(x)}": self.ids[u] for u in users}
        of = listed([self.names[u] for u in users], MOST_LISTED)
        come = f"It comes from {of}." if users else "Nothing leads to it."
        caption = f"The derivative by {self.names[x]}{self._size(x)} is complete. {come}"
        formula = self._written([self.seen.derivatives.equation(x)])
        gradients = {self.ids[x]: self._texts(self._slopes(x), x)}
        return Frame("backward", place, self.ids[x], edges, {}, gradients, caption, "", formula)

    def _info(self, x: Whole) -> NodeInfo:
        kind = "constant" if is_constant(x) else "operation" if x in self.seen.graph.formulas else "leaf"
        gradient, formula = "" if is_constant(x) else self._exact(self._slopes(x), x), NO_FORMULA
        if x is self.root:
            formula = self._written([self._own()])
        elif kind != "constant" and x in self.seen.derivatives.formulas:
            entry = [self.seen.derivatives.entry(x)] if isinstance(x, ArrayNode) else []
            formula = self._written([self.seen.derivatives.equation(x), *entry])
        return NodeInfo(self.ids[x], self.names[x], kind, self._exact(self._data(x), x), gradient, formula)

    def _written(self, equations: Sequence[Equation]) -> WrittenFormula:
        every = [e for equation in equations for side in equation.rights for e in side]
        definitions = self.seen.derivatives.definitions if any(map(counts, every)) else []
        return self.formulas.write(Explanation(equations, definitions, self.digits, self.seen.graph.called))

    # Numbers.

    def _data(self, x: Whole) -> Sequence[float]:
        return self.seen.graph.numbers(x).flat

    def _slopes(self, x: Whole) -> Sequence[float]:
        return [1.0] if x is self.root else self.seen.derivatives.numbers(x).flat

    def _texts(self, numbers: Iterable[float], x: Whole) -> str:
        """The numbers of a box, one after the other; nothing where its array is shown by its shape alone."""
        if not is_small(shape_of(x)):
            return ""
        return " ".join([n.place() if isinstance(n, Place) else short_number(n, self.digits) for n in numbers])

    def _exact(self, numbers: Sequence[float], x: Whole) -> str:
        """The numbers as Python writes them, in lists; of many, their shape."""
        shape = shape_of(x)
        if len(numbers) > MOST_EXACT:
            return shape_text(shape)
        texts = [Place(n, n.called.upper()).place() if isinstance(n, Place) else repr(n) for n in numbers]
        rows = [", ".join(texts[i : i + shape[-1]]) for i in range(0, len(texts), shape[-1])] if shape else texts
        return {0: "{}", 1: "[{}]", 2: "[[{}]]"}[len(shape)].format("], [".join(rows))

    def _size(self, x: Whole) -> str:
        shape = shape_of(x)
        return f" ({shape_text(shape)})" if shape else ""

    def _roomy(self, x: float) -> str:
        return short_number(x, self.digits).rjust(ROOM if isinstance(x, Place) else 0)
