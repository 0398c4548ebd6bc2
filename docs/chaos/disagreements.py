"""Prints docs/chaos/disagreements.md: where exponents and dimensions of others differ from ours.

    python docs/chaos/disagreements.py > docs/chaos/disagreements.md

Ours are those of sims/chaos/catalogue/spectra.toml and annotations.toml, theirs of
analysis/dynamics/reference.toml.
"""

import statistics
import sys
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from analysis.measures.disagreement import FAR, far  # noqa: E402
from analysis.measures.spectra import reference  # noqa: E402
from sims.chaos import annotations  # noqa: E402
from sims.chaos.annotations import Annotations  # noqa: E402
from sims.chaos.spectra import Exponents, catalogued  # noqa: E402
from sims.chaos.system import catalogue  # noqa: E402

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
DIMENSIONS = """
## Correlation dimensions

Ours are slopes of the correlation sum of 10⁵ points, with errors (`annotations.toml`, made by
`docs/chaos/annotations.py`; [dynamics.md](../dynamics.md)). Of {compared} that both have, {apart}
differ by more than 20 % and 3 standard errors. The Kaplan-Yorke dimension is of other numbers, the
exponents, and bounds D2 from above where it is that of the attractor.

| system | ours | theirs | our Kaplan-Yorke dimension |
|---|---|---|---|
"""
VERDICTS = """
## Labels by two tests that know no exponents

A largest exponent above 3 of its errors goes with a 0-1 test above 0.8 and two particles that part,
one below with a test under 0.2 and two that stay together, for {agree} systems. For {open} one of
them says otherwise or leaves it open: chaos that is weak or slow, transients, motion that parts
like a power of time.

| system | regime | largest exponent | 0-1 K | two particles |
|---|---|---|---|---|
"""
LOW, HIGH = 0.2, 0.8  # of the 0-1 test


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


def _dimensions() -> None:
    """Print where the correlation dimension differs."""
    both = {
        name: (found, dict(reference()[name]))
        for name, found in annotations.catalogued().items()
        if found.correlation_dimension and "correlation" in reference().get(name, {})
    }
    apart = {
        name: pair
        for name, pair in both.items()
        if pair[0].correlation_dimension
        and far(*pair[0].correlation_dimension, pair[1]["correlation"])
    }
    print(DIMENSIONS.format(compared=len(both), apart=len(apart)), end="")
    for name, (found, record) in sorted(apart.items()):
        value, error = found.correlation_dimension or (0.0, 0.0)
        spectrum = catalogued().get(name)
        other = "" if spectrum is None or spectrum.kaplan_yorke is None else spectrum.kaplan_yorke
        shown = f"{other:.3f}" if other else ""
        stated = f"{record['correlation']:.3g}"
        print(f"| {name} | {value:.2f} ± {error:.1g} | {stated} | {shown} |")


def _chaotic(found: Annotations) -> bool | None:
    """Return what both tests say, None where they do not agree or leave it open."""
    test = None if found.zero_one is None else found.zero_one[0]
    pair = None if found.two_particle is None else found.two_particle[0]
    if test is not None and test > HIGH and pair in (None, "chaotic"):
        return True
    if test is not None and test < LOW and pair in (None, "regular"):
        return False
    return None


def _verdicts() -> None:
    """Print how the labels fare by two tests that know no exponents."""
    agree, others = 0, []
    for name, found in annotations.catalogued().items():
        system, said = catalogue()[name], _chaotic(found)
        largest = catalogued()[name]
        label = largest.exponents[0] > 3 * largest.standard_errors[0]
        if said is label:
            agree += 1
            continue
        test = "-" if found.zero_one is None else f"{found.zero_one[0]:.2f}"
        pair = "-" if found.two_particle is None else found.two_particle[0]
        others.append(
            f"| {name} | {system.regime} | {largest.exponents[0]:.3g} | {test} | {pair} |"
        )
    print(VERDICTS.format(agree=agree, open=len(others)), end="")
    print("\n".join(others))


def main() -> None:
    """Print the page."""
    pairs = {
        name: (ours, dict(reference()[name]))
        for name, ours in catalogued().items()
        if name in reference() and "maximum" in reference()[name]
    }
    apart = {
        name: pair
        for name, pair in pairs.items()
        if far(pair[0].exponents[0], pair[0].standard_errors[0], pair[1]["maximum"])
    }
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
    print(f"| differ by more than 20 % and 3 standard errors | {len(apart)} |")
    print(f"| of those that are chaotic, median difference | {statistics.median(clean):.0%} |")
    regular = [name for name in pairs if "chaotic" not in catalogue()[name].regime]
    print(f"| not chaotic at these parameters and from this point | {len(regular)} |")
    print("\n| system | regime | ours | theirs | mean divergence | in their record |")
    print("|---|---|---|---|---|---|")
    for name in sorted(apart):
        print(_row(name, *apart[name]))
    _dimensions()
    _verdicts()
    notes = [
        textwrap.fill(f"- **{name}**: {system.note}", 100, subsequent_indent="  ")
        for name, system in catalogue().items()
        if system.note
    ]
    print("\n## What the catalogue notes\n")
    print("\n".join(notes))


if __name__ == "__main__":
    main()
