import sys

import pytest

from autograd_tiny import Value, detect_anomaly, grad, gradient, jvp, total
from autograd_tiny.engine.graph import adjoints


def test_names_the_overflow_and_the_line():
    x = Value(1e200, "x")
    with detect_anomaly(), pytest.raises(FloatingPointError, match=r"mul\(x = 1e\+200, x = 1e\+200\) gives inf.*test_anomaly.py, line \d+"):
        x * x


def test_an_infinite_local_derivative():
    x = Value(1e-310, "x")
    with detect_anomaly(), pytest.raises(FloatingPointError, match="derivative by operand 1 is inf"):
        x.log()


def test_data_changed_after_recording():
    w, x = Value(2.0, "w"), Value(3.0, "x")
    with detect_anomaly():
        y, line = w * x, sys._getframe().f_lineno
        z = y + 1.0
        w.data = 5.0
        expected = (
            r"mul\(w = 5.0, x = 3.0\) gives 15.0, but 6.0 was recorded: the data of w was changed afterwards, "
            rf"from 2.0 to 5.0; recorded at .*line {line}\."
        )
        with pytest.raises(RuntimeError, match=expected):
            z.backward()


def test_backward_run_twice():
    x = Value(2.0, "x")
    y = x * x
    y.label = "y"
    with detect_anomaly():
        y.backward()
        with pytest.raises(RuntimeError, match=r"backward has been run on y = 4\.0 before"):
            y.backward()
        y.grad = 0.0
        y.backward()
    assert x.grad == 8.0


def test_backward_run_again_on_leaves_set_to_zero():
    x = Value(2.0, "x")
    y = x * x
    y.backward()
    for _ in range(2):
        x.grad = 0.0
        with detect_anomaly():
            y.backward()
            x.grad = 0.0
            y.backward()
        assert x.grad == 4.0


def test_a_grad_that_overflows_on_the_way_back():
    x = Value(1e-200, "x")
    with detect_anomaly():
        y = x * 1e200
        z = y * 1e200
        with pytest.raises(FloatingPointError, match=r"the grad of x = 1e-200 is inf, after the contribution 1e\+200 \* 1e\+200 of mul"):
            z.backward()


def test_nodes_recorded_before_are_checked_without_a_line():
    x = Value(2.0, "x")
    y = x * 1.5
    y.data = 9.0
    with detect_anomaly(), pytest.raises(RuntimeError, match="recorded before detect_anomaly began"):
        (y + 1.0).backward()


def test_sound_computations_pass_and_the_hook_is_given_back():
    before = sys.getprofile()
    x = Value(0.5)
    with detect_anomaly():
        y = total(x.exp(), x.sigmoid(), 1.0 / x, x**3)
        y.backward()
    assert sys.getprofile() is before
    with detect_anomaly(), pytest.raises(ValueError, match="needs"):
        Value(-1.0).log()
    assert sys.getprofile() is before


def test_outside_nothing_is_checked():
    x = Value(1e200)
    assert (x * x).data == float("inf")


def test_gradient_after_data_changed():
    u = Value(2.0, "u")
    with detect_anomaly():
        (slope,) = gradient(u**3, [u])
        assert gradient(slope, [u])[0].data == 12.0
        u.data = 4.0
        with pytest.raises(RuntimeError, match="was changed afterwards"):
            gradient(slope, [u])
    with detect_anomaly(), pytest.raises(RuntimeError, match="was changed afterwards"):
        adjoints(slope)


def test_a_derivative_that_goes_on_through_changed_data():
    u = Value(2.0, "u")
    y = u * u
    u.data = 3.0
    with detect_anomaly(), pytest.raises(RuntimeError, match="was changed afterwards"):
        grad(lambda x: x * y)(1.0)
    with detect_anomaly(), pytest.raises(RuntimeError, match="was changed afterwards"):
        jvp(lambda x: x * y, (1.0,), (1.0,))


@pytest.mark.parametrize("factor", [2.0, 1.0])
def test_backward_of_a_part_of_what_it_was_run_on(factor):
    x = Value(2.0, "x")
    y = x * x
    z = y * factor
    with detect_anomaly():
        z.backward()
        y.backward()  # the gradients of two roots add up
        assert x.grad == 4.0 * factor + 4.0
        with pytest.raises(RuntimeError, match="backward has been run on"):
            y.backward()


def test_backward_that_ran_before_the_context():
    x = Value(2.0, "x")
    y = x * x
    (y * 2.0).backward()
    with detect_anomaly():
        y.backward()
    with detect_anomaly(), pytest.raises(RuntimeError, match=r"has the grad of a root already .*; the leaves would hold both"):
        y.backward()


def test_what_was_not_finite_before_is_found_by_every_derivative():
    x = Value(1e200, "x")
    y = x * x
    for differentiate in (y.backward, lambda: gradient(y, [x])):
        with detect_anomaly(), pytest.raises(FloatingPointError, match=r"gives inf \(recorded before detect_anomaly began\)"):
            differentiate()
