"""Known mistakes, each an edit of the formula that should have been followed.

An edit whose number is the printed one explains how the printed number came about.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import pairwise

from autograd_tiny.calculus.mistaken.functions import OTHER_FUNCTIONS
from autograd_tiny.calculus.mistaken.rules import mistaken_rules
from autograd_tiny.engine.graph import topological_order
from autograd_tiny.engine.refusals import data_of
from autograd_tiny.engine.row import MultiPrimitive
from autograd_tiny.engine.table import (
    add,
    div,
    gelu,
    leaky_relu,
    mul,
    power,
    relu,
    sigmoid,
    silu,
    softplus,
    sqrt,
    tanh,
)
from autograd_tiny.engine.value import Value
from autograd_tiny.marking.derivations import (
    Derivation,
    Derivations,
    NamedGraph,
    added,
    changed,
    is_number,
    rewritten,
)
from autograd_tiny.marking.forms.printed import Printed
from autograd_tiny.marking.forms.quantities import Quantity, data, derivative, updated
from autograd_tiny.marking.judging.numbers import Numbers
from autograd_tiny.marking.slips.editor import Edit, Editor
from autograd_tiny.marking.training.times import timed
from autograd_tiny.symbols.expression import Expression
from autograd_tiny.text.words import counted, listed
from autograd_tiny.views.paths import edges, uses

ACTIVATIONS: tuple[object, ...] = (gelu, leaky_relu, relu, sigmoid, silu, softplus, tanh)
ONE, ZERO = Expression.constant(1.0), Expression.constant(0.0)


Found = Iterator[tuple[Expression, str] | tuple[Expression, str, Expression]]


def _sign(d: Editor) -> Found:
    yield -d.root, "the sign is wrong"


def _sign_of_a_term(d: Editor) -> Found:
    for whole, terms in d.sums:
        if d.step is None or whole is not d.root:
            for i, term in enumerate(terms):
                yield (
                    d.with_(whole, added([*terms[:i], -term, *terms[i + 1 :]])),
                    f"the sign of the term {d.shown(term)} is wrong",
                )


def _update_added(d: Editor) -> Found:
    if d.step is not None:
        yield d.root.operands[0] + d.step, "the step is added, where gradient descent subtracts it"


def _scaled(d: Editor, factor: float, what: str) -> Found:
    if d.step is not None:
        yield d.with_(d.step, factor * d.step), f"the step {what}", d.root.operands[0]
    yield factor * d.root, f"the number {what}", ZERO


def _times(d: Editor, counts: Iterable[int]) -> Found:
    for n in counts:
        yield from _scaled(d, float(n), f"is {n} times too large")
        yield from _scaled(d, 1.0 / n, f"is {n} times too small")


def _factor(d: Editor) -> Found:
    yield from _times(d, (n for n in d.graph.counts if n != 2))


def _factor_squared(d: Editor) -> Found:
    """A factor that comes in twice, as the 2 of a square and of a mean."""
    squares = {n * n for n in d.graph.counts}
    yield from _times(d, sorted(squares.difference(d.graph.counts)))


def _weight_and_gradient(d: Editor) -> Found:
    """The weight after a step where its gradient is asked for, and what the step is made of where the weight is."""
    if d.quantity.kind == "derivative":
        by = data(d.quantity.nodes[1])
        if d.derivations.step(by) is None:
            yield d.derivations.variable(by) - d.root, f"it is {by} less its gradient"
        if updated(by.nodes[0]).nodes[0] in d.graph.nodes:
            yield (
                d.derivations.variable(updated(by.nodes[0])),
                f"it is {updated(by.nodes[0])}, the number after the step",
            )
    elif d.step is not None:
        yield d.step, "it is the step alone"
        for x in d.step.operands:
            if x in d.parts:
                yield x, f"it is {d.told(d.parts[x])}, the gradient"
                before = d.quantity.nodes[0].removesuffix("'")
                yield (
                    d.with_(x, d.derivations.variable(data(before))),
                    f"{before} is taken for {d.told(d.parts[x])}, its gradient",
                )


def _decimal_place(d: Editor) -> Found:
    for k, places in ((1, "one place"), (2, "two places"), (3, "three places")):
        yield from _scaled(d, 10.0**k, f"has its decimal point {places} too far to the right")
        yield from _scaled(d, 10.0**-k, f"has its decimal point {places} too far to the left")


def _activation_derivative_missing(d: Editor) -> Found:
    for part, of, by in d.local_derivatives:
        if is_activation(d.graph.nodes[of]) and part is not d.root:
            yield d.with_(part, ONE), f"the derivative of the activation, {d.told(derivative(of, by))}, is missing"
    several = [
        (part, of, by) for part, of, by in d.local_derivatives if d.graph.outputs_beside(of) and part is not d.root
    ]
    if several:
        without = {part: ZERO if _off_diagonal(d.graph, of, by) else ONE for part, of, by in several}
        yield rewritten(d.root, without)[d.root], "the derivatives of the softmax are missing"


def _activation_missing(d: Editor) -> Found:
    for part, quantity in d.parts.items():
        if quantity.kind == "data" and part.op is not None and is_activation(d.graph.nodes[quantity.nodes[0]]):
            yield d.with_(part, part.operands[0]), f"the activation that gives {d.told(quantity)} is missing"


def is_activation(node: Value) -> bool:
    """Whether an activation of one operand gives a node."""
    return node.op is not None and (node.op in ACTIVATIONS or node.op.family in ACTIVATIONS)


def _derivative_at_the_wrong_point(d: Editor) -> Found:
    for part, of, by in d.local_derivatives:
        row = d.graph.nodes[of].op
        if part.op is not None and row.arity == 1:
            out, x = d.derivations.variable(data(of)), d.derivations.variable(data(by))
            (at_output,) = row.derivatives(Expression.record(row, (out,)), (out,))
            (at_input,) = row.derivatives(x, (x,))
            for moved, point, instead in ((at_output, of, by), (at_input, by, of)):
                if isinstance(moved, Expression):
                    where = f"{d.told(data(point))} in place of {d.told(data(instead))}"
                    yield d.with_(part, moved), f"{d.told(derivative(of, by))} is taken at {where}"
        elif outputs := d.graph.outputs_beside(of):
            operands = d.graph.operands(of)
            inputs = {
                d.derivations.variable(data(out)): d.derivations.variable(data(operands[i] or of))
                for i, out in outputs.items()
            }
            what = d.told(derivative(of, by))
            yield d.with_(part, rewritten(part, inputs)[part]), f"{what} is computed from the inputs, not the outputs"
            for out, x in inputs.items():
                for edge in edges(part) if out is not part else ():
                    if edge.operand is out:
                        operands_of = (*edge.user.operands[: edge.place], x, *edge.user.operands[edge.place + 1 :])
                        moved = changed(
                            topological_order(part), {edge.user: Expression.record(edge.user.op, operands_of)}
                        )
                        put, instead = [d.told(d.derivations.quantities[quantity]) for quantity in (x, out)]
                        yield d.with_(part, moved.get(part, part)), f"in {what}, {put} is put in for {instead}"


def _mistaken_rule(d: Editor) -> Found:
    for part, of, by in d.local_derivatives:
        for mistaken in mistaken_rules(d.derivations.operation(of)):
            yield (
                d.with_(part, d.derivations.mistaken_derivative(of, by, mistaken)),
                f"in {d.told(derivative(of, by))}, {mistaken.what}",
            )


def _another_function(d: Editor) -> Found:
    for node in topological_order(d.root):
        for other, what in OTHER_FUNCTIONS.get(node.op, ()) if node.op is not None else ():
            yield d.with_(node, Expression.record(other, node.operands)), what


def _softmax_diagonal_only(d: Editor) -> Found:
    beside = [part for part, of, by in d.local_derivatives if _off_diagonal(d.graph, of, by) and part is not d.root]
    if beside:
        yield (
            rewritten(d.root, dict.fromkeys(beside, ZERO))[d.root],
            "only the diagonal of the softmax's derivatives is used",
        )
    yield from _sum_of_printed_paths(d, diagonal=True)


def _is_of_softmax(graph: NamedGraph, name: str) -> bool:
    row = graph.nodes[name].op
    return row is not None and isinstance(row.family, MultiPrimitive)


def _off_diagonal(graph: NamedGraph, of: str, by: str) -> bool:
    return _is_of_softmax(graph, of) and graph.operands(of)[graph.nodes[of].op.parameter] != by


def over_printed_paths(
    derivations: Derivations, quantity: Quantity, known: Iterable[Quantity]
) -> tuple[Expression, list[Quantity]] | None:
    """A derivative as the sum over those of its paths that were printed, and these; None if there are not several."""
    if quantity.kind != "derivative":
        return None
    of, by = quantity.nodes
    starts = {
        user: derivations.variable(derivative(of, user)) for user in derivations.graph.operands(of) if user is not None
    } | {of: ONE}
    paths = [q for q in known if q.kind == "path" and q.nodes[-1] == by and q.nodes[0] in starts]
    terms = [starts[q.nodes[0]] * derivations.variable(q) for q in paths]
    return (added([rewritten(x, {ONE: ONE})[x] for x in terms]), paths) if len(paths) > 1 else None


def over_printed_labels(
    derivations: Derivations, usual: Derivation, known: Collection[Quantity]
) -> tuple[Expression, list[Quantity]] | None:
    """A derivative by the chain rule from labelled node to labelled node, and the printed derivatives that only this
    way uses and not the usual one; None if there are none.
    """
    if usual.quantity.kind != "derivative":
        return None
    derivation = derivations.derivation(usual.quantity, known, over_labels=True)
    by_the_usual = {*usual.parts.values()}
    used = [x for x in derivation.parts.values() if x in known and x.kind == "derivative" and x not in by_the_usual]
    return (derivation.root, used) if used else None


def are_all_paths(numbers: Numbers, quantity: Quantity, total: Expression) -> bool:
    """Whether a sum over paths of a derivative is over all of them: whether the engine's numbers add up to it."""
    with suppress(ArithmeticError, ValueError):
        return math.isclose(data_of(numbers.evaluate(total)), data_of(numbers.of(quantity)), rel_tol=1e-9)
    return False


