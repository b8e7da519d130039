"""Exercises: what is asked, what is said about an answer, hints; bad input of every kind."""

import math

import pytest

from autograd_tiny import Value, array
from autograd_tiny.exercises import Exercise, moodle_bank, qti_bank, worksheet
from autograd_tiny.formulas import read_formula
from autograd_tiny.marking.mark import mark
from autograd_tiny.optim import SGD

NEURON = "z = w*x + b; y = tanh(z); E = (y - t)**2"
GIVEN = {"w": -3, "x": 2, "b": 6.5, "t": 1}
SATURATED = "y = sigmoid(z); E = -log(1 - y)"


def neuron(ask=("z", "y", "E", "E/y", "E/z", "E/w"), **options):
    return Exercise(NEURON, ask, given=GIVEN, **options)


def _named(y):
    y.label = "y"
    return y


def said(exercise, **answers):
    return exercise.check({name.replace("_", "/"): text for name, text in answers.items()}).feedback


def test_the_solution_is_right_and_is_what_the_engine_has():
    exercise = neuron(["forward", "local derivatives", "gradients", "updates"], learning_rate=0.1)
    assert [blank.name for blank in exercise.blanks] == [
        *"zyE", "∂E/∂y", "∂E/∂t", "∂y/∂z", "∂z/∂w", "∂z/∂x", "∂z/∂b", "∂E/∂z", "∂E/∂b", "∂E/∂x", "∂E/∂w", "w'", "x'", "b'", "t'"
    ]  # fmt: skip
    checked = exercise.check(exercise.solution)
    assert checked.ok
    assert checked.score == 1.0
    checked.require()
    y = math.tanh(0.5)
    assert exercise.value(exercise.blank("dE/dw").quantity) == pytest.approx(2 * (y - 1) * (1 - y * y) * 2, rel=1e-12)
    assert exercise.value(exercise.blank("w'").quantity) == pytest.approx(-3 - 0.1 * 4 * (y - 1) * (1 - y * y), rel=1e-12)


def test_a_mistake_is_named_what_follows_from_it_is_accepted_and_the_number_is_not_given_away():
    exercise = neuron()
    answers = dict(exercise.solution) | {"∂E/∂y": "1.08", "∂E/∂z": "0.846", "∂E/∂w": "1.69"}
    checked = exercise.check(answers)
    assert [o.verdict for o in checked.outcomes] == ["right"] * 3 + ["mistake", "carried", "carried"]
    assert checked.feedback["∂E/∂y"] == "The sign is wrong."
    assert checked.feedback["∂E/∂z"] == "Accepted: it follows from ∂E/∂y = 1.08, which is wrong."
    assert not checked.ok
    assert checked.score == pytest.approx(5 / 6)
    with pytest.raises(AssertionError, match="sign is wrong") as failed:
        checked.require()
    shown = str(failed.value) + checked._repr_html_() + str(checked) + repr(checked)
    for name in ("∂E/∂y", "∂E/∂z", "∂E/∂w"):
        assert exercise.solution[name].lstrip("-") not in shown.replace("1.08", "").replace("0.846", "").replace("1.69", "")


@pytest.mark.parametrize("digits", [2, 3, 5])
def test_honest_rounding_is_never_blamed(digits):
    exercise = neuron(digits=digits)
    known = {}
    for blank in exercise.blanks:  # each step from the rounded numbers before it
        known[blank.name] = f"{exercise.value(blank.quantity):.{digits - 1}e}"
    assert exercise.check(known).ok


def test_all_answers_are_marked_as_mark_does():
    exercise = neuron()
    answers = {"z": "0.5", "y": "0.4", "E": "0.36", "E/y": "-1.2", "E/z": "-1.01", "E/w": "-1.0"}
    recorded = read_formula(NEURON).record(GIVEN)
    by_mark = [(m.verdict, m.mistake, m.why, m.sources) for m in mark(recorded.output, answers).marks]
    assert [(o.mark.verdict, o.mark.mistake, o.mark.why, o.mark.sources) for o in exercise.check(answers).outcomes] == by_mark


