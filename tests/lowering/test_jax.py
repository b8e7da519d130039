"""Programs as JAX functions against the eager engine: values, our own derivatives, and those that JAX takes.

All but a few need JAX, the extra that `dev.py test --all` installs, and are marked slow.
"""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest
from compiled import eager, eager_at_points, hinge_of_one, moons, rows_of_the_table
from random_graphs import assert_close, magnitudes, random_program, recorded

from autograd_tiny import Expression, Primitive, Value, dot, exp, gradient, log, maximum, nn, relu, sigmoid, softmax, sqrt, total, where
from autograd_tiny.engine import table as p
from autograd_tiny.engine.row import MultiPrimitive
from autograd_tiny.lowering import compile_function, compile_loss, compile_model

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def jax():
    """JAX, set to 64 bits."""
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield jax
    jax.config.update("jax_enable_x64", before)


def both_gradients(jax, compiled, *, batched=(0,)):
    """Arrays to value, the program's own gradient, and JAX's of the value, in one compilation."""
    value, ours = compiled.to_jax(), compiled.to_jax(gradient=True)
    return jax.jit(jax.vmap(lambda *x: (*ours(*x), jax.grad(value)(*x)), batched))


@pytest.mark.slow
@pytest.mark.parametrize("row", list(rows_of_the_table()), ids=lambda row: row.name)
def test_every_row_agrees_with_the_eager_engine(jax, row):
    n = row.arity or 5
    compiled = compile_function(lambda x: Expression.record(row, tuple(x)), n)
    points, values, gradients = eager_at_points(row, n)
    value, ours, of_jax = both_gradients(jax, compiled)(np.array(points))
    np.testing.assert_allclose(value, values, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(ours, gradients, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(of_jax, gradients, rtol=1e-12, atol=1e-300)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sigmoid", "softplus", "silu", "logsumexp", "softmax[2]", "maximum", "dot", "leaky_relu[0.2]"])
def test_second_derivatives_agree_forward_and_reverse(jax, name):
    row = next(row for row in rows_of_the_table() if row.name == name)
    n = row.arity or 4
    compiled = compile_function(lambda x: Expression.record(row, tuple(x)) ** 2, n)
    function = compiled.to_jax()
    for point in ([0.0] * n, [0.3, -1.2, 0.7, 0.3][:n]):
        leaves = [Value(x) for x in point]
        slopes = gradient(Value.record(row, tuple(leaves)) ** 2, leaves)
        expected = [[d.data for d in gradient(slope, leaves)] for slope in slopes]
        for hessian in (jax.hessian(function), jax.jacrev(jax.grad(function))):
            np.testing.assert_allclose(jax.jit(hessian)(np.array(point)), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(25))
def test_random_computations_agree(jax, seed):
    program = random_program(Random(seed))
    leaves, root = recorded(program)
    root.backward()
    compiled = compile_function(lambda x: program(*x), len(leaves))
    sizes = magnitudes(root, leaves)
    value, ours, of_jax = both_gradients(jax, compiled)(np.array([program.leaves] * 3))
    assert_close(value.tolist(), [root.data] * 3, [abs(root.data)] * 3)
    for row in [*ours.tolist(), *of_jax.tolist()]:
        assert_close(row, [x.grad for x in leaves], sizes)


KINKS = {
    "relu": (lambda x: relu(x[0]), [0.0]),
    "relu of a difference": (lambda x: relu(x[0] - x[1]) * x[0], [1.5, 1.5]),
    "leaky_relu": (lambda x: p.leaky_relu(x[0], 0.1), [0.0]),
    "abs": (lambda x: p.absolute(x[0]), [0.0]),
    "maximum of two": (lambda x: maximum(x[0], x[1]), [2.0, 2.0]),
    "maximum of four, three of them tied": (lambda x: maximum(*x), [2.0, 1.0, 2.0, 2.0]),
    "minimum": (lambda x: p.minimum(*x), [2.0, 2.0, 2.0]),
    "where on the boundary": (lambda x: where(x[0] > x[1], 3.0 * x[0], x[1] ** 2), [1.0, 1.0]),
    "where at infinite slopes": (lambda x: where(x[0] > 0.0, x[0], x[1] / (1.0 + x[0])), [2.0, 1.0]),
    "sigmoid, whose expansion has a kink": (lambda x: sigmoid(x[0]), [0.0]),
    "softplus, too": (lambda x: p.softplus(x[0]), [0.0]),
    "logsumexp of ties": (lambda x: p.logsumexp(*x), [0.5, 0.5, -1.0, 0.5]),
    "softmax of ties": (lambda x: softmax(*x)[0], [0.5, 0.5, -1.0]),
    "power at 0": (lambda x: x[0] ** 2 + x[0] ** 3 + x[0], [0.0]),
    "hinge": (lambda x: relu(1.0 - x[0] * x[1]), [0.5, 2.0]),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", KINKS)
def test_kinks_agree(jax, name):
    function, point = KINKS[name]
    leaves = [Value(x) for x in point]
    root = function(leaves)
    expected = [d.data for d in gradient(root, leaves)]
    value, ours, of_jax = both_gradients(jax, compile_function(function, len(point)))(np.array([point]))
    assert value[0] == pytest.approx(root.data, rel=1e-15)
    assert ours[0].tolist() == pytest.approx(expected, rel=1e-15)
    assert of_jax[0].tolist() == pytest.approx(expected, rel=1e-15)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
def test_the_gradient_of_a_model_over_a_batch_agrees(jax, activation):
    jnp = jax.numpy
    model = nn.MLP([2, 7, 5, 1], [activation, activation, "linear"], rng=Random(1))
    samples = np.array(moons(20))
    compiled = compile_model(model, hinge_of_one)
    theta = compiled.parameter_vector()
    loss, expected = eager(model, samples.tolist(), hinge_of_one)
    each = jax.vmap(compiled.to_jax(), (None, 0))
    value, slopes = jax.jit(jax.value_and_grad(lambda theta: jnp.mean(each(theta, samples))))(theta)
    _, ours = jax.jit(jax.vmap(compiled.to_jax(gradient=True), (None, 0)))(theta, samples)
    assert float(value) == pytest.approx(loss, rel=1e-14)
    np.testing.assert_allclose(slopes, expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(ours.mean(axis=0), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.slow
def test_a_classifier_with_shared_weights_agrees(jax):
    """Inputs that neurons have in common, weights that sums have in common, and sums that have nothing in common."""

    def function(theta, x):
        moved = [dot(theta[:3], x[i : i + 3], theta[3]) for i in range(4)]
        logits = [dot(theta[4 + 4 * k : 8 + 4 * k], moved) for k in range(3)]
        return -log(softmax(*logits)[1]) + sqrt(total(dot(theta[:2], moved[2:]) ** 2, dot(theta[2:4], moved[:2]) ** 2))

    rng = np.random.default_rng(0)
    theta, x = rng.normal(size=16), rng.normal(size=(9, 6))
    compiled = compile_loss(function, 16, 6)
    loss, expected = compiled.value_and_grad(theta, x)
    values, ours, of_jax = both_gradients(jax, compiled, batched=(None, 0))(theta, x)
    np.testing.assert_allclose(values.mean(), loss, rtol=1e-14)
    np.testing.assert_allclose(ours.mean(axis=0), expected, rtol=1e-12)
    np.testing.assert_allclose(of_jax.mean(axis=0), expected, rtol=1e-12)


@pytest.mark.slow
def test_a_layer_is_one_product_with_a_matrix_however_wide(jax):
    def operations(width):
        compiled = compile_model(nn.MLP([2, width, width, 1], ["relu", "relu", "linear"], rng=Random(0)), hinge_of_one)
        jaxpr = jax.make_jaxpr(compiled.to_jax())(compiled.parameter_vector(), np.ones(3))
        return [equation.primitive.name for equation in jaxpr.eqns]

    assert operations(4) == operations(9)
    assert operations(9).count("dot_general") == 3


@pytest.mark.slow
def test_what_no_sample_changes_is_computed_once_for_all_samples(jax):
    compiled = compile_loss(lambda p, x: exp(p[0]) * exp(x[0]), 1, 1, backend="python")
    text = str(jax.make_jaxpr(jax.vmap(compiled.to_jax(), (None, 0)))(np.ones(1), np.ones((7, 1))))
    assert sorted(re.findall(r":f64\[([\d,]*)\] = exp ", text)) == ["1,1", "7,1,1"]


@pytest.mark.slow
def test_several_results_give_their_jacobian(jax):
    compiled = compile_function(lambda x: [x[0] * x[1], sigmoid(x[0]), x[1]], 2)
    point = np.array([0.5, -2.0])
    values, derivatives = compiled.value_and_jacobian(point[None])
    got_values, got = compiled.to_jax(gradient=True)(point)
    np.testing.assert_allclose(got_values, values[0], rtol=1e-15)
    np.testing.assert_allclose(got, derivatives[0], rtol=1e-15)
    np.testing.assert_allclose(jax.jacfwd(compiled.to_jax())(point), derivatives[0], rtol=1e-15)


@pytest.mark.slow
def test_a_primitive_of_your_own_brings_its_rule(jax):
    straight_through = Primitive("straight_through", lambda x: float(x > 0.0), (1.0,), expansion=lambda x: where(x > 0.0, 1.0, 0.0))
    value, ours, of_jax = both_gradients(jax, compile_function(lambda x: straight_through(x[0]) * x[1], 2))(np.array([[2.0, 3.0]]))
    assert (value.tolist(), ours.tolist(), of_jax.tolist()) == ([3.0], [[3.0, 1.0]], [[3.0, 1.0]])

    swap = MultiPrimitive(
        "swap", lambda x, y: (y * y, x), lambda outputs, i, x, y: ((0.0, 2.0 * y), (1.0, 0.0))[i], expansion=lambda x, y: (y * y, x)
    )
    value, ours, of_jax = both_gradients(jax, compile_function(lambda x: swap(*x)[0] * swap(*x)[1], 2))(np.array([[2.0, 3.0]]))
    assert (value.tolist(), ours.tolist(), of_jax.tolist()) == ([18.0], [[9.0, 12.0]], [[9.0, 12.0]])


@pytest.mark.slow
def test_a_primitive_without_expansion_is_refused(jax):
    bare = Primitive("square_plus", lambda x: x * x + 1.0, lambda out, x: (2.0 * x,))
    with pytest.raises(TypeError, match="square_plus has no counterpart in JAX: give the Primitive an expansion="):
        compile_function(lambda x: bare(x[0]), 1, backend="python").to_jax()


@pytest.mark.slow
def test_the_type_of_the_arrays_is_kept_and_32_bits_are_said(jax):
    compiled = compile_function(lambda x: sigmoid(x[0]) * 3.0 + where(x[1] > 0.0, x[1] ** 2, 0.5), 2)
    function = compiled.to_jax(gradient=True)
    right, slopes = compiled(1.0, 2.0)
    single, half = (np.array([1.0, 2.0], kind) for kind in ("float32", "float16"))
    assert {x.dtype.name for x in function(single)} == {"float32"}
    assert {x.dtype.name for x in function(half)} == {"float16"}
    assert {x.dtype.name for x in function(np.array([1, 2]))} == {"float64"}
    assert jax.grad(compiled.to_jax())(single).dtype == "float32"
    jax.config.update("jax_enable_x64", False)
    with pytest.warns(UserWarning, match=r'JAX is set to 32 bits.* jax.config.update\("jax_enable_x64", True\)') as warned:
        function = compiled.to_jax(gradient=True)
    assert warned[0].filename == __file__
    value, got = function([1.0, 2.0])
    assert value.dtype == "float32"
    assert float(value) == pytest.approx(right, rel=1e-6)
    assert got.tolist() == pytest.approx(slopes, rel=1e-6)


@pytest.mark.slow
def test_bad_arrays_are_refused(jax):
    loss = compile_loss(lambda theta, x: theta[0] * x[0] + theta[1], 2, 1).to_jax()
    theta = np.ones(2)
    with pytest.raises(ValueError, match=r"the sample must have shape \(1,\), got \(5, 1\); for many rows at once use jax.vmap"):
        loss(theta, np.ones((5, 1)))
    with pytest.raises(ValueError, match=r"the parameters must have shape \(2,\), got \(3,\)"):
        loss(np.ones(3), np.ones(1))
    with pytest.raises(TypeError, match="the function takes the parameters and the sample, got 1 arrays"):
        loss(theta)
    with pytest.raises(TypeError, match="must be real numbers, got complex128"):
        loss(theta * 1j, np.ones(1))
    assert np.isnan(loss(theta * np.nan, np.ones(1)))


def test_missing_jax_is_said_with_the_extra_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(ImportError, match=r'to_jax needs JAX .*: pip install "autograd_tiny\[jax\]"'):
        compile_function(lambda x: x[0] * 2.0, 1, backend="python").to_jax()


@pytest.mark.slow
def test_the_page_runs_as_written(jax, capsys):
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "jax.md").read_text(encoding="utf-8"), re.DOTALL)
    printed = re.findall(r"```text\n(.*?)```", (DOCS / "jax.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == len(printed) >= 3
    namespace = {}
    for block, text in zip(blocks, printed):
        exec(block, namespace)
        assert capsys.readouterr().out == text


def start(*arguments, devices):
    environment = {**os.environ, "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, str(DOCS / "train_on_many_devices.py"), *map(str, arguments)]
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_training_on_eight_devices_gives_our_gradients(processes):
    """On one machine, and as if on two."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    if processes == 1:
        running = [start(devices=8)]
    else:
        running = [start("--coordinator", address, "--processes", 2, "--number", i, devices=4) for i in range(2)]
    try:
        said = [process.communicate(timeout=300)[0] for process in running]
    finally:
        for process in running:
            process.kill()
    assert [process.returncode for process in running] == [0] * processes, said
    assert f"8 devices in {processes} process" in said[0]
    differences = [float(x) for x in re.findall(r"differ by at most (\S+)", said[0])]
    assert len(differences) == 2
    assert max(differences) < 1e-12
    losses = [float(x) for x in re.findall(r"loss (\S+)", said[0])]
    assert losses[-1] < 0.1 * losses[0]
    assert not any("loss" in text for text in said[1:])
