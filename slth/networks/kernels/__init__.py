"""Numba kernels of networks: numbers and codes in, numbers and codes out, the GIL released; each calls only kernels of its own file."""
