"""What works for each published TF2 config: `docs/support.md`.

    python -m tools.make_support --run CONFIG...   # try these, each in a process of its own; writes tools/support.json
    python -m tools.make_support [--check]         # render the page from tools/support.json

Tried is the config itself by lint and by the dry run of its network, then, at a reduced size, on the drawn data set with
four classes: two training steps, an evaluation and an export. Nothing else of the config is changed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tools.renewing import renew

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "tools" / "support.json"
PAGE = ROOT / "docs" / "support.md"
SIDES = {"hourglass": 256}
"""Networks whose innermost map would have one cell at the usual size: with two images its batch norms have two values."""
SIDE = 128
KEYPOINTS = 17
SECONDS = 900
HEAD = """# Support

What `cfgtool` does with each published TF2 config. Lint and the dry run of the network take it as it is published; its
paths are placeholders, so there is an error of lint for each of them. Training, evaluation and export are tried at a
reduced size: images of 128 x 128 pixels (hourglasses 256), batch 2, four classes, drawn pictures, two steps; everything
else is the config's.
`python -m tools.make_support --run CONFIG...` tries them anew.

| config | network | parameters | lint: errors, warnings | matches itself | two steps | evaluates | exports |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""
TAIL = """
DeepMAC's network is not described; `cfgtool lint` says so of its configs (CFG370).
"""


def main(arguments: list[str]) -> int:
    """Run, try one, or render."""
    if arguments[:1] == ["--one"]:
        print(json.dumps(tried(Path(arguments[1]))))
        return 0
    if arguments[:1] == ["--run"]:
        run([Path(path) for path in arguments[1:]])
        arguments = []
    return renew({PAGE: page(json.loads(RESULTS.read_text()))}, "--check" in arguments)


def run(configs: list[Path]) -> None:
    """Try configs, and keep what was found of others."""
    found: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for config in configs:
        began = time.monotonic()
        command = [sys.executable, "-m", "tools.make_support", "--one", str(config.resolve())]
        found[config.stem] = _outcome(command)
        print(f"{config.stem}: {time.monotonic() - began:.0f} s {found[config.stem]}", flush=True)
        RESULTS.write_text(json.dumps(dict(sorted(found.items())), indent=1) + "\n")


def _outcome(command: list[str]) -> dict[str, Any]:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return {"failed": f"took more than {SECONDS} seconds"}
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        return {"failed": done.stderr[-400:]}
    outcome: dict[str, Any] = json.loads(lines[-1])
    return outcome


def tried(path: Path) -> dict[str, Any]:
    """What works of one config; for what does not, why."""
    from cfgtool.errors import UserError
    from cfgtool.lint.engine import analyse
    from cfgtool.networks import describe
    from cfgtool.schema import read_config
    from cfgtool.textproto import parse

    text = path.read_text()
    findings = analyse(parse(text), str(path)).findings
    row: dict[str, Any] = {
        severity: sum(finding.severity == severity for finding in findings)
        for severity in ("error", "warning")
    }
    try:
        network = describe(read_config(parse(text)))
    except UserError as error:
        return {**row, "refused": error.message}
    row |= {"network": network.feature_extractor, "parameters": network.parameters}
    with tempfile.TemporaryDirectory() as folder:
        row |= _stages(path, Path(folder))
    return row


def _stages(path: Path, folder: Path) -> dict[str, Any]:
    from cfgtool.checkpoints import open_checkpoint
    from cfgtool.data.keypoints import configured_counts
    from cfgtool.errors import UserError
    from cfgtool.matching import restore_plan
    from cfgtool.networks import describe
    from cfgtool.training.evaluation.checkpoint import evaluate_checkpoint
    from cfgtool.training.export.options import ExportOptions
    from cfgtool.training.export.plan import plan_export
    from cfgtool.training.export.write import export
    from cfgtool.training.run.job import load_job
    from cfgtool.training.run.options import TrainOptions
    from cfgtool.training.run.train import run_training
    from cfgtool.training.starting.plan import plan_start

    found: dict[str, Any] = {}
    try:
        overrides = _data(path, folder)
        job = load_job(str(path), overrides)
        options = TrainOptions(str(path), folder / "run", quiet=True, log_every=1, overrides=tuple(overrides))
        found["train"] = run_training(job, plan_start(job, options), options).step
        checkpoint = open_checkpoint(str(folder / "run" / "ckpt-1"))
        network = describe(job.config, keypoints=configured_counts(job.config))
        plan = restore_plan(network, checkpoint, "full")
        if len(plan.restored) < len(network.variables):
            raise UserError(f"only {len(plan.restored)} of {len(network.variables)} variables match")
        found["match"] = len(plan.restored)
        _, evaluation = evaluate_checkpoint(job, checkpoint)
        found["evaluate"] = len(evaluation.values)
        found["export"] = export(plan_export(job, checkpoint, ExportOptions(folder / "out")))
    except UserError as error:
        found["failed"] = str(error)
    return found


