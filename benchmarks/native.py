"""Compiled programs against other engines: one training step of a small network, and many gradients of a tiny expression.

All on one core, in float64, called from Python as a user calls it: parameters and samples are arrays that exist already, the
result is a loss and an array of derivatives.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from random import Random
from statistics import median
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import numpy as np

from autograd_tiny import logsumexp, maximum, mean, nn, sin, tanh, total
from autograd_tiny.losses import hinge
from autograd_tiny.lowering import compile_function, compile_model
from autograd_tiny.lowering.native.rows import expansion
from autograd_tiny.lowering.program import Program, opened
from benchmarks.measure import Measurement, Requirement, check_agreement, processor_time, seconds_per_call, versus
from benchmarks.mlp import micrograd_model, micrograd_step, moons

Step = Callable[[], Any]


COMPILING = Requirement("ours", "at most", 120e-6)
"""Per instruction of a program whose fused rows are opened."""


def native_instructions(program: Program) -> int:
    """How many instructions a program has for native code, every fused row opened."""
    return len(opened(program, program.outputs, expansion).instructions)


def at_least(ratio: float) -> Requirement:
    return Requirement("ratio", "at least", ratio)


def samples(n: int) -> Any:
    """Rows of two inputs and a target."""
    points, targets = moons(n, Random(1))
    return np.column_stack([points, targets])


def new_model(hidden: int) -> nn.MLP:
    """2-h-h-1 with the same weights at every call."""
    return nn.MLP([2, hidden, hidden, 1], ["relu", "relu", "linear"], rng=Random(0))


def ours(model: nn.MLP, batch: Any, threads: int = 1) -> partial[Any]:
    """Mean hinge loss and its gradient, in the order of ``model.parameters()``."""
    compiled = compile_model(model, hinge, backend="llvm", threads=threads)
    return partial(compiled.value_and_grad, compiled.parameter_vector(), batch)


def matrices(model: nn.MLP) -> list[tuple[Any, Any]]:
    """Weights (inputs, outputs) and biases of every layer."""
    return [
        (np.array([[w.data for w in row] for row in layer.weights]), np.array([b.data for b in layer.biases])) for layer in model.layers
    ]


def flat(gradients: Sequence[Any]) -> list[float]:
    """Per layer weights, then biases, one after another: the order of our parameters."""
    return np.concatenate([np.asarray(g).ravel() for g in gradients]).tolist()


def numpy_step(model: nn.MLP, batch: Any) -> Step:
    """The same written by hand: forward and backward on all samples at once."""
    (w1, b1), (w2, b2), (w3, b3) = matrices(model)
    x, y = np.ascontiguousarray(batch[:, :2]), np.ascontiguousarray(batch[:, 2:])

    def step() -> tuple[float, list[Any]]:
        z1 = x @ w1 + b1
        h1 = np.maximum(z1, 0.0)
        z2 = h1 @ w2 + b2
        h2 = np.maximum(z2, 0.0)
        margin = 1.0 - y * (h2 @ w3 + b3)
        loss = np.maximum(margin, 0.0).mean()
        d3 = np.where(margin > 0.0, -y, 0.0) / len(x)
        d2 = (d3 @ w3.T) * (z2 > 0.0)
        d1 = (d2 @ w2.T) * (z1 > 0.0)
        return loss, [x.T @ d1, d1.sum(0), h1.T @ d2, d2.sum(0), h2.T @ d3, d3.sum(0)]

    return step


def torch_step(model: nn.MLP, batch: Any) -> Step:
    """PyTorch eager on all samples at once, one thread."""
    import torch

    torch.set_num_threads(1)
    x, y = torch.tensor(batch[:, :2]), torch.tensor(batch[:, 2:])
    layers = [tuple(torch.tensor(p, requires_grad=True) for p in layer) for layer in matrices(model)]
    parameters = [p for layer in layers for p in layer]

    def step() -> tuple[Any, list[Any]]:
        for p in parameters:
            p.grad = None
        h = x
        for w, b in layers[:-1]:
            h = torch.relu(torch.addmm(b, h, w))
        w, b = layers[-1]
        loss = torch.relu(1.0 - y * torch.addmm(b, h, w)).mean()
        loss.backward()
        return loss, [p.grad for p in parameters]

    return step


def jax_step(model: nn.MLP, batch: Any) -> Step:
    """JAX: ``jit`` of the gradient on all samples at once."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    x, y = jnp.array(batch[:, :2]), jnp.array(batch[:, 2:])
    layers = [(jnp.array(w), jnp.array(b)) for w, b in matrices(model)]

    def loss(layers: Any, x: Any, y: Any) -> Any:
        h = x
        for w, b in layers[:-1]:
            h = jax.nn.relu(h @ w + b)
        w, b = layers[-1]
        return jax.nn.relu(1.0 - y * (h @ w + b)).mean()

    compiled = jax.jit(jax.value_and_grad(loss))

    def step() -> tuple[Any, list[Any]]:
        value, gradients = compiled(layers, x, y)
        return value, [g.block_until_ready() for layer in gradients for g in layer]

    return step


