"""Names are all different, in every view, whatever the labels are; and a label of the user's stays as it was typed."""

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_tiny import Expression, Stepper, Value, compile_function, derivation, draw, explain, mark
from autograd_tiny.arrays.containers import Container
from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.exercises import Exercise
from autograd_tiny.lowering.sources import python_source
from autograd_tiny.symbols.expression import LATEX
from autograd_tiny.symbols.naming import names
from autograd_tiny.text.names import distinct, invented
from autograd_tiny.text.words import visible
from autograd_tiny.views.widget.walks.frames import walkthrough

LABELS = ["", "x", "x#2", "x#3", "x_1", "x1", "x_2", "t", "t1", "t_1", "t2", "u1", "u", "alpha", "α", "d_x", "x (2)", "x\n2", "x\t2", "x 2",
          "x⁽¹⁾", "x⁽²⁾", "e1", "result", "output", "x" * 50, "x" * 51, "net.x",
          "\x00", "\x01", "{x}_1", "x_{1}", "class", "class_2"]  # fmt: skip
labellings = st.lists(st.sampled_from(LABELS) | st.text(max_size=4), min_size=8, max_size=8)


def graph(kind, labels):
    """Four leaves and four operations, with these labels; every operation is used more than once."""
    nodes = [kind(1.5, label) for label in labels[:4]] if kind is Value else [Expression(label or "v") for label in labels[:4]]
    a, b, c, d = nodes
    long = (a * b + c * d) * (a + b + c + d)
    other = (a - b) * (c - d) + long * long
    third = long * other + other * other
    root = third * third * long * (a * a)
    for node, label in zip((long, other, third, root), labels[4:]):
        node.label = label
    return root


def are_different(called):
    return not [name for name, times in Counter(called).items() if name and times > 1]


def test_what_was_printed_wrong():
    a, b, c = (Value(2.0, label) for label in ("x", "x", "x#2"))
    assert list(names(a * b * c).values()) == ["x", "x#3", "t1", "x#2", "t2"]
    a, b = Expression("a"), Expression("b")
    first, second = a * b, a + b
    first.label = second.label = "z"
    assert str(first / second) == "z = a * b; z#2 = a + b; z / z#2"
    assert (first / second).latex() == r"z = a \cdot b; \mathrm{z\#2} = a + b; \frac{z}{\mathrm{z\#2}}"
    assert str(Expression("x") + Expression("x")) == "x + x#2"


def test_an_invented_name_is_no_index_of_a_label():
    t, x = Value(2.0, "t"), Value(3.0, "x")
    y = (t * x).exp()
    y.label = "y"
    assert explain(y, wrt=x).text.splitlines()[0] == "∂y/∂x = ∂y/∂u1 · ∂u1/∂x"
    assert next(invented(["t₁", "u", "_v3", "2s", "w"])) == "r1"
    assert next(invented(["tanh", "d_t"])) == "t1"
    assert next(invented("tuvsrqpzhgkmn")) == "tt1"


def test_names_that_latex_would_write_alike():
    assert LATEX.names(["alpha", "α", "beta"]) == {"alpha": r"\mathrm{alpha}", "α": r"\mathrm{\alpha }", "beta": r"\beta"}
    x1, x_1 = Value(2.0, "x1"), Value(3.0, "x_1")
    assert explain(x1 * x_1, wrt=x1).latex.splitlines()[1].endswith(r"&= \mathrm{x\_1} \\")
    spaced = LATEX.names(["a b", "a\nb", "a\tb"])
    assert are_different(spaced.values())


def test_a_use_of_an_operand_is_no_label():
    a, layer = Value(2.0, "a"), Value(3.0, "a⁽²⁾")
    square = a * a
    square.label = "s"
    y = square.exp() + layer
    y.label = "y"
    assert "∂s/∂a (use 2)" in explain(y, wrt=a, through="all").text
    assert "⁽²⁾" not in explain(y, wrt=a, through="all").text


def test_a_node_from_elsewhere_is_not_called_like_one_of_the_graph():
    x = Value(2.0, "x")
    y = x * x
    y.label = "y"
    assert explain(y, wrt=Value(1.0, "x")).text == "∂y/∂x#2 = 0"


def test_source_leaves_identifiers_to_their_labels():
    program = compile_function(lambda x: x[0] * x[1] * x[2], ["w", "w#2", "w_2"]).program
    assert "def value_and_grad(w, w_2_2, w_2)" in python_source(program)


def test_derivatives_are_not_called_like_labels():
    program = compile_function(lambda x: x[0] * x[1], ["x", "d_x"]).program
    assert are_different(program.value_names())
    assert program.value_names()[:2] == ["x", "d_x"]


