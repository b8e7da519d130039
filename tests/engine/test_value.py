import copy
import gc
import importlib.util
import inspect
import math
import operator
import sys
import threading
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from small_graphs import leaves

from autograd_tiny import (
    TABLE,
    Constant,
    Expression,
    Primitive,
    Value,
    dot,
    exp,
    gradient,
    label_locals,
    maximum,
    softmax,
    total,
    value_and_grad,
    where,
)
from autograd_tiny.engine import graph
from autograd_tiny.engine.graph import adjoints, all_nodes, topological_order
from autograd_tiny.lowering import compile_function
from autograd_tiny.views.paths import edges


def test_the_published_formula_of_the_field():
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert g.data == pytest.approx(24.70408163265306, abs=1e-12)
    assert a.grad == pytest.approx(138.83381924198252, abs=1e-10)
    assert b.grad == pytest.approx(645.5772594752186, abs=1e-10)


def test_a_node_used_twice_gets_both_contributions():
    a = Value(3.0)
    (a + a).backward()
    assert a.grad == 2.0


def test_operands_keep_order_and_repetition():
    a, b = Value(3.0, "a"), Value(4.0, "b")
    assert (b - a).operands == (b, a)
    assert (a * a).operands == (a, a)
    assert (2.0 - a).operands[1] is a
    assert dot([a, b], [b, a], a).operands == (a, b, b, a, a)
    assert a.operands == ()


def test_local_derivatives_are_recorded_with_the_data():
    a, b = Value(3.0), Value(4.0)
    assert (a * b).local_derivatives == (4.0, 3.0)
    assert (a - b).local_derivatives == (1.0, -1.0)
    assert total(a, b, a).local_derivatives == (1.0, 1.0, 1.0)
    assert a.exp().local_derivatives == (math.exp(3.0),)
    assert a.local_derivatives == ()


def test_backward_needs_the_topological_order():
    a = Value(1.0)
    b = a + a
    c = b + b
    c.backward()
    assert (c.grad, b.grad, a.grad) == (1.0, 2.0, 4.0)


def test_backward_again_adds_the_leaf_gradient_again_and_nothing_else():
    x, y = Value(0.7), Value(-1.3)
    z = (x * y).tanh() * x
    z.backward()
    once = x.grad, y.grad
    interior = [node.grad for node in topological_order(z)]
    with pytest.warns(UserWarning, match="this one doubles it"):
        z.backward()
    assert (x.grad, y.grad) == (2 * once[0], 2 * once[1])
    assert [node.grad for node in topological_order(z)] == interior


def test_backward_on_a_leaf():
    x = Value(2.0)
    x.backward()
    assert x.grad == 1.0


def test_two_roots_share_a_trunk():
    x = Value(2.0)
    trunk = x * x
    left, right = trunk * 3.0, trunk * 5.0
    left.backward()
    right.backward()
    assert x.grad == (3.0 + 5.0) * 4.0
    assert trunk.grad == 5.0  # interior: of the last root alone


def test_sum_starts_without_a_node():
    a, b = Value(1.0), Value(2.0)
    s = sum([a, b])
    assert s.operands == (a, b)
    assert (0.0 + a).op is not None


def test_constants_are_new_leaves_each_time():
    x = Value(3.0)
    first, second = x * 2.0, x * 2.0
    c, d = first.operands[1], second.operands[1]
    assert isinstance(c, Constant)
    assert c is not d


def test_gradient_writes_nothing_and_can_be_differentiated_again():
    x, y = Value(0.5), Value(2.0)
    z = x.sin() * y
    dx, dy = gradient(z, [x, y])
    assert (x.grad, y.grad, z.grad) == (0.0, 0.0, 0.0)
    assert dx.data == math.cos(0.5) * 2.0
    ((dxx,), (dxy,)) = gradient(dx, [x]), gradient(dx, [y])
    assert dxx.data == -math.sin(0.5) * 2.0
    assert dxy.data == math.cos(0.5)
    assert gradient(dy, [y])[0].data == 0.0


def test_gradient_of_inputs_that_do_not_matter_or_are_inside():
    x, unused = Value(0.5), Value(1.0)
    inner = x * 3.0
    outer = inner * inner
    d_outer, d_inner, d_unused = gradient(outer, [outer, inner, unused])
    assert (d_outer.data, d_inner.data, d_unused.data) == (1.0, 3.0, 0.0)


