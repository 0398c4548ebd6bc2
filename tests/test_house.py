"""The house: set-up files in step, no address or path of one machine in the tree."""

import itertools
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest
import yaml

from analysis import entropy
from analysis.functionals import FUNCTIONALS
from analysis.observables import OBSERVABLES
from core import config, provenance

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {"core": {"core"}, "sims": {"core", "sims"}, "analysis": {"core", "analysis"}}


def tracked():
    done = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


def _name(pin):
    return pin.split("==")[0]


def test_the_documentation_names_every_entropy_observable_and_functional():
    pages = ("entropies.md", "dynamics.md")
    text = "".join((ROOT / "docs" / page).read_text() for page in pages)
    names = {*entropy.__all__, *OBSERVABLES, *FUNCTIONALS}
    told = {name for name in names if f"`{name}`" in text}
    told |= {name for name in names if name.startswith("reference_") and "`reference_*`" in text}
    assert not names - told


def test_environment_yml_is_made_from_pyproject():
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "environment.py"], capture_output=True, text=True
    )
    assert (ROOT / "environment.yml").read_text() == done.stdout
    names = yaml.safe_load(done.stdout)["dependencies"]
    assert any(str(name).startswith("numpy") for name in names)


@pytest.mark.parametrize(
    ("file", "extras"),
    [
        ("requirements.lock", ("fast-fft", "test", "dev")),
        ("requirements-bench.lock", ("fast-fft", "bench")),
    ],
)
def test_the_locks_hold_every_dependency_with_hashes_and_no_address(file, extras):
    lock = (ROOT / file).read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    chosen = [project["optional-dependencies"][extra] for extra in extras]
    for wanted in [*project["dependencies"], *itertools.chain(*chosen)]:
        name = re.split(r"[<>=!~]", wanted)[0].lower()
        assert re.search(rf"^{re.escape(name)}==", lock, re.MULTILINE), name
    assert "://" not in lock
    pinned = re.split(r"^(?=\w)", lock, flags=re.MULTILINE)[1:]
    assert pinned and all("--hash=sha256:" in each for each in pinned)


def test_the_locks_agree():
    def versions(file):
        lines = (ROOT / file).read_text().splitlines()
        pins = [line.split(" ;")[0].rstrip(" \\") for line in lines if re.match(r"\w", line)]
        return {name: {p for p in pins if p.startswith(f"{name}==")} for name in map(_name, pins)}

    base, bench = versions("requirements.lock"), versions("requirements-bench.lock")
    assert {name: bench[name] for name in base.keys() & bench} == {
        name: base[name] for name in base.keys() & bench
    }


def test_the_schema_for_editors_is_made_from_the_code():
    schema = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text())
    assert schema == config.schema()
    given = config.normalise(yaml.safe_load((ROOT / "config.yaml").read_text()))
    jsonschema.validate(given, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**given, "sede": 1}, schema)


def test_the_rooms_import_one_way():
    for room, allowed in ROOMS.items():
        for path in (ROOT / room).rglob("*.py"):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            _, imports = provenance._parsed(module.removesuffix(".__init__"))
            assert {name.split(".")[0] for name in imports} <= allowed, path


def test_no_file_holds_an_address_of_an_index_or_a_path_of_a_machine():
    pattern = re.compile(r"(?<![\w.])/(work|root|home|farm|Users)/\w|index-url|pypi[.]org/simple")
    for path in tracked():
        if path.suffix in (".py", ".md", ".yml", ".yaml", ".toml", ".lock", ".smk", ".cfg", ".cff"):
            if path == Path(__file__):
                continue
            found = pattern.search(path.read_text())
            assert found is None, f"{path}: {found}"


def test_the_shipped_configuration_is_sound():
    from analysis import plan as measuring
    from sims import plan as simulating

    given, place = config.load([ROOT / "config.yaml"])
    study = config.study(given, place)
    for name, run in study.runs.items():
        extents, params = simulating.check(run, name)
        for measure in run.measures:
            measuring.check(measure, study.measures, run.simulator, extents, place, name, params)
    assert json.dumps(given)


def test_every_public_entropy_is_there_and_none_has_the_name_of_a_module():
    for name in entropy.__all__:
        assert callable(getattr(entropy, name)), name
    modules = {path.stem for path in (ROOT / "analysis" / "entropy").glob("*.py")}
    assert not modules & set(entropy.__all__)
