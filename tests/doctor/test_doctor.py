"""`cfgtool doctor`: what it says of whole and broken environments, without importing what it looks at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cfgtool.cli.main import main
from cfgtool.doctor import machine, packages, probe
from cfgtool.training.starting.estimates import Gpu

ROOT = Path(__file__).resolve().parents[2]
FAKE = """
__version__ = "2.18.0"
class _Any:
    def __getattr__(self, name): return _Any()
    def __call__(self, *words): return 512.0 if words else _Any()
sysconfig, config, linalg = _Any(), _Any(), _Any()
sysconfig.get_build_info = lambda: {"is_cuda_build": True, "cuda_version": "99.1", "cudnn_version": "9"}
config.list_physical_devices = lambda kind: []
ones = reduce_sum = linalg.matmul = lambda *words: 512.0
"""
"""A TensorFlow that answers at once and sees no GPU."""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a `tensorflow` in front of the installed one, for new processes."""

    def write(code: str) -> None:
        folder = tmp_path / "modules" / "tensorflow"
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(code)
        monkeypatch.setenv("PYTHONPATH", str(folder.parent))

    return write


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]):
    """Runs `cfgtool doctor --format json`: its status and its remarks by name."""

    def call(*words: str | Path) -> tuple[int, dict[str, dict[str, Any]]]:
        with pytest.raises(SystemExit) as stop:
            main(["doctor", *map(str, words), "--format", "json"])
        told = json.loads(capsys.readouterr().out)
        return int(stop.value.code or 0), {f"{remark['part']}/{remark['name']}": remark for remark in told}

    return call


