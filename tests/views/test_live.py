"""Pages whose inputs move: the page's own program, its numbers and formulas, against the engine at the same inputs."""

import itertools
import json
import math
import subprocess
from random import Random

import pytest
from foreign import program_called
from random_graphs import random_program

from autograd_tiny import Primitive, Value, power, relu
from autograd_tiny.engine.graph import adjoints, all_nodes
from autograd_tiny.engine.row import Domain
from autograd_tiny.engine.table import TABLE, atan2, hypot, pow_log
from autograd_tiny.engine.value import Constant
from autograd_tiny.formulas import read_formula
from autograd_tiny.text.numbers import short_number
from autograd_tiny.views.steps import backward_steps
from autograd_tiny.views.widget import Stepper
from autograd_tiny.views.widget.live import live_graph
from autograd_tiny.views.widget.page import module
from autograd_tiny.views.widget.values import recomputed

RUN = """
import { readFileSync } from "node:fs";
const { cases, numbers } = JSON.parse(readFileSync("cases.json"));
const found = cases.map(({ nodes, order, settings }, i) => {
  const program = createProgram(nodes, ROWS[i], order);
  return settings.map((setting) => {
    const { refused, ...state } = program.run(new Map(program.leaves.map((leaf, k) => [leaf, setting[k]])));
    return { ...state, refused: [...refused] };
  });
});
const written = numbers.map(([x, digits]) => [shortNumber(Number(x), digits), exactNumber(Number(x))]);
const plain = (_, x) => (typeof x === "number" && !Number.isFinite(x) ? String(x) : x);
console.log(JSON.stringify({ found, written }, plain));
"""


def in_page(cases, numbers, folder):
    """What the page's program gives for graphs at settings of their leaves, and how its numbers are written."""
    graphs = [live_graph(nodes) for nodes, _, _ in cases]
    given = [
        {"nodes": graph.nodes, "order": order, "settings": settings}
        for graph, (_, order, settings) in zip(graphs, cases)
    ]
    (folder / "cases.json").write_text(json.dumps({"cases": given, "numbers": numbers}))
    rows = ",\n".join(graph.rows for graph in graphs)
    (folder / "live.mjs").write_text(f"{module()}\nconst ROWS = [\n{rows}];\n{RUN}", encoding="utf-8")
    command = [program_called("node"), "live.mjs"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    return answer["found"], answer["written"]


def graph_of(root):
    """Nodes, the order of backward, and the leaves."""
    nodes = all_nodes(root)
    number = {node: i for i, node in enumerate(nodes)}
    order = [number[step.node] for step in backward_steps(root)]
    return nodes, order, [x for x in nodes if x.op is None and not isinstance(x, Constant)]


def scale(root):
    """For each node, what its gradient would be if no contributions cancelled, and its data's."""
    sizes = {root: 1.0}
    for step in backward_steps(root):
        for c in step.contributions:
            sizes[c.operand] = sizes.get(c.operand, 0.0) + abs(c.local_derivative) * sizes[step.node]
    return sizes


@pytest.mark.slow
def test_a_thousand_settings_of_twenty_graphs(tmp_path):
    cases, roots, seed = [], [], 0
    while len(cases) < 20:
        program = random_program(Random(seed), most_steps=30)
        seed += 1
        leaves = [Value(x, f"x{i}") for i, x in enumerate(program.leaves)]
        nodes, order, used = graph_of(root := program(*leaves))
        rng = Random(seed)
        settings = [x.data for x in used]
        moved = [[x + rng.choice([0.0, 1.0]) * rng.gauss(0.0, 1.0) for x in settings] for _ in range(50)]
        cases.append((nodes, order, moved))
        roots.append((root, used))
    found, _ = in_page(cases, [], tmp_path)
    compared = refused = 0
    for (root, used), (_, _, settings), states in zip(roots, cases, found):
        for setting, state in zip(settings, states):
            try:
                twin = recomputed([root], dict(zip(used, setting)))[root]
            except (ArithmeticError, ValueError):
                assert state["refused"]
                assert not any(state["gradients"])
                refused += 1
                continue
            assert not state["refused"], (root, setting)
            gradients, sizes = adjoints(twin), scale(twin)
            for i, node in enumerate(all_nodes(twin)):
                assert_close(state["data"][i], node.data, abs(node.data) + 1.0)
                assert_close(state["gradients"][i], gradients[node], sizes[node])
                for got, right in zip(
                    state["slopes"][i] or [] if i < len(state["slopes"]) else [], node.local_derivatives
                ):
                    assert_close(got, right, abs(right) + 1.0)
            after = [c.after for step in backward_steps(twin) for c in step.contributions]
            assert len(after) == len(state["after"])
            compared += 1
    assert compared + refused == 1000
    assert compared > 600
    assert refused > 20


def assert_close(got, right, size):
    got = float(str(got).replace("Infinity", "inf"))
    if math.isnan(right) or math.isinf(right):
        assert got == right or (math.isnan(got) and math.isnan(right))
    else:
        assert abs(got - right) <= 1e-12 * size + 1e-300, (got, right)


def test_numbers_are_written_as_python_writes_them(tmp_path):
    rng = Random(0)
    numbers = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.1 + 0.2,
        1.0625,
        1.1875,
        2.5,
        0.00012345,
        9.9996,
        0.99996,
        999999.6,
        123456.7,
        1e-300,
        5e-324,
    ]
    numbers += [
        1e15,
        1e16,
        123456789012345678.0,
        1e22,
        1e-4,
        1e-5,
        12345.5,
        12346.5,
        0.5,
        1.5,
        1e308,
        math.inf,
        -math.inf,
    ]
    numbers += [rng.uniform(-1, 1) * 10.0 ** rng.randint(-12, 12) for _ in range(3000)]
    numbers += [rng.randint(-99999, 99999) / 2.0 ** rng.randint(0, 8) for _ in range(3000)]
    given = [(x, rng.choice([1, 2, 3, 4, 4, 4, 6, 10, 17])) for x in numbers]
    texts = [(str(x).replace("inf", "Infinity"), digits) for x, digits in given]
    _, written = in_page([], texts, tmp_path)
    for (x, digits), got in zip(given, written):
        assert got == [short_number(x, digits), repr(x)], (x, digits)


