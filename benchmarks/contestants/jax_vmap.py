"""JAX: one trial as a function of its key, its gradient, mapped over all trials and compiled."""

from collections.abc import Callable
from math import sqrt
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax, random

from benchmarks.contestants.norms import Norms
from benchmarks.shapes import Shape

jax.config.update("jax_enable_x64", True)
UNROLLED = 20
"""Hidden layers that are compiled one by one; more would take minutes to compile, and are a loop."""


def prepare(shape: Shape, precision: str) -> Callable[[], Norms]:
    """The compiled simulation, to be called as often as one likes."""
    dtype = jnp.dtype(precision)
    keys = random.split(random.key(0), shape.trials)
    compiled = jax.jit(jax.vmap(lambda key: _trial(shape, dtype, key))).lower(keys).compile()

    def run() -> Norms:
        delta, weight_gradient = compiled(keys)
        return Norms.of(np.asarray(delta), np.asarray(weight_gradient), shape.samples)

    return run


def _trial(shape: Shape, dtype: Any, key: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Norms of delta and of the weights' gradient at every layer, (layers,) each.

    Delta is the gradient with respect to a zero that is added to every pre-activation.
    """
    own = random.split(key, 4)
    size, batch = (shape.hidden, shape.units, shape.units), (shape.samples, shape.units)
    hidden = random.normal(own[0], size, dtype) / sqrt(shape.units)
    last = random.normal(own[1], (shape.units, 1), dtype) / sqrt(shape.units)
    inputs, targets = random.normal(own[2], batch, dtype), random.normal(own[3], (shape.samples, 1), dtype)
    zeros = jnp.zeros((shape.hidden, *batch), dtype), jnp.zeros((shape.samples, 1), dtype)

    def loss(weights: tuple[jax.Array, jax.Array], shifts: tuple[jax.Array, jax.Array]) -> jax.Array:
        def layer(h: jax.Array, own: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
            weight, shift = own
            return jnp.tanh(h @ weight + shift), None

        unroll = shape.hidden if shape.hidden <= UNROLLED else 1
        h, _ = lax.scan(layer, inputs, (weights[0], shifts[0]), unroll=unroll)
        return jnp.square(h @ weights[1] + shifts[1] - targets).sum()

    weight_gradients, deltas = jax.grad(loss, argnums=(0, 1))((hidden, last), zeros)
    return _norms(deltas), _norms(weight_gradients)


def _norms(gradients: tuple[jax.Array, jax.Array]) -> jax.Array:
    hidden, last = gradients
    return jnp.concatenate([jnp.sqrt(jnp.square(hidden).sum((1, 2))), jnp.sqrt(jnp.square(last).sum())[None]])
