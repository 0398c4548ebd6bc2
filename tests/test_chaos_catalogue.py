"""The catalogue: every system is sound, and its compiled code is that of its texts."""

import json
import math
import os
import re
from pathlib import Path

import array_api_strict
import numpy as np
import pytest

from core.errors import ConfigError
from sims.chaos import generate
from sims.chaos.system import REGIMES, catalogue, find, read, select

SYSTEMS = catalogue("flow")
# where the reference database departs from the paper, and we do not follow it
CORRECTED = {
    "BurkeShaw", "CircadianRhythm", "DoublePendulum", "Sakarya", "StickSlipOscillator",
    "WindmiReduced",
}  # fmt: skip


def points(system, seed=0):
    draw = np.random.default_rng(seed)
    near = 1 + 0.01 * draw.normal(size=(4, system.dimension))
    return np.array(system.initial_condition) * near


def test_there_are_all_of_them():
    assert len(SYSTEMS) >= 132
    assert sum(bool(system.doi) for system in SYSTEMS.values()) >= 103
    assert {system.regime for system in SYSTEMS.values()} <= set(REGIMES)
    for name, system in SYSTEMS.items():
        assert len(system.citation) > 10, name
        assert re.fullmatch(r"(10\.\d{4,5}/\S+)?", system.doi), name
        assert system.dimension >= 3 and system.period > 0, name
        used = set().union(*(set(text_names(text)) for text in system.equations))
        assert set(system.parameters) <= used, name


def text_names(text):
    return re.findall(r"[A-Za-z_]\w*", text)


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_the_jacobian_is_that_of_a_complex_step(name):
    system = SYSTEMS[name]
    x = points(system)
    exact = np.stack(
        [system.rate(x + 1e-30j * unit, 0.3).imag / 1e-30 for unit in np.eye(system.dimension)],
        axis=-1,
    )
    found = system.jacobian_at(x, 0.3)
    scale = max(1.0, np.abs(exact).max())
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-12 * scale)


@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_the_written_code_is_the_array_twin(name):
    system = SYSTEMS[name]
    module, work = generate.written(system), generate.work(system)
    d, x = system.dimension, points(system)
    q = np.random.default_rng(1).normal(size=(d, d))
    for row in x:
        rate, jacobian = system.rate(row, 0.3), system.jacobian_at(row, 0.3)
        out = np.empty(d)
        module.rhs(0, 0.3, 0.0, row, out, work)
        np.testing.assert_allclose(out, rate, rtol=0, atol=1e-13 * max(1, np.abs(rate).max()))
        both = np.empty(d + d * d + 1)
        module.tangent(0, 0.3, 0.0, np.concatenate([row, q.ravel()]), both, work)
        np.testing.assert_allclose(both[:d], out, rtol=1e-15)
        moved = jacobian @ q
        np.testing.assert_allclose(
            both[d:-1].reshape(d, d), moved, rtol=0, atol=1e-12 * max(1, np.abs(jacobian).max() * d)
        )
        assert both[-1] == pytest.approx(np.trace(jacobian), rel=1e-12, abs=1e-12)


def test_other_libraries_give_the_same_rates():
    for name in ("Lorenz", "Thomas", "Chua"):
        system = SYSTEMS[name]
        x = points(system)
        strict = system.rate(array_api_strict.asarray(x), 0.3, array_api_strict)
        np.testing.assert_allclose(np.asarray(strict), system.rate(x, 0.3), rtol=1e-14)


