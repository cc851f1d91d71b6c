"""What networks are made of, one kind of layer a file; all speak `Layer`. A new kind is one class and one entry of `KINDS`."""

from typing import Final

from slth.networks.layers.attention import Attention
from slth.networks.layers.attention_form import AttentionForm
from slth.networks.layers.convolution import Conv2d
from slth.networks.layers.convolution_form import Conv2dForm
from slth.networks.layers.dense import Dense
from slth.networks.layers.embedding import Embedding
from slth.networks.layers.layer import Layer, Shape
from slth.networks.layers.linear import DenseForm, Form, Linear
from slth.networks.layers.mapped import Mapped, MappedForm
from slth.networks.layers.normalization import LayerNorm
from slth.networks.layers.plain import Elementwise, Flatten, Softmax
from slth.networks.layers.pooling import AveragePool2d, GlobalAveragePool2d, MaxPool2d
from slth.networks.layers.residual import Residual

_ALL = (
    Attention, AttentionForm, AveragePool2d, Conv2d, Conv2dForm, Dense, DenseForm, Elementwise, Embedding, Flatten,
    GlobalAveragePool2d, LayerNorm, MaxPool2d, Residual, Softmax,
)  # fmt: skip
KINDS: Final[dict[str, type[Layer]]] = {layer.kind: layer for layer in _ALL}

__all__ = [
    "KINDS",
    "Attention",
    "AttentionForm",
    "AveragePool2d",
    "Conv2d",
    "Conv2dForm",
    "Dense",
    "DenseForm",
    "Elementwise",
    "Embedding",
    "Flatten",
    "Form",
    "GlobalAveragePool2d",
    "Layer",
    "LayerNorm",
    "Linear",
    "Mapped",
    "MappedForm",
    "MaxPool2d",
    "Residual",
    "Shape",
    "Softmax",
]
