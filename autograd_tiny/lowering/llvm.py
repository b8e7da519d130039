"""A program as native code: LLVM instructions on vectors of samples, one sample in each lane.

The rows of a batch are taken in blocks of one vector.  The instructions are cut into chunks, each a function of its own
with a loop over blocks: a chunk's code stays in the instruction cache while it goes over all blocks, and the time of
compilation stays proportional to the number of instructions.  What one chunk computes and a later one uses waits in a
frame, one per block.

Nothing is reassociated or contracted: a lane computes what Python's floats compute, apart from the last digits of functions.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, islice, zip_longest
from typing import Any

from autograd_tiny import primitives as p
from autograd_tiny.lowering.program import Expansion, Program, opened
from autograd_tiny.lowering.runners import Layout
from autograd_tiny.lowering.vectors import FUNCTIONS, LIBRARY, definition, library_addresses, splat
from autograd_tiny.primitives import Primitive

CHUNK = 250
"""The most instructions in one function.  Code generation takes longer per instruction in longer ones."""
FRAME_BYTES = 2**19
"""How much the frames of the blocks that a chunk goes over may hold: as much as stays in a core's own cache."""
WIDEST_SHUFFLE = 64
"""The most floats of a block of rows that are loaded at once and sorted into columns by shuffles."""
FEW_PARAMETERS = 2048
"""How many parameters a core keeps in its first cache; of more, each chunk gets its own in the order of their use."""
TURNS = 4
"""How many sums are computed in turns: an addition takes three or four steps of the processor."""
SHORTEST_SUM = 16
"""The shortest sequence of instructions that is worth taking turns."""
REGISTERS = 20
"""After how many other loads from the frame a value is loaded again: by then it would have been spilled, which costs a store too."""
LARGEST_POWER = 8
"""The largest exponent for which powers are products; rounding errors grow with it."""


# Rows as instructions.  {0}, {1} are operands, {r} the result, {r}.c a condition; V a vector of floats, B of bits.
TEMPLATES: dict[Primitive, str] = {
    p.add: "{r} = fadd {V} {0}, {1}",
    p.sub: "{r} = fsub {V} {0}, {1}",
    p.mul: "{r} = fmul {V} {0}, {1}",
    p.div: "{r} = fdiv {V} {0}, {1}",
    p.neg: "{r} = fneg {V} {0}",
    p.sqrt: "{r} = call {V} @llvm.sqrt.{s}({V} {0})",
    p.absolute: "{r} = call {V} @llvm.fabs.{s}({V} {0})",
    p.relu: "{r}.c = fcmp ogt {V} {0}, {zero}\n{r} = select {B} {r}.c, {V} {0}, {V} {zero}",
    p.step: "{r}.c = fcmp ogt {V} {0}, {zero}\n{r} = select {B} {r}.c, {V} {one}, {V} {zero}",
    p.less: "{r}.c = fcmp olt {V} {0}, {1}\n{r} = select {B} {r}.c, {V} {one}, {V} {zero}",
    p.greater: "{r}.c = fcmp ogt {V} {0}, {1}\n{r} = select {B} {r}.c, {V} {one}, {V} {zero}",
    p.equal: "{r}.c = fcmp oeq {V} {0}, {1}\n{r} = select {B} {r}.c, {V} {one}, {V} {zero}",
    p.where: "{r}.c = fcmp une {V} {0}, {zero}\n{r} = select {B} {r}.c, {V} {1}, {V} {2}",
    p.sign: "{r}.c = fcmp ogt {V} {0}, {zero}\n{r}.d = fcmp olt {V} {0}, {zero}\n"
    "{r}.e = select {B} {r}.d, {V} {minus_one}, {V} {zero}\n{r} = select {B} {r}.c, {V} {one}, {V} {r}.e",
}
EXTREMES: dict[Primitive, str] = {p.maximum: "ogt", p.minimum: "olt"}


def expansion(row: Primitive) -> Expansion | None:
    """What replaces a row before instructions are written; None for those that are instructions or calls.

    Raises:
        TypeError: the row is none of the table's and has no expansion.
    """
    if row.family is p.power:
        return _power_expansion(row)
    if row in TEMPLATES or row in EXTREMES or _function_name(row):
        return None
    if row.stable is None:
        raise TypeError(f"{row.name} cannot be compiled to native code: give the Primitive an expansion= in rows of the table")
    return row.stable


