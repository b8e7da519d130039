import json
import subprocess
import sys

import pytest

from autograd_tiny import __version__
from autograd_tiny.cli import main


def test_the_demo_compares_every_number(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert main(["demo", "--out", str(tmp_path / "new" / "demo")]) == 0
    shown = capsys.readouterr().out
    line = next(line for line in shown.splitlines() if line.split()[:1] == ["h2_in3"])
    assert line.split() == ["h2_in3", "4.004", "4.001", "differs"]
    rows = json.loads((tmp_path / "new" / "demo" / "comparison.json").read_text(encoding="utf-8"))
    assert f"{sum(not row['agrees'] for row in rows)} of {len(rows)} published numbers differ" in shown


def test_an_output_folder_that_cannot_be_made(tmp_path, capsys):
    (tmp_path / "file").write_text("kept")
    assert main(["demo", "--out", str(tmp_path / "file")]) == 2
    assert "autograd-tiny demo:" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize("arguments", [[], ["no-such-command"], ["demo", "--no-such-option"]])
def test_wrong_use_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    assert exit.value.code == 2
    assert "usage: autograd-tiny" in capsys.readouterr().err


def test_version(capsys):
    with pytest.raises(SystemExit) as exit:
        main(["--version"])
    assert exit.value.code == 0
    assert capsys.readouterr().out.strip() == __version__


def test_a_terminal_that_knows_no_unicode(tmp_path):
    command = [sys.executable, "-m", "autograd_tiny", "demo", "--out", str(tmp_path)]
    done = subprocess.run(command, env={"PYTHONIOENCODING": "ascii", "COLUMNS": "60"}, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert b"?E1/?O_out1" in done.stdout
