"""A run is a function of its settings and seed, however often it is interrupted; a failure loses nothing."""

import logging
import os
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.random import Generator
from torch import Tensor, nn

from ltr import trainer as trainer_module
from ltr import training_files
from ltr.checkpoint import load_training, read_weights
from ltr.data.clip_processing import CropJitter, Sample
from ltr.data.loader import ClipSamples, collate
from ltr.dataset.interface import Clip
from ltr.errors import InputError
from ltr.trainer import LATEST, WEIGHTS, Trainer
from ltr.training import Actor, Stage, Training, cosine_schedule, step_schedule
from ltr.training_log import read_log

CPU = torch.device("cpu")
STAGES = [
    Stage(steps=5, frames=1, batch=2, input_size=(16, 16)),
    Stage(steps=4, frames=2, batch=3, input_size=(24, 16)),
]
STEPS = 9


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Tensors of a few hundred numbers are slower with two."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Squares:
    """A bright square at a random place on noise."""

    name = "squares"

    def sample(self, rng: Generator, frames: int) -> Clip:
        image = rng.integers(0, 128, (40, 50, 3), dtype=np.uint8)
        x, y = (int(value) for value in rng.integers(0, 25, 2))
        mask = np.zeros((40, 50), np.uint8)
        mask[y : y + 12, x : x + 12] = 1
        image[mask > 0] += 100
        return Clip([image] * frames, [mask] * frames, np.array([[x, y, 12, 12]] * frames, float), "square")


class Tiny(nn.Module):
    """(B, T, 3, H, W) -> logits (B, T, H, W), with statistics to average."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Conv2d(4, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.body(images.flatten(0, 1).float() / 255)
        return logits.unflatten(0, images.shape[:2])[:, :, 0]


def make_actor(model: nn.Module) -> Actor:
    """Half of the pixels, chosen anew each step, so that the random state matters."""

    def act(batch: Sample) -> tuple[Tensor, dict[str, float]]:
        logits = model(batch.images)
        error = nn.functional.binary_cross_entropy_with_logits(logits, batch.masks.float(), reduction="none")
        loss = (error * (torch.rand(error.shape) < 0.5).to(error)).mean()
        return loss, {"loss": float(loss.detach())}

    return act


def make_training(wrap: Callable[[Actor, nn.Module], Actor] | None = None, **changes: Any) -> Training:
    """A run of two stages; ``wrap`` gets between trainer and actor."""
    torch.manual_seed(5)
    model = Tiny()
    actor = make_actor(model)
    fields: dict[str, Any] = {
        "name": "toy/tiny",
        "settings": {"rate": 0.05, "seed": 0},
        "network": ("tiny", {"dim": 4}),
        "model": model,
        "actors": [wrap(actor, model) if wrap else actor] * 2,
        "sources": [Squares()] * 2,
        "stages": STAGES,
        "optimizer": torch.optim.AdamW(model.parameters(), lr=0.05),
        "schedule": cosine_schedule(STEPS, 3),
        "clip_gradient": 1.0,
        "average_decay": 0.9,
        "epoch_steps": 4,
    }
    return Training(**{**fields, **changes})


def make_trainer(folder: Path, training: Training | None = None, **options: Any) -> Trainer:
    return Trainer(training or make_training(), folder, CPU, **{"workers": 0, "log_every": 2, **options})


def outcome(folder: Path) -> dict[str, Any]:
    """Everything a run leaves but what it measured of its speed."""
    state = load_training(folder / LATEST)
    timing = {"frames_per_second", "data_seconds", "compute_seconds"}
    records = [
        {k: v for k, v in record.items() if k not in timing} for record in read_log(folder / "log.jsonl")
    ]
    weights = read_weights(folder / WEIGHTS)
    return {"state": state, "log": records, "weights": weights.tensors, "extra": weights.extra}


def assert_same(one: Any, other: Any) -> None:
    """Equal in every bit."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_same(a, b)
    elif isinstance(one, Tensor):
        assert torch.equal(one, other)
    else:
        assert one == other


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("uninterrupted")
    make_trainer(folder).run()
    return outcome(folder)


