"""Random computations against live PyTorch, for as long as you like; not part of the suite.

    python tests/fuzz.py --minutes 5 [--seed 0]

Compares the value, the gradient and the gradient of the gradient's sum, all in doubles.  A disagreement beyond rounding is
made as simple as possible and printed as a program to run; the exit status is then 1.

With each graph of scalars comes a program of arrays, as many as ``--programs`` says: its gradients are compared, too, and each formula
of them in matrix form, worked out on numbers by NumPy, with the gradients of the scalars.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import numpy
import random_arrays
from matrix_formulas import largest_difference
from oracles.in_torch import array_gradients, derivatives, import_torch, torch_function, torch_text
from random_graphs import Operand, Program, Step, margin, random_program

from autograd_tiny import TABLE, Value, gradient, total
from autograd_tiny.engine.graph import topological_order

TOLERANCE = 1e-14  # of the size of all paths from any node to the result; the largest seen is 1e-16
NEAR_A_KINK = 1e-9
OF_ARRAYS = 1e-10  # of the largest entry of an array, or of 1: what the matrix form is held to


def disagreement(program: Program) -> str:
    """What differs between the engine and PyTorch; empty if nothing does.

    Near a kink rounding may decide the side, so nothing is compared there; exactly at a kink of both it is.

    Raises:
        ArithmeticError: where the engine refuses the computation.
    """
    torch = import_torch()
    leaves = [Value(x) for x in program.leaves]
    tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in program.leaves]
    nodes, in_torch = program.run(leaves), program.run(tensors, _apply_in_torch)
    if any(_is_near_kink(step, program, nodes, in_torch) for step in program.steps):
        return ""
    results, expected = nodes[-1:], in_torch[-1:]
    for level in ("value", "gradient", "gradient of the gradient's sum"):
        if level != "value":
            results, expected = gradient(total(results), leaves), derivatives(sum(expected), tensors)
        bound = TOLERANCE * _size_of_paths(total(results))
        for got, want in zip(results, expected):
            # PyTorch multiplies a derivative of 0 by infinity at times; the engine leaves zeros out.
            if math.isfinite(want.item()) and not abs(got.data - want.item()) <= bound:
                return f"{level}: {[x.data for x in results]}, PyTorch: {[x.item() for x in expected]}"
    return ""


def _apply_in_torch(step: Step, operands: tuple[Any, ...]) -> Any:
    torch = import_torch()
    tensors = [x if isinstance(x, torch.Tensor) else torch.tensor(x, dtype=torch.float64) for x in operands]
    return torch_function(step.name, step.parameter, len(operands))(*tensors)


def _is_near_kink(step: Step, program: Program, nodes: list[Any], in_torch: list[Any]) -> bool:
    ours = margin(step, [getattr(x, "data", x) for x in program.operands(step, nodes)])
    theirs = margin(step, [x if isinstance(x, float) else x.item() for x in program.operands(step, in_torch)])
    return min(ours, theirs) < NEAR_A_KINK and not ours == theirs == 0.0


def _size_of_paths(root: Value) -> float:
    """The sum over all nodes of their size times their derivative, every path counted as positive: how far rounding may go."""
    derivatives = {root: 1.0}
    for node in reversed(topological_order(root)):
        for x, d in zip(node.operands, node.local_derivatives):
            size = 0.0 if math.isnan(d) else abs(d)  # there is none by the constant exponent of a negative base
            derivatives[x] = derivatives.get(x, 0.0) + size * derivatives[node]
    return 1.0 + sum((1.0 + abs(node.data)) * d for node, d in derivatives.items())


def disagreement_of_arrays(seed: int) -> str:
    """What differs of a program of arrays between the engine and PyTorch, or between its formulas in matrix form and the scalars."""
    program = random_arrays.random_program(Random(seed))
    leaves, loss = random_arrays.recorded(program)
    value, expected = array_gradients(program)
    if not math.isclose(loss.data, value, rel_tol=OF_ARRAYS, abs_tol=OF_ARRAYS):
        return f"value {loss.data}, PyTorch: {value}"
    loss.backward()
    for leaf, slopes in zip(leaves, expected):
        ours, theirs = numpy.array(leaf.grad), numpy.array(slopes)
        if numpy.abs(ours - theirs).max() > OF_ARRAYS * max(1.0, numpy.abs(theirs).max()):
            return f"gradient by {leaf.label}: {leaf.grad}, PyTorch: {slopes}"
    difference = largest_difference(loss, leaves)
    return f"a formula in matrix form is off by {difference}" if difference > OF_ARRAYS else ""


def shrink(program: Program, fails: Callable[[Program], bool]) -> Program:
    """A simpler program that still fails, found by trying `simpler` ones until none fails."""
    while True:
        for candidate in simpler(program):
            if fails(candidate):
                program = candidate
                break
        else:
            return program


def simpler(program: Program) -> Iterator[Program]:
    """Programs that end earlier, lack a step, have fewer operands, or rounder numbers; every one is smaller in one of these."""
    steps = program.steps
    for k in range(len(steps) - 1):
        yield _trimmed(program._replace(steps=steps[: k + 1]))
    for k in range(len(steps) if len(steps) > 1 else 0):
        for x in dict.fromkeys(steps[k].operands):
            if isinstance(x, int) or k + 1 < len(steps):
                yield _trimmed(_without_step(program, k, x))
    for k, step in enumerate(steps):
        if step.row.arity is None and step.parameter is None and step.name != "dot" and len(step.operands) > 1:
            for i in range(len(step.operands)):
                fewer = step._replace(operands=step.operands[:i] + step.operands[i + 1 :])
                yield _trimmed(program._replace(steps=(*steps[:k], fewer, *steps[k + 1 :])))
    for k, x in enumerate(program.leaves):
        for rounder in (1.0, float(round(x)), round(x, 1)):
            if len(repr(abs(rounder))) < len(repr(abs(x))) or (rounder == 1.0 and x != 1.0 and x == round(x)):
                yield program._replace(leaves=(*program.leaves[:k], rounder, *program.leaves[k + 1 :]))


def _without_step(program: Program, k: int, instead: Operand) -> Program:
    """Step ``k`` taken out, its users given one of its operands."""
    gone = len(program.leaves) + k

    def moved(x: Operand) -> Operand:
        if isinstance(x, float) or x < gone:
            return x
        return instead if x == gone else x - 1

    steps = [step._replace(operands=tuple(map(moved, step.operands))) for i, step in enumerate(program.steps) if i != k]
    return program._replace(steps=tuple(steps))


def _trimmed(program: Program) -> Program:
    """Without the leaves and steps that the result does not need."""
    first = len(program.leaves)
    needed = {first + len(program.steps) - 1}
    for k in reversed(range(first, first + len(program.steps))):
        if k in needed:
            needed.update(x for x in program.steps[k - first].operands if isinstance(x, int))
    place = {k: i for i, k in enumerate(sorted(needed))}
    steps = [
        step._replace(operands=tuple([place[x] if isinstance(x, int) else x for x in step.operands]))
        for k, step in enumerate(program.steps, first)
        if k in needed
    ]
    return Program(tuple([x for k, x in enumerate(program.leaves) if k in needed]), tuple(steps))


def as_python(program: Program) -> str:
    """The program as Python that runs it in the engine, then in PyTorch, and prints both results."""
    first, last = len(program.leaves), len(program.leaves) + len(program.steps) - 1
    lines = ["import torch", "", "torch.set_default_dtype(torch.float64)"]
    lines += [f"t{k} = torch.tensor({x!r}, requires_grad=True)" for k, x in enumerate(program.leaves)]
    for k, step in enumerate(program.steps, first):
        operands = [f"t{x}" if isinstance(x, int) else f"torch.tensor({x!r})" for x in step.operands]
        lines.append(f"t{k} = {torch_text(step.name, step.parameter, operands)}")
    inputs = ", ".join(f"t{k}" for k in range(first))
    return program.as_python() + "\n" + "\n".join(lines) + f"""

