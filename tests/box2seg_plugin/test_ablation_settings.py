"""The networks of Table 2 that lack parts: their settings train, and save what the table then accepts."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from box2seg_plugin.network import ABLATIONS
from box2seg_plugin.train_settings.ablations import (
    small_multi_frame,
    small_multi_frame_plus,
    small_single_image,
)
from box2seg_plugin.train_settings.settings import build
from box2seg_plugin.train_settings.small import small
from box2seg_plugin.variants import load_network
from ltr.dataset.clip_style import ClipStyle
from ltr.environment import Environment
from ltr.plugins import load_plugins
from ltr.registry import TRAIN_SETTINGS
from ltr.trainer import Trainer
from ltr.training import Stage

SETTINGS = {
    "SingleImage": small_single_image,
    "MultiFrame": small_multi_frame,
    "MultiFrame+": small_multi_frame_plus,
}


@pytest.mark.parametrize("name", SETTINGS)
def test_two_steps_train_every_part(name: str, tmp_path: Path) -> None:
    """Every parameter moves: none is left out of the optimizer or of the loss."""
    stages = (Stage(2, 2, 1, (64, 64), small.stages[0].jitter),)
    tiny = replace(
        SETTINGS[name],
        data=(("procedural", 1.0),),
        stages=stages,
        stage_refinements=(0,),
        clip_styles=(ClipStyle(),),
        restarts=(),
        warmup=0,
    )
    training = build(tiny, Environment({}), precision="fp32")
    before = {key: value.clone() for key, value in training.model.named_parameters()}
    weights = Trainer(training, tmp_path, torch.device("cpu"), workers=0).run()
    still = [key for key, value in training.model.named_parameters() if torch.equal(value, before[key])]
    assert not still
    config = load_network(weights).config
    assert {key: getattr(config, key) for key in ABLATIONS[name]} == ABLATIONS[name]


@pytest.mark.parametrize("name", SETTINGS)
def test_they_differ_from_small_in_their_parts_alone(name: str) -> None:
    """Same data, stages and rates as the whole network, so that the table compares the parts."""
    part, changed = SETTINGS[name], ("name", "network", "stage_refinements", "single_frame_dropout")
    assert replace(part, **{key: getattr(small, key) for key in changed}) == small
    whole = replace(part.network, variant=small.network.variant, **ABLATIONS["MultiFrameIterative"])
    assert whole == small.network


def test_they_are_found_by_name() -> None:
    load_plugins()
    assert {f"box2seg/{settings.name}" for settings in SETTINGS.values()} <= set(TRAIN_SETTINGS.names())
