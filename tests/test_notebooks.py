"""The notebooks: fresh, executed without errors, readable where nothing runs, and their exercises solved."""

import base64
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parent.parent / "notebooks"
SOURCES = sorted((FOLDER / "sources").glob("*.py"))
NAMES = [source.stem for source in SOURCES]
EXPECTED = {
    "01_first_gradient": "0.077",
    "02_worked_example_3_3_3": " steps, 0.9",
    "03_step_through_backward": "4.0",
    "04_matrix_form": "-0.0275",
    "05_dense_layer": "True True",
    "06_n_layers_spiral": "seed 1: 90.0%",
    "07_open_questions": "loss 0.96",
    "08_mark_a_page": "wrong",
    "09_char_gpt": "['.', 'm']",
}
"""What the solution of each notebook's exercise prints."""
SLOW = {"06_n_layers_spiral", "09_char_gpt"}  # train networks
SOLUTION = re.compile(r"<details>\n<summary>Solution</summary>\n\n.*?```python\n(.*?)```\n\n</details>", re.DOTALL)


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("notebooks_build", FOLDER / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def committed(name):
    return (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")


def read(name):
    return nbformat.reads(committed(name), as_version=4)


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", ())]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_it_executes_and_what_is_committed_is_fresh(name):
    done = subprocess.run(
        [sys.executable, FOLDER / "build.py", "--check", name], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    assert done.returncode == 0, done.stdout


def test_each_is_known_and_none_without_a_source(build):
    assert list(EXPECTED) == NAMES
    assert build.orphans() == []


@pytest.mark.parametrize("name", NAMES)
def test_its_cells_are_those_of_its_source(build, name):
    fresh = build.convert(FOLDER / "sources" / f"{name}.py")
    assert build.differences(build.without_outputs(committed(name)), fresh) == []


@pytest.mark.parametrize("name", NAMES)
def test_it_opens_with_what_the_reader_will_be_able_to_do(name):
    opening = read(name).cells[0]
    assert opening.cell_type == "markdown"
    assert opening.source.startswith("# ")
    assert "After this notebook you can" in opening.source


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in NAMES])
def test_it_has_one_exercise_whose_solution_runs(name, capsys):
    notebook = read(name)
    (solution,) = SOLUTION.findall("\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown"))
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    names = {"__name__": "notebook"}
    for part in [*code, solution]:
        exec(compile(part, name, "exec"), names)
    assert EXPECTED[name] in capsys.readouterr().out[-500:]


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_read_where_nothing_runs(name):
    notebook = read(name)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [output for output in outputs(notebook) if output.output_type == "error" or output.get("name") == "stderr"]
    pages = [output.data["text/html"] for output in outputs(notebook) if "text/html" in output.get("data", {})]
    pictures = [page for page in pages if "<table" not in page]
    assert len(pages) >= 2
    assert pictures
    for page in pictures:
        alternative, image = re.fullmatch(r'<img alt="([^"]+)" src="data:image/svg\+xml;base64,([^"]+)">', page).groups()
        assert alternative
        assert base64.b64decode(image).startswith((b"<svg", b"<?xml"))


@pytest.mark.parametrize("name", NAMES)
def test_it_says_nothing_of_where_and_when_it_was_made(build, name):
    text, notebook = committed(name), read(name)
    assert notebook.metadata == build.METADATA
    assert [cell.id for cell in notebook.cells] == [f"cell-{n:02}" for n in range(1, len(notebook.cells) + 1)]
    assert not any(cell.metadata for cell in notebook.cells)
    assert build.WIDGET not in text
    assert not re.search(r" at 0x[0-9a-f]+|/home/|/tmp/|/root/|/Users/|site-packages", text)
    assert len(text) < 500_000


# The check itself must be able to fail.


def changed(name, change):
    notebook = json.loads(committed(name))
    change(notebook)
    return json.dumps(notebook)


def first_output(notebook, kind):
    return next(o for cell in notebook["cells"] for o in cell.get("outputs", ()) if kind in (o["output_type"], *o.get("data", {})))


def test_a_notebook_does_not_differ_from_itself_nor_by_what_changes_from_run_to_run(build):
    name = NAMES[0]

    def harmless(notebook):
        notebook["cells"][0]["id"] = "another"
        output = first_output(notebook, "image/svg+xml")
        output["data"]["image/svg+xml"] = "".join(output["data"]["image/svg+xml"]).replace("<path ", '<path opacity="1" ')

    assert build.differences(committed(name), read(name)) == []
    assert build.differences(changed(name, harmless), read(name)) == []


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (lambda n: n["cells"][0].update(source="# Another title"), "-# Another title"),
        (lambda n: n["cells"].pop(), "+--- cell"),
        (lambda n: n["metadata"].update(widgets={}), '-metadata {"kernelspec"'),
        (lambda n: first_output(n, "stream").update(text="z = 0.25\n"), "-z = 0.25"),
        (lambda n: first_output(n, "text/latex")["data"].update({"text/latex": "$2$"}), "-$2$"),
        (lambda n: first_output(n, "text/html")["data"].pop("text/html"), "+--- output, text/html"),
        (lambda n: first_output(n, "text/html")["data"].update({"image/svg+xml": "<svg/>"}), "-picture with: "),
        (lambda n: first_output(n, "text/html")["data"].update({"image/svg+xml": "<svg"}), "no notebook that can be read"),
    ],
)
def test_what_is_stale_is_found(build, change, shown):
    assert shown in "\n".join(build.differences(changed(NAMES[0], change), read(NAMES[0])))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"cells": 3}', '{"cells": [', "<<<<<<< HEAD"])
def test_a_broken_notebook_is_reported(build, text):
    (message,) = build.differences(text, read(NAMES[0]))
    assert "no notebook that can be read" in message


def test_a_changed_source_is_found_without_running_it(build, monkeypatch, tmp_path):
    source = tmp_path / f"{NAMES[0]}.py"
    source.write_text(SOURCES[0].read_text(encoding="utf-8").replace("# # A first gradient", "# # A second gradient"), encoding="utf-8")
    monkeypatch.setattr(build, "execute", None)
    assert "+# A second gradient" in build.check(source)


def test_a_missing_notebook_and_an_unknown_name(build, monkeypatch, tmp_path, capsys):
    assert build.check(tmp_path / "04_nothing.py") == ["04_nothing.ipynb does not exist"]
    with pytest.raises(SystemExit):
        build.main(["--check", "04_nothing"])
    assert "there is no source called 04_nothing" in capsys.readouterr().err
