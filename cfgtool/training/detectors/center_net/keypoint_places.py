"""Keypoint tasks as config and label map describe them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cfgtool.data.label_map import LabelMap, LabelMapItem, read_label_map
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.schema import Config

_STANDARD_SPREAD = 1.0


class KeypointPlaces(NamedTuple):
    """One `KeypointEstimation` message, `config`, with what the label map says of its class.

    `class_id` counts from 0; `ids` are the places of the keypoints among those of an object, `labels` their names,
    `spreads` what `keypoint_label_to_std` gives each.
    """

    config: Config
    class_id: int
    ids: tuple[int, ...]
    labels: tuple[str, ...]
    spreads: tuple[float, ...]

    @property
    def name(self) -> str:
        """`task_name`, with which the names of heads and losses start."""
        return self.config.text("task_name")


def read_keypoint_places(config: Config) -> list[KeypointPlaces]:
    """The keypoint tasks of a `CenterNet` message. Raises UserError for what its label map does not have."""
    tasks = config.messages("keypoint_estimation_task")
    if not tasks:
        return []
    path = config.text("keypoint_label_map_path")
    if not path:
        raise UserError(
            f"'{config.path}.keypoint_label_map_path' is not set, the label map says which keypoints a class has"
        )
    try:
        labels = read_label_map(path)
    except UserError as error:
        message = f"'{config.path}.keypoint_label_map_path' is {path!r}: {error.message}"
        raise UserError(message, path=path, line=error.line, column=error.column) from None
    return [_settings(task, labels) for task in tasks]


def _settings(task: Config, labels: LabelMap) -> KeypointPlaces:
    item = _item(task, labels)
    spreads = {str(name): float(value) for name, value in task.mapping("keypoint_label_to_std").items()}
    unknown = [name for name in spreads if name not in item.keypoint_labels]
    if unknown:
        raise UserError(
            f"'{task.path}.keypoint_label_to_std' names {unknown[0]!r}, which is no keypoint of {item.name!r}; these are"
            f" {', '.join(item.keypoint_labels)}",
            path=labels.path,
        )
    if min(item.keypoints) < 0:
        message = (
            f"'{task.path}.keypoint_class_name' {item.name!r} has a keypoint with id '{min(item.keypoints)}'"
        )
        raise UserError(f"{message}, ids start at 0", path=labels.path)
    return KeypointPlaces(
        task,
        item.id - 1,
        item.keypoints,
        item.keypoint_labels,
        tuple(spreads.get(label, _STANDARD_SPREAD) for label in item.keypoint_labels),
    )


def _item(task: Config, labels: LabelMap) -> LabelMapItem:
    items = {item.name: item for item in labels.items if item.keypoints}
    name = task.text("keypoint_class_name")
    if name not in items:
        known = ", ".join(map(repr, items)) or "none"
        raise UserError(
            f"'{task.path}.keypoint_class_name' is {name!r}, which has no keypoints in the label map; classes with"
            f" keypoints: {known}",
            path=labels.path,
        )
    return items[name]
