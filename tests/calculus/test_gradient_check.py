"""`check_gradient`, the U-curve, and numeric derivatives of whole rows."""

import math
import sys
from random import Random

import pytest
from random_graphs import random_program

from autograd_tiny import TABLE, Primitive, Value, cos, exp, log, maximum, nn, relu, sign, sin, sqrt, step, total
from autograd_tiny.calculus import gradient_check
from autograd_tiny.calculus.gradient_check import Comparison, check_gradient, step_size_curve
from autograd_tiny.calculus.numeric import SURE, Estimate, NumericDerivative, numeric_derivative
from autograd_tiny.engine.row import Family

w = Value(2.0)


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if isinstance(row, Primitive) and row.arity == 1])
def test_a_numeric_derivative_knows_how_far_off_it_is(name):
    row = TABLE[name]
    for x in row.domain_of(0).points:
        (true,) = Value.record(row, (Value(x),)).local_derivatives
        numeric = numeric_derivative(row.forward, x)
        assert abs(numeric.best.value - true) <= SURE * numeric.best.error <= 1e-10 * max(1.0, abs(true)), x
        assert not numeric.has_kink, x


@pytest.mark.parametrize("x", [1e-200, 1e-9, 1e5, 1e100])
def test_the_step_is_chosen_for_the_size_of_the_argument(x):
    numeric = numeric_derivative(lambda t: t * t, x)
    if x < 1e-8:
        assert abs(numeric.best.value - 2.0 * x) <= SURE * numeric.best.error < 1e-15
    else:
        assert numeric.best.value == pytest.approx(2.0 * x, rel=1e-12)


@pytest.mark.parametrize(
    ("f", "left", "right"),
    [
        (abs, -1.0, 1.0),
        (relu, 0.0, 1.0),
        (lambda x: max(x, 0.999 * x), 0.999, 1.0),
        (step, 0.0, math.inf),
        (sign, math.inf, math.inf),
        (lambda x: 1e6 - abs(x), 1.0, -1.0),
    ],
)
def test_kinks_and_jumps_are_seen(f, left, right):
    numeric = numeric_derivative(f, 0.0)
    assert numeric.has_kink
    assert numeric.left.value == pytest.approx(left, abs=1e-6)
    assert numeric.right.value == pytest.approx(right, abs=1e-6)


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (math.sqrt, 1e-12, 5e5),  # close to the edge of the domain
        (lambda x: math.asin(x) ** 2, 1.0 - 1e-9, None),
        (lambda x: x * math.sqrt(x), 0.0, 0.0),  # at the edge
        (lambda x: math.sqrt(1.0 - x) ** 5, 1.0, 0.0),
    ],
)
def test_a_numeric_derivative_stays_inside_the_domain(f, x, slope):
    numeric = numeric_derivative(f, x)
    if slope is None:
        slope = 2.0 * math.asin(x) / math.sqrt((1.0 - x) * (1.0 + x))
    assert abs(numeric.best.value - slope) <= SURE * numeric.best.error < 1e-2 * max(abs(slope), 1.0)


def test_steps_do_not_meet_points_at_round_distances():
    singular = 0.1 + 0.01 / 1.6**2
    check_gradient(lambda x: sqrt(abs(x - singular)), 0.1)


def test_a_function_of_a_single_point_has_no_numeric_derivative():
    with pytest.raises(ValueError, match="defined neither above nor below"):
        numeric_derivative(lambda x: math.sqrt(-x * x), 0.0)


def test_right_derivatives_are_right_to_the_second_order():
    report = check_gradient(lambda x, w: sin(x * w[0]) / w[1]["b"], 0.5, [1.5, {"b": 3}], order=2)
    compared = [c.derivative for c in report.comparisons if c.method == "differences"]
    assert compared[:3] == ["df/dx", "df/dw[0]", "df/dw[1]['b']"]
    assert "d²f/dw[1]['b'] dx" in compared
    assert len(compared) == 3 + 9
    assert {c.method for c in report.comparisons} == {"differences", "forward mode", "gradient"}
    assert not report.faults
    assert not report.kinks
    assert report.worst.error < 1.0


