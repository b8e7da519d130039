"""Pictures for LaTeX: everything that the SVG shows, at the same places; whatever a label is, pdflatex sets it."""

import random
import re
from xml.etree import ElementTree

import pytest

from autograd_tiny import Primitive, Stepper, Value, losses, nn, total, where
from autograd_tiny.formulas import read_formula
from autograd_tiny.text.palette import DRAWN
from autograd_tiny.views.drawing import tikz
from autograd_tiny.views.drawing.draw import draw
from autograd_tiny.views.drawing.picture import Note

SVG = "{http://www.w3.org/2000/svg}"
POINT = r"\((-?[\d.]+), (-?[\d.]+)\)"
TEXT = r"at=\{\\pgfpointxy\{(-?[\d.]+)\}\{(-?[\d.]+)\}\}\]\{\\graph\w+\\color\{.+?\}(.+)\}"
AWKWARD = [
    "x_", "a^b", "#1", "$x$", "a|b", "a\\b", "{x}", "}", "{", "a&b", "50%", "~", '"', "größe_λ", "日本", "a→b", "x1", "x_1", "one\ntwo",
    "\\end{document}", "é", "x'", "^^M", "ąđ", "a" * 60, "]", "[", ";", "%", "\\", "W[0][1]", "😀", "x²",
]  # fmt: skip


def neuron():
    y = read_formula("net_h1 = w*x + b; y = tanh(net_h1)").record({"w": -3, "x": 2, "b": 6.5}).output
    y.backward()
    return y


def network():
    model = nn.MLP([2, 2, 1], ["relu", "sigmoid"], rng=random.Random(1))
    loss = losses.binary_cross_entropy(model([Value(0.5, "x[0]"), Value(-0.7, "x[1]")]), [1.0])
    loss.backward()
    return loss


def awkward():
    leaves = [Value(1.0 + i, label) for i, label in enumerate(AWKWARD)]
    y = total(leaves) + (leaves[0] - leaves[1]) / leaves[2] + leaves[3] ** 3 * leaves[4].tanh() + where(leaves[5] > 1, leaves[6], 2.0)
    y.label = "\\y"
    y.backward()
    return y


def groups(svg):
    """The groups of an SVG by id, or by what has taken its place in a stepper."""
    found = ((g.get("id") or g.get("data-node") or g.get("data-edge"), g) for g in ElementTree.fromstring(svg).iter(SVG + "g"))
    return {identity: g for identity, g in found if identity and g.get("class") != "graph"}


def points(text):
    numbers = [float(x) for x in re.findall(r"-?[\d.]+", text)]
    return list(zip(numbers[::2], (-y for y in numbers[1::2])))


def sections(tex):
    """For each id, what is drawn of it."""
    return {part.partition(":")[0]: part for part in re.split(r"^  % ", tex, flags=re.MULTILINE)[1:]}


def is_balanced(tex):
    tex, depth = re.sub(r"\\[{}\\%]|%.*", "", tex), 0
    for brace in re.findall(r"[{}]", tex):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    return depth == 0 and re.findall(r"\\begin\{(\w+)\}", tex) == re.findall(r"\\end\{(\w+)\}", tex)[::-1]


def article(picture):
    return rf"\documentclass{{article}}\usepackage{{amsmath,tikz}}\begin{{document}}{picture}\end{{document}}"


# The picture.