def test_training_learns(device: torch.device, tmp_path: Path) -> None:
    training = make_training(stages=[Stage(40, 1, 2, (16, 16), CropJitter(scale=2))])
    training.actors, training.sources = training.actors[:1], training.sources[:1]
    training.schedule = step_schedule((), 1)
    weights = Trainer(training, tmp_path, device, workers=0, log_every=10).run()
    losses = [record["loss"] for record in read_log(tmp_path / "log.jsonl")]
    assert len(losses) == 4
    assert losses[-1] < 0.5 * losses[0]
    assert read_weights(weights).network == "tiny"


@pytest.mark.parametrize("pieces", [[1] * 8, [5], [3, 4], [8]], ids=str)
def test_an_interrupted_run_ends_as_the_uninterrupted_one(
    pieces: list[int], uninterrupted: dict[str, Any], tmp_path: Path
) -> None:
    """The stages meet after step 5: one piece ends before it, one at it, one runs across."""
    for piece in [*pieces, None]:
        torch.manual_seed(piece or 77)  # what the process did before does not count
        make_trainer(tmp_path, log_every=1 if piece else 2).run(piece)
    log = outcome(tmp_path)
    # The log's windows end where the pieces do; all else is the same.
    assert_same({**log, "log": None}, {**uninterrupted, "log": None})
    assert [record["step"] for record in log["log"]][-1] == STEPS


def test_loader_processes_change_nothing(uninterrupted: dict[str, Any], tmp_path: Path) -> None:
    make_trainer(tmp_path, workers=1).run()
    assert_same(outcome(tmp_path), uninterrupted)


def test_another_seed_is_another_run(uninterrupted: dict[str, Any], tmp_path: Path) -> None:
    make_trainer(tmp_path, make_training(seed=1)).run()
    assert not torch.equal(
        outcome(tmp_path)["state"]["model"]["body.0.weight"],
        uninterrupted["state"]["model"]["body.0.weight"],
    )


def test_each_step_gets_the_next_samples(tmp_path: Path) -> None:
    seen: list[Sample] = []

    def watch(actor: Actor, _: nn.Module) -> Actor:
        def act(batch: Sample) -> tuple[Tensor, dict[str, float]]:
            seen.append(batch)
            return actor(batch)

        return act

    training = make_training(watch)
    make_trainer(tmp_path, training).run()
    for step, first, stage in ((0, 0, 0), (4, 8, 0), (5, 10, 1), (8, 19, 1)):
        settings = STAGES[stage]
        samples = ClipSamples(Squares(), settings.frames, settings.jitter, settings.input_size, 0)
        expected = collate([samples[first + i] for i in range(settings.batch)])
        assert torch.equal(seen[step].images, expected.images)
        assert torch.equal(seen[step].boxes, expected.boxes)


def test_stop_ends_the_run_after_the_step_under_way(uninterrupted: dict[str, Any], tmp_path: Path) -> None:
    trainers: list[Trainer] = []

    def stop_at_3(actor: Actor, _: nn.Module) -> Actor:
        def act(batch: Sample) -> tuple[Tensor, dict[str, float]]:
            if trainers[0].step == 2:
                trainers[0].stop()
            return actor(batch)

        return act

    trainers.append(make_trainer(tmp_path, make_training(stop_at_3)))
    trainers[0].run()
    assert load_training(tmp_path / LATEST)["step"] == 3
    make_trainer(tmp_path).run()
    assert_same(outcome(tmp_path)["state"], uninterrupted["state"])


def test_a_finished_run_stays_as_it_is(tmp_path: Path) -> None:
    make_trainer(tmp_path).run()
    written = (tmp_path / LATEST).stat().st_mtime_ns
    trainer = make_trainer(tmp_path)
    trainer.run(5)
    assert trainer.step == STEPS
    assert (tmp_path / LATEST).stat().st_mtime_ns == written


