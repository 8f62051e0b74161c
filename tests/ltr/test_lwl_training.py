"""Training LWL: its actor, its settings, and that it learns."""

import tomllib
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ltr.actors.lwl import LWLActor
from ltr.checkpoint import load_training, save_weights
from ltr.data.clip_processing import CropJitter, Sample
from ltr.data.coarse_clips import CoarseClips
from ltr.data.loader import ClipSamples, collate
from ltr.data.sampler import VideoClips
from ltr.data.turned_clips import TurnedClips
from ltr.dataset.passers_by import PassersBy
from ltr.dataset.procedural import ProceduralClips
from ltr.environment import Environment, environment
from ltr.errors import InputError
from ltr.losses.segmentation import lovasz_loss, mask_iou
from ltr.models.lwl import LWLNet, lwl_small
from ltr.models.lwl_variants import load_lwl
from ltr.plugins import GROUP
from ltr.registry import ACTORS, NETWORKS, TRAIN_SETTINGS, Registry
from ltr.train_settings import starting_weights
from ltr.train_settings.lwl.settings import LWLSettings, build
from ltr.train_settings.lwl.small import small
from ltr.train_settings.lwl.stage1 import stage1
from ltr.train_settings.lwl.stage2 import stage2
from ltr.trainer import Trainer
from ltr.training import Stage, Training

PLAIN = CropJitter(scale=2.5, scale_sigma=0.1, shift=0.1, brightness=0.0, grey=0.0)


def tiny(settings: LWLSettings, **changes: object) -> LWLSettings:
    """The same settings, on procedural clips of 64 x 64, two of them a step, two steps, the small network."""
    stages = (Stage(steps=2, frames=3, batch=2, input_size=(64, 64), jitter=PLAIN),)
    network = replace(small.network, feature_dim=16)
    fields = {"data": (("procedural", 1.0),), "stages": stages, "network": network, "precision": "fp32"}
    fields |= {"passers_by": 0.0, "warmup": 0, "start": ""}
    return replace(settings, **{**fields, **changes})  # type: ignore[arg-type]


def a_batch(clips: int = 2, frames: int = 3) -> Sample:
    source = VideoClips(ProceduralClips(sequences=4, frames=12), max_gap=6)
    samples = ClipSamples(source, frames, PLAIN, (64, 64), seed=1)
    return collate([samples[i] for i in range(clips)])


# the actor


def test_the_loss_is_that_of_the_frames_after_the_first() -> None:
    network, batch = lwl_small().eval(), a_batch()
    loss, stats = LWLActor(network, loss_weight=10.0)(batch)
    logits = network(batch.images, batch.masks[:, :1])
    expected = lovasz_loss(logits, batch.masks[:, 1:])
    torch.testing.assert_close(loss, 10 * expected)
    assert loss.requires_grad
    iou = mask_iou(logits, batch.masks[:, 1:])
    wanted = {"loss": expected.item(), "J/first": iou[:, 0].mean().item(), "J/last": iou[:, 1].mean().item()}
    assert stats == pytest.approx(wanted)


def test_unknown_loss() -> None:
    with pytest.raises(ValueError, match='"hinge": known are lovasz, cross_entropy_dice'):
        LWLActor(lwl_small(), loss="hinge")


