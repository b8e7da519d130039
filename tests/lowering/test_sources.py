"""Programs as source in other languages, run there, against the eager engine: every row at points, kinks, tails, special values."""

import ctypes
import math
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from random import Random

import pytest
from compiled import eager_at_points, hinge_of_one, moons, rows_of_the_table
from foreign import COMPILE, compiled_c, in_c, in_node, program_called
from oracles.bounds import FIRST, VALUES, allowed
from random_graphs import assert_close, magnitudes, random_program, recorded
from special_values import POINTS, differences, listed, outcome, points, rows, same, slopes

from autograd_tiny import Expression, MultiPrimitive, Primitive, Value, dot, exp, nn, sigmoid, softmax, where
from autograd_tiny.lowering import compile_formula, compile_function, compile_loss, compile_model
from autograd_tiny.lowering.sources.names import Names


@cache
def program_of(row, n):
    return compile_function(lambda x: Expression.record(row, tuple(x)), n, backend="python")


def alone(source):
    """The function of a module of Python, which is run where nothing of ours can be imported."""
    assert "autograd_tiny" not in source
    namespace = {}
    exec(source, namespace)
    return namespace["value_and_grad"]


def bits(operands):
    return tuple([float(x).hex() for x in operands])


def at_all_points(run):
    """Row -> operands -> outputs, for every special value of every row, by one run of another language."""
    keys = [(row, n) for row in rows() for n in sorted({len(operands) for operands in points(row)})]
    given = [[operands for operands in points(row) if len(operands) == n] for row, n in keys]
    found = {}
    for (row, _), operands, outputs in zip(keys, given, run(keys, given)):
        found.setdefault(row, {}).update({bits(x): y for x, y in zip(operands, outputs)})
    return found


@pytest.fixture(scope="module")
def by_node(tmp_path_factory):
    folder = tmp_path_factory.mktemp("node")
    return at_all_points(
        lambda keys, given: in_node([(program_of(*key).javascript(), x) for key, x in zip(keys, given)], folder)
    )


@pytest.fixture(scope="module")
def by_c(tmp_path_factory):
    folder = tmp_path_factory.mktemp("c")
    return at_all_points(
        lambda keys, given: [
            in_c(program_of(*key).c(f"f{i}"), x, 1, key[1], folder) for i, (key, x) in enumerate(zip(keys, given))
        ]
    )


@pytest.fixture
def by_language(request):
    return request.getfixturevalue(request.param)


BOTH = pytest.mark.parametrize(
    ("language", "by_language"), [("JavaScript", "by_node"), ("C", "by_c")], indirect=["by_language"]
)


@BOTH
def test_values_differ_from_forward_only_where_the_page_says(language, by_language):
    """Where ``forward`` refuses, they may go on with infinity or nan."""

    def way(row):
        def compute(*operands):
            value, truth = by_language[row][bits(operands)][0], outcome(row.forward, operands)
            if truth == "error" and not math.isfinite(value):
                raise ArithmeticError
            return value

        return compute

    assert differences({language: way}) == listed({language})


@BOTH
def test_derivatives_are_those_of_the_rules_at_special_values(language, by_language):
    for row in rows():
        for operands in points(row):
            if (expected := slopes(row, operands)) is not None:
                got = by_language[row][bits(operands)][1:]
                assert all(same(x, y, tolerance=1e-12) for x, y in zip(expected, got)), (row, operands, expected, got)


# The rows in ordinary places.

SIZES = (1e-9, 1e-4, 0.03, 0.2, 0.3, 0.6, 0.83, 0.86, 0.99, 1.1, 1.3, 2.2, 2.8, 2.9, 4.4, 5.9, 6.1, 9.0, 20.0, 26.0)
SPREAD = [sign * x for x in SIZES for sign in (1, -1)]


