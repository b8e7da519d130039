"""The known mistakes: all that are made in the formula of a quantity, each as a formula, a sentence and how far-fetched it is."""

import pytest

from autograd_tiny import Value, total
from autograd_tiny.formulas import read_formula
from autograd_tiny.marking.claims import read_claim
from autograd_tiny.marking.derivations import Derivation, Derivations, NamedGraph
from autograd_tiny.marking.forms.blanks import unread
from autograd_tiny.marking.forms.printed import read_number
from autograd_tiny.marking.forms.quantities import read_quantity
from autograd_tiny.marking.slips.editor import Editor
from autograd_tiny.marking.slips.mistakes import double_edits, edits
from autograd_tiny.marking.training.setting import setting, training_of
from autograd_tiny.optim import Adam


def graph():
    """c = a² w1 - 2 for a = tanh(z), z = w1 x + b; a is used twice by one node, w1 by two."""
    w, x, b = Value(0.5, "w1"), Value(2.0, "x"), Value(0.25, "b")
    z = w * x + b
    a = z.tanh()
    c = a * a * w - 2.0
    z.label, a.label, c.label = "z", "a", "c2"
    return c


def editor(text, known=()):
    printed = {read_quantity(k): None for k in known}
    derivations = setting(NamedGraph(graph()), [read_claim(f"{x} = 0") for x in (text, *known)], 0.1).derivations
    return Editor(derivations, derivations.derivation(read_quantity(text), printed), printed)


def told(edits):
    """One line an edit; a decimal place is moved wherever a factor is, and left out here."""
    for x in edits:
        if "decimal place" not in x.mistake:
            invisible = f" | {x.without}" if x.without is not None else ""
            yield f"{x.effort:g} {x.mistake} | {x.root} | {x.what}{invisible}"


def test_one_step_deeper_what_was_known_is_worked_out_from_what_is_known_before_it():
    before = editor("c2", ["a", "z"])
    assert [str(before.root), str(before.deeper().root)] == ["a * a * w1 - 2", "tanh(z) * tanh(z) * w1 - 2"]


OF_C_BY_A = """\
0.5 sign | -(w1 * (a + a)) | the sign is wrong
0.8 one path kept | w1 * a | of 2 paths only one is kept, a
0.8 one path kept | w1 * a | of 2 paths only one is kept, a
0.8 factor | 2 * (w1 * (a + a)) | the number is 2 times too large | 0
0.8 factor | 0.5 * (w1 * (a + a)) | the number is 2 times too small | 0
1.5 sign | w1 * (-a + a) | the sign of the term a is wrong
1.5 sign | w1 * (a + (-a)) | the sign of the term a is wrong
1.6 factor | 4 * (w1 * (a + a)) | the number is 4 times too large | 0
1.6 factor | 0.25 * (w1 * (a + a)) | the number is 4 times too small | 0
2 factor left out | a + a | the factor w1 is left out
2 factor left out | w1 | the factor ∂(a * a)/∂a is left out
2 factor twice | w1 * (a + a) * w1 | the factor w1 is applied twice
2 factor twice | w1 * (a + a) * (a + a) | the factor ∂(a * a)/∂a is applied twice
"""

OF_A_BY_Z = """\
0.5 sign | -(1 - a ** 2) | the sign is wrong
0.8 factor | 2 * (1 - a ** 2) | the number is 2 times too large | 0
0.8 factor | 0.5 * (1 - a ** 2) | the number is 2 times too small | 0
1.5 sign | -1 + (-a ** 2) | the sign of the term 1 is wrong
1.5 sign | 1 + (-(-a ** 2)) | the sign of the term -a ** 2 is wrong
1.6 factor | 4 * (1 - a ** 2) | the number is 4 times too large | 0
1.6 factor | 0.25 * (1 - a ** 2) | the number is 4 times too small | 0
1.5 wrong point | 1 - tanh(a) ** 2 | ∂a/∂z is taken at a in place of z
1.5 wrong point | 1 - z ** 2 | ∂a/∂z is taken at z in place of a
1.9 mistaken rule | 1 - a | in ∂a/∂z, the square is forgotten
1.9 mistaken rule | 1 + a ** 2 | in ∂a/∂z, the rule of tan is applied
1.9 mistaken rule | -a ** 2 | in ∂a/∂z, the 1 is lost
1.9 mistaken rule | a * (1 - a) | in ∂a/∂z, the rule of the sigmoid is applied
1.9 mistaken rule | 1 / (1 + z * z) | in ∂a/∂z, the rule of arctan is applied
2 factor left out | 1 - a | the factor a is left out
2 term left out | -a ** 2 | the term 1 is left out
2 term left out | 1 | the term -a ** 2 is left out
2 factor twice | 1 - a ** 2 * a | the factor a is applied twice
"""

