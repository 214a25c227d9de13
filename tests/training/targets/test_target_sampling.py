"""Balanced minibatches: how many of which kind, and what decides it."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.training.targets import sampling
from cfgtool.training.targets.sampling import BalancedSampler, in_place_order

POSITIVE = tf.constant([[True] * 6 + [False] * 14, [False] * 20])
CANDIDATES = tf.constant([[True] * 4 + [False] * 4 + [True] * 12, [True] * 3 + [False] * 17])


def chosen(sample: sampling.Sample, image: int) -> list[int]:
    return sample.indices[image].numpy()[sample.chosen[image].numpy()].tolist()


def test_a_share_of_positives_and_negatives_that_fill_up():
    sample = BalancedSampler(8, 0.25).select(POSITIVE, CANDIDATES, tf.constant([1, 2]))
    assert sample.indices.shape == (2, 8)
    first = chosen(sample, 0)
    assert len(set(first)) == 8
    assert sum(index < 4 for index in first) == 2, "of the four positives that may be chosen"
    assert all(index >= 8 for index in first[2:])
    assert sorted(chosen(sample, 1)) == [0, 1, 2], "all that there are"
    assert sample.indices[1].numpy()[3:].tolist() == [0] * 5


@pytest.mark.parametrize("size", [1, 7, 40])
@pytest.mark.parametrize("fraction", [0.0, 0.5, 1.0])
def test_counts(size, fraction):
    sample = BalancedSampler(size, fraction).select(POSITIVE, CANDIDATES, tf.constant([0, 0]))
    positives = min(int(size * fraction), 4)
    assert len(chosen(sample, 0)) == positives + min(size - positives, 12)
    assert len(chosen(sample, 1)) == min(size, 3)


def test_the_seed_alone_decides():
    sampler = BalancedSampler(4, 0.5)
    found = [
        sampler.select(POSITIVE, CANDIDATES, tf.constant([seed, 0])).indices.numpy() for seed in (1, 1, 2, 3)
    ]
    np.testing.assert_array_equal(found[0], found[1])
    assert any((other != found[0]).any() for other in found[2:])


def test_every_candidate_is_chosen_as_often():
    sampler = BalancedSampler(6, 0.5)
    counts = np.zeros(20, int)
    for seed in range(300):
        counts[chosen(sampler.select(POSITIVE, CANDIDATES, tf.constant([seed, 7])), 0)] += 1
    assert counts[4:8].sum() == 0
    assert (np.abs(counts[:4] - 225) < 45).all()
    assert (np.abs(counts[8:] - 75) < 35).all()


def test_the_first_come_first_in_a_given_order(monkeypatch):
    monkeypatch.setattr(sampling, "random_order", lambda shape, seed: tf.zeros(shape))
    sample = BalancedSampler(5, 0.5).select(POSITIVE, CANDIDATES, tf.constant([0, 0]))
    assert chosen(sample, 0) == [0, 1, 8, 9, 10]


def test_a_sample_by_rising_index():
    sample = in_place_order(
        sampling.Sample(tf.constant([[5, 2, 0, 9]]), tf.constant([[True, True, False, True]]))
    )
    assert chosen(sample, 0) == [2, 5, 9]
    assert sample.chosen.numpy().tolist() == [[True, True, True, False]]
