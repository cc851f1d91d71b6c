"""Measured quantities against a parameter: curves of many tasks, their thresholds, decay and growth, fitted with intervals."""
