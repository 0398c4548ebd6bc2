"""Numbers beside exact ones, as points and as how far they are apart."""

import numpy as np
from matplotlib.figure import Figure

from analysis.figures import style
from core.errors import SchemaError
from core.store import MeasureFile


def against_exact(file: MeasureFile) -> Figure:
    """Return every number with its exact value on the left, and their distance on the right."""
    first = next(iter(file.members.values()))
    if first.exact is None:
        raise SchemaError(f"{file.path}: has no exact values to compare with")
    names = [
        f"{name}, {first.axis_label} {number:g}"
        for name in first.components
        for number in first.axis
    ]
    value, exact = first.value.T.ravel(), first.exact.T.ravel()
    rows = np.arange(len(names))[::-1]
    figure, (left, right) = style.new(
        7.6, 1.3 + 0.42 * len(names), ncols=2, sharey=True, width_ratios=(1.3, 1)
    )
    left.axvline(0, color="#999999", lw=0.8)
    left.plot(exact, rows, "|", color="black", ms=16, label="exact")
    left.plot(value, rows, "o", color=style.COLOURS[0], ms=5, label="measured")
    for row, number in zip(rows, value, strict=True):
        left.annotate(
            f"{number:+.9f}", (number, row), (0, 8), textcoords="offset points", ha="center",
            fontsize=7,
        )  # fmt: skip
    reach = float(np.abs(value).max()) * 1.35
    left.set(xlim=(min(float(value.min()) * 1.8, 0) - 0.1, reach), ylim=(-0.6, len(names) - 0.3))
    left.set_yticks(rows, names)
    left.legend(loc="upper right")
    left.set_xlabel(style.label(first.label, first.units))
    right.plot(np.maximum(np.abs(value - exact), 1e-17), rows, "o", color=style.COLOURS[1], ms=5)
    right.set_xscale("log")
    right.set_xlabel("|measured - exact|")
    for check in first.checks[:1]:
        right.axvline(check.tolerance, **style.EXACT)
        right.annotate(
            f"bound {check.tolerance:.0e}", (check.tolerance, -0.5), (-4, 0),
            textcoords="offset points", ha="right", fontsize=8,
        )  # fmt: skip
        right.set_xlim(
            min(1e-13, float(np.abs(value - exact).min()) / 10 + 1e-16), check.tolerance * 10
        )
    style.title(left, f"Shifts by the collision\n{style.about(file)}")
    return figure
