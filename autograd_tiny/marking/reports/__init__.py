"""What marking found, for people and for machines: as text, JSON, annotations of GitHub, JUnit's XML, SARIF."""

from collections.abc import Callable, Sequence

from autograd_tiny.marking.reports.as_github import as_github
from autograd_tiny.marking.reports.as_json import as_json
from autograd_tiny.marking.reports.as_junit import as_junit
from autograd_tiny.marking.reports.as_sarif import as_sarif
from autograd_tiny.marking.reports.outcomes import Outcome

FORMATS: dict[str, Callable[[Sequence[Outcome]], str]] = {
    "json": as_json,
    "github": as_github,
    "junit": as_junit,
    "sarif": as_sarif,
}
"""Formats for machines, by name."""
