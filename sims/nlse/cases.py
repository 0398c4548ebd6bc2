"""The cases of the nonlinear Schrödinger simulator: one table of what each needs and its defaults.

i psi_t + (beta/2) psi_xx + gamma |psi|^2 psi - V(x) psi = 0
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as record
from typing import Any

import numpy as np

from core.errors import ConfigError
from core.registry import nearest
from sims.nlse import case_fields as fields
from sims.nlse import case_spectra as spectra
from sims.nlse import noise, reference_fields
from sims.nlse.case_fields import Solution
from sims.nlse.files import potential_on_grid

__all__ = ["CASES", "Case", "advised_points", "derived", "needed_points", "potential_on_grid"]

NOISE = ("noise", "noise_cutoff")
GENERAL = ("n", "length", "t_start", "t_end", "frames", "dispersion", "nonlinearity", "potential")


@dataclass(frozen=True)
class Case:
    """One kind of initial condition, with its exact solution where there is one.

    needs      parameters that must be there once `defaults` are filled in
    optional   further parameters of its own; noise and noise_cutoff go with every case
    about      one line for people
    defaults   every default that is the case's own
    random     whether members differ even without noise
    field      (params, x) -> psi (n,) without noise
    solution   params -> ((x, t) -> psi), or None where no closed form is known
    is_exact   params -> whether the box and the run leave the closed form true to rounding
    own_box    params -> the period of the box
    rule       params -> None; raises ConfigError for physics that cannot be
    reach      (params, tail) -> wavenumber at which the spectrum falls to `tail` of its peak,
               or None where that cannot be said before
    """

    name: str
    about: str
    needs: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = record(default_factory=dict)
    random: bool = False
    field: Callable[[Any, np.ndarray], np.ndarray] | None = None
    solution: Callable[[Any], Solution] | None = None
    is_exact: Callable[[Any], bool] = lambda params: True
    own_box: Callable[[Any], float | None] = fields.box
    rule: Callable[[Any], None] = lambda params: None
    reach: spectra.Reach = lambda params, tail: None

    def box(self, params: Any) -> float | None:
        """Return the period of the box, or None if `length` is still to be given."""
        return self.own_box(params)

    def initial(self, params: Any, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return psi (n,) at t_start on the grid x, the noise of this member included."""
        params = _Boxed(params, self.box(params))
        if self.field is not None:
            psi = self.field(params, x)
        else:
            assert self.solution is not None  # every case has one of the two: tested
            psi = self.solution(params)(x, params.t_start)
        if params.noise:
            psi = psi + noise.band_limited(rng, x.size, params.noise_cutoff, params.noise)
        return psi

    def exact(self, params: Any) -> Solution | None:
        """Return (x, t) -> psi if it holds to rounding during this whole run, else None."""
        params = _Boxed(params, self.box(params))
        if self.solution is None or params.noise or params.potential is not None:
            return None
        return self.solution(params) if self.is_exact(params) else None

    def check(self, params: Any) -> None:
        """Raise ConfigError for a missing or foreign parameter, or physics that cannot be."""
        for key in self.needs:
            if getattr(params, key, None) is None:
                raise ConfigError(f"missing '{key}', required by case '{self.name}'")
        own = {*self.needs, *self.optional, *NOISE, *GENERAL}
        for key in sorted(OWN_KEYS - own):
            if getattr(params, key, None) is not None:
                takes = sorted({*self.needs, *self.optional})
                raise ConfigError(
                    f"{key}: not a parameter of case '{self.name}'{nearest(key, takes)}"
                )
        if params.noise and params.noise_cutoff is None:
            raise ConfigError("missing 'noise_cutoff', required with 'noise'")
        if params.noise and params.noise_cutoff < 0:
            raise ConfigError(f"noise_cutoff: must be 0 or more, got {params.noise_cutoff}")
        if params.noise and params.n <= 2 * params.noise_cutoff:
            raise ConfigError(
                f"noise_cutoff: {params.noise_cutoff} modes need n > {2 * params.noise_cutoff}, "
                f"got {params.n}"
            )
        if params.length is not None and params.length <= 0:
            raise ConfigError(f"length: must be positive, got {params.length:g}")
        self.rule(params)
        if self.box(params) is None:
            raise ConfigError(f"missing 'length', required by case '{self.name}'")


class _Boxed:
    """The parameters with `length` as the case's own box; everything else as it was."""

    def __init__(self, params: Any, length: float | None) -> None:
        self._params, self.length = params, length

    def __getattr__(self, name: str) -> Any:
        return getattr(self._params, name)


