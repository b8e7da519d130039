"""The table, row by row: nothing missing, nothing wrong, the same on floats, Values and Expressions."""

import copy
import math
import operator
import re

import pytest
from random_graphs import PARAMETERS
from small_graphs import softsign

from autograd_tiny import (
    TABLE,
    Expression,
    MultiPrimitive,
    Primitive,
    Value,
    check_primitive,
    dot,
    exp,
    gradient,
    leaky_relu,
    log,
    power,
    softmax,
    sqrt,
)
from autograd_tiny.engine.graph import topological_order
from autograd_tiny.engine.operators import Operators, float_form
from autograd_tiny.engine.row import LEVELS, REALS, Domain, Family


def members(name):
    entry = TABLE[name]
    if isinstance(entry, Family):
        return [entry[k] for k in PARAMETERS[name]]
    return [entry[0], entry[2]] if isinstance(entry, MultiPrimitive) else [entry]


ROWS = [row for name in TABLE for row in members(name)]
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
every_unary_row = pytest.mark.parametrize("row", [row for row in ROWS if row.arity == 1 and not row.family], ids=lambda row: row.name)


def points(row):
    """Points inside the domain, different operands different."""
    arity = row.arity or 3
    return [tuple([row.domain_of(i).points[(k + i) % 4] for i in range(arity)]) for k in range(4)]


# What a row says.


@pytest.mark.parametrize("name", TABLE)
def test_the_table_is_keyed_by_name_and_every_entry_explains_itself(name):
    assert TABLE[name].name == name
    assert TABLE[name].__doc__ == TABLE[name].doc != ""


@every_row
def test_every_row_is_filled_in(row):
    assert row.name
    assert row.doc
    assert row.symbol
    for notation in (row.text, row.latex):
        assert notation.level in LEVELS.values()
        assert callable(notation.template) or re.search(r"\{\d|\{args", notation.template)
    for i in range(row.arity or 3):
        domain = row.domain_of(i)
        assert len(domain.points) >= 4
        assert all(map(domain.contains, domain.points))
        assert domain is REALS or "{}" in domain.condition


@every_row
def test_every_row_is_written_with_all_its_operands(row):
    symbols = [Expression(letter) for letter in "uvw"[: row.arity or 3]]
    formula = Expression.record(row, tuple(symbols))
    for text in (str(formula), formula.latex()):
        assert all(re.search(rf"(?<![a-z\\]){s.label}(?![a-z])", text) for s in symbols)
        assert text.count("(") == text.count(")")
        assert text.count("{") == text.count("}")


@every_row
def test_every_row_tells_the_truth(row):
    check_primitive(row)


@every_row
def test_every_rule_is_the_same_on_floats_and_in_records(row):
    for point in points(row):
        out = row.evaluate(point)
        by_floats = list(float_form(row)(out, *point))
        assert by_floats == list(row.derivatives(out, point))
        node = Value.record(row, tuple(map(Value, point)))
        assert (node.data, list(node.local_derivatives)) == (out, by_floats)


@pytest.mark.parametrize(
    ("row", "edge", "need"),
    [
        (TABLE["asin"], 1.0, "-1 <= v <= 1"),
        (TABLE["asin"], -1.0, "-1 <= v <= 1"),
        (TABLE["acos"], 1.0, "-1 <= v <= 1"),
        (log, 0.0, "v > 0"),
        (TABLE["log1p"], -1.0, "v > -1"),
        (sqrt, 0.0, "v >= 0"),
        (power[0.5], 0.0, "v >= 0"),
        (power[-0.5], 0.0, "v > 0"),
        (power[-1], 0.0, "v != 0"),
    ],
    ids=lambda x: getattr(x, "name", None),
)
def test_the_edge_of_a_domain_is_inside_or_not_and_what_is_beyond_is_said(row, edge, need):
    domain = row.domain_of(0)
    assert domain.contains(edge) == ("=" in need and "!" not in need)
    beyond = edge if "!" in need else math.nextafter(edge, 2.0 * edge - sum(domain.points) / 4.0)
    with pytest.raises(ArithmeticError if "!" in need else ValueError, match=rf"^{re.escape(row.name)}\(v = .*\): needs {need}(;|$)"):
        row(Value(beyond, "v"))


