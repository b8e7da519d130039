"""Plots by matplotlib as notebooks and files show them.

matplotlib comes with the extra ``notebook``; nothing else needs it.
"""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from autograd_tiny.storage.files import write_file
from autograd_tiny.views.drawing.svg import image

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Plot:
    """A figure that a notebook shows, also one that is only read or not trusted; the same bytes each time.

    Attributes:
        figure: the matplotlib figure.
        title: what it shows, for those who cannot see it.
    """

    def __init__(self, figure: Figure, title: str) -> None:
        self.figure, self.title = figure, title

    def svg(self) -> str:
        """The figure as SVG; its text is text, not outlines."""
        from matplotlib import rc_context

        file = BytesIO()
        with rc_context({"svg.fonttype": "none", "svg.hashsalt": "autograd_tiny"}):
            self.figure.savefig(file, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
        return file.getvalue().decode()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the figure to a file, an ``.svg`` or a ``.png``.  Returns the path.

        Raises:
            ValueError: the name ends otherwise.
            OSError: it cannot be written.
        """
        kind = Path(path).suffix.lower()
        if kind == ".svg":
            return write_file(path, self.svg())
        if kind != ".png":
            raise ValueError(f"the file of a plot ends in .svg or .png, got {os.fspath(path)!r}")
        file = BytesIO()
        self.figure.savefig(file, format="png", bbox_inches="tight", dpi=150, metadata={"Software": None})
        return write_file(path, file.getvalue())

    def __repr__(self) -> str:
        return f"<Plot: {self.title}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        svg = self.svg()
        return {"image/svg+xml": svg, "text/html": image(svg, self.title), "text/plain": repr(self)}


def new_figure(title: str, width: float, height: float) -> tuple[Figure, Axes]:
    """A figure with one pair of axes, its size in inches.

    Raises:
        ImportError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError("a plot needs matplotlib: pip install 'autograd_tiny[notebook]'") from None
    figure = Figure(figsize=(width, height))
    axes = figure.subplots()
    axes.set_title(title)
    return figure, axes
