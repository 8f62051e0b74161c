"""Pools of processes: what is run, what is begun again, and what ends the run."""

from pathlib import Path

import pytest

from ltr.errors import InputError
from pytracking.evaluation.worker_pool import Pool, SetupError, run_in_processes

pytestmark = pytest.mark.usefixtures("toy_plugin")


def test_a_piece_whose_process_dies_is_begun_again(tmp_path: Path) -> None:
    """So often as the pool says, and by another process; it takes no other piece with it."""
    from toy_job import Squares

    for marker in ("1-once", "2-once", "2-twice"):
        (tmp_path / marker).touch()
    steps: list[None] = []
    pool = Pool(2, threads=3, attempts=2)
    results = sorted(run_in_processes(Squares(tmp_path), range(5), pool, lambda: steps.append(None)))
    died = "2 died: its process died (SIGKILL), 2 times: was there too little memory?"
    assert results == sorted([died, *(f"{n * n} with 3 threads" for n in (0, 1, 3, 4))])
    assert len(steps) == 4


@pytest.mark.parametrize(
    ("fails", "error", "message"),
    [("input", InputError, "^no weights$"), ("dies", SetupError, r"died before it was ready \(SIGKILL\)")],
)
def test_processes_that_cannot_begin_end_the_run(
    fails: str, error: type[Exception], message: str, tmp_path: Path
) -> None:
    from toy_job import Squares

    with pytest.raises(error, match=message):
        list(run_in_processes(Squares(tmp_path, fails), range(3), Pool(1), lambda: None))
