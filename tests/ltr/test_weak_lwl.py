"""LWL from boxes: its actor, its settings, and that it learns."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from ltr.actors.lwl import LWLActor
from ltr.actors.weak_lwl import BoxTerms, WeakLWLActor
from ltr.checkpoint import save_weights
from ltr.data.boxes import box_mask
from ltr.data.clip_processing import CropJitter, Sample
from ltr.data.hidden_masks import HiddenMasks
from ltr.data.loader import ClipSamples, collate
from ltr.data.mask_io import VOID, write_mask
from ltr.data.sampler import MixedClips, VideoClips
from ltr.dataset.procedural import ProceduralClips
from ltr.environment import Environment
from ltr.losses.crf import dense_crf_loss
from ltr.losses.mil import mil_unary_loss, smoothness_loss
from ltr.losses.segmentation import mask_iou
from ltr.lwl_catalog import register_lwl
from ltr.models.lwl import LWLNet, lwl_small
from ltr.registry import ACTORS, TRAIN_SETTINGS
from ltr.train_settings.clip_data import ClipData
from ltr.train_settings.lwl.small import small
from ltr.train_settings.lwl.weak import LABELS, WeakSettings, build_weak, weak, weak_small
from ltr.trainer import Trainer
from ltr.training import Stage

ROWS = ["masks_only", "mil", "mil_crf", "pseudo", "full"]
PLAIN = CropJitter(scale=2.5, scale_sigma=0.1, shift=0.1, brightness=0.0, grey=0.0)


def a_batch(hidden: tuple[bool, ...], frames: int = 3) -> Sample:
    """Clips of 64 x 64, the same whether their masks are hidden or not."""
    source = VideoClips(ProceduralClips(sequences=4, frames=12), max_gap=6)
    kinds = {kind: HiddenMasks(source) if kind else source for kind in (True, False)}
    samples = {kind: ClipSamples(s, frames, PLAIN, (64, 64), seed=1) for kind, s in kinds.items()}
    return collate([samples[kind][index] for index, kind in enumerate(hidden)])


# the actor


def test_with_all_masks_it_is_the_ordinary_actor() -> None:
    network, batch = lwl_small().eval(), a_batch((False, False))
    loss, stats = WeakLWLActor(network, loss_weight=10.0)(batch)
    wanted, wanted_stats = LWLActor(network, loss_weight=10.0)(batch)
    torch.testing.assert_close(loss, wanted)
    assert stats == pytest.approx({**wanted_stats, "boxes": 0.0})


@pytest.mark.parametrize("start", ["prediction", "box"])
def test_the_loss_is_the_mean_over_clips_of_masks_and_of_boxes(start: str) -> None:
    network, batch = lwl_small().eval(), a_batch((False, True, False, True))
    terms = BoxTerms(unary=2.0, smoothness=0.5, crf=0.25, crf_side=16, start=start)
    actor = WeakLWLActor(network, "cross_entropy_dice", 3.0, terms)
    loss, stats = actor(batch)
    first = actor._start_masks(batch, torch.tensor([False, True, False, True]))
    logits = network(batch.images, first)
    seen, shown = logits[[0, 2]], logits[[1, 3]]
    truth, boxes, images = batch.masks[[0, 2], 1:], batch.boxes[[1, 3], 1:], batch.images[[1, 3], 1:]
    expected = 0.5 * actor.loss(seen, truth) + 0.5 * (
        2.0 * mil_unary_loss(shown, boxes)
        + 0.5 * smoothness_loss(shown, boxes)
        + 0.25 * dense_crf_loss(torch.sigmoid(shown), images, 16, 0.2, 15.0)
    )
    torch.testing.assert_close(loss, 3 * expected)
    assert loss.requires_grad
    assert stats["loss"] == pytest.approx(expected.item(), rel=1e-5)
    assert stats["J/last"] == pytest.approx(mask_iou(seen, truth)[:, -1].mean().item())
    assert 0 < stats["boxes"] < stats["loss"]


def test_clips_without_masks_start_with_what_the_network_finds_in_the_box() -> None:
    network, batch = lwl_small().eval(), a_batch((False, True))
    hidden = torch.tensor([False, True])
    filled = (batch.masks[:, :1] > 0).float()
    boxes = WeakLWLActor(network, terms=BoxTerms(start="box"))._start_masks(batch, hidden)
    assert torch.equal(boxes, filled)
    found = WeakLWLActor(network)._start_masks(batch, hidden)
    assert not found.requires_grad
    assert torch.equal(found[0], filled[0])  # masks that are known stay
    code = network.encode(batch.images[1, :1])
    z = network.learn_from_masks(code, filled[1][None])
    wanted = torch.sigmoid(network.segment(code, z, (64, 64))) * filled[1]
    torch.testing.assert_close(found[1], wanted.detach())


def test_a_first_mask_that_would_be_empty_gives_way_to_the_box() -> None:
    network, batch = lwl_small().eval(), a_batch((True, True))
    torch.nn.init.constant_(network.decoder.output2.bias, -50.0)
    start = WeakLWLActor(network)._start_masks(batch, torch.tensor([True, True]))
    assert torch.equal(start, (batch.masks[:, :1] == VOID).float())


def test_true_masks_of_hidden_clips_cannot_matter() -> None:
    """A batch of hidden clips, made from other masks with the same boxes, is the same."""
    source = VideoClips(ProceduralClips(sequences=4, frames=12), max_gap=6)

    class Filled:
        name = "clips whose masks are their boxes"

        def sample(self, rng: np.random.Generator, frames: int):  # type: ignore[no-untyped-def]
            clip = source.sample(rng, frames)
            masks = [
                box_mask(box, *mask.shape).astype(np.uint8)
                for mask, box in zip(clip.masks, clip.boxes, strict=True)
            ]
            return replace(clip, masks=masks)

    ours, theirs = (ClipSamples(HiddenMasks(s), 3, PLAIN, (64, 64), 1)[0] for s in (source, Filled()))
    assert torch.equal(ours.masks, theirs.masks)
    assert torch.equal(ours.images, theirs.images)


def test_boxes_alone_teach_what_is_outside_and_that_every_line_is_met() -> None:
    network, batch = lwl_small().train(), a_batch((True, True))
    actor = WeakLWLActor(network, "cross_entropy_dice", 1.0, BoxTerms(crf=0.5))
    optimizer = torch.optim.Adam(network.parameters(), lr=4e-3)
    history = []
    for _ in range(15):
        loss, stats = actor(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(stats["boxes"])
    assert np.mean(history[-3:]) < 0.6 * np.mean(history[:3])
    assert stats["J/first"] == stats["J/last"] == 0  # no mask was known


def test_terms_and_losses_that_there_are_not() -> None:
    with pytest.raises(ValueError, match='start is "mask": known are prediction, box'):
        BoxTerms(start="mask")
    with pytest.raises(ValueError, match='"hinge": known are'):
        WeakLWLActor(lwl_small(), loss="hinge")


# the settings


def tiny(settings: WeakSettings, **changes: object) -> WeakSettings:
    """The same settings, on procedural clips of 64 x 64, two of them a step, two steps, the small network."""
    stages = (Stage(steps=2, frames=3, batch=2, input_size=(64, 64), jitter=PLAIN),)
    network = replace(small.network, feature_dim=16)
    fields = {"data": (("procedural", 1.0),), "stages": stages, "network": network, "precision": "fp32"}
    fields |= {"warmup": 0, "start": "", "held_out": 0}
    return replace(settings, **{**fields, **changes})  # type: ignore[arg-type]


def a_folder_of_b(root: Path) -> Environment:
    """Two sequences of B of the procedural clips and one of A on disk, with masks that are full."""
    videos = ProceduralClips()
    settings = tiny(weak_small["full"])
    b = settings.source(ClipData(Environment({})), settings.clip_styles[0]).sources[1]
    names = sorted({b.dataset.sequence(track) for track in range(len(b.dataset))})
    of_a = next(name for name in (videos.sequence(t) for t in range(len(videos))) if name not in names)
    for name in (*names[:2], of_a):
        (root / "frames" / name).mkdir(parents=True)
        (root / "masks" / name).mkdir(parents=True)
        for number in range(1, 5):
            picture = np.full((48, 64, 3), 40 * number, np.uint8)
            cv2.imwrite(str(root / "frames" / name / f"{number:08d}.jpg"), picture)
            mask = np.zeros((48, 64), np.uint8)
            mask[10:30, 20:40] = 1
            write_mask(root / "masks" / name / f"{number:08d}.png", mask)
    return Environment({f"pseudo_{part}": (root / part, "a test") for part in ("frames", "masks")})


def test_values_of_the_paper() -> None:
    assert list(weak) == list(weak_small) == ROWS
    for row, settings in weak.items():
        assert settings.name == f"weak_{row}"
        (stage,) = settings.stages
        assert (stage.steps, stage.frames, stage.batch, stage.input_size) == (100_000, 4, 20, (832, 480))
        assert (settings.share_a, settings.data) == (0.1, (("youtube_vos", 1.0),))
    assert [settings.labels_of_b for settings in weak.values()] == ["none", "boxes", "boxes", "made", "true"]
    assert [bool(weak[row].terms.crf) for row in ("mil", "mil_crf")] == [False, True]


@pytest.mark.parametrize("family", [weak, weak_small], ids=["paper", "small"])
def test_a_family_differs_in_labels_and_terms_alone(family: dict[str, WeakSettings]) -> None:
    first = family["masks_only"].to_dict()
    for settings in family.values():
        other = settings.to_dict()
        assert {key for key in first if first[key] != other[key]} <= {"name", "labels_of_b", "terms"}
    assert family["mil"].to_dict()["terms"] | {"crf": 0.5} == family["mil_crf"].to_dict()["terms"]


def test_sources_of_the_rows(tmp_path: Path) -> None:
    places = a_folder_of_b(tmp_path)
    sources = {row: build_weak(tiny(weak_small[row]), places).sources[0] for row in ROWS}
    alone = sources["masks_only"]
    assert isinstance(alone, VideoClips)
    for row in ROWS[1:]:
        mix = sources[row]
        assert isinstance(mix, MixedClips)
        assert mix.shares.tolist() == [0.5, 0.5]
        a, b = mix.sources
        assert isinstance(a, VideoClips)
        assert [a.dataset.sequence(t) for t in range(len(a.dataset))] == [
            alone.dataset.sequence(t) for t in range(len(alone.dataset))
        ]
        assert isinstance(b, HiddenMasks) == (row in ("mil", "mil_crf"))
    made = sources["pseudo"].sources[1].dataset
    of_a = {alone.dataset.sequence(track) for track in range(len(alone.dataset))}
    taken = {made.sequence(track) for track in range(len(made))}
    assert len(taken) == 2  # the third one is A's
    assert not taken & of_a
    full, mil = (sources[row].sample(np.random.default_rng(6), 3) for row in ("full", "mil"))
    assert all(np.array_equal(x, y) for x, y in zip(full.images, mil.images, strict=True))


def test_b_can_lie_on_disk_whatever_its_labels(tmp_path: Path) -> None:
    places = a_folder_of_b(tmp_path)
    for row in ROWS[1:]:
        b = build_weak(tiny(weak_small[row], b_on_disk=True), places).sources[0].sources[1]
        dataset = (b.clips if isinstance(b, HiddenMasks) else b).dataset
        assert dataset.name == "pseudo_masks"
        assert len(dataset) == 3


@pytest.mark.parametrize("row", ROWS)
def test_two_steps_of_every_row(row: str, tmp_path: Path) -> None:
    training = build_weak(tiny(weak_small[row], share_of_b=0.9), a_folder_of_b(tmp_path), seed=3)
    assert training.settings["seed"] == 3
    expected = WeakLWLActor if row.startswith("mil") else LWLActor
    assert all(type(actor) is expected for actor in training.actors)
    before = {name: p.clone() for name, p in training.model.named_parameters()}
    Trainer(training, tmp_path / "run", torch.device("cpu"), workers=0).run()
    assert all(not torch.equal(p, before[name]) for name, p in training.model.named_parameters())


def test_small_starts_from_the_network_trained_on_a(tmp_path: Path) -> None:
    path = tmp_path / "box2seg" / "small_part_a" / "weights.safetensors"
    save_weights(
        path, build_weak(tiny(weak_small["mil"], seed=5), Environment({})).model.state_dict(), "box2seg", {}
    )
    settings = tiny(weak_small["mil"], start=weak_small["mil"].start)
    training = build_weak(settings, Environment({"workspace": (tmp_path, "a test")}))
    assert any("starts from" in line and "small_part_a" in line for line in training.banner)
    assert isinstance(training.model, LWLNet)


def test_settings_that_cannot_be() -> None:
    with pytest.raises(ValueError, match=f'labels_of_b is "some": known are {", ".join(LABELS)}'):
        replace(weak["mil"], labels_of_b="some")
    with pytest.raises(ValueError, match=r"share_of_b is 1: must be in \(0, 1\)"):
        replace(weak["mil"], share_of_b=1)
    with pytest.raises(ValueError, match="data names 2 sources"):
        replace(weak["mil"], data=(("youtube_vos", 6.0), ("davis", 1.0)))
    with pytest.raises(ValueError, match='data to split is "nothing": known are stills, youtube_vos'):
        build_weak(tiny(weak["mil"], data=(("nothing", 1.0),)), Environment({}))


def test_all_are_registered() -> None:
    register_lwl()
    assert {f"lwl/{prefix}_{row}" for prefix in ("weak", "weak_small") for row in ROWS} <= set(TRAIN_SETTINGS)
    assert ACTORS.get("weak_lwl") is WeakLWLActor
