"""A class marked in one call: sheets in any encoding, blanks, what is carried on, who made which mistake; nothing is evaluated."""

import csv
import io
import tracemalloc

import pytest

from autograd_tiny import Value, mark, mark_all
from autograd_tiny.cli import main
from autograd_tiny.marking.answers.class_files import mark_class
from autograd_tiny.marking.answers.sheet import Sheet, SheetError, harmless
from autograd_tiny.marking.pages import read_page
from autograd_tiny.optim import SGD

PAGE = """\
title = "One neuron"
learning_rate = 0.1
formula = "z = w*x + b; y = sigmoid(z); E = (y - 1)**2 / 2"
inputs = {w = 0.5, x = -2.0, b = 0.3}
[[section]]
title = "Forward"
claims = ["z = -0.7", "y = 0.332"]
[[section]]
title = "Backward"
claims = ["E/y = -0.668", "E/z = -0.148", "E/w = 0.296", "w' = 0.470", "E/z = -0.148"]
"""
HEAD = "name,z,y,dE/dy,∂E/∂z,E/w,w',group\n"
RIGHT = "-0.7,0.332,-0.668,-0.148,0.296,0.470"


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.toml").write_text(PAGE, encoding="utf-8")
    return read_page(tmp_path / "page.toml")


def marked(page, tmp_path, data, encoding=""):
    """What is written about a class, row by row, the head first; and the bytes."""
    (tmp_path / "class.csv").write_bytes(data if isinstance(data, bytes) else data.encode())
    tally = mark_class(page, Sheet(tmp_path / "class.csv", encoding), tmp_path / "marked.csv")
    written = (tmp_path / "marked.csv").read_bytes()
    delimiter = ";" if b";" in written.split(b"\n")[0] else ","
    return list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""), delimiter=delimiter)), tally, written


def test_a_row_per_person_and_a_column_per_claim(page, tmp_path):
    sheets = f"Ada,{RIGHT},a\nBob,-0.7,0.332,0.668,0.148,-0.296,0.530,b\nEve,-0.7,,,-0.668,,,b\n"
    (head, ada, bob, eve), tally, _ = marked(page, tmp_path, HEAD + sheets)
    assert head == ["name", "group", "z", "y", "dE/dy", "∂E/∂z", "E/w", "w'", "points", "first slip"]
    assert ada == ["Ada", "a", *["right"] * 6, "6", ""]
    assert bob[:8] == ["Bob", "b", "right", "right", "mistake: sign", "carried", "carried", "carried"]
    assert bob[8:] == ["5", "∂E/∂y should be -0.668, not 0.668: the sign is wrong."]
    assert eve[2:9] == ["right", "unanswered", "unanswered", "mistake: activation derivative missing", "unanswered", "unanswered", "1"]
    assert tally.people == 3
    assert tally.claims == ("z", "y", "∂E/∂y", "∂E/∂z", "∂E/∂w", "w'")
    assert tally.mistakes(2) == {"sign": 1}
    assert tally.mistakes(3) == {"activation derivative missing": 1}
    assert tally.verdicts(1) == {"right": 2, "carried": 0, "mistake": 0, "unanswered": 1}