def _sum_of_printed_paths(d: Editor, *, diagonal: bool) -> Found:
    """The printed paths alone: those through the diagonal of a softmax's derivatives, or any others."""
    found = over_printed_paths(d.derivations, d.quantity, d.known)
    if found is None or are_all_paths(Numbers(d.derivations), d.quantity, found[0]):
        return
    total, paths = found
    steps = [pair for q in paths for pair in pairwise(q.nodes) if _is_of_softmax(d.graph, pair[0])]
    through = [_off_diagonal(d.graph, *pair) for pair in steps]
    if (bool(through) and not any(through)) is diagonal:
        which = ", those through the diagonal of the softmax's derivatives" if diagonal else ""
        yield total, f"only the {len(paths)} printed paths are added{which}; there are more"


def _one_path_kept(d: Editor) -> Found:
    for whole, terms in d.chain_rule_sums:
        for term in terms:
            yield d.with_(whole, term), f"of {len(terms)} paths only one is kept, {d.shown(term)}"


def _part_of_the_loss_only(d: Editor) -> Found:
    for part, quantity in d.parts.items():
        if quantity.kind == "derivative":
            of, by = quantity.nodes
            ways = d.derivations.operands_towards(of, by)
            for x in ways if len(ways) > 1 else ():
                if derivative(x, by) in d.known:
                    kept = d.derivations.variable(derivative(x, by)) * d.derivations.variable(derivative(of, x))
                    short, whole = d.told(derivative(x, by)), d.told(derivative(of, by))
                    yield (
                        d.with_(part, kept),
                        f"{short} is used for {whole}, which has {counted(len(ways) - 1, 'more path')}",
                    )


