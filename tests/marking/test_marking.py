"""Marking: every verdict and every known mistake on a page small enough to check by hand."""

import json
import math

import pytest

from autograd_tiny import Value, draw, losses, mark, softmax, total
from autograd_tiny.engine.graph import adjoints
from autograd_tiny.engine.refusals import data_of
from autograd_tiny.marking.claims import Claim, read_claim, read_claims
from autograd_tiny.marking.derivations import Derivations, NamedGraph
from autograd_tiny.marking.forms.printed import read_number
from autograd_tiny.marking.forms.quantities import Quantity, read_quantity
from autograd_tiny.marking.judging.numbers import Numbers
from autograd_tiny.marking.training.setting import setting
from autograd_tiny.nn import Layer
from autograd_tiny.text.palette import VERDICTS


def named(**values):
    for label, value in values.items():
        value.label = label
    return list(values.values())


def labelled(name, matrix):
    return [[Value(w, f"{name}_{i}{j}") for j, w in enumerate(row, 1)] for i, row in enumerate(matrix, 1)]


def neuron():
    """E = (a - 0.9)² / 2 for a = tanh(z), z = w1 x1 + w2 x2 + b."""
    w1, w2, b, x1, x2 = named(w1=Value(0.31), w2=Value(-0.47), b=Value(0.13), x1=Value(1.7), x2=Value(-0.6))
    (z,) = named(z=w1 * x1 + w2 * x2 + b)
    (a,) = named(a=z.tanh())
    (e,) = named(E=losses.half_squared_error([a], [0.9]))
    return e


def classifier():
    """Two inputs, two tanh neurons, three outputs of a softmax, the loss as three terms and their sum."""
    ws, vs = [[0.41, -0.73], [0.22, 0.57]], [[0.83, -0.29, 0.17], [-0.36, 0.64, 0.91]]
    first = Layer.from_weights(labelled("W", ws), [0.11, -0.2], "tanh")
    second = Layer.from_weights(labelled("V", vs), [0.05, 0.3, -0.4], "softmax")
    x = named(x1=Value(0.9), x2=Value(-1.3))
    z = first.weighted_sums(x)
    a = first.activate(z)
    u = second.weighted_sums(a)
    o = second.activate(u)
    terms = losses.binary_cross_entropy_terms(o, [1.0, 0.0, 0.0])
    for name, nodes in (("z", z), ("a", a), ("u", u), ("o", o), ("E", terms)):
        for i, node in enumerate(nodes, 1):
            node.label = f"{name}{i}"
    (e,) = named(E_total=total(terms))
    return e


def engine(root, digits=6):
    """The engine's number for a quantity, as it would be printed."""

    def say(text):
        claims, _, derivations = setting(NamedGraph(root), [read_claim(f"{text} = 0")], 0.1)
        return f"{data_of(Numbers(derivations).of(claims[0].quantity)):.{digits}f}"

    return say


def the_mark(root, *claims, number=-1):
    return mark(root, list(claims), learning_rate=0.1).marks[number]