@pytest.mark.parametrize(
    ("encoding", "mark", "told"),
    [("utf-8", b"", ""), ("utf-8", b"\xef\xbb\xbf", ""), ("utf-16", b"", ""), ("latin-1", b"", "latin-1"), ("cp1252", b"", "cp1252")],
)
def test_other_encodings(page, tmp_path, encoding, mark, told):
    head = HEAD.replace("∂", "d")
    rows, _, written = marked(page, tmp_path, mark + f"{head}Zoë,{RIGHT},ü\n".encode(encoding), told)
    assert rows[1][:3] == ["Zoë", "ü", "right"]
    assert written.startswith(b"\xef\xbb\xbf") is (bool(mark) or encoding == "utf-16")


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_separators_and_decimal_commas(page, tmp_path, delimiter):
    sheet = (HEAD + f"Ada,{RIGHT},a\n").replace(",", delimiter).replace(".", ",").replace("\n", "\r\n")
    (tmp_path / "class.csv").write_text(sheet, encoding="utf-8", newline="")
    assert mark_class(page, Sheet(tmp_path / "class.csv")).verdicts(1) == {"right": 1}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the first line names the columns"),
        (HEAD.encode(), "there is nobody below the header"),
        (HEAD.replace("y,", "", 1).encode() + b"Ada\n", "line 1: no column for y"),
        (
            HEAD.replace("dE/dy", "dE/dyy").replace("E/w", "w/w").encode() + b"Ada\n",
            "line 1: no column for ∂E/∂y and ∂E/∂w; did you mean `dE/dyy`",
        ),
        (b"name,group\n", "line 1: no column for z, y, .* and w'; there are 'name' and 'group'"),
        (b"name,z,z\n", "line 1: two columns are called 'z'"),
        (HEAD.replace("group", "dE/dw").encode(), "line 1: 'E/w' and 'dE/dw' are columns of the same number; leave only one"),
        (HEAD.encode() + f"Ada,{RIGHT},a,5\n".encode(), "line 2: 9 cells, but the header has 8"),
        (HEAD.encode() + b'Ada,"1\n', "line 2: unexpected end of data"),
        (HEAD.encode() + "Ada\nZoë\n".encode("latin-1"), "this is no text in utf-8.*--encoding cp1252"),
        (HEAD.encode("utf-16")[2:], "zero bytes"),
        (HEAD.encode("utf-16") + b"x", "no text in utf-16"),
    ],
)
def test_sheets_that_cannot_be_marked(page, tmp_path, data, message):
    with pytest.raises(SheetError, match=message):
        marked(page, tmp_path, data)
    assert not (tmp_path / "marked.csv").exists()


WORDS = """\
formula = "y = w*x; a = y; E = (a - t)**2 / 2"
claims = ["E/a = 0.50", "half/2 = 0.125", "half/w = 1.00", "a^2 = 9.00", "E'/w' = -1.5"]
inputs = {w = 1.5, x = 2.0, t = 2.5}
names = {half = "(y - t)/2"}
training = {learning_rate = 0.5, parameters = ["w"]}
"""


@pytest.mark.parametrize(
    "head",
    ["E/a,half/2,half/w,a^2,E'/w'", "dE/da,half/2,dhalf/dw,a²,dE’/dw’", "∂E/∂y,half÷2,∂half/∂w,a**2,∂E′/∂w′"],
)
def test_columns_are_read_in_the_words_of_the_page(tmp_path, head):
    """Its names, and two names of one node: a and y."""
    (tmp_path / "page.toml").write_text(WORDS, encoding="utf-8")
    rows, _, _ = marked(read_page(tmp_path / "page.toml"), tmp_path, f"{head},who\n0.50,0.125,1.00,9.00,-1.00,Ada\n")
    assert rows[1][:6] == ["Ada", *["right"] * 5]


def test_cells_with_formulas_are_neither_evaluated_nor_written(page, tmp_path):
    evil = '"=1+1;\t=2","=cmd|\' /C calc\'!A0",0.332,@SUM(A1),"\t=1",+1+1,=-0.7,"x\n=1"\n'
    (_, row), tally, _ = marked(page, tmp_path, HEAD + evil)
    assert row[2:8] == ["undecided", "right", "undecided", "undecided", "undecided", "undecided"]
    assert row[:2] == ["'=1+1;\t'=2", "x\n'=1"]
    assert tally.mistakes(0) == {}
    assert [harmless(x) for x in ("-0.5", "+1e-3", "Ada", " -x", "＝1")] == ["-0.5", "+1e-3", "Ada", " '-x", "'＝1"]


def test_a_large_class_is_never_in_memory_as_a_whole(page, tmp_path):
    """A second pass over five times as many people who hand in the same takes no more memory."""

    def peak(people):
        row = f"{'A' * 200},{RIGHT},a\n"
        (tmp_path / "class.csv").write_text(HEAD + row * people, encoding="utf-8")
        tracemalloc.start()
        assert mark_class(page, Sheet(tmp_path / "class.csv"), tmp_path / "marked.csv").people == people
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10)
    assert peak(2500) < peak(500) + 250_000


