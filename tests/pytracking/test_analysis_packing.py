"""Zips for the servers: names and contents as they expect them, nothing missing, nothing beside."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ltr.data.mask_io import write_mask
from ltr.errors import InputError
from pytracking.analysis.packing import SERVERS, main, pack

BOXES = "1.23456,2,3,4\n-5,6,7,8.5\n"


def frames(folder: Path, sequence: str, count: int = 2) -> None:
    (folder / sequence).mkdir(parents=True)
    for index in range(count):
        Image.new("RGB", (8, 6)).save(folder / sequence / f"{index:05d}.jpg")


def text(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def masks(folder: Path, sequence: str, count: int = 2) -> None:
    (folder / sequence).mkdir(parents=True)
    for index in range(count):
        write_mask(folder / sequence / f"{index:05d}.png", np.full((6, 8), index, np.uint8))


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def got10k(tmp_path: Path) -> Path:
    names = ["GOT-10k_Test_000001", "GOT-10k_Test_000002"]
    text(tmp_path / "test" / "list.txt", "\n".join(names))
    for name in names:
        frames(tmp_path / "test", name)
    one, two = names
    text(tmp_path / "results" / f"{one}.txt", BOXES)
    text(tmp_path / "results" / f"{one}_time.txt", "0.5\n0.25\n")
    for run in (1, 2):
        text(tmp_path / "results" / two / f"{two}_{run:03d}.txt", BOXES)
    text(tmp_path / "results" / two / f"{two}_time.txt", "0.5,0.1\n0.25,0.1\n")
    text(tmp_path / "results" / "car-1.txt", BOXES)  # of another data set
    return tmp_path


def test_got10k(got10k: Path) -> None:
    assert pack("got10k", got10k / "results", got10k, got10k / "out" / "a.zip") == 5
    packed = contents(got10k / "out" / "a.zip")
    folder = "GOT-10k_Test_000001/GOT-10k_Test_000001"
    assert packed[f"{folder}_001.txt"] == b"1.235,2.000,3.000,4.000\n-5.000,6.000,7.000,8.500\n"
    assert packed[f"{folder}_time.txt"] == b"0.50000000\n0.25000000\n"
    folder = "GOT-10k_Test_000002/GOT-10k_Test_000002"
    assert {f"{folder}_001.txt", f"{folder}_002.txt"} < set(packed)
    assert packed[f"{folder}_time.txt"].splitlines()[0] == b"0.50000000,0.10000000"


def test_trackingnet(tmp_path: Path) -> None:
    for name in ("a_0", "b_0"):
        frames(tmp_path / "TEST" / "frames", name)
        text(tmp_path / "results" / f"{name}.txt", BOXES)
    pack("trackingnet", tmp_path / "results", tmp_path, tmp_path / "a.zip")
    expected = b"1.23,2.00,3.00,4.00\n-5.00,6.00,7.00,8.50\n"
    assert contents(tmp_path / "a.zip") == {"a_0.txt": expected, "b_0.txt": expected}


@pytest.mark.parametrize(
    ("server", "folder", "prefix"),
    [("youtube_vos", "valid/JPEGImages", "Annotations/"), ("davis2017_test_dev", "JPEGImages/480p", "")],
)
def test_masks(tmp_path: Path, server: str, folder: str, prefix: str) -> None:
    frames(tmp_path / folder, "dog")
    text(tmp_path / "ImageSets" / "2017" / "test-dev.txt", "dog\n")
    masks(tmp_path / "results", "dog", count=3)  # frames that are not asked for stay out
    masks(tmp_path / "results", "cat")
    pack(server, tmp_path / "results", tmp_path, tmp_path / "a.zip")
    packed = contents(tmp_path / "a.zip")
    assert sorted(packed) == [f"{prefix}dog/00000.png", f"{prefix}dog/00001.png"]
    image = Image.open(io.BytesIO(packed[f"{prefix}dog/00001.png"]))
    assert image.mode == "P" and np.array(image).tolist() == [[1] * 8] * 6
    (tmp_path / "results" / "dog" / "00001.png").unlink()
    with pytest.raises(InputError, match=r"00001\.png: no such mask, which the server expects"):
        pack(server, tmp_path / "results", tmp_path, tmp_path / "b.zip")
    assert not list(tmp_path.glob("*b*.zip"))


def test_same_results_give_the_same_bytes(got10k: Path) -> None:
    for name in ("a.zip", "b.zip"):
        pack("got10k", got10k / "results", got10k, got10k / name)
    assert (got10k / "a.zip").read_bytes() == (got10k / "b.zip").read_bytes()


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("GOT-10k_Test_000001.txt", "1,2,3,4\n", r"1 lines for 2 frames"),
        ("GOT-10k_Test_000001.txt", "1,2,3,4\nnan,nan,nan,nan\n", r":2: servers take no nan"),
        ("GOT-10k_Test_000001.txt", "1,2,3,4\n1,2,3\n", r":2: '1,2,3' holds 3 numbers"),
        ("GOT-10k_Test_000001.txt", None, "no results of GOT-10k_Test_000001"),
        ("GOT-10k_Test_000001_time.txt", None, "GOT-10k_Test_000001_time.txt: no such file"),
        ("GOT-10k_Test_000001_time.txt", "0.1\n", "1 lines for 2 frames"),
    ],
)
def test_wrong_results_are_not_packed(got10k: Path, file: str, content: str | None, message: str) -> None:
    path = got10k / "results" / file
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(InputError, match=message):
        pack("got10k", got10k / "results", got10k, got10k / "a.zip")
    assert not list(got10k.glob("*.zip"))


def test_what_the_server_expects_must_be_known(got10k: Path) -> None:
    for image in (got10k / "test" / "GOT-10k_Test_000002").iterdir():
        image.unlink()
    with pytest.raises(InputError, match="GOT-10k_Test_000002: no frames there"):
        pack("got10k", got10k / "results", got10k, got10k / "a.zip")
    with pytest.raises(InputError, match="frames: no frames there"):
        pack("trackingnet", got10k / "results", got10k, got10k / "a.zip")
    with pytest.raises(InputError, match="no such folder of results"):
        pack("got10k", got10k / "nobody", got10k, got10k / "a.zip")
    with pytest.raises(InputError, match='unknown server "got"; known: davis2017_test_dev, got10k'):
        pack("got", got10k / "results", got10k, got10k / "a.zip")


def test_command(got10k: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--root", str(got10k), "--results", str(got10k), "--out", str(got10k / "a.zip")]
    assert main(["results", "--server", "got10k", *options]) == 0
    assert capsys.readouterr().out == f"{got10k / 'a.zip'}: 5 files\n"
    assert main(["nobody", "--server", "got10k", *options]) == 2
    assert main(["results", "--server", "nobody", *options]) == 2
    assert main(["results", "--server", "lasot", "--out", str(got10k / "b.zip")]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3 and all(": error: " in line for line in errors)


def test_a_zip_that_cannot_be_written(got10k: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        pack("got10k", got10k / "results", got10k, got10k / "results" / "car-1.txt" / "a.zip")


def test_every_server_has_its_data_set_configured() -> None:
    from ltr.environment import PLACES

    assert {server.place for server in SERVERS.values()} <= set(PLACES)
