"""Phase separation: local densities and their binodals, clusters, and what a frame looks like."""

import math
from typing import Literal

import numpy as np

from analysis.measures.particles import (
    boxed,
    chosen,
    curve_error,
    diameter,
    frames_since,
    of_particles,
    summarised,
)
from analysis.measures.structures import positive
from analysis.structure.averages import frame_average
from analysis.structure.clusters import find_clusters, size_distribution
from analysis.structure.density import Phases, binodals, box_densities, disc_densities
from analysis.structure.hexatic import hexatic_order
from analysis.structure.voronoi import cell_densities
from core.errors import ConfigError
from core.store import Frame, Measure, Member, Run, frames

Colour = Literal["density", "hexatic", "cluster"]
How = Literal["boxes", "discs", "cells"]
SIDE = 5.0  # diameters of a box of the density
LINK = 1.2  # diameters within which two particles are of one cluster
SHELLS = 1  # of neighbours, whose Voronoi cells are taken together
FEWEST = 8  # frames that are fitted together, so that few boxes still make a histogram


def _disc_area(run: Run) -> float:
    """Return the mean area of a particle."""
    spread = float((run.params.get("interaction") or {}).get("polydispersity") or 0.0)
    return math.pi / 4 * diameter(run.params) ** 2 * (1 + spread**2)


def _local(run: Run, frame: Frame, side: float, how: str) -> np.ndarray:
    """Return local packing fractions of a frame, flat."""
    if how == "boxes":
        density = box_densities(frame.position, frame.box, side)
    elif how == "cells":
        density = cell_densities(frame.position, frame.box, SHELLS)
    else:
        density = disc_densities(frame.position, frame.box, side / 2)
    return density.ravel() * _disc_area(run)


def _side(run: Run, frame: Frame, side: float | None) -> float:
    """Return the side of the boxes: five diameters, or an eighth of the box if it is small."""
    if side is not None:
        return side
    return min(SIDE * diameter(run.params), float(np.min(frame.box)) / 8)


def _local_rule(
    *,
    side: float | None = None,
    how: How = "boxes",
    bins: int = 2,
    since: float | None = None,
) -> None:
    positive(side=side, bins=bins)
    if how == "cells" and side is not None:
        raise ConfigError("side: cells have none; remove it")


