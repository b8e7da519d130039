"""The ways in which a number may follow from what was printed before it."""

import math

import pytest

from autograd_tiny import Value, mark
from autograd_tiny.engine.refusals import data_of
from autograd_tiny.formulas import read_formula
from autograd_tiny.marking.claims import read_claim
from autograd_tiny.marking.derivations import Derivations, NamedGraph
from autograd_tiny.marking.forms.quantities import read_quantity
from autograd_tiny.marking.judging.numbers import Numbers, Source
from autograd_tiny.marking.marks import Mark
from autograd_tiny.optim import Adam

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


CHAIN = "u = a*x**2; v = sin(u); q = exp(-v); y = q*u + log(u)"
CHAIN_AT = {"a": 1.57, "x": 1.4}


def chain_numbers(u_x: float = 2 * 1.57 * 1.4, q_v_sign: float = -1.0) -> dict[str, float]:
    u = 1.57 * 1.4**2
    q = math.exp(-math.sin(u))
    y_u = u * (q_v_sign * q) * math.cos(u) + q + 1 / u
    return {"q/v": q_v_sign * q, "v/u": math.cos(u), "u/x": u_x, "y/u": y_u, "y/x": y_u * u_x}


@pytest.mark.parametrize("printed", [("u/x", "y/u", "y/x"), ("u/x", "y/x")])
def test_a_derivative_follows_from_a_wrong_one_of_named_values_with_unnamed_ones_between(printed):
    """x is squared before it is in u, and ∂u/∂x is no factor of the chain rule from operation to operation."""
    numbers = chain_numbers(u_x=2 * 1.4)
    found = marks(CHAIN, CHAIN_AT, *[f"{name} = {numbers[name]:.4f}" for name in printed])
    assert [m.verdict for m in found] == ["mistake", *["right"] * (len(found) - 2), "carried"]
    assert found[-1].sources == (0,)


@pytest.mark.parametrize("printed", [("q/v", "v/u", "y/u"), ("q/v", "y/u", "y/x"), ("q/v", "y/x")])
def test_a_wrong_derivative_is_carried_on_over_one_of_several_paths(printed):
    numbers = chain_numbers(q_v_sign=1.0)
    found = marks(CHAIN, CHAIN_AT, *[f"{name} = {numbers[name]:.4f}" for name in printed])
    assert found[0].verdict == "mistake"
    assert found[-1].verdict == "carried"


def test_a_derivative_past_another_named_value_is_no_whole_one():
    """∂y/∂x leads over u and beside it: what is printed of u/x is not what stands beside."""
    at = {"x": 0.73}
    u_x, y_u = 2 * 0.73 + 0.3, math.cos(0.73**2) + 0.73
    y_x = y_u * u_x + 0.73**2
    found = marks("u = x*x; y = sin(u) + u*x", at, f"u/x = {u_x:.5f}", f"y/u = {y_u:.5f}", f"y/x = {y_x:.5f}")
    assert [m.verdict for m in found] == ["wrong", "right", "carried"]


def test_a_derivative_over_many_unnamed_operations_is_not_opened():
    x = Value(1.1, "x")
    u = x
    for _ in range(100):
        u = u * 1.01
    u.label = "u"
    y = u.sin()
    y.label = "y"
    assert NamedGraph(y).labelled_users("x", "y", 80) is None
    assert NamedGraph(y).labelled_users("x", "y", 100) == ["u"]
    assert mark(y, {"u/x": "5.000", "y/x": f"{math.cos(u.data) * 5:.3f}"}).marks[0].verdict == "wrong"


@pytest.mark.parametrize("activation", ["relu", "maximum"])
def test_what_follows_where_a_function_is_flat_is_carried_on(activation):
    y = {"relu": "relu(z)", "maximum": "maximum(z, 0*z)"}[activation]
    found = marks(
        f"z = w*x + b; y = {y}; E = (y - t)**2/2", {"w": 1.3, "x": 2.2, "b": 0.1, "t": 1.0},
        "z = -3.74", "y = 0.00", "E = 0.50", "E/y = -1.00", "E/z = 0.00", "E/w = 0.00",
    )  # fmt: skip
    assert [m.verdict for m in found] == ["wrong", *["carried"] * 5]
    assert all(m.sources for m in found[1:])


