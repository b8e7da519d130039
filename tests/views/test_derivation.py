"""Whole derivations: what stands on the page, that every number of it is marked right, and what is refused."""

import math
import re
from random import Random
from xml.etree import ElementTree

import pytest
from random_graphs import random_program, recorded
from small_graphs import named, two_two_two

from autograd_tiny import Value, derivation, dot, losses, mean, softmax, total
from autograd_tiny.engine.graph import all_nodes, topological_order
from autograd_tiny.marking.pages import read_page
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.views.derivation import LATEX_WIDTH, MOST_EQUATIONS, TEXT_WIDTH
from autograd_tiny.views.equations import Equation, chain, latex_style, lines_of, set_width, text_style
from autograd_tiny.views.mathml import revealed
from autograd_tiny.worked import three_three_three

MAZUR = """\
Forward

net_h1 = w1 · i1 + w2 · i2 + b1 = 0.15 · 0.05 + 0.2 · 0.1 + 0.35 = 0.3775
h1 = sigmoid(net_h1) = 1 / (1 + exp(-net_h1)) = 1 / (1 + exp(-0.3775)) = 0.5933
net_h2 = w3 · i1 + w4 · i2 + b1 = 0.25 · 0.05 + 0.3 · 0.1 + 0.35 = 0.3925
h2 = sigmoid(net_h2) = 1 / (1 + exp(-net_h2)) = 1 / (1 + exp(-0.3925)) = 0.5969
net_o1 = w5 · h1 + w6 · h2 + b2 = 0.4 · 0.5933 + 0.45 · 0.5969 + 0.6 = 1.106
o1 = sigmoid(net_o1) = 1 / (1 + exp(-net_o1)) = 1 / (1 + exp(-1.106)) = 0.7514
net_o2 = w7 · h1 + w8 · h2 + b2 = 0.5 · 0.5933 + 0.55 · 0.5969 + 0.6 = 1.225
o2 = sigmoid(net_o2) = 1 / (1 + exp(-net_o2)) = 1 / (1 + exp(-1.225)) = 0.7729
E = 0.5 · (target1 - o1)² + 0.5 · (target2 - o2)²
  = 0.5 · (0.01 - 0.7514)² + 0.5 · (0.99 - 0.7729)²
  = 0.2984

Backward

∂E/∂o1 = o1 - target1 = 0.7414
∂E/∂o2 = o2 - target2 = -0.2171
∂E/∂net_o2 = ∂E/∂o2 · ∂o2/∂net_o2 = ∂E/∂o2 · o2 (1 - o2) = (-0.2171) · 0.1755 = -0.0381
∂E/∂net_o1 = ∂E/∂o1 · ∂o1/∂net_o1 = ∂E/∂o1 · o1 (1 - o1) = 0.7414 · 0.1868 = 0.1385
∂E/∂w5 = ∂E/∂net_o1 · ∂net_o1/∂w5 = ∂E/∂net_o1 · h1 = 0.1385 · 0.5933 = 0.08217
∂E/∂h1 = ∂E/∂net_o1 · ∂net_o1/∂h1 + ∂E/∂net_o2 · ∂net_o2/∂h1
       = ∂E/∂net_o1 · w5 + ∂E/∂net_o2 · w7
       = 0.1385 · 0.4 + (-0.0381) · 0.5
       = 0.03635
∂E/∂net_h1 = ∂E/∂h1 · ∂h1/∂net_h1 = ∂E/∂h1 · h1 (1 - h1) = 0.03635 · 0.2413 = 0.008771
∂E/∂w1 = ∂E/∂net_h1 · ∂net_h1/∂w1 = ∂E/∂net_h1 · i1 = 0.008771 · 0.05 = 0.0004386

Update

w5' = w5 - η ∂E/∂w5 = 0.4 - 0.5 · 0.08217 = 0.3589
w1' = w1 - η ∂E/∂w1 = 0.15 - 0.5 · 0.0004386 = 0.1498"""


