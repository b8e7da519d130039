"""Draw the graph of a computation: value, gradient and local derivative together.

The graph becomes text in the DOT language here, and nothing else; `render` turns that into a picture.
"""

from __future__ import annotations

import math
import os
import sys
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from autograd_tiny.arrays.node import ArrayNode
from autograd_tiny.arrays.recorded import Array
from autograd_tiny.calculus.changes import check_unchanged
from autograd_tiny.engine.graph import Node, adjoints, all_nodes
from autograd_tiny.engine.refusals import FRESH, check_recorded, held_by_leaves, repeated_text, same_gradient
from autograd_tiny.engine.value import Constant, Value
from autograd_tiny.storage.files import write_file
from autograd_tiny.symbols.expansion import expanded
from autograd_tiny.text.numbers import check_digits, short_number
from autograd_tiny.text.words import counted, did_you_mean, listed, visible
from autograd_tiny.views.drawing.arrays import ArraySketch
from autograd_tiny.views.drawing.grouping import parts_of_model
from autograd_tiny.views.drawing.picture import (
    MAX_NODES,
    SHOWN,
    Labels,
    Look,
    Note,
    Sketched,
    name,
    sketch_nodes,
    sketch_summary,
)
from autograd_tiny.views.matrices.graph import is_by_arrays, settled
from autograd_tiny.views.matrices.seen import SeenArrays
from autograd_tiny.views.named import Through, seen_through

DIRECTIONS = ("LR", "RL", "TB", "BT")
SUFFIXES = (".svg", ".png", ".pdf", ".tex", ".dot", ".gv")
MIN_SCALE, MAX_SCALE = 0.1, 20.0
EDGES_PER_NODE, LENGTH_PER_NODE = 4, 40
"""Graphs up to here are laid out in a few seconds; lengths are in ranks, and those of all edges are added."""


