"""Packs results into the zips that the benchmarks' servers take.

    python -m pytracking.analysis.packing lwl/box2seg_init --server got10k --root data/GOT-10k --out lwl.zip

Every sequence and frame that the server expects must be there; what it does not expect is left out. The same
results give the same bytes.
"""

import argparse
import io
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltr.command_line import BAD_INPUT, OneLineParser, print_error
from ltr.data.image_io import IMAGE_SUFFIXES
from ltr.dataset.mask_folders import read_sequence_list
from ltr.environment import environment
from ltr.errors import InputError
from ltr.registry import unknown_name
from pytracking.analysis.number_files import Numbers, read_rows
from pytracking.analysis.results import box_files
from pytracking.analysis.whole_file import whole_file

Frames = Mapping[str, Sequence[str]]
"""Sequence -> the names of its frames, in order: what the server expects."""
Entries = Iterator[tuple[str, bytes]]
"""(name in the zip, content)."""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip can name


@dataclass(frozen=True)
class Server:
    """What a server takes.

    Attributes:
        place: key of ``ltr.environment`` for the data set's folder.
        expected: that folder -> the sequences and frames.
        entries: (results, sequences and frames) -> what goes into the zip.
    """

    place: str
    expected: Callable[[Path], Frames]
    entries: Callable[[Path, Frames], Entries]


def pack(server: str, results: Path, root: Path, out: Path) -> int:
    """Pack a tracker's results.

    Args:
        server: a key of ``SERVERS``.
        results: the tracker's folder.
        root: the data set's folder.
        out: the zip, which is there whole or not at all.

    Returns:
        number of files packed.

    Raises:
        InputError: the server is unknown, a result is missing or wrong, or the zip cannot be written.
    """
    if server not in SERVERS:
        raise unknown_name("server", server, sorted(SERVERS))
    if not results.is_dir():
        raise InputError(f"{results}: no such folder of results: run the tracker first, or name --results")
    row = SERVERS[server]
    return write_zip(out, row.entries(results, row.expected(root)))


def got10k_entries(results: Path, expected: Frames) -> Entries:
    """``<sequence>/<sequence>_001.txt``, _002 ... of repeated runs; ``_time.txt``: seconds, a column each."""
    for sequence, frames in expected.items():
        for run, path in enumerate(_result_files(results, sequence), start=1):
            boxes = _one_row_a_frame(path, 4, len(frames))
            yield f"{sequence}/{sequence}_{run:03d}.txt", _format_rows(boxes, 3)
        times = [results / sequence / f"{sequence}_time.txt", results / f"{sequence}_time.txt"]
        path = next((path for path in times if path.is_file()), times[1])
        columns = len(_result_files(results, sequence))
        yield f"{sequence}/{sequence}_time.txt", _format_rows(_one_row_a_frame(path, columns, len(frames)), 8)


def trackingnet_entries(results: Path, expected: Frames) -> Entries:
    """``<sequence>.txt``, one run."""
    for sequence, frames in expected.items():
        boxes = _one_row_a_frame(_result_files(results, sequence)[0], 4, len(frames))
        yield f"{sequence}.txt", _format_rows(boxes, 2)


def davis_entries(results: Path, expected: Frames) -> Entries:
    """``<sequence>/<frame>.png``."""
    return _mask_entries(results, expected, "")


def youtube_vos_entries(results: Path, expected: Frames) -> Entries:
    """``Annotations/<sequence>/<frame>.png``."""
    return _mask_entries(results, expected, "Annotations/")


def write_zip(out: Path, entries: Iterable[tuple[str, bytes]]) -> int:
    """Write a zip, whole or not at all; returns the number of files. InputError if it cannot be written."""
    count = 0
    with whole_file(out) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, content in entries:
            kind = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, kind)
            count += 1
    return count


