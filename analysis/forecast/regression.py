"""Linear least squares with a penalty, for many penalties at once.

W(lambda) = argmin |X W - Y|^2 + lambda s^2 |W|^2,  s the largest singular value of X
"""

from collections.abc import Sequence

import numpy as np


def ridge(
    features: np.ndarray, targets: np.ndarray, penalties: Sequence[float]
) -> list[np.ndarray]:
    """Return the coefficients (p, d) for each penalty.

    features   (n, p); targets (n, d)
    penalties  relative to the largest singular value squared, so that they have no units

    By the singular value decomposition, Golub & Van Loan (2013) Matrix Computations, Sec. 6.1.4.
    """
    u, s, v = np.linalg.svd(features, full_matrices=False)
    if len(s) == 0 or s[0] == 0:
        return [np.zeros((features.shape[1], targets.shape[1])) for _ in penalties]
    seen = u.T @ targets
    kept = s > s[0] * np.finfo(float).eps * max(features.shape)
    found = []
    for penalty in penalties:
        pull = np.where(kept, s / np.where(kept, s**2 + penalty * s[0] ** 2, 1.0), 0.0)
        found.append(v.T @ (pull[:, None] * seen))
    return found