def _path_left_out(d: Editor) -> Found:
    for whole, terms in d.chain_rule_sums:
        if len(terms) > 2:  # of two, one is kept
            for root, term in d.with_one_left_out(whole, terms):
                yield root, f"of {len(terms)} paths one is left out, {term}"


def _one_term_kept(d: Editor) -> Found:
    over_paths = {whole for whole, _ in d.chain_rule_sums}
    for whole, terms in d.sums:
        if whole not in over_paths and len(terms) > 2:  # of two, one is left out
            for term in terms:
                yield d.with_(whole, term), f"of {len(terms)} terms only one is kept, {d.shown(term)}"


def _term_left_out(d: Editor) -> Found:
    over_paths = {whole for whole, _ in d.chain_rule_sums}
    for whole, terms in d.sums:
        if whole not in over_paths:
            for root, term in d.with_one_left_out(whole, terms):
                yield root, f"the term {term} is left out"


def _products(d: Editor) -> Iterator[tuple[Expression, Expression, Expression]]:
    """Products: the node, one factor, and what remains without it.

    A quotient is a product with a reciprocal, a power one of equals.
    """
    for node in topological_order(d.root):
        if node.op in (mul, div):
            x, y = node.operands
            if node.op is mul and not is_number(x, -1.0):
                yield node, x, y
            if not is_number(y, -1.0):
                yield node, y if node.op is mul else 1.0 / y, x
        elif node.op is not None and node.op.family is power and (node.op.parameter or 0.0) >= 2.0:
            (x,), less = node.operands, node.op.parameter - 1.0
            yield node, x, x if less == 1.0 else x**less


