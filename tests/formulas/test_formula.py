"""The formula reader: what it records is what Python would record, and whatever it cannot read is a FormulaError that says where."""

import ast
import inspect
import math
import pickle
import re
from pathlib import Path
from types import CodeType

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from small_graphs import leaves

from autograd_tiny import TABLE, Constant, Expression, MultiPrimitive, Value, absolute, exp, log, maximum, minimum, power, total
from autograd_tiny import formulas as room
from autograd_tiny.engine.row import Family
from autograd_tiny.formulas import FormulaError, read_assignments, read_formula
from autograd_tiny.formulas.errors import COMMA, with_caret
from autograd_tiny.formulas.running import MOST_OPERANDS
from autograd_tiny.formulas.vocabulary import FUNCTIONS

AT = {"x": 0.6, "y": -0.4, "z": 1.3}
EXAMPLES = settings(deadline=None, derandomize=True)


def shape(node):
    """A graph as nested tuples: which operation on what, names and numbers at the leaves."""
    if node.op is not None:
        return (node.op.name, *map(shape, node.operands))
    if isinstance(node, Value):
        return node.label or node.data
    return node.label or node.constant_value


def recorded(text, **values):
    return read_formula(text).record(values)


def error_of(text, **values):
    with pytest.raises(FormulaError) as caught:
        recorded(text, **values)
    return caught.value


def test_the_formula_of_a_neuron():
    read = read_formula("y = sigmoid(w*x + b)")
    assert (read.source, read.inputs, read.names) == ("y = sigmoid(w*x + b)", ("w", "x", "b"), ("y",))
    neuron = read.record({"x": 2, "w": -3, "b": 10})
    assert list(neuron.nodes) == ["w", "x", "b", "y"]
    assert neuron.output is neuron.nodes["y"]
    neuron.output.backward()
    sigmoid = 1 / (1 + math.exp(-4))
    assert neuron.output.data == sigmoid
    assert neuron.nodes["w"].grad == pytest.approx(2 * sigmoid * (1 - sigmoid), rel=1e-14)


def test_a_line_ends_where_its_brackets_are_closed():
    text = "a = ((x +\n y))\nb = sum(([x,\n y])[0:1])\na * b"
    assert recorded(text, x=2.0, y=3.0).output.data == 10.0


def test_the_longest_name():
    assert recorded("x" * 200, **{"x" * 200: 2.0}).output.data == 2.0


# The grammar is Python's: what a formula records is what Python records.

names = st.sampled_from(["x", "y", "z"])
numbers = st.sampled_from(["0.0", "1.0", "2.0", "3.0", "0.5", "1e-3", ".25", "7."])
signs = st.sampled_from(["", "", "", "-", "+", "- -", "-+"])
functions = st.sampled_from(["", "", "exp", "log", "sigmoid", "relu", "abs", "sqrt", "tanh", "step"])
operators = st.sampled_from(["+", "-", "*", "/", "**", " + ", " - ", "\t*\t", " / ", " ** "])
conditions = st.sampled_from(["<", ">", "==", "<=", ">=", "!="])


def arithmetic(operands):
    """Signed operands with operators between them, and no brackets that would say what goes first."""
    more = st.lists(st.builds("{}{}{}".format, operators, signs, operands), max_size=4)
    return st.builds(lambda sign, first, rest: sign + first + "".join(rest), signs, operands, more)


def in_brackets(operands):
    inner = arithmetic(operands)
    return st.one_of(
        st.builds("{}({})".format, functions, inner),
        st.builds("({}{}{})".format, names, conditions, inner),
        st.builds("where({}, {}, {})".format, names, inner, inner),
        st.builds("maximum([{}, {}])".format, inner, inner),
        st.builds("softmax([{}, {}])[{}]".format, inner, inner, st.integers(0, 1)),
    )


formulas = arithmetic(st.recursive(names | names | numbers, in_brackets, max_leaves=8))


@EXAMPLES
@given(formulas)
@example("2.0**-x**y")
@example("-x*y")
@example("-x**2.0 - y - z/x/y")
def test_the_grammar_is_pythons(text):
    try:
        ours = read_formula(text).express().output
    except FormulaError:
        # Numbers that cannot be folded, and chained comparisons, which Python asks for the truth of.
        try:
            theirs = eval(text, dict(TABLE), {name: Expression(name) for name in AT})
        except (ArithmeticError, ValueError, TypeError):
            return
        constants = [e.constant_value for e in leaves(theirs) if e.label == ""] if isinstance(theirs, Expression) else [theirs]
        assert not all(isinstance(c, float) and math.isfinite(c) for c in constants)
        return
    theirs = eval(text, dict(TABLE), {name: Expression(name) for name in AT})
    assert shape(ours) == (shape(theirs) if isinstance(theirs, Expression) else float(theirs))


