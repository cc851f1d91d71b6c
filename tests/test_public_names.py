"""The public names resolve, importing them is cheap, and what is missing says so."""

from __future__ import annotations

import subprocess
import sys

import pytest

import slth


def python(code: str, *flags: str) -> str:
    done = subprocess.run(
        [sys.executable, *flags, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", slth.__all__)
def test_every_name_resolves(name: str) -> None:
    assert getattr(slth, name) is not None
    assert name in dir(slth)


def test_the_contract() -> None:
    assert {"approximate", "load", "Network", "subset_sum", "bounds", "Ticket", "Box", "Ball"} <= set(slth.__all__)
    assert sorted(slth.__all__) == slth.__all__
    assert issubclass(slth.EpsilonError, ValueError)
    for name in (
        "__call__",
        "network",
        "kept",
        "size",
        "density",
        "weight_error",
        "error",
        "error_bound",
        "save",
        "verify",
    ):
        assert hasattr(slth.Ticket, name)
    for name in ("to_networkx", "to_onnx", "plot"):
        assert callable(getattr(slth.Ticket, name))
    assert callable(slth.Network.random)
    assert callable(slth.Network.read)
    assert callable(slth.subset_sum.solve)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        slth.nonsense  # noqa: B018


def test_from_slth_import_star() -> None:
    python(
        "from slth import *\nassert callable(approximate) and callable(load) and subset_sum.solve and Network.random"
    )


def test_functions_are_not_hidden_by_modules() -> None:
    """Whatever is imported in whatever order, `slth.approximate` is the function."""
    python(
        "import slth, pkgutil, importlib\n"
        "for m in pkgutil.walk_packages(slth.__path__, 'slth.'):\n"
        "    m.name.endswith(('make_digits', '__main__')) or importlib.import_module(m.name)\n"
        "assert all(callable(getattr(slth, n)) for n in ('approximate', 'load', 'Network', 'Ticket', 'Box', 'Ball'))\n"
        "assert slth.subset_sum.solve and slth.bounds.log_closest_error"
    )


def test_import_is_cheap() -> None:
    heavy = "numba", "matplotlib", "scipy", "networkx", "onnx", "sklearn", "pandas"
    python(f"import slth, sys\nfound = [m for m in {heavy} if m in sys.modules]\nassert not found, found")
    python(
        f"import slth\nslth.Network\nimport sys\nfound = [m for m in {heavy} if m in sys.modules]\nassert not found, found"
    )


def test_a_ticket_needs_no_optional_package() -> None:
    """Neither matplotlib nor networkx nor onnx is imported on the way from a target to a verified ticket."""
    python(
        "import sys\n"
        "for m in ('matplotlib', 'networkx', 'onnx', 'onnxruntime', 'sklearn'): sys.modules[m] = None\n"
        "import slth\n"
        "t = slth.Network.random([2, 2], rng=0)\n"
        "k = slth.approximate(t, 6, rng=0)\n"
        "k.verify(t), k([[0.5, 0.5]]), repr(k), k._repr_html_()"
    )


def test_version() -> None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        installed = version("slth")
    except PackageNotFoundError:
        pytest.skip("slth is not installed, only on the path")
    assert installed == slth.__version__