def test_the_engines_numbers_are_those_of_backward():
    root = classifier()
    graph = NamedGraph(root)
    numbers = Numbers(Derivations(graph))
    for of in graph.nodes:
        expected = adjoints(graph.nodes[of])
        for by, node in graph.nodes.items():
            assert numbers.of(Quantity("derivative", (of, by))) == pytest.approx(expected.get(node, 0.0), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("digits", [2, 3, 5, 8])
def test_right_numbers_are_right_at_any_precision(digits):
    root = classifier()
    say = engine(root, digits)
    texts = ["z1", "a2", "o1", "E_total", "E1/o1", "o1/u2", "E_total/W_12", "E_total/a1", "E_total/u1/a1", "W_11'", "V_21'"]
    report = mark(root, {text: say(text) for text in texts}, learning_rate=0.1)
    assert report.counts == {"right": len(texts)}
    assert report.ok
    assert report.first_slip is None
    assert report.story == [f"{len(texts)} numbers: {len(texts)} right."]


def test_digits_cut_off():
    assert f"{math.tanh(0.939):.3f}" == "0.735"
    cut = the_mark(neuron(), "a = 0.734")
    assert (cut.verdict, cut.why) == ("rounded", "digits are cut off")
    assert cut.sentence == "a = 0.734 is rounded: digits are cut off; the engine's number is 0.735."


def test_rounded_numbers_carry_their_rounding():
    root = neuron()
    a = round(math.tanh(0.939), 2)
    slope = f"{1 - a * a:.4f}"
    assert slope != engine(root, 4)("a/z")
    assert the_mark(root, f"a/z = {slope}").verdict == "wrong"
    follows = the_mark(root, f"a = {a}", f"a/z = {slope}")
    assert (follows.verdict, follows.why) == ("rounded", "it follows from rounded numbers")


def test_carried_numbers_name_their_source():
    root = neuron()
    report = mark(root, ["z = 0.9480", f"a = {math.tanh(0.948):.5f}", f"a/z = {1 - math.tanh(0.948) ** 2:.5f}"])
    assert [m.verdict for m in report.marks] == ["wrong", "carried", "carried"]
    assert report.marks[1].sources == (0,)
    assert "z = 0.9480, which is wrong" in report.marks[1].sentence
    assert "2 later numbers carry it on." in report.story[1]


A, Z, X1, W1 = math.tanh(0.939), 0.939, 1.7, 0.31
ERROR, SLOPE = A - 0.9, 1 - A * A


@pytest.mark.parametrize(
    ("text", "number", "mistake"),
    [
        ("E/a", -ERROR, "sign"),
        ("E/a", 2 * ERROR, "factor"),
        ("E", 0.5 * ERROR**2 * 2, "factor"),
        ("E/w1", ERROR * SLOPE * X1 * 100, "decimal place"),
        ("E/w1", ERROR * X1, "activation derivative missing"),
        ("a/z", 1 - Z * Z, "wrong point"),
        ("E/w1", ERROR * SLOPE, "factor left out"),
        ("E/w1", ERROR * SLOPE * X1**2, "factor twice"),
        ("E/w1", ERROR * SLOPE * -0.6, "neighbour taken"),
        ("z", W1 * X1 + 0.13, "term left out"),
        ("z", W1 * X1 + 0.47 * 0.6 - 0.13, "sign"),
        ("w1'", W1 + 0.1 * ERROR * SLOPE * X1, "update added"),
        ("w1'", W1 - ERROR * SLOPE * X1, "decimal place"),
        ("a", Z, "activation missing"),
    ],
)
def test_a_known_mistake_is_named(text, number, mistake):
    found = the_mark(neuron(), f"{text} = {number:.7f}")
    assert (found.verdict, found.mistake) == ("mistake", mistake), found
    assert found.sentence.startswith(f"{found.claim.quantity} should be {found.right}, not {number:.7f}: ")


V1 = (0.83, -0.29, 0.17)
V2 = (-0.36, 0.64, 0.91)


def by_hand():
    """Of the classifier: the outputs, and the derivatives of the loss by outputs and by what goes into the softmax."""
    a = [math.tanh(0.9 * w + -1.3 * v + b) for w, v, b in ((0.41, 0.22, 0.11), (-0.73, 0.57, -0.2))]
    e = [math.exp(a[0] * v + a[1] * w + b) for v, w, b in zip(V1, V2, (0.05, 0.3, -0.4))]
    o = [x / sum(e) for x in e]
    d = [-1 / o[0], 1 / (1 - o[1]), 1 / (1 - o[2])]
    return a, o, d, [o[i] * (d[i] - sum(x * y for x, y in zip(o, d))) for i in range(3)]


@pytest.mark.parametrize("paths", [["E_total/u1/a1", "E_total/u2/a1"], ["E1/o1/u1/a1", "E1/o1/u2/a1"]])
def test_only_the_paths_that_were_printed(paths):
    root = classifier()
    say = engine(root)
    printed = sum(float(say(path)) for path in paths)
    found = the_mark(root, *(f"{path} = {say(path)}" for path in paths), f"{paths[0].split('/')[0]}/a1 = {printed:.6f}")
    assert (found.verdict, found.mistake) == ("mistake", "path left out")
    assert found.why.startswith("only the 2 printed paths are added; there are more")  # by u3, whatever the softmax does


def test_only_the_diagonal_of_the_softmax():
    _, o, d, _ = by_hand()
    diagonal = [x * (1 - x) * y for x, y in zip(o, d)]
    assert the_mark(classifier(), f"E_total/a1 = {sum(x * v for x, v in zip(diagonal, V1)):.7f}").mistake == "softmax diagonal only"


def test_paths_that_do_not_add_up():
    *_, by_u = by_hand()
    assert the_mark(classifier(), f"E_total/a1 = {by_u[2] * V1[2]:.7f}").mistake == "one path kept"
    assert the_mark(classifier(), f"E_total/a1 = {by_u[0] * V1[0] + by_u[2] * V1[2]:.7f}").mistake == "path left out"


def test_the_gradient_of_one_term_used_for_all():
    a, o, _, _ = by_hand()
    right = f"E1/V_11 = {-(1 - o[0]) * a[0]:.7f}"
    slip = the_mark(classifier(), right, f"V_11' = {0.83 + 0.1 * (1 - o[0]) * a[0]:.7f}")
    assert (slip.verdict, slip.mistake) == ("mistake", "one path kept")
    assert "∂E1/∂V_11 is used for ∂E_total/∂V_11" in slip.why


def test_a_mistake_on_top_of_carried_numbers_is_both():
    root = neuron()
    slip = the_mark(root, "E/a = -0.31700", f"E/w1 = {-0.317 * X1:.5f}")
    assert (slip.verdict, slip.mistake, slip.sources) == ("mistake", "activation derivative missing", (0,))
    assert "and it builds on ∂E/∂a = -0.31700, which is wrong" in slip.sentence


def test_a_gradient_propagated_with_updated_weights():
    root = classifier()
    say = engine(root, 8)
    names = ("V_11'", "V_12'", "V_13'")
    wrong = sum(g * float(say(name)) for g, name in zip(by_hand()[3], names))
    page = [f"{name} = {say(name)}" for name in names]
    assert the_mark(root, *page, f"E_total/a1 = {wrong:.7f}").mistake == "updated weights used"


def test_a_number_copied_from_another_quantity():
    root = classifier()
    say = engine(root, 7)
    slip = the_mark(root, f"E_total/x1 = {say('E_total/a2')}", f"E_total/a2 = {say('E_total/a2')}", number=0)
    assert slip.verdict == "mistake"
    assert slip.mistake == "copied"


def test_a_number_printed_more_precisely_is_no_copy():
    """v is printed 0.33, which is not the 0.330 that is printed here."""
    v, x = named(v=Value(0.33), x=Value(0.7123))
    (y,) = named(y=v * x + 0.1)
    assert mark(y, ["v = 0.330", "y/v = 0.330"]).marks[1].why == "it is the number printed for v"
    assert mark(y, ["v = 0.33", "y/v = 0.330"]).marks[1].verdict == "wrong"


def test_a_stale_operand_needs_two_witnesses():
    root = neuron()
    old = 0.7112
    alone = [f"a/z = {1 - old**2:.5f}"]
    assert mark(root, alone).marks[0].verdict == "wrong"
    report = mark(root, [*alone, f"E/a = {old - 0.9:.5f}"])
    assert [m.verdict for m in report.marks] == ["stale", "stale"]
    assert report.marks[0].fits == ("a = 0.7112",)
    assert "fit together a = 0.7112" in report.story[1]


@pytest.mark.parametrize(
    ("o", "digits", "verdict"),
    [
        ([0.5123, 0.2961, 0.1916], 4, "stale"),
        ([0.5123, 0.2961, 0.1936], 4, "wrong"),  # which add up to 1.002
        ([0.5123, 0.2961], 4, "wrong"),  # the third is missing
    ],
)
def test_stale_outputs_of_a_softmax_add_up_to_1(o, digits, verdict):
    """None of them has two witnesses, but the derivatives of the three losses fit outputs that are a softmax's."""
    derivatives = [-1.0 / o[0], *(1.0 / (1.0 - x) for x in o[1:])]
    report = mark(classifier(), [f"E{i}/o{i} = {d:.{digits}f}" for i, d in enumerate(derivatives, 1)])
    assert [m.verdict for m in report.marks] == [verdict] * len(o)
    assert {m.fits for m in report.marks} == {("o1 = 0.5123", "o2 = 0.2961", "o3 = 0.1916") if verdict == "stale" else ()}


def test_outputs_of_a_softmax_that_the_loss_does_not_use():
    u = named(u1=Value(0.3), u2=Value(-1.1), u3=Value(0.8))
    o1, o2, o3 = named(**dict(zip(("o1", "o2", "o3"), softmax(*u))))
    (e,) = named(E=-o1.log())
    with pytest.raises(ValueError, match="no node is called 'o2'"):
        mark(e, {"o2": "0.0853"})
    slopes = {"E/u2": f"{o2.data:.4f}", "o3/u2": f"{-o3.data * o2.data:.4f}", "E/o2": "0.00"}
    claims = {"o1": "0.3454", "o2": "0.0852", "o3": "0.5694"} | slopes
    report = mark(e, claims, others=[o2, o3])
    assert [m.verdict for m in report.marks] == ["right"] * 6, str(report)


def test_garbage_is_not_explained():
    report = mark(neuron(), {"z": "0.77731", "E/a": "0.31917", "E/w1": "-0.21373"})
    assert report.counts == {"wrong": 3}
    assert report.story[1:] == [
        "Nothing known explains 3 numbers: z should be 0.93900, not 0.77731; "
        "∂E/∂a should be -0.16524 (-0.24884 from the page's own numbers), not 0.31917; "
        "∂E/∂w1 should be -0.12925 (0.31253 from the page's own numbers), not -0.21373."
    ]


def test_few_digits_explain_nothing():
    assert the_mark(neuron(), "E/w1 = -0.2").verdict == "wrong"


def test_wide_intervals_decide_nothing():
    w, x = named(w=Value(1000.4), x=Value(1000.1))
    (y,) = named(y=w - x)
    (v,) = named(v=w * 1.0)
    (u,) = named(u=x * 1.0)
    (y,) = named(y=v - u)
    report = mark(y, ["v = 1000", "u = 1000", "y = 0.04"])
    assert report.marks[2].verdict == "undecided"
    assert report.ok


def test_a_page_on_which_nothing_can_show():
    (w, x) = named(w=Value(-1.0), x=Value(2.0))
    (y,) = named(y=(w * x).relu())
    report = mark(y, {"y/w": "0.0", "y/x": "0.0"})
    assert report.counts == {"right": 2}
    assert "Every derivative on this page is 0" in report.story[1]


def test_a_derivative_by_what_nothing_depends_on():
    slip = the_mark(neuron(), "x1/z = 0.41250")
    assert "x1 does not depend on z" in slip.sentence


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({}, "the list of claims is empty"),
        ({"y": "1"}, "no node is called 'y'; the labels are w1, x1"),
        ({"w11": "1"}, "no node is called 'w11'; did you mean `w1`"),
        ({"z": "0,5"}, "'0,5' is not a decimal number; write the decimal point as a point"),
        ({"z": "NaN"}, "'NaN' is not a decimal number"),
        ({"z": "1e999"}, "beyond the range"),
        ({"z'": "1"}, "z' is a number after an update of all that is trained; say what that is"),
        ({"E//w1": "1"}, "is no quantity"),
        (["z"], "'z' is no claim"),
    ],
)
def test_bad_claims(claims, message):
    with pytest.raises(ValueError, match=message):
        mark(neuron(), claims, learning_rate=0.1)


