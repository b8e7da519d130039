"""Sheets of answers with one mistake each, everything after it carried on; `benchmarks/exercises.py` takes two thousand."""

import pytest

from benchmarks.exercises import plant, result_of, sheets


def share(truths):
    truths = list(truths)
    return sum(truths) / len(truths)


def check(results):
    assert share(r.located for r in results) >= 0.95
    assert share(r.named for r in results) >= 0.90
    assert share(r.blamed for r in results) == 0.0


def test_planted_mistakes_are_named_and_nothing_else_is_blamed():
    planted = list(sheets(40, seed=3))
    check([result_of(one) for one in planted])
    honest = [plant(one.exercise, -1, None) for one in planted[::5]]
    assert all(one.exercise.check(one.answers).ok for one in honest)


@pytest.mark.slow
def test_hundreds_of_sheets():
    check([result_of(one) for one in sheets(500, seed=1)])
