"""How many people made which mistake, claim by claim: as a table, as HTML, as a plot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from html import escape

from autograd_tiny.marking.marks import SLIPS
from autograd_tiny.marking.report import Report
from autograd_tiny.text.palette import VERDICTS
from autograd_tiny.text.tables import cell
from autograd_tiny.text.words import brief, counted
from autograd_tiny.views.plots import Plot, new_figure

MOST_MISTAKES = 3
"""So many kinds of mistakes are named for a claim, the commonest first; the others are counted."""


class Tally:
    """Counts over reports on the same claims.

    Attributes:
        claims: what each claim is about, as it is called.
        people: how many reports were counted.
    """

    def __init__(self) -> None:
        self.claims: tuple[str, ...] = ()
        self.people = 0
        self._counts: list[Counter[tuple[str, str]]] = []

    def add(self, report: Report) -> None:
        """Count one more report."""
        if not self.claims:
            self.claims = tuple(mark.claim.called for mark in report.marks)
            self._counts = [Counter() for _ in self.claims]
        for counts, mark in zip(self._counts, report.marks, strict=True):
            counts[mark.verdict, mark.mistake] += 1
        self.people += 1

    def verdicts(self, claim: int) -> dict[str, int]:
        """How many people have each verdict on a claim; verdicts that nobody has on any claim are left out."""
        counts = self._counts[claim]
        return {verdict: sum(n for (v, _), n in counts.items() if v == verdict) for verdict in self._columns()}

    def mistakes(self, claim: int) -> dict[str, int]:
        """How many people made each mistake in a claim, commonest first; ``wrong`` is what nothing known explains."""
        found = [(mistake or verdict, n) for (verdict, mistake), n in self._counts[claim].items() if verdict in SLIPS]
        return dict(sorted(found, key=lambda pair: (-pair[1], pair[0])))

    def _columns(self) -> list[str]:
        present = {verdict for counts in self._counts for verdict, _ in counts}
        return [verdict for verdict in VERDICTS if verdict in present]

    def _named(self, claim: int) -> str:
        """The commonest mistakes in words."""
        found = list(self.mistakes(claim).items())
        shown = [f"{mistake} {n}" for mistake, n in found[:MOST_MISTAKES]]
        rest = sum(n for _, n in found[MOST_MISTAKES:])
        return ", ".join([*shown, *([f"others {rest}"] if rest else [])])

    def rows(self) -> list[tuple[str, ...]]:
        """The table: a head, then a row per claim: what it is, how many have each verdict, the commonest mistakes."""
        head = ("", *self._columns(), "mistakes")
        numbers = [tuple(str(n or "") for n in self.verdicts(i).values()) for i in range(len(self.claims))]
        return [head, *((name, *cells, self._named(i)) for i, (name, cells) in enumerate(zip(self.claims, numbers)))]

    def __str__(self) -> str:
        rows = self.rows()
        widths = [max(map(len, column)) for column in zip(*rows)]
        lines = [f"{counted(self.people, 'answer sheet')}", ""]
        for first, *numbers, last in rows:
            cells = [f"{cell:>{width}}" for cell, width in zip(numbers, widths[1:])]
            lines.append("  ".join([f"{first:{widths[0]}}", *cells, last]).rstrip())
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head, *rows = self.rows()
        titles = "".join(cell(escape(title), tag="th") for title in head)
        lines = []
        for first, *numbers, last in rows:
            counts = "".join(cell(count, "text-align:right") for count in numbers)
            lines.append(f"<tr>{cell(escape(first))}{counts}{cell(escape(last))}</tr>")
        people = counted(self.people, "answer sheet")
        return f"<p>{people}</p><table><tr>{titles}</tr>{''.join(lines)}</table>"

    def plot(self, title: str = "") -> Plot:
        """One bar per claim, divided by verdicts, with the commonest mistakes behind it.

        Args:
            title: the words above; how many sheets there are if not given.

        Raises:
            ImportError: matplotlib is not installed.
        """
        from matplotlib.ticker import MaxNLocator

        title = title or counted(self.people, "answer sheet")
        height = 1.2 + 0.28 * len(self.claims)
        figure, axes = new_figure(title, 7.0, height)
        places = range(len(self.claims))
        starts = [0] * len(self.claims)
        for verdict in self._columns():
            widths = [self.verdicts(i)[verdict] for i in places]
            shown = VERDICTS[verdict]
            hatch = "////" if verdict in ("wrong", "unanswered") else ""  # their grounds are those of others
            axes.barh(
                places,
                widths,
                left=starts,
                color=shown.ground.light,
                edgecolor=shown.ink.light,
                hatch=hatch,
                linewidth=0.8,
                label=verdict,
            )
            starts = [start + width for start, width in zip(starts, widths)]
        for i in places:
            axes.text(self.people * 1.02, i, brief(self._named(i), 48), va="center", fontsize=8)
        axes.set_yticks(places, self.claims)
        axes.set(xlim=(0, self.people), xlabel="people")
        axes.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10], integer=True))
        axes.invert_yaxis()
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(loc="upper left", bbox_to_anchor=(0.0, -0.55 / height), ncols=4, frameon=False, borderaxespad=0.0)
        return Plot(figure, f"{title}: how many have which verdict, claim by claim")


def tallied(reports: Iterable[Report]) -> Tally:
    """Reports on the same claims, counted."""
    tally = Tally()
    for report in reports:
        tally.add(report)
    return tally
