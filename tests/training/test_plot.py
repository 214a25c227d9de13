"""`cfgtool plot` and the charts below it: ticks, curves that lose nothing, files in both formats, mistakes."""

from __future__ import annotations

import importlib.util
import itertools
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image

from cfgtool.cli.main import main
from cfgtool.schema import Config, read_config
from cfgtool.textproto import parse
from cfgtool.training.report.chart import Chart, Series, draw_chart, text_width, thinned
from cfgtool.training.report.curves import rate_chart, rate_points, run_charts, run_names, smoothed
from cfgtool.training.report.history import read_history
from cfgtool.training.report.raster import scene_as_png
from cfgtool.training.report.scene import DARK, LIGHT, SERIES, Curve, Dot, Label
from cfgtool.training.report.svg import scene_as_element, scene_as_file
from cfgtool.training.report.ticks import linear, logarithmic, written
from cfgtool.training.run.schedules import build_schedule

SCHEDULES = {
    "constant": "constant_learning_rate { learning_rate: 0.01 }",
    "manual": "manual_step_learning_rate { initial_learning_rate: 0.1 schedule { step: 123 learning_rate: 0.01 }"
    " schedule { step: 19999 learning_rate: 0.002 } }",
    "staircase": "exponential_decay_learning_rate { initial_learning_rate: 0.4 decay_steps: 1000 decay_factor: 0.5 }",
    "cosine": "cosine_decay_learning_rate { learning_rate_base: 0.08 total_steps: 25000 warmup_learning_rate: 0.01"
    " warmup_steps: 700 }",
}


def pipeline(schedule: str) -> Config:
    text = f"train_config {{ optimizer {{ momentum_optimizer {{ learning_rate {{ {schedule} }} }} }} }}"
    return read_config(parse(text))


def run_command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["plot", *arguments])
    return int(caught.value.code or 0)


def write_rows(folder: Path, rows: list[dict[str, Any]], end: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + end)
    return folder


def run_rows(steps: int, factor: float = 1.0) -> list[dict[str, Any]]:
    """Rows of a run that logs each 10 steps and evaluates each 100."""
    rows: list[dict[str, Any]] = []
    for step in range(10, steps + 1, 10):
        loss = factor * 5 / step
        row: dict[str, Any] = {"step": step, "Loss/localization_loss": loss, "Loss/total_loss": 3 * loss}
        rows.append(row | {"learning_rate": 0.1, "steps_per_sec": 4.0})
        if step % 100 == 0:
            rows.append({"step": step, "DetectionBoxes_Precision/mAP": step / 2000})
    return rows


def curves(chart: Chart) -> list[Curve]:
    return [shape for shape in draw_chart(chart).shapes if isinstance(shape, Curve) and shape.values]


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ((0.0, 1.0), (0, 0.2, 0.4, 0.6, 0.8, 1)),
        ((0.0, 0.08), (0, 0.02, 0.04, 0.06, 0.08)),
        ((-3.0, 17.0), (-5, 0, 5, 10, 15, 20)),
        ((1234.0, 98765.0), (0, 20000, 40000, 60000, 80000, 100000)),
    ],
)
def test_ticks_are_round(values: tuple[float, float], ticks: tuple[float, ...]) -> None:
    assert linear(values, 5).ticks == ticks


@pytest.mark.parametrize("low", [0.0, 1e-12, 0.3, 7.0, 1e9])
@pytest.mark.parametrize("span", [1e-9, 0.02, 1.0, 37.0, 1e12])
@pytest.mark.parametrize("count", [2, 5, 9])
def test_scales_cover_their_values(low: float, span: float, count: int) -> None:
    high = low + span
    for scale in (
        linear((low, high), count),
        linear((low, high), count, tight=True),
        logarithmic((low, high), count),
    ):
        assert all(-1e-9 <= scale.share(tick) <= 1 + 1e-9 for tick in scale.ticks)
        if not scale.log or low > 0:
            assert -1e-6 <= scale.share(low) <= scale.share(high) <= 1 + 1e-6
        assert len(scale.ticks) <= 2 * count + 6
        assert len({written(tick) for tick in scale.ticks}) == len(scale.ticks) or span < 1e-6


def test_scales_of_nothing_and_of_one_value() -> None:
    for values in ((), (math.nan,), (0.0,), (5.0,), (-2.0, -2.0)):
        scale = linear(values, 5)
        assert scale.low < scale.high
        assert len(scale.ticks) >= 2
    assert logarithmic((), 5).low > 0
    assert logarithmic((0.0, -1.0), 5).low > 0


