"""Finding, in a program, what native code computes in loops: layers, forward and adjoint, and repeated formulas.

A layer comes as one `dot` for each neuron, or as one line of products and additions, of which only the places of the
operands differ.  Lines that belong together become a rectangle of sums:

    result[i][j] = Σ_n left[i][n] · right[j][n]

A `MatrixVector` product has parameters on the left and one row on the right: what a layer computes from its inputs, and
the derivatives by its inputs from those by its outputs.  A `MeanOuter` product has values of a sample on both sides,
and only its mean over the batch is wanted: the derivatives by a layer's weights.

Of the other instructions, those that only one instruction uses make up a formula with it.  A `Repeated` formula is
applied to many operands: every link of a chain, every entry of an activation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from autograd_tiny.engine.table import add, dot, mul
from autograd_tiny.lowering.program import Instruction, Program
from autograd_tiny.lowering.runners import Computation

Row = tuple[int, ...]


class MatrixVector(NamedTuple):
    """result[i] = Σ_n left[i][n] · right[n], with parameters on the left; all numbers are those of values.

    The parameters of a row lie as far from those of the row before as the first does.
    """

    left: tuple[Row, ...]
    right: Row
    results: Row

    @property
    def n_products(self) -> int:
        """How many products are added up."""
        return len(self.left) * len(self.right)

    def vectors(self) -> Iterable[Row]:
        """Values that must lie side by side."""
        return [self.results]

    def renumbered(self, new: Mapping[int, int]) -> MatrixVector:
        """The same after the program's values have got other numbers."""
        return MatrixVector(self.left, mapped(self.right, new), mapped(self.results, new))


class MeanOuter(NamedTuple):
    """The mean over the batch of Σ_n left[i][n] · right[j][n], for every i and j.

    Attributes:
        means: in which place the mean for i = j = 0 is wanted, and how far from it those for the next i and the next j
            are.
    """

    left: tuple[Row, ...]
    right: tuple[Row, ...]
    means: tuple[int, int, int]

    @property
    def n_products(self) -> int:
        """How many products are added up for each sample."""
        return len(self.left) * len(self.right) * len(self.left[0])

    def vectors(self) -> Iterable[Row]:
        """Values that must lie side by side."""
        return [*zip(*self.left), *zip(*self.right)]

    def renumbered(self, new: Mapping[int, int]) -> MeanOuter:
        """The same after the program's values have got other numbers."""
        return MeanOuter(
            tuple([mapped(row, new) for row in self.left]), tuple([mapped(row, new) for row in self.right]), self.means
        )


Sums = MatrixVector | MeanOuter


class Repeated(NamedTuple):
    """One formula for many operands: results[k] = formula(operands[0][k], operands[1][k], ...).

    Attributes:
        formula: instructions on values that are numbered as in a `Program`: first the rows of ``operands``, then the
            values in ``fixed``, then the results of the instructions, of which the last is the formula's.
        operands: parameters, or values that lie in the frame.
        fixed: values that are the same for all results.
        results: as many as each row of ``operands`` has values.
    """

    formula: tuple[Instruction, ...]
    operands: tuple[Row, ...]
    fixed: Row
    results: Row

    def renumbered(self, new: Mapping[int, int]) -> Repeated:
        """The same after the program's values have got other numbers."""
        operands = tuple([mapped(row, new) for row in self.operands])
        return Repeated(self.formula, operands, mapped(self.fixed, new), mapped(self.results, new))


Looped = MatrixVector | MeanOuter | Repeated

LONGEST_FORMULA = 32
"""The most instructions in a formula that is repeated: what a processor's registers hold, and a little more."""
LONGEST_SUM = 16
"""The most terms of a sum in such a formula; those of longer sums are formulas themselves."""


def mapped(row: Row, new: Mapping[int, int]) -> Row:
    """The numbers of values after some have got other ones."""
    return tuple([new.get(x, x) for x in row])


def weights_of_layers(computation: Computation, n_parameters: int, columns: range, smallest: int) -> set[Row]:
    """The parameters in each `dot` that may be a sum of a layer: the program keeps these until loops are found.

    Opened, they are by far the most instructions of a network.

    Args:
        computation: of any rows.
        n_parameters: as for `find`.
        columns: as for `find`.
        smallest: as for `find`.
    """
    layers: dict[Row, set[Row]] = {}
    for operands in computation.calls(dot):
        weights = weights_in(operands, n_parameters)
        n = len(weights)
        inputs = operands[n : 2 * n] if operands[:n] == weights else operands[:n]
        if weights and all(x >= len(computation.inputs) or x in columns for x in inputs):
            layers.setdefault(inputs, set()).add(weights)
    return {x for inputs, rows in layers.items() if len(rows) * len(inputs) >= smallest for x in rows}