ENGINE_SAYS = {"infinite here": "is larger than any float", "no derivative here": "derivative there is not finite"}


def refusal_in_python(root, numbers):
    try:
        recomputed([root], numbers)
    except (ArithmeticError, ValueError) as error:
        return str(error)
    return ""


def test_what_the_engine_refuses_the_page_refuses_for_the_same_reason(tmp_path):
    x, y = Value(2.0, "x"), Value(3.0, "y")
    roots = [x.log() * y, x.sqrt(), y / x, (x * 300.0).exp(), power(x, 0.5), power(x, -3), x**y, x.log1p(), (x - 1.5).asin()]
    roots += [atan2(x, y), hypot(x, y), pow_log(y, x)]
    settings = [[v, 3.0] for v in (-2.0, 0.0, 1.0, -1.0, 0.5, 2.5, 2.6, 5.0, 1e-200)]
    settings += [[-2.0, 0.5], [0.0, -1.0], [10.0, 400.0], [-10.0, 401.0], [-1e-200, -3.0], [1e-10, 1e308]]
    settings += [[5e-324, v] for v in (3.0, 0.0, 5e-324, -5e-324)] + [[-5e-324, 0.0], [1e-310, 1.0], [1.7e308, 1.7e308]]
    cases = []
    for root in roots:
        nodes, order, used = graph_of(root)
        cases.append(
            (
                nodes,
                order,
                [s[: len(used)] if len(used) < 2 else [dict(zip("xy", s))[u.label] for u in used] for s in settings],
            )
        )
    found, _ = in_page(cases, [], tmp_path)
    for root, (_, _, given), states in zip(roots, cases, found):
        _, _, used = graph_of(root)
        for setting, state in zip(given, states):
            error = refusal_in_python(root, dict(zip(used, setting)))
            assert bool(state["refused"]) == bool(error), (root.op, setting, state)
            for i, fault in state["refused"]:
                of = all_nodes(root)[i].operands[fault.get("operand", 0)].label or "its operand"
                said = ENGINE_SAYS.get(fault["needs"]) or f"needs {fault['needs'].format(of)}"
                assert said in error, (setting, fault)


def is_refused(row, numbers):
    try:
        Value.record(row, tuple(map(Value, numbers)))
    except (ArithmeticError, ValueError):
        return True
    return False


def test_at_the_ends_of_the_floats_a_page_refuses_what_python_refuses(tmp_path):
    ends = [0.0, 5e-324, -5e-324, 1e-310, 1e-200, 0.5, 1.0, -1.0, -2.0, 710.6, 1e160, 1.7e308, -1.7e308]
    rows = [*[row for row in TABLE.values() if isinstance(row, Primitive)], *[power[k] for k in (-2.0, -0.5, 0.5, 3.0)]]
    cases = []
    for row in rows:
        n = row.arity or 2
        inside = Value.record(row, tuple([Value(row.domain_of(i).points[i]) for i in range(n)]))
        cases.append((*graph_of(inside)[:2], list(itertools.product(ends if n < 3 else ends[::4], repeat=n))))
    found, _ = in_page(cases, [], tmp_path)
    for row, (_, _, settings), states in zip(rows, cases, found):
        for numbers, state in zip(settings, states):
            assert bool(state["refused"]) == is_refused(row, numbers), (row.name, numbers)


