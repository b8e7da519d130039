# %% [markdown]
# # Derivatives of derivatives, and an operation of your own
#
# After this notebook you can differentiate a derivative, use second derivatives to find a minimum in a few steps, and add an
# operation with a derivative rule of your own, which can do all this, too.
#
# Until now derivatives were numbers, and the last thing to be computed.  Here they are computed with.

# %%
import math

import numpy as np

from autograd_tiny import Expression, Primitive, Value, check_primitive, draw, grad, gradient, hessian

# %% [markdown]
# ## A derivative that remembers how it was computed
#
# `backward` leaves numbers in `grad`.  `gradient` gives the same derivatives as Values.  They have a graph of their own, 3 x² for
# x³:

# %%
x = Value(2.0, "x")
y = x**3
(slope,) = gradient(y, [x])
slope.label = "slope"
draw(slope)

# %% [markdown]
# So they can be differentiated like everything else, again and again:

# %%
derivative = y
for order in range(1, 5):
    (derivative,) = gradient(derivative, [x])
    print(f"order {order}: {derivative.data:4.1f}")

# %% [markdown]
# ## What a second derivative is good for
#
# The slope says which way is down.  The second derivative says how fast the slope changes, and so how far to go: for one number,
# minus the slope over the second derivative.  For several numbers it is a matrix, the *Hessian*, and the step solves an equation
# with it.  This is Newton's method.  `grad` and `hessian` differentiate a Python function; this one is a long, curved valley,
# with its lowest point at (1, 1):

# %%
def valley(p):
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


point = np.array([-1.2, 1.0])
for step in range(7):
    print(f"step {step}: ({point[0]:7.4f}, {point[1]:7.4f})   height {valley(point):.2e}")
    point = point - np.linalg.solve(hessian(valley)(point), grad(valley)(point))

# %% [markdown]
# After six steps all printed digits are right.  Twice the height went up on the way: Newton's method believes the curvature where it
# stands, and the valley bends.  Gradient descent needs a rate small enough for its steep walls, and then crawls along its floor:

# %%
point = np.array([-1.2, 1.0])
for step in range(10_001):
    if step in (6, 100, 1000, 10_000):
        print(f"step {step:6,}: ({point[0]:7.4f}, {point[1]:7.4f})   height {valley(point):.2e}")
    point = point - 0.001 * grad(valley)(point)

# %% [markdown]
# (For n parameters a Hessian has n² numbers.  Large networks have too many, and are trained by gradients alone.)

# %% [markdown]
# ## An operation of your own
#
# Why can a derivative be differentiated?  Since the rule of every operation is arithmetic, which is run on Values like any other.  A
# row of your own gives its value on floats, and that rule: here for the bell curve, whose derivative is -2 x times itself, `out`.

# %%
bell = Primitive("bell", lambda x: math.exp(-x * x), lambda out, x: (-2.0 * x * out,), doc="exp(-x²)")
check_primitive(bell)

x = Value(0.8, "x")
(slope,) = gradient(bell(x), [x])
(bend,) = gradient(slope, [x])
print(f"value {bell(x).data:.4f}, slope {slope.data:.4f}, second derivative {bend.data:.4f}")

# %% [markdown]
# `check_primitive` found nothing: it compares the rule with numbers from nudging, to the second order.  Forget the factor x, and
# it says:

# %%
wrong = Primitive("wrong", lambda x: math.exp(-x * x), lambda out, x: (-2.0 * out,), doc="exp(-x²)")
try:
    check_primitive(wrong)
except AssertionError as error:
    print(error)

# %% [markdown]
# Run on floats, the rule gives numbers; on Values, a derivative to be differentiated; and on Expressions, which stand for no number
# at all, a formula:

# %%
x = Expression("x")
(slope,) = gradient(bell(x), [x])
(bend,) = gradient(slope, [x])
print("slope             ", slope)
print("second derivative ", bend)

# %% [markdown]
# A formula can be compiled: that is what the next notebook does.

# %% [markdown]
# ## Exercise
#
# The logit of p is log(p / (1 - p)).  Here it is applied to a sigmoid.  What must the derivative of `y` by `z` be?  Find all by hand.
#
# Then write a row `logit`, and check it at some points between 0 and 1: `check_primitive(logit, [(0.1,), (0.8,)])`.

# %%
from autograd_tiny import Exercise

exercise = Exercise("p = sigmoid(z); y = log(p / (1 - p))", ["p", "y", "p/z", "y/p", "y/z"], given={"z": 1.3})
exercise

# %% [markdown] tags=["solution"]
# The derivative of log p - log(1 - p) is 1/p + 1/(1 - p) = 1 / (p (1 - p)).  `logit` undoes `sigmoid`, so by z the result is z
# itself, with derivatives 1 and 0.

# %% tags=["solution"]
logit = Primitive(
    "logit", lambda p: math.log(p / (1.0 - p)), lambda out, p: (1.0 / (p * (1.0 - p)),), doc="log of the odds"
)
check_primitive(logit, [(0.1,), (0.8,)])

z = Value(1.3, "z")
p = z.sigmoid()
same = logit(p)
(slope,), (by_p,), (by_z,) = gradient(same, [z]), gradient(same, [p]), gradient(p, [z])
(bend,) = gradient(slope, [z])
print(exercise.check({"p": p, "y": same, "p/z": by_z, "y/p": by_p, "y/z": slope}))
print(f"second derivative {abs(bend.data):.4f}")
