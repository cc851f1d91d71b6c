"""The other side of a certificate: the largest error that an adversarial search finds, a lower bound beside the proven upper one."""

from slth.certificate.adversary.search import Attack, attack

__all__ = ["Attack", "attack"]
