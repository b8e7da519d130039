"""What compiled programs are compared with: rows at points, and training steps, by the eager engine."""

from random import Random

from random_graphs import PARAMETERS

from autograd_tiny import TABLE, Value, gradient, losses, mean
from autograd_tiny.engine.row import Family, MultiPrimitive


def rows_of_the_table():
    """Every row; of families and operations with several outputs, some members."""
    for name, entry in TABLE.items():
        if isinstance(entry, Family):
            yield from [entry[k] for k in (*PARAMETERS[name], *((12, -9, 1.5) if name == "power" else ()))]
        elif isinstance(entry, MultiPrimitive):
            yield from [entry[0], entry[2]]
        else:
            yield entry


def points_of(row, n):
    """Points of a row's domain, and large ones where all numbers are allowed."""
    rng = Random(1)
    domains = [row.domain_of(i) for i in range(n)]
    points = [[rng.choice(d.points) for d in domains] for _ in range(8)]
    return points + [[x if d.contains(x) else 0.5 for d in domains] for x in (700.0, -700.0, 1e-9, -1e-9, 30.0, -30.0, 0.75)]


def eager_at_points(row, n):
    """Points where the row has a value, with the engine's values and gradients there."""
    points, values, gradients = [], [], []
    for point in points_of(row, n):
        leaves = [Value(x) for x in point]
        try:
            root = Value.record(row, tuple(leaves))
        except ArithmeticError:
            continue  # larger than any float
        points.append(point)
        values.append(root.data)
        gradients.append([d.data for d in gradient(root, leaves)])
    assert len(points) >= 8
    return points, values, gradients


def moons(n, seed=0):
    rng = Random(seed)
    return [[rng.uniform(-1, 1), rng.uniform(-1, 1), rng.choice([-1.0, 1.0])] for _ in range(n)]


def hinge_of_one(outputs, targets):
    return losses.hinge(outputs[0], targets[0])


def eager(model, samples, loss):
    for p in model.parameters():
        p.grad = 0.0
    root = mean([loss(model(row[:2]), row[2:]) for row in samples])
    root.backward()
    return root.data, [p.grad for p in model.parameters()]