def test_powers_of_ten_are_the_ticks_of_wide_logarithmic_scales() -> None:
    assert logarithmic((1e-6, 1.0), 8).ticks == pytest.approx([10.0**power for power in range(-6, 1)])
    assert logarithmic((1.0, 100.0), 8).ticks == pytest.approx([1, 2, 5, 10, 20, 50, 100])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.05, "0.05"),
        (20000, "20k"),
        (1.5e6, "1.5M"),
        (-5000, "-5k"),
        (1e-5, "1e-05"),
        (0.1 + 0.2, "0.3"),
    ],
)
def test_ticks_are_written_short(value: float, text: str) -> None:
    assert written(value) == text


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 50, 25_000, 300_000])
def test_no_jump_of_a_rate_is_lost(name: str, steps: int) -> None:
    """Between two points that are drawn the rate changes little, or the points are neighbours."""
    schedule = build_schedule(read_config(parse(SCHEDULES[name]), "LearningRate"))
    points = rate_points(schedule, steps)
    assert len(points) < 6000
    assert points[0][0] == 0
    assert points[-1][0] == max(steps - 1, 1)
    assert all(rate == schedule(int(step)) for step, rate in points)
    spread = max(rate for _, rate in points) - min(rate for _, rate in points)
    for (before, low), (after, high) in itertools.pairwise(points):
        assert after - before == 1 or abs(high - low) <= 0.021 * spread, (before, after)


def test_warm_up_is_marked() -> None:
    for name, band in (("cosine", "warm-up, 700 steps"), ("manual", None)):
        chart = rate_chart(pipeline(SCHEDULES[name]), name, 25_000)
        assert [item.name for item in chart.bands] == ([band] if band else [])
    warm = SCHEDULES["manual"].replace("schedule {", "warmup: true schedule {", 1)
    assert [band.end for band in rate_chart(pipeline(warm), "manual", 25_000).bands] == [123]
    burn = SCHEDULES["staircase"].replace("}", "burnin_steps: 9000 burnin_learning_rate: 0.1 }")
    assert rate_chart(pipeline(burn), "burn", 5000).bands[0].name == "burn-in, 9,000 steps (beyond the end)"
    assert draw_chart(rate_chart(pipeline(burn), "burn", 5000)).frame is not None


def test_a_logarithmic_rate_leaves_zeros_out_and_says_so() -> None:
    chart = rate_chart(pipeline(SCHEDULES["cosine"]), "cosine", 30_000, log=True)
    assert any("rate 0" in note for note in chart.notes)
    assert min(y for curve in curves(chart) for _, y in curve.values) > 0


def test_thinning_keeps_the_extremes() -> None:
    points = [(float(step), math.sin(step)) for step in range(10_000)]
    points[4321] = (4321.0, 50.0)
    points[777] = (777.0, -60.0)
    few = thinned(points, 400)
    assert len(few) <= 404
    assert (4321.0, 50.0) in few
    assert (777.0, -60.0) in few
    assert few == sorted(few)
    assert few[0] == points[0]
    assert few[-1] == points[-1]


def test_gaps_stay_gaps_and_single_points_are_dots() -> None:
    values = [1.0, 2.0, math.nan, 3.0, math.inf, 2.0, 2.5]
    chart = Chart("t", "x", "y", [Series("s", [(float(x), y) for x, y in enumerate(values)])])
    assert [[value for _, value in curve.values] for curve in curves(chart)] == [
        [1.0, 2.0],
        [3.0],
        [2.0, 2.5],
    ]
    assert len([shape for shape in draw_chart(chart).shapes if isinstance(shape, Dot)]) == 5


def test_curves_stay_inside_the_frame() -> None:
    for log in (False, True):
        chart = Chart("t", "x", "y", [Series("s", [(1.0, 0.001), (7.0, 123.0), (9.0, 17.0)])], log=log)
        scene = draw_chart(chart)
        assert scene.frame is not None
        left, top, right, bottom = scene.frame
        for curve in curves(chart):
            assert all(
                left <= x <= right + 1e-6 and top - 1e-6 <= y <= bottom + 1e-6 for x, y in curve.points
            )


def test_texts_stay_inside_the_drawing() -> None:
    series = [
        Series(f"a run with a name of some length, {number}", [(0.0, 1.0)], number) for number in range(9)
    ]
    chart = Chart("t" * 300, "step", "loss", series, ["n" * 300], legend=True)
    for label in (shape for shape in draw_chart(chart, 500, 400).shapes if isinstance(shape, Label)):
        width = text_width(label.text, label.size)
        start = label.x - {"start": 0, "middle": width / 2, "end": width}[label.anchor]
        assert start > -1
        assert start + width < 502
        assert 0 < label.y < 400


