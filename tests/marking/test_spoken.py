"""What pages print that is no single number of the graph: formulas of quantities, steps, names, working lines, sums over samples."""

import pytest

from autograd_tiny import Value, mark
from autograd_tiny.formulas import read_formula
from autograd_tiny.marking.claims import read_line
from autograd_tiny.marking.forms.quantities import read_quantity
from autograd_tiny.marking.forms.spoken import Words, understood
from autograd_tiny.marking.marks import FAITHFUL
from autograd_tiny.marking.pages import PageError, read_page
from autograd_tiny.optim import SGD, Adam

NEURON = "z = w*x + b; o = sigmoid(z); E = (o - t)**2 / 2"
AT = {"w": 0.3, "x": 2.0, "b": 0.1, "t": 0.05}  # z 0.7, o 0.668188, ∂E/∂o 0.618188, ∂o/∂z 0.221713, ∂E/∂z 0.137060


def marks(claims, formula=NEURON, at=AT, **given):
    return mark(read_formula(formula).record(at).output, claims, **given).marks


def verdicts(claims, *place, **given):
    return [m.verdict for m in marks(claims, *place, **given)]


WORDS = Words({"E", "E1", "w", "w_2", "x1", "o", "t", "net.0", "e1"}, {"d": "E/o", "J": "E + E1", "J2": "2 J", "a": "o"}, samples=2)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("dE/dw", "∂E/∂w"),
        ("2(E - x₁)", "2*(E - x1)"),
        ("w₂ x₁", "w_2 * x1"),
        ("o(1-o)", "o*(1-o)"),
        ("-1.5e-1 · ∂E/∂o·∂o/∂w", "-1.5e-1 * ∂E/∂o*∂o/∂w"),
        ("E/o/w", "∂E/∂o·∂o/∂w"),
        ("(E)/(w)", "(E)/(w)"),
        ("E ÷ w", "E / w"),
        ("1/w", "1/w"),
        ("w²·x₁⁻¹", "w**2*x1**(-1)"),
        ("√(o)", "sqrt(o)"),
        ("exp(-o) + 2e", "exp(-o) + 2*e"),
        ("Δw", "Δw"),
        ("delta(w)'", "Δw'"),
        ("d", "∂E/∂o"),
        ("d x₁", "∂E/∂o * x1"),
        ("d''", "∂E''/∂o''"),
        ("E/a", "∂E/∂o"),
        ("a(2)", "o(2)"),
        ("J2", "2 * (E + E1)"),
        ("J/w", "∂E/∂w + ∂E1/∂w"),
        ("dJ'/dw'", "∂E'/∂w' + ∂E1'/∂w'"),
        ("∂(o*t)/∂w", "(t * ∂o/∂w + o * ∂t/∂w)"),
        ("∂(E*w)/∂q", "(w * ∂E/∂q + E * ∂w/∂q)"),
        ("∂(2 · 1.5)/∂w", "0"),
        ("E/π + 1", "E/π + 1"),
        ("mean((o > 0.5) == t)", "mean([(o(1) > 0.5) == t(1), (o(2) > 0.5) == t(2)])"),
        ("sum(o w)/2", "sum([o(1) * w(1), o(2) * w(2)])/2"),
        ("sum([E, E1])", "sum([E, E1])"),
        ("m(w)' + 1", "m(w)' + 1"),
        ("m(w)", "m(w)"),
        ("net.0 + 1", "net.0 + 1"),
        ("E/net.0 + 1", "∂E/∂net.0 + 1"),
    ],
)
def test_what_is_meant(text, meant):
    assert str(understood(read_quantity(text), WORDS)) == meant


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("E +", "a number, a name or `\\(` belongs here"),
        ("sigmod(o)", "nothing is called 'sigmod', neither a node nor a function; did you mean `sigmoid`"),
        ("2 3", "an operator is missing"),
        ("∂E/∂J", "J stands for E \\+ E1 and is no node"),
        ("∂(d)/∂w", "∂E/∂o is no formula of nodes"),
        ("∂(d + w)/∂w", "∂E/∂o \\+ w is no formula of nodes"),
        ("o.T + 1", "'o.T \\+ 1': formulas have no attributes but .T"),
        ("o @ w", "say the shape of an input that is an array: shapes={'o'"),
        ("∂(E + E1)", "say by what E \\+ E1 is differentiated"),
        ("Δ(w + 1)", "a step is that of a parameter"),
        ("mean(E", "never closed"),
        ("E $ 2", "formulas have no"),
    ],
)
def test_what_cannot_be_meant(text, message):
    with pytest.raises(ValueError, match=message):
        understood(read_quantity(text), WORDS)


