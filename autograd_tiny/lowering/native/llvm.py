"""A program as native code: LLVM instructions on vectors of samples, one sample in each lane.

The rows of a batch are taken in blocks of one vector.  The instructions are cut into steps, each a function of its own
with a loop over blocks: a step's code stays in the instruction cache while it goes over all blocks, and the time of
compilation stays proportional to the number of instructions.  A step is a chunk of instructions one after the other, or,
where a network has a layer, loops over its sums of products.  What one step computes and a later one uses waits in a frame,
one per block.

Nothing is reassociated or contracted: a lane computes what Python's floats compute, apart from the last digits of functions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, count, zip_longest
from typing import Any

from autograd_tiny.lowering.native.llvm_text import copy_rows, counted, cut_evenly, element, function, looked_up, loop, store, table
from autograd_tiny.lowering.native.rows import COPY, RowWriter, expansion
from autograd_tiny.lowering.native.sums import Arrangement, Meant, Step, Weighted, arranged
from autograd_tiny.lowering.native.vectors import definition, library_addresses, splat
from autograd_tiny.lowering.program import Instruction, Program, opened
from autograd_tiny.lowering.runners import Layout

CHUNK = 250
"""The most instructions in one function.  Code generation takes longer per instruction in longer ones."""
FRAME_BYTES = 2**19
"""How much the frames of the blocks that a step goes over may hold: as much as stays in a core's own cache."""
WIDEST_SHUFFLE = 64
"""The most floats of a block of rows that are loaded at once and sorted into columns by shuffles."""
FEW_PARAMETERS = 2048
"""How many parameters a core keeps in its first cache; of more, each chunk gets its own in the order of their use."""
TURNS = 4
"""How many sums are computed in turns: an addition takes three or four steps of the processor."""
SHORTEST_SUM = 16
"""The shortest sequence of instructions that is worth taking turns."""
SMALLEST_LOOP = 128
"""The fewest products that are worth a loop."""
REGISTERS = 20
"""After how many other loads from the frame a value is loaded again: by then it would have been spilled, which costs a store too."""


def taking_turns(program: Program, steps: Sequence[Step]) -> list[int]:
    """The instructions in an order in which the long sums of a step take turns.

    Each addition of a sum waits for the one before.  Sums of many terms that follow one another, as those of a layer do, are
    computed several at a time; what they have in common, the layer's inputs, is then loaded once for all of them.
    """
    first = program.n_leaves
    uses = Counter(x for _, operands in program.instructions for x in operands)
    user = {x: number for number, (_, operands) in enumerate(program.instructions, first) for x in operands}

    def needs_none(start: int, end: int, since: int, until: int) -> bool:
        """Whether these instructions need no value with a number from ``since`` to before ``until``."""
        return not any(since <= x < until for _, operands in program.instructions[start - first : end - first] for x in operands)

    order: list[int] = []
    for span, sums in steps:
        if sums:
            order += span
            continue
        ends = [x + 1 for x in span if x + 1 == span.stop or uses[x] != 1 or user[x] - x > 2]
        group: list[range] = []
        for start, end in zip([span.start, *ends], ends):
            if group and end - start < SHORTEST_SUM and needs_none(start, end, group[0].start, group[-1].start):
                group[-1] = range(group[-1].start, end)
                continue
            if group and (len(group) == TURNS or not needs_none(start, end, group[0].start, start)):
                order += _in_turns(group)
                group = []
            group.append(range(start, end))
        order += _in_turns(group)
    return order


def _in_turns(sequences: Sequence[range]) -> list[int]:
    return [x for turn in zip_longest(*sequences) for x in turn if x is not None]


_ARRAYS = ("parameters", "batch", "values", "derivatives", "workspace", "means")
ARGUMENTS = ", ".join(["i64 %rows", *[f"ptr noalias %{name}" for name in _ARRAYS]])
PASSED = ", ".join(["i64 %rows", *[f"ptr %{name}" for name in _ARRAYS], "i64 %first", "i64 %last"])


