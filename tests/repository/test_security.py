"""What docs/security.md states and no test nearer to the code shows; and that the page names tests that exist."""

import ast
import re
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from autograd_tiny import Value, mark
from autograd_tiny.marking.pages import read_page
from autograd_tiny.storage.saving import load_graph
from autograd_tiny.views.widget.pictures import prepared

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "autograd_tiny"
PAGE = ROOT / "docs" / "security.md"
HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(1)>"


@cache
def calls_and_imports():
    """Of every file of the package: its name, the names called and the modules imported."""
    found = []
    for file in sorted(PACKAGE.rglob("*.py")):
        called, imported = set(), set()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called.add(ast.unparse(node.func))
            elif isinstance(node, ast.Import):
                imported.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module)
        found.append((file.relative_to(PACKAGE).as_posix(), called, {name.split(".")[0] for name in imported}))
    return found


def users_of(*wanted):
    return {file for file, called, imported in calls_and_imports() if (called | imported) & set(wanted)}


def test_text_is_run_as_python_in_one_place_the_programs_own_source():
    assert users_of("eval", "__import__", "runpy", "code") == set()
    assert users_of("exec", "compile", "builtins.exec") == {"lowering/sources/python.py"}


def test_nothing_is_unpickled():
    assert users_of("pickle", "cPickle", "dill", "marshal", "shelve", "joblib", "numpy.load", "np.load") == set()


def test_nothing_reaches_the_network():
    assert users_of("socket", "ssl", "urllib", "http", "ftplib", "smtplib", "requests", "httpx", "webbrowser") == set()


def test_two_modules_start_programs_and_none_through_a_shell():
    starting = {"views/drawing/render.py", "lowering/library.py"}
    assert users_of("subprocess", "os.system", "os.popen", "pty", "os.execv", "os.spawnv") == starting
    for file in starting:
        assert "shell=" not in (PACKAGE / file).read_text(encoding="utf-8")


def test_only_native_code_handles_addresses():
    assert users_of("ctypes", "cffi", "mmap") <= {"lowering/native/llvm.py", "lowering/runners.py", "lowering/native/vectors.py"}


def test_a_picture_keeps_shapes_and_texts_and_nothing_that_acts():
    svg = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" onload="alert(1)">
      <script>alert(1)</script><style>* { display: none }</style>
      <g id="n0" class="node" onclick="alert(1)"><a xlink:href="javascript:alert(1)"><text>inside a link</text></a>
        <foreignObject><iframe/></foreignObject><image xlink:href="https://example.org/x.png"/>
        <text style="behavior:url(x)" onmouseover="alert(1)">kept</text></g></svg>"""
    root = ElementTree.fromstring(prepared(svg, {"n0": "a node"}, {}))
    kept = {element.tag.rpartition("}")[2] for element in root.iter()}
    attributes = {name for element in root.iter() for name in element.attrib}
    assert kept <= {"svg", "g", "text", "title", "desc"}
    assert "kept" in "".join(root.itertext())
    assert not [name for name in attributes if name.startswith("on") or name.endswith(("href", "style"))]


def test_a_report_escapes_labels_and_titles(tmp_path):
    x = Value(3.0, HOSTILE)
    y = x * 2.0
    y.label = "y"
    y.backward()
    html = mark(y, {"y": "6.1"})._repr_html_()
    file = tmp_path / "page.toml"
    file.write_text(
        f'formula = "y = w*x"\n[inputs]\nw = 2.0\nx = 3.0\n[[section]]\ntitle = "{HOSTILE}"\nclaims = ["y = 6.1"]\n', encoding="utf-8"
    )
    for text in (html, read_page(file).mark()._repr_html_()):
        assert "<script" not in text
        assert "<img" not in text
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize("content", ["cos\nsystem\n(S'echo'\ntR.", "{}", '{"format": "__import__(\'os\')"}', "[" * 100_000])
def test_a_file_that_is_no_graph_is_refused_as_data(content, tmp_path):
    file = tmp_path / "graph.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="cannot read"):
        load_graph(file)


def test_the_page_names_tests_that_exist():
    named = re.findall(r"`(tests/[\w./]+\.(?:py|mjs))(?:::(\w+))?`", PAGE.read_text(encoding="utf-8"))
    assert len(named) > 15
    for file, test in named:
        source = (ROOT / file).read_text(encoding="utf-8")
        assert not test or re.search(rf"def {test}\b", source), f"{file} has no {test}"
