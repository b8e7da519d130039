"""What the engine refuses, and what it says: errors told apart by type, numbers that are none, operations that fail.

And what it warns of: `backward` run again while the gradients of an earlier run are still there.

The errors that have a type of their own are TypeErrors.  While a function is recorded for compilation,
`lowering.recording.tracing` adds to each what to write instead; an error of the user's own passes as it is, whatever
its message says.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from autograd_tiny.engine.graph import Node, adjoints
from autograd_tiny.text.numbers import as_number, loses_as_float
from autograd_tiny.text.words import counted, few, quoted

FORMULAS_ONLY: ContextVar[bool] = ContextVar("formulas_only", default=False)
"""Whether a function is being called with formulas, so that a choice by a Value's number would be built in unseen."""


@contextmanager
def switched_on(switch: ContextVar[bool]) -> Iterator[None]:
    """A switch is on inside the block, and then as it was."""
    before = switch.set(True)
    try:
        yield
    finally:
        switch.reset(before)


class ValueRefusedError(TypeError):
    """A Value stands where only a number, or only a formula, can stand."""


class RuleFormError(TypeError):
    """An operation gives no number, or its rule something else than one derivative per operand."""


class FormulaRefusedError(TypeError):
    """A number is needed where a formula stands, which has none yet."""


class ChoiceRefusedError(FormulaRefusedError):
    """A formula was asked whether it is true."""


def refuse_comparison(value: object) -> None:
    """While formulas are recorded, the outcome of comparing a Value's number would be a constant of the program."""
    raise ValueRefusedError(f"comparing {value!r} while a function is recorded would fix the outcome in the program")


def no_operand(x: object, combination: str = "a Value combines with numbers and Values") -> TypeError:
    """The error of an operand of another kind."""
    kind = ValueRefusedError if isinstance(x, Node) else TypeError
    return kind(f"{combination}, not with the {type(x).__name__} {quoted(x)}")


LOSES = "would lose the derivative"


class NoPlainNumber:
    """Refuses what would make a plain number or a truth value of a Value, since its record would be lost."""

    __slots__ = ()

    def __bool__(self) -> bool:
        raise ValueRefusedError(
            f"{self!r} is neither true nor false; compare its data (v.data > 0), or record the choice: where(v, x, y)"
        )

    def __float__(self) -> float:
        raise ValueRefusedError(
            f"float({self!r}) {LOSES}; for exp, log and so on use autograd_tiny.exp(v) or v.exp() in place of math's, "
            "for the bare number v.data; a NumPy array holds Values if made with dtype=object"
        )

    def __int__(self) -> int:
        raise ValueRefusedError(f"int({self!r}) {LOSES}; cut the bare number, int(v.data)")

    def __round__(self, digits: int | None = None) -> float:
        raise ValueRefusedError(f"round({self!r}) {LOSES}; round the bare number, v.data, or print it as f'{{v:.2f}}'")


def compared(number: Any) -> float:
    """A number as a Value's is compared with it: the float that it would be in a formula; an int is left as it is."""
    return number if isinstance(number, int) else float(number)


def data_of(x: Any) -> Any:
    """The number in ``x``: its data if it is a recorded Value, itself if it is a number."""
    return getattr(x, "data", x) if hasattr(type(x), "record") else x  # arrays of NumPy have another kind of data


def label_of(x: Any) -> str:
    """The label of a recorded Value; none for a number."""
    label: str = getattr(x, "label", "")
    return label


def is_number(x: object) -> bool:
    """Whether ``x`` is a plain real number, of Python, NumPy or any other kind: no array, and nothing that records.

    `text.numbers.as_number` converts an option that was given once; this only looks, since every operation asks it of
    an operand, and it leaves an array of no dimension, one number for `as_number`, to NumPy, which knows what to do
    with a Value beside it.
    """
    if isinstance(x, (float, int)):
        return True
    is_one = hasattr(x, "__float__") and not hasattr(x, "__len__") and not hasattr(type(x), "record")
    return is_one and not loses_as_float(x)


def all_floats(numbers: Iterable[Any]) -> bool:
    """Whether all are Python's own floats."""
    for x in numbers:  # noqa: SIM110  # quicker than `all` or a set, as long as they are few
        if x.__class__ is not float:
            return False
    return True


