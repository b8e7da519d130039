"""Further derivatives as records: the numbers of the eager functions, where branches that are not taken are undefined, too."""

import pytest

import autograd_tiny as at
from autograd_tiny import Expression, Value, log, sin, sqrt, step, where
from autograd_tiny.lowering.recording.derived import entries_of, hessian_of, hvp_of, jvp_of, vjp_of
from autograd_tiny.lowering.recording.recorded import Recorded

POINT, OTHER = [0.7, -1.3, 0.4], [-0.7, 1.3, 0.4]  # at which one branch or the other has no value


def functions(a, b, c):
    return [where(a > 0.0, sqrt(a) * b, log(b) * c), sin(a * c) * b, step(a * 2.0) * c]


def eager(a, b, c):
    """The same with the choice made in Python."""
    return [sqrt(a) * b if a > 0.0 else log(b) * c, sin(a * c) * b, step(a * 2.0) * c]


@pytest.fixture(params=[POINT, OTHER], ids=["one branch", "the other"])
def point(request):
    yield request.param
    assert Value(1.0) < 2.0  # comparing numbers is refused while formulas are recorded, and allowed again


def record(n):
    inputs = [Expression(name) for name in "abc"]
    return Recorded(inputs, functions(*inputs)[:n], inputs)


def test_the_hessian(point):
    found = hessian_of(record(1)).program.evaluate(*point)
    expected = at.hessian(lambda x: eager(*x)[0])(point)
    assert found[:3] == pytest.approx(at.grad(lambda x: eager(*x)[0])(point))
    assert found[3:] == pytest.approx([d for row in expected for d in row])


def test_the_entries_of_the_jacobian_that_need_not_be_0(point):
    entries, numbers = entries_of(record(3))
    jacobian = at.jacobian(lambda x: eager(*x))(point)
    places = [(i, j) for i in range(3) for j in entries.columns[entries.starts[i] : entries.starts[i + 1]]]
    assert places == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 2)]
    assert numbers.program.evaluate(*point) == pytest.approx([jacobian[i][j] for i, j in places])


def test_products_with_vectors(point):
    v, u = [0.5, -2.0, 1.5], [1.0, -0.5, 3.0]
    hvp = at.hvp(lambda x: eager(*x)[0])(point, v)
    assert hvp_of(record(1)).program.evaluate(*point, *v) == pytest.approx(hvp)
    values, pushed = at.jvp(lambda x: eager(*x), (point,), (v,))
    assert jvp_of(record(3)).program.evaluate(*point, *v) == pytest.approx([*values, *pushed])
    values, pull = at.vjp(lambda x: eager(*x), point)
    assert vjp_of(record(3)).program.evaluate(*point, *u) == pytest.approx([*values, *pull(u)[0]])
