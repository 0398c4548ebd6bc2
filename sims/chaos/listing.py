"""The catalogue as a table: a line a system, with what was computed of it."""

from collections.abc import Iterator

from sims.chaos.annotations import Measured, annotations_of
from sims.chaos.spectra import spectrum_of
from sims.chaos.system import KINDS, System, catalogue

HEAD = (
    f"{'':24} {'d':>2} {'regime':14} {'largest exponent':>19} {'Kaplan-Yorke':>12} "
    f"{'correlation dim.':>16} {'period':>9} {'0-1 K':>6} two particles"
)


def _pair(found: Measured | None, digits: str) -> str:
    return "-" if found is None else f"{found[0]:{digits}} ± {found[1]:.1g}"


def line(system: System) -> str:
    """Return a system's line; what is not known is a dash."""
    spectrum, about = spectrum_of(system), annotations_of(system)
    largest, dimension, measured, period, test, verdict = "-", "-", "-", "-", "-", "-"
    if spectrum is not None:
        largest = _pair((spectrum.exponents[0], spectrum.standard_errors[0]), ".4g")
        if spectrum.kaplan_yorke is not None:
            dimension = f"{spectrum.kaplan_yorke:.3f}"
    if about is not None:
        measured = _pair(about.correlation_dimension, ".2f")
        period = "-" if about.dominant_period is None else f"{about.dominant_period[0]:.4g}"
        test = "-" if about.zero_one is None else f"{about.zero_one[0]:.2f}"
        verdict = "-" if about.two_particle is None else about.two_particle[0]
    return (
        f"{system.name:24} {system.dimension:2} {system.regime:14} {largest:>19} {dimension:>12} "
        f"{measured:>16} {period:>9} {test:>6} {verdict}"
    )


def lines() -> Iterator[str]:
    """Yield the table, kind by kind."""
    for kind in KINDS:
        yield f"{kind}s:{HEAD[len(kind) + 2 :]}"
        yield from (line(system) for system in catalogue(kind).values())
        yield ""
    yield "Exponents and periods in each system's own unit of time; errors are standard errors."
    yield "Computed by docs/chaos/spectra.py and docs/chaos/annotations.py."
