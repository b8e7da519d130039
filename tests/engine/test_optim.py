"""Optimizers: one rule for floats, arrays and formulas; a step is taken whole or not at all."""

import inspect
import math
import pickle
from copy import deepcopy
from random import Random

import numpy as np
import pytest

from autograd_tiny import Constant, Expression, Value, losses, nn, optim
from autograd_tiny.lowering import compile_model
from autograd_tiny.optim.rules import VELOCITIES

OPTIMIZERS = [
    lambda p: optim.SGD(p, 0.1, momentum=0.5, weight_decay=0.25),
    *(lambda p, v=v, n=n: optim.SGD(p, 0.1, momentum=0.5, velocity=v, nesterov=n) for v in VELOCITIES for n in (False, True)),
    lambda p: optim.SGD(p, 0.1, momentum=0.5, weight_decay=0.25, decoupled=True),
    lambda p: optim.RMSprop(p, 0.1, rho=0.75),
    lambda p: optim.RMSprop(p, 0.1, rho=0.75, epsilon=0.5, epsilon_inside=True),
    lambda p: optim.Adagrad(p, 0.1, epsilon=0.5),
    lambda p: optim.Adagrad(p, 0.1, epsilon=0.5, epsilon_inside=True),
    lambda p: optim.Adam(p, 0.1, betas=[0.5, 0.75]),
    lambda p: optim.Adam(p, 0.1, betas=[0.5, 0.75], weight_decay=0.25, epsilon=0.5, epsilon_inside=True),
    lambda p: optim.Adam(p, 0.1, betas=[0.5, 0.75], bias_correction=False),
    lambda p: optim.AdamW(p, 0.1, betas=[0.5, 0.75], weight_decay=0.25),
]


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_the_same_step_on_floats_arrays_values_and_formulas(make):
    optimizer = make([Value(0.0)])
    numbers = {"p": 1.5, "g": -0.75, "v": 0.5, "s": 2.0}
    state = ["v", "s"][: len(optimizer.state)]
    symbols = {name: Expression(name) for name in numbers}

    def updated(kind):
        state_of_kind = tuple([kind(n)] for n in state)
        (moved,), after = optimizer.update(0.1, [kind("p")], [kind("g")], state_of_kind, 3)
        assert len(after) == len(state)
        return moved

    expected = updated(lambda n: numbers[n])
    formula = updated(lambda n: symbols[n])
    arrays = updated(lambda n: np.array([numbers[n]]))
    recorded = updated(lambda n: Value(numbers[n]))
    assert formula.evaluate({symbols[n]: x for n, x in numbers.items()}) == expected
    assert arrays.tolist() == [expected]
    assert recorded.data == expected


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_fit_takes_the_steps_of_the_loop(make):
    samples = [[0.5, 1.0], [-1.0, 0.25], [2.0, -1.0]]
    models = [nn.MLP([1, 3, 1], ["tanh", "linear"], rng=Random(0)) for _ in range(2)]
    eager, compiled = [make(model.parameters()) for model in models]
    for _ in range(4):
        for x, t in samples:
            eager.zero_grad()
            losses.half_squared_error(models[0]([x]), [t]).backward()
            eager.step()
    compile_model(models[1], losses.half_squared_error).fit(samples, optimizer=compiled, epochs=4, batch_size=np.int64(1))
    assert models[1].state_dict() == pytest.approx(models[0].state_dict(), rel=1e-12)
    assert compiled.steps == eager.steps == 12
    for name in eager.state:
        assert getattr(compiled, name) == pytest.approx(getattr(eager, name), rel=1e-12)


class Sign(optim.Optimizer):
    """Steps of one size, and a count of them; its own state has no more to it than a name."""

    state = ("counts",)

    def __init__(self, parameters, learning_rate, *, sizes=(1.0, 2.0)):
        super().__init__(parameters, learning_rate)
        self.sizes = list(sizes)  # as many as there are parameters, and no state

    def update(self, rate, parameters, gradients, state, step):
        moved = [p - rate * self.sizes[1] * g / abs(g) for p, g in zip(parameters, gradients)]
        return moved, ([count + 1.0 for count in state[0]],)


