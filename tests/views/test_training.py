"""Training pages without a browser: their programs in Node against the eager loop, links, what is refused."""

import base64
import json
import math
import re
import struct
import subprocess
from random import Random

import pytest
from foreign import program_called

from autograd_tiny import TrainingPage, Value, exp, losses, maximum, mean, nn, optim, record_training, samples, total
from autograd_tiny.engine.graph import adjoints
from autograd_tiny.optim import Optimizer
from autograd_tiny.views.training.page import HEIGHT, MOST_KEPT, MOST_PARAMETERS
from autograd_tiny.views.training.programs import Scripts, write_optimizer

ROWS = samples.moons(12, seed=3)
MAIN = """
const DATA = JSON.parse(readFileSync("data.json"));
const run = createRun(DATA, PROGRAMS);
const state = () => ({ theta: [...run.theta], loss: run.loss, step: run.step, rate: run.rate, seed: run.seed,
  diverged: run.diverged, right: run.right(), history: run.history });
const found = [];
"""


def network(*widths, seed=1, last="tanh"):
    return nn.MLP([2, *widths, 1], ["tanh"] * len(widths) + [last], rng=Random(seed))


def page_of(
    optimizer=lambda parameters: optim.SGD(parameters, 0.2), rows=ROWS, loss=losses.half_squared_error, model=None, **options
):
    model = model or network(4, 3, **options)
    return model, TrainingPage(model, loss, rows, optimizer(model.parameters()))


