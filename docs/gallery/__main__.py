"""Make the gallery: ``python -m docs.gallery [NAME ...]``

Runs every exhibit and writes docs/gallery.md and docs/pictures/.  With --check nothing is written: says what is missing or no
longer shows what the code makes, and fails if there is anything.  Pictures are compared by structure, ids, titles, texts, edges,
and by their DOT text: the same graph drawn by another program has other bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from autograd_tiny.storage.files import write_file
from autograd_tiny.views.drawing.render import RenderError
from docs.gallery.browser import Browser
from docs.gallery.exhibits import CHAPTERS
from docs.gallery.files import picture_by_browser, same
from docs.gallery.page import PAGE, PICTURES, Exhibit, written_page


def exhibits() -> list[Exhibit]:
    """All of them, in the order of the page."""
    return [Exhibit(make, chapter) for chapter, makes in CHAPTERS.items() for make in makes]


def write(exhibit: Exhibit, browser: Browser) -> list[Path]:
    """Make an exhibit and write its files; the pictures among them."""
    thing, files = exhibit.made
    for suffix, content in files.contents.items():
        write_file(exhibit.path(suffix), picture_by_browser(thing, browser) if content is None else content)
    return [exhibit.path(suffix) for suffix in files.shown]


def stale_files(exhibit: Exhibit) -> list[Path]:
    """The files of an exhibit that are missing or do not show what it makes now."""
    thing, files = exhibit.made
    stale = []
    for suffix, content in files.contents.items():
        path = exhibit.path(suffix)
        if not path.exists() or not same(thing, suffix, path.read_text(encoding="utf-8"), content):
            stale.append(path)
    return stale


def strays(all_exhibits: Sequence[Exhibit]) -> list[Path]:
    """Files among the pictures that no exhibit makes."""
    made = {exhibit.path(suffix) for exhibit in all_exhibits for suffix in exhibit.made[1].contents}
    return sorted(set(PICTURES.iterdir()) - made)


def check(chosen: Sequence[Exhibit], *, all_of_them: bool) -> int:
    """Say what is not fresh; the exit code."""
    wrong = [f"{path.name}: not fresh" for exhibit in chosen for path in stale_files(exhibit)]
    if all_of_them:
        wrong += [f"{path.name}: no exhibit makes it; delete it" for path in strays(chosen)]
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != written_page(chosen):
            wrong.append(f"{PAGE.name}: not fresh")
    print(*wrong, *(["run python3 dev.py pictures, and look at them"] if wrong else []), sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; the exit code."""
    known = {exhibit.name: exhibit for exhibit in exhibits()}
    parser = argparse.ArgumentParser(
        prog="python -m docs.gallery", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones, all if none is given: {', '.join(known)}")
    parser.add_argument("--check", action="store_true", help="write nothing, fail if a file is not fresh")
    parser.add_argument("--sheet", type=Path, metavar="FILE.png", help="also make one picture of all, light and dark, to be looked at")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in known]:
        parser.error(f"no exhibit is called {unknown[0]!r}; there are {', '.join(known)}")
    chosen = [known[name] for name in options.names or known]
    if options.check:
        return check(chosen, all_of_them=not options.names)
    PICTURES.mkdir(exist_ok=True)
    with Browser() as browser:
        pictures = [path for exhibit in chosen for path in write(exhibit, browser)]
        write_file(PAGE, written_page(list(known.values())))
        print(f"wrote {len(pictures)} pictures to {PICTURES}, and {PAGE.name}")
        if options.sheet:
            browser.sheet(pictures, options.sheet)
            print(f"wrote {options.sheet}")
    for path in [] if options.names else strays(chosen):
        print(f"{path.name}: no exhibit makes it; delete it")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RenderError, FileNotFoundError) as error:
        sys.exit(str(error))
