"""The wrong derivatives that people write: each is wrong, each another one, and rows of one's own may bring theirs."""

import math

import pytest

from autograd_tiny import check_primitive, mark
from autograd_tiny.calculus.mistaken.functions import OTHER_FUNCTIONS
from autograd_tiny.calculus.mistaken.rules import MISTAKEN, mistaken_rules
from autograd_tiny.engine import table
from autograd_tiny.engine.row import MistakenRule, Primitive
from autograd_tiny.engine.value import Value

MEMBERS = {"power": [table.power[k] for k in (2, 3, -1, 0.5)], "leaky_relu": [table.leaky_relu[0.1]], "softmax": [table.softmax[1]]}


@pytest.mark.parametrize("name", MISTAKEN)
def test_every_mistaken_rule_of_the_table_is_wrong_and_another_one(name):
    for row in MEMBERS.get(name, [table.TABLE[name]]):
        assert mistaken_rules(row)
        check_primitive(row)


def test_all_are_said_and_seen():
    for name in MISTAKEN:
        for row in MEMBERS.get(name, [table.TABLE[name]]):
            assert all(mistaken.what and mistaken.seen for mistaken in mistaken_rules(row))


def logistic(x):
    return 1.0 / (1.0 + math.exp(-x))


X, Y, Z = 0.7, 1.9, 0.2
RIGHT, TANH, WEIGHTS = logistic(X), math.tanh(X), [math.exp(x) / (math.exp(X) + math.exp(Y) + math.exp(Z)) for x in (X, Y, Z)]
WRITTEN = {
    (table.div, X, Y): {
        "the sign of the quotient rule is lost": [1 / Y, X / Y**2], "1/y is integrated, to ln y": [1 / Y, X * math.log(Y)],
        "it is not divided by y²": [Y, -X],
    },
    (table.power[3], X): {"the exponent is not brought down": [X**2], "the exponent is not lowered": [3 * X**3]},
    (table.power[-1], X): {
        "the exponent is not brought down": [X**-2], "the exponent is not lowered": [-1 / X], "it is integrated, to ln x": [math.log(X)],
    },
    (table.power[1], X): {},
    (table.exp, X): {
        "the rule of powers is applied": [X * math.exp(X - 1)], "its operand is taken for it": [X], "it is taken for ln": [1 / X],
    },
    (table.log, X): {"it is taken for the decadic logarithm": [math.log10(math.e) / X], "it is taken for exp": [math.exp(X)]},
    (table.sqrt, X): {"the factor ½ is lost": [X**-0.5], "the rule of the square is applied": [2 * X]},
    (table.sin, X): {"the sign of the cosine's derivative is taken": [-math.cos(X)]},
    (table.cos, X): {"the sign is lost": [math.sin(X)]},
    (table.tan, X): {"it is taken for tanh": [1 - math.tan(X) ** 2]},
    (table.absolute, -X): {"it is 1 on both sides": [1]},
    (table.maximum, X, Y, Z): {"it is 1 for every operand": [1, 1, 1]},
    (table.minimum, X, Y, Z): {"it is 1 for every operand": [1, 1, 1]},
    (table.mean, X, Y, Z): {"it is not divided by the count": [1, 1, 1]},
    (table.sigmoid, X): {
        "the sigmoid itself is taken": [RIGHT], "the factor σ is left out": [1 - RIGHT], "the rule of tanh is applied": [1 - RIGHT**2],
    },
    (table.tanh, X): {
        "the square is forgotten": [1 - TANH], "the rule of tan is applied": [1 + TANH**2], "the 1 is lost": [-(TANH**2)],
        "the rule of the sigmoid is applied": [TANH * (1 - TANH)], "the rule of arctan is applied": [1 / (1 + X**2)],
    },
    (table.relu, Y): {
        "the rule of the sigmoid is applied": [logistic(Y) * (1 - logistic(Y))],
        "the rule of the sigmoid is applied to the output": [Y * (1 - Y)],
    },
    (table.leaky_relu[0.1], -X): {"the slope below 0 is forgotten": [0]},
    (table.softplus, X): {
        "the sigmoid is taken at the output": [logistic(math.log(1 + math.exp(X)))], "the rule of ReLU is applied": [1],
    },
    (table.silu, X): {"the product rule is forgotten": [RIGHT]},
    (table.gelu, X): {"the product rule is forgotten": [(1 + math.erf(X / math.sqrt(2))) / 2]},
    (table.logsumexp, X, Y, Z): {"the sum below is left out": [math.exp(X), math.exp(Y), math.exp(Z)]},
    (table.softmax[1], X, Y, Z): {
        "it is treated entry by entry": [0, WEIGHTS[1] * (1 - WEIGHTS[1]), 0],
        "the sign beside the diagonal is lost": [
            WEIGHTS[1] * WEIGHTS[0], WEIGHTS[1] * (1 - WEIGHTS[1]), WEIGHTS[1] * WEIGHTS[2],
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize(("row", "point"), [(row, point) for row, *point in WRITTEN], ids=lambda x: getattr(x, "name", None))
def test_every_mistaken_rule_is_what_its_words_say(row, point):
    out = row.evaluate(point)
    given = {mistaken.what: list(mistaken.derivatives(row, out, point)) for mistaken in mistaken_rules(row)}
    wanted = WRITTEN[(row, *point)]
    assert list(given) == list(wanted)
    for what, derivatives in wanted.items():
        assert given[what] == pytest.approx(derivatives, rel=1e-14), what


def test_the_words_of_all_rows_are_known():
    assert {row.family.name if row.family else row.name for row, *_ in WRITTEN} == MISTAKEN.keys()


def test_functions_that_are_taken_for_another():
    turned, ln10, ln2 = math.radians(Y), math.log(10), math.log(2)
    wanted = {
        table.log: [(math.log10(Y), 1 / Y / ln10), (math.log10(Y), 1 / Y), (math.log2(Y), 1 / Y / ln2), (math.log2(Y), 1 / Y)],
        table.sin: [(math.sin(turned), math.cos(turned))],
        table.cos: [(math.cos(turned), -math.sin(turned))],
        table.tan: [(math.tan(turned), 1 / math.cos(turned) ** 2)],
        table.tanh: [((1 - math.exp(-Y)) / (1 + math.exp(-Y)), 2 * math.exp(-Y) / (1 + math.exp(-Y)) ** 2)],
    }
    for row, outcomes in wanted.items():
        for (other, what), (value, slope) in zip(OTHER_FUNCTIONS[row], outcomes, strict=True):
            assert other.forward(Y) == pytest.approx(value, rel=1e-14), what
            assert other.expansion(Y) == pytest.approx(value, rel=1e-14), what
            assert list(other.derivatives(other.forward(Y), [Y])) == pytest.approx([slope], rel=1e-14), what
            assert ("though not in derivatives" in what) == (row is table.log and slope == 1 / Y)
    taken = {table.mean: table.total, table.total: table.mean, table.div: table.mul}
    assert all([other for other, _ in OTHER_FUNCTIONS[row]] == [instead] for row, instead in taken.items())
    assert OTHER_FUNCTIONS.keys() == wanted.keys() | taken.keys()
    assert {base for _, what in OTHER_FUNCTIONS[table.log] for base in ("10", "2") if f"base {base} " in what} == {"10", "2"}


def cube(*mistaken):
    return Primitive("cube", lambda x: x**3, lambda out, x: (3.0 * x * x,), doc="x to the third power", mistaken=mistaken)


SQUARED = MistakenRule("the 3 is forgotten", lambda out, x: (x * x,), "an exam")


def test_a_row_of_ones_own_brings_its_own():
    one_more = MistakenRule("1 is added", lambda out, x: (3.0 * x * x + 1.0,), "an exam")
    row = cube(one_more)
    check_primitive(row)
    assert mistaken_rules(row) == (one_more,)
    x = Value(1.3, "x")
    y = row(x)
    y.label = "y"
    z = y * 2.0
    z.label = "z"
    (found,) = mark(z, ["z/x = 12.14"]).marks
    assert (found.mistake, found.why) == ("mistaken rule", "in ∂y/∂x, 1 is added")


@pytest.mark.parametrize(
    ("mistaken", "message"),
    [
        ([MistakenRule("right", lambda out, x: (3.0 * x**2.0,), "nowhere")], "'right' gives what 'the rule itself' gives at every point"),
        ([SQUARED, SQUARED._replace(what="again")], "'again' gives what 'the 3 is forgotten' gives at every point"),
        ([MistakenRule("never", lambda out, x: (table.log(-x * x),), "nowhere")], "'never' gives nothing at any point"),
        ([SQUARED._replace(seen="")], "cube: the mistaken rule 'the 3 is forgotten' needs a place where it was seen"),
    ],
)
def test_a_mistaken_rule_that_is_none_is_refused(mistaken, message):
    with pytest.raises(AssertionError, match=message):
        check_primitive(cube(*mistaken))
