"""Operations on whole arrays, not entry by entry: products, transposes, sums, rows, parts; with derivative rules.

A rule is arithmetic with arrays: ``pull(g, out, *operands)`` gives what each operand receives from ``g``, the
derivative by the result.  What it is run on has a ``shape``, the operators ``@ * -``, ``T``, and the methods that are
called here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from autograd_tiny.arrays.node import Shape
from autograd_tiny.engine.row import POWER, PRODUCT, MultiPrimitive, Notation, Primitive, named, upright
from autograd_tiny.engine.table import logsumexp, softmax

Pull = Callable[..., Sequence[Any]]


class Structure:
    """One operation on whole arrays.

    Args:
        name: for people.
        pull: the derivative rule; None where there is none in matrix form.
        text: the written form.
        latex: the same in LaTeX.
        expansion: the same in simpler operations, for one that has no rule of its own.
        shaped: the shape of the result from those of the operands; one number if not given.
        row: the function that is applied to each row, or to all entries where the result is one number.
        fused: by what made the first operand, ``rule(g, first, *others)``: what this then hands on to that operation's
            operand, where the two together are simpler than one after the other.
    """

    family = parameter = arity = None

    def __init__(
        self,
        name: str,
        pull: Pull | None = None,
        *,
        text: Notation | None = None,
        latex: Notation | None = None,
        expansion: Callable[..., Any] | None = None,
        shaped: Callable[..., Shape] = lambda *shapes: (),
        row: Primitive | MultiPrimitive | None = None,
        fused: Mapping[Any, Callable[..., Any]] = MappingProxyType({}),
    ) -> None:
        self.name = self.symbol = name
        self.pull, self.expansion, self.shaped, self.row, self.fused = pull, expansion, shaped, row, fused
        self.text = text or Notation(name + "({args})")
        # A hyphen is no minus.
        self.latex = latex or Notation(r"\text{{" + name.replace("_", r"\_") + r"}}\left({args}\right)")

    def __repr__(self) -> str:
        return f"<structure {self.name}>"


def _written(left: str, right: str) -> dict[str, Any]:
    """How a product is written, with what stands behind each factor: ``T`` for its transpose."""

    def joined(sign: str, mark: str) -> Notation:
        factors = [
            f"{{{i}:atom}}{mark}" if transposed else f"{{{i}:product}}" for i, transposed in enumerate((left, right))
        ]
        return Notation(sign.join(factors), PRODUCT)

    return {"text": joined(" · ", "ᵀ"), "latex": joined(r" \cdot ", "^{{T}}")}


# Products.  A vector is a column: as the left factor it stands transposed.
product = Structure(
    "product", lambda g, out, a, b: (g @ b.T, a.T @ g), **_written("", ""), shaped=lambda a, b: (a[0], b[1])
)
matrix_vector = Structure(
    "matrix times vector", lambda g, out, a, b: (g.outer(b), a.T @ g), **_written("", ""), shaped=lambda a, b: a[:1]
)
vector_matrix = Structure(
    "vector times matrix", lambda g, out, a, b: (b @ g, a.outer(g)), **_written("T", ""), shaped=lambda a, b: b[1:]
)
inner = Structure("inner product", lambda g, out, a, b: (b * g, a * g), **_written("T", ""))
outer = Structure("outer product", **_written("", "T"), shaped=lambda a, b: (a[0], b[0]))


def product_of(a: Shape, b: Shape) -> Structure:
    """The product of two arrays of these shapes."""
    return {(2, 2): product, (2, 1): matrix_vector, (1, 2): vector_matrix, (1, 1): inner}[len(a), len(b)]


transpose = Structure(
    "transpose", lambda g, out, a: (g.T,), text=Notation("{0:atom}ᵀ", POWER), latex=Notation("{0:atom}^{{T}}", POWER),
    shaped=lambda a: a[::-1],
)

_itself = Notation("{0:atom}")
column = Structure(
    "column", lambda g, out, a: (g.as_vector(),), text=_itself, latex=_itself, shaped=lambda a: (a[0], 1)
)
vector = Structure("vector", text=_itself, latex=_itself, shaped=lambda a: a[:1])

# Sums.  What is summed over ROWS is added up from row to row, as over a batch: what comes out has one entry per column.
ROWS, COLUMNS = 0, 1


def sum_notation(what: str) -> dict[str, Any]:
    below = rf"_{{{{\mathrm{{{{{what}}}}}}}}}" if what else ""
    return {
        "text": Notation(f"Σ{what and ' ' + what} {{0:product}}", PRODUCT),
        "latex": Notation(rf"\sum{below} {{0:product}}", PRODUCT),
    }


def _same_to_all(g: Any, out: Any, a: Any) -> Sequence[Any]:
    return (g.spread(a.shape),)


sum_all = Structure("sum", _same_to_all, **sum_notation(""))
sum_rows = Structure("sum over rows", _same_to_all, **sum_notation("rows"), shaped=lambda a: a[1:])
sum_columns = Structure(
    "sum over columns",
    lambda g, out, a: (g.as_column().spread(a.shape),),
    **sum_notation("columns"),
    shaped=lambda a: a[:1],
)
SUMS = {None: sum_all, ROWS: sum_rows, COLUMNS: sum_columns}


@lru_cache(maxsize=4)
def mean_over(axis: int | None) -> Structure:
    """The mean over all entries, over rows or over columns: a sum, divided by how many there are."""
    over = f" over {('rows', 'columns')[axis]}" if axis is not None else ""
    return Structure("mean" + over, expansion=lambda a: a.mean_as_sum(axis), shaped=SUMS[axis].shaped)


# Functions of each row, or of all entries.


def _softmax_rule(g: Any, out: Any, a: Any) -> Sequence[Any]:
    return (out * (g - (g * out).sum_in_rows()),)


def _logsumexp_rule(g: Any, out: Any, a: Any) -> Sequence[Any]:
    return (g.as_column() * a.by_row(softmax),) if len(a.shape) == 2 else (g * a.by_row(softmax),)


_RULES: dict[Any, Pull] = {softmax: _softmax_rule, logsumexp: _logsumexp_rule}


@lru_cache(maxsize=256)
def by_row(row: Primitive | MultiPrimitive) -> Structure:
    """A function of any number of operands, or with as many outputs, applied to each row; of a vector, to all of it."""
    return _of_lines(row, (lambda a: a[:-1]) if isinstance(row, Primitive) else (lambda a: a))


@lru_cache(maxsize=256)
def of_all(row: Primitive) -> Structure:
    """A function of any number of operands, applied to all entries."""
    return _of_lines(row, lambda a: ())


def _of_lines(row: Primitive | MultiPrimitive, shaped: Callable[[Shape], Shape]) -> Structure:
    lists = isinstance(row, Primitive) and isinstance(row.latex.template, str)  # its operands, one or many
    latex = row.latex if lists else named(upright(row.name))  # type: ignore[union-attr]
    return Structure(row.name, _RULES.get(row), latex=latex, shaped=shaped, row=row)


# Parts.


class Part(Structure):
    """Some of the entries of an array, as ``Z[0]``.

    Args:
        key: how the part is written, in brackets.
        places: the numbers of the entries, row by row.
        shape: of the part.
    """

    fused: Mapping[Any, Any] = MappingProxyType({})

    def __init__(
        self, key: str, places: Sequence[int], shape: Shape
    ) -> None:  # cheap: whoever walks over rows makes one for each
        self.name = self.symbol = key
        self.places, self.shape, self.shaped = places, shape, lambda a: shape
        self.expansion = None

    def pull(self, g: Any, out: Any, a: Any) -> Sequence[Any]:
        """The derivative by the part stands in its places, and 0 in the others."""
        return (g.placed(self, a.shape),)

    text = property(lambda self: Notation(f"{{0:atom}}{self.name}"))
    latex = property(lambda self: Notation(f"{{{{{{0:atom}}}}}}_{{{{{self.name[1:-1].replace('][', ',')}}}}}", POWER))
