"""Mistaken rules: the wrong derivatives that people write for a row of the table, each with where it was seen.

They are rules like the row's own, run on floats and on Expressions, and `check_primitive` holds them to what they are:
wrong, and each another one.  `marking` looks for them behind numbers that are wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from autograd_tiny.engine.floats import SQRT_HALF
from autograd_tiny.engine.row import MistakenRule, Primitive
from autograd_tiny.engine.table import cos, erfc, exp, log, power, sigmoid, sin, step
from autograd_tiny.symbols.expansion import row_name

GITHUB = "https://github.com/"
TRAPS = (
    "https://www.fatskills.com/ap-calculus/chapter/"
    "ap-calculus-derivatives-of-exponential-and-logarithmic-functions-ex-ln-x-ax-log-a-x"
)
LESSON = "https://public-textbooks.pages.dev/grades/12/math/calc-intro/common-mistakes.html"
LIST = "https://derivativecalculus.com/common-derivative-mistakes.html"
EXCHANGED = "https://ibacana.com.br/reports/derivatives-of-e-and-ln-most-students-mix-up-127072"
TO_LN = "https://www.thestudentroom.co.uk/showthread.php?t=4996812"
TOLD = "told by teachers; no print of it is known here"


def _entry_by_entry(outputs: Sequence[Any], index: int, *xs: Any) -> Sequence[Any]:
    return [p * (1.0 - p) if j == index else 0.0 for j, p in enumerate(outputs)]


def _sign_lost_beside(outputs: Sequence[Any], index: int, *xs: Any) -> Sequence[Any]:
    p = outputs[index]
    return [p * (1.0 - p) if j == index else p * q for j, q in enumerate(outputs)]


def _of_power(row: Primitive) -> tuple[MistakenRule, ...]:
    k = row.parameter
    if k is None or k in (0.0, 1.0):
        return ()
    kept = MistakenRule("the exponent is not brought down", lambda out, x: (power(x, k - 1.0),), TOLD)
    same = MistakenRule("the exponent is not lowered", lambda out, x: (k * out,), LIST)
    integrated = MistakenRule("it is integrated, to ln x", lambda out, x: (log(x),), TO_LN)
    return (kept, same, integrated) if k == -1.0 else (kept, same)


Rules = tuple[MistakenRule, ...]
MISTAKEN: Mapping[str, Rules | Callable[[Primitive], Rules]] = MappingProxyType(
    {
        "div": (
            MistakenRule("the sign of the quotient rule is lost", lambda out, x, y: (1.0 / y, out / y), LESSON),
            MistakenRule("1/y is integrated, to ln y", lambda out, x, y: (1.0 / y, x * log(y)), TO_LN),
            MistakenRule("it is not divided by y²", lambda out, x, y: (y, -x), GITHUB + "MikeInnes/diff-zoo/issues/15"),
        ),
        "power": _of_power,
        "exp": (
            MistakenRule("the rule of powers is applied", lambda out, x: (x * exp(x - 1.0),), TRAPS),
            MistakenRule(
                "its operand is taken for it", lambda out, x: (x,), GITHUB + "karpathy/nn-zero-to-hero/issues/52"
            ),
            MistakenRule("it is taken for ln", lambda out, x: (1.0 / x,), EXCHANGED),
        ),
        "log": (
            MistakenRule("it is taken for the decadic logarithm", lambda out, x: (1.0 / (math.log(10.0) * x),), TRAPS),
            MistakenRule("it is taken for exp", lambda out, x: (exp(x),), EXCHANGED),
        ),
        "sqrt": (
            MistakenRule("the factor ½ is lost", lambda out, x: (1.0 / out,), TOLD),
            MistakenRule(
                "the rule of the square is applied", lambda out, x: (2.0 * x,), GITHUB + "tensorflow/swift/issues/161"
            ),
        ),
        "sin": (MistakenRule("the sign of the cosine's derivative is taken", lambda out, x: (-cos(x),), LIST),),
        "cos": (MistakenRule("the sign is lost", lambda out, x: (sin(x),), LIST),),
        "tan": (
            MistakenRule(
                "it is taken for tanh",
                lambda out, x: (1.0 - out**2,),
                GITHUB + "gy910210/neural-network-from-scratch/issues/2",
            ),
        ),
        "abs": (
            MistakenRule("it is 1 on both sides", lambda out, x: (1.0,), GITHUB + "chalk-lab/Mooncake.jl/issues/1195"),
        ),
        "maximum": (MistakenRule("it is 1 for every operand", lambda out, *xs: [1.0] * len(xs), TOLD),),
        "minimum": (MistakenRule("it is 1 for every operand", lambda out, *xs: [1.0] * len(xs), TOLD),),
        "mean": (
            MistakenRule(
                "it is not divided by the count",
                lambda out, *xs: [1.0] * len(xs),
                GITHUB + "davisking/dlib/issues/1169",
            ),
        ),
        "sigmoid": (
            MistakenRule("the sigmoid itself is taken", lambda out, x: (out,), TOLD),
            MistakenRule("the factor σ is left out", lambda out, x: (1.0 - out,), TOLD),
            MistakenRule("the rule of tanh is applied", lambda out, x: (1.0 - out**2,), TOLD),
        ),
        "tanh": (
            MistakenRule("the square is forgotten", lambda out, x: (1.0 - out,), TOLD),
            MistakenRule(
                "the rule of tan is applied", lambda out, x: (1.0 + out**2,), GITHUB + "nicodjimenez/lstm/issues/41"
            ),
            MistakenRule(
                "the 1 is lost", lambda out, x: (-(out**2),), GITHUB + "scutan90/DeepLearning-500-questions/issues/544"
            ),
            MistakenRule("the rule of the sigmoid is applied", lambda out, x: (out * (1.0 - out),), TOLD),
            MistakenRule(
                "the rule of arctan is applied",
                lambda out, x: (1.0 / (1.0 + x * x),),
                GITHUB + "neowsl/rust-ml/issues/3",
            ),
        ),
        "relu": (
            MistakenRule(
                "the rule of the sigmoid is applied",
                lambda out, x: (sigmoid(x) * (1.0 - sigmoid(x)),),
                GITHUB + "jeffheaton/encog-dotnet-core/issues/124",
            ),
            MistakenRule(
                "the rule of the sigmoid is applied to the output",
                lambda out, x: (out * (1.0 - out),),
                GITHUB + "jeffheaton/encog-dotnet-core/issues/124",
            ),
        ),
        "leaky_relu": (
            MistakenRule(
                "the slope below 0 is forgotten",
                lambda out, x: (step(x),),
                GITHUB + "scientific-computing/FKB/issues/15",
            ),
        ),
        "softplus": (
            MistakenRule(
                "the sigmoid is taken at the output", lambda out, x: (sigmoid(out),), GITHUB + "zserge/nanonn/issues/4"
            ),
            MistakenRule(
                "the rule of ReLU is applied", lambda out, x: (step(x),), GITHUB + "PaddlePaddle/Paddle/pull/18678"
            ),
        ),
        "silu": (MistakenRule("the product rule is forgotten", lambda out, x: (sigmoid(x),), TOLD),),
        "gelu": (MistakenRule("the product rule is forgotten", lambda out, x: (0.5 * erfc(-x * SQRT_HALF),), TOLD),),
        "logsumexp": (MistakenRule("the sum below is left out", lambda out, *xs: [exp(x) for x in xs], TOLD),),
        "softmax": (
            MistakenRule("it is treated entry by entry", _entry_by_entry, GITHUB + "deeplearning4j/libnd4j/issues/440"),
            MistakenRule("the sign beside the diagonal is lost", _sign_lost_beside, TOLD),
        ),
    }
)
"""By the row's name; of a family whose rules depend on its constant, a function of the member."""


def mistaken_rules(row: Primitive) -> tuple[MistakenRule, ...]:
    """The wrong derivatives that are known of a row: those that it brings itself, or else those of the table.

    Args:
        row: an operation; of a family one member, of an operation with several outputs one of these.

    >>> from autograd_tiny.engine.table import tanh
    >>> [mistaken.what for mistaken in mistaken_rules(tanh)][:2]
    ['the square is forgotten', 'the rule of tan is applied']
    """
    if row.mistaken:
        return row.mistaken
    known = MISTAKEN.get(row_name(row), ())
    return known(row) if callable(known) else known
