"""Graphs whose data was changed after it was recorded: no marks, by the same error as everywhere that graphs are shown."""

import re

import pytest
from small_graphs import product

from autograd_tiny import Value, mark, optim


def test_a_graph_whose_leaf_was_moved_by_an_optimizer_is_not_marked():
    w, x, y = product()
    y.backward()
    optim.SGD([w], 0.1).step()
    said = "gives 5.1, but 6.0 was recorded: the data of w was changed afterwards, from 2.0 to 1.7; the marks would mix "
    with pytest.raises(ValueError, match=re.escape(said) + ".*compute again first"):
        mark(y, {"y": "6"})
    again = w * x
    again.label = "y"
    assert mark(again, {"y": "5.1", "w": "1.7"}).counts == {"right": 2}


def test_what_others_hold_may_not_have_been_changed_either():
    _, x, y = product()
    beside = Value(5.0, "v") * x
    beside.label = "u"
    assert mark(y, {"u": "15"}, others=[beside]).ok
    beside.data = 14.0
    assert mark(y, {"y": "6"}).ok
    with pytest.raises(ValueError, match="the data of the result was changed"):
        mark(y, {"u": "15"}, others=[beside])
