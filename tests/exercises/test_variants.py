"""Variants and random exercises: what is demanded of their numbers, the same ones everywhere, and what refuses too much."""

import json
from decimal import Decimal
from random import Random

import pytest
from exercises.make_topics import FILE, contents

from autograd_tiny.exercises import TOPICS, Exercise, random_exercise
from autograd_tiny.exercises.choosing.variants import NEAR_A_KINK, Drawn
from autograd_tiny.marking.judging.numbers import Numbers
from autograd_tiny.marking.slips.editor import Editor
from autograd_tiny.marking.slips.mistakes import edits

NEURON = "z = w*x + b; y = sigmoid(z); E = (y - t)**2"


def neuron(**given):
    return Exercise(NEURON, ["forward", "gradients"], given={"w": 0.5, "x": 1.5, "b": -0.2, "t": 1.0} | given)


def test_variants_are_reproducible_and_all_different():
    first, again, other = (neuron().variants(12, seed=seed) for seed in (3, 3, 4))
    assert [v.inputs for v in first] == [v.inputs for v in again]
    assert [v.inputs for v in first] != [v.inputs for v in other]
    assert len({tuple(v.inputs.values()) for v in first}) == 12
    # Written down once: the same on every Python, as `Random.random` is.
    assert first[0].inputs == {"w": 0.4, "x": 1.9, "b": -0.5, "t": 1.0}


def test_numbers_keep_their_sign_their_decimals_and_whether_they_are_below_1():
    for variant in neuron(w=-0.25).variants(10, seed=1):
        assert variant.inputs["t"] == 1.0
        assert -1.0 < variant.inputs["w"] < 0.0
        assert -1.0 < variant.inputs["b"] < 0.0 < variant.inputs["x"] <= 3.0
        assert round(variant.inputs["x"], 1) == variant.inputs["x"]
        assert round(variant.inputs["w"], 2) == variant.inputs["w"]


def drawn(x, decimals, n=200):
    """Numbers that are drawn for an input, before anything is demanded of them."""
    numbers, random = Drawn(Exercise("y = x**2", ["y"], given={"x": x}), ["x"], decimals).varied["x"], Random(1)
    return {numbers.drawn(random) for _ in range(n)}


@pytest.mark.parametrize("decimals", [None, 0, 1, 4])
@pytest.mark.parametrize("x", [2.0, -0.25, 0.9, 1.05, 12.5, -340.0, 0.00012345, 1e-7, 3e8])
def test_the_range_of_a_number(x, decimals):
    places = min(3, max(0, -Decimal(repr(x)).normalize().as_tuple().exponent)) if decimals is None else decimals
    grid = Decimal(1).scaleb(-places)
    size = max(abs(Decimal(repr(x))), 10 * grid if places else 2)
    for number in map(Decimal, map(repr, drawn(x, decimals))):
        assert number % grid == 0
        assert (number > 0) == (x > 0)
        assert max(Decimal("0.3") * size, grid) <= abs(number) <= 2 * size
        assert abs(x) >= 1 or abs(number) < 1 or places == 0


@pytest.mark.parametrize(
    ("x", "decimals", "steps"), [(2.0, 0, range(1, 5)), (-0.9, 1, range(-9, -2)), (0.5, 1, range(3, 10)), (1.5, 1, range(5, 31))]
)
def test_all_of_a_range_is_drawn_with_both_ends(x, decimals, steps):
    assert drawn(x, decimals, 500) == {k / 10**decimals for k in steps}


def test_without_one_demand_the_others_are_met():
    saturated = Exercise("y = sigmoid(x)", ["y", "y/x"], given={"x": 5})
    with pytest.raises(ValueError, match="saturated"):
        saturated.variants(3, 1)
    found = saturated.variants(6, 1, decimals=1, without=["saturation", "readable"])
    assert any(abs(variant.inputs["x"]) > 4 for variant in found)
    with pytest.raises(ValueError, match="'domain'"):  # which is always demanded
        Exercise("y = log(5 - x)", ["y"], given={"x": 4}).variants(9, 1, without=["domain"])


def test_a_variant_is_solved_like_the_exercise_itself():
    for variant in neuron().variants(5, seed=1):
        again = Exercise(NEURON, ["forward", "gradients"], given=variant.inputs)
        assert variant.solution == again.solution
        assert variant.check(variant.solution).ok
        assert str(variant) == str(again)


def test_no_known_mistake_gives_a_right_answer_by_chance():
    exercise = Exercise("z = w*x; y = z**2", ["z", "y", "y/w"], given={"w": 3, "x": 4}, digits=2)
    for variant in exercise.variants(8, seed=2):
        derivations = variant.setting.derivations
        for number, blank in enumerate(variant.blanks):
            known = dict.fromkeys(variant.asked[:number])
            tried = edits(Editor(derivations, derivations.derivation(blank.quantity, known), known))
            at_input = "∂y/∂z is taken at z in place of y"  # where it is to be taken, for a square
            given = {f"{Numbers(derivations).evaluate(edit.root):.3g}" for edit in tried if edit.what != at_input}
            assert f"{variant.value(blank.quantity):.3g}" not in given, (variant.inputs, blank)
        assert 1.0 not in variant.inputs.values()  # a factor of 1 is left out unseen
    assert exercise.variants(20, seed=2, without=["mistakes"])


