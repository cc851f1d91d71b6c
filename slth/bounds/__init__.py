"""What theory predicts and proves: one theorem or predictor a function, each with its source and how sure we are of it.

`catalogue()` lists them all as data. Scalars in, a number out; arrays broadcast, with NaN where the hypotheses of a bound fail.
"""

from slth.bounds.asked_of_source import for_network
from slth.bounds.comparison import (
    Curve,
    EndPoint,
    NeededSamples,
    Overparameterisation,
    needed_samples,
    overparameterisation,
)
from slth.bounds.hypotheses import HypothesisError, HypothesisWarning
from slth.bounds.listing import catalogue, evaluate, to_bibtex, to_latex
from slth.bounds.networks.attention import (
    AttentionDims,
    BlockDims,
    linear_gadget_n,
    linear_gadget_n_explicit,
    mha_block_dims,
    mha_dims,
    mha_dims_explicit,
    mha_error,
    softmax_error,
    softmax_error_linear,
    softmax_error_sharp,
)
from slth.bounds.networks.convolution import CnnWidth, cnn_width, cnn_width_explicit, structured_cnn_width
from slth.bounds.networks.dense import (
    SparseTwoLayerWidth,
    TwoLayerWidth,
    pensia_error_explicit,
    pensia_width,
    pensia_width_explicit,
    sslth_width,
    sslth_width_simplified,
)
from slth.bounds.networks.equivariant import sslth_equivariant_width
from slth.bounds.networks.extra_layer import (
    ExtraLayerWidths,
    activation_scale,
    burkholz_eps_layer,
    burkholz_width,
    propagated_tolerances,
)
from slth.bounds.networks.fixed_size_lower import natale_lower, natale_lower_exact
from slth.bounds.networks.golden_ratio import orseau_k, orseau_samples, orseau_samples_exact, orseau_samples_mean
from slth.bounds.networks.lower import pensia_lower, pensia_lower_sparse, pensia_lower_width
from slth.bounds.networks.one_by_one import (
    malach_density,
    malach_overparameterisation,
    malach_samples,
    single_product_prob,
    single_product_samples,
)
from slth.bounds.networks.propagation import entry_tolerance, layer_tolerance, lipschitz_error, propagated_error
from slth.bounds.networks.quantized import (
    discrete_n,
    quantized_failure,
    quantized_lower,
    quantized_samples,
    quantized_width,
    quantized_width_shallow,
)
from slth.bounds.networks.signs import SignNetwork, mpt_width, sreenivasan_dims
from slth.bounds.networks.sparse_source import (
    er_samples,
    er_samples_chernoff,
    er_slt_width,
    er_width,
    er_width_factor,
    locked_shift,
)
from slth.bounds.requirements import Requirement, Requirements
from slth.bounds.statement import Bound
from slth.bounds.subset_sums.asymptotic import rss_lueker_constant, rss_n_lueker, rss_tail_dacunha, rss_tail_discrete
from slth.bounds.subset_sums.binomials import (
    BinomialBounds,
    binary_entropy,
    binom_entropy_bounds,
    log2_binom,
    log2_binom_sum,
    log2_subnetworks,
)
from slth.bounds.subset_sums.closest_error import log_closest_error
from slth.bounds.subset_sums.constrained_partition import npp_bias_c, npp_kappa_c_constrained
from slth.bounds.subset_sums.counting import count_subsets_exact, count_subsets_gauss, count_subsets_saddle
from slth.bounds.subset_sums.covering import rss_cover_prob, rss_n_counting, rss_n_first_moment, rss_target_prob
from slth.bounds.subset_sums.explicit import (
    ExplicitConstants,
    explicit_constants,
    rss_failure_explicit,
    rss_failure_explicit_full,
    rss_mean_error_explicit,
    rss_n_explicit,
    rss_n_explicit_full,
)
from slth.bounds.subset_sums.explicit_discrete import rss_failure_discrete, rss_n_discrete
from slth.bounds.subset_sums.fixed_size import (
    rfss_c_thm,
    rfss_c_thm_least,
    rfss_n,
    rfss_n_simplified,
    rfss_n_uniform,
    sum_bounded_constants,
)
from slth.bounds.subset_sums.mixture_poisson import (
    pattern_loss,
    rfss_density_threshold,
    rfss_expected,
    rfss_kmin,
    rfss_success_prob,
)
from slth.bounds.subset_sums.moments import rfss_moment_limit, rfss_moment_ratio, rfss_success_normal
from slth.bounds.subset_sums.partition import (
    SolvableProbability,
    bcp_rho,
    npp_discrepancy,
    npp_expected_perfect,
    npp_kappa_c,
    npp_perfect_prob,
    npp_solvable_prob,
)
from slth.bounds.subset_sums.reach import rss_n_reach
from slth.bounds.subset_sums.vectors import (
    VectorBlock,
    mrss_block,
    mrss_lower,
    mrss_n,
    mrss_n_explicit,
    mrss_target_lower,
)
from slth.bounds.table import Table

