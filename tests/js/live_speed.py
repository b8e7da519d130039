"""How quick inputs are that move: python tests/js/live_speed.py [FILE.html ...]

In a headless Chromium, at the last step of graphs of two sizes, or of saved pages: a pointer drags the first slider, and the page takes
the time from each input event to the end of the next frame's work.  A browser hands on what a pointer does where a frame begins, so none
of that time is spent in waiting for one.  Beside it, what a busy machine does not change much: processor time of the page's main thread,
layouts and recalculations of style, each per move.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from random import Random

from playwright.sync_api import Page, sync_playwright
from stopwatch import FLAGS, spread

from autograd_tiny import Value, nn
from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.views.widget import Stepper

MOVES = 100
WATCH = """() => {
    window.times = [];
    addEventListener("input", () => {
        const start = performance.now();
        requestAnimationFrame(() => setTimeout(() => window.times.push(performance.now() - start)));
    }, { capture: true });
}"""


def network(widths: list[int]) -> Value:
    """A loss of a network at one sample."""
    model = nn.MLP(widths, ["tanh"] * (len(widths) - 2) + ["linear"], rng=Random(0))
    inputs = [Value(0.5 - 0.3 * i, f"x{i}") for i in range(widths[0])]
    return (model(inputs)[0] - 0.5) ** 2


def pages(folder: Path) -> list[Path]:
    """The saved pages of two networks, their names the numbers of nodes."""
    losses = [network([2, 5, 4, 1]), network([2, 16, 15, 1])]
    return [Stepper(loss).save(folder / f"{len(all_nodes(loss))} nodes.html") for loss in losses]


def drag(page: Page) -> list[float]:
    """Drag the first slider to and fro, and return the milliseconds from each input event to the end of the next frame's work."""
    slider = page.locator(".leaf input[type=range]").first
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    y, least, room = box["y"] + box["height"] / 2, box["x"] + 12, box["width"] - 24
    page.mouse.move(least, y)
    page.mouse.down()
    page.evaluate(WATCH)
    for i in range(MOVES):
        page.mouse.move(least + room * ((i * 37 + 50) % 100) / 100, y)
    page.mouse.up()
    page.wait_for_timeout(200)  # for the last frame
    return page.evaluate("window.times")


def main() -> None:
    """Measure, and print the least, the median and the most."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for path in [Path(name).resolve() for name in sys.argv[1:]] or pages(Path(folder)):
            page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
            counters = page.context.new_cdp_session(page)
            counters.send("Performance.enable", {"timeDomain": "threadTicks"})
            page.goto(path.as_uri())
            page.keyboard.press("End")
            page.evaluate("document.querySelector('.inputs').open = true")
            before, times, after = counted(counters), drag(page), counted(counters)
            spent = {name: (after[name] - before[name]) / len(times) for name in after}
            print(
                f"{path.stem}: {len(times)} moves; to the next frame {spread(times)}; processor {1000 * spent['TaskDuration']:.1f} ms, "
                f"of it script {1000 * spent['ScriptDuration']:.1f}; layouts {spent['LayoutCount']:.1f}, "
                f"recalculations of style {spent['RecalcStyleCount']:.1f}"
            )
        browser.close()


def counted(counters) -> dict[str, float]:
    """What the browser has counted so far."""
    return {metric["name"]: metric["value"] for metric in counters.send("Performance.getMetrics")["metrics"]}


if __name__ == "__main__":
    main()
