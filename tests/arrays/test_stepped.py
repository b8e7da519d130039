"""Steps by arrays: an array a step, its formula in matrix form, its numbers in tables; inputs that move, in Python and on the page."""

import json
import re
import subprocess
from random import Random

import numpy as np
import pytest
from foreign import program_called
from random_arrays import random_program, recorded

from autograd_tiny import Stepper, Value, array, losses, nn
from autograd_tiny.text.numbers import short_number
from autograd_tiny.views.drawing.svg import parsed
from autograd_tiny.views.widget.page import module
from autograd_tiny.views.widget.stills import moments, stills

RUN = """
const DATA = %s;
const ROWS = %s;
const order = DATA.graph.flatMap((node, i) => (node.length > 1 ? [i] : [])).reverse();
const program = createProgram(DATA.graph, ROWS, order);
const moved = %s;
const found = program.run(new Map(program.leaves.map((leaf) => [leaf, moved[DATA.names[leaf]]])));
const number = (name) => shortNumber({ d: found.data, g: found.gradients }[name[0]][Number(name.slice(1))], DATA.digits);
console.log(JSON.stringify(DATA.steps.map(({ data, gradients }) => [data, gradients].map((texts) =>
  Object.fromEntries(Object.entries(texts).map(([id, text]) => [id, filled(text, number)]))))));
"""


def network():
    X = array([[1.0, 2.0], [3.0, 4.0], [-1.0, 0.5]], "X")
    W1, b1 = array([[0.1, -0.2], [0.5, 0.6]], "W1"), array([0.1, 0.2], "b1")
    W2 = array([[0.1, -0.2, 0.3], [0.5, 0.6, -0.7]], "W2")
    Z = X @ W1 + b1
    A = Z.tanh()
    P = (A @ W2).softmax()
    for x, label in ((Z, "Z"), (A, "A"), (P, "P")):
        x.label = label
    L = losses.cross_entropy(P, [0, 1, 2])
    L.label = "L"
    return X, W1, L, {"Z": Z, "A": A, "P": P}


def page_data(stepper):
    return json.loads(re.search(r'<script type="application/json"[^>]*>(.*?)</script>', stepper.html(), re.DOTALL)[1])


def plain(lines, parts):
    """A formula of the page as its letters alone."""

    def expanded(text):
        return re.sub(r"&(\d+);", lambda match: expanded(parts[int(match[1])]), text)

    return ["".join(re.sub(r"<[^>]*>", " ", expanded(left + right)).split()) for left, right in lines]


def test_an_array_a_step():
    X, W1, L, named = network()
    stepper = Stepper(L, through="arrays")
    assert repr(stepper) == "<Stepper: L, array by array; step 0 of 12>"
    assert [f"{step['place']}: {step['caption']}" for step in stepper.data["steps"]] == [
        "Start: The arrays the computation starts from.",
        "Forward 1 of 4: Z (3×2) is computed from X, W1 and b1.",
        "Forward 2 of 4: A (3×2) is computed from Z.",
        "Forward 3 of 4: P (3×3) is computed from A and W2.",
        "Forward 4 of 4: L is computed from P and Y.",
        "Backward: Backward starts at L: its derivative by itself is 1.",
        "Backward 1 of 7: The derivative by P (3×3) is complete. It comes from L.",
        "Backward 2 of 7: The derivative by A (3×2) is complete. It comes from P.",
        "Backward 3 of 7: The derivative by W2 (2×3) is complete. It comes from P.",
        "Backward 4 of 7: The derivative by Z (3×2) is complete. It comes from A.",
        "Backward 5 of 7: The derivative by X (3×2) is complete. It comes from Z.",
        "Backward 6 of 7: The derivative by W1 (2×2) is complete. It comes from Z.",
        "Backward 7 of 7: The derivative by b1 (2) is complete. It comes from Z.",
    ]
    data = stepper.data
    formulas = {step["place"]: plain(step["lines"], data["parts"]) for step in data["steps"]}
    assert formulas["Forward 1 of 4"] == ["Z=X·W1+b1(3×2)=(3×2)(2×2)+(2)"]
    assert formulas["Backward 6 of 7"] == ["∂L∂W1=XT·∂L∂Z(2×2)=(2×3)(3×2)"]
    assert formulas["Forward 4 of 4"][-1] == "m=3"
    assert all(g == 0.0 for row in W1.grad for g in row)  # nothing of the graph is changed
    L.backward()
    ids = {node["name"]: node["id"] for node in data["nodes"]}
    known = {}
    for step in data["steps"]:
        known |= step["gradients"]
    for name, x in {**named, "X": X, "W1": W1}.items():
        assert known[ids[name]] == " ".join(short_number(g) for row in x.grad for g in row)
    chain = next(node for node in data["nodes"] if node["name"] == "W1")
    assert plain(chain["lines"], data["parts"])[1].startswith("∂L∂(W1)0,0=")
    told = {node["name"]: (node["kind"], node["data"]) for node in data["nodes"]}
    assert told["b1"] == ("leaf", "[0.1, 0.2]")
    assert told["W2"] == ("leaf", "[[0.1, -0.2, 0.3], [0.5, 0.6, -0.7]]")
    assert told["Y"] == ("constant", "3×3")
    assert told["L"] == ("operation", repr(L.data))


