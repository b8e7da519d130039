"""The hook and the workflow files that others copy: each is read, and the command that it holds is run on a folder of pages."""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from autograd_tiny.marking.reports import FORMATS

ROOT = Path(__file__).parents[2]
PAGE = 'formula = "z = w*x; y = tanh(z)"\nclaims = ["z = -0.625", "y/w = {}", "y = "]\ninputs = {{w = 0.5, x = -1.25}}\n'


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A repository with pages in a folder ``numbers``, and a command ``autograd-tiny`` on the path."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "numbers" / "two").mkdir(parents=True)
    (tmp_path / "numbers" / "one.toml").write_text(PAGE.format("-0.866"), encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'book'\n", encoding="utf-8")
    command = tmp_path / "bin" / "autograd-tiny"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m autograd_tiny "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


def add_a_wrong_page(book):
    (book / "numbers" / "two" / "article.md").write_text(f"# Text\n\n```backprop\n{PAGE.format('0.866')}```\n", encoding="utf-8")


def run(command):
    done = subprocess.run(command, shell=isinstance(command, str), capture_output=True, text=True, encoding="utf-8", timeout=60)
    return done.returncode, done.stdout + done.stderr


def test_the_hook(book):
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["id"] in (ROOT / "docs" / "marking-in-builds.md").read_text(encoding="utf-8")
    assert hook["pass_filenames"] is False
    command = [*shlex.split(hook["entry"]), *hook["args"]]
    assert run(command) == (0, "3 numbers: 2 right, 1 unanswered.\n")
    add_a_wrong_page(book)
    code, shown = run(command)
    assert code == 1
    assert "numbers/two/article.md" in shown
    assert "the sign is wrong" in shown


def test_the_workflow_for_github(book):
    steps = yaml.safe_load((ROOT / "docs/workflows/numbers.yml").read_text(encoding="utf-8"))["jobs"]["mark"]["steps"]
    install, command = [step["run"] for step in steps if "run" in step]
    assert install.startswith("pip install ")
    place = "file=numbers/one.toml,line=2,col=41,endLine=2,endColumn=47"
    assert run(command) == (0, f"::notice {place},title=unanswered::y is not answered; it is -0.5546.\n")
    add_a_wrong_page(book)
    code, shown = run(command)
    assert code == 1
    assert "::error file=numbers/two/article.md,line=5,col=25," in shown


def test_the_workflow_for_gitlab(book):
    job = yaml.safe_load((ROOT / "docs/workflows/gitlab-ci.yml").read_text(encoding="utf-8"))["numbers"]
    (command,) = job["script"]
    add_a_wrong_page(book)
    assert run(command) == (1, "")
    suites = ElementTree.parse(book / job["artifacts"]["reports"]["junit"]).getroot()
    assert [(x.get("tests"), x.get("failures"), x.get("skipped")) for x in suites] == [("3", "0", "1"), ("3", "1", "1")]


@pytest.mark.parametrize("form", ["text", *FORMATS])
def test_every_format_over_folders_with_blanks(book, form):
    add_a_wrong_page(book)
    code, shown = run(["autograd-tiny", "mark", "numbers", "--format", form])
    assert code == 1
    assert "unanswered" in shown or "not answered" in shown
    assert "article.md" in shown
