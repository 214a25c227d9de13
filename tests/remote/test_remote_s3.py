"""`s3://` against a server that speaks the protocol. moto and s3fs are large, and not among the packages for development:
`pip install s3fs 'moto[server]'` has these tests run.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cfgtool import remote
from cfgtool.checkpoints import open_checkpoint
from cfgtool.checkpoints.values import Values
from cfgtool.data.paths import expand_pattern
from cfgtool.errors import UserError
from cfgtool.files import atomic_write, exists, is_folder, read_bytes

s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed")
server = pytest.importorskip("moto.server", reason="moto[server] is not installed")
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def bucket(fixtures: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The demo on S3."""
    import boto3

    started = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    started.start()
    host, port = started.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()  # which know the server of the test before
    client = boto3.client("s3")
    client.create_bucket(Bucket="demo")
    for folder in ("demo/pretrained", "shapes"):
        for path in (fixtures / folder).iterdir():
            client.upload_file(str(path), "demo", f"{folder}/{path.name}")
    client.upload_file(str(fixtures / "demo/pipeline.config"), "demo", "demo/pipeline.config")
    try:
        yield "s3://demo"
    finally:
        started.stop()


def test_files_patterns_and_writing(bucket: str, fixtures: Path) -> None:
    names = ["s3://demo/shapes/shapes_train.record", "s3://demo/shapes/shapes_val.record"]
    assert expand_pattern(f"{bucket}/shapes/*.record") == names
    assert read_bytes(names[1]) == (fixtures / "shapes/shapes_val.record").read_bytes()
    assert (
        remote.read_range(names[0], 1000, 1010)
        == (fixtures / "shapes/shapes_train.record").read_bytes()[1000:1010]
    )
    assert (exists(f"{bucket}/none"), is_folder(f"{bucket}/demo")) == (False, True)
    atomic_write(f"{bucket}/new.config", b"1")
    atomic_write(f"{bucket}/new.config", b"22")
    assert read_bytes(f"{bucket}/new.config") == b"22"
    with pytest.raises(UserError, match="no such file"):
        read_bytes("s3://nowhere/none.config")


def test_commands(run: Run, bucket: str) -> None:
    assert run("lint", "--select", "CFG556", f"{bucket}/demo/pipeline.config").returncode == 0
    assert (
        run(
            "match", f"{bucket}/demo/pipeline.config", "--checkpoint", f"{bucket}/demo/pretrained/ckpt-1"
        ).returncode
        == 0
    )
    assert run("checkpoint", "ls", f"{bucket}/demo/pretrained").returncode == 0
    checked = run("data", "check", f"{bucket}/shapes/*.record", "--workers", "2")
    assert (checked.returncode, checked.stderr.strip()) == (0, "360 records read, 0 problems")


def test_values(bucket: str, fixtures: Path) -> None:
    here, there = (
        open_checkpoint(str(fixtures / "demo/pretrained/ckpt-1")),
        open_checkpoint(f"{bucket}/demo/pretrained/ckpt-1"),
    )
    with Values(here) as mine, Values(there, check=True) as theirs:
        for entry in here.tensors()[::20]:
            assert bytes(mine.raw(entry)) == bytes(theirs.raw(there.entries[entry.key]))
