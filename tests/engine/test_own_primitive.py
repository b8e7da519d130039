"""A row that is made outside the table does whatever one of the table does.

A new view of a graph gets its line here: add a test over ``ROWS``.
"""

import copy
import doctest
import math
import pickle
from fractions import Fraction
from pathlib import Path
from random import Random

import numpy as np
import pytest
from small_graphs import leaves

from autograd_tiny import (
    Expression,
    MultiPrimitive,
    Primitive,
    Stepper,
    Value,
    atan2,
    backward_steps,
    check_primitive,
    detect_anomaly,
    draw,
    explain,
    forward_steps,
    gradient,
    mark,
    nn,
    paths,
    sigmoid,
    softplus,
    sqrt,
)
from autograd_tiny.engine.graph import topological_order
from autograd_tiny.engine.row import Family, Notation
from autograd_tiny.engine.table import POSITIVE, TABLE
from autograd_tiny.lowering import compile_function
from autograd_tiny.storage.saving import load_graph, save_graph
from autograd_tiny.symbols.expansion import expanded
from autograd_tiny.symbols.expression import evaluate

square = Primitive("square", lambda x: x * x, lambda out, x: (2.0 * x,), symbol="□²", doc="x times x", expansion=lambda x: x * x)
plain = Primitive("plain", lambda x: x * x, lambda out, x: (2.0 * x,), doc="x times x, without an expansion")
squareplus = Primitive(
    "squareplus", lambda x: 0.5 * (x + math.hypot(x, 2.0)), lambda out, x: (0.5 + 0.5 * x / sqrt(square(x) + 4.0),), symbol="S₊",
    latex=Notation(r"S_{{+}}\left({0}\right)"), doc="a smooth ReLU from a square root",
    expansion=lambda x: 0.5 * (x + sqrt(x * x + 4.0)),
)  # fmt: skip
harmonic = Primitive(
    "harmonic", lambda x, y: 2.0 * x * y / (x + y), lambda out, x, y: (0.5 * square(out / x), 0.5 * square(out / y)),
    domain=POSITIVE, doc="the harmonic mean of x and y", expansion=lambda x, y: 2.0 / (1.0 / x + 1.0 / y),
)  # fmt: skip


def softplus_row(sharpness):
    return Primitive(
        f"sharp_softplus[{sharpness}]", lambda x: math.log1p(math.exp(sharpness * x)) / sharpness,
        lambda out, x: (sigmoid(sharpness * x),), symbol=f"softplus {sharpness}", doc="softplus, bent more sharply",
        expansion=lambda x: softplus(sharpness * x) / sharpness,
    )  # fmt: skip


def polar_rule(outputs, index, x, y):
    radius, _ = outputs
    return (x / radius, y / radius) if index == 0 else (-y / square(radius), x / square(radius))


sharp_softplus = Family("sharp_softplus", softplus_row, doc="softplus, bent more sharply: sharp_softplus(x, 3)")
polar = MultiPrimitive(
    "polar", lambda x, y: (math.hypot(x, y), math.atan2(y, x)), polar_rule, outputs=2, doc="radius and angle of the point (x, y)",
    expansion=lambda x, y: (sqrt(x * x + y * y), atan2(y, x)),
)  # fmt: skip

OWN = [square, plain, squareplus, harmonic, sharp_softplus, polar]
ROWS = {
    "unary": squareplus,
    "without expansion": plain,
    "binary": harmonic,
    "member of a family": sharp_softplus[3.0],
    "output 0 of several": polar[0],
    "output 1 of several": polar[1],
}
every_row = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)


def called(row, *operands):
    """The row called as a user calls it."""
    if isinstance(row.family, MultiPrimitive):
        return row.family(*operands)[row.parameter]
    return row.family(*operands, row.parameter) if row.family else row(*operands)


def leaves_for(row):
    binary = row is harmonic or row.family is polar
    return [Value(0.8, "x"), Value(1.3, "y")] if binary else [Value(0.8, "x")]


def graph_on(row, leaves):
    """The row between other operations: an operand that is no leaf, a result that is used twice."""
    out = called(row, leaves[0] * leaves[-1], *leaves[1:])
    out.label = "out"
    root = out * out.exp()
    root.label = "root"
    return root


def graph_of(row):
    leaves = leaves_for(row)
    return leaves, graph_on(row, leaves)


def numbers(values):
    return [v.data for v in values]


