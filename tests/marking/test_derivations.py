"""Formulas of quantities: how they are written, and which names of a graph differ in an index alone."""

import pytest

from autograd_tiny import Value
from autograd_tiny.marking.derivations import Derivations, NamedGraph, in_full
from autograd_tiny.marking.forms.quantities import data
from autograd_tiny.symbols.expression import Expression


@pytest.mark.parametrize(("applied", "is_in_full"), [(245, True), (246, False)])
def test_up_to_500_operations_a_formula_is_written_out_with_all_that_is_used_twice(applied, is_in_full):
    root = Expression("x")
    for _ in range(8):
        root = root * root  # 2⁸ - 1 operations
    for _ in range(applied):
        root = root.sin()
    assert (";" not in in_full(root)) is is_in_full


@pytest.mark.parametrize(
    ("name", "labels", "neighbours"),
    [
        ("w12", "w12 w14 w21 w31", ["w21", "w14"]),
        ("w_12", "w_12 w_1 w_4 w_13", ["w_13", "w_4"]),
        ("W_12", "W_1 W_2 W_12 W_21 W_22", ["W_21"]),
        ("W_1_2", "W_1_2 W_2_1 W_1_3 W_9_2 W_10_2 W_2_4", ["W_2_1", "W_1_3", "W_9_2"]),
        ("x5", "x1 x2 x4 x5 x8 y4", ["x4", "x2", "x8", "x1"]),
        ("x1", "x1 x9 x10", ["x9"]),
        ("x10", "x1 x2 x10", ["x2"]),
        ("b1_1", "b1_1 b1_2", ["b1_2"]),
    ],
)
def test_neighbours_have_indices_swapped_or_differ_in_one(name, labels, neighbours):
    nodes = [Value(1.0, label) for label in labels.split()]
    graph = NamedGraph(sum(nodes[1:], nodes[0]))
    assert graph.neighbours(name) == neighbours


@pytest.mark.parametrize(
    ("factors", "told"),
    [
        (3, "sin(x0 * x1 * x2)"),
        (21, "sin(x0 * x1 * x2 * x3 * x4 * x5 * x6 ..."),  # 40 nodes before the last product is opened
        (22, "sin(... * x2 * x3 * x4 * x5 * x6 * x7..."),
        (30, "sin(... * x10 * x11 * x12 * x13 * x14..."),
    ],
)
def test_what_has_no_label_is_told_by_labels_however_long_its_formula(factors, told):
    x = [Value(0.5, f"x{i}") for i in range(factors)]
    product = x[0]
    for factor in x[1:]:
        product = product * factor
    y = product.sin()
    graph = NamedGraph(y * Value(2.0, "k"))
    assert Derivations(graph).told(data(graph.name[y])) == told
