"""Moodle's question banks, read and answered as Moodle does; what is said against our own marks."""

import html
import math
import re
from decimal import Decimal
from functools import cache
from xml.etree import ElementTree

import pytest

from autograd_tiny import Value
from autograd_tiny.exercises import Exercise, moodle_bank, random_exercise
from autograd_tiny.exercises.platforms.moodle import question_text
from autograd_tiny.marking.judging.numbers import Numbers

# As in Moodle's question/type/multianswer/questiontype.php, version 4.
NUMBER = r"-?(?:(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][-+]?[0-9]+)?)"
FRACTION = r"=|%(?:-?[0-9]+(?:[.,][0-9]*)?)%"
ANSWER = r".+?(?<!\\|&)(?=[~#}]|$)"
FEEDBACK = r".*?(?<!\\)(?=[~}]|$)"
ALTERNATIVE = rf"(?:{FRACTION})?(?:{ANSWER})(?:#(?:{FEEDBACK}))?"
BLANK = re.compile(rf"\{{([0-9]*):(NUMERICAL|NM):({ALTERNATIVE}(?:~{ALTERNATIVE})*)\}}", re.DOTALL)
ONE = re.compile(rf"~?({FRACTION})?({ANSWER})(?:#({FEEDBACK}))?", re.DOTALL)
NUMERICAL = re.compile(rf"^({NUMBER})(?::({NUMBER}))?$")


def read(text):
    """The blanks of a question: for each its answers with tolerance, share of the marks and feedback, in Moodle's order."""
    blanks = []
    for match in BLANK.finditer(text):
        answers = []
        for fraction, answer, feedback in ONE.findall(match[3]):
            number, tolerance = NUMERICAL.match(html.unescape(answer)).groups()
            share = 1.0 if fraction == "=" else float(fraction.strip("%") or 0) / 100
            answers.append((float(number), float(tolerance), share, html.unescape(feedback)))
        blanks.append(answers)
    return blanks


def graded(answers, number):
    return next(((share, feedback) for value, tolerance, share, feedback in answers if abs(number - value) <= tolerance), (0.0, ""))


def bank_of(exercises, **options):
    root = ElementTree.fromstring(moodle_bank(exercises, **options))
    assert root.tag == "quiz"
    questions = [q for q in root.iter("question") if q.get("type") == "cloze"]
    return root.find("question/category/text").text, [q.find("questiontext/text").text for q in questions], questions


@cache
def network():
    return random_exercise("2-2-2 network", 2, seed=1)


def test_the_blanks_have_the_right_answers_and_the_mistakes_that_we_name():
    exercise = network()
    for variant, text in zip(made := exercise.variants(3, seed=1), bank_of(made)[1]):
        blanks = read(text)
        assert len(blanks) == len(variant.blanks) == text.count("{1:NUMERICAL:=")
        assert max(map(len, blanks)) == 1 + 20  # the right answer, and of its mistakes the likeliest
        for blank, answers in zip(variant.blanks, blanks):
            right = variant.solution[blank.name]
            assert graded(answers, float(right)) == (1.0, "Right.")
            assert len(answers) > 5, blank
            assert [share for *_, share, _ in answers] == [1.0] + [0.5] * (len(answers) - 1)
            for number, _, _, feedback in answers[1:4]:
                others = {name: x for name, x in variant.solution.items() if name != blank.name}
                outcome = next(o for o in variant.check({**others, blank.name: f"{number:.5g}"}).outcomes if o.blank == blank)
                assert outcome.verdict in ("mistake", "carried", "wrong", "last digit"), (blank, number)
                if outcome.verdict == "mistake":
                    known = [outcome.mark.why, *outcome.mark.alternatives]
                    assert feedback.rstrip(".").lower() in [why.lower() for why in known], (blank, number)


def cancelling():
    """What is told loses most of its digits on the way: y = 0.462 and y - 0.46."""
    return Exercise("y = tanh(z); E = (y - t)**2", ["E/y", "E/z", "E"], given={"z": 0.5, "t": 0.46}, told="y")


@pytest.mark.parametrize("make", [network, cancelling, lambda: random_exercise("layer", 1, seed=2, digits=2)])
def test_honest_rounding_on_the_way_is_right(make):
    exercise = make()
    text = bank_of([exercise])[1][0]
    derivations, numbers = exercise.setting.derivations, Numbers(exercise.setting.derivations)
    for quantity in exercise.told:
        numbers.printed[quantity] = float(exercise.stated[str(quantity)])
    for blank, answers in zip(exercise.blanks, read(text)):
        given = numbers.evaluate(derivations.step_from(blank.quantity, numbers.printed))
        rounded = float(f"{given:.{exercise.digits - 1}e}")
        numbers.printed[blank.quantity] = rounded
        assert graded(answers, rounded)[0] == 1.0, blank


def near():
    """A factor left out gives a number that is neither right nor far enough from it."""
    return Exercise("y = w*x", ["y", "y/x"], given={"w": 1.0065, "x": 2.0})


