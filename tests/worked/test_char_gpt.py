"""The GPT on scalars: against NumPy's matrices, eager against compiled, and what it writes."""

from random import Random

import numpy as np
import pytest

from autograd_tiny import Value, mean, softmax
from autograd_tiny.optim import Adam
from autograd_tiny.worked import char_gpt
from autograd_tiny.worked.char_gpt import ALPHABET, CharGPT, compile_gpt

SHORT = ["ida", "al", "max", "", "zoe"]  # "" too is a name: the point after nothing


def tiny(seed=0):
    model = CharGPT(4, 2, 4, rng=Random(seed))
    for parameter in model.parameters():  # large enough that no part of the model is idle
        parameter.data *= 8.0
    return model


def eager(model, names):
    """The mean loss and its gradient."""
    model.zero_grad()
    loss = mean([model.loss_of(name) for name in names])
    loss.backward()
    return loss.data, np.array([parameter.grad for parameter in model.parameters()])


def check_agreement(model, compiled, names):
    rows = np.array([compiled.model.row(name) for name in names])
    loss, gradient = compiled.value_and_grad(compiled.parameter_vector(), rows)
    expected_loss, expected = eager(model, names)
    assert loss == pytest.approx(expected_loss, rel=1e-12)
    assert gradient == pytest.approx(expected, rel=1e-12, abs=1e-15)
    assert np.abs(expected).max() > 1e-3


@pytest.fixture(scope="module")
def compiled():
    return compile_gpt(tiny())


def test_the_names():
    names = char_gpt.names()
    assert len(names) == len(set(names)) > 1000
    assert names == char_gpt.names() != sorted(names)
    model = CharGPT(1, 1)
    assert all(len(model.read(name)) - 2 == len(name) >= 3 for name in names)


def test_the_usual_size_and_a_start_without_a_preference():
    model = CharGPT(rng=Random(0))
    assert len(model.parameters()) == 4192
    assert model.loss_of("charlotte").data == pytest.approx(np.log(27), rel=0.05)


def numpy_logits(model, letters):
    """All positions at once, with a mask where scalar code just has not read the letter yet."""
    w = {name: np.array(matrix) for name, matrix in vars(model.frozen()).items()}
    heads, (n, width) = model.heads, (len(letters), len(w["letters"]))

    def normalised(x):
        return x / np.sqrt(np.mean(x * x, axis=1, keepdims=True) + 1e-5)

    x = w["letters"].T[letters] + w["positions"][:n]
    q, k, v = ((normalised(x) @ w[name].T).reshape(n, heads, -1).transpose(1, 0, 2) for name in ("query", "key", "value"))
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(width / heads) + np.triu(np.full((n, n), -np.inf), 1)
    weights = np.exp(scores)
    mixed = (weights / weights.sum(axis=2, keepdims=True)) @ v
    x = x + mixed.transpose(1, 0, 2).reshape(n, width) @ w["mixing"].T
    x = x + np.maximum(normalised(x) @ w["widening"].T, 0.0) @ w["narrowing"].T
    return normalised(x) @ w["scores"].T


def test_the_logits_are_those_of_matrices():
    model = CharGPT(6, 3, 7, rng=Random(1))
    for parameter in model.parameters():
        parameter.data *= 10.0
    letters = model.read("xanthe")
    logits = [[z.data for z in row] for row in model(letters)]
    expected = numpy_logits(model, letters[:7])
    assert np.array(logits) == pytest.approx(expected, rel=1e-12, abs=1e-13)
    assert np.array(list(model.frozen()(letters))) == pytest.approx(expected, rel=1e-12, abs=1e-13)
    p = np.exp(expected) / np.exp(expected).sum(axis=1, keepdims=True)
    assert model.loss_of("xanthe").data == pytest.approx(-np.log(p[range(7), letters[1:]]).mean(), rel=1e-12)


def test_it_does_not_look_ahead():
    model = tiny()
    _, after_m, *_ = model(model.read("max"))
    after_m[0].backward()
    used = {ALPHABET[i] for i, column in enumerate(zip(*model.letters)) if any(p.grad for p in column)}
    assert used == {".", "m"}


def test_a_letter_may_be_given_one_hot():
    model = tiny().frozen()
    letters = model.read("ida")
    one_hot = np.eye(27)[letters].tolist()
    assert list(model(one_hot)) == list(model(letters))
    assert model.loss(one_hot, [0.5, 0.5, 0.0, 0.0]) == model.loss(letters, [0.5, 0.5, 0.0, 0.0])


