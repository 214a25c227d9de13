"""The plain anchor sizes of `networks` are those of the anchors that are trained with."""

from __future__ import annotations

import numpy as np
import pytest

from cfgtool.errors import UserError
from cfgtool.networks.anchor_shapes import anchor_sizes
from cfgtool.training.targets.anchors import anchors_per_location, generate_anchors

IN_PIXELS = ("grid_anchor_generator", "flexible_grid_anchor_generator")


def compare(config, image_shape, maps):
    """Lay the anchors out on 1 x 1 maps and compare their heights and widths, in pixels."""
    levels = anchor_sizes(config, image_shape)
    assert [len(level) for level in levels] == anchors_per_location(config)
    assert len(levels) == maps
    boxes = generate_anchors(config, [(1, 1)] * maps, image_shape).astype(np.float64)
    sizes = np.stack([boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]], axis=1)
    kind = config.which("anchor_generator_oneof")
    fractions = kind == "ssd_anchor_generator" or (
        kind != "grid_anchor_generator" and config.message(kind).flag("normalize_coordinates")
    )
    if fractions:
        sizes *= image_shape
    ours = np.array([size for level in levels for size in level]).reshape(-1, 2)
    np.testing.assert_allclose(ours, sizes, rtol=2e-5)


CASES = [
    ("ssd_anchor_generator { aspect_ratios: [1, 2, 0.5, 3, 0.3333] }", 6),
    ("ssd_anchor_generator { aspect_ratios: [1, 2] reduce_boxes_in_lowest_layer: false }", 6),
    ("ssd_anchor_generator { num_layers: 3 scales: [0.1, 0.5, 0.7] aspect_ratios: 1 base_anchor_height: 0.5 }", 3),
    ("ssd_anchor_generator { num_layers: 2 min_scale: 0.1 aspect_ratios: 1 interpolated_scale_aspect_ratio: 0 }", 2),
    ("multiscale_anchor_generator { aspect_ratios: [1, 2, 0.5] scales_per_octave: 3 }", 5),
    ("multiscale_anchor_generator { min_level: 4 max_level: 5 anchor_scale: 3 aspect_ratios: 0.7 normalize_coordinates: false }", 2),
    ("grid_anchor_generator { scales: [0.25, 1, 2] aspect_ratios: [0.5, 1] }", 1),
    ("grid_anchor_generator { height: 100 width: 50 scales: 1 aspect_ratios: 1 }", 1),
    ("flexible_grid_anchor_generator { anchor_grid { base_sizes: [8, 16] aspect_ratios: [1, 2] } anchor_grid { base_sizes: 90 aspect_ratios: 0.5 } }", 2),
]  # fmt: skip


@pytest.mark.parametrize(("text", "maps"), CASES)
@pytest.mark.parametrize("image_shape", [(300, 300), (320, 640), (611, 223)])
def test_sizes_are_those_of_the_trainer(message, text, maps, image_shape):
    compare(message("AnchorGenerator", text), image_shape, maps)


@pytest.mark.reference
def test_recorded_anchors_have_these_sizes(golden):
    for case in golden.cases("anchors"):
        shape = tuple(case.params["image_height_width"])
        compare(case.config("AnchorGenerator"), shape, len(case.params["feature_map_shapes"]))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "chooses no generator"),
        ("ssd_anchor_generator { num_layers: 1 }", "no scales lie between"),
        ("ssd_anchor_generator { num_layers: 2000000000 }", "more than 64 is a mistake"),
        ("ssd_anchor_generator { min_scale: -1 }", "below 0"),
        ("multiscale_anchor_generator { max_level: 5000 }", "more than 64 is a mistake"),
        ("multiscale_anchor_generator { scales_per_octave: 5000 }", "more than 64 is a mistake"),
        ("grid_anchor_generator { aspect_ratios: -1 scales: 1 }", "an aspect ratio of '-1' is not allowed"),
        (
            "flexible_grid_anchor_generator { anchor_grid { base_sizes: 1 } }",
            "1 base_sizes and 0 aspect_ratios",
        ),
    ],
)
def test_generators_that_cannot_work(message, text, said):
    with pytest.raises(UserError, match=said):
        anchor_sizes(message("AnchorGenerator", text), (64, 64))
