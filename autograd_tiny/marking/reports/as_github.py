"""Findings as workflow commands of GitHub Actions, which shows each beside its line of a pull request.

The format is GitHub's, "Workflow commands for GitHub Actions": ``::error file=...,line=...,col=...::message``.
"""

from __future__ import annotations

from collections.abc import Sequence

from autograd_tiny.marking.reports.outcomes import Outcome, findings

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def as_github(outcomes: Sequence[Outcome]) -> str:
    """One line for each finding, but for those that are known and waived."""
    lines = []
    for finding in (finding for outcome in outcomes for finding in findings(outcome) if not finding.known):
        places = {"file": finding.file}
        if finding.spot is not None:
            names = ("line", "col", "endLine", "endColumn")
            places |= {name: str(place) for name, place in zip(names, finding.spot)}
        places["title"] = finding.title
        told = ",".join(f"{name}={_escaped(place, ':,')}" for name, place in places.items())
        lines.append(f"::{_COMMANDS[finding.level]} {told}::{_escaped(finding.message)}\n")
    return "".join(lines)


def _escaped(text: str, more: str = "") -> str:
    """The text with the signs that end it written as GitHub reads them back."""
    for sign in "%\r\n" + more:
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text