def test_models_and_values_can_be_arguments():
    model = nn.MLP([2, 3, 1], ["tanh", "linear"], rng=Random(1))
    report = check_gradient(lambda m, x: m(x)[0], model, [Value(1.0), 2.0])
    assert len(report.comparisons) == 2 * (13 + 2)
    assert any("layers[0].weights[0][2]" in c.derivative for c in report.comparisons)
    check_gradient(lambda x: model(x)[0], [1.0, 2.0], order=2)  # the parameters are Values from outside


@pytest.mark.parametrize("relative", [1e-3, 1e-6, 1e-9])
def test_a_small_error_in_a_rule_is_found(relative):
    wrong = Primitive("wrong", math.exp, lambda out, x: (out * (1.0 + relative),), doc="exp with a slip")
    with pytest.raises(AssertionError, match=r"1 of 2 comparisons failed\n  df/dx = .* is wrong; by differences it is 2.7182"):
        check_gradient(lambda x: wrong(x), 1.0)


def test_a_lost_derivative_is_found():
    with pytest.raises(AssertionError, match="df/dy = 0 is wrong; by differences it is 2"):
        check_gradient(lambda x, y: x * y.data, 2.0, 3.0)


def test_an_error_in_the_second_derivative_only_is_found():
    def rule(out, x):
        return (getattr(out, "data", out) * 1.0,)  # right on floats, but a constant on nodes

    halfway = Primitive("halfway", math.exp, rule, doc="exp whose derivative is a constant")
    check_gradient(halfway, 1.0)
    with pytest.raises(AssertionError, match="d²f/dx1 dx1 = 0 is wrong"):
        check_gradient(lambda x1: halfway(x1) * 1.0, 1.0, order=2)


def test_a_rule_that_differs_on_floats_and_on_nodes_is_found():
    split = Primitive("split", math.exp, lambda out, x: (out if isinstance(out, float) else out * 1.5,), doc="exp with two minds")
    with pytest.raises(AssertionError, match=r"df/dx1 = .* is wrong; by gradient it is"):
        check_gradient(split, 1.0, order=2)


def test_an_error_in_forward_mode_is_found(monkeypatch):
    monkeypatch.setattr(gradient_check, "jvp", lambda f, primals, tangents: (0.0, 1.0 + 1e-12))
    with pytest.raises(AssertionError, match="by forward mode it is"):
        check_gradient(lambda x: 1.0 * x, 2.0)


@pytest.mark.parametrize("f", [abs, relu, step, sign, lambda x: maximum(x, -2.0 * x), lambda x: x * 2 if x > 0 else x * 3.0])
@pytest.mark.parametrize("order", [1, 2])
def test_a_kink_is_reported_and_is_no_fault(f, order):
    report = check_gradient(f, 0.0, order=order)
    assert [c.derivative[:4] for c in report.kinks[:1]] == ["df/d"]
    assert "not differentiable here; the slope is" in str(report)
    assert not check_gradient(f, 0.5, order=order).kinks


def test_a_number_outside_the_slopes_at_a_kink_is_a_fault():
    odd = Primitive("odd", abs, lambda out, x: (sign(x) + 2.0 * (1.0 - sign(x) * sign(x)),), doc="|x|, with slope 2 at 0")
    check_gradient(odd, 0.5)
    with pytest.raises(AssertionError, match="df/dx1 = 2 is wrong; the slope is -1 to the left and 1 to the right"):
        check_gradient(odd, 0.0)


def test_at_a_jump_no_number_is_a_fault():
    odd = Primitive("odd", step.forward, lambda out, x: (1e12 * (sign(x) * sign(x) - 1.0),), doc="1 where x > 0, falling at 0")
    (kink,) = check_gradient(odd, 0.0).kinks
    assert (kink.analytic, kink.sides) == (-1e12, (0.0, math.inf))


