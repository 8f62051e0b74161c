"""The training loop: stages of steps, checkpoints to resume from, weights to use.

    python ltr/run_training.py box2seg small                       one process, the device that is there
    torchrun --nproc_per_node 4 ltr/run_training.py box2seg paper  four GPUs, one process each
    torchrun --nnodes 2 --nproc_per_node 8 --rdzv_backend c10d --rdzv_endpoint HOST:29500 ltr/run_training.py
        lwl stage1                                                 sixteen, on two machines: there and here

A run is a function of its settings and seed. Sample i depends on the seed and i, the random state of a step
on the seed and the step. So it can be killed at any moment and started again with the same command: it goes
on from the latest checkpoint with the same samples, random state and schedule. Processes share each batch
(:mod:`ltr.shared_batch`), whose size is the settings', so how many there are changes rounding and no more.
"""

from __future__ import annotations

import contextlib
import copy
import logging
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch.profiler import record_function

from ltr.charts import Chart
from ltr.checkpoint import save_training
from ltr.data.clip_processing import Sample
from ltr.data.loader import ClipSamples, batches
from ltr.data.sampler import ClipSource
from ltr.device import use_bfloat16
from ltr.distributed import ALONE, Processes
from ltr.errors import InputError
from ltr.output_folder import make_folder
from ltr.shared_batch import check_micro_batch, check_share, compute_in_parts, gather_batch
from ltr.step_profile import StepProfile
from ltr.training import Actor, Stage, Training
from ltr.training_files import ANEW, LATEST, WEIGHTS, read_state, write_state, write_weights
from ltr.training_log import TrainingLog

__all__ = ["LATEST", "WEIGHTS", "WORKSPACE_OPTION", "Trainer"]

logger = logging.getLogger(__name__)

WORKSPACE_OPTION = "--workspace or LTR_WORKSPACE_DIR"
"""How another folder can be chosen, for messages."""


