"""Worksheets and their solutions; exercises made of pages."""

import html
import io
import re
import subprocess
import zipfile
from xml.etree import ElementTree

import pytest
from foreign import program_called

from autograd_tiny import Value
from autograd_tiny.exercises import Exercise, from_page, moodle_bank, qti_bank, random_exercise, worksheet
from autograd_tiny.marking.pages import PageError

NEURON = "z = w_1*x + b; y = tanh(z); E = (y - t)**2"


def neuron():
    return Exercise(NEURON, ["forward", "E/z", "E/w_1", "updates"], given={"w_1": -3, "x": 2, "b": 6.5, "t": 1}, learning_rate=0.1)


def test_a_sheet_has_a_line_for_each_answer_and_the_solution_has_the_numbers(tmp_path):
    exercise = neuron()
    made = [exercise, *exercise.variants(2, seed=1)]
    sheet = worksheet(made, tmp_path / "sheet.html").read_text(encoding="utf-8")
    solution = worksheet(made, tmp_path / "solution.html", solution=True).read_text(encoding="utf-8")
    assert sheet.count("<section>") == solution.count("<section>") == 3
    assert sheet.count("class=line") == 3 * len(exercise.blanks)
    assert sheet.count("<svg") == 3
    assert "0.462" not in sheet
    for one in made:
        assert all(f"<td>{text}</td>" in solution for text in one.solution.values())
    assert "<td>∂E/∂w_1</td><td>=</td><td>-1.69</td>" in solution


