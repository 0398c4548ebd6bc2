"""How the Hessian of a potential changes as particles move: its third derivatives, contracted.

T(v)_ij = sum_k (d^3 Phi/dx_i dx_j dx_k) v_k,    T(v) w = T(w) v
"""

from typing import Any

import numpy as np
from scipy.sparse import coo_array

from analysis.production.checks import frame
from analysis.production.pairs import Springs


def hessian_rate(s: Springs, v: Any) -> Any:
    """Return (v . grad) H as a sparse array (Nd, Nd), for velocities v (N, d).

    Of a pair, K = across (1 - e e^T) + along e e^T changes by what r and e do.
    """
    v = frame(v, "v", s.force.shape)
    n, d = v.shape
    apart = v[s.i] - v[s.j]
    radial = (s.e * apart).sum(axis=1)
    turn = (apart - radial[:, None] * s.e) / s.distance[:, None]
    along = s.bend * radial
    across = (s.along - s.across) / s.distance * radial
    ee, et = s.e[:, :, None] * s.e[:, None], s.e[:, :, None] * turn[:, None]
    block = (along - across)[:, None, None] * ee
    block += (s.along - s.across)[:, None, None] * (et + et.transpose(0, 2, 1))
    block += across[:, None, None] * np.eye(d)
    place = np.arange(n * d).reshape(n, d)
    row = np.repeat(place, d, axis=1).reshape(n, d, d)
    column = row.transpose(0, 2, 1)
    i, j = s.i, s.j
    rows = np.concatenate([row[i], row[j], row[i], row[j]]).ravel()
    columns = np.concatenate([column[i], column[j], column[j], column[i]]).ravel()
    values = np.concatenate([block, block, -block, -block]).ravel()
    return coo_array((values, (rows, columns)), shape=(n * d, n * d)).tocsr()
