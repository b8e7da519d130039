"""What a picture says about a node, an edge or a group of nodes, and how it is coloured."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from autograd_tiny.engine.graph import Node
from autograd_tiny.engine.row import ATOM, SIGN, Notation
from autograd_tiny.engine.value import Constant, Value
from autograd_tiny.symbols.expression import LATEX, READABLE, Style, Term, term
from autograd_tiny.symbols.latex import latex_name, latex_number, latex_text, latex_upright
from autograd_tiny.symbols.naming import labels_of
from autograd_tiny.symbols.tidy import named_number
from autograd_tiny.text.names import distinct
from autograd_tiny.text.numbers import short_number
from autograd_tiny.text.palette import CHIP, DATA, DERIVATIVE, GRAD, LEAF, NEGATIVE, OPERATION, POSITIVE, QUIET, SMALL
from autograd_tiny.text.words import shortened, visible
from autograd_tiny.views.drawing.dot_text import PartOfModel, Row, Sketch, Text, card, chip
from autograd_tiny.views.drawing.grouping import Group, split_label, summary
from autograd_tiny.views.named import Composed

SHOWN = ("data", "grad", "derivatives")
MAX_NODES = 2000
"""Graphs up to here are laid out in a few seconds."""


class Note(NamedTuple):
    """A line to add to a node: what, how much, on which ground, and a sentence about it."""

    name: str
    text: str
    ground: str
    sentence: str


class Labels:
    """What nodes are called in a picture: by their labels, no two of them alike, even where they are cut.

    Attributes:
        whole: the label of each node, "" where it has none.
        shown: the same, as long as there is room for.
    """

    def __init__(self, nodes: Sequence[Value]) -> None:
        labels = labels_of(nodes)
        self.whole = dict(zip(nodes, distinct(map(visible, labels))))
        self.shown = dict(zip(nodes, distinct(map(shortened, labels))))

    def within(self, parts: Mapping[Value, PartOfModel]) -> dict[Value, str]:
        """The labels as they stand in the frames of ``parts``: the name within the part, if nothing else has it."""
        short = {}
        for node, label in self.whole.items():
            named_part, name_within = split_label(label)
            inside = named_part and named_part == parts.get(node, ())
            short[node] = shortened(name_within) if inside else self.shown[node]
        frames = {node: parts.get(node, ()) for node in short}
        times = Counter((frames[node], text) for node, text in short.items())

        def is_enough(frame: PartOfModel, text: str) -> bool:
            return times[frame, text] == 1 and not (frame and times[(), text])

        return {node: text if is_enough(frames[node], text) else self.shown[node] for node, text in short.items()}


class Moment(NamedTuple):
    """What is shown of a graph at one moment of a computation; what is not known yet is blank, as wide as it will be.

    Attributes:
        data, gradients: for the ids of nodes, the numbers that are known.
        edges: the ids of the edges whose derivatives are known.
        node, ends: the id of the node whose turn it is, and the ids of its edges.
        color: of these.
    """

    data: Mapping[str, str]
    gradients: Mapping[str, str]
    edges: Collection[str]
    node: str
    ends: Collection[str]
    color: str


BLANK = "______"


class Look(NamedTuple):
    """What is shown, and how.

    Attributes:
        number: how numbers are written.
        show: what of "data", "grad" and "derivatives".
        largest: the size of gradient that gets the strongest colour; 0 for no colours.
        notes: lines to add to nodes, by label.
        direction, expand, clusters, max_nodes: as `draw` takes them.
        moment: at which moment; None for all that there is.
        blanks: which numbers are left out: ``("z",)`` the data of z, ``("y", "z")`` the derivative of y by z.
        root: the label of what is differentiated.
    """

    number: Callable[[float], str]
    show: frozenset[str] = frozenset(SHOWN)
    largest: float = 0.0
    notes: Mapping[str, Sequence[Note]] = MappingProxyType({})
    direction: str = "LR"
    expand: bool | Iterable[str] = False
    clusters: bool = True
    max_nodes: int = MAX_NODES
    moment: Moment | None = None
    blanks: frozenset[tuple[str, ...]] = frozenset()
    root: str = ""

    def sketch(self) -> Sketch:
        """An empty sketch, for arrows of which some stand out."""
        return Sketch(dict.fromkeys(self.moment.ends, self.moment.color) if self.moment else {})

    def rim(self, box_id: str) -> str:
        """The colour around a box, where there is room for one."""
        if self.moment is None:
            return ""
        return self.moment.color if box_id == self.moment.node else "transparent"

    def number_of(self, x: float, *labels: str) -> str:
        """A number as it is written, or the blank in its place."""
        return BLANK if labels in self.blanks else self.number(x)

    def told(self, what: str, x: float, *labels: str) -> str:
        """A number in a title; nothing in the place of a blank."""
        return "" if labels in self.blanks else f"{what} {short_number(x, 8)}"


class Sketched(NamedTuple):
    """A sketch, and where in it nodes and edges are.

    Attributes:
        sketch: the sketch.
        nodes: the id of each node.
        edges: the id of the edge to each node from its operand number 0, 1, ...
    """

    sketch: Sketch
    nodes: dict[Node, str]
    edges: dict[tuple[Node, int], str]


def sketch_nodes(nodes: Sequence[Value], parts: Mapping[Value, PartOfModel], look: Look) -> Sketched:
    """Every node of a graph as a box, every use as an arrow.

    Args:
        nodes: operands before users.
        parts: the parts of the model that nodes belong to.
        look: what is shown.
    """
    sketch = look.sketch()
    ids: dict[Node, str] = {node: f"n{i}" for i, node in enumerate(nodes)}
    labels = Labels(nodes)
    names = {node: name(node, labels.shown).text for node in nodes}
    users_part = {x: parts.get(user, ()) for user in reversed(nodes) for x in user.operands}
    parts = {node: users_part.get(node, ()) if isinstance(node, Constant) else parts.get(node, ()) for node in nodes}
    within = labels.within(parts)
    for node in nodes:
        _add_node(sketch, ids[node], node, parts[node], look, labels, within[node])
    latex = LATEX.names(filter(None, [*within.values(), *labels.shown.values()]))
    sketch.latex |= {ids[node]: _header_latex(node, within[node], look, labels, latex) for node in nodes}
    uses = [(user, place) for user in nodes for place in range(len(user.operands))]
    edges: dict[tuple[Node, int], str] = {(user, place): f"e{ids[user][1:]}_{place}" for user, place in uses}
    for user in nodes:
        for place, (x, derivative) in enumerate(zip(user.operands, user.local_derivatives)):
            path = f"{names[x]} → {names[user]}"
            arrow = edges[user, place], ids[x], ids[user]
            if isinstance(x, Constant):
                sketch.arrow(*arrow, title=f"{path}: a constant", faint=True)
            else:
                called = labels.whole[user], labels.whole[x]
                number = look.number_of(derivative, *called)
                label = derivative_chip(edges[user, place], number, look.moment) if "derivatives" in look.show else ""
                told = look.told("local derivative", derivative, *called)
                sketch.arrow(*arrow, label, title=": ".join(filter(None, (path, told))))
    return Sketched(sketch, ids, edges)


def sketch_summary(nodes: Sequence[Value], look: Look) -> Sketched:
    """A graph as boxes for groups of nodes and arrows with counts.

    Args:
        nodes: operands before users, the root last.
        look: what is shown of the root, the only node that has an id.
    """
    sketch = Sketch()
    root = nodes[-1]
    members, links = summary(nodes)
    ids = {group: f"n{i}" for i, group in enumerate(members)}
    labels = Labels(nodes)
    names = {group: group.name or "leaves" for group in members}
    for group, counts in members.items():
        if group.kind == "root":
            shown, latex = labels.shown[root], LATEX.names(filter(None, labels.shown.values()))
            names[group] = name(root, labels.shown).text
            _add_node(sketch, ids[group], root, (), look, labels, shown)
            sketch.latex[ids[group]] = _header_latex(root, shown, look, labels, latex)
        else:
            _add_group(sketch, ids[group], group, counts)
    for i, ((tail, head), count) in enumerate(links.items()):
        title = f"{names[tail]} → {names[head]}: {count:,} edge{'s' * (count > 1)}"
        sketch.arrow(f"e{i}", ids[tail], ids[head], chip([Text(f"{count:,}", QUIET)], SMALL), title=title)
    return Sketched(sketch, {root: next(ids[group] for group in ids if group.kind == "root")}, {})


def name(node: Value, shown: Mapping[Value, str], depth: int = 3) -> Term:
    """What to call a node: its label as it is shown; without one its number, or its formula, ``depth`` operations deep.

    >>> x = Value(2.0, "x")
    >>> name(3 * (x - 1) ** 2, {x: "x"}).text
    '3 × (x - 1)^2'
    """
    brackets = ("(", ")")
    if shown.get(node):
        return Term.of_name(shown[node], brackets)
    if node.op is None:
        number = Term(short_number(node.data), SIGN if node.data < 0.0 else ATOM, brackets)
        return _constant(node, shown.values(), PICTURED) or number
    text, level = formula(node, shown, depth), node.op.text.level
    return Term(text, level, brackets) if text else Term(f"{node.op.name}(…)", ATOM, brackets)


def _constant(node: Value, labels: Container[str], style: Style) -> Term | None:
    """A number that is a multiple of pi, e or a root, by the name of that."""
    number = named_number(node.data, labels) if isinstance(node, Constant) else None
    return None if number is None or (number.op is None and not number.label) else term(number, style, {})


def formula(node: Value, shown: Mapping[Value, str], depth: int = 3) -> str:
    """A node's operation on the names of its operands; empty where it would be long or deep."""
    if depth == 0:
        return ""
    operands = [name(x, shown, depth - 1 if len(node.operands) <= 7 else 0) for x in node.operands]
    text = _pictured(node.op.text).write(operands)
    return text if len(text) <= 60 else ""


