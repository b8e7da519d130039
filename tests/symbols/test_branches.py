"""Branches that are not taken do no harm: rewritten formulas have the values and derivatives of the same choices made by `if`."""

import math
from itertools import product

import pytest

from autograd_tiny import (
    Expression,
    Value,
    absolute,
    atan,
    cos,
    dot,
    erf,
    erfc,
    exp,
    gelu,
    gradient,
    leaky_relu,
    log,
    logsumexp,
    maximum,
    mean,
    minimum,
    relu,
    sigmoid,
    silu,
    sin,
    sinh,
    softmax,
    softplus,
    sqrt,
    step,
    tanh,
    total,
    where,
)
from autograd_tiny.engine.graph import topological_order
from autograd_tiny.symbols import branches
from autograd_tiny.symbols.branches import MOST_CASES, with_safe_branches
from autograd_tiny.symbols.expression import TO_BE_RUN, evaluate

POINTS = (-2.5, -1.0, -0.5, 0.0, 0.25, 1.0, 3.0)


def choose(condition, x, y):
    """By `if`: only the branch that is taken is computed."""
    return x() if condition else y()


def record(condition, x, y):
    """Recorded: both are."""
    return where(condition, x(), y())


def one(x, y, either):
    return either(x > 0.0, lambda: sqrt(x), lambda: 0.0 * x)


def two_ways(x, y, either):
    return either(x > 0.0, lambda: log(x) * y, lambda: sqrt(-x + 0.5))


def nested(x, y, either):
    return either(x > 0.0, lambda: either(y > 0.0, lambda: log(x) / sqrt(y), lambda: log(x) - y), lambda: x * y)


def joined(x, y, either):
    """The logarithm is needed whatever y is."""
    return either(x > 0.0, lambda: either(y > 0.0, lambda: log(x), lambda: 2.0 * log(x)), lambda: y + 0.0 * x)


def condition_within(x, y, either):
    return either(x > 0.0, lambda: either(log(x) > 0.0, lambda: y / log(x), lambda: x + y), lambda: x - y)


def several_cases(x, y, either):
    """The root is needed where x > 0, or where both are below; never else."""
    below = lambda: either(y < 0.0, lambda: sqrt(x * y), lambda: y + 0.0 * x)  # noqa: E731
    return either(x > 0.0, lambda: sqrt(x) / x, lambda: either(x < 0.0, below, lambda: 1.0 + x * y))


def outputs(x, y, either):
    p = lambda: softmax([1.0 / x, log(x) * y, y])  # noqa: E731
    return either(x > 0.0, lambda: p()[0] * p()[1] + mean([log(x), y]), lambda: x * y)


def tame_rows(x, y, either):
    return either(x > 0.0, lambda: tanh(x * y + 1.0 / (x * x)) ** 2, lambda: exp(x) * y)


@pytest.mark.parametrize("function", [one, two_ways, nested, joined, condition_within, several_cases, outputs, tame_rows])
def test_values_and_derivatives_of_the_branch_that_is_taken(function):
    x, y = Expression("x"), Expression("y")
    formula = function(x, y, record)
    equal_to = with_safe_branches(formula)
    safe = equal_to[formula]
    slopes = gradient(safe, [x, y])
    seconds = gradient(slopes[0] * 1.0 + slopes[1], [x, y])
    for a, b in product(POINTS, POINTS):
        leaves = [Value(a), Value(b)]
        expected = function(*leaves, choose)
        try:
            firsts = gradient(expected, leaves)
            wanted = [expected.data, *(d.data for d in firsts), *(d.data for d in gradient(firsts[0] * 1.0 + firsts[1], leaves))]
        except ArithmeticError:
            continue  # infinite at the edge
        found = evaluate([safe, *slopes, *seconds], {x: a, y: b})
        assert found == pytest.approx(wanted, rel=1e-12, abs=1e-12), (a, b)


def shared(x, y):
    """A root that is needed in two cases, and once more inside one of them."""
    root = sqrt(x)
    return where(x > 0.0, root, 0.0) + where(x > 1.0, root * y, y)


def test_what_several_choices_need():
    x, y = Expression("x"), Expression("y")
    formula = shared(x, y)
    safe = with_safe_branches(formula)[formula]
    slopes = gradient(safe, [x, y])
    assert evaluate([safe, *slopes], {x: -4.0, y: 2.0}) == [2.0, 0.0, 1.0]
    assert evaluate([safe, *slopes], {x: 0.25, y: 2.0}) == [2.5, 1.0, 1.0]
    assert evaluate([safe, *slopes], {x: 4.0, y: 2.0}) == [6.0, 0.25 + 0.5, 2.0]


