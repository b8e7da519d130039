"""Names for the nodes of a graph: labels first, then operations, then leaves that nobody named."""

from autograd_tiny import Value
from autograd_tiny.symbols.naming import names


def test_operations_are_counted_before_leaves():
    x, unnamed = Value(3.0, "x"), Value(4.0)
    product = unnamed * x
    y = product + 2.0
    two = y.operands[1]
    assert names(y) == {unnamed: "t3", x: "x", product: "t1", two: "t4", y: "t2"}


def test_several_roots_and_labels_that_look_invented():
    a, b = Value(1.0, "t1"), Value(2.0, "x")
    first, second = a + b, a * b
    second.label = "x"
    found = names(first, second)
    assert [found[node] for node in (a, b, second)] == ["t1", "x", "x#2"]
    assert found[first] not in ("t1", "x", "x#2")
    assert len({*found.values()}) == 4
