"""Random streams by name: adding a run or a member moves no other stream."""

import hashlib

import numpy as np


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return the stream that belongs to a seed and a path of names.

    seed   the study's seed, a non-negative integer
    names  for example "sims", run, member

    The names enter NumPy's SeedSequence as a spawn key through SHA-256, so that streams of
    different names are independent whatever the order in which they are asked for.
    """
    digest = hashlib.sha256("\x1f".join(str(name) for name in names).encode()).digest()
    key = tuple(int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))
