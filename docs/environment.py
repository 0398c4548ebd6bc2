"""Prints environment.yml, for conda users, from pyproject.toml: `make environment`."""

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PIP_ONLY = (
    "freud-analysis",  # not in conda-forge, or not known to be
    "array-api-strict",
    "ordpy",
    "peccary",
    "rocket-fft",
    "snakemake",
)
EXTRAS = ("fast-fft", "test")


def environment() -> str:
    """Return the text of environment.yml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"]]
    for extra in EXTRAS:
        wanted += project["optional-dependencies"][extra]
    conda = [w for w in wanted if not w.startswith(PIP_ONLY)]
    pip = [w for w in wanted if w.startswith(PIP_ONLY)]
    lines = [
        "# Made from pyproject.toml by `make environment`; a test holds the two together.",
        "name: entroflow",
        "channels: [conda-forge]",
        "dependencies:",
        f"  - python{project['requires-python']}",
        *(f"  - {w}" for w in sorted(conda)),
        "  - pip",
        "  - pip:",
        *(f"      - {w}" for w in sorted(pip)),
        "# With a GPU: pip install cupy-cuda12x (CUDA 12) or cupy-cuda13x (CUDA 13).",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(environment())
