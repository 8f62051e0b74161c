"""Files of weights and training states: what goes in comes out, and nothing but a whole file is read."""

import json
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ltr import checkpoint
from ltr.checkpoint import load_training, read_weights, save_training, save_weights, weights_digest
from ltr.errors import InputError

CONFIG = {"dims": (1, 2), "scale": 0.5, "name": "small", "pixels": {"colour": "rgb"}}


def state_dict() -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    return {
        "conv.weight": torch.randn(4, 3, 3, 3),
        "conv.bias": torch.randn(4),
        "norm.running_var": torch.tensor([1e-9, 1.0]),
        "norm.num_batches_tracked": torch.tensor(7),
        "view": torch.randn(6, 4).t(),
    }


def test_weights_come_back_with_their_facts(tmp_path: Path) -> None:
    path = tmp_path / "new" / "w.safetensors"
    save_weights(path, state_dict(), "box2seg", CONFIG, {"seed": "3", "settings_hash": "abc"})
    weights = read_weights(path)
    assert (weights.network, weights.extra) == ("box2seg", {"seed": "3", "settings_hash": "abc"})
    assert weights.config == {**CONFIG, "dims": [1, 2]}
    assert weights.tensors.keys() == state_dict().keys()
    for name, tensor in state_dict().items():
        assert weights.tensors[name].dtype == tensor.dtype
        assert torch.equal(weights.tensors[name], tensor)


def test_parameters_that_share_memory_are_saved(tmp_path: Path) -> None:
    tensor = torch.randn(3, 3, requires_grad=True)
    save_weights(tmp_path / "w.safetensors", {"a": tensor, "b": tensor[:2]}, "n", {})
    tensors = read_weights(tmp_path / "w.safetensors").tensors
    assert torch.equal(tensors["b"], tensors["a"][:2])


def test_half_precision_spares_vectors(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, state_dict(), "n", {}, dtype=torch.float16)
    tensors = read_weights(path).tensors
    assert tensors["conv.weight"].dtype == torch.float16
    torch.testing.assert_close(
        tensors["conv.weight"].float(), state_dict()["conv.weight"], rtol=1e-3, atol=1e-6
    )
    assert torch.equal(tensors["norm.running_var"], torch.tensor([1e-9, 1.0]))
    assert torch.equal(tensors["norm.num_batches_tracked"], torch.tensor(7))


@pytest.mark.parametrize(
    ("value", "dtype"), [(1e6, torch.float16), (float("nan"), None), (float("inf"), None)]
)
def test_weights_that_are_not_finite_are_not_saved(
    value: float, dtype: torch.dtype | None, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r'"conv\.weight" holds values that are not finite'):
        save_weights(
            tmp_path / "w.safetensors", {"conv.weight": torch.full((2, 2), value)}, "n", {}, dtype=dtype
        )
    assert not list(tmp_path.iterdir())