@EXAMPLES
@given(formulas)
def test_what_is_recorded_is_what_is_expressed(text):
    read = read_formula_or_none(text)
    if read is None:
        return
    expressed = read.express()
    try:
        output = read.record({name: AT[name] for name in read.inputs}).output
    except FormulaError:
        return
    assert shape(output) == shape(expressed.output)
    assert output.data == expressed.output.evaluate({expressed.nodes[name]: AT[name] for name in read.inputs})
    assert all(math.isfinite(d) for d in output.local_derivatives)


@EXAMPLES
@given(formulas)
def test_a_printed_formula_reads_back(text):
    read = read_formula_or_none(text)
    if read is None:
        return
    printed = str(read.express().output)
    again = read_formula(printed)
    assert str(again.express().output) == printed
    assert set(again.inputs) <= set(read.inputs)


def read_formula_or_none(text):
    try:
        return read_formula(text)
    except FormulaError:
        return None


CALLS = {
    "pow_log": ("pow_log(y, x)", lambda x, y, z: TABLE["pow_log"](y, x)),
    "power": ("power(x, 3)", lambda x, y, z: power(x, 3)),
    "leaky_relu": ("leaky_relu(y, 0.2)", lambda x, y, z: TABLE["leaky_relu"](y, 0.2)),
    "dot": ("dot([x, y], [y, 2], z)", lambda x, y, z: TABLE["dot"]([x, y], [y, 2.0], z)),
    "softmax": ("softmax([x, y, z])[1]", lambda x, y, z: TABLE["softmax"](x, y, z)[1]),
}
INSIDE = {"log1p": "z", "log": "x", "sqrt": "x", "asin": "x", "acos": "x"}


@pytest.mark.parametrize("name", TABLE)
def test_every_row_of_the_table_can_be_called(name):
    row = TABLE[name]
    x, y, z = (Value(data, label) for label, data in AT.items())
    if name in CALLS:
        text, call = CALLS[name]
        expected = call(x, y, z)
    else:
        assert not isinstance(row, (Family, MultiPrimitive)), "a new kind of call: add it to CALLS"
        operands = (x, y, z)[: row.arity or 3]
        text, expected = f"{name}({', '.join(v.label for v in operands)})", row(*operands)
    formula = read_formula(text)
    output = formula.record({name: AT[name] for name in formula.inputs}).output
    assert shape(output) == shape(expected)
    assert output.data == expected.data


def test_other_names_of_functions():
    for text, function in [("max(x, y)", maximum), ("min([x, y])", minimum), ("sum(x, y)", total)]:
        assert shape(recorded(text, x=1, y=2).output) == shape(function(Value(1.0, "x"), Value(2.0, "y")))
    for text, function in [("ln(x)", log), ("absolute(x)", absolute)]:
        assert shape(recorded(text, x=1).output) == shape(function(Value(1.0, "x")))
    assert shape(recorded("pow(x, 3)", x=-2).output) == ("power[3]", "x")
    assert shape(recorded("pow(x, y)", x=2, y=3).output) == ("pow", "x", "y")


# Numbers.


@pytest.mark.parametrize("exponent", ["2", "-0.5", "(1/2)", "-(1/3)", "(2)", "+2", "(2*1.5 - 1)", "sqrt(2)", "pi", "2**3", "-2**2", "e"])
def test_an_exponent_of_numbers_is_no_operand(exponent):
    output = recorded(f"x**{exponent}", x=2).output
    assert output.operands == (output.first,)
    assert output.op.family is power


def test_numbers_are_folded_in_floats():
    assert shape(recorded("2*3*x", x=1).output) == ("mul", 6.0, "x")
    assert shape(recorded("0 + x", x=1).output) == ("add", 0.0, "x")
    assert shape(recorded("where(1 < 2, x, -x)", x=1).output) == ("where", 1.0, "x", ("neg", "x"))
    assert recorded("7/2").output.data == 3.5
    assert recorded("1_000.5e-1").output.data == 100.05
    assert "larger than any float" in error_of("y = 2**10**10").message
    assert "larger than any float" in error_of("1e308*10*x", x=1).message
    assert "needs its operand >= 0" in error_of("(-8)**(1/3)").message


def test_pi_and_e_are_constants_unless_given_or_assigned():
    assert shape(recorded("pi*π*e*x", x=1).output) == ("mul", math.pi * math.pi * math.e, "x")
    assert read_formula("e*x").inputs == ("x",)
    assert shape(recorded("e*x", x=1, e=5).output) == ("mul", "e", "x")
    assert shape(recorded("pi = 3; pi*x", x=1).output) == ("mul", "pi", "x")
    assert shape(read_formula("e*x").express().output) == ("mul", math.e, "x")


# Names, labels, statements.


