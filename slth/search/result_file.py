"""The file of a search's result: an ``.npz`` of plain arrays.

================  ===========  ==========================================================================================
``slth_search``   () int64     version of the format, 1
``about``         () text      JSON: method, loss, accuracy, seconds, stopped, the ``structure`` of the network (none of a `JaxFunction`:
                               code is not saved), and where it was drawn from a `RandomSource` without missing edges, seed, law, shapes
                               and biases of that
``history``       (5, r)       step, loss, validation loss, validation accuracy, seconds
``source.NAME``   float64      the arrays of the random network, or those of the function that masks range over
``mask.NAME``     uint8        the bits of the mask, packed
``weights.NAME``  float64      only where the method changed something: what the mask selects from
================  ===========  ==========================================================================================
"""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.files import read_npz, write_npz
from slth.networks import Network, RandomSource
from slth.networks.archive import rebuilt, structure
from slth.search.models import JaxFunction, Model, NetworkModel
from slth.search.result import History, SearchResult

VERSION = 1
_HISTORY = ("step", "loss", "validation_loss", "validation_accuracy", "seconds")
_ABOUT = {"method": str, "stopped": str, "loss": float, "accuracy": float, "seconds": float}


def write(result: SearchResult, path: str | os.PathLike[str]) -> None:
    """See `SearchResult.save`."""
    about: dict[str, Any] = {name: getattr(result, name) for name in _ABOUT}
    if isinstance(result.model, NetworkModel):
        about["structure"] = structure(result.model.network)
        drawn = result.model.source
        if drawn is not None and drawn.edges is None:
            about["source"] = [drawn.seed, drawn.law, drawn.shapes, drawn.bias]
    arrays: dict[str, NDArray[Any]] = {
        "slth_search": np.array(VERSION),
        "about": np.array(json.dumps(about)),
        "history": np.array([getattr(result.history, name) for name in _HISTORY], np.float64),
    }
    arrays |= {f"source.{name}": array for name, array in result.model.arrays.items()}
    arrays |= {f"mask.{name}": np.packbits(mask) for name, mask in result.mask.items()}
    arrays |= {f"weights.{name}": array for name, array in (result.weights or {}).items()}
    write_npz(path, arrays, compress=True)


def load(
    path: str | os.PathLike[str], *, function: JaxFunction | None = None, max_bytes: int | None = None
) -> SearchResult:
    """Read a result that `SearchResult.save` wrote.

    Parameters
    ----------
    path : path
    function : JaxFunction, optional
        Of a search in one, the function with the parameters that it was searched in: the file has no code, only what masks range over,
        which is compared with it.
    max_bytes : int, optional
        Most bytes to unpack, 1 GiB by default.

    Raises
    ------
    ValueError
        If the file is damaged, foreign or of a newer format; if it is of a function, and another or none is given.
    OSError
        If it cannot be read.
    """
    arrays = read_npz(path, expected=("slth_search", "about", "history"), max_bytes=max_bytes)
    try:
        if arrays["slth_search"].tolist() != VERSION:
            raise ValueError(f"its format is {arrays['slth_search']}, not {VERSION}; a newer slth may read it")
        return _rebuilt(arrays, function)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"{os.fsdecode(path)} is no result of a search ({type(error).__name__}: {error})") from None


def _rebuilt(arrays: dict[str, NDArray[Any]], function: JaxFunction | None) -> SearchResult:
    about = json.loads(str(arrays["about"]))
    told = {name: kind(about[name]) for name, kind in _ABOUT.items()}
    model = _model(about, _of(arrays, "source"), function)
    packed, weights = _of(arrays, "mask"), _of(arrays, "weights")
    if set(packed) != set(model.arrays) or set(weights) not in (set(), set(packed)):
        raise ValueError("its masks are not those of its network")
    mask = {}
    for name, array in model.arrays.items():
        if packed[name].size != -(-array.size // 8) or packed[name].dtype != np.uint8:
            raise ValueError(f"the mask of {name} has {packed[name].size} bytes for {array.size} weights")
        mask[name] = np.unpackbits(packed[name], count=array.size).astype(np.bool_).reshape(array.shape)
        if (mask[name] & (array == 0)).any():
            raise ValueError(f"the mask of {name} keeps weights that are 0")
        if weights and (weights[name].shape != array.shape or not np.isfinite(weights[name]).all()):
            raise ValueError(f"the weights of {name} do not fit or are not finite")
    step, *others = arrays["history"].reshape(len(_HISTORY), -1)
    history = History(step.astype(np.int64), *others)
    return SearchResult(model, mask, history=history, nothing_changed=not weights, weights=weights or None, **told)


def _model(about: dict[str, Any], own: dict[str, NDArray[Any]], function: JaxFunction | None) -> Model:
    """What was searched in."""
    if "structure" in about:
        if function is not None:
            raise ValueError("it is of a search in a network; leave out function=")
        network = rebuilt(about["structure"], own)
        return NetworkModel(network, _drawn(about["source"], network) if "source" in about else None)
    if function is None:
        raise ValueError("it is of a search in a JaxFunction, whose code is not in the file; give function=")
    there = function.arrays
    if there.keys() != own.keys() or not all(np.array_equal(array, there[name]) for name, array in own.items()):
        raise ValueError("the function given has other parameters than those that were searched in")
    return function


def _drawn(told: list[Any], network: Network) -> RandomSource:
    """The random source of a network, once its seed is seen to give these weights."""
    seed, law, shapes, biases = told
    source = RandomSource(seed, law, tuple(map(tuple, shapes)), tuple(biases))
    form = [((layer.form.rows, layer.form.columns), layer.form.bias * layer.form.outputs) for layer in network.linear]
    same = network.is_dense and form == [(shape, source.biases(i)) for i, shape in enumerate(source.shapes)]
    for i, layer in enumerate(network.linear if same else ()):
        same &= bool((layer.weight == source.weight(i)).all())
        same &= layer.bias is None or bool((layer.bias == source.bias_vector(i)).all())
    if not same:
        raise ValueError("its seed does not give the weights that it holds")
    return source


def _of(arrays: dict[str, NDArray[Any]], kind: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(f"{kind}."): array for name, array in arrays.items() if name.startswith(f"{kind}.")}
