"""How many made which mistake, by marks that are made up."""

from itertools import pairwise

import pytest
from marking.made_up import report

from autograd_tiny.marking.answers.tally import MOST_MISTAKES, Tally, tallied
from autograd_tiny.text.palette import VERDICTS

CLAIMS = ("z = 1", "E/w11 = 2")
SHEETS = [
    ("right", "right"), ("right", "mistake sign"), ("wrong", "mistake sign"), ("wrong", "mistake factor"), ("unanswered", "mistake copied"),
    ("right", "stale"), ("right", "mistake one path kept"), ("rounded", "carried"),
]  # fmt: skip


def tally():
    def known(said):
        verdict, _, mistake = said.partition(" ")
        return verdict, 1.0, {"mistake": mistake}

    return tallied([report(*[(claim, *known(said)) for claim, said in zip(CLAIMS, sheet)]) for sheet in SHEETS])


def test_everybody_is_counted_once_for_each_claim():
    found = tally()
    assert (found.people, found.claims) == (8, ("z", "∂E/∂w11"))
    for claim in (0, 1):
        assert sum(found.verdicts(claim).values()) == 8
    assert found.verdicts(0) == {"right": 4, "rounded": 1, "carried": 0, "mistake": 0, "stale": 0, "wrong": 2, "unanswered": 1}
    assert list(found.verdicts(1)) == [verdict for verdict in VERDICTS if verdict in found.verdicts(0)]
    assert list(found.mistakes(1).items()) == [("sign", 2), ("copied", 1), ("factor", 1), ("one path kept", 1), ("stale", 1)]
    assert found.mistakes(0) == {"wrong": 2}
    with pytest.raises(ValueError, match="zip"):
        found.add(report(("z = 1", "right")))
    assert (Tally().people, Tally().claims) == (0, ())


def test_the_table():
    head, z, slope = tally().rows()
    assert head == ("", *tally().verdicts(0), "mistakes")
    assert z == ("z", "4", "1", "", "", "", "2", "1", "wrong 2")
    assert slope[-1] == "sign 2, copied 1, factor 1, others 2"
    assert slope[-1].count(",") == MOST_MISTAKES
    first, empty, *lines = str(tally()).splitlines()
    assert (first, empty) == ("8 answer sheets", "")
    assert lines[1].split()[:3] == ["z", "4", "1"]
    for title in tally().verdicts(0):  # numbers end where their heads end
        end = lines[0].index(title) + len(title)
        for line in lines[1:]:
            assert line[end - 1] in " 0123456789"
            assert line[end : end + 2] == "  "
    shown = tally()._repr_html_()
    assert shown.startswith("<p>8 answer sheets</p><table><tr>")
    assert shown.count("<th") == 9
    assert shown.count("<td") == 18


def test_the_bars_of_a_claim_follow_each_other_from_0_to_everybody():
    found = tally()
    plot = found.plot()
    (axes,) = plot.figure.axes
    assert axes.get_title() == "8 answer sheets"
    assert tally().plot("A class").title == "A class: how many have which verdict, claim by claim"
    assert axes.get_xlim() == (0, 8)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["z", "∂E/∂w11"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first claim on top
    for claim in (0, 1):
        bars = [bar for bar in axes.patches if bar.get_y() < claim < bar.get_y() + bar.get_height()]
        assert [bar.get_width() for bar in bars] == list(found.verdicts(claim).values())
        assert [x.get_x() + x.get_width() for x in bars] == [y.get_x() for y in bars[1:]] + [8]
        assert bars[0].get_x() == 0
    looks = {(*bar.get_facecolor(), bar.get_hatch()) for bar in axes.patches}
    assert len(looks) == len(found.verdicts(0))  # each verdict can be told from the others
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(found.verdicts(0))
    mistakes = {text.get_text(): text.get_position() for text in axes.texts}
    assert [row[-1] for row in found.rows()[1:]] == list(mistakes)
    assert all(x > 8 and y == claim for claim, (x, y) in enumerate(mistakes.values()))
    larger = tallied([report(*[(f"w{i} = 1", "right") for i in range(30)])]).plot().figure
    few, many = plot.figure.get_size_inches(), larger.get_size_inches()
    assert below(plot.figure) > 0.2
    assert below(plot.figure) == pytest.approx(below(larger), rel=0.1)
    assert few[0] == many[0] > few[1]  # as wide, and higher by a line for each claim
    assert (many[1] - few[1]) / 28 == pytest.approx(0.28, rel=0.2)
    assert all(b - a >= 1 and b == int(b) for a, b in pairwise(axes.get_xticks()))


def below(figure):
    """How many inches the legend begins below the axes."""
    (axes,) = figure.axes
    return (axes.bbox.y0 - axes.get_legend().get_bbox_to_anchor().y0) / figure.dpi
