"""The settings: those of the paper as published, the small one as its weights were made, and their data."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from box2seg_plugin.network import RESNET50, SMALL
from box2seg_plugin.train_settings.default import default
from box2seg_plugin.train_settings.paper import paper
from box2seg_plugin.train_settings.settings import Box2SegSettings, build
from box2seg_plugin.train_settings.small import small
from ltr.dataset.clip_style import ClipStyle
from ltr.environment import Environment, environment
from ltr.errors import InputError
from ltr.train_settings.clip_data import ClipData
from ltr.training import Training, settings_hash

NOTHING = Environment({})
PROCEDURAL = (("procedural", 1.0),)

PUBLISHED = [
    ("network", RESNET50),
    ("data", (("youtube_vos", 6.0), ("davis", 1.0))),
    ("rate_backbone", 0.0),
    ("rate_features", 2e-5),
    ("rate_encoders", 2e-4),
    ("rate_decoder", 1e-4),
    ("rate_regularisation", 1e-4),
    ("milestones", (30_000, 60_000)),
    ("weight_decay", 0.0),
    ("batch_norm_eval", True),
    ("loss", "lovasz"),
    ("loss_weight", 100.0),
    ("stage_refinements", (1,)),
    ("single_frame_dropout", 0.0),
    ("clip_gradient", 0.0),
    ("average_decay", 0.0),
]


@pytest.fixture(scope="module")
def paper_run() -> Training:
    """The paper's run, on data that every machine has."""
    return build(paper, NOTHING, data=PROCEDURAL)