# The one place for what a case assumes when nothing is said. Keys that no case mentions have
# their defaults in `Params`.
DEFAULTS: dict[str, dict[str, Any]] = {
    "plane_wave": {"n": 64, "length": 50.0, "t_end": 5.0, "frames": 101},
    "soliton": {
        "amplitude": 1.0, "n": 512, "length": 50.0, "t_end": 20.0, "frames": 201,
    },
    "two_solitons": {
        "amplitudes": (2.0, 1.5), "velocities": (2.0, -2.0), "positions": (-10.0, 10.0),
        "n": 1024, "length": 50.0, "t_end": 10.0, "frames": 201,
    },
    "n_soliton": {"n": 2048, "length": 100.0, "t_end": 10.0, "frames": 201},
    "bound_state": {"n": 1024, "length": 40.0, "t_end": 3.0, "frames": 121},
    "akhmediev": {"periods": 1, "n": 256, "t_start": -5.0, "t_end": 5.0, "frames": 201},
    "peregrine": {"n": 2048, "length": 200.0, "t_start": -2.0, "t_end": 2.0, "frames": 101},
    "kuznetsov_ma": {"n": 1024, "t_end": 5.0, "frames": 201},
    "modulation_instability": {
        "seed_amplitude": 1e-8, "n": 128, "t_end": 10.0, "frames": 101,
    },
    "dark_soliton": {
        "amplitude": 1.0, "velocity": 0.5, "position": 10.0, "nonlinearity": -1.0,
        "n": 512, "length": 60.0, "t_end": 40.0, "frames": 201,
    },
    "gaussian": {"n": 512, "length": 50.0, "t_end": 10.0, "frames": 201},
    "from_file": {},
    "reference_single_soliton": {
        "amplitude": 2.0, "position": -10.0, "velocity": 1.0,
        "n": 512, "length": 50.0, "t_end": 20.0, "frames": 100,
    },
    "reference_two_soliton": {
        "amplitudes": (2.0, 1.5), "positions": (-10.0, 10.0), "velocities": (2.0, -2.0),
        "n": 512, "length": 50.0, "t_end": 20.0, "frames": 100,
    },
    "reference_breather": {
        "amplitude": 1.0, "wavenumber": 0.5,
        "n": 512, "length": 50.0, "t_end": 20.0, "frames": 100,
    },
    "reference_modulation_instability": {
        "amplitude": 1.0, "width": 5.0,
        "n": 512, "length": 50.0, "t_end": 20.0, "frames": 100,
    },
}  # fmt: skip


def _two_soliton_reach(params: Any, tail: float) -> float:
    """Return the reach of the sum of solitons, each by itself."""
    each = zip(params.amplitudes, params.velocities, strict=True)
    return max(
        spectra.sech_reach(a * fields.steepness(params), v / params.dispersion, tail)
        for a, v in each
    )


def _solitons_reach(params: Any, tail: float) -> float:
    times = spectra.meetings(params)
    return spectra.sampled_reach(fields.solitons(params), times, params.length, tail)


def _dark_reach(params: Any, tail: float) -> float:
    solution = fields.dark_pair(params)
    meet = params.position / params.velocity
    near = np.clip([params.t_start, meet, params.t_end], params.t_start, params.t_end)
    return spectra.sampled_reach(solution, near, params.length, tail)