def _fits(rows: np.ndarray) -> tuple[Phases, np.ndarray]:
    """Return the phases of all frames (T, c) together, and (gas, dense) of each run of frames."""
    groups = np.array_split(rows, max(1, len(rows) // FEWEST))
    each = [binodals(group) for group in groups]
    return binodals(rows), np.array([[fit.gas, fit.dense] for fit in each if fit.separated])


def _edges(rows: np.ndarray, bins: int) -> np.ndarray:
    """Return about `bins` edges that part whole numbers of particles, so that none is split."""
    top = float(rows.max())
    one = float(np.diff(np.unique(rows)).min(initial=top))  # a particle more
    width = one * max(1, round(top / bins / one))
    return (np.arange(int(top / width) + 2) * width - 0.5 * one).astype(float)


def _packing(run: Run, member: Member) -> float:
    """Return the packing fraction of the whole."""
    particles, area = member.fields["position"].shape[1], float(np.prod(member.fields["box"][0]))
    return particles * _disc_area(run) / area


def _counted(how: str) -> str:
    return "particles" if how == "cells" else how


def _meshes(how: str, size: float) -> str:
    around = "Voronoi cells of each particle and its neighbours"
    return around if how == "cells" else f"{how} of {size:.4g}"


def _local_rows(
    run: Run, member: Member, side: float | None, how: str, since: float | None
) -> tuple[np.ndarray, float]:
    first = next(frames_since(member, since))
    size = _side(run, first, side)
    return np.stack([_local(run, f, size, how) for f in frames_since(member, since)]), size


@of_particles("local_density", rule=_local_rule, fits=boxed)
def local_density(
    run: Run,
    member: Member,
    *,
    side: float | None = None,
    how: How = "boxes",
    bins: int = 50,
    since: float | None = None,
) -> Measure:
    """Return the distribution of the local packing fraction, and the binodals that it shows.

    side  of the boxes, or twice the radius of discs; five diameters, or an eighth of a small box
    how   boxes of a grid, which part the particles; discs, which overlap; or cells: round each
          particle, its Voronoi cell with those round it, so that each particle counts once
    """
    rows, size = _local_rows(run, member, side, how, since)
    phases, each = _fits(rows)
    edges = _edges(rows, bins)
    width = float(edges[1] - edges[0])
    histograms = np.stack([np.histogram(r, edges)[0] / (r.size * width) for r in rows])
    named = [("separated into two phases", float(phases.separated), "1")]
    extra = {"error": curve_error(histograms), "edges": edges}
    if phases.separated:
        named += [
            ("packing fraction of the gas", phases.gas, "1"),
            ("packing fraction of the dense phase", phases.dense, "1"),
            (f"part of the {_counted(how)} in the dense phase", phases.parts[1], "1"),
        ]
        extra["binodals"] = np.array([phases.gas, phases.dense])
        extra["parts"] = np.array(phases.parts)
        extra["widths"] = np.array(phases.widths)
        if len(each) > 1:
            error = frame_average(each).error
            named += [
                ("packing fraction of the gas, error over frames", float(error[0]), "1"),
                ("packing fraction of the dense phase, error over frames", float(error[1]), "1"),
            ]
    mean = _packing(run, member)
    return Measure(
        axis=(edges[1:] + edges[:-1]) / 2,
        axis_label="local packing fraction",
        axis_units="1",
        value=histograms.mean(axis=0),
        label="distribution of the local packing fraction",
        units="1",
        convention=(
            f"{_meshes(how, size)}, {len(rows)} frames; binodals are the middles of two normal "
            "laws fitted to it, with an interface between them"
        ),
        extra={**extra, "mean": np.array([mean])},
        summary=(("mean packing fraction", mean, "1"), *named),
        figure="densities",
    )


def _cluster_rule(
    *, reach: float | None = None, per_octave: int = 2, since: float | None = None
) -> None:
    positive(reach=reach, per_octave=per_octave)


def _link(run: Run, reach: float | None) -> float:
    return LINK * diameter(run.params) if reach is None else reach


@of_particles("clusters", rule=_cluster_rule)
def clusters(
    run: Run, member: Member, *, reach: float | None = None, since: float | None = None
) -> Measure:
    """Return the largest cluster, the mean size and the number of clusters over time.

    reach  the distance below which two particles are of one cluster; 1.2 diameters if not given
    """
    far, rows = _link(run, reach), []
    for frame in frames_since(member, since):
        found = find_clusters(frame.position, frame.box, far)
        n = found.label.size
        rows.append([found.largest, found.mean_size / n, len(found.sizes) / n])
    names = (
        "largest cluster, part of the particles",
        "mean size around a particle, over N",
        "clusters, over N",
    )
    return Measure(
        axis=member.time[chosen(member, since) :],
        axis_label="t",
        axis_units="1",
        value=np.asarray(rows),
        label="Clusters",
        units="1",
        convention=f"particles linked by steps shorter than {far:g}, across the edges of the box",
        components=names,
        summary=summarised(np.asarray(rows), names),
    )


@of_particles("cluster_sizes", rule=_cluster_rule)
def cluster_sizes(
    run: Run,
    member: Member,
    *,
    reach: float | None = None,
    per_octave: int = 2,
    since: float | None = None,
) -> Measure:
    """Return the distribution of cluster sizes: clusters of each size, for each particle.

    reach  as for `clusters`; per_octave  bins to a doubling of the size
    """
    far = _link(run, reach)
    found = [find_clusters(f.position, f.box, far).sizes for f in frames_since(member, since)]
    n = int(found[0].sum())
    size, density = size_distribution(np.concatenate(found), n * len(found), per_octave)
    return Measure(
        axis=size,
        axis_label="particles s in a cluster",
        axis_units="1",
        value=density,
        label="clusters of size s, over N",
        units="1",
        convention=(
            f"steps shorter than {far:g}; {len(found)} frames of {n} particles; "
            "bins widen with the size, sum of s n(s) is 1"
        ),
        extra={"logarithmic": np.array([1, 1]), "points": np.array([1])},
        summary=(("largest cluster of all frames", float(max(f[0] for f in found)), "1"),),
        figure="profile",
        scale="log",
    )


@of_particles("phases", rule=_local_rule, fits=boxed)
def phases(
    run: Run,
    member: Member,
    *,
    side: float | None = None,
    how: How = "boxes",
    since: float | None = None,
) -> Measure:
    """Return the densities of gas and dense phase and the largest cluster, for a phase diagram.

    side, how  as for `local_density`; figures of several runs are drawn as one diagram
    """
    rows, size = _local_rows(run, member, side, how, since)
    fit, each = _fits(rows)
    far = _link(run, None)
    largest = np.array(
        [find_clusters(f.position, f.box, far).largest for f in frames_since(member, since)]
    )
    error = frame_average(each).error if len(each) > 1 else np.zeros(2)
    cluster = frame_average(largest)
    value = np.array(
        [fit.gas, fit.dense, float(fit.separated), float(cluster.mean), _packing(run, member)]
    )
    names = ("gas", "dense phase", "separated", "largest cluster", "mean")
    return Measure(
        axis=np.zeros(1),
        axis_label="whole run",
        axis_units="1",
        value=value[None],
        label="phases",
        units="1",
        convention=(
            f"packing fractions in {_meshes(how, size)}; the largest cluster is a part of the "
            f"particles, linked below {far:g}"
        ),
        components=names,
        extra={"error": np.append(np.nan_to_num(error), np.nan_to_num(cluster.error))},
        summary=tuple(
            (f"phases: {name}", float(number), "1")
            for name, number in zip(names, value, strict=True)
        ),
        figure="phases",
    )


def _snapshot_rule(
    *, colour: Colour = "density", time: float | None = None, reach: float | None = None
) -> None:
    positive(reach=reach)


def _shade(run: Run, frame: Frame, colour: str, reach: float | None) -> np.ndarray:
    """Return the number (N,) by which each particle is coloured."""
    if colour == "hexatic":
        return np.abs(hexatic_order(frame.position, frame.box, reach=reach))
    if colour == "cluster":
        found = find_clusters(frame.position, frame.box, _link(run, reach))
        return found.sizes[found.label].astype(float)
    radius = min(2.5 * diameter(run.params), float(np.min(frame.box)) / 2)
    return disc_densities(frame.position, frame.box, reach or radius, frame.position) * _disc_area(
        run
    )


SHADES = {
    "density": "local packing fraction",
    "hexatic": "local hexatic order |psi_6|",
    "cluster": "particles in its cluster",
}


@of_particles("snapshot", rule=_snapshot_rule)
def snapshot(
    run: Run,
    member: Member,
    *,
    colour: Colour = "density",
    time: float | None = None,
    reach: float | None = None,
) -> Measure:
    """Return the particles of one frame: where they are, and a number that colours each.

    colour  density, in discs of 2.5 diameters; hexatic, |psi_6|; cluster, the size of its cluster
    time    the frame nearest to it; the last if not given
    reach   radius of the discs, of the neighbours (six nearest if not given), or link of a cluster
    """
    if time is not None and not member.time[0] <= time <= member.time[-1]:
        raise ConfigError(
            f"time: {time:g} is outside the run, {member.time[0]:g} to {member.time[-1]:g}"
        )
    at = len(member.time) - 1 if time is None else int(np.argmin(np.abs(member.time - time)))
    frame = next(frames(member, at))
    periodic = bool(np.isfinite(frame.box).all())
    if colour == "density" and not periodic:
        raise ConfigError("colour: density needs a periodic box; use hexatic or cluster")
    where = np.mod(frame.position, frame.box) if periodic else frame.position
    shade = _shade(run, frame, colour, reach)
    low = np.zeros(2) if periodic else where.min(axis=0)
    high = frame.box if periodic else where.max(axis=0)
    return Measure(
        axis=np.arange(len(where), dtype=float),
        axis_label="particle",
        axis_units="1",
        value=np.column_stack([where, shade]),
        label=SHADES[colour],
        units="1",
        convention="one disc for each particle, of its diameter",
        components=("x", "y", SHADES[colour]),
        extra={
            "time": np.array([frame.time]),
            "window": np.array([low, high]),
            "diameter": frame.elements.get("diameter", np.array([diameter(run.params)])),
        },
        summary=((f"mean of {SHADES[colour]}", float(shade.mean()), "1"),),
        figure="swarm",
    )
