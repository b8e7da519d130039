"""Eight threads that record and differentiate graphs of their own give the same numbers as one."""

import sys
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Barrier

import pytest
from random_graphs import random_program

from autograd_tiny import Expression, MultiPrimitive, Primitive, Value, detect_anomaly, gradient, leaky_relu, losses, nn, optim, total
from autograd_tiny.engine.row import Family
from autograd_tiny.symbols.expression import evaluate

THREADS = 8


@pytest.fixture(autouse=True)
def frequent_switches():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def in_threads(job, count=THREADS):
    """The results of ``job(0)``, ``job(1)``, ..., all begun at the same time."""
    start = Barrier(count)

    def begin(number):
        start.wait(timeout=60)
        return job(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def numbers_of(seed):
    """Value, gradient, second derivatives and formula of a random program, all as exact text."""
    program = random_program(Random(seed))
    leaves = [Value(x) for x in program.leaves]
    y = program(*leaves)
    y.backward()
    slopes = gradient(y, leaves)
    seconds = gradient(total(slopes), leaves)
    symbols = [Expression(f"x{i}") for i in range(len(leaves))]
    formulas = gradient(program(*symbols), symbols)
    return repr([
        y.data, [x.grad for x in leaves], [d.data for d in slopes], [d.data for d in seconds],
        str(formulas[0]), evaluate(formulas, dict(zip(symbols, program.leaves))),
    ])  # fmt: skip


def test_random_graphs():
    def job(number):
        return [numbers_of(seed) for seed in range(number * 10, number * 10 + 10)]

    assert in_threads(job) == [job(number) for number in range(THREADS)]


def test_training():
    def job(number):
        rng = Random(number)
        model = nn.MLP([2, 4, 3], ["tanh", "softmax"], rng=rng)
        optimizer = optim.Adam(model.parameters(), learning_rate=0.05)
        for _ in range(10):
            loss = losses.half_squared_error(model([rng.random(), rng.random()]), [1.0, 0.0, 0.0])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return model.state_dict()

    assert in_threads(job) == [job(number) for number in range(THREADS)]


@pytest.mark.slow
def test_rows_that_are_built_at_their_first_use():
    """All threads ask for the same new members of families, whose caches hold fewer than they ask for."""
    scaled = Family("scaled", lambda k: Primitive(f"scaled[{k}]", lambda x: k * x, lambda out, x: (k,)))
    spread = MultiPrimitive("spread", lambda *xs: xs, lambda outputs, index, *xs: [float(i == index) for i in range(len(xs))])

    def job(number):
        results = []
        for k in range(4200):
            y = scaled(Value(1.5), k / 8)
            results.append((y.data, y.local_derivatives))
        for k in range(100):
            x = Value(1.5)
            y = spread(*[x] * (k + 1))[k] + leaky_relu(-x, 1000 + k) + x ** (k / 64)
            (slope,) = gradient(y, [x])
            results.append((y.data, slope.data))
        return results

    results = in_threads(job)
    assert results == [job(0)] * THREADS


def test_detect_anomaly_watches_its_own_thread_alone():
    """Every second thread looks for anomalies and finds its own; the others multiply to infinity undisturbed."""

    def job(number):
        outcomes = []
        for k in range(20):
            x = Value(10.0 ** (140 + k), f"x{number}")
            try:
                if number % 2:
                    with detect_anomaly():
                        y = x * x
                        y.backward()
                else:
                    y = x * x
                    y.backward()
                outcomes.append((y.data, x.grad))
            except FloatingPointError as error:
                outcomes.append(str(error))
        return outcomes

    before = sys.getprofile()
    results = in_threads(job)
    assert sys.getprofile() is before
    assert results == [job(number) for number in range(THREADS)]
    assert [sum(isinstance(x, str) for x in outcomes) for outcomes in results] == [0, 5] * (THREADS // 2)