def everywhere(row):
    """Points inside the domain, with the values and derivatives of the engine."""
    n = row.arity or 5
    found = [operands for operands, *_ in zip(*eager_at_points(row, n))]
    if n == 1:
        found += [[x] for x in SPREAD if row.domain_of(0).contains(x)]
    rng = Random(2)
    found += (
        [[rng.choice(row.domain_of(i).points) * rng.uniform(0.9, 1.1) for i in range(n)] for _ in range(5)]
        if n > 1
        else []
    )
    for operands in found:
        leaves = [Value(x) for x in operands]
        try:
            root = Value.record(row, tuple(leaves))
        except (ArithmeticError, ValueError):
            continue
        yield operands, [root.data, *root.local_derivatives]


def assert_agree(cases, outputs):
    """Each output within twice the bound that the row itself keeps: it may be off to one side, and the other to the other."""
    for (row, expected), found in zip(cases, outputs):
        name = row.family.name if row.family else row.name
        for (operands, numbers), got in zip(expected, found):
            for i, (x, y) in enumerate(zip(numbers, got)):
                bound = (FIRST if i else VALUES).get(name)
                parameter = [row.parameter] if name == "power" and i else []
                if math.isnan(x):
                    assert math.isnan(y), (row, operands, i)
                    continue
                most = 2.0 * allowed(x, [*operands, *parameter], bound)
                assert abs(x - y) <= most, (row, operands, i, x, y, abs(x - y) / math.ulp(x))


CASES = [(row, list(everywhere(row))) for row in rows_of_the_table()]


def test_every_row_in_node(tmp_path):
    given = [(program_of(row, row.arity or 5).javascript(), [x for x, _ in expected]) for row, expected in CASES]
    assert_agree(CASES, in_node(given, tmp_path))


def test_every_row_in_c(tmp_path):
    outputs = []
    for i, (row, expected) in enumerate(CASES):
        n = row.arity or 5
        outputs.append(in_c(program_of(row, n).c(f"f{i}"), [x for x, _ in expected], 1, n, tmp_path))
    assert_agree(CASES, outputs)


def test_every_row_in_python_that_stands_alone():
    outputs = []
    for row, expected in CASES:
        function = alone(program_of(row, row.arity or 5).python())
        results = [function(*operands) for operands, _ in expected]
        outputs.append([[value, *derivatives] for value, derivatives in results])
    assert_agree(CASES, outputs)


def test_random_computations_in_all_languages(tmp_path):
    programs = [random_program(Random(i)) for i in range(40)]
    compiled = [compile_function(lambda x: program(*x), len(program.leaves), backend="python") for program in programs]  # noqa: B023
    node = in_node([(c.javascript(), [p.leaves]) for c, p in zip(compiled, programs)], tmp_path)
    for i, (program, function) in enumerate(zip(programs, compiled)):
        leaves, root = recorded(program)
        root.backward()
        expected, sizes = [root.data, *[x.grad for x in leaves]], [abs(root.data), *magnitudes(root, leaves)]
        assert_close(node[i][0], expected, sizes)
        value, derivatives = alone(function.python())(*program.leaves)
        assert_close([value, *derivatives], expected, sizes)
        if i < 12:
            n = len(leaves)
            assert_close(in_c(function.c(f"f{i}"), [program.leaves], 1, n, tmp_path)[0], expected, sizes)


def test_sums_are_rounded_once_and_ties_go_to_the_even_float(tmp_path):
    rng = Random(0)
    points_ = [[1.0, 2.0**-53, x] for x in (0.0, 5e-324, -5e-324, 1e-30, -1e-30, 2.0**-53, 1e100)]
    points_ += [
        [rng.choice([1, -1]) * rng.uniform(1, 2) * 2.0 ** rng.randint(-80, 80) for _ in range(3)] for _ in range(300)
    ]
    points_ += [[x, y, -x] for x, y, _ in points_]
    f = program_of(next(row for row in rows() if row.name == "total"), 3)
    expected = [math.fsum(point) for point in points_]
    assert [out[0] for out in in_node([(f.javascript(), points_)], tmp_path)[0]] == expected
    assert [out[0] for out in in_c(f.c(), points_, 1, 3, tmp_path)] == expected


# Forms.


