"""Folders that are there whole or not at all."""

import os
from pathlib import Path

import pytest

from ltr.errors import InputError
from ltr.output_folder import whole_folder


def files_in(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_it_appears_when_all_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    with whole_folder(path) as new:
        (new / "sub").mkdir()
        (new / "sub" / "file").write_text("whole")
        assert not path.exists()
    assert files_in(tmp_path) == {"a/b/sub/file": "whole"}


@pytest.mark.parametrize("replace", [False, True])
def test_nothing_of_it_is_left_after_an_error(replace: bool, tmp_path: Path) -> None:
    for error in (ValueError("no"), KeyboardInterrupt()):
        with pytest.raises(type(error)), whole_folder(tmp_path / "a", replace) as new:
            (new / "file").touch()
            raise error
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_stays_unless_it_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.mkdir()
    (path / "old").write_text("old")
    with pytest.raises(InputError, match=r"a: cannot be written \("), whole_folder(path) as new:
        (new / "new").write_text("new")
    assert files_in(tmp_path) == {"a/old": "old"}
    with pytest.raises(InputError, match="No space left"), whole_folder(path, replace=True):
        raise OSError(28, "No space left on device")
    assert files_in(tmp_path) == {"a/old": "old"}
    with whole_folder(path, replace=True) as new:
        (new / "new").write_text("new")
        assert files_in(path) == {"old": "old"}
    assert files_in(tmp_path) == {"a/new": "new"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a fork")
@pytest.mark.parametrize("moment", ["before the old one goes", "before the new one comes"])
def test_what_a_killed_process_left_is_removed(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.mkdir()
    (path / "old").touch()
    if (child := os.fork()) == 0:
        renamed, moves = Path.replace, []

        def replace(source: Path, target: Path) -> Path:
            moves.append(source)
            if len(moves) == (1 if "old" in moment else 2):
                os._exit(9)
            return renamed(source, target)

        monkeypatch.setattr(Path, "replace", replace)
        with whole_folder(path, replace=True) as new:
            (new / "half").touch()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert len(list(tmp_path.iterdir())) == 2
    with whole_folder(path, replace=True) as new:
        (new / "new").write_text("new")
    assert files_in(tmp_path) == {"a/new": "new"} and len(list(tmp_path.iterdir())) == 1