@pytest.mark.parametrize("end", ["; ", ";", "\n", "\r\n", "\r", " # half; = of it\n", "\n\n  ;;# \n"])
def test_statements_end_at_semicolons_and_line_ends(end):
    read = read_formula(f"s = w*x{end}y = s + b{end}")
    assert (read.inputs, read.names) == (("w", "x", "b"), ("s", "y"))
    assert shape(read.express().output) == ("add", ("mul", "w", "x"), "b")


def test_line_ends_inside_brackets_do_not_count():
    assert shape(recorded("y = total([x, # one\n x,\r\n\n x\n])\n", x=1).output) == ("total", "x", "x", "x")


def test_assigned_names_label_their_nodes():
    nodes = recorded("s = w*x; y = tanh(s)", w=2, x=3).nodes
    assert {name: node.label for name, node in nodes.items()} == {"w": "w", "x": "x", "s": "s", "y": "y"}
    assert nodes["y"].operands == (nodes["s"],)
    assert not any(isinstance(node, Constant) for node in nodes.values())


def test_a_second_name_does_not_relabel():
    aliases = recorded("y = x; z = +y", x=2)
    assert aliases.output is aliases.nodes["x"] is aliases.nodes["y"] is aliases.nodes["z"]
    assert aliases.output.label == "x"
    again = recorded("s = x*x; t = s", x=2)
    assert again.nodes["t"] is again.nodes["s"]
    assert again.output.label == "s"


def test_a_number_with_a_name_is_a_node():
    record = recorded("w = -3; y = w*x", x=2)
    assert shape(record.output) == ("mul", "w", "x")
    record.output.backward()
    assert record.nodes["w"].grad == 2.0
    assert type(record.nodes["w"]) is Value
    assert repr(recorded("y = 2*3").output) == "Value(6.0, 'y')"
    expressed = read_formula("w = -3; y = w*x").express()
    assert expressed.output.evaluate({expressed.nodes["x"]: 2.0}) == -6.0


def test_a_number_without_a_name_is_a_constant():
    factor, x = recorded("2*x", x=3).output.operands
    assert type(factor) is Constant
    assert type(x) is Value


def test_operations_with_several_outputs():
    both = recorded("p, q = softmax([a, b]); loss = -log(p)", a=1, b=2)
    assert both.nodes["p"].data + both.nodes["q"].data == pytest.approx(1.0)
    assert both.nodes["p"].operands[0] is both.nodes["a"]
    assert shape(both.output) == ("neg", ("log", ("softmax[0]", "a", "b")))
    whole = recorded("p = softmax([a, b]); p[0]*p[1]", a=1, b=2)
    assert [whole.nodes[f"p[{i}]"].label for i in range(2)] == ["p[0]", "p[1]"]
    assert shape(whole.output) == ("mul", ("softmax[0]", "a", "b"), ("softmax[1]", "a", "b"))
    assert recorded("p, q = softmax([a, b])", a=1, b=2).output.label == "q"


def test_lists_have_names_too():
    record = recorded("w = [1, -2]; x = (a, b); y = dot(w, x, 3)", a=5, b=7)
    assert shape(record.output) == ("dot", "w[0]", "w[1]", "a", "b", 3.0)
    assert record.nodes["x[1]"] is record.nodes["b"]
    assert shape(recorded("a, b = [x, 2]; a*b", x=1).output) == ("mul", "x", "b")


@pytest.mark.parametrize("name", ["λ", "x1", "_", "__class__", "weight_12", "日本", "x̂", "नाम", "match", "None_"])
def test_names(name):
    record = recorded(f"{name}_out = 2*{name}", **{name: 3})
    assert record.output.label == f"{name}_out"
    assert record.nodes[name].data == 3.0


def test_one_name_however_it_is_spelled_in_unicode():
    assert recorded("e\u0301 + 1", é=2).output.data == 3.0
    assert read_formula("é + 1").record({"e\u0301": 2}).output.data == 3.0
    assert read_assignments(["e\u0301=1"]) == {"\u00e9": 1.0}


def test_conditions():
    for text, expected in [("x < 2", 1), ("x > 2", 0), ("x == 1", 1), ("x <= 1", 1), ("x >= 1", 1), ("x != 1", 0), ("x <= 0", 0)]:
        assert recorded(text, x=1).output.data == expected
    assert recorded("where(x < 0, -x, x)", x=-3).output.data == 3.0
    assert recorded("x + 1 < 2*x", x=3).output.op.name == "less"


# What is wrong, and where.

