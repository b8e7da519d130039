"""A stopwatch in the page, and what else the scripts beside this one share."""

import statistics
from collections.abc import Sequence

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]

TIMED = """async (act) => {
    const start = performance.now();
    act();
    document.body.getBoundingClientRect();
    const script = performance.now() - start;
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    return [script, performance.now() - start];
}"""
"""How long something takes, in milliseconds: its script and layout, and all up to the next frame, with the wait until
one begins, which is up to 16.7 ms; one after the other, nothing takes less."""


def spread(times: Sequence[float], unit: str = "ms", places: int = 1) -> str:
    """The least, which is what an idle machine takes, the median and the most."""
    return " / ".join(f"{x:.{places}f}" for x in (min(times), statistics.median(times), max(times))) + f" {unit}"
