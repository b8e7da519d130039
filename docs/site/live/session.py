"""What Python does for the pages in a browser: it runs their code, and answers the playground.  JSON in, JSON out.

Nothing in here knows the browser, so that the tests run it as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from live import playground
from live.blocks import forget, run

QUESTIONS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    function.__name__: function
    for function in (
        playground.opened,
        playground.example,
        playground.numbers,
        playground.picture,
        playground.steps,
        playground.written,
        playground.marks,
        playground.exercise,
        playground.checked,
        playground.hinted,
        playground.trained,
        playground.page,
        playground.notebook,
        run,
        forget,
    )
}


def answer(name: str, question: str) -> str:
    """What one of these functions says, as JSON; what is wrong is said in ``error``."""
    try:
        return json.dumps(QUESTIONS[name](json.loads(question)))
    except (ValueError, ArithmeticError, RuntimeError, LookupError, TypeError, MemoryError) as error:
        return json.dumps({"error": str(error) or type(error).__name__})
