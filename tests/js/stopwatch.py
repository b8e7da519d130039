"""A stopwatch in the page, for the scripts beside this one."""

TIMED = """async (act) => {
    const start = performance.now();
    act();
    document.body.getBoundingClientRect();
    const script = performance.now() - start;
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    return [script, performance.now() - start];
}"""
"""How long something takes, in milliseconds: its script and layout, and all up to the next frame."""
