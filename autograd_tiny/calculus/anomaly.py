"""detect_anomaly: find where a computation goes wrong, at the price of speed.

Recording and ``backward`` check nothing beyond what Python's arithmetic refuses: a product may overflow to infinity,
data may be changed after it was used, ``backward`` may be run twice.  Inside `detect_anomaly` each of these is an error
that names the node, the operation, the operands and the line of the user's code.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

from autograd_tiny.calculus import derivatives
from autograd_tiny.calculus.changes import computed_text, first_change
from autograd_tiny.engine import value
from autograd_tiny.engine.graph import adjoints, gradient, pulls, topological_order
from autograd_tiny.engine.refusals import called, held_by_leaves, or_add
from autograd_tiny.engine.value import Constant, Value

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Within this context, stop at the first anomaly.

    - A recorded node whose data or local derivative is NaN or infinite, at the line that records it.
    - Before ``backward``, and before every other derivative: a node whose data no longer follows from its operands,
      because one was changed after recording.
    - Before ``backward``: a root that ``backward`` has been run on before, unless the grad of its leaves was set to 0
      since, so that leaves would count it twice.  (What ran before the context left a root with the grad 1.)
    - After ``backward``: the first node, in the order backward works, whose grad is NaN or infinite.

    A forgotten ``zero_grad`` is none of these: that the gradients of leaves add up from root to root is meant.

    It watches the calling thread through the interpreter's profiling hook (``sys.setprofile``), which is given back at
    the end; code outside the context pays nothing.  Nodes recorded before the context are checked too, but without a
    line.

    Raises:
        FloatingPointError: NaN or infinity.
        RuntimeError: changed data, or ``backward`` run twice.

    >>> x = Value(1e200, "x")
    >>> with detect_anomaly():
    ...     y = x * x
    Traceback (most recent call last):
    FloatingPointError: mul(x = 1e+200, x = 1e+200) gives inf; recorded at <doctest ...detect_anomaly[1]>, line 2
    """
    watch = _Watch()
    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(before)


class _Watch:
    """A profile function that looks at each recorded node, and at each run of ``backward`` or ``gradient``."""

    def __init__(self) -> None:
        self.recording, self.backward = _recording_code(), _code(Value.backward)
        self.walks: dict[CodeType, Callable[[dict[str, Any]], Iterable[Any]]] = {  # and what each starts or ends at
            _code(gradient): lambda given: [given["output"]],
            _code(adjoints): lambda given: [given["root"]],
            _code(derivatives._Run.push_forward): lambda given: given["self"].outputs.numbers,
        }
        self.lines: dict[Value, str] = {}
        self.roots: set[Value] = set()  # of ``backward``

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "return" and frame.f_code in self.recording:
            if isinstance(argument, Value):
                self.lines[argument] = _user_line(frame)
                self._check_record(argument)
        elif frame.f_code is self.backward:
            root = frame.f_locals["self"]
            if event == "call":
                self._check_before(root)
            elif event == "return":
                self._check_after(root)
                self.roots.add(root)
        elif event == "call" and frame.f_code in self.walks:
            for output in self.walks[frame.f_code](frame.f_locals):
                if isinstance(output, Value):
                    self._check_data(output)

    def _check_record(self, node: Value) -> None:
        if not math.isfinite(node.data):
            raise FloatingPointError(f"{computed_text(node)} gives {node.data!r}{self._where(node)}")
        for place, derivative in enumerate(node.local_derivatives):
            if not math.isfinite(derivative):
                raise FloatingPointError(
                    f"{computed_text(node)} gives {node.data!r}, "
                    f"but its derivative by operand {place + 1} is {derivative!r}"
                    f"{self._where(node)}"
                )

    def _check_before(self, root: Value) -> None:
        # A root of a run here may have been a part of another root since; of runs before, its grad alone tells.
        ran_here, ran_before = root in self.roots and root.grad != 0.0, root.grad is value.OWN
        if root.op is not None and (ran_here or ran_before) and held_by_leaves(root).runs != 0:
            what = (
                f"backward has been run on {_name(root)} before"
                if ran_here
                else f"{_name(root)} has the grad of a root already"
            )
            raise RuntimeError(
                f"{what}{self._where(root)}; the leaves would hold both gradients: {or_add(called(root))}"
            )
        self._check_data(root)

    def _check_data(self, root: Value) -> None:
        for node in topological_order(root):
            self._check_record(node)
        if change := first_change(root):
            raise RuntimeError(f"{change.text}{self._where(change.node)}. Record again after changing data")

    def _check_after(self, root: Value) -> None:
        for user, operand, derivative in pulls(root):
            if not math.isfinite(operand.grad) and not isinstance(operand, Constant):
                raise FloatingPointError(
                    f"the grad of {_name(operand)} is {operand.grad!r}, "
                    f"after the contribution {derivative!r} * {user.grad!r} of {computed_text(user)}{self._where(user)}"
                )

    def _where(self, node: Value) -> str:
        line = self.lines.get(node)
        return f"; recorded at {line}" if line else " (recorded before detect_anomaly began)" if node.op else ""


def _recording_code() -> frozenset[CodeType]:
    """The code of every function in value.py that makes a node with an operation."""
    makers: list[Callable[..., Any]] = [value._unary, value._binary, value._binary_linear, value._nary]
    inner = [c for maker in makers for c in _code(maker).co_consts if isinstance(c, CodeType)]
    return frozenset([*inner, _code(value._node)])


def _code(function: Callable[..., Any]) -> CodeType:
    return function.__code__


def _user_line(frame: FrameType | None) -> str:
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}, line {frame.f_lineno}" if frame else "an unknown line"


def _name(node: Value) -> str:
    return f"{node.label} = {node.data!r}" if node.label else repr(node)
