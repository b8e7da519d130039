"""JSON that others may have written: read, or refused, on every Python alike."""

from __future__ import annotations

import re
from typing import Any

DEEPEST = 200
"""Lists and objects inside of each other.  The reader of the standard library calls itself for each: CPython bounds
that by the stack that it has, but does not know JavaScript's, and in a browser a deep file would end it.
"""

_STRING_OR_SIGN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[][{}]', re.DOTALL)
_STEP = {"[": 1, "{": 1, "]": -1, "}": -1}


def read_json(text: str, **options: Any) -> Any:
    """What `json.loads` makes of a text, with its options.

    Raises:
        ValueError: it is no JSON (then a `json.JSONDecodeError`), or its lists and objects are nested more than 200
            deep.

    >>> read_json('{"x": [1, 2]}')
    {'x': [1, 2]}
    >>> read_json("[" * 1000)
    Traceback (most recent call last):
    ValueError: it is nested too deeply, more than 200 lists and objects inside of each other
    """
    from json import loads

    if text.count("[") + text.count("{") > DEEPEST and _depth(text) > DEEPEST:
        raise ValueError(f"it is nested too deeply, more than {DEEPEST} lists and objects inside of each other")
    return loads(text, **options)


def _depth(text: str) -> int:
    depth = deepest = 0
    for match in _STRING_OR_SIGN.finditer(text):
        depth += _STEP.get(match[0], 0)
        deepest = max(deepest, depth)
    return deepest
