"""The page of an exercise: its marker against ours on the same answers, its size, what it gives away and what it refuses to run."""

import json
import math
import re
import subprocess
from contextlib import suppress
from html import escape
from itertools import pairwise
from random import Random
from xml.etree import ElementTree

import pytest
from foreign import program_called

from autograd_tiny import Primitive, Value
from autograd_tiny.exercises import TOPICS, Exercise, random_exercise
from autograd_tiny.exercises.page.page import content, module
from autograd_tiny.exercises.page.picture import BLANK, drawn, picture_of
from autograd_tiny.marking.judging.numbers import Numbers
from autograd_tiny.text.palette import SMALL

SVG = "{http://www.w3.org/2000/svg}"
RUN = """
import { readFileSync } from "node:fs";
const cases = JSON.parse(readFileSync("cases.json"));
const found = cases.map(({ data, sheets }, i) => {
  const mark = createMarker(data, ROWS[i]);
  const told = data.told.map((text) => readAnswer(text, data.reading, data.digits).printed);
  return sheets.map((sheet) => {
    const answers = sheet.map((text) => readAnswer(text, data.reading, data.digits));
    const marks = mark([...told, ...answers.map(({ printed }) => printed)]).slice(told.length);
    return marks.map((m, k) => {
      const { verdict, accepted, sentence } = outcomeOf(m, answers[k], data.digits, data.limits);
      return [verdict, accepted, sentence, m?.mistake ?? ""];
    });
  });
});
console.log(JSON.stringify(found));
"""


