"""The story that marks tell, by marks that are made up: counts, groups, what is waived, tables."""

import html
import re

import pytest
from marking.made_up import report

from autograd_tiny.marking.claims import ClaimError, read_claim, read_entries
from autograd_tiny.marking.marks import FAITHFUL, LONGEST_LINES, Formulas
from autograd_tiny.text.excerpts import Spot
from autograd_tiny.text.palette import VERDICTS


def test_what_is_counted_is_numbers_and_formulas():
    formula = {"formulas": Formulas("w * x", "wx", "w")}
    numbers, formulas = [("y = 1", "right"), ("z = 2", "wrong")], [("y = 1", "right", formula)]
    assert report(*numbers).story[0] == "2 numbers: 1 right, 1 wrong."
    assert report(*formulas).story[0] == "1 formula: 1 right."
    assert report(*numbers, *formulas).story[0] == "2 numbers and 1 formula: 2 right, 1 wrong."
    assert report().story[0] == "0 numbers: ."


@pytest.mark.parametrize(("rows", "is_said"), [
    ([("E/w = 0", "right"), ("E/x = 0.0", "right")], True),
    ([("E/w = 0", "right"), ("E/x/w = 0.0", "right"), ("y = 3", "right")], True),
    ([("E/w = 0", "right"), ("E/x = 0.1", "right")], False),
    ([("E/w = 0", "right"), ("y = 0", "right")], False),
    ([("E/w = 0.5", "right"), ("E/x = 0.1", "right")], False),
    ([], False),
])  # fmt: skip
def test_where_all_derivatives_are_0_it_is_said(rows, is_said):
    assert any("Every derivative on this page is 0" in sentence for sentence in report(*rows).story) == is_said


@pytest.mark.parametrize("verdict", VERDICTS)
def test_what_is_blamed(verdict):
    one = report(("y = 1", "right"), ("z = 2.0", verdict, 3.0, {"why": "so it is"}))
    assert one.ok == (verdict in FAITHFUL)
    assert [slip.claim.called for slip in one.slips] == (["z"] if verdict in ("mistake", "stale", "wrong") else [])
    assert one.first_slip == (one.slips[0] if one.slips else None)
    assert one.strict.ok == (one.ok and verdict != "last digit")
    assert one.counts == ({"right": 2} if verdict == "right" else {"right": 1, verdict: 1})
    said = one.marks[1].sentence
    assert said.startswith("z should be 3.0, not 2.0: so it is" if verdict not in FAITHFUL else "z")
    assert said.endswith(".")
    assert ("3.0" in said) == (verdict != "right")


@pytest.mark.parametrize(("others", "also"), [
    ((), ""), (("this",), "; another explanation would fit: this"), (("this", "that"), "; other explanations would fit: this; that"),
    (("x" * 101,), "; 1 other explanation would fit"), (("x" * 60, "y" * 60), "; 2 other explanations would fit"),
])  # fmt: skip
def test_other_explanations_are_named_or_counted(others, also):
    assert report(("y = 1", "mistake", 2.0, {"why": "so", "alternatives": others})).marks[0].sentence == f"y should be 2, not 1: so{also}."


def carried(*sources):
    return {"why": "it follows", "sources": sources}


def test_what_carries_a_slip_on_is_counted_through_others():
    one = report(
        ("y = 1", "mistake", 2.0, {"why": "a"}), ("z = 1", "carried", 2.0, carried(0)), ("E = 1", "carried", 2.0, carried(1)),
        ("u = 1", "mistake", 2.0, {"why": "b", "mistake": "sign"}), ("v = 1", "carried", 2.0, carried(3)), ("w = 3", "right"),
    )  # fmt: skip
    assert one.story[1:] == [
        "y should be 2, not 1: a. 2 later numbers carry it on.", "u should be 2, not 1: b. One later number carries it on."
    ]  # fmt: skip
    assert one.margin[0] == "y = 1: a."
    assert one.margin[-1] == "2 later numbers carry it on, z and E; 1 more slip is on the page."


