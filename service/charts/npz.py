"""The factors of a report's gradient → arrays in a file."""

from io import BytesIO

import numpy as np

from service.core.errors import GradientsNotIncluded
from service.simulation.results import SimulationReport

ARRAYS = ("weights", "bias", "delta", "derivative")


def gradients_npz(report: SimulationReport) -> bytes:
    """The gradients of a report as NumPy's .npz; GradientsNotIncluded where it has none.

    `3/weights` are those of layer 3, (fan_in, fan_out); `3/bias`, (fan_out,); `3/delta` and `3/derivative`,
    (samples, units). All are float64; NaN stands for what overflowed, a layer without weights has neither.
    """
    if report.gradients is None:
        raise GradientsNotIncluded
    arrays = {
        f"{layer.index}/{name}": np.array(values, dtype=np.float64)  # None becomes NaN
        for layer, gradients in zip(report.layers, report.gradients, strict=True)
        for name in ARRAYS
        if (values := getattr(gradients, name)) is not None
    }
    file = BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()
