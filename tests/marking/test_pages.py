"""Pages of published numbers as files, and `autograd-tiny mark`."""

import json
import random
import re
from pathlib import Path

import pytest

from autograd_tiny.cli import main
from autograd_tiny.marking.marks import FAITHFUL
from autograd_tiny.marking.pages import PAGE_KEYS, SECTION_KEYS, PageError, read_page
from autograd_tiny.marking.training.options import KEYS, OPTIMIZERS
from autograd_tiny.text.palette import VERDICTS
from autograd_tiny.worked import three_three_three

DOCS = Path(__file__).parents[2] / "docs"
PAGE = """\
title = "One neuron"
learning_rate = 0.1
formula = '''
z = w*x + b
y = sigmoid(z)
E = (y - 1)**2 / 2
'''

[inputs]
w = 0.5
x = -2
b = 0.3

[[section]]
title = "Forward"
claims = ["z = -0.7", "y = 0.332"]

[[section]]
title = "Backward"
claims = [
  "E/y = -0.668",
  "E/w = 0.296",
  "w' = 0.470",
]
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name="page.toml"):
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        return file

    return write


def test_a_page_is_read_and_marked(write):
    page = read_page(write(PAGE))
    assert (page.title, page.learning_rate, page.inputs) == ("One neuron", 0.1, {"w": 0.5, "x": -2, "b": 0.3})
    assert [claim.section for claim in page.claims] == ["Forward"] * 2 + ["Backward"] * 3
    assert page.mark().counts == {"right": 5}


def test_a_page_knows_where_it_comes_from_and_is_recorded_at_its_first_sample(write):
    page = read_page(write('source = "a book"\n' + changed("x = -2\n", "") + "[[sample]]\nx = 4\n[[sample]]\nx = 2.0\n"))
    assert (page.title, page.source) == ("One neuron", "a book")
    assert page.record().nodes["z"].data == 0.5 * 4 + 0.3
    assert read_page(write(changed('title = "One neuron"\n', ""))).title == ""


def test_windows_line_ends_and_a_byte_order_mark(write, tmp_path):
    (tmp_path / "p.toml").write_bytes(b"\xef\xbb\xbf" + PAGE.replace("\n", "\r\n").encode())
    assert read_page(tmp_path / "p.toml").mark().ok


def test_every_claim_of_a_report_has_its_place_in_the_file(write):
    """Also where lines end as on Windows, behind a byte order mark, and by a second name of a node."""
    text = changed("y = sigmoid(z)", "p = sigmoid(z)\ny = p")
    lines = text.split("\n")
    for file in (text, "\ufeff" + text, text.replace("\n", "\r\n")):
        (path := write("")).write_bytes(file.encode())
        for mark in read_page(path).mark().marks:
            spot = mark.claim.spot
            assert spot.line == spot.end_line
            said = lines[spot.line - 1][spot.column - 1 : spot.end_column - 1]
            assert said == f'"{str(mark.claim.called).replace("∂", "")} = {mark.claim.printed.text}"'


@pytest.mark.parametrize(("written", "said"), [('"z = [0.5, 4]"', ["0.5", "4"]), ('"z = [0.5,\\t4]"', ['"z = [0.5,\\t4]"'] * 2)])
def test_a_number_in_a_vector_has_its_place_unless_its_line_is_written_with_backslashes(write, written, said):
    file = write(f"formula = 'z = w*x; y = sum(z)'\nclaims = [{written}]\n[inputs]\nw = 0.5\nx = [1.0, 8.0]\n")
    line = file.read_text().split("\n")[1]
    spots = [claim.spot for claim in read_page(file).claims]
    assert [(spot.line, line[spot.column - 1 : spot.end_column - 1]) for spot in spots] == [(2, text) for text in said]


def test_an_error_knows_its_line(write):
    for text, line in ((changed("x = -2", "x = true"), 11), (PAGE + "\n= 3", 26), (changed("sigmoid", "sigmod"), 5)):
        with pytest.raises(PageError) as error:
            read_page(write(text))
        assert (error.value.file, error.value.line) == ("page.toml", line)
        assert str(error.value).count("line") == 1


def test_claims_may_speak_of_a_second_name(write):
    page = PAGE.replace("y = sigmoid(z)", "p = sigmoid(z)\ny = p")
    assert read_page(write(page)).mark().ok


def test_nodes_that_the_output_does_not_use(write):
    page = """formula = "o1, o2 = softmax(u1, u2)\\nE = -log(o1)"\nclaims = ["o1 = 0.7311", "o2 = 0.2689", "E/u2 = 0.2689"]