def _factor_left_out(d: Editor) -> Found:
    # These have a name of their own.
    activations = {part for part, of, _ in d.local_derivatives if is_activation(d.graph.nodes[of])}
    for node, factor, rest in _products(d):
        if factor not in activations:
            yield d.with_(node, rest), f"the factor {d.shown(factor)} is left out"


def _factor_twice(d: Editor) -> Found:
    for node, factor, _ in _products(d):
        yield d.with_(node, node * factor), f"the factor {d.shown(factor)} is applied twice"


def _updated_weights_used(d: Editor) -> Found:
    if d.quantity.kind == "derivative":
        weights = {x: q.nodes[0] for x, q in d.parts.items() if q.kind == "data" and updated(q.nodes[0]) in d.known}
        if weights:
            after = {x: d.derivations.variable(updated(name)) for x, name in weights.items()}
            which = listed(after.values(), 3)
            yield (
                rewritten(d.root, after)[d.root],
                f"the gradient is propagated with weights after their update, {which}",
            )


def _not_updated(d: Editor) -> Found:
    """A number from before an update in place of the one after: a weight, what an optimizer keeps, all weights."""
    later = {x: q for x, q in d.parts.items() if x is not d.root}
    before = {x: q for x, later_one in later.items() if (q := _one_update_before(d.graph, later_one)) is not None}
    weights = {x: d.derivations.variable(q) for x, q in before.items() if d.derivations.is_update(later[x])}
    if len(weights) > 1:
        yield (
            rewritten(d.root, weights)[d.root],
            f"the weights before their update are used, {listed(weights.values(), 3)}",
        )
    for x, q in before.items():
        yield d.with_(x, d.derivations.variable(q)), f"{q} of before the update is used in place of {later[x]}"


def _one_update_before(graph: NamedGraph, quantity: Quantity) -> Quantity | None:
    """The same of one update before; None where there is none, or only the zeros that an optimizer begins with."""
    names = tuple(name.removesuffix("'") for name in quantity.nodes)
    begins = any(timed(name).beside and not timed(name).time for name in names)
    # What has no label has the same name at no other time.
    known = names != quantity.nodes and not begins and all(name in graph.labels for name in names)
    return quantity._replace(nodes=names) if known else None