def test_an_optimizer_of_ones_own_in_the_loop_and_in_fit():
    models = [nn.MLP([1, 1], ["linear"], rng=Random(0)) for _ in range(2)]
    eager, compiled = [Sign(model.parameters(), 0.25) for model in models]
    losses.half_squared_error(models[0]([1.0]), [5.0]).backward()
    eager.step()
    compile_model(models[1], losses.half_squared_error).fit([[1.0, 5.0]], optimizer=compiled, epochs=1)
    assert models[1].state_dict() == models[0].state_dict()
    assert compiled.counts == eager.counts == [1.0, 1.0]
    assert compiled.sizes == [1.0, 2.0]


@pytest.mark.parametrize("make", [lambda p: optim.SGD(p, 0.1, momentum=0.9), lambda p: optim.Adam(p, 0.1)])
@pytest.mark.parametrize("gradient", [1e160, 1e308, math.inf, math.nan])
def test_a_step_is_taken_whole_or_not_at_all(make, gradient):
    a, b = Value(1.0, "a"), Value(2.0, "b")
    optimizer = make([a, b])
    a.grad, b.grad = 1.0, 1.0
    optimizer.step()
    before = a.data, b.data, optimizer.steps, [list(getattr(optimizer, name)) for name in optimizer.state]
    b.grad = gradient
    if math.isfinite(gradient) and isinstance(optimizer, optim.SGD):
        optimizer.learning_rate = 1e160
    if isinstance(optimizer, optim.SGD) and gradient == 1e308:
        optimizer.learning_rate = 1e10
    with pytest.raises(ArithmeticError, match=r"parameter 1 of this \w+, b, .*gradient.*no parameter was moved"):
        optimizer.step()
    assert before == (a.data, b.data, optimizer.steps, [list(getattr(optimizer, name)) for name in optimizer.state])


def test_a_division_by_zero_moves_nothing():
    a, b = Value(1.0, "a"), Value(2.0, "b")
    a.grad = 1.0
    with pytest.raises(ZeroDivisionError, match=r"parameter 1 of this Adam, b, cannot take the step of its gradient 0.0"):
        optim.Adam([a, b], 0.1, epsilon=0.0).step()
    assert (a.data, b.data) == (1.0, 2.0)


def test_a_step_that_overflows_in_fit_leaves_the_parameters():
    model = nn.MLP.from_layers([nn.Layer.from_weights([[1.0]], [0.0])])
    optimizer = optim.Adam(model.parameters(), 0.1)
    with pytest.raises(OverflowError, match=r"layers\[0\].weights\[0\]\[0\] cannot take the step of its gradient 1e\+160"):
        compile_model(model, lambda o, t: o[0] * t[0]).fit([[1.0, 1e160]], optimizer=optimizer, epochs=1)
    assert list(model.state_dict().values()) == [1.0, 0.0]
    assert optimizer.steps == 0
    assert optimizer.squares == [0.0, 0.0]


@pytest.mark.parametrize("options", [{"epochs": 2.0}, {"epochs": -1}, {"epochs": "2"}, {"epochs": 1, "batch_size": 1.0}])
def test_counts_of_training_are_whole(options):
    model = nn.MLP([1, 1], ["linear"], rng=Random(0))
    with pytest.raises(ValueError, match=r"epochs is a whole number|batch_size=1\.0"):
        compile_model(model, losses.half_squared_error).fit([[1.0, 2.0]], optimizer=optim.SGD(model.parameters(), 0.1), **options)


def test_nan_in_the_samples_stays_nan_in_fit():
    model = nn.MLP([1, 1], ["linear"], rng=Random(0))
    samples = [[1.0, 2.0], [math.nan, 1.0]]
    history = compile_model(model, losses.half_squared_error).fit(samples, optimizer=optim.Adam(model.parameters()), epochs=3)
    assert all(map(math.isnan, [*history, *model.state_dict().values()]))


