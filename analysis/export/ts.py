"""Text for aeon and sktime: one case per line, components between colons, the system as class.

A run with a split gives a file for each part, NAME_TRAIN.ts, NAME_TEST.ts and so on.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from analysis.export.series import Series, grouped
from core.errors import ConfigError
from core.store import replacing


def _number(value: np.floating) -> str:
    return "?" if np.isnan(value) else str(value)


def _check(series: Sequence[Series]) -> None:
    counts: dict[int, str] = {}
    for each in series:
        counts.setdefault(len(each.components), each.system)
    if len(counts) > 1:
        several = ", ".join(f"{name} {n}" for n, name in sorted(counts.items()))
        raise ConfigError(
            f"ts: all cases need as many components ({several}); choose --systems, or --univariate"
        )


def _text(series: Sequence[Series], name: str, classes: Sequence[str]) -> str:
    channels, missing = len(series[0].components), any(np.isnan(s.values).any() for s in series)
    lines = [
        f"# {len(series)} series of {len(classes)} systems, made by Entroflow",
        f"@problemName {name}",
        "@timestamps false",
        f"@missing {str(missing).lower()}",
        f"@univariate {str(channels == 1).lower()}",
        *([f"@dimension {channels}"] if channels > 1 else []),
        "@equalLength true",
        f"@seriesLength {len(series[0].time)}",
        f"@classLabel true {' '.join(classes)}",
        "@data",
    ]
    for each in series:
        parts = [",".join(map(_number, each.values[:, i])) for i in range(channels)]
        lines.append(":".join([*parts, each.system]))
    return "\n".join(lines) + "\n"


def write(series: Sequence[Series], output: Path) -> list[Path]:
    """Write a file, or one for each part of the split; return which.

    Raises ConfigError for systems of different numbers of components.
    """
    _check(series)
    classes, made = sorted({each.system for each in series}), []
    for split, members in grouped(series, "split").items():
        path = output.with_stem(f"{output.stem}_{split.upper()}") if split else output
        with replacing(path) as beside:
            beside.write_text(_text(members, output.stem, classes))
        made.append(path)
    return made