def _pictured(notation: Notation) -> Notation:
    """A notation with signs in place of Python's."""
    if not isinstance(notation.template, str):
        return notation
    return Notation(notation.template.replace(" ** ", "^").replace(" * ", " × "), notation.level)


PICTURED = READABLE._replace(notation=lambda row: _pictured(row.text))
"""How formulas are written in pictures."""


def _add_node(
    sketch: Sketch, box_id: str, node: Value, part: PartOfModel, look: Look, labels: Labels, label_within: str
) -> None:
    if isinstance(node, Constant):
        header = [Text(label_within, bold=True), Text(" = ")] if label_within else []
        constant = _constant(node, labels.shown.values(), PICTURED)
        number = Text(constant.text if constant else look.number(node.data), QUIET)
        label = chip([*header, number], SMALL, border=1)
        kind, text = "constant", (header or [number])[0].text
    else:
        header = _header(node, labels, label_within)
        kind, fill = ("leaf", LEAF) if node.op is None else ("operation", OPERATION)
        label, text = card(header, _rows(node, look, box_id), fill, rim=look.rim(box_id)), header[0].text
    sketch.box(box_id, kind, label, title=_title(node, look, labels), text=text, part=part, ordered=_is_ordered(node))


def _is_ordered(node: Value) -> bool:
    """Whether a reader must see which operand comes first: in x / y, but not in x + y, nor among the many of a sum."""
    return node.op is not None and not node.op.commutative and node.op.arity in (2, 3)


