"""How particles are spread: pairs, structure factor, hexatic order, contacts."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.measures.particles import (
    boxed,
    chosen,
    curve_error,
    diameter,
    frames_since,
    of_particles,
    over_time,
    planar,
    summarised,
)
from analysis.structure.factor import coarsening_length, shells, structure_factor
from analysis.structure.hexatic import hexatic_correlation, hexatic_order
from analysis.structure.pairs import contact_numbers, radial_distribution
from core.errors import ConfigError
from core.store import Measure, Member, Run

CONTACT = 1.1  # diameters within which two particles touch; 1.2 links clusters


def positive(**named: float | None) -> None:
    """Raise ConfigError for an option that is given and not positive."""
    for name, value in named.items():
        if value is not None and not value > 0:
            raise ConfigError(f"{name}: must be positive, got {value:g}")


def _pairs_rule(*, r_max: float | None = None, bins: int = 2, since: float | None = None) -> None:
    positive(r_max=r_max, bins=bins)


def _reach(run: Run, member: Member, r_max: float | None) -> float:
    """Return how far pairs are counted: ten diameters, or as the box allows."""
    half = float(member.fields["box"][0].min()) / 2
    return min(10 * diameter(run.params), half) if r_max is None else r_max


@of_particles("pair_distribution", rule=_pairs_rule, fits=boxed)
def pair_distribution(
    run: Run,
    member: Member,
    *,
    r_max: float | None = None,
    bins: int = 200,
    since: float | None = None,
) -> Measure:
    """Return the radial distribution g(r), averaged over frames.

    r_max  ten diameters, or half the box, if not given; since  the time from which frames count
    """
    reach = _reach(run, member, r_max)
    found = [
        radial_distribution(f.position, f.box, reach, bins) for f in frames_since(member, since)
    ]
    rows = np.stack([row.value for row in found])
    g, r = rows.mean(axis=0), found[0].r
    peak = int(np.argmax(g))
    return Measure(
        axis=r,
        axis_label="r",
        axis_units="1",
        value=g,
        label="radial distribution g(r)",
        units="1",
        convention=f"pairs over those of an ideal gas, N (N - 1)/2 of them; {len(rows)} frames",
        extra={"error": curve_error(rows), "reference": np.array([1.0])},
        summary=(
            ("first peak of g(r), place", float(r[peak]), "1"),
            ("first peak of g(r), height", float(g[peak]), "1"),
        ),
        figure="profile",
    )


def _factor_rule(*, q_max: float | None = None, since: float | None = None) -> None:
    positive(q_max=q_max)


@of_particles("structure_factor", rule=_factor_rule, fits=boxed)
def static_structure(
    run: Run, member: Member, *, q_max: float | None = None, since: float | None = None
) -> Measure:
    """Return the static structure factor S(q) on the box's own wavevectors.

    q_max  one and a half times 2 pi over the diameter if not given
    """
    size = diameter(run.params)
    top = 3 * math.pi / size if q_max is None else q_max
    width = 2 * math.pi / float(member.fields["box"][0].max())
    rows, lengths, found = [], [], None
    for frame in frames_since(member, since):
        factor = structure_factor(frame.position, frame.box, top)
        found = shells(factor, width)
        rows.append(found.s)
        lengths.append([coarsening_length(factor, max(math.pi / size, 1.01 * width))])
    if found is None:
        raise ConfigError("since: no frame is left")
    s = np.stack(rows)
    return Measure(
        axis=found.q,
        axis_label="q",
        axis_units="1",
        value=s.mean(axis=0),
        label="structure factor S(q)",
        units="1",
        convention=(
            f"|sum exp(-i q x)|^2/N, mean over shells of wavevectors of the box, {len(s)} frames"
        ),
        extra={
            "error": curve_error(s), "reference": np.array([1.0]), "logarithmic": np.array([1, 1]),
        },
        summary=(
            ("S(q) at the smallest wavenumber", float(s[:, 0].mean()), "1"),
            *summarised(np.asarray(lengths), ("coarsening length",)),
        ),
        figure="profile",
        scale="log",
    )  # fmt: skip


@of_particles("coarsening", rule=_factor_rule, fits=boxed)
def coarsening(
    run: Run, member: Member, *, q_max: float | None = None, since: float | None = None
) -> Measure:
    """Return the size of the domains over time, from the first moment of S(q).

    q_max  wavevectors above it are left out; pi over the diameter if not given
    """
    cut = math.pi / diameter(run.params) if q_max is None else q_max
    rows = [
        [coarsening_length(structure_factor(f.position, f.box, cut), cut)]
        for f in frames_since(member, since)
    ]
    values = np.asarray(rows)
    return over_time(
        member, since, values, "coarsening length",
        f"2 pi int S dq/int q S dq over wavevectors of the box up to {cut:.4g}",
        (*summarised(values, ("coarsening length",)), ("last", float(values[-1, 0]), "1")),
    )  # fmt: skip


def _hexatic_rule(
    *,
    neighbours: int = 6,
    reach: float | None = None,
    r_max: float | None = None,
    bins: int = 2,
    since: float | None = None,
    cells: bool = False,
) -> None:
    positive(neighbours=neighbours, reach=reach, r_max=r_max, bins=bins)
    if cells and reach is not None:
        raise ConfigError("reach: goes without cells, which choose the neighbours themselves")


def _celled(params: Mapping[str, Any], *, cells: bool = False) -> str | None:
    """Return why the hexatic order of a run cannot be had, or None."""
    return boxed(params) if cells else planar(params)


def _who(neighbours: int, reach: float | None, cells: bool) -> str:
    if cells:
        return "those whose Voronoi cells share an edge"
    return f"the {neighbours} nearest" if reach is None else f"all closer than {reach:g}"


@of_particles("hexatic", rule=_hexatic_rule, fits=_celled)
def hexatic(
    run: Run,
    member: Member,
    *,
    neighbours: int = 6,
    reach: float | None = None,
    since: float | None = None,
    cells: bool = False,
) -> Measure:
    """Return the hexatic order over time: of the whole, and of a particle's surroundings.

    neighbours  how many of the nearest count; reach  if given, all closer than this instead
    cells       if true, those whose Voronoi cells share an edge instead
    """
    rows = []
    for frame in frames_since(member, since):
        psi = hexatic_order(
            frame.position, frame.box, neighbours=neighbours, reach=reach, cells=cells
        )
        rows.append([abs(psi.mean()), np.abs(psi).mean()])
    names = ("global order |<psi_6>|", "local order <|psi_6|>")
    return Measure(
        axis=member.time[chosen(member, since) :],
        axis_label="t",
        axis_units="1",
        value=np.asarray(rows),
        label="Hexatic order",
        units="1",
        convention=f"mean of exp(6 i theta) over {_who(neighbours, reach, cells)}",
        components=names,
        summary=summarised(np.asarray(rows), names),
    )


@of_particles("hexatic_correlation", rule=_hexatic_rule, fits=boxed)
def correlated_hexatic(
    run: Run,
    member: Member,
    *,
    neighbours: int = 6,
    reach: float | None = None,
    r_max: float | None = None,
    bins: int = 100,
    since: float | None = None,
    cells: bool = False,
) -> Measure:
    """Return the correlation g_6(r) of the hexatic order, at distances where there are pairs."""
    far = _reach(run, member, r_max)
    rows, counts, r = [], [], np.empty(0)
    for frame in frames_since(member, since):
        psi = hexatic_order(
            frame.position, frame.box, neighbours=neighbours, reach=reach, cells=cells
        )
        found = hexatic_correlation(frame.position, psi, frame.box, far, bins)
        r = found.r
        rows.append(np.nan_to_num(found.value) * found.pairs)
        counts.append(found.pairs)
    pairs = np.stack(counts)
    some = (pairs > 0).all(axis=0)
    if not some.any():
        raise ConfigError("r_max: no distance has pairs in every frame; use fewer bins")
    values = np.stack(rows)[:, some] / pairs[:, some]
    return Measure(
        axis=r[some],
        axis_label="r",
        axis_units="1",
        value=values.mean(axis=0),
        label="hexatic correlation g_6(r)",
        units="1",
        convention=f"<psi_6*(0) psi_6(r)> over pairs, psi_6 over {_who(neighbours, reach, cells)}",
        extra={"error": curve_error(values), "reference": np.array([0.0])},
        summary=(("g_6 at the longest distance", float(values[:, -1].mean()), "1"),),
        figure="profile",
    )


def _contact_rule(*, reach: float | None = None, since: float | None = None) -> None:
    positive(reach=reach)


@of_particles("contacts", rule=_contact_rule)
def contacts(
    run: Run, member: Member, *, reach: float | None = None, since: float | None = None
) -> Measure:
    """Return how many others a particle touches, over time.

    reach  the distance within which two touch; 1.1 diameters if not given
    """
    far = CONTACT * diameter(run.params) if reach is None else reach
    rows = []
    for frame in frames_since(member, since):
        counts = contact_numbers(frame.position, frame.box, far)
        rows.append([counts.mean(), (counts == 0).mean(), (counts >= 4).mean()])
    names = ("contacts of a particle", "part without any", "part with four or more")
    return Measure(
        axis=member.time[chosen(member, since) :],
        axis_label="t",
        axis_units="1",
        value=np.asarray(rows),
        label="Contacts",
        units="1",
        convention=f"others closer than {far:g}",
        components=names,
        summary=summarised(np.asarray(rows), names),
    )