def test_what_was_left_out_does_not_change_what_is_said():
    exercise = neuron()
    checked = exercise.check({"E/w": "-2.15"})  # 4 (y - 1): without the derivative of tanh
    assert checked.feedback == {"∂E/∂w": "The derivative of the activation, ∂y/∂z, is missing."}
    assert checked.unanswered == ("z", "y", "E", "∂E/∂y", "∂E/∂z")
    assert not neuron(["E/y"]).check({}).ok
    assert not neuron(["E/y"]).check({"E/y": None}).ok
    both = Exercise(NEURON, ["w'", "b'"], given=GIVEN, learning_rate=0.1)
    assert [o.verdict for o in both.check({"b'": "1"}).outcomes] == ["", "wrong"]


def test_two_wrong_answers_are_no_story_of_an_edited_page():
    exercise = Exercise("u = w*x; v = w + x", ["u", "v"], given={"w": 2, "x": 3})
    assert [o.verdict for o in exercise.check({"u": "12.0", "v": "7.00"}).outcomes] != ["stale", "stale"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (",5", "',5' has a decimal comma; write it with a point."),
        ("0,46", "'0,46' has a decimal comma; write it with a point."),
        ("1/3", "'1/3' is a fraction; work it out, and write it as a decimal number."),
        ("-", "'-' is a sign without a number."),
        ("0.462 m", "'0.462 m' is more than a number; write the number alone, without a unit."),
        ("0.462%", "'0.462%' is more than a number; write the number alone, without a unit."),
        ("1,000", "'1,000' has a comma; write thousands without one, and decimals with a point."),
        ("-1,234.5", "'-1,234.5' has a comma; write thousands without one, and decimals with a point."),
        ("4.62·10^-1", "'4.62·10^-1' has a power of ten; write 1.2e-3 for 1.2 · 10⁻³."),
        ("-4.62 x 10⁻¹", "'-4.62 x 10⁻¹' has a power of ten; write 1.2e-3 for 1.2 · 10⁻³."),
        ("0.462 * 100", "'0.462 * 100' is more than a number; write the number alone, without a unit."),
        ("about a half", "'about a half' is no decimal number."),
        ("<b>1</b>", "'<b>1</b>' is no decimal number."),
        ("1e999", "'1e999' is too large or too small to be marked."),
        (math.nan, "'nan' is no decimal number."),
        ("0.5", "Too few digits to tell; give 3 significant digits."),
    ],
)
def test_answers_that_are_no_numbers_and_ones_with_too_few_digits(text, sentence):
    checked = neuron().check({"y": text})
    assert checked.feedback == {"y": sentence}
    assert checked.score == 0.0
    assert "<b>" not in checked._repr_html_()


def test_empty_answers_are_no_answers_and_typographic_ones_are():
    assert said(neuron(), y="  ", z=None) == {}
    assert said(neuron(), E_y="−1.08") == {"∂E/∂y": "Right."}
    assert said(neuron(), y=0.46211715726000975, z=Value(0.5)) == {"z": "Right.", "y": "Right."}
    with pytest.raises(TypeError, match="an answer is a text"):
        neuron().check({"y": [0.462]})


def test_a_whole_number_may_be_rounded_to_the_digits_asked_for():
    exercise = Exercise("y = w*x", ["y"], given={"w": 1234, "x": 10})
    assert [exercise.check({"y": text}).ok for text in ("12340", "12300", "1.23e4", "12500")] == [True, True, True, False]


def test_one_unit_of_the_last_digit_is_accepted_and_said():
    checked = neuron().check({"y": "0.463"})
    assert checked.outcomes[1].is_accepted
    assert checked.feedback["y"].startswith("Accepted: its last digit is one unit off")


