"""Graphs and rows that the tests of several rooms look at."""

from autograd_tiny import Primitive, Value
from autograd_tiny.engine.graph import all_nodes


def leaves(root):
    """The nodes without operation that ``root`` depends on, in the order of their first use."""
    return [node for node in all_nodes(root) if node.op is None]


def named(label, value):
    value.label = label
    return value


def neuron():
    """tanh(w x + b), its leaves being w, x and b."""
    w, x, b = Value(-3.0, "w"), Value(2.0, "x"), Value(6.5, "b")
    return named("y", named("z", w * x + b).tanh())


def two_two_two():
    """Mazur's network, by his names: the error and the weights."""
    i1, i2 = Value(0.05, "i1"), Value(0.1, "i2")
    w = {k: Value(x, f"w{k}") for k, x in enumerate([0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55], 1)}
    b1, b2 = Value(0.35, "b1"), Value(0.6, "b2")
    net_h1, net_h2 = named("net_h1", w[1] * i1 + w[2] * i2 + b1), named("net_h2", w[3] * i1 + w[4] * i2 + b1)
    h1, h2 = named("h1", net_h1.sigmoid()), named("h2", net_h2.sigmoid())
    net_o1, net_o2 = named("net_o1", w[5] * h1 + w[6] * h2 + b2), named("net_o2", w[7] * h1 + w[8] * h2 + b2)
    o1, o2 = named("o1", net_o1.sigmoid()), named("o2", net_o2.sigmoid())
    return named("E", 0.5 * (Value(0.01, "target1") - o1) ** 2 + 0.5 * (Value(0.99, "target2") - o2) ** 2), w


def product():
    w, x = Value(2.0, "w"), Value(3.0, "x")
    y = w * x
    y.label = "y"
    return w, x, y


def softsign(**changed):
    row = {
        "forward": lambda x: x / (1.0 + abs(x)),
        "rule": lambda out, x: ((1.0 - abs(out)) ** 2,),
        "doc": "x / (1 + |x|)",
        "expansion": lambda x: x / (1.0 + abs(x)),
    } | changed
    return Primitive("softsign", row.pop("forward"), row.pop("rule"), **row)
