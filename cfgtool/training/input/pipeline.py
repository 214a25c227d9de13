"""Batches for training and evaluation, as `tf.data` datasets.

A batch is a dict of tensors with static shapes; n is the reader's `max_number_of_boxes`, rows beyond
`num_boxes` are 0, their class -1. Boxes are `[ymin, xmin, ymax, xmax]`, normalised to the network input.

    image             float32 [batch, height, width, channels]  normalised and padded: the network's input
    true_image_shape  int32   [batch, 3]                        height, width, channels before padding
    boxes             float32 [batch, n, 4]
    classes           int32   [batch, n]                        from 0
    weights           float32 [batch, n]
    num_boxes         int32   [batch]
    source_id         string  [batch]                           `image/source_id`
    element           int64   [batch]                           position in the order of examples

Where the config asks for it, there are also

    class_targets     float32 [batch, n, classes]  with `use_multiclass_scores` or `merge_multiple_label_boxes`,
                                                   in training only: the classes of a box may be several
    confidences       float32 [batch, n, classes]  with `use_confidences_as_targets`
    masks             uint8   [batch, n, height, width]  with `load_instance_masks`: 1 on the object
    keypoints         float32 [batch, n, k, 2]     with `num_keypoints`: y, x, like boxes; NaN where absent
    keypoint_visibilities  bool [batch, n, k]
    keypoint_weights  float32 [batch, n, k]        `keypoint_type_weight` where visible, else 0
    labeled_classes   float32 [batch, classes]     in training with CenterNet's `use_labeled_classes`: 1 for classes that
                                                   image-level labels name; all 1 without any
    keypoint_depths, keypoint_depth_weights  float32 [batch, n, k]  with `load_keypoint_depth_features`; 0 where
                                                   the record has none
    densepose_num_points      int32   [batch, n]   with `load_dense_pose`: how many of the p rows below are points,
                                                   the first ones; p is 336
    densepose_part_ids        int32   [batch, n, p]     body part, from 0
    densepose_surface_coords  float32 [batch, n, p, 4]  y, x in the image, like boxes, and v, u on the part
    track_ids         int32   [batch, n]           with `load_track_id`
    mask_weights      float32 [batch, n]           with masks, for CenterNet's `mask_estimation_task`
    context_features  float32 [batch, m, length]   with `load_context_features`; m and length are
                                                   `max_num_context_features` and `context_feature_length`
    valid_context_size  int32 [batch]              how many of the m are features

and `image` has 3 + `num_additional_channels` channels.

Evaluation batches have these as well; the last batch is filled up with repeats of its last example:

    valid             bool    [batch]                           false for the repeats
    original_size     int32   [batch, 2]                        height and width of the stored image
    original_boxes    float32 [batch, n, 4]                     normalised to the stored image
    original_keypoints  float32 [batch, n, k, 2]                likewise; with `num_keypoints`
    original_masks    uint8   [batch, num_boxes, original height, original width]  with masks, if `metrics_set` has
                                                        metrics of masks; the batch is 1 then, and rows are not padded
    is_crowd, difficult, group_of  bool [batch, n]
    area              float32 [batch, n]                        `image/object/area`, 0 where unknown
    labeled_classes   float32 [batch, classes]                  1 for classes that image-level labels name; all 1
                                                                without any (`image_classes_field_map_empty_to_ones`)
    absent_classes, inexhaustive_classes  float32 [batch, classes]  1 for classes that are known not to be in the
                                                                image, or of which not every object is labelled
    original_image    uint8   [batch, height, width, 3]         resized and padded only; if asked for
"""

from __future__ import annotations

import tensorflow as tf
from tensorflow import Tensor

