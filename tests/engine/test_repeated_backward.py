"""Backward run a second time over the gradients of the first: told at once, wherever it shows, and nowhere else.

Warnings are errors in the tests, so that every test which expects none fails if there is one.
"""

import copy
import re

import pytest

from autograd_tiny import Value, derivation, draw, explain, gradient, mean, relu
from autograd_tiny.engine.refusals import held_by_leaves
from autograd_tiny.nn import MLP
from autograd_tiny.optim import SGD
from autograd_tiny.views.widget.stepper import Stepper

DOUBLES = "this one doubles it"


def neuron(constant=True):
    w, x, b = Value(-3.0, "w"), Value(2.0, "x"), Value(6.5, "b")
    z = w * x + b
    y = (0.5 * z if constant else z).tanh()
    y.label = "y"
    return y, [w, x, b]


def run(y, times):
    """Backward, the sum being meant."""
    for _ in range(times):
        y.grad = 0.0
        y.backward()


@pytest.mark.parametrize("constant", [True, False])
def test_the_second_run_is_told_at_once_with_the_line_and_what_to_do(constant):
    y, _ = neuron(constant)
    y.backward()
    told = (
        "the grad of x is ∂y/∂x already, from an earlier backward, and this one doubles it; set the grad of the leaves to 0.0 "
        "(zero_grad() of a model does) in between, or the grad of y to 0.0 if the sum is meant"
    )
    with pytest.warns(UserWarning, match=f"^{re.escape(told)}$") as caught:
        y.backward()
    assert [warning.filename for warning in caught] == [__file__]


def test_what_has_no_label_is_told_by_its_number():
    x = Value(3.0)
    y = x * x
    y.backward()
    with pytest.warns(UserWarning, match=r"the grad of the leaf 3\.0 is the derivative of the result 9\.0 by it already"):
        y.backward()


def test_dead_units_do_not_hide_it():
    w, dead = Value(2.0, "w"), Value(-1.0, "dead")
    y = w * 3.0 + relu(dead)
    y.backward()
    with pytest.warns(UserWarning, match=DOUBLES):
        y.backward()


def test_if_the_warning_is_an_error_nothing_was_changed():
    y, leaves = neuron()
    y.backward()
    before = [x.grad for x in leaves]
    with pytest.raises(UserWarning, match=DOUBLES):
        y.backward()
    assert [x.grad for x in leaves] == before


def test_a_copy_of_a_graph_that_was_run_has_been_run():
    y, _ = neuron()
    y.backward()
    with pytest.warns(UserWarning, match=DOUBLES):
        copy.deepcopy(y).backward()


# Correct code, about which nothing is said.


def test_the_sum_is_meant():
    y, (w, *_) = neuron()
    run(y, 3)
    y.grad = 0.0
    y.backward()
    assert w.grad == pytest.approx(4.0 * gradient(y, [w])[0].data)


@pytest.mark.parametrize("constant", [True, False])
def test_grads_set_to_zero_between(constant):
    y, leaves = neuron(constant)
    for _ in range(3):
        for x in leaves:
            x.grad = 0.0
        y.backward()
        draw(y)
        explain(y, wrt=leaves[0])
        Stepper(y)


def test_parameters_set_to_zero_and_inputs_not():
    y, (w, _, b) = neuron()
    for _ in range(3):
        w.grad = b.grad = 0.0
        y.backward()
        explain(y, wrt=w)
        Stepper(y)


def test_two_losses_share_parameters():
    w, b = Value(2.0, "w"), Value(1.0, "b")
    first, second = (w * 3.0 + b) ** 2, (w * 5.0 + b) ** 2
    for _ in range(3):  # epochs over graphs that are kept
        w.grad = b.grad = 0.0
        for loss in (first, second):
            loss.backward()
            explain(loss, wrt=w)
            Stepper(loss)


