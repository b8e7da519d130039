"""Keywords that people bring along from other libraries, and what they are called here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import Any, TypeVar

from autograd_tiny.text.words import foreign_word

CallableT = TypeVar("CallableT", bound=Callable[..., Any])

VAR_KEYWORDS = 8
"""What ``inspect.CO_VARKEYWORDS`` is: the function has ``**kwargs``.  Importing `inspect` takes long."""

KEYWORDS: Mapping[str, str] = MappingProxyType(
    {
        "lr": "learning_rate",
        "eps": "epsilon",
        "alpha": "rho, the share of the mean that is kept",
        "params": "parameters",
        "beta1": "betas=(beta1, beta2)",
        "beta_1": "betas=(beta1, beta2)",
        "beta2": "betas=(beta1, beta2)",
        "beta_2": "betas=(beta1, beta2)",
    }
)
"""Keyword arguments of optimizers: PyTorch's, Keras's, Optax's."""


NAMES: Mapping[str, str] = MappingProxyType(
    {
        "sgd": "SGD",
        "adam": "Adam",
        "adamw": "AdamW",
        "rmsprop": "RMSprop",
        "adagrad": "Adagrad",
        "lr_scheduler": "a function of the step number: step_decay, linear_decay, cosine_decay, with_warmup",
    }
)
"""Names in ``torch.optim`` and ``optax``."""


def knowing_keywords(function: CallableT) -> CallableT:
    """A function of Python, which says of a keyword of `KEYWORDS` that it does not have what it is called here.

    >>> @knowing_keywords
    ... def step(learning_rate=0.1): ...
    >>> step(lr=0.5)
    Traceback (most recent call last):
    TypeError: step has no argument 'lr'; here that is learning_rate
    """
    code = function.__code__
    has_all = code.co_flags & VAR_KEYWORDS
    foreign = frozenset() if has_all else KEYWORDS.keys() - set(code.co_varnames)

    @wraps(function)
    def knowing(*args: Any, **kwargs: Any) -> Any:
        for word in kwargs:
            if word in foreign:
                name = function.__qualname__.removesuffix(".__init__")
                raise TypeError(foreign_word(KEYWORDS, f"{name} has no argument", word))
        return function(*args, **kwargs)

    return knowing  # type: ignore[return-value]
