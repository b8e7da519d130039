"""Random computations over the whole table, as plain data that anything with the table's functions can run.

A program has leaves and steps; every step applies one row to earlier nodes or to constants, so parts are shared, rows are
nested, and operands repeat.  While it is made it is run on floats, and a step that would leave a row's domain or grow
without bound gets guarded operands, ``sin(x)`` or ``x * x + 0.5``, instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations
from random import Random
from typing import Any, NamedTuple

from autograd_tiny import TABLE, Value
from autograd_tiny.engine.graph import topological_order
from autograd_tiny.engine.operators import float_form
from autograd_tiny.engine.row import Family, MultiPrimitive, Primitive

LARGEST = 100.0  # of a node and of a local derivative
PARAMETERS: dict[str, tuple[float, ...]] = {"power": (0, 1, 2, 3, -1, -2, 0.5, -0.5, 2.5), "leaky_relu": (0.01, 0.2)}
EXPONENTS = (2.0, 3.0, 4.0, -1.0, -2.0)  # whole: with these a base may be negative
CONSTANTS = (0.0, 1.0, 2.0, -1.0, 0.5, -0.25, 3.0)

Operand = int | float  # the number of a node, counted over leaves and steps; or a constant, always a float


class Step(NamedTuple):
    """A row of the table applied to operands; the parameter is the constant of a family or the number of an output."""

    name: str
    parameter: float | None
    operands: tuple[Operand, ...]

    @property
    def row(self) -> Primitive:
        entry: Any = TABLE[self.name]
        return entry if self.parameter is None else entry[self.parameter]

    def as_python(self, operands: Sequence[str]) -> str:
        """The step as Python, its operands as given."""
        function, n = f"TABLE[{self.name!r}]", len(operands) // 2
        if self.name == "dot":
            bias = "".join(f", {b}" for b in operands[2 * n :])
            return f"{function}([{', '.join(operands[:n])}], [{', '.join(operands[n : 2 * n])}]{bias})"
        call = f"({', '.join(operands)})"
        if isinstance(TABLE[self.name], MultiPrimitive):
            return f"{function}{call}[{self.parameter}]"
        return function + ("" if self.parameter is None else f"[{self.parameter!r}]") + call


class Program(NamedTuple):
    """Numbers for the leaves, and steps, of which the last gives the result."""

    leaves: tuple[float, ...]
    steps: tuple[Step, ...]

    def operands(self, step: Step, nodes: Sequence[Any]) -> tuple[Any, ...]:
        """The operands of a step, taken from the nodes computed so far."""
        return tuple([nodes[x] if isinstance(x, int) else x for x in step.operands])

    def run(self, leaves: Sequence[Any], apply: Callable[..., Any] | None = None) -> list[Any]:
        """All nodes, leaves first; ``apply(step, operands)`` computes one."""
        apply = apply or applying()
        nodes = list(leaves)
        for step in self.steps:
            nodes.append(apply(step, self.operands(step, nodes)))
        return nodes

    def __call__(self, *leaves: Any) -> Any:
        """The result on floats, Values or Expressions."""
        return self.run(leaves)[-1]

    def as_python(self) -> str:
        """Python that records the program and prints its value, its gradient, and the gradient of that one's sum."""
        first, last = len(self.leaves), len(self.leaves) + len(self.steps) - 1
        lines = ["from autograd_tiny import TABLE, Value, gradient, total", ""]
        lines += [f"x{k} = Value({x!r}, 'x{k}')" for k, x in enumerate(self.leaves)]
        for k, step in enumerate(self.steps, first):
            lines.append(f"x{k} = {step.as_python([f'x{x}' if isinstance(x, int) else repr(x) for x in step.operands])}")
        inputs = ", ".join(f"x{k}" for k in range(first))
        return "\n".join(lines) + f"""

slopes = gradient(x{last}, [{inputs}])
seconds = gradient(total(slopes), [{inputs}])
print("autograd_tiny", x{last}.data, [d.data for d in slopes], [d.data for d in seconds])
"""

    def margin(self) -> float:
        """How far the operands of the rows with kinks are from these; 0 at a kink."""
        nodes = self.run(self.leaves)
        return min((margin(step, self.operands(step, nodes)) for step in self.steps), default=math.inf)


def applying() -> Callable[[Step, tuple[Any, ...]], Any]:
    """The table's own functions, called as a user calls them; two steps for outputs of one softmax share it."""
    softmaxes: dict[tuple[str, tuple[int, ...]], tuple[tuple[Any, ...], tuple[Any, ...]]] = {}

    def apply(step: Step, operands: tuple[Any, ...]) -> Any:
        entry: Any = TABLE[step.name]
        if step.name == "dot":
            n = len(operands) // 2
            return entry(operands[:n], operands[n : 2 * n], *operands[2 * n :])
        if isinstance(entry, MultiPrimitive):
            key = step.name, tuple(map(id, operands))
            if key not in softmaxes:
                softmaxes[key] = operands, entry(*operands)  # kept together, so that no other operand gets the same id
            return softmaxes[key][1][step.parameter]
        return entry(*operands) if step.parameter is None else entry(*operands, step.parameter)

    return apply


def margin(step: Step, operands: Sequence[float]) -> float:
    """How far the operands of a step are from the nearest kink of its row, if it has a derivative there."""
    if not step.row.kink:
        return math.inf
    if step.row.arity == 1 or step.name == "where":
        return abs(operands[0])
    return min((abs(x - y) for x, y in combinations(operands, 2)), default=math.inf)


