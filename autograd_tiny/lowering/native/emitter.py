"""LLVM text, one instruction at a time; nowhere else is an instruction written.

llvmlite has a builder of its own, which takes 23 µs for an instruction; this one takes less than one.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

ATTRIBUTES = 'attributes #0 = { nounwind "min-legal-vector-width"="512" "prefer-vector-width"="512" }'


def splat(x: float | int, width: int) -> str:
    """A constant vector, exact to the bit."""
    one = f"double 0x{struct.pack('>d', x).hex().upper()}" if isinstance(x, float) else f"i64 {x}"
    return f"<{', '.join([one] * width)}>"


def table(name: str, numbers: Sequence[int]) -> str:
    """Constants for `Emitter.looked_up`."""
    return f"@{name} = internal constant [{len(numbers)} x i32] [{', '.join([f'i32 {x}' for x in numbers])}]"


class Emitter:
    """Collects the instructions of one LLVM function on vectors of ``width`` floats.

    Whole numbers, single floats and pointers are texts, the names of registers or constants; a vector is a `Vector`.

    Attributes:
        called: the functions on vectors that are called.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self.floats, self.integers, self.bits = f"<{width} x double>", f"<{width} x i64>", f"<{width} x i1>"
        self.called: set[str] = set()
        self.lines: list[str] = []

    def let(self, text: str) -> str:
        """Write an instruction; the register with its result."""
        register = f"%r{len(self.lines)}"
        self.lines.append(f"{register} = {text}")
        return register

    def vector(self, text: str) -> Vector:
        """Write an instruction of which the result is a vector."""
        return Vector(self, self.let(text))

    def constant(self, x: float | int) -> Vector:
        """The same number in all lanes."""
        return Vector(self, splat(x, self.width))

    def function(self, name: str, arguments: str, result: Vector | None = None) -> str:
        """The text of the function, which gives a vector or nothing."""
        kind, last = (self.floats, f"ret {self.floats} {result.name}") if result else ("void", "ret void")
        body = "\n  ".join([*self.lines, last])
        return f"define {'internal ' * (name != 'run')}{kind} @{name}({arguments}) #0 {{\nentry:\n  {body}\n}}\n"

    def do(self, name: str, arguments: str) -> None:
        """Call a function that gives nothing."""
        self.lines.append(f"call void @{name}({arguments})")

    # Single numbers and pointers.

    def single(self, operation: str, x: str | int, y: str | int, kind: str = "i64") -> str:
        """Arithmetic, or a comparison, of two whole numbers or two floats."""
        return self.let(f"{operation} {kind} {x}, {y}")

    def limited(self, limit: str, x: str, y: str | int) -> str:
        """The smaller of two whole numbers, "smin", or the larger, "smax"."""
        return self.let(f"call i64 @llvm.{limit}.i64(i64 {x}, i64 {y})")

    def at(self, base: str, index: str | int, step: int = 1) -> str:
        """The pointer ``index * step`` floats from ``base``."""
        index = index if step == 1 else index * step if isinstance(index, int) else self.single("mul", index, step)
        return base if index == 0 else self.let(f"getelementptr double, ptr {base}, i64 {index}")

    def looked_up(self, table: str, base: str, index: str) -> str:
        """The pointer as many floats from ``base`` as the table at a pointer says at ``index``."""
        entry = self.let(f"getelementptr i32, ptr {table}, i64 {index}")
        return self.at(base, self.let(f"sext i32 {self.let(f'load i32, ptr {entry}')} to i64"))

    def either(self, condition: str, x: str, y: str) -> str:
        """One of two pointers."""
        return self.let(f"select i1 {condition}, ptr {x}, ptr {y}")

    def load_one(self, pointer: str, kind: str = "double") -> str:
        """The float at a pointer, or a long vector of them."""
        return self.let(f"load {kind}, ptr {pointer}, align 8")

    def store_one(self, x: str, pointer: str, kind: str = "double") -> None:
        """Write a float, or a long vector of them."""
        self.lines.append(f"store {kind} {x}, ptr {pointer}, align 8")

    def unpacked(self, pointer: str, kinds: Mapping[str, str]) -> None:
        """Load whole numbers or pointers, side by side at a pointer, into registers of these names."""
        for k, (name, kind) in enumerate(kinds.items()):
            self.lines.append(f"%{name} = load {kind}, ptr {self.at(pointer, k)}, align 8")

    def as_float(self, x: str) -> str:
        """A whole number as a float."""
        return self.let(f"sitofp i64 {x} to double")

    # Vectors.

    # Volatile, or LLVM would take a load for the same as an earlier one, whose result is kept, and spilled; and it
    # would look for stores to join, for most of the time of compilation where there are many.

    def load(self, pointer: str) -> Vector:
        """The vector at a pointer."""
        return self.vector(f"load volatile {self.floats}, ptr {pointer}, align 64")

    def store(self, x: Vector, pointer: str) -> None:
        """Write a vector."""
        self.lines.append(f"store volatile {self.floats} {x.name}, ptr {pointer}, align 64")

    def shuffled(self, x: str, y: str, length: int, places: Sequence[int | None], kind: str = "double") -> str:
        """Elements of two vectors of this length, laid end to end; None for any."""
        order = ", ".join(["i32 poison" if place is None else f"i32 {place}" for place in places])
        return self.let(
            f"shufflevector <{length} x {kind}> {x}, <{length} x {kind}> {y}, <{len(places)} x i32> <{order}>"
        )

    def spread(self, x: str, kind: str = "double") -> Vector:
        """The same number, of a register, in all lanes."""
        first = self.let(f"insertelement <{self.width} x {kind}> zeroinitializer, {kind} {x}, i32 0")
        return Vector(self, self.shuffled(first, "zeroinitializer", self.width, [0] * self.width, kind))

    def lanes_below(self, n: str) -> Vector:
        """Bits: whether the number of the lane is smaller than a whole number."""
        numbers = ", ".join([f"i64 {lane}" for lane in range(self.width)])
        return self.vector(f"icmp slt {self.integers} <{numbers}>, {self.spread(n, 'i64').name}")

    def any_of(self, bits: Vector) -> str:
        """1 if any of a vector of bits is set, else 0."""
        one = self.let(f"call i1 @llvm.vector.reduce.or.v{self.width}i1({self.bits} {bits.name})")
        return self.let(f"zext i1 {one} to i64")

    def called_with(self, kind: str, name: str, operands: Sequence[Vector | float]) -> Vector:
        """What a function gives for vectors."""
        given = ", ".join([f"{self.floats} {self.text(x)}" for x in operands])
        return self.vector(f"call {kind} @{name}({given})")

    def text(self, x: Vector | float) -> str:
        """The name of a vector, or a number as a constant vector."""
        return x.name if isinstance(x, Vector) else splat(float(x), self.width)

    # Loops.

    @contextmanager
    def loop(self, end: str | int, start: Sequence[Vector] = ()) -> Iterator[Loop]:
        """Repeat what is written inside the ``with``, for an index from 0 to before ``end``.

        Args:
            end: a whole number.
            start: vectors that are carried from one turn to the next, as they are in the first turn.
        """
        lines, n = self.lines, len(self.lines)
        before, body, after, done = f"before{n}", f"body{n}", f"after{n}", f"done{n}"
        lines += [f"br label %{before}", f"{before}:"]
        some = self.single("icmp sgt", end, 0)
        lines += [f"br i1 {some}, label %{body}, label %{done}", f"{body}:"]
        first = len(lines)
        lines += [""] * (1 + len(start))  # written below, when it is known what comes from the end of the loop
        loop = Loop(f"%r{first}", [Vector(self, f"%r{first + 1 + k}") for k in range(len(start))])
        yield loop
        lines += [f"br label %{after}", f"{after}:"]
        following = self.single("add", loop.index, 1)
        more = self.single("icmp slt", following, end)
        lines += [f"br i1 {more}, label %{body}, label %{done}", f"{done}:"]
        lines[first] = f"{loop.index} = phi i64 [ 0, %{before} ], [ {following}, %{after} ]"
        for x, y, z in zip(start, loop.carried, loop.following):
            phi = f"phi {self.floats} [ {x.name}, %{before} ], [ {z.name}, %{after} ]"
            first += 1
            lines[first] = f"{y.name} = {phi}"
            loop.last.append(self.vector(phi))