AN_UPDATE = """\
1 update added | w1 + 0.1 * ∂c2/∂w1 | the step is added, where gradient descent subtracts it
0.5 sign | -(w1 - 0.1 * ∂c2/∂w1) | the sign is wrong
0.8 not updated | w1 | it is w1, of before the update
0.8 factor | w1 - 2 * (0.1 * ∂c2/∂w1) | the step is 2 times too large | w1
0.8 factor | 2 * (w1 - 0.1 * ∂c2/∂w1) | the number is 2 times too large | 0
0.8 factor | w1 - 0.5 * (0.1 * ∂c2/∂w1) | the step is 2 times too small | w1
0.8 factor | 0.5 * (w1 - 0.1 * ∂c2/∂w1) | the number is 2 times too small | 0
1.6 factor | w1 - 4 * (0.1 * ∂c2/∂w1) | the step is 4 times too large | w1
1.6 factor | 4 * (w1 - 0.1 * ∂c2/∂w1) | the number is 4 times too large | 0
1.6 factor | w1 - 0.25 * (0.1 * ∂c2/∂w1) | the step is 4 times too small | w1
1.6 factor | 0.25 * (w1 - 0.1 * ∂c2/∂w1) | the number is 4 times too small | 0
1.7 weight and gradient | 0.1 * ∂c2/∂w1 | it is the step alone
1.7 weight and gradient | ∂c2/∂w1 | it is ∂c2/∂w1, the gradient
1.7 weight and gradient | w1 - 0.1 * w1 | w1 is taken for ∂c2/∂w1, its gradient
2 factor left out | w1 - ∂c2/∂w1 | the factor 0.1 is left out
2 factor left out | w1 - 0.1 | the factor ∂c2/∂w1 is left out
2 term left out | -(0.1 * ∂c2/∂w1) | the term w1 is left out
2 term left out | w1 | the term -(0.1 * ∂c2/∂w1) is left out
2 factor twice | w1 - 0.1 * ∂c2/∂w1 * 0.1 | the factor 0.1 is applied twice
2 factor twice | w1 - 0.1 * ∂c2/∂w1 * ∂c2/∂w1 | the factor ∂c2/∂w1 is applied twice
"""