ERRORS = [
    ("y = sigmod(w*x)", 5, "unknown function `sigmod`: did you mean `sigmoid`?"),
    ("y = Sigmoid(x)", 5, "unknown function `Sigmoid`: did you mean `sigmoid`?"),
    ("w(x + 1)", 1, "unknown function `w`; to multiply, write `w*(...)`"),
    ("w*tan + w(x)", 3, "`tan` is a function: write tan(...)"),
    ("f(x) = 2*x", 1, "only a name can stand left of `=`: f = ..."),
    ("f(max(x, 1)) = 2*x", 1, "only a name can stand left of `=`: f = ..."),
    ("f(x", 1, "unknown function `f`; to multiply, write `f*(...)`"),
    ("σ(x)", 1, "unknown function `σ`: did you mean `sigmoid`?"),
    ("tanh(0,5*x)", 1, "tanh takes 1 operand, got 2; write decimals with a point, 1.5"),
    ("leaky_relu(x, 0,2)", 1, "got 3 operands; write decimals with a point, 1.5"),
    ("y := x", 3, "formulas have no `:`; write `=`"),
    ("x⁻¹", 2, "formulas have no `⁻`; write `**-`"),
    ("y = 2x", 6, "an operator is missing: to multiply, write `2*x`"),
    ("y = 2(x + 1)", 6, "an operator is missing: to multiply, write `2*(...)`"),
    ("1j", 2, "an operator is missing"),
    ("x y", 3, "an operator is missing before `y`; to multiply, write `*`"),
    ("(x)(y)", 4, "an operator is missing before `(`"),
    ("y = x^2", 6, "formulas have no `^`; write `**`"),
    ("x²", 2, "formulas have no `²`; write `**2`"),
    ("w×x", 2, "formulas have no `×`; write `*`"),
    ("w·x", 2, "formulas have no `·`; write `*`"),
    ("x.exp()", 2, "formulas have no attributes"),
    ("math.exp(x)", 5, "formulas have no attributes"),
    ("'x'", 1, "formulas have no strings"),
    ('f"{x}"', 2, "formulas have no strings"),
    ("x // 2", 3, "formulas have no `//`"),
    ("x % 2", 3, "formulas have no `%`"),
    ("(y := x)", 4, "formulas have no `:`"),
    ("lambda x: x", 1, "formulas have no `lambda`; it is a word of the Python language, and cannot be a name"),
    ("y = lambda*x", 5, "formulas have no `lambda`"),
    ("[a for a in b]", 4, "formulas have no `for`"),
    ("x if x > 0 else 0", 3, "formulas have no `if`; write `where(condition, x, y)`"),
    ("a < b and b < c", 7, "formulas have no `and`; write `(a < b) * (b < c)`"),
    ("a < b < c", 7, "compare two at a time"),
    ("x + None", 5, "formulas have no `None`"),
    ("leaky_relu(x, slope=0.2)", 20, "operands have no names"),
    ("dot(*x)", 5, "a number, a name or `(` belongs here, not `*`"),
    ("sigmoid()", 9, "a number, a name or `(` belongs here, not `)`"),
    ("y =", 4, "belongs here, not the end of the formula"),
    ("y = x +\n2", 8, "line 1: a number, a name or `(` belongs here, not the end of the line"),
    ("y = x + ; z = 2", 9, "belongs here, not `;`"),
    ("= 2", 1, "belongs here, not `=`"),
    ("2*x = 3", 5, "only a name can stand left of `=`"),
    ("a = b = 2", 7, "a second `=`; to compare, write `==`"),
    ("y = (a + b", 5, "`(` is never closed"),
    ("y = (a + b\nz = 3", 5, "line 1: `(` is never closed"),
    ("y = (a +\nz = 3", 5, "line 1: `(` is never closed"),
    ("y = tanh(a\nz = 3", 5, "line 1: `(` is never closed"),
    ("y = a)", 6, "`)` without a `(`"),
    ("(a]", 3, "`(` is closed by `)`, not by `]`"),
    ("y = 1,5", 6, "write decimals with a point"),
    ("y = a, b", 6, "`,` without a `(`"),
    ("a; b", 1, "only the last formula may go without a name"),
    ("a = 1; a = 2", 8, "`a` is assigned twice"),
    ("a, a = [1, 2]", 4, "`a` is assigned twice"),
    ("x = x + 1", 5, "`x` is used before it is assigned"),
    ("y = e*z; e = 3", 5, "`e` is used before it is assigned"),
    ("exp = 3", 1, "`exp` is a function and cannot be a name"),
    ("tanh(x, y)", 1, "tanh takes 1 operand, got 2"),
    ("atan2(x)", 1, "atan2 takes 2 operands, got 1"),
    ("power(x)", 1, "power takes an operand and a constant, got only the operand"),
    ("power(x, 1, 2)", 1, "power takes an operand and a constant, got 3 operands"),
    ("leaky_relu(x, y)", 1, "the constant must be a plain number, as in leaky_relu(x, 0.2)"),
    ("dot(1, 2)", 1, "dot does not take these operands: weighted sum"),
    ("dot([x], [y, 1])", 1, "as many weights as inputs"),
    ("dot([x], [y], [1])", 1, "a list stands where a number belongs"),
    ("min([1], 2)", 1, "a list stands where a number belongs"),
    ("softmax(x, y)", 1, "a list of 2; it must give one number"),
    ("softmax(x, y)[2]", 15, "there is no item 2"),
    ("softmax(x, y)[123456789]", 15, "there is no item 123456789"),
    ("softmax(x, y)[1234567890]", 15, "an item is taken by whole numbers"),
    ("softmax(x, y)[z]", 15, "an item is taken by whole numbers"),
    ("softmax(x, y)[-1]", 15, "an item is taken by whole numbers"),
    ("a, b, c = softmax(x, y)", 1, "`a`, `b` and `c`: 3 names for 2 numbers"),
    ("x**1e400", 4, "the number is larger than any float"),
    ("9007199254740993*x", 1, "no float equals this number; the nearest is 9007199254740992.0"),
    ("y = x/(2 - 2)", 6, None),
    ("1e308*10", 6, "`*`: the result is larger than any float"),
    ("-(1e308 + 1e308)", 9, "`+`: the result is larger than any float"),
    ("1/0", 2, "needs operand 2 != 0"),
    ("log(-1)", 1, "log(-1.0): needs its operand > 0"),
    ("日本 = x\ny = 日本 +* 2", 9, "line 2: a number"),
    ("𝐢𝐟 = 2", 1, "formulas have no `if`"),
    ("x" * 201, 1, "a name has at most 200 characters"),
    ("x\x00", 2, "formulas have no U+0000"),
    ("x\ud800", 2, "formulas have no"),
    ("\x1b[31mred", 1, "formulas have no U+001B"),
]