def _header(node: Value, labels: Labels, label_within: str) -> list[Text]:
    symbol = "" if node.op is None else node.op.symbol
    if isinstance(node.op, Composed):  # its own symbol has names for operands that are shown by their numbers
        symbol = formula(node, labels.shown) or symbol
    if label_within:
        shown = Text(label_within, bold=True)
        return [shown, Text(f" = {symbol}")] if symbol else [shown]
    if node.op is None:
        return [Text("leaf", QUIET)]
    return [Text(_short_formula(node, labels) or symbol)]


def _short_formula(node: Value, labels: Labels) -> str:
    """The formula of a node as a header; empty where operands have no names, or it is long."""
    text = formula(node, labels.shown) if all(x.label or isinstance(x, Constant) for x in node.operands) else ""
    return text if len(text) <= 16 else ""


def _header_latex(node: Value, label_within: str, look: Look, labels: Labels, latex: Mapping[str, str]) -> str:
    """The header of a box as mathematics; empty where it is no name, no operation and no formula.

    Args:
        node, label_within, look, labels: what the header is made from.
        latex: how each label is written.
    """
    if node.op is None:
        if not isinstance(node, Constant):
            return latex.get(label_within, "")
        constant = _constant(node, labels.shown.values(), LATEX)
        number = constant.text if constant else latex_text(look.number(node.data))
        return f"{latex[label_within]} = {number}" if label_within else number if constant else ""
    head = f"{latex[label_within]} = " if label_within and node.op.symbol else latex.get(label_within, "")
    is_named_formula = isinstance(node.op, Composed) and all(x.label or x.op is None for x in node.operands)
    if not is_named_formula and (label_within or not _short_formula(node, labels)):
        return head + _latex_symbol(node.op.symbol, node.op.name)

    def operand(x: Value) -> Term:
        if x.label:
            return Term(latex[labels.shown[x]], ATOM, LATEX.brackets)
        return _constant(x, labels.shown.values(), LATEX) or Term(*latex_number(x.data, short_number), LATEX.brackets)

    written = node.op.latex.write([operand(x) for x in node.operands])
    several_lines = r"\begin" in written  # and there is room for one
    return head + (_latex_symbol(node.op.symbol, node.op.name) if several_lines else written)


