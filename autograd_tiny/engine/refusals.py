"""Errors that are told apart by type: what a recorded Value or a formula is asked for, and cannot give.

All are TypeErrors.  While a function is recorded for compilation, `lowering.tracing` adds to each what to write instead; an
error of the user's own passes as it is, whatever its message says.
"""

from __future__ import annotations

from contextvars import ContextVar

FORMULAS_ONLY: ContextVar[bool] = ContextVar("formulas_only", default=False)
"""Whether a function is being called with formulas, so that a choice by a Value's number would be built in unseen."""


class ValueRefusedError(TypeError):
    """A Value stands where only a number, or only a formula, can stand."""


class FormulaRefusedError(TypeError):
    """A number is needed where a formula stands, which has none yet."""


class ChoiceRefusedError(FormulaRefusedError):
    """A formula was asked whether it is true."""


def check_comparison(shown: object) -> None:
    """Refuse to compare a Value's number while formulas are recorded: the outcome would be a constant of the program."""
    if FORMULAS_ONLY.get():
        raise ValueRefusedError(f"comparing {shown!r} while a function is recorded would fix the outcome in the program")
