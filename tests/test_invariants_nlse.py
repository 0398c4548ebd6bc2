"""The conserved integrals: exact values, conservation, other array libraries, batches."""

import array_api_strict
import numpy as np
import pytest

from core import exact_nlse, invariants_nlse

X = (np.arange(1024) - 512) * (60 / 1024)
LENGTH = 60.0
ALL = ("mass", "momentum", "energy", "fourth", "fifth")


@pytest.mark.parametrize(("amplitude", "velocity"), [(1.0, 0.0), (1.5, 1.0), (2.0, -0.5)])
def test_a_soliton_has_its_textbook_values(amplitude, velocity):
    psi = exact_nlse.soliton(X, 0.7, amplitude, velocity, 1.0, 0.3)
    mass, momentum, energy = exact_nlse.soliton_invariants(amplitude, velocity)
    # The integrals of a resolved field are exact to rounding: 1e-16 times k^2 of the energy.
    assert invariants_nlse.mass(psi, LENGTH) == pytest.approx(mass, abs=1e-13)
    assert invariants_nlse.momentum(psi, LENGTH) == pytest.approx(momentum, abs=1e-12)
    assert invariants_nlse.energy(psi, LENGTH) == pytest.approx(energy, abs=1e-12)


def test_the_higher_invariants_of_a_soliton_at_rest():
    """Fourth: 0 by symmetry. Fifth: sech^2, sech^4, sech^6 have the integrals 2, 4/3, 16/15.

    |psi_xx|^2 = A^6 (s - 2s^3)^2, |psi|^2 |psi_x|^2 = A^6 s^4 (1 - s^2), its square-gradient four
    times that: A^5 [(2 - 16/3 + 64/15) - 10 (4/3 - 16/15) + 32/15] = (2/5) A^5.
    """
    amplitude = 1.4
    psi = exact_nlse.soliton(X, 0.0, amplitude)
    assert invariants_nlse.fourth(psi, LENGTH) == pytest.approx(0.0, abs=1e-12)
    expected = 2 / 5 * amplitude**5
    assert invariants_nlse.fifth(psi, LENGTH) == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("coefficients", [(1.0, 1.0), (0.6, 1.7)])
@pytest.mark.parametrize("name", ALL)
def test_every_invariant_is_conserved_in_a_collision(name, coefficients):
    beta, gamma = coefficients
    c = {"dispersion": beta, "nonlinearity": gamma}
    x = (np.arange(2048) - 1024) * (LENGTH / 2048)
    lists = ((1.2, 0.9), (1.0, -1.0), (-5.0, 5.0), (0.2, 1.0))
    function = getattr(invariants_nlse, name)
    keywords = {} if name in ("mass", "momentum") else c
    values = [
        function(exact_nlse.n_soliton(x, t, *lists, **c), LENGTH, **keywords) for t in (0, 4.7, 9)
    ]
    # Tails reach 1e-10 at the box's edge, squared 1e-20; two derivatives spend 1e-16 k_max^2.
    assert np.ptp(values) < 1e-10
    if name in ("energy", "fifth"):
        assert abs(values[0]) > 0.05


def test_the_energy_counts_the_potential():
    psi = exact_nlse.soliton(X, 0.0, 1.0)
    potential = 0.5 * X**2
    extra = invariants_nlse.energy(psi, LENGTH, potential=potential)
    # The integral of x^2 sech^2 x is pi^2/6; tails at the edge are x^2 e^-60.
    gain = extra - invariants_nlse.energy(psi, LENGTH)
    assert gain == pytest.approx(np.pi**2 / 12, abs=1e-12)


def test_the_nyquist_mode_has_no_momentum_but_has_energy():
    n, length = 16, 2 * np.pi
    psi = np.cos(np.pi * np.arange(n)) + 0j
    assert invariants_nlse.momentum(psi, length) == 0.0
    kinetic = invariants_nlse.energy(psi, length, nonlinearity=0.0)
    assert kinetic == pytest.approx(0.5 * 8**2 * length, rel=1e-14)


@pytest.mark.parametrize("name", ALL)
def test_other_array_libraries_and_batches_give_the_same(name):
    function = getattr(invariants_nlse, name)
    psi = np.stack([exact_nlse.soliton(X, 0.0, a, 0.4) for a in (1.0, 1.5, 2.0)]).reshape(3, 1, -1)
    batch = function(psi, LENGTH)
    strict = function(array_api_strict.asarray(psi), LENGTH)
    assert batch.shape == (3, 1)
    assert isinstance(strict, type(array_api_strict.asarray(0.0)))
    np.testing.assert_allclose(np.asarray(strict), batch, rtol=1e-13, atol=1e-12)
    for member in range(3):
        np.testing.assert_allclose(function(psi[member, 0], LENGTH), batch[member, 0], rtol=1e-14)


def test_a_potential_passes_through_other_array_libraries():
    psi = exact_nlse.soliton(X, 0.0, 1.0)
    strict = invariants_nlse.energy(array_api_strict.asarray(psi), LENGTH, potential=X**2)
    plain = invariants_nlse.energy(psi, LENGTH, potential=X**2)
    assert float(strict) == pytest.approx(plain, rel=1e-13)
