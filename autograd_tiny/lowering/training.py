"""Training on a flat array of parameters: the eager loop's numbers, without a Value in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from random import Random
from types import FunctionType
from typing import TYPE_CHECKING, Any

from autograd_tiny.engine.value import Value
from autograd_tiny.optim import Optimizer

if TYPE_CHECKING:
    from autograd_tiny.lowering.api import CompiledModel


def fit(
    compiled: CompiledModel,
    samples: Any,
    *,
    optimizer: Optimizer,
    epochs: int,
    batch_size: int | None = None,
    seed: int | None = None,
    progress: bool = False,
) -> list[float]:
    """Train a compiled model: for every epoch, a step of the optimizer on each batch.

    The numbers are those of the eager loop ``zero_grad``, ``mean`` of the losses, ``backward``, ``step``, up to rounding.
    The model's Values get theirs at the end, also if it ends by an exception; so does the state of the optimizer.

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
    size = rows if batch_size is None else batch_size
    if not rows or not isinstance(size, int) or size < 1:
        raise ValueError(f"training needs at least one sample and one in a batch, got {rows} samples and batch_size={batch_size!r}")
    if optimizer.parameters != compiled.model.parameters():
        raise ValueError("the optimizer was made for other parameters: make it with model.parameters()")
    order, rng = list(range(rows)), Random(seed)
    history: list[float] = []
    with _on_array(optimizer, compiled.parameter_vector()) as (theta, step):
        try:
            for _ in _shown(range(epochs)) if progress else range(epochs):
                if seed is not None:
                    rng.shuffle(order)
                shuffled = samples if seed is None else samples[np.array(order)]
                losses = []
                for start in range(0, rows, size):
                    batch = shuffled[start : start + size]
                    loss, gradient = compiled.value_and_grad(theta, batch)
                    step(gradient)
                    losses.append(loss * len(batch))
                history.append(sum(losses) / rows)
        finally:
            compiled.assign(theta)
    return history


def _shown(epochs: range) -> Iterator[int]:
    from autograd_tiny.text.progress import progress

    return progress(epochs, "epochs")


@contextmanager
def _on_array(optimizer: Optimizer, theta: Any) -> Iterator[tuple[Any, Any]]:
    """The optimizer's own update on all parameters at once: one "parameter" that holds an array.

    Every list with an entry per parameter is state, and becomes one array for the time being.
    """
    import numpy as np

    n = len(optimizer.parameters)
    flat = copy(optimizer)
    whole = Value(0.0)
    whole.data = theta
    flat.parameters = [whole]
    state = [name for name, x in vars(optimizer).items() if isinstance(x, list) and len(x) == n and name != "parameters"]
    for name in state:
        setattr(flat, name, [np.array(getattr(optimizer, name))])
    update = type(optimizer)._update
    # The same code with the math module's functions replaced by NumPy's, which take arrays.
    on_arrays = FunctionType(update.__code__, {**update.__globals__, "math": np}, update.__name__, update.__defaults__, update.__closure__)
    flat._update = lambda rate: on_arrays(flat, rate)  # type: ignore[method-assign]

    def step(gradient: Any) -> None:
        whole.grad = gradient
        flat.step()

    try:
        yield theta, step
    finally:
        optimizer.steps = flat.steps
        for name in state:
            getattr(optimizer, name)[:] = getattr(flat, name)[0].tolist()
