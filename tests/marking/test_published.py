"""Published pages, numbers only, each with its source: all can be claimed in few lines, and each verdict was checked by hand.

The comment at the head of each file tells the source, how much of it was read, and what is wrong in it.
"""

import re
from pathlib import Path

import pytest

from autograd_tiny.marking.marks import FAITHFUL
from autograd_tiny.marking.pages import read_page

PAGES = sorted((Path(__file__).parent / "pages").glob("*.toml"))
WRONG = {
    "batch": {"∂l1(4)/∂z(4) = 0.21876263": "wrong"},
    "recurrent": {
        "h2 = 0.7790": "wrong",
        **dict.fromkeys(
            [
                *("y2 = 1.558", "L2 = 0.0978", "L = 0.1007", "∂L/∂y2 = -0.442", "∂L/∂h2 = -0.884", "∂h2/∂a2 = 0.3931"),
                *("∂L/∂a2 = -0.3475", "L/a2 · x2 = -0.695", "L/a2 · h1 = -0.1606"),
            ],
            "carried",
        ),
    },
    "softmax": {
        "-0.1(0.426) + 0.2(0.5) + 0.1 = 0.185": "wrong",
        "z4 = 0.185": "wrong",
        **dict.fromkeys(["p1 = 0.561", "p2 = 0.439", "L = -(1 · log(0.561))", "L = 0.579"], "carried"),
        "∂L/∂w8 = (p1 - y1)a2": "mistake: copied",
        "∂L/∂w9 = (p2 - y2)a1": "mistake: copied",
    },
    "two-outputs": {"E' = 0.291027924": "mistake: updated weights used"},
}
"""What is wrong on them, by page; everything else is right, or rounded, or off by a last digit."""


def lines_of(path):
    """What an author types: every line that is no comment and not empty, and of a list each claim."""
    text = re.sub(r"^#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    outside = re.sub(r"claims = \[\n(.*?)\n\]", "", text, flags=re.DOTALL)
    return len(read_lines(text)) + len([line for line in outside.splitlines() if line.strip().strip('"')])


def read_lines(text):
    (claims,) = re.findall(r"claims = \[(.*?)\]\n", text, re.DOTALL)
    return re.findall(r'"[^"]*"', claims)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_verdicts_on_published_pages(path):
    report = read_page(path).mark()
    blamed = {f"{m.claim.called} = {m.claim.printed.text}": m.finding for m in report.marks if m.verdict not in FAITHFUL}
    assert blamed == WRONG.get(path.stem, {})
    assert lines_of(path) <= 1.2 * len(report.marks)


KINDS = {
    "two training steps": r"w1'' = ",
    "a batch": r'batch = "sum"',
    "momentum": r'optimizer = "momentum"',
    "Adam": r'optimizer = "adam"',
    "a recurrent network": r"a2 = Wx\*x2 \+ Wh\*h1",
    "a convolution": r"F00 = \(1\+0-3\)",
    "what leads back through a convolution": r"L/X = \[\[1, 2, 0, 0\]",
    "softmax with cross-entropy": r"L = -\(y1\*log\(p1\) \+ y2\*log\(p2\)\)",
    "matrices": r"J/W1 = \[\[",
}
"""What a page of each kind claims or says, among others."""


def test_there_are_ten_of_them_and_every_kind():
    assert len(PAGES) >= 10
    texts = [path.read_text(encoding="utf-8") for path in PAGES]
    assert all(re.search(r"^# Source: .*\n(#.*\n)*# .*[Cc]hecked by hand", page) for page in texts)
    assert not [kind for kind, pattern in KINDS.items() if not any(re.search(pattern, page) for page in texts)]
