"""Pictures: what they say, that any label survives, that large graphs do not hang.  All by structure, never by bytes."""

import base64
import math
import os
import random
import re
import shutil
import string
import struct
import subprocess
import sys
import sysconfig
from collections import Counter
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_graphs import named

from autograd_tiny import Constant, Primitive, Value, dot, losses, nn, sigmoid, softmax, softplus, total, where
from autograd_tiny.engine.graph import all_nodes, topological_order
from autograd_tiny.formulas import read_formula
from autograd_tiny.symbols.expansion import expanded
from autograd_tiny.text import palette, words
from autograd_tiny.text.numbers import short_number
from autograd_tiny.views.drawing.dot_text import Block, Sketch, Text, card, sheet
from autograd_tiny.views.drawing.draw import SHOWN, draw
from autograd_tiny.views.drawing.grouping import parts_of_model, split_label, summary
from autograd_tiny.views.drawing.picture import Note
from autograd_tiny.views.drawing.render import PROGRAM_VARIABLE, RenderError, find_program
from autograd_tiny.views.drawing.svg import structure
from autograd_tiny.views.paths import edges

NAMESPACES = {"svg": "http://www.w3.org/2000/svg"}


def neuron():
    """y = tanh(z), z = w x + b, with backward run."""
    y = read_formula("z = w*x + b; y = tanh(z)").record({"w": -3, "x": 2, "b": 6.5}).output
    y.backward()
    return y


def network(expanded=False):
    """A network with layers of three ReLU, sigmoid and softmax neurons, its loss, with backward run."""
    model = nn.MLP([3, 3, 3, 3], ["relu", "sigmoid", "softmax"], rng=random.Random(1))
    outputs = model([Value(x, f"x[{i}]") for i, x in enumerate((0.1, 0.2, 0.7))], expanded=expanded)
    loss = losses.binary_cross_entropy(outputs, [1.0, 0.0, 0.0])
    loss.label = "loss"
    loss.backward()
    return loss


def shown(drawing):
    """Class, title and texts of each id."""
    return structure(drawing.svg())


# What a picture says.


def test_a_neuron(renderer):
    y = neuron()
    picture = shown(draw(y))
    assert {i: picture[i] for i in ("n0", "n2", "n4", "n5", "e4_1", "e5_0")} == {
        "n0": ("node leaf", "w: data -3, grad 1.5728955", ("w", "data", "-3", "grad", "1.573")),
        "n2": ("node operation", "w × x: data -6, grad 0.78644773", ("w × x", "data", "-6", "grad", "0.7864")),
        "n4": ("node operation", "z = w × x + b: data 0.5, grad 0.78644773", ("z = +", "data", "0.5", "grad", "0.7864")),
        "n5": ("node operation", "y = tanh(z): data 0.46211716, grad 1", ("y = tanh", "data", "0.4621", "grad", "1")),
        "e4_1": ("edge", "b → z: local derivative 1", ("1",)),
        "e5_0": ("edge", "z → y: local derivative 0.78644773", ("0.7864",)),
    }
    assert len(picture) == 6 + 5


def test_no_gradients_before_backward(renderer):
    y = Value(2.0, "x").exp()
    assert shown(draw(y))["n1"] == ("node operation", "exp(x): data 7.3890561", ("exp(x)", "data", "7.389"))
    y.backward()
    assert shown(draw(y))["n1"][2] == ("exp(x)", "data", "7.389", "grad", "1")
    assert "grad" not in draw(y + 1.0).dot  # backward has not been run on this root


def test_a_value_used_twice_has_two_edges(renderer):
    a = Value(3.0, "a")
    picture = shown(draw(a + a))
    assert {i for i in picture if i.startswith("e")} == {"e1_0", "e1_1"}


def test_constants_are_small_and_their_edges_carry_no_derivative(renderer):
    picture = shown(draw(3 * Value(2.0, "x")))
    constant = next(i for i in picture if "constant" in picture[i][0])
    assert picture[constant] == ("node constant", "constant: data 3", ("3",))
    assert ("edge", "3 → 3 × x: a constant", ()) in picture.values()
    assert ("edge", "x → 3 × x: local derivative 3", ("3",)) in picture.values()


def test_every_edge_shows_its_local_derivative(renderer):
    loss = network()
    drawing = draw(loss)
    picture = shown(drawing)
    for edge in edges(loss):
        texts = picture[drawing.edge_id(edge.user, edge.place)][2]
        derivative = short_number(edge.user.local_derivatives[edge.place])
        assert texts == (() if isinstance(edge.operand, Constant) else (derivative,))


def test_both_programs_draw_the_same(monkeypatch):
    pictures = []
    for name in ("dot", "graphviz-pure"):
        found = shutil.which(name) or shutil.which(name, path=sysconfig.get_path("scripts"))
        if not found:
            pytest.skip(f"{name} is not installed")
        monkeypatch.setenv(PROGRAM_VARIABLE, found)
        pictures.append(shown(draw(network(), expand=True)))
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("label", ["x", ""])
def test_a_leaf_alone(renderer, label):
    (only,) = shown(draw(Value(2.0, label))).values()
    assert only == ("node leaf", f"{label or 'leaf'}: data 2", (label or "leaf", "data", "2"))


def test_a_labelled_constant(renderer):
    pi = Value.constant(math.pi)
    pi.label = "π"
    assert shown(draw(pi))["n0"] == ("node constant", "π = constant: data 3.1415927", ("π = 3.142",))


def test_a_formula_is_written_three_operations_deep():
    x, titles = Value(0.5, "x"), []
    for _ in range(4):
        x = x.tanh()
        drawing = draw(x)
        titles.append(drawing.titles[drawing.node_id(x)].partition(":")[0])
    assert titles == ["tanh(x)", "tanh(tanh(x))", "tanh(tanh(tanh(x)))", "tanh(tanh(tanh(tanh(…))))"]


@pytest.mark.parametrize(("operands", "text"), [(7, f"total({', '.join(['1 × x'] * 7)})"), (8, "total(…)")])
def test_a_formula_of_many_operations_is_left_out(operands, text):
    x = Value(0.5, "x")
    y = total([1.0 * x for _ in range(operands)])
    drawing = draw(y)
    assert drawing.titles[drawing.node_id(y)].partition(":")[0] == text