def weights_in(operands: Row, n_parameters: int) -> Row:
    """Of the operands of a `dot`, those on the side on which all are parameters; none where neither is."""
    n = len(operands) // 2
    sides = operands[:n], operands[n : 2 * n]
    return next((side for side in sides if max(side) < n_parameters), ())


def find(
    program: Program, n_parameters: int, columns: range, means_of: Mapping[int, Sequence[int]], smallest: int
) -> tuple[list[tuple[Sums, list[int]]], list[Row]]:
    """Find the sums that are worth a loop.

    Args:
        program: of simple rows.
        n_parameters: how many of the inputs, the first ones, are the same for all samples.
        columns: the inputs that lie in memory side by side for each sample, if any do.
        means_of: for values of which the mean is wanted, in which places.
        smallest: how many products a loop must have.

    Returns:
        The sums, with the numbers of their instructions, ascending, and the values that must lie side by side in
        memory.
    """
    lines = _lines(program)
    products = [
        *_matrix_vector(lines, n_parameters, columns, program.n_leaves),
        *_mean_outer(lines, columns, program, means_of),
    ]
    vectors = _Vectors(columns)
    chosen = []
    for sums, results in sorted(products, key=lambda found: -found[0].n_products):
        if sums.n_products >= smallest and vectors.hold(sums):
            chosen.append((sums, sorted([x for number in results for x in lines[number].members])))
    return chosen, vectors.placed


class _Line(NamedTuple):
    """A sum of products: the factors of each, and the numbers of its instructions; only the last is used elsewhere.

    A `dot` that was kept is a line by itself.
    """

    products: list[tuple[int, int]]
    members: list[int]


def _lines(program: Program) -> dict[int, _Line]:
    """All sums of products by the numbers of their results, each as long as it can be."""
    first, instructions = program.n_leaves, program.instructions
    uses = Counter([x for _, operands in instructions for x in operands] + list(program.outputs))
    length = [0] * (first + len(instructions))
    before: dict[int, tuple[int, int]] = {}  # of a sum, the sum without its last product, and that product
    for number, (row, operands) in enumerate(instructions, first):
        if row is mul:
            length[number] = 1
        elif row is add:
            x, y = operands
            if length[x] and length[y] and uses[x] == uses[y] == 1 and 1 in (length[x], length[y]):
                before[number] = (x, y) if length[y] == 1 else (y, x)
                length[number] = length[x] + length[y]
    inner = {x for pair in before.values() for x in pair}
    lines = {}
    for number, (row, operands) in enumerate(instructions, first):
        if row is dot:
            n = len(operands) // 2
            lines[number] = _Line([*zip(operands[:n], operands[n:])], [number])
        if row is mul and number not in inner:
            x, y = operands
            lines[number] = _Line([(x, y)], [number])
        elif length[number] and number not in inner:
            members, x = [number], number
            while x in before:
                x, product = before[x]
                members += [product, x]
            members.sort()
            a_to_b = [instructions[m - first].operands for m in members if instructions[m - first].row is mul]
            lines[number] = _Line([(x, y) for x, y in a_to_b], members)
    return lines


def _matrix_vector(
    lines: Mapping[int, _Line], n_parameters: int, columns: range, n_leaves: int
) -> Iterable[tuple[Sums, Row]]:
    groups: dict[Row, list[tuple[Row, int]]] = {}
    for number, line in lines.items():
        if min(line.products[0]) >= n_parameters:
            continue
        pairs = [(x, y) if x < n_parameters else (y, x) for x, y in line.products]
        if all(x < n_parameters and (y >= n_leaves or y in columns) for x, y in pairs):
            left, right = zip(*pairs)
            groups.setdefault(right, []).append((left, number))
    for right, rows in groups.items():
        rows.sort()
        for start, end in _evenly_spaced([left for left, _ in rows]):
            results = tuple([number for _, number in rows[start:end]])
            yield MatrixVector(tuple([left for left, _ in rows[start:end]]), right, results), results


