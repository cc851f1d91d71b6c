"""Plans, and what they ask before they know any answer."""

from __future__ import annotations

from collections.abc import Iterator

from slth.constructions import Construction, Plan, Problems, random_source
from slth.networks import Domain, Network


def planned(
    method: Construction, target: Network, widths: tuple[int, ...], domain: Domain, law: str, seed: int
) -> Plan:
    """The plan in the random network of a seed."""
    return method.plan(random_source(method, target, widths, law, seed), target, widths, domain)


def asked_first(plan: Plan) -> Iterator[Problems]:
    """Every problem once; no answer needs to be placed."""
    return (problems for round_ in plan.rounds() for problems in round_ if not problems.again)