def test_a_checkpoint_every_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    saved: list[int] = []
    monkeypatch.setattr(training_files, "save_training", lambda path, payload: saved.append(payload["step"]))
    with caplog.at_level(logging.INFO):
        make_trainer(tmp_path).run()
    assert saved == [4, 8, 9, 9]
    assert [text for text in caplog.messages if text.startswith("epoch 3 of 3:  loss")]
    saved.clear()
    make_trainer(tmp_path, epoch_steps=2).run(4)
    assert saved == [2, 4, 4]


def test_epoch_means_survive_an_interruption(tmp_path: Path, caplog: Any) -> None:
    said = []
    for name, pieces in (("whole", [8]), ("parts", [1, 4, 3])):
        caplog.clear()
        with caplog.at_level(logging.INFO):
            for piece in pieces:
                make_trainer(tmp_path / name).run(piece)
        said.append([text for text in caplog.messages if text.startswith("epoch")])
    assert len(said[0]) == 2
    assert said[0] == said[1]


def test_the_running_average(tmp_path: Path) -> None:
    """By hand from the weights at the start of every step: the first count little, statistics count too."""
    states: list[dict[str, Tensor]] = []

    def watch(actor: Actor, model: nn.Module) -> Actor:
        def act(batch: Sample) -> tuple[Tensor, dict[str, float]]:
            states.append({name: value.clone() for name, value in model.state_dict().items()})
            return actor(batch)

        return act

    trainer = make_trainer(tmp_path, make_training(watch))
    trainer.run()
    states.append(trainer.model.state_dict())
    assert trainer.average is not None
    average = trainer.average.state_dict()
    for name in ("body.0.weight", "body.1.running_mean", "body.1.running_var"):
        mean = states[0][name].double()
        for step, state in enumerate(states[1:]):
            decay = min(0.9, (1 + step) / (10 + step))
            mean = decay * mean + (1 - decay) * state[name].double()
        torch.testing.assert_close(average[name].double(), mean, rtol=1e-5, atol=1e-6)
    assert int(average["body.1.num_batches_tracked"]) == STEPS
    exported = read_weights(tmp_path / WEIGHTS)
    assert torch.equal(exported.tensors["body.0.weight"], average["body.0.weight"].half())
    assert exported.extra["step"] == str(STEPS)
    assert exported.extra["data"] == "squares"


def test_without_an_average_the_weights_themselves_are_exported(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, make_training(average_decay=0.0))
    tensors = read_weights(trainer.run(2)).tensors
    assert torch.equal(tensors["body.0.weight"], trainer.model.state_dict()["body.0.weight"].half())


def test_rates_follow_the_schedule_across_interruptions(tmp_path: Path) -> None:
    rates: list[float] = []
    for piece in (4, 1, None):
        training = make_training()
        optimizer, actor = training.optimizer, training.actors[0]

        def act(
            batch: Sample, optimizer: torch.optim.Optimizer = optimizer, actor: Actor = actor
        ) -> tuple[Tensor, dict[str, float]]:
            rates.append(optimizer.param_groups[0]["lr"])
            return actor(batch)

        training.actors = [act, act]
        make_trainer(tmp_path, training).run(piece)
    schedule = cosine_schedule(STEPS, 3)
    assert rates == pytest.approx([0.05 * schedule(step) for step in range(STEPS)])


def test_gradients_are_clipped(tmp_path: Path) -> None:
    training = make_training(clip_gradient=1e-3, schedule=lambda step: 1.0)
    training.optimizer = torch.optim.SGD(training.model.parameters(), lr=2.0)
    before = torch.cat([value.detach().clone().flatten() for value in training.model.parameters()])
    make_trainer(tmp_path, training).run(1)
    after = torch.cat([value.detach().flatten() for value in training.model.parameters()])
    assert float((after - before).norm()) == pytest.approx(2e-3, rel=1e-3)
    assert read_log(tmp_path / "log.jsonl")[0]["gradient"] > 1e-2  # told as it was


