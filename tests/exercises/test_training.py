"""What an exercise states of its training: enough to compute every number that follows an update."""

import pytest

from autograd_tiny import Value
from autograd_tiny.exercises import Exercise
from autograd_tiny.optim import SGD, Adam, Optimizer, linear_decay, step_decay

FORMULA, GIVEN = "y = w*x + b; E = y**2", {"w": 0.5, "x": 2, "b": 1}


@pytest.mark.parametrize(("training", "stated"), [
    ({}, "gradient descent: learning rate 0.1."),
    ({"optimizer": "sgd", "weight_decay": 0.01, "decoupled": True}, "gradient descent: learning rate 0.1, weight decay 0.01, decoupled."),
    ({"optimizer": "momentum"}, "gradient descent: learning rate 0.1, momentum 0.9, v' = momentum · v + gradient."),
    ({"optimizer": "nesterov", "velocity": "step", "momentum": 0.5},
     "gradient descent: learning rate 0.1, momentum 0.5, v' = momentum · v - rate · gradient, nesterov."),
    ({"optimizer": "nesterov", "velocity": "mean", "nesterov": "ahead"},
     "gradient descent: learning rate 0.1, momentum 0.9, v' = momentum · v + (1 - momentum) · gradient, nesterov ahead."),
    ({"optimizer": "momentum", "velocity": "descent"},
     "gradient descent: learning rate 0.1, momentum 0.9, v' = momentum · v + rate · gradient."),
    ({"optimizer": "rmsprop", "epsilon_inside": True}, "RMSprop: learning rate 0.1, rho 0.99, epsilon 1e-8, epsilon inside."),
    ({"optimizer": "adagrad", "epsilon": 0}, "Adagrad: learning rate 0.1."),
    ({"optimizer": "adam", "beta1": 0.8, "bias_correction": False},
     "Adam: learning rate 0.1, betas 0.8 and 0.999, epsilon 1e-8, no bias correction."),
    ({"optimizer": "adamw"}, "AdamW: learning rate 0.1, betas 0.9 and 0.999, epsilon 1e-8, weight decay 0.01."),
])  # fmt: skip
def test_what_is_trained_and_how_is_stated(training, stated):
    exercise = Exercise(FORMULA, ["w'", "E'"], given=GIVEN, training={"learning_rate": 0.1, "parameters": ["w", "b"], **training})
    assert exercise.trained == f"w and b are trained by {stated}"
    assert exercise.trained in str(exercise).splitlines()


def test_of_what_is_not_asked_for_nothing_is_stated():
    assert Exercise(FORMULA, ["b'"], given=GIVEN, learning_rate=0.25).trained == "b is trained by gradient descent: learning rate 0.25."
    one = Exercise(FORMULA, ["E", "E/w"], given=GIVEN, learning_rate=0.25)
    assert one.trained == ""
    assert str(one) == str(Exercise(FORMULA, ["E", "E/w"], given=GIVEN))
    assert one.html() == Exercise(FORMULA, ["E", "E/w"], given=GIVEN).html()


class Shrinking(Optimizer):
    """An optimizer of the user's own, with an option that it forgets."""

    def __init__(self, parameters, learning_rate, *, factor=0.5, forgotten=1):
        super().__init__(parameters, learning_rate)
        self.factor = factor

    def update(self, rate, parameters, gradients, state, step):
        return [self.factor * p - rate * g for p, g in zip(parameters, gradients)], state


def test_what_the_optimizer_has_kept_from_earlier_steps_is_stated():
    w, c = Value(1.0, "w"), Value(0.5, "c")
    y = w * w * c
    y.label = "y"
    optimizer = Adam([w, c], linear_decay(0.4, 4), betas=(0.5, 0.75))
    y.backward()
    optimizer.step()
    optimizer.step()
    y = w * w * c
    y.label = "y"
    exercise = Exercise(y, ["w'", "c'"], training=optimizer)
    assert exercise.trained == (
        "w and c are trained by Adam: learning rate 0.2, betas 0.5 and 0.75, epsilon 1e-8."
        " It begins after 2 steps, with m(w) = 0.75, m(c) = 0.75, v(w) = 0.4375, v(c) = 0.4375."
    )
    at, rate, gradient = exercise.inputs["w"], 0.2, 2.0 * exercise.inputs["w"] * exercise.inputs["c"]
    mean, square = (0.5 * 0.75 + 0.5 * gradient) / (1 - 0.5**3), (0.75 * 0.4375 + 0.25 * gradient**2) / (1 - 0.75**3)
    assert exercise.value(exercise.blanks[0].quantity) == pytest.approx(at - rate * mean / (square**0.5 + 1e-8), rel=1e-12)


def test_schedules_and_optimizers_of_the_users_own():
    w = Value(1.0, "w")
    y = w * 3.0
    y.label = "y"
    own, falling = Shrinking([w], 0.5), SGD([w], linear_decay(0.4, 4), momentum=0.0, velocity="step")
    stepwise = SGD([w], step_decay(0.4, 2))
    assert Exercise(y, ["w'''"], training=stepwise).trained.endswith("learning rate 0.4, then 0.4, then 0.04.")
    assert Exercise(y, ["w'"], training=own).trained == "w is trained by Shrinking: learning rate 0.5, factor 0.5."
    assert Exercise(y, ["w'''"], training=falling).trained == "w is trained by gradient descent: learning rate 0.4, then 0.3, then 0.2."
    assert Exercise(y, ["y'"], training=Adam([w], lambda t: 0.1)).trained.startswith("w is trained by Adam: learning rate 0.1, betas")
