"""Which mistake explains a number, by made-up ones: how likely one fits by chance, what else fits, what is near."""

import pytest

from autograd_tiny.formulas import read_formula
from autograd_tiny.marking.claims import read_claims
from autograd_tiny.marking.derivations import Derivations, NamedGraph
from autograd_tiny.marking.judging import explaining
from autograd_tiny.marking.judging.numbers import Numbers
from autograd_tiny.marking.marks import Mark
from autograd_tiny.marking.slips.editor import Edit
from autograd_tiny.symbols.expression import Expression

RIGHT = 0.5 * -50.0


class Within:
    """A number fits that is as near to the printed one as its rounding and what may be meant besides allow."""

    def __init__(self, slack):
        self._slack = slack

    def fits(self, claim, follows, slack=0.0):
        return abs(follows.value - claim.printed.number) <= 0.5 * claim.printed.unit + slack

    def slack(self, claim, follows):
        return self._slack


@pytest.fixture
def explained(monkeypatch):
    """What explains y = w*x, which is -25, if only certain mistakes are known: (number, effort, tries, what)."""

    def explained(lines, mistakes=(), *, slack=0.0, asked=False):
        graph = NamedGraph(read_formula("y = w*x").record({"w": 0.5, "x": -50.0}).output)
        known = [
            Edit("made up", Expression.constant(x), what, effort, tries=tries) for x, effort, tries, what in mistakes
        ]
        monkeypatch.setattr(explaining, "edits", lambda editor: known)
        monkeypatch.setattr(explaining, "double_edits", lambda editor: ())
        derivations, claims = Derivations(graph), read_claims(lines)
        numbers = Numbers(derivations)
        blank = Mark(len(claims) - 1, claims[-1], RIGHT, "")
        explainer = explaining.Explainer(numbers, Numbers(derivations), claims, Within(slack), asked=asked)
        found, _ = explainer.found(blank, derivations.derivation(blank.claim.quantity, ()), {}, [RIGHT])
        return found and (found.edit.what, found.alternatives)

    return explained


@pytest.mark.parametrize(
    ("effort", "most"), [(0.5, 20.0), (0.9, 11.1), (1.0, 10.0), (3.0, 10.0), (3.5, 2.85), (5.0, 2.0)]
)
def test_an_explanation_is_unlikely_by_chance_the_less_the_more_far_fetched_it_is(explained, effort, most):
    """1.5 of 30 numbers fit, so that half a number is expected to among ten."""
    for tries, is_told in ((most - 0.02, True), (most + 0.02, False)):
        told = explained(["y = 30"], [(30.0, effort, tries, "so")])
        assert told == (("so", ()) if is_told else None), tries


def test_all_that_are_as_likely_or_likelier_are_tries(explained):
    for effort, is_told in ((1.0, False), (2.0, False), (2.1, True)):
        told = explained(["y = 30"], [(30.0, 2.0, 5.0, "so"), (31.0, effort, 6.0, "otherwise")])
        assert told == (("so", ()) if is_told else None), effort


@pytest.mark.parametrize(("effort", "others"), [(2.0, ("a", "b")), (1.0, ("a",)), (0.5, ("a",))])
def test_other_explanations_are_hardly_more_far_fetched(explained, effort, others):
    known = [
        (30.0, 3.0, 1.0, "b"),
        (30.0, effort, 1.0, "so"),
        (30.0, 2.0, 1.0, "a"),
        (30.0, 3.1, 1.0, "c"),
        (30.0, 2.5, 1.0, "so"),
    ]
    assert explained(["y = 30.0000"], known) == ("so", others)


@pytest.mark.parametrize(
    ("printed", "number", "is_told"),
    [
        ("30", 15.0, True),
        ("30", 14.9, False),
        ("30", 60.0, True),
        ("30", 60.1, False),
        ("30", 32.0, True),
        ("30", -30.0, False),
    ],
)
def test_what_is_within_rounding_is_between_half_and_twice_the_printed_number(explained, printed, number, is_told):
    told = explained([f"y = {printed}"], [(number, 1.0, 0.1, "so")], slack=100.0)
    assert told == (("so", ()) if is_told else None)


@pytest.mark.parametrize(
    ("lines", "told", "to_a_student"),
    [
        (["y = -52"], "two digits of -25 have changed places", "two digits have changed places"),
        (["w = 0.7", "y = -35.00"], "0.7, a number printed before, is taken for w", None),
    ],
)
def test_an_answer_to_an_exercise_is_told_less_of(explained, lines, told, to_a_student):
    for asked, what in ((False, told), (True, to_a_student)):
        found = explained(lines, asked=asked)
        assert (found and found[0]) == what
