"""`cfgtool match`: what the start checkpoint would restore, variable by variable, without TensorFlow."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import click

from cfgtool.cli.output import refuse_to_replace, write_result
from cfgtool.cli.pipeline import Generation, check_format, check_generation, read_pipeline, shown_path
from cfgtool.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.checkpoints import Checkpoint
    from cfgtool.matching import RestorePlan
    from cfgtool.matching.recommend import Recommendation
    from cfgtool.matching.report.text import Screen
    from cfgtool.networks import NetworkDescription

FORMATS = ("text", "json", "html")


# Not through typer, whose import would be a quarter of the time of the whole command.
@click.command()
@click.argument("config", metavar="CONFIG")
@click.option("--checkpoint", help="Prefix of a checkpoint (default: the config's).")
@click.option("--type", "restore_type", help="Restore type (default: the config's).")
@click.option("--all-types", is_flag=True, help="Compare all restore types.")
@click.option(
    "--generation",
    default="auto",
    help="auto, tf1 or tf2: whose network and restore rules.",
    show_default=True,
)
@click.option(
    "--format",
    default="text",
    help="text, json, or html: a page with a picture of the network.",
    show_default=True,
)
@click.option("--verbose", "-v", is_flag=True, help="In text, list every variable and entry.")
@click.option("-o", "--output", help="Write to this file.")
@click.option("--force", is_flag=True, help="Let -o replace an existing file.")
@click.option(
    "--fail-under", type=float, help="Fail if fewer percent of the requested variables are restored."
)
def match(
    config: Annotated[str, "A pipeline.config, or - for stdin."],
    checkpoint: str | None,
    restore_type: str | None,
    all_types: bool,
    generation: str,
    format: str,
    verbose: bool,
    output: str | None,
    force: bool,
    fail_under: float | None,
) -> int:
    """Show what a checkpoint would restore, variable by variable.

    Exits with 0 if the restore is as intended, 1 if not, 2 if it cannot be told.
    """
    check_format(format, FORMATS)
    whose = check_generation(generation)
    if fail_under is not None and not 0 <= fail_under <= 100:
        raise UserError(f"--fail-under {fail_under:g} is no percentage", hint="give a number from 0 to 100")
    if all_types and format == "html":
        raise UserError("--all-types has no page", hint="use --format text or json")
    if output is not None:
        refuse_to_replace(output, force)
    job = _Job(config, checkpoint, restore_type, whose)
    if all_types:
        plans = job.all_plans()
        chosen = job.recommendation(plans)
        _write(_types(plans, chosen, job, format, _screen(output)), output)
        return int(chosen.plan is None or _is_bad(chosen.plan, fail_under))
    plan = job.plan()
    _write(_one(plan, job, format, _screen(output), verbose), output)
    return int(_is_bad(plan, fail_under))


app = match


class _Job:
    """What was asked for, read: network, checkpoint and restore type, with `notes` on how they were found."""

    def __init__(
        self, path: str, checkpoint: str | None, restore_type: str | None, generation: Generation
    ) -> None:
        from cfgtool.data.keypoints import beside, keypoint_counts
        from cfgtool.networks import describe

        self.notes: list[str] = []
        self.config = read_pipeline(path)
        self.train = self.config.message("train_config")
        keypoints = keypoint_counts(self.config, beside(path))
        self.network: NetworkDescription = describe(self.config, generation, keypoints=keypoints)
        self.checkpoint = self._open(checkpoint, path)
        self.named_type = restore_type

    def plan(self) -> RestorePlan:
        """The plan of the type asked for, or of the config's."""
        from cfgtool.schema.unwritten import restore_type

        kind = self.named_type
        if kind is None:
            kind = restore_type(self.train)
            if not self.train.text("fine_tune_checkpoint_type"):
                flag = self.train.flag("from_detection_checkpoint")
                why = f"from_detection_checkpoint is {str(flag).lower()}"
                self.notes.append(f"fine_tune_checkpoint_type is not set: {kind!r} is assumed, because {why}")
        plan = self._planned(kind, self.train.flag("load_all_detection_checkpoint_vars"))
        self.notes += self.checkpoint.notes  # to which the plan may have added
        return plan

    def all_plans(self) -> list[RestorePlan]:
        """A plan for each restore type of the generation; in TF1 also with its switch for all variables."""
        from cfgtool.matching import restore_types

        network = self.network
        kinds = restore_types(network.meta_architecture, network.generation, network.feature_extractor)
        plans = [self._planned(kind, load_all=False) for kind in kinds]
        if network.generation == "tf1":
            plans.append(self._planned("detection", load_all=True))
        self.notes += self.checkpoint.notes
        return plans

    def recommendation(self, plans: list[RestorePlan]) -> Recommendation:
        """Which of the plans to take, compared with the type asked for, or with the config's."""
        from cfgtool.matching.recommend import recommend
        from cfgtool.schema.unwritten import restore_type

        # Without a checkpoint of its own the config has no type to be compared with.
        own = self.named_type
        if own is None and self.train.text("fine_tune_checkpoint"):
            own = restore_type(self.train)
        return recommend(plans, own, self.train.flag("load_all_detection_checkpoint_vars"))

    def _planned(self, kind: str, load_all: bool) -> RestorePlan:
        from cfgtool.matching import configured_plan

        return configured_plan(self.config, self.network, self.checkpoint, kind=kind, load_all=load_all)

    def _open(self, asked: str | None, config_path: str) -> Checkpoint:
        """The checkpoint asked for, or the config's, below the current folder or beside the config."""
        from cfgtool.checkpoints import open_checkpoint

        if asked is not None:
            return open_checkpoint(asked)
        from cfgtool.lint.context import Context, is_placeholder

        name = self.train.text("fine_tune_checkpoint")
        if is_placeholder(name):
            what = f"is the placeholder {name!r}" if name else "is not set"
            hint = "write the checkpoint's path there, or give --checkpoint"
            raise UserError(
                f"train_config.fine_tune_checkpoint {what}", path=shown_path(config_path), hint=hint
            )
        beside = None if config_path == "-" else config_path
        context = Context(self.config, self.config.document, beside, self.network.generation)
        context.remote = True
        return open_checkpoint(context.locate(name, ".index") or context.locate(name) or name)


