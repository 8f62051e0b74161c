"""The training loop: stages of steps, checkpoints to resume from, weights to use.

    python ltr/run_training.py box2seg small            one process, the device that is there
    python ltr/run_training.py box2seg small --stop-after 100

A run is a function of its settings and seed. It can be killed at any moment and started again with the same command:
it goes on from the latest checkpoint with the same samples, random state and schedule.
"""

from __future__ import annotations

import copy
import logging
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from ltr.checkpoint import load_training, save_training, save_weights
from ltr.data.clip_processing import Sample
from ltr.data.loader import ClipSamples, LoadTime, batches
from ltr.errors import InputError
from ltr.training import Training

logger = logging.getLogger(__name__)

LATEST = "latest.ckpt"


class Trainer:
    """Runs a :class:`ltr.training.Training`.

    Args:
        training: what to run.
        folder: where checkpoints, weights and the log go; made when missing.
        device: "cpu" or "cuda".
        workers: loader processes.
        log_every, save_every: steps between log lines and between checkpoints.
    """

    def __init__(
        self,
        training: Training,
        folder: Path,
        device: torch.device,
        workers: int = 1,
        log_every: int = 50,
        save_every: int = 500,
    ) -> None:
        self.training, self.folder, self.device, self.workers = training, folder, device, workers
        self.log_every, self.save_every = log_every, save_every
        self.step = 0
        self.model = training.model.to(device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.model) if training.average_decay else None

    def run(self, stop_after: int | None = None) -> Path:
        """Train to the end (or for ``stop_after`` steps) and export the weights.

        Returns:
            Path of the exported safetensors.

        Raises:
            FloatingPointError: the loss is no number; the batch is saved beside the checkpoints.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for line in self.training.banner:
            logger.info(line)
        self.resume()
        last = self.training.steps if stop_after is None else min(self.step + stop_after, self.training.steps)
        first_of_stage = sample_number = 0
        for stage, actor in zip(self.training.stages, self.training.actors, strict=True):
            begin, end = max(first_of_stage, self.step), min(first_of_stage + stage.steps, last)
            if begin < end:
                samples = ClipSamples(
                    self.training.source, stage.frames, stage.jitter, stage.input_size, self.training.seed
                )
                first = sample_number + (begin - first_of_stage) * stage.batch
                waited = LoadTime()
                self._run_stage(
                    actor, batches(samples, first, end - begin, stage.batch, self.workers, waited), waited
                )
            first_of_stage += stage.steps
            sample_number += stage.steps * stage.batch
        self.save()
        return self.export()

    def _run_stage(self, actor: Any, stream: Iterator[Sample], waited: LoadTime) -> None:
        self.model.train()
        if self.training.prepare is not None:
            self.training.prepare(self.model)
        window: list[dict[str, float]] = []
        start, frames = time.perf_counter(), 0
        for batch in stream:
            # The random state depends on the step alone, so that a resumed run draws what the first would have.
            torch.manual_seed(self.training.seed * 1_000_003 + self.step)
            window.append(self._train_step(actor, batch))
            frames += batch.images.shape[0] * batch.images.shape[1]
            self.step += 1
            if self.step % self.log_every == 0:
                self._log(window, time.perf_counter() - start, waited, frames)
                window, start, frames, waited.seconds = [], time.perf_counter(), 0, 0.0
            if self.step % self.save_every == 0:
                self.save()
                self.export()

    def _train_step(self, actor: Any, batch: Sample) -> dict[str, float]:
        training = self.training
        batch = Sample(*(t.to(self.device, non_blocking=True) for t in (batch.images, batch.masks, batch.boxes)))
        factor = training.schedule(self.step)
        for group in training.optimizer.param_groups:
            group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor
        with torch.autocast(self.device.type, torch.bfloat16, enabled=training.precision == "bf16"):
            loss, stats = actor(batch)
        if not math.isfinite(float(loss.detach())):
            path = self.folder / f"batch_at_step_{self.step}.ckpt"
            save_training(path, {"images": batch.images, "masks": batch.masks, "boxes": batch.boxes})
            raise FloatingPointError(f"loss is {float(loss.detach())} at step {self.step}; its batch is in {path}")
        training.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if training.clip_gradient > 0:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), training.clip_gradient)
        training.optimizer.step()
        if self.average is not None:
            self._update_average()
        return stats

    @torch.no_grad()
    def _update_average(self) -> None:
        assert self.average is not None
        # A short memory at first, so that the random start is soon forgotten.
        decay = min(self.training.average_decay, (1 + self.step) / (10 + self.step))
        for mean, value in zip(
            self.average.state_dict().values(), self.model.state_dict().values(), strict=True
        ):
            if mean.is_floating_point():
                mean.lerp_(value.to(mean.dtype), 1 - decay)
            else:
                mean.copy_(value)

    def _log(self, window: list[dict[str, float]], seconds: float, waited: LoadTime, frames: int) -> None:
        means = {key: sum(stats[key] for stats in window) / len(window) for key in window[0]}
        logger.info(
            "step %d/%d  %s  lr x %.3f  %.1f frames/s  data %.0f %%",
            self.step,
            self.training.steps,
            "  ".join(f"{key} {value:.4f}" for key, value in means.items()),
            self.training.schedule(self.step - 1),
            frames / seconds,
            100 * waited.seconds / seconds,
        )

    def save(self) -> Path:
        """Write the checkpoint that :meth:`resume` goes on from."""
        payload = {
            "step": self.step,
            "settings_hash": self.training.settings_hash,
            "settings": self.training.settings,
            "model": self.model.state_dict(),
            "optimizer": self.training.optimizer.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
        }
        path = self.folder / LATEST
        save_training(path, payload)
        return path

    def resume(self) -> bool:
        """Go on from the latest checkpoint; False when there is none.

        Raises:
            InputError: the checkpoint was made with other settings.
        """
        path = self.folder / LATEST
        if not path.exists():
            return False
        payload = load_training(path)
        if payload["settings_hash"] != self.training.settings_hash:
            raise InputError(
                f"{path} was made with other settings ({payload['settings_hash']}, now "
                f"{self.training.settings_hash}): remove it to start anew, or choose another --workspace"
            )
        self.model.load_state_dict(payload["model"])
        self.training.optimizer.load_state_dict(payload["optimizer"])
        if self.average is not None:
            self.average.load_state_dict(payload["average"])
        self.step = payload["step"]
        logger.info("resumed %s at step %d of %d", path, self.step, self.training.steps)
        return True

    def export(self) -> Path:
        """Write the weights for use: the running average where there is one."""
        model = self.average if self.average is not None else self.model
        network, config = self.training.network
        extra = {
            "settings": self.training.name,
            "settings_hash": self.training.settings_hash,
            "seed": str(self.training.seed),
            "step": str(self.step),
        }
        path = self.folder / "weights.safetensors"
        save_weights(path, model.state_dict(), network, config, extra, dtype=torch.float16)
        return path
