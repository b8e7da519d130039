"""Mistakes planted on pages of `benchmarks.pages`, to see whether `autograd_tiny.mark` finds and names them.

They are written from their description alone and share nothing with the marker: each is another sum in place of a line's
own, or an edit of its printed text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial
from random import Random
from typing import NamedTuple

from benchmarks.pages import NO_NUMBER, Factor, Line, Network, Page, Sum, Term, constant, product

KINDS = (
    "sign",
    "factor",
    "activation derivative missing",
    "wrong point",
    "softmax diagonal only",
    "one path kept",
    "path left out",
    "term left out",
    "neighbour taken",
    "updated weights used",
    "update added",
    "decimal place",
    "digits swapped",
    "factor twice",
    "factor left out",
    "activation missing",
    "copied",
    "mistaken rule",
    "weight and gradient",
    "another number",
    "digit dropped",
    "digit put in",
    "digit mistyped",
    "stale",
)

NEAR = 8
"""Another number is taken from so many lines before."""
FEWEST = 5
"""A slip of the pen shows in a number that is printed with so many digits, before two that are right."""

SYNONYMS = {
    ("one path kept", "path left out"): "of two paths, one is kept and one left out",
    ("one path kept", "softmax diagonal only"): "the path that is kept is the diagonal one",
    ("path left out", "softmax diagonal only"): "of two paths, the diagonal one is kept",
    ("path left out", "term left out"): "each path is a term of the sum",
    ("one path kept", "term left out"): "of two terms, one is kept",
    ("softmax diagonal only", "term left out"): "of two terms, the diagonal one is kept",
    ("activation derivative missing", "factor left out"): "the activation's derivative is a factor",
    ("decimal place", "digits swapped"): "a zero and the only other digit are swapped",
    ("decimal place", "factor left out"): "the factor is a power of ten",
    ("decimal place", "factor twice"): "the factor is a power of ten",
    ("factor", "factor left out"): "the factor is 2 or ½, or the number of samples",
    ("factor", "mistaken rule"): "the factor is the exponent that a square brings down",
    ("factor", "factor twice"): "the factor is 2 or ½",
    ("neighbour taken", "sign"): "the two outputs of a softmax have opposite derivatives",
    ("copied", "sign"): "the two outputs of a softmax have opposite derivatives",
    ("copied", "neighbour taken"): "with every index from the neighbour, it is the neighbour's number",
    ("activation missing", "copied"): "it is the number of the weighted sum",
    ("activation derivative missing", "copied"): "it is the number of the derivative one step before",
    ("copied", "factor left out"): "it is the number of the factor that is left",
    ("copied", "one path kept"): "it is the number of the path that is left",
    ("copied", "term left out"): "it is the number of the term that is left",
    ("not updated", "term left out"): "the term is the step of an update",
    ("one term kept", "term left out"): "of two terms, one is kept",
    ("one path kept", "one term kept"): "each path is a term of the sum",
    ("factor left out", "mistaken rule"): "the factor is part of an activation's rule",
    ("mistaken rule", "term left out"): "the term is part of an activation's rule",
    ("one term kept", "path left out"): "each path is a term of the sum",
    ("exchanged", "transposed"): "of a matrix with two rows and two columns, two weights are exchanged",
    ("mistaken rule", "softmax diagonal only"): "a softmax that is treated entry by entry has its diagonal only",
    ("digit put in", "digits swapped"): "two digits beside a third that is alike",
    ("factor", "softmax diagonal only"): "of two equal paths, the diagonal one is kept",
    ("factor", "one path kept"): "of two equal paths, one is kept",
    ("factor", "path left out"): "of two equal paths, one is left out",
    ("factor", "term left out"): "of two equal terms, one is left out",
    ("another number", "copied"): "there is no other term and no other factor",
    ("another value", "stale"): "from before an edit, or another value used throughout",
    ("another number", "neighbour taken"): "the other number is that of a neighbour",
    ("another number", "factor twice"): "the other number is another factor's",
    ("another number", "factor left out"): "the other number is 1",
    ("another number", "wrong point"): "the other number is the input or the output",
    ("another number", "sign"): "the other number is the opposite one",
    ("another number", "activation missing"): "the other number is the input of the activation",
    ("another number", "stale"): "a line that takes another number looks like one of before an edit",
    ("mistaken rule", "sign"): "of a rule of two terms, one has the other sign",
    ("mistaken rule", "factor left out"): "the rule leaves a factor out",
    ("mistaken rule", "copied"): "the derivative that is written is the output itself",
    ("copied", "weight and gradient"): "it is the number of the gradient",
    ("term left out", "weight and gradient"): "of a weight and a step, the step is left",
}
"""Pairs of mistakes that may be the same formula, and when.  A pair counts only where both print the same digits."""


class Plant(NamedTuple):
    """A mistake: other sums in place of some lines' own, or other texts in place of what they print.

    Attributes:
        kind: its name.
        sums, texts: by the numbers of the lines.
        given: numbers that only these sums use.
        carried: whether the author goes on with the wrong number, and not only misprints it.
    """

    kind: str
    sums: Mapping[int, Sum] = {}
    texts: Mapping[int, str] = {}
    given: Mapping[str, float] = {}
    carried: bool = True

    @property
    def places(self) -> list[int]:
        """The lines that are wrong of themselves."""
        return sorted({*self.sums, *self.texts})

    def on(self, page: Page) -> list[str]:
        """What the page prints with this mistake."""
        return page.write(self.sums, self.texts, self.given, carried=self.carried)[0]


def synonyms(one: str, other: str) -> bool:
    """Whether two names may stand for the same formula."""
    return (one, other) in SYNONYMS or (other, one) in SYNONYMS


def wrong_sums(network: Network, line: Line) -> Iterator[tuple[str, Sum]]:
    """Every mistake in computing a line, by its name."""
    for kind, sums in line.own.items():
        for terms in sums:
            yield kind, terms
    yield "sign", scaled(line.terms, -1.0)
    if "/" in line.quantity or line.quantity.startswith("E"):
        for factor in {2.0, 0.5, float(network.plan.sizes[-1]), 1.0 / network.plan.sizes[-1]}:
            yield "factor", scaled(line.terms, factor)
    yield from _weight_and_gradient(line, network)
    yield from _other_terms(line)
    for n, term in enumerate(line.terms):
        for changed, kind in _other_factors(term):
            yield kind, (*line.terms[:n], changed, *line.terms[n + 1 :])
        for changed in _neighbouring(term, network.neighbours):
            yield "neighbour taken", (*line.terms[:n], changed, *line.terms[n + 1 :])
    used = dict.fromkeys(quantity for term in line.terms for factor in term for quantity in factor.of)
    for names in (network.transposed, *({quantity: other} for quantity in used for other in network.neighbours.get(quantity, ()))):
        if not names.keys().isdisjoint(used):
            yield "neighbour taken", tuple(tuple(renamed(factor, names) for factor in term) for term in line.terms)


def _weight_and_gradient(line: Line, network: Network) -> Iterator[tuple[str, Sum]]:
    """The weight less its gradient for the gradient; the step, or the gradient, for the weight after it."""
    by = line.quantity.rpartition("/")[2]
    if line.quantity == f"E_total/{by}" and by in network.neighbours and by in network.given:
        yield "weight and gradient", (product(by), *scaled(line.terms, -1.0))
    if line.quantity.endswith("'") and len(line.terms) == 2:
        yield "weight and gradient", scaled(line.terms[1:], -1.0)
        yield "weight and gradient", ((line.terms[1][-1],),)


def scaled(terms: Sum, factor: float) -> Sum:
    """A sum, times a number."""
    return tuple((constant(factor), *term) for term in terms)


def _other_terms(line: Line) -> Iterator[tuple[str, Sum]]:
    if len(line.terms) < 2:
        return
    is_update = line.quantity.endswith("'")
    for n, term in enumerate(line.terms):
        rest = line.terms[:n] + line.terms[n + 1 :]
        if line.paths:
            yield "one path kept", (term,)
            yield "path left out", rest
        else:
            yield "term left out", rest
        if not is_update:
            yield "sign", (*line.terms[:n], (constant(-1.0), *term), *line.terms[n + 1 :])


def _other_factors(term: Term) -> Iterator[tuple[Term, str]]:
    for n, factor in enumerate(term):
        if len(term) > 1 and (factor.of or abs(factor.function()) != 1.0):
            yield term[:n] + term[n + 1 :], "factor left out"
            yield (factor, *term), "factor twice"


def _neighbouring(term: Term, neighbours: Mapping[str, Sequence[str]]) -> Iterator[Term]:
    for n, factor in enumerate(term):
        for quantity in factor.of:
            for other in neighbours.get(quantity, ()):
                if other not in factor.of:
                    yield (*term[:n], renamed(factor, {quantity: other}), *term[n + 1 :])


def renamed(factor: Factor, names: Mapping[str, str]) -> Factor:
    """A factor of other quantities."""
    return factor._replace(of=tuple(names.get(quantity, quantity) for quantity in factor.of))


def wrong_texts(page: Page, n: int, reach: int = 12) -> Iterator[tuple[str, str]]:
    """Every mistake in writing a line down, by its name: a moved point, two digits swapped, another line's number."""
    text = page.honest[n]
    for places in (-2, -1, 1, 2):
        yield "decimal place", _moved(text, places)
    for match in re.finditer(r"(?=(\d)(\.?)(\d))", text.partition("e")[0]):
        at, (a, point, b) = match.start(), match.groups()
        if a != b:
            yield "digits swapped", text[:at] + b + point + a + text[at + 2 + len(point) :]
    yield from _slips_of_the_pen(text)
    for other in page.honest[max(0, n - reach) : n]:
        if len(re.sub(r"^[-0.]+|e.*|[.]", "", other)) >= 3:
            yield "copied", other