@pytest.mark.parametrize(("text", "column", "message"), ERRORS)
def test_errors_say_what_and_where(text, column, message):
    if message is None:
        error = error_of(text, x=1)
        assert "needs" in error.message
    else:
        with pytest.raises(FormulaError) as caught:
            read_formula(text)
        error = caught.value
        assert message.removeprefix(f"line {error.line}: ") in error.message
        assert str(error).startswith(message) or message in str(error)
    assert error.column == column
    assert all(c.isprintable() or c == "\n" for c in str(error))
    assert (COMMA in error.message) <= bool(re.search(r"\d,\d", text))


def test_an_error_shows_the_line_and_a_caret():
    assert str(error_of("y = sigmod(w*x)")) == (
        "unknown function `sigmod`: did you mean `sigmoid`?\n"
        "    y = sigmod(w*x)\n"
        "        ^"
    )  # fmt: skip
    assert str(error_of("a = 1\r\n\tb = 2x")) == (
        "line 2: an operator is missing: to multiply, write `2*x`\n"
        "     b = 2x\n"
        "          ^"
    )  # fmt: skip
    assert str(error_of("x̂ = x̄ ?")) == "formulas have no `?`\n    x̂ = x̄ ?\n          ^"
    assert str(error_of("日本 ? 1")) == "formulas have no `?`\n    日本 ? 1\n         ^"
    for terms in (0, 1, 49, 50, 500):
        for more in (0, 49, 50, 500):
            text = "x+" * terms + "?" + "+x" * more
            _, line, caret = str(error_of(text)).split("\n")
            assert line[caret.index("^")] == "?"
            assert len(line) < 120
            assert line.strip(" .") in text
            assert (line == "    " + text) == ("..." not in line) == (len(text) <= 100)


@pytest.mark.parametrize("length", [1, 99, 100, 101, 149, 150, 151, 300])
def test_of_a_long_line_a_hundred_characters_are_shown(length):
    """Fifty of them before the caret, unless the line begins there; dots stand for the rest."""
    line = "".join(chr(0x100 + i) for i in range(length))  # letters, no two alike
    for column in range(length):
        text, caret = with_caret(line, column).split("\n")
        shown = text[4:].removeprefix("...").removesuffix("...")
        assert text[caret.index("^")] == line[column]
        assert shown == line if length <= 100 else len(shown) == min(100, length - max(column - 50, 0))
        before, _, after = line.partition(shown)
        assert text == f"    {'...' * bool(before)}{shown}{'...' * bool(after)}"
        assert length <= 100 or len(before) == max(column - 50, 0)


def test_an_error_can_be_copied():
    by_name = FormulaError("no such name", source="a\nb\nc", at=2)
    assert str(pickle.loads(pickle.dumps(by_name))) == str(by_name) == "line 2: no such name\n    b\n    ^"
    assert repr(by_name) == repr(FormulaError("no such name", "a\nb\nc", 2))
    error = error_of("y = 2x")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.line, copy.column, copy.message) == (str(error), 1, 6, error.message)
    assert isinstance(copy, ValueError)