def classifier():
    """Two inputs, three classes, softmax and cross-entropy."""
    x = [Value(0.5, "x1"), Value(-1.5, "x2")]
    weights = [[Value(0.1 * (i + 2 * k) - 0.3, f"W_{k}{i}") for i in (1, 2)] for k in (1, 2, 3)]
    z = [named(f"z{k}", dot(row, x, Value(0.1 * k, f"b{k}"))) for k, row in enumerate(weights, 1)]
    p = softmax(z)
    for k, output in enumerate(p, 1):
        output.label = f"p{k}"
    return named("loss", losses.cross_entropy(list(p), 1))


def marked(page, tmp_path):
    (tmp_path / "page.toml").write_text(page, encoding="utf-8")
    return read_page(tmp_path / "page.toml").mark()


def test_the_page_a_teacher_writes():
    error, w = two_two_two()
    page = derivation(error, wrt=[w[5], w[1]], learning_rate=0.5)
    assert page.text == str(page) == repr(page) == MAZUR
    assert [section.title for section in derivation(error, wrt=w[5]).sections] == ["Forward", "Backward"]


def test_only_what_lies_between_is_differentiated():
    error, w = two_two_two()
    backward = derivation(error, wrt=w[5]).text.partition("Backward\n\n")[2]
    assert re.findall(r"^∂E/∂(\w+)", backward, re.MULTILINE) == ["o1", "net_o1", "w5"]


@pytest.mark.parametrize("make", [lambda: two_two_two()[0], classifier, lambda: three_three_three.record().loss])
@pytest.mark.parametrize("digits", [2, 4, 9])
def test_every_number_is_marked_right(make, digits, tmp_path):
    report = marked(derivation(make(), learning_rate=0.01, digits=digits).toml, tmp_path)
    assert set(report.counts) == {"right"}
    quantities = {mark.claim.called for mark in report.marks}
    leaves = [node.label for node in all_nodes(make()) if node.op is None and node.label]
    root = make().label
    assert quantities >= {f"∂{root}/∂{leaf}" for leaf in leaves} | {f"{leaf}'" for leaf in leaves}


def labelled_program(seed):
    rng = Random(seed)
    leaves, root = recorded(random_program(rng))
    for i, leaf in enumerate(leaves):
        leaf.label = f"x{i}"
    for i, node in enumerate(topological_order(root)):
        node.label = "y" if node is root else f"v{i}" if rng.random() < 0.5 else ""
    return root, rng.randint(2, 6)


@pytest.mark.parametrize("start", range(0, 300, 50))
def test_random_graphs_are_marked_right(start, tmp_path):
    """Among them 256, in which a derivative is 1e-16 in place of 0, which is no number of the page."""
    for seed in range(start, start + 50):
        root, digits = labelled_program(seed)
        page = derivation(root, learning_rate=0.1, digits=digits)
        report = marked(page.toml, tmp_path)
        assert set(report.counts) == {"right"}, seed


def test_a_wrong_digit_would_be_found(tmp_path):
    error, w = two_two_two()
    page = derivation(error, wrt=w[5]).toml
    slip = marked(page.replace("E/w5 = 0.08217", "E/w5 = 0.09217"), tmp_path).first_slip
    assert slip.claim.called == "∂E/∂w5"


def test_names_are_the_callers_variables_where_nothing_computed_has_a_label(tmp_path):
    w, x = Value(-3.0), Value(2.0)
    net = w * x + 6.5
    out = net.tanh()
    page = derivation(out, wrt=w)
    assert page.text.splitlines()[2:4] == ["net = w · x + 6.5 = (-3) · 2 + 6.5 = 0.5", "out = tanh(net) = tanh(0.5) = 0.4621"]
    assert set(marked(page.toml, tmp_path).counts) == {"right"}
    assert [node.label for node in (w, x, net, out)] == [""] * 4


def test_without_names_every_operation_is_a_step(tmp_path):
    page = derivation((Value(-3.0, "w") * 2.0 + 6.5).tanh())
    assert re.findall(r"^(\w+) =", page.text, re.MULTILINE) == ["t1", "t2", "t3"]
    assert set(marked(page.toml, tmp_path).counts) == {"right"}
    page = derivation((Value(-3.0, "w") * 2.0 + 6.5).tanh(), through="named")
    assert page.text.splitlines()[2] == "t1 = tanh(w · 2 + 6.5) = tanh((-3) · 2 + 6.5) = 0.4621"


