"""Linear least squares with a penalty, for many penalties at once.

W(lambda) = argmin |X W - Y|^2 + lambda s^2 |W - W0|^2,  s the largest singular value of X
"""

from collections.abc import Sequence

import numpy as np


def ridge(
    features: np.ndarray,
    targets: np.ndarray,
    penalties: Sequence[float],
    *,
    weights: np.ndarray | None = None,
    prior: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Return the coefficients (p, d) for each penalty.

    features   (n, p); targets (n, d)
    penalties  relative to the largest singular value squared, so that they have no units
    weights    (n,) of the rows, not negative; 1 if not given
    prior      (p, d) the coefficients that the penalty draws to; 0 if not given

    By the singular value decomposition, Golub & Van Loan (2013) Matrix Computations, Sec. 6.1.4.
    """
    if weights is not None:
        root = np.sqrt(weights)[:, None]
        features, targets = features * root, targets * root
    if prior is not None:
        targets = targets - features @ prior
    u, s, v = np.linalg.svd(features, full_matrices=False)
    if len(s) == 0 or s[0] == 0:
        blank = np.zeros((features.shape[1], targets.shape[1]))
        return [blank if prior is None else prior for _ in penalties]
    seen = u.T @ targets
    kept = s > s[0] * np.finfo(float).eps * max(features.shape)
    found = []
    for penalty in penalties:
        pull = np.where(kept, s / np.where(kept, s**2 + penalty * s[0] ** 2, 1.0), 0.0)
        w = v.T @ (pull[:, None] * seen)
        found.append(w if prior is None else w + prior)
    return found
