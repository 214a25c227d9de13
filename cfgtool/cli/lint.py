"""`cfgtool lint`: every mistake of a config, at its place, with what to write instead."""

# Annotations are evaluated here: typer would have to evaluate their texts, each of them twice, at every start.
import atexit
import gc
import os
import sys
from typing import Annotated, Any

import typer

from cfgtool.cli.lint_files import Work
from cfgtool.cli.lint_run import Run
from cfgtool.cli.output import refuse_to_replace, write, write_result
from cfgtool.errors import UserError
from cfgtool.lint.configuration import Lookup
from cfgtool.lint.discovery import STDIN, Discovery, expand_all
from cfgtool.lint.findings import FAIL_ON
from cfgtool.lint.paint import wants_colour
from cfgtool.lint.reporters import FORMATS, Results, render
from cfgtool.lint.rules import TARGETS

app = typer.Typer(add_completion=False, help="Report every mistake of a config at its place.")

Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH...", help="Configs, label maps, folders, globs, or - (default: .)."),
]
Format = Annotated[
    str,
    typer.Option("--format", help=f"{', '.join(FORMATS)}."),
]
Output = Annotated[str | None, typer.Option("--output-file", "-o", help="Write the findings to this file.")]
Force = Annotated[bool, typer.Option("--force", help="Let -o replace an existing file.")]
Statistics = Annotated[bool, typer.Option("--statistics", help="Count the findings of each rule.")]
FailOn = Annotated[
    str | None,
    typer.Option(
        "--fail-on",
        help="Least severity that makes the exit status 1: error, warning, info or never (default: warning).",
    ),
]
Profile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        help="minimal, default or strict: which rules are on, and what fails.",
    ),
]
Select = Annotated[
    list[str] | None,
    typer.Option("--select", help="Codes, prefixes (CFG1) or names, with commas."),
]
Extend = Annotated[
    list[str] | None,
    typer.Option("--extend-select", help="As --select: rules to add."),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option("--ignore", help="As --select: rules to leave out."),
]
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        help="Judge as a config for: auto, tf1 or tf2 (default: auto).",
    ),
]
Apply = Annotated[bool, typer.Option("--fix", help="Apply the safe fixes.")]
Unsafe = Annotated[bool, typer.Option("--unsafe-fixes", help="With --fix or --diff: unsafe fixes too.")]
Diff = Annotated[bool, typer.Option("--diff", help="Show what --fix would change, and change nothing.")]
StdinName = Annotated[str | None, typer.Option("--stdin-filename", help="The file that - stands for.")]
AllRecords = Annotated[bool, typer.Option("--all-records", help="Read every record, not a sample.")]
Remote = Annotated[
    bool, typer.Option("--remote", help="Also look at files named with a scheme, such as gs://.")
]
Packs = Annotated[list[str] | None, typer.Option("--rules", help="A TOML pack of more rules.")]
KnownFindings = Annotated[
    str | None, typer.Option("--baseline", help="Report only what is not in this file.")
]
WriteBaseline = Annotated[
    str | None, typer.Option("--write-baseline", help="Write the findings to this file as known.")
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", help="Files to leave out, as patterns of .gitignore, with commas."),
]
NoGitignore = Annotated[bool, typer.Option("--no-gitignore", help="Also look at what git leaves out.")]
ForceExclude = Annotated[bool, typer.Option("--force-exclude", help="Exclude files that are named, too.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", help="Processes for many files; 0: one a core.", min=0)]
Config = Annotated[str | None, typer.Option("--config", help="Take the settings in this file.")]
Isolated = Annotated[bool, typer.Option("--isolated", help="Take the settings of no file.")]
ShowSettings = Annotated[bool, typer.Option("--show-settings", help="Show the settings for PATH, and stop.")]