def _operand(place: int) -> str:
    return f"operand {place + 1}"  # as people count


def in_floats(numbers: Sequence[Any], called: Callable[[int], str] = _operand) -> Sequence[float]:
    """The numbers as floats.  As they are, NumPy's would be computed with in their own types, where 100 + 100 is -56.

    Args:
        numbers: of any kind, also arrays of no dimension.
        called: gives what errors call the number at a place, counted from 0.

    Raises:
        TypeError: one of them is no real number.
        OverflowError: one is larger than any float.
    """
    if all_floats(numbers):
        return numbers
    return [x if x.__class__ is float else _in_float(x, called, place) for place, x in enumerate(numbers)]


def _in_float(x: Any, called: Callable[[int], str], place: int) -> float:
    try:
        number = as_number(x)
    except OverflowError:
        raise OverflowError(f"{called(place)} is larger than any float: {quoted(x)}") from None
    if number is None:
        raise TypeError(f"{called(place)} must be a real number, got the {type(x).__name__} {quoted(x)}")
    return number


def made_float(operation: Operation, given: Any, which: str = "its value") -> float:
    """A number that an operation of one's own gives, as a float.

    Raises:
        RuleFormError: it is no real number.
    """
    if given.__class__ is float:
        return given
    if (number := as_number(given)) is None:
        raise RuleFormError(f"{operation.name}: {which} must be a real number, but is {quoted(given)}")
    return number


def made_floats(operation: Operation, given: Any, which: str) -> Any:
    """Several of them; what is no tuple and no list stays, for those who look at the form."""
    if not isinstance(given, (tuple, list)) or all_floats(given):
        return given
    numbers = [made_float(operation, x, which) for x in given]
    return numbers if isinstance(given, list) else tuple(numbers)


def finite_number(x: Any, name: str) -> float:
    """The number ``x``, called ``name`` in errors, as a float; refuses what is not finite or would lose digits."""
    data = _as_float(x, name)
    if not math.isfinite(data):
        raise ValueError(f"{name} must be finite, got {data!r}; look at where this number was computed")
    return data


def _as_float(x: Any, name: str) -> float:
    try:
        data = float(x)
    except OverflowError:
        raise OverflowError(f"{name} is larger than any float: {quoted(x)}") from None
    if hasattr(x, "__index__") and data != int(x):
        raise ValueError(f"{name} is a float, and no float equals {x}; the nearest is {data!r}")
    return data


def finite_float(x: Any, label: str = "") -> float:
    """``x`` as a float; refuses what is no number, is not finite, or would lose digits."""
    return finite_number(x, _checked(x, label))


def exact_float(x: Any, label: str = "") -> float:
    """``x`` as a float; refuses what is no number, or would lose digits.  What overwrites data need not be finite."""
    return _as_float(x, _checked(x, label))


def _checked(x: Any, label: str) -> str:
    """What ``x`` is called in errors, as the data of a Value; refuses what is no number."""
    name = f"Value {label!r}" if label else "a Value or constant"
    if hasattr(x, "local_derivatives"):
        raise TypeError(f"{x!r} is a Value already; for a new leaf with the same number use Value(v.data)")
    if not is_number(x):
        kind = type(x).__name__
        hint = "; for an array, make one Value per number" if hasattr(x, "__len__") else ""
        if isinstance(x, str):
            hint = "; float() makes a number of text, with a point for decimals"
        raise TypeError(f"the data of {name} must be a real number, got the {kind} {quoted(x)}{hint}")
    return f"the data of {name}"


