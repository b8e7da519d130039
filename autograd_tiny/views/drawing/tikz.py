r"""A drawn SVG as TikZ, which LaTeX sets in the fonts of the document: the same boxes and curves, names as mathematics.

The SVG is the one source of places, since every renderer writes it and everything shown is in it, marks and steps too.
Coordinates are those of the SVG, in its points, upwards.  Packages needed: ``tikz`` and ``amsmath``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple
from xml.etree.ElementTree import Element

from autograd_tiny.symbols.latex import latex_text, portable
from autograd_tiny.text.palette import DRAWN
from autograd_tiny.views.drawing.render import RenderError
from autograd_tiny.views.drawing.svg import CHARACTER_WIDTH, merge_outline, parsed

_NAMES = {color.light: f"graph-{name}" for name, color in DRAWN.items()}
_PICTURE = r"""\begin{tikzpicture}[x=1bp, y=1bp, line width=1bp,
  graph box/.style={inner sep=0pt, outer sep=0pt}]
  \def\graphfont{\normalfont\fontsize{10}{12}\selectfont}
  \def\graphsmall{\normalfont\fontsize{9}{11}\selectfont}"""
_STANDALONE = r"""\documentclass[tikz]{standalone}
\usepackage{amsmath}
\begin{document}
%s\end{document}
"""
_ROUNDING = 0.75
"""Graphviz rounds a corner by a curve flatter than a circle; a circle of this part of its size looks the same."""
_SMALL = 10.5
"""Texts of a font size below are the small ones."""
_CLUSTER_MARGIN = 8
"""Between the left side of a frame and its text, as Graphviz has it."""
_TRANSLATION = re.compile(r"translate\(([-\d.]+)[ ,]+([-\d.]+)\)")
_LARGEST = 16000
"""Points: the longest length of TeX is 16384 of its own."""

Key = tuple[int, int]
"""Where a command stands: the number of its group in the SVG, and its own in that."""


class _Box(NamedTuple):
    """A rectangle, upwards, and how far its corners are rounded."""

    left: float
    bottom: float
    right: float
    top: float
    rounding: float

    @property
    def middle(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2


def tikz(svg: str, headers: Mapping[str, str], *, standalone: bool = False) -> str:
    r"""A picture that `svg.finish` made, as a ``tikzpicture``.

    Each box of a node is a TikZ node of the same id: ``\draw[->] (n2.north) -- ++(0, 30);`` points at n2.

    Args:
        svg: the picture.
        headers: for the id of a box, its first line in LaTeX.
        standalone: whether LaTeX makes a page of the size of the picture from it; else it is to be ``\input``.
    """
    picture = _environment(svg, _commands(svg, headers).values())
    return _STANDALONE % picture if standalone else picture


def overlays(svgs: Sequence[str], headers: Mapping[str, str], captions: Iterable[str]) -> str:
    r"""Pictures that differ in numbers and colours alone, as one for beamer: overlay n shows the nth; nothing moves.

    What is the same on every overlay is written once, everything else in ``\only<...>``.
    """
    shown: dict[Key, dict[str, list[int]]] = {}
    for number, svg in enumerate(svgs, start=1):
        for key, command in _commands(svg, headers).items():
            shown.setdefault(key, {}).setdefault(command, []).append(number)
    commands = [
        command if len(numbers) == len(svgs) else rf"\only<{_ranges(numbers)}>{{{command}}}"
        for _, variants in sorted(shown.items())
        for command, numbers in variants.items()
    ]
    notes = "".join(f"% <{number}> {caption}\n" for number, caption in enumerate(captions, start=1))
    return "% for a frame of beamer; its overlays are\n" + notes + _environment(svgs[0], commands)


def _environment(svg: str, commands: Iterable[str]) -> str:
    lines = list(commands)
    used = {name for line in lines for name in re.findall(r"graph-\w+", line)}
    shown = [(name, color[1:].upper()) for color, name in _NAMES.items() if name in used]
    colors = [rf"\definecolor{{{name}}}{{HTML}}{{{color}}}" for name, color in shown]
    body = "".join(f"  {line}\n" for line in [*colors, _frame(svg), *lines])
    return f"{_PICTURE}\n{body}\\end{{tikzpicture}}\n"


def _frame(svg: str) -> str:
    """The size of the picture, so that what sticks out of it, as a thick line, does not move it."""
    root = parsed(svg)
    _, _, width, height = map(float, root.get("viewBox", "0 0 0 0").split())
    if max(width, height) > _LARGEST:
        raise ValueError(
            f"the picture is {width:.0f} by {height:.0f} points, and TeX has no lengths over {_LARGEST}; "
            "draw a part of the graph, lower max_nodes, or save as .pdf"
        )
    moves = (_TRANSLATION.search(group.get("transform", "")) for group in root.iter("g"))
    moved = next(filter(None, moves), None)
    if moved is None:
        raise RenderError("the program that draws wrote an SVG that does not say where its origin is")
    right, down = float(moved[1]), float(moved[2])
    return rf"\path[use as bounding box] {_point(-right, down - height)} rectangle {_point(width - right, down)};"


def _commands(svg: str, headers: Mapping[str, str]) -> dict[Key, str]:
    """The picture as commands, in the order in which they are drawn."""
    commands = {}
    for number, group in enumerate(parsed(svg).iter("g")):
        merge_outline(group)
        identity = group.get("id") or group.get("data-node") or group.get("data-edge") or ""
        kind = group.get("class", "").partition(" ")[0]
        title = group.findtext("title")
        if title and kind != "graph":
            commands[number, -1] = f"% {identity}: {title}"
        for place, command in _drawn(group, kind, identity, headers.get(identity, "")):
            commands[number, place] = command
    return commands


def _drawn(group: Element, kind: str, identity: str, header: str) -> Iterator[tuple[int, str]]:
    """What is drawn in a group itself, each with its place there."""
    boxes = {place: box for place, shape in enumerate(group) if (box := _box(shape))}
    whole = max(boxes.values(), key=lambda box: (box.right - box.left) * (box.top - box.bottom), default=None)
    starts = [
        float(text.get("x", "0")) for text in group.findall("text") if text.get("text-anchor", "start") == "start"
    ]
    for place, shape in enumerate(group):
        if shape.tag == "text":
            first = not any(before.tag == "text" for before in group[:place])
            content = "".join(shape.itertext())
            row = [float(text.get("x", "0")) for text in group.findall("text") if text.get("y") == shape.get("y")]
            is_last = float(shape.get("x", "0")) >= max(row)
            written = (
                f"${portable(header)}$"
                if first and header
                else _typeset(content, bold=shape.get("font-weight") == "bold")
            )
            if content:
                yield place, _label(shape, kind, whole, min(starts, default=0.0), written, is_last=is_last)
        elif shape.tag not in ("g", "title"):
            box = boxes.get(place)
            is_outline = kind == "node" and box and _paint(shape, "stroke")
            yield place, _node(shape, box, identity) if box and is_outline else _shape(shape, box)


def _label(text: Element, kind: str, box: _Box | None, leftmost: float, written: str, *, is_last: bool) -> str:
    """A text where the SVG has it, on the side on which it is aligned, since no font is as wide as Courier.

    Numbers in a box end where their column ends; the last column, at the margin of the box.

    It is no node of TikZ: these take pdflatex twice as long, and a frame with fifty overlays is set fifty times.
    """
    x, y, anchor = float(text.get("x", "0")), -float(text.get("y", "0")), text.get("text-anchor", "start")
    side = {"start": "base,left", "middle": "base", "end": "base,right"}[anchor]
    if box and kind == "edge":
        x, side = box.middle[0], "base"
    elif box and kind == "cluster":
        x, side = box.left + _CLUSTER_MARGIN, "base,left"
    elif box and kind == "node" and anchor != "middle" and (anchor == "end" or x > leftmost + 1):
        end = x if anchor == "end" else x + CHARACTER_WIDTH * float(text.get("font-size", "11")) * len(text.text or "")
        x, side = box.right - (leftmost - box.left) if is_last else end, "base,right"
    font = r"\graphsmall" if float(text.get("font-size", "11")) < _SMALL else r"\graphfont"
    color = _color(text.get("fill", "black"))
    return rf"\pgftext[{side},at={{\pgfpointxy{{{_number(x)}}}{{{_number(y)}}}}}]{{{font}\color{{{color}}}{written}}}"


def _node(shape: Element, box: _Box, identity: str) -> str:
    """The outline of a node as a node of TikZ, to which an author's own arrows can lead."""
    size = f"minimum width={_number(box.right - box.left)}bp, minimum height={_number(box.top - box.bottom)}bp"
    return rf"\node[graph box, {_style(shape, box)}, {size}] ({identity}) at {_point(*box.middle)} {{}};"


