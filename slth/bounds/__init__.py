"""What theory predicts and proves: one theorem or predictor a function, each with its source and how sure we are of it."""

from slth.bounds.closest_error import log_closest_error

__all__ = ["log_closest_error"]
