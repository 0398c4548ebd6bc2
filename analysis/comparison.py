"""Entropy production on one footing: all measures of a study side by side; routes on exact cases.

`python -m analysis.comparison footing MEASURE.h5 ... -o footing.h5` joins what was measured of all
runs, each with its meaning; `python -m analysis.comparison agreement -o agreement.h5` sets every
route beside exact rates. Both are measure files, whose members are the rows.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from analysis.footing import PLAIN, lines
from core import command, provenance
from core.errors import ConfigError
from core.store import Check, Measure, MeasureFile, Member, Run, read_measure, write_measure


def footing(files: Iterable[MeasureFile]) -> dict[str, Measure]:
    """Return the rows as measures, by what they are rows of."""
    return {
        f"{i} {line.run}, {line.route}": _row(
            i, line.value, line.error, line.exact, line.route, line.units, line.convention,
            {"run": line.run, "simulator": line.simulator, "what": line.what}, line.checks,
            "footing",
        )
        for i, line in enumerate(lines(files))
    }  # fmt: skip


def agreement(cases: tuple[str, ...] = ()) -> dict[str, Measure]:
    """Return what every route finds of every exact case, as measures; `cases` chooses some."""
    from analysis.production.agreement import table

    return {
        f"{i} {found.case}, {found.route}": _row(
            i, found.value, found.error, found.exact, found.route, PLAIN, found.convention,
            {"case": found.case, "source": found.source}, found.checks, "agreement",
        )
        for i, found in enumerate(table(cases))
    }  # fmt: skip


def _row(
    number: int, value: float, error: float | None, exact: float | None, label: str, units: str,
    convention: str, words: Mapping[str, str], checks: tuple[Check, ...], figure: str,
) -> Measure:  # fmt: skip
    """Return one row as a measure; its words are further arrays, of text."""
    extra = {name: np.array(word) for name, word in words.items()}
    if error is not None:
        extra["standard_error"] = np.array([error])
    return Measure(
        axis=np.array([float(number)]), axis_label="row", axis_units="1",
        value=np.array([[value]]), label=label, units=units, convention=convention,
        exact=None if exact is None else np.array([[exact]]), extra=extra,
        checks=checks, figure=figure,
    )  # fmt: skip


def _write(
    path: str, name: str, rows: dict[str, Measure], clock: provenance.Clock, seed: int
) -> None:
    """Write rows as the members of a measure file of the whole study."""
    words = {"footing": "all runs", "agreement": "exact cases"}
    members = [
        Member(name=str(i), index=i, time=np.zeros(1), coords={}, fields={}, label=label)
        for i, label in enumerate(rows)
    ]
    run = Run(Path(path), words[name], words[name], {}, seed, members)
    stamp = provenance.collect(
        run=run.name, simulator=run.simulator, spec={}, device="cpu", seed=seed, clock=clock,
        code=provenance.code_sha256("analysis.comparison"), measure=name, input="",
    )  # fmt: skip
    measures = {str(i): row for i, row in enumerate(rows.values())}
    write_measure(path, name, measures, run=run, spec={}, provenance=stamp)


def main(argv: list[str]) -> None:
    """Parse the arguments and do what they say."""
    parser = command.Parser(prog="python -m analysis.comparison", description=__doc__)
    parser.add_argument("table", choices=("footing", "agreement"))
    parser.add_argument("files", nargs="*", help="measure files, for footing")
    parser.add_argument("-o", "--output", required=True)
    arguments = parser.parse_args(argv)
    clock, seed = provenance.Clock(), 0
    if arguments.table == "footing":
        files = [read_measure(path) for path in arguments.files]
        rows, seed = footing(files), files[0].seed if files else 0
    elif arguments.files:
        raise ConfigError("agreement: takes no files; its cases are sampled as it runs")
    else:
        rows = agreement()
    _write(arguments.output, arguments.table, rows, clock, seed)


if __name__ == "__main__":
    command.run(main)
