"""What of a `FasterRcnn` message is refused, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.data.sources import readers

if TYPE_CHECKING:
    from cfgtool.schema import Config


def unsupported(config: Config) -> list[str]:
    """What a `FasterRcnn` message asks for that is not done here: one sentence each, with the path of the field."""
    return [
        *_anchor_problems(config.message("first_stage_anchor_generator")),
        *_refused(config),
        *_stage_problems(config),
        *_loss_problems(config),
        *_mask_problems(config),
    ]


def _anchor_problems(config: Config) -> list[str]:
    """Anchors that are not in the unit of the boxes."""
    kind = config.which("anchor_generator_oneof")
    if kind is None or kind == "grid_anchor_generator":
        return []
    generator = config.message(kind)
    if kind == "ssd_anchor_generator":
        return [f"'{generator.path}' makes anchors as fractions of the image, Faster R-CNN needs pixels"]
    if generator.flag("normalize_coordinates"):
        return [
            f"'{generator.path}.normalize_coordinates' must be false: Faster R-CNN needs anchors in pixels"
        ]
    return []


def _refused(config: Config) -> list[str]:
    """Fields that are set to something that has no counterpart here."""
    if config.flag("inplace_batchnorm_update"):
        return [
            f"'{config.path}.inplace_batchnorm_update' must be false: the OD API does not support it either"
        ]
    return []


def _stage_problems(config: Config) -> list[str]:
    problems: list[str] = []
    if config.integer("number_of_stages") == 1:
        return problems
    if config.message("second_stage_box_predictor").which("box_predictor_oneof") == "rfcn_box_predictor":
        problems += [
            f"'{config.path}.{name}' is not supported: R-FCN makes no features of single boxes"
            for name in ("output_final_box_features", "output_final_box_rpn_features")
            if config.flag(name)
        ]
    nms = config.message("second_stage_post_processing").message("batch_non_max_suppression")
    if nms.flag("use_combined_nms"):
        problems.append(
            f"'{nms.path}.use_combined_nms' is not supported: it cannot tell proposals from their padding"
        )
    return problems


def _loss_problems(config: Config) -> list[str]:
    loss = config.message("second_stage_classification_loss")
    if loss.which("classification_loss") == "weighted_dice_classification_loss":
        return [f"'{loss.path}.weighted_dice_classification_loss' is not supported: it is no loss of one box"]
    return []


def _mask_problems(config: Config) -> list[str]:
    """Readers that do not load the masks that are learnt."""
    if config.integer("number_of_stages") != 3:
        return []
    return [
        f"'{reader.path}.load_instance_masks' must be true: the third stage learns masks"
        for reader in readers(config.root)
        if not reader.flag("load_instance_masks")
    ]
