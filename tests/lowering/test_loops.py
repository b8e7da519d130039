"""Layers as loops: which sums are found, and that native code gives the eager numbers whatever the sizes."""

from functools import lru_cache
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from compiled import eager, hinge_of_one, moons

from autograd_tiny import TABLE, array, dot, exp, logsumexp, maximum, nn, relu, sin, tanh, total
from autograd_tiny.lowering import compile_function, compile_loss, compile_model
from autograd_tiny.lowering.native import arrangement, frame
from autograd_tiny.lowering.native.arrangement import arranged
from autograd_tiny.lowering.native.assembly import Assembly
from autograd_tiny.lowering.native.llvm import Kernel, machine_code
from autograd_tiny.lowering.native.loops import MatrixVector, MeanOuter, Repeated
from autograd_tiny.lowering.runners import Layout, Native
from autograd_tiny.worked.char_gpt import CharGPT, compile_gpt

BACKENDS = ("python", "llvm")

def layout_of(compiled):
    return Layout(compiled.n_parameters, compiled.n_columns, 0, 0, 1 + compiled.n_parameters)


def loops(compiled, width=8):
    return [loop for _, loop in Assembly(compiled.program, layout_of(compiled), width).steps if loop]


def shapes(steps):
    return sorted([(type(x).__name__, len(x.left), len(x.right)) for _, x in steps if isinstance(x, (MatrixVector, MeanOuter))])


def native_means(compiled, theta, batch, width):
    native = Native(Kernel(machine_code(compiled.program, layout_of(compiled), width)))
    return native(np.asarray(theta), np.asarray(batch))[2]


def mlp(*sizes, activation="relu"):
    model = nn.MLP(sizes, [*[activation] * (len(sizes) - 2), "linear"], rng=Random(1))
    return model, compile_model(model, hinge_of_one, backend="llvm")


def test_a_layer_is_three_loops():
    """Its sums, the derivatives by its inputs, and those by its weights; the first layer has but two inputs and is none."""
    _, compiled = mlp(2, 12, 14, 1)
    for computation in (compiled.program, compiled._recorded):  # what can be read, and what machine code is made of
        steps = Assembly(computation, layout_of(compiled), 8).steps
        assert shapes(steps) == [("MatrixVector", 12, 14), ("MatrixVector", 14, 12), ("MeanOuter", 12, 14)]
    _, small = mlp(2, 4, 4, 1)
    assert not loops(small)


@pytest.mark.parametrize(
    "layer", [lambda x, w, b: x @ w + b, lambda x, w, b: w.T @ x + b, lambda x, w, b: (array([x]) @ w + b)[0]]
)
def test_layers_written_with_arrays_are_the_same_loops(layer):
    model, of_model = mlp(12, 14, 3)

    def loss(theta, sample):
        hidden = layer(array(sample[:12]), _rows(theta[:168], 14), array(theta[168:182])).relu()
        return hinge_of_one(layer(hidden, _rows(theta[182:224], 3), array(theta[224:]))[:1], sample[12:])

    of_arrays = compile_loss(loss, model.parameters(), 13, backend="llvm")
    assert sorted(map(repr, loops(of_arrays))) == sorted(map(repr, loops(of_model)))
    assert len(loops(of_model)) >= 2


def _rows(numbers, width):
    return array([numbers[i : i + width] for i in range(0, len(numbers), width)])


@pytest.mark.parametrize("width", [4, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 8, 16))])
@pytest.mark.parametrize(("sizes", "smallest"), [((2, 19, 23, 1), 100), ((2, 7, 5, 3, 1), 1), ((2, 16, 32, 1), 1), ((2, 1, 3, 1), 1)])
def test_loops_of_every_size_agree_with_the_eager_engine(monkeypatch, sizes, smallest, width):
    monkeypatch.setattr(arrangement, "SMALLEST_LOOP", smallest)
    model, compiled = mlp(*sizes, activation="silu")
    assert {type(loop) for loop in loops(compiled, width)} >= {MeanOuter, MatrixVector}
    for n, frame_bytes in ((1, 2**19), (width, 2**19), (5 * width + 3, 2**19), (5 * width + 3, 1)):
        monkeypatch.setattr(frame, "FRAME_BYTES", frame_bytes)
        samples = moons(n)
        loss, gradients = eager(model, samples, hinge_of_one)
        means = native_means(compiled, compiled.parameter_vector(), samples, width)
        np.testing.assert_allclose(means, [loss, *gradients], rtol=1e-12, atol=1e-15)


