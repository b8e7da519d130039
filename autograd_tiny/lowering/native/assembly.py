"""The third pass to native code: LLVM text on vectors of samples, one sample in each lane.

The rows of a batch are taken in blocks of one vector.  Each step is a function that goes over many blocks before the
next one starts: its code stays in the instruction cache, and the time of compilation stays proportional to the number
of instructions.

Nothing is reassociated or contracted: a lane computes what Python's floats compute, apart from the last digits of
functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import NamedTuple

from autograd_tiny.lowering.native.arrangement import arranged
from autograd_tiny.lowering.native.emitter import ATTRIBUTES, Emitter, Loop, Vector, table
from autograd_tiny.lowering.native.frame import Frame, is_wide
from autograd_tiny.lowering.native.loops import MatrixVector, MeanOuter, Repeated
from autograd_tiny.lowering.native.rows import emitted
from autograd_tiny.lowering.native.vectors import definition
from autograd_tiny.lowering.runners import Computation, Layout

REGISTERS = 20
"""After how many other loads from the frame a value is loaded again.

By then it would have been spilled, which costs a store too.
"""

TURN = 12
"""How many instructions of a formula that is repeated one turn of its loop has, if the formula has no more."""

KINDS = {"rows": "i64", **dict.fromkeys(("parameters", "batch", "values", "derivatives", "workspace"), "ptr")}
PASSED = ", ".join([f"{kind} %{name}" for name, kind in KINDS.items()])
ARGUMENTS = PASSED.replace("ptr", "ptr noalias")
OF_BLOCKS, OF_LAYER = "i64 %first, i64 %last", "i64 %start, i64 %tiles, i64 %terms, ptr %left, ptr %right, i64 %results"
"""What further arguments are: which blocks, and what the layers of one width do not have in common."""


class Block(NamedTuple):
    """Pointers to the frame and the rows of a block, and which of its lanes stand for rows."""

    frame: str
    batch: str
    values: str
    derivatives: str
    mask: Vector


class Assembly:
    """The LLVM text of a program, and what one must know to call it.

    The text defines ``run(arguments)``; at this pointer lie side by side the number of rows, an i64, and pointers to
    the floats of parameters, batch, values, derivatives and workspace.  The workspace then begins with the means.  The
    last rows, too few to fill a vector, are copied to the workspace and filled up with repetitions of the last one, so
    that nothing is read or written beyond the arrays.

    Attributes:
        text: the LLVM module.
        workspace: how many floats the workspace holds.
        work: how many operands the instructions have for a row, a measure of its time.
    """

    def __init__(self, computation: Computation, layout: Layout, width: int) -> None:
        self.layout, self.width, self.wide = layout, width, is_wide(layout, width)
        columns = range(layout.n_parameters, layout.n_parameters + layout.n_columns * self.wide)
        arrangement = arranged(computation, layout, columns)
        self.program, self.steps, _ = arrangement
        self.frame = Frame(arrangement, layout, width)
        self.workspace = self.frame.workspace
        self.work = sum([len(operands) for _, operands in self.program.instructions])
        # Sums that are computed at a time, of a layer and of a rectangle: with their factors, they fill the registers.
        self.neurons, self.tile = (16, (4, 4)) if width >= 8 else (8, (2, 4))
        self.tables: dict[str, Sequence[int]] = {}
        self.layers: dict[tuple[int, int], Emitter] = {}
        functions = dict(self._functions())
        called = {name for emitter in functions.values() for name in emitter.called}
        self.text = "\n".join([
            *[definition(name, width) for name in sorted(called)],
            *[e.function(_layer(*of), f"{ARGUMENTS}, {OF_BLOCKS}, {OF_LAYER}") for of, e in self.layers.items()],
            *[e.function(name, f"{ARGUMENTS}, {OF_BLOCKS}") for name, e in functions.items()],
            self._run(list(functions)).function("run", "ptr %arguments"),
            *[table(name, numbers) for name, numbers in self.tables.items()], ATTRIBUTES, "",
        ])  # fmt: skip

    def _functions(self) -> Iterable[tuple[str, Emitter]]:
        """What goes over the blocks, in this order."""
        if self.wide:
            yield "columns", self._rows_to_columns()
        for i, (_, loop) in enumerate(self.steps):
            name = f"step{i}"
            if loop is None:
                yield name, self._instructions(i)
                continue
            if isinstance(loop, Repeated):
                yield name, self._repeated(i, loop)
                continue
            if isinstance(loop, MatrixVector):
                self.tables |= {f"{name}.left": loop.left[0], f"{name}.right": self._places(loop.right)}
                yield name, self._matrix_vector(name, loop)
                continue
            for part, emitter in enumerate(self._mean_outer(name, loop)):
                yield f"{name}.{part}", emitter
        for name, numbers in self.frame.many.items():
            yield name, self._columns_to_rows(name, self._places(numbers))

    def _places(self, values: Sequence[int]) -> list[int]:
        """Where in the frame values lie."""
        return [place for x in values if (place := self.frame.place(x)) is not None]

    def _each(self, e: Emitter, name: str, places: Sequence[int]) -> Callable[[str, str], str]:
        """What gives the pointer ``places[index]`` floats from a base; a table is read only where they are uneven."""
        steps = {after - before for before, after in pairwise(places)}
        if len(steps) > 1:
            self.tables[name] = places
            return lambda base, index: e.looked_up(f"@{name}", base, index)
        first = places[0] if places else 0
        return lambda base, index: e.at(e.at(base, index, *steps), first)

    @contextmanager
    def _blocks(self, e: Emitter, start: Sequence[Vector] = ()) -> Iterator[tuple[Block, Loop]]:
        """Go over the blocks from ``first`` to before ``last``; vectors may be carried, as by `Emitter.loop`."""
        with e.loop(e.single("sub", "%last", "%first"), start) as loop:
            row = e.single("mul", e.single("add", "%first", loop.index), self.width)
            left = e.single("sub", "%rows", row)
            full = e.single("icmp sge", left, self.width)
            batch, values, derivatives = [
                e.either(full, e.at(f"%{array}", row, n), e.at("%workspace", place))
                for array, n, place in zip(("batch", "values", "derivatives"), self.layout[1:4], self.frame.places[1:4])
            ]
            frame = e.at(e.at("%workspace", loop.index, self.frame.size), self.frame.places[4])
            yield Block(frame, batch, values, derivatives, e.lanes_below(left)), loop

    def _matrix_vector(self, name: str, sums: MatrixVector) -> Emitter:
        """A layer's sums for each block, some neurons at a time.

        A function for so many neurons serves every layer: networks have hundreds that differ in nothing but places.
        """
        e = Emitter(self.width)
        down = sums.left[1][0] - sums.left[0][0] if len(sums.left) > 1 else 0
        results = self.frame.slots[sums.results[0]] * self.width
        for start, n_tiles, size in _tiles(len(sums.left), self.neurons):
            if (size, down) not in self.layers:
                self.layers[size, down] = self._neurons(size, down)
            own = (
                f"i64 {start}, i64 {n_tiles}, i64 {len(sums.right)}, ptr @{name}.left, ptr @{name}.right, i64 {results}"
            )
            e.do(_layer(size, down), f"{PASSED}, {OF_BLOCKS}, {own}")
        return e

    def _neurons(self, size: int, down: int) -> Emitter:
        """Sums of so many neurons at a time: for all of these, an input is loaded once."""
        e = Emitter(self.width)
        with e.loop("%tiles") as tile, self._blocks(e) as (block, _):
            i = e.single("add", e.single("mul", tile.index, size), "%start")
            weights = e.at("%parameters", i, down)
            results = e.at(e.at(block.frame, i, self.width), "%results")
            with e.loop("%terms", [e.constant(-0.0)] * size) as term:
                left = e.looked_up("%left", weights, term.index)
                x = e.load(e.looked_up("%right", block.frame, term.index))
                for t, so_far in enumerate(term.carried):
                    term.following.append(so_far + e.spread(e.load_one(e.at(left, t, down))) * x)
            for t, whole in enumerate(term.last):
                e.store(whole, e.at(results, t, self.width))
        return e

    def _mean_outer(self, name: str, sums: MeanOuter) -> Iterable[Emitter]:
        """Sums of all blocks added to means, a small rectangle at a time, which stays in registers meanwhile."""
        place, down, across = sums.means
        sides = {"left": self._places(sums.left[0]), "right": self._places(sums.right[0])}
        for i_start, i_tiles, height in _tiles(len(sums.left), self.tile[0]):
            for j_start, j_tiles, breadth in _tiles(len(sums.right), self.tile[1]):
                e = Emitter(self.width)
                each = [self._each(e, f"{name}.{side}", places) for side, places in sides.items()]
                none = [e.constant(-0.0)] * (height * breadth)
                with e.loop(i_tiles) as i_tile, e.loop(j_tiles) as j_tile:
                    i = e.single("add", e.single("mul", i_tile.index, height), i_start)
                    j = e.single("add", e.single("mul", j_tile.index, breadth), j_start)
                    with self._blocks(e, none) as (block, of_blocks):
                        frames = e.at(block.frame, i, self.width), e.at(block.frame, j, self.width)
                        with e.loop(len(sums.left[0]), of_blocks.carried) as term:
                            factors = []
                            for pointer, frame, n in zip(each, frames, (height, breadth)):
                                first = pointer(frame, term.index)
                                loaded = [e.load(e.at(first, t, self.width)) for t in range(n)]
                                # Lanes beyond the last row repeat it; they must not count.
                                factors.append([block.mask.choose(x, 0.0) for x in loaded])
                            products = [x * y for x in factors[0] for y in factors[1]]
                            term.following += [so_far + product for so_far, product in zip(term.carried, products)]
                        of_blocks.following += term.last
                    mean = e.at(e.at(e.at("%workspace", i, down), j, across), place)
                    for cell, whole in enumerate(of_blocks.last):
                        t, u = divmod(cell, breadth)
                        at = e.at(mean, t * down + u * across)
                        e.store_one(e.single("fadd", e.load_one(at), whole.sum_of_lanes(), "double"), at)
                yield e

    def _repeated(self, index: int, repeated: Repeated) -> Emitter:
        """A formula for each block, once for each of its results, several to a turn where it is short."""
        e, frame, results = Emitter(self.width), self.frame, repeated.results
        sources = []  # of each operand: whether it is a parameter, and what gives the pointer to it
        for k, row in enumerate(repeated.operands):
            is_parameter = row[0] < self.layout.n_parameters
            places = row if is_parameter else self._places(row)
            sources.append((is_parameter, self._each(e, f"step{index}.{k}", places)))
        is_kept, is_summed = results[0] in frame.slots, results[0] in frame.summed
        kept = self._each(e, f"step{index}.results", self._places(results) if is_kept else [])
        sums = [frame.sum_at[frame.summed[x][0]] * self.width for x in results] if is_summed else []
        mean = self._each(e, f"step{index}.means", sums)
        with self._blocks(e) as (block, _):
            known = _Operands(self, e, block, index)
            fixed = [known[x] for x in repeated.fixed]
            for start, n_tiles, size in _tiles(len(results), max(1, TURN // len(repeated.formula))):
                with e.loop(n_tiles) as tile:
                    for k in range(start, start + size):
                        turn = e.single("add", e.single("mul", tile.index, size), k)
                        values = [
                            e.spread(e.load_one(pointer("%parameters", turn)))
                            if is_parameter
                            else e.load(pointer(block.frame, turn))
                            for is_parameter, pointer in sources
                        ]
                        values += fixed
                        for primitive, given in repeated.formula:
                            values.append(emitted(e, primitive, [values[x] for x in given]))
                        if is_kept:
                            e.store(values[-1], kept(block.frame, turn))
                        if is_summed:
                            self._add_to_mean(e, block, values[-1], mean("%workspace", turn))
        return e

    def _add_to_mean(self, e: Emitter, block: Block, x: Vector, at: str) -> None:
        """Add the lanes that stand for rows to a mean."""
        so_far = e.load(at)
        e.store(block.mask.choose(so_far + x, so_far), at)

    def _instructions(self, index: int) -> Emitter:
        """The instructions of a step, with the loads and stores around them."""
        e = Emitter(self.width)
        slots = self.frame.slots
        with self._blocks(e) as (block, _):
            operands = _Operands(self, e, block, index)
            for number in self.steps[index].span:
                row, given = self.program.instructions[number - self.program.n_leaves]
                result = emitted(e, row, [operands[x] for x in given])
                operands.known[number] = result
                if number in slots:
                    e.store(result, e.at(block.frame, slots[number], self.width))
                for place in self.frame.summed.get(number, ()):
                    self._add_to_mean(e, block, result, e.at("%workspace", self.frame.sum_at[place], self.width))
            if index == len(self.steps) - 1:
                for array, numbers in self.frame.few.items():
                    self._store_few(e, getattr(block, array), [operands[x] for x in numbers])
        return e

    def _store_few(self, e: Emitter, to: str, columns: Sequence[Vector]) -> None:
        """Columns written row by row, sorted by shuffles."""
        width, whole = self.width, columns[0].name
        for j, column in enumerate(columns[1:], 1):
            longer = [lane if lane < width else None for lane in range(j * width)]
            padded = e.shuffled(column.name, "zeroinitializer", width, longer)
            whole = e.shuffled(whole, padded, j * width, range((j + 1) * width))
        length = len(columns) * width
        order = [column * width + lane for lane in range(width) for column in range(len(columns))]
        e.store_one(e.shuffled(whole, "zeroinitializer", length, order), to, f"<{length} x double>")

    def _columns_to_rows(self, array: str, places: Sequence[int]) -> Emitter:
        """Columns in the frame written to an array row by row, in a loop: many straight lines take long to compile."""
        e, n = Emitter(self.width), len(places)
        each = self._each(e, f"{array}.places", places)
        with self._blocks(e) as (block, _), e.loop(n) as column:
            x = e.load(each(block.frame, column.index))
            to = e.at(getattr(block, array), column.index)
            for lane in range(self.width):
                e.store_one(x.lane(lane), e.at(to, lane * n))
        return e

    def _rows_to_columns(self) -> Emitter:
        """The rows of a block as columns in its frame."""
        e, n = Emitter(self.width), self.layout.n_columns
        with self._blocks(e) as (block, _), e.loop(n) as column:
            rows = e.at(block.batch, column.index)
            x = Vector(e, "zeroinitializer")
            for lane in range(self.width):
                x = x.with_lane(lane, e.load_one(e.at(rows, lane * n)))
            e.store(x, e.at(e.at(block.frame, column.index, self.width), self.frame.columns_at, self.width))
        return e

    def _run(self, functions: Sequence[str]) -> Emitter:
        """The function called from outside: prepares the workspace, goes over groups of blocks, takes the means."""
        e, frame, width = Emitter(self.width), self.frame, self.width
        _, n_columns, n_values, n_derivatives, _ = self.layout
        _, batch_at, values_at, derivatives_at, _, pool_at = frame.places
        pool = self._each(e, "pool", [x for _, x in frame.pool])
        sums = self._each(e, "sums", [*frame.sum_at])
        e.unpacked("%arguments", KINDS)
        blocks = e.single("sdiv", e.single("add", "%rows", width - 1), width)
        n_groups = e.limited("smax", e.single("sdiv", e.single("add", blocks, frame.group - 1), frame.group), 1)
        size = e.single("sdiv", e.single("add", blocks, e.single("sub", n_groups, 1)), n_groups)
        with e.loop(frame.means + len(frame.sum_at)) as lanes:
            e.store(e.constant(0.0), e.at("%workspace", lanes.index, width))
        with e.loop(len(frame.pool)) as parameter:
            x = e.load_one(pool("%parameters", parameter.index))
            e.store_one(x, e.at(e.at("%workspace", parameter.index), pool_at))
        self._copy_last_rows(e, "%batch", batch_at, n_columns, into_workspace=True)
        with e.loop(n_groups) as group:
            first = e.single("mul", group.index, size)
            last = e.limited("smin", e.single("add", first, size), blocks)
            for name in functions:
                e.do(name, f"{PASSED}, i64 {first}, i64 {last}")
        self._copy_last_rows(e, "%values", values_at, n_values, into_workspace=False)
        self._copy_last_rows(e, "%derivatives", derivatives_at, n_derivatives, into_workspace=False)
        with e.loop(len(frame.sum_at)) as lanes:
            whole = e.load(e.at(e.at("%workspace", lanes.index, width), frame.means, width)).sum_of_lanes()
            e.store_one(whole, sums("%workspace", lanes.index))
        share = e.spread(e.single("fdiv", "1.0", e.as_float("%rows"), "double"))
        with e.loop(frame.means) as means:
            at = e.at("%workspace", means.index, width)
            e.store(e.load(at) * share, at)
        return e

    def _copy_last_rows(self, e: Emitter, array: str, place: int, n: int, *, into_workspace: bool) -> None:
        """Copy the rows that do not fill a vector, to the workspace or back.

        Into the workspace goes a full vector of rows, the last one repeated; without rows left over, nothing does.
        """
        left = e.single("srem", "%rows", self.width)
        first = e.single("sub", "%rows", left)
        some = e.limited("smin", left, 1)
        with e.loop(e.single("mul", some, self.width) if into_workspace else left) as lane, e.loop(n) as column:
            row = e.single("add", first, e.limited("smin", lane.index, e.single("sub", left, 1)))
            outside = e.at(e.at(array, row, n), column.index)
            inside = e.at(e.at(e.at("%workspace", lane.index, n), column.index), place)
            source, target = (outside, inside) if into_workspace else (inside, outside)
            e.store_one(e.load_one(source), target)


class _Operands:
    """The operands of a step's instructions: what was computed in it, inputs, constants, and what lies in the frame."""

    def __init__(self, assembly: Assembly, e: Emitter, block: Block, step: int) -> None:
        self.assembly, self.e, self.block, self.step = assembly, e, block, step
        self.known: dict[int, Vector] = {}
        self.loads: dict[int, int] = {}  # values in the frame, and how many loads came before their last one
        self.n_loads = 0
        self.rows = ""

    def __getitem__(self, x: int) -> Vector:
        if x in self.known and not (x in self.loads and self.n_loads - self.loads[x] > REGISTERS):
            return self.known[x]
        if (place := self.assembly.frame.place(x)) is None:
            self.known[x] = self._leaf(x)
        else:
            self.known[x] = self.e.load(self.e.at(self.block.frame, place))
            self.loads[x] = self.n_loads
            self.n_loads += 1
        return self.known[x]

    def _leaf(self, x: int) -> Vector:
        e, assembly = self.e, self.assembly
        n_parameters, n_columns = assembly.layout[:2]
        if x >= n_parameters + n_columns:
            return e.constant(assembly.program.constants[x - n_parameters - n_columns])
        if x < n_parameters:
            place = assembly.frame.pool.get((self.step, x))
            return e.spread(e.load_one(e.at("%parameters", x) if place is None else e.at("%workspace", place)))
        length = n_columns * e.width
        self.rows = self.rows or e.load_one(self.block.batch, f"<{length} x double>")
        places = [lane * n_columns + x - n_parameters for lane in range(e.width)]
        return Vector(e, e.shuffled(self.rows, "zeroinitializer", length, places))


def _layer(size: int, down: int) -> str:
    """What the function is called that computes so many sums at a time, of parameters so far from each other."""
    return f'"layer of {size}, {down}"'


def _tiles(n: int, size: int) -> list[tuple[int, int, int]]:
    """Tiles over ``n`` things: the first thing, how many tiles and of which size, for full tiles and for the rest."""
    whole = n - n % size
    return [
        (start, n_tiles, of) for start, n_tiles, of in ((0, whole // size, size), (whole, 1, n - whole)) if n_tiles * of
    ]