OF_C_BY_W = """\
0.5 sign | -(∂c2/∂a * (1 - a ** 2) * x + a * a) | the sign is wrong
0.8 one path kept | ∂c2/∂a * (1 - a ** 2) * x | of 2 paths only one is kept, ∂c2/∂z * x
0.8 one path kept | a * a | of 2 paths only one is kept, a * a
0.8 factor | 2 * (∂c2/∂a * (1 - a ** 2) * x + a * a) | the number is 2 times too large | 0
0.8 factor | 0.5 * (∂c2/∂a * (1 - a ** 2) * x + a * a) | the number is 2 times too small | 0
1.5 sign | ∂c2/∂a * (-1 + (-a ** 2)) * x + a * a | the sign of the term 1 is wrong
1.5 sign | ∂c2/∂a * (1 + (-(-a ** 2))) * x + a * a | the sign of the term -a ** 2 is wrong
1.5 sign | -(∂c2/∂a * (1 - a ** 2) * x) + a * a | the sign of the term ∂c2/∂z * x is wrong
1.5 sign | ∂c2/∂a * (1 - a ** 2) * x + (-(a * a)) | the sign of the term a * a is wrong
1.6 factor | 4 * (∂c2/∂a * (1 - a ** 2) * x + a * a) | the number is 4 times too large | 0
1.6 factor | 0.25 * (∂c2/∂a * (1 - a ** 2) * x + a * a) | the number is 4 times too small | 0
1 activation derivative missing | ∂c2/∂a * x + a * a | the derivative of the activation, ∂a/∂z, is missing
1.5 wrong point | ∂c2/∂a * (1 - tanh(a) ** 2) * x + a * a | ∂a/∂z is taken at a in place of z
1.5 wrong point | ∂c2/∂a * (1 - z ** 2) * x + a * a | ∂a/∂z is taken at z in place of a
1.7 weight and gradient | w1 - (∂c2/∂a * (1 - a ** 2) * x + a * a) | it is w1 less its gradient
1.9 mistaken rule | ∂c2/∂a * (1 - a) * x + a * a | in ∂a/∂z, the square is forgotten
1.9 mistaken rule | ∂c2/∂a * (1 + a ** 2) * x + a * a | in ∂a/∂z, the rule of tan is applied
1.9 mistaken rule | ∂c2/∂a * (-a ** 2) * x + a * a | in ∂a/∂z, the 1 is lost
1.9 mistaken rule | ∂c2/∂a * (a * (1 - a)) * x + a * a | in ∂a/∂z, the rule of the sigmoid is applied
1.9 mistaken rule | ∂c2/∂a * (1 / (1 + z * z)) * x + a * a | in ∂a/∂z, the rule of arctan is applied
2 factor left out | ∂c2/∂a * (1 - a) * x + a * a | the factor a is left out
2 factor left out | (1 - a ** 2) * x + a * a | the factor ∂c2/∂a is left out
2 factor left out | x + a * a | the factor ∂c2/∂z is left out
2 factor left out | ∂c2/∂a * (1 - a ** 2) + a * a | the factor x is left out
2 factor left out | ∂c2/∂a * (1 - a ** 2) * x + a | the factor a is left out
2 factor left out | ∂c2/∂a * (1 - a ** 2) * x + a | the factor a is left out
2 term left out | ∂c2/∂a * (-a ** 2) * x + a * a | the term 1 is left out
2 term left out | ∂c2/∂a * x + a * a | the term -a ** 2 is left out
2 factor twice | ∂c2/∂a * (1 - a ** 2 * a) * x + a * a | the factor a is applied twice
2 factor twice | ∂c2/∂a * (1 - a ** 2) * ∂c2/∂a * x + a * a | the factor ∂c2/∂a is applied twice
2 factor twice | ∂c2/∂a * (1 - a ** 2) * (1 - a ** 2) * x + a * a | the factor ∂a/∂z is applied twice
2 factor twice | t1 = ∂c2/∂a * (1 - a ** 2); t1 * x * t1 + a * a | the factor ∂c2/∂z is applied twice
2 factor twice | ∂c2/∂a * (1 - a ** 2) * x * x + a * a | the factor x is applied twice
2 factor twice | ∂c2/∂a * (1 - a ** 2) * x + a * a * a | the factor a is applied twice
2 factor twice | ∂c2/∂a * (1 - a ** 2) * x + a * a * a | the factor a is applied twice
"""


@pytest.mark.parametrize(
    ("quantity", "known", "wanted"),
    [("c2/a", (), OF_C_BY_A), ("a/z", (), OF_A_BY_Z), ("w1'", ("c2/w1",), AN_UPDATE), ("c2/w1", ("c2/a",), OF_C_BY_W)],
)
def test_all_mistakes_in_a_formula(quantity, known, wanted):
    assert "\n".join(told(edits(editor(quantity, known)))) + "\n" == wanted


