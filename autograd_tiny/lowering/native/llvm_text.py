"""Pieces of LLVM text: loops, stores, copies of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType


def function(name: str, arguments: str, body: Sequence[str], *, internal: bool = False) -> str:
    """A function that returns nothing."""
    lines = "\n  ".join([*body, "ret void"])
    return f"define {'internal ' * internal}void @{name}({arguments}) #0 {{\nentry:\n  {lines}\n}}\n"


def table(name: str, numbers: Sequence[int]) -> str:
    """Constants for `looked_up`."""
    return f"@{name} = internal constant [{len(numbers)} x i32] [{', '.join(f'i32 {x}' for x in numbers)}]"


def looked_up(name: str, table: str, base: str, index: str) -> list[str]:
    """Lines that give ``%name.at``, as many floats from ``base`` as a table says at ``index``."""
    return [
        f"%{name}.entry = getelementptr i32, ptr @{table}, i64 {index}",
        f"%{name}.short = load i32, ptr %{name}.entry",
        f"%{name}.place = sext i32 %{name}.short to i64",
        f"%{name}.at = getelementptr double, ptr {base}, i64 %{name}.place",
    ]


def element(name: str, base: str, steps: Mapping[str, int], start: int = 0) -> list[str]:
    """Lines that give the pointer ``%name``, ``start`` floats from ``base`` and for each index as many times its step."""
    lines, at = [], base
    for k, (index, step) in enumerate(steps.items()):
        lines += [
            f"%{name}.by{k} = mul i64 {index}, {step}",
            f"%{name}.part{k} = getelementptr double, ptr {at}, i64 %{name}.by{k}",
        ]
        at = f"%{name}.part{k}"
    return [*lines, f"%{name} = getelementptr double, ptr {at}, i64 {start}"]


def counted(name: str, tile: str, start: int, size: int) -> list[str]:
    """Lines that give ``%name``, the first index of a tile of this size."""
    return [f"%{name}.all = mul i64 {tile}, {size}", f"%{name} = add i64 %{name}.all, {start}"]


def cut_evenly(n: int, size: int) -> list[tuple[int, int, int]]:
    """How to go over ``n`` things in tiles: the first thing, how many tiles and of which size, for full tiles and for the rest."""
    whole = n - n % size
    return [(start, n_tiles, of) for start, n_tiles, of in ((0, whole // size, size), (whole, 1, n - whole)) if n_tiles * of]


def store(kind: str, value: str, base: str, place: int) -> list[str]:
    """Lines that write a register to ``base``, ``place`` floats on."""
    return [f"{value}.to = getelementptr double, ptr {base}, i64 {place}", f"store {kind} {value}, ptr {value}.to, align 64"]


def loop(name: str, end: str, body: Sequence[str], carried: Mapping[str, tuple[str, str, str]] = MappingProxyType({})) -> list[str]:
    """Lines that run ``body`` with ``%name`` from 0 to before ``end``, an i64.

    Args:
        name: of the counter.
        end: a number, or the name of one.
        body: the lines.
        carried: registers that keep a value from one turn to the next: type, value in the first turn, value for the next.
            After the loop, ``x.last`` is what the last turn gave register ``x``.
    """
    phis = [f"phi {kind} [ {start}, %{name}.entry ], [ {then}, %{name}.end ]" for kind, start, then in carried.values()]
    return [
        f"br label %{name}.entry",
        f"{name}.entry:",
        f"%{name}.any = icmp sgt i64 {end}, 0",
        f"br i1 %{name}.any, label %{name}.loop, label %{name}.done",
        f"{name}.loop:",
        f"%{name} = phi i64 [ 0, %{name}.entry ], [ %{name}.next, %{name}.end ]",
        *[f"{x} = {phi}" for x, phi in zip(carried, phis)],
        *body,
        f"br label %{name}.end",
        f"{name}.end:",
        f"%{name}.next = add i64 %{name}, 1",
        f"%{name}.more = icmp slt i64 %{name}.next, {end}",
        f"br i1 %{name}.more, label %{name}.loop, label %{name}.done",
        f"{name}.done:",
        *[f"{x}.last = {phi}" for x, phi in zip(carried, phis)],
    ]


def copy_rows(name: str, array: str, place: int, n: int, *, into_workspace: bool, width: int) -> list[str]:
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
        *loop(f"{name}.i", f"%{name}.n", inner),
    ]