def _another_time(d: Editor) -> Found:
    """The same quantity of one update before."""
    before = _one_update_before(d.graph, d.quantity)
    if before is not None:
        yield d.derivations.variable(before), f"it is {before}, of before the update"


def _bias_correction_missing(d: Editor) -> Found:
    corrected = {
        x: step.operands[0]
        for x, q in d.parts.items()
        if _is_corrected(q) and (step := d.derivations.step(q)) is not None
    }
    if len(corrected) > 1:
        yield rewritten(d.root, corrected)[d.root], "the bias of the means is not corrected"
    for x, uncorrected in corrected.items():
        yield d.with_(x, uncorrected), f"{d.parts[x]} is not corrected for its bias"


def _is_corrected(quantity: Quantity) -> bool:
    return quantity.kind == "data" and timed(quantity.nodes[0]).beside in ("mhat", "vhat")


def _shares_exchanged(d: Editor) -> Found:
    """A moving average whose two shares have changed places."""
    for node in topological_order(d.root):
        if node.op is add and all(x.op is mul and x.operands[0].constant_value is not None for x in node.operands):
            (share, old), (rest, new) = [x.operands for x in node.operands]
            if math.isclose((share.constant_value or 0.0) + (rest.constant_value or 0.0), 1.0):
                yield (
                    d.with_(node, rest * old + share * new),
                    f"the shares {share} and {rest} of a moving average are exchanged",
                )


def _root_left_out(d: Editor) -> Found:
    for node in topological_order(d.root):
        if node.op is sqrt:
            yield d.with_(node, node.operands[0]), "a square root is left out"


def _neighbour_taken(d: Editor) -> Found:
    used = uses(edges(d.root))
    for part, quantity in d.parts.items():
        for other in neighbours(d.graph, quantity) if part is not d.root else ():
            variable = d.derivations.variable(other)
            yield d.with_(part, variable), f"{d.told(other)} is taken in place of {d.told(quantity)}"
            places = used.get(part, [])
            for edge in places if len(places) > 1 else ():
                what = f"{d.told(other)} is taken for {d.told(quantity)} in one of {len(places)} places"
                yield d.with_use(edge.user, edge.place, variable), what
    for part, of, by in d.local_derivatives:
        row = d.graph.nodes[of].op
        for other in neighbours(d.graph, data(by)) if part.op is not None and row.arity == 1 else ():
            x = d.derivations.variable(other)
            (there,) = row.derivatives(Expression.record(row, (x,)), (x,))
            if isinstance(there, Expression):
                yield (
                    d.with_(part, there),
                    f"{d.told(derivative(of, by))} is taken at {d.told(other)} in place of {d.told(data(by))}",
                )


def _neighbour_copied(d: Editor) -> Found:
    for other in neighbours(d.graph, d.quantity):
        yield d.derivations.variable(other), f"it is {other}"


def neighbours(graph: NamedGraph, quantity: Quantity) -> list[Quantity]:
    """The same quantity of other nodes: of those whose label differs in an index, or has two swapped."""
    found: dict[Quantity, None] = {}
    for i, name in enumerate(quantity.nodes):
        for other in graph.neighbours(name):
            nodes = (*quantity.nodes[:i], other, *quantity.nodes[i + 1 :])
            found[Quantity(quantity.kind, nodes)] = None
    return [q for q in found if all(graph.depends(of, by) for of, by in pairwise(q.nodes))]


