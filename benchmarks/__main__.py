"""Run the benchmarks and print one table: ``python -m benchmarks [readme mlp ...]``.

The peers are listed in ``benchmarks/requirements.txt``.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

from benchmarks.measure import Measurement

MODULES = {name: name for name in ("readme", "mlp", "scalar_gpt", "memory", "scaling")} | {"import": "startup"}
FEWEST_REPEATS = 9


def run(name: str, repeats: int) -> list[Measurement]:
    """The rows of one benchmark."""
    rows: list[Measurement] = import_module(f"benchmarks.{MODULES[name]}").run(repeats)
    return rows


def run_all(names: Sequence[str], repeats: int) -> dict[str, list[Measurement]]:
    """Each benchmark in a process of its own, so that the collector never walks the modules and objects of another."""
    results = {}
    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for name in names:
            print(f"{name} ...", file=sys.stderr, flush=True)
            try:
                results[name] = pool.apply(run, (name, repeats))
            except ModuleNotFoundError as error:
                print(f"{name} left out: {error}; pip install -r benchmarks/requirements.txt", file=sys.stderr)
    return results


def cpu_name() -> str:
    """The processor as its maker calls it, where the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    if sys.platform == "darwin":
        return subprocess.run(["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True, check=True).stdout.strip()
    return platform.processor() or platform.machine()


def quantity(x: float | None, unit: str) -> str:
    """A time or a size with a fitting unit."""
    if x is None:
        return ""
    if unit == "B":
        return f"{x:.0f} B"
    for factor, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if x >= factor:
            return f"{x / factor:.3g} {name}"
    return f"{x / 1e-9:.3g} ns"


def table(results: dict[str, list[Measurement]]) -> str:
    """The rows as aligned text."""
    lines = [("benchmark", "what", "ours", "peer", "", "ratio", "required", "reached")]
    for name, rows in results.items():
        for row in rows:
            required = ""
            if row.requirement:
                limit = row.requirement.limit
                required = f"{row.requirement.relation} " + (
                    f"{limit:g}x" if row.requirement.quantity == "ratio" else quantity(limit, row.unit)
                )
            ratio = "" if row.ratio is None else f"{row.ratio:.2f}x"
            reached = {True: "yes", False: "NO", None: ""}[row.reached]
            lines.append(
                (name, row.what, quantity(row.ours, row.unit), row.peer_name, quantity(row.peer, row.unit), ratio, required, reached)
            )
    widths = [max(map(len, column)) for column in zip(*lines)]
    right = {2, 4, 5}
    return "\n".join(
        "  ".join(cell.rjust(w) if i in right else cell.ljust(w) for i, (cell, w) in enumerate(zip(line, widths))).rstrip() for line in lines
    )


def write_json(path: Path, python: str, cpu: str, repeats: int, results: dict[str, list[Measurement]]) -> None:
    """All numbers; the file appears only when it is complete."""
    rows = [{"benchmark": name, **asdict(row), "reached": row.reached} for name, rows in results.items() for row in rows]
    for row in rows:
        row["requirement"] = row["requirement"] and row["requirement"]._asdict()
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps({"python": python, "cpu": cpu, "repeats": repeats, "results": rows}, indent=1) + "\n")
    temporary.replace(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0, or with ``--strict`` 1 if a requirement is not met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed and memory against other engines, as ratios.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"which to run: {', '.join(MODULES)}; all if none is given")
    parser.add_argument("--repeats", type=int, default=11, help=f"samples of each candidate, at least {FEWEST_REPEATS} (default 11)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results here")
    parser.add_argument("--strict", action="store_true", help="exit with status 1 if a requirement is not met")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in MODULES]:
        parser.error(f"no benchmark is called {unknown[0]!r}; there are {', '.join(MODULES)}")
    if options.repeats < FEWEST_REPEATS:
        parser.error(f"a median of fewer than {FEWEST_REPEATS} ratios says little, got --repeats {options.repeats}")

    names = options.names or list(MODULES)
    python, cpu = f"{platform.python_implementation()} {platform.python_version()}", cpu_name()
    results = run_all(names, options.repeats)
    print(f"\n{python} on {cpu}; medians of {options.repeats} samples in turn, collector on\n\n{table(results)}")
    if options.json:
        write_json(options.json, python, cpu, options.repeats, results)
    complete = results.keys() >= set(names) and all(row.reached is not False for rows in results.values() for row in rows)
    return 1 if options.strict and not complete else 0


if __name__ == "__main__":
    sys.exit(main())