def _mean_outer(
    lines: Mapping[int, _Line], columns: range, program: Program, means_of: Mapping[int, Sequence[int]]
) -> Iterable[tuple[Sums, Row]]:
    first, used = program.n_leaves, {x for _, operands in program.instructions for x in operands}
    groups: dict[Row, dict[Row, int]] = {}
    result_at: dict[int, int] = {}
    for number, line in lines.items():
        if number in used or len(places := means_of.get(number, ())) != 1:
            continue
        if all(x >= first or x in columns for pair in line.products for x in pair):
            left, right = zip(*line.products)
            (place,) = places
            groups.setdefault(left, {})[right], result_at[place] = place, number
    rectangles: dict[tuple[Row, ...], list[tuple[Row, Row]]] = {}
    for left, place_of in groups.items():
        rights = sorted(place_of, key=place_of.__getitem__)
        rectangles.setdefault(tuple(rights), []).append((tuple([place_of[x] for x in rights]), left))
    for of_all, rows in rectangles.items():
        rows.sort()
        for start, end in _evenly_spaced([places for places, _ in rows]):
            places = rows[start][0]
            across = places[1] - places[0] if len(places) > 1 else 0
            if all(y - x == across for x, y in pairwise(places)):
                down = rows[start + 1][0][0] - places[0] if end - start > 1 else 0
                results = tuple([result_at[place] for of_row, _ in rows[start:end] for place in of_row])
                yield (
                    MeanOuter(tuple([left for _, left in rows[start:end]]), of_all, (places[0], down, across)),
                    results,
                )


def _evenly_spaced(rows: Sequence[Row]) -> Iterable[tuple[int, int]]:
    """Where to cut a list of rows of numbers so that within each part, rows differ from the one before by the same."""
    start, distance = 0, None
    for i in range(1, len(rows) + 1):
        differences = {y - x for x, y in zip(rows[i - 1], rows[i])} if i < len(rows) else set()
        if len(differences) == 1 and distance in (None, *differences):
            (distance,) = differences
        else:
            yield start, i
            start, distance = i, None


class _Vectors:
    """Which values lie side by side.

    Attributes:
        placed: these values, one list for each stretch of memory.
    """

    def __init__(self, columns: range) -> None:
        self._place: dict[int, tuple[int, int]] = {x: (-1, x) for x in columns}
        self.placed: list[Row] = []

    def hold(self, sums: Sums) -> bool:
        """Place the vectors of some sums; if they cannot be placed so beside the others, place none and say so."""
        new: dict[int, tuple[int, int]] = {}
        added: list[Row] = []
        for vector in sums.vectors():
            places = [new.get(x) or self._place.get(x) for x in vector]
            if places == [None] * len(vector) and len(set(vector)) == len(vector):
                new.update({x: (len(self.placed) + len(added), i) for i, x in enumerate(vector)})
                added.append(vector)
            elif None in places or any(x[0] != y[0] or y[1] - x[1] != 1 for x, y in pairwise(places) if x and y):
                return False
        self._place.update(new)
        self.placed += added
        return True


def find_repeated(
    program: Program,
    kept: Sequence[int],
    n_parameters: int,
    columns: range,
    means_of: Mapping[int, Sequence[int]],
    sums: Sequence[tuple[Sums, list[int]]],
    smallest: int,
) -> list[tuple[Repeated, list[int]]]:
    """Find the formulas that are repeated often enough for a loop.

    Args:
        program: as for `find`.
        kept: the outputs that are wanted for every row.
        n_parameters: as for `find`.
        columns: as for `find`.
        means_of: as for `find`.
        sums: what `find` has found.
        smallest: how many instructions a loop must have, those of all results together.

    Returns:
        The formulas, with the numbers of their instructions, ascending.
    """
    in_sums = {x for _, members in sums for x in members}
    if len(program.instructions) - len(in_sums) < smallest:
        return []
    inputs_of = {x: found.right for found, _ in sums if isinstance(found, MatrixVector) for x in found.results}
    kinds = ["parameter" if x < n_parameters else "value" if x in columns else x for x in range(program.n_leaves)]
    trees = _Trees(program, in_sums, inputs_of, kinds)
    groups: dict[Any, list[int]] = {}
    wanted = set(kept)
    for root in trees.roots():
        places = means_of.get(root, ())
        is_kept = trees.uses[root] > 0 or root in wanted
        if len(places) < 2:
            groups.setdefault((trees.shape[root], trees.level[root], is_kept, len(places)), []).append(root)
    large = [roots for roots in groups.values() if len(roots) > 1 and len(roots) * trees.size[roots[0]] >= smallest]
    return [(trees.repeated(roots), sorted([x for root in roots for x in trees.members(root)])) for roots in large]


