"""Compiled functions as shared libraries: called through ctypes and from C, with the numbers that Python gets."""

import ctypes
import re
import subprocess
from pathlib import Path
from random import Random

import numpy as np
import pytest
from compiled import hinge_of_one, moons
from foreign import COMPILE, program_called

from autograd_tiny import erf, hypot, nn, sin, tanh
from autograd_tiny.lowering import compile_formula, compile_function, compile_model

double = ctypes.c_double


def pointer(x):
    return x.ctypes.data_as(ctypes.POINTER(double))


def test_a_function_with_its_gradient_for_one_point_and_many(tmp_path):
    compiled = compile_function(lambda x, y: sin(x) * erf(y) + hypot(x, y) ** 2.3, backend="llvm")
    library, header = compiled.save(tmp_path / "wave.so")
    assert (library.name, header.name) == ("wave.so", "wave.h")
    wave = ctypes.CDLL(str(library))
    wave.wave.restype = wave.wave_gradient.restype = double
    points = np.random.default_rng(0).normal(size=(21, 2)) * 3.0
    expected, slopes = compiled.value_and_grad(points)
    gradient = np.empty(2)
    assert wave.wave(pointer(points[3])) == expected[3]
    assert wave.wave_gradient(pointer(points[3]), pointer(gradient)) == expected[3]
    assert gradient.tolist() == slopes[3].tolist()
    values, gradients = np.empty(21), np.empty((21, 2))
    wave.wave_batch(ctypes.c_size_t(21), pointer(points), pointer(values), pointer(gradients))
    assert values.tolist() == expected.tolist()
    assert gradients.tolist() == slopes.tolist()
    values[:] = 0.0
    wave.wave_batch(ctypes.c_size_t(21), pointer(points), pointer(values), None)
    assert values.tolist() == expected.tolist()


@pytest.mark.parametrize("name", ["ALL", "call", "NAME_", "HIDDEN"])
def test_a_library_may_be_called_like_something_in_it(tmp_path, name):
    compiled = compile_function(lambda x: x * x, backend="llvm")
    function = getattr(ctypes.CDLL(str(compiled.save(tmp_path / f"{name}.so")[0])), name)
    function.restype = double
    assert function(pointer(np.array([3.0]))) == 9.0


def test_several_results_and_their_jacobian(tmp_path):
    compiled = compile_function(lambda x: [tanh(x[0] * x[1]), x[2] - x[0], x[1] * x[1]], 3, backend="llvm")
    library = ctypes.CDLL(str(compiled.save(tmp_path / "three.so")[0]))
    points = np.random.default_rng(1).normal(size=(5, 3))
    expected, slopes = compiled.value_and_jacobian(points)
    results, jacobian = np.empty((5, 3)), np.empty((5, 3, 3))
    library.three(pointer(points[1]), pointer(results[1]))
    assert results[1].tolist() == expected[1].tolist()
    library.three_jacobian(pointer(points[2]), pointer(results[2]), pointer(jacobian))
    assert jacobian[0].tolist() == slopes[2].tolist()
    library.three_batch(ctypes.c_size_t(5), pointer(points), pointer(results), pointer(jacobian))
    assert (results.tolist(), jacobian.tolist()) == (expected.tolist(), slopes.tolist())


def test_a_network_keeps_its_layers_as_loops_and_gives_the_mean_gradient(tmp_path):
    model = nn.MLP([2, 19, 23, 1], ["tanh", "relu", "linear"], rng=Random(1))
    compiled = compile_model(model, hinge_of_one, backend="llvm", threads=1)
    library = ctypes.CDLL(str(compiled.save(tmp_path / "net.so")[0]))
    library.net.restype = library.net_gradient.restype = library.net_mean_gradient.restype = double
    theta, samples = compiled.parameter_vector(), np.array(moons(13))
    expected, slopes = compiled.value_and_grad(theta, samples)
    gradient = np.empty(len(theta))
    assert library.net_mean_gradient(ctypes.c_size_t(13), pointer(theta), pointer(samples), pointer(gradient)) == expected
    assert gradient.tolist() == slopes.tolist()
    assert library.net(pointer(theta), pointer(samples[4])) == compiled.value(theta, samples[4:5])[0]
    one, slopes = compiled.value_and_grad(theta, samples[4:5])
    beyond = np.append(gradient, 7.0)
    assert library.net_gradient(pointer(theta), pointer(samples[4]), pointer(beyond)) == one
    assert beyond.tolist() == [*slopes.tolist(), 7.0]


def test_the_program_on_the_page_links_with_it(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "other-languages.md").read_text(encoding="utf-8")
    compile_formula("z = w*x + b; y = sigmoid(z)", backend="llvm").save(tmp_path / "neuron.so")
    (tmp_path / "main.c").write_text(re.search(r"```c\n(.*?)```", page, re.DOTALL)[1])
    commands = re.search(r"\$ (cc -O2 [^\n]*neuron\.so [^\n]*)\n\$ \./neuron\n(.*?)\n", page)
    assert commands[1].split()[1:3] == ["-O2", "-std=c99"]
    subprocess.run([program_called("cc"), *COMPILE, *commands[1].split()[3:]], cwd=tmp_path, check=True, timeout=60)
    done = subprocess.run([tmp_path / "neuron"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == commands[2]


@pytest.mark.parametrize(
    ("file", "error", "message"),
    [
        ("f.dll", ValueError, r"is called name\.so or name\.dylib, got 'f\.dll'"),
        ("2f.so", ValueError, "letters, digits and underscores, a letter first, got '2f'"),
        ("double.so", ValueError, "means something else in C"),
        ("no/f.so", FileNotFoundError, "the directory .*no does not exist"),
    ],
)
def test_files_that_cannot_be_are_refused(tmp_path, file, error, message):
    compiled = compile_function(lambda x: x * x, backend="llvm")
    with pytest.raises(error, match=message):
        compiled.save(tmp_path / file)
    assert not list(tmp_path.iterdir())


def test_without_a_c_compiler_it_says_so_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(FileNotFoundError, match="no-such-compiler is not installed"):
        compile_function(lambda x: x * x, backend="llvm").save(tmp_path / "f.so")
    monkeypatch.setenv("CC", "false")
    with pytest.raises(OSError, match="cannot link"):
        compile_function(lambda x: x * x, backend="llvm").save(tmp_path / "f.so")
    assert not list(tmp_path.iterdir())
