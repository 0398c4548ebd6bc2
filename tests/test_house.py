"""The house: set-up files in step, no address or path of one machine in the tree."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest
import yaml

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


def test_environment_yml_is_made_from_pyproject():
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "environment.py"], capture_output=True, text=True
    )
    assert (ROOT / "environment.yml").read_text() == done.stdout
    names = yaml.safe_load(done.stdout)["dependencies"]
    assert any(str(name).startswith("numpy") for name in names)


def test_the_lock_holds_every_dependency_with_hashes_and_no_address():
    lock = (ROOT / "requirements.lock").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for wanted in [*project["dependencies"], *extras["fast-fft"], *extras["test"], *extras["dev"]]:
        name = re.split(r"[<>=!~]", wanted)[0].lower()
        assert re.search(rf"^{re.escape(name)}==", lock, re.MULTILINE), name
    assert "://" not in lock
    assert "--hash=sha256:" in lock


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
        fields = simulating.check(run, name)
        for measure in run.measures:
            measuring.check(measure, study.measures, run.simulator, fields, place, name)
    assert json.dumps(given)
