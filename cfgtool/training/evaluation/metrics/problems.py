"""What of the metrics that an `EvalConfig` asks for cannot be computed, and why."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from cfgtool.data.label_map import LabelMapItem
from cfgtool.data.predicted import Predicted, predicted
from cfgtool.schema import Config
from cfgtool.training.evaluation.metrics.lvis import FREQUENCIES
from cfgtool.training.evaluation.metrics.sets import (
    COMPARED,
    LVIS,
    RECALL_BAND,
    groups_of,
    keypoint_item,
    keypoint_settings,
    set_names,
)

Problem = tuple[str, str]
"""(field path, what is wrong)"""

_NO_SETS = {
    "coco_keypoint_metrics": "has settings: write parameterized_metric { coco_keypoint_metrics { ... } }",
    "coco_panoptic_metrics": "compares segmentations of whole images, which no model here predicts",
}


def metric_problems(eval_config: Config, reader: int = 0) -> Iterator[Problem]:
    """What cannot be computed whatever the files hold; `reader` is the index of the `eval_input_reader`."""
    root = eval_config.root
    whole = "model" in root.type.fields
    model = predicted(root) if whole else Predicted("")
    readers = root.messages("eval_input_reader")[reader : reader + 1] if whole else []
    for entry in eval_config.entries("metrics_set"):
        if entry.value in _NO_SETS:
            yield entry.path, f"metrics_set '{entry.value}' {_NO_SETS[entry.value]}"
        elif entry.value not in COMPARED:
            supported = ", ".join(COMPARED)
            yield entry.path, f"metrics_set '{entry.value}' is not known, only {supported}"
        elif COMPARED[entry.value] == "masks":
            yield from _mask_problems(entry.path, f"metrics_set '{entry.value}'", model, readers)
    if eval_config.flag("eval_instance_masks"):
        path = f"{eval_config.path}.eval_instance_masks"
        yield from _mask_problems(path, "'eval_instance_masks'", model, readers)
    yield from _keypoint_problems(eval_config, model, readers)
    if RECALL_BAND in set_names(eval_config):
        low, high = eval_config.number("recall_lower_bound"), eval_config.number("recall_upper_bound")
        if not 0.0 <= low < high <= 1.0:
            message = f"recall_lower_bound '{low}' and recall_upper_bound '{high}' are no range within 0 to 1"
            yield f"{eval_config.path}.recall_lower_bound", message


def label_problems(
    eval_config: Config, classes: Mapping[int, str], items: Sequence[LabelMapItem], reader: int = 0
) -> Iterator[Problem]:
    """What the label map lacks: `classes` are its names by id, `items` what it says of them."""
    for name, members in groups_of(eval_config).items():
        path = f"{eval_config.path}.super_categories"
        if not members:
            yield path, f"super category {name!r} has no classes"
        for member in members:
            if member not in classes.values():
                missing = _off_label_map(member, list(classes.values()))
                yield path, f"super category {name!r} has class {missing}"
    rare = [item.title for item in items if item.frequency not in FREQUENCIES]
    if LVIS in set_names(eval_config) and rare:
        known = ", ".join(FREQUENCIES)
        message = f"metrics_set '{LVIS}' needs the 'frequency' of each class, {known}; {rare[0]!r} has none"
        yield f"{eval_config.path}.metrics_set", message
    root = eval_config.root
    readers = root.messages("eval_input_reader") if "model" in root.type.fields else []
    number = readers[reader].integer("num_keypoints") if reader < len(readers) else None
    for settings in keypoint_settings(eval_config):
        yield from _keypoint_label_problems(settings, items, number)


def _mask_problems(path: str, what: str, model: Predicted, readers: Sequence[Config]) -> Iterator[Problem]:
    if model.kind and not model.masks:
        yield path, f"{what} compares masks, and {model}"
        return
    for reader in readers:
        if not reader.flag("load_instance_masks"):
            yield path, f"{what} needs '{reader.path}.load_instance_masks: true'"


def _keypoint_problems(eval_config: Config, model: Predicted, readers: Sequence[Config]) -> Iterator[Problem]:
    for one in eval_config.messages("parameterized_metric"):
        if one.which("parameterized_metric") is None:
            yield (
                one.path,
                "'parameterized_metric' names no metric: write coco_keypoint_metrics { ... } in it",
            )
    seen = set()
    for settings in keypoint_settings(eval_config):
        label = settings.text("class_label")
        if model.kind and not model.keypoints:
            yield settings.path, f"'coco_keypoint_metrics' compares keypoints, and {model}"
        elif not label:
            yield settings.path, "'coco_keypoint_metrics' needs a 'class_label'"
        elif label in seen:
            yield settings.path, f"'coco_keypoint_metrics' has class_label '{label}' already"
        seen.add(label)
        for name, sigma in settings.mapping("keypoint_label_to_sigmas").items():
            if not sigma > 0.0:
                yield (
                    f"{settings.path}.keypoint_label_to_sigmas",
                    f"the sigma '{sigma}' of {name!r} must be positive",
                )
        for reader in readers if model.keypoints else ():
            if not reader.integer("num_keypoints"):
                yield settings.path, f"'coco_keypoint_metrics' needs '{reader.path}.num_keypoints'"


def _keypoint_label_problems(
    settings: Config, items: Sequence[LabelMapItem], number: int | None
) -> Iterator[Problem]:
    """`number` is that of the keypoints that the reader loads, None where nobody says."""
    item, path = keypoint_item(settings, items), f"{settings.path}.class_label"
    label = settings.text("class_label")
    if item is None:
        yield path, f"class {_off_label_map(label, [item.title for item in items])}"
        return
    if not item.keypoint_ids:
        yield path, f"class '{label}' has no 'keypoints' in the label map"
        return
    beyond = [name for name, id_ in item.keypoint_ids.items() if number is not None and id_ >= number]
    if beyond:
        yield (
            path,
            f"keypoint {beyond[0]!r} has id '{item.keypoint_ids[beyond[0]]}', num_keypoints is '{number}'",
        )
    sigmas = settings.mapping("keypoint_label_to_sigmas")
    path = f"{settings.path}.keypoint_label_to_sigmas"
    for name in item.keypoint_ids if sigmas else ():
        if name not in sigmas:
            yield path, f"the sigma of keypoint {name!r} is missing: give all of them, or none"
    for name in sigmas:
        if name not in item.keypoint_ids:
            yield path, f"keypoint {_off_label_map(name, item.keypoint_ids)}"


def _off_label_map(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), 1)
    return f"{name!r}, which is not in the label map" + (f"; did you mean {near[0]!r}?" if near else "")