class Operation(Protocol):
    """A row of the table, or an operation with several outputs: what an error can tell of it."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def forward(self) -> Callable[..., Any]:
        """Its value, or its values, on floats."""

    def domain_of(self, index: int) -> Any:
        """The `Domain` of one operand."""


NO_OPERANDS = "the operands must be numbers, Values or Expressions"


def refusal(operation: Operation, operands: Sequence[Any], error: Exception) -> Exception:
    """The error of the same type, telling which operation failed, on which operands, and what it needs."""
    if isinstance(error, RuleFormError):
        return error
    head = call_text(operation, operands)
    labels, data = [label_of(x) for x in operands], [data_of(x) for x in operands]
    if not operands:
        return type(error)(f"{head}: needs at least one operand")
    if any(hasattr(x, "dtype") and hasattr(x, "__len__") for x in operands):
        return TypeError(
            f"{head}: {NO_OPERANDS}; for arrays of NumPy use arrays.elementwise({operation.name.partition('[')[0]})"
        )
    try:
        data = list(in_floats(data))
        out = operation.forward(*data)
    except TypeError:
        return TypeError(f"{head}: {error}; {NO_OPERANDS}")
    except OverflowError:  # so it is defined there
        return type(error)(f"{head}: the result is larger than any float")
    except (ArithmeticError, ValueError):
        domains = [operation.domain_of(i) for i in range(len(operands))]
        names = [label or ("its operand" if len(data) == 1 else f"operand {i}") for i, label in enumerate(labels, 1)]
        broken = [d.condition.format(name) for d, name, x in zip(domains, names, data) if not d.contains(x)]
        if broken:
            return type(error)(f"{head}: needs {' and '.join(broken)}{_remedy(operation, labels, data)}")
        return type(error)(f"{head}: {error}")
    has_one_output = hasattr(operation, "derivatives")
    if has_one_output and isinstance(out, (int, float)) and (fault := _rule_fault(operation, out, data)):
        return TypeError(fault)
    if isinstance(error, TypeError):
        return TypeError(f"the rule of {operation.name} fails: {error}")
    reason = error.args[-1] if error.args else type(error).__name__  # what the system says has a number in front
    return type(error)(f"{head} is {out!r}, but its derivative there is not finite ({reason})")


def _remedy(operation: Operation, labels: Sequence[str], data: Sequence[float]) -> str:
    """What to do about an operand outside of its domain: a choice that is recorded computes both of its branches."""
    for i, (label, x) in enumerate(zip(labels, data)):
        domain, name = operation.domain_of(i), label or "x"
        if not domain.contains(x) and domain.condition.startswith("{} ") and "," not in domain.condition:
            inside = domain.condition.format(name).replace(">=", ">")  # at the edge a derivative may be infinite
            safe = f"where({inside}, {name}, 1)"
            safe = f"{operation.name}({safe})" if len(data) == 1 else f"{safe} in its place"
            return f"; compute it only there, or make the operand safe first: {safe}"
    return ""


def _rule_fault(operation: Any, out: float, data: Sequence[float]) -> str:
    """What is wrong with the form of what a rule gives; nothing if that is not the matter."""
    try:
        operation.derivatives(out, data)
    except RuleFormError as error:
        return str(error)
    except (ArithmeticError, ValueError):
        return ""
    except TypeError as error:
        return f"the rule of {operation.name} fails: {error}"
    return ""


def one_each(operation: Operation, operands: Sequence[Any], given: Any) -> Sequence[Any]:
    """What a rule gave, one derivative per operand; refused if it is anything else.

    Raises:
        RuleFormError: it is no tuple or list, or one of another length.
    """
    if isinstance(given, (tuple, list)) and len(given) == len(operands):
        return given
    count = counted(len(operands), "derivative")
    raise RuleFormError(
        f"the rule of {operation.name} must give a tuple with {count}, one per operand, but gives {given!r}"
    )


def call_text(operation: Operation, operands: Sequence[Any]) -> str:
    """The operation with its operands' labels and data: ``mul(w = 2.0, 3.0)``."""
    shown = [f"{label_of(x)} = {data_of(x)!r}" if label_of(x) else repr(data_of(x)) for x in operands]
    return f"{operation.name}({', '.join(few(shown, 5))})"


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


class Held(NamedTuple):
    """The gradients that runs of ``backward`` on one root have left in its leaves.

    Attributes:
        runs: how many runs they come from; 0 if the leaves hold nothing, None if they hold something else, or not all
            the same.
        derivatives: of the root, by each leaf that a gradient is wanted for and that it depends on; the largest first.
    """

    runs: int | None
    derivatives: dict[Any, float]


