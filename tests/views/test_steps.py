import pytest

from autograd_tiny import Value, softmax, total
from autograd_tiny.engine.graph import topological_order
from autograd_tiny.views.steps import backward_steps, forward_steps
from autograd_tiny.worked import three_three_three


def final_gradients(root):
    gradients = {root: 1.0}
    for step in backward_steps(root):
        gradients.update({c.operand: c.after for c in step.contributions})
    return gradients


def test_the_steps_end_where_backward_ends():
    root = three_three_three.record().loss
    gradients = final_gradients(root)
    assert all(node.grad == 0.0 for node in gradients)
    root.backward()
    assert {node: node.grad for node in gradients} == gradients


def test_each_step_is_the_chain_rule():
    x = Value(0.5, "x")
    y = x * x + softmax([x, x * 2.0])[1]
    for step in backward_steps(y):
        for c, operand, derivative in zip(step.contributions, step.node.operands, step.node.local_derivatives):
            assert c.operand is operand
            assert c.local_derivative == derivative
            assert c.contribution == derivative * step.upstream
            assert c.after == c.before + c.contribution


def test_an_operand_used_twice_receives_twice():
    a = Value(3.0, "a")
    (step,) = backward_steps(a + a)
    assert [(c.before, c.after) for c in step.contributions] == [(0.0, 1.0), (1.0, 2.0)]


def test_a_node_is_stepped_when_its_gradient_is_complete():
    x = Value(0.5)
    h = x.exp()
    y = h * h.sin() + h
    assert [s.node for s in backward_steps(y)][-1] is h
    assert [s.node for s in forward_steps(y)] == topological_order(y)
    assert [s.number for s in forward_steps(y)] == [1, 2, 3, 4]


def test_steps_start_from_zero_whatever_was_before():
    x = Value(2.0)
    y = x * x
    y.backward()
    assert final_gradients(y)[x] == 4.0


def test_a_leaf_has_no_steps():
    assert list(backward_steps(Value(1.0))) == list(forward_steps(Value(1.0))) == []


@pytest.mark.parametrize("steps", [forward_steps, backward_steps])
def test_what_cannot_be_stepped(steps):
    with pytest.raises(TypeError, match="only a recorded Value"):
        next(steps(2.0))
    x = Value(2.0, "x")
    y = x * x
    x.data = 3.0
    with pytest.raises(ValueError, match="the steps"):
        next(steps(y))


def test_thirty_thousand_steps_are_iterated():
    y = Value(1.0)
    for _ in range(30_000):
        y = y * 1.0
    steps = list(backward_steps(total(y)))
    assert (len(steps), steps[-1].contributions[0].after) == (30_001, 1.0)