[inputs]\nu1 = 2.0\nu2 = 1.0\n"""
    assert read_page(write(page)).mark().counts == {"right": 3}


def changed(old, new):
    assert old in PAGE
    return PAGE.replace(old, new)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (changed("title = ", "titel = "), r"page.toml, line 1: titel: there is no such key; there are title, source, formula"),
        (changed('title = "Forward"', 'name = "Forward"'), r"line 15: section.name: there is no such key; there are title, claims"),
        (changed("0.1", '"0.1"'), r"line 2: learning_rate is a number, got '0.1'"),
        (changed('"z = -0.7"', '"z = -0,7"'), r"line 16: claims: '-0,7' is not a decimal number; write the decimal point as a point"),
        (changed('"z = -0.7"', "-0.7"), r"claims: a claim is a string, 'z = 1.25', so that its printed precision is known; got -0.7"),
        (changed('"E/w = 0.296"', '"E/w"'), r"line 22: claims: 'E/w' is no claim"),
        (changed("x = -2", 'x = "two"'), r"line 11: inputs.x: an input is a number, got 'two'"),
        (changed("x = -2", "x = true"), r"inputs.x: an input is a number, got True"),
        (changed("[inputs]", "[[inputs]]"), r"inputs is a table"),
        (changed("[[section]]", "[section]"), r"page.toml"),
        ("section = ['Forward']\n" + re.sub(r"(?s)\[\[section.*", "", PAGE), r"line 1: section: write each section under a heading"),
        ("sample = [1.5]\n" + PAGE, r"line 1: sample: write the inputs of each sample under a heading of its own, \[\[sample\]\]"),
        (re.sub(r"(?s)\[\[section.*", "", PAGE), r"the page claims nothing"),
        (re.sub(r"(?s)formula = '''.*?'''", "", PAGE), r"the page has no formula"),
        (PAGE + "\n= 3", r"page.toml, line 26: "),
        ("", r"the page has no formula; write formula = "),
        (changed("w = 0.5", "w = 0,5"), r"page.toml, line 10: .*; write decimals with a point, 1.5\n    w = 0,5\n {9}\^"),
        (changed("x = -2", "x = −2"), r"page.toml, line 11: .*; write the minus sign as -\n"),
        (changed("w = 0.5", "größe = 0.5"), r'page.toml, line 10: .*; write a name .* in quotes, "größe" = 1.5\n    größe'),
        (changed("sigmoid", "sigmod"), r"page.toml, line 5: formula: .*did you mean `sigmoid`\?\n    y = sigmod\(z\)\n {8}\^$"),
        (changed("[inputs]\n", "[inputs]\nclaims = ['z = 1']\n"), r"line 10: inputs.claims: put claims above \[inputs\].*\[\[section\]\]"),
        (changed("[inputs]\n", "[inputs]\nlearning_rate = 1\n"), r"line 10: inputs.learning_rate: put learning_rate above \[inputs\]"),
        ("[inputs]\nw = 1\nformula = 'y = w'", r"the page has no formula; put it above \[inputs\]"),
        (changed("w*x", "0,5*w*x"), r"page.toml, line 4: formula: .*write decimals with a point, 1.5\n"),
        ("claims = " + "[" * 100_000, r"page.toml: its lists and tables are nested too deeply"),
    ],
)
def test_a_page_that_cannot_be_read(write, text, message):
    with pytest.raises(PageError, match=message):
        read_page(write(text))


def test_formulas_and_claims_that_do_not_fit(write):
    with pytest.raises(PageError, match=r"page.toml, line 16: claims: the formula has no 'q'; give it a line .* q = \.\.\."):
        read_page(write(changed("z = -0.7", "q = -0.7"))).mark()
    with pytest.raises(PageError, match=r"page.toml, line 5: formula: log\("):
        read_page(write(changed("sigmoid(z)", "log(z)"))).mark()
    with pytest.raises(PageError, match=r"page.toml, line 4: formula: no value for `b`"):
        read_page(write(changed("b = 0.3", ""))).mark()
    with pytest.raises(PageError, match=r"page.toml, line 23: claims: .*give the learning_rate"):
        read_page(write(changed("learning_rate = 0.1", ""))).mark()


def test_lines_are_those_of_the_file(write):
    """An error is on the line of what is wrong, wherever something like it stands before."""
    second = changed('title = "Backward"', "title = 3")
    inputs = changed("x = -2", "x = -2\nq = 1")
    again = changed('"E/y = -0.668"', '"z = -0.7", "z = -0,7"')
    infinite = changed("x = -2", "x = inf")
    computed = changed("w' = 0.470", "z' = 0.470")
    short = "inputs = {w = 1.0}\nformula = 'y = sigmod(w)'\nclaims = ['y = 1']\n"
    tables = PAGE.replace('"w\' = 0.470",', '["a"],')
    escaped = 'formula = "z = 2*w\\ny = log(z)"\nclaims = ["y = 1"]\n[inputs]\nw = -1.0\n'
    commented = PAGE.replace("[inputs]", "# titel = 1\n[inputs]").replace('title = "Backward"', "titel = 3")
    for text, message in (
        (second, r"line 19: section.title is a string, got 3"),
        (inputs, r"line 12: inputs.q: `q` does not occur in the formula"),
        (again, r"line 21: claims: '-0,7'"),
        (infinite, r"line 11: inputs.x: "),
        (computed, r"line 23: claims: z' is a number after an update of all that is trained"),
        (short, r"line 2: formula: unknown function `sigmod`"),
        (tables, r"line 23: claims: a claim is a string"),
        (escaped, r"line 1: formula: log\("),
        (commented, r"line 20: section.titel: there is no such key"),
    ):
        with pytest.raises(PageError, match="^page.toml, " + message):
            read_page(write(text)).mark()


def test_a_file_that_is_no_text(tmp_path):
    (tmp_path / "p.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PageError, match="no text in UTF-8"):
        read_page(tmp_path / "p.toml")


def survives(file):
    """Whether a damaged page is refused with a clear error, or is marked all the same."""
    try:
        read_page(file).mark()
    except (ValueError, ArithmeticError) as error:
        return bool(str(error))
    return True


def test_every_prefix_of_a_page(write):
    assert all(survives(write(PAGE[:length])) for length in range(len(PAGE)))


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_random_damage(tmp_path, count):
    rng = random.Random(count)
    page = PAGE.encode()
    for _ in range(count):
        i, j = sorted(rng.choices(range(len(page)), k=2))
        damage = rng.choice([page[:i] + bytes([rng.randrange(256)]) + page[i + 1 :], page[:i] + page[j:], page[:j] + page[i:j] + page[j:]])
        file = tmp_path / "page.toml"
        file.write_bytes(damage)
        assert survives(file), damage


def test_the_schema_knows_the_same_keys():
    schema = json.loads((DOCS / "page.schema.json").read_text(encoding="utf-8"))
    assert set(schema["properties"]) == set(PAGE_KEYS)
    assert set(schema["properties"]["section"]["items"]["properties"]) == set(SECTION_KEYS)
    training = schema["properties"]["training"]["properties"]
    assert set(training) == {*KEYS, *(key for _, known, _ in OPTIMIZERS.values() for key in known)}
    assert training["optimizer"]["enum"] == list(OPTIMIZERS)
    pattern = re.compile(schema["$defs"]["claims"]["items"]["pattern"])
    claims = [f"{c.quantity} = {c.printed.text}" for c in three_three_three.page().claims]
    assert all(map(pattern.search, claims))
    assert not pattern.search("z = ")


def test_the_pages_in_the_manual(write):
    manual = (DOCS / "marking.md").read_text(encoding="utf-8")
    plain, sectioned, in_matrices = re.findall(r"```toml\n(.*?)```", manual, re.DOTALL)
    assert "[[section]]" not in plain
    assert "[[section]]" in sectioned
    steps = (DOCS / "marking-steps.md").read_text(encoding="utf-8")
    trained, samples = re.findall(r"```toml\n(.*?)```", steps, re.DOTALL)
    (named,) = re.findall(r"```toml\n(.*?)```", (DOCS / "marking-formulas.md").read_text(encoding="utf-8"), re.DOTALL)
    for page in (plain, sectioned, in_matrices, trained, named):
        assert read_page(write(page)).mark().ok
    in_turn = trained.replace("x = -1.0\nt = 0.95\n", "") + samples
    verdicts = {m.claim.called: m.verdict for m in read_page(write(in_turn)).mark().marks}
    assert (verdicts["E"], verdicts["w'"], verdicts["E'"] in FAITHFUL) == ("right", "right", False)  # E' is of the next sample


def test_the_signs_in_the_manual():
    manual = (DOCS / "marking.md").read_text(encoding="utf-8")
    signs = dict(re.findall(r"^\| `([\w ]+)` \| (\S+) \|", manual, re.MULTILINE))
    assert signs == {verdict: shown.sign for verdict, shown in VERDICTS.items()}


def test_marking_from_the_command_line(write, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert main(["mark", str(write(PAGE))]) == 0
    assert "5 numbers: 5 right." in capsys.readouterr().out
    wrong = write(PAGE.replace("0.296", "-0.296"), "wrong.toml")
    graph, marks = tmp_path / "graph.svg", tmp_path / "marks.json"
    assert main(["mark", str(wrong), "--json", str(marks), "-o", str(graph)]) == 1
    shown = capsys.readouterr().out
    assert "∂E/∂w should be 0.296, not -0.296: the sign is wrong." in shown
    assert json.loads(marks.read_text(encoding="utf-8"))["counts"]["mistake"] == 1
    assert "page, dE" in graph.read_text(encoding="utf-8")
    assert main(["mark", str(wrong), "--brief"]) == 1
    assert "printed" not in capsys.readouterr().out
    assert main(["mark", str(wrong), "--margin"]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert told.startswith("One neuron 5 numbers: 4 right, 1 mistake. ∂E/∂w = -0.296: the sign is wrong. ∂E/∂w is ∂E/∂y * y * (1 - y) * x")
    assert told.endswith("which gives 0.296 and not -0.296.")


def test_a_page_that_is_not_there(tmp_path, capsys):
    assert main(["mark", str(tmp_path / "none.toml")]) == 2
    assert "none.toml" in capsys.readouterr().err


def test_derivatives_written_with_d(write):
    page = changed("**2 / 2\n", "**2 / 2\nF = E\n")
    assert read_page(write(page.replace("E/y", "dE/dy").replace("E/w", "∂F/∂w"))).mark().counts == {"right": 5}
    assert read_page(write(page.replace("E/y", "dF/dy"))).mark().ok  # by the second name of E, too


@pytest.mark.parametrize(
    ("claim", "hint"),
    [
        ("zz", "give it a line of its own there, zz = ...; did you mean `z`?"),
        ("dE", "a derivative is written E/w or dE/dw"),
    ],
)
def test_a_claim_on_a_name_that_there_is_not(write, claim, hint):
    text = changed('"E/w = 0.296"', f'"{claim} = 0.296"')
    with pytest.raises(PageError, match=f"page.toml, line 22: claims: the formula has no '{claim}'; {hint}"):
        read_page(write(text)).mark()


def test_quantities_are_reported_as_the_page_calls_them(write):
    """y is z by a second name, and the report speaks of y."""
    page = changed("y = sigmoid(z)", "p = sigmoid(z)\ny = p").replace('"y = 0.332"', '"y = 0.382"')
    report = read_page(write(page)).mark()
    assert report.marks[1].sentence.startswith("y should be 0.332, not 0.382: ")
    assert [line.split()[0] for line in str(report).splitlines() if line][2:5] == ["z", "y", "Backward"]
    assert [entry["quantity"] for entry in json.loads(report.to_json())["marks"]][:3] == ["z", "y", "∂E/∂y"]
    assert ">∂E/∂y</td>" in report._repr_html_()
    assert "p" in report.notes()
    follows = read_page(write(page.replace('"E/y = -0.668"', '"E/y = -0.618"'))).mark().marks[2]
    assert (follows.verdict, follows.why) == ("carried", "it follows from y = 0.382, which is wrong")
