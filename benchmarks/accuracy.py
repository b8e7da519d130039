"""Digits: every row of the table against mpmath, at thousands of points; writes docs/accuracy.md.

    python -m benchmarks.accuracy [--points N] [--seed N] [row ...]

The same seed gives the same page wherever the mathematical library of the system is the same.  Fails if an error is larger than
tests/oracles/bounds.py allows.
"""

from __future__ import annotations

import argparse
import math
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

from autograd_tiny import TABLE, Value, gradient, losses
from autograd_tiny.engine.row import Family, MultiPrimitive, Primitive
from autograd_tiny.storage.files import write_file
from autograd_tiny.text.numbers import short_number

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "oracles"))

from bounds import FIRST, LOSSES, ULPS, VALUES, Bound, allowed  # noqa: E402
from in_mpmath import LOSSES as EXACT_LOSSES  # noqa: E402
from in_mpmath import derivatives, mpmath_function  # noqa: E402
from make import is_kink, is_smooth  # noqa: E402
from mpmath import mp, mpf  # noqa: E402

PAGE = ROOT / "docs" / "accuracy.md"
PARAMETERS = {"power": (0.0, 1.0, 2.0, 3.0, -1.0, -2.0, 0.5, -0.5, 1.5, 0.1, 1.0 / 3.0), "leaky_relu": (0.01, 0.2), "softmax": (0,)}
Point = tuple[float, ...]

# Where functions turn, cross zero, have poles, or leave the range of floats.
SPECIAL = (
    0.0, 0.5, 1.0, 2.0, math.pi / 2, math.pi, 0.4769362762044699, -0.7517915246935645, -1.2784645427610738, 19.06, 36.74, 709.78, 745.13,
)  # fmt: skip
EXTREMES = (0.0, -0.0, 5e-324, -5e-324, 2.0**-1022, -(2.0**-1022), sys.float_info.max, -sys.float_info.max)


def number(rng: Random) -> float:
    """A number of any size, of the usual size, next to a special one, or an extreme one."""
    kind = rng.random()
    side = rng.choice((1.0, -1.0))
    if kind < 0.15:
        return side * 2.0 ** rng.uniform(-1074.0, 1023.0)
    if kind < 0.50:
        return side * 10.0 ** rng.uniform(-17.0, 4.0)
    if kind < 0.80:
        return rng.uniform(-40.0, 40.0)
    if kind < 0.98:
        return side * rng.choice(SPECIAL) + rng.choice((1.0, -1.0)) * 10.0 ** rng.uniform(-17.0, 0.0)
    return rng.choice(EXTREMES)


def several(rng: Random, count: int) -> Point:
    """Numbers of about the same size; at times all near each other."""
    size = rng.choice((1e-8, 0.1, 1.0, 10.0, 100.0, 1000.0))
    xs = [rng.gauss(0.0, size) for _ in range(count)]
    return tuple([xs[0] + rng.gauss(0.0, 1e-3) for _ in xs] if rng.random() < 0.3 else xs)


def point(rng: Random, row: Primitive) -> Point:
    """Operands for a row, whether or not in its domain."""
    if row.name == "dot":
        return several(rng, rng.randint(2, 11))
    if row.arity is None:
        return several(rng, rng.randint(1, 5))
    xs = [number(rng) for _ in range(row.arity)]
    if row.arity == 2 and rng.random() < 0.2:
        xs[1] = xs[0] * (1.0 + 10.0 ** rng.uniform(-16.0, 0.0))
    return tuple(xs)


def points(rng: Random, row: Primitive, count: int) -> Iterator[Point]:
    """Points where the row has a derivative."""
    while count:
        xs = point(rng, row)
        inside = all(math.isfinite(x) and row.domain_of(i).contains(x) for i, x in enumerate(xs))
        if inside and is_smooth(row.name, xs) and not is_kink(row, xs):
            count -= 1
            yield xs


@dataclass
class Errors:
    """The errors of one kind of number of one row, and where the worst was."""

    bound: Bound | None
    ulps: float = 0.0
    at: Point = ()
    of_bound: float = 0.0
    bound_at: Point = ()
    count: int = 0
    beyond: int = 0

    def add(self, got: float, true: Any, at: Point) -> None:
        """Take in one number; one that no float can hold is left out."""
        nearest = to_float(true)
        if nearest is None:
            return
        with mp.workdps(40):
            error = float(abs(mpf(got) - true.real)) if math.isfinite(got) else math.inf
        ulps = error / math.ulp(nearest)
        self.count += 1
        if ulps > self.ulps:
            self.ulps, self.at = ulps, at
        if ulps > ULPS:
            self.beyond += 1
            share = error / allowed(nearest, at, self.bound)
            if share > self.of_bound:
                self.of_bound, self.bound_at = share, at