BROKEN = {
    "no import": (
        "raise ImportError('libstdc++.so.6: version GLIBCXX_3.4.29 not found')",
        "GLIBCXX_3.4.29",
        "pip",
    ),
    "numpy": ("raise AttributeError('_ARRAY_API not found in numpy')", "_ARRAY_API", "numpy"),
    "instructions": ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "SIGILL", "processor"),
    "memory": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "memory", "pip"),
    "hangs": ("import time; time.sleep(60)", "within 1 seconds", "--time-limit"),
    "silent": ("import os; os._exit(0)", "no answer", "pip"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_tensorflow_is_told(case: str, fake, doctor) -> None:
    code, what, hint = BROKEN[case]
    fake(code)
    status, found = doctor("--time-limit", "1" if case == "hangs" else "30")
    assert status == 1
    remark = found["tensorflow/import"]
    assert remark["state"] == "error"
    assert what in remark["value"]
    assert hint in remark["hint"]
    commands = found["commands/train, evaluate, export, predict, preview"]
    assert commands["state"] == "warning"
    assert what in commands["value"]
    assert found["commands/lsp"]["state"] == "ok"


def test_gpu_that_tensorflow_does_not_use_has_its_pip_line(
    fake, doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(FAKE)
    monkeypatch.setattr(machine, "gpus", lambda: (Gpu("NVIDIA A100", 40 << 30),))
    status, found = doctor()
    remark = found["tensorflow/GPUs"]
    assert status == 1
    assert "NVIDIA A100 (42.9 GB)" in remark["value"]
    assert "libcudart" in remark["value"]
    assert remark["hint"] == "pip install 'tensorflow[and-cuda]==2.18.0'"


def test_machine_without_gpu_is_well(fake, doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(FAKE)
    monkeypatch.setattr(machine, "gpus", lambda: ())
    status, found = doctor()
    assert found["tensorflow/GPUs"]["state"] == "note"
    assert [name for name, remark in found.items() if remark["state"] in ("warning", "error")] == []
    assert status == 0


def test_missing_packages_have_their_pip_lines(doctor, fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(FAKE)
    lacking = ("tensorflow", "pycocotools", "pygls")
    real = packages.installed
    monkeypatch.setattr(
        packages, "installed", lambda package: None if package.name in lacking else real(package)
    )
    status, found = doctor()
    assert status == 1
    training = found["commands/train, evaluate, export, predict, preview"]
    assert training["value"] == "cannot run: tensorflow, pycocotools missing"
    assert training["hint"] == "pip install 'cfgtool[train]'"
    assert found["commands/lsp"]["hint"] == "pip install 'cfgtool[lsp]'"
    assert found["commands/plot to PNG, report"]["state"] == "ok"
    assert "tensorflow/import" not in found


@pytest.mark.parametrize(
    ("version", "state"),
    [("0.19.9", "warning"), ("0.20", "ok"), ("0.24.2", "ok"), ("0.25.0", "warning"), ("?", "ok")],
)
def test_versions_are_compared_by_their_numbers(
    version: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "installed", lambda _: version)
    remark = next(remark for remark in packages.package_remarks() if remark.name == "typer")
    assert remark.state == state
    assert (remark.hint is None) == (state == "ok")


def test_packages_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {"": project["dependencies"], **project["optional-dependencies"]}
    for package in packages.PACKAGES:
        bound = f"{package.name}>={package.least}" + (f",<{package.below}" if package.below else "")
        assert bound in wanted[package.extra]
    named = {package.name for package in packages.PACKAGES}
    listed = [line.partition(">=")[0] for extra in ("", "train", "lsp") for line in wanted[extra]]
    assert named == set(listed)


def test_config_is_looked_at_part_by_part(doctor, fake, tmp_path: Path) -> None:
    fake("raise ImportError('none')")
    config = (ROOT / "fixtures" / "demo" / "pipeline.config").read_text()
    path = tmp_path / "pipeline.config"
    path.write_text(
        config.replace('"../shapes', f'"{ROOT}/fixtures/shapes')
        .replace('"pretrained', f'"{ROOT}/fixtures/demo/pretrained')
        .replace("shapes_val.record", "nothing.record")
        .replace("batch_size: 16", "batch_size: 400000000")
    )
    status, found = doctor(path, "--model-dir", tmp_path / "run")
    assert status == 1
    assert found["config/train_input_reader"]["state"] == "ok"
    assert "no file matches" in found["config/eval_input_reader"]["value"]
    assert found["config/memory"]["state"] == "warning"
    assert "--batch-size" in found["config/memory"]["hint"]
    assert found["config/start checkpoint"]["state"] == "ok"
    assert found["config/disk"]["state"] == "ok"
    assert "config/settings" not in found  # nobody there who could be asked


def test_config_that_cannot_be_read_is_another_status(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["doctor", "nowhere.config"])
    assert stop.value.code == 2
    assert "no such file" in capsys.readouterr().err


def test_broken_config_is_an_error_among_others(doctor, fake, tmp_path: Path) -> None:
    fake(FAKE)
    path = tmp_path / "pipeline.config"
    path.write_text("model { ssd { num_clases: 4 } }")
    status, found = doctor(path)
    assert status == 1
    assert "num_clases" in found["config/config"]["value"]


def test_modules_in_the_current_folder_are_not_run(tmp_path: Path) -> None:
    """A folder from elsewhere may hold a `json.py`."""
    for name in ("json", "tensorflow", "ctypes"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    code = f"import os; os.chdir({str(tmp_path)!r}); from cfgtool.doctor.probe import run; print(run('import json, ctypes', (), 30))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-P", "-c", code], env=environment, check=True, capture_output=True)
    assert not (tmp_path / "ran").exists()


def test_nothing_heavy_is_imported_in_this_process(fake) -> None:
    fake(FAKE)
    code = (
        "import sys; from cfgtool.cli.main import main\ntry: main(['doctor', 'fixtures/demo/pipeline.config'])\n"
        "except SystemExit: pass\nprint(sorted({'tensorflow', 'numpy', 'keras', 'PIL'} & set(sys.modules)))"
    )
    path = os.pathsep.join((str(ROOT), os.environ["PYTHONPATH"]))
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.slow
def test_installed_tensorflow_answers() -> None:
    answer = probe.ask(120)
    assert answer.failure is None
    assert answer.told is not None
    assert answer.told["sum"] == 512
    assert answer.told["version"][:1] == "2"
