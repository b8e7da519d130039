"""Tables in a terminal, letter by letter: rows of matrices, sections, formulas that are cut, the first wrong digit in red."""

import pytest
from marking import made_up
from marking.test_tally import tally
from rich.console import Console

from autograd_tiny import array, mark
from autograd_tiny.marking.report import Report
from autograd_tiny.marking.reports.in_terminal import print_report, print_tally


def report():
    """On rows of numbers and on formulas, with a section whose title is longer than what it stands above."""
    w, x = array([[0.5, -1.0], [1.5, 0.25]], "W"), array([2.0, 1.0], "x")
    z = w @ x
    z.label = "z"
    loss = (z * z).sum()
    loss.label = "E"
    zeros = "[0.000000000000, 0.000000000000]"
    formula = "2*z[0]*x/x + 2*z - 2*z[0]*x/x + z - z"
    claims = ["z = [0.0, 3.25]", "E = 10.57", f"E/W = [{zeros}, [13.000000000000, 6.7]]", f"E/z = {formula}"]
    marks = mark(loss, claims).marks
    titled = [m._replace(claim=m.claim._replace(section="Derivatives by the weights")) for m in marks[3:]]
    return Report([*marks[:3], *titled])


REPORTS = {
    48: """\

                         engine                          printed
 ────────────────────────────────────────────────────────────────────────
  z[0]                      0.0                              0.0   right
  z[1]                     3.25                             3.25   right
  E                       10.56                            10.57   last
                                                                   digit

  Derivatives
  by the
  weights
  ∂E/∂W[0][0]    0.000000000000                   0.000000000000   right
  ∂E/∂W[0][1]    0.000000000000                   0.000000000000   right
  ∂E/∂W[1][0]   13.000000000000                  13.000000000000   right
  ∂E/∂W[1][1]               6.5                              6.7   wrong
  ∂E/∂z              2 · z, (2)   2*z[0]*x/x + 2*z - 2*z[0]*x...   right

7 numbers and 1 formula: 6 right, 1 last digit,
1 wrong.
  ∂E/∂W[1][1] should be 6.5, not 6.7: nothing
  known explains it.
""",
    80: """\

                                engine                          printed
 ────────────────────────────────────────────────────────────────────────────────────
  z                          0.0  3.25                        0.0  3.25   right
  E                              10.56                            10.57   last digit

  Derivatives by the
  weights
  ∂E/∂W[0][0]           0.000000000000                   0.000000000000   right
  ∂E/∂W[0][1]           0.000000000000                   0.000000000000   right
  ∂E/∂W[1][0]          13.000000000000                  13.000000000000   right
  ∂E/∂W[1][1]                      6.5                              6.7   wrong
  ∂E/∂z                     2 · z, (2)   2*z[0]*x/x + 2*z - 2*z[0]*x...   right

7 numbers and 1 formula: 6 right, 1 last digit, 1 wrong.
  ∂E/∂W[1][1] should be 6.5, not 6.7: nothing known explains it.
""",
    107: """\

                                        engine                          printed
 ────────────────────────────────────────────────────────────────────────────────────────────
  z                                  0.0  3.25                        0.0  3.25   right
  E                                      10.56                            10.57   last digit

  Derivatives by the weights
  ∂E/∂W[0][0]                   0.000000000000                   0.000000000000   right
  ∂E/∂W[0][1]                   0.000000000000                   0.000000000000   right
  ∂E/∂W[1][0]                  13.000000000000                  13.000000000000   right
  ∂E/∂W[1][1]                              6.5                              6.7   wrong
  ∂E/∂z                             2 · z, (2)   2*z[0]*x/x + 2*z - 2*z[0]*x...   right

7 numbers and 1 formula: 6 right, 1 last digit, 1 wrong.
  ∂E/∂W[1][1] should be 6.5, not 6.7: nothing known explains it.
""",
    120: """\

                                                        engine                           printed
 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
  z                                                  0.0  3.25                         0.0  3.25   right
  E                                                      10.56                             10.57   last digit

  Derivatives by the weights
  ∂E/∂W                         0.000000000000  0.000000000000    0.000000000000  0.000000000000   right
                               13.000000000000             6.5   13.000000000000             6.7   [1][1] wrong
  ∂E/∂z                                             2 · z, (2)    2*z[0]*x/x + 2*z - 2*z[0]*x...   right

7 numbers and 1 formula: 6 right, 1 last digit, 1 wrong.
  ∂E/∂W[1][1] should be 6.5, not 6.7: nothing known explains it.
""",
}
TALLIES = {
    60: """\

          right  rounded  carried  mistake  stale  wrong  unanswered  mistakes
 ───────────────────────────────────────────────────────────────────────────────────────
 z            4        1                               2           1  wrong 2
 ∂E/∂w11      1                 1        5      1                     sign 2, copied 1,
                                                                      factor 1, others 2

8 answer sheets.
""",
    100: """\

          right  rounded  carried  mistake  stale  wrong  unanswered  mistakes
 ──────────────────────────────────────────────────────────────────────────────────────────────────
 z            4        1                               2           1  wrong 2
 ∂E/∂w11      1                 1        5      1                     sign 2, copied 1, factor 1,
                                                                      others 2

8 answer sheets.
""",
}


def printed(capsys):
    return "".join([f"{line.rstrip()}\n" for line in capsys.readouterr().out.splitlines()])


@pytest.mark.parametrize("width", REPORTS)
def test_a_report(width, capsys):
    print_report(report(), Console(width=width))
    assert printed(capsys) == REPORTS[width]


@pytest.mark.parametrize("width", TALLIES)
def test_a_tally(width, capsys):
    print_tally(tally(), Console(width=width))
    assert printed(capsys) == TALLIES[width]


def test_a_long_name_goes_on_below(capsys):
    print_report(made_up.report(("E/hidden = 1", "right")), Console(width=20))
    assert printed(capsys).splitlines()[3:5] == ["  ∂E/             1         1   right", "   ∂hidden"]


@pytest.mark.parametrize("width", range(20, 130, 10))
def test_nothing_is_cut(width, capsys):
    print_report(report(), Console(width=width))
    assert "…" not in capsys.readouterr().out


def test_verdicts_have_colours_and_the_first_wrong_digit_is_red(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    print_report(report(), Console(width=120))
    _, loss = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("  z ", "  E "))]
    assert "10.5\x1b[1;31m7\x1b[0m" in loss
    assert "\x1b[32mlast digit" in loss
