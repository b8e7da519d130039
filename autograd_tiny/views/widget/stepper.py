"""The Stepper: what a reader of a notebook holds in hand."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from autograd_tiny.calculus.changes import check_unchanged
from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.engine.refusals import check_recorded, warn_of_runs
from autograd_tiny.engine.value import Value
from autograd_tiny.storage.files import make_directory, write_file
from autograd_tiny.text.numbers import as_whole, check_digits
from autograd_tiny.text.words import quoted, shortened
from autograd_tiny.views.drawing.draw import check_scale
from autograd_tiny.views.drawing.svg import image
from autograd_tiny.views.matrices.graph import is_by_arrays, settled
from autograd_tiny.views.named import Through, seen_through
from autograd_tiny.views.widget.formulas import WrittenFormula
from autograd_tiny.views.widget.live import LiveGraph
from autograd_tiny.views.widget.page import framed, joined, module, page, style
from autograd_tiny.views.widget.stills import beamer, complete_still, png_stills, stills
from autograd_tiny.views.widget.values import Values
from autograd_tiny.views.widget.walks.arrays import ArrayWalk
from autograd_tiny.views.widget.walks.frames import Frame, NodeInfo, Walk, Walkthrough

LONGEST_TITLE = 200
MOST_HEIGHT, ROOM_FOR_THE_REST = 800, 560
"""Of a frame in a notebook, in pixels, and what the inputs, the controls and a formula take of it."""

MOST_NODES = 400
"""A graph with more nodes than this is no longer read one node at a time."""


class Stepper:
    """Steps through a computation and its backward, one node at a time, on the drawn graph.

    In a notebook it is shown as the page that `save` writes, in a frame; `widget` is the same page kept in step with
    Python.  Step 0 shows the numbers that the computation starts from.  Then each operation is computed, the root's
    derivative by itself is set to 1, and each operation hands its gradient on.  On the page and in the widget inputs
    can be moved: data, derivatives, words and formulas follow at every step.

    The graph is read once, when the Stepper is made; neither ``grad`` nor anything else of it is changed, and
    ``backward`` need not have run; where it was run several times, a warning says that the leaves hold a multiple of
    what the last step shows.

    Args:
        value: a recorded Value, the root.
        through: "all" for a step per operation, "named" for one per value that has a name, or the Values that are
            shown; "arrays" for a step per array, "all arrays", or a list with Arrays in it; see `draw`.  By arrays, a
            step backward is the derivative by a whole array, in matrix form; inputs move where the graph has no more
            than 3,000 scalars.
        direction: of the drawing, from operands to results: "LR", "RL", "TB" or "BT".
        digits: how many significant digits numbers have.
        title: what stands above the picture; "y, step by step" where the root is y and none is given.
        predict: whether the page first asks for the numbers of the next step, and shows it when they are right, or when
            it is told to.

    Raises:
        TypeError: ``value`` is no Value, or the title no text.
        ValueError: the graph has more than 400 nodes, or data of it was changed after it was used: compute it again;
            numbers of arrays are to be predicted.
        RenderError: there is no program that draws.

    >>> x = Value(3.0, "x")
    >>> stepper = Stepper(x * x)
    >>> stepper.last, stepper.step
    (3, 0)
    >>> stepper.step = 3
    >>> print(stepper.caption)
    Backward 1 of 1: The gradient of t1 is complete: 1. Times the local derivative, it goes to x.
    """

    def __init__(
        self,
        value: Value,
        *,
        through: Through = "all",
        direction: str = "LR",
        digits: int = 4,
        title: str = "",
        predict: bool = False,
    ) -> None:
        check_recorded(value, "stepped through")
        check_unchanged(value, done="its steps")
        warn_of_runs(value, "the last step")
        through, variables = settled(through), sys._getframe(1).f_locals
        check_digits(digits)
        if not isinstance(title, str):
            raise TypeError(f"a title is a text, got {quoted(title)}")
        if predict and is_by_arrays(through):
            raise ValueError("predict asks for the numbers of Values; take through='all' or 'named'")
        self._digits, self._title, self._predict = digits, shortened(title, LONGEST_TITLE), bool(predict)
        self._walk = self._walk_through(value, through, variables, direction)
        self._moved: tuple[dict[str, float], Walkthrough] | None = None
        self._values = {name: float(leaf.data) for name, leaf in self._walk.leaves.items()}
        self._handlers: list[Callable[[dict[str, float]], object]] = []
        self._step = 0
        self._widget: Any = None
        if is_by_arrays(through):
            self._recorded, self._live  # noqa: B018  they are no copies, and what they are made of may change

    def _walk_through(
        self, value: Value, through: Any, variables: Mapping[str, Any], direction: str
    ) -> Walk | ArrayWalk:
        if is_by_arrays(through):
            by_arrays = ArrayWalk(value, through, variables, direction=direction, digits=self._digits)
            _check_size(by_arrays.size, "arrays")
            return by_arrays
        if through != "all":
            value = seen_through([value], through, variables)[value]
        _check_size(len(all_nodes(value)), "nodes")
        return Walk(value, direction=direction, digits=self._digits)

    @cached_property
    def _recorded(self) -> Walkthrough:
        """All that is shown at the numbers that were recorded; a page that is saved does not need it."""
        return self._titled(self._walk.still())

    @property
    def _options(self) -> dict[str, Any]:
        return {"digits": self._digits} | ({"predict": True} if self._predict else {})

    def _titled(self, steps: Walkthrough) -> Walkthrough:
        return steps._replace(title=self._title) if self._title else steps

    @property
    def last(self) -> int:
        """The number of the last step, at which every gradient is complete."""
        return len(self._walkthrough.frames) - 1

    @property
    def step(self) -> int:
        """The step that is shown, from 0 to `last`; in a notebook it follows the widget, and the widget follows it.

        Raises:
            ValueError: there is no such step.
        """
        return self._step if self._widget is None else int(self._widget.step)

    @step.setter
    def step(self, step: int) -> None:
        number = as_whole(step)
        if number is None or not 0 <= number <= self.last:
            raise ValueError(f"a step is a whole number from 0 to {self.last}, got {step!r}")
        self._step = number
        if self._widget is not None:
            self._widget.step = number

    @property
    def caption(self) -> str:
        """What happens at the step that is shown."""
        frame = self._walkthrough.frames[self.step]
        return f"{frame.place}: {frame.caption}"

    @property
    def values(self) -> Values:
        """The numbers of the leaves by their names: those that were recorded, until somebody moves one.

        ``stepper.values["w"] = 2`` moves it in every display that a widget keeps in step, and the other way round.

        Raises:
            KeyError: no leaf has this name.
            ValueError: the number is not finite, or an operation refuses what follows from it; then nothing moves.

        >>> x = Value(3.0, "x")
        >>> y = x * x
        >>> y.label = "y"
        >>> stepper = Stepper(y)
        >>> stepper.values["x"] = 5.0
        >>> stepper.step = stepper.last
        >>> print(stepper.caption, y.data)
        Backward 1 of 1: The gradient of y is complete: 1. Times the local derivative, it goes to x. 9.0
        >>> stepper.data["steps"][1]["details"]
        'It is 25.'
        """
        return Values(self._current_values, self._move)

    def observe(self, handler: Callable[[dict[str, float]], object]) -> None:
        """Call ``handler`` with the values of all leaves whenever one moves, here or in a widget."""
        self._handlers.append(handler)

    def _current_values(self) -> dict[str, float]:
        return dict(self._values)

    def _move(self, values: dict[str, float]) -> None:
        if self._live is None:
            why = "since there are too many scalars to follow"
            raise ValueError(f"inputs do not move here, {why}; compute again, and make a new Stepper")
        self._moved = values, self._walked(values)
        if self._widget is None:
            self._take(values)
        else:
            self._widget.values = values  # which comes back here, as from a browser

    def _take(self, values: dict[str, float]) -> None:
        self._values = dict(values)
        for handler in self._handlers:
            handler(self._current_values())

    def _walked(self, values: Mapping[str, float]) -> Walkthrough:
        return self._titled(self._walk.moved({leaf: values[name] for name, leaf in self._walk.leaves.items()}))

    @property
    def _walkthrough(self) -> Walkthrough:
        """All that is shown at the current values.

        Raises:
            ValueError, ArithmeticError: an operation refuses what follows from values that were moved in a browser.
        """
        values = self._values
        if all(values[name] == leaf.data for name, leaf in self._walk.leaves.items()):
            return self._recorded
        if self._moved is None or self._moved[0] != values:
            self._moved = values, self._walked(values)
        return self._moved[1]

    @property
    def data(self) -> dict[str, Any]:
        """Everything that is to be seen at the current values, as plain data."""
        return _as_data(self._walkthrough)

    @cached_property
    def _live(self) -> tuple[Walkthrough, LiveGraph] | None:
        """What a page is made of whose numbers move."""
        return self._walk.live()

    def _paged(self) -> tuple[dict[str, Any], str]:
        """What a page is made of: all that is to be seen, with places for numbers, and the program that fills them."""
        if self._live is None:
            return self.data | self._options, "[]"
        steps, graph = self._live
        others = {"names": list(graph.names), "boxes": list(graph.boxes)} if graph.names else {}
        return _as_data(self._titled(steps)) | self._options | {"graph": graph.nodes} | others, graph.rows

    def html(self) -> str:
        """The page that `save` writes, as text.  Its inputs move; it begins at the current values."""
        data, rows = self._paged()
        return page(data | {"values": self._current_values()}, rows)

    def save(self, path: str | os.PathLike[str]) -> Path:
        r"""Write all steps to one file: a page, or a picture with an overlay for each step.

        An .html is shown by every current browser, and loads nothing: for slides, blogs, lessons.  A .tex is a picture
        for a frame of LaTeX's beamer, ``\input{steps}``, in the fonts of the slides; it needs the packages ``tikz`` and
        ``amsmath``.

        Raises:
            ValueError: the name does not end in .html, .htm or .tex.
            OSError: the directory does not exist or cannot be written to.
        """
        suffix = Path(path).suffix.lower()
        if suffix == ".tex":
            return write_file(path, beamer(self._walkthrough))
        if suffix not in (".html", ".htm"):
            raise ValueError(
                f"the stepper is saved as a page, .html, or for LaTeX, .tex; got {os.fspath(path)!r}; "
                "for one picture a step use "
                "Stepper(y).save_frames('stills') (in the terminal -o stills/), for one picture of all of it draw"
            )
        return write_file(path, self.html())

    def save_frames(self, directory: str | os.PathLike[str], *, format: str = "svg", scale: float = 1.0) -> list[Path]:
        """Write a picture per step, in which nothing moves from one to the next.

        The directory is made if it does not exist; the one that holds it must.

        Args:
            directory: where to.
            format: "svg" for ``step-000.svg``, ``step-001.svg``, ..., or "png"; "tex" for one ``steps.tex``, as `save`
                writes it, in which each step is an overlay of beamer.
            scale: of a PNG, how many times its width and height are those on a screen.

        Raises:
            ValueError: another format; a scale that is no number from 0.1 to 20, or of another format than PNG.
            OSError: the directory cannot be made or written to.
            RenderError: of "png", there is no program that draws.
        """
        if format not in ("svg", "png", "tex"):
            raise ValueError(f"the frames are 'svg', 'png' or 'tex', got {format!r}")
        check_scale(scale, f".{format}")
        directory = make_directory(directory)
        if format == "tex":
            return [self.save(directory / "steps.tex")]
        steps = self._walkthrough
        pictures: Iterator[str | bytes] = png_stills(steps, scale) if format == "png" else stills(steps)
        return [write_file(directory / f"step-{i:03}.{format}", picture) for i, picture in enumerate(pictures)]

    def widget(self) -> Any:
        """The widget; its traits ``step`` and ``playing`` are kept the same in browser and Python.

        It is the same one each time, unless it was closed, as ``Widget.close_all()`` does: then a new one goes on at
        its step.

        Raises:
            ModuleNotFoundError: ``anywidget`` is not installed.
        """
        if self._widget is None or self._widget.comm is None:
            if find_spec("anywidget") is None:
                raise ModuleNotFoundError(
                    'the widget needs anywidget: pip install "autograd_tiny[notebook]"; save() needs nothing'
                )
            data, rows = self._paged()
            self._widget = _widget_class()(self, data, rows, step=self._step, values=self._values)
            self._widget.observe(lambda change: self._take(change["new"]), "values")
        return self._widget

    def __repr__(self) -> str:
        return f"<Stepper: {self._recorded.title}; step {self.step} of {self.last}>"

    def _repr_html_(self) -> str:
        """The page in a frame, which lives on in a notebook saved, converted or opened; `widget` needs its Python."""
        drawn = re.search(r'height="(\d+)', self._recorded.svg)
        height = ROOM_FOR_THE_REST + int(drawn[1]) * 4 // 3 if drawn else MOST_HEIGHT  # of points, pixels
        still = image(complete_still(self._recorded), self._recorded.title)
        return framed(self.html(), self._recorded.title, still, min(MOST_HEIGHT, height))


def _check_size(count: int, what: str) -> None:
    if count > MOST_NODES:
        raise ValueError(
            f"a graph of {count:,} {what} is too large to be stepped through by eye, {MOST_NODES} are the most; "
            "step through a part of it, "
            "Stepper(one_of_its_nodes), draw() a summary, or read backward_steps(value), which has no limit"
        )


def _as_data(walkthrough: Walkthrough) -> dict[str, Any]:
    title, svg, parts = walkthrough.title, walkthrough.svg, walkthrough.parts
    nodes = [_flat(node, "chain_rule") for node in walkthrough.nodes]
    steps = [_flat(frame, "formula") for frame in walkthrough.frames]
    return {"title": title, "svg": svg, "parts": parts, "nodes": nodes, "steps": steps}


def _flat(record: Frame | NodeInfo, name: str) -> dict[str, Any]:
    """The fields of a record, and in place of its formula the fields of that."""
    fields = record._asdict()
    formula: WrittenFormula = fields.pop(name)
    return fields | formula._asdict()


@cache
def _widget_class() -> Any:
    """The class of the widget, made on first use, since anywidget may be missing and takes long to import."""
    traitlets: Any = import_module("traitlets")
    AnyWidget: Any = import_module("anywidget").AnyWidget  # noqa: N806

    class StepperWidget(AnyWidget):  # type: ignore[misc]
        _css = style()
        data = traitlets.Dict().tag(sync=True)
        step = traitlets.Int(0).tag(sync=True)
        playing = traitlets.Bool(False).tag(sync=True)
        values = traitlets.Dict().tag(sync=True)
        _step_is_one = traitlets.validate("step")(_nearest_step)

        def __init__(self, stepper: Stepper, data: dict[str, Any], rows: str, **state: Any) -> None:
            self._stepper = stepper
            # Each graph has a program of its own.
            self._esm = f"{module()}\n{joined('anywidget.js')}\nexport default widget({rows});\n"
            super().__init__(data=data, **state)

        def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
            """The widget, and for where there is no Python the page in its frame."""
            bundle = super()._repr_mimebundle_(**options) or {}
            live = bundle[0] if isinstance(bundle, tuple) else bundle
            return {**live, "text/html": self._stepper._repr_html_()}

    return StepperWidget


def _nearest_step(widget: Any, proposal: Any) -> int:
    return min(max(int(proposal["value"]), 0), len(widget.data["steps"]) - 1)