def _latex_symbol(symbol: str, name: str = "") -> str:
    """The symbol of an operation as LaTeX; where it is the ``name``, an underscore is a letter of it, as in formulas.

    >>> _latex_symbol("Σ w x"), _latex_symbol("^3"), _latex_symbol("× log"), _latex_symbol("σ")
    ('\\\\sum w x', '(\\\\cdot)^{3}', '\\\\times \\\\mathrm{log}', '\\\\sigma')
    >>> _latex_symbol("S_max"), _latex_symbol("to_polar", "to_polar"), _latex_symbol("to_polar[1]", "to_polar[1]")
    ('S_{\\\\mathrm{max}}', '\\\\mathrm{to\\\\_polar}', '\\\\mathrm{to\\\\_polar}_{1}')
    """
    if symbol == name and (parts := re.fullmatch(r"(\w*_\w*)(?:\[(\d+)\])?", name)):
        return latex_upright(parts[1]) + (f"_{{{parts[2]}}}" if parts[2] else "")
    if symbol.startswith("^"):
        return rf"(\cdot)^{{{latex_text(symbol[1:])}}}"
    return " ".join(_SIGNS.get(word) or latex_name(word) for word in symbol.split())


_SIGNS = {"Σ": r"\sum", "×": r"\times"} | {sign: sign for sign in "+-/<>="}


def derivative_chip(edge_id: str, number: str, moment: Moment | None) -> str:
    """The local derivative on an edge."""
    if moment and edge_id not in moment.edges:
        return chip([Text(" " * len(number))], "")
    return chip([Text(number, DERIVATIVE)], CHIP)


def _rows(node: Value, look: Look, box_id: str) -> list[Row]:
    data, grad = look.number_of(node.data, node.label), look.number_of(node.grad, look.root, node.label)
    if moment := look.moment:
        data = moment.data.get(box_id, "").rjust(len(data))
        grad = moment.gradients.get(box_id, "").rjust(len(grad))
    rows = [Row("data", Text(data, DATA))] if "data" in look.show else []
    if "grad" in look.show:
        rows.append(Row("grad", Text(grad, GRAD), ground_of(node.grad, look.largest)))
    return rows + [Row(note.name, Text(note.text), note.ground) for note in look.notes.get(node.label, ())]


def _title(node: Value, look: Look, labels: Labels) -> str:
    label = labels.whole[node]
    computed = "leaf" if node.op is None else formula(node, labels.shown) or f"{node.op.name}(…)"
    kind = "constant" if isinstance(node, Constant) else computed
    head = kind if not label else label if kind == "leaf" else f"{label} = {kind}"
    numbers = [look.told("data", node.data, label)]
    if "grad" in look.show and kind != "constant":
        numbers.append(look.told("grad", node.grad, look.root, label))
    notes = "".join(f"; {note.sentence}" for note in look.notes.get(node.label, ()))
    return ": ".join(filter(None, (head, ", ".join(filter(None, numbers))))) + notes


def ground_of(grad: float, largest: float) -> str:
    """The colour that goes with a gradient: none for 0, the full one for the largest."""
    if not largest or not grad or not math.isfinite(grad):
        return ""
    strength = math.sqrt(min(abs(grad) / largest, 1.0))
    full = POSITIVE if grad > 0.0 else NEGATIVE
    return "#" + "".join(f"{round(255 - strength * (255 - channel)):02x}" for channel in full)


def _add_group(sketch: Sketch, box_id: str, group: Group, counts: Counter[str]) -> None:
    shown = Text(shortened(group.name or "leaves"), bold=group.kind != "operation")
    most = counts.most_common(5) if group.kind == "part" else []
    rows = [Row(kind, Text(f"{count:,}", QUIET)) for kind, count in most]
    if others := counts.total() - sum(count for _, count in most):
        rows.append(Row("others" if most else "nodes", Text(f"{others:,}", QUIET)))
    title = f"{group.name or 'leaves'}: {', '.join(f'{kind} {count:,}' for kind, count in counts.most_common())}"
    label = card([shown], rows, LEAF if group.kind == "leaves" else OPERATION)
    sketch.box(box_id, group.kind, label, title=title, text=shown.text)