def in_node(page, main, folder):
    """What a script finds with the page's own module, programs and data."""
    whole = page.html()
    script = whole[whole.index('<script type="module">') + 22 : whole.rindex("</script>")]
    module, programs = script.rsplit("startTraining(document, ", 1)
    data = re.search(r'id="data">(.*?)</script>', whole, re.DOTALL)[1]
    (folder / "data.json").write_text(data, encoding="utf-8")
    text = f'import {{ readFileSync }} from "node:fs";\n{module}\nconst PROGRAMS = {programs.rsplit(");", 1)[0]};\n{MAIN}{main}\n'
    (folder / "main.mjs").write_text(f"{text}console.log(JSON.stringify(found));", encoding="utf-8")
    command = [program_called("node"), "main.mjs"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def data_of(page):
    """The data in a page."""
    return json.loads(re.search(r'id="data">(.*?)</script>', page.html(), re.DOTALL)[1])


def batch_loss(model, loss, rows):
    return mean([loss(model(row[:2]), row[2:]) for row in rows])


def trained(model, optimizer, loss, rows, steps):
    """The parameters and the loss after each step of the eager loop."""
    found = []
    for _ in range(steps + 1):
        before = [p.data for p in model.parameters()]
        found.append((before, batch_loss(model, loss, rows).data))
        if optimizer.looks_ahead:
            optimizer.look_ahead()
        optimizer.zero_grad()
        batch_loss(model, loss, rows).backward()
        optimizer.step()
    return found


class Clipped(Optimizer):
    """The whole gradient is made shorter where it is long: what moves one parameter depends on all others."""

    def update(self, rate, parameters, gradients, state, step):
        length = maximum(total([g * g for g in gradients]) ** 0.5, 0.05)
        return [p - rate * 0.05 * g / length for p, g in zip(parameters, gradients)], ()


class Uneven(Optimizer):
    """Each parameter has a pace of its own."""

    def update(self, rate, parameters, gradients, state, step):
        return [p - rate / (1.0 + i) * g for i, (p, g) in enumerate(zip(parameters, gradients))], ()


OPTIMIZERS = {
    "plain": lambda p: optim.SGD(p, 0.2),
    "momentum": lambda p: optim.SGD(p, 0.2, momentum=0.8, weight_decay=0.01, nesterov=True),
    "ahead": lambda p: optim.SGD(p, 0.2, momentum=0.8, nesterov="ahead"),
    "RMSprop": lambda p: optim.RMSprop(p, 0.01),
    "Adam": lambda p: optim.Adam(p, 0.02),
    "AdamW": lambda p: optim.AdamW(p, 0.02),
    "clipped": lambda p: Clipped(p, 0.5),
    "uneven": lambda p: Uneven(p, 0.5),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_page_trains_as_the_eager_loop_does(name, tmp_path):
    model, page = page_of(OPTIMIZERS[name])
    found = in_node(page, "for (let i = 0; i <= 12; i += 1) { found.push(state()); run.advance(); }", tmp_path)
    expected = trained(model, OPTIMIZERS[name](model.parameters()), losses.half_squared_error, ROWS, 12)
    for state, (theta, loss) in zip(found, expected, strict=True):
        assert state["theta"] == pytest.approx(theta, rel=1e-9, abs=1e-12)
        assert state["loss"] == pytest.approx(loss, rel=1e-9)
    assert len({state["loss"] for state in found}) == 13


class LedByAll(optim.SGD):
    """Each parameter is moved by itself, but where the gradient is taken depends on all velocities."""

    def ahead(self, rate, parameters, state):
        return [p - rate * total(state[0]) for p in parameters]


@pytest.mark.parametrize("name", [*OPTIMIZERS, "led by all"])
def test_a_rule_that_treats_all_parameters_alike_is_written_once(name):
    optimizers = OPTIMIZERS | {"led by all": lambda p: LedByAll(p, 0.2, momentum=0.8, nesterov="ahead")}
    optimizer = optimizers[name]([Value(float(i)) for i in range(3)])
    assert write_optimizer(Scripts(), optimizer) == (3 if name in ("clipped", "uneven", "led by all") else 1)


def test_an_optimizer_goes_on_from_where_it_is(tmp_path):
    model = network(3)
    optimizer = optim.Adam(model.parameters(), 0.05)
    before = trained(model, optimizer, losses.half_squared_error, ROWS, 4)
    page = TrainingPage(model, losses.half_squared_error, ROWS, optimizer)
    after = in_node(page, "run.advance(); found.push(state());", tmp_path)
    expected = trained(model, optimizer, losses.half_squared_error, ROWS, 1)
    assert after[0]["loss"] == pytest.approx(expected[1][1], rel=1e-9) != before[-1][1]


LOSSES = {
    "logits": (losses.binary_cross_entropy_from_logits, "linear", (0.0, 1.0)),
    "probabilities": (losses.binary_cross_entropy, "sigmoid", (0.0, 1.0)),
    "hinge": (lambda outputs, targets: losses.hinge(outputs[0], targets[0]), "linear", (-1.0, 1.0)),
}


@pytest.mark.parametrize("name", LOSSES)
def test_what_happens_at_one_sample(name, tmp_path):
    """Loss, activations and derivatives are the engine's; a class is the one whose loss is least."""
    loss, last, targets = LOSSES[name]
    rows = samples.circles(10, targets=targets)
    model, page = page_of(rows=rows, loss=loss, last=last)
    main = """
const plain = ([k, x]) => [k, x.length ? [...x] : x];
for (const i of [0, 3]) found.push(Object.fromEntries(Object.entries(run.at(i)).map(plain)));
"""
    found = in_node(page, f"{main}\nfound.push(run.right());", tmp_path)
    for at, row in zip(found, (rows[0], rows[3])):
        activations, inputs = [], [Value(x) for x in row[:2]]
        for layer in model.layers:
            inputs = layer(inputs)
            activations += inputs
        result = loss(inputs, row[2:])
        slopes = adjoints(result)
        assert at["loss"] == pytest.approx(result.data, rel=1e-12)
        assert at["given"] == pytest.approx([a.data for a in activations], rel=1e-12)
        assert at["adjoints"] == pytest.approx([slopes.get(a, 0.0) for a in activations], rel=1e-12, abs=1e-15)
        assert at["slopes"] == pytest.approx([slopes.get(p, 0.0) for p in model.parameters()], rel=1e-12, abs=1e-15)

    def is_right(row):
        given = {t: loss(model(row[:2]), [t]).data for t in targets}
        return min(given, key=given.get) == row[2]

    assert found[2] == sum(map(is_right, rows))


def test_classes_and_numbers(tmp_path):
    """Three classes by one-hot targets; many different targets are no classes."""

    def cross_entropy(p, t):
        return -total([a * b.log() for a, b in zip(t, p)])

    rows = [[math.sin(i), math.cos(i), *[float(i % 3 == k) for k in range(3)]] for i in range(9)]
    model = nn.MLP([2, 4, 3], ["tanh", "softmax"], rng=Random(0))
    page = TrainingPage(model, cross_entropy, rows, optim.SGD(model.parameters(), 0.1))
    (right,) = in_node(page, "found.push(run.right());", tmp_path)
    assert right == sum(max(range(3), key=lambda k: model(row[:2])[k].data) == row[2:].index(1.0) for row in rows)
    rows = [[x / 10, x / 7, math.sin(x)] for x in range(20)]
    _, page = page_of(rows=rows)
    assert in_node(page, "found.push(run.right() ?? null);", tmp_path) == [None]


@pytest.mark.parametrize(("classes", "known"), [(6, 6), (7, 0)])
def test_up_to_six_classes_are_told_apart(classes, known):
    rows = [[0.1 * i, 0.5, *[float(i == k) for k in range(classes)]] for i in range(classes)]
    model = nn.MLP([2, classes], ["softmax"], rng=Random(0))
    page = TrainingPage(model, losses.half_squared_error, rows, optim.SGD(model.parameters(), 0.1))
    assert len(data_of(page)["classes"]) == known


def test_numbers_that_are_not_trained_stand_behind_the_parameters():
    model = network(3)
    model.layers[0] = model.layers[0].frozen()
    data = data_of(TrainingPage(model, losses.half_squared_error, ROWS, optim.SGD(model.parameters(), 0.1)))
    numbers = data["start"] + data["fixed"]
    assert (len(data["start"]), len(data["fixed"])) == (4, 9)
    for layer, shown in zip(model.layers, data["layers"], strict=True):
        assert [[numbers[i] for i in row] for row in shown["weights"]] == [[getattr(w, "data", w) for w in row] for row in layer.weights]
        assert [numbers[i] for i in shown["biases"]] == [getattr(b, "data", b) for b in layer.biases]


def test_another_seed(tmp_path):
    """Drawn anew as large as they were, the same for the same seed; biases that were 0 are 0."""
    model, page = page_of(lambda p: optim.Adam(p, 0.02))
    main = """
for (const seed of [1, 2, 1, 0]) {
  run.restart({ seed });
  run.advance();
  run.restart({ seed });
  found.push(state());
}
"""
    first, second, again, given = in_node(page, main, tmp_path)
    numbers = [p.data for p in model.parameters()]
    assert first == again
    assert given["theta"] == numbers
    assert first["theta"] != second["theta"] != numbers
    assert all((x == 0.0) == (y == 0.0) for x, y in zip(numbers, first["theta"]))
    places = {p: i for i, p in enumerate(model.parameters())}
    for layer in model.layers:
        weights = [places[w] for row in layer.weights for w in row]
        reach = math.sqrt(3 * sum(numbers[i] ** 2 for i in weights) / len(weights))
        assert max(abs(first["theta"][i]) for i in weights) <= reach


def test_a_run_that_diverges_stops_where_it_was(tmp_path):
    """At the first step without a number, or with a loss a million times that of the start; a smaller rate is offered."""
    model = network(3, last="linear")
    page = TrainingPage(model, losses.half_squared_error, ROWS, optim.SGD(model.parameters(), 50.0))
    main = "while (run.advance() && run.step < 500); found.push(state(), ...[50, 0.3, 1e-3].map(smallerRate));"
    state, *rates = in_node(page, main, tmp_path)
    assert 0 < state["diverged"] == state["step"] + 1 < 500
    assert all(map(math.isfinite, [state["loss"], *state["theta"]]))
    assert rates == [20.0, 0.1, 0.0003]


def test_links(tmp_path):
    """A link gives data, seed, rates, step and sample back; a hostile one gives numbers and known names alone."""
    model = network(3)
    plane = samples.plane(10)
    page = TrainingPage(model, losses.half_squared_error, plane, optim.SGD(model.parameters(), 0.1))
    main = """
run.restart({ name: "moons", seed: 7 });
run.advance(); run.setRate(0.5); run.advance();
found.push(writeLink(run, 4), readLink(writeLink(run, 4), DATA, run));
for (const text of JSON.parse(readFileSync("hostile.json"))) found.push(readLink(text, DATA, run));
"""
    hostile = [
        "",
        "#",
        "#data=constructor&seed=-1&step=1e9&sample=0x9&rates=__proto__",
        "#data=<img src=x onerror=alert(1)>&rates=1:NaN,2:-1,0:1e400",
        "#step=99999999999&sample=99&seed=99999999999&rates=0.5:1,x,1:2:3,4:0.25",
        "#" + "&step=1" * 5000,
        "#data=%E0%A4%A",
        "#rates=" + "1:1," * 400,
    ]
    (tmp_path / "hostile.json").write_text(json.dumps(hostile))
    link, said, *others = in_node(page, main, tmp_path)
    assert link == "#data=moons&seed=7&rates=0%3A0.1%2C1%3A0.5&step=2&sample=4"
    assert said == {"name": "moons", "seed": 7, "step": 2, "sample": 4, "rates": [[0, 0.1], [1, 0.5]]}
    for text, found in zip(hostile, others, strict=True):
        assert found["name"] == "moons", text
        assert 0 <= found["seed"] < 2**32, text
        assert 0 <= found["step"] <= 5000, text
        assert 0 <= found["sample"] < 10, text
        assert len(found["rates"]) <= 100, text
        assert all(isinstance(x, (int, float)) for pair in found["rates"] for x in pair), text


def test_a_loop_of_python_is_played_back(tmp_path):
    model = network(3)
    optimizer = optim.Adam(model.parameters(), optim.cosine_decay(0.05, 20))
    run = record_training(model, losses.half_squared_error, ROWS)
    kept = [[p.data for p in model.parameters()]]
    for _ in range(6):
        trained(model, optimizer, losses.half_squared_error, ROWS, 0)
        run.keep()
        kept.append([p.data for p in model.parameters()])
    main = """
found.push(state());
run.go(3);
found.push(state());
while (run.advance());
found.push(state(), readLink("#step=5", DATA, run).step);
"""
    start, third, last, linked = in_node(run, main, tmp_path)
    assert [start["theta"], third["theta"], last["theta"]] == [kept[0], kept[3], kept[6]]
    assert (last["step"], linked) == (6, 5)
    assert len(last["history"]) == 7
    assert last["history"][-1] == pytest.approx(batch_loss(model, losses.half_squared_error, ROWS).data, rel=1e-12)


def test_a_long_loop_is_thinned_out_evenly():
    model = network(1)
    run = record_training(model, losses.half_squared_error, ROWS)
    for i in range(1, 3 * MOST_KEPT):
        model.parameters()[0].data = float(i)
        run.keep()
    data = data_of(run)
    first = [struct.unpack("<d", base64.b64decode(text)[:8])[0] for text in data["kept"]]
    assert data["every"] == 4
    assert first[1:] == [float(i) for i in range(4, 3 * MOST_KEPT, 4)]
    model.parameters()[0].data = math.inf
    with pytest.raises(
        ValueError, match=r"after step 1500 a parameter is not finite: training has diverged, take a smaller"
    ):
        run.keep()


class Branching(Optimizer):
    def update(self, rate, parameters, gradients, state, step):
        return [p - rate * g if g > 0 else p for p, g in zip(parameters, gradients)], ()


class Short(Optimizer):
    def update(self, rate, parameters, gradients, state, step):
        return parameters[:-1], ()


class Forgetful(Optimizer):
    state = ("means",)

    def update(self, rate, parameters, gradients, state, step):
        return parameters, (state[0][:-1],)


def refused(
    error,
    message,
    model=None,
    rows=ROWS,
    loss=losses.half_squared_error,
    optimizer=lambda p: optim.SGD(p, 0.1),
    **options,
):
    model = model or network(3)
    parameters = model.parameters() if isinstance(model, nn.Module) else [Value(1.0)]
    with pytest.raises(error, match=message):
        TrainingPage(model, loss, rows, optimizer(parameters), **options)


def test_what_is_refused(monkeypatch):
    refused(TypeError, r"shows the layers of an nn.MLP, got a Layer", nn.Layer(2, 1))
    refused(
        ValueError,
        rf"1 to {MOST_PARAMETERS:,} parameters, this one has 4,521; train a large one with compile_model",
        network(60, 70),
    )
    monkeypatch.setattr("autograd_tiny.views.training.page.MOST_PARAMETERS", 13)
    assert len(network(3).parameters()) == 13
    page_of(model=network(3))
    refused(ValueError, r"1 to 13 parameters, this one has 17", network(4))
    refused(ValueError, r"made for other parameters", optimizer=lambda p: optim.SGD([Value(1.0)], 0.1))
    refused(
        ValueError,
        r"a schedule is a function of Python.*record_training",
        optimizer=lambda p: optim.SGD(p, optim.step_decay(0.1, 9)),
    )
    refused(TypeError, r"no branches: use where", optimizer=lambda p: Branching(p, 0.1))
    for lacking in (Short, Forgetful):
        refused(ValueError, rf"update of {lacking.__name__} must give 13 parameters", optimizer=lambda p, o=lacking: o(p, 0.1))
    refused(TypeError, r"no branches: use where", loss=lambda o, t: o[0] if o[0] > 0 else -o[0])
    refused(ValueError, r"samples: a page takes 1 to 5,000 samples, got 0", rows=[])
    refused(ValueError, r"needs samples", rows={})
    refused(ValueError, r"samples\[1\] has 2 numbers: a row has the network's 2 inputs", rows=[[0, 0, 1], [0, 1]])
    refused(ValueError, r"samples\[0\] has 2 numbers", rows=[[0, 0]])
    refused(ValueError, r"b\[0\] has 4 numbers", rows={"a": ROWS, "b": [[0, 0, 1, 1]]})
    refused(ValueError, r"samples\[0\].*nan", rows=[[0, 0, math.nan]])
    refused(TypeError, r"samples: a training page takes rows of numbers, .*samples.plane\(\) gives; got 'moons'", rows="moons")
    refused(TypeError, r"samples: a training page takes rows of numbers, .*; got \[1.0, 2.0\]", rows=[1.0, 2.0])
    refused(TypeError, r"a title is a text, got 3", title=3)
    with pytest.raises(ValueError, match=r"one set of samples, got 4"):
        record_training(network(3), losses.half_squared_error, samples.plane())


def test_the_file(tmp_path):
    _, page = page_of()
    assert repr(page) == "<TrainingPage: Training; 2-4-3-1, 12 samples>"
    assert repr(page_of(rows=ROWS[:1])[1]) == "<TrainingPage: Training; 2-4-3-1, 1 sample>"
    assert repr(page_of(rows={"a": ROWS, "b": ROWS[:5]})[1]) == "<TrainingPage: Training; 2-4-3-1, a and b>"
    with pytest.raises(ValueError, match=r"saved as \.html, got 'run\.txt'"):
        page.save("run.txt")
    text = page.save(tmp_path / "run.html").read_text(encoding="utf-8")
    assert "script-src 'sha256-" in text
    assert not re.search(r"https?://", text.replace("http://www.w3.org", ""))
    assert text == page.html()
    framed = page._repr_html_()
    assert 'sandbox="allow-scripts"' in framed
    assert framed.endswith("<p>Training: a page, which needs its script.</p></div></div>")
    assert f"height: {HEIGHT}px" in framed


def test_hostile_names_are_data():
    hostile = "</script><script>alert(1)</script>"
    model = network(2)
    page = TrainingPage(
        model, losses.half_squared_error, {hostile: ROWS}, optim.SGD(model.parameters(), 0.1), title=hostile
    )
    assert "<script>alert" not in page.html()


def test_samples_are_the_same_for_the_same_seed_and_fit_their_formulas():
    assert samples.plane(30, seed=2) == samples.plane(30, seed=2) != samples.plane(30, seed=3)
    for name, rows in samples.plane(31, targets=(0.0, 1.0)).items():
        assert [row[2] for row in rows] == [i % 2 for i in range(31)], name
    makers = (samples.xor, samples.circles, samples.moons, samples.spiral)
    assert samples.plane() == {make.__name__: make(100, seed=0) for make in makers}
    assert all(len(make()) == 100 and make(noise=0.5) == make(100, noise=0.5, seed=0) for make in makers)
    assert samples.xor() == samples.xor(noise=0.0) == samples.xor(targets=(-1.0, 1.0))
    assert samples.spiral() == samples.spiral(noise=0.0) != samples.spiral(noise=0.1)
    assert len(samples.moons(1)) == len(samples.spiral(1)) == 1
    assert all((x * y < 0) == (t > 0) for x, y, t in samples.xor(50))
    sizes = [abs(x) for row in samples.xor(500, seed=3) for x in row[:2]]
    assert 0.05 <= min(sizes) < 0.06 < 0.98 < max(sizes) <= 1.0
    for x in (0, 1):  # every quarter of the square, every angle of the circles
        assert len({(row[0] > 0.0, row[1] > 0.0) for row in samples.xor(60) if row[2] == (-1.0, 1.0)[x]}) == 2
        assert len({(row[0] > 0.0, row[1] > 0.0) for row in samples.circles(60) if row[2] == (-1.0, 1.0)[x]}) == 4
    assert all(math.hypot(x, y) == pytest.approx(0.75 - 0.25 * t) for x, y, t in samples.circles(50, noise=0.0, seed=3))
    upper = [(x, y) for x, y, t in samples.moons(50, noise=0.0, seed=3) if t < 0]
    assert all(math.hypot(x + 0.5, y + 0.25) == pytest.approx(1.0) and y > -0.25 for x, y in upper)
    lower = [(x, y) for x, y, t in samples.moons(50, noise=0.0, seed=3) if t > 0]
    assert all(math.hypot(0.5 - x, 0.25 - y) == pytest.approx(1.0) and y < 0.25 for x, y in lower)
    arm = [(x, y) for x, y, t in samples.spiral(100, seed=3) if t < 0]
    for i, p in enumerate(arm):
        angle = 64 * i / 49 * math.pi / 16
        assert p == pytest.approx([(104 - 64 * i / 49) / 104 * turn for turn in (math.sin(angle), math.cos(angle))], abs=1e-12)
    assert [(-x, -y) for x, y, t in samples.spiral(100) if t > 0] == arm
    # A seed stands for the same points in every version.
    assert [[round(x, 4) for x in make(2, noise=0.25, seed=1)[1]] for make in makers] == [
        [-0.2159, -0.0152, 1.0],
        [-0.289, 0.5076, 1.0],
        [-0.4688, -0.4604, 1.0],
        [0.0166, -1.1911, 1.0],
    ]
    for bad, message in (
        ({"n": 0}, "whole number from 1 up, got 0"),
        ({"noise": -1.0}, "got -1.0"),
        ({"targets": (1.0,)}, "two numbers"),
    ):
        with pytest.raises(ValueError, match=message):
            samples.moons(**bad)


def test_an_activation_of_ones_own_is_written_too(tmp_path):
    def bump(z):
        return exp(-z * z)

    model = nn.MLP([2, 3, 1], [bump, "tanh"], rng=Random(0))
    page = TrainingPage(model, losses.half_squared_error, ROWS, optim.SGD(model.parameters(), 0.1))
    (state,) = in_node(page, "found.push(state());", tmp_path)
    assert state["loss"] == pytest.approx(batch_loss(model, losses.half_squared_error, ROWS).data, rel=1e-12)


def test_a_page_starts_from_the_numbers_of_when_it_was_made():
    def html(*, goes_on):
        model = network(3)
        optimizer = optim.SGD(model.parameters(), 0.2, momentum=0.5)
        page = TrainingPage(model, losses.half_squared_error, ROWS, optimizer)
        if goes_on:
            model.parameters()[0].data = 99.25
            optimizer.velocities[0], optimizer.momentum, optimizer.learning_rate = 7.125, 0.75, 0.5
        return page.html()

    assert html(goes_on=True) == html(goes_on=False)


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_there_is_no_page_from_numbers_that_are_not_finite(number):
    model = network(3)
    optimizer = optim.Adam(model.parameters(), 0.2)
    optimizer.squares[2] = number
    with pytest.raises(ValueError, match="is not finite: no step leads from there"):
        TrainingPage(model, losses.half_squared_error, ROWS, optimizer)
    optimizer.squares[2], model.parameters()[1].data = 0.0, number
    with pytest.raises(ValueError, match="is not finite: no step leads from there"):
        TrainingPage(model, losses.half_squared_error, ROWS, optimizer)
