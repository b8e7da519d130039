"""Write the fixtures of this directory: what mpmath and PyTorch say, so that the suite needs neither.

    python tests/oracles/make.py

`rows.json` holds every row of the table at points of its domain: the value, the first and the second derivatives.  They come
from mpmath, by differences of the value at 1500 digits and so without any formula for a derivative, rounded once to a
float.  At kinks, where no derivative exists, they come from PyTorch.

`pytorch.json` holds compositions from PyTorch in doubles: losses, a network, trajectories of optimizers.

Numbers are written as Python writes floats, so they are read back exactly; null stands for what no finite float holds.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

from autograd_tiny import TABLE
from autograd_tiny.primitives import Family, MultiPrimitive, Primitive

HERE = Path(__file__).parent
Point = tuple[float, ...]

PARAMETERS = {"power": (0, 1, 2, 3, -1, -2, 0.5, -0.5, 2.5), "leaky_relu": (0.01, 0.2)}

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
    "hypot": [(3.0, 4.0), (1e-200, 1e-200), (1e200, -1e200), (0.0, -1.0), (5.0, 1e-300), (1e-300, -5.0)],
    "atan2": [(1e-200, 1e-200), (1e200, -1e200), (-1.0, 0.0), (0.0, -1.0), (-1e-3, -1e3), (5.0, 1e-300)],
    "pow": [(0.999, 1000.0), (1.001, -1000.0), (1e-3, 0.1), (0.1, 1e-3), (1e100, 3.0), (1e-100, -3.0), (2.0, 0.5), (700.0, 0.9)],
    "where": [
        (1.0, 0.4, -2.3), (0.0, 0.4, -2.3), (-0.5, 1.7, 3.0), (0.0, 1.0, 1.0), (1e-300, 0.0, 5.0), (1e200, -1e150, 1e-150), (0.3, 1.7, 1.7),
    ],
    "dot": [
        (2.0, 3.0), (0.4, -2.3, 1.7, 0.6), (0.1, 0.2, 0.3, 0.4, 0.5, 0.6), (2.0, 3.0, -1.0), (0.4, -2.3, 1.7, 0.6, 5.0),
        (1e8, 1.0, 1e8, 1.0, 0.5), (1.0, 1.0, 1e-8, 1e8, 0.0),
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
    if name == "hypot":  # no derivative
        candidates.remove((0.0, 0.0))
    if name == "atan2":  # it jumps along the negative axis
        candidates = [(x, y) for x, y in candidates if x != 0.0 or y > 0.0]
    return [p for p in dict.fromkeys(candidates) if all(row.domain_of(i).contains(x) for i, x in enumerate(p))]


def is_kink(row: Primitive, point: Point) -> bool:
    """Whether the row has no derivative at the point, and chooses one."""
    if not row.kink:
        return False
    if row.name == "where":
        return point[0] == 0.0
    if len(point) == 1:
        return row.arity == 1 and point[0] == 0.0
    return point.count(point[0]) > 1 if row.arity == 2 else point.count(row.forward(*point)) > 1


def mpmath_rows(mp: Any) -> dict[str, Callable[..., Any]]:
    """Row name to a function of the operands; that of a family takes the constant first."""

    def truth(condition: bool) -> Any:
        return mp.mpf(1 if condition else 0)

    def sigmoid(x: Any) -> Any:
        return 1 / (1 + mp.exp(-x))

    def erfc(x: Any) -> Any:
        return mp.erfc(x) if abs(x) < 10**4 else mp.mpf(0 if x > 0 else 2)  # mpmath cannot; it differs by exp(-10 ** 8)

    def dot(*operands: Any) -> Any:
        n = len(operands) // 2
        return sum((w * x for w, x in zip(operands, operands[n : 2 * n])), sum(operands[2 * n :], mp.mpf(0)))

    return {
        "add": lambda x, y: x + y,
        "sub": lambda x, y: x - y,
        "neg": lambda x: -x,
        "mul": lambda x, y: x * y,
        "div": lambda x, y: x / y,
        "power": lambda k, x: mp.power(x, k),
        "pow": mp.power,
        "exp": mp.exp,
        "expm1": lambda x: mp.exp(x) - 1,
        "log": mp.log,
        "log1p": lambda x: mp.log(1 + x),
        "sqrt": mp.sqrt,
        "sin": mp.sin,
        "cos": mp.cos,
        "tan": mp.tan,
        "asin": mp.asin,
        "acos": mp.acos,
        "atan": mp.atan,
        "hypot": lambda x, y: mp.sqrt(x * x + y * y),
        "atan2": mp.atan2,
        "sinh": mp.sinh,
        "cosh": mp.cosh,
        "tanh": mp.tanh,
        "erf": lambda x: mp.erf(x) if abs(x) < 10**4 else mp.sign(x),
        "erfc": erfc,
        "sign": mp.sign,
        "step": lambda x: truth(x > 0),
        "less": lambda x, y: truth(x < y),
        "greater": lambda x, y: truth(x > y),
        "equal": lambda x, y: truth(x == y),
        "where": lambda condition, x, y: x if condition else y,
        "minimum": lambda *xs: min(xs),
        "maximum": lambda *xs: max(xs),
        "abs": abs,
        "sigmoid": sigmoid,
        "relu": lambda x: max(x, mp.mpf(0)),
        "leaky_relu": lambda slope, x: x if x > 0 else slope * x,
        "softplus": lambda x: mp.log(1 + mp.exp(x)),
        "silu": lambda x: x * sigmoid(x),
        "gelu": lambda x: x * erfc(-x / mp.sqrt(2)) / 2,
        "total": lambda *xs: sum(xs),
        "mean": lambda *xs: sum(xs) / len(xs),
        "dot": dot,
        "logsumexp": lambda *xs: mp.log(sum(mp.exp(x) for x in xs)),
        "softmax": lambda index, *xs: mp.exp(xs[index]) / sum(mp.exp(x) for x in xs),
    }


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
    """Value, first and second derivatives by central differences, whose steps lie sixty digits below the operands."""
    from mpmath import mp, mpf

    mp.dps = 1500
    exact = [mpf(x) for x in point]
    steps = [min(abs(x), 1) * mpf(10) ** -60 if x else mpf(10) ** -400 for x in exact]
    known: dict[tuple[int, ...], Any] = {}

    def at(*moves: tuple[int, int]) -> Any:
        shift = [0] * len(exact)
        for place, direction in moves:
            shift[place] += direction
        key = tuple(shift)
        if key not in known:
            known[key] = function(*[x + s * h for x, s, h in zip(exact, shift, steps)])
        return known[key]

    places = range(len(point))

    def second_difference(i: int, j: int) -> Any:
        return at((i, 1), (j, 1)) - at((i, 1), (j, -1)) - at((i, -1), (j, 1)) + at((i, -1), (j, -1))

    first = [(at((i, 1)) - at((i, -1))) / (2 * steps[i]) for i in places]
    second = [[second_difference(i, j) / (4 * steps[i] * steps[j]) for j in places] for i in places]
    return {"value": to_float(at()), "first": [to_float(d) for d in first], "second": [[to_float(d) for d in row] for row in second]}


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
    import mpmath
    from in_torch import torch_function

    in_mpmath = mpmath_rows(mpmath.mp)
    for name in TABLE:
        if name not in in_mpmath:
            raise SystemExit(f"the row {name} is new: write it into mpmath_rows in tests/oracles/make.py")
        for parameter, row in members(name):
            exact = in_mpmath[name] if parameter is None else partial(in_mpmath[name], parameter)
            for point in points_of(name, row):
                kink = is_kink(row, point)
                numbers = from_torch(torch_function(name, parameter, len(point)), point) if kink else from_mpmath(exact, point)
                if numbers["value"] is None or None in numbers["first"]:
                    continue
                yield {"row": name, "parameter": parameter, "oracle": "torch" if kink else "mpmath", "at": point, **numbers}


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
    write("rows.json", {"rows": list(rows())})
    write("pytorch.json", {"losses": list(losses()), "networks": [network()], "trajectories": list(trajectories())})


if __name__ == "__main__":
    main()