@every_row
def test_every_expansion_ends_in_simpler_rows(row):
    waiting, seen = [row], set()
    while waiting:
        current = waiting.pop()
        if current not in seen and current.expansion:
            seen.add(current)
            used = [node.op for node in topological_order(current.expansion(*map(Value, points(current)[0])))]
            assert row not in used
            waiting += used


# Calling a row.


@every_row
def test_every_row_takes_floats_values_and_expressions(row):
    for point in points(row):
        arguments = point
        if row.name == "dot":
            arguments = point[:1], point[1:2], point[2]
        number = row(*arguments)
        assert type(number) is float
        values = list(map(Value, point))
        symbols = list(map(Expression, "uvw"[: len(point)]))
        if row.name == "dot":
            recorded, formula = row(values[:1], values[1:2], values[2]), row(symbols[:1], symbols[1:2], symbols[2])
        else:
            recorded, formula = row(*values), row(*symbols)
        if isinstance(row.family, MultiPrimitive):
            assert number == row.family(*point)[row.parameter]
        assert recorded.data == number == formula.evaluate(dict(zip(symbols, point)))
        assert recorded.op is formula.op is row
        assert recorded.operands == tuple(values)


@every_row
def test_numbers_among_recorded_operands_become_constants(row):
    point = points(row)[0]
    if len(point) > 1 and row.name != "dot":
        node = row(*point[:-1], Value(point[-1]))
        assert [x.data for x in node.operands] == list(point)
        assert node.data == row(*point)


@every_unary_row
def test_every_unary_row_is_a_method(row):
    method = {"neg": "__neg__"}.get(row.name, row.name)
    for point in points(row):
        v, e = Value(point[0]), Expression("x")
        assert getattr(v, method)().data == row(*point)
        assert getattr(v, method)().op is row
        assert getattr(e, method)().op is row


@every_unary_row
def test_every_unary_method_explains_itself(row):
    method = {"neg": "__neg__"}.get(row.name, row.name)
    assert (getattr(Value, method).__name__, getattr(Value, method).__doc__) == (row.name, row.doc)


def test_leaky_relu_is_a_method_with_its_slope():
    assert Value(-2.0).leaky_relu().data == -0.02
    assert Value(-2.0).leaky_relu(0.25).data == -0.5
    assert str(Expression("x").leaky_relu(0.25)) == "leaky_relu(x, 0.25)"


@pytest.mark.parametrize(
    ("function", "name"),
    [(operator.add, "add"), (operator.sub, "sub"), (operator.mul, "mul"), (operator.truediv, "div"), (operator.pow, "pow")],
)
def test_operators_record_their_rows_in_every_mixture(function, name):
    for a, b in ((3.0, 2.0), (0.5, 1.75)):
        for left, right in ((Value(a), Value(b)), (a, Value(b)), (Expression("a"), Expression("b")), (a, Expression("b"))):
            node = function(left, right)
            assert node.op is TABLE[name]
            data = node.data if isinstance(node, Value) else node.evaluate({x: {"a": a, "b": b}[x.label] for x in node.operands if x.label})
            assert data == function(a, b)
        for node in (function(Value(a), b), function(Expression("a"), b)):
            assert node.op is (power[b] if name == "pow" else TABLE[name])
    assert (-Value(3.0)).op is (-Expression("x")).op is TABLE["neg"]
    assert abs(Value(-3.0)).op is abs(Expression("x")).op is TABLE["abs"]
    assert +(v := Value(1.0)) is v


def test_no_operator_is_left_out():
    methods = {m.primitive.name for m in vars(Operators).values() if hasattr(m, "primitive")}
    assert methods >= {row.name for row in ROWS if row.arity == 1 and not row.family}


@every_row
def test_a_wrong_number_of_operands_is_refused(row):
    if row.arity is not None:
        n = row.arity + 1
        for operands in ([1.0] * n, [Value(1.0)] * n, [Expression("x")] * n):
            with pytest.raises(TypeError, match=re.escape(f"{row.name} takes {row.arity} operand{'s' * (row.arity != 1)}, got {n}")):
                row(*operands)


