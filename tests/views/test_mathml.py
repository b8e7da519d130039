"""Lines of LaTeX as MathML: words and numbers come through, and lines that differ in nothing else are converted once."""

import re
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from autograd_tiny import Value, explain
from autograd_tiny.engine.row import ATOM, PRODUCT
from autograd_tiny.symbols.expression import LATEX, Expression, term
from autograd_tiny.views.mathml import PLACE, Place, converted, hidden, mathml, place_of, revealed, template
from autograd_tiny.views.widget.formulas import FormulaWriter

HEAD = '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">'


def test_a_place_is_a_whole_formula_or_a_part_that_says_when_it_needs_brackets():
    x, number = Expression("x"), Expression.literal(Place(2.0, "d1"))
    written = [revealed(term(e, LATEX, {}).text) for e in (number, x * number, number**3)]
    assert written == ["\x7fd1\x7f", f"x \\cdot \x7fd1,{PRODUCT}\x7f", f"\x7fd1,{ATOM}\x7f^{{3}}"]


@pytest.mark.parametrize(
    ("word", "latex", "shown"),
    [
        ("in", r"\mathrm{in}", "in"),
        ("50%", r"\mathrm{50\%}", "50%"),
        ("two \n words", r"\mathrm{two\ words}", "two words"),
        ("a<&\0", "\\mathrm{a<\\&\N{REPLACEMENT CHARACTER}}", "a&lt;&amp;\N{REPLACEMENT CHARACTER}"),
        ("", r"\mathrm{}", ""),
        ("\x7f#x", "\\mathrm{\x7f\\#x}", "\x7f#x"),
        ("hex61hex", r"\mathrm{hex61hex}", "hex61hex"),
        ("0001", r"\mathrm{0001}", "0001"),
    ],
)
def test_words_are_hidden_and_revealed(word, latex, shown):
    assert re.fullmatch(r"\\text\{hex[0-9a-f]*hex\}", hidden(word))
    assert revealed(f"{hidden(word)} + {hidden('b')}") == rf"{latex} + \mathrm{{b}}"
    assert mathml(hidden(word)) == f"{HEAD}<mrow><mtext>{shown}</mtext></mrow></math>"


def test_a_template_has_a_place_for_each_word_and_number():
    line = rf"x_{{12}} \cdot {hidden('b c')} = 0.5 - 3"
    assert template(line) == (r"x_{0000} \cdot \text{hex1hex} = 0002 - 0003", ["12", "b c", "0.5", "3"])
    assert template(r"h1 + x^2 - \frac 12 + y_3") == (r"h1 + x^2 - \frac 12 + y_3", [])  # where a digit is more than a number
    assert template("10^{-7}") == ("0000^{-0001}", ["10", "7"])


def test_a_number_stands_where_it_stood():
    line = r"\frac{1}{x_{2}} = 0.25 \cdot 10^{-7}"
    numbers = [e.text for e in ElementTree.fromstring(mathml(line)).iter() if e.tag.endswith("mn")]
    assert numbers == ["1", "2", "0.25", "10", "7"]
    places = [place_of(match) for match in PLACE.finditer(converted(template(line)[0]))]
    assert places == [0, 1, 2, 3, 4]


def test_lines_that_differ_in_words_and_numbers_are_converted_once():
    converted.cache_clear()
    for number, word in ((0.5, "a"), (17, "a b"), (3.25, "€")):
        assert mathml(rf"{hidden(word)} = {number} \cdot x").count(f"<mn>{number}</mn>") == 1
    assert converted.cache_info().misses == 1


def test_aligned_lines_are_rows_of_a_table():
    explanation = explain(Value(3.0, "x").exp(), wrt=Value(1.0, "other"))
    table = ElementTree.fromstring(converted(explanation._repr_latex_().strip("$"), "inline"))
    rows = [row for row in table.iter() if row.tag.endswith("mtr")]
    assert ["".join(cell.itertext()) for row in rows for cell in row] == ["∂t1∂other", "=0"]
    assert "&" not in "".join(table.itertext())
    assert [cell.get("style").partition(";")[0] for cell in rows[0]] == ["text-align: right", "text-align: left"]


def test_formulas_share_their_parts():
    a, b = Value(-3.0, "a"), Value(2.0, "long one")
    y = a * b
    y.label = "y"
    writer = FormulaWriter()
    first = writer.write(explain(y, wrt=a))
    assert first.latex == "\\begin{aligned}\n\\frac{\\partial y}{\\partial a} &= \\mathrm{long\\ one} \\\\\n &= 2\n\\end{aligned}"
    assert writer.parts == [
        "<mo>∂</mo>",
        "<mi>y</mi>",
        "<mi>a</mi>",
        "<mfrac><mrow>&0;&1;</mrow><mrow>&0;&2;</mrow></mfrac>",
        '<mo form="infix">=</mo>',
        "<mtext>long one</mtext>",
        "<mn>2</mn>",
    ]
    assert first.lines == [("&3;", "&4;&5;"), ("", "&4;&6;")]
    again = writer.write(explain(y, wrt=b))
    assert again.lines == [("&7;", "&4;&2;"), ("", "&4;&8;&9;")]
    assert writer.parts[7:] == ["<mfrac><mrow>&0;&1;</mrow><mrow>&0;&5;</mrow></mfrac>", '<mo form="prefix">−</mo>', "<mn>3</mn>"]


def test_signs_brackets_and_lines_that_go_on():
    """A bracket grows with what is in it where LaTeX says so, and a sum goes on in a line of its own, right of the signs."""
    lines = [("y", r"= \left(a\right)^{2} - (b) + \mathrm{ab}"), ("", r"+ \left(-a\right)")]
    writer = FormulaWriter()
    written = writer.write(SimpleNamespace(latex_lines=lines, latex=""))
    parts = []
    for part in writer.parts:
        parts.append(re.sub(r"&(\d+);", lambda match: parts[int(match[1])], part))
    whole = [[re.sub(r"&(\d+);", lambda match: parts[int(match[1])], half) for half in line] for line in written.lines]
    assert whole == [
        [
            "<mi>y</mi>",
            '<mo form="infix">=</mo><msup><mrow><mo>(</mo><mi>a</mi><mo>)</mo></mrow><mn>2</mn></msup><mo>−</mo>'
            '<mo stretchy="false">(</mo><mi>b</mi><mo stretchy="false">)</mo><mo>+</mo>'
            '<mrow><mi mathvariant="normal">a</mi><mi mathvariant="normal">b</mi></mrow>',
        ],
        ["", '<mo form="infix">+</mo><mrow><mo>(</mo><mo form="prefix">−</mo><mi>a</mi><mo>)</mo></mrow>'],
    ]
