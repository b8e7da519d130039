"""Every row of the table as PyTorch computes it, for the fixtures and for the fuzzer; run by hand, never by the suite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

# Operands are 0-dimensional tensors of doubles; k is the constant of a family or the number of an output.
TORCH = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "neg": "-{0}",
    "mul": "{0} * {1}",
    "div": "{0} / {1}",
    "power": "{0} ** {k}",
    # x ** y has no mixed second derivative in PyTorch where y is 0; it is 1 / x
    "pow": "(torch.exp({1} * torch.log({0})) if {0} > 0 else torch.pow({0}, {1}))",
    "pow_log": "{0} * torch.log({1})",
    "exp": "torch.exp({0})",
    "expm1": "torch.expm1({0})",
    "log": "torch.log({0})",
    "log1p": "torch.log1p({0})",
    "sqrt": "torch.sqrt({0})",
    "sin": "torch.sin({0})",
    "cos": "torch.cos({0})",
    "tan": "torch.tan({0})",
    "asin": "torch.asin({0})",
    "acos": "torch.acos({0})",
    "atan": "torch.atan({0})",
    "hypot": "torch.hypot({0}, {1})",
    "atan2": "torch.atan2({0}, {1})",
    "sinh": "torch.sinh({0})",
    "cosh": "torch.cosh({0})",
    "tanh": "torch.tanh({0})",
    "erf": "torch.erf({0})",
    "erfc": "torch.erfc({0})",
    "sign": "torch.sign({0})",
    "step": "({0} > 0).double()",
    "less": "({0} < {1}).double()",
    "greater": "({0} > {1}).double()",
    "equal": "({0} == {1}).double()",
    "where": "torch.where({0} != 0, {1}, {2})",
    "minimum": "torch.stack([{args}]).amin()",
    "maximum": "torch.stack([{args}]).amax()",
    "abs": "torch.abs({0})",
    "sigmoid": "torch.sigmoid({0})",
    "relu": "torch.relu({0})",
    "leaky_relu": "torch.nn.functional.leaky_relu({0}, {k})",
    "softplus": "torch.logaddexp({0}, torch.zeros_like({0}))",  # torch.nn.functional.softplus is linear beyond a threshold
    "silu": "torch.nn.functional.silu({0})",
    "gelu": "torch.nn.functional.gelu({0})",
    "total": "torch.stack([{args}]).sum()",
    "mean": "torch.stack([{args}]).mean()",
    "dot": "torch.stack([{weights}]) @ torch.stack([{inputs}]){plus_bias}",
    "logsumexp": "torch.stack([{args}]).logsumexp(0)",
    "softmax": "torch.stack([{args}]).softmax(0)[{k}]",
}


def import_torch() -> Any:
    """PyTorch, or an exit that says how to get it."""
    try:
        import torch
    except ImportError:
        raise SystemExit(
            "this script compares with PyTorch, which is not installed; "
            "run it as dev.py fuzz, or pip install -r benchmarks/requirements.txt"
        ) from None
    return torch


def torch_text(name: str, parameter: float | None, operands: Sequence[str]) -> str:
    """A row applied to named operands, as a line of Python."""
    if name not in TORCH:
        raise SystemExit(f"the row {name} is new: write it into TORCH in tests/oracles/in_torch.py")
    n = len(operands) // 2
    weights, inputs = ", ".join(operands[:n]), ", ".join(operands[n : 2 * n])
    plus_bias = "".join(f" + {b}" for b in operands[2 * n :])
    return TORCH[name].format(*operands, args=", ".join(operands), k=parameter, weights=weights, inputs=inputs, plus_bias=plus_bias)


@lru_cache(maxsize=4096)
def torch_function(name: str, parameter: float | None, n_operands: int) -> Callable[..., Any]:
    """The same as a function of tensors."""
    names = [f"x{i}" for i in range(n_operands)]
    function: Callable[..., Any] = eval(f"lambda {', '.join(names)}: {torch_text(name, parameter, names)}", {"torch": import_torch()})
    return function


def derivatives(output: Any, inputs: Sequence[Any]) -> list[Any]:
    """The derivatives of ``output`` by ``inputs``, differentiable again; 0 for what it does not depend on."""
    torch = import_torch()
    if not output.requires_grad:
        return [torch.zeros_like(x) for x in inputs]
    return list(torch.autograd.grad(output, inputs, create_graph=True, materialize_grads=True))


def array_operations() -> dict[str, Callable[..., Any]]:
    """The operations of `random_arrays` on tensors."""
    torch = import_torch()
    return {
        "tanh": lambda x, _: torch.tanh(x), "sigmoid": lambda x, _: torch.sigmoid(x), "relu": lambda x, _: torch.relu(x),
        "square": lambda x, _: x**2, "neg": lambda x, _: -x, "softplus": lambda x, _: torch.logaddexp(x, torch.zeros_like(x)),
        "sin": lambda x, _: torch.sin(x), "half": lambda x, _: 0.5 * x + 1.0, "add": lambda x, y, _: x + y,
        "sub": lambda x, y, _: x - y, "mul": lambda x, y, _: x * y, "safe_div": lambda x, y, _: x / (y**2 + 2.0),
        "matmul": lambda x, y, _: x @ y, "T": lambda x, _: x.T, "sum": lambda x, axis: x.sum(dim=axis),
        "mean": lambda x, axis: x.mean(dim=axis), "softmax": lambda x, _: x.softmax(-1), "logsumexp": lambda x, _: x.logsumexp(-1),
        "part": lambda x, key: x[key], "entry": lambda x, key: x[key] * x,
    }  # fmt: skip


def array_gradients(program: Any) -> tuple[float, list[Any]]:
    """The number that a program of `random_arrays` leads to, and its gradient by each leaf, as PyTorch has them, in doubles."""
    from random_arrays import run

    torch = import_torch()
    leaves = [torch.tensor(numbers, dtype=torch.float64, requires_grad=True) for numbers in program.leaves]
    _, loss = run(program, leaves, array_operations())
    return loss.item(), [d.tolist() for d in derivatives(loss, leaves)]