@pytest.mark.parametrize("graph", [neuron, network, awkward])
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_everything_is_where_the_svg_has_it(renderer, graph, direction):
    drawing = draw(graph(), direction=direction, color_gradients=True)
    tex, drawn = drawing.tikz(), groups(drawing.svg())
    parts = sections(tex)
    assert list(parts) == list(drawn)
    for identity, group in drawn.items():
        part, kind = parts[identity], group.get("class").partition(" ")[0]
        texts = [text for text in group.findall(SVG + "text") if "".join(text.itertext())]
        labels = re.findall(rf"\\pgftext\[.*{TEXT}", part)
        assert [float(y) for _, y, _ in labels] == pytest.approx([-float(text.get("y")) for text in texts], abs=0.01)
        outlines = [points(path.get("d")) for path in group.findall(SVG + "path")]
        if kind == "node" and outlines:
            (x, y), across, up = outline_of(part, identity)
            left, bottom = map(min, zip(*outlines[0]))
            right, top = map(max, zip(*outlines[0]))
            assert (x - across / 2, y - up / 2, x + across / 2, y + up / 2) == pytest.approx((left, bottom, right, top), abs=0.02)
            assert all(left <= float(x) <= right for x, _, _ in labels)
        elif kind == "edge":
            curve = re.search(rf"\\path\[draw=[\w-]+\] ({POINT} \.\..*);", part)[1]
            places = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", curve)]
            assert places == pytest.approx([n for point in outlines[0] for n in point], abs=0.01)
            assert part.count(" -- cycle") == len(group.findall(SVG + "polygon"))


@pytest.mark.parametrize("color_gradients", [False, True])  # with grounds of their own behind some rows
def test_texts_stand_on_the_side_where_they_are_aligned(renderer, color_gradients):
    drawing = draw(network(), color_gradients=color_gradients)
    parts, drawn = sections(drawing.tikz()), groups(drawing.svg())
    assert {group.get("class").partition(" ")[0] for group in drawn.values()} == {"node", "edge", "cluster"}
    for identity, group in drawn.items():
        part, kind = parts[identity], group.get("class").partition(" ")[0]
        labels = [(sides, float(x)) for sides, x, _, _ in re.findall(rf"\\pgftext\[(.*?),{TEXT}", part)]
        shapes = [x for path in group.findall(SVG + "path")[kind == "edge" :] for x, _ in points(path.get("d"))]
        if not labels:
            continue
        assert (r"\graphsmall" in part) == (kind != "node")
        left, right = min(shapes), max(shapes)
        if kind == "edge":
            assert labels == [("base", pytest.approx((left + right) / 2, abs=0.01))]
        elif kind == "cluster":
            assert labels == [("base,left", pytest.approx(left + 8, abs=0.01))]
        elif len(labels) == 5:
            assert [sides for sides, _ in labels] == ["base", "base,left", "base,right", "base,left", "base,right"]
            margin = labels[1][1] - left
            assert 2 < margin < 6
            xs = [(left + right) / 2, left + margin, right - margin, left + margin, right - margin]
            assert [x for _, x in labels] == pytest.approx(xs, abs=0.02)
            assert 6 < float(re.search(r"rounded corners=([\d.]+)bp, minimum", part)[1]) < 12


def test_the_size_is_that_of_the_svg(renderer):
    drawing = draw(network())
    size = [float(x) for x in ElementTree.fromstring(drawing.svg()).get("viewBox").split()[2:]]
    left, bottom, right, top = map(float, re.search(rf"use as bounding box\] {POINT} rectangle {POINT};", drawing.tikz()).groups())
    assert [right - left, top - bottom] == pytest.approx(size, abs=0.02)
    corners = [float(x) for pair in re.findall(rf"[^x]\] {POINT} rectangle {POINT}", drawing.tikz()) for x in pair]
    assert left < min(corners[::2]) < max(corners[::2]) < right
    assert bottom < min(corners[1::2]) < max(corners[1::2]) < top


def outline_of(part, identity):
    size, name, x, y = re.search(rf"\\node\[graph box, (.*)\] \((\w+)\) at {POINT} \{{\}};", part).groups()
    assert name == identity
    width, height = re.search(r"minimum width=([\d.]+)bp, minimum height=([\d.]+)bp", size).groups()
    return (float(x), float(y)), float(width), float(height)


def test_what_stands_in_the_boxes():
    y = neuron()
    drawing = draw(y)
    parts = sections(drawing.tikz())
    words = {name: re.findall(r"\\color\{graph-(\w+)\}(.+)\}$", part, re.MULTILINE) for name, part in parts.items()}
    assert words[drawing.node_id(y)] == [
        ("ink", r"$y = \mathrm{tanh}$"), ("ink", "data"), ("data", "$0.4621$"), ("ink", "grad"), ("grad", "$1$"),
    ]  # fmt: skip
    net = y.operands[0]
    assert words[drawing.node_id(net)][0] == ("ink", r"$\mathrm{net}_{h1} = +$")
    assert words[drawing.node_id(net.operands[0])][0] == ("ink", r"$w \cdot x$")
    assert words[drawing.edge_id(y, 0)] == [("derivative", "$0.7864$")]


