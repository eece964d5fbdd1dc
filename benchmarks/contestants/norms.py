"""What every contestant answers, so that their answers can be compared."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Norms:
    """Mean and standard deviation over trials, (layers,) each, of log10_delta_norm and log10_weight_gradient_norm."""

    mean: Numbers  # (2, layers)
    std: Numbers  # (2, layers)

    @classmethod
    def of(cls, delta: npt.NDArray[np.floating], weight_gradient: npt.NDArray[np.floating], samples: int) -> "Norms":
        """From Frobenius norms of the summed loss, (trials, layers) each."""
        decades = np.log10(np.stack([delta, weight_gradient]).astype(np.float64))
        decades -= np.log10([samples**0.5, float(samples)])[:, None, None]
        return cls(decades.mean(axis=1), decades.std(axis=1))