def test_what_cannot_be_told_is_not_passed_over():
    with pytest.raises(AssertionError, match="df/dx = 1 is too noisy to tell"):
        check_gradient(lambda x: 1e13 + x, 1.0)
    check_gradient(lambda x: (1e6 + x) - 1e6, 1.0)
    for k in range(1, 20):  # derivatives of 0, as far as rounding lets them be
        check_gradient(lambda x: sin(x) ** 2 + cos(x) ** 2, k / 10, order=2)


@pytest.mark.parametrize(("analytic", "by_differences", "typical"), [(8.0, 7.999, 1.0), (8.0, 8.001, 1.0), (1.0, 1.0, 8.0)])
def test_a_numeric_derivative_with_three_digits_proves_something(monkeypatch, analytic, by_differences, typical):
    """Three digits of the larger derivative, or of the quotients that it is made of."""
    largest = max(analytic, by_differences, typical)
    for size, told in ((0.9999, True), (1.0001, False)):
        estimate = Estimate(by_differences, size * largest * 1e-3 / SURE)
        numeric = NumericDerivative(estimate, estimate, estimate, typical)
        monkeypatch.setattr(gradient_check, "numeric_derivative", lambda f, x, noise, numeric=numeric: numeric)
        if told:
            check_gradient(lambda x: x * analytic, 1.0)
        else:
            with pytest.raises(AssertionError, match=f"df/dx = {analytic:.0f} is too noisy to tell"):
                check_gradient(lambda x: x * analytic, 1.0)


def test_a_function_that_is_not_the_same_twice_is_refused():
    rng = Random(0)
    with pytest.raises(ValueError, match="only if it always does the same"):
        check_gradient(lambda x: x * rng.random(), 2.0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: check_gradient(lambda x: [x, x], 2.0), TypeError, "must be one Value"),
        (lambda: check_gradient(lambda x: 3.0, 2.0), TypeError, "where a Value is needed"),
        (lambda: check_gradient(lambda x: x, "2"), TypeError, "x is the str"),
        (lambda: check_gradient(lambda x: x * 1e200, 1e200), ValueError, "<lambda> is inf here"),
        (lambda: check_gradient(lambda: Value(1.0)), ValueError, "no number to differentiate by"),
        (lambda: check_gradient(sin, 2.0, order=3), ValueError, "the order is 1 or 2, got 3"),
        (lambda: check_gradient(sqrt, 0.0), ZeroDivisionError, r"sqrt\(.*0.0\) is 0.0, but its derivative there is not finite"),
    ],
)
def test_bad_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_long_report_is_cut():
    with pytest.raises(AssertionError, match=r"12 of 24 comparisons failed(?s:.*)\.\.\. 2 more$"):
        check_gradient(lambda xs: total([x.data * x for x in xs]), [float(i) for i in range(1, 13)])


def test_a_report_of_ten_faults_is_whole():
    with pytest.raises(AssertionError, match=r"10 of 20 comparisons failed") as caught:
        check_gradient(lambda xs: total([x.data * x for x in xs]), [float(i) for i in range(1, 11)])
    assert len(str(caught.value).splitlines()) == 1 + 10


def test_a_difference_is_told_in_units_of_what_it_may_be():
    assert Comparison("df/dx", "differences", 1.0, 1.5, 0.25, "wrong").error == 2.0
    assert Comparison("df/dx", "differences", 1.0, 1.0, 0.0, "right").error == 0.0


def test_random_programs_give_no_false_alarm():
    for seed in range(24):
        program = random_program(Random(seed))
        report = check_gradient(program, *program.leaves, order=1 + seed % 2)
        assert report.worst.error < 0.3, seed  # far from the tolerance; the largest of thousands was 0.06


