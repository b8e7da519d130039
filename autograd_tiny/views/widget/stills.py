"""One SVG for each step, for slides: the same picture with what is known by then, so that nothing moves from one to the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element, fromstring, tostring

from autograd_tiny.views.drawing.dot_text import DATA, GRAD
from autograd_tiny.views.widget.frames import Frame, Walkthrough, known_numbers
from autograd_tiny.views.widget.pictures import SVG

_TURN = {"forward": DATA, "seed": GRAD, "backward": GRAD}
"""The colour of the node whose turn it is, and of its edges."""


def stills(walkthrough: Walkthrough) -> Iterator[str]:
    """The picture at each step, highlighted by attributes alone, which every program that shows SVG understands."""
    for frame, data, gradients in known_numbers(walkthrough.frames):
        yield _still(walkthrough, frame, data, gradients)


def complete_still(walkthrough: Walkthrough) -> str:
    """The picture with every number, nothing highlighted."""
    *_, (frame, data, gradients) = known_numbers(walkthrough.frames)
    everything = frame._replace(node="", edges={}, caption="Every gradient is complete.", details="")
    return _still(walkthrough, everything, data, gradients)


def _still(walkthrough: Walkthrough, frame: Frame, data: Mapping[str, str], gradients: Mapping[str, str]) -> str:
    root = fromstring(walkthrough.svg)
    for group in root.iter(SVG + "g"):
        if node := group.get("data-node"):
            _show_node(group, node, frame, data, gradients)
        elif edge := group.get("data-edge"):
            user = "n" + edge[1:].partition("_")[0]
            _show_edge(group, frame, edge, known=user in data)
    _describe(root, walkthrough.title, frame)
    for element in root.iter():
        element.tag = element.tag.removeprefix(SVG)
    root.set("xmlns", SVG[1:-1])
    return tostring(root, encoding="unicode")


def _show_node(group: Element, node: str, frame: Frame, data: Mapping[str, str], gradients: Mapping[str, str]) -> None:
    for text in group.iter(SVG + "text"):
        known = {"data": data, "grad": gradients}.get(text.get("class", ""))
        if known is not None:
            text.text = known.get(node, "")
    if node == frame.node:
        for shape in group.iterfind(f"{SVG}*[@class='outline']"):
            shape.attrib.update({"stroke": _TURN[frame.phase], "stroke-width": "3"})


def _show_edge(group: Element, frame: Frame, edge: str, *, known: bool) -> None:
    for shape in list(group):
        kind = shape.get("class")
        if kind not in ("line", "head") and not known:
            group.remove(shape)
        elif kind == "line" and edge in frame.edges:
            shape.attrib.update({"stroke": _TURN[frame.phase], "stroke-width": "2.5"})
        elif kind == "head" and edge in frame.edges:
            shape.attrib.update({"stroke": _TURN[frame.phase], "fill": _TURN[frame.phase]})


def _describe(root: Element, title: str, frame: Frame) -> None:
    root.set("role", "img")
    for tag, text in (("title", title), ("desc", f"{frame.caption} {frame.details}".strip())):
        element = root.find(SVG + tag)
        if element is not None:
            element.text = text
