import math
import re
import xml.etree.ElementTree as ET

import pytest
from latex2mathml import converter
from small_graphs import named, two_two_two

from autograd_tiny import Expression, Primitive, Value, array, dot, leaky_relu, softmax, tanh, total, where
from autograd_tiny.engine.graph import adjoints, all_nodes
from autograd_tiny.symbols.latex import GREEK, latex_name
from autograd_tiny.views.explain import explain
from autograd_tiny.views.paths import count_paths, paths
from autograd_tiny.views.steps import backward_steps, forward_steps
from autograd_tiny.worked import three_three_three


@pytest.fixture
def neuron():
    w, x, b = Value(-3.0, "w"), Value(2.0, "x"), Value(6.5, "b")
    z = named("z", w * x + b)
    return w, x, b, z, named("y", tanh(z))


def test_a_chain_in_three_ways(neuron):
    w, _, b, z, y = neuron
    assert explain(y, w).text.splitlines() == [
        "∂y/∂w = ∂y/∂z · ∂z/∂w",
        "      = (1 - y²) · x",
        "      = 0.7864 · 2",
        "      = 1.573",
    ]
    assert explain(y, wrt=w, through="all").text.splitlines() == [
        "∂y/∂w = ∂y/∂z · ∂z/∂t1 · ∂t1/∂w",
        "      = (1 - y²) · 1 · x",
        "      = 0.7864 · 1 · 2",
        "      = 1.573",
        "with t1 = w · x",
    ]
    assert explain(y, wrt=b, digits=2).text.splitlines()[2:4] == ["      = 0.79 · 1", "      = 0.79"]
    assert explain(z, wrt=z).text == "∂z/∂z = 1"


def test_the_sum_over_uses():
    a, b = Value(3.0, "a"), Value(2.0, "b")
    y = named("y", a * b + a * a)
    assert explain(y, wrt=a).text.splitlines()[:4] == [
        "∂y/∂a = ∂y/∂t1 · ∂t1/∂a + ∂y/∂t2 · ∂t2/∂a⁽¹⁾ + ∂y/∂t2 · ∂t2/∂a⁽²⁾",
        "      = 1 · b + 1 · a + 1 · a",
        "      = 1 · 2 + 1 · 3 + 1 · 3",
        "      = 8",
    ]


def test_many_paths_are_summed_over_the_uses_alone():
    recorded = three_three_three.record()
    text = explain(recorded.loss, wrt=recorded.nodes["h2_out1"]).text
    assert "= ∂E_total/∂O_in1 · W_k1l1 + ∂E_total/∂O_in2 · W_k1l2 + ∂E_total/∂O_in3 · W_k1l3" in text
    assert text.endswith("= 0.6583")


def test_what_does_not_matter_has_derivative_zero(neuron):
    assert explain(neuron[-1], wrt=Value(1.0, "q")).text == "∂y/∂q = 0"


def test_constants_appear_as_their_numbers():
    x = Value(2.0, "x")
    y = named("y", 3.0 * x)
    assert "= 3" in explain(y, wrt=x).text


def test_a_label_like_an_invented_name_is_not_taken_twice():
    t1, x = Value(2.0, "t1"), Value(3.0, "x")
    y = named("y", (t1 * x).exp())
    assert explain(y, wrt=x).text.splitlines()[0] == "∂y/∂x = ∂y/∂u1 · ∂u1/∂x"


def test_negative_and_tiny_numbers():
    x = Value(-1e-7, "x")
    y = named("y", x * -2.0)
    explanation = explain(y * x, wrt=x)
    assert "(-1e-7)" in explanation.text
    assert r"\left(-10^{-7}\right)" in explanation.latex


def test_a_multiple_of_one_step(neuron):
    first = next(backward_steps(neuron[-1]))
    assert explain(first).text.splitlines() == ["∂y/∂z = 1 - y²", "      = 0.7864"]
    a = Value(3.0, "a")
    y = named("y", a + a)
    lines = explain(next(backward_steps(y))).text.splitlines()
    assert lines == ["∂y/∂a = ∂y/∂a⁽¹⁾", "      = 1", "∂y/∂a = 1 + ∂y/∂a⁽²⁾", "      = 1 + 1", "      = 2"]


