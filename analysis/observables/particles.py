"""Observables of runs of particles: where they are and where they head, in every frame."""

import math

import numpy as np

from analysis.observables.kinds import Distribution, Points, Rows
from analysis.observables.registry import OBSERVABLES
from analysis.structure.density import box_densities
from core.errors import ConfigError, NumericsError
from core.store import Member


def _box(member: Member) -> np.ndarray:
    if "box" not in member.fields:
        raise NumericsError(f"member {member.name}: has no periodic box")
    edges = member.fields["box"][...]
    if np.ptp(edges, axis=0).any():
        raise NumericsError(f"member {member.name}: its box changes; there is no one period")
    return edges[0]


@OBSERVABLES.register("positions", needs=("position",), gives=Points)
def positions(member: Member) -> Points:
    """Return the positions of the particles, in their periodic box."""
    box = _box(member)
    where = np.mod(member.fields["position"][...], box)
    return Points(where, "the positions of the particles", Rows(member.time), box)


@OBSERVABLES.register("headings", needs=("orientation",), gives=Points)
def headings(member: Member) -> Points:
    """Return the directions of the particles as angles, points of a circle."""
    e = member.fields["orientation"][...]
    if e.shape[-1] != 2:
        raise NumericsError(f"member {member.name}: headings are angles in the plane only")
    angle = np.mod(np.arctan2(e[..., 1], e[..., 0]), 2 * math.pi)[..., None]
    return Points(angle, "the headings", Rows(member.time), np.array([2 * math.pi]))


@OBSERVABLES.register("propulsions", needs=("active",), gives=Points)
def propulsions(member: Member) -> Points:
    """Return the propulsions of Ornstein-Uhlenbeck particles, points of a normal law of width 1."""
    return Points(member.fields["active"][...], "the propulsions", Rows(member.time))


def _cells_rule(*, side: float) -> None:
    if not side > 0:
        raise ConfigError(f"side: must be positive, got {side:g}")


@OBSERVABLES.register(
    "particle_density", needs=("position",), gives=Distribution, counted=True, rule=_cells_rule
)
def particle_density(member: Member, *, side: float) -> Distribution:
    """Return how the particles are spread over the boxes of a grid.

    side  about how long the boxes' edges are, in the units of the run
    """
    box = _box(member)
    every = [box_densities(x, box, side) for x in member.fields["position"]]
    cell = float(np.prod(box)) / every[0].size
    counts = np.rint(np.stack([density.ravel() for density in every]) * cell).astype(int)
    p = counts / counts.sum(axis=-1, keepdims=True)
    about = {"boxes": f"{every[0].shape[0]} x {every[0].shape[1]}"}
    return Distribution(
        p, cell, "particles over the boxes of a grid", Rows(member.time), counts, about
    )
