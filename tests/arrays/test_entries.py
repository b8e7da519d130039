"""One entry of a formula of arrays in scalars, against the whole array worked out by NumPy."""

from random import Random

import numpy as np
import pytest
from matrix_formulas import evaluate
from random_arrays import random_program, recorded

from autograd_tiny import array
from autograd_tiny.arrays import structure
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.views.matrices import entries
from autograd_tiny.views.matrices.entries import Entry
from autograd_tiny.views.matrices.evaluated import evaluate as worked_out
from autograd_tiny.views.matrices.explained import MatrixDerivatives
from autograd_tiny.views.matrices.graph import MatrixGraph
from autograd_tiny.views.matrices.symbolic import add_shapes


def numbers_and_formulas(loss, leaves):
    """The numbers of everything that has a name or is a derivative, the shapes, and all formulas forward and backward."""
    graph = MatrixGraph(loss, [leaf.node for leaf in leaves], {})
    found = MatrixDerivatives(graph, [leaf.node for leaf in leaves if leaf.node in graph.below])
    known = {variable: graph.numbers(x) for x, variable in graph.variables.items()}
    known |= {symbol: found.numbers(x) for x, symbol in found.symbols.items()}
    formulas = [*graph.formulas.values(), *[e for sides in found.formulas.values() for terms in sides for e in terms]]
    add_shapes(formulas, graph.shapes)
    return {e: np.array(x.flat).reshape(x.shape) for e, x in known.items()}, graph.shapes, formulas


def entry_of(formula, index, numbers, shapes):
    given = {}

    def leaf(e, place):
        if e.op is None and e.constant_value is not None:
            return Expression.literal(e.constant_value)
        entry = Expression(place)
        given[entry] = float(numbers[e][tuple(map(int, place[1:-1].split("][") if place else ()))])
        return entry

    return Entry(shapes, leaf).of(formula, index).evaluate(given)


@pytest.mark.parametrize("seed", range(50))
def test_every_entry_of_every_formula_is_that_of_the_array(seed, monkeypatch):
    monkeypatch.setattr(entries, "MOST_TERMS", 9)
    loss, leaves = recorded(random_program(Random(seed)))[::-1]
    numbers, shapes, formulas = numbers_and_formulas(loss, leaves)
    for formula in formulas:
        whole = evaluate(formula, numbers, shapes)
        assert whole.shape == shapes[formula]
        for index in np.ndindex(*whole.shape):
            assert entry_of(formula, index, numbers, shapes) == pytest.approx(whole[index], rel=1e-9, abs=1e-12), (formula, index)


def test_of_a_long_sum_the_first_two_terms_and_the_last_are_written():
    for size in (4, 5, 9):
        x = array([[float(k) for k in range(size)]], "x")
        y = array([float(k) for k in range(size)], "y")
        z = x @ y
        z.label = "z"
        _, shapes, (formula, *_) = numbers_and_formulas(z.sum(), [x, y])
        written = Entry(shapes, lambda e, place: Expression(e.label + place)).of(formula, (0,))
        products = [f"x[0][{k}] * y[{k}]" for k in range(size)]
        assert str(written) == " + ".join(products if size <= 4 else [*products[:2], "…", products[-1]])


def test_factors_stand_in_the_order_of_the_formula_and_what_is_no_sum_is_one_term():
    w, x = array([[2.0, 3.0, 5.0], [7.0, 11.0, 13.0]], "W"), array([5.0, 7.0, 11.0], "x")
    z = w @ x
    z.label = "z"
    _, shapes, formulas = numbers_and_formulas((z * z).sum(), [w, x])
    (formula,) = [e for e in formulas if e.op is structure.outer]  # ∂L/∂W = δ xᵀ
    entry = Entry(shapes, lambda e, place: Expression((e.label or "δ") + place))
    assert str(entry.of(formula, (1, 2))) == "δ[1] * x[2]"
    assert [str(term) for term in entry.terms(formula, (0, 1))] == ["δ[0] * x[1]"]


def test_a_variable_without_numbers_is_named():
    with pytest.raises(KeyError, match="no numbers for W"):
        worked_out(Expression("W"), {})
