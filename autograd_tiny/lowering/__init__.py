"""Recorded once, run as native code or readable Python: function -> straight-line program -> LLVM or Python source."""

from autograd_tiny.lowering.api import (
    CompiledLoss,
    CompiledModel,
    assign,
    compile_formula,
    compile_function,
    compile_loss,
    compile_model,
    parameter_vector,
)
from autograd_tiny.lowering.compiled import CompiledFunction

__all__ = [
    "CompiledFunction",
    "CompiledLoss",
    "CompiledModel",
    "assign",
    "compile_formula",
    "compile_function",
    "compile_loss",
    "compile_model",
    "parameter_vector",
]
