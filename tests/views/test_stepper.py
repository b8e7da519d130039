"""The stepper without a browser: its data, its page, its frames, its traits; and its module under node."""

import base64
import hashlib
import json
import math
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import sysconfig
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from autograd_tiny import Value, backward_steps
from autograd_tiny.engine.graph import adjoints, all_nodes
from autograd_tiny.formulas import read_formula
from autograd_tiny.text import palette, words
from autograd_tiny.text.numbers import short_number
from autograd_tiny.views.widget import Stepper
from autograd_tiny.views.widget.page import embedded, joined, module, source, style
from autograd_tiny.views.widget.pictures import prepared
from autograd_tiny.views.widget.stills import moments
from autograd_tiny.views.widget.walks.frames import known_by, walkthrough
from autograd_tiny.worked import three_three_three

SVG = "{http://www.w3.org/2000/svg}"


def neuron():
    return read_formula("z = w*x + b; y = tanh(z)").record({"w": -3, "x": 2, "b": 6.5}).output


def in_a_layer():
    return 3.0 * (Value(1.0, "layers[0].weights[0]") * Value(2.0, "x")).relu()


@pytest.fixture(scope="module")
def worked():
    loss = three_three_three.record().loss
    return loss, Stepper(loss)


def known(steps, kind, end=None):
    """The numbers that are known after the steps up to ``end``."""
    numbers = {}
    for step in steps[:end]:
        numbers |= step[kind]
    return numbers


def expanded(lines, parts):
    """A formula as the page writes it."""
    whole = []
    for part in parts:
        whole.append(re.sub(r"&(\d+);", lambda m: whole[int(m[1])], part))
    return [re.sub(r"&(\d+);", lambda m: whole[int(m[1])], side) for line in lines for side in line]


# The steps.


def test_the_steps_of_a_neuron():
    data = Stepper(neuron()).data
    assert [node["name"] for node in data["nodes"]] == ["w", "x", "t1", "b", "z", "y"]
    assert [node["kind"] for node in data["nodes"]] == ["leaf", "leaf", "operation", "leaf", "operation", "operation"]
    seen = [(step["place"], step["node"], list(step["edges"].values()), step["data"], step["gradients"]) for step in data["steps"]]
    assert seen == [
        ("Start", "", [], {"n0": "-3", "n1": "2", "n3": "6.5"}, {}),
        ("Forward 1 of 3", "n2", ["n0", "n1"], {"n2": "-6"}, {}),
        ("Forward 2 of 3", "n4", ["n2", "n3"], {"n4": "0.5"}, {}),
        ("Forward 3 of 3", "n5", ["n4"], {"n5": "0.4621"}, {}),
        ("Backward", "n5", [], {}, {"n5": "1"}),
        ("Backward 1 of 3", "n5", ["n4"], {}, {"n4": "0.7864"}),
        ("Backward 2 of 3", "n4", ["n2", "n3"], {}, {"n2": "0.7864", "n3": "0.7864"}),
        ("Backward 3 of 3", "n2", ["n0", "n1"], {}, {"n0": "1.573", "n1": "-2.359"}),
    ]


def test_the_words_of_a_step():
    a = Value(3.0, "a")
    square = a * a
    square.label = "s"
    steps = Stepper(square + a).data["steps"]
    assert steps[1]["caption"] == "s is computed from a."
    assert steps[-2]["caption"] == "The gradient of t1 is complete: 1. Times the local derivative, it goes to s and a."
    assert steps[-1]["details"] == "a had 1 and gets 1 times 3: now 4. a had 4 and gets 1 times 3: now 7."


def test_the_final_numbers_are_the_engines(worked):
    loss, stepper = worked
    nodes, data = all_nodes(loss), stepper.data
    gradients = adjoints(loss)
    assert known(data["steps"], "data") == {f"n{i}": short_number(node.data) for i, node in enumerate(nodes)}
    shown = known(data["steps"], "gradients")
    exact = {info["id"]: info["gradient"] for info in data["nodes"]}
    for i, node in enumerate(nodes):
        if data["nodes"][i]["kind"] != "constant":
            assert (shown[f"n{i}"], exact[f"n{i}"]) == (short_number(gradients[node]), repr(gradients[node]))
    drawn = {g.get("data-node"): g.find(f"{SVG}text[@class='grad']") for g in ElementTree.fromstring(data["svg"]).iter(SVG + "g")}
    assert {node: text.text for node, text in drawn.items() if text is not None} == shown  # what is seen where no script runs