@pytest.mark.parametrize(("label", "header", "latex"), [
    ("w" * 12, "wwwwwwwwwwww × x", r"\mathrm{wwwwwwwwwwww} \cdot x"),
    ("w" * 13, "×", r"\times"),
])  # fmt: skip
def test_a_header_has_room_for_16_characters(renderer, label, header, latex):
    y = Value(3.0, label) * Value(2.0, "x")
    drawing = draw(y)
    assert shown(drawing)["n2"][2][0] == header
    assert drawing.latex["n2"] == latex


def test_an_operand_without_a_name_is_its_number_in_the_formula_of_a_named_value(renderer):
    y = named("y", (Value(2.0, "x") * [Value(3.0)][0]).exp())
    drawing = draw(y, through="named")
    assert shown(drawing)[drawing.node_id(y)][2][0] == "y = exp(x · 3)"
    assert drawing.latex[drawing.node_id(y)] == r"y = e^{x \cdot 3}"


def test_numbers_that_are_not_finite(renderer):
    x = Value(1e200, "x")
    y = x * x
    y.backward()
    x.grad = math.nan
    picture = shown(draw(y, color_gradients=True))
    assert picture["n1"][2] == ("x × x", "data", "inf", "grad", "1")
    assert picture["n0"][2] == ("x", "data", "1e200", "grad", "nan")


def test_ids_are_in_topological_order_and_found_by_node():
    loss = network()
    drawing = draw(loss)
    assert [drawing.node_id(node) for node in all_nodes(loss)] == [f"n{i}" for i in range(len(all_nodes(loss)))]
    assert drawing.edge_id(loss, 2) == f"e{len(all_nodes(loss)) - 1}_2"
    with pytest.raises(ValueError, match=r"Value\(1\.0, 'elsewhere'\) is not in this picture"):
        drawing.node_id(Value(1.0, "elsewhere"))
    with pytest.raises(ValueError, match=r"no edge from operand 4 of Value\(.*'loss'.*\) is in this picture"):
        drawing.edge_id(loss, 4)


def test_an_opened_node_has_no_edges_of_its_own():
    x = Value(0.5, "x")
    y = 2.0 * x.sigmoid()
    drawing = draw(y, expand=True)
    assert drawing.titles[drawing.edge_id(y, 1)] .endswith(": local derivative 2")
    for user, picture_of_it in ((y.operands[1], drawing), (y, draw(y, max_nodes=1))):
        with pytest.raises(ValueError, match=r"no edge from operand 0 of .* is in this picture"):
            picture_of_it.edge_id(user, 0)


def test_edges_into_a_part_of_a_model_start_where_another_leads():
    x = Value(2.0, "x")
    y = Value(1.0, "a.w") * x + Value(3.0, "a.b")
    drawing = draw(y)
    product = y.operands[0]
    assert drawing.feeds == {drawing.edge_id(product, 1): "ej0"}
    assert drawing.titles["ej0"] == "x → a"
    assert draw(y, clusters=False).feeds == {}


def test_a_picture_is_of_the_moment_it_was_drawn(renderer):
    x = Value(2.0, "x")
    drawing = draw(x)
    x.data, x.label = 3.0, "y"
    assert shown(drawing)["n0"] == ("node leaf", "x: data 2", ("x", "data", "2"))


def test_a_title_for_everything(renderer):
    drawing = draw(network())
    root = ElementTree.fromstring(drawing.svg())
    assert root.get("role") == "img"
    assert [child.text for child in root[:2]] == ["Graph of loss", drawing.description]
    assert re.fullmatch(r"\d+ nodes, \d+ edges", drawing.description)
    groups = [g for g in root.iterfind(".//svg:g", NAMESPACES) if g.get("id") != "graph0"]
    assert {g.get("id"): g.findtext("svg:title", None, NAMESPACES) for g in groups} == drawing.titles


def test_classes_tell_texts_apart(renderer):
    root = ElementTree.fromstring(draw(neuron()).svg())
    (y,) = root.iterfind(".//svg:g[@id='n5']", NAMESPACES)
    assert [(text.get("class"), text.text) for text in y.iterfind(".//svg:text[@class]", NAMESPACES)] == [("data", "0.4621"), ("grad", "1")]
    (edge,) = root.iterfind(".//svg:g[@id='e5_0']", NAMESPACES)
    assert edge.find(".//svg:text", NAMESPACES).get("class") == "derivative"


# Options.


def test_direction():
    assert "rankdir=BT" in draw(neuron(), direction="BT").dot
    with pytest.raises(ValueError, match="a direction is one of LR, RL, TB, BT, got 'up'"):
        draw(neuron(), direction="up")


def test_digits_and_formats(renderer):
    y = neuron()
    assert shown(draw(y, digits=2))["n5"][2] == ("y = tanh", "data", "0.46", "grad", "1")
    assert shown(draw(y, digits="+.1f"))["n5"][2] == ("y = tanh", "data", "+0.5", "grad", "+1.0")
    with pytest.raises(ValueError, match="1 to 17 significant digits, got 0"):
        draw(y, digits=0)
    with pytest.raises(ValueError, match="format"):
        draw(y, digits="many")


def test_what_is_shown(renderer):
    y = neuron()
    assert shown(draw(y, show=["grad"]))["n5"][2] == ("y = tanh", "grad", "1")
    assert shown(draw(y, show="derivatives"))["n5"] == ("node operation", "y = tanh(z): data 0.46211716", ("y = tanh",))
    assert shown(draw(y, show=()))["e5_0"][2] == ()
    with pytest.raises(ValueError, match="what can be shown is data, grad, derivatives; not 'weights'"):
        draw(y, show=["weights"])


def test_only_values_are_drawn():
    with pytest.raises(TypeError, match=r"only a recorded Value can be drawn, got 2\.0"):
        draw(2.0)


def test_on_a_dark_page_all_boxes_keep_their_colours_where_one_has_a_ground_of_its_own():
    z = 4.0 * Value(1.0, "x") - Value(-2.0, "y")
    z.backward()
    for coloured in (False, True):
        classes = [kind.split() for kind, _, _ in shown(draw(z, color_gradients=coloured)).values()]
        assert ["own-ground" in names for names in classes] == [coloured and names[0] == "node" for names in classes]


