"""The named view: a graph of the named values alone has the same data and the same gradients, and formulas that give them."""

import math
import re
from functools import partial
from random import Random

import pytest
from random_graphs import magnitudes, random_program, recorded
from small_graphs import named, two_two_two

from autograd_tiny import Stepper, Value, derivation, dot, draw, explain, gradient, label_locals, mean, softmax, where
from autograd_tiny.calculus.changes import check_unchanged
from autograd_tiny.engine.graph import adjoints, all_nodes, topological_order
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.views.named import named_view, seen_through
from autograd_tiny.views.paths import edges
from autograd_tiny.worked import three_three_three


@pytest.fixture
def network():
    error, weights = two_two_two()
    return weights, error


def test_the_central_sentence(network):
    w, error = network
    lines = explain(error, wrt=w[5]).text.splitlines()
    assert lines == [
        "∂E/∂w5 = ∂E/∂o1 · ∂o1/∂net_o1 · ∂net_o1/∂w5",
        "       = (o1 - target1) · o1 (1 - o1) · h1",
        "       = 0.7414 · 0.1868 · 0.5933",
        "       = 0.08217",
    ]
    assert max(map(len, lines)) <= 100


def test_two_paths_of_named_factors(network):
    w, error = network
    assert explain(error, wrt=w[1]).text.splitlines()[:5] == [
        "∂E/∂w1 = ∂E/∂o1 · ∂o1/∂net_o1 · ∂net_o1/∂h1 · ∂h1/∂net_h1 · ∂net_h1/∂w1",
        "       + ∂E/∂o2 · ∂o2/∂net_o2 · ∂net_o2/∂h1 · ∂h1/∂net_h1 · ∂net_h1/∂w1",
        "       = (o1 - target1) · o1 (1 - o1) · w5 · h1 (1 - h1) · i1",
        "       + (o2 - target2) · o2 (1 - o2) · w7 · h1 (1 - h1) · i1",
        "       = 0.7414 · 0.1868 · 0.4 · 0.2413 · 0.05 + (-0.2171) · 0.1755 · 0.5 · 0.2413 · 0.05",
    ]


def test_variables_name_what_has_no_label():
    w, x = Value(-3.0), Value(2.0)
    net = w * x + 6.5
    out = net.tanh()
    assert explain(out, wrt=w).text.splitlines()[:2] == ["∂out/∂w = ∂out/∂net · ∂net/∂w", "        = (1 - out²) · x"]
    assert [node.label for node in (w, x, net, out)] == [""] * 4


def test_without_names_between_every_operation_is_shown():
    def computed():
        return (Value(-3.0, "w") * 2.0 + 6.5).tanh()

    y = computed()
    w = all_nodes(y)[0]
    assert explain(y, wrt=w).text.startswith("∂y/∂w = ∂y/∂t2 · ∂t2/∂t1 · ∂t1/∂w\n")
    assert explain(y, wrt=w, through="named").text.startswith("∂y/∂w = 2 (1 - y²)\n")


def test_only_chosen_values_are_shown(network):
    w, error = network
    nodes = {node.label: node for node in all_nodes(error)}
    first = explain(error, wrt=w[5], through=[nodes["o1"], nodes["h1"]]).text.splitlines()
    assert first[:2] == ["∂E/∂w5 = ∂E/∂o1 · ∂o1/∂w5", "       = (o1 - target1) · h1 o1 (1 - o1)"]
    assert explain(error, wrt=w[5], through=[]).text.endswith("= 0.08217")


def test_a_value_of_several_uses_is_one_factor():
    a = Value(3.0, "a")
    square = named("s", a * a)
    y = named("y", square + square)
    assert explain(y, wrt=a).text.splitlines() == ["∂y/∂a = ∂y/∂s · ∂s/∂a", "      = 2 · 2 a", "      = 2 · 6", "      = 12"]


