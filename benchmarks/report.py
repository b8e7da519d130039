"""What is printed and written: one table, one JSON file, and on which machine."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from autograd_tiny.storage.files import write_file
from autograd_tiny.text.palette import DATA, GRAD, QUIET
from benchmarks.measure import Measurement, Requirement

Results = Mapping[str, Sequence[Measurement]]
HEAD = ("benchmark", "what", "ours", "peer", "its", "ratio", "required", "reached")
TO_THE_RIGHT = {"ours", "its", "ratio"}


def table(results: Results) -> str:
    """All rows as aligned text."""
    lines = [HEAD, *[_cells(name, row) for name, rows in results.items() for row in rows]]
    columns = [_aligned(head, column) for head, column in zip(HEAD, zip(*lines))]
    return "\n".join("  ".join(line).rstrip() for line in zip(*columns))


def _cells(name: str, row: Measurement) -> tuple[str, ...]:
    return (
        name,
        row.what,
        quantity(row.ours, row.unit),
        row.peer_name,
        "" if row.peer is None else quantity(row.peer, row.unit),
        "" if row.ratio is None else f"{row.ratio:.3g}x",
        _requirement(row),
        {True: "yes", False: "NO", None: ""}[row.reached],
    )


def _aligned(head: str, column: Sequence[str]) -> list[str]:
    width = max(map(len, column))
    return [cell.rjust(width) if head in TO_THE_RIGHT else cell.ljust(width) for cell in column]


def _requirement(row: Measurement) -> str:
    if row.requirement is None:
        return ""
    of, relation, limit = row.requirement
    return f"{relation} {limit:g}x" if of == "ratio" else f"{relation} {quantity(limit, row.unit)}"


def quantity(x: float, unit: str) -> str:
    """A measured quantity with three digits, in the unit's fitting multiple."""
    if unit == "B":
        return f"{x:.0f} B"
    factor, prefix = next(((f, p) for f, p in ((1.0, ""), (1e-3, "m"), (1e-6, "µ")) if x >= f), (1e-9, "n"))
    return f"{x / factor:.3g} {prefix}{unit}"


def times(ratio: float) -> str:
    """A ratio with two digits, which is what a repetition would give again."""
    return f"{float(f'{ratio:.2g}'):,.{1 if ratio < 10.0 else 0}f}" if ratio >= 1.0 else f"{ratio:.2g}"


def machine() -> dict[str, str]:
    """The Python and the processor that ran."""
    return {"python": f"{platform.python_implementation()} {platform.python_version()}", "cpu": _cpu_name()}


def _cpu_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    if sys.platform == "darwin":
        return subprocess.run(["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True, check=True).stdout.strip()
    return platform.processor() or platform.machine()


def write_json(path: Path, repeats: int, results: Results) -> None:
    """All numbers; the file appears only when it is complete."""
    rows = [{"benchmark": name, **asdict(row), "reached": row.reached} for name, rows in results.items() for row in rows]
    for row in rows:
        row["requirement"] = row["requirement"] and row["requirement"]._asdict()
    write_file(path, json.dumps({**machine(), "repeats": repeats, "results": rows}, indent=1) + "\n")


class Record(NamedTuple):
    """What was measured, where, and how often."""

    machine: dict[str, str]
    repeats: int
    results: dict[str, list[Measurement]]


def read_json(path: Path) -> Record:
    """What `write_json` has written.

    Raises:
        OSError: there is no such file.
        ValueError: it holds something else.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        results: dict[str, list[Measurement]] = {}
        for row in data["results"]:
            fields = {name: row[name] for name in Measurement.__dataclass_fields__}
            fields["requirement"] = fields["requirement"] and Requirement(**fields["requirement"])
            results.setdefault(row["benchmark"], []).append(Measurement(**fields))
        return Record({name: data[name] for name in ("python", "cpu")}, data["repeats"], results)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} holds no results of benchmarks: {type(error).__name__}: {error}") from None


def plot(path: Path, results: Results) -> None:
    """How many times as fast as each peer, as bars on a logarithmic scale; matplotlib decides by the name what to write."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    rows = [row for rows in results.values() for row in rows if row.ratio is not None and row.peer_name]
    figure = Figure(figsize=(7.5, 0.6 + 0.3 * len(rows)), layout="constrained")
    axes = figure.subplots()
    ratios = [row.ratio or 0.0 for row in rows]
    colors = [DATA if x >= 1 else GRAD for x in ratios]
    bars = axes.barh([f"{row.what}: {row.peer_name}" for row in rows], [x - 1.0 for x in ratios], left=1.0, color=colors)
    axes.bar_label(bars, labels=[times(ratio) for ratio in ratios], padding=3, fontsize=8)
    axes.axvline(1.0, color=QUIET, linewidth=0.8)
    axes.set(xscale="log", xlabel="times as fast as the peer", xlim=(min(0.5, *ratios) / 6, 6 * max(ratios)))
    axes.invert_yaxis()
    axes.tick_params(axis="y", labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "autograd_tiny"}):  # text as text, the same bytes each time
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