def test_colours_of_gradients():
    x, y = Value(1.0, "x"), Value(-2.0, "y")
    z = 4.0 * x - y
    z.backward()
    assert not re.findall('BGCOLOR="[^>]*>grad', draw(z).dot)
    grounds = dict(re.findall(r'<B>([xy])</B>.*?BGCOLOR="(#\w+)"[^>]*>grad', draw(z, color_gradients=True).dot))
    (red_x, _, blue_x), (red_y, _, blue_y) = (bytes.fromhex(grounds[name][1:]) for name in "xy")
    assert red_x > blue_x  # positive: warm
    assert blue_y > red_y  # negative: cool
    assert red_x - blue_x > blue_y - red_y  # larger: stronger


def test_a_trained_network_is_not_pale():
    """Colours go by the leaves: the largest of theirs has the full colour, though the root's own gradient is 1."""
    w, t = Value(2.0, "w"), Value(2.0 - 1e-6, "t")
    miss = w * 1.0 - t
    loss = miss * miss * 0.25 + (t * 1e-9)
    loss.backward()
    colored = re.findall(r'<B>([wt])</B>.*?BGCOLOR="(#\w+)"[^>]*>grad', draw(loss, color_gradients=True).dot)
    assert w.grad == pytest.approx(5e-7, rel=1e-2)
    assert dict(colored)["w"] == "#fab47f"  # as every gradient that is larger has


def luminance(color):
    channels = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in bytes.fromhex(color[1:])]
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]


def contrast(one, other):
    """As WCAG 2 defines it: 4.5 is asked of text, 3 of lines."""
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def test_contrast():
    boxes = (palette.LEAF, palette.OPERATION)
    strongest = ["#" + bytes(color).hex() for color in (palette.POSITIVE, palette.NEGATIVE)]
    texts = [(text, box) for text in (palette.INK, palette.DATA, palette.GRAD, palette.QUIET) for box in boxes]
    texts += [(palette.INK, ground) for ground in (*strongest, palette.PART)]
    texts += [(palette.DERIVATIVE, palette.CHIP), (palette.QUIET, palette.SMALL)]
    for text, ground in texts:
        assert contrast(text, ground) >= 4.5, (text, ground)
    for page in ("#ffffff", "#0d1117", palette.PART):
        assert contrast(palette.ARROW, page) >= 3.0, page
    for page in ("#ffffff", "#0d1117"):
        assert contrast(palette.CAPTION, page) >= 4.0, page  # the one text without a ground of its own


# Gradients that contradict the picture.


def test_a_leaf_that_collected_from_another_root_is_told(renderer):
    v, w = Value(2.0, "v"), Value(3.0, "w")
    y, z = v * w, v * v
    y.label, z.label = "y", "z"
    z.backward()
    y.backward()
    with pytest.warns(UserWarning, match=r"shows grad 7 of v, but the derivative of y by it is 3: .* 0\.0 .*backward of y") as told:
        draw(y)
    assert [warning.filename for warning in told] == [__file__]
    draw(y, show=["data"])
    draw(y, max_nodes=2)
    v.grad = w.grad = 0.0
    y.backward()
    draw(y)


def test_backward_twice_is_told():
    y = neuron()
    y.grad = 0.0
    y.backward()
    told = (
        r"grad 3\.1457909 of w, .* is 1\.5728955 \(2 more like it\): the grad is 2 × ∂y/∂w, as after backward was run twice; "
        r"before drawing, set the grad of the leaves to 0\.0 \(zero_grad\(\) of a model does\) and run backward of y again"
    )
    with pytest.warns(UserWarning, match=told):
        draw(y)


def test_interior_gradients_of_another_root_are_told():
    a = Value(2.0, "a")
    b = a.exp()
    b.label = "b"
    y = b * 3.0
    y.backward()
    other = b * 5.0
    a.grad = 0.0
    other.backward()
    a.grad = 3.0 * b.data
    with pytest.warns(UserWarning, match=r"shows grad 5 of b, .* is 3: another call has replaced it"):
        draw(y)


def test_of_several_gradients_of_another_root_the_first_is_told():
    """A leaf before what was computed, then in the order of the computation, and how many more there are."""
    a = Value(2.0, "a")
    b = named("b", a.exp())
    c = named("c", b * 1.0)
    y = c * 3.0
    y.backward()
    b.grad = c.grad = 7.0
    with pytest.warns(UserWarning, match=r"shows grad 7 of b, .* is 3 \(1 more like it\): another call has replaced it"):
        draw(y)
    a.grad += 1.0
    with pytest.warns(UserWarning, match=r"of a, .* \(2 more like it\): another call of backward has added to it"):
        draw(y)


def test_rounding_is_no_contradiction():
    y = neuron()
    for node in all_nodes(y):
        if node is not y:
            node.grad *= 1.0 + 1e-9
    draw(y)


# The order of operands.


def places(drawing):
    """The middle of each box, from the left and from above."""
    found = {}
    for group in ElementTree.fromstring(drawing.svg()).iterfind(".//svg:g", NAMESPACES):
        if group.get("class", "").startswith("node") and group.get("class") != "node junction":
            outline = group.find(".//svg:path", NAMESPACES).get("d")
            corners = [tuple(map(float, pair)) for pair in re.findall(r"(-?[\d.]+),(-?[\d.]+)", outline)]
            found[group.get("id")] = [(min(across) + max(across)) / 2 for across in zip(*corners)]
    return found


IN_ORDER = [
    "f = 1/(1/a + 1/b)",
    "y = L/g",
    "y = b/sqrt(a + b)",
    "y = 1 - 1/(1 + exp(-x))",
    "y = where(c, x, -2)",
    "y = tanh(b) - tanh(a) * a",
    "y = atan2(exp(b), a)",
    "y = (a + b)**c",
    "y = sqrt(b) < a",
    "y = a/(b/(c/(d/e)))",
]


