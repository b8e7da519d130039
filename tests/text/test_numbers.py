"""What is one real number, and what only looks like one."""

import numpy as np
import pytest

from autograd_tiny.text.numbers import as_number


@pytest.mark.parametrize(("x", "number"), [(2, 2.0), (np.float32(0.5), 0.5), (np.array(3.0), 3.0), (np.ma.array(4.0), 4.0)])
def test_one_real_number(x, number):
    assert as_number(x) == number


@pytest.mark.parametrize(
    "x",
    [
        *("1", b"1", [1.0], np.array([1.0]), np.ma.masked, np.ma.array([1.0], mask=[True]), None),
        *(np.complex128(1.0), np.array(1j), np.timedelta64(2, "s"), np.datetime64(2, "s")),
    ],
    ids=repr,
)
def test_nothing_is_lost_to_make_it_a_number(x):
    assert as_number(x) is None
