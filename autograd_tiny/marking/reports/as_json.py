"""Reports as JSON, as docs/report.schema.json describes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from autograd_tiny.marking.reports.outcomes import Outcome


def as_json(outcomes: Sequence[Outcome]) -> str:
    """All pages with all their marks, in ASCII, so that it survives whatever encoding a terminal or a pipe has."""
    return json.dumps({"pages": [_page(outcome) for outcome in outcomes]}, indent=1) + "\n"


def _page(outcome: Outcome) -> dict[str, Any]:
    head: dict[str, Any] = {"file": outcome.file, "title": outcome.title}
    if outcome.report is None:
        return head | {"ok": False, "error": outcome.what, "line": outcome.line}
    return head | {"ok": outcome.report.ok} | outcome.report.as_data()
