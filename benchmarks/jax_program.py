"""The same recorded program as native code and as a function for JAX: what compiling takes, and a step; and JAX written by hand."""

from __future__ import annotations

from functools import partial
from itertools import accumulate
from random import Random
from typing import Any

import jax
import numpy as np

from autograd_tiny import nn
from autograd_tiny.losses import half_squared_error, hinge
from autograd_tiny.lowering import compile_model
from benchmarks.measure import Measurement, Requirement, check_agreement, processor_time, versus
from benchmarks.native import new_model, samples

jax.config.update("jax_enable_x64", True)


def first_call(step: partial[Any]) -> float:
    """Seconds of a call that compiles what it calls."""
    start = processor_time()
    jax.block_until_ready(step())
    return processor_time() - start


SIZES = 784, 128, 10


def by_hand(theta: Any, batch: Any) -> Any:
    """The mean loss of 784-128-10, its products of matrices written out."""
    n, hidden, outputs = SIZES
    ends = [*accumulate([n * hidden, hidden, hidden * outputs])]
    w1, b1, w2, b2 = jax.numpy.split(theta, ends)
    out = jax.nn.relu(batch[:, :n] @ w1.reshape(n, hidden) + b1) @ w2.reshape(hidden, outputs) + b2
    return 0.5 * ((out - batch[:, n:]) ** 2).sum(axis=1).mean()


def matrices_row(repeats: int) -> Measurement:
    """What the recorded program of a large network takes in JAX, beside JAX written by hand."""
    compiled = compile_model(nn.MLP(SIZES, ["relu", "linear"], rng=Random(0)), half_squared_error, n_targets=SIZES[-1], backend="python")
    theta = jax.numpy.array(compiled.parameter_vector())
    batch = jax.numpy.array(np.random.default_rng(0).normal(size=(100, SIZES[0] + SIZES[-1])))
    loss = jax.vmap(compiled.to_jax(), in_axes=(None, 0))
    ours, peer = (jax.jit(jax.value_and_grad(f)) for f in (lambda theta, batch: loss(theta, batch).mean(), by_hand))
    (value, gradient), (expected, slopes) = ours(theta, batch), peer(theta, batch)
    check_agreement([value.item(), *gradient.tolist()], [expected.item(), *slopes.tolist()], 1e-12)
    steps = [lambda f=f: jax.block_until_ready(f(theta, batch)) for f in (ours, peer)]
    what = f"a step of {'-'.join(map(str, SIZES))}, recorded, run by JAX"
    return versus(what, steps[0], "JAX by hand", steps[1], repeats, Requirement("ratio", "at least", 1 / 1.5))


def run(repeats: int) -> list[Measurement]:
    """Loss and gradient on 100 points, by networks of several widths."""
    rows = []
    batch = samples(100)
    jax.block_until_ready(jax.jit(lambda x: x + 1.0)(1.0))  # what JAX does once is no part of it
    for hidden in (16, 64, 128):
        compiled = compile_model(new_model(hidden), hinge, backend="llvm")
        theta = compiled.parameter_vector()
        loss = jax.vmap(compiled.to_jax(), in_axes=(None, 0))
        ours = partial(compiled.value_and_grad, theta, batch)
        theirs = partial(jax.jit(jax.value_and_grad(lambda theta, batch: loss(theta, batch).mean())), theta, batch)  # noqa: B023
        name = f"2-{hidden}-{hidden}-1, {len(compiled.program.instructions):,} instructions"
        seconds = [first_call(step) for step in (ours, theirs)]
        rows.append(Measurement(f"compilation of {name}", "s", seconds[0], "JAX", seconds[1], seconds[1] / seconds[0]))
        check_agreement(ours()[1].tolist(), theirs()[1].tolist(), 1e-12)
        rows.append(versus("a step", ours, "JAX", lambda: jax.block_until_ready(theirs()), repeats))  # noqa: B023
    return [*rows, matrices_row(repeats)]