def test_rates_are_those_of_the_reference_database():
    facts = os.environ.get("ENTROFLOW_CHAOS_FACTS")
    if not facts:
        pytest.skip("ENTROFLOW_CHAOS_FACTS names no file of reference right-hand sides")
    flows = json.loads(Path(facts).read_text())["flows"]
    for name, theirs in flows.items():
        if name in CORRECTED or not theirs.get("rhs"):
            continue
        ours = SYSTEMS[name]
        x = points(ours)
        values = {f"x{i}": x[0, i] for i in range(ours.dimension)} | dict(ours.parameters)
        values |= {"t": 0.3, "pi": math.pi, "exp": math.exp, "sqrt": math.sqrt, "Min": min}
        values |= {f: getattr(math, f) for f in ("sin", "cos", "tanh", "sinh", "cosh")}
        values |= {"Max": max, "Abs": abs, "sign": np.sign, "True": True}
        values["Piecewise"] = lambda first, second: first[0] if first[1] else second[0]
        exact = np.array([eval(text, {}, values) for text in theirs["rhs"]])
        found = ours.rate(x[0], 0.3)
        np.testing.assert_allclose(found, exact, rtol=1e-10, atol=1e-9, err_msg=name)


def misfit(system, axis, reach):
    """Return how far the rates along an axis are from polynomials through 12 points."""
    nodes, between = np.cos(np.pi * (np.arange(12) + 0.5) / 12), np.linspace(-0.97, 0.97, 40)
    start = np.array(system.initial_condition)
    line = np.eye(system.dimension)[axis] * reach * (1 + np.abs(start[axis]))
    rates, exact = (system.rate(start + s[:, None] * line, 0.3) for s in (nodes, between))
    fit = np.polynomial.chebyshev.Chebyshev.fit
    fitted = np.stack([fit(nodes, rate, 11, [-1, 1])(between) for rate in rates.T], axis=-1)
    return np.max(np.abs(fitted - exact) / (1e-300 + np.abs(exact).max(axis=0)))


def test_polynomial_flows_are_those_that_a_polynomial_fits_along_a_line():
    algebraic = select(SYSTEMS.values(), polynomial=True)
    with np.errstate(all="ignore"):
        for name, system in SYSTEMS.items():
            # rounding, or far more
            each = [misfit(system, i, reach) for i in range(system.dimension) for reach in (1, 20)]
            fits = all(error < 1e-12 for error in each)
            assert bool(fits and system.autonomous) == (system in algebraic), name
    assert len(select(algebraic, dimension=3)) < len(algebraic) == 84


def test_corrected_systems_say_so():
    for name in CORRECTED:
        assert "reference database" in SYSTEMS[name].note


def test_burke_and_shaws_flow_loses_volume_as_theirs():
    """Shaw (1981) Z. Naturforsch. A 36, p. 104: div f = -(S + 1), S = 10, everywhere."""
    system = SYSTEMS["BurkeShaw"]
    table = system.jacobian_at(np.random.default_rng(0).normal(size=(5, 3)))
    np.testing.assert_allclose(np.trace(table, axis1=-2, axis2=-1), -11.0)


def test_systems_are_found_by_name_and_by_property():
    assert find("Lorenz", "here").parameters["rho"] == 28
    with pytest.raises(ConfigError, match="here: no system 'lorenz'; did you mean 'Lorenz' or"):
        find("lorenz", "here")
    with pytest.raises(ConfigError, match="no system 'Foo'; `python -m sims describe chaos` lists"):
        find("Foo", "here")
    with pytest.raises(ConfigError, match="here: no system 'Lorentz'; did you mean 'Lorenz'"):
        find("Lorentz", "here")
    periodic = select(SYSTEMS.values(), regime="periodic")
    assert periodic and all(system.regime == "periodic" for system in periodic)
    four = select(SYSTEMS.values(), regime="chaotic", dimension=4)
    assert {system.dimension for system in four} == {4}


def test_parameters_change_the_flow_and_empty_the_label():
    lorenz = SYSTEMS["Lorenz"]
    other = lorenz.changed({"rho": 99.0}, "run")
    x = np.array([1.0, 2.0, 3.0])
    assert other.rate(x)[1] - lorenz.rate(x)[1] == 71.0
    assert other.regime == "" and lorenz.parameters["rho"] == 28
    with pytest.raises(ConfigError, match=r"run.rhoo: unknown parameter; did you mean 'rho'"):
        lorenz.changed({"rhoo": 1.0}, "run")


