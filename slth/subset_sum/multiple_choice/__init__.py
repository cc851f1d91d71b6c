"""Multiple-choice subset sum: coefficients, patterns, the k best, all subsets in order; one option for each group of samples."""
