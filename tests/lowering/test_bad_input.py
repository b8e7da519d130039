"""What a compiled program does with functions, models and arrays that it cannot take."""

import copy
import keyword
import math
import operator
import pickle
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest
from compiled import rows_of_the_table

from autograd_tiny import Expression, Value, array, dot, exp, losses, nn, optim, sigmoid, tanh, where
from autograd_tiny.lowering import assign, compile_function, compile_loss, compile_model, parameter_vector
from autograd_tiny.lowering.sources.names import Names

HERE = Path(__file__)
secret = Value(2.0, "secret")
formula = Expression("formula")


def branch(x):
    return x[0] if x[0] > 0 else -x[0]


def builtin_max(x):
    return max(x[0], x[1])


def data(x):
    return x[0] * x[1].data


def number(x):
    return math.exp(x[0])


def index(x):
    return [x[0], x[1]][x[0]]


def closing_over_a_value(x):
    return x[0] * secret


def value_on_the_left(x):
    return secret * x[0]


def value_in_a_dot(x):
    return dot([secret, secret], x)


def deeper(x):
    def inner(v):
        return 1.0 if v else 0.0

    return inner(x[0])


@pytest.mark.parametrize(
    ("function", "remedy"),
    [
        (branch, "where"),
        (builtin_max, "maximum"),
        (data, "keep computing with the operand itself"),
        (number, "use the functions of autograd_tiny"),
        (index, "use the functions of autograd_tiny"),
        (closing_over_a_value, "declare the Value as a parameter, or use v.data"),
        (value_on_the_left, "declare the Value as a parameter, or use v.data"),
        (value_in_a_dot, "declare the Value as a parameter, or use v.data"),
        (deeper, "where"),
    ],
)
def test_what_needs_a_number_while_tracing_is_refused_at_its_line(function, remedy):
    lines = HERE.read_text(encoding="utf-8").splitlines()
    with pytest.raises(TypeError) as caught:
        compile_function(function, 2)
    message = str(caught.value)
    assert remedy in message
    place = message.split(": ")[0]
    assert place.startswith(str(HERE))
    line = lines[int(place.rpartition(":")[2]) - 1].strip()
    assert line in message
    assert "return" in line


@pytest.mark.parametrize("function", [math.sqrt, partial(math.sqrt)])
def test_a_function_without_lines_is_named_itself(function):
    with pytest.raises(TypeError) as caught:
        compile_function(function, like=2.0)
    assert str(caught.value).startswith(f"{function!r}: a number is needed")


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, r"test_bad_input\.py:\d+: <lambda> must return .*, but returned None; is a return missing\?"),
        (2.0, "returned 2.0, which does not depend on them"),
        (secret, "declare the Value as a parameter"),
        ([], "returned no result"),
        ("y", "returned 'y'"),
    ],
)
def test_a_function_returns_formulas(result, message):
    with pytest.raises(TypeError, match=message):
        compile_function(lambda x: result, 2)


def test_an_error_of_the_function_itself_passes_unchanged():
    def broken(x):
        raise ValueError("my own")

    with pytest.raises(ValueError, match=r"^my own$"):
        compile_function(broken, 2)


def test_an_error_of_the_users_own_is_told_by_its_type_and_not_by_its_words():
    for mine in (ValueError("Value of k must be positive"), TypeError("neither true nor false"), TypeError("no Expression"),
                 AttributeError("no attribute 'data'")):  # fmt: skip

        def broken(x):
            raise mine  # noqa: B023

        with pytest.raises(type(mine)) as caught:
            compile_function(broken, 2)
        assert caught.value is mine


BINARY = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.lt, operator.le, operator.gt, operator.ge,
    operator.eq, operator.ne, min, max,
]  # fmt: skip


@pytest.mark.parametrize("operation", BINARY, ids=lambda f: f.__name__)
def test_no_value_from_outside_passes_an_operator_unseen(operation):
    for function in (lambda x: operation(x[0], secret), lambda x: operation(secret, x[0])):
        with pytest.raises(TypeError, match=r"declare the Value as a parameter, or use v\.data" + "|use where" * (operation in (min, max))):
            compile_function(lambda x: where(function(x), x[0], 1.0), 1)  # noqa: B023


