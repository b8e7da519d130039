"""What Graphviz leaves to do on an SVG: texts exactly as given, titles for people and screen readers, style classes."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping
from xml.etree import ElementTree

from autograd_tiny.text.palette import FOLLOWING, TEXT_CLASSES, adaptive
from autograd_tiny.views.drawing.render import RenderError

_SVG = "{http://www.w3.org/2000/svg}"
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
CHARACTER_WIDTH = 0.6
"""Of a monospace font, in units of its size."""
_NO_LINE = ("none", "transparent")
_ROOT, _FIXED = "autograd-drawing", "own-ground"
_FONTS = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', 'Courier New', monospace"  # all about as wide as Courier


def finish(svg: bytes, *, title: str, description: str, titles: Mapping[str, str], labels: Mapping[str, str]) -> str:
    """A rendered graph as a self-contained, accessible SVG.

    Args:
        svg: what the renderer wrote.
        title, description: of the whole picture.
        titles: for the id of a node, edge or cluster, what it is; shown where the pointer rests on it.
        labels: for an id, the first text in it.  Graphviz turns some spaces into others.

    Raises:
        RenderError: ``svg`` is no SVG.
    """
    root = parsed(svg)
    for text in root.iter("text"):
        text.attrib.pop("font-family", None)
        text.set(_XML_SPACE, "preserve")
        if name := TEXT_CLASSES.get(text.get("fill", "")):
            text.set("class", name)
    for group in root.iter("g"):
        _describe(group, titles.get(group.get("id", "")), labels.get(group.get("id", "")))
        if "node" in group.get("class", "").split():
            _center_header(group)
    _fix_grounds(root)
    root.attrib |= {"xmlns": _SVG[1:-1], "role": "img", "font-family": _FONTS, "class": _ROOT}
    style = adaptive(ElementTree.tostring(root, encoding="unicode"), _ROOT, _FIXED)
    for tag, content in (("style", style), ("desc", description), ("title", title)):
        element = ElementTree.Element(tag)
        element.text, element.tail = content, "\n"
        root.insert(0, element)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _fix_grounds(root: ElementTree.Element) -> None:
    """Mark what keeps its colours on a dark page: parts with grounds of their own, and with one such box all boxes."""
    own = [group for group in root.iter("g") if any(_has_own_ground(shape) for shape in group)]
    boxes = [group for group in root.iter("g") if "node" in group.get("class", "").split()]
    for group in {*own, *(boxes if set(own) & set(boxes) else ())}:
        group.set("class", f"{group.get('class', '')} {_FIXED}".strip())


def _has_own_ground(shape: ElementTree.Element) -> bool:
    return shape.get("fill", "none") not in (*FOLLOWING, *_NO_LINE)


def structure(svg: str) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """What an SVG made by `finish` shows, but not where: for each id the class, the title and the texts.

    Two pictures of the same graph have the same structure, whichever program drew them.
    """
    found = {}
    for group in parsed(svg).iter("g"):
        if (title := group.find("title")) is not None:
            texts = tuple("".join(text.itertext()) for text in group.iter("text"))
            found[group.get("id", "")] = group.get("class", ""), title.text or "", texts
    return found


def merge_outline(group: ElementTree.Element) -> None:
    """Graphviz draws the ground of a box and its outline apart; one shape does."""
    grounds = {_place(shape): shape for shape in group if shape.get("stroke") in _NO_LINE}
    for outline in outlines(group):
        ground = grounds.get(_place(outline))
        if ground is not None and outline.get("fill") == "none":
            ground.set("stroke", outline.get("stroke", "none"))
            group.remove(outline)


def outlines(group: ElementTree.Element) -> list[ElementTree.Element]:
    """The shapes with a line around them; not the lines within a box."""
    return [shape for shape in group if shape.tag != "polyline" and shape.get("stroke", "none") not in _NO_LINE]


def _place(shape: ElementTree.Element) -> str:
    return shape.get("d") or shape.get("points") or ""


def image(svg: str, alternative: str) -> str:
    """A picture as an ``<img>`` that holds all of it: what notebooks show that are not trusted."""
    content = base64.b64encode(svg.encode("utf-8", "replace")).decode()
    return f'<img alt="{html.escape(alternative)}" src="data:image/svg+xml;base64,{content}">'


def parsed(svg: str | bytes) -> ElementTree.Element:
    """The root element, with names of elements as SVG has them.

    Raises:
        RenderError: ``svg`` is no SVG.
    """
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError as error:
        raise RenderError(f"the program that draws wrote an SVG that is not well-formed: {error}") from None
    if root.tag != _SVG + "svg":
        raise RenderError(f"the program that draws wrote no SVG but an XML document with the root {root.tag!r}")
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
    return root


def _describe(group: ElementTree.Element, title: str | None, label: str | None) -> None:
    """Replace Graphviz's title, which is a name in the DOT text, and the first text."""
    for element in group.findall("title"):
        if title is None:
            group.remove(element)
        else:
            element.text = title
    first = group.find(".//text")
    if label is not None and first is not None:
        first.text = label


def _center_header(box: ElementTree.Element) -> None:
    """Make the first line one text in the box's middle, no longer dependent on how wide its letters were thought."""
    outline, texts = next(box.iter("path"), None), list(box.iter("text"))
    if outline is None or not texts:
        return
    first, *others = [text for text in texts if text.get("y") == texts[0].get("y")]
    for other in others:
        part = ElementTree.SubElement(first, "tspan", {"font-weight": other.get("font-weight", "normal")})
        part.text = other.text
        box.remove(other)
    across = [float(x) for x in re.findall(r"(-?[\d.]+),", outline.get("d", ""))]
    first.attrib |= {"x": f"{(min(across) + max(across)) / 2:.2f}", "text-anchor": "middle"}