@pytest.mark.parametrize("direction", ["LR", "TB", "RL", "BT"])
@pytest.mark.parametrize("text", IN_ORDER)
def test_operands_stand_in_their_order_where_it_matters(renderer, direction, text):
    formula = read_formula(text)
    y = formula.record({name: 1.5 + i for i, name in enumerate(formula.inputs)}).output
    drawing = draw(y, direction=direction)
    place = places(drawing)
    ordered = [node for node in topological_order(y) if not node.op.commutative and len(node.operands) > 1]
    assert ordered
    for node in ordered:
        along = [place[drawing.node_id(x)][direction in ("LR", "RL")] for x in node.operands]
        assert along == sorted(along), node


IN_ORDER_IN_A_PART = [
    lambda x, y, w, b: x - w,
    lambda x, y, w, b: w - x,
    lambda x, y, w, b: 1.0 - w,
    lambda x, y, w, b: 1.0 / w - w / 2.0,
    lambda x, y, w, b: w**x,
    lambda x, y, w, b: where(x, w, b),
    lambda x, y, w, b: (w - x) / (y - b),
    lambda x, y, w, b: (w * x - b * x) / y,
]


@pytest.mark.parametrize("show", [SHOWN, ()], ids=["labelled", "bare"])
@pytest.mark.parametrize("direction", ["LR", "TB", "RL", "BT"])
@pytest.mark.parametrize("f", IN_ORDER_IN_A_PART)
def test_operands_stand_in_their_order_within_a_frame(renderer, direction, show, f):
    y = f(Value(2.0, "x"), Value(3.0, "y"), Value(1.5, "part.w"), Value(0.5, "part.b"))
    drawing = draw(y, direction=direction, show=show)
    assert "cluster_p0" in drawing.dot
    place = places(drawing)
    for node in topological_order(y):
        if not node.op.commutative:
            along = [place[drawing.node_id(x)][direction in ("LR", "RL")] for x in node.operands]
            assert along == sorted(along), node


def test_an_operand_waits_for_the_other_within_a_frame(renderer):
    w, b = Value(1.5, "part.w"), Value(0.5, "part.b")
    y = (w * w - b).sigmoid() / (1.0 - w)
    drawing = draw(y, direction="TB")
    place = places(drawing)
    (_, first), (_, second) = (place[drawing.node_id(x)] for x in y.operands)
    assert first == second
    for node in (y, y.operands[1]):
        along = [place[drawing.node_id(x)][0] for x in node.operands]
        assert along == sorted(along), node


def test_orders_that_contradict_each_other_are_drawn(renderer):
    v, w = Value(2.0, "part.v"), Value(3.0, "part.w")
    y = (v - w) / (w - v)
    drawing = draw(y)
    assert drawing.dot.count("style=invis") == 2  # v before w, and the difference that comes first
    assert {drawing.node_id(node) for node in all_nodes(y)} < set(shown(drawing))


def test_operands_whose_order_does_not_matter_are_left_to_the_layout():
    a, b = Value(1.5, "a"), Value(2.0, "b")
    for y in (a + b, a * b, total(a, b), dot([a], [b]), softmax(a, b)[0], a.exp()):
        assert "ordering" not in draw(y).dot
    assert "ordering=in" in draw(a - b).dot


# Parts of a model.


@pytest.mark.parametrize(
    ("other", "part"),
    [
        ("net.enc.layers[0].bias", ("net", "enc", "layers[0]")),
        ("net.enc.layers[1].weight", ("net", "enc")),
        ("net.dec.weight", ("net",)),
        ("head.enc.weight", ()),
    ],
)
def test_what_uses_parameters_of_several_parts_belongs_where_all_of_them_do(other, part):
    y = Value(2.0, "net.enc.layers[0].weight") * Value(3.0, other)
    assert parts_of_model(all_nodes(y))[y] == part



def test_labels_say_which_part_of_a_model_a_node_belongs_to():
    assert split_label("encoder.layers[0].weights[1][2]") == (("encoder", "layers[0]"), "weights[1][2]")
    assert split_label("heads['a.b'].weight") == (("heads['a.b']",), "weight")
    for plain in ("x", "0.5", "e.g. this", "a.", ".a", "a..b", "3.x", ""):
        assert split_label(plain) == ((), plain)
    depth = ".".join(["a"] * 2000)  # and no recursion as deep as that
    assert len(split_label(depth)[0]) == 4
    draw(Value(1.0, depth))


@pytest.mark.parametrize("expanded", [False, True])
def test_operations_belong_where_their_parameters_do(expanded):
    loss = network(expanded)
    counts = Counter((part, node.op and node.op.name) for node, part in parts_of_model(all_nodes(loss)).items())
    sums = {"dot": 3} if not expanded else {"mul": 9, "add": 9}
    for layer, activations in enumerate(({"relu": 3}, {"sigmoid": 3}, {"softmax[0]": 1, "softmax[1]": 1, "softmax[2]": 1})):
        members = {name: count for (part, name), count in counts.items() if part == (f"layers[{layer}]",)}
        assert members == {None: 12} | sums | activations
    assert {name for part, name in counts if part == ()} == {None, "log", "neg", "sub", "total"}


def test_parts_are_framed(renderer):
    loss = network()
    picture = shown(draw(loss))
    frames = {entry for entry in picture.values() if "cluster" in entry[0]}
    assert frames == {("cluster", f"layers[{i}]", (f"layers[{i}]",)) for i in range(3)}
    headers = {title.split(":")[0]: texts[0] for kind, title, texts in picture.values() if kind == "node leaf"}
    assert headers["layers[2].weights[1][0]"] == "weights[1][0]"
    assert headers["x[2]"] == "x[2]"
    assert {kind for kind, *_ in shown(draw(loss, clusters=False)).values()} == {"node leaf", "node operation", "node constant", "edge"}
    assert "layers[2].weights[1][0]" in draw(loss, clusters=False).dot


def test_parts_within_parts(renderer):
    x = Value(2.0, "net.layers[0].weight") * Value(1.0, "x") + Value(3.0, "net.bias")
    picture = shown(draw(x))
    assert {(title, texts) for kind, title, texts in picture.values() if kind == "cluster"} == {
        ("net", ("net",)),
        ("net.layers[0]", ("layers[0]",)),
    }
    assert {texts[0] for kind, _, texts in picture.values() if kind == "node leaf"} == {"weight", "x", "bias"}


# Fused operations, opened.


