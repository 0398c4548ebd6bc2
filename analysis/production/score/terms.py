"""Linear score models: closed-form fit, held-out bound and plug-in of the entropy production.

    s = base + sum_k theta_k u_k,    v = b - D s
    L(s) = <s D s + 2 div(D s)>  is smallest at the true score and linear algebra in theta
    lower = <b D^-1 b> + 2 <div b> - L(s)  <=  sigma  <=  plug-in = <v D^-1 v>  (s a gradient)

Means are over rows: samples of a small system, or particles of a large one, so that rates are per
sample or per particle. Only variables with noise have a score; without thermal noise those are the
propulsions g.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from analysis.production.rates import BLOCKS, block_error

RIDGE = 1e-12  # of the normalised Gram matrix, below which features repeat each other


@dataclass(frozen=True)
class Terms:
    """What features are on one frame: R rows (samples, particles) of c variables with noise.

    values            (K, R, c) the features u_k
    divergence        (K, R, c) d u_k,a/d x_a of each variable
    base              (R, c) the part of the score that is known or assumed
    base_divergence   (R, c)
    drift             (R, c) b of these variables
    drift_divergence  (R,) sum of d b_a/d x_a
    diffusion         (c,) D, positive
    """

    values: np.ndarray
    divergence: np.ndarray
    base: np.ndarray
    base_divergence: np.ndarray
    drift: np.ndarray
    drift_divergence: np.ndarray
    diffusion: np.ndarray


@dataclass(frozen=True)
class Told(Terms):
    """Terms with what a network is told of each row, besides.

    context  (R, m); context_slopes  (R, c, m) d context/d x_a
    """

    context: np.ndarray
    context_slopes: np.ndarray


@dataclass(frozen=True)
class Score:
    """A fitted score: its coefficients theta (K,), their names, and how it was fitted.

    rows  that it was fitted to; rank  of the features, below K if some repeat each other
    """

    coefficients: np.ndarray
    names: tuple[str, ...]
    rows: int
    rank: int

    def __call__(self, terms: Terms) -> np.ndarray:
        """Return s (R, c)."""
        return np.asarray(terms.base + np.tensordot(self._sized(terms), terms.values, axes=1))

    def divergence(self, terms: Terms) -> np.ndarray:
        """Return d s_a/d x_a (R, c)."""
        return np.asarray(
            terms.base_divergence + np.tensordot(self._sized(terms), terms.divergence, axes=1)
        )

    def velocity(self, terms: Terms) -> np.ndarray:
        """Return v = b - D s (R, c), of the probability flow; the current is rho v."""
        return np.asarray(terms.drift - terms.diffusion * self(terms))

    def _sized(self, terms: Terms) -> np.ndarray:
        if len(terms.values) != len(self.coefficients):
            raise ValueError(
                f"terms: {len(terms.values)} features, and the score was fitted to "
                f"{len(self.coefficients)}: use the same family with the same options"
            )
        return self.coefficients


class Bracket(NamedTuple):
    """Entropy production from a score, per row and unit of time.

    lower           held-out bound: the exact rate less <(s - s*) D (s - s*)>, in the mean
    lower_error     its standard error, over blocks of frames or over rows, whichever is larger
    plug_in         <v D^-1 v>, above the exact rate if s is a gradient in all variables
    plug_in_error
    per_row         (R,) mean plug-in of each particle; where the number of rows changes, over the
                    last frames that have as many
    per_variable    (c,) the plug-in's parts by degree of freedom
    residual        root mean square of the stationary Fokker-Planck equation div v + v . s per row,
                    0 for the exact score if the variables are all there are
    """

    lower: float
    lower_error: float
    plug_in: float
    plug_in_error: float
    per_row: np.ndarray
    per_variable: np.ndarray
    residual: float

    def captured(self, exact: float) -> float:
        """Return the bound's share of the exact rate: below 0, worse than the base score."""
        return self.lower / exact


