"""Formulas: written with the brackets they need and no others, evaluated, compared, read back."""

import math
import operator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import random_program

from autograd_tiny import (
    TABLE,
    Expression,
    Value,
    dot,
    exp,
    gradient,
    leaky_relu,
    log,
    log1p,
    maximum,
    sigmoid,
    softmax,
    sqrt,
    step,
    total,
    where,
)
from autograd_tiny.symbols.expression import evaluate

x, y, z = map(Expression, "xyz")
AT = {x: 0.7, y: 1.9, z: 0.4}
constant = Expression.constant

FORMULAS = [
    (x + y * z, "x + y * z", r"x + y \cdot z"),
    ((x + y) * z, "(x + y) * z", r"\left(x + y\right) \cdot z"),
    (x - y - z, "x - y - z", "x - y - z"),
    (x - (y - z), "x - (y - z)", r"x - \left(y - z\right)"),
    (x + (y + z), "x + (y + z)", r"x + \left(y + z\right)"),
    (x / y / z, "x / y / z", r"\frac{\frac{x}{y}}{z}"),
    (x / (y / z), "x / (y / z)", r"\frac{x}{\frac{y}{z}}"),
    (x * (y / z), "x * (y / z)", r"x \cdot \frac{y}{z}"),
    (x / (y + z), "x / (y + z)", r"\frac{x}{y + z}"),
    ((x / y) ** 2, "(x / y) ** 2", r"\left(\frac{x}{y}\right)^{2}"),
    (-(x + y), "-(x + y)", r"-\left(x + y\right)"),
    (-x * y, "(-x) * y", r"\left(-x\right) \cdot y"),
    (-(x * y), "-(x * y)", r"-x \cdot y"),
    (x.__neg__().__neg__(), "-(-x)", r"-\left(-x\right)"),
    (-(x**2), "-x ** 2", "-x^{2}"),
    ((-x) ** 2, "(-x) ** 2", r"\left(-x\right)^{2}"),
    (x + -y, "x + (-y)", r"x + \left(-y\right)"),
    (x * -2.0, "x * (-2)", r"x \cdot \left(-2\right)"),
    (constant(-2.0) ** 2, "(-2) ** 2", r"\left(-2\right)^{2}"),
    ((x**2) ** 3, "(x ** 2) ** 3", r"\left(x^{2}\right)^{3}"),
    (x**-1, "x ** -1", "x^{-1}"),
    (x**y**z, "x ** y ** z", "x^{y^{z}}"),
    ((x**y) ** z, "(x ** y) ** z", r"\left(x^{y}\right)^{z}"),
    (x ** (y + 1), "x ** (y + 1)", "x^{y + 1}"),
    (2**x, "2 ** x", "2^{x}"),
    (exp(x) ** 2, "exp(x) ** 2", r"\left(e^{x}\right)^{2}"),
    (exp(x + y) * z, "exp(x + y) * z", r"e^{x + y} \cdot z"),
    (x.expm1() * 2, "expm1(x) * 2", r"\left(e^{x} - 1\right) \cdot 2"),
    (log(x + y) ** 2, "log(x + y) ** 2", r"\ln\left(x + y\right)^{2}"),
    (log1p(x / y), "log1p(x / y)", r"\ln\left(1 + \frac{x}{y}\right)"),
    (sqrt(x) / y, "sqrt(x) / y", r"\frac{\sqrt{x}}{y}"),
    (sigmoid(x + y), "sigmoid(x + y)", r"\sigma\left(x + y\right)"),
    (abs(x - y), "abs(x - y)", r"\left|x - y\right|"),
    (leaky_relu(x, 0.2), "leaky_relu(x, 0.2)", r"\mathrm{LeakyReLU}_{0.2}\left(x\right)"),
    (softmax(x, y)[1], "softmax(x, y)[1]", r"\mathrm{softmax}_{1}\left(x, y\right)"),
    (maximum(x, y + z), "maximum(x, y + z)", r"\max\left(x, y + z\right)"),
    (total([x, y * z]), "total(x, y * z)", r"x + y \cdot z"),
    (step(x - y), "step(x - y)", r"\left[x - y > 0\right]"),
    ((x < y) * z, "(x < y) * z", r"\left(x < y\right) \cdot z"),
    ((x < y) < z, "(x < y) < z", r"\left(x < y\right) < z"),
    (where(x < y, x + 1, y), "where(x < y, x + 1, y)", r"\begin{cases} x + 1 & x < y \\ y & \text{otherwise} \end{cases}"),
]


@pytest.mark.parametrize(("formula", "text", "latex"), FORMULAS, ids=[text for _, text, _ in FORMULAS])
def test_formulas_have_the_brackets_they_need(formula, text, latex):
    assert (str(formula), formula.latex()) == (text, latex)
    assert eval(text, {**TABLE, **{e.label: number for e, number in AT.items()}}) == formula.evaluate(AT)


