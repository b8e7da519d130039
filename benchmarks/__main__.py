"""Run the benchmarks and print one table: ``python -m benchmarks [readme mlp ...]``.

The peers are listed in ``benchmarks/requirements.txt``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.publish import BENCHMARKS, RESULTS, publish
from benchmarks.report import Results, machine, plot, read_json, table, write_json
from benchmarks.runner import MODULES, run_all

FEWEST_REPEATS = 9


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns 0, or with ``--strict`` 1 if a requirement is not met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed and memory against other engines, as ratios.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"which to run: {', '.join(MODULES)}; all if none is given")
    parser.add_argument("--repeats", type=int, default=11, help=f"samples of each candidate, at least {FEWEST_REPEATS} (default 11)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results here")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="also draw the ratios: .svg or .png (matplotlib)")
    published = f"run {', '.join(BENCHMARKS)}, or those of them that are named, and write docs/speed.json, the tables and the plot"
    parser.add_argument("--publish", action="store_true", help=published)
    parser.add_argument("--strict", action="store_true", help="exit with status 1 if a requirement is not met or a peer is missing")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in MODULES]:
        parser.error(f"no benchmark is called {unknown[0]!r}; there are {', '.join(MODULES)}")
    if options.repeats < FEWEST_REPEATS:
        parser.error(f"a median of fewer than {FEWEST_REPEATS} ratios says little, got --repeats {options.repeats}")

    kept: Results = {}
    if options.publish and options.names:
        if set(options.names) - set(BENCHMARKS):
            parser.error(f"published are {', '.join(BENCHMARKS)}")
        record = read_json(RESULTS)
        if (record.machine, record.repeats) != (machine(), options.repeats):
            parser.error(f"{RESULTS.name} holds {record.repeats} samples of {record.machine}: publish all of them, without names")
        kept = {name: rows for name, rows in record.results.items() if name not in options.names}
    names = options.names or list(BENCHMARKS if options.publish else MODULES)
    results = run_all(names, options.repeats)
    print("\n{python} on {cpu}".format(**machine()) + f"; medians of {options.repeats} samples taken in turn, garbage collector on\n")
    print(table(results))
    if options.json:
        write_json(options.json, options.repeats, results)
    if options.plot:
        plot(options.plot, results)
    if options.publish:
        if len(results) < len(names):
            print("a peer is missing, so nothing is published", file=sys.stderr)
            return 1
        measured = kept | results
        write_json(RESULTS, options.repeats, {name: measured[name] for name in BENCHMARKS})
        publish(read_json(RESULTS))
    met = len(results) == len(set(names)) and all(row.reached is not False for rows in results.values() for row in rows)
    return 0 if met or not options.strict else 1


if __name__ == "__main__":
    sys.exit(main())