def agree(step: Step, peer: Step) -> None:
    """Check that both give the same loss and gradient."""
    loss, gradient = step()
    peer_loss, peer_gradients = peer()
    check_agreement([loss, *gradient], [peer_loss.item(), *flat(peer_gradients)], 1e-12)


def near_the_peak(what: str, step: Step, hidden: int, batch: Any, repeats: int) -> Measurement:
    """Beside the machine's peak: the time that a large product of matrices takes for as many multiplications.

    A sample of 2-h-h-1 takes one for each weight forward, one for the derivative by it, and one for each weight but the first
    layer's on the way back to the inputs of its layer.
    """
    n = 768
    a, b = np.random.default_rng(0).normal(size=(2, n, n))
    out = np.empty((n, n))
    share = len(batch) * (3 * hidden**2 + 7 * hidden) / n**3
    row = versus(what, step, "peak (dgemm)", partial(np.matmul, a, b, out), repeats)
    return replace(row, peer=(row.peer or 0.0) * share, ratio=(row.ratio or 0.0) * share)


def training_rows(repeats: int) -> list[Measurement]:
    """Small networks, where others pay for every call, and larger ones, where others have matrices."""
    rows = []
    model, batch = new_model(16), samples(100)
    what = "loss and gradient, 2-16-16-1 on 100 points"
    step = ours(model, batch)
    # First: the collector, which takes most of micrograd's time, would walk the objects of all that is imported later.
    rows.append(versus(what, step, "micrograd", micrograd_step(micrograd_model(model)), repeats, at_least(10_000.0)))
    peers: list[tuple[str, Callable[[nn.MLP, Any], Step], float]] = [
        ("PyTorch eager", torch_step, 4.0),
        ("JAX jit", jax_step, 1.4),
        ("NumPy by hand", numpy_step, 2.0),
    ]
    for name, make, limit in peers:
        peer = make(model, batch)
        agree(step, peer)
        rows.append(versus(what, step, name, peer, repeats, at_least(limit)))
    rows.append(near_the_peak(what, step, 16, batch, repeats))
    for hidden in (64, 128):
        model, batch = new_model(hidden), samples(104)
        step, peer = ours(model, batch), torch_step(model, batch)
        agree(step, peer)
        what = f"loss and gradient, 2-{hidden}-{hidden}-1 on 104 points"
        rows.append(versus(what, step, "PyTorch eager", peer, repeats, at_least(1.0)))
        rows.append(near_the_peak(what, step, hidden, batch, repeats))
    return rows


def tiny(a: Any, b: Any) -> Any:
    """The expression whose gradient is taken: ((a + b) - (ab + b³))² / 2."""
    return ((a + b) - (a * b + b**3)) ** 2 / 2.0


def gradient_rows(repeats: int) -> list[Measurement]:
    """100,000 gradients in one call, and one gradient per call."""
    import casadi
    import torch

    torch.set_num_threads(1)
    program = compile_function(lambda x: tiny(*x), 2, backend="llvm")
    points = np.random.default_rng(0).normal(size=(100_000, 2))
    columns = np.ascontiguousarray(points.T)
    a, b = (torch.tensor(column, requires_grad=True) for column in columns)

    def torch_batched() -> Any:
        return torch.autograd.grad(tiny(a, b).sum(), (a, b))

    symbols = casadi.SX.sym("x", 2)
    f = tiny(symbols[0], symbols[1])
    mapped = casadi.Function("f", [symbols], [f, casadi.gradient(f, symbols)]).map(len(points))
    at = casadi.DM(columns)

    one = points[:1].copy()
    x = torch.tensor(points[0], requires_grad=True)

    def torch_once() -> Any:
        y = tiny(x[0], x[1])
        return torch.autograd.grad(y, x)[0]

    scalars = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in points[0].tolist()]

    def torch_scalars() -> Any:
        return torch.autograd.grad(tiny(*scalars), scalars)

    expected = program.value_and_grad(points)[1]
    check_agreement(expected.ravel().tolist(), np.column_stack(torch_batched()).ravel().tolist(), 1e-12)
    check_agreement(expected.ravel().tolist(), np.array(mapped(at)[1]).T.ravel().tolist(), 1e-12)
    check_agreement(expected[0].tolist(), torch_once().tolist(), 1e-12)
    point = points[0].tolist()
    in_one_call = partial(program.value_and_grad, points)
    return [
        versus("100,000 gradients of a tiny expression, one call", in_one_call, "CasADi map", partial(mapped, at), repeats, at_least(20.0)),
        versus("100,000 gradients of a tiny expression, one call", in_one_call, "PyTorch batched", torch_batched, repeats, at_least(5.0)),
        versus("one gradient per call, arrays", partial(program.value_and_grad, one), "PyTorch eager", torch_once, repeats, at_least(10.0)),
        versus("one gradient per call, floats", partial(program, *point), "PyTorch eager", torch_scalars, repeats, at_least(20.0)),
    ]