def test_an_update_needs_a_learning_rate():
    with pytest.raises(ValueError, match="give the learning_rate"):
        mark(neuron(), {"w1'": "0.3"})


def test_numbers_that_are_no_text():
    with pytest.raises(TypeError, match=r"a printed number is a string, so that its precision is known: '0.5'"):
        read_number(0.5)
    with pytest.raises(TypeError, match="a claim is a line of text"):
        mark(neuron(), [0.5])
    with pytest.raises(TypeError, match="only a recorded Value can be marked"):
        mark(0.5, {"z": "1"})


def test_an_output_without_a_label_and_without_an_operation():
    x = Value(2.0, "x")
    assert mark(Value(1.0), {"x": "2.0"}, others=[x]).ok


def test_a_label_that_two_nodes_have():
    a, b = Value(1.0, "a"), Value(2.0, "a")
    with pytest.raises(ValueError, match="several nodes are called 'a'"):
        mark(a * b, {"a": "1.0"})


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("z", Quantity("data", ("z",))),
        ("E/w", Quantity("derivative", ("E", "w"))),
        ("∂E/∂w", Quantity("derivative", ("E", "w"))),
        ("∂y/∂w1", Quantity("derivative", ("y", "w1"))),
        ("E / z / w", Quantity("path", ("E", "z", "w"))),
        ("∂E/∂z·∂z/∂w", Quantity("path", ("E", "z", "w"))),
        ("w'", Quantity("data", ("w'",))),
        ("E′/w″", Quantity("derivative", ("E'", "w''"))),
        ("x[0]", Quantity("data", ("x[0]",))),
    ],
)
def test_quantities_are_read_and_written(text, quantity):
    assert read_quantity(text) == quantity
    assert read_quantity(str(quantity)) == quantity


