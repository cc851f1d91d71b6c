"""The Numba code of the searches, one step a file."""
