"""The networks of Table 2 that lack parts: their settings train, and save what the table then accepts."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from box2seg_plugin.network import ABLATIONS
from box2seg_plugin.segmenter import DEFAULT_MODEL
from box2seg_plugin.train_settings.ablations import (
    small_multi_frame,
    small_multi_frame_iterative,
    small_multi_frame_plus,
    small_single_image,
)
from box2seg_plugin.train_settings.settings import build
from box2seg_plugin.train_settings.small import small
from box2seg_plugin.variants import load_network
from ltr.environment import Environment
from ltr.plugins import load_plugins
from ltr.registry import TRAIN_SETTINGS
from ltr.trainer import Trainer

SETTINGS = {
    "SingleImage": small_single_image,
    "MultiFrame": small_multi_frame,
    "MultiFrame+": small_multi_frame_plus,
    "MultiFrameIterative": small_multi_frame_iterative,
}


@pytest.mark.parametrize("name", SETTINGS)
def test_two_steps_train_all_but_the_backbone(name: str, tmp_path: Path) -> None:
    """Every other parameter moves: none is left out of the optimizer or of the loss."""
    load_plugins()
    settings = SETTINGS[name]
    stages = (replace(settings.stages[0], steps=2, frames=2, batch=1, input_size=(64, 64)),)
    tiny = replace(settings, data=(("procedural", 1.0),), stages=stages, warmup=0)
    training = build(tiny, Environment({"workspace": (tmp_path, "a test")}), precision="fp32")
    before = {key: value.clone() for key, value in training.model.state_dict().items()}
    bundled = load_network(DEFAULT_MODEL).state_dict()
    weights = Trainer(training, tmp_path, torch.device("cpu"), workers=0).run()
    for key, value in training.model.state_dict().items():
        if key.startswith("backbone."):
            assert torch.equal(value, bundled[key]), key
    still = {key for key, value in training.model.named_parameters() if torch.equal(value, before[key])}
    assert {key.partition(".")[0] for key in still} == {"backbone"}
    config = load_network(weights).config
    assert {key: getattr(config, key) for key in ABLATIONS[name]} == ABLATIONS[name]


@pytest.mark.parametrize("name", SETTINGS)
def test_they_differ_in_their_parts_alone(name: str) -> None:
    """Same data, stages, rates and backbone, so that the table compares the parts."""
    part, changed = SETTINGS[name], ("name", "network", "stage_refinements", "single_frame_dropout")
    whole = small_multi_frame_iterative
    assert replace(part, **{key: getattr(whole, key) for key in changed}) == whole
    assert replace(part.network, variant="", **ABLATIONS["MultiFrameIterative"]) == replace(
        small.network, variant=""
    )


def test_they_are_found_by_name() -> None:
    load_plugins()
    assert {f"box2seg/{settings.name}" for settings in SETTINGS.values()} <= set(TRAIN_SETTINGS.names())
