"""The stored experiments: what each measures is a specification in `notebooks/experiments`, or a module here; `make experiments` runs them.

A module has ``run(quick, workers) -> str``, which measures, stores in `notebooks/data` unless it is quick, and gives a table of what came
out, and ``figures() -> None``, which draws `notebooks/figures` from what is stored. `__main__` finds them by looking.
"""