def by_hand(*inputs):
    """softmax of dots, and a sigmoid, in simple operations."""
    w, v, x, b = inputs
    exps = [(w * x + v * b).exp(), (w * b + v * x).exp()]
    p = [e / (exps[0] + exps[1]) for e in exps]
    return p[0] * (1.0 / (1.0 + (-p[1]).exp()))


def fused(*inputs):
    w, v, x, b = inputs
    p = softmax(dot([w, v], [x, b]), dot([w, v], [b, x]))
    return p[0] * sigmoid(p[1])


def numbers_of(nodes, digits=12):
    return Counter((short_number(n.data, digits), short_number(n.grad, digits)) for n in nodes if n.op is not None)


def test_opened_nodes_have_the_gradients_of_the_simple_graph():
    roots = [f(*[Value(x) for x in (0.3, -0.7, 1.1, 0.4)]) for f in (fused, by_hand)]
    for root in roots:
        root.backward()
    opened = all_nodes(expanded(roots[0], True).twins[roots[0]])
    simple = all_nodes(roots[1])
    # By hand the sum of the exponentials is written twice; expanding softmax computes it once.
    assert Counter(n.op.name for n in opened if n.op) == Counter(n.op.name for n in simple if n.op) - Counter(add=1)
    leaves = [[n.grad for n in nodes if n.op is None and not isinstance(n, Constant)] for nodes in (opened, simple)]
    assert sorted(leaves[0]) == pytest.approx(sorted(leaves[1]))
    difference = numbers_of(opened) - numbers_of(simple)
    assert sum(difference.values()) == 1  # that sum, whose gradient is the sum of the two


def test_opening_changes_nothing_in_the_original():
    y = network()
    before = [(n, n.op, n.operands, n.data, n.grad, n.label, n.local_derivatives) for n in all_nodes(y)]
    drawing = draw(y, expand=True)
    assert before == [(n, n.op, n.operands, n.data, n.grad, n.label, n.local_derivatives) for n in all_nodes(y)]
    assert {drawing.node_id(n) for n in all_nodes(y)} < set(drawing.titles)


def test_an_opened_node_keeps_its_label_data_and_gradient(renderer):
    y = Value(0.5, "x").sigmoid()
    y.label = "y"
    y.backward()
    drawing = draw(y, expand=["sigmoid"])
    assert shown(drawing)[drawing.node_id(y)][2] == ("y = /", "data", "0.6225", "grad", "1")
    inside = {texts for kind, _, texts in shown(drawing).values() if kind == "node operation"}
    assert inside == {
        ("-x", "data", "-0.5", "grad", "-0.235"),
        ("exp", "data", "0.6065", "grad", "-0.3875"),
        ("+", "data", "1.607", "grad", "-0.3875"),
        ("y = /", "data", "0.6225", "grad", "1"),
    }


def test_the_same_operation_twice_keeps_both_labels():
    x = Value(0.5, "x")
    first, second = x.sigmoid(), x.sigmoid()
    first.label, second.label = "first", "second"
    p, q = softmax(x, 0.0), softmax(x, 0.0)
    p[0].label, q[0].label = "p", "q"
    root = total(first, second, p[0], q[0])
    assert {"first", "second", "p", "q"} <= {node.label for node in expanded(root, True).origins}


def test_only_what_is_named_is_opened():
    y = total(dot([Value(1.0)], [Value(2.0)]).sigmoid(), Value(1.0).silu())
    names = Counter(n.op.name for n in expanded(y, "sigmoid").origins if n.op)
    assert names == Counter(dot=1, silu=1, neg=1, exp=1, add=1, div=1, total=1)
    assert "silu" not in {n.op.name for n in expanded(y, ["silu"]).origins if n.op}
    assert "sigmoid" in {n.op.name for n in expanded(y, ["silu"]).origins if n.op}
    assert not {n.op.name for n in expanded(y, True).origins if n.op} & {"dot", "silu", "sigmoid", "total"}
    with pytest.raises(ValueError, match=r"no expansion is known for tanh; there is one for .*gelu, leaky_relu, logsumexp"):
        draw(y, expand=["tanh"])


def test_what_cannot_be_opened_stays_closed():
    overflows = softplus(Value(1000.0))
    alone = total([Value(1.0)])
    again = Primitive("again", lambda x: x, (1.0,), doc="x", expansion=lambda x: again(x) + 0.0)
    assert [n.op.name for n in topological_order(expanded(overflows, True).twins[overflows])] == ["softplus"]
    assert [n.op.name for n in topological_order(expanded(alone, True).twins[alone])] == ["total"]
    endless = again(Value(1.0))
    assert len(all_nodes(expanded(endless, True).twins[endless])) < 50


# Any label.

NASTY = [
    "<b>bold</b>", "a{b|c}d", '"quoted"', "it's", "line\nbreak", "\\N \\G \\E \\L \\l", "\\", "</script><script>alert(1)</script>",
    "]", "]]", "]]>", "<![CDATA[", "&lt;", "&amp;", "&#65;", "&nbsp;", "-->", "\x00\x1b\x7f\x85", "\t\r\n", "\ud800", "\uffff",
    "é", "漢字", "😀👩‍👩‍👧", "\u202eabc", "\u00a0", "two  spaces", " lead", "trail ", "   ", "x" * 10_000, "%s %d {0}", "<", ">", "&",
    "`$(echo)`", "javascript:alert(1)", '" onload="alert(1)', "e\u0301", "\u2028", "<TABLE>", "\\\\", "n0", "graph", "", "0",
]
labels = st.text(st.characters(exclude_categories=()), max_size=12) | st.lists(st.sampled_from(NASTY), max_size=3).map("".join)
TAGS = {"svg", "title", "desc", "g", "path", "polygon", "polyline", "text", "tspan", "style"}
ATTRIBUTES = {
    "width", "height", "viewBox", "role", "font-family", "id", "class", "transform", "fill", "stroke", "points", "d", "x", "y",
    "text-anchor", "font-weight", "font-size", "{http://www.w3.org/XML/1998/namespace}space",
}