def test_distinct_is_linear():
    assert distinct(["x"] * 100_000)[-1] == "x#100000"


@settings(max_examples=15, deadline=None)
@given(labellings)
def test_names_are_different_in_every_view(labels):
    y = graph(Value, labels)
    called = names(y)
    assert are_different(called.values())
    assert all(called.values())
    typed = Counter(node.label for node in called)
    assert all(called[node] == node.label for node in called if typed[node.label] == 1 and node.label)
    formula = graph(Expression, labels)
    for text in (str(formula), formula.latex()):
        assert are_different(re.findall(r"(?:^|; )([^;]*?) = ", text)) or any(";" in x or "=" in x for x in labels)
    texts = LATEX.names(called.values())
    assert are_different(texts.values())
    assert len(texts) == len(called)
    explained = explain(y, wrt=all_nodes(y)[0], through="all")
    assert are_different(explained.called)
    assert {label for label in labels if label} <= set(explained.called)
    assert explained.latex
    assert explained.mathml
    drawing = draw(y)
    shown = [drawing._labels[drawing.node_id(x)].removesuffix(" = ") for x in called if x.label]
    assert are_different(shown)
    steps = walkthrough(y, direction="LR", digits=4)
    assert are_different([info.name for info in steps.nodes])


@settings(max_examples=30, deadline=None)
@given(labellings)
def test_names_are_different_in_programs(labels):
    inputs = [Value(1.0, label or "v") for label in labels[:4]]  # of Values, labels may be alike
    program = compile_function(lambda x: _with_operands(x, labels), inputs).program
    called = program.value_names()
    variables = [name for number, name in enumerate(called) if not 4 <= number < program.n_leaves]
    assert are_different(variables)
    assert all(variables)
    source = python_source(program)
    assigned = re.findall(r"^    (\w+) = ", source, re.MULTILINE)
    arguments = re.findall(r"\w+", source.partition("(")[2].partition(")")[0])
    assert are_different([*assigned, *arguments])


def _with_operands(x, labels):
    a, b, c, d = x
    long = (a * b + c * d) * (a + b + c + d)
    other = (a - b) * (c - d) + long * long
    long.label, other.label = labels[4:6]
    return long * other + other * other


def test_marks_tell_nodes_of_one_label_apart():
    a, b = Value(2.0, "x#2"), Value(3.0, "b")
    y = a * b
    y.label = "y"
    assert mark(y, ["x#2 = 2", "y = 6"]).ok
    with pytest.raises(ValueError, match="several nodes are called 'x'"):
        mark(Value(2.0, "x") * Value(3.0, "x") * a, ["x = 2"])
    assert mark(Value(2.0, "x") * a, ["x = 2", "x#2 = 2"]).ok


def test_visible_labels_are_different_though_control_characters_look_alike():
    y = Value(1.0, "\ud800") + Value(1.0, "\uffff")
    assert len({info.name for info in walkthrough(y, direction="LR", digits=4).nodes}) == 3
    assert visible("\ud800") == visible("\uffff")


@pytest.mark.parametrize("label", [3, None, b"w"])
@pytest.mark.parametrize("show", [draw, Stepper, explain, derivation, mark, Exercise])
def test_a_label_that_is_no_string_is_refused_by_whoever_shows_it(label, show):
    w = Value(2.0, "w")
    y = w * 3.0
    y.label = "y"
    w.label = label
    given = {explain: {"wrt": w}, mark: {"claims": ["y = 6"]}, Exercise: {"ask": ["y"]}}
    with pytest.raises(TypeError, match=f"a label is a string, got {re.escape(repr(label))}"):
        show(y, **given.get(show, {}))


def test_half_a_surrogate_pair_in_a_label_hinders_nothing_from_being_printed_and_saved(tmp_path):
    w = Value(2.0, "w\ud800")
    y = w * 3.0
    y.label = "y"
    assert explain(y, wrt=w).text.startswith("∂y/∂w\ufffd = ")
    for suffix in (".txt", ".toml", ".md", ".tex"):
        assert derivation(y, wrt=w).save(tmp_path / f"page{suffix}").read_text(encoding="utf-8")
    exercise = Exercise(y, ["y"])
    assert "w? = 2" in exercise.save(tmp_path / "page.html").read_text(encoding="utf-8")
    assert exercise._repr_html_().encode()


def test_keys_that_are_written_alike_name_different_numbers():
    class Key:
        def __repr__(self):
            return "key"

    container = Container({Key(): 1.0, Key(): 2.0}, "x")
    assert container.names() == ["x[key]", "x[key]#2"]
    assert container.numbers_as(container) == [1.0, 2.0]