def sparse_rows(repeats: int) -> list[Measurement]:
    """The Hessian of 10,000 variables in a chain, once more for another point, and for eight points in one call."""
    import casadi

    n, rows = 10_000, 8

    def neighbours(x: Any) -> Any:
        return total([(b - a) ** 4 + sin(a) * b for a, b in pairwise(x)])

    symbols = casadi.SX.sym("x", n)
    y = casadi.sum1((symbols[1:] - symbols[:-1]) ** 4 + casadi.sin(symbols[:-1]) * symbols[1:])
    coloured = casadi.Function("hessian", [symbols], [casadi.hessian(y, symbols)[0]])
    points = np.random.default_rng(0).normal(size=(rows, n))
    program = compile_function(neighbours, n, backend="llvm", threads=1)
    mapped = coloured.map(rows)
    one, columns = casadi.DM(points[0]), casadi.DM(np.ascontiguousarray(points.T))
    ours = program.hessian(points[0], sparsity=True)
    theirs = coloured(one)
    check_agreement(ours.tocsc().data.tolist(), theirs.nonzeros(), 1e-10)
    once, at_once = partial(program.hessian, points[0], sparsity=True), partial(program.hessian, points, sparsity=True)
    name = "Hessian of 10,000 variables in a chain"
    return [
        versus(name, once, "CasADi, coloured", partial(coloured, one), repeats, at_least(1.0)),
        versus(f"{name}, {rows} points in one call", at_once, "CasADi map", partial(mapped, columns), repeats, at_least(1.0)),
    ]


def chain(x: Sequence[Any], steps: int) -> Any:
    """Eight numbers that depend on each other, step by step: nothing of it is a layer, so every instruction is compiled."""
    state = list(x)
    for i in range(steps):
        a, b, c = i % 8, (3 * i + 1) % 8, (5 * i + 2) % 8
        state[a] = (state[a] - state[b]) * state[c] + 0.5 * state[b] if i % 4 else tanh(state[a])
    return total(state)


def compile_rows() -> list[Measurement]:
    """What an instruction costs to record and to compile, in small programs and in large ones, without layers and with them."""
    point = np.full((1, 8), 0.1)

    def straight(steps: int) -> partial[Any]:
        return partial(compile_function(partial(chain, steps=steps), 8, backend="llvm").value_and_grad, point)

    def network(hidden: int) -> partial[Any]:
        return ours(new_model(hidden), samples(8))

    return [
        *[compiling("straight-line code", partial(straight, steps)) for steps in (150, 1_000, 10_000, 20_000)],
        # No size of the rows above: native code is shared by structure.
        *[compiling(f"2-{hidden}-{hidden}-1", partial(network, hidden)) for hidden in (15, 31, 63, 127, 191)],
    ]


MANY_INPUTS: dict[str, Callable[[Sequence[Any]], Any]] = {
    "the sum of squares": lambda x: total([v * v for v in x]),
    "the mean of squares": lambda x: mean([v * v for v in x]),
    "logsumexp": logsumexp,
    "the maximum": maximum,
}


def many_input_rows() -> list[Measurement]:
    """Compiling functions of many inputs, of which time must be in proportion to their number."""

    def of(function: Callable[[Sequence[Any]], Any], n: int) -> partial[Any]:
        return partial(compile_function(function, n, backend="llvm").value_and_grad, np.full((1, n), 0.1))

    return [
        compiling(f"{name} of {n:,} inputs", partial(of, function, n))
        for name, function in MANY_INPUTS.items()
        for n in (1_000, 10_000)
    ]


def thread_rows(repeats: int) -> list[Measurement]:
    """The gradient of a large batch on two cores beside one, by the clock on the wall."""
    if not hasattr(os, "sched_setaffinity") or (os.cpu_count() or 1) < 2:
        return []
    one_core = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    try:
        model, batch = new_model(64), samples(100_000)
        steps = [ours(model, batch, threads) for threads in (2, 1)]
        two, one = seconds_per_call(steps, repeats, time.perf_counter)
    finally:
        os.sched_setaffinity(0, one_core)
    ratio = median(b / a for a, b in zip(two, one))
    what = "loss and gradient, 2-64-64-1 on 100,000 points, two cores"
    return [Measurement(what, "s", median(two), "one core", median(one), ratio, at_least(1.7))]


def compiling(what: str, make: Callable[[], partial[Any]]) -> Measurement:
    """Recording a program, compiling it and running it once."""
    start = processor_time()
    step = make()
    step()
    seconds = processor_time() - start
    n = native_instructions(step.func.__self__.program)
    return Measurement(f"compiling {what}, per instruction of {n:,}", "s", seconds / n, requirement=COMPILING)


def run(repeats: int) -> list[Measurement]:
    """All rows."""
    repeated = (training_rows, gradient_rows, sparse_rows, thread_rows)
    return [*[row for rows in repeated for row in rows(repeats)], *compile_rows(), *many_input_rows()]
