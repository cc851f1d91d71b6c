"""What the checks are made with: ball arithmetic, statistical tests, exact laws of sums, simulation."""
