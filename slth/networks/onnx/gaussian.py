"""The activation gelu in float64.

ONNX Runtime's CPU kernel of Erf knows single precision only (1.18 to 1.31). A float64 file therefore carries a function ``slth.Gelu``
without Erf: ``x Phi(x) = relu(x) - |x| q`` with the tail ``q = Phi(-|x|) = erfc(z) / 2``, z = |x| / sqrt(2), and
``erfc(z) = t exp(P(2 t - 1) - z^2)``, t = 2 / (2 + z) in (0, 1], P smooth: a Chebyshev series, summed by Clenshaw's recurrence (the form
of Press et al., Numerical Recipes, 3rd ed., section 6.2.2). The next coefficient is below 1e-17.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from slth.networks.onnx.graph import Graph

# of log(erfc(z) exp(z^2) / t) in 2 t - 1, computed with 50 digits at 64 places
SERIES: Final = (
    -0.6513268598908547, 0.6419697923564902, 0.019476473204185836, -0.009561514786808632, -0.0009465953444820369,
    0.00036683949785276145, 4.252332480690777e-05, -2.0278578112534242e-05, -1.6242900046470256e-06, 1.3036558355805232e-06,
    1.5626441722066142e-08, -8.523809591492654e-08, 6.5290544390988515e-09, 5.059343495551469e-09, -9.91364156493033e-10,
    -2.273651222931836e-10, 9.646791102015527e-11, 2.3940380830391146e-12, -6.886027526497553e-12, 8.944879273090725e-13,
    3.130921399342958e-13, -1.1270822361367252e-13, 3.810905255189232e-16, 7.106097613609237e-15, -1.5230282014571043e-15,
    -9.457494571291233e-17, 1.210237189224279e-16, -2.816663087747177e-17,
)  # fmt: skip


def gelu_function(name: str) -> Any:
    """The function: input x."""
    graph = Graph(np.float64)
    size = graph.add("Abs", "x")
    two = graph.value(2.0)
    t = graph.add("Div", two, graph.add("Add", two, graph.add("Div", size, graph.value(math.sqrt(2)))))
    place = graph.add("Sub", graph.add("Mul", t, two), graph.value(1.0))
    twice = graph.add("Mul", place, two)
    last, before = graph.value(SERIES[-1]), graph.value(0.0)
    for number in SERIES[-2:0:-1]:
        step = graph.add("Sub", graph.add("Mul", twice, last), before)
        last, before = graph.add("Add", step, graph.value(number)), last
    series = graph.add("Add", graph.add("Sub", graph.add("Mul", place, last), before), graph.value(SERIES[0]))
    square = graph.add("Mul", graph.add("Mul", "x", "x"), graph.value(-0.5))
    tail = graph.add("Mul", graph.add("Mul", t, graph.value(0.5)), graph.add("Exp", graph.add("Add", series, square)))
    graph.add("Sub", graph.add("Relu", "x"), graph.add("Mul", size, tail))
    return graph.function(name, ["x"], [])