from cfgtool.data.expected import num_classes
from cfgtool.data.label_map import LabelMap, read_label_map
from cfgtool.errors import UserError
from cfgtool.schema import Config
from cfgtool.training.evaluation.metrics.sets import compares_masks
from cfgtool.training.input.augment import augmentation, augmentation_problems
from cfgtool.training.input.decode import SOURCE_ID
from cfgtool.training.input.draws import SeededDraws
from cfgtool.training.input.example import COLOURS, IMAGE, Example
from cfgtool.training.input.fields import (
    field_problems,
    fields_of,
    learns_from_labeled_classes,
    loading_problems,
)
from cfgtool.training.input.finish import Batch, Finish
from cfgtool.training.input.frames import evaluation_examples, training_decoder
from cfgtool.training.input.picture_cache import PictureCache
from cfgtool.training.input.preprocess import Preprocessor
from cfgtool.training.input.readers import (
    evaluation_records,
    plain_python,
    reader_problems,
    training_records,
)


def input_problems(config: Config) -> list[tuple[str, str]]:
    """(field path, what is wrong) for what training or evaluation cannot do as a pipeline config says.

    Looks at the readers, the augmentation and the resizer; at no file.
    """
    found = list(reader_problems(config.message("train_input_reader")))
    for reader in config.messages("eval_input_reader"):
        found += reader_problems(reader)
    reader = config.message("train_input_reader")
    extra = reader.integer("num_additional_channels")
    found += augmentation_problems(
        config.message("train_config"),
        channels=COLOURS + extra,
        keypoints=reader.integer("num_keypoints"),
        dense_pose=reader.flag("load_dense_pose"),
    )
    found += field_problems(config)
    try:
        size = Preprocessor(config.message("model"), extra).size
    except UserError as error:
        return [*found, ("model", error.message)]
    batch_size = config.message("train_config").integer("batch_size")
    if size is None and batch_size > 1:
        message = (
            f"batch_size '{batch_size}' needs images of one size, but the image_resizer leaves sizes free, at which"
            " the OD API stops too: use batch_size 1, a fixed_shape_resizer, or pad_to_max_dimension: true"
        )
        found.append(("train_config.batch_size", message))
    return found


def training_batches(
    config: Config,
    *,
    seed: int = 0,
    start_batch: int = 0,
    batch_size: int | None = None,
    shard: tuple[int, int] = (1, 0),
    cache: PictureCache | None = None,
) -> tf.data.Dataset:
    """Augmented batches without end.

    What batch number i holds depends on the config, the files and `seed` only, so a run that resumes with
    `start_batch` = finished steps sees what an uninterrupted run sees. `batch_size` overrides
    `train_config.batch_size`. With `shard` = (count, index) of a worker, that worker gets every count-th
    example; `batch_size` is then its own share. `cache` keeps decoded pictures; what a batch holds is the same.

    Raises UserError for what `input_problems` finds, and for missing, broken or empty files.
    """
    reader = config.message("train_input_reader")
    train_config = config.message("train_config")
    _refuse(input_problems(config))
    batch = batch_size or train_config.integer("batch_size")
    if batch < 1:
        raise UserError(f"train_config.batch_size: batch_size '{batch}' must be positive")
    start = start_batch * batch * shard[0]
    looked_for = learns_from_labeled_classes(config.message("model"))
    fields = fields_of(reader, num_classes(config) or 0, evaluation=False, looked_for=looked_for)
    decode = training_decoder(reader, label_map_of(reader), fields, cache)
    augment = augmentation(train_config)
    finish = Finish(config, reader, fields)

    @plain_python
    def prepare(element: Tensor, record: Tensor) -> Batch:
        draws = SeededDraws(tf.constant(seed, tf.int64), element)
        example = decode(record, draws)
        source_id = example.pop(SOURCE_ID)
        example = augment(example, draws)
        return {**finish(example), SOURCE_ID: source_id, "element": element}

    records = training_records(reader, seed, start).enumerate(start)
    if shard[0] > 1:
        records = records.shard(*shard)
    batches = records.map(prepare, tf.data.AUTOTUNE, deterministic=True).batch(batch, drop_remainder=True)
    return batches.prefetch(_prefetch(reader))


