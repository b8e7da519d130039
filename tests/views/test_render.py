"""The program that draws: found, obeyed, and where it fails, one error that says why and what to do."""

import os
import re
import stat
import sys
import sysconfig
import time
from types import SimpleNamespace

import pytest

from autograd_tiny import Value
from autograd_tiny.views.drawing.draw import draw
from autograd_tiny.views.drawing.render import PROGRAM_VARIABLE, SIGNATURES, RenderError, find_program, load_graphviz, render

DOT = "digraph { a -> b }"
SCRIPTS = sysconfig.get_path("scripts")

needs_scripts = pytest.mark.skipif(os.name == "nt", reason="the programs made up here are shell scripts")


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Makes a program out of a shell script and has it used."""

    def make(script, name="fake", use=True):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        if use:
            monkeypatch.setenv(PROGRAM_VARIABLE, str(path))
        return path

    return make


@pytest.fixture
def no_program(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")  # which in a browser it is not
    monkeypatch.delenv(PROGRAM_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))


@pytest.mark.parametrize("output_format", ["svg", "png"])
def test_renders(renderer, output_format):
    assert render(DOT, output_format).startswith(SIGNATURES[output_format])


def test_pdf_where_the_program_can(renderer):
    if renderer == "dot":
        assert render(DOT, "pdf").startswith(b"%PDF")
    else:
        with pytest.raises(RenderError, match=r"writes no PDF; install Graphviz, or save as \.svg"):
            render(DOT, "pdf")


def test_text_that_is_no_dot(renderer):
    with pytest.raises(RenderError, match="syntax error"):
        render("digraph {", "svg")


def test_unknown_format():
    with pytest.raises(ValueError, match="'gif'; use one of svg, png, pdf"):
        render(DOT, "gif")


def test_no_program_at_all(no_program):
    with pytest.raises(RenderError, match=r"no program that draws graphs was found; pip install graphviz-pure, or install Graphviz"):
        render(DOT, "svg")


def test_a_drawing_without_a_program_still_has_its_text(no_program, tmp_path):
    drawing = draw(Value(2.0, "x") * 3)
    bundle = drawing._repr_mimebundle_()
    assert set(bundle) == {"text/plain"}
    assert "Graph of x × 3; 3 nodes, 2 edges" in bundle["text/plain"]
    assert "pip install graphviz-pure" in bundle["text/plain"]
    assert drawing.save(tmp_path / "x.dot").read_text(encoding="utf-8") == drawing.dot
    with pytest.raises(RenderError):
        drawing.save(tmp_path / "x.svg")
    assert [file.name for file in tmp_path.iterdir()] == ["x.dot"]


def test_the_variable_names_no_program(monkeypatch):
    monkeypatch.setenv(PROGRAM_VARIABLE, "/no/such/dot")
    with pytest.raises(RenderError, match=f"{PROGRAM_VARIABLE} names '/no/such/dot', which is no program here"):
        render(DOT, "svg")


@needs_scripts
def test_the_order_in_which_programs_are_looked_for(no_program, fake):
    pure = fake("", "graphviz-pure", use=False)
    assert find_program() == str(pure)
    dot = fake("", "dot", use=False)
    assert find_program() == str(dot)
    mine = fake("", "mine")
    assert find_program() == str(mine)


@needs_scripts
def test_graphviz_pure_beside_a_python_that_is_not_on_path(no_program, fake, monkeypatch):
    pure = fake("", "graphviz-pure", use=False)
    monkeypatch.setenv("PATH", "")
    assert find_program() == str(pure)


@needs_scripts
def test_a_program_that_hangs(fake):
    fake("sleep 60")
    start = time.monotonic()
    with pytest.raises(RenderError, match=r"was stopped after 0\.3 s; draw a part of the graph, or lower max_nodes"):
        render(DOT, "svg", timeout=0.3)
    assert time.monotonic() - start < 10


@needs_scripts
@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'out of paper' >&2; exit 3", "failed with exit code 3: out of paper"),
        ("kill -SEGV $$", "failed with exit code -11"),
        ("head -c 600 /dev/zero | tr '\\0' x >&2; exit 3", r"failed with exit code 3: x{500}$"),
        ("echo hello", "wrote no SVG but b'hello"),
        ("exit 0", "wrote no SVG but b'': it gives no reason"),
    ],
)
def test_a_program_that_fails(fake, script, message):
    fake(script)
    with pytest.raises(RenderError, match=message):
        render(DOT, "svg")


@needs_scripts
@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("<svg xmlns='http://www.w3.org/2000/svg'><g>", "not well-formed"),
        ("<?xml version='1.0'?><html/>", "no SVG but an XML document with the root 'html'"),
    ],
)
def test_a_program_that_writes_nonsense(fake, output, message, tmp_path):
    fake(f'echo "{output}"')
    with pytest.raises(RenderError, match=message):
        draw(Value(1.0)).save(tmp_path / "x.svg")
    assert not (tmp_path / "x.svg").exists()


@needs_scripts
def test_a_program_that_does_not_run(fake):
    fake("").write_bytes(b"\x7fELF, or so it says")
    with pytest.raises(RenderError, match=r"does not run: .*pip install graphviz-pure"):
        render(DOT, "svg")


@needs_scripts
def test_warnings_do_not_matter(fake):
    fake("echo 'Warning: font' >&2; echo '<svg/>'")
    assert render(DOT, "svg") == b"<svg/>\n"


def test_nothing_is_started_by_drawing(no_program):
    assert draw(Value(2.0, "x").exp()).dot.startswith("digraph")


@needs_scripts
def test_the_scale_is_asked_of_the_program_where_it_is_not_its_own(fake):
    fake('echo "<?xml $@"')
    assert render(DOT, "svg") == b"<?xml -Tsvg\n"
    assert render(DOT, "svg", scale=1.5) == b"<?xml -Tsvg -Gdpi=144\n"


@needs_scripts
def test_of_a_long_complaint_the_end_is_told(fake):
    fake(f"echo '{'much ' * 200}end' >&2; exit 1")
    with pytest.raises(RenderError, match=r"failed with exit code 1: .*end$") as failed:
        render(DOT, "svg")
    assert 400 < len(str(failed.value).partition("code 1: ")[2]) <= 500


class Page:
    """What a browser's page does with JavaScript that Python hands it."""

    def __init__(self, answer):
        self.answer, self.names, self.asked = answer, {}, []

    def run_js(self, code):
        if "import(" in code:
            return self.imported
        if "=>" in code:
            return self.names.__setitem__
        if code.startswith("delete "):
            return self.names.pop(code.rpartition(".")[2])
        if code.startswith("globalThis."):
            return self.names.get(code.removeprefix("globalThis."))
        return re.fullmatch(r"\(\{ format: '(\w+)' \}\)", code)[1]

    async def imported(self, url):
        if url != "viz.js":
            raise OSError(f"there is no {url}")
        return self

    async def instance(self):
        return self

    def render(self, dot, output_format):
        self.asked.append((dot, output_format))
        return self.answer(dot)


