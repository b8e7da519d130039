"""Agreement on random computations: whatever computes a derivative gives the same one."""

import math
from contextlib import redirect_stdout, suppress
from functools import partial
from io import StringIO
from random import Random

import fuzz
from hypothesis import Phase, assume, given, note, settings
from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption
from random_graphs import Program, Step, assert_close, magnitudes, margin, random_program, recorded

from autograd_tiny import TABLE, Expression, Value, gradient
from autograd_tiny.engine.graph import adjoints, all_nodes, mapped, topological_order
from autograd_tiny.symbols.expression import evaluate

EXAMPLES = settings(deadline=None, derandomize=True, phases=[Phase.generate])


def on_random_programs(test, most_steps=12):
    """A test of one program as a test of many; one that it fails on is made as simple as possible and printed as Python.

    Hypothesis chooses seeds and nothing else: left to choose every step, it makes half of the programs twice and some rows
    hardly ever.
    """

    @EXAMPLES
    @given(st.integers(0, 2**32))
    def run(seed):
        program = random_program(Random(seed), most_steps=most_steps)
        try:
            return test(program)
        except AssertionError:
            simplest = fuzz.shrink(program, partial(fails, test))
        note(f"As Python:\n\n{simplest.as_python()}")
        return test(simplest)

    run.__name__ = test.__name__
    return run


on_small_programs = partial(on_random_programs, most_steps=5)


def fails(test, program):
    try:
        test(program)
    except AssertionError:
        return True
    except (ArithmeticError, ValueError, UnsatisfiedAssumption):
        pass
    return False


def test_bases_of_powers_have_every_sign():
    bases = set()
    for seed in range(800):
        program = random_program(Random(seed))
        nodes = program.run(program.leaves)
        bases |= {math.copysign(1.0, x) if x else 0.0 for s in program.steps if s.name == "pow" for x in program.operands(s, nodes)[:1]}
    assert bases == {-1.0, 0.0, 1.0}


@on_random_programs
def test_floats_values_and_expressions_agree_on_the_value(program):
    symbols = [Expression(f"x{i}") for i in range(len(program.leaves))]
    _, root = recorded(program)
    assert root.data == program(*program.leaves) == program(*symbols).evaluate(dict(zip(symbols, program.leaves)))


@on_random_programs
def test_backward_gradient_and_formula_agree(program):
    leaves, root = recorded(program)
    slopes = gradient(root, leaves)
    assert all(leaf.grad == 0.0 for leaf in leaves)
    root.backward()
    grads = [leaf.grad for leaf in leaves]
    sizes = magnitudes(root, leaves)
    assert_close([d.data for d in slopes], grads, sizes)

    symbols = [Expression(f"x{i}") for i in range(len(leaves))]
    formulas = gradient(program(*symbols), symbols)
    assert_close(evaluate(formulas, dict(zip(symbols, program.leaves))), grads, sizes)


@on_random_programs
def test_backward_walks_in_topological_order_and_leaves_plain_floats(program):
    _, root = recorded(program)
    order = topological_order(root)
    for _ in range(2):
        assert root._order_cleared() == order
        assert all(node.grad == 0.0 for node in order)
        root.backward()
        assert all(node.grad.__class__ is float for node in all_nodes(root))


@on_random_programs
def test_what_is_made_of_every_node_is_made_of_what_its_operands_gave(program):
    _, root = recorded(program)
    sizes = mapped([root], lambda node, operands: 1 + sum(operands))
    assert [*sizes] == all_nodes(root)
    for node, size in sizes.items():
        assert size == 1 + sum(sizes[x] for x in node.operands)


@on_random_programs
def test_gradient_by_interior_nodes_is_their_grad(program):
    _, root = recorded(program)
    interior = topological_order(root)
    slopes = [d.data for d in gradient(root, interior)]
    root.backward()
    assert_close(slopes, [node.grad for node in interior], magnitudes(root, interior))
    assert {node: node.grad for node in interior} == {node: d for node, d in adjoints(root).items() if node.op is not None}


@on_random_programs
def test_backward_again_adds_the_same_again(program):
    leaves, root = recorded(program)
    interior = topological_order(root)
    root.backward()
    once, within = [leaf.grad for leaf in leaves], [node.grad for node in interior]
    root.grad = 0.0  # the sum is meant
    root.backward()
    assert_close([leaf.grad for leaf in leaves], [2.0 * g for g in once], magnitudes(root, leaves), 1e-14)
    assert [node.grad for node in interior] == within


@on_random_programs
def test_the_order_of_the_inputs_does_not_matter(program):
    leaves, root = recorded(program)
    forwards = [d.data for d in gradient(root, leaves)]
    assert [d.data for d in gradient(root, leaves[::-1])] == forwards[::-1]
    assert [gradient(root, [leaf])[0].data for leaf in leaves] == forwards


@on_random_programs
def test_the_order_of_operands_of_symmetric_rows_does_not_matter(program):
    symmetric = {"add", "mul", "total", "mean", "minimum", "maximum", "logsumexp"}
    steps = [s._replace(operands=s.operands[::-1]) if s.name in symmetric else s for s in program.steps]
    leaves, root = recorded(program)
    swapped_leaves, swapped = recorded(program._replace(steps=tuple(steps)))
    assume(is_smooth(program, program.leaves))  # a tie may be broken by rounding
    root.backward()
    swapped.backward()
    assert_close([v.grad for v in swapped_leaves], [v.grad for v in leaves], second_magnitudes(root, leaves), 1e-11)


