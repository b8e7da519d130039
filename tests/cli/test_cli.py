import io
import json
import math
import os
import shlex
import shutil
import subprocess
import sys

import pytest

from autograd_tiny import __version__
from autograd_tiny.cli import main


def test_the_demo_marks_every_number(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert main(["demo", "--out", str(tmp_path / "new" / "demo")]) == 0
    shown = capsys.readouterr().out
    line = next(line for line in shown.splitlines() if line.split()[:1] == ["h2_in3"])
    assert line.split() == ["h2_in3", "4.004", "4.001", "wrong"]
    marks = json.loads((tmp_path / "new" / "demo" / "marks.json").read_text(encoding="utf-8"))
    assert marks["story"][0] in shown
    told = shown.replace("\n", "")  # a long path is wrapped
    assert all(f"wrote {tmp_path / 'new' / 'demo' / name}" in told for name in ("marks.json", "graph.svg", "steps.html"))
    assert "4.001" in (tmp_path / "new" / "demo" / "graph.svg").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_demo_ends_with_a_command_that_runs_where_it_ran(tmp_path):
    """Not found on the path, in a folder whose name has a space, and found on the path."""
    programs = tmp_path / "my programs"
    programs.mkdir()
    script = programs / "autograd-tiny"
    script.write_text(f"#!{sys.executable}\nfrom autograd_tiny.cli import main\nraise SystemExit(main())\n", encoding="utf-8")
    script.chmod(0o755)
    elsewhere = {**os.environ, "PATH": os.defpath}
    calls = [
        ([script], elsewhere, "'my programs/autograd-tiny' draw "),
        (["autograd-tiny"], {**os.environ, "PATH": f"{programs}{os.pathsep}{os.defpath}"}, "autograd-tiny draw "),
        ([sys.executable, "-m", "autograd_tiny"], elsewhere, f"{shlex.quote(sys.executable)} -m autograd_tiny draw "),
    ]
    for call, environment, begins in calls:
        program = shutil.which(call[0], path=environment["PATH"])
        done = subprocess.run([program, *call[1:], "demo"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, check=True)
        last = done.stdout.decode().splitlines()[-1]
        assert last.startswith(begins)
        subprocess.run(last, shell=True, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, check=True)
        (tmp_path / "y.svg").unlink()


@pytest.mark.slow
def test_a_program_in_a_folder_with_a_space_is_called_in_quotes(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "my programs" / "autograd-tiny")])
    assert main(["demo"]) == 0
    quote = '"' if os.name == "nt" else "'"
    assert capsys.readouterr().out.splitlines()[-1].startswith(f"{quote}{os.path.join('my programs', 'autograd-tiny')}{quote} draw ")


def test_an_output_folder_that_cannot_be_made(tmp_path, capsys):
    (tmp_path / "file").write_text("kept")
    assert main(["demo", "--out", str(tmp_path / "file")]) == 2
    assert "autograd-tiny demo:" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize("arguments", [[], ["no-such-command"], ["demo", "--no-such-option"]])
def test_wrong_use_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    assert exit.value.code == 2
    assert "usage: autograd-tiny" in capsys.readouterr().err


def test_version(capsys):
    with pytest.raises(SystemExit) as exit:
        main(["--version"])
    assert exit.value.code == 0
    assert capsys.readouterr().out.strip() == __version__