def test_one_program_serves_all_lengths(compiled):
    model = compiled.model.model
    check_agreement(model, compiled, SHORT)
    for name in SHORT:
        check_agreement(model, compiled, [name])


def test_readable_python_computes_the_same():
    check_agreement(tiny(), compile_gpt(tiny(), backend="python"), ["ida", "al"])


def test_what_comes_after_a_name_does_not_matter(compiled):
    row = compiled.model.row("al")
    other = list(row)
    other[4 * 27 : 5 * 27] = [0.3] * 27
    assert other != row
    theta = compiled.parameter_vector()
    (loss, gradient), (other_loss, other_gradient) = (compiled.value_and_grad(theta, [r]) for r in (row, other))
    assert loss == other_loss
    assert list(gradient) == list(other_gradient)


def test_training_compiled_is_training_eagerly(compiled):
    model, twin = tiny(), compiled.model.model
    start = compiled.parameter_vector()
    optimizer = Adam(model.parameters(), 0.01)
    history = []
    for _ in range(4):
        loss, _ = eager(model, SHORT)
        optimizer.step()
        history.append(loss)
    rows = [compiled.model.row(name) for name in SHORT]
    try:
        assert compiled.fit(rows, optimizer=Adam(twin.parameters(), 0.01), epochs=4) == pytest.approx(history, rel=1e-11)
        assert compiled.parameter_vector() == pytest.approx([p.data for p in model.parameters()], rel=1e-9, abs=1e-12)
    finally:
        compiled.assign(start)
    assert history[-1] < history[0] - 0.1


def test_writing_is_drawing_by_the_probabilities():
    model = tiny()
    first = next(iter(model.frozen()([0])))
    drawn = [model.write(Random(seed), temperature=2.0)[:1] for seed in range(400)]
    for letter, p in zip(["", *ALPHABET[1:]], softmax([z / 2.0 for z in first])):
        assert drawn.count(letter) / 400 == pytest.approx(p, abs=4 * (p * (1 - p) / 400) ** 0.5 + 1e-9)


def test_writing_ends_with_the_context_and_repeats_with_the_seed():
    model = tiny()
    written = [model.write(Random(seed)) for seed in range(40)]
    assert written == [model.write(Random(seed)) for seed in range(40)]
    assert max(map(len, written)) == 4
    coldest = {model.write(Random(seed), temperature=1e-3) for seed in range(10)}
    assert len(coldest) == 1


def test_it_learns_to_write_its_names():
    model = CharGPT(4, 2, 4, rng=Random(0))
    optimizer = Adam(model.parameters(), 0.05)
    for _ in range(60):
        eager(model, ["eva", "ida"])
        optimizer.step()
    assert {model.write(Random(seed), temperature=0.5) for seed in range(20)} == {"eva", "ida"}


def test_bad_input():
    model = tiny()
    with pytest.raises(ValueError, match="letters a to z, but 'Ida' has 'I'"):
        model.loss_of("Ida")
    with pytest.raises(ValueError, match=r"letters a to z, but 'a\.b' has '\.'"):
        model.read("a.b")
    with pytest.raises(ValueError, match="at most 3 letters, one less than the context, but 'anna' has 4"):
        char_gpt.RowLoss(model).row("anna")
    with pytest.raises(ValueError, match="a temperature is positive, got 0"):
        model.write(Random(0), temperature=0)
    for wrong in ({"width": 4, "heads": 3}, {"width": 0}, {"heads": 0}, {"context": 0}):
        with pytest.raises(ValueError, match="heads share the width equally"):
            CharGPT(**wrong)


def test_attention_looks_where_key_and_query_agree():
    x = Value(2.0)
    assert char_gpt.attention([x], [[0.0]], [[5.0]], heads=1)[0].data == 5.0
    even = char_gpt.attention([x], [[1.0], [1.0]], [[5.0], [7.0]], heads=1)
    assert even[0].data == 6.0


@pytest.mark.slow
def test_the_usual_size_compiled_computes_the_same():
    model = CharGPT(rng=Random(0))
    compiled = compile_gpt(model)
    check_agreement(model, compiled, ["christopher", "ida", "", "a" * 15, *char_gpt.names()[:6]])