def test_an_underscore_in_a_name_is_one_in_latex():
    """Which sets what follows a bare one below the line."""
    one = Primitive("smooth_step", math.tanh, lambda out, x: (1.0 - out * out,))
    several = MultiPrimitive("to_polar", polar.forward, polar.rule, outputs=2)
    x = Expression("x")
    written = [one(x).latex(), *[y.latex() for y in several(x, 2.0)]]
    names = [r"\mathrm{smooth\_step}\left(x\right)", *[rf"\mathrm{{to\_polar}}_{{{i}}}\left(x, 2\right)" for i in (0, 1)]]
    assert written == names


@every_row
def test_the_row_passes_check_primitive(row):
    check_primitive(row, [[0.3, 1.2], [2.0, 0.7], [1.0, 1.0]] if len(leaves_for(row)) == 2 else None)


@every_row
def test_floats_values_and_expressions_agree_to_the_third_order(row):
    leaves, y = graph_of(row)
    node = y.operands[0]
    assert node.data == called(row, *numbers(node.operands))
    y.backward()
    assert [x.grad for x in leaves] == pytest.approx(numbers(gradient(y, leaves)), rel=1e-14)

    symbols = [Expression(x.label) for x in leaves]
    formula, at = graph_on(row, symbols), {symbol: x.data for symbol, x in zip(symbols, leaves)}
    twins = expanded(y, True).twins
    opened, opened_leaves = twins[y], [twins[x] for x in leaves]
    for _ in range(3):
        slopes, formulas, opened_slopes = gradient(y, leaves), gradient(formula, symbols), gradient(opened, opened_leaves)
        assert evaluate(formulas, at) == pytest.approx(numbers(slopes), rel=1e-12)
        assert numbers(opened_slopes) == pytest.approx(numbers(slopes), rel=1e-12)
        y, formula, opened = slopes[0], formulas[0], opened_slopes[0]


@every_row
def test_drawing_shows_it_and_opens_it(row):
    _, root = graph_of(row)
    root.backward()
    drawing = draw(root)
    assert row.symbol in drawing.dot
    node = root.operands[0]
    assert all(drawing.edge_id(node, place) in drawing.titles for place in range(len(node.operands)))
    assert f'id="{drawing.node_id(node)}"' in drawing.svg()
    if row.expansion:
        by_name = draw(root, expand=row.family.name if row.family else row.name)
        assert row.symbol not in by_name.dot
        assert by_name.dot != drawing.dot
        assert by_name.node_id(node)


@every_row
def test_an_expansion_opens_it_and_keeps_its_numbers(row):
    leaves, root = graph_of(row)
    root.backward()
    opened = expanded(root, True)
    twin = opened.twins[root]
    assert (row in [node.op for node in topological_order(twin)]) == (row.expansion is None)
    assert (twin.data, opened.twins[leaves[0]].grad) == (root.data, leaves[0].grad)


@every_row
def test_steps_and_explanations(row):
    leaves, root = graph_of(row)
    node = root.operands[0]
    (forward,) = [step for step in forward_steps(root) if step.node is node]
    (backward,) = [step for step in backward_steps(root) if step.node is node]
    assert [c.local_derivative for c in backward.contributions] == list(node.local_derivatives)
    shown = explain(forward).text
    assert row.name in shown or row.family is polar  # the outputs of one operation are shown by their expansion
    assert shown.startswith("out = ")
    for explanation in (explain(root, wrt=leaves[0]), explain(backward)):
        assert explanation.text.startswith("∂root/∂")
        assert r"\frac{\partial root}" in explanation.latex.replace(r"\mathrm{root}", "root")
        assert explanation.mathml.startswith("<math")
    assert sum(path.product for path in paths(root, leaves[0])) == pytest.approx(gradient(root, leaves[:1])[0].data)


@every_row
def test_the_stepper(row):
    stepper = Stepper(graph_of(row)[1])
    stepper.step = stepper.last
    assert f"out = {row.symbol}" in stepper.html()


@every_row
def test_detect_anomaly_watches_it(row):
    with detect_anomaly():
        leaves, root = graph_of(row)
        root.backward()
        with pytest.raises(RuntimeError, match="backward has been run"):
            root.backward()
    leaves, root = graph_of(row)
    leaves[0].data += 1.0
    with detect_anomaly(), pytest.raises(RuntimeError, match="was recorded"):
        root.backward()
    with detect_anomaly(), pytest.raises((FloatingPointError, OverflowError), match=row.name.split("[")[0]):
        called(row, *[Value(1.5e308) for _ in leaves])


