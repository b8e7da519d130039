"""What the engine refuses, and what it says: errors told apart by type, numbers that are none, operations that fail.

The errors that have a type of their own are TypeErrors.  While a function is recorded for compilation, `lowering.tracing` adds
to each what to write instead; an error of the user's own passes as it is, whatever its message says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from autograd_tiny.text.words import counted, quoted

if TYPE_CHECKING:
    from autograd_tiny.engine.row import MultiPrimitive, Primitive

FORMULAS_ONLY: ContextVar[bool] = ContextVar("formulas_only", default=False)
"""Whether a function is being called with formulas, so that a choice by a Value's number would be built in unseen."""


class ValueRefusedError(TypeError):
    """A Value stands where only a number, or only a formula, can stand."""


class FormulaRefusedError(TypeError):
    """A number is needed where a formula stands, which has none yet."""


class ChoiceRefusedError(FormulaRefusedError):
    """A formula was asked whether it is true."""


def refuse_comparison(value: object) -> None:
    """While formulas are recorded, the outcome of comparing a Value's number would be a constant of the program."""
    raise ValueRefusedError(f"comparing {value!r} while a function is recorded would fix the outcome in the program")


def data_of(x: Any) -> Any:
    """The number in ``x``: its data if it is a recorded Value, itself if it is a number."""
    return getattr(x, "data", x)


def label_of(x: Any) -> str:
    """The label of a recorded Value; none for a number."""
    label: str = getattr(x, "label", "")
    return label


def is_number(x: object) -> bool:
    """Whether ``x`` is a plain real number, of Python, NumPy or any other kind: no array, and nothing that records.

    `text.numbers.as_number` converts an option that was given once; this only looks, since every operation asks it of an operand, and
    it leaves an array of no dimension, one number for `as_number`, to NumPy, which knows what to do with a Value beside it.
    """
    if isinstance(x, (float, int)):
        return True
    return hasattr(x, "__float__") and not hasattr(x, "__len__") and not hasattr(type(x), "record")


def finite_number(x: Any, name: str) -> float:
    """The number ``x``, called ``name`` in errors, as a float; refuses what is not finite or would lose digits."""
    try:
        data = float(x)
    except OverflowError:
        raise OverflowError(f"{name} is larger than any float: {quoted(x)}") from None
    if hasattr(x, "__index__") and data != int(x):
        raise ValueError(f"{name} is a float, and no float equals {x}; the nearest is {data!r}")
    if not math.isfinite(data):
        raise ValueError(f"{name} must be finite, got {data!r}; look at where this number was computed")
    return data


def finite_float(x: Any, label: str = "") -> float:
    """``x`` as a float; refuses what is no number, is not finite, or would lose digits."""
    name = f"Value {label!r}" if label else "a Value or constant"
    if hasattr(x, "local_derivatives"):
        raise TypeError(f"{x!r} is a Value already; for a new leaf with the same number use Value(v.data)")
    if not is_number(x):
        kind = type(x).__name__
        hint = "; for an array, make one Value per number" if hasattr(x, "__len__") else ""
        if isinstance(x, str):
            hint = "; float() makes a number of text, with a point for decimals"
        raise TypeError(f"the data of {name} must be a real number, got the {kind} {quoted(x)}{hint}")
    return finite_number(x, f"the data of {name}")


def refusal(operation: Primitive | MultiPrimitive, operands: Sequence[Any], error: Exception) -> Exception:
    """The error of the same type, telling which operation failed, on which operands, and what it needs."""
    head = call_text(operation, operands)
    labels, data = [label_of(x) for x in operands], [data_of(x) for x in operands]
    if not operands:
        return type(error)(f"{head}: needs at least one operand")
    try:
        out = operation.forward(*data)
    except TypeError:
        return TypeError(f"{head}: {error}; the operands must be numbers, Values or Expressions")
    except (ArithmeticError, ValueError):
        domains = [operation.domain_of(i) for i in range(len(operands))]
        names = [label or ("its operand" if len(data) == 1 else f"operand {i}") for i, label in enumerate(labels, 1)]
        broken = [d.condition.format(name) for d, name, x in zip(domains, names, data) if not d.contains(x)]
        if broken:
            return type(error)(f"{head}: needs {' and '.join(broken)}{_remedy(operation, labels, data)}")
        if isinstance(error, OverflowError):
            return type(error)(f"{head}: the result is larger than any float")
        return type(error)(f"{head}: {error}")
    if hasattr(operation, "derivatives") and isinstance(out, (int, float)) and (fault := _rule_fault(operation, out, data)):
        return TypeError(fault)
    if isinstance(error, TypeError):
        return TypeError(f"the rule of {operation.name} fails: {error}")
    reason = error.args[-1] if error.args else type(error).__name__  # what the system says has a number in front
    return type(error)(f"{head} is {out!r}, but its derivative there is not finite ({reason})")


def _remedy(operation: Primitive | MultiPrimitive, labels: Sequence[str], data: Sequence[float]) -> str:
    """What to do about an operand outside of its domain: a choice that is recorded computes both of its branches."""
    for i, (label, x) in enumerate(zip(labels, data)):
        domain, name = operation.domain_of(i), label or "x"
        if not domain.contains(x) and domain.condition.startswith("{} ") and "," not in domain.condition:
            safe = f"where({domain.condition.format(name).replace('>=', '>')}, {name}, 1)"  # at the edge a derivative may be infinite
            safe = f"{operation.name}({safe})" if len(data) == 1 else f"{safe} in its place"
            return f"; choose with `if`, or make the operand safe first: {safe}"
    return ""


def _rule_fault(operation: Any, out: float, data: Sequence[float]) -> str:
    """What is wrong with the form of what a rule gives; nothing if that is not the matter."""
    try:
        given = operation.derivatives(out, data)
    except (ArithmeticError, ValueError):
        return ""
    except TypeError as error:
        return f"the rule of {operation.name} fails: {error}"
    return "" if isinstance(given, (tuple, list)) and len(given) == len(data) else form_fault(operation, data, given)


def form_fault(operation: Primitive | MultiPrimitive, operands: Sequence[Any], given: Any) -> str:
    """A rule gives something else than one derivative per operand."""
    count = counted(len(operands), "derivative")
    return f"the rule of {operation.name} must give a tuple with {count}, one per operand, but gives {given!r}"


def call_text(operation: Primitive | MultiPrimitive, operands: Sequence[Any]) -> str:
    """The operation with its operands' labels and data: ``mul(w = 2.0, 3.0)``."""
    shown = [f"{label_of(x)} = {data_of(x)!r}" if label_of(x) else repr(data_of(x)) for x in operands]
    if len(shown) > 6:
        shown[5:] = [f"... {len(shown) - 5} more"]
    return f"{operation.name}({', '.join(shown)})"


def check_recorded(x: object, done: str) -> None:
    """Refuse what is no Value, where only a recorded Value can be ``done``."""
    if hasattr(x, "local_derivatives"):
        return
    if isinstance(x, (int, float)):
        remedy = "; a plain number does not know how it was computed: give the Value, not its data"
    elif isinstance(x, str):
        remedy = "; give the Value itself, not its name"
    elif isinstance(x, (list, tuple, dict, set)):
        remedy = "; give one Value, for example one of these"
    elif callable(x):
        remedy = "; call it on Values, and give what that returns"
    else:
        remedy = ""
    raise TypeError(f"only a recorded Value can be {done}, got {quoted(x)}{remedy}")
