"""Numbers as people read them, one way for every view: pictures, steps, tables."""

from __future__ import annotations

import math
import operator
from random import Random
from typing import Any


def as_number(x: Any) -> float | None:
    """``x`` as a float if it is a real number, Python's or another's, as NumPy's scalars; None if it is none.

    Whatever a number may be asked for as, this and `as_whole` ask it: no type is looked for by name.

    >>> from fractions import Fraction
    >>> as_number(Fraction(1, 4)), as_number("1"), as_number([1.0])
    (0.25, None, None)

    Raises:
        OverflowError: a whole number larger than any float.
    """
    if isinstance(x, (str, bytes)) or (hasattr(x, "__len__") and getattr(x, "ndim", None) != 0):
        return None  # text, and lists and arrays; but an array of no dimension is one number
    if loses_as_float(x):
        return None
    try:
        return float(x)
    except (TypeError, ValueError):  # a recorded number, which has more to it than its float
        return None


def loses_as_float(x: Any) -> bool:
    """Whether ``float(x)`` would leave something out: NumPy gives up an imaginary part, the unit of a time, a mask."""
    is_masked = getattr(x, "ndim", None) == 0 and bool(getattr(x, "mask", False))
    return is_masked or getattr(getattr(x, "dtype", None), "kind", "") in ("c", "m", "M")


def as_whole(x: Any) -> int | None:
    """``x`` as an int if it is a whole number, Python's or another's; None if it is none, and for truth values.

    >>> as_whole(3), as_whole(True), as_whole(3.0)
    (3, None, None)
    """
    if type(x).__name__ in ("bool", "bool_"):  # Python's, and NumPy's under both of its names
        return None
    try:
        return operator.index(x)
    except TypeError:
        return None


def random_from(seed: Any) -> Random:
    """``Random(seed)``, which by itself takes no whole number of NumPy's.

    >>> random_from(3).random() == Random(3).random()
    True
    """
    whole = as_whole(seed)
    return Random(seed if whole is None else whole)


def check_digits(digits: Any) -> None:
    """Refuse what is no number of significant digits of a float."""
    if as_whole(digits) is None or not 1 <= digits <= 17:
        raise ValueError(f"a float has 1 to 17 significant digits, got {digits!r}")


def plain_number(x: float) -> str:
    """A number as Python reads it back, a whole one without a point.

    >>> plain_number(2.0), plain_number(0.1)
    ('2', '0.1')
    """
    return repr(float(x)).removesuffix(".0")


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


def latex_digits(written: str) -> str:
    """A written number as LaTeX.

    >>> latex_digits("-2.5e-07"), latex_digits("1e-07"), latex_digits("0.25")
    ('-2.5 \\\\cdot 10^{-7}', '10^{-7}', '0.25')
    """
    mantissa, e, exponent = written.replace("inf", r"\infty").partition("e")
    if not e:
        return mantissa
    power = rf"10^{{{int(exponent)}}}"
    return {"1": power, "-1": f"-{power}"}.get(mantissa, rf"{mantissa} \cdot {power}")


def _without_trailing_zeros(decimal: str) -> str:
    return decimal.rstrip("0").rstrip(".") if "." in decimal else decimal
