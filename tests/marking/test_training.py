"""What follows an update: the engine's numbers are those of the training loop, and a page about it is marked like any other."""

import math
import re

import pytest

from autograd_tiny import Value, mark, softmax
from autograd_tiny.engine.refusals import data_of
from autograd_tiny.marking.claims import read_claims
from autograd_tiny.marking.derivations import NamedGraph
from autograd_tiny.marking.judging.numbers import Numbers
from autograd_tiny.marking.pages import PageError, read_page
from autograd_tiny.marking.training.setting import setting, training_of
from autograd_tiny.optim import SGD, Adagrad, Adam, AdamW, RMSprop, linear_decay, step_decay

SAMPLES = [{"x": 0.5, "t": 1.0}, {"x": -0.25, "t": 0.5}, {"x": 2.0, "t": -1.0}]
OPTIMIZERS = {
    "gradient descent": lambda p: SGD(p, 0.1),
    "a schedule": lambda p: SGD(p, linear_decay(0.1, 3)),
    "weight decay": lambda p: SGD(p, 0.1, weight_decay=0.5),
    "momentum": lambda p: SGD(p, 0.1, momentum=0.9),
    "velocities as steps": lambda p: SGD(p, 0.1, momentum=0.9, velocity="step"),
    "velocities as means": lambda p: SGD(p, 0.1, momentum=0.9, velocity="mean"),
    "Nesterov": lambda p: SGD(p, 0.1, momentum=0.9, nesterov=True),
    "Nesterov, ahead": lambda p: SGD(p, 0.1, momentum=0.9, nesterov="ahead"),
    "RMSprop": lambda p: RMSprop(p, 0.1, rho=0.9),
    "Adagrad": lambda p: Adagrad(p, 0.1),
    "Adam": lambda p: Adam(p, 0.1),
    "AdamW": lambda p: AdamW(p, 0.1, weight_decay=0.5),
}


def labelled(**values):
    for label, value in values.items():
        value.label = label
    return list(values.values())


def network(x=0.5, t=1.0):
    """E = (w2 tanh(w x + b) - t)² / 2, and its parameters."""
    x, t, w, b, w2 = labelled(x=Value(x), t=Value(t), w=Value(-1.0), b=Value(0.2), w2=Value(0.7))
    (z,) = labelled(z=w * x + b)
    (y,) = labelled(y=z.tanh())
    (o,) = labelled(o=y * w2)
    (e,) = labelled(E=(o - t) ** 2 / 2)
    return e, [w, b, w2]


def trained(make, samples, batch="", steps=3):
    """The loop that a user writes: the losses before every step and after the last, the parameters, the state."""
    w, b, w2 = parameters = [Value(x) for x in (-1.0, 0.2, 0.7)]
    optimizer = make(parameters)

    def loss(time):
        chosen = samples if batch else [samples[time % len(samples)]]
        whole = sum(((w * s["x"] + b).tanh() * w2 - s["t"]) ** 2 / 2 for s in chosen)
        return whole / len(samples) if batch == "mean" else whole

    losses = []
    for time in range(steps):
        losses.append(loss(time).data)
        if optimizer.looks_ahead:
            optimizer.look_ahead()
        optimizer.zero_grad()
        loss(time).backward()
        optimizer.step()
    state = {name: list(getattr(optimizer, name)) for name in optimizer.state}
    return [*losses, loss(steps).data], [p.data for p in parameters], state


def numbers_of(claims, make, samples=(), batch=""):
    root, parameters = network()
    claims = read_claims([f"{claim} = 0" for claim in claims])
    claims, _, derivations = setting(NamedGraph(root), claims, training_of(make(parameters), samples, batch, None))
    numbers = Numbers(derivations)
    return [data_of(numbers.of(claim.quantity)) for claim in claims]


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize(("samples", "batch"), [(SAMPLES[:1], ""), (SAMPLES, ""), (SAMPLES, "mean"), (SAMPLES, "sum")])
def test_the_engines_numbers_are_those_of_the_training_loop(make, samples, batch):
    losses, parameters, _ = trained(make, samples, batch)
    claims = ["E", "E'", "E''", "E'''", "w'''", "b'''", "w2'''"]
    given = () if samples == SAMPLES[:1] else samples
    assert numbers_of(claims, make, given, batch) == pytest.approx([*losses, *parameters], rel=1e-11)


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_the_recorded_passes_are_those_of_the_training_loop(make):
    root, parameters = network()
    _, graph, _ = setting(NamedGraph(root), read_claims(["E''' = 0"]), training_of(make(parameters), SAMPLES, "mean", None))
    losses, moved, _ = trained(make, SAMPLES, "mean")
    names = ["E", "E'", "E''", "E'''", "w'''", "b'''", "w2'''"]
    assert [graph.nodes[name].data for name in names] == pytest.approx([*losses, *moved], rel=1e-11)


