"""The links of the Markdown files and notebooks, as they are read where the source is: files and headings exist."""

import json
import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("*/README.md")])


def text_of(page):
    """The Markdown of a page; of a notebook, its cells."""
    if page.suffix != ".ipynb":
        return page.read_text(encoding="utf-8")
    cells = json.loads(page.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def inline(tokens):
    for token in tokens:
        yield token
        yield from inline(token.children or ())


def links_and_anchors(page):
    """Where a page's links and pictures lead, and the anchors that GitHub gives its headings."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text_of(page))
    links = [token.attrs.get("href") or token.attrs.get("src") for token in inline(tokens) if token.type in ("link_open", "image")]
    html = "".join(token.content for token in inline(tokens) if token.type in ("html_block", "html_inline"))
    links += re.findall(r'(?:href|src)="([^"]+)"', html)
    anchors = set(re.findall(r'(?:id|name)="([^"]+)"', html))
    anchors |= set(re.findall(r"^::: ([\w.]+)$", text_of(page), re.MULTILINE))  # what the site puts there has its name as anchor
    for heading, content in pairwise(tokens):
        if heading.type == "heading_open":
            words = "".join(child.content for child in content.children if child.type in ("text", "code_inline"))
            slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            count = sum(1 for anchor in anchors if re.fullmatch(rf"{re.escape(slug)}(-\d+)?", anchor))
            anchors.add(f"{slug}-{count}" if count else slug)
    return links, anchors


def broken(page):
    """The links of a page that lead nowhere.  Those to other sites are not followed, but must be https."""
    for link in links_and_anchors(page)[0]:
        place, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", place):
            if not place.startswith(("https://", "mailto:", "data:image/")):
                yield link
            continue
        target = (page.parent / unquote(place)).resolve() if place else page
        if not target.exists() or not target.is_relative_to(ROOT) or (
            anchor and target.suffix in (".md", ".ipynb") and anchor not in links_and_anchors(target)[1]
        ):  # fmt: skip
            yield link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    assert list(broken(page)) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(
        "# A `Value`, twice\n\n# Other\n\n[a](#a-value-twice) [b](#gone) [c](gone.md) [d](page.md#other) [e](http://example.org)"
        " [f](../up.md) ![g](gone.svg) <a href='x'></a><img src=\"gone.png\">\n\n| t |\n|---|\n| [h](gone-too.md) |\n",
        encoding="utf-8",
    )
    assert set(broken(page)) == {"#gone", "gone.md", "http://example.org", "../up.md", "gone.svg", "gone.png", "gone-too.md"}
