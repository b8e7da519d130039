"""Losses: one scalar that says how far outputs are from their targets.

Each takes the outputs of one sample and gives a node; average over samples with ``mean``.  Outputs and targets may be
Values, Expressions or numbers; targets that are numbers are checked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd_tiny.engine.table import log, logsumexp, mean, relu, softplus, total


def half_squared_error(outputs: Sequence[Any], targets: Sequence[Any]) -> Any:
    """½ Σ (output - target)²: its derivative by an output is the plain difference.

    >>> half_squared_error([3.0, 1.0], [1.0, 1.0])
    2.0
    """
    return 0.5 * total([(o - t) ** 2 for o, t in _paired(outputs, targets)])


def mean_squared_error(outputs: Sequence[Any], targets: Sequence[Any]) -> Any:
    """The mean of (output - target)².

    >>> mean_squared_error([3.0, 1.0], [1.0, 1.0])
    2.0
    """
    return mean([(o - t) ** 2 for o, t in _paired(outputs, targets)])


def hinge(output: Any, target: float) -> Any:
    """max(0, 1 - target · output) for a target of -1 or 1.  Source: Cortes and Vapnik (1995), Support-vector networks.

    >>> hinge(0.25, 1.0), hinge(2.0, 1.0)
    (0.75, 0.0)
    """
    if isinstance(target, (int, float)) and target not in (-1, 1):
        raise ValueError(f"the target of a hinge loss is -1 or 1, got {target!r}")
    return relu(1.0 - target * output)


def binary_cross_entropy_terms(outputs: Sequence[Any], targets: Sequence[float]) -> list[Any]:
    """-(t log o + (1 - t) log(1 - o)) for each output o, a probability, and its target t between 0 and 1.

    A part whose factor is 0 is left out: the term of a target of 1 is -log o alone, which is defined up to o = 1.
    """
    return [_of_two(o, t, lambda o: -log(o), lambda o: -log(1.0 - o)) for o, t in _paired(outputs, targets)]


def binary_cross_entropy(outputs: Sequence[Any], targets: Sequence[float]) -> Any:
    """The sum over outputs of `binary_cross_entropy_terms`, for outputs that are probabilities.

    >>> round(binary_cross_entropy([0.25, 0.5], [1.0, 0.0]), 6)
    2.079442
    """
    return total(binary_cross_entropy_terms(outputs, targets))


def binary_cross_entropy_from_logits(logits: Sequence[Any], targets: Sequence[float]) -> Any:
    """`binary_cross_entropy` of the sigmoids of ``logits``: t softplus(-z) + (1 - t) softplus(z) for each.

    Neither overflows nor cancels: the loss of a logit that is right by far keeps its digits, and so does its derivative.

    >>> binary_cross_entropy_from_logits([-1000.0], [0.0]), binary_cross_entropy_from_logits([50.0], [1.0])
    (0.0, 1.9287498479639178e-22)
    """
    return total([_of_two(z, t, lambda z: softplus(-z), softplus) for z, t in _paired(logits, targets)])


def cross_entropy(probabilities: Sequence[Any], target: int) -> Any:
    """-log of the probability given to class number ``target``.

    >>> round(cross_entropy([0.25, 0.75], 0), 6)
    1.386294
    """
    return -log(_class(probabilities, target))


def cross_entropy_from_logits(logits: Sequence[Any], target: int) -> Any:
    """`cross_entropy` of the softmax of ``logits``: logsumexp(logits) - logits[target].

    The target's logit is taken from the others first; so neither the loss nor its derivatives overflow or cancel.

    >>> cross_entropy_from_logits([1000.0, 0.0], 0), cross_entropy_from_logits([50.0, 0.0], 0)
    (0.0, 1.9287498479639178e-22)
    """
    chosen = _class(logits, target)
    return logsumexp([0.0 if i == target else z - chosen for i, z in enumerate(logits)])


def _of_two(output: Any, target: Any, if_one: Callable[[Any], Any], if_zero: Callable[[Any], Any]) -> Any:
    """t if_one(output) + (1 - t) if_zero(output); a term whose factor is 0 is not computed."""
    _check_probability(target)
    if isinstance(target, (int, float)) and target in (0, 1):
        return if_one(output) if target else if_zero(output)
    return target * if_one(output) + (1.0 - target) * if_zero(output)


def _check_probability(target: Any) -> None:
    if isinstance(target, (int, float)) and not 0.0 <= target <= 1.0:
        raise ValueError(f"a target of a cross-entropy is between 0 and 1, got {target!r}")


def _class(scores: Sequence[Any], target: int) -> Any:
    if not hasattr(scores, "__len__"):
        raise TypeError(f"a cross-entropy takes a list, one entry per class, and the number of the right class; got {scores!r}")
    if isinstance(target, bool) or not isinstance(target, int) or not 0 <= target < len(scores):
        raise ValueError(f"the target is a class number from 0 to {len(scores) - 1}, got {target!r}")
    return scores[target]


def _paired(outputs: Sequence[Any], targets: Sequence[Any]) -> list[tuple[Any, Any]]:
    for given in (outputs, targets):
        if not hasattr(given, "__len__"):
            raise TypeError(f"a loss takes a list of outputs and a list of targets, got {given!r}; for a single one write [...]")
    if len(outputs) != len(targets):
        raise ValueError(
            f"a loss needs one target per output, got {len(outputs)} outputs and {len(targets)} targets; "
            "when compiling, say how many targets a sample has: compile_model(..., n_targets=...)"
        )
    return list(zip(outputs, targets))