def test_what_is_always_needed_is_left_as_it_is():
    x = Expression("x")
    plain = sqrt(x) + 1.0
    assert with_safe_branches(plain)[plain] is plain
    wave = exp(x)
    formula = where(wave > 1.0, wave, 0.0)
    assert with_safe_branches(formula)[formula] is formula


def test_finite_variables_need_no_mask_where_a_row_is_tame():
    x, y = Expression("x"), Expression("y")
    formula = where(y > 0.0, tanh(x), 0.0)
    assert str(with_safe_branches(formula, [x, y])[formula]) == "where(y > 0, tanh(x), 0)"
    assert str(with_safe_branches(formula)[formula]) == "where(y > 0, tanh(where(y > 0, x, 0.5)), 0)"
    assert str(with_safe_branches(formula, [y])[formula]) == "where(y > 0, tanh(where(y > 0, x, 0.5)), 0)"


def test_what_is_finite_for_finite_operands_needs_no_mask():
    x, y, z = map(Expression, "xyz")
    tame = [
        *[row(x) for row in (sin, cos, tanh, atan, erf, erfc, sigmoid, relu, softplus, silu, gelu, absolute, leaky_relu, step)],
        *[row(x, z) for row in (minimum, maximum, logsumexp)],
        *[x * z, dot([x, z], [z, x]), softmax([x, z])[0], x**0.0, x**1.0, x**2.0, x - z, mean([x, z])],
    ]
    for part in tame:
        formula = where(y > 0.0, part, 0.0)
        assert with_safe_branches(formula, [x, y, z])[formula] is formula, part
    for part in (exp(x), sinh(x), x**3.0, x / z, sqrt(x)):
        formula = where(y > 0.0, part, 0.0)
        assert "where(y > 0, x, 0.5)" in str(with_safe_branches(formula, [x, y, z])[formula])


def test_the_outputs_of_one_operation_stay_together():
    x, y = Expression("x"), Expression("y")
    first, second = softmax([log(x), y])
    formula = where(x > 0.0, first * second, 0.0)
    safe = with_safe_branches(formula)[formula]
    assert len({id(node.first) for node in topological_order(safe) if node.op.family is softmax}) == 1
    assert math.isfinite(evaluate([safe], {x: -1.0, y: 2.0})[0])


def needed_by_many(n):
    """A root and a logarithm that ``n`` branches use, and what uses the logarithm in ``n`` more, each with a condition."""
    x, switches = Expression("x"), [Expression(f"s{i}") for i in range(n)]
    part, inner = sqrt(x) * log(x), 1.0 / log(x)
    terms = [where(s > 0.0, part, 0.0) + where(s > 1.0, inner * (i + 1.0), 0.0) for i, s in enumerate(switches)]
    return x, switches, total(terms)