def _slips_of_the_pen(text: str) -> Iterator[tuple[str, str]]:
    """A decimal dropped, put in or mistyped, of a number with digits enough and none at its end that says nothing."""
    whole, point, decimals = text.partition(".")
    if not point or "e" in text or text.endswith("0") or len((whole.strip("-") + decimals).lstrip("0")) < FEWEST:
        return
    start = len(decimals) - len(decimals.lstrip("0")) if not int(whole) else 0
    for i in range(start, len(decimals) - 2):
        here, rest = decimals[i], decimals[i + 1 :]
        if here != rest[0] and len((whole.strip("-") + decimals).lstrip("0")) > FEWEST:
            yield "digit dropped", whole + point + decimals[:i] + rest
        other = str((int(here) + 3 + i) % 10)
        if other != here:
            yield "digit put in", whole + point + decimals[:i] + other + here + rest
            yield "digit mistyped", whole + point + decimals[:i] + other + rest


def _moved(text: str, places: int) -> str:
    number = Decimal(text).scaleb(places)
    return f"{number:e}" if "e" in text else f"{number:f}"


def plants(page: Page, kind: str, random: Random) -> Iterator[Plant]:
    """Mistakes of one kind, one per line at most, the lines in random order.

    What an honest author may print as well is no mistake and left out; so are lines without digits, a derivative of ReLU.
    """
    if kind == "stale":
        yield from _stale(page, random)
        return
    numbers = list(range(len(page.network.lines)))
    random.shuffle(numbers)
    for n in numbers:
        if _has_digits(page.honest[n]):
            choice = [plant for plant, text in plants_in(page, n) if plant.kind == kind and not page.is_honest(n, text)]
            if choice:
                yield random.choice(choice)


