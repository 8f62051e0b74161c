"""Networks by name or by file."""

from pathlib import Path

import pytest
import torch

from box2seg_plugin import variants
from box2seg_plugin.network import Box2SegNet, box2seg_small
from box2seg_plugin.variants import load_network
from ltr.checkpoint import save_weights, weights_digest
from ltr.errors import InputError


def save(path: Path, network: Box2SegNet, dtype: torch.dtype | None = None) -> Path:
    save_weights(path, network.state_dict(), "box2seg", network.config.to_dict(), dtype=dtype)
    return path


def test_a_file_gives_the_network_it_was_written_from(tmp_path: Path) -> None:
    network = box2seg_small(refinements=0, embedding_dim=8).eval()
    loaded = load_network(save(tmp_path / "mine.safetensors", network))
    assert loaded.config == network.config
    assert not loaded.training
    images, boxes = torch.rand(1, 2, 3, 64, 64) * 255, torch.tensor([[[10.0, 10, 40, 30]] * 2])
    with torch.inference_mode():
        assert torch.equal(loaded(images, boxes)[0], network(images, boxes)[0])


def test_half_precision_on_disk_is_single_precision_in_memory(tmp_path: Path) -> None:
    loaded = load_network(save(tmp_path / "half.safetensors", box2seg_small(), torch.float16))
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}


def test_small_is_at_most_16_megabytes_on_disk(tmp_path: Path) -> None:
    path = save(tmp_path / "small.safetensors", box2seg_small(), torch.float16)
    assert path.stat().st_size <= 16_000_000


def test_a_name_takes_the_bundled_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = box2seg_small()
    save(tmp_path / "box2seg_small.safetensors", network)
    monkeypatch.setattr(variants, "BUNDLED", tmp_path)
    assert weights_digest(load_network("box2seg_small")) == weights_digest(network)
    with pytest.raises(InputError, match=r"box2seg_resnet50.*without weights.*sta\.pth\.tar"):
        load_network("box2seg_resnet50")


def test_unknown_names_list_the_known() -> None:
    with pytest.raises(
        InputError, match=r"box2seg_smal.*known: box2seg_resnet50, box2seg_small.*did you mean"
    ):
        load_network("box2seg_smal")


@pytest.mark.parametrize("name", ["absent.safetensors", "absent.pth", "absent.pth.tar"])
def test_absent_files_are_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"there is no file .*{name}"):
        load_network(tmp_path / name)


def test_other_files_are_no_weights(tmp_path: Path) -> None:
    (tmp_path / "video.mp4").touch()
    with pytest.raises(InputError, match=r"video\.mp4 is no file of weights"):
        load_network(tmp_path / "video.mp4")


def test_refuses_configs_and_weights_of_something_else(tmp_path: Path) -> None:
    network, path = box2seg_small(), tmp_path / "odd.safetensors"
    weights, config = network.state_dict(), network.config.to_dict()
    save_weights(path, weights, "lwl", config)
    with pytest.raises(InputError, match='network "lwl", not of "box2seg"'):
        load_network(path)
    for odd, message in [
        ({**config, "head_count": 8}, "head_count"),
        ({**config, "backbone": "vgg"}, "vgg"),
        ({**config, "pixels": {"mean": [0.0, 0.0, 0.0]}}, "std"),
        ({**config, "pixels": 3}, "config is not one of this version"),
        ({key: value for key, value in config.items() if key != "pixels"}, "pixels"),
    ]:
        save_weights(path, weights, "box2seg", odd)
        with pytest.raises(InputError, match=message):
            load_network(path)
    save_weights(path, weights, "box2seg", {**config, "feature_dim": 32})
    with pytest.raises(InputError, match="weights do not fit its config"):
        load_network(path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("feature_dim", 10**9),
        ("feature_dim", 0),
        ("feature_dim", -1),
        ("feature_dim", True),
        ("decoder_dims", [10**6] * 4),
        ("decoder_dims", [16]),
        ("encoder_dims", ["a"] * 4),
        ("input_size", [100_000, 100_000]),
        ("input_size", [65, 64]),
        ("input_size", "ab"),
        ("test_steps", 10**12),
        ("refinements", 10**9),
        ("crop_scale", float("nan")),
        ("crop_scale", 0),
        ("crop_cover", 1e300),
        ("pixels", {"mean": [0.0], "std": [1.0, 1.0, 1.0]}),
        ("pixels", {"mean": [0.0, 0.0, 0.0], "std": [0.0, 1.0, 1.0]}),
        ("feature_layers", []),
        ("feature_layers", ["layer9"]),
        ("encoder_strides", [7, 7]),
        ("antialias_box", "maybe"),
        ("variant", None),
    ],
)
def test_refuses_configs_that_no_network_has(field: str, value: object, tmp_path: Path) -> None:
    """Before anything of that size is made, and not in the middle of a video."""
    network, path = box2seg_small(input_size=(64, 64)), tmp_path / "odd.safetensors"
    save_weights(path, network.state_dict(), "box2seg", {**network.config.to_dict(), field: value})
    with pytest.raises(InputError, match=r"odd\.safetensors: its config is not one of this version"):
        load_network(path)
