"""A page of published numbers as a file: formulas, inputs, and what is printed about them, in TOML.

    formula = '''
    z = w*x + b
    y = sigmoid(z)
    '''
    learning_rate = 0.1

    [inputs]
    w = 0.5
    x = 2.0
    b = -1.0        # exact; "-1.0" would be whatever is printed as -1.0, "u'" what the claim about u' prints

    [[section]]
    title = "Forward"
    claims = ["z = 0.0", "y = 0.5"]

    [[section]]
    title = "Backward"
    claims = ["y/z = 0.25", "y/w = 0.5", "w' = 0.45"]
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from autograd_tiny.arrays.shapes import ShapeError, entry_places, nested_shape, written
from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.engine.refusals import finite_float
from autograd_tiny.engine.value import Value
from autograd_tiny.formulas import FormulaError, Recorded, read_formula
from autograd_tiny.formulas.errors import with_caret
from autograd_tiny.formulas.vocabulary import CONSTANTS
from autograd_tiny.marking.claims import Claim, ClaimError, read_entries, read_input
from autograd_tiny.marking.entries import by_place, filled, fitted, repeated
from autograd_tiny.marking.forms.arrays import Arrays, entries_among
from autograd_tiny.marking.forms.cells import is_array_text
from autograd_tiny.marking.forms.printed import read_number
from autograd_tiny.marking.forms.quantities import Quantity
from autograd_tiny.marking.forms.spoken import SUBSCRIPTS, Words, check_names
from autograd_tiny.marking.mark import Judge
from autograd_tiny.marking.report import Report
from autograd_tiny.marking.training.options import optimizer_of
from autograd_tiny.marking.training.program import Training
from autograd_tiny.marking.training.setting import training_of, words_of
from autograd_tiny.marking.training.times import timed
from autograd_tiny.optim import Optimizer
from autograd_tiny.storage.files import read_as_it_stands
from autograd_tiny.text.excerpts import Excerpt, Spot, whole
from autograd_tiny.text.toml_lines import Place, TomlLines
from autograd_tiny.text.words import brief, did_you_mean, listed

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PAGE_KEYS = {
    "title": str,
    "source": str,
    "formula": str,
    "learning_rate": float,
    "inputs": dict,
    "names": dict,
    "training": dict,
    "sample": list,
    "known": list,
    "claims": list,
    "section": list,
}
SECTION_KEYS = {"title": str, "claims": list}
NEEDED = {"formula": "write formula = 'y = sigmoid(w*x + b)'", "inputs": "give every input a number, below a line [inputs]: w = -3.0"}
SLIPS = (
    (r"=\s*[-+−]?\d+,\d", "write decimals with a point, 1.5"),
    (r"=\s*−", "write the minus sign as -"),
    (r"^[^=\"'#]*[^\x00-\x7f][^=]*=", 'write a name with letters other than a to z in quotes, "größe" = 1.5'),
)
"""What makes a line no TOML that looks right on paper, and what to write."""
KINDS = {str: "a string", float: "a number", dict: "a table, under a heading [...]", list: "a list"}


class PageError(ValueError):
    """What is wrong with a page.

    Attributes:
        file: the name of the file.
        what: what is wrong.
        line: on which line, where that is known.
    """

    def __init__(self, file: str, what: object, line: int | None = None) -> None:
        self.file, self.what, self.line = file, str(what), line
        super().__init__(f"{file}{f', line {line}' if line else ''}: {what}")


class Page(NamedTuple):
    """A page of published numbers.

    Attributes:
        title: what it is.
        source: where it comes from.
        formula: the formula lines; the last one is the output.
        inputs: for every input of the formula a number, a number as a string, which is known only as it was printed, or what a
            claim speaks of, which is what that claim printed; for a vector a list of these, for a matrix a list of rows.
        learning_rate: of the step of gradient descent that claims about updates speak of; None if there are none.
        claims: the numbers, in the order of the page.
        file: the name of the file it was read from, for errors.
        formula_lines: for errors, the line of the file that each line of the formula stands on.
        input_lines: for errors, the line of each input.
        known: errata among the claims that are known and waived; each must still be there.
        training: what trains, by the keys of the file; empty if nothing is said.
        samples: the inputs of each sample.
        training_lines: for errors, the line of each key of ``training``.
        names: what formulas of quantities are called in the claims.
        name_lines: for errors, the line of each of these names.
    """

    title: str
    source: str
    formula: str
    inputs: dict[str, Any]
    learning_rate: float | None
    claims: tuple[Claim, ...]
    file: str = ""
    formula_lines: tuple[int, ...] = ()
    input_lines: Mapping[str, int | None] = MappingProxyType({})
    known: tuple[Claim, ...] = ()
    training: Mapping[str, Any] = MappingProxyType({})
    samples: tuple[Mapping[str, Any], ...] = ()
    training_lines: Mapping[str, int | None] = MappingProxyType({})
    names: Mapping[str, str] = MappingProxyType({})
    name_lines: Mapping[str, int | None] = MappingProxyType({})

    def record(self) -> Recorded[Value]:
        """The formula at its inputs.

        Raises:
            PageError: an input that is missing or not wanted, an operation outside its domain.
        """
        with _errors_of(self.file):
            formula = read_formula(self.formula)
        printed = self.printed_inputs()
        known = {name: read_number(text).number for name, text in printed.items()}
        numbers: dict[str, Any] = {name: filled(x, name, known) for name, x in self.inputs.items()}
        numbers |= self.samples[0] if self.samples else {}
        try:
            return formula.record(numbers)
        except FormulaError as error:
            if error.line is None and (name := next((x for x in self.inputs if x not in formula.inputs and x not in CONSTANTS), "")):
                raise PageError(self.file, f"inputs.{name}: {error.message}", self.input_lines.get(name)) from None
            raise _formula_error(self.file, self.formula_lines, error) from None

    def printed_inputs(self) -> dict[str, str]:
        """The inputs that are known only as they were printed, each as it was.

        Raises:
            PageError: an input that is neither a number nor what a claim speaks of.
        """
        words = Words({*self.inputs, *self._varying, *read_formula(self.formula).names}, self.names, len(self.samples))
        found = {}
        for name, x in by_place(self.inputs).items():
            if isinstance(x, str):
                try:
                    is_number = x[:1] in tuple("+-−.0123456789")
                    claims = self._understood(words, [] if is_number else [claim for claim in self.claims if claim.formula is None])
                    found[name] = read_input(x, claims, words).text
                except ValueError as error:
                    told = self._no_array(name, x) or error
                    raise PageError(self.file, f"inputs.{name}: {told}", self.input_lines.get(name.partition("[")[0])) from None
        return found

    def _no_array(self, name: str, text: str) -> str:
        """That a text stands where an array belongs, if it does: text is one number each."""
        if is_array_text(text):
            return f"write an array without quotes: {name} = {brief(text, 40)}"
        claimed = next((c for c in self.claims if c.grid and c.grid.text.replace(" ", "") == text.replace(" ", "")), None)
        if claimed is None:
            return ""
        entry = str(claimed.quantity)
        return f"{text} is printed as an array, and a text is one number; give its entries each by their name: [[\"{entry}\", ...], ...]"

    @property
    def _varying(self) -> Mapping[str, float]:
        """The inputs that differ from sample to sample, with the numbers of the first."""
        return by_place(self.samples[0]) if self.samples else {}

    def _understood(self, words: Words, claims: Sequence[Claim], key: str = "claims") -> list[Claim]:
        """Claims in the words of the page."""
        found = []
        for claim in claims:
            try:
                found.append(claim.understood(words))
            except ValueError as error:  # noqa: PERF203
                raise PageError(self.file, f"{key}: {error}", _line(claim)) from None
        return found

    def mark(self) -> Report:
        """The page, marked.

        Raises:
            PageError: as for `record`; a claim about a node that there is not, or about an update without a learning rate.
        """
        recorded = self.record()
        training = self._trained(recorded)
        report = self._judge(recorded, training, self._by_label(recorded, training)).report()
        known = self._by_label(recorded, training, "known")
        try:
            return report.waiving(known)
        except ClaimError as error:
            raise PageError(self.file, f"known: {error}", _line(self.known[error.number])) from None

    def for_a_class(self) -> Judge:
        """A judge of others' answers to what the page claims, each quantity once; the errors are those of `mark`."""
        recorded = self.record()
        training = self._trained(recorded)
        asked: dict[Quantity, Claim] = {}
        for claim in self._by_label(recorded, training):
            asked.setdefault(claim.quantity, claim)
        return self._judge(recorded, training, list(asked.values()))

    def _judge(self, recorded: Recorded[Value], training: Training | float | None, claims: Sequence[Claim]) -> Judge:
        labels = {name: node.label for name, node in recorded.nodes.items()}
        used = set(all_nodes(recorded.output))
        others = [node for node in recorded.nodes.values() if node not in used]
        inputs = {labels[name]: text for name, text in self.printed_inputs().items()}
        try:
            return Judge(recorded.output, claims, training, others, inputs)
        except ClaimError as error:
            raise PageError(self.file, f"claims: {error}", _line(claims[error.number])) from None
        except ValueError as error:
            raise PageError(self.file, error) from None

    def _trained(self, recorded: Recorded[Value]) -> Training | float | None:
        """How the page trains."""
        labels = {name: node.label for name, node in recorded.nodes.items()}
        optimizer = self._optimizer(recorded.nodes) if self.training else None
        rate = None if optimizer else self.learning_rate
        samples = [{labels[name]: x for name, x in by_place(sample).items()} for sample in self.samples]
        try:
            return training_of(optimizer, samples, self.training.get("batch", ""), rate)
        except ValueError as error:
            raise PageError(self.file, error) from None

    def _optimizer(self, nodes: Mapping[str, Value]) -> Optimizer:
        """What trains."""
        try:
            trainable = {name: nodes[name] for name in by_place(self.inputs) if name not in self._varying}
            return optimizer_of(self.training, trainable, self.learning_rate)
        except KeyError as error:
            key, what = error.args
            raise PageError(self.file, f"training.{key}: {what}", self.training_lines.get(key)) from None

    def _by_label(self, recorded: Recorded[Value], training: Training | float | None, key: str = "claims") -> list[Claim]:
        """The claims, or those that are known, by the labels of the nodes that their names stand for."""
        labels = {name: node.label for name, node in recorded.nodes.items()}
        arrays = entries_among(labels)
        root = next((name for name, node in recorded.nodes.items() if node is recorded.output), "")
        words = words_of(labels, training, self.names, arrays, root)
        try:
            check_names(self.names, words)
        except KeyError as error:
            name, what = error.args
            raise PageError(self.file, f"names.{name}: {what}", self.name_lines.get(name)) from None
        found = []
        for as_printed in self._understood(words, self.claims if key == "claims" else self.known, key):
            claim = self._fitted(as_printed, arrays, labels, recorded, key)
            for name in claim.names:
                if timed(name).base not in labels:
                    raise PageError(self.file, f"{key}: {_unknown(timed(name).base, recorded)}", _line(claim))
            named = claim.renamed(lambda name: str(timed(name)._replace(base=labels.get(timed(name).base, timed(name).base))))
            found.append(named._replace(said=named.said or (str(claim.quantity) if named.quantity != claim.quantity else "")))
        return found

    def _fitted(
        self, claim: Claim, arrays: Arrays, labels: Mapping[str, str], recorded: Recorded[Value], key: str
    ) -> Claim:
        """A claim about an entry of an array by its own label."""
        try:
            return fitted(claim, arrays, labels)
        except ShapeError as error:
            also = repeated(recorded.arrays.get(timed(claim.grid.quantity.nodes[-1]).base)) if claim.grid else ""
            raise PageError(self.file, f"{key}: {error}{also}", _line(claim)) from None
        except ValueError as error:
            raise PageError(self.file, f"{key}: {error}", _line(claim)) from None