def _function_name(row: Primitive) -> str:
    return row.name if p.TABLE.get(row.name) is row and (row.name in FUNCTIONS or row.name in LIBRARY) else ""


@lru_cache(maxsize=4096)
def _power_expansion(row: Primitive) -> Expansion | None:
    """Small powers as products, halves of them with a square root; None for others, which the C library computes."""
    k = float(row.parameter or 0.0)
    whole, half = divmod(abs(k), 1.0)
    if abs(k) > LARGEST_POWER or half not in (0.0, 0.5):
        return None

    def product(x: Any) -> Any:
        result = _whole_power(x, int(whole)) if whole else 1.0
        if half:
            result = result * p.sqrt(x)
        return 1.0 / result if k < 0.0 else result

    return product


def _whole_power(x: Any, n: int) -> Any:
    if n == 1:
        return x
    square = _whole_power(x, n // 2)
    return square * square if n % 2 == 0 else square * square * x


def interleaved(program: Program) -> Program:
    """The same instructions in an order in which long sums take turns.

    Each addition of a sum waits for the one before.  Sums of many terms that follow one another, as those of a layer do, are
    computed several at a time; what they have in common, the layer's inputs, is then loaded once for all of them.
    """
    n, first = len(program.instructions), program.n_leaves
    uses = Counter(x for _, operands in program.instructions for x in operands)
    user = {x: number for number, (_, operands) in enumerate(program.instructions, first) for x in operands}
    ends = [x + 1 for x in range(first, first + n) if uses[x] != 1 or user[x] - x > 2]

    def needs_none(start: int, end: int, since: int, until: int) -> bool:
        """Whether these instructions need no value with a number from ``since`` to before ``until``."""
        return not any(since <= x < until for _, operands in program.instructions[start - first : end - first] for x in operands)

    order: list[int] = []
    group: list[range] = []
    for start, end in zip([first, *ends], ends):
        if group and end - start < SHORTEST_SUM and needs_none(start, end, group[0].start, group[-1].start):
            group[-1] = range(group[-1].start, end)
            continue
        if group and (len(group) == TURNS or not needs_none(start, end, group[0].start, start)):
            order += _in_turns(group)
            group = []
        group.append(range(start, end))
    return program.reordered(order + _in_turns(group))


def _in_turns(sequences: Sequence[range]) -> list[int]:
    return [x for turn in zip_longest(*sequences) for x in turn if x is not None]


ARGUMENTS = "ptr {0} %parameters, ptr {0} %batch, i64 %rows, ptr {0} %values, ptr {0} %derivatives, ptr {0} %workspace"
PASSED = "ptr %parameters, ptr %batch, i64 %rows, ptr %values, ptr %derivatives, ptr %workspace, i64 %first, i64 %last"


class Module:
    """The LLVM text of a program, and what one must know to call it.

    The text defines ``run(parameters, batch, rows, values, derivatives, workspace, means)``: pointers to floats, and the
    number of rows, an i64.  The last rows, too few to fill a vector, are copied to the workspace and filled up with
    repetitions of the last one, so that nothing is read or written beyond the arrays.

    Attributes:
        text: the LLVM module.
        workspace: how many floats the workspace holds.
    """

    def __init__(self, program: Program, layout: Layout, width: int) -> None:
        self.layout, self.width = layout, width
        self.program = interleaved(opened(program, expansion, program.outputs))
        self.n_leaves, self.n_instructions = self.program.n_leaves, len(self.program.instructions)
        self.n_chunks = max(1, -(-self.n_instructions // CHUNK))
        self.V, self.B = f"<{width} x double>", f"<{width} x i1>"
        self.constants = [splat(c, width) for c in self.program.constants]
        self.words = {
            "V": self.V, "B": self.B, "s": f"v{width}f64", "zero": splat(0.0, width), "one": splat(1.0, width),
            "minus_one": splat(-1.0, width),
        }  # fmt: skip
        self.called: set[str] = set()

        n_parameters, n_columns, n_values, n_derivatives, n_means = layout
        numbers = iter(self.program.outputs)
        self.value_numbers = list(islice(numbers, n_values))
        self.derivative_numbers = list(islice(numbers, n_derivatives))
        self.means_of: dict[int, list[int]] = {}
        for j, x in enumerate(numbers):
            self.means_of.setdefault(x, []).append(j)

        self.slots, n_slots = self._frame_slots()
        self.columns_at = n_slots
        self.wide = n_columns * width > WIDEST_SHUFFLE
        self.frame = (n_slots + n_columns * self.wide) * width
        self.group = max(1, FRAME_BYTES // (8 * self.frame)) if self.frame else 2**40
        self.order: list[int] = []  # of the parameters in the workspace
        self.pooled = n_parameters > FEW_PARAMETERS
        sizes = [width * n for n in (n_means, n_columns, n_values, n_derivatives)] + [self.frame * self.group if self.frame else 0]
        *self.places, self.parameters_at = accumulate(sizes, initial=0)
        self.text = self._text()
        self.workspace = self.parameters_at + -(-len(self.order) // width) * width

    def _chunk_of(self, number: int) -> int:
        return (number - self.n_leaves) // CHUNK

    def _frame_slots(self) -> tuple[dict[int, int], int]:
        """A place in the frame for every value that a later chunk uses; places are used again when their value is not."""
        last_use: dict[int, int] = {}
        for number, (_, operands) in enumerate(self.program.instructions, self.n_leaves):
            last_use.update(dict.fromkeys(operands, self._chunk_of(number)))
        last_use.update(dict.fromkeys((*self.value_numbers, *self.derivative_numbers), self.n_chunks - 1))
        slots: dict[int, int] = {}
        free: list[int] = []
        freed: dict[int, list[int]] = {}
        n_slots = 0
        for number in range(self.n_leaves, self.n_leaves + self.n_instructions):
            chunk = self._chunk_of(number)
            free += freed.pop(chunk - 1, [])
            if last_use.get(number, 0) > chunk:
                if not free:
                    free.append(n_slots)
                    n_slots += 1
                slots[number] = slot = free.pop()
                freed.setdefault(last_use[number], []).append(slot)
        return slots, n_slots

    def _text(self) -> str:
        chunks = [self._function(f"chunk{i}", self._chunk(i)) for i in range(self.n_chunks)]
        names = [f"chunk{i}" for i in range(self.n_chunks)]
        if self.wide:
            chunks.append(self._function("columns", self._sort_columns()))
            names.insert(0, "columns")
        vectors = [definition(name, self.width) for name in sorted(self.called)]
        calls = [f"call void @{name}({PASSED})" for name in names]
        attributes = 'attributes #0 = { nounwind "min-legal-vector-width"="512" "prefer-vector-width"="512" }'
        order = f"@order = internal constant [{len(self.order)} x i32] [{', '.join(f'i32 {x}' for x in self.order)}]"
        return "\n".join([order, *vectors, *chunks, self._run(calls), attributes, ""])

    def _function(self, name: str, body: list[str]) -> str:
        """A function that goes over the blocks from ``first`` to before ``last``."""
        lines = "\n  ".join(self._block() + body)
        return f"""define internal void @{name}({ARGUMENTS.format("noalias")}, i64 %first, i64 %last) #0 {{
entry:
  br label %loop
loop:
  %block = phi i64 [ %first, %entry ], [ %next, %end ]
  {lines}
  br label %end
end:
  %next = add i64 %block, 1
  %more = icmp slt i64 %next, %last
  br i1 %more, label %loop, label %done
done:
  ret void
}}
"""

    def _block(self) -> list[str]:
        """Where a block's rows and frame lie, and which of its lanes stand for rows."""
        width = self.width
        lanes = ", ".join(f"i64 {i}" for i in range(width))
        lines = [
            f"%row = mul i64 %block, {width}",
            "%left = sub i64 %rows, %row",
            f"%full = icmp sge i64 %left, {width}",
            f"%left.first = insertelement <{width} x i64> zeroinitializer, i64 %left, i32 0",
            f"%left.all = shufflevector <{width} x i64> %left.first, <{width} x i64> zeroinitializer, <{width} x i32> zeroinitializer",
            f"%mask = icmp slt <{width} x i64> <{lanes}>, %left.all",
            "%from_first = sub i64 %block, %first",
            f"%frame.from = mul i64 %from_first, {self.frame}",
            f"%frames = getelementptr double, ptr %workspace, i64 {self.places[4]}",
            "%frame = getelementptr double, ptr %frames, i64 %frame.from",
        ]
        arrays = zip(("batch", "values", "derivatives"), self.layout[1:4], self.places[1:4])
        for array, n, place in arrays:
            lines += [
                f"%{array}.from = mul i64 %row, {n}",
                f"%{array}.full = getelementptr double, ptr %{array}, i64 %{array}.from",
                f"%{array}.tail = getelementptr double, ptr %workspace, i64 {place}",
                f"%{array}.block = select i1 %full, ptr %{array}.full, ptr %{array}.tail",
            ]
        return lines

    def _chunk(self, index: int) -> list[str]:
        """The instructions of a chunk, with the loads and stores around them."""
        start = self.n_leaves + index * CHUNK
        end = min(start + CHUNK, self.n_leaves + self.n_instructions)
        lines: list[str] = []
        names: dict[int, str] = {}
        loads: dict[int, int] = {}  # values in the frame, and how many loads came before their last one
        n_loads = 0

        def name(x: int) -> str:
            nonlocal n_loads
            if x in names and not (x in loads and n_loads - loads[x] > REGISTERS):
                return names[x]
            if (place := self._place_in_frame(x)) is None:
                names[x] = self._load(x, lines)
            else:
                names[x], loads[x] = f"%f{n_loads}", n_loads
                # Volatile, or it would be taken for the same as an earlier load, whose result is kept, and spilled.
                lines.append(f"%f{n_loads}.at = getelementptr double, ptr %frame, i64 {place}")
                lines.append(f"%f{n_loads} = load volatile {self.V}, ptr %f{n_loads}.at, align 64")
                n_loads += 1
            return names[x]

        for number in range(start, end):
            row, operands = self.program.instructions[number - self.n_leaves]
            given = [name(x) for x in operands]
            names[number] = result = f"%v{number}"
            lines += self._instruction(row, given, result)
            if number in self.slots:
                lines += _store(self.V, result, "%frame", self.slots[number] * self.width)
            if number in self.means_of:
                lines += self._add_to_means(number, result)
        if index == self.n_chunks - 1:
            for number in self.means_of:
                if number < self.n_leaves:
                    lines += self._add_to_means(number, name(number))
            lines += self._store_rows("values", [name(x) for x in self.value_numbers])
            lines += self._store_rows("derivatives", [name(x) for x in self.derivative_numbers])
        return lines

    def _place_in_frame(self, x: int) -> int | None:
        """Where in the frame a value lies that another chunk computed, or a column of a wide batch."""
        if x >= self.n_leaves:
            return self.slots[x] * self.width
        column = x - self.layout.n_parameters
        return (self.columns_at + column) * self.width if self.wide and 0 <= column < self.layout.n_columns else None

    def _load(self, x: int, lines: list[str]) -> str:
        """The name of an input or constant."""
        n_parameters, n_columns = self.layout[:2]
        width, kind = self.width, self.V
        if x >= n_parameters + n_columns:
            return self.constants[x - n_parameters - n_columns]
        if x < n_parameters:
            base, place = "%parameters", x
            if self.pooled:
                base, place = "%workspace", self.parameters_at + len(self.order)
                self.order.append(x)
            lines += [
                f"%v{x}.at = getelementptr double, ptr {base}, i64 {place}",
                f"%v{x}.one = load double, ptr %v{x}.at, align 8",
                f"%v{x}.first = insertelement {kind} zeroinitializer, double %v{x}.one, i32 0",
                f"%v{x} = shufflevector {kind} %v{x}.first, {kind} zeroinitializer, <{width} x i32> zeroinitializer",
            ]
            return f"%v{x}"
        block = f"<{n_columns * width} x double>"
        if not any(line.startswith("%batch.all") for line in lines):
            lines.append(f"%batch.all = load {block}, ptr %batch.block, align 8")
        places = ", ".join(f"i32 {lane * n_columns + x - n_parameters}" for lane in range(width))
        lines.append(f"%v{x} = shufflevector {block} %batch.all, {block} zeroinitializer, <{width} x i32> <{places}>")
        return f"%v{x}"

    def _instruction(self, row: Primitive, operands: Sequence[str], result: str) -> list[str]:
        if template := TEMPLATES.get(row):
            return template.format(*operands, r=result, **self.words).split("\n")
        if comparison := EXTREMES.get(row):
            return self._extreme(comparison, operands, result)
        if row.family is p.power:
            return self._call("pow", [operands[0], splat(float(row.parameter or 0.0), self.width)], result)
        if row is p.pow_:
            positive = TEMPLATES[p.where].format(f"{result}.p", f"{result}.x", splat(math.nan, self.width), r=result, **self.words)
            is_positive = TEMPLATES[p.step].format(operands[0], r=f"{result}.p", **self.words)
            return [*self._call("pow", operands, f"{result}.x"), *is_positive.split("\n"), *positive.split("\n")]
        return self._call(row.name, operands, result)

    def _call(self, name: str, operands: Sequence[str], result: str) -> list[str]:
        self.called.add(name)
        return [f"{result} = call {self.V} @{name}({', '.join(f'{self.V} {x}' for x in operands)})"]

    def _extreme(self, comparison: str, operands: Sequence[str], result: str) -> list[str]:
        """The largest or smallest operand, the first among equals, as Python's ``max`` and ``min`` choose."""
        lines, chosen = [], operands[0]
        for i, x in enumerate(operands[1:]):
            lines += [
                f"{result}.c{i} = fcmp {comparison} {self.V} {x}, {chosen}",
                f"{result}.{i} = select {self.B} {result}.c{i}, {self.V} {x}, {self.V} {chosen}",
            ]
            chosen = f"{result}.{i}"
        return [*lines, f"{result} = select i1 true, {self.V} {chosen}, {self.V} {chosen}"]

    def _add_to_means(self, number: int, result: str) -> list[str]:
        lines = []
        for j in self.means_of[number]:
            at = f"%m{j}"
            lines += [
                f"{at}.at = getelementptr double, ptr %workspace, i64 {j * self.width}",
                f"{at}.old = load {self.V}, ptr {at}.at, align 64",
                f"{at}.new = fadd {self.V} {at}.old, {result}",
                f"{at}.kept = select {self.B} %mask, {self.V} {at}.new, {self.V} {at}.old",
                f"store {self.V} {at}.kept, ptr {at}.at, align 64",
            ]
        return lines

    def _store_rows(self, array: str, columns: Sequence[str]) -> list[str]:
        """Columns written to an array row by row: sorted by shuffles if there are few, else float by float."""
        lines: list[str] = []
        width, n = self.width, len(columns)
        if 0 < n * width <= WIDEST_SHUFFLE:
            whole = self._joined(array, columns, lines)
            order = ", ".join(f"i32 {j * width + lane}" for lane in range(width) for j in range(n))
            kind = f"<{n * width} x double>"
            lines.append(f"%{array}.sorted = shufflevector {kind} {whole}, {kind} zeroinitializer, <{n * width} x i32> <{order}>")
            return [*lines, f"store {kind} %{array}.sorted, ptr %{array}.block, align 8"]
        for j, column in enumerate(columns):
            for lane in range(width):
                one = f"%{array}.{j}.{lane}"
                lines += [
                    f"{one} = extractelement {self.V} {column}, i32 {lane}",
                    f"{one}.at = getelementptr double, ptr %{array}.block, i64 {lane * n + j}",
                    f"store double {one}, ptr {one}.at, align 8",
                ]
        return lines

    def _joined(self, array: str, columns: Sequence[str], lines: list[str]) -> str:
        """The columns one after another in one long vector."""
        whole, n = columns[0], self.width
        for j, column in enumerate(columns[1:]):
            both = n + self.width
            name = f"%{array}.joined{j}"
            places = ", ".join(f"i32 {i}" for i in range(both))
            longer = ", ".join(f"i32 {i}" if i < self.width else "i32 poison" for i in range(n))
            lines += [
                f"{name}.x = shufflevector {self.V} {column}, {self.V} zeroinitializer, <{n} x i32> <{longer}>",
                f"{name} = shufflevector <{n} x double> {whole}, <{n} x double> {name}.x, <{both} x i32> <{places}>",
            ]
            whole, n = name, both
        return whole

    def _sort_columns(self) -> list[str]:
        """The rows of a block as columns in its frame."""
        n = self.layout.n_columns
        return [
            "br label %column",
            "column:",
            "%j = phi i64 [ 0, %loop ], [ %j.next, %column ]",
            f"%to.at = mul i64 %j, {self.width}",
            f"%to.place = add i64 %to.at, {self.columns_at * self.width}",
            "%to = getelementptr double, ptr %frame, i64 %to.place",
            "%from = getelementptr double, ptr %batch.block, i64 %j",
            *[
                line
                for lane in range(self.width)
                for line in (
                    f"%from.{lane} = getelementptr double, ptr %from, i64 {lane * n}",
                    f"%x.{lane} = load double, ptr %from.{lane}, align 8",
                    f"%y.{lane} = insertelement {self.V} {f'%y.{lane - 1}' if lane else 'zeroinitializer'}, double %x.{lane}, i32 {lane}",
                )
            ],
            f"store {self.V} %y.{self.width - 1}, ptr %to, align 64",
            "%j.next = add i64 %j, 1",
            f"%j.more = icmp slt i64 %j.next, {n}",
            "br i1 %j.more, label %column, label %sorted",
            "sorted:",
        ]

    def _run(self, calls: Sequence[str]) -> str:
        """The function that is called from outside: prepares the workspace, goes over groups of blocks, takes the means."""
        _, n_columns, n_values, n_derivatives, n_means = self.layout
        width, kind = self.width, self.V
        _, batch_at, values_at, derivatives_at, _ = self.places
        tail = _copy("batch", "%batch", batch_at, n_columns, into_workspace=True, width=width)
        back = [
            *_copy("values", "%values", values_at, n_values, into_workspace=False, width=width),
            *_copy("derivatives", "%derivatives", derivatives_at, n_derivatives, into_workspace=False, width=width),
        ]
        clear = _loop("clear", str(n_means), [
            f"%clear.place = mul i64 %clear, {width}",
            "%clear.at = getelementptr double, ptr %workspace, i64 %clear.place",
            f"store {kind} zeroinitializer, ptr %clear.at, align 64",
        ])  # fmt: skip
        n_order = len(self.order)
        gather = _loop("p", str(n_order), [
            f"%p.from = getelementptr [{n_order} x i32], ptr @order, i64 0, i64 %p",
            "%p.index = load i32, ptr %p.from",
            "%p.long = zext i32 %p.index to i64",
            "%p.at = getelementptr double, ptr %parameters, i64 %p.long",
            "%p.x = load double, ptr %p.at, align 8",
            f"%p.place = add i64 %p, {self.parameters_at}",
            "%p.to = getelementptr double, ptr %workspace, i64 %p.place",
            "store double %p.x, ptr %p.to, align 8",
        ]) if n_order else []  # fmt: skip
        groups = _loop("group", "%groups", [
            "%first = mul i64 %group, %size",
            "%first.next = add i64 %first, %size",
            "%all = icmp slt i64 %blocks, %first.next",
            "%last = select i1 %all, i64 %blocks, i64 %first.next",
            "%none = icmp sge i64 %first, %blocks",
            "br i1 %none, label %group.end, label %group.calls",
            "group.calls:",
            *calls,
        ])  # fmt: skip
        reduce = _loop("mean", str(n_means), [
            f"%mean.place = mul i64 %mean, {width}",
            "%mean.from = getelementptr double, ptr %workspace, i64 %mean.place",
            f"%mean.lanes = load {kind}, ptr %mean.from, align 64",
            f"%mean.sum = call reassoc double @llvm.vector.reduce.fadd.v{width}f64(double -0.0, {kind} %mean.lanes)",
            "%mean.one = fmul double %mean.sum, %share",
            "%mean.at = getelementptr double, ptr %means, i64 %mean",
            "store double %mean.one, ptr %mean.at, align 8",
        ])  # fmt: skip
        lines = [
            f"%rows.up = add i64 %rows, {width - 1}",
            f"%blocks = sdiv i64 %rows.up, {width}",
            f"%blocks.up = add i64 %blocks, {self.group - 1}",
            f"%groups.most = sdiv i64 %blocks.up, {self.group}",
            "%groups = call i64 @llvm.smax.i64(i64 %groups.most, i64 1)",
            "%groups.less = sub i64 %groups, 1",
            "%size.up = add i64 %blocks, %groups.less",
            "%size = sdiv i64 %size.up, %groups",
            f"%tail.rows = srem i64 %rows, {width}",
            "%tail.first = sub i64 %rows, %tail.rows",
            "%rows.float = sitofp i64 %rows to double",
            "%share = fdiv double 1.0, %rows.float",
            *clear, *gather, *tail, *groups, *back, *reduce,
        ]  # fmt: skip
        body = "\n  ".join(lines)
        return f"define void @run({ARGUMENTS.format('noalias')}, ptr noalias %means) #0 {{\nentry:\n  {body}\n  ret void\n}}\n"


def _store(kind: str, value: str, base: str, place: int) -> list[str]:
    return [f"{value}.to = getelementptr double, ptr {base}, i64 {place}", f"store {kind} {value}, ptr {value}.to, align 64"]


def _loop(name: str, end: str, body: Sequence[str]) -> list[str]:
    """Lines that run ``body`` with ``%name`` from 0 to before ``end``."""
    return [
        f"br label %{name}.entry",
        f"{name}.entry:",
        f"%{name}.any = icmp sgt i64 {end}, 0",
        f"br i1 %{name}.any, label %{name}.loop, label %{name}.done",
        f"{name}.loop:",
        f"%{name} = phi i64 [ 0, %{name}.entry ], [ %{name}.next, %{name}.end ]",
        *body,
        f"br label %{name}.end",
        f"{name}.end:",
        f"%{name}.next = add i64 %{name}, 1",
        f"%{name}.more = icmp slt i64 %{name}.next, {end}",
        f"br i1 %{name}.more, label %{name}.loop, label %{name}.done",
        f"{name}.done:",
    ]


def _copy(name: str, array: str, place: int, n: int, *, into_workspace: bool, width: int) -> list[str]:
    """Lines that copy the rows that do not fill a vector, to the workspace or back.

    Into the workspace goes a full vector of rows, the last one repeated; without rows left over, nothing does.
    """
    inner = [
        f"%{name}.in_row = srem i64 %{name}.i, {max(n, 1)}",
        f"%{name}.lane = sdiv i64 %{name}.i, {max(n, 1)}",
        f"%{name}.beyond = icmp sge i64 %{name}.lane, %tail.rows",
        f"%{name}.last = sub i64 %tail.rows, 1",
        f"%{name}.lane.in = select i1 %{name}.beyond, i64 %{name}.last, i64 %{name}.lane",
        f"%{name}.row = add i64 %tail.first, %{name}.lane.in",
        f"%{name}.row.at = mul i64 %{name}.row, {n}",
        f"%{name}.index = add i64 %{name}.row.at, %{name}.in_row",
        f"%{name}.outside = getelementptr double, ptr {array}, i64 %{name}.index",
        f"%{name}.inside.index = add i64 %{name}.i, {place}",
        f"%{name}.inside = getelementptr double, ptr %workspace, i64 %{name}.inside.index",
    ]
    source, target = ("outside", "inside") if into_workspace else ("inside", "outside")
    inner += [
        f"%{name}.x = load double, ptr %{name}.{source}, align 8",
        f"store double %{name}.x, ptr %{name}.{target}, align 8",
    ]
    lanes = str(width) if into_workspace else "%tail.rows"
    return [
        f"%{name}.some = icmp sgt i64 %tail.rows, 0",
        f"%{name}.lanes = select i1 %{name}.some, i64 {lanes}, i64 0",
        f"%{name}.n = mul i64 %{name}.lanes, {n}",
        *_loop(f"{name}.i", f"%{name}.n", inner),
    ]


class Kernel:
    """A program compiled for this machine.

    Args:
        program: what is computed.
        layout: what its inputs and outputs are.
        width: lanes of a vector; as many as the processor has if 0.
    """

    def __init__(self, program: Program, layout: Layout, width: int = 0) -> None:
        import ctypes

        module = Module(program, layout, width or host_width())
        self._engine = _engine(module.text)
        self.layout, self.workspace = layout, module.workspace
        kinds = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, *[ctypes.c_void_p] * 4]
        self.run = ctypes.CFUNCTYPE(None, *kinds)(self._engine.get_function_address("run"))


def _engine(text: str) -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    for name, address in library_addresses().items():
        llvm.add_symbol(name, address)
    features = llvm.get_host_cpu_features().flatten()
    machine = llvm.Target.from_default_triple().create_target_machine(llvm.get_host_cpu_name(), features, opt=1)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(text), machine)
    engine.finalize_object()
    return engine


@lru_cache(maxsize=1)
def host_width() -> int:
    """How many floats a vector of this processor holds."""
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features()
    return 8 if features.get("avx512f") else 4 if features.get("avx") else 2
