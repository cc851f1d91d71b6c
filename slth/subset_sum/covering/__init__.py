"""Which targets of an interval are near some subset: bounds on a grid, and an exact walk."""
