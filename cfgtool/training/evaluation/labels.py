"""The classes that an evaluation reader has: their names, keypoints and frequencies."""

from __future__ import annotations

from collections.abc import Iterator

from cfgtool.data.expected import num_classes
from cfgtool.data.label_map import LabelMapItem, read_label_map
from cfgtool.schema import Config


def class_items(config: Config, reader: int = 0) -> list[LabelMapItem]:
    """The label map of an evaluation reader, or of the training reader; without any, items that have a number only.

    A class that has no keypoints there takes them from `center_net.keypoint_label_map_path`. Raises UserError for a
    label map that is broken.
    """
    readers = [
        *config.messages("eval_input_reader")[reader : reader + 1],
        config.message("train_input_reader"),
    ]
    paths = [message.text("label_map_path") for message in readers if message.text("label_map_path")]
    if not paths:
        numbers = range(1, (num_classes(config) or 0) + 1)
        return [LabelMapItem(number, f"class {number}") for number in numbers]
    return list(_with_keypoints(config, read_label_map(paths[0]).items))


def titles_of(items: list[LabelMapItem]) -> dict[int, str]:
    """Class id -> name; of items with the same id the first counts."""
    return {item.id: item.title for item in reversed(items)}


def _with_keypoints(config: Config, items: list[LabelMapItem]) -> Iterator[LabelMapItem]:
    model = config.message("model")
    path = model.message("center_net").text("keypoint_label_map_path") if model.has("center_net") else ""
    named = {item.name: item for item in read_label_map(path).items} if path else {}
    for item in items:
        other = named.get(item.name)
        if item.keypoint_ids or other is None:
            yield item
        else:
            yield LabelMapItem(
                item.id,
                item.name,
                item.display_name,
                other.keypoints,
                item.ancestors,
                item.descendants,
                other.keypoint_labels,
                item.frequency,
            )
