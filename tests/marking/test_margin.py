"""The three sentences in the margin, by marks that are made up."""

import pytest
from marking.made_up import report

from autograd_tiny import mark
from autograd_tiny.formulas import read_formula
from autograd_tiny.marking.forms.computed import Whole, computed
from autograd_tiny.marking.story.margin import LONGEST, MOST_NAMED, in_the_margin

WHY = {"why": "the sign is wrong", "mistake": "sign"}


def margin(*rows, carried=(), others=0):
    return in_the_margin(report(*rows).marks, report(*[(f"{name} = 1", "carried", 2.0) for name in carried]).marks, others)


@pytest.mark.parametrize(("known", "line"), [
    ({}, "y should be 2.0, not 1.5."),
    ({"by_page": "1.8"}, "y should be 2.0 (1.8 from the page's own numbers), not 1.5."),
    ({"formula": "y = w * x"}, "y is w * x, which gives 2.0 and not 1.5."),
    ({"formula": "y = w * x", "followed": "w + x"}, "y is w * x, which gives 2.0; w + x gives 1.5."),
    ({"formula": "y = w * x", "followed": "y = w + x"}, "y is w * x, which gives 2.0; w + x gives 1.5."),
    ({"formula": "z = w * x"}, "y should be 2.0, not 1.5."),  # another quantity's
    ({"formula": "y = -2.0"}, "y should be 2.0, not 1.5."),  # says no more
    ({"formula": f"y = {'x' * 90}", "followed": "x" * 90}, f"y is {'x' * 90}, which gives 2.0 and not 1.5."),
    ({"formula": f"y = {'x' * 190}", "followed": "x"}, "y should be 2.0, not 1.5."),
])  # fmt: skip
def test_the_line_where_it_enters(known, line):
    found = margin(("y = 1.5", "mistake", 2.0, WHY | known))
    assert found == ["y = 1.5: the sign is wrong.", line]
    assert len(line) <= LONGEST


def test_the_longest_line_is_as_long_as_is_said():
    for n in range(150, 190):
        (_, line) = margin(("y = 1.5", "mistake", 2.0, WHY | {"formula": f"y = {'x' * n}"}))
        whole = f"y is {'x' * n}, which gives 2.0 and not 1.5."
        assert line == (whole if len(whole) <= LONGEST else "y should be 2.0, not 1.5.")


def test_of_several_the_line_is_that_of_the_first_that_is_known():
    rows = [("y = 1", "mistake", 2.0, dict(WHY)), ("z = 3", "mistake", 4.0, WHY | {"formula": "z = w", "followed": "x"})]
    assert margin(*rows) == ["y = 1: the sign is wrong; the same in z.", "z is w, which gives 4; x gives 3."]


def test_causes():
    named = [f"y{i}" for i in range(MOST_NAMED + 1)]
    by_cause = [(f"{name} = 1", "mistake", 2.0, WHY | {"cause": "all over the page, it is"}) for name in named]
    assert margin(*by_cause)[0] == "One slip: the sign is wrong; it makes y0, y1, y2 and 1 more wrong."
    unexplained = [(f"{name} = 1", "wrong", 2.0) for name in named]
    assert margin(*unexplained)[0] == "y0, y1, y2 and 1 more are wrong, and nothing known explains them."
    assert margin(unexplained[0])[0] == "y0 is wrong, and nothing known explains it."
    stale = {"why": "stale", "fits": ("x = 2", "w = 3")}
    both = [("y = 1", "stale", 2.0, stale), ("z = 1", "stale", 2.0, stale | {"mistake": "sign"})]
    assert margin(*both)[0] == "y and z look like numbers from before an edit, of x = 2 and w = 3; besides, the sign is wrong in z."
    assert margin(both[0])[0] == "y looks like a number from before an edit, of x = 2 and w = 3."


@pytest.mark.parametrize(("carried", "others", "rest"), [
    ((), 0, []), (("z",), 0, ["One later number carries it on, z."]), (("z", "E"), 0, ["2 later numbers carry it on, z and E."]),
    ((), 1, ["1 more slip is on the page."]), ((), 3, ["3 more slips are on the page."]),
    (("z",), 2, ["One later number carries it on, z; 2 more slips are on the page."]),
])  # fmt: skip
def test_what_it_carries_along_and_how_much_else_is_wrong(carried, others, rest):
    assert margin(("y = 1", "mistake", 2.0, dict(WHY)), carried=carried, others=others)[2:] == rest


def from_code(number, given=(2, 2)):
    """An entry of an array from code."""
    whole = Whole("∂E/∂W", given, (2, 2), (1.0, 2.0, 3.0, 4.0))
    return {"printed": computed(number, 1e-6, 4.0, whole)}


def test_arrays_from_code():
    entries = [(f"E/W[{i}][{j}] = 1", "mistake", 2.0, WHY | from_code(1.0)) for i in (0, 1) for j in (0, 1)]
    assert margin(*entries)[0] == "∂E/∂W[0][0] = 1: the sign is wrong; the same in 3 more of its entries."
    assert margin(entries[0])[0] == "∂E/∂W[0][0] = 1: the sign is wrong."
    turned = [(text, "mistake", 2.0, {"why": "it is transposed"} | from_code(1.0, (2, 3))) for text, *_ in entries]
    said = "∂E/∂W should be 2 × 2, not 2 × 3: it is transposed."
    assert margin(*turned, carried=("z",), others=2) == [said, "One later number carries it on, z; 2 more slips are on the page."]
    assert margin(("E/W[0][0] = 1", "mistake", 2.0, WHY | {"why": "it is transposed"} | from_code(1.0, (2, 3)))) == [said]


def test_numbers_that_are_called_alike_are_told_apart():
    net = read_formula("y = w*x").record({"w": 0.5, "x": 1.7})
    told = mark(net.output, ["y = 0.3537", "y = 0.6482"]).margin[0]
    assert told == "y = 0.3537 and y = 0.6482 are wrong, and nothing known explains them."
