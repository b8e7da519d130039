import copy
import doctest
import json
import math
import pickle
import re
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from random_graphs import random_program
from small_graphs import leaves

from autograd_tiny import (
    Constant,
    Expression,
    MultiPrimitive,
    Primitive,
    Value,
    backward_steps,
    cos,
    dot,
    draw,
    explain,
    gradient,
    nn,
    power,
    sin,
    softmax,
    where,
)
from autograd_tiny.engine.graph import all_nodes, topological_order
from autograd_tiny.engine.row import Family
from autograd_tiny.storage import saving
from autograd_tiny.storage.saving import load_graph, load_parameters, save_graph, save_parameters


def small_model(seed=0):
    return nn.MLP([2, 2, 1], ["tanh", "linear"], rng=Random(seed))


def small_graph():
    """Shared nodes, both kinds of parameters, siblings, a constant, labels that JSON has to escape."""
    w, x = Value(-3.0, 'w "∂" \\'), Value(2.0, "x")
    p = softmax(w, x, w * x)
    y = (w * x).tanh() * 2 + power(x, -0.5) + w.leaky_relu(0.2) + p[1] * p[0]
    y.backward()
    return y


def told(node):
    """All that a node is, apart from its operands."""
    return type(node), node.label, node.op, repr(node.data), repr(node.grad), tuple(map(repr, node.local_derivatives))


def assert_same_graph(got, expected):
    ours, theirs = all_nodes(got), all_nodes(expected)
    assert [told(node) for node in ours] == [told(node) for node in theirs]
    number, other_number = ({node: i for i, node in enumerate(nodes)} for nodes in (ours, theirs))
    for mine, other in zip(ours, theirs):
        assert [number[x] for x in mine.operands] == [other_number[x] for x in other.operands]


# Parameters.


def test_parameters_come_back_to_the_last_digit(tmp_path):
    model, other = small_model(0), small_model(1)
    for parameter, x in zip(model.parameters(), (5e-324, -0.0, 1.7976931348623157e308, 0.1, 1 / 3)):
        parameter.data = x
    for parameter in other.parameters():
        parameter.grad = 7.0
    load_parameters(other, save_parameters(model, tmp_path / "model.json"))
    assert list(map(repr, other.state_dict().values())) == list(map(repr, model.state_dict().values()))
    assert [p.grad for p in other.parameters()] == [7.0] * 9


def test_a_shared_parameter_stands_in_the_file_once(tmp_path):
    w = Value(0.5)
    model = nn.MLP.from_layers([nn.Layer.from_weights([[w]], [0.0]), nn.Layer.from_weights([[w]], [0.0])])
    assert len(model.state_dict()) == 3
    path = save_parameters(model, tmp_path / "model.json")
    w.data = 9.0
    load_parameters(model, path)
    assert w.data == 0.5


def test_whole_numbers_become_floats():
    model = small_model()
    model.load_state_dict(dict.fromkeys(model.state_dict(), 1))
    assert {type(p.data) for p in model.parameters()} == {float}


def without(state, name):
    return {key: x for key, x in state.items() if key != name}


W = "layers[0].weights[0][1]"
WRONG_STATES = {
    "missing": (lambda state: without(state, W), rf"MLP: no number is given for '{W}'"),
    "extra": (lambda state: state | {"more": 1.0}, "MLP: there is no parameter 'more'"),
    "misnamed": (lambda state: without(state, W) | {"layers[0].wieghts[0][1]": 1.0}, f"did you mean `{W}`?"),
    "another shape": (lambda state: nn.MLP([3, 5], ["relu"]).state_dict(), "'layers[1].biases[0]'; there is no .* and 11 more"),
    "NaN": (lambda state: state | {W: math.nan}, f"'{W}' must be .*finite"),
    "infinity": (lambda state: state | {W: math.inf}, f"'{W}' must be .*finite"),
    "a string": (lambda state: state | {W: "0.5"}, f"'{W}' must be "),
    "null": (lambda state: state | {W: None}, f"'{W}' must be "),
    "an integer that is no float": (lambda state: state | {W: 2**53 + 1}, "no float equals 9007199254740993"),
    "an integer beyond floats": (lambda state: state | {W: 10**400}, "larger than any float|too large"),
    "no mapping": (lambda state: list(state.values()), "mapping|object"),
}


