"""A function as it was recorded: its program, made when it is first asked for, and a digest that names it before that.

A record is short where a program is long: a layer's sum is one node, and its derivatives are many instructions.  So a process
that finds its machine code by the digest needs no program at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from autograd_tiny.engine.graph import joint, topological_order
from autograd_tiny.lowering.program import Program, foreign_variable, program_of
from autograd_tiny.lowering.recording.digest import digest_of
from autograd_tiny.symbols.branches import with_safe_branches
from autograd_tiny.symbols.expression import Expression


class Recorded:
    """Formulas of some inputs, and the inputs by which they are differentiated.  Two are equal if one program serves both.

    Args:
        inputs: the variables; nothing else may be free in the results.
        results: formulas, or numbers.
        wrt: the inputs by which the results are differentiated.
        finite: inputs that are finite numbers in every call.

    Raises:
        ValueError: another variable is in a result.
    """

    def __init__(
        self, inputs: Sequence[Expression], results: Sequence[Any], wrt: Sequence[Expression] = (), finite: Sequence[Expression] = ()
    ) -> None:
        self.inputs, self.wrt, self.finite = list(inputs), list(wrt), list(finite)
        self.results = [x if isinstance(x, Expression) else Expression.constant(x) for x in results]
        order: list[Any] = topological_order(joint(self.results))[:-1]
        known = set(self.inputs)
        for x in (*self.results, *[x for node in order for x in node.operands]):
            if x.op is None and x.constant_value is None and x not in known:
                raise foreign_variable(x)
        self.digest = digest_of(self.inputs, order, [self.results, self.wrt, self.finite])
        if not self.digest:
            self.program  # noqa: B018  an operation of one's own: what is wrong with it is said at once

    @cached_property
    def program(self) -> Program:
        """The values and the derivatives as instructions."""
        safe = [with_safe_branches(x, self.finite).get(x, x) for x in self.results]
        return program_of(self.inputs, safe, self.wrt)

    def values_alone(self) -> Recorded:
        """The same without derivatives."""
        return Recorded(self.inputs, self.results, (), self.finite)

    def __hash__(self) -> int:
        return hash(self.digest or self.program)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Recorded):
            return NotImplemented
        return self.digest == other.digest and (bool(self.digest) or self.program == other.program)

    def __deepcopy__(self, memo: object) -> Recorded:
        return self
