"""``python -m pytracking.analysis``: table, JSON and plots, and one line for what cannot be scored."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ltr.data.mask_io import write_mask
from ltr.errors import InputError
from pytracking.analysis.__main__ import main
from pytracking.analysis.datasets import DATASETS
from pytracking.analysis.overlap import Curve
from pytracking.analysis.plots import draw_plot, success_plot
from pytracking.analysis.report import Evaluation, format_table, write_json
from pytracking.bundled import bundled_clip, bundled_names


@pytest.fixture
def got10k(repository: Path, tmp_path: Path) -> Path:
    """Two sequences and the results of two trackers."""
    zipfile.ZipFile(repository / "tests" / "data" / "analysis" / "got10k_val.zip").extractall(tmp_path)
    return tmp_path


def arguments(folder: Path, *more: str) -> list[str]:
    places = ["--root", str(folder), "--results", str(folder / "results"), "--out", str(folder / "out")]
    return ["ATOM", "Ocean_2runs", "--dataset", "got10k_val", *places, *more]


def error_of(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    """The one line of a command that cannot be done."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    return captured.err


def test_table_json_and_plots(got10k: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    assert main(arguments(got10k)) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["got10k_val", "AO", "SR50", "SR75"]
    assert [row[0] for row in rows[1:]] == ["ATOM", "Ocean_2runs"]
    written = json.loads((got10k / "out" / "got10k_val.json").read_text())
    assert written["dataset"] == "got10k_val"
    atom = written["trackers"]["ATOM"]
    assert f"{atom['scores']['AO']:.3f}" == rows[1][1]
    assert set(atom["sequences"]) == {"GOT-10k_Val_000004", "GOT-10k_Val_000005"}
    assert len(atom["curves"]["success"]["values"]) == 101
    assert (got10k / "out" / "got10k_val_success.png").read_bytes().startswith(b"\x89PNG")


def test_the_best_tracker_comes_first(got10k: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(got10k, "--sequences", "GOT-10k_Val_000005")) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert [row[0] for row in rows] == ["Ocean_2runs", "ATOM"]
    assert float(rows[0][1]) > float(rows[1][1])


def test_as_a_module(got10k: Path, repository: Path) -> None:
    command = [sys.executable, "-m", "pytracking.analysis", *arguments(got10k)]
    environment = {**os.environ, "PYTHONPATH": str(repository), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=got10k)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("got10k_val")


def test_results_may_be_any_folder(got10k: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tracker = str(got10k / "results" / "ATOM")
    options = ["--dataset", "got10k_val", "--root", str(got10k), "--out", str(got10k / "out")]
    assert main([tracker, *options]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith(tracker)


def test_missing_results_are_an_error_unless_skipped(
    got10k: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (got10k / "results" / "ATOM" / "GOT-10k_Val_000004").iterdir():
        path.unlink()
    assert "1 of 2 sequences have no results, the first is GOT-10k_Val_000004" in error_of(
        capsys, arguments(got10k)
    )
    assert main(arguments(got10k, "--skip-missing")) == 0
    written = json.loads((got10k / "out" / "got10k_val.json").read_text())
    assert list(written["trackers"]["Ocean_2runs"]["sequences"]) == ["GOT-10k_Val_000005"]
    capsys.readouterr()
    message = error_of(capsys, arguments(got10k, "--skip-missing", "--sequences", "GOT-10k_Val_000004"))
    assert "none of the 1 sequences has results of all trackers" in message


def test_what_cannot_be_scored(
    got10k: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(got10k / "val")
    assert 'unknown data set "got10k"; known: ' in error_of(capsys, ["ATOM", "--dataset", "got10k"])
    assert "LTR_GOT10K_DIR" in error_of(capsys, ["ATOM", "--dataset", "got10k_val"])
    assert "LTR_VOT_DIR" in error_of(capsys, ["ATOM", "--dataset", "vot2020"])
    nowhere = error_of(capsys, ["ATOM", "--dataset", "lasot", "--root", "nowhere"])
    assert "--root nowhere: no such folder; it holds testing_set.txt" in nowhere
    assert 'no sequence "x" in the data set, which has 2' in error_of(
        capsys, arguments(got10k, "--sequences", "x")
    )
    nobody = error_of(capsys, ["nobody", "--dataset", "got10k_val", "--root", str(got10k)])
    assert 'no results of "nobody"' in nobody
    (got10k / "out").write_text("a file where the folder should be")
    assert "cannot be written" in error_of(capsys, arguments(got10k))


def test_malformed_result_is_named_by_its_line(got10k: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = got10k / "results" / "ATOM" / "GOT-10k_Val_000004" / "GOT-10k_Val_000004_001.txt"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:6], "1,2,three,4", *lines[7:]]))
    assert f"{path}:7: 'three' is not a number" in error_of(capsys, arguments(got10k))
    path.write_text("\n".join(lines[:-1]))
    assert f"{path}: 599 boxes, sequence GOT-10k_Val_000004 has 600 frames" in error_of(
        capsys, arguments(got10k)
    )


def test_trackingnet_zips(repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = repository / "tests" / "data" / "analysis"
    options = ["--dataset", "trackingnet", "--root", str(folder / "trackingnet_truth.zip")]
    assert main(["trackingnet_atom.zip", *options, "--results", str(folder), "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[1:] == ["66.445", "62.104", "71.025", "100.000"]


def test_vot_workspace(repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zipfile.ZipFile(repository / "tests" / "data" / "analysis" / "vot_workspace.zip").extractall(tmp_path)
    options = ["--root", str(tmp_path), "--out", str(tmp_path / "out"), "--eao-interval", "8", "40"]
    assert main(["T", "--dataset", "vot2020", *options]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["T", "0.383", "0.575", "0.769"]


def test_masks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder, value in (("Annotations/480p/dog", 255), ("results/lwl/box2seg_init/dog", 1)):
        (tmp_path / folder).mkdir(parents=True)
        for frame in range(3):
            mask = np.zeros((20, 30), np.uint8)
            mask[5:15, 5:15] = value
            write_mask(tmp_path / folder / f"{frame:05d}.png", mask)
    places = {"--root": tmp_path, "--results": tmp_path / "results", "--out": tmp_path / "out"}
    options = [text for option, path in places.items() for text in (option, str(path))]
    assert main(["lwl/box2seg_init", "--dataset", "davis2016_val", *options]) == 0
    row = capsys.readouterr().out.splitlines()[1].split()
    assert row == ["lwl/box2seg_init", *["1.000", "1.000", "1.000", "0.000", "1.000", "1.000", "0.000"]]
    (tmp_path / "results" / "lwl" / "box2seg_init" / "dog" / "00001.png").unlink()
    assert "00001.png: no such mask file" in error_of(
        capsys, ["lwl/box2seg_init", "--dataset", "davis2016_val", *options]
    )


def test_bundled_clips_need_no_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in bundled_names():
        shutil.copytree(bundled_clip(name).masks, tmp_path / "results" / "lwl" / "box2seg_init" / name)
    assert main(["lwl/box2seg_init", "--dataset", "bundled"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:2] == ["lwl/box2seg_init", "1.000"]
    written = json.loads((tmp_path / "analysis" / "bundled.json").read_text())
    scored = written["trackers"]["lwl/box2seg_init"]["sequences"]
    assert list(scored) == ["goat_1", "ponies_1", "ponies_2"]


def test_every_row_says_what_lies_in_its_folder() -> None:
    for name, row in DATASETS.items():
        assert row.layout, name
        assert callable(row.load) and callable(row.score)


def evaluation(score: float) -> Evaluation:
    return Evaluation({"AO": score}, {}, {"success": Curve(np.linspace(0, 1, 3), np.array([score, 0.1, 0]))})


def test_table_lines_up() -> None:
    table = format_table("set", {"a": evaluation(0.1234), "longer": evaluation(0.9)})
    assert table == "set        AO\nlonger  0.900\na       0.123"


def test_json_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    write_json(tmp_path / "deep" / "a.json", "set", {"a": evaluation(0.5)})
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.json"]
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        write_json(tmp_path / "file" / "a.json", "set", {"a": evaluation(0.5)})


def test_legend_gives_scores_and_names_best_first(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    trackers = {f"tracker{n}": evaluation(n / 20) for n in range(12)}  # more than there are colours
    draw_plot(tmp_path / "a.svg", success_plot("AO"), trackers, "GOT-10k")
    assert (tmp_path / "a.svg").stat().st_size > 1000
    with pytest.raises(InputError, match="cannot be written"):
        draw_plot(tmp_path / "a.svg" / "b.png", success_plot("AO"), trackers, "GOT-10k")


def test_plots_without_matplotlib(
    got10k: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(InputError, match="plots need matplotlib: pip install"):
        draw_plot(got10k / "a.png", success_plot("AO"), {"a": evaluation(0.5)}, "set")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(arguments(got10k)) == 0
    assert capsys.readouterr().out.startswith("got10k_val")
    assert [path.name for path in (got10k / "out").iterdir()] == ["got10k_val.json"]
