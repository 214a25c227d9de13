"""Anchors: bit-equal to the OD API's, and refused where they cannot fit the network."""

from __future__ import annotations

import numpy as np
import pytest

from cfgtool.errors import UserError
from cfgtool.training.targets.anchors import anchors_per_location, generate_anchors


@pytest.mark.reference
def test_recorded_anchors_are_reproduced_bit_for_bit(golden):
    for case in golden.cases("anchors"):
        config = case.config("AnchorGenerator")
        shapes = [tuple(shape) for shape in case.params["feature_map_shapes"]]
        anchors = generate_anchors(config, shapes, tuple(case.params["image_height_width"]))
        assert anchors.dtype == np.float32, case.id
        np.testing.assert_array_equal(anchors, case.outputs["anchors"], err_msg=case.id)
        assert anchors_per_location(config) == case.outputs["per_location"].tolist(), case.id


def test_cells_are_ordered_rows_first_and_share_the_image_out(message):
    config = message(
        "AnchorGenerator", "ssd_anchor_generator { num_layers: 2 scales: [0.5, 0.5] aspect_ratios: 1 }"
    )
    anchors = generate_anchors(config, [(1, 1), (1, 2)], (100, 100))
    assert anchors_per_location(config) == [3, 2]
    np.testing.assert_allclose(anchors[3], [0.25, 0.0, 0.75, 0.5])
    np.testing.assert_allclose(anchors[5], [0.25, 0.5, 0.75, 1.0])


def test_pyramid_offset_depends_on_divisibility_by_the_stride(message):
    text = "multiscale_anchor_generator { min_level: 3 max_level: 3 anchor_scale: 1"
    text += " aspect_ratios: 1 scales_per_octave: 1"
    pixels = message("AnchorGenerator", text + " normalize_coordinates: false }")
    np.testing.assert_allclose(generate_anchors(pixels, [(1, 1)], (16, 12))[0], [0.0, -4.0, 8.0, 4.0])
    fractions = message("AnchorGenerator", text + " }")
    np.testing.assert_allclose(generate_anchors(fractions, [(1, 1)], (16, 16))[0], [0.0, 0.0, 0.5, 0.5])


@pytest.mark.parametrize(
    ("text", "maps", "said"),
    [
        ("", 1, "chooses no generator"),
        ("ssd_anchor_generator { num_layers: 1 aspect_ratios: 1 }", 1, "num_layers' is '1'"),
        ("ssd_anchor_generator { num_layers: 3 scales: [0.1, 0.2] }", 3, "has 2 values for 3 feature maps"),
        ("ssd_anchor_generator { num_layers: 2 height_stride: 8 }", 2, "height_stride' has 1 values"),
        ("ssd_anchor_generator { }", 5, "for 6 feature maps, but the network has 5"),
        ("multiscale_anchor_generator { }", 3, "for 5 feature maps, but the network has 3"),
        (
            "flexible_grid_anchor_generator { anchor_grid { base_sizes: 1 } }",
            1,
            "1 base_sizes and 0 aspect_ratios",
        ),
    ],
)
def test_generators_that_do_not_fit_are_refused(message, text, maps, said):
    with pytest.raises(UserError, match=said):
        generate_anchors(message("AnchorGenerator", text), [(2, 2)] * maps, (64, 64))