@pytest.mark.parametrize("comparison", BINARY[5:9], ids=lambda f: f.__name__)
def test_a_choice_by_the_number_of_a_value_from_outside_is_refused(comparison):
    for pair in ((secret, 0.5), (0.5, secret), (secret, Value(0.5))):
        with pytest.raises(TypeError, match=r"would fix the outcome in the program; .*declare the Value as a parameter"):
            compile_function(lambda x: where(comparison(*pair), x[0], 1.0), 1)  # noqa: B023
    assert comparison(secret, 0.5) == comparison(2.0, 0.5)  # and only while a function is recorded


@pytest.mark.parametrize("row", list(rows_of_the_table()), ids=lambda row: row.name)
def test_no_value_from_outside_passes_a_row_unseen(row):
    n = row.arity or 4
    if n == 1:
        return  # beside nothing else, the result is a Value, which the next operation refuses
    for place in range(n):
        for others in (0, 1):  # the Value among formulas, and the formula among Values
            operands = [lambda x: secret, lambda x: x[0]][:: -1 if others else 1]
            with pytest.raises(TypeError, match=r"declare the Value as a parameter, or use v\.data"):
                compile_function(lambda x: row(*_as_arguments(row, [operands[i != place](x) for i in range(n)])), 1)  # noqa: B023


def _as_arguments(row, operands):
    return (operands[:2], operands[2:]) if row.name == "dot" else operands


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x[0] * float(secret), lambda x: x[0] * round(secret), lambda x: x[0] if secret else x[1],
        lambda x: x[0] * math.exp(secret), lambda x: array([x[0], secret]).sum(),
        lambda x: x[0].leaky_relu(secret), lambda x: exp(secret) * x[0], lambda x: where(secret, x[0], x[1]),
        lambda x: sorted([secret, x[0]])[0],
        lambda x: nn.Layer(2, 2)(x), lambda x: losses.half_squared_error([x[0]], [secret]), lambda x: losses.hinge(secret, x[0]),
        lambda x: x[0] * np.array(secret, dtype=object), lambda x: (np.array([secret], dtype=object) * x[0])[0],
    ],
)  # fmt: skip
def test_no_value_from_outside_passes_a_function_unseen(function):
    with pytest.raises(TypeError, match=r"declare the Value as a parameter, or use v\.data|use where"):
        compile_function(function, 2)


def test_a_variable_from_elsewhere_is_refused():
    with pytest.raises(ValueError, match="the variable formula is no argument"):
        compile_function(lambda x: x[0] * formula, 1)


def test_nothing_to_compile_is_refused():
    with pytest.raises(ValueError, match="a function of no inputs"):
        compile_function(lambda x: 1.0, 0)
    with pytest.raises(ValueError, match="a loss without parameters"):
        compile_loss(lambda p, s: s[0], 0, 1)
    with pytest.raises(TypeError, match="a loss is one scalar, but the function returned 2"):
        compile_loss(lambda p, s: [p[0], s[0]], 1, 1)
    for given in (-1, True, 2.0, "ab"):
        with pytest.raises(TypeError, match="expected how many there are, or a list"):
            compile_function(lambda x: x[0], given)
    with pytest.raises(ValueError, match="'llvm' or 'python', got 'c'"):
        compile_function(lambda x: x[0], 1, backend="c")


@pytest.fixture(scope="module")
def line():
    return compile_loss(lambda p, s: (p[0] * s[0] + p[1] - s[1]) ** 2, ["w", "b"], ["x", "y"])


THETA = np.array([2.0, 1.0])
BATCH = np.array([[1.0, 2.0], [3.0, 5.0], [0.5, 0.25]])