@pytest.mark.parametrize(
    ("text", "number", "unit", "digits"),
    [
        ("0.2040", 0.204, 1e-4, 4),
        ("+1.5", 1.5, 0.1, 2),
        ("−3", -3.0, 1.0, 1),
        ("1.20e-3", 0.0012, 1e-5, 3),
        (".5", 0.5, 0.1, 1),
        ("12.", 12.0, 1.0, 2),
        ("0.000", 0.0, 1e-3, 1),
        ("2E+3", 2000.0, 1e3, 1),
    ],
)
def test_printed_numbers_know_their_precision(text, number, unit, digits):
    printed = read_number(text)
    assert (printed.number, printed.unit, printed.digits) == (number, pytest.approx(unit), digits)


@pytest.mark.parametrize(
    ("text", "value", "rounds", "cuts"),
    [
        ("0.2040", 0.20395, True, False),
        ("0.2040", 0.20394, False, False),
        ("0.938", 0.93876, False, True),
        ("-0.938", -0.93876, False, True),
        ("-0.938", -0.93724, False, False),
        ("1.0", 1.05, True, True),
        ("1e-3", 0.0014, True, True),
        ("1.0e-3", 0.0014, False, False),
        ("0", -0.4, True, False),
        ("1", math.nan, False, False),
        ("1", math.inf, False, False),
    ],
)
def test_agreement_at_the_printed_precision(text, value, rounds, cuts):
    assert (read_number(text).rounds(value), read_number(text).cuts(value)) == (rounds, cuts)