def check_labels(names):
    """Each label stands in its box and, in full, in its title, with a number where it is not the first of its kind; no two boxes
    are called the same; and nothing else came into the SVG."""
    leaves = [Value(1.0, name) for name in names]
    y = total(leaves)
    y.label = names[0]
    drawing = draw(y, clusters=False)
    root = ElementTree.fromstring(drawing.svg())
    assert {element.tag.removeprefix("{http://www.w3.org/2000/svg}") for element in root.iter()} <= TAGS
    assert {name for element in root.iter() for name in element.attrib} <= ATTRIBUTES
    texts = set()
    for node in [*leaves, y]:
        (group,) = root.iterfind(f".//svg:g[@id='{drawing.node_id(node)}']", NAMESPACES)
        assert group.get("class") == ("node operation" if node is y else "node leaf")
        if node.label:
            visible = words.visible(node.label)
            text = group.find(".//svg:text", NAMESPACES)
            assert text.text not in texts
            cut = visible if len(visible) <= 40 else visible[:39] + "…"
            assert re.fullmatch(re.escape(cut) + ("" if cut not in texts else r"#\d+"), text.text)
            texts.add(text.text)
            assert text.get("{http://www.w3.org/XML/1998/namespace}space") == "preserve"
            after = r"(#\d+)?" + (" = " if node is y else ": ")
            assert re.match(re.escape(visible) + after, group.findtext("svg:title", None, NAMESPACES))


SCHEMES = """() => ["light", "dark"].map((scheme) => {
    document.documentElement.style.colorScheme = scheme;
    const fill = (selector) => getComputedStyle(document.querySelector(selector)).fill;
    return ["#plain text", "#plain .grad", "#plain .node path", "#tinted text", "#noted [fill='#d9f0e3']", "#noted text"].map(fill);
})"""


def test_a_picture_follows_the_scheme_around_it(browser, tmp_path):
    """In a page as in an image, marks too; a box with a tint stays as it is, and what a page says of a picture holds."""
    y = Value(-3.0, "w") * Value(2.0, "x")
    y.backward()
    y.label = "y"
    plain, tinted = draw(y), draw(y, color_gradients=True)
    noted = draw(y, notes={"y": [Note("page", "-6 =", palette.VERDICTS["right"].ground.light, "right")]})
    drawn = {"plain": plain, "tinted": tinted, "noted": noted}
    inline = {name: picture.svg().partition("<svg")[2] for name, picture in drawn.items()}
    pictures = "".join(f'<svg id="{name}"{svg}' for name, svg in inline.items())
    page = browser.new_page()
    page.set_content(f"<!doctype html><style>svg .grad {{ fill: #7a0019 }}</style>{pictures}{plain._repr_mimebundle_()['text/html']}")
    light, dark = page.evaluate(SCHEMES)
    assert light == ["rgb(28, 39, 51)", "rgb(122, 0, 25)", "rgb(255, 255, 255)", "rgb(28, 39, 51)", "rgb(217, 240, 227)", "rgb(28, 39, 51)"]
    assert dark == ["rgb(227, 233, 241)", "rgb(122, 0, 25)", "rgb(27, 34, 44)", "rgb(28, 39, 51)", "rgb(19, 57, 44)", "rgb(227, 233, 241)"]
    image = page.locator("img")
    shown = {}
    for scheme in ("light", "dark"):
        page.evaluate("scheme => { document.documentElement.style.colorScheme = scheme; document.body.style.background = 'white' }", scheme)
        shown[scheme] = image.screenshot()
    assert shown["light"] != shown["dark"]
    page.close()


def test_visible():
    assert words.visible("\x00\n\x7f\ud800\udfff\uffff") == "␀␊␡���"
    ordinary = "".join(chr(c) for c in range(0x11000) if not (c < 32 or c == 127 or 0xD800 <= c < 0xE000 or c in (0xFFFE, 0xFFFF)))
    assert words.visible(ordinary) == ordinary


def test_nasty_labels(renderer):
    check_labels(NASTY)
    check_labels(["".join(NASTY)])


@given(st.lists(labels, min_size=1, max_size=50))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_labels(renderer, names):
    check_labels(names)


