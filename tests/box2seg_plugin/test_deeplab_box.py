"""The single-frame baseline: what it sees, what it starts from, and that it runs wherever Box2Seg does."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from box2seg_plugin.baselines.deeplab_box import (
    RESNET50,
    SMALL,
    DeepLabBoxConfig,
    DeepLabBoxNet,
    keep_stride_16,
    network_from_config,
)
from box2seg_plugin.segmenter import DEFAULT_MODEL, VideoSegmenter
from box2seg_plugin.train_settings.ablations import small_single_image
from box2seg_plugin.train_settings.deeplab_box import DeepLabBoxSettings, build, full, small, small_finetuned
from box2seg_plugin.variants import load_network
from ltr.checkpoint import save_weights
from ltr.data.crops import crop_inside_major, paste_logits, sample_image
from ltr.environment import Environment
from ltr.errors import InputError
from ltr.models.crop_network import make_backbone
from ltr.plugins import load_plugins
from ltr.registry import NETWORKS, TRAIN_SETTINGS
from ltr.trainer import Trainer
from ltr.training import Training

SIZE = (64, 96)
BOXES = torch.tensor([[20.0, 10.0, 50.0, 40.0], [30.0, 20.0, 30.0, 30.0]])
TINY = replace(SMALL, input_size=(64, 64))


def tiny(config: DeepLabBoxConfig = TINY) -> DeepLabBoxNet:
    """Random weights; logits of both signs."""
    network = DeepLabBoxNet(config).eval()
    with torch.no_grad():
        logits = network(torch.rand(2, 1, 3, *SIZE) * 255, BOXES[:, None])[0]
        last = network.decoder.joint[-1]
        last.weight /= logits.std()
        last.bias -= logits.median() / logits.std()
    return network


def logits_of(network: DeepLabBoxNet, images: Tensor, boxes: Tensor) -> Tensor:
    with torch.inference_mode():
        (logits,) = network(images[:, None], boxes[:, None])
    return logits[:, 0]


@pytest.mark.parametrize("config", [SMALL, RESNET50, replace(RESNET50, backbone="resnet50_3x3")])
def test_logits_have_the_size_of_the_input(config: DeepLabBoxConfig, device: torch.device) -> None:
    network = DeepLabBoxNet(config).eval().to(device)
    images, boxes = torch.rand(2, 3, *SIZE, device=device) * 255, BOXES.to(device)
    logits = logits_of(network, images, boxes)
    assert logits.shape == (2, *SIZE)
    assert logits.isfinite().all()
    assert len(network.encode(images, boxes)) == 2


def test_the_box_decides_in_the_crop_that_it_is_in() -> None:
    network, images = tiny(), torch.rand(2, 3, *SIZE) * 255
    before = logits_of(network, images, BOXES)
    moved = BOXES + torch.tensor([[0.0, 0.0, 0.0, 0.0], [-20.0, 5.0, 10.0, 5.0]])
    after = logits_of(network, images, moved)
    assert torch.equal(after[0], before[0])
    assert (after[1] - before[1]).abs().max() > 0.05


@pytest.mark.parametrize("name", ["small", "resnet50", "resnet50_3x3"])
def test_stride_16_keeps_what_stride_32_saw(name: str) -> None:
    """With the same weights every second pixel is the same."""
    strided, dense = make_backbone(name).eval(), make_backbone(name).eval()
    dense.load_state_dict(strided.state_dict())
    keep_stride_16(dense)
    images = torch.randn(1, 3, *SIZE)
    with torch.inference_mode():
        before, after = strided(images), dense(images)
    assert after["layer4"].shape[-2:] == after["layer3"].shape[-2:] == (4, 6)
    rounding = 1e-4 * float(before["layer4"].abs().max())
    torch.testing.assert_close(after["layer4"][:, :, ::2, ::2], before["layer4"], rtol=0, atol=rounding)


def test_a_trained_backbone_sees_what_it_saw_whatever_the_box() -> None:
    network, trained = tiny(), make_backbone("small").eval()
    network.take_backbone(trained)
    images = torch.rand(2, 3, *SIZE) * 255
    with torch.inference_mode():
        pixels = network.normalise(images)
        drawn = torch.rand(2, 1, *SIZE)
        seen = network.backbone(torch.cat((pixels, drawn), dim=1))
        for layer in ("layer1", "layer2", "layer3"):
            torch.testing.assert_close(seen[layer], trained(pixels)[layer])


def test_wrong_shapes_and_several_frames_are_refused() -> None:
    network, images = tiny(), torch.rand(1, 2, 3, *SIZE) * 255
    with pytest.raises(
        InputError, match=r"^frames is 2: must be 1, deeplab_box_small looks at each frame by"
    ):
        network(images, BOXES[None])
    with pytest.raises(InputError, match=r"^1 refinements asked of a network built without$"):
        network(images[:, :1], BOXES[None, :1], refinements=1)
    with pytest.raises(
        InputError, match=r"^refinements is 2: must be 0, deeplab_box_small was built without"
    ):
        VideoSegmenter(network, refinements=2)
    with pytest.raises(ValueError, match="must be"):
        network.encode(images[0], BOXES[:1])
    with pytest.raises(ValueError, match="frames of a stage is 3: must be 1"):
        replace(small, stages=small_single_image.stages)


# files


def saved(path: Path, network: DeepLabBoxNet) -> Path:
    save_weights(path, network.state_dict(), "deeplab_box", network.config.to_dict())
    return path


def test_a_file_gives_the_network_it_was_written_from(tmp_path: Path) -> None:
    network, images = tiny(), torch.rand(2, 3, *SIZE) * 255
    loaded = load_network(saved(tmp_path / "mine.safetensors", network))
    assert isinstance(loaded, DeepLabBoxNet)
    assert loaded.config == network.config
    assert torch.equal(logits_of(loaded, images, BOXES), logits_of(network, images, BOXES))


@pytest.mark.parametrize(
    ("field", "value"), [("atrous_rates", [2, 4]), ("pyramid_dim", 10**9), ("decoder_dim", 0), ("heads", 3)]
)
def test_refuses_configs_that_no_network_has(field: str, value: object, tmp_path: Path) -> None:
    network, path = tiny(), tmp_path / "odd.safetensors"
    save_weights(path, network.state_dict(), "deeplab_box", {**network.config.to_dict(), field: value})
    with pytest.raises(InputError, match=r"odd\.safetensors: its config is not one of this version"):
        load_network(path)


# videos


def test_the_segmenter_shows_it_each_frame_by_itself(tmp_path: Path) -> None:
    """Whatever T: as by hand, up to the rounding of folded batch norms."""
    network = tiny()
    video = list(np.random.default_rng(0).integers(0, 256, (4, 61, 83, 3), dtype=np.uint8))
    boxes = np.array([[20.0, 10, 40, 30], [22, 11, 40, 30], [-1, -1, -1, -1], [25, 12, 38, 31]])
    file = saved(tmp_path / "mine.safetensors", network)
    segmenter = VideoSegmenter(file, frames=5, interval=1, device="cpu", precision="fp32")
    results = list(segmenter.segment(video, boxes, probabilities=True, measures=True))
    assert [result.objects for result in results] == [(1,), (1,), (), (1,)]
    for index in (0, 1, 3):
        config = network.config
        crop = crop_inside_major(
            (61, 83), boxes[index], config.crop_scale, config.input_size, config.crop_cover
        )
        image = torch.from_numpy(sample_image(video[index], crop)).permute(2, 0, 1)[None]
        inside = torch.as_tensor(crop.box_to_crop(boxes[index]), dtype=torch.float32)[None]
        expected = paste_logits(logits_of(network, image, inside)[0].numpy(), crop, (61, 83), -100.0)
        found = results[index].probabilities
        assert found is not None
        x, y, w, h = boxes[index].astype(int)
        there = np.s_[y + 1 : y + h - 1, x + 1 : x + w - 1]
        np.testing.assert_allclose(found[1][there], 1 / (1 + np.exp(-expected[there])), atol=2e-3)


# training


def short_run(settings: DeepLabBoxSettings, folder: Path) -> Training:
    stages = (replace(settings.stages[0], steps=2, batch=2, input_size=(64, 64)),)
    changes = {"data": (("procedural", 1.0),), "stages": stages, "warmup": 0}
    return build(settings, Environment({"workspace": (folder, "a test")}), **changes, precision="fp32")


@pytest.mark.parametrize("settings", [small, small_finetuned], ids=lambda settings: settings.name)
def test_two_steps_train_all_but_what_is_frozen(settings: DeepLabBoxSettings, tmp_path: Path) -> None:
    """small: the backbone is box2seg/small's and stays, but for its first convolution, which sees the box."""
    load_plugins()
    training = short_run(settings, tmp_path)
    before = {key: value.clone() for key, value in training.model.state_dict().items()}
    bundled = load_network(DEFAULT_MODEL).state_dict()
    first = "backbone.stem.0.weight"
    assert torch.equal(before[first][:, :3], bundled[first])
    assert not before[first][:, 3].any()
    weights = Trainer(training, tmp_path, torch.device("cpu"), workers=0).run()
    after = training.model.state_dict()
    still = {key for key, _ in training.model.named_parameters() if torch.equal(after[key], before[key])}
    frozen = set()
    if settings is small:
        frozen = {key for key in after if key.startswith("backbone.")} - {first}
        assert all(torch.equal(after[key], bundled[key]) for key in frozen)
    assert still <= frozen
    assert isinstance(load_network(weights), DeepLabBoxNet)


def test_small_is_trained_as_the_networks_of_table_2_are() -> None:
    """The same data, rates and backbone, and as many crops."""
    ours, theirs = small.to_dict(), small_single_image.to_dict()
    assert {key for key in ours if ours[key] != theirs[key]} == {"name", "network", "stages"}
    (stage,), (clips,) = small.stages, small_single_image.stages
    assert stage.steps * stage.batch == clips.steps * clips.batch * clips.frames == 24_000
    assert replace(stage, frames=clips.frames, batch=clips.batch) == clips


def test_full_says_where_its_backbone_starts(tmp_path: Path) -> None:
    training = short_run(replace(full, network=TINY), tmp_path)
    assert training.banner[-1] == "The backbone of deeplab_box/full starts from RANDOM weights."
    assert all(parameter.requires_grad for parameter in training.model.parameters())


def test_all_are_found_by_name() -> None:
    load_plugins()
    assert {f"deeplab_box/{name}" for name in ("small", "small_finetuned", "full")} <= set(TRAIN_SETTINGS)
    assert NETWORKS.get("deeplab_box") is network_from_config
