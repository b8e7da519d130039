"""How quick a page trains: python tests/js/training_speed.py

In a headless Chromium, a network of 2-16-16-1 on 100 points, with all pictures on: how many steps a second there are, drawn after every
step as quickly as they can be, and the processor time that a step takes in the page's own process, which does not depend on what else
the machine does.
"""

import shutil
import tempfile
from pathlib import Path
from random import Random

from playwright.sync_api import sync_playwright
from stopwatch import FLAGS

from autograd_tiny import TrainingPage, losses, nn, optim, samples

SECONDS = 5
STEPS = 100
DRAWN = f"() => {{ for (let i = 0; i < {STEPS}; i += 1) document.training.step(); }}"


def main() -> None:
    """Measure, and print."""
    model = nn.MLP([2, 16, 16, 1], ["tanh"] * 3, rng=Random(0))
    page = TrainingPage(model, losses.half_squared_error, samples.plane(100), optim.Adam(model.parameters(), 0.01))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        session = browser.new_browser_cdp_session()

        def spent() -> dict[int, float]:
            return {p["id"]: p["cpuTime"] for p in session.send("SystemInfo.getProcessInfo")["processInfo"]}

        for pace in ("One step a frame", "As fast as it can"):
            tab = browser.new_page(viewport={"width": 1280, "height": 900})
            tab.goto(page.save(Path(folder) / "training.html").as_uri())
            tab.get_by_label("Speed").select_option(pace)
            tab.get_by_role("button", name="Play").click()
            tab.wait_for_timeout(1000)
            start, before = tab.evaluate("document.training.run.step"), spent()
            tab.wait_for_timeout(1000 * SECONDS)
            end, after = tab.evaluate("document.training.run.step"), spent()
            most = max(after[p] - before.get(p, 0.0) for p in after)
            print(
                f"{pace}: {(end - start) / SECONDS:.0f} steps a second; {1000 * most / (end - start):.1f} ms of the page's process a step"
            )
            tab.close()
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        tab.goto(page.save(Path(folder) / "training.html").as_uri())
        tab.evaluate(DRAWN)
        before = spent()
        tab.evaluate(DRAWN)
        after = spent()
        most = max(after[p] - before.get(p, 0.0) for p in after)
        print(f"Drawn after every step, without waiting for frames: {1000 * most / STEPS:.1f} ms of the page's process a step")
        browser.close()


if __name__ == "__main__":
    main()