def test_outputs_of_a_softmax_are_called_by_their_names():
    z = [named(f"z{i}", Value(float(i), f"x{i}") * 2.0) for i in range(3)]
    p = softmax(z)
    for i, output in enumerate(p):
        output.label = f"p{i}"
    loss = named("E", -p[0].log() + p[1])
    assert explain(loss, wrt=z[1]).text.splitlines()[:2] == [
        "∂E/∂z1 = ∂E/∂p0 · ∂p0/∂z1 + ∂E/∂p1 · ∂p1/∂z1",
        "       = (-1 / p0) · (-p0 p1) + 1 · p1 (1 - p1)",
    ]
    p[1].label = ""  # its siblings have names: it is seen, too
    assert explain(loss, wrt=z[1]).text.splitlines()[0] == "∂E/∂z1 = ∂E/∂p0 · ∂p0/∂z1 + ∂E/∂t1 · ∂t1/∂z1"


@pytest.mark.parametrize(
    ("through", "error"),
    [("some", "'all arrays' or a list"), ([Value(1.0, "other")], "that the result depends on, got Value"), (["z"], "got 'z'")],
)
def test_what_is_no_way_through(network, through, error):
    w, root = network
    with pytest.raises(ValueError, match=error):
        explain(root, wrt=w[5], through=through)


def test_nothing_has_a_name():
    y = sum([Value(1.0), Value(2.0)]).exp()
    with pytest.raises(ValueError, match=r"nothing in the graph has a name.*label_locals\(\)"):
        seen_through([y], "named", {})


def test_a_thousand_unnamed_nodes_between_two_names():
    x = Value(0.3, "x")
    y = x
    for i in range(1000):
        y = (y * 1.01 + 0.1).sin() if i % 2 else y + 0.001
    middle = named("m", y)
    root = named("y", middle * 2.0)
    text = explain(root, wrt=x).text
    assert text.splitlines()[:2] == ["∂y/∂x = ∂y/∂m · ∂m/∂x", "      = 2 · ∂m/∂x"]
    root.backward()
    assert float(text.splitlines()[-1].split()[-1]) == pytest.approx(x.grad, rel=1e-3)


def test_one_derivative_of_a_wide_formula_is_written_in_a_time_in_proportion(monkeypatch):
    record, calls = Expression.record, []
    monkeypatch.setattr(Expression, "record", lambda *given: calls.append(1) or record(*given))

    def records(width):
        xs = [Value(0.01 * i, f"x{i}") for i in range(width)]
        calls.clear()
        explain(named("y", sum((x * x for x in xs[1:]), xs[0]).tanh()), wrt=xs[3], through="named")
        return len(calls)

    assert records(400) < 2.2 * records(200)


def test_variables_are_looked_through_only_where_names_are_wanting(network, monkeypatch):
    w, error = network
    asked = []
    monkeypatch.setattr("autograd_tiny.views.named.named_by", lambda variables: asked.append(variables) or {})
    explain(error, wrt=w[1])
    draw(error, through="named")
    assert asked == []
    error.label = ""
    explain(error, wrt=w[1])
    assert len(asked) == 1


def test_special_numbers():
    x = Value(1e200, "x")
    z = named("z", x * x)
    y = named("y", z * z)
    assert math.isinf(z.data)
    assert explain(y, wrt=x).text.splitlines()[-3:] == ["      = 2 z · 2 x", "      = inf · 2e200", "      = inf"]
    dead = named("d", Value(-1.0, "v").relu() * 3.0)
    assert explain(named("y", dead * 2.0), wrt=all_nodes(dead)[0]).text.splitlines()[-1].endswith("= 0")


def test_a_label_twice():
    a, b = Value(2.0, "x"), Value(3.0, "x")
    y = named("y", named("s", a * b) + a)
    assert explain(y, wrt=b).text.splitlines()[:2] == ["∂y/∂x#2 = ∂y/∂s · ∂s/∂x#2", "        = 1 · x"]


def test_numbers_alone_are_a_number():
    c = named("c", Value.constant(2.0) * 1.5 * 2.0)
    x = Value(1.0, "x")
    y = named("y", c * x)
    twins = named_view([y], {node: node.label for node in all_nodes(y) if node.label})
    assert twins[c].op is None
    assert adjoints(twins[y])[twins[x]] == 6.0


