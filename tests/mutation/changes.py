"""The changes of a module that are worth a trial.

A change is an operator, an edge of a comparison, a number, a name such as `any` or `min`, a condition, a slice, the order of two
arguments, a returned value or a statement; texts are left alone.  One that leaves the bytecode as it was is none.
"""

from __future__ import annotations

import ast
import contextlib
import dis
import random
import sys
from collections.abc import Iterator, Sequence
from types import CodeType
from typing import Any, NamedTuple


class Place(NamedTuple):
    """A statement, and where to look for tests: the first of these ranges of lines that any test runs."""

    statement: ast.stmt | None
    lines: tuple[tuple[int, int], ...]


class Change(NamedTuple):
    """``new`` in place of what a field of a node of the tree holds."""

    holder: ast.AST
    field: str
    position: int | None
    new: ast.AST
    place: Place

    @contextlib.contextmanager
    def made(self) -> Iterator[None]:
        held = self._put(self.new)
        try:
            yield
        finally:
            self._put(held)

    def _put(self, node: ast.AST) -> ast.AST:
        values: Any = getattr(self.holder, self.field)
        held: ast.AST = values
        if self.position is None:
            setattr(self.holder, self.field, node)
            return held
        held, values[self.position] = values[self.position], node
        return held


def _paired(pairs: str) -> dict[str, str]:
    names = [pair.split("/") for pair in pairs.split()]
    return {a: b for x, y in names for a, b in ((x, y), (y, x))}


OPERATORS = _paired("Add/Sub Mult/Div BitOr/BitAnd LShift/RShift Lt/LtE Gt/GtE Eq/NotEq Is/IsNot In/NotIn And/Or")
OPERATORS |= {"FloorDiv": "Div", "Mod": "FloorDiv", "Pow": "Mult", "BitXor": "BitAnd"}
NAMES = _paired("any/all min/max floor/ceil startswith/endswith removeprefix/removesuffix lstrip/rstrip ljust/rjust append/extend")
ORDERED = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)


def changes(tree: ast.Module) -> Iterator[Change]:
    """Every change of a module that is worth a trial."""
    return _changes_below(tree, Place(None, ((1, sys.maxsize),)))


def _changes_below(holder: ast.AST, place: Place) -> Iterator[Change]:
    for field, value in ast.iter_fields(holder):
        for position, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(node, ast.AST) and not _is_left_alone(field, node):
                inside = _place(holder, field, node, place)
                own = (node.lineno, node.end_lineno or 0) if isinstance(node, (ast.expr, ast.stmt)) else None
                here = inside._replace(lines=((own, *inside.lines) if own else inside.lines))
                for new in _variants(holder, field, node):
                    yield Change(holder, field, position, ast.fix_missing_locations(ast.copy_location(new, node)), here)
                yield from _changes_below(node, inside)


def _place(holder: ast.AST, field: str, node: ast.AST, outer: Place) -> Place:
    """What runs as the module is imported is also seen by the tests of the function or class around it, and of the module."""
    if isinstance(holder, (ast.FunctionDef, ast.AsyncFunctionDef)) and field != "body":
        return Place(holder, ((holder.lineno, holder.end_lineno or 0), *outer.lines))  # a default, a decorator
    if isinstance(holder, (ast.FunctionDef, ast.AsyncFunctionDef)):
        outer = Place(holder, ())
    elif isinstance(holder, ast.ClassDef):
        outer = Place(holder, ((holder.lineno, holder.end_lineno or 0), *outer.lines))
    if not isinstance(node, ast.stmt):
        return outer
    body = getattr(node, "body", None)
    last = max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or 0
    enclosing = outer.lines if outer.statement is None or outer.statement is holder else outer.lines[1:]
    return Place(node, ((node.lineno, last), *enclosing))


def _is_left_alone(field: str, node: ast.AST) -> bool:
    """Annotations, what is raised, texts that stand alone, `__all__`, and what only a type checker or a terminal runs."""
    match node:
        case ast.If(test=ast.Name("TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING") | ast.Compare(left=ast.Name("__name__"))):
            return True
        case ast.Expr(ast.Constant(str())) | ast.Assign([ast.Name("__all__")]):
            return True
    return field in ("annotation", "returns", "exc", "cause", "type_params")


