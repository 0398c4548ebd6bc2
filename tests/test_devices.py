"""Where kernels in CUDA C run: the processor's shim, and how CuPy is asked."""

import sys
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
from devices import device

from core import backend
from core.errors import DeviceError
from sims import devices
from sims.active.gpu import source
from sims.devices import host
from sims.devices.signatures import signatures

TWICE = """
extern "C" __global__ void twice(
    int n, double factor, const double *x, double *out)
{
    const long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = factor * x[i];
}
"""


def test_the_parameters_of_kernels_are_read_off_the_text():
    kinds = [("int", "n"), ("double", "factor"), ("const double *", "x"), ("double *", "out")]
    assert signatures(TWICE) == {"twice": kinds}
    every = signatures(source.text())
    assert {"euler", "heun", "heun_trial", "act", "wrap", "keys", "list"} <= set(every)


def test_the_processor_runs_every_thread_once():
    n = 300  # not whole blocks
    x, out = np.arange(n, dtype=float), np.zeros(n)
    for backwards in (False, True):
        kernel = device("processor", backwards=backwards).kernels(TWICE)["twice"]
        kernel(n, np.int32(n), np.float64(2.5), x, out)
        np.testing.assert_array_equal(out, 2.5 * x)
        out[:] = 0.0


class FakeModule:
    asked: ClassVar = []

    def __init__(self, *, code, options):
        if "wrong" in code:
            raise FakeCompileError('lines\np.cu(3): error: identifier "m" is undefined\nmore')
        assert options == ("--std=c++17",)

    def get_function(self, name):
        return lambda *given: self.asked.append((name, *given))


class FakeCompileError(Exception):
    pass


def test_a_card_is_asked_as_cupy_takes_it(monkeypatch):
    compiler = SimpleNamespace(CompileException=FakeCompileError)
    fake = SimpleNamespace(RawModule=FakeModule, cuda=SimpleNamespace(compiler=compiler))
    monkeypatch.setitem(sys.modules, "cupy", fake)
    library = SimpleNamespace()
    card = devices.of(library)
    assert card.xp is library
    x = np.zeros(300)
    arguments = (np.int32(300), np.float64(2.0), x, x)
    card.kernels(TWICE)["twice"](300, *arguments)
    assert FakeModule.asked == [("twice", (3,), (128,), arguments)]
    with pytest.raises(
        DeviceError, match=r"the card's compiler refuses the kernels: p.cu\(3\): error"
    ):
        card.kernels("wrong" + TWICE)


def test_a_missing_cupy_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(DeviceError, match="CuPy is not installed: pip install cupy-cuda12x"):
        backend.select("gpu")


def test_a_cupy_without_a_card_is_named(monkeypatch):
    fake = SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: False))
    monkeypatch.setitem(sys.modules, "cupy", fake)
    with pytest.raises(DeviceError, match=r"not usable \(CuPy finds no CUDA device\); use device"):
        backend.select("gpu")


def test_the_processor_refuses_what_a_card_would_misread():
    on = device("processor")
    act = on.kernels(source.text())["random_normals"]
    key, out = np.zeros(2, dtype=np.uint32), np.zeros((4, 2))
    with pytest.raises(TypeError, match="NumPy scalar"):
        act(4, 4, np.uint64(1), key, out)
    with pytest.raises(TypeError, match="contiguous array of f8"):
        act(4, np.int32(4), np.uint64(1), key, out.astype(np.float32))
    with pytest.raises(TypeError, match="takes 4"):
        act(4, np.int32(4), np.uint64(1), key)
    with pytest.raises(DeviceError, match="refuses the kernels"):
        on.kernels('extern "C" __global__ void f(int n)\n{ m = n; }')


def test_without_a_compiler_the_processor_says_so(monkeypatch):
    monkeypatch.setattr(host, "compiler", lambda: None)
    with pytest.raises(DeviceError, match="no C\\+\\+ compiler"):
        host.Host().kernels("// none")
