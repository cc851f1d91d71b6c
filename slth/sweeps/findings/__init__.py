"""What the stored experiments say, one question a file: sizes and entropy, counts and moments, the price of sparsity, bounds."""
