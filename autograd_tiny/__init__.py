"""Scalar reverse-mode automatic differentiation that you can see, step through, check and run.

>>> from autograd_tiny import Value
>>> w, x, b = Value(-3.0, "w"), Value(2.0, "x"), Value(6.5, "b")
>>> y = (w * x + b).tanh()
>>> y.backward()
>>> round(y.data, 4), round(w.grad, 4), round(x.grad, 4)
(0.4621, 1.5729, -2.3593)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from autograd_tiny import arrays, losses, nn, optim, samples
from autograd_tiny.arrays.recorded import Array, array
from autograd_tiny.calculus.anomaly import detect_anomaly
from autograd_tiny.calculus.derivatives import (
    derivative,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    stop_gradient,
    value_and_grad,
    vjp,
)
from autograd_tiny.calculus.primitive_check import check_primitive
from autograd_tiny.engine.contents import label_locals
from autograd_tiny.engine.graph import gradient
from autograd_tiny.engine.row import Family, MultiPrimitive, Primitive
from autograd_tiny.engine.table import (
    TABLE,
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
from autograd_tiny.engine.value import Constant, Value
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.text.words import foreign_word

if TYPE_CHECKING:
    from autograd_tiny.calculus.gradient_check import check_gradient, step_size_curve
    from autograd_tiny.exercises import Exercise, random_exercise
    from autograd_tiny.lowering import compile_function, compile_loss, compile_model
    from autograd_tiny.marking.answers.people import mark_all
    from autograd_tiny.marking.mark import mark
    from autograd_tiny.storage.saving import load_graph, load_parameters, save_graph, save_parameters
    from autograd_tiny.views.derivation import derivation
    from autograd_tiny.views.drawing.draw import draw
    from autograd_tiny.views.explain import explain
    from autograd_tiny.views.paths import paths
    from autograd_tiny.views.steps import backward_steps, forward_steps
    from autograd_tiny.views.training import TrainingPage, record_training
    from autograd_tiny.views.widget import Stepper

__version__ = "0.1.0"


_LATER = {
    "Exercise": "exercises",
    "Stepper": "views.widget",
    "TrainingPage": "views.training",
    "backward_steps": "views.steps",
    "check_gradient": "calculus.gradient_check",
    "compile_function": "lowering",
    "compile_loss": "lowering",
    "compile_model": "lowering",
    "derivation": "views.derivation",
    "draw": "views.drawing.draw",
    "explain": "views.explain",
    "forward_steps": "views.steps",
    "load_graph": "storage.saving",
    "load_parameters": "storage.saving",
    "mark": "marking.mark",
    "mark_all": "marking.answers.people",
    "paths": "views.paths",
    "random_exercise": "exercises",
    "record_training": "views.training",
    "save_graph": "storage.saving",
    "save_parameters": "storage.saving",
    "step_size_curve": "calculus.gradient_check",
}

_ELSEWHERE = {
    "tensor": "array(data), or Value(x) for one number",
    "Tensor": "Array, or Value for one number",
    "Variable": "Value",
    "no_grad": "nothing: v.data is the bare number, and what is computed from it is not recorded",
    "functional": "the rows of the table, as autograd_tiny.relu, and losses",
    "jit": "compile_function, compile_loss or compile_model",
    "vmap": "rows: what is compiled takes many points, and nn and losses an array with a row for each sample",
    "backward": "a method, y.backward()",
}


def __getattr__(name: str) -> Any:
    """What many programs never ask for, and takes longer than all the rest, is imported when it is first asked for."""
    if name in _LATER:
        return getattr(import_module(f"autograd_tiny.{_LATER[name]}"), name)
    raise AttributeError(foreign_word(_ELSEWHERE, f"module {__name__!r} has no attribute", name))


def __dir__() -> list[str]:
    """All names, those that are imported later, too."""
    return sorted({*globals(), *__all__})


__all__ = [
    "TABLE",
    "Array",
    "Constant",
    "Exercise",
    "Expression",
    "Family",
    "MultiPrimitive",
    "Primitive",
    "Stepper",
    "TrainingPage",
    "Value",
    "absolute",
    "acos",
    "array",
    "arrays",
    "asin",
    "atan",
    "atan2",
    "backward_steps",
    "check_gradient",
    "check_primitive",
    "compile_function",
    "compile_loss",
    "compile_model",
    "cos",
    "cosh",
    "derivation",
    "derivative",
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
    "grad",
    "gradient",
    "greater",
    "hessian",
    "hvp",
    "hypot",
    "jacobian",
    "jvp",
    "label_locals",
    "leaky_relu",
    "less",
    "load_graph",
    "load_parameters",
    "log",
    "log1p",
    "logsumexp",
    "losses",
    "mark",
    "mark_all",
    "maximum",
    "mean",
    "minimum",
    "nn",
    "optim",
    "paths",
    "power",
    "random_exercise",
    "record_training",
    "relu",
    "samples",
    "save_graph",
    "save_parameters",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "sqrt",
    "step",
    "step_size_curve",
    "stop_gradient",
    "tan",
    "tanh",
    "total",
    "value_and_grad",
    "vjp",
    "where",
]
