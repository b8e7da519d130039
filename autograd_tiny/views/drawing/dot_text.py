"""Boxes, arrows and parts as text in the DOT language of Graphviz.  Every text given may be anything a user typed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, pairwise
from types import MappingProxyType
from typing import Any, NamedTuple

from autograd_tiny.text.palette import ARROW, CAPTION, FAINT, INK, PART, RULE
from autograd_tiny.text.words import shortened, visible

PartOfModel = tuple[str, ...]
"""The names of parts, each within the one before it."""

_GRAPH = {"bgcolor": "transparent", "nodesep": "0.22", "ranksep": "0.45", "pad": "0.12"}
_CAPTION = {"fontname": "Courier", "fontsize": "10", "fontcolor": CAPTION, "labelloc": "b"}
_BOX = {"shape": "plain", "fontname": "Courier", "fontsize": "11", "fontcolor": INK}
_ARROW = {"fontname": "Courier", "fontsize": "10", "color": ARROW, "arrowsize": "0.6"}
_JUNCTION = {"class": "junction", "shape": "point", "width": "0.04", "color": ARROW}
_FEED = {"class": "feed", "arrowhead": "none"}
_PART = {
    "labelloc": "t",
    "labeljust": "l",
    "style": "rounded,filled",
    "color": RULE,
    "fillcolor": PART,
    "fontcolor": INK,
    "margin": "10",
}

RIM, BOLD = 2, "2.5"
"""How thick what stands out is drawn: around a box, an arrow."""

_KEEP_ORDER = {"remincross": "false"}
"""What else Graphviz does to avoid crossings would undo the order of operands in frames."""
_QUICK = {
    "nslimit": "0.05",
    "nslimit1": "1",
    "mclimit": "0.1",
    "splines": "line",
    "outputorder": "edgesfirst",
    "ranksep": "1",
}
_QUICK_FROM = 1500
"""The length of all arrows together from which Graphviz is told to be quick; over long ones it may take minutes."""

_MARKUP = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord('"'): "&quot;", ord("\\"): "&#92;&#92;"}


def escaped(text: str) -> str:
    """A text as in an HTML-like label of DOT, where a backslash keeps its meaning even as a character reference."""
    text = text.translate(_MARKUP)
    return "&#93;" + text[1:] if text.startswith("]") else text  # older Graphviz stumbles over a text of nothing but ]


class Text(NamedTuple):
    """A piece of text in a box."""

    text: str
    color: str = INK
    bold: bool = False

    @property
    def markup(self) -> str:
        """The text in an HTML-like label."""
        text = escaped(visible(self.text))
        if self.bold:
            text = f"<B>{text}</B>"
        return text if self.color == INK else f'<FONT COLOR="{self.color}">{text}</FONT>'


class Row(NamedTuple):
    """A line of a box: what it is on the left, perhaps on a coloured ground, how much on the right."""

    name: str
    number: Text
    ground: str = ""


def card(header: Iterable[Text], rows: Iterable[Row], fill: str, *, rim: str = "") -> str:
    """A box with a header and rows, as an HTML-like label, in a rim of some colour, which may be transparent."""
    lines = [
        f'<TR><TD ALIGN="LEFT"{_background(row.ground, rounded=True)}>{escaped(visible(row.name))}</TD>'
        f'<TD ALIGN="RIGHT">{row.number.markup}</TD></TR>'
        for row in rows
    ]
    return _box(header, lines, 2, fill, rim)


class Block(NamedTuple):
    """A table in a box: what it is, on the left, and rows of numbers, each with its ground."""

    name: str
    rows: Sequence[Sequence[tuple[Text, str]]]


def sheet(header: Iterable[Text], blocks: Sequence[Block], fill: str, *, rim: str = "") -> str:
    """A box with a header and tables of numbers under each other, as an HTML-like label; with a rim as `card`."""
    width = 1 + max((len(row) for block in blocks for row in block.rows), default=1)
    lines = []
    for block in blocks:
        for place, row in enumerate(block.rows):
            name = f'<TD ALIGN="LEFT">{escaped(block.name)}</TD>' if place == 0 else "<TD></TD>"
            cells = [f'<TD ALIGN="RIGHT"{_background(ground, rounded=True)}>{text.markup}</TD>' for text, ground in row]
            lines.append(f"<TR>{name}{''.join(cells)}</TR>")
    return _box(header, lines, width, fill, rim)


def _box(header: Iterable[Text], lines: Sequence[str], width: int, fill: str, rim: str) -> str:
    """A header over lines of so many cells."""
    rule = f' BORDER="1" SIDES="B" COLOR="{RULE}"' if lines else ""
    head = f'<TR><TD COLSPAN="{width}"{rule}>{"".join(text.markup for text in header)}</TD></TR>'
    label = _table(head + "".join(lines), fill, padding=3)
    return _table(f"<TR><TD>{label[1:-1]}</TD></TR>", "", border=RIM, color=rim) if rim else label


def chip(texts: Iterable[Text], fill: str, *, border: int = 0) -> str:
    """A small box with one line, as an HTML-like label."""
    return _table(f"<TR><TD>{''.join(text.markup for text in texts)}</TD></TR>", fill, padding=1, border=border)


def _table(rows: str, fill: str, *, padding: int = 0, border: int = 1, color: str = RULE) -> str:
    style = f'BORDER="{border}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="{padding}" COLOR="{color}" STYLE="ROUNDED"'
    return f"<<TABLE {style}{_background(fill)}>{rows}</TABLE>>"


def _background(color: str, *, rounded: bool = False) -> str:
    """A ground; rounded where it may lie in the corner of a box, out of which it would stick."""
    style = ' STYLE="ROUNDED"' if rounded else ""
    return f' BGCOLOR="{color}"{style}' if color else ""


class _Arrow(NamedTuple):
    tail: str
    head: str
    label: str
    attributes: dict[str, str]


class _Part:
    """A part of a model: its boxes and the parts within it."""

    def __init__(self, part_id: str) -> None:
        self.part_id = part_id
        self.boxes: dict[str, dict[str, str]] = {}
        self.ordered: list[str] = []
        self.lines: list[Sequence[str]] = []
        self.inner: dict[str, _Part] = {}


class Sketch:
    """A picture in the making: boxes first, then arrows.

    Attributes:
        titles: for the id of each box, arrow and part, what it is.
        labels: for the id of a box or part, the text that stands first in it.
        latex: for the id of a box, its first line as mathematics in LaTeX, where that is known.
        feeds: for the id of each arrow that starts at a junction, that of the arrow which leads there from the box.

    Args:
        colors: for the ids of arrows that stand out, of which colour they are.
    """

    def __init__(self, colors: Mapping[str, str] = MappingProxyType({})) -> None:
        self._colors = colors
        self.titles: dict[str, str] = {}
        self.labels: dict[str, str] = {}
        self.latex: dict[str, str] = {}
        self.feeds: dict[str, str] = {}
        self._whole = _Part("")
        self._part_count = 0
        self._orders_parts = False
        self._paths: dict[str, PartOfModel] = {}
        self._arrows: list[_Arrow] = []
        self._junctions: dict[tuple[str, PartOfModel], tuple[str, str]] = {}

    def box(
        self,
        box_id: str,
        kind: str,
        label: str,
        *,
        title: str,
        text: str,
        part: PartOfModel = (),
        ordered: bool = False,
    ) -> None:
        """Add a box, of a class ``kind``, to a part of the model; ``text`` is what stands first in its ``label``.

        What arrows to an ``ordered`` box start from stands in their order, from above or from the left.  Within a part
        of the model that holds only for what stands in the part too, and can stand on one rank.
        """
        place, order = self._part(part), {}
        if ordered and part:
            place.ordered.append(box_id)
            self._orders_parts = True
        elif ordered:
            order = {"ordering": "in"}
        place.boxes[box_id] = {"id": box_id, "class": kind, "label": label} | order
        self._paths[box_id] = part
        self.titles[box_id], self.labels[box_id] = visible(title), visible(text)

    def in_line(self, box_ids: Sequence[str]) -> None:
        """Keep boxes of one part on one rank, in their order."""
        self._part(self._paths[box_ids[0]]).lines.append(box_ids)
        self._orders_parts = True

    def arrow(self, arrow_id: str, tail: str, head: str, label: str = "", *, title: str, faint: bool = False) -> None:
        """Add an arrow from one box to another."""
        attributes = {"id": arrow_id} | ({"color": FAINT} if faint else {})
        home, part = self._paths[tail], self._paths[head]
        if home[: len(part)] != part:
            tail, self.feeds[arrow_id] = self._junction(tail, part)
        elif home and not part:  # leaves room beside a part, or what else belongs there would stand above or below it
            attributes["minlen"] = "2"
        self._arrows.append(_Arrow(tail, head, label, attributes))
        self.titles[arrow_id] = visible(title)

    def _junction(self, tail: str, part: PartOfModel) -> tuple[str, str]:
        """A point in a part, from where the arrows lead on that come from one box outside, and the arrow leading to it.

        Each on its own, they would run around the part and push it out of line.
        """
        if (tail, part) not in self._junctions:
            number = len(self._junctions)
            junction, feed = self._junctions[tail, part] = f"j{number}", f"ej{number}"
            self._part(part).boxes[junction] = {"id": junction} | _JUNCTION
            self._arrows.append(_Arrow(tail, junction, "", {"id": feed} | _FEED))
            self.titles[junction] = self.titles[feed] = visible(f"{self.labels[tail]} → {'.'.join(part)}")
        return self._junctions[tail, part]

    def _part(self, path: PartOfModel) -> _Part:
        place = self._whole
        for depth, name in enumerate(path):
            if name not in place.inner:
                part_id = f"p{self._part_count}"
                self._part_count += 1
                place.inner[name] = _Part(part_id)
                self.titles[part_id], self.labels[part_id] = visible(".".join(path[: depth + 1])), shortened(name)
            place = place.inner[name]
        return place

    def dot(self, direction: str, caption: str = "") -> str:
        """The picture in the DOT language, boxes and arrows in the order in which they were added."""
        from graphviz import Digraph  # type: ignore[import-untyped]  # here, since it is slow to import

        quick = self.length() > _QUICK_FROM
        layout = (
            {"rankdir": direction} | _GRAPH | (_QUICK if quick else {}) | (_KEEP_ORDER if self._orders_parts else {})
        )
        below = _CAPTION | {"label": f"<{escaped(caption)}>"} if caption else {}
        graph = Digraph(graph_attr=layout | below, node_attr=_BOX, edge_attr=_ARROW)
        self._add_part(graph, self._whole, mirrored=direction in ("LR", "RL"))
        place = "headlabel" if quick else "label"  # in the middle of an arrow a label takes a rank of its own
        for arrow in self._arrows:
            color = self._colors.get(arrow.attributes["id"])
            attributes = arrow.attributes | ({"color": color, "penwidth": BOLD} if color else {})
            graph.edge(arrow.tail, arrow.head, **attributes, **({place: arrow.label} if arrow.label else {}))
        return str(graph.source)

    def length(self) -> int:
        """How many ranks the arrows pass, all together."""
        ranks = self._ranks()
        return sum(ranks[head] - ranks[tail] for tail, head, *_ in self._arrows)

    def _ranks(self) -> dict[str, int]:
        """On which rank each box stands; those that no arrow leads to stand as near as possible."""
        ranks: dict[str, int] = {}
        for tail, head, *_ in self._arrows:
            ranks[head] = max(ranks.get(head, 0), ranks.get(tail, 0) + 1)
        for tail, head, *_ in self._arrows:
            if tail not in ranks:
                ranks[tail] = ranks[head] - 1
        return ranks

    def _add_part(self, graph: Any, part: _Part, *, mirrored: bool) -> None:
        for box_id, attributes in part.boxes.items():
            graph.node(box_id, **attributes)
        for pair in self._in_order(part):
            with graph.subgraph(graph_attr={"rank": "same"}) as rank:
                rank.edge(*(reversed(pair) if mirrored else pair), style="invis")
        for inner in part.inner.values():
            with graph.subgraph(name=f"cluster_{inner.part_id}") as cluster:
                cluster.attr(id=inner.part_id, label=f"<{escaped(self.labels[inner.part_id])}>", **_CAPTION | _PART)
                self._add_part(cluster, inner, mirrored=mirrored)

    def _in_order(self, part: _Part) -> Iterable[tuple[str, str]]:
        """Pairs of boxes of a part, to be put on one rank, of which the first must stand before the second.

        They are on one rank anyway, or can wait for the one that comes last, since they are used nowhere else.
        Graphviz heeds ``ordering=in`` in no cluster where arrows have labels, and turns it round in one that goes from
        left to right, as it turns round these pairs (2.43 and 16.1).
        """
        pairs: dict[tuple[str, str], None] = dict.fromkeys(pair for line in part.lines for pair in pairwise(line))
        ranks = self._ranks() if part.ordered else {}
        uses = Counter(arrow.tail for arrow in self._arrows)
        for box_id in part.ordered:
            tails = dict.fromkeys(
                arrow.tail for arrow in self._arrows if arrow.head == box_id and arrow.tail in part.boxes
            )
            last = max((ranks[tail] for tail in tails), default=0)
            places = {tail: last if uses[tail] == 1 else ranks[tail] for tail in tails}
            for pair in combinations(tails, 2):
                if places[pair[0]] == places[pair[1]] and pair[::-1] not in pairs:
                    pairs[pair] = None
        return pairs
