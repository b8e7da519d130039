"""What is told of several numbers together: what fits a cause, what is excused, which names are taken back."""

import pytest

from autograd_tiny.formulas import read_formula
from autograd_tiny.marking.claims import read_claims
from autograd_tiny.marking.derivations import Derivations, NamedGraph
from autograd_tiny.marking.diagnosis import telling
from autograd_tiny.marking.diagnosis.telling import Findings, told_together
from autograd_tiny.marking.forms.quantities import data
from autograd_tiny.marking.judging.numbers import Numbers, Source
from autograd_tiny.marking.judging.stale import Implied, Story
from autograd_tiny.marking.marks import Mark

BROUGHT_DOWN = "in the derivative of power, the exponent is not brought down"


class Reading:
    """Fits only where something may be off, and then by a tenth."""

    def __init__(self, off=0.0):
        self._off = off

    def fits(self, claim, follows, slack=0.0):
        return slack > 0.0 and abs(follows.value - claim.printed.number) <= 0.1

    def slack(self, claim, follows):
        return self._off


def told(formula, at, rows, *, efforts=(), by_chance=(), off=0.0):
    """The marks after all is told, and the findings, of rows: a claim, its verdict, what else is known of its mark."""
    derivations = Derivations(NamedGraph(read_formula(formula).record(at).output))
    engine = Numbers(derivations)
    claims = read_claims([line for line, *_ in rows])
    marks = [
        Mark(n, claim, engine.of(claim.quantity), verdict, **(more[0] if more else {}))
        for n, (claim, (_, verdict, *more)) in enumerate(zip(claims, rows))
    ]
    unexplained = {
        mark.number: derivations.derivation(mark.claim.quantity, ()) for mark in marks if mark.verdict == "wrong"
    }
    findings = Findings(unexplained, dict(efforts), dict(by_chance))
    page = Numbers(derivations)
    for mark in marks:
        if mark.verdict == "right":
            page.take(mark.claim.quantity, Source(mark, lambda _: 0.0))
    told_together(engine, page, marks, findings, Reading(off))
    return marks, findings


@pytest.mark.parametrize(
    ("printed", "off", "is_told"),
    [
        ("128.000000000003", 0.0, True),  # rounding errors of some hundred operations
        ("128.00000000005", 0.0, False),
        ("128.05", 0.0, False),
        ("128.05", 0.01, True),
        ("128.05", 0.0101, False),
    ],
)
def test_a_number_is_that_of_a_cause_if_it_is_the_same_or_surely_near(printed, off, is_told):
    """By z⁸ with the exponent not brought down, ∂E/∂z is z⁷, which is 128; it may be off by a share of that."""
    (mark, *_), findings = told("E = z**8", {"z": 2.0}, [(f"E/z = {printed}", "wrong")], off=off * 128.0)
    assert (mark.why == BROUGHT_DOWN) == is_told
    assert mark.verdict == ("mistake" if is_told else "wrong")
    assert list(findings.unexplained) == ([] if is_told else [0])


@pytest.mark.parametrize(
    ("named", "wrong", "taken_back"),
    [
        ([(1.0, 0.2)], [0.4], [0]),
        ([(1.0, 0.2)], [0.2], []),  # 0.4 names are expected to be false, of one
        ([(1.0, 0.2)], [None], []),
        ([(1.0, 9.0)], [], []),  # counts for a half at most
        ([(1.0, 9.0)], [0.1], [0]),
        ([(0.7, 0.2)], [0.4], []),  # is so common that it keeps its name
        ([(0.8, 0.2)], [0.4], [0]),
        ([(1.0, 0.04)], [0.4, 0.5], [0]),  # three numbers, by 0.04 each
        ([(1.0, 0.03)], [0.4, 0.5], []),
        ([(1.0, 0.6), (1.0, 0.04), (1.0, 0.7)], [0.5, 0.5], [0, 1, 2]),
        ([(1.0, 0.6), (1.0, 0.01), (1.0, 0.7)], [0.5, 0.5], [0, 2]),
    ],
)
def test_names_are_taken_back_where_as_many_would_be_got_by_chance(named, wrong, taken_back):
    rows = [("y = 7", "mistake", {"mistake": "sign", "why": "so"})] * len(named) + [("y = 9", "wrong")] * len(wrong)
    by_chance = {n: x for n, x in enumerate([*(x for _, x in named), *wrong]) if x is not None}
    efforts = enumerate(effort for effort, _ in named)
    marks, _ = told("y = w + 1", {"w": 3.0}, rows, efforts=efforts, by_chance=by_chance)
    back = [m.number for m in marks[: len(named)] if (m.verdict, m.mistake, m.why) != ("mistake", "sign", "so")]
    assert back == taken_back
    assert {(marks[n].verdict, marks[n].mistake, marks[n].why) for n in back} <= {
        ("wrong", "", "so few digits fit several known mistakes by chance")
    }


def test_another_value_was_used_though_what_follows_from_it_is_printed_right(monkeypatch):
    """Which value that would be, the engine says: a number that is printed does not follow any value."""
    monkeypatch.setattr(telling, "stories", lambda unexplained, page: [])
    rows = [("q = 3", "right"), ("a = 1.7500", "wrong"), ("b = 2.7500", "wrong")]
    marks, _ = told("q = 3*w; a = q + 1; b = q + 2; c = a*b", {"w": 1.0}, rows)
    assert [m.why for m in marks] == ["", *["w = 0.25 is used for 1"] * 2]


def test_what_has_a_cause_keeps_its_name():
    rows = [("y = 7", "mistake", {"mistake": "sign", "why": "so", "cause": "everywhere"}), ("y = 9", "wrong")]
    marks, _ = told("y = w + 1", {"w": 3.0}, rows, efforts={0: 1.0}, by_chance={0: 0.2, 1: 0.5})
    assert marks[0].mistake == "sign"


def test_what_is_rounded_in_print_is_excused_with_all_that_carries_it_on(monkeypatch):
    implied = [Implied(n, data("q"), 2.995, 3.005, 1.0) for n in (1, 2)]
    monkeypatch.setattr(telling, "stories", lambda unexplained, page: [Story(tuple(implied))])
    carried = [("c = 5", "carried", {"sources": sources}) for sources in ((1,), (3, 2), (4, 0))]
    rows = [("q = 3", "right"), ("a = 5", "wrong"), ("b = 5", "wrong"), *carried]
    marks, _ = told("q = 3*w; a = q + 1; b = q + 2; c = a*b", {"w": 1.0}, rows)
    assert [m.verdict for m in marks] == ["right", "rounded", "rounded", "rounded", "rounded", "carried"]
    assert marks[4].why == "it follows from q = 3, rounded in print"
