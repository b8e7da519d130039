"""What counts as a parameter: one walk for all that holds Values."""

from collections import UserList, defaultdict, deque, namedtuple
from functools import partial
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pytest

from autograd_tiny import Constant, Expression, Value, grad, label_locals, nn, optim
from autograd_tiny.arrays import data, values
from autograd_tiny.arrays.containers import Container
from autograd_tiny.lowering import compile_model
from autograd_tiny.storage.saving import load_parameters, save_parameters

Pair = namedtuple("Pair", "first second")


class Holds(nn.Module):
    """A module with one attribute."""

    def __init__(self, thing):
        self.thing = thing


class Matrix(nn.Module):
    """Weights in an array, as NumPy's users write them."""

    def __init__(self):
        self.W = values(np.array([[1.0, 2.0], [3.0, 4.0]]))
        self.scale = Value(2.0)

    def __call__(self, x):
        return [self.scale * y for y in self.W @ np.array(x, dtype=object)]


PLACES = ["W[0, 0]", "W[0, 1]", "W[1, 0]", "W[1, 1]", "scale"]


def test_parameters_in_arrays_are_found(tmp_path):
    model = Matrix()
    assert list(model.named_parameters()) == PLACES
    optimizer = optim.SGD(model.parameters(), 0.5)
    sum(model([1.0, -1.0])).backward()
    optimizer.step()
    assert data(model.W).tolist() == [[0.0, 3.0], [2.0, 5.0]]
    model.zero_grad()
    assert all(p.grad == 0.0 for p in model.W.flat)
    other = Matrix()
    load_parameters(other, save_parameters(model, tmp_path / "model.json"))
    assert data(other.W).tolist() == [[0.0, 3.0], [2.0, 5.0]]


def test_a_frozen_array_is_one_of_floats():
    frozen = Matrix().frozen()
    assert frozen.W.dtype == float
    assert frozen([1.0, -1.0]) == [-2.0, -2.0]
    assert all(type(y) in (float, np.float64) for y in frozen([1.0, -1.0]))


def test_the_gradient_by_a_model_with_an_array():
    slopes = grad(lambda model: sum(model([1.0, -1.0])))(Matrix())
    assert data(slopes.W).tolist() == [[2.0, -2.0], [2.0, -2.0]]
    assert slopes.scale.data == -2.0
    assert list(slopes.named_parameters()) == PLACES


def test_a_model_with_an_array_is_compiled():
    model = Matrix()
    compiled = compile_model(model, lambda outputs, targets: sum((o - t) ** 2 for o, t in zip(outputs, targets)), n_inputs=2, n_targets=2)
    loss, gradient = compiled.value_and_grad(compiled.parameter_vector(), [[1.0, -1.0, 0.0, 0.0]])
    assert (loss, gradient.tolist()) == (8.0, [-8.0, 8.0, -8.0, 8.0, 8.0])


w = Value(1.5)


class InSlot:
    """Not a module."""

    __slots__ = ("weight",)

    def __init__(self):
        self.weight = w

    def scaled(self, x):
        return self.weight * x


def multiplied(by):
    return lambda x: by * x


