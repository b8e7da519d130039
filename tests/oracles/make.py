"""Write the fixtures of this directory: what mpmath and PyTorch say, so that the suite needs neither.

    python tests/oracles/make.py

`rows.json` holds every row of the table at points of its domain: the value, the first and the second derivatives.  They come
from mpmath, by differences of the value and so without any formula for a derivative, rounded once to a float.  At kinks,
where no derivative exists, they come from PyTorch.  The losses from logits, with their first derivatives, are from mpmath, too.

`pytorch.json` holds compositions from PyTorch in doubles: losses, a network, trajectories of optimizers, programs of arrays.

Numbers are written as Python writes floats, so they are read back exactly; null stands for what no finite float holds.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

from autograd_tiny import TABLE
from autograd_tiny.engine.row import Family, MultiPrimitive, Primitive

HERE = Path(__file__).parent
Point = tuple[float, ...]

ARRAY_PROGRAMS = 100
PARAMETERS = {"power": (0, 1, 2, 3, -1, -2, 0.5, -0.5, 2.5, 0.1), "leaky_relu": (0.01, 0.2)}

_SIZES = (0.0, 1e-300, 1e-8, 1e-3, 0.1, 0.5, 1.0, 1.7, 3.0, 5.5, 10.0, 20.0, 26.0, 37.0, 100.0, 700.0, 1e5, 1e15, 1e200)
REALS = sorted({sign * size for sign in (1.0, -1.0) for size in _SIZES})
PAIRS = [
    (-100.0, 3.0), (-2.3, 0.4), (-0.6, -0.6), (-0.001, 50.0), (0.0, 1.7), (0.4, 0.4), (0.4, -2.3), (1.0, 1e-8), (1.7, 0.0),
    (1.7, 1.7000001), (3.0, -100.0), (50.0, 0.3), (1e-8, 1.0), (1e-200, 1e-100), (1e150, -1e140), (0.0, 0.0),
]  # fmt: skip
LISTS = [
    (0.7,), (-2.3, 0.4), (1.7, 1.7), (0.4, -2.3, 1.7), (1.0, 1.0, 1.0), (2.0, 2.0, -1.0), (-1.0, 2.0, 2.0), (-3.0, -3.0, 5.0),
    (1e-8, -1e-8, 1.0), (0.1, 0.2, 0.3, -0.6), (30.0, -30.0, 0.5), (1e15, 1.0, -1e15), (0.0, 0.0), (-0.5, 0.5, 0.0, 3.0, -7.0),
]  # fmt: skip
LOGITS = [
    (1000.0, 0.0), (1000.0, 999.0), (-1000.0, -1001.0, -1000.5), (0.0, -40.0), (-0.69, -0.7), (300.0, -300.0, 299.5), (12345.678, 12345.5),
    (-43.1, -10.3, 166.7),
]  # fmt: skip
POINTS: dict[str, Sequence[Point]] = {
    "exp": [(709.7,), (-708.0,), (-740.0,)],
    "expm1": [(709.7,), (1e-16,), (-40.0,)],
    "log": [(0.999,), (1.001,), (1e308,), (5e-324,)],
    "log1p": [(-0.999,), (-0.5,), (1e-16,), (1e300,)],
    "sin": [(math.pi,), (math.pi / 2,), (1e22,)],
    "cos": [(math.pi,), (math.pi / 2,), (1e22,)],
    "tan": [(math.pi,), (math.pi / 2,), (1.57,)],
    "asin": [(0.99,), (-0.99,), (0.999999,), (-0.999999,)],
    "acos": [(0.99,), (-0.99,), (0.999999,), (-0.999999,)],
    "sinh": [(710.0,), (-710.0,)],
    "cosh": [(710.0,), (-710.0,)],
    "tanh": [(18.0,), (-18.0,), (400.0,)],
    "erf": [(5.8,), (-26.5,)],
    "erfc": [(26.5,), (-5.8,), (0.47,)],
    "sigmoid": [(-36.0,), (36.0,), (-745.0,), (-1000.0,), (1000.0,)],
    "softplus": [(-36.0,), (36.0,), (-745.0,), (-1000.0,), (1000.0,)],
    "silu": [(-1.2784645427610738,), (-745.0,), (-1000.0,), (1000.0,)],
    "gelu": [(-0.7517915246935645,), (-8.0,), (-36.0,), (8.0,)],
    "hypot": [(3.0, 4.0), (1e-200, 1e-200), (1e200, -1e200), (0.0, -1.0), (5.0, 1e-300), (1e-300, -5.0), (7e-319, 7e-319)],
    "atan2": [(-5e-324, 6.428533e-8), (1e-200, 1e-200), (1e200, -1e200), (-1.0, 0.0), (0.0, -1.0), (-1e-3, -1e3), (5.0, 1e-300)],
    "pow": [
        (0.999, 1000.0), (1.001, -1000.0), (1e-3, 0.1), (0.1, 1e-3), (1e100, 3.0), (1e-100, -3.0), (2.0, 0.5), (700.0, 0.9),
        (2.3e138, -0.0081),
    ],
    "div": [(4.8663253e-317, -6.13e-7)],
    "atan": [(-4.6e155,)],
    "where": [
        (1.0, 0.4, -2.3), (0.0, 0.4, -2.3), (-0.5, 1.7, 3.0), (0.0, 1.0, 1.0), (1e-300, 0.0, 5.0), (1e200, -1e150, 1e-150), (0.3, 1.7, 1.7),
    ],
    "dot": [
        (2.0, 3.0), (0.4, -2.3, 1.7, 0.6), (0.1, 0.2, 0.3, 0.4, 0.5, 0.6), (2.0, 3.0, -1.0), (0.4, -2.3, 1.7, 0.6, 5.0),
        (1e8, 1.0, 1e8, 1.0, 0.5), (0.1, 0.3, -0.7, 0.7, 0.3, 0.22857142), (1.0, 1.0, 1e-8, 1e8, 0.0),
    ],
    "logsumexp": LOGITS,
    "softmax": LOGITS,
}  # fmt: skip


def members(name: str) -> list[tuple[float | None, Primitive]]:
    """The rows that stand for one entry of the table, each with the constant that picks it."""
    entry = TABLE[name]
    if isinstance(entry, Family):
        return [(k, entry[k]) for k in PARAMETERS[name]]
    if isinstance(entry, MultiPrimitive):
        return [(i, entry[i]) for i in range(5)]
    return [(None, entry)]


def points_of(name: str, row: Primitive) -> list[Point]:
    """Points inside the domain of a row, tails and kinks included."""
    if name in ("where", "dot"):
        candidates: list[Point] = list(POINTS[name])
    else:
        spread = {1: [(x,) for x in REALS], 2: PAIRS, None: LISTS}[row.arity]
        candidates = [*spread, *POINTS.get(name, ())]
    if isinstance(row.family, MultiPrimitive):
        candidates = [p for p in candidates if row.parameter is not None and row.parameter < len(p)]
    candidates = [p for p in dict.fromkeys(candidates) if is_smooth(name, p)]
    return [p for p in candidates if all(row.domain_of(i).contains(x) for i, x in enumerate(p))]


def is_smooth(name: str, point: Point) -> bool:
    """Whether a row without kinks has a derivative at a point of its domain."""
    if name == "pow_log":
        return point[1] > 0.0
    if name == "hypot":
        return any(point)
    return name != "atan2" or point[0] != 0.0 or point[1] > 0.0  # it jumps along the negative axis


def is_kink(row: Primitive, point: Point) -> bool:
    """Whether the row has no derivative at the point, and chooses one."""
    if not row.kink:
        return False
    if row.name == "where":
        return point[0] == 0.0
    if len(point) == 1:
        return row.arity == 1 and point[0] == 0.0
    return point.count(point[0]) > 1 if row.arity == 2 else point.count(row.forward(*point)) > 1


def to_float(x: Any) -> float | None:
    """The nearest float; None where that is infinite, or where the number is complex: a difference across the edge of a domain."""
    if hasattr(x, "imag") and x.imag:
        return None
    try:
        result = float(x.real)
    except OverflowError:
        return None
    return result if math.isfinite(result) else None


def from_mpmath(function: Callable[..., Any], point: Point) -> dict[str, Any]:
    """Value, first and second derivatives, rounded once."""
    from in_mpmath import derivatives

    exact = derivatives(function, point)
    second = [[to_float(d) for d in row] for row in exact.second]
    return {"value": to_float(exact.value), "first": [to_float(d) for d in exact.first], "second": second}


def from_torch(function: Callable[..., Any], point: Point) -> dict[str, Any]:
    """Value, first and second derivatives as PyTorch defines them."""
    from in_torch import derivatives, import_torch

    torch = import_torch()
    operands = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point]
    out = function(*operands)
    first = derivatives(out, operands)
    second = [derivatives(d, operands) for d in first]
    return {"value": out.item(), "first": [d.item() for d in first], "second": [[d.item() for d in row] for row in second]}


def rows() -> Iterator[dict[str, Any]]:
    """One record per member of the table and point."""
    from in_mpmath import mpmath_function
    from in_torch import torch_function

    for name in TABLE:
        for parameter, row in members(name):
            for point in points_of(name, row):
                kink = is_kink(row, point)
                if kink:
                    numbers = from_torch(torch_function(name, parameter, len(point)), point)
                else:
                    numbers = from_mpmath(mpmath_function(name, parameter), point)
                if numbers["value"] is None or None in numbers["first"]:
                    continue
                yield {"row": name, "parameter": parameter, "oracle": "torch" if kink else "mpmath", "at": point, **numbers}


def losses_from_logits() -> Iterator[dict[str, Any]]:
    """The losses that take logits, from mpmath, where a careless formula overflows or loses all digits."""
    from in_mpmath import LOSSES, derivatives

    logits = [(0.3, -1.2, 2.5), (40.0, -40.0, 0.0), (1000.0, -1000.0, 999.5), (1e-300, -1e-300, 1e-20), (700.0, 36.5, -745.0), (-1e4, 1e4)]
    binary = [(z, [target] * len(z)) for z in logits for target in (0.0, 1.0, 0.25)]
    samples = {"binary_cross_entropy_from_logits": binary, "cross_entropy_from_logits": [(z, i) for z in logits for i in range(len(z))]}
    for name, z, target in [(name, *sample) for name, of_loss in samples.items() for sample in of_loss]:
        exact = derivatives(LOSSES[name](target), z, order=1)
        value, first = to_float(exact.value), [to_float(d) for d in exact.first]
        yield {"loss": name, "outputs": z, "target": target, "value": value, "derivatives": first}


def losses() -> Iterator[dict[str, Any]]:
    """Every loss with its derivatives by the outputs, ordinary samples and extreme ones."""
    from in_torch import derivatives, import_torch

    torch = import_torch()
    from torch.nn import functional

    def half_squared_error(o: Any, t: Any) -> Any:
        return 0.5 * functional.mse_loss(o, t, reduction="sum")

    def binary_cross_entropy(o: Any, t: Any) -> Any:
        return functional.binary_cross_entropy(o, t, reduction="sum")

    def binary_cross_entropy_from_logits(o: Any, t: Any) -> Any:
        return functional.binary_cross_entropy_with_logits(o, t, reduction="sum")

    def cross_entropy(o: Any, t: Any) -> Any:
        return functional.nll_loss(o.log(), t)

    def hinge(o: Any, t: Any) -> Any:
        return torch.relu(1.0 - t * o)

    vectors = [([0.3, -1.2, 2.5], [0.1, 0.4, -2.0]), ([1.0], [1.0]), ([1e-3, 1e3], [0.0, -1e3])]
    probabilities = [([0.25, 0.5, 0.9], [1.0, 0.0, 1.0]), ([0.999, 1e-6], [0.75, 0.2]), ([0.3], [0.0])]
    logits = [
        ([0.3, -1.2, 2.5], [1.0, 0.0, 0.25]), ([-40.0, 40.0], [0.0, 0.0]), ([1000.0, -1000.0, 0.0], [1.0, 0.0, 0.5]), ([700.0], [0.0]),
    ]  # fmt: skip
    scores = [[0.3, -1.2, 2.5], [1000.0, 0.0], [5.0, 5.0, 5.0, 5.0]]
    samples: dict[Callable[[Any, Any], Any], list[tuple[Any, Any]]] = {
        half_squared_error: vectors,
        functional.mse_loss: vectors,
        binary_cross_entropy: probabilities,
        binary_cross_entropy_from_logits: logits,
        cross_entropy: [([0.2, 0.5, 0.3], 1), ([1e-9, 1.0 - 1e-9], 0)],
        functional.cross_entropy: list(product(scores, (0, 1))),
        hinge: list(product((0.25, -2.0, 1.0, 3.0), (1.0, -1.0))),
    }
    names = {functional.mse_loss: "mean_squared_error", functional.cross_entropy: "cross_entropy_from_logits"}
    for loss, (outputs, target) in [(loss, sample) for loss, of_loss in samples.items() for sample in of_loss]:
        o = torch.tensor(outputs, dtype=torch.float64, requires_grad=True)
        t = torch.tensor(target) if isinstance(target, int) else torch.tensor(target, dtype=torch.float64)
        value = loss(o, t)
        (d,) = derivatives(value, [o])
        name = names.get(loss, loss.__name__)
        yield {"loss": name, "outputs": outputs, "target": target, "value": value.item(), "derivatives": d.tolist()}


def network() -> dict[str, Any]:
    """A 3-4-3-3 network with ReLU, sigmoid and softmax: outputs, cross-entropy of two samples, derivatives by all parameters."""
    from in_torch import import_torch

    torch = import_torch()
    rng = Random(3)

    def numbers(*shape: int) -> Any:
        return [numbers(*shape[1:]) for _ in range(shape[0])] if shape else round(rng.uniform(-1.0, 1.0), 3)

    shapes = [(3, 4, "relu"), (4, 3, "sigmoid"), (3, 3, "softmax")]
    layers = [{"weights": numbers(n, m), "biases": numbers(m), "activation": activation} for n, m, activation in shapes]
    samples = [{"inputs": numbers(3), "target": target} for target in (2, 0)]
    activations = {"relu": torch.relu, "sigmoid": torch.sigmoid, "softmax": lambda z: z.softmax(-1)}
    parameters = [
        tuple(torch.tensor(layer[part], dtype=torch.float64, requires_grad=True) for part in ("weights", "biases")) for layer in layers
    ]

    def forward(inputs: Sequence[float]) -> Any:
        h = torch.tensor(inputs, dtype=torch.float64)
        for layer, (weights, biases) in zip(layers, parameters):
            h = activations[layer["activation"]](h @ weights + biases)
        return h

    outputs = [forward(sample["inputs"]) for sample in samples]
    loss = sum(-o[sample["target"]].log() for o, sample in zip(outputs, samples)) / len(samples)
    loss.backward()
    for layer, (weights, biases) in zip(layers, parameters):
        layer.update(weight_derivatives=weights.grad.tolist(), bias_derivatives=biases.grad.tolist())
    for sample, o in zip(samples, outputs):
        sample["outputs"] = o.tolist()
    return {"layers": layers, "samples": samples, "loss": loss.item()}


def trajectories() -> Iterator[dict[str, Any]]:
    """Five steps of each optimizer on mean((tanh(w1 x1 + w2 x2 + b) - t)²)."""
    from in_torch import import_torch

    torch = import_torch()
    start = [0.5, -0.3, 0.1]
    samples = [[1.0, 2.0, 0.5], [-0.5, 0.3, -0.2], [0.7, -1.1, 0.9], [-1.5, -0.4, 0.0]]
    data = torch.tensor(samples, dtype=torch.float64)
    for name, options in (
        ("SGD", {"learning_rate": 0.5}),
        ("SGD", {"learning_rate": 0.2, "momentum": 0.9}),
        ("SGD", {"learning_rate": 0.2, "momentum": 0.9, "weight_decay": 0.05}),
        ("SGD", {"learning_rate": 0.3, "weight_decay": 0.1}),
        ("Adam", {"learning_rate": 0.1}),
        ("Adam", {"learning_rate": 0.05, "betas": [0.7, 0.9], "epsilon": 1e-3}),
    ):
        spelled = {"learning_rate": "lr", "epsilon": "eps"}
        parameters = torch.tensor(start, dtype=torch.float64, requires_grad=True)
        optimizer = getattr(torch.optim, name)([parameters], **{spelled.get(k, k): v for k, v in options.items()})
        steps = []
        for _ in range(5):
            optimizer.zero_grad()
            outputs = torch.tanh(data[:, 0] * parameters[0] + data[:, 1] * parameters[1] + parameters[2])
            loss = ((outputs - data[:, 2]) ** 2).mean()
            loss.backward()
            optimizer.step()
            steps.append({"loss": loss.item(), "parameters": parameters.tolist()})
        yield {"optimizer": name, "options": options, "start": start, "samples": samples, "steps": steps}


def array_programs() -> Iterator[dict[str, Any]]:
    """Programs of arrays, each by the seed that `random_arrays` makes it from."""
    sys.path.append(str(HERE.parent))
    from in_torch import array_gradients
    from random_arrays import random_program

    for seed in range(ARRAY_PROGRAMS):
        value, gradients = array_gradients(random_program(Random(seed)))
        yield {"seed": seed, "value": value, "gradients": gradients}


def write(name: str, sections: dict[str, list[Any]]) -> None:
    """A JSON file with one record per line, put in place whole or not at all."""
    lines = [
        json.dumps(section) + ": [\n  " + ",\n  ".join(json.dumps(record, allow_nan=False) for record in records) + "\n]"
        for section, records in sections.items()
    ]
    unfinished = HERE / f".{name}.{os.getpid()}"
    try:
        unfinished.write_text("{" + ",\n".join(lines) + "}\n", encoding="utf-8")
        unfinished.replace(HERE / name)
    finally:
        unfinished.unlink(missing_ok=True)
    print(f"{name}: {', '.join(f'{len(records)} {section}' for section, records in sections.items())}")


def main() -> None:
    """Write both files."""
    try:
        import mpmath  # noqa: F401
    except ImportError:
        raise SystemExit("the fixtures need mpmath: pip install mpmath") from None
    from in_torch import import_torch

    import_torch()
    write("rows.json", {"rows": list(rows()), "losses": list(losses_from_logits())})
    sections = {"losses": list(losses()), "networks": [network()], "trajectories": list(trajectories())}
    write("pytorch.json", sections | {"arrays": list(array_programs())})


if __name__ == "__main__":
    main()