@pytest.fixture
def duts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five stills laid out like DUTS-TR, named by the environment."""
    for folder in ("DUTS-TR-Image", "DUTS-TR-Mask"):
        (tmp_path / folder).mkdir()
    rng = np.random.default_rng(0)
    for index in range(5):
        mask = np.zeros((60, 80), np.uint8)
        cv2.circle(mask, (40, 30), 12 + index, 255, -1)
        image = rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / "DUTS-TR-Image" / f"{index}.jpg"), image)
        cv2.imwrite(str(tmp_path / "DUTS-TR-Mask" / f"{index}.png"), mask)
    monkeypatch.setenv("LTR_DUTS_DIR", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(("field", "value"), PUBLISHED, ids=[field for field, _ in PUBLISHED])
def test_paper_is_as_published(field: str, value: Any) -> None:
    assert getattr(paper, field) == value


def test_paper_trains_on_the_clips_published() -> None:
    (stage,) = paper.stages
    assert (stage.steps, stage.frames, stage.batch, stage.input_size) == (80_000, 3, 4, (832, 480))
    jitter = stage.jitter
    assert (jitter.scale, jitter.scale_sigma, jitter.shift) == (5.0, 0.25, 1.5)
    assert (jitter.brightness, jitter.grey, jitter.flip, jitter.box_jitter_share) == (0.2, 0.05, 0.5, 0.0)


def test_every_part_has_its_rate(paper_run: Training) -> None:
    rates = {id(p): group["lr"] for group in paper_run.optimizer.param_groups for p in group["params"]}
    expected = {
        "backbone": None,
        "features": 2e-5,
        "decoder": 1e-4,
        "aggregation": 1e-4,
        "refined_aggregation": 1e-4,
        "object_encoder": 2e-4,
        "single_frame_encoder": 2e-4,
        "mask_encoder": 2e-4,
    }
    seen = set()
    for name, parameter in paper_run.model.named_parameters():
        part = name.split(".")[0]
        seen.add(part)
        assert rates.get(id(parameter)) == expected[part], name
        assert parameter.requires_grad == (part != "backbone"), name
    assert seen == set(expected)
    assert isinstance(paper_run.optimizer, torch.optim.AdamW)
    assert {group["weight_decay"] for group in paper_run.optimizer.param_groups} == {0.0}


def test_rates_are_divided_by_5_twice(paper_run: Training) -> None:
    factors = [paper_run.schedule(step) for step in (0, 29_999, 30_000, 59_999, 60_000, 79_999)]
    assert factors == pytest.approx([1, 1, 0.2, 0.2, 0.04, 0.04])


def test_no_batch_norm_of_the_paper_learns_statistics(paper_run: Training) -> None:
    paper_run.model.train()
    assert paper_run.prepare is not None
    paper_run.prepare(paper_run.model)
    norms = [module for module in paper_run.model.modules() if isinstance(module, nn.BatchNorm2d)]
    assert len(norms) > 50
    assert not any(norm.training for norm in norms)
    assert paper_run.model.training


def test_a_frozen_backbone_of_random_weights_is_warned_of(paper_run: Training) -> None:
    assert any("RANDOM" in line for line in paper_run.banner)


def test_a_frozen_backbone_keeps_its_statistics_even_where_others_learn() -> None:
    run = build(replace(default, rate_backbone=0.0), NOTHING)
    run.model.train()
    assert run.prepare is not None
    run.prepare(run.model)
    assert not any(module.training for module in run.model.get_submodule("backbone").modules())
    assert any(m.training for m in run.model.modules() if isinstance(m, nn.BatchNorm2d))


def test_only_convolutions_decay() -> None:
    run = build(default, NOTHING)
    for group in run.optimizer.param_groups:
        kinds = {parameter.ndim > 1 for parameter in group["params"]}
        assert kinds == {group["weight_decay"] > 0}
    count = sum(len(group["params"]) for group in run.optimizer.param_groups)
    assert count == len(list(run.model.parameters()))


def test_small_is_the_run_that_made_the_weights() -> None:
    """Another hash is another run: checkpoints of this one no longer resume. Change it knowingly."""
    assert settings_hash(small.to_dict()) == "c0a29c32892e"
    assert small.network == SMALL


def test_the_hash_tells_seeds_and_precisions_apart() -> None:
    runs = [build(default, NOTHING, **changes) for changes in ({}, {"seed": 1}, {"precision": "bf16"})]
    assert len({run.settings_hash for run in runs}) == 3
    assert [run.seed for run in runs] == [0, 1, 0]
    assert runs[2].precision == "bf16"


def test_the_seed_decides_the_first_weights() -> None:
    one, same, other = (build(default, NOTHING, seed=seed).model.state_dict() for seed in (0, 0, 1))
    name = "features.conv.weight"
    assert torch.equal(one[name], same[name])
    assert not torch.equal(one[name], other[name])


def test_default_runs_on_procedural_clips_and_says_so() -> None:
    run = build(default, NOTHING)
    assert run.sources[0].name == "procedural"
    assert any("PROCEDURAL" in line for line in run.banner)
    assert any("LTR_DUTS_DIR" in line for line in run.banner)


def test_default_takes_the_data_that_the_environment_names(duts: Path) -> None:
    run = build(default, environment())
    assert run.sources[0].name == "clips of DUTS-TR"
    assert run.banner == ["training data: clips of DUTS-TR"]
    clip = run.sources[0].sample(np.random.default_rng(0), 2)
    assert len(clip) == 2


@pytest.mark.parametrize(("settings", "variable"), [(small, "LTR_DUTS_DIR"), (paper, "LTR_YOUTUBE_VOS_DIR")])
def test_a_missing_data_set_names_its_variable(settings: Box2SegSettings, variable: str) -> None:
    with pytest.raises(InputError, match=variable):
        build(replace(settings, network=SMALL), NOTHING)


@pytest.mark.parametrize(("asked", "aside"), [(0, 0), (2, 2), (500, 2)])
def test_stills_set_aside_are_never_trained_on(asked: int, aside: int, duts: Path) -> None:
    data = ClipData(environment(), asked)
    kept, held = data.training_stills(), data.held_out_stills()
    assert (len(kept), len(held)) == (5 - aside, aside)
    areas = [int(stills[i][1].sum()) for stills in (kept, held) for i in range(len(stills))]
    assert len(set(areas)) == 5


def test_an_unknown_kind_of_data_lists_the_known() -> None:
    with pytest.raises(ValueError, match="youtube_vos, davis, stills, procedural, any"):
        ClipData(NOTHING).source((("imagenet", 1.0),), ClipStyle())


def test_every_stage_needs_its_number_of_passes() -> None:
    with pytest.raises(ValueError, match="10 stages, 1 stage_refinements"):
        replace(small, stage_refinements=(1,))
    with pytest.raises(ValueError, match="10 stages, 2 clip_styles"):
        replace(small, clip_styles=(ClipStyle(), ClipStyle()))


def test_every_stage_has_its_style(duts: Path) -> None:
    styles = [source.style for source in build(small, environment()).sources]  # type: ignore[attr-defined]
    assert tuple(styles) == small.clip_styles
    single = build(replace(small, clip_styles=(ClipStyle(whole=1),)), environment())
    assert {source.style.whole for source in single.sources} == {1}  # type: ignore[attr-defined]


def test_the_plugin_registers_what_it_brings() -> None:
    code = (
        "from ltr import plugins, registry; from pytracking.registry import INITIALIZERS\n"
        "plugins.load_plugins()\n"
        "print(*registry.NETWORKS, *registry.ACTORS, *registry.TRAIN_SETTINGS, *INITIALIZERS)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    listed = result.stdout.split()
    assert listed.count("box2seg") == 3  # network, actor, initializer
    assert {"box2seg/default", "box2seg/small", "box2seg/paper"} <= set(listed)
    assert result.stderr == ""
