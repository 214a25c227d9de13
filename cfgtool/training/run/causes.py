"""Why a loss is not finite: what the rules find in this config, and what is wrong with the boxes of the batch."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from cfgtool.data import keys, objects
from cfgtool.data.example import decode_example
from cfgtool.data.paths import expand_pattern
from cfgtool.data.tfrecord import frames
from cfgtool.errors import UserError
from cfgtool.training.run.job import Job
from cfgtool.training.run.loop import TOTAL_LOSS

DIVERGENCE = {
    "CFG582": "boxes that cannot be make losses infinite",
    "CFG583": "boxes far beyond the image have enormous encodings",
    "CFG614": "a rate made for a larger batch throws the weights out of range",
    "CFG608": "Adam takes rates about a hundred times smaller than momentum",
    "CFG340": "an overlap of encodings is not a loss",
    "CFG605": "the warm-up begins with the highest rate",
    "CFG607": "the floor keeps the rate above what is asked for",
    "CFG566": "an image normalisation without its ranges divides by 0",
    "CFG355": "statistics of batch norm over so few images jump about",
}
"""Rules about what makes a loss overflow, the surest first, and why it does."""

_SEARCH_SECONDS = 5.0
_SHOWN = 8
_BEYOND = 0.1


def not_finite(
    job: Job, step: int, values: Mapping[str, Any], batch: Mapping[str, Any], latest: str | None
) -> UserError:
    """What to tell of a step whose loss is not finite: its values, its examples, and the likely causes.

    `latest` is the newest checkpoint, None before the first.
    """
    numbers = {name: float(value) for name, value in values.items()}
    broken = [
        name
        for name, value in numbers.items()
        if name.startswith("Loss/") and name != TOTAL_LOSS and not math.isfinite(value)
    ]
    terms = ", ".join(f"{name} is {numbers[name]}" for name in broken or [TOTAL_LOSS])
    lines = [f"the loss is not finite at step {step}: {terms}"]
    lines.append(f"  values: {', '.join(f'{_short(name)} {value:.4g}' for name, value in numbers.items())}")
    lines.append(f"  batch: {examples(job, batch)}")
    flaws = list(batch_causes(batch))
    if len(flaws) > _SHOWN:
        flaws[_SHOWN:] = [f"and {len(flaws) - _SHOWN} more flaws of the batch"]
    causes = [*flaws, *config_causes(job)]
    lines.append("  likely causes:" if causes else "  neither the config nor the boxes of the batch show why")
    lines += [f"    {cause}" for cause in causes]
    kept = f"{latest} is intact" if latest else "there is no checkpoint yet"
    lines.append(f"  nothing of this step is saved; {kept}")
    return UserError("\n".join(lines))


def config_causes(job: Job) -> Iterator[str]:
    """What in the config is known to make losses overflow, with the code of the rule and the line."""
    found = {code: [f for f in job.report.findings if f.code == code] for code in DIVERGENCE}
    for code, findings in found.items():
        if findings:
            line, _ = job.report.document.position(findings[0].start)
            yield f"{code} (line {line}): {findings[0].message}; {DIVERGENCE[code]}"
    if job.config.message("train_config").number("gradient_clipping_by_norm") <= 0:
        yield "train_config.gradient_clipping_by_norm is not set: one large gradient is enough; 10.0 is usual"


def batch_causes(batch: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the images and boxes that the step was fed.

    Boxes are as `cfgtool.training.input.pipeline` gives them, after augmentation.
    """
    names = _names(batch)
    if not np.isfinite(batch["image"].numpy()).all():
        wrong = [names[i] for i, image in enumerate(batch["image"].numpy()) if not np.isfinite(image).all()]
        yield f"pixels that are not finite, after augmentation, in {', '.join(wrong[:_SHOWN])}"
    boxes, counts = batch["boxes"].numpy(), batch["num_boxes"].numpy()
    for index, name in enumerate(names):
        own = boxes[index, : counts[index]]
        if not np.isfinite(own).all():
            yield f"{name} has a box with a coordinate that is not a number"
        elif (own[:, 2:] <= own[:, :2]).any():
            yield f"{name} has a box without an area"
        elif (far := _farthest(own)) is not None:
            yield f"{name} has a box that reaches to {far:.3g}, beyond the image"
        if not np.isfinite(batch["weights"].numpy()[index]).all():
            yield f"{name} has a box whose weight is not a number"
    if not counts.any():
        yield "no image of the batch has a box"


def _farthest(boxes: Any) -> float | None:
    """The coordinate that lies farthest beyond the image, where one does by more than a tenth of it."""
    if not len(boxes) or (boxes.min() >= -_BEYOND and boxes.max() <= 1.0 + _BEYOND):
        return None
    return float(boxes.max() if boxes.max() - 1.0 > -boxes.min() else boxes.min())


def examples(job: Job, batch: Mapping[str, Any]) -> str:
    """The examples of a batch: source ids, and where their records are as far as that is found in a few seconds."""
    names = _names(batch)
    wanted = [name.encode() for name in batch_sources(batch) if name]
    patterns = job.config.find("train_input_reader.tf_record_input_reader").texts("input_path")
    paths = [path for pattern in patterns if "://" not in pattern for path in expand_pattern(pattern)]
    places = find_records(paths, wanted, _SEARCH_SECONDS)
    sources = batch_sources(batch)
    told = [
        f"{name} ({places[source.encode()]})" if source and source.encode() in places else name
        for name, source in zip(names, sources, strict=True)
    ]
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return f"examples {', '.join(told[:_SHOWN])}{more}"


def batch_sources(batch: Mapping[str, Any]) -> list[str]:
    """`image/source_id` of each example, empty where the record has none."""
    return [name.decode("utf-8", "replace") for name in batch["source_id"].numpy()]


def find_records(paths: Sequence[str], sources: Sequence[bytes], seconds: float) -> dict[bytes, str]:
    """Source id -> file, record and byte, for the ids that are found in the time given."""
    deadline = time.monotonic() + seconds
    left = set(sources)
    found: dict[bytes, str] = {}
    for path in paths:
        try:
            for record in frames(path):
                if not left or time.monotonic() > deadline:
                    return found
                source = objects.first_bytes(decode_example(record.data), keys.SOURCE_ID)
                if source in left:
                    left.discard(source)
                    found[source] = f"{path}, record {record.index}, byte {record.offset}"
        except UserError:
            continue  # what is broken there is not what the step was fed
    return found


def _names(batch: Mapping[str, Any]) -> list[str]:
    """What to call each example: its source id, or its position in the order of examples."""
    positions = batch["element"].numpy()
    sources = batch_sources(batch)
    return [source or f"number {position}" for source, position in zip(sources, positions, strict=True)]


def _short(name: str) -> str:
    return name.removeprefix("Loss/").replace("_", " ")
