"""The start page: what a run is about to do, before its first step, as text for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cfgtool.lint.cards.build import training_use
from cfgtool.matching.report.fates import Report
from cfgtool.matching.report.text import parts_as_text
from cfgtool.matching.report.wording import printable
from cfgtool.training.run.schedules import build_schedule
from cfgtool.training.starting.estimates import in_bytes, in_time
from cfgtool.training.starting.learning_rates import marks, sparkline
from cfgtool.training.starting.model_dir import free_bytes
from cfgtool.training.starting.plan import learning_rate_config

if TYPE_CHECKING:
    from cfgtool.matching.report.text import Screen
    from cfgtool.schema import Config
    from cfgtool.training.run.job import Job
    from cfgtool.training.run.options import TrainOptions
    from cfgtool.training.starting.data_found import DataFound
    from cfgtool.training.starting.plan import Start

_FEW = 3
"""Problems of one kind that the page shows; the commands it names show all."""


def page_as_text(job: Job, start: Start, options: TrainOptions, screen: Screen) -> Iterator[str]:
    """The page line by line."""
    changed = f" with {_count(len(options.overrides), 'override')}" if options.overrides else ""
    yield from screen.labelled("config", printable(job.path) + changed)
    network = start.network
    height, width, _ = network.input_shape
    anchors = f" {network.anchors:,} anchors," if network.anchors else ""
    yield from screen.labelled(
        "network",
        f"{network.feature_extractor} ({network.generation.upper()}): {network.parameters:,} parameters,"
        f"{anchors} images of {height} x {width}",
    )
    yield from _weights(start, screen)
    yield from _data(start.data, "data", screen)
    yield from _evaluation(start, options, screen)
    yield from screen.labelled("steps", _steps(job, start, options))
    yield from _rate(job, start, screen)
    yield from screen.labelled("augment", ", ".join(augmentation_steps(job.config)) or "nothing")
    yield from _needs(start, options, screen)
    yield from _lint(job, screen)
    yield from screen.labelled("output", _output(start, options))
    for note in _notes(job, start, options):
        yield from screen.labelled("note", printable(note), "info")


def _weights(start: Start, screen: Screen) -> Iterator[str]:
    """Where the weights come from, part by part for a restore, and what is frozen."""
    if start.resume is not None:
        left = (
            f"{start.steps_left:,} of {start.num_steps:,} steps are left"
            if start.steps_left
            else "all is done"
        )
        text = f"resume from {printable(start.resume.path)} at step {start.first_step:,}: {left}"
        yield from screen.labelled("weights", text)
    elif start.plan is not None:
        plan = start.plan
        yield from screen.labelled(
            "weights", f"from {printable(plan.checkpoint.path)} as {plan.restore_type!r}: {plan.verdict.text}"
        )
        report = Report(plan, plan.checkpoint.notes)
        yield from (f"  {line}" for line in parts_as_text(report, screen))
        for warning in report.warnings:
            yield from screen.labelled("warning", printable(warning), "warning")
        for note in report.notes:
            yield from screen.labelled("note", printable(note), "info")
    else:
        yield from screen.labelled("weights", "initialised: no fine_tune_checkpoint is set")
    if start.frozen:
        parts = Report(start.plan).parts if start.plan is not None else []
        where = ", ".join(
            f"{part.frozen} of {part.variables} in {part.name}" for part in parts if part.frozen
        )
        many = f"{_count(len(start.frozen), 'variable')} of {len(start.network.variables):,}"
        yield from screen.labelled("frozen", f"{many} do not change{': ' + where if where else ''}")


def _data(data: DataFound, label: str, screen: Screen, extra: str = "") -> Iterator[str]:
    """What the records of a reader are, their classes, and what is wrong with them."""
    if not data.files:
        yield from screen.labelled(label, f"remote files, not looked into before the start{extra}")
        return
    about = "" if data.complete else "about "
    text = f"{about}{_count(data.records, 'record')} in {_count(data.files, 'file')}"
    if data.sizes is not None:
        (low, least), (high, most) = data.sizes
        text += f", images of {low} x {least}" + (
            f" to {high} x {most}" if data.sizes[0] != data.sizes[1] else ""
        )
    text += f", {data.boxes / data.sampled:.1f} boxes an image"
    if data.without_boxes:
        text += f", {100 * data.without_boxes / data.sampled:.0f} % without any"
    yield from screen.labelled(label, text + extra)
    yield from screen.labelled("", _classes(data))
    for severity, message in data.problems[:_FEW]:
        yield from screen.labelled(severity, printable(message), severity)
    if len(data.problems) > _FEW:
        yield from screen.labelled(
            "", f"{len(data.problems) - _FEW} more kinds of problems: `cfgtool data check`"
        )


def _classes(data: DataFound) -> str:
    """The classes with their boxes, and how the label map fits."""
    shown = ", ".join(f"{printable(name)} {count:,}" for name, count in data.classes[:8])
    more = f" and {len(data.classes) - 8} more classes" if len(data.classes) > 8 else ""
    whose = "all records" if data.complete else f"a sample of {data.sampled:,}"
    text = f"boxes in {whose}: {shown}{more}"
    if not data.label_map:
        return f"{text}; no label map, num_classes {data.num_classes}"
    fit = f"label map of {_count(data.label_map_classes, 'class', 'classes')}"
    if data.label_map_classes != data.num_classes:
        fit += f" for num_classes {data.num_classes}"
    unseen = f", {len(data.unseen)} of them without a box there" if data.unseen else ", each has boxes"
    return f"{text}; {fit}{unseen}"


def _evaluation(start: Start, options: TrainOptions, screen: Screen) -> Iterator[str]:
    if options.eval_every and start.evaluation is not None:
        best = f"; the best by {options.best or 'mAP'} is kept"
        patience = f", ended after {options.patience} without a better one" if options.patience else ""
        every = f"; every {options.eval_every:,} steps and at the end{best}{patience}"
        yield from _data(start.evaluation, "evaluation", screen, every)
    elif start.evaluation is not None:
        records = _count(start.evaluation.records, "record") if start.evaluation.files else "remote records"
        yield from screen.labelled("evaluation", f"none during the run (--eval-every N); there are {records}")
    else:
        yield from screen.labelled("evaluation", "none: there is no data for it")


def _steps(job: Job, start: Start, options: TrainOptions) -> str:
    """Batch and steps, and the epochs that they make."""
    text = f"{start.steps_left:,} of {_count(start.batch_size, 'image')}"
    if start.first_step:
        text += f" (step {start.first_step:,} to {start.num_steps:,})"
    per_epoch = steps_per_epoch(job, start)
    if per_epoch is not None:
        about = "" if start.data.complete else "about "
        epochs = start.steps_left / per_epoch
        many = f"{epochs:,.0f}" if epochs >= 100 else f"{epochs:.3g}"
        text += f": {about}{many} epochs of {per_epoch:,.4g} steps"
    if options.accumulate > 1:
        text += f"; {options.accumulate} batches make one update"
    if options.precision != "float32":
        text += f"; computed in {options.precision}"
    if options.jit:
        text += "; compiled with XLA"
    return f"{text}; seed {options.seed}"


def steps_per_epoch(job: Job, start: Start) -> float | None:
    """Steps that see every record once; None for records that were not counted."""
    reader = job.config.message("train_input_reader")
    taken = start.data.records / max(1, reader.integer("sample_1_of_n_examples"))
    return taken / start.batch_size if taken else None


def _rate(job: Job, start: Start, screen: Screen) -> Iterator[str]:
    schedule = build_schedule(learning_rate_config(job.config))
    kind = schedule.kind.removesuffix("_learning_rate")
    shown = ", ".join(f"{rate:.3g} at step {step:,}" for step, rate in marks(schedule, start.num_steps))
    cells = 2 * screen.bar_width
    picture = sparkline(schedule, start.num_steps, cells, blocks=screen.blocks)
    yield from screen.labelled("rate", f"{screen.paint(picture, 'info')}  {kind}")
    yield from screen.labelled("", shown)


def _needs(start: Start, options: TrainOptions, screen: Screen) -> Iterator[str]:
    """Memory and time."""
    estimates = start.estimates
    memory = estimates.memory
    text = (
        f"about {in_bytes(memory.total)} a step: {in_bytes(memory.activations)} of activations,"
        f" {in_bytes(memory.fixed)} of weights, gradients and optimizer"
    )
    has = [f"{gpu.name} has {in_bytes(gpu.memory)}" for gpu in estimates.gpus]
    if estimates.machine is not None:
        has.append(f"this machine has {in_bytes(estimates.machine)}")
    yield from screen.labelled("memory", "; ".join([text, *has]))
    if estimates.fits is False:
        yield from screen.labelled(
            "warning", "a step is likely not to fit: lower train_config.batch_size", "warning"
        )
    if not start.steps_left:
        return
    if estimates.rate:
        seconds = start.steps_left / estimates.rate
        where = "as the earlier run here" if options.restart or start.resume is None else "as the run so far"
        yield from screen.labelled(
            "time", f"about {in_time(seconds)} at {estimates.rate:.3g} steps a second, {where}"
        )
    else:
        yield from screen.labelled("time", "known after the first steps")


def _lint(job: Job, screen: Screen) -> Iterator[str]:
    counts = severities(job)
    if not counts["error"] and not counts["warning"]:
        yield from screen.labelled("lint", "nothing to report")
        return
    verdict = f"{_count(counts['error'], 'error')}, {_count(counts['warning'], 'warning')}"
    yield from screen.labelled("lint", f"{verdict}: see `cfgtool lint {printable(job.path)}`")
    errors = [finding for finding in job.report.findings if finding.severity == "error"]
    for finding in errors[:_FEW]:
        yield from screen.labelled("error", f"{finding.code} {printable(finding.message)}", "error")


def severities(job: Job) -> dict[str, int]:
    """How many findings of each severity lint has."""
    counts = dict.fromkeys(("error", "warning", "info"), 0)
    for finding in job.report.findings:
        counts[finding.severity] = counts.get(finding.severity, 0) + 1
    return counts


def _output(start: Start, options: TrainOptions) -> str:
    size = in_bytes(start.estimates.checkpoint)
    saved = f"a checkpoint of {size} every {options.checkpoint_every:,} steps and at the end"
    kept = f"the newest {options.keep} stay, {in_bytes(free_bytes(options.model_dir))} are free"
    return (
        f"{printable(str(options.model_dir))}: {saved} ({kept}), metrics.jsonl, TensorBoard's train and eval"
    )


def _notes(job: Job, start: Start, options: TrainOptions) -> Iterator[str]:
    """What is worth knowing besides: fields without effect, fields that will be refused, a changed config."""
    yield from start.notes
    by_use = fields_by_use(job.config)
    if refused := by_use["refused"]:
        yield f"training is likely to refuse {', '.join(refused)}; it judges the values before its first step"
    if ignored := by_use["ignored"]:
        shown = ", ".join(ignored[:_FEW])
        more = f" and {len(ignored) - _FEW} more" if len(ignored) > _FEW else ""
        yield f"training does not read {shown}{more}"
    earlier = options.model_dir / "pipeline.config"
    if start.resume is not None and earlier.is_file():
        text = earlier.read_text(encoding="utf-8", errors="surrogateescape")
        if text not in (job.text, job.lasting_text):
            yield "the config is not the one that this run had last; the model dir keeps the new one"


def fields_by_use(config: Config) -> dict[str, list[str]]:
    """Paths of the fields that are set and that training refuses, or does not read, each once.

    Of what is refused only switches that are on and blocks are named: whether a number or a name is taken depends on
    the value.
    """
    found: dict[str, dict[str, None]] = {"refused": {}, "ignored": {}}
    for owner, entry in config.walk():
        use = training_use(owner.type.name, entry.type.name)
        if use == "ignored" or (use == "refused" and (entry.value is True or entry.type.kind == "message")):
            found[use].setdefault(entry.path)
    return {use: list(paths) for use, paths in found.items()}


def augmentation_steps(config: Config) -> Iterator[str]:
    """The steps in order, with the numbers that are written."""
    for option in config.message("train_config").messages("data_augmentation_options"):
        name = option.which("preprocessing_step")
        if name is None:
            continue
        step = option.message(name)
        entries = [entry for field in step.names() for entry in step.entries(field)]
        written = [f"{entry.type.name} {_number(entry.value)}" for entry in entries if _is_plain(entry.value)]
        yield f"{name} ({', '.join(written)})" if written else name


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _is_plain(value: Any) -> bool:
    return isinstance(value, (bool, int, float, str))


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
