"""What the site does beyond its plugins: pages from outside docs/, links between all of them, formulas, quiet notebooks.

A page is written so that it reads where it lies, on its own too; links are rewritten here to lead to the same page of the site.
"""

from __future__ import annotations

import logging
import posixpath
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from html import unescape
from pathlib import Path
from typing import Any, Literal

from bs4 import BeautifulSoup
from examples import completed
from figures import fitted, scrolled
from live import bundle, lite
from live.npm import PackageError
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from autograd_tiny.text.palette import recolored, variables
from autograd_tiny.views.drawing.svg import image
from autograd_tiny.views.mathml import converted

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUNDLES = ROOT / ".npm"
log = logging.getLogger("mkdocs.hooks.site")
OUTSIDE = ("CHANGELOG.md", "CONTRIBUTING.md", "notebooks/README.md", "notebooks/*.ipynb")
"""Pages that do not live in docs/, in the order of the navigation."""

_LINK = re.compile(r"(\]\()([^)#\s]+)(#[^)\s]*)?(?=[)\s])")
_FENCED = re.compile(r"(^[ ]*(```+|~~~+).*?^[ ]*\2[ ]*$|``.*?``|`[^`\n]*`)", re.DOTALL | re.MULTILINE)
_SESSION = re.compile(r"^(```)python(\n>>> )", re.MULTILINE)
_SVG = re.compile(r"<svg\b(?=[^>]*xmlns).*?</svg>", re.DOTALL)
_UNWANTED = (
    "script, style, clipboard-copy, .zeroclipboard-container, .clipboard-copy-txt, "
    ".jp-InputPrompt, .jp-OutputPrompt, .anchor-link, .celltoolbar"
)
"""What nbconvert adds for a page of its own: MathJax from elsewhere, the style sheets of JupyterLab, buttons that need both."""
_CODE = re.compile(r"(<(pre|code|svg|math)\b.*?</\2>|<[^>]*>)", re.DOTALL)
_MATH = re.compile(r"\$\$(.+?)\$\$|\$([^$\s](?:[^$]*[^$\s])?)\$", re.DOTALL)
_PICTURE = re.compile(r'<p>(?P<open><a [^>]*>)?(?P<img><img alt="(?P<alt>[^"]*)" src="(?P<src>[^":]+\.svg)" ?/?>)(?P<close></a>)?</p>')
_OPERATION = re.compile(r'<span id="(autograd_tiny\.\w+)">')
_ARITHMATEX = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)


def on_startup(*, command: str, dirty: bool) -> None:
    """Before anything: what pages import in their examples is found beside this file."""
    sys.path.insert(0, str(HERE))


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """In the navigation, a name with a star stands for all pages that it matches; pages know the Python that they can load."""
    config.nav = _expanded(config.nav)
    try:
        config.extra["python"] = bundle.made(BUNDLES)
    except PackageError as error:
        log.info("The site is built without its playground, and no block of code can be run: %s", error)
    return config


def _expanded(part: Any) -> Any:
    if isinstance(part, dict):
        return {title: _expanded(inside) for title, inside in part.items()}
    if isinstance(part, list):
        return [_expanded(inside) for inside in part]
    if not isinstance(part, str) or "*" not in part:
        return part
    inside = [file.relative_to(ROOT / "docs").as_posix() for file in sorted((ROOT / "docs").glob(part))]
    return inside or [place for place in _places(OUTSIDE) if fnmatch(place, part)]


def _places(patterns: Sequence[str]) -> list[str]:
    """The files of the project that match, one pattern after the other."""
    return [file.relative_to(ROOT).as_posix() for pattern in patterns for file in sorted(ROOT.glob(pattern))]


@event_priority(100)  # before the plugins, of which one turns notebooks into pages
def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """The pages that live elsewhere in the project."""
    for place in _places(OUTSIDE):
        files.append(File(place, str(ROOT), config.site_dir, config.use_directory_urls))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links that lead through the project, as on a shelf of files, lead to the same page of the site; examples show what they make."""
    markdown = _SESSION.sub(r"\1pycon\2", markdown)  # sessions look like sessions
    markdown = _FENCED.sub(lambda found: completed(found[0]), markdown)
    return outside_code(_FENCED, markdown, lambda text: _LINK.sub(lambda found: _relinked(found, page, files), text))


def on_page_content(html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Formulas become MathML, which needs no script; notebooks lose what they bring along for a page of their own."""
    if page.file.src_uri.endswith(".ipynb"):
        html = quiet_notebook(html, lambda link: _url(link, page, files))
        opened = lite.page(Path(page.file.src_uri).stem) if config.extra.get("lite") else None
        if opened:
            link = posixpath.relpath(opened, posixpath.dirname(page.file.url))
            html = f'<p><a href="{link}">Open it in Jupyter, in this browser</a>: nothing is installed.</p>{html}'
    html = _PICTURE.sub(lambda found: _scrolling(found, page, files), html)
    for identifier in _OPERATION.findall(html):
        config.plugins["autorefs"].register_anchor(page, identifier, primary=True)  # type: ignore[attr-defined]
    return _ARITHMATEX.sub(lambda found: _mathml(found[2], "block" if found[1] == "div" else "inline"), html)


