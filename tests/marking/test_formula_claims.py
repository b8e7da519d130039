"""Formulas as claims: right wherever they are defined, wrong by a known mistake and with a point that shows it, or undecided."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_tiny import Value, mark
from autograd_tiny.cli import main
from autograd_tiny.engine.graph import gradient
from autograd_tiny.formulas import read_formula
from autograd_tiny.marking.derivations import Derivations, NamedGraph
from autograd_tiny.marking.diagnosis.formulas import POINTS_EACH
from autograd_tiny.marking.diagnosis.points import Inputs, told
from autograd_tiny.marking.forms.quantities import data
from autograd_tiny.marking.pages import read_page
from autograd_tiny.optim import SGD
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.symbols.tidy import tidied

NEURON = "z = w*x + b; y = sigmoid(z); E = (y - t)**2 / 2"
AT = {"w": 0.5, "x": -2.0, "b": 0.3, "t": 1.0}
CLASSES = "p1, p2 = softmax([z1, z2]); E = -(t1*log(p1) + t2*log(p2))"
ONE_HOT = {"z1": 0.5, "z2": -0.3, "t1": 1.0, "t2": 0.0}


def marked(quantity, formula, page=NEURON, at=AT, **options):
    recorded = read_formula(page).record(at)
    return mark(recorded.output, {quantity: formula}, others=list(recorded.nodes.values()), **options).marks[0]


@pytest.mark.parametrize(
    ("quantity", "formula"),
    [
        ("y/z", "y*(1-y)"),
        ("y/z", "y - y²"),
        ("y/z", "sigmoid(z)(1 - sigmoid(z))"),
        ("y", "1/(1 + exp(-z))"),
        ("E", "0.5(t - y)²"),
        ("E/y", "-(t - y)"),
        ("E/w", "x (y - t) y (1 - y)"),
        ("E/w", "E/y · y/z · z/w"),
        ("E/z", "∂E/∂y · ∂y/∂z"),
        ("E/z/x", "E/z · w"),
        ("w'", "w - 0.1 E/w"),
        ("w'", "w - η (y - t) y (1 - y) x"),
        ("Δw", "-η · E/w"),
        ("z - b", "w x"),
    ],
)
def test_right_formulas(quantity, formula):
    found = marked(quantity, formula, learning_rate=0.1)
    assert found.verdict == "right", found.sentence
    assert found.why in ("tidied, both are the same",) or found.why.startswith("both are equal at 3")


@pytest.mark.parametrize(
    ("quantity", "formula", "mistake"),
    [
        ("E/y", "t - y", "sign"),
        ("E/y", "2(y - t)", "factor"),
        ("E/w", "(y - t) x", "activation derivative missing"),
        ("E/w", "(y - t) y (1 - y)", "factor left out"),
        ("y/z", "z (1 - z)", "wrong point"),
        ("y/z", "y (1 + y)", "sign"),
        ("E/b", "(y - t) y", "mistaken rule"),
        ("w'", "w + 0.1 E/w", "update added"),
    ],
)
def test_mistakes_in_formulas(quantity, formula, mistake):
    found = marked(quantity, formula, learning_rate=0.1)
    assert (found.verdict, found.mistake) == ("mistake", mistake), found.sentence
    assert "at the page's inputs it gives" in found.why


def test_a_point_and_both_numbers_are_told():
    at = AT | {"x": 1.0}  # where the factor that is left out is 1
    found = marked("E/w", "(y - t) y (1 - y)", at=at)
    assert found.mistake == "factor left out"
    told = found.why.partition("; at ")[2]
    assert "x = " in told
    assert "it gives" in told
    assert "is right" in told


def test_what_is_neither_right_nor_a_known_mistake():
    found = marked("y/z", "y*(1 - t)*3")
    assert (found.verdict, found.mistake) == ("wrong", "")
    assert found.why.startswith("at the page's inputs it gives ")


@pytest.mark.parametrize(
    ("quantity", "formula", "why"),
    [
        ("E/z1", "p1 - t1", "both are equal at 31 points where t1 and t2 add up to 1"),
        ("E/z2", "p2 - t2", "both are equal at 31 points where t1 and t2 add up to 1"),
    ],
)
def test_targets_that_are_shares(quantity, formula, why):
    found = marked(quantity, formula, CLASSES, ONE_HOT)
    assert (found.verdict, found.why) == ("right", why)


def test_wrong_formulas_are_not_excused_by_shares():
    assert marked("E/z1", "t1 - p1", CLASSES, ONE_HOT).mistake == "sign"
    assert marked("E/z1", "p2 - t2", CLASSES, ONE_HOT).verdict in ("mistake", "wrong")


def test_what_holds_only_for_the_pages_inputs():
    found = marked("E", "-log(p1)", CLASSES, ONE_HOT)
    assert found.verdict == "undecided"
    assert found.why.startswith("it holds as long as t1 = 1 and t2 = 0; at ")


def test_one_side_of_a_choice():
    page, at = "y = relu(x)*w", {"x": 1.0, "w": 2.0}
    assert marked("y/x", "w", page, at).why.startswith("it holds around the page's inputs; at x = -")
    assert marked("y/x", "w", page, {"x": -1.0, "w": 2.0}).mistake == "activation derivative missing"
    assert marked("y/x", "0 w", page, at | {"x": 0.0}).why.startswith("it holds as long as x = 0; at x = ")  # not around it


@pytest.mark.parametrize(
    ("quantity", "formula", "verdict", "why"),
    [
        ("y", "x**4/x", "undecided", "at the page's inputs it has no number; at 30 other points both are equal"),
        ("y/x", "x**4/x", "mistake", None),
        ("y", "sqrt(-1 - x²)", "undecided", "it has no number at the page's inputs and around them"),
        ("y", "log(x - x)", "undecided", "it has no number at the page's inputs and around them"),
    ],
)
def test_formulas_without_a_number(quantity, formula, verdict, why):
    found = marked(quantity, formula, "y = x**2 * x", {"x": 0.0})
    assert found.verdict in (verdict, "wrong")
    assert why is None or found.why == why


@pytest.mark.parametrize(
    ("edge", "why"),
    [
        (1.40, "at the page's inputs it has no number; at 6 other points both are equal"),
        (1.66, "both have a number at only 5 points"),
        (3.40, "both have a number at only 1 point"),
    ],
)
def test_a_formula_needs_points_at_which_it_has_a_number(edge, why):
    """There is a square root of what is negative up to the edge."""
    found = marked("y", f"x² (sqrt((x - {edge})³)/sqrt(x - {edge}) + {edge})", "y = x**2 * x", {"x": 1.0})
    assert (found.verdict, found.why) == ("undecided", why)


@pytest.mark.parametrize(
    ("quantity", "formula", "right"),
    [
        ("E", "2 E", "(y - t)² / 2"),
        ("E/w", "2 E/w + 1", "(y - t) · y · (1 - y) · x"),
        ("E/w", "3 E/y", "∂E/∂y · y · (1 - y) · x"),
    ],
)
def test_the_right_formula_is_told_in_the_words_of_the_page_without_what_it_is_a_formula_for(quantity, formula, right):
    assert marked(quantity, formula).right == right


def test_of_the_points_that_show_it_wrong_the_one_with_the_smallest_numbers_is_told():
    page, at = "y = x*v", {"x": 1.0, "v": 1.0}
    inputs = Inputs(Derivations(NamedGraph(read_formula(page).record(at).output)), [data("y")])
    point = min(inputs.drawn(list(inputs.leaves), POINTS_EACH), key=lambda point: max(map(abs, point.values())))
    assert f"; {told(point)} it gives" in marked("y", "x", page, at).why


def test_formulas_with_numbers_put_in():
    assert marked("E/w", "-0.1481·x").verdict == "right"
    assert marked("E/w", "-0.1481·x").why == "with its numbers it holds at the page's inputs"
    assert marked("E/w", "-0.1581·x").verdict == "wrong"


GROWN = st.recursive(
    st.sampled_from(["x", "w", "b"]),
    lambda inner: st.tuples(inner, inner, st.sampled_from(["({} + {})", "({} * {})", "({} - {})", "tanh({})*{}", "sigmoid({} + {})"])).map(
        lambda made: made[2].format(*made[:2])
    ),
    max_leaves=6,
)


@settings(max_examples=25, deadline=None)
@given(GROWN, st.sampled_from(["{}", "-({})", "2*({})", "({}) + 0.125"]))
def test_derivatives_that_the_engine_writes_are_right_and_changed_ones_are_not(text, change):
    at = {"x": 0.7, "w": -1.2, "b": 0.4}
    formula = read_formula(f"y = {text} + 0*x + 0*w + 0*b")
    leaves = formula.express()
    (slope,) = gradient(leaves.output, [leaves.nodes["x"]])
    written = str(tidied(slope))
    if not isinstance(slope, Expression) or slope.constant_value == 0.0 or ";" in written:
        return
    found = mark(formula.record(at).output, {"y/x": change.format(written)}).marks[0]
    is_zero = all(abs(v) < 1e-12 for v in (slope.evaluate({leaves.nodes[k]: v for k, v in at.items()}),))
    if change == "{}":
        assert found.verdict == "right", found.sentence
    elif not is_zero:
        assert found.verdict in ("mistake", "wrong"), found.sentence


def test_paths_and_steps_in_latex():
    recorded = read_formula("z = w*x; y = tanh(z)").record({"w": 0.5, "x": 2.0})
    optimizer = SGD([recorded.nodes["w"]], 0.1)
    claims = ["y/w = y/z/w", "x * y/w = 0.5 * (y/z/w)**2", "w' = w + Δw"]
    path = r"\frac{\partial y}{\partial z} \cdot \frac{\partial z}{\partial w}"
    printed = [m.formulas.printed_latex for m in mark(recorded.output, claims, optimizer=optimizer).marks]
    assert printed == [path, rf"0.5 \cdot \left({path}\right)^{{2}}", r"w + {\Delta w}"]


def test_reports_show_formulas(tmp_path, capsys):
    report = neuron_report()
    assert str(report).count("y · (1 - y) · x") == 2  # in the table and in the sentence
    assert report.story[0] == "1 number and 2 formulas: 2 right, 1 mistake."
    html = report._repr_html_()
    assert html.count("<math") == 4
    assert "<mi>y</mi>" in html
    entry = json.loads(report.to_json())["marks"][1]
    assert (entry["right"], entry["printed"]) == ("y · (1 - y) · x", "y (1-y)")
    assert entry["right_latex"] == r"y \cdot \left(1 - y\right) \cdot x"
    page = tmp_path / "page.toml"
    page.write_text(
        'formula = "z = w*x; y = sigmoid(z)"\nclaims = ["y/w = y(1-y) = -0.4"]\nknown = ["y/w = y(1-y)"]\n[inputs]\nw = 0.5\nx = -2.0\n',
        encoding="utf-8",
    )
    assert [m.known for m in read_page(page).mark().marks] == [True, False]
    assert main(["mark", "--write", str(page)]) in (0, 1)
    capsys.readouterr()
    assert "y/w = y(1-y) = -0.4\"" in page.read_text(encoding="utf-8").replace("-0.393", "-0.4")  # formulas stay the author's


def neuron_report():
    w, x = Value(0.5, "w"), Value(-2.0, "x")
    z = w * x
    z.label = "z"
    y = z.sigmoid()
    y.label = "y"
    return mark(y, {"y/z": "y (1-y)", "y/w": "y (1-y)", "y": "0.269"})


QUOTIENT = read_formula("u = w + x; L = w/u")


@pytest.mark.parametrize(("claim", "verdict"), [
    ("L/u = -w/u²", "right"),
    ("L/u = -w / u**2", "right"),
    ("L/w = 1/u - w/u²", "right"),
    ("L/u = w/u²", "mistake"),
    ("L/u = -∂w/∂u", "wrong"),
    ("L/w = (1 - L)/u", "right"),
    ("1 - w/u = 0.571", "right"),
    ("1 - w/u = 0.581", "wrong"),
    ("1 - L/u = 1.122", "right"),  # the derivative, -w/u²
    ("1 - L/u = 0.878", "right"),  # the quotient
    ("1 - L/u = 0.978", "wrong"),
])  # fmt: skip
def test_a_quotient_of_names_that_is_no_derivative_is_one_of_numbers(claim, verdict):
    net = QUOTIENT.record({"w": 1.5, "x": 2.0})
    (found,) = mark(net.output, [claim]).marks
    assert found.verdict == verdict
    assert "it gives 0," not in found.sentence or "∂w" in claim
