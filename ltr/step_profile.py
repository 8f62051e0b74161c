"""Where the time of a training step goes: torch's profiler over a few steps of a run."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from types import TracebackType

import torch
from torch import profiler

logger = logging.getLogger(__name__)

TRACE = "profile.json"
TABLE = "profile.txt"
SKIPPED = 2
"""Steps before the ones recorded: the first are slower than all others."""

ROWS = 40
"""Operations in the table."""


class StepProfile:
    """Records ``steps`` steps of a run, fewer if it ends, as a context around it that is told of every step.

    Leaves ``profile.json``, a trace for chrome://tracing or ui.perfetto.dev, and ``profile.txt``, a table of
    the operations that took longest.

    Args:
        folder: where the files go; it exists when the steps are done.
        device: of the run.
        steps: to record, at least 1.
    """

    def __init__(self, folder: Path, device: torch.device, steps: int) -> None:
        self.folder, self.device, self.steps = folder, device, steps
        self._recorded = -SKIPPED
        # Else the profiler's library complains of GPUs that are not there.
        os.environ.setdefault("KINETO_LOG_LEVEL", "99")
        activities = [profiler.ProfilerActivity.CPU]
        if device.type == "cuda":
            activities.append(profiler.ProfilerActivity.CUDA)
        self._profiler = profiler.profile(
            activities=activities,
            schedule=profiler.schedule(wait=SKIPPED - 1, warmup=1, active=steps, repeat=1),
            on_trace_ready=self._write,
            profile_memory=True,
        )

    def __enter__(self) -> StepProfile:
        self._profiler.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._profiler.stop()
        if self._recorded <= 0:
            logger.warning("no profile: it takes %d steps to make one", SKIPPED + self.steps)

    def step(self) -> None:
        """A step has ended."""
        self._recorded += 1
        self._profiler.step()

    def _write(self, recorded: profiler.profile) -> None:
        if self._recorded <= 0:
            return
        order = "self_cpu_time_total" if self.device.type == "cpu" else "self_device_time_total"
        table = recorded.key_averages().table(sort_by=order, row_limit=ROWS)
        recorded.export_chrome_trace(str(self.folder / TRACE))
        (self.folder / TABLE).write_text(table, encoding="utf-8")
        logger.info(
            "profile of %d steps: %s and %s", self._recorded, self.folder / TABLE, self.folder / TRACE
        )