def torch_gradient(output):
    if not output.requires_grad:
        return [torch.zeros(())] * {first}
    return torch.autograd.grad(output, [{inputs}], create_graph=True, materialize_grads=True)

torch_slopes = torch_gradient(t{last})
print("PyTorch", t{last}.item(), [d.item() for d in torch_slopes], [d.item() for d in torch_gradient(sum(torch_slopes))])
"""


def main() -> int:
    """Run until the time is up or something disagrees."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, required=True, help="how long to look")
    parser.add_argument("--programs", type=int, default=1, help="how many programs of arrays come with each graph of scalars")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the first graph; the next ones count up from it")
    arguments = parser.parse_args()
    import_torch().set_num_threads(1)
    for name in TABLE:
        torch_text(name, 0, ["x0", "x1", "x2"])

    start = time.perf_counter()
    seed, refused = arguments.seed, 0
    while time.perf_counter() - start < 60.0 * arguments.minutes:
        program = random_program(Random(seed))
        try:
            found = fault(program)
        except (ArithmeticError, ValueError) as error:  # the value is finite, as the generator saw to it
            found, refused = "", refused + 1
            print(f"seed {seed}: the engine refuses, {type(error).__name__}: {error}")
        if found:
            print(f"seed {seed}: {found}\n\nThe simplest program that was found to disagree:\n\n{as_python(shrink(program, _disagrees))}")
            return 1
        for number in range(seed * arguments.programs, (seed + 1) * arguments.programs):
            if differs := disagreement_of_arrays(number):
                print(f"the program of arrays {number}: {differs}\n\n{random_arrays.random_program(Random(number))}")
                return 1
        seed += 1
    count, seconds = seed - arguments.seed, time.perf_counter() - start
    print(f"{count} graphs agree with PyTorch, {count / seconds:.0f} a second; {refused} of them the engine refused to differentiate twice")
    print(f"{count * arguments.programs} programs of arrays agree with PyTorch, and so do their formulas in matrix form")
    return 0


def fault(program: Program) -> str:
    """What differs, or the error that nothing in the program should cause; empty if there is neither."""
    try:
        return disagreement(program)
    except (ArithmeticError, ValueError):
        raise
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _disagrees(program: Program) -> bool:
    try:
        return bool(fault(program))
    except (ArithmeticError, ValueError):
        return False


if __name__ == "__main__":
    sys.exit(main())
