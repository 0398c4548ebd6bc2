"""The tree in which nearest neighbours of states are looked up; SciPy is loaded on first use."""

from typing import Any

import numpy as np


def tree_of(states: np.ndarray) -> Any:
    """Return a k-d tree of states (n, d)."""
    from scipy.spatial import cKDTree

    return cKDTree(states)
