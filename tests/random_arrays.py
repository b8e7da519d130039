"""Random computations with vectors and matrices, to be run on Arrays or on the tensors of another library.

A program is drawn first, by shapes alone; so the same one runs on anything that has NumPy's operators.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple

from autograd_tiny import Array, array
from autograd_tiny.arrays.shapes import broadcast

SHAPES = [(2, 3), (3, 2), (3, 3), (1, 3), (2, 1), (3, 1), (3,), (2,), (1, 1), (1,)]


class Step(NamedTuple):
    """An operation by its name, on earlier results by their numbers, with a constant of its own."""

    name: str
    operands: tuple[int, ...]
    detail: Any = None


class Program(NamedTuple):
    """Leaves, steps, and the numbers of the results whose sums or means are added up."""

    leaves: list[list[Any]]
    steps: list[Step]
    ends: list[tuple[int, str]]
    labelled: set[int]


UNARY = ["tanh", "sigmoid", "relu", "square", "neg", "softplus", "sin", "half"]
BINARY = ["add", "sub", "mul", "safe_div"]


def random_program(rng: Random, most_steps: int = 8) -> Program:
    """A program; its results stay of moderate size."""
    shapes: list[Any] = [rng.choice(SHAPES) for _ in range(rng.randint(2, 4))]
    leaves = [_numbers(rng, shape) for shape in shapes]
    steps: list[Step] = []
    for _ in range(rng.randint(1, most_steps)):
        step, shape = _random_step(rng, shapes)
        steps.append(step)
        shapes.append(shape)
    unused = [k for k in range(len(leaves), len(shapes)) if not any(k in step.operands for step in steps)]
    ends = [(k, rng.choice(["sum", "mean", "squared"])) for k in (unused or [len(shapes) - 1])]
    labelled = {k for k in range(len(leaves), len(shapes)) if rng.random() < 0.6}
    return Program(leaves, steps, ends, labelled)


def _numbers(rng: Random, shape: tuple[int, ...]) -> list[Any]:
    if len(shape) == 1:
        return [rng.uniform(-1.5, 1.5) for _ in range(shape[0])]
    return [[rng.uniform(-1.5, 1.5) for _ in range(shape[1])] for _ in range(shape[0])]


def _random_step(rng: Random, shapes: Sequence[tuple[int, ...]]) -> tuple[Step, tuple[int, ...]]:
    while True:
        a, b = rng.randrange(len(shapes)), rng.randrange(len(shapes))
        p, q = shapes[a], shapes[b]
        kind = rng.choice(["unary", "binary", "binary", "matmul", "matmul", "T", "sum", "mean", "softmax", "logsumexp", "part", "entry"])
        if kind == "unary":
            return Step(rng.choice(UNARY), (a,)), p
        if kind == "binary" and (shape := broadcast(p, q)) is not None:
            return Step(rng.choice(BINARY), (a, b)), shape
        if kind == "matmul" and p[-1] == q[0] and (len(p) == 2 or len(q) == 2):
            return Step("matmul", (a, b)), p[:-1] + q[1:]
        if kind == "softmax":
            return Step("softmax", (a,)), p
        if len(p) == 2 and kind in ("T", "sum", "mean", "logsumexp", "part", "entry"):
            return _of_matrix(rng, kind, a, p)


def _of_matrix(rng: Random, kind: str, a: int, p: tuple[int, ...]) -> tuple[Step, tuple[int, ...]]:
    if kind == "T":
        return Step("T", (a,)), p[::-1]
    if kind in ("sum", "mean"):
        axis = rng.choice([0, 1])
        return Step(kind, (a,), axis), (p[1 - axis],)
    if kind == "logsumexp":
        return Step("logsumexp", (a,)), p[:1]
    i, j = rng.randrange(p[0]), rng.randrange(p[1])
    if kind == "entry":  # a single entry as a factor of its array
        return Step("entry", (a,), (i, j)), p
    key, shape = rng.choice([(i, p[1:]), ((slice(None), j), p[:1]), (slice(i, None), (p[0] - i, p[1]))])
    return Step("part", (a,), key), shape


OURS: dict[str, Callable[..., Any]] = {
    "tanh": lambda x, _: x.tanh(), "sigmoid": lambda x, _: x.sigmoid(), "relu": lambda x, _: x.relu(), "square": lambda x, _: x**2,
    "neg": lambda x, _: -x, "softplus": lambda x, _: x.softplus(), "sin": lambda x, _: x.sin(), "half": lambda x, _: 0.5 * x + 1.0,
    "add": lambda x, y, _: x + y, "sub": lambda x, y, _: x - y, "mul": lambda x, y, _: x * y, "safe_div": lambda x, y, _: x / (y**2 + 2.0),
    "matmul": lambda x, y, _: x @ y, "T": lambda x, _: x.T, "sum": lambda x, axis: x.sum(axis=axis),
    "mean": lambda x, axis: x.mean(axis=axis),
    "softmax": lambda x, _: x.softmax(), "logsumexp": lambda x, _: x.logsumexp(), "part": lambda x, key: x[key],
    "entry": lambda x, key: x[key] * x,
}  # fmt: skip
ENDS: dict[str, Callable[..., Any]] = {"sum": lambda x: x.sum(), "mean": lambda x: x.mean(), "squared": lambda x: (x**2).sum()}


def run(program: Program, leaves: Sequence[Any], operations: dict[str, Callable[..., Any]] = OURS) -> tuple[list[Any], Any]:
    """All results of a program, and the one number that they lead to."""
    results = list(leaves)
    for step in program.steps:
        results.append(operations[step.name](*[results[k] for k in step.operands], step.detail))
    loss = None
    for k, how in program.ends:
        term = ENDS[how](results[k])
        loss = term if loss is None else loss + 0.5 * term
    return results, loss


def recorded(program: Program) -> tuple[list[Array], Any]:
    """The leaves as Arrays, some of what is computed with a label, and the one number."""
    leaves = [array(numbers, f"P{k}") for k, numbers in enumerate(program.leaves)]
    results, loss = run(program, leaves)
    for k in program.labelled:
        if isinstance(results[k], Array):
            results[k].label = results[k].label or f"R{k}"
    loss.label = "L"
    return leaves, loss
