"""What every contestant answers, so that their answers can be compared."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Norms:
    """Mean and standard deviation over trials of log10_delta_norm, and behind it log10_weight_gradient_norm.

    Of stacks they are those of all layers; of other networks of hidden layers, and of all that has weights.
    """

    mean: Numbers  # (numbers,)
    std: Numbers  # (numbers,)

    @classmethod
    def of(cls, delta: npt.NDArray[np.floating], weight_gradient: npt.NDArray[np.floating], samples: int) -> "Norms":
        """From Frobenius norms of the summed loss, (trials, numbers) each."""
        parts = [delta / samples**0.5, weight_gradient / samples]
        decades = np.log10(np.concatenate([part.astype(np.float64) for part in parts], axis=1))
        return cls(decades.mean(axis=0), decades.std(axis=0))