def test_second_derivative_of_a_square_at_zero():
    x = Value(0.0)
    (slope,) = gradient(x**2, [x])
    (curvature,) = gradient(slope, [x])
    (third,) = gradient(curvature, [x])
    assert (slope.data, curvature.data, third.data) == (0.0, 2.0, 0.0)


def test_a_single_softmax_output_finds_its_siblings_for_its_second_derivative():
    xs = [Value(0.1), Value(0.7), Value(-0.4)]
    p = softmax(xs)[1]
    slopes = gradient(p, xs)
    hessian = [[h.data for h in gradient(s, xs)] for s in slopes]
    for i in range(3):
        for j in range(3):
            assert hessian[i][j] == pytest.approx(hessian[j][i], abs=1e-15)
        assert sum(hessian[i]) == pytest.approx(0.0, abs=1e-15)
    assert len(softmax(xs)) == 3


def test_gradient_uses_the_softmax_outputs_of_the_graph_again():
    xs = [Value(0.1), Value(0.7)]
    outputs = softmax(xs)
    before = set(outputs)
    (slope,) = gradient(outputs[0] * outputs[1], [xs[0]])
    used = {n for n in topological_order(slope) if n.op.name.startswith("softmax")}
    assert used <= before


def test_tenth_order_stays_small():
    x = Value(0.3)
    y = exp(x.sin())
    for _ in range(6):
        (y,) = gradient(y, [x])
    assert len(topological_order(y)) < 2000


def test_adjoints_are_what_backward_leaves():
    x, y = Value(0.7), Value(-1.3)
    z = maximum(x, y, x * y) + softmax([x, y])[0]
    found = adjoints(z)
    z.backward()
    assert {node: node.grad for node in all_nodes(z)} == found


def test_walks():
    a, b = Value(1.0, "a"), Value(2.0, "b")
    c = a * b
    d = c + c
    assert topological_order(d) == [c, d]
    assert all_nodes(d) == [a, b, c, d]
    assert leaves(d) == [a, b]
    assert [(e.operand, e.user, e.place) for e in edges(d)] == [(a, c, 0), (b, c, 1), (c, d, 0), (c, d, 1)]
    assert all_nodes(a) == leaves(a) == [a]


