"""A GPT on scalars, written once: run eagerly, and compiled; what compiling takes, and after how many names it pays.

The model of `autograd_tiny.worked.char_gpt` in its usual size, loss and gradient of names, in float64 on one core.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random
from tempfile import TemporaryDirectory

import numpy as np

from autograd_tiny import mean
from autograd_tiny.worked.char_gpt import CharGPT, compile_gpt, names
from benchmarks.measure import Measurement, Requirement, check_agreement, processor_time, versus
from benchmarks.native import COMPILING, native_instructions

BATCH = 32


def eager_step(model: CharGPT, batch: list[str]) -> Callable[[], float]:
    """The mean loss, and its gradient in the parameters' ``grad``."""

    def step() -> float:
        model.zero_grad()
        loss = mean([model.loss_of(name) for name in batch])
        loss.backward()
        return float(loss.data)

    return step


def per_name(row: Measurement, batch: int) -> Measurement:
    """A measurement of a batch, shared among its names."""
    return replace(row, ours=row.ours / batch, peer=row.peer and row.peer / batch)


READY = """
import time, numpy
from random import Random
from autograd_tiny.worked.char_gpt import CharGPT, compile_gpt, names
start = time.process_time()
compiled = compile_gpt(CharGPT(rng=Random(0)), backend="llvm")
compiled.value_and_grad(compiled.parameter_vector(), numpy.array([compiled.model.row(names()[0])]))
print(time.process_time() - start)
"""
"""What a process does that wants a gradient of the GPT, once everything is imported."""


def ready() -> Measurement:
    """The second process beside the first, which has left its machine code in the cache."""
    with TemporaryDirectory() as cache:
        command, environment = [sys.executable, "-c", READY], os.environ | {"AUTOGRAD_TINY_CACHE": cache}
        first, second = [float(subprocess.run(command, env=environment, capture_output=True, check=True).stdout) for _ in range(2)]
    what = "the char GPT recorded and ready, second process"
    return Measurement(what, "s", second, "first process", first, first / second, Requirement("ours", "at most", 1.0))


def run(repeats: int) -> list[Measurement]:
    """Against the same code run eagerly."""
    model = CharGPT(rng=Random(0))
    sample = names()[:BATCH]
    start = processor_time()
    compiled = compile_gpt(model, backend="llvm")
    theta = compiled.parameter_vector()
    batch = np.array([compiled.model.row(name) for name in sample])
    loss, gradient = compiled.value_and_grad(theta, batch)
    seconds = processor_time() - start

    eager = eager_step(model, sample)
    check_agreement([loss], [eager()], 1e-12)
    check_agreement(gradient, [p.grad for p in model.parameters()], 1e-12)

    def gradients(size: int, required: Requirement | None = None) -> Measurement:
        step = partial(compiled.value_and_grad, theta, batch[:size].copy())
        what = f"char GPT, gradient per name, batches of {size}"
        return per_name(versus(what, step, "eager", eager_step(model, sample[:size]), repeats, required), size)

    many, one = gradients(BATCH, Requirement("ratio", "at least", 500.0)), gradients(1)
    program = compiled.program
    native = native_instructions(program)
    paid = seconds / ((many.peer or 0.0) - many.ours)
    return [
        many,
        one,
        Measurement(f"compiling the char GPT, {len(program.instructions):,} instructions; pays after {paid:,.0f} names", "s", seconds),
        Measurement(f"compiling the char GPT, per instruction of {native:,}", "s", seconds / native, requirement=COMPILING),
        ready(),
    ]