def test_a_mean_and_a_dot_are_written_as_sums():
    xs = [Value(float(i), f"x{i}") for i in range(3)]
    net = named("net", dot([Value(0.5, "w0"), Value(0.25, "w1")], xs[:2], Value(1.0, "b")) * 2.0)
    twin = named_view([net], {node: node.label for node in all_nodes(net) if node.label})[net]
    assert twin.op.symbol == "(w0 · x0 + w1 · x1 + b) · 2"
    assert explain(named("m", mean(xs) * 6.0), wrt=xs[0], through="named").text.splitlines()[0] == "∂m/∂x0 = 2"


def test_the_whole_worked_example():
    loss = three_three_three.record().loss
    everything = adjoints(loss)
    called = {node: node.label for node in all_nodes(loss) if node.label}
    twins = named_view([loss], called)
    found = adjoints(twins[loss])
    for node in called:
        assert found[twins[node]] == pytest.approx(everything[node], rel=1e-12)


@pytest.mark.parametrize("start", range(0, 300, 50))
def test_random_graphs(start):
    for seed in range(start, start + 50):
        rng = Random(seed)
        leaves, root = recorded(random_program(rng))
        nodes = all_nodes(root)
        chosen = [node for node in topological_order(root) if rng.random() < 0.4]
        called = {node: f"v{i}" for i, node in enumerate(nodes) if node in chosen or node in leaves or node is root}
        twins = named_view([root], called)
        check_unchanged(twins[root], done="a test")
        before, after = adjoints(root), adjoints(twins[root])
        sizes = dict(zip(nodes, magnitudes(root, nodes)))
        for node, twin in twins.items():
            assert twin.data == node.data
            assert abs(after.get(twin, 0.0) - before.get(node, 0.0)) <= 1e-12 * (1.0 + sizes[node])
        original = {twin: node for node, twin in twins.items()}
        for edge in edges(twins[root]):
            variables = [Expression(f"x{i}") for i in range(len(edge.user.operands))]
            result = Expression("out")
            formula = edge.user.op.derivatives(result, variables)[edge.place]
            recorded_derivative = edge.user.local_derivatives[edge.place]
            if isinstance(formula, Expression) and not math.isnan(recorded_derivative):
                at = {x: operand.data for x, operand in zip(variables, edge.user.operands)} | {result: edge.user.data}
                size = magnitudes(original[edge.user], [original.get(edge.operand, edge.operand)])[0]
                assert abs(formula.evaluate(at) - recorded_derivative) <= 1e-11 * (1.0 + size), (seed, str(formula))


def test_it_can_be_differentiated_again():
    x = Value(0.5, "x")
    y = named("y", named("z", (x * x + 1.0).log()).exp())
    twins = named_view([y], {node: node.label for node in all_nodes(y) if node.label})
    (first,) = gradient(twins[y], [twins[x]])
    (second,) = gradient(first, [twins[x]])
    assert (first.data, second.data) == pytest.approx((1.0, 2.0))
    assert where(twins[x] > 0.0, 1.0, 0.0) == 1.0


def test_labels_of_variables_are_still_given():
    v = Value(1.0)
    assert label_locals() == {"v": v}


def test_a_picture_of_named_values(network):
    w, error = network
    error.backward()
    drawing = draw(error, through="named")
    assert drawing.description == "23 nodes, 28 edges"
    assert drawing.titles[drawing.node_id(w[5])] == "w5: data 0.4, grad 0.082167041"
    nodes = {node.label: node for node in all_nodes(error)}
    for label, formula in (("net_h1", "w1 · i1 + w2 · i2 + b1"), ("o1", "sigmoid(net_o1)")):
        assert drawing.titles[drawing.node_id(nodes[label])].startswith(f"{label} = {formula}: data ")
        assert f"<B>{label}</B> = {formula}<" in drawing.dot
    with pytest.raises(ValueError, match="not in this picture"):
        drawing.node_id(nodes["net_h1"].operands[0])
    assert len(draw(error).nodes) > len(all_nodes(error)) - 1


