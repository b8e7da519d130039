"""Whole arrays of derivatives, from code or printed: what was done to all of their entries at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from math import copysign, isfinite, prod
from typing import NamedTuple

from autograd_tiny.engine.value import Value
from autograd_tiny.marking.claims import Claim
from autograd_tiny.marking.derivations import NamedGraph
from autograd_tiny.marking.forms.computed import Computed, Shape, Whole
from autograd_tiny.marking.forms.quantities import Quantity
from autograd_tiny.marking.judging.backward import NONE, Backward, Planted, Shares, Slopes, times_off
from autograd_tiny.marking.judging.numbers import chance
from autograd_tiny.marking.marks import Mark

FEWEST = 3
"""So many entries that are all off by one factor are no chance; a factor that is usual is believed of fewer."""


class Found(NamedTuple):
    """What explains an array.

    Attributes:
        mistake: its name.
        what: the mistake as a sentence, without its full stop.
        line: the line of the derivation that it sits in, or "".
        planted: the mistake as one of the backward pass, from which others follow.
        factor: by which it is off.
    """

    mistake: str
    what: str
    line: str = ""
    planted: Planted | None = None
    factor: float = 1.0


FACTORS = ("sign", "factor")
"""Mistakes that are factors themselves: another factor besides would be one too many."""
MOST_BY_CHANCE = 0.01
"""How many tried mistakes may be expected to give a printed array by chance, for one that does to be what happened."""
OTHERWISE = Found("shape", "its numbers do not tell how that came about")


class Array(NamedTuple):
    """The entries of one array among the claims.

    Attributes:
        first: the number of the first claim.
        whole: the array as code gave it, or as it is printed.
        claims: the claims about its entries.
        nodes: what these are about, or the derivatives by.
    """

    first: int
    whole: Whole
    claims: Sequence[Claim]
    nodes: Sequence[Value]

    @property
    def given(self) -> list[float]:
        """The numbers, in the order of the entries."""
        return [claim.printed.number for claim in self.claims]

    @property
    def unit(self) -> float:
        """Twice of what any of them may be off."""
        return max(claim.printed.unit for claim in self.claims)

    def matches(self, numbers: Sequence[float]) -> bool:
        """Whether these are the numbers, to within the tolerance."""
        return all(claim.printed.rounds(x) for claim, x in zip(self.claims, numbers))


class Course(NamedTuple):
    """One person's backward pass so far, where it is wrong.

    Attributes:
        slopes: local derivatives that she took in place of the right ones.
        given: derivatives that she gave, and that were wrong.
        seeds: what her pass may have begun with: 1, and a factor by which she was off.
        sources: the numbers of the claims where something went wrong.
    """

    slopes: dict[Value, Sequence[float]]
    given: dict[Value, float]
    seeds: list[float]
    sources: list[int]

    def passes(self, backward: Backward, slopes: Slopes = NONE) -> Iterator[dict[Value, float]]:
        """The derivatives that follow, with more local derivatives changed, by each seed."""
        for seed in reversed(self.seeds):
            yield backward.swept({**self.slopes, **slopes}, self.given, seed)


class Wholes:
    """Judges the arrays of derivatives among claims; what is the same for all sheets is worked out once.

    Args:
        graph: what the claims are about.
    """

    def __init__(self, graph: NamedGraph) -> None:
        self.graph = graph
        self._passes: dict[str, Backward] = {}
        self._courses: dict[str, Course] = {}

    def begin(self) -> None:
        """Before the first claim of a sheet nothing is wrong yet."""
        self._courses = {}

    def backward(self, of: str) -> Backward:
        """The backward pass of a node."""
        if of not in self._passes:
            self._passes[of] = Backward(self.graph.nodes[of], of)
        return self._passes[of]

    def widened(self, claim: Claim) -> Claim:
        """A claim with a number from code that may be off by what rounding leaves where much of it cancels."""
        if not isinstance(claim.printed, Computed):
            return claim
        return claim._replace(printed=claim.printed.widened(self._added_up(claim.quantity)))

    def _added_up(self, quantity: Quantity) -> float:
        """What is added up to a number, or to a derivative, all of it taken positive."""
        if quantity.kind == "derivative":
            of, by = quantity.nodes
            return self.backward(of).sizes.get(self.graph.nodes[by], 0.0)
        if quantity.kind != "data":
            return 0.0
        node = self.graph.nodes[quantity.nodes[0]]
        return sum(abs(slope * x.data) for slope, x in zip(node.local_derivatives, node.operands))

    def array_at(self, claims: Sequence[Claim], first: int) -> Array | None:
        """The array whose first entry is a claim; None if there is none."""
        whole = claims[first].whole
        if whole is None:
            return None
        last = first + 1
        while last < len(claims) and claims[last].whole is whole:
            last += 1
        return self._array(first, whole, claims[first:last])

    def _array(self, first: int, whole: Whole, claims: Sequence[Claim]) -> Array:
        return Array(first, whole, claims, [self.graph.nodes[claim.quantity.nodes[-1]] for claim in claims])

    def printed(self, claims: Sequence[Claim]) -> Iterator[Array]:
        """The arrays of derivatives that are printed with all of their entries."""
        for _, numbered in groupby(enumerate(claims), key=lambda pair: pair[1].printed_in):
            numbers, entries = zip(*numbered)
            grid, quantity = entries[0].grid, entries[0].quantity
            if (
                grid is not None
                and quantity.kind == "derivative"
                and not grid.turned
                and len(entries) == prod(grid.shape)
            ):
                whole = Whole(grid.text, grid.shape, grid.shape, tuple([claim.printed.number for claim in entries]))
                yield self._array(numbers[0], whole, entries)

    def told(self, array: Array) -> Found | None:
        """The known mistake that gives a printed array, if one does and none would by chance."""
        backward = self.backward(array.claims[0].quantity.nodes[0])
        right = [backward.right.get(node, 0.0) for node in array.nodes]
        wrong = [(claim.printed, x) for claim, x in zip(array.claims, right) if not claim.printed.rounds(x)]
        fits = prod(chance(printed, x) for printed, x in wrong)
        return self._explained(array, backward, right) if fits * len(backward.planted) <= MOST_BY_CHANCE else None

    def marks(self, array: Array) -> list[Mark | float]:
        """A mark for every entry; the engine's number alone for those that nothing about the array explains."""
        if array.claims[0].quantity.kind == "data":
            right = [node.data for node in array.nodes]
            if not array.whole.fits:
                shape = misshapen(array.whole, right, [], array.unit)
                return [self.mistaken(mark, shape or OTHERWISE) for mark in self._blank(array, right)]
            return _unexplained(self._blank(array, right))
        of = array.claims[0].quantity.nodes[0]
        backward, course = self.backward(of), self._courses.setdefault(of, Course({}, {}, [1.0], []))
        right = [backward.right.get(node, 0.0) for node in array.nodes]
        blank = self._blank(array, right)
        if array.whole.fits and array.matches(right):
            return list(blank)
        already = tuple(course.sources)
        carried = list(course.passes(backward)) if already else []
        expected = [[derivatives.get(node, 0.0) for node in array.nodes] for derivatives in carried]
        if array.whole.fits and any(map(array.matches, expected)):
            return [self._carried(mark, already) for mark in blank]
        found = self._explained(array, backward, right) or next(
            (
                x
                for base, numbers in zip(carried, expected)
                if (x := self._explained(array, backward, numbers, course, base))
            ),
            None,
        )
        if found is None and not array.whole.fits:
            found = OTHERWISE
        course.sources.append(array.first)
        if found is not None and found.planted is not None:
            course.slopes.update(found.planted.slopes)
        if found is not None and found.factor != 1.0:
            course.seeds.append(found.factor)
        elif array.whole.fits and (found is None or found.planted is None):
            course.given.update((node, x) for node, x in zip(array.nodes, array.given) if isfinite(x))
        if found is None:
            return _unexplained(blank)
        return [self.mistaken(mark, found) for mark in blank]

    def _blank(self, array: Array, right: Sequence[float]) -> list[Mark]:
        return [Mark(array.first + i, claim, x, "right") for i, (claim, x) in enumerate(zip(array.claims, right))]

    def _carried(self, mark: Mark, sources: tuple[int, ...]) -> Mark:
        if mark.claim.printed.rounds(mark.value):
            return mark
        return mark._replace(verdict="carried", sources=sources, why="it follows from what is wrong before it")

    def mistaken(self, mark: Mark, found: Found) -> Mark:
        """The mark of an entry of an array that a mistake explains; one that is right is right."""
        if mark.claim.printed.rounds(mark.value):
            return mark
        line = f"; the line is {found.line}" if found.line else ""
        return mark._replace(verdict="mistake", mistake=found.mistake, why=found.what + line, formula=found.line)

    def _explained(
        self,
        array: Array,
        backward: Backward,
        right: Sequence[float],
        course: Course | None = None,
        base: Mapping[Value, float] | None = None,
    ) -> Found | None:
        """The first known mistake that gives the whole array, on top of what went wrong before it."""
        derivatives = backward.right if base is None else base
        shares = [backward.shares(node, derivatives) for node in array.nodes]
        if not array.whole.fits:
            return misshapen(array.whole, right, shares, array.unit)
        if found := _off_by_a_factor(array, right, _samples(shares)) or _turned(array, right):
            return found
        added_up = _not_added_up(array, shares)
        for number, planted in enumerate(backward.planted):
            for there in [backward.with_(number)] if course is None else course.passes(backward, planted.slopes):
                numbers = [there.get(node, 0.0) for node in array.nodes]
                if array.matches(numbers):
                    if planted.mistake == "term left out" and added_up is not None:
                        return added_up  # that of a sample, where the derivatives before it have them all
                    return Found(planted.mistake, planted.what, planted.line, planted)
                besides = _off_by_a_factor(array, numbers, _samples(shares)) if planted.mistake not in FACTORS else None
                if besides is not None:
                    what = f"{planted.what}; besides, {besides.what}"
                    return Found(f"{planted.mistake}, {besides.mistake}", what, planted.line, planted, besides.factor)
        return added_up