def test_the_margin_is_about_what_makes_most_of_the_page_wrong():
    slips = [("y = 1", "mistake", 2.0, {"why": "a", "mistake": "m"}), ("u = 1", "mistake", 2.0, {"why": "b", "mistake": "n"})]
    assert report(*slips).margin[0] == "y = 1: a."
    assert report(*slips, ("v = 1", "carried", 2.0, carried(1))).margin[0] == "u = 1: b."
    assert report(*slips, ("z = 1", "mistake", 2.0, {"why": "b", "mistake": "n"})).margin[0] == "u = 1: b; the same in z."
    unexplained = [("p = 1", "wrong", 2.0), ("q = 1", "wrong", 2.0)]
    assert report(*unexplained, slips[0]).margin[0] == "y = 1: a."  # what is explained comes first
    assert report(slips[0], *unexplained).margin[-1] == "2 more slips are on the page."
    assert report(*unexplained).margin == ["p and q are wrong, and nothing known explains them.", "p should be 2, not 1."]
    assert report(("p = 1", "right")).margin == []


def test_the_margin_stands_above_what_is_more_than_twice_as_long():
    one = [("y = 1", "mistake", 2.0, {"why": "a"})]
    assert report(*one).margin_above == []
    many = [(f"y{i} = 1", "mistake", 2.0, {"why": f"reason {i}", "mistake": f"{i}"}) for i in range(12)]
    above = report(*many).margin_above
    assert above == [f"In the margin: {' '.join(report(*many).margin)}"]
    for n in range(1, 12):
        some = report(*many[:n])
        told = f"In the margin: {' '.join(some.margin)}"
        assert bool(some.margin_above) == (2 * len(told) < len(" ".join(some.story[1:])))


def test_slips_of_one_kind_are_told_together_section_by_section():
    sign = {"why": "the sign is wrong", "mistake": "sign"}
    one = report(
        ("y = 1", "mistake", -1.0, sign | {"section": "A"}), ("z = 2", "mistake", -2.0, sign | {"section": "A"}),
        ("u = 3", "mistake", -3.0, sign | {"section": "B"}), ("p = 5", "wrong", 6.0), ("q = 7", "wrong", 8.0),
    )  # fmt: skip
    assert one.story[1:] == [
        "y should be -1, not 1: the sign is wrong. The same in z.", "u should be -3, not 3: the sign is wrong.",
        "Nothing known explains 2 numbers: p should be 6, not 5; q should be 8, not 7.",
    ]  # fmt: skip


def test_numbers_from_before_an_edit_are_told_together_with_their_signs():
    stale = {"why": "stale", "fits": ("x = 2",)}
    one = report(("y = 1", "stale", 2.0, stale), ("z = 1", "stale", 2.0, stale | {"mistake": "sign"}))
    said = "y and z look like numbers from before an edit: they fit together x = 2"
    assert one.story[1:] == [f"{said}; besides, the sign is wrong in z."]
    assert report(("y = 1", "stale", 2.0, stale), ("z = 1", "stale", 2.0, stale)).story[1:] == [f"{said}."]


def test_a_number_that_is_printed_twice_in_the_same_way_is_told_once():
    one = report(("y = 1", "wrong", 2.0), ("y = 1.0", "wrong", 2.0), ("y = 1", "wrong", 2.0))
    assert [len(same) for same in one.places.values()] == [2]
    assert one.story[0] == "3 numbers: 3 wrong."
    assert len(one.lines()) == 2
    assert one.found(one.lines()[0]) == "wrong, 2 times"
    assert one.found(one.lines()[1]) == "wrong"
    alone = report(("y = 1", "mistake", 2.0, {"why": "so"}), ("y = 1", "mistake", 2.0, {"why": "so"}))
    assert alone.story[1:] == ["y should be 2, not 1: so. It is printed 2 times."]


