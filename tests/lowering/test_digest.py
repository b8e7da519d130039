"""Names of what was recorded: one for equal graphs, another for whatever differs; and of what compiles them."""

import shutil
from random import Random

from autograd_tiny import TABLE, Expression, Primitive
from autograd_tiny.lowering.recording import digest


def in_words(inputs, order, parts):
    """A graph as nested lists: which row on which inputs, numbers and earlier nodes."""
    names = {x: f"input {i}" for i, x in enumerate(inputs)}
    named = lambda x: names.get(x) or float(x.constant_value).hex()  # noqa: E731
    lines = []
    for i, node in enumerate(order):
        lines.append([node.op.name, node.op.parameter, *map(named, node.operands)])
        names[node] = f"node {i}"
    return repr([len(inputs), lines, [list(map(named, part)) for part in parts]])


def test_graphs_have_one_digest_just_if_they_are_the_same():
    rng, digests = Random(0), {}
    for _ in range(8_000):
        inputs = [Expression(name) for name in rng.sample("abc", rng.choice([1, 2, 2]))]
        known = [*inputs, *map(Expression.constant, rng.sample([1.0, -0.0, 0.0, 2.0], 2))]
        order = []
        for _ in range(rng.choice([1, 2])):
            row = rng.choice([TABLE["add"], TABLE["total"], TABLE["power"][2.0], TABLE["power"][3.0], TABLE["leaky_relu"][2.0]])
            order.append(Expression.record(row, rng.choices(known, k=row.arity or rng.choice([1, 2]))))
            known.append(order[-1])
        parts = [rng.choices(known, k=rng.choice([1, 1, 2])), rng.choices(inputs, k=rng.choice([0, 1]))]
        digests.setdefault(digest.digest_of(inputs, order, parts), set()).add(in_words(inputs, order, parts))
    assert all(len(same) == 1 for same in digests.values())
    assert len(digests) == len(set().union(*digests.values())) > 1500


def test_an_operation_of_ones_own_has_no_name():
    x = Expression("x")
    own = Primitive("own", lambda x: x, (1.0,))
    assert digest.digest_of([x], [y := own(x)], [[y]]) == ""
    assert digest.row_name(own) == digest.row_name(Primitive("exp", lambda x: x, (1.0,))) == ""


def test_another_processor_is_another_compiler(monkeypatch):
    import llvmlite.binding

    before = digest.of_compiler()
    for name in ("get_host_cpu_name", "get_default_triple"):
        with monkeypatch.context() as patch:
            patch.setattr(llvmlite.binding, name, lambda: "another")
            digest.of_compiler.cache_clear()
            assert digest.of_compiler() != before
    digest.of_compiler.cache_clear()


def test_another_version_of_the_code_is_another_compiler(tmp_path, monkeypatch):
    before = digest.of_compiler()
    shutil.copytree(digest.ROOT, tmp_path / "copy", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(digest, "ROOT", tmp_path / "copy")

    def changed(room, text):
        with (tmp_path / "copy" / room / "__init__.py").open("a") as file:
            file.write(text)
        digest.of_compiler.cache_clear()
        return digest.of_compiler()

    assert changed("engine", "") == changed("views", "# changed\n") == before
    for room in ("engine", "symbols", "lowering", "text"):
        assert before != (before := changed(room, "# changed\n"))
    (tmp_path / "copy" / "engine" / "unreadable.py").mkdir()
    assert changed("engine", "") == ""
    monkeypatch.setattr(digest, "ROOT", tmp_path / "nowhere")
    assert changed("engine", "") == ""
    digest.of_compiler.cache_clear()
