"""The command line of the analyse stage and of the verification table."""

import csv
import json
import math
import subprocess
import sys

import numpy as np
import pytest

from analysis import __main__ as command_line
from analysis import verification
from core import exact_nlse
from core.errors import ConfigError, SchemaError
from core.store import Block, Coordinate, Field, Layout, read_measure, write_run

SHANNON = json.dumps({"observable": "density", "functional": "shannon"})


@pytest.fixture
def run_file(tmp_path):
    """Write a soliton with two members, the second displaced and with half the amplitude."""
    x, time = (np.arange(256) - 128) * (40 / 256), np.linspace(0, 1, 3)
    layout = Layout(
        time=time,
        members=2,
        coordinates={"x": Coordinate(x, "1", "position")},
        fields={"psi": Field(("x",), "complex128", "1", "psi")},
        title="two solitons",
        signal="psi",
    )
    blocks = (
        Block(
            slice(0, 2),
            frame,
            {"psi": np.stack([exact_nlse.soliton(x, t, a, 1.0) for a in (1.0, 0.5)])},
        )
        for frame, t in enumerate(time)
    )
    params = {"case": "from_file", "dispersion": 1.0, "nonlinearity": 1.0, "rtol": 1e-11}
    stamp = {
        "spec_json": json.dumps({"simulator": "nlse", "params": params, "members": 2}),
        "spec_sha256": "0",
        "code_sha256": "0",
        "run": "pair",
        "seed": 1,
    }
    path = tmp_path / "run.h5"
    write_run(path, layout, blocks, lambda: stamp)
    return path


def test_a_measure_file_holds_every_member_their_mean_and_its_error(run_file, tmp_path):
    out = tmp_path / "shannon.h5"
    command_line.main(["shannon", str(run_file), "--spec", SHANNON, "-o", str(out)])
    found = read_measure(out)
    assert list(found.members) == ["0", "1"]
    # 2 - ln(2A) for A = 1 and 1/2
    mean = 2 - math.log(2) / 2
    np.testing.assert_allclose(found.mean.value[:, 1], mean, atol=1e-6)  # exp(-0.5 * 40) tails
    np.testing.assert_allclose(found.standard_error[:, 1], math.log(2) / 2, atol=1e-6)
    verification.main(
        [str(out), "-o", str(tmp_path / "v.csv"), "--summary", str(tmp_path / "s.csv")]
    )
    with (tmp_path / "s.csv").open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["quantity"] == "differential, last frame"]
    assert [r["member"] for r in rows] == ["0", "1", "mean"]
    assert float(rows[2]["standard_error"]) == pytest.approx(math.log(2) / 2, abs=1e-5)
    assert {r["units"] for r in rows} == {"nat"}
    assert verification.check(tmp_path / "v.csv") == 0


def test_the_list_names_everything_with_its_options(capsys):
    command_line.main(["list"])
    text = capsys.readouterr().out
    for name in ("soliton_shift", "growth_rate", "density", "tsallis", "reference_shannon"):
        assert f"  {name}\n" in text
    assert "(bins=64, threshold=0.01)  gives a distribution." in text
    assert "Of series: also field=psi, part, along, surrogates" in text


@pytest.mark.parametrize(
    ("words", "kind", "text"),
    [
        (["shannon", "RUN", "--spec", "{", "-o", "o.h5"], ConfigError, "--spec: is not JSON"),
        (["shannon", "RUN", "--spec", "3", "-o", "o.h5"], ConfigError, "--spec: expected keys"),
        (["shannon", "RUN", "--spec", SHANNON], ConfigError, "-o: name the file"),
        (["shannon"], ConfigError, "RUN.h5: name the run file"),
        (["shannon", "none.h5", "--spec", SHANNON, "-o", "o.h5"], SchemaError, "none.h5"),
        (
            ["renyi2", "RUN", "--spec", SHANNON.replace("}", ', "alhpa": 2}'), "-o", "o.h5"],
            ConfigError,
            "--spec: measures.renyi2.alhpa: unknown key",
        ),
        (["error", "RUN", "--spec", "{}", "-o", "o.h5"], SchemaError, "holds no 'error'"),
        (["soliton_shift", "RUN", "--spec", "{}", "-o", "o.h5"], ConfigError, "two solitons"),
    ],
)
def test_bad_input_is_told_in_one_line_and_leaves_no_file(
    words, kind, text, run_file, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind) as caught:
        command_line.main([str(run_file) if word == "RUN" else word for word in words])
    assert text in str(caught.value)
    assert not (tmp_path / "o.h5").exists()


def test_a_table_of_nothing_is_a_table(tmp_path):
    verification.main(["-o", str(tmp_path / "v.csv"), "--html", str(tmp_path / "v.html")])
    assert verification.check(tmp_path / "v.csv") == 0
    assert "has an exact answer" in (tmp_path / "v.html").read_text()


def test_checking_a_configuration_loads_nothing_heavy():
    # it happens before every workflow run, also before one that has nothing to do
    code = "import sys, analysis.plan; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "analysis.measures.solitons" in loaded
    assert not loaded & {"scipy", "matplotlib", "numba", "cupy"}
