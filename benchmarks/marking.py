"""How well `mark` finds planted mistakes: ``python -m benchmarks.marking [--pages N] [--seed S] [--kind K] [--show N]``.

Honest pages of all sorts, on which nothing may be blamed.  Random networks, their pages printed at 3 to 8 digits: with one mistake of
each known kind, once carried on through what follows, once as a misprint alone; with one thing done differently all over them; with a
number that no known mistake made: a random one, or one whose last digit is one unit too small.  Pages of several training steps, and
whole arrays, printed and from code, with a mistake in a line of their backward pass.  Then how long marking takes, in seconds of the
processor.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice, product
from random import Random
from typing import NamedTuple

from autograd_tiny import mark, mark_all
from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.marking.marks import Mark
from autograd_tiny.marking.report import Report
from autograd_tiny.worked import three_three_three
from benchmarks.backward import ARRAY_KINDS, ArrayPlant, alike, array_plants, backward, recorded, same_shape, written
from benchmarks.backward import random_network as random_layers
from benchmarks.causes import NAMES, caused
from benchmarks.honest import Sort, honest_pages
from benchmarks.pages import FROM_MEMORY, NO_NUMBER, Page, Plan, Style, random_network, random_style
from benchmarks.planting import KINDS, SYNONYMS, Plant, garbage, last_digit, plants, same_digits, synonyms
from benchmarks.training import LATER_KINDS, OPTIMIZERS, WAYS, training_network

DIGITS = range(3, 9)
VERDICTS = ("right", "rounded", "last digit", "undecided", "carried", "mistake", "stale", "wrong")
FAITHFUL = VERDICTS[:4]
LOCATED, NAMED, TOGETHER = 99.0, 95.0, 85.0
"""Per cent of the plants that have to be located and named, and of the causes that have to be told as one story."""
UNNAMED = {"random number": garbage, "last digit": last_digit}
"""Wrong numbers that no known mistake makes, and what plants one."""
TOTAL = "total"


class Outcome(NamedTuple):
    """What the marker said about a page with a plant.

    Attributes:
        name: the mistake named at the first line that is blamed, or the verdict there.
        located: whether that line is the planted one.
        named: whether the mistake is called what it is, or by a synonym.
        alike: whether it is called something else that prints the same digits.
        again: whether another line, where nothing is planted, is called wrong of itself.
    """

    page: Page
    plant: Plant
    report: Report
    name: str
    located: bool
    named: bool
    alike: bool
    again: bool


def pages(count: int, seed: int) -> Iterator[Page]:
    """Random pages, their digits taken in turn."""
    for n in range(count):
        random = Random(f"{seed} {n}")
        while True:
            with suppress(*NO_NUMBER):  # the logarithm of an output that is printed as 0.000
                yield Page(random_network(random), random_style(random, DIGITS[n % len(DIGITS)]), random)
                break


def training_pages(count: int, seed: int) -> Iterator[Page]:
    """Pages of two training steps: optimizers, and ways to take samples, in turn."""
    ways = list(product(OPTIMIZERS, WAYS))
    for n in range(count):
        random = Random(f"training {seed} {n}")
        while True:
            with suppress(*NO_NUMBER):
                network = training_network(random, *ways[n % len(ways)])
                yield Page(network, random_style(random, DIGITS[n % len(DIGITS)]), random)
                break


def judged(pages: Iterable[tuple[Sort, Page]]) -> list[tuple[Sort, Page, Report]]:
    """The marker's reports on honest pages."""
    return [(sort, page, marked(page, page.honest)) for sort, page in pages]


def marked(page: Page, texts: Sequence[str]) -> Report:
    """The marker's report on a page."""
    return mark(page.network.root, page.claims(texts), **page.network.options)


def accused(report: Report) -> bool:
    """Whether anything on a page is blamed."""
    return any(m.verdict not in FAITHFUL for m in report.marks)


def outcome(page: Page, plant: Plant) -> Outcome:
    """The marker's report on a page with a plant, judged."""
    report = marked(page, plant.on(page))
    blamed = [m for m in report.marks if m.verdict not in FAITHFUL]
    name = "nothing" if not blamed else "stale" if blamed[0].verdict == "stale" else blamed[0].mistake or blamed[0].verdict
    located = bool(blamed) and blamed[0].number == plant.places[0]
    alike = name in same_digits(page, plant) if located else False
    fits = alike or name not in KINDS  # what the marker names prints these digits, and what is never planted cannot be compared
    named = located and (name == plant.kind or (fits and synonyms(name, plant.kind)))
    again = any(m.verdict in ("mistake", "stale", "wrong") and m.number not in plant.places for m in blamed)
    return Outcome(page, plant, report, name, located, named, alike and not named, located and again)