def test_what_is_seen_can_be_chosen():
    error, w = two_two_two()
    nodes = {node.label: node for node in all_nodes(error)}
    text = derivation(error, wrt=w[5], through=[nodes["o1"], nodes["h1"]]).text
    assert re.findall(r"^(?:∂E/∂)?(\w+) =", text, re.MULTILINE) == ["h1", "o1", "E", "o1", "w5"]
    assert len(derivation(error, wrt=w[5], through="all").sections[0].equations) == len(topological_order(error))


def test_a_value_used_twice_and_a_derivative_of_several_paths(tmp_path):
    x = Value(3.0, "x")
    z = named("z", x * x)
    y = named("y", z * x)
    page = derivation(y, wrt=x)
    assert page.text.splitlines()[-1] == "∂y/∂x = ∂y/∂z · ∂z/∂x + z = ∂y/∂z · 2 x + z = 3 · 6 + 9 = 27"
    report = marked(page.toml, tmp_path)
    assert [(m.claim.called, m.claim.printed.text) for m in report.marks][2:] == [("∂y/∂z", "3"), ("∂z/∂x", "6"), ("∂y/∂x", "27")]
    assert set(report.counts) == {"right"}


def test_latex_is_set_by_pdflatex_with_amsmath_alone(tmp_path, pdflatex):
    error = two_two_two()[0]
    pages = [derivation(error, learning_rate=0.5), derivation(classifier()), derivation(three_three_three.record().loss)]
    nasty = [Value(float(i + 1), label) for i, label in enumerate(["a#b", "$x$", "50%", "größe", "w'", "eta", "W[0][1]", "a_b_c", "{x}"])]
    pages.append(derivation(named("y & z", mean([named(f"s_{i}", x * x) for i, x in enumerate(nasty)])), learning_rate=1e-7))
    for i, page in enumerate(pages):
        assert page.latex.count(r"\begin{align*}") == len(page.sections) == page.latex.count(r"\subsection*")
        page.save(tmp_path / f"page{i}.tex")
        assert re.findall(r"usepackage\{(\w+)\}", (tmp_path / f"page{i}.tex").read_text(encoding="utf-8")) == ["amsmath"]
        pages_set, said = pdflatex((tmp_path / f"page{i}.tex").read_text(encoding="utf-8"))
        assert pages_set >= 1
        assert "Overfull" not in said, (i, said)


def test_long_sums_are_broken_into_lines_that_fit():
    inputs = [Value(0.1 * i, f"input_{i}") for i in range(30)]
    page = derivation(named("y", dot([Value(0.5, f"w_{i}") for i in range(30)], inputs)), wrt=inputs[0])
    lines = page.text.splitlines()
    assert 0.8 * TEXT_WIDTH < max(map(len, lines)) <= TEXT_WIDTH
    assert lines[3].startswith("  + w_")
    assert page.latex.count("\n &+ ") == 10
    assert max(map(set_width, page.latex.splitlines())) <= LATEX_WIDTH + set_width(r" & \\")


def test_a_line_is_as_long_as_the_page_and_no_longer():
    y, a, b, c, d = map(Expression, ("y", "aaa", "bbb", "ccc", "ddd"))
    style, whole = text_style(4), [("y", "= aaa + bbb + ccc")]
    equation = Equation(y, ((a, b, c),))
    assert len(" ".join(whole[0])) == 19
    assert lines_of([equation], style, {}, len, 19) == whole
    assert lines_of([equation], style, {}, len, 18) == [("y", "= aaa + bbb"), ("", "+ ccc")]
    assert equation.lines(style, 18) == whole  # in an explanation without the left side
    assert equation.lines(style, 17) == [("y", "= aaa"), ("", "+ bbb"), ("", "+ ccc")]
    long_term = Equation(y, ((a, chain(b, chain(c, d))),))
    assert lines_of([long_term], style, {}, len, 18) == [("y", "= aaa"), ("", "+ bbb · ccc"), ("", "· ddd")]