def test_what_no_number_shows_refuses_nothing():
    relu = Exercise("z = w*x + b; y = relu(z); E = (y - t)**2", "gradients", given={"w": 0.5, "x": 1.5, "b": 0.2, "t": 2.5})
    for variant in relu.variants(5, seed=1):  # the derivative of relu is 1 wherever it is on
        assert abs(variant.setting.graph.nodes["z"].data) > NEAR_A_KINK


def test_a_rule_that_shows_nothing_on_one_side_of_a_kink_refuses_nothing_there():
    # On the side where relu is on, its derivative of 1 may be forgotten unseen; there are numbers on both sides.
    relu = Exercise("z = w*x + b; y = relu(z)", ["y", "y/w"], given={"w": 0.5, "x": 0.9, "b": -0.6})
    assert all(variant.setting.graph.nodes["z"].data > 0 for variant in relu.variants(6, seed=1))


@pytest.mark.parametrize(("by", "is_readable"), [(500, True), (5000, False)])
def test_answers_from_a_thousandth_on_are_readable(by, is_readable):
    exercise = Exercise(f"y = x/{by}", ["y"], given={"x": 2})
    if is_readable:
        assert max(abs(variant.value(variant.blanks[0].quantity)) for variant in exercise.variants(3, 1)) < 0.01
    else:
        with pytest.raises(ValueError, match=r"'readable', as y is 0\.000"):
            exercise.variants(3, 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Exercise("y = sigmoid(x)", ["y"], given={"x": 20}).variants(3, 1), "'saturation', as y is saturated; choose"),
        (lambda: Exercise("y = relu(x) + z", ["y"], given={"x": 0.004, "z": 3.0}).variants(3, 1, vary=["x"]), "as relu is near the kink"),
        (lambda: Exercise("y = relu(x)", ["y"], given={"x": 0.004}).variants(3, 1), "as y is near the kink of relu"),
        (lambda: Exercise("y = x**9", ["y"], given={"x": 12}).variants(3, 1), "'readable', as y is"),
        (lambda: Exercise("y = x**2", ["y", "y/x"], given={"x": 2}).variants(50, 1), "more decimals, decimals=2"),
        (lambda: Exercise("y = log(5 - x)", ["y"], given={"x": 4}).variants(9, 1), "'domain', as .*log"),
        (lambda: Exercise("y = u*v", ["y"], given={"u": 2, "v": 2}, digits=1).variants(9, 1), "'mistakes', as y is the same although"),
        (lambda: Exercise("y = x + 3", ["y"], given={"x": 1}).variants(2, 1), "nothing varies"),
        (lambda: neuron().variants(2, 1, vary=["q*"]), "no input is called 'q\\*'"),
        (lambda: neuron().variants(0, 1), "n is a whole number, 1 at least, got 0"),
        (lambda: neuron().variants(1, -1), "seed is a whole number"),
        (lambda: neuron().variants(1, 1.5), "seed is a whole number"),
        (lambda: neuron().variants(1, 1, without=["kink"]), "without is a list of demands"),
        (lambda: random_exercise("chian rule"), "did you mean `chain rule`"),
        (lambda: random_exercise("neuron", 4), "a difficulty is 1, 2 or 3"),
        (lambda: random_exercise("neuron", 1, "x"), "a seed is a whole number"),
    ],
)
def test_what_cannot_be_found_says_which_demand_was_too_strict(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def is_solved(topic, difficulty, seed):
    exercise = random_exercise(topic, difficulty, seed=seed)
    return exercise.check(exercise.solution).ok and exercise.heading.lower() == topic


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_has_exercises(topic):
    assert is_solved(topic, 1, seed=1)


@pytest.mark.parametrize("topic", TOPICS)
def test_what_every_topic_asks_is_written_down(topic):
    """A seed that is in use gives the same exercise tomorrow.  If another one is wanted, `make_topics.py` writes it down."""
    assert contents(topic) == json.loads(FILE.read_text(encoding="utf-8"))[topic]


@pytest.mark.slow
@pytest.mark.parametrize("topic", TOPICS)
def test_exercises_become_longer_and_are_the_same_for_the_same_seed(topic):
    assert all(is_solved(topic, difficulty, seed) for difficulty in (1, 2, 3) for seed in range(4))
    n = [len(random_exercise(topic, difficulty, 5).blanks) for difficulty in (1, 2, 3)]
    assert n == sorted(n)
    assert str(random_exercise(topic, 1, 5)) == str(random_exercise(topic, 1, 5)) != str(random_exercise(topic, 1, 6))