__all__ = [
    "AttentionDims",
    "BinomialBounds",
    "BlockDims",
    "Bound",
    "CnnWidth",
    "Curve",
    "EndPoint",
    "ExplicitConstants",
    "ExtraLayerWidths",
    "HypothesisError",
    "HypothesisWarning",
    "NeededSamples",
    "Overparameterisation",
    "Requirement",
    "Requirements",
    "SignNetwork",
    "SolvableProbability",
    "SparseTwoLayerWidth",
    "Table",
    "TwoLayerWidth",
    "VectorBlock",
    "activation_scale",
    "bcp_rho",
    "binary_entropy",
    "binom_entropy_bounds",
    "burkholz_eps_layer",
    "burkholz_width",
    "catalogue",
    "cnn_width",
    "cnn_width_explicit",
    "count_subsets_exact",
    "count_subsets_gauss",
    "count_subsets_saddle",
    "discrete_n",
    "entry_tolerance",
    "er_samples",
    "er_samples_chernoff",
    "er_slt_width",
    "er_width",
    "er_width_factor",
    "evaluate",
    "explicit_constants",
    "for_network",
    "layer_tolerance",
    "linear_gadget_n",
    "linear_gadget_n_explicit",
    "lipschitz_error",
    "locked_shift",
    "log2_binom",
    "log2_binom_sum",
    "log2_subnetworks",
    "log_closest_error",
    "malach_density",
    "malach_overparameterisation",
    "malach_samples",
    "mha_block_dims",
    "mha_dims",
    "mha_dims_explicit",
    "mha_error",
    "mpt_width",
    "mrss_block",
    "mrss_lower",
    "mrss_n",
    "mrss_n_explicit",
    "mrss_target_lower",
    "natale_lower",
    "natale_lower_exact",
    "needed_samples",
    "npp_bias_c",
    "npp_discrepancy",
    "npp_expected_perfect",
    "npp_kappa_c",
    "npp_kappa_c_constrained",
    "npp_perfect_prob",
    "npp_solvable_prob",
    "orseau_k",
    "orseau_samples",
    "orseau_samples_exact",
    "orseau_samples_mean",
    "overparameterisation",
    "pattern_loss",
    "pensia_error_explicit",
    "pensia_lower",
    "pensia_lower_sparse",
    "pensia_lower_width",
    "pensia_width",
    "pensia_width_explicit",
    "propagated_error",
    "propagated_tolerances",
    "quantized_failure",
    "quantized_lower",
    "quantized_samples",
    "quantized_width",
    "quantized_width_shallow",
    "rfss_c_thm",
    "rfss_c_thm_least",
    "rfss_density_threshold",
    "rfss_expected",
    "rfss_kmin",
    "rfss_moment_limit",
    "rfss_moment_ratio",
    "rfss_n",
    "rfss_n_simplified",
    "rfss_n_uniform",
    "rfss_success_normal",
    "rfss_success_prob",
    "rss_cover_prob",
    "rss_failure_discrete",
    "rss_failure_explicit",
    "rss_failure_explicit_full",
    "rss_lueker_constant",
    "rss_mean_error_explicit",
    "rss_n_counting",
    "rss_n_discrete",
    "rss_n_explicit",
    "rss_n_explicit_full",
    "rss_n_first_moment",
    "rss_n_lueker",
    "rss_n_reach",
    "rss_tail_dacunha",
    "rss_tail_discrete",
    "rss_target_prob",
    "single_product_prob",
    "single_product_samples",
    "softmax_error",
    "softmax_error_linear",
    "softmax_error_sharp",
    "sreenivasan_dims",
    "sslth_equivariant_width",
    "sslth_width",
    "sslth_width_simplified",
    "structured_cnn_width",
    "sum_bounded_constants",
    "to_bibtex",
    "to_latex",
]