def test_nothing_of_the_graph_is_changed():
    y = neuron()
    nodes = all_nodes(y)
    nodes[0].grad = 5.0
    before = [(node.data, node.grad, node.label, node.operands) for node in nodes]
    stepper = Stepper(y)
    first = stepper.html()
    assert [(node.data, node.grad, node.label, node.operands) for node in nodes] == before
    y.backward()
    assert list(backward_steps(y))[-1].contributions[0].after == pytest.approx(nodes[0].grad - 5.0)
    nodes[0].data = 100.0
    assert stepper.html() == first


def test_a_leaf_is_stepped_through():
    stepper = Stepper(Value(2.5, "x"))
    assert [step["phase"] for step in stepper.data["steps"]] == ["start", "seed"]
    assert known(stepper.data["steps"], "gradients") == {"n0": "1"}
    assert known(stepper.data["steps"], "data") == {"n0": "2.5"}


def test_constants_get_no_gradient():
    x = Value(3.0, "x")
    data = Stepper(2 * x + 1).data
    constants = {node["id"] for node in data["nodes"] if node["kind"] == "constant"}
    assert len(constants) == 2
    assert not constants & known(data["steps"], "gradients").keys()
    handed_on = {operand for step in data["steps"] if step["phase"] == "backward" for operand in step["edges"].values()}
    assert not constants & handed_on


def test_an_operation_on_constants_only_is_stepped_through():
    data = Stepper(Value.constant(2.0) * Value.constant(3.0)).data
    assert "Constants need none of it." in data["steps"][-1]["caption"]


def test_a_node_that_is_used_often_gets_its_gradient_bit_by_bit():
    x = Value(2.0, "x")
    data = Stepper(x * x * x + x).data
    partial = [step["gradients"][data["nodes"][0]["id"]] for step in data["steps"] if data["nodes"][0]["id"] in step["gradients"]]
    assert partial == ["1", "5", "13"]


# Formulas.


def test_formulas_are_well_formed_and_say_what_explain_says(worked):
    _, stepper = worked
    data = stepper.data
    for owner in [*data["steps"], *data["nodes"]]:
        for side in expanded(owner["lines"], data["parts"]):
            ElementTree.fromstring(f"<math>{side}</math>")
    node = next(node for node in data["nodes"] if node["name"] == "W_i1j1")
    sides = expanded(node["lines"], data["parts"])
    texts = ["".join(ElementTree.fromstring(f"<m>{side}</m>").itertext()) for side in sides]
    assert texts == ["∂Etotal∂Wi1j1", "=∂Etotal∂h1in1·∂h1in1∂Wi1j1", "", "=∂Etotal∂h1in1·i1", "", "=0.01017·0.1", "", "=0.001017"]
    assert node["latex"].startswith(r"\begin{aligned}")


def test_a_sign_is_told_from_a_difference():
    a, b = Value(-3.0, "a"), Value(2.0, "b")
    data = Stepper(a - b).data
    right = expanded(data["steps"][1]["lines"], data["parts"])[3]
    assert right == '<mo form="infix">=</mo><mo form="prefix">−</mo><mn>3</mn><mo>−</mo><mn>2</mn>'


def test_a_long_chain_stays_small():
    x = Value(0.5, "x")
    y = x
    for _ in range(150):
        y = y.tanh()
    assert len(Stepper(y).html()) < 1_000_000  # whole paths would take 4 million


def test_names_in_formulas_stand_in_the_drawing(worked):
    _, stepper = worked
    svg = ElementTree.fromstring(stepper.data["svg"])
    for node in stepper.data["nodes"]:
        group = next(g for g in svg.iter(SVG + "g") if g.get("data-node") == node["id"])
        assert node["name"] in "".join(text.text for text in group.iter(SVG + "text"))


# The drawing.


