"""Settings of Faster R-CNN that cannot be built are refused with a way out, and never by a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from cfgtool.errors import UserError
from cfgtool.networks import describe
from cfgtool.schema import read_config
from cfgtool.schema.overrides import set_value
from cfgtool.textproto import apply_edits, parse

pytestmark = pytest.mark.reference

ROOT = "model.faster_rcnn."
HEAD = "second_stage_box_predictor.mask_rcnn_box_predictor."
CONTEXT = "context_config."
PLAIN = "oracle/golden/faster_rcnn_resnet50_v1.config"
MASKS = "oracle/golden/mask_rcnn_inception_resnet_v2.config"
RFCN = "corpus/configs_tf1/rfcn_resnet101_coco.config"


def described(shared: Path, name: str, *changes: str) -> int:
    """The number of variables under these changes."""
    text = (shared / name).read_text(encoding="utf-8")
    for change in changes:
        path, _, value = change.partition("=")
        text = apply_edits(text, set_value(parse(text), ROOT + path, value))
    return len(describe(read_config(parse(text))).variables)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (PLAIN, "number_of_stages=4", "'model.faster_rcnn.number_of_stages' is 4; write 1, 2 or 3"),
        (PLAIN, "number_of_stages=3", "asks for masks, which the box predictor does not predict"),
        (PLAIN, "num_classes=0", "model.faster_rcnn has no classes"),
        (PLAIN, "initial_crop_size=0", "initial_crop_size' is 0"),
        (PLAIN, "maxpool_stride=0", "maxpool_stride' is 0"),
        (PLAIN, "maxpool_kernel_size=15", "a max pool of 15 leaves nothing of a crop of 14"),
        (PLAIN, "first_stage_box_predictor_depth=0", "has kernels of 3, depth 0 and atrous rate 1"),
        (PLAIN, f"{HEAD}box_code_size=0", "box_code_size' is 0"),
        (PLAIN, f"{CONTEXT}attention_bottleneck_dimension=0", "of attention in 0 dimensions"),
        (PLAIN, f"{CONTEXT}attention_temperature=nan", "at temperature nan"),
        (PLAIN, f"{CONTEXT}num_attention_heads=2", "asks for what TF2 does not build"),
        (PLAIN, f"{CONTEXT}use_long_term_attention=false", "switches all attention off"),
        (MASKS, f"{HEAD}mask_height=0", "asks for masks of 0 x 33"),
        (MASKS, f"{HEAD}mask_prediction_conv_depth=-1", "mask_prediction_conv_depth' is -1"),
        (MASKS, f"{HEAD}mask_prediction_num_conv_layers=99999", "is more than any network has"),
        (
            MASKS,
            "feature_extractor.first_stage_features_stride=8",
            "cannot run at first_stage_features_stride 8",
        ),
        (MASKS, "feature_extractor.first_stage_features_stride=4", "write 8 or 16"),
        (RFCN, "number_of_stages=3", "cannot have the box predictor 'rfcn_box_predictor' in stage 3"),
        (
            RFCN,
            "second_stage_box_predictor.rfcn_box_predictor.crop_width=16",
            "a crop of 18 x 16 does not divide into 3 x 3 spatial bins",
        ),
    ],
)
def test_refused(shared: Path, name: str, change: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        described(shared, name, change)


def test_masks_smaller_than_their_features(shared: Path) -> None:
    changes = f"{HEAD}convolve_then_upsample_masks=true", f"{HEAD}mask_width=8"
    with pytest.raises(UserError, match="masks of 33 x 8 are smaller than the features of 9 x 9"):
        described(shared, MASKS, *changes)


def test_the_first_stage_alone_needs_nothing_of_the_second(shared: Path) -> None:
    changes = "number_of_stages=1", "initial_crop_size=0", "num_classes=0"
    assert described(shared, PLAIN, *changes) == 221
