"""Findings as SARIF 2.1.0, OASIS's Static Analysis Results Interchange Format, which code hosts and editors read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autograd_tiny import __version__
from autograd_tiny.marking.reports.outcomes import LEVELS, Finding, Outcome, findings

RULES = {
    "mistake": "A number is wrong, and a known mistake gives exactly this number.",
    "stale": "Numbers are wrong and fit together another value of one operand, as if from before an edit.",
    "wrong": "A number is wrong, and nothing known explains it.",
    "carried": "A number follows from earlier numbers that are wrong.",
    "last digit": "A number is one unit off in its last digit, and nothing known explains that.",
    "undecided": "A number is computed from numbers that are printed with too few digits to tell.",
    "unanswered": "A number is left blank.",
    "unreadable": "A page cannot be read or marked.",
}


def as_sarif(outcomes: Sequence[Outcome]) -> str:
    """One run with a result per finding, in ASCII, so that it survives whatever encoding a terminal or a pipe has."""
    told = [finding for outcome in outcomes for finding in findings(outcome)]
    rules = [
        {"id": rule, "shortDescription": {"text": text}, "defaultConfiguration": {"level": LEVELS.get(rule, "error")}}
        for rule, text in RULES.items()
    ]
    run = {
        "tool": {"driver": {"name": "autograd-tiny", "semanticVersion": __version__, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding) for finding in told],
    }
    return json.dumps({"version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _uri(file: str) -> str:
    root = Path(Path.cwd().anchor)
    return Path(file).as_uri() if Path(file).is_absolute() else (root / file).as_uri().removeprefix(root.as_uri())


def _result(finding: Finding) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.file)}}
    if finding.spot is not None:
        place["region"] = dict(zip(("startLine", "startColumn", "endLine", "endColumn"), finding.spot))
    waived = {"suppressions": [{"kind": "inSource", "justification": "named under known"}]}
    return {
        "ruleId": finding.rule,
        "ruleIndex": list(RULES).index(finding.rule),
        "level": finding.level,
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": place}],
    } | (waived if finding.known else {})