@every_row
def test_saving_and_copying(row, tmp_path):
    _, root = graph_of(row)
    root.backward()
    with pytest.raises(ValueError, match=r"load_graph\(path, primitives=\[...\]\)"):
        load_graph(save_graph(root, tmp_path / "graph.json"))
    for twin in (load_graph(tmp_path / "graph.json", primitives=OWN), copy.deepcopy(root)):
        assert draw(twin).dot == draw(root).dot
        assert [node.op for node in topological_order(twin)] == [node.op for node in topological_order(root)]
        assert numbers(gradient(twin, leaves(twin))) == numbers(gradient(root, leaves(root)))


@every_row
def test_an_error_names_it_and_its_operands(row):
    with pytest.raises(TypeError, match=rf"{row.name.split('[')[0]}.*'a'"):
        called(row, *["a" for _ in leaves_for(row)])
    if row is harmonic:
        with pytest.raises(ZeroDivisionError, match=r"harmonic\(x = -1.0, 1.0\): needs x > 0"):
            harmonic(Value(-1.0, "x"), 1.0)


@pytest.mark.parametrize(
    ("error", "reason"), [(ValueError(), "ValueError"), (ValueError("no slope"), "no slope"), (OverflowError(34, "too large"), "too large")]
)
def test_an_error_in_a_rule_says_why(error, reason):
    def rule(out, x):
        raise error

    with pytest.raises(type(error), match=rf"^bent\(v = 3.0\) is 6.0, but its derivative there is not finite \({reason}\)$"):
        Primitive("bent", lambda x: 2.0 * x, rule)(Value(3.0, "v"))


def test_a_layer_takes_it_as_its_activation():
    for activation, by_hand in ((squareplus, lambda a, b: [squareplus(a), squareplus(b)]), (polar, lambda a, b: list(polar(a, b)))):
        layer = nn.Layer.from_weights([[0.5, -1.0], [0.25, 2.0]], [0.1, 0.2], activation)
        sums = layer.weighted_sums([1.0, 2.0])
        assert [v.data for v in layer([1.0, 2.0])] == [v.data for v in by_hand(*sums)] == layer.frozen()([1.0, 2.0])


def test_outputs_share_what_they_are_computed_from():
    x, y = Value(0.8, "x"), Value(1.3, "y")
    radius, angle = polar(x, y)
    (slope,) = gradient(radius * angle, [x])
    assert {node for node in topological_order(slope) if node.op.family is polar} == {radius, angle}


def test_the_page_about_it_is_true():
    page = Path(__file__).parents[2] / "docs" / "own-operation.md"
    assert doctest.testfile(str(page), module_relative=False, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).failed == 0


def both(rule, forward=lambda x: (math.sin(x), math.cos(x)), outputs=2):
    return MultiPrimitive("both", forward, rule, outputs=outputs)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (both(lambda outputs, i, x: (1.0,), outputs=None), r"both must give a tuple with 1 output, one per operand, .* set outputs=n"),
        (both(lambda outputs, i, x: (1.0,), math.sin), "both must give a tuple with 2 outputs, as outputs= says, but gives 0.479"),
        (both(lambda outputs, i, x: outputs[1]), "the rule of both must give a tuple with 1 derivative, one per operand, but gives 0.877"),
        (both(lambda outputs, i, x: (1.0, 2.0)), "the rule of both must give a tuple with 1 derivative, one per operand, but gives"),
        (both(lambda outputs, x: (1.0,)), "the rule of both fails: .* takes 2 positional arguments but 3 were given"),
    ],
)
def test_a_wrong_form_of_several_outputs_is_explained(wrong, message):
    with pytest.raises(TypeError, match=message):
        wrong(Value(0.5))
    if message.startswith("both"):  # what is wrong with the value is so on floats, too
        with pytest.raises(TypeError, match=message):
            wrong(0.5)


LACKING = Primitive("lacking", lambda x, y: x * y, lambda out, x, y: (y,), expansion=lambda x, y: x * y)
EXCEEDING = Primitive("exceeding", lambda x, y: x * y, lambda out, x, y: (y, x, 1.0), expansion=lambda x, y: x * y)
TWOFOLD = MultiPrimitive("twofold", lambda x, y: (x, y), lambda outputs, i, x, y: (1.0,), outputs=2, expansion=lambda x, y: (x, y))


