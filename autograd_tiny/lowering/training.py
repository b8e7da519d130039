"""Training on a flat array of parameters: the eager loop's numbers, without a Value in it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, Protocol

from autograd_tiny.optim.optimizer import Optimizer, State
from autograd_tiny.text.numbers import as_whole, random_from


class Trained(Protocol):
    """What can be trained: a `CompiledModel`, or what stands for one."""

    n_columns: int
    names: list[str]
    model: Any

    def parameter_vector(self) -> Any:
        """The parameters, (n,)."""

    def value_and_grad(self, parameters: Any, batch: Any, /) -> tuple[float, Any]:
        """The mean loss over a batch, and its gradient by the parameters."""

    def assign(self, parameters: Any, /) -> None:
        """Give the model these parameters."""


def fit(
    compiled: Trained,
    samples: Any,
    *,
    optimizer: Optimizer,
    epochs: int,
    batch_size: int | None = None,
    seed: int | None = None,
    progress: bool = False,
) -> list[float]:
    """Train a compiled model: for every epoch, a step of the optimizer on each batch.

    The numbers are those of the eager loop ``zero_grad``, ``mean`` of the losses, ``backward``, ``step``, up to
    rounding.  The model's Values get theirs at the end, also if it ends by an exception; so does the state of the
    optimizer.

    Args:
        compiled: from `compile_model`.
        samples: rows of inputs and targets, (rows, m).
        optimizer: made for the model's parameters.
        epochs: how often to go over the samples.
        batch_size: how many rows make a step; all of them if not given.  The last batch may be smaller.
        seed: shuffle the rows before every epoch by ``Random(seed).shuffle``; they stay in order if not given.
        progress: whether to show a progress bar.

    Returns:
        The mean loss of every epoch, over its batches as they were when their step was taken.

    >>> from random import Random
    >>> from autograd_tiny.losses import half_squared_error
    >>> from autograd_tiny.nn import MLP
    >>> from autograd_tiny.optim import SGD
    >>> from autograd_tiny.lowering import compile_model
    >>> model = MLP([1, 1], ["linear"], rng=Random(0))
    >>> compiled = compile_model(model, half_squared_error)
    >>> history = compiled.fit([[0.0, 1.0], [1.0, 3.0]], optimizer=SGD(model.parameters(), 0.5), epochs=100)
    >>> [round(p.data, 3) for p in model.parameters()]
    [2.0, 1.0]
    """
    import numpy as np

    from autograd_tiny.lowering.runners import as_floats

    samples = as_floats(samples, (None, compiled.n_columns), "the samples")
    rows = len(samples)
    size = rows if batch_size is None else as_whole(batch_size)
    if not rows or size is None or size < 1:
        raise ValueError(
            f"training needs at least one sample and one in a batch, got {rows} samples and batch_size={batch_size!r}"
        )
    if as_whole(epochs) is None or epochs < 0:
        raise ValueError(f"epochs is a whole number from 0 up, got {epochs!r}")
    if optimizer.parameters != compiled.model.parameters():
        raise ValueError("the optimizer was made for other parameters: make it with model.parameters()")
    order, rng = list(range(rows)), random_from(seed)
    history: list[float] = []
    theta: Any = compiled.parameter_vector()
    state: State = tuple([[np.array(getattr(optimizer, name))] for name in optimizer.state])
    try:
        for _ in _shown(range(epochs)) if progress else range(epochs):
            if seed is not None:
                rng.shuffle(order)
            shuffled = samples if seed is None else samples[np.array(order)]
            losses = []
            for start in range(0, rows, size):
                batch = shuffled[start : start + size]
                rate = optimizer.rate()
                (ahead,) = optimizer.ahead(rate, [theta], state)
                loss, gradient = compiled.value_and_grad(ahead, batch)
                with np.errstate(all="ignore"):
                    (moved,), after = optimizer.update(rate, [theta], [gradient], state, optimizer.steps + 1)
                _check_step(compiled, gradient, [theta, *chain(*state)], [moved, *chain(*after)])
                theta, state, optimizer.steps = moved, after, optimizer.steps + 1
                losses.append(loss * len(batch))
            history.append(sum(losses) / rows)
    finally:
        compiled.assign(theta)
        for name, (numbers,) in zip(optimizer.state, state):
            getattr(optimizer, name)[:] = numbers.tolist()
    return history


def _shown(epochs: range) -> Iterator[int]:
    from autograd_tiny.text.progress import progress

    return progress(epochs, "epochs")


def _check_step(compiled: Trained, gradient: Any, before: list[Any], after: list[Any]) -> None:
    """Refuse a step that overflows, as the optimizer does; nan in samples stays nan in history and parameters."""
    import numpy as np

    lost = np.isfinite([gradient, *before]).all(axis=0) & ~np.isfinite(after).all(axis=0)
    if lost.any():
        i = int(np.argmax(lost))
        raise OverflowError(
            f"{compiled.names[i]} cannot take the step of its gradient {float(gradient[i])!r}: "
            "a number is larger than any float; the parameters are as before this step"
        )
