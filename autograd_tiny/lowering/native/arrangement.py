"""The first pass to native code: which instructions and which loops, in which order.

The instructions are cut into steps, each a function of its own with a loop over the blocks of the batch.  A step is a
chunk of instructions one after the other, or, where a network has a layer, a product of matrices in a loop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import count, zip_longest
from typing import Any, NamedTuple

from autograd_tiny.engine.row import Primitive
from autograd_tiny.engine.table import dot
from autograd_tiny.lowering.native.loops import (
    Looped,
    MatrixVector,
    Row,
    find,
    find_repeated,
    mapped,
    weights_in,
    weights_of_layers,
)
from autograd_tiny.lowering.native.rows import COPY, expansion
from autograd_tiny.lowering.program import Expansion, Instruction, Program
from autograd_tiny.lowering.runners import Computation, Layout

CHUNK = 250
"""The most instructions in one function.  Code generation takes longer per instruction in longer ones."""
INTERLEAVED = 4
"""How many sums are computed in turns: an addition takes three or four steps of the processor."""
SHORTEST_SUM = 16
"""The shortest sequence of instructions that is worth interleaving."""
SMALLEST_LOOP = 128
"""The fewest products that are worth a loop."""
SMALLEST_REPETITION = 192
"""The fewest instructions that are worth a loop where one formula is repeated: few run a little faster one by one."""


class Step(NamedTuple):
    """Instructions that follow one another, by the numbers of their results, and the loop they make up, if they do."""

    span: range
    loop: Looped | None


class Arrangement(NamedTuple):
    """A program in the order in which it is computed.

    Attributes:
        program: of simple rows; every output is the result of an instruction.
        steps: what is computed one after the other.
        vectors: values that must lie side by side in memory.
    """

    program: Program
    steps: list[Step]
    vectors: list[Row]

    def reordered(self, order: Sequence[int]) -> Arrangement:
        """The same with the program's instructions in another order, given by their numbers; each stays in its step."""
        new = {old: number for number, old in enumerate(order, self.program.n_leaves)}
        steps = [Step(span, loop and loop.renumbered(new)) for span, loop in self.steps]
        return Arrangement(self.program.reordered(order), steps, [mapped(vector, new) for vector in self.vectors])


def arranged(computation: Computation, layout: Layout, columns: range) -> Arrangement:
    """The instructions and loops of a program in the order in which they are computed.

    Args:
        computation: of any rows.
        layout: what its inputs and outputs are.
        columns: the inputs that lie in memory side by side for each sample, if any do.
    """
    return _cut(_outputs_copied(_with_loops(computation, layout, columns)))


def _with_loops(computation: Computation, layout: Layout, columns: range) -> Arrangement:
    """The program in simple rows, with its loops; a `dot` is opened only if it is in none."""
    n_parameters = layout.n_parameters
    kept = weights_of_layers(computation, n_parameters, columns, SMALLEST_LOOP)

    def chosen(row: Primitive, operands: Sequence[int]) -> Expansion | None:
        if row is dot and weights_in(tuple(operands), n_parameters) in kept:
            return _bias_apart if len(operands) % 2 else None
        return expansion(row, operands)

    while True:
        simple = computation.in_rows(chosen)
        loops, vectors = find(simple, n_parameters, columns, means_of(simple, layout), SMALLEST_LOOP)
        in_loops = {x for _, members in loops for x in members}
        numbered = enumerate(simple.instructions, simple.n_leaves)
        alone = [x.operands for number, x in numbered if x.row is dot and number not in in_loops]
        if not alone:
            break
        kept -= {weights_in(operands, n_parameters) for operands in alone}
    rows = simple.outputs[: layout.n_values + layout.n_derivatives]
    repeated = find_repeated(simple, rows, n_parameters, columns, means_of(simple, layout), loops, SMALLEST_REPETITION)
    return _loops_together(simple, [*loops, *repeated], vectors)


def _bias_apart(*operands: Any) -> Any:
    n = len(operands) // 2
    return dot(operands[:n], operands[n : 2 * n]) + operands[-1]


def means_of(program: Program, layout: Layout) -> dict[int, list[int]]:
    """In which places the means of values are wanted."""
    places: dict[int, list[int]] = {}
    for place, x in enumerate(program.outputs[layout.n_values + layout.n_derivatives :]):
        places.setdefault(x, []).append(place)
    return places


