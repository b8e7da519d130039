"""Shapes: brought together as NumPy does; what an array is called; what is said where they do not fit."""

from itertools import product

import numpy as np
import pytest

from autograd_tiny import Value, array, maximum
from autograd_tiny.arrays.shapes import broadcast, entry_places, name, spread

SHAPES = [(), *product(range(1, 4)), *product(range(1, 4), repeat=2)]


@pytest.mark.parametrize("shape", SHAPES)
def test_entries_are_repeated_as_numpy_repeats_them(shape):
    entries = range(int(np.prod(shape)))
    for to in SHAPES:
        try:
            together = np.broadcast_shapes(shape, to)
        except ValueError:
            assert broadcast(shape, to) is None
            continue
        assert broadcast(shape, to) == broadcast(to, shape) == together
        assert [*spread(entries, shape, together)] == np.broadcast_to(np.reshape(entries, shape), together).ravel().tolist()


@pytest.mark.parametrize("shape", [(1,), (12,), (1, 1), (12, 2), (2, 12)])
def test_an_array_is_called_what_the_labels_of_its_entries_share(shape):
    places = entry_places(shape)
    entries = [Value(1.0, "W" + place) for place in places]
    rows = entries if len(shape) == 1 else [entries[i : i + shape[1]] for i in range(0, len(entries), shape[1])]
    assert name(array(rows).node) == "W"
    entries[-1].label = "V" + places[-1]
    assert name(array(rows).node, "none") == ("V" if len(entries) == 1 else "none")


def test_operands_without_a_name_are_counted():
    two, three = array([[1.0, 2.0], [3.0, 4.0]]), array([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="add: operand 1 is 2×2 and operand 2 is 3; entry by entry"):
        two + three
    with pytest.raises(ValueError, match="operand 2 is 3, operand 4 is 2×2, operand 5 is 2×2, operand 6 is 2×2 and 1 more; "):
        maximum(two, three, 1.0, two, two, two, two)
    with pytest.raises(ValueError, match="the product a @ W: the left one is 3 and W is 2×2; "):
        three @ array([[1.0, 2.0], [3.0, 4.0]], "W")


def test_one_entry_beside_numbers():
    assert (array([2.0]) + 1.0).data == [3.0]
    assert (array([[2.0]]) * [[3.0, 4.0]]).data == [[6.0, 8.0]]