def outcomes(pages: Iterable[Page], kinds: Sequence[str], seed: int) -> Iterator[Outcome]:
    """One plant of each kind on every page that has a place for it, carried on and misprinted."""
    for number, page in enumerate(pages):
        for kind in kinds:
            for plant in islice(plants(page, kind, Random(f"{seed} {number} {kind}")), 1):
                for carried in (True, False):
                    with suppress(*NO_NUMBER):  # nobody goes on with the logarithm of a negative number
                        yield outcome(page, plant._replace(carried=carried))


class ArrayOutcome(NamedTuple):
    """What the marker said about arrays with a plant.

    Attributes:
        plant: the mistake.
        name, located, named, again: as of an `Outcome`; the place is the first array that is not right.
    """

    plant: ArrayPlant
    report: Report
    name: str
    located: bool
    named: bool
    again: bool


def arrays_from_code(seed: int) -> Iterator[ArrayOutcome]:
    """Backward passes of one network with each mistake, handed in from the last layer to the first, or from the first."""
    random = Random(f"code {seed}")
    network = random_layers(random)
    loss, plants = recorded(network), list(array_plants(network))
    for plant in plants:
        order = list(plant.given) if random.random() < 0.5 else sorted(plant.given)
        wrong = [name for name in order if name in plant.wrong]
        yield array_outcome(plant, plants, mark(loss, {name: plant.given[name] for name in order}), wrong)


def printed_arrays(seed: int) -> Iterator[ArrayOutcome]:
    """Pages in matrices about one network with a mistake of each kind that leaves all arrays their shapes."""
    random = Random(f"printed {seed}")
    network = random_layers(random)
    style = Style(random.choice([4, 5, 6]), True, False, False, FROM_MEMORY)
    loss, right = recorded(network), backward(network, between=True)
    plants = [x for x in array_plants(network, between=True) if all(same_shape(x.given[name], right[name]) for name in right)]
    random.shuffle(plants)
    honest = written(network, right, style.text)
    for plant in {plant.kind: plant for plant in plants}.values():
        page = written(network, plant.given, style.text)
        if wrong := [line.partition(" =")[0].removeprefix("L/") for line, other in zip(page, honest) if line != other]:
            yield array_outcome(plant, plants, mark(loss, page), wrong)


def array_outcome(plant: ArrayPlant, plants: Sequence[ArrayPlant], report: Report, wrong: Sequence[str]) -> ArrayOutcome:
    """A report on arrays, judged.

    Args:
        plant: the mistake.
        plants: all mistakes in the same backward pass, some of which may give the same arrays.
        report: the marker's.
        wrong: the arrays that are not right, in their order.
    """
    blamed = [m for m in report.marks if m.verdict not in FAITHFUL]
    slips = [m for m in blamed if m.verdict in ("mistake", "stale", "wrong")]
    name = slips[0].mistake or slips[0].verdict if slips else "nothing"
    located = bool(blamed) and array_of(blamed[0]) == wrong[0]
    same = {other.kind for other in plants if all(alike(other.given[n], x) for n, x in plant.given.items())}
    is_synonym = synonyms(name, plant.kind) and (name not in ARRAY_KINDS or name == "mistaken rule")
    named = located and (name in same or is_synonym)
    return ArrayOutcome(plant, report, name, located, named, located and any(array_of(m) != wrong[0] for m in slips))


def array_of(mark: Mark) -> str:
    """The array that a derivative is taken by."""
    return mark.claim.quantity.nodes[-1].partition("[")[0]


def unnamed(pages: Iterable[Page], kind: str, seed: int) -> Iterator[Outcome]:
    """One line of every page with a number in it that no known mistake made."""
    for number, page in enumerate(pages):
        if plant := UNNAMED[kind](page, Random(f"{seed} {number}")):
            yield outcome(page, plant._replace(carried=False))


class Told(NamedTuple):
    """What the marker said about a page on which one thing was done differently all over.

    Attributes:
        stories: how many slips its story tells of.
        together: whether it is one, by the name of what was done.
    """

    page: Page
    plant: Plant
    report: Report
    stories: int
    together: bool