class Module:
    """The LLVM text of a program, and what one must know to call it.

    The text defines ``run(rows, parameters, batch, values, derivatives, workspace, means)``: the number of rows, an i64, and
    pointers to floats.  The last rows, too few to fill a vector, are copied to the workspace and filled up with
    repetitions of the last one, so that nothing is read or written beyond the arrays.

    Attributes:
        text: the LLVM module.
        workspace: how many floats the workspace holds.
    """

    def __init__(self, program: Program, layout: Layout, width: int) -> None:
        n_parameters, n_columns, n_values, n_derivatives, _ = layout
        self.layout, self.width = layout, width
        self.wide = n_columns * width > WIDEST_SHUFFLE
        self.rows = RowWriter(width)
        self.V, self.B, self.zero, self.nothing = self.rows.V, self.rows.B, splat(0.0, width), splat(-0.0, width)
        # Sums that are computed at a time, of a layer and of a rectangle: with their factors, they fill the registers.
        self.neurons, self.tile = (16, (4, 4)) if width >= 8 else (8, (2, 4))
        self.program, self.steps, vectors = self._arranged(opened(program, program.outputs, expansion))
        self.n_leaves = self.program.n_leaves
        self.constants = [splat(c, width) for c in self.program.constants]
        self.value_numbers = self.program.outputs[:n_values]
        self.derivative_numbers = self.program.outputs[n_values : n_values + n_derivatives]
        self.many = {
            name: numbers
            for name, numbers in (("values", self.value_numbers), ("derivatives", self.derivative_numbers))
            if len(numbers) * width > WIDEST_SHUFFLE
        }
        in_loops = {x for span, sums in self.steps if sums for x in span}
        self.summed = {x: places for x, places in self._means_of(self.program).items() if x not in in_loops}
        self.sum_at = {place: k for k, place in enumerate([place for places in self.summed.values() for place in places])}
        self.step_of = [i for i, step in enumerate(self.steps) for _ in step.span]
        self.slots, self.columns_at = self._frame_slots(vectors)
        # An odd number of vectors: the same place in many frames then does not fall on the same lines of the processor's cache.
        self.frame = (self.columns_at + n_columns * self.wide) * width
        self.frame += width * (self.frame // width % 2 == 0) if self.frame else 0
        self.group = max(1, FRAME_BYTES // (8 * self.frame)) if self.frame else 2**40
        self.order: list[int] = []  # of the parameters in the workspace
        self.pooled = n_parameters > FEW_PARAMETERS
        sizes = [width * n for n in (len(self.sum_at), n_columns, n_values, n_derivatives)] + [self.frame and self.frame * self.group]
        *self.places, self.parameters_at = accumulate(sizes, initial=0)
        self.text = self._text()
        self.workspace = self.parameters_at + -(-len(self.order) // width) * width

    def _arranged(self, program: Program) -> Arrangement:
        """The program's instructions in the order in which they are computed, cut into steps.

        Every output that is no mean made by a loop is the result of an instruction; the last step can write outputs.
        """
        first, n_parameters = program.n_leaves, self.layout.n_parameters
        columns = range(n_parameters, n_parameters + self.layout.n_columns * self.wide)
        found = arranged(program, n_parameters, columns, self._means_of(program), SMALLEST_LOOP)
        program, steps, vectors = found.reordered(taking_turns(found.program, found.steps))
        end = first + len(program.instructions)
        of_layers = {x for _, sums in steps if isinstance(sums, Weighted) for x in sums.results}
        copied = [x for x in dict.fromkeys(program.outputs) if x < first or x in of_layers]
        program = program.extended([Instruction(COPY, (x,)) for x in copied], dict(zip(copied, count(end))))
        steps.append(Step(range(end, end + len(copied)), None))
        cut: list[Step] = []
        for span, sums in steps:
            if sums:
                cut.append(Step(span, sums))
            else:
                cut += [Step(span[i : i + CHUNK], None) for i in range(0, len(span), CHUNK)]
        if not cut or cut[-1].sums:
            cut.append(steps[-1])
        return Arrangement(program, cut, vectors)

    def _means_of(self, program: Program) -> dict[int, list[int]]:
        """In which places the means of values are wanted."""
        means_of: dict[int, list[int]] = {}
        for j, x in enumerate(program.outputs[self.layout.n_values + self.layout.n_derivatives :]):
            means_of.setdefault(x, []).append(j)
        return means_of

    def _frame_slots(self, vectors: Sequence[Sequence[int]]) -> tuple[dict[int, int], int]:
        """A place in the frame for every value that a later step uses, and how many there are.

        Vectors come first, their values side by side; a place is used again when its value is not.
        """
        last_use: dict[int, int] = {}
        for number, (_, operands) in enumerate(self.program.instructions, self.n_leaves):
            last_use.update(dict.fromkeys(operands, self.step_of[number - self.n_leaves]))
        for name, numbers in (("values", self.value_numbers), ("derivatives", self.derivative_numbers)):
            last_use.update(dict.fromkeys(numbers, len(self.steps) - (name not in self.many)))
        slots = {x: slot for slot, x in enumerate(x for vector in vectors for x in vector)}
        n_slots = len(slots)
        free: list[int] = []
        freed: dict[int, list[int]] = {}
        for number, step in enumerate(self.step_of, self.n_leaves):
            free += freed.pop(step - 1, [])
            if number not in slots and last_use.get(number, 0) > step:
                if not free:
                    free.append(n_slots)
                    n_slots += 1
                slots[number] = free.pop()
            if number in slots:
                freed.setdefault(max(step, last_use.get(number, 0)), []).append(slots[number])
        return slots, n_slots

    def _text(self) -> str:
        functions = {"columns": self._over_blocks(self._sort_columns())} if self.wide else {}
        tables: list[str] = []
        for i, (_, sums) in enumerate(self.steps):
            if sums is None:
                functions[f"step{i}"] = self._over_blocks(self._instructions(i))
                continue
            if isinstance(sums, Weighted):
                left, right, bodies = list(sums.left[0]), self._places(sums.right), self._weighted(f"step{i}", sums)
            else:
                left, right, bodies = self._places(sums.left[0]), self._places(sums.right[0]), self._meant(f"step{i}", sums)
            tables += [table(f"step{i}.left", left), table(f"step{i}.right", right)]
            functions |= {f"step{i}.{part}": body for part, body in enumerate(bodies)}
        for name, numbers in self.many.items():
            functions[name] = self._over_blocks(self._columns_to_rows(name, len(numbers)))
            tables.append(table(f"{name}.slots", self._places(numbers)))
        steps = [function(name, f"{ARGUMENTS}, i64 %first, i64 %last", body, internal=True) for name, body in functions.items()]
        run = function("run", ARGUMENTS, self._run([f"call void @{name}({PASSED})" for name in functions]))
        vectors = [definition(name, self.width) for name in sorted(self.rows.called)]
        tables += [table("order", self.order), table("sums", list(self.sum_at))]
        attributes = 'attributes #0 = { nounwind "min-legal-vector-width"="512" "prefer-vector-width"="512" }'
        return "\n".join([*tables, *vectors, *steps, run, attributes, ""])

    def _over_blocks(self, body: Sequence[str]) -> list[str]:
        """Lines that go over the blocks from ``first`` to before ``last``."""
        return ["%blocks = sub i64 %last, %first", *loop("from_first", "%blocks", [*self._block(), *body])]

    def _places(self, values: Sequence[int]) -> list[int]:
        """Where in the frame values lie."""
        return [place for x in values if (place := self._place_in_frame(x)) is not None]

    def _weighted(self, name: str, sums: Weighted) -> list[list[str]]:
        """Lines that compute a layer's sums for each block, some neurons at a time: for all of these, an input is loaded once."""
        down = sums.left[1][0] - sums.left[0][0] if len(sums.left) > 1 else 0
        bodies = []
        for start, tiles, size in cut_evenly(len(sums.left), self.neurons):
            term = [*looked_up("left", f"{name}.left", "%weights", "%n"), *looked_up("x", f"{name}.right", "%frame", "%n")]
            term += self._loaded("%x")
            for t in range(size):
                term += [
                    f"%w{t}.at = getelementptr double, ptr %left.at, i64 {t * down}",
                    *self._same_in_all_lanes(f"%w{t}"),
                    f"%p{t} = fmul {self.V} %w{t}, %x",
                    f"%sum{t}.next = fadd {self.V} %sum{t}, %p{t}",
                ]
            sums_of_tile = {f"%sum{t}": (self.V, self.nothing, f"%sum{t}.next") for t in range(size)}
            tile = [
                *counted("i", "%tile", start, size),
                *element("weights", "%parameters", {"%i": down}),
                *element("out", "%frame", {"%i": self.width}, self.slots[sums.results[0]] * self.width),
                *loop("n", str(len(sums.right)), term, sums_of_tile),
            ]
            for t in range(size):
                tile += store(self.V, f"%sum{t}.last", "%out", t * self.width)
            bodies.append(loop("tile", str(tiles), self._over_blocks(tile)))
        return bodies

    def _meant(self, name: str, sums: Meant) -> list[list[str]]:
        """Lines that add the sums of all blocks to means, a small rectangle at a time, which stays in registers meanwhile."""
        place, down, across = sums.means
        bodies = []
        for i_start, i_tiles, height in cut_evenly(len(sums.left), self.tile[0]):
            for j_start, j_tiles, breadth in cut_evenly(len(sums.right), self.tile[1]):
                cells = [(t, u) for t in range(height) for u in range(breadth)]
                term = [*looked_up("left", f"{name}.left", "%left.frame", "%n"), *looked_up("right", f"{name}.right", "%right.frame", "%n")]
                for side, n in (("left", height), ("right", breadth)):
                    for t in range(n):
                        term.append(f"%{side}{t}.all.at = getelementptr double, ptr %{side}.at, i64 {t * self.width}")
                        term += self._loaded(f"%{side}{t}.all")
                        # Lanes beyond the last row repeat it; they must not count.
                        term.append(f"%{side}{t} = select {self.B} %mask, {self.V} %{side}{t}.all, {self.V} {self.zero}")
                for t, u in cells:
                    term += [f"%p{t}.{u} = fmul {self.V} %left{t}, %right{u}", f"%sum{t}.{u}.next = fadd {self.V} %sum{t}.{u}, %p{t}.{u}"]
                block = [
                    *self._block(),
                    *element("left.frame", "%frame", {"%i": self.width}),
                    *element("right.frame", "%frame", {"%j": self.width}),
                    *loop("n", str(len(sums.left[0])), term, {
                        f"%sum{t}.{u}": (self.V, f"%of_blocks{t}.{u}", f"%sum{t}.{u}.next") for t, u in cells
                    }),
                ]  # fmt: skip
                tile = [
                    *counted("j", "%j.tile", j_start, breadth),
                    *loop("from_first", "%blocks", block, {
                        f"%of_blocks{t}.{u}": (self.V, self.nothing, f"%sum{t}.{u}.last") for t, u in cells
                    }),
                    *element("mean", "%means", {"%i": down, "%j": across}, place),
                ]  # fmt: skip
                for t, u in cells:
                    one = f"%mean{t}.{u}"
                    tile += [
                        *self._sum_of_lanes(one, f"%of_blocks{t}.{u}.last"),
                        f"{one}.at = getelementptr double, ptr %mean, i64 {t * down + u * across}",
                        f"{one}.old = load double, ptr {one}.at, align 8",
                        f"{one}.new = fadd double {one}.old, {one}",
                        f"store double {one}.new, ptr {one}.at, align 8",
                    ]
                rows = [*counted("i", "%i.tile", i_start, height), *loop("j.tile", str(j_tiles), tile)]
                bodies.append(["%blocks = sub i64 %last, %first", *loop("i.tile", str(i_tiles), rows)])
        return bodies

    def _sum_of_lanes(self, name: str, lanes: str) -> list[str]:
        return [f"{name} = call reassoc double @llvm.vector.reduce.fadd.v{self.width}f64(double -0.0, {self.V} {lanes})"]

    def _loaded(self, name: str) -> list[str]:
        return [f"{name} = load {self.V}, ptr {name}.at, align 64"]

    def _same_in_all_lanes(self, name: str) -> list[str]:
        """The float at ``name.at`` in every lane."""
        return [
            f"{name}.one = load double, ptr {name}.at, align 8",
            f"{name}.first = insertelement {self.V} zeroinitializer, double {name}.one, i32 0",
            f"{name} = shufflevector {self.V} {name}.first, {self.V} zeroinitializer, <{self.width} x i32> zeroinitializer",
        ]

    def _block(self) -> list[str]:
        """Where a block's rows and frame lie, and which of its lanes stand for rows."""
        width = self.width
        lanes = ", ".join(f"i64 {i}" for i in range(width))
        lines = [
            "%block = add i64 %first, %from_first",
            f"%row = mul i64 %block, {width}",
            "%left = sub i64 %rows, %row",
            f"%full = icmp sge i64 %left, {width}",
            f"%left.first = insertelement <{width} x i64> zeroinitializer, i64 %left, i32 0",
            f"%left.all = shufflevector <{width} x i64> %left.first, <{width} x i64> zeroinitializer, <{width} x i32> zeroinitializer",
            f"%mask = icmp slt <{width} x i64> <{lanes}>, %left.all",
            *element("frame", "%workspace", {"%from_first": self.frame}, self.places[4]),
        ]
        arrays = zip(("batch", "values", "derivatives"), self.layout[1:4], self.places[1:4])
        for array, n, place in arrays:
            lines += [
                *element(f"{array}.full", f"%{array}", {"%row": n}),
                f"%{array}.tail = getelementptr double, ptr %workspace, i64 {place}",
                f"%{array}.block = select i1 %full, ptr %{array}.full, ptr %{array}.tail",
            ]
        return lines

    def _instructions(self, index: int) -> list[str]:
        """The instructions of a step, with the loads and stores around them."""
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
                # Volatile, or it would be taken for the same as the earlier load, whose result is kept, and spilled.
                again = "volatile " * (x in loads)
                lines.append(f"%f{n_loads}.at = getelementptr double, ptr %frame, i64 {place}")
                lines.append(f"%f{n_loads} = load {again}{self.V}, ptr %f{n_loads}.at, align 64")
                names[x], loads[x] = f"%f{n_loads}", n_loads
                n_loads += 1
            return names[x]

        for number in self.steps[index].span:
            row, operands = self.program.instructions[number - self.n_leaves]
            given = [name(x) for x in operands]
            names[number] = result = f"%v{number}"
            lines += self.rows.instruction(row, given, result)
            if number in self.slots:
                lines += store(self.V, result, "%frame", self.slots[number] * self.width)
            if number in self.summed:
                lines += self._add_to_sums(number, result)
        if index == len(self.steps) - 1:
            for array, numbers in (("values", self.value_numbers), ("derivatives", self.derivative_numbers)):
                if numbers and array not in self.many:
                    lines += self._store_few(array, [name(x) for x in numbers])
        return lines

    def _place_in_frame(self, x: int) -> int | None:
        """Where in the frame a value lies that another step computed, or a column of a wide batch."""
        if x >= self.n_leaves:
            return self.slots[x] * self.width
        column = x - self.layout.n_parameters
        return (self.columns_at + column) * self.width if self.wide and 0 <= column < self.layout.n_columns else None

    def _load(self, x: int, lines: list[str]) -> str:
        """The name of an input or constant."""
        n_parameters, n_columns = self.layout[:2]
        width = self.width
        if x >= n_parameters + n_columns:
            return self.constants[x - n_parameters - n_columns]
        if x < n_parameters:
            base, place = "%parameters", x
            if self.pooled:
                base, place = "%workspace", self.parameters_at + len(self.order)
                self.order.append(x)
            lines += [
                f"%v{x}.at = getelementptr double, ptr {base}, i64 {place}",
                *self._same_in_all_lanes(f"%v{x}"),
            ]
            return f"%v{x}"
        block = f"<{n_columns * width} x double>"
        if not any(line.startswith("%batch.all") for line in lines):
            lines.append(f"%batch.all = load {block}, ptr %batch.block, align 8")
        places = ", ".join(f"i32 {lane * n_columns + x - n_parameters}" for lane in range(width))
        lines.append(f"%v{x} = shufflevector {block} %batch.all, {block} zeroinitializer, <{width} x i32> <{places}>")
        return f"%v{x}"

    def _add_to_sums(self, number: int, result: str) -> list[str]:
        """Lines that add a value to a sum over the rows, kept for each lane."""
        lines = []
        for j in self.summed[number]:
            at = f"%m{j}"
            lines += [
                f"{at}.at = getelementptr double, ptr %workspace, i64 {self.sum_at[j] * self.width}",
                f"{at}.old = load {self.V}, ptr {at}.at, align 64",
                f"{at}.new = fadd {self.V} {at}.old, {result}",
                f"{at}.kept = select {self.B} %mask, {self.V} {at}.new, {self.V} {at}.old",
                f"store {self.V} {at}.kept, ptr {at}.at, align 64",
            ]
        return lines

    def _store_few(self, array: str, columns: Sequence[str]) -> list[str]:
        """Columns written to an array row by row, sorted by shuffles."""
        lines: list[str] = []
        width, n = self.width, len(columns)
        whole = self._joined(array, columns, lines)
        order = ", ".join(f"i32 {j * width + lane}" for lane in range(width) for j in range(n))
        kind = f"<{n * width} x double>"
        lines.append(f"%{array}.sorted = shufflevector {kind} {whole}, {kind} zeroinitializer, <{n * width} x i32> <{order}>")
        return [*lines, f"store {kind} %{array}.sorted, ptr %{array}.block, align 8"]

    def _columns_to_rows(self, array: str, n: int) -> list[str]:
        """Columns in the frame written to an array row by row, in a loop: as straight lines, many would take long to compile."""
        lines = [*looked_up("x", f"{array}.slots", "%frame", "%j"), *self._loaded("%x")]
        lines.append(f"%to = getelementptr double, ptr %{array}.block, i64 %j")
        for lane in range(self.width):
            lines += [
                f"%x.{lane} = extractelement {self.V} %x, i32 {lane}",
                f"%to.{lane} = getelementptr double, ptr %to, i64 {lane * n}",
                f"store double %x.{lane}, ptr %to.{lane}, align 8",
            ]
        return loop("j", str(n), lines)

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
        lines = [
            *element("to", "%frame", {"%j": self.width}, self.columns_at * self.width),
            "%from = getelementptr double, ptr %batch.block, i64 %j",
        ]
        column = "zeroinitializer"
        for lane in range(self.width):
            lines += [
                f"%from.{lane} = getelementptr double, ptr %from, i64 {lane * n}",
                f"%x.{lane} = load double, ptr %from.{lane}, align 8",
                f"%y.{lane} = insertelement {self.V} {column}, double %x.{lane}, i32 {lane}",
            ]
            column = f"%y.{lane}"
        return loop("j", str(n), [*lines, f"store {self.V} {column}, ptr %to, align 64"])

    def _run(self, calls: Sequence[str]) -> list[str]:
        """The function that is called from outside: prepares the workspace, goes over groups of blocks, takes the means."""
        _, n_columns, n_values, n_derivatives, n_means = self.layout
        width, kind = self.width, self.V
        _, batch_at, values_at, derivatives_at, _ = self.places
        n_sums = str(len(self.sum_at))
        a_sum = element("sum", "%workspace", {"%k": width})
        return [
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
            *loop("k", n_sums, [*a_sum, f"store {kind} zeroinitializer, ptr %sum, align 64"]),
            *loop("clear", str(n_means), [*element("clear.at", "%means", {"%clear": 1}), "store double 0.0, ptr %clear.at, align 8"]),
            *loop("p", str(len(self.order)), [
                *looked_up("parameter", "order", "%parameters", "%p"),
                "%parameter = load double, ptr %parameter.at, align 8",
                *element("parameter.to", "%workspace", {"%p": 1}, self.parameters_at),
                "store double %parameter, ptr %parameter.to, align 8",
            ]),
            *copy_rows("batch", "%batch", batch_at, n_columns, into_workspace=True, width=width),
            *loop("group", "%groups", [
                "%first = mul i64 %group, %size",
                "%first.next = add i64 %first, %size",
                "%all = icmp slt i64 %blocks, %first.next",
                "%last = select i1 %all, i64 %blocks, i64 %first.next",
                "%none = icmp sge i64 %first, %blocks",
                "br i1 %none, label %group.end, label %group.calls",
                "group.calls:",
                *calls,
            ]),
            *copy_rows("values", "%values", values_at, n_values, into_workspace=False, width=width),
            *copy_rows("derivatives", "%derivatives", derivatives_at, n_derivatives, into_workspace=False, width=width),
            *loop("q", n_sums, [
                *element("lanes.at", "%workspace", {"%q": width}),
                f"%lanes = load {kind}, ptr %lanes.at, align 64",
                *self._sum_of_lanes("%of_lanes", "%lanes"),
                *looked_up("of_lanes", "sums", "%means", "%q"),
                "store double %of_lanes, ptr %of_lanes.at, align 8",
            ]),
            *loop("mean", str(n_means), [
                *element("mean.at", "%means", {"%mean": 1}),
                "%mean.sum = load double, ptr %mean.at, align 8",
                "%mean.one = fmul double %mean.sum, %share",
                "store double %mean.one, ptr %mean.at, align 8",
            ]),
        ]  # fmt: skip


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
        kinds = [ctypes.c_int64, *[ctypes.c_void_p] * 6]
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
