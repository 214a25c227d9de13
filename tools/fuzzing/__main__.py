"""Run the properties on many inputs: `python -m tools.fuzzing [--inputs N] [--jobs J] [PROPERTY ...]`.

Inputs are numbered, and a number always gives the same input, so `--first N --inputs 1` repeats one: a text, or for the
property `checkpoints` the files of a checkpoint. `--engine atheris` lets coverage guide texts instead. Every kind of
failure is shown once, with the smallest input that was found.
Exit status 1 if a property failed.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor

BATCH = 500
Failures = dict[str, tuple[int, str, str]]
"""Kind of failure -> (number of the input, input, traceback)."""


def run(first: int, count: int, names: tuple[str, ...]) -> Failures:
    """The failures of `count` inputs from number `first` on, one for each kind."""
    from tools.fuzzing.properties import PROPERTIES

    failures: Failures = {}
    for number in range(first, first + count):
        for name in names:
            make, check = PROPERTIES[name]
            subject = make(number)
            try:
                check(subject)
            except Exception as error:
                text = str(subject)
                kind = f"{name}: {type(error).__name__} at {_place(error)}"
                if kind not in failures or len(text) < len(failures[kind][1]):
                    failures[kind] = (number, text, traceback.format_exc(limit=-6))
    return failures


def _place(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"


def _many(first: int, count: int, names: tuple[str, ...], jobs: int) -> Failures:
    """All inputs, in batches over `jobs` processes."""
    merged: Failures = {}
    began = time.monotonic()
    with ProcessPoolExecutor(jobs) as pool:
        starts = range(first, first + count, BATCH)
        sizes = [min(BATCH, first + count - start) for start in starts]
        for done, failures in enumerate(pool.map(run, starts, sizes, [names] * len(sizes)), 1):
            for kind, case in failures.items():
                if kind not in merged:
                    print(f"input {case[0]}: {kind}", flush=True)
                if kind not in merged or len(case[1]) < len(merged[kind][1]):
                    merged[kind] = case
            if done % 100 == 0:
                print(f"{done * BATCH} inputs, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return merged


def _guided(seconds: int, names: list[str]) -> None:
    """Coverage-guided inputs; atheris ends the process itself, at the first failure or when the time is over."""
    import atheris

    with atheris.instrument_imports(include=["cfgtool"]):
        from tools.fuzzing.inputs import from_bytes
        from tools.fuzzing.properties import TEXT_PROPERTIES

    chosen = [TEXT_PROPERTIES[name] for name in names or TEXT_PROPERTIES]

    def one(data: bytes) -> None:
        text = from_bytes(data)
        for check in chosen:
            check(text)

    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=2000", "-print_final_stats=1"], one)
    atheris.Fuzz()


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="PROPERTY", help="default: all of them")
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first input")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--engine", choices=("seeded", "atheris"), default="seeded")
    parser.add_argument("--seconds", type=int, default=600, help="with atheris: for how long")
    options = parser.parse_args()
    if options.engine == "atheris":
        _guided(options.seconds, options.names)
        return 0
    from tools.fuzzing.properties import PROPERTIES

    unknown = set(options.names) - set(PROPERTIES)
    if unknown:
        parser.error(f"no such property: {', '.join(sorted(unknown))}")
    names = tuple(options.names or PROPERTIES)
    failures = _many(options.first, options.inputs, names, options.jobs)
    for kind, (number, text, trace) in sorted(failures.items()):
        print(f"\n== {kind}; input {number}:\n{text!r}\n{trace}")
    print(f"{options.inputs} inputs, {len(failures)} kinds of failure")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