def test_a_softmax_is_recorded_anew_in_every_pass():
    u, v = labelled(u=Value(0.3), v=Value(-0.2))
    p, _ = labelled(**dict(zip("pq", softmax([u, v]))))
    (e,) = labelled(E=-p.log())
    slope = 1.0 - p.data  # u goes up by half of it, and v down
    right = 1 / (1 + math.exp(-0.5 - slope))
    printed = {"E'": f"{-math.log(right):.9f}", "p'": f"{right:.9f}"}
    assert mark(e, printed, optimizer=SGD([u, v], 0.5)).counts == {"right": 2}


def test_what_no_update_or_sample_changes_is_the_same_in_all():
    found = numbers_of(["w(2)'", "x(2)''", "x(2)", "w'"], OPTIMIZERS["gradient descent"], SAMPLES, "mean")
    assert found[0] == found[3] != -1.0
    assert found[1:3] == [SAMPLES[1]["x"]] * 2


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_what_an_update_adds_is_the_difference_of_the_weights(make):
    before, after, second, added, added_then = numbers_of(["w", "w'", "w''", "Δw", "Δw'"], make)
    assert (added, added_then) == (pytest.approx(after - before, rel=1e-12), pytest.approx(second - after, rel=1e-12))


@pytest.mark.parametrize(
    ("velocity", "nesterov", "formula"),
    [
        ("step", False, "v(w)'"),
        ("step", True, "0.9 * v(w)' - (o - t) * w2 * (1 - y ** 2) * x / 10"),
        ("sum", False, "-(0.1 * v(w)')"),
        ("descent", False, "-v(w)'"),
    ],
)
def test_what_an_update_adds_is_told_without_the_weight(velocity, nesterov, formula):
    root, parameters = network()
    optimizer = SGD(parameters, 0.1, momentum=0.9, velocity=velocity, nesterov=nesterov)
    assert mark(root, ["Δw = 0.8"], optimizer=optimizer).marks[0].formula == f"Δw = {formula}"


def test_what_an_optimizer_remembers_can_be_claimed():
    _, _, state = trained(OPTIMIZERS["Adam"], SAMPLES[:1], steps=2)
    claims = ["m(w)", "m(w)''", "v(b)''", "mhat(w)''", "vhat(w)''"]
    mean, square, unbiased = state["means"][0], state["squares"][1], state["means"][0] / (1 - 0.9**2)
    expected = [0.0, mean, square, unbiased, state["squares"][0] / (1 - 0.999**2)]
    assert numbers_of(claims, OPTIMIZERS["Adam"]) == pytest.approx(expected, rel=1e-12)


def test_the_derivatives_of_a_sample_and_of_the_batch():
    of_samples = numbers_of(["E(1)/w", "E(2)/w", "E(3)/w"], OPTIMIZERS["gradient descent"], SAMPLES, "mean")
    (whole,) = numbers_of(["E/w"], OPTIMIZERS["gradient descent"], SAMPLES, "mean")
    assert whole == pytest.approx(sum(of_samples) / 3, rel=1e-14)


def test_an_optimizer_that_has_taken_steps_goes_on_from_there():
    root, parameters = network()
    optimizer = Adam(parameters, 0.1)
    optimizer.steps, optimizer.means, optimizer.squares = 2, [0.1, -0.2, 0.3], [0.5, 0.25, 0.125]
    root.backward()
    report = mark(root, {"m(w)": "0.1", "w'": "0.0"}, optimizer=optimizer)
    assert report.marks[0].verdict == "right"
    optimizer.step()
    assert report.marks[1].value == pytest.approx(parameters[0].data, rel=1e-13)