@on_small_programs
def test_gradient_agrees_with_differences_where_smooth(program):
    leaves, root = recorded(program)
    root.backward()
    for i, (leaf, size) in enumerate(zip(leaves, magnitudes(root, leaves))):
        points = [moved(program.leaves, i, h) for h in (1e-4, -1e-4, 5e-5, -5e-5)]
        assume(all(branches(program, p) == branches(program, program.leaves) for p in points) and is_smooth(program, program.leaves))
        above, below, half_above, half_below = [program(*p) for p in points]
        wide, narrow = (above - below) / 2e-4, (half_above - half_below) / 1e-4
        assert abs((4.0 * narrow - wide) / 3.0 - leaf.grad) <= abs(narrow - wide) + 1e-8 * (1.0 + size)


@on_random_programs
def test_second_derivatives_are_symmetric(program):
    leaves, root = recorded(program)
    slopes = gradient(root, leaves)
    hessian = [[d.data for d in gradient(slope, leaves)] for slope in slopes]
    sizes = [magnitudes(slope, leaves) for slope in slopes]
    for i in range(len(leaves)):
        for j in range(i):
            assert abs(hessian[i][j] - hessian[j][i]) <= 1e-11 * (1.0 + sizes[i][j] + sizes[j][i])


@on_small_programs
def test_second_derivative_agrees_with_differences_of_the_first(program):
    def slopes(point):
        leaves = [Value(x) for x in point]
        program(*leaves).backward()
        return [leaf.grad for leaf in leaves]

    leaves, root = recorded(program)
    for i in range(len(leaves)):
        points = [moved(program.leaves, i, h) for h in (1e-4, -1e-4, 5e-5, -5e-5)]
        assume(all(branches(program, p) == branches(program, program.leaves) for p in points) and is_smooth(program, program.leaves))
        above, below, half_above, half_below = [slopes(p) for p in points]
        for j, slope in enumerate(gradient(root, leaves)):
            wide, narrow = (above[j] - below[j]) / 2e-4, (half_above[j] - half_below[j]) / 1e-4
            (second,) = gradient(slope, [leaves[i]])
            (size,) = magnitudes(slope, [leaves[i]])
            assert abs((4.0 * narrow - wide) / 3.0 - second.data) <= abs(narrow - wide) + 1e-7 * (1.0 + size)


def second_magnitudes(root, leaves):
    return [sum(magnitudes(slope, leaves)) + size for slope, size in zip(gradient(root, leaves), magnitudes(root, leaves))]


def moved(point, place, distance):
    return [x + distance if i == place else x for i, x in enumerate(point)]


def is_smooth(program, point):
    nodes = program.run(point)
    return all(margin(step, program.operands(step, nodes)) > 1e-9 for step in program.steps)


def branches(program, point):
    """Which side of its kink every row is on; None outside the domain."""
    try:
        nodes = program.run(point)
    except (ArithmeticError, ValueError):
        return None
    sides = []
    for step in program.steps:
        if step.row.kink:
            operands = program.operands(step, nodes)
            sides.append([x > 0.0 for x in operands] + [x > y for x in operands for y in operands])
    return sides


def test_random_programs_use_the_whole_table_share_parts_and_meet_kinks():
    made = [random_program(Random(seed)) for seed in range(400)]
    assert {step.name for program in made for step in program.steps} == set(TABLE)
    assert all(abs(program(*program.leaves)) < math.inf for program in made)
    assert sum(program.margin() == 0.0 for program in made) > 20
    assert sum(shares(program) for program in made) > 200


def shares(program):
    operands = [x for step in program.steps for x in step.operands if isinstance(x, int)]
    return len(operands) > len(set(operands))


def test_a_program_runs_as_written():
    program = Program((3.0, 2.0), (Step("mul", None, (0, 1)), Step("power", 2, (2,)), Step("sub", None, (3, 0.5))))
    assert program(3.0, 2.0) == 35.5


# What the fuzzer does with a disagreement; it needs no PyTorch for that.


@on_random_programs
def test_simpler_programs_are_valid_and_simpler(program):
    def size(p):
        digits = sum(len(repr(abs(x))) for x in p.leaves)
        return len(p.steps), sum(len(s.operands) for s in p.steps), digits, sum(x != 1.0 for x in p.leaves)

    for candidate in fuzz.simpler(program):
        assert size(candidate) < size(program)
        assert candidate.steps
        for k, step in enumerate(candidate.steps, len(candidate.leaves)):
            assert all(x < k for x in step.operands if isinstance(x, int))


def test_shrinking_finds_the_step_at_fault():
    def fails(program):
        return bool(program.leaves) and any(step.name == "gelu" and isinstance(step.operands[0], int) for step in program.steps)

    failing = next(program for seed in range(1000) if len((program := random_program(Random(seed))).steps) > 12 and fails(program))
    assert fuzz.shrink(failing, fails) == Program((1.0,), (Step("gelu", None, (0,)),))


@on_random_programs
def test_a_program_is_written_as_python_that_records_it(program):
    names = {}
    with redirect_stdout(StringIO()) as printed, suppress(ArithmeticError, ValueError):  # the second derivatives may be refused
        exec(program.as_python(), names)
        leaves, root = recorded(program)
        slopes = gradient(root, leaves)
        assert printed.getvalue().startswith(f"autograd_tiny {root.data} {[d.data for d in slopes]} [")
    assert names[f"x{len(program.leaves) + len(program.steps) - 1}"].data == program(*program.leaves)
    compile(fuzz.as_python(program), "printed", "exec")