def test_siblings_that_were_not_recorded_are_written_out():
    xs = [Value(0.1, "a"), Value(0.7, "b")]
    p = named("p", Value.record(softmax[0], tuple(xs)))
    assert "= -p softmax(a, b)[1]\n" in explain(p, wrt=xs[1]).text


@pytest.mark.slow
def test_the_last_number_is_the_gradient_for_every_node_of_the_worked_example():
    root = three_three_three.record(expanded=True).loss
    gradients = adjoints(root)
    for node in all_nodes(root):
        last = explain(root, wrt=node, digits=15).text.split("\nwith")[0].splitlines()[-1]
        assert float(last.rsplit("= ", 1)[1]) == pytest.approx(gradients[node], rel=1e-13, abs=1e-300)


def test_paths_sum_to_the_gradient():
    recorded = three_three_three.record()
    for label in ("W_i1j1", "W_j2k3", "O_in1", "h1_out2"):
        node = recorded.nodes[label]
        found = paths(recorded.loss, node)
        assert len(found) == count_paths(recorded.loss, node)
        assert math.fsum(p.product for p in found) == pytest.approx(adjoints(recorded.loss)[node], rel=1e-12)
        assert all(p.nodes[0] is recorded.loss and p.nodes[-1] is node for p in found)
        assert all(p.product == math.prod(p.derivatives) for p in found)
    assert paths(recorded.loss, Value(1.0)) == []
    assert [p.product for p in paths(recorded.loss, recorded.loss)] == [1.0]


@pytest.mark.parametrize(("length", "factors"), [(12, 12), (13, 2)])
def test_a_product_of_more_than_twelve_factors_is_written_by_the_uses(length, factors):
    x = y = Value(0.5, "x")
    for _ in range(length):
        y = y.tanh()
    assert explain(named("y", y), wrt=x, through="all").text.splitlines()[0].count("·") == factors - 1


@pytest.mark.parametrize(("length", "written"), [(120, "v" * 120), (121, "∂z/∂x")])
def test_a_factor_of_more_than_120_characters_stays_a_symbol(length, written):
    x = Value(0.5, "x")
    y = named("y", named("z", x * Value(2.0, "v" * length)).tanh())
    assert explain(y, wrt=x).text.splitlines()[1].strip() == f"= (1 - y²) · {written}"


def test_too_many_paths_are_counted():
    x = y = Value(1.0, "x")
    for _ in range(60):
        y = y + y
    assert count_paths(y, x) == 2**60
    with pytest.raises(ValueError, match=rf"there are {2**60} paths"):
        paths(y, x)
    assert "= 1.153e18\n" in explain(y, wrt=x).text
    hundred = total([total([x] * 10)] * 10)
    assert len(paths(total([hundred] * 10), x)) == 1000
    with pytest.raises(ValueError, match="there are 1001 paths"):
        paths(total([hundred] * 10 + [x]), x)


def test_long_sums_have_a_line_per_term():
    w = [Value(float(i), f"weight_number_{i}") for i in range(4)]
    x = Value(2.0, "a_long_name_for_x")
    y = named("y", sum((v * x).sin() for v in w))
    lines = explain(y, wrt=x).text.splitlines()
    assert lines[1].startswith("                      + ∂y/∂")


def test_a_primitive_of_ones_own_and_families():
    square = Primitive("square", lambda x: x * x, lambda out, x: (2.0 * x,), doc="x²")
    x = Value(3.0, "x")
    assert "= 2 x\n" in explain(named("y", square(x)), wrt=x).text
    assert "where(step(x), 1, 0.2)" in explain(named("y", leaky_relu(x, 0.2)), wrt=x).text
    assert "= w" in explain(named("y", dot([Value(0.5, "w")], [x])), wrt=x).text
    assert "where(1, 1, 0)" in explain(named("y", where(1.0, x, 0.0)), wrt=x).text