def _shape(shape: Element, box: _Box | None) -> str:
    if box:
        where = f"{_point(box.left, box.bottom)} rectangle {_point(box.right, box.top)}"
    elif shape.tag == "ellipse":
        center = _point(float(shape.get("cx", "0")), -float(shape.get("cy", "0")))
        where = f"{center} circle[radius={_number(float(shape.get('rx', '0')))}]"
    elif shape.tag == "path":
        start, *curves = _points(shape)
        where = _point(*start)
        for i in range(0, len(curves) - 2, 3):
            first, second, end = (_point(*point) for point in curves[i : i + 3])
            where += f" .. controls {first} and {second} .. {end}"
    else:
        where = " -- ".join(_point(*point) for point in _points(shape)) + (
            " -- cycle" if shape.tag == "polygon" else ""
        )
    return rf"\path[{_style(shape, box)}] {where};"


def _style(shape: Element, box: _Box | None) -> str:
    """How a shape is painted, in the keys of TikZ."""
    paints = {"fill": _paint(shape, "fill"), "draw": _paint(shape, "stroke")}
    keys = [f"{key}={_color(color)}" for key, color in paints.items() if color]
    if width := shape.get("stroke-width"):
        keys.append(f"line width={width}bp")
    if box and box.rounding:
        keys.append(f"rounded corners={_number(_ROUNDING * box.rounding)}bp")
    return ", ".join(keys)


