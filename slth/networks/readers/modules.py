"""The tensors of a state_dict, module by module: those with one prefix belong together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth import spool
from slth.networks.readers.arrays import owned

Floats = NDArray[np.float64]


class Module:
    """The tensors of one module, each taken once."""

    def __init__(self, prefix: str, tensors: dict[str, Any]) -> None:
        self.prefix = prefix
        self._left = tensors

    @staticmethod
    def joined(parts: Mapping[str, Module]) -> Module:
        """Query, key, value and output of an attention that are modules of their own, as PyTorch's MultiheadAttention names them."""
        names = ("query", "key", "value")
        tensors: dict[str, Any] = {f"{name[0]}_proj_weight": parts[name].take("weight", 2) for name in names}
        biases = [parts[name].get("bias") for name in names]
        if any(bias is not None for bias in biases):
            rows = [len(tensors[f"{name[0]}_proj_weight"]) for name in names]
            filled = [np.zeros(n) if b is None else b for n, b in zip(rows, biases, strict=True)]
            tensors["in_proj_bias"] = np.concatenate(filled)
        tensors["out_proj.weight"] = parts["output"].take("weight", 2)
        if parts["output"].has("bias"):
            tensors["out_proj.bias"] = parts["output"].get("bias")
        for name, part in parts.items():
            part.check_all_taken(f"{name} of the attention")
        return Module(parts["query"].prefix, tensors)

    def has(self, name: str) -> bool:
        """Whether there is a tensor of this name that has not been taken."""
        return name in self._left

    def full(self, name: str) -> str:
        """The name that the state_dict gives a tensor."""
        return f"{self.prefix}.{name}".lstrip(".")

    def get(self, name: str) -> Floats | None:
        """The tensor of this name, None if there is none."""
        return owned(self._left.pop(name), self.full(name)) if name in self._left else None

    def take(self, name: str, ndim: int) -> Floats:
        """The tensor of this name, which has so many axes.

        Raises
        ------
        ValueError
            If there is none, or it has another number of axes.
        """
        found = self.get(name)
        if found is None:
            raise ValueError(
                f"tensor {self.full(name)!r} is missing, there is {', '.join(map(repr, map(self.full, self._left))) or 'no other'}; "
                "check the order of the entries, or name tensors by the option prefix"
            )
        if found.ndim != ndim:
            raise ValueError(
                f"tensor {self.full(name)!r} must have {ndim} axes, got shape {found.shape}; check the order of the entries"
            )
        return found

    def check_all_taken(self, owner: str) -> None:
        """Raise a ValueError if a tensor was not taken."""
        if self._left:
            left = ", ".join(repr(self.full(name)) for name in self._left)
            raise ValueError(f"{owner} knows no use for {left}; another kind of layer?")


class Modules:
    """All modules of a state_dict in its order; those in `reserved` are taken by name only."""

    def __init__(self, tensors: Mapping[Any, Any], reserved: frozenset[str]) -> None:
        self._reserved = reserved
        self._left: dict[str, dict[str, Any]] = {}
        names = list(map(str, tensors))
        attentions = {name.rpartition(".")[0] for name in names if name.endswith(("in_proj_weight", "q_proj_weight"))}
        for name, values in zip(names, tensors.values(), strict=True):
            prefix, _, leaf = name.rpartition(".")
            above, _, last = prefix.rpartition(".")
            if last == "out_proj" and above in attentions:
                prefix, leaf = above, f"out_proj.{leaf}"
            self._left.setdefault(prefix, {})[leaf] = values
        for prefix, found in self._left.items():
            _prune(prefix, found)

    def take(self, prefix: str | None, owner: str) -> Module:
        """The module of a prefix; without one, the next that no entry names."""
        if prefix is None:
            prefix = next((name for name in self._left if name not in self._reserved), None)
            if prefix is None:
                raise ValueError(f"{owner} finds no tensors any more; the state_dict has fewer modules than that")
        if prefix not in self._left:
            left = ", ".join(map(repr, self._left)) or "none"
            raise ValueError(f"{owner} finds no tensors {prefix + '.*'!r}; prefixes left: {left}")
        return Module(prefix, self._left.pop(prefix))

    def tensor(self, name: str, owner: str) -> Floats:
        """A single tensor by its whole name."""
        prefix, _, leaf = name.rpartition(".")
        tensors = self._left.get(prefix, {})
        if leaf not in tensors:
            raise ValueError(f"{owner} finds no tensor {name!r}")
        found = owned(tensors.pop(leaf), name)
        if not tensors:
            del self._left[prefix]
        return found

    def check_all_taken(self) -> None:
        """Raise a ValueError if a module was not taken."""
        left = [f"{prefix}.{leaf}".lstrip(".") for prefix, tensors in self._left.items() for leaf in tensors]
        if left:
            more = f" and {len(left) - 5} more" if len(left) > 5 else ""
            raise ValueError(
                f"tensors {', '.join(map(repr, left[:5]))}{more} belong to no entry of the architecture; add an entry, or drop them"
            )


def _prune(prefix: str, tensors: dict[str, Any]) -> None:
    """Pairs ``weight_orig``, ``weight_mask`` of PyTorch's pruning as the products that they stand for."""
    for leaf in [name for name in tensors if name.endswith("_orig")]:
        name = leaf.removesuffix("_orig")
        if f"{name}_mask" in tensors and name not in tensors:
            weight, mask = (owned(tensors.pop(part), f"{prefix}.{part}") for part in (leaf, f"{name}_mask"))
            if weight.shape != mask.shape:
                raise ValueError(f"{prefix}.{name}_mask must have shape {weight.shape} like {leaf}, got {mask.shape}")
            tensors[name] = spool.computed(np.multiply, np.atleast_1d(weight), np.atleast_1d(mask)).reshape(
                weight.shape
            )