def _line(claim: Claim) -> int | None:
    return claim.spot and claim.spot.line


def _unknown(name: str, recorded: Recorded[Value]) -> str:
    """That a formula has no such name, and what to do."""
    known = [*[x for x in recorded.nodes if "[" not in x], *recorded.arrays]
    base = name.partition("[")[0]
    if base in recorded.arrays:
        shape = written(recorded.arrays[base].shape)
        entry = base + entry_places(recorded.arrays[base].shape)[-1]
        return f"{base} is an array, {shape}, of which one number is {entry}; all of them are claimed as {base} = [...]"
    if name[:1] == "d" and name[1:] in known:
        return f"the formula has no {name!r}; a derivative is written {name[1:]}/w or d{name[1:]}/dw"
    hint = did_you_mean(name, known) or f"it has {listed(known, 12)}"
    return f"the formula has no {name!r}; give it a line of its own there, {name} = ...; {hint}"


@contextmanager
def _errors_of(file: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise PageError(file, error) from None


def _formula_error(file: str, lines: Sequence[int], error: FormulaError) -> PageError:
    """What is wrong with a formula, with its line in the file in place of that in the formula."""
    line = lines[error.line - 1] if error.line and error.line <= len(lines) else None
    shown = f"\n{with_caret(error.text, error.column - 1)}" if error.column else ""
    return PageError(file, f"formula: {error.message}{shown}", line)


def read_page(path: Path) -> Page:
    """Read a page from a TOML file.

    Raises:
        PageError: naming the file, the line and the key, for what is no TOML, an unknown or missing key, a wrong type, a claim
            that cannot be read.
        OSError: the file cannot be read.
    """
    with _errors_of(path.name):
        text = read_as_it_stands(path)
    return page_from(path.name, whole(text))


def page_from(name: str, source: Excerpt) -> Page:
    """A page from TOML, which may be a part of a file; the errors are those of `read_page`."""
    return _Reader(name, source).page()


class _Reader:
    def __init__(self, name: str, source: Excerpt) -> None:
        self.name, self.source = name, source
        self.claimed: list[Claim] = []

    def page(self) -> Page:
        try:
            content = tomllib.loads(self.source.text)
        except tomllib.TOMLDecodeError as error:
            raise self._no_toml(error) from None
        except RecursionError:
            raise PageError(self.name, "its lists and tables are nested too deeply") from None
        self.lines = TomlLines(self.source)
        self._check(content, PAGE_KEYS, ())
        for key in NEEDED:
            if key not in content:
                below = key in content.get("inputs", {})
                remedy = "put it above [inputs], since what stands below belongs to the inputs" if below else NEEDED[key]
                raise PageError(self.name, f"the page has no {key}; {remedy}")
        formula_lines = self.lines.lines_in("formula")
        try:
            formula = read_formula(content["formula"].translate(SUBSCRIPTS))
        except FormulaError as error:
            raise _formula_error(self.name, formula_lines, error) from None
        for name, x in content["inputs"].items():
            if name in PAGE_KEYS and name not in formula.inputs:
                place = "above [inputs], since what stands below belongs to the inputs"
                place += "; or into a [[section]]" if name in SECTION_KEYS else ""
                raise self._error(f"inputs.{name}: put {name} {place}", "inputs", name)
            self._check_number(x, "inputs", name)
        claims = self._claims(content, "", ())
        known = tuple(self._claims(content, "", (), "known"))
        for number, section in enumerate(content.get("section", [])):
            if not isinstance(section, dict):
                raise self._error("section: write each section under a heading of its own, [[section]]", "section")
            self._check(section, SECTION_KEYS, ("section", number))
            claims += self._claims(section, section.get("title", ""), ("section", number))
        if not claims:
            raise PageError(self.name, "the page claims nothing; list its numbers, as claims = ['z = 1.25', 'E/w = -0.301']")
        rate = content.get("learning_rate")
        page = Page(
            content.get("title", ""),
            content.get("source", ""),
            content["formula"].translate(SUBSCRIPTS),
            {name.translate(SUBSCRIPTS): x for name, x in content["inputs"].items()},
            None if rate is None else float(rate),
            tuple(claims),
            file=self.name,
            formula_lines=formula_lines,
            input_lines={name.translate(SUBSCRIPTS): self.lines.line("inputs", name) for name in content["inputs"]},
            known=known,
            training=content.get("training", {}),
            names=self._names(content),
            name_lines={name: self.lines.line("names", name) for name in content.get("names", {})},
            samples=self._samples(content),
            training_lines={key: self.lines.line("training", key) for key in content.get("training", ())},
        )
        page.printed_inputs()
        return page

    def _check_number(self, x: object, *place: str | int) -> None:
        name = str(place[-1])
        if isinstance(x, list):
            try:
                nested_shape(x, name)
            except (TypeError, ValueError) as error:
                raise self._error(f"{place[0]}.{error}", *place) from None
            for entry, number in by_place({name: x}).items():
                self._check_entry(number, entry, *place)
        else:
            self._check_entry(x, name, *place)

    def _check_entry(self, x: object, name: str, *place: str | int) -> None:
        if isinstance(x, bool) or not isinstance(x, (int, float, str)):
            raise self._error(f"{place[0]}.{name}: an input is a number, got {x!r}", *place)
        try:
            finite_float(0.0 if isinstance(x, str) else x, name)  # text is looked at when the claims are known
        except (ValueError, OverflowError) as error:
            raise self._error(f"{place[0]}.{name}: {error}", *place) from None

    def _names(self, content: Mapping[str, Any]) -> dict[str, str]:
        """What the page calls formulas."""
        names: dict[str, str] = content.get("names", {})
        for name, text in names.items():
            if not isinstance(text, str):
                raise self._error(f"names.{name}: a name is given to a formula in quotes, as delta = 'E/z', got {text!r}", "names", name)
        return {name.translate(SUBSCRIPTS): text for name, text in names.items()}

    def _samples(self, content: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
        """The inputs of each sample."""
        samples = content.get("sample", [])
        for number, sample in enumerate(samples):
            where = ("sample", number)
            if not isinstance(sample, dict):
                raise self._error("sample: write the inputs of each sample under a heading of its own, [[sample]]", "sample")
            if sample.keys() != samples[0].keys():
                raise self._error(f"sample: every sample has the same inputs; the first has {listed(samples[0], 12)}", *where)
            for name, x in sample.items():
                self._check_number(x, *where, name)
                for entry, number in by_place({name: x}).items():
                    if isinstance(number, str):
                        raise self._error(f"sample.{entry}: the input of a sample is a number, got {number!r}", *where, name)
                if name in content["inputs"]:
                    raise self._error(f"sample.{name}: {name} stands among the inputs, too; it is either the same for all or not", *where)
        return tuple({name: x if isinstance(x, list) else float(x) for name, x in sample.items()} for sample in samples)

    def _claims(self, table: Mapping[str, Any], section: str, place: Place, key: str = "claims") -> list[Claim]:
        """The claims of a table, each with its place in the file."""
        claims = []
        for number, entry in enumerate(table.get(key, [])):
            where = (*place, key, number)
            if not isinstance(entry, str):
                message = f"{key}: a claim is a string, 'z = 1.25', so that its printed precision is known; got {entry!r}"
                raise self._error(message, *where)
            try:
                read = read_entries(entry, section, line=len(self.claimed))
                claims += [claim._replace(spot=self._spot(entry, claim, where)) for claim in read]
                self.claimed += read
            except ValueError as error:
                raise self._error(f"{key}: {error}", *where) from None
        return claims

    def _spot(self, entry: str, claim: Claim, where: Place) -> Spot | None:
        """Where in the file a claim stands; of an entry in a matrix, its number."""
        span = self.lines.string(*where)
        if claim.grid is None or span is None:
            return self.lines.spot(*where)
        start = self.source.text.find(entry, *span)
        if start < 0:  # it is written with backslashes
            return self.lines.spot(*where)
        first, last = claim.grid.span
        return self.source.spot(start + first, start + last)

    def _check(self, table: Mapping[str, Any], keys: Mapping[str, type], place: Place) -> None:
        path = "section." if place else ""
        for key, x in table.items():
            if key not in keys:
                raise self._error(f"{path}{key}: there is no such key; there are {', '.join(keys)}", *place, key)
            fits = isinstance(x, keys[key]) or (keys[key] is float and isinstance(x, int) and not isinstance(x, bool))
            if not fits:
                raise self._error(f"{path}{key} is {KINDS[keys[key]]}, got {x!r}", *place, key)

    def _no_toml(self, error: tomllib.TOMLDecodeError) -> PageError:
        """What the reader of TOML says, with the line that it stopped in and what is meant to stand there."""
        found = re.search(r"at line (\d+), column (\d+)", str(error))
        if not found:
            return PageError(self.name, error)
        lines = self.source.text.split("\n")
        line, column = lines[int(found[1]) - 1], int(found[2]) - 1
        remedy = next((f"; {remedy}" for pattern, remedy in SLIPS if re.search(pattern, line)), "")
        start = sum(len(before) + 1 for before in lines[: int(found[1]) - 1])
        what = str(error).replace(f" ({found[0]})", "")
        return PageError(self.name, f"{what}{remedy}\n{with_caret(line, column)}", self.source.line(start + column))

    def _error(self, message: str, *place: str | int) -> PageError:
        """The error with the line of the value that it is about."""
        return PageError(self.name, message, self.lines.line(*place))
