"""What an `EvalConfig` says beside its metrics: which reader, how many examples, what is drawn, what is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cfgtool.data.label_map import LabelMapItem
from cfgtool.schema import Config, Entry
from cfgtool.training.evaluation.metrics import label_problems, metric_problems
from cfgtool.training.evaluation.metrics.sets import COCO, COCO_MASKS, OPEN_IMAGES_CHALLENGE, set_names
from cfgtool.training.run.job import Job


@dataclass(frozen=True)
class Drawing:
    """Which examples are drawn with what on them.

    `batches`: the examples of so many batches from the first one on (`num_visualizations`); `min_score` and `max_boxes`
    limit the detections on a picture (`min_score_threshold`, `max_num_boxes_to_visualize`). `edges` are pairs of
    keypoints that lines connect (`keypoint_edge`).
    """

    batches: int
    min_score: float
    max_boxes: int
    edges: tuple[tuple[int, int], ...] = ()


def drawing(eval_config: Config) -> Drawing:
    """What to draw; nothing where `retain_original_images` is false."""
    batches = eval_config.integer("num_visualizations") if eval_config.flag("retain_original_images") else 0
    boxes = eval_config.integer("max_num_boxes_to_visualize")
    edges = [(edge.integer("start"), edge.integer("end")) for edge in eval_config.messages("keypoint_edge")]
    return Drawing(batches, eval_config.number("min_score_threshold"), boxes, tuple(edges))


def example_limit(eval_config: Config) -> int | None:
    """The number of examples to evaluate, where the config writes one: `num_examples`, unless it is 0."""
    return eval_config.integer("num_examples") or None if eval_config.has("num_examples") else None


def find_reader(job: Job, wanted: str | None) -> int:
    """The index of the evaluation reader of that name or number, the first one for None.

    Raises UserError if there is none.
    """
    readers = job.config.messages("eval_input_reader")
    if not readers:
        raise job.fail("there is no evaluation reader", hint="add an eval_input_reader")
    if wanted is None:
        return 0
    names = [reader.text("name") for reader in readers]
    if names.count(wanted) == 1:
        return names.index(wanted)
    if wanted in names:
        raise job.fail(f"several evaluation readers have the name {wanted!r}", hint="give its number, from 0")
    if wanted.isdecimal() and int(wanted) < len(readers):
        return int(wanted)
    known = ", ".join(f"{number} {name!r}" if name else str(number) for number, name in enumerate(names))
    raise job.fail(f"there is no evaluation reader {wanted!r}", hint=f"the config has {known}")


def refuse_settings(
    job: Job, classes: Mapping[int, str], items: Sequence[LabelMapItem] = (), reader: int = 0
) -> None:
    """Raise UserError for the first thing that the `EvalConfig` asks for in vain.

    `classes` and `items` are those of the label map of the `eval_input_reader` with the index `reader`.
    """
    eval_config = job.config.message("eval_config")
    problems = [
        *metric_problems(eval_config, reader),
        *_refused(eval_config),
        *label_problems(eval_config, classes, items, reader),
    ]
    for path, message in problems:
        raise job.fail(f"{path}: {message}", _entry(eval_config, path))


def _refused(eval_config: Config) -> Iterator[tuple[str, str]]:
    """(field path, what is wrong) for settings that are set to something that has no counterpart here."""
    reasons = {
        "ignore_groundtruth": "without groundtruth there is nothing to compute",
        "force_no_resize": "the network takes images of one size",
    }
    for name, why in reasons.items():
        if eval_config.flag(name):
            yield f"{eval_config.path}.{name}", f"'{name}' is not supported: {why}"
    if eval_config.text("visualization_export_dir"):
        path = f"{eval_config.path}.visualization_export_dir"
        yield path, "'visualization_export_dir' is not supported: `cfgtool evaluate --draw` writes pictures"
    sets = set_names(eval_config)
    if eval_config.has("super_categories") and {COCO, COCO_MASKS}.isdisjoint(sets):
        message = f"'super_categories' needs metrics_set '{COCO}' or '{COCO_MASKS}'"
        yield f"{eval_config.path}.super_categories", message
    if not set(OPEN_IMAGES_CHALLENGE).isdisjoint(sets) and not eval_config.flag(
        "image_classes_field_map_empty_to_ones"
    ):
        path = f"{eval_config.path}.image_classes_field_map_empty_to_ones"
        yield path, "only 'true' is supported: where no classes are listed, all were looked for"
    boxes = eval_config.integer("max_num_boxes_to_visualize")
    if boxes < 0:
        path = f"{eval_config.path}.max_num_boxes_to_visualize"
        yield path, f"max_num_boxes_to_visualize '{boxes}' must not be negative"


def _entry(eval_config: Config, path: str) -> Entry | None:
    """Where in the text the field of that path is, else what it would stand in; None where neither is written."""
    entries = [entry for _, entry in eval_config.root.walk() if entry.path.startswith(f"{eval_config.path}.")]
    below = next((entry for entry in entries if entry.path.startswith(f"{path}[")), None)
    above = [entry for entry in entries if path == entry.path or path.startswith(f"{entry.path}.")]
    return max(above, key=lambda entry: len(entry.path), default=below)