@pytest.mark.parametrize("n", [MOST_CASES // 2, MOST_CASES, MOST_CASES + 1, 3 * MOST_CASES])
def test_what_more_branches_need_than_are_compared_is_safe_too(n):
    x, switches, formula = needed_by_many(n)
    safe = with_safe_branches(formula)[formula]
    slope, = gradient(safe, [x])
    off = dict.fromkeys(switches, -1.0)
    assert evaluate([safe, slope], {x: -1.0} | off) == [0.0, 0.0]
    for place in (0, n // 2, n - 1):
        only = off | {switches[place]: 0.5}
        assert evaluate([safe, slope], {x: 4.0} | only) == pytest.approx([2.0 * math.log(4.0), math.log(4.0) / 4.0 + 0.5])
    both = off | {switches[n - 1]: 2.0}
    wanted = [2.0 * math.log(4.0) + n / math.log(4.0), math.log(4.0) / 4.0 + 0.5 - n / 4.0 / math.log(4.0) ** 2]
    assert evaluate([safe, slope], {x: 4.0} | both) == pytest.approx(wanted)


def test_conditions_made_of_conditions_go_as_deep_as_they_like(monkeypatch):
    monkeypatch.setattr(branches, "MOST_CASES", 1)
    x, switches, formula = needed_by_many(400)
    safe = with_safe_branches(formula)[formula]
    assert evaluate([safe], {x: -1.0} | dict.fromkeys(switches, 0.0)) == [0.0]


def test_branches_without_number_take_a_time_in_proportion_and_no_recursion():
    x, switches, formula = needed_by_many(1500)
    safe = with_safe_branches(formula)[formula]
    assert len(topological_order(safe)) < 20 * 1500
    assert evaluate([safe], {x: -1.0} | dict.fromkeys(switches, 0.0)) == [0.0]


def masked_texts():
    """Formulas, and how they are written once they are safe: every mask is needed, and none is missing."""
    x, y, z = map(Expression, "xyz")
    c, d, e = x > 0.0, y > 0.0, z > 0.0
    r = log(x)
    yield where(y > 0.0, r, 2.0 * r), "where(y > 0, log(x), 2 * where(y > 0, 0.5, log(x)))"
    yield (  # needed in both branches of the inner choice: one case
        where(c, where(d, r, z), z) + where(c, r + 1.0, z),
        "t1 = log(where(x > 0, x, 0.5)); where(x > 0, where(y > 0, t1, z), z) + where(x > 0, t1 + 1, z)",
    )
    yield (  # two cases that differ in one choice are one
        where(c, where(d, r, z), where(d, 2.0 * r, z)),
        "t1 = log(where(y > 0, x, 0.5)); where(x > 0, where(y > 0, t1, z), "
        "where(y > 0, 2 * where(x > 0, 0.5, where(y > 0, t1, 0.5)), z))",
    )
    yield (  # of two cases the wider one is left; another stands beside it
        where(c, where(d, r, z), z) + where(c, r * r, z) + where(e, r, z),
        "t1 = log(where(where(z > 0, 1, where(x > 0, 1, 0)), x, 0.5)); t2 = where(x > 0, t1, 0.5); "
        "where(x > 0, where(y > 0, t1, z), z) + where(x > 0, t2 * t2, z) + where(z > 0, t1, z)",
    )
    yield (
        where(c, r, where(d, 2.0 * r, z)),
        "t1 = where(x > 0, 1, 0); t2 = log(where(where(x > 0, t1, where(y > 0, 1, t1)), x, 0.5)); "
        "where(x > 0, t2, where(y > 0, 2 * where(x > 0, 0.5, where(y > 0, t2, 0.5)), z))",
    )
    a = exp(x)
    a.label = "a"
    yield where(x > 0.0, sqrt(a) * a, 0.0), "a = exp(where(x > 0, x, 0.5)); where(x > 0, sqrt(where(x > 0, a, 0.5)) * a, 0)"
    yield where(y > 0.0, tanh(1.0 / x) * 2.0 + 3.0, 0.0), "where(y > 0, tanh(1 / where(y > 0, x, 0.5)) * 2 + 3, 0)"
    yield (  # what is linear passes on what is finite, and what is not
        where(y > 0.0, total([1.0 / x, x]) - x, 0.0), "where(y > 0, total(1 / where(y > 0, x, 0.5), x) - x, 0)"
    )
    yield (
        where(y > 0.0, 1.0 / (x * 3.0), 0.0),
        "where(y > 0, 1 / where(y > 0, where(y > 0, x, 0.5) * 3, 0.5), 0)",
    )
    yield (
        where(y > 0.0, x + y, x * y), "where(y > 0, x + y, where(y > 0, 0.5, x) * where(y > 0, 0.5, y))"
    )
    root = sqrt(x)
    yield (  # a condition has a root of its own, which is always needed
        where(root > 1.0, root, where(x > 0.0, log(x), 0.0)),
        "where(sqrt(x) > 1, sqrt(where(sqrt(x) > 1, x, 0.5)), "
        "where(x > 0, log(where(sqrt(x) > 1, 0.5, where(x > 0, x, 0.5))), 0))",
    )
    yield (  # safe as they are: 1 / x with a number above the line, and below it one above 0
        where(y > 0.0, 1.0 / x, x / 3.0), "where(y > 0, 1 / where(y > 0, x, 0.5), where(y > 0, 0.5, x) / 3)",
    )
    yield where(y > 0.0, x / -3.0, 0.0), "where(y > 0, where(y > 0, x, 0.5) / where(y > 0, -3, 0.5), 0)"


@pytest.mark.parametrize(("formula", "text"), list(masked_texts()))
def test_there_are_the_masks_that_are_needed_and_no_others(formula, text):
    assert str(with_safe_branches(formula)[formula]) == text


def test_a_choice_times_an_adjoint_is_a_product_for_people_and_a_choice_in_programs():
    x = Expression("x")
    formula = sin(where(x > 0.0, x * x, 0.0))
    (read,) = gradient(formula, [x])
    assert "where(x > 0, 1, 0) * cos(where(x > 0, x * x, 0))" in str(read)
    before = TO_BE_RUN.set(True)
    try:
        (run,) = gradient(formula, [x])
    finally:
        TO_BE_RUN.reset(before)
    assert "where(x > 0, cos(where(x > 0, x * x, 0)), 0)" in str(run)
