"""`cfgtool report`: the page of a run tells what was logged, needs nothing else, and takes any text as text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from cfgtool.cli.main import main
from cfgtool.training.report.folder import read_run, restored
from cfgtool.training.report.page import run_as_page
from cfgtool.training.report.summary import duration, summarise

MAP = "DetectionBoxes_Precision/mAP"
BY_CLASS = "DetectionBoxes_PerformanceByCategory/mAP/"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></title></script><h1>",
    "\u202egnp.exe\x1b[31m\x00",
    "javascript:alert(1)",
]


def png() -> bytes:
    """A picture of one pixel."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    content = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + content


def write_run(
    folder: Path, steps: int = 200, *, names: tuple[str, ...] = ("cat", "dog"), end: str = ""
) -> Path:
    """A run of 200 steps with an evaluation each 50, the best one at step 150."""
    pictures = folder / "eval" / "pictures"
    pictures.mkdir(parents=True)
    lines = []
    for step in range(5, steps + 1, 5):
        row: dict[str, Any] = {"step": step, "Loss/box_loss": 60 / step, "Loss/total_loss": 100 / step}
        lines.append(row | {"learning_rate": 0.1 / step, "steps_per_sec": 2.0 if step > 5 else 0.5})
        if step % 50 == 0:
            value = 0.5 - abs(step - 150) / 500
            classes = {BY_CLASS + name: value + 0.1 * place for place, name in enumerate(names)}
            lines.append({"step": step, MAP: value, f"{MAP} (small)": -1.0} | classes)
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + end)
    (folder / "pipeline.config").write_text(
        "model { ssd { num_classes: 2 feature_extractor { type: 'ssd_mobilenet_v2_keras' } } }\n"
        "train_config {\n  batch_size: 8  # <b>as run</b>\n\tnum_steps: 200\n}\n"
    )
    (pictures / "step_9.png").write_bytes(png())
    (pictures / "step_100.png").write_bytes(png())
    return folder


class Page(HTMLParser):
    """The elements of a page and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of each element of that name."""
        return [values for name, values in self.tags if name == tag]


def page_of(folder: Path) -> str:
    return run_as_page(read_run(folder))


def run_command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["report", *arguments])
    return int(caught.value.code or 0)


def test_the_verdict_comes_first(tmp_path: Path) -> None:
    summary = summarise(read_run(write_run(tmp_path / "run")))
    assert summary.verdict == "mAP 0.400 at step 200, best 0.500 at step 150"
    assert summary.severity == "ok"
    assert summary.hints == ["The last evaluation is 0.100 below the best one."]
    facts = {fact.term: fact.text for fact in summary.facts}
    assert facts["Network"] == "ssd_mobilenet_v2_keras, 2 classes"
    assert facts["Steps"] == "200 of 200, batches of 8"
    assert facts["Speed"] == "2.00 steps/s, 16.0 images/s (median)"
    # 5 steps at 0.5 a second and 195 at 2.
    assert facts["Time"].startswith("about 1 min 48 s")
    assert facts["Evaluations"] == "4"
    assert facts["Start weights"] == "started from initial weights: no fine_tune_checkpoint is set"
    page = page_of(tmp_path / "run")
    assert page.index("mAP 0.400 at step 200, best") < page.index("<h2>")


