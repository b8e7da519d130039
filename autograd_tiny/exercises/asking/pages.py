"""An exercise made of a page of published numbers: what it claims is asked for."""

from __future__ import annotations

from pathlib import Path
from statistics import median_low

from autograd_tiny.exercises.exercise import Exercise
from autograd_tiny.marking.files.sources import pages_in
from autograd_tiny.marking.page import PageError


def from_page(path: Path, *, digits: int | None = None) -> Exercise:
    """The first page of a file as an exercise: each number that it claims is a blank, those of its inputs are given.

    Args:
        path: the file, as `autograd-tiny mark` takes it.
        digits: how many significant digits an answer needs; about as many as the page prints if it is None.

    Raises:
        PageError: naming file and line, for what is no page.
        ValueError: it trains on samples, of which an exercise has none, or it claims what cannot be asked for.
        OSError: the file cannot be read.
    """
    page = pages_in(path)[0]
    if page.samples:
        raise PageError(page.file, "sample: an exercise has one sample; write its numbers below [inputs]")
    recorded = page.record()
    given = {name for name, node in recorded.nodes.items() if node.op is None}
    claims = [claim for claim in page.claims if claim.quantity.kind != "data" or claim.quantity.nodes[0] not in given]
    ask = dict.fromkeys(str(claim.quantity) for claim in claims)
    training = {"learning_rate": page.learning_rate, **page.training} if page.training else None
    if digits is None:
        digits = max(1, median_low([claim.printed.digits for claim in claims] or [1]))
    return Exercise(
        recorded, ask, digits=digits,
        learning_rate=None if training else page.learning_rate, training=training, title=page.title,
    )  # fmt: skip
