"""A loss in C, whose rows are computed several at a time, against the same loss row by row in Python."""

import ctypes
import math
import re
from itertools import pairwise
from random import Random

import pytest
from foreign import compiled_c

from autograd_tiny import dot, exp, leaky_relu, log1p, logsumexp, maximum, mean, nn, sigmoid, sin, softmax, sqrt, tanh, where
from autograd_tiny.losses import cross_entropy_from_logits, hinge
from autograd_tiny.lowering import compile_loss, compile_model
from autograd_tiny.lowering.sources import blocks

PARAMETERS, COLUMNS = 6, 3


def everything(p, s):
    """Vectors, the C library and operations with several outputs by turns, one behind the other."""
    hidden = [tanh(p[0] * s[0] + p[1]), leaky_relu(p[2] * s[1] - s[0], 0.1), abs(p[3] - s[2])]
    weights = softmax([hidden[0], hidden[1], p[4] * hidden[2]])
    mixed = sum(w * exp(-x * x) for w, x in zip(weights, hidden))
    chosen = where(s[0] > s[1], sqrt(1.0 + hidden[2]), p[5] * s[1])
    return log1p(mixed**2) * chosen + logsumexp(hidden) * maximum(s[0], p[5]) + sigmoid(mean(hidden)) + p[1] ** 3


def rows_of(n, columns=COLUMNS, seed=0):
    rng = Random(seed)
    return [[rng.gauss(0.0, 1.0) for _ in range(columns)] for _ in range(n)]


def in_c(compiled, theta, samples, folder):
    """The mean loss and its gradient."""
    function = compiled_c(compiled.c("loss"), folder).loss_mean_gradient
    function.restype = ctypes.c_double
    flat, n = [x for row in samples for x in row], len(theta)
    gradient = (ctypes.c_double * n)()
    double = ctypes.c_double
    value = function(ctypes.c_size_t(len(samples)), (double * n)(*theta), (double * len(flat))(*flat), gradient)
    return value, list(gradient)


def assert_same(compiled, theta, samples, folder):
    value, gradient = compiled.value_and_grad(theta, samples)
    got, slopes = in_c(compiled, theta, samples, folder)
    assert got == pytest.approx(value, rel=1e-13)
    assert slopes == pytest.approx(list(gradient), rel=1e-12, abs=1e-14)


THETA = [0.7, -0.4, 1.3, 0.2, -0.9, 0.5]


@pytest.mark.parametrize("n", [1, blocks.BLOCK - 1, blocks.BLOCK, 2 * blocks.BLOCK + 5])
def test_any_number_of_rows(n, tmp_path):
    compiled = compile_loss(everything, PARAMETERS, COLUMNS, backend="python")
    assert "loss_block(" in compiled.c("loss").source
    assert_same(compiled, THETA, rows_of(n), tmp_path)


def test_loops_are_cut_anywhere(tmp_path, monkeypatch):
    compiled = compile_loss(everything, PARAMETERS, COLUMNS, backend="python")
    whole = compiled.c("loss").source
    monkeypatch.setattr(blocks, "LONGEST_LOOP", 1)
    cut = compiled.c("loss").source
    assert cut.count(blocks.EACH_ROW) > 3 * whole.count(blocks.EACH_ROW)
    assert_same(compiled, THETA, rows_of(19), tmp_path)


def test_what_calls_the_library_stands_apart():
    source = compile_loss(everything, PARAMETERS, COLUMNS, backend="python").c("loss").source
    loops = source.split("loss_block(")[1].split(blocks.EACH_ROW)[1:]
    called = [any(f" {name}(" in loop for name in ("tanh", "exp", "softmax", "logsumexp", "log1p")) for loop in loops[:-1]]
    assert called[0] is False
    assert all(x is not y for x, y in pairwise(called))


def test_what_backward_calls_of_the_library_is_computed_beside_what_forward_calls():
    """So that the loop of all the rest can be computed on vectors."""
    sines = compile_loss(lambda p, s: (sin(p[0] * s[0] + p[1]) - s[1]) ** 2, ["w", "b"], ["x", "y"])
    loops = sines.c("loss").source.split("loss_block(")[1].split("\n}\n")[0].split(blocks.EACH_ROW)[1:]
    assert len(loops) == 3
    assert re.fullmatch(r" \{\s+(\w+\[i\]) = sin\((\w+\[i\])\);\s+(\w+\[i\]) = cos\(\2\);\s+\}\s+", loops[1])
    assert not re.search(r"\b(sin|cos)\(", loops[0] + loops[2])