def test_a_running_run(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", 45, end='{"step": 50, "Lo')
    summary = summarise(read_run(folder))
    assert summary.severity == "warning"
    assert summary.verdict == "total loss 2.222 at step 45, not evaluated"
    assert "step 45 of 200" in summary.hints[0]
    assert any(fact.term == "Note" and "not whole" in fact.text for fact in summary.facts)
    text = Page(page_of(folder)).text
    assert "Metrics of the evaluation" not in text
    assert "No evaluation is logged" in text


def test_a_loss_that_is_not_finite(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", end='{"step": 201, "Loss/total_loss": null}\n')
    summary = summarise(read_run(folder))
    assert summary.severity == "error"
    assert "not finite at step 201" in " ".join(summary.hints)
    assert "not finite" in page_of(folder)


def test_the_page_tells_what_was_logged(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", names=("cat", "dog", "a/b"))
    page = Page(page_of(folder))
    charts = [values for values in page.of("svg") if values.get("class") == "chart"]
    assert [str(values["aria-label"]).partition(":")[0] for values in charts] == [
        "Total loss",
        "Box loss",
        "Learning rate",
        "mAP",
    ]
    assert charts[-1]["aria-label"] == ("mAP: 0.3 at step 50, 0.5 at step 150, 0.4 at step 200")
    assert "Loss" not in str(charts[2]["aria-label"])
    table = page.text[page.text.index("Average precision of each class") :]
    assert re.search(r"a/b0\.60000\.7000 at step 150dog0\.50000\.6000 at step 150cat", table)
    assert f"{MAP} (small)no groundtruth" in page.text
    assert "40 logged steps" not in page.text
    assert "every logged step" in page.text
    assert "batch_size: 8  # <b>as run</b>\n  num_steps: 200" in page.text
    pictures = page.of("img")
    assert [values["alt"] for values in pictures] == [
        f"Detections left, groundtruth right: {name}" for name in ("step_9", "step_100")
    ]
    assert pictures[0]["src"] == "data:image/png;base64," + base64.b64encode(png()).decode()


def test_values_for_the_pointer_are_those_of_the_file(tmp_path: Path) -> None:
    curves = [
        values for values in Page(page_of(write_run(tmp_path / "run"))).of("polyline") if "data-x" in values
    ]
    precision = curves[-1]
    assert precision["data-x"] == "50 100 150 200"
    assert precision["data-y"] == "0.3 0.4 0.5 0.4"
    assert len(str(precision["points"]).split()) == 4
    assert precision["data-name"] == "run"


def test_the_page_needs_nothing_else_and_allows_nothing_else(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    (folder / "environment.json").write_text('{"starts": [{"gpus": []}, {"gpus": ["a"], "jit": true}]}')
    text = page_of(folder)
    page = Page(text)
    for tag, values in page.tags:
        assert not [name for name in values if name.startswith("on") or name == "style"], (tag, values)
        assert str(values.get("src", "data:")).startswith("data:image/png;base64,") or tag != "img"
    assert {tag for tag, _ in page.tags} & {"iframe", "object", "embed", "base", "audio", "video"} == set()
    assert [values["href"] for values in page.of("link")] == ["data:,"]
    assert "https:" not in text
    policy = next(values["content"] for values in page.of("meta") if values.get("http-equiv"))
    assert policy is not None
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        content = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert len(content) == 1
        digest = base64.b64encode(hashlib.sha256(content[0].encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    ids = [values["id"] for _, values in page.tags if "id" in values]
    assert len(ids) == len(set(ids))
    script = "".join(re.findall(r"<script>(.*?)</script>", text, re.DOTALL))
    used = {name for _, values in page.tags for name in str(values.get("class", "")).split()}
    used |= set(re.findall(r'class: "([sf]-[^"]*)"', script))
    drawn = {name for name in used if re.match("[sf]-", name)}
    assert "f-link" in drawn
    assert [name for name in drawn if f".{name}{{" not in text] == []
    assert "gpus" in page.text
    assert "Start 1" in page.text
    assert "2: the run was resumed" in page.text


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    honest = write_run(tmp_path / "honest", names=("one", "two"))
    folder = write_run(tmp_path / "run", names=tuple(HOSTILE))
    for path in (honest, folder):
        said = HOSTILE if path == folder else ["plain"] * len(HOSTILE)
        starts = [{text: [text, {text: text}]} for text in said]
        (path / "environment.json").write_text(json.dumps({"starts": starts}))
        (path / "pipeline.config").write_text("\n".join(said))
        (path / "eval" / "pictures" / f"{said[0].replace('/', '')}.png").write_bytes(png())
    text = page_of(folder)
    text.encode()
    found, expected = Page(text), Page(page_of(honest))
    assert {tag for tag, _ in found.tags} <= {tag for tag, _ in expected.tags}
    assert len(found.of("script")) == 1
    allowed = {name for _, values in expected.tags for name in values}
    assert {name for _, values in found.tags for name in values} <= allowed
    assert not re.search("[\u202e\x1b\x00]", text)
    assert "alert(1)" in found.text


def test_what_is_broken_is_a_note(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    (folder / "environment.json").write_text("[1]")
    (folder / "pipeline.config").unlink()
    (folder / "eval" / "pictures" / "step_101.png").write_bytes(b"no picture")
    notes = [fact.text for fact in summarise(read_run(folder)).facts if fact.term == "Note"]
    assert notes == [
        "pipeline.config: no such file",
        "environment.json is no JSON object with a list of starts",
        "1 of the 3 pictures in eval/pictures are not on this page",
    ]
    assert "Steps200" in Page(page_of(folder)).text


def test_only_the_last_of_many_pictures_are_shown(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    for number in range(101, 140):
        (folder / "eval" / "pictures" / f"step_{number}.png").write_bytes(png())
    names = [name for name, _ in read_run(folder).pictures]
    assert names == [f"step_{number}.png" for number in range(116, 140)]


def test_long_runs_make_no_long_page(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    rows = ({"step": step, "Loss/total_loss": 1 / step, "learning_rate": 0.1} for step in range(1, 50_001))
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    text = page_of(folder)
    assert len(text) < 150_000
    assert "40 of 50,000 logged steps" in text
    # A loss that falls by four powers of ten is drawn on a logarithmic scale.
    assert "loss, logarithmic" in text


def test_the_start_weights_are_judged_again(tmp_path: Path, fixtures: Path) -> None:
    folder = write_run(tmp_path / "run")
    text = (fixtures / "demo" / "pipeline.config").read_text()
    for checkpoint, severity, said in (
        (fixtures / "demo" / "pretrained" / "ckpt-1", "ok", "all 175 variables below the heads are restored"),
        (tmp_path / "gone", "ok", "which cannot be looked into now"),
    ):
        (folder / "pipeline.config").write_text(text.replace("pretrained/ckpt-1", checkpoint.as_posix()))
        config = read_run(folder).config
        assert config is not None
        found = restored(config)
        assert found.severity == severity
        assert said in found.text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s"),
        (59.4, "59 s"),
        (61, "1 min 1 s"),
        (3600, "1 h 0 min"),
        (90_000, "1 d 1 h"),
        (200_000, "2 d 7 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_run(tmp_path / "run")
    assert run_command(str(folder)) == 0
    page = folder / "report.html"
    assert page.read_text().startswith("<!doctype html>")
    page.write_text("mine")
    assert run_command(str(folder)) == 2
    assert "exists already" in capsys.readouterr().err
    assert page.read_text() == "mine"
    assert run_command(str(folder), "--force") == 0
    assert page.read_text() != "mine"
    assert run_command(str(folder), "-o", str(tmp_path / "other.html")) == 0
    assert (tmp_path / "other.html").read_text() == page.read_text()


@pytest.mark.parametrize(
    ("folder", "options", "said"),
    [
        ("nothing", (), "there is no such run"),
        ("bare", (), "it has no metrics.jsonl"),
        ("empty", (), "no step is logged yet"),
        ("run", ("-o", "nowhere/page.html"), "there is no such folder"),
    ],
)
def test_mistakes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], folder: str, options: tuple[str, ...], said: str
) -> None:
    write_run(tmp_path / "run")
    (tmp_path / "bare").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "metrics.jsonl").touch()
    assert run_command(str(tmp_path / folder), *options) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.glob("**/report.html"))