class _Trees:
    """The instructions outside of sums as trees: what one instruction alone uses belongs to it.

    Args:
        program: of simple rows.
        in_sums: the instructions that belong to no tree.
        inputs_of: for results of sums, what they are computed from.
        kinds: of each input and constant, what it is in a shape: "parameter" or "value" for any of them, or its number.

    Attributes:
        uses: how often an instruction uses a value.
        shape: equal for two instructions that are the same formula of other operands.
        level: how many results of trees and sums lie one behind the other before a value; two roots of one level can be
            computed in any order.
        size: how many instructions the tree below an instruction has.
    """

    def __init__(
        self, program: Program, in_sums: Collection[int], inputs_of: Mapping[int, Row], kinds: Sequence[str | int]
    ) -> None:
        first, instructions = program.n_leaves, program.instructions
        self._first, self._instructions, self._in_sums, self._kinds = first, instructions, in_sums, kinds
        self.uses = Counter([x for _, operands in instructions for x in operands])
        uses, n_values = self.uses, first + len(instructions)
        self._inner: set[int] = set()
        alone = bytearray(n_values)  # what nobody but one instruction needs
        for x, times in uses.items():
            alone[x] = times == 1 and x >= first
        for x in (*in_sums, *program.outputs):
            alone[x] = False
        in_long_sums = self._in_long_sums()
        shapes: dict[Any, int] = {}
        self.shape = shape = [0] * n_values
        self.level, self.size = level, size = [*shape], [*shape]
        for number, (row, operands) in enumerate(instructions, first):
            if number in in_sums:
                level[number] = 1 + max([level[x] for x in inputs_of.get(number, operands)])
                continue
            inner = [x for x in operands if alone[x]]
            if number in in_long_sums:  # its terms may be alike, and it is not like another
                inner = [x for x in inner if size[x] == 1 or x in in_long_sums]
            n = 1
            if inner:
                inner.sort(key=size.__getitem__)
                while (n := 1 + sum([size[x] for x in inner])) > LONGEST_FORMULA:
                    inner.pop()
                self._inner.update(inner)
            key = (row, *[shape[x] if x in inner else kinds[x] if x < first else "value" for x in operands])
            shape[number] = shapes.setdefault(key, -1 - len(shapes))
            size[number] = n
            level[number] = max([level[x] + (x >= first and x not in inner) for x in operands])

    def _in_long_sums(self) -> set[int]:
        """The additions that end sums of more than `LONGEST_SUM` terms."""
        terms: dict[int, int] = {}
        for number, (row, operands) in enumerate(self._instructions, self._first):
            if row is add:
                terms[number] = sum([terms[x] if x in terms and self.uses[x] == 1 else 1 for x in operands])
        return {number for number, n in terms.items() if n > LONGEST_SUM}

    def roots(self) -> list[int]:
        """The results of the trees."""
        numbers = range(self._first, len(self.shape))
        return [x for x in numbers if x not in self._inner and x not in self._in_sums]

    def members(self, root: int) -> list[int]:
        """The instructions of a tree, operands first."""
        inner = [x for x in self._instructions[root - self._first].operands if x in self._inner]
        return [*[x for below in inner for x in self.members(below)], root]

    def _operands(self, root: int) -> list[int]:
        """The operands of a tree that have no part in its shape, in its order."""
        used = [x for number in self.members(root) for x in self._instructions[number - self._first].operands]
        return [x for x in used if x not in self._inner and (x >= self._first or isinstance(self._kinds[x], str))]

    def repeated(self, roots: Sequence[int]) -> Repeated:
        """What computes roots of one shape."""
        rows = [*zip(*map(self._operands, roots))]
        operands = [row for row in dict.fromkeys(rows) if len({*row}) > 1]
        members = self.members(roots[0])
        used = [x for number in members for x in self._instructions[number - self._first].operands]
        in_shape = [x for x in used if x < self._first and not isinstance(self._kinds[x], str)]
        fixed = dict.fromkeys([*in_shape, *[row[0] for row in rows if row not in operands]])
        place = {x: n for n, x in enumerate([*fixed, *members], len(operands))}
        of_rows = iter([operands.index(row) if row in operands else place[row[0]] for row in rows])
        formula = []
        for number in members:
            row, given = self._instructions[number - self._first]
            known = [x in self._inner or x in in_shape for x in given]
            formula.append(Instruction(row, tuple([place[x] if so else next(of_rows) for x, so in zip(given, known)])))
        return Repeated(tuple(formula), tuple(operands), tuple(fixed), tuple(roots))