def test_all_decimal_places():
    moved = [x for x in edits(editor("w1'", ("c2/w1",))) if x.mistake == "decimal place"]
    assert {x.effort for x in moved} == {1}
    assert [(str(x.root), str(x.without)) for x in moved if str(x.without) == "w1"] == [
        (f"w1 - {factor} * (0.1 * ∂c2/∂w1)", "w1") for factor in ("10", "0.1", "100", "0.01", "1000", "0.001")
    ]
    assert [x.what.partition(" has its decimal point ")[2] for x in moved if str(x.without) == "0"] == [
        f"{places} too far to the {side}" for places in ("one place", "two places", "three places") for side in ("right", "left")
    ]


def test_two_mistakes_at_once_are_a_lost_path_and_a_slip_of_the_pen():
    assert list(told(double_edits(editor("c2/a")))) == [
        "1.3 one path kept, sign | -(w1 * a) | of 2 paths only one is kept, a; besides, the sign is wrong"
    ] * 2
    assert len(list(double_edits(editor("c2/a")))) == 2 * (1 + 6)
    assert list(double_edits(editor("a/z"))) == []


def test_one_path_of_three_is_left_out_and_of_two_kept():
    a = Value(0.5, "a")
    y = a.sin() + a.cos() + a.exp()
    y.label = "y"
    derivations = Derivations(NamedGraph(y))
    found = {}
    for x in edits(Editor(derivations, derivations.derivation(read_quantity("y/a"), ()), {})):
        found.setdefault(x.mistake, []).append((str(x.root), x.what, x.effort))
    assert [effort for _, _, effort in found["path left out"]] == [1.5] * 3
    assert [what.partition(",")[0] for _, what, _ in found["path left out"]] == ["of 3 paths one is left out"] * 3
    assert [what.partition(",")[0] for _, what, _ in found["one path kept"]] == ["of 3 paths only one is kept"] * 3
    assert "term left out" not in found


@pytest.mark.parametrize(("terms", "more"), [(2, "1 more path"), (3, "2 more paths")])
def test_the_derivative_of_one_term_for_that_of_all(terms, more):
    w = Value(0.5, "w")
    parts = [w * 3.0, w.sin(), w.cos()][:terms]
    for k, part in enumerate(parts, 1):
        part.label = f"E{k}"
    e = total(parts)
    e.label = "E"
    derivations = Derivations(NamedGraph(e))
    known = {read_quantity("E1/w"): None}
    found = edits(Editor(derivations, derivations.derivation(read_quantity("E/w"), known), known))
    said = [(x.effort, x.mistake, x.what) for x in found if "is used for" in x.what]
    assert said == [(0.8, "one path kept", f"∂E1/∂w is used for ∂E/∂w, which has {more}")]


def test_a_number_of_a_neighbour():
    """In e = h² - g, for h = w1 x1 + w2 x2, w1 has the neighbour w2, and a factor of -1 is a sign and no factor."""
    w1, w2, x1, x2, g = (Value(x, label) for x, label in ((0.5, "w1"), (0.7, "w2"), (2.0, "x1"), (3.0, "x2"), (0.1, "g")))
    h = w1 * x1 + w2 * x2
    e = h * h * x1 - g
    h.label, e.label = "h", "e"
    derivations = Derivations(NamedGraph(e))

    def found(text, *mistakes):
        editor = Editor(derivations, derivations.derivation(read_quantity(text), ()), {})
        return [line for line in told(edits(editor)) if line.split(" |")[0].split(" ", 1)[1] in mistakes]

    assert found("h", "neighbour taken", "copied") == [
        "3 neighbour taken | w2 * x1 + w2 * x2 | w2 is taken in place of w1",
        "3 neighbour taken | w1 * x2 + w2 * x2 | x2 is taken in place of x1",
        "3 neighbour taken | w1 * x1 + w1 * x2 | w1 is taken in place of w2",
        "3 neighbour taken | w1 * x1 + w2 * x1 | x1 is taken in place of x2",
    ]
    assert found("h/x1", "neighbour taken", "copied") == [
        "3 copied | ∂h/∂x2 | it is ∂h/∂x2",
    ]
    assert found("e/x1", "neighbour taken") == [
        "3 neighbour taken | x2 * (h + h) * w1 + h * h | x2 is taken in place of x1",
        "3 neighbour taken | x1 * (h + h) * w2 + h * h | w2 is taken in place of w1",
    ]


