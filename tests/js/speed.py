"""How quick the stepper is, on the 3-3-3 example: python tests/js/speed.py

Measures what `save` takes, and in a headless Chromium the time to the first paint, and of each step up to the next frame.
"""

import shutil
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright
from stopwatch import FLAGS, TIMED

from autograd_tiny.views.widget import Stepper
from autograd_tiny.worked import three_three_three

PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
STEPS = f"""async () => {{
    const [times, timed] = [[], {TIMED}];
    const next = document.querySelector(".next");
    while (next.getAttribute("aria-disabled") === "false") times.push(await timed(() => next.click()));
    return times;
}}"""


def main() -> None:
    """Measure, and print."""
    loss = three_three_three.record().loss
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        start = time.perf_counter()
        path = Stepper(loss).save(Path(folder) / "steps.html")
        print(f"save: {time.perf_counter() - start:.2f} s, {path.stat().st_size / 1000:.0f} KB")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        paints = []
        for _ in range(5):
            page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
            page.goto(path.as_uri())
            page.locator(".phase").wait_for()
            page.wait_for_timeout(200)
            paints.append(page.evaluate(PAINT))
        print(f"first paint: median {statistics.median(paints):.0f} ms, worst {max(paints):.0f} ms")
        script, frame = zip(*page.evaluate(STEPS), strict=True)
        print(f"step, script and layout: median {statistics.median(script):.1f} ms, worst {max(script):.1f} ms")
        print(f"step, to the next frame: median {statistics.median(frame):.1f} ms, worst {max(frame):.1f} ms, {len(frame)} steps")
        browser.close()


if __name__ == "__main__":
    main()