def test_what_is_known_is_waived_with_what_carries_nothing_else_on():
    one = report(
        ("y = 1", "wrong", 2.0), ("u = 1", "wrong", 2.0), ("z = 1", "carried", 2.0, carried(0)),
        ("E = 1", "carried", 2.0, carried(0, 1)), ("p = 1", "right"),
    )  # fmt: skip
    waived = one.waiving([read_claim("y = 1")])
    assert [mark.known for mark in waived.marks] == [True, False, True, False, False]
    assert not waived.ok
    assert waived.story[-1] == "Known, and so waived: y = 1 and z = 1."
    assert one.waiving([read_claim("y = 1"), read_claim("u = 1")]).ok
    assert waived.marks[0].finding == "wrong (known)"
    with pytest.raises(ClaimError, match=r"the page does not say y = 1\.0; take it out of what is known") as failed:
        one.waiving([read_claim("y = 1"), read_claim("y = 1.0")])
    assert failed.value.number == 1
    with pytest.raises(ClaimError, match="p = 1 is right; take it out of what is known"):
        one.waiving([read_claim("p = 1")])


def test_a_table_of_a_report_is_aligned():
    one = report(("y = 1.25", "right", 1.25, {"section": "Forward"}), ("E/w = -0.5", "mistake", 0.5, {"why": "so", "mistake": "sign"}))
    assert str(one).splitlines()[:4] == [
        "       engine  printed", "", "Forward", "y        1.25     1.25  right"
    ]  # fmt: skip
    assert str(one).splitlines()[-3:-1] == ["", "2 numbers: 1 right, 1 mistake."]
    assert str(one).splitlines()[-1] == "∂E/∂w should be 0.5, not -0.5: so."
    assert repr(one) == "<Report: 2 numbers: 1 right, 1 mistake>"
    shown = one._repr_html_()
    assert shown.count("<tr") == 4
    assert re.findall("<li>(.*?)</li>", shown) == one.story[1:]
    assert [title.partition('"')[0] for title in shown.split('title="')[1:]] == [mark.sentence for mark in one.marks]
    assert re.search('<th [^>]*colspan="?4[^>]*>Forward</th>', shown)
    assert shown.index("2 numbers") < shown.index("Forward") < shown.index(">1.25<") < shown.index("∂E/∂w</")


def test_where_a_number_is_printed_again_is_told_by_lines():
    def at(*lines):
        return report(*[("y = 1", "mistake", 2.0, {"why": "so", "spot": Spot(line, 1, line, 6)}) for line in lines]).story[1]

    assert at(3, 7, 9) == "y should be 2, not 1: so. It is printed 3 times, on lines 3, 7 and 9."
    assert at(3, 7, 3) == "y should be 2, not 1: so. It is printed 3 times, on lines 3 and 7."
    assert at(3, 3) == "y should be 2, not 1: so. It is printed 2 times."
    assert at(3) == "y should be 2, not 1: so."
    assert at(*range(1, 12)).endswith("on lines 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more.")


def test_a_formula_has_no_note():
    assert list(report(("2*y = 2", "right"), ("y = 1", "right")).notes()) == ["y"]


def test_notes_stand_at_the_node_by_which_is_differentiated_and_a_cause_where_it_sits():
    everywhere = {"why": "as everywhere", "cause": "everywhere it is so", "mistake": "sign"}
    notes = report(
        ("y = 1", "right"), ("E/w = 2", "mistake", 3.0, everywhere | {"place": "z"}), ("E/x/w = 3", "wrong", 4.0),
        ("w'' = 5", "carried", 6.0), ("v(w)' = 7", "right"),
        ("E/b = 2", "mistake", 3.0, everywhere | {"cause": "nowhere"}), ("E/c = 2", "mistake", 3.0, everywhere | {"place": "z"}),
        ("E/d = 2", "mistake", 3.0, {"why": "once", "mistake": "sign", "place": "z"}),
    ).notes()  # fmt: skip
    assert {node: [(note.name, note.text) for note in found] for node, found in notes.items()} == {
        "y": [("page", "1 =")],
        "w": [("page, dE", "2 ✗"), ("page, dE via x", "3 !"), ("page, updated 2 times", "5 >"), ("page, v(w), updated", "7 =")],
        "b": [("page, dE", "2 ✗")], "c": [("page, dE", "2 ✗")], "d": [("page, dE", "2 ✗")], "z": [("slip", "sign")],
    }  # fmt: skip


