"""`cfgtool manifest`: a training run as a Kubernetes job."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click
import typer

from cfgtool.errors import UserError

if TYPE_CHECKING:
    from cfgtool.deploying.config import Trained

app = typer.Typer(add_completion=False)

_NOT_PASSED_ON = {
    "model_dir": "give --model-dir to `cfgtool manifest`",
    "workers": "give their number to `cfgtool manifest`",
    "worker_index": "the job sets it",
    "overrides": "give --set to `cfgtool manifest`",
    "restart": "workers that start again would start anew; choose another --model-dir",
    "dry_run": "a job that shows how it would start trains nothing",
    "format": "it is an option of --dry-run",
}
"""Options of `cfgtool train` that a job sets itself or must not have, and the way out."""

Config = Annotated[str, typer.Argument(metavar="CONFIG", help="The pipeline.config to train from, or -.")]
Image = Annotated[
    str, typer.Option("--image", metavar="IMAGE", help="Container image with cfgtool and TensorFlow.")
]
Workers = Annotated[int, typer.Option("--workers", min=1, metavar="N", help="Pods that train together.")]
Name = Annotated[str, typer.Option("--name", metavar="NAME", help="Name of the job and its service.")]
Namespace = Annotated[
    str | None,
    typer.Option("--namespace", metavar="NAME", help="Namespace of all resources (default: kubectl's)."),
]
DataClaim = Annotated[
    list[str],
    typer.Option(
        "--data-claim",
        metavar="PVC[:MOUNT]",
        help="Claim with the data, at /data if nothing else is said; relative paths start from the first.",
    ),
]
ModelClaim = Annotated[
    str | None,
    typer.Option(
        "--model-claim", metavar="PVC[:MOUNT]", help="Claim that keeps the run, at /runs if nothing is said."
    ),
]
ModelDir = Annotated[
    str | None,
    typer.Option(
        "--model-dir",
        metavar="PATH",
        help="Folder of the run, in a claim (default: NAME in the model claim).",
    ),
]
Gpus = Annotated[int, typer.Option("--gpus", min=0, metavar="N", help="NVIDIA GPUs of each pod.")]
Cpus = Annotated[
    str | None, typer.Option("--cpus", metavar="N", help="Processors that each pod asks for, such as 8.")
]
Memory = Annotated[
    str | None, typer.Option("--memory", metavar="SIZE", help="Memory of each pod, such as 16Gi; its limit.")
]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="Port that workers listen on.")]
Retries = Annotated[
    int,
    typer.Option("--retries", min=0, help="Failures of a worker, evictions not counted, that end the job."),
]
GraceSeconds = Annotated[
    int,
    typer.Option(
        "--grace-seconds", min=1, help="Time of a stopped pod to end its step and evaluation and save."
    ),
]
Overrides = Annotated[
    list[str],
    typer.Option("--set", metavar="PATH=VALUE", help="Change a field of the config, as `cfgtool set` does."),
]
TrainOption = Annotated[
    list[str],
    typer.Option(
        "--train-option",
        metavar="WORDS",
        help="More for `cfgtool train`, such as --train-option '--eval-every 500'.",
    ),
]
Output = Annotated[
    str | None,
    typer.Option("-o", "--output", metavar="PATH", help="File to write (default: standard output)."),
]
Force = Annotated[bool, typer.Option("--force", help="Let -o replace an existing file.")]


@app.command()
def manifest(
    config: Config,
    image: Image,
    workers: Workers,
    name: Name = "cfgtool-train",
    namespace: Namespace = None,
    data_claim: DataClaim = [],  # noqa: B006 - typer copies it
    model_claim: ModelClaim = None,
    model_dir: ModelDir = None,
    gpus: Gpus = 0,
    cpus: Cpus = None,
    memory: Memory = None,
    port: Port = 2222,
    retries: Retries = 6,
    grace_seconds: GraceSeconds = 300,
    overrides: Overrides = [],  # noqa: B006
    train_option: TrainOption = [],  # noqa: B006
    output: Output = None,
    force: Force = False,
) -> None:
    """Write a Kubernetes job that trains on one or several machines: config map, service, job.

    Needs Kubernetes 1.29 or later. The claims exist already; every worker mounts the one of the model dir for writing.
    """
    from cfgtool.cli.output import refuse_to_replace
    from cfgtool.cli.rewriting import read_input, shown_name, tell, write_out
    from cfgtool.deploying.config import check_config, prepare_config
    from cfgtool.deploying.emit import as_yaml
    from cfgtool.deploying.resources import resources
    from cfgtool.deploying.run import ClusterRun, check_run, find_claims, find_model_dir
    from cfgtool.files import atomic_write, encode_text

    if output is not None:
        refuse_to_replace(output, force)
    claims = find_claims(data_claim, model_claim)
    words = _words(train_option)
    run = ClusterRun(
        name=name,
        image=image,
        workers=workers,
        model_dir=find_model_dir(model_dir, name, claims, has_model_claim=model_claim is not None),
        claims=claims,
        namespace=namespace,
        gpus=gpus,
        cpus=cpus,
        memory=memory,
        port=port,
        options=tuple(words),
        retries=retries,
        grace_seconds=grace_seconds,
    )
    general = check_run(run)
    shown = shown_name(config)
    text, notes = prepare_config(shown, read_input(config), overrides)
    notes += check_config(shown, text, run, _trained(words, run.addresses))
    manifest_text = as_yaml(resources(run, text))
    for note in [*(f"note: {note}" for note in general), *(f"{shown}: note: {note}" for note in notes)]:
        tell(note)
    if output is None:
        write_out(manifest_text)
    else:
        atomic_write(output, encode_text(manifest_text))
        tell(f"wrote {output}; next: kubectl apply -f {shlex.quote(output)}")


def _words(given: Sequence[str]) -> list[str]:
    """The words of all `--train-option`s. Raises UserError for quotes that do not end."""
    words = []
    for text in given:
        try:
            words += shlex.split(text)
        except ValueError:
            raise UserError(
                f"--train-option {text!r} has a quote that does not end", hint="quote it as a shell would"
            ) from None
    return words


def _trained(words: list[str], addresses: tuple[str, ...]) -> Trained:
    """What `cfgtool train` makes of the words. Raises UserError for what it would not take, or a job must not give."""
    from cfgtool.cli.main import load_command
    from cfgtool.deploying.config import Trained
    from cfgtool.training.run.cluster import find_cluster
    from cfgtool.training.run.options import TrainOptions

    hint = "`cfgtool train --help` shows what there is"
    if any(word in ("--help", "-h", "--") for word in words):
        raise UserError("--train-option takes only options with which a run trains", hint=hint)
    try:
        context = load_command("train").make_context("train", ["config", "--model-dir", "run", *words])
    except click.UsageError as error:
        message = error.format_message().rstrip(".")
        raise UserError(f"--train-option: {message[0].lower()}{message[1:]}", hint=hint) from None
    params = context.params
    for name, way_out in _NOT_PASSED_ON.items():
        given = context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        if name == "model_dir":
            given = str(params[name]) != "run"
        if given:
            raise UserError(f"--train-option must not have {_flag(context, name)}", hint=way_out)
    find_cluster(params["strategy"], addresses, 0 if addresses else None, {})
    names = ("eval_every", "patience", "best", "precision", "accumulate", "strategy")
    options = TrainOptions("config", Path("run"), **{name: params[name] for name in names})
    return Trained(params["num_steps"], params["batch_size"], options)


def _flag(context: click.Context, name: str) -> str:
    return next(parameter.opts[0] for parameter in context.command.params if parameter.name == name)
