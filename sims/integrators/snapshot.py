"""A frame of an integration, and what is needed to go on from it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Snapshot:
    """The state of a batch at one saved frame.

    psi          (M, n) complex, on the grid
    index        the frame's number
    state        returns host arrays from which the integration continues to the same bits
    steps        (M,) accepted steps so far
    evaluations  (M,) right-hand sides so far
    """

    psi: Any
    index: int
    state: Callable[[], dict[str, np.ndarray]]
    steps: np.ndarray
    evaluations: np.ndarray