_ALL = (
    Case(
        "plane_wave",
        "one wave A exp(iqx); exact, but unstable to long modulations where it focuses",
        needs=("amplitude",),
        optional=("wavenumber", "phase"),
        solution=fields.plane_wave,
        rule=fields.plane_wave_rule,
        reach=lambda p, tail: 1.01 * abs(p.wavenumber or 0.0),
    ),
    Case(
        "soliton",
        "a bright soliton A sech(A(x - x0 - vt)) exp(i(vx + (A^2 - v^2)t/2 + phase)); exact",
        needs=("amplitude",),
        optional=("velocity", "position", "phase"),
        solution=fields.soliton,
        is_exact=fields.soliton_is_exact,
        rule=fields.soliton_rule,
        reach=spectra.soliton_reach,
    ),
    Case(
        "two_solitons",
        "two bright solitons that pass through each other; exact until they meet round the box",
        needs=("amplitudes", "velocities", "positions"),
        optional=("phases",),
        solution=fields.solitons,
        is_exact=fields.solitons_are_exact,
        rule=fields.solitons_rule,
        reach=_solitons_reach,
    ),
    Case(
        "n_soliton",
        "any number of bright solitons, each as listed at t = 0 where it is alone; exact as above",
        needs=("amplitudes", "velocities", "positions"),
        optional=("phases",),
        solution=fields.solitons,
        is_exact=fields.solitons_are_exact,
        rule=fields.solitons_rule,
        reach=_solitons_reach,
    ),
    Case(
        "bound_state",
        "N sech(x/width)/width, N = order solitons bound together; |psi| beats; exact",
        needs=("order",),
        optional=("width",),
        solution=fields.bound_state,
        is_exact=fields.bound_state_is_exact,
        rule=fields.bound_state_rule,
        reach=spectra.bound_state_reach,
    ),
    Case(
        "akhmediev",
        "a modulated plane wave that breathes once (0 < a < 1/2); the box is `periods`; exact",
        needs=("a",),
        optional=("periods",),
        solution=fields.akhmediev,
        own_box=fields.akhmediev_box,
        rule=fields.akhmediev_rule,
        reach=spectra.akhmediev_reach,
    ),
    Case(
        "peregrine",
        "the rogue wave on a background of 1; exact on the line, its 1/x^2 tail meets the box",
        solution=fields.peregrine,
        rule=fields.peregrine_rule,
        reach=spectra.peregrine_reach,
    ),
    Case(
        "kuznetsov_ma",
        "a pulse that breathes on a background of 1 (a > 1/2); exact",
        needs=("a", "length"),
        solution=fields.kuznetsov_ma,
        is_exact=fields.kuznetsov_ma_is_exact,
        rule=fields.kuznetsov_ma_rule,
        reach=spectra.kuznetsov_ma_reach,
    ),
    Case(
        "modulation_instability",
        "a plane wave with one seeded growing mode, or with band-limited noise",
        needs=("amplitude",),
        optional=("wavenumber", "periods", "seed_amplitude"),
        field=fields.modulation_initial,
        own_box=fields.modulation_box,
        rule=fields.modulation_rule,
        reach=spectra.modulation_reach,
    ),
    Case(
        "dark_soliton",
        "two dark solitons of velocities v, -v at -position, +position (defocusing); exact",
        needs=("amplitude", "velocity", "position"),
        optional=("phase",),
        solution=fields.dark_pair,
        is_exact=fields.dark_pair_is_exact,
        rule=fields.dark_rule,
        reach=_dark_reach,
    ),
    Case(
        "gaussian",
        "A exp(-(x - x0)^2/(2 width^2) + i(vx + phase)); no closed form",
        needs=("amplitude", "width"),
        optional=("position", "velocity", "phase"),
        field=fields.gaussian,
        rule=fields.gaussian_rule,
        reach=spectra.gaussian_reach,
    ),
    Case(
        "from_file",
        "a complex field in HDF5: path FILE.h5:/DATASET, or a run file's last frame",
        needs=("path",),
        field=fields.from_file,
        rule=fields.from_file_rule,
    ),
    Case(
        "reference_single_soliton",
        "compatibility: `single_soliton` of simple-idealized-1d-nlse 0.0.5, 2 sech(2(x + 10)) e^ix",
        needs=("amplitude", "position", "velocity"),
        field=reference_fields.single_soliton,
        solution=fields.soliton,
        is_exact=fields.soliton_is_exact,
        rule=fields.soliton_rule,
        reach=spectra.soliton_reach,
    ),
    Case(
        "reference_two_soliton",
        "compatibility: `two_soliton` of simple-idealized-1d-nlse 0.0.5, the plain sum of two",
        needs=("amplitudes", "positions", "velocities"),
        field=reference_fields.two_soliton,
        rule=fields.solitons_rule,
        reach=_two_soliton_reach,
    ),
    Case(
        "reference_breather",
        "compatibility: `breather` of simple-idealized-1d-nlse 0.0.5, a modulated pulse without "
        "background; not an Akhmediev breather, no closed form",
        needs=("amplitude", "wavenumber"),
        field=reference_fields.breather,
        reach=lambda p, tail: spectra.sech_reach(p.amplitude, 3 * p.wavenumber, tail),
    ),
    Case(
        "reference_modulation_instability",
        "compatibility: `modulation_instability` of simple-idealized-1d-nlse 0.0.5, a Gaussian "
        "with its own white noise (seed 42, depends on n); no plane wave, no closed form",
        needs=("amplitude", "width"),
        field=reference_fields.modulation_instability,
    ),
)
OWN_KEYS = frozenset(key for case in _ALL for key in (*case.needs, *case.optional)) - {*GENERAL}
CASES: dict[str, Case] = {case.name: replace(case, defaults=DEFAULTS[case.name]) for case in _ALL}


def _advice(params: Any, tail: float) -> int | None:
    case = CASES[params.case]
    length = case.box(params)
    if length is None:
        return None
    wavenumber = case.reach(_Boxed(params, length), tail)
    return None if wavenumber is None else spectra.points(wavenumber, length)


def advised_points(params: Any) -> int | None:
    """Return the smallest convenient grid on which the spectrum falls to 1e-12 of its peak.

    What the run is known to become is counted in: solitons that meet, bound states and breathers
    at their narrowest. None where nothing can be said before computing.
    """
    return _advice(params, spectra.ADVISED * spectra.MARGIN)


def needed_points(params: Any) -> int | None:
    """Return None if the grid will do, or else the grid to use, as `advised_points` gives it.

    It will not do where the spectrum at the last modes is above 1e-4 of its peak.
    """
    least = _advice(params, spectra.REFUSED)
    return None if least is None or params.n >= least else advised_points(params)


def derived(params: Any) -> dict[str, Any]:
    """Return what the case works out from the rest: its box, and the seeded wavenumber.

    Putting these into the parameters changes nothing; they are there to be recorded.
    """
    case = CASES[params.case]
    values: dict[str, Any] = {"length": case.box(params)}
    if params.case == "modulation_instability" and fields.seeded(params):
        values["wavenumber"] = fields.modulation(params)
    return values
