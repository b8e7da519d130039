"""A loss in C for a block of rows at once: loops over the rows of which a compiler makes vector instructions.

A loop holds as many lines as it can, the same lines as the gradient of one row.  What calls the C library stands in
loops of its own, since a compiler computes such a loop row by row; values that another loop reads are arrays.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from autograd_tiny.lowering.sources.writer import WIDTH, Part, Statement, Writer, wrapped

BLOCK = 8
"""How many rows are computed at once: a multiple of the floats in any vector, up to those of AVX-512."""
LONGEST_LOOP = 1000
"""The most lines in a loop: compilers give up on longer ones, and take long."""
MOST_FLOATS = 2**14
"""How many floats the arrays may hold, 128 KB, which lie on the stack; a larger loss is computed row by row."""
OF_VECTORS = frozenset(("fabs", "leaky_relu", "relu", "sign", "sqrt", "square", "step"))
"""Functions that are a few instructions without a branch; any other takes the rows one by one."""
EACH_ROW = "for (int i = 0; i < BLOCK; i++)"

FOR_COMPILERS = f"""
/* Rows are computed {BLOCK} at a time.  GCC is told to make vectors of them, without contracting products and sums, and
   to do so for AVX2 too, for processors that have it; any other compiler does what it does. */
enum {{ BLOCK = {BLOCK} }};
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("tree-vectorize", "no-trapping-math", "no-math-errno", "fp-contract=off")
#endif
#if defined(__GNUC__) && !defined(__clang__) && defined(__gnu_linux__) && defined(__x86_64__)
#define FOR_THIS_PROCESSOR __attribute__((target_clones("default", "avx2")))
#else
#define FOR_THIS_PROCESSOR
#endif
""".strip()


class _Line(NamedTuple):
    """A line of a loop: a value, or what is added to a sum."""

    statement: Statement | None
    place: int
    part: Part


def block_function(writer: Writer, name: str, columns: int) -> list[str] | None:
    """The function ``name_block``, which adds the derivatives of a block of rows, and their loss, to sums.

    Args:
        writer: of the program of a loss: parameters, then the columns of a row.
        name: of the function of one row.
        columns: how many there are.

    Returns:
        Its lines; None where its arrays would be too large.
    """
    program = writer.program
    outputs = [*program.outputs[1:], program.outputs[0]]
    n_parameters = len(program.inputs) - columns
    in_arrays: set[int] = set()
    while len(outputs) * BLOCK <= MOST_FLOATS:
        writer.after = dict.fromkeys(in_arrays, "[i]")  # which makes formulas longer, of which some get a name then
        loops = _loops(_lines(writer, outputs))
        writer.after = {}
        if not (more := _read_elsewhere(loops) - in_arrays):
            break
        in_arrays |= more
    else:
        return None
    arrays = [
        line.statement for loop in loops for line in loop if line.statement and line.statement.number in in_arrays
    ]
    if (len(outputs) + sum([x.several[1] if x.several else 1 for x in arrays])) * BLOCK > MOST_FLOATS:
        return None
    read = {x for loop in loops for line in loop for x in line.part.reads}
    text = [
        "FOR_THIS_PROCESSOR",
        f"static void {name}_block(const double *restrict parameters, const double *restrict samples,",
        "                       double (*restrict sums)[BLOCK]) {",
    ]
    text += [f"    const double {writer.names[x]} = parameters[{x}];" for x in range(n_parameters) if x in read]
    for given, numbers in ("parameters", range(n_parameters)), ("samples", range(n_parameters, len(program.inputs))):
        text += [] if read.intersection(numbers) else [f"    (void){given};"]
    declared = [x.name + "[BLOCK]" + (f"[{x.several[1]}]" if x.several else "") for x in arrays]
    if declared:
        all_arrays = f"double {', '.join(declared)};"
        text += textwrap.wrap(
            all_arrays, WIDTH, initial_indent=" " * 4, subsequent_indent=" " * 8, break_long_words=False
        )
    for loop in loops:
        text.append(f"    {EACH_ROW} {{")
        used = {x for line in loop for x in line.part.reads}
        for k, x in enumerate(range(n_parameters, len(program.inputs))):
            if x in used:
                text.append(f"        const double {writer.names[x]} = samples[{columns} * i + {k}];")
        for line in loop:
            text += _written(writer, line, in_arrays)
        text.append("    }")
    return [*text, "}"]


def _read_elsewhere(loops: Sequence[Sequence[_Line]]) -> set[int]:
    """The values that another loop reads than the one that computes them."""
    home = {line.statement.number: k for k, loop in enumerate(loops) for line in loop if line.statement}
    return {x for k, loop in enumerate(loops) for line in loop for x in line.part.reads if home.get(x, k) != k}


def _lines(writer: Writer, outputs: Sequence[int]) -> list[_Line]:
    """All lines in an order in which they can be computed, each sum behind what it adds."""
    library = {name for name in writer.functions if name not in OF_VECTORS}
    statements, parts = writer.statements(outputs, apart=library)
    places: dict[int, list[int]] = {}
    for place, x in enumerate(outputs):
        places.setdefault(x, []).append(place)
    lines = []
    for statement in statements:
        lines.append(_Line(statement, -1, statement.part))
        lines += [_Line(None, place, parts[place]) for place in places.pop(statement.number, [])]
    return lines + [_Line(None, place, parts[place]) for those in places.values() for place in those]


def _loops(lines: Sequence[_Line]) -> list[list[_Line]]:
    """The lines of each loop: by turns those for vectors and those that call the C library, each as early as it can."""
    turn: dict[int, int] = {}

    def turn_of(line: _Line) -> int:
        reads = max([turn.get(x, 0) for x in line.part.reads], default=0)
        calls = (line.statement and line.statement.several) or not line.part.functions <= OF_VECTORS
        found = reads + (reads % 2 != bool(calls))
        if line.statement:
            turn[line.statement.number] = found
        return found

    ordered = sorted([(turn_of(line), k) for k, line in enumerate(lines)])
    found = [[lines[k] for _, k in group] for _, group in groupby(ordered, key=lambda x: x[0])]
    return [loop[i : i + LONGEST_LOOP] for loop in found for i in range(0, len(loop), LONGEST_LOOP)]


def _written(writer: Writer, line: _Line, in_arrays: set[int]) -> list[str]:
    indent = " " * 8
    if line.statement is None:
        return wrapped(f"{indent}sums[{line.place}][i] += ", line.part.term.text, ";")
    one, several = writer.language.line, writer.language.several
    if line.statement.number in in_arrays:
        one, several = ("{name}[i] = ", ";"), ("{function}({operands}, (const double[]){{", "}}, {name}[i]);")
    return line.statement.lines(indent, one, several)
