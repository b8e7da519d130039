"""A formula of arrays as a tree of the reader's steps.

It is worked out on numbers, written down with its shapes, changed where people slip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from autograd_tiny.arrays import Array, shapes, structure
from autograd_tiny.arrays.node import Shape
from autograd_tiny.arrays.recorded import matrix_product
from autograd_tiny.arrays.shapes import ShapeError, nested_shape
from autograd_tiny.arrays.structure import SUMS, Part, Structure, by_row, mean_over, product_of
from autograd_tiny.engine.graph import all_nodes, mapped
from autograd_tiny.engine.row import Notation
from autograd_tiny.engine.table import add, div, mean, mul, neg, sub, total
from autograd_tiny.engine.value import Value
from autograd_tiny.formulas import parsed
from autograd_tiny.formulas.reader import Step
from autograd_tiny.formulas.running import Run, takes_lists
from autograd_tiny.formulas.vocabulary import CONSTANTS
from autograd_tiny.marking.forms.spoken import OF_ARRAYS_LEFT_OUT
from autograd_tiny.symbols.expression import Expression, term
from autograd_tiny.views.equations import latex_style, text_style
from autograd_tiny.views.mathml import revealed
from autograd_tiny.views.matrices.written import entrywise, quotient, scaled, shape_note

DIGITS = 4
MOST_CHANGED = 40
"""A formula of more steps is not changed in every place: nobody would find the slip by reading it either."""


class Tree:
    """A step of a formula on what its operands give.

    Args:
        step: of the reader; what is loaded has the name of its place, ``q0_``.
        operands: before it.
        signless: whether it is a product whose sign is left out.
    """

    __slots__ = ("operands", "signless", "step")

    def __init__(self, step: Step, operands: Sequence[Tree] = (), *, signless: bool = False) -> None:
        self.step, self.operands, self.signless = step, tuple(operands), signless

    def function(self, sizes: Sequence[Shape | None]) -> Any:
        """What is done to operands of these shapes.

        A product with the sign of matrices, of which one is a number, is an ordinary one.  Where the sign is left out,
        arrays of the same shape are multiplied entry by entry, as in O(1 - O), and others as matrices, as in Xᵀ(A - Y).
        """
        function = self.step.argument
        if function is matrix_product and () in sizes:
            return mul
        if self.signless and all(sizes):
            left, right = sizes
            return matrix_product if left != right and left and right and left[-1] == right[0] else mul
        return function


def read(text: str) -> Tree:
    """The tree of a formula.

    >>> text_of(read("A @ x.T"), {}, {"A": Expression("A"), "x": Expression("x")})
    'A · xᵀ'
    """
    stack: list[Tree] = []
    for step in parsed(text).steps:
        if step.kind == "assign":
            continue
        count = {"item": 1, "transpose": 1}.get(step.kind, step.operands)
        operands = stack[len(stack) - count :]
        del stack[len(stack) - count :]
        stack.append(
            Tree(step, operands, signless=step.argument is mul and text[step.at :].startswith(OF_ARRAYS_LEFT_OUT))
        )
    (tree,) = stack
    return tree


def loaded(place: str) -> Tree:
    """The tree of what stands at a place."""
    return Tree(Step("load", 0, place))


def in_order(tree: Tree) -> list[Tree]:
    """All of a tree, operands first."""
    found, waiting = [], [tree]
    while waiting:
        found.append(last := waiting.pop())
        waiting += last.operands
    return found[::-1]


class Worked(NamedTuple):
    """What a formula gives.

    Attributes:
        shape: () for one number.
        flat: the numbers, row by row.
        shapes: of its parts.
        result: an Array, or one number.
    """

    shape: Shape
    flat: list[float]
    shapes: dict[Tree, Shape]
    result: Any


def worked_out(
    tree: Tree,
    things: Mapping[str, Any],
    shapes_too: dict[Tree, Shape] | None = None,
    called: Callable[[Tree], str] | None = None,
) -> Worked:
    """A formula on numbers, by the reader of formulas.

    Args:
        tree: the formula.
        things: Arrays and Values by their places.
        shapes_too: the shapes of its parts are put in here, as far as it can be worked out.
        called: what a part is called in errors.

    Raises:
        ShapeError, TypeError, LookupError: arrays that do not fit, what only arrays have.
        ValueError, ArithmeticError: it has no number there.
    """
    run = Run("", things, Value, gives_array=True)
    known = {} if shapes_too is None else shapes_too
    for part in in_order(tree):
        step = part.step
        if step.argument in (mul, matrix_product):
            function = part.function([known[x] for x in part.operands])
            step = step._replace(name="`*`" if function is mul else "`@`", argument=function)
        if not _is_bracket(part, known):
            getattr(run, step.kind)(step)
        top = run.stack[-1]
        if isinstance(top, tuple):
            try:
                known[part] = nested_shape([list(x) if isinstance(x, tuple) else x for x in top], "a list")
            except ValueError as error:
                raise ShapeError(str(error)) from None
            top = run.stack[-1] = run.as_array(top) if part is tree else top
        else:
            known[part] = top.shape if isinstance(top, Array) else ()
        if called is not None and isinstance(top, Array) and not shapes.name(top.node, ""):
            top.node.label = called(part)
    result = run.stack[-1]
    entries = result.node.entries if isinstance(result, Array) else [result]
    return Worked(known[tree], [x.data if isinstance(x, Value) else float(x) for x in entries], known, result)


def _is_bracket(part: Tree, sizes: Mapping[Tree, Shape]) -> bool:
    """Whether a list of one matrix is only that, in square brackets."""
    return part.step.kind == "list" and len(part.operands) == 1 and len(sizes.get(part.operands[0], ())) == 2


# Written.


def text_of(tree: Tree, sizes: Mapping[Tree, Shape], symbols: Mapping[str, Expression]) -> str:
    """A formula as text, as far as shapes are known with the signs of arrays: ⊙ for the product entry by entry.

    Args:
        tree: the formula.
        sizes: the shapes of its parts.
        symbols: what stands for each place.
    """
    return term(_shown(tree, sizes, symbols)[0], text_style(DIGITS), {}).text


def told(tree: Tree, sizes: Mapping[Tree, Shape], symbols: Mapping[str, Expression]) -> str:
    """The same in LaTeX, with its shape, and of a matrix product those of its factors."""
    shown, note = _shown(tree, sizes, symbols)
    return in_latex(shown) + (in_latex(note) if note is not None else "")


def in_latex(e: Expression) -> str:
    """A formula as LaTeX: variables with one name are one, and no two names look alike."""
    called = dict.fromkeys(x.label for x in all_nodes(e) if x.op is None and x.constant_value is None)
    return revealed(term(e, latex_style(called, DIGITS), {}).text)


def _shown(
    tree: Tree, sizes: Mapping[Tree, Shape], symbols: Mapping[str, Expression]
) -> tuple[Expression, Expression | None]:
    made: dict[Tree, Any] = {}
    known: dict[Expression, Shape] = {}
    for part in in_order(tree):
        operands = [made[x] for x in part.operands]
        if not (part.step.kind == "apply" and takes_lists(part.step.argument)):
            operands = [_one(x) for x in operands]
            known |= {e: sizes[x] for e, x in zip(operands, part.operands) if x in sizes}
        made[part] = e = _expression(part, operands, sizes, symbols)
        if isinstance(e, Expression) and part in sizes:
            known[e] = sizes[part]
    root = _one(made[tree])
    shown = mapped([root], lambda e, operands: _as_written(e, operands, known))[root]
    return shown, shape_note(root, known) if sizes.get(tree) else None if tree in sizes else _misfit_note(tree, sizes)


def _misfit_note(tree: Tree, sizes: Mapping[Tree, Shape]) -> Expression | None:
    """The shapes that do not fit, where a formula cannot be worked out."""
    part = next(part for part in in_order(tree) if part not in sizes)
    whole = "".join([f"({shapes.written(sizes[x])})" for x in part.operands])
    structure = Structure("shapes", text=Notation(f"   {whole}"), latex=Notation(behind(whole)))
    return Expression.record(structure, ())  # type: ignore[arg-type]


def behind(sizes: str) -> str:
    """Shapes in LaTeX, behind a formula."""
    return r"\qquad " + sizes.replace("×", r" \times ")


def _one(e: Any) -> Expression:
    """A list of formulas as one formula."""
    if not isinstance(e, tuple):
        return e  # type: ignore[no-any-return]
    text, latex = (
        Notation(lambda xs: f"[{', '.join(map(format, xs))}]"),
        Notation(lambda xs: rf"\left[{', '.join(map(format, xs))}\right]"),
    )
    return Expression.record(Structure("list", text=text, latex=latex), tuple(map(_one, e)))  # type: ignore[arg-type]


def _expression(part: Tree, operands: list[Any], sizes: Mapping[Tree, Shape], symbols: Mapping[str, Expression]) -> Any:
    step, function = part.step, part.step.argument
    if step.kind == "number":
        return Expression.literal(function)
    if step.kind == "load":
        return symbols[step.name] if step.name in symbols else Expression.literal(CONSTANTS[step.name])
    if step.kind == "list":
        return operands[0] if _is_bracket(part, sizes) else tuple(operands)
    if step.kind == "apply" and takes_lists(function) and isinstance(operands[0], tuple):
        result = function(operands[0])
        return tuple(result) if isinstance(result, list) else result
    first, *others = map(_one, operands)
    shape = [sizes.get(x) for x in part.operands]
    if (op := _structure(part, shape)) is not None:
        return Expression.record(op, (first, *others))  # type: ignore[arg-type]
    return part.function(shape)(first, *others)


def _structure(part: Tree, sizes: Sequence[Shape | None]) -> Structure | None:
    """What is done to whole arrays; None where it is done entry by entry."""
    step, function = part.step, part.function(sizes)
    if step.kind == "transpose":
        return structure.transpose
    if step.kind == "item":
        return Part(f"[{', '.join(map(_key, function))}]", (), ())
    if function is matrix_product:
        left, right = sizes
        return product_of(left, right) if left and right else structure.product
    if step.axis is not None:
        return mean_over(step.axis) if function is mean else SUMS[step.axis]
    if takes_lists(function) and len(sizes) == 1:
        return SUMS[None] if function is total else mean_over(None) if function is mean else by_row(function)
    return None


def _key(key: int | slice) -> str:
    return (
        ":".join(["" if x is None else str(x) for x in (key.start, key.stop)]) if isinstance(key, slice) else str(key)
    )


def _as_written(e: Expression, operands: tuple[Expression, ...], sizes: Mapping[Expression, Shape]) -> Expression:
    """Products and quotients with the signs of arrays."""
    are_arrays = [_is_array(x, sizes) for x in e.operands]
    op: Any = None
    if e.op is mul and any(are_arrays):
        op = entrywise if all(are_arrays) else scaled
    elif e.op is div and are_arrays[1]:
        op = quotient
    return e if e.op is None else Expression.record(op or e.op, operands)


def _is_array(e: Expression, sizes: Mapping[Expression, Shape]) -> bool:
    """Whether a formula is taken for an array: where its shape is not known, unless it is a number."""
    return bool(sizes[e]) if e in sizes else e.op is not None or e.constant_value is None


# Changed.


class Change(NamedTuple):
    """A formula that differs in one place.

    Attributes:
        tree: the formula.
        mistake: what the other one is, if this one is right.
        what: the same as a sentence, without its full stop.
    """

    tree: Tree
    mistake: str
    what: str


class Other(NamedTuple):
    """An array that a page may have meant.

    Attributes:
        place: where it is to be found among the things.
        shape: its shape.
        called: its name.
    """

    place: str
    shape: Shape
    called: str


def changes(
    tree: Tree,
    sizes: Mapping[Tree, Shape],
    others: Sequence[Other],
    factors: Sequence[Other],
    called: Callable[[Tree], str],
) -> Iterator[Change]:
    """The formula without one of the slips that people make, the commonest first.

    Args:
        tree: the formula.
        sizes: the shapes of its parts, as far as they are known.
        others: arrays that may stand where another belongs.
        factors: derivatives of arrays by arrays, entry by entry, that may have been left out.
        called: what a part is called.
    """
    parts = in_order(tree)
    if len(parts) > MOST_CHANGED:
        return
    yield from _reordered(tree, parts, sizes, called)
    yield from _of_another_kind(tree, parts, sizes, called)
    for part in parts[::-1]:
        for factor in factors:
            if sizes.get(part) == factor.shape:
                with_it = Tree(Step("apply", 0, "`*`", mul, 2), [part, loaded(factor.place)])
                what = f"the derivative of the activation, {factor.called}, is missing"
                yield Change(replaced(tree, part, with_it), "activation derivative missing", what)

    for part in parts:
        if part.step.kind == "load" and sizes.get(part):
            for other in others:
                if other.place != part.step.name:
                    what = f"{called(part)} stands where {other.called} belongs"
                    yield Change(replaced(tree, part, loaded(other.place)), "wrong array", what)


def _reordered(
    tree: Tree, parts: Sequence[Tree], sizes: Mapping[Tree, Shape], called: Callable[[Tree], str]
) -> Iterator[Change]:
    for part in parts:
        if part.function([sizes.get(x) for x in part.operands]) is matrix_product:
            swapped = Tree(part.step, part.operands[::-1], signless=part.signless)
            yield Change(
                replaced(tree, part, swapped), "factors swapped", f"the factors of {called(part)} have changed places"
            )
    if len(sizes.get(tree, ())) == 2:
        yield Change(_turned(tree), "transposed", "it is the transpose of what it should be")
    for part in parts:
        for x in part.operands if len(part.operands) == 2 else ():
            if len(sizes.get(x, ())) == 2:
                what = (
                    f"{called(x)} must not be transposed"
                    if x.step.kind == "transpose"
                    else f"{called(x)} must be transposed"
                )
                yield Change(replaced(tree, x, _turned(x)), "transposed", what)


def _of_another_kind(
    tree: Tree, parts: Sequence[Tree], sizes: Mapping[Tree, Shape], called: Callable[[Tree], str]
) -> Iterator[Change]:
    for part in parts:
        step = part.step

        def with_(other: Step, part: Tree = part) -> Tree:
            return replaced(tree, part, Tree(other, part.operands))

        if step.axis is not None:
            there, here = ("rows", "columns")[step.axis], ("columns", "rows")[step.axis]
            what = f"the sum in {called(part)} is over {there}, where it must be over {here}"
            yield Change(with_(step._replace(axis=1 - step.axis)), "wrong axis", what)
        elif step.argument in (mul, matrix_product) and all(sizes.get(x) for x in part.operands):
            kinds = ("matrix product", "product entry by entry")
            is_matrix = part.function([sizes.get(x) for x in part.operands]) is matrix_product
            sign, product = ("`*`", mul) if is_matrix else ("`@`", matrix_product)
            what = f"{called(part)} is a {kinds[not is_matrix]}, where a {kinds[is_matrix]} belongs"
            yield Change(with_(Step("apply", step.at, sign, product, 2)), "wrong product", what)
        elif step.argument in (add, sub):
            other, sign = (sub, "`-`") if step.argument is add else (add, "`+`")
            what = f"the sign in {called(part)} is wrong"
            yield Change(with_(step._replace(argument=other, name=sign)), "sign", what)
            if step.argument is sub:
                swapped = Tree(step, part.operands[::-1])
                yield Change(replaced(tree, part, swapped), "sign", f"{called(part)} has the wrong sign")
        elif step.argument is neg:
            yield Change(replaced(tree, part, part.operands[0]), "sign", f"{called(part)} has the wrong sign")


def _turned(tree: Tree) -> Tree:
    return tree.operands[0] if tree.step.kind == "transpose" else Tree(Step("transpose", tree.step.at), [tree])


def replaced(tree: Tree, part: Tree, by: Tree) -> Tree:
    """A tree with another part in one place."""
    made: dict[Tree, Tree] = {}
    for x in in_order(tree):
        if x is part:
            made[x] = by
        else:
            operands = [made[y] for y in x.operands]
            same = all(y is z for y, z in zip(operands, x.operands))
            made[x] = x if same else Tree(x.step, operands, signless=x.signless)
    return made[tree]