@dataclass
class Row:
    """What was measured of one row."""

    name: str
    value: Errors
    first: Errors
    second: Errors = field(default_factory=lambda: Errors(None))
    refused: dict[str, Point] = field(default_factory=dict)

    @property
    def is_within_bounds(self) -> bool:
        """Whether the value and the first derivatives are as good as promised."""
        return max(self.value.of_bound, self.first.of_bound) <= 1.0


def to_float(x: Any) -> float | None:
    """The nearest float, if there is a finite one."""
    try:
        nearest = float(x.real)
    except OverflowError:
        return None
    return nearest if math.isfinite(nearest) and not x.imag else None


def measure(name: str, parameter: float | None, row: Primitive, count: int, seed: int) -> Row:
    """One member of the table at ``count`` points."""
    rng = Random(f"{seed} {row.name}")
    exactly = mpmath_function(name, parameter)
    found = Row(row.name, Errors(VALUES.get(name)), Errors(FIRST.get(name)))
    for xs in points(rng, row, count):
        operands = tuple([Value(x) for x in xs])
        true = derivatives(exactly, xs)
        if None in map(to_float, [true.value, *true.first]):
            continue
        try:
            out = Value.record(row, operands)
        except ArithmeticError:
            found.refused.setdefault("when recorded", xs)
            continue
        found.value.add(out.data, true.value, xs)
        for d, t in zip(out.local_derivatives, true.first):
            found.first.add(d, t, xs)
        try:
            slopes = gradient(out, operands)
        except ArithmeticError:
            found.refused.setdefault("by `gradient`", xs)
            continue
        with suppress(ArithmeticError):  # where the second derivative leaves the range of floats, too
            second = [gradient(slope, operands) for slope in slopes]
            for d, t in zip(chain(*second), chain(*true.second)):
                found.second.add(d.data, t, xs)
    return found


def measure_loss(name: str, count: int, seed: int) -> Row:
    """One of the losses from logits, with ``backward``, at logits of all sizes."""
    rng = Random(f"{seed} {name}")
    loss: Callable[..., Any] = getattr(losses, name)
    found = Row(name, Errors(LOSSES.get(name)), Errors(LOSSES.get(name)))
    for _ in range(count):
        logits = several(rng, rng.randint(2, 4))
        target: Any = rng.randrange(len(logits))
        if name.startswith("binary"):
            target = [rng.choice((0.0, 1.0)) for _ in logits]
        true = derivatives(EXACT_LOSSES[name](target), logits, order=1)
        variables = [Value(z) for z in logits]
        value = loss(variables, target)
        value.backward()
        found.value.add(value.data, true.value, logits)
        for v, t in zip(variables, true.first):
            found.first.add(v.grad, t, logits)
    return found


def members(name: str) -> list[tuple[float | None, Primitive]]:
    """The rows behind a name of the table, each with its parameter."""
    entry = TABLE[name]
    if isinstance(entry, (Family, MultiPrimitive)):
        return [(k, entry[k]) for k in PARAMETERS[name]]
    return [(None, entry)]


def page(rows: Sequence[Row], of_losses: Sequence[Row], command: str) -> str:
    """docs/accuracy.md."""
    libc = " ".join(platform.libc_ver()) or platform.system()
    everything = [*rows, *of_losses]
    bounded = [
        (row.name, kind, errors)
        for row in everything
        for kind, errors in (("value", row.value), ("derivative", row.first))
        if errors.beyond
    ]
    refused = [(row.name, when, at) for row in rows for when, at in row.refused.items()]
    second = [row for row in rows if row.second.ulps > ULPS]
    parts = [
        HEAD.format(command=command, python=platform.python_version(), libc=libc, machine=platform.machine()),
        table(("row", "value, ulp", "at", "derivative, ulp", "at"), [_line(row) for row in rows]),
        LOGITS,
        table(("loss", "value, ulp", "at", "derivative, ulp", "at"), [_line(row) for row in of_losses]),
        BEYOND,
        table(("row", "of its", "bound", "largest error / bound", "at", "since"), [_beyond(*entry) for entry in bounded]),
        SECOND_ORDER,
        table(
            ("row", "beyond 4 ulp", "worst, ulp", "at"),
            [(f"`{r.name}`", f"{r.second.beyond / r.second.count:.1%}", _ulps(r.second.ulps), _at(r.second.at)) for r in second],
        ),
        REFUSED,
        table(("row", "refused", "for example at"), [(f"`{name}`", when, _at(at)) for name, when, at in refused]),
    ]
    return "\n\n".join(parts) + "\n"


