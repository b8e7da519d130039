"""Pages in matrices: inputs as lists, claims about whole arrays, reports that show them as matrices."""

import json
from pathlib import Path

import pytest

from autograd_tiny import array, mark, sigmoid
from autograd_tiny.cli import main
from autograd_tiny.marking.claims import read_entries
from autograd_tiny.marking.files.corrections import corrected
from autograd_tiny.marking.forms.cells import read_cells
from autograd_tiny.marking.forms.quantities import read_quantity
from autograd_tiny.marking.pages import PageError, read_page
from autograd_tiny.text.palette import VERDICTS

PAGE = """\
learning_rate = 0.5
formula = '''
Z = X @ W + b
E = mean((sigmoid(Z) - T)**2)
'''
claims = [
  "Z = [[0.75, 0.6], [-0.2, -0.5]]",
  '''E/W = [[-0.007, 0.037],
            [_, 0.221]]''',
  "E/W[1][0] = -0.126",
  "W' = [[0.104, _], [_, 0.290]]",
]

[inputs]
X = [[1.0, 2.0], [0.5, -1.0]]
W = [[0.1, -0.2], [0.3, 0.4]]
b = [0.05, 0.0]
T = [[1, 0], [0, 1]]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "page.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_page_in_matrices_is_marked_entry_by_entry(tmp_path):
    report = read_page(written(tmp_path, PAGE)).mark()
    assert [m.claim.called for m in report.marks] == [
        *("Z[0][0]", "Z[0][1]", "Z[1][0]", "Z[1][1]", "∂E/∂W[0][0]", "∂E/∂W[0][1]", "∂E/∂W[1][1]", "∂E/∂W[1][0]"),
        *("W[0][0]'", "W[1][1]'"),
    ]
    assert report.counts == {"right": 10}


def test_the_same_page_by_entries_has_the_same_marks(tmp_path):
    whole = read_page(written(tmp_path, PAGE.replace("0.221", "0.161").replace("0.290", "0.3195"))).mark()
    lines = [f"{m.claim.quantity} = {m.claim.printed.text}" for m in whole.marks]
    page = PAGE[: PAGE.index("claims")] + f"claims = {json.dumps(lines, ensure_ascii=False)}\n\n" + PAGE[PAGE.index("[inputs]") :]
    single = read_page(written(tmp_path, page)).mark()
    assert [(m.verdict, m.value, m.why, m.sources) for m in whole.marks] == [(m.verdict, m.value, m.why, m.sources) for m in single.marks]
    assert {"mistake", "carried"} <= whole.counts.keys()


def test_a_report_shows_matrices_as_matrices_coloured_entry_by_entry(tmp_path, capsys):
    path = written(tmp_path, PAGE.replace("0.037", "0.912"))
    report = read_page(path).mark()
    table = str(report)
    assert "∂E/∂W        -0.007  0.0373  -0.007  0.912  [0][1] wrong" in table
    assert "                  _   0.221       _  0.221  right" in table
    assert main(["mark", str(path)]) == 1
    assert " _   0.221        _  0.221   right" in capsys.readouterr().out
    html = report._repr_html_()
    assert html.count("<span style") == 9
    assert f'{VERDICTS["wrong"].style}" title="∂E/∂W[0][1] should be 0.0373, not 0.912' in html


def test_a_matrix_too_wide_for_a_line_is_told_number_by_number():
    x = array([0.125] * 12, "x")
    y = x.sum()
    y.label = "y"
    report = mark(y, f"x = [{', '.join(['0.125'] * 12)}]")
    assert len(report.lines()) == 12
    assert len(report.lines(200)) == 1


def test_wrong_entries_are_put_right_in_place_and_have_their_place_in_the_file(tmp_path):
    path = written(tmp_path, PAGE.replace("0.221", "0.161").replace("-0.5]]", "−0.6]]"))
    marks = read_page(path).mark().marks
    assert [(m.claim.spot.line, m.claim.spot.column) for m in marks if m.claim.printed.text in ("0.161", "-0.6")] == [(7, 29), (9, 17)]
    assert corrected(path).after == PAGE.replace("-0.5]]", "−0.5]]")


def test_batches_have_samples_as_rows_or_as_columns(tmp_path):
    columns = PAGE.replace("X @ W + b", "W.T @ X + [b].T").replace("X = [[1.0, 2.0], [0.5, -1.0]]", "X = [[1.0, 0.5], [2.0, -1.0]]")
    columns = columns.replace("Z = [[0.75, 0.6], [-0.2, -0.5]]", "Z = [[0.75, -0.2], [0.6, -0.5]]")
    assert read_page(written(tmp_path, columns)).mark().ok


def test_printed_inputs_samples_and_parameters_may_be_arrays(tmp_path):
    page = """\
    formula = "z = w @ x; E = (z - t)**2"
    claims = ["E = 1.00", "E/w = [-2.0, -4.0]", "w' = [0.70, 0.90]", "E' = 0.16", "w'' = [0.70, _]", "E'/w'[1] = 0.0"]
    [training]
    learning_rate = 0.1
    parameters = ["w"]
    [inputs]
    w = ["0.50", 0.5]
    [[sample]]
    x = [1.0, 2.0]
    t = 2.5
    [[sample]]
    x = [0.0, 1.0]
    t = 0.5
    """
    report = read_page(written(tmp_path, page)).mark()
    assert [m.verdict for m in report.marks if m.claim.called.startswith(("E", "w[0]'"))].count("right") >= 3
    assert str(report.marks[-1].claim.quantity) == "∂E'/∂w[1]'"


def test_a_vector_may_be_printed_as_a_row_or_a_column_and_a_transpose_as_such(tmp_path):
    for shown in ("[-0.014, 0.001]", "[[-0.014, 0.001]]", "[[-0.014], [0.001]]"):
        page = PAGE.replace('"E/W[1][0] = -0.126"', f'"E/b = {shown}"')
        marks = read_page(written(tmp_path, page)).mark().marks
        assert [m.claim.called for m in marks if "b" in m.claim.called] == ["∂E/∂b[0]", "∂E/∂b[1]"]
    turned = PAGE.replace("Z = [[0.75, 0.6], [-0.2, -0.5]]", "Zᵀ = [[0.75, -0.2], [0.6, _]]")
    report = read_page(written(tmp_path, turned)).mark()
    assert [m.claim.called for m in report.marks[:3]] == ["Z[0][0]", "Z[1][0]", "Z[0][1]"]
    assert report.ok


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("[[0.75, 0.6], [-0.2, -0.5]]", "[[0.75, 0.6]]", 7, "Z is printed as 1×2, and it is 2×2"),
        ("Z = [[0.75, 0.6], [-0.2, -0.5]]", "b = [1, 2, 3]", 7, "b is printed as a vector of 3, and it is a vector of 2"),
        ("Z = [[0.75, 0.6], [-0.2, -0.5]]", "b = [[1, 2], [3, 4]]", 7, "b is printed as 2×2, and it is a vector of 2"),
        ("E/W[1][0] = -0.126", "E/W = 0.3", 10, "W is an array, 2×2, of which one number is W[1][1]"),
        ("E/W[1][0] = -0.126", "E/W[2][0] = 0.3", 10, "W is an array, 2×2"),
        ("E/W[1][0] = -0.126", "Z/W = [[1, 2], [3, 4]]", 10, "Z is an array, too"),
        ("E/W[1][0] = -0.126", "E/Z/W = [[1, 2], [3, 4]]", 10, "a whole array is printed of its numbers"),
        ("E/W[1][0] = -0.126", "E/V = [1, 2]", 10, "there is no array 'V'"),
        ("E/W[1][0] = -0.126", "E = [1, 2]", 10, "there is no array 'E'"),
        ("E/W[1][0] = -0.126", "E/W = [[1, 2], [3]]", 10, "is ragged"),
        ("E/W[1][0] = -0.126", "E/W = [[1, 2], [3, ]", 10, "is no vector and no matrix"),
        ("E/W[1][0] = -0.126", "E/W = [[1, 2], [3, 1,5]]", 10, "is ragged"),
        ("E/W[1][0] = -0.126", "E/W = [[1, x], [3, 4]]", 10, "'x' is not a decimal number"),
        ("b = [0.05, 0.0]", "b = [0.05, [0.0]]", 17, "inputs.b: entry 0 is 0.05, and others are rows"),
        ("b = [0.05, 0.0]", "b = []", 17, "inputs.b would be empty"),
        ("b = [0.05, 0.0]", "b = [[[0.05]]]", 17, "inputs.b has three dimensions"),
        ("b = [0.05, 0.0]", "b = [0.05, inf]", 17, "inputs.b[1]: "),
        ("b = [0.05, 0.0]", "b = [0.05, true]", 17, "inputs.b[1]: an input is a number, got True"),
        ("b = [0.05, 0.0]", "b = [0.05, 'two']", 17, "inputs.b[1]: an input is a number, got 'two'"),
        ("b = [0.05, 0.0]", "b = '[0.05, 0.0]'", 17, "inputs.b: write an array without quotes: b = [0.05, 0.0]"),
        ("b = [0.05, 0.0]", "b = \"E/W\"", 17, "inputs.b: E/W is printed as an array, and a text is one number; give its entries each by"),
        ("b = [0.05, 0.0]", "b = [0.05, 0.0, 1.0]", 3, "formula: add: operand 1 is 2×2 and b is 3"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(tmp_path, old, new, line, message):
    with pytest.raises(PageError) as caught:
        read_page(written(tmp_path, PAGE.replace(old, new))).mark()
    assert message in str(caught.value)
    assert caught.value.line == line


def test_a_wrong_shape_is_told_with_what_would_fit_and_with_what_was_repeated(tmp_path):
    page = (
        'formula = "D = a - y; E = mean(D**2)"\nclaims = ["D = [[1, 2, 3]]"]\n[inputs]\na = [[1.0, 2.0, 0.5]]\ny = [[0.5], [1.0], [0.3]]\n'
    )
    with pytest.raises(PageError, match="D is printed as 1×3, and it is 3×3; in D, 1×3 and 3×1 are repeated to 3×3: was a transpose meant"):
        read_page(written(tmp_path, page)).mark()
    for claim, hint in (
        ("E/a = [[1], [2], [3]]", "E/a is printed as 3×1, and it is 1×3; its transpose would fit: E/a.T = ..."),
        ("E/a.T = [[1, 2, 3]]", "E/a.T is printed as 1×3, and it is 3×1; its transpose would fit: E/a = ..."),
        ("E/a = [1, 2]", "E/a is printed as a vector of 2, and it is 1×3"),
    ):
        with pytest.raises(PageError) as caught:
            read_page(written(tmp_path, page.replace("D = [[1, 2, 3]]", claim))).mark()
        assert str(caught.value).endswith(f": {hint}")
    chosen = page.replace("D = a - y", "D = where(less(k, l), a, y)")
    for k, sizes in (("[[1.0]]", "1×1, 1×3 and 3×1"), ("1.0", "1×3 and 3×1")):
        with pytest.raises(PageError, match=f"in D, {sizes} are repeated to 3×3: was a transpose meant"):
            read_page(written(tmp_path, f"{chosen}k = {k}\nl = {k}\n")).mark()


LAYERS = """\
formula = "Z = X @ W; A = tanh(Z); Y = A @ V; E = sum((Y - T)**2) / 2"
claims = ["E/V = GIVEN"]

