"""Every kind of figure on data like the real: what is drawn, what is said, and that it is legible.

The data are closed forms: a soliton, two of them superposed, the Akhmediev breather, a growing
modulation.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from analysis import comparison
from analysis.entropy.complexity_bounds import hc_bounds
from analysis.figures import KINDS, draw, parts, style
from analysis.structure import phase_densities
from core import exact_nlse
from core.errors import SchemaError
from core.store import OF_SURROGATES, Check, Measure, MeasureFile

T = np.linspace(0.0, 10.0, 51)
X = np.linspace(-25.0, 25.0, 256, endpoint=False)
SOLITON = np.stack([exact_nlse.soliton(X, t, 2.0, 1.0, -10.0, 0.0) for t in T])
TWO = SOLITON + np.stack([exact_nlse.soliton(X, t, 1.5, -2.0, 10.0, 0.0) for t in T])
BREATH = np.linspace(-5.0, 5.0, 51)
BOX = 2 * np.pi / (2 * np.sqrt(1 - 2 * 0.25))
BREATHER = np.stack(
    [exact_nlse.akhmediev(np.linspace(0, BOX, 64, endpoint=False), t, 0.25) for t in BREATH]
)


def one(value, figure, **more):
    given = {"axis": T, "axis_label": "t", "axis_units": "1", "label": "quantity", "units": "1"}
    given |= {"convention": "c", **more}
    return Measure(value=value, figure=figure, **given)


def entropies(psi=TWO):
    p = np.abs(psi) ** 2
    p = p / p.sum(axis=-1, keepdims=True)
    discrete = -(p * np.log(np.maximum(p, 1e-300))).sum(axis=-1)
    value = np.stack([discrete, discrete + np.log(X[1] - X[0])], axis=-1)
    return one(
        value, "curves", label="Shannon entropy of |psi|^2 over x", units="nat",
        components=("discrete", "differential"),
    )  # fmt: skip


def foretold():
    lead = np.arange(1, 151) / 100
    value = np.minimum(np.exp(np.outer(lead, [6.0, 3.0])) / 50, 1.4)
    wave = np.sin(8 * lead)
    extra = {
        "valid": np.array([0.5, 1.0]), "truth": wave, "rate": np.array(1.4),
        "forecast": np.column_stack([wave + value[:, 0] / 4, wave - value[:, 1] / 4]),
    }  # fmt: skip
    return one(
        value, "forecasts", axis=lead, axis_label="lead time", axis_units="period", extra=extra,
        components=("autoregression", "nvar"), label="normalised error of the forecast",
    )  # fmt: skip


def recovered():
    value = np.array([[2, 0, 0, 1e-9, 1e-10], [3, 0, 0, 2e-9, 1e-10], [2, 0, 0, 3e-10, 1e-10]])
    return one(
        value, "equations", axis=np.arange(1.0, 4), axis_label="equation",
        components=tuple("abcde"), label="equations found",
        convention="monomials to degree 3; scored; found: dx/dt = -x",
    )  # fmt: skip


def drifts():
    rise = 1e-15 * (1 + np.stack([np.sin(7 * T) ** 2, T**2, T**3], axis=-1))
    rise[0] = 0.0
    checks = tuple(
        Check(f"drift of {name}", 1e-14, 0.0, bound, "s", "upper")
        for name, bound in (("mass", 1e-13), ("momentum", 1e-11), ("energy", 1e-11))
    )
    return one(rise, "drift", components=("mass", "momentum", "energy"), checks=checks, scale="log")


def errors():
    value = 1e-12 * (1 + T)
    value[0] = 0.0
    check = Check("largest error", 1e-11, 0.0, 1e-9, "s", "upper")
    return one(value, "error", label="relative L2 error of psi", checks=(check,), scale="log")


def growing():
    exact = 1e-8 * np.exp(T)
    extra = {"fit": exact, "rates": np.array([1.0, 1.0]), "window": np.array([0.0, 9.0])}
    return one(
        exact * (1 + 1e-9 * T), "growth", exact=exact, extra=extra,
        label="amplitude of the growing mode",
    )  # fmt: skip


def field():
    return one(np.abs(TWO), "map", label="|psi|", second=X, second_label="x", second_units="1")


def powers():
    power = np.abs(np.fft.fftshift(np.fft.fft(BREATHER, axis=-1) / 64, axes=-1)) ** 2
    k = np.fft.fftshift(np.fft.fftfreq(64, BOX / 64)) * 2 * np.pi
    return one(
        power, "spectrum_map", axis=BREATH, label="spectral power", second=k, second_label="k",
        second_units="1", scale="log",
    )  # fmt: skip


def phases():
    extra = {"re": TWO[-1].real, "im": TWO[-1].imag, "modulus": np.abs(TWO[-1])}
    extra["frame_time"] = T[-1:]
    coherence = np.abs(TWO.mean(axis=-1)) ** 2 / (np.abs(TWO) ** 2).mean(axis=-1)
    value = np.stack([coherence, np.sqrt(coherence)], axis=-1)
    return one(value, "phase", extra=extra, components=("coherence", "phase concentration"))


def shifts():
    exact = np.array([[0.276500274, 1.188950010], [-0.368667033, 1.686369988]])
    check = Check("displacement of soliton 1", 0.2765, 0.2765, 1e-7, "s")
    return one(
        exact + 1e-11, "table", axis=np.array([1.0, 2.0]), axis_label="soliton", exact=exact,
        label="shift by the collision", components=("displacement", "carrier phase"),
        checks=(check,),
    )  # fmt: skip


def planes():
    bounds = hc_bounds(4, points=100)
    extra = {
        "lower": np.stack(bounds.lower), "upper": np.stack(bounds.upper),
        "brownian": np.array([[0.68, 0.94, 0.99], [0.233, 0.07, 0.01]]),
        "noise": np.array([[0.998], [0.003]]), "logistic": np.array([[0.739], [0.292]]),
    }  # fmt: skip
    path = np.stack([0.3 + 0.015 * T, 0.2 + 0.004 * np.sin(T)], axis=-1)
    return one(
        path, "plane", components=("normalised entropy h", "complexity C"), extra=extra,
        label="Complexity and entropy of ordinal patterns of |psi|^2 along x",
        convention="Shannon; h over its maximum; order 4, delay 12, ties stable",
    )  # fmt: skip


def counted():
    return one(
        np.array([[4.2, 0.3]]), "numbers", axis=np.zeros(1), axis_label="whole run",
        components=("first", "second"), label="Vendi score of the states of the run",
    )  # fmt: skip


def orbit():
    value = np.stack([np.cos(T), np.sin(T), np.sin(2 * T)], axis=-1)
    return one(value, "gallery", components=("x", "y", "z"), label="state")


def exponents():
    extra = {
        "standard_error": np.array([0.02, 0.001, 0.02]), "period": np.array(1.5),
        "stated": np.array(1.4),
    }  # fmt: skip
    return one(
        np.array([0.9, 0.0, -14.6]), "spectra", axis=np.arange(1.0, 4), axis_label="exponent",
        label="Lyapunov exponent", extra=extra,
    )  # fmt: skip


def correlations():
    r = np.linspace(0.05, 10.0, 100)
    value = 1 + 2 * np.exp(-r) * np.cos(6 * r)
    extra = {"error": np.full(100, 0.05), "reference": np.array([1.0])}
    return one(value, "profile", axis=r, axis_label="r", label="radial distribution", extra=extra)


def crowded():
    edges = np.linspace(0, 1, 26)
    middle = (edges[1:] + edges[:-1]) / 2
    parts, binodals, widths = (0.5, 0.3, 0.2), (0.2, 0.8), (0.06, 0.06)
    value = phase_densities(middle, parts, binodals, widths).sum(axis=0)
    extra = {
        "edges": edges, "error": np.full(25, 0.1), "mean": np.array([0.44]),
        "parts": np.array(parts), "binodals": np.array(binodals), "widths": np.array(widths),
    }  # fmt: skip
    return one(
        value, "densities", axis=middle, axis_label="local packing fraction", extra=extra,
        label="distribution of the local packing fraction",
    )  # fmt: skip


def swarm():
    side = np.arange(20) + 0.5
    x, y = (grid.ravel() for grid in np.meshgrid(side, side))
    extra = {
        "window": np.array([[0.0, 0.0], [20.0, 20.0]]), "diameter": np.ones(1),
        "time": np.array([3.0]),
    }  # fmt: skip
    return one(
        np.column_stack([x, y, np.hypot(x, y)]), "swarm", axis=np.arange(400.0),
        label="local packing fraction", extra=extra,
    )  # fmt: skip


def separated():
    names = ("gas", "dense phase", "separated", "largest cluster", "mean")
    value = np.array([[0.1, 0.8, 1.0, 0.6, 0.45]])
    return one(value, "phases", axis=np.zeros(1), axis_label="whole run", components=names)


def dimension():
    radii = np.geomspace(1e-3, 10, 40)
    sums = np.minimum((radii / 5) ** 2, 1.0)
    extra = {"radii": radii, "sums": sums, "fit": np.array([2.0, 0.02, 0.01, 3.0])}
    return counted_one("dimension", "Correlation dimension of the orbit of state along t", extra)


def divergence():
    logarithms = np.minimum(-8 + 0.9 * T, 0.5)
    extra = {"times": T, "logarithms": logarithms, "fit": np.array([0.9, 0.01, 0.0, 8.0])}
    return counted_one("divergence", "Largest Lyapunov exponent of the orbit of state", extra)


def counted_one(figure, label, extra):
    return one(
        np.array([[2.0]]), figure, axis=np.zeros(1), axis_label="whole run", components=("",),
        label=label, extra=extra, convention="mean period left out",
    )  # fmt: skip


def crossings():
    t = np.arange(200.0)
    extra = {"points": np.stack([np.cos(t), np.sin(t)], axis=-1), "times": t}
    return one(
        np.array([[200.0, 1.0, 0.0]]), "section", axis=np.zeros(1), axis_label="whole run",
        components=("crossings", "mean return time", "spread"), extra=extra,
        label="Section of the orbit of state along t",
        convention="where z rises through its mean; coordinates shown: x, y",
    )  # fmt: skip


def heights(rows=1):
    extra = {"heights": 1 + np.sin(np.arange(100.0) ** 2), "rows": np.arange(100.0) % rows}
    return one(
        np.ones((rows, 3)), "maxima", axis=np.arange(float(rows)), axis_label="x",
        components=("maxima", "mean height", "range of heights"), extra=extra,
        label="Maxima of |psi|^2 along t",
    )  # fmt: skip


def swept():
    return one(
        1 + np.sin(np.arange(80.0) ** 2), "bifurcation", axis=np.arange(1.0, 81),
        axis_label="number", label="Maxima of x", convention="Rossler: maxima of x",
        extra={"parameter c": np.array(5.7), "exponent": np.array([0.07, 0.01])},
    )  # fmt: skip


def stated():
    extra = {"exponent": np.array([0.2, 0.01, 0.9]), "dimension": np.array([2.0, 0.05, 1.3]),
             "period": np.array(1.5), "limits": np.array([0.2, 3.0])}  # fmt: skip
    return one(
        extra["exponent"][[0, 2]], "disagreements", axis=np.arange(2.0), axis_label="ours, theirs",
        label="Largest Lyapunov exponent, ours and theirs", extra=extra, convention="as stated",
    )  # fmt: skip


def judged():
    words = {"case": "a driven ring", "source": "Risken (1989)"}
    check = Check("rate", 0.98, 0.981, 0.02, "s")
    return comparison._row(
        0, 0.98, 0.004, 0.981, "heat", "1/time", "even", words, (check,), "agreement"
    )


def beside():
    words = {"run": "two_solitons", "simulator": "nlse", "what": "heat over T, per particle"}
    return comparison._row(0, 9.9, 0.1, 10.0, "heat", "1/time", "even", words, (), "footing")


MAKE = {
    "agreement": judged, "footing": beside,
    "bifurcation": swept, "disagreements": stated,
    "dimension": dimension, "divergence": divergence, "section": crossings, "maxima": heights,
    "forecasts": foretold, "equations": recovered,
    "curves": entropies, "drift": drifts, "error": errors, "growth": growing, "map": field,
    "spectrum_map": powers, "phase": phases, "table": shifts, "plane": planes,
    "numbers": counted, "gallery": orbit, "spectra": exponents,
    "profile": correlations, "densities": crowded,
    "swarm": swarm, "phases": separated,
}  # fmt: skip


def file_of(measure, members=1, **more):
    several = {str(m): replace(measure, value=measure.value * (1 + m)) for m in range(members)}
    mean = replace(measure, value=measure.value * (1 + members) / 2) if members > 1 else None
    error = np.full_like(measure.value, 0.01) if members > 1 else None
    params = {"case": "two_solitons", "amplitudes": [2.0, 1.5], "n": 256, "length": 50.0}
    given = {"run_name": "two_solitons", "simulator": "nlse", "params": params, **more}
    return MeasureFile(
        path=Path("m.h5"), name="m", spec={}, seed=7, members=several, mean=mean,
        standard_error=error, attrs={}, **given,
    )  # fmt: skip


def shown(figure):
    """Return every visible text with its box in pixels, at 100 dots an inch."""
    with style.context():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        texts = [
            text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()
        ]
        boxes = [(text, text.get_window_extent(canvas.get_renderer())) for text in texts]
    inside = figure.bbox
    return [(t, b) for t, b in boxes if b.x0 < inside.x1 and b.y0 < inside.y1 and b.width > 0]


def drawn_ticks(figure):
    """Return the texts of ticks outside the limits, which matplotlib keeps but does not draw."""
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            shown_ticks = set(axis._update_ticks())
            for tick in [*axis.majorTicks, *axis.minorTicks]:
                for text in (tick.label1, tick.label2):
                    if tick not in shown_ticks or not text.get_visible():
                        hidden.add(text)
    return hidden


def test_every_kind_is_tested_here():
    assert set(MAKE) == set(KINDS)


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("members", [1, 3])
def test_no_text_lies_on_another_or_leaves_the_picture(kind, members):
    figure = draw(file_of(MAKE[kind](), members))
    texts = shown(figure)
    hidden = drawn_ticks(figure)
    boxes = [(t.get_text(), b) for t, b in texts if t not in hidden]
    # a gallery and a table of words have no ticks
    assert len(boxes) > (members if kind in ("gallery", "footing") else 8)
    for i, (text, box) in enumerate(boxes):
        # one pixel: boxes include the rounding of glyphs
        assert box.x0 > -1 and box.y0 > -1, text
        assert box.x1 < figure.bbox.x1 + 1 and box.y1 < figure.bbox.y1 + 1, text
        for other, beside in boxes[i + 1 :]:
            across = min(box.x1, beside.x1) - max(box.x0, beside.x0)
            up = min(box.y1, beside.y1) - max(box.y0, beside.y0)
            assert across < 1 or up < 1, f"{text!r} lies on {other!r}"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_text_is_legible_at_the_width_of_a_report(kind):
    # 7 inches are shown on about 700 pixels; the least is the exponent of a tick, 0.7 of its 9 pt
    figure = draw(file_of(MAKE[kind]()))
    assert figure.get_figwidth() == style.WIDTH == 7.0
    assert all(text.get_fontsize() >= 8 for text, _ in shown(figure))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_axis_has_a_name_and_the_title_says_run_parameters_and_seed(kind):
    figure = draw(file_of(MAKE[kind]()))
    title = figure.get_suptitle()
    assert "two solitons: amplitudes (2, 1.5)" in title
    assert "n = 256, length 50, seed 7" in title
    framed = [axes for axes in figure.axes if axes.axison]
    assert framed or kind in ("gallery", "footing")
    assert all(axes.get_xlabel() or axes.get_ylabel() or axes.get_title() for axes in framed)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_the_same_bytes_each_time(tmp_path, kind):
    for name in ("a", "b"):
        style.save(draw(file_of(MAKE[kind]())), tmp_path / f"{name}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_a_legend_never_covers_a_curve():
    for make in (entropies, drifts, errors, phases):
        figure = draw(file_of(make(), 3))
        with style.context():
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
        for axes in filter(lambda a: a.get_legend() is not None, figure.axes):
            box = axes.get_legend().get_window_extent(canvas.get_renderer())
            for line in axes.lines:
                if len(line.get_xdata()) != len(T) and len(line.get_xdata()) != len(T) - 1:
                    continue  # a bound, which may pass
                pixels = line.get_transform().transform(line.get_xydata())
                inside = (pixels > [box.x0, box.y0]) & (pixels < [box.x1, box.y1])
                assert not inside.all(axis=-1).any(), axes.get_ylabel()


def test_signs_are_written_as_signs():
    assert style.pretty("|psi|^2 and |psi_hat|^2") == "|ψ|² and |ψ\u0302|²"
    assert style.pretty("epsilon, psize") == "epsilon, psize"
    assert style.label("|psi|", "1") == "|ψ|"
    assert style.label("speed", "um/s") == "speed [um/s]"


def test_the_exact_value_is_dashed_black_and_its_distance_is_said():
    measure = entropies(SOLITON)
    file = file_of(replace(measure, exact=measure.value + 3e-12))
    axes = draw(file).axes[0]
    dashed = axes.lines[-1]
    assert dashed.get_color() == "black" and dashed.is_dashed()
    assert axes.get_legend().get_texts()[-1].get_text() == "exact (differs by 3e-12 at most)"


def test_a_constant_is_drawn_as_a_constant_and_not_as_its_rounding():
    axes = draw(file_of(entropies(SOLITON))).axes[0]
    assert np.ptp(axes.get_ylim()) > 0.1  # the values vary by 1e-13


def test_members_without_a_mean_are_told_apart():
    file = replace(file_of(entropies(), 3), mean=None, standard_error=None)
    axes = draw(file).axes[0]
    assert len({line.get_color() for line in axes.lines}) == 3
    assert [t.get_text() for t in axes.get_legend().get_texts()] == [f"member {m}" for m in "012"]


def test_a_logarithmic_measure_has_a_logarithmic_axis():
    value = np.exp(-3 * T)
    assert draw(file_of(one(value, "curves", scale="log"))).axes[0].get_yscale() == "log"


def test_a_first_frame_without_distance_does_not_stretch_the_axis():
    axes = draw(file_of(errors())).axes[0]
    assert axes.get_ylim()[0] > 1e-13
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), T[1:])
    assert axes.get_xlim() == (T[0], T[-1])


def test_the_drift_of_several_members_is_the_worst():
    measure = drifts()
    axes = draw(file_of(measure, 3)).axes[0]
    np.testing.assert_allclose(axes.lines[1].get_ydata(), 3 * measure.value[1:, 1])
    assert "largest over members" in axes.get_ylabel()


def test_bounds_stand_beside_the_data_with_what_they_bound():
    axes = draw(file_of(drifts())).axes[0]
    words = [text.get_text() for text in axes.texts]
    assert words == ["mass ≤ 1e-13", "momentum,\nenergy ≤ 1e-11", "machine\nepsilon"]


def test_numbers_stay_inside_their_panel():
    figure = draw(file_of(shifts()))
    with style.context():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    panel = figure.axes[0].bbox
    for text in figure.axes[0].texts:
        box = text.get_window_extent(canvas.get_renderer())
        assert panel.x0 < box.x0 and box.x1 < panel.x1, text.get_text()


def test_a_map_keeps_its_peaks_when_it_is_made_coarse():
    values = np.zeros((3, 10_001))
    values[1, 5003] = 7.0
    coarse, axis = parts.coarse(values, np.arange(10_001.0), 900, 1)
    assert coarse.shape == (3, len(axis)) and len(axis) <= 900
    assert coarse[1].max() == 7.0
    assert abs(axis[coarse[1].argmax()] - 5003) < 10_001 / 800
    same, _ = parts.coarse(values, np.arange(10_001.0), 10_001, 1)
    assert same is values


def test_a_map_of_two_signs_has_white_at_zero():
    figure = draw(file_of(replace(field(), value=TWO.real)))
    mesh = figure.axes[0].collections[0]
    assert mesh.norm.vmin == -mesh.norm.vmax
    assert mesh.cmap.name == "RdBu_r"


@pytest.mark.parametrize("kind", ["map", "spectrum_map"])
def test_even_a_map_of_noise_is_small_on_disk(tmp_path, kind):
    noise = np.random.default_rng(1).random((801, 4096)) + 1e-9  # nothing compresses worse
    x = np.linspace(-50, 50, 4096)
    measure = one(noise, kind, axis=np.linspace(0, 1, 801), second=x, second_label="x")
    style.save(draw(file_of(measure)), tmp_path / "a.svg")
    assert (tmp_path / "a.svg").stat().st_size < 500_000
    assert (tmp_path / "a.svg").read_text().count("<image") == 2  # the map and its colour bar


def test_a_field_of_zeros_can_be_drawn():
    for make in (field, powers):
        measure = make()
        draw(file_of(replace(measure, value=np.zeros_like(measure.value))))
    draw(file_of(replace(errors(), value=np.zeros_like(T))))
    draw(file_of(replace(drifts(), value=np.zeros((len(T), 3)))))


def test_several_measures_are_one_picture_below_one_another():
    figure = draw([file_of(field()), file_of(entropies())])
    alone = [draw(file_of(make())).get_figheight() for make in (field, entropies)]
    assert figure.get_figheight() == pytest.approx(sum(alone))
    assert len(figure.subfigs) == 2
    assert figure.get_figwidth() == style.WIDTH


@pytest.mark.parametrize(
    ("kind", "lacks", "word"),
    [
        ("map", {"second": None}, "second"),
        ("spectrum_map", {"second": None}, "second"),
        ("phase", {"extra": {}}, "extra/re"),
        ("growth", {"extra": {}}, "extra/rates"),
        ("growth", {"exact": None}, "exact"),
        ("table", {"exact": None}, "exact"),
    ],
)
def test_what_a_picture_lacks_is_named(kind, lacks, word):
    with pytest.raises(SchemaError, match=f"m.h5: a figure of kind '{kind}' needs '{word}'"):
        draw(file_of(replace(MAKE[kind](), **lacks)))


def test_a_file_without_members_is_refused():
    with pytest.raises(SchemaError, match="holds no member"):
        draw(replace(file_of(field()), members={}))


def test_a_run_of_another_simulator_is_described_by_its_own_parameters():
    file = file_of(entropies(), params={"model": "abp", "particles": 200}, simulator="active")
    assert "two solitons (active): model abp, particles 200\nseed 7" in style.about(file)


def test_surrogates_are_drawn_in_the_panel_of_what_they_are_compared_with():
    value = np.stack([np.cos(T), 2 + np.sin(T)], axis=-1)
    names = ("discrete", "discrete" + OF_SURROGATES)
    figure = draw(file_of(one(value, "curves", components=names)))
    (axes,) = figure.axes
    own, theirs = (line.get_ydata() for line in axes.lines)
    assert (own == value[:, 0]).all() and (theirs == value[:, 1]).all()
    assert "surrogates" in [text.get_text() for text in axes.get_legend().get_texts()]
    low, high = axes.get_ylim()
    assert low < value.min() and high > value.max()


def test_delays_to_trust_are_shaded():
    extra = {"span": np.array([2.0, 4.0])}
    axes = draw(file_of(one(np.cos(T), "curves", extra=extra))).axes[0]
    (band,) = axes.patches
    assert band.get_x() == 2.0 and band.get_width() == 2.0


def test_the_plane_shows_its_edges_and_references_and_the_path_with_its_error():
    figure = draw(file_of(planes(), 3))
    axes = figure.axes[0]
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert {"edges of the plane", "white noise, as long", "fractional Brownian motion"} <= set(
        words
    )
    assert "mean of 3 members" in words and "standard error" in words
    assert figure.axes[1].get_ylabel() == "t"
    alone = draw(file_of(replace(planes(), extra={}))).axes[0]
    words = [text.get_text() for text in alone.get_legend().get_texts()]
    assert words == ["this run"]


def test_a_long_label_is_folded_beside_its_panel():
    name = "Nearest-neighbour entropy (shannon) of the values of psi in the complex plane"
    figure = draw(file_of(one(np.cos(T), "curves", label=name, units="nat")))
    (label,) = [box for text, box in shown(figure) if text is figure.axes[0].yaxis.label]
    assert label.y0 > -1 and label.height < figure.axes[0].bbox.height * 1.2
    assert figure.axes[0].get_ylabel().replace("\n", " ") == (
        "Nearest-neighbour entropy (shannon) [nat]"
    )


def test_a_gallery_has_a_panel_for_each_member_with_its_name_folded():
    names = ["CoevolvingPredatorPrey", "Lorenz", "BelousovZhabotinsky", "SprottA"]
    file = file_of(orbit(), 4)
    file = replace(file, members=dict(zip(names, file.members.values(), strict=True)), mean=None)
    figure = draw(file)
    titles = [axes.get_title() for axes in figure.axes[:4]]
    assert [title.replace("\n", "") for title in titles] == names
    assert max(len(line) for title in titles for line in title.split("\n")) <= 14
    (line,) = figure.axes[1].lines
    assert (line.get_xdata() == 2 * np.cos(T)).all() and (
        line.get_ydata() == 2 * np.sin(2 * T)
    ).all()


def test_systems_that_differ_are_told_from_those_that_agree():
    """0.9 over 0.2 differs; 0.21 is within 20 %, 0.26 within 3 errors of 0.02."""

    def at(ours, error, theirs, **more):
        extra = stated().extra | {"exponent": np.array([ours, error, theirs])} | more
        return replace(stated(), extra={k: v for k, v in extra.items() if v is not None})

    members = {
        "Far": at(0.2, 0.01, 0.9, dimension=None), "Near": at(0.2, 0.01, 0.21),
        "Unsure": at(0.2, 0.02, 0.26), "Below": at(-0.001, 1e-5, 0.5),
    }  # fmt: skip
    file = file_of(stated())
    figure = draw(replace(file, members=members))
    first, second, worst = figure.axes
    assert [text.get_text() for text in first.get_legend().get_texts()] == ["agree: 2", "differ: 2"]
    assert [t.get_text() for t in second.get_legend().get_texts()] == ["agree: 0", "differ: 3"]
    assert [tick.get_text() for tick in worst.get_yticklabels()] == ["Below", "Far"]
    low, high = first.get_xlim()
    shown = np.concatenate([line.get_xdata() for line in first.lines])
    assert shown.min() == low < shown.max() <= high  # what is below the axis lies on its edge