def literal(pattern):
    """A pattern in which only ``.*`` and ``|`` are special."""
    return re.escape(pattern).replace(r"\.\*", ".*").replace(r"\|", "|")


@pytest.mark.parametrize("wrong", WRONG_STATES)
def test_what_does_not_fit_is_refused_and_changes_nothing(wrong, tmp_path):
    change, message = WRONG_STATES[wrong]
    model = small_model()
    before = model.state_dict()
    state = change(dict.fromkeys(before, 1.0))
    with pytest.raises((ValueError, TypeError, OverflowError), match=literal(message)):
        model.load_state_dict(state)
    assert model.state_dict() == before

    path = tmp_path / "model.json"
    path.write_text(json.dumps({"format": "autograd_tiny parameters", "version": 1, "parameters": state}))
    with pytest.raises(ValueError, match=literal(message)) as error:
        load_parameters(model, path)
    assert str(error.value).startswith(f"cannot read {path}: ")
    assert model.state_dict() == before


def test_what_cannot_be_loaded_is_not_saved(tmp_path):
    model = small_model()
    path = save_parameters(model, tmp_path / "model.json")
    before = path.read_bytes()
    model.parameters()[1].data = math.nan
    with pytest.raises(ValueError, match=literal(f"'{W}' must be finite, got nan")):
        save_parameters(model, path)
    with pytest.raises(ValueError, match="has no parameters to save"):
        save_parameters(model.frozen(), path)
    assert path.read_bytes() == before
    with pytest.raises(TypeError, match="takes a model first"):
        save_parameters({"w": 1.0}, path)


# Files of another kind.


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is cut off"),
        (b'{"format": "autograd_tiny graph", "version', "it is cut off"),
        (b"hello", "it is cut off or not JSON"),
        (b"\xff\xfe{", "no text in UTF-8 (byte 0 is 0xff)"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b"[1, 2]", "its format is None, not 'autograd_tiny graph'"),
        (b'{"format": {"a": 1}}', "its format is {'a': 1}, not"),
        (b'{"format": "autograd_tiny parameters", "version": 1}', "'autograd_tiny parameters', which load_parameters reads"),
        (b'{"format": "autograd_tiny graph", "version": 2}', "version 2; this autograd_tiny reads version 1"),
        (b'{"format": "autograd_tiny graph", "version": 1}', "kind, nodes, own, roots is missing"),
        (b'{"format": "autograd_tiny graph", "format": "autograd_tiny graph"}', "'format' occurs twice"),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_refused_by_name(content, message, tmp_path):
    path = tmp_path / "some.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=literal(f"cannot read {path}: .*{message}")):
        load_graph(path)


def test_a_missing_file_is_an_operating_system_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.json"):
        load_graph(tmp_path / "nothing.json")
    with pytest.raises(FileNotFoundError, match="create it first"):
        save_graph(Value(1.0), tmp_path / "nowhere" / "graph.json")


# Graphs.


def explanations(_root, these):
    return [explain(_root, wrt=x).text for x in these]


@pytest.mark.parametrize("seed", range(40))
def test_a_loaded_graph_is_the_same_in_every_respect(seed, tmp_path):
    program = random_program(Random(seed))
    values = [Value(x, f"x{i}") for i, x in enumerate(program.leaves)]
    y = program(*values)
    y.backward()
    loaded = load_graph(save_graph(y, tmp_path / "graph.json"))

    assert_same_graph(loaded, y)
    assert draw(loaded, expand=True).dot == draw(y, expand=True).dot
    assert [repr(step) for step in backward_steps(loaded)] == [repr(step) for step in backward_steps(y)]
    inputs = [x for x in leaves(y) if x.label]
    other_inputs = [x for x in leaves(loaded) if x.label]
    assert explanations(loaded, other_inputs) == explanations(y, inputs)
    for mine, other in zip(gradient(loaded, other_inputs), gradient(y, inputs)):
        assert_same_graph(mine, other)


@pytest.mark.parametrize("seed", range(40))
def test_a_loaded_formula_is_the_same(seed, tmp_path):
    program = random_program(Random(seed))
    xs = [Expression(f"x{i}") for i in range(len(program.leaves))]
    formula = program(*xs)
    loaded = load_graph(save_graph({"f": formula, **{x.label: x for x in xs}}, tmp_path / "formula.json"))
    assert str(loaded["f"]) == str(formula)
    assert loaded["f"].evaluate({loaded[x.label]: v for x, v in zip(xs, program.leaves)}) == program(*program.leaves)


