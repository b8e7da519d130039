"""What is one real number, and what only looks like one."""

from random import Random

import numpy as np
import pytest

from autograd_tiny import compile_model, random_exercise, samples
from autograd_tiny.losses import half_squared_error
from autograd_tiny.nn import MLP
from autograd_tiny.optim import SGD
from autograd_tiny.text.numbers import as_number


@pytest.mark.parametrize(("x", "number"), [(2, 2.0), (np.float32(0.5), 0.5), (np.array(3.0), 3.0), (np.ma.array(4.0), 4.0)])
def test_one_real_number(x, number):
    assert as_number(x) == number


@pytest.mark.parametrize(
    "x",
    [
        *("1", b"1", [1.0], np.array([1.0]), np.ma.masked, np.ma.array([1.0], mask=[True]), None),
        *(np.complex128(1.0), np.array(1j), np.timedelta64(2, "s"), np.datetime64(2, "s")),
    ],
    ids=repr,
)
def test_nothing_is_lost_to_make_it_a_number(x):
    assert as_number(x) is None


@pytest.mark.parametrize("seed", [np.int64(3), np.uint8(3), 3])
def test_a_seed_is_a_whole_number_of_any_kind(seed):
    exercise = random_exercise("neuron", 1, seed=seed)
    assert exercise.inputs == random_exercise("neuron", 1, seed=3).inputs
    assert exercise.variants(1, seed)[0].inputs == exercise.variants(1, 3)[0].inputs
    assert samples.moons(4, seed=seed) == samples.moons(4, seed=3)
    histories = []
    for x in (seed, 3):
        model = MLP([1, 1], ["linear"], rng=Random(0))
        compiled = compile_model(model, half_squared_error, backend="python")
        rate = SGD(model.parameters(), 0.1)
        histories.append(compiled.fit([[0.0, 1.0], [1.0, 0.0], [2.0, 5.0]], optimizer=rate, epochs=2, batch_size=1, seed=x))
    assert histories[0] == histories[1]
