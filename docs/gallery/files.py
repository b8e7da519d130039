"""What an exhibit returns, as the files that show it, and what these files say, to be compared with what they should."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import singledispatch
from html import escape
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

from matplotlib.axes import Axes
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from autograd_tiny.marking.report import Report
from autograd_tiny.views.drawing.draw import Drawing
from autograd_tiny.views.drawing.render import RenderError
from autograd_tiny.views.drawing.svg import structure
from autograd_tiny.views.explain import Explanation
from autograd_tiny.views.training.page import NetworkPage
from autograd_tiny.views.widget import Stepper
from autograd_tiny.views.widget.formulas import FormulaWriter
from autograd_tiny.views.widget.page import style
from autograd_tiny.worked.plots import Plot
from docs.gallery.browser import Browser

ROOT = Path(__file__).resolve().parents[2]
PICTURE_WIDTH, TERMINAL_COLUMNS, SECONDS_PER_STEP = 820, 84, 2.5
TRAINING = 1000, 720
"""Width and height of the photograph of a page that trains."""
SVG, HTML = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xhtml}"

THEME = TerminalTheme(
    (0x16, 0x1C, 0x25), (0xD9, 0xE0, 0xE9),
    [
        (0x16, 0x1C, 0x25), (0xFF, 0x8A, 0x75), (0x6F, 0xD3, 0xA0), (0xF2, 0xC0, 0x6A),
        (0x7D, 0xB8, 0xF7), (0xD8, 0xA6, 0xEA), (0x6F, 0xCF, 0xD6), (0xD9, 0xE0, 0xE9),
    ],
)  # fmt: skip
"""Light on dark, each colour readable."""

TERMINAL = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">
<style>
.{unique_id}-matrix {{ font: {char_height}px/{line_height}px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', 'Courier New', monospace; }}
.{unique_id}-title {{ font: 18px system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; }}
{styles}
</style>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""
"""rich's own template without the font that it loads from elsewhere."""


class Terminal:
    """A command of ours, run in a terminal at the root of the project."""

    def __init__(self, command: str) -> None:
        self.command = command

    def svg(self) -> str:
        """A picture of the terminal after the command."""
        program, *arguments = shlex.split(self.command)
        if program != "autograd-tiny":
            raise ValueError(f"only autograd-tiny is run here, got {self.command!r}")
        wanted = {"FORCE_COLOR": "1", "TERM": "xterm-16color", "COLORTERM": "", "COLUMNS": str(TERMINAL_COLUMNS), "PYTHONUTF8": "1"}
        command = [sys.executable, "-m", "autograd_tiny", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=os.environ | wanted, capture_output=True, check=False)
        if done.returncode not in (0, 1):  # 1: the page has mistakes, which is what is shown
            raise RuntimeError(f"{self.command} failed: {done.stderr.decode()}")
        shown = Text.from_ansi(f"$ {self.command}\n" + done.stdout.decode())
        width = max(map(len, shown.plain.splitlines()))
        console = Console(record=True, width=width, file=StringIO(), force_terminal=True, color_system="standard")
        console.print(shown)  # with an empty line below
        svg = console.export_svg(title="", theme=THEME, code_format=TERMINAL, unique_id="terminal")
        return re.sub(r' clip-path="url\([^)]*\)"', "", svg)


class Files(NamedTuple):
    """The files of an exhibit.

    Attributes:
        contents: for what is added to the exhibit's name, suffix included, the text; None where only a browser can make it.
        shown: the pictures among them, in order.
        linked: a page among them.
    """

    contents: dict[str, str | None]
    shown: tuple[str, ...] = (".svg",)
    linked: str = ""


@singledispatch
def files_of(thing: Any) -> Files:
    """The files that show a thing, but for those that a browser makes."""
    raise TypeError(f"the gallery shows no {type(thing).__name__}")


@singledispatch
def picture_by_browser(thing: Any, browser: Browser) -> str:
    """The picture of a thing that needs a browser."""
    raise TypeError(f"a {type(thing).__name__} needs no browser")


@files_of.register
def _(drawing: Drawing) -> Files:
    return Files({".svg": drawing.svg(), ".dot": drawing.dot})


@files_of.register
def _(plot: Plot) -> Files:
    return Files({".svg": plot.svg()})


@files_of.register
def _(axes: Axes) -> Files:
    from matplotlib import pyplot

    svg = Plot(axes.figure, axes.get_title()).svg()  # type: ignore[arg-type]
    pyplot.close(axes.figure)  # type: ignore[arg-type]
    return Files({".svg": svg})


@files_of.register
def _(terminal: Terminal) -> Files:
    return Files({".svg": terminal.svg()})


@files_of.register
def _(stills: list) -> Files:  # type: ignore[type-arg]
    contents: dict[str, str | None] = {f"-{i}.svg": path.read_text(encoding="utf-8") for i, path in enumerate(stills, 1)}
    return Files(contents, tuple(contents))


