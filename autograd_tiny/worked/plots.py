"""Plots for the notebooks, by matplotlib: curves, and the regions of the plane that a classifier tells apart.

matplotlib comes with the extra ``notebook``; nothing else needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle

from autograd_tiny.text.palette import DATA, DERIVATIVE, GRAD
from autograd_tiny.views.plots import Plot, new_figure

__all__ = ["Plot", "curves", "regions"]

COLOURS = (DATA, GRAD, DERIVATIVE)
PALE = ("#d3e3f4", "#f6dccd", "#cdeae2")
MARKERS, DASHES = ("o", "^", "s"), ("-", "--", ":")


def curves(
    lines: Mapping[str, Sequence[float]], *, title: str, x_label: str, y_label: str, first: int = 0, log: bool = False
) -> Plot:
    """One curve for each of ``lines``, by name.

    Args:
        lines: the heights of each curve's points.
        title: the words above.
        x_label: the words below.
        y_label: the words at the side.
        first: the number of the first point.
        log: whether heights are spaced by their logarithms.
    """
    from matplotlib.ticker import MaxNLocator

    figure, axes = new_figure(title, 5.5, 3.2)
    for (name, heights), colour, dash in zip(lines.items(), cycle(COLOURS), cycle(DASHES)):
        axes.plot(range(first, first + len(heights)), heights, color=colour, linestyle=dash, label=name)
    axes.set(xlabel=x_label, ylabel=y_label, yscale="log" if log else "linear")
    # As many ticks as are asked for, not as many as fit: those depend on the fonts and on the version of matplotlib.
    axes.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10], integer=True))
    if not log:
        axes.yaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    axes.spines[["top", "right"]].set_visible(False)
    if len(lines) > 1:
        axes.legend(frameon=False)
    return Plot(figure, f"{title}: {y_label} against {x_label}, for {', '.join(lines)}")


def regions(
    classify: Callable[[tuple[float, float]], int],
    points: Sequence[tuple[float, float]],
    targets: Sequence[int],
    *,
    title: str,
) -> Plot:
    """The plane coloured by the class that ``classify`` gives each place; ``points`` are coloured by their classes.

    Args:
        classify: a place of the plane to its class, numbered from 0; up to three classes.
        points: places that are marked.
        targets: their classes.
        title: the words above.
    """
    from matplotlib.colors import ListedColormap

    figure, axes = new_figure(title, 4.4, 4.4)
    edge = 1.08 * max(abs(x) for point in points for x in point)
    steps = [edge * (2.0 * i / 149.0 - 1.0) for i in range(150)]
    classes = [[classify((x, y)) for x in steps] for y in steps]
    extent = (-edge, edge, -edge, edge)
    axes.imshow(
        classes, extent=extent, origin="lower", cmap=ListedColormap(PALE), vmin=0, vmax=2, interpolation="nearest"
    )
    for target, (colour, marker) in enumerate(zip(COLOURS, MARKERS)):
        chosen = [point for point, own in zip(points, targets) if own == target]
        axes.scatter(
            [x for x, _ in chosen], [y for _, y in chosen], s=14, color=colour, marker=marker, label=f"class {target}"
        )
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=3, frameon=False)
    return Plot(figure, f"{title}: the regions of the classes, and the points")
