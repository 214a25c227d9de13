"""Anchors of the first stage: clipped or dropped, laid out before or while the graph runs."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from cfgtool.schema import read_config
from cfgtool.textproto import parse
from cfgtool.training.detectors.faster_rcnn.anchors import ProposalAnchors

GRID = "grid_anchor_generator { height: 32 width: 32 scales: [0.5, 2.0] aspect_ratios: [1.0, 0.5] }"
PYRAMID = "multiscale_anchor_generator { min_level: 3 max_level: 4 aspect_ratios: [1, 2, 0.5] normalize_coordinates: false }"


def anchors(generator: str, more: str = "") -> ProposalAnchors:
    text = f"model {{ faster_rcnn {{ first_stage_anchor_generator {{ {generator} }} {more} }} }}"
    return ProposalAnchors(read_config(parse(text)).find("model.faster_rcnn"))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("clips", ["", "clip_anchors_to_image: true"])
@pytest.mark.parametrize(("generator", "maps"), [(GRID, [(3, 5)]), (PYRAMID, [(6, 10), (3, 5)])])
def test_sizes_that_only_the_graph_knows_give_the_same(generator, maps, clips, training):
    made = anchors(generator, clips)
    want = made.of((48, 70), maps, training=training)

    @tf.function(input_signature=[tf.TensorSpec([2], tf.int32)] * (len(maps) + 1))
    def laid_out(image, *sizes):
        kept = made.of(image, sizes, training=training)
        return kept.boxes, tf.constant(0) if kept.indices is None else kept.indices

    boxes, indices = laid_out(tf.constant([48, 70]), *map(tf.constant, maps))
    np.testing.assert_array_equal(boxes, want.boxes)
    if want.indices is not None:
        np.testing.assert_array_equal(indices, want.indices)
    assert want.boxes.shape.is_fully_defined()


def test_what_crosses_the_border_is_dropped_in_training():
    kept = anchors(GRID).of((48, 80), [(3, 5)], training=True)
    boxes = kept.boxes.numpy()
    assert 0 < len(boxes) < 60
    assert boxes.min() >= 0
    assert (boxes[:, 2:] <= [48, 80]).all()
    predictions = tf.reshape(tf.range(60), [1, 60])
    np.testing.assert_array_equal(kept.of(predictions)[0], kept.indices)


def test_what_crosses_the_border_is_clipped_where_asked_for_and_in_inference():
    for kept in (
        anchors(GRID, "clip_anchors_to_image: true").of((48, 80), [(3, 5)], training=True),
        anchors(GRID).of((48, 80), [(3, 5)], training=False),
    ):
        assert kept.indices is None
        assert kept.boxes.shape == (60, 4)
        assert kept.boxes.numpy().min() == 0.0
        assert (kept.boxes.numpy()[:, 2:] <= [48, 80]).all()


def test_what_lies_outside_is_dropped_in_inference():
    """A pyramid pads images to multiples of its strides."""
    kept = anchors(PYRAMID).of((40, 8), [(8, 8), (4, 4)], training=False)
    assert kept.indices is not None
    boxes = kept.boxes.numpy()
    assert len(boxes) < 8 * 8 * 6 + 4 * 4 * 6
    assert ((boxes[:, 2:] - boxes[:, :2]).min(axis=1) > 0).all()
