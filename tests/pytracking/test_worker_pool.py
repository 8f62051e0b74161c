"""Pools of processes: what is run, what is begun again, and what ends the run."""

import os
import signal
import threading
import time
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnProcess
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


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("method", ["start", "terminate"])
def test_an_interrupt_while_processes_start_or_end(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Comes afterwards, so that none is left; and not to them."""
    from toy_job import Squares

    (tmp_path / "1-hang").touch()
    resource_tracker._resource_tracker._stop()  # as in a process that has started none
    original, called = getattr(SpawnProcess, method), []

    def interrupted(process: SpawnProcess) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        original(process)
        assert method == "terminate" or blocked_signals(process) & 1 << signal.SIGINT - 1
        called.append(process)

    monkeypatch.setattr(SpawnProcess, method, interrupted)
    other = threading.Thread(target=time.sleep, args=(2,))  # may take the signal
    other.start()
    results = run_in_processes(Squares(tmp_path), range(2), Pool(1), lambda: None)
    with pytest.raises(KeyboardInterrupt):
        next(results)
        results.close()
    assert not any(process.is_alive() for process in called) and len(called) == 1
    other.join()


def blocked_signals(process: SpawnProcess) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("SigBlk:")), 16)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_that_another_thread_takes(tmp_path: Path) -> None:
    """It does not wake the one that waits for messages, and nor does one that comes just before the wait."""
    from toy_job import Squares

    (tmp_path / "0-hang").touch()
    times: list[float] = []

    def interrupt() -> None:
        while not (tmp_path / "0-hangs").exists():
            time.sleep(0.05)
        times.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    other = threading.Thread(target=interrupt)
    other.start()
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with pytest.raises(KeyboardInterrupt):
            list(run_in_processes(Squares(tmp_path), range(1), Pool(1), lambda: None))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    assert time.monotonic() - times[0] < 30
    other.join()