@files_of.register
def _(stepper: Stepper) -> Files:
    return Files({".svg": None, ".html": stepper.html()}, linked=".html")


@files_of.register
def _(page: NetworkPage) -> Files:
    return Files({".svg": None, ".html": page.html()}, linked=".html")


@files_of.register(Explanation)
@files_of.register(Report)
def _(written: object) -> Files:
    return Files({".svg": None})


@picture_by_browser.register
def _(stepper: Stepper, browser: Browser) -> str:
    (_, *frames), height = browser.steps(stepper.html(), PICTURE_WIDTH)  # without the start, at which nothing happens
    seconds = SECONDS_PER_STEP * len(frames)
    # No box is positioned or cut off: WebKit puts such boxes of a foreignObject in the wrong place when the picture is scaled.
    film = f"""
:root {{ color-scheme: light dark; }}
.film {{ display: grid; height: 100%; }}
.film > div {{ grid-area: 1 / 1; visibility: hidden; animation: film {seconds}s step-end infinite; }}
.film > div > main {{ height: 100%; border-radius: 10px; }}
.autograd-stepper :is(.scroller, .equations math) {{ overflow: visible; }} .autograd-stepper .formula {{ position: static; }}
@keyframes film {{ 0% {{ visibility: visible; }} {100 / len(frames):.4f}% {{ visibility: hidden; }} }}
{"".join(f".film > div:nth-child({i + 1}) {{ animation-delay: {i * SECONDS_PER_STEP}s; }}" for i in range(len(frames)))}
@media (prefers-reduced-motion: reduce) {{
  .film > div {{ animation: none; }} .film > div:nth-child({_chosen(len(frames)) + 1}) {{ visibility: visible; }}
}}
"""
    body = '<div class="film">' + "".join(f"<div>{frame}</div>" for frame in frames) + "</div>"
    with tempfile.TemporaryDirectory() as directory:
        still = stepper.save_frames(directory)[1:][_chosen(len(frames))].read_text(encoding="utf-8")
    return _page_as_svg(body, _style_at_any_size() + film, PICTURE_WIDTH, height, stepper.data["title"], still)


@picture_by_browser.register
def _(page: NetworkPage, browser: Browser) -> str:
    images = "".join(
        f'<image class="{scheme}" width="{TRAINING[0]}" height="{TRAINING[1]}" href="data:image/jpeg;base64,{image}"/>'
        for scheme, image in browser.photos(page.html(), "#data=moons&step=60", *TRAINING).items()
    )
    css = ".dark { display: none } @media (prefers-color-scheme: dark) { .dark { display: inline } .light { display: none } }"
    size = f'width="{TRAINING[0]}" height="{TRAINING[1]}" viewBox="0 0 {TRAINING[0]} {TRAINING[1]}"'
    title = f"<title>{escape(repr(page))}</title>"
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">{title}<style>{css}</style>{images}</svg>\n'


def _style_at_any_size() -> str:
    """The stepper's styles without what depends on the size of the window, for which a picture takes the size at which it is shown."""
    css = re.sub(r"@media \(max-width.*?\n}\n", "", style(), flags=re.DOTALL)
    return re.sub(r"--height: min\([^)]*\)", "--height: 620px", css)


def _chosen(count: int) -> int:
    """The step that is shown where nothing moves."""
    return count - 2


@picture_by_browser.register
def _(explanation: Explanation, browser: Browser) -> str:
    formula = FormulaWriter()
    lines = formula.write(explanation).lines
    rows = "".join(f"<mtr><mtd>{left}</mtd><mtd>{right}</mtd></mtr>" for left, right in lines)
    math = f'<math xmlns="http://www.w3.org/1998/Math/MathML"><mtable>{_expanded(rows, formula.parts)}</mtable></math>'
    return _card(math, "The chain rule, written out", browser)


@picture_by_browser.register
def _(report: Report, browser: Browser) -> str:
    return _card(report._repr_html_(), "A report", browser)


CARD = """
:root { color-scheme: light dark; }
.card { padding: 12px 20px; border: 1px solid #c3cad6; border-radius: 10px; box-sizing: border-box; background: #ffffff; color: #1c2733;
  font: 16px/1.5 system-ui, sans-serif; }
@supports (color: light-dark(red, red)) {
  .card { border-color: light-dark(#c3cad6, #3d4858); background: light-dark(#ffffff, #171d26); color: light-dark(#1c2733, #e3e9f1); }
}
mtable { math-style: normal; font-size: 1.1em; } mtd { padding: .22em 0; text-align: left; vertical-align: middle; }
mtd:first-child { padding-right: .3em; text-align: right; }
table { border-spacing: 0; } td, th { padding: 2px 10px; } p, ol { margin: .3em 0; }
"""


def _card(xhtml: str, title: str, browser: Browser) -> str:
    """A piece of a page as a picture, as large as it needs to be."""
    body = f'<div class="card">{xhtml}</div>'
    width, height = browser.size(f"<style>{CARD} .card {{ width: max-content; max-width: {PICTURE_WIDTH}px }}</style>{body}", ".card")
    return _page_as_svg(body, CARD, width, height, title)


