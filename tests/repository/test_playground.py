"""What Python answers to the pages that run it in a browser, and what is packed for them; here on this Python, without a browser."""

import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from small_graphs import leaves, neuron

from autograd_tiny import Value, explain
from autograd_tiny.marking.pages import read_page
from autograd_tiny.optim import SGD
from autograd_tiny.worked import three_three_three

SITE = Path(__file__).parents[2] / "docs" / "site"
NEURON = {"formula": "z = w*x + b\ny = tanh(z)", "values": {"w": -3, "x": 2, "b": 6.5}, "wrt": "w"}
MARKUP = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module", autouse=True)
def live():
    """The modules that go to a browser, found as they find each other there."""
    sys.path.insert(0, str(SITE))
    import live

    yield live
    sys.path.remove(str(SITE))


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """A question as a page asks it, in a folder of its own, with nothing defined."""
    from live.session import answer

    monkeypatch.chdir(tmp_path)
    answer("forget", "{}")

    def ask(name, **question):
        return json.loads(answer(name, json.dumps(question)))

    return ask


# The playground.


def test_a_formula_is_opened_with_the_numbers_that_it_has(ask):
    state = {"formula": "f = 2*q\nz = w*x\ny = z + k", "values": {"w": 2, "x": True, "k": "3", "stranger": 1.0}}
    assert ask("opened", **state) == {
        "values": {"q": 1.0, "w": 2.0, "x": 1.0, "k": 1.0}, "names": ["q", "w", "x", "k", "z"], "output": "y", "unused": ["f"]
    }  # fmt: skip


def test_what_is_wrong_with_a_formula_is_said_as_in_a_terminal(ask):
    said = ask("opened", formula="y = tahn(x)")["error"]
    assert said == "unknown function `tahn`: did you mean `tanh`?\n    y = tahn(x)\n        ^"
    assert "log" in ask("numbers", formula="y = log(x)", values={"x": -1})["error"]
    assert ask("opened", formula="")["error"]


def shown(svg, identifier):
    """What a box or an arrow of a picture shows, by the kind of each text."""
    group = next(e for e in ElementTree.fromstring(svg).iter() if e.get("id") == identifier)
    return {text.get("class"): text.text for text in group if text.get("class") in ("data", "grad", "derivative")}


def test_numbers_without_a_new_layout_are_those_of_a_new_picture(ask):
    moved = {**NEURON, "values": {"w": 1.5, "x": -0.25, "b": 0.125}}
    svg, numbers = ask("picture", **moved)["svg"], ask("numbers", **moved)
    for box, texts in numbers["nodes"].items():
        assert shown(svg, box) == texts
    for arrow, text in numbers["edges"].items():
        assert shown(svg, arrow) == {"derivative": text}
    assert (len(numbers["nodes"]), len(numbers["edges"])) == (6, 5)


def test_the_chain_rule_is_that_of_explain(ask):
    y = neuron()
    y.backward()
    assert explain(y, wrt=leaves(y)[0]).mathml in ask("numbers", **NEURON)["chain"]
    assert "the formula has no &#x27;zz&#x27;; did you mean" in ask("numbers", **{**NEURON, "wrt": "zz"})["chain"]


def test_typed_numbers_are_marked_updates_too(ask):
    claims = "z = 0.5; y/w = 0.786\n\nw' = -3.157"
    report = ask("marks", **NEURON, claims=claims, rate=0.1)["report"]
    assert "the factor x is left out" in report
    assert report.count(">right<") == 2
    assert "learning_rate" in ask("marks", **NEURON, claims=claims)["error"]
    assert ask("marks", **NEURON, claims=" \n")["report"] == ""


def test_an_exercise_asks_tells_nothing_and_marks_each_answer(ask):
    blanks = ask("exercise", **NEURON)["blanks"]
    assert blanks == ["z", "y", "∂y/∂z", "∂y/∂b", "∂y/∂x", "∂y/∂w"]
    said = ask("checked", **NEURON, answers={"z": "0.5", "∂y/∂w": "2.00", "y": MARKUP})
    assert [said["answers"][name]["accepted"] for name in ("z", "∂y/∂w", "y")] == [True, False, False]
    assert "activation" in said["answers"]["∂y/∂w"]["said"]
    assert ask("hinted", **NEURON, blank="∂y/∂w", grade=3)["hint"] == "∂y/∂w = 1.57"
    assert "grade" in ask("hinted", **NEURON, blank="z", grade="x")["error"]
    assert len(ask("exercise", **ask("example"))["blanks"]) == 24


