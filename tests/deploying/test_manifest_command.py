"""`cfgtool manifest` as a command: what it writes, says and refuses."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from manifests import CLAIMS, DEMO, IMAGE, Manifest, documents, pod_of

from cfgtool.cli.main import main

TWO = (*IMAGE, "--workers", "2", *CLAIMS)


def test_the_same_words_give_the_same_bytes(manifest: Manifest) -> None:
    assert manifest(*TWO) == manifest(*TWO)


def test_the_result_goes_to_a_file_that_is_kept_unless_forced(manifest: Manifest, tmp_path: Path) -> None:
    out = tmp_path / "train.yaml"
    status, text, told = manifest(*TWO, "-o", str(out))
    assert (status, text) == (0, "")
    assert f"kubectl apply -f {out}" in told
    assert out.read_text() == manifest(*TWO)[1]
    out.write_text("mine")
    status, _, told = manifest(*TWO, "-o", str(out))
    assert status == 2
    assert "--force replaces it" in told
    assert out.read_text() == "mine"
    assert manifest(*TWO, "-o", str(out), "--force")[0] == 0
    assert out.read_text() != "mine"


def test_the_config_may_come_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = DEMO.read_bytes().replace(b"\n", b"\r\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    with pytest.raises(SystemExit) as stop:
        main(["manifest", "-", *TWO])
    assert not stop.value.code
    found = documents(capsys.readouterr().out)["ConfigMap"]["data"]["pipeline.config"]
    assert found.encode() == text


def test_resources_are_asked_for(manifest: Manifest) -> None:
    (container,) = pod_of(documents(manifest(*TWO)[1])["Job"])["containers"]
    assert "resources" not in container
    words = ("--gpus", "1", "--cpus", "8", "--memory", "16Gi")
    pod = pod_of(documents(manifest(*TWO, *words)[1])["Job"])
    assert pod["containers"][0]["resources"] == {
        "requests": {"cpu": "8", "memory": "16Gi", "nvidia.com/gpu": 1},
        "limits": {"memory": "16Gi", "nvidia.com/gpu": 1},
    }
    assert "/dev/shm" not in {mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}


def test_files_that_pods_may_not_find_are_told(manifest: Manifest) -> None:
    status, _, told = manifest(*TWO)
    assert status == 0
    assert "'../shapes/shapes_train.record' is below no claim" in told
    assert "pretrained/ckpt-1" not in told, "it is below the folder of the first claim"
    changes = {
        "train_input_reader.label_map_path": "/data/map.pbtxt",
        "train_input_reader.tf_record_input_reader.input_path": "gs://bucket/train.record",
        "eval_input_reader[0].label_map_path": "map.pbtxt",
        "eval_input_reader[0].tf_record_input_reader.input_path": "/database/val.record",
    }
    words = [word for path, value in changes.items() for word in ("--set", f"{path}={value}")]
    notes = [line for line in manifest(*TWO, *words)[2].splitlines() if "note" in line]
    assert len(notes) == 1
    assert "/database/val.record" in notes[0]


@pytest.mark.parametrize(
    ("image", "noted"),
    [
        ("cfgtool", True),
        ("localhost:5000/cfgtool", True),
        ("cfgtool:latest", True),
        ("cfgtool:1", False),
        ("Registry.example.com:5000/a/b_c/d-e:v1.0-rc", False),
        ("a/b@sha256:" + "0" * 64, False),
    ],
)
def test_images_without_a_fixed_tag_are_noted(manifest: Manifest, image: str, noted: bool) -> None:
    status, _, told = manifest("--image", image, "--workers", "1", *CLAIMS)
    assert status == 0
    assert ("no fixed tag" in told) is noted


MISTAKES: list[tuple[tuple[str, ...], str]] = [
    (("--name", "Pets"), "--name 'Pets' is no DNS label; lower-case letters, digits and hyphens"),
    (("--name", "pets-"), "is no DNS label"),
    (("--name", "pets.a"), "is no DNS label"),
    (("--name", "pets\n"), "is no DNS label"),
    (("--name", ""), "is no DNS label"),
    (("--name", "2pets"), "starts with a digit"),
    (("--name", "a" * 62), "62 characters, and with the number of a worker it may have 61"),
    (("--namespace", "a_b"), "--namespace 'a_b' is no DNS label"),
    (("--namespace", "a" * 64), "64 characters, and a DNS label has 63 at most"),
    (("--image", "team/CfgTool"), "names no image"),
    (("--image", "cfgtool 1"), "names no image"),
    (("--image", "cfgtool:"), "names no image"),
    (("--memory", "16"), "'16' is no amount of memory; write a number and a unit"),
    (("--memory", "16gb"), "no amount of memory"),
    (("--memory", "512m"), "no amount of memory"),
    (("--memory", "0Gi"), "no amount of memory"),
    (("--cpus", "many"), "no number of processors"),
    (("--cpus", "0"), "no number of processors"),
    (("--data-claim", "pets"), "claim 'pets' at /data is in the way of claim 'pets' at /data"),
    (("--data-claim", "more:/data/more"), "is in the way of claim 'pets'"),
    (("--data-claim", "a:/etc"), "is in the way of the pod itself at /etc/cfgtool"),
    (("--data-claim", "a:data"), "'data' is no absolute path in a container"),
    (("--data-claim", "a:/x/../y"), "no absolute path"),
    (("--data-claim", "a:/"), "the root of a container cannot be a mount"),
    (("--data-claim", "A:/a"), "names no persistent volume claim"),
    (("--data-claim", ":/a"), "names no persistent volume claim"),
    (("--model-dir", "/elsewhere"), "no claim holds the model dir '/elsewhere'"),
    (("--model-dir", "/runsaway"), "no claim holds the model dir"),
    (("--model-dir", "run"), "no absolute path"),
    (("--workers", "3"), "pipeline.config:89:15: a batch of 16 cannot be shared by 3 workers evenly; make it a multiple of 3, such as --set train_config.batch_size=18"),
    (("--gpus", "3"), "shared by 2 workers of 3 GPUs evenly"),
    (("--set", "train_config.batch_sise=3"), "pipeline.config: "),
    (("--set", "train_config.batch_size"), "is not of the form 'path=value'"),
    (("--set", "train_config.batch_size=0"), "makes no batch"),
    (("--train-option", "--batch-size 7"), "such as --batch-size 8"),
    (("--train-option", "--evel-every 3"), "--train-option: no such option"),
    (("--train-option", "--log-every x"), "--train-option: invalid value"),
    (("--train-option", "other.config"), "unexpected extra argument"),
    (("--train-option", "--help"), "only options with which a run trains"),
    (("--train-option", "'"), "a quote that does not end"),
    (("--train-option", "--restart"), "must not have --restart; workers that start again would start anew"),
    (("--train-option", "--workers a:1"), "must not have --workers"),
    (("--train-option", "--worker-index 0"), "must not have --worker-index"),
    (("--train-option", "--model-dir /x"), "must not have --model-dir"),
    (("--train-option", "--dry-run"), "must not have --dry-run"),
    (("--train-option", "--format text"), "must not have --format"),
    (("--train-option", "--set a=1"), "must not have --set"),
    (("--train-option", "--strategy none"), "--workers needs --strategy multi_worker"),
    (("--train-option", "--precision half"), "--precision 'half' is not known"),
    (("--train-option", "--patience 3"), "give --eval-every too"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "message"), MISTAKES, ids=[" ".join(words)[:40] for words, _ in MISTAKES])
def test_mistakes_are_one_message(manifest: Manifest, words: tuple[str, ...], message: str) -> None:
    status, text, told = manifest(*TWO, *words)
    assert (status, text) == (2, "")
    assert message in told
    assert told.startswith("cfgtool: error: ")
    assert told.count("\n") == 1


def test_a_run_that_nothing_keeps_is_refused(manifest: Manifest) -> None:
    for claims in ((), ("--data-claim", "pets")):
        status, _, told = manifest(*IMAGE, "--workers", "1", *claims)
        assert status == 2
        assert "it is not said where the run is kept; give --model-claim PVC" in told


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"model {", "CFG"),
        (b"\xff" + b"model { }", "is not UTF-8"),
        (b"model { ssd { } }\0", "is a binary file"),
        (b"#" * 1024 * 1024, "1,048,576 bytes, and a config map holds 1,048,575"),
        (b'train_input_reader { label_map_path: "PATH_TO_BE_CONFIGURED" }', "PATH_TO_BE_CONFIGURED"),
    ],
)
def test_configs_that_no_worker_could_start_with(
    manifest: Manifest, tmp_path: Path, content: bytes, message: str
) -> None:
    config = tmp_path / "pipeline.config"
    config.write_bytes(content)
    status, text, told = manifest(*TWO, config=config)
    assert (status, text) == (2, "")
    assert message in told
    assert str(config) in told


def test_it_loads_neither_tensorflow_nor_numpy() -> None:
    code = (
        "import sys\nfrom cfgtool.cli.main import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit as end: assert not end.code, end.code\n"
        "print(sorted({'tensorflow', 'numpy', 'keras', 'PIL', 'rich'} & set(sys.modules)), file=sys.stderr)"
    )
    words = ["manifest", str(DEMO), *TWO, "--train-option", "--eval-every 5"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"