def _is_bad(plan: RestorePlan, fail_under: float | None) -> bool:
    """True for a plan with errors or warnings, or with fewer restored variables than asked for."""
    if plan.verdict.severity in ("warning", "error") or plan.warnings:
        return True
    return fail_under is not None and plan.percent < fail_under


def _screen(output: str | None) -> Screen:
    """The terminal, or a file that has neither width nor colours."""
    from cfgtool.cli.output import has_character, terminal_width
    from cfgtool.lint.paint import painter, wants_colour
    from cfgtool.matching.report.text import Screen

    if output is not None:
        return Screen(None, painter(False), True)
    stream = sys.stdout
    return Screen(terminal_width(stream), painter(wants_colour(stream)), has_character(stream, "█"))


def _one(plan: RestorePlan, job: _Job, format_: str, screen: Screen, verbose: bool) -> Iterator[str]:
    from cfgtool.matching.report.fates import Report

    report = Report(plan, job.notes)
    if format_ == "json":
        from cfgtool.matching.report.data import plan_as_json

        yield _dumped(plan_as_json(report))
    elif format_ == "html":
        from cfgtool.matching.report.page import plan_as_page

        yield plan_as_page(report)
    else:
        from cfgtool.matching.report.text import plan_as_text

        yield from plan_as_text(report, screen, verbose=verbose)


def _types(
    plans: list[RestorePlan], chosen: Recommendation, job: _Job, format_: str, screen: Screen
) -> Iterator[str]:
    from cfgtool.matching.report import checkpoint_line, printable

    best = chosen.plan
    if format_ == "json":
        from cfgtool.matching.report.data import checkpoint_as_json, summary_as_json

        types = [
            {"type": plan.restore_type, "load_all": plan.load_all, "od_api": plan.od_api._asdict()}
            | summary_as_json(plan)
            for plan in plans
        ]
        answer = {
            "checkpoint": checkpoint_as_json(job.checkpoint),
            "types": types,
            "recommended": best and {"type": best.restore_type, "load_all": best.load_all},
            "reason": chosen.reason,
            "change": chosen.change,
            "notes": job.notes,
        }
        yield _dumped(answer)
        return
    from cfgtool.matching.report.text import types_as_text

    yield from screen.labelled("checkpoint", checkpoint_line(job.checkpoint))
    for note in job.notes:
        yield from screen.labelled("note", printable(note), "info")
    yield ""
    yield from types_as_text(plans, chosen, screen)


def _dumped(value: object) -> str:
    import json

    return json.dumps(value, indent=2)


def _write(lines: Iterator[str], output: str | None) -> None:
    """Write the lines to the file, or to standard output."""
    write_result("".join(f"{line}\n" for line in lines), output)