@pytest.mark.parametrize("is_first", [True, False])
def test_a_factor_of_minus_1_is_a_sign(is_first):
    """It is neither left out nor applied twice, as the sign of the term says that already; a factor of -2 is."""
    derivations = Derivations(NamedGraph(graph()))
    quantity = read_quantity("c2/a")
    x = derivations.variable(quantity)
    for number, names in ((-1.0, ["∂c2/∂a"]), (-2.0, ["-2", "∂c2/∂a"] if is_first else ["∂c2/∂a", "-2"])):
        root = number * x if is_first else x * number
        found = [e for e in edits(Editor(derivations, Derivation(quantity, root, {x: quantity}), {})) if e.mistake.startswith("factor ")]
        assert [e.what for e in found] == [f"the factor {n} is {what}" for what in ("left out", "applied twice") for n in names]


SOFTMAX = "p1, p2 = softmax(z1, z2); E = p1**2 - ln(p2)", {"z1": 0.3, "z2": -0.2}
SQUARE = "y = w*x; E = y**2", {"w": 0.5, "x": 2}
TWO = "h1 = sigmoid(z1); h2 = sigmoid(z2); E = (w5*h1 + w6*h2)**2", {"z1": 0.5, "z2": 0.2, "w5": 0.3, "w6": 0.7}
D1, D2 = "∂E/∂p1 * (p1 * (1 - p1))", "∂E/∂p2 * ((-p2) * p1)"


def adam(nodes):
    return Adam([nodes["w"]], 0.1, betas=(0.75, 0.5))