@pytest.mark.parametrize("wrong", [([0.5], ([0.0, 0.0],)), ([0.5, 0.5], ([0.0],)), ([0.5, 0.5], ())])
def test_an_update_with_too_few_numbers_is_refused(wrong):
    class Forgets(optim.SGD):
        def update(self, rate, parameters, gradients, state, step):
            return wrong

    a, b = Value(1.0), Value(2.0)
    optimizer = Forgets([a, b], 0.1)
    with pytest.raises(ValueError, match=r"update of Forgets must give 2 parameters, and as many numbers for each of \('velocities',\)"):
        optimizer.step()
    assert (a.data, b.data, optimizer.steps) == (1.0, 2.0, 0)


def test_a_step_that_fails_only_for_all_parameters_together():
    class Normed(optim.Optimizer):
        def update(self, rate, parameters, gradients, state, step):
            if len(gradients) > 1:
                raise OverflowError("the norm is too large")
            return parameters, state

    with pytest.raises(OverflowError, match=r"a step of this Normed fails: the norm is too large; no parameter was moved"):
        Normed([Value(1.0), Value(2.0)], 0.1).step()


def test_sgd_as_pytorch_writes_it():
    w = Expression("w")
    g, v, rate = Expression("g"), Expression("v"), 0.5

    def step(**options):
        (moved,), ((velocity,),) = optim.SGD([Value(0.0)], rate, **options).update(rate, [w], [g], ([v],), 1)
        return str(moved), str(velocity)

    assert step() == ("w - 0.5 * g", "g")
    assert step(momentum=0.25) == ("w - 0.5 * (0.25 * v + g)", "0.25 * v + g")
    assert step(weight_decay=0.125) == ("w - 0.5 * (g + 0.125 * w)", "g + 0.125 * w")
    assert step(weight_decay=0.125, decoupled=True) == ("w - 0.0625 * w - 0.5 * g", "g")
    assert step(momentum=0.25, weight_decay=0.125)[1] == "0.25 * v + (g + 0.125 * w)"


def written(optimizer, step=2):
    """The step of an optimizer as text, in w, g and the letters of its state; and the state after it."""
    state = tuple([[Expression(symbol)] for symbol in optimizer.symbols])
    (moved,), after = optimizer.update(optimizer.rate(), [Expression("w")], [Expression("g")], state, step)
    return str(moved), *(str(x) for (x,) in after)


@pytest.mark.parametrize(
    ("velocity", "moved", "further", "kept"),
    [
        ("sum", "w - 0.5 * (0.25 * v + g)", "w - 0.5 * (0.25 * (0.25 * v + g) + g)", "0.25 * v + g"),
        ("mean", "w - 0.5 * (0.25 * v + 0.75 * g)", "w - 0.5 * (0.25 * (0.25 * v + 0.75 * g) + 0.75 * g)", "0.25 * v + 0.75 * g"),
        ("step", "w + (0.25 * v - 0.5 * g)", "w + (0.25 * (0.25 * v - 0.5 * g) - 0.5 * g)", "0.25 * v - 0.5 * g"),
        ("descent", "w - (0.25 * v + 0.5 * g)", "w - (0.25 * (0.25 * v + 0.5 * g) + 0.5 * g)", "0.25 * v + 0.5 * g"),
    ],
)
def test_the_conventions_of_momentum(velocity, moved, further, kept):
    def sgd(nesterov):
        return optim.SGD([Value(0.0)], 0.5, momentum=0.25, velocity=velocity, nesterov=nesterov)

    assert written(sgd(nesterov=False)) == (moved, kept)
    assert written(sgd(nesterov="ahead")) == (moved, kept)
    shown = written(sgd(nesterov=True))
    t = Expression("w"), Expression("g"), Expression("v")
    numbers = dict(zip(t, (3.0, 5.0, 7.0)))
    (expected,), _ = sgd(nesterov=True).update(0.5, [t[0]], [t[1]], ([t[2]],), 1)
    plain = eval(further, {"w": 3.0, "g": 5.0, "v": 7.0})
    assert expected.evaluate(numbers) == plain
    assert shown[1] == kept


