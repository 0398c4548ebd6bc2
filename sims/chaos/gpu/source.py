"""A system's kernel in CUDA C: the method's constants, its loop, the right-hand side, the kernel.

k_i = f(t + c_i h, y + h sum_j a_ij k_j)
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sims.chaos.gpu.written import right_hand_side
from sims.chaos.system import System
from sims.integrators import step_control, tableau

SOURCE = Path(__file__).with_name("dop853.cu")
TINY = 1e-300  # a step or an error of this size counts as none
_FIFTH, _DENSE = tableau.STAGES_DENSE, tableau.STAGES_DENSE + 2


def _combination(row: int, weights: np.ndarray) -> str:
    """Return a sum over the stages with the weights that are not zero."""
    terms = [f"({float(w)!r}) * k[{i}][j]" for i, w in enumerate(weights) if w != 0]
    return (
        f"template <int N> struct Combination<{row}, N> {{\n"
        "    __device__ static inline void of(const double (&k)[STAGES][N], double *to)\n"
        f"    {{\n        for (int j = 0; j < N; ++j) to[j] = {' + '.join(terms)};\n    }}\n}};\n"
    )


def constants() -> str:
    """Return the method and its step-size control, in CUDA C, from the CPU's tables."""
    numbers = {
        "SAFETY": step_control.SAFETY, "MIN_FACTOR": step_control.MIN_FACTOR,
        "MAX_FACTOR": step_control.MAX_FACTOR, "TINY": TINY,
        "LEAST_STEP": step_control.MIN_STEP_ULPS * float(np.finfo(float).eps) / 2,
    }  # fmt: skip
    rows = list(enumerate(tableau.A))[1:]
    rows += [(_FIFTH, tableau.E5), (_FIFTH + 1, tableau.E3)]
    rows += [(_DENSE + i, row) for i, row in enumerate(tableau.P)]
    nodes = ", ".join(repr(float(c)) for c in tableau.C)
    return "\n".join(
        [
            f"enum {{ STAGES = {tableau.STAGES_DENSE}, FIFTH = {_FIFTH}, THIRD, DENSE }};",
            *(f"#define {name} {value!r}" for name, value in numbers.items()),
            f"__device__ constexpr double NODE[] = {{{nodes}}};",
            "template <int I, int N> struct Combination;",
            *(_combination(row, weights) for row, weights in rows),
            "template <int I, int N>",
            "__device__ inline void combine(const double (&k)[STAGES][N], double *to)",
            "{\n    Combination<I, N>::of(k, to);\n}\n",
        ]
    )


def groups(systems: Sequence[System]) -> dict[int, list[System]]:
    """Return the systems by dimension: one kernel moves all of a dimension."""
    found: dict[int, list[System]] = {}
    for system in systems:
        found.setdefault(system.dimension, []).append(system)
    return found


def width(systems: Sequence[System]) -> int:
    """Return how many parameters the kernel of a dimension takes, besides the system's number."""
    return max(len(system.parameters) for system in systems)


def _flows(dimension: int, systems: Sequence[System]) -> str:
    """Return a struct with the right-hand side of the system whose number is the last parameter."""
    titles = [f"rates_{dimension}_{i}" for i in range(len(systems))]
    each = [right_hand_side(system, title) for system, title in zip(systems, titles, strict=True)]
    calls = [f"        {title}(t, y, p, out);" for title in titles]
    if len(systems) > 1:
        calls = [f"        case {i}: {call.strip()} break;" for i, call in enumerate(calls)]
        calls = ["        switch ((int)p[P]) {", *calls, "        }"]
    return "\n".join(
        [
            *each,
            f"struct Flows{dimension} {{",
            f"    static const int N = {dimension}, P = {width(systems)};",
            "    __device__ static inline void rates(double t, const double *y, const double *p,",
            "                                        double *out)",
            "    {",
            *calls,
            "    }",
            "};\n",
        ]
    )


def _kernel(dimension: int) -> str:
    return f"""extern "C" __global__ void follow_{dimension}(
    int members, int marks, int rows, int mark_rows, int pause, const double *mark,
    const double *start, const double *parameters, const double *options, double *kept,
    double *found)
{{
    typedef Flows{dimension} Flow;
    const long long who = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (who >= members) return;
    double p[Flow::P + 1];
    const long long row = who < rows ? who : rows - 1, own = who < mark_rows ? who : mark_rows - 1;
    for (int i = 0; i <= Flow::P; ++i) p[i] = parameters[row * (Flow::P + 1) + i];
    follow<Flow>(members, marks, pause, mark + own * marks, start, p, options, kept, found,
                 (int)who);
}}
"""


def text(systems: Sequence[System]) -> str:
    """Return the kernels `follow_DIMENSION` of some systems, in CUDA C."""
    each = [_flows(d, those) + _kernel(d) for d, those in groups(systems).items()]
    return "\n".join([constants(), SOURCE.read_text(), *each])
