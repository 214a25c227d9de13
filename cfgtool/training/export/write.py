"""Carrying out an export: the network gets its weights and is written in the format asked for."""

from __future__ import annotations

import tempfile
from pathlib import Path

import tensorflow as tf

from cfgtool.data.expected import num_classes
from cfgtool.errors import UserError
from cfgtool.files import atomic_write, encode_text, read_bytes
from cfgtool.training.architecture import architecture
from cfgtool.training.assemblies import Assembly, build_assembly
from cfgtool.training.export.folder import output_folder
from cfgtool.training.export.labels import LABEL_MAP, LABELS, label_lines
from cfgtool.training.export.plan import CHECKPOINT, CONFIG, SAVED_MODEL, TFLITE, ExportPlan, written
from cfgtool.training.export.saved_model import DetectionModule, save_model
from cfgtool.training.export.tflite import convert
from cfgtool.training.export.tflite_center_net import with_detections
from cfgtool.training.export.weights import read_values
from cfgtool.training.quiet import silence


def export(plan: ExportPlan) -> list[str]:
    """Write what was planned; returns the names in the output folder.

    Raises UserError for a damaged checkpoint, a disk that refuses, and a network that the converter does not take.
    """
    options = plan.options
    config = plan.job.config
    if options.format == "tflite" and architecture(config).kind == "center_net":
        config = with_detections(config, options.max_detections)
    assembly = build_assembly(config)
    assembly.weights.assign(read_values(plan.sources))
    with output_folder(options.output, written(options)) as folder:
        with silence():
            if options.format == "tflite":
                _write_tflite(plan, assembly, folder)
            else:
                _write_saved_model(plan, assembly, folder)
        atomic_write(str(folder / CONFIG), encode_text(plan.job.text))
        if plan.label_map is not None:
            atomic_write(str(folder / LABEL_MAP), read_bytes(plan.label_map.path))
        return sorted(path.name for path in folder.iterdir())


def _write_saved_model(plan: ExportPlan, assembly: Assembly, folder: Path) -> None:
    options = plan.options
    module = DetectionModule(plan.job.config, assembly, options.input_type, any_batch=options.any_batch)
    try:
        save_model(module, folder / SAVED_MODEL)
        checkpoint = tf.train.Checkpoint(model=assembly.weights.tree)
        manager = tf.train.CheckpointManager(checkpoint, str(folder / CHECKPOINT), max_to_keep=1)
        manager.save(checkpoint_number=0)
    except tf.errors.OpError as error:
        raise UserError(
            f"cannot be written: {error.message.splitlines()[0]}", path=str(options.output)
        ) from None


def _write_tflite(plan: ExportPlan, assembly: Assembly, folder: Path) -> None:
    config = plan.job.config
    with tempfile.TemporaryDirectory() as work:
        model = convert(config, assembly, plan.options, work)
    atomic_write(str(folder / TFLITE), model)
    classes = num_classes(config) or 0
    atomic_write(str(folder / LABELS), encode_text(label_lines(plan.label_map, classes)))
