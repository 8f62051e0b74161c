"""The file of statistics, what the console is told, and that a resumed run writes no step twice."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ltr.charts import Record
from ltr.training_log import LOG, Means, TrainingLog, read_log


class Sheet:
    """A chart that remembers."""

    def __init__(self) -> None:
        self.history: list[Record] | None = None
        self.records: list[Record] = []
        self.closed = False

    def start(self, history: Sequence[Record]) -> None:
        self.history = list(history)

    def add(self, record: Record) -> None:
        self.records.append(record)

    def close(self) -> None:
        self.closed = True


def write(log: TrainingLog, steps: Sequence[int]) -> None:
    """Four frames a step, a quarter of its 0.4 s spent waiting for data; the loss is the step's number."""
    for step in steps:
        log.add({"loss": float(step)}, 4, 0.1, 0.3)
        if step % 2 == 0:
            log.window(step, 0.5)


def test_means_of_all_steps_since_the_last_time() -> None:
    means = Means()
    assert means.take() == {}
    means.add({"loss": 1.0, "J": 0.5})
    means.add({"loss": 3.0, "J": 0.7})
    assert means.take() == pytest.approx({"loss": 2.0, "J": 0.6})
    means.add({"loss": 7.0, "J": 0.0})
    assert means.take() == {"loss": 7.0, "J": 0.0}


def test_a_window_is_one_line_of_json_with_means_and_speed(tmp_path: Path) -> None:
    log = TrainingLog(tmp_path, 10)
    log.start(0)
    write(log, [1, 2, 3, 4])
    lines = (tmp_path / LOG).read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [2, 4]
    assert json.loads(lines[1]) == pytest.approx(
        {
            "step": 4,
            "loss": 3.5,
            "rate": 0.5,
            "frames_per_second": 10.0,
            "data_seconds": 0.1,
            "compute_seconds": 0.3,
        }
    )


def test_the_console_splits_the_time_in_data_and_compute(tmp_path: Path, caplog: Any) -> None:
    log = TrainingLog(tmp_path, 10)
    log.start(0)
    with caplog.at_level(logging.INFO):
        write(log, [1, 2])
        log.epoch(1, 5)
    assert caplog.messages == [
        "step 2/10  loss 1.5000  rate x 0.500  10.0 frames/s (a step: 0.100 s data, 0.300 s compute)",
        "epoch 1 of 5:  loss 1.5000",
    ]


def test_a_window_without_steps_is_not_written(tmp_path: Path) -> None:
    log = TrainingLog(tmp_path, 10)
    log.start(0)
    log.window(0, 1.0)
    assert read_log(tmp_path / LOG) == []


def test_a_resumed_run_forgets_what_was_written_after_its_checkpoint(tmp_path: Path) -> None:
    first = TrainingLog(tmp_path, 10)
    first.start(0)
    write(first, range(1, 9))
    with (tmp_path / LOG).open("a") as file:
        file.write('{"step": 10, "lo')  # killed while it wrote
    sheet = Sheet()
    again = TrainingLog(tmp_path, 10, sheet)
    again.start(4)
    assert sheet.history is not None
    assert [record["step"] for record in sheet.history] == [2, 4]
    write(again, range(5, 11))
    again.close()
    assert [record["step"] for record in read_log(tmp_path / LOG)] == [2, 4, 6, 8, 10]
    assert sheet.records == read_log(tmp_path / LOG)[2:]
    assert sheet.closed


def test_a_run_begun_anew_forgets_everything(tmp_path: Path) -> None:
    log = TrainingLog(tmp_path, 10)
    log.start(0)
    write(log, [1, 2])
    TrainingLog(tmp_path, 10).start(0)
    assert read_log(tmp_path / LOG) == []


def test_no_file_is_an_empty_log(tmp_path: Path) -> None:
    assert read_log(tmp_path / LOG) == []


def test_the_state_carries_an_epoch_over(tmp_path: Path, caplog: Any) -> None:
    log = TrainingLog(tmp_path, 10)
    log.start(0)
    write(log, [1, 2, 3])
    again = TrainingLog(tmp_path, 10)
    again.start(3, log.state())
    write(again, [4])
    with caplog.at_level(logging.INFO):
        again.epoch(1, 1)
    assert caplog.messages == ["epoch 1 of 1:  loss 2.5000"]
