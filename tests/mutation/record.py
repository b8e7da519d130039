"""Which tests run which lines, recorded by coverage and kept in `.mutation/` until a source or a test is changed."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from tests.mutation.processes import Stage, forked, kill

MOST_TESTS, MOST_SECONDS = 60, 30.0  # for one change: of the tests that are not near, and of all, by their recorded times


class Project(NamedTuple):
    """A package in the folder ``root``, whose tests stand in ``tests``, in rooms named like its own."""

    root: Path
    package: str

    def modules(self) -> list[Path]:
        return sorted((self.root / self.package).rglob("*.py"))

    def name(self, module: Path) -> str:
        return ".".join(module.relative_to(self.root).with_suffix("").parts).removesuffix(".__init__")

    def files(self) -> list[Path]:
        """All that decides which test runs which line."""
        tests = [file for file in self.root.glob("tests/**/*.py") if not {"mutation", "node_modules"} & {*file.parts}]
        pages = [*self.root.glob("docs/**/*.md"), self.root / "README.md", self.root / "pyproject.toml"]
        return [file for file in (*self.modules(), *tests, *pages) if file.exists()]


class Record:
    """The tests that pass, with the lines they run and their seconds."""

    def __init__(self, project: Project, jobs: int) -> None:
        self.project, self.store = project, project.root / ".mutation"
        notes = self.store / "tests.json"
        before = json.loads(notes.read_text()) if notes.exists() else {"files": {}, "seconds": {}}
        now = {str(file.relative_to(project.root)): hashlib.sha256(file.read_bytes()).hexdigest() for file in project.files()}
        changed = {file for file in {*now, *before["files"]} if now.get(file) != before["files"].get(file)}
        modules = {str(module.relative_to(project.root)) for module in project.modules()} & set(before["files"])
        if all(_is_test(file) or file in modules for file in changed):
            stale = {test for file in changed & modules for tests in self._contexts(file).values() for test in tests}
            again = {file for file in changed if _is_test(file)} | {test.split("::")[0] for test in stale}
            self._forget(changed & modules)
            seconds = {test: s for test, s in before["seconds"].items() if test.split("::")[0] not in again}
            if there := sorted(again & set(now)):
                seconds |= self._recorded(there, jobs)
        else:
            seconds = self._recorded([], jobs)
        self.seconds: dict[str, float] = seconds
        notes.write_text(json.dumps({"files": now, "seconds": seconds}))

    def _recorded(self, files: list[str], jobs: int) -> dict[str, float]:
        """Run the tests of these files, or all, under coverage, and return the seconds of those that pass."""
        self.store.mkdir(exist_ok=True)
        times = self.store / "times.json"
        times.unlink(missing_ok=True)
        settings = self.store / "coveragerc"
        settings.write_text("[run]\nrelative_files = true\n")  # so that a copy of the working tree has a use for the record
        os.environ |= {"COVERAGE_FILE": str(self.store / "coverage"), "COVERAGE_CORE": "ctrace"}  # it can tell tests apart
        print(f"recording which tests run which lines of {self.project.package}, some minutes", file=sys.stderr, flush=True)

        def task() -> int:
            import pytest

            measured = [f"--cov={self.project.package}", "--cov-context=test", "--cov-report=", f"--cov-config={settings}"]
            added = ["--cov-append"] if files else []
            return pytest.main(["-q", "-m", "not slow", "-n", str(jobs), *measured, *added, *files], plugins=[Stopwatch(times)])

        pid = forked(task)
        try:
            os.waitpid(pid, 0)
        except KeyboardInterrupt:
            kill(pid)
            raise
        if not times.exists():
            sys.exit("dev.py mutate: the tests could not be run; `dev.py test` says why")
        found: dict[str, float] = json.loads(times.read_text())
        return found

    def lines(self, module: Path) -> dict[int, set[str]]:
        """Line -> tests that run it; a line that runs only as the module is imported has none."""
        tests = self._contexts(str(module.relative_to(self.project.root)))
        return {line: found & set(self.seconds) for line, found in tests.items()}

    def _contexts(self, file: str) -> dict[int, set[str]]:
        found = self._data().contexts_by_lineno(file)
        return {line: {x.rpartition("|")[0] for x in contexts} for line, contexts in found.items()}

    def _forget(self, files: set[str]) -> None:
        """Forget which tests run which lines of these: the lines are others now."""
        if files:
            self._data().purge_files(files)

    def _data(self) -> Any:
        from coverage import CoverageData

        data = CoverageData(str(self.store / "coverage"))
        data.read()
        return data

    def nearest(self, tests: Iterable[str], module: Path) -> list[Stage]:
        """The tests worth running for a change: those named like the module; then those of its room and the quickest of the others.

        Most changes are noticed by the first, and the files of the others need not be read for them.
        """
        inside = module.relative_to(self.project.root / self.project.package).with_suffix("")
        named = (str(module.relative_to(self.project.root)), f"test_{inside.name}.py")

        def distance(test: str) -> int:
            file = test.split("::")[0]
            return 0 if file.endswith(named) else 1 if file.startswith(f"tests/{inside.parts[0]}/") else 2

        ranked = sorted(tests, key=lambda test: (distance(test), self.seconds[test], test))
        far = [test for test in ranked if distance(test) == 2]
        chosen, total = list[str](), 0.0
        for test in ranked[: len(ranked) - len(far)] + far[:MOST_TESTS]:
            total += self.seconds[test]
            if not chosen or total <= MOST_SECONDS:
                chosen.append(test)
        own = [test for test in chosen if distance(test) == 0]
        stages = (own, chosen[len(own) :])
        return [Stage(stage, sum(self.seconds[test] for test in stage)) for stage in stages if stage]


class Stopwatch:
    """A plugin that writes down the tests that pass, with their seconds."""

    def __init__(self, file: Path) -> None:
        self.file, self.seconds, self.failed = file, dict[str, float](), set[str]()

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.seconds[report.nodeid] = round(self.seconds.get(report.nodeid, 0.0) + report.duration, 4)
        if not report.passed:
            self.failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        self.file.write_text(json.dumps({test: s for test, s in self.seconds.items() if test not in self.failed}))


def _is_test(file: str) -> bool:
    return file.endswith(".md") or Path(file).name.startswith("test_")
