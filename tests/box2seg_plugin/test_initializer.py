"""Box2Seg as a first-mask initializer of pytracking."""

from pathlib import Path

import numpy as np
import pytest
import torch

from box2seg_plugin.initializer import Box2SegInitializer
from box2seg_plugin.network import Box2SegNet, box2seg_small
from box2seg_plugin.segmenter import VideoSegmenter
from ltr.checkpoint import save_weights
from ltr.data.boxes import box_mask, ellipse_mask
from pytracking.initializers import make_mask

BOX = (10.0, 12.5, 30.0, 20.0)


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)


def tiny_network(bias: float | None = None) -> Box2SegNet:
    """Random weights; with a bias, a network that says just that everywhere."""
    torch.manual_seed(5)
    network = box2seg_small(input_size=(64, 64), test_steps=2)
    if bias is not None:
        with torch.no_grad():
            network.decoder.output2.weight.zero_()
            network.decoder.output2.bias.fill_(bias)
    return network


def saved(network: Box2SegNet, folder: Path) -> Path:
    path = folder / "tiny.safetensors"
    save_weights(path, network.state_dict(), "box2seg", network.config.to_dict())
    return path


def test_equals_the_segmenter_on_a_single_frame(tmp_path: Path, image: np.ndarray) -> None:
    network = tiny_network()
    mask = Box2SegInitializer(model=saved(network, tmp_path), device="cpu", precision="fp32")(image, BOX)
    segmenter = VideoSegmenter(network, 1, device="cpu", precision="fp32")
    assert mask.dtype == bool and mask.any()
    assert np.array_equal(mask, next(segmenter([image], BOX)) == 1)
    assert not mask[~box_mask(BOX, 48, 64)].any()


def test_nothing_found_is_told_and_becomes_the_ellipse(
    tmp_path: Path, image: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    initializer = Box2SegInitializer(model=saved(tiny_network(bias=-9), tmp_path), device="cpu")
    assert not initializer(image, BOX).any()
    assert np.array_equal(make_mask(initializer, image, BOX), ellipse_mask(BOX, 48, 64))
    assert "found nothing" in caplog.text