@pytest.mark.slow
def test_a_terminal_that_knows_no_unicode(tmp_path):
    command = [sys.executable, "-m", "autograd_tiny", "demo", "--out", str(tmp_path)]
    done = subprocess.run(command, env={"PYTHONIOENCODING": "ascii", "COLUMNS": "60"}, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert b"dE1/dO_out1" in done.stdout


NEURON = ["z = w*x + b; y = tanh(z)", "w=-3", "x=2", "b=6.5"]


def test_draw_writes_the_picture(tmp_path, capsys):
    file = tmp_path / "y.svg"
    assert main(["draw", *NEURON, "-o", str(file)]) == 0
    assert capsys.readouterr().out.strip() == f"wrote {file}"
    svg = file.read_text(encoding="utf-8")
    assert "0.4621" in svg
    assert "1.573" in svg
    assert main(["draw", *NEURON, "--forward-only", "-o", str(file)]) == 0
    assert "1.573" not in file.read_text(encoding="utf-8")


def test_draw_writes_a_larger_png(tmp_path):
    sizes = []
    for arguments in ([], ["--scale", "3"]):
        file = tmp_path / f"{len(sizes)}.png"
        assert main(["draw", *NEURON, "-o", str(file), *arguments]) == 0
        sizes.append(int.from_bytes(file.read_bytes()[16:20], "big"))  # its width
    assert sizes[1] == pytest.approx(3 * sizes[0], abs=4)


def test_pictures_for_latex(tmp_path, capsys):
    graph, steps = tmp_path / "y.tex", tmp_path / "steps.tex"
    assert main(["draw", *NEURON, "-o", str(graph)]) == 0
    assert main(["step", *NEURON, "-o", str(steps)]) == 0
    assert capsys.readouterr().out.splitlines() == [f"wrote {graph}", f"wrote {steps}"]
    assert "$0.4621$}" in graph.read_text(encoding="utf-8")
    assert r"\only<8>{" in steps.read_text(encoding="utf-8")


def test_a_formula_from_standard_input(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbfz = w*x\r\ny = sigmoid(z)\r\n")))
    assert main(["draw", "-", "w=1", "x=2", "-o", str(tmp_path / "y.dot")]) == 0
    assert "0.8808" in (tmp_path / "y.dot").read_text(encoding="utf-8")


def test_step_prints_every_step(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["step", *NEURON]) == 0
    forward, backward = capsys.readouterr().out.split("backward")
    assert [line.split() for line in forward.splitlines() if "tanh" in line] == [["3", "y", "tanh(z)", "0.4621"]]
    assert [line.split() for line in backward.splitlines() if " w " in line] == [["3", "t1", "0.7864", "w", "2", "1.573", "1.573"]]


def test_step_shows_sums_as_they_grow(capsys):
    assert main(["step", "y = a + a", "a=3"]) == 0
    assert "1 → 2" in capsys.readouterr().out


def test_explain_prints_the_chain_rule_wherever_the_values_stand(capsys):
    assert main(["explain", NEURON[0], "--wrt", "w", *NEURON[1:]]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "∂y/∂w = ∂y/∂z · ∂z/∂w"
    assert shown[3] == "      = 1.573"
    assert main(["explain", *NEURON, "--wrt", "w", "--through", "all"]) == 0
    assert capsys.readouterr().out.startswith("∂y/∂w = ∂y/∂z · ∂z/∂t1 · ∂t1/∂w\n")
    assert main(["explain", *NEURON, "--wrt", "w", "--latex", "--digits", "2"]) == 0
    latex = capsys.readouterr().out
    assert latex.startswith("\\begin{aligned}")
    assert "&= 1.6" in latex


LAYER = ["z = W @ x; a = tanh(z); L = total(a)", "W=[[1,2],[3,4]]", "x=[0.5,0.25]"]


def test_arrays_are_drawn_stepped_through_and_derived_as_such(capsys, tmp_path):
    assert main(["draw", *LAYER, "--through", "arrays", "-o", str(tmp_path / "L.svg")]) == 0
    assert "⊙ (1 - a²)" in (tmp_path / "L.svg").read_text(encoding="utf-8")
    assert main(["step", *LAYER, "--through", "arrays", "-o", str(tmp_path / "L.html")]) == 0
    assert "The derivative by W (2×2) is complete." in (tmp_path / "L.html").read_text(encoding="utf-8")
    capsys.readouterr()
    assert main(["step", *LAYER, "--through", "all arrays"]) == 0
    assert "∂L/∂z = ∂L/∂a ⊙ (1 - a²)   (2) = [0.42, 0.02659]" in capsys.readouterr().out
    assert main(["explain", *LAYER, "--derivation", "--wrt", "W", "--learning-rate", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "W' = W - η ∂L/∂W = [[0.79, 1.895], [2.987, 3.993]]"
    assert main(["explain", *LAYER, "--derivation", "--wrt", "W", "-o", str(tmp_path / "page.toml")]) == 0  # a page has scalars
    assert main(["mark", str(tmp_path / "page.toml")]) == 0
    assert main(["step", "y = w * x", "w=1", "x=2", "--through", "arrays"]) == 2
    assert "computed from no Array as a whole; leave out through='arrays'" in capsys.readouterr().err


def test_a_whole_derivation(capsys, tmp_path):
    whole = ["explain", *NEURON, "--derivation"]
    assert main([*whole, "--wrt", "w", "--wrt", "b", "--learning-rate", "0.1"]) == 0
    shown = capsys.readouterr().out
    assert "∂y/∂w = ∂y/∂z · ∂z/∂w = ∂y/∂z · x = 0.7864 · 2 = 1.573\n" in shown
    assert shown.endswith("b' = b - η ∂y/∂b = 6.5 - 0.1 · 0.7864 = 6.421\n")
    assert main([*whole, "--latex"]) == 0
    assert capsys.readouterr().out.count("\\subsection*") == 2
    for name, begins in (("p.tex", "\\documentclass"), ("p.md", "## Forward"), ("p.txt", "Forward"), ("p.toml", "title = ")):
        assert main([*whole, "-o", str(tmp_path / name)]) == 0
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(begins)
    assert main([*whole, "--latex", "-o", str(tmp_path / "part.tex")]) == 0
    assert (tmp_path / "part.tex").read_text(encoding="utf-8").startswith("\\begingroup")
    assert main(["mark", str(tmp_path / "p.toml")]) == 0
    assert "9 numbers: 9 right." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["explain", *NEURON, "--wrt", "w", "--wrt", "b"], "one --wrt NAME at a time, got 2; for a page about several add"),
        (["explain", *NEURON], "one --wrt NAME at a time, got 0"),
        (["explain", *NEURON, "--wrt", "w", "--learning-rate", "0.1"], "add --derivation"),
        (["explain", *NEURON, "--derivation", "--learning-rate", "nan"], "a learning rate is a finite number above 0"),
        (["explain", *NEURON, "--derivation", "-o", "page.pdf"], "ends in one of .tex, .md, .toml, .txt; got 'page.pdf'"),
        (["explain", "y = x1 * x2 * x3", "x1=1", "x2=2", "x3=3", "--wrt", "x13"], "it has x1, x2, x3, y; did you mean `x3`?"),
        (["explain", *NEURON, "--wrt", "q"], "the formula has no 'q', it has w, x, b, z, y"),
        (["explain", "y = sigmod(x)", "x=1", "--wrt", "x"], "did you mean `sigmoid`?\n    y = sigmod(x)\n        ^"),
        (["step", "y = x", "x=one"], "x"),
        (["step", "y = log(x)", "x=-1"], "needs x > 0"),
        (["step", "", "x=1"], "formula"),
        (["draw", *NEURON, "-o", "no/such/folder/y.svg"], "does not exist"),
        (["draw", *NEURON, "-o", "y.bmp"], "must end in one of .svg"),
        (["draw", *NEURON, "-o", "y.svg", "--scale", "2"], "only a .png has a scale"),
        (["draw", *NEURON, "-o", "y.png", "--scale", "-2"], "a scale is a number from 0.1 to 20, got -2.0"),
    ],
)
def test_bad_input_is_named_on_one_line_of_standard_error(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.startswith(f"autograd-tiny {arguments[0]}: ")
    assert printed.out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["demo", "surplus"], ["step", *NEURON, "--digits", "0"], ["draw", *NEURON]])
def test_wrong_options_exit_with_2(arguments):
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    assert exit.value.code == 2


@pytest.mark.parametrize("columns", ["30", "40", "60", "200"])
def test_no_number_of_a_table_is_cut(columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    assert main(["step", "u = x**2; f = u*sin(x) + u - 1", "x=1.5"]) == 0
    shown = capsys.readouterr().out
    for whole in ("upstream", "0.07074", "0.1592 → 6.152", " -1 "):
        assert whole in shown


def test_a_formula_that_begins_with_a_minus(capsys):
    with pytest.raises(SystemExit):
        main(["explain", "-x**2", "x=2", "--wrt", "x"])
    assert "put a formula that begins with - in brackets" in capsys.readouterr().err
    assert main(["explain", "(-x**2)", "x=2", "--wrt", "x"]) == 0
    assert capsys.readouterr().out.splitlines()[-2].strip() == "= -4"


TWO = ["F = max(x, 0); G = min(x, y)", "x=1", "y=2"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["draw", *TWO, "-o", "g.svg"], "F is not used by G, the last formula, and so left out; use it there, or put last"),
        (["explain", *TWO, "--wrt", "x"], "F is not used by G"),
        (["step", *TWO], "F is not used by G"),
        (["step", "a = x; b = 2*x; c = a*y; x + 1", "x=1", "y=2"], "b and c are not used by the last formula and so left out; use them"),
        (["step", "p = softmax([x, y]); q = softmax([y, x]); q[0]", "x=1", "y=2"], "p is not used by q[0], the last formula,"),
        (["step", "p, q = softmax([x, y]); loss = -log(p)", "x=1", "y=2"], ""),
        (["step", *NEURON], ""),
        (["step", "p = sigmoid(x); y = p", "x=1"], ""),
    ],
)
def test_a_formula_that_the_last_one_does_not_use_is_told(arguments, told, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 0
    printed = capsys.readouterr()
    assert printed.err.startswith(f"autograd-tiny {arguments[0]}: {told}") if told else printed.err == ""
    assert "not used" not in printed.out


def test_an_explanation_as_a_file(tmp_path, capsys):
    for name, begins in (("slide.tex", "\\begin{aligned}"), ("words.txt", "∂y/∂w = ")):
        assert main(["explain", *NEURON, "--wrt", "w", "-o", str(tmp_path / name)]) == 0
        assert capsys.readouterr().out == f"wrote {tmp_path / name}\n"
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(begins)


def test_one_picture_a_step_in_a_folder(tmp_path, capsys):
    assert main(["step", *NEURON, "-o", f"{tmp_path / 'stills'}/"]) == 0
    pictures = sorted(file.name for file in (tmp_path / "stills").iterdir())
    assert capsys.readouterr().out == f"wrote {tmp_path / 'stills' / pictures[0]} to {pictures[-1]}\n"
    assert pictures == [f"step-{i:03}.svg" for i in range(len(pictures))]
    assert main(["step", *NEURON, "-o", str(tmp_path / "stills")]) == 0  # a folder that is there needs no /
    assert main(["step", *NEURON, "-o", str(tmp_path / "still.svg")]) == 2
    assert "-o stills/" in capsys.readouterr().err


def test_the_page_is_called_what_the_formula_is(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"# first\nz = w*x  # <b>\r\n\ny = tanh(z);")))
    assert main(["step", "-", "w=1", "x=2", "-o", str(tmp_path / "y.html")]) == 0
    page = (tmp_path / "y.html").read_text(encoding="utf-8")
    assert "<title>z = w*x; y = tanh(z)</title>" in page
    assert '"title":"z = w*x; y = tanh(z)"' in page


