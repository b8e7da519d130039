"""The report: a mark for each claim, and the story that they tell together."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from html import escape
from typing import Any

from autograd_tiny.marking.claims import Claim, ClaimError
from autograd_tiny.marking.marks import FAITHFUL, SLIPS, Mark
from autograd_tiny.marking.story.margin import in_the_margin
from autograd_tiny.marking.story.table import WIDEST_ROW, Line, colors, lines_of, shown
from autograd_tiny.marking.training.times import timed
from autograd_tiny.text.palette import VERDICTS
from autograd_tiny.text.tables import cell
from autograd_tiny.text.words import counted, few, listed
from autograd_tiny.views.drawing.picture import Note

MOST_LISTED = 9
_ALIGNED = "text-align:right;font-family:monospace;white-space:pre"


class Report:
    """The marks of a page, in its order.  Prints as a table; in a notebook it shows as one.

    Attributes:
        marks: one per claim.
        remarks: sentences about the page as a whole.
    """

    def __init__(self, marks: Sequence[Mark], remarks: Sequence[str] = ()) -> None:
        self.marks, self.remarks = tuple(marks), tuple(remarks)

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many claims have each verdict; verdicts that no claim has are left out."""
        found = Counter(mark.verdict for mark in self.marks)
        return {verdict: found[verdict] for verdict in VERDICTS if found[verdict]}

    @property
    def ok(self) -> bool:
        """Whether nothing on the page is wrong but what is known to be."""
        return all(mark.verdict in FAITHFUL or mark.known for mark in self.marks)

    @property
    def strict(self) -> Report:
        """The same report, with a last digit that is one unit off called wrong.

        >>> from autograd_tiny import Value, mark
        >>> y = Value(2.0 / 3.0, "y").exp()
        >>> y.label = "E"
        >>> report = mark(y, ["E = 1.9476"])
        >>> report.ok, report.strict.ok
        (True, False)
        """
        return Report(
            [m._replace(verdict="wrong") if m.verdict == "last digit" else m for m in self.marks], self.remarks
        )

    @property
    def slips(self) -> tuple[Mark, ...]:
        """Where it went wrong: every wrong claim but those that only carry on what was wrong before, and known ones."""
        return tuple(mark for mark in self.marks if mark.verdict in SLIPS and not mark.known)

    @property
    def first_slip(self) -> Mark | None:
        """The first of them; None on a page without."""
        return next(iter(self.slips), None)

    @cached_property
    def story(self) -> list[str]:
        """What there is to say, in sentences: counts, then slip after slip, each with what was carried on from it."""
        verdicts = ", ".join(f"{count} {verdict}" for verdict, count in self.counts.items())
        formulas = sum(mark.formulas is not None for mark in self.marks)
        numbers = len(self.marks) - formulas
        what = [counted(numbers, "number")] * (numbers > 0 or not formulas) + [counted(formulas, "formula")] * (
            formulas > 0
        )
        sentences = [f"{' and '.join(what)}: {verdicts}."]
        if all(mark.value == 0.0 for mark in self._derivatives) and len(self._derivatives) > 1:
            sentences.append(
                "Every derivative on this page is 0, so that hardly any mistake could show; choose other inputs."
            )
        sentences += self.remarks
        sentences += [_told(group, self._printed_at(group[0]), len(self._carriers(group))) for group in self._groups()]
        if known := [f"{mark.claim.called} = {mark.claim.printed.text}" for mark in self.marks if mark.known]:
            sentences.append(f"Known, and so waived: {listed(known, MOST_LISTED)}.")
        return sentences

    @cached_property
    def margin(self) -> list[str]:
        """What a teacher would write in the margin: nothing where nothing is wrong, else at most three sentences.

        They are about the slip that makes most of the page wrong: what it is, the line where it enters with the right
        formula and the wrong one, what it carries along and how much else is wrong.

        >>> from autograd_tiny import Value, mark
        >>> w, x = Value(0.5, "w"), Value(-1.0, "x")
        >>> y = (w * x).tanh()
        >>> y.label = "y"
        >>> E = y**2
        >>> E.label = "E"
        >>> for sentence in mark(E, ["y = -0.4621", "E/w = 0.9242", "E/x = -0.3634"]).margin:
        ...     print(sentence)
        ∂E/∂w = 0.9242: the derivative of the activation, ∂y/∂(w * x), is missing.
        ∂E/∂w is 2 * y * (1 - y ** 2) * x, which gives 0.7269 and not 0.9242.
        """
        groups = self._groups()
        if not groups:
            return []
        most = max(
            groups,
            key=lambda group: (len(self._carriers(group)) + (len(group) if group[0].why else 1), bool(group[0].why)),
        )
        others = sum([1 if group[0].why else len(group) for group in groups if group is not most])
        return in_the_margin(most, self._carriers(most), others)

    @property
    def margin_above(self) -> list[str]:
        """What stands above the story in text: the margin, in one paragraph, if that is less than half as long."""
        told = f"In the margin: {' '.join(self.margin)}"
        return [told] if self.margin and 2 * len(told) < len(" ".join(self.story[1:])) else []

    def waiving(self, known: Sequence[Claim]) -> Report:
        """The same report with errata waived that are known, and with them what carries on nothing but these.

        Raises:
            ClaimError: one of ``known`` is not printed on the page, or is not wrong there.
        """
        waived: set[int] = set()
        for number, erratum in enumerate(known):
            same = [m for m in self.marks if (m.claim.quantity, m.claim.printed) == (erratum.quantity, erratum.printed)]
            if not same:
                raise ClaimError(
                    f"the page does not say {erratum.called} = {erratum.printed.text}; take it out of what is known",
                    number,
                )
            wrong = {m.number for m in same if m.verdict not in FAITHFUL}
            if not wrong:
                raise ClaimError(f"{same[0].sentence.rstrip('.')}; take it out of what is known", number)
            waived |= wrong
        for mark in self.marks:
            if mark.verdict == "carried" and waived.issuperset(mark.sources):
                waived.add(mark.number)
        return Report([mark._replace(known=mark.number in waived) for mark in self.marks], self.remarks)

    @property
    def _derivatives(self) -> list[Mark]:
        return [mark for mark in self.marks if mark.claim.quantity.kind in ("derivative", "path")]

    def _groups(self) -> list[list[Mark]]:
        """Slips told together: of one kind in one section, or with one stale story; unexplained ones together."""
        groups: dict[tuple[object, ...], list[Mark]] = {}
        for slip in (slip for slip in self.slips if slip.number not in self._again):
            whole = slip.whole
            if slip.cause or slip.formulas:  # what is wrong in a formula is said of that one
                key: tuple[object, ...] = (slip.cause or slip.number,)
            elif slip.verdict == "wrong":
                key = (slip.why if whole is None else "", whole)
            else:
                key = (slip.claim.section, slip.fits or slip.mistake, whole)
            groups.setdefault(key, []).append(slip)
        return list(groups.values())

    @cached_property
    def places(self) -> dict[int, list[Mark]]:
        """The marks of every number that is printed at several places, in the same way.

        By the first of them, which has the one row.
        """
        found: dict[tuple[object, ...], list[Mark]] = {}
        for mark in self.marks:
            if mark.claim.grid is None and mark.whole is None:
                found.setdefault(
                    (mark.claim.quantity, mark.claim.called, mark.claim.printed.text, mark.known), []
                ).append(mark)
        return {same[0].number: same for same in found.values() if len(same) > 1 and same[0].claim.printed.text}

    @cached_property
    def _again(self) -> set[int]:
        """The marks that only repeat an earlier one."""
        return {mark.number for same in self.places.values() for mark in same[1:]}

    def _printed_at(self, mark: Mark) -> str:
        """Where else a number is printed, as a sentence; nothing if it is nowhere."""
        same = self.places.get(mark.number, ())
        lines = [str(m.claim.spot.line) for m in same if m.claim.spot]
        where = f", on lines {listed(dict.fromkeys(lines), MOST_LISTED)}" if len(set(lines)) > 1 else ""
        return f" It is printed {len(same)} times{where}." if same else ""

    def found(self, line: Line) -> str:
        """What was found in a line of the table, and at how many places its number is printed."""
        same = self.places.get(line.marks[0].number, ()) if line.marks[0] else ()
        return line.finding + (f", {len(same)} times" if same else "")

    def _carriers(self, group: Iterable[Mark]) -> list[Mark]:
        """The later numbers that carry on what is wrong in these."""
        slips = {mark.number for mark in group}
        reached = set(slips)
        for mark in self.marks:
            if mark.verdict == "carried" and reached.intersection(mark.sources):
                reached.add(mark.number)
        return [mark for mark in self.marks if mark.number in reached - slips - self._again]

    def lines(self, width: int = WIDEST_ROW) -> list[Line]:
        """The lines of the table of marks; a number that is printed again in the same way has no second one.

        Args:
            width: of the widest row of a matrix that is shown as one, in characters.
        """
        return lines_of([mark for mark in self.marks if mark.number not in self._again], width)

    def __str__(self) -> str:
        text: list[str] = []
        lines = self.lines()
        cells = [(x.called, "  ".join(x.engine), "  ".join(x.printed), self.found(x)) for x in lines]
        widths = [max(map(len, column)) for column in zip(*cells, ("", "engine", "printed", ""))]
        text.append(f"{'':{widths[0]}}  {'engine':>{widths[1]}}  {'printed':>{widths[2]}}")
        for line, (called, engine, printed, finding) in zip(lines, cells):
            text += ["", line.section] if line.section else []
            text.append(f"{called:{widths[0]}}  {engine:>{widths[1]}}  {printed:>{widths[2]}}  {finding}")
        return "\n".join([*text, "", self.story[0], *self.margin_above, *self.story[1:]])

    def __repr__(self) -> str:
        return f"<Report: {self.story[0].rstrip('.')}>"

    def _repr_html_(self) -> str:
        rows = []
        for line in self.lines(2 * WIDEST_ROW):
            if line.section:
                rows.append(
                    f"<tr>{cell(escape(line.section), 'text-align:left;padding-top:.8em', tag='th', columns=4)}</tr>"
                )
            alone = len(line.marks) == 1
            numbers = "".join(cell(shown, _ALIGNED) for shown in shown(line))
            title = (
                f' title="{escape(line.worst.sentence + self._printed_at(line.worst))}"' if alone and line.worst else ""
            )
            finding = cell(escape(self.found(line)), f"{colors(line.worst)};text-align:left")
            rows.append(f"<tr{title}>{cell(escape(line.called))}{numbers}{finding}</tr>")
        told = "".join(f"<li>{escape(sentence)}</li>" for sentence in self.story[1:])
        head = (
            f"<tr>{''.join(cell(title, 'text-align:right', tag='th') for title in ('', 'engine', 'printed', ''))}</tr>"
        )
        above = "".join(f"<p>{escape(text)}</p>" for text in (self.story[0], *self.margin_above))
        return f"{above}<ol>{told}</ol><table>{head}{''.join(rows)}</table>"

    def as_data(self) -> dict[str, Any]:
        """The report as JSON can hold it: counts, margin, story, and an entry per claim with its place in its file."""
        return {
            "counts": self.counts,
            "margin": self.margin,
            "story": self.story,
            "marks": [mark.as_data() for mark in self.marks],
        }

    def to_json(self) -> str:
        """The same as JSON text."""
        return json.dumps(self.as_data(), ensure_ascii=False, indent=1) + "\n"

    def notes(self) -> dict[str, list[Note]]:
        """What a drawing of the graph can show beside each node: `draw(output, notes=report.notes())`.

        A derivative, and a path, stand at the node by which is differentiated; a slip that was made all over the page
        where it sits.
        """
        found: dict[str, list[Note]] = {}
        for mark in self.marks:
            verdict, kind, nodes = VERDICTS[mark.verdict], mark.claim.quantity.kind, mark.claim.quantity.nodes
            if not nodes:  # a formula stands at no node
                continue
            node = timed(nodes[-1])
            name = (
                f"page, {node._replace(time=0)}"
                if node.beside
                else "page"
                if kind == "data"
                else f"page, d{nodes[0]}"
            )
            name += f" via {nodes[1]}" if kind == "path" else ""
            name += {0: "", 1: ", updated"}.get(node.time, f", updated {node.time} times")
            found.setdefault(node.base, []).append(
                Note(name, f"{mark.claim.printed.text} {verdict.sign}", verdict.ground.light, mark.sentence)
            )
        for cause, mark in {mark.cause: mark for mark in reversed(self.marks) if mark.cause and mark.place}.items():
            found.setdefault(timed(mark.place).base, []).append(
                Note("slip", mark.mistake, VERDICTS[mark.verdict].ground.light, cause)
            )
        return found


