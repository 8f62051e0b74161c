"""The LWL network: variants, target models, memory weights, clips, cached frames, files."""

import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from ltr.checkpoint import save_weights
from ltr.errors import InputError
from ltr.models import lwl_variants
from ltr.models.encoded_frames import EncodedFrames
from ltr.models.lwl import VARIANTS, LWLConfig, LWLNet, lwl_small, network_from_config
from ltr.models.lwl_variants import load_lwl

SIZE = (64, 96)


def tiny(**changes: object) -> LWLNet:
    """The small network in eval mode with lively weights: as built, its output hardly heeds its input."""
    network = lwl_small(**changes)
    for name, parameter in network.named_parameters():
        if parameter.ndim == 4 and "confidence" not in name:
            torch.nn.init.kaiming_normal_(parameter, nonlinearity="relu")
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0  # the running statistics become those of the next batch
    with torch.no_grad():
        network.train()(*clips(2, 3))
    return network.eval()


def clips(batch: int = 1, frames: int = 4, given: int = 1) -> tuple[Tensor, Tensor]:
    """Blotches of colour (B, T, 3, H, W) uint8 and masks (B, F, H, W) uint8 of their first frames."""
    coarse = torch.rand(batch * frames, 4, 4, 6)
    fine = F.interpolate(coarse, SIZE, mode="bilinear").unflatten(0, (batch, frames))
    return (fine[:, :, :3] * 255).to(torch.uint8), (fine[:, :given, 3] > 0.5).to(torch.uint8)


def difference(a: Tensor, b: Tensor) -> float:
    """Largest difference, relative to the largest value."""
    assert a.shape == b.shape
    return float((a - b).abs().max() / b.abs().max())


@torch.inference_mode()
def track(network: LWLNet, images: Tensor, masks: Tensor, first_steps: int, update_steps: int) -> Tensor:
    """Logits (T - 1, H, W) of one sequence, computed as a tracker does, from a growing memory."""
    code = network.encode(images[:1])
    memory = [(code.x, *network.encode_masks(masks))]
    z = network.learn_from_masks(code, masks[None], first_steps)
    outputs = []
    for image in images[1:]:
        code = network.encode(image[None])
        logits = network.segment(code, z, SIZE)
        outputs.append(logits[0])
        memory.append((code.x, *network.encode_masks(torch.sigmoid(logits))))
        x, e, w = (torch.cat(parts)[None] for parts in zip(*memory, strict=True))
        z = network.update(z, x, e, w, steps=update_steps)
    return torch.stack(outputs)


# variants and their configs


@pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS)
def test_config_survives_json(config: LWLConfig) -> None:
    stored = json.loads(json.dumps(config.to_dict()))
    assert LWLConfig.from_dict(stored) == config
    with pytest.raises(TypeError, match="head_count"):
        LWLConfig.from_dict({**stored, "head_count": 8})
    with pytest.raises(ValueError, match="feature_dim is 0: must be from 1 to 1024"):
        LWLConfig.from_dict({**stored, "feature_dim": 0})


def test_small_is_at_most_16_megabytes_on_disk(tmp_path: Path) -> None:
    network = lwl_small()
    save_weights(tmp_path / "s.safetensors", network.state_dict(), "lwl", {}, dtype=torch.float16)
    assert (tmp_path / "s.safetensors").stat().st_size <= 16_000_000


def test_unknown_backbone() -> None:
    with pytest.raises(ValueError, match='"vgg": known are resnet50, resnet50_3x3, small'):
        lwl_small(backbone="vgg")


def test_input_size_is_height_and_width() -> None:
    assert lwl_small(input_size=(320, 192)).input_hw == (192, 320)


# the target model


@torch.inference_mode()
def test_steps_default_to_the_mode_and_to_where_z_comes_from() -> None:
    network, (images, masks) = tiny(), clips(frames=1)
    code, (e, w) = network.encode(images[0]), network.encode_masks(masks[0])
    seen: list[int] = []
    network.learner.register_forward_pre_hook(lambda _, args: seen.append(args[3]))
    for training in (False, True):
        z = network.train(training).learn_from_masks(code, masks)
        network.update(z, code.x[None], e[None], w[None])
    assert seen == [20, 3, 5, 2]


@torch.inference_mode()
def test_update_goes_on_where_learning_stopped() -> None:
    network, (images, masks) = tiny(), clips(frames=2, given=2)
    code, (e, w) = network.encode(images[0]), network.encode_masks(masks[0])
    samples = (code.x[None], e[None], w[None])
    before = network.learn(*samples, steps=4)
    kept = before.clone()
    assert difference(network.update(before, *samples, steps=3), network.learn(*samples, steps=7)) < 1e-4
    assert torch.equal(before, kept)


