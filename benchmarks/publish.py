"""The measured speed as it is published: ``python -m benchmarks --publish`` measures, ``python -m benchmarks.publish`` only writes.

docs/speed.json holds what was measured; from it come the tables of README.md, docs/native-speed.md, docs/jax.md and docs/limits.md,
between two marks in each, and docs/speed.svg.  Nothing in these is written by hand, and a test compares.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from autograd_tiny.storage.files import write_file
from benchmarks.measure import Measurement
from benchmarks.report import Record, Results, plot, quantity, read_json, times

ROOT = Path(__file__).resolve().parent.parent
RESULTS, PLOT = ROOT / "docs" / "speed.json", ROOT / "docs" / "speed.svg"
BENCHMARKS = ("mlp", "native", "char_gpt", "jax_program", "gradbench")
BEGIN, END = "<!-- speed: made by benchmarks/publish.py -->", "<!-- end of speed -->"

SHORT = [
    ("mlp", "MLP 2-16-16-1, one training step on 100 points", "micrograd", "training step of 2-16-16-1 on 100 points, plain Python"),
    ("mlp", "MLP 2-16-16-1, one training step on 100 points", "PyTorch, vectorised", ""),
    ("native", "loss and gradient, 2-16-16-1 on 100 points", "PyTorch eager", "its loss and gradient, compiled"),
    ("native", "loss and gradient, 2-16-16-1 on 100 points", "JAX jit", ""),
    ("native", "loss and gradient, 2-128-128-1 on 104 points", "PyTorch eager", "those of 2-128-128-1, compiled"),
    ("native", "100,000 gradients of a tiny expression, one call", "PyTorch batched", "100,000 gradients of a tiny expression, compiled"),
]
"""The rows of the short table: benchmark, what, peer; and how the README calls it, nothing where it is the row above."""


class Place(NamedTuple):
    """A file with a table between two marks."""

    path: Path
    table: str

    def text(self) -> str:
        """What the file should hold.

        Raises:
            ValueError: the marks are not in it, once each and in order.
        """
        text = self.path.read_text(encoding="utf-8")
        before, begin, rest = text.partition(BEGIN)
        _, end, after = rest.partition(END)
        if not begin or not end or BEGIN in rest or END in after:
            raise ValueError(f"{self.path.name} needs the lines {BEGIN!r} and {END!r}, once each, around the table")
        return f"{before}{BEGIN}\n\n{self.table}\n{END}{after}"


def short_table(record: Record) -> str:
    """The README's: a few rows, one of them where another engine wins."""
    found = {(name, row.what, row.peer_name): row for name, rows in record.results.items() for row in rows}
    if missing := [key for *key, _ in SHORT if tuple(key) not in found]:
        raise ValueError(f"the results have no row {missing[0]}: run python3 dev.py bench --publish")
    rows = [(called, found[name, what, peer]) for name, what, peer, called in SHORT]
    return _markdown(rows) + f"\n{_measured(record)}.\n"


def full_table(record: Record) -> str:
    """Every comparison of compiled programs, and what compiling takes."""
    rows = [*record.results["native"], *record.results["char_gpt"]]
    note = "Times vary from machine to machine, ratios less.  `python3 dev.py bench --publish` measures again."
    compiling = ["| compiling, with recording | time |", "|---|--:|"]
    alone = [(row.what.removeprefix("compiling "), _unbroken(quantity(row.ours, row.unit))) for row in rows if not row.peer_name]
    compiling += [f"| {what} | {seconds} |" for what, seconds in alone]
    return _markdown(_called_once(rows)) + f"\n{_measured(record)}.  {note}\n\n" + "\n".join(compiling) + "\n"


def jax_table(record: Record) -> str:
    """The same programs as native code and in JAX."""
    return _markdown(_called_once(record.results["jax_program"])) + f"\n{_measured(record)}; processor time.\n"


def gradbench_table(record: Record) -> str:
    """The problems of GradBench beside PyTorch and JAX."""
    return _markdown(_called_once(record.results["gradbench"])) + f"\n{_measured(record)}; processor time.\n"


def _called_once(rows: Iterable[Measurement]) -> list[tuple[str, Measurement]]:
    """The rows that compare, the name of each where it is not that of the row above."""
    called, previous = [], ""
    for row in rows:
        if row.peer_name:
            called.append((row.what if row.what != previous else "", row))
            previous = row.what
    return called


def _markdown(rows: Iterable[tuple[str, Measurement]]) -> str:
    lines = ["| what | ours | | theirs | times as fast |", "|---|--:|---|--:|--:|"]
    for called, row in rows:
        if row.peer is None or row.ratio is None:
            raise ValueError(f"{row.what!r} compares with nothing")
        ours = _unbroken(quantity(row.ours, row.unit))
        theirs = _unbroken(quantity(row.peer, row.unit))
        lines.append(f"| {called} | {ours} | {_unbroken(row.peer_name)} | {theirs} | {times(row.ratio)} |")
    return "\n".join(lines) + "\n"


def _unbroken(text: str) -> str:
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _measured(record: Record) -> str:
    machine = record.machine
    where = f"One core of an {machine['cpu']}, {machine['python']}, float64"
    why = "each pair is measured side by side, so that our number has one value beside one peer and another beside the next"
    return f"{where}; medians of {record.repeats} samples taken in turn: {why}"


def places(record: Record) -> list[Place]:
    """The files with tables."""
    tables = {"README.md": short_table, "docs/native-speed.md": full_table, "docs/jax.md": jax_table}
    if "gradbench" in record.results:  # not in what was measured before it was published
        tables["docs/limits.md"] = gradbench_table
    return [Place(ROOT / name, table(record)) for name, table in tables.items()]


def publish(record: Record) -> None:
    """Write the tables and the plot of what was measured."""
    for path, text in [(place.path, place.text()) for place in places(record)]:  # all are made before the first is written
        write_file(path, text)
    plot(PLOT, plotted(record))


def plotted(record: Record) -> Results:
    """What the plot shows."""
    return {name: record.results[name] for name in ("native", "char_gpt")}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.publish", description=f"Write the speed tables from {RESULTS.name}.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail if a table is not what the results give")
    options = parser.parse_args(arguments)
    record = read_json(RESULTS)
    if not options.check:
        publish(record)
        return 0
    stale = [place.path.name for place in places(record) if place.path.read_text(encoding="utf-8") != place.text()]
    print(*[f"{name}: its table is not what {RESULTS.name} gives; run python -m benchmarks.publish" for name in stale], sep="\n")
    return 1 if stale else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ValueError) as error:
        sys.exit(str(error))