@pytest.mark.parametrize("name", ["total", "mean", "minimum", "maximum", "logsumexp", "softmax"])
def test_rows_of_any_number_of_operands_take_lists_too_but_not_nothing(name):
    row = TABLE[name]
    assert row([3.0, 1.0]) == row((3.0, 1.0)) == row(x for x in (3.0, 1.0)) == row(3.0, 1.0)
    a, b = Value(3.0), Value(1.0)
    from_list, from_two = row([a, b]), row(a, b)
    assert name == "softmax" or (from_list.operands == from_two.operands == (a, b) and from_list.data == row(3.0, 1.0))
    for nothing in ((), ([],)):
        if name == "total":
            assert row(*nothing) == 0.0
            continue
        with pytest.raises((ValueError, ArithmeticError), match=f"{name}.*needs at least one operand"):
            row(*nothing)


def test_dot_takes_weights_inputs_and_a_bias():
    w, x, b = [Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)], Value(0.5)
    assert dot(w, x).data == dot([1.0, 2.0], [3.0, 4.0]) == 11.0
    assert dot(w, x, b).operands == (*w, *x, b)
    assert dot(w, x, b).local_derivatives == (3.0, 4.0, 1.0, 2.0, 1.0)
    with pytest.raises(ValueError, match="as many weights as inputs, got 2 weights and 1 input"):
        dot(w, x[:1])


# Families and outputs.


def test_members_of_a_family_are_made_once():
    assert power[3] is power[3]
    assert leaky_relu[0.2] is leaky_relu[0.2]
    assert softmax[1] is softmax[1]
    assert power[3] is not power[2]
    assert power[3].family is power
    assert power[3].parameter == 3


def test_an_integer_and_a_float_constant_pick_the_same_member():
    assert power[3] is power[3.0]


def test_a_constant_exponent_is_no_operand():
    x = Value(-2.0)
    assert (x**3).operands == (x,)
    assert (x**3).data == power(-2.0, 3) == power[3](-2.0) == -8.0
    assert (x**0).local_derivatives == (0.0,)
    assert (x**1).local_derivatives == (1.0,)
    zero = Value(0.0)
    (slope,) = gradient(zero**2, [zero])
    assert gradient(slope, [zero])[0].data == 2.0


@pytest.mark.parametrize("bad", ["3", True, 2j, [3]])
def test_the_constant_of_a_family_is_a_plain_number(bad):
    for family in (power, leaky_relu):
        with pytest.raises(TypeError, match=f"{family.name}: the constant must be a plain number"):
            family(1.0, bad)
    with pytest.raises(TypeError, match="power takes an operand and a constant"):
        power(1.0)


def test_outputs_of_softmax_are_computed_once_and_know_their_siblings():
    p = softmax([Value(0.0), Value(1.0), Value(-1.0)])
    assert [v.op for v in p] == [softmax[0], softmax[1], softmax[2]]
    assert p[0].operands is p[2].operands
    assert math.fsum(v.data for v in p) == pytest.approx(1.0, abs=1e-15)


def test_rows_are_not_copied_and_the_table_is_not_changed():
    for thing in (exp, power, power[3], softmax, softmax[0]):
        assert copy.copy(thing) is thing or isinstance(thing, (Family, MultiPrimitive))
        assert copy.deepcopy(thing) is thing
    with pytest.raises(TypeError):
        TABLE["exp"] = log
    assert repr(exp) == "<primitive exp>"
    assert repr(power) == "<family power>"


# Kinks, as in PyTorch; `test_oracles` holds more points.


