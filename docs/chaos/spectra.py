"""Computes the Lyapunov exponents of the catalogue: sims/chaos/catalogue/spectra.toml.

    python docs/chaos/spectra.py [NAME ...]

Each trajectory is doubled until the largest exponent has an error of 2 %, or its length a limit.
All of them take about ten minutes of CPU; with names, only those are made anew.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from core.store import replacing  # noqa: E402
from sims.chaos import spectra  # noqa: E402
from sims.chaos.spectra import Exponents  # noqa: E402
from sims.chaos.system import System, catalogue  # noqa: E402

HEAD = """\
# Lyapunov exponents at the catalogue's parameters, per unit of time, largest first: of maps per
# iteration, of delay equations the first four; of StickSlipOscillator, which comes to slide, all
# but the last, minus infinity.
# Made by docs/chaos/spectra.py: tangent vectors, orthonormal again after every step of an adaptive
# Dormand-Prince 8(5,3) with an error per step of rtol, along `periods` periods; standard errors
# from 20 blocks; mean_divergence is the mean of div f, of maps of ln |det J|, on the same orbit.
"""
FIRST, LIMIT, REGULAR = 1500, 24000, 12000  # periods; a zero must be told from a small exponent
GOAL = 0.02  # relative error of the largest exponent
ITERATIONS = 2_000_000  # of maps
BIG = 5  # dimensions above which trajectories are a third as long


def exponents(system: System) -> Exponents:
    """Return the exponents along a trajectory that is long enough."""
    if system.kind == "map":
        return spectra.growth(system, ITERATIONS).exponents()
    share = 3 if system.dimension > BIG else 1
    limit = (LIMIT if "chaotic" in system.regime else REGULAR) // share
    periods = FIRST // share
    while True:
        found = spectra.growth(system, periods).exponents()
        sure = found.standard_errors[0] <= GOAL * abs(found.exponents[0])
        if (sure and found.exponents[0] != 0) or 2 * periods > limit:  # 0 is exact, of a phase
            return found
        periods *= 2


def table(name: str, found: Exponents) -> str:
    """Return a system's lines, with the digits that its errors leave."""
    values = ", ".join(f"{value:.6g}" for value in found.exponents)
    errors = ", ".join(f"{value:.2g}" for value in found.standard_errors)
    lines = [f"\n[{name}]", f"exponents = [{values}]", f"standard_errors = [{errors}]"]
    if found.kaplan_yorke is not None:
        lines.append(f"kaplan_yorke = {found.kaplan_yorke:.5g}")
    if found.mean_divergence is not None:
        lines.append(f"mean_divergence = {found.mean_divergence:.9g}")
    return "\n".join([*lines, f"periods = {found.periods:g}", f"rtol = {found.rtol:g}", ""])


def main() -> None:
    """Write the table anew."""
    known, wanted = dict(spectra.catalogued()), sys.argv[1:]
    for name in wanted or catalogue():
        known[name] = exponents(catalogue()[name])
        print(name, known[name].exponents[0], known[name].standard_errors[0], flush=True)
    text = HEAD + "".join(table(name, known[name]) for name in catalogue() if name in known)
    with replacing(spectra.TABLE) as beside:
        beside.write_text(text)


if __name__ == "__main__":
    main()