def test_several_results_and_their_jacobian(tmp_path):
    f = compile_function(lambda x: [x[0] * x[1], exp(x[0]), x[1]], ["a", "b"], backend="python")
    (values, jacobian), point = f(0.5, 3.0), [0.5, 3.0]
    expected = [*values, *[x for row in jacobian for x in row]]
    assert in_node([(f.javascript(), [point])], tmp_path)[0][0] == pytest.approx(expected, rel=1e-15)
    assert in_c(f.c("three"), [point, point], 3, 6, tmp_path)[1] == pytest.approx(expected, rel=1e-15)
    assert alone(f.python())(*point) == (values, jacobian)


def test_a_loss_in_c_has_its_mean_gradient(tmp_path):
    model = nn.MLP([2, 5, 1], ["tanh", "linear"], rng=Random(1))
    samples = moons(10)
    compiled = compile_model(model, hinge_of_one, backend="python")
    theta = list(compiled.parameter_vector())
    expected, gradient = compiled.value_and_grad(theta, samples)
    library = compiled_c(compiled.c("loss"), tmp_path)
    double = ctypes.c_double
    out = (double * len(theta))()
    library.loss_mean_gradient.restype = library.loss.restype = double
    flat = [x for row in samples for x in row]
    mean = library.loss_mean_gradient(ctypes.c_size_t(10), (double * len(theta))(*theta), (double * 30)(*flat), out)
    assert mean == pytest.approx(expected, rel=1e-14)
    assert list(out) == pytest.approx(list(gradient), rel=1e-12, abs=1e-15)
    assert library.loss((double * len(theta))(*theta), (double * 3)(*samples[0])) == pytest.approx(
        compiled.value(theta, samples[:1])[0]
    )


def test_the_programs_on_the_page_run(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "other-languages.md").read_text(encoding="utf-8")
    neuron = compile_formula("z = w*x + b; y = sigmoid(z)", backend="python")
    neuron.c("neuron").save(tmp_path)
    (tmp_path / "main.c").write_text(re.search(r"```c\n(.*?)```", page, re.DOTALL)[1])
    (tmp_path / "neuron.mjs").write_text(neuron.javascript())
    (tmp_path / "main.mjs").write_text(re.search(r"```javascript\n(.*?)```", page, re.DOTALL)[1])
    subprocess.run(
        [program_called("cc"), *COMPILE, "main.c", "neuron.c", "-o", "neuron", "-lm"],
        cwd=tmp_path,
        check=True,
        timeout=60,
    )
    for command, said in (
        ([tmp_path / "neuron"], r"\./neuron\n(.*)"),
        ([program_called("node"), "main.mjs"], r"; // (0\..*)"),
    ):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout.strip() == re.search(said, page)[1]


def test_a_loss_that_uses_no_sample_compiles(tmp_path):
    compiled = compile_loss(lambda p, s: p[0] ** 2, ["p"], 0, backend="python")
    library = compiled_c(compiled.c(), tmp_path)
    library.f.restype = ctypes.c_double
    assert library.f((ctypes.c_double * 1)(3.0), None) == 9.0


def test_labels_become_names_of_each_language(tmp_path):
    labels = [
        "double",
        "class",
        "θ[0]",
        "x); exit(1); (",
        "inputs",
        "exp",
        "H",
        "*/",
        "größe",
        "of",
        "f_batch",
        "INPUTS",
        "let",
        "y1",
    ]

    def function(x):
        product = dot(x, x[::-1])
        product.label = "return"
        return sigmoid(product) + exp(x[0]) + softmax(x)[2]

    f = compile_function(function, labels, backend="python")
    point = [0.1 * k - 0.5 for k in range(len(labels))]
    value, gradient = f(*point)
    assert in_node([(f.javascript(), [point])], tmp_path)[0][0] == pytest.approx([value, *gradient], rel=1e-13)
    source = f.c()
    assert in_c(source, [point], 1, len(point), tmp_path)[0] == pytest.approx([value, *gradient], rel=1e-13)
    assert "theta_0" in source.source
    assert "F_theta_0" in source.header
    assert source.source.isascii()
    assert "exit" not in re.sub(r"\w*x_exit\w*", "", source.source)