def test_headers():
    x, w = Value(2.0, "x"), Value(3.0, "w_ij")
    twice = Primitive("twice", lambda x: 2 * x, lambda out, x: (2.0,))
    for y, header in [
        (x / w, r"\frac{x}{w_{ij}}"), (x**2, "x^{2}"), ((x * x) ** 2, r"(\cdot)^{2}"),
        (x * -3e-7, r"x \cdot \left(-3 \cdot 10^{-7}\right)"), (total([x * w, x, w]), r"\sum"),
        (twice(x), r"\mathrm{twice}\left(x\right)"), (where(x > w, x, w), r"\mathrm{where}"),
    ]:  # fmt: skip
        drawing = draw(y)
        assert (header, drawing.latex[drawing.node_id(y)]) == (header, header)


def test_signs_that_pdflatex_lacks():
    """Marks must not become question marks, which are a mark of their own."""
    notes = {"x": [Note("page", "1.5 ✗", "#f9d2cb", "wrong"), Note("dE", "0.5 ~", "", "rounded")]}
    part = sections(draw(Value(1.0, "x").exp(), notes=notes).tikz())["n0"]
    assert [r"\mathrm{1.5\ \ensuremath{\times }}" in part, r"\mathrm{0.5\ \sim }" in part] == [True, True]
    assert "red,249;green,210;blue,203" in part


def test_names_that_look_alike_in_latex_are_told_apart():
    drawing = draw(Value(1.0, "x1") * Value(2.0, "x_1"))
    assert {"$\\mathrm{x1}$", "$\\mathrm{x\\_1}$"} <= set(re.findall(r"\$.*\$", drawing.tikz()))


@pytest.mark.parametrize(("label", "head"), [("", ""), ("y_1", r"y_{1} = ")])
def test_an_underscore_is_an_index_in_a_label_and_a_letter_in_the_name_of_an_operation(label, head):
    smooth_step = Primitive("smooth_step", lambda x: x, lambda out, x: (1.0,), doc="x")
    y = smooth_step(Value(1.0, "x") * 2.0)
    y.label = label
    drawing = draw(y)
    assert drawing.latex[drawing.node_id(y)] == rf"{head}\mathrm{{smooth\_step}}"


def test_colours_are_those_of_the_svg():
    tex = draw(neuron(), color_gradients=True).tikz()
    defined = dict(re.findall(r"\\definecolor\{graph-(\w+)\}\{HTML\}\{(\w{6})\}", tex))
    assert {name: DRAWN[name].light[1:].upper() for name in defined} == defined
    used = re.findall(r"[={]graph-(\w+)", re.sub(r"\\definecolor.*", "", tex))
    assert set(used) == set(defined)
    assert "{rgb,255:red,181;green,166;blue,234}" in tex  # the ground of the largest gradient


def test_a_summary_and_frames_of_parts(renderer):
    small = draw(network(), max_nodes=3).tikz()
    assert r"\textbf{layers[0]}}" in small
    assert "a summary of" in small
    assert is_balanced(small)
    assert "}layers[1]}" in draw(network()).tikz()


def test_a_picture_that_is_too_large_for_tex():
    x = Value(1.0, "x")
    for _ in range(200):
        x = x.tanh()
    with pytest.raises(ValueError, match=r"the picture is \d+ by \d+ points, and TeX has no lengths over 16000; draw a part"):
        draw(x).tikz()


@pytest.mark.parametrize("label", AWKWARD)
def test_a_label_stays_within_its_braces(label):
    tex = draw(Value(1.0, label).exp()).tikz()
    assert is_balanced(tex)
    assert all(line.startswith(("  ", "\\")) for line in tex.splitlines())
    for written in re.findall(r"\}\$(.*)\$\}$", tex, re.MULTILINE):
        assert not re.search(r"(?<!\\)[#%&$]", written)
        assert not re.search(r"\\(input|end|y)\b", written)


