"""`check_primitive`: what it looks at, and that it finds what is wrong; every row of the table passes in test_primitives.py."""

import re
from itertools import count

import pytest
from small_graphs import softsign

from autograd_tiny import (
    TABLE,
    Expression,
    Primitive,
    Value,
    check_primitive,
    dot,
    less,
    maximum,
    minimum,
    sigmoid,
    sign,
    tan,
    total,
    where,
)


def number_of(x):
    return x.data if isinstance(x, Value) else x


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"rule": lambda out, x: (1.0 - abs(out),)}, "for the derivative by operand 1, the numbers say"),
        ({"rule": lambda out, x: (-((1.0 - abs(out)) ** 2),)}, "for the derivative by operand 1, the numbers say"),
        ({"rule": lambda out, x: ((1.0 - abs(number_of(out))) ** 2,)}, "for the second derivative by operands 1 and 1, the numbers say"),
        ({"expansion": lambda x: x / (1.0 + x * x)}, "but its expansion gives"),
        ({"expansion": lambda x: x / (1.0 + number_of(abs(x)))}, "its expansion"),
        ({"rule": lambda out, x: ((1.0 - abs(out)) ** 2, 0.0)}, "gives 2 derivatives for 1 operands"),
        ({"rule": lambda out, x: ()}, "gives 0 derivatives for 1 operands"),
        ({"doc": ""}, "the row needs a doc; give it one, as doc='...'"),
        ({"rule": lambda out, x: (1.0 / (1.0 + where(less(x, 0.0), -x, x)),)}, "the numbers say"),
    ],
    ids=["derivative", "its sign", "second derivative", "expansion", "expansion's derivative", "too many", "too few", "no doc", "a branch"],
)
def test_check_primitive_finds_what_is_wrong(changed, message):
    with pytest.raises(AssertionError, match=re.escape(message)) as caught:
        check_primitive(softsign(**changed))
    assert str(caught.value).startswith("softsign")


def test_check_primitive_finds_swapped_derivatives():
    swapped = Primitive("quotient", lambda x, y: x / y, lambda out, x, y: (-out / y, 1.0 / y), doc="x / y", domain=TABLE["div"].domain)
    with pytest.raises(AssertionError, match=r"quotient\(.*by operand 1, the numbers say"):
        check_primitive(swapped)


def test_check_primitive_finds_a_row_that_is_not_commutative():
    wrong = Primitive("less_than", lambda x, y: float(x < y), (0.0, 0.0), doc="x < y", commutative=True)
    with pytest.raises(AssertionError, match=r"less_than\(.* with its operands reversed .*, so the row is not commutative"):
        check_primitive(wrong)


def test_derivatives_agree_far_from_the_usual_points():
    check_primitive(tan, [(1.2,), (-1.3,)])
    check_primitive(sigmoid, [(5.0,), (-5.0,)])
    check_primitive(minimum, [(3.0, 1.0, 2.0), (1.0, 3.0)])
    check_primitive(maximum, [(5.0,), (2.0, 4.0)])  # of one operand alone, every mistaken rule is right
    check_primitive(total, [(1.0,), (1.0, 2.0, 3.0, 4.0)])
    check_primitive(dot, [(1.0, 2.0), (0.5, -1.5, 2.0, 3.0)])


def test_a_value_that_is_another_each_time_is_found():
    calls = count()
    with pytest.raises(AssertionError, match=r"moody\(1\): recorded as 2.0, but forward gives 1.0"):
        check_primitive(Primitive("moody", lambda x: x + next(calls), (1.0,), doc="x and more each time"), [(1.0,)])


def test_a_rule_that_differs_on_values_or_as_a_formula_is_found():
    def rule_for(kind):
        return lambda out, x: (2.0 * x * (1.5 if isinstance(x, kind) else 1.0),)

    for kind, found in ((Value, r"on floats but .* on Values"), (Expression, r"on floats but .* as a formula")):
        square = Primitive("square", lambda x: x * x, rule_for(kind), doc="x squared")
        with pytest.raises(AssertionError, match=rf"square\(2\): the rule gives 4.0 {found} for the derivative by operand 1"):
            check_primitive(square, [(2.0,)])


def test_an_infinite_derivative_is_like_no_number():
    """The rule is 1e100 x, and its derivative overflows on the way, from the last factor to the first."""
    steep = Primitive("steep", lambda x: 5e99 * x * x, lambda out, x: (x * 1e-300 * 1e200 * 1e200,), doc="x squared, 5e99 times")
    with pytest.raises(AssertionError, match="the rule gives inf for the second derivative by operands 1 and 1, the numbers say 1"):
        check_primitive(steep, [(1.0,)])


def test_the_tolerance_is_relative_to_a_size_of_one_or_more():
    slow = Primitive("slow", lambda x: 0.001 * x, (0.0025,), doc="x / 1000, with another slope")
    check_primitive(slow, tolerance=2e-3)
    with pytest.raises(AssertionError, match=r"the rule gives 0.0025"):
        check_primitive(slow, tolerance=1e-3)
    check_primitive(sign, tolerance=0.0)


def test_the_points_of_a_row_of_two_operands():
    met = []

    def rule(out, x, y):
        if isinstance(x, Value):
            met.append((x.data, y.data))
        return y, x

    check_primitive(Primitive("times", lambda x, y: x * y, rule, doc="x y"))
    assert len(met) == 2 * (4 + 8)  # at each point for the row, and once more in place of an expansion
    assert {x for x, _ in met[:8]} == {y for _, y in met[:8]} == {-2.3, -0.6, 0.4, 1.7}
    assert len(set(met)) == 4 + 8 - 2  # two of the four are among the eight, too
    assert all(x != y for x, y in met)