@app.command()
def lint(
    paths: Paths = None,
    format: Format = "text",
    output_file: Output = None,
    force: Force = False,
    statistics: Statistics = False,
    fail_on: FailOn = None,
    profile: Profile = None,
    select: Select = None,
    extend_select: Extend = None,
    ignore: Ignore = None,
    target: Target = None,
    fix: Apply = False,
    unsafe_fixes: Unsafe = False,
    diff: Diff = False,
    stdin_filename: StdinName = None,
    rules: Packs = None,
    all_records: AllRecords = False,
    remote: Remote = False,
    baseline: KnownFindings = None,
    write_baseline: WriteBaseline = None,
    exclude: Exclude = None,
    no_gitignore: NoGitignore = False,
    force_exclude: ForceExclude = False,
    jobs: Jobs = 1,
    config: Config = None,
    isolated: Isolated = False,
    show_settings: ShowSettings = False,
) -> int:
    """Report every mistake of a config at its place, with what to write instead.

    Exits with 0 if there is nothing above a remark (see --fail-on), 1 with findings, 2 if a file cannot be read.
    """
    atexit.register(gc.freeze)  # else every module is walked once more at the end
    _check_words(format, target, profile, fail_on)
    if output_file is not None:
        refuse_to_replace(output_file, force)
    overrides = _overrides(
        {"profile": profile, "target": target, "baseline": "" if write_baseline else baseline},
        {"select": select, "extend-select": extend_select, "ignore": ignore, "exclude": exclude},
    )
    if rules:
        overrides["rules"] = rules
    lookup = Lookup(overrides, config, isolated)
    if show_settings:
        return _show_settings(lookup, stdin_filename, paths)
    mode = "diff" if diff else "fix" if fix else "judge"
    _check_modes(mode, format, statistics, write_baseline)
    if write_baseline and STDIN in (paths or ()) and stdin_filename is None:
        raise UserError("standard input has no name in a baseline", hint="give it one with --stdin-filename")
    work = Work(lookup, mode, unsafe_fixes, stdin_filename, fail_on)
    work.remote = remote
    if all_records:
        work.read_all_records(show_progress=jobs == 1)
    run = Run(work)
    discovery = Discovery(lookup, not no_gitignore, force_exclude)
    run.treat(expand_all(discovery, paths or ["."], run.errors), jobs)
    if write_baseline is not None:
        run.tell()
        return run.write_baseline(write_baseline)
    if mode != "diff":
        results = run.results(output_file is None and wants_colour(sys.stdout))
        text = _statistics(format, results) if statistics else render(format, results)
        if mode == "fix" and STDIN in (paths or ()) and output_file is None:
            write(text, sys.stderr)
        else:
            write_result(text, output_file)
    run.tell()
    return run.status()


def _check_words(format: str, target: str | None, profile: str | None, fail_on: str | None) -> None:
    """Raise UserError for a word that an option does not know."""
    _one_of("format", format, FORMATS)
    if target is not None:
        _one_of("target", target, TARGETS)
    if fail_on is not None:
        _one_of("severity", fail_on, FAIL_ON, "--fail-on takes")
    if profile is not None:
        from cfgtool.lint.profiles import PROFILES

        _one_of("profile", profile, PROFILES)


def _one_of(what: str, word: str, known: Any, hint: str | None = None) -> None:
    if word not in known:
        raise UserError(f"no {what} {word!r}", hint=f"{hint or f'{what}s are'} {', '.join(known)}")


def _check_modes(mode: str, format: str, statistics: bool, write_baseline: str | None) -> None:
    """Raise UserError for options that do not go together."""
    if write_baseline and mode != "judge":
        raise UserError(f"--write-baseline does not go with --{mode}", hint="run one after the other")
    if statistics:
        from cfgtool.lint.reporters.statistics import FORMATS as COUNTED

        if format not in COUNTED:
            raise UserError(
                f"--statistics does not go with --format {format}", hint=f"it goes with {', '.join(COUNTED)}"
            )


def _overrides(words: dict[str, str | None], lists: dict[str, list[str] | None]) -> dict[str, Any]:
    """What the command line says, under the keys that a configuration has for it."""
    found: dict[str, Any] = {key: value for key, value in words.items() if value is not None}
    for key, options in lists.items():
        split = [word.strip() for option in options or () for word in option.split(",") if word.strip()]
        if split:
            found[key] = split
    return found


def _show_settings(lookup: Lookup, stdin_name: str | None, paths: list[str] | None) -> int:
    from cfgtool.cli.lint_settings import shown_settings

    for path in paths or [os.curdir]:
        # A folder is shown the settings of what is in it.
        name = stdin_name if path == STDIN else path
        inside = os.path.join(name, "*.config") if name and os.path.isdir(name) else name
        write(shown_settings(lookup, inside), sys.stdout)
    return 0


def _statistics(format: str, results: Results) -> str:
    from cfgtool.lint.reporters import statistics

    return statistics.render(format, results)
