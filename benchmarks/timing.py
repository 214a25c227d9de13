"""Timing commands and functions against a peer: in turns within one run, medians and ratios."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """Seconds of one run, and the largest memory of the process in MiB (0 for functions)."""

    wall: float
    cpu: float
    memory: float = 0.0


def run_command(command: Sequence[str]) -> Sample:
    """One run of a whole process; its output is dropped."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_environment()
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Sample(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _environment() -> dict[str, str]:
    """Bytecode caches are allowed, as they are for an installed package."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def run_function(function: Callable[[], object]) -> Sample:
    """One call in this process."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    function()
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Sample(time.perf_counter() - began, cpu)


def in_turns(
    first: Callable[[], Sample], second: Callable[[], Sample], rounds: int
) -> tuple[list[Sample], list[Sample]]:
    """Samples of both, A B A B ..., after one round that does not count."""
    pairs = [(first(), second()) for _ in range(rounds + 1)][1:]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def report(title: str, peer: str, ours: list[Sample], theirs: list[Sample], bar: str) -> None:
    """Print medians of CPU seconds and the median of the ratios pair by pair."""
    mine = statistics.median(sample.cpu for sample in ours)
    other = statistics.median(sample.cpu for sample in theirs)
    ratio = statistics.median(a.cpu / b.cpu for a, b in zip(ours, theirs, strict=True))
    memory = max(sample.memory for sample in ours)
    shown = f"{ratio:.2f} x" if ratio > 0.1 else f"1/{1 / ratio:.0f}"
    print(f"{title}: {mine * 1000:.1f} ms CPU, {peer}: {other * 1000:.1f} ms; ratio {shown} ({bar})")
    if memory:
        print(
            f"    largest memory {memory:.0f} MiB against {max(sample.memory for sample in theirs):.0f} MiB"
        )
