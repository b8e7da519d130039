"""What the executed examples of the pages show: pictures, steppers, formulas, tables, as HTML of the page they stand on."""

from __future__ import annotations

import re
import sys
from html import escape
from typing import TYPE_CHECKING, Any

from autograd_tiny import Expression
from autograd_tiny.views.drawing.draw import Drawing
from autograd_tiny.views.drawing.svg import image
from autograd_tiny.views.explain import Explanation
from autograd_tiny.views.mathml import converted

if TYPE_CHECKING:
    from autograd_tiny import Stepper

CONTROLS, MOST, TRAINING, BLANK, AROUND = 430, 760, 860, 66, 560
"""The height of a stepper without its picture, the largest height of a stepper, that of a training page, and of an exercise that of a
blank and of what stands around them, in pixels."""
SMALLEST = 0.75
"""The scale at which numbers in a picture can still be read without effort."""


def show(what: Any, *, caption: str = "", alt: str = "") -> None:
    """Print what a page shows of a result.

    Args:
        what: a Drawing, a Stepper, a page that trains, an Exercise, an Explanation, a Derivation, an Expression, the report of a
            marked page, or LaTeX as a string.
        caption: a line below it, plain text.
        alt: what a picture shows, for those who do not see it; what the Drawing says of itself if not given.
    """
    # markdown-exec collects what the block's own print is given, and nothing else.
    printed = sys._getframe(1).f_globals.get("print", print)
    printed(figure(*content(what, alt), caption))


def content(what: Any, alt: str) -> tuple[str, str]:
    """The kind of figure and the HTML inside it."""
    if isinstance(what, Drawing):
        described = alt or f"{what.title}: {what.description}"
        return "graph", scrolled(fitted(image(what.svg(), described), what.svg()), described)
    if is_a("Stepper", what):
        return "stepper", frame(what)
    if is_a("NetworkPage", what):
        return "stepper", framed(what.title, what.html(), TRAINING)
    if is_a("Exercise", what):
        return "stepper", framed(what.heading, what.html(), min(AROUND + BLANK * len(what.blanks), 2 * MOST))
    if isinstance(what, Explanation):
        return "formula", scrolled(f'<div class="lines">{what.mathml}</div>', "The chain rule, written out")
    if is_a("Derivation", what):
        return "formula", scrolled(what.html, "The derivation, written out")
    if isinstance(what, (Expression, str)):
        latex = what if isinstance(what, str) else what.latex()
        return "formula", scrolled(converted(latex), "A formula")
    if is_a("Report", what):
        return "report", scrolled(what._repr_html_(), "Claims and marks")
    shown = "a Drawing, a Stepper, a TrainingPage, an Exercise, an Explanation, a Derivation, an Expression, a Report or LaTeX"
    raise TypeError(f"a page shows {shown}, got {what!r}")


def is_a(kind: str, what: Any) -> bool:
    """Whether something is of a kind of the package; to import them all takes a browser longer than its first picture."""
    return any(x.__name__ == kind and x.__module__.startswith("autograd_tiny.") for x in type(what).__mro__)


def frame(stepper: Stepper) -> str:
    """The stepper's own page in a frame."""
    drawn = stepper.data["svg"].partition('height="')[2].partition("pt")[0]
    height = min(MOST, CONTROLS + round(float(drawn) * 4 / 3))  # points to pixels
    return framed(f"Step through it: {stepper.data['title']}", stepper.html(), height)


def framed(title: str, page: str, height: int) -> str:
    """A page in a frame that may do nothing but run it, loaded when the reader gets there."""
    return (
        f'<iframe title="{escape(title)}" loading="lazy" sandbox="allow-scripts" style="height: {height}px"'
        f' srcdoc="{escape(page)}"></iframe>'
    )


def fitted(img: str, svg: str) -> str:
    """An image that is made smaller where it is a little too wide for the page; below that it is scrolled."""
    said = re.search(r'\bwidth="([\d.]+)(pt|px)?"', svg)
    if said is None:  # a picture as wide as it is wanted
        return img
    pixels = float(said[1]) * (4 / 3 if said[2] == "pt" else 1)
    return img.replace("<img ", f'<img style="min-width: {round(SMALLEST * pixels)}px" ', 1)


def scrolled(html: str, name: str) -> str:
    """Something that may be wider than the page, in a box that scrolls, by keys too."""
    return f'<div class="scrolled" tabindex="0" role="group" aria-label="{escape(name)}">{html}</div>'


def figure(kind: str, html: str, caption: str) -> str:
    """A figure of the page, not searched: what it says, the text around it says in words."""
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure class="shown {kind}" data-search-exclude>{html}{below}</figure>'