def test_a_drawing_is_made_ready_for_steps():
    """Numbers end where they ended, those on arrows stay in the middle; nothing is said that holds anyway."""
    drawn = '''<svg xmlns="http://www.w3.org/2000/svg" width="9pt" role="img">
<style>svg:root { color-scheme: light dark }</style>
<g id="n0" class="node leaf" onclick="act()" style="opacity: 0" xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="javascript:act()">
<title>w: data -3.1, gradient 2</title>
<path fill="#ffffff" stroke="transparent" d="M1,2" />
<polyline fill="none" stroke="#c3cad6" points="1,2 3,2" />
<text text-anchor="middle" x="28.00" xml:space="preserve">w<tspan> = +</tspan></text>
<text text-anchor="start" x="4" xml:space="preserve">two  blanks</text>
<text text-anchor="start" x="38" font-size="10.00" xml:space="preserve" class="data">-3.1</text>
<path fill="none" stroke="#c3cad6" d="M1,2" />
</g>
<g id="e2_0" class="edge">
<title>w: local derivative 2.5</title>
<path fill="none" stroke="#7c879a" d="M3,4" />
<polygon fill="#7c879a" stroke="#7c879a" points="5,6" />
<path fill="#dff1eb" stroke="transparent" d="M7,8" />
<text text-anchor="start" x="76" font-size="10.00" xml:space="preserve" class="derivative">2.5  </text>
</g>
</svg>'''
    assert prepared(drawn, {"n0": "w: a leaf"}, {"n0": ("-3", "")}) == (
        '<svg width="9pt" xmlns="http://www.w3.org/2000/svg">'
        '<g class="node leaf" data-node="n0"><title>w: a leaf</title>'
        '<path fill="#ffffff" stroke="#c3cad6" d="M1,2" class="ag-outline" />'
        '<polyline fill="none" stroke="#c3cad6" points="1,2 3,2" />'
        '<text text-anchor="middle" x="28.00" xml:space="preserve">w<tspan> = +</tspan></text>'
        '<text x="4" xml:space="preserve">two  blanks</text>'
        '<text text-anchor="end" x="62.0" font-size="10.00" class="data">-3</text></g>'  # 4 letters, each 0.6 of 10 wide
        '<g class="edge" data-edge="e2_0">'
        '<path fill="none" stroke="#7c879a" d="M3,4" class="ag-line" />'
        '<polygon fill="#7c879a" stroke="#7c879a" points="5,6" class="ag-head" />'
        '<path fill="#dff1eb" stroke="transparent" d="M7,8" />'
        '<text text-anchor="middle" x="91.0" font-size="10.00" class="derivative">2.5</text></g></svg>'
    )


def test_the_drawing_has_a_place_for_every_number(worked):
    _, stepper = worked
    svg = ElementTree.fromstring(stepper.data["svg"])
    groups = {g.get("data-node"): g for g in svg.iter(SVG + "g") if g.get("data-node")}
    edges = {g.get("data-edge") for g in svg.iter(SVG + "g")} - {None}
    for node in stepper.data["nodes"]:
        classes = [text.get("class") for text in groups[node["id"]].iter(SVG + "text") if text.get("class")]
        assert sorted(classes) == ([] if node["kind"] == "constant" else ["data", "grad"])
    assert edges == {edge for step in stepper.data["steps"] for edge in step["edges"]}
    assert not [element for element in svg.iter() if element.get("id")]


@pytest.mark.parametrize("program", ["dot", "graphviz-pure"])
def test_every_program_that_draws_serves(program, monkeypatch):
    found = shutil.which(program) or shutil.which(program, path=sysconfig.get_path("scripts"))
    if not found:
        pytest.skip(f"{program} is not installed")
    monkeypatch.setenv("AUTOGRAD_TINY_DOT", found)
    svg = ElementTree.fromstring(Stepper(in_a_layer()).data["svg"])
    for group in svg.iter(SVG + "g"):
        shapes = [shape.get("class") for shape in group if shape.get("class") in ("ag-outline", "ag-line", "ag-head")]
        if node := group.get("data-node"):
            assert shapes == ["ag-outline"], node
            outline = next(shape for shape in group if shape.get("class") == "ag-outline")
            right = max(float(x) for x in re.findall(r"(-?[\d.]+),", outline.get("d") or outline.get("points")))
            ends = [float(text.get("x")) for text in group.iter(SVG + "text") if text.get("class") in ("data", "grad")]
            assert all(0.0 < right - x < 10.0 for x in ends), node  # where a number ends, however wide the next one is
        if (edge := group.get("data-edge")) and not edge.startswith("ej"):
            assert shapes == ["ag-line", "ag-head"], edge


