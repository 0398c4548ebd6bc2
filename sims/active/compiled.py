# mypy: disallow-untyped-defs=False
"""What Python calls of the compiled code, kept on disk from one process to the next.

Numba finds kept code by the file of a function and what its closure holds, and would not notice a
change in a function that it calls. So the closure here holds a hash of all that is called.
"""

from pathlib import Path

from numba import njit

from core.provenance import sha256
from sims.active import kernels, normals, pairs

_SOURCES = (kernels, normals, pairs)
CODE = sha256("".join(Path(str(module.__file__)).read_text() for module in _SOURCES))


def _entries(code):
    @njit(cache=True)
    def advance_euler(p, s, rules, rng, wait, steps):
        return kernels.advance_euler(p, s, rules, rng, wait, steps if code else 0)

    @njit(cache=True)
    def advance_heun(p, s, rules, rng, wait, steps):
        return kernels.advance_heun(p, s, rules, rng, wait, steps if code else 0)

    @njit(cache=True)
    def rebuild(p, s, rules):
        return kernels.rebuild(p, s, rules) if code else kernels.DONE

    @njit(cache=True)
    def act(p, s, rules, x, e):
        if code:
            kernels.act(p, s, rules, x, e)

    return advance_euler, advance_heun, rebuild, act


advance_euler, advance_heun, rebuild, act = _entries(CODE)