def test_the_other_rules_as_they_are_written():
    w = [Value(0.0)]
    assert written(optim.RMSprop(w, 0.5, rho=0.25, epsilon=0.125)) == (
        "w - 0.5 * g / (sqrt(0.25 * s + 0.75 * (g * g)) + 0.125)", "0.25 * s + 0.75 * (g * g)",
    )  # fmt: skip
    assert written(optim.RMSprop(w, 0.5, rho=0.25, epsilon=0.125, epsilon_inside=True))[0].endswith("(g * g) + 0.125)")
    assert written(optim.Adagrad(w, 0.5, epsilon=0.125)) == ("w - 0.5 * g / (sqrt(G + g * g) + 0.125)", "G + g * g")
    adam = {"betas": (0.5, 0.25), "epsilon": 0.125}
    assert written(optim.Adam(w, 0.5, **adam)) == (
        "w - 0.5 * ((0.5 * m + 0.5 * g) / 0.75) / (sqrt((0.25 * v + 0.75 * (g * g)) / 0.9375) + 0.125)",
        "0.5 * m + 0.5 * g",
        "0.25 * v + 0.75 * (g * g)",
    )
    assert written(optim.Adam(w, 0.5, **adam, bias_correction=False))[0] == (
        "w - 0.5 * (0.5 * m + 0.5 * g) / (sqrt(0.25 * v + 0.75 * (g * g)) + 0.125)"
    )
    assert written(optim.AdamW(w, 0.5, **adam, weight_decay=0.25))[0].startswith("w - 0.125 * w - 0.5 * (")
    assert written(optim.Adam(w, 0.5, **adam, weight_decay=0.25))[1] == "0.5 * m + 0.5 * (g + 0.25 * w)"


def test_a_gradient_taken_ahead():
    w = Value(2.0, "w")
    optimizer = optim.SGD([w], 0.1, momentum=0.9, velocity="step", nesterov="ahead")
    p, v = 2.0, 0.0
    for turn in range(4):
        for _ in range(1 + turn % 2):  # twice is as good as once
            optimizer.look_ahead()
        optimizer.zero_grad()
        (w * w * w).backward()
        optimizer.step()
        v = 0.9 * v - 0.1 * (3.0 * (p + 0.9 * v) ** 2)
        p = p + v
    assert w.data == pytest.approx(p, rel=1e-13)
    with pytest.raises(ValueError, match=r"takes gradients ahead: call its look_ahead\(\) before the loss is computed"):
        optimizer.step()


def test_fit_takes_gradients_ahead():
    models = [nn.MLP([1, 1], ["linear"], rng=Random(0)) for _ in range(2)]
    eager, compiled = [optim.SGD(model.parameters(), 0.1, momentum=0.9, nesterov="ahead") for model in models]
    for _ in range(3):
        eager.look_ahead()
        eager.zero_grad()
        losses.half_squared_error(models[0]([1.0]), [5.0]).backward()
        eager.step()
    compile_model(models[1], losses.half_squared_error).fit([[1.0, 5.0]], optimizer=compiled, epochs=3)
    assert models[1].state_dict() == pytest.approx(models[0].state_dict(), rel=1e-13)


def test_a_parameter_that_is_given_twice_is_updated_once():
    p = Value(1.0)
    optimizer = optim.SGD([p, p], 0.1)
    p.grad = 2.0
    optimizer.step()
    assert p.data == 0.8
    assert optimizer.parameters == [p]
    assert optimizer.velocities == [2.0]


