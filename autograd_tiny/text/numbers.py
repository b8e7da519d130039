"""Numbers as people read them, one way for every view: pictures, steps, tables."""

from __future__ import annotations

import math
from typing import Any


def check_digits(digits: Any) -> None:
    """Refuse what is no number of significant digits of a float."""
    if not hasattr(digits, "__index__") or isinstance(digits, bool) or not 1 <= digits <= 17:
        raise ValueError(f"a float has 1 to 17 significant digits, got {digits!r}")


def short_number(x: float, digits: int = 4) -> str:
    """A number rounded to ``digits`` significant digits and written as shortly as they allow.

    A plain decimal from 0.0001 to below a million, the part before the point in full; otherwise with an exponent.  Zero
    has no sign.

    >>> short_number(0.1 + 0.2), short_number(-2.97855), short_number(123456.7), short_number(-0.0)
    ('0.3', '-2.979', '123457', '0')
    >>> short_number(1e-300), short_number(6.02214e23), short_number(float("-inf"))
    ('1e-300', '6.022e23', '-inf')
    """
    if x == 0.0:
        return "0"
    if not math.isfinite(x):
        return str(x)
    mantissa, power = f"{x:.{digits - 1}e}".split("e")
    exponent = int(power)
    if -4 <= exponent < 6:
        return _without_trailing_zeros(f"{x:.{max(digits - 1 - exponent, 0)}f}")
    return f"{_without_trailing_zeros(mantissa)}e{exponent}"


def _without_trailing_zeros(decimal: str) -> str:
    return decimal.rstrip("0").rstrip(".") if "." in decimal else decimal