def test_a_gradient_is_taken_ahead_at_once_where_there_is_a_velocity():
    velocities = [0.1, -0.2, 0.3]

    def make(parameters):
        optimizer = SGD(parameters, 0.1, momentum=0.9, nesterov="ahead")
        optimizer.velocities = velocities
        return optimizer

    w, b, w2 = (x - 0.1 * 0.9 * v for x, v in zip((-1.0, 0.2, 0.7), velocities))
    y = math.tanh(w * 0.5 + b)
    slope = (y * w2 - 1.0) * w2 * (1 - y * y) * 0.5
    assert numbers_of(["w'"], make) == pytest.approx([-1.0 - 0.1 * (0.9 * 0.1 + slope)], rel=1e-12)


def test_a_rate_that_changes_has_no_name():
    root, parameters = network()
    assert mark(root, ["Δw' = -η * E'/w'"], optimizer=SGD(parameters, 0.1)).ok
    with pytest.raises(ValueError, match="no node is called 'η'"):  # which of them would it be?
        mark(root, ["Δw''' = -η * E'''/w'''"], optimizer=SGD(parameters, step_decay(0.1, every=3)))


CLAIMS = ("E", "E/w", "v(w)'", "w'", "b'", "w2'", "E'", "v(w)''", "w''", "E''")


QUICKLY = (("step", True), ("descent", "ahead"))
"""Both conventions at once, as two of the pairs."""


def page(claims, make, digits=5, samples=()):
    """What an author prints who follows this optimizer."""
    return {claim: f"{x:.{digits}f}" for claim, x in zip(claims, numbers_of(claims, make, samples))}


@pytest.mark.parametrize(
    ("velocity", "nesterov"),
    [
        pytest.param(velocity, nesterov, marks=() if nesterov is False or (velocity, nesterov) in QUICKLY else pytest.mark.slow)
        for velocity in ("sum", "mean", "step", "descent")
        for nesterov in (False, True, "ahead")
    ],
)
def test_another_convention_of_momentum_is_told_and_not_blamed(velocity, nesterov):
    printed = page(CLAIMS, lambda p: SGD(p, 0.1, momentum=0.9, velocity=velocity, nesterov=nesterov))
    root, parameters = network()
    report = mark(root, printed, optimizer=SGD(parameters, 0.1, momentum=0.9))
    assert report.ok
    said = " ".join(report.story[1:])
    assert ("velocity = " in said, "nesterov = " in said) == (velocity != "sum", nesterov is not False)
    if said:
        assert said.startswith("The page follows another convention, by which it is marked: ")
        assert all(f'velocity = "{x}"' not in said for x in ("sum", "mean", "step", "descent") if x != velocity)


@pytest.mark.parametrize(
    ("followed", "declared", "said"),
    [
        (lambda p: Adam(p, 0.1, bias_correction=False), lambda p: Adam(p, 0.1), "without bias correction (bias_correction = false)"),
        (lambda p: Adam(p, 0.1, weight_decay=0.5), lambda p: AdamW(p, 0.1, weight_decay=0.5), "the decay inside the gradient"),
        (
            lambda p: RMSprop(p, 0.1, epsilon=0.01, epsilon_inside=True),
            lambda p: RMSprop(p, 0.1, epsilon=0.01),
            "epsilon added under the root (epsilon_inside = true)",
        ),
    ],
)
def test_other_conventions(followed, declared, said):
    root, parameters = network()
    report = mark(root, page(("E", "w'", "b'", "E'", "w''"), followed), optimizer=declared(parameters))
    assert report.ok
    assert said in report.story[1]


def test_a_page_that_follows_no_convention_all_through_is_blamed():
    printed = page(CLAIMS, lambda p: SGD(p, 0.1, momentum=0.9, velocity="mean"))
    printed |= {"w''": page(CLAIMS, lambda p: SGD(p, 0.1, momentum=0.9))["w''"]}
    root, parameters = network()
    report = mark(root, printed, optimizer=SGD(parameters, 0.1, momentum=0.9))
    assert not report.ok
    assert report.remarks == ()


def test_a_wrong_number_is_carried_into_the_next_pass():
    printed = page(("E", "E/w", "w'", "b'", "w2'", "E'", "E'/w'", "w''"), OPTIMIZERS["gradient descent"], digits=6)
    wrong = printed | {"w'": f"{-2.0 - float(printed['w' + chr(39)]):.6f}"}  # added where it should be subtracted, from w = -1
    root, parameters = network()
    report = mark(root, wrong, optimizer=SGD(parameters, 0.1))
    slip = report.first_slip
    assert (slip.claim.called, slip.mistake) == ("w'", "update added")
    assert all(m.verdict == "right" for m in report.marks if m is not slip)  # they go on with the right one


