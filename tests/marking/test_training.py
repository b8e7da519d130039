"""What follows an update: the engine's numbers are those of the training loop, and a page about it is marked like any other."""

import pytest

from autograd_tiny import Value, mark
from autograd_tiny.engine.refusals import data_of
from autograd_tiny.marking.claims import read_claims
from autograd_tiny.marking.judging.numbers import Numbers
from autograd_tiny.marking.training.setting import setting, training_of
from autograd_tiny.optim import SGD, Adagrad, Adam, AdamW, RMSprop, linear_decay

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
    claims, _, derivations = setting(root, (), claims, training_of(make(parameters), samples, batch, None))
    numbers = Numbers(derivations)
    return [data_of(numbers.of(claim.quantity)) for claim in claims]


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize(("samples", "batch"), [(SAMPLES[:1], ""), (SAMPLES, ""), (SAMPLES, "mean"), (SAMPLES, "sum")])
def test_the_engines_numbers_are_those_of_the_training_loop(make, samples, batch):
    losses, parameters, _ = trained(make, samples, batch)
    claims = ["E", "E'", "E''", "E'''", "w'''", "b'''", "w2'''"]
    given = () if samples == SAMPLES[:1] else samples
    assert numbers_of(claims, make, given, batch) == pytest.approx([*losses, *parameters], rel=1e-11)


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
