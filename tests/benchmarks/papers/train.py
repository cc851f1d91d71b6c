"""Train the targets of the experiments, once: ``python -m tests.benchmarks.papers.train lenet5|attention`` (needs torch).

The weights of the published networks are not at hand, so that these stand in for them; `lenet5` also needs MNIST (extra ``data``). Both
write an ``.npz`` to notebooks/data. Training is not bit-for-bit repeatable on other machines: what is stored is what the experiments use.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parents[3] / "notebooks" / "data"


def lenet5(epochs: int = 10) -> dict[str, Any]:
    """The convolutions of a LeNet5 trained on MNIST after da Cunha, Natale and Viennot (2022): Adam 1e-3, batches of 64, fewer epochs.

    Theirs had 50. Two convolutions of 6 and 16 kernels, 5x5, padded to the same size, each with ReLU and max-pooling; dense layers
    784-120-84-10.
    """
    import torch

    from tests.benchmarks.mnist import mnist

    torch.manual_seed(0)
    images, labels, test_images, test_labels = (torch.tensor(a) for half in ("train", "t10k") for a in mnist(half))
    layer = torch.nn
    model = layer.Sequential(
        layer.Unflatten(1, (1, 28)), layer.Conv2d(1, 6, 5, padding=2), layer.ReLU(), layer.MaxPool2d(2),
        layer.Conv2d(6, 16, 5, padding=2), layer.ReLU(), layer.MaxPool2d(2), layer.Flatten(),
        layer.Linear(784, 120), layer.ReLU(), layer.Linear(120, 84), layer.ReLU(), layer.Linear(84, 10),
    )  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for epoch in range(epochs):
        for batch in torch.randperm(len(images)).split(64):
            loss = layer.functional.cross_entropy(model(images[batch].reshape(-1, 28, 28)), labels[batch].long())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            accuracy = float((model(test_images.reshape(-1, 28, 28)).argmax(1) == test_labels).float().mean())
        print(f"epoch {epoch + 1}: accuracy on the test images {accuracy:.2%}", flush=True)
    named = {"conv1": model[1], "conv2": model[4]}
    found = {f"{n}_{p}": getattr(m, p).detach().numpy() for n, m in named.items() for p in ("weight", "bias")}
    return found | {"accuracy": np.array(accuracy)}


def attention(epochs: int = 25) -> dict[str, Any]:
    """One head of attention (2 numbers a position, 1 out) on angular velocities, after Otsuka et al. (2025).

    AdamW 0.1, batches of 1024, 25 epochs on 10,000 sequences ``x_t = (cos(w t + t0), sin(w t + t0))``, as theirs; w is read as the mean of
    the outputs over the positions. What we know of the published experiment leaves open how w and t0 are drawn, d_key and biases; chosen
    here: w uniform on [0, 1], t0 on [0, pi / 2], one length of 4, 8, ..., 256 for each batch, d_key = 2, no biases. (With t0 on the whole
    circle nothing can be learned: such a head is odd in x.)
    """
    import torch

    torch.manual_seed(0)
    speed, start = torch.rand(10_000), math.pi / 2 * torch.rand(10_000)
    weights = {name: torch.randn(rows, columns) / 2 for name, rows, columns in
               (("query", 2, 2), ("key", 2, 2), ("value", 2, 2), ("output", 1, 2))}  # fmt: skip
    for weight in weights.values():
        weight.requires_grad_()
    optimizer = torch.optim.AdamW(weights.values(), 0.1)
    for epoch in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(speed)).split(1024):
            length = 2 ** int(torch.randint(2, 9, ()))
            angle = speed[batch, None] * torch.arange(length) + start[batch, None]
            x = torch.stack([angle.cos(), angle.sin()], dim=2)
            scores = (x @ weights["query"].T) @ (x @ weights["key"].T).mT / math.sqrt(2)
            out = scores.softmax(dim=2) @ (x @ weights["value"].T) @ weights["output"].T
            loss = ((out.mean(dim=(1, 2)) - speed[batch]) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        print(f"epoch {epoch + 1}: mean square error {total / len(speed):.4f}", flush=True)
    return {name: weight.detach().numpy() for name, weight in weights.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a target of the experiments.")
    parser.add_argument("target", choices=["lenet5", "attention"])
    name = parser.parse_args().target
    np.savez_compressed(DATA / f"{name}_target.npz", **{"lenet5": lenet5, "attention": attention}[name]())


if __name__ == "__main__":
    main()
