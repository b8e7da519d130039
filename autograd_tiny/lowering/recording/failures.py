"""Why a point has no finite result: what the engine says when the same is recorded there on Values."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd_tiny.engine.graph import gradient, mapped
from autograd_tiny.engine.refusals import call_text
from autograd_tiny.engine.value import Value
from autograd_tiny.lowering.recording.recorded import Recorded

MOST_REASONS, MOST_ROWS = 3, 10
"""How many rows of a batch are told with their reasons, and how many in all."""

Reason = ArithmeticError | ValueError | TypeError


def reason(recorded: Recorded, point: Sequence[float]) -> Reason | None:
    """The error of the engine at a point: the operation, its operands, and what it needs; None if all is finite there.

    An input that is nan, a result that is larger than any float, and a derivative that is, are told too.
    """
    leaves: dict[Any, Value] = {}

    def record(node: Any, operands: tuple[Value, ...]) -> Value:
        if node.op is None:
            return leaves[node] if node in leaves else Value(node.constant_value)
        value = Value.record(node.op, operands)
        value.label = node.label
        if not math.isfinite(value.data):
            raise OverflowError(f"{call_text(node.op, operands)} is {value.data!r}")
        return value

    try:
        leaves.update({x: Value(number, x.label) for x, number in zip(recorded.inputs, point)})
        results = recorded.safe_results()
        values = mapped(results, record)
        for y in results:
            for x, derivative in zip(recorded.wrt, gradient(values[y], [leaves[x] for x in recorded.wrt])):
                if not math.isfinite(derivative.data):
                    raise OverflowError(f"the derivative by {x.label} is {derivative.data!r}")
    except (ArithmeticError, ValueError, TypeError) as error:
        return error
    return None


def told(rows: Sequence[int], n_rows: int, reason_of: Callable[[int], Reason | None]) -> Reason:
    """One error for the rows of a batch that have no finite result, of the type of the first one's."""
    reasons = [
        reason_of(row) or ArithmeticError("a result or a derivative is not finite") for row in rows[:MOST_REASONS]
    ]
    texts = [f"row {row}: {error}" for row, error in zip(rows, reasons)]
    if others := [*map(str, rows[MOST_REASONS:MOST_ROWS])]:
        texts.append(
            f"and row{'s' * (len(rows) > MOST_REASONS + 1)} {', '.join(others)}{', ...' * (len(rows) > MOST_ROWS)}"
        )
    return type(reasons[0])(f"{len(rows)} of {n_rows} rows of the batch without a finite result: {'; '.join(texts)}")
