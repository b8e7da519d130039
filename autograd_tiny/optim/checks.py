"""What the options of optimizers and schedules must be."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any

from autograd_tiny.text.numbers import as_number, as_whole

Schedule = Callable[[int], float]


def rate(x: Any, what: str) -> float:
    number = as_number(x)
    if number is None:
        raise TypeError(
            f"{what} is a number{' or a function of the step number' if what == 'a learning rate' else ''}, got {x!r}"
        )
    if not 0.0 <= number < math.inf:
        raise ValueError(f"{what} is a finite number from 0 up, got {x!r}")
    return number


def share(x: Any, what: str) -> float:
    number = rate(x, what)
    if not number < 1.0:
        raise ValueError(f"{what} is a number from 0 to below 1, got {x!r}")
    return number


def one_of(x: Any, known: Collection[str], what: str) -> str:
    if not isinstance(x, str) or x not in known:
        raise ValueError(f"{what} is one of {', '.join(known)}, got {x!r}")
    return x


def count(x: Any, what: str) -> int:
    number = int(x) if isinstance(x, float) and x.is_integer() else as_whole(x)
    if number is None or number < 1:
        raise ValueError(f"{what} is a whole number from 1 up, got {x!r}")
    return number
