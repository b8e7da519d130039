"""The progress bar: seen in a terminal and in a notebook, and nothing of it anywhere else."""

import io
import os
import re
import subprocess
import sys
import time

import pytest

from autograd_tiny.text.progress import progress

LOOP = """
import time
from autograd_tiny.text.progress import progress
for i in progress({iterable}, "learning [to count]"):
    time.sleep(0.02)
    print("item", i)
print("end")
"""


def test_it_gives_the_items_and_writes_nothing(capfd):
    assert list(progress(iter("abc"), "letters")) == ["a", "b", "c"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("force", ["FORCE_COLOR", "TTY_COMPATIBLE"])
def test_a_pipe_stays_clean_even_where_colour_is_forced(force):
    done = subprocess.run(
        [sys.executable, "-c", LOOP.format(iterable="range(3)")], env={**os.environ, force: "1"}, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("item 0\nitem 1\nitem 2\nend\n", "")


def in_terminal(iterable, *, term="xterm-256color", stdout=None):
    """What a terminal is sent, and the rest of the output, if it leads elsewhere."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": term, "COLUMNS": "100"}
    with subprocess.Popen(
        [sys.executable, "-c", LOOP.format(iterable=iterable)], env=environment, stdin=theirs, stdout=stdout or theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        sent = b""
        try:
            while part := os.read(ours, 65536):
                sent += part
        except OSError:  # Linux says so when the other end is closed
            pass
        os.close(ours)
        elsewhere = process.stdout.read().decode() if stdout else ""
    assert process.returncode == 0
    return sent.decode(), elsewhere


@pytest.mark.parametrize(("iterable", "share"), [("range(20)", "100%"), ("(i for i in range(20))", "learning")])
def test_a_terminal_shows_how_far_it_is_and_is_left_clean(iterable, share):
    sent, _ = in_terminal(iterable)
    assert "learning [to count]" in sent
    assert share in sent
    assert sent.count("item ") == 20
    assert sent.rstrip().endswith("\x1b[2Kend")  # the bar's line was erased


def test_what_a_loop_prints_into_a_file_gets_there():
    sent, elsewhere = in_terminal("range(3)", stdout=subprocess.PIPE)
    assert elsewhere == "item 0\nitem 1\nitem 2\nend\n"
    assert "learning [to count]" in sent
    assert "item" not in sent


def test_a_terminal_that_cannot_erase_gets_no_bar():
    sent, _ = in_terminal("range(3)", term="dumb")
    assert sent.splitlines() == ["item 0", "item 1", "item 2", "end"]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def at_terminal(monkeypatch, iterable, total=None, **environment):
    """What is sent to a terminal that standard error leads to, and to the standard output, here in this process."""
    streams = {"stderr": Terminal(), "stdout": io.StringIO()}
    streams |= {name: environment.pop(name) for name in [*environment] if name in streams}
    for name, value in ({"TERM": "xterm-256color", "COLUMNS": "100"} | environment).items():
        monkeypatch.setenv(name, value)
    with monkeypatch.context() as patch:
        for name, stream in streams.items():
            patch.setattr(sys, name, stream)
        for item in progress(iterable, "learning [to count]", total):
            print("item", item)
    return [stream and stream.getvalue() for stream in streams.values()]


def test_the_bar_is_on_the_terminal_and_what_is_printed_where_it_belongs(monkeypatch):
    sent, printed = at_terminal(monkeypatch, range(3))
    assert printed == "item 0\nitem 1\nitem 2\n"
    assert "learning [to count]" in sent
    assert "100%" in sent
    assert "item" not in sent
    assert sent.endswith("\x1b[2K")  # the bar's line is erased


def test_what_is_printed_to_the_terminal_stands_above_the_bar(monkeypatch):
    sent, printed = at_terminal(monkeypatch, range(3), stdout=Terminal())
    assert printed == ""
    assert sent.count("item ") == 3
    assert sent.rindex("item 2") < sent.rindex("learning")


def test_how_many_there_are_may_be_said(monkeypatch):
    sent, _ = at_terminal(monkeypatch, iter("ab"), 4)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", sent)
    assert re.search(r"learning \[to count\] [━╸╺ ]+ 50% [0-9:-]+", plain)  # what, how far, how long yet


def test_a_program_without_standard_streams(monkeypatch):
    assert at_terminal(monkeypatch, range(2), stderr=None) == [None, "item 0\nitem 1\n"]
    assert "100%" in at_terminal(monkeypatch, range(2), stdout=None)[0]


def test_no_bar_where_it_cannot_be_erased(monkeypatch):
    assert at_terminal(monkeypatch, range(2), TERM="dumb") == ["", "item 0\nitem 1\n"]


class Handle:
    def __init__(self, first):
        self.shown = [first._repr_mimebundle_((), ())["text/plain"]]

    def update(self, thing, raw=False):
        self.shown.append(thing["text/plain"] if raw else thing._repr_mimebundle_((), ())["text/plain"])


@pytest.fixture
def cell(monkeypatch):
    """The outputs of a notebook cell that runs here."""
    import IPython
    import IPython.display

    handles = []

    def display(thing, display_id):
        handles.append(Handle(thing))
        return handles[-1] if display_id else None  # as IPython's own does

    kernel = type("Shell", (), {"kernel": object()})()
    monkeypatch.setattr(IPython, "get_ipython", lambda: kernel)
    monkeypatch.setattr(IPython.display, "display", display)
    ticks = iter(range(1000))
    monkeypatch.setattr(time, "monotonic", lambda: next(ticks))
    return handles


def test_a_cell_shows_the_bar_and_nothing_when_it_is_over(cell):
    assert list(progress(range(4), "learning [to count]")) == [0, 1, 2, 3]
    (handle,) = cell
    assert "learning [to count]" in handle.shown[1]
    assert [share for share in ("0%", "25%", "50%", "75%") for text in handle.shown if f" {share}" in text] == ["0%", "25%", "50%", "75%"]
    assert handle.shown[-1] == ""


def test_a_cell_is_written_again_five_times_a_second_at_most(cell, monkeypatch):
    ticks = iter(range(1000))
    monkeypatch.setattr(time, "monotonic", lambda: next(ticks) / 16.0)
    assert list(progress(range(30), "counting")) == [*range(30)]
    assert len(cell[0].shown) == 1 + 30 // 4 + 1  # four ticks are the first that last longer than a fifth of a second


def test_a_loop_that_is_left_takes_its_bar_along(cell):
    for item in progress(range(100), "long"):
        if item == 3:
            break
    assert cell[0].shown[-1] == ""


def test_ipython_in_a_terminal_is_no_notebook(monkeypatch, cell):
    import IPython

    monkeypatch.setattr(IPython, "get_ipython", lambda: object())
    assert list(progress(range(3), "counting")) == [0, 1, 2]
    assert cell == []