def test_prepare_has_the_last_word_in_every_stage(tmp_path: Path) -> None:
    modes: list[bool] = []

    def freeze(model: nn.Module) -> None:
        assert model.training
        modes.append(True)
        model.get_submodule("body.1").eval()

    training = make_training(prepare=freeze)
    trainer = make_trainer(tmp_path, training)
    trainer.run()
    assert len(modes) == 2
    assert int(trainer.model.state_dict()["body.1.num_batches_tracked"]) == 0


def test_some_clips_at_a_time_train_as_all_at_once(tmp_path: Path) -> None:
    def hold(model: nn.Module) -> None:
        model.get_submodule("body.1").eval()

    for name, options in (("whole", {}), ("parts", {"micro_batch": 2})):
        make_trainer(tmp_path / name, make_training(prepare=hold), **options).run()
    whole, parts = outcome(tmp_path / "whole"), outcome(tmp_path / "parts")
    for record, other in zip(whole["log"], parts["log"], strict=True):
        assert record == pytest.approx(other, rel=1e-5)
    for name, value in whole["state"]["model"].items():
        torch.testing.assert_close(parts["state"]["model"][name], value, rtol=1e-4, atol=1e-5)


def test_batch_norms_that_learn_need_all_clips_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--micro-batch is 1, but toy/tiny trains batch norms"):
        make_trainer(tmp_path, micro_batch=1).run()


def at_step(step: int, loss: Callable[[nn.Module], Tensor]) -> Callable[[Actor, nn.Module], Actor]:
    """Puts another loss into one step."""

    def wrap(actor: Actor, model: nn.Module) -> Actor:
        count = iter(range(STEPS))
        return lambda batch: (loss(model), {"loss": 0.0}) if next(count) == step else actor(batch)

    return wrap


@pytest.mark.parametrize(
    ("loss", "what"),
    [
        (lambda model: sum(p.sum() for p in model.parameters()) * float("nan"), "loss is nan"),
        (lambda model: (0 * sum(p.sum() for p in model.parameters())).sqrt(), "gradient is nan"),
    ],
    ids=["loss", "gradient"],
)
def test_a_loss_that_is_no_number_stops_the_run_before_it_does_harm(
    loss: Callable[[nn.Module], Tensor], what: str, tmp_path: Path
) -> None:
    trainer = make_trainer(tmp_path, make_training(at_step(5, loss)))
    with pytest.raises(FloatingPointError, match=f"{what} at step 5") as error:
        trainer.run()
    (batch_file,) = tmp_path.glob("batch_at_step_5*")
    assert str(batch_file) in str(error.value)
    assert load_training(batch_file)["images"].shape == (3, 2, 3, 16, 24)
    assert load_training(tmp_path / LATEST)["step"] == 4
    assert all(value.isfinite().all() for value in trainer.model.state_dict().values())


def test_a_loader_process_that_dies_ends_the_run_with_one_clear_error(tmp_path: Path) -> None:
    class Deadly(Squares):
        """Ends the process that draws from it, as the kernel does when memory runs out."""

        def sample(self, rng: Generator, frames: int) -> Clip:
            os.kill(os.getpid(), signal.SIGKILL)
            raise AssertionError("not reached")

    with pytest.raises(ChildProcessError, match=r"DataLoader worker .*--workers"):
        make_trainer(tmp_path, make_training(sources=[Deadly()] * 2), workers=1).run()


class Killed(BaseException):
    """Stands in for a process that ends at once."""


