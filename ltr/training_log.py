"""What a training says while it runs: lines on the console, a file of statistics, a chart when asked for.

The file is ``log.jsonl`` in the folder of the run: one JSON object each ``log_every`` steps, with the step
and the means of all statistics since the last. A resumed run goes on in it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ltr.charts import Chart, Record

logger = logging.getLogger(__name__)

LOG = "log.jsonl"


class Means:
    """Means of statistics over steps."""

    def __init__(self) -> None:
        self.count = 0
        self.totals: dict[str, float] = {}

    def add(self, values: Mapping[str, float]) -> None:
        """Take one step's statistics in; every step has the same names."""
        self.count += 1
        for name, value in values.items():
            self.totals[name] = self.totals.get(name, 0.0) + value

    def take(self) -> dict[str, float]:
        """The means since the last call; empty when nothing was added."""
        means = {name: total / self.count for name, total in self.totals.items()}
        self.count, self.totals = 0, {}
        return means


class TrainingLog:
    """The log of one run.

    Args:
        folder: of the run; it exists. None writes no file and says nothing, but keeps count.
        steps: of the whole run, for the console.
        chart: draws the statistics too.
    """

    def __init__(self, folder: Path | None, steps: int, chart: Chart | None = None) -> None:
        self.path = None if folder is None else folder / LOG
        self.steps = steps
        self.chart = chart
        self._window, self._epoch = Means(), Means()
        self._work = Means()

    def start(self, step: int, state: Mapping[str, Any] | None = None) -> None:
        """Go on after ``step``: what the file says of later steps is forgotten, they will be made again.

        Args:
            step: steps made so far.
            state: of :meth:`state`, at that step.
        """
        if state:
            self._epoch.count, self._epoch.totals = state["count"], dict(state["totals"])
        if self.path is None:
            return
        kept = [record for record in read_log(self.path) if record["step"] <= step]
        part = self.path.with_suffix(".part")
        part.write_text("".join(json.dumps(record) + "\n" for record in kept), encoding="utf-8")
        part.replace(self.path)
        if self.chart is not None:
            self.chart.start(kept)

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps, so that the means of an epoch survive an interruption."""
        return {"count": self._epoch.count, "totals": dict(self._epoch.totals)}

    def add(
        self, stats: Mapping[str, float], frames: int, data_seconds: float, compute_seconds: float
    ) -> None:
        """One step.

        Args:
            stats: statistics by name.
            frames: images in its batch.
            data_seconds: time spent waiting for the batch.
            compute_seconds: time spent on it.
        """
        self._window.add(stats)
        self._epoch.add(stats)
        self._work.add({"frames": frames, "data_seconds": data_seconds, "compute_seconds": compute_seconds})

    def window(self, step: int, rate: float) -> None:
        """Write the means of the steps since the last call, if there were any.

        Args:
            step: steps made so far.
            rate: factor on the learning rates at present.
        """
        stats, work = self._window.take(), self._work.take()
        if not stats or self.path is None:
            return
        frames_per_second = work.pop("frames") / (work["data_seconds"] + work["compute_seconds"])
        record = {"step": step, **stats, "rate": rate, "frames_per_second": frames_per_second, **work}
        logger.info(
            "step %d/%d  %s  rate x %.3f  %.1f frames/s (a step: %.3f s data, %.3f s compute)",
            step,
            self.steps,
            _shown(stats),
            rate,
            frames_per_second,
            work["data_seconds"],
            work["compute_seconds"],
        )
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        if self.chart is not None:
            self.chart.add(record)

    def epoch(self, number: int, epochs: int) -> None:
        """Tell the means of the epoch that ends here."""
        stats = self._epoch.take()
        if self.path is not None:
            logger.info("epoch %d of %d:  %s", number, epochs, _shown(stats))

    def close(self) -> None:
        """End the chart."""
        if self.chart is not None:
            self.chart.close()


def read_log(path: Path) -> list[Record]:
    """The records of a log; none when there is no file. A last line that was cut short is left out."""
    if not path.exists():
        return []
    records = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            logger.warning("%s: a line cut short is left out", path)
    return records


def _shown(stats: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.4f}" for name, value in stats.items())