@pytest.mark.parametrize(
    "schedule",
    [
        optim.linear_decay(0.5, 10, 0.1),
        optim.step_decay(0.5, every=3),
        optim.cosine_decay(0.5, np.int64(10)),
        optim.with_warmup(optim.cosine_decay(0.5, 1e1), 4),
    ],
)
def test_an_optimizer_with_a_schedule_is_copied_and_pickled(schedule):
    p = Value(1.0, "p")
    optimizer = optim.Adam([p], schedule)
    p.grad = 1.0
    optimizer.step()
    for twin in (deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        twin.parameters[0].grad = optimizer.parameters[0].grad = 0.5
        assert twin.rate() == optimizer.rate() == schedule(1)
        assert twin.means == optimizer.means
        twin.step()
        assert twin.parameters[0].data != p.data


P = [Value(1.0)]


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: optim.with_warmup(optim.step_decay(0.1, 5), 0), ValueError, "steps of with_warmup is a whole number from 1 up, got 0"),
        (lambda: optim.with_warmup(0.1, 5), TypeError, "with_warmup takes a schedule"),
        (lambda: optim.cosine_decay(0.1, 0), ValueError, "steps of cosine_decay is a whole number from 1 up, got 0"),
        (lambda: optim.linear_decay(0.1, -3), ValueError, "steps of linear_decay is a whole number from 1 up, got -3"),
        (lambda: optim.linear_decay(0.1, 2.5), ValueError, "steps of linear_decay is a whole number"),
        (lambda: optim.step_decay(0.1, every=0), ValueError, "every of step_decay is a whole number from 1 up, got 0"),
        (lambda: optim.step_decay(0.1, every=3, factor=-1.0), ValueError, "factor of step_decay is a finite number from 0 up, got -1.0"),
        (lambda: optim.cosine_decay(-0.1, 5), ValueError, "start of cosine_decay is a finite number from 0 up"),
        (lambda: optim.linear_decay(0.1, 5, math.nan), ValueError, "end of linear_decay is a finite number"),
        (lambda: optim.SGD([], 0.1), ValueError, "an optimizer needs at least one parameter"),
        (lambda: optim.SGD(P, -0.1), ValueError, "a learning rate is a finite number from 0 up, got -0.1"),
        (lambda: optim.SGD(P, math.inf), ValueError, "a learning rate is a finite number from 0 up, got inf"),
        (lambda: optim.SGD(P, math.nan), ValueError, "a learning rate is a finite number from 0 up, got nan"),
        (lambda: optim.SGD(P, [0.1]), TypeError, "a learning rate is a number or a function"),
        (lambda: optim.SGD(P, Value(0.1)), TypeError, "a learning rate is a number or a function"),
        (lambda: optim.SGD(P, 0.1, momentum=-0.5), ValueError, "a momentum is a finite number from 0 up"),
        (lambda: optim.SGD(P, 0.1, momentum=1.5), ValueError, "a momentum is a number from 0 to below 1, got 1.5"),
        (lambda: optim.SGD(P, 0.1, weight_decay=-1), ValueError, "a weight decay is a finite number from 0 up"),
        (lambda: optim.Adam(P, betas=(0.9, 1.0)), ValueError, "the second beta is a number from 0 to below 1, got 1.0"),
        (lambda: optim.Adam(P, betas=(-0.9, 0.5)), ValueError, "the first beta is a finite number from 0 up"),
        (lambda: optim.Adam(P, betas=0.9), TypeError, "betas are two numbers"),
        (lambda: optim.Adam(P, betas={0.9, 0.99}), TypeError, "betas are two numbers"),
        (lambda: optim.Adam(P, betas={"a": 0.9, "b": 0.99}), TypeError, "betas are two numbers"),
        (lambda: optim.SGD(nn.MLP([1, 1], ["tanh"]).named_parameters(), 0.1), TypeError, "give its values"),
        (lambda: optim.Adam(P, epsilon="1"), TypeError, "epsilon is a number, got '1'"),
        (lambda: optim.SGD(P, 0.1, velocity="heavy"), ValueError, "velocity is one of sum, mean, step, descent, got 'heavy'"),
        (lambda: optim.SGD(P, 0.1, nesterov="behind"), ValueError, "nesterov, if not True or False, is one of ahead, got 'behind'"),
        (lambda: optim.RMSprop(P, rho=1.0), ValueError, "rho is a number from 0 to below 1, got 1.0"),
        (lambda: optim.Adagrad(P, epsilon=-1.0), ValueError, "epsilon is a finite number from 0 up, got -1.0"),
        (lambda: optim.AdamW(P, weight_decay=-1.0), ValueError, "a weight decay is a finite number from 0 up"),
        (lambda: optim.SGD([Constant(1.0)], 0.1), TypeError, "leaf Values"),
        (lambda: optim.SGD(P, lambda t: -1.0).step(), ValueError, "the schedule's learning rate of step 0 is a finite number from 0 up"),
        (lambda: optim.Optimizer(P, 0.1).step(), NotImplementedError, "Optimizer has no update"),
    ],
)
def test_options_are_checked_when_the_optimizer_or_schedule_is_made(build, error, message):
    with pytest.raises(error, match=message):
        build()