def test_names_that_would_look_alike_in_latex_are_told_apart_and_others_are_set():
    style = latex_style(["x1", "x_1", "w2"], 4)
    assert [revealed(style.name(name)) for name in ("x1", "x_1", "w2", "v3")] == [
        r"\mathrm{x1}", r"\mathrm{x\_1}", "w_{2}", "v_{3}",
    ]  # fmt: skip


def test_markdown_and_html():
    error, w = two_two_two()
    page = derivation(error, wrt=[w[5]], learning_rate=0.5)
    assert re.findall(r"^## (.*)$", page.markdown, re.MULTILINE) == ["Forward", "Backward", "Update"]
    assert page.markdown.count("$$\n\\begin{aligned}\n") == page.markdown.count("\n\\end{aligned}\n$$") == 3
    shown = ElementTree.fromstring(page._repr_html_())
    assert [heading.text for heading in shown.iter("h3")] == ["Forward", "Backward", "Update"]
    cells = ["".join("".join(cell.itertext()).split()) for cell in shown.findall("div/div")]
    assert cells[-2:] == ["w5′", "=w5−η∂E∂w5=0.4−0.5·0.08217=0.3589"]
    assert (len(cells), cells.count("")) == (2 * (8 + 3 + 3 + 1), 2)  # two further lines of E
    assert page._repr_latex_() == page.latex


def test_saving(tmp_path):
    error, w = two_two_two()
    page = derivation(error, wrt=w[5])
    written = {".txt": page.text, ".md": page.markdown, ".toml": page.toml, ".tex": page.latex_document}
    for ending, content in written.items():
        assert page.save(tmp_path / f"page{ending}").read_text(encoding="utf-8") == content + "\n"
    with pytest.raises(ValueError, match=r"ends in one of \.tex, \.md, \.toml, \.txt; got 'page\.pdf'"):
        page.save("page.pdf")


@pytest.mark.parametrize(
    ("label", "other"),
    [
        ("W[0][1]", "W_0_1"),
        ("layers[0].weights[0][0]", "layers_0_weights_0_0"),
        ("two words", "two_words"),
        ("lambda", "x_lambda"),
        ("tanh", "x_tanh"),
        ("w'", "w"),
        ("x; z", "x_z"),
        ("1", "x_1"),
        ("\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}"),
        ("# 'a'\n", "a"),
        ("(((", "x"),
    ],
)
def test_a_label_that_no_formula_can_read_has_another_name_on_the_page(label, other, tmp_path):
    x = Value(2.0, label)
    page = derivation(named("y", x * x), wrt=x, learning_rate=0.1).toml
    assert page.startswith("# ")
    report = marked(page, tmp_path)
    assert set(report.counts) == {"right"}
    assert [m.claim.called for m in report.marks] == ["y", f"∂y/∂{other}", f"{other}'"]


def test_other_names_are_no_name_that_is_there(tmp_path):
    values = [Value(float(i + 2), label) for i, label in enumerate(["w_0", "w[0]", "w(0)", "x_w_0", "y_"])]
    page = derivation(named("y", mean([x * x for x in values])), learning_rate=0.1).toml
    assert re.findall("^# (.*) is (.*)$", page, re.MULTILINE) == [("x_w_0_2", "'w[0]'"), ("x_w_0_3", "'w(0)'")]
    assert set(marked(page, tmp_path).counts) == {"right"}


def test_names_that_a_formula_can_read_though_they_are_special(tmp_path):
    x, größe = Value(2.0, "e"), Value(3.0, "größe")
    output = named("dE", x * größe + größe.exp())
    report = marked(derivation(output, learning_rate=0.1).toml, tmp_path)
    assert set(report.counts) == {"right"}


def test_two_values_of_one_label(tmp_path):
    a, b = Value(2.0, "x"), Value(3.0, "x")
    page = derivation(named("y", a * b), wrt=[a, b])
    assert page.text.splitlines()[-2:] == ["∂y/∂x = x#2 = 3", "∂y/∂x#2 = x = 2"]
    assert page.toml.startswith("# x_2 is 'x#2'\n")
    assert set(marked(page.toml, tmp_path).counts) == {"right"}