def test_there_is_room_for_every_gradient_on_the_way():
    x = Value(1.0, "x")
    stepper = Stepper(x * 3.0 + x * -1.2345e-7 + x * 1.2345e-7)  # 1.234e-07, then 0, then 3
    shown = [step["gradients"]["n0"] for step in stepper.data["steps"] if "n0" in step["gradients"]]
    svg = ElementTree.fromstring(stepper.data["svg"])
    group = next(g for g in svg.iter(SVG + "g") if g.get("data-node") == "n0")
    name, gradient = [text for text in group.iter(SVG + "text") if text.text in ("grad", shown[-1])]
    free = float(gradient.get("x")) - float(name.get("x")) - 11 * 0.6 * len("grad")
    assert free > 11 * 0.6 * max(map(len, shown)) > 11 * 0.6 * len(shown[-1])


def test_the_style_sheet_knows_every_colour_of_a_drawing():
    svg = ElementTree.fromstring(Stepper(in_a_layer()).data["svg"])
    colours = {(name, element.get(name)) for element in svg.iter() for name in ("fill", "stroke") if element.get(name, "none")[0] == "#"}
    assert len(colours) > 10
    unknown = {(name, colour) for name, colour in colours if f'[{name}="{colour}"]' not in style()}
    assert not unknown, "these would not change in the dark"


def test_every_colour_has_its_variable():
    """And no colour is written anywhere else in the style sheets: each changes with the page."""
    for name, color in (palette.DRAWN | palette.PAGE).items():
        assert f"--{name}: {color.light};" in style()
        assert f"--{name}: light-dark({color.light}, {color.dark});" in style()
    assert not re.findall("#[0-9a-f]{3,6}", source("stepper.css") + source("page.css"))
    used = set(re.findall(r"var\(--(\w+)\)", style() + source("page.css"))) - {"boundary", "height", "name", "turn"}
    assert used == set(palette.DRAWN | palette.PAGE)


def test_the_site_has_the_colours_of_the_stepper():
    css = (Path(__file__).parents[2] / "docs/site/theme/assets/site.css").read_text(encoding="utf-8")
    for name in ("data", "grad", "derivative", "ink", "quiet", "page"):
        assert re.findall(rf"--{name}: (#\w+)", css) == [*(palette.DRAWN | palette.PAGE)[name]]


def test_what_is_known_by_a_frame():
    frames = walkthrough(in_a_layer(), direction="LR", digits=4).frames
    known = list(known_by(frames))
    assert [frame.place for frame in known] == [frame.place for frame in frames]
    assert known[0] == frames[0]
    assert list(known[1].edges) == list(frames[1].edges)
    assert list(known[-1].edges) == [*frames[1].edges, *frames[2].edges, *frames[3].edges]
    assert len(known[-1].data) == 6
    assert len(known[-1].gradients) == 5  # not of the constant
    assert not known[3].gradients


def test_arrows_that_share_a_way_into_a_part_of_a_model():
    data = Stepper(in_a_layer()).data
    step = next(step for step in data["steps"] if step["phase"] == "forward")
    edges = [group.get("data-edge") for group in ElementTree.fromstring(data["svg"]).iter(SVG + "g") if group.get("data-edge")]
    assert set(step["edges"]) <= set(edges)
    assert len(step["edges"]) == 3, "two operands, one of them by a junction"
    assert "ej0" in step["edges"]


# The page.


