"""A page of published numbers: formula, inputs, and what is printed about them; recorded, and marked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, NamedTuple

from autograd_tiny.arrays.shapes import ShapeError, entry_places, written
from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.engine.value import Value
from autograd_tiny.formulas import FormulaError, Recorded, read_formula
from autograd_tiny.formulas.errors import with_caret
from autograd_tiny.formulas.vocabulary import CONSTANTS
from autograd_tiny.marking.claims import Claim, ClaimError, read_input
from autograd_tiny.marking.derivations import NamedGraph
from autograd_tiny.marking.entries import by_place, filled, fitted, repeated
from autograd_tiny.marking.forms.arrays import Arrays, entries_among
from autograd_tiny.marking.forms.cells import is_array_text
from autograd_tiny.marking.forms.printed import read_number
from autograd_tiny.marking.forms.quantities import Quantity
from autograd_tiny.marking.forms.spoken import Words, check_names
from autograd_tiny.marking.mark import Judge
from autograd_tiny.marking.report import Report
from autograd_tiny.marking.training.options import optimizer_of
from autograd_tiny.marking.training.program import Training
from autograd_tiny.marking.training.setting import training_of, words_of
from autograd_tiny.marking.training.times import timed
from autograd_tiny.optim import Optimizer
from autograd_tiny.text.words import brief, did_you_mean, listed


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
        inputs: for every input of the formula a number, a number as a string, which is known only as it was printed, or
            what a claim speaks of, which is what that claim printed; for a vector a list of these, for a matrix a list
            of rows.
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
        with errors_of(self.file):
            formula = read_formula(self.formula)
        printed = self.printed_inputs()
        known = {name: read_number(text).number for name, text in printed.items()}
        numbers: dict[str, Any] = {name: filled(x, name, known) for name, x in self.inputs.items()}
        numbers |= self.samples[0] if self.samples else {}
        try:
            return formula.record(numbers)
        except FormulaError as error:
            if error.line is None and (
                name := next((x for x in self.inputs if x not in formula.inputs and x not in CONSTANTS), "")
            ):
                raise PageError(self.file, f"inputs.{name}: {error.message}", self.input_lines.get(name)) from None
            raise formula_error(self.file, self.formula_lines, error) from None

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
                    numbers = (claim for claim in self.claims if claim.formula is None)
                    found[name] = read_input(x, self._understood(words, numbers), words).text
                except ValueError as error:
                    told = self._no_array(name, x) or error
                    raise PageError(
                        self.file, f"inputs.{name}: {told}", self.input_lines.get(name.partition("[")[0])
                    ) from None
        return found

    def _no_array(self, name: str, text: str) -> str:
        """That a text stands where an array belongs, if it does: text is one number each."""
        if is_array_text(text):
            return f"write an array without quotes: {name} = {brief(text, 40)}"
        claimed = next(
            (c for c in self.claims if c.grid and c.grid.text.replace(" ", "") == text.replace(" ", "")), None
        )
        if claimed is None:
            return ""
        entry = str(claimed.quantity)
        return (
            f"{text} is printed as an array, and a text is one number; "
            f'give its entries each by their name: [["{entry}", ...], ...]'
        )

    @property
    def _varying(self) -> Mapping[str, float]:
        """The inputs that differ from sample to sample, with the numbers of the first."""
        return by_place(self.samples[0]) if self.samples else {}

    def _understood(self, words: Words, claims: Iterable[Claim], key: str = "claims") -> Iterator[Claim]:
        """Claims in the words of the page, one after the other."""
        for claim in claims:
            try:
                yield claim.understood(words)
            except ValueError as error:  # noqa: PERF203
                raise PageError(self.file, f"{key}: {error}", _line(claim)) from None

    def mark(self) -> Report:
        """The page, marked.

        Raises:
            PageError: as for `record`; a claim about a node that there is not, or about an update without a learning
                rate.
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
        used = set(all_nodes(recorded.output))
        others = [node for node in recorded.nodes.values() if node not in used]
        inputs = {recorded.nodes[name].label: text for name, text in self.printed_inputs().items()}
        try:
            return Judge(NamedGraph(recorded.output, others), claims, training, inputs)
        except ClaimError as error:
            raise PageError(self.file, f"claims: {error}", _line(claims[error.number])) from None
        except ValueError as error:
            raise PageError(self.file, error) from None

    def _trained(self, recorded: Recorded[Value]) -> Training | float | None:
        """How the page trains."""
        optimizer = self._optimizer(recorded.nodes) if self.training else None
        rate = None if optimizer else self.learning_rate
        samples = [{recorded.nodes[name].label: x for name, x in by_place(sample).items()} for sample in self.samples]
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

    def _by_label(
        self, recorded: Recorded[Value], training: Training | float | None, key: str = "claims"
    ) -> list[Claim]:
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
            named = claim.renamed(
                lambda name: str(timed(name)._replace(base=labels.get(timed(name).base, timed(name).base)))
            )
            found.append(
                named._replace(said=named.said or (str(claim.quantity) if named.quantity != claim.quantity else ""))
            )
        return found

    def _fitted(
        self, claim: Claim, arrays: Arrays, labels: Mapping[str, str], recorded: Recorded[Value], key: str
    ) -> Claim:
        """A claim about an entry of an array by its own label."""
        try:
            return fitted(claim, arrays, labels, self.names)
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
def errors_of(file: str) -> Iterator[None]:
    """What cannot be read or marked, as an error with the name of the file."""
    try:
        yield
    except ValueError as error:
        raise PageError(file, error) from None


def formula_error(file: str, lines: Sequence[int], error: FormulaError) -> PageError:
    """What is wrong with a formula, with its line in the file in place of that in the formula."""
    line = lines[error.line - 1] if error.line and error.line <= len(lines) else None
    shown = f"\n{with_caret(error.text, error.column - 1)}" if error.column else ""
    return PageError(file, f"formula: {error.message}{shown}", line)