class Loop:
    """A loop being written.

    Attributes:
        index: the number of the turn.
        carried: what the turn before left.
        following: what this turn leaves for the next one; to be set inside.
        last: what the last turn left, after the loop.
    """

    def __init__(self, index: str, carried: list[Vector]) -> None:
        self.index, self.carried = index, carried
        self.following: list[Vector] = []
        self.last: list[Vector] = []


class Vector:
    """A vector in the text being written: of floats, or, from conditions and `as_bits`, of bits or whole numbers.

    Arithmetic on it writes instructions.
    """

    __slots__ = ("emitter", "name")

    def __init__(self, emitter: Emitter, name: str) -> None:
        self.emitter, self.name = emitter, name

    def _binary(self, operation: str, x: Vector | float, y: Vector | float) -> Vector:
        e = self.emitter
        return e.vector(f"{operation} {e.floats} {e.text(x)}, {e.text(y)}")

    def __add__(self, other: Vector | float) -> Vector:
        return self._binary("fadd", self, other)

    def __sub__(self, other: Vector | float) -> Vector:
        return self._binary("fsub", self, other)

    def __mul__(self, other: Vector | float) -> Vector:
        return self._binary("fmul", self, other)

    def __truediv__(self, other: Vector | float) -> Vector:
        return self._binary("fdiv", self, other)

    def __neg__(self) -> Vector:
        return self.emitter.vector(f"fneg {self.emitter.floats} {self.name}")

    def called(self, intrinsic: str, *others: Vector | float) -> Vector:
        """An LLVM intrinsic of this vector and others."""
        e = self.emitter
        return e.called_with(e.floats, f"llvm.{intrinsic}.v{e.width}f64", [self, *others])

    def times_plus(self, factor: Vector | float, term: Vector | float) -> Vector:
        """self * factor + term, in one rounding where the processor can."""
        return self.called("fmuladd", factor, term)

    def sum_of_lanes(self) -> str:
        """The sum of all lanes, in any order: a float."""
        e = self.emitter
        return e.let(f"call reassoc double @llvm.vector.reduce.fadd.v{e.width}f64(double -0.0, {e.floats} {self.name})")

    def lane(self, i: int) -> str:
        """The float in one lane."""
        return self.emitter.let(f"extractelement {self.emitter.floats} {self.name}, i32 {i}")

    def with_lane(self, i: int, x: str) -> Vector:
        """The same with another float in one lane."""
        return self.emitter.vector(f"insertelement {self.emitter.floats} {self.name}, double {x}, i32 {i}")

    def compared(self, comparison: str, other: Vector | float) -> Vector:
        """Bits: where a comparison holds, by LLVM's name of it."""
        return self._binary(f"fcmp {comparison}", self, other)

    def or_(self, other: Vector) -> Vector:
        """Bits: where this vector of bits or another one is set."""
        return self.emitter.vector(f"or {self.emitter.bits} {self.name}, {other.name}")

    def choose(self, then: Vector | float, otherwise: Vector | float) -> Vector:
        """``then`` where this vector of bits is set, ``otherwise`` elsewhere."""
        e = self.emitter
        return e.vector(f"select {e.bits} {self.name}, {e.floats} {e.text(then)}, {e.floats} {e.text(otherwise)}")

    def where(self, comparison: str, bound: float, then: Vector | float, x: Vector | None = None) -> Vector:
        """``then`` in the lanes where the comparison with ``bound`` holds, else this; compared is ``x`` if given."""
        return (self if x is None else x).compared(comparison, bound).choose(then, self)

    def integer(self, operation: str, other: Vector | int) -> Vector:
        """Integer arithmetic on the bits."""
        e = self.emitter
        text = other.name if isinstance(other, Vector) else splat(other, e.width)
        return e.vector(f"{operation} {e.integers} {self.name}, {text}")

    def as_bits(self) -> Vector:
        """The bits of the floats, as integers."""
        return self.emitter.vector(f"bitcast {self.emitter.floats} {self.name} to {self.emitter.integers}")

    def as_floats(self) -> Vector:
        """The floats that have these bits."""
        return self.emitter.vector(f"bitcast {self.emitter.integers} {self.name} to {self.emitter.floats}")
