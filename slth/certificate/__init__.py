"""Rigorous bounds on how far a pruned random network is from its target over a whole domain, rounding included.

Layer by layer (the error propagation of the network theorems, with actual weights in place of norms at most 1), one kind a file: what is
known of the numbers between two layers goes in and comes out. `tolerances` goes the other way, from a budget to errors of weights, and
`attack` looks from below: for the input with the largest error. `apart` bounds the distance of any two networks.
"""

from slth.certificate.adversary import Attack, attack
from slth.certificate.apart import apart
from slth.certificate.certify import Certificate, certify
from slth.certificate.state import gamma
from slth.certificate.theorem import promised
from slth.certificate.tolerances import tolerances

__all__ = ["Attack", "Certificate", "apart", "attack", "certify", "gamma", "promised", "tolerances"]