def test_the_header_serves_a_main_program_in_c_and_in_cpp(tmp_path):
    compile_function(lambda x: x[0] * x[1], ["w", "x"], backend="python").c("area").save(tmp_path)
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "area.h"\n#include "area.h"\n'
        "int main(void) {\n    const double at[AREA_INPUTS] = {[AREA_x] = 3.0, [AREA_w] = 2.0};\n    double d[AREA_INPUTS];\n"
        '    const double y = area_gradient(at, d);\n    printf("%g %g %g", y, d[AREA_w], d[AREA_x]);\n    return 0;\n}\n'
    )
    subprocess.run(
        [program_called("cc"), *COMPILE, "main.c", "area.c", "-o", "area", "-lm"], cwd=tmp_path, check=True, timeout=60
    )
    done = subprocess.run([tmp_path / "area"], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "6 3 2"
    (tmp_path / "main.cpp").write_text(
        '#include "area.h"\nint main() { const double at[2] = {1, 2}; return area(at) > 3; }\n'
    )
    subprocess.run([program_called("cc"), *COMPILE, "-c", "area.c"], cwd=tmp_path, check=True, timeout=60)
    subprocess.run(
        [program_called("c++"), "-Wall", "-Werror", "main.cpp", "area.o", "-lm"], cwd=tmp_path, check=True, timeout=60
    )


def test_what_the_header_says_of_one_result_of_several_and_of_a_loss():
    one = compile_function(lambda x: x[0] * x[1], ["a", "b"], backend="python").c("area").header
    assert "RESULTS" not in one
    several = compile_function(lambda x: [*x, x[0]], 40, backend="python").c("several").header
    assert "\nenum { SEVERAL_RESULTS = 41 };\n" in several
    (places,) = re.findall(r"enum \{\n(.*?)\n\};", several, re.DOTALL)
    assert [line[:14] for line in places.split(",\n")] == ["    SEVERAL_x_"] * 40 + ["    SEVERAL_IN"]
    loss = compile_loss(lambda p, s: p[0] * s[0], 1, 1, backend="python").c("loss").header
    assert "/* The loss of one sample, and its derivative by each parameter. */\ndouble loss_gradient(" in loss


def test_which_values_have_a_line_and_which_stand_in_the_formula_of_another():
    """All that was recorded has one; of the derivatives, those that are results or are used twice."""
    f = compile_function(lambda x: [exp(x[0] * x[1]), softmax(x)[1] * x[0], x[0] * 3.0], ["a", "b"], backend="python")
    start = f.python().index("def value_and_grad")
    assert f.python()[start:] == """\
def value_and_grad(a, b):
    # forward
    t1 = a * b
    result0 = exp(t1)
    softmax_2 = softmax(a, b)
    t2 = softmax_2[1]
    result1 = t2 * a
    result2 = a * 3.0
    # backward: d_x is the derivative by x
    d_result0_a = b * result0
    d_result0_b = a * result0
    d_result1_a = t2 + (-t2) * softmax_2[0] * a
    d_result1_b = t2 * (1.0 - t2) * a
    return (
        (result0, result1, result2), ((d_result0_a, d_result0_b), (d_result1_a, d_result1_b), (3.0,
        0.0))
    )
"""


def test_a_root_of_a_negative_number_is_refused_and_not_complex():
    """In Python, where `**` would give a complex number; JavaScript's gives NaN."""
    f = compile_function(lambda x: [x[0] ** 3, x[0] ** 0.5], ["x"], backend="python")
    assert alone(f.python())(4.0) == ((64.0, 2.0), ((48.0,), (0.25,)))
    with pytest.raises(ValueError, match="math domain error"):
        alone(f.python())(-4.0)
    assert "result0 = x ** 3;" in f.javascript()
    assert "result1 = x ** 0.5;" in f.javascript()


def test_a_long_label_is_cut_to_eighty_letters():
    names = Names([])
    assert [names.new(f"w{'0' * n}") for n in (79, 78, 200)] == [f"w{'0' * 79}", f"w{'0' * 78}", f"w{'0' * 79}_2"]


def test_a_word_longer_than_a_line_is_not_broken():
    row = Primitive("own" * 30, lambda x: 2.0 * x, lambda out, x: (2.0,), expansion=lambda x: x + x)
    f = compile_function(lambda x: row(x[0]), ["x" * 80], backend="python")
    assert f(3.0) == (6.0, (2.0,))


# Rows of the user's own, and refusals.


def test_a_row_of_ones_own_is_written_out_by_its_expansion(tmp_path):
    opened = Primitive("square_plus", lambda x: x * x + 1.0, lambda out, x: (2.0 * x,), expansion=lambda x: x * x + 1.0)
    pair = MultiPrimitive(
        "pair", lambda x, y: (x + y, x * y), lambda out, i, x, y: (1.0, 1.0) if i == 0 else (y, x),
        expansion=lambda x, y: (x + y, x * y), outputs=2,
    )  # fmt: skip
    f = compile_function(lambda x: opened(pair(x[0], x[1])[1]) + pair(x[0], x[1])[0], ["a", "b"], backend="python")
    expected = [2.0 * 3.0 * 2.0 * 3.0 + 1.0 + 5.0, 12.0 * 3.0 + 1.0, 12.0 * 2.0 + 1.0]
    assert in_node([(f.javascript(), [[2.0, 3.0]])], tmp_path)[0][0] == expected
    assert in_c(f.c(), [[2.0, 3.0]], 1, 2, tmp_path)[0] == expected
    value, derivatives = alone(f.python())(2.0, 3.0)
    assert [value, *derivatives] == expected
    assert "d_a" in f.python(), "names stay"


def test_a_row_without_expansion_is_refused_by_name():
    bare = Primitive("square_plus", lambda x: x * x + 1.0, lambda out, x: (2.0 * x,))
    f = compile_function(lambda x: bare(x[0]), 1, backend="python")
    assert f(3.0) == (10.0, (6.0,))
    for language, write in (("Python", f.python), ("JavaScript", f.javascript), ("C", f.c)):
        with pytest.raises(
            TypeError, match=f"square_plus cannot be written in {language}: give the Primitive an expansion="
        ):
            write()


@pytest.mark.parametrize("name", ["", "2f", "double", "sin", "sigmoid", "a-b", "größe", "rows", None])
def test_names_that_no_function_of_c_can_have(name):
    with pytest.raises(ValueError, match=r"called by|another name"):
        program_of(rows()[0], 2).c(name)


def preprocessed(*options):
    """What the compiler makes of the headers that a file, or a library, includes."""
    headers = "#include <math.h>\n#include <stdlib.h>\n#include <stddef.h>\n#include <stdint.h>\n"
    command = [program_called("cc"), *options, "-E", "-x", "c", "-"]
    return subprocess.run(command, input=headers, capture_output=True, text=True, check=True, timeout=60).stdout


def test_no_function_is_called_like_one_that_the_c_library_declares():
    declared = set(re.findall(r"\bextern [^;(]*?\b([a-zA-Z]\w*) ?\(", preprocessed("-std=c99")))
    assert declared > {"floor", "roundf", "hypotl", "system"}
    program = program_of(rows()[0], 2)
    for name in declared:
        with pytest.raises(ValueError, match="another name"):
            program.c(name)


def test_no_variable_is_called_like_a_constant_of_the_headers():
    macros = set(re.findall(r"^#define ((?:M|HUGE)_\w+|NAN|NULL|INFINITY|linux|unix) ", preprocessed("-dM"), re.MULTILINE))
    assert macros > {"M_PI", "HUGE_VAL", "INFINITY"}
    source = compile_function(lambda x: [a * a for a in x], sorted(macros), backend="python").c("squares").source
    assert not macros & set(re.findall(r"const double (\w+) =", source))


def test_python_source_runs_in_a_process_without_us(tmp_path):
    f = compile_function(lambda x: where(x[0] > 0.0, sigmoid(x[0]), softmax(x)[0]), ["a", "b"], backend="python")
    (tmp_path / "exported.py").write_text(f.python() + "\nprint(value_and_grad(0.5, 2.0))\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "exported.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == repr(f(0.5, 2.0))


def test_special_values_are_among_the_points():
    assert {bits([x])[0] for x in (math.nan, math.inf, -0.0)} <= {bits([x])[0] for x in POINTS}