def test_the_error_curve_shows_both_branches():
    curve = step_size_curve(exp, 1.0)
    assert curve.steps[0] == pytest.approx(0.1)
    assert curve.steps[-1] == pytest.approx(1e-16, rel=1e-12, abs=0.0)
    assert curve.derivative == pytest.approx(math.e, rel=1e-15)
    (h_forward, forward), (h_central, central) = curve.best("forward"), curve.best("central")
    assert 1e-9 < h_forward < 1e-7
    assert 1e-7 < h_central < 1e-4
    assert central < 1e-9 < forward < 1e-6
    assert curve.forward[4] / curve.forward[8] == pytest.approx(10.0, rel=0.05)  # a decade of steps
    assert curve.central[4] / curve.central[8] == pytest.approx(100.0, rel=0.05)
    assert curve.forward[-1] > 0.1
    said = str(curve).splitlines()
    assert [line.split()[0] for line in said] == ["forward", "central"]
    assert "truncation grows like h^1.0; with smaller steps rounding grows like 1/h^" in said[0]
    assert "truncation grows like h^2.0; with smaller steps rounding grows like 1/h^" in said[1]


def test_the_curve_of_a_polynomial_has_no_truncation():
    assert "truncation" not in str(step_size_curve(lambda x: x * x, 3.0)).splitlines()[1]


def test_the_curve_is_by_the_number_at_a_place_and_leaves_out_what_is_undefined():
    curve = step_size_curve(lambda x, y: x[0] + log(y), [7.0], 0.05, place=1)
    assert curve.derivative == pytest.approx(20.0)
    assert math.isnan(curve.central[0])
    assert not math.isnan(curve.forward[0])
    assert curve.best("central")[1] < 1e-6


def test_the_curve_at_the_edge_of_a_domain_has_one_side():
    curve = step_size_curve(lambda x: x**1.5, 0.0)
    assert math.isnan(curve.best("central")[0])
    assert str(curve).endswith("\ncentral differences are not defined here")


@pytest.mark.slow
def test_the_curve_is_plotted():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    axes = step_size_curve(sin, 1.0).plot()
    forward, central = axes.get_lines()
    assert len(forward.get_xdata()) == len(central.get_ydata()) == 61
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert [text.get_text().split(":")[0] for text in axes.get_legend().get_texts()] == ["forward", "central"]
    pyplot.close(axes.figure)


def test_without_matplotlib_the_plot_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'the plot needs matplotlib: pip install "autograd_tiny\[notebook\]"'):
        step_size_curve(sin, 1.0).plot()


def test_families_are_checked_like_any_function():
    for entry in TABLE.values():
        if isinstance(entry, Family):
            check_gradient(lambda x, entry=entry: entry(x, 1.7), 0.8, order=2)


def test_a_function_with_another_value_when_it_is_recorded():
    by_kind = lambda x: x * 2.0 if isinstance(x, float) else x * 3.0  # noqa: E731
    with pytest.raises(AssertionError, match=r"is 6.0 when it is recorded, but 4.0 on plain floats"):
        check_gradient(by_kind, 2.0)
    by_identity = lambda x: x + 5.0 if x in (0.0, 1.0) and isinstance(x, float) else x  # noqa: E731
    with pytest.raises(AssertionError, match=r"is 1.0 when it is recorded, but 6.0 on plain floats"):
        check_gradient(by_identity, 1.0)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.exp(),  # floats have no such method
        lambda x: x * x if isinstance(x, Value) else None,
        lambda x: total([x * 1e16, 1.0, x * -1e16]),  # rounded otherwise
        lambda x: w * x,  # a Value on floats, too
    ],
)
def test_functions_that_only_take_values_or_round_otherwise_pass(f):
    check_gradient(f, 1.5)


def test_a_derivative_that_overflows_on_its_way_is_wrong():
    """It is 1e100, and backward multiplies the large factors first.  So does the estimate of the rounding."""
    with pytest.raises(AssertionError, match=r"2 of 2 comparisons failed\n  df/dx = inf is wrong; by differences it is 1"):
        check_gradient(lambda x: ((x * 1e-300) * 1e200) * 1e200, 1.0)
    with pytest.raises(AssertionError, match="df/dx = inf is wrong"):  # and not "is 0.0 recorded, but 0.0 on plain floats"
        check_gradient(lambda x: ((x * 1e-300) * 1e200) * 1e200, 0.0)