def test_roots_come_back_as_they_were_given_and_share_what_they_shared(tmp_path):
    a, b = Value(2.0, "a"), Value(3.0, "b")
    c = a * b
    one, many, named = (load_graph(save_graph(roots, tmp_path / "graph.json")) for roots in (c, [a, c, c + a], {"c": c, "a": a}))
    assert one.data == 6.0
    assert many[1].operands[0] is many[0] is many[2].operands[1]
    assert many[2].operands[0] is many[1]
    assert named["c"].operands[0] is named["a"]


def test_outputs_of_one_softmax_stay_siblings(tmp_path):
    xs = [Value(0.5), Value(-1.0), Value(2.0)]
    p, q = softmax(*xs), softmax(*xs)
    loaded = load_graph(save_graph([p[2], p[0], q[1]], tmp_path / "graph.json"))
    assert loaded[0].first is loaded[1].first is not loaded[2].first
    (slope,) = gradient(loaded[0] * loaded[1], [loaded[0].operands[0]])
    assert {n for n in topological_order(slope) if n.op.name in ("softmax[0]", "softmax[2]")} <= {loaded[0], loaded[1]}


def test_constants_infinities_and_signs_of_zero_are_kept(tmp_path):
    x = Value(1e300, "x")
    y = (x * x) * 2.0 - x * 1e300
    y.backward()
    x.grad = -0.0
    loaded = load_graph(save_graph(y, tmp_path / "graph.json"))
    assert_same_graph(loaded, y)
    assert math.isnan(loaded.data)
    assert sum(isinstance(node, Constant) for node in all_nodes(loaded)) == 2
    path = tmp_path / "graph.json"
    json.loads(path.read_text(), parse_constant=lambda text: pytest.fail(f"{text} is not JSON"))
    with pytest.raises(ValueError, match=literal("nodes[1]: mul(x = 1e+300, x = 1e+300) is inf, but its data in the file is 5.0")):
        load_graph(rewritten(path, lambda content: content["nodes"][1].update(data=5)))