def told(count: int, kinds: Iterable[str], seed: int) -> Iterator[Told]:
    """Pages with each kind of cause, and what the marker says of them."""
    for i, (kind, n) in enumerate(product(kinds, range(count))):
        page, plant = caused(kind, Random(f"{kind} {seed} {n}"), DIGITS[i % len(DIGITS)])
        report = marked(page, plant.on(page))
        names = {m.mistake or m.verdict for m in report.slips if m.verdict != "carried"}
        if not names:  # the page is marked by what it did, and says so
            names = {"convention" for sentence in report.story if "convention" in sentence}
        stories = len(report.story) - 1
        yield Told(page, plant, report, stories, bool(names) and stories == 1 and names <= set(NAMES[kind]))


def reached(results: Sequence[Outcome] | Sequence[ArrayOutcome]) -> bool:
    """Whether enough plants are located, and enough of them named."""
    shares = zip(*((r.located, r.named) for r in results))
    return all(100.0 * sum(x) >= least * len(results) for x, least in zip(shares, (LOCATED, NAMED)))


# ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows as aligned text, the first column to the left."""
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines)]
    aligned = (
        " ".join([line[0].ljust(widths[0]), *(cell.rjust(width + 1) for cell, width in zip(line[1:], widths[1:]))]) for line in lines
    )
    return f"\n{title}\n" + "\n".join(aligned)


def percent(part: Iterable[bool]) -> str:
    """The share of what is true, as text."""
    whole = list(part)
    return f"{100.0 * sum(whole) / len(whole):.1f}" if whole else "-"


def grouped(results: Iterable[Outcome], group: Callable[[Outcome], str]) -> dict[str, list[Outcome]]:
    """Results by group, and all of them."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for result in results:
        groups[group(result)].append(result)
    return groups | {TOTAL: [result for found in groups.values() for result in found]}


def digits(result: Outcome) -> str:
    """The group of a page in a table by digits."""
    return f"{result.page.style.digits} digits"


def honest_table(reports: Iterable[tuple[Sort, Page, Report]]) -> str:
    """The verdicts on honest pages, by digits and by how they were computed."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for sort, page, report in reports:
        cut = "digits cut" if page.style.cut else "digits rounded"
        for group in (f"{page.style.digits} digits", page.style.way, cut, *sort.said, TOTAL):
            counts[group].update(report.counts)
            counts[group]["pages"] += 1
    rows = [[group, *(counts[group][column] for column in ("pages", *VERDICTS))] for group in sorted(counts)]
    return table("Honest pages, claims by verdict", ("", "pages", *VERDICTS), rows)


def planted_table(title: str, results: Iterable[Outcome], group: Callable[[Outcome], str]) -> str:
    """How many plants are located and named, and how often another line is blamed for nothing, by group."""
    rows = []
    for name, found in grouped(results, group).items():
        shares = [percent(getattr(r, share) for r in found) for share in ("located", "named", "alike")]
        again = [percent(r.again for r in found if r.plant.carried is carried) for carried in (True, False)]
        rows.append([name, len(found), *shares, *again])
    head = ("", "plants", "located %", "named %", "same digits %", "blames more %: carried on", "misprinted")
    return table(title, head, rows)


def arrays_table(title: str, results: Iterable[ArrayOutcome]) -> str:
    """The same of arrays."""
    groups: dict[str, list[ArrayOutcome]] = {}
    for result in sorted(results, key=lambda r: ARRAY_KINDS.index(r.plant.kind)):
        groups.setdefault(result.plant.kind, []).append(result)
    groups[TOTAL] = [result for found in groups.values() for result in found]
    shares = ("located", "named", "again")
    rows = [[name, len(found), *(percent(getattr(r, x) for r in found) for x in shares)] for name, found in groups.items()]
    return table(title, ("", "plants", "located %", "named %", "blames more %"), rows)


def causes_table(results: Sequence[Told]) -> str:
    """How many causes are told as one story, by what was done differently."""
    kinds = {kind: [r for r in results if r.plant.kind == kind] for kind in NAMES}
    rows = [
        [name, len(found), percent(r.together for r in found), f"{sum(r.stories for r in found) / len(found):.1f}"]
        for name, found in (*kinds.items(), (TOTAL, results))
    ]
    return table("One thing done differently all over the page", ("", "pages", "one story %", "stories"), rows)


