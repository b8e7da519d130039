"""How quick inputs are that move: python tests/js/live_speed.py

In a headless Chromium, the time from the input event of a slider to the next frame, at the last step of graphs of two sizes.
"""

import shutil
import tempfile
from pathlib import Path
from random import Random

from playwright.sync_api import sync_playwright
from stopwatch import FLAGS, TIMED, spread

from autograd_tiny import Value, nn
from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.views.widget import Stepper

MOVES = f"""async () => {{
    const slider = document.querySelector(".leaf input[type=range]");
    const [from, to] = [Number(slider.min), Number(slider.max)];
    const [times, timed] = [[], {TIMED}];
    for (let i = 0; i < 100; i += 1) {{
        slider.value = from + ((to - from) * ((i * 37) % 100)) / 100;
        times.push(await timed(() => slider.dispatchEvent(new Event("input"))));
    }}
    return times;
}}"""


def network(widths: list[int]) -> Value:
    """A loss of a network at one sample."""
    model = nn.MLP(widths, ["tanh"] * (len(widths) - 2) + ["linear"], rng=Random(0))
    inputs = [Value(0.5 - 0.3 * i, f"x{i}") for i in range(widths[0])]
    return (model(inputs)[0] - 0.5) ** 2


def main() -> None:
    """Measure, and print the least, the median and the most."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for widths in ([2, 5, 4, 1], [2, 16, 15, 1]):
            loss = network(widths)
            path = Stepper(loss).save(Path(folder) / "steps.html")
            page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
            page.goto(path.as_uri())
            page.keyboard.press("End")
            page.evaluate("document.querySelector('.inputs').open = true")
            script, frame = zip(*page.evaluate(MOVES), strict=True)
            print(
                f"{len(all_nodes(loss))} nodes: script and layout {spread(script)}; to the next frame {spread(frame)}"
            )
        browser.close()


if __name__ == "__main__":
    main()