def test_derivatives_the_wrong_way_round():
    root, _ = network()
    report = mark(root, {"w/E": "0.3", "E/w": "-0.386", "w/z/E": "0.1"})
    assert report.marks[0].sentence == "∂w/∂E should be 0.0, not 0.3: did you mean E/w? w does not depend on E."
    assert "did you mean E/z/w?" in report.marks[2].sentence
    assert mark(root, {"w/E": "0.0"}).ok


@pytest.mark.parametrize(
    ("claims", "options", "message"),
    [
        (["w' = 1"], {}, "w' is w after a step of gradient descent; to mark it, give the learning_rate"),
        (["E' = 1"], {"learning_rate": 0.1}, "E' is a number after an update of all that is trained; say what that is"),
        (["w'' = 1"], {"learning_rate": 0.1}, "w'' is a number after an update of all that is trained"),
        (["m(w)' = 1"], {"optimizer": "sgd"}, r"no node is called \"m\(w\)'\""),
        (["m(x)' = 1"], {"optimizer": "adam"}, r"m\(x\)' is kept for what is trained, and x is not; trained are w, b and w2"),
        (["E'/w = 1"], {"optimizer": "sgd"}, "E' and w belong to different passes; write E'/w'"),
        (["E''' = 1"], {"optimizer": "huge"}, "update 2 gives .* training diverges|forward pass after update 1 has no number"),
        (["w' = 1"], {"optimizer": "sgd", "learning_rate": 0.1}, "the optimizer has its own learning rate"),
        (["E = 1"], {"samples": SAMPLES}, r"E differs from sample to sample; write E\(1\) for that of the first, mean\(E\)"),
        (["E = 1"], {"optimizer": "sgd", "batch": "median"}, "batch is 'mean' or 'sum'"),
        (["w' = 1"], {"optimizer": 0.1}, "an optimizer is one of autograd_tiny.optim"),
        (["z = 1"], {"optimizer": "sgd", "samples": SAMPLES, "batch": "mean"}, r"z differs from sample to sample; write z\(1\)"),
        (["z(7) = 1"], {"optimizer": "sgd", "samples": SAMPLES, "batch": "mean"}, r"no node is called 'z\(7\)'; .*z\(1\)"),
        (["E = 1"], {"optimizer": "sgd", "samples": [{"u": 1.0}]}, "samples give u a number, and no input is called so"),
    ],
)
def test_claims_about_updates_that_there_are_not(claims, options, message):
    root, parameters = network()
    made = {"sgd": SGD(parameters, 0.1), "adam": Adam(parameters, 0.1), "huge": SGD(parameters, 1e200)}
    options = {key: made.get(x, x) if isinstance(x, str) else x for key, x in options.items()}
    with pytest.raises((TypeError, ValueError), match=message):
        mark(root, claims, **options)


def test_a_learning_rate_of_zero_changes_nothing():
    root, parameters = network()
    claims = {"E": "0.72471", "w'": "-1.0000", "E'": "0.72471", "E''": "0.72471"}
    assert mark(root, claims, optimizer=SGD(parameters, 0.0)).counts == {"right": 4}


PAGE = """
formula = "z = w*x + b; y = sigmoid(z); E = (y - t)**2 / 2"
claims = ["E(1) = 0.12570", "E(2) = 0.32118", "E = 0.22344", "m(w)' = 0.0170", "E' = 0.2"]

[inputs]
w = 0.5
b = 0.3

[training]
optimizer = "adam"
learning_rate = 0.1
batch = "mean"
parameters = ["w", "b*"]

[[sample]]
x = -1.0
t = 0.95

[[sample]]
x = 2.0
t = 0
"""