def _loops_together(program: Program, loops: Sequence[tuple[Looped, list[int]]], vectors: list[Row]) -> Arrangement:
    """The program with the members of each loop together, each as early as its operands allow, the rest interleaved."""
    first, instructions = program.n_leaves, program.instructions
    # Each instruction by itself, or all of a loop under the smallest number.
    task = list(range(first + len(instructions)))
    members: dict[int, list[int]] = {}
    loop_of: dict[int, Looped] = {}
    for loop, together in loops:
        members[together[0]], loop_of[together[0]] = together, loop
        for x in together:
            task[x] = together[0]
    waits: Counter[int] = Counter()
    followers: dict[int, list[int]] = {}
    for number, (_, operands) in enumerate(instructions, first):
        for x in operands:
            if x >= first and task[x] != task[number]:
                waits[task[number]] += 1
                followers.setdefault(task[x], []).append(task[number])
    ready = [x for x in {*task[first:]} if not waits[x]]
    heapify(ready)
    order: list[int] = []
    steps: list[Step] = []
    while ready:
        now = heappop(ready)
        start = first + len(order)
        order += members.get(now, [now])
        if steps and not steps[-1].loop and now not in loop_of:
            start = steps.pop().span.start
        steps.append(Step(range(start, first + len(order)), loop_of.get(now)))
        for x in followers.get(now, ()):
            waits[x] -= 1
            if not waits[x]:
                heappush(ready, x)
    return Arrangement(program, steps, vectors).reordered(_interleaved(program, order, steps, followers))


def _interleaved(
    program: Program, order: Sequence[int], steps: Sequence[Step], users: Mapping[int, Sequence[int]]
) -> list[int]:
    """The instructions in an order in which the long sums of a step take turns.

    Each addition of a sum waits for the one before.  Sums of many terms that follow one another, as those of a layer
    do, are computed several at a time; what they have in common, the layer's inputs, is then loaded once for all of
    them.

    Args:
        program: whose instructions these are.
        order: the numbers of their results, the steps one after the other.
        steps: which parts of ``order`` belong together, their spans in the numbers that the program gets by it.
        users: what uses the result of an instruction that is in no loop, once for each operand.
    """
    first = program.n_leaves
    place = {old: number for number, old in enumerate(order, first)}

    def needs_none(start: int, end: int, since: int, until: int) -> bool:
        """Whether these instructions need no value with a number from ``since`` to before ``until``."""
        needed = [x for old in order[start - first : end - first] for x in program.instructions[old - first].operands]
        return not any(since <= place.get(x, -1) < until for x in needed)

    def ends_sequence(x: int) -> bool:
        """Whether an instruction is used elsewhere than by one of the next two."""
        using = users.get(order[x - first], ())
        return len(using) != 1 or place[using[0]] - x > 2

    interleaved: list[int] = []
    for span, loop in steps:
        if loop:
            interleaved += order[span.start - first : span.stop - first]
            continue
        ends = [x + 1 for x in span if x + 1 == span.stop or ends_sequence(x)]
        group: list[range] = []
        for start, end in zip([span.start, *ends], ends):
            if group and end - start < SHORTEST_SUM and needs_none(start, end, group[0].start, group[-1].start):
                group[-1] = range(group[-1].start, end)
                continue
            if group and (len(group) == INTERLEAVED or not needs_none(start, end, group[0].start, start)):
                interleaved += [order[x - first] for x in _in_turns(group)]
                group = []
            group.append(range(start, end))
        interleaved += [order[x - first] for x in _in_turns(group)]
    return interleaved


def _in_turns(sequences: Sequence[range]) -> list[int]:
    return [x for turn in zip_longest(*sequences) for x in turn if x is not None]


def _outputs_copied(arrangement: Arrangement) -> Arrangement:
    """Outputs that are inputs, constants, or made by the loop of a layer, as results of instructions."""
    program, steps, vectors = arrangement
    end = program.n_leaves + len(program.instructions)
    of_layers = {x for _, loop in steps if isinstance(loop, MatrixVector) for x in loop.results}
    copied = [x for x in dict.fromkeys(program.outputs) if x < program.n_leaves or x in of_layers]
    program = program.extended([Instruction(COPY, (x,)) for x in copied], dict(zip(copied, count(end))))
    return Arrangement(program, [*steps, Step(range(end, end + len(copied)), None)], vectors)


def _cut(arrangement: Arrangement) -> Arrangement:
    """Steps without a loop in chunks; the last step, which writes the outputs, may be empty."""
    program, steps, vectors = arrangement
    cut: list[Step] = []
    for span, loop in steps:
        cut += [Step(span, loop)] if loop else [Step(span[i : i + CHUNK], None) for i in range(0, len(span), CHUNK)]
    return Arrangement(program, cut if cut and not cut[-1].loop else [*cut, steps[-1]], vectors)
