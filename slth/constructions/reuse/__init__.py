"""How many outputs use each first-layer weight: what makes a ticket smaller than the worst case of the proofs.

In the two-layer gadget (Pensia et al. 2020; Natale et al. 2024, Theorem 3) a hidden neuron hands one number on to all outputs, so that its
one weight in the first, inserted layer is there for every output whose subset holds the neuron, while each weight of the second layer
serves one output. The proof of Theorem 3 counts a first-layer weight for every element of every subset, 2 d_(i-1) d_i k_i of them: as if no
two outputs used the same neuron. What a ticket keeps is counted here from its masks. What subsets drawn at random would keep is
predicted: of n candidates, d_out independent subsets of k of them leave n (1 - k/n)^d_out unused, on average.
"""

from slth.constructions.reuse.count import reuse
from slth.constructions.reuse.report import LayerReuse, Reuse

__all__ = ["LayerReuse", "Reuse", "reuse"]
