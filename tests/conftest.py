"""What holds for all tests: where AUTOGRAD_TINY_NO_SKIP is set, as in CI, a skipped test is a failure.

The package is imported in here only when a test runs, since what is imported before is not measured by coverage.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

os.environ["AUTOGRAD_TINY_CACHE"] = "off"  # no test takes machine code that another one, or another day, has left
AXE = Path(__file__).parent / "js" / "node_modules" / "axe-core" / "axe.min.js"
collect_ignore = ["oracles/in_mpmath.py", "js"]  # makes numbers that the tests read from files, and needs mpmath; scripts that measure


def pytest_configure(config: pytest.Config) -> None:
    """Fewer random cases where slow tests are left out, for those that do not say how many they need."""
    if sys.platform != "emscripten":  # there tests/wasm/needs.py has its own profile
        settings.register_profile("quick", max_examples=25)
        settings.register_profile("all", max_examples=120)
        settings.load_profile("quick" if "not slow" in config.option.markexpr else "all")


def _skips_that_fail(config: pytest.Config) -> int:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return len(reporter.stats.get("skipped", ())) if reporter and os.environ.get("AUTOGRAD_TINY_NO_SKIP") else 0


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _skips_that_fail(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if count := _skips_that_fail(terminalreporter.config):
        terminalreporter.write_line(f"AUTOGRAD_TINY_NO_SKIP is set: {count} skipped, which counts as failing", red=True)


@pytest.fixture(params=["the page's"] if sys.platform == "emscripten" else ["dot", "graphviz-pure"])
def renderer(request, monkeypatch):
    """Each program that may draw; `dot` is skipped, visibly, where Graphviz is not installed."""
    if sys.platform == "emscripten":
        return request.param
    from autograd_tiny.views.drawing.render import PROGRAM_VARIABLE

    found = shutil.which(request.param) or shutil.which(request.param, path=sysconfig.get_path("scripts"))
    if not found:
        pytest.skip(f"{request.param} is not installed")
    monkeypatch.setenv(PROGRAM_VARIABLE, found)
    return request.param


@pytest.fixture
def pdflatex(tmp_path):
    """Sets a document, and gives the number of its pages and what was said; skipped, visibly, where there is no pdflatex or TikZ."""
    program, find = shutil.which("pdflatex"), shutil.which("kpsewhich")
    if not program or not find or subprocess.run([find, "beamer.cls", "tikz.sty"], capture_output=True, check=False).returncode:
        pytest.skip("pdflatex, TikZ or beamer is not installed")

    def compiled(source):
        (tmp_path / "document.tex").write_text(source, encoding="utf-8")
        command = [program, "-halt-on-error", "-interaction=nonstopmode", "document.tex"]
        said = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).stdout.decode(errors="replace")
        pages = re.search(r"\((\d+) pages?", said)
        assert pages, said[-2000:]
        return int(pages[1]), said

    return compiled


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium; skipped, visibly, where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        pytest.skip("no chromium on PATH")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=program, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def axe():
    """A function that has axe look at a page for contrast, names, structure: what violates WCAG 2.1 AA, and how often."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm install --prefix tests/js --no-package-lock")

    def violations(page, without=()):
        options = {
            "runOnly": ["wcag2a", "wcag2aa", "wcag21aa"], "rules": {rule: {"enabled": False} for rule in without}, "iframes": False,
        }  # fmt: skip
        page.evaluate(AXE.read_text(encoding="utf-8"))
        report = page.evaluate("(options) => axe.run(document, options)", options)
        assert len(report["passes"]) > 10  # it did look
        return dict(Counter((fault["id"], node["html"][:150]) for fault in report["violations"] for node in fault["nodes"]))

    return violations


@pytest.fixture
def opened(browser, tmp_path):
    """A function that saves what has a page and opens it; nothing on it may complain, and it may ask for nothing."""
    contexts, complaints, requests = [], [], []

    def open_page(page, fragment="", **options):
        context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **options})
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(10000)
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda request: requests.append(request.url))
        tab.goto(page.save(tmp_path / "page.html").as_uri() + fragment)
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    assert all(url.startswith("file:") for url in requests)
