"""The notebooks: fresh, executed without errors, readable where nothing runs, and their exercises solved."""

import base64
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
SOURCES = sorted((FOLDER / "sources").glob("*.py"))
NAMES = [source.stem for source in SOURCES]
EXPECTED = {
    "01_first_gradient": "0.077004",
    "02_step_through_backward": "6 of 6 answers accepted.",
    "03_worked_example_3_3_3": "8 of 8 answers accepted.",
    "04_mark_a_page": "10 of 10 answers accepted.",
    "05_train_a_network": "loss 0.6931, gradient 0.0000",
    "06_matrix_form": "16 of 16 answers accepted.",
    "07_dense_layer": "True True",
    "08_n_layers_spiral": "6 of 6 answers accepted.",
    "09_open_questions": "apart before 0.1000, after 0.09",
    "10_derivatives_of_derivatives": "second derivative 0.0000",
    "11_native_speed": "3 of 3 answers accepted.",
    "12_char_gpt": "8 of 8 answers accepted.",
    "13_why_is_my_gradient": "mended: True, w = 2.0000",
}
"""What the solution of each notebook's exercise prints."""
SLOW = {"03_worked_example_3_3_3", "08_n_layers_spiral", "09_open_questions", "12_char_gpt"}
"""Those that train networks or mark long pages run twice among the slow tests, as a notebook and in test_latex.py, and no third time."""
ACCEPTED = re.compile(r"^(\d+) of \1 answers accepted\.$", re.MULTILINE)
SOLUTION = re.compile(r"<details>\n<summary>Solution</summary>\n\n(.*)\n\n</details>", re.DOTALL)
CODE, PRINTED = re.compile(r"```python\n(.*?)\n```", re.DOTALL), re.compile(r"It prints:\n\n```text\n(.*?)\n```", re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("notebooks_build", FOLDER / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def committed(name):
    return (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")


def read(name):
    import nbformat  # takes seconds, which collecting the tests need not take

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
    fresh = build.fold(build.convert(FOLDER / "sources" / f"{name}.py"))
    assert build.differences(build.without_outputs(committed(name)), fresh) == []


@pytest.mark.parametrize("name", NAMES)
def test_it_opens_with_what_the_reader_will_be_able_to_do_and_leads_on(name):
    place, notebook = NAMES.index(name), read(name)
    title, ability, *_, links = notebook.cells[0].source.split("\n\n")
    assert title.startswith("# ")
    assert ability.startswith("After this notebook you can ")
    assert links.startswith(f"[Notebook {place + 1} of {len(NAMES)}](README.md)")
    neighbours = {"before": NAMES[place - 1 : place], "next": NAMES[place + 1 : place + 2]}
    for word, neighbour in neighbours.items():
        expected = [(read(other).cells[0].source.splitlines()[0].removeprefix("# "), f"{other}.ipynb") for other in neighbour]
        assert re.findall(rf"{word}: \[([^\]]+)\]\(([^)]+)\)", links) == expected
    assert LINK.findall(notebook.cells[-1].source) == ([f"{other}.ipynb" for other in neighbours["next"]] or ["README.md"])


@pytest.mark.parametrize("name", NAMES)
def test_it_ends_in_an_exercise_that_marks_with_its_solution_folded_away(name):
    cells = read(name).cells
    texts = [cell.source if cell.cell_type == "markdown" else "" for cell in cells]
    assert sum(text.count("## Exercise") + text.count("<details>") for text in texts) == 2
    question, _, solution, _ = texts[-4:]
    assert question.startswith("## Exercise\n\n")
    assert cells[-3].source.endswith("\nexercise")
    assert "startExercise" in cells[-3].outputs[-1].data["text/html"]
    (folded,) = SOLUTION.fullmatch(solution).groups()
    assert CODE.search(folded)
    printed = "\n".join(PRINTED.findall(folded))
    assert EXPECTED[name] in printed
    assert ACCEPTED.search(printed)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in SLOW])
def test_its_cells_run_and_its_solution_prints_what_is_folded_away(build, name, capsys):
    names, printed = {"__name__": "notebook"}, ""
    for cell in build.convert(FOLDER / "sources" / f"{name}.py").cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, name, "exec"), names)
            output = capsys.readouterr().out
            printed += output if "solution" in cell.metadata.get("tags", ()) else ""
    assert EXPECTED[name] in printed
    assert ACCEPTED.search(printed)
    assert names["exercise"].check(names["exercise"].solution).ok
    assert printed.strip() in "\n".join(PRINTED.findall(read(name).cells[-2].source))