def held_by_leaves(root: Any) -> Held:
    """How often the leaves hold the derivative of ``root``: what tells a second run of `backward`.

    The grad of the root is 1 after any number of runs, and after ``zero_grad`` too; a leaf does not know its roots.  So
    neither alone tells anything, and ``repr`` says nothing.  All leaves together do, beside the derivatives: what other
    losses have left, a batch, or parameters that were set to 0 beside inputs that were not, is the same whole multiple
    in every leaf only by chance.  Where it is, as for a batch of equal samples, the numbers written in a formula tell:
    each run leaves a gradient in these constants too, which belong to this graph alone and which nobody sets to 0.

    >>> from autograd_tiny import Value
    >>> w = Value(3.0, "w")
    >>> once, other = 2.0 * w, 2.0 * w
    >>> once.backward()
    >>> held_by_leaves(once).runs, held_by_leaves(other).runs
    (1, None)
    >>> other.backward()
    >>> held_by_leaves(once).runs
    """
    every = {x: d for x, d in adjoints(root).items() if x.op is None and d}
    wanted = {x: every[x] for x in sorted(every, key=lambda x: -abs(every[x])) if not x.is_constant}
    if not wanted:
        return Held(None, wanted)
    if not any(x.grad for x in wanted):
        return Held(0, wanted)
    leaf, largest = next(iter(wanted.items()))
    times = leaf.grad / largest
    runs = round(times) if 0.5 < times < 1e9 else 0
    same = runs and all(same_gradient(x.grad, runs * d) for x, d in wanted.items())
    in_numbers = all(x in wanted or x.grad / d > runs - 0.5 for x, d in every.items())
    return Held(runs if same and in_numbers else None, wanted)


def same_gradient(x: float, y: float) -> bool:
    """Whether two numbers are one gradient, up to the rounding of sums in another order."""
    return math.isclose(x, y, rel_tol=1e-6, abs_tol=1e-12)


def warn_doubled(root: Any) -> None:
    """Warn before a run of ``backward`` on ``root`` if every leaf holds one run of it already, which this one doubles.

    Asked only where the grad of the root is the very object that its own last run has put there, so that a first run
    costs one comparison, and a part that got 1.0 from a sum is none.  Right in nearly every case: sums over a batch,
    over several losses or over graphs recorded anew begin at roots without a grad, and ``zero_grad`` leaves nothing to
    be doubled.  One graph that is run again to show how gradients add up is told how to say so.
    """
    held = held_by_leaves(root)
    if held.runs == 1:
        of, leaf = called(root), called(next(iter(held.derivatives)))
        before = f"the grad of {leaf} is {derivative_text(of, leaf)} already, from an earlier backward"
        warnings.warn(f"{before}, and this one doubles it; {or_add(of)}", stacklevel=3)


def warn_of_runs(root: Any, shown: str, *, by: Any = None, names: Callable[[], Mapping[Any, str]] = dict) -> None:
    """Warn where the leaves hold several runs of ``backward``, so that their grad is not the derivative that is shown.

    Args:
        root: what is differentiated.
        shown: what shows the derivative, as "the explanation".
        by: the leaf that it is about; None for any.
        names: gives the names for what has no label.
    """
    if root.grad == 1.0 and (held := held_by_leaves(root)).runs not in (None, 0, 1):
        leaf = next(iter(held.derivatives)) if by is None else by
        if leaf in held.derivatives:
            of, by = (called(node, names()) for node in (root, leaf))
            text = repeated_text(held.runs, of, by)
            warnings.warn(f"the grad of {by} is {text}, and not what {shown} says; {FRESH} in between", stacklevel=3)


FRESH = "set the grad of the leaves to 0.0 (zero_grad() of a model does)"
"""What to do about gradients of several runs that were not to be added."""


def or_add(of: str) -> str:
    """What to do between two runs of ``backward`` on one root."""
    return f"{FRESH} in between, or the grad of {of} to 0.0 if the sum is meant"


def repeated_text(runs: int | None, of: str, leaf: str) -> str:
    """What the grad of a leaf is that holds several runs, and where it comes from."""
    times = "twice" if runs == 2 else f"{runs} times"
    return f"{runs} × {derivative_text(of, leaf)}, as after backward was run {times}"


def derivative_text(of: str, by: str) -> str:
    """A derivative by something just named, in a sentence: ``∂y/∂w`` for names, in words for what is longer."""
    return f"the derivative of {of} by it" if " " in of + by else f"∂{of}/∂{by}"


def called(node: Any, names: Mapping[Any, str] = MappingProxyType({})) -> str:
    """A node in a sentence about gradients."""
    return label_of(node) or names.get(node, "") or f"the {'leaf' if node.op is None else 'result'} {node.data!r}"
