"""What an exercise asks for, what it says of it, and the graph that it speaks of."""

import re
from random import Random

import pytest

from autograd_tiny import Value, array, softmax
from autograd_tiny.exercises import TOPICS, Exercise, from_page
from autograd_tiny.exercises.asking.asked import MOST_BLANKS, asked_for
from autograd_tiny.exercises.asking.recording import recorded_at
from autograd_tiny.marking.derivations import NamedGraph
from autograd_tiny.marking.pages import PageError


def labelled(node, label):
    node.label = label
    return node


def exercise_of(formula, ask, **given):
    return Exercise(formula, ask, given=given)


def asked(*ask, formula="u = w*x; p = w + x; y = u*p + w", trained=()):
    exercise = exercise_of(formula, "forward", w=2, x=3)
    return [str(quantity) for quantity in asked_for(ask, NamedGraph(exercise.output), trained)]


def test_a_keyword_adds_only_what_was_not_asked_for_before():
    assert asked("p", "y/w", "forward", "gradients") == ["p", "∂y/∂w", "u", "y", "∂y/∂p", "∂y/∂u", "∂y/∂x"]
    assert asked("gradients", "y/u") == asked("gradients") == ["∂y/∂p", "∂y/∂u", "∂y/∂x", "∂y/∂w"]


def test_of_leaves_the_gradients_are_those_of_what_is_trained():
    assert asked("gradients", trained=["w"]) == ["∂y/∂p", "∂y/∂u", "∂y/∂w"]
    assert asked("updates", trained=["w"]) == ["w'"]


def test_a_derivative_along_several_paths_is_no_local_one():
    # y is made of u, p and w, and u and p of w: what is meant by ∂y/∂w would not be local.
    assert asked("local derivatives") == ["∂y/∂u", "∂y/∂p", "∂p/∂w", "∂p/∂x", "∂u/∂w", "∂u/∂x"]


def test_an_array_is_asked_for_entry_by_entry_and_up_to_a_limit():
    long = array([0.5] * MOST_BLANKS, "W") * 2.0
    long.label = "A"
    graph = NamedGraph(long.sum())
    assert [str(quantity) for quantity in asked_for("A", graph, [])][-1] == f"A[{MOST_BLANKS - 1}]"
    with pytest.raises(ValueError, match=f"^{2 * MOST_BLANKS} blanks are too many, at most {MOST_BLANKS}"):
        asked_for(["A", "A'"], graph, [])
    with pytest.raises(ValueError, match="no node is called 'B'"):
        Exercise(long.sum(), "B")


def test_hints_speak_of_each_kind_of_quantity():
    exercise = exercise_of("u = w*x; p = w + x; y = u*p + w", ["y/w", "y/u", "y/y", "p/u", "u"], w=2, x=3)
    assert [exercise.hint(blank.name) for blank in exercise.blanks] == [
        "w is used by u, p and y, so the chain rule has 3 paths: add over them.",
        "A local derivative: that of y by u, with everything else held fixed.",
        "The derivative of a number by itself.",
        "Does p depend on u at all?",
        "Put numbers into the formula of u: it is made of w and x.",
    ]
    assert [exercise.hint(blank.name, 2) for blank in exercise.blanks] == [
        "∂y/∂w = ∂y/∂u · ∂u/∂w + ∂y/∂p · ∂p/∂w + 1; ∂u/∂w = x; ∂p/∂w = 1", "∂y/∂u = p", "∂y/∂y = 1", "∂p/∂u = 0", "u = w · x"
    ]  # fmt: skip


def test_hints_list_six_and_count_the_rest():
    many = "abcdefg"
    lines = "; ".join(f"{name} = w*x{i}" for i, name in enumerate(many))
    exercise = exercise_of(f"{lines}; y = {' + '.join(many)}", ["y/w", "y"], w=2, **{f"x{i}": 1 + i for i in range(7)})
    assert [exercise.hint(blank.name) for blank in exercise.blanks] == [
        "w is used by a, b, c, d, e, f and 1 more, so the chain rule has 7 paths: add over them.",
        "Put numbers into the formula of y: it is made of a, b, c, d, e, f and 1 more.",
    ]


def test_an_output_without_a_label_is_spoken_of_where_it_is_asked_for():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    z = labelled(x * w, "z")
    exercise = Exercise(z.exp() * x, "gradients")
    assert exercise.formulas == ("z = x · w", "t2 = exp(z) · x")
    assert exercise.heading == "t2 = exp(z) · x"
    assert exercise.hint("t2/x") == "x is used by z and t2, so the chain rule has 2 paths: add over them."
    assert exercise.hint("t2/w") == "The chain rule: through z, whose derivative is multiplied by the local one."
    assert Exercise(z.exp() * x, "forward").formulas == ("z = x · w",)  # of which it is no part