@pytest.mark.parametrize(
    "thing",
    [
        {w},
        frozenset([w]),
        deque([w]),
        UserList([w]),
        {w: 1.0},
        {(w, 1): 1.0},
        {"b": 1.0, (w, 1): 2.0},
        {"b": w}.values(),
        MappingProxyType({"b": w}),
        SimpleNamespace(b=[w]),
        InSlot(),
        multiplied(w),
        partial(pow, w),
        InSlot().scaled,
        np.array([(w, 1.0)], dtype=[("a", object), ("b", float)]),
        [[{"deep": {w}}]],
        iter([w]),
        map(multiplied(w), [1.0]),
        zip([1.0], [w]),
        (by * x for by in [w] for x in [1.0]),
        (1.0 * by for by in iter((w,))),
        multiplied({"deep": {w}}),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_a_parameter_where_none_is_looked_for_is_refused(thing):
    model = Holds(thing)
    by_model = grad(lambda m: w)
    for look in (model.named_parameters, model.zero_grad, model.state_dict, model.frozen, lambda: by_model(model)):
        with pytest.raises(TypeError, match=r"has Value\(1.5\) inside .*thing.*: keep it in an attribute, a list"):
            look()


def test_what_is_found_elsewhere_may_be_anywhere():
    model = Holds([w])
    model.optimizer = optim.SGD(model.parameters(), 0.1)
    model.known = {w}
    model.act = multiplied(w)
    model.fixed = {Constant(2.0), w * 2.0}
    model.loop = SimpleNamespace(known={w})
    model.loop.itself = model.loop
    assert model.parameters() == [w]


@pytest.mark.parametrize(
    ("thing", "places"),
    [
        (Pair(w, 2.0), ["thing[0]"]),
        (defaultdict(list, {1: [w]}), ["thing[1][0]"]),
        (np.array([[None, w]], dtype=object), ["thing[0, 1]"]),
        (np.array([{"b": (w,)}], dtype=object), ["thing[0]['b'][0]"]),
    ],
)
def test_containers_keep_their_kind_in_a_frozen_copy(thing, places):
    model = Holds(thing)
    assert list(model.named_parameters()) == places
    frozen = model.frozen()
    assert type(frozen.thing) is type(thing)
    assert frozen.parameters() == []
    assert w.data == 1.5
    if isinstance(thing, Pair):
        assert frozen.thing == Pair(1.5, 2.0)


def test_parameters_in_slots_and_in_the_class_are_found():
    class Slotted(nn.Module):
        __slots__ = ("weight",)

    class Shared(nn.Module):
        weight = Value(3.0)

    slotted = Slotted()
    slotted.weight = Value(2.0)
    assert list(slotted.named_parameters()) == list(Shared().named_parameters()) == ["weight"]
    assert (slotted.frozen().weight, Shared().frozen().weight) == (2.0, 3.0)
    assert slotted.weight.data == 2.0
    assert isinstance(Shared.weight, Value)


def test_a_module_that_refers_to_itself():
    model = Holds([Value(3.0)])
    model.me = model
    model.thing.append(model.thing)
    assert list(model.named_parameters()) == ["thing[0]"]
    frozen = model.frozen()
    assert frozen.me is frozen
    assert frozen.thing[1] is frozen.thing
    assert frozen.thing[0] == 3.0
    assert grad(lambda m: m.thing[0] * m.me.thing[0])(model).thing[0].data == 6.0


def test_a_long_chain_of_modules():
    model = Holds(w)
    for _ in range(3000):
        model = Holds(model)
    assert model.parameters() == [w]


def test_containers_that_contain_themselves():
    x = [Value(1.0)]
    x.append(x)
    assert label_locals() == {"x[0]": x[0]}
    with pytest.raises(ValueError, match=r"argument 0\[1\] is a list that contains itself"):
        grad(lambda v: v[0])(x)


def test_labels_of_all_that_holds_values():
    a = Value(1.0)
    pair, table, array = [a, Value(2.0)], {"k": Value(3.0)}, values(np.array([4.0]))
    _private, power_ = Value(5.0), Value(6.0)
    assert label_locals() == {"a": a, "pair[1]": pair[1], "table['k']": table["k"], "array[0]": array[0], "power_": power_}
    assert _private.label == ""


def test_what_was_computed_and_constants_are_no_parameters():
    class Remembers(nn.Module):
        def __init__(self):
            self.layer = nn.Layer.from_weights([[2.0]], [0.5])
            self.two = Constant(2.0)

        def __call__(self, x):
            self.hidden = self.layer(x)
            return self.hidden[0] * self.two

    model = Remembers()
    before = model.named_parameters()
    optimizer = optim.SGD(model.parameters(), 0.5)
    y = model([1.0])
    assert model.named_parameters() == before
    assert len(before) == 2
    y.backward()
    optimizer.step()
    model.load_state_dict(model.state_dict())
    assert model.frozen()([1.0]) == 2.0 * (1.0 - 0.5)
    slopes = grad(lambda m: m([1.0]))(model)
    assert [p.data for p in slopes.parameters()] == [2.0, 2.0]
    container = Container(model, "model")
    kinds = [type(container.rebuild(numbers).two) for numbers in ([2.0, 0.5], [2.0, Value(0.5)], [Value(2.0), Value(0.5)])]
    assert kinds == [float, Constant, Constant]  # on floats alone it computes with floats
    compiled = compile_model(model, lambda y, t: (y - t[0]) ** 2, n_inputs=1)
    assert compiled.value_and_grad([2.0, 0.5], [[1.0, 4.0]])[0] == 1.0
    x = Expression("x")
    assert model.frozen()([x]).evaluate({x: 1.0}) == 1.0


def test_tied_weights_are_one_parameter():
    layer = nn.Layer.from_weights([[2.0]], [0.5])
    model = nn.MLP.from_layers([layer, layer])
    assert len(model.parameters()) == 2
    slopes = grad(lambda m: m([1.0])[0])(model)
    assert slopes.layers[0] is slopes.layers[1]
    assert slopes.layers[0].weights[0][0].data == 2.5 + 2.0


def test_two_parameters_are_never_called_the_same():
    model = Holds([Value(1.0)])
    setattr(model, "thing[0]", Value(2.0))
    with pytest.raises(ValueError, match=r"two parameters in places called thing\[0\]"):
        model.state_dict()


def test_only_names_that_begin_with_two_underscores_are_not_looked_at():
    model = Holds(1.0)
    model.weights__ = Value(2.0)
    model._own = Value(3.0)
    setattr(model, "__unseen", Value(4.0))
    assert list(model.named_parameters()) == ["weights__", "_own"]


def test_what_a_frozen_copy_has_is_looked_at_where_leaves_and_containers_are_mixed():
    v = Value(2.0)
    model = Holds([v, 1.0, [v, "text", None], {"b": (v, [v])}, w * 2.0])
    assert list(model.named_parameters()) == ["thing[0]"]
    assert model.parameters() == [v]
    assert Holds([1.0, v, None]).parameters() == [v]
    assert model.frozen().thing == [2.0, 1.0, [2.0, "text", None], {"b": (2.0, [2.0])}, 3.0]
    model.hidden = {w}
    for look in (model.parameters, model.frozen):
        with pytest.raises(TypeError, match=r"has Value\(1.5\) inside hidden, where no parameter is looked for"):
            look()
