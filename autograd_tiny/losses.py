"""Losses: one scalar that says how far outputs are from their targets.

Each takes the outputs of one sample and gives a node.  Outputs and targets may be Values, Expressions or numbers;
targets are checked where their numbers are known.

Of an Array with a row per sample, a loss is the mean over the samples, or with ``batch="sum"`` their sum: the loss of
each row, as without arrays, and beside it the same in matrix form.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from autograd_tiny.arrays.batches import as_column, classes_of, loss_of, targets_of
from autograd_tiny.arrays.recorded import Array
from autograd_tiny.arrays.structure import Structure, by_row
from autograd_tiny.engine.graph import Node
from autograd_tiny.engine.table import (
    equal,
    greater,
    less,
    log,
    logsumexp,
    mean,
    relu,
    sigmoid,
    softmax,
    softplus,
    total,
    where,
)
from autograd_tiny.engine.value import Value
from autograd_tiny.text.numbers import as_number, as_whole
from autograd_tiny.text.words import foreign_word

# Below the one, 1 / x may overflow; above the other is infinity.
_SMALLEST, _LARGEST = (
    sys.float_info.min,
    sys.float_info.max,
)


ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("mse", "mse_loss", "MSELoss"), "mean_squared_error"),
        **dict.fromkeys(("hinge_loss", "HingeLoss", "Hinge"), "hinge"),
        **dict.fromkeys(("bce", "BCELoss", "binary_crossentropy"), "binary_cross_entropy"),
        "BCEWithLogitsLoss": "binary_cross_entropy_from_logits",
        "CrossEntropyLoss": "cross_entropy_from_logits, or cross_entropy of probabilities",
        "softmax_cross_entropy": "cross_entropy_from_logits",
        "categorical_crossentropy": "cross_entropy, or cross_entropy_from_logits before the softmax",
    }
)
"""Losses of PyTorch, Keras and Optax."""


def __getattr__(name: str) -> Any:
    raise AttributeError(foreign_word(ELSEWHERE, f"module {__name__!r} has no attribute", name))


# The same in matrix form, of all samples together: o and t have a row per sample.  With the activation before it, a
# cross-entropy is simpler than without: what the two hand on is the plain difference, Bishop (2006), Pattern
# recognition, section 4.3.


def _difference(g: Any, out: Any, t: Any) -> Any:
    return (out - t) * g


_HALF_SQUARED_ERROR = Structure("half squared error", expansion=lambda o, t: 0.5 * ((o - t) ** 2).sum())
_MEAN_SQUARED_ERROR = Structure("squared error", expansion=lambda o, t: ((o - t) ** 2).sum() / float(o.shape[-1]))
_HINGE = Structure("hinge", expansion=lambda o, t: relu(1.0 - t * o).sum())
_BINARY_CROSS_ENTROPY = Structure(
    "binary cross-entropy",
    expansion=lambda o, t: -(t * log(o) + (1.0 - t) * log(1.0 - o)).sum(),
    fused={sigmoid: _difference},
)
_BINARY_FROM_LOGITS = Structure(
    "binary cross-entropy from logits", lambda g, out, z, t: (_difference(g, z.sigmoid(), t), -z * g),
    expansion=lambda z, t: (t * softplus(-z) + (1.0 - t) * softplus(z)).sum(),
)
_CROSS_ENTROPY = Structure(
    "cross-entropy", expansion=lambda p, t: -(t * log(p)).sum(), fused={by_row(softmax): _difference}
)
_FROM_LOGITS = Structure(
    "cross-entropy from logits", lambda g, out, z, t: (_difference(g, softmax(z), t), -z * g),
    expansion=lambda z, t: logsumexp(z).sum() - (t * z).sum(),
)


def half_squared_error(outputs: Sequence[Any] | Array, targets: Sequence[Any], *, batch: str = "mean") -> Any:
    """½ Σ (output - target)²: its derivative by an output is the plain difference.

    >>> half_squared_error([3.0, 1.0], [1.0, 1.0])
    2.0
    """
    if isinstance(outputs, Array):
        return loss_of(outputs, targets_of(outputs, targets), half_squared_error, _HALF_SQUARED_ERROR, batch)
    return 0.5 * total([(o - t) ** 2 for o, t in _paired(outputs, targets)])


def mean_squared_error(outputs: Sequence[Any] | Array, targets: Sequence[Any], *, batch: str = "mean") -> Any:
    """The mean of (output - target)².

    >>> mean_squared_error([3.0, 1.0], [1.0, 1.0])
    2.0
    """
    if isinstance(outputs, Array):
        return loss_of(outputs, targets_of(outputs, targets), mean_squared_error, _MEAN_SQUARED_ERROR, batch)
    return mean([(o - t) ** 2 for o, t in _paired(outputs, targets)])


def hinge(output: Any, target: Any, *, batch: str = "mean") -> Any:
    """max(0, 1 - target · output) for a target of -1 or 1.  Source: Cortes and Vapnik (1995), Support-vector networks.

    Output and target may each stand alone in a list, as a model gives one and takes the other.  Of an Array with an
    output per sample, a vector or one column, with a list of targets.

    >>> hinge(0.25, 1.0), hinge([2.0], [1.0])
    (0.75, 0.0)
    """
    if isinstance(output, Array):
        outputs = as_column(output)
        return loss_of(outputs, targets_of(outputs, target), hinge, _HINGE, batch)
    if isinstance(output, (list, tuple)) or isinstance(target, (list, tuple)):
        pairs = _paired(output, target)
        if len(pairs) != 1:
            raise ValueError(f"a hinge loss is of one output, got {len(pairs)}")
        ((output, target),) = pairs
    t = _target(target, "the target of a hinge loss is -1 or 1", lambda t: t in (-1.0, 1.0))
    return relu(1.0 - t * _operand(output))


def binary_cross_entropy_terms(outputs: Sequence[Any] | Array, targets: Sequence[float]) -> list[Any]:
    """-(t log o + (1 - t) log(1 - o)) for each output o, a probability, and its target t between 0 and 1.

    A part whose factor is 0 is left out: the term of a target of 1 is -log o alone, which is defined up to o = 1.
    Where the
    target is a Value or an Expression, that is a recorded choice: such a part counts as 0 where its logarithm is not
    defined.
    """
    return [_of_two(o, 1.0 - o, t, lambda p: -log(p), less, _SMALLEST) for o, t in _paired(outputs, targets)]


def binary_cross_entropy(outputs: Sequence[Any] | Array, targets: Sequence[Any], *, batch: str = "mean") -> Any:
    """The sum over outputs of `binary_cross_entropy_terms`, for outputs that are probabilities.

    >>> round(binary_cross_entropy([0.25, 0.5], [1.0, 0.0]), 6)
    2.079442
    """
    if isinstance(outputs, Array):
        return loss_of(outputs, targets_of(outputs, targets), binary_cross_entropy, _BINARY_CROSS_ENTROPY, batch)
    return total(binary_cross_entropy_terms(outputs, targets))


def binary_cross_entropy_from_logits(
    logits: Sequence[Any] | Array, targets: Sequence[Any], *, batch: str = "mean"
) -> Any:
    """`binary_cross_entropy` of the sigmoids of ``logits``: t softplus(-z) + (1 - t) softplus(z) for each.

    Neither overflows nor cancels: the loss of a logit that is right by far keeps its digits, and so does its
    derivative.

    >>> binary_cross_entropy_from_logits([-1000.0], [0.0]), binary_cross_entropy_from_logits([50.0], [1.0])
    (0.0, 1.9287498479639178e-22)
    """
    if isinstance(logits, Array):
        return loss_of(
            logits, targets_of(logits, targets), binary_cross_entropy_from_logits, _BINARY_FROM_LOGITS, batch
        )
    return total([_of_two(-z, z, t, softplus, greater, _LARGEST) for z, t in _paired(logits, targets)])


def cross_entropy(probabilities: Sequence[Any] | Array, target: Any, *, batch: str = "mean") -> Any:
    """-log of the probability given to class number ``target``.

    Of an Array with a row per sample, ``target`` lists the class of each, as numbers or as rows with one 1 among 0s.

    >>> round(cross_entropy([0.25, 0.75], 0), 6)
    1.386294
    """
    if isinstance(probabilities, Array):
        return loss_of(probabilities, classes_of(probabilities, target), cross_entropy, _CROSS_ENTROPY, batch)
    return -log(probabilities[_class(probabilities, target)])


def cross_entropy_from_logits(logits: Sequence[Any] | Array, target: Any, *, batch: str = "mean") -> Any:
    """`cross_entropy` of the softmax of ``logits``: logsumexp(logits) - logits[target].

    The target's logit is taken from the others first; so neither the loss nor its derivatives overflow or cancel.

    >>> cross_entropy_from_logits([1000.0, 0.0], 0), cross_entropy_from_logits([50.0, 0.0], 0)
    (0.0, 1.9287498479639178e-22)
    """
    if isinstance(logits, Array):
        return loss_of(logits, classes_of(logits, target), cross_entropy_from_logits, _FROM_LOGITS, batch)
    place = _class(logits, target)
    numbers = [_operand(z) for z in logits]
    return logsumexp([0.0 if i == place else z - numbers[place] for i, z in enumerate(numbers)])


def _of_two(
    if_one: Any, if_zero: Any, target: Any, f: Callable[[Any], Any], lost: Callable[..., Any], edge: float
) -> Any:
    """t f(if_one) + (1 - t) f(if_zero); a term whose factor is 0 is not computed.

    For a target that is recorded, the factor is not known yet.  So where it is 0 and the operand of ``f`` is ``lost``
    beyond an edge, ``f`` is taken at the edge, where it and its derivative are finite: 0 times these is 0.
    """
    t: Any = _target(target, "a target of a cross-entropy is between 0 and 1", lambda t: 0.0 <= t <= 1.0)
    if t.__class__ is float and t in (0.0, 1.0):
        return f(if_one) if t else f(if_zero)

    def term(factor: Any, x: Any) -> Any:
        return factor * f(x if factor.__class__ is float else where(equal(factor, 0.0) * lost(x, edge), edge, x))

    return term(t, if_one) + term(1.0 - t, if_zero)


def _operand(x: Any) -> Any:
    """A plain number as a float, not in the type that it had in an array; what is recorded as it is."""
    number = None if isinstance(x, Node) else as_number(x)
    return x if number is None else number


def _target(target: Any, rule: str, holds: Callable[[float], bool]) -> Any:
    """A target as a float, or as it is if it is recorded; refused if its number is known and breaks the rule."""
    if isinstance(target, Node) and not isinstance(target, Value):
        return target
    number = as_number(target.data if isinstance(target, Value) else target)
    if number is None:
        raise TypeError(f"{rule}, a number, Value or Expression; got {target!r}")
    if not holds(number):
        raise ValueError(f"{rule}, got {target!r}")
    return target if isinstance(target, Value) else number


def _class(scores: Sequence[Any], target: Any) -> int:
    if not hasattr(scores, "__len__"):
        raise TypeError(
            f"a cross-entropy takes a list, one entry per class, and the number of the right class; got {scores!r}"
        )
    number = as_whole(target)
    if number is None or not 0 <= number < len(scores):
        raise ValueError(f"the target is a class number from 0 to {len(scores) - 1}, got {target!r}")
    return number


def _paired(outputs: Sequence[Any] | Array, targets: Sequence[Any]) -> list[tuple[Any, Any]]:
    for given in (outputs, targets):
        if not hasattr(given, "__len__"):
            raise TypeError(
                f"a loss takes a list of outputs and a list of targets, got {given!r}; for a single one write [...]"
            )
    if len(outputs) != len(targets):
        raise ValueError(
            f"a loss needs one target per output, got {len(outputs)} outputs and {len(targets)} targets; "
            "when compiling, say how many targets a sample has: compile_model(..., n_targets=...)"
        )
    return [(_operand(o), _operand(t)) for o, t in zip(outputs, targets)]