def test_claims_in_every_form():
    expected = [Claim(Quantity("data", ("z",)), read_number("1.0")), read_claim("E/w = -2")]
    assert read_claims("z = 1.0\n\nE/w = -2\n") == expected
    assert read_claims(["z = 1.0", expected[1]]) == expected


def test_the_report_as_text_html_json_and_picture():
    root = neuron()
    root.backward()
    claims = [read_claim("z = 0.94", "Forward <1>"), read_claim("a = 0.731", "Forward <1>"), read_claim("E/w1 = 0.127", "Backward")]
    report = mark(root, claims)
    text = str(report)
    assert text.splitlines()[1:3] == ["", "Forward <1>"]
    assert all(word in text for word in ("z ", "0.94", "right", *report.story))
    html = report._repr_html_()
    assert "Forward &lt;1&gt;" in html
    assert "<1>" not in html
    assert all(VERDICTS[m.verdict].style in html for m in report.marks)
    content = json.loads(report.to_json())
    assert content["counts"] == report.counts
    assert [entry["verdict"] for entry in content["marks"]] == [m.verdict for m in report.marks]
    drawn = draw(root, notes=report.notes())
    assert "0.731" in drawn.dot
    assert "page, dE" in drawn.dot
    assert VERDICTS["right"].ground.light in drawn.dot


def test_a_derivative_may_be_written_with_d():
    page = {"dE/dw1": "-0.1", "∂E/∂w1": "-0.1", "E/w1": "-0.1", "dE/dz·dz/dw1": "-0.1"}
    marks = mark(neuron(), page).marks
    assert [str(m.claim.quantity) for m in marks] == ["∂E/∂w1"] * 3 + ["∂E/∂z·∂z/∂w1"]
    assert len({m.value for m in marks}) == 1