@pytest.mark.parametrize("make", [network, cancelling, near, lambda: random_exercise("adam", 3, seed=2, digits=4)])
def test_no_answer_is_taken_for_another(make):
    exercise = make()
    for blank, (right, *mistakes) in zip(exercise.blanks, read(question_text(exercise, 30))):
        assert right[0] == pytest.approx(exercise.value(blank.quantity), rel=1e-11)
        assert len(mistakes) <= 20
        by_sign = [number for number, *_, said in mistakes if said == "The sign is wrong."]
        assert by_sign == ([pytest.approx(-right[0], rel=1e-11)] if 2.0 * abs(right[0]) > 2.0 * right[1] else []), blank
        for place, (number, tolerance, share, _) in enumerate(mistakes):
            written = Decimal(f"{number:.{exercise.digits - 1}e}") if number else Decimal("1.").scaleb(-exercise.digits)
            last = 10.0 ** written.as_tuple().exponent
            assert tolerance == pytest.approx(last / 2), (blank, number)  # as it is rounded, and no farther
            assert abs(number - right[0]) > right[1] + tolerance, (blank, number)
            assert all(abs(number - x) > reach for x, reach, *_ in mistakes[:place]), (blank, number)
            assert share == 0.3


def test_a_mistake_without_a_number_is_no_answer():
    exercise = Exercise("y = log(x); E = y + x", ["y/x", "E/x"], given={"x": 1.0})  # 1/y, where 1/x is meant, is 1/0
    assert any(not math.isfinite(x) for x in exercise.sheet_numbers)
    for blank in read(question_text(exercise, 50)):
        assert len(blank) > 3
        assert all(math.isfinite(number) for number, *_ in blank)


@pytest.mark.parametrize("partial", [0, 99])
def test_the_share_of_a_known_mistake(partial):
    blanks = read(bank_of([cancelling()], partial=partial)[1][0])
    assert {share for blank in blanks for *_, share, _ in blank[1:]} == {partial / 100}


def test_thirty_variants_are_thirty_questions():
    exercise = Exercise("z = w*x + b; y = tanh(z)", ["z", "y", "y/w"], given={"w": -0.3, "x": 2.5, "b": 0.5}, title="A/B")
    category, texts, questions = bank_of(exercise.variants(30, seed=1), partial=25)
    assert category == "$course$/top/A//B"
    assert len(set(texts)) == 30
    assert [q.find("name/text").text for q in questions] == [f"A/B {number}" for number in range(1, 31)]
    assert {share for blank in read(texts[0]) for *_, share, _ in blank} == {1.0, 0.25}


def test_a_bank_is_called_as_its_first_exercise_unless_it_is_said():
    made = [cancelling(), near()]
    category, _, (_, second) = bank_of(made)
    assert (category, second.findtext("name/text")) == ("$course$/top/E = (y - t)²", "E = (y - t)² 2")
    category, _, (first, _) = bank_of(made, category="By hand")
    assert (category, first.findtext("name/text")) == ("$course$/top/By hand", "By hand 1")


def test_a_mistake_that_rounding_hides_is_not_named():
    """A tenth of the step from 10 to 5 leads to 9.5, which is no other number than 10 with one digit."""
    (known,) = read(question_text(Exercise("y = w*x", ["w'"], given={"w": 10, "x": 5}, learning_rate=1, digits=1), 50))
    numbers = {number: said for number, *_, said in known}
    assert numbers[-40.0] == "The step has its decimal point one place too far to the right."
    assert numbers[8.75] == "The step is 4 times too small."
    assert 9.5 not in numbers


def test_a_right_answer_may_be_off_by_a_unit_and_by_the_rounding_before_it():
    exercise = Exercise("z = w*x; y = 3*z", ["z", "y"], given={"w": 2.0065, "x": 1})
    assert [known[0][1] for known in read(question_text(exercise, 50))] == [0.01, 0.01 + 3 * 0.005]


def test_where_nothing_follows_from_what_is_told_one_unit_is_left():
    exercise = Exercise("y = sigmoid(z); E = -log(1 - y)", ["E"], given={"z": 4.1}, told="y").at({"z": 8})  # y is told as 1
    ((right, *_),) = read(question_text(exercise, 50))
    assert right[:2] == (pytest.approx(8.00033540637), 0.01)


def test_labels_are_text_and_no_syntax():
    bad = "<b>{1:SA:=x}~#\\y]]>"
    w, x = Value(2.0, bad), Value(3.0, "x2")
    y = w * x + 1.5
    y.label = "y"
    _, (text,), _ = bank_of([Exercise(y, ["y", "y/x2"])])
    assert "<b>" not in text
    blanks = read(text)
    assert len(blanks) == 2
    shown = html.unescape(re.sub(BLANK, "", text))
    assert bad in shown
    feedback = [said for blank in blanks for *_, said in blank]
    assert any(bad in html.unescape(said) for said in feedback)
    assert not any("<b>" in said for said in feedback)


@pytest.mark.parametrize(("exercises", "options", "message"), [
    ([], {}, "a question bank needs an exercise"),
    *[([1], {"partial": partial}, "partial is a share of the marks") for partial in (100, -1, 0.5, None)],
])  # fmt: skip
def test_bad_banks_are_refused(exercises, options, message):
    with pytest.raises(ValueError, match=message):
        moodle_bank(exercises, **options)