@pytest.mark.slow
def test_a_hundred_thousand_people(page, tmp_path):
    sheets = [f"{RIGHT}", "-0.7,0.332,0.668,0.148,-0.296,0.530", "-0.7,,,-0.668,,", "0.7,0.668,x,,,=1"]
    with open(tmp_path / "class.csv", "w", encoding="utf-8") as file:
        file.write(HEAD)
        file.writelines(f"{n},{sheets[n % 4]},a\n" for n in range(100_000))
    tally = mark_class(page, Sheet(tmp_path / "class.csv"), tmp_path / "marked.csv")
    assert tally.people == 100_000
    assert tally.mistakes(0) == {"sign": 25_000}
    with open(tmp_path / "marked.csv", encoding="utf-8") as file:
        assert [line.partition(",")[0] for line in file][1:] == [str(n) for n in range(100_000)]


def test_the_command(page, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "class.csv").write_text(f"{HEAD}Ada,{RIGHT},a\nEve,-0.7,,,-0.668,1.336,,b\nMax,-0.7,,,0.148,,,b\n", encoding="utf-8")
    assert main(["mark", "page.toml", "--answers", "class.csv", "-o", "marked.csv", "--plot", "plot.svg"]) == 0
    shown = capsys.readouterr().out
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert "activation" in shown
    assert "derivative" in shown
    assert "3 answer sheets." in shown
    assert "wrote marked.csv" in shown
    assert (tmp_path / "plot.svg").read_text(encoding="utf-8").startswith("<?xml")
    for arguments in (["--diff"], ["--format", "json"], ["-o", "x.svg"]):
        assert main(["mark", "page.toml", "--answers", "class.csv", *arguments]) == 2
    assert main(["mark", "page.toml", "--plot", "x.svg"]) == 2


def neuron():
    w, x = Value(0.51, "w"), Value(-2.1, "x")
    z = w * x
    z.label = "z"
    y = z.tanh()
    y.label = "y"
    return y


def test_marking_all_is_marking_each():
    """Each sheet by itself, where everybody answers everything; a blank elsewhere changes nothing for the others."""
    sheets = {
        "Ada": {"z": "-1.0710", "y": "-0.7898", "y/z": "0.3762", "y/w": "-0.7899"},
        "Bob": {"z": "1.0710", "y": "0.7898", "y/z": "0.3762", "y/w": "-0.7899"},
        "Eve": {"z": "-1.0710", "y": "-0.7898", "y/z": "0.3762", "y/w": "-2.1000"},
        "Max": {"y": "-0.7898", "z": None},
    }
    everybody = mark_all(neuron(), sheets)
    for name in ("Ada", "Bob", "Eve"):
        assert everybody.reports[name].story == mark(neuron(), sheets[name]).story
    assert everybody.points == {"Ada": 4, "Bob": 3, "Eve": 3, "Max": 1}
    assert everybody.first_slips["Max"] == ""
    assert repr(everybody) == "<ClassReport: 4 people, 4 claims>"
    assert everybody._repr_html_() == everybody.tally._repr_html_()
    assert [m.verdict for m in everybody.reports["Max"].marks] == ["unanswered", "right", "unanswered", "unanswered"]
    assert "Bob" not in str(everybody)
    assert "sign 1" in str(everybody)
    off_by_one = mark_all(neuron(), {"Ada": {"y": "-0.78985"}})
    assert (off_by_one.reports["Ada"].marks[0].verdict, off_by_one.points["Ada"]) == ("last digit", 1)


def test_a_class_may_train_on_samples():
    w, x, t = Value(0.5, "w"), Value(1.0, "x"), Value(0.0, "t")
    loss = (w * x - t) ** 2
    loss.label = "E"
    everybody = mark_all(
        loss,
        {"Ada": {"E": "3.25", "w'": "0.8"}, "Bob": {"E": "6.5", "w'": "1.1"}},
        optimizer=SGD([w], 0.1),
        samples=[{"x": 1.0, "t": 1.0}, {"x": 1.0, "t": 3.0}],
        batch="mean",
    )
    assert everybody.points == {"Ada": 2, "Bob": 0}


def test_marking_all_names_the_person_whose_answers_have_no_place():
    with pytest.raises(ValueError, match="Bob: no node is called 'q'"):
        mark_all(neuron(), {"Ada": {"z": "-1.0"}, "Bob": {"q": "1.0"}})
    with pytest.raises(ValueError, match="nobody answers anything"):
        mark_all(neuron(), {"Ada": {}})


