"""Compiled programs against the eager engine: the same numbers from Python source and from native code."""

import math
import threading
from random import Random

import numpy as np
import pytest
from compiled import eager, eager_at_points, hinge_of_one, moons, rows_of_the_table
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import assert_close, magnitudes, random_program, recorded

from autograd_tiny import (
    TABLE,
    Expression,
    MultiPrimitive,
    Primitive,
    Value,
    dot,
    exp,
    log,
    logsumexp,
    maximum,
    mean,
    minimum,
    nn,
    optim,
    relu,
    softmax,
    total,
    where,
)
from autograd_tiny.engine.table import hypot, less, sub
from autograd_tiny.lowering import compile_function, compile_loss, compile_model, parameter_vector
from autograd_tiny.lowering.native import arrangement, frame, llvm
from autograd_tiny.lowering.native.assembly import Assembly
from autograd_tiny.lowering.native.llvm import Kernel, machine_code
from autograd_tiny.lowering.native.rows import expansion
from autograd_tiny.lowering.program import opened, program_of
from autograd_tiny.lowering.recording.tracing import symbols
from autograd_tiny.lowering.runners import Layout, Native

BACKENDS = ["python", "llvm"]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("row", list(rows_of_the_table()), ids=lambda row: row.name)
def test_every_row_is_compiled_and_agrees_with_the_eager_engine(row, backend):
    n = row.arity or 5
    program = compile_function(lambda x: Expression.record(row, tuple(x)), n, backend=backend)
    points, values, gradients = eager_at_points(row, n)
    got_values, got_gradients = program.value_and_grad(points)
    np.testing.assert_allclose(got_values, values, rtol=2e-15, atol=1e-300)
    np.testing.assert_allclose(got_gradients, gradients, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(program=st.randoms(use_true_random=False).map(random_program))
def test_random_computations_agree(backend, program):
    leaves, root = recorded(program)
    root.backward()
    compiled = compile_function(lambda x: program(*x), len(leaves), backend=backend)
    value, gradients = compiled.value_and_grad([program.leaves] * 3)
    sizes = magnitudes(root, leaves)
    assert_close(value, [root.data] * 3, [abs(root.data)] * 3)
    for row in gradients:
        assert_close(row, [x.grad for x in leaves], sizes)
    flat = compiled.program.evaluate(*program.leaves)
    assert_close(flat, [root.data, *[x.grad for x in leaves]], [abs(root.data), *sizes])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("n", [1, 7, 8, 9, 100])
def test_a_training_step_agrees(backend, n):
    model = nn.MLP([2, 5, 4, 1], ["relu", "tanh", "linear"], rng=Random(1))
    samples = moons(n)
    compiled = compile_model(model, hinge_of_one, backend=backend)
    loss, gradients = compiled.value_and_grad(compiled.parameter_vector(), samples)
    expected_loss, expected = eager(model, samples, hinge_of_one)
    assert loss == pytest.approx(expected_loss, rel=1e-14)
    np.testing.assert_allclose(gradients, expected, rtol=1e-12, atol=1e-15)
    each = compiled.value(compiled.parameter_vector(), samples)
    assert each == pytest.approx([hinge_of_one(model(row[:2]), row[2:]).data for row in samples], rel=1e-14)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_classifier_with_softmax_and_one_hot_targets_agrees(backend):
    model = nn.MLP([2, 6, 3], ["gelu", "linear"], rng=Random(2))
    samples = [[*row[:2], *[float(i == k % 3) for i in range(3)]] for k, row in enumerate(moons(20))]

    def cross_entropy(logits, targets):
        return -dot(targets, [log(p) for p in softmax(*logits)])

    compiled = compile_model(model, cross_entropy, n_targets=3, backend=backend)
    loss, gradients = compiled.value_and_grad(compiled.parameter_vector(), samples)
    expected_loss, expected = eager(model, samples, cross_entropy)
    assert loss == pytest.approx(expected_loss, rel=1e-14)
    np.testing.assert_allclose(gradients, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("width", [1, 2, 4, 8, 16])
@pytest.mark.parametrize(("n_columns", "chunk"), [(2, 3), (2, 1000), (40, 80), (40, 1000)])
def test_cutting_into_chunks_and_blocks_changes_nothing(monkeypatch, width, chunk, n_columns):
    """Every width, with many chunks and frames for few blocks, for narrow batches and for wide ones."""

    def function(x):
        hidden = [maximum(*x[i : i + 3]) * x[i - 1] for i in range(len(x))]
        return dot(hidden, x[::-1]) + hidden[0] * exp(-hidden[-1] ** 2)

    program = compile_function(function, n_columns, backend="python")
    points = np.random.default_rng(0).normal(size=(37, n_columns))
    values, gradients = program.value_and_grad(points)
    monkeypatch.setattr(arrangement, "CHUNK", chunk)
    monkeypatch.setattr(frame, "FRAME_BYTES", 1)
    for layout in (Layout(0, n_columns, 1, n_columns, 0), Layout(0, n_columns, 0, 0, 1 + n_columns)):
        native = Native(Kernel(machine_code(program.program, layout, width)))
        got_values, got_gradients, means = native((), points)
        if layout.n_means:
            np.testing.assert_allclose(means, [values.mean(), *gradients.mean(axis=0)], rtol=1e-12, atol=1e-14)
        else:
            np.testing.assert_allclose(got_values[:, 0], values, rtol=1e-13)
            np.testing.assert_allclose(got_gradients, gradients, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("few_parameters", [0, 10**6])
def test_wide_layers_whose_sums_take_turns_agree(monkeypatch, few_parameters):
    model = nn.MLP([2, 20, 24, 1], ["relu", "silu", "linear"], rng=Random(1))
    samples = moons(21)
    monkeypatch.setattr(frame, "FEW_PARAMETERS", few_parameters)
    compiled = compile_model(model, hinge_of_one)
    layout = Layout(compiled.n_parameters, 3, 0, 0, 1 + compiled.n_parameters)
    native = Native(Kernel(machine_code(compiled.program, layout)))
    _, _, means = native(compiled.parameter_vector(), np.array(samples))
    loss, gradients = eager(model, samples, hinge_of_one)
    np.testing.assert_allclose(means, [loss, *gradients], rtol=1e-12, atol=1e-15)


def test_sums_that_take_turns_wait_for_what_they_need():
    def function(x):
        long, short = dot(x, x[::-1]), dot(x[:20], x[5:25])
        both = long * short
        return dot(x, [both + v for v in x]) + both

    program = compile_function(function, 30, backend="python").program
    point = [Random(1).uniform(-1.0, 1.0) for _ in range(30)]
    module = Assembly(program, Layout(0, 30, 1, 30, 0), 4)
    reordered = module.program
    for number, (_, operands) in enumerate(reordered.instructions, reordered.n_leaves):
        assert all(x < number for x in operands)
    assert reordered.evaluate(*point) == pytest.approx(program.evaluate(*point), rel=1e-12)


@pytest.mark.parametrize(
    "function",
    [
        logsumexp,
        maximum,
        minimum,
        lambda x: softmax(x)[3],
        lambda x: total([v * v for v in x]),
        lambda x: total([v * float(i) for i, v in enumerate(x)]),
    ],
)
@pytest.mark.slow
def test_a_function_of_many_inputs_becomes_native_code_in_proportion(function):
    """Twice as many inputs make twice as many instructions and twice the text, in functions of limited length."""
    instructions, texts = [], []
    for n in (200, 400, 800):  # formulas are loops in all of them
        program = compile_function(function, n, backend="python").program
        module = Assembly(program, Layout(0, n, 1, n, 0), 8)
        instructions.append(len(module.program.instructions))
        texts.append(len(module.text))
        assert max(text.count("\n") for text in module.text.split("define ")) < 10 * arrangement.CHUNK
    one, two, three = instructions
    assert three - two == 2 * (two - one)
    one, two, three = texts
    assert three - two < 2.2 * (two - one)  # numbers become longer, too
    points = np.random.default_rng(0).normal(size=(3, n))
    expected = compile_function(function, n, backend="python").value_and_grad(points)
    values, gradients = compile_function(function, n, backend="llvm").value_and_grad(points)
    np.testing.assert_allclose(values, expected[0], rtol=1e-12)
    np.testing.assert_allclose(gradients, expected[1], rtol=1e-9, atol=1e-300)


def test_what_several_outputs_have_in_common_is_opened_once():
    """Also for operations of one's own, nested in others, and with other operands beside them."""
    calls = []

    def both(x, y):
        calls.append(None)
        product = x * y
        return exp(product), softmax(product, x, y)[1]

    def forward(x, y):
        return math.exp(x * y), math.exp(x) / (math.exp(x * y) + math.exp(x) + math.exp(y))

    pair = MultiPrimitive("pair", forward, lambda outputs, index, x, y: (0.0, 0.0), expansion=both, outputs=2)
    program = program_of(x := symbols(3, "x"), [*pair(x[0], x[1]), *pair(x[1], x[2])])
    native = opened(program, program.outputs, expansion)
    assert len(calls) == 1
    assert sum(row is exp for row, _ in native.instructions) == 8
    point = [0.3, -0.2, 0.9]
    assert native.evaluate(*point) == pytest.approx(program.evaluate(*point), rel=1e-15)


@pytest.mark.parametrize("backend", BACKENDS)
def test_outputs_that_are_inputs_or_constants_may_be_many(backend):
    program = compile_function(lambda x: [*x, *[Expression.constant(float(i)) for i in range(30)], x[0] * x[1]], 10, backend=backend)
    points = np.random.default_rng(0).normal(size=(19, 10))
    values, derivatives = program.value_and_jacobian(points)
    expected = np.hstack([points, np.tile(np.arange(30.0), (19, 1)), points[:, :1] * points[:, 1:2]])
    assert (values == expected).all()
    assert (derivatives[:, :10] == np.eye(10)).all()
    assert not derivatives[:, 10:40].any()
    assert (derivatives[:, 40, :2] == points[:, 1::-1]).all()


def test_the_largest_of_many_keeps_nan_ties_and_signs_as_python_does():
    points = [[-0.0, 0.0, -1.0, 0.0], [0.0, -0.0, 0.0, -1.0], [1.0, math.nan, 2.0, 0.0], [math.nan, 1.0, 1.0, 1.0], [3.0, 3.0, 1.0, 3.0]]
    for row in (maximum, minimum):
        values, gradients = compile_function(lambda x: row(x), 4, backend="llvm").value_and_grad(points)  # noqa: B023
        expected = [row(*point) for point in points]
        np.testing.assert_array_equal(values, expected)
        np.testing.assert_array_equal(np.signbit(values[:2]), np.signbit(expected[:2]))
        assert np.isnan(gradients[2:4]).all()
    assert gradients[4].tolist() == [0.0, 0.0, 1.0, 0.0]
    assert compile_function(lambda x: maximum(x[0]), 1, backend="llvm").value([[2.0]]).tolist() == [2.0]


def test_long_sums_that_do_not_need_each_other_are_interleaved():
    """Whatever needs them afterwards."""

    def function(x):
        sums = [dot(x[:20], x[20 * k : 20 * k + 20]) for k in (1, 2, 3)]
        return [*sums, dot(sums, sums)]

    program = compile_function(function, 80, backend="python").program
    found = arrangement.arranged(opened(program, program.outputs[:4]), Layout(0, 80, 4, 0, 0), range(0)).program
    part_of = [{k for k, x in enumerate(found.outputs) if x == number} for number in range(80, 80 + len(found.instructions))]
    for number, (_, operands) in reversed([*enumerate(found.instructions, 80)]):
        for x in operands:
            if x >= 80:
                part_of[x - 80] |= part_of[number - 80]
    assert [min(sums) for sums in part_of] == [0, 1, 2] * 39 + [3] * 5


def test_native_sums_and_products_are_those_of_python_to_the_bit():
    """Nothing is contracted or reassociated: a difference that is 0 on floats is 0 natively, and a kink is met where floats meet it."""
    x = np.random.default_rng(0).normal(size=(1000, 4))
    program = compile_function(lambda x: [x[0] * x[1] - x[2] * x[3], relu(x[0] * x[1] + x[2]) / x[3]], 4)
    values = program.value(x)
    assert [tuple(row) for row in values.tolist()] == [program(*point)[0] for point in x.tolist()]
    same = compile_function(lambda x: relu(x[0] * x[1] - x[2] * x[3]), 4)
    assert not same.value_and_grad(x[:, [0, 1, 0, 1]])[1].any()


def test_vector_functions_are_as_accurate_as_the_table_asks():
    rng = np.random.default_rng(0)
    ranges = {
        "exp": (-745.0, 709.0), "expm1": (-40.0, 700.0), "log": (1e-310, 1e308), "log1p": (-0.9999, 1e6), "tanh": (-20.0, 20.0),
    }  # fmt: skip
    for name, (low, high) in ranges.items():
        x = np.concatenate([rng.uniform(low, high, 20000), rng.uniform(max(low, -1), 1, 20000), 10 ** rng.uniform(-300, 2, 20000)])
        x = x[(x > low) & (x < high)]
        x = np.concatenate([x, -x]) if low < -10 else x
        got = compile_function(lambda v: TABLE[name](v[0]), 1).value(x[:, None])  # noqa: B023
        with np.errstate(all="ignore"):
            right = np.array([getattr(math, name)(v) if v < 709 or name == "log" or name == "log1p" else math.nan for v in x])
            error = np.abs(got - right) / np.spacing(np.abs(right))
        assert np.nanmax(error) <= (3.0 if name == "tanh" else 2.0), name


def test_infinities_and_nan_pass_as_floats_do():
    points = np.array([[0.0], [-1.0], [math.inf], [-math.inf], [math.nan], [5e-324], [-0.0]])
    expected = {
        exp: [1.0, math.exp(-1), math.inf, 0.0, math.nan, 1.0, 1.0],
        log: [-math.inf, math.nan, math.inf, math.nan, math.nan, math.log(5e-324), -math.inf],
        TABLE["log1p"]: [0.0, -math.inf, math.inf, math.nan, math.nan, 5e-324, 0.0],
        TABLE["tanh"]: [0.0, math.tanh(-1), 1.0, -1.0, math.nan, 5e-324, -0.0],
        relu: [0.0, 0.0, math.inf, 0.0, math.nan, 5e-324, 0.0],
    }
    for row, right in expected.items():
        got = compile_function(lambda x: row(x[0]), 1).value(points)  # noqa: B023
        np.testing.assert_allclose(got, right, rtol=1e-15, err_msg=row.name)


def test_equal_programs_share_their_native_code_and_signs_of_zero_differ():
    pytest.importorskip("llvmlite")
    one, two = (compile_function(lambda x: x[0] * 3.0, [name]) for name in "ab")
    assert one._all._kernel is two._all._kernel
    plus, minus = (compile_function(lambda x: x[0] * zero, 1) for zero in (0.0, -0.0))  # noqa: B023
    assert math.copysign(1.0, minus.value([[1.0]])[0]) == -math.copysign(1.0, plus.value([[1.0]])[0])


def test_a_long_row_by_itself_is_computed_by_scalar_code_and_has_the_same_numbers(monkeypatch):
    """To the bit, also where vectors call the C library for some lanes; each code is compiled when it is first needed."""
    pytest.importorskip("llvmlite")
    rows = [row for row in rows_of_the_table() if row.arity in (1, 2)]

    def function(x, y):
        return [row(*(x, y)[: row.arity]) for row in rows] + [softmax([x, y, x * y])[1], logsumexp([x, y, 1.0])]

    c = compile_function(function)
    monkeypatch.setattr("autograd_tiny.lowering.compiled.LONG_ROW", 0)
    widths = []
    original = llvm.shared_kernel
    monkeypatch.setattr(llvm, "shared_kernel", lambda *args: (widths.append(args[2:]), original(*args))[1])
    numbers = [0.3, -0.0, 0.0, 1.7, -2.5, 800.0, -800.0, 1e-310, 1e6, 3e7, math.inf, -math.inf, math.nan]
    points = np.array([[x, y] for x in numbers for y in (0.7, -1.5, x)])
    alone = [c.value_and_jacobian(point) for point in points]
    assert widths == [(1,)]
    for i, together in enumerate(zip(*c.value_and_jacobian(points))):
        for one, among in zip(alone[i], together):
            np.testing.assert_array_equal(one, among, err_msg=str(points[i]))
            np.testing.assert_array_equal(np.signbit(one)[one == 0.0], np.signbit(among)[one == 0.0])
    assert widths == [(1,), (0,)]


def test_common_parts_are_computed_once_and_dead_ones_not_at_all():
    def function(x):
        exp(x[0]) * 2.0
        return (x[0] + x[1]) * (x[1] + x[0]) * exp(Expression.constant(0.5) * 2.0)

    instructions = compile_function(function, 2).program.instructions
    names = [row.name for row, _ in instructions]
    assert names.count("exp") == 0
    assert sum(operands == (0, 1) for _, operands in instructions) == 1
    assert len(set(instructions)) == len(instructions)


@pytest.mark.parametrize(
    ("c", "d", "rows"),
    [
        (2.0, 0.5, 0),
        (-2.0, -0.5, 0),
        (0.25, 8.0, 1),
        (-4.0, 0.5, 1),
        (2.0, 3.0, 2),
        (3.0, 2.0, 2),
        (2.0**1000, 2.0**1000, 3),
        (2.0**-1000, 2.0**-1000, 2),
        (0.0, 2.0, 2),
    ],
)
def test_two_powers_of_two_scale_a_number_once(c, d, rows):
    """Nothing is rounded by them; other factors stay, since c (d x) is rounded twice, and what overflows does."""
    for scaled in (lambda x: c * (d * x), lambda x: (x * d) * c, lambda x: d * (x * c)):
        program = compile_function(scaled, backend="python")
        assert len([row for row, _ in program.program.instructions if row.name == "mul"]) == rows
        assert program.value([0.1 / max(c, 1.0)]) == scaled(0.1 / max(c, 1.0))
    assert compile_function(lambda x, y: (x - y) ** 2 / 2.0)(3.0, 0.1) == (4.205, (2.9, -2.9))


def test_the_order_of_operands_counts_only_where_it_matters():
    """Whether it does, the row says."""

    def twice(row):
        program = compile_function(lambda x: row(x[0], x[1]) * x[2] + row(x[1], x[0]), 3).program
        return sum(instruction.row is row and set(instruction.operands) == {0, 1} for instruction in program.instructions)

    assert [twice(row) for row in (maximum, hypot, sub, less)] == [1, 1, 2, 2]


@pytest.mark.parametrize("make", [lambda p: optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.01), lambda p: optim.Adam(p, 0.05)])
def test_fit_gives_the_numbers_of_the_eager_loop(make):
    samples = moons(25)
    ours, theirs = (nn.MLP([2, 4, 1], ["tanh", "linear"], rng=Random(3)) for _ in range(2))
    optimizer, other = make(ours.parameters()), make(theirs.parameters())
    compiled = compile_model(ours, hinge_of_one)
    history = compiled.fit(samples, optimizer=optimizer, epochs=2, batch_size=10, seed=5)
    history += compiled.fit(np.array(samples), optimizer=optimizer, epochs=1, batch_size=10, seed=6)

    expected, rngs = [], [Random(5), Random(6)]
    for epoch in range(3):
        if epoch != 1:
            rng, order = rngs.pop(0), list(range(25))
        rng.shuffle(order)
        whole = 0.0
        for start in range(0, 25, 10):
            batch = [samples[i] for i in order[start : start + 10]]
            other.zero_grad()
            loss = mean([hinge_of_one(theirs(row[:2]), row[2:]) for row in batch])
            loss.backward()
            other.step()
            whole += loss.data * len(batch)
        expected.append(whole / 25)
    assert history == pytest.approx(expected, rel=1e-12)
    assert [p.data for p in ours.parameters()] == pytest.approx([p.data for p in theirs.parameters()], rel=1e-11)
    assert optimizer.steps == other.steps
    ours_again = eager(ours, samples, hinge_of_one)
    optimizer.step()
    assert ours_again[0] == pytest.approx(eager(theirs, samples, hinge_of_one)[0], rel=1e-11)
    other.step()
    assert [p.data for p in ours.parameters()] == pytest.approx([p.data for p in theirs.parameters()], rel=1e-10)


@pytest.mark.parametrize("size", [0, -1, 2.5, "3"])
def test_a_batch_has_at_least_one_row(size):
    model = nn.MLP([2, 1], ["linear"])
    compiled = compile_model(model, hinge_of_one, backend="python")
    with pytest.raises(ValueError, match=f"one in a batch, got 5 samples and batch_size={size!r}"):
        compiled.fit(moons(5), optimizer=optim.SGD(model.parameters(), 0.1), epochs=1, batch_size=size)


def test_a_progress_bar_is_shown_where_it_is_asked_for(monkeypatch):
    shown = []
    monkeypatch.setattr("autograd_tiny.text.progress.progress", lambda items, what: shown.append(what) or items)
    model = nn.MLP([2, 1], ["linear"])
    compiled, optimizer = compile_model(model, hinge_of_one, backend="python"), optim.SGD(model.parameters(), 0.1)
    compiled.fit(moons(5), optimizer=optimizer, epochs=1)
    assert shown == []
    compiled.fit(moons(5), optimizer=optimizer, epochs=1, progress=True)
    assert shown == ["epochs"]


@pytest.mark.parametrize(
    ("features", "width"), [({"avx512f": True, "avx": True}, 8), ({"avx512f": False, "avx": True}, 4), ({"avx": False}, 2), ({}, 2)]
)
def test_a_vector_is_as_wide_as_those_of_the_processor(monkeypatch, features, width):
    binding = pytest.importorskip("llvmlite.binding")
    monkeypatch.setattr(binding, "get_host_cpu_features", lambda: features)
    assert llvm.host_width.__wrapped__() == width


def test_threads_may_share_a_program():
    compiled = compile_function(lambda x: sum(x[i] * exp(-x[i - 1] * x[i]) for i in range(len(x))), 12)
    points = np.random.default_rng(0).normal(size=(3001, 12))
    expected = compiled.value_and_grad(points)[1]
    results = []
    threads = [threading.Thread(target=lambda: results.append(compiled.value_and_grad(points)[1])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert all((got == expected).all() for got in results)


def test_a_primitive_of_your_own_needs_an_expansion_for_native_code():
    forward, rule = (lambda x: x * x + 1.0), (lambda out, x: (2.0 * x,))
    bare = Primitive("square_plus", forward, rule, doc="x² + 1")
    opened = Primitive("square_plus", forward, rule, doc="x² + 1", expansion=lambda x: x * x + 1.0)
    assert compile_function(lambda x: bare(x[0]), 1, backend="python").value_and_grad([[3.0]])[1][0][0] == 6.0
    assert compile_function(lambda x: opened(x[0]), 1, backend="llvm").value_and_grad([[3.0]])[1] == 6.0
    with pytest.raises(TypeError, match="square_plus cannot be compiled to native code: give the Primitive an expansion="):
        compile_function(lambda x: bare(x[0]), 1, backend="llvm").value([[3.0]])


def test_a_long_dot_is_called_in_python_source_and_a_short_one_written_out():
    x = [Random(1).uniform(-1.0, 1.0) for _ in range(100)]
    for n in (3, 40, 41, 100):
        program = compile_function(lambda x: dot(x, x[::-1]), n, backend="python")
        value, gradient_ = program(*x[:n])
        assert value == pytest.approx(dot(x[:n], x[:n][::-1]), rel=1e-14)  # from Python 3.12 on sum() adds more precisely
        assert gradient_ == pytest.approx([2.0 * v for v in x[:n][::-1]], rel=1e-15)
        assert ("dot(" in program.python()) == (n > 40)


def test_a_branch_of_the_data_is_recorded_by_where():
    program = compile_function(lambda x: where(x[0] > 1.0, x[0] ** 2, -x[0]), 1)
    values, gradients = program.value_and_grad([[3.0], [0.5]])
    assert list(values) == [9.0, -0.5]
    assert [list(row) for row in gradients] == [[6.0], [-1.0]]


def test_a_loss_may_use_parameters_only_or_none_of_the_sample():
    compiled = compile_loss(lambda theta, sample: theta[0] ** 2, 1, 0)
    loss, gradients = compiled.value_and_grad(np.array([3.0]), np.empty((5, 0)))
    assert (loss, gradients.tolist()) == (9.0, [6.0])
    assert parameter_vector(nn.Neuron([Value(1.0)], Value(2.0))).tolist() == [1.0, 2.0]