def test_a_product_with_a_wrong_0_is_carried_on_from_both_wrong_factors():
    found = marks("a = 2*x; b = 3*x; y = a*b", {"x": 1.5}, "a = 0.00", "b = 0.00", "y = 0.00")
    assert [m.verdict for m in found] == ["wrong", "wrong", "carried"]
    assert found[2].sources == (0, 1)


@pytest.mark.parametrize(("printed", "verdict"), [
    ("0", "wrong"), ("1", "wrong"), ("0.8", "right"), ("0.75", "right"), ("0.74", "wrong"),
])  # fmt: skip
def test_a_bare_whole_number_is_known_as_far_as_the_other_numbers_of_the_page(printed, verdict):
    found = marks("z = w*x; y = sigmoid(z)", {"w": 0.55, "x": 2.0}, "z = 1.1000", "y/z = 0.1874", f"y = {printed}")
    assert found[2].verdict == verdict
    if verdict == "wrong":
        assert "should be 0.75" in found[2].sentence


def test_a_bare_whole_number_may_be_the_right_one_without_its_zeros():
    found = marks("z = w*x; y = z**2", {"w": 0.99999, "x": 2.0}, "z = 2", "y = 4", "y/z = 4.000", "y/w = 8.000")
    assert {m.verdict for m in found} == {"right"}


def test_a_bare_whole_number_may_be_short_for_one_that_is_printed_with_more_digits():
    found = marks("z = w*x; y = sigmoid(z)", {"w": 0.5, "x": 2.0}, "y/z = 0.1966", "y = 0.7311 = 1", "y/w = 0.3932")
    assert {m.verdict for m in found} == {"right"}


def test_of_numbers_without_any_others_a_bare_one_is_rounded():
    assert marks("y = sigmoid(z)", {"z": 1.0}, "y = 1")[0].verdict == "right"
    assert marks("y = sigmoid(z)", {"z": 3.0}, "y = 0")[0].verdict == "wrong"


def test_of_a_0_that_much_would_explain_no_cause_is_told():
    """A wrong sign before a relu gives 0, and nothing else does here; of a product with many factors any may be 0."""
    found = marks("y = relu(w*x + b)", {"w": 0.48, "x": 0.15, "b": 0.9}, "y = 0.00")[0]
    assert (found.verdict, found.mistake, found.alternatives) == ("mistake", "sign", ())
    formula = "y = relu(a) * relu(b) * relu(c) * relu(d)"
    found = marks(formula, {"a": 0.48, "b": 0.15, "c": 0.9, "d": 0.7}, "y = 0.000")[0]
    assert (found.verdict, found.mistake) == ("wrong", "")


def test_two_numbers_that_are_not_printed_were_rounded():
    """y = tanh(-4.0977) is -0.9994 with four digits, ∂E/∂y -1.289; neither alone gives ∂E/∂z = -0.001546."""
    formula, at = "z = w*x + b; y = tanh(z); E = (y - t)**2/2", {"w": -1.21, "b": -1.23, "x": 2.37, "t": 0.29}
    found = marks(formula, at, "z = -4.098", "E/z = -0.001546", "E/w = -0.003664")
    assert [m.verdict for m in found] == ["right", "rounded", "rounded"]
    assert "not printed" in found[1].why
    assert marks(formula, at, "z = -4.098", "E/z = -0.001596")[1].verdict != "rounded"


