"""The training step of Box2Seg: which predictions are judged, by what, and what learns from it."""

from typing import Any

import pytest
import torch
from torch import Tensor

from box2seg_plugin.actor import Box2SegActor
from box2seg_plugin.network import SMALL, Box2SegConfig, Box2SegNet, build_box2seg
from ltr.data.clip_processing import Sample
from ltr.losses.segmentation import lovasz_loss, mask_iou


class Stub:
    """A network that gives two predictions made up beforehand and notes what it was asked."""

    config: Box2SegConfig = SMALL

    def __init__(self, frames: int = 2, batch: int = 3) -> None:
        self.predictions = [torch.randn(batch, frames, 8, 8, requires_grad=True) for _ in range(2)]
        self.asked: list[tuple[Any, ...]] = []

    def __call__(self, *arguments: Any) -> list[Tensor]:
        self.asked.append(arguments)
        return self.predictions


def make_batch(batch: int = 3, frames: int = 2, side: int = 8) -> Sample:
    masks = (torch.rand(batch, frames, side, side) < 0.4).to(torch.uint8)
    images = torch.randint(0, 256, (batch, frames, 3, side, side), dtype=torch.uint8)
    return Sample(images, masks, torch.tensor([1.0, 1.0, side - 2, side - 2]).expand(batch, frames, 4))


def test_loss_is_the_weighted_sum_over_both_predictions() -> None:
    stub, batch = Stub(), make_batch()
    loss, stats = Box2SegActor(stub, loss_weight=100.0)(batch)  # type: ignore[arg-type]
    expected = sum(float(lovasz_loss(p, batch.masks).detach()) for p in stub.predictions)
    assert float(loss.detach()) == pytest.approx(100 * expected, rel=1e-6)
    assert stats["loss"] == pytest.approx(expected, rel=1e-6)
    loss.backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in stub.predictions)


def test_statistics_are_j_of_the_first_and_of_the_last_prediction() -> None:
    stub, batch = Stub(), make_batch()
    _, stats = Box2SegActor(stub)(batch)  # type: ignore[arg-type]
    assert set(stats) == {"loss", "J/first", "J/final"}
    assert stats["J/first"] == pytest.approx(float(mask_iou(stub.predictions[0], batch.masks).mean()))
    assert stats["J/final"] == pytest.approx(float(mask_iou(stub.predictions[1], batch.masks).mean()))


def test_the_network_is_asked_for_the_passes_and_given_true_boxes() -> None:
    stub, batch = Stub(), make_batch()
    Box2SegActor(stub, refinements=1)(batch)  # type: ignore[arg-type]
    images, boxes, steps, refinements, keep = stub.asked[0]
    assert images is batch.images
    assert boxes is batch.boxes
    assert (steps, refinements, keep) == (None, 1, None)


def test_m_is_dropped_in_the_share_of_clips_asked_for() -> None:
    stub, batch = Stub(batch=50), make_batch(batch=50)
    actor = Box2SegActor(stub, single_frame_dropout=0.4)  # type: ignore[arg-type]
    for _ in range(20):
        actor(batch)
    kept = torch.stack([asked[4] for asked in stub.asked]).float()
    assert kept.shape == (20, 50)
    assert 0.55 < kept.mean() < 0.65


def test_every_part_of_the_network_learns() -> None:
    torch.manual_seed(0)
    network = build_box2seg(SMALL).train()
    loss, _ = Box2SegActor(network)(make_batch(batch=1, frames=2, side=64))
    loss.backward()
    still = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert still == []
    learned = {name.split(".")[0] for name, p in network.named_parameters() if p.grad.abs().sum() > 0}
    assert learned == {name.split(".")[0] for name, _ in network.named_parameters()}


def test_without_refinement_both_statistics_are_of_the_one_prediction() -> None:
    network = build_box2seg(SMALL).train()
    _, stats = Box2SegActor(network, refinements=0)(make_batch(batch=1, frames=1, side=64))
    assert stats["J/first"] == stats["J/final"]


def test_bad_options_are_refused() -> None:
    network: Box2SegNet = Stub()  # type: ignore[assignment]
    with pytest.raises(ValueError, match="known are lovasz, cross_entropy_dice"):
        Box2SegActor(network, loss="hinge")
    for share in (-0.1, 1.0):
        with pytest.raises(ValueError, match="must be in"):
            Box2SegActor(network, single_frame_dropout=share)
    alone = build_box2seg(SMALL, use_aggregation=False, refinements=0)
    with pytest.raises(ValueError, match="nothing to decode"):
        Box2SegActor(alone, single_frame_dropout=0.5)