@pytest.mark.parametrize(
    ("theta", "batch", "error", "message"),
    [
        (THETA[:1], BATCH, ValueError, r"the parameters must have shape \(2,\), got \(1,\)"),
        (THETA[:, None], BATCH, ValueError, r"the parameters must have shape \(2,\), got \(2, 1\)"),
        (THETA, BATCH[0], ValueError, r"the batch must have shape \(rows, 2\), got \(2,\); for a single row write batch\[None, :\]"),
        (THETA, BATCH[:, :1], ValueError, r"the batch must have shape \(rows, 2\), got \(3, 1\)"),
        (THETA, [[1.0, 2.0], [1.0]], ValueError, "rows of different length"),
        (THETA, BATCH[:0], ValueError, "the mean loss of no rows"),
        (THETA, BATCH.astype(complex), TypeError, "real numbers of at most 64 bits, got an array of complex128"),
        (THETA, BATCH.astype(object), TypeError, "got an array of object"),
        (THETA, BATCH.astype(str), TypeError, "got an array of <U"),
        (THETA, BATCH.astype(np.longdouble), TypeError, "at most 64 bits"),
        (THETA.astype("M8[s]"), BATCH, TypeError, "datetime64"),
        (THETA, np.ma.masked_greater(BATCH, 2.0), TypeError, "masked"),
        (THETA, list(np.ma.masked_greater(BATCH, 2.0)), TypeError, "masked"),
        (None, BATCH, TypeError, "the parameters must be real numbers"),
        (2.0, BATCH, ValueError, r"the parameters must have shape \(2,\), got \(\)"),
        (THETA, None, TypeError, "the batch must be rows of numbers, in a list or an array; got the NoneType None"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(line, theta, batch, error, message):
    with pytest.raises(error, match=message):
        line.value_and_grad(theta, batch)


@pytest.mark.parametrize("bad", [None, 5.0, {1.0, 2.0}, {0: 1.0, 1: 2.0}, iter([[1.0, 2.0]])], ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("backend", ["llvm", "python"])
def test_what_is_no_row_is_named_with_what_it_should_be(bad, backend):
    program = compile_function(lambda x, y: x * y, backend=backend)
    loss = compile_loss(lambda p, s: p[0] * s[0], ["w"], ["x"], backend=backend)
    wanted = r"must be (rows of numbers|a row of numbers), in a list or an array; got the|must be real numbers of at most 64 bits"
    for call in (program.value, program.value_and_grad, program.jacobian, program.hessian):
        with pytest.raises(TypeError, match=rf"(points|batch) {wanted}"):
            call(bad)
    for product in (program.hvp, program.jvp, program.vjp):
        with pytest.raises(TypeError, match=rf"(vectors|vector 0) {wanted}"):
            product([[1.0, 2.0], [3.0, 4.0]], bad)
    with pytest.raises(TypeError, match=rf"the batch {wanted}"):
        loss.value_and_grad([1.0], bad)
    with pytest.raises((TypeError, ValueError), match=rf"the parameters (must have shape|{wanted})"):
        loss.value(bad, [[1.0]])


@pytest.mark.parametrize(
    "batch",
    [
        BATCH.tolist(),
        np.asfortranarray(BATCH),
        np.repeat(BATCH, 2, axis=0)[::2],
        np.repeat(BATCH, 2, axis=1)[:, ::2],
        BATCH[::-1][::-1],
        BATCH.astype(np.float32),
        BATCH.astype(">f8"),
        np.frombuffer(b"x" + BATCH.tobytes(), np.uint8)[1:].view(np.float64).reshape(3, 2),
        np.broadcast_to(BATCH, (3, 2)),
    ],
    ids=["list", "Fortran", "every second row", "every second column", "reversed twice", "float32", "big-endian", "unaligned", "read-only"],
)
def test_other_arrays_are_converted(line, batch):
    loss, gradient = line.value_and_grad(THETA, BATCH)
    got_loss, got_gradient = line.value_and_grad(THETA.tolist(), batch)
    assert got_loss == loss
    assert got_gradient.tolist() == gradient.tolist()


def test_integers_are_numbers(line):
    assert line.value([2, 1], np.array([[1, 2], [3, 5]])).tolist() == [1.0, 4.0]


SMALL = (np.uint8(3), np.int8(100), np.float16(0.1), np.bool_(True), np.array(3, np.uint8), Fraction(1, 3), Decimal("0.1"), 3)


@pytest.mark.parametrize("number", SMALL, ids=repr)
def test_a_call_computes_in_floats_whatever_kind_of_number_it_is_given(number):
    """In NumPy's own arithmetic the sigmoid of 3 as uint8 is that of -253."""
    compiled = compile_function(lambda x, y: sigmoid(-x) * y + x**2 - y)
    compiled(0.5, 0.25)  # from here on floats are let through at once
    found = compiled(number, number)
    assert found == compiled(float(number), float(number)) == compiled(x=number, y=number)
    assert all(type(x) is float for x in (found[0], *found[1]))
    assert compiled.flat(number, 1).tolist() == [float(number), 1.0]


@pytest.mark.parametrize("bad", [1j, np.complex128(1 + 0j), np.timedelta64(3, "s"), "3", None, [3.0], np.ma.masked], ids=repr)
def test_a_call_with_what_is_no_number_names_the_argument(bad):
    compiled = compile_function(lambda x, y: sigmoid(x) * y)
    for call in (compiled, compiled.flat, compiled, compiled.flat):
        with pytest.raises(TypeError, match="the argument y must be a real number, got"):
            call(1.0, bad)
        assert compiled(0.0, 4.0) == (2.0, (1.0, 0.5))  # from here on floats are let through at once
    with pytest.raises(TypeError, match="row 0 of the batch, number 1 must be a real number, got"):
        compile_function(lambda x, y: x * y, backend="python").value([[1.0, bad]])


def test_inputs_are_left_alone_and_results_are_new_arrays(line):
    theta, batch = THETA.copy(), BATCH.copy()
    _, first = line.value_and_grad(theta, batch)
    kept = first.tolist()
    theta[:] = 7.0
    line.value_and_grad(theta, batch)
    assert first.tolist() == kept
    assert (theta == 7.0).all()
    assert (batch == BATCH).all()


def test_no_rows_have_values_and_gradients_of_length_zero(line):
    program = compile_function(lambda x: [x[0] * x[1], x[0]], 2)
    assert line.value(THETA, BATCH[:0]).shape == (0,)
    values, derivatives = program.value_and_jacobian(np.empty((0, 2)))
    assert (values.shape, derivatives.shape) == ((0, 2), (0, 2, 2))
    with pytest.raises(TypeError, match="this one has 2; use jacobian"):
        program.value_and_grad(BATCH)


def test_nan_in_one_row_stays_in_that_row(line):
    batch = BATCH.copy()
    batch[1, 0] = math.nan
    assert np.isnan(line.value(THETA, batch)).tolist() == [False, True, False]
    assert np.isnan(line.value_and_grad(THETA, batch)[1]).all()


def test_python_says_in_which_row_it_refuses_a_number():
    program = compile_function(lambda x: 1.0 / x[0], 1, backend="python")
    with pytest.raises(ZeroDivisionError, match="row 1 of the batch"):
        program.value([[1.0], [0.0]])


def new_model():
    return nn.MLP([2, 3, 1], ["relu", "linear"], rng=Random(0))


def test_a_model_that_changed_its_shape_is_refused():
    model = new_model()
    compiled = compile_model(model, lambda outputs, targets: losses.hinge(outputs[0], targets[0]))
    theta = compiled.parameter_vector()
    optimizer = optim.SGD(model.parameters(), 0.1)
    model.layers.append(nn.Layer(1, 1))
    for use in (compiled.parameter_vector, lambda: compiled.assign(theta)):
        with pytest.raises(ValueError, match="compiled with 13 parameters and has others now, 15: compile it again"):
            use()
    with pytest.raises(ValueError, match="made for other parameters"):
        compiled.fit(np.zeros((3, 3)), optimizer=optimizer, epochs=1)
    with pytest.raises(ValueError, match="the model has 15 parameters, got 13 numbers"):
        assign(model, theta)


def test_numbers_that_do_not_fit_change_nothing():
    model = new_model()
    before = parameter_vector(model).tolist()
    with pytest.raises(ValueError, match="13 parameters, got 14"):
        assign(model, [*before, 0.0])
    for bad in ("x", "0.5", 1j, np.complex128(1.0)):
        with pytest.raises(TypeError, match="number 12 of theta must be a real number"):
            assign(model, [0.5] * 12 + [bad])
    assert parameter_vector(model).tolist() == before


def test_a_model_of_your_own_says_how_many_inputs_it_takes():
    with pytest.raises(TypeError, match="n_inputs="):
        compile_model(nn.Neuron([Value(1.0)], Value(0.0)), lambda output, targets: output - targets[0])


def test_labels_cannot_smuggle_code_into_the_source():
    labels = ["x); import os; (", "import", "\uff46or", "for", "a'b\"\n    raise", "__import__", "", "float", "value_and_grad"]
    labels += ["\u00e9", "\u0065\u0301"]

    def function(x):
        products = [v * exp(w) for v, w in pairwise(x)]
        for product, label in zip(products, labels):
            product.label = label
        return sigmoid(sum(products))

    program = compile_function(function, labels)
    point = [0.1 * k for k in range(len(labels))]
    value, gradient = program(*point)
    assert [value, *gradient] == pytest.approx(program.program.evaluate(*point))
    source = program.python()
    assert "os;" not in source
    assert "raise" not in source.replace("a_b_raise", "")


def test_names_are_all_different_identifiers():
    names = Names(keyword.kwlist)
    given = ["x", "x_2", "x", "x", "²", "²", "\u2460", "\u0660x", "x" * 500, "x" * 501, "ª", "a", "\ud800"]
    made = [names.new(label) for label in given]
    assert len(set(made)) == len(given)
    for name in made:
        compile(f"{name} = 1", "", "exec")


def test_the_backend_where_what_native_code_needs_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    assert compile_function(lambda x: x[0], 1).backend == "python"
    with pytest.raises(ImportError, match="native code needs llvmlite and NumPy"):
        compile_function(lambda x: x[0], 1, backend="llvm")


def test_without_llvmlite_programs_run_as_python_and_asking_for_native_code_says_what_to_install():
    script = """
import sys
sys.modules["llvmlite"] = sys.modules["numpy"] = None
from autograd_tiny.lowering import compile_function, compile_loss
line = compile_loss(lambda p, s: (p[0] * s[0] - s[1]) ** 2, 1, 2)
print(line.backend, line.value_and_grad([2.0], [[1.0, 1.0], [0.0, 2.0]]), line.value([2.0], [[1.0, 1.0]]))
print(compile_function(lambda x: x[0] * x[1], 2).value_and_grad([[2.0, 3.0]]))
try:
    compile_function(lambda x: x[0], 1, backend="llvm")
except ImportError as error:
    print(error)
"""
    lines = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()
    assert lines[:2] == ["python (2.5, [1.0]) [1.0]", "([6.0], [[3.0, 2.0]])"]
    assert lines[2].startswith("native code needs llvmlite and NumPy")
    assert lines[2].endswith('pip install "autograd_tiny[fast]"')


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no mprotect")
def test_native_code_stays_inside_its_arrays():
    """Every array ends, or starts, at a page that must not be touched; inputs are in memory that cannot be written."""
    script = HERE.parents[1] / "guarded_memory.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    overrun = subprocess.run([sys.executable, script, "overrun"], capture_output=True, timeout=60, check=False)
    assert overrun.returncode != 0


@pytest.mark.parametrize("backend", ["llvm", "python"])
def test_a_compiled_program_is_copied_and_not_pickled(backend):
    model = new_model()
    compiled = compile_model(model, losses.half_squared_error, backend=backend)
    line = compile_function(lambda x: x[0] ** 2, 1, backend=backend)
    expected = compiled.value(compiled.parameter_vector(), [[0.5, 1.0, 2.0]])
    line.value([[3.0]])
    line(3.0)
    for program in (compiled, line):
        with pytest.raises(TypeError, match=r"pickle does not take a Compiled(Model|Function).*compile again"):
            pickle.dumps(program)
    twin = copy.deepcopy(compiled)
    assert twin.model is not model
    twin.assign([0.0] * twin.n_parameters)
    assert compiled.value(compiled.parameter_vector(), [[0.5, 1.0, 2.0]]) == expected
    assert twin.value(twin.parameter_vector(), [[0.5, 1.0, 2.0]]) == 2.0
    model.compiled = compiled
    assert (held := copy.deepcopy(compiled)).model.compiled is held
    one, again = copy.deepcopy([line, line])
    assert one is again
    assert one is not line
    assert one.value([[3.0]]) == 9.0
    assert one(3.0) == (9.0, (6.0,))


@pytest.mark.parametrize("backend", ["python", "llvm"])
def test_every_call_may_have_another_number_of_rows(backend):
    """And a call of another shape, refused, leaves the next one as it was."""
    f = compile_function(lambda x: tanh(x[0]) * x[1], 2, backend=backend)
    points = np.random.default_rng(0).normal(size=(40, 2))
    expected = f.value(points)
    for rows in (1, 40, 3, 0, 17):
        assert f.value(points[:rows]).tolist() == expected[:rows].tolist()
        with pytest.raises(ValueError, match=r"shape \(rows, 2\)|expected 2 numbers"):
            f.value(np.ones((rows + 1, 3)))
    assert f.value(points[7]) == expected[7]