def test_zero_and_kinks_may_be_asked_for():
    at_kink = Exercise("a = relu(z); y = a * w", ["a", "y", "a/z", "y/z", "y/w"], given={"z": 0, "w": 3})
    assert at_kink.solution == {"a": "0", "y": "0", "∂a/∂z": "0", "∂y/∂z": "0", "∂y/∂w": "0"}
    assert at_kink.check(at_kink.solution).ok
    assert at_kink.check(dict.fromkeys(at_kink.solution, "0.000")).ok
    assert not at_kink.check({"a/z": "1"}).outcomes[2].is_accepted


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: neuron(["q"]), "no node is called 'q'"),
        (lambda: neuron(["E/q"]), "no node is called 'q'"),
        (lambda: neuron([]), "there is nothing to ask"),
        (lambda: neuron(["z", "z"]), "z is asked for twice; ask for each number once"),
        (lambda: neuron(["E/w", "dE/dw"]), "asked for twice .'E/w' and 'dE/dw'."),
        *[(lambda ask=ask: neuron([ask], learning_rate=0.1), "' is a formula, and an exercise asks for what has a name")
          for ask in ("w*x", "E/w + E/x", "y=3", "2*E/w", "w' - w", "mean(E)", "log(y)", "lr", "0.5")],
        (lambda: neuron(["z"], told=["2*z"]), "'2.z' is a formula"),
        (lambda: neuron("gradient"), "no node is called 'gradient'; did you mean `gradients`"),
        (lambda: neuron("Forward"), "no node is called 'Forward'; did you mean `forward`"),
        (lambda: neuron(["w"]), "w is given, -3; ask for what is computed"),
        (lambda: neuron(["w/E"]), "w does not depend on E; did you mean E/w?"),
        (lambda: neuron(["w'"]), "give the learning_rate"),
        (lambda: neuron("updates"), "updates: say how it is trained"),
        (lambda: neuron(["z"], told=["z"]), "all that is asked for is told, z"),
        (lambda: Exercise(SATURATED, ["E"], given={"z": 8}, told="y"),
         "E has no number that follows from what is told, y = 1; ask for more digits than 3"),
        (lambda: neuron(digits=0), "1 to 12 significant digits"),
        (lambda: neuron().check({"q": "1"}), "no blank 'q'"),
        (lambda: neuron().check({"": "1"}), "no blank ''"),
        (lambda: neuron().check({3: "1"}), "no blank 3"),
        (lambda: neuron().check({"E/w": "1", "dE/dw": "1"}), "∂E/∂w is answered twice"),
        (lambda: neuron().hint("z", 4), "a hint has the grade 1"),
        (lambda: neuron().at({"q": 1.0}), "no input is called 'q'"),
        (lambda: Exercise("y = log(x)", ["y"], given={"x": 1}).at({"x": -1.0}), "log"),
        (lambda: Exercise(_named(Value(1e308) * Value(10.0, "x")), ["y"]), "y is inf here"),
        (lambda: Exercise(Value(2.0) * 3.0, "forward"), "there is nothing to ask"),
        (lambda: neuron(["w'"], training={"learning_rate": 1, "parameters": ["w"], "batch": "mean"}), "batch is 'mean' or 'sum'"),
        (lambda: neuron(["E'"]), "of an exercise training="),
        (lambda: neuron("updates", training={"optimizer": "adem", "learning_rate": 1}), "'optimizer'"),
        (lambda: Exercise(sum(Value(1.0, "x") * Value(2.0, "x") for _ in "ab"), ["x"]), "several nodes are called 'x'"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_remedy(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("make", [lambda: Exercise(3.0, "forward"), lambda: neuron([3]), lambda: neuron().check("z = 1"),
                                  lambda: neuron(title=3), lambda: moodle_bank("y = w*x"), lambda: qti_bank([3]),
                                  lambda: worksheet([neuron(), "y"], "sheet.html")])
def test_wrong_kinds_are_refused(make):
    with pytest.raises(TypeError):
        make()


def test_hints_go_from_the_rule_to_the_number():
    exercise = Exercise(
        "u = w*x; a = u + v; b = u*v; y = a*b; s = sigmoid(y)", ["u", "s/u", "s/y", "w'", "s/y/a"],
        given={"w": 2, "x": 0.5, "v": 0.3}, learning_rate=0.1,
    )  # fmt: skip
    assert [exercise.hint(blank.name) for blank in exercise.blanks] == [
        "Put numbers into the formula of u: it is made of w and x.",
        "u is used by a and b, so the chain rule has 2 paths: add over them.",
        "A local derivative: the rule of sigmoid gives that of s by y, with everything else held fixed.",
        "An update moves w against its derivative.",
        "Multiply the derivatives along the path.",
    ]
    assert exercise.hint("s/u", 2) == "∂s/∂u = ∂s/∂a · ∂a/∂u + ∂s/∂b · ∂b/∂u; ∂a/∂u = 1; ∂b/∂u = v"
    assert exercise.hint("w'", 2) == "w' = w - 0.1 · ∂s/∂w"
    assert exercise.hint("u", 3) == "u = 1"


def test_nothing_without_a_label_is_spoken_of():
    exercise = Exercise("y = tanh(w*x + b)", ["y", "y/w"], given={"w": -3, "x": 2, "b": 6.5})
    assert exercise.formulas == ("y = tanh(w · x + b)",)
    assert "t1" not in str(exercise) + exercise.hint("y/w", 2) + exercise.hint("y/w")


def test_graphs_arrays_and_training():
    weights, x = array([[0.5, -1.0], [1.5, 0.25]], "W"), array([2.0, 1.0], "x")
    z = weights @ x
    z.label = "z"
    loss = (z * z).sum()
    loss.label = "E"
    exercise = Exercise(loss, ["z", "E", "E/z", "E/W"])
    assert [blank.name for blank in exercise.blanks][:3] == ["z[0]", "z[1]", "E"]
    assert exercise.solution["∂E/∂W[1][0]"] == "13"
    assert exercise.check({"dE/dW[1][0]": "6.50"}).outcomes[-2].verdict == "mistake"

    w, b = Value(0.5, "w"), Value(0.1, "b")
    y = (w * 2.0 + b).sigmoid()
    y.label = "y"
    trained = Exercise(y, ["updates", "w''", "y'"], training=SGD([w, b], 0.5, momentum=0.9))
    assert [blank.name for blank in trained.blanks] == ["w'", "b'", "w''", "y'"]
    assert trained.check(trained.solution).ok
    w.data = 0.7
    with pytest.raises(ValueError, match="changed"):
        Exercise(y, ["y"])


def test_what_is_told_counts_as_printed():
    exercise = neuron(["E/w"], told="forward", digits=2)
    assert exercise.stated == {"z": "0.5", "y": "0.46", "E": "0.29"}
    assert exercise.check({"E/w": "-1.7"}).ok
    from_told = 2 * (0.46 - 1) * (1 - 0.46**2) * 2
    assert exercise.check({"E/w": f"{from_told:.4f}"}).outcomes[0].verdict == "rounded"
    assert "Also known: z = 0.5, y = 0.46, E = 0.29" in str(exercise)


def test_what_is_told_leaves_a_number_for_what_is_asked():
    """1 - y is 0 where y, 0.99966, is told as 1."""
    assert Exercise(SATURATED, ["E"], given={"z": 8}, told="y", digits=5).stated == {"y": "0.99966"}
    exercise = Exercise(SATURATED, ["E"], given={"z": 4.1}, told="y")
    variants = exercise.variants(60, 1, without=["saturation", "mistakes", "readable"])
    assert max(variant.inputs["z"] for variant in variants) > 7.0
    assert all(variant.stated["y"] != "1" for variant in variants)


def test_the_same_at_other_numbers():
    exercise = neuron(["E", "updates"], training={"optimizer": "momentum", "learning_rate": 0.1, "parameters": ["w", "b"]})
    moved = exercise.at({"w": 1.0, "b": 0.0})
    again = Exercise(NEURON, ["E", "updates"], given=GIVEN | {"w": 1.0, "b": 0.0},
                     training={"optimizer": "momentum", "learning_rate": 0.1, "parameters": ["w", "b"]})  # fmt: skip
    assert moved.solution == again.solution
    assert str(moved) == str(again)
    assert exercise.inputs["w"] == -3
    assert Exercise(exercise.output, ["E"], given={"w": 1.0}).inputs["w"] == 1.0


def test_an_exercise_keeps_its_numbers_while_the_graph_is_trained_on():
    """It asked for the numbers of before and stated the inputs of after."""
    w, x = Value(0.5, "w"), Value(2.0, "x")
    y = (w * x).tanh()
    y.label = "y"
    optimizer = SGD([w], 0.5, momentum=0.5)
    y.backward()
    exercise, alike = [Exercise(y, ["y", "y/w", "w'"], training=optimizer, told=["y"]) for _ in range(2)]
    before = str(exercise), exercise.solution
    for _ in range(3):
        optimizer.step()
    assert (str(alike), alike.solution) == (str(exercise), exercise.solution) == before
    assert [x.verdict for x in alike.check(before[1]).outcomes] == ["right", "right"]
    assert "w = 0.5" in alike.given
