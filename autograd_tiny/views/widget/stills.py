"""One picture for each step, for slides: the same with what is known by then, so that nothing moves between them."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, fromstring, tostring

from autograd_tiny.text.palette import DATA, GRAD
from autograd_tiny.views.drawing.picture import Moment
from autograd_tiny.views.drawing.render import render
from autograd_tiny.views.drawing.tikz import overlays
from autograd_tiny.views.widget.pictures import SVG, placed
from autograd_tiny.views.widget.walks.frames import Frame, Walkthrough, known_by

_TURN = {"forward": DATA, "seed": GRAD, "backward": GRAD}
"""The colour of the node whose turn it is, and of its edges."""


def stills(walkthrough: Walkthrough) -> Iterator[str]:
    """The picture at each step, highlighted by attributes alone, which every program that shows SVG understands."""
    for frame, known in zip(walkthrough.frames, known_by(walkthrough.frames)):
        yield _still(walkthrough, frame, known)


def png_stills(walkthrough: Walkthrough, scale: float) -> Iterator[bytes]:
    """The same in pixels, drawn anew for each step by the program that draws.

    Texts are as wide in all, so that nothing moves.
    """
    for moment in moments(walkthrough):
        yield render(walkthrough.drawn_at(moment).dot, "png", scale=scale)


def moments(walkthrough: Walkthrough) -> Iterator[Moment]:
    """What a picture of each step shows."""
    for frame, known in zip(walkthrough.frames, known_by(walkthrough.frames)):
        yield Moment(known.data, known.gradients, known.edges, frame.node, frame.edges, _TURN.get(frame.phase, ""))


def beamer(walkthrough: Walkthrough) -> str:
    """All of them as one picture for LaTeX's beamer, with an overlay for each step."""
    captions = (f"{frame.place}: {frame.caption}" for frame in walkthrough.frames)
    return overlays(list(stills(walkthrough)), walkthrough.latex, captions)


def complete_still(walkthrough: Walkthrough) -> str:
    """The picture with every number, nothing highlighted."""
    *_, known = known_by(walkthrough.frames)
    return _still(
        walkthrough, known._replace(node="", edges={}, caption="Every gradient is complete.", details=""), known
    )


def _still(walkthrough: Walkthrough, frame: Frame, known: Frame) -> str:
    """The picture with what is ``known`` by a frame, in which the frame's own node and edges are highlighted."""
    root = fromstring(walkthrough.svg)
    for group in root.iter(SVG + "g"):
        if node := group.get("data-node"):
            _show_node(group, node, frame, known)
        elif edge := group.get("data-edge"):
            _show_edge(group, edge, frame, known)
    _describe(root, walkthrough.title, frame)
    for element in root.iter():
        element.tag = element.tag.removeprefix(SVG)
    root.set("xmlns", SVG[1:-1])
    return tostring(root, encoding="unicode")


def _show_node(group: Element, node: str, frame: Frame, known: Frame) -> None:
    for text, number in placed(
        group.iter(SVG + "text"), {"data": known.data.get(node, ""), "grad": known.gradients.get(node, "")}
    ):
        text.text = number
    if node == frame.node:
        for shape in group.iterfind(f"{SVG}*[@class='ag-outline']"):
            shape.attrib.update({"stroke": _TURN[frame.phase], "stroke-width": "3"})


def _show_edge(group: Element, edge: str, frame: Frame, known: Frame) -> None:
    for shape in list(group):
        kind = shape.get("class")
        if kind not in ("ag-line", "ag-head") and edge not in known.edges:
            group.remove(shape)
        elif kind == "ag-line" and edge in frame.edges:
            shape.attrib.update({"stroke": _TURN[frame.phase], "stroke-width": "2.5"})
        elif kind == "ag-head" and edge in frame.edges:
            shape.attrib.update({"stroke": _TURN[frame.phase], "fill": _TURN[frame.phase]})


def _describe(root: Element, title: str, frame: Frame) -> None:
    root.set("role", "img")
    for tag, text in (("title", title), ("desc", f"{frame.caption} {frame.details}".strip())):
        element = root.find(SVG + tag)
        if element is not None:
            element.text = text