def _unexplained(marks: Sequence[Mark]) -> list[Mark | float]:
    return [mark if mark.claim.printed.rounds(mark.value) else mark.value for mark in marks]


def _samples(shares: Sequence[Shares]) -> int:
    """How many shares the derivative by each entry has, if all have as many: the samples of a batch."""
    counts = {len(x.each) for x in shares}
    return counts.pop() if len(counts) == 1 else 0


def _off_by_a_factor(array: Array, right: Sequence[float], samples: int) -> Found | None:
    """That all entries are off by one factor, if they are, and which it is."""
    largest = max(range(len(right)), key=lambda i: abs(right[i]))
    factor = array.given[largest] / right[largest] if right[largest] else 0.0
    if not factor:
        return None
    telling = sum(bool(x) and bool(y) for x, y in zip(right, array.given))
    usual = {1.0, 2.0, float(samples), *map(float, array.whole.wanted)}
    near = max(1e-5, 2.0 * array.unit / abs(array.given[largest]))  # as far as its digits tell
    size = next((x for f in usual if f for x in (f, 1.0 / f) if abs(abs(factor) / x - 1.0) < near), None)
    factor = copysign(size, factor) if size is not None else factor
    if (size is None and telling < FEWEST) or not array.matches([factor * x for x in right]):
        return None
    sign = "the sign is wrong" if factor < 0.0 else ""
    if size == 1.0:
        return Found("sign", sign, factor=factor) if sign else None
    times = f"every entry is {times_off(abs(factor), samples)}"
    return Found("sign, factor" if sign else "factor", "; ".join(filter(None, (sign, times))), factor=factor)


