"""A task by formula with ten classes, on images of 8 × 8: soft patterns that are moved, dimmed and covered by noise.

Samples never repeat, so whatever is right is learned and not remembered. One answer in ten is right by chance.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

SIDE, CLASSES = 8, 10
_NOISE = 0.6
_FURTHEST = 1
"""Pixels by which a pattern is moved, up, down, left or right."""
_PATTERNS = np.random.default_rng(20_260_701)

Images = npt.NDArray[np.float64]


def _soft(patterns: Images) -> Images:
    """(classes, side, side) smoothed by the mean with their neighbours, twice, of mean 0 and mean square 1."""
    for _ in range(2):
        for axis in (1, 2):
            patterns = (np.roll(patterns, 1, axis) + 2.0 * patterns + np.roll(patterns, -1, axis)) / 4.0
    patterns = patterns - patterns.mean(axis=(1, 2), keepdims=True)
    return patterns / patterns.std(axis=(1, 2), keepdims=True)


PATTERNS = _soft(_PATTERNS.normal(size=(CLASSES, SIDE, SIDE)))


def batch(samples: int, rng: np.random.Generator) -> tuple[Images, Images]:
    """Images of mean square 1, (samples, 64), and their classes, (samples, 10), one-hot."""
    labels = rng.integers(0, CLASSES, samples)
    images = PATTERNS[labels] * rng.uniform(0.6, 1.4, (samples, 1, 1))
    down, right = rng.integers(-_FURTHEST, _FURTHEST + 1, (2, samples))
    images = np.stack([np.roll(one, (d, r), (0, 1)) for one, d, r in zip(images, down, right, strict=True)])
    images = images + _NOISE * rng.normal(size=images.shape)
    targets = np.eye(CLASSES)[labels]
    return images.reshape(samples, -1) / np.sqrt(1.06 + _NOISE**2), targets


def explicit(samples: int, seed: int) -> dict[str, Any]:
    """A batch as the data of a specification."""
    images, targets = batch(samples, np.random.default_rng(seed))
    return {
        "inputs": {"kind": "explicit", "values": images.tolist()},
        "targets": {"kind": "explicit", "values": targets.tolist()},
    }