def test_why_an_operation_of_ones_own_is_refused(tmp_path):
    """A formula of named values has none, and the test of a user's row may take nothing but numbers; others are written."""
    x, z = Value(0.5, "x"), Value(1.5, "z")
    chained = Domain("1 < {} < 2", lambda x: 1.0 < x < 2.0, (1.2, 1.4, 1.6, 1.8))
    own = Primitive(
        "own", lambda z: math.sqrt(math.log(z)), lambda out, z: (0.5 / (out * z),), domain=chained, expansion=lambda z: z.log().sqrt()
    )
    composed = Primitive("whole", lambda x: math.log(x), lambda out, x: (1.0 / x,), expansion=lambda x: x.log())
    positive = Domain("{} > 0", lambda x: relu(x) > 0.0, (0.5, 1.0, 1.5, 2.0))
    told = Primitive("told", composed.forward, composed.rule, domain=positive, expansion=composed.expansion)
    cases = [
        (*graph_of(own(z))[:2], [[0.5], [1.5]]),
        *[(*graph_of(row(x))[:2], [[-1.0], [0.0], [0.5]]) for row in (composed, told)],
    ]
    (own_states, composed_states, told_states), _ = in_page(cases, [], tmp_path)
    assert [state["refused"] for state in own_states] == [[[1, {"needs": "not defined here"}]], []]
    assert [[fault["needs"] for _, fault in state["refused"]] for state in composed_states] == [
        ["not defined here"], ["infinite here"], [],
    ]  # fmt: skip
    assert [[fault["needs"] for _, fault in state["refused"]] for state in told_states] == [["{} > 0"], ["{} > 0"], []]


def test_a_row_of_ones_own_without_expansion_locks_its_inputs():
    own = Primitive("own", lambda x: x * x, lambda out, x: (2.0 * x,))
    a, b = Value(2.0, "a"), Value(3.0, "b")
    nodes, _, _ = graph_of(own(a) + b)
    graph = live_graph(nodes)
    assert [node for node in graph.nodes if isinstance(node, list) and node[0] is None] == [[None, [0], 4.0, [4.0]]]


# Values in Python.


def neuron():
    return read_formula("z = w*x + b; y = tanh(z)").record({"w": -3, "x": 2, "b": 6.5}).output


def test_values_are_read_and_moved_by_name():
    stepper = Stepper(neuron())
    assert stepper.values == {"w": -3.0, "x": 2.0, "b": 6.5}
    assert (len(stepper.values), repr(stepper.values)) == (3, "{'w': -3.0, 'x': 2.0, 'b': 6.5}")
    seen = []
    stepper.observe(seen.append)
    stepper.values["w"] = -2.5
    assert seen == [{"w": -2.5, "x": 2.0, "b": 6.5}]
    moved = read_formula("z = w*x + b; y = tanh(z)").record({"w": -2.5, "x": 2, "b": 6.5}).output
    assert stepper.data["steps"] == Stepper(moved).data["steps"]
    assert stepper.data["nodes"] == Stepper(moved).data["nodes"]
    stepper.values["w"] = -3.0
    assert stepper.data == Stepper(neuron()).data


@pytest.mark.parametrize(
    ("name", "number", "error", "said"),
    [
        ("v", 1.0, KeyError, "no leaf is called 'v'; there are x and w"),
        ("W", 1.0, KeyError, "no leaf is called 'W'; did you mean `w`"),
        ("w", math.inf, ValueError, "must be finite"),
        ("w", "1", TypeError, "real number"),
        ("x", -1.0, ValueError, "log"),
    ],
)
def test_values_that_cannot_be(name, number, error, said):
    stepper = Stepper(read_formula("y = log(x) * w").record({"w": -3, "x": 2}).output)
    with pytest.raises(error, match=said):
        stepper.values[name] = number
    with pytest.raises(TypeError, match=r"a leaf has a number always; set values\['w'\] to another one"):
        del stepper.values["w"]
    assert stepper.values == {"x": 2.0, "w": -3.0}


def test_the_widget_and_the_stepper_have_one_set_of_values():
    pytest.importorskip("anywidget")
    stepper = Stepper(neuron())
    widget = stepper.widget()
    seen = []
    stepper.observe(seen.append)
    stepper.values["w"] = 1.0
    assert widget.values["w"] == 1.0
    widget.values = {**widget.values, "x": 0.5}  # as from a browser
    assert stepper.values == {"w": 1.0, "x": 0.5, "b": 6.5}
    assert [x["x"] for x in seen] == [2.0, 0.5]
    assert stepper.data["steps"][1]["details"] == "It is 0.5."
