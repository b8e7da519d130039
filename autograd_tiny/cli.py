"""The command line: ``autograd-tiny``.

Exit codes: 0 done, 1 claims or checks failed, 2 wrong use.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import groupby, takewhile
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograd_tiny import __version__
from autograd_tiny.claims import Comparison, round_like
from autograd_tiny.files import write_file
from autograd_tiny.worked import three_three_three

DONE, FAILED, WRONG_USE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that knows no ∂ shows ? and does not fail
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options, Console(highlight=False)))
    except (ValueError, ArithmeticError, OSError) as error:
        print(f"autograd-tiny {options.command}: {error}", file=sys.stderr)
        return WRONG_USE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="autograd-tiny", description="Backpropagation you can see, step through, check and run.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="recompute the published 3-3-3 example and compare every number")
    demo.add_argument("--out", type=Path, default=Path("demo"), metavar="DIR", help="where the files go (default: demo)")
    demo.set_defaults(run=_demo)
    return parser


def _demo(options: argparse.Namespace, console: Console) -> int:
    comparisons = three_three_three.compare_with_published()
    console.print("A published worked example of backpropagation, recomputed: 3 inputs, then 3 ReLU, 3 sigmoid and 3 softmax neurons.\n")
    console.print(_comparison_table(comparisons))
    wrong = [c for c in comparisons if not c.agrees]
    console.print(f"{len(wrong)} of {len(comparisons)} published numbers differ from the engine's at the precision they are printed with.")
    if wrong:
        claim, value, _ = wrong[0]
        console.print(f"The first: {claim.quantity} is {round_like(claim.printed, value)}, the page says {claim.printed}.")
    options.out.mkdir(parents=True, exist_ok=True)
    rows = [{"quantity": c.claim.quantity, "engine": c.value, "published": c.claim.printed, "agrees": c.agrees} for c in comparisons]
    for path in [write_file(options.out / "comparison.json", json.dumps(rows, ensure_ascii=False, indent=1) + "\n")]:
        console.print(f"wrote {path}", soft_wrap=True)
    return DONE


def _comparison_table(comparisons: Sequence[Comparison]) -> Table:
    table = Table("", "engine", "published", "", box=box.SIMPLE_HEAD)
    table.columns[1].justify = table.columns[2].justify = "right"
    for section, group in groupby(comparisons, key=lambda c: c.claim.section):
        table.add_section()
        table.add_row(Text(section, "bold"))
        for claim, value, agrees in group:
            engine = round_like(claim.printed, value)
            verdict = Text("agrees", "green") if agrees else Text("differs", "red")
            table.add_row(Text(claim.quantity), engine, _digit_by_digit(claim.printed, engine), verdict)
    return table


def _digit_by_digit(printed: str, engine: str) -> Text:
    """The printed number, from the first digit on that is not the engine's in red."""
    same = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(printed, engine))))
    return Text.assemble(printed[:same], (printed[same:], "bold red"))


if __name__ == "__main__":
    sys.exit(main())
