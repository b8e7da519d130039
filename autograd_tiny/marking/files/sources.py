"""Where pages are found: in a TOML file, in the blocks of an article or a notebook, in all files of a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from autograd_tiny.marking.files.articles import blocks, markdown_cells
from autograd_tiny.marking.page import Page, PageError
from autograd_tiny.marking.pages import page_from, text_of
from autograd_tiny.text.excerpts import Excerpt, whole

ARTICLES = (".md", ".markdown", ".qmd", ".rmd")
NOTEBOOKS = (".ipynb",)
PAGES = (".toml", *ARTICLES, *NOTEBOOKS)
"""What the names of files end in that may hold pages."""

_BLOCK = "a block that begins with ```backprop and ends with ```"
_LOOKS_LIKE_A_BLOCK = re.compile(rb"(```|~~~).*backprop")
_LOOKS_LIKE_A_PAGE = re.compile(rb"^[ \t]*(formula|claims)[ \t]*=", re.MULTILINE)


def pages_in(path: Path) -> list[Page]:
    """The pages of one file: several in an article or a notebook, one in TOML.

    Raises:
        PageError: naming file and line, for what cannot be read as a page, and for an article without any.
        OSError: the file cannot be read.
    """
    return pages_of(path, text_of(path))


def pages_of(path: Path, text: str) -> list[Page]:
    """The pages of a file that has this text; the errors are those of `pages_in`."""
    excerpts = _excerpts(path, text)
    if not excerpts:
        raise PageError(path.name, f"there is no page in it; write one as {_BLOCK}")
    return [_page(path.name, excerpt) for excerpt in excerpts]


def _page(name: str, source: Excerpt) -> Page:
    try:
        return page_from(name, source)
    except PageError as error:  # of several pages in one file it is to be seen which one is meant
        raise error if error.line else PageError(name, error.what, source.line(0)) from None


def _excerpts(path: Path, text: str) -> list[Excerpt]:
    source, kind = whole(text), path.suffix.lower()
    if kind not in ARTICLES + NOTEBOOKS:
        return [source]
    texts = markdown_cells(source, path.name) if kind in NOTEBOOKS else [source]
    return [block for part in texts for block in blocks(part, path.name)]


def files_in(paths: Sequence[Path]) -> list[Path]:
    """The files among these paths, and those with pages in the folders among them, each once.

    A folder is looked through with all folders in it, but for those whose names begin with a point.  A TOML file is a
    page if a line of it gives a ``formula`` or ``claims``, an article or a notebook if it names ``backprop`` at a
    fence.

    Raises:
        ValueError: a folder without any page.
        OSError: a file that cannot be read.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = [file for file in _files_below(path) if _may_hold_pages(file)]
            if not inside:
                raise ValueError(
                    f"the folder {path} holds no pages: no .toml with a formula, no .md or .ipynb with {_BLOCK}"
                )
            found |= dict.fromkeys(inside)
        else:
            found[path] = None
    return list(found)


def _files_below(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(files))


def _may_hold_pages(file: Path) -> bool:
    kind = file.suffix.lower()
    if kind == ".toml":
        return bool(_LOOKS_LIKE_A_PAGE.search(file.read_bytes()))
    if kind not in ARTICLES + NOTEBOOKS or not _LOOKS_LIKE_A_BLOCK.search(file.read_bytes()):
        return False
    try:
        return bool(_excerpts(file, text_of(file)))
    except PageError:
        return True  # which is told when it is marked
