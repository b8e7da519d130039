"""scipy.optimize on our gradients, Jacobians, Hessians and Hessian-vector products, with the field's test functions."""

import numpy as np
import pytest
from scipy.optimize import check_grad, least_squares, minimize, root, rosen, rosen_der, rosen_hess, rosen_hess_prod

from autograd_tiny import exp, sqrt
from autograd_tiny.calculus.derivatives import grad, hessian, hvp, jacobian, value_and_grad


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def himmelblau(x):
    return (x[0] ** 2 + x[1] - 11.0) ** 2 + (x[0] + x[1] ** 2 - 7.0) ** 2


def styblinski_tang(x):
    return 0.5 * np.sum(x**4 - 16.0 * x**2 + 5.0 * x)


def ackley(x):
    return -20.0 * exp(-0.2 * sqrt(np.mean(x**2))) - exp(np.mean(np.cos(2.0 * np.pi * x))) + 20.0 + np.e


START = np.array([1.3, 0.7, 0.8, 1.9, 1.2])


def test_derivatives_of_rosenbrock_equal_those_of_scipy():
    x, v = START, np.array([0.3, -1.0, 2.0, 0.1, 0.7])
    assert rosenbrock(x) == pytest.approx(rosen(x), rel=1e-14)
    assert grad(rosenbrock)(x) == pytest.approx(rosen_der(x), rel=1e-13)
    assert hessian(rosenbrock)(x) == pytest.approx(rosen_hess(x), rel=1e-13)
    assert hvp(rosenbrock)(x, v) == pytest.approx(rosen_hess_prod(x, v), rel=1e-13)
    assert check_grad(ackley, grad(ackley), x) < 1e-5


SECOND_ORDER = {"hess": hessian(rosenbrock)}
PRODUCTS = {"hessp": hvp(rosenbrock)}


@pytest.mark.parametrize(
    ("method", "second"),
    [
        ("CG", {}), ("BFGS", {}), ("L-BFGS-B", {}), ("SLSQP", {}),
        ("Newton-CG", SECOND_ORDER), ("Newton-CG", PRODUCTS), ("trust-ncg", SECOND_ORDER), ("trust-ncg", PRODUCTS),
        ("trust-krylov", PRODUCTS), ("trust-exact", SECOND_ORDER), ("trust-constr", PRODUCTS),
    ],
)  # fmt: skip
def test_minimize(method, second):
    found = minimize(rosenbrock, START, jac=grad(rosenbrock), method=method, **second, options={"maxiter": 1000})
    assert found.x == pytest.approx(np.ones(5), abs=1e-3)


def test_minimize_on_value_and_gradient_of_one_run():
    found = minimize(value_and_grad(himmelblau), [1.0, 1.0], jac=True, method="BFGS")
    assert found.success
    assert found.x == pytest.approx([3.0, 2.0], abs=1e-6)


@pytest.mark.parametrize(
    ("f", "start", "minimum"),
    [
        (styblinski_tang, [-2.0, -3.0, -1.0], [-2.903534] * 3),
        (ackley, [0.1, -0.05], [0.0, 0.0]),
        (himmelblau, [-2.0, 3.0], [-2.805118, 3.131312]),
    ],
)
def test_minimize_on_other_functions(f, start, minimum):
    found = minimize(f, start, jac=grad(f), hess=hessian(f), method="trust-exact", options={"maxiter": 200})
    assert found.x == pytest.approx(minimum, abs=1e-5)


def test_arguments_for_f_reach_it():
    def scaled(x, target, scale):
        return scale * np.sum((x - target) ** 2)

    target = np.array([1.0, -2.0])
    found = minimize(scaled, np.zeros(2), args=(target, 3.0), jac=grad(scaled), hessp=hvp(scaled), method="Newton-CG")
    assert found.x == pytest.approx(target)


@pytest.mark.parametrize("method", ["hybr", "lm"])
def test_root(method):
    def powell_badly_scaled(x):
        return np.array([1e4 * x[0] * x[1] - 1.0, exp(-x[0]) + exp(-x[1]) - 1.0001])

    found = root(powell_badly_scaled, [0.0, 1.0], jac=jacobian(powell_badly_scaled), method=method, options={"xtol": 1e-13})
    assert found.x == pytest.approx([1.098159e-5, 9.106146], rel=1e-6)


@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_least_squares(method):
    """An exponential decay through points on it."""
    t = np.linspace(0.0, 3.0, 16)

    def residuals(p, t, y):
        return p[0] * np.exp(-p[1] * t) + p[2] - y

    true = np.array([2.5, 1.3, 0.5])
    found = least_squares(residuals, [1.0, 1.0, 0.0], jac=jacobian(residuals), args=(t, residuals(true, t, 0.0)), method=method)
    assert found.x == pytest.approx(true, rel=1e-8)