def test_training_is_gradient_descent_on_the_output(ask):
    w, x = Value(2.0, "w"), Value(3.0, "x")
    outputs = []
    for _ in range(3):
        y = (w * x - 1.0) ** 2
        y.backward()
        outputs.append(y.data)
        SGD([w], 0.01).step()
        w.grad = x.grad = 0.0
    answer = ask("trained", formula="y = (w*x - 1)**2", values={"w": 2, "x": 3}, parameters=["w", "nobody"], rate=0.01, steps=3)
    assert answer == {"values": {"w": w.data, "x": 3.0}, "outputs": [*outputs, ((w * x - 1.0) ** 2).data]}
    assert "choose at least one" in ask("trained", **NEURON)["error"]
    assert "error" in ask("trained", formula="y = exp(w*w)", values={"w": 3}, parameters=["w"], rate=9, steps=50)


def test_a_saved_page_is_marked_as_the_playground_marks(ask, tmp_path):
    claims = ["y = 0.4621", "y/w = 0.786", "w' = -3.157"]
    toml = ask("page", **NEURON, claims="\n".join(claims), rate=0.1)["toml"]
    (tmp_path / "formula.toml").write_text(toml, encoding="utf-8")
    report = read_page(tmp_path / "formula.toml").mark()
    assert [mark.verdict for mark in report.marks] == ["right", "mistake", "right"]


def test_a_saved_notebook_runs(ask):
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.reads(ask("notebook", **NEURON, claims="y = 0.4621")["notebook"], as_version=4)
    nbformat.validate(notebook)
    answers = [ask("run", code=cell.source) for cell in notebook.cells]
    assert [answer["failed"] for answer in answers] == [""] * 5
    assert "<img" in answers[0]["shown"][0]["html"]
    assert "page" in answers[2]["shown"][0]


@pytest.mark.slow
def test_the_published_network_is_marked_as_in_the_tutorial(ask):
    state = ask("example")
    assert len(state["claims"].splitlines()) == 133
    summary = three_three_three.marked()._repr_html_().partition("</p>")[0]
    assert summary in ask("marks", **state)["report"]


def test_hostile_text_in_a_link_is_nothing_but_text(ask):
    assert MARKUP in ask("opened", formula=MARKUP)["error"]  # shown as text, by textContent
    state = {**NEURON, "wrt": MARKUP, "claims": f"y = 0.46\n{MARKUP} = 1", "parameters": [MARKUP], "values": {MARKUP: 1}}
    assert "<img" not in ask("numbers", **state)["chain"]
    assert "error" in ask("marks", **state)
    assert MARKUP not in ask("steps", **state)["page"]
    assert ask("opened", **state)["values"] == {"w": 1.0, "x": 1.0, "b": 1.0}
    for question in ("opened", "numbers", "picture", "steps", "written", "marks", "page", "notebook", "trained"):
        for odd in (None, 3, [], {"w": []}, "x"):
            ask(question, **dict.fromkeys(("formula", "values", "wrt", "claims", "rate", "parameters", "steps"), odd))


# Blocks of code.


def test_blocks_share_what_they_define_and_show_their_last_expression(ask):
    assert ask("run", code="x = 3\nprint('so')\nx * 2") == {"shown": [{"text": "so\n"}, {"text": "6"}], "failed": "", "files": []}
    assert ask("run", code="x; None; x")["shown"] == [{"text": "3"}]
    assert ask("run", code="x; None; 'x'; x", session=True)["shown"] == [{"text": "3"}, {"text": "'x'"}, {"text": "3"}]
    assert ask("run", code="display(1, 'so')\nprint(2)\n3")["shown"] == [{"text": "1"}, {"text": "'so'"}, {"text": "2\n"}, {"text": "3"}]
    ask("forget")
    assert ask("run", code="x")["failed"] == "line 1: x\nNameError: name 'x' is not defined"