def test_extra_facts_cannot_replace_the_main_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='"config"'):
        save_weights(tmp_path / "w.safetensors", {}, "n", {}, {"config": "mine"})


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, state_dict(), "old", {})

    def fail(tensors: object, file: Path, metadata: object) -> None:
        file.write_bytes(b"half of the")
        raise OSError("disk full")

    monkeypatch.setattr(checkpoint.safetensors.torch, "save_file", fail)
    with pytest.raises(OSError, match="disk full"):
        save_weights(path, state_dict(), "new", {})
    assert read_weights(path).network == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_files_that_are_no_weights(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    with pytest.raises(InputError, match="there is no file"):
        read_weights(path)
    with pytest.raises(InputError, match="is a folder"):
        read_weights(tmp_path)
    path.write_bytes(b"GIF89a")
    with pytest.raises(InputError, match="is no safetensors file"):
        read_weights(path)
    save_file(state_dict() | {"view": torch.zeros(1)}, path)
    with pytest.raises(InputError, match="has no format, network, config in its metadata"):
        read_weights(path)
    for metadata, message in [
        ({"format": "ltr-weights-9", "network": "n", "config": "{}"}, "ltr-weights-9"),
        ({"format": checkpoint.FORMAT, "network": "n", "config": "{"}, "not valid JSON"),
        ({"format": checkpoint.FORMAT, "network": "n", "config": json.dumps([1])}, "is a list, not a table"),
    ]:
        save_file({"a": torch.zeros(1)}, path, metadata)
        with pytest.raises(InputError, match=message):
            read_weights(path)


def test_weights_that_are_not_finite_are_not_read(tmp_path: Path) -> None:
    """Every mask would be the stand-in."""
    metadata = {"format": checkpoint.FORMAT, "network": "n", "config": "{}"}
    save_file({"good": torch.zeros(2), "bad": torch.tensor([1.0, float("nan")])}, tmp_path / "w", metadata)
    with pytest.raises(InputError, match='"bad" holds values that are not finite'):
        read_weights(tmp_path / "w")


@pytest.mark.parametrize("config", ["[" * 100_000, '{"a": ' + "9" * 5000 + "}"], ids=["deep", "long number"])
def test_a_config_that_exhausts_the_reader(config: str, tmp_path: Path) -> None:
    metadata = {"format": checkpoint.FORMAT, "network": "n", "config": config}
    save_file({"a": torch.zeros(1)}, tmp_path / "w", metadata)
    with pytest.raises(InputError, match="not valid JSON"):
        read_weights(tmp_path / "w")


@pytest.mark.parametrize("kept", [0, 4, 100, 0.5, -1])
def test_weights_cut_short(kept: float, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, state_dict(), "n", CONFIG)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    with pytest.raises(InputError, match=r"w\.safetensors is no safetensors file, or is damaged"):
        read_weights(path)


def test_training_state_comes_back(tmp_path: Path) -> None:
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    model(torch.randn(4, 3)).sum().backward()
    optimizer.step()
    payload = {
        "step": 12,
        "settings": {"rate": 1e-3, "dims": (1, 2), "name": None, "flags": [True, b"raw"]},
        "model": OrderedDict(model.state_dict()),
        "optimizer": optimizer.state_dict(),
        "random": torch.get_rng_state(),
    }
    save_training(tmp_path / "latest.ckpt", payload)
    loaded = load_training(tmp_path / "latest.ckpt")
    assert (loaded["step"], loaded["settings"]) == (12, payload["settings"])
    assert torch.equal(loaded["model"]["weight"], model.weight)
    assert torch.equal(loaded["random"], payload["random"])
    torch.optim.Adam(model.parameters()).load_state_dict(loaded["optimizer"])
    assert [file.name for file in tmp_path.iterdir()] == ["latest.ckpt"]


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"a": {"b": [0, np.zeros(2)]}}, r"payload\['a'\]\['b'\]\[1\] is a ndarray"),
        ({"path": Path("x")}, "PosixPath"),
        ({"loss": np.float64(1)}, "float64"),
        ({"rows": {(1, 2): 3}}, "key"),
    ],
)
def test_training_state_of_plain_values_only(
    payload: dict[str, object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(TypeError, match=message):
        save_training(tmp_path / "latest.ckpt", payload)
    assert not list(tmp_path.iterdir())


class Custom:
    """Not among the plain values."""


def test_files_that_are_no_training_state(tmp_path: Path) -> None:
    path = tmp_path / "latest.ckpt"
    with pytest.raises(InputError, match="there is no file"):
        load_training(path)
    save_training(path, {"model": state_dict()})
    whole = path.read_bytes()
    for content in (b"", b"text", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"latest\.ckpt is no training state"):
            load_training(path)
    torch.save({"custom": Custom()}, path)
    with pytest.raises(InputError, match=r"latest\.ckpt is no training state"):
        load_training(path)
    torch.save([1, 2], path)
    with pytest.raises(InputError, match="it holds a list"):
        load_training(path)


def test_digest_tells_weights_apart() -> None:
    network = torch.nn.Linear(3, 2)
    digest = weights_digest(network)
    assert len(digest) == 64
    assert digest == weights_digest(network)
    assert digest != weights_digest(torch.nn.Sequential(network)), "other names"
    with torch.no_grad():
        network.bias += 1e-6
    assert digest != weights_digest(network)
