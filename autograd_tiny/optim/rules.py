"""The rules: gradient descent with its momenta, RMSprop, Adagrad, Adam, AdamW; pure functions in plain arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autograd_tiny.engine.table import sqrt
from autograd_tiny.engine.value import Value
from autograd_tiny.optim import checks
from autograd_tiny.optim.checks import Schedule
from autograd_tiny.optim.optimizer import Numbers, Optimizer, State

VELOCITIES: Mapping[str, Callable[[Any, float], tuple[Any, Any]]] = {
    "sum": lambda rate, momentum: (1.0, -rate),
    "mean": lambda rate, momentum: (1.0 - momentum, -rate),
    "step": lambda rate, momentum: (-rate, 1.0),
    "descent": lambda rate, momentum: (rate, -1.0),
}
"""The conventions of momentum: the factor of the gradient in the velocity, and that of the velocity in the step.

Sutskever, Martens, Dahl and Hinton (2013), On the importance of initialization and momentum in deep learning, write
"step", as Keras does; PyTorch "sum"; Polyak (1964) and surveys "descent"; courses that call it a moving average "mean".
"""


class SGD(Optimizer):
    """Gradient descent, with momentum, Nesterov's momentum and weight decay.

    Without options p ← p - rate · grad, and as PyTorch: v ← momentum · v + grad + weight_decay · p, then p ← p - rate ·
    v.

    Args:
        parameters: the Values to update.
        learning_rate: a number or a schedule.
        momentum: how much of the velocity is kept.
        weight_decay: the share of a parameter that is added to its gradient.
        velocity: what the velocity is, with η the rate and μ the momentum: ``"sum"``, v ← μv + g, p ← p - ηv;
            ``"mean"``, v ← μv + (1 - μ)g, p ← p - ηv; ``"step"``, v ← μv - ηg, p ← p + v; ``"descent"``, v ← μv + ηg, p
            ← p - v.
        nesterov: True for the step that a further step of the velocity would make, as PyTorch and Keras take it;
            ``"ahead"`` for the gradient taken ahead, where the velocity alone would lead, as Nesterov and Sutskever
            write it: call `look_ahead` before the loss is computed.
        decoupled: whether the decay stands beside the gradient, p ← p - rate · weight_decay · p, and not in it.

    >>> w = Value(1.0)
    >>> (w * w).backward()
    >>> SGD([w], learning_rate=0.25).step()
    >>> w.data
    0.5
    """

    state = ("velocities",)
    symbols = ("v",)
    velocities: list[float]

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float | Schedule,
        *,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        velocity: str = "sum",
        nesterov: bool | str = False,
        decoupled: bool = False,
    ) -> None:
        super().__init__(parameters, learning_rate)
        self.momentum, self.weight_decay = (
            checks.share(momentum, "a momentum"),
            checks.rate(weight_decay, "a weight decay"),
        )
        self.velocity, self.decoupled = checks.one_of(velocity, VELOCITIES, "velocity"), bool(decoupled)
        self.nesterov = (
            nesterov
            if isinstance(nesterov, bool)
            else checks.one_of(nesterov, ("ahead",), "nesterov, if not True or False,")
        )
        self.looks_ahead = nesterov == "ahead"

    def update(
        self, rate: Any, parameters: Numbers, gradients: Numbers, state: State, step: int
    ) -> tuple[Numbers, State]:
        """The step along the velocity."""
        momentum, decay, (velocities,) = self.momentum, self.weight_decay, state
        steps: Numbers
        if decay and not self.decoupled:
            gradients = [g + decay * p for g, p in zip(gradients, parameters)]
        if momentum:
            share, pace = VELOCITIES[self.velocity](rate, momentum)
            velocities = _moved([momentum * v for v in velocities], share, gradients)
            steps = (
                _moved([momentum * v for v in velocities], share, gradients) if self.nesterov is True else velocities
            )
        else:
            pace, steps, velocities = -rate, gradients, gradients
        return _moved(self._decayed(rate, parameters), pace, steps), (velocities,)

    def _decayed(self, rate: Any, parameters: Numbers) -> Numbers:
        decay = self.weight_decay if self.decoupled else 0.0
        return [p - rate * decay * p for p in parameters] if decay else parameters

    def ahead(self, rate: Any, parameters: Numbers, state: State) -> Numbers:
        """Where the gradient is taken: the parameters, or with ``nesterov="ahead"`` where the velocity alone leads."""
        if not (self.looks_ahead and self.momentum):
            return parameters
        pace = VELOCITIES[self.velocity](rate, self.momentum)[1]
        return _moved(parameters, pace, [self.momentum * v for v in state[0]])


class RMSprop(Optimizer):
    """Steps in units of the gradient's recent size.  Tieleman and Hinton (2012), Lecture 6.5; as in PyTorch.

    Args:
        parameters: the Values to update.
        learning_rate: a number or a schedule.
        rho: how much of the mean square is kept.
        epsilon: keeps the divisor from being 0.
        epsilon_inside: whether it is added under the root, as Keras does, and not to it.

    >>> w = Value(1.0)
    >>> (w * w).backward()
    >>> RMSprop([w], learning_rate=0.1, rho=0.75).step()
    >>> round(w.data, 6)
    0.8
    """

    state = ("squares",)
    symbols = ("s",)
    squares: list[float]

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float | Schedule = 0.01,
        *,
        rho: float = 0.99,
        epsilon: float = 1e-8,
        epsilon_inside: bool = False,
    ) -> None:
        super().__init__(parameters, learning_rate)
        self.rho, self.epsilon, self.epsilon_inside = (
            checks.share(rho, "rho"),
            checks.rate(epsilon, "epsilon"),
            bool(epsilon_inside),
        )

    def update(
        self, rate: Any, parameters: Numbers, gradients: Numbers, state: State, step: int
    ) -> tuple[Numbers, State]:
        """The step along the gradient, in units of its recent size."""
        rho, rest, (squares,) = self.rho, 1.0 - self.rho, state
        squares = [rho * s + rest * (g * g) for s, g in zip(squares, gradients)]
        sizes = _sizes(squares, self.epsilon, inside=self.epsilon_inside)
        return [p - rate * g / size for p, g, size in zip(parameters, gradients, sizes)], (squares,)


class Adagrad(Optimizer):
    """Steps in units of the size of all gradients so far.  Duchi, Hazan and Singer (2011); as in PyTorch.

    Args:
        parameters: the Values to update.
        learning_rate: a number or a schedule.
        epsilon: keeps the divisor from being 0.
        epsilon_inside: whether it is added under the root, and not to it.

    >>> w = Value(1.0)
    >>> (w * w).backward()
    >>> Adagrad([w], learning_rate=0.25).step()
    >>> round(w.data, 6)
    0.75
    """

    state = ("squares",)
    symbols = ("G",)
    squares: list[float]

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float | Schedule = 0.01,
        *,
        epsilon: float = 1e-10,
        epsilon_inside: bool = False,
    ) -> None:
        super().__init__(parameters, learning_rate)
        self.epsilon, self.epsilon_inside = checks.rate(epsilon, "epsilon"), bool(epsilon_inside)

    def update(
        self, rate: Any, parameters: Numbers, gradients: Numbers, state: State, step: int
    ) -> tuple[Numbers, State]:
        """The step along the gradient, in units of the size of all so far."""
        squares = [s + g * g for s, g in zip(state[0], gradients)]
        sizes = _sizes(squares, self.epsilon, inside=self.epsilon_inside)
        return [p - rate * g / size for p, g, size in zip(parameters, gradients, sizes)], (squares,)


class Adam(Optimizer):
    """Adaptive moments.  Kingma and Ba (2015), Adam: a method for stochastic optimization, algorithm 1; as in PyTorch.

    Args:
        parameters: the Values to update.
        learning_rate: a number or a schedule.
        betas: how much of the mean gradient, and of the mean square, is kept.
        epsilon: keeps the divisor from being 0.
        weight_decay: the share of a parameter that is added to its gradient.
        decoupled: whether the decay stands beside the gradient, p ← p - rate · weight_decay · p, and not in it, as in
            `AdamW`.
        bias_correction: whether the means, which start from 0, are divided by what their weights have reached.
        epsilon_inside: whether epsilon is added under the root, and not to it.

    >>> w = Value(1.0)
    >>> (w * w).backward()
    >>> Adam([w], learning_rate=0.1).step()
    >>> round(w.data, 6)
    0.9
    """

    state = ("means", "squares")
    symbols = ("m", "v")
    means: list[float]
    squares: list[float]

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float | Schedule = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        bias_correction: bool = True,
        epsilon_inside: bool = False,
    ) -> None:
        super().__init__(parameters, learning_rate)
        if not hasattr(betas, "__getitem__") or hasattr(betas, "keys") or len(betas) != 2:  # a set has no order
            raise TypeError(f"betas are two numbers, as (0.9, 0.999), got {betas!r}")
        self.betas = checks.share(betas[0], "the first beta"), checks.share(betas[1], "the second beta")
        self.epsilon, self.weight_decay = checks.rate(epsilon, "epsilon"), checks.rate(weight_decay, "a weight decay")
        self.decoupled, self.bias_correction, self.epsilon_inside = (
            bool(decoupled),
            bool(bias_correction),
            bool(epsilon_inside),
        )

    def update(
        self, rate: Any, parameters: Numbers, gradients: Numbers, state: State, step: int
    ) -> tuple[Numbers, State]:
        """The step along the mean gradient, in units of its size."""
        (beta1, beta2), (means, squares), decay = self.betas, state, self.weight_decay
        rest1, rest2 = 1.0 - beta1, 1.0 - beta2
        if decay and not self.decoupled:
            gradients = [g + decay * p for g, p in zip(gradients, parameters)]
        means = [beta1 * m + rest1 * g for m, g in zip(means, gradients)]
        squares = [beta2 * s + rest2 * (g * g) for s, g in zip(squares, gradients)]
        inner = self.inner((means, squares), step)
        directions, sizes = (
            inner.get("mhat", means),
            _sizes(inner.get("vhat", squares), self.epsilon, inside=self.epsilon_inside),
        )
        if decay and self.decoupled:
            parameters = [p - rate * decay * p for p in parameters]
        return [p - rate * m / size for p, m, size in zip(parameters, directions, sizes)], (means, squares)

    def inner(self, state: State, step: int) -> dict[str, Numbers]:
        """The means without their bias: both start from 0, and are divided by the sum of their weights, below 1."""
        if not self.bias_correction:
            return {}
        (means, squares), (reached1, reached2) = state, [1.0 - beta**step for beta in self.betas]
        return {"mhat": [m / reached1 for m in means], "vhat": [s / reached2 for s in squares]}


class AdamW(Adam):
    """Adam with decoupled weight decay.

    Loshchilov and Hutter (2019), Decoupled weight decay regularization; as in PyTorch.

    >>> w = Value(1.0)
    >>> (w * w).backward()
    >>> AdamW([w], learning_rate=0.1, weight_decay=0.5).step()
    >>> round(w.data, 6)
    0.85
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float | Schedule = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        bias_correction: bool = True,
        epsilon_inside: bool = False,
    ) -> None:
        super().__init__(
            parameters, learning_rate, betas=betas, epsilon=epsilon, weight_decay=weight_decay, decoupled=True,
            bias_correction=bias_correction, epsilon_inside=epsilon_inside,
        )  # fmt: skip


def _moved(numbers: Numbers, pace: Any, steps: Numbers) -> Numbers:
    """``p + pace * v`` for each of the numbers, as people write it: a negative pace as a difference, no factor of 1."""
    known = pace if pace.__class__ is float else None  # the pace may be a formula, which has no sign
    if known == 1.0:
        return [p + v for p, v in zip(numbers, steps)]
    if known == -1.0:
        return [p - v for p, v in zip(numbers, steps)]
    if known is not None and known >= 0.0:
        return [p + known * v for p, v in zip(numbers, steps)]
    down = -pace
    return [p - down * v for p, v in zip(numbers, steps)]


def _sizes(squares: Numbers, epsilon: float, *, inside: bool) -> Numbers:
    """The roots of mean squares, kept from being 0 by epsilon."""
    root = math.sqrt if squares[0].__class__ is float else _root
    return [root(s + epsilon) for s in squares] if inside else [root(s) + epsilon for s in squares]


def _root(x: Any) -> Any:
    """The square root of a Value, an Expression or all of an array, which takes 0.5 for its own square root."""
    return x**0.5 if hasattr(x, "__len__") else sqrt(x)