def test_a_formula_as_a_program(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    formula = "t = w*3; y = sigmoid(w*x)"
    programs = {"y.c": "double y_gradient(", "y.mjs": "export function valueAndGrad(w, x)", "y.py": "def value_and_grad(w, x)"}
    for name, holds in programs.items():
        assert main(["compile", formula, "-o", name]) == 0
        told = capsys.readouterr()
        assert f"wrote {name}" in told.out
        assert "t is not used" in told.err
        assert holds in (tmp_path / name).read_text(encoding="utf-8")
    assert "Y_INPUTS" in (tmp_path / "y.h").read_text(encoding="utf-8")


def test_a_formula_of_arrays_as_a_program(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["compile", "t = x + 1; y = sum(tanh(W @ x) * c)", "W=2x3", "x=3", "-o", "y.py"]) == 0
    assert "t is not used by y" in capsys.readouterr().err
    program: dict[str, object] = {}
    exec((tmp_path / "y.py").read_text(encoding="utf-8"), program)
    value, gradient = program["value_and_grad"](1.0, 2.0, 4.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.25, 1.0)
    assert value == pytest.approx(math.tanh(0.5) + math.tanh(1.0))
    assert gradient[3] == pytest.approx(1.0 - math.tanh(0.5) ** 2)


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        (["W=2x3x4"], "the shape of an input is written W=2x3 for a matrix, x=3 for a vector, got 'W=2x3x4'"),
        (["W=0x3"], "got 'W=0x3'"),
        (["V=2"], "shapes: the formula has no input 'V'; it has W and x"),
        (["W=2x3", "x=2"], "W is 2×3 and x is 2"),
        ([], "@ is the product of two arrays; times a number is *; say the shape of an input that is an array: "),
        (["W=2x3"], "{'x': (2, 3)}, x=2x3"),
        (["W=999999x999999"], "1,000,000 entries"),
    ],
)
def test_shapes_of_inputs_that_cannot_be(shapes, said, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["compile", "y = sum(W @ x)", *shapes, "-o", "y.c"]) == 2
    assert said in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("formula", "name", "said"),
    [
        ("y = w*x", "y.txt", "a program is written as .c, .js, .mjs or .py, got 'y.txt'"),
        ("y = w*x", "double.c", "'double' means something else in C"),
        ("y = 2*3", "y.c", "a function of no inputs has no derivatives"),
        ("y = w*", "y.c", "autograd-tiny compile:"),
    ],
)
def test_a_program_that_cannot_be_written(formula, name, said, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["compile", formula, "-o", name]) == 2
    assert said in capsys.readouterr().err
    assert os.listdir(tmp_path) == []