def test_names_are_printed_and_typeset():
    assert str(Expression("rate of change") * 2) == "rate of change * 2"
    assert str(Expression("a + b") * Expression("w[-1]") ** 2) == "(a + b) * w[-1] ** 2"
    assert (Expression("E/w") / 2.0).latex() == r"\frac{\mathrm{E/w}}{2}"
    assert (Expression("E/w") ** 2.0).latex() == r"\left(\mathrm{E/w}\right)^{2}"
    assert Expression("w_11").latex() == "w_{11}"
    assert Expression("50%").latex() == r"\mathrm{50\%}"
    assert repr(x * y) == "Expression('x * y')"


@pytest.mark.parametrize("bad", ["", None, 3.0])
def test_a_variable_needs_a_name(bad):
    with pytest.raises(TypeError, match="an Expression needs a name"):
        Expression(bad)


# Parts that are used more than once.


def test_a_long_shared_part_is_written_once():
    shared = (x * y + z).sigmoid()
    formula = shared * exp(shared)
    assert str(formula) == "t1 = sigmoid(x * y + z); t1 * exp(t1)"
    assert r"= \sigma\left(x \cdot y + z\right); t" in formula.latex()


def test_the_name_of_a_shared_part_is_typeset():
    shared = (x * y + z).sigmoid()
    assert (shared * exp(shared)).latex() == r"t_{1} = \sigma\left(x \cdot y + z\right); t_{1} \cdot e^{t_{1}}"


def test_a_short_shared_part_is_repeated():
    shared = x * y
    assert str(shared + exp(shared)) == "x * y + exp(x * y)"


def test_from_which_length_on_a_part_gets_a_name():
    for characters, is_shared, limit in ((12, True, 12), (13, True, 12), (2000, False, 2000), (2001, False, 2000)):
        part = Expression("a" * (characters - len(" + b"))) + Expression("b")
        whole = part.exp() * part if is_shared else part.exp()
        assert len(str(part)) == characters
        assert str(whole).startswith("t1 = ") == (characters > limit)


def test_a_labelled_part_is_named_by_its_label_and_may_stand_alone():
    s = x * y + z
    s.label = "s"
    assert str(s.sigmoid() + s) == "s = x * y + z; sigmoid(s) + s"
    assert str(s) == "x * y + z"


def test_repeated_squaring_is_written_in_as_many_parts():
    formula = x + y
    for _ in range(18):
        formula = formula * formula
    text = str(formula)
    assert len(text) < 500
    assert 8 < text.count("=") < 18
    assert read(formula, {"x": 0.25, "y": 0.5}) == formula.evaluate({x: 0.25, y: 0.5})


def test_a_shared_part_gets_a_name_of_its_own():
    t1 = Expression("t1")
    shared = (x * y + t1).sigmoid()
    formula = shared * exp(shared) + t1
    assert read(formula, {"x": 1.0, "y": 2.0, "t1": 3.0}) == formula.evaluate({x: 1.0, y: 2.0, t1: 3.0})


# Reading back.


def read(formula, values):
    """What Python makes of the printed formula, with the table's functions."""
    names = {**TABLE, **values}
    *definitions, text = str(formula).split("; ")
    for definition in definitions:
        name, part = definition.split(" = ", 1)
        names[name] = eval(part, names)
    return eval(text, names)


def printed_program(rng):
    program = random_program(rng)
    symbols = [Expression(f"x{i}") for i in range(len(program.leaves))]
    return program(*symbols), dict(zip(symbols, program.leaves))


@settings(deadline=None, derandomize=True)
@given(st.randoms(use_true_random=False).map(printed_program))
def test_a_printed_formula_reads_back_as_the_same_number(printed):
    formula, values = printed
    assert read(formula, {e.label: number for e, number in values.items()}) == formula.evaluate(values)


def test_a_printed_dot_reads_back():
    formula = dot([x, y], [z, x], 1.0)
    assert read(formula, {e.label: number for e, number in AT.items()}) == formula.evaluate(AT)


def test_a_constant_of_a_row_is_written_as_any_number_in_latex():
    x = Expression("x")
    assert (x**1e-7).latex() == "x^{10^{-7}}"
    assert (x**2.5e30).latex() == r"x^{2.5 \cdot 10^{30}}"
    assert x.leaky_relu(1e-7).latex() == r"\mathrm{LeakyReLU}_{10^{-7}}\left(x\right)"


@pytest.mark.parametrize("number", [0.5, -0.5, 3.0, 1e22, 1e-7, 123456.789, -1e300, 0.0])
def test_a_printed_constant_reads_back(number):
    assert eval(str(constant(number))) == number
    assert eval(str(2.0 - constant(number))) == 2.0 - number


