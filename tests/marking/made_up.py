"""Reports on marks that are made up."""

from autograd_tiny.marking.claims import read_claim
from autograd_tiny.marking.marks import Mark
from autograd_tiny.marking.report import Report


def report(*rows):
    """A report on claims, as texts or read, each with its verdict, perhaps the engine's number, and whatever else is known."""
    marks = []
    for number, (text, verdict, *more) in enumerate(rows):
        known = more.pop() if more and isinstance(more[-1], dict) else {}
        claim = read_claim(text) if isinstance(text, str) else text
        claim = claim._replace(**{name: known.pop(name) for name in ("section", "printed", "spot") if name in known})
        marks.append(Mark(number, claim, more[0] if more else claim.printed.number, verdict, **known))
    return Report(marks)
