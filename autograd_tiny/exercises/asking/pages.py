"""An exercise made of a page of published numbers: what it claims is asked for."""

from __future__ import annotations

import os
from pathlib import Path
from statistics import median_low

from autograd_tiny.exercises.answers import DIGITS, MOST_DIGITS
from autograd_tiny.exercises.asking.asked import asked_for
from autograd_tiny.exercises.exercise import Exercise
from autograd_tiny.marking.derivations import NamedGraph
from autograd_tiny.marking.files.sources import pages_in
from autograd_tiny.marking.page import PageError


def from_page(path: str | os.PathLike[str], *, digits: int | None = None) -> Exercise:
    """The first page of a file as an exercise: each number that it claims is a blank, those of its inputs are given.

    Args:
        path: the file, as `autograd-tiny mark` takes it.
        digits: how many significant digits an answer needs; about as many as the page prints if it is None, 3 where
            it prints formulas and fractions alone.

    Raises:
        PageError: naming file and line, for what is no page, and one that claims only what is given.
        ValueError: it trains on samples, of which an exercise has none, or it claims what cannot be asked for.
        OSError: the file cannot be read.
    """
    page = pages_in(Path(path))[0]
    if page.samples:
        raise PageError(page.file, "sample: an exercise has one sample; write its numbers below [inputs]")
    recorded = page.record()
    given = {name for name, node in recorded.nodes.items() if node.op is None}
    claims = [claim for claim in page.claims if claim.quantity.kind != "data" or claim.quantity.nodes[0] not in given]
    if not claims:
        raise PageError(page.file, "claims: all of them are given; claim what is computed, and it will be asked for")
    graph = NamedGraph(recorded.output, list(recorded.nodes.values()))
    # An array may be claimed as a whole, by a formula, and entry by entry.
    ask = dict.fromkeys(str(x) for claim in claims for x in asked_for(str(claim.quantity), graph, ()))
    training = {"learning_rate": page.learning_rate, **page.training} if page.training else None
    if digits is None:
        # A formula and a fraction are exact, and tell no number of digits.
        printed = [x.printed.digits for x in claims if x.formula is None and not x.printed.is_exact]
        digits = min(median_low(printed), MOST_DIGITS) if printed else DIGITS
    return Exercise(
        recorded, ask, digits=digits,
        learning_rate=None if training else page.learning_rate, training=training, title=page.title,
    )  # fmt: skip