def test_the_picture_tells_no_number_before_its_step_and_the_edges_are_those_of_the_step():
    _, _, L, _ = network()
    stepper = Stepper(L, through="arrays")
    data = stepper.data
    names = {node["id"]: node["name"] for node in data["nodes"]}
    titles = {g.get("data-node"): g.findtext("title") for g in parsed(data["svg"]).iter("g") if g.get("data-node")}
    assert titles.keys() == names.keys()
    assert {names[i]: title for i, title in titles.items() if names[i] in ("X", "Z", "L")} == {
        "X": "X, 3×2",
        "Z": "Z = X · W1 + b1, 3×2",
        "L": "L = cross-entropy(P, Y) / m",
    }
    drawn = {g.get("data-edge") for g in parsed(data["svg"]).iter("g") if g.get("data-edge")}
    lit = [{edge: names[i] for edge, i in step["edges"].items()} for step in data["steps"]]
    assert set().union(*lit) == drawn
    assert [sorted(edges.values()) for edges in lit] == [
        [], ["W1", "X", "b1"], ["Z"], ["A", "W2"], ["P", "Y"], [], ["L"], ["P"], ["P"], ["A"], ["Z"], ["Z"], ["Z"],
    ]  # fmt: skip
    forward = {edge: names[step["node"]] for step in data["steps"][:5] for edge in step["edges"]}
    assert all(forward[edge] == user for edges in lit[6:] for edge, user in edges.items())


def test_a_large_array_is_stepped_through_by_its_shape():
    W, k = array([[0.5 * i + j for j in range(3)] for i in range(7)], "W"), Value(2.0, "k")
    y = (W * W * k).sum()
    y.label = "y"
    stepper = Stepper(y, through="arrays")
    nodes = {node["name"]: node for node in stepper.data["nodes"]}
    assert (nodes["W"]["data"], nodes["W"]["gradient"], nodes["k"]["data"]) == ("7×3", "7×3", "2.0")
    assert stepper.data["steps"][0]["data"] == {nodes["W"]["id"]: "", nodes["k"]["id"]: "2"}
    assert stepper.data["steps"][-1]["gradients"] == {nodes["W"]["id"]: ""}