def test_j_rises_on_a_batch_seen_again_and_again() -> None:
    network, batch = lwl_small().train(), a_batch()
    actor = LWLActor(network, "cross_entropy_dice", 1.0)
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    history = []
    for _ in range(40):
        loss, stats = actor(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append((stats["loss"], stats["J/first"], stats["J/last"]))
    begin, end = np.mean(history[:5], axis=0), np.mean(history[-5:], axis=0)
    assert end[0] < 0.5 * begin[0]
    assert (end[1:] > begin[1:] + 0.5).all()


# the settings


@pytest.mark.parametrize("settings", [stage1, stage2, small], ids=lambda settings: settings.name)
def test_two_steps_train_what_is_not_frozen(settings: LWLSettings, tmp_path: Path) -> None:
    training = build(tiny(settings), Environment({}))
    before = {name: p.clone() for name, p in training.model.named_parameters()}
    weights = Trainer(training, tmp_path, torch.device("cpu"), workers=0).run()
    moved = {name for name, p in training.model.named_parameters() if not torch.equal(p, before[name])}
    frozen = {"stage1": ("backbone.",), "stage2": settings.frozen, "small": ()}[settings.name]
    if settings is stage2:
        frozen = ("backbone.layer1.",)  # the small network has a stem where ResNet-50 has conv1 and bn1
    assert moved == {name for name in before if not name.startswith(frozen or "none")}
    assert isinstance(load_lwl(weights), LWLNet)
    assert load_training(tmp_path / "latest.ckpt")["settings_hash"] == training.settings_hash


def rates(training: Training) -> dict[str, float]:
    """Learning rate of each part of the network, by the longest name that tells them apart."""
    names = {id(p): name for name, p in training.model.named_parameters()}
    return {names[id(p)]: group["lr"] for group in training.optimizer.param_groups for p in group["params"]}


def test_values_of_the_authors_stages() -> None:
    first = rates(build(tiny(stage1), Environment({})))
    assert {name.partition(".")[0]: rate for name, rate in first.items()} == {
        "features": 2e-5,
        "mask_encoder": 2e-4,
        "learner": 1e-4,
        "decoder": 1e-4,
    }
    assert set(rates(build(tiny(stage2), Environment({}))).values()) == {2e-5}
    assert [s.stages[0].steps for s in (stage1, stage2)] == [70_000, 80_000]
    assert [s.milestones for s in (stage1, stage2)] == [(40_000,), (25_000, 75_000)]
    for settings in (stage1, stage2):
        (stage,) = settings.stages
        assert (stage.frames, stage.batch, stage.input_size) == (4, 20, (832, 480))
        assert (settings.rotation, settings.zoom, settings.batch_norm_eval) == (15.0, 0.2, True)
        config = settings.network
        assert (config.first_steps, config.update_steps) == (20, 3)
        assert (config.train_first_steps, config.train_update_steps) == (5, 2)


def test_resnet_s_first_layers_have_the_names_that_stage2_freezes() -> None:
    from ltr.models.backbone import ResNet50

    names = [f"backbone.{name}" for name, _ in ResNet50().named_parameters()]
    left = [name for name in names if not name.startswith(stage2.frozen)]
    assert {name.split(".")[1] for name in left} == {"layer2", "layer3", "layer4"}


def test_batch_norms_are_held_where_the_settings_say_so() -> None:
    for settings, modes in ((stage1, {False}), (small, {True})):
        training = build(tiny(settings), Environment({}))
        assert training.prepare is not None
        training.prepare(training.model.train())
        norms = [m.training for m in training.model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
        assert set(norms) == modes


def test_clips_are_turned_for_the_authors_stages_alone() -> None:
    assert isinstance(build(tiny(stage1), Environment({})).sources[0], TurnedClips)
    assert isinstance(build(tiny(small, coarse=0.0), Environment({})).sources[0], VideoClips)


def test_the_embedded_trackers_clips_have_passers_by_and_few_pixels(tmp_path: Path) -> None:
    """Two stills to draw passers-by from, named as DUTS-TR."""
    for index in range(2):
        for folder, pixels in (("DUTS-TR-Image", 200), ("DUTS-TR-Mask", 255)):
            (tmp_path / folder).mkdir(exist_ok=True)
            picture = np.zeros((60, 80, 3) if folder == "DUTS-TR-Image" else (60, 80), np.uint8)
            picture[20:40, 30:60] = pixels
            Image.fromarray(picture).save(tmp_path / folder / f"{index}.png")
    places = environment({"duts": tmp_path})
    source = build(tiny(small, passers_by=small.passers_by), places).sources[0]
    assert isinstance(source, CoarseClips) and source.share == small.coarse > 0
    assert isinstance(source.clips, PassersBy) and source.clips.share == small.passers_by > 0
    assert len(source.clips.stills) == 1  # the other one is set aside
    assert isinstance(source.clips.clips, VideoClips)
    with pytest.raises(InputError, match="no still images are configured"):
        build(tiny(small, passers_by=0.1), Environment({}))


def test_small_starts_from_the_run_that_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting_weights, "BUNDLED_RUNS", Registry("weights of the run"))
    places = Environment({"workspace": (tmp_path, "a test")})
    settings = tiny(small, start="box2seg/small")
    with pytest.raises(InputError, match=r"lwl/small starts from the weights of box2seg/small"):
        build(settings, places)
    relative = build(tiny(small, seed=5), Environment({})).model
    save_weights(tmp_path / "box2seg" / "small" / "weights.safetensors", relative.state_dict(), "box2seg", {})
    training = build(settings, places)
    assert torch.equal(training.model.decoder.output2.weight, relative.decoder.output2.weight)
    assert any("starts from" in line for line in training.banner)
    hash_before = training.settings_hash
    relative.decoder.output2.bias.data += 1
    save_weights(tmp_path / "box2seg" / "small" / "weights.safetensors", relative.state_dict(), "box2seg", {})
    assert build(settings, places).settings_hash != hash_before  # other weights, another run


def test_a_frozen_random_backbone_is_told() -> None:
    lines = build(tiny(stage1), Environment({})).banner
    assert any("RANDOM" in line for line in lines)
    assert not any("RANDOM" in line for line in build(tiny(small), Environment({})).banner)


def test_the_command_finds_network_actor_and_settings(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())
    target = project["project"]["entry-points"]["pytracking.plugins"]["lwl"]
    EntryPoint("lwl", target, GROUP).load()()
    assert NETWORKS.get("lwl")(small.network.to_dict()).config == small.network
    assert ACTORS.get("lwl") is LWLActor
    assert {"lwl/stage1", "lwl/stage2", "lwl/small"} <= set(TRAIN_SETTINGS.names())
    with pytest.raises(InputError, match="no folder is configured"):
        TRAIN_SETTINGS.get("lwl/stage1")(Environment({}), seed=3)