def _paint(shape: Element, kind: str) -> str:
    color = shape.get(kind, "none")
    return "" if color in ("none", "transparent") else color


def _color(color: str) -> str:
    """A colour of the palette by its name, another one by its parts."""
    if color in _NAMES:
        return _NAMES[color]
    if match := re.fullmatch(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})", color, re.IGNORECASE):
        red, green, blue = (int(part, 16) for part in match.groups())
        return f"{{rgb,255:red,{red};green,{green};blue,{blue}}}"
    return color if color in ("black", "white") else "black"


def _box(shape: Element) -> _Box | None:
    """The rectangle that a closed path is, with round corners, or that a polygon with four is."""
    points = _points(shape) if shape.tag in ("path", "polygon") else []
    if len(points) < 5 or points[0] != points[-1]:
        return None
    xs, ys = zip(*points)
    left, right, start = min(xs), max(xs), xs[0]
    return _Box(left, min(ys), right, max(ys), min(start - left, right - start))


def _points(shape: Element) -> list[tuple[float, float]]:
    """The points of a path or a line, upwards."""
    numbers = [float(x) for x in re.findall(r"-?[\d.]+(?:e-?\d+)?", shape.get("d") or shape.get("points") or "")]
    return [(x, -y) for x, y in zip(numbers[::2], numbers[1::2])]


def _point(x: float, y: float) -> str:
    return f"({_number(x)}, {_number(y)})"


def _number(x: float) -> str:
    return f"{round(x, 2) + 0.0:.10g}"


def _typeset(text: str, *, bold: bool) -> str:
    """A text of the picture for LaTeX: plain words in the font of the document, everything else as mathematics."""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9 ,.()\[\]]*", text):
        return rf"\textbf{{{text}}}" if bold else text
    return f"${portable(latex_text(text))}$"


def _ranges(numbers: Sequence[int]) -> str:
    """Numbers of overlays as beamer reads them.

    >>> _ranges([1, 2, 3, 5])
    '1-3,5'
    """
    runs = [[number for _, number in run] for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])]
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
