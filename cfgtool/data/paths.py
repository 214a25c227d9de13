"""`input_path` of a TFRecord reader: plain paths, globs, and sharded names."""

from __future__ import annotations

import os
from collections.abc import Sequence

from cfgtool.data.problems import Problem
from cfgtool.errors import UserError
from cfgtool.files import exists, is_file

_GLOB = "*?["


def expand_pattern(pattern: str) -> list[str]:
    """The files that one `input_path` names, sorted; empty if a glob matches nothing.

    `name@N` stands for `name-00000-of-0000N` and so on, whether the files exist or not. A path without
    wildcards stands for itself if it exists. Raises UserError if a path has a scheme, and its place cannot be asked.
    """
    name, at, count = pattern.rpartition("@")
    if at and name and count.isdigit() and not exists(pattern):
        return [f"{name}-{shard:05d}-of-{int(count):05d}" for shard in range(int(count))]
    if "://" in pattern:
        from cfgtool import remote

        if remote.has_wildcards(pattern):
            return remote.matching(pattern)
        return [pattern] if is_file(pattern) else []
    if any(letter in pattern for letter in _GLOB):
        import glob

        return sorted(path for path in glob.glob(pattern) if not os.path.isdir(path))
    return [pattern] if os.path.exists(pattern) else []


def expand_paths(patterns: Sequence[str]) -> list[str]:
    """The files of all patterns, in the order of the patterns, each once.

    Raises UserError for a pattern that matches nothing, and for no pattern at all.
    """
    if not patterns:
        raise UserError("no input_path is given", hint="name the TFRecord files of the reader")
    paths: dict[str, None] = {}
    for pattern in patterns:
        matches = expand_pattern(pattern)
        missing = [path for path in matches if not exists(path)]
        if not matches or missing:
            raise UserError(
                _missing_message(pattern, missing),
                path=missing[0] if missing else pattern,
                hint=nearby(pattern),
            )
        paths.update(dict.fromkeys(matches))
    return list(paths)


def missing_shards(pattern: str, paths: Sequence[str]) -> int:
    """How many shards a pattern ending in `-of-NNNNN` promises beyond the files that it matched, or 0."""
    _, of, count = pattern.rpartition("-of-")
    digits = count[: len(count) - len(count.lstrip("0123456789"))]
    if not of or not digits or not any(letter in pattern for letter in _GLOB):
        return 0
    return max(0, int(digits) - len(paths))


def shard_pattern(name: str) -> str:
    """The glob for the shards of `name@N`; any other path as it is."""
    stem, at, count = name.rpartition("@")
    return f"{stem}-?????-of-{int(count):05d}" if at and stem and count.isdigit() else name


def shard_problems(pattern: str, paths: Sequence[str]) -> list[Problem]:
    """What is wrong with the set of files `paths` that `pattern` matched: shards that are missing."""
    absent = missing_shards(shard_pattern(pattern), paths)
    message = f"{absent} shard{'s are' if absent > 1 else ' is'} missing"
    return [Problem("shards-missing", "warning", message, pattern)] if absent else []


def nearby(pattern: str) -> str:
    """A hint for a pattern that matches nothing: the nearest existing name, or where it was looked for."""
    if "://" in pattern:
        return "is the name right, and may it be listed?"
    folder, name = os.path.split(pattern)
    if any(letter in folder for letter in _GLOB):
        return f"relative paths start at {os.getcwd()!r}"
    if not os.path.isdir(folder or "."):
        return f"there is no folder {folder!r}" + ("" if os.path.isabs(folder) else f" in {os.getcwd()!r}")
    import difflib

    near = difflib.get_close_matches(name, sorted(os.listdir(folder or ".")), 1)
    if near:
        return f"did you mean {os.path.join(folder, near[0])!r}?"
    return f"nothing like it is in {folder or os.getcwd()!r}"


def _missing_message(pattern: str, missing: Sequence[str]) -> str:
    if missing and missing != [pattern]:
        return f"{len(missing)} of the files of {pattern!r} are missing"
    return f"no file matches input_path {pattern!r}"