def test_time_is_told_from_a_phase():
    assert not SYSTEMS["Torus"].autonomous
    assert SYSTEMS["Lorenz"].autonomous and SYSTEMS["ForcedVanDerPol"].autonomous


MINE = """
[Mine]
variables = "x y"
equations = ["y", "-k*x - x**3"]
parameters = {k = 1.0}
initial_condition = [1.0, 0.0]
period = 6.0
regime = "periodic"
citation = "Duffing (1918)"
"""


def test_a_system_of_ones_own_is_eight_lines(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(MINE)
    system = read(path)["Mine"]
    np.testing.assert_allclose(system.rate(np.array([2.0, 0.5])), [0.5, -10.0])
    assert system.latex()[0] == r"\dot{x} = y"


def test_an_equation_may_be_written_over_lines(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(MINE.replace('"-k*x - x**3"', '"""\n  -k*x\n  - x**3"""'))
    assert read(path)["Mine"].equations[1] == "-k*x - x**3"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"y",', '"yy",', "mine.toml: Mine.equations[0]: column 1 of 'yy': unknown name 'yy'"),
        ('"y", ', "", "mine.toml: Mine.equations: expected 2, got 1"),
        ("[1.0, 0.0]", "[1.0]", "mine.toml: Mine.initial_condition: expected 2, got 1"),
        ("period = 6.0", "", "mine.toml: Mine: missing 'period'"),
        ("period = 6.0", "period = 0.0", "mine.toml: Mine.period: must be positive"),
        ('"periodic"', '"periodical"', "mine.toml: Mine.regime: no 'periodical'; did you mean"),
        ("period =", "perod =", "mine.toml: Mine.perod: unknown key; did you mean 'period'?"),
        ("k = 1.0", 'k = "a"', "mine.toml: Mine.parameters.k: expected a number"),
        ("{k = 1.0}", "{k = 1.0, x = 2.0}", "mine.toml: Mine.variables: x is taken"),
        ("[Mine]", "[Mine", "is not TOML"),
        ('"x y"', '""', "mine.toml: Mine.variables: name one or more"),
        ('"x y"', '"x 1y"', "mine.toml: Mine.variables: '1y' cannot be a name"),
        ("k = 1.0", "lambda = 1.0", "mine.toml: Mine.parameters: 'lambda' cannot be a name"),
        ("k = 1.0", '"k-1" = 1.0', "mine.toml: Mine.parameters: 'k-1' cannot be a name"),
        ("[Mine]", '["../Mine"]', "'../Mine' is no name of a system"),
        ("[Mine]", '["a/b"]', "'a/b' is no name of a system"),
        ("[Mine]", '[""]', "'' is no name of a system"),
        ("[Mine]", "[all]", "'all' is no name of a system"),
        ("[Mine]", '["M\\"\\"\\"\\nimport os\\n"]', "is no name of a system"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path, old, new, message):
    path = tmp_path / "mine.toml"
    path.write_text(MINE.replace(old, new, 1))
    with pytest.raises(ConfigError) as problem:
        read(path)
    assert message in str(problem.value)


def test_a_file_that_is_not_utf_8_is_told(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes(MINE.replace("Duffing", "Duf\xe9").encode("latin-1"))
    with pytest.raises(ConfigError, match="is not TOML, which is UTF-8"):
        read(path)


@pytest.mark.parametrize("part", ["1/(", "sqrt(", "x**(", "x*("])
def test_the_deepest_expressions_make_code_that_python_reads(tmp_path, part):
    path = tmp_path / "mine.toml"
    path.write_text(MINE.replace("-k*x", part * 58 + "x" + ")" * 58))
    compile(generate.source(read(path)["Mine"]), "deep", "exec")


def test_the_same_text_gives_the_same_module(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = tmp_path / "mine.toml"
    path.write_text(MINE.replace("k*x", "k*x*1.5"))
    first, second = (generate.written(read(path)["Mine"]) for _ in range(2))
    assert first is second
    assert len(list((tmp_path / "entroflow" / "chaos").glob("*.py"))) == 1