def test_a_layer_with_its_weights_on_the_right_and_its_bias_inside_is_loops():
    def loss(p, x):
        hidden = [tanh(v) for v in x]
        return total([tanh(dot(hidden, p[17 * i : 17 * i + 16], p[17 * i + 16])) for i in range(16)])

    compiled = compile_loss(loss, 17 * 16, 16, backend="python")
    for computation in (compiled.program, compiled._recorded):
        assembly = Assembly(computation, layout_of(compiled), 8)
        assert shapes(assembly.steps) == [("MatrixVector", 16, 16), ("MeanOuter", 16, 16)]
        assert [*assembly.program.calls(TABLE["dot"])], "opened, they would be most of the instructions"


def test_a_small_layer_that_is_used_at_many_positions_has_one_loop_over_them():
    """What counts is how many products all positions have together."""

    def loss(p, x):
        positions = [[tanh(v) for v in x[4 * k : 4 * k + 4]] for k in range(10)]
        return total([tanh(dot(p[4 * i : 4 * i + 4], hidden)) for hidden in positions for i in range(4)])

    compiled = compile_loss(loss, 16, 40, backend="python")
    (outer,) = [loop for loop in loops(compiled) if isinstance(loop, MeanOuter)]
    assert (len(outer.left), len(outer.right), len(outer.left[0])) == (4, 4, 10)


def test_two_linear_layers_with_two_neurons_exchanged_between_them_agree():
    """What one loop leaves side by side, the other wants in an order that differs in two places."""

    def loss(p, x):
        first = [dot(p[16 * i : 16 * i + 16], [tanh(v) for v in x]) for i in range(16)]
        first[6], first[7] = first[7], first[6]
        return total([tanh(dot(p[256 + 16 * i : 272 + 16 * i], first)) for i in range(16)])

    compiled = [compile_loss(loss, 512, 16, backend=backend) for backend in BACKENDS]
    rng = np.random.default_rng(0)
    theta, batch = rng.normal(size=512) / 4.0, rng.normal(size=(3, 16))
    (right, expected), (got, gradient) = [c.value_and_grad(theta, batch) for c in compiled]
    assert got == pytest.approx(right, rel=1e-12)
    np.testing.assert_allclose(gradient, expected, rtol=1e-11, atol=1e-13)


def test_loops_over_the_columns_of_a_wide_batch_agree(monkeypatch):
    monkeypatch.setattr(arrangement, "SMALLEST_LOOP", 20)
    model = nn.MLP([40, 9, 1], ["tanh", "linear"], rng=Random(1))
    compiled = compile_model(model, hinge_of_one, backend="llvm")
    assert {type(loop) for loop in loops(compiled)} >= {MeanOuter, MatrixVector}
    samples = np.random.default_rng(0).normal(size=(21, 41))
    loss, gradients = compiled.value_and_grad(compiled.parameter_vector(), samples)
    expected = compile_model(model, hinge_of_one, backend="python").value_and_grad(compiled.parameter_vector(), samples)
    assert loss == pytest.approx(expected[0], rel=1e-13)
    np.testing.assert_allclose(gradients, expected[1], rtol=1e-12, atol=1e-15)


