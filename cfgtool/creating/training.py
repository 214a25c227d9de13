"""`train_config`, `eval_config` and the readers of a new config."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.creating.blocks import Block, number, quoted
from cfgtool.creating.keypoints import mirrored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cfgtool.creating.found import Found
    from cfgtool.creating.keypoints import Pose
    from cfgtool.creating.recipes import Practice
    from cfgtool.creating.schedule import Schedule
    from cfgtool.creating.sizing import Input

SHUFFLED_BYTES = 1 << 30
"""What the records that wait to be drawn may take."""
SHUFFLE_BUFFER = 2048
BOXES = 100
"""The schema's own limit of boxes in an image."""


class Start(NamedTuple):
    """Where weights come from: a checkpoint and its restore type, and what that restores."""

    checkpoint: str
    type: str
    told: str


class Learned(NamedTuple):
    """Which annotations beside boxes the network learns: masks, and keypoints of these poses."""

    masks: bool
    poses: tuple[Pose, ...]


def train_config(
    practice: Practice,
    batch: int,
    schedule: Schedule,
    size: Input,
    start: Start | None,
    flips: Block | None,
    why: str,
    mark: str = "",
) -> Block:
    """The training: batch, start, augmentation, optimizer. `flips` is the step that mirrors, None without; `mark` a
    comment behind the batch size.
    """
    return Block(
        "train_config",
        f"batch_size: {batch}{mark}",
        f"num_steps: {schedule.steps}",
        *(_start(start) if start is not None else ()),
        *_augmentation(practice, size, flips),
        _optimizer(practice, schedule),
        f"gradient_clipping_by_norm: {number(practice.clip)}" if practice.clip else None,
        why=why,
    )


def _start(start: Start) -> list[Block | str]:
    return [
        f"# {start.told}",
        f"fine_tune_checkpoint: {quoted(start.checkpoint)}",
        f'fine_tune_checkpoint_type: "{start.type}"',
        "fine_tune_checkpoint_version: V2",
    ]


def flips_for(found: Found, learned: Learned) -> Block | None:
    """The step that mirrors images; None where nobody can tell which keypoints change places in a mirror."""
    if not learned.poses:
        return Block("random_horizontal_flip")
    order = mirrored(learned.poses, found.keypoints)
    if order is None:
        return None
    return Block("random_horizontal_flip", f"keypoint_flip_permutation: [{', '.join(map(str, order))}]")


def _augmentation(practice: Practice, size: Input, flips: Block | None) -> list[Block]:
    steps = [flips] if flips is not None else []
    steps += {
        "flip": [],
        "crop": [_crop()],
        "ssd_crop": [Block("ssd_random_crop")],
        "scale_to_square": [Block("random_scale_crop_and_pad_to_square", f"output_size: {size.longer}")],
        "crop_and_colours": [
            Block("random_crop_image", "min_aspect_ratio: 0.5", "max_aspect_ratio: 1.7", "random_coef: 0.25"),
            *map(Block, ("random_adjust_hue", "random_adjust_contrast")),
            *map(Block, ("random_adjust_saturation", "random_adjust_brightness")),
        ],
    }[practice.augmentation]
    blocks = [Block("data_augmentation_options", step) for step in steps]
    if blocks:
        blocks[0].why = (
            "Every image is seen changed each time. Take out what your objects do not survive: text, for example, must "
            "not be mirrored. `cfgtool preview` shows the result."
        )
    return blocks


def _crop() -> Block:
    return Block(
        "random_crop_image",
        "min_object_covered: 0.0",
        "max_aspect_ratio: 3.0",
        "min_area: 0.75",
        "overlap_thresh: 0.0",
    )


def _optimizer(practice: Practice, schedule: Schedule) -> Block:
    rates = Block(
        "learning_rate",
        Block(
            "cosine_decay_learning_rate",
            f"learning_rate_base: {number(schedule.rate)}",
            f"total_steps: {schedule.steps}",
            f"warmup_learning_rate: {number(schedule.warmup_rate)}",
            f"warmup_steps: {schedule.warmup}",
        ),
    )
    return Block(
        "optimizer",
        Block(f"{practice.optimizer}_optimizer", rates),
        "use_moving_average: false",
        why="The rate climbs while the heads are raw, then falls to 0 with the last step: change num_steps and "
        "total_steps together, and the rates with the batch size. `cfgtool plot lr` draws it.",
    )


def reader(
    name: str, found: Found, paths: Sequence[str], label_map: str, learned: Learned, *, shuffled: bool
) -> Block:
    """An input reader. `paths` and `label_map` are as the config names them."""
    waiting = int(SHUFFLED_BYTES / found.mean_bytes) if shuffled else SHUFFLE_BUFFER
    keypoints = found.keypoints if learned.poses else 0
    masks = learned.masks
    return Block(
        name,
        f"label_map_path: {quoted(label_map)}",
        None if shuffled else "shuffle: false",
        f"shuffle_buffer_size: {_two_digits(waiting)}" if waiting < SHUFFLE_BUFFER else None,
        f"max_number_of_boxes: {box_limit(found)}" if found.most_boxes > BOXES else None,
        "load_instance_masks: true" if masks else None,
        "mask_type: PNG_MASKS" if masks and found.masks == "png" else None,
        f"num_keypoints: {keypoints}" if keypoints else None,
        Block("tf_record_input_reader", *(f"input_path: {quoted(path)}" for path in paths)),
        why=f"{found.examples if shuffled else found.val_examples:,} examples."
        + ("" if shuffled else " Every one is evaluated once, in order."),
    )


def _two_digits(value: int) -> int:
    step = int(10 ** max(0, len(str(value)) - 2))
    return max(1, value // step * step)


def box_limit(found: Found) -> int:
    """Room for the boxes of an image: the schema's, or for the fullest image that was seen, with a reserve."""
    if found.most_boxes <= BOXES:
        return BOXES
    return -(-found.most_boxes * 5 // 4 // 50) * 50


def eval_config(learned: Learned, titles: dict[str, str]) -> Block:
    """What evaluation computes. `titles` are the names that metrics know classes by, by class name."""
    return Block(
        "eval_config",
        'metrics_set: "coco_detection_metrics"',
        'metrics_set: "coco_mask_metrics"' if learned.masks else None,
        *(_keypoint_metrics(pose, titles) for pose in learned.poses),
        why="COCO's average precision and recall"
        + (", of boxes and of masks" if learned.masks else "")
        + (", and of keypoints by how close they are" if learned.poses else "")
        + ".",
    )


def _keypoint_metrics(pose: Pose, titles: dict[str, str]) -> Block:
    return Block(
        "parameterized_metric",
        Block(
            "coco_keypoint_metrics",
            f"class_label: {quoted(titles[pose.class_name])}",
            *(
                Block("keypoint_label_to_sigmas", f"key: {quoted(label)}", f"value: {number(sigma)}")
                for label, sigma in pose.sigmas.items()
            ),
        ),
        why="How exactly people mark each keypoint, as a share of the object's size."
        + (
            " What COCO does not know has 0.05: put in what you measured where several people marked the same images."
            if pose.guessed
            else ""
        ),
    )