def _page_as_svg(body: str, css: str, width: int, height: int, title: str, still: str = "") -> str:
    """A part of a page in an SVG, with the page's own styles; and a still for programs that show SVG but no pages."""
    instead = re.sub(r"^<\?xml.*?\?>|<!DOCTYPE.*?>", "", still, flags=re.DOTALL)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">'
        f"<title>{escape(title)}</title><style>{escape(css, quote=False)}</style>"
        '<switch><foreignObject width="100%" height="100%" requiredFeatures="http://www.w3.org/TR/SVG11/feature#Extensibility">'
        f'<div xmlns="http://www.w3.org/1999/xhtml" style="height: 100%">{body}</div></foreignObject>{instead}</switch></svg>\n'
    )


# What files say.


def same(thing: Any, suffix: str, committed: str, fresh: str | None) -> bool:
    """Whether a committed file shows what a fresh one would; what depends only on the program that draws is not compared.

    Where only a browser makes the file, it is compared with what the thing itself says.
    """
    try:
        if fresh is not None:
            return bool(_said(suffix, committed) == _said(suffix, fresh))
        root = ElementTree.fromstring(committed)
        if isinstance(thing, NetworkPage):  # a photograph
            return root.findtext(SVG + "title") == repr(thing)
        return bool(said_by_page(root) == _said_by(thing))
    except (ElementTree.ParseError, RenderError, AttributeError, ValueError, StopIteration):
        return False  # no file that we wrote


def _said(suffix: str, text: str) -> Any:
    """What a file says: of a picture its structure and its texts, of a page everything but the shapes of its drawing."""
    if suffix.endswith(".svg"):
        texts = sorted(_texts(ElementTree.fromstring(text)))  # in the order in which the program drew
        if 'id="figure_1"' in text:  # a plot: its ids depend on the version of matplotlib
            return texts
        return structure(text), texts
    if suffix.endswith(".html"):
        drawing = re.search(r"<svg.*?</svg>", text, re.DOTALL)
        rest = re.sub(r"<svg.*?</svg>", "", text, count=1, flags=re.DOTALL)
        return rest, sorted(_texts(ElementTree.fromstring(drawing[0] if drawing else "")))
    return text


def _texts(root: ElementTree.Element) -> list[str]:
    return ["".join(element.itertext()) for element in root.iter() if element.tag in ("text", SVG + "text")]


def said_by_page(root: ElementTree.Element) -> Any:
    """What a part of a page in an SVG says: a formula, or each step of a stepper."""
    film = root.find(f".//{HTML}div[@class='film']")
    if film is None:
        return _tokens(root.find(f".//{HTML}div[@class='card']"))
    return [_frame(frame) for frame in film], _style_at_any_size() in root.findtext(SVG + "style", "")


def _frame(frame: ElementTree.Element) -> Any:
    """What a step says: the numbers of each node, the sentence, the formula."""
    numbers = {}
    for group in frame.iter(SVG + "g"):
        texts = {text.get("class", ""): text.text or "" for text in group.iter(SVG + "text")}
        if "data-node" in group.attrib:
            numbers[group.get("data-node")] = texts.get("data", ""), texts.get("grad", "")
    caption = next(element for element in frame.iter(HTML + "p") if element.get("class") == "caption")
    equations = next(element for element in frame.iter(HTML + "div") if element.get("class") == "equations")
    return numbers, _tokens(caption), _tokens(equations)


def _said_by(thing: Stepper | Explanation | Report) -> Any:
    if not isinstance(thing, Stepper):
        return _tokens(ElementTree.fromstring(f"<div>{thing.mathml if isinstance(thing, Explanation) else thing._repr_html_()}</div>"))
    return list(_frames_said_by(thing))[1:], True


def _frames_said_by(stepper: Stepper) -> Iterator[Any]:
    data = stepper.data
    ids = [node["id"] for node in data["nodes"]]
    known: dict[str, str] = {}
    gradients: dict[str, str] = {}
    for step in data["steps"]:
        known, gradients = known | step["data"], gradients | step["gradients"]
        formula = _expanded("".join(left + right for left, right in step["lines"]), data["parts"])
        said = _tokens(ElementTree.fromstring(f"<div>{formula}</div>"))
        drawn = {i: (known.get(i, ""), gradients.get(i, "")) for i in ids}
        yield drawn, f"{step['place']}{step['caption']}".replace(" ", ""), said


def _expanded(markup: str, parts: list[str]) -> str:
    """Markup with its shared parts filled in."""
    while (expanded := re.sub(r"&(\d+);", lambda match: parts[int(match[1])], markup)) != markup:
        markup = expanded
    return markup


def _tokens(element: ElementTree.Element | None) -> str:
    return "" if element is None else "".join("".join(element.itertext()).split())