@pytest.mark.parametrize("file", [FOLDER / "README.md", *(FOLDER / f"{name}.ipynb" for name in NAMES)], ids=lambda file: file.name)
def test_its_links_lead_somewhere(file):
    is_notebook = file.suffix == ".ipynb"
    texts = [cell.source for cell in read(file.stem).cells if cell.cell_type == "markdown"] if is_notebook else [file.read_text("utf-8")]
    links = [link for text in texts for link in LINK.findall(text) if "://" not in link]
    assert links
    assert [link for link in links if not (FOLDER / link).exists()] == []


def test_links_to_notebooks_from_elsewhere_lead_somewhere():
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    links = [(page, link) for page in pages for link in LINK.findall(page.read_text("utf-8")) if "notebooks/" in link and "://" not in link]
    assert links
    assert [(page.name, link) for page, link in links if not (page.parent / link).exists()] == []


def test_the_list_of_notebooks_is_fresh(build):
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert text == build.index()
    assert re.findall(r"^\| (\d+) \| \[[^\]]+\]\(([^)]+)\) \| \w", text, re.MULTILINE) == [
        (str(number), f"{name}.ipynb") for number, name in enumerate(NAMES, 1)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_read_where_nothing_runs(name):
    notebook = read(name)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert max(len(line) for cell in code for line in cell.source.splitlines()) <= 110  # as wide as viewers show
    assert not [output for output in outputs(notebook) if output.output_type == "error" or output.get("name") == "stderr"]
    pages = [output.data["text/html"] for output in outputs(notebook) if "text/html" in output.get("data", {})]
    pictures = [page for page in pages if "<table" not in page and "<iframe" not in page]  # a stepper is a page in a frame
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
    assert all(cell.metadata in ({}, {"tags": ["timed"]}) for cell in notebook.cells)
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
        (lambda n: n["cells"][-2].update(source="".join(n["cells"][-2]["source"]).replace("0.077", "0.078")), "-nudged: 0.078"),
        (lambda n: first_output(n, "stream").update(text="z = 0.25\n"), "-z = 0.25"),
        (lambda n: first_output(n, "text/latex")["data"].update({"text/latex": "$2$"}), "-$2$"),
        (lambda n: first_output(n, "text/html")["data"].pop("text/html"), "+--- output, text/html"),
        (lambda n: first_output(n, "text/html")["data"].update({"image/svg+xml": "<svg/>"}), "-picture with: "),
        (lambda n: first_output(n, "text/html")["data"].update({"image/svg+xml": "<svg"}), "no notebook that can be read"),
    ],
)
def test_what_is_stale_is_found(build, change, shown):
    assert shown in "\n".join(build.differences(changed(NAMES[0], change), read(NAMES[0])))


def test_of_measured_times_only_the_numbers_may_change(build):
    name = "11_native_speed"

    def of_a_timed_cell(old, new):
        def change(notebook):
            timed = next(cell for cell in notebook["cells"] if cell["metadata"].get("tags") == ["timed"])
            (output,) = timed["outputs"]
            text = "".join(output["text"])
            assert re.search(old, text)
            output["text"] = re.sub(old, new, text)

        return changed(name, change)

    assert build.differences(of_a_timed_cell(r" *[\d.,]+ ns", " 1,234.5 ns"), read(name)) == []
    assert "times as slow" in "\n".join(build.differences(of_a_timed_cell("times as fast", "times as slow"), read(name)))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"cells": 3}', '{"cells": [', "<<<<<<< HEAD"])
def test_a_broken_notebook_is_reported(build, text):
    (message,) = build.differences(text, read(NAMES[0]))
    assert "no notebook that can be read" in message


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("# # A first gradient", "# # A second gradient", "+# A second gradient"),
        ("from math import cos, sin", "from math import sin", "+from math import sin"),
    ],
)
def test_a_changed_source_is_found_without_running_it(build, monkeypatch, tmp_path, old, new, shown):
    text = SOURCES[0].read_text(encoding="utf-8")
    assert old in text
    source = tmp_path / SOURCES[0].name
    source.write_text(text.replace(old, new), encoding="utf-8")
    monkeypatch.setattr(build, "execute", None)
    assert shown in build.check(source)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("After this notebook you can", "This is about", "the first cell is"),
        ('tags=["solution"]', 'tags=["answer"]', "the tags are solution and timed, not answer"),
    ],
)
def test_a_source_that_no_notebook_can_be_made_of_is_refused(build, tmp_path, old, new, message):
    source = tmp_path / SOURCES[0].name
    source.write_text(SOURCES[0].read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        build.convert(source)


def test_a_missing_notebook_and_an_unknown_name(build, monkeypatch, tmp_path, capsys):
    assert build.check(tmp_path / "13_nothing.py") == ["13_nothing.ipynb does not exist"]
    with pytest.raises(SystemExit):
        build.main(["--check", "13_nothing"])
    assert "there is no source called 13_nothing" in capsys.readouterr().err