@torch.inference_mode()
def test_sample_weights_multiply_the_confidence() -> None:
    network, (images, masks) = tiny(), clips(batch=2, frames=3, given=3)
    code, (e, w) = network.encode(images.flatten(0, 1)), network.encode_masks(masks.flatten(0, 1))
    x, e, w = (t.reshape(2, 3, *t.shape[1:]) for t in (code.x, e, w))
    z, weights = network.learn(x, e, w, steps=1), torch.tensor([[1.0, 0.5, 0.25], [0.25, 2.0, 0.0]])
    weighted = network.update(z, x, e, w, weights)
    scaled = torch.stack([torch.stack([w[b, t] * weights[b, t] for t in range(3)]) for b in range(2)])
    assert torch.equal(weighted, network.update(z, x, e, scaled))
    assert difference(weighted, network.update(z, x, e, w)) > 0.001
    alike = network.update(z, x, e, w, weights[0])
    assert torch.equal(alike[0], weighted[0])
    assert torch.equal(network.update(z, x, e, w, torch.ones(3)), network.update(z, x, e, w))
    for odd in (torch.ones(2), torch.ones(2, 3, 1), torch.ones(3, 2)):
        with pytest.raises(ValueError, match=r"must be \(2, 3\) or \(3,\)"):
            network.update(z, x, e, w, odd)


@torch.inference_mode()
def test_frames_of_no_weight_do_not_matter() -> None:
    network, (images, masks) = tiny(), clips(frames=3, given=3)
    code, (e, w) = network.encode(images[0]), network.encode_masks(masks[0])
    x, e, w = code.x[None], e[None], w[None]
    z, kept = network.learn(x, e, w, steps=1), [0, 2]
    without = network.update(z, x, e, w, torch.tensor([1.0, 0.0, 0.5]))
    short = network.update(z, x[:, kept], e[:, kept], w[:, kept], torch.tensor([1.0, 0.5]))
    assert difference(without, short) < 1e-4


@torch.inference_mode()
def test_the_mask_decides_what_is_segmented() -> None:
    network, (images, masks) = tiny(), clips(frames=2)
    ours, other = (network(images, m) for m in (masks, 1 - masks))
    assert difference(other, ours) > 0.01


@torch.inference_mode()
def test_one_target_model_segments_several_frames_of_several_sequences() -> None:
    network, (images, masks) = tiny(), clips(batch=2, frames=3)
    code = network.encode(images.flatten(0, 1))
    z = network.learn_from_masks(code[[0, 3]], masks)
    together = network.segment(code[[1, 2, 4, 5]], z, SIZE)
    for row, (frame, sequence) in enumerate([(1, 0), (2, 0), (4, 1), (5, 1)]):
        alone = network.segment(code[[frame]], z[sequence : sequence + 1], SIZE)
        assert difference(together[row], alone[0]) < 1e-4
    with pytest.raises(ValueError, match="3 frames cannot be those of 2 sequences"):
        network.segment(code[:3], z, SIZE)


# clips


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_a_clip_is_gone_through_as_a_tracker_goes(mode: str) -> None:
    network = tiny(train_first_steps=4, train_update_steps=1, first_steps=6, update_steps=2)
    images, masks = clips(batch=2, frames=4)
    first_steps, update_steps = (4, 1) if mode == "train" else (6, 2)
    expected = [track(network, i, m, first_steps, update_steps) for i, m in zip(images, masks, strict=True)]
    network.train(mode == "train")
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval()
    with torch.inference_mode():
        assert difference(network(images, masks), torch.stack(expected)) < 1e-4


@torch.inference_mode()
def test_several_frames_may_have_masks() -> None:
    network, (images, masks) = tiny(), clips(frames=4, given=2)
    code = network.encode(images[0])
    z = network.learn_from_masks(code[:2], masks)
    assert difference(network(images, masks)[:, 0], network.segment(code[2:3], z, SIZE)) < 1e-4


@torch.inference_mode()
def test_a_prediction_depends_on_the_past_alone() -> None:
    network, (images, masks) = tiny(), clips(frames=4)
    other = images.clone()
    other[:, 3] = 255 - other[:, 3]
    ours, theirs = network(images, masks), network(other, masks)
    assert torch.equal(ours[:, :2], theirs[:, :2])
    assert difference(theirs[:, 2], ours[:, 2]) > 0.01
    other[:, 1] = 255 - other[:, 1]  # what was predicted on frame 1 is learned from
    assert difference(network(other, masks)[:, 1], ours[:, 1]) > 1e-4


