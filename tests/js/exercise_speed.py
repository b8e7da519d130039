"""How quick the page of an exercise is: python tests/js/exercise_speed.py

Of a 2-2-2 network with all that can be asked: the size of the file, and in a headless Chromium the time until it is ready, and from an
answer that is entered to the next frame, with every answer before it filled in, right ones and wrong ones that others follow from.
"""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from stopwatch import FLAGS, TIMED, spread

from autograd_tiny.exercises import Exercise, random_exercise

READY = "performance.timing.domContentLoadedEventEnd - performance.timing.navigationStart"
ANSWERS = f"""async (answers) => {{
    const [times, timed] = [[], {TIMED}];
    const fields = [...document.querySelectorAll("li input")];
    for (const [i, field] of fields.entries()) {{
        field.focus();
        field.value = answers[i];
        times.push(await timed(() => field.dispatchEvent(new Event("change"))));
    }}
    return times;
}}"""


def main() -> None:
    """Measure, and print."""
    network = random_exercise("2-2-2 network", 3, seed=1)
    exercise = Exercise(network.output, ["forward", "gradients"])
    right = list(exercise.solution.values())
    doubled = [f"{2 * float(text):.3g}" for text in right]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = exercise.save(Path(folder) / "exercise.html")
        print(f"{len(exercise.blanks)} blanks, {path.stat().st_size / 1000:.0f} kB")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for what, answers in (("right", right), ("each twice too large", doubled)):
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(path.as_uri())
            ready = page.evaluate(READY)
            script, frame = zip(*page.evaluate(ANSWERS, answers), strict=True)
            print(f"answers {what}: ready in {ready} ms; script and layout {spread(script)}; to the next frame {spread(frame)}")
        browser.close()


if __name__ == "__main__":
    main()