@pytest.mark.parametrize("length", [50_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_a_long_chain_differentiates_and_is_freed(length):
    x = y = Value(1.0)
    for _ in range(length):
        y = y + 0.0
    y.backward()
    assert x.grad == 1.0
    del y
    gc.collect()


def test_in_a_browser_what_a_node_held_is_freed_after_it_and_not_inside_of_it(monkeypatch):
    spec = importlib.util.spec_from_file_location("graph_in_a_browser", graph.__file__)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "platform", "emscripten")
    spec.loader.exec_module(module)
    freed = []

    class Held:
        def __init__(self, name):
            self.name = name

        def __del__(self):
            freed.append((self.name, len(inspect.stack(0))))

    def chain(length):
        node = Held("deepest")
        for _ in range(length):
            user = module.Node()
            user.first, user.second = node, Held("beside")
            node = user
        return node

    depths = set()
    for length in (1, 2, 50, 1):  # also after others have been freed
        node = chain(length)
        del node
        assert sorted(name for name, _ in freed) == ["beside"] * length + ["deepest"]
        depths |= {depth for _, depth in freed}
        freed.clear()
    assert len(depths) == 1


def test_a_wide_node_is_walked_once():
    xs = [Value(1.0) * 1.0 for _ in range(100_000)]
    s = total(xs)
    assert len(topological_order(s)) == 100_001


def test_comparison_identity_and_formatting():
    a, b = Value(1.0), Value(1.0)
    assert a == a
    assert a != b
    assert len({a, b}) == 2
    assert a <= b
    assert a >= 1.0
    assert a < 2
    assert not a > b
    assert f"{Value(2 / 3):.3f}" == "0.667"
    assert f"{Value(2.0, 'w')}" == "Value(2.0, 'w')"
    w = Value(2.0, "w")
    y = w * 1.5
    y.backward()
    assert [repr(x) for x in (w, y, y.operands[1])] == [
        "Value(2.0, 'w', grad=1.5)",
        "Value(3.0, op=mul, grad=1.0)",
        "Constant(1.5, grad=2.0)",
    ]


def test_numbers_of_other_kinds_become_floats():
    assert Value(Fraction(1, 4)).data == 0.25
    assert Value(Decimal("0.25")).data == 0.25
    assert Value(True).data == 1.0
    assert (Value(1.0) + Fraction(1, 4)).data == 1.25
    assert where(Value(3.0) > 2.0, Value(1.0), Value(2.0)).data == 1.0


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: Value("2"), TypeError, "must be a real number, got the str '2'"),
        (lambda: Value(None, "w"), TypeError, "'w' must be a real number, got the NoneType None"),
        (lambda: Value(1j), TypeError, "got the complex 1j"),
        (lambda: Value([1.0]), TypeError, "make one Value per number"),
        (lambda: Value(Value(1.0)), TypeError, "is a Value already"),
        (lambda: Value(math.nan, "w"), ValueError, "'w' must be finite, got nan"),
        (lambda: Value(math.inf), ValueError, "must be finite, got inf"),
        (lambda: Value(1.0) * math.inf, ValueError, "must be finite"),
        (lambda: Value(2**53 + 1), ValueError, "no float equals 9007199254740993"),
        (lambda: Value(10**400), OverflowError, "larger than any float: 1000"),
        (lambda: Value(1.0, 2.0), TypeError, "a label is a string"),
        (lambda: Value(1.0) + "a", TypeError, "not with the str 'a'"),
        (lambda: Value(1.0) * None, TypeError, "not with the NoneType None"),
        (lambda: [1.0] * Value(1.0), TypeError, "not with the list"),
        (lambda: Value(1.0) ** "2", TypeError, "not with the str '2'"),
        (lambda: Value(1.0) + Expression("x"), TypeError, "Expression"),
        (lambda: exp(Value(1.0)) + 1j, TypeError, "complex"),
        (lambda: bool(Value(1.0)), TypeError, "neither true nor false"),
        (lambda: math.exp(Value(1.0)), TypeError, "would lose the derivative"),
        (lambda: int(Value(1.5)), TypeError, r"int\(Value\(1.5\)\) would lose the derivative; cut the bare number, int\(v.data\)"),
        (lambda: float(Value(1.0)), TypeError, "v.data"),
        (lambda: gradient(Value(1.0), Value(1.0)), TypeError, r"gradient\(y, \[x\]\)"),
        (lambda: Primitive("p", lambda x: x, lambda out, x: 1.0)(Value(1.0)), TypeError, "rule of p must give a tuple with 1 derivative"),
        (lambda: Primitive("p", lambda x: x, lambda out, x: (1.0, 2.0))(Value(1.0)), TypeError, "the rule of p must give a tuple with 1"),
        (lambda: Primitive("p", lambda x: x, lambda x: (1.0,)), TypeError, r"the rule of p is called as rule\(out, \*operands\)"),
        (lambda: gradient(1.0, []), TypeError, "gradient needs"),
        (lambda: gradient(Value(1.0), [2.0]), TypeError, "gradient needs"),
        (lambda: dot([Value(1.0)], [1.0, 2.0]), ValueError, "1 weight and 2 inputs"),
        (lambda: Value(0.0, "z").log(), ValueError, r"log\(z = 0.0\): needs z > 0"),
        (lambda: Value(0.0, "z") ** -1, ZeroDivisionError, r"power\[-1\]\(z = 0.0\): needs z != 0"),
        (lambda: Value(-8.0, "z") ** (1 / 3), ValueError, "needs z >= 0"),
        (lambda: Value(-8.0, "z") ** Value(2.5), ValueError, "needs z > 0, or at 0 an exponent > 0, or below 0 a whole exponent"),
        (lambda: Value(0.0, "z").sqrt(), ZeroDivisionError, "derivative there is not finite"),
        (lambda: Value(1.0) / Value(0.0, "z"), ZeroDivisionError, r"div\(1.0, z = 0.0\): needs z != 0"),
        (lambda: Value(1000.0, "z").exp(), OverflowError, "larger than any float"),
        (lambda: Value(10.0, "z") ** 400, OverflowError, "larger than any float"),
        (lambda: softmax([]), ValueError, "at least one operand"),
        (lambda: exp(Value(1.0), 2.0), TypeError, "exp takes 1 operand, got 2"),
        (lambda: exp("1"), TypeError, r"exp\('1'\)"),
    ],
)
def test_misuse_says_what_to_do(build, error, message):
    with pytest.raises(error, match=message):
        build()


def test_backward_on_a_float_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'float' object has no attribute 'backward'"):
        (2.0 * 3.0).backward()


def test_ordinary_inputs_far_out():
    assert Value(400.0).tanh().data == 1.0
    assert Value(-1000.0).sigmoid().data == 0.0
    assert Value(1000.0).softplus().data == 1000.0
    assert [p.data for p in softmax([Value(1000.0), Value(0.0)])] == [1.0, 0.0]