def test_latex_is_an_aligned_block(neuron):
    latex = explain(neuron[-1], wrt=neuron[0]).latex
    assert latex.splitlines()[1] == (
        r"\frac{\partial y}{\partial w} &= \frac{\partial y}{\partial z} \cdot \frac{\partial z}{\partial w} \\"
    )
    assert latex.splitlines()[2] == r" &= \left(1 - y^{2}\right) \cdot x \\"
    assert explain(neuron[-1], wrt=neuron[0])._repr_latex_() == f"$\\displaystyle {latex}$"


TROUBLE = [
    "a_b", "x^2", "50%", "a\\b", "{", "}", "$x$", "#1", "a&b", "~",
    "<b>", "</math><script>", "λ", "😀", "two words", "a\nb", "\\end{aligned}", "a\0b", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("label", TROUBLE)
def test_labels_survive_latex_and_mathml(label):
    x = Value(2.0, label)
    explanation = explain(named("y", x.exp()), wrt=x)
    bare = re.sub(r"\\[#$%&_{}]", "", explanation.latex)
    assert bare.count("{") == bare.count("}")
    assert not set("#$%~") & set(bare)
    for line in explanation.mathml.splitlines():
        math_element = ET.fromstring(line)
        assert math_element.tag == "{http://www.w3.org/1998/Math/MathML}math"
        tags = {e.tag.split("}")[1] for e in math_element.iter()}
        assert tags <= {"math", "mrow", "mfrac", "mi", "mn", "mo", "msup", "msub", "mtext", "mspace", "mstyle"}
    if not label.isprintable():
        return
    shown = "".join(ET.fromstring(explanation.mathml.splitlines()[0]).itertext())
    assert "".join(label.split()).replace("_", "") in "".join(shown.split())


def test_misuse_says_what_to_do(neuron):
    with pytest.raises(TypeError, match="the Value to differentiate by"):
        explain(neuron[-1])
    with pytest.raises(TypeError, match=r"only a recorded Value can be explained, got 2.0; .*not its data"):
        explain(2.0, wrt=neuron[0])
    with pytest.raises(TypeError, match="differentiated by, got 'w'; give the Value itself"):
        explain(neuron[-1], wrt="w")
    with pytest.raises(ValueError, match="1 to 17 significant digits, got 0"):
        explain(neuron[-1], wrt=neuron[0], digits=0)
    with pytest.raises(ValueError, match=r"was not computed from .* given to another Value since"):
        explain(neuron[-1], wrt=neuron[0] + 1)
    with pytest.raises(TypeError, match="only a recorded Value can be an end of paths, got 3"):
        paths(neuron[-1], 3)


def test_latex_names():
    written = {
        "x": "x", "t12": "t_{12}", "w1": "w_{1}", "w_1": "w_{1}", "out": r"\mathrm{out}", "out1": r"\mathrm{out}_{1}",
        "W_k1l1": r"W_{\mathrm{k1l1}}", "E_total": r"E_{\mathrm{total}}", "net_h1": r"\mathrm{net}_{h1}",
        "out_o1": r"\mathrm{out}_{o1}",
        "W_ij": "W_{ij}", "x_lo": r"x_{\mathrm{lo}}", "x_1_2": "x_{1,2}", "h1_in": "h1_{in}", "out1_o": r"\mathrm{out1}_{o}",
        "W[0][1]": "W_{0,1}", "w[10]": "w_{10}", "layers[0]": r"\mathrm{layers}_{0}", "layers[0].W[1]": r"\mathrm{layers[0].W[1]}",
        "W1[0][1]": r"\left(W_{1}\right)_{0,1}", "W_ih[2]'": r"{\left(W_{\mathrm{ih}}\right)_{2}'}", "out[1]": r"\mathrm{out}_{1}",
        "x'": "{x'}", "w5''": "{w_{5}''}", "W[0][1]'": "{W_{0,1}'}", "out_o1'": r"{\mathrm{out}_{o1}'}", "'": r"\mathrm{'}",
        "h⁽²⁾": "{h^{(2)}}", "h⁽²⁾'": "{{h^{(2)}}'}", "h'⁽²⁾": "{{h'}^{(2)}}",
        "x_": r"\mathrm{x\_}", "x__1": r"\mathrm{x\_\_1}", "x[": r"\mathrm{x[}", "x\n": r"\mathrm{x\ }",
    }  # fmt: skip
    assert {label: latex_name(label) for label in written} == written


def test_names_that_are_no_names_are_written_letter_by_letter():
    written = {
        "a#b": r"\mathrm{a\#b}", "$x$": r"\mathrm{\$x\$}", "a|b": r"\mathrm{a|b}", "50%": r"\mathrm{50\%}", "a&b": r"\mathrm{a\&b}",
        "a^b": r"\mathrm{a\wedge b}", "a\\b": r"\mathrm{a\backslash b}", "{x}": r"\mathrm{\{x\}}", "~": r"\mathrm{\sim }",
        "a b": r"\mathrm{a\ b}", "net.x": r"\mathrm{net.x}",
    }  # fmt: skip
    assert {label: latex_name(label) for label in written} == written


def test_names_can_be_squared_in_latex(pdflatex):
    """A superscript, a prime or an accent in a name must not meet the exponent: TeX calls that a double superscript."""
    labels = ["x", "x'", "w5''", "h⁽²⁾", "h⁽²⁾'", "W[0][1]", "W1[0][1]", "W1[0]'", "net_h1", "größe_λ", "é"]
    labels += ["a#b", "$x$", "a^b", "a\\b", "{x}", "50%", "~"]
    formulas = [(Expression(label) ** 2).latex() for label in labels]
    assert all("<msup>" in converter.convert(formula) or "<msubsup>" in converter.convert(formula) for formula in formulas)
    assert not [formula for formula in formulas if re.search(r"(\^\{[^{}]*\}|')\^", formula)]
    lines = "\n\n".join(f"${formula}$" for formula in formulas)
    assert pdflatex(rf"\documentclass{{article}}\usepackage{{amsmath}}\begin{{document}}{lines}\end{{document}}")[0] >= 1


def test_any_label_is_set_by_pdflatex(pdflatex):
    """Signs that only other engines have are written as commands; of letters that pdflatex lacks, a question mark is left."""
    x = Value(2.0, "∂ℓ/∂ŷ₁ ≤ W⁽¹⁾ᵀ⊙x")
    explanation = explain(named("Ж你😀", named("größe", x.exp()) ** 2), wrt=x)
    assert r"\ensuremath{\leq }" in explanation.latex
    assert r"\text{\ifdefined\Umathchar 你\else ?\fi}" in explanation.latex
    assert "Umathchar" not in explanation._repr_latex_()  # a notebook shows every letter
    source = rf"\documentclass{{article}}\usepackage{{amsmath}}\begin{{document}}\[{explanation.latex}\]\end{{document}}"
    assert pdflatex(source)[0] == 1


def test_greek_letters_typed_or_by_name():
    written = {
        "omega": r"\omega", "ω": r"\omega", "Delta": r"\Delta", "Δ": r"\Delta", "µ": r"\mu", "theta2": r"\theta_{2}",
        "lambda_max": r"\lambda_{\mathrm{max}}", "λ_max": r"\lambda_{\mathrm{max}}", "x_mu": r"x_{\mu}", "σ_ε": r"\sigma_{\varepsilon}",
        "beta1_hat": r"\beta1_{\mathrm{hat}}", "η⁽²⁾": r"{\eta^{(2)}}", "größe_λ": r"\mathrm{gr\text{öß}e}_{\lambda}",
        "alphabet": r"\mathrm{alphabet}", "meta": r"\mathrm{meta}", "Alpha": r"\mathrm{Alpha}", "é": r"\text{é}",
    }  # fmt: skip
    assert {label: latex_name(label) for label in written} == written


@pytest.mark.parametrize(("name", "letter"), GREEK.items())
def test_greek_letters_are_shown_by_browsers(name, letter):
    for label in (name, letter):
        x = Value(2.0, label)
        explanation = explain(named("y", x.exp()), wrt=x)
        assert rf"\partial \{name}}}" in explanation.latex
        assert f"∂{letter}" in "".join(ET.fromstring(explanation.mathml.splitlines()[0]).itertext())


def test_values_of_the_same_label_are_told_apart():
    a, b = Value(1.0, "x"), Value(5.0, "x")
    y = named("y", a * b)
    assert explain(y, wrt=a).text.splitlines()[0] == "∂y/∂x = x#2"
    assert explain(y, wrt=b).text.splitlines()[0] == "∂y/∂x#2 = x"


def test_a_node_deep_down_is_explained_by_its_uses_with_few_definitions():
    x = y = Value(0.5, "x")
    for _ in range(20_000):
        y = y * 1.0001
    lines = explain(y, wrt=x).text.splitlines()
    assert lines[0] == "∂y/∂x = ∂y/∂t1 · ∂t1/∂x"
    assert lines[2].startswith("      = 7.38")
    assert len("\n".join(lines)) < 1000


def test_numbers_are_left_out_for_slides(pdflatex):
    error, w = two_two_two()
    whole, blanked = explain(error, wrt=w[1]), explain(error, wrt=w[1], blanks=True)
    lines = blanked.text.splitlines()
    assert lines[:4] == whole.text.splitlines()[:4]
    assert [line.strip() for line in lines[4:]] == ["= ____ · ____ · ____ · ____ · ____ + ____ · ____ · ____ · ____ · ____", "= ____"]
    assert whole.text.splitlines()[-1].endswith("= 0.0004386"), "what was there before keeps its numbers"
    assert blanked.latex.count(r"\mathrm{\_\_\_\_}") == blanked.mathml.count("<mtext>____</mtext>") == 11
    assert pdflatex(rf"\documentclass{{article}}\usepackage{{amsmath}}\begin{{document}}$${blanked.latex}$$\end{{document}}")[0] == 1
    step = list(forward_steps(error))[4]
    assert explain(step, blanks=True).text.splitlines()[1:] == ["   = 1 / (1 + exp(-net_h1))", "   = ____"]


def test_formulas_of_matrices_stay_where_numbers_are_left_out():
    weights, x = array([[1.0, 2.0], [3.0, 4.0]], "W"), array([1.0, 2.0], "x")
    loss = (named("z", weights @ x) ** 2).sum()
    whole, blanked = explain(loss, wrt=weights).text.splitlines(), explain(loss, wrt=weights, blanks=True).text.splitlines()
    assert blanked[:-2] == whole[:-2]
    assert [line.split("=")[1] for line in blanked[-2:]] == [" ____ · ____", " ____"]


def test_what_an_invented_name_of_a_leaf_stands_for_is_told():
    w, x, unnamed = Value(0.5, "w"), Value(2.0, "x"), {3: Value(3.0)}
    y = (w * unnamed.pop(3)).tanh() * x
    y.label = "y"
    explanation = explain(y, wrt=w, through="all")
    assert explanation.text.splitlines()[-1] == "with t3 = 3, t1 = w · t3, t2 = tanh(t1)"
    assert "t_{3} &= 3" in explanation.latex
    assert "<mn>3</mn>" in explanation.mathml.splitlines()[-3]
    assert explanation.blanked().text.splitlines()[-1] == explanation.text.splitlines()[-1]  # it is given
    assert explain(y, wrt=next(v for v in all_nodes(y) if v.data == 3.0), through="all").text.splitlines()[-1].startswith("with t3 = 3,")


def test_the_operands_of_a_step_that_have_invented_names_are_told():
    w, three = Value(0.5, "w"), Value(3.0)
    y = w * three
    y.label = "y"
    assert explain(next(forward_steps(y)), blanks=True).text.splitlines() == [
        "y = w · t1", "  = ____ · ____", "  = ____", "with t1 = 3",
    ]  # fmt: skip
    assert explain(next(backward_steps(y))).text.splitlines()[-1] == "with t1 = 3"


def test_only_names_that_are_written_are_defined():
    weights, inputs = [Value(0.1 * i) for i in range(5)], [Value(0.2 * i, f"x{i}") for i in range(5)]
    z = dot(weights, inputs)
    z.label = "z"
    y = z.tanh()
    y.label = "y"
    assert explain(y, wrt=inputs[2]).text.splitlines()[-1] == "with t3 = 0.2"
