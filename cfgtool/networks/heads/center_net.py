"""The heads of CenterNet (Zhou et al. 2019, arXiv:1904.07850): a few convolutions for each thing that is predicted
at every place of a map.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from cfgtool.errors import UserError
from cfgtool.networks.names import Layers, Names
from cfgtool.networks.ops import GLOROT, ZEROS, BatchNorm, Ops
from cfgtool.networks.variables import Initializer

if TYPE_CHECKING:
    from cfgtool.schema import Config

T = TypeVar("T")

_KERAS_NORM = BatchNorm(decay=0.99, sample=False)
_USUAL = ((256, 3),)


class Head(NamedTuple):
    """One prediction: `name` as the OD API keys it (`box/scale`), its `channels`, the filters and kernel sizes of its
    hidden `layers`, and the start of the last `bias`.
    """

    name: str
    channels: int
    layers: tuple[tuple[int, int], ...] = _USUAL
    bias: float = 0.0


def read_heads(config: Config, keypoints: Mapping[str, int] | None = None) -> list[Head]:
    """The heads of a `model.center_net` message, in the order in which the OD API makes them.

    `keypoints` are the numbers of keypoints by class, as the label map says; without them `keypoint_label_to_std`
    is taken as the list of all of a task's keypoints. Raises UserError for tasks that cannot be built.
    """
    classes = _count(config, "num_classes")
    center = config.message("object_center_params")
    heads = [
        Head("object_center", classes, _layers(center, "center_head_params"), _bias(center)),
        *_box_heads(config),
        *_keypoint_heads(config, keypoints),
    ]
    if len(heads) == 1:
        raise UserError(
            "model.center_net has centres to predict, but nothing at them",
            hint="add an object_detection_task or a keypoint_estimation_task",
        )
    return heads + _further_heads(config, classes)


def predict(
    ops: Ops[T], x: T, heads: Sequence[Head], scope: Names, index: int, *, separable: bool
) -> dict[str, T]:
    """The outputs of all heads on map number `index`: [batch, height, width, channels] by name of the head."""
    return {head.name: _predict(ops, x, head, scope, index, separable=separable) for head in heads}


def identities(ops: Ops[T], embeddings: T, config: Config, scope: Names) -> T:
    """What the training of `track/reid` needs: logits of the identities, [objects, 1, 1, num_track_ids], for
    `embeddings` [objects, 1, 1, reid_embed_size] taken from that head at the centres of objects.

    `config` is the `track_estimation_task` message, `scope` the place of the whole model.
    """
    layers = Layers(
        scope.child("track_classifier", tf2="track_reid_classification_net", keras="track_classifier"),
        functional=True,
    )
    x = embeddings
    for number in range(1, config.integer("num_fc_layers")):
        name = f"dense_{number}"
        layer = layers.next(name, keras=name, tf1="")
        x = ops.dense(x, layer, _count(config, "reid_embed_size"), weights=GLOROT, bias=ZEROS)
        layer = layers.next(f"{name}/batch_norm", keras=f"{name}_batch_norm", tf1="")
        x = ops.activation(ops.batch_norm(x, layer, _KERAS_NORM), "relu")
    layer = layers.next("output", keras="output", tf1="")
    return ops.dense(x, layer, _count(config, "num_track_ids"), weights=GLOROT, bias=ZEROS)


def _predict(ops: Ops[T], x: T, head: Head, scope: Names, index: int, *, separable: bool) -> T:
    # Checkpoints write a slash inside a name as `.S`, and a dot as two.
    tf2 = head.name.replace(".", "..").replace("/", ".S")
    name = f"{head.name}/{index}"
    layers = Layers(scope.child(name, tf2=f"{tf2}/{index}", keras=name), functional=True)
    for number, (filters, kernel) in enumerate(head.layers):
        hidden = f"conv_{number}"
        layer = layers.next(hidden, keras=hidden, tf1="")
        if separable:
            x = ops.separable_conv(x, layer, filters, kernel, depthwise=GLOROT, pointwise=GLOROT, bias=ZEROS)
        else:
            x = ops.conv(x, layer, filters, kernel, weights=GLOROT, bias=ZEROS)
        x = ops.activation(x, "relu")
    bias = Initializer("constant", value=head.bias)
    layer = layers.next("output", keras="output", tf1="")
    return ops.conv(x, layer, head.channels, 1, weights=GLOROT, bias=bias)


def _box_heads(config: Config) -> list[Head]:
    if not config.has("object_detection_task"):
        return []
    task = config.message("object_detection_task")
    return [
        Head("box/scale", 2, _layers(task, "scale_head_params")),
        Head("box/offset", 2, _layers(task, "offset_head_params")),
    ]


def _keypoint_heads(config: Config, keypoints: Mapping[str, int] | None) -> list[Head]:
    # A later task of the same name takes the place of the earlier one.
    tasks = {task.text("task_name"): task for task in config.messages("keypoint_estimation_task")}
    heads: list[Head] = []
    for name, task in tasks.items():
        count = _keypoint_count(task, keypoints)
        offsets = 2 * count if task.flag("per_keypoint_offset") else 2
        heads += [
            Head(f"{name}/keypoint/heatmap", count, _layers(task, "heatmap_head_params"), _bias(task)),
            Head(f"{name}/keypoint/regression", 2 * count, _layers(task, "regress_head_params")),
            Head(f"{name}/keypoint/offset", offsets, _layers(task, "offset_head_params")),
        ]
        if task.flag("predict_depth"):
            heads.append(Head(f"{name}/keypoint/depth", count if task.flag("per_keypoint_depth") else 1))
    return heads


def _keypoint_count(task: Config, keypoints: Mapping[str, int] | None) -> int:
    class_ = task.text("keypoint_class_name")
    if keypoints is not None:
        if not keypoints.get(class_):
            known = ", ".join(repr(name) for name, count in keypoints.items() if count) or "none"
            raise UserError(
                f"the keypoint label map has no keypoints for '{task.path}.keypoint_class_name' {class_!r}",
                hint=f"classes with keypoints: {known}",
            )
        return keypoints[class_]
    count = len(task.mapping("keypoint_label_to_std"))
    if count == 0:
        raise UserError(
            f"how many keypoints '{task.path}' has is not known",
            hint="name a label map that is there in keypoint_label_map_path,"
            " or list all keypoints in keypoint_label_to_std",
        )
    return count


def _further_heads(config: Config, classes: int) -> list[Head]:
    heads: list[Head] = []
    if config.has("mask_estimation_task"):
        task = config.message("mask_estimation_task")
        heads.append(Head("segmentation/heatmap", classes, _layers(task, "mask_head_params"), _bias(task)))
    if config.has("densepose_estimation_task"):
        if not heads:
            raise UserError(
                "model.center_net.densepose_estimation_task needs masks", hint="add a mask_estimation_task"
            )
        task = config.message("densepose_estimation_task")
        parts = _count(task, "num_parts")
        heads.append(Head("densepose/heatmap", parts, bias=_bias(task)))
        heads.append(Head("densepose/regression", 2 * parts))
    if config.has("track_estimation_task"):
        heads.append(Head("track/reid", _count(config.message("track_estimation_task"), "reid_embed_size")))
    if config.has("temporal_offset_task"):
        heads.append(Head("track/offset", 2))
    return heads


def _bias(config: Config) -> float:
    return config.number("heatmap_bias_init")


def _count(config: Config, field: str) -> int:
    """A number of channels. Raises UserError for one below 1."""
    count = config.integer(field)
    if count < 1:
        raise UserError(f"'{config.path}.{field}' is {count}, so there is nothing to predict")
    return count


def _layers(config: Config, field: str) -> tuple[tuple[int, int], ...]:
    """Filters and kernel sizes of a head's hidden layers; a message that is there and empty means none."""
    if not config.has(field):
        return _USUAL
    settings = config.message(field)
    filters, kernels = settings.integers("num_filters"), settings.integers("kernel_sizes")
    if len(filters) != len(kernels):
        raise UserError(
            f"'{settings.path}' has {len(filters)} num_filters and {len(kernels)} kernel_sizes",
            hint="give one of each for every layer",
        )
    if min((*filters, *kernels), default=1) < 1:
        raise UserError(f"'{settings.path}' has a layer of less than one filter or pixel")
    return tuple(zip(filters, kernels, strict=True))