@pytest.mark.parametrize("number", [1.0 / 3.0, 0.1 + 0.2, math.pi])
def test_a_printed_constant_of_17_digits_reads_back(number):
    assert eval(str(constant(number))) == number


# Numbers.


def test_evaluate():
    assert (x * y + 1).evaluate({x: 2, y: 3.5}) == 8.0
    assert constant(2).evaluate({}) == 2.0
    assert x.evaluate({x: 3}) == 3.0
    assert type(x.evaluate({x: 3})) is float


def test_several_formulas_are_evaluated_together():
    shared = exp(x)
    assert evaluate([shared, shared + 1, x, shared], {x: 0.0}) == [1.0, 2.0, 0.0, 1.0]


@pytest.mark.parametrize("bad", [np.array([2]).view("m8")[0], np.complex128(1.0), "2", None, Value(2.0), [1.0]], ids=repr)
def test_a_value_is_a_real_number(bad):
    with pytest.raises(TypeError, match="the value of x must be a real number, got the"):
        (x * x).evaluate({x: bad})


def test_numbers_are_not_differentiated_by_formulas_nor_formulas_by_numbers():
    v = Value(2.0)
    for output, by in ((v * v, x), (x * x, v), (v, x), (x, v)):
        with pytest.raises(TypeError, match="a Value combines with numbers and Values, not with the Expression"):
            gradient(output, [by])


def test_a_missing_value_is_named():
    with pytest.raises(KeyError, match="no value given for y; evaluate needs a number for every variable"):
        (x * y).evaluate({x: 1.0})


def test_an_operand_outside_the_domain_is_refused_as_on_floats():
    with pytest.raises(ValueError, match=r"log\(-1.0\): needs its operand > 0"):
        log(x).evaluate({x: -1.0})


@pytest.mark.parametrize("other", ["a", None, 2j, [1.0], Value(1.0)])
def test_what_does_not_combine_with_a_formula(other):
    with pytest.raises(TypeError):
        x + other
    with pytest.raises(TypeError):
        other * x
    with pytest.raises(TypeError):
        maximum(x, other)


# Conditions.


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne])
def test_comparisons_build_nodes(compare):
    condition = compare(x, y)
    assert isinstance(condition, Expression)
    for a, b in ((1.0, 2.0), (2.0, 1.0), (1.5, 1.5)):
        assert condition.evaluate({x: a, y: b}) == float(compare(a, b))
        assert compare(x, b).evaluate({x: a}) == compare(a, y).evaluate({y: b}) == float(compare(a, b))


def test_a_condition_is_neither_true_nor_false():
    for condition in (x < y, x == y, x != y, x):
        with pytest.raises(TypeError, match="neither true nor false yet; record the choice instead: where"):
            bool(condition)
    with pytest.raises(TypeError, match="neither true nor false"):
        max(x, y)
    with pytest.raises(TypeError, match="neither true nor false"):
        0 < x < 1  # noqa: B015


def test_formulas_are_found_by_identity():
    assert {x: 1, y: 2}[x] == 1
    assert len({x, y, Expression("x")}) == 3


# Derivatives.


def test_derivatives_are_formulas_without_zeros_and_ones():
    assert str(gradient(x * y + z, [x])[0]) == "y"
    assert str(gradient(x**2, [x])[0]) == "2 * x"
    assert str(gradient(exp(x) * y, [x])[0]) == "exp(x) * y"
    assert str(gradient(x + y, [z])[0]) == "0"
    assert str(gradient(x, [x])[0]) == "1"
    assert str(gradient(where(z, log(x), y), [x])[0]) == "1 / x * where(z, 1, 0)"  # masks are for what is compiled
    (slope,) = gradient(x.sigmoid(), [x])
    assert gradient(slope, [x])[0].evaluate({x: 0.0}) == 0.0


# Depth.


@pytest.mark.parametrize("layers", [5_000, pytest.param(50_000, marks=pytest.mark.slow)])
def test_what_is_deep_is_written_evaluated_and_differentiated(layers):
    formula = x
    for _ in range(layers):
        formula = formula * 0.5 + 1.0
    assert formula.evaluate({x: 3.0}) == 2.0
    assert gradient(formula, [x])[0].evaluate({x: 3.0}) == 0.0
    for text in (str(formula), formula.latex()):
        assert len(text) < 100 * layers
        assert text.count(";") > layers / 500


def test_a_deep_formula_is_read_back():
    formula = x
    for _ in range(1_000):
        formula = (formula * 0.5 + y).sin()
    assert read(formula, {"x": 0.25, "y": 0.5}) == formula.evaluate({x: 0.25, y: 0.5})