def test_the_mean_over_samples_takes_all_of_them_in_one_pass():
    with pytest.raises(ValueError, match=r"every step has a sample of its own here; the mean over all takes batch"):
        understood(read_quantity("mean(E)"), WORDS._replace(samples=-2))


def test_names_that_go_round_in_a_circle():
    words = Words({"E"}, {"a": "b + 1", "b": "2 c", "c": "E - a"})
    with pytest.raises(ValueError, match="a → b → c → a goes round in a circle"):
        understood(read_quantity("a"), words)


def test_formulas_of_named_values():
    claims = {"o - t": "0.6182", "E/o · o/z": "0.1371", "(o)/(t)": "13.36", "1 - o": "0.3318", "-0.5 E/w": "-0.1371", "2E/w": "0.5482"}
    assert set(verdicts(claims)) == {"right"}
    (wrong,) = marks({"o - t": "-0.6182"})
    assert (wrong.verdict, wrong.mistake) == ("mistake", "sign")


def test_a_formula_follows_from_rounded_and_from_wrong_numbers():
    assert verdicts({"o": "0.67", "o - t": "0.62", "1 - o ": "0.33"})[1:] == ["right", "right"]
    assert verdicts({"o": "0.67", "100(o - t)": "62"}) == ["right", "right"]
    assert verdicts({"o": "0.66", "100(o - t)": "61"})[1] == "rounded"
    carried = marks({"o": "0.76", "o - t": "0.71"})[1]
    assert (carried.verdict, carried.sources) == ("carried", (0,))


def test_lines_of_numbers_are_worked_out():
    found = read_line("o/z = o(1 - o) = 0.6682(1 - 0.6682) = 0.2217 ≈ 22%", "Backward")
    assert [(x.called, x.printed.text) for x in found] == [
        ("∂o/∂z", "o(1 - o)"),
        ("0.6682(1 - 0.6682)", "0.2217"),
        ("∂o/∂z", "0.2217"),
        ("∂o/∂z", "22%"),
    ]
    assert verdicts(["o = 0.6682", "o/z = o(1 - o) = 0.6682(1 - 0.6682) = 0.2217 ≈ 22%"]) == ["right"] * 5


def test_the_numbers_of_a_line_may_be_short_forms_of_others_and_of_nothing_else():
    # 0.668 (1 - 0.668) is 0.22178; with all digits of o it is 0.22171
    assert verdicts(["0.668(1 - 0.668) = 0.22171"]) == ["rounded"]
    assert verdicts(["0.669(1 - 0.669) = 0.22171"])[0] not in FAITHFUL  # no number of the page is 0.669
    assert verdicts(["0.3*2.0 = 0.61"])[0] not in FAITHFUL  # these are the inputs, which are exact
    assert verdicts(["0.7391(1 - 0.7391) = 0.1928"]) == ["right"]
    assert [m.mistake for m in marks(["0.7391(1 - 0.7391) = 0.7391"])] == ["factor left out"]


def test_the_step_alone():
    claims = {"Δw": "-0.1371", "delta(w)": "-0.1371", "-η E/w": "-0.1371", "w'": "0.1629"}
    assert set(verdicts(claims, learning_rate=0.5)) == {"right"}
    (wrong,) = marks({"Δw": "0.1371"}, learning_rate=0.5)
    assert (wrong.claim.called, wrong.mistake) == ("Δw", "sign")
    with pytest.raises(ValueError, match="w' is w after a step of gradient descent; to mark it, give the learning_rate"):
        marks({"Δw": "-0.1371"})


@pytest.mark.parametrize("make", [lambda p: SGD(p, 0.5, momentum=0.9, velocity="step"), lambda p: Adam(p, 0.1)])
def test_steps_of_every_optimizer_add_up(make):
    root = read_formula(NEURON).record(AT)
    w = root.nodes["w"]
    optimizer = make([w])
    before = w.data
    engine = mark(root.output, {"Δw": "1", "Δw'": "1", "w'": "1", "w''": "1"}, optimizer=optimizer).marks
    first, second, after, later = [m.value for m in engine]
    assert (before + first, after + second) == (pytest.approx(after, abs=1e-14), pytest.approx(later, abs=1e-14))


