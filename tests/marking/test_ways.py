"""The ways in which a number may follow from what was printed before it."""

import math

import pytest

from autograd_tiny import mark
from autograd_tiny.engine.refusals import data_of
from autograd_tiny.formulas import read_formula
from autograd_tiny.marking.claims import read_claim
from autograd_tiny.marking.derivations import Derivations, NamedGraph
from autograd_tiny.marking.forms.quantities import read_quantity
from autograd_tiny.marking.judging.numbers import Numbers, Source
from autograd_tiny.marking.marks import Mark

NEURON = "z = w*x; a = tanh(z); E = (a - t)**2 / 2"
AT = {"w": 0.31, "x": 1.7, "t": 0.9}  # z = 0.527
TWO = "z = w*x; E1 = z**2; E2 = sin(z); E = E1 + E2"
TWO_AT = {"w": 0.31, "x": 1.7}


def marks(formula, at, *claims):
    return mark(read_formula(formula).record(at).output, claims, learning_rate=0.1).marks


def test_a_wrong_number_that_is_repeated():
    first, second = marks(NEURON, AT, "a = 0.77731", "a = 0.77731")
    assert (first.verdict, second.verdict, second.sources) == ("wrong", "carried", (0,))
    assert second.why == "it repeats a = 0.77731, which is wrong"


def test_a_wrong_number_that_is_repeated_after_another():
    found = marks(NEURON, AT, "a = 0.77731", "a = 0.61129", "a = 0.77731")
    assert [m.verdict for m in found] == ["wrong", "wrong", "carried"]
    assert found[2].sources == (0,)


def test_a_repeated_number_with_fewer_digits():
    assert [m.verdict for m in marks(NEURON, AT, "a = 0.77731", "a = 0.777")] == ["wrong", "carried"]


def test_what_follows_from_the_first_of_two_prints():
    slope = 1 - 0.77731**2
    found = marks(NEURON, AT, "a = 0.77731", "a = 0.48308", f"a/z = {slope:.5f}")
    assert [m.verdict for m in found] == ["wrong", "right", "carried"]
    assert found[2].sources == (0,)


def test_what_follows_from_the_right_number_behind_a_misprint():
    """z was misprinted, and what follows is computed from 0.53, its right number rounded: neither wrong nor carried."""
    a = f"{math.tanh(0.53):.5f}"
    assert a != f"{math.tanh(0.527):.5f}"
    found = marks(NEURON, AT, "z = 0.73", f"a = {a}")
    assert [m.verdict for m in found] == ["mistake" if found[0].mistake else "wrong", "rounded"]


@pytest.mark.parametrize("printed_first", ["E1/z", "E2/z"])
def test_a_sum_of_derivatives_of_which_one_was_printed_wrong(printed_first):
    """The chain rule from its other end: with only one of the two terms printed, wrong, and the other from the engine."""
    z = 0.31 * 1.7
    slopes = {"E1/z": 2 * z, "E2/z": math.cos(z)}
    wrong = slopes[printed_first] + 0.2113
    whole = sum(slopes.values()) + 0.2113
    found = marks(TWO, TWO_AT, f"{printed_first} = {wrong:.5f}", f"E/z = {whole:.5f}")
    assert [m.verdict for m in found] == ["wrong", "carried"]
    assert found[1].sources == (0,)


def test_the_derivatives_of_all_terms_were_printed():
    z = 0.31 * 1.7
    first, second = 2 * z * 1.7 + 0.0517, math.cos(z) * 1.7 - 0.1229
    found = marks(TWO, TWO_AT, f"E1/w = {first:.5f}", f"E2/w = {second:.5f}", f"E/w = {first + second:.5f}")
    assert [m.verdict for m in found] == ["wrong", "wrong", "carried"]
    assert sorted(found[2].sources) == [0, 1]


def test_an_update_follows_from_its_wrong_gradient():
    found = marks(NEURON, AT, "E/w = -0.66213", f"w' = {0.31 + 0.066213:.5f}")
    assert [m.verdict for m in found] == ["wrong", "carried"]


def test_a_path_follows_from_its_wrong_factors():
    found = marks(NEURON, AT, "a/z = 0.66213", f"a/z/w = {0.66213 * 1.7:.5f}")
    assert [m.verdict for m in found] == ["wrong", "carried"]


def test_what_fits_exactly_is_preferred_to_what_fits_within_rounding():
    """a/z is 1 - 0.60² exactly, and within the rounding of a = 0.48 nothing else."""
    found = marks(NEURON, AT, "a = 0.60", "a = 0.48", "a/z = 0.6400")
    assert found[2].verdict == "carried"
    assert found[2].sources == (0,)


def test_slips_that_hardly_matter_are_no_sources():
    """b is wrong by a unit that moves y far less than y's last digit."""
    found = marks("y = a + 0.001*b", {"a": 0.5172, "b": 0.3333}, "b = 0.3334", "y = 0.51")
    assert found[1].verdict == "rounded"
    assert found[1].why == "digits are cut off"