class Trainer:
    """Runs a :class:`ltr.training.Training`.

    Args:
        training: what to run.
        folder: where checkpoints, weights and the log go; made when missing.
        device: where this process computes.
        workers: loader processes of this one; 0 loads in itself.
        log_every: steps between lines of the log.
        epoch_steps: overrides the training's own.
        chart: draws the statistics too.
        processes: who shares the work. All make the same trainer and call the same methods; the first one
            writes, logs and draws.
        micro_batch: clips to compute at a time, for less memory; None is a process's share of a batch.
        profile_steps: steps to profile; 0 profiles none.
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
        processes: Processes = ALONE,
        micro_batch: int | None = None,
        profile_steps: int = 0,
    ) -> None:
        self.training, self.folder, self.device, self.workers = training, folder, device, workers
        self.log_every, self.epoch_steps = log_every, epoch_steps or training.epoch_steps
        self.processes, self.micro_batch, self.profile_steps = processes, micro_batch, profile_steps
        self.step = 0
        self.model = training.model.to(device).to(memory_format=torch.channels_last)
        processes.copy_from_first(self.model.state_dict().values())
        self.average = copy.deepcopy(self.model) if training.average_decay else None
        compute_in_parts(self.model, processes, micro_batch)
        self.log = TrainingLog(folder if processes.first else None, training.steps, chart)
        self._profile: StepProfile | None = None
        self._stopping = False  # what this process wants
        self._stopped = False  # what all have agreed on

    def stop(self) -> None:
        """End :meth:`run` after the step under way, with a checkpoint. Safe to call from a signal handler."""
        self._stopping = True

    def run(self, stop_after: int | None = None) -> Path:
        """Train to the end, or for ``stop_after`` steps, or until :meth:`stop`, and export the weights.

        Returns:
            Path of the exported safetensors.

        Raises:
            InputError: the folder cannot be used, its checkpoint is another run's, data cannot be read, or
                batches cannot be computed in the parts asked for.
            FloatingPointError: the loss or its gradient is no number; the batch is saved beside the
                checkpoints.
            OSError: a file cannot be written, a loader process died, or another process of the run did; the
                last checkpoint is whole.
        """
        training, processes = self.training, self.processes
        check_share(training.name, [stage.batch for stage in training.stages], processes)
        processes.from_first(lambda: make_folder(self.folder, WORKSPACE_OPTION))
        processes.check_alike(f"{training.settings_hash} on {training.data_name}", "settings or data")
        for line in training.banner:
            logger.info(line)
        if training.precision == "bf16" and not use_bfloat16("auto", self.device):
            logger.warning("bf16 is slow on this %s: --precision fp32 is faster here", self.device.type)
        log_state = self._resume()
        self.log.start(self.step, log_state)
        with contextlib.closing(self.log):
            begun = self.step
            with self._profiled():
                self._run_stages(training.steps if stop_after is None else self.step + stop_after)
            self.log.window(self.step, training.schedule(max(0, self.step - 1)))
            if self.step > begun:
                self.save()
            return self.export()

    @contextlib.contextmanager
    def _profiled(self) -> Iterator[None]:
        if not (self.profile_steps and self.processes.first):
            yield
            return
        with StepProfile(self.folder, self.device, self.profile_steps) as self._profile:
            yield

    def _run_stages(self, last: int) -> None:
        """Run the stages' steps from the present one up to ``last``."""
        first_step = first_sample = 0
        training = self.training
        for stage, actor, source in zip(training.stages, training.actors, training.sources, strict=True):
            begin, end = max(first_step, self.step), min(first_step + stage.steps, last)
            if begin < end and not self._stopped:
                first = first_sample + (begin - first_step) * stage.batch
                self._run_stage(stage, actor, source, first, end - begin)
            first_step += stage.steps
            first_sample += stage.steps * stage.batch

    def _run_stage(
        self, stage: Stage, actor: Actor, source: ClipSource, first_sample: int, steps: int
    ) -> None:
        training, processes = self.training, self.processes
        self.model.train()
        if training.prepare is not None:
            training.prepare(self.model)
        check_micro_batch(training.name, self.model, stage.batch // processes.count, self.micro_batch)
        samples = ClipSamples(source, stage.frames, stage.jitter, stage.input_size, training.seed)
        share = processes.rank, processes.count
        with contextlib.closing(
            batches(samples, first_sample, steps, stage.batch, self.workers, share)
        ) as stream:
            while True:
                asked = time.perf_counter()
                batch = self._next(stream)
                if batch is None:
                    return
                given = time.perf_counter()
                stats = self._train_step(actor, batch)
                self.log.add(stats, stage.batch * stage.frames, given - asked, time.perf_counter() - given)
                self.step += 1
                self._tell()

    def _next(self, stream: Iterator[Sample]) -> Sample | None:
        """This process's share of the next batch, when all have theirs. None: there is none, or all stop."""
        with record_function("wait for data"):
            share = self.processes.together(lambda: None if self._stopping else next(stream, None))
            self._stopped = self.processes.any(self._stopping)
            return None if self._stopped else share

    def _tell(self) -> None:
        """Whatever is due after a step: a line of the log, the end of an epoch."""
        if self._profile is not None:
            self._profile.step()
        if self.step % self.log_every == 0:
            self.log.window(self.step, self.training.schedule(self.step - 1))
        if self.step % self.epoch_steps == 0 or self.step == self.training.steps:
            number = math.ceil(self.step / self.epoch_steps)
            self.log.epoch(number, math.ceil(self.training.steps / self.epoch_steps))
            self.save()
            self.export()

    def _train_step(self, actor: Actor, share: Sample) -> dict[str, float]:
        training = self.training
        # The random state depends on the step alone, so that a resumed run draws what the first would have.
        torch.manual_seed(training.seed * 1_000_003 + self.step)
        factor = training.schedule(self.step)
        for group in training.optimizer.param_groups:
            group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor
        batch = gather_batch(share.to(self.device), self.processes)
        with (
            record_function("forward and loss"),
            torch.autocast(self.device.type, torch.bfloat16, enabled=training.precision == "bf16"),
        ):
            loss, stats = actor(batch)
        self._check(loss.detach(), "loss", batch)
        training.optimizer.zero_grad(set_to_none=True)
        with record_function("backward"):
            loss.backward()  # type: ignore[no-untyped-call]
        with record_function("gradients and optimizer"):
            self.processes.average_gradients(self.model)
            gradient = torch.nn.utils.clip_grad_norm_(
                self.model.parameters(), training.clip_gradient if training.clip_gradient > 0 else math.inf
            )
            self._check(gradient, "gradient", batch)
            training.optimizer.step()
        self._update_average()
        return {**stats, "gradient": float(gradient)}

    def _check(self, value: torch.Tensor, what: str, batch: Sample) -> None:
        """Stop all processes before a number that is none reaches the weights."""
        if not self.processes.any(not math.isfinite(float(value))):
            return
        path = self.folder / f"batch_at_step_{self.step}.ckpt"
        content = {"images": batch.images, "masks": batch.masks, "boxes": batch.boxes}
        self.processes.from_first(lambda: save_training(path, content))
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
        training = self.training
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
        return self.processes.from_first(lambda: write_state(self.folder, payload))

    def export(self) -> Path:
        """Write the weights for use: the running average where there is one."""
        model = self.model if self.average is None else self.average
        return self.processes.from_first(
            lambda: write_weights(self.folder, self.training, model.state_dict(), self.step)
        )

    def _resume(self) -> dict[str, Any] | None:
        """Go on from the latest checkpoint if there is one; gives back the state of its log."""
        payload = self.processes.from_first(lambda: read_state(self.folder, self.training))
        if payload is None:
            return None
        path = self.folder / LATEST
        try:
            self.model.load_state_dict(payload["model"])
            self.training.optimizer.load_state_dict(payload["optimizer"])
            if self.average is not None:
                self.average.load_state_dict(payload["average"])
        except (KeyError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:300]
            raise InputError(f"{path} does not fit the network as it is now: {reason}. {ANEW}") from error
        self.step = int(payload["step"])
        logger.info("resumed %s at step %d of %d", path, self.step, self.training.steps)
        return payload.get("epoch")