def test_names_are_those_of_a_page():
    names = {"δ": "y/z", "half": "y / 2"}
    sheets = {
        "Ada": {"δ": "0.3762", "half": "-0.3949", "δ·x": "-0.7899"},
        "Bob": {"δ": "-0.3762", "half": "-0.3949", "δ·x": "0.7899"},
    }
    everybody = mark_all(neuron(), sheets, names=names)
    assert everybody.tally.claims == ("δ", "half", "δ·x")
    assert everybody.points == {"Ada": 3, "Bob": 2}
    assert [m.finding for m in everybody.reports["Bob"].marks] == ["mistake: sign", "right", "carried"]
    for name, sheet in sheets.items():
        assert everybody.reports[name].story == mark(neuron(), sheet, names=names).story
    with pytest.raises(ValueError, match="Ada: no node is called 'δ'"):
        mark_all(neuron(), sheets)


def test_everybody_is_marked_by_the_own_formula():
    """Whoever comes first or last, and whether the others have formulas or numbers."""
    said = {"Ada": "1 - y**2", "Bob": "1 - y", "Eve": "0.3762", "Max": "1 - z**2"}
    for order in (list(said), list(reversed(said))):
        everybody = mark_all(neuron(), {name: {"y/z": said[name]} for name in order})
        found = {name: report.marks[0] for name, report in everybody.reports.items()}
        for name, printed in said.items():
            assert found[name].sentence == mark(neuron(), {"y/z": printed}).marks[0].sentence
        assert (found["Ada"].verdict, found["Eve"].verdict) == ("right", "right")
        assert {found["Bob"].verdict, found["Max"].verdict}.isdisjoint(["right", "undecided"])
    with pytest.raises(ValueError, match=r"Bob: .*'q'"):
        mark_all(neuron(), {"Ada": {"y/z": "1 - y**2"}, "Bob": {"y/z": "1 - q"}, "Eve": {"y/z": "0.3762"}})


def test_a_class_may_follow_another_convention_person_by_person(tmp_path):
    (tmp_path / "page.toml").write_text(
        'formula = "E = (w*x - t)**2"\n'
        "claims = [\"E/w = -8.00\", \"v(w)' = -8.00\", \"w' = 1.30\", \"E' = 0.16\", \"w'' = 2.18\"]\n"
        "inputs = {w = 0.5, x = 2.0, t = 3.0}\n"
        '[training]\noptimizer = "momentum"\nlearning_rate = 0.1\nparameters = ["w"]\n',
        encoding="utf-8",
    )
    page = read_page(tmp_path / "page.toml")
    sheet = "name,E/w,v(w)',w',E',w''\nAda,-8.00,-8.00,1.30,0.16,2.18\nBob,-8.00,-0.80,1.30,0.16,2.18\nEve,-8.00,0.80,1.30,0.16,2.18\n"
    rows, _, _ = marked(page, tmp_path, sheet)
    assert [row[1:6] for row in rows[1:3]] == [["right"] * 5, ["right"] * 5]


def test_a_blank_on_a_page_is_unanswered(tmp_path):
    (tmp_path / "page.toml").write_text(PAGE.replace("y = 0.332", "y = ").replace("E/y = -0.668", "E/y = "), encoding="utf-8")
    report = read_page(tmp_path / "page.toml").mark()
    assert report.ok
    assert report.counts == {"right": 5, "unanswered": 2}
    assert report.marks[1].sentence == "y is not answered; it is 0.3318."


@pytest.mark.parametrize(("cell", "number"), [
    ("0,332", "0.332"), ("33,2%", "33.2%"), ("−7,4×10^-1", "−7.4×10^-1"), ("≈ 0,33", "≈ 0.33"), ("0,33…", "0.33…"),
    ("1.234,5", "1234.5"), ("1 234,5", "1 234.5"), ("-,5", "-.5"), ("2,5e-3", "2.5e-3"), ("0,33...", "0.33..."),
    ("max(0,5)", "max(0,5)"), ("1,2,3", "1,2,3"), ("0.5", "0.5"), ("a,5", "a,5"), ("12.34,5", "12.34,5"),
])  # fmt: skip
def test_a_decimal_comma_in_every_form_of_a_number(tmp_path, cell, number):
    (tmp_path / "class.csv").write_text("name;z\nAda;1\n", encoding="utf-8")
    sheet = Sheet(tmp_path / "class.csv")
    sheet.delimiter = ";"
    assert sheet.number(cell) == number
    sheet.delimiter = ","
    assert sheet.number(f" {cell} ") == cell
