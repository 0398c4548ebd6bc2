"""All that a study says of entropy production and its relatives, side by side, with meanings."""

import textwrap
from itertools import groupby
from typing import Any

from matplotlib.figure import FigureBase

from analysis.figures import style
from analysis.figures.agreement import alone, number, text
from core.store import Measure, MeasureFile

LINE = 0.19  # inches of a row
LETTERS = 112  # of a meaning in a line
MEANINGS = {
    "heat": "Entropy production of swimmers: the work of the propulsion, all of which the bath "
    "takes up, over its temperature. 0 for passive particles, and only then.",
    "sum_rule": "Entropy production of athermal swimmers, exactly: what their propulsions pay "
    "(convention g). The total is infinite without thermal noise.",
    "score": "The same, learned from snapshots: at least the lower bound, whatever the score; the "
    "exact value is the sum rule's on the same frames.",
    "tur": "A lower bound on the entropy production from the fluctuations of currents alone, no "
    "forces known. Far below it if frames are far apart.",
    "contraction": "Rate at which a deterministic flow shrinks phase-space volume, minus the sum "
    "of its Lyapunov exponents. A heat only for thermostatted mechanics; exact: minus the mean of "
    "div f.",
    "spectral_growth": "The nonlinear Schrödinger equation is conservative and reversible: it "
    "produces none. What grows is the disorder of its spectrum, which may also fall again.",
    "irreversibility": "How much likelier the ordinal patterns of a series are than those of its "
    "reverse: a lower bound on time's arrow in what was observed, per window, not a rate; compare "
    "only what was sampled alike. It is there only if surrogates rarely reach it; the least "
    "p that n of them can show is 2/(n + 1).",
}
TITLES = {
    "heat": "Heat", "sum_rule": "Sum rule", "score": "Learned score", "tur": "Uncertainty bound",
    "contraction": "Contraction of phase space", "spectral_growth": "Conservative waves",
    "irreversibility": "Irreversibility of observed series",
}  # fmt: skip


def _groups(file: MeasureFile) -> list[tuple[str, list[Measure]]]:
    groups = groupby(
        sorted(file.members.values(), key=lambda m: list(MEANINGS).index(m.label)),
        key=lambda m: m.label,
    )
    return [(name, list(rows)) for name, rows in groups]


def _lines(file: MeasureFile) -> int:
    return sum(
        2 + len(textwrap.wrap(MEANINGS[name], LETTERS)) + len(rows) for name, rows in _groups(file)
    )


def height(file: MeasureFile) -> float:
    """Return the inches that `draw` asks for."""
    return 1.2 + LINE * _lines(file)


def _number(measure: Measure) -> str:
    error = measure.extra.get("standard_error")
    told = number(float(measure.value[0, 0]), None if error is None else float(error[0]))
    return told if measure.units == "1" else f"{told} {measure.units}"


def draw(file: MeasureFile, canvas: FigureBase) -> None:
    """Draw the table: for each route its meaning, then a row for each run."""
    axes = canvas.subplots()
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(_lines(file), 0))
    row = 0.5

    def put(x: float, words: str, **how: Any) -> None:
        axes.text(x, row, style.pretty(words), va="center", fontsize=8, **how)

    for name, rows in _groups(file):
        put(0, TITLES[name], fontweight="bold")
        row += 1
        for words in textwrap.wrap(MEANINGS[name], LETTERS):
            put(0, words, color=style.GREY)
            row += 1
        for measure in rows:
            failed = any(not check.passed for check in measure.checks)
            colour = style.COLOURS[1] if failed else "black"
            put(0.02, f"{text(measure, 'run')} ({text(measure, 'simulator')})", color=colour)
            put(0.30, text(measure, "what"), color=colour)
            put(0.65, _number(measure), color=colour)
            if measure.exact is not None:
                put(0.90, f"exact {float(measure.exact[0, 0]):.5g}", color=colour)
            row += 1
        row += 1
    style.headline(canvas, "Entropy production and its relatives, on one footing", alone(file))
