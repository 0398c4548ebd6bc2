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


def _entry(code):
    @njit(cache=True)
    def serve(task, p, s, rules, rng, wait, steps):
        return kernels.serve(task, p, s, rules, rng, wait, steps if code else 0)

    return serve


serve = _entry(CODE)
