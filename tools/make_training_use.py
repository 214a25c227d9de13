"""Find out what `cfgtool train` does with each field: `python -m tools.make_training_use [--check]`.

Writes `cfgtool/lint/data/training_use.json`, from the source of the networks, the matching and the training: whatever
reads a config does so by the names of its fields. A name in a function or table that lists what is not supported, and
nowhere else, is refused; a name that is nowhere has no effect. Messages that nothing reads into are left out.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from cfgtool.schema import FieldType, MessageType, load
from tools.renewing import renew

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "cfgtool" / "lint" / "data" / "training_use.json"

READERS = (
    "networks",
    "matching",
    "training",
    "lint/context.py",
    "schema/unwritten.py",
    "data/expected.py",
    "data/label_map.py",
)
"""Below `cfgtool`: the code that a training run reads its config with."""

STARTS = ("TrainEvalPipelineConfig", "StringIntLabelMap")

REFUSING = (
    "_LEARNT_FROM",
    "_NOT_OF_POINTS",
    "_UNSUPPORTED_FLAGS",
    "_refused",
    "augmentation_problems",
    "metric_problems",
    "reader_problems",
    "unsupported",
)
"""Functions and tables that name what is not supported."""

READ_AS_THE_REST = {
    "BoxCoder.faster_rcnn_box_coder",
    "ImageResizer.identity_resizer",
    "Initializer.random_normal_initializer",
    "Initializer.truncated_normal_initializer",
    "Optimizer.rms_prop_optimizer",
    "Regularizer.l2_regularizer",
}
"""Members of a oneof that the code reaches in an `else`."""

NAMESAKES = {
    "CenterNetFeatureExtractor.use_depthwise",
    "FasterRcnn.use_static_shapes",
    "FasterRcnnFeatureExtractor.pad_to_multiple",
    "Hyperparams.group_norm",
    "Ssd.inplace_batchnorm_update",
    "TrainConfig.max_number_of_boxes",
    "TrainConfig.retain_original_images",
    "TrainConfig.run_fine_tune_checkpoint_dummy_computation",
}
"""Fields without effect, though a field of the same name is read, or a member of the same oneof."""

REFUSED = {
    "CenterNet.deepmac_mask_estimation",
}
"""Fields that are refused, though the code names them for other reasons too."""


def uses() -> dict[str, list[str]]:
    """`acts`, `refused` and `ignored`: the names of fields, for every message that training reads into."""
    reading, refusing = _names_in_code()
    found: dict[str, set[str]] = {"acts": set(), "refused": set(), "ignored": set()}
    seen: set[str] = set()
    left = list(STARTS)
    while left:
        message = load().messages[left.pop()]
        if message.name in seen:
            continue
        seen.add(message.name)
        for field in message.fields.values():
            use = _use(message, field, reading, refusing)
            found[use].add(f"{message.name}.{field.name}")
            if use == "acts" and field.kind == "message":
                left.append(field.type)
    return {use: sorted(names) for use, names in found.items()}


def _use(message: MessageType, field: FieldType, reading: set[str], refusing: set[str]) -> str:
    name = f"{message.name}.{field.name}"
    if name in READ_AS_THE_REST:
        return "acts"
    if name in NAMESAKES:
        return "ignored"
    if name in REFUSED:
        return "refused"
    if field.name in reading:
        return "acts"
    siblings = message.oneofs[field.oneof] if field.oneof else ()
    # Code that takes some members of a oneof stops at the others.
    if field.name in refusing or not reading.isdisjoint(siblings):
        return "refused"
    return "ignored"


def _names_in_code() -> tuple[set[str], set[str]]:
    """The words in string literals outside of `REFUSING`, and those inside."""
    reading: set[str] = set()
    refusing: set[str] = set()
    for path in _sources():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            _collect(node, reading, refusing)
    return reading, refusing


def _sources() -> Iterator[Path]:
    for name in READERS:
        path = ROOT / "cfgtool" / name
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def _collect(node: ast.AST, reading: set[str], refusing: set[str]) -> None:
    """Put the words of every literal below `node` where they belong."""
    if _title(node) in REFUSING:
        reading = refusing
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        reading.update(node.value.split("."))
    for child in ast.iter_child_nodes(node):
        _collect(child, reading, refusing)


def _title(node: ast.AST) -> str:
    """The name of a function, or of what is assigned to."""
    if isinstance(node, ast.FunctionDef):
        return node.name
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return ""


def main(arguments: list[str]) -> int:
    """Write the artefact, or check it; returns the exit status."""
    text = json.dumps(uses(), indent=0, separators=(",", ":")) + "\n"
    return renew({TARGET: text}, "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