def _turned(array: Array, right: Sequence[float]) -> Found | None:
    """That a square matrix is transposed, if it is."""
    wanted = array.whole.wanted
    if len(wanted) == 2 and wanted[0] == wanted[1] > 1 and array.matches(_transposed(right, wanted)):
        return Found("transposed", "rows and columns have changed places: it is the transpose of what it should be")
    return None


def _transposed(numbers: Sequence[float], shape: Shape) -> list[float]:
    rows, columns = shape
    return [numbers[i * columns + j] for j in range(columns) for i in range(rows)]


def _not_added_up(array: Array, shares: Sequence[Shares]) -> Found | None:
    """That the shares of the samples were not added up as they must be."""
    samples = _samples(shares)
    if samples < 2:
        return None
    for which, chosen in (
        ("last", [x.each[-1] + x.rest for x in shares]),
        ("first", [x.each[0] + x.rest for x in shares]),
    ):
        if array.matches(chosen):
            return Found(
                "one path kept", f"of {samples} samples only the {which} one counts, where their shares add up"
            )
    if samples == len(shares) and array.matches(over_entries(shares)):
        return Found(
            "wrong axis",
            "the sum is over the entries of each sample, where it must be over the samples: the other axis",
        )
    return None


def over_entries(shares: Sequence[Shares]) -> list[float]:
    """The sum over all entries for each sample, where it should be the sum over all samples for each entry."""
    return [sum(sample) for sample in zip(*(x.each for x in shares))]


def misshapen(whole: Whole, right: Sequence[float], shares: Sequence[Shares], unit: float) -> Found | None:
    """What is wrong with an array of another shape, as far as its numbers tell."""

    def alike(numbers: Sequence[float]) -> bool:
        return len(numbers) == len(whole.numbers) and all(
            abs(x - y) <= 0.5 * unit for x, y in zip(numbers, whole.numbers)
        )

    samples = _samples(shares)
    if len(whole.wanted) == len(whole.given) == 2 and alike(_transposed(right, whole.wanted)):
        return Found("transposed", "it is transposed")
    if alike(right):
        column = len(whole.given) == 2 and whole.given[1] == 1
        broadcast = ", and NumPy would subtract such a column from every entry of a row" if column else ""
        return Found("shape", f"the numbers are right{broadcast}")
    if samples > 1 and alike([x for sample in zip(*(x.each for x in shares)) for x in sample]):
        return Found("wrong axis", f"the shares of the {samples} samples are not added up")
    if samples > 1 and alike(over_entries(shares)):
        return Found(
            "wrong axis", f"the sum is over the entries of each sample, where it must be over the {samples} samples"
        )
    return None