def _has_digits(text: str) -> bool:
    return text.strip("0.") not in ("", "1")


def plants_in(page: Page, n: int) -> Iterator[tuple[Plant, str]]:
    """Every mistake in one line, and what it prints there."""
    for kind, terms in _computable(page, n):
        yield Plant(kind, sums={n: terms}), page.prints(n, terms)
    for kind, text in wrong_texts(page, n):
        yield Plant(kind, texts={n: text}), text


def same_digits(page: Page, plant: Plant) -> set[str]:
    """The mistakes that may print what this one prints, by their names."""
    n = plant.places[0]
    mine = plant.texts[n] if n in plant.texts else page.prints(n, plant.sums[n], plant.given)
    computed = {kind for kind, terms in _computable(page, n) if page.may_print(n, terms, mine)}
    return {kind for kind, text in wrong_texts(page, n) if float(text) == float(mine)} | computed | {plant.kind}


def _computable(page: Page, n: int) -> Iterator[tuple[str, Sum]]:
    """Every mistake in computing a line that gives a number, from quantities that stand before it."""
    known = {*page.network.given, *(before.quantity for before in page.network.lines[:n])}
    for kind, terms in wrong_sums(page.network, page.network.lines[n]):
        if all(quantity in known for term in terms for factor in term for quantity in factor.of):
            with suppress(*NO_NUMBER):
                page.prints(n, terms)
                yield kind, terms
    yield from _with_another_number(page, n)


