"""The packages that commands need: which are installed, in which version."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
from typing import TYPE_CHECKING, NamedTuple

from cfgtool.doctor.remark import Remark, State

if TYPE_CHECKING:
    from collections.abc import Iterator


class Package(NamedTuple):
    """A distribution: the `module` it brings, the versions that do (`least` and, where it matters, `below`), the extra
    of ours that installs it ("" for what is always installed), and what it is for.
    """

    name: str
    module: str
    least: str
    extra: str
    use: str
    below: str = ""


PACKAGES = (
    Package("protobuf", "google.protobuf", "5.28", "", "the artefacts of the schema"),
    Package("typer", "typer", "0.20", "", "the command line", below="0.25"),
    Package("rich", "rich", "13", "", "progress"),
    Package("jsonschema", "jsonschema", "4.20", "", "rule packs of your own"),
    Package("pyyaml", "yaml", "6", "", "data.yaml of YOLO data sets, manifests"),
    Package("pathspec", "pathspec", "0.12", "", ".gitignore files"),
    Package("tensorflow", "tensorflow", "2.18", "train", "train, evaluate, export, predict, preview"),
    Package("numpy", "numpy", "1.26", "train", "the same, and `checkpoint show` of values"),
    Package("pillow", "PIL", "10.1", "train", "the same, and `plot` to PNG"),
    Package("pycocotools", "pycocotools", "2.0.8", "train", "masks in evaluation"),
    Package("tensorboard", "tensorboard", "2.18", "train", "looking at a run in the browser"),
    Package("pygls", "pygls", "2.0", "lsp", "the language server"),
)
"""As in the project's own metadata."""

NEEDED = {
    "train, evaluate, export, predict, preview": ("tensorflow", "numpy", "pillow", "pycocotools"),
    "plot to PNG, report": ("numpy", "pillow"),
    "lsp": ("pygls",),
}
"""Commands -> the packages that they stop without."""


def installed(package: Package) -> str | None:
    """The version, None if it is not installed; "?" where its files say none."""
    try:
        found = importlib.util.find_spec(package.module.partition(".")[0])
    except (ImportError, ValueError):
        found = None
    if found is None:
        return None
    for name in (package.name, f"{package.name}-cpu", f"{package.name}_cpu"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "?"


def pip_line(extra: str) -> str:
    """The command that installs an extra of ours, or ourselves."""
    return f"pip install 'cfgtool[{extra}]'" if extra else "pip install --force-reinstall cfgtool"


def package_remarks() -> Iterator[Remark]:
    """One for each package."""
    for package in PACKAGES:
        yield _judged(package, installed(package))


def command_remarks(broken: str | None) -> Iterator[Remark]:
    """One for each group of commands; `broken` says how TensorFlow fails, None if it does not."""
    by_name = {package.name: package for package in PACKAGES}
    for commands, names in NEEDED.items():
        missing = [name for name in names if installed(by_name[name]) is None]
        if missing:
            hint = pip_line(by_name[missing[0]].extra)
            yield Remark("commands", commands, "warning", f"cannot run: {', '.join(missing)} missing", hint)
        elif broken is not None and "tensorflow" in names:
            yield Remark("commands", commands, "warning", f"cannot run: tensorflow {broken}")
        else:
            yield Remark("commands", commands, "ok", "all packages are there")


def _judged(package: Package, version: str | None) -> Remark:
    bounds = f"{package.least} or later" + (f", below {package.below}" if package.below else "")
    if version is None:
        # What is missing of an extra is a warning where its commands are listed.
        state: State = "note" if package.extra else "error"
        return Remark(
            "packages", package.name, state, f"not installed; for {package.use}", pip_line(package.extra)
        )
    if version != "?" and _key(version) < _key(package.least):
        hint = f"pip install '{package.name}>={package.least}'"
        return Remark("packages", package.name, "warning", f"{version}; {bounds} is needed", hint)
    if package.below and version != "?" and _key(version) >= _key(package.below):
        hint = f"pip install '{package.name}>={package.least},<{package.below}'"
        return Remark("packages", package.name, "warning", f"{version}; {bounds} is needed", hint)
    return Remark("packages", package.name, "ok", version)


def _key(version: str) -> tuple[int, ...]:
    """The numbers that a version begins with, without zeros at the end."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(word) for word in found[0].split(".")] if found is not None else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)
