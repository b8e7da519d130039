"""The search for causes: what is told as one slip, how unlikely by chance, and which number was used."""

import pytest

from autograd_tiny.formulas import read_formula
from autograd_tiny.marking.claims import read_claims
from autograd_tiny.marking.derivations import NamedGraph
from autograd_tiny.marking.diagnosis.search import Search
from autograd_tiny.marking.judging.numbers import Numbers, Source
from autograd_tiny.marking.marks import Mark
from autograd_tiny.marking.training.setting import setting


def rounds(mark, follows):
    return mark.claim.printed.rounds(follows.value)


def search(formula, at, verdicts, *, fits=rounds, chance=1e-6, given=(), efforts=None):
    """A search over claims with these verdicts; a stale one names what it fits, as "stale: h = 2".

    Args:
        formula: the page's.
        at: its inputs.
        verdicts: of the claims, by their lines.
        fits: whether a mark prints a number.
        chance: how likely any number would fit.
        given: printed numbers to go on with, and how far they may be off.
        efforts: of mistakes, by the places of their claims.
    """
    recorded = read_formula(formula).record(at)
    claims, _, derivations = setting(NamedGraph(recorded.output), read_claims([*verdicts, *given]), None)
    engine, page = Numbers(derivations), Numbers(derivations)
    every = [
        Mark(n, claim, engine.of(claim.quantity), *verdict.split(": ")[:1], fits=tuple(verdict.split(": ")[1:]))
        for n, (claim, verdict) in enumerate(zip(claims, [*verdicts.values(), *["right"] * len(given)]))
    ]
    marks = every[: len(verdicts)]
    for mark, radius in zip(every[len(marks) :], dict(given).values()):
        page.take(mark.claim.quantity, Source(mark, lambda _, radius=radius: radius))
    unexplained = [mark.number for mark in marks if mark.verdict in ("wrong", "stale")]
    return Search(engine, page, marks, unexplained, efforts or {}, fits, lambda mark, follows: chance)


def told(found):
    return [(x.cause.what, x.explains) for x, _ in found]


THREE = "a = 2*w; b = w + 1; c = w - 4; E = a*b*c"
USED = "w = 0.25 is used for 0.5"


@pytest.mark.parametrize(
    ("verdicts", "explained"),
    [
        ({"a = 0.5": "wrong", "b = 1.25": "wrong"}, (0, 1)),
        ({"a = 0.5": "wrong", "b = 1.25": "stale: w = 0.25"}, (0, 1)),
        ({"a = 0.5": "stale: w = 0.25", "b = 1.25": "stale: w = 0.25"}, ()),  # which is one story already
        ({"a = 0.5": "stale: w = 0.25", "b = 1.25": "stale: q = 7"}, (0, 1)),
        ({"a = 0.5": "wrong", "b = 1.25": "stale: q = 7", "c = 3": "stale: q = 7"}, ()),  # which would be torn apart
        ({"a = 0.5": "wrong", "b = 1.25": "stale: q = 7", "c = 3": "stale: p = 7"}, (0, 1)),
        ({"a = 0.5": "wrong", "b = 1.25": "wrong", "c = 3": "stale: q = 7"}, (0, 1)),
        ({"a = 0.5": "wrong"}, ()),
    ],
)
def test_another_value_is_told_of_numbers_that_have_no_story_yet(verdicts, explained):
    assert told(search(THREE, {"w": 0.5}, verdicts).best_values()) == [(USED, explained)] * bool(explained)


@pytest.mark.parametrize(
    ("against", "is_told"), [({"c = -3.5": "right"}, True), ({"c = -3.5": "right", "d = 2.5": "right"}, False)]
)
def test_another_value_explains_more_numbers_than_it_contradicts(against, is_told):
    verdicts = {"a = 0.5": "wrong", "b = 1.25": "wrong"} | against
    found = search(f"{THREE}; d = 5*w; F = E*d", {"w": 0.5}, verdicts).best_values()
    assert told(found) == [(USED, (0, 1))] * is_told


@pytest.mark.parametrize(("chance", "is_told"), [(0.0030, True), (0.0031, False)])
def test_every_value_and_both_ways_to_follow_are_tries(chance, is_told):
    """One input is turned to fit the first number or the second, and the other follows in two ways.

    4 tries by a chance of 0.0030 are less than 0.05 / 2.04², 2.04 being the effort of a number with four characters.
    """
    verdicts = {"a = 0.5": "wrong", "b = 1.25": "wrong"}
    assert told(search(THREE, {"w": 0.5}, verdicts, chance=chance).best_values()) == [(USED, (0, 1))] * is_told


@pytest.mark.parametrize(
    ("right", "used", "first", "second"),
    [
        ("3e-06", "0.000002", "4.000000e-12", "8e-18"),
        ("3", "2", "4.000000", "8"),
        ("3e+06", "2000000", "4.000000e12", "8e18"),
        ("0.2", "0.123456789012", "0.015241578753200", "0.00188"),  # nobody prints more digits than that
    ],
)
def test_the_number_that_was_used_is_found_whatever_its_size(right, used, first, second):
    at = {"w": float(right)}
    verdicts = {f"a = {first}": "wrong", f"b = {second}": "wrong"}
    found = search("a = w**2; b = w**3; E = a*b", at, verdicts).best_values()
    assert told(found) == [(f"w = {used} is used for {right}", (0, 1))]


def test_the_number_that_was_used_has_the_digits_that_it_takes():
    """0.123 would do for b, and not for a; 0.1234 and 0.1235 neither."""
    verdicts = {"a = 0.2469": "wrong", "b = 1.123": "wrong"}
    assert told(search(THREE, {"w": 0.5}, verdicts).best_values()) == [("w = 0.12345 is used for 0.5", (0, 1))]


def test_where_no_number_gives_what_is_printed_none_is_told():
    """No square is -1; that b would fit whatever is used, is no reason to name a number."""
    found = search(
        "a = w**2; b = w + 1; E = a*b",
        {"w": 0.5},
        {"a = -1": "wrong", "b = 9": "wrong"},
        fits=lambda mark, _: mark.number == 1,
    )
    assert told(found.best_values()) == []


@pytest.mark.parametrize(("radius", "is_told"), [(0.005, True), (0.003, False)])
def test_by_other_rules_a_number_is_as_sure_as_the_printed_ones_that_it_follows_from(radius, is_told):
    """Printed is h = 0.30, and gone on with is 0.304: 2(1 - 0.304), with the square forgotten."""

    def fits(mark, follows):
        return abs(follows.value - mark.claim.printed.number) <= follows.slack + 0.0005

    found = search(
        "h = tanh(z); E = 2*h", {"z": 0.3}, {"E/z = 1.392": "wrong"}, fits=fits, given={"h = 0.30": radius}
    ).best()
    assert told(found) == [("in the derivative of tanh, the square is forgotten", (0,))] * is_told
