"""`cfgtool doctor`: what of this environment suits, and what to do where it does not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cfgtool.cli.pipeline import check_format

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfgtool.doctor.remark import Remark

app = typer.Typer(add_completion=False)

_MARKS = {"ok": "ok", "note": "--", "warning": "!!", "error": "XX"}
_TITLES = {
    "python": "Python",
    "packages": "Packages",
    "tensorflow": "TensorFlow",
    "machine": "Machine",
    "commands": "Commands that need more",
    "config": "Config",
}


@app.command()
def doctor(
    config: Annotated[
        str | None, typer.Argument(metavar="[CONFIG]", help="A pipeline.config to be trained here.")
    ] = None,
    model_dir: Annotated[
        Path | None, typer.Option("--model-dir", help="Folder of the run, for its disk (default: here).")
    ] = None,
    time_limit: Annotated[
        float,
        typer.Option(
            "--time-limit", min=1, metavar="SECONDS", help="How long TensorFlow may take to answer."
        ),
    ] = 90.0,
    format: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> int:
    """Tell what of this environment suits, and the way out where it does not.

    TensorFlow is started in a process of its own, so that a broken one is told of. Exits with 0 if all is well, 1 if
    something is missing or broken, 2 if the config cannot be read.
    """
    check_format(format, ("text", "json"))
    found = list(_remarks(config, model_dir, time_limit))
    if format == "json":
        import json

        print(json.dumps([remark._asdict() for remark in found], indent=2))
    else:
        from cfgtool.cli.output import write

        write("".join(f"{line}\n" for line in _as_text(found)), sys.stdout)
    return int(any(remark.state in ("warning", "error") for remark in found))


def _remarks(config: str | None, model_dir: Path | None, time_limit: float) -> Iterator[Remark]:
    from cfgtool.doctor import machine, packages, probe

    if config is not None:
        from cfgtool.files import read_proto

        read_proto(config)  # a file that is not there should not be learnt of after a minute
    yield from machine.python_remarks()
    yield from packages.package_remarks()
    tensorflow = next(package for package in packages.PACKAGES if package.name == "tensorflow")
    answer = probe.ask(time_limit) if packages.installed(tensorflow) is not None else None
    yield from machine.tensorflow_remarks(answer)
    yield from machine.machine_remarks(model_dir)
    yield from packages.command_remarks(answer.failure if answer is not None else None)
    if config is not None:
        from cfgtool.doctor.config import config_remarks

        works = answer is not None and answer.told is not None
        yield from config_remarks(config, model_dir, tensorflow=works, time_limit=time_limit)


def _as_text(found: list[Remark]) -> Iterator[str]:
    """A heading for each part, a line for each remark, its way out below."""
    width = max(len(remark.name) for remark in found)
    for part, title in _TITLES.items():
        here = [remark for remark in found if remark.part == part]
        if not here:
            continue
        yield title
        for remark in here:
            yield f"  {_MARKS[remark.state]}  {remark.name:<{width}}  {remark.value}"
            if remark.hint:
                yield f"      {'':<{width}}  -> {remark.hint}"
    bad = [remark for remark in found if remark.state in ("warning", "error")]
    yield f"{len(bad)} thing{'s' * (len(bad) != 1)} to mend" if bad else "all is well"