def swapped_digits(expected: Printed) -> list[str]:
    """What a number becomes when two digits that stand side by side change places."""
    start = re.match(r"[-+\d., \u00a0\u2009\u202f]*", expected.text)
    mantissa = start[0] if start else ""
    rest = expected.text[len(mantissa) :]
    if rest.startswith(("^", "**", "⁻", *"⁰¹²³⁴⁵⁶⁷⁸⁹")):  # a power of ten
        return []
    places = [i for i, c in enumerate(mantissa) if c.isdigit()]
    found = []
    for i, j in pairwise(places):
        swapped = list(mantissa)
        swapped[i], swapped[j] = swapped[j], swapped[i]
        found.append("".join(swapped) + rest)
    return found


Finder = Callable[[Editor], Found]
MISTAKES: tuple[tuple[str, float, Finder], ...] = (
    ("update added", 1, _update_added),
    ("sign", 0.5, _sign),
    ("not updated", 0.8, _another_time),
    ("one path kept", 0.8, _part_of_the_loss_only),
    ("one path kept", 0.8, _one_path_kept),
    ("factor", 0.8, partial(_times, counts=(2,))),
    ("sign", 1.5, _sign_of_a_term),
    ("factor", 1.2, _factor),
    ("factor", 1.6, _factor_squared),
    ("bias correction missing", 1, _bias_correction_missing),
    ("decimal place", 1, _decimal_place),
    ("activation derivative missing", 1, _activation_derivative_missing),
    ("softmax diagonal only", 1, _softmax_diagonal_only),
    ("path left out", 1, partial(_sum_of_printed_paths, diagonal=False)),
    ("one term kept", 1.4, _one_term_kept),
    ("path left out", 1.5, _path_left_out),
    ("wrong point", 1.5, _derivative_at_the_wrong_point),
    ("updated weights used", 1.5, _updated_weights_used),
    ("not updated", 1.1, _not_updated),
    ("shares exchanged", 1.5, _shares_exchanged),
    ("weight and gradient", 1.7, _weight_and_gradient),
    ("mistaken rule", 1.9, _mistaken_rule),
    ("another function", 2, _another_function),
    ("root left out", 2, _root_left_out),
    ("activation missing", 2, _activation_missing),
    ("factor left out", 2, _factor_left_out),
    ("term left out", 2, _term_left_out),
    ("factor twice", 2, _factor_twice),
    ("neighbour taken", 3, _neighbour_taken),
    ("copied", 3, _neighbour_copied),
)
"""Known mistakes: the name, how far-fetched it is, and what finds it in a formula.

Below 1 stand the commonest slips by far: a sign, a path of several taken alone, a factor of 2, and the number of
before an update, which is one number only.  Of two equal paths, one is half of both, and it says why.  1 is a slip
that a formula admits in one place or two, by what it looks like; 2 one that each factor or term admits, and just
before it what people have written for an operation's derivative, which often is its own with a factor or a term less;
3 one that takes numbers from elsewhere.  In between stand those of which another is a special case, as one path of
three left out of one kept.  Which of two that fit is told, which were tried before it, and how many may be expected
to fit by chance: all three follow from it.
"""
PATHS_LOST = ("one path kept", "softmax diagonal only", "path left out")
SLIPS_OF_THE_PEN = ("sign", "decimal place", "update added")
"""Only these are looked for together: of all pairs there are so many that some would fit any number by chance."""


def edits(d: Editor) -> Iterator[Edit]:
    """The formula with each known mistake, everywhere it could have been made."""
    for name, effort, find in MISTAKES:
        for root, what, *without in find(d):
            yield Edit(name, root, what, effort, without[0] if without else None)


def double_edits(d: Editor) -> Iterator[Edit]:
    """The formula with paths left out, and after that a slip of sign or decimal place."""
    for first, effort, find in MISTAKES:
        for root, what, *_ in find(d) if first in PATHS_LOST else ():
            edited = Editor(d.derivations, Derivation(d.quantity, root, {}), d.known)
            for second, more, find_second in MISTAKES:
                for twice, and_what, *without in find_second(edited) if second in SLIPS_OF_THE_PEN else ():
                    told = f"{what}; besides, {and_what}"
                    yield Edit(f"{first}, {second}", twice, told, effort + more, without[0] if without else None)
