"""Defaults of the optimizers and schedules, and where schedules end: numbers that a reader takes from their papers."""

import math

import pytest

from autograd_tiny import Value
from autograd_tiny.optim import Adagrad, Adam, AdamW, RMSprop, cosine_decay, linear_decay, step_decay, with_warmup


def test_adam_has_the_defaults_of_its_paper():
    w = Value(1.0)
    (w * w).backward()
    adam = Adam([w])
    adam.step()
    assert w.data == pytest.approx(1.0 - 0.001 * 2.0 / (2.0 + 1e-8), rel=1e-15)
    assert adam.means == pytest.approx([(1.0 - 0.9) * 2.0], rel=1e-15)
    assert adam.squares == pytest.approx([(1.0 - 0.999) * 4.0], rel=1e-13)


@pytest.mark.parametrize(
    ("rule", "moved"),
    [
        (RMSprop, 1.0 - 0.01 * 2.0 / (math.sqrt(0.01 * 4.0) + 1e-8)),
        (Adagrad, 1.0 - 0.01 * 2.0 / (2.0 + 1e-10)),
        (AdamW, 1.0 - 0.001 * 0.01 - 0.001 * 2.0 / (2.0 + 1e-8)),
    ],
)
def test_the_others_have_those_of_pytorch(rule, moved):
    w = Value(1.0)
    (w * w).backward()
    rule([w]).step()
    assert w.data == pytest.approx(moved, rel=1e-14)


def test_a_step_decay_is_by_ten():
    assert [step_decay(1.0, every=2)(t) for t in range(5)] == pytest.approx([1.0, 1.0, 0.1, 0.1, 0.01])


@pytest.mark.parametrize("decay", [linear_decay, cosine_decay])
def test_a_decay_goes_down_from_start_to_end_and_stays_there(decay):
    schedule = decay(1.0, 8, end=0.25)
    rates = [schedule(t) for t in range(14)]
    assert rates[0] == 1.0
    assert rates[4] == pytest.approx(0.625)  # half way
    assert rates == sorted(rates, reverse=True)
    assert rates[8:] == pytest.approx([0.25] * 6)
    assert decay(1.0, 8)(8) == pytest.approx(0.0)


def test_a_cosine_begins_and_ends_slowly():
    schedule = cosine_decay(1.0, 4)
    assert [schedule(t) for t in (1, 3)] == pytest.approx([0.5 + 0.5 * math.sqrt(0.5), 0.5 - 0.5 * math.sqrt(0.5)])


def test_a_warmup_rises_in_equal_steps_and_ends():
    schedule = with_warmup(lambda t: 2.0, 4)
    assert [schedule(t) for t in range(6)] == [0.5, 1.0, 1.5, 2.0, 2.0, 2.0]
