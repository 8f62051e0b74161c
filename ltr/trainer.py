"""The training loop: stages of steps, checkpoints to resume from, weights to use.

    python ltr/run_training.py box2seg small            one process, the device that is there
    python ltr/run_training.py box2seg small --stop-after 100

A run is a function of its settings and seed. Sample i depends on the seed and i, the random state of a step
on the seed and the step. So it can be killed at any moment and started again with the same command: it goes
on from the latest checkpoint with the same samples, random state and schedule.
"""

from __future__ import annotations

import contextlib
import copy
import logging
import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from ltr.charts import Chart
from ltr.checkpoint import load_training, save_training, save_weights
from ltr.data.clip_processing import Sample
from ltr.data.loader import ClipSamples, batches
from ltr.data.sampler import ClipSource
from ltr.device import use_bfloat16
from ltr.errors import InputError
from ltr.output_folder import make_folder
from ltr.training import Actor, Stage, Training
from ltr.training_log import TrainingLog

logger = logging.getLogger(__name__)

LATEST = "latest.ckpt"
WEIGHTS = "weights.safetensors"
WORKSPACE_OPTION = "--workspace or LTR_WORKSPACE_DIR"
"""How another folder can be chosen, for messages."""


class Trainer:
    """Runs a :class:`ltr.training.Training`.

    Args:
        training: what to run.
        folder: where checkpoints, weights and the log go; made when missing.
        device: "cpu" or "cuda".
        workers: loader processes; 0 loads in this one.
        log_every: steps between lines of the log.
        epoch_steps: overrides the training's own.
        chart: draws the statistics too.
    """

    def __init__(
        self,
        training: Training,
        folder: Path,
        device: torch.device,
        workers: int = 1,
        log_every: int = 50,
        epoch_steps: int | None = None,
        chart: Chart | None = None,
    ) -> None:
        self.training, self.folder, self.device, self.workers = training, folder, device, workers
        self.log_every, self.epoch_steps = log_every, epoch_steps or training.epoch_steps
        self.step = 0
        self.model = training.model.to(device).to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.model) if training.average_decay else None
        self.log = TrainingLog(folder, training.steps, chart)
        self._stopping = False

    def stop(self) -> None:
        """End :meth:`run` after the step under way, with a checkpoint. Safe to call from a signal handler."""
        self._stopping = True

    def run(self, stop_after: int | None = None) -> Path:
        """Train to the end, or for ``stop_after`` steps, or until :meth:`stop`, and export the weights.

        Returns:
            Path of the exported safetensors.

        Raises:
            InputError: the folder cannot be used, its checkpoint is another run's, or data cannot be read.
            FloatingPointError: the loss or its gradient is no number; the batch is saved beside the
                checkpoints.
            OSError: a file cannot be written, or a loader process died; the last checkpoint is whole.
        """
        make_folder(self.folder, WORKSPACE_OPTION)
        for line in self.training.banner:
            logger.info(line)
        if self.training.precision == "bf16" and not use_bfloat16("auto", self.device):
            logger.warning("bf16 is slow on this %s: --precision fp32 is faster here", self.device.type)
        log_state = self._resume()
        self.log.start(self.step, log_state)
        with contextlib.closing(self.log):
            begun = self.step
            try:
                self._run_stages(self.training.steps if stop_after is None else self.step + stop_after)
            except RuntimeError as error:
                if not str(error).startswith("DataLoader worker"):
                    raise
                what = f"{error}".strip().rstrip(".")
                raise ChildProcessError(f"{what} (out of memory? fewer --workers need less)") from error
            self.log.window(self.step, self.training.schedule(max(0, self.step - 1)))
            if self.step > begun:
                self.save()
            return self.export()

    def _run_stages(self, last: int) -> None:
        """Run the stages' steps from the present one up to ``last``."""
        first_step = first_sample = 0
        training = self.training
        for stage, actor, source in zip(training.stages, training.actors, training.sources, strict=True):
            begin, end = max(first_step, self.step), min(first_step + stage.steps, last)
            if begin < end and not self._stopping:
                first = first_sample + (begin - first_step) * stage.batch
                self._run_stage(stage, actor, source, first, end - begin)
            first_step += stage.steps
            first_sample += stage.steps * stage.batch

    def _run_stage(
        self, stage: Stage, actor: Actor, source: ClipSource, first_sample: int, steps: int
    ) -> None:
        training = self.training
        self.model.train()
        if training.prepare is not None:
            training.prepare(self.model)
        samples = ClipSamples(source, stage.frames, stage.jitter, stage.input_size, training.seed)
        with contextlib.closing(batches(samples, first_sample, steps, stage.batch, self.workers)) as stream:
            while not self._stopping:
                asked = time.perf_counter()
                batch = next(stream, None)
                if batch is None or self._stopping:
                    return
                given = time.perf_counter()
                stats = self._train_step(actor, batch)
                self.log.add(stats, stage.batch * stage.frames, given - asked, time.perf_counter() - given)
                self.step += 1
                self._tell()

    def _tell(self) -> None:
        """Whatever is due after a step: a line of the log, the end of an epoch."""
        if self.step % self.log_every == 0:
            self.log.window(self.step, self.training.schedule(self.step - 1))
        if self.step % self.epoch_steps == 0 or self.step == self.training.steps:
            number = math.ceil(self.step / self.epoch_steps)
            self.log.epoch(number, math.ceil(self.training.steps / self.epoch_steps))
            self.save()
            self.export()

    def _train_step(self, actor: Actor, batch: Sample) -> dict[str, float]:
        training = self.training
        # The random state depends on the step alone, so that a resumed run draws what the first would have.
        torch.manual_seed(training.seed * 1_000_003 + self.step)
        factor = training.schedule(self.step)
        for group in training.optimizer.param_groups:
            group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor
        batch = batch.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=training.precision == "bf16"):
            loss, stats = actor(batch)
        self._check(loss.detach(), "loss", batch)
        training.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        gradient = torch.nn.utils.clip_grad_norm_(
            self.model.parameters(), training.clip_gradient if training.clip_gradient > 0 else math.inf
        )
        self._check(gradient, "gradient", batch)
        training.optimizer.step()
        self._update_average()
        return {**stats, "gradient": float(gradient)}

    def _check(self, value: torch.Tensor, what: str, batch: Sample) -> None:
        """Stop before a number that is none reaches the weights."""
        if math.isfinite(float(value)):
            return
        path = self.folder / f"batch_at_step_{self.step}.ckpt"
        save_training(path, {"images": batch.images, "masks": batch.masks, "boxes": batch.boxes})
        raise FloatingPointError(
            f"{what} is {float(value)} at step {self.step}: its batch is in {path}; lower learning rates or "
            "--precision fp32 may help"
        )

    @torch.no_grad()
    def _update_average(self) -> None:
        if self.average is None:
            return
        # A short memory at first, so that the random start is soon forgotten.
        decay = min(self.training.average_decay, (1 + self.step) / (10 + self.step))
        values = self.model.state_dict()
        for name, mean in self.average.state_dict().items():
            if mean.is_floating_point():
                mean.lerp_(values[name].to(mean.dtype), 1 - decay)
            else:
                mean.copy_(values[name])

    def save(self) -> Path:
        """Write the checkpoint that :meth:`run` goes on from. Its random state is the seed and the step."""
        training, path = self.training, self.folder / LATEST
        payload = {
            "step": self.step,
            "seed": training.seed,
            "settings_hash": training.settings_hash,
            "settings": training.settings,
            "data": training.data_name,
            "model": self.model.state_dict(),
            "optimizer": training.optimizer.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
            "epoch": self.log.state(),
        }
        _write(path, lambda: save_training(path, payload))
        return path

    def export(self) -> Path:
        """Write the weights for use: the running average where there is one."""
        training, path = self.training, self.folder / WEIGHTS
        model = self.model if self.average is None else self.average
        network, config = training.network
        extra = {
            "settings": training.name,
            "settings_hash": training.settings_hash,
            "data": training.data_name,
            "seed": str(training.seed),
            "step": str(self.step),
        }
        _write(
            path, lambda: save_weights(path, model.state_dict(), network, config, extra, dtype=torch.float16)
        )
        return path

    def _resume(self) -> dict[str, Any] | None:
        """Go on from the latest checkpoint if there is one; gives back the state of its log."""
        path = self.folder / LATEST
        if not path.exists():
            return None
        payload = load_training(path)
        self._check_same_run(path, payload)
        try:
            self.model.load_state_dict(payload["model"])
            self.training.optimizer.load_state_dict(payload["optimizer"])
            if self.average is not None:
                self.average.load_state_dict(payload["average"])
        except (KeyError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:300]
            raise InputError(f"{path} does not fit the network as it is now: {reason}. {_ANEW}") from error
        self.step = int(payload["step"])
        logger.info("resumed %s at step %d of %d", path, self.step, self.training.steps)
        return payload.get("epoch")

    def _check_same_run(self, path: Path, payload: dict[str, Any]) -> None:
        training = self.training
        if payload.get("settings_hash") != training.settings_hash:
            then, now = payload.get("settings", {}), training.settings
            changed = sorted(key for key in {*then, *now} if then.get(key) != now.get(key))
            raise InputError(
                f"{path} was made with other settings: {', '.join(changed) or 'unknown ones'} differ. {_ANEW}"
            )
        if payload.get("data", training.data_name) != training.data_name:
            raise InputError(
                f'{path} was trained on "{payload["data"]}", and the environment now gives '
                f'"{training.data_name}". {_ANEW}'
            )


_ANEW = "Remove it to start anew, or choose another --workspace"


def _write(path: Path, write: Callable[[], None]) -> None:
    """Write a file; what goes wrong comes out as one OSError, whichever library noticed it."""
    try:
        write()
    except (OSError, RuntimeError, SafetensorError) as error:
        reason = str(error).partition("\n")[0]
        free = shutil.disk_usage(path.parent).free / 1e6
        raise OSError(
            f"cannot write {path}: {reason} ({free:.0f} MB are free there); the file before it is untouched"
        ) from error