HEAD = """\
# How many digits are right

Generated by `{command}`, with Python {python} and {libc} on {machine}.
The same seed gives the same tables wherever the mathematical library is the same.

Every row of the table was computed at points of all sizes: the usual ones, the largest and the smallest, subnormal ones, points
next to zeros, kinks and poles.  The true numbers are mpmath's; its derivatives are differences of the value at hundreds of
digits, so they know no formula for a derivative.  An *ulp*, a unit in the last place, is the distance between two neighbouring
floats; the best possible result is within 0.5 ulp.  Shown is the worst of all points.

Values and first derivatives are within 4 ulp, or within the bound given below for the row.  The tests hold them to it.

## Values and first derivatives"""
LOGITS = """\
## Losses from logits

Of two to four logits up to thousands, all targets 0 or 1; the derivatives are those of `backward`."""
BEYOND = """\
## Beyond 4 ulp

Here digits are lost that only a less readable formula would keep.  ε is 2⁻⁵², the spacing of floats at 1; a bound of ε says that
the error is small beside 1, though the number itself may be smaller still."""
SECOND_ORDER = """\
## Second derivatives

`gradient` of `gradient` is a sum of products, and where its terms cancel, digits are lost.  For most rows below this happens where
the second derivative is small beside the terms, or in the tails.  No bound is promised; `check_gradient(f, ..., order=2)` compares
with differences where you need to know."""
REFUSED = """\
## Refused

Points at which value and derivative are floats, but a number on the way is not.  `backward` needs only the first derivative;
`gradient` makes nodes, and a node is refused if *its* derivative is no float: that of `x ** 0.5`, the derivative of `x ** 1.5`, is
infinite at 0."""


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    rows = [[cell.replace("|", r"\|") for cell in cells] for cells in (head, ["---"] * len(head), *lines)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _line(row: Row) -> tuple[str, ...]:
    return f"`{row.name}`", *_worst(row.value), *_worst(row.first)


def _beyond(name: str, kind: str, errors: Errors) -> tuple[str, ...]:
    text, reason = (errors.bound.text, errors.bound.reason) if errors.bound else ("4 ulp", "**not known**")
    return f"`{name}`", kind, text, f"{errors.of_bound:.2g}", _at(errors.bound_at), reason


def _worst(errors: Errors) -> tuple[str, str]:
    exact = errors.ulps < 1e-9  # mpmath's differences are not quite exact themselves
    return ("exact", "") if exact else (_ulps(errors.ulps), _at(errors.at))


def _ulps(x: float) -> str:
    return f"{x:.2f}" if x < 100.0 else short_number(x, 2)


def _at(xs: Point) -> str:
    return ", ".join([repr(x) if len(xs) < 3 else f"{x:.6g}" for x in xs])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns 1 if an error is larger than its bound."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description="Every row of the table against mpmath.")
    parser.add_argument("rows", nargs="*", metavar="row", help="print these rows only, and write no page")
    parser.add_argument("--points", type=int, default=1000, help="how many points per row (default 1000)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.rows if name not in TABLE]:
        parser.error(f"the table has no row {unknown[0]!r}")

    rows, of_losses = [], []
    for name in options.rows or TABLE:
        for parameter, row in members(name):
            rows.append(measure(name, parameter, row, options.points, options.seed))
            print(*_line(rows[-1]), "" if rows[-1].is_within_bounds else "BEYOND ITS BOUND", sep="  ", flush=True)
    if not options.rows:
        of_losses = [measure_loss(name, options.points, options.seed) for name in EXACT_LOSSES]
        command = f"python -m benchmarks.accuracy --points {options.points} --seed {options.seed}"
        print(write_file(PAGE, page(rows, of_losses, command)))
    return 0 if all(row.is_within_bounds for row in [*rows, *of_losses]) else 1


if __name__ == "__main__":
    sys.exit(main())
