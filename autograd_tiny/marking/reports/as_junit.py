"""Reports as JUnit's XML, which most build servers show as a table of tests: a page is a suite, a claim a test.

The elements and attributes are those of the schema of Jenkins' xUnit plugin, junit-10.xsd, the strictest that is in
use.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from autograd_tiny.marking.marks import Mark
from autograd_tiny.marking.reports.outcomes import LEVELS, Outcome, findings
from autograd_tiny.text.words import visible


def as_junit(outcomes: Sequence[Outcome]) -> str:
    """All pages as XML in ASCII, other characters as references: whatever encoding a terminal has, this survives it."""
    suites = [_suite(outcome) for outcome in outcomes]
    counts = {name: str(sum(int(suite.get(name, "0")) for suite in suites)) for name in ("tests", "failures", "errors")}
    root = Element("testsuites", {"name": "autograd-tiny mark", **counts})
    root.extend(suites)
    indent(root)
    xml: bytes = tostring(root, "us-ascii", xml_declaration=False)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{xml.decode()}\n'


def _suite(outcome: Outcome) -> Element:
    suite = Element("testsuite", {"name": visible(outcome.title or outcome.file), "file": visible(outcome.file)})
    if outcome.report is None:
        case = SubElement(suite, "testcase", {"name": "the page can be marked", "classname": visible(outcome.file)})
        for finding in findings(outcome):
            SubElement(case, "error", {"type": finding.rule, "message": visible(finding.message)}).text = visible(
                finding.message
            )
    else:
        for mark in outcome.report.marks:
            _case(suite, outcome.file, mark)
    for name, inside in (("tests", ""), ("failures", "/failure"), ("errors", "/error"), ("skipped", "/skipped")):
        suite.set(name, str(len(suite.findall(f"testcase{inside}"))))
    return suite


def _case(suite: Element, file: str, mark: Mark) -> None:
    claim = mark.claim
    section = [claim.section] if claim.section else []
    name = visible(f"{claim.called} = {claim.printed.text}")
    case = SubElement(
        suite, "testcase", {"name": name, "classname": visible(" / ".join([str(PurePosixPath(file)), *section]))}
    )
    place = f"{file}:{claim.spot.line}:{claim.spot.column}: " if claim.spot else ""
    if mark.known:
        SubElement(case, "skipped", {"message": visible(f"{mark.finding}: {mark.sentence}")})
    elif mark.verdict == "unanswered":
        SubElement(case, "skipped", {"message": visible(mark.sentence)})
    elif LEVELS.get(mark.verdict) in ("error", "warning"):
        SubElement(case, "failure", {"type": mark.verdict, "message": visible(mark.finding)}).text = visible(
            place + mark.sentence
        )