def random_program(rng: Random, *, most_steps: int = 12) -> Program:
    """A program whose every leaf lies in [-2, 2], whose nodes and local derivatives are at most `LARGEST`."""
    leaves = tuple([rng.randint(-200, 200) / 100 for _ in range(rng.randint(1, 3))])
    steps: list[Step] = []
    for _ in range(rng.randint(1, most_steps)):
        steps += _random_step(rng, Program(leaves, tuple(steps)))
    return _with_one_result(Program(leaves, tuple(steps)))


def _random_step(rng: Random, program: Program) -> list[Step]:
    """A step that can follow the program, with the steps that guard its operands."""
    name = rng.choice(list(TABLE))
    entry = TABLE[name]
    n_nodes = len(program.leaves) + len(program.steps)
    arity = (1 if isinstance(entry, Family) else getattr(entry, "arity", None)) or rng.randint(1, 4)
    arity = max(arity, 2) if name == "dot" else arity
    parameter = rng.choice(PARAMETERS[name]) if isinstance(entry, Family) else None
    if isinstance(entry, MultiPrimitive):
        parameter = rng.randrange(arity)
    chosen: list[Operand] = [rng.choice(CONSTANTS) if rng.random() < 0.15 else _random_node(rng, n_nodes) for _ in range(arity)]
    if name == "pow" and rng.random() < 0.5:
        chosen[1] = rng.choice(EXPONENTS)
    if all(isinstance(x, float) for x in chosen):
        chosen[0] = _random_node(rng, n_nodes)
    for guard in (_no_guard, _sine, _square_plus_half):
        before, operands = guard(chosen, n_nodes)
        steps = [*before, Step(name, parameter, operands)]
        if _is_tame(Program(program.leaves, (*program.steps, *steps)), len(steps)):
            return steps
    return []


def _random_node(rng: Random, n_nodes: int) -> int:
    """Any node, the latest more often, so that graphs grow deep."""
    return n_nodes - 1 - rng.randrange(min(n_nodes, 3)) if rng.random() < 0.5 else rng.randrange(n_nodes)


def _no_guard(operands: Sequence[Operand], n_nodes: int) -> tuple[list[Step], tuple[Operand, ...]]:
    return [], tuple(operands)


def _sine(operands: Sequence[Operand], n_nodes: int) -> tuple[list[Step], tuple[Operand, ...]]:
    steps = [Step("sin", None, (x,)) for x in operands if isinstance(x, int)]
    guarded = iter(range(n_nodes, n_nodes + len(steps)))
    return steps, tuple([next(guarded) if isinstance(x, int) else x for x in operands])


def _square_plus_half(operands: Sequence[Operand], n_nodes: int) -> tuple[list[Step], tuple[Operand, ...]]:
    steps: list[Step] = []
    result: list[Operand] = []
    for x in operands:
        if isinstance(x, int):
            steps += [Step("mul", None, (x, x)), Step("add", None, (n_nodes + len(steps), 0.5))]
            result.append(n_nodes + len(steps) - 1)
        else:
            result.append(x)
    return steps, tuple(result)


def _is_tame(program: Program, n_new: int) -> bool:
    """Whether the last steps are defined, and neither they nor their local derivatives are large."""
    old, new = program.steps[:-n_new], program.steps[-n_new:]
    try:
        nodes = Program(program.leaves, old).run(program.leaves)
        apply = applying()
        for step in new:
            operands = program.operands(step, nodes)
            out = apply(step, operands)
            if not _is_inside(step, operands):
                return False
            slopes = [d for x, d in zip(step.operands, float_form(step.row)(out, *operands)) if isinstance(x, int)]
            if not all(abs(x) <= LARGEST for x in (out, *slopes)):
                return False
            nodes.append(out)
    except (ArithmeticError, ValueError):
        return False
    return True


def _is_inside(step: Step, operands: Sequence[float]) -> bool:
    """Whether the operands lie in their domains; a base may be negative or 0 where its whole exponent stays as it is."""
    if step.name == "pow" and isinstance(step.operands[1], float) and operands[1].is_integer():
        return operands[0] != 0.0 or operands[1] > 2.0  # at 0 with two derivatives
    return all(step.row.domain_of(i).contains(x) for i, x in enumerate(operands))


def _with_one_result(program: Program) -> Program:
    """The program with one more step, the sum of all nodes that nothing uses, if there are several."""
    used = {x for step in program.steps for x in step.operands if isinstance(x, int)}
    unused = [k for k in range(len(program.leaves) + len(program.steps)) if k not in used]
    if len(unused) == 1 and program.steps:
        return program
    return program._replace(steps=(*program.steps, Step("total", None, tuple(unused))))


def recorded(program):
    leaves = [Value(x) for x in program.leaves]
    return leaves, program(*leaves)


def magnitudes(root, leaves):
    """The derivatives by the leaves with every path counted as positive: what their rounding errors are measured by."""
    sizes = {root: 1.0}
    for node in reversed(topological_order(root)):
        for x, d in zip(node.operands, node.local_derivatives):
            sizes[x] = sizes.get(x, 0.0) + abs(d) * sizes[node]
    return [sizes.get(x, 0.0) for x in leaves]


def assert_close(got, expected, sizes, tolerance=1e-12):
    for g, e, size in zip(got, expected, sizes, strict=True):
        assert abs(g - e) <= tolerance * (1.0 + size), (g, e)