PAGE = """
formula = '''
z₁ = w*x + b
y = sigmoid(z₁)
E = (y - t)**2
'''
claims = ["E(1) + E(2) + E(3) = 0.2995", "sum(E) = 0.2995", "J = 0.0998", "dJ/dw = 0.0227", "accuracy = 2/3 ≈ 66.7%", "δ(2) = E(2)/z₁(2)"]
[inputs]
w = 1.0
b = -0.5
[names]
accuracy = "mean((y > 0.5) == t)"
J = "mean(E)"
"δ" = "E/z₁"
[[sample]]
x = 1.0
t = 1
[[sample]]
x = 0.2
t = 0
[[sample]]
x = 0.7
t = 1
"""


@pytest.fixture
def write(tmp_path):
    def written(text, name="page.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return written


def test_losses_and_accuracy_over_samples_that_nothing_trains_on(write):
    from autograd_tiny.calculus.derivatives import grad

    def losses(w):
        return [((w * x - 0.5).sigmoid() - t) ** 2 for x, t in ((1.0, 1), (0.2, 0), (0.7, 1))]

    each = [x.data for x in losses(Value(1.0))]
    slope = grad(lambda w: sum(losses(w)) / 3)(1.0)
    page = PAGE.replace("0.2995", f"{sum(each):.4f}").replace("0.0998", f"{sum(each) / 3:.4f}").replace("0.0227", f"{slope:.4f}")
    report = read_page(write(page)).mark()
    shown = [(m.claim.called, m.verdict) for m in report.marks]
    assert shown == [
        ("E(1) + E(2) + E(3)", "right"),
        ("sum(E)", "right"),
        ("J", "right"),
        ("∂J/∂w", "right"),
        ("accuracy", "mistake"),  # all three are right
        ("accuracy", "carried"),
        ("δ(2)", "right"),
    ]
    assert [m.engine for m in report.marks[4:6]] == ["1", "100.0%"]


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('J = "mean(E)"', 'J = "2 J"', 13, "names.J: names: J → J goes round in a circle"),
        ('J = "mean(E)"', "J = 2", 13, "names.J: a name is given to a formula in quotes"),
        ('J = "mean(E)"', 'E = "y"', 13, "names.E: E is a node already"),
        ('J = "mean(E)"', 'exp = "y"', 13, "names.exp: a name is a word, as delta_o1, and no function"),
        ('J = "mean(E)"', 'J = "mean(E"', 13, "names.J: .*never closed"),
        ("sum(E)", "sum(E", 7, "claims: .*never closed"),
        ("sum(E)", "sum(F)", 7, "claims: the formula has no 'F'"),
        ('"J = 0.0998"', '"w\' = 1"', 7, "say what trains on the samples"),
    ],
)
def test_errors_name_the_line(write, old, new, line, message):
    with pytest.raises(PageError, match=message) as raised:
        read_page(write(PAGE.replace(old, new))).mark()
    assert raised.value.line == line


def test_names_from_python():
    report = mark(read_formula(NEURON).record(AT).output, {"δ": "0.1371", "E/w": "δ x"}, names={"δ": "E/z"})
    assert [(m.claim.called, m.verdict) for m in report.marks] == [("δ", "right"), ("∂E/∂w", "right")]
    with pytest.raises(ValueError, match="δ → δ goes round in a circle"):
        marks({"δ": "1"}, names={"δ": "δ + 1"})


def test_nodes_whose_labels_have_signs_of_their_own():
    x, w = Value(2.0, "x-1"), Value(3.0, "h 1")
    y = x * w
    y.label = "a=b"
    report = mark(y, {"a=b": "6", "a=b/h 1": "2", "x-1 + h 1": "5", "h 1": "3"})
    assert [m.verdict for m in report.marks] == ["right"] * 4


def test_a_number_that_is_printed_again_has_one_line_with_all_its_places(write):
    page = 'formula = "y = w*x"\n[inputs]\nw = 2.0\nx = 3.0\n[[section]]\ntitle = "Forward"\nclaims = ["y = 6.5", "y/w = 3"]\n'
    page += '[[section]]\ntitle = "Backward"\nclaims = ["y = 6.5",\n "y/x = 2",\n "y = 6.5", "y = 6", "y/w = 3"]\n'
    report = read_page(write(page)).mark()
    assert len(report.marks) == 7
    assert [(line.called, report.found(line)) for line in report.lines()] == [
        ("y", "wrong, 3 times"),
        ("∂y/∂w", "right, 2 times"),
        ("∂y/∂x", "right"),
        ("y", "right"),
    ]
    assert report.story[1:] == ["y should be 6.0, not 6.5: nothing known explains it. It is printed 3 times, on lines 7, 10 and 12."]
    assert str(report).count("6.5") == 2