@pytest.mark.slow
def test_thousands_of_labels(renderer):
    seen = 0

    @given(st.lists(labels, min_size=50, max_size=50))
    @settings(max_examples=110, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def check(names):
        nonlocal seen
        seen += len(names)
        check_labels(names)

    check()
    assert seen >= 5_000  # with either program


def test_labels_of_parts_and_operations(renderer):
    shout = Primitive("shout", lambda x: x, (1.0,), doc="x", symbol='<b>"\\N\x00', expansion=lambda x: x * 1)
    y = shout(Value(1.0, "heads['<b>&\x00\n\"'].weight")) + Value(2.0, "x")
    picture = shown(draw(y))
    assert ("cluster", "heads['<b>&␀␊\"']", ("heads['<b>&␀␊\"']",)) in picture.values()
    assert '<b>"\\N␀' in {texts[0] for _, _, texts in picture.values() if texts}
    summary_of_it = shown(draw(y, max_nodes=2))
    assert any('<b>"\\N␀' in texts for _, _, texts in summary_of_it.values())


# Large graphs.


def chain(length):
    """A chain in which every other node also uses a node from anywhere before."""
    rng = random.Random(0)
    nodes = [Value(0.5, "x")]
    while len(nodes) < length:
        nodes.append(nodes[-1].tanh() if len(nodes) % 2 else nodes[-1] + rng.choice(nodes))
    return nodes[-1]


def large_network():
    """A network of about 1,500 nodes with its loss."""
    model = nn.MLP([16, 30, 20, 8], ["relu", "relu", "softmax"], rng=random.Random(0))
    return losses.cross_entropy(model([Value(0.1 * i, f"x[{i}]") for i in range(16)]), 1)


@pytest.mark.slow
@pytest.mark.parametrize("graph", [lambda: chain(400), large_network], ids=["chain", "network"])
@pytest.mark.parametrize("renderer", ["dot", "graphviz-pure"], indirect=True)
def test_layout_does_not_blow_up(renderer, graph):
    root = graph()
    drawn = subprocess.run([find_program(), "-v", "-Tsvg"], input=draw(root).dot.encode(), capture_output=True, check=True)
    said = drawn.stderr.decode()
    rounds = sum(map(int, re.findall(r"edges (\d+) iter", said))), said.count("mincross: pass")  # to place boxes, to avoid crossings
    assert all(rounds)
    assert sum(rounds) < len(all_nodes(root))  # one that is not told to be quick makes a hundred for each of 200 nodes
    assert drawn.stdout.count(b'class="node') >= len(all_nodes(root))


@pytest.mark.slow
def test_a_million_nodes_are_answered():
    x = y = Value(1.0, "x")
    for _ in range(333_333):
        y = y * 0.999 + x
    drawing = draw(y)
    assert drawing.description == "a summary of 1,000,000 nodes, 1,333,332 edges"
    assert len(shown(drawing)) < 20


def test_boxes_stand_on_ranks_as_near_as_possible():
    sketch = Sketch()
    for box in "abcde":
        sketch.box(box, "leaf", "<>", title=box, text=box)
    for arrow, (tail, head) in enumerate(["ab", "bc", "dc", "ac", "ec"]):
        sketch.arrow(f"e{arrow}", tail, head, title="")
    assert sketch.length() == 1 + 1 + 1 + 2 + 1


def test_only_what_can_stand_on_one_rank_is_put_there():
    sketch = Sketch()
    for box, part, ordered in (("x", (), False), *((box, ("p",), box in "yz") for box in "abcyz")):
        sketch.box(box, "leaf", "<>", title=box, text=box, part=part, ordered=ordered)
    for arrow, (tail, head) in enumerate(["ab", "by", "ay", "xy", "cz", "yz", "yz"]):  # a is on the way to b; x comes in by a point
        sketch.arrow(f"e{arrow}", tail, head, title="")
    ordered = re.findall(r"(\w+) -> (\w+) \[style=invis\]", sketch.dot("TB"))
    assert ordered == [("b", "j0"), ("c", "y")]
    assert re.findall(r"(\w+) -> (\w+) \[style=invis\]", sketch.dot("LR")) == [("j0", "b"), ("y", "c")]
    assert sketch.dot("TB").count("rank=same") == 2
    assert sketch.dot("TB").count("ordering") == 0
    assert "remincross=false" in sketch.dot("TB")
    assert "remincross" not in draw(neuron()).dot


def test_no_box_is_put_beside_what_it_was_computed_from(renderer):
    """The first operand can wait for the third, but not with the second, which the third is computed from."""
    c, b = Value(1.0, "part.c"), Value(2.0, "part.b")
    second = b.tanh()
    third = second.tanh().tanh()
    for node, name in ((second, "second"), (third.operands[0], "between"), (third, "third")):
        node.label = f"part.{name}"
    y = where(c, second, third)
    drawing = draw(y, direction="TB")
    pairs = re.findall(r"(\w+) -> (\w+) \[style=invis\]", drawing.dot)
    assert pairs == [(drawing.node_id(c), drawing.node_id(third))]
    height = {key: place[1] for key, place in places(drawing).items()}
    for edge in edges(y):
        assert height[drawing.node_id(edge.operand)] < height[drawing.node_id(edge.user)]


def test_an_arrow_out_of_all_parts_is_longer():
    sketch = Sketch()
    for box, part in (("x", ()), ("a", ("p",)), ("b", ("p",)), ("y", ())):
        sketch.box(box, "leaf", "<>", title=box, text=box, part=part)
    for arrow, (tail, head) in enumerate(["ab", "by", "xy"]):
        sketch.arrow(f"e{arrow}", tail, head, title="")
    assert re.findall(r"(\w+) -> (\w+) \[[^]]*minlen=2", sketch.dot("TB")) == [("b", "y")]


def test_a_header_stands_over_the_widest_table():
    blocks = [Block(str(width), [[(Text("1"), "")] * width]) for width in (2, 3, 1)]
    assert re.findall(r'COLSPAN="(\d)"', sheet([Text("A")], blocks, "")) == ["4"]


def test_a_rim_is_around_the_whole_box():
    plain, rimmed = (card([Text("a]")], [], "", rim=rim) for rim in ("", "#123456"))
    assert plain[1:-1] in rimmed
    ElementTree.fromstring(rimmed[1:-1])
    assert "".join(ElementTree.fromstring(plain[1:-1]).itertext()) == "a]"


def test_an_order_needs_a_part():
    sketch = Sketch()
    sketch.box("a", "leaf", "<>", title="a", text="a")
    sketch.box("b", "operation", "<>", title="b", text="b", ordered=True)
    sketch.arrow("e", "a", "b", title="")
    assert sketch.dot("TB").count("ordering=in") == 1


def test_a_summary_shows_the_parts(renderer):
    loss = network()
    drawing = draw(loss, max_nodes=60)
    picture = shown(drawing)
    assert drawing.description == f"a summary of {len(all_nodes(loss))} nodes, {len(list(edges(loss)))} edges"
    assert drawing.description in drawing.svg()
    assert picture[drawing.node_id(loss)][2] == ("loss = Σ", "data", short_number(loss.data), "grad", "1")
    boxes = {texts[0]: (title, texts[1:]) for kind, title, texts in picture.values() if kind.startswith("node")}
    assert boxes["layers[0]"] == ("layers[0]: leaf 12, Σ w x 3, ReLU 3", ("leaf", "12", "Σ w x", "3", "ReLU", "3"))
    assert boxes["x[…]"] == ("x[…]: leaf 3", ("nodes", "3"))
    assert ("edge", "layers[0] → layers[1]: 9 edges", ("9",)) in picture.values()
    assert ("edge", "x[…] → layers[0]: 9 edges", ("9",)) in picture.values()
    assert "exp → y: 1 edge" in draw(named("y", Value(2.0, "x").exp() * 2.0), max_nodes=1).titles.values()
    with pytest.raises(ValueError, match="is not in this picture"):
        drawing.node_id(loss.operands[0])


def test_too_many_edges_or_too_long_ones_are_summarised():
    x, y = Value(1.0, "x"), Value(2.0, "y")
    assert draw(total([x, y] * 4000)).description == "3 nodes, 8,000 edges"
    assert draw(total([x, y] * 4000 + [x])).description == "a summary of 3 nodes, 8,001 edges"
    assert "a summary" not in draw(total([x, y] * 500), max_nodes=3).description
    assert draw(chain(1200)).description.startswith("a summary of 1,200 nodes")


def test_a_graph_that_opening_makes_too_large_is_summarised_as_it_is():
    y = dot([Value(1.0)] * 5, [Value(2.0)] * 5)
    assert draw(y, expand=True, max_nodes=11).description == "11 nodes, 18 edges"
    assert draw(y, expand=True, max_nodes=10).description == "a summary of 3 nodes, 10 edges"


def test_many_names_are_put_together():
    letters = [a + b for a in string.ascii_letters for b in string.ascii_letters]
    nodes = all_nodes(total([Value(1.0, name) for name in letters]))
    assert {group.kind for group in summary(nodes).members} == {"leaves", "root"}
    nodes = all_nodes(total([Value(1.0, f"{name}.inner.weight") for name in letters[:70]]))
    assert len(summary(nodes).members) == 2
    nodes = all_nodes(total([Value(1.0, f"{name}.{other}.weight") for name in letters[:10] for other in letters[:10]]))
    assert len(summary(nodes).members) == 11
    rows = [Primitive(f"f{i}", lambda x: x, (1.0,), doc="x") for i in range(70)]
    with pytest.raises(ValueError, match="more than 60 kinds of operations is too large; draw a part of it"):
        draw(total([row(Value(1.0)) for row in rows]), max_nodes=10)


# Files and notebooks.


@pytest.mark.parametrize(
    ("suffix", "start"), [(".svg", b"<svg "), (".SVG", b"<svg "), (".png", b"\x89PNG"), (".dot", b"digraph"), (".gv", b"digraph")]
)
def test_save(renderer, tmp_path, suffix, start):
    path = draw(neuron()).save(tmp_path / f"graph{suffix}")
    assert path.read_bytes().startswith(start)
    assert [file.name for file in tmp_path.iterdir()] == [f"graph{suffix}"]


def pixels(path):
    """Width and height of a PNG."""
    return struct.unpack(">II", path.read_bytes()[16:24])


@pytest.mark.parametrize("scale", [2, 0.5, 2.5])
def test_a_png_has_a_scale(renderer, tmp_path, scale):
    drawing = draw(neuron())
    assert drawing.save(tmp_path / "plain.png").read_bytes() == drawing.save(tmp_path / "once.png", scale=1).read_bytes()
    plain, scaled = pixels(tmp_path / "plain.png"), pixels(drawing.save(tmp_path / "scaled.png", scale=scale))
    assert scaled == pytest.approx([scale * n for n in plain], abs=scale + 1)


def test_a_scale_that_means_nothing_is_refused(tmp_path):
    drawing = draw(neuron())
    for suffix in (".svg", ".pdf", ".dot"):
        with pytest.raises(ValueError, match=rf"only a \.png has a scale: a \{suffix} has no pixels"):
            drawing.save(tmp_path / f"graph{suffix}", scale=2)
    for scale in (0, -1, math.nan, math.inf, 1000):
        with pytest.raises(ValueError, match=r"a scale is a number from 0\.1 to 20, got"):
            drawing.save(tmp_path / "graph.png", scale=scale)
    assert not list(tmp_path.iterdir())


def test_save_pdf(renderer, tmp_path):
    if renderer == "dot":
        assert draw(neuron()).save(tmp_path / "graph.pdf").read_bytes().startswith(b"%PDF")
    else:
        with pytest.raises(RenderError, match="writes no PDF"):
            draw(neuron()).save(tmp_path / "graph.pdf")


def test_places_that_cannot_be_written(tmp_path, monkeypatch):
    drawing = draw(neuron())
    with pytest.raises(ValueError, match=r"must end in one of \.svg, \.png, \.pdf, \.tex, \.dot, \.gv"):
        drawing.save(tmp_path / "graph.gif")
    with pytest.raises(ValueError, match="must end in"):
        drawing.save(tmp_path / "graph")
    with pytest.raises(FileNotFoundError, match="does not exist; create it first"):
        drawing.save(tmp_path / "missing" / "graph.dot")
    (tmp_path / "old.dot").write_text("old")

    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PermissionError, match=r"cannot write .*old\.dot: Permission denied"):
        drawing.save(tmp_path / "old.dot")
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"old.dot": "old"}