def test_a_page_that_trains(tmp_path):
    file = tmp_path / "page.toml"
    file.write_text(PAGE)
    report = read_page(file).mark()
    w, b = Value(0.5), Value(0.3)
    optimizer = Adam([w, b], 0.1)

    def losses():
        return [((w * x + b).sigmoid() - t) ** 2 / 2 for x, t in ((-1.0, 0.95), (2.0, 0.0))]

    expected = [*losses(), sum(losses()) / 2]
    expected[-1].backward()
    optimizer.step()
    expected = [x.data for x in expected] + [optimizer.means[0], sum(losses()).data / 2]
    assert [m.value for m in report.marks] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"adam"', '"adamant"', r"page.toml, line 10: training.optimizer: an optimizer is one of sgd, momentum, .*, got 'adamant'"),
        ("batch", "momentum = 0.9\nbatch", "line 12: training.momentum: adam has the constants beta1, beta2"),
        ("batch", "beta1 = 1.5\nbatch", "line 1.: training.*: the first beta is a number from 0 to below 1, got 1.5"),
        ("0.1\n", "-0.1\n", "line 11: training.learning_rate: a learning rate is a finite number from 0 up, got -0.1"),
        ('["w", "b*"]', "[]", "line 13: training.parameters: name the inputs that are trained"),
        ('["w", "b*"]', '["w", "x"]', "line 13: training.parameters: no input is called 'x'"),
        ("learning_rate = 0.1\n", "", "training.learning_rate: training needs a learning_rate"),
        ("w = 0.5\n", "w = 0.5\nx = 1.0\n", "sample.x: x stands among the inputs, too"),
        ("t = 0\n", "", "sample: every sample has the same inputs; the first has x and t"),
        ("t = 0\n", "t = true\n", "sample.t: an input is a number, got True"),
        ("t = 0\n", 't = "1.0"\n', "sample.t: the input of a sample is a number"),
        ('"mean"', '"all"', "batch is 'mean' or 'sum'"),
        ("x = 2.0", "x = inf", "sample.x: .*finite"),
    ],
)
def test_what_is_wrong_with_the_training_of_a_page(tmp_path, old, new, message):
    file = tmp_path / "page.toml"
    file.write_text(PAGE.replace(old, new))
    with pytest.raises(PageError, match=re.compile(message, re.DOTALL)):
        read_page(file).mark()


ADAM = ("E", "E/w", "E/b", "m(w)'", "v(w)'", "mhat(w)'", "vhat(w)'", "w'", "b'", "w2'", "z'", "y'", "o'", "E'", "E'/w'", "m(w)''", "w''")
@pytest.mark.parametrize(
    ("claim", "wrong", "mistake"),
    [
        ("mhat(w)'", lambda n: n["m(w)'"], "bias correction missing"),
        ("vhat(w)'", lambda n: n["v(w)'"], "bias correction missing"),
        ("m(w)'", lambda n: 0.9 * n["E/w"], "shares exchanged"),
        ("v(w)'", lambda n: 0.001 * n["E/w"], "factor left out"),
        ("w'", lambda n: -1.0 - 0.1 * n["mhat(w)'"] / (n["vhat(w)'"] + 1e-8), "root left out"),
        ("w'", lambda n: -1.0 + 0.1 * n["mhat(w)'"] / (n["vhat(w)'"] ** 0.5 + 1e-8), "update added"),
        ("z'", lambda n: -1.0 * 0.5 + 0.2, "not updated"),
        ("z'", lambda n: -1.0 * 0.5 + n["b'"], "not updated"),
        ("E'", lambda n: n["E"], "not updated"),
        ("E'/w'", lambda n: n["E/w"], "not updated"),
        ("m(w)''", lambda n: 0.1 * n["E'/w'"], "term left out"),
        ("m(w)''", lambda n: 0.9 * n["m(w)'"] + 0.1 * n["E/w"], "not updated"),
    ],
)
def test_mistakes_of_optimizers_and_of_later_passes(claim, wrong, mistake):
    numbers = dict(zip(ADAM, numbers_of(ADAM, lambda p: Adam(p, 0.1))))
    printed = {key: f"{x:.6f}" for key, x in numbers.items() if ADAM.index(key) <= ADAM.index(claim)}
    printed[claim] = f"{wrong(numbers):.6f}"
    root, parameters = network()
    mark_ = mark(root, printed, optimizer=Adam(parameters, 0.1)).marks[-1]
    assert (mark_.verdict, mark_.mistake) == ("mistake", mistake), mark_.sentence


@pytest.mark.parametrize("rate", [math.nan, math.inf, -0.5])
def test_a_learning_rate_is_finite_and_not_below_zero(rate):
    w = Value(2.0, "w")
    loss = w * w
    with pytest.raises(ValueError, match="a learning rate is a finite number from 0 up, got"):
        mark(loss, {"w": 2.0}, learning_rate=rate)
