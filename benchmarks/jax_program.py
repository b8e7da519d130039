"""The same recorded program as native code and as a function for JAX: what compiling takes, and a step."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax

from autograd_tiny.losses import hinge
from autograd_tiny.lowering import compile_model
from benchmarks.measure import Measurement, check_agreement, processor_time, versus
from benchmarks.native import new_model, samples

jax.config.update("jax_enable_x64", True)


def first_call(step: partial[Any]) -> float:
    """Seconds of a call that compiles what it calls."""
    start = processor_time()
    jax.block_until_ready(step())
    return processor_time() - start


def run(repeats: int) -> list[Measurement]:
    """Loss and gradient on 100 points, by networks of several widths."""
    rows = []
    batch = samples(100)
    jax.block_until_ready(jax.jit(lambda x: x + 1.0)(1.0))  # what JAX does once is no part of it
    for hidden in (16, 64, 128):
        compiled = compile_model(new_model(hidden), lambda outputs, targets: hinge(outputs[0], targets[0]), backend="llvm")
        theta = compiled.parameter_vector()
        loss = jax.vmap(compiled.to_jax(), in_axes=(None, 0))
        ours = partial(compiled.value_and_grad, theta, batch)
        theirs = partial(jax.jit(jax.value_and_grad(lambda theta, batch: loss(theta, batch).mean())), theta, batch)  # noqa: B023
        name = f"2-{hidden}-{hidden}-1, {len(compiled.program.instructions):,} instructions"
        seconds = [first_call(step) for step in (ours, theirs)]
        rows.append(Measurement(f"compilation of {name}", "s", seconds[0], "JAX", seconds[1], seconds[1] / seconds[0]))
        check_agreement(ours()[1].tolist(), theirs()[1].tolist(), 1e-12)
        rows.append(versus("a step", ours, "JAX", lambda: jax.block_until_ready(theirs()), repeats))  # noqa: B023
    return rows