def test_where_a_node_is_called_dy_that_is_meant():
    y, w = named(y=Value(2.0), w=Value(5.0))
    (dw,) = named(dw=y * w)
    (dy,) = named(dy=dw * dw)
    assert mark(dy, {"dy/dw": "20.0"}).ok
    assert mark(dy, {"dy/w": "40.0"}).ok


def test_labels_for_what_has_none():
    w, x = Value(2.0), Value(3.0)
    (y,) = named(y=w * x)
    with pytest.raises(ValueError, match=r"no node is called 'w1'; the labels are y; .* call label_locals\(\)"):
        mark(y, {"w1": "2.0"})
    (y,) = named(y=Value(2.0, "w") * 3.0)  # a bare number needs no label
    with pytest.raises(ValueError, match=r"the labels are w and y$"):
        mark(y, {"q": "2.0"})


@pytest.mark.parametrize(
    ("printed", "value", "told"),
    [
        ("0.5", 0.4361, "0.436"),
        ("1", -0.2181, "-0.218"),
        ("1", -0.0, "0"),
        ("0.50", -1e-17, "0.00"),
        ("3", 2.0, "2"),
        ("0.40", 0.000123456, "0.000123"),
        ("0.12345", 0.2, "0.20000"),
        ("17", 1234.5, "1234"),
        ("1e-3", 0.00234567, "2.35e-03"),
        ("1e-20", 2.346e-20, "2.35e-20"),
        ("1", math.inf, "inf"),
    ],
)
def test_digits_enough_to_compare(printed, value, told):
    assert read_number(printed).beside(value) == told


def test_a_wrong_number_is_told_with_digits_enough():
    w, x = named(w=Value(0.436), x=Value(-0.2))
    (y,) = named(y=w * x)
    report = mark(y, {"y/x": "0.7", "y/w": "1", "y": "-0.1"})
    assert report.marks[0].sentence.startswith("∂y/∂x should be 0.436, not 0.7: ")
    assert report.marks[1].sentence.startswith("∂y/∂w should be -0.2, not 1: ")
    assert [line.split()[1] for line in str(report).splitlines()[1:4]] == ["0.436", "-0.2", "-0.1"]
    assert ">0.436</td>" in report._repr_html_()
    assert [entry["right"] for entry in json.loads(report.to_json())["marks"]] == ["0.4", "-0.2", "-0.1"]


def test_another_explanation_is_named_if_it_is_short():
    a, b = named(a=Value(1.25), b=Value(1.25))
    (y,) = named(y=a - b + 2.5)
    (z,) = named(z=y * a)
    slip = mark(z, {"y": "2.5", "z/a": "-2.5"}).marks[1]
    assert slip.verdict == "mistake"
    told = slip._replace(alternatives=("a term is missing",)).sentence
    assert told.endswith("; another explanation would fit: a term is missing.")
    assert slip._replace(alternatives=("a is 1", "b is 2")).sentence.endswith("; other explanations would fit: a is 1; b is 2.")
    assert slip._replace(alternatives=("a" * 60, "b" * 60)).sentence.endswith("; 2 other explanations would fit.")


def test_the_sign_of_a_wrong_number_is_no_name_and_no_operation():
    signs = [verdict.sign for verdict in VERDICTS.values()]
    assert len(set(signs)) == len(signs)
    assert "x" not in signs


def test_a_page_of_many_numbers_for_one_quantity_takes_steps_in_proportion(monkeypatch):
    """Each of them was put into all that follow, so that thousands took minutes."""
    evaluate, counts = Numbers.evaluate, []

    def counted(self, *args, **options):
        counts[-1] += 1
        return evaluate(self, *args, **options)

    monkeypatch.setattr(Numbers, "evaluate", counted)
    x = Value(1.0, "x")
    y = x * 2
    y.label = "y"
    for n in (50, 100):
        counts.append(0)
        mark(y, [f"x = 3.{i:04d}" for i in range(n)])
    assert counts[1] < 2.5 * counts[0]