def test_a_gpt_whose_every_sum_is_a_loop_agrees(monkeypatch):
    """Weights that are used at every position: sums over positions, and vectors that other sums want in another order."""
    monkeypatch.setattr(arrangement, "SMALLEST_LOOP", 1)
    monkeypatch.setattr(arrangement, "SMALLEST_REPETITION", 2)
    model = CharGPT(4, 2, 4, rng=Random(0))
    compiled = compile_gpt(model, backend="llvm")
    assert sum(isinstance(loop, Repeated) for loop in loops(compiled)) >= 20
    assert sum(isinstance(sums, MeanOuter) and len(sums.left[0]) == 4 for sums in loops(compiled)) >= 5
    rows = np.array([compiled.model.row(name) for name in ("ida", "al", "max", "", "zoe")])
    loss, gradient = compiled.value_and_grad(compiled.parameter_vector(), rows)
    expected = compile_gpt(model, backend="python").value_and_grad(compiled.parameter_vector(), rows)
    assert loss == pytest.approx(expected[0], rel=1e-13)
    np.testing.assert_allclose(gradient, expected[1], rtol=1e-11, atol=1e-15)


def test_a_weighted_sum_may_itself_be_wanted(monkeypatch):
    """As a value of each row, as a mean, and as an operand, with parameters that lie in any order."""
    monkeypatch.setattr(arrangement, "SMALLEST_LOOP", 20)

    def loss(p, x):
        hidden = [tanh(v) for v in x]
        sums = [dot(p[start::16], hidden) for start in (3, 1, 2, 5, 4, 0, 7, 9)]
        return dot(sums, sums[::-1]) + sums[2]

    compiled = compile_loss(loss, 16 * 16, 16, backend="llvm")
    assert [len(sums.left) for sums in loops(compiled) if isinstance(sums, MatrixVector) and len(sums.left) > 1] == [6, 2]
    rng = np.random.default_rng(0)
    theta, batch = rng.normal(size=256), rng.normal(size=(19, 16))
    expected = compile_loss(loss, 256, 16, backend="python")
    np.testing.assert_allclose(compiled.value(theta, batch), expected.value(theta, batch), rtol=1e-12)
    got, right = compiled.value_and_grad(theta, batch), expected.value_and_grad(theta, batch)
    np.testing.assert_allclose([got[0], *got[1]], [right[0], *right[1]], rtol=1e-12, atol=1e-14)
    only_sums = compile_loss(lambda p, x: dot(p[:128], [relu(v) for v in x]), 128, 128, backend="llvm")
    batch = rng.normal(size=(9, 128))
    assert only_sums.value_and_grad(theta[:128], batch)[0] == pytest.approx((np.maximum(batch, 0.0) @ theta[:128]).mean())


def links(x):
    """A sum over neighbours, in which the derivatives by each have the same formula."""
    return [(b - a) ** 4 + sin(a) * b for a, b in pairwise(x)]


def test_a_formula_that_is_repeated_is_compiled_once():
    """However often it is; what it gives is wanted as a value or as a derivative, or other formulas use it."""

    def instructions(n):
        compiled = compile_function(lambda x: total(links(x)), n, backend="llvm")
        steps = Assembly(compiled.program, Layout(0, n, 1, n, 0), 8).steps
        formulas = [step.loop.formula for step in steps if step.loop]
        return len(formulas), sum(map(len, formulas)), sum(len(step.span) for step in steps if not step.loop)

    few, in_loops, others = instructions(250)
    assert few >= 5
    more = instructions(500)
    assert more[:2] == (few, in_loops)
    assert more[2] - others == 250  # the sum itself, one addition after the other


@pytest.mark.parametrize("rows", [1, 8, 21])
def test_repeated_formulas_agree_with_the_formulas_one_by_one(monkeypatch, rows):
    """On inputs, on parameters, as values, derivatives and means; the last rows are repeated and count once."""
    monkeypatch.setattr(arrangement, "SMALLEST_REPETITION", 2)
    rng = np.random.default_rng(rows)
    points = rng.normal(size=(rows, 90))
    of_inputs = [compile_function(lambda x: [total(links(x)), *links(x[:20])], 90, backend=backend) for backend in BACKENDS]
    for got, right in zip(*[compiled.value_and_jacobian(points) for compiled in of_inputs]):
        np.testing.assert_allclose(got, right, rtol=1e-12, atol=1e-12)

    def loss(p, x):
        return total([maximum(v, 0.5) for v in links([a * x[0] + b / x[1] for a, b in zip(p[:40], p[40:])])]) * p[3]

    of_parameters = [compile_loss(loss, 80, 2, backend=backend) for backend in BACKENDS]
    assert any(isinstance(loop, Repeated) and loop.operands[0][0] < 80 for loop in loops(of_parameters[1]))
    theta = rng.normal(size=80)
    got, right = [compiled.value_and_grad(theta, points[:, :2]) for compiled in of_parameters]
    assert got[0] == pytest.approx(right[0], rel=1e-12)
    np.testing.assert_allclose(got[1], right[1], rtol=1e-11, atol=1e-11)