@pytest.mark.slow
def test_pdflatex_sets_whatever_a_label_is(pdflatex):
    for graph in (neuron(), network(), awkward()):
        assert pdflatex(article(draw(graph).tikz()))[0] >= 1
    alone = draw(neuron()).tikz(standalone=True).replace("[tikz]{standalone}", "{article}\\usepackage{tikz}")  # a class few have
    assert pdflatex(alone)[0] == 1


# Files.


def test_files(tmp_path):
    drawing = draw(neuron())
    assert drawing.save(tmp_path / "graph.tex").read_text(encoding="utf-8") == drawing.tikz()
    alone = drawing.save(tmp_path / "graph.TEX", standalone=True).read_text(encoding="utf-8")
    assert alone.startswith("\\documentclass[tikz]{standalone}\n\\usepackage{amsmath}\n\\begin{document}\n")
    assert drawing.tikz() in alone
    assert is_balanced(alone)


def test_what_is_refused(tmp_path):
    drawing = draw(neuron())
    for suffix in (".svg", ".dot", ".png"):
        with pytest.raises(ValueError, match=rf"only a \.tex is a document by itself or none; a \{suffix} needs no standalone=True"):
            drawing.save(tmp_path / f"graph{suffix}", standalone=True)
    with pytest.raises(ValueError, match=r"only a \.png has a scale: a \.tex has no pixels"):
        drawing.save(tmp_path / "graph.tex", scale=2)
    with pytest.raises(ValueError, match=r"the frames are 'svg', 'png' or 'tex', got 'gif'"):
        Stepper(neuron()).save_frames(tmp_path / "frames", format="gif")
    with pytest.raises(ValueError, match=r"only a \.png has a scale: a \.svg has no pixels"):
        Stepper(neuron()).save_frames(tmp_path / "frames", scale=2)
    with pytest.raises(FileNotFoundError, match="create it first"):
        drawing.save(tmp_path / "no" / "graph.tex")
    assert not list(tmp_path.iterdir())


def test_an_svg_without_an_origin_is_no_picture():
    with pytest.raises(tikz.RenderError, match="where its origin is"):
        tikz.tikz('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><g class="graph"/></svg>', {})


# Steps.


def on_overlay(tex, number):
    """The commands that beamer shows on an overlay."""
    lines = []
    for line in tex.splitlines():
        if match := re.fullmatch(r"  \\only<([\d,-]+)>\{(.*)\}", line):
            ranges = [part.partition("-") for part in match[1].split(",")]
            if any(int(first) <= number <= int(last or first) for first, _, last in ranges):
                lines.append(f"  {match[2]}")
        else:
            lines.append(line)
    return "\n".join(lines)


def test_each_overlay_is_the_still_of_its_step(renderer, tmp_path):
    stepper = Stepper(network())
    [file] = stepper.save_frames(tmp_path / "frames", format="tex")
    assert file == tmp_path / "frames" / "steps.tex"
    tex = file.read_text(encoding="utf-8")
    assert is_balanced(tex)
    headers = stepper._walkthrough.latex
    for number, still in enumerate(stepper.save_frames(tmp_path / "stills"), start=1):
        drawn = [line for line in tikz.tikz(still.read_text(encoding="utf-8"), headers).splitlines() if "definecolor" not in line]
        shown = [line for line in on_overlay(tex, number).splitlines() if "definecolor" not in line and not line.startswith("% ")]
        assert shown == drawn
        assert f"% <{number}> " in tex


def test_the_overlays_as_a_file_and_in_beamer(tmp_path, pdflatex):
    stepper = Stepper(neuron())
    tex = stepper.save(tmp_path / "steps.tex").read_text(encoding="utf-8")
    assert r"\only<8>{" in tex
    assert len(tex) < 2 * len(draw(neuron()).tikz())
    frame = r"\begin{frame}\resizebox{\textwidth}{!}{\input{steps}}\end{frame}"
    assert pdflatex(article(frame).replace("article", "beamer"))[0] == stepper.last + 1
