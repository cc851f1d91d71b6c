"""How many subnetworks of a random network approximate a target, by size: exactly, as a product over weights, or sampled.

`count_subnetworks` is the front door (`counting.py`); one way of counting a file or folder, a function from a `Question` to a `Census`:
`walk.py` and `halves.py` (exact), `product/` (proven, under a construction), `sampled/` (with intervals). `ensemble` counts in many
sources, `neighbours.py` looks at many tickets of one, `tickets.py` at those of constructions, `theory` puts what is known beside.

Examples
--------
Every mask of a small network that is within 0.2 of x / 2 on [-1, 1]:

>>> import slth
>>> from slth.census import clusters, distances, ensemble, of_construction, ticket_distances
>>> target = slth.Network.read([([[0.5]], None)])
>>> found = slth.count_subnetworks(slth.Network.random([1, 5, 1], rng=9), target, 0.2, masks=True)
>>> found
Census(512 of 2^16, sizes from 4, most at 8, epsilon=0.2, EXACT, method='walk')
>>> where = found.standing(9)  # or a ticket, or a pruned network
>>> f"{2**where.log2_at_most:.0f} keep 9 parameters or fewer, {where.share:.0%} of all"
'382 keep 9 parameters or fewer, 75% of all'
>>> tickets = found.masks_of(8)
>>> distances(tickets, found.parameters)
Distances(126 tickets of size 8, mean 4.48, overlap 72.0%, all pairs)
>>> clusters(tickets, found.parameters)
Clusters(126 tickets of size 8 in 1 cluster, the largest of 126, 0 isolated)

How the number grows with the width of the source (`slth.plots.growth` draws it):

>>> def census_of(width):
...     return lambda seed: slth.count_subnetworks(slth.Network.random([1, width, 1], rng=seed), target, 0.2)
>>> [float(ensemble(census_of(width), 30, rng=0).log2_total.max().round(1)) for width in (3, 4, 5)]
[4.8, 7.6, 10.6]

Where the tickets that `slth.approximate` finds stand among all of their construction, and how far apart those of several seeds are:

>>> product = of_construction(target, 16, 0.2, rng=0)  # counts in the random network that approximate prunes with this seed
>>> product.standing(slth.approximate(target, 16, rng=0)).size, product.mode
(20, 20)
>>> ticket_distances([slth.approximate(target, 16, rng=seed) for seed in range(3)]).tolist()
[[0, 18, 14], [18, 0, 12], [14, 12, 0]]
"""

from slth.census.answer import Census, Scope, Standing
from slth.census.counting import METHODS, count_subnetworks
from slth.census.ensemble import Ensemble, ensemble
from slth.census.neighbours import Clusters, Distances, clusters, distances
from slth.census.parameters import Parameters
from slth.census.product import of_construction
from slth.census.question import Question
from slth.census.theory import Theory, theory
from slth.census.tickets import ticket_distances

__all__ = [
    "METHODS",
    "Census",
    "Clusters",
    "Distances",
    "Ensemble",
    "Parameters",
    "Question",
    "Scope",
    "Standing",
    "Theory",
    "clusters",
    "count_subnetworks",
    "distances",
    "ensemble",
    "of_construction",
    "theory",
    "ticket_distances",
]
