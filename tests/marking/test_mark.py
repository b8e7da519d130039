"""What makes another convention the one that a page followed: how near it comes, and how much it excuses."""

import pytest
from marking.made_up import report

from autograd_tiny.formulas import read_formula
from autograd_tiny.marking.claims import read_line
from autograd_tiny.marking.derivations import NamedGraph
from autograd_tiny.marking.mark import Judge, is_evidence, may_follow


@pytest.mark.parametrize(
    ("numbers", "is_one"),
    [
        ([("30", "wrong", "right")], True),  # 1.5 of 30, a twentieth
        ([("29", "wrong", "right")], False),
        ([("-30", "mistake", "rounded")], True),
        ([("1", "wrong", "right"), ("30", "wrong", "right")], True),  # a number like 1 says nothing for or against it
        ([("0.0", "wrong", "right")], False),
        ([("6", "wrong", "right"), ("9", "stale", "last digit")], True),
        ([("5", "wrong", "right"), ("5", "wrong", "right")], False),
        ([("29", "wrong", "right"), ("30", "right", "right")], False),  # which was right before
        ([("29", "wrong", "right"), ("30", "wrong", "carried")], False),  # which still is not
        ([("30", "right", "wrong")], False),
        ([], False),
    ],
)
def test_a_convention_excuses_more_than_chance_would(numbers, is_one):
    blamed = report(*[(f"y = {text}", before) for text, before, _ in numbers]).marks
    told = report(*[(f"y = {text}", after) for text, _, after in numbers]).marks
    assert is_evidence(told, blamed) == is_one


@pytest.mark.parametrize(
    ("printed", "may"), [("80", True), ("120", True), ("79", False), ("79.5", False), ("2 w", False)]
)
def test_a_convention_is_looked_at_that_comes_within_20_units(printed, may):
    claims = read_line(f"y = {printed}")
    judge = Judge(NamedGraph(read_formula("y = 2*w").record({"w": 50.0}).output), claims, None, {})
    (first,) = report((claims[0], "wrong")).marks
    assert may_follow(judge.marker, first) == may
