"""Starting a network from another one's parts."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from ltr.checkpoint import save_weights
from ltr.environment import Environment
from ltr.errors import InputError
from ltr.models.decoder import Decoder
from ltr.models.lwl import LWLNet, lwl_small
from ltr.models.warm_start import copy_shared_parts
from ltr.registry import Registry
from ltr.train_settings import starting_weights
from ltr.train_settings.starting_weights import start_backbone, start_from, weights_of_run

IN_DIMS, DIMS, SIZE = (4, 6, 8, 10), (8, 8, 12, 16), (64, 96)


def lively_decoder(score_dim: int) -> Decoder:
    decoder = Decoder(IN_DIMS, DIMS, score_dim).eval()
    for parameter in decoder.parameters():
        nn.init.normal_(parameter, std=0.2)
    return decoder


def test_takes_what_has_the_same_name_and_shape_and_tells_the_rest() -> None:
    ours = nn.ModuleDict({"a": nn.Linear(2, 3), "b": nn.Linear(2, 3), "c": nn.BatchNorm1d(3)})
    theirs = nn.ModuleDict({"a": nn.Linear(2, 3), "b": nn.Linear(2, 4), "c": nn.BatchNorm1d(3)})
    theirs["c"](torch.randn(8, 3))
    before = ours["b"].weight.clone()
    missing = copy_shared_parts(ours, {name: t.double() for name, t in theirs.state_dict().items()})
    assert missing == ["b.weight", "b.bias"]
    assert torch.equal(ours["a"].weight, theirs["a"].weight)
    assert torch.equal(ours["c"].running_mean, theirs["c"].running_mean)
    assert torch.equal(ours["b"].weight, before)


def idle_outputs(conv: nn.Conv2d, channels: list[int]) -> None:
    with torch.no_grad():
        conv.weight[channels] = 0
        conv.bias[channels] = -1  # type: ignore[index]


def test_a_decoder_of_fewer_scores_does_what_the_other_does_without_the_rest() -> None:
    wide, narrow = lively_decoder(score_dim=5), lively_decoder(score_dim=2)
    for layer in wide.layers:
        idle_outputs(layer.transform[0], [0, 4, 9])  # type: ignore[index]
        idle_outputs(layer.transform[2], [1, 2, 8])  # type: ignore[index]
    assert not copy_shared_parts(narrow, wide.state_dict())
    maps = [
        torch.randn(2, d, *(side // s for side in SIZE)) for d, s in zip(IN_DIMS, (4, 8, 16, 32), strict=True)
    ]
    scores = torch.randn(2, 2, 4, 6)
    padded = torch.cat((torch.zeros(2, 3, 4, 6), scores), dim=1)
    with torch.inference_mode():
        expected = wide(wide.reduce(maps), padded, SIZE)
        torch.testing.assert_close(narrow(narrow.reduce(maps), scores, SIZE), expected)


def test_a_decoder_of_more_scores_takes_no_transforms() -> None:
    wide, narrow = lively_decoder(score_dim=5), lively_decoder(score_dim=2)
    missing = copy_shared_parts(wide, narrow.state_dict())
    assert {name.split(".")[2] for name in missing} == {"transform"}


# from files


def saved(path: Path, network: nn.Module, name: str) -> Path:
    save_weights(path, network.state_dict(), name, {})
    return path


def test_the_same_network_starts_whole(tmp_path: Path) -> None:
    theirs, ours = lwl_small(), lwl_small()
    line = start_from(ours, "lwl", saved(tmp_path / "w.safetensors", theirs, "lwl"))
    assert line.endswith(
        f"w.safetensors: {len(ours.state_dict())} of {len(ours.state_dict())} parameters and statistics"
    )
    for name, tensor in theirs.state_dict().items():
        assert torch.equal(tensor, ours.state_dict()[name]), name


class Relative(LWLNet):
    """Another network with the same backbone and no learner."""

    def state_dict(self, *args: object, **kwargs: object) -> dict[str, Tensor]:  # type: ignore[override]
        full = super().state_dict(*args, **kwargs)  # type: ignore[arg-type]
        return {name: t for name, t in full.items() if not name.startswith("learner.")}


def test_another_network_gives_its_parts(tmp_path: Path) -> None:
    relative, ours = Relative(lwl_small().config), lwl_small()
    line = start_from(ours, "lwl", saved(tmp_path / "w.safetensors", relative, "other"))
    assert line.endswith("; new: learner")
    assert torch.equal(ours.backbone.layer1[0].conv1.weight, relative.backbone.layer1[0].conv1.weight)


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    narrow = lwl_small(decoder_dims=(16, 32, 64, 96))
    with pytest.raises(InputError, match=r"w\.safetensors does not fit the lwl network.*decoder\.layers"):
        start_from(lwl_small(), "lwl", saved(tmp_path / "w.safetensors", narrow, "lwl"))
    with pytest.raises(InputError, match="does not fit"):
        start_from(lwl_small(), "lwl", saved(tmp_path / "w.safetensors", nn.Linear(2, 2), "other"))


def test_a_backbone_alone_is_taken_whole_or_refused(tmp_path: Path) -> None:
    theirs, ours = lwl_small(), lwl_small()
    kept = {name: tensor.clone() for name, tensor in ours.decoder.state_dict().items()}
    before = next(ours.backbone.parameters()).clone()
    line = start_backbone(ours, saved(tmp_path / "w.safetensors", theirs, "other"))
    assert line.endswith("w.safetensors")
    assert not torch.equal(next(ours.backbone.parameters()), before)
    for name, tensor in theirs.backbone.state_dict().items():
        assert torch.equal(tensor, ours.backbone.state_dict()[name]), name
    for name, tensor in ours.decoder.state_dict().items():
        assert torch.equal(tensor, kept[name]), name
    with pytest.raises(
        InputError, match=r"the backbone in .*w\.safetensors does not fit: .* among them backbone"
    ):
        start_backbone(ours, saved(tmp_path / "w.safetensors", nn.Linear(2, 2), "other"))


def test_weights_of_a_run_are_its_own_or_else_bundled_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: Registry[Path] = Registry("weights of the run")
    monkeypatch.setattr(starting_weights, "BUNDLED_RUNS", runs)
    places = Environment({"workspace": (tmp_path, "a test")})
    bundled = runs.register("box2seg/small", tmp_path / "bundled.safetensors")
    with pytest.raises(InputError, match=r"lwl/small starts from .*box2seg small` first"):
        weights_of_run("box2seg/small", "lwl/small", places)
    bundled.touch()
    assert weights_of_run("box2seg/small", "lwl/small", places) == bundled
    own = tmp_path / "box2seg" / "small" / "weights.safetensors"
    own.parent.mkdir(parents=True)
    own.touch()
    assert weights_of_run("box2seg/small", "lwl/small", places) == own
