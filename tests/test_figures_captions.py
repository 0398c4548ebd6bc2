"""Captions of the report: what they say of a run, and that docutils has nothing to complain of."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils.core import publish_parts
from jinja2 import Environment, StrictUndefined

from analysis.measures import MEASURES

FOLDER = Path(__file__).resolve().parent.parent / "workflow" / "report"
CONFIG = {
    "seed": 7,
    "runs": {
        "soliton": {
            "simulator": "nlse",
            "params": {"case": "soliton", "amplitude": 2.0, "noise_cutoff": 3, "animate": True},
            "measures": ["shannon"],
        },
        "swarm": {"simulator": "active", "params": {"model": "abp", "animate": "heading"}},
        "noisy": {
            "simulator": "nlse",
            "params": {"case": "gaussian", "potential": {"kind": "harmonic", "frequency": 1.0}},
            "sweep": {"width": [1.0, 2.0], "n": [64]},
            "members": 8,
        },
    },
    "measures": {
        "shannon": {"observable": "density", "functional": "shannon"},
        "renyi2": {"observable": "spectrum", "functional": "renyi", "alpha": 2.0},
        "paper": {"observable": "density", "functional": "reference_shannon"},
        "early": {"measure": "phase_space", "time": 1.5},
    },
}


def rendered(name, **wildcards):
    """Return a caption as text in HTML, the way Snakemake makes it; complaints are failures."""
    template = Environment(undefined=StrictUndefined).from_string((FOLDER / name).read_text())
    text = template.render(snakemake=SimpleNamespace(config=CONFIG, wildcards=wildcards))
    options = {"_disable_config": True, "report_level": 1, "warning_stream": None}
    html = publish_parts(text, writer="html4", settings_overrides=options)["body"]
    assert "system-message" not in html and "problematic" not in html, html
    return " ".join(html.split())


@pytest.mark.parametrize("run", ["soliton", "noisy/width~1/n~64"])
@pytest.mark.parametrize("measure", [*sorted(MEASURES), *CONFIG["measures"], "unheard_of"])
def test_every_caption_is_sound_and_says_what_was_run(run, measure):
    html = rendered("figure.rst", run=run, measure=measure)
    assert f"<em>{run}</em>" in html and "simulator nlse" in html and "seed 7" in html
    assert "animate" not in html


@pytest.mark.parametrize("name", ["workflow.rst", "verification.rst", "summary.rst"])
def test_the_pages_of_the_report_are_sound(name):
    assert len(rendered(name)) > 100


def test_a_caption_names_parameters_sweep_members_and_the_measure():
    one = rendered("figure.rst", run="soliton", measure="renyi2")
    assert "Rényi entropy of the observable <em>spectrum</em>, alpha = 2.0." in one
    assert "case soliton, amplitude = 2.0, noise_cutoff = 3; 1 member; seed 7" in one
    assert "standard error" not in one
    several = rendered("figure.rst", run="noisy/width~1/n~64", measure="early")
    assert "of the sweep width = 1, n = 64; 8 members" in several
    assert "standard error" in several
    assert "time = 1.5" in several
    assert "Film of |ψ|" in rendered("figure.rst", run="soliton")
    assert "Film of the particles, coloured by heading." in rendered("figure.rst", run="swarm")


def test_the_verification_comes_first():
    page = rendered("workflow.rst")
    assert page.index("1 Verification") < page.index("2 Summary") < page.index("Figures")
    assert "width = each of 1.0, 2.0" in page


def test_a_caption_of_a_whole_sweep_names_its_points():
    html = rendered("figure.rst", run="noisy", measure="phases")
    assert "width = each of 1.0, 2.0, n = each of 64; 8 members" in html
    assert "coloured by their largest cluster" in html
