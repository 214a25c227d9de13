"""The main job from end to end on bundled data: lint, migrate, match, preview, train, evaluate, report, export.

    python -m tools.demo [FOLDER]

copies the dated config of `fixtures/demo` to FOLDER (`.demo` by default) and does what its owner would do, showing each
command and its output. Ends with an error if the detector is not good.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "fixtures" / "demo" / "pipeline.config"
REACHED = "DetectionBoxes_Precision/mAP@.50IOU"
GOAL = 0.5


def main(folder: Path) -> int:
    """Run the demo in `folder`; returns the exit status."""
    began = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "configs").mkdir(parents=True)
    # The folder has the layout of fixtures/, so that the relative paths of the config fit.
    shutil.copytree(CONFIG.parent / "pretrained", folder / "configs" / "pretrained")
    shutil.copytree(ROOT / "fixtures" / "shapes", folder / "shapes")
    config = str(shutil.copy(CONFIG, folder / "configs" / "pipeline.config"))
    run = str(folder / "run")
    picture = str(folder / "detections.png")

    show("lint", config, expect=(0, 1))
    show("migrate", config)
    show("lint", config, expect=(0, 1))
    show("match", config)
    show("preview", config, "-o", str(folder / "fed.png"), "--count", "4", "--original", "--anchors")
    show("train", config, "--model-dir", run, "--log-every", "100", "--eval-every", "300")
    show("evaluate", config, "--model-dir", run, "--per-class", "--draw", picture)
    show("report", run, "-o", str(folder / "report.html"))
    show("export", config, "--model-dir", run, "-o", str(folder / "exported"))
    metrics = json.loads(cfgtool("evaluate", config, "--model-dir", run, "--format", "json").stdout)[
        "metrics"
    ]
    minutes = (time.monotonic() - began) / 60
    good = metrics[REACHED] > GOAL
    verdict = "done" if good else f"NOT GOOD: more than {GOAL} was expected"
    print(f"\n{verdict}: {REACHED} is {metrics[REACHED]:.3f} after {minutes:.1f} minutes")
    print(f"look at {picture}, and at fed.png and report.html beside it")
    return 0 if good else 1


def show(*arguments: str, expect: tuple[int, ...] = (0,)) -> None:
    """Run a command in the open; a status that is not expected ends the demo."""
    print(f"\n$ cfgtool {shlex.join(arguments)}", flush=True)
    status = cfgtool(*arguments, capture=False).returncode
    if status not in expect:
        sys.exit(f"cfgtool {arguments[0]} ended with status {status}")


def cfgtool(*arguments: str, capture: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the installed command of this environment."""
    command = [str(Path(sys.executable).with_name("cfgtool")), *arguments]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.run(
        command, env=environment, stdout=subprocess.PIPE if capture else None, text=True, check=False
    )


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".demo")))