def test_hints_for_updates_and_for_what_an_optimizer_keeps():
    training = {"optimizer": "momentum", "learning_rate": 0.1, "parameters": ["w"]}
    exercise = Exercise("y = w*x; E = y**2", ["v(w)''", "w''", "y'"], given={"w": 2, "x": 3}, training=training)
    assert [exercise.hint(blank.name) for blank in exercise.blanks] == [
        "v(w)'' is one of the numbers that the optimizer works with.",
        "An update moves w' against its derivative.",
        "Put numbers into the formula of y': it is made of w' and x.",
    ]


def test_a_hint_names_the_rule_of_a_function_and_of_a_family():
    exercise = exercise_of("p, q = softmax(a, b); y = p**3; z = tanh(y)", ["z/y", "y/p", "p/a"], a=1, b=2)
    assert [exercise.hint(blank.name).partition(",")[0] for blank in exercise.blanks] == [
        "A local derivative: the rule of tanh gives that of z by y",
        "A local derivative: the rule of power gives that of y by p",
        "A local derivative: that of p by a",
    ]


@pytest.mark.parametrize("exercise", [
    exercise_of("y = log(1 - exp(-w*x)); E = sqrt(y*y + w)", "gradients", w=2, x=3),
    exercise_of("p, q = softmax(w*x, b); E = -log(p) + q**2", "gradients", w=0.4, x=3, b=1),
    exercise_of("y = tanh(w*x); z = tanh(v*x); E = (y - z)**2", "gradients", w=0.4, v=0.3, x=3),
    Exercise("y = w*x; E = (y - t)**2", ["E'/w'", "w''"], given={"w": 2, "x": 3, "t": 2},
             training={"optimizer": "sgd", "learning_rate": 0.1, "parameters": ["w"]}),
], ids=["log", "softmax", "neighbours", "updates"])  # fmt: skip
def test_no_mistake_and_no_hint_speaks_of_what_has_no_label(exercise):
    graph = exercise.setting.graph
    invented = re.compile(rf"(?<!\w)({'|'.join(set(graph.nodes) - set(graph.labels))})(?!\w)")
    told = [slip.what for question in exercise.sheet.questions for slips in question.slips for slip in slips]
    told += [exercise.hint(blank.name, grade) for blank in exercise.blanks for grade in (1, 2)]
    assert len(told) > 50
    assert [sentence for sentence in told if invented.search(sentence)] == []


def test_formulas_open_what_has_no_label():
    w, x = Value(2.0, "w"), Value(3.0, "x")
    y = labelled(((w * x).exp() + 1.0).log(), "y")
    exercise = Exercise(y, ["y", "y/w"])
    assert exercise.formulas == ("y = log(exp(w · x) + 1)",)
    assert "t" not in exercise.hint("y/w", 2).partition("=")[2]


def test_how_many_digits():
    one = Exercise("y = w*x", ["y"], given={"w": 2, "x": 3.21}, digits=1)
    assert "Find, with 1 significant digit:" in str(one)
    assert one.check({"y": "6"}).ok
    assert Exercise("y = w*x", ["y"], given={"w": 2, "x": 3.21}, digits=12).digits == 12
    for digits in (0, 13, 2.5, "3", None, True):
        with pytest.raises(ValueError, match=r"1 to 12 significant digits, got digits="):
            Exercise("y = w*x", ["y"], given={"w": 2, "x": 3.21}, digits=digits)


def test_numbers_are_given_with_twelve_digits_and_columns_are_aligned():
    exercise = exercise_of("y = x*w", ["y", "y/x"], x=0.1234567890123, w=1.23456789012)
    assert exercise.given == "x = 0.123456789012, w = 1.23456789012"
    assert str(exercise).splitlines()[-2:] == ["    y      = ____", "    ∂y/∂x  = ____"]


def test_where_nothing_is_computed_an_exercise_is_headed_by_what_it_asks_first():
    assert Exercise(Value(2.0, "x") * Value(3.0, "w"), ["x/x", "w/w"]).heading == "∂x/∂x"


def test_what_the_last_value_does_not_depend_on_is_spoken_of_too():
    exercise = exercise_of("u = w*x; v = w + x", ["u", "v", "u/x"], w=2, x=3)
    assert exercise.solution == {"u": "6", "v": "5", "∂u/∂x": "2"}
    assert exercise.at({"x": 4.0}).solution == {"u": "8", "v": "6", "∂u/∂x": "2"}
    assert exercise.heading == "v = w + x"
    assert exercise.formulas == ("u = w · x", "v = w + x")


