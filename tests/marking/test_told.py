"""How a slip is named and told: the commonest first, slips of the pen, numbers from elsewhere, and no more than the digits tell."""

import json
import math
from random import Random

import pytest

from autograd_tiny import draw, mark
from autograd_tiny.formulas import read_formula
from autograd_tiny.marking.slips.writing import typed


def report(formula, at, claims, **given):
    return mark(read_formula(formula).record(at).output, claims, **given)


def last(formula, at, *claims, **given):
    return report(formula, at, claims, **given).marks[-1]


def test_a_sign_is_named_however_few_the_digits():
    slip = last("r = f*x; E = (t - r)**2/2", {"f": 3, "x": 1, "t": 1}, "E/f = -2")
    assert (slip.mistake, slip.alternatives) == ("sign", ())
    assert last("y = w*x", {"w": 0.5, "x": 0.62}, "y = -0.31").mistake == "sign"


@pytest.mark.parametrize(("printed", "what"), [("3.64", "2 times"), ("0.91", "2 times"), ("7.28", "4 times"), ("1.82", "")])
def test_factors_of_two_and_of_two_twos(printed, what):
    slip = last("z = w*x + v*y; E = (z - t)**2", {"w": 0.5, "x": 1.0, "v": 0.3, "y": 0.7, "t": -0.2}, f"E/w = {printed}")
    assert what in slip.why
    assert (slip.mistake == "factor") == bool(what)


PRODUCT, AT = "d = a*b; y = d*w", {"a": -0.2170715347, "b": 0.1755100528, "w": 0.5}


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("-0.01904919", "digit dropped"),
        ("-0.0190491183", "right"),
        ("-0.0190941183", "digits swapped"),
        ("-0.0190891183", "digit mistyped"),
        ("-0.01904991183", "digit put in"),
        ("-0.0190549118", "digit put in"),
        ("-0.0190491193", "wrong"),  # one digit that follows says little
        ("-0.019", "right"),
        ("-0.018", "wrong"),
    ],
)
def test_slips_of_the_pen(printed, name):
    slip = last(PRODUCT, AT, f"y = {printed}")
    assert (slip.mistake or slip.verdict) == name


def test_a_number_copied_with_a_digit_mistyped():
    slip = last("y = a*b; k = a*c; z = y + k", {"a": 0.71234567, "b": 0.61, "c": 0.87}, "y = 0.43453086", "k = 0.43453586")
    assert slip.mistake == "copied, digit mistyped"
    assert slip.why == "it is the number printed for y, and a digit was mistyped in 0.43453086"


def test_what_is_no_single_slip_of_the_pen():
    for intended, printed in (("0.123456", "0.123457"), ("0.12345", "0.1234"), ("0.123456", "0.213546"), ("1.2", "12"), ("0.5", "0.5")):
        assert typed(intended, printed) == ""


def test_another_printed_number_in_the_formula():
    slip = last("o = sigmoid(z); E = (o - t)**2/2", {"z": 1.094, "t": 0.01}, "o = 0.7491", "E/o = 0.7391", "o/z = 0.1928")
    assert slip.why == "0.7391, a number printed before, is taken for o"
    assert slip.lines == " There stands ∂o/∂z = 0.7391 * (1 - 0.7391), where it is o * (1 - o)."


def test_weights_and_gradients_for_each_other():
    formula, at = "z = w*x; E = (z - t)**2/2", {"w": 0.5123, "x": 2.0, "t": 0.3}  # E/w = 1.4492, w' = 0.36738
    assert last(formula, at, "E/w = -0.9369").why == "it is w less its gradient"
    assert last(formula, at, "E/w = 0.36738", "w' = 0.36738", learning_rate=0.1).verdict == "right"
    assert report(formula, at, ["E/w = 0.36738", "w' = 0.36738"], learning_rate=0.1).marks[0].why == "it is w', the number after the step"
    assert last(formula, at, "w' = 0.14492", learning_rate=0.1).why == "it is the step alone"
    assert last(formula, at, "w' = 1.4492", learning_rate=0.1).why == "it is ∂E/∂w, the gradient"


