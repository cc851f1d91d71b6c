"""Two trained policies from the examples of PyBullet as ``.npz`` files that `slth.Network.read` takes.

    python tests/data/make_policies.py pybullet-3.2.7-*.whl

The wheel holds Python programs ``enjoy_TF_*.py`` with the weights of ReLU networks as literals; they are parsed here, not run. The files
next to this one were made from the wheel of version 3.2.7 and are not made again by anything; PyBullet is not needed to use them.
"""

from __future__ import annotations

import ast
import sys
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slth.files import write_npz

POLICIES = {
    "ant_policy.npz": "pybullet_envs/examples/enjoy_TF_AntBulletEnv_v0_2017may.py",
    "swingup_policy.npz": "pybullet_envs/examples/enjoy_TF_InvertedPendulumSwingupBulletEnv_v0_2017may.py",
}
LAYERS = ("dense1", "dense2", "final")


def policy(program: str) -> dict[str, NDArray[np.float64]]:
    """``W1, b1, W2, b2, W3, b3`` of a program: W (d_out, d_in), where the program has ``np.dot(x, w)``."""
    found: dict[str, NDArray[np.float64]] = {}
    for node in ast.parse(program).body:
        match node:
            case ast.Assign([ast.Name(name)], ast.Call(args=[numbers, *_])) if name.startswith("weights_"):
                found[name] = np.array(ast.literal_eval(numbers), np.float64)
    return {
        f"{kind}{i}": np.ascontiguousarray(found[f"weights_{layer}_{kind.lower()}"].T)
        for i, layer in enumerate(LAYERS, 1)
        for kind in ("W", "b")
    }


def main() -> None:
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        for name, program in POLICIES.items():
            write_npz(Path(__file__).parent / name, policy(wheel.read(program).decode()), compress=True)


if __name__ == "__main__":
    main()
