"""A formula as a book prints it: what the rules of the table give, tidied by arithmetic.

Tidying is arithmetic, not algebra.  Nested sums become one sum and nested products one quotient of two products; equal
terms and equal factors are gathered, numbers are worked out, signs go to the front.  Nothing is multiplied out, nothing
with a name is cancelled, and no form is looked up: ``out * (1 - out)`` is the rule of ``sigmoid``, once factors 1 are
gone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from copy import copy
from fractions import Fraction
from functools import reduce
from typing import Any, NamedTuple

from autograd_tiny.engine.graph import all_nodes
from autograd_tiny.engine.row import ATOM, MultiPrimitive, Primitive
from autograd_tiny.engine.table import add, div, mul, neg, pow_, power, sqrt, sub
from autograd_tiny.symbols.exact import IRRATIONAL, NAMED, ONE, Irrational, exact, fits, reduced, rounded
from autograd_tiny.symbols.expression import LONG, TEXT, WORTH_A_NAME, Expression, Term
from autograd_tiny.text.numbers import plain_number

HIGHEST_GATHERED = 64
"""Powers are gathered up to this exponent: of x * x the rounding is half a digit, of 64 factors it is 64 times that."""
MOST_OPENED = 32
"""A longer sum or product is part of another one only if written so; else a chain of them took quadratic time."""
MOST_PASSES = 20
"""Parts that were shared may stand alone in the tidied formula: another pass opens them, and two or three suffice."""


def tidied(expression: Expression) -> Expression:
    """The same formula as a book prints it: equal at every point of its domain, up to rounding, and never longer.

    - Numbers among the factors of a product become one number in front.  A factor 1 goes, and so does what is
      multiplied by a number 0, as in `gradient`: neither its domain nor its infinities matter then.
    - A sign stands in front of a product; ``-(a - b)`` becomes ``b - a``, and ``a + (-b)`` becomes ``a - b``.
    - ``a + a`` becomes ``2 * a``, and ``x * x ** 2`` becomes ``x ** 3``.  ``x / x`` stays, since it has no value at 0.
    - ``1 / y * x`` becomes ``x / y``, and ``0.5 * x`` becomes ``x / 2``; decimals that are typed as such, 0.1, stay.
    - Multiples of pi, e and some roots, exactly the nearest floats, are written as such: ``2 * pi``.

    A labelled node inside is a name: it stays a factor or a term, and what it stands for is tidied by itself.  So does
    a long part that is used more than once.  In the length, 0.5 counts as the fraction 1 / 2 that it is.  What is tidy
    already is given back as it is.  The time is linear in the number of nodes, whatever they share.

    Args:
        expression: any formula, as `gradient` or a row's rule gives it.

    >>> from autograd_tiny import gradient
    >>> out, target = Expression("out"), Expression("target")
    >>> slope, = gradient(0.5 * (target - out)**2, [out])
    >>> str(slope), str(tidied(slope))
    ('(-1) * (2 * (target - out) * 0.5)', 'out - target')
    """
    for _ in range(MOST_PASSES):
        before, expression = expression, _Pass(expression).root
        if expression is before:
            break
    return expression


def named_number(value: float, labels: Container[str] = ()) -> Expression:
    """A number as the multiple of pi, of e or of a root that it is, to the last digit; any other number as it is.

    Args:
        value: the number.
        labels: what else is called by a name where the number stands; a constant of the same name is written in digits.

    >>> import math
    >>> [str(named_number(x)) for x in (2 * math.pi, math.pi / 180, -math.sqrt(2), 0.5)]
    ['2 * pi', 'pi / 180', '-sqrt(2)', '0.5']
    >>> str(named_number(math.pi, labels=["pi"]))
    '3.141592653589793'
    """
    found, number = IRRATIONAL.get(abs(value)), Expression.literal(value)
    return number if found is None or not found.is_told_apart_from(labels) else tidied(number)


class _Product(NamedTuple):
    """A quotient of products: ``over / under`` in numbers, ``over`` with the sign, and nodes with whole exponents."""

    over: Fraction
    under: Fraction
    above: Mapping[Expression, int]
    below: Mapping[Expression, int]

    @property
    def key(self) -> Any:
        """What equal terms have in common: everything but the number."""
        return frozenset(self.above.items()), frozenset(self.below.items())

    @property
    def is_number(self) -> bool:
        return not self.above and not self.below

    @property
    def is_zero(self) -> bool:
        """Whether a number 0 leaves nothing of it; an infinity written as a number, and a division by 0, remain."""
        return not self.over and all(_number_of(x) is None for x in (*self.above, *self.below))

    def with_number(self, over: Fraction, under: Fraction = ONE) -> _Product:
        return self._replace(over=over, under=under)

    def negative(self) -> _Product:
        return self.with_number(-self.over, self.under)


class _Pass:
    """One pass over a formula, operands before users.

    A *region* is a tree of additions, or of multiplications, in which each inner node is used once and has no label.
    It is read as one sum or product when its root is reached, and written anew, unless that is longer.
    """

    def __init__(self, expression: Expression) -> None:
        order = all_nodes(expression)
        self.expression = expression
        self.uses = Counter(x for node in order for x in node.operands)
        self.inner = self._inside_regions(order)
        self.labels = {
            node.label for node in order if node.constant_value is None or NAMED.get(node.label) != node.constant_value
        }
        self.nodes: dict[Any, Expression] = {}  # what was made or kept, by what it is, so that equal parts are one node
        self.operands: dict[Any, tuple[Expression, ...]] = {}  # the outputs of one softmax have one tuple in common
        self.constants: set[Expression] = set()  # numbers with a name: they stand next to the number
        self.terms: dict[Expression, Term] = {}  # as text, to be measured
        self.closed: set[Expression] = set()  # what stands under a name
        self.products: dict[Expression, _Product] = {}
        self.sums: dict[Expression, list[_Product]] = {}
        self.result: dict[Expression, Expression] = {}
        self._keep(order)
        for node in order:
            self.result[node] = self._tidied(node)
        self.root = self._alone(self.result[expression])

    def _inside_regions(self, order: Sequence[Expression]) -> set[Expression]:
        """The nodes that are parts of their user's region.  A sign belongs to what it is used in."""
        inner: set[Expression] = set()
        sums = {node for node in order if node.op in (add, sub)}
        for node in reversed(order):
            if node.op in ARITHMETIC:
                single = [x for x in node.operands if x.op in ARITHMETIC and self.uses[x] == 1 and not x.label]
                if node in sums:
                    sums.update(x for x in single if x.op is neg)
                inner.update(x for x in single if (x in sums) == (node in sums))
        return inner

    def _keep(self, order: Sequence[Expression]) -> None:
        """Have nodes of the formula used again wherever the tidied one has the same operation on the same operands."""
        kept: set[Expression] = set()
        for node in order:
            if node.op is None:
                key: Any = node if node.constant_value is None else node.label or repr(node.constant_value)
            elif node.label or not kept.issuperset(node.operands):
                continue
            else:
                key = (node.op, *node.operands)
                self.operands.setdefault((node.op.family, *node.operands), node.operands)
            if self.nodes.setdefault(key, node) is node:
                kept.add(node)

    # Nodes: tidied, and made.

    def _tidied(self, node: Expression) -> Expression:
        if node.op is None:
            return self._leaf(node)
        op, operands = node.op, tuple([self.result[x] for x in node.operands])
        if op is pow_ and (exponent := _number_of(operands[1])) is not None and math.isfinite(exponent):
            op, operands = power[exponent], operands[:1]
        if op not in ARITHMETIC and not _is_whole_power(op):
            operands = tuple([self._alone(x) for x in operands])
        result = self._made(op, operands)
        if node in self.inner:
            return result
        if op in (add, sub):
            result = self._shorter(self._sum(self._terms_of(node)), result)
        elif op in ARITHMETIC:
            result = self._shorter(self._product(self._factors_of(node)), result)
        elif _is_whole_power(op):
            result = self._shorter(
                self._product(self._with_sign_inside(self._power(operands[0], int(op.parameter)))), result
            )
        if node.label:
            result = self._labelled(node, result, operands)
        if node.label or (self.uses[node] > 1 and len(self.terms[result].text) > WORTH_A_NAME):
            self._close(result)
        return result

    def _close(self, node: Expression) -> None:
        """Let a node stand under a name: of a negative product, the positive one."""
        factors = self.products.get(node)
        if factors is not None and factors.over < 0 and not node.label:
            positive = self._product(factors.negative())
            self.closed.add(positive)
            self.products[node] = _Product(-ONE, ONE, {positive: 1}, {})
        else:
            self.closed.add(node)

    def _leaf(self, node: Expression) -> Expression:
        if (value := _number_of(node)) is not None:
            return self._number(value)
        if node.label in NAMED and NAMED[node.label] == node.constant_value:
            return self._constant(node.label)
        self.terms[node] = Term.of_name(node.label, TEXT.brackets)
        return node

    def _number(self, value: float) -> Expression:
        """The one node of a number."""
        node = self.nodes.setdefault(repr(value), Expression.literal(value))
        self.terms[node] = Term(*TEXT.number(value), TEXT.brackets)
        return node

    def _constant(self, name: str) -> Expression:
        """The one node of a number with a name."""
        if name not in self.nodes:
            self.nodes[name] = Expression.literal(NAMED[name])
            self.nodes[name].label = name
        node = self.nodes[name]
        self.terms[node] = Term(name, ATOM, TEXT.brackets)
        self.constants.add(node)
        return node

    def _made(self, op: Primitive, operands: tuple[Expression, ...]) -> Expression:
        """The one node for an operation on operands."""
        key = (op, *operands)
        if key not in self.nodes:
            if isinstance(op.family, MultiPrimitive):
                operands = self.operands.setdefault((op.family, *operands), operands)
            self.nodes[key] = Expression.record(op, operands)
        node = self.nodes[key]
        if node not in self.terms:
            self.terms[node] = self._measured(node)
        return node

    def _measured(self, node: Expression) -> Term:
        is_product = node.op in (mul, div)
        text = node.op.text.write([self._term(x, is_factor=is_product) for x in node.operands])
        return Term(text, node.op.text.level, TEXT.brackets)

    def _term(self, node: Expression, *, is_factor: bool) -> Term:
        """How a node is written as an operand.  Of a number among factors, the fraction that it is is measured."""
        term = self.terms[node]
        value = _number_of(node)
        if is_factor and value is not None and math.isfinite(value):
            over, under = reduced(exact(abs(value)), ONE)
            fraction = f"({over} / {under})" if value > 0.0 else f"(-({over} / {under}))"
            return term if under == 1 else Term(fraction, ATOM, TEXT.brackets)
        if node.label or (node not in self.closed and len(term.text) <= LONG):
            return term
        return Term("t1", ATOM, TEXT.brackets)

    def _labelled(self, node: Expression, result: Expression, operands: tuple[Expression, ...]) -> Expression:
        """``result`` under the label of ``node``.  A leaf, and what has a label already, gets no other."""
        if result.op is None or result.label:
            if node is self.expression:
                return result
            result = self._made(node.op, operands)
        if result.op is not node.op or not _same(result.operands, node.operands):
            twin = copy(result)
            twin.label = node.label
            node = twin
        self.terms[node] = Term.of_name(node.label, TEXT.brackets)
        return node

    def _shorter(self, tidy: Expression, plain: Expression) -> Expression:
        """The one that is written in fewer characters; it is opened as the same sum or product."""
        lengths = [_length(self._term(node, is_factor=False).text) for node in (tidy, plain)]
        if lengths[0] <= lengths[1]:
            return tidy
        if tidy in self.sums:
            self.sums.setdefault(plain, self.sums[tidy])
        if tidy in self.products:
            self.products.setdefault(plain, self.products[tidy])
        return plain

    def _alone(self, node: Expression) -> Expression:
        """A number that is neither a factor nor a term, as a fraction or by its name if that is shorter."""
        return node if (value := _number_of(node)) is None else self._product(self._read_number(value))

    # Regions read.

    def _read(self, node: Expression) -> _Product:
        """A node as a product; one with a name stays a factor."""
        if (value := _number_of(node)) is not None:
            return self._read_number(value)
        factors = self.products.get(node)
        if factors is not None and node not in self.closed and len(factors.above) + len(factors.below) <= MOST_OPENED:
            return factors
        return _Product(ONE, ONE, {node: 1}, {})

    def _read_number(self, value: float) -> _Product:
        if not math.isfinite(value):
            return _Product(ONE, ONE, {self._number(value): 1}, {})
        found = IRRATIONAL.get(abs(value))
        if found is None or not found.is_told_apart_from(self.labels):
            return _Product(exact(value), ONE, {}, {})
        over, under = found.factor.numerator, found.factor.denominator
        sign = -1 if value < 0.0 else 1
        node = {self._irrational(found): 1}
        above, below = ({}, node) if found.inverse else (node, {})
        return _Product(Fraction(sign * over), Fraction(under), above, below)

    def _irrational(self, found: Irrational) -> Expression:
        """pi, e, or the root of a number or of a multiple of these."""
        if found.radicand is None:
            return self._constant(found.name)
        name = {self._constant(found.name): 1} if found.name else {}
        root = self._made(sqrt, (self._product(_Product(found.radicand, ONE, name, {})),))
        self.constants.add(root)
        return root

    def _region(self, root: Expression, inverse: Primitive) -> Iterator[tuple[Expression, bool]]:
        """The nodes of a region and their operands, left to right; whether each is inverted: subtracted or divided by.

        A sign inverts a term of a sum; of a product it is the sign of the whole.
        """
        waiting = [(root, False)]
        while waiting:
            node, inverted = waiting.pop()
            yield node, inverted
            if node is root or node in self.inner:
                first, *second = node.operands
                waiting += [(x, inverted != (node.op is inverse)) for x in second]
                waiting.append((first, inverted != (node.op is neg and inverse is sub)))

    def _factors_of(self, root: Expression) -> _Product:
        """A region of multiplications, divisions and signs as one product."""
        over = under = ONE
        above: dict[Expression, int] = {}
        below: dict[Expression, int] = {}
        for node, divides in self._region(root, div):
            if node is root or node in self.inner:
                over = -over if node.op is neg else over
                continue
            read = self._read(self.result[node])
            if read.over is not ONE or read.under is not ONE:
                numbers = (over * read.under, under * read.over) if divides else (over * read.over, under * read.under)
                if fits(*numbers):
                    over, under = map(rounded, numbers)
                else:
                    read = _Product(ONE, ONE, {self.result[node]: 1}, {})
            for here, factors in (
                ((below, read.above), (above, read.below)) if divides else ((above, read.above), (below, read.below))
            ):
                for x, exponent in factors.items():
                    here[x] = here.get(x, 0) + exponent
        return self._with_sign_inside(
            _Product(over, under, above, below) if under > 0 else _Product(-over, -under, above, below)
        )

    def _power(self, base: Expression, exponent: int) -> _Product:
        """A whole power; of one factor and a number, both are raised."""
        read = self._read(base)
        factors = [*read.above.values(), *read.below.values()]
        if len(factors) <= 1 and exponent * max([1, *factors]) <= HIGHEST_GATHERED:
            over, under = read.over**exponent, read.under**exponent
            if fits(over, under):
                above, below = ({x: k * exponent for x, k in part.items()} for part in (read.above, read.below))
                return _Product(rounded(over), rounded(under), above, below)
        return _Product(ONE, ONE, {base: exponent}, {})

    def _with_sign_inside(self, factors: _Product) -> _Product:
        """Without the sign, if a difference among the factors can take it: ``-(a - b) * c`` is ``(b - a) * c``.

        A difference of two names comes first: ``1 - x`` is rather left as it is.
        """
        if factors.over >= 0:
            return factors
        odd = [x for x, exponent in factors.above.items() if exponent % 2 and x in self.sums and x not in self.closed]
        differences = [x for x in odd if any(term.over < 0 for term in self.sums[x])]
        if not differences:
            return factors
        chosen = min(differences, key=lambda x: any(term.is_number for term in self.sums[x]))
        turned = self._sum([term.negative() for term in self.sums[chosen]])
        above: dict[Expression, int] = {}
        for x, exponent in factors.above.items():
            x = turned if x is chosen else x
            above[x] = above.get(x, 0) + exponent
        return factors.negative()._replace(above=above)

    def _terms_of(self, root: Expression) -> list[_Product]:
        """A region of additions, subtractions and signs as the terms of one sum, equal ones gathered."""
        terms: dict[Any, _Product] = {}
        for node, negative in self._region(root, sub):
            if node is root or node in self.inner:
                continue
            result = self.result[node]
            parts = self.sums.get(result, []) if self.uses[node] == 1 and result not in self.closed else []
            for term in parts if 0 < len(parts) <= MOST_OPENED else [self._read(result)]:
                term = term.negative() if negative else term
                before = terms.get(term.key)
                if before is not None:
                    term = before.with_number(rounded(before.over / before.under + term.over / term.under))
                terms[term.key] = term
        return list(terms.values())

    # Regions written.

    def _product(self, factors: _Product) -> Expression:
        if factors.is_zero:
            return self._number(0.0)
        over, under = reduced(abs(factors.over), factors.under)
        if factors.is_number and len(f"{over} / {under}") >= len(
            plain_number(value := float(factors.over / factors.under))
        ):
            return self._number(value)
        above, below = (self._powers(number, part) for number, part in ((over, factors.above), (under, factors.below)))
        result = self._chain(mul, above or [self._number(1.0)])
        if below:
            result = self._made(div, (result, self._chain(mul, below)))
        if factors.over < 0:
            result = self._made(neg, (result,))
        if result not in factors.above:
            # a * b, where b * a comes after it.
            result = self.nodes.setdefault((factors.over, factors.under, factors.key), result)
            self.products.setdefault(result, factors)
        return result

    def _powers(self, number: Fraction, factors: Mapping[Expression, int]) -> list[Expression]:
        """The number, unless it is 1, the constants with a name, and the other factors in their order."""
        ordered = sorted(factors.items(), key=lambda factor: factor[0] not in self.constants)
        powers = [x if exponent == 1 else self._made(power[exponent], (x,)) for x, exponent in ordered]
        return powers if number == 1 else [self._number(float(number)), *powers]

    def _sum(self, terms: Sequence[_Product]) -> Expression:
        """A sum, or a negative one if it has no positive term; the first positive term comes first."""
        terms = [term for term in terms if not term.is_zero]
        if len(terms) <= 1:
            return self._product(self._with_sign_inside(terms[0])) if terms else self._number(0.0)
        first = next((term for term in terms if term.over > 0), None)
        if first is None:
            whole = self._sum([term.negative() for term in terms])
            return self._product(_Product(-ONE, ONE, {whole: 1}, {}))
        terms = [first, *[term for term in terms if term is not first]]
        result = self._product(first)
        for term in terms[1:]:
            result = self._made(
                sub if term.over < 0 else add, (result, self._product(term.with_number(abs(term.over), term.under)))
            )
        result = self.nodes.setdefault(frozenset((term.over, term.under, term.key) for term in terms), result)
        self.sums.setdefault(result, terms)
        return result

    def _chain(self, op: Primitive, operands: Sequence[Expression]) -> Expression:
        return reduce(lambda x, y: self._made(op, (x, y)), operands)


def _length(text: str) -> int:
    """How long a formula is: the signs in it, with ``**`` as one."""
    return len(text.replace(" ", "").replace("**", "^"))


def _number_of(node: Expression) -> float | None:
    """The number that a node is, unless it has a name."""
    return None if node.label else node.constant_value


def _is_whole_power(op: Primitive) -> bool:
    return op.family is power and float(op.parameter or 0).is_integer() and (op.parameter or 0) >= 1


def _same(nodes: Iterable[Expression], others: Iterable[Expression]) -> bool:
    return all(x is y for x, y in zip(nodes, others))


ARITHMETIC = frozenset([add, sub, mul, div, neg])
