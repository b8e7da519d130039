"""Reports for machines, waivers, several pages and folders in one call of `autograd-tiny mark`."""

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from autograd_tiny.cli import main
from autograd_tiny.marking.pages import PageError, read_page
from autograd_tiny.marking.reports import FORMATS
from autograd_tiny.marking.reports.as_sarif import RULES
from autograd_tiny.marking.reports.outcomes import LEVELS, Outcome, outcomes_of
from autograd_tiny.text.palette import VERDICTS
from autograd_tiny.worked import three_three_three

SCHEMAS = Path(__file__).parent / "schemas"
DOCS = Path(__file__).parents[2] / "docs"
PAGE = """\
title = "100% <sure>, really: & so on"
learning_rate = 0.1
formula = "z = w*x + b; y = sigmoid(z); E = (y - 1)**2 / 2"
claims = ["z = -0.7", "y = 0.332", "E/y = -0.668"]
[inputs]
w = 0.5
x = -2
b = 0.3
[[section]]
title = "Backward: 1, 2"
claims = [
  "E/w = -0.296",
  "w' = 0.530", "y/w = -0.447",
]
"""
PLACES = {"E/w": (12, 3, 12, 17), "w'": (13, 3, 13, 15), "y/w": (13, 17, 13, 31)}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a page that has mistakes, one that is right in a folder below, and files that are no pages."""
    monkeypatch.chdir(tmp_path)
    files = {
        "book/wrong, 1.toml": PAGE,
        "book/two/right.toml": 'formula = "y = 2*x"\nclaims = ["y = 3"]\ninputs = {x = 1.5}\n',
        "book/two/settings.toml": "[tool]\nindent = 4\n",
        "book/two/notes.md": "# About backprop\n",
        "book/.hidden/right.toml": "formula = 'y ='\n",
    }
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    return tmp_path


def printed(capsys, *arguments):
    """Exit code, standard output, standard error."""
    code = main(["mark", *arguments])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_a_folder_is_marked_in_one_call(folder, capsys):
    code, out, err = printed(capsys, "book")
    assert (code, err) == (1, "")
    assert "book/two/right.toml\n" in out
    assert "book/wrong, 1.toml: 100% <sure>" in out
    assert out.endswith("2 pages, 7 numbers: 4 right, 1 carried, 1 mistake, 1 wrong.\n")
    assert printed(capsys, "book/two")[0] == 0
    assert printed(capsys, "book/two", "book/wrong, 1.toml", "--brief")[:2][0] == 1


def test_a_page_named_twice_is_marked_once(folder, capsys):
    assert json.loads(printed(capsys, "book", "book/two/right.toml", "--format", "json")[1])["pages"].__len__() == 2


def test_one_page_that_cannot_be_read_keeps_no_other_from_being_marked(folder, capsys):
    Path("book/a.toml").write_text('formula = "y = sigmod(x)"\nclaims = ["y = 1"]\ninputs = {x = 1}\n')
    code, out, err = printed(capsys, "book")
    assert code == 2
    assert err.startswith("autograd-tiny mark: book/a.toml, line 1: formula: unknown function `sigmod`")
    assert "2 pages, 7 numbers" in out
    code, out, err = printed(capsys, "book", "none.toml", "--format", "json")
    assert code == 2
    assert "cannot read none.toml" in err
    assert [(page["file"], page["ok"], page.get("line")) for page in json.loads(out)["pages"]] == [
        ("book/a.toml", False, 1),
        ("book/wrong, 1.toml", False, None),
        ("book/two/right.toml", True, None),
        ("none.toml", False, None),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["book/.hidden/empty"], "the folder book/.hidden/empty holds no pages"),
        (["book", "-o", "y.svg"], "--json and -o are for one page, and there are 2"),
        (["book", "--json", "y.json"], "--json and -o are for one page, and there are 2"),
        (["book/two/right.toml", "--format", "sarif", "--brief"], "--format sarif is all that goes to standard output; leave out --brief"),
    ],
)
def test_what_cannot_be_done_is_said(folder, capsys, arguments, message):
    Path("book/.hidden/empty").mkdir()
    code, out, err = printed(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_json_fits_its_schema_and_has_every_place(folder, capsys):
    out = printed(capsys, "book", "book/none.toml", "--format", "json")[1]
    report = json.loads(out)
    schema = json.loads((DOCS / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(report, schema)
    assert schema["$defs"]["verdict"]["enum"] == list(VERDICTS)
    marks = {m["quantity"].replace("∂", ""): m for m in report["pages"][0]["marks"]}
    found = {name: tuple(marks[name][key] for key in ("line", "column", "end_line", "end_column")) for name in PLACES}
    assert found == PLACES
    assert out.isascii()


def test_numbers_that_are_not_finite_are_no_json(tmp_path):
    (tmp_path / "p.toml").write_text("formula = 'z = a*b; y = z*b'\nclaims = ['y/a = 1']\n[inputs]\na = 1e-200\nb = 1e200\n")
    text = FORMATS["json"](outcomes_of(tmp_path / "p.toml"))
    assert json.loads(text, parse_constant=pytest.fail)["pages"][0]["marks"][0]["engine"] is None


def test_github_shows_each_at_its_line(folder, capsys):
    out = printed(capsys, "book", "--format", "github")[1]
    commands = [re.fullmatch(r"::(\w+) (.*?)::(.*)", line).groups() for line in out.splitlines()]
    assert [kind for kind, _, _ in commands] == ["error", "warning", "error"]
    for (_, places, _), spot in zip(commands, PLACES.values()):
        values = dict(pair.split("=") for pair in places.split(","))
        assert values["file"] == "book/wrong%2C 1.toml"
        assert tuple(int(values[name]) for name in ("line", "col", "endLine", "endColumn")) == spot
    assert commands[0][1].endswith("title=mistake%3A sign")
    assert commands[0][2] == "∂E/∂w should be 0.296, not -0.296: the sign is wrong."


def test_a_message_cannot_end_a_command_of_github():
    outcome = Outcome("a\nb.toml", error=PageError("a", "100%\n::error::no"))
    out = FORMATS["github"]([outcome])
    assert out == "::error file=a%0Ab.toml,title=unreadable page::100%25%0A::error::no\n"


def test_a_page_that_cannot_be_read_or_marked_is_told_with_its_place(folder):
    out = FORMATS["github"]([Outcome("a.toml", error=PageError("a", "no", 7))])
    assert out.startswith("::error file=a.toml,line=7,col=1,endLine=7,endColumn=1,title=unreadable page::")
    file = Path("log.toml")
    file.write_text('title = "Log"\nformula = "y = log(x)"\nclaims = ["y = 1"]\ninputs = {x = -1}\n', encoding="utf-8")
    (outcome,) = outcomes_of(file)
    assert (outcome.file, outcome.title, outcome.report) == ("log.toml", "Log", None)
    assert "log" in outcome.what


def test_a_last_digit_is_wrong_only_where_that_is_wanted(folder):
    file = Path("digit.toml")
    file.write_text('formula = "y = sigmoid(x)"\nclaims = ["y = 0.333"]\ninputs = {x = -0.7}\n', encoding="utf-8")
    assert [x.report.ok for x in (*outcomes_of(file), *outcomes_of(file, strict=True))] == [True, False]


def test_sarif_fits_the_published_schema(folder, capsys):
    out = printed(capsys, "book", "book/none.toml", "--format", "sarif")[1]
    log = json.loads(out)
    jsonschema.validate(log, json.loads((SCHEMAS / "sarif-2.1.0.json").read_text(encoding="utf-8")))
    (run,) = log["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["mistake", "carried", "wrong", "unreadable"]
    assert [run["tool"]["driver"]["rules"][r["ruleIndex"]]["id"] for r in run["results"]] == [r["ruleId"] for r in run["results"]]
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert [place["artifactLocation"]["uri"] for place in places] == ["book/wrong%2C%201.toml"] * 3 + ["book/none.toml"]
    assert [tuple(place["region"].values()) for place in places[:3]] == list(PLACES.values())
    assert set(RULES) == {*LEVELS, "unreadable"}
    assert out.isascii()


def test_a_part_of_sarif_that_is_wrong_is_seen(folder, capsys):
    log = json.loads(printed(capsys, "book", "--format", "sarif")[1])
    schema = json.loads((SCHEMAS / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    for key, wrong in (("level", "fatal"), ("message", "text"), ("line", 3)):
        broken = json.loads(json.dumps(log))
        broken["runs"][0]["results"][0][key] = wrong
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, schema)


def test_sarif_of_a_file_elsewhere(folder):
    file = folder / "book" / "wrong, 1.toml"
    (result, *_) = json.loads(FORMATS["sarif"](outcomes_of(file)))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == file.as_uri()


def test_junit_counts_pages_and_claims(folder, capsys):
    out = printed(capsys, "book", "book/none.toml", "--format", "junit")[1]
    root = ElementTree.fromstring(out)
    assert root.attrib == {"name": "autograd-tiny mark", "tests": "8", "failures": "3", "errors": "1"}
    first = root.find("testsuite")
    assert {key: first.get(key) for key in ("name", "tests", "failures", "errors", "skipped")} == {
        "name": '100% <sure>, really: & so on',
        "tests": "6",
        "failures": "3",
        "errors": "0",
        "skipped": "0",
    }
    failure = first.find("testcase/failure")
    assert failure.attrib == {"type": "mistake", "message": "mistake: sign"}
    assert failure.text.startswith("book/wrong, 1.toml:12:3: ∂E/∂w should be 0.296")
    cases = first.findall("testcase")
    assert [case.get("name") for case in cases[2:4]] == ["∂E/∂y = -0.668", "∂E/∂w = -0.296"]
    assert [case.get("classname") for case in cases[2:4]] == ["book/wrong, 1.toml", "book/wrong, 1.toml / Backward: 1, 2"]
    assert out.isascii()
    assert sum(line.startswith("    <testcase ") for line in out.splitlines()) == 8


def test_junit_skips_what_is_left_blank(folder):
    file = Path("blank.toml")
    file.write_text('formula = "y = 2*x"\nclaims = ["y = "]\ninputs = {x = 1.5}\n', encoding="utf-8")
    (case,) = ElementTree.fromstring(FORMATS["junit"](outcomes_of(file))).iter("testcase")
    assert [(kind.tag, kind.attrib) for kind in case] == [("skipped", {"message": "y is not answered; it is 3."})]


@pytest.mark.slow
def test_junit_fits_the_published_schema(folder, capsys):
    import xmlschema

    known = PAGE.replace("claims = [\"z", "known = [\"E/w = -0.296\"]\nclaims = [\"z", 1)
    Path("book/known\x01.toml").write_text(known, encoding="utf-8")
    out = printed(capsys, "book", "book/none.toml", "--format", "junit")[1]
    schema = xmlschema.XMLSchema(str(SCHEMAS / "junit-10.xsd"))
    schema.validate(ElementTree.fromstring(out))
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        schema.validate(ElementTree.fromstring(out.replace("<failure type", "<failure kind")))


def known(*errata):
    return f"known = {json.dumps(errata)}\n" + PAGE


def test_known_errata_are_waived_with_what_carries_them_on(folder, capsys):
    page = Path("page.toml")
    page.write_text(known("E/w = -0.296", "dy/dw = -0.447"), encoding="utf-8")
    report = read_page(page).mark()
    assert (report.ok, report.slips) == (True, ())
    assert [mark.known for mark in report.marks] == [False, False, False, True, True, True]
    assert report.counts == {"right": 3, "carried": 1, "mistake": 1, "wrong": 1}
    assert report.story[1:] == ["Known, and so waived: ∂E/∂w = -0.296, w' = 0.530 and ∂y/∂w = -0.447."]
    assert "mistake: sign (known)" in str(report)
    told_as = {"github": "", "junit": '<skipped message="mistake: sign (known)', "sarif": '"suppressions"', "json": '"known": true'}
    for name, told in told_as.items():
        code, out, _ = printed(capsys, "page.toml", "--format", name)
        assert code == 0
        assert told in out
        assert (out == "") == (name == "github")
    sarif = json.loads(printed(capsys, "page.toml", "--format", "sarif")[1])
    jsonschema.validate(sarif, json.loads((SCHEMAS / "sarif-2.1.0.json").read_text(encoding="utf-8")))


def test_what_is_not_named_is_not_waived(folder):
    page = Path("page.toml")
    page.write_text(known("E/w = -0.296"), encoding="utf-8")
    report = read_page(page).mark()
    assert not report.ok
    assert [mark.claim.called for mark in report.slips] == ["∂y/∂w"]


@pytest.mark.parametrize(
    ("erratum", "message"),
    [
        ("E/w = -0.2960", r"page.toml, line 1: known: the page does not say ∂E/∂w = -0.2960; take it out of what is known"),
        ("E/b = 1", r"line 1: known: the page does not say ∂E/∂b = 1; take it out"),
        ("y = 0.332", r"line 1: known: y = 0.332 is right; take it out of what is known"),
        ("q = 1", r"line 1: known: the formula has no 'q'"),
        ("E/w", r"line 1: known: 'E/w' is no claim"),
    ],
)
def test_a_waiver_that_no_longer_applies_is_an_error(folder, capsys, erratum, message):
    Path("page.toml").write_text(known(erratum), encoding="utf-8")
    with pytest.raises(PageError, match=message):
        read_page(Path("page.toml")).mark()
    assert printed(capsys, "page.toml")[0] == 2


def test_the_worked_page_waives_nothing_by_itself():
    assert not any(mark.known for mark in three_three_three.marked().marks)


def test_what_is_printed_survives_a_terminal_that_knows_no_unicode(folder):
    for name in FORMATS:
        command = [sys.executable, "-m", "autograd_tiny", "mark", "book", "--format", name]
        done = subprocess.run(command, env={"PYTHONIOENCODING": "ascii"}, capture_output=True, timeout=60, check=False)
        assert done.returncode == 1, done.stderr
        assert b"should be" in done.stdout