def test_smoothing_weighs_and_keeps_gaps() -> None:
    points = [(0.0, 4.0), (1.0, 2.0), (2.0, math.nan), (3.0, 2.0)]
    found = smoothed(points, 0.5)
    assert [y for _, y in found[:2]] == pytest.approx([4.0, (0.25 * 4 + 0.5 * 2) / 0.75])
    assert math.isnan(found[2][1])
    assert found[3][1] == pytest.approx((0.125 * 4 + 0.25 * 2 + 0.5 * 2) / 0.875)
    assert smoothed(points[:2], 0.0) == points[:2]


def _luminance(colour: str) -> float:
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear_ = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear_[0] + 0.7152 * linear_[1] + 0.0722 * linear_[2]


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_curves_can_be_seen_on_their_ground(colours: dict[str, str]) -> None:
    """WCAG 2.2, 1.4.11: graphics need a contrast of 3."""
    for number in range(SERIES):
        light, dark = sorted(
            (_luminance(colours[name]) for name in (f"series-{number}", "card")), reverse=True
        )
        assert (light + 0.05) / (dark + 0.05) > 3, number


def test_the_svg_is_sound_and_escapes_what_it_shows() -> None:
    hostile = '<script>alert("1")</script>&]]>\x00'
    chart = Chart(
        hostile, hostile, hostile, [Series(hostile, [(0.0, 1.0), (1.0, 2.0)])], [hostile], legend=True
    )
    for text in (scene_as_file(draw_chart(chart)), scene_as_element(draw_chart(chart))):
        root = ElementTree.fromstring(text)
        assert root.tag.endswith("svg")
        assert not [element for element in root.iter() if element.tag.endswith("script")]
    assert "prefers-color-scheme:dark" in scene_as_file(draw_chart(chart))


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_rate_of_a_config(tmp_path: Path, fixtures: Path, ending: str) -> None:
    target = tmp_path / f"lr.{ending}"
    config = str(fixtures / "demo" / "pipeline.config")
    assert run_command("lr", config, "-o", str(target)) == 0
    if ending == "svg":
        root = ElementTree.fromstring(target.read_text())
        assert "Learning rate of demo/pipeline.config" in "".join(root.itertext())
        assert "warm-up, 50 steps" in "".join(root.itertext())
    else:
        with Image.open(target) as image:
            assert image.size == (1520, 840)
            colours = {colour for _, colour in image.getcolors(1 << 20)}
        assert tuple(int(LIGHT["series-0"][place : place + 2], 16) for place in (1, 3, 5)) in colours
    before = target.read_bytes()
    assert run_command("lr", config, "-o", str(target)) == 2
    assert target.read_bytes() == before
    assert run_command("lr", config, "-o", str(target), "--force", "--steps", "100", "--log") == 0
    assert target.read_bytes() != before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("lr", "{config}", "-o", "x.jpg"), "neither a .png nor a .svg"),
        (("lr", "{config}", "-o", "nowhere/x.svg"), "no such folder"),
        (("lr", "missing.config", "-o", "x.svg"), "no such file"),
        (("lr", "{tmp}/bare.config", "-o", "{tmp}/x.svg"), "num_steps is not set"),
        (("lr", "{tmp}/bare.config", "--steps", "9", "-o", "{tmp}/x.svg"), "chooses no optimizer"),
        (("losses", "{tmp}/nothing", "-o", "{tmp}/x.svg"), "there is no such run"),
        (("losses", "{tmp}", "-o", "{tmp}/x.svg"), "it has no metrics.jsonl"),
        (("losses", "{tmp}/empty", "-o", "{tmp}/x.svg"), "no step is logged yet"),
        (("losses", "{tmp}/half", "-o", "{tmp}/x.svg"), "no step is logged yet"),
        (("losses", "{tmp}/broken", "-o", "{tmp}/x.svg"), "metrics.jsonl:2: this line is no JSON object"),
    ],
)
def test_mistakes(
    tmp_path: Path, fixtures: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "bare.config").write_text("train_config { }")
    write_rows(tmp_path / "empty", [])
    write_rows(tmp_path / "half", [], '{"step": 1, "Loss/to')
    write_rows(tmp_path / "broken", run_rows(10), 'oops\n{"step": 20}\n')
    config = fixtures / "demo" / "pipeline.config"
    assert run_command(*(part.format(tmp=tmp_path, config=config) for part in arguments)) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "x.svg").exists()


