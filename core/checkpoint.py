"""A checkpoint beside the output: what was computed so far, and the state to go on from.

One file, replaced as a whole. It is used only by the run that it belongs to: specification,
seed, code and packages must be the same, or it is set aside with a line that says so.
"""

import json
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.progress import say
from core.store import Block, Layout, replacing

PERIOD = 20.0  # seconds between checkpoints
SHARE = 0.02  # of the time may go into writing them


def beside(output: str | Path) -> Path:
    """Return the checkpoint's path for an output file."""
    return Path(output).with_name(f"{Path(output).name}.checkpoint")


class Checkpoint:
    """Passes a simulator's blocks on and saves them, with its state, from time to time.

    path    see `beside`
    belongs what identifies the run: any difference makes an old checkpoint void
    period  seconds between saves; 0 saves after every frame
    """

    def __init__(self, path: Path, belongs: Mapping[str, str], period: float = PERIOD) -> None:
        self._path, self._belongs, self._period = path, dict(belongs), period
        self._frame: int | None = None
        self._arrays: dict[str, np.ndarray] = {}
        self._state: dict[str, np.ndarray] = {}

    def load(self, layout: Layout) -> tuple[int, dict[str, np.ndarray]] | None:
        """Return (last frame, state) of a checkpoint that fits, or None."""
        if not self._path.is_file():
            return None
        try:
            with self._path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                if json.loads(str(file["belongs"])) != self._belongs:
                    say(f"{self._path}: of another specification or code; starting anew")
                    return None
                self._frame = int(file["frame"])
                self._arrays = {
                    k.removeprefix("field:"): file[k] for k in file.files if k.startswith("field:")
                }
                self._state = {
                    k.removeprefix("state:"): file[k] for k in file.files if k.startswith("state:")
                }
        except (EOFError, OSError, ValueError, KeyError, zipfile.BadZipFile) as problem:
            say(f"{self._path}: cannot be read ({problem}); starting anew")
            self._frame = None
            return None
        at = f"after frame {self._frame + 1}" if self._frame >= 0 else "before the first frame"
        say(f"{self._path}: going on {at} of {len(layout.time)}")
        return self._frame, self._state

    def _save(self, frames: list[Block], last: int, state: Mapping[str, np.ndarray]) -> None:
        fresh = {
            name: np.stack([np.asarray(b.values[name]) for b in frames], axis=1)
            for name in (frames[0].values if frames else ())
        }
        for name, values in fresh.items():
            old = self._arrays.get(name)
            self._arrays[name] = values if old is None else np.concatenate([old, values], axis=1)
        with replacing(self._path) as path, path.open("wb") as file:
            content: dict[str, Any] = {
                "belongs": np.asarray(json.dumps(self._belongs)),
                "frame": np.asarray(last),
                **{f"field:{k}": v for k, v in self._arrays.items()},
                **{f"state:{k}": v for k, v in state.items()},
            }
            np.savez(file, **content)

    def guard(self, blocks: Iterable[Block], layout: Layout) -> Iterator[Block]:
        """Yield what the checkpoint holds, then `blocks`, saving when it is time.

        A block without values is a point between two frames to go on from; it ends here. Its frame
        is the last one before, -1 if there is none.
        """
        everyone = slice(0, layout.members)
        if self._frame is not None:
            for frame in range(self._frame + 1):
                yield Block(everyone, frame, {k: v[:, frame] for k, v in self._arrays.items()})
        pending: list[Block] = []
        saved, pause = time.monotonic(), self._period
        for block in blocks:
            if block.values:
                pending.append(block)
                yield block
            if block.state is not None and time.monotonic() - saved >= pause:
                begun = time.monotonic()
                self._save(pending, int(block.frame), block.state())  # type: ignore[arg-type]
                pending, saved = [], time.monotonic()
                pause = max(self._period, (saved - begun) / SHARE if self._period else 0.0)

    def remove(self) -> None:
        """Remove the checkpoint, after success."""
        self._path.unlink(missing_ok=True)