@pytest.mark.parametrize("length", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_long_chain(length, tmp_path):
    x = y = Value(1.0, "x")
    for _ in range(length):
        y = y * 1.0001
    loaded = load_graph(save_graph(y, tmp_path / "chain.json"))
    assert loaded.data == y.data
    loaded.backward()
    y.backward()
    assert [leaf.grad for leaf in leaves(loaded) if leaf.label] == [x.grad]


def test_data_that_was_changed_after_recording_is_refused_and_the_old_file_stays(tmp_path):
    x = Value(2.0, "x")
    y = x * x
    path = save_graph(y, tmp_path / "graph.json")
    before = path.read_bytes()
    x.data = 3.0
    said = "mul(x = 3.0, x = 3.0) gives 9.0, but 4.0 was recorded: the data of x was changed afterwards, from 2.0 to 3.0"
    with pytest.raises(ValueError, match=literal(said)):
        save_graph(y, path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("roots", [3.0, [], [Value(1.0), 2.0], [Value(1.0), Expression("x")], {1: Value(1.0)}, "w", None])
def test_only_values_or_only_formulas_are_graphs(roots, tmp_path):
    with pytest.raises(TypeError, match="save_graph writes a Value or Expression"):
        save_graph(roots, tmp_path / "graph.json")
    assert not list(tmp_path.iterdir())


def rewritten(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return path


def test_data_may_differ_by_the_rounding_of_another_machine_and_is_kept(tmp_path):
    y = Value(2.0, "x").sin()
    path = save_graph(y, tmp_path / "graph.json")
    near = math.nextafter(y.data, 2.0)
    assert load_graph(rewritten(path, lambda content: content["nodes"][1].update(data=near))).data == near
    save_graph(load_graph(path), path)
    far = y.data * (1.0 + 1e-14)
    with pytest.raises(ValueError, match=literal(f"nodes[1]: sin(x = 2.0) is {y.data!r}, but its data in the file is {far!r}")):
        load_graph(rewritten(path, lambda content: content["nodes"][1].update(data=far)))


def test_a_sum_that_cancels_may_differ_by_the_rounding_of_its_terms(tmp_path):
    y = dot([1e8, 1.0, -1e8], [Value(1.0), Value(0.1), Value(1.0)])
    path = save_graph(y, tmp_path / "graph.json")
    other_order = 1e8 + 0.1 - 1e8
    assert other_order != 0.1
    load_graph(rewritten(path, lambda content: content["nodes"][-1].update(data=other_order)))
    load_graph(rewritten(path, lambda content: content["nodes"][-1].update(data=0.1)))
    with pytest.raises(ValueError, match=r"its data in the file is 0\.1001"):
        load_graph(rewritten(path, lambda content: content["nodes"][-1].update(data=0.1001)))


def siblings_of_a_power(nodes):
    leaf, power = {"data": 2.0}, {"op": "power", "parameter": 2.0, "data": 4.0}
    nodes[:] = [leaf, power | {"operands": [0]}, power | {"operands": [0], "sibling": 1}]


WRONG_GRAPHS = {
    "unknown operation": (lambda n: n[2].update(op="mull"), "nodes[2]: there is no operation 'mull'"),
    "operation of another type": (lambda n: n[2].update(op=["mul"]), "nodes[2]: there is no operation ['mul']"),
    "an operand that comes later": (lambda n: n[2].update(operands=[0, 3]), "nodes[2]: 3 is not the number of a node before it"),
    "itself as an operand": (lambda n: n[2].update(operands=[0, 2]), "nodes[2]: 2 is not the number"),
    "a negative operand": (lambda n: n[2].update(operands=[0, -1]), "nodes[2]: -1 is not the number"),
    "a boolean operand": (lambda n: n[2].update(operands=[0, True]), "nodes[2]: True is not the number"),
    "too few operands": (lambda n: n[2].update(operands=[0]), "nodes[2]: mul has 2 operands, got 1"),
    "no operands": (lambda n: n[2].update(op="dot", operands=[], data=0), "nodes[2]: an operation has operands"),
    "operands that are no list": (lambda n: n[2].update(operands=3), "nodes[2]: operands must be a list, got 3"),
    "a parameter too many": (lambda n: n[2].update(parameter=3), "nodes[2]: 'parameter' does not belong here"),
    "an output too high": (lambda n: n[4].update(parameter=2), "nodes[4]: the outputs of this softmax are numbered from 0 to 1, got 2"),
    "an output by a float": (lambda n: n[4].update(parameter=1.0), "nodes[4]: the outputs of this softmax are numbered"),
    "no parameter": (lambda n: n[4].pop("parameter"), "nodes[4]: parameter is missing"),
    "a stranger as a sibling": (lambda n: n[4].update(sibling=2), "nodes[4]: its sibling, node 2, is no output of softmax"),
    "a leaf as a sibling": (lambda n: n[4].update(sibling=1), "nodes[4]: its sibling, node 1, is no output of softmax"),
    "a sibling of a single output": (siblings_of_a_power, "nodes[2]: 'sibling' does not belong here"),
    "a label that is no string": (lambda n: n[0].update(label=7), "nodes[0]: a label is a string, got 7"),
    "a grad that is true": (lambda n: n[0].update(grad=True), "nodes[0]: 'grad' must be a finite number, got True"),
    "a grad that is no number": (lambda n: n[0].update(grad="much"), "nodes[0]: 'grad' must be a finite number, got 'much'"),
    "no data": (lambda n: n[0].pop("data"), "nodes[0]: 'data' must be a finite number, got None"),
    "an unknown field": (lambda n: n[0].update(date=1), "nodes[0]: 'date' does not belong here"),
    "a node that is no object": (lambda n: n.__setitem__(0, [1]), "nodes[0]: a node is an object, got [1]"),
    "an operand outside the domain": (lambda n: n[2].update(op="log", operands=[0]), "nodes[2]: log(a = -2.0): needs a > 0"),
    "wrong data": (lambda n: n[0].update(data=-2.5), "nodes[2]: mul(a = -2.5, b = 3.0) is -7.5, but its data in the file is -6.0"),
}


@pytest.mark.parametrize("wrong", WRONG_GRAPHS)
def test_a_wrong_node_is_named(wrong, tmp_path):
    change, message = WRONG_GRAPHS[wrong]
    a, b = Value(-2.0, "a"), Value(3.0, "b")
    c = a * b
    p = softmax(a, b)
    path = rewritten(save_graph([c, *p], tmp_path / "graph.json"), lambda content: change(content["nodes"]))
    with pytest.raises(ValueError, match=literal(f"cannot read {path}: {message}")):
        load_graph(path)


def test_a_wrong_root_is_named(tmp_path):
    path = save_graph(Value(1.0), tmp_path / "graph.json")
    with pytest.raises(ValueError, match="5 is not the number of a node"):
        load_graph(rewritten(path, lambda content: content.update(roots={"y": 5})))


# Operations of one's own.


def test_an_operation_of_ones_own_is_given_for_loading(tmp_path):
    cube = Primitive("cube", lambda x: x**3, lambda out, x: (3.0 * x**2,))
    scaled = Family("scaled", lambda k: Primitive(f"scaled[{k}]", lambda x: k * x, (k,)))
    both = MultiPrimitive("both", lambda x: (math.sin(x), math.cos(x)), lambda outputs, i, x: (cos(x) if i == 0 else -sin(x),), outputs=2)
    s, c = both(Value(0.5, "x"))
    y = scaled[0.1](cube(s)) * c
    path = save_graph(y, tmp_path / "graph.json")
    with pytest.raises(ValueError, match=literal("it uses 'cube' from outside the table; load_graph(path, primitives=[...])")):
        load_graph(path, primitives=[scaled, both])
    loaded = load_graph(path, primitives=[cube, scaled, both])
    assert_same_graph(loaded, y)
    assert loaded.operands[1].first is loaded.operands[0].operands[0].operands[0].first


def test_a_name_of_the_table_may_be_taken(tmp_path):
    mine = Primitive("relu", lambda x: max(x, 0.0), lambda out, x: (0.5,), doc="with half a derivative")
    x = Value(1.0)
    path = save_graph(mine(x), tmp_path / "mine.json")
    with pytest.raises(ValueError, match="it uses 'relu' from outside the table"):
        load_graph(path)
    assert load_graph(path, primitives=[mine]).local_derivatives == (0.5,)
    assert load_graph(save_graph(x.relu(), path), primitives=[mine]).local_derivatives == (1.0,)
    with pytest.raises(ValueError, match="two operations of this graph are called 'relu'"):
        save_graph(mine(x) + x.relu(), path)


# Damage.


def parameters_file(path):
    """A file, and what makes something of it: what that is must be legal."""
    model = small_model()
    save_parameters(model, path)

    def read():
        before = model.state_dict()
        try:
            load_parameters(model, path)
        except ValueError:
            assert model.state_dict() == before
            raise
        assert model.state_dict().keys() == before.keys()
        assert all(type(x) is float and math.isfinite(x) for x in model.state_dict().values())

    return read


def graph_file(path):
    save_graph({"y": small_graph()}, path)

    def read():
        for y in roots_in(load_graph(path)):
            assert_same_graph(load_graph(save_graph(y, path.with_name("again.json"))), y)
            draw(y)

    return read


def formula_file(path):
    x = Expression("x")
    save_graph([where(x < 0.5, softmax(x, x * x)[0], x.leaky_relu(0.3)) ** 2, x], path)

    def read():
        for formula in roots_in(load_graph(path)):
            str(formula)

    return read


def roots_in(loaded):
    return list(loaded.values()) if isinstance(loaded, dict) else loaded if isinstance(loaded, list) else [loaded]


FORMATS = [parameters_file, graph_file, formula_file]


def assert_read_or_refused(read, path, content):
    path.write_bytes(content)
    message = ""
    try:
        read()
    except ValueError as error:
        message = str(error)
    assert path.read_bytes() == content
    assert not message or message.startswith(f"cannot read {path}: ")
    return not message


@pytest.mark.parametrize("make", FORMATS)
def test_every_beginning_of_a_file_is_refused(make, tmp_path):
    path = tmp_path / "file.json"
    read = make(path)
    whole = path.read_bytes()
    complete = [n for n in range(len(whole) + 1) if assert_read_or_refused(read, path, whole[:n])]
    assert complete == [len(whole) - 1, len(whole)]  # without the last line end it is the same file


def damaged_bytes(content, rng):
    at = rng.randrange(len(content))
    cut = content[:at], content[at + rng.randint(0, 3) :]
    flipped, random = bytes([content[at] ^ 1 << rng.randrange(8)]), bytes([rng.randrange(256)])
    return rng.choice([b"", flipped, random, rng.choice(TOKENS), content[at : at + 9]]).join(cut)


TOKENS = [b"0", b"-", b"1e999", b"null", b"true", b"NaN", b"-Infinity", b'"nan"', b"[]", b"{}", b",", b'"', b"\\u0000", b"9" * 5000]


def damaged_json(content, rng):
    """One value somewhere in the tree replaced by another one from the tree, or by something odd; or two names exchanged."""
    tree = json.loads(content)
    places = [(tree, key) for key in tree]
    for holder, key in places:
        inner = holder[key]
        if isinstance(inner, (dict, list)):
            places += [(inner, k) for k in (inner if isinstance(inner, dict) else range(len(inner)))]
    holder, key = rng.choice(places)
    other_holder, other_key = rng.choice(places)
    odd = [None, True, -1, 0, 2, 1.5, "", "nan", "inf", [], {}, 10**400, 1e308, "softmax", "dot", "\ud800"]
    change = rng.randrange(4)
    if change == 0:
        holder[key] = rng.choice(odd)
    elif change == 1:
        holder[key] = copy.deepcopy(other_holder[other_key])
    elif change == 2:
        del holder[key]
    elif isinstance(holder, dict):
        holder[rng.choice(["op", "data", "label", "grad", "constant", "sibling", "parameter", "operands", "own"])] = holder.pop(key)
    return json.dumps(tree).encode()


def assert_damage_is_refused_or_legal(make, tmp_path, count):
    path = tmp_path / "file.json"
    read = make(path)
    whole = path.read_bytes()
    rng = Random(0)
    refused = 0
    for number in range(count):
        damage = damaged_bytes if number % 2 else damaged_json
        refused += not assert_read_or_refused(read, path, damage(whole, rng))
    assert refused > count / 2


@pytest.mark.filterwarnings("ignore:the picture shows grad")  # a grad may be what was damaged
@pytest.mark.parametrize("make", FORMATS)
def test_a_damaged_file_is_refused_or_still_legal(make, tmp_path):
    assert_damage_is_refused_or_legal(make, tmp_path, 600)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:the picture shows grad")  # a grad may be what was damaged
@pytest.mark.parametrize("make", FORMATS)
def test_thousands_of_damaged_files_are_refused_or_still_legal(make, tmp_path):
    assert_damage_is_refused_or_legal(make, tmp_path, 3_500)


def test_the_page_about_it_is_true():
    page = Path(__file__).parents[2] / "docs" / "saving.md"
    assert doctest.testfile(str(page), module_relative=False, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).failed == 0


# Copies.


@pytest.mark.parametrize("seed", range(20))
def test_a_deep_copy_is_the_same_graph_of_other_nodes(seed):
    program = random_program(Random(seed))
    y = program(*[Value(x) for x in program.leaves])
    y.backward()
    twin = copy.deepcopy(y)
    assert_same_graph(twin, y)
    assert not set(all_nodes(twin)) & set(all_nodes(y))


def test_a_deep_copy_of_a_long_chain():
    y = Value(1.0)
    for _ in range(30_000):
        y = y * 1.0001
    assert copy.deepcopy(y).data == y.data


def test_deep_copies_of_all_nodes_of_a_chain_share_what_the_nodes_share():
    nodes = [Value(1.0)]
    for _ in range(3000):
        nodes.append(nodes[-1] * nodes[-1])
    twins = copy.deepcopy(nodes)
    assert all(twin.operands == (before, before) for before, twin in pairwise(twins))


def test_copies_keep_siblings_and_formulas():
    xs = [Value(0.5), Value(-1.0)]
    p, q = copy.deepcopy(softmax(*xs))
    assert p.first is q.first
    e = Expression("x")
    f, twin = copy.deepcopy([e * e + 2.0, e])
    assert (str(f), f.evaluate({twin: 3.0})) == ("x * x + 2", 11.0)


def test_a_copy_of_a_node_has_the_same_operands():
    for node in (Value(2.0, "a"), Constant(3.0), Value(2.0) * 3.0, dot([1.0], [Value(2.0)], 3.0), Expression("x"), Expression("x") + 1):
        twin = copy.copy(node)
        assert twin is not node
        assert type(twin) is type(node)
        assert (twin.op, twin.label) == (node.op, node.label)
        assert all(mine is other for mine, other in zip(twin.operands, node.operands, strict=True))


def test_a_copied_model_learns_by_itself():
    model = small_model()
    twin = copy.deepcopy(model)
    twin([1.0, 2.0])[0].backward()
    assert any(p.grad for p in twin.parameters())
    assert not any(p.grad for p in model.parameters())


def test_a_model_pickles_and_a_recorded_graph_says_what_to_use():
    model = small_model()
    twin = pickle.loads(pickle.dumps({"model": model, "w": model.parameters()[0]}))
    assert twin["model"].state_dict() == model.state_dict()
    assert twin["model"].parameters()[0] is twin["w"]
    for node in (model([1.0, 2.0])[0], Expression("x") + 1):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError, match=r"part of a graph, which pickle does not take: write the graph with save_graph"):
                pickle.dumps([node], protocol)


@pytest.mark.slow
def test_a_small_file_may_not_ask_for_much(tmp_path):
    """n outputs of n operands have n * n derivatives, and each output is a few characters of the file."""
    large = softmax([Value(i / 2000) for i in range(2000)])
    path = save_graph(list(large), tmp_path / "large.json")
    with pytest.raises(ValueError, match=r"nodes\[2000\]: softmax of 2,000 operands .* 3,998,000 in all; .*any_size=True"):
        load_graph(path)
    assert load_graph(save_graph(large[7], tmp_path / "one.json")).data == large[7].data
    some = load_graph(save_graph(list(large[:300]), tmp_path / "some.json"))
    assert [x.data for x in some] == [x.data for x in large[:300]]
    assert some[299].local_derivatives == large[299].local_derivatives
    assert all(x.first is some[0].first for x in some)


def test_a_file_may_ask_for_just_as_many_derivatives(tmp_path, monkeypatch):
    path = save_graph(list(softmax([Value(i / 30) for i in range(30)])[:3]), tmp_path / "three.json")
    size = saving.DERIVATIVES_PER_CHARACTER * len(path.read_text())
    monkeypatch.setattr(saving, "MOST_DERIVATIVES", 60 - size)
    load_graph(path)
    monkeypatch.setattr(saving, "MOST_DERIVATIVES", 59 - size)
    with pytest.raises(ValueError, match=r"softmax of 30 operands with 3 outputs asks for more .*, 60 in all"):
        load_graph(path)


def test_of_many_operations_that_are_not_given_the_first_are_named(tmp_path):
    path = save_graph(Value(1.0) * 2.0, tmp_path / "graph.json")
    rewritten(path, lambda content: content.update(own=list("abcdefg")))
    with pytest.raises(ValueError, match=r"it uses 'a', 'b', 'c', 'd', 'e' and 2 more from outside the table"):
        load_graph(path)


def test_any_size_takes_it(tmp_path):
    large = softmax([Value(i / 1100) for i in range(1100)])
    loaded = load_graph(save_graph(list(large), tmp_path / "large.json"), any_size=True)
    assert [x.data for x in loaded] == [x.data for x in large]


def test_one_output_may_stand_twice_in_a_file(tmp_path):
    y, _ = softmax([Value(1.0), Value(2.0)])
    twin = copy.copy(y)
    twin.label = "twin"
    loaded = load_graph(save_graph([y, twin], tmp_path / "twice.json"))
    assert loaded[0] is not loaded[1]
    assert [x.label for x in loaded] == ["", "twin"]


def test_any_earlier_output_is_a_sibling(tmp_path):
    outputs = softmax([Value(1.0), Value(2.0), Value(3.0)])
    path = save_graph(list(outputs), tmp_path / "g.json")
    text = path.read_text().replace('"parameter": 2, "sibling": 3', '"parameter": 2, "sibling": 4')
    assert text != path.read_text()
    path.write_text(text)
    loaded = load_graph(path)
    assert [x.data for x in loaded] == [x.data for x in outputs]
    assert loaded[2].first is loaded[0].first


def test_one_output_of_many_operands_costs_no_more_than_they(monkeypatch, tmp_path):
    """A row for each of the outputs that nobody asked for took seconds."""
    path = save_graph(softmax([Value(0.0)] * 1000)[0], tmp_path / "g.json")
    made = []
    monkeypatch.setattr(type(softmax), "__getitem__", lambda self, index: made.append(index) or self._row(index))
    load_graph(path)
    assert set(made) == {0}
