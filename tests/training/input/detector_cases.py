"""Configs of the other architectures on the records of `full_records`: what the OD API was asked, and what we are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import full_records

DEMO = Path(__file__).resolve().parents[3] / "fixtures" / "demo"
WINDOW = (0.125, 0.25, 0.75, 0.875)
"""The window of every random crop."""


@dataclass(frozen=True)
class Case:
    """`demo` names the config of `fixtures/demo`, whose readers are replaced; the rest is merged into it.

    `batch_size` examples are asked for at a time, `batches` times: the OD API stops at images without any DensePose
    points. `sequences`: of the records that hold frames; `tall`: the first image is higher than the others.
    """

    demo: str
    reader: str = ""
    model: str = ""
    augment: str = ""
    evaluation: bool = False
    sequences: bool = False
    batch_size: int = 1
    batches: int = 3
    tall: bool = False

    def write(self, folder: Path) -> tuple[Path, Path]:
        """The records, and the label map."""
        if self.sequences:
            return full_records.write_sequences(folder)
        return full_records.write(folder, full_records.tall_image() if self.tall else None)

    def text(self, record: Path, label_map: Path) -> str:
        """The whole config."""
        base = (DEMO / f"{self.demo}.config").read_text(encoding="utf-8")
        base = re.sub(
            r"^(train_input_reader|eval_input_reader|train_config|eval_config) \{.*?^\}\n",
            "",
            base,
            flags=re.S | re.M,
        )
        base = base.replace("../shapes/", f"{DEMO.parent / 'shapes'}/")
        reader = (
            f'label_map_path: "{label_map}" shuffle: false max_number_of_boxes: 6 {self.reader}'
            f' tf_record_input_reader {{ input_path: "{record}" }}'
        )
        kind = "center_net" if self.demo == "center_net" else "faster_rcnn"
        return (
            f"{base}\nmodel {{ {kind} {{ {self.model} }} }}\n"
            f"train_config {{ batch_size: {self.batch_size} {self.augment} }}\n"
            f"train_input_reader {{ {reader} }}\neval_config {{ batch_size: {self.batch_size} }}\n"
            f"eval_input_reader {{ {reader} }}\n"
        )


_SIDES = "image_resizer { fixed_shape_resizer { height: 32 width: 48 } }"
_PADDED = "image_resizer { keep_aspect_ratio_resizer { min_dimension: 24 max_dimension: 48 pad_to_max_dimension: true } }"
_FREE = "image_resizer { keep_aspect_ratio_resizer { min_dimension: 30 max_dimension: 48 } }"
_ALL = (
    "load_instance_masks: true mask_type: PNG_MASKS num_keypoints: 3 keypoint_type_weight: [1, 2, 3]"
    " load_keypoint_depth_features: true load_dense_pose: true load_track_id: true"
)
_CONTEXT = "context_config { max_num_context_features: 2 context_feature_length: 4 }"
_CROP = "data_augmentation_options { random_crop_image { overlap_thresh: 0.2 random_coef: 0 } }"
_FLIP = "data_augmentation_options { random_horizontal_flip { keypoint_flip_permutation: [1, 0, 2] probability: 1 } }"
_MASKS = "mask_estimation_task { }"

CASES = {
    "everything": Case("center_net", _ALL, _SIDES + _MASKS, batches=2),
    "everything evaluated": Case("center_net", _ALL, _SIDES + _MASKS, evaluation=True, batches=2),
    "everything padded": Case("center_net", _ALL, _PADDED + _MASKS, batches=2),
    "everything cropped": Case("center_net", _ALL, _SIDES + _MASKS, _CROP, batches=2),
    "no DensePose points": Case("center_net", "load_dense_pose: true num_keypoints: 3", _SIDES),
    "depths flipped": Case(
        "center_net", "num_keypoints: 3 load_keypoint_depth_features: true", _SIDES, _FLIP
    ),
    "DensePose flipped": Case("center_net", "load_dense_pose: true num_keypoints: 3", _SIDES, _FLIP),
    "depths without keypoints": Case("center_net", "load_keypoint_depth_features: true", _SIDES),
    "context": Case("faster_rcnn", "load_context_features: true", _SIDES + _CONTEXT),
    "context evaluated": Case(
        "faster_rcnn", "load_context_features: true", _SIDES + _CONTEXT, evaluation=True
    ),
    "context without a model for it": Case(
        "center_net", "load_context_features: true num_keypoints: 3", _SIDES
    ),
    "sizes left free": Case("faster_rcnn", "load_instance_masks: true mask_type: PNG_MASKS", _FREE),
    "sizes left free, together": Case("faster_rcnn", "", _FREE, batch_size=2, batches=1, tall=True),
    "sizes left free evaluated": Case("faster_rcnn", "", _FREE, evaluation=True, tall=True),
    "frames": Case("faster_rcnn", "input_type: TF_SEQUENCE_EXAMPLE frame_index: 0", _SIDES, sequences=True),
    "frames with context": Case(
        "faster_rcnn",
        "input_type: TF_SEQUENCE_EXAMPLE load_context_features: true frame_index: 0",
        _SIDES + _CONTEXT,
        sequences=True,
    ),
    "frames evaluated": Case(
        "faster_rcnn",
        "input_type: TF_SEQUENCE_EXAMPLE load_context_features: true",
        _SIDES + _CONTEXT,
        evaluation=True,
        sequences=True,
    ),
    "frames with context ids": Case(
        "faster_rcnn",
        "input_type: TF_SEQUENCE_EXAMPLE load_context_image_ids: true frame_index: 0",
        _SIDES,
        sequences=True,
    ),
}