def test_predictions_are_learned_from_but_not_trained_through_the_memory() -> None:
    """What enters the memory has no history; the mask encoder that reads it is trained all the same."""
    network, (images, masks) = tiny(), clips(frames=3)
    logits = network(images, masks)
    seen: list[Tensor] = []
    network.mask_encoder.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    network(images, masks)
    assert [mask.requires_grad for mask in seen] == [False, False]
    logits[:, -1].sum().backward()
    assert network.mask_encoder.trunk.conv.weight.grad is not None


def test_training_reaches_every_parameter() -> None:
    network = lwl_small().train()
    network(*clips(2, 3)).square().mean().backward()
    assert not [name for name, p in network.named_parameters() if p.grad is None]


@pytest.mark.parametrize(
    ("images", "masks"),
    [((1, 2, 3, *SIZE), (1, 2, *SIZE)), ((2, 3, 3, *SIZE), (1, 1, *SIZE)), ((1, 2, 3, *SIZE), (1, 0, *SIZE))],
)
def test_clips_without_anything_to_learn_or_to_predict(
    images: tuple[int, ...], masks: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match="the first frames of every clip must have masks"):
        lwl_small()(torch.zeros(images), torch.zeros(masks))


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"images have shape \(2, 1, 64, 96\)"):
        lwl_small().encode(torch.zeros(2, 1, *SIZE))
    with pytest.raises(ValueError, match=r"masks have shape \(1, 1, 64, 96\)"):
        lwl_small().encode_masks(torch.zeros(1, 1, *SIZE))


# cached frames


def test_encoded_frames_are_cut_and_joined_like_lists() -> None:
    code = EncodedFrames((torch.rand(4, 2, 8, 8), torch.rand(4, 3, 4, 4)), torch.rand(4, 5, 4, 4))
    assert len(code) == 4
    joined = EncodedFrames.concatenate([code[:1], code[1:4]])
    again = EncodedFrames.from_tensors(joined.tensors())
    for ours, theirs in zip(again.tensors(), code.tensors(), strict=True):
        assert torch.equal(ours, theirs)
    assert torch.equal(code[[2, 0]].reduced[1], code.reduced[1][[2, 0]])


# files


def test_a_file_gives_the_network_it_was_written_from(tmp_path: Path) -> None:
    network, path = tiny(embedding_dim=8), tmp_path / "mine.safetensors"
    save_weights(path, network.state_dict(), "lwl", network.config.to_dict())
    loaded = load_lwl(path)
    assert loaded.config == network.config
    assert network_from_config(loaded.config.to_dict()).config == network.config
    with torch.inference_mode():
        images, masks = clips()
        assert torch.equal(loaded(images, masks), network(images, masks))


def test_a_name_takes_the_bundled_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = lwl_small()
    save_weights(tmp_path / "lwl_small.safetensors", network.state_dict(), "lwl", network.config.to_dict())
    monkeypatch.setattr(lwl_variants, "BUNDLED", tmp_path)
    assert torch.equal(load_lwl("lwl_small").decoder.output2.weight, network.decoder.output2.weight)
    with pytest.raises(InputError, match=r"lwl_resnet50.*without weights.*lwl_stage2\.pth"):
        load_lwl("lwl_resnet50")


def test_names_and_files_that_are_no_network(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lwl_smal.*known: lwl_resnet50, lwl_small.*did you mean"):
        load_lwl("lwl_smal")
    with pytest.raises(InputError, match=r"there is no file .*absent\.pth"):
        load_lwl(tmp_path / "absent.pth")
    (tmp_path / "video.mp4").touch()
    with pytest.raises(InputError, match=r"video\.mp4 is no file of weights"):
        load_lwl(tmp_path / "video.mp4")
    network, path = lwl_small(), tmp_path / "odd.safetensors"
    for name, config, message in [
        ("box2seg", network.config.to_dict(), 'network "box2seg", not of "lwl"'),
        ("lwl", {**network.config.to_dict(), "head_count": 8}, "head_count"),
        ("lwl", {**network.config.to_dict(), "feature_dim": 32}, "weights do not fit its config"),
    ]:
        save_weights(path, network.state_dict(), name, config)
        with pytest.raises(InputError, match=message):
            load_lwl(path)
