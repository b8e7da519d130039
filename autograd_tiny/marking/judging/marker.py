"""Mark published numbers: right, rounded, carried on from an earlier slip, or wrong, and by which mistake."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import copy
from functools import cached_property, partial
from itertools import chain, combinations, pairwise
from types import MappingProxyType

from autograd_tiny.calculus.changes import check_unchanged
from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.engine.refusals import data_of
from autograd_tiny.engine.value import Value
from autograd_tiny.marking.claims import Claim, read_input
from autograd_tiny.marking.derivations import Derivation, NamedGraph
from autograd_tiny.marking.diagnosis.array_formulas import ArrayFormulaJudge
from autograd_tiny.marking.diagnosis.formulas import formula_marked
from autograd_tiny.marking.diagnosis.telling import Findings, told_together
from autograd_tiny.marking.forms.arrays import is_of_arrays
from autograd_tiny.marking.forms.blanks import Unread, Written
from autograd_tiny.marking.forms.computed import Computed
from autograd_tiny.marking.forms.printed import Printed, read_back, read_number
from autograd_tiny.marking.forms.quantities import Quantity, data, derivative
from autograd_tiny.marking.forms.spoken import Words, divided
from autograd_tiny.marking.judging.explaining import PLAIN_SLIPS, Explainer
from autograd_tiny.marking.judging.numbers import STEPS, Follows, Number, Numbers, Source, noise_of
from autograd_tiny.marking.judging.precision import (
    SINGLE,
    Format,
    Precision,
    cut_to_digits,
    cut_to_places,
    to_digits,
    to_places,
    usual_form,
    with_bare_numbers,
)
from autograd_tiny.marking.judging.wholes import Array, Wholes
from autograd_tiny.marking.marks import FAITHFUL, SLIPS, Mark
from autograd_tiny.marking.report import Report
from autograd_tiny.marking.slips.mistakes import are_all_paths, over_printed_labels, over_printed_paths
from autograd_tiny.marking.training.program import Training
from autograd_tiny.marking.training.setting import setting
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.text.words import listed

MOST_BY_ROUNDING = 0.05
"""How likely a number may at most fit by chance, for the rounding of numbers that are not printed to excuse it:
stricter, since this excuses a number that is not what was worked out.
"""


Shorter = Callable[[int, float], float]
MOST_CHANGED = 0.2
"""Rounding that changes a number by a larger share of it leaves less than a digit."""
MOST_IN_PAIRS = 6
"""Of so many numbers before it that the page does not print, any two may have been rounded."""
MOST_DIGITS_OF_SINGLE = 9
"""So many digits tell any two numbers of single precision apart."""
TOO_FEW_DIGITS = "the numbers it is computed from are printed with too few digits to tell"
OFF_BY_ONE = "its last digit is one unit off, and nothing known explains that"
LIKELIER_THAN = 1.3
"""A last digit that is one unit off is likelier than mistakes that are more far-fetched than this."""
PLAIN = 1.2
"""What a mistake with no more effort makes of a formula, its name says."""
FAR = 3.0
"""What follows from the page's own numbers is told where it is so many units of the last digit from the engine's."""
FEWEST_DIGITS = 3
"""With fewer, one unit of the last digit is no small difference."""
MOST_IN_VAIN = 3
"""After so many entries of an array that nothing explains, together or one by one, the others are not looked at."""


class Marker:
    """Marks the claims of a page one after the other; what a claim prints is what later claims may build on.

    It is made for all sheets about the same quantities, and marks one of them: `of_sheet`.

    Args:
        graph: as it was recorded.
        claims: what is marked.
        training: how the page trains.
        inputs: what is known only as it was printed.
        asked: what a sheet of answers has a place for, in its order, of which the claims fill some.  A number is then
            taken to be computed from those asked for before it, answered or not, and by nothing that comes after it:
            neither how precisely the whole was worked out, nor whether it was edited.
        names: what formulas are called in the claims.
        formulas: formulas that other sheets claim, for `of_sheet`.
    """

    def __init__(
        self,
        graph: NamedGraph,
        claims: Sequence[Claim],
        training: Training | float | None,
        inputs: Mapping[str, str] = MappingProxyType({}),
        asked: Sequence[Quantity] = (),
        names: Mapping[str, str] = MappingProxyType({}),
        formulas: Sequence[Claim] = (),
    ) -> None:
        if not claims:
            raise ValueError("there is nothing to mark: the list of claims is empty")
        places = [Claim(quantity, read_number("0")) for quantity in asked]
        every, self.graph, self.derivations = setting(graph, [*claims, *formulas, *places], training, names)
        heard = len(claims) + len(formulas)
        self.claims, self.asked = every[: len(claims)], [claim.quantity for claim in every[heard:]]
        self._formulas = {claim.printed.text: claim.formula for claim in every[:heard] if claim.formula is not None}
        self.words = Words(self.graph.labels, names)
        check_unchanged(*graph.ends, done="the marks")
        self.engine = Numbers(self.derivations)
        self.noises: dict[Quantity, float] = {}
        self.inputs = inputs
        self.wholes = Wholes(self.graph)

    def _begin(self) -> None:
        """What is known before the first claim."""
        self.page, self.unrounded = Numbers(self.derivations), Numbers(self.derivations)
        self.wholes.begin()
        self.claims = [self.wholes.widened(claim) for claim in self.claims]
        if not self.asked:  # an exercise says how many digits it asks for
            self.claims = with_bare_numbers(self.claims)
        self.marks: list[Mark] = []
        self.misprinted: dict[Quantity, Value] = {}
        self.findings = Findings({}, {}, {})
        printed = [claim for claim in self.claims if not isinstance(claim.printed, (Unread, Computed))]
        values = [] if self.asked else [(claim, self.value(claim)) for claim in printed]
        self.precision = Precision(self.derivations, values)
        self.explainer = Explainer(self.engine, self.page, self.claims, self, asked=bool(self.asked))
        for label, text in self.inputs.items():
            self._take_input(label, text)

    def of_sheet(self, answers: Sequence[Printed] | None = None) -> Marker:
        """A marker of the claims, or of other answers about the same quantities; what all share is worked out once."""
        other = copy(self)
        if answers is not None:
            formulas = [
                self._formulas.get(printed.text) if isinstance(printed, Written) else None for printed in answers
            ]
            said = zip(self.claims, answers, formulas, strict=True)
            other.claims = [claim._replace(printed=printed, formula=formula) for claim, printed, formula in said]
        other._begin()
        return other

    def _take_input(self, label: str, text: str) -> None:
        """Take an input as it was printed: any number that rounds to that may have been gone on with."""
        node = self.graph.find(label)
        if node.op is not None:
            raise ValueError(
                f"inputs: {label} is computed by {node.op.name} and no input; claim it instead, {label} = {text}"
            )
        try:
            printed = read_input(text, self.claims, self.words)
        except ValueError as error:
            raise ValueError(f"inputs: {label}: {error}") from None
        if not (printed.rounds(node.data) or printed.cuts(node.data)):
            raise ValueError(
                f"inputs: {label} is {node.data!r} in the graph and {printed.text} in print; "
                "record it as it was printed"
            )
        self._take_given(data(label), printed, node.data, 0.5 * printed.unit)

    def value(self, claim: Claim) -> float:
        """The engine's number for a claim."""
        value: float = data_of(self.engine.of(claim.quantity))
        return value

    def marked(self) -> Iterator[Mark]:
        """The marks still to be made, each for itself; what explains several is looked for when all are made."""
        while (number := len(self.marks)) < len(self.claims):
            array = self.wholes.array_at(self.claims, number)
            if array is None:
                self._take(self._marked(number))
            else:
                self._mark_array(array)
            yield from self.marks[number:]

    def report(self) -> Report:
        """All claims, marked."""
        for _ in self.marked():
            pass
        if not self.asked:
            self._tell_arrays()
            told_together(self.engine, self.page, self.marks, self.findings, self)
        return Report(self.marks, self._remarks())

    def _tell_arrays(self) -> None:
        """Tell what was done to all entries of a printed array, where its entries, each for itself, do not say it."""
        for array in self.wholes.printed(self.claims):
            slips = [
                mark for mark in self.marks[array.first : array.first + len(array.claims)] if mark.verdict in SLIPS
            ]
            names = {mark.mistake for mark in slips}
            is_told = (
                len(names) == 1
                and names.isdisjoint(("", *PLAIN_SLIPS))
                and not any(mark.alternatives for mark in slips)
            )
            found = self.wholes.told(array) if slips and not is_told else None
            if found is not None:
                self.findings = self.findings.without({mark.number for mark in slips})
                for mark in slips:
                    blank = mark._replace(sources=(), alternatives=(), followed="")
                    self.marks[mark.number] = self.wholes.mistaken(blank, found)

    def _marked(self, number: int) -> Mark:
        """The mark of one claim.

        A quotient of two names in a formula is a derivative.  Where that is wrong, and the quotient of their numbers is
        right or the one does not depend on the other, the quotient was meant.
        """
        claim = self.claims[number]
        mark = self._marked_as(number, claim)
        if mark.verdict in ("right", "rounded", "unanswered"):
            return mark
        meant = claim
        if claim.formula is not None and isinstance(claim.printed, Written):
            meant = claim._replace(formula=divided(claim.formula, claim.printed.text))
        elif claim.quantity.kind == "formula":
            meant = claim._replace(quantity=divided(claim.quantity, claim.called) or claim.quantity)
        if meant == claim or (claim.formula is not None and meant.formula is None):
            return mark
        kept, self.findings = self.findings, self.findings.without((number,))
        again = self._marked_as(number, meant)
        read = (claim.formula or claim.quantity).every
        pairs = [pair for q in read if q.kind in ("derivative", "path") for pair in pairwise(q.nodes)]
        if again.verdict == "right" or not all(self.graph.depends(*pair) for pair in pairs):
            return again
        self.findings = kept
        return mark

    def _marked_as(self, number: int, claim: Claim) -> Mark:
        """The mark of one claim, as it is read."""
        if claim.formula is not None and (is_of_arrays(claim.quantity) or is_of_arrays(claim.formula)):
            return self._array_formulas.mark(Mark(number, claim, math.nan, "wrong"), claim.formula)
        value = self.value(claim)
        if isinstance(claim.printed, Written) and claim.formula is not None:
            return self._mark_formula(number, claim, claim.formula, value)
        if isinstance(claim.printed, Unread):
            return Mark(
                number, claim, value, "undecided" if claim.printed.fault else "unanswered", why=claim.printed.fault
            )
        if not math.isfinite(claim.printed.number):
            return Mark(number, claim, value, "wrong", why=f"it is {claim.printed.text}")
        self._take_numbers(claim.quantity)
        return self._mark(number, claim, value)

    @cached_property
    def _array_formulas(self) -> ArrayFormulaJudge:
        return ArrayFormulaJudge(self.derivations)

    def _mark_array(self, array: Array) -> None:
        """Mark the entries of an array: by what was done to all of them, or else one by one."""
        in_vain = 0
        for number, known in enumerate(self.wholes.marks(array), start=array.first):
            if isinstance(known, Mark):
                self._take(known)
            elif in_vain < MOST_IN_VAIN:
                self._take(self._marked(number))
                in_vain += self.marks[-1].verdict == "wrong"
            else:
                self._take(Mark(number, self.claims[number], known, "wrong"))

    def _take(self, mark: Mark) -> None:
        """Add a mark; what it is about is from now on known as it was claimed."""
        self.marks.append(mark)
        if not math.isfinite(mark.claim.printed.number):
            return
        self.page.take(mark.claim.quantity, Source(mark, self._radius), afresh=mark.verdict != "right")
        if mark.verdict not in FAITHFUL or mark.claim.quantity in self.unrounded.printed:
            self.unrounded.take(mark.claim.quantity, Source(mark, self._radius))
        if mark.verdict in SLIPS:
            self._take_misprint(mark)
        elif mark.verdict in FAITHFUL:  # from here on the right number is known as it is printed now
            self.misprinted.pop(mark.claim.quantity, None)

    def _remarks(self) -> list[str]:
        """How near numbers from code must be, where there are any."""
        shares = {claim.printed.tolerance for claim in self.claims if isinstance(claim.printed, Computed)}
        return (
            [f"Numbers from code are right to within {max(shares):.2g} of the largest number of their array."]
            if shares
            else []
        )

    def _known(self, quantity: Quantity) -> dict[Quantity, object]:
        """What a number may have been computed from: what is printed before it, or asked for."""
        before = self.asked[: self.asked.index(quantity)] if self.asked else ()
        return {**dict.fromkeys(before), **self.page.printed}

    def _mark_formula(self, number: int, claim: Claim, formula: Quantity, value: float) -> Mark:
        """The verdict on a formula; one with numbers in it may hold where these were put in, and nowhere else."""
        marked = formula_marked(Mark(number, claim, value, "wrong"), formula, self.derivations)
        has_numbers = any(part.kind == "number" for part in formula.every) or not formula.names
        if marked.verdict != "right" and has_numbers:
            self._take_numbers(formula, rounded=True)
            with suppress(ArithmeticError, ValueError):
                put_in = self.page.follow(self.page.evaluate(self.derivations.variable(formula)))
                noise = self._rounding_errors(claim.quantity, value)
                if abs(put_in.value - value) <= put_in.slack + noise:
                    return marked._replace(
                        verdict="right", mistake="", why="with its numbers it holds at the page's inputs"
                    )
                derivation = self.derivations.derivation(claim.quantity, self.page.printed)
                by_page = self.page.follow(self.page.evaluate(derivation.root))
                as_number = marked._replace(claim=claim._replace(printed=read_back(f"{put_in.value:.12e}")))
                slips = self._slips(by_page, as_number)
                if slips and abs(put_in.value - by_page.value) <= put_in.slack + by_page.slack + noise:
                    why = f"its numbers follow from {self._printed(slips)}"
                    return marked._replace(verdict="carried", mistake="", sources=slips, why=why)
        return marked

    def _take_numbers(self, quantity: Quantity, *, rounded: bool = False) -> None:
        """Take decimal numbers in a formula as printed: each may be the short form of another number of the page.

        Args:
            quantity: the formula.
            rounded: whether a number with at least three digits may be the short form of any number.
        """
        for part in (part for part in quantity.every if part.kind == "number"):
            printed, exact = read_back(part.text), float(part.text)
            values = [x for mark in self.marks for x in (mark.value, mark.claim.printed.number)]
            values += [node.data for node in self.graph.labels.values()]
            # Its sign stands before it.
            near = [abs(abs(x) - exact) for x in values if printed.rounds(abs(x)) or printed.cuts(abs(x))]
            near += [0.5 * printed.unit] * (rounded and printed.digits >= 3)
            is_input = any(abs(node.data) == exact for node in self.graph.labels.values() if node.op is None)
            self._take_given(part, printed, exact, 0.0 if is_input else max(near, default=0.0))

    def _take_given(self, quantity: Quantity, printed: Printed, value: float, radius: float) -> None:
        given = Mark(-1, Claim(quantity, printed), value, "right")
        self.page.take(quantity, Source(given, lambda _: radius))

    def _take_misprint(self, mark: Mark) -> None:
        """A wrong number may be so in print only: remember the right one, unless the page has it with more digits."""
        if not math.isfinite(mark.value):
            return
        right = mark._replace(claim=mark.claim._replace(printed=read_back(mark.right)), verdict="right")
        before = [
            m.claim.printed for m in self.marks if m.claim.quantity == mark.claim.quantity and m.verdict in FAITHFUL
        ]
        if not any(right.claim.printed.shortens(x) for x in before):
            self.misprinted[mark.claim.quantity] = self.page.value_of(Source(right, self._radius))

    def _radius(self, mark: Mark) -> float:
        """How far the number that the author went on with may be from the one that was printed.

        It may have had more digits: those of the engine, those that follow from the page, or, after a mistake, any.
        """
        printed = mark.claim.printed
        if mark.verdict in SLIPS:
            return printed.unit
        by_page = 0.0
        if (step := self.derivations.step_from(mark.claim.quantity, self.page.printed)) is not None:
            with suppress(ArithmeticError, ValueError):
                follows = self.page.follow(self.page.evaluate(step))
                by_page = min(printed.unit, abs(follows.value - printed.number) + follows.slack)
        return by_page if mark.verdict == "carried" else max(by_page, abs(mark.value - printed.number))

    def _mark(self, number: int, claim: Claim, value: float) -> Mark:
        printed = claim.printed
        blank = Mark(number, claim, value, "wrong")
        if printed.rounds(value) and not printed.leaves_off:  # as most are, whatever rounding errors might add
            return blank._replace(verdict="right")
        noise = self._noise(claim, value)
        if printed.states(value, noise=noise):
            why = (
                ""
                if self.precision.format is None or printed.states(value)
                else f"as {self.precision.format.name} precision gives it"
            )
            return blank._replace(verdict="right", why=why)
        if printed.rounds(value, noise=noise):
            return blank._replace(verdict="rounded", why="it is rounded, where its dots say that digits are left off")
        if printed.cuts(value, noise=noise):
            return blank._replace(verdict="rounded", why="digits are cut off")
        if around := self._other_way_round(claim.quantity):
            return blank._replace(why=around)
        derivation = self.derivations.derivation(claim.quantity, self._known(claim.quantity))
        ways = list(self._ways(derivation))
        for loose in (False, True):  # what fits exactly says more than what fits within the rounding of other numbers
            for way, follows in ways:
                if self.fits(claim, follows, follows.slack if loose else 0.0):
                    return self._followed(blank, way, follows)
        followed = [value, *(follows.value for _, follows in ways)]
        if self.precision.single.gives(claim, followed, alone=self._has_further_digits(claim, value)):
            return blank._replace(verdict="right", why="as single precision gives it")
        if why := self.precision.rounded(claim):
            return blank._replace(verdict="rounded", why=why)
        for why, follows in self._less_exactly(
            blank, derivation, [self.engine.follow(value), *(follows for _, follows in ways)]
        ):
            mark = self._followed(blank, "follows from", follows)
            return mark._replace(why=why) if mark.verdict == "rounded" else mark
        return self._explained(blank, derivation, [follows for _, follows in ways])

    def _noise(self, claim: Claim, value: float) -> float | None:
        """The most that rounding errors may have moved a number that is to be this claim's, where that might decide."""
        narrow = self.precision.format
        if narrow is not None and any(narrow.has(claim.printed, cut=cut) for cut in (False, True)):
            return self._errors_in(narrow, claim.quantity, value)
        return self._rounding_errors(claim.quantity, value) if claim.printed.is_near_an_edge(value) else None

    def _errors_in(self, narrow: Format, quantity: Quantity, value: float) -> float:
        """The most that rounding in a narrower format, also below its normal numbers, may have moved a number."""
        errors = self._rounding_errors(quantity, value) * 2.0 ** (sys.float_info.mant_dig - narrow.bits)
        return max(errors, STEPS * narrow.spacing(value)) if math.isfinite(value) else errors

    def _rounding_errors(self, quantity: Quantity, value: float) -> float:
        """The most that rounding errors may have moved a number for this quantity."""
        if quantity not in self.noises:
            self.noises[quantity] = 0.0
            with suppress(ArithmeticError, ValueError):  # where there are no finite derivatives
                self.noises[quantity] = noise_of(self._recorded.of(quantity))
        return max(self.noises[quantity], noise_of(value))

    @cached_property
    def _recorded(self) -> Numbers:
        return Numbers(self.derivations, recorded=True)

    def fits(self, claim: Claim, follows: Follows, slack: float = 0.0) -> bool:
        """Whether a number, known to within ``slack``, may have been printed as in this claim, rounded or cut off."""
        noise = self._noise(claim, follows.value)
        return claim.printed.rounds(follows.value, slack, noise) or claim.printed.cuts(follows.value, slack, noise)

    def slack(self, claim: Claim, follows: Follows) -> float:
        """How far the number that a mistake gave may be from what follows.

        The printed numbers that it follows from were rounded; and where more digits are printed than single precision
        has, a part of the work may have been done in that.
        """
        has_more = claim.printed.digits > MOST_DIGITS_OF_SINGLE
        return follows.slack + (self._errors_in(SINGLE, claim.quantity, follows.value) if has_more else 0.0)

    def _ways(self, derivation: Derivation) -> Iterator[tuple[str, Follows]]:
        """What the number is by what was printed before: by its formula, or because it was printed itself."""
        quantity = derivation.quantity
        others = chain(
            self._from_the_output(quantity), self._over_printed_paths(quantity), self._over_printed_labels(derivation)
        )
        for root in (derivation.root, *others):
            for follows in self._numbers(root):
                yield "follows from", follows
        if self.unrounded.printed:  # as of an author who rounds nothing on the way
            with suppress(ArithmeticError, ValueError):
                yield "follows from", self.unrounded.follow(self.unrounded.evaluate(derivation.root))
        for before in (*self.page.earlier.get(quantity, ()), self.page.printed.get(quantity)):
            if before is not None:
                yield "repeats", self.page.follow(before)

    def _from_the_output(self, quantity: Quantity) -> Iterator[Expression]:
        """A derivative by the chain rule from its other end, where some of what that needs was printed."""
        if quantity.kind == "derivative":
            of, by = quantity.nodes
            if any(derivative(x, by) in self.page.printed for x in self.derivations.operands_towards(of, by)):
                yield self.derivations.from_the_output(of, by)

    def _over_printed_paths(self, quantity: Quantity) -> Iterator[Expression]:
        """A derivative as the sum over all of its paths, where these are known and some of them were printed."""
        found = over_printed_paths(self.derivations, quantity, self._known(quantity))
        is_used = found is not None and any(path in self.page.printed for path in found[1])
        if found is not None and is_used and are_all_paths(self.engine, quantity, found[0]):
            yield found[0]

    def _over_printed_labels(self, derivation: Derivation) -> Iterator[Expression]:
        """A derivative by way of derivatives of labelled nodes that were printed, and that its formula does not use."""
        found = over_printed_labels(self.derivations, derivation, self._known(derivation.quantity))
        if found is not None and any(x in self.page.printed for x in found[1]):
            yield found[0]

    def _numbers(self, root: Expression) -> Iterator[Follows]:
        """The page's number for a formula; without derivatives where there are none, as at the root of a printed 0.

        Where there is no number, either, as of the logarithm of 0.00, what is printed so is taken as the engine has it.

        Where a quantity was printed more than once, also with what was printed first; where one is wrong, also with the
        right number in its place, since it may be wrong in print only.
        """
        choices: list[dict[Quantity, Number]] = [{}]
        quantities = [q for x in all_nodes(root) if (q := self.derivations.quantities.get(x)) is not None]
        choices += [{q: before} for q in quantities for before in self.page.earlier.get(q, ())]
        if misprinted := {q: self.misprinted[q] for q in quantities if q in self.misprinted}:
            choices.append(dict(misprinted))
        for choice in choices:
            with suppress(ArithmeticError, ValueError):
                yield self.page.follow(self.page.evaluate(root, choice))
                continue
            with suppress(ArithmeticError, ValueError):
                zeros = {q: data_of(self.engine.of(q)) for q in quantities if self._is_printed_as_0(q)}
                yield self.page.follow(self.page.evaluate(root, {**zeros, **choice}), of_page=False)
            with suppress(ArithmeticError, ValueError):
                if not choice:
                    yield self.page.follow_formula(root, {})

    def _less_exactly(
        self, blank: Mark, derivation: Derivation, followed: Sequence[Follows]
    ) -> Iterator[tuple[str, Follows]]:
        """What going on with unrounded numbers, in single precision or with rounded ones may give; and why."""
        claim = blank.claim
        with suppress(ArithmeticError, ValueError):
            follows = self.page.follow(self.page.evaluate(derivation.root, self._unrounded(derivation)))
            if any(self.fits(claim, follows, slack) for slack in (0.0, follows.slack)):
                yield "it follows from rounded numbers", follows
        for follows in followed:
            of_single = self._errors_in(SINGLE, claim.quantity, follows.value)
            if self.precision.cuts_below(claim, follows.value, follows.slack + of_single):
                yield "digits are cut off, as single precision gives them", follows
            elif self.precision.single.may_give(claim, follows.value, of_single, follows.slack):
                yield "single precision may give it", follows
        yield from self._from_rounded(blank, derivation)

    def _is_printed_as_0(self, quantity: Quantity) -> bool:
        return quantity in self.page.printed and data_of(self.page.printed[quantity]) == 0.0

    def _unrounded(self, derivation: Derivation) -> dict[Quantity, Number]:
        """Printed numbers a formula needs, as they follow from earlier ones: an author may have gone on with these.

        The derivatives by which rounding is estimated are those at the printed numbers, which have few digits where
        they are small.
        """
        found: dict[Quantity, Number] = {}
        for quantity in derivation.parts.values():
            step = self.derivations.step_from(quantity, self.page.printed) if quantity in self.page.printed else None
            if step is not None:
                found[quantity] = self.page.evaluate(step)
        return found

    def _from_rounded(self, blank: Mark, derivation: Derivation) -> list[tuple[str, Follows]]:
        """The number, had the author rounded numbers before it that the page does not print, or cut digits off.

        They are taken to have as many digits as the page prints.  None if it does not fit; where that fits many
        numbers, so that it would fit a wrong one by chance; and where the right number ends with the printed digits, as
        it then needs no rounding.  Nobody works an exercise out by cutting digits off.
        """
        if not self._has_further_digits(blank.claim, blank.value):
            return []
        ways = [(False, to_places, to_digits)]
        if not self.asked:
            ways.append((True, cut_to_places, cut_to_digits))
        tried = [self._made_shorter(blank, derivation, *way) for way in ways]
        return next(filter(None, tried), [])

    def _made_shorter(
        self, blank: Mark, derivation: Derivation, cuts: bool, by_places: Shorter, by_digits: Shorter
    ) -> list[tuple[str, Follows]]:
        printed, value = blank.claim.printed, blank.value
        parts = {
            part: quantity
            for part, quantity in derivation.parts.items()
            if part is not derivation.root
            and quantity not in self.page.printed
            and self.derivations.step(quantity) is not None
        }
        found: dict[float, tuple[str, Follows]] = {}
        labelled = [part for part, quantity in parts.items() if self.derivations.is_labelled(quantity)]
        pairs = list(combinations(labelled, 2)) if len(labelled) <= MOST_IN_PAIRS else []
        for shorter in self._roundings(printed, by_places, by_digits):
            for chosen in (list(parts), *([part] for part in parts), *pairs):
                with suppress(ArithmeticError, ValueError):
                    follows = self.page.follow(
                        self.page.evaluate(derivation.root, rounded=dict.fromkeys(chosen, shorter))
                    )
                    shown = [str(parts[part]) for part in chosen if self.derivations.is_labelled(parts[part])]
                    what = (
                        f"{shown[0]}, which was rounded and is"
                        if len(chosen) == 1 and shown
                        else "rounded numbers that are"
                    )
                    found.setdefault(follows.value, (f"it follows from {what} not printed", follows))
        largest = max(abs(printed.number), abs(value), printed.unit)
        others = [x for x in found if printed.like(x) != printed.like(value)]
        if len({printed.like(x) for x in others}) * printed.unit / largest > MOST_BY_ROUNDING:
            return []
        prints = printed.cuts if cuts else printed.rounds
        return [found[x] for x in others if prints(x, noise=self._noise(blank.claim, x))]

    def _has_further_digits(self, claim: Claim, value: float) -> bool:
        """Whether printing a number takes digits away."""
        if not math.isfinite(value):
            return False
        further = abs(math.remainder(value, claim.printed.unit))
        return further >= 1e-3 * claim.printed.unit or further > self._rounding_errors(claim.quantity, value)

    def _roundings(
        self, printed: Printed, by_places: Shorter, by_digits: Shorter
    ) -> list[Callable[[float], float]]:
        """To as many decimal places, and as many digits, as this number has and as most numbers on the page have."""
        places, digits = usual_form(self.claims)
        ways = [(by_places, k) for k in {printed.decimals, places}] + [(by_digits, k) for k in {printed.digits, digits}]
        return [partial(_slightly, partial(shorter, k)) for shorter, k in ways]

    def _followed(self, blank: Mark, way: str, follows: Follows) -> Mark:
        claim = blank.claim
        if not follows.has_slopes:
            return blank._replace(verdict="undecided", why=TOO_FEW_DIGITS)
        if slips := self._slips(follows, blank):
            return blank._replace(verdict="carried", sources=slips, why=f"it {way} {self._printed(slips)}")
        # A number that may be off by half of itself fits what is twice as large as well as what was meant.
        if follows.slack > 0.5 * max(abs(follows.value), abs(blank.value)):
            return blank._replace(verdict="undecided", why=TOO_FEW_DIGITS)
        cut = "" if claim.printed.rounds(follows.value, follows.slack) else ", with digits cut off"
        return blank._replace(verdict="rounded", why=f"it follows from rounded numbers{cut}")

    def _slips(self, follows: Follows, blank: Mark) -> tuple[int, ...]:
        """The wrong claims that a number depends on, as far as they matter, in the order of the page."""
        least = 0.5 * blank.claim.printed.unit  # what moves a number less than rounding does is not what made it wrong
        return tuple(sorted(mark.number for mark in follows.wrong_ones(least)))

    def _printed(self, claims: Iterable[int]) -> str:
        shown = [f"{self.claims[i].called} = {self.claims[i].printed.text}" for i in claims]
        return f"{listed(shown, 3)}, which {'is' if len(shown) == 1 else 'are'} wrong"

    def _explained(self, blank: Mark, derivation: Derivation, ways: Sequence[Follows]) -> Mark:
        blank = blank._replace(
            formula=f"{blank.claim.called} = {self.derivations.written(derivation.root)}",
            by_page=self._by_page(blank, derivation),
        )
        values = [blank.value, *(follows.value for follows in ways)]
        found, by_chance = self.explainer.found(blank, derivation, self._known(derivation.quantity), values)
        if found is None or found.edit.effort > LIKELIER_THAN:
            if self._is_last_digit(blank.claim, [blank.value, *(x.value for x in ways if not self._slips(x, blank))]):
                return blank._replace(verdict="last digit", why=OFF_BY_ONE)
            for follows in ways:
                if (slips := self._slips(follows, blank)) and self._is_last_digit(blank.claim, [follows.value]):
                    why = f"it follows from {self._printed(slips)}, but for one unit of its last digit"
                    return blank._replace(verdict="carried", sources=slips, why=why, formula="", by_page="")
        # As on a divisor that is printed as 0.000.
        is_worked_out = any(follows.of_page for follows in ways)
        if found is None and not is_worked_out and self._is_built_on_right_ones(blank, derivation):
            return blank._replace(verdict="undecided", why=TOO_FEW_DIGITS)
        self.findings.by_chance[blank.number] = by_chance
        if found is None:
            if not isinstance(blank.claim.printed, Computed):  # no program goes on with numbers of before an edit
                self.findings.unexplained[blank.number] = derivation
            return blank._replace(why=self._independence(blank.claim.quantity))
        edit, follows, alternatives = found
        if not isinstance(blank.claim.printed, Computed):
            self.findings.efforts[blank.number] = edit.effort
        slips = self._slips(follows, blank)
        already = f"; and it builds on {self._printed(slips)}" if slips else ""
        line = (
            f"{blank.claim.called} = {self.derivations.written(edit.root, derivation.root)}"
            if edit.effort > PLAIN and edit.root.op is not None
            else ""
        )
        blank = blank._replace(verdict="mistake", mistake=edit.mistake, why=edit.what + already, sources=slips)
        return blank._replace(alternatives=alternatives, followed=line)

    def _is_built_on_right_ones(self, blank: Mark, derivation: Derivation) -> bool:
        """Whether there is such a number, and it is computed from printed ones, none of which is wrong."""
        verdicts = [mark.verdict for mark in self.marks if mark.claim.quantity in derivation.parts.values()]
        return bool(verdicts) and math.isfinite(blank.value) and all(verdict in FAITHFUL for verdict in verdicts)

    def _by_page(self, blank: Mark, derivation: Derivation) -> str:
        """What follows from the page's own numbers, where that differs in print from the engine's number."""
        with suppress(ArithmeticError, ValueError):
            value = data_of(self.page.evaluate(derivation.root))
            if math.isfinite(value) and abs(value - blank.value) > FAR * blank.claim.printed.unit:
                return blank.claim.printed.beside(value)
        return ""

    def _is_last_digit(self, claim: Claim, values: Iterable[float]) -> bool:
        """Whether a number is a unit off in its last digit, from one of these, which have digits after that."""
        printed = claim.printed
        if isinstance(printed, Computed):  # which has no last digit, but a tolerance
            return False
        return printed.digits >= FEWEST_DIGITS and any(
            abs(value - printed.number) <= 1.5 * printed.unit and self._has_further_digits(claim, value)
            for value in values
        )

    def _other_way_round(self, quantity: Quantity) -> str:
        """That a derivative is claimed the wrong way round, if it is: nothing is computed from its own result."""
        pairs = list(pairwise(quantity.nodes))
        if not pairs or not all(of != by and self.graph.depends(by, of) for of, by in pairs):
            return ""
        first, last = quantity.nodes[0], quantity.nodes[-1]
        return f"did you mean {'/'.join(reversed(quantity.nodes))}? {first} does not depend on {last}"

    def _independence(self, quantity: Quantity) -> str:
        """Which of its nodes does not depend on the next one, if that is why a derivative is 0."""
        for of, by in pairwise(quantity.nodes):
            if not self.graph.depends(of, by):
                return f"{of} does not depend on {by}"
        return ""


def _slightly(shorter: Callable[[float], float], x: float) -> float:
    """A number made shorter, unless there is little left of it: nobody goes on with 0.1 for 0.067.

    Raises:
        ValueError: there is.
    """
    found = shorter(x)
    if abs(found - x) > MOST_CHANGED * abs(x):
        raise ValueError(f"{found!r} is no short form of {x!r}")
    return found