def in_page(cases, folder):
    """What the pages of exercises say about sheets of answers: verdict, whether accepted, sentence, mistake."""
    pages = [content(exercise) for exercise, _ in cases]
    given = [{"data": data, "sheets": sheets} for (data, _), (_, sheets) in zip(pages, cases)]
    (folder / "cases.json").write_text(json.dumps(given))
    rows = ",\n".join(rows for _, rows in pages)
    (folder / "page.mjs").write_text(f"{module()}\nconst ROWS = [\n{rows}];\n{RUN}", encoding="utf-8")
    done = subprocess.run([program_called("node"), "page.mjs"], cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def by_us(exercise, sheet):
    outcomes = exercise.check({blank.name: text for blank, text in zip(exercise.blanks, sheet)}).outcomes
    return [[o.verdict, o.is_accepted, o.sentence, o.mark.mistake if o.mark else ""] for o in outcomes]


def sheets_of(exercise, n, random):
    """Answer sheets: right ones, one mistake and what follows from it, slips of the pen, blanks left out, nonsense."""
    made = []
    numbers = exercise.sheet_numbers
    for _ in range(n):
        sheet = list(exercise.solution.values())
        place = int(random.random() * len(sheet))
        question = exercise.sheet.questions[len(exercise.told) + place]
        kind = int(random.random() * 6)
        slips = [slip for slip in question.slips[int(random.random() * 3)] if math.isfinite(numbers[slip.root])] or [None]
        slip = slips[int(random.random() * len(slips))]
        if kind < 3 and slip is not None:
            sheet[place] = f"{numbers[slip.root]:.{exercise.digits + 1}g}"
        elif kind == 3:
            sheet[place] = f"{random.random():.3f}"
        elif kind == 4:
            sheet[place] = sheet[place][:-1] + str(int(random.random() * 10))
        else:
            texts = ("", ",5", "1,234.5", "1/3", "-", "0.5 m", "0", "12300", "1e3", "1e400", "-0.0", "x")
            sheet[place] = texts[int(random.random() * len(texts))]
        if kind < 4 and random.random() < 0.8:
            follow(exercise, sheet, place)
        for other in range(len(sheet)):
            if random.random() < 0.1:
                sheet[other] = ""
        made.append(sheet)
    return made


def follow(exercise, sheet, place):
    """Go on with a wrong answer: what depends on it is computed from what stands on the sheet."""
    derivations = exercise.setting.derivations
    numbers = Numbers(derivations)
    with suppress(ArithmeticError, ValueError):
        for number, blank in enumerate(exercise.blanks):
            if number > place:
                sheet[number] = f"{numbers.evaluate(derivations.step(blank.quantity)):.{exercise.digits}g}"
            numbers.printed[blank.quantity] = float(sheet[number])


def differences(cases, folder):
    """Sheets about which the page says something else than we do."""
    found = in_page(cases, folder)
    return [
        (exercise.heading, sheet, blank.name, ours, theirs)
        for (exercise, sheets), answers in zip(cases, found)
        for sheet, answer in zip(sheets, answers)
        for blank, ours, theirs in zip(exercise.blanks, by_us(exercise, sheet), answer)
        if ours != theirs
    ]


def test_the_page_says_what_we_say(tmp_path):
    random = Random(1)
    made = [random_exercise(topic, 1, seed=2) for topic in ("neuron", "layer", "softmax and loss", "training step", "adam")]
    assert not differences([(exercise, sheets_of(exercise, 12, random)) for exercise in made], tmp_path)


def test_every_form_of_an_answer_is_read_on_the_page_as_here(tmp_path):
    exercise = Exercise("y = w*x", ["y"], given={"w": -0.231, "x": 2})
    texts = ["−4.62e−1", "–0.462", "-0.462\u00a0", "−0,462", "-4.62\u00a0·\u00a010^−1", "-4.62 x 10⁻¹", "1,234.5", "0,462", "-4.62\u202fm"]
    assert [accepted for text in texts[:3] for _, accepted, *_ in by_us(exercise, [text])] == [True] * 3
    assert not differences([(exercise, [[text] for text in texts])], tmp_path)


def test_what_is_asked_later_is_no_step_towards_what_is_asked_first():
    formula, given = "z = w*x + b; y = tanh(z)", {"w": -3, "x": 2, "b": 6.5}
    first, *_ = Exercise(formula, ["y", "z", "y/w"], given=given).sheet.questions
    (alone,) = Exercise(formula, ["y"], given=given).sheet.questions
    assert [[slip.what for slip in slips] for slips in first.slips] == [[slip.what for slip in slips] for slips in alone.slips]


def test_inputs_are_never_taken_for_rounded(tmp_path):
    """They are printed with all their digits; what a learner gets from fewer of them is wrong, on the page as here."""
    formula, given = "z = w*x + b; y = tanh(z)", {"w": -3, "x": 2.0137, "b": 6.4821}
    exercise, rounded = (Exercise(formula, ["y"], given=given | x) for x in ({}, {"x": 2.01, "b": 6.48}))
    assert [verdict for verdict, *_ in by_us(exercise, list(rounded.solution.values()))] == ["wrong"]
    assert not differences([(exercise, [list(rounded.solution.values())])], tmp_path)


@pytest.mark.slow
def test_the_page_says_what_we_say_about_thousands_of_sheets(tmp_path):
    random = Random(2)
    made = [random_exercise(topic, difficulty, seed=3) for topic in TOPICS for difficulty in (1, 2, 3)]
    assert not differences([(exercise, sheets_of(exercise, 70, random)) for exercise in made], tmp_path)


NEURON = "z = w*x + b; y = tanh(z); E = (y - t)**2"
GIVEN = {"w": -3, "x": 2, "b": 6.5, "t": 1}


def test_the_page_of_a_network_is_small_and_tells_no_answer():
    exercise = random_exercise("2-2-2 network", 3, seed=1)
    page = exercise.html()
    assert len(page.encode()) < 250_000
    given = {f"{x:.3g}" for x in exercise.inputs.values()}
    for name, text in exercise.solution.items():
        if len(text.strip("-0.")) > 2 and text not in given:
            assert not re.search(rf"(?<![\d.]){re.escape(text)}", page), name
            assert repr(exercise.value(exercise.blank(name).quantity)) not in page


def test_the_page_lets_only_its_own_script_run_and_shows_hostile_labels_as_text(tmp_path):
    bad = '</script><img src=x onerror="alert(1)">'
    w, x = Value(2.0, bad), Value(3.0, "x")
    y = w * x
    y.label = "<b>y</b>"
    exercise = Exercise(y, ["forward", "gradients"], title="</title><script>alert(2)</script>")
    page = exercise.save(tmp_path / "exercise.html").read_text(encoding="utf-8")
    assert "<img" not in page
    assert "<b>y" not in page
    assert page.count("<script") == 2
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "http://" not in page.replace("http://www.w3.org", "")
    frame, still = exercise._repr_html_().split("</iframe>")
    assert "<img" not in still
    assert "&lt;img" in still
    assert f'<iframe title="{escape(exercise.heading)}"' in frame
    assert exercise.check({y.label: "6"}).feedback == {y.label: "Right."}


def boxes(exercise):
    """The boxes of the picture, by what they are headed: the lines in each, a blank by its number, and on which grounds."""
    found = {}
    for box in ElementTree.fromstring(picture_of(exercise)).iter(f"{SVG}g"):
        if box.get("class", "").startswith("node"):
            head, *texts = box.iter(f"{SVG}text")
            assert len(texts) % 2 == 0
            lines = [(name.text, int(number.get("data-blank", -1)) if number.text == BLANK else number.text)
                     for name, number in zip(texts[::2], texts[1::2])]  # fmt: skip
            grounds = [before.get("fill") for before, x in pairwise(box) if x in texts[::2]]
            found[head.text] = lines, grounds
    return found


def test_the_picture_says_what_is_given_told_and_asked():
    given = GIVEN | {"x": 2.123456789012345, "b": 6.5}
    exercise = Exercise(NEURON, ["z", "E/z", "E/w"], given=given, told=["y", "E/y"])
    made = boxes(exercise)
    assert {name: lines for name, (lines, _) in made.items()} == {
        "w": [("given", "-3"), ("∂E/∂w", 2)], "x": [("given", "2.12345678901")], "b": [("given", "6.5")], "t": [("given", "1")],
        "z": [("z", 0), ("∂E/∂z", 1)], "y": [("y", "0.129"), ("∂E/∂y", "-1.74")], "E": [],
    }  # fmt: skip
    assert all(set(grounds) <= {SMALL} for _, grounds in made.values())
    assert all(f"{name} = {lines[0][1]}" in exercise.given for name, (lines, _) in made.items() if name in given)


def test_blanks_are_known_in_the_picture_whatever_they_are_called():
    y = Value(2.0, "w  \t&\"") * Value(3.0, BLANK) + Value(4.0, "b'")
    y.label = "<y>"
    made = boxes(Exercise(y, ["forward", "gradients"]))
    assert [[line[1] for line in lines] for lines, _ in made.values()] == [["2", 3], [0], ["3", 2], ["4", 1]]


def test_a_graph_too_large_for_a_picture_has_none(monkeypatch):
    exercise = Exercise("y = w*x; z = y + w", "forward", given={"w": 2, "x": 3})
    for most, has_picture in ((4, True), (3, False)):
        monkeypatch.setattr("autograd_tiny.exercises.page.picture.MOST_NODES", most)
        assert (picture_of(exercise) != "") == has_picture
        assert (drawn(exercise) is not None) == has_picture
        assert "Find, with" in exercise.html()


def test_what_a_page_knows_of_its_quantities():
    data, _ = content(Exercise("y = tanh(w*x + b); E = (y - t)**2", ["y", "E", "E/w"], given=GIVEN))
    known = {quantity["name"]: quantity for quantity in data["quantities"]}
    unnamed = {name for name in known if re.search(r"\bu\d", name.replace("∂", " "))}  # u1, u2, ..., since t has a label
    assert {name for name, quantity in known.items() if quantity.get("unlabelled")} == unnamed != set()
    inner = {name: [data["quantities"][x]["name"] for x in q["inner"]] for name, q in known.items() if "inner" in q}
    assert inner["∂E/∂w"] == ["∂u3/∂w"]
    assert all(known[name]["fromOutput"] < len(data["formulas"]) for name in inner)
    assert "createMarker" in module()


def test_what_does_not_depend_is_said_on_the_page_as_here():
    exercise = Exercise("u = w*x; v = w*t; y = u*v", ["u/v", "y"], given={"w": 0.5, "x": 2, "t": 3})
    (question, *_) = content(exercise)[0]["questions"]
    assert question["independence"] == "u does not depend on v"
    assert question["independence"][1:] in by_us(exercise, ["0.7", "1.5"])[0][2]


def test_a_page_is_an_html_file(tmp_path):
    exercise = Exercise(NEURON, "forward", given=GIVEN)
    with pytest.raises(ValueError, match=r"saved as \.html, got"):
        exercise.save(tmp_path / "exercise.pdf")


def test_an_operation_that_cannot_be_written_is_named():
    odd = Primitive("odd", lambda x: 2.0 * x, lambda out, x: (2.0,))
    x = Value(3.0, "x")
    y = Value.record(odd, (x,))
    y.label = "y"
    exercise = Exercise(y, ["y", "y/x"])
    assert exercise.check(exercise.solution).ok
    with pytest.raises(TypeError, match="odd cannot be written in JavaScript"):
        exercise.html()


def test_paths_are_added_as_we_add_them(tmp_path):
    """All paths, or some of them; one is wrong, and the sum goes on with it."""
    softmax, random, cases = "p1, p2, p3 = softmax(z1, z2, z3); E = -ln(p1) + p2*p3", Random(5), []
    for formula, given, ask, is_all in (
        ("h1 = w*x; h2 = w*t; E = h1**2 + h2*h1", {"w": 0.53, "x": 1.27, "t": 0.71}, ["E/h1/w", "E/h2/w", "E/w"], True),
        (softmax, {"z1": 0.3, "z2": -0.2, "z3": 0.9}, ["E/p1/z1", "E/p2/z1", "E/p3/z1", "E/z1"], True),
        (softmax, {"z1": 0.3, "z2": -0.2, "z3": 0.9}, ["E/p1/z1", "E/p3/z1", "E/z1"], False),
    ):
        exercise = Exercise(formula, ask, given=given)
        sheets = sheets_of(exercise, 15, random)
        *paths, _ = [exercise.value(blank.quantity) for blank in exercise.blanks]
        for k in range(len(paths)):
            wrong = [1.37 * x if i == k else x for i, x in enumerate(paths)]
            sheets.append([f"{x:.3g}" for x in (*wrong, sum(wrong))])
            verdict, _, said, _ = by_us(exercise, sheets[-1])[-1]
            assert (verdict == "carried") == is_all
            assert ("there are more" in said) == (not is_all)
        cases.append((exercise, sheets))
    assert not differences(cases, tmp_path)
