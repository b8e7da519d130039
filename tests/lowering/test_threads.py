"""Batches shared among threads: the same numbers for every row, means that depend on how many threads there are and on nothing else."""

import os
import threading
from collections import Counter
from random import Random

import numpy as np
import pytest
from compiled import hinge_of_one, moons

from autograd_tiny import exp, nn, sin
from autograd_tiny.lowering import compile_function, compile_loss, compile_model, runners

ROWS = (0, 1, 15, 16, 17, 32, 33, 100, 1000, 1001)


def function(a, b):
    return [sin(a) * b, exp(-a) + b**3]


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_every_row_has_the_numbers_that_it_has_with_one_thread(threads):
    one, several = compile_function(function, threads=1), compile_function(function, threads=threads)
    for rows in ROWS:
        points = np.random.default_rng(rows).normal(size=(rows, 2))
        for x, y in zip(one.value_and_jacobian(points), several.value_and_jacobian(points)):
            assert (x == y).all()
        assert (one.value(points) == several.value(points)).all()


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_means_are_the_same_in_every_run_and_near_those_of_one_thread(threads):
    model = nn.MLP([2, 12, 14, 1], ["relu", "silu", "linear"], rng=Random(1))
    compiled = [compile_model(model, hinge_of_one, threads=n) for n in (1, threads)]
    theta = compiled[0].parameter_vector()
    for rows in ROWS[1:]:
        samples = np.array(moons(rows, seed=rows))
        loss, gradient = compiled[0].value_and_grad(theta, samples)
        found = [compiled[1].value_and_grad(theta, samples) for _ in range(5)]
        assert all((other[1] == found[0][1]).all() and other[0] == found[0][0] for other in found)
        assert found[0][0] == pytest.approx(loss, rel=1e-13)
        np.testing.assert_allclose(found[0][1], gradient, rtol=1e-11, atol=1e-15)


def test_shares_are_run_once_each_by_whichever_thread_is_free(monkeypatch):
    """While one thread is held up in the first share, another one runs all the rest."""
    pytest.importorskip("llvmlite")
    runs, all_begun = [], threading.Event()
    original = runners.Native._run

    def run(native, parameters, batch, *rest):
        runs.append((threading.get_ident(), len(batch)))
        if len(runs) == len(shares):
            all_begun.set()
        if len(runs) == 1:
            assert all_begun.wait(timeout=60)
        original(native, parameters, batch, *rest)

    compiled = compile_function(function, threads=2)
    native = compiled._values
    rows = 2 * runners.WORTH_A_THREAD // native._kernel.work
    shares = native._shares(rows, 2)
    assert len(shares) > 2
    monkeypatch.setattr(runners.Native, "_run", run)
    values = compiled.value(np.ones((rows, 2)))
    np.testing.assert_allclose(values, np.tile(function(1.0, 1.0), (rows, 1)), rtol=1e-14)
    assert sorted(n for _, n in runs) == sorted(share.stop - share.start for share in shares)
    assert sorted(Counter(thread for thread, _ in runs).values()) == [1, len(shares) - 1]


def test_as_many_threads_and_shares_as_pay(monkeypatch):
    pytest.importorskip("llvmlite")
    monkeypatch.setattr(runners, "machine_threads", lambda: 8)
    native = compile_loss(lambda p, s: (p[0] * s[0]) ** 2, 1, 1)._means
    worth = runners.WORTH_A_THREAD // native._kernel.work
    calls = []
    monkeypatch.setattr(native, "_shared", lambda *args: calls.append((args[-1], len(args[-2]))))
    native([1.0], np.zeros((2 * worth - 16, 1)))
    assert calls == []
    for rows in (2 * worth + 1024, 3 * worth + 1024, 9 * worth):
        native([1.0], np.zeros((rows, 1)))
    assert calls == [(2, 4), (3, 6), (8, 18)]
    assert [len(native._shares(rows, 3)) for rows in (0, 1, 16, 100, 100 * worth)] == [0, 1, 1, 3, 24]
    assert [share.stop - share.start for share in native._shares(100, 3)] == [48, 48, 4]


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2", True])
def test_how_many_threads_is_a_whole_number_from_one_up(threads):
    for compile_ in (
        lambda: compile_function(function, threads=threads),
        lambda: compile_loss(lambda p, s: p[0] * s[0], 1, 1, threads=threads),
    ):
        with pytest.raises(ValueError, match=r"threads is a whole number from 1 up, or None for as many as pay"):
            compile_()


def test_a_call_that_is_interrupted_leaves_the_program_as_it_was(monkeypatch):
    compiled = compile_function(function, threads=2)
    points = np.random.default_rng(0).normal(size=(64, 2))
    before = compiled.value(points)

    def interrupted(self, timeout=None):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "join", interrupted)
        with pytest.raises(KeyboardInterrupt):
            compiled.value(points)
    assert (compiled.value(points) == before).all()


def test_more_threads_than_rows():
    assert compile_function(function, threads=50).value(np.ones((3, 2))).shape == (3, 2)


def test_the_threads_of_the_machine(monkeypatch):
    """Those this process may run on, where the system says so; else its cores; one where nothing is known."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 3, 5} if process == 0 else {0}, raising=False)
    assert runners.machine_threads() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    for cores, threads in ((4, 4), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda: cores)  # noqa: B023
        assert runners.machine_threads() == threads


def test_calls_one_after_the_other_work_in_the_same_memory():
    pytest.importorskip("llvmlite")
    kernel, allocated = compile_function(function, threads=1)._values._kernel, []
    native = runners.Native(kernel, 1, lambda n: allocated.append(n) or runners._aligned(n))
    for _ in range(3):
        native((), np.ones((5, 2)))
    assert allocated == [kernel.workspace]