def stored_examples(config: Config, *, seed: int = 0, start: int = 0) -> tf.data.Dataset:
    """The examples that training takes from number `start` on, decoded and nothing else."""
    reader = config.message("train_input_reader")
    fields = fields_of(reader, num_classes(config) or 0, evaluation=False)
    decode = training_decoder(reader, label_map_of(reader), fields, None)

    @plain_python
    def prepare(element: Tensor, record: Tensor) -> Example:
        return decode(record, SeededDraws(tf.constant(seed, tf.int64), element))

    return training_records(reader, seed, start).enumerate(start).map(prepare)


def evaluation_batches(
    config: Config, *, reader_index: int = 0, batch_size: int | None = None, keep_images: bool = False
) -> tf.data.Dataset:
    """All examples of an evaluation reader once, in file order, not augmented.

    `batch_size` overrides `eval_config.batch_size`; it is 1 where the resizer leaves sizes free, and where masks are
    compared at the size of the stored images. `keep_images` adds
    `original_image`. Raises UserError for what the reader asks for in vain, and for missing or empty files.
    """
    readers = config.messages("eval_input_reader")
    if reader_index >= len(readers):
        raise UserError("eval_input_reader: there is no evaluation reader", hint="add an eval_input_reader")
    reader = readers[reader_index]
    _refuse([*reader_problems(reader), *loading_problems(reader)])
    batch = batch_size or max(1, config.message("eval_config").integer("batch_size"))
    fields = fields_of(reader, num_classes(config) or 0, evaluation=True)
    examples, decode = evaluation_examples(reader, evaluation_records(reader), label_map_of(reader), fields)
    finish = Finish(config, reader, fields)
    compared = bool(fields.masks) and compares_masks(config.message("eval_config"))
    if finish.preprocess.size is None or compared:  # images of different sizes cannot be stacked
        batch = 1

    @plain_python
    def prepare(element: Tensor, stored: Tensor) -> Batch:
        example = decode(stored)
        result = {**finish(example), **finish.groundtruth(example), "element": element}
        result["valid"] = tf.constant(True)
        if compared:
            result["original_masks"] = finish.stored_masks(example)
        if keep_images:
            result["original_image"] = finish.preprocess.shown(example[IMAGE])
        return result

    batches = examples.enumerate().map(prepare, tf.data.AUTOTUNE, deterministic=True).batch(batch)
    if batch > 1:
        batches = batches.map(plain_python(lambda values: _filled_up(values, batch)))
    return batches.prefetch(_prefetch(reader))


def _refuse(problems: list[tuple[str, str]]) -> None:
    """Raise UserError for the first of the problems; the hint has the others."""
    if problems:
        field, message = problems[0]
        others = "; ".join(f"{path}: {text}" for path, text in problems[1:])
        raise UserError(f"{field}: {message}", hint=f"and also {others}" if others else None)


def label_map_of(reader: Config) -> LabelMap | None:
    """The label map of an `InputReader`, None without one."""
    path = reader.text("label_map_path")
    return read_label_map(path) if path else None


def _prefetch(reader: Config) -> int:
    depth = reader.integer("num_prefetch_batches")
    return tf.data.AUTOTUNE if depth < 0 else max(1, depth)


def _filled_up(values: Batch, size: int) -> Batch:
    """A batch of exactly `size` examples: the last one repeated, marked as not valid."""
    missing = size - tf.shape(values["valid"])[0]

    def fill(value: Tensor) -> Tensor:
        repeats = tf.repeat(value[-1:], missing, axis=0)
        filled = tf.concat([value, repeats], 0)
        filled.set_shape([size, *value.shape[1:]])
        return filled

    result = {name: fill(value) for name, value in values.items()}
    result["valid"] &= tf.range(size) < size - missing
    return result
