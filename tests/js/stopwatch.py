"""A stopwatch in the page, and what else the scripts beside this one share."""

import statistics

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]

TIMED = """async (act) => {
    const start = performance.now();
    act();
    document.body.getBoundingClientRect();
    const script = performance.now() - start;
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    return [script, performance.now() - start];
}"""
"""How long something takes, in milliseconds: its script and layout, and all up to the next frame."""


def spread(times: tuple[float, ...]) -> str:
    """The least, which is what an idle machine takes, the median and the most."""
    return f"{min(times):.1f} / {statistics.median(times):.1f} / {max(times):.1f} ms"
