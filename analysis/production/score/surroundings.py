"""What a network is told of each particle: features that turn with it, and invariants.

    y in  H^n g, H^n F (n to 4), H^n T(p) p (n to 2),    p = g + F

H is the Hessian of the potential over its largest stiffness, T its rate of change as particles
move with p. Where particles rearrange the stiff directions turn, and p follows them late:
T(p) p is that lag. Invariants say where a particle is: how fast it and its surroundings move, how
crowded and how stiff they are. All is local (5 contacts at most) and the same for all particles.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from scipy.sparse import coo_array, diags_array

from analysis.production.anharmonic import hessian_rate
from analysis.production.checks import frame
from analysis.production.pairs import Springs, diagonals, hessian, springs
from analysis.production.score.local import POWERS, Swimmers
from analysis.production.score.terms import Told

LAGS = 2  # powers of H on T(p) p
FLOOR = 0.01  # of squared velocities under a logarithm, of <g_a^2> = 1
NAMES = (
    *("H" * power + v for power in range(POWERS + 1) for v in ("g", "F")),
    *("H" * power + "T(p)p" for power in range(LAGS + 1)),
)


def surrounding_terms(
    positions: Iterable[Any], propulsions: Iterable[Any], swimmers: Swimmers
) -> Iterator[Told]:
    """Yield the Terms of snapshots with the invariants of each particle, as `local_terms` does.

    Raises ValueError for frames of different shape and a box too small.
    """
    for x, g in zip(positions, propulsions, strict=True):
        x = frame(x, "positions")
        g = frame(g, "propulsions", x.shape)
        s = springs(
            x, swimmers.interaction, swimmers.box, mobility=swimmers.mobility, trap=swimmers.trap
        )
        yield _terms(s, g, swimmers)


def _terms(s: Springs, g: np.ndarray, swimmers: Swimmers) -> Told:
    unit = swimmers.mobility * swimmers.interaction.strength + s.trap or 1.0
    force = s.force / swimmers.v0
    p = g + force
    H = hessian(s) / unit
    T = hessian_rate(s, p)
    T = T * (swimmers.v0 / (unit * swimmers.gamma * unit) ** 0.5)
    values, divergence = _features(H, T, g, force)
    context, slopes = _invariants(s, H, p, unit)
    n, d = g.shape
    return Told(
        values, divergence, -g, np.full_like(g, -1.0), -swimmers.gamma * g,
        np.full(n, -swimmers.gamma * d), np.full(d, swimmers.gamma), context, slopes,
    )  # fmt: skip


def _features(H: Any, T: Any, g: np.ndarray, force: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the features (K, N, d) and their own derivatives d y_a/d g_a (K, N, d)."""
    y, z = g.ravel(), force.ravel()
    lag = T @ (y + z)
    none = np.zeros_like(y)
    H2 = H @ H
    own = [
        H.diagonal(), H2.diagonal(), *(np.asarray(H2.multiply(A).sum(axis=1)) for A in (H, H2)),
    ]  # fmt: skip
    values, slopes = [y, z], [np.ones_like(y), none]
    for each in own:
        y, z = H @ y, H @ z
        values += [y, z]
        slopes += [each, none]
    # T(p) p is quadratic: its derivative is 2 T(p)
    for each in (T.diagonal(), *(np.asarray(A.multiply(T).sum(axis=1)) for A in (H, H2))):
        values.append(lag)
        slopes.append(2 * each)
        lag = H @ lag
    shape = (len(values), *g.shape)
    return np.array(values).reshape(shape), np.array(slopes).reshape(shape)


def _invariants(s: Springs, H: Any, p: np.ndarray, unit: float) -> tuple[np.ndarray, np.ndarray]:
    """Return what is the same from all sides (N, m), and d/dg_a of it (N, d, m)."""
    n, d = p.shape
    own = diagonals(s)[0] / unit
    stiff = np.trace(own, axis1=1, axis2=2)
    skew = own - stiff[:, None, None] / d * np.eye(d)
    hp = (H @ p.ravel()).reshape(n, d)
    square = (p**2).sum(axis=1)
    found, slopes = [], []

    def add(value: np.ndarray, slope: np.ndarray | None = None) -> None:
        found.append(value)
        slopes.append(np.zeros_like(p) if slope is None else slope)

    def logarithm(value: np.ndarray, slope: np.ndarray) -> None:
        add(np.log(FLOOR + value), slope / (FLOOR + value)[:, None])

    logarithm(square, 2 * p)
    logarithm((hp**2).sum(axis=1), 2 * np.einsum("nab,nb->na", own, hp))
    crowd = s.contacts.astype(float)
    add(crowd)
    once = _averaging(s)
    twice = once @ once
    for mean in (once, twice, twice @ twice):
        logarithm(mean @ square, 2 * mean.diagonal()[:, None] * p)
        add(mean @ crowd)
    add(stiff)
    add(np.sqrt((skew**2).sum(axis=(1, 2))))
    add(np.log(FLOOR + ((s.force / unit) ** 2).sum(axis=1)))
    return np.stack(found, axis=-1), np.stack(slopes, axis=-1)


def _averaging(s: Springs) -> Any:
    """Return the matrix (N, N) that averages over each particle and those it touches."""
    i, j, n = s.i[s.near], s.j[s.near], len(s.contacts)
    one = np.ones(len(i))
    touch = coo_array((np.r_[one, one], (np.r_[i, j], np.r_[j, i])), shape=(n, n)).tocsr()
    return diags_array(1 / (1.0 + s.contacts)) @ (touch + diags_array(np.ones(n)))
