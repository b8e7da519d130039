"""The stepper as one HTML file that loads nothing, and the same page in a frame for notebooks."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from autograd_tiny.text.palette import recolored, variables

SHARED = ("numbers.js", "elements.js")
"""What the scripts of all pages begin with."""
_HERE = Path(__file__).parent
_SPACED = re.compile(r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?:,|;|:) | ?(?:=>|[!=]==|&&|\|\||[=?:{}<>]) ?""")
"""A string, or a sign with blanks around it that mean nothing."""
_UNSAFE_IN_SCRIPT = {ord(c): f"\\u{ord(c):04x}" for c in "<\u2028\u2029"}


@cache
def source(name: str | Path) -> str:
    """The text of a file beside this one, as ``page.html``, or of another one, by its whole path."""
    return (_HERE / name).read_text(encoding="utf-8")


@cache
def style() -> str:
    """The style sheet, with the colours as variables, of which those of drawings replace the colours in them."""
    return _style_without_drawing() + recolored(".autograd-stepper svg")


def _style_without_drawing() -> str:
    return variables(".autograd-stepper, .autograd-page") + source("stepper.css")


@cache
def module() -> str:
    """The stepper's module."""
    return joined(*SHARED, "live.js", "stepper.js")


def joined(*names: str | Path) -> str:
    """Scripts one after the other, as `source` finds them, without what only their readers need."""
    text = "\n".join(map(source, names))
    text = re.sub(r"(?ms)^ */\*\*.*?\*/\n", "", text)
    text = re.sub(r"(?m) // .*$|^ +", "", text)
    return "\n".join([line if set("`/") & set(line) else _closer(line) for line in text.split("\n") if line])


def _closer(line: str) -> str:
    """A line of JavaScript, in which there is no template and no regular expression, without blanks around signs."""
    return _SPACED.sub(lambda match: match[0] if match[0][0] in "\"'" else match[0].strip(), line)


def page(data: Mapping[str, Any], rows: str) -> str:
    """The whole page of a stepper.

    Args:
        data: what is shown.
        rows: how the operations of the graph are computed, as `LiveGraph.rows`.
    """
    return standalone(
        title=data["title"],
        notice='the steps cannot be shown. Save it again with Stepper(value).save("steps.html").',
        main=("stepper", f'<div class="scroller">{data["svg"]}</div>'),
        data={name: part for name, part in data.items() if name != "svg"},
        style=_style_without_drawing() + recolored(".autograd-stepper svg", data["svg"]),
        script=f"{module()}\nstartPage(document, {rows});\n",
    )


def standalone(
    *, title: str, notice: str, main: tuple[str, str], data: Mapping[str, Any], style: str, script: str
) -> str:
    """A page that is one file; its policy lets nothing run but its own script, and nothing be loaded.

    Args:
        title: of the page.
        notice: what an incomplete page says.
        main: the id of the element that the script fills, which has the class ``autograd-`` and that, and what is in
            it.
        data: what the script reads.
        style: the style sheet, but for what holds for the page around.
        script: the module that starts the page.
    """
    name, content = main
    styles = _shortened(style + source("page.css"), f".autograd-{name}")
    return Template(source("page.html")).substitute(
        title=html.escape(title),
        notice=html.escape(notice, quote=False),
        main=f'<main id="{name}" class="autograd-{name}">{content}</main>',
        data=embedded(data),
        style=styles,
        style_hash=_hash(styles),
        script=script,
        script_hash=_hash(script),
    )


def _shortened(style: str, root: str) -> str:
    """A style sheet without comments, blanks, and the ``root`` before its parts: on a page nothing else is there."""
    style = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    style = re.sub(r" ?([{};,]) |(:) ", r"\1\2", re.sub(r"\s+", " ", style)).strip()
    return style.replace(f"{root} ", "").replace(";}", "}")


def embedded(data: Mapping[str, Any] | str) -> str:
    """JSON that can stand inside a script element, whatever the labels are."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(_UNSAFE_IN_SCRIPT)


def framed(content: str, title: str, picture: str, height: int) -> str:
    """A page in a sandboxed frame, or a picture where frames and styles are removed because nobody trusts them yet."""
    mark = f"autograd-still-{hashlib.sha256(content.encode('utf-8', 'replace')).hexdigest()[:12]}"
    quoted = html.escape(content, quote=False).replace("'", "&#39;")  # a page is full of double ones
    whole = (
        f"<div><style>.{mark} {{ display: none }}</style>"
        f'<iframe title="{html.escape(title)}" sandbox="allow-scripts" allow="fullscreen"'
        f" srcdoc='{quoted}'"
        f' style="width: 100%; height: {height}px; border: 0; resize: vertical"></iframe>'
        f'<div class="{mark}">{picture}</div></div>'
    )
    return whole.encode("utf-8", "replace").decode()  # a notebook takes no half of a surrogate pair


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
