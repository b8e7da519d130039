"""Machine code that an earlier process has left: found by what was recorded, taken only for the same, and made anew if damaged."""

import gc
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from autograd_tiny import Expression, Primitive, dot, exp, softmax, stop_gradient, where
from autograd_tiny.lowering import compile_function, compile_loss
from autograd_tiny.lowering.native import llvm

POINTS = np.random.default_rng(0).normal(size=(5, 3))


def function(x):
    return dot(x, softmax(x)) + exp(-x[0]) ** 2.5


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """A cache of the test's own; and `forget`, after which this process is as new."""
    monkeypatch.setenv("AUTOGRAD_TINY_CACHE", str(tmp_path / "kept"))
    llvm.shared_kernel.cache_clear()
    yield tmp_path / "kept"
    llvm.shared_kernel.cache_clear()


def compiled_anew(monkeypatch):
    """A list that grows by one for every program that is compiled from now on, in a process that has forgotten all others."""
    made = []
    original = llvm.machine_code
    monkeypatch.setattr(llvm, "machine_code", lambda *args: made.append(args) or original(*args))
    llvm.shared_kernel.cache_clear()
    return made


def test_a_second_process_neither_compiles_nor_makes_a_program(kept, monkeypatch):
    first = compile_function(function, 3).value_and_grad(POINTS)
    made = compiled_anew(monkeypatch)
    second = compile_function(function, ["a", "b", "c"])
    for one, other in zip(first, second.value_and_grad(POINTS)):
        assert (one == other).all()
    assert made == []
    assert "program" not in vars(second._recorded)
    assert str(second).startswith("inputs: a, b, c\n")  # and now there is one


def test_it_does_so_in_a_process_of_its_own(kept):
    script = """
import numpy as np
from autograd_tiny import sin
from autograd_tiny.lowering import compile_loss
from autograd_tiny.lowering.native import llvm
import sys
import time
if sys.argv[1:]:
    llvm.machine_code = None
f = compile_loss(lambda p, s: sin(p[0] * s[0]) ** 2, 1, 1)
print(f.value_and_grad([0.3], np.arange(20.0)[:, None]), f.value([0.3], [[1.0]]))
"""
    runs = [subprocess.run([sys.executable, "-c", script, *more], capture_output=True, text=True, check=True) for more in ([], ["x"])]
    assert runs[0].stdout == runs[1].stdout != ""


@pytest.mark.parametrize("damage", [lambda b: b[:-100], lambda b: b[:200] + bytes(200) + b[400:], lambda b: b"\x7fELF"])
def test_damaged_machine_code_is_made_anew(kept, monkeypatch, damage):
    first = compile_function(function, 3).value_and_grad(POINTS)
    for file in kept.iterdir():
        file.write_bytes(damage(file.read_bytes()))
    made = compiled_anew(monkeypatch)
    for one, other in zip(first, compile_function(function, 3).value_and_grad(POINTS)):
        assert (one == other).all()
    assert len(made) == 1


def test_whatever_differs_has_machine_code_of_its_own(kept):
    zero = Expression.constant
    functions = [
        lambda x: x[0] * x[1], lambda x: x[1] * x[2], lambda x: x[0] * x[1] + 0.0, lambda x: x[0] * x[1] + zero(-0.0),
        lambda x: x[0] ** 2, lambda x: x[0] ** 3, lambda x: x[0] * x[0], lambda x: softmax(x)[0], lambda x: softmax(x)[1],
        lambda x: [x[0], x[1]], lambda x: [x[1], x[0]], lambda x: x[0] / x[1], lambda x: x[1] / x[0],
        lambda x: where(x[0] > 0.0, x[1], x[2]), lambda x: where(x[0] < 0.0, x[1], x[2]), lambda x: dot(x, x), lambda x: dot(x, x, x[0]),
    ]  # fmt: skip
    for n, f in enumerate(functions):
        compile_function(f, 3).jacobian(POINTS)
        assert len(list(kept.iterdir())) == n + 1
    compile_function(functions[0], 3).value(POINTS)  # without derivatives
    compile_function(functions[0], 2).value_and_grad(POINTS[:, :2])
    compile_loss(lambda p, s: p[0] * s[0], 1, 2).value_and_grad([1.0], POINTS[:, :2])
    compile_loss(lambda p, s: p[0] * p[1], 2, 1).value_and_grad([1.0, 2.0], POINTS[:, :1])
    assert len(list(kept.iterdir())) == len(functions) + 4


def test_other_names_and_graphs_that_share_as_much_are_the_same(kept):
    one, two = (compile_function(lambda x: exp(x[0]) * 2.0, [name]) for name in "ab")
    assert one._recorded == two._recorded
    assert hash(one._recorded) == hash(two._recorded)
    assert one._recorded != "a record"
    for program in (one, two):
        program.value_and_grad([[1.0]])
    assert len(list(kept.iterdir())) == 1


def test_operations_of_ones_own_are_not_kept_and_are_told_apart(kept):
    def row(factor):
        return Primitive("own", lambda x: factor * x, lambda out, x: (factor,), expansion=lambda x: factor * x)

    for factor in (2.0, 3.0):
        program = compile_function(lambda x: row(factor)(x[0]), 1)  # noqa: B023
        assert program.value_and_grad([[1.0]])[0] == factor
    assert compile_function(lambda x: x[0] * stop_gradient(x[0]), 1).value_and_grad([[3.0]])[1].tolist() == [[3.0]]
    assert not kept.exists()


def test_what_is_wrong_with_an_operation_of_ones_own_is_said_at_once():
    wrong = Primitive("wrong", lambda x: x, lambda out, x: (x.no_such_thing,))
    with pytest.raises(AttributeError, match="no_such_thing"):
        compile_function(lambda x: wrong(x[0]), 1)


def test_a_variable_from_elsewhere_is_refused_when_it_is_recorded():
    foreign = Expression("z")
    for f in (lambda x: x[0] * foreign, lambda x: [x[0], foreign]):
        with pytest.raises(ValueError, match="the variable z is no argument of the compiled function"):
            compile_function(f, 1)


def test_with_a_place_that_cannot_be_used_everything_works(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AUTOGRAD_TINY_CACHE", str(tmp_path / "file"))
    llvm.shared_kernel.cache_clear()
    with pytest.warns(RuntimeWarning, match="made anew by every process"):
        values, _ = compile_function(function, 3).value_and_grad(POINTS)
    assert values.shape == (5,)


def test_a_compilation_that_is_interrupted_leaves_nothing_and_is_made_again(kept, monkeypatch):
    """The collector, which rests meanwhile, runs again; nothing is kept that is not whole."""

    def interrupted(*args):
        assert not gc.isenabled()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(llvm, "Assembly", interrupted)
        compiled = compile_function(function, 3)
        with pytest.raises(KeyboardInterrupt):
            compiled.value(POINTS)
    assert gc.isenabled()
    assert not kept.exists() or not any(kept.iterdir())
    assert compiled.value(POINTS).tolist() == compile_function(function, 3, backend="python").value(POINTS).tolist()


@pytest.mark.slow
def test_a_long_compilation_ends_at_ctrl_c(kept):
    script = """
import signal
from autograd_tiny.worked.char_gpt import CharGPT, compile_gpt
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests in the background may have it ignored
compiled = compile_gpt(CharGPT(), backend="llvm")
print("go", flush=True)
compiled.value_and_grad(compiled.parameter_vector(), [compiled.model.row("ada")])
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "go\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode != 0
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert not kept.exists() or not any(kept.iterdir())