PATHS = "h1 = w*x; h2 = w*t; E = h1**2 + h2*h1"
DIAGONAL = ", those through the diagonal of the softmax's derivatives"
SOFTMAX = "z1 = w*x; z2 = sin(w); z3 = w**2; p1, p2, p3 = softmax(z1, z2, z3); E = p1**2 - ln(p2) + p3*p1"
PATHS_AT = {"w": 0.53, "x": 1.27, "t": 0.71}  # by h1 2.1876, by h2 0.4779


@pytest.mark.parametrize(("first", "total", "verdicts"), [
    ("2.1876", "2.6655", ["right", "right", "right"]),
    ("2.1877", "2.6656", ["last digit", "right", "rounded"]),
    ("-2.1876", "-1.7097", ["mistake", "right", "carried"]),
    ("2.6143", "3.0922", ["wrong", "right", "carried"]),
])  # fmt: skip
def test_a_sum_over_all_paths_carries_on_what_was_printed_of_them(first, total, verdicts):
    found = marks(PATHS, PATHS_AT, f"E/h1/w = {first}", "E/h2/w = 0.4779", f"E/w = {total}")
    assert [m.verdict for m in found] == verdicts
    assert not any("there are more" in m.why for m in found)
    if verdicts[-1] == "carried":
        assert found[2].sources == (0,)


@pytest.mark.parametrize(("formula", "paths", "mistake", "said"), [
    ("h1 = w*x; h2 = sin(w); h3 = w**2; E = h1*h2 + h3*h1", ("E/h1/w", "E/h3/w"), "path left out", ""),
    (SOFTMAX, ("E/p1/w", "E/p3/w"), "path left out", ""),
    (SOFTMAX, ("E/p1/z1/w", "E/p2/z2/w", "E/p3/z3/w"), "softmax diagonal only", DIAGONAL),
    (SOFTMAX, ("E/p1/z1/w", "E/p2/z1/w", "E/p3/z3/w"), "path left out", ""),
])  # fmt: skip
def test_a_sum_over_some_of_the_paths_is_none_over_all(formula, paths, mistake, said):
    at = {"w": 0.53, "x": 1.27}
    values = [m.value for m in marks(formula, at, *[f"{path} = 0" for path in paths])]
    found = marks(formula, at, *[f"{path} = {x:.5f}" for path, x in zip(paths, values)], f"E/w = {sum(values):.5f}")[-1]
    assert found.verdict == "mistake"
    told = f"only the {len(paths)} printed paths are added{said}; there are more"
    assert (mistake, told) in [(found.mistake, found.why), *[(mistake, other) for other in found.alternatives]]
    assert "diagonal" not in found.why or said


def test_what_was_worked_out_is_worked_out_again_from_another_print():
    """Through all that lies between: E follows from y, and y from z."""
    root = read_formula("z = w*x; y = 2*z; E = y*y").record({"w": 0.5, "x": 2.0}).output
    numbers = Numbers(Derivations(NamedGraph(root)))
    for printed, expected in (("z = 3", 36.0), ("z = 4", 64.0), ("y = 5", 25.0), ("z = 1", 25.0)):
        claim = read_claim(printed)
        numbers.take(claim.quantity, Source(Mark(0, claim, 1.0, "wrong"), lambda _: 0.0))
        assert data_of(numbers.of(read_quantity("E"))) == expected


def test_other_numbers_of_inputs_stand_for_those_that_are_printed_and_the_rest_keeps_its_rounding():
    root = read_formula("y = w*x; E = y + b").record({"w": 0.5, "x": 2.0, "b": 0.25}).output
    derivations = Derivations(NamedGraph(root))
    numbers = Numbers(derivations)
    for printed in ("b = 0.3", "y = 1.1"):
        claim = read_claim(printed)
        numbers.take(claim.quantity, Source(Mark(0, claim, 1.0, "wrong"), lambda mark: mark.claim.printed.unit))
    assert data_of(numbers.of(read_quantity("E"))) == 1.1 + 0.3
    other = numbers.by(derivations, {"b": 0.0})
    follows = other.follow(other.of(read_quantity("E")))
    assert (follows.value, follows.slack) == (1.1, 0.1)


@pytest.mark.parametrize(("printed", "told"), [("5", ""), ("6", "7")])
def test_what_follows_from_the_page_is_told_where_it_is_more_than_three_units_off(printed, told):
    found = marks("z = 2*x; y = z + x", {"x": 1.0}, f"z = {printed}", "y = 20")  # z is 2 and y is 3
    assert (found[1].verdict, found[1].by_page) == ("wrong", told)


def test_an_author_may_have_gone_on_with_what_follows_from_the_page_and_not_with_a_misprint():
    """y follows from z as it is printed, -0.970, and not from o, which is printed wrong."""
    y = 0.65 / (1 + math.exp(0.9702))
    found = marks("z = w*x; o = sigmoid(z); y = 0.65*o", {"w": -0.9704, "x": 1.0}, "z = -0.970", "o = 0.2741", f"y = {y:.6f}")
    assert [m.verdict for m in found] == ["right", "wrong", "rounded"]
