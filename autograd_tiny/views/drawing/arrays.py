"""A picture of arrays: a box each, its numbers in tables, and on every edge what backward does there to the whole."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from autograd_tiny.arrays.node import ArrayNode, Shape
from autograd_tiny.arrays.shapes import entry_places
from autograd_tiny.arrays.shapes import written as shape_text
from autograd_tiny.engine.graph import Node, topological_order
from autograd_tiny.engine.value import Constant, Value
from autograd_tiny.symbols.latex import latex_text
from autograd_tiny.text.numbers import short_number
from autograd_tiny.text.palette import CHIP, DATA, DERIVATIVE, GRAD, LEAF, OPERATION, QUIET, SMALL
from autograd_tiny.text.words import brief, did_you_mean, listed, shortened
from autograd_tiny.views.drawing.dot_text import Block, Row, Text, card, chip, sheet
from autograd_tiny.views.drawing.picture import Look, derivative_chip, ground_of
from autograd_tiny.views.matrices.graph import Whole, scalars_of, shape_of
from autograd_tiny.views.matrices.seen import SeenArrays, is_constant, is_small

LONGEST_RULE, LONGEST_FORMULA = 44, 48
"""Of a rule on an edge, of a formula in a box; longer ones are in its title alone."""
MOST_OPENED = 64
"""Entries of an array that is opened."""


class ArraySketch:
    """The sketch of arrays.

    Args:
        seen: what is drawn.
        look: what is shown, and how; of ``expand``, True or names open arrays into their scalars.
        gradients: of the scalars; None for what ``backward`` left in them.

    Attributes:
        sketch: the sketch.
        nodes: the id of each array and scalar; an entry has that of its array, unless this is open.
        edges: the id of the edge to each user from its operand number 0, 1, ..., of those between arrays that are not
            open.
    """

    def __init__(self, seen: SeenArrays, look: Look, gradients: Mapping[Value, float] | None) -> None:
        self.seen, self.look, self.names, self._gradients = seen, look, seen.graph.names, gradients
        self._scalars = {v for x in seen.nodes for v in scalars_of(x)}
        self.sketch = look.sketch()
        self.open = self._open(look.expand)
        self.nodes: dict[Node, str] = {}
        self.edges: dict[tuple[Node, int], str] = {}
        for number, x in enumerate(seen.nodes):
            if x in self.open and isinstance(x, ArrayNode):
                self._add_entries(x, f"n{number}")
            else:
                self._add_box(x, f"n{number}")
        for number, user in enumerate(seen.nodes):
            for place, x in enumerate(seen.graph.inside.get(user, ())):
                self._add_edges(x, user, f"e{number}_{place}", place)

    def _open(self, expand: Any) -> set[Whole]:
        """The arrays that are opened into their scalars."""
        arrays = {self.names[x]: x for x in self.seen.nodes if isinstance(x, ArrayNode)}
        given = list(arrays) if expand is True else [] if expand is False else expand
        wanted = [given] if isinstance(given, str) else list(given)
        for name in wanted:
            if name not in arrays:
                hint = did_you_mean(name, arrays) or f"there are {listed(list(arrays), 8)}"
                raise ValueError(
                    f"expand names the arrays that are opened into their scalars; none is called {name!r}; {hint}"
                )
        for name in wanted:
            if len(arrays[name].entries) > MOST_OPENED:
                shape, remedy = shape_text(arrays[name].shape), "draw one of its entries, or explain that"
                raise ValueError(f"{name} is {shape}, and more than {MOST_OPENED} scalars are read by nobody; {remedy}")
        return {arrays[name] for name in wanted}

    # Boxes.

    def _add_box(self, x: Whole, box_id: str) -> None:
        name, shape, formula = shortened(self.names[x]), shape_of(x), self._formula(x)
        is_short = formula[0] and len(formula[0]) <= LONGEST_FORMULA
        symbol = f" = {formula[0] if is_short else '…'}" if formula[0] else ""
        header = [Text(name, bold=True), Text(symbol), Text(f"  {shape_text(shape)}" if shape else "", QUIET)]
        kind, fill = _kind(x, bool(formula[0]))
        blocks, rim = list(self._blocks(x, box_id, kind)), self.look.rim(box_id)
        label = sheet([text for text in header if text.text], blocks, fill, rim=rim)
        self.sketch.box(box_id, kind, label, title=self.heading(x) + self._numbers(x), text=name)
        self.sketch.latex[box_id] = self._latex(x, formula[1] if is_short else r"\ldots" if formula[0] else "", shape)
        self.nodes |= dict.fromkeys([x, *scalars_of(x)], box_id)

    def heading(self, x: Whole) -> str:
        """What it is, without its numbers."""
        formula, shape = self._formula(x)[0], shape_of(x)
        return self.names[x] + (f" = {formula}" if formula else "") + (f", {shape_text(shape)}" if shape else "")

    def _formula(self, x: Whole) -> tuple[str, str]:
        """How it is computed, in text and in LaTeX; empty for a leaf."""
        if x not in self.seen.graph.formulas:
            return "", ""
        ((formula,),) = self.seen.formula(x).rights
        return self.seen.text(formula), self.seen.latex(formula)

    def _latex(self, x: Whole, formula: str, shape: Shape) -> str:
        name = self.seen.latex(self.seen.graph.variables[x])
        size = rf"\;\;{{\scriptstyle {shape_text(shape)}}}".replace("×", r" \times ") if shape else ""
        return name + (f" = {formula}" if formula else "") + size

    def _blocks(self, x: Whole, box_id: str, kind: str) -> Iterator[Block]:
        if not is_small(shape_of(x)):
            return
        moment, look = self.look.moment, self.look
        if "data" in look.show:
            texts = [look.number(number) for number in self.seen.graph.numbers(x).flat]
            texts = _known(texts, moment.data.get(box_id, "")) if moment else texts
            yield Block("data", self._cells(texts, x, DATA))
        if "grad" in look.show and kind != "constant":
            gradients = [self._gradient(v) for v in scalars_of(x)]
            grounds, texts = [ground_of(g, look.largest) for g in gradients], [look.number(g) for g in gradients]
            texts = _known(texts, moment.gradients.get(box_id, "")) if moment else texts
            yield Block("grad", self._cells(texts, x, GRAD, grounds))
        for note in look.notes.get(self.names[x], ()):
            yield Block(note.name, [[(Text(note.text), note.ground)]])

    def _gradient(self, v: Value) -> float:
        return v.grad if self._gradients is None else self._gradients.get(v, 0.0)

    def _cells(
        self, texts: Sequence[str], x: Whole, color: str, grounds: Sequence[str] = ()
    ) -> list[list[tuple[Text, str]]]:
        cells = [(Text(text, color), ground) for text, ground in zip(texts, grounds or [""] * len(texts))]
        width = (1, *shape_of(x))[-1]
        return [cells[i : i + width] for i in range(0, len(cells), width)]

    def _numbers(self, x: Whole) -> str:
        if isinstance(x, ArrayNode) or "data" not in self.look.show:
            return ""
        grad = f", grad {short_number(x.grad, 8)}" if "grad" in self.look.show else ""
        return f": data {short_number(x.data, 8)}{grad}"

    def _add_entries(self, x: ArrayNode, box_id: str) -> None:
        """The entries of an array, each a box, in a frame with its name."""
        kind, fill = _kind(x, x in self.seen.graph.formulas)
        frame, ids = (f"{self.names[x]}  {shape_text(x.shape)}",), [f"{box_id}_{i}" for i in range(len(x.entries))]
        for entry_id, v, place in zip(ids, x.entries, entry_places(x.shape)):
            name = f"{shortened(self.names[x])}{place}"
            rows = [Row("data", Text(self.look.number(v.data), DATA))] if "data" in self.look.show else []
            if "grad" in self.look.show and kind != "constant":
                rows.append(Row("grad", Text(self.look.number(v.grad), GRAD), ground_of(v.grad, self.look.largest)))
            symbol = f" = {v.op.symbol}" if v.op is not None and x in self.seen.graph.formulas else ""
            header = [Text(name, bold=True), *([Text(symbol)] if symbol else [])]
            title = f"{name}: data {short_number(v.data, 8)}"
            self.sketch.box(entry_id, kind, card(header, rows, fill), title=title, text=name, part=frame)
            self.sketch.latex[entry_id] = f"{self.seen.latex(self.seen.graph.variables[x])}{latex_text(place)}"
            self.nodes[v] = entry_id
        self.sketch.in_line(ids)
        self.nodes[x] = ids[0]

    # Edges.

    def _add_edges(self, x: Whole, user: Whole, edge_id: str, place: int) -> None:
        if x not in self.open and user not in self.open:
            self.edges[user, place] = edge_id
            rule, latex, whole = self.seen.rule(x, user)
            names = f"{self.names[x]} → {self.names[user]}"
            slope = f"∂{self.names[self.seen.graph.root]}/∂{self.names[x]}"
            nothing = "a constant" if is_constant(x) else "no derivative in matrix form"
            title = f"{names}: {slope} receives {whole}" if whole else f"{names}: {nothing}"
            text = brief(rule, LONGEST_RULE) if rule and "derivatives" in self.look.show else ""
            label = derivative_chip(edge_id, text, self.look.moment) if text else ""
            self.sketch.arrow(edge_id, self.nodes[x], self.nodes[user], label, title=title, faint=is_constant(x))
            if text:
                self.sketch.latex[edge_id] = latex if text == rule else r"\ldots"
            return
        for number, (u, v, derivative) in enumerate(dict.fromkeys(self._between(x, user))):
            name = f"{self._entry_name(x, u)} → {self._entry_name(user, v)}"
            is_known = derivative is not None and "derivatives" in self.look.show
            chip_text = "" if derivative is None else self.look.number(derivative)
            label = chip([Text(chip_text, DERIVATIVE)], CHIP) if is_known else ""
            told = "" if derivative is None else f": local derivative {short_number(derivative, 8)}"
            self.sketch.arrow(
                f"{edge_id}_{number}", self.nodes[u], self.nodes[v], label, title=name + told, faint=derivative == 0.0
            )

    def _entry_name(self, x: Whole, end: Any) -> str:
        if end is x or not isinstance(x, ArrayNode):
            return self.names[x]
        return self.names[x] + entry_places(x.shape)[x.entries.index(end)]

    def _between(self, x: Whole, user: Whole) -> Iterator[tuple[Any, Any, float | None]]:
        """The ends of the arrows between them, where one is open; with the derivative where both ends are scalars."""
        ends = scalars_of(x)
        for v in scalars_of(user):
            slopes = _local(v, self._scalars)
            used = [u for u in ends if u in slopes]
            if x in self.open or not isinstance(x, ArrayNode):
                for u in used:
                    whole_user = isinstance(user, ArrayNode) and user not in self.open
                    yield (u, user, None) if whole_user else (u, v, slopes[u])
            elif used:
                yield x, v, None


def _known(texts: Sequence[str], known: str) -> list[str]:
    """The numbers that are known at a moment, each as wide as it will be."""
    numbers = known.split(" ")
    return [(numbers[i] if i < len(numbers) else "").rjust(len(text)) for i, text in enumerate(texts)]


def _kind(x: Whole, computed: bool) -> tuple[str, str]:
    """The class of a box, and its ground."""
    return ("constant", SMALL) if is_constant(x) else ("operation", OPERATION) if computed else ("leaf", LEAF)


def _local(root: Value, ends: Collection[Value]) -> Mapping[Value, float]:
    """The derivative of a scalar by the nearest ones of those given, over all paths that pass by no other of them."""
    slopes: dict[Value, float] = {root: 1.0}
    found: dict[Value, float] = {}
    for node in reversed(topological_order(root)):
        if node not in slopes or (node in ends and node is not root):
            continue
        for x, d in zip(node.operands, node.local_derivatives):
            if x in ends:
                found[x] = found.get(x, 0.0) + d * slopes[node]
            elif not isinstance(x, Constant):
                slopes[x] = slopes.get(x, 0.0) + d * slopes[node]
    return found
