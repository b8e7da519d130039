"""What needs a browser: pages as pictures, and a sheet of all pictures to be looked at."""

from __future__ import annotations

import base64
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]

SERIALISED = """
root => {
  const copy = root.cloneNode(true);
  root.querySelectorAll("option").forEach((option, i) => copy.querySelectorAll("option")[i].toggleAttribute("data-gone", !option.selected));
  const fields = root.querySelectorAll("input");
  copy.querySelectorAll("input").forEach((field, i) => field.setAttribute("value", fields[i].value));
  for (const element of copy.querySelectorAll("[hidden], [data-gone], .live, .hint")) element.remove();
  for (const element of [copy, ...copy.querySelectorAll("*")]) {
    const gone = element.getAttributeNames().filter(name => /^(aria-(label|live|valuetext)|tabindex|id|role)$/.test(name));
    for (const name of gone) element.removeAttribute(name);
  }
  return new XMLSerializer().serializeToString(copy);
}
"""
BOTTOM = 'root => root.querySelector(".explanations").getBoundingClientRect().bottom'


def find_browser() -> str:
    """The path of a Chromium.

    Raises:
        FileNotFoundError: there is none.
    """
    if found := next(filter(None, map(shutil.which, PROGRAMS)), None):
        return found
    remedy = "on Debian: apt-get install chromium"
    raise FileNotFoundError(f"some pictures are made by a browser, and none of {', '.join(PROGRAMS)} is on PATH; {remedy}")


class Browser:
    """A Chromium that is started when it is first used."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._chromium: Any = None

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def page(self, html: str, width: int, height: int = 700) -> Any:
        """A page in a tab of its own, nothing on it moving."""
        from playwright.sync_api import sync_playwright

        if self._chromium is None:
            program = find_browser()
            playwright = self._stack.enter_context(sync_playwright())
            self._chromium = playwright.chromium.launch(executable_path=program, args=FLAGS)
            self._stack.callback(self._chromium.close)
        directory = self._stack.enter_context(tempfile.TemporaryDirectory())
        file = Path(directory) / "page.html"
        file.write_text(html, encoding="utf-8")
        page = self._chromium.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
        page.goto(file.as_uri())
        return page

    def steps(self, html: str, width: int) -> tuple[list[str], int]:
        """What the page of a stepper shows at each step, as XHTML, and how high it is at most."""
        page = self.page(html, width)
        stepper = page.locator("#stepper")
        frames, height = [], 0
        for _ in range(1 + int(page.get_by_role("slider", name="Step", exact=True).get_attribute("max"))):
            frames.append(stepper.evaluate(SERIALISED))
            height = max(height, ceil(stepper.evaluate(BOTTOM)) + 12)
            page.keyboard.press("ArrowRight")
        page.close()
        return frames, height

    def photos(self, html: str, fragment: str, width: int, height: int) -> dict[str, str]:
        """The page at what the fragment of its address says, in light and in dark, as JPEG in base 64."""
        found = {}
        for scheme in ("light", "dark"):
            page = self.page(html, width, height)
            page.emulate_media(color_scheme=scheme)
            page.goto(page.url + fragment)
            page.get_by_text(f"Step {fragment.rpartition('=')[2]}:").first.wait_for()
            found[scheme] = base64.b64encode(page.screenshot(type="jpeg", quality=75)).decode()
            page.close()
        return found

    def size(self, html: str, selector: str) -> tuple[int, int]:
        """Width and height of an element, rounded up."""
        page = self.page(f"<!doctype html><meta charset='utf-8'>{html}", 1200)
        box = page.locator(selector).bounding_box()
        page.close()
        return int(box["width"]) + 1, int(box["height"]) + 1

    def sheet(self, pictures: Sequence[Path], file: Path) -> None:
        """All pictures on one, as large as they are, each with its name, first on a light page, then on a dark one."""
        figures = "".join(f'<figure><img src="{p.resolve().as_uri()}"><figcaption>{p.name}</figcaption></figure>' for p in pictures)
        css = """
body { margin: 0; font: 15px sans-serif; }
section { display: flex; flex-wrap: wrap; gap: 24px; padding: 24px; align-items: end; }
figure { margin: 0; } figcaption { margin-top: 6px; opacity: .7; } img { max-width: 1750px; }
.light { background: #ffffff; color: #1f2328; color-scheme: light; } .dark { background: #0d1117; color: #e6edf3; color-scheme: dark; }
"""
        sections = "".join(f"<section class='{ground}'>{figures}</section>" for ground in ("light", "dark"))
        page = self.page(f"<!doctype html><meta charset='utf-8'><style>{css}</style>{sections}", 1800)
        page.wait_for_function("[...document.images].every(image => image.complete)")
        page.screenshot(path=file, full_page=True)
        page.close()
