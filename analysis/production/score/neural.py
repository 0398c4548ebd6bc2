"""A small network that sets the coefficients of a score by where a row is, trained with PyTorch.

    s_a = base_a + sum_k (theta_k + n_k(c)) y_k,a
    d s_a/d x_a = base' + sum_k (theta_k + n_k) d y_k,a/d x_a + y_k,a sum_m dn_k/dc_m dc_m/dx_a

y are features that turn with the system, c invariants, so that the score is the same for all
particles, turns with them, and is local. Its divergence is exact: derivatives go through the
network beside the values. theta is the linear fit; n starts at 0 and is trained on the implicit
loss L(s) (terms.py). Only training needs PyTorch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from array_api_compat import array_namespace

from analysis.production.score.terms import Score, Terms, Told, fit
from core.errors import ConfigError

MISSING = "model: neural needs PyTorch: pip install 'entroflow[learn]'; or use model: linear"
CLIP = 1.0  # norm of a step's gradient
BATCH = 1024  # rows
RATE = 1e-2  # of the first steps, down to 0 as a cosine
EMA = 0.998  # weights are averaged over the last 1/(1 - EMA) steps


@dataclass(frozen=True)
class Network(Score):
    """A score with a network: `coefficients` are theta, the linear part.

    weights       (W_1, b_1, .., W_L, b_L): tanh between layers
    centre, width (m,) of the invariants that it was trained on
    mix           (K, K): features as the network sees them, y mix, of unit variance
    losses        (epochs,) of L(s) less that of theta alone, on the rows that it was trained on
    """

    weights: tuple[np.ndarray, ...]
    centre: np.ndarray
    width: np.ndarray
    mix: np.ndarray
    losses: np.ndarray

    def __call__(self, terms: Terms) -> np.ndarray:
        """Return s (R, c)."""
        return super().__call__(terms) + self._added(terms)[0]

    def divergence(self, terms: Terms) -> np.ndarray:
        """Return d s_a/d x_a (R, c)."""
        return super().divergence(terms) + self._added(terms)[1]

    def _added(self, terms: Terms) -> tuple[np.ndarray, np.ndarray]:
        if not isinstance(terms, Told) or terms.context.shape[1] != len(self.centre):
            raise ValueError(
                f"terms: need the {len(self.centre)} invariants that the network was trained on"
            )
        each = prepared(terms, self.mix, self.centre, self.width)
        return cast(tuple[np.ndarray, np.ndarray], added(self.weights, *each))


def prepared(terms: Told, mix: np.ndarray, centre: np.ndarray, width: np.ndarray) -> tuple:
    """Return (y, y', c, c') as the network sees them: (R, c, K), (R, c, K), (R, m), (R, c, m).

    Invariants are held within 4 widths of their centre: beyond what was seen nothing is known.
    """
    y, slope = (np.tensordot(a, mix, axes=(0, 0)) for a in (terms.values, terms.divergence))
    c = (terms.context - centre) / width
    inside = np.abs(c) < 4
    return y, slope, np.clip(c, -4, 4), terms.context_slopes / width * inside[:, None]


def added(weights: Sequence[Any], y: Any, slope: Any, c: Any, c_slope: Any) -> tuple[Any, Any]:
    """Return what a network adds to s and to d s_a/d x_a, (R, c) each; arrays of any library."""
    xp = array_namespace(y)
    value, tangent = c, c_slope
    for layer in range(0, len(weights), 2):
        value, tangent = value @ weights[layer] + weights[layer + 1], tangent @ weights[layer]
        if layer + 2 < len(weights):
            value = xp.tanh(value)
            tangent = tangent * (1 - value * value)[:, None, :]
    s = xp.sum(value[:, None, :] * y, axis=-1)
    return s, xp.sum(value[:, None, :] * slope + tangent * y, axis=-1)


def train(
    frames: Iterable[Told], names: tuple[str, ...] = (), *, epochs: int = 30, width: int = 32,
    seed: int = 0,
) -> Network:  # fmt: skip
    """Return a score trained on frames, all held in memory: the same for a seed.

    width   of each of two hidden layers
    epochs  passes over all rows

    Raises ConfigError without PyTorch, ValueError as `fit`.
    """
    torch = _torch()
    held = list(frames)
    linear = fit(held, names)
    mix = _mixing(held)
    context = np.concatenate([terms.context for terms in held])
    centre, spread = context.mean(axis=0), np.maximum(context.std(axis=0), 1e-12)
    parts = [_rows(terms, linear, mix, centre, spread) for terms in held]
    data = [torch.asarray(np.concatenate(p).astype(np.float32)) for p in zip(*parts, strict=True)]
    start = _initial(np.random.default_rng(seed), len(centre), width, len(mix))
    weights, losses = _descend(torch, start, data, epochs, seed)
    return Network(
        linear.coefficients, linear.names, linear.rows, linear.rank,
        tuple(w.numpy().astype(float) for w in weights), centre, spread, mix, np.array(losses),
    )  # fmt: skip


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise ConfigError(MISSING) from None
    return torch


def _mixing(held: Sequence[Terms]) -> np.ndarray:
    """Return the matrix that makes features uncorrelated and of unit variance, D-weighted."""
    count = len(held[0].values)
    gram, rows = np.zeros((count, count)), 0
    for terms in held:
        flat = (terms.values * np.sqrt(terms.diffusion)).reshape(count, -1)
        gram += flat @ flat.T
        rows += terms.base.size
    scale = np.sqrt(np.diag(gram))
    scale = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(gram / np.outer(scale, scale))
    kept = np.maximum(values, 1e-7 * values.max())
    return np.asarray(vectors / np.sqrt(kept / rows) / scale[:, None])


def _rows(
    terms: Told, linear: Score, mix: np.ndarray, centre: np.ndarray, width: np.ndarray
) -> tuple[np.ndarray, ...]:
    diffusion = np.broadcast_to(terms.diffusion, terms.base.shape)
    return *prepared(terms, mix, centre, width), linear(terms), diffusion


def _initial(
    draw: np.random.Generator, inputs: int, width: int, outputs: int
) -> tuple[np.ndarray, ...]:
    """Return weights of two hidden layers, and zeros of the last: the linear score."""
    return (
        draw.normal(size=(inputs, width)) / inputs**0.5, np.zeros(width),
        draw.normal(size=(width, width)) / width**0.5, np.zeros(width),
        np.zeros((width, outputs)), np.zeros(outputs),
    )  # fmt: skip


def _descend(
    torch: Any, start: Sequence[np.ndarray], data: Sequence[Any], epochs: int, seed: int
) -> tuple[list, list[float]]:
    """Return (averaged weights, loss of each epoch) of Adam on batches of rows."""
    weights = [torch.asarray(w.astype(np.float32)).requires_grad_() for w in start]
    mean = [w.detach().clone() for w in weights]
    optimizer = torch.optim.Adam(weights, RATE)
    rows, losses = len(data[0]), list[float]()
    steps = max(1, epochs * -(-rows // BATCH))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        total = 0.0
        for chosen in torch.randperm(rows, generator=generator).split(BATCH):
            loss = _loss(weights, *(a[chosen] for a in data))
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, CLIP)
            optimizer.step()
            schedule.step()
            with torch.no_grad():
                for held, now in zip(mean, weights, strict=True):
                    held.lerp_(now, 1 - EMA)
            total += float(loss.detach()) * len(chosen) / rows
        losses.append(total)
    return mean, losses


def _loss(
    weights: Sequence[Any], y: Any, slope: Any, c: Any, c_slope: Any, s: Any, diffusion: Any
) -> Any:
    """Return L of the network's score less that of the linear one, s."""
    more, spread = added(weights, y, slope, c, c_slope)
    return (diffusion * (more * more + 2 * more * s + 2 * spread)).sum(-1).mean()
