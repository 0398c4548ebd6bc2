"""nlse: the nonlinear Schrödinger equation in one dimension, on a periodic grid.

i psi_t + (beta/2) psi_xx + gamma |psi|^2 psi - V(x) psi = 0
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from time import process_time
from types import ModuleType
from typing import Any

import numpy as np

from core import invariants_nlse
from core.backend import to_host
from core.progress import say
from core.store import Block, Coordinate, Field, Layout
from sims import Trajectories
from sims.integrators.snapshot import Snapshot
from sims.nlse.cases import CASES
from sims.nlse.describe import describe
from sims.nlse.equation import Equation, grid
from sims.nlse.params import Params, equation_of, prepare
from sims.nlse.resolution import Monitor

__all__ = ["FIELDS", "NAME", "Params", "describe", "prepare", "trajectories"]

NAME = "nlse"
FIELDS = {
    "psi": Field(("x",), "complex128", "1", "psi, the complex field"),
    "mass": Field((), "float64", "1", "mass, the integral of |psi|^2"),
    "momentum": Field((), "float64", "1", "momentum, the integral of Im psi* psi_x"),
    "energy": Field((), "float64", "1", "energy, the Hamiltonian"),
    "error": Field((), "float64", "1", "relative L2 distance to the exact solution"),
}

Resume = Callable[[Layout], tuple[int, dict[str, np.ndarray]] | None]


def fields(params: Params) -> dict[str, Field]:
    """Return the fields that a run of these parameters will hold."""
    exact = CASES[params.case].exact(params)
    return {k: v for k, v in FIELDS.items() if k != "error" or exact is not None}


def sizes(params: Params) -> dict[str, int]:
    """Return how many points each axis will have."""
    return {"time": params.frames, "x": params.n}


def compiled(params: Params, xp: ModuleType) -> str:
    """Return the kernel that will run: what was asked for, or what `auto` finds."""
    if params.kernel != "auto":
        return params.kernel
    if "numpy" not in xp.__name__:
        return "array"
    from importlib.util import find_spec

    return "compiled" if find_spec("numba") and find_spec("rocket_fft") else "array"


def _initial(
    params: Params, x: np.ndarray, stream: Callable[[int], Any], members: int
) -> np.ndarray:
    case = CASES[params.case]
    return np.stack([np.asarray(case.initial(params, x, stream(m))) for m in range(members)])


def _values(
    psi: Any, time: float, x: np.ndarray, equation: Equation, exact: Any
) -> dict[str, np.ndarray]:
    """Return the fields of one frame, (M, ...) on the host."""
    length = equation.length
    values = {
        "psi": to_host(psi),
        "mass": to_host(invariants_nlse.mass(psi, length)),
        "momentum": to_host(invariants_nlse.momentum(psi, length)),
        "energy": to_host(
            invariants_nlse.energy(
                psi,
                length,
                dispersion=equation.dispersion,
                nonlinearity=equation.nonlinearity,
                potential=equation.potential,
            )
        ),
    }
    if exact is not None:
        reference = exact(x, time)
        distance = np.linalg.norm(values["psi"] - reference, axis=-1)
        values["error"] = distance / np.linalg.norm(reference)
    return values


def _propagator(params: Params) -> Callable[..., Iterator[Snapshot]]:
    if params.integrator == "etd_adams":
        from sims.nlse.solve_etd import propagate

        return propagate
    from sims.nlse.solve_dop853 import propagate as propagate_dop853

    return partial(propagate_dop853, frame=params.frame)


def _warm(params: Params, equation: Equation, kernel: str) -> None:
    """Load or compile the kernels, so that the cost noted is that of the integration alone."""
    if kernel == "compiled":
        small = replace(equation, n=16, potential=None, mask=None)
        times, psi = np.array([0.0, 1e-6]), np.ones((1, 16), dtype=np.complex128)
        options = {"rtol": 1e-3, "atol": 0.0, "kernel": kernel}
        for _ in _propagator(params)(psi, times, small, **options):
            pass


def trajectories(
    params: Params,
    stream: Callable[[int], Any],
    xp: ModuleType,
    members: int = 1,
    resume: Resume = lambda layout: None,
) -> Trajectories:
    """Return the layout of the run and its frames, computed as they are asked for.

    params   as `prepare` gives them
    stream   member -> random generator
    xp       array library
    members  independent initial conditions; they advance as one batch, and none depends on
             the others
    resume   layout -> (last frame, state) to go on from, or None
    """
    equation, end = equation_of(params), float(params.t_end or 0)  # `prepare` has seen to t_end
    times = np.linspace(params.t_start, end, params.frames)
    x = grid(equation.n, equation.length)
    kernel, exact = compiled(params, xp), CASES[params.case].exact(params)
    if members > 1 and not params.noise and not CASES[params.case].random:
        say(f"members: {members}, but nothing in '{params.case}' is random; give noise")
    layout = Layout(
        time=times,
        members=members,
        coordinates={"x": Coordinate(x, "1", "position")},
        fields=fields(params),
        title=f"Nonlinear Schrödinger equation: {params.case}",
        signal="psi",
    )
    resumed = resume(layout)
    monitor, cost = Monitor(equation.n), {"solve_cpu_s": 0.0}
    last: dict[str, Any] = {}

    def blocks() -> Iterator[Block]:
        _warm(params, equation, kernel)
        begin = process_time()
        psi = xp.asarray(_initial(params, x, stream, members))
        snapshots = _propagator(params)(
            psi,
            times,
            equation,
            rtol=params.rtol,
            atol=params.atol,
            kernel=kernel,
            resume=resumed,
        )
        for snapshot in snapshots:
            cost["solve_cpu_s"] += process_time() - begin
            last["snapshot"] = snapshot
            time = float(times[snapshot.index])
            values = _values(snapshot.psi, time, x, equation, exact)
            monitor.see(values["psi"], time)
            yield Block(slice(0, members), snapshot.index, values, snapshot.state)
            begin = process_time()

    def notes() -> Mapping[str, Any]:
        snapshot = last.get("snapshot")
        counts = (
            {}
            if snapshot is None
            else {
                "steps": int(np.sum(snapshot.steps)),
                "evaluations": int(np.sum(snapshot.evaluations)),
            }
        )
        return {
            "kernel": kernel,
            "solve_cpu_s": cost["solve_cpu_s"],
            "spectrum_tail": monitor.worst,
            **counts,
        }

    return Trajectories(layout, blocks(), notes)