def test_of_a_number_that_is_carried_on_the_last_digit_may_be_a_unit_off():
    """sigmoid(-0.98324) is 0.272249, which rounds to 0.27225; 0.27226 is neither rounded nor cut."""
    found = marks("z = w*x; y = sigmoid(z)", {"w": 0.74, "x": 1.3287}, "z = -0.98324", "y = 0.27226")
    assert [m.verdict for m in found] == ["mistake", "carried"]
    assert found[1].why.endswith("but for one unit of its last digit")
    assert found[1].sources == (0,)


def test_a_cause_is_no_reason_for_what_follows_without_it():
    """The root of a vhat that is printed as 0 has no derivative, and yet the steps follow from it."""
    net = read_formula("E = w*x + v*x").record({"w": 1.5, "v": 0.5, "x": 0.001})
    optimizer = Adam([net.nodes["w"], net.nodes["v"]], 0.1)
    shown = ["mhat({})' = 0.0010", "vhat({})' = 0.0000", "{}' = {}"]
    claims = [line.format(name, at - 0.1 * 0.001 / 1e-8) for name, at in (("w", 1.5), ("v", 0.5)) for line in shown]
    found = mark(net.output, claims, optimizer=optimizer).marks
    assert [m.verdict for m in found] == ["right", "right", "undecided"] * 2
    assert {m.cause for m in found} == {""}


def test_a_number_that_is_not_printed_was_cut():
    """u = 0.050807, cut to 0.05080, has the sine 0.05077815; rounded to 0.05081 it has 0.05078814."""
    found = marks("u = a*x**2; v = sin(u)", {"x": 0.47, "a": 0.23}, "v = 0.05077")
    assert found[0].verdict == "rounded"
    assert marks("u = a*x**2; v = sin(u)", {"x": 0.47, "a": 0.23}, "v = 0.05075")[0].verdict != "rounded"


def test_a_number_of_which_nothing_is_left_was_not_rounded():
    """p2 = 0.0667 is no 0.1 to go on with, -log(0.1) = 2.3."""
    formula = "p1, p2 = softmax(z1, z2); L = -log(p2)"
    found = marks(formula, {"z1": 2.64, "z2": 0.0}, "L/z1 = 0.9", "L/z2 = -0.9", "L = 2.3")
    assert [m.verdict for m in found][:2] == ["right", "right"]
    assert found[2].verdict not in ("right", "rounded")


def test_a_wrong_number_is_carried_on_by_who_rounds_nothing_else():
    """v is printed with one digit; the root of 0.00002 is too far off, and its derivative tells too little of that."""
    formula, at = "v = x**2; g = 100*sqrt(v); d = 3*q; z = g + d", {"x": 0.0042, "q": 1.0}
    found = marks(formula, at, "v = 0.00002", "d = 3.51370", "z = 3.93370")
    assert [m.verdict for m in found] == ["right", "wrong", "carried"]
    assert found[2].sources == (1,)


def test_a_term_that_is_0_needs_no_logarithm_of_a_printed_0():
    formula = "p1, p2 = softmax(z1, z2); L = -(t1*log(p1) + t2*log(p2))"
    at = {"z1": -3.0, "z2": -0.2, "t1": 1.0, "t2": 0.0}  # p1 = 0.0573, L = 2.859
    found = marks("q = 0.001*z2; " + formula.replace("t2*log(p2)", "t2*log(-q)"), at, "q = 0.00", "p1 = 0.06", "L = 2.81")
    assert [m.verdict for m in found] == ["right", "right", "rounded"]
    wrong = marks("q = 0.001*z2; " + formula.replace("t2*log(p2)", "t2*log(-q)"), at, "q = 0.00", "p1 = 0.6", "L = 0.51")
    assert [m.verdict for m in wrong][2] == "carried"


def test_a_bare_1_among_numbers_of_one_digit_is_no_0_7():
    found = marks("z = w*x + b; y = sigmoid(z); E = (y - 1)**2/2", {"w": 0.5, "x": -2.0, "b": 0.3}, "z = -0.7", "E = 0.2", "E/y = -1")
    assert [m.verdict for m in found][:2] == ["right", "right"]
    assert found[2].verdict not in ("right", "rounded")
