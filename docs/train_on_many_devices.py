#!/usr/bin/env python3
"""Train a small model data-parallel: each device has all parameters and a share of the rows.

The model is written and checked with autograd_tiny, and run by JAX.  On one machine, with eight devices made of its
processor:

    XLA_FLAGS=--xla_force_host_platform_device_count=8 python3 docs/train_on_many_devices.py

On two machines, started on each with its own number, 0 and 1:

    python3 docs/train_on_many_devices.py --coordinator FIRST_MACHINE:1234 --processes 2 --number 0

Where JAX finds these three out by itself, as under Slurm or on Cloud TPUs, `--many` is enough.
"""

import argparse
from random import Random

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from autograd_tiny import softplus
from autograd_tiny.lowering import compile_model
from autograd_tiny.nn import MLP

ROWS_PER_DEVICE = 64
STEPS = 300
RATE = 0.2


def main() -> None:
    join_others()
    jax.config.update("jax_enable_x64", True)
    model = MLP([2, 16, 16, 1], ["relu", "relu", "linear"], rng=Random(0))
    compiled = compile_model(model, lambda outputs, targets: softplus(-outputs[0] * targets[0]))
    rows = two_rings(ROWS_PER_DEVICE * jax.device_count())

    mesh = Mesh(np.array(jax.devices()), ("rows",))
    batch = placed(rows, NamedSharding(mesh, PartitionSpec("rows")))
    theta = placed(compiled.parameter_vector(), NamedSharding(mesh, PartitionSpec()))
    tell(f"{jax.device_count()} devices in {jax.process_count()} process(es): {jax.devices()[0].device_kind}")
    tell(f"{len(rows)} rows, {ROWS_PER_DEVICE} to a device; {len(theta)} parameters, all on every device")

    each = jax.vmap(compiled.to_jax(), (None, 0))
    # The mean over rows on all devices is what makes XLA add up the devices' gradients.
    value_and_grad = jax.jit(jax.value_and_grad(lambda theta, batch: jnp.mean(each(theta, batch))))

    compare(value_and_grad(theta, batch), compiled.value_and_grad(np.array(theta), rows))
    for step in range(STEPS + 1):
        # Processors that play several devices may hang with several steps under way; so each is waited for.
        loss, gradient = jax.block_until_ready(value_and_grad(theta, batch))
        if step % 50 == 0:
            tell(f"step {step:3}  loss {float(loss):.6f}")
        theta = theta - RATE * gradient
    compare(value_and_grad(theta, batch), compiled.value_and_grad(np.array(theta), rows))
    compiled.assign(theta)  # the model has the trained numbers, and can be drawn, explained or saved


def join_others() -> None:
    """Make this process one of many, if it was started as one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--many", action="store_true", help="one of many processes; JAX finds out the rest")
    parser.add_argument("--coordinator", help="address and port of the process with number 0")
    parser.add_argument("--processes", type=int, help="how many processes there are")
    parser.add_argument("--number", type=int, help="the number of this one")
    given = parser.parse_args()
    if given.many or given.coordinator:
        jax.distributed.initialize(given.coordinator, given.processes, given.number)


def two_rings(n: int) -> np.ndarray:
    """Points on two noisy rings, and on which: columns x, y and -1 or 1."""
    rng = np.random.default_rng(0)
    side = np.where(np.arange(n) % 2, 1.0, -1.0)
    angle, radius = rng.uniform(0.0, 2.0 * np.pi, n), 1.0 + 0.4 * side + rng.normal(0.0, 0.1, n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), side], axis=1)


def placed(array: np.ndarray, sharding: NamedSharding) -> jax.Array:
    """An array spread over the devices of all processes; each process gives its own devices their parts."""
    return jax.make_array_from_callback(array.shape, sharding, lambda part: array[part])


def compare(theirs: tuple[jax.Array, jax.Array], ours: tuple[float, np.ndarray]) -> None:
    """Say how far JAX's gradient is from ours, relative to the largest derivative."""
    difference = np.max(np.abs(np.array(theirs[1]) - ours[1])) / np.max(np.abs(ours[1]))
    tell(f"gradients of JAX on all devices and of autograd_tiny on one core differ by at most {difference:.1e}")
    if not difference < 1e-12:
        raise SystemExit("that is more than rounding")


def tell(text: str) -> None:
    """Print, in one of the processes."""
    if jax.process_index() == 0:
        print(text, flush=True)


if __name__ == "__main__":
    main()