def test_what_all_results_of_a_repeated_formula_use_is_read_once(monkeypatch):
    monkeypatch.setattr(arrangement, "SMALLEST_REPETITION", 2)
    compiled = [compile_function(waves, 30, backend=backend) for backend in BACKENDS]
    assembly = Assembly(compiled[1].program, Layout(0, 30, 1, 30, 0), 8)
    formulas = [loop for _, loop in assembly.steps if loop]
    fixed = [x for loop in formulas for x in loop.fixed if x >= assembly.program.n_leaves]
    assert fixed, "the factor exp(-x[0]) of every derivative"
    assert all(len({*row}) > 1 for loop in formulas for row in loop.operands)
    point = np.linspace(-1.0, 1.0, 30)
    (value, gradient), (expected, by_rule) = [c.value_and_grad(point) for c in compiled]
    assert value == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, by_rule, rtol=1e-12)


def test_places_are_looked_up_only_where_they_are_uneven():
    _, compiled = mlp(2, 30, 28, 1)
    assembly = Assembly(compiled.program, layout_of(compiled), 8)
    of_weights = {f"step{i}.left": loop.left[0] for i, (_, loop) in enumerate(assembly.steps) if isinstance(loop, MatrixVector)}
    assert {*of_weights} <= {*assembly.tables}, "the function of a layer serves several, with a table of each"
    others = [[*places] for name, places in assembly.tables.items() if not name.endswith((".left", ".right"))]
    assert others
    assert all(len({after - before for before, after in pairwise(places)}) > 1 for places in others)


def test_sums_of_many_terms_in_loops_agree(monkeypatch):
    """Sums so long that they are no part of a formula, their terms repeated, some of them used twice."""
    monkeypatch.setattr(arrangement, "SMALLEST_REPETITION", 2)

    def function(x):
        sums = [sum(tanh(a * b) * a for a, b in zip(x[k:], x[: 40 - k])) for k in range(12)]
        return [logsumexp(sums), dot(sums, x[:12]), logsumexp(x)]

    points = np.random.default_rng(0).normal(size=(9, 40))
    native, python = [compile_function(function, 40, backend=backend).value_and_jacobian(points) for backend in BACKENDS[::-1]]
    for got, right in zip(native, python):
        np.testing.assert_allclose(got, right, rtol=1e-12, atol=1e-13)


def test_a_layer_written_with_sum_is_loops_too():
    def loss(p, x):
        hidden = [tanh(sum(p[16 * i + j] * x[j] for j in range(16))) for i in range(16)]
        return sum(p[256 + i] * h for i, h in enumerate(hidden))

    compiled = compile_loss(loss, 272, 16, backend="llvm")
    assert {type(loop) for loop in loops(compiled)} >= {MatrixVector, MeanOuter}
    rng = np.random.default_rng(0)
    theta, batch = rng.normal(size=272), rng.normal(size=(5, 16))
    hidden = np.tanh(batch @ theta[:256].reshape(16, 16).T)
    assert compiled.value(theta, batch) == pytest.approx(hidden @ theta[256:], rel=1e-12)


def a_layer_around_sums(p, x):
    """One sum needs the other; the layer is computed before both, so that they are counted from further back."""
    first, *layer = [tanh(dot(p[8 * i : 8 * i + 8], x[:8])) for i in range(40)]
    inner = dot(x[:9], x[1:10])
    outer = dot([inner, *x[1:9]], x[7:16])
    return total([first, outer, inner, *layer])


def irregular_weights(p, x):
    """What looks like a layer and is none, since its weights do not lie in equal steps."""
    return total([tanh(dot(p[k * k : k * k + 16], x)) for k in range(12)])