@pytest.mark.parametrize(
    ("name", "operands", "derivatives"),
    [
        ("relu", [0.0], [0.0]),
        ("abs", [0.0], [0.0]),
        ("sign", [0.0], [0.0]),
        ("step", [0.0], [0.0]),
        ("less", [1.0, 1.0], [0.0, 0.0]),
        ("greater", [1.0, 1.0], [0.0, 0.0]),
        ("equal", [1.0, 1.0], [0.0, 0.0]),
        ("minimum", [2.0, 2.0], [0.5, 0.5]),
        ("maximum", [1.0, 2.0, 2.0], [0.0, 0.5, 0.5]),
        ("maximum", [2.0, 2.0, 2.0, 2.0], [0.25, 0.25, 0.25, 0.25]),
        ("where", [0.0, 3.0, 4.0], [0.0, 0.0, 1.0]),
        ("where", [-1.0, 3.0, 4.0], [0.0, 1.0, 0.0]),
    ],
)
def test_derivatives_at_kinks(name, operands, derivatives):
    node = TABLE[name](*map(Value, operands))
    assert list(node.local_derivatives) == derivatives
    assert [d.data for d in gradient(node, node.operands)] == derivatives
    assert TABLE[name].kink


def test_the_kink_of_a_family_is_its_own():
    assert [leaky_relu[k](Value(0.0)).local_derivatives for k in (0.01, 0.2)] == [(0.01,), (0.2,)]
    assert [leaky_relu[k].kink for k in (0.01, 0.2)] == ["0.01 at x = 0", "0.2 at x = 0"]


# Where a rule's own arithmetic leaves its domain, though the derivative exists.


def test_fractional_powers_at_zero_have_a_derivative_that_is_a_number_but_no_node():
    x = Value(0.0)
    (x**1.5).backward()
    assert x.grad == 0.0
    with pytest.raises(ZeroDivisionError, match="its derivative there is not finite"):
        gradient(x**1.5, [x])  # would record x ** 0.5, whose own derivative at 0 is infinite
    (slope,) = gradient(x**2.5, [x])
    assert slope.data == 0.0


def test_a_row_is_checked_near_the_edge_of_its_domain():
    check_primitive(log, [(0.001,)])


# Errors.


def outside(domain):
    return [x for x in (-3.0, -1.0, 0.0, 3.0) if not domain.contains(x)]


OUTSIDE = [(row, i, x) for row in ROWS for i in range(row.arity or 3) for x in outside(row.domain_of(i))]


@pytest.mark.parametrize(("row", "place", "x"), OUTSIDE, ids=lambda thing: getattr(thing, "name", None))
def test_outside_its_domain_a_row_names_itself_the_operand_and_the_condition(row, place, x):
    point = [*points(row)[0]]
    point[place] = x
    condition = row.domain_of(place).condition.format("lost")
    operands = [Value(y, "lost" if i == place else f"v{i}") for i, y in enumerate(point)]
    with pytest.raises((ValueError, ZeroDivisionError)) as caught:
        row(*operands)
    assert row.name in str(caught.value)
    assert f"lost = {x!r}" in str(caught.value)
    remedy = ""
    if condition in ("lost > 0", "lost >= 0", "lost > -1", "lost != 0"):
        safe = f"where({condition.replace('>=', '>')}, lost, 1)"
        safe = f"{row.name}({safe})" if row.arity == 1 else f"{safe} in its place"
        remedy = f"; compute it only there, or make the operand safe first: {safe}"
    assert str(caught.value).endswith(f": needs {condition}{remedy}")
    unnamed = "its operand" if row.arity == 1 else f"operand {place + 1}"
    with pytest.raises(type(caught.value), match=re.escape(row.domain_of(place).condition.format(unnamed))):
        row(*point)


def test_rows_with_a_domain_are_among_these():
    assert {row.name for row, _, _ in OUTSIDE} >= {"div", "pow", "log", "log1p", "sqrt", "asin", "acos", "power[-1]", "power[0.5]"}