@pytest.mark.parametrize(
    ("graph", "quantity", "known", "trained", "mistakes", "wanted"),
    [
        (SOFTMAX, "E/z1", ("E/p1", "E/p2"), None, ("activation derivative missing", "softmax diagonal only", "one path kept"), [
            "∂E/∂p1 | the derivatives of the softmax are missing",
            f"{D1} | only the diagonal of the softmax's derivatives is used",
            f"{D1} | of 2 paths only one is kept, ∂E/∂p1 * ∂p1/∂z1", f"{D2} | of 2 paths only one is kept, ∂E/∂p2 * ∂p2/∂z1",
        ]),
        (SOFTMAX, "E/z1", ("E/p1", "E/p2"), None, ("wrong point",), [
            f"∂E/∂p1 * (z1 * (1 - z1)) + {D2} | ∂p1/∂z1 is computed from the inputs, not the outputs",
            f"∂E/∂p1 * (p1 * (1 - z1)) + {D2} | in ∂p1/∂z1, z1 is put in for p1",
            f"∂E/∂p1 * (z1 * (1 - p1)) + {D2} | in ∂p1/∂z1, z1 is put in for p1",
            f"{D1} + ∂E/∂p2 * ((-z2) * z1) | ∂p2/∂z1 is computed from the inputs, not the outputs",
            f"{D1} + ∂E/∂p2 * ((-p2) * z1) | in ∂p2/∂z1, z1 is put in for p1",
            f"{D1} + ∂E/∂p2 * ((-z2) * p1) | in ∂p2/∂z1, z2 is put in for p2",
        ]),
        (SQUARE, "w''", ("mhat(w)''", "vhat(w)''", "w'"), adam, ("bias correction missing", "not updated", "root left out"), [
            "w' | it is w', of before the update",
            "w' - 0.1 * m(w)'' / (sqrt(v(w)'') + 1e-08) | the bias of the means is not corrected",
            "w' - 0.1 * m(w)'' / (sqrt(vhat(w)'') + 1e-08) | mhat(w)'' is not corrected for its bias",
            "w' - 0.1 * mhat(w)'' / (sqrt(v(w)'') + 1e-08) | vhat(w)'' is not corrected for its bias",
            "w' - 0.1 * mhat(w)' / (sqrt(vhat(w)'') + 1e-08) | mhat(w)' of before the update is used in place of mhat(w)''",
            "w' - 0.1 * mhat(w)'' / (sqrt(vhat(w)') + 1e-08) | vhat(w)' of before the update is used in place of vhat(w)''",
            "w - 0.1 * mhat(w)'' / (sqrt(vhat(w)'') + 1e-08) | w of before the update is used in place of w'",
            "w' - 0.1 * mhat(w)'' / (vhat(w)'' + 1e-08) | a square root is left out",
        ]),
        (SQUARE, "mhat(w)'", ("m(w)'",), adam, ("bias correction missing", "not updated"), [
            "m(w)' | mhat(w)' is not corrected for its bias",  # of before the update it is 0, which nobody takes
        ]),
        (SQUARE, "m(w)'", ("E/w",), adam, ("shares exchanged",), [
            "0.25 * m(w) + 0.75 * ∂E/∂w | the shares 0.75 and 0.25 of a moving average are exchanged",
        ]),
        (SQUARE, "E'/w'", (), adam, ("not updated",), [
            "∂E/∂w | it is ∂E/∂w, of before the update",
            "∂E/∂y * x | ∂E/∂y of before the update is used in place of ∂E'/∂y'",
            "2 * y * x | y of before the update is used in place of y'",
        ]),
        (SQUARE, "E/w", ("w'",), 0.1, ("weight and gradient",), [
            "w - 2 * y * x | it is w less its gradient", "w' | it is w', the number after the step",
        ]),
        (TWO, "h1/z1", (), None, ("neighbour taken",), [
            "h2 * (1 - h2) | h2 is taken in place of h1",
            "h1 * (1 - h2) | h2 is taken for h1 in one of 2 places", "h2 * (1 - h1) | h2 is taken for h1 in one of 2 places",
            "sigmoid(z2) * (1 - sigmoid(z2)) | ∂h1/∂z1 is taken at z2 in place of z1",
        ]),
        (TWO, "E/z1", ("w5'",), 0.1, ("updated weights used",), [
            "2 * (w5' * h1 + w6 * h2) * w5' * (h1 * (1 - h1)) | the gradient is propagated with weights after their update, w5'",
        ]),
        (("y = w*x + b + 2*c", {"w": 0.5, "x": 0.2, "b": 0.3, "c": 1}), "y", (), None, ("one term kept",), [
            "w * x | of 3 terms only one is kept, w * x", "b | of 3 terms only one is kept, b",
            "2 * c | of 3 terms only one is kept, 2 * c",
        ]),
        (("a = w*x; y = tanh(a)*3", {"w": 0.5, "x": 0.2}), "y", (), None, ("activation missing",), [
            "w * x * 3 | the activation that gives tanh(a) is missing",
        ]),
    ],
)  # fmt: skip
def test_mistakes_of_a_kind(graph, quantity, known, trained, mistakes, wanted):
    recorded = read_formula(graph[0]).record(graph[1])
    training = training_of(adam(recorded.nodes), (), "", None) if trained is adam else trained
    claims = [read_claim(f"{x} = 0") for x in (quantity, *known)]
    derivations = setting(NamedGraph(recorded.output), claims, training).derivations
    printed = {read_quantity(x): None for x in known}
    found = edits(Editor(derivations, derivations.derivation(read_quantity(quantity), printed), printed))
    assert sorted(f"{x.root} | {x.what}" for x in found if x.mistake in mistakes) == sorted(wanted)


def test_a_number_from_elsewhere_stands_for_each_quantity_in_turn():
    printed = [read_number("0.125"), unread("no number"), read_number("0.125"), read_number("3")]
    found = list(editor("a/z").numbers_from_elsewhere(printed))
    assert [(edit.mistake, edit.effort) for edit in found] == [("another number", 3.3)] * 2
    assert [str(edit.root) for edit in found] == ["1 - 0.125 ** 2", "1 - 3 ** 2"]
    assert [edit.what for edit in found] == [f"{x}, a number printed before, is taken for a" for x in ("0.125", "3")]
