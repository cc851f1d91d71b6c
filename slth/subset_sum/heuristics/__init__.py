"""Rows of thousands to millions of samples: greedy, differencing, local search; nothing is proven but by luck."""
