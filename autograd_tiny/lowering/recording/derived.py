"""Further derivatives of what was recorded, as records of their own: Hessians, and products with vectors."""

from __future__ import annotations

from collections.abc import Sequence

from autograd_tiny.calculus.sparse import Entries, sparse_jacobian
from autograd_tiny.engine.graph import gradient
from autograd_tiny.engine.refusals import FORMULAS_ONLY, switched_on
from autograd_tiny.engine.table import dot
from autograd_tiny.lowering.program import collector_at_rest
from autograd_tiny.lowering.recording.recorded import Recorded
from autograd_tiny.symbols.expression import TO_BE_RUN, Expression


@collector_at_rest()
def hessian_of(recorded: Recorded) -> Recorded:
    """The gradient of the one result, to be differentiated by all inputs."""
    return Recorded(recorded.inputs, _gradient(recorded.results[0], recorded.inputs), recorded.inputs)


@collector_at_rest()
def entries_of(recorded: Recorded) -> tuple[Entries, Recorded]:
    """Where the derivatives of all results by all inputs need not be 0, and these derivatives as results."""
    with switched_on(TO_BE_RUN):
        entries = sparse_jacobian(recorded.safe_results(), recorded.inputs, recorded=True)
    numbers = [x if isinstance(x, Expression) else Expression.literal(x) for x in entries.numbers]
    return entries, Recorded(recorded.inputs, numbers)


@collector_at_rest()
def hvp_of(recorded: Recorded) -> Recorded:
    """The Hessian of the one result times a vector, which follows the inputs: the gradient of *gradient · vector*."""
    inputs, vector = recorded.inputs, _twins(recorded.inputs, "v_")
    slope = dot(_gradient(recorded.results[0], inputs), vector)
    return Recorded([*inputs, *vector], _gradient(slope, inputs))


@collector_at_rest()
def vjp_of(recorded: Recorded) -> Recorded:
    """The results, and a vector of as many numbers times the Jacobian; the vector follows the inputs."""
    inputs, weights = recorded.inputs, _weights(recorded)
    return Recorded([*inputs, *weights], [*recorded.results, *_gradient(dot(weights, recorded.results), inputs)])


@collector_at_rest()
def jvp_of(recorded: Recorded) -> Recorded:
    """The results, and the Jacobian times a vector, which follows the inputs.

    In reverse mode twice: uᵀ J is linear in u, and its product with v has the derivatives J v by u, whatever u is.
    """
    inputs, vector, weights = recorded.inputs, _twins(recorded.inputs, "v_"), _weights(recorded)
    pulled = dot(_gradient(dot(weights, recorded.results), inputs), vector)
    return Recorded([*inputs, *vector], [*recorded.results, *_gradient(pulled, weights)])


def _twins(inputs: Sequence[Expression], before: str) -> list[Expression]:
    return [Expression(before + x.label) for x in inputs]


def _weights(recorded: Recorded) -> list[Expression]:
    return [Expression(f"u[{i}]") for i in range(len(recorded.results))]


def _gradient(result: Expression, inputs: Sequence[Expression]) -> list[Expression]:
    """The gradient as when a function is recorded that computes one: branches that are not taken do no harm."""
    with switched_on(FORMULAS_ONLY):
        return gradient(result, inputs)