def _told(group: Sequence[Mark], printed_at: str, carriers: int) -> str:
    first = group[0]
    quantities = [mark.claim.called for mark in group]
    tail = " One later number carries it on." if carriers else ""
    if carriers > 1:
        tail = f" {counted(carriers, 'later number')} carry it on."
    corrections = "; ".join(few([mark.correction for mark in group], MOST_LISTED, "{} more"))
    if first.cause:
        return f"{first.cause}{first.also}.{first.lines} {corrections}.{tail}"
    if first.verdict == "wrong" and len(group) > 1 and not first.why:
        return f"Nothing known explains {len(group)} numbers: {corrections}.{tail}"
    if first.fits:
        signs = [mark.claim.called for mark in group if mark.mistake]
        besides = f"; besides, the sign is wrong in {listed(signs, MOST_LISTED)}" if signs else ""
        values = listed(first.fits, MOST_LISTED)
        return (
            f"{listed(quantities, MOST_LISTED)} look like numbers from before an edit: "
            f"they fit together {values}{besides}.{tail}"
        )
    more = f" The same in {listed(quantities[1:], MOST_LISTED)}." if len(group) > 1 else ""
    if (whole := first.whole) is not None and more:
        more = f" The same in {len(group) - 1} more of its entries." if whole.fits else ""
    return first.sentence + printed_at + first.lines + more + tail
