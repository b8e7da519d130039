"""Answers as they are entered: numbers with the digits that they have, or what is to be said of a text that is none."""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

from autograd_tiny.marking.forms.printed import Printed, read_number
from autograd_tiny.marking.forms.quantities import Quantity
from autograd_tiny.text.numbers import as_number
from autograd_tiny.text.words import brief

DIGITS = 3
"""How many significant digits an answer needs, unless it is said."""

MOST_DIGITS = 12
"""The most digits that an answer may have to have."""


class Blank(NamedTuple):
    """A number that is asked for.

    Attributes:
        quantity: what it is.
        digits: how many significant digits are asked for.
    """

    quantity: Quantity
    digits: int

    @property
    def name(self) -> str:
        """What it is called: ``z``, ``∂E/∂w``, ``w'``."""
        return str(self.quantity)


class Answer(NamedTuple):
    """What was entered for a blank.

    Attributes:
        text: as it was entered.
        printed: the number, None where there is none.
        problem: why there is none, a sentence; empty where nothing was entered.
    """

    text: str
    printed: Printed | None = None
    problem: str = ""


def read_answer(entered: Any, digits: int) -> Answer:
    """An answer as text, or a number that was computed.

    A whole number that ends in zeros where no more digits are asked for was rounded: of 1230, with 3 digits, the last
    is not known.

    Args:
        entered: the text; a number, which counts with all its digits; None for nothing.
        digits: how many significant digits are asked for.

    >>> read_answer(" 0.50", 3).printed.unit, read_answer("1230", 3).printed.unit, read_answer(0.25, 3).text
    (0.01, 10.0, '0.25')
    >>> read_answer(",5", 3).problem
    "',5' has a decimal comma; write it with a point."
    """
    if entered is None:
        return Answer("")
    text = entered if isinstance(entered, str) else _computed(entered)
    plain = text.strip()
    if not plain:
        return Answer("")
    decimal = plain.replace("−", "-").replace("–", "-")
    if not re.fullmatch(DECIMAL, decimal, re.ASCII):
        return Answer(plain, None, f"'{brief(plain, 30)}' {_problem(decimal)}")
    try:
        printed = read_number(decimal)
    except ValueError:
        return Answer(plain, None, f"'{brief(plain, 30)}' is too large or too small to be marked.")
    return Answer(plain, printed._replace(unit=printed.unit * _rounded_to(printed.text, digits)))


def _computed(x: Any) -> str:
    try:
        number = as_number(x)
    except OverflowError:
        number = math.inf if x > 0 else -math.inf
    if number is None and isinstance(getattr(x, "data", None), float):
        number = x.data
    if number is None:
        raise TypeError(f"an answer is a text, '0.25', or a number, got {brief(repr(x))}")
    return repr(number)


def _rounded_to(text: str, digits: int) -> float:
    """One unit of the last digit of a known whole number, where zeros stand behind the digits that are asked for.

    A bare 0 is meant to as many decimal places as there are digits to give, as `unit_of` has it.
    """
    if re.fullmatch(r"[+-]?0+", text, re.ASCII):
        return unit_of(0.0, digits)
    whole = re.fullmatch(r"[+-]?0*([1-9]\d*?)(0*)", text, re.ASCII)
    return 10.0 ** max(0, min(len(whole[2]), len(whole[1] + whole[2]) - digits)) if whole else 1.0


DECIMAL = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
"""What a page reads without the marker: of all forms of a number the one that is plain."""

PROBLEMS = (
    (r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?", "has a comma; write thousands without one, and decimals with a point."),
    (r"[+-]?\d*,\d+", "has a decimal comma; write it with a point."),
    (r"[^/]*\d[^/]*/[^/]*\d[^/]*", "is a fraction; work it out, and write it as a decimal number."),
    (r"[+-]?", "is a sign without a number."),
    (DECIMAL + r"[\s\u00a0\u202f]*[·⋅×*x][\s\u00a0\u202f]*10\D.*", "has a power of ten; write 1.2e-3 for 1.2 · 10⁻³."),
    (DECIMAL + r"\s*[^\d\s.,].*", "is more than a number; write the number alone, without a unit."),
    (r".*", "is no decimal number."),
)
"""What is entered in place of a number, as a regular expression that fits the whole of it, and what is said of it.

The first that fits is taken.
"""


def _problem(plain: str) -> str:
    return next(said for pattern, said in PROBLEMS if re.fullmatch(pattern, plain, re.ASCII | re.DOTALL))


def has_digits(printed: Printed, value: float, digits: int) -> bool:
    """Whether a right answer has the digits that are asked for, or needs fewer.

    >>> has_digits(read_number("0.30"), 0.3012, 3), has_digits(read_number("0.301"), 0.3012, 3)
    (False, True)
    >>> has_digits(read_number("0.5"), 0.5, 3)
    True
    """
    return printed.digits >= digits or not math.isfinite(value) or printed.number == float(f"{value:.{digits - 1}e}")


def unit_of(value: float, digits: int) -> float:
    """One unit of the last digit that is asked for.

    >>> unit_of(0.0462, 3), unit_of(0.0, 3)
    (0.0001, 0.001)
    """
    # Digits before the point; with the most digits that an answer has, or 0.1 computed as 0.09999999999999998 has one
    # fewer.
    before = int(f"{value:.{MOST_DIGITS - 1}e}".rpartition("e")[2]) + 1 if value else 0
    return float(f"1e{before - digits}")