def test_numpy_scalars_are_numbers():
    optimizer = optim.Adam(P, np.float32(0.5), betas=np.array([0.5, 0.75], dtype=np.float32), epsilon=np.float64(0.25))
    assert (optimizer.rate(), optimizer.betas, optimizer.epsilon) == (0.5, (0.5, 0.75), 0.25)


def test_a_step_may_be_the_whole_period_and_leaves_a_tenth():
    schedule = optim.step_decay(1.0, every=1)
    assert [schedule(t) for t in (0, 1, 2)] == pytest.approx([1.0, 0.1, 0.01], rel=1e-15)


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam])
def test_numbers_of_numpy_do_not_make_an_optimizer_go_on_in_their_precision(kind):
    found = []
    for number in (float, np.float32):
        p = Value(0.5)
        p.data, p.grad = number(0.5), number(0.25)
        optimizer = kind([p], 0.1)
        optimizer.step()
        assert type(p.data) is float
        assert all(type(x) is float for name in optimizer.state for x in getattr(optimizer, name))
        found.append(p.data)
    assert found[0] == found[1]


def test_a_schedule_is_asked_once_a_step():
    model = nn.MLP([1, 1], ["linear"], rng=Random(0))
    asked = []
    optimizer = optim.SGD(model.parameters(), lambda t: asked.append(t) or 0.1)
    compile_model(model, losses.half_squared_error).fit([[1.0, 2.0]], optimizer=optimizer, epochs=3)
    assert asked == [0, 1, 2]


@pytest.mark.parametrize("kind", [optim.SGD, optim.RMSprop, optim.Adagrad, optim.Adam, optim.AdamW])
def test_keywords_of_other_libraries_get_the_name_here(kind):
    with pytest.raises(TypeError, match=f"^{kind.__name__} has no argument 'lr'; here that is learning_rate$"):
        kind([Value(1.0)], lr=0.1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'wrong'"):
        kind([Value(1.0)], 0.1, wrong=1)
    assert "learning_rate" in inspect.signature(kind).parameters


def test_what_else_an_optimizer_derives_from_hears_of_its_class():
    names = []

    class Known:
        def __init_subclass__(cls, name, **kwargs):
            super().__init_subclass__(**kwargs)
            names.append(name)

    class Own(optim.SGD, Known, name="mine"):
        pass

    assert names == ["mine"]
    with pytest.raises(TypeError, match="no keyword arguments"):

        class Wrong(optim.SGD, option="mine"):
            pass


def test_an_optimizer_of_ones_own_may_have_such_a_keyword():
    class Own(optim.SGD):
        def __init__(self, parameters, lr):
            super().__init__(parameters, lr)

    class Any(optim.SGD):
        def __init__(self, parameters, **options):
            super().__init__(parameters, options["lr"])

    assert Own([Value(1.0)], lr=0.5).learning_rate == Any([Value(1.0)], lr=0.5).learning_rate == 0.5