def test_a_picture_takes_the_names_of_variables():
    w, x = Value(-3.0), Value(2.0)
    net = w * x + 6.5
    out = net.tanh()
    assert sorted(re.findall(r"<B>(\w+)</B>", draw(out, through="named").dot)) == ["net", "out", "w", "x"]
    assert sorted(re.findall(r"<B>(\w+)</B>", draw(out, through=[]).dot)) == ["out", "w", "x"]


def test_a_picture_for_latex_has_formulas_as_mathematics(network):
    _, error = network
    tikz = draw(error, through="named").tikz()
    assert r"\mathrm{net}_{h1} = w_{1} \cdot i_{1} + w_{2} \cdot i_{2} + b_{1}" in tikz
    assert r"o_{1} = \sigma\left(\mathrm{net}_{o1}\right)" in tikz


def test_steps_over_named_values(network):
    _, error = network
    stepper = Stepper(error, through="named")
    assert stepper.last == 19
    stepper.step = 12
    assert stepper.caption.startswith("Backward 2 of 9: The gradient of o2 is complete: -0.2171.")
    assert Stepper(error).last > 40
    with pytest.raises(ValueError, match="'named', 'all', 'arrays', 'all arrays' or a list"):
        Stepper(error, through="some")


def test_a_constant_keeps_its_name():
    r, t = Value(2.0, "r"), Value(0.1, "t")
    area = named("A", math.pi * r**2)
    y = named("y", (2.0 * math.pi * t + math.pi / 180).sin() * area / math.sqrt(2.0 * math.pi))
    forward = derivation(y).text.split("\n\n")[1].splitlines()
    assert forward[0] == "A = π · r² = π · 2² = 12.57"
    assert forward[1:3] == ["y = sin(2 · π · t + π / 180) · A / sqrt(2 · π)", "  = sin(2 · π · 0.1 + π / 180) · 12.57 / sqrt(2 · π)"]
    slope = explain(area, wrt=r, through="named")
    assert slope.text.splitlines()[0] == "∂A/∂r = 2 π r"
    assert r"&= 2 \, \pi \, r" in slope.latex
    assert "<B>A</B> = π · r²<" in draw(y, through="named").dot
    assert ">2 × π<" in draw(y).dot
    assert r"$2 \cdot \pi$" in draw(y).tikz()


@pytest.mark.parametrize("label", ["pi", "π"])
def test_a_value_that_is_called_like_a_constant_is_no_constant(label):
    y = named("y", 2.0 * math.pi * Value(3.0, label) + Value(1.0, "e") * math.e)
    text = explain(y, wrt=all_nodes(y)[0], through="named").text + derivation(y).text + draw(y).dot
    assert "6.283" in text
    assert "2.718" in text
    assert f"2 · {label}" not in text
    assert "2 × π" not in text


@pytest.mark.parametrize("show", [partial(explain, wrt=Value(1.0, "q")), draw, Stepper, derivation])
def test_what_is_no_way_to_look_through_is_refused(show):
    a = Value(2.0, "a")
    c = named("c", named("b", a * 3.0) * a)
    with pytest.raises(TypeError, match=r"through is 'named', 'all', .* or a list of Values or Arrays, got 3"):
        show(c, through=3)
    with pytest.raises(ValueError, match=r"through is 'named', 'all', .*, got 'nmed'"):
        show(c, through="nmed")


def test_one_value_to_look_through_is_a_list_of_one():
    a = Value(2.0, "a")
    b = named("b", a * 3.0)
    c = named("c", named("d", b * a) * a)
    assert explain(c, wrt=a, through=b).text == explain(c, wrt=a, through=[b]).text != explain(c, wrt=a).text
    with pytest.raises(ValueError, match="through='arrays' is for derivatives by an Array: give the whole Array in wrt"):
        explain(c, wrt=a, through="arrays")
