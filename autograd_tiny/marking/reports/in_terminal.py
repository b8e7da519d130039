"""A report as a table in a terminal, and the story that it tells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from autograd_tiny.marking.answers.tally import Tally
from autograd_tiny.marking.marks import Mark
from autograd_tiny.marking.report import Report
from autograd_tiny.marking.reports.outcomes import Outcome
from autograd_tiny.text.palette import VERDICTS
from autograd_tiny.text.tables import print_whole
from autograd_tiny.text.words import brief, counted

LONGEST_FORMULA = 30
"""In a table; below it they are told in full."""

_ROOM_FOR_MISTAKES = 18
"""In so many columns of a terminal the names of mistakes are whole words.

Beside all verdicts there is room for them in 80.
"""


_ROOM_FOR_TITLES = 18
_ROOM_BESIDE_NUMBERS = 46
"""Of a terminal's columns, for what a line is about and what was found.

In the rest the engine's and the printed numbers stand side by side.
"""


def print_outcomes(outcomes: Sequence[Outcome], console: Console, *, table: bool = True, margin: bool = False) -> None:
    """Print every page that could be marked; of several, each with its file above it, and the counts of all below.

    Args:
        outcomes: the pages.
        console: where to.
        table: whether the marks are shown as a table.
        margin: whether nothing is told of each page but the counts and what a teacher would write in the margin.
    """
    alone = len(outcomes) == 1
    counts: Counter[str] = Counter()
    marked = [(outcome, outcome.report) for outcome in outcomes if outcome.report]
    for outcome, report in marked:
        if head := outcome.title if alone else ": ".join(filter(None, (outcome.file, outcome.title))):
            console.print(Text(head, "bold"))
        if margin:
            _print_sentences([report.story[0], *report.margin], console)
        else:
            print_report(report, console, table=table)
        counts.update(report.counts)
        if not alone:
            console.print()
    if not alone and marked:
        verdicts = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
        console.print(Text(f"{counted(len(marked), 'page')}, {counted(counts.total(), 'number')}: {verdicts}.", "bold"))


def print_tally(tally: Tally, console: Console) -> None:
    """Print how many people made which mistake."""
    head, *rows = tally.rows()
    table = Table(*head, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for column in table.columns[:-1]:
        column.justify, column.no_wrap = "right", True
    table.columns[0].justify = "left"
    table.columns[-1].min_width = min(_ROOM_FOR_MISTAKES, max(len(cells[-1]) for cells in rows))
    for cells in rows:
        table.add_row(*map(Text, cells))
    print_whole(table, console)
    console.print(Text(f"{counted(tally.people, 'answer sheet')}.", "bold"))


def print_report(report: Report, console: Console, *, table: bool = True) -> None:
    """Print the marks as a table, unless that is not wanted, and the story below it."""
    if table:
        print_whole(_marks_table(report, console.width), console)
    _print_sentences([report.story[0], *report.margin_above, *report.story[1:]], console)


def _print_sentences(sentences: Sequence[str], console: Console) -> None:
    """Print sentences below one another, the first as a heading."""
    console.print(Text(sentences[0], "bold"))
    for sentence in sentences[1:]:
        console.print(Padding.indent(Text(sentence), 2))


def _marks_table(report: Report, width: int) -> Table:
    table = Table("", "engine", "printed", "", box=box.SIMPLE_HEAD)
    lines = report.lines((width - _ROOM_BESIDE_NUMBERS) // 2)
    if any(len(line.marks) > 1 for line in lines):  # rows of matrices would leave no room for the titles of sections
        table.columns[0].min_width = min(_ROOM_FOR_TITLES, max([len(line.section) for line in lines]))
        table.columns[3].min_width = min(_ROOM_FOR_MISTAKES, max([len(line.finding) for line in lines]))
    for column in table.columns[1:3]:
        column.justify, column.no_wrap = "right", True
    for line in lines:
        if line.section:
            table.add_section()
            table.add_row(Text(line.section, "bold"))
        said = Text(report.found(line), VERDICTS[line.worst.verdict].terminal if line.worst else "")
        printed = Text("  ").join([_compared(*cell) for cell in zip(line.printed, line.engine, line.marks)])
        is_formula = line.worst is not None and line.worst.formulas is not None
        engine = "  ".join(line.engine)
        table.add_row(_Quantity(line.called), brief(engine, LONGEST_FORMULA) if is_formula else engine, printed, said)
    return table


def _compared(printed: str, engine: str, mark: Mark | None) -> Text:
    """A printed number, beside the engine's if it is not the same."""
    if mark is not None and mark.formulas:
        return Text(brief(printed, LONGEST_FORMULA))
    if mark is None or mark.verdict == "right":
        return Text(printed)
    return Text(" " * (len(printed) - len(printed.lstrip()))) + _digit_by_digit(printed.lstrip(), engine.lstrip())


class _Quantity:
    """A quantity's name; where too long for its column, it goes on in the next line after a ·, or else after a /."""

    def __init__(self, text: str) -> None:
        self.factors = [re.findall(r"[^/]+/?", factor) for factor in re.findall(r"[^·]+·?", text)]

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        widths = [cell_len(part) for factor in self.factors for part in factor]
        return Measurement(max(widths, default=0) + 1, sum(widths))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = [""]
        for factor in self.factors:
            whole = "".join(factor)
            for part in [whole] if cell_len(whole) < options.max_width else factor:
                if lines[-1] and cell_len(lines[-1] + part) > options.max_width:
                    lines.append(" ")
                lines[-1] += part
        yield Text("\n".join(lines))


def _digit_by_digit(printed: str, engine: str) -> Text:
    """The printed number, from the first digit on that is not the engine's in red."""
    same = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(printed, engine))))
    return Text.assemble(printed[:same], (printed[same:], "bold red"))