def test_zero_and_infinite_derivatives(tmp_path):
    v = Value(-1.0, "v")
    dead = derivation(named("y", named("d", v.relu()) * 2.0), wrt=v, learning_rate=0.1)
    assert dead.text.splitlines()[-3:] == ["Update", "", "v' = v - η ∂y/∂v = -1 - 0.1 · 0 = -1"]
    assert set(marked(dead.toml, tmp_path).counts) == {"right"}
    x = Value(1e200, "x")
    large = derivation(named("y", named("z", x * x) * 2.0), wrt=x)
    assert "z = x · x = 1e200 · 1e200 = inf" in large.text
    with pytest.raises(ValueError, match=r"z is inf, and a page that can be marked holds numbers from 1e-280 to 1e\+300 in size"):
        large.toml  # noqa: B018


def test_a_formula_that_would_double_at_every_step_is_left_out():
    x = Value(0.9, "x")
    v = x
    for _ in range(60):
        v = v * v + 0.01
    y = named("y", named("m", v) * 2.0)
    assert derivation(y, wrt=x).text.splitlines()[2] == "m = 0.0101"
    assert "∂m/∂x" in derivation(y, wrt=x).text


@pytest.mark.parametrize(("terms", "is_written"), [(250, True), (251, False)])
def test_a_formula_of_more_than_500_operations_and_operands_is_left_out(terms, is_written):
    x = Value(0.001, "x")
    y = named("y", total([x] * terms).tanh())
    assert ("tanh" in derivation(y, wrt=x, through="named").text) is is_written


def test_a_page_that_nobody_reads():
    x = Value(1.0, "x")
    y = x
    for i in range(MOST_EQUATIONS // 2 + 1):
        y = named(f"y{i}", y * 1.01)
    with pytest.raises(ValueError, match=r"have 302 equations, and more than 300 are read by nobody; list what to show"):
        derivation(y, wrt=x)
    assert len(derivation(y, wrt=x, through=[]).text.splitlines()) < 40


@pytest.mark.parametrize("rate", [float("nan"), 0, -0.1, float("inf"), True, "0.1", lambda step: 0.1])
def test_what_is_no_learning_rate(rate):
    x = Value(2.0, "x")
    with pytest.raises(ValueError, match=r"a learning rate is a finite number above 0, as 0\.5, got"):
        derivation(named("y", x * x), wrt=x, learning_rate=rate)


def test_what_nothing_can_be_differentiated_by():
    x, other = Value(2.0, "x"), Value(1.0, "other")
    z = named("z", x * x)
    y = named("y", z * 2.0)
    with pytest.raises(ValueError, match=r"Value\(1.0, 'other'\) in wrt is not what the output was computed from; give values"):
        derivation(y, wrt=[x, other])
    with pytest.raises(ValueError, match="is the output itself"):
        derivation(y, wrt=y)
    with pytest.raises(ValueError, match="wrt is empty; list Values"):
        derivation(y, wrt=[])
    with pytest.raises(ValueError, match="is a constant"):
        derivation(y, wrt=Value.constant(2.0))
    with pytest.raises(TypeError, match=r"wrt lists the Values to differentiate by, as wrt=.*, got 'x'"):
        derivation(y, wrt="x")
    with pytest.raises(TypeError, match="differentiated by"):
        derivation(y, wrt=["x"])
    with pytest.raises(ValueError, match="a learning rate updates leaves"):
        derivation(y, wrt=z, learning_rate=0.1)
    with pytest.raises(ValueError, match="there is nothing to differentiate"):
        derivation(x)
    with pytest.raises(ValueError, match="1 to 17 significant digits"):
        derivation(y, digits=0)
    x.data = 5.0
    with pytest.raises(ValueError, match="changed"):
        derivation(y, wrt=x)


@pytest.mark.parametrize(("taken", "rate"), [(["η"], "rate"), (["η", "rate"], "rate 2"), (["η", "rate", "rate 2"], "rate 3")])
def test_a_name_for_the_learning_rate_and_for_what_is_updated(taken, rate):
    x, primed = Value(2.0, "x"), Value(1.0, "x'")
    output = named("y", x * math.prod([Value(3.0, label) for label in taken]) * primed)
    text = derivation(output, wrt=x, learning_rate=0.1).text
    assert f"x (new) = x - {rate} ∂y/∂x = 2 - 0.1 · {3 ** len(taken)} = " in text
