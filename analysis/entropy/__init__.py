"""Entropies and complexity measures: functions of arrays, each imported when it is first asked for.

    from analysis.entropy import renyi, complexity_entropy

No module here has the name of a function, which would hide it. Importing all at once would take a
second that most jobs do not need, and would make each measure depend on the code of all.
"""

import importlib
from typing import Any

_FROM = {
    "blocks": (
        "block_entropy",
        "conditional_entropy",
        "entropy_rate",
        "excess_entropy",
        "surprisal",
        "surprisal_changepoints",
    ),
    "resampling": ("Estimate", "bootstrap", "bootstrap_counts"),
    "complexity": (
        "HC",
        "complexity_entropy",
        "statistical_complexity",
        "suggest_delays",
    ),
    "complexity_bounds": ("HCBounds", "hc_bounds"),
    "complexity_noise": ("hc_expected_noise",),
    "counts": ("discrete_counts", "histogram_counts", "joint_histogram_counts"),
    "couplings": ("coupling_entropy", "minimum_entropy_coupling"),
    "densities": ("differential_renyi", "differential_shannon", "differential_tsallis"),
    "divergences": ("cauchy_schwarz", "js", "kl", "renyi_divergence", "tsallis_divergence"),
    "estimators": ("entropy_from_counts",),
    "functionals": ("renyi", "shannon", "tsallis"),
    "information": ("mutual_info", "transfer_entropy"),
    "knn": ("knn_entropy", "neighbour_distances"),
    "diffusion": ("diffusion_spectral_entropy", "diffusion_spectral_mutual_information"),
    "matrices": ("GaussianKernel", "vendi", "von_neumann"),
    "ordinal": ("ordinal_codes", "ordinal_counts", "ordinal_patterns"),
    "ordinal_entropy": (
        "missing_patterns",
        "ordinal_transition_entropy",
        "permutation_entropy",
        "weighted_permutation_entropy",
    ),
    "processes": (
        "autoregressive",
        "fractional_brownian_motion",
        "fractional_gaussian_noise",
        "logistic_map",
        "noise_with_spectrum",
        "white_noise",
    ),
    "phrases": ("lempel_ziv", "lempel_ziv_rate"),
    "process_patterns": (
        "autoregressive_patterns",
        "brownian_patterns",
        "gaussian_patterns",
        "logistic_patterns",
    ),
    "sample": ("approximate_entropy", "sample_counts", "sample_entropy"),
    "scales": ("multiscale", "multiscale_sample_entropy"),
    "spectral": ("spectral_entropy",),
    "surrogates": ("iaaft", "phase_randomised", "shuffled", "surrogate_test"),
}
_MODULE = {name: module for module, names in _FROM.items() for name in names}

__all__ = sorted(_MODULE)


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_MODULE[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
