"""What stands where a number is asked for and is none: blanks, what cannot be read, formulas."""

from __future__ import annotations

import math

from autograd_tiny.marking.forms.printed import Printed, read_number
from autograd_tiny.text.numbers import short_number


class Unread(Printed):
    """An answer that is no number: a blank, or something that cannot be read.

    >>> read_answer("").text, answered("two").number
    ('', nan)
    """

    __slots__ = ()

    def like(self, value: float) -> str:
        """``value`` as it is told where nothing says how precisely."""
        return short_number(value, 4)

    def beside(self, value: float) -> str:
        """The same."""
        return self.like(value)

    @property
    def fault(self) -> str:
        """Why it cannot be read; nothing if it is a blank."""
        try:
            return "" if not self.text else f"{read_number(self.text).number} is a number"
        except ValueError as error:
            return str(error)


class Written(Unread):
    """A formula, where others have a number."""

    __slots__ = ()

    def __new__(cls, text: str) -> Written:
        return super().__new__(cls, text, math.nan, 1.0)

    @property
    def fault(self) -> str:
        """Why it cannot be marked: what is claimed is a number."""
        return f"{self.text!r} is a formula"


def unread(text: str) -> Unread:
    """An answer that is no number."""
    return Unread(text, math.nan, 1.0)


def read_answer(text: str) -> Printed:
    """A printed number, or the blank that is left where nobody answered."""
    return read_number(text) if not isinstance(text, str) or text.strip() else unread("")


def answered(text: str) -> Printed:
    """What somebody wrote: a printed number, a blank, or something that cannot be read, which is marked as such."""
    try:
        return read_answer(text)
    except ValueError:
        return unread(text.strip())
