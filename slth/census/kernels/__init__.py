"""Numba kernels of the census: numbers and codes in, numbers and codes out, the GIL released.

Each takes exactly what it needs, raises nothing and draws nothing from a shared generator; a kernel calls only kernels of its own file,
because Numba's on-disk cache does not notice edits elsewhere.
"""