@pytest.mark.parametrize("text", ["", "  ", "\n\r\n", "# nothing", ";;", "\ufeff"])
def test_an_empty_formula(text):
    error = error_of(text)
    assert "the formula is empty" in str(error)
    assert (error.line, error.column) == (None, None)


def test_only_text_is_a_formula():
    with pytest.raises(TypeError, match="a formula is a string"):
        read_formula(b"x")
    with pytest.raises(TypeError, match=r"a dictionary, as \{'w': -3, 'x': 2\}, got 3"):
        read_formula("x").record(3)
    with pytest.raises(TypeError, match="a list of words, as"):
        read_assignments("x=2")


@pytest.mark.parametrize(
    ("text", "values", "column", "message"),
    [
        ("y == 2*x", {"x": 1}, 1, "no value for `y`; to name a result, write one `=`: y = ..."),
        ("y = log(x)", {"x": -1}, 5, "log(x = -1.0): needs x > 0"),
        ("y = 1/x", {"x": 0}, 6, "needs x != 0"),
        ("x[0]", {"x": 1}, 3, "only a list"),
        ("a, b = x", {"x": 1}, 1, "2 names for 1 number"),
        ("dot(x, y)", {"x": 1, "y": 2}, 1, "dot does not take these operands: weighted sum"),
        ("min([x], y)", {"x": 1, "y": 2}, 1, "a list stands where a number belongs"),
        ("1 + [x]", {"x": 1}, 1, "the last formula gives a list of 1; it must give one number: take an item, as in p[0]"),
        ("y = exp(x*1000)", {"x": 5}, 5, "exp(5000.0): the result is larger than any float"),
        ("y = sqrt(x)", {"x": 0}, 5, "derivative there is not finite"),
        ("y = x**-1", {"x": 0}, 6, "power[-1](x = 0.0): needs x != 0"),
        ("y = x**n", {"x": -2, "n": 2}, 6, "pow(x = -2.0, n = 2.0) is 4.0, but its derivative there is not finite"),
        ("y = x*x", {"x": 1e200}, 6, "mul(x = 1e+200, x = 1e+200): the result is larger than any float"),
        ("y = 1/(x*1)", {"x": 1e-200}, 6, "derivative there is not finite"),
        ("y = x", {"x": math.inf}, 5, "must be finite"),
        ("y = x", {"x": math.nan}, 5, "must be finite"),
        ("y = x", {"x": 10**400}, 5, "larger than any float"),
        ("y = x", {"x": "2"}, 5, "real number"),
        ("y = w*x", {"x": 1}, 5, "no value for `w`"),
        ("y = w*X", {"w": 1, "x": 1}, 7, "no value for `X`: `x` has one, but does not occur"),
        ("y = a + b + c + d + e1 + f", {}, 5, "no value for `a`, `b`, `c`, `d`, `e1` and 1 more"),
        ("y = layerc", {"layera": 1, "layerb": 1}, 5, "no value for `layerc`: `layerb` has one, but does not occur\n"),
        ("y = weight*2", {"weight": 1, "weigth": 2}, None, "`weigth` does not occur in the formula: did you mean `weight`?"),
        ("y = weight*weigh", {"weight": 1, "weigh": 1, "weigth": 2}, None, "did you mean `weight`?"),
        ("y = x", {"x": 1, "y": 2}, None, "`y` is computed by the formula, so it takes no value"),
        ("y = " + "x" * 50, {"x" * 49: 1}, 5, "no value for `" + "x" * 37 + "...`"),
        ("y = x", {"x": 1, "exp": 2}, None, "`exp` does not occur in the formula"),
    ],
)
def test_errors_of_values(text, values, column, message):
    read = read_formula(text)
    with pytest.raises(FormulaError) as caught:
        read.record(values)
    assert message in str(caught.value)
    assert caught.value.column == column


def test_what_was_read_and_what_was_recorded_are_things_to_compare_and_to_show():
    one, same, other = map(read_formula, ("y = w*x", "y = w*x", "y = w*z"))
    assert {one: "read"}[same] == "read"
    assert one != other
    assert repr(one) == "Formula(source='y = w*x', inputs=('w', 'x'), names=('y',))"
    with pytest.raises(AttributeError):
        one.source = "y = 2*x"
    expressed = one.express()
    assert expressed == expressed
    assert expressed != one.express()  # nodes of its own
    assert expressed.unused == ()
    assert repr(expressed) == f"Recorded(output={expressed.output!r}, nodes={expressed.nodes!r}, arrays={{}})"


# The command line's words.