def test_a_run_killed_while_it_saves_goes_on_from_the_checkpoint_before(
    uninterrupted: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_trainer(tmp_path).run(4)

    def write_half(_: Any, file: Path) -> None:
        file.write_bytes(b"PK\x03\x04 half a checkpoint")
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", write_half)
        with pytest.raises(Killed):
            make_trainer(tmp_path).run(2)
    (tmp_path / f".{LATEST}.123.part").write_bytes(b"PK\x03\x04 what a process killed for good leaves behind")
    assert load_training(tmp_path / LATEST)["step"] == 4
    make_trainer(tmp_path).run()
    assert_same(outcome(tmp_path)["state"], uninterrupted["state"])


def test_a_full_disk_is_one_clear_error_and_spares_the_checkpoint_before(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the disk: the kernel refuses to write on."""
    trainer = make_trainer(tmp_path)
    trainer.run(4)
    before = (tmp_path / LATEST).read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        with pytest.raises(OSError, match=r"cannot write .*MB are free there.*untouched") as error:
            trainer.save()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(error.value)
    assert (tmp_path / LATEST).read_bytes() == before
    assert not list(tmp_path.glob(".*.part"))


def test_another_run_in_the_folder_is_refused(tmp_path: Path) -> None:
    make_trainer(tmp_path).run(1)
    with pytest.raises(InputError, match=r"other settings: rate differ.*--workspace"):
        make_trainer(tmp_path, make_training(settings={"rate": 0.1, "seed": 0})).run()
    other = Squares()
    other.name = "circles"
    with pytest.raises(InputError, match=r'trained on "squares".*gives "circles"'):
        make_trainer(tmp_path, make_training(sources=[other] * 2)).run()
    training = make_training()
    training.model = nn.Linear(2, 2)
    with pytest.raises(InputError, match="does not fit the network"):
        make_trainer(tmp_path, training).run()


def test_a_damaged_checkpoint_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / LATEST).write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match=LATEST):
        make_trainer(tmp_path).run()


def test_a_folder_that_cannot_be_written_to_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"cannot write to .*with --workspace or LTR_WORKSPACE_DIR"):
        make_trainer(tmp_path / "file" / "run").run()


@pytest.mark.parametrize("fast", [True, False])
def test_slow_bf16_is_hinted_at(
    fast: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    monkeypatch.setattr(trainer_module, "use_bfloat16", lambda precision, device: fast)
    make_trainer(tmp_path, make_training(precision="bf16")).run(1)
    assert any("--precision fp32 is faster" in text for text in caplog.messages) != fast


def test_the_banner_comes_first(tmp_path: Path, caplog: Any) -> None:
    with caplog.at_level(logging.INFO):
        make_trainer(tmp_path, make_training(banner=["no data", "set"])).run(1)
    assert caplog.messages[:2] == ["no data", "set"]


def test_bf16_keeps_the_weights_in_fp32(tmp_path: Path) -> None:
    dtypes: set[torch.dtype] = set()

    def watch(_: Actor, model: nn.Module) -> Actor:
        def act(batch: Sample) -> tuple[Tensor, dict[str, float]]:
            logits = model(batch.images)
            dtypes.add(logits.dtype)
            return logits.float().square().mean(), {"loss": 0.0}

        return act

    trainer = make_trainer(tmp_path, make_training(watch, precision="bf16"))
    trainer.run(1)
    assert dtypes == {torch.bfloat16}
    assert {value.dtype for value in trainer.model.parameters()} == {torch.float32}


def test_schedules() -> None:
    cosine = cosine_schedule(100, 10, floor=0.1)
    assert [cosine(step) for step in (0, 4, 9)] == pytest.approx([0.1, 0.5, 1.0])
    assert cosine(10) == 1
    assert cosine(55) == pytest.approx(0.55)
    assert cosine(100) == cosine(200) == pytest.approx(0.1)
    again = cosine_schedule(300, 10, restarts=(100,), floor=0.1)
    assert [again(step) for step in (0, 55, 99)] == [cosine(step) for step in (0, 55, 99)]
    assert [again(step) for step in (100, 109, 110)] == pytest.approx([0.1, 1.0, 1.0])
    assert again(205) == pytest.approx(0.55)
    assert again(300) == pytest.approx(0.1)
    steps = step_schedule((30, 60), 0.2)
    assert [steps(step) for step in (0, 29, 30, 59, 60, 99)] == pytest.approx([1, 1, 0.2, 0.2, 0.04, 0.04])


def test_the_settings_hash_is_of_values_alone() -> None:
    one = make_training(settings={"a": 1, "b": (2, 3)}).settings_hash
    assert one == make_training(settings={"b": [2, 3], "a": 1}).settings_hash
    assert one != make_training(settings={"a": 1, "b": (2, 4)}).settings_hash
    assert len(one) == 12
    int(one, 16)