def test_moved_inputs_are_followed_in_python_and_on_the_page(tmp_path):
    _, _, L, _ = network()
    stepper = Stepper(L, through="arrays")
    page = stepper.html()
    data = page_data(stepper)
    entries = [f"{x}[{i}][{j}]" for x, n, m in (("X", 3, 2), ("W1", 2, 2), ("W2", 2, 3)) for i in range(n) for j in range(m)]
    assert sorted(stepper.values) == sorted([*entries, "b1[0]", "b1[1]"])
    rows = page[page.rindex("startPage(document, ") + len("startPage(document, ") : page.rindex(");\n</script>")]
    stepper.values["W1[0][1]"] = 2.0  # by which probabilities change that the loss does not depend on
    stepper.values["X[2][0]"] = 0.25
    (tmp_path / "run.mjs").write_text(module() + RUN % (json.dumps(data), rows, json.dumps(dict(stepper.values))), encoding="utf-8")
    done = subprocess.run([program_called("node"), "run.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    there = json.loads(done.stdout)
    here = [[step["data"], step["gradients"]] for step in stepper.data["steps"]]
    assert there == here
    X, W1, _, _ = network()
    X[2][0].data, W1[0][1].data = 0.25, 2.0
    rebuilt = array(X.data) @ array(W1.data) + array([0.1, 0.2])
    assert here[1][0][data["steps"][1]["node"]] == " ".join(short_number(z) for row in rebuilt.data for z in row)


def test_pictures_of_steps_show_what_is_known(tmp_path):
    _, _, L, named = network()
    stepper = Stepper(L, through="arrays")
    first, *_, last = stills(stepper._walkthrough)
    blank, full = ([t.text or "" for t in parsed(svg).iter("text") if t.get("class") == "data"] for svg in (first, last))
    assert len(blank) == len(full) == 6 + 4 + 2 + 6 + 9 + 9 + 6 + 6 + 1
    assert blank.count("") == 6 + 6 + 9 + 1
    assert "" not in full
    assert short_number(named["Z"].data[2][1]) in full
    stepper.save(tmp_path / "steps.tex")
    assert r"\only<2-" in (tmp_path / "steps.tex").read_text(encoding="utf-8")
    walkthrough = stepper._walkthrough  # PNGs are drawn anew at each moment
    start, _, forward = [walkthrough.drawn_at(moment).dot for moment in list(moments(walkthrough))[:3]]
    numbers = [short_number(x) for row in named["A"].data for x in row]
    for shown_there in (forward, full):
        places = [shown_there.index(number) for number in numbers]
        assert places == sorted(places)
    assert forward.count(numbers[0]) == numbers.count(numbers[0]) == 2
    assert all(number not in start for number in numbers)


def test_of_a_large_graph_the_numbers_stay(monkeypatch):
    from autograd_tiny.views.widget.walks import arrays

    def stepper():
        w = array([1.0, 2.0], "w")
        return Stepper((w * w).sum(), through="arrays")

    assert f"no more than {arrays.MOST_LIVE:,} scalars" in " ".join(Stepper.__doc__.split())
    names = page_data(stepper())["names"]
    assert sorted(names) == ["t1[0]", "t1[1]", "t2", "w[0]", "w[1]"]  # of whatever refuses a number that moves
    scalars = len(names)
    monkeypatch.setattr(arrays, "MOST_LIVE", scalars)
    stepper().values["w[1]"] = 3.0
    monkeypatch.setattr(arrays, "MOST_LIVE", scalars - 1)
    assert "\x7f" not in stepper().html()
    with pytest.raises(ValueError, match="too many scalars to follow"):
        stepper().values["w[1]"] = 3.0


def test_a_network_on_a_batch_is_stepped_through_layer_by_layer():
    model = nn.MLP([2, 3, 1], ["tanh", "sigmoid"], rng=Random(1))
    out = model(array(np.array([[0.0, 1.0], [1.0, 0.5]]), "X"))
    out.label = "out"
    L = losses.half_squared_error(out, [[1.0], [0.0]])
    L.label = "L"
    stepper = Stepper(L, through="all arrays")
    assert stepper.last > 10
    assert "layers[0].weights" in {node["name"] for node in stepper.data["nodes"]}


def test_what_cannot_be_stepped_through():
    _, _, L, _ = network()
    with pytest.raises(ValueError, match="a direction is one of"):
        Stepper(L, through="arrays", direction="up")
    with pytest.raises(ValueError, match="through lists Arrays"):
        Stepper(L, through=[array([1.0])])


@pytest.mark.parametrize("through", ["arrays", "all arrays"])
@pytest.mark.parametrize("seed", range(8))
def test_the_last_step_of_a_random_program_shows_the_gradients(seed, through):
    leaves, loss = recorded(random_program(Random(seed)))
    data = Stepper(loss, through=through).data
    known = {}
    for step in data["steps"]:
        known |= step["gradients"]
    loss.backward()
    ids = {node["name"]: node["id"] for node in data["nodes"]}
    for leaf in leaves:
        if leaf.label in ids:
            assert known[ids[leaf.label]] == " ".join(short_number(v.grad) for v in leaf.node.entries)


def test_a_page_keeps_its_numbers_while_the_arrays_go_on():
    def page(*, goes_on):
        W, x = array([[1.0, 2.0], [3.0, 4.0]], "W"), array([1.0, 2.0], "x")
        loss = (W @ x).tanh().sum()
        loss.label = "L"
        stepper = Stepper(loss, through="arrays")
        if goes_on:
            W[0][0].data = 7.125
        return stepper.html(), stepper.data

    assert page(goes_on=True) == page(goes_on=False)