def test_a_class_that_knows_values_gets_its_turn():
    class Vector:
        def __rmul__(self, other):
            return ("vector", other)

    v = Value(1.0)
    assert v * Vector() == ("vector", v)


def test_label_locals_names_what_has_no_name():
    named, w, pair = Value(1.0, "kept"), Value(2.0), [Value(3.0), (Value(4.0),)]
    other = w
    given = label_locals()
    assert given == {"w": w, "pair[0]": pair[0], "pair[1][0]": pair[1][0]}
    assert (named.label, other.label) == ("kept", "w")


def test_rows_are_not_copied_with_a_graph():
    y = Value(2.0).exp() ** 3
    assert copy.deepcopy(y.op) is y.op
    assert copy.copy(y.op) is y.op


def test_threads_record_separate_graphs():
    def work(seed, results):
        x = y = Value(1.0 + seed / 10)
        for _ in range(300):
            y = (y * 1.01 + x).tanh()
        y.backward()
        results[seed] = x.grad

    alone: dict[int, float] = {}
    together: dict[int, float] = {}
    for seed in range(8):
        work(seed, alone)
    threads = [threading.Thread(target=work, args=(seed, together)) for seed in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert together == alone


# Numbers of NumPy: whatever they are, the record holds floats.


@pytest.mark.parametrize("kind", [np.float32, np.float16, np.float64, np.int64, Fraction, int], ids=lambda kind: kind.__name__)
def test_data_that_is_set_later_is_a_float(kind):
    x, y = Value(1.0, "x"), Value(0.1)
    x.data = kind(3) / 8 if kind is not int else 3
    held = float(kind(3) / 8 if kind is not int else 3)
    assert (x.data.__class__, x.data) == (float, held)
    z = x * y + x / y
    z.backward()
    for number, expected in ((z.data, held * 0.1 + held / 0.1), (x.grad, 0.1 + 1.0 / 0.1), (z.local_derivatives[0], 1.0)):
        assert (number.__class__, number) == (float, pytest.approx(expected, rel=1e-15))
    with pytest.raises(ZeroDivisionError, match="div"):
        x / (y - 0.1)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("3", "must be a real number, got the str '3'"),
        (1j, "got the complex"),
        (np.timedelta64(3, "s"), "got the timedelta64"),
        (np.array([1.0]), "make one Value per number"),
        (2**53 + 1, "no float equals"),
        (10**400, "larger than any float"),
        (Value(1.0), "is a Value already"),
    ],
    ids=["text", "complex", "time", "array", "digits", "large", "Value"],
)
def test_data_that_is_no_float_is_refused_when_it_is_set(bad, message):
    x = Value(1.0, "x")
    with pytest.raises((TypeError, ValueError, OverflowError), match=message):
        x.data = bad
    assert x.data == 1.0


def test_data_that_is_set_may_be_infinite_which_anomaly_detection_is_for():
    x = Value(1.0)
    x.data = math.inf
    assert x.data == math.inf


WITHOUT_A_UNIT = np.array([2]).view("m8")[0]  # to say np.timedelta64(2) warns from NumPy 2.5 on
TIMES = [WITHOUT_A_UNIT, np.timedelta64(2, "s"), np.datetime64(2, "s"), np.complex128(2.0), np.array([2], "m8[s]")]


@pytest.mark.parametrize("time", TIMES, ids=repr)
@pytest.mark.parametrize("x", [Value(2.0), Expression("x")], ids=["Value", "Expression"])
@pytest.mark.parametrize("operation", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.lt, operator.ge])
def test_a_number_that_is_more_than_a_float_is_no_operand(operation, x, time):
    """NumPy would give up the unit of a time, and go on with a whole number."""
    with pytest.raises(TypeError, match="combines with numbers"):
        operation(x, time)
    with pytest.raises(TypeError, match="combines with numbers"):
        operation(time, x)


@pytest.mark.parametrize("time", TIMES, ids=repr)
def test_a_value_is_equal_to_no_time(time):
    assert (Value(2.0) == time) is False


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64, np.bool_, np.longdouble, np.array])
def test_a_number_of_numpy_on_the_left_of_a_formula_or_a_value_is_a_number(kind):
    one, x, v = kind(1), Expression("x"), Value(3.0, "v")
    assert [str(one < x), str(one >= x), str(one == x), str(one - x), str(one / x)] == [
        "x > 1", "(x < 1) + (x == 1)", "x == 1", "1 - x", "1 / x"
    ]
    assert [one < v, one >= v, one == v] == [True, False, False]
    assert [(one - v).data, (one / v).data, (one**v).data] == [-2.0, 1.0 / 3.0, 1.0]
    assert [(one - v).operands[1], (one < v).__class__] == [v, bool]


