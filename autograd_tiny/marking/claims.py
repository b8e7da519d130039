"""Claims: the numbers on a page, what each is said to be, and how precisely it was printed.

A number is kept as the string that was printed, since ``0.2040`` says more than ``0.204``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from autograd_tiny.marking.forms.blanks import Unread, Written, read_answer
from autograd_tiny.marking.forms.cells import is_array_text, read_cells
from autograd_tiny.marking.forms.computed import Computed, Whole
from autograd_tiny.marking.forms.printed import Printed, read_back, read_number
from autograd_tiny.marking.forms.quantities import Quantity, read_quantity
from autograd_tiny.marking.forms.spoken import Words, understood
from autograd_tiny.marking.training.times import timed
from autograd_tiny.text.excerpts import Spot


class ClaimError(ValueError):
    """What is wrong with a claim.

    Attributes:
        number: which claim it is, counted from 0.
    """

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.number = number


class Grid(NamedTuple):
    """The vector or the matrix that a number is printed in.

    Attributes:
        text: what the page calls it, ``E/W``.
        quantity: what it is said to be.
        shape: as it is printed.
        place: of the number in it.
        turned: whether it is printed as the transpose of what it is called, ``W.T``.
        span: where in the line the number stands.
        line: the number of the line, so that two that print the same are two.
    """

    text: str
    quantity: Quantity
    shape: tuple[int, ...]
    place: tuple[int, ...]
    turned: bool
    span: tuple[int, int]
    line: int


class Claim(NamedTuple):
    """One number on a page, or one formula.

    Attributes:
        quantity: what it is said to be.
        printed: the number; the text of a formula.
        section: where on the page it stands.
        said: what the page calls the quantity, where that is not what it is called here.
        spot: where in its file it stands, if it has one.
        grid: the vector or the matrix that it is an entry of, if it is one.
        formula: what the quantity is said to be equal to, where that is a formula.
    """

    quantity: Quantity
    printed: Printed
    section: str = ""
    said: str = ""
    spot: Spot | None = None
    grid: Grid | None = None
    formula: Quantity | None = None

    @property
    def called(self) -> str:
        """The quantity as it is called on the page."""
        return self.said or str(self.quantity)

    @property
    def printed_in(self) -> tuple[object, ...] | None:
        """What is the same for all numbers of the vector or matrix that it is printed in, if it is in one."""
        return self.grid and (self.grid.text, self.grid.shape, self.grid.line)

    @property
    def whole(self) -> Whole | None:
        """The array from code that it is an entry of, if it is one."""
        return self.printed.whole if isinstance(self.printed, Computed) else None

    @property
    def every(self) -> tuple[Quantity, ...]:
        """The quantities that it speaks of, and those in them."""
        return self.quantity.every + (self.formula.every if self.formula else ())

    @property
    def names(self) -> tuple[str, ...]:
        """All labels that it speaks of."""
        return tuple(
            dict.fromkeys(name for quantity in (self.quantity, self.formula) if quantity for name in quantity.names)
        )

    def understood(self, words: Words) -> Claim:
        """The claim in the words of the page that it stands on; it is still called what the page calls it."""
        if self.formula is None:  # a number is none of a whole array
            words = words._replace(arrays={})
        quantity = understood(self.quantity, words)
        formula = self.formula and understood(self.formula, words)
        by_name = quantity.kind != self.quantity.kind and quantity.kind != "change"
        said = self.said
        if by_name and not said:
            with_names = words._replace(labels={*words.labels, *words.names})
            said = self.quantity.text or str(understood(self.quantity, with_names))
        return self._replace(quantity=quantity, formula=formula, said=said)

    def renamed(self, name: Callable[[str], str]) -> Claim:
        """The same about other nodes.

        Args:
            name: gives for each label the one in its place.
        """
        return self._replace(quantity=self.quantity.renamed(name), formula=self.formula and self.formula.renamed(name))


_EQUALS = re.compile(r"(?<![<>=!])(?<!\baxis)(?<!\baxis )=(?!=)\s*≈?|≈")
_EXPONENT = re.compile(r"(?<=[\d.])[eE](?=[+-]?\d)")
_OPERATION = re.compile(r"[*/^×·⋅÷()√²³]|\S\s*[+−–-]")


def read_line(text: str, section: str = "") -> list[Claim]:
    """The claims of a line: a quantity, an equals sign, a number; or more, with what the number is worked out from.

    >>> [f"{x.called}: {x.printed.text}" for x in read_line("y/z = y(1 - y) = 0.33(1 - 0.33) = 0.2217 ≈ 0.22")]
    ['∂y/∂z: y(1 - y)', '0.33(1 - 0.33): 0.2217', '∂y/∂z: 0.2217', '∂y/∂z: 0.22']
    """
    if not isinstance(text, str):
        raise TypeError(f"a claim is a line of text, as 'z = 1.25', or a Claim; got {text!r}")
    left, *rest = [part.strip() for part in _EQUALS.split(text)]
    if not rest:
        raise ValueError(f"{text!r} is no claim; write it as 'z = 1.25' or 'E/w = -0.301'")
    return claims_of(left, rest, section)


def claims_of(
    left: str, rest: list[str], section: str = "", read_text: Callable[[str], Printed] = read_answer
) -> list[Claim]:
    """What a quantity is said to be equal to, claim by claim.

    Args:
        left: the quantity.
        rest: numbers, formulas, and lines of numbers from which the next number is worked out.
        section: where on the page they stand.
        read_text: reads a number.
    """
    quantity = read_quantity(left)
    claims: list[Claim] = []
    workings: list[str] = []
    for part in rest:
        if _names_something(part) or (part is rest[-1] and _is_working(part)):
            formula = read_quantity(part)
            claims.append(Claim(quantity, Written(part), section, formula=formula))
        elif _is_working(part):
            workings.append(part)
        else:
            printed = read_text(part)
            claims += [Claim(read_quantity(working), printed, section) for working in workings]
            claims.append(Claim(quantity, printed, section))
            workings = []
    return claims


def _names_something(text: str) -> bool:
    """Whether there are letters that no number has."""
    letters = [c for c in _EXPONENT.sub("", text) if c.isalpha()]
    return bool(letters) and "".join(letters).lower() not in ("nan", "inf", "infinity")


def _is_working(text: str) -> bool:
    """Whether this is no number yet, but something to work out."""
    try:
        read_back(text)  # one of any size: whoever reads it says that it is too large or too small
    except ValueError:
        return bool(_OPERATION.search(text))
    return False


def read_claim(text: str, section: str = "") -> Claim:
    """A claim as a line of text: what it is said to be, an equals sign, the number.

    Raises:
        ValueError: it is none, or more than one; `read_line` reads those.

    >>> read_claim("E/w = -0.3010").printed.unit
    0.0001
    """
    claims = read_line(text, section)
    if len(claims) != 1:
        raise ValueError(f"{text!r} claims several numbers; read_line reads them all")
    return claims[0]


def read_entries(text: str, section: str = "", line: int = 0) -> list[Claim]:
    """The claims of a line: one, or one for each number in a vector or a matrix, ``E/W = [[0.1, _], [0.2, 0.3]]``.

    Between both may stand formulas, ``E/W = X.T @ δ = [[0.1, _], [0.2, 0.3]]``.

    Their entries are called by the places where they are printed; `entries.fitted` looks what these are in a graph.

    >>> [f"{claim.quantity} = {claim.printed.text}" for claim in read_entries("E/W' = [[0.1, _], [0.2, 0.3]]")]
    ["∂E/∂W[0][0]' = 0.1", "∂E/∂W[1][0]' = 0.2", "∂E/∂W[1][1]' = 0.3"]
    """
    left, _, right = text.rpartition("=") if isinstance(text, str) else ("", "", "")
    if not is_array_text(right):
        return read_line(text, section)
    called, *formulas = [part.strip() for part in _EQUALS.split(left)]
    name, turned = _TRANSPOSED.subn(r"\1", called)
    quantity = read_quantity(name)
    if not quantity.nodes:
        raise ValueError(
            f"{called}: a whole array is printed of its numbers, Z = [...], or of a derivative by it, E/Z = [...]"
        )
    cells, before, printed = read_cells(right), len(left) + 1, list[Claim]()
    for place, number, (first, last) in cells.printed:
        grid = Grid(called, quantity, cells.shape, place, bool(turned), (before + first, before + last), line)
        entry = quantity._replace(nodes=(*quantity.nodes[:-1], entry_name(quantity.nodes[-1], place)))
        printed.append(Claim(entry, read_number(number), section, grid=grid))
    return [*claims_of(called, formulas, section), *printed]


_TRANSPOSED = re.compile(r"(?:\.T|ᵀ)('*)$")


def entry_name(name: str, place: Iterable[int]) -> str:
    """What an entry of an array is called, ``m(W)'`` as ``m(W[0][1])'``."""
    whole = timed(name)
    return str(whole._replace(base=whole.base + "".join([f"[{i}]" for i in place])))


def read_claims(claims: Iterable[Claim | str]) -> list[Claim]:
    """Claims as lines of text, one text of several lines, or Claims themselves."""
    if not isinstance(claims, Iterable):
        raise TypeError(f"claims are given by name, as {{'z': '1.25'}}, or as lines, 'z = 1.25'; got {claims!r}")
    if isinstance(claims, str):
        claims = [line for line in claims.splitlines() if line.strip()]
    lines = [
        [claim] if isinstance(claim, Claim) else read_entries(claim, line=line) for line, claim in enumerate(claims)
    ]
    return [claim for line in lines for claim in line]


def sides(right: str) -> list[str]:
    """What stands between the equals signs of a text."""
    return [part.strip() for part in _EQUALS.split(right.strip().removeprefix("≈"))]


def read_input(text: str, claims: Iterable[Claim], words: Words) -> Printed:
    """An input as a page gives it: a number as it was printed, or what a claim printed, by what that speaks of.

    Of several claims about it, the one with the most decimal places counts.

    Args:
        text: the input.
        claims: those of the page, understood.
        words: of the page.

    Raises:
        ValueError: the text is neither.

    >>> read_input("0.12", [], Words(())).unit, read_input("w'", [read_claim("w' = 0.125")], Words({"w"})).text
    (0.01, '0.125')
    """
    if not isinstance(text, str) or text.strip()[:1] in tuple("+-−.0123456789"):
        return read_number(text)
    quantity = understood(read_quantity(text), words)
    if printed := [
        claim.printed for claim in claims if claim.quantity == quantity and not isinstance(claim.printed, Unread)
    ]:
        return min(printed, key=lambda x: x.unit)
    raise ValueError(
        f"an input is a number, got {text!r}; as text it is a printed number, '0.12', or what a claim speaks of, as w'"
    )
