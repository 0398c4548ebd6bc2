"""Orbits of chaotic systems, as points to look at."""

import numpy as np

from analysis.measures.registry import MEASURES
from core.errors import ConfigError
from core.store import Measure, Member, Run


def _rule(*, points: int = 1000) -> None:
    if points < 2:
        raise ConfigError(f"points: must be 2 or more, got {points}")


@MEASURES.register("attractor", needs=("state",), simulators=("chaos",), rule=_rule)
def attractor(run: Run, member: Member, *, points: int = 1000) -> Measure:
    """Return the first samples of an orbit, as many as `points`; a picture shows two components.

    A single component is shown against itself: of a map one iteration later, else a quarter of a
    period.
    """
    states = np.asarray(member.fields["state"][:points], dtype=float)
    names = tuple(str(name) for name in member.coords["component"])
    lag, extra = 0, {"dots": np.ones(1)} if member.facts["kind"] == "map" else {}
    if len(names) == 1:
        quarter = float(member.facts["points_per_period"]) / 4
        lag = 1 if extra else min(max(round(quarter), 1), len(states) - 1)
        states = np.column_stack([states[:-lag], states[lag:]])
        names = (names[0], f"{names[0]}, {lag} later")
    mean, spread = states.mean(axis=0), states.std(axis=0)
    return Measure(
        axis=member.time[: len(states)],
        axis_label="t",
        axis_units="1",
        value=states,
        label="state",
        units="1",
        convention=f"the first {len(states)} samples",
        components=names,
        extra=extra,
        summary=tuple(
            row
            for i, name in enumerate(names)
            for row in (
                (f"mean of {name}", float(mean[i]), "1"),
                (f"standard deviation of {name}", float(spread[i]), "1"),
            )
        ),
        figure="gallery",
    )
