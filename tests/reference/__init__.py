"""Slow, obviously correct twins of the algorithms in slth, which import nothing of it."""
