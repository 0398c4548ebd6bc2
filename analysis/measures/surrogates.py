"""Surrogate baselines: the same number of series that keep less of the data's structure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from analysis.functionals import Result
from core.errors import ConfigError
from core.store import OF_SURROGATES

KEEPS = {
    "shuffled": "the values in random order",
    "phase_randomised": "the power spectrum, with random phases",
    "iaaft": "the values and, nearly, the power spectrum",
}


@dataclass(frozen=True)
class Surrogates:
    """What a measure is compared with.

    kind  shuffled (keeps the values), phase_randomised (keeps the power spectrum) or iaaft (both)
    n     how many of them, drawn from the run's seed
    """

    kind: Literal["shuffled", "phase_randomised", "iaaft"]
    n: int = 19

    def check(self, where: str) -> None:
        """Raise ConfigError if there would be too few for a spread."""
        if self.n < 2:
            raise ConfigError(f"{where}.n: must be 2 or more, got {self.n}")

    def draw(self, values: np.ndarray, stream: np.random.Generator) -> np.ndarray:
        """Return one surrogate of each series (R, S)."""
        from analysis.entropy import surrogates

        return np.asarray(getattr(surrogates, self.kind)(values, seed=stream)[0])


def compared(found: Result, again: Callable[[], Result], surrogates: Surrogates) -> Result:
    """Return a result with the mean of its surrogates beside each component.

    again  gives the result of one new surrogate

    The summary says, for the mean over rows, how many surrogates' standard deviations it is away,
    and the two-sided rank p-value (r + 1)/(n + 1) doubled, at most 1.
    """
    each = np.stack([again().values for _ in range(surrogates.n)])
    names = tuple(name or "value" for name in found.components)
    of = tuple(f"{name}{OF_SURROGATES}" for name in names)
    rows = []
    for i, name in enumerate(names):
        own, theirs = float(found.values[:, i].mean()), each[:, :, i].mean(axis=-1)
        spread = float(theirs.std(ddof=1))
        beyond = min(int((theirs >= own).sum()), int((theirs <= own).sum()))
        p = min(1.0, 2 * (beyond + 1) / (surrogates.n + 1))
        if spread > 0:
            rows.append(
                (f"{name}, standard deviations from surrogates",
                 (own - float(theirs.mean())) / spread, "1")
            )  # fmt: skip
        rows.append((f"{name}, p-value among surrogates", p, "1"))
    return replace(
        found,
        values=np.concatenate([found.values, each.mean(axis=0)], axis=-1),
        components=(*names, *of),
        convention=f"{found.convention}; surrogates: {surrogates.n} that keep "
        f"{KEEPS[surrogates.kind]}",
        summary=(*found.summary, *rows),
    )
