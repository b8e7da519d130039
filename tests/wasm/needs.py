"""A plugin of pytest for a Python without processes, threads, NumPy and native code: what a test needs of these, it says itself.

There is no list of tests.  A test that starts a process, or uses a package that is not here, is stopped where it does so and counted
under what it asked for; every other test must pass.
"""

from __future__ import annotations

import builtins
import os
import pty
import re
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from doctest import DocTestFailure, UnexpectedException
from typing import Any, NoReturn

import js  # JavaScript's global names: this runs in Pyodide alone
import pytest
from _pytest.doctest import MultipleDoctestFailures
from hypothesis import HealthCheck, Phase, settings

from autograd_tiny.views.drawing.render import RenderError

PACKAGES = {
    "numpy": "NumPy",
    "scipy": "NumPy",
    "matplotlib": "NumPy",
    "jax": "NumPy",
    "llvmlite": "native code",
    "playwright": "a browser",
    "anywidget": "a notebook",
    "ipywidgets": "a notebook",
    "IPython": "a notebook",
    "nbformat": "a notebook",
    "nbclient": "a notebook",
    "jupytext": "a notebook",
    "traitlets": "a notebook",
    "jsonschema": "native code",
    "yaml": "native code",
    "xmlschema": "a package of the lint",
}
"""Packages that are not here, and what a test needs that uses one."""
SETTINGS = "_hypothesis_internal_use_settings"
"""Where Hypothesis keeps what a test says of its random cases; it has no public way to cap them."""
PREFIX, EXCEPTION = "needs ", "an exception: "

MOST_EXAMPLES = 10
"""Of a test on random cases: this Python is several times slower, and the same tests try hundreds on others."""

TOGETHER = 20
"""Neighbours that one process runs, since they take about as long and share fixtures."""

ENVIRONMENT, CACHE = "tests/repository/test_environment.py::", "tests/storage/test_cache.py::"

EXCEPTIONS = {
    f"{ENVIRONMENT}test_a_working_directory_that_cannot_be_written_to": "files in memory have no owner",
    f"{ENVIRONMENT}test_what_is_no_ordinary_file_is_written_to_and_not_replaced": "files in memory are ordinary files",
    f"{ENVIRONMENT}test_a_file_that_there_is_no_room_for": "files in memory have no limit of their own",
    f"{CACHE}test_files_that_others_may_read_or_write_do_not_count": "in a browser there are no other users",
    f"{CACHE}test_a_directory_that_others_can_write_to_is_not_used": "in a browser there are no other users",
    f"{CACHE}test_what_belongs_to_somebody_else_is_not_used": "in a browser there are no other users",
    f"{CACHE}test_what_is_no_file_is_not_followed_and_not_waited_for[a pipe]": "files in memory are no pipes",
    "tests/repository/test_playground.py::test_what_is_packed_suffices_and_is_the_same_each_time": "there it is not installed, but packed",
    "tests/cli/test_cli.py::test_draw_writes_a_larger_png": "in a browser pictures are SVG",
    "tests/storage/test_files.py::test_a_name_that_is_too_long_is_said_to_be": "files in memory have names of any length",
    "tests/storage/test_files.py::test_a_file_that_is_replaced_hands_down_its_permissions": "files in memory know no umask",
}
"""Tests that need nothing of these and do not pass here, each with the reason; no more than two of a hundred."""


def stop(need: str) -> NoReturn:
    """End the test that asked for something that is not here; no ``except`` of the code under test catches it."""
    pytest.skip(f"{PREFIX}{need}", allow_module_level=True)


class Missing:
    """Stands in a test's module for a package that is not here, until it is used."""

    def __init__(self, need: str) -> None:
        self.need = need

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # doctest and pytest look at everything that a module holds
            raise AttributeError(name)
        stop(self.need)


_import = builtins.__import__