def synonyms_table(results: Iterable[Outcome]) -> str:
    """The synonyms that were taken for right, and why."""
    used = Counter(tuple(sorted((r.name, r.plant.kind))) for r in results if r.named and r.name != r.plant.kind)
    rows = [(f"{' = '.join(pair)}: {reason}", used[pair]) for pair, reason in SYNONYMS.items() if used[pair]]
    return table("Synonyms taken for right", ("", "times"), rows)


def unnamed_table(kind: str, results: Iterable[Outcome]) -> str:
    """What is said about numbers that no known mistake made, by digits: any explanation of them is false."""
    said = {"wrong": ("wrong",), "explained": ("mistake", "stale", "carried"), "accepted": FAITHFUL}
    rows = []
    for name, found in grouped(results, digits).items():
        verdicts = [r.report.marks[r.plant.places[0]].verdict for r in found]
        rows.append([name, len(found), *(percent(verdict in group for verdict in verdicts) for group in said.values())])
    return table(f"No known mistake: {kind}", ("", "numbers", *(f"{group} %" for group in said)), rows)


def described(page: Page, plant: Plant, report: Report) -> str:
    """A case in full: the network, the plant, the page, and what the marker said."""
    plan = page.network.plan
    lines = [
        f"\n{plant.kind}, {'carried on' if plant.carried else 'misprinted'}",
        f"  {'-'.join(map(str, plan.sizes))} {'/'.join(plan.activations)}, {plan.loss}, learning rate {plan.learning_rate}, {page.style}",
        f"  given {page.network.given}, targets {page.network.targets}, {dict(plant.given)}",
    ]
    for m, honest in zip(report.marks, page.honest):
        sign = ">" if m.number in plant.places else " "
        said = [m.verdict, m.mistake, f"({m.why})" if m.why else "", f"or {m.others} others" if m.others else ""]
        said += [f"honest {honest}"] if honest != m.claim.printed.text else []
        claim = f"{m.claim.quantity!s:22} = {m.claim.printed.text:12} engine {m.value:<12.9g}"
        lines.append(f"{sign} {m.number:3} {claim} {' '.join(filter(None, said))}")
    return "\n".join(lines)


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def big_page(random: Random, *, written_out: bool, wrong: int) -> tuple[Page, list[str]]:
    """A page about a graph of over 10,000 nodes, and a thousand of its claims, some of them wrong."""
    sizes = (24, 48, 48, 8) if written_out else (40, 80, 80, 8)
    plan = Plan(sizes, ("relu", "tanh", "softmax"), "cross-entropy", 0.1, written_out=written_out)
    page = Page(random_network(random, plan), Style(5, False, False, False, FROM_MEMORY), random)
    kept = sorted(random.sample(range(len(page.honest)), 1000))
    texts = list(page.honest)
    for n in random.sample(kept, wrong):
        texts[n] = page.style.text(1.5 * float(texts[n]) + 0.1)
    claims = page.claims(texts)
    return page, [claims[n] for n in kept]


def times() -> Iterator[tuple[str, float, float]]:
    """What is timed, its seconds, and how many it may take."""

    start = time.process_time()
    report = three_three_three.marked()
    yield f"the 3-3-3 page, {len(report.marks)} claims", time.process_time() - start, 2.0
    for wrong in (0, 10):
        for written_out in (False, True):
            page, claims = big_page(Random(1), written_out=written_out, wrong=wrong)
            start = time.process_time()
            report = mark(page.network.root, claims, learning_rate=page.network.plan.learning_rate)
            seconds = time.process_time() - start
            what = f"{len(claims)} claims, {len(all_nodes(page.network.root))} nodes, {'some' if written_out else 'all'} of them labelled"
            yield f"{what}, {wrong} claims wrong, {len(report.slips)} blamed", seconds, 8.0
    yield a_training_page()
    yield a_class()


def a_training_page(claims: int = 150, wrong: int = 5) -> tuple[str, float, float]:
    """Claims over three training steps, some of them wrong."""
    random = Random(1)
    network = training_network(random, "adam", "batch", steps=3)
    page = Page(network, Style(5, True, False, False, FROM_MEMORY), random)
    kept = sorted(random.sample(range(len(page.honest)), claims))
    texts = list(page.honest)
    for n in random.sample(kept, wrong):
        texts[n] = page.style.text(1.37 * float(texts[n]) + 0.1)
    told = page.claims(texts)
    start = time.process_time()
    report = mark(network.root, [told[n] for n in kept], **network.options)
    return f"{claims} claims over three steps, {wrong} of them wrong, {len(report.slips)} blamed", time.process_time() - start, 3.0


