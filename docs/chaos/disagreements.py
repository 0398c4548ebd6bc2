"""Prints docs/chaos/disagreements.md: where the exponents of others differ from ours.

    python docs/chaos/disagreements.py > docs/chaos/disagreements.md

Ours are those of sims/chaos/catalogue/spectra.toml, theirs of analysis/dynamics/reference.toml.
"""

import statistics
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from analysis.measures.spectra import reference  # noqa: E402
from sims.chaos.spectra import Exponents, catalogued  # noqa: E402
from sims.chaos.system import catalogue  # noqa: E402

FAR = 0.20  # relative difference
SURE = 3.0  # standard errors
BALANCE = 0.05  # of the sum of exponents against the mean divergence
HEAD = """# Where we disagree with the reference database

Made by `python docs/chaos/disagreements.py > docs/chaos/disagreements.md`.

Ours (`sims/chaos/catalogue/spectra.toml`, made by `docs/chaos/spectra.py`) come with standard
errors, and with a check that needs no other code: the sum of the exponents must be the mean
divergence of the flow along the same trajectory. The largest relative difference between the two
over all systems is {worst:.0e} of max(1, |div f|). Theirs are what dysts 0.96 states
(`analysis/dynamics/reference.toml`): the field that its benchmarks use as the largest exponent, and
the spectrum of the same record.

| | systems |
|---|---|
"""


def _far(ours: Exponents, theirs: float) -> bool:
    """Return whether a stated exponent differs by 20 % and by more than the error explains."""
    largest, error = ours.exponents[0], ours.standard_errors[0]
    return abs(theirs - largest) > max(FAR * abs(largest), SURE * error)


def _evidence(name: str, ours: Exponents, record: dict[str, Any]) -> str:
    """Return what speaks against a record, from the record itself."""
    found, spectrum = [], record.get("spectrum") or []
    if len(spectrum) == len(ours.exponents) and ours.mean_divergence is not None:
        gap = abs(sum(spectrum) - ours.mean_divergence)
        if gap > BALANCE * max(abs(ours.mean_divergence), 1e-3):
            found.append(f"their spectrum adds up to {sum(spectrum):.4g}")
        if abs(record["maximum"] - spectrum[0]) > FAR * abs(spectrum[0]):
            found.append(f"their spectrum begins with {spectrum[0]:.4g}")
    dimension = record.get("kaplan_yorke")
    system = catalogue()[name]
    if system.kind != "delay" and dimension is not None and dimension > system.dimension:
        found.append(f"their dimension is {dimension:.4g} of {system.dimension}")
    return "; ".join(found)


def _row(name: str, ours: Exponents, record: dict[str, Any]) -> str:
    largest, error = ours.exponents[0], ours.standard_errors[0]
    divergence = "" if ours.mean_divergence is None else f"{ours.mean_divergence:.5g}"
    return (
        f"| {name} | {catalogue()[name].regime} | {largest:.4g} ± {error:.1g} | "
        f"{record['maximum']:.4g} | {divergence} | {_evidence(name, ours, record)} |"
    )


def main() -> None:
    """Print the page."""
    pairs = {
        name: (ours, dict(reference()[name]))
        for name, ours in catalogued().items()
        if name in reference() and "maximum" in reference()[name]
    }
    far = {name: pair for name, pair in pairs.items() if _far(pair[0], pair[1]["maximum"])}
    clean = [
        abs(record["maximum"] / ours.exponents[0] - 1)
        for name, (ours, record) in pairs.items()
        if catalogue()[name].regime == "chaotic"
    ]
    balance = [
        abs(sum(ours.exponents) - ours.mean_divergence) / max(1, abs(ours.mean_divergence))
        for ours in catalogued().values()
        if ours.mean_divergence is not None
    ]
    print(HEAD.format(worst=max(balance)), end="")
    print(f"| compared | {len(pairs)} |")
    print(f"| differ by more than 20 % and 3 standard errors | {len(far)} |")
    print(f"| of those that are chaotic, median difference | {statistics.median(clean):.0%} |")
    regular = [name for name in pairs if "chaotic" not in catalogue()[name].regime]
    print(f"| not chaotic at these parameters and from this point | {len(regular)} |")
    print("\n| system | regime | ours | theirs | mean divergence | in their record |")
    print("|---|---|---|---|---|---|")
    for name in sorted(far):
        print(_row(name, *far[name]))
    notes = [f"- **{name}**: {system.note}" for name, system in catalogue().items() if system.note]
    print("\n## What the catalogue notes\n")
    print("\n".join(notes))


if __name__ == "__main__":
    main()