def _variants(holder: ast.AST, field: str, node: Any) -> Iterator[ast.AST]:
    """What may stand in a node's place."""
    if other := OPERATORS.get(type(node).__name__):
        yield getattr(ast, other)()
    match node:
        case ast.Constant(bool(x)):
            yield ast.Constant(not x)
        case ast.Constant(int(n)):
            yield from (ast.Constant(n + 1), ast.Constant(n - 1))
        case ast.Constant(float(x)):
            yield ast.Constant(10.0 * x if 0.0 < x < 0.1 else x + 1.0)
        case ast.Name(name, context) if name in NAMES:
            yield ast.Name(NAMES[name], context)
        case ast.Attribute(value, name, context) if name in NAMES:
            yield ast.Attribute(value, NAMES[name], context)
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield operand
        case ast.BinOp(left, op, right) if isinstance(op, ORDERED) and not _calls(holder, "abs"):
            yield ast.BinOp(right, op, left)
        case ast.Call(function, arguments, keywords) if not any(isinstance(x, ast.Starred) for x in arguments) and not _calls(
            node, "min", "max"  # the same in any order, as is the size of a difference
        ):
            yield from (ast.Call(function, exchanged, keywords) for exchanged in _exchanged(arguments))
        case ast.Tuple(elements, context) if field in ("body", "value") and isinstance(holder, (ast.Lambda, ast.Return)):
            yield from (ast.Tuple(exchanged, context) for exchanged in _exchanged(elements))
        case ast.Slice(lower, upper, step):
            yield from [ast.Slice(None, upper, step)] if lower else []
            yield from [ast.Slice(lower, None, step)] if upper else []
        case ast.Raise() | ast.Expr() | ast.AugAssign() | ast.Continue() | ast.Break() | ast.Delete() | ast.Assert():
            yield ast.Pass()
        case ast.Assign([ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()
    if field in ("test", "ifs"):
        yield ast.UnaryOp(ast.Not(), node)
    if isinstance(holder, ast.Return) and ast.unparse(node) != "None":
        yield ast.Constant(None)


def _calls(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def _exchanged(nodes: Sequence[ast.expr]) -> Iterator[list[ast.expr]]:
    for k in range(len(nodes) - 1):
        yield [*nodes[:k], nodes[k + 1], nodes[k], *nodes[k + 2 :]]


def meaning(code: CodeType) -> tuple[object, ...]:
    """All of a compiled module that running it depends on: not its lines, nor constants that are never loaded."""
    steps = [(x.opcode, _constant(x.argval) if x.opcode in dis.hasconst else x.arg) for x in dis.get_instructions(code)]
    return tuple(steps), code.co_names, code.co_varnames, code.co_freevars, code.co_flags, code.co_argcount


def _constant(x: object) -> object:
    return meaning(x) if isinstance(x, CodeType) else (type(x), repr(x))


def sample(tree: ast.Module, size: int, chance: random.Random) -> list[Change]:
    """Changes that differ from the module and from each other, at most so many."""
    everything = list(changes(tree))
    chance.shuffle(everything)
    seen, chosen = {meaning(compile(tree, "module", "exec", dont_inherit=True))}, list[Change]()
    for change in everything:
        if len(chosen) == size:
            break
        with change.made(), contextlib.suppress(SyntaxError, ValueError):
            found = meaning(compile(tree, "module", "exec", dont_inherit=True))
            if found not in seen:
                seen.add(found)
                chosen.append(change)
    return chosen


def difference(change: Change, width: int = 60) -> str:
    """What a reader needs to see of a change: the part of its line around it, before and after."""
    node = change.place.statement or change.holder
    held = ast.unparse(node).splitlines()
    with change.made():
        new = ast.unparse(node).splitlines() if not isinstance(change.new, ast.stmt) else ["pass"]
    if isinstance(change.new, ast.stmt):
        held = held[:1]
    before, after = next((a.strip(), b.strip()) for a, b in zip([*held, ""], [*new, ""]) if a != b)
    start = max(0, _equal(before, after) - width)
    end = max(0, _equal(before[::-1], after[::-1]) - width)
    return f"{before[start : len(before) - end]}  ->  {after[start : len(after) - end]}"


def _equal(a: str, b: str) -> int:
    """How many characters at the start of two texts are equal."""
    return next((k for k, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
