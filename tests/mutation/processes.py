"""Processes forked for one task: quick to start, since what they import is there already; nothing they change outlives them."""

from __future__ import annotations

import contextlib
import importlib.machinery
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import CodeType
from typing import NamedTuple

MEMORY = 4 << 30  # bytes; a change may make a list grow without end
UNUSED = ["cacheprovider", "cov", "xdist", "anyio", "playwright", "base_url", "unraisableexception"]  # plugins: most of the time to start
QUICK = ["-x", "-q", "-m", "not slow", *(f"-pno:{plugin}" for plugin in UNUSED)]
QUICK += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # its plugins are imported before the fork


def forked(task: Callable[[], int]) -> int:
    """The process, alone in its group, that runs a task silently and exits with what it returns."""
    if pid := os.fork():
        return pid
    status = 1
    try:
        os.setsid()
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(silence, stream)
        status = int(task())
    finally:
        os._exit(status)


def kill(pid: int) -> int:
    """End a process and all that it started, and return how it ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


class Changed(importlib.machinery.SourceFileLoader):
    """A module's loader, and the finder of nothing but that module, with other code than its file has."""

    def __init__(self, name: str, file: Path, code: CodeType) -> None:
        super().__init__(name, str(file))
        self.code = code

    def get_code(self, fullname: str) -> CodeType:
        return self.code

    def find_spec(self, name: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_file_location(name, self.path, loader=self) if name == self.name else None


class Stage(NamedTuple):
    """Tests that are run together, and the seconds that they take."""

    tests: list[str]
    seconds: float

    @property
    def limit(self) -> int:
        """The seconds after which what runs is taken for a loop without end: of the processor's time, not of the clock's."""
        return int(10.0 + 2.0 * self.seconds)


def tested(name: str, file: Path, code: CodeType, stages: Sequence[Stage], scratch: str) -> int:
    """A process that runs tests with this code for a module, stage by stage, and exits with 0 if all pass."""

    def task() -> int:
        import resource

        import hypothesis
        import pytest

        hypothesis.settings.register_profile("mutation", database=None, derandomize=True, deadline=None)
        hypothesis.settings.load_profile("mutation")
        for limit, most in ((resource.RLIMIT_DATA, MEMORY), (resource.RLIMIT_CORE, 0)):
            resource.setrlimit(limit, (most, most))
        sys.meta_path.insert(0, Changed(name, file, code))
        importlib.import_module(name)
        for stage in stages:
            resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + stage.limit, resource.RLIM_INFINITY))
            if status := pytest.main([*QUICK, f"--basetemp={scratch}", *stage.tests]):
                return status
        return 0

    return forked(task)
