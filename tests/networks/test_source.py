"""`RandomSource`: the same bits whatever part is asked for, and for ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from slth.networks import LAWS, RandomSource
from slth.networks.source import BLOCK_ENTRIES, seed_from

FIXED = settings(database=None, deadline=None, derandomize=True, max_examples=40)
WIDE = RandomSource(5, "uniform", (1000, 300, 2))  # blocks of 65 rows
SEED = 2**100 + 7


@FIXED
@given(st.integers(0, 300), st.integers(0, 300))
def test_rows_do_not_depend_on_what_is_asked_for(first: int, second: int) -> None:
    start, stop = sorted((first, second))
    rows = WIDE.weight_rows(0, start, stop)
    assert rows.shape == (stop - start, 1000)
    np.testing.assert_array_equal(rows, WIDE.weight(0)[start:stop])


def test_blocks_follow_the_definition() -> None:
    rows = BLOCK_ENTRIES // 1000
    for block in range(300 // rows + 1):
        sequence = np.random.SeedSequence(entropy=5, spawn_key=(0, 0, block))
        count = min(rows, 300 - block * rows)
        words = np.random.PCG64(sequence).random_raw(count * 1000)
        expected = LAWS["uniform"].from_words(words).reshape(count, 1000)
        np.testing.assert_array_equal(WIDE.weight_rows(0, block * rows, block * rows + count), expected)
    words = np.random.PCG64(np.random.SeedSequence(entropy=5, spawn_key=(0, 1, 0))).random_raw(300)
    bias = WIDE.bias_vector(0)
    assert bias is not None
    np.testing.assert_array_equal(bias, LAWS["uniform"].from_words(words))


def test_rows_longer_than_a_block() -> None:
    source = RandomSource(1, "uniform", (BLOCK_ENTRIES + 1, 3))
    np.testing.assert_array_equal(source.weight_rows(0, 2, 3), source.weight(0)[2:])


def test_biases_longer_than_a_block() -> None:
    bias = RandomSource(1, "uniform", (1, BLOCK_ENTRIES + 5)).bias_vector(0)
    short = RandomSource(1, "uniform", (1, 10)).bias_vector(0)
    assert bias is not None
    assert short is not None
    np.testing.assert_array_equal(bias[:10], short)
    assert not np.array_equal(bias[-5:], bias[:5])


def test_other_widths_and_biases_do_not_change_a_row() -> None:
    narrow = RandomSource(5, "uniform", (1000, 10), bias=False)
    np.testing.assert_array_equal(narrow.weight(0), WIDE.weight(0)[:10])


def test_many_workers_get_the_same() -> None:
    with ThreadPoolExecutor(4) as pool:
        rows = list(pool.map(lambda i: WIDE.weight_rows(0, i, i + 1), range(300)))
    np.testing.assert_array_equal(np.concatenate(rows), WIDE.weight(0))


def test_known_uniform_weights() -> None:
    """Pinned: if this fails, every stored seed means another network."""
    source = RandomSource(SEED, "uniform", (5, 4, 2))
    assert [value.hex() for value in source.weight(1).ravel()[:4]] == [
        "-0x1.03de46216aa50p-5",
        "0x1.d87cbd0cdf05ep-2",
        "0x1.1311907e2728fp-1",
        "-0x1.152d98ba4fbd4p-3",
    ]
    bias = source.bias_vector(0)
    assert bias is not None
    np.testing.assert_allclose(
        bias, [0.05571863039113356, 0.6897468315056868, 0.5958680508548494, -0.6994482319841638], rtol=1e-15
    )


def test_known_normal_weights() -> None:
    """Pinned to 1e-13: the quantile function may differ in its last bits between machines."""
    weight = RandomSource(SEED, "normal", (5, 4, 2)).weight(1)
    expected = [-0.03976836093367414, 0.6149516363004488, 0.7343152607571906, -0.17044634772863504]
    np.testing.assert_allclose(weight.ravel()[:4], expected, rtol=1e-13)


def test_streams_are_uncorrelated() -> None:
    """Layers, kinds, blocks and seeds in pairs; each r ~ N(0, 1/n), false-alarm probability 10 * 1e-6."""
    count = BLOCK_ENTRIES
    source, other = RandomSource(0, "uniform", (1, 2 * count, 1)), RandomSource(1, "uniform", (1, count))
    weights, bias = source.weight(0)[:, 0], source.bias_vector(0)
    assert bias is not None
    last = RandomSource(0, "uniform", (count, 1, 1)).weight(0)[0], other.weight(0)[:, 0]
    streams = np.stack([weights[:count], weights[count:], bias[:count], bias[count:], last[1]])
    limit = stats.norm.isf(1e-6 / 2) / np.sqrt(count)
    correlations = np.corrcoef(streams)[np.triu_indices(5, 1)]
    assert np.abs(correlations).max() < limit
    assert np.abs(np.corrcoef(streams[0], streams[0])[0, 1]) > limit  # negative control
    np.testing.assert_array_equal(last[0], weights[:count])  # the same words, shaped otherwise


def test_size_and_network() -> None:
    source = RandomSource(3, "normal", (4, 3, 2), (True, False))
    assert (source.depth, source.size) == (2, 4 * 3 + 3 + 3 * 2)
    assert [source.has_bias(0), source.has_bias(1)] == [True, False]
    assert source.bias_vector(1) is None
    net = source.network()
    assert net.size == source.size
    assert [layer.activation for layer in net.layers] == ["relu", "identity"]
    np.testing.assert_array_equal(net.layers[1].weight, source.weight(1))


def test_matrices_that_do_not_feed_one_another() -> None:
    """Shapes instead of widths, numbers of biases of their own: the same bits as by widths."""
    source = RandomSource(3, "normal", ((3, 4), (6, 3), (2, 5)), (True, 2, False))
    plain = RandomSource(3, "normal", (4, 3, 2), (True, False))
    assert source.shapes == ((3, 4), (6, 3), (2, 5))
    assert [source.biases(layer) for layer in range(3)] == [3, 2, 0]
    assert source.size == 12 + 3 + 18 + 2 + 10
    np.testing.assert_array_equal(source.weight(0), plain.weight(0))
    np.testing.assert_array_equal(source.weight(1)[:2], plain.weight(1))
    np.testing.assert_array_equal(source.bias_vector(0), plain.bias_vector(0))
    bias = source.bias_vector(1)
    assert bias is not None
    assert bias.shape == (2,)
    np.testing.assert_array_equal(source.bias_rows(1, 1, 2), bias[1:])
    for layer, start, stop in ((1, 0, 3), (1, -1, 1), (2, 0, 0)):
        with pytest.raises(IndexError, match=f"biases {start}:{stop} do not exist in layer {layer}"):
            source.bias_rows(layer, start, stop)
    with pytest.raises(ValueError, match="do not feed one another; see shapes"):
        _ = source.widths
    with pytest.raises(ValueError, match="do not feed one another"):
        source.network()
    assert plain.widths == (4, 3, 2)
    assert plain == RandomSource(3, "normal", ((3, 4), (2, 3)), (3, 0))


def test_constructing_takes_no_memory_and_normalises() -> None:
    source = RandomSource(0, "uniform", [10**9, 10**9])  # type: ignore[arg-type]
    assert source.size == 10**18 + 10**9
    assert source.weight_rows(0, 10**9 - 1, 10**9 - 1).shape == (0, 10**9)
    assert source == RandomSource(np.int64(0), "uniform", (10**9, 10**9), (True,))  # type: ignore[arg-type]
    assert hash(source) == hash(RandomSource(0, "uniform", (10**9, 10**9)))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((-1, "uniform", (2, 2)), ValueError, "seed must be >= 0, got -1"),
        ((1.5, "uniform", (2, 2)), TypeError, "seed must be an integer >= 0, got 1.5"),
        ((True, "uniform", (2, 2)), TypeError, "seed must be an integer"),
        ((0, "cauchy", (2, 2)), ValueError, "unknown law 'cauchy'; choose one of .*'normal', .*'uniform'"),
        ((0, "uniform", (2,)), ValueError, r"widths must hold at least 2 numbers \(input and output\), got \(2,\)"),
        ((0, "uniform", (2, 0)), ValueError, r"widths\[1\] must be >= 1, got 0"),
        ((0, "uniform", (2, 2.0)), TypeError, r"widths\[1\] must be a positive integer, got 2.0"),
        ((0, "uniform", 2), TypeError, r"widths must be a sequence of positive integers such as \(64, 32, 10\), got 2"),
        ((0, "uniform", "22"), TypeError, "widths must be a sequence"),
        ((0, "uniform", (2, 2), (True, False)), ValueError, "one truth value for each of the 1 layers, got 2"),
        ((0, 3, (2, 2)), TypeError, "law must be a name such as 'uniform', got 3"),
        ((0, "uniform", (2, 2), (1.0,)), TypeError, "bias must be True, False or a sequence of these"),
        ((0, "uniform", (2, 2), (-1,)), TypeError, "bias must be True, False or a sequence of these"),
        ((0, "uniform", ((2, 2), (1, 2, 3))), ValueError, r"shapes must be \(d_out, d_in\) pairs"),
        ((0, "uniform", ((2, 0),)), ValueError, "d_in must be >= 1, got 0"),
        ((0, "uniform", ((2, 3), 4)), TypeError, r"widths\[0\] must be a positive integer"),
        ((0, "uniform", ()), ValueError, "widths must hold at least 2 numbers"),
        ((0, "uniform", (2, 2), None), TypeError, "bias must be True, False"),
    ],
)
def test_misuse(arguments: tuple[Any, ...], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        RandomSource(*arguments)


def test_misuse_of_parts() -> None:
    with pytest.raises(IndexError, match="layer 2 does not exist; choose one of 0 to 1"):
        WIDE.weight(2)
    with pytest.raises(IndexError, match="layer -1 does not exist"):
        WIDE.bias_vector(-1)
    for start, stop in ((-1, 3), (5, 3), (0, 301)):
        with pytest.raises(IndexError, match=rf"rows {start}:{stop} do not lie in layer 0; choose 0 <= start"):
            WIDE.weight_rows(0, start, stop)


def test_seed_from_everything_spec_7_names() -> None:
    assert seed_from(2**130) == 2**130
    assert seed_from(np.uint8(3)) == 3
    assert seed_from() != seed_from(None) < 2**128
    sequence = np.random.SeedSequence(9)
    assert seed_from(sequence) == seed_from(sequence) == seed_from(np.random.SeedSequence(9))
    assert seed_from(sequence) != seed_from(sequence.spawn(1)[0])
    generator, again = np.random.default_rng(9), np.random.default_rng(9)
    first = seed_from(generator)
    assert first == seed_from(again)
    assert first != seed_from(generator)
    assert 2**64 < first < 2**128


@pytest.mark.parametrize("rng", [1.0, "1", True, np.random.RandomState(0), [1, 2]])
def test_seed_from_anything_else(rng: Any) -> None:
    with pytest.raises(TypeError, match=r"rng must be an integer >= 0 \(or None, .*default_rng\), got"):
        seed_from(rng)


def test_seed_from_a_negative_int() -> None:
    with pytest.raises(ValueError, match="rng must be >= 0, got -3"):
        seed_from(-3)
