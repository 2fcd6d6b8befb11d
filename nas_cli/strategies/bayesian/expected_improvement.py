"""Expected improvement (Jones et al. 1998)."""

import math

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_erf = np.vectorize(math.erf, otypes=[np.float64])


def expected_improvement(mean: Array, deviation: Array, best: float) -> Array:
    """E[max(0, y − best)] of normal y: (mean − best)·Φ(z) + deviation·φ(z), z = (mean − best) / deviation."""
    spread = np.maximum(deviation, 1e-12)
    z = (mean - best) / spread
    density = np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    below = 0.5 * (1 + _erf(z / math.sqrt(2)))
    result: Array = (mean - best) * below + spread * density
    return result