ANY = Primitive("any", lambda *xs: math.prod(xs), lambda out, *xs: [1.0], expansion=lambda x, y: x * y)


@pytest.mark.parametrize("row", [LACKING, EXCEEDING, ANY, TWOFOLD[0]], ids=lambda row: row.name)
@pytest.mark.parametrize(
    "way",
    [
        lambda row, x, y: row.evaluate((2.0, 3.0)) and Value.record(row, (Value(2.0), Value(3.0))),
        lambda row, x, y: gradient(Expression.record(row, (x, y)), [y]),
        lambda row, x, y: compile_function(lambda a, b: Expression.record(row, (a, b)), backend="python")(2.0, 3.0),
        lambda row, x, y: compile_function(lambda a, b: Expression.record(row, (a, b)), backend="llvm").value_and_grad([2.0, 3.0]),
        lambda row, x, y: check_primitive(row, [(2.0, 3.0)]),
    ],
    ids=["recorded", "as a formula", "as Python", "as native code", "checked"],
)
def test_a_rule_with_another_number_of_derivatives_is_refused_in_every_way(row, way):
    """Where only some were taken, the derivative by an operand would be 0 without a word."""
    with pytest.raises((TypeError, AssertionError), match=r"with 2 derivatives, one per operand|the row needs|derivatives for 2 operands"):
        way(row, Expression("x"), Expression("y"))


@pytest.mark.parametrize("given", [(3.0, 2.0), [3.0, 2.0, 1.0, 0.0], 1.0, None])
def test_a_rule_of_three_operands_gives_three_derivatives(given):
    row = Primitive("multiply_add", lambda x, y, z: x * y + z, lambda out, x, y, z: given)
    with pytest.raises(TypeError, match="the rule of multiply_add must give a tuple with 3 derivatives, one per operand, but gives"):
        row(Value(2.0), Value(3.0), 1.0)


@every_row
def test_marking(row):
    leaves, root = graph_of(row)
    out = next(node for node in topological_order(root) if node.label == "out")
    slope = dict(zip(leaves, (g.data for g in gradient(root, leaves))))[leaves[0]]
    report = mark(root, {"out": f"{out.data:.6f}", "root/x": f"{slope:.6f}", "root/out": f"{-gradient(root, [out])[0].data:.6f}"})
    assert [m.verdict for m in report.marks] == ["right", "right", "mistake"]
    assert report.first_slip.mistake == "sign"


@pytest.mark.parametrize("backend", ["python", "llvm"])
@every_row
def test_lowering(row, backend):
    if row is plain and backend == "llvm":
        with pytest.raises(TypeError, match="plain cannot be compiled to native code: give the Primitive an expansion="):
            compile_function(lambda xs: graph_on(row, xs), 1, backend=backend).value_and_grad([[0.8]])
        return
    leaves, root = graph_of(row)
    program = compile_function(lambda xs: graph_on(row, xs), len(leaves), backend=backend)
    value, slopes = program.value_and_grad([numbers(leaves)])
    assert list(value) == pytest.approx([root.data], rel=1e-12)
    assert list(slopes[0]) == pytest.approx(numbers(gradient(root, leaves)), rel=1e-12)


# A row reads what its functions read, at the time it is used.

FACTOR = 2.0
root = sqrt


def tripled(x):
    return 3.0 * x


@pytest.fixture
def changed(monkeypatch):
    """Sets a global of this module, as a user who tries another number in the next cell."""
    return lambda **names: [monkeypatch.setitem(globals(), name, value) for name, value in names.items()]


def test_a_rule_sees_a_global_that_changed(changed):
    scaled = Primitive("scaled", lambda x: FACTOR * x, lambda out, x: (FACTOR,), doc="FACTOR times x", expansion=lambda x: FACTOR * x)
    pair = MultiPrimitive("pair", lambda x: (FACTOR * x, x), lambda outputs, i, x: ((FACTOR, 1.0)[i],), outputs=2, doc="x, scaled")
    bent = Family("bent", lambda k: Primitive("bent", lambda x: k * FACTOR * x, lambda out, x: (k * FACTOR,), doc="k FACTOR x"))
    for factor in (2.0, 3.0, -1.0):
        changed(FACTOR=factor)
        for function, times in ((scaled, 1.0), (lambda x: pair(x)[0], 1.0), (bent[5.0], 5.0)):
            x = Value(1.0)
            y = function(x)
            y.backward()
            assert (y.data, x.grad, gradient(y, [x])[0].data) == (times * factor, times * factor, times * factor)
        check_primitive(scaled)
        opened = expanded(y := scaled(Value(1.0)), True).twins[y]
        assert opened.data == factor


