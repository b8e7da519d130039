"""The public API as type checkers see it; `dev.py release` does the same with the wheel, installed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import user_code

HERE = Path(__file__).parents[1]
PYRIGHT = HERE / "js" / "node_modules" / ".bin" / "pyright"

pytestmark = pytest.mark.slow


def checked(*command, folder):
    return subprocess.run(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False)


@pytest.fixture
def elsewhere(tmp_path):
    """A folder away from the source tree that holds the user's file, and settings for Pyright."""
    shutil.copy(user_code.__file__, tmp_path / "user_code.py")
    settings = {"typeCheckingMode": "strict", "reportUnnecessaryTypeIgnoreComment": "error", "include": ["user_code.py"]}
    unknown = ("Variable", "Member", "Argument", "Lambda", "Parameter")  # of the package's Any, which says that any number will do
    settings |= {f"reportUnknown{kind}Type": "none" for kind in unknown} | {"enableTypeIgnoreComments": False}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    return tmp_path


def test_mypy_agrees_with_every_type_that_the_user_code_states(elsewhere):
    done = checked(sys.executable, "-m", "mypy", "--strict", "--config-file=", "user_code.py", folder=elsewhere)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(not PYRIGHT.exists(), reason="pyright is not installed: npm install --prefix tests/js --no-package-lock")
def test_pyright_agrees(elsewhere):
    done = checked(PYRIGHT, "--pythonpath", sys.executable, folder=elsewhere)
    assert done.returncode == 0, done.stdout


def test_the_user_code_runs(tmp_path):
    user_code.main(tmp_path)
