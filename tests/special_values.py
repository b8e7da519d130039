"""Special values: the points at which ways of computing a row may come apart, and how what they give is compared.

A way of computing a row is a function of its operands: ``forward`` on floats, the expansions, a compiled program.  What
``forward`` gives is the truth; where another way gives something else, the page ``docs/special-values.md`` says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path

from autograd_tiny import TABLE, Family, MultiPrimitive, Primitive, Value

TINY, HUGE = 5e-324, 1.7e308
POINTS = (math.nan, math.inf, -math.inf, 0.0, -0.0, TINY, -TINY, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0, 3.0, 1000.0, -1000.0, HUGE, -HUGE)
FEW = (math.nan, math.inf, -math.inf, 0.0, -0.0, TINY, 1.0, -1.0, HUGE, -HUGE)
MEMBERS = {"power": (0.0, 1.0, 2.0, 3.0, -1.0, -2.0, 0.5, 1.5, -0.5), "leaky_relu": (0.01, 0.2, -0.1, 0.0)}
MOST_OPERANDS = 3  # of a row that takes any number

Outcome = float | str


def rows() -> list[Primitive]:
    """Every row of the table: some members of a family, the first and the last of several outputs."""
    found: list[Primitive] = []
    for name, entry in TABLE.items():
        if isinstance(entry, Family):
            found += [entry[k] for k in MEMBERS[name]]
        elif isinstance(entry, MultiPrimitive):
            found += [entry[0], entry[1]]
        else:
            found.append(entry)
    return found


def points(row: Primitive) -> Iterator[tuple[float, ...]]:
    """Tuples of operands for ``row``: of every special value with every other."""
    if row.arity == 1:
        yield from product(POINTS)
    elif row.arity == 2:
        yield from product(POINTS, repeat=2)
    elif row.arity:
        yield from product(FEW, repeat=row.arity)
    else:
        least = 2 if isinstance(row.family, MultiPrimitive) or row.name == "dot" else 1
        for n in range(least, MOST_OPERANDS + 1):
            yield from product(FEW, repeat=n)


def outcome(compute: Callable[..., float], operands: Sequence[float]) -> Outcome:
    """The number that ``compute`` gives, or ``error`` where it refuses its operands."""
    try:
        return float(compute(*operands))
    except (ArithmeticError, ValueError):
        return "error"


def same(a: Outcome, b: Outcome, *, tolerance: float = 1e-13, signed_zero: bool = False) -> bool:
    """Whether two outcomes agree: an error with an error, nan with nan, numbers up to rounding."""
    if isinstance(a, str) or isinstance(b, str):
        return a == b
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    if a == b:
        return not signed_zero or math.copysign(1.0, a) == math.copysign(1.0, b)
    return math.isclose(a, b, rel_tol=tolerance, abs_tol=0.0)


# The page that lists where a way of computing differs from ``forward``.

PAGE = Path(__file__).parents[1] / "docs" / "special-values.md"
Way = Callable[[Primitive], Callable[..., float] | None]  # a function of a row's operands; None where the row has no such way
Differences = dict[tuple[str, str], set[str]]  # by row and way, what ``forward`` gives and what the way gives: "0 → error"


def kind(x: Outcome) -> str:
    """An outcome as the page names it: ``error``, ``nan``, ``inf``, ``-inf``, ``0``, ``-0`` or ``number``."""
    if isinstance(x, str):
        return x
    return "number" if math.isfinite(x) and x else repr(x).removesuffix(".0")


def differences(ways: Mapping[str, Way], *, tolerance: float = 1e-13) -> Differences:
    """Where, over all rows and points, a way gives something else than ``forward``."""
    found: Differences = {}
    for row in rows():
        for way, made in ways.items():
            if (compute := made(row)) is None:
                continue
            for operands in points(row):
                truth, given = outcome(row.forward, operands), outcome(compute, operands)
                if not same(truth, given, tolerance=tolerance, signed_zero=True):
                    name = row.family.name if row.family else row.name
                    found.setdefault((name, way), set()).add(f"{kind(truth)} → {kind(given)}")
    return found


def listed(ways: Collection[str]) -> Differences:
    """The differences that the page lists for these ways."""
    found: Differences = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 4 and cells[1] in ways:
            found[cells[0].strip("`"), cells[1]] = {pair.strip() for pair in cells[2].split(",")}
    return found


def slopes(row: Primitive, operands: Sequence[float]) -> tuple[float, ...] | None:
    """The local derivatives at these operands, by the table's rule on floats; None where it refuses."""
    leaves = [Value(1.0) for _ in operands]
    for leaf, x in zip(leaves, operands):
        leaf.data = x
    try:
        return Value.record(row, tuple(leaves)).local_derivatives
    except (ArithmeticError, ValueError):
        return None
