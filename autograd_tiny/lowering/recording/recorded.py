"""A function as it was recorded: its program, made when it is first asked for, and a digest that names it before that.

A record is short where a program is long: a layer's sum is one node, and its derivatives are many instructions.  So a
process that finds its machine code by the digest needs no program at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from functools import cached_property
from typing import Any

from autograd_tiny.engine.graph import topological_order
from autograd_tiny.engine.row import Primitive
from autograd_tiny.engine.table import where
from autograd_tiny.lowering.program import Chooser, Program, collector_at_rest, foreign_variable, opened, program_of
from autograd_tiny.lowering.recording.digest import digest_of, row_name
from autograd_tiny.symbols.branches import with_safe_branches
from autograd_tiny.symbols.expression import Expression


class Recorded:
    """Formulas of some inputs, and the inputs by which they are differentiated.  Two are equal if one program serves
    both.

    Args:
        inputs: the variables; nothing else may be free in the results.
        results: formulas, or numbers.
        wrt: the inputs by which the results are differentiated.
        finite: inputs that are finite numbers in every call.

    Raises:
        ValueError: another variable is in a result.
    """

    def __init__(
        self,
        inputs: Sequence[Expression],
        results: Sequence[Any],
        wrt: Sequence[Expression] = (),
        finite: Sequence[Expression] = (),
    ) -> None:
        self.inputs, self.wrt, self.finite = list(inputs), list(wrt), list(finite)
        self.results = [x if isinstance(x, Expression) else Expression.constant(x) for x in results]
        order: list[Any] = topological_order(*self.results)
        known = set(self.inputs)
        for x in (*self.results, *[x for node in order for x in node.operands]):
            if x.op is None and x.constant_value is None and x not in known:
                raise foreign_variable(x)
        self._rows = {node.op for node in order}
        self._is_of_the_table = all(map(row_name, self._rows))
        if not self._is_of_the_table:
            self.opened  # noqa: B018  an operation of one's own: what is wrong with it is said at once

    @cached_property
    def digest(self) -> str:
        """A name for what is computed; "" where an operation is none of the table's."""
        if not self._is_of_the_table:
            return ""
        order = topological_order(*self.results)
        return digest_of(self.inputs, order, [self.results, self.wrt, self.finite])

    @cached_property
    def program(self) -> Program:
        """The values and the derivatives as instructions."""
        with collector_at_rest():
            return program_of(self.inputs, self.safe_results(), self.wrt)

    def in_rows(self, expansion: Chooser) -> Program:
        """The program in simpler rows, made in one pass."""
        if not self._is_of_the_table:
            return self.opened.in_rows(expansion)
        with collector_at_rest():
            return program_of(self.inputs, self.safe_results(), self.wrt, expansion)

    def calls(self, row: Primitive) -> Iterator[tuple[int, ...]]:
        """The operands of a row wherever it is in the results: the inputs by their numbers, others by larger ones."""
        if row not in self._rows:
            return
        numbers: dict[Any, int] = {}
        for x in self.inputs:
            numbers[x] = len(numbers)
        for node in topological_order(*self.safe_results()):
            if node.op is row:
                yield tuple([numbers.setdefault(x, len(numbers)) for x in node.operands])

    def safe_results(self) -> list[Expression]:
        """The results as formulas in which branches that are not taken do no harm."""
        if where not in self._rows:
            return self.results
        return [with_safe_branches(x, self.finite).get(x, x) for x in self.results]

    @cached_property
    def opened(self) -> Program:
        """Where there are operations of the user's own, the program with each as what it expands into, if it does.

        Made with the record: what such an operation reads from elsewhere is the same in values and in derivatives, and
        functions that differ in it are not equal.
        """
        return opened(self.program, self.program.outputs, lambda row, operands: None if row_name(row) else row.stable)

    def values_alone(self) -> Recorded:
        """The same without derivatives."""
        if self._is_of_the_table:
            return Recorded(self.inputs, self.results, (), self.finite)
        alone, n = copy(self), len(self.results)
        alone.wrt = []
        alone.program, alone.opened = (opened(x, x.outputs[:n]) for x in (self.program, self.opened))
        return alone

    def __hash__(self) -> int:
        return hash(self.digest or self.opened)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Recorded):
            return NotImplemented
        return self.digest == other.digest and (bool(self.digest) or self.opened == other.opened)

    def __deepcopy__(self, memo: object) -> Recorded:
        return self