def test_a_rule_sees_another_function_or_row_under_a_name_that_it_used(changed):
    row = Primitive("row", lambda x: tripled(x), lambda out, x: (tripled(1.0) + 0.0 * root(x),), doc="as tripled says")
    assert row(Value(4.0)).local_derivatives == (3.0,)
    changed(tripled=lambda x: 7.0 * x, root=sigmoid)
    x = Value(-4.0)
    y = row(x)
    y.backward()
    assert (y.data, x.grad, gradient(y, [x])[0].data) == (-28.0, 7.0, 7.0)


def test_a_rule_sees_its_closure_its_defaults_and_names_that_come_later(changed):
    factor, shift = 2.0, [0.0]

    def rule(out, x, *, add=shift):
        return (factor + add[0] + LATER,)

    row = Primitive("row", lambda x: (factor + shift[0]) * x, rule, doc="factor times x")
    for factor, shift[0], later in ((2.0, 0.0, 0.0), (3.0, 0.0, 0.0), (3.0, 1.0, 0.0), (3.0, 1.0, 0.5)):
        changed(LATER=later)
        assert row(Value(1.0)).local_derivatives == (factor + shift[0] + later,)


LATER = 0.0


def test_a_row_is_not_changed_once_it_is_made():
    row = Primitive("row", lambda x: 2.0 * x, lambda out, x: (2.0,), doc="2 x")
    both_outputs = both(lambda outputs, i, x: (1.0,))
    for thing in (row, both_outputs, both_outputs[0]):
        for field in ("forward", "rule"):
            with pytest.raises(AttributeError, match=rf"is in use with the {field} it has; make a new"):
                setattr(thing, field, lambda *operands: 1.0)


def test_rows_of_the_table_are_pickled_by_their_names_and_others_refused():
    rows = [*TABLE.values(), TABLE["power"][1.5], TABLE["leaky_relu"][0.2], TABLE["softmax"][3]]
    for row in rows:
        assert pickle.loads(pickle.dumps(row)) is row
        assert copy.copy(row) is copy.deepcopy(row) is row
    model = nn.MLP([1, 2, 2, 1], [TABLE["relu"], TABLE["softmax"], TABLE["leaky_relu"]], rng=Random(0))
    twin = pickle.loads(pickle.dumps(model))
    assert twin([0.5])[0].data == model([0.5])[0].data
    own = Primitive("relu", lambda x: x, lambda out, x: (1.0,))
    with pytest.raises(TypeError, match="pickle takes rows of the table, by their names, and relu is a row of your own"):
        pickle.dumps(own)


@pytest.mark.parametrize("kind", [np.float32, np.int64, np.array, Fraction, bool, int])
def test_numbers_of_any_kind_that_it_gives_are_floats(kind):
    row = Primitive("kind", lambda x: kind(x), lambda out, x: (kind(1),), doc="x")
    linear = Primitive("linear", lambda x: kind(x), (kind(1),), doc="x")
    several = MultiPrimitive(
        "several", lambda x, y: (kind(x), kind(y)), lambda outputs, index, x, y: [kind(1 - index), kind(index)], doc="x, y"
    )
    x = Value(1.0)
    for y in (row(x), linear(x), *several(x, x)):
        assert [y.data.__class__, *[d.__class__ for d in y.local_derivatives]] == [float] * (1 + len(y.operands))
    for number in (row(1.0), linear(1.0), *several(1.0, 1.0)):
        assert number.__class__ is float


@pytest.mark.parametrize("bad", [None, "1", 1j, [1.0], np.ones(2), Value(1.0)], ids=repr)
def test_what_it_gives_is_a_number_or_refused(bad):
    value = Primitive("value", lambda x: bad, lambda out, x: (1.0,), doc="x")
    rule = Primitive("rule", lambda x: x, lambda out, x: (bad,), doc="x")
    for given in (1.0, Value(1.0)):
        with pytest.raises(TypeError, match=r"^value: its value must be a real number, but is ") as caught:
            value(given)
        assert repr(bad)[:9] in str(caught.value)
    with pytest.raises(TypeError, match=r"^rule: a derivative must be a real number, but is "):
        rule(Value(1.0))
