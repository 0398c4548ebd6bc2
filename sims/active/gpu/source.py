"""The kernels' text, and the numbers that they are given: equations of a run, grid of the cells."""

from pathlib import Path

import numpy as np

from sims.active import system
from sims.active.engine import rules_of
from sims.active.params import Params

SOURCE = Path(__file__).with_name("particles.cu")
RULES = (
    "MODEL", "DIMENSION", "STEP", "EDGE_X", "EDGE_Y", "OVER_X", "OVER_Y", "LAW_OF", "MIXED",
    "STRENGTH", "SIGMA2", "CUT2", "BETA", "TAIL", "MOBILITY", "KICK", "KEEP", "RENEW", "SPIN",
    "TUMBLE", "ALIGN", "ALIGN2", "TRAP", "COUPLE", "RING", "MOST2", "REACH2",
)  # fmt: skip
GRID = ("LOW_X", "LOW_Y", "WIDTH_X", "WIDTH_Y", "CELLS_X", "CELLS_Y")
PURPOSES = ("THERMAL", "HEADING", "TUMBLING")  # of random numbers: a stream each
NUMBERED = (RULES, GRID, PURPOSES, system.MODELS, system.KINDS)


def text() -> str:
    """Return the kernels in CUDA C, what is numbered before them."""
    lines = [f"enum {{ {', '.join(name.upper() for name in names)} }};" for names in NUMBERED]
    return "\n".join(lines) + "\n" + SOURCE.read_text()


def rules(params: Params) -> np.ndarray:
    """Return the numbers of a run's equations, in the order of RULES: those of the CPU's loop."""
    r = rules_of(params)
    strength, sigma2, cut2, beta, tail = r.law.tolist()
    listed = r.reach > 0
    over = [1 / edge if edge > 0 else 0.0 for edge in r.edge]
    values = {
        "MODEL": r.model, "DIMENSION": r.dimension, "STEP": r.step, "EDGE_X": r.edge[0],
        "EDGE_Y": r.edge[1], "OVER_X": over[0], "OVER_Y": over[1], "LAW_OF": r.kind,
        "MIXED": r.mixed, "STRENGTH": strength, "SIGMA2": sigma2, "CUT2": cut2, "BETA": beta,
        "TAIL": tail, "MOBILITY": r.mobility,
        "KICK": r.kick, "KEEP": r.keep, "RENEW": r.renew, "SPIN": r.spin, "TUMBLE": r.tumble,
        "ALIGN": r.align, "ALIGN2": r.align2, "TRAP": r.trap, "COUPLE": r.couple, "RING": r.ring,
        "MOST2": (0.5 * r.skin) ** 2 if listed else np.inf,
        "REACH2": r.reach**2,
    }  # fmt: skip
    return np.array([float(values[name]) for name in RULES])
