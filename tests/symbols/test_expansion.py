"""Fused operations opened: what each node of the copy stands for, and where opening ends."""

from autograd_tiny import Primitive, Value
from autograd_tiny.engine.graph import all_nodes, topological_order
from autograd_tiny.symbols.expansion import DEEPEST, expanded


def test_each_node_of_the_copy_stands_for_one_of_the_original():
    x = Value(0.5, "x")
    twice = x * 2.0
    squashed = twice.sigmoid()
    y = squashed * twice + x
    copy = expanded(y, True)
    assert {copy.twins[node]: node for node in all_nodes(y)}.items() <= copy.origins.items()
    inside = copy.origins.keys() - copy.twins.values()
    assert len(inside) >= 3
    assert {copy.origins[node] for node in inside} == {squashed}
    assert copy.origins.keys() == set(all_nodes(copy.twins[y]))


def test_the_graph_itself_where_nothing_is_to_be_opened():
    x = Value(0.5, "x")
    y = x.sigmoid()
    itself = {x: x, y: y}
    assert expanded(y, False) == expanded(y, []) == (itself, itself)


def test_a_row_that_expands_into_itself_comes_to_an_end():
    endless = Primitive("endless", lambda x: x, (1.0,), doc="x", expansion=lambda x: endless(x) + 0.0)
    y = endless(Value(1.0))
    assert [node.op.name for node in topological_order(expanded(y, True).twins[y])] == ["endless", *["add"] * DEEPEST]
