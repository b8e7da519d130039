"""Sparse Jacobians and Hessians: the dense ones' numbers, at no more places than the record knows of."""

import sys
from itertools import accumulate, pairwise
from random import Random

import numpy as np
import pytest
from random_graphs import random_program
from scipy.optimize import minimize, rosen_hess
from scipy.sparse import csr_array, issparse

from autograd_tiny import Value, compile_function, exp, hessian, jacobian, sin, softmax, step, total, where

both = pytest.mark.parametrize("backend", ["llvm", "python"])


def chain(x):
    return total([(b - a) ** 4 + sin(a) * b for a, b in pairwise(x)])


@pytest.mark.parametrize("seed", range(20))
def test_random_programs_have_the_numbers_of_the_dense_matrices(seed):
    programs = [random_program(Random(f"{seed}{i}")) for i in range(4)]
    point = [leaf for p in programs for leaf in p.leaves]
    ends = list(accumulate(len(p.leaves) for p in programs))

    def f(x):
        return [p(*x[end - len(p.leaves) : end]) for p, end in zip(programs, ends)]

    found = jacobian(f, sparsity=True)(point)
    assert isinstance(found, csr_array)
    dense = np.array(jacobian(f)(point))
    np.testing.assert_allclose(found.toarray(), dense, rtol=1e-12, atol=1e-12 * max(1.0, abs(dense).max()))
    second = np.array(hessian(lambda x: f(x)[0])(point))
    sparse = hessian(lambda x: f(x)[0], sparsity=True)(point).toarray()
    np.testing.assert_allclose(sparse, second, rtol=1e-11, atol=1e-11 * max(1.0, abs(second).max()))


def test_only_the_entries_that_are_known_of_are_there():
    found = hessian(chain, sparsity=True)([0.1 * i for i in range(300)])
    assert found.nnz == 3 * 300 - 2
    rows, columns = found.nonzero()
    assert abs(rows - columns).max() == 1
    assert (found != found.T).nnz == 0


def test_results_that_repeat_are_constants_or_inputs():
    def f(x):
        y = x[0] * x[2]
        return [y, x[1], y, 3.0 * x[0] - 3.0 * x[0], x[1] * 0.0]

    found = jacobian(f, sparsity=True)([2.0, 3.0, 5.0])
    assert found.toarray().tolist() == [[5, 0, 2], [0, 1, 0], [5, 0, 2], [0, 0, 0], [0, 0, 0]]
    assert found.nnz == 7, "an entry that is 0 at this point alone, or by rounding, stays"


def test_arguments_in_other_forms_are_columns_in_their_order():
    found = jacobian(lambda a, b: {"p": a["x"] * b[1], "q": exp(b[0])}, (0, 1), sparsity=True)({"x": 2.0}, (0.0, 7.0))
    assert found.toarray().tolist() == [[7.0, 0.0, 2.0], [0.0, 1.0, 0.0]]
    assert jacobian(lambda x: x**2, sparsity=True)(3.0).toarray().tolist() == [[6.0]]
    assert jacobian(np.sin, sparsity=True)(np.zeros((2, 2))).toarray().tolist() == np.eye(4).tolist()


def test_scipy_minimizes_with_it():
    def rosenbrock(x):
        return total([100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x)])

    start = np.full(30, 0.5)
    compiled = compile_function(rosenbrock, like=list(start))
    np.testing.assert_allclose(compiled.hessian(start, sparsity=True).toarray(), rosen_hess(start), rtol=1e-12)

    def second(x):
        return compiled.hessian(x, sparsity=True)

    found = minimize(compiled.value_and_grad, start, jac=True, hess=second, method="trust-constr")
    np.testing.assert_allclose(found.x, 1.0, rtol=1e-6)


@both
def test_compiled_at_one_point_and_at_several(backend):
    def f(x):
        return [a * b for a, b in pairwise(x)] + [where(x[0] > 0.0, x[0], 0.0), softmax(x[:3])[1], x[4]]

    points = np.random.default_rng(0).normal(size=(3, 6))
    c = compile_function(f, 6, backend=backend)
    for found, dense in zip(c.jacobian(points, sparsity=True), c.jacobian(points)):
        np.testing.assert_allclose(found.toarray(), dense, rtol=1e-13, atol=1e-15)
    one = c.jacobian(points[0], sparsity=True)
    assert issparse(one)
    assert one.nnz == 2 * 5 + 1 + 3 + 1
    c = compile_function(chain, 6, backend=backend)
    for found, dense in zip(c.hessian(points, sparsity=True), c.hessian(points)):
        np.testing.assert_allclose(found.toarray(), dense, rtol=1e-12, atol=1e-14)
    with pytest.raises(TypeError, match="hessian needs a function with one result, this one has 8"):
        compile_function(f, 6, backend=backend).hessian(points, sparsity=True)
    nan = compile_function(lambda x: [x[0] * x[1], x[1]], 2, backend=backend)
    with pytest.raises((ValueError, ArithmeticError), match="row 1"):
        nan.jacobian([[1.0, 2.0], [1.0, np.nan]], sparsity=True, check=True)


def test_what_cannot_be_given_is_refused(monkeypatch):
    outside = Value(2.0, "k")
    with pytest.raises(TypeError, match="depends on Values from outside"):
        jacobian(lambda x: [outside * x[0]], sparsity=True)([1.0])
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(ImportError, match=r"sparsity=True gives arrays of scipy\.sparse: pip install scipy"):
        hessian(chain, sparsity=True)([1.0, 2.0])


@both
def test_compiled_without_any_entry(backend):
    linear = compile_function(lambda x: 2.0 * x[0] - x[1], 3, backend=backend)
    constant = compile_function(lambda x: [step(x[0]), x[1] * 0.0 + 3.0, step(exp(x[2]))], 3, backend=backend)
    points = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert [x.toarray().tolist() for x in linear.hessian(points, sparsity=True)] == np.zeros((2, 3, 3)).tolist()
    found = constant.jacobian(points[0], sparsity=True, check=True)
    assert found.toarray().tolist() == np.zeros((3, 3)).tolist()
    assert (found.nnz, found.indices.tolist()) == (1, [1]), "of rows whose rule is 0 there are no entries"