@pytest.mark.parametrize("samples", [(1.0, 2.0), (2.0, 2.0), (1.0, 1.0, 1.0)])
def test_a_batch_adds_up(samples):
    """Even one whose gradients are multiples of each other: the constants of a graph hold its own runs only."""
    w = Value(2.0, "w")
    for x in samples:
        loss = w * x
        loss.backward()
        explain(loss, wrt=w)
        Stepper(loss)
        Stepper(loss, through="named")
    assert w.grad == sum(samples)


def test_a_graph_recorded_anew_at_each_step_without_zero_grad():
    w, x = Value(2.0, "w"), Value(3.0, "x")
    for _ in range(3):
        (w * x).backward()
    assert w.grad == 9.0


def test_a_sum_and_then_its_part():
    w, v = Value(2.0, "w"), Value(3.0, "v")
    data, penalty = w * w, v * v
    (data + penalty).backward()
    assert data.grad == 1.0
    data.backward()  # counts twice, which the sum of the two is meant to


def test_second_derivatives():
    x = Value(3.0, "x")
    y = x**3
    (slope,) = gradient(y, [x])
    y.backward()
    slope.backward()
    (bend,) = gradient(slope, [x])
    bend.backward()
    assert x.grad == 27.0 + 18.0 + 6.0


def test_a_training_loop():
    model = MLP([2, 3, 1], ["tanh", "linear"])
    optimizer = SGD(model.parameters(), 0.05)
    inputs = [[Value(0.5), Value(-1.0)], [Value(0.5), Value(-1.0)]]
    for _ in range(4):
        loss = mean([(model(x)[0] - 1.0) ** 2 for x in inputs])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def test_gradients_of_zero_are_not_doubled():
    dead = Value(-1.0, "dead")
    y = relu(dead)
    y.backward()
    y.backward()
    assert dead.grad == 0.0


def test_constants_alone():
    y = Value.constant(2.0) * 3.0
    y.backward()
    y.backward()
    assert held_by_leaves(y).runs is None


# What shows derivatives, beside leaves that hold a multiple of them.


@pytest.mark.parametrize(("times", "words"), [(2, "twice"), (3, "3 times"), (7, "7 times")])
def test_a_multiple_is_told_by_what_shows_the_derivative(times, words):
    y, (w, *_) = neuron()
    run(y, times)
    assert held_by_leaves(y).runs == times
    told = rf"the grad of w is {times} × ∂y/∂w, as after backward was run {words}, and not what the explanation says; set the grad"
    with pytest.warns(UserWarning, match=told) as caught:
        explain(y, wrt=w)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match=r"and not what the derivation says") as caught:
        derivation(y, wrt=w)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match=rf"the grad of x is {times} × ∂y/∂x, .* and not what the last step says") as caught:
        Stepper(y)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match=rf"the grad is {times} × ∂y/∂w, as after backward was run {words}; before drawing"):
        draw(y)


def test_variables_name_what_has_no_label():
    w, x = Value(3.0), Value(2.0)
    out = w * x
    run(out, 2)
    with pytest.warns(UserWarning, match="the grad of w is 2 × ∂out/∂w"):
        explain(out, wrt=w)


def test_explained_by_what_is_not_doubled():
    y, _ = neuron()
    run(y, 2)
    z, other = y.operands[0].operands[1], Value(5.0, "other")
    z.label = "z"
    other.grad = 1.0
    explain(y, wrt=z)  # interior nodes start from 0 at each run
    explain(y, wrt=other)


def test_what_was_changed_by_hand_is_no_multiple():
    y, (w, _, _) = neuron()
    run(y, 2)
    w.grad *= 1.25
    assert held_by_leaves(y).runs is None
    explain(y, wrt=w)
    Stepper(y)


@pytest.mark.parametrize("grad", [float("inf"), float("nan"), 1e300, -1.0, -2.0])
def test_grads_that_no_runs_leave(grad):
    x = Value(3.0, "x")
    y = x * 2.0
    y.backward()
    x.grad = grad
    assert held_by_leaves(y).runs is None
    y.backward()
