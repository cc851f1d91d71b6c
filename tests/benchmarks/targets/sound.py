"""Voice activity: the one-dimensional convolutional networks of pulsevad (MIT), through their ONNX files."""

from __future__ import annotations

import importlib.util

import numpy as np
from numpy.typing import NDArray

import slth
from tests.benchmarks.targets.target import RealTarget, decisions, folder_of

RATE, SAMPLES = 16_000, 3_200  # a window of 0.2 s
REACH = 20**0.5  # of 21 numbers with mean 0 and deviation 1 none is farther from 0


def voice(name: str) -> RealTarget:
    """A file of the package, on 500 windows of sound made here, half of them with a voice-like tone; features by its NumPy code."""
    folder = folder_of("pulsevad")
    network = slth.Network.read(folder / "data" / name)
    spec = importlib.util.spec_from_file_location("frontend_np", folder / "frontend_np.py")
    assert spec is not None
    assert spec.loader is not None
    frontend = importlib.util.module_from_spec(spec)  # alone: the package itself imports PyTorch
    spec.loader.exec_module(frontend)
    features = frontend.extract_log_mel_np(sounds(500)).astype(np.float64)
    inputs = np.clip(features, -REACH, REACH)[:, :, None, :]  # the clip undoes rounding
    return RealTarget(network, (-REACH, REACH), lambda net: net(inputs), decisions, {"42": 42, "60": 60})


def sounds(count: int) -> NDArray[np.float32]:
    """(count, SAMPLES): coloured noise, and to every other window twenty harmonics of a gliding tone with an envelope."""
    rng = np.random.default_rng(0)
    time = np.arange(SAMPLES) / RATE
    found = np.empty((count, SAMPLES), np.float32)
    for i in range(count):
        spectrum = np.fft.rfft(rng.normal(size=SAMPLES))
        spectrum *= (1.0 + np.arange(spectrum.size)) ** -rng.uniform(0, 1)
        sound = np.fft.irfft(spectrum, SAMPLES)
        sound /= np.abs(sound).max()
        if i % 2:
            pitch = rng.uniform(90, 250) * (1 + rng.uniform(-1, 1) * time)
            phase = 2 * np.pi * np.cumsum(pitch) / RATE
            loud = rng.exponential(size=20) / np.arange(1, 21)
            tone = sum(a * np.sin(k * phase) for k, a in enumerate(loud, 1))
            envelope = np.sin(np.pi * (rng.uniform(0, 0.5) + rng.uniform(1, 6) * time)) ** 2
            sound = 0.1 * sound + tone * envelope / np.abs(tone).max()
        found[i] = 0.3 * sound
    return found