def test_what_a_file_says_of_a_number_and_of_a_formula():
    number, formula = report(
        ("y = 1.5", "mistake", 2.0,
         {"why": "so", "mistake": "sign", "sources": (1,), "alternatives": ("a", "b"), "spot": Spot(3, 1, 3, 7)}),
        ("z = 2", "right", {"formulas": Formulas("w * x", "w x", "x w"), "section": "A"}),
    ).as_data()["marks"]  # fmt: skip
    assert number.items() >= {
        "quantity": "y", "section": "", "printed": "1.5", "engine": 2.0, "right": "2.0", "verdict": "mistake", "known": False,
        "mistake": "sign", "sentence": "y should be 2.0, not 1.5: so; other explanations would fit: a; b.",
        "other_explanations": 2, "line": 3, "end_column": 7,
    }.items()  # fmt: skip
    assert number["carried_from"] == [1]
    assert "right_latex" not in number
    assert formula.items() >= {"section": "A", "right": "w * x", "right_latex": "w x", "printed_latex": "x w"}.items()
    assert "line" not in formula
    assert report(("y = 1", "wrong", float("inf"))).as_data()["marks"][0]["engine"] is None


MATRIX = "W = [[1.25, -20.5, 7], [3, _, 0.5]]"


def test_a_printed_matrix_has_a_line_for_each_row_in_columns():
    said = ["right", "mistake", "right", "right", "wrong"]
    mistakes = [{"mistake": "sign"} if verdict == "mistake" else {} for verdict in said]
    one = report(*[(claim, *known) for claim, *known in zip(read_entries(MATRIX), said, [-1.25, 20.5, -7.0, -3.0, -0.5], mistakes)])
    first, second = one.lines()
    assert (first.called, second.called) == ("W", "")
    assert (first.printed, second.printed) == (("1.25", "-20.5", "  7"), ("   3", "    _", "0.5"))
    assert first.engine == ("-1.25", "20.5", "  -7")
    assert second.engine == ("   -3", "   _", "-0.5")
    assert (first.finding, second.finding) == ("[0][1] mistake: sign", "[1][2] wrong")
    assert [line.worst.verdict for line in one.lines()] == ["mistake", "wrong"]
    shown = [re.sub("<[^>]*>", "", html.unescape(row)) for row in re.findall(r"<tr>.*?</tr>", one._repr_html_())]
    assert "1.25  -20.5    7" in shown[1]
    assert "   3      _  0.5" in shown[2]
    assert [len(report(*[(claim, "right") for claim in read_entries(MATRIX)]).lines(width)) for width in (16, 15)] == [2, 5]
    wide = [report(*[(x, "right") for x in read_entries(f"a = [{'0' * n}.5, 1.25, 2.75, 3.125]")]) for n in (15, 16)]
    assert [len(one.lines()) for one in wide] == [1, 4]


def test_a_row_of_which_the_same_is_found_says_it_once():
    claims = read_entries("W = [[1, 2], [3, 4]]")
    rows = report(*[(claim, verdict) for claim, verdict in zip(claims, ("right", "right", "wrong", "right"))]).lines()
    assert [row.finding for row in rows] == ["right", "[1][0] wrong"]
    vector = report(*[(claim, "right") for claim in read_entries("v = [1, 2, 3]")]).lines()
    assert [(line.called, line.printed, line.finding) for line in vector] == [("v", ("1", "2", "3"), "right")]


@pytest.mark.parametrize(("more", "is_told"), [(0, True), (1, False)])
def test_a_line_is_told_beside_the_right_one_where_both_are_short_together(more, is_told):
    followed, formula = "y = " + "a" * (67 + more), "y = " + "b" * 60
    (mark,) = report(("y = 1", "mistake", 2.0, {"followed": followed, "formula": formula})).marks
    assert mark.lines == (f" There stands {followed}, where it is {'b' * 60}." if is_told else "")
    assert not is_told or len(mark.lines) == LONGEST_LINES