def fit(frames: Iterable[Terms], names: tuple[str, ...] = (), *, ridge: float = RIDGE) -> Score:
    """Return the score whose coefficients minimise L(s) over frames: one linear solve.

    frames  Terms of one family, one held at a time
    names   (K,) of the features
    ridge   directions of the normalised Gram matrix below it are left at 0

    sum_l <u_k D u_l> theta_l = -<div(D u_k)> - <u_k D base>

    Raises ValueError for fewer rows than features, with the rank, and for no frame.
    Hyvärinen (2005) J. Mach. Learn. Res. 6, 695.
    """
    gram: np.ndarray | None = None
    right, rows, variables = np.zeros(0), 0, 1
    for terms in frames:
        weighted = terms.values * terms.diffusion
        flat, other = (a.reshape(len(a), -1) for a in (terms.values, weighted))
        if gram is None:
            gram, right = np.zeros((len(flat), len(flat))), np.zeros(len(flat))
        gram += flat @ other.T
        right -= (terms.divergence * terms.diffusion).reshape(len(flat), -1).sum(axis=1)
        right -= other @ terms.base.reshape(-1)
        rows, variables = rows + terms.base.shape[0], terms.base.shape[1]
    if gram is None:
        raise ValueError("frames: there is none to fit to")
    scale = np.sqrt(np.diag(gram))
    used = scale > 0
    safe = np.where(used, scale, 1.0)
    values, vectors = np.linalg.eigh(gram / np.outer(safe, safe))
    kept = values > ridge * values.max(initial=0.0)
    rank = int((kept & (values > 0)).sum())
    if rows * variables < 2 * len(gram):
        raise ValueError(
            f"frames: {rows} rows of {variables} variables are too few for {len(gram)} features "
            f"(rank {rank}); give more snapshots or fewer features"
        )
    inverse = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
    theta = inverse @ (right / safe) / safe
    names = names or tuple(f"u{k}" for k in range(len(theta)))
    return Score(theta, names, rows, rank)


def entropy_production(score: Score, frames: Iterable[Terms], *, blocks: int = BLOCKS) -> Bracket:
    """Return the bracket of a score on frames that it was not fitted to.

    Raises ValueError for no frame and features of another family.
    """
    lower, plug, residual = _Means(), _Means(), 0.0
    per_variable: np.ndarray | float = 0.0
    rows = 0
    for terms in frames:
        s, v, D = score(terms), score.velocity(terms), terms.diffusion
        slope = score.divergence(terms)
        known = (terms.drift**2 / D).sum(axis=1) + 2 * terms.drift_divergence
        lower.add(known - (s * s * D + 2 * D * slope).sum(axis=1))
        each = v * v / D
        plug.add(each.sum(axis=1))
        flow = terms.drift_divergence - (D * slope).sum(axis=1) + (v * s).sum(axis=1)
        residual += float((flow**2).sum())
        per_variable = per_variable + each.sum(axis=0)
        rows += len(s)
    if not rows:
        raise ValueError("frames: there is none to judge the score by")
    return Bracket(
        lower.mean(), lower.error(blocks), plug.mean(), plug.error(blocks), plug.per_row(),
        np.asarray(per_variable) / rows, (residual / rows) ** 0.5,
    )  # fmt: skip


class _Means:
    """Means of rows (R,) that come frame by frame."""

    def __init__(self) -> None:
        self._frames: list[float] = []
        self._weights: list[int] = []
        self._total, self._same = np.zeros(0), 0  # of the frames since the number of rows changed

    def add(self, row: np.ndarray) -> None:
        self._frames.append(float(row.mean()))
        self._weights.append(len(row))
        if len(row) == len(self._total):
            self._total, self._same = self._total + row, self._same + 1
        else:
            self._total, self._same = row.copy(), 1

    def mean(self) -> float:
        return float(np.average(self._frames, weights=self._weights))

    def per_row(self) -> np.ndarray:
        return self._total / self._same

    def error(self, blocks: int) -> float:
        """Return the larger of the errors over blocks of frames and over rows.

        Frames of a run much shorter than its memory are alike, and their scatter tells nothing;
        particles far apart are different samples even then.
        """
        over = block_error(self._frames, blocks)
        if self._same < len(self._frames) or len(self._total) < blocks:
            return over
        return float(np.fmax(over, self.per_row().std(ddof=1) / len(self._total) ** 0.5))


def probability_current(
    points: np.ndarray, velocity: np.ndarray, bins: int, extent: tuple[tuple[float, float], ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Return (rho, j) on a grid: the density (bins, ...) and the current rho v (c, bins, ...).

    points    (R, c) and velocity (R, c), in the c variables to be shown
    extent    (low, high) of each
    """
    where = list(extent)
    rho, _ = np.histogramdd(points, bins, range=where)
    sums = [np.histogramdd(points, bins, range=where, weights=v)[0] for v in velocity.T]
    cell = np.prod([(high - low) / bins for low, high in extent])
    return rho / (len(points) * cell), np.array(sums) / (len(points) * cell)