def _listed_frames(folder: Path, sequences: Sequence[str] | None = None) -> Frames:
    """The names of the frames in each of these subfolders, or in all."""
    if sequences is None:
        sequences = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    frames = {
        name: sorted(path.stem for path in (folder / name).glob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
        for name in sequences
    }
    if not frames or not all(frames.values()):
        lacking = next((folder / name for name, listed in frames.items() if not listed), folder)
        raise InputError(f"{lacking}: no frames there, which tell what the server expects")
    return frames


def _got10k_frames(root: Path) -> Frames:
    return _listed_frames(root / "test", read_sequence_list(root / "test" / "list.txt"))


def _davis_frames(root: Path) -> Frames:
    listed = read_sequence_list(root / "ImageSets" / "2017" / "test-dev.txt")
    return _listed_frames(root / "JPEGImages" / "480p", listed)


def _result_files(results: Path, sequence: str) -> list[Path]:
    files = box_files(results, sequence)
    if not files:
        raise InputError(f"{results}: no results of {sequence} ({sequence}.txt), which the server expects")
    return files


def _one_row_a_frame(path: Path, columns: int, frames: int) -> Numbers:
    rows = read_rows(path, columns)
    if len(rows) != frames:
        raise InputError(f"{path}: {len(rows)} lines for {frames} frames: one for each")
    if not np.isfinite(rows).all():
        line = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0]) + 1
        raise InputError(f"{path}:{line}: servers take no nan: give a box for every frame")
    return rows


def _format_rows(rows: Numbers, decimals: int) -> bytes:
    text = io.StringIO()
    np.savetxt(text, rows, fmt=f"%.{decimals}f", delimiter=",")
    return text.getvalue().encode("ascii")


def _mask_entries(results: Path, expected: Frames, prefix: str) -> Entries:
    for sequence, frames in expected.items():
        for frame in frames:
            path = results / sequence / f"{frame}.png"
            try:
                yield f"{prefix}{sequence}/{frame}.png", path.read_bytes()
            except FileNotFoundError:
                raise InputError(f"{path}: no such mask, which the server expects") from None
            except OSError as error:
                raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


SERVERS = {
    "got10k": Server("got10k", _got10k_frames, got10k_entries),
    "trackingnet": Server(
        "trackingnet", lambda root: _listed_frames(root / "TEST" / "frames"), trackingnet_entries
    ),
    "youtube_vos": Server(
        "youtube_vos", lambda root: _listed_frames(root / "valid" / "JPEGImages"), youtube_vos_entries
    ),
    "davis2017_test_dev": Server("davis", _davis_frames, davis_entries),
}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = OneLineParser(
        prog="python -m pytracking.analysis.packing",
        description="Pack results into the zip that a benchmark's server takes.",
        epilog="example: python -m pytracking.analysis.packing lwl/box2seg_init --server got10k --out a.zip",
    )
    result.add_argument("tracker", metavar="TRACKER", help="folder below the results")
    result.add_argument("--server", required=True, metavar="NAME", help=", ".join(SERVERS))
    result.add_argument("--root", type=Path, help="folder of the data set (else the one that is configured)")
    result.add_argument(
        "--results", type=Path, help="folder of results (else PYTRACKING_RESULTS_DIR, else ./results)"
    )
    result.add_argument("--out", type=Path, required=True, help="the zip to write")
    return result


def main(argv: list[str] | None = None) -> int:
    """Entry point. Exit codes: 0 done, 2 the input cannot be used."""
    args = parser().parse_args(argv)
    try:
        if args.server not in SERVERS:
            raise unknown_name("server", args.server, sorted(SERVERS))
        results = (args.results or environment().path("results")) / args.tracker
        root = args.root or environment().path(SERVERS[args.server].place)
        count = pack(args.server, results, root, args.out)
    except InputError as error:
        print_error("pytracking.analysis.packing", error)
        return BAD_INPUT
    sys.stdout.write(f"{args.out}: {count} files\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
