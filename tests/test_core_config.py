"""The configuration: what is accepted, and the line that each mistake gets."""

from dataclasses import dataclass
from typing import Literal

import pytest

from core import config
from core.errors import ConfigError


@dataclass(frozen=True)
class Example:
    size: int
    rate: float = 1.0
    kind: Literal["fast", "slow"] = "fast"
    flag: bool = False
    many: tuple[float, ...] | None = None


def refused(given, where="c.yaml: runs.a"):
    with pytest.raises(ConfigError) as caught:
        config.build(Example, given, where)
    return str(caught.value)


def test_a_misspelt_key_names_the_nearest_one():
    assert (
        refused({"size": 1, "raet": 2}) == "c.yaml: runs.a.raet: unknown key; did you mean 'rate'?"
    )


def test_a_missing_key_is_named():
    assert refused({"rate": 2}) == "c.yaml: runs.a: missing 'size'"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"size": 1.5}, "c.yaml: runs.a.size: expected an integer, got 1.5"),
        ({"size": True}, "c.yaml: runs.a.size: expected an integer, got true"),
        ({"size": "many"}, 'c.yaml: runs.a.size: expected an integer, got "many"'),
        ({"size": 1, "rate": "x"}, 'c.yaml: runs.a.rate: expected a number, got "x"'),
        ({"size": 1, "flag": 1}, "c.yaml: runs.a.flag: expected true or false, got 1"),
        ({"size": 1, "kind": "fats"}, "c.yaml: runs.a.kind: no 'fats'; did you mean 'fast'?"),
        ({"size": 1, "many": 3}, "c.yaml: runs.a.many: expected a list, each a number, got 3"),
        ({"size": 1, "rate": float("nan")}, "c.yaml: runs.a.rate: must be finite, got nan"),
    ],
)
def test_a_wrong_type_says_what_was_expected(given, text):
    assert refused(given) == text


def test_integers_are_numbers_and_lists_become_tuples():
    built = config.build(Example, {"size": 2, "rate": 3, "many": [1, 2.5]}, "")
    assert built == Example(2, 3.0, "fast", False, (1.0, 2.5))
    assert isinstance(built.rate, float)


@pytest.mark.parametrize(("text", "number"), [("1e-3", 1e-3), ("1E6", 1e6), ("-2.5e+1", -25.0)])
def test_exponents_without_a_point_are_numbers(text, number):
    assert config.normalise({"a": [text]}) == {"a": [number]}


@pytest.mark.parametrize("text", ["e3", "1e", "soliton", "1.0.0e3", "x1e3"])
def test_other_texts_stay_texts(text):
    assert config.normalise(text) == text


def test_a_sweep_is_the_cartesian_product_of_its_lists():
    study = config.study(
        {"runs": {"s": {"simulator": "nlse", "sweep": {"a": [0.1, 0.2], "n": [8, 16]}}}}, "c.yaml:"
    )
    assert list(study.runs) == ["s/a~0.1/n~8", "s/a~0.1/n~16", "s/a~0.2/n~8", "s/a~0.2/n~16"]
    assert study.runs["s/a~0.2/n~8"].params == {"a": 0.2, "n": 8}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"seeed": 1}, "c.yaml: seeed: unknown key; did you mean 'seed'?"),
        ({"seed": -1}, "c.yaml: seed: must be 0 or more, got -1"),
        ({"device": "gpx"}, "c.yaml: device: no 'gpx'; did you mean 'gpu'?"),
        ({"runs": {"a,b": {"simulator": "nlse"}}}, "c.yaml: runs.a,b: a run's name may hold"),
        ({"runs": {"a": {}}}, "c.yaml: runs.a: missing 'simulator'"),
        ({"runs": {"a": {"simulator": "x", "members": 0}}}, "c.yaml: runs.a.members: must be 1"),
        (
            {"runs": {"a": {"simulator": "x", "sweep": {"n": 3}}}},
            "c.yaml: runs.a.sweep.n: expected",
        ),
        ({"runs": ["a"]}, "c.yaml: runs: expected a mapping"),
        (["a"], "c.yaml: expected keys and values"),
    ],
)
def test_the_envelope_is_checked(given, text):
    with pytest.raises(ConfigError) as caught:
        config.study(given, "c.yaml:")
    assert str(caught.value).startswith(text)


def test_a_parameter_swept_and_given_is_refused():
    given = {"runs": {"a": {"simulator": "x", "params": {"n": 8}, "sweep": {"n": [8]}}}}
    with pytest.raises(ConfigError, match=r"runs\.a\.sweep\.n: also given in params"):
        config.study(given, "c.yaml:")


def test_files_overlay_left_to_right(tmp_path):
    (tmp_path / "a.yaml").write_text("seed: 1\nmeasures: {x: {k: 1}, y: {k: 2}}")
    (tmp_path / "b.yaml").write_text("seed: 2\nmeasures: {x: {k: 3}}")
    merged, place = config.load([tmp_path / "a.yaml", tmp_path / "b.yaml"])
    assert merged == {"seed": 2, "measures": {"x": {"k": 3}, "y": {"k": 2}}}
    assert place == "b.yaml:"


def test_broken_yaml_says_where(tmp_path):
    (tmp_path / "a.yaml").write_text("seed: 1\nruns: {a: [}\n")
    with pytest.raises(ConfigError, match="line 2, column 12"):
        config.load([tmp_path / "a.yaml"])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read"):
        config.load([tmp_path / "none.yaml"])
