"""Structures: their shapes are NumPy's, and how they are written."""

import math

import numpy as np
import pytest

from autograd_tiny.arrays import structure
from autograd_tiny.engine.row import ATOM, Primitive
from autograd_tiny.engine.table import logsumexp, maximum, softmax, total
from autograd_tiny.symbols.expression import LATEX, TEXT, Term

COLUMN, MATRIX, VECTOR = (3, 1), (3, 4), (3,)


@pytest.mark.parametrize(
    ("of", "operands", "function"),
    [
        (structure.product, [MATRIX, (4, 2)], np.matmul),
        (structure.matrix_vector, [MATRIX, (4,)], np.matmul),
        (structure.vector_matrix, [VECTOR, MATRIX], np.matmul),
        (structure.inner, [VECTOR, VECTOR], np.matmul),
        (structure.outer, [VECTOR, (4,)], np.outer),
        (structure.transpose, [MATRIX], np.transpose),
        (structure.column, [VECTOR], lambda a: a[:, None]),
        (structure.vector, [COLUMN], np.ravel),
        (structure.sum_all, [MATRIX], np.sum),
        (structure.of_all(maximum), [MATRIX], np.max),
        (structure.sum_rows, [MATRIX], lambda a: a.sum(axis=0)),
        (structure.sum_columns, [MATRIX], lambda a: a.sum(axis=1)),
        (structure.mean_over(None), [MATRIX], np.mean),
        (structure.mean_over(structure.ROWS), [MATRIX], lambda a: a.mean(axis=0)),
        (structure.mean_over(structure.COLUMNS), [MATRIX], lambda a: a.mean(axis=1)),
        (structure.by_row(softmax), [MATRIX], lambda a: a),
        (structure.by_row(logsumexp), [MATRIX], lambda a: a.max(axis=1)),
        (structure.by_row(logsumexp), [VECTOR], np.max),
    ],
    ids=lambda x: getattr(x, "name", "of"),
)
def test_shapes_are_those_of_numpy(of, operands, function):
    assert of.shaped(*operands) == np.shape(function(*map(np.ones, operands)))
    if "product" in of.name or "times" in of.name:
        assert of is structure.outer or structure.product_of(*operands) is of


@pytest.mark.parametrize(
    ("of", "names", "text", "latex"),
    [
        (structure.product, "AB", "A · B", r"A \cdot B"),
        (structure.outer, "ab", "a · bᵀ", r"a \cdot b^{T}"),
        (structure.inner, "ab", "aᵀ · b", r"a^{T} \cdot b"),
        (structure.transpose, "A", "Aᵀ", "A^{T}"),
        (structure.column, "a", "a", "a"),
        (structure.sum_all, "Z", "Σ Z", r"\sum Z"),
        (structure.sum_rows, "Z", "Σ rows Z", r"\sum_{\mathrm{rows}} Z"),
        (structure.sum_columns, "Z", "Σ columns Z", r"\sum_{\mathrm{columns}} Z"),
        (structure.mean_over(None), "Z", "mean(Z)", r"\text{mean}\left(Z\right)"),
        (structure.mean_over(structure.ROWS), "Z", "mean over rows(Z)", r"\text{mean over rows}\left(Z\right)"),
        (structure.mean_over(structure.COLUMNS), "Z", "mean over columns(Z)", r"\text{mean over columns}\left(Z\right)"),
        (structure.by_row(softmax), "Z", "softmax(Z)", r"\mathrm{softmax}\left(Z\right)"),
        (structure.by_row(Primitive("p_norm", math.hypot, lambda out, *xs: xs)), "Z", "p_norm(Z)", r"\mathrm{p\_norm}\left(Z\right)"),
        (structure.of_all(maximum), "Z", "maximum(Z)", r"\max\left(Z\right)"),
        (structure.of_all(total), "Z", "total(Z)", r"\mathrm{total}\left(Z\right)"),
        (structure.Part("[0][1]", [1], ()), "Z", "Z[0][1]", "{Z}_{0,1}"),
        (structure.Structure("my_sum"), "Z", "my_sum(Z)", r"\text{my\_sum}\left(Z\right)"),
    ],
    ids=lambda x: getattr(x, "name", None),
)
def test_how_they_are_written(of, names, text, latex):
    assert of.text.write([Term(x, ATOM, TEXT.brackets) for x in names]) == text
    assert of.latex.write([Term(x, ATOM, LATEX.brackets) for x in names]) == latex