def _imported(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
    """``import`` as ever, but a test that imports what is not here gets a `Missing` instead; the package's own imports fail."""
    need = PACKAGES.get(name.partition(".")[0]) if level == 0 else None
    if need and _is_test(globals):
        return Missing(need)
    return _import(name, globals, locals, fromlist, level)


def _is_test(module: Any) -> bool:
    return f"{os.sep}tests{os.sep}" in str((module or {}).get("__file__", ""))


def pytest_configure(config: pytest.Config) -> None:
    settings.register_profile("wasm", deadline=None, suppress_health_check=list(HealthCheck))  # of what is slow
    settings.load_profile("wasm")
    builtins.__import__ = _imported
    subprocess.Popen.__init__ = lambda *_, **__: stop("a process")  # type: ignore[method-assign]
    threading.Thread.start = lambda *_, **__: stop("a thread")  # type: ignore[method-assign]
    pty.openpty = lambda: stop("a terminal")
    socket.socket.connect = lambda *_, **__: stop("a network")  # type: ignore[method-assign,assignment]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that another process runs, mark the exceptions, and try fewer random cases, whatever a test says."""
    part, _, parts = os.environ.get("TESTS_PART", "0/1").partition("/")
    mine = [i // TOGETHER % int(parts) == int(part) for i in range(len(items))]
    config.hook.pytest_deselected(items=[item for item, here in zip(items, mine) if not here])
    items[:] = [item for item, here in zip(items, mine) if here]
    for item in items:
        if reason := EXCEPTIONS.get(item.nodeid) or EXCEPTIONS.get(item.nodeid.partition("[")[0]):
            item.add_marker(pytest.mark.skip(reason=f"{EXCEPTION}{reason}"))
        test = getattr(item, "obj", None)
        if said := getattr(test, SETTINGS, None):
            phases = [phase for phase in said.phases if phase not in (Phase.shrink, Phase.explain)]  # of a package that is not here
            setattr(test, SETTINGS, settings(said, max_examples=min(said.max_examples, MOST_EXAMPLES), phases=phases))


def pytest_runtest_logstart(nodeid: str) -> None:
    """Let `run.mjs` know which test it was, should one end Python itself."""
    js.globalThis.currentTest = nodeid


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[Any]:
    """A test whose error goes back to a package that is not here needs that package."""
    report = yield
    if call.excinfo and report.outcome == "failed" and (need := _missing(call.excinfo.value)):
        report.outcome, report.longrepr = "skipped", (str(item.path), 0, f"Skipped: {PREFIX}{need}")
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[Any]:
    """The same of a file of tests that cannot even be imported."""
    report = yield
    call = getattr(report, "call", None)
    if report.outcome == "failed" and call and call.excinfo and (need := _missing(call.excinfo.value)):
        report.outcome, report.longrepr = "skipped", (str(collector.path), 0, f"Skipped: {PREFIX}{need}")
    return report


def _missing(error: BaseException | None) -> str:
    """What an error says is not here, itself or by what it goes back to."""
    if isinstance(error, MultipleDoctestFailures):
        return next(filter(None, map(_missing, error.failures)), "")
    if isinstance(error, DocTestFailure | UnexpectedException) and "array(" in error.example.want:
        return "NumPy"  # an example that shows an array; without NumPy there are lists
    while error is not None:
        if isinstance(error, UnexpectedException):  # of an example in a page or a docstring
            error = error.exc_info[1]
        if isinstance(error, ModuleNotFoundError):
            said = [error.name or "", *re.findall(r"\w+", str(error))]
            if need := next((PACKAGES[word] for word in said if word in PACKAGES), ""):
                return need
        if isinstance(error, RenderError) and "pictures are SVG" in str(error):
            return "a process"  # that writes PNG or PDF
        error = error.__cause__ or error.__context__
    return ""


def pytest_terminal_summary(terminalreporter: Any) -> None:
    skipped = terminalreporter.stats.get("skipped", ())
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in skipped)
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count:6} {reason}")
