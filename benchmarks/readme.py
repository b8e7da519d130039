"""The expression of micrograd's README, forward and backward: 25 operations on single numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from micrograd.engine import Value as MicrogradValue

from autograd_tiny import Value
from benchmarks.measure import Measurement, Requirement, check_agreement, versus

A, B = -4.0, 2.0


def expression(a: Any, b: Any, relu: Callable[[Any], Any]) -> Any:
    """The README's g.  It stands here once for all engines; only ReLU has a different name in each."""
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + relu(b + a)
    d += 3 * d + relu(b - a)
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


def with_autograd_tiny() -> tuple[float, float]:
    """Both derivatives of the expression, as everywhere below."""
    a, b = Value(A), Value(B)
    expression(a, b, Value.relu).backward()
    return a.grad, b.grad


def with_micrograd() -> tuple[float, float]:
    a, b = MicrogradValue(A), MicrogradValue(B)
    expression(a, b, MicrogradValue.relu).backward()
    return a.grad, b.grad


def torch_candidate() -> Callable[[], tuple[float, float]]:
    """PyTorch, eager, on scalar tensors of double precision."""
    import torch

    torch.set_num_threads(1)

    def with_torch() -> tuple[float, float]:
        a = torch.tensor(A, dtype=torch.float64, requires_grad=True)
        b = torch.tensor(B, dtype=torch.float64, requires_grad=True)
        expression(a, b, torch.relu).backward()
        return a.grad.item(), b.grad.item()

    return with_torch


def hips_candidate() -> Callable[[], tuple[float, float]]:
    """HIPS autograd, on NumPy scalars."""
    import autograd.numpy as np
    from autograd import grad

    derivatives = grad(lambda a, b: expression(a, b, lambda x: np.maximum(x, 0.0)), argnum=(0, 1))
    return lambda: derivatives(A, B)


def run(repeats: int) -> list[Measurement]:
    """Against micrograd, and for information against PyTorch and HIPS autograd."""
    what = "README expression, forward and backward"
    check_agreement(with_autograd_tiny(), with_micrograd())
    rows = [versus(what, with_autograd_tiny, "micrograd", with_micrograd, repeats, Requirement("ratio", "at least", 3.6))]
    for name, candidate in ("PyTorch eager", torch_candidate), ("HIPS autograd", hips_candidate):  # loaded after the row that counts
        peer = candidate()
        check_agreement(with_autograd_tiny(), peer())
        rows.append(versus(what, with_autograd_tiny, name, peer, repeats))
    return rows
