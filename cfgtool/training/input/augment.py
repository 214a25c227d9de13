"""`train_config.data_augmentation_options`: the table of steps, and building them from a config."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cfgtool.schema import Config
from cfgtool.training.input import autoaugment, colour, crops, geometry
from cfgtool.training.input.densepose import symmetry_problem
from cfgtool.training.input.draws import Draws
from cfgtool.training.input.example import Example, Step

STEPS: dict[str, Callable[[Config], Step]] = {
    "adjust_gamma": colour.adjust_gamma,
    "autoaugment_image": autoaugment.autoaugment_image,
    "convert_class_logits_to_softmax": colour.convert_class_logits_to_softmax,
    "drop_label_probabilistically": geometry.drop_label_probabilistically,
    "normalize_image": colour.normalize_image,
    "random_absolute_pad_image": geometry.random_absolute_pad_image,
    "random_adjust_brightness": colour.random_adjust_brightness,
    "random_adjust_contrast": colour.random_adjust_contrast,
    "random_adjust_hue": colour.random_adjust_hue,
    "random_adjust_saturation": colour.random_adjust_saturation,
    "random_black_patches": colour.random_black_patches,
    "random_crop_image": crops.random_crop_image,
    "random_crop_pad_image": crops.random_crop_pad_image,
    "random_crop_to_aspect_ratio": crops.random_crop_to_aspect_ratio,
    "random_distort_color": colour.random_distort_color,
    "random_downscale_to_target_pixels": geometry.random_downscale_to_target_pixels,
    "random_horizontal_flip": geometry.random_horizontal_flip,
    "random_image_scale": geometry.random_image_scale,
    "random_jitter_boxes": geometry.random_jitter_boxes,
    "random_jpeg_quality": colour.random_jpeg_quality,
    "random_pad_image": geometry.random_pad_image,
    "random_patch_gaussian": colour.random_patch_gaussian,
    "random_pixel_value_scale": colour.random_pixel_value_scale,
    "random_resize_method": geometry.random_resize_method,
    "random_rgb_to_gray": colour.random_rgb_to_gray,
    "random_rotation90": geometry.random_rotation90,
    "random_scale_crop_and_pad_to_square": crops.random_scale_crop_and_pad_to_square,
    "random_self_concat_image": geometry.random_self_concat_image,
    "random_square_crop_by_scale": crops.random_square_crop_by_scale,
    "random_vertical_flip": geometry.random_vertical_flip,
    "remap_labels": geometry.remap_labels,
    "resize_image": geometry.resize_image,
    "rgb_to_gray": colour.rgb_to_gray,
    "scale_boxes_to_pixel_coordinates": geometry.scale_boxes_to_pixel_coordinates,
    "ssd_random_crop": crops.ssd_random_crop,
    "ssd_random_crop_fixed_aspect_ratio": crops.ssd_random_crop_fixed_aspect_ratio,
    "ssd_random_crop_pad": crops.ssd_random_crop_pad,
    "ssd_random_crop_pad_fixed_aspect_ratio": crops.ssd_random_crop_pad_fixed_aspect_ratio,
    "subtract_channel_mean": colour.subtract_channel_mean,
}
"""`PreprocessingStep` member -> builder of the step."""

ONEOF = "preprocessing_step"


def augmentation(train_config: Config) -> Step:
    """All configured steps in order, as one; those that `augmentation_problems` names cannot be built.

    Boxes that a step turned into pixels are turned back at once: all that comes later takes fractions.
    """
    steps: list[Step] = []
    for option in train_config.messages("data_augmentation_options"):
        name = option.which(ONEOF)
        if name is not None:
            steps.append(STEPS[name](option.message(name)))
        if name == "scale_boxes_to_pixel_coordinates":
            steps.append(lambda example, _: geometry.in_fractions(example))

    def step(example: Example, draws: Draws) -> Example:
        for inner in steps:
            example = inner(example, draws)
        return example

    return step


def augmentation_problems(
    train_config: Config, *, channels: int = 3, keypoints: int = 0, dense_pose: bool = False
) -> Iterator[tuple[str, str]]:
    """(field path, what is wrong) for each step that cannot be carried out as configured.

    `channels` of an image, `keypoints` of an object and DensePose points are what the reader loads.
    """
    for option in train_config.messages("data_augmentation_options"):
        name = option.which(ONEOF)
        if name is None:
            yield option.path, "no step is chosen"
        elif name not in STEPS:
            yield f"{option.path}.{name}", f"augmentation '{name}' is not supported"
        else:
            step = option.message(name)
            for message in _value_problems(name, step):
                yield step.path, message
            for message in _length_problems(step, channels, keypoints):
                yield step.path, message
            if dense_pose and (problem := _dense_pose_problem(name)):
                yield step.path, problem


def _dense_pose_problem(name: str) -> str | None:
    """Why a step cannot be done to DensePose points."""
    if name == "autoaugment_image":
        return (
            "'autoaugment_image' mirrors single objects, of whose DensePose surfaces it knows no mirror image"
        )
    return symmetry_problem() if name in ("random_horizontal_flip", "random_vertical_flip") else None


def _value_problems(name: str, step: Config) -> Iterator[str]:
    """Values with which a step cannot run or means nothing."""
    if name == "autoaugment_image" and step.text("policy_name") not in autoaugment.POLICIES:
        yield f"policy_name '{step.text('policy_name')}' is none of {', '.join(autoaugment.POLICIES)}"
    if name == "normalize_image" and step.number("original_minval") == step.number("original_maxval"):
        yield "'original_minval' and 'original_maxval' are equal"
    if name == "random_distort_color" and step.integer("color_ordering") not in (0, 1):
        yield f"color_ordering '{step.integer('color_ordering')}' is neither 0 nor 1"
    if name == "resize_image" and not (step.integer("new_height") > 0 and step.integer("new_width") > 0):
        yield "'new_height' and 'new_width' must be positive"
    if name == "random_pad_image" and step.has("min_image_height") != step.has("min_image_width"):
        yield "'min_image_height' and 'min_image_width' must be set together"
    if name == "random_pad_image" and step.has("max_image_height") != step.has("max_image_width"):
        yield "'max_image_height' and 'max_image_width' must be set together"
    for holder in (step, *(step.messages("operations") if "operations" in step.type.fields else ())):
        yield from _range_problems(holder)


def _length_problems(step: Config, channels: int, keypoints: int) -> Iterator[str]:
    """Lists that do not have one value for each of what they are about."""
    fields = step.type.fields
    if "means" in fields and len(step.numbers("means")) != channels:
        yield f"'means' has {len(step.numbers('means'))} values, one per channel is needed, {channels}"
    if "pad_color" in fields and len(step.numbers("pad_color")) not in (0, 3):
        yield f"'pad_color' has {len(step.numbers('pad_color'))} values, one per channel is needed"
    for field in ("keypoint_flip_permutation", "keypoint_rot_permutation"):
        order = step.integers(field) if field in fields else []
        if keypoints and order and sorted(order) != list(range(keypoints)):
            yield f"'{field}' must hold each of the numbers 0 to {keypoints - 1} once, as num_keypoints is '{keypoints}'"


def _range_problems(step: Config) -> Iterator[str]:
    """Lower bounds above upper ones, and crops of no size (the fields of `operations` are 0 when unset)."""
    fields = step.type.fields
    if "min_aspect_ratio" in fields and step.number("min_aspect_ratio") <= 0:
        yield f"min_aspect_ratio '{step.number('min_aspect_ratio'):g}' must be positive"
    if "min_area" in fields and step.number("min_area") <= 0:
        yield f"min_area '{step.number('min_area'):g}' must be positive"
    if "max_area" in fields and step.number("max_area") > 1:
        yield f"max_area '{step.number('max_area'):g}' is more than the whole image, 1"
    for low in step.type.fields:
        high = low.replace("min", "max", 1)
        if high == low or high not in fields or "image" in low or "ratio_" in low:
            continue
        kind = step.type.fields[low].kind
        if step.type.fields[low].single and kind in ("float", "int32") and step.value(low) > step.value(high):
            yield f"{low} '{step.value(low):g}' is above {high} '{step.value(high):g}'"
