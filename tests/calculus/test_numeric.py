"""Numeric derivatives beside their edges: jumps, kinks that are just seen, and what the curve of step sizes says."""

import math

import pytest

from autograd_tiny.calculus.numeric import EPSILON, SURE, Estimate, NumericDerivative, StepSizeCurve, numeric_derivative


@pytest.mark.parametrize(
    ("f", "left", "right"),
    [
        (lambda x: 1.0 if x <= 3.0 else 2.0, 0.0, math.inf),
        (lambda x: 2.0 if x <= 3.0 else 1.0, 0.0, -math.inf),
        (lambda x: 1.0 if x < 3.0 else 2.0, math.inf, 0.0),
        (lambda x: 2.0 if x < 3.0 else 1.0, -math.inf, 0.0),
    ],
)
def test_a_jump_is_infinitely_steep_on_the_side_where_it_is(f, left, right):
    numeric = numeric_derivative(f, 3.0)
    assert (numeric.left.value, numeric.right.value) == (left, right)
    assert numeric.has_kink


def test_slopes_differ_when_their_errors_cannot_explain_it():
    enough = SURE**2 * 2e-3

    def slopes(gap):
        return NumericDerivative(None, Estimate(1.0, 1e-3), Estimate(1.0 + gap, 1e-3), 1.0)

    assert not slopes(0.9 * enough).has_kink
    assert slopes(1.1 * enough).has_kink
    assert slopes(-1.1 * enough).has_kink


def test_without_any_side_nothing_is_known():
    best = NumericDerivative(None, None, None, 0.0).best
    assert math.isnan(best.value)
    assert best.error == math.inf


def test_the_typical_quotient_is_the_one_in_the_middle():
    first = 0.2 / 21.0  # the quotients of a cube at 0 are the squares of the steps, from both sides
    assert numeric_derivative(lambda x: x**3, 0.0).typical == pytest.approx((first / 1.6**9) ** 2, rel=1e-12)


def test_a_change_that_rounding_can_make_is_no_jump():
    numeric = numeric_derivative(lambda x: 1e12 + (1e-3 if x > 1.0 else 0.0), 1.0)
    assert math.isfinite(numeric.right.value)
    assert numeric_derivative(lambda x: 1e3 + (1e-3 if x > 1.0 else 0.0), 1.0).right.value == math.inf


@pytest.mark.parametrize(
    ("f", "noise"),
    [
        (lambda x, size: 1.0 + (size * 1000.0 * EPSILON if x > 0.0 else 0.0), 0.0),  # a thousand last digits
        (lambda x, size: size if x > 0.0 else 0.0, 1e-3),  # a thousand times the noise
        (lambda x, size: 1.0 + x / size / (0.2 / 21.0) if x > 0.0 else 0.0, 0.0),  # half of the change at the first step
    ],
)
def test_a_jump_is_larger_than_what_may_be_anything_else(f, noise):
    def right(size):
        return numeric_derivative(lambda x: f(x, size), 0.0, noise).right.value

    assert math.isfinite(right(0.9995))
    assert right(1.001) == math.inf


def test_an_error_of_a_tenth_of_the_derivative_is_no_point_of_the_curve():
    steps = [10.0**-k for k in range(1, 9)]
    errors = [0.1, 1e-3, 1e-4, 1e-5, 1e-7, 1e-6, 1e-5, 1e-4]
    assert "truncation" not in str(StepSizeCurve(steps, errors, errors, 1.0))
    assert "truncation" in str(StepSizeCurve(steps, errors, errors, 1.01))


def test_a_curve_says_what_grows_where_four_steps_show_it():
    steps = [10.0**-k for k in range(1, 9)]
    errors = [1e-3, 1e-4, 1e-5, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3]  # three steps above 10 h, four at h / 10 and below
    text = str(StepSizeCurve(steps, errors, errors[::-1], 1.0))
    assert text.splitlines() == [
        "forward differences are best at h = 0.0001, with an error of 1e-7; with smaller steps rounding grows like 1/h^1.0",
        "central differences are best at h = 1e-5, with an error of 1e-7; with larger steps truncation grows like h^1.0",
    ]


def test_an_error_is_told_with_one_digit():
    assert str(StepSizeCurve([0.1], [1.6e-5], [1.6e-5], 1.0)).splitlines()[0].endswith("h = 0.1, with an error of 2e-5")


def test_a_curve_without_errors():
    """Quotients of a straight line are exact, and an error of 0 has no logarithm."""
    assert str(StepSizeCurve.of(lambda x: x, 0.0, 1.0)).splitlines()[0] == "forward differences are best at h = 0.1, with an error of 0"


def test_what_stands_on_the_plot_is_inside_of_it():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    axes = StepSizeCurve.of(math.exp, 1.0, math.e).plot()
    assert [(text.xyann[0], text.get_horizontalalignment()) for text in axes.texts] == [(0.02, "left"), (0.98, "right")]
    pyplot.close(axes.figure)
