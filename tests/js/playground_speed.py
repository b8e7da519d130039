"""How quick the playground and blocks that run are: python tests/js/playground_speed.py [SITE]

SITE is what `dev.py docs` has built, site/ by default.  It is served on this machine to a headless Chromium that has
seen nothing of it; the server counts what goes over the wire.  Only on an idle machine do the figures say something.
"""

import functools
import http.server
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, sync_playwright
from stopwatch import FLAGS, spread

ROOT = Path(__file__).resolve().parents[2]
VISITS, MOVES, RUNS = 3, 30, 20
REST = 120  # milliseconds without a movement before a new layout: docs/site/theme/assets/live/playground.js
FORMULA = "h1 = sigmoid(w1*i1 + w2*i2 + b1)\nh2 = sigmoid(w3*i1 + w4*i2 + b1)\nout = h1*w5 + h2*w6"
MOVED = """async (value) => {
    const [body, graph] = [".play", ".play-graph"].map((name) => document.querySelector(name));
    const when = (place, what) => new Promise((resolve) => {
        const observer = new MutationObserver(() => { observer.disconnect(); resolve(performance.now()); });
        observer.observe(place, what);
    });
    const laid = when(body, { attributeFilter: ["data-laid"] });
    const numbers = when(body, { attributeFilter: ["data-shown"] });
    const picture = when(graph, { childList: true });
    const slider = document.querySelector("#play-in-w1");
    const start = performance.now();
    slider.value = value;
    slider.dispatchEvent(new Event("input"));
    const times = [await numbers - start, await picture - start];
    await laid;
    return times;
}"""


class Counting(http.server.SimpleHTTPRequestHandler):
    """Hands out files, and counts bytes: of Python, which lies there compressed, and of pages, which it leaves as they are."""

    python = pages = 0

    def copyfile(self, source, outputfile):
        size = Path(source.name).stat().st_size
        if "/python-" in self.path:
            Counting.python += size
        else:
            Counting.pages += size
        super().copyfile(source, outputfile)

    def log_message(self, *_):
        pass


@contextmanager
def visit(browser: Browser, address: str) -> Iterator[Page]:
    """A page of the site, in a browser without anything kept."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(address)
    yield page
    context.close()


def run(page: Page) -> float:
    """Seconds until the first block of a page has run."""
    button = page.locator(".run").first
    button.wait_for()
    start = time.perf_counter()
    button.click()
    page.wait_for_function("document.querySelector('.run').textContent === 'Run'", polling=5)
    return time.perf_counter() - start


def measure(browser: Browser, address: str) -> Iterator[tuple[str, str, str]]:
    """What is measured, what was found, what is wanted."""
    cold, python, pages = list[float](), list[float](), list[float]()
    for _ in range(VISITS):
        Counting.python, Counting.pages, start = 0, 0, time.perf_counter()
        with visit(browser, f"{address}playground.html") as page:
            page.click(".play-load")
            page.wait_for_selector(".play-graph svg")
            cold.append(time.perf_counter() - start)
            page.wait_for_function("document.querySelector('.play').dataset.laid")
            python.append(Counting.python / 1e6)
            pages.append(Counting.pages / 1e6)
    yield "first picture, from a cold cache", spread(cold, "s", 2), "5 s"
    yield "sent until then of Python and Graphviz", spread(python, "MB", 2), "9 MB"
    yield "and of the page, not compressed", spread(pages, "MB", 2), "as without the playground"

    with visit(browser, f"{address}playground.html#{urlencode({'formula': FORMULA})}") as page:
        page.click(".play-load")
        page.wait_for_function("document.querySelector('.play').dataset.laid")
        nodes = page.locator(".play-graph .node").count()
        moves = [page.evaluate(MOVED, -1.5 + 3 * (i * 37 % MOVES) / MOVES) for i in range(MOVES)]
    numbers, pictures = zip(*moves, strict=True)
    yield f"a slider moved, {nodes} boxes: numbers and chain rule", spread(numbers, "ms", 0), "50 ms"
    yield "a new layout, after the hand has rested", spread([x - REST for x in pictures], "ms", 0), "150 ms"

    first, later, offline = list[float](), list[float](), list[float]()
    for _ in range(VISITS):
        with visit(browser, f"{address}tutorial/01-one-product.html") as page:
            first.append(run(page))
            page.locator(".language-python.highlight code").first.fill("1 + 1")
            later += [1000 * run(page) for _ in range(RUNS)]
            page.wait_for_function("document.documentElement.dataset.offline === 'ready'")
            page.context.set_offline(True)
            page.reload()
            offline.append(run(page))
    yield "a block run for the first time, a picture among it", spread(first, "s", 2), "6 s"
    yield "a block run later, 1 + 1", spread(later, "ms", 0), "200 ms"
    yield "a block run on the second visit, without a network", spread(offline, "s", 2), "it runs"


def main() -> None:
    """Measure, and print the least, the median and the most of each."""
    site = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "site")
    if not list(site.glob("assets/python-*")):
        sys.exit(f"{site} has no playground; build it first: python3 dev.py docs")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Counting, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for what, found, wanted in measure(browser, f"http://127.0.0.1:{server.server_address[1]}/"):
            print(f"{what:54} {found:>24}   wanted: {wanted}", flush=True)
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