@pytest.mark.parametrize(
    ("compute", "kind", "message"),
    [
        (lambda: log(Value(-1.0, "p")), ValueError, "log(p = -1.0): needs p > 0"),
        (lambda: log(-1.0), ValueError, "log(-1.0): needs its operand > 0"),
        (lambda: Value(1.0, "a") / Value(0.0, "b"), ZeroDivisionError, "div(a = 1.0, b = 0.0): needs b != 0"),
        (lambda: Value(0.0, "x") ** -1, ZeroDivisionError, "power[-1](x = 0.0): needs x != 0"),
        (lambda: Value(-2.0, "x") ** Value(0.5, "k"), ValueError, "pow(x = -2.0, k = 0.5): needs x > 0"),
        (lambda: exp(Value(1000.0, "z")), OverflowError, "exp(z = 1000.0): the result is larger than any float"),
        (lambda: Value(-10.0, "x") ** Value(401.0, "k"), OverflowError, "pow(x = -10.0, k = 401.0): the result is larger than any float"),
        (lambda: exp(1000.0), OverflowError, "exp(1000.0): the result is larger than any float"),
        (lambda: sqrt(Value(0.0, "v")), ZeroDivisionError, "sqrt(v = 0.0) is 0.0, but its derivative there is not finite"),
        (lambda: Value(1.0, "u").asin(), ZeroDivisionError, "asin(u = 1.0) is 1.5707963267948966, but its derivative there is not finite"),
        (lambda: exp("3"), TypeError, "exp('3')"),
        (lambda: exp(None), TypeError, "the operands must be numbers, Values or Expressions"),
        (lambda: Value(1.0) + "3", TypeError, "not with the str '3'"),
    ],
)
def test_error_messages(compute, kind, message):
    with pytest.raises(kind) as caught:
        compute()
    assert message in str(caught.value)


@pytest.mark.parametrize("x", [400.0, -400.0, 1000.0, -1000.0, 1e15, -1e15])
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "silu", "gelu", "relu", "erf", "erfc", "atan", "sin", "leaky_relu"])
def test_far_out_is_an_ordinary_operand(name, x):
    node = TABLE[name](Value(x))
    node.backward()
    assert math.isfinite(node.data)
    assert math.isfinite(node.operands[0].grad)


def test_softmax_and_logsumexp_of_far_apart_operands():
    assert softmax(1000.0, 0.0) == (1.0, 0.0)
    assert TABLE["logsumexp"](-1000.0, -1000.0) == pytest.approx(math.log(2.0) - 1000.0, rel=1e-15)


# Rows of one's own.


def test_a_row_of_ones_own_is_a_full_citizen():
    mine = softsign()
    check_primitive(mine)
    x = Value(-3.0)
    y = mine(x) * 2.0
    y.backward()
    assert (y.data, x.grad) == (-1.5, 0.125)
    assert mine(-3.0) == -0.75
    assert str(mine(Expression("x")) + 1) == "softsign(x) + 1"
    assert r"\mathrm{softsign}\left(x\right)" in mine(Expression("x")).latex()
    (slope,) = gradient(mine(x), [x])
    assert gradient(slope, [x])[0].data == pytest.approx(2 / 4**3, rel=1e-15)


def test_a_row_of_ones_own_may_have_several_operands_a_domain_and_points():
    hypotenuse = Primitive("hypotenuse", math.hypot, lambda out, x, y: (x / out, y / out), doc="the length of (x, y)")
    check_primitive(hypotenuse)
    check_primitive(hypotenuse, [(3.0, 4.0), (0.0, 1.0)])
    reciprocal_root = Primitive(
        "rsqrt", lambda x: 1.0 / math.sqrt(x), lambda out, x: (-0.5 * out / x,), doc="1 / sqrt(x)",
        domain=Domain("{} > 0", lambda x: x > 0.0, (0.5, 1.0, 2.0, 3.0)),
    )  # fmt: skip
    check_primitive(reciprocal_root)
    with pytest.raises(ValueError, match=r"rsqrt\(-1.0\): needs its operand > 0"):
        reciprocal_root(-1.0)


@pytest.mark.parametrize("row", [row for row in ROWS if row.arity in (2, None)], ids=lambda row: row.name)
def test_every_row_knows_whether_it_is_commutative(row):
    several = [(0.5, 2.0), (3.0, 4.0), (1.0, 7.0)] if row.arity else [(0.5, 2.0, -1.0), (3.0, 4.0, 0.0), (1.0, 7.0, 2.0)]
    assert row.commutative == all(row.evaluate(xs) == row.evaluate(xs[::-1]) for xs in several)


def test_a_rule_is_a_python_function_or_constants():
    with pytest.raises(TypeError, match="a derivative rule is a Python function"):
        Primitive("p", math.exp, math.exp, doc="p")
