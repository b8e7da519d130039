"""The examples that a page shows with what they make: blocks ```` ```python exec="1" html="1" ````.

A page holds such an example as one would type it, so that it runs wherever it is copied to.  What the site needs beyond that, the
lines that show its last expression, is added here, when the site is built.
"""

from __future__ import annotations

import ast
import re
from textwrap import dedent, indent

SAID = ("alt", "caption")
"""Options of a block that say what `figures.show` is to say of the result; the others are those of markdown-exec."""

_BLOCK = re.compile(r"(?P<indent> *)(?P<fence>`{3,})python (?P<options>[^\n]*)\n(?P<code>.*\n)(?P=indent)(?P=fence) *", re.DOTALL)
_OPTION = re.compile(r'(\w+)="([^"]*)"')
_HIDDEN = "  # markdown-exec: hide"


def completed(block: str) -> str:
    """A fenced block of a page, with the lines that show what it makes, if it is such an example.

    >>> print(completed('```python exec="1" html="1" alt="A box"\\ndraw(y)\\n```'))
    ```python exec="1" html="1"
    draw(y)
    from figures import show  # markdown-exec: hide
    show(draw(y), alt='A box')  # markdown-exec: hide
    ```
    """
    found = _BLOCK.fullmatch(block)
    options = dict(_OPTION.findall(found["options"])) if found else {}
    if not found or not {"exec", "html"} <= set(options):
        return block
    said = "".join(f", {name}={options[name]!r}" for name in SAID if name in options)
    head = " ".join(f'{name}="{value}"' for name, value in options.items() if name not in SAID)
    added = f"from figures import show{_HIDDEN}\nshow({last_expression(found['code'])}{said}){_HIDDEN}\n"
    around, fence = found["indent"], found["fence"]
    return f"{around}{fence}python {head}\n{found['code']}{indent(added, around)}{around}{fence}"


def last_expression(code: str) -> str:
    """The expression that an example ends in, on one line."""
    last = ast.parse(dedent(code)).body[-1:]
    if not last or not isinstance(last[0], ast.Expr):
        raise ValueError(f"an example shows its last expression, and this one does not end in one:\n{code}")
    return ast.unparse(last[0])