class Drawing:
    """A picture of a graph, shown by notebooks, saved with `save`.

    Attributes:
        dot: the graph in the DOT language.
        title: what is drawn, in a few words.
        description: how many nodes and edges there are.
        titles: for each id in the SVG, what it is.
        nodes: the id of each node.
        edges: the id of the edge to each node from its operand number 0, 1, ...
        feeds: for the id of each edge that starts at the rim of a part of the model, the id of the edge that leads
            there.
        latex: for the id of each node whose first line is mathematics, that in LaTeX.
        shows_gradients: whether the grad of every node is in it.
    """

    def __init__(
        self, root: str, description: str, dot: str, sketched: Sketched, *, shows_gradients: bool = False
    ) -> None:
        self.title, self.description, self.dot = visible(f"Graph of {root}"), description, dot
        sketch, self.nodes, self.edges = sketched
        self.titles, self.feeds, self.latex, self._labels = sketch.titles, sketch.feeds, sketch.latex, sketch.labels
        self._svg = ""
        self.shows_gradients = shows_gradients

    def svg(self) -> str:
        """The picture as the text of an SVG file, without scripts, links or anything to be loaded.

        Nodes have ids ``n0``, ``n1``, ... in topological order, edges ``e3_0`` for operand 0 of node n3, and classes
        say what is what: node, edge, cluster, leaf, constant, operation; data, grad, derivative.

        Raises:
            RenderError: no program that draws, or none that works.
        """
        from autograd_tiny.views.drawing.render import render
        from autograd_tiny.views.drawing.svg import finish

        if not self._svg:
            svg = render(self.dot, "svg")
            titles, labels = self.titles, self._labels
            self._svg = finish(svg, title=self.title, description=self.description, titles=titles, labels=labels)
        return self._svg

    def tikz(self, *, standalone: bool = False) -> str:
        r"""The picture for LaTeX: a ``tikzpicture`` with the SVG's places, the document's fonts, names as mathematics.

        It needs the packages ``tikz`` and ``amsmath``.  Each box is a TikZ node, called as in the SVG, n0, n1, ..., so
        that arrows of your own can lead to it.  Its size is fixed; ``\resizebox{\textwidth}{!}{\input{graph}}`` changes
        it.

        Args:
            standalone: a document by itself, of the class ``standalone``, instead of a picture for ``\input``.

        Raises:
            RenderError: no program that draws, or none that works.
            ValueError: the picture is larger than TeX can make one.
        """
        from autograd_tiny.views.drawing.tikz import tikz

        return tikz(self.svg(), self.latex, standalone=standalone)

    def save(self, path: str | os.PathLike[str], *, scale: float = 1.0, standalone: bool = False) -> Path:
        """Write the picture to a file, in the format of its suffix: .svg, .png, .pdf, .tex for LaTeX, .dot for DOT.

        The file appears whole or not at all.

        Args:
            path: where to.
            scale: of a PNG, how many times its width and height are those on a screen; the others have no pixels and
                need none.
            standalone: of a .tex, whether it is a document by itself; else a picture that a document has in it by
                ``\\input``.

        Raises:
            ValueError: another suffix; a scale that is no number from 0.1 to 20; a scale, or a document, of another
                format.
            OSError: the directory does not exist or cannot be written to.
            RenderError: no program that draws, or none that works; graphviz-pure writes no PDF.
        """
        suffix = Path(path).suffix.lower()
        if suffix not in SUFFIXES:
            raise ValueError(f"cannot draw to {os.fspath(path)!r}: its name must end in one of {', '.join(SUFFIXES)}")
        check_scale(scale, suffix)
        if standalone and suffix != ".tex":
            raise ValueError(f"only a .tex is a document by itself or none; a {suffix} needs no standalone=True")
        return write_file(path, self._content(suffix, scale, standalone))

    def _content(self, suffix: str, scale: float, standalone: bool) -> str | bytes:
        if suffix == ".tex":
            return self.tikz(standalone=standalone)
        if suffix == ".svg":
            return self.svg()
        if suffix in (".dot", ".gv"):
            return self.dot
        from autograd_tiny.views.drawing.render import render

        return render(self.dot, suffix[1:], scale=scale)

    def node_id(self, value: Value | Array) -> str:
        """The id of a node in the SVG: for an opened node that of its result, for an array's entry that of the array.

        Raises:
            ValueError: the node is not in the picture.
        """
        node = value.node if isinstance(value, Array) else value
        if node not in self.nodes:
            raise ValueError(f"{value!r} is not in this picture")
        return self.nodes[node]

    def edge_id(self, user: Value | Array, place: int) -> str:
        """The id of the edge from operand number ``place`` of ``user``, counted from 0.

        Raises:
            ValueError: the edge is not in the picture, as those of a node that was opened.
        """
        node = user.node if isinstance(user, Array) else user
        if (node, place) not in self.edges:
            raise ValueError(f"no edge from operand {place} of {user!r} is in this picture")
        return self.edges[node, place]

    def __repr__(self) -> str:
        return f"<Drawing: {self.title}; {self.description}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """For notebooks.  One that is not trusted shows only the image inside the HTML."""
        from autograd_tiny.views.drawing.render import RenderError
        from autograd_tiny.views.drawing.svg import image

        try:
            svg = self.svg()
        except RenderError as error:
            return {"text/plain": f"{self!r}\nNo picture: {error}"}
        return {"image/svg+xml": svg, "text/html": image(svg, self.title), "text/plain": repr(self)}


def draw(
    value: Value,
    *,
    through: Through = "all",
    direction: str = "LR",
    digits: int | str = 4,
    show: Collection[str] = SHOWN,
    expand: bool | Iterable[str] = False,
    color_gradients: bool = False,
    clusters: bool = True,
    max_nodes: int = MAX_NODES,
    notes: Mapping[str, Sequence[Note]] = MappingProxyType({}),
    blanks: Iterable[str] = (),
) -> Drawing:
    """Draw the graph that a Value was computed by.

    A box shows a node's label and operation, its data and, after ``value.backward()``, its grad: the derivative of
    ``value`` by the node.  An edge shows the local derivative: of the node it leads to, by the node it comes from.  So
    a grad is the sum, over the edges that leave a node, of the number on the edge times the grad where it leads to.
    (Leaves add up over calls of ``backward``; set their grad to 0 in between.  Where grads contradict the picture, a
    warning says so.) Data that was changed since it was used, as by a step of an optimizer, is refused: compute again,
    then draw.

    By arrays, a box is an `Array` with its shape, its formula and, up to 6 rows and columns, its numbers and gradients
    as tables.  An edge says what backward does there to the gradient of the array that it leads to: ``· Wᵀ``,
    ``⊙ (1 - A²)``, ``Σ rows``.

    A graph of more than ``max_nodes`` nodes, or one whose edges are too many or too long to be laid out in a few
    seconds, is summarised: a box for each part of the model and for each kind of operation outside these, with counts.

    Args:
        value: a recorded Value.
        through: "named" for a box for each value that has a name, its formula in it, and one derivative between two of
            them; or the Values that are shown.  Names are labels, or the caller's variables where nothing that was
            computed has a label.  "arrays" for a box for each array that has a name, or for all of them if none that
            was computed has one; "all arrays"; or a list with Arrays in it.
        direction: from operands to results: "LR" left to right, "RL", "TB" top to bottom, "BT".
        digits: how many significant digits numbers have, or a format such as ".3f".
        show: what of "data", "grad" and "derivatives".
        expand: open fused operations, such as ``dot`` and ``sigmoid``, into simpler ones: True for all, or their names.
            By arrays, open arrays into their scalars: their names.
        color_gradients: give each grad a colour, orange for positive, violet for negative, stronger for larger: the
            full one from the size of the largest grad among the leaves on.
        clusters: put a frame around the nodes of each part of a model, where labels such as ``layers[0].biases[1]``
            tell.  Operands whose order matters stand in it, above or left of each other; around and in frames Graphviz
            cannot always keep to that.
        max_nodes: the largest graph that is drawn in full.
        notes: lines to add to nodes, by label, as ``report.notes()`` of a marked page gives them.
        blanks: numbers to leave out, for slides and worksheets: ``"z"`` the data of z, ``"y/z"`` the derivative of y by
            z, which stands on an arrow, or in a box where y is ``value``.

    >>> w, x, b = Value(-3.0, "w"), Value(2.0, "x"), Value(6.5, "b")
    >>> y = (w * x + b).tanh()
    >>> y.backward()
    >>> drawing = draw(y)
    >>> drawing
    <Drawing: Graph of tanh(w × x + b); 6 nodes, 5 edges>
    >>> drawing.titles[drawing.node_id(w)], drawing.titles[drawing.edge_id(y, 0)]
    ('w: data -3, grad 1.5728955', 'w × x + b → tanh(w × x + b): local derivative 0.78644773')
    """
    check_recorded(value, "drawn")
    check_unchanged(value, done="a picture")
    nodes = all_nodes(value)
    largest = _largest_gradient(nodes) if color_gradients else 0.0
    look = Look(
        _number_format(digits), _what_is_shown(show, value), largest, notes, direction, expand, clusters, max_nodes
    )
    through = settled(through)
    if left_out := [read_blank(blank) for blank in ([blanks] if isinstance(blanks, str) else blanks)]:
        if is_by_arrays(through):
            raise ValueError("blanks stand for numbers in boxes of Values; draw them with through='all' or 'named'")
        look = look._replace(blanks=frozenset(left_out))
    variables = sys._getframe(1).f_locals
    drawing = drawn(nodes, look) if through == "all" else _drawn_through(value, through, variables, look)
    if drawing.shows_gradients and (contradiction := _contradiction(nodes)):
        warnings.warn(contradiction, stacklevel=2)
    return drawing


def drawn(nodes: Sequence[Value], look: Look) -> Drawing:
    """The picture that `draw` makes of nodes, operands before users, the root last, whatever the gradients are."""
    _check_direction(look)
    value = nodes[-1]
    look = look._replace(root=value.label)
    check_blanks(nodes, look)
    called = name(value, Labels(nodes).shown).text
    if _is_small(nodes, look.max_nodes):
        twins, origins = expanded(value, look.expand)
        opened = all_nodes(twins[value])
        if _is_small(opened, look.max_nodes):
            parts = parts_of_model(nodes) if look.clusters else {}
            sketch, ids, edges = sketch_nodes(opened, {x: parts.get(origins[x], ()) for x in opened}, look)
            if sketch.length() <= LENGTH_PER_NODE * max(look.max_nodes, MAX_NODES):
                kept = [(x, place) for x in nodes if twins[x].op is x.op for place in range(len(x.operands))]
                shown: dict[tuple[Node, int], str] = {(x, place): edges[twins[x], place] for x, place in kept}
                in_full = Sketched(sketch, {x: ids[twins[x]] for x in nodes}, shown)
                dot, shows_gradients = sketch.dot(look.direction), "grad" in look.show
                return Drawing(called, _size(opened), dot, in_full, shows_gradients=shows_gradients)
    if look.blanks:
        raise ValueError(
            f"blanks stand for numbers in boxes, and a graph of {_size(nodes)} is only summarised; draw a part of it"
        )
    summary = sketch_summary(nodes, look)
    description = f"a summary of {_size(nodes)}"
    return Drawing(called, description, summary.sketch.dot(look.direction, caption=description), summary)


def read_blank(text: str) -> tuple[str, ...]:
    """The labels that a blank is named by: ``z``, ``y/z``, ``∂y/∂z``."""
    labels = tuple(x.strip().removeprefix("∂") for x in text.split("/")) if isinstance(text, str) else ()
    if not 1 <= len(labels) <= 2:
        raise ValueError(f"a blank is a number in the picture, 'z' or 'y/z', got {text!r}")
    return labels


def check_blanks(nodes: Sequence[Value], look: Look) -> None:
    """Refuse a blank for a number that the picture does not have."""
    known: dict[tuple[str, ...], None] = {}
    for node in nodes:
        known |= {(node.label,): None, (look.root, node.label): None}
        known |= {(node.label, x.label): None for x in node.operands}
    for blank in look.blanks:
        if blank not in known:
            names = ["/".join(labels) for labels in known if all(labels)]
            hint = did_you_mean("/".join(blank), names) or f"there are {listed(names, 12)}"
            raise ValueError(f"the picture has no number {'/'.join(blank)!r}; {hint}")


def check_scale(scale: float, suffix: str) -> None:
    """Refuse what is no scale, and any of a format without pixels."""
    if not MIN_SCALE <= scale <= MAX_SCALE:
        raise ValueError(f"a scale is a number from {MIN_SCALE:g} to {MAX_SCALE:g}, got {scale!r}")
    if scale != 1.0 and suffix != ".png":
        raise ValueError(f"only a .png has a scale: a {suffix} has no pixels, and is as sharp at any size")


def drawn_by_arrays(seen: SeenArrays, look: Look, gradients: Mapping[Value, float] | None = None) -> Drawing:
    """The picture of a number by arrays, with gradients in place of those that backward left."""
    _check_direction(look)
    if len(seen.nodes) > look.max_nodes:
        remedy = "list the arrays to show, through=[...], or raise max_nodes"
        raise ValueError(f"a picture of {len(seen.nodes):,} arrays is more than max_nodes={look.max_nodes:,}; {remedy}")
    made = ArraySketch(seen, look, gradients)
    edges = sum(map(len, seen.graph.inside.values()))
    arrays = sum(isinstance(x, ArrayNode) for x in seen.nodes)
    sizes = (arrays, "array"), (len(seen.nodes) - arrays, "scalar"), (edges, "edge")
    sketched = Sketched(made.sketch, made.nodes, made.edges)
    size = ", ".join([counted(n, noun) for n, noun in sizes if n])
    root = seen.graph.names[seen.graph.root]
    return Drawing(root, size, made.sketch.dot(look.direction), sketched, shows_gradients="grad" in look.show)


def _check_direction(look: Look) -> None:
    if look.direction not in DIRECTIONS:
        raise ValueError(f"a direction is one of {', '.join(DIRECTIONS)}, got {look.direction!r}")


def _drawn_through(value: Value, through: Through, variables: Mapping[str, Any], look: Look) -> Drawing:
    if is_by_arrays(through):
        return drawn_by_arrays(SeenArrays(value, through, variables, needs_rules=False), look)
    seen = seen_through([value], through, variables)
    drawing = drawn(all_nodes(seen[value]), look)
    drawing.nodes |= {node: drawing.nodes[twin] for node, twin in seen.items() if twin in drawing.nodes}
    return drawing


def _what_is_shown(show: Collection[str], root: Value) -> frozenset[str]:
    wanted = frozenset([show] if isinstance(show, str) or not isinstance(show, Collection) else show)
    if unknown := wanted.difference(SHOWN):
        raise ValueError(f"what can be shown is {', '.join(SHOWN)}; not {', '.join(map(repr, unknown))}")
    return wanted if root.grad == 1.0 else wanted - {"grad"}


def _contradiction(nodes: Sequence[Value]) -> str:
    """What is wrong with gradients that are not the derivatives of the root; nothing if they are, up to rounding."""
    root = nodes[-1]
    derivatives = adjoints(root)
    wrong = [
        x
        for x in nodes
        if not isinstance(x, Constant)
        and math.isfinite(x.grad)  # what is not speaks for itself
        and math.isfinite(derivatives[x])
        and not same_gradient(x.grad, derivatives[x])
    ]
    if not wrong:
        return ""
    x = next((x for x in wrong if x.op is None), wrong[0])
    shown = Labels(nodes).shown
    called, of = name(x, shown).text, name(root, shown).text
    others = f" ({len(wrong) - 1} more like it)" if len(wrong) > 1 else ""
    if x.op is not None:
        why = "another call has replaced it"
    elif runs := held_by_leaves(root).runs:
        why = f"the grad is {repeated_text(runs, of, called)}"
    else:
        why = "another call of backward has added to it, or it was changed since"
    return (
        f"the picture shows grad {short_number(x.grad, 8)} of {called}, but the derivative of {of} by it is "
        f"{short_number(derivatives[x], 8)}{others}: {why}; before drawing, {FRESH} and run backward of {of} again"
    )


def _largest_gradient(nodes: Sequence[Value]) -> float:
    """Of the leaves: towards the root, whose own is 1, gradients stay large; those of a trained network are tiny."""
    return max(
        (abs(x.grad) for x in nodes if x.op is None and math.isfinite(x.grad) and not isinstance(x, Constant)),
        default=0.0,
    )


def _is_small(nodes: Sequence[Value], max_nodes: int) -> bool:
    return len(nodes) <= max_nodes and _count_edges(nodes) <= EDGES_PER_NODE * max(max_nodes, MAX_NODES)


def _size(nodes: Sequence[Value]) -> str:
    return f"{len(nodes):,} nodes, {_count_edges(nodes):,} edges"


def _count_edges(nodes: Sequence[Value]) -> int:
    return sum(len(node.operands) for node in nodes)


def _number_format(digits: int | str) -> Callable[[float], str]:
    if isinstance(digits, str):
        try:
            format(1.0, digits)
        except ValueError:
            raise ValueError(f"digits is a number from 1 to 17 or a format such as '.3f', got {digits!r}") from None
        return lambda x: format(x, digits)
    check_digits(digits)
    return lambda x: short_number(x, digits)