def waves(x):
    """One value with many derivatives, which end in a loop."""
    return exp(-x[0]) * total([sin(tanh(v) ** 2 + v * v) for v in x])


def powers(x):
    """One value with many derivatives, none of them with the formula of another."""
    return exp(-x[0]) * total([v**k for k, v in enumerate(x, 9)])


PROGRAMS = {
    "a network": (lambda: mlp(2, 12, 14, 1)[1], 0),
    "sums": (lambda: compile_loss(a_layer_around_sums, 320, 16, backend="python"), 16),
    "sums, of columns apart": (lambda: compile_loss(a_layer_around_sums, 320, 16, backend="python"), 0),
    "irregular weights": (lambda: compile_loss(irregular_weights, 137, 16, backend="python"), 16),
    "many derivatives": (lambda: compile_function(waves, 64, backend="python"), 64),
    "many derivatives, one by one": (lambda: compile_function(powers, 80, backend="python"), 80),
}


@lru_cache
def laid_out(name):
    """A program's layout, the program, and how it is arranged."""
    make, columns = PROGRAMS[name]
    compiled = make()
    first = getattr(compiled, "n_parameters", 0)
    layout = layout_of(compiled) if first else Layout(0, columns, 1, columns, 0)
    return layout, compiled.program, arranged(compiled.program, layout, range(first, first + columns))


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_arranged_program_computes_the_same_in_a_valid_order(name):
    _, program, (found, steps, vectors) = laid_out(name)
    for number, (_, operands) in enumerate(found.instructions, found.n_leaves):
        assert all(x < number for x in operands)
    assert [x for span, _ in steps for x in span] == list(range(found.n_leaves, found.n_leaves + len(found.instructions)))
    assert steps[-1].loop is None, "it writes the outputs"
    assert len({x for vector in vectors for x in vector}) == sum(map(len, vectors))
    point = [Random(1).uniform(-1.0, 1.0) for _ in found.inputs]
    assert found.evaluate(*point) == pytest.approx(program.evaluate(*point), rel=1e-12)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_frame_holds_what_later_steps_use_and_no_more(name, monkeypatch):
    layout, _, arrangement = laid_out(name)
    program, steps, vectors = arrangement
    monkeypatch.setattr(frame, "FEW_PARAMETERS", layout.n_parameters - 1)
    found = frame.Frame(arrangement, layout, 8)
    made = dict(enumerate([i for i, (span, _) in enumerate(steps) for _ in span], program.n_leaves))
    operands = {number: program.instructions[number - program.n_leaves].operands for number in made}
    until = {**made, **{x: made[number] for number in made for x in operands[number]}}
    until.update(dict.fromkeys([x for numbers in found.few.values() for x in numbers], len(steps) - 1))
    until.update(dict.fromkeys([x for numbers in found.many.values() for x in numbers], len(steps)))
    # Vectors have their places from the beginning, so that the values of each are side by side.
    since = made | {x: 0 for vector in vectors for x in vector}
    assert found.slots.keys() == {x for x in made if until[x] > since[x]} | {x for vector in vectors for x in vector}
    alive = [[slot for x, slot in found.slots.items() if since[x] <= i <= until[x]] for i in range(len(steps))]
    assert all(len(slots) == len({*slots}) for slots in alive)
    assert found.columns_at == max(map(len, alive)), "a slot is used again"
    n_vectors = found.columns_at + layout.n_columns * found.wide
    assert found.size in (8 * n_vectors, 8 * n_vectors + 8)
    assert found.size // 8 % 2 == 1
    assert 8 * found.size * found.group <= frame.FRAME_BYTES < 8 * found.size * (found.group + 1)
    assert found.group > 1, "a step goes over several blocks"
    in_steps = [(i, x) for i, (span, loop) in enumerate(steps) if not loop for number in span for x in operands[number]]
    assert {*found.pool} == {(i, x) for i, x in in_steps if x < layout.n_parameters}
    assert [*found.pool.values()] == [*range(found.places[-1], found.places[-1] + len(found.pool))]
    monkeypatch.setattr(frame, "FEW_PARAMETERS", layout.n_parameters)
    monkeypatch.setattr(frame, "FRAME_BYTES", 1)
    found = frame.Frame(arrangement, layout, 8)
    assert (found.pool, found.group) == ({}, 1)


