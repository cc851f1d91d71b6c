"""Numba kernels of the subset-sum solvers: numbers and codes in, numbers and codes out, the GIL released.

Each takes exactly what it needs, raises nothing and draws nothing at random; the friendly layer above validates and decides.
A kernel calls only kernels of its own file, because Numba's on-disk cache does not notice edits elsewhere.
"""