@pytest.mark.slow
@pytest.mark.parametrize("solution", [False, True])
def test_latex_compiles(tmp_path, solution):
    hostile = Exercise("y = w*x", ["y", "y/w"], given={"w": 2, "x": 3}, title=r"50% & \input{x} #1_$")
    w, x = Value(2.0, r'<b>&=%$#_{}\x^~"'), Value(3.0, "x")
    y = w * x
    y.label = "y_{1}&<i>"
    labels = Exercise(y, [y.label, f"{y.label}/x"])
    assert "<b>" not in worksheet(labels, tmp_path / "labels.html", solution=solution).read_text(encoding="utf-8")
    topics = [random_exercise(*topic) for topic in (("adam", 2, 1), ("matrix form", 2, 1), ("2-2-2 network", 3, 1))]
    made = [neuron(), hostile, labels, *topics]
    worksheet(made, tmp_path / "sheet.tex", solution=solution)
    command = [program_called("pdflatex"), "-interaction=nonstopmode", "-halt-on-error", "sheet.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


def test_the_latex_solution_has_formulas_and_numbers(tmp_path):
    text = worksheet(neuron(), tmp_path / "solution.tex", solution=True).read_text(encoding="utf-8")
    assert r"\frac{\partial E}{\partial w_{1}} &= \frac{\partial E}{\partial z} \cdot x = -1.69" in text
    assert "w_{1}' &= " in text
    sheet = worksheet(neuron(), tmp_path / "sheet.tex").read_text(encoding="utf-8")
    assert r"\blank" in sheet
    assert not re.search(r"0\.462|0\.289|local derivative", sheet)  # in comments neither
    assert ("tikzpicture" in sheet, "tikzpicture" in text) == (True, False)  # the graph is no part of the solution


def two_updates():
    training = {"optimizer": "momentum", "learning_rate": 0.1, "parameters": ["w_1"]}
    return Exercise(
        "u = w_1*x; p = w_1 + x; y = u*p; s = 3e-7*w_1", ["y/w_1", "y'", "w_1''", "y/u/w_1", "v(w_1)'"], told=["u", "y/p"],
        given={"w_1": 2, "x": -3e-8}, training=training,
    )  # fmt: skip


def plain(text):
    """What LaTeX writes, as the text of an exercise has it."""
    derivative = r"\\frac\{\\partial (.*?)\}\{\\partial (\w*?)(?:_\{(\w+)\})?\}"
    for tex, sign in [
        (r"\\mathrm\{((?:[^{}]|\\_)*)\}", r"\1"), (derivative, r"∂\1/∂\2_\3"), (r"_(?!\w|\{|\\)", ""), (r"_\{(\w+)\}", r"_\1"),
        (r" \\cdot 10\^\{(-?\d+)\}", r"e\1"), (r"\\cdot", "·"), (r"\\_", "_"), ("&= ", "= "), (r"\$", ""),
    ]:  # fmt: skip
        text = re.sub(tex, sign, text)
    return text


def test_all_forms_say_the_same(tmp_path):
    """Formulas, what is given and told, what is asked for, in this order, as the exercise prints itself."""
    exercise = two_updates()
    heading, given, *lines = str(exercise).splitlines()
    formulas, (known, trained, find, *blanks) = [line.strip() for line in lines[:4]], lines[4:]
    names = [line.partition("=")[0].strip() for line in blanks]
    wanted = [*formulas, f"{given}, {known.removeprefix('Also known: ')}", trained, find, *names]
    assert trained == exercise.trained
    assert f'class="given">{trained}<' in html.unescape(exercise.html())
    assert heading == formulas[-1] == "s = 3e-7 · w_1"
    assert len(names) == 5

    page = worksheet(exercise, tmp_path / "sheet.html").read_text(encoding="utf-8")
    body = re.sub("(?s)<svg.*</svg>|<h1>.*?</h1>|<style>.*?</style>|<title>.*?</title>", "", page)
    assert _said(body) == wanted
    moodle = ElementTree.fromstring(moodle_bank(exercise)).findtext("question/questiontext/text")
    assert _said(re.sub(r"\{1:NUMERICAL:.*?\}(?=</td>)", "", moodle)) == wanted
    with zipfile.ZipFile(io.BytesIO(qti_bank(exercise))) as package:
        item = ElementTree.fromstring(package.read("items/item-1.xml"))
    body = item.find("{http://www.imsglobal.org/xsd/imsqti_v2p1}itemBody")
    assert [text.strip() for text in body.itertext() if text.strip() not in ("", "=")] == wanted

    for solution in (False, True):
        tex = worksheet(exercise, tmp_path / "sheet.tex", solution=solution).read_text(encoding="utf-8")
        tex = tex.partition(r"\section*")[2].partition(r"\end{document}")[0]
        tex = re.sub(r"(?s)\\begin\{center\}.*\\end\{center\}", "", tex)
        title, *said = [plain(re.sub(r" *\\\\\[1ex\]$|\.$", "", line)) for line in tex.splitlines()]
        said = [line for line in said if line and not line.startswith(("\\begin", "\\end"))]
        assert title.strip("{}") == heading
        said[5] += "."  # which `plain` takes from every line
        assert said[:7] == [*wanted[:6], wanted[6] if not solution else wanted[6].replace("Find", "Solution")]
        for blank, line in zip(exercise.blanks, said[7:], strict=True):
            right = exercise.solution[blank.name]
            step = exercise.hint(blank.name, 2).partition(";")[0].partition(" = ")[2].replace("·", " · ").replace("  ", " ")
            name = blank.name.replace("·", " · ")
            shown = f"{name} = {right}" if step == name else f"{name} = {step} = {right}"
            assert line == (shown if solution else rf"{name} = \blank")


def _said(page):
    """The lines of a page, without its tags."""
    lines = html.unescape(re.sub(r"<[^>]*>", "\n", page)).splitlines()
    return [line.strip() for line in lines if line.strip() not in ("", "=")]


@pytest.mark.parametrize(("exercises", "name", "message"), [
    ([], "sheet.html", "needs an exercise"),
    (None, "sheet.docx", r"written as \.html or \.tex"),
])  # fmt: skip
def test_bad_worksheets_are_refused(exercises, name, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        worksheet(neuron() if exercises is None else exercises, tmp_path / name)


def test_a_page_is_an_exercise(tmp_path):
    page = tmp_path / "page.toml"
    text = f"""title = "One neuron"
formula = "{NEURON}"
learning_rate = 0.1
claims = ["w_1 = -3", "z = 0.50", "y = 0.462", "y = 0.46", "E/w_1 = 5.00", "w_1' = -2.83"]
[inputs]
w_1 = -3
x = 2
b = 6.5
t = 1
"""
    page.write_text(text, encoding="utf-8")
    exercise = from_page(page)
    assert [blank.name for blank in exercise.blanks] == ["z", "y", "∂E/∂w_1", "w_1'"]
    assert (exercise.heading, exercise.digits) == ("One neuron", 3)
    assert exercise.check({"w_1'": "-2.83"}).outcomes[-1].verdict == "right"
    page.write_text(re.sub(r"x = 2\n", "", text) + "[[sample]]\nx = 2\n", encoding="utf-8")
    with pytest.raises(PageError, match="one sample"):
        from_page(page)
