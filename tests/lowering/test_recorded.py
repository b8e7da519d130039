"""Records: equal where one program serves both; what they hold before there is a program."""

import copy

import numpy as np
import pytest

from autograd_tiny import Expression, Primitive, dot, tanh
from autograd_tiny.lowering import compile_function
from autograd_tiny.lowering.recording.recorded import Recorded

x, y = Expression("x"), Expression("y")


def own(factor):
    return Primitive("own", lambda x: factor * x, lambda out, x: (factor,), expansion=lambda x: factor * x)


def test_records_are_equal_if_one_program_serves_both():
    a, twice, thrice = Expression("a"), own(2.0), own(3.0)
    same = [Recorded([x, y], [x * tanh(y)], [x]), Recorded([y, a], [y * tanh(a)], [y])]
    others = [
        Recorded([x, y], [x * tanh(y)]), Recorded([x, y], [x * tanh(y)], [y]), Recorded([y, x], [x * tanh(y)], [x]),
        Recorded([x, y], [x * tanh(y)], [x], finite=[x]), Recorded([x, y], [x * tanh(y), x], [x]),
        Recorded([x, y], [x * twice(y)], [x]), Recorded([x, y], [x * thrice(y)], [x]), Recorded([x, y], [y * twice(x)], [x]),
    ]  # fmt: skip
    alike = [Recorded([y, a], [y * twice(a)], [y]), others[5]]
    for one, other in (same, alike):
        assert one == other
        assert hash(one) == hash(other)
    assert len({*same, *others, *alike}) == 1 + len(others)
    assert [one == other for one in others for other in others] == [one is other for one in others for other in others]
    assert [one.digest for one in alike] == ["", ""], "which names no program that could be kept"
    assert (same[0] == "a record") is False
    assert copy.deepcopy(same[0]) is same[0]


def test_the_calls_of_a_row_are_found_in_the_record():
    inner, label = dot([x, y], [y, x]), tanh(x)
    record = Recorded([y, x], [dot([x, label], [inner, x], y) * x, label * 2.0, dot([y], [y])])
    calls = sorted(record.calls(dot), key=len)
    assert [len(operands) for operands in calls] == [2, 4, 5]
    assert calls[:2] == [(0, 0), (1, 0, 0, 1)]
    tanh_, inner_ = calls[2][1:3]
    assert calls[2] == (1, tanh_, inner_, 1, 0)
    assert min(tanh_, inner_) >= 2
    assert tanh_ != inner_
    assert list(record.calls(own(2.0))) == []


@pytest.mark.parametrize("row", [tanh, own(2.0)])
def test_the_values_alone_are_the_results_without_derivatives(row):
    record = Recorded([x, y], [x * row(y), y], [x, y])
    alone = record.values_alone()
    assert (len(record.program.outputs), len(alone.program.outputs), alone.wrt) == (6, 2, [])
    assert alone.program.evaluate(3.0, 0.5) == record.program.evaluate(3.0, 0.5)[:2]
    assert len(alone.in_rows(lambda row, operands: None).outputs) == 2
    assert alone == Recorded([x, y], [x * row(y), y])
    assert Recorded([x, y], [x * row(y)], [x], finite=[y]).values_alone().finite == [y]


@pytest.mark.parametrize("backend", ["llvm", "python"])
def test_what_an_operation_of_ones_own_reads_from_elsewhere_is_read_anew_by_every_record(backend):
    factor = [2.0]
    own = Primitive("own", lambda x: factor[0] * x, lambda out, x: (factor[0],), expansion=lambda x: factor[0] * x)

    def compiled():
        return compile_function(lambda x: own(x[0]), 1, backend=backend)

    before, never_run = compiled(), compiled()
    never_made = compile_function(lambda x: own(x[0]) * x[0], 1, backend=backend)
    assert np.array_equal(before.value_and_grad([[1.0]])[0], [2.0])
    assert np.array_equal(before.value([[1.0]]), [2.0])
    factor[0] = 3.0
    values, slopes = compiled().value_and_grad([[1.0]])
    assert np.array_equal(compiled().value([[1.0]]), [3.0])
    assert values == slopes == 3.0
    if backend == "llvm":  # Python source calls the function itself
        assert [float(found[0].item()) for found in never_made.value_and_grad([[5.0]])] == [50.0, 20.0]
        for program in (before, never_run):
            values, slopes = program.value_and_grad([[1.0]])
            assert values == slopes == program.value([[1.0]]) == 2.0