class Page(HTMLParser):
    """The elements of a page and the text in those that have no markup inside."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.open = [], {}, ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.open = f"{tag} {dict(attrs).get('type', '')}".strip()

    def handle_endtag(self, tag):
        self.open = ""

    def handle_data(self, data):
        self.texts[self.open] = self.texts.get(self.open, "") + data


def test_the_page_is_small_and_whole(worked, tmp_path):
    _, stepper = worked
    path = stepper.save(tmp_path / "steps.html")
    assert path.stat().st_size < 400_000
    page = Page(path.read_text(encoding="utf-8"))
    held = json.loads(page.texts["script application/json"])
    shown = json.loads(json.dumps({name: part for name, part in stepper.data.items() if name != "svg"}))
    assert held.keys() == shown.keys() | {"digits", "graph", "values"}
    for name in ("steps", "nodes"):
        assert [list(x) for x in held[name]] == [list(x) for x in shown[name]]
    assert held["values"] == stepper.values
    assert os.listdir(tmp_path) == ["steps.html"]


def test_the_page_lets_only_its_own_script_run(worked):
    page = Page(worked[1].html())
    policy = next(attrs["content"] for tag, attrs in page.elements if attrs.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    for kind, text in (("script-src", page.texts["script module"]), ("style-src", page.texts["style"])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[kind] == f"'sha256-{digest}'"
    for tag, attrs in page.elements:
        assert not {"src", "href", "style"} & attrs.keys(), tag
        assert not [name for name in attrs if name.startswith("on")], tag


NASTY = [
    *("</script><script>alert(1)</script>", "<b>&amp;\"'", "<!--", "-->", r"\frac{_^%$#&", "&12;", "{{0}}", "${title}"),
    *("a\nb\tc", "\x00\ud800", "𝔘∂\u2028ñ", "x" * 3000),
]


@pytest.mark.parametrize("label", NASTY)
def test_labels_are_anybodys_text(label, tmp_path):
    x, y = Value(0.5, label), Value(2.0, "y")
    z = x * y
    z.label = label + "!"
    stepper = Stepper(z.exp())
    page = Page(stepper.save(tmp_path / "steps.html").read_text(encoding="utf-8"))
    assert [tag for tag, _ in page.elements].count("script") == 2
    data = json.loads(page.texts["script application/json"])
    name = words.visible(label)
    assert data["nodes"][0]["name"] == name
    texts = ["".join(ElementTree.fromstring(f"<m>{side}</m>").itertext()) for side in expanded(data["nodes"][0]["lines"], data["parts"])]
    assert " ".join(name.splitlines()) in texts[0]
    stepper.save_frames(tmp_path)
    json.dumps(stepper.widget().get_state(["data"]))


def test_embedded_json_cannot_end_its_element():
    data = {"label": "</script><!--\u2028\u2029é"}
    assert not set(embedded(data)) & set("<\u2028\u2029")
    assert "é" in embedded(data)
    assert json.loads(embedded(data)) == data
    with pytest.raises(ValueError, match="JSON compliant"):  # no browser reads it
        embedded({"data": math.nan})


def test_a_script_is_sent_without_what_only_its_readers_need(tmp_path):
    script = '''\
/** What it
    does. */
  const said = `a : b`; // a template
  if (x === "a : b" && y > 0) // why
    say({ key: 'c = d', other: e => e });
'''
    (tmp_path / "said.js").write_text(script)
    assert joined(tmp_path / "said.js") == "const said = `a : b`;\nif (x===\"a : b\"&&y>0)\nsay({key:'c = d',other:e=>e});"


def test_a_page_is_styled_as_its_parts_are():
    stepper = Stepper(in_a_layer())
    page = Page(stepper.html())
    sent = page.texts["style"]

    def plain(css):
        css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
        return re.sub(r"\s", "", re.sub(r"\.autograd-stepper (?!\{)", "", css)).replace(";}", "}")

    assert plain(sent) == plain(
        palette.variables(".autograd-stepper, .autograd-page") + source("stepper.css")
        + palette.recolored(".autograd-stepper svg", stepper.data["svg"]) + source("page.css")
    )  # fmt: skip
    assert ".edge.unknown :not(.ag-line,.ag-head){visibility:hidden}" in sent  # a blank that means something
    assert not re.search(r";}|/\*|  |\n|: |, |[{;] | [{}]", sent)
    drawn = {(name, attrs[name]) for _, attrs in page.elements for name in ("fill", "stroke") if attrs.get(name, "")[:1] == "#"}
    assert len(drawn) > 8
    assert not [f'{name}="{color}"' for name, color in drawn if f'svg [{name}="{color}"]{{{name}:var(--' not in sent]


def test_the_sources_can_stand_inline():
    assert "</script" not in module().lower()
    assert "</style" not in (source("stepper.css") + source("page.css")).lower()
    assert "import" not in re.findall(r"^\w+", module(), re.MULTILINE)


def test_numbers_at_the_ends_of_the_scale():
    tiny, negative_zero = Value(1e-300, "tiny"), Value(-0.0, "zero")
    infinite = Value(1e200, "big") * Value(1e200, "bigger")
    data = Stepper(tiny * negative_zero + infinite).data
    assert {"1e-300", "0", "inf"} <= set(known(data["steps"], "data").values())
    not_a_number = infinite - infinite
    page = Stepper(not_a_number * tiny).html()
    assert "nan" in page
    assert math.isnan(not_a_number.data)


def test_a_graph_too_large_to_read_is_refused_with_advice():
    x = Value(1.0, "x")
    y = x
    for _ in range(5000):
        y = y + x
    with pytest.raises(ValueError, match=r"5,001 nodes.*400 are the most.*backward_steps"):
        Stepper(y)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"value": 3.0}, TypeError, "only a recorded Value"),
        ({"direction": "up"}, ValueError, "LR, RL, TB, BT"),
        ({"digits": 0}, ValueError, "1 to 17"),
        ({"digits": "4"}, ValueError, "1 to 17"),
    ],
)
def test_wrong_arguments(arguments, error, words):
    with pytest.raises(error, match=words):
        Stepper(**{"value": neuron(), **arguments})


def test_digits_and_direction():
    wide, tall = Stepper(neuron(), digits=2).data, Stepper(neuron(), direction="TB").data
    assert wide["steps"][3]["data"]["n5"] == "0.46"

    def size(data):
        return tuple(map(float, ElementTree.fromstring(data["svg"]).get("viewBox").split()[2:]))

    assert size(wide)[0] > size(tall)[0]


def test_where_a_page_cannot_be_saved(tmp_path):
    stepper = Stepper(neuron())
    with pytest.raises(ValueError, match=r"\.html"):
        stepper.save(tmp_path / "steps.svg")
    with pytest.raises(FileNotFoundError, match="create it first"):
        stepper.save(tmp_path / "no" / "steps.html")
    assert not list(tmp_path.iterdir())


# Frames.


def test_frames_do_not_move(worked, tmp_path):
    _, stepper = worked
    paths = stepper.save_frames(tmp_path / "frames")
    assert [path.name for path in paths] == [f"step-{i:03}.svg" for i in range(stepper.last + 1)]
    steps, layouts = stepper.data["steps"], set()
    for i, path in enumerate(paths):
        svg = ElementTree.parse(path).getroot()
        nodes = [g for g in svg.iter(SVG + "g") if g.get("data-node")]
        layouts.add((svg.get("viewBox"), *(part.get("d") or part.get("x") for node in nodes for part in node)))
        for kind, numbers in (("data", known(steps, "data", i + 1)), ("grad", known(steps, "gradients", i + 1))):
            shown = {node.get("data-node"): node.findtext(f"{SVG}text[@class='{kind}']") for node in nodes}
            assert shown == {node: numbers.get(node, "") if text is not None else None for node, text in shown.items()}
        assert path.read_text(encoding="utf-8").startswith("<svg ")  # and not ns0:svg, which no page shows
    assert len(layouts) == 1


def test_a_frame_marks_the_node_whose_turn_it_is(tmp_path):
    stepper = Stepper(neuron())
    svg = ElementTree.parse(stepper.save_frames(tmp_path)[6]).getroot()
    thick = {g.get("data-node") or g.get("data-edge") for g in svg.iter(SVG + "g") for shape in g if shape.get("stroke-width")}
    assert thick == {"n4", "e4_0", "e4_1"}
    heads = {(g.get("data-edge"), shape.get("fill"), shape.get("stroke")) for g in svg.iter(SVG + "g") for shape in g
             if shape.get("class") == "ag-head"}  # fmt: skip
    turn, rest = palette.GRAD, palette.ARROW
    assert heads == {(e, *[turn if e in thick else rest] * 2) for e in ("e2_0", "e2_1", "e4_0", "e4_1", "e5_0")}
    assert svg.get("role") == "img"
    assert "The gradient of z is complete" in svg.find(SVG + "desc").text


def test_a_local_derivative_is_shown_once_its_operation_was_computed(tmp_path):
    paths, edges = Stepper(neuron()).save_frames(tmp_path), ["e2_0", "e2_1", "e4_0", "e4_1", "e5_0"]
    for path, known_edges in zip(paths, [[], edges[:2], edges[:4], *[edges] * 5]):
        groups = {g.get("data-edge"): g for g in ElementTree.parse(path).iter(SVG + "g") if g.get("data-edge")}
        shown = {edge: [shape.get("class") for shape in group] for edge, group in groups.items()}
        whole, arrow = ["ag-line", "ag-head", None, "derivative"], ["ag-line", "ag-head"]  # what has no class is the ground
        assert shown == {edge: whole if edge in known_edges else arrow for edge in edges}


def test_frames_in_pixels(renderer, tmp_path):
    stepper = Stepper(in_a_layer())
    sizes = set()
    for scale in (1, 2):
        files = stepper.save_frames(tmp_path / "frames", format="png", scale=scale)
        assert [path.name for path in files] == [f"step-{i:03}.png" for i in range(stepper.last + 1)]
        sizes |= {struct.unpack(">II", path.read_bytes()[16:24]) for path in files}
        assert len({path.read_bytes() for path in files}) == len(files)
    small, large = sorted(sizes)
    assert large == pytest.approx([2 * x for x in small], abs=2)


@pytest.mark.parametrize("make", [neuron, in_a_layer])
def test_frames_in_pixels_show_what_the_others_show(make, renderer):
    steps = walkthrough(make(), direction="LR", digits=4)
    constants, layouts = {node.id for node in steps.nodes if node.kind == "constant"}, set()
    for frame, until, moment in zip(steps.frames, known_by(steps.frames), moments(steps), strict=True):
        root = ElementTree.fromstring(steps.drawn_at(moment).svg())
        groups = {g.get("id"): g for g in root.iter(SVG + "g") if g.get("class").split()[0] in ("node", "edge")}
        nodes = [g for g in groups.values() if g.get("class").startswith("node")]
        layouts.add((root.get("viewBox"), *[shape.get("d") or shape.get("points") for g in nodes for shape in g if not shape.text]))
        for kind, numbers in (("data", until.data), ("grad", until.gradients)):
            texts = {i: g.findtext(f"{SVG}text[@class='{kind}']", "").strip() for i, g in groups.items()}
            assert {i: text for i, text in texts.items() if text} == {i: x for i, x in numbers.items() if i not in constants}
        derivatives = {i for i, g in groups.items() if g.find(f"{SVG}text[@class='derivative']") is not None}
        assert derivatives == {edge for edge, x in until.edges.items() if x not in constants and not edge.startswith("ej")}
        marked = {i for i, g in groups.items() if any(shape.get("stroke") == moment.color for shape in g.iter())}
        assert marked == {frame.node, *frame.edges} - {""}
    assert len(layouts) == 1


# The notebook.


def test_the_step_is_one_for_the_stepper_and_its_widget():
    pytest.importorskip("anywidget")
    stepper = Stepper(neuron())
    stepper.step = 2
    widget = stepper.widget()
    assert (widget.step, widget.playing, widget is stepper.widget()) == (2, False, True)
    stepper.step = 5
    assert widget.step == 5
    widget.step = 3
    assert stepper.step == 3
    assert stepper.caption == "Forward 3 of 3: y is computed from z."
    seen = []
    widget.observe(lambda change: seen.append(change["new"]), "step")
    stepper.step = 4
    assert seen == [4]
    widget.step = 99
    assert stepper.step == stepper.last == 7


def test_a_step_is_any_whole_number():
    stepper = Stepper(neuron())
    stepper.step = np.int64(2)
    assert stepper.step == 2
    assert type(stepper.step) is int


@pytest.mark.parametrize("step", [-1, 8, 1.5, "2", None, True])
def test_a_step_that_is_none(step):
    with pytest.raises(ValueError, match="from 0 to 7"):
        Stepper(neuron()).step = step


def test_a_widget_comes_with_the_page_for_where_there_is_no_python():
    pytest.importorskip("anywidget")
    stepper = Stepper(neuron())
    bundle = stepper.widget()._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/html"] == stepper._repr_html_()


def test_a_widget_that_was_closed_is_made_anew_at_the_same_step():
    pytest.importorskip("anywidget")
    ipywidgets = pytest.importorskip("ipywidgets")
    stepper = Stepper(neuron())
    stepper.step = 2
    stepper.values["w"] = 1.0
    first = stepper.widget()
    first.step, first_id = 3, first.model_id
    ipywidgets.Widget.close_all()
    assert stepper.step == 3
    stepper.step = 4
    second = stepper.widget()
    assert second.model_id != first_id
    assert (second.step, second.values["w"], second is stepper.widget()) == (4, 1.0, True)
    second.close()
    assert stepper.widget().step == 4


@pytest.mark.parametrize("anywidget", [True, False])
def test_a_notebook_gets_the_page_in_a_sandbox(monkeypatch, anywidget):
    stepper = Stepper(neuron())
    if not anywidget:
        monkeypatch.setitem(sys.modules, "anywidget", None)
        with pytest.raises(ModuleNotFoundError, match=r"autograd_tiny\[notebook\]"):
            stepper.widget()
    assert not hasattr(stepper, "_repr_mimebundle_")
    sent = stepper._repr_html_()
    assert "&quot;" not in sent  # of which a page has thousands
    page = Page(sent)
    frame = next(attrs for tag, attrs in page.elements if tag == "iframe")
    assert frame["sandbox"] == "allow-scripts"
    assert frame["srcdoc"] == stepper.html()
    hidden = re.search(r"\.(\S+) \{ display: none \}", page.texts["style"])[1]
    assert [attrs["class"] for tag, attrs in page.elements if tag == "div" and attrs] == [hidden]
    assert any(tag == "img" for tag, _ in page.elements)


def test_the_frame_is_as_high_as_the_picture_needs_up_to_800_pixels():
    """A point is 4/3 of a pixel, and 560 pixels are for what stands around the picture."""
    for value, most in ((Value(2.5, "x"), math.inf), (neuron(), 800)):
        stepper = Stepper(value)
        points = int(re.match(r'<svg width="\d+pt" height="(\d+)pt"', stepper.data["svg"])[1])
        frame = next(attrs for tag, attrs in Page(stepper._repr_html_()).elements if tag == "iframe")
        assert f"; height: {min(560 + points * 4 // 3, most)}px;" in frame["style"]


def test_names_are_the_callers_variables_where_nothing_computed_has_a_label():
    w, x = Value(-3.0), Value(2.0)
    net = w * x
    out = (net + 1.0).tanh()
    assert [node["name"] for node in Stepper(out, through="named").data["nodes"]] == ["w", "x", "net", "out"]


def test_random_graphs_are_stepped_through():
    for seed in range(5):
        rng = random.Random(seed)
        pool = [Value(rng.uniform(0.5, 2.0), name) for name in "abc"]
        for _ in range(12):
            a, b = rng.choice(pool), rng.choice(pool)
            pool.append(rng.choice([a * b, a + b, a - 0.5 * b, a.tanh(), b.sigmoid()]))
        data, exact = Stepper(pool[-1]).data, adjoints(pool[-1])
        shown = known(data["steps"], "gradients")
        for i, node in enumerate(all_nodes(pool[-1])):
            if data["nodes"][i]["kind"] != "constant":
                assert shown[f"n{i}"] == short_number(exact[node])


# The module.


def test_the_module_under_node():
    directory = Path(__file__).parents[1] / "js"
    node = shutil.which("node")
    if not node:
        pytest.skip("node is not installed")
    if not (directory / "node_modules" / "jsdom").is_dir():
        pytest.skip("jsdom is not installed: npm install --prefix tests/js --no-package-lock")
    done = subprocess.run([node, "--test"], cwd=directory, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_title(tmp_path):
    x = Value(2.0, "x")
    stepper = Stepper(x * x, title="y = x*x\n</script><b> $svg")
    assert stepper.data["title"] == "y = x*x␊</script><b> $svg"
    page = stepper.html()
    assert "<title>y = x*x␊&lt;/script&gt;&lt;b&gt; $svg</title>" in page
    assert page.count("</script>") == 2
    assert len(Stepper(x * x, title="x" * 1000).data["title"]) == 200
    assert Stepper(x * x).data["title"] == "t1, step by step"
    with pytest.raises(TypeError, match="a title is a text, got 3"):
        Stepper(x * x, title=3)


def test_one_picture_a_step_is_named_where_a_picture_was_meant(tmp_path):
    with pytest.raises(ValueError, match="save_frames"):
        Stepper(Value(2.0, "x").exp()).save(tmp_path / "still.svg")