def test_a_png_needs_pillow(
    tmp_path: Path, fixtures: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "PIL" else found(name))
    arguments = ("lr", str(fixtures / "demo" / "pipeline.config"), "-o")
    assert run_command(*arguments, str(tmp_path / "lr.png")) == 2
    assert "or write a .svg" in capsys.readouterr().err
    assert run_command(*arguments, str(tmp_path / "lr.svg")) == 0


def test_names_of_any_characters_become_pixels() -> None:
    chart = Chart("two\nlines", "\udcff", "\x00", [Series("s", [(0.0, 1.0)])], ["\u202e"], legend=True)
    assert scene_as_png(draw_chart(chart)).startswith(b"\x89PNG")


def test_runs_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(tmp_path / "first" / "model", run_rows(400))
    write_rows(tmp_path / "second" / "model", run_rows(300, 2.0), '{"step": 310, "Loss')
    target = tmp_path / "losses.svg"
    folders = [str(tmp_path / name / "model") for name in ("first", "second")]
    assert run_command("losses", *folders, "-o", str(target), "--smooth", "0.5") == 0
    assert "not whole" in capsys.readouterr().err
    text = "".join(ElementTree.fromstring(target.read_text()).itertext())
    for word in ("Total loss", "Localization loss", "Learning rate", "mAP", "first", "second", "2 runs"):
        assert word in text
    assert target.read_text().count('class="s-series-1"') > 3
    with_scale = tmp_path / "log.png"
    assert run_command("losses", *folders, "-o", str(with_scale), "--log") == 0
    with Image.open(with_scale) as image:
        assert image.width == 2 * 2 * 620


def test_values_of_the_charts_are_those_of_the_file(tmp_path: Path) -> None:
    history = read_history(write_rows(tmp_path / "run", run_rows(200)))
    charts = {chart.title: chart for chart in run_charts([history])}
    assert list(charts) == ["Total loss", "Localization loss", "Learning rate", "mAP"]
    points = charts["Total loss"].series[0].points
    assert points == [(step, pytest.approx(15 / step)) for step in range(10, 201, 10)]
    assert charts["mAP"].series[0].points == [(100, 0.05), (200, 0.1)]
    assert charts["mAP"].x_range == (10, 200)


def test_a_step_that_was_run_twice_counts_as_it_was_last(tmp_path: Path) -> None:
    rows = [
        {"step": step, "Loss/total_loss": float(index)} for index, step in enumerate((10, 20, 30, 20, 30))
    ]
    history = read_history(write_rows(tmp_path / "run", rows))
    assert history.values("Loss/total_loss") == [(10, 0.0), (20, 3.0), (30, 4.0)]
    assert history.last_step == 30


def test_null_is_a_gap(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"step": 1, "Loss/total_loss": 1.0}, {"step": 2, "Loss/total_loss": None}]
    points = read_history(write_rows(tmp_path / "run", rows)).values("Loss/total_loss")
    assert points[0] == (1, 1.0)
    assert math.isnan(points[1][1])


def test_runs_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    rows = run_rows(10)
    histories = [read_history(write_rows(tmp_path / name / "out", rows)) for name in ("a", "b")]
    assert run_names(histories) == ["a", "b"]
    assert run_names(histories[:1]) == ["out"]
    assert len(set(run_names([histories[0], histories[0]]))) == 1


def test_drawing_needs_neither_tensorflow_nor_numpy(tmp_path: Path, fixtures: Path) -> None:
    write_rows(tmp_path / "run", run_rows(50))
    for picture, arguments in (
        (False, ["plot", "lr", str(fixtures / "demo" / "pipeline.config"), "-o", str(tmp_path / "a.svg")]),
        (False, ["plot", "losses", str(tmp_path / "run"), "-o", str(tmp_path / "b.svg")]),
        (True, ["plot", "losses", str(tmp_path / "run"), "-o", str(tmp_path / "b.png")]),
        (False, ["report", str(tmp_path / "run")]),
    ):
        script = (
            "import sys\nfrom cfgtool.cli.main import main\n"
            f"try:\n    main({arguments!r})\nexcept SystemExit as done:\n    assert not done.code\n"
            "print([name for name in ('tensorflow', 'numpy', 'PIL') if name in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == ("['PIL']" if picture else "[]"), arguments
