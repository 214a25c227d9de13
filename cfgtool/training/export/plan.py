"""An export about to happen, decided without TensorFlow: weights, label map, output, and what cannot be exported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cfgtool.checkpoints import Checkpoint
from cfgtool.data.expected import num_classes
from cfgtool.data.keypoints import configured_counts
from cfgtool.data.label_map import LabelMap
from cfgtool.data.paths import expand_paths
from cfgtool.networks import NetworkDescription, describe
from cfgtool.networks.image_size import has_one_size
from cfgtool.schema import Config, Entry
from cfgtool.training.architecture import architecture
from cfgtool.training.export.folder import refuse_output
from cfgtool.training.export.labels import LABEL_MAP, LABELS, find_label_map
from cfgtool.training.export.options import ExportOptions
from cfgtool.training.export.weights import Sources, find_sources
from cfgtool.training.run.job import Job

CONFIG = "pipeline.config"
SAVED_MODEL = "saved_model"
CHECKPOINT = "checkpoint"
TFLITE = "model.tflite"


@dataclass(frozen=True)
class ExportPlan:
    """Everything that an export needs to be carried out. `notes` are to be told before."""

    job: Job
    options: ExportOptions
    network: NetworkDescription
    sources: Sources
    label_map: LabelMap | None
    notes: tuple[str, ...]


def plan_export(job: Job, checkpoint: Checkpoint, options: ExportOptions) -> ExportPlan:
    """Decide what is exported. Raises UserError for whatever would stop it later, so far as TensorFlow is not needed."""
    if options.format == "tflite":
        _refuse(job, _not_in_tflite(job, options))
    if options.quantize == "int8":
        _need_training_data(job)
    refuse_output(options.output, written(options), force=options.force)
    network, sources = trained_network(job, checkpoint, averages=options.averages)
    label_map, notes = find_label_map(job.config, options.label_map)
    return ExportPlan(
        job, options, network, sources, label_map, (*sources.notes, *notes, *_unlimited(job, options))
    )


def _need_training_data(job: Job) -> None:
    """Raise UserError if files of the training reader are not there, so far as TensorFlow is not needed to look."""
    patterns = job.config.find("train_input_reader.tf_record_input_reader").texts("input_path")
    if not any("://" in pattern for pattern in patterns):
        expand_paths(patterns)


def _unlimited(job: Job, options: ExportOptions) -> Iterator[str]:
    """The limit that the converter cannot pass on to the operation of TFLite."""
    limit = job.config.find("model.ssd.post_processing.batch_non_max_suppression").integer(
        "max_detections_per_class"
    )
    if architecture(job.config).kind != "ssd":
        return
    if options.format == "tflite" and limit < options.max_detections:
        yield f"a TFLite model has no max_detections_per_class: one class may have more than {limit} detections"


def trained_network(
    job: Job, checkpoint: Checkpoint, *, averages: bool = False
) -> tuple[NetworkDescription, Sources]:
    """The network of a config and its weights in a checkpoint.

    Averages are taken where they are asked for, here or by `eval_config.use_moving_averages`. Raises UserError for a
    config whose network does not detect images of one size, and as `find_sources` does.
    """
    _refuse(job, _not_for_images(job))
    network = describe(job.config, keypoints=configured_counts(job.config))
    averages = averages or job.config.message("eval_config").flag("use_moving_averages")
    classes = num_classes(job.config) or 0
    return network, find_sources(network, checkpoint, averages=averages, num_classes=classes)


def written(options: ExportOptions) -> tuple[str, ...]:
    """The names that an export may write in the output folder."""
    own = (TFLITE, LABELS) if options.format == "tflite" else (SAVED_MODEL, CHECKPOINT)
    return (*own, CONFIG, LABEL_MAP)


Refusal = tuple[Entry | None, str, str | None]
"""Entry of the config, message, hint."""


def _refuse(job: Job, refusals: Iterator[Refusal]) -> None:
    for entry, message, hint in refusals:
        raise job.fail(message, entry, hint)


def _not_for_images(job: Job) -> Iterator[Refusal]:
    resizer = architecture(job.config).message.message("image_resizer")
    kind = resizer.which("image_resizer_oneof")
    if kind is None:
        yield None, f"{resizer.path} chooses no resizer", "write fixed_shape_resizer { ... }"
    elif not has_one_size(resizer) and architecture(job.config).kind != "faster_rcnn":
        hint = "write fixed_shape_resizer, or pad_to_max_dimension: true"
        yield resizer.entry(kind), f"{kind!r} leaves sizes free; a network is exported for one size", hint
    yield from _refused(job.config.message("train_input_reader"))


def _refused(reader: Config) -> Iterator[Refusal]:
    if reader.integer("num_additional_channels"):
        message = "an exported model takes images of three channels, not num_additional_channels besides"
        yield reader.entry("num_additional_channels"), message, None


def _not_in_tflite(job: Job, options: ExportOptions) -> Iterator[Refusal]:
    chosen = architecture(job.config)
    elsewhere = "export --format saved_model"
    if chosen.kind == "faster_rcnn":
        entry = job.config.message("model").entry(chosen.kind)
        yield entry, "a TFLite model is made of 'ssd' and 'center_net', not of 'faster_rcnn'", elsewhere
        return
    resizer = chosen.message.message("image_resizer")
    kind = resizer.which("image_resizer_oneof") or ""
    if kind != "fixed_shape_resizer":
        message = f"a TFLite model takes images of a fixed shape, which {kind!r} does not make"
        path = f"model.{chosen.kind}.image_resizer"
        hint = f"--set '{path}={{fixed_shape_resizer {{height: N width: N}}}}'; no weight depends on it"
        yield resizer.entry(kind) if kind else None, message, hint
    if chosen.kind == "center_net":
        yield from _not_of_center_net(job, options)
        return
    ssd = chosen.message
    coder = ssd.message("box_coder")
    coding = coder.which("box_coder_oneof") or ""
    if options.keypoints:
        yield None, "--keypoints is for CenterNet with keypoints", "drop it"
    if coding != "faster_rcnn_box_coder":
        message = f"the post-processing of TFLite decodes faster_rcnn_box_coder, not {coding!r}"
        yield coder.entry(coding) if coding else None, message, elsewhere
    processing = ssd.message("post_processing")
    yield from unsupported(processing)
    nms = processing.message("batch_non_max_suppression")
    if nms.number("soft_nms_sigma") > 0.0:
        yield nms.entry("soft_nms_sigma"), "soft_nms_sigma: TFLite has no soft suppression", elsewhere
    if options.regular_nms and nms.flag("use_class_agnostic_nms"):
        message = "use_class_agnostic_nms suppresses over all classes, --regular-nms class by class"
        yield nms.entry("use_class_agnostic_nms"), message, "drop one of them"


def _not_of_center_net(job: Job, options: ExportOptions) -> Iterator[Refusal]:
    center_net = job.config.find("model.center_net")
    if not center_net.has("object_detection_task"):
        yield None, "a TFLite model gives boxes, and there is no object_detection_task", None
    if options.regular_nms:
        yield None, "--regular-nms is for SSD; CenterNet needs no suppression", "drop it"
    if options.keypoints and not center_net.has("keypoint_estimation_task"):
        yield None, "--keypoints is given, but there is no keypoint_estimation_task", "drop it"


def unsupported(processing: Config) -> Iterator[Refusal]:
    """What a `PostProcessing` message asks for and a TFLite model has nothing for."""
    if processing.has("calibration_config"):
        message = "a TFLite model does not calibrate scores, as calibration_config asks for"
        yield processing.entry("calibration_config"), message, "export --format saved_model"