def test_networks(tmp_path):
    for i, (model, loss, targets) in enumerate([
        (nn.MLP([2, 7, 1], ["relu", "linear"], rng=Random(0)), lambda o, t: hinge(o[0], t[0]), 1),
        (nn.MLP([2, 4, 3], ["tanh", "linear"], rng=Random(1)), lambda o, t: cross_entropy_from_logits(o, 1) * t[0], 1),
    ]):  # fmt: skip
        folder = tmp_path / str(i)
        folder.mkdir()
        compiled = compile_model(model, loss, n_targets=targets, backend="python")
        assert_same(compiled, list(compiled.parameter_vector()), rows_of(21, 2 + targets), folder)


def test_a_row_that_is_not_finite_makes_the_mean_so(tmp_path):
    compiled = compile_loss(lambda p, s: p[0] * s[0], 1, 1, backend="python")
    value, gradient = in_c(compiled, [2.0], [[1.0]] * 3 + [[math.nan]] + [[1.0]] * 12, tmp_path)
    assert math.isnan(value)
    assert math.isnan(gradient[0])


def test_outputs_that_are_inputs_or_numbers(tmp_path):
    assert_same(compile_loss(lambda p, s: p[0] * s[0] + p[1], 2, 1, backend="python"), [2.0, 3.0], rows_of(9, 1), tmp_path)


@pytest.mark.parametrize("floats", [PARAMETERS * blocks.BLOCK, (PARAMETERS + 1) * blocks.BLOCK])
def test_a_loss_with_large_arrays_is_computed_row_by_row(floats, tmp_path, monkeypatch):
    """Whether it is the sums that are too large, or what one loop leaves for another."""
    compiled = compile_loss(everything, PARAMETERS, COLUMNS, backend="python")
    monkeypatch.setattr(blocks, "MOST_FLOATS", floats)
    assert "_block(" not in compiled.c("loss").source
    assert_same(compiled, THETA, rows_of(19), tmp_path)


def arrays_of(source):
    """What one loop leaves for another: the declaration, and how many floats a row has there."""
    declared = re.search(r"\n    double ([^;=]*);", source.split("sums)[BLOCK]) {")[1])
    sizes = [math.prod(map(int, re.findall(r"\[(\d+)\]", array))) for array in declared[1].split(",")] if declared else []
    return declared and declared[0], sum(sizes)


@pytest.mark.parametrize(
    ("loss", "columns", "arrays"), [(everything, COLUMNS, True), (lambda p, s: dot(p, [s[0]] * PARAMETERS), 1, False)]
)
def test_arrays_may_be_as_large_as_the_limit(loss, columns, arrays, monkeypatch):
    compiled = compile_loss(loss, PARAMETERS, columns, backend="python")
    source = compiled.c("loss").source
    floats = (PARAMETERS + 1 + arrays_of(source)[1]) * blocks.BLOCK
    assert bool(arrays_of(source)[1]) is arrays
    monkeypatch.setattr(blocks, "MOST_FLOATS", floats)
    assert compiled.c("loss").source == source
    monkeypatch.setattr(blocks, "MOST_FLOATS", floats - 1)
    assert "_block(" not in compiled.c("loss").source


def test_many_long_names_of_arrays_take_several_lines():
    def loss(p, s):
        hidden = [tanh(p[0] * x) for x in s]
        for h in hidden:
            h.label = "h" * 100
        return sum(exp(h * h) * h for h in hidden)

    compiled = compile_loss(loss, 1, 12, backend="python")
    declaration, _ = arrays_of(compiled.c("loss").source)
    lines = declaration.removeprefix("\n").split("\n")
    assert len(lines) > 10
    assert re.match(r" {4}double \w", lines[0])
    assert all(re.match(r" {8}\w", line) for line in lines[1:])


def test_labels_keep_off_the_names_of_the_block(tmp_path):
    names = ["sums", "BLOCK", "i", "row", "FOR_THIS_PROCESSOR", "loss_block"]
    compiled = compile_loss(lambda p, s: sum(p[k] ** 2 * exp(p[k] * s[0]) for k in range(6)), names, ["samples"], backend="python")
    assert_same(compiled, [0.1 * k for k in range(6)], rows_of(17, 1), tmp_path)