@pytest.fixture
def page(monkeypatch):
    """A function that puts Python on a page whose Graphviz answers so."""

    def on_page(answer):
        made = Page(answer)
        monkeypatch.setattr(sys, "platform", "emscripten")
        monkeypatch.delenv(PROGRAM_VARIABLE, raising=False)
        monkeypatch.setitem(sys.modules, "pyodide.code", made)
        return made

    return on_page


def finished(coroutine):
    """What a coroutine that never waits returns, with no loop, which a browser has already."""
    with pytest.raises(StopIteration) as stopped:
        coroutine.send(None)
    return stopped.value.value


def answers(**result):
    return lambda dot: SimpleNamespace(**result)


def test_in_a_browser_the_pages_graphviz_draws(page):
    made = page(answers(status="success", output="<svg/>"))
    with pytest.raises(RenderError, match=r"this page has loaded no Graphviz; await load_graphviz\(url\)"):
        render(DOT, "svg")
    with pytest.raises(RenderError, match=r"no Graphviz was loaded from 'other\.js': there is no other\.js"):
        finished(load_graphviz("other.js"))
    finished(load_graphviz("viz.js"))
    assert render(DOT, "svg") == b"<svg/>"
    assert made.asked == [(DOT, "svg")]
    with pytest.raises(RenderError, match=r"in a browser pictures are SVG; there is no PNG, save as \.svg"):
        render(DOT, "png")


@pytest.mark.parametrize(("errors", "said"), [(["bad", "worse"], "bad; worse"), ([], "it gives no reason")])
def test_what_the_pages_graphviz_complains_of_is_told(page, errors, said):
    page(answers(status="failure", errors=[SimpleNamespace(message=error) for error in errors]))
    finished(load_graphviz("viz.js"))
    for _ in range(2):  # it can be asked again
        with pytest.raises(RenderError, match=f"the page's Graphviz failed: {said}$"):
            render(DOT, "svg")


def test_a_graphviz_that_gives_up_is_not_asked_again(page):
    def too_large(dot):
        raise MemoryError("out of memory")

    page(too_large)
    finished(load_graphviz("viz.js"))
    with pytest.raises(RenderError, match="gave up, and is gone: out of memory; draw a part of the graph"):
        render(DOT, "svg")
    with pytest.raises(RenderError, match="this page has loaded no Graphviz"):
        render(DOT, "svg")


@needs_scripts
def test_a_program_that_is_named_is_obeyed_in_a_browser_too(page, fake):
    page(answers(status="success", output="<svg/>"))
    fake('echo "<?xml"')
    assert render(DOT, "svg") == b"<?xml\n"


def test_where_programs_run_no_page_is_asked(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(RenderError, match="only the Python of a browser loads its Graphviz from a page"):
        finished(load_graphviz("viz.js"))
