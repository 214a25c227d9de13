"""What of an `Ssd` message is refused, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.data.sources import readers

if TYPE_CHECKING:
    from cfgtool.schema import Config


def unsupported(config: Config) -> list[str]:
    """What an `Ssd` message asks for that is not done here: one sentence each, with the path of the field."""
    loss = config.message("loss")
    problems = [
        f"'{field.path}.{name}' is not supported: {why}" for field, name, why in _refused(config, loss)
    ]
    problems += _background_problems(config) + _loss_problems(config, loss)
    return problems + _keypoint_problems(config) + _anchor_problems(config.message("anchor_generator"))


def _refused(config: Config, loss: Config) -> list[tuple[Config, str, str]]:
    """Fields that are set to something that has no counterpart here: message, name, reason."""
    weight = loss.message("equalization_loss").number("weight")
    checks = [
        (loss, "equalization_loss", weight != 0.0, "the OD API has no such loss, whatever the field says"),
        (
            config,
            "mask_head_config",
            config.has("mask_head_config"),
            "the OD API never built this head, SSD has no masks",
        ),
    ]
    return [(message, name, why) for message, name, asked, why in checks if asked]


def _background_problems(config: Config) -> list[str]:
    implied, labelled = config.flag("add_background_class"), config.flag("explicit_background_class")
    path = config.path
    problems = []
    if labelled and implied:
        problems.append(f"'{path}.explicit_background_class' needs 'add_background_class: false'")
    if labelled and config.flag("use_confidences_as_targets"):
        problems.append(
            f"'{path}.explicit_background_class' cannot be combined with use_confidences_as_targets: "
            "the background has no confidence"
        )
    if not implied and not labelled and not config.flag("encode_background_as_zeros"):
        problems.append(f"'{path}.encode_background_as_zeros' must be true without a background class")
    return problems


def _loss_problems(config: Config, loss: Config) -> list[str]:
    classification = loss.message("classification_loss").which("classification_loss")
    dice = classification == "weighted_dice_classification_loss"
    problems = []
    if loss.has("hard_example_miner"):
        if classification == "weighted_sigmoid_focal" or dice:
            problems.append(f"'{loss.path}.hard_example_miner' cannot be combined with {classification}")
        if loss.enum("expected_loss_weights") != "NONE":
            problems.append(f"'{loss.path}.expected_loss_weights' switches off hard_example_miner: drop one")
    if dice and loss.enum("expected_loss_weights") != "NONE":
        problems.append(f"'{loss.path}.expected_loss_weights' cannot be combined with {classification}")
    coder = config.message("box_coder").which("box_coder_oneof")
    overlap = loss.message("localization_loss").which("localization_loss")
    if coder == "keypoint_box_coder" and overlap in ("weighted_iou", "weighted_giou"):
        problems.append(f"'{loss.path}.localization_loss.{overlap}' says nothing about keypoints")
    return problems


def _keypoint_problems(config: Config) -> list[str]:
    """Readers that do not load what the box coder codes."""
    coder = config.message("box_coder")
    if coder.which("box_coder_oneof") != "keypoint_box_coder":
        return []
    wanted = coder.message("keypoint_box_coder").integer("num_keypoints")
    return [
        f"'{reader.path}.num_keypoints' is '{reader.integer('num_keypoints')}', the box coder needs '{wanted}'"
        for reader in readers(config.root)
        if reader.integer("num_keypoints") != wanted
    ]


def _anchor_problems(config: Config) -> list[str]:
    """Anchors that are not in the unit of the boxes."""
    kind = config.which("anchor_generator_oneof")
    if kind is None or kind == "ssd_anchor_generator":
        return []
    generator = config.message(kind)
    if kind != "grid_anchor_generator" and generator.flag("normalize_coordinates"):
        return []
    return [f"'{generator.path}' makes anchors in pixels, but boxes of SSD are fractions of the image"]
