"""Exact entropy production of linear Langevin equations.

    dx = -A x dt + sqrt(2 D) dW,    A C + C A^T = 2 D,    Q = A_irr C - D
    sigma = Tr(D^-1 Q C^-1 Q^T)

k_B = 1; rates in nats per unit of time, for the whole system unless said otherwise.
"""

from typing import Any

import numpy as np

from analysis.production.checks import positive, square

ROUNDING = 1e-9  # of Q, where there is no noise to pay for it


def covariance(A: Any, D: Any) -> np.ndarray:
    """Return C of dx = -A x dt + sqrt(2 D) dW: the solution of A C + C A^T = 2 D, (n, n).

    Raises ValueError if an eigenvalue of A has no positive real part: nothing is stationary then.
    """
    from scipy.linalg import solve_continuous_lyapunov

    A, D = square(A, "A"), _diffusion(D)
    if A.shape != D.shape:
        raise ValueError(f"D: has shape {D.shape}, and A {A.shape}")
    slowest = float(np.linalg.eigvals(A).real.min())
    if slowest <= 0:
        raise ValueError(
            f"A: its eigenvalues need positive real parts for a steady state, one has {slowest:g}"
        )
    found = solve_continuous_lyapunov(A, 2 * D)
    return (found + found.T) / 2


def _diffusion(D: Any) -> np.ndarray:
    D = np.asarray(D, dtype=float)
    D = square(np.diag(D) if D.ndim == 1 else D, "D")
    if not np.allclose(D, D.T, rtol=1e-12, atol=0):
        raise ValueError("D: must be symmetric")
    if np.linalg.eigvalsh(D).min() < -1e-12 * np.abs(D).max():
        raise ValueError("D: must not have negative eigenvalues")
    return D


def ornstein_uhlenbeck(A: Any, D: Any, parity: Any = None) -> float:
    """Return the entropy production rate of dx = -A x dt + sqrt(2 D) dW.

    A       (n, n), eigenvalues with positive real parts
    D       (n, n) symmetric, or (n,) its diagonal; it may be singular
    parity  (n,) of +1 and -1, what time reversal does to each variable; None: all +1

    The drift that time reversal does not turn round is A_irr = (A + P A P)/2. The irreversible
    current velocity is v = -(A_irr - D C^-1) x, and sigma = <v D^-1 v>, which is never negative.
    It is the mean of ln P[path]/P[reversed path] per time: the Stratonovich mean of that is
    <b_irr D^-1 b_irr> + <div b_irr> - <div b_rev>, equal to it because <div b> + <s D s> = 0
    for the score s = grad ln rho of a stationary density.

    Raises ValueError where sigma is infinite: an irreversible current along a variable without
    noise. Another parity of the variables, or the part of some of them (`aoup_trap` with
    convention g), may be finite.
    Spinney & Ford (2012) Phys. Rev. E 85, 051113; Risken (1989) The Fokker-Planck Equation, 6.5.
    """
    A, D = square(A, "A"), _diffusion(D)
    signs = np.ones(len(A)) if parity is None else np.asarray(parity, dtype=float)
    if signs.shape != (len(A),) or not np.isin(signs, (-1, 1)).all():
        raise ValueError(f"parity: must be {len(A)} numbers, each 1 or -1")
    turned = signs[:, None] * signs
    if not np.allclose(D * turned, D, rtol=1e-12, atol=0):
        raise ValueError("D: couples variables of different parity")
    C = covariance(A, D)
    # in units of each variable's own scatter, so that "no current" has one meaning for all; what
    # no noise reaches does not move
    spread = np.sqrt(np.maximum(np.diag(C), 0.0))
    moves = np.flatnonzero(spread > 0)
    if not moves.size:
        return 0.0
    ratio, within = spread[moves] / spread[moves, None], np.ix_(moves, moves)
    C = C[within] / np.outer(spread[moves], spread[moves])
    D = D[within] / np.outer(spread[moves], spread[moves])
    irreversible = ((A + A * turned) / 2)[within] * ratio
    current = irreversible @ C - D
    values, vectors = np.linalg.eigh(D)
    noisy = values > 1e-13 * values.max()
    along = vectors.T @ current
    scale = np.abs(irreversible).max() * np.abs(C).max()
    if np.abs(along[~noisy]).max(initial=0.0) > ROUNDING * scale:
        raise ValueError(
            "D: an irreversible current runs along a variable without noise, so sigma is infinite "
            "in this convention; give another parity, or take the noisy variables' part (g)"
        )
    flows = along[noisy]
    return float(np.sum(flows * np.linalg.solve(C, flows.T).T / values[noisy, None]))


def gyrator(k1: float, k2: float, u: float, T1: float, T2: float) -> float:
    """Return u^2 (T1 - T2)^2/(T1 T2 (k1 + k2)), the rate of the Brownian gyrator.

    Two coordinates of mobility 1 in U = k1 x^2/2 + k2 y^2/2 + u x y with baths at T1 and T2, even
    under reversal. Q = A C - D has the one element Q_xy = u (T2 - T1)/(k1 + k2).

    Raises ValueError unless U confines (k1 k2 > u^2) and the temperatures are positive.
    Filliger & Reimann (2007) Phys. Rev. Lett. 99, 230602.
    """
    positive(k1=k1, k2=k2, T1=T1, T2=T2)
    if u**2 >= k1 * k2:
        raise ValueError(f"u: must be smaller than sqrt(k1 k2) = {(k1 * k2) ** 0.5:g}, got {u:g}")
    return u**2 * (T1 - T2) ** 2 / (T1 * T2 * (k1 + k2))


def two_bead(Th: float, Tc: float, k: float = 1.0) -> float:
    """Return k (Th - Tc)^2/(4 Th Tc): two beads between walls, all springs k, mobility 1.

    A = k [[2, -1], [-1, 2]], D = diag(Th, Tc): the gyrator with k1 = k2 = 2 k and u = -k.

    Li et al. (2019) Nat. Commun. 10, 1666.
    """
    positive(Th=Th, Tc=Tc, k=k)
    return k * (Th - Tc) ** 2 / (4 * Th * Tc)


def five_bead(Th: float, Tc: float, k: float = 1.0) -> float:
    """Return the rate of five beads in a row between walls, baths linear from Th to Tc.

    sigma = k (Th - Tc)^2 (111 Th^2 + 430 Th Tc + 111 Tc^2)
            / (495 Th Tc (3 Th + Tc) (Th + 3 Tc)),  mobility 1

    Li et al. (2019) Nat. Commun. 10, 1666.
    """
    positive(Th=Th, Tc=Tc, k=k)
    above = 111 * Th**2 + 430 * Th * Tc + 111 * Tc**2
    return k * (Th - Tc) ** 2 * above / (495 * Th * Tc * (3 * Th + Tc) * (Th + 3 * Tc))


def bead_chain(temperatures: Any, k: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return (A, D) of beads in a row between walls: A = k tridiag(-1, 2, -1), D = temperatures."""
    temperatures = np.asarray(temperatures, dtype=float)
    n = len(temperatures)
    return k * (2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)), np.diag(temperatures)
