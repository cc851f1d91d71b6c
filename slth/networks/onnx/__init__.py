"""Networks as ONNX models (extra ``onnx``): `to_onnx` writes one, `slth.networks.onnx.reader` reads one."""

from slth.networks.onnx.writer import to_onnx

__all__ = ["to_onnx"]