def test_recorded_again_what_does_not_change_stays_and_softmax_is_called_once():
    a, b, c = Value(1.0, "a"), Value(2.0, "b"), Value(0.5, "c")
    fixed, (p, q) = labelled(c.exp(), "f"), Value.record_outputs(softmax, (a, b))
    y = labelled(p * q + fixed, "y")
    twins = recorded_at([y], {"a": 3.0})
    assert twins[fixed] is fixed
    assert twins[b] is b
    assert (twins[a].data, a.data) == (3.0, 1.0)
    assert twins[p].call == twins[q].call != p.call
    again = recorded_at([twins[y]], {"a": 1.0})
    assert again[twins[y]].data == y.data
    assert again[twins[y]].label == "y"
    with pytest.raises(ValueError, match=r"the graph has no number at these inputs: .*0"):
        recorded_at([1.0 / a], {"a": 0.0})
    with pytest.raises(ValueError, match=r"no input is called 'q'; there are a, b and c"):
        recorded_at([y], {"q": 1.0, "aa": 1.0})
    with pytest.raises(ValueError, match=r"no input is called 'd'; there are a, b and c"):
        recorded_at([y], {"a": 1.0, "d": 1.0})
    many = sum(Value(1.0, f"x{i}") for i in range(10, 24))
    with pytest.raises(ValueError, match=r"there are x10, .*, x21 and 2 more$"):
        recorded_at([many], {"q": 1.0})


PAGE = """formula = "y = w*x; E = y**2"
claims = [{claims}]
inputs = {{ w = 0.5, x = 3 }}
"""


@pytest.mark.parametrize(("claims", "digits"), [
    ('"y = 1.5", "E = 2.250", "E/w = 9"', 2), ('"y = 1.5", "E = 2.25"', 2), ('"y = 1.50", "E = 2.250", "E/y = 3.00"', 3),
    ('"y = 2"', 1), ('"y = 0"', 1), ('"w = 0.5000", "y = 1.5"', 2), ('"w/x = 0.000000", "w/x = 0.0", "y = 1.500"', 1),
    ('"y = 1.5", "E/w = 2*y*x", "E/y = 3/1"', 2), ('"E/w = 2*y*x"', 3), ('"y = 3/2"', 3), ('"y = 1.500000000000000"', 12),
])  # fmt: skip
def test_a_page_asks_for_about_as_many_digits_as_it_prints(claims, digits, tmp_path):
    page = tmp_path / "page.toml"
    page.write_text(PAGE.format(claims=claims), encoding="utf-8")
    assert from_page(page).digits == digits
    assert from_page(str(page), digits=7).digits == 7
    with pytest.raises(ValueError, match="1 to 12 significant digits"):
        from_page(page, digits=0)


def test_of_several_pages_in_a_file_the_first_is_taken(tmp_path):
    article = tmp_path / "article.md"
    first, second = (PAGE.format(claims=claims) for claims in ('"w = 0.5", "y = 1.5", "E/w = 9.0"', '"E = 2.25"'))
    article.write_text(f"```backprop\n{first}```\n\n```backprop\n{second}```\n", encoding="utf-8")
    assert [blank.name for blank in from_page(article).blanks] == ["y", "∂E/∂w"]  # and of what is given nothing


def test_an_array_that_a_page_claims_twice_is_asked_for_once(tmp_path):
    page = tmp_path / "page.toml"
    page.write_text('''formula = """
z = W @ x
E = sum(z*z)
"""
claims = ["E/W = 2*outer(z, x)", "E/W = [[10, 20]]", "z = [5.0]"]
inputs = { W = [[1, 2]], x = [1, 2] }
''', encoding="utf-8")  # fmt: skip
    exercise = from_page(page)
    assert exercise.solution == {"∂E/∂W[0][0]": "10", "∂E/∂W[0][1]": "20", "z[0]": "5"}
    assert exercise.digits == 2


def test_a_page_that_claims_only_what_is_given_asks_for_nothing(tmp_path):
    page = tmp_path / "page.toml"
    page.write_text(PAGE.format(claims='"w = 0.5", "x = 3"'), encoding="utf-8")
    with pytest.raises(PageError, match=r"page\.toml: claims: all of them are given"):
        from_page(page)


def test_a_page_that_trains_is_an_exercise_that_trains(tmp_path):
    page = tmp_path / "page.toml"
    training = '[training]\noptimizer = "momentum"\nlearning_rate = 0.1\nparameters = ["w"]\n'
    page.write_text(PAGE.format(claims='"E = 2.25", "w\' = -0.40"') + training, encoding="utf-8")
    exercise = from_page(page)
    assert exercise.solution == {"E": "2.2", "w'": "-0.4"}
    assert exercise.at({"w": 1.0}).solution["w'"] == "-0.8"


def test_an_exercise_on_a_topic_grows_with_its_difficulty():
    for topic, made in TOPICS.items():
        easy, middle, hard = (made(difficulty, Random(4), {"digits": 3, "title": topic}) for difficulty in (1, 2, 3))
        texts = {str(exercise) for exercise in (easy, middle, hard)}
        assert len(texts) == 3, topic
        assert len(easy.blanks) <= len(middle.blanks) < len(hard.blanks), topic
        assert len(easy.told) >= len(middle.told) >= len(hard.told) == 0, topic
        assert all(exercise.check(exercise.solution).ok for exercise in (easy, middle, hard)), topic