def _data(path: Path, folder: Path) -> list[str]:
    """The overrides that put the drawn data set, reduced sizes and two steps into a config; files go into `folder`."""
    from cfgtool.schema import read_config
    from cfgtool.textproto import parse

    config = read_config(parse(path.read_text()))
    shapes = ROOT / "fixtures" / "shapes"
    model = config.message("model")
    kind = str(model.which("model"))
    train, val = shapes / "shapes_train.record", shapes / "shapes_val.record"
    reader = f'label_map_path: "{shapes / "shapes_label_map.pbtxt"}"'
    extra = []
    tasks = model.message(kind).messages("keypoint_estimation_task") if kind == "center_net" else []
    if tasks:
        train, val = (_with_keypoints(source, folder) for source in (train, val))
        reader += f" num_keypoints: {KEYPOINTS}"
        labels = folder / "keypoints.pbtxt"
        labels.write_text(_keypoint_map(tasks[0]))
        reader = reader.replace(str(shapes / "shapes_label_map.pbtxt"), str(labels))
        extra.append(f'model.center_net.keypoint_label_map_path="{labels}"')
    if config.message("train_input_reader").flag("load_instance_masks"):
        reader += " load_instance_masks: true mask_type: PNG_MASKS"
    extractor = model.message(kind).message("feature_extractor").text("type")
    side = next((side for name, side in SIDES.items() if extractor.startswith(name)), SIDE)
    size = f"{{fixed_shape_resizer {{height: {side} width: {side}}}}}"
    records = 'tf_record_input_reader {{ input_path: "{}" }}'
    return [
        *extra,
        f"model.{kind}.num_classes=4",
        f"model.{kind}.image_resizer={size}",
        f"train_input_reader={{{reader} {records.format(train)}}}",
        f"eval_input_reader=[{{{reader} shuffle: false {records.format(val)}}}]",
        'train_config.fine_tune_checkpoint=""',
        "train_config.batch_size=2",
        "train_config.num_steps=2",
        "eval_config.batch_size=1",
        "eval_config.num_examples=4",
    ]


def _with_keypoints(source: Path, folder: Path) -> Path:
    """The records with as many keypoints an object as people have, the stored ones again and again."""
    from cfgtool.data import keys
    from cfgtool.data.example import decode_example, encode_example
    from cfgtool.data.tfrecord import read_records, write_records

    target = folder / source.name

    def records() -> Any:
        for data in read_records(str(source)):
            features: Any = decode_example(data)
            boxes = len(features[keys.LABEL])
            for key in (keys.KEYPOINT_X, keys.KEYPOINT_Y, keys.KEYPOINT_VISIBILITY):
                each = len(features[key]) // max(boxes, 1)
                rows = [features[key][each * row : each * (row + 1)] for row in range(boxes)]
                features[key] = [row[place % each] for row in rows for place in range(KEYPOINTS)]
            for key in (keys.KEYPOINT_TEXT, keys.KEYPOINT_NUM):
                features.pop(key, None)
            yield encode_example(features)

    write_records(str(target), records())
    return target


def _keypoint_map(task: Any) -> str:
    """A label map of the four classes, the last of which has the keypoints of the task."""
    labels = sorted(task.mapping("keypoint_label_to_std"))
    points = "".join(f' keypoints {{ id: {number} label: "{label}" }}' for number, label in enumerate(labels))
    names = ["circle", "square", "triangle"]
    items = [f'item {{ id: {number} name: "{name}" }}\n' for number, name in enumerate(names, start=1)]
    named = task.text("keypoint_class_name")
    return "".join(items) + f'item {{ id: 4 name: "{named}" display_name: "person"{points} }}\n'


def page(found: dict[str, Any]) -> str:
    """The page."""
    rows = []
    for stem, row in found.items():
        lint = f"{row.get('error', '?')}, {row.get('warning', '?')}"
        if "refused" in row:
            rows.append(f"| {stem} | refused: {row['refused']} | | {lint} | | | | |")
            continue
        cells = [str(row.get("network", "?")), f"{row.get('parameters', 0):,}", lint]
        cells += [_cell(row, stage) for stage in ("match", "train", "evaluate", "export")]
        rows.append(f"| {stem} | " + " | ".join(cells) + " |")
    return HEAD + "".join(f"{row}\n" for row in rows) + TAIL


def _cell(row: dict[str, Any], stage: str) -> str:
    if stage not in row:
        return f"no: {row.get('failed', '')[:120]}".replace("|", "/").replace("\n", " ")
    if stage == "match":
        return f"{row[stage]} variables"
    return f"{row[stage]} values" if stage == "evaluate" else "yes"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
