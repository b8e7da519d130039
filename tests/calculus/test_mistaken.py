"""The wrong derivatives that people write: each is wrong, each another one, and rows of one's own may bring theirs."""

import pytest

from autograd_tiny import check_primitive, mark
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
