"""Equations from data: sparse regression on a library of monomials.

dx/dt = sum_k c_k m_k(x);  least squares, terms that contribute little dropped, again until none is
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from analysis.forecast.derivatives import METHODS, Finite, Next, SavitzkyGolay, Weak
from analysis.forecast.polynomials import Polynomial, evaluate, monomials, written

THRESHOLDS = tuple(10.0 ** np.arange(-7, -0.4, 0.25))  # of a term's share in the rate
HELD = 0.25  # of the rows, the last, on which thresholds are compared
WITHIN = 2.0  # of the least error there: the fewest terms that reach it are taken
ROUNDS = 30


@dataclass(frozen=True)
class Equations:
    """What was found: coefficients (p, d) of the monomials, 0 for terms that are not in."""

    terms: tuple[tuple[int, ...], ...]
    coefficients: np.ndarray

    def rates(self, x: np.ndarray) -> np.ndarray:
        """Return dx/dt (..., d) at points (..., d)."""
        return evaluate(self.terms, x) @ self.coefficients

    def polynomial(self, component: int) -> Polynomial:
        """Return one equation as {powers: coefficient}."""
        column = self.coefficients[:, component]
        return {k: float(c) for k, c in zip(self.terms, column, strict=True) if c}

    def texts(self, variables: Sequence[str], digits: int = 6) -> tuple[str, ...]:
        """Return the right-hand sides as text."""
        found = []
        for i in range(self.coefficients.shape[1]):
            parts = [
                f"{c:+.{digits}g}" + ("" if (m := written(k, variables)) == "1" else f"*{m}")
                for k, c in self.polynomial(i).items()
            ]
            found.append(" ".join(parts).removeprefix("+") or "0")
        return tuple(found)


def _thresholded(a: np.ndarray, b: np.ndarray, threshold: float) -> np.ndarray:
    """Return which columns (p,) of unit norm stay when small coefficients are dropped, repeatedly.

    Brunton, Proctor & Kutz (2016) PNAS 113, 3932, with coefficients as shares of |b|.
    """
    kept = np.ones(a.shape[1], dtype=bool)
    size = np.linalg.norm(b)
    for _ in range(ROUNDS):
        share = np.zeros(a.shape[1])
        share[kept] = np.abs(np.linalg.lstsq(a[:, kept], b, rcond=None)[0]) / size
        still = share >= threshold
        if (still == kept).all() or not still.any():
            return still
        kept = still
    return kept


def _error(a: np.ndarray, b: np.ndarray, kept: np.ndarray, cut: int) -> float:
    c = np.linalg.lstsq(a[:cut, kept], b[:cut], rcond=None)[0]
    return float(np.linalg.norm(a[cut:, kept] @ c - b[cut:]))


def _pruned(a: np.ndarray, b: np.ndarray, kept: np.ndarray, cut: int, most: float) -> np.ndarray:
    """Return a support less the terms that are not missed, one by one, the least missed first.

    Leaving out term j raises the sum of squares by c_j^2 / [(A^T A)^-1]_jj; it goes as long as the
    error on the rest stays below `most`. Miller (2002) Subset Selection in Regression, Sec. 2.
    """
    while kept.sum() > 1:
        q, r = np.linalg.qr(a[:cut, kept])
        if np.abs(np.diagonal(r)).min() == 0:
            return kept
        inverse = np.linalg.inv(r)
        rise = (inverse @ (q.T @ b[:cut])) ** 2 / (inverse**2).sum(axis=1)
        fewer = kept.copy()
        fewer[np.flatnonzero(kept)[np.argmin(rise)]] = False
        if _error(a, b, fewer, cut) > most:
            return kept
        kept = fewer
    return kept


def sparse(a: np.ndarray, b: np.ndarray, cut: int) -> np.ndarray:
    """Return coefficients (p,) of one equation, few of them not 0.

    a, b  rows (n, p) and (n,); the first `cut` fit, the rest decide between thresholds

    Of all supports met, the one with fewest terms whose error on the rest is within WITHIN times
    the least; of that, terms that are not missed are left out one by
    one. What stays is fitted to all rows.
    """
    norms = np.linalg.norm(a, axis=0)
    unit = a / np.where(norms > 0, norms, 1.0)
    found = np.zeros(a.shape[1])
    if not np.any(b):
        return found
    supports = {_thresholded(unit[:cut], b[:cut], t).tobytes(): None for t in THRESHOLDS}
    each = [np.frombuffer(s, dtype=bool) for s in supports]
    each = [kept for kept in each if kept.any()] or [np.ones(a.shape[1], dtype=bool)]
    errors = np.array([_error(unit, b, kept, cut) for kept in each])
    floor = 1e-13 * np.linalg.norm(b)
    most = WITHIN * errors.min() + floor
    good = [kept for kept, error in zip(each, errors, strict=True) if error <= most]
    best = _pruned(unit, b, min(good, key=lambda kept: int(kept.sum())), cut, most)
    found[best] = np.linalg.lstsq(unit[:, best], b, rcond=None)[0] / norms[best]
    return found


@dataclass(frozen=True)
class SparseRegression:
    """Sparse regression of the rates on all monomials up to a degree.

    method  how rates are had: Weak, Finite or SavitzkyGolay; Next for maps
    """

    degree: int = 3
    method: Weak | Finite | SavitzkyGolay | Next = field(default=METHODS["weak"])

    def fit(self, x: np.ndarray, dt: float) -> Equations:
        """Return the equations behind a series x (T, d) sampled every dt.

        Raises ValueError for a series too short for the library, or values that are not finite.
        """
        x = np.asarray(x, dtype=float)
        if x.ndim != 2 or not np.isfinite(x).all():
            raise ValueError(f"series: expected finite values (T, d), got shape {x.shape}")
        if not dt > 0:
            raise ValueError(f"dt: must be positive, got {dt:g}")
        terms = monomials(x.shape[1], self.degree)
        a, b = self.method.rows(x, dt, lambda points: evaluate(terms, points))
        cut = len(a) - round(HELD * len(a))
        if cut < len(terms):
            raise ValueError(
                f"series: {len(x)} samples give {cut} rows for {len(terms)} terms; "
                "give more, or a lower degree"
            )
        found = [sparse(a, b[:, i], cut) for i in range(x.shape[1])]
        return Equations(tuple(terms), np.column_stack(found))


@dataclass(frozen=True)
class Score:
    """Found equations against true ones, equation by equation.

    missing, extra     (d,) true terms not found; terms found that are not true
    coefficient_error  (d,) largest relative error of a true term's coefficient; 1 where missing
    derivative_error   (d,) root mean square error of the rates over that of the true rates
    """

    missing: np.ndarray
    extra: np.ndarray
    coefficient_error: np.ndarray
    derivative_error: np.ndarray

    @property
    def exact(self) -> np.ndarray:
        """Return which equations (d,) have all their terms and no other."""
        return (self.missing == 0) & (self.extra == 0)


def score(found: Equations, truth: Sequence[Polynomial], x: np.ndarray) -> Score:
    """Return how near equations are to the true ones, the rates compared at points x (n, d)."""
    missing, extra, worst, rates = [], [], [], []
    for i, true in enumerate(truth):
        own = found.polynomial(i)
        missing.append(len(true.keys() - own.keys()))
        extra.append(len(own.keys() - true.keys()))
        off = [abs(own.get(k, 0.0) - c) / abs(c) for k, c in true.items()]
        worst.append(max(off, default=float(bool(own))))
        exact = evaluate(list(true), x) @ np.array(list(true.values()))
        size = float(np.sqrt(np.mean(exact**2))) or 1.0
        rates.append(float(np.sqrt(np.mean((found.rates(x)[:, i] - exact) ** 2))) / size)
    return Score(np.array(missing), np.array(extra), np.array(worst), np.array(rates))