def a_class(people: int = 300, claims: int = 30) -> tuple[str, float, float]:
    """A class of which four fifths made a mistake."""
    random = Random(3)
    network = random_network(random, Plan((2, 2, 2), ("sigmoid", "softmax"), "cross-entropy", 0.1))
    page = Page(network, Style(4, False, False, False, FROM_MEMORY), random)
    sheets = {f"person {n}": list(page.honest) for n in range(people)}
    for name in random.sample(list(sheets), 4 * people // 5):
        with suppress(*NO_NUMBER):
            sheets[name] = next(plants(page, random.choice(KINDS[:-1]), random), Plant("honest")).on(page)
    names = [line.quantity for line in network.lines][:claims]
    answers = {name: dict(zip(names, texts)) for name, texts in sheets.items()}
    start = time.process_time()
    everybody = mark_all(network.root, answers, learning_rate=0.1)
    seconds = time.process_time() - start
    return f"a class of {people}, {len(names)} claims, {sum(map(bool, everybody.first_slips.values()))} with a slip", seconds, 60.0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.marking", description="How many planted mistakes `mark` finds and names.")
    parser.add_argument("--pages", type=int, default=200, help="how many networks (default 200)")
    parser.add_argument("--seed", type=int, default=0, help="of the networks and of what is planted (default 0)")
    parser.add_argument("--kind", choices=[*KINDS, *UNNAMED], help="plant only this, and time nothing")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print N pages in full of each kind that was not named right")
    options = parser.parse_args(arguments)
    kinds = [kind for kind in KINDS if options.kind in (None, kind)]
    made = list(pages(options.pages, options.seed))
    failures: list[tuple[Page, Plant, Report]] = []
    met = True

    if options.kind is None:
        reports = judged(honest_pages(options.pages * 3 // 2, options.seed))
        print(honest_table(reports), flush=True)
        failures += [(page, Plant("honest"), report) for _, page, report in reports if accused(report)]
        met = not failures
    if kinds:
        results = list(outcomes(made, kinds, options.seed))
        print(planted_table("Planted mistakes by kind", sorted(results, key=lambda r: KINDS.index(r.plant.kind)), lambda r: r.plant.kind))
        print(planted_table("Planted mistakes by digits", sorted(results, key=digits), digits))
        print(synonyms_table(results), flush=True)
        failures += [(r.page, r.plant, r.report) for r in results if not r.named]
        met &= reached(results)
    if options.kind is None:
        later = list(outcomes(training_pages(options.pages, options.seed), LATER_KINDS, options.seed))
        title = "Planted mistakes on pages of two training steps"
        print(planted_table(title, sorted(later, key=lambda r: LATER_KINDS.index(r.plant.kind)), lambda r: r.plant.kind), flush=True)
        failures += [(r.page, r.plant, r.report) for r in later if not r.named]
        met &= reached(later)
        for what, find in (("from code", arrays_from_code), ("printed", printed_arrays)):
            found = [outcome for n in range(options.pages) for outcome in find(options.seed + n)]
            print(arrays_table(f"Planted mistakes in arrays {what}", found), flush=True)
            met &= reached(found)
    if options.kind is None:
        causes = list(told(options.pages // 10, NAMES, options.seed))
        print(causes_table(causes), flush=True)
        failures += [(r.page, r.plant, r.report) for r in causes if not r.together]
        met &= 100.0 * sum(r.together for r in causes) >= TOGETHER * len(causes)
    for kind in [kind for kind in UNNAMED if options.kind in (None, kind)]:
        results = sorted(unnamed(made, kind, options.seed), key=digits)
        print(unnamed_table(kind, results), flush=True)
        failures += [(r.page, r.plant, r.report) for r in results if r.name != "wrong"]
    shown: Counter[str] = Counter()
    for page, plant, report in failures:
        shown[plant.kind] += 1
        if shown[plant.kind] <= options.show:
            print(described(page, plant, report))
    if options.kind is None:
        print("\nTime", flush=True)
        for what, seconds, limit in times():
            print(f"{what}: {seconds:.2f} s, at most {limit:g} s", flush=True)
            met &= seconds <= limit
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
