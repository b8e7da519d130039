"""What is to be seen at each step: plain data, the one source for the page, the notebook and the still pictures."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import NamedTuple

from autograd_tiny.engine.graph import all_nodes, mapped
from autograd_tiny.engine.value import Constant, Value
from autograd_tiny.symbols.naming import names
from autograd_tiny.text.names import distinct
from autograd_tiny.text.numbers import short_number
from autograd_tiny.text.words import listed, shortened, visible
from autograd_tiny.views.drawing.draw import Drawing, drawn
from autograd_tiny.views.drawing.picture import Look, Moment
from autograd_tiny.views.explain import Explainer
from autograd_tiny.views.mathml import Place
from autograd_tiny.views.steps import BackwardStep, Contribution, ForwardStep, backward_steps, forward_steps
from autograd_tiny.views.widget.formulas import FormulaWriter, WrittenFormula
from autograd_tiny.views.widget.live import LiveGraph, live_graph
from autograd_tiny.views.widget.pictures import prepared
from autograd_tiny.views.widget.values import recomputed

MOST_LISTED = 8
ROOM = 7
"""For how many characters there is room at least where a number stands: -0.7864."""

NO_FORMULA = WrittenFormula([], "")


class Frame(NamedTuple):
    """One step, as it is seen.

    Attributes:
        phase: "start", "forward", "seed" or "backward".
        place: the phase for the reader, with the number of the step in it: "Forward 3 of 27".
        node: the id of the node whose turn it is; empty at the start.
        edges: for the id of each edge between it and its operands, the id of the operand.
        data: for the id of each node whose data becomes known, the number.
        gradients: for the id of each node whose gradient changes, the number.
        caption: what happens, in a sentence.
        details: the same number by number, for those who hear the page.
        formula: the formula of the step.
    """

    phase: str
    place: str
    node: str
    edges: dict[str, str]
    data: dict[str, str]
    gradients: dict[str, str]
    caption: str
    details: str
    formula: WrittenFormula


class NodeInfo(NamedTuple):
    """One node, as it is seen when it is clicked.

    Attributes:
        id: in the drawing.
        name: its label, or the name that formulas give it.
        kind: "leaf", "constant" or "operation".
        data, gradient: exactly, as Python writes them; a constant has no gradient.
        chain_rule: the derivative of the root by this node, as the whole sum; empty for a constant.
    """

    id: str
    name: str
    kind: str
    data: str
    gradient: str
    chain_rule: WrittenFormula


class Walkthrough(NamedTuple):
    """Everything a stepper shows.

    Attributes:
        title: what is stepped through, in a few words.
        svg: the drawn graph, with room for every number it will show.
        nodes: in topological order.
        frames: the start, each step forward, the root's own derivative, each step backward.
        parts: markup that the formulas share.
        latex: for the id of each node, its first line in LaTeX, where that is mathematics.
        drawn_at: the graph drawn again, at a moment.
    """

    title: str
    svg: str
    nodes: list[NodeInfo]
    frames: list[Frame]
    parts: list[str]
    latex: dict[str, str]
    drawn_at: Callable[[Moment], Drawing]


def walkthrough(value: Value, *, direction: str, digits: int) -> Walkthrough:
    """The steps of a computation and of its backward; ``value`` and its graph stay as they are."""
    return Walk(value, direction=direction, digits=digits).still()


class Walk:
    """The steps of a computation, on one drawing: with the numbers recorded, or with places for numbers that move.

    Attributes:
        leaves: what can move, by its name.
    """

    def __init__(self, value: Value, *, direction: str, digits: int) -> None:
        self._root, self._direction, self._digits = _named_copy(value), direction, digits  # as it is now, for stills
        self._places = _Places(deepcopy(self._root), direction, digits)
        leaves = [x for x in all_nodes(self._root) if x.op is None and not isinstance(x, Constant)]
        self.leaves = {x.label: x for x in leaves}

    def still(self) -> Walkthrough:
        """With the numbers that were recorded."""
        return _Builder(self._root, self._digits).walkthrough(self._places)

    def moved(self, numbers: Mapping[Value, float]) -> Walkthrough:
        """With other numbers of leaves, and what follows from these."""
        root = recomputed([self._root], numbers)[self._root]
        return walkthrough(root, direction=self._direction, digits=self._digits)

    def live(self) -> tuple[Walkthrough, LiveGraph] | None:
        """With a place for each number, and the program that fills them."""
        return self._places.walkthrough(self._places), live_graph(self._places.nodes)


def known_by(frames: Sequence[Frame]) -> Iterator[Frame]:
    """Each frame, and in it all edges that were used by then, all data and all gradients that are known."""
    known = frames[0]
    for frame in frames:
        edges, data, gradients = known.edges | frame.edges, known.data | frame.data, known.gradients | frame.gradients
        known = frame._replace(edges=edges, data=data, gradients=gradients)
        yield known


class _Builder:
    """Puts the records of a graph in which everything has a name into words, numbers and formulas."""

    drawing: Drawing

    def __init__(self, root: Value, digits: int) -> None:
        self.root, self.digits = root, digits
        self.nodes: list[Value] = all_nodes(root)
        self.numbers = {node: i for i, node in enumerate(self.nodes)}
        self.forward, self.backward = list(forward_steps(root)), list(backward_steps(root))
        self.formulas = FormulaWriter()
        self.explainer = Explainer(root, digits=digits)
        self.gradients = self.explainer.adjoints

    def walkthrough(self, drawn_by: _Places) -> Walkthrough:
        """All of it."""
        drawing = self.drawing = drawn_by.drawing
        frames = [self._start(), *map(self._forward, self.forward), self._seed(), *map(self._backward, self.backward)]
        nodes = [self._info(node) for node in self.nodes]
        title = f"{shortened(self.root.label)}, step by step"
        headings = {self._id(x): _heading(x) for x in self.nodes}
        numbers = {self._id(x): (self._short(x.data), self._short(self.gradients[x])) for x in self.nodes}
        svg = prepared(drawing.svg(), headings, numbers)
        return Walkthrough(title, svg, nodes, frames, self.formulas.parts, drawing.latex, drawn_by.drawn_at)

    def _start(self) -> Frame:
        leaves = [x for x in self.nodes if x.op is None]
        caption = "The numbers the computation starts from." if self.forward else "A leaf: there is nothing to compute."
        details = ", ".join(f"{x.label} = {self._number(x.data)}" for x in leaves if x.label)
        data = {self._id(x): self._number(x.data) for x in leaves}
        return Frame("start", "Start", "", {}, data, {}, caption, details, NO_FORMULA)

    def _forward(self, step: ForwardStep) -> Frame:
        node, number = step.node, self._number(step.node.data)
        operands = list(dict.fromkeys(x.label or self._number(x.data) for x in node.operands))
        caption = f"{node.label} is computed from {listed(operands, MOST_LISTED)}."
        formula = self.formulas.write(self.explainer.step(step))
        place, data = f"Forward {step.number} of {len(self.forward)}", {self._id(node): number}
        details = f"It is {number}."
        return Frame("forward", place, self._id(node), self._edges(node), data, {}, caption, details, formula)

    def _seed(self) -> Frame:
        root, gradients = self._id(self.root), {self._id(self.root): self._number(1.0)}
        caption = f"Backward starts at {self.root.label}: its derivative by itself is 1."
        formula = self.formulas.write(self.explainer.derivative(self.root))
        return Frame("seed", "Backward", root, {}, {}, gradients, caption, "", formula)

    def _backward(self, step: BackwardStep) -> Frame:
        node, received = step.node, [c for c in step.contributions if not isinstance(c.operand, Constant)]
        receivers = list(dict.fromkeys(c.operand.label for c in received))
        goes = (
            f"Times the local derivative, it goes to {listed(receivers, MOST_LISTED)}."
            if received
            else "Constants need none of it."
        )
        caption = f"The gradient of {node.label} is complete: {self._number(step.upstream)}. {goes}"
        details = " ".join(self._receipt(c, step.upstream) for c in received)
        gradients = {self._id(c.operand): self._number(c.after) for c in received}
        formula = self.formulas.write(self.explainer.step(step)) if received else NO_FORMULA
        place = f"Backward {step.number} of {len(self.backward)}"
        edges = {edge: x for edge, x in self._edges(node).items() if x in gradients}
        return Frame("backward", place, self._id(node), edges, {}, gradients, caption, details, formula)

    def _receipt(self, c: Contribution, upstream: float) -> str:
        product = f"{self._number(upstream)} times {self._number(c.local_derivative)}"
        if not c.before:
            return f"{c.operand.label} gets {product}: {self._number(c.after)}."
        return f"{c.operand.label} had {self._number(c.before)} and gets {product}: now {self._number(c.after)}."

    def _info(self, node: Value) -> NodeInfo:
        data = self._exact(node.data)
        if isinstance(node, Constant):
            return NodeInfo(self._id(node), self._number(node.data), "constant", data, "", NO_FORMULA)
        kind, gradient = "leaf" if node.op is None else "operation", self._exact(self.gradients[node])
        chain_rule = self.formulas.write(self.explainer.derivative(node))
        return NodeInfo(self._id(node), node.label, kind, data, gradient, chain_rule)

    def _edges(self, user: Value) -> dict[str, str]:
        """The edges to a node; one that starts at a junction comes with the edge that leads there from the operand."""
        number = self.numbers[user]
        operands = {f"e{number}_{place}": self._id(x) for place, x in enumerate(user.operands)}
        feeds = self.drawing.feeds
        return {part: operand for edge, operand in operands.items() for part in (edge, feeds.get(edge, edge))}

    def _id(self, node: Value) -> str:
        return f"n{self.numbers[node]}"

    def _short(self, x: float) -> str:
        return short_number(x, self.digits)

    def _number(self, x: float) -> str:
        return self._short(x)

    def _exact(self, x: float) -> str:
        return repr(x)


class _Places(_Builder):
    """The same words and formulas, with a place for every number that follows the leaves.

    A place is called by what fills it: d3 is the data of node 3, l5_0 the local derivative of node 5 by its operand 0,
    g3 the whole gradient of node 3, b7 and a7 what an operand's gradient is before and after the contribution number 7.
    """

    def __init__(self, root: Value, direction: str, digits: int) -> None:
        super().__init__(root, digits)
        self._seen: set[Value] = set()
        count = itertools.count()
        self.gradients = {x: Place(gradient, f"g{self.numbers[x]}") for x, gradient in self.gradients.items()}
        self.backward = [self._with_places(step, count) for step in self.backward]
        self.explainer.adjoints = self.gradients
        for node, number in self.numbers.items():
            if isinstance(node, Constant):
                continue
            node.number = Place(node.data, f"d{number}")  # data would take the place for a number, and no more
            if node.op is not None and not isinstance(node.op.rule, tuple):
                places = tuple([Place(d, f"l{number}_{i}") for i, d in enumerate(node.local_derivatives)])
                node.d_first = places if node.first.__class__ is tuple else places[0]
                if node.second is not None:
                    node.d_second = places[1]
        self.look = self._look(direction)
        self.drawing = drawn(self.nodes, self.look)

    def _with_places(self, step: BackwardStep, count: Iterator[int]) -> BackwardStep:
        user, contributions, seen = self.numbers[step.node], [], self._seen
        for place, c in enumerate(step.contributions):
            number = next(count)
            before = Place(c.before, f"b{number}") if c.operand in seen else 0.0
            seen.add(c.operand)
            is_fixed = isinstance(step.node.op.rule, tuple)
            local = c.local_derivative if is_fixed else Place(c.local_derivative, f"l{user}_{place}")
            contributions.append(c._replace(local_derivative=local, before=before, after=Place(c.after, f"a{number}")))
        return step._replace(upstream=self.gradients[step.node], contributions=tuple(contributions))

    def _look(self, direction: str) -> Look:
        """How the graph is drawn, with room for the numbers that will stand in it, so that nothing moves later."""
        widest: dict[Value, float] = {self.root: Place(1.0, "")}
        for step in self.backward:
            for c in step.contributions:
                widest[c.operand] = max(widest.get(c.operand, c.after), c.after, key=lambda x: len(self._short(x)))
        for node, gradient in widest.items():
            node.grad = gradient
        return Look(self._roomy, direction=direction, max_nodes=len(self.nodes))

    def drawn_at(self, moment: Moment) -> Drawing:
        """The graph as it is seen at a moment."""
        return drawn(self.nodes, self.look._replace(moment=moment))

    def _roomy(self, x: float) -> str:
        return self._short(x).rjust(ROOM if isinstance(x, Place) else 0)

    def _number(self, x: float) -> str:
        return x.place() if isinstance(x, Place) else self._short(x)

    def _exact(self, x: float) -> str:
        return Place(x, x.called.upper()).place() if isinstance(x, Place) else repr(x)


def _named_copy(value: Value) -> Value:
    """The graph again; every node but constants has the name that formulas give it, made visible, as its label."""
    called = names(value)
    labels = dict(zip(called, distinct(map(visible, called.values()))))

    def labelled(node: Value, operands: tuple[Value, ...]) -> Value:
        twin = node.with_operands(operands)
        if not isinstance(node, Constant):
            twin.label = labels[node]
        return twin

    return mapped([value], labelled)[value]


def _heading(node: Value) -> str:
    """What a node is, without its numbers."""
    return node.label or short_number(node.data) if node.op is None else f"{node.label} = {node.op.symbol}"