def test_a_label_may_be_any_string():
    assert Value(1.0, np.array(["w", "b"])[0]).label == "w"


# Equal to a number, or the same node.


@pytest.mark.parametrize("zero", [0, 0.0, -0.0, False, np.float64(0.0), np.int64(0), np.float32(0.0), Fraction(0), Decimal(0)], ids=repr)
def test_a_value_equals_the_number_it_holds(zero):
    assert Value(0.0) == zero
    assert zero == Value(0.0)
    assert not operator.ne(Value(0.0), zero)
    assert Value(1.0) != zero
    assert zero != Value(1.0)


def test_two_values_are_equal_only_if_they_are_one_node():
    a, b = Value(2.0), Value(2.0)
    assert a == a
    assert a != b
    assert len({a, b, a}) == 2
    assert [a, b].index(b) == 1
    assert {a: 1, b: 2}[b] == 2
    assert hash(a) != hash(2.0)


@pytest.mark.parametrize("other", [None, "2.0", (), [2.0], 2.0 + 1j, math.nan, object], ids=repr)
def test_a_value_equals_nothing_else(other):
    assert not operator.eq(Value(2.0), other)
    assert Value(2.0) != other


def test_a_function_that_asks_for_zero_gives_its_own_value():
    def f(x):
        return x + 5.0 if x == 0 else x

    assert [f(Value(x)).data if isinstance(f(Value(x)), Value) else f(Value(x)) for x in (0.0, 1.0)] == [f(0.0), f(1.0)]
    assert value_and_grad(f)(0.0) == (5.0, 1.0)
    for choose in (lambda x: where(x == 0, 5.0, x), lambda x: where(x != 0, x, 5.0)):
        assert [choose(Value(x)).data for x in (0.0, -0.0, 2.0)] == [choose(x) for x in (0.0, -0.0, 2.0)] == [5.0, 5.0, 2.0]


def test_masks_of_arrays_of_values_compare_data():
    x = np.array([Value(0.0), Value(2.0), Value(-0.0), Value(3.0)])
    assert [v.data for v in x[x != 0]] == [2.0, 3.0]
    assert (x == 0).tolist() == operator.eq(0.0, x).tolist() == [True, False, True, False]
    assert (x[1] == np.array([1.0, 2.0])).tolist() == [False, True]
    assert (x == x).all()


TENTHS = (np.float32(0.1), np.float16(0.1), np.longdouble("0.1"), Fraction(1, 10), Decimal("0.1"), 0.1)


@pytest.mark.parametrize("number", [*TENTHS, 1], ids=repr)
@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne])
def test_a_number_is_compared_as_the_float_that_it_is_in_a_formula(compare, number):
    """On either side, and as in a formula: NumPy alone would bring 0.1 to single precision to compare it with such a number."""
    x = Expression("x")
    for data in (0.1, float(number)):
        v, formulas = Value(data), (compare(x, number), compare(number, x))
        told = [compare(v, number), compare(number, v)]
        assert told == [bool(formula.evaluate({x: data})) for formula in formulas]
        assert told[0] == compare(data, float(number))


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne])
def test_no_comparison_takes_the_number_of_a_value_into_a_formula(compare):
    value, e = Value(0.5), Expression("x")
    for left, right in ((value, e), (e, value), (value, np.array([e])), (np.array([e]), value)):
        with pytest.raises(TypeError, match="not with the Value"):
            compare(left, right)
    with pytest.raises(TypeError, match="not with the Value"):
        where(e < 1.0, value, 0.0)


def test_edges_of_what_a_value_takes():
    x = Value(1.0, "x")
    assert (x * 2**53).data == 2.0**53
    for whole in (2**53 + 1, -(2**53) - 1):
        with pytest.raises(ValueError, match="no float equals"):
            x * whole
    with pytest.raises(ValueError, match=r"the outputs of this softmax are numbered from 0 to 1"):
        TABLE["softmax"][-1](0.5, 0.5)
    with pytest.raises(TypeError, match="while a function is recorded would fix the outcome"):
        compile_function(lambda p: p[0] * (x == 1.0), 1)
