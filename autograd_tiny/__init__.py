"""Scalar reverse-mode automatic differentiation that you can see, step through, check and run.

>>> from autograd_tiny import Value
>>> w, x, b = Value(-3.0, "w"), Value(2.0, "x"), Value(6.5, "b")
>>> y = (w * x + b).tanh()
>>> y.backward()
>>> round(y.data, 4), round(w.grad, 4), round(x.grad, 4)
(0.4621, 1.5729, -2.3593)
"""

from typing import TYPE_CHECKING, Any

from autograd_tiny import losses, nn, optim
from autograd_tiny.anomaly import detect_anomaly
from autograd_tiny.checks import check_primitive
from autograd_tiny.draw import draw
from autograd_tiny.explain import explain, paths
from autograd_tiny.expression import Expression
from autograd_tiny.graph import gradient
from autograd_tiny.primitives import (
    TABLE,
    MultiPrimitive,
    Primitive,
    absolute,
    acos,
    asin,
    atan,
    atan2,
    cos,
    cosh,
    dot,
    equal,
    erf,
    erfc,
    exp,
    expm1,
    gelu,
    greater,
    hypot,
    leaky_relu,
    less,
    log,
    log1p,
    logsumexp,
    maximum,
    mean,
    minimum,
    power,
    relu,
    sigmoid,
    sign,
    silu,
    sin,
    sinh,
    softmax,
    softplus,
    sqrt,
    step,
    tan,
    tanh,
    total,
    where,
)
from autograd_tiny.steps import backward_steps, forward_steps
from autograd_tiny.value import Constant, Value, label_locals

if TYPE_CHECKING:
    from autograd_tiny.widget import Stepper

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """``Stepper`` is imported when it is first asked for: few programs need it, and it takes as long as all the rest."""
    if name == "Stepper":
        from autograd_tiny.widget import Stepper

        return Stepper
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "TABLE",
    "Constant",
    "Expression",
    "MultiPrimitive",
    "Primitive",
    "Stepper",
    "Value",
    "absolute",
    "acos",
    "asin",
    "atan",
    "atan2",
    "backward_steps",
    "check_primitive",
    "cos",
    "cosh",
    "detect_anomaly",
    "dot",
    "draw",
    "equal",
    "erf",
    "erfc",
    "exp",
    "explain",
    "expm1",
    "forward_steps",
    "gelu",
    "gradient",
    "greater",
    "hypot",
    "label_locals",
    "leaky_relu",
    "less",
    "log",
    "log1p",
    "logsumexp",
    "losses",
    "maximum",
    "mean",
    "minimum",
    "nn",
    "optim",
    "paths",
    "power",
    "relu",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "sqrt",
    "step",
    "tan",
    "tanh",
    "total",
    "where",
]
