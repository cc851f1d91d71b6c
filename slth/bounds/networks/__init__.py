"""Networks: how wide a random source has to be, layer by layer, and what no source can do without."""
