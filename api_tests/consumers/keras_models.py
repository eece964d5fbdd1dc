"""Random Keras models, and the sizes of their gradients as Keras computes them; runs where Keras is, without service.

`python keras_models.py COUNT DRAWS SAMPLES` prints one JSON object a line for each model: what `to_json()` writes, how
many numbers are trained, the layers in order, and for every draw the norm of the loss's gradient behind each layer.
"""

import json
import os
import sys
from random import Random
from typing import Any

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch

Tensor = Any
ACTIVATIONS = ["relu", "tanh", "sigmoid", "elu", "selu", "softplus", "silu", "gelu", "leaky_relu", "hard_sigmoid"]
INITIALISERS = ["glorot_uniform", "he_normal", "lecun_normal", "he_uniform", "glorot_normal", "orthogonal"]


class Maker:
    """Makes random models from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def model(self) -> Any:
        """The next model: some layers of one sort, then dense ones."""
        kind = self._random.choice(["features", "sequence", "image", "residual", "tokens", "attention", "separable"])
        inputs = keras.Input(self._shape(kind))
        x = getattr(self, f"_{kind}")(inputs)
        for _ in range(self._random.randint(1, 3)):
            x = self._dense(x)
        return keras.Model(inputs, keras.layers.Dense(3, kernel_initializer=self._initialiser())(x))

    def _shape(self, kind: str) -> tuple[int, ...]:
        if kind == "features":
            return (self._random.randint(4, 20),)
        if kind == "tokens":
            return (self._random.randint(4, 8),)
        if kind in ("sequence", "attention"):
            return (self._random.randint(4, 8), self._random.choice([4, 8]))
        return (8, self._random.choice([6, 8]), self._random.choice([2, 4]))

    def _initialiser(self) -> str:
        return self._random.choice(INITIALISERS)

    def _activated(self, x: Tensor) -> Tensor:
        """An activation of its own behind a linear layer, so that gradients are measured at the same place."""
        kind = self._random.randrange(4)
        if kind == 0:
            x = keras.layers.BatchNormalization()(x)
        elif kind == 1:
            x = keras.layers.LayerNormalization()(x)
        return keras.layers.Activation(self._random.choice(ACTIVATIONS))(x)

    def _dense(self, x: Tensor) -> Tensor:
        units = self._random.randint(12, 32)
        dense = keras.layers.Dense(units, kernel_initializer=self._initialiser(), use_bias=self._random.random() < 0.7)
        return self._activated(dense(x))

    def _features(self, x: Tensor) -> Tensor:
        for _ in range(self._random.randint(1, 4)):
            x = self._dense(x)
        return keras.layers.Dropout(0.2)(x) if self._random.random() < 0.3 else x

    def _sequence(self, x: Tensor) -> Tensor:
        cells = [keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN]
        for last in (False, True):
            cell = self._random.choice(cells)(self._random.randint(6, 12), return_sequences=not last)
            x = keras.layers.Bidirectional(cell)(x) if self._random.random() < 0.3 else cell(x)
        return x

    def _kernel(self, x: Tensor) -> Tensor:
        size, padding = self._random.choice([1, 2, 3]), self._random.choice(["same", "valid"])
        strides = self._random.choice([1, 1, 2])
        common = {"strides": strides, "padding": padding, "kernel_initializer": self._initialiser()}
        return self._activated(keras.layers.Conv2D(self._random.choice([4, 8]), size, **common)(x))

    def _image(self, x: Tensor) -> Tensor:
        for _ in range(self._random.randint(1, 2)):
            x = self._kernel(x)
        pool = self._random.choice([keras.layers.MaxPooling2D, keras.layers.AveragePooling2D])
        x = pool(2, padding="same")(x)
        end = self._random.choice([keras.layers.Flatten, keras.layers.GlobalAveragePooling2D])
        return end()(x)

    def _separable(self, x: Tensor) -> Tensor:
        x = self._activated(keras.layers.Conv2D(8, 3, padding="same")(x))
        x = keras.layers.SeparableConv2D(8, 3, padding="same", depth_multiplier=self._random.choice([1, 2]))(x)
        x = self._activated(x)
        x = keras.layers.DepthwiseConv2D(3, padding="same")(x)
        x = self._activated(keras.layers.Conv2D(8, 3, groups=2, padding="same")(x))
        x = keras.layers.UpSampling2D(2)(keras.layers.ZeroPadding2D(((1, 0), (0, 1)))(x))
        return keras.layers.Flatten()(keras.layers.Conv2DTranspose(4, 3, strides=2, padding="same")(x))

    def _residual(self, x: Tensor) -> Tensor:
        x = keras.layers.Conv2D(8, 3, padding="same")(x)
        for _ in range(self._random.randint(1, 3)):
            branch = keras.layers.Conv2D(8, 3, padding="same", kernel_initializer="he_normal")(self._activated(x))
            branch = keras.layers.BatchNormalization()(branch)
            if self._random.random() < 0.5:
                x = keras.layers.Add()([branch, x])
            else:
                x = keras.layers.Concatenate()([keras.layers.Conv2D(4, 1)(x), keras.layers.Conv2D(4, 1)(branch)])
        return keras.layers.GlobalAveragePooling2D()(x)

    def _tokens(self, x: Tensor) -> Tensor:
        x = keras.layers.Embedding(50, 12)(x)
        x = self._activated(keras.layers.Conv1D(12, 3, padding=self._random.choice(["same", "causal", "valid"]))(x))
        return self._sequence(x) if self._random.random() < 0.5 else keras.layers.Flatten()(x)

    def _attention(self, x: Tensor) -> Tensor:
        x = keras.layers.Dense(16)(x)
        for _ in range(self._random.randint(1, 2)):
            y = keras.layers.LayerNormalization()(x)
            y = keras.layers.MultiHeadAttention(self._random.choice([1, 2, 4]), self._random.choice([4, 8]))(y, y)
            x = keras.layers.Add()([x, y])
            y = keras.layers.Dense(24, activation="gelu")(keras.layers.LayerNormalization()(x))
            x = keras.layers.Add()([x, keras.layers.Dense(16)(y)])
        return keras.layers.GlobalAveragePooling1D()(x)


def norms(model: Any, samples: int, generator: np.random.Generator) -> list[float]:
    """The norm of ∂e/∂(what comes out of each layer) in decades, e the squared error of one batch, summed."""
    shape = (samples, *model.inputs[0].shape[1:])
    tokens = any(isinstance(layer, keras.layers.Embedding) for layer in model.layers)
    x = generator.integers(0, 50, shape) if tokens else generator.normal(size=shape).astype(np.float32)
    targets = torch.as_tensor(generator.normal(size=(samples, 3)).astype(np.float32))
    inner = keras.Model(model.inputs, [layer.output for layer in model.layers[1:]])
    outputs = inner(x, training=True)
    for one in outputs:
        one.retain_grad()
    ((outputs[-1] - targets) ** 2).sum().backward()
    return [0.5 * float(torch.log10((one.grad.double() ** 2).sum())) for one in outputs]


def main(count: int, draws: int, samples: int) -> None:
    """Print the models and what is measured at them."""
    torch.set_num_threads(1)
    for seed in range(count):
        keras.utils.set_random_seed(seed)
        keras.backend.clear_session()
        model, generator = Maker(seed).model(), np.random.default_rng(seed)
        found = [norms(keras.models.clone_model(model), samples, generator) for _ in range(draws)]
        trained = sum(int(np.prod(one.shape)) for one in model.trainable_weights)
        layers = [layer.name for layer in model.layers[1:]]
        said = {"json": model.to_json(), "trained": trained, "layers": layers, "norms": found}
        sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