def on_post_build(config: MkDocsConfig) -> None:
    """What a page loads of Python lies beside the pages."""
    if python := config.extra.get("python"):
        name = f"python-{python['version']}"
        shutil.copytree(BUNDLES / name, Path(config.site_dir, "assets", name), dirs_exist_ok=True)
        graph = variables("#playground") + recolored("#playground svg")
        Path(config.site_dir, "assets", "live", "graph.css").write_text(graph, encoding="utf-8")
    if config.extra.get("lite"):
        try:
            lite.build(Path(config.site_dir, "lite"))
        except PackageError as error:
            raise PluginError(str(error)) from None


def on_post_page(output: str, *, page: Page, config: MkDocsConfig) -> str:
    """The theme's dialog for the search gets the name that a screen reader says."""
    return output.replace('data-md-component="search" role="dialog"', 'data-md-component="search" role="dialog" aria-label="Search"')


def quiet_notebook(html: str, url: Callable[[str], str]) -> str:
    """A notebook's cells as a part of this site: no scripts and styles of its own, pictures with a text for those who do not see them."""
    pictures = [found[0] for found in _SVG.finditer(html)]
    soup = BeautifulSoup(_SVG.sub("<img>", html), "html.parser")
    for picture, place in zip(pictures, [img for img in soup.find_all("img") if not img.attrs]):
        place.replace_with(BeautifulSoup(image(picture, _titled(picture)), "html.parser"))
    for unwanted in soup.select(_UNWANTED):
        unwanted.decompose()
    for block in soup.select(".jp-InputArea-editor pre"):  # as all code of the site, which gets a button to copy it
        code = soup.new_tag("code")
        code.extend(list(block.children))
        block.append(code)
    for link in soup.select('a[href$=".ipynb"], a[href$=".md"]'):
        if ":" not in str(link["href"]):
            link["href"] = url(str(link["href"]))
    for wide in soup.select(".jp-OutputArea-output"):
        classes = " ".join(name for name in wide["class"] if name != "highlight")
        wide.attrs |= {"class": classes, "tabindex": "0", "role": "group", "aria-label": "Output"}
    return outside_code(_CODE, str(soup), lambda text: _MATH.sub(_formula, text))


def _titled(svg: str) -> str:
    found = re.search(r"<title>(.*?)</title>", svg, re.DOTALL)
    return unescape(found[1]) if found else "A picture"


def outside_code(code: re.Pattern[str], text: str, change: Callable[[str], str]) -> str:
    """A text changed everywhere but in the parts that are code."""
    parts, position = [], 0
    for found in code.finditer(text):
        parts += [change(text[position : found.start()]), found[0]]
        position = found.end()
    return "".join([*parts, change(text[position:])])


def _place(page: Page) -> str:
    """Where in the project a page lies."""
    return Path(page.file.abs_src_path or "").relative_to(ROOT).as_posix()


def _target(link: str, page: Page, files: Files) -> File | None:
    """The file of the site that a relative link of a page means."""
    if ":" in link or link.startswith("/"):
        return None
    place = posixpath.normpath(posixpath.join(posixpath.dirname(_place(page)), link))
    return files.get_file_from_path(place.removeprefix("docs/") if place.startswith("docs/") else place)


def _relinked(found: re.Match[str], page: Page, files: Files) -> str:
    target = _target(found[2], page, files)
    if target is None:
        return found[0]
    return found[1] + posixpath.relpath(target.src_uri, posixpath.dirname(page.file.src_uri) or ".") + (found[3] or "")


def _url(link: str, page: Page, files: Files) -> str:
    target = _target(link, page, files)
    if target is None:
        raise ValueError(f"{_place(page)} links to {link}, which is no page of the site")
    return target.url_relative_to(page.file)


def _scrolling(found: re.Match[str], page: Page, files: Files) -> str:
    """A picture that stands alone in its paragraph; a wide one scrolls, as those that examples draw."""
    place = posixpath.normpath(posixpath.join(posixpath.dirname(page.file.url), found["src"]))
    picture = files.get_file_from_path(place)
    if picture is None:
        return found[0]
    img = fitted(found["img"], picture.content_string)
    inside = f"{found['open'] or ''}{img}{found['close'] or ''}"
    return f'<div class="shown graph">{scrolled(inside, unescape(found["alt"]))}</div>'


def _formula(found: re.Match[str]) -> str:
    return _mathml(found[1] or found[2], "block" if found[1] else "inline")


def _mathml(latex: str, display: Literal["block", "inline"]) -> str:
    formula = converted(unescape(latex), display)
    return formula if display == "inline" else f'<span class="scrolled" tabindex="0" role="group" aria-label="A formula">{formula}</span>'