def test_pictures_steppers_and_formulas_are_shown_as_on_the_pages(ask):
    code = "from autograd_tiny import *\nx = Value(2.0, 'x')\ny = x * x\ny.backward()\n"
    assert "<svg" in base64.b64decode(ask("run", code=f"{code}draw(y)")["shown"][0]["html"].split("base64,")[1].split('"')[0]).decode()
    assert "<math" in ask("run", code="explain(y, wrt=x)")["shown"][0]["html"]
    assert ask("run", code="Stepper(y)")["shown"][0]["page"].startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("x = 1\nlog(0.0", "SyntaxError"),
        ("a = 1\nraise SystemExit(3)", "line 2: raise SystemExit(3)\nSystemExit: 3"),
        ("def f():\n    g()\ndef g():\n    1 / 0\n\nf()", "line 6: f()\nZeroDivisionError: division by zero"),
        ("input('who?')", "RuntimeError: input() has nobody to ask on this page; write the value into the code"),
        ("import not_here", "No module named 'not_here'; a browser has Python's own library here, autograd_tiny, graphviz"),
        ("from autograd_tiny import Value\nValue('x')", "line 2: Value('x')\nTypeError: "),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    ],
)
def test_an_error_is_told_with_its_line_and_the_next_block_runs(ask, code, said):
    assert said in ask("run", code=code)["failed"]
    assert ask("run", code="1 + 1")["shown"] == [{"text": "2"}]


def test_what_is_printed_warned_of_and_written_is_shown(ask):
    answer = ask("run", code="import warnings\nwarnings.warn('mind')\nprint('x' * 50_000)")
    assert answer["shown"][0]["text"].startswith("UserWarning: mind\nxxx")
    assert answer["shown"][0]["text"].endswith("... (50,019 characters)")
    [file] = ask("run", code="n = open('a.txt', 'w').write('words')")["files"]
    assert (file["name"], base64.b64decode(file["content"])) == ("a.txt", b"words")
    assert ask("run", code="open('a.txt').read()")["files"] == []


# What is packed.


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """A program called npm that packs one package, and counts how often it did."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo("package/a.js")
        info.size = 2
        archive.addfile(info, io.BytesIO(b"42"))
    (tmp_path / "made.tgz").write_bytes(buffer.getvalue())
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho x >> {tmp_path}/calls\ncp {tmp_path}/made.tgz ./a-1.tgz\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return base64.b64encode(hashlib.sha512(buffer.getvalue()).digest()).decode()


def test_a_package_of_npm_is_fetched_once_and_checked(npm, tmp_path, monkeypatch):
    from live.npm import PackageError, Pinned, unpacked

    for _ in range(2):
        assert (unpacked(Pinned("@some/a", "1", npm), tmp_path / "kept") / "a.js").read_text() == "42"
    assert (tmp_path / "calls").read_text() == "x\n"
    with pytest.raises(PackageError, match=r"npm's a 2 is not the one that was tried: its hash is"):
        unpacked(Pinned("a", "2", "another"), tmp_path / "kept")
    assert [folder.name for folder in (tmp_path / "kept").iterdir()] == ["@some-a-1"]
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PackageError, match=r"npm is not on this machine; install Node\.js"):
        unpacked(Pinned("a", "2", npm), tmp_path / "kept")


def test_what_is_packed_suffices_and_is_the_same_each_time(tmp_path):
    from live import bundle

    for name in ("one.zip", "two.zip"):
        bundle.archive(tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    zipfile.ZipFile(tmp_path / "one.zip").extractall(tmp_path / "packages")
    if sys.version_info < (3, 11):  # Python in a browser is a later one, which reads TOML itself
        import tomli

        shutil.copytree(Path(tomli.__file__).parent, tmp_path / "packages" / "tomli")
    code = f"import sys; sys.path.insert(0, {str(tmp_path / 'packages')!r})\nfrom live.session import answer\n"
    code += "print(answer('written', '{\"formula\": \"y = tanh(x)\"}'))"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert "tanh" in json.loads(done.stdout or "{}").get("latex", ""), done.stderr