def test_notebooks(renderer):
    drawing = draw(neuron())
    bundle = drawing._repr_mimebundle_()
    assert bundle["image/svg+xml"] == drawing.svg()
    source = re.fullmatch('<img alt="Graph of y" src="data:image/svg\\+xml;base64,([A-Za-z0-9+/=]+)">', bundle["text/html"])[1]
    assert base64.b64decode(source).decode() == drawing.svg()
    assert bundle["text/plain"] == "<Drawing: Graph of y; 6 nodes, 5 edges>"


def test_drawing_is_light():
    """The module is imported with the package; what is slow to load waits until something is drawn."""
    slow = "{'graphviz', 'subprocess', 'xml.etree.ElementTree'}"  # less what a measurement of coverage has loaded before
    code = f"import sys; before = set(sys.modules); import autograd_tiny.views.drawing.draw; print(*{slow} & set(sys.modules) - before)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


# Numbers.


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.0, "0"), (-0.0, "0"), (1.0, "1"), (0.1 + 0.2, "0.3"), (-2.97855, "-2.979"), (9.99996, "10"), (9999.9996, "10000"),
        (123456.7, "123457"), (999999.7, "1e6"), (1234567.0, "1.235e6"), (1e-4, "0.0001"), (0.000099996, "0.0001"), (1e-5, "1e-5"),
        (1e-300, "1e-300"), (5e-324, "4.941e-324"), (1.7976931348623157e308, "1.798e308"),
        (math.inf, "inf"), (-math.inf, "-inf"), (math.nan, "nan"),
    ],
)
def test_short_numbers(x, text):
    assert short_number(x) == text


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 17))
def test_short_numbers_are_rounded_and_no_longer_than_they_must_be(x, digits):
    text = short_number(x, digits)
    exact = float(f"{x:.{digits}g}")
    assert abs(float(text) - x) <= abs(exact - x)
    if digits == 17:
        assert float(text) == x
    assert not re.search(r"\.\d*0$|\.$|\.0*e|e\+|e-?0", text)