def test_assignments():
    words = ["x=2", " w = -3 ", "b=1e-3", "a=1/3", "t=-2*pi", "λ=.5"]
    assert read_assignments(words) == {"x": 2.0, "w": -3.0, "b": 0.001, "a": 1 / 3, "t": -2 * math.pi, "λ": 0.5}
    assert read_assignments([]) == {}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["x"], "a value is given as x=2"),
        (["2"], "a value is given as x=2"),
        (["x==2"], "a value is given as x=2"),
        (["x=1;y=2"], "each value is a word of its own"),
        (["x=1, y=2"], "each value is a word of its own, with a space between two: w=-3 x=2\n    x=1, y=2\n       ^"),
        (["x=1,", "y=2"], "each value is a word of its own"),
        (["x", "=", "2"], "and no space between them"),
        ([""], "an empty word"),
        (["x="], "a number, a name or `(` belongs here"),
        (["=2"], "a number, a name or `(` belongs here"),
        (["x=two"], "`two` is no number"),
        (["x=two*nan"], "`two` is no number\n    x=two*nan\n      ^"),
        (["x=nan"], "`nan` is not finite"),
        (["x=-inf"], "`inf` is not finite"),
        (["x=1e999"], "larger than any float"),
        (["x=1,5"], "decimals with a point"),
        (["x=[1, [2]]"], "a matrix has only rows"),
        (["x=1", "x=1"], "`x` is given twice"),
        (["exp=1"], "`exp` is a function"),
        (["lambda=1"], "formulas have no `lambda`"),
        (["x=1 w=2"], "each value is a word of its own"),
        (["x=y=2"], "a second `=`"),
        (["2=3"], "only a name can stand left"),
        (["x=1/0"], "needs operand 2 != 0"),
    ],
)
def test_wrong_assignments(words, message):
    with pytest.raises(FormulaError) as caught:
        read_assignments(words)
    assert message in str(caught.value)


# Texts that mean harm.

pieces = st.sampled_from(
    [
        *"xy_12+-*/()[],;=<.'\"#\n\r\\:@^²λ×\x00\ufeff\u0301",
        *("1e9", "1e400", "**", "//", "==", "<=", ":=", "exp", "softmax", "dot", "power", "leaky_relu", "e", "pi"),
        *("lambda", "if", "for", "None", "__class__", "__import__", "eval"),
    ]
)


@EXAMPLES
@given(st.text() | st.lists(pieces, max_size=30).map("".join) | st.lists(pieces, max_size=30).map(" ".join))
def test_any_text_is_read_or_refused(text):
    try:
        read = read_formula(text)
        read.record(dict.fromkeys(read.inputs, 0.5))
        return
    except FormulaError as caught:
        error = caught
    shown = str(error)
    assert all(c.isprintable() or c == "\n" for c in shown)
    if error.line is not None:
        assert shown.count("\n") == 2
        assert 1 <= error.column <= len(text) + 1


@EXAMPLES
@given(st.lists(st.text() | st.lists(pieces, max_size=8).map("".join), max_size=3))
def test_any_words_are_assignments_or_refused(words):
    try:
        values = read_assignments(words)
    except FormulaError:
        return
    assert all(name.isidentifier() and type(x) is float and math.isfinite(x) for name, x in values.items())


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "__import__(os)",
        "eval(x)",
        "exec(x)",
        "open(x)",
        "x.__class__.__bases__",
        "exp.__globals__",
        "exp[0]",
        "(exp)(x)",
        "[exp][0](x)",
        "record(x)",
        "Value(x)",
        "Primitive(x)",
        "import os",
        "x = yield",
        "del x",
        "global x",
        "x; import os",
        "\\u0065val(x)",
        "ｅｖａｌ(x)",
    ],
)
def test_nothing_of_python_can_be_reached(text):
    with pytest.raises(FormulaError):
        recorded(text, x=1)


def test_the_reader_evaluates_no_code():
    for file in Path(inspect.getfile(room)).parent.glob("*.py"):
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        called = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        assert not called & {"eval", "exec", "compile", "__import__", "globals", "vars", "setattr"}, file
    assert all(not isinstance(function, (type, CodeType)) for function in FUNCTIONS.values())
    assert all(function in TABLE.values() for function in FUNCTIONS.values())


LONG = 30_000