def test_no_name_is_invented():
    """Terms and operands that have no label are told by their formulas."""
    slip = last("L = -(log(a) + log(1-b) + log(1-c))", {"a": 0.681, "b": 0.319, "c": 0.319}, "L = 0.384")
    assert slip.why == "of 3 terms only one is kept, log(a)"
    formula = "E = (sigmoid(w*x) - t)**2 * v"
    at = {"w": 0.7, "x": 1.3, "t": 0.2, "v": 1.7}
    for seed in range(40):
        random = Random(seed)
        by = random.choice("wxtv")
        told = report(formula, at, [f"E/{by} = {random.choice([0.1, 0.5, 2, 3, -1]) * random.uniform(0.05, 0.9):.5f}"])
        assert not any(f"t{n}" in sentence for sentence in told.story for n in range(1, 9)), told.story
    slip = last(formula, at, "E/w = 0.31744")
    assert "t1" not in slip.formula
    slip = last("E = -log(sigmoid(relu(w*x)*v)) + t**2/2", at, "E/x = 0.31744")
    assert slip.formula.startswith("∂E/∂x = sigmoid(relu(w * x) * v) * (sigmoid(relu(w * x) * v) - 1) * v * step(w * x) * w / ")


def test_what_follows_from_the_pages_own_numbers():
    slip = last("z = w*x; y = sigmoid(z)", {"w": 0.5, "x": 1.0}, "z = 0.6", "y = 0.7513")
    assert slip.by_page == "0.6457"
    assert slip.sentence == "y should be 0.6225 (0.6457 from the page's own numbers), not 0.7513: nothing known explains it."
    assert last("z = w*x; y = sigmoid(z)", {"w": 0.5, "x": 1.0}, "z = 0.5", "y = 0.7513").by_page == ""


FORMULA = "h = tanh(w*x); k = tanh(v*x); E = (h + k - t)**2"
INPUTS = {"w": 0.5, "v": -0.3, "x": 1.2, "t": 0.9}
SQUARE_FORGOTTEN = ["h = 0.537050", "k = -0.345214", "E/h = -1.416329", "E/w = -0.786828", "E/v = -2.286319"]


def test_a_cause_is_told_with_its_line_in_every_form():
    told = report(FORMULA, INPUTS, SQUARE_FORGOTTEN)
    assert len(told.story) == 2
    slip = told.marks[3]
    assert slip.followed == "∂E/∂w = ∂E/∂h * (1 - h) * x"
    assert slip.formula == "∂E/∂w = ∂E/∂h * (1 - h ** 2) * x"
    assert json.loads(told.to_json())["marks"][3]["cause"] == slip.cause != ""
    assert slip.cause in told._repr_html_()


def test_the_margin_tells_the_cause_its_line_and_what_it_carries_along():
    carried = ["E = 0.51", "D = 1.53", "C = 2.067"]
    told = report(FORMULA + "; D = 3*E; C = D + h", INPUTS, [*SQUARE_FORGOTTEN[:2], "E/h = 1.416329", "E/w = 1.209394", *carried])
    assert told.margin == [
        "E is wrong, and nothing known explains it.",
        "E is (h + k - t) ** 2, which gives 0.501 and not 0.51.",
        "2 later numbers carry it on, D and C; 1 more slip is on the page.",
    ]
    told = report(FORMULA, INPUTS, SQUARE_FORGOTTEN)
    assert told.margin == [
        "One slip: in the derivative of tanh, the square is forgotten; it makes ∂E/∂w and ∂E/∂v wrong.",
        "∂E/∂w is ∂E/∂h * (1 - h ** 2) * x, which gives -1.209394; ∂E/∂h * (1 - h) * x gives -0.786828.",
    ]


def test_the_margin_stands_above_a_longer_story_in_every_form():
    told = report(FORMULA, INPUTS, [*SQUARE_FORGOTTEN, "E = 0.050133", "E/t = -1.416329", "E/x = 0.511111", "k/v = -1.7777"])
    assert told.margin[-1] == "4 more slips are on the page."
    assert f"In the margin: {' '.join(told.margin)}" in str(told)
    assert told.margin[0] in told._repr_html_()
    assert json.loads(told.to_json())["margin"] == told.margin
    alone = report(FORMULA, INPUTS, SQUARE_FORGOTTEN)
    assert "In the margin" not in str(alone) + alone._repr_html_()
    assert report(FORMULA, INPUTS, SQUARE_FORGOTTEN[:3]).margin == []


