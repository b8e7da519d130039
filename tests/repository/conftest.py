"""The site of the documentation, built once for all tests that look at it."""

import functools
import http.server
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def build():
    """A function that builds a project's site, strictly, into a folder, with variables of the environment; the finished process."""
    pytest.importorskip("material", reason='the site is built with the extra "docs"')

    def build(project, folder, **environment):
        return subprocess.run(
            [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
            cwd=project,
            env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT / "docs" / "site"), **environment},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )

    return build


@pytest.fixture(scope="session")
def site(build, tmp_path_factory):
    """The built site; one process of the test run builds it, and the others wait for it."""
    fcntl = pytest.importorskip("fcntl", reason="the site is looked at where files can be locked")
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder, said = shared / "site", shared / "site.txt"
    with open(shared / "site.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            done = build(ROOT, folder)
            said.write_text(f"{done.stdout}\nexit code {done.returncode}", encoding="utf-8")
    text = said.read_text(encoding="utf-8")
    assert text.endswith("exit code 0"), text
    assert "WARNING" not in text, text
    return folder


class Files(http.server.SimpleHTTPRequestHandler):
    """A server that does nothing but hand out files."""

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def served():
    """A function that serves a folder, and gives its address."""
    servers = []

    def served(folder):
        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=folder)))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_address[1]}/"

    yield served
    for server in servers:
        server.shutdown()
        server.server_close()