def test_where_nothing_waits_there_is_no_frame():
    compiled, layout = compile_function(lambda x: sin(x[0]), 1, backend="python"), Layout(0, 1, 1, 1, 0)
    found = frame.Frame(arranged(compiled.program, layout, range(0)), layout, 8)
    assert (found.slots, found.size, found.workspace) == ({}, 0, 8 * 3), "the last rows of batch, values and derivatives"
    assert found.group >= 2**32, "one step goes over all blocks"


@pytest.mark.parametrize("rows", [1, 3, 9])
def test_an_infinite_last_row_counts_once(rows):
    """The lanes that repeat it to fill a vector add nothing, not even the NaN of infinity times 0."""
    _, compiled = mlp(2, 12, 14, 1)
    batch = np.ones((rows, 3))
    batch[-1, 0] = np.inf
    theta = np.abs(compiled.parameter_vector())
    with np.errstate(all="ignore"):
        _, gradient = compiled.value_and_grad(theta, batch * [1.0, 1.0, -1.0])
    assert np.isposinf(gradient).any()
    assert not np.isnan(gradient).any()


def test_a_nan_in_one_row_reaches_the_mean():
    _, compiled = mlp(2, 12, 14, 1)
    batch = np.ones((11, 3)) * [1.0, 1.0, -1.0]
    batch[4, 1] = np.nan
    _, gradient = compiled.value_and_grad(np.abs(compiled.parameter_vector()), batch)
    assert np.isnan(gradient).any()


def random_network(rng):
    """An MLP and its loss, or weights that several layers and positions use in windows that overlap."""
    n, targets = rng.randint(1, 20), rng.randint(1, 4)
    if rng.random() < 0.7:
        sizes = [n, *[rng.randint(1, 20) for _ in range(rng.randint(1, 3))], targets]
        activations = [rng.choice(["relu", "tanh", "silu", "sigmoid", "linear"]) for _ in sizes[1:]]
        model = nn.MLP(sizes, activations, rng=rng)
        return compile_model(model, lambda y, t: logsumexp(*y) - dot(y, t), n_targets=targets, backend="python")
    width, positions, step = rng.randint(1, 8), rng.randint(1, 5), rng.randint(1, 3)

    def loss(p, x):
        layers = [x[i * width : (i + 1) * width] for i in range(positions)]
        for start in range(2):
            rows = [p[(i * step + start) % 9 :][:width] for i in range(width)]
            layers = [[tanh(dot(row, layer)) for row in rows] for layer in layers]
        return total([total(layer) for layer in layers]) + dot(p[:positions], [layer[0] for layer in layers])

    return compile_loss(loss, 9 + width, positions * width, backend="python")


SETTINGS = {
    arrangement: {"SMALLEST_LOOP": [1, 4, 20], "CHUNK": [7, 250]},
    frame: {"FRAME_BYTES": [1, 2**14], "FEW_PARAMETERS": [0, 2048], "WIDEST_SHUFFLE": [0, 64]},
}


@pytest.mark.slow
def test_random_networks_agree(monkeypatch):
    found = 0
    for seed in range(60):
        rng = Random(seed)
        for module, settings in SETTINGS.items():
            for name, choices in settings.items():
                monkeypatch.setattr(module, name, rng.choice(choices))
        compiled, width = random_network(rng), rng.choice([2, 4, 8])
        found += len(loops(compiled, width))
        theta = [rng.gauss(0.0, 0.5) for _ in range(compiled.n_parameters)]
        batch = [[rng.gauss(0.0, 1.0) for _ in range(compiled.n_columns)] for _ in range(rng.choice([1, 7, 8, 9, 40]))]
        loss, gradient = compiled.value_and_grad(theta, batch)
        np.testing.assert_allclose(native_means(compiled, theta, batch, width), [loss, *gradient], rtol=1e-10, atol=1e-12)
    assert found > 200