def test_a_cause_is_marked_in_the_picture_where_it_sits():
    told = report(FORMULA, INPUTS, SQUARE_FORGOTTEN)
    notes = told.notes()
    assert [note.name for note in notes["h"]] == ["page", "page, dE", "slip"]
    root = read_formula(FORMULA).record(INPUTS).output
    root.backward()
    assert "mistaken rule" in draw(root, notes=notes).dot


def test_unexplained_numbers_stand_in_one_sentence():
    told = report(FORMULA, INPUTS, ["h = 0.77731", "k = 0.31919", "E/t = 0.51231"])
    assert [sentence.partition(":")[0] for sentence in told.story[1:]] == ["Nothing known explains 3 numbers"]


@pytest.mark.parametrize("pages", [6, pytest.param(25, marks=pytest.mark.slow)])
def test_on_a_page_of_invented_numbers_names_are_taken_back(pages):
    """Two digits and most of it wrong: hardly anything is named, and what is can be seen without a marker."""
    named = total = 0
    found = []
    for seed in range(pages):
        random = Random(seed)
        quantities = ("h", "k", "E", "E/h", "E/w", "E/v", "E/x", "E/t", "h/w", "k/v")
        told = report(FORMULA, INPUTS, [f"{q} = {random.uniform(-1.5, 1.5):.2f}" for q in quantities])
        found += [(m.mistake, m.claim.printed.text, m.engine, m.why) for m in told.marks if m.mistake]
        named += sum(m.verdict in ("mistake", "stale") and m.mistake != "sign" for m in told.marks)
        total += len(told.marks)
    assert named <= 0.03 * total, found


SOFTMAX = "p1, p2 = softmax([x1, x2]); q = p1 + 2*p2"
LAYERS = "z1 = w1*x; a1 = tanh(z1); z2 = w2*a1; L = sigmoid(z2)"


@pytest.mark.parametrize(
    ("formula", "at", "claim", "said"),
    [  # as plain Python gives them: p1 (1 - x1); 1 - tanh(z2)² on the way to w1; w - 0.1 w; σ itself for its derivative
        (SOFTMAX, {"x1": 0.4, "x2": 1.3}, "p1/x1 = 0.173430", "wrong point: in ∂p1/∂x1, x1 is put in for p1"),
        (LAYERS, {"x": 0.8, "w1": 0.5, "w2": -0.7}, "L/w1 = -0.128264", "neighbour taken: ∂a1/∂z1 is taken at z2 in place of z1"),
        ("E = (w*x - t)**2", {"w": 0.8, "x": 1.5, "t": 2.0}, "w' = 0.720000", "weight and gradient: w is taken for ∂E/∂w, its gradient"),
        ("y = sigmoid(v); E = (y - t)**2", {"v": 0.63, "t": 0.2}, "E/v = 0.590489", "mistaken rule: in ∂y/∂v, the sigmoid itself is taken"),
    ],
)
def test_slips_of_the_corpus(formula, at, claim, said):
    slip = last(formula, at, claim, learning_rate=0.1)
    assert f"{slip.mistake}: {slip.why}" == said


def test_lines_are_tidied():
    at = {"w": 0.7, "x": 1.3, "t": 0.2}
    o = 1 / (1 + math.exp(-0.7 * 1.3))
    slip = last("o = sigmoid(w*x); E = (o - t)**2 / 2", at, f"E/w = {(o - 0.2) * o * 1.3:.6f}")
    assert slip.lines == " There stands ∂E/∂w = (o - t) * o * x, where it is (o - t) * o * (1 - o) * x."


@pytest.mark.parametrize("claim", ["y1/w1 = 0.0000", "y2/x2 = 0.00000", "E/y1/w1 = 0.0000"])
def test_a_zero_is_no_copy_of_a_derivative_by_what_nothing_depends_on(claim):
    slip = last("y1 = w1*x1; y2 = w2*x2; E = y1 + y2**2", {"w1": 0.3, "x1": 0.7, "w2": 0.4, "x2": 1.3}, claim)
    assert (slip.verdict, slip.mistake) == ("wrong", "")