@pytest.mark.parametrize(
    "text",
    [
        "+".join(["x"] * (LONG // 2)),
        "(" * (LONG // 2) + "x" + ")" * (LONG // 2),
        "-" * LONG + "x",
        "-(" * (LONG // 3) + "x" + ")" * (LONG // 3),
        "x**" * (LONG // 3) + "x",
        "tanh(" * (LONG // 6) + "x" + ")" * (LONG // 6),
        "\n".join(f"a{i + 1} = a{i}*x" for i in range(LONG // 14)),
    ],
    ids=lambda text: text[:12],
)
def test_long_and_deep_formulas_work(text):
    read = read_formula(text)
    values = dict.fromkeys(read.inputs, 1.0)
    output = read.record(values).output
    output.backward()
    assert math.isfinite(output.data)
    assert str(read.express().output)


HOSTILE = 100_000


@pytest.mark.parametrize(
    "text",
    [
        "(" * HOSTILE,
        "[" * HOSTILE,
        "exp(" * (HOSTILE // 4),
        ")" * HOSTILE,
        "(\n" * (HOSTILE // 2),
        "9" * HOSTILE,
        "1e" + "9" * HOSTILE,
        "x" * HOSTILE,
        "x" * HOSTILE + "(x)",
        "x" + "\u0301\u0323" * (HOSTILE // 2),
        "x" + "\u0301" * HOSTILE,
        "=".join(["x"] * (HOSTILE // 2)),
        ",".join(["x"] * (HOSTILE // 2)),
        "." * HOSTILE,
        "x[" + "9" * HOSTILE + "]",
        "\n" * HOSTILE + "?",
        "softmax([" + ",".join(["x"] * (HOSTILE // 2)) + "])[0]",
        "v = [" + ",".join(["x"] * (HOSTILE // 4)) + "]; y = " + "+".join(["total(v)"] * (HOSTILE // 18)),
        "v = [" + ",".join(["x"] * (HOSTILE // 4)) + "];" + "".join(f"a{i} = v;" for i in range(HOSTILE // 18)) + "x",
        "v = [" + ",".join(["x"] * (HOSTILE // 4)) + "]; w = [" + ",".join(["v"] * (HOSTILE // 4)) + "]",
        "2" + "**2" * (HOSTILE // 3),
    ],
    ids=lambda text: repr(text[:12]),
)
def test_hostile_formulas_are_refused(text):
    error = error_of(text, x=1)
    assert len(str(error)) < 1000


def test_what_counts_as_too_large():
    read = read_formula("v = [" + ",".join(["x"] * 1000) + "]; y = " + "+".join(["total(v)"] * 400))
    assert read.record({"x": 1}).output.data == 400_000.0
    error = error_of("softmax([" + ",".join(["x"] * 1001) + "])[0]")
    assert f"more than {MOST_OPERANDS:,} operands" in error.message


def test_functions_are_called_on_numbers_too():
    assert recorded("y = exp(1)*x", x=2).output.operands[0].data == exp(1.0)
    assert type(recorded("y = exp(1)").output) is Value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("where(x=1, x, 0)", "to compare, write `==` (or `<`, `>`): where(a == b, x, y)"),
        ("where((x=1), x, 0)", "to compare, write `==`"),
        ("leaky_relu(x, slope=0.1)", "write leaky_relu(x, 0.2); to compare, write `==`"),
        ("where(x>=1 & x<3, x, 0)", "write `(a < b) * (b < c)` for and"),
        ("where(x<1 || x>3, x, 0)", "write `abs(x)` for the size of x, `max(a < b, b < c)` for or"),
    ],
)
def test_hints_to_compare_and_to_join_conditions(text, message):
    with pytest.raises(FormulaError) as error:
        read_formula(text)
    assert message in error.value.message
    assert error.value.message.count("`") % 2 == 0


@pytest.mark.parametrize("x", [0.5, 1.0, 2.0, 3.0, 4.0])
def test_the_conditions_that_hints_write(x):
    both = read_formula("where((x >= 1) * (x < 3), x, 0)").record({"x": x}).output
    either = read_formula("where(max(x < 1, x > 3), x, 0)").record({"x": x}).output
    assert both.data == (x if 1 <= x < 3 else 0.0)
    assert either.data == (x if x < 1 or x > 3 else 0.0)


@pytest.mark.parametrize("word", ["L=1m", "L=1 m/s", "L=1*m", "L=-1.5e3 kg·m²", "L=.5 µm"])
def test_a_value_with_a_unit(word):
    with pytest.raises(FormulaError, match=f"numbers have no units: write {re.escape(re.match('L=[-.0-9e]+', word)[0])}"):
        read_assignments([word])


@pytest.mark.parametrize(("word", "value"), [("x=2*pi", 2 * math.pi), ("x=1e-3", 1e-3), ("x=1_000", 1000.0)])
def test_a_value_without_a_unit(word, value):
    assert read_assignments([word]) == {"x": value}


@pytest.mark.slow
def test_unused_names_of_a_long_formula():
    """One look at each name: looking through all of them for each took minutes."""
    formula = read_formula("\n".join([*[f"a{i} = 2*x" for i in range(20_000)], "p, q = softmax([x, a7])", "p + a9"]))
    unused = formula.record({"x": 1.0}).unused
    assert len(unused) == 19_998
    assert {"a7", "a9", "p", "q"}.isdisjoint(unused)