[inputs]
X = [[0.5, 1.0], [0.3, -0.2]]
W = [[0.4, -0.6], [-0.5, 0.7]]
V = [[0.2, -0.7], [-0.2, 0.3]]
T = [[0.3, 0.2], [0.3, -0.8]]
"""


def test_what_was_done_to_a_whole_printed_array_is_told_once(tmp_path):
    record = read_page(written(tmp_path, LAYERS.replace("GIVEN", "[[0, 0], [0, 0]]"))).record()
    z, a, y, t = (record.arrays[name].data for name in "ZAYT")
    by_y = [[p - q for p, q in zip(*rows)] for rows in zip(y, t)]

    def found(inputs, factor=1.0, shares=by_y):
        printed = [[f"{factor * sum(row[i] * g[j] for row, g in zip(inputs, shares)):.4f}" for j in (0, 1)] for i in (0, 1)]
        return read_page(written(tmp_path, LAYERS.replace("GIVEN", str(printed).replace("'", "")))).mark()

    assert found(a).ok
    for report, mistake, said in (
        (found(z), "activation missing", "the input of tanh is taken for its output"),
        (found(a, 2.0), "factor", "every entry is 2 times too large"),  # where an entry alone might have other reasons
        (found(a, 10.0), "decimal place", "the number has its decimal point one place too far to the right"),  # and here not
        (found(a[1:], 1.0, by_y[1:]), "one path kept", "only"),
    ):
        assert {m.mistake for m in report.slips} == {mistake}
        assert said in report.story[1]
        assert len(report.story) == 2
    chance = found([[0.3, 0.9], [0.1, 0.7]])
    assert {m.mistake for m in chance.slips} != {"activation missing"}


def test_mark_takes_arrays_as_text():
    w, x = array([[0.5, -1.0], [0.25, 2.0]], "W"), array([1.0, 2.0], "x")
    z = w @ x
    z.label = "z"
    loss = sigmoid(z).sum()
    loss.label = "E"
    text = "z = [-1.5, 4.25]\nE/W = [[0.149, 0.298], [0.014, _]]"
    assert mark(loss, text).counts == {"right": 5}
    assert mark(loss, {"z": "[-1.5, 4.25]", "E/W": "[[0.149, 0.298], [0.014, _]]"}).counts == {"right": 5}
    with pytest.raises(ValueError, match="E/W is printed as a vector of 2, and it is 2×2"):
        mark(loss, "E/W = [1, 2]")


def test_an_entry_of_an_update_has_its_primes_at_the_end():
    assert str(read_quantity("W'[0][1]")) == str(read_quantity("W[0][1]'")) == "W[0][1]'"
    assert [str(x.quantity) for x in read_entries("m(W)' = [1, _, 3]")] == ["m(W[0])'", "m(W[2])'"]


@pytest.mark.parametrize(
    "text", ["[", "]", "[]", "[[]]", "[_]", "[1][2]", "[[1], 2]", "[1, [2]]", "[[[1]]]", "[1,,2]", "[1] x", "[" * 50_000]
)
def test_what_is_no_array(text):
    with pytest.raises(ValueError, match=r"^'.{0,300}$"):
        read_cells(text)


TWO_LAYERS = """\
formula = '''
Z = X @ W + b
H = tanh(Z)
P = softmax(H @ V)
L = -sum(T*log(P))/2
'''
claims = ["L/Z = [[-0.1221, 0.0728], [0.2443, -0.1000]]", "L/W = [[-0.1221, 0.0728], [-0.2442, 0.1456]]"]

[inputs]
V = [[0.5, -0.5], [0.2, 0.7]]
"""


def test_of_two_samples_one_is_left_out_of_a_derivative_alone(tmp_path):
    """What was printed before has both, so that it is no term of the loss that is left out."""
    report = read_page(written(tmp_path, TWO_LAYERS + PAGE.split("[inputs]\n")[1])).mark()
    assert report.counts == {"right": 4, "mistake": 4}
    assert report.marks[4].why == "of 2 samples only the first one counts, where their shares add up"