def _with_another_number(page: Page, n: int) -> Iterator[tuple[str, Sum]]:
    """A line with another printed number in the place of one of its quantities."""
    terms = page.network.lines[n].terms
    for text in page.honest[max(0, n - NEAR) : n]:
        for i, term in enumerate(terms):
            for j, factor in enumerate(term):
                if len(factor.of) == 1 and float(text) != page.shown[factor.of[0]]:
                    taken = Factor((), partial(factor.function, float(text)))
                    with suppress(*NO_NUMBER):
                        changed = (*terms[:i], (*term[:j], taken, *term[j + 1 :]), *terms[i + 1 :])
                        page.prints(n, changed)
                        yield "another number", changed


def garbage(page: Page, random: Random) -> Plant:
    """A random number of the right size and sign or not, in a random line that has digits."""
    while True:
        n = random.randrange(len(page.network.lines))
        size = 2.0 * abs(float(page.honest[n]))
        text = page.style.text(random.uniform(-size, size))
        if _has_digits(page.honest[n]) and not page.is_honest(n, text):
            return Plant("random number", texts={n: text})


def last_digit(page: Page, random: Random) -> Plant | None:
    """One unit of the last digit too small, in a random line where no honest author prints that; None where there is no such line."""
    numbers = list(range(len(page.network.lines)))
    random.shuffle(numbers)
    for n in numbers:
        text = _one_less(page.honest[n])
        if _has_digits(page.honest[n]) and not page.is_honest(n, text):
            return Plant("last digit", texts={n: text})
    return None


def _one_less(text: str) -> str:
    """A number with its last digit one unit nearer to zero."""
    number = Decimal(text)
    less = number - Decimal((number.is_signed(), (1,), number.as_tuple().exponent))
    return f"{less:e}" if "e" in text else f"{less:f}"


def _stale(page: Page, random: Random) -> Iterator[Plant]:
    """Every line that uses a quantity computed from an older value of it: at least two numbers that differ from honest ones."""
    network = page.network
    quantities = [[q] for q in [*network.given, *(line.quantity for line in network.lines)]]
    outputs = [f"O_out{n}" for n in range(1, network.plan.sizes[-1] + 1)]
    if network.plan.activations[-1] == "softmax":
        quantities += [outputs] * 3
    random.shuffle(quantities)
    for changed in quantities:
        names = {quantity: f"older {quantity}" for quantity in changed}
        given = dict(zip(names.values(), _older(page, changed, random)))
        with suppress(*NO_NUMBER):
            sums = _differing(page, names, given)
            if len(sums) >= 2:
                yield Plant("stale", sums=sums, given=given)


def _differing(page: Page, names: Mapping[str, str], given: Mapping[str, float]) -> dict[int, Sum]:
    """The lines, by number, that print something else if some quantities are replaced, and their sums then."""
    sums = {}
    for n, line in enumerate(page.network.lines):
        terms = tuple(tuple(renamed(factor, names) for factor in term) for term in line.terms)
        if terms != line.terms and not page.is_honest(n, page.prints(n, terms, given)):
            sums[n] = terms
    return sums


def _older(page: Page, changed: Sequence[str], random: Random) -> list[float]:
    """Other numbers for some quantities: a given one with its decimals, softmax outputs that add up to 1."""
    numbers = [page.memory[quantity] for quantity in changed]
    if len(changed) > 1:
        raised = [x * math.exp(random.uniform(-0.6, 0.6)) for x in numbers]
        return [x / sum(raised) for x in raised]
    factor = random.choice([random.uniform(0.5, 0.9), random.uniform(1.1, 1.5)])
    return [round(x * factor, 2) if quantity in page.network.given else x * factor for quantity, x in zip(changed, numbers)]
