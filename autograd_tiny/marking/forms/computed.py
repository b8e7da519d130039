"""Numbers from code: floats and entries of arrays, each right to within a tolerance."""

from __future__ import annotations

from typing import NamedTuple

from autograd_tiny.marking.forms.printed import Printed

Shape = tuple[int, ...]


class Whole(NamedTuple):
    """An array as code gave it.

    Attributes:
        called: what it was given for, as claims are called: ∂L/∂W1.
        given: its shape.
        wanted: the shape that it has in the graph.
        numbers: its numbers, the last index fastest.
    """

    called: str
    given: Shape
    wanted: Shape
    numbers: tuple[float, ...]

    @property
    def fits(self) -> bool:
        """Whether it has its shape: a row of numbers is a vector, too, since NumPy keeps axes as ``keepdims`` says."""
        return self.given == self.wanted or _flat(self.given) == _flat(self.wanted)


def _flat(shape: Shape) -> Shape:
    """The shape without axes of length 1 in front."""
    return shape if len(shape) < 2 or shape[0] > 1 else _flat(shape[1:])


class Computed(Printed):
    """A number as a program worked it out; half its unit is the tolerance.

    Attributes:
        whole: the array that it is an entry of; None for a number that stands alone.
        tolerance: how far off it may be, as a share of the largest number of its array.
        largest: that number.
        rounding: how far off it may be by the rounding of its type alone, as a share of what was added up to it.
    """

    whole: Whole | None = None
    tolerance: float = 0.0
    largest: float = 0.0
    rounding: float = 0.0

    def widened(self, size: float) -> Computed:
        """The same where ``size`` was added up to it, and much may have cancelled: what is left of 0 is rounding."""
        unit = 2.0 * max(self.tolerance * self.largest, self.rounding * size)
        wider = Computed(self.text, self.number, unit or self.unit)
        vars(wider).update(vars(self))
        return wider

    def states(self, value: float, slack: float = 0.0, noise: float | None = None) -> bool:
        """Whether ``value`` is this number to within the tolerance, and what else it may be off."""
        return abs(value - self.number) <= 0.5 * self.unit + slack + (noise or 0.0)

    rounds = states

    def cuts(self, value: float, slack: float = 0.0, noise: float | None = None) -> bool:
        """Never: a program cuts no digits off."""
        return False

    def is_near_an_edge(self, value: float) -> bool:
        """Whether rounding errors might decide."""
        return abs(abs(value - self.number) - 0.5 * self.unit) < 1e-3 * self.unit

    def like(self, value: float) -> str:
        """``value`` with as many digits as it needs to be compared."""
        return shown(value)

    beside = like


def shown(number: float) -> str:
    """A number from code as reports show it."""
    return f"{number:.7g}"


def computed(
    number: float, tolerance: float, largest: float, whole: Whole | None = None, rounding: float = 0.0
) -> Computed:
    """A number from code.

    Args:
        number: the number.
        tolerance: how far off it may be, as a share of ``largest``.
        largest: the largest number of its array.
        whole: the array; None if it stands alone.
        rounding: as the attribute of `Computed`.

    >>> computed(0.5, 2e-3, 0.5).rounds(0.5009), computed(0.5, 2e-3, 0.5).rounds(0.502)
    (True, False)
    """
    fits = whole is None or whole.fits
    text = shown(number) if fits else by(whole.given)  # type: ignore[union-attr]
    entry = Computed(text, number if fits else float("nan"), 2.0 * tolerance * (largest or 1.0))
    entry.whole, entry.tolerance, entry.largest, entry.rounding = whole, tolerance, largest, rounding
    return entry


def by(shape: Shape) -> str:
    """A shape in words.

    >>> by((3, 4)), by((3,)), by(())
    ('3 × 4', '3 long', 'one number')
    """
    return " × ".join(map(str, shape)) if len(shape) > 1 else f"{shape[0]} long" if shape else "one number"
