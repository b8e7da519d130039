"""The drawn graph made ready for steps: steppers on one page do not collide, nothing in it acts, nothing moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from xml.etree.ElementTree import Element, fromstring, tostring

from autograd_tiny.views.drawing.svg import CHARACTER_WIDTH, merge_outline, outlines

SVG = "{http://www.w3.org/2000/svg}"
NUMBERS = ("data", "grad")
"""The classes of the texts that change."""

_SHAPES_AND_TEXT = {
    "svg", "g", "title", "desc", "path", "polygon", "polyline", "ellipse", "rect", "line", "text", "tspan",
}  # fmt: skip
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


def prepared(svg: str, headings: Mapping[str, str], numbers: Mapping[str, tuple[str, str]]) -> str:
    """A drawing whose ids became ``data-node`` and ``data-edge``, whose numbers keep their right end when they change.

    Shapes and texts remain, without handlers, links and styles.  Classes tell a box's ``ag-outline``, and of an arrow
    the ``ag-line`` and the ``ag-head``: names that no style sheet of a notebook has, too.

    Args:
        svg: as `draw` makes it.
        headings: for the id of each node, what the pointer shows in place of its title, which would tell the gradient.
        numbers: for the id of each node, data and gradient, to be shown in place of those that were drawn, which may be
            wider; those of an array one after the other, with a space in between.
    """
    root = fromstring(svg)
    for element in list(root.iter()):
        _clean(element)
    for group in root.iter("g"):
        _mark(group, headings, numbers)
    for text in root.iter("text"):
        _shorten(text)
    root.set("xmlns", SVG[1:-1])
    root.attrib.pop("role", None)
    return tostring(root, encoding="unicode")


def _clean(element: Element) -> None:
    element.tag = element.tag.removeprefix(SVG)
    element.tail = None
    if element.tag in ("svg", "g"):
        element.text = None
    for child in list(element):
        if child.tag.removeprefix(SVG) not in _SHAPES_AND_TEXT:
            element.remove(child)
    for name in list(element.attrib):
        if name.startswith("on") or name.rpartition("}")[2] in ("href", "style"):
            del element.attrib[name]


def _mark(group: Element, headings: Mapping[str, str], numbers: Mapping[str, tuple[str, str]]) -> None:
    identity, kind = group.attrib.pop("id", ""), group.get("class", "").partition(" ")[0]
    for title in group.findall("title"):
        group.remove(title)
    merge_outline(group)
    if kind == "edge":
        group.set("data-edge", identity)
        for shape in outlines(group):
            shape.set("class", "ag-line" if shape.get("fill") == "none" else "ag-head")
        for text in group.iter("text"):
            _anchor(text, "middle", 0.5)
            text.text = (text.text or "").strip()  # of the room that a longer number may need
    elif identity in headings:
        group.set("data-node", identity)
        title = Element("title")
        title.text = headings[identity]
        group.insert(0, title)
        for shape in outlines(group):
            shape.set("class", "ag-outline")
        for text, number in placed(group.iter("text"), dict(zip(NUMBERS, numbers.get(identity, ())))):
            _anchor(text, "end", 1.0)
            text.text = number


def placed(texts: Iterable[Element], numbers: Mapping[str, str]) -> Iterator[tuple[Element, str]]:
    """The texts of a box that show its numbers, each with the number that it shows; nothing where that is not known."""
    waiting = {name: iter(given.split(" ")) for name, given in numbers.items()}
    for text in texts:
        if (name := text.get("class", "")) in waiting:
            yield text, next(waiting[name], "")


def _anchor(text: Element, anchor: str, share: float) -> None:
    """Hold a text at a share of its width."""
    if text.get("text-anchor") == "start":
        width = CHARACTER_WIDTH * float(text.get("font-size", "11")) * len(text.text or "")
        text.set("x", f"{float(text.get('x', '0')) + share * width:.1f}")
        text.set("text-anchor", anchor)


def _shorten(text: Element) -> None:
    """Drop attributes that say what holds anyway."""
    if text.get("text-anchor") == "start":
        del text.attrib["text-anchor"]
    if len(text) == 0 and (text.text or "") == " ".join((text.text or "").split()):
        text.attrib.pop(_XML_SPACE, None)
