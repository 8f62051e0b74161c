"""The authors' network, their weights and their files: same numbers out, from the same numbers in.

``sta_reference.npz`` holds what their implementation gave for weights and images that are drawn from seeds
(``drawn_weights`` in conftest.py); of the large arrays every second pixel and every eighth channel. The full
arrays are compared where the reference folder is at hand.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from box2seg_plugin.network import RESNET50, Box2SegNet, FrameCode, box2seg_resnet50
from box2seg_plugin.official import IGNORED, NAMES, load_official, official_config, official_state_dict
from ltr.errors import InputError
from ltr.models.few_shot import FilterLearner
from ltr.models.normalisation import CAFFE2, IMAGENET

DATA = Path(__file__).parent.parent / "data"
TOLERANCE = 1e-4
SIZE = (96, 160)


Seeded = Callable[[str], np.random.RandomState]
DrawnWeights = Callable[[str, list[int]], Tensor]


@pytest.fixture(scope="module")
def parameters(drawn_weights: DrawnWeights) -> dict[str, Tensor]:
    """A state dict under the authors' names."""
    shapes = json.loads((DATA / "sta_keys.json").read_text())
    return {name: drawn_weights(name, shape) for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def network(parameters: dict[str, Tensor]) -> Box2SegNet:
    network = box2seg_resnet50().eval()
    network.load_state_dict(official_state_dict(parameters, network))
    return network


def by_frame(windows: Tensor) -> np.ndarray:
    """(sequences, frames, ...) -> the reference's (frames, sequences, ...)."""
    return windows.transpose(0, 1).numpy()


@pytest.fixture(scope="module")
def outputs(network: Box2SegNet, seeded: Seeded) -> dict[str, np.ndarray]:
    """Everything that the reference holds, computed here."""
    images = seeded("images").standard_normal((3, 2, 3, *SIZE)).astype(np.float32)
    boxes = np.load(DATA / "sta_reference.npz")["boxes"]
    flat_images, flat_boxes = (torch.from_numpy(a).transpose(0, 1).flatten(0, 1) for a in (images, boxes))
    with torch.inference_mode():
        code = network.encode_maps(network.backbone(flat_images), flat_boxes, SIZE)
        return outputs_of(network, code)


def outputs_of(network: Box2SegNet, code: FrameCode) -> dict[str, np.ndarray]:
    def windows(tensor: Tensor | None) -> Tensor:
        assert tensor is not None
        return tensor.unflatten(0, (2, 3))

    x, e, w = windows(code.x), windows(code.e), windows(code.w)
    first, final = network.decode_window(code, 3, SIZE, steps=5, refinements=1)
    e_hat, w_hat = network.encode_mask(first.flatten(0, 1))
    result = {"m": by_frame(windows(code.m)), "e": by_frame(e), "w": by_frame(w)}
    result |= {"mask_logits_first": by_frame(first), "mask_logits_final": by_frame(final)}
    result |= {"e_hat": by_frame(windows(e_hat)), "w_hat": by_frame(windows(w_hat))}
    for steps in (5, 15):
        result[f"z_{steps}iter"] = network.aggregate(x, e, w, steps).numpy()
        result[f"loss_{steps}iter"] = losses_of_descent(network.aggregation, x, e, w, steps)
    return result


def losses_of_descent(learner: FilterLearner, x: Tensor, e: Tensor, w: Tensor, steps: int) -> np.ndarray:
    z = learner(x, e, w, 0)
    losses = [learner.loss(x, e, w, z)]
    for _ in range(steps):
        z = learner(x, e, w, 1, start=z)
        losses.append(learner.loss(x, e, w, z))
    return torch.stack(losses).numpy()


COMPARED = [
    *("m", "e", "w", "e_hat", "w_hat"),
    *("z_5iter", "z_15iter", "loss_5iter", "loss_15iter"),
    *("mask_logits_first", "mask_logits_final"),
]


def relative_difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    assert ours.shape == theirs.shape
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


@pytest.mark.parametrize("name", COMPARED)
def test_equals_the_authors_implementation(name: str, outputs: dict[str, np.ndarray]) -> None:
    ours = outputs[name]
    if name.startswith("mask_logits"):
        ours = ours[..., ::2, ::2]
    if name.startswith("z_"):
        ours = ours[:, :, ::8]
    assert relative_difference(ours, np.load(DATA / "sta_reference.npz")[name]) < TOLERANCE


@pytest.mark.parametrize("name", COMPARED)
def test_equals_the_full_reference(name: str, outputs: dict[str, np.ndarray], shared_dir: Path) -> None:
    assert relative_difference(outputs[name], np.load(shared_dir / "reference" / "sta.npz")[name]) < TOLERANCE


# names


def test_every_name_has_exactly_one_counterpart(parameters: dict[str, Tensor], network: Box2SegNet) -> None:
    used = {name for name in parameters if not name.startswith(IGNORED)}
    assert used == set(parameters) - {"label_encoder.samp_w_pred.weight", "label_encoder.samp_w_pred.bias"}
    counted = [name for name in used if not name.endswith("num_batches_tracked")]
    ours = [name for name in network.state_dict() if not name.endswith("num_batches_tracked")]
    assert len(counted) == len(ours)
    assert len(set(NAMES.values())) == len(NAMES)


def test_files_of_old_torch_lack_the_counters(parameters: dict[str, Tensor], network: Box2SegNet) -> None:
    old = {name: tensor for name, tensor in parameters.items() if not name.endswith("num_batches_tracked")}
    network.load_state_dict(official_state_dict(old, network))


def test_refuses_names_that_do_not_fit(parameters: dict[str, Tensor], network: Box2SegNet) -> None:
    with pytest.raises(InputError, match=r"bbox_encoder\.res4\.weight"):
        official_state_dict({**parameters, "bbox_encoder.res4.weight": torch.zeros(1)}, network)
    with pytest.raises(InputError, match=r"decoder\.proj\.layer4\.0\.bias"):
        official_state_dict({**parameters, "decoder.proj.layer4.0.bias": torch.zeros(1)}, network)
    with pytest.raises(InputError, match=r"1 parameters are missing.*decoder\.output2\.bias"):
        official_state_dict(
            {n: t for n, t in parameters.items() if n != "decoder.project.conv2.bias"}, network
        )
    with pytest.raises(InputError, match=r"segm_encoder\.samp_w_pred\.bias.*\(17,\).*\(16,\)"):
        official_state_dict({**parameters, "segm_encoder.samp_w_pred.bias": torch.zeros(17)}, network)
    with pytest.raises(InputError, match="is a str, not a tensor"):
        official_state_dict({**parameters, "segm_encoder.samp_w_pred.bias": "zero"}, network)  # type: ignore[dict-item]


# files


KWDS = {
    "filter_size": 3,
    "num_filters": 16,
    "optim_iter": 5,
    "out_feature_dim": 512,
    "label_encoder_dims": (16, 32, 64, 128),
    "backbone_type": "mrcnn",
    "frozen_backbone_layers": "all",
}


def test_loads_a_file_in_the_authors_format(
    parameters: dict[str, Tensor], network: Box2SegNet, tmp_path: Path, save_as_authors: Callable[..., None]
) -> None:
    path = tmp_path / "sta.pth.tar"
    save_as_authors(path, parameters, KWDS, "STANet")
    loaded = load_official(path)
    assert not loaded.training
    assert loaded.config == RESNET50
    assert loaded.config.pixels == CAFFE2
    assert loaded.backbone.layer3[0].conv1.stride == (2, 2)
    assert loaded.backbone.layer3[0].conv2.stride == (1, 1)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, loaded.state_dict()[name]), name


def test_names_the_file_that_holds_something_else(
    tmp_path: Path, save_as_authors: Callable[..., None]
) -> None:
    path = tmp_path / "lwl.pth.tar"
    torch.save({"epoch": 1}, path)
    with pytest.raises(InputError, match=r"lwl\.pth\.tar has no state dict"):
        load_official(path)
    save_as_authors(path, {"decoder.unheard_of": torch.zeros(1)}, KWDS, "STANet")
    with pytest.raises(InputError, match=r"lwl\.pth\.tar is no Box2Seg network.*STANet.*decoder\.unheard_of"):
        load_official(path)


def test_dims_come_from_the_constructor() -> None:
    assert official_config({}) == RESNET50
    assert official_config(KWDS) == RESNET50
    config = official_config(
        {
            "label_encoder_dims": [8, 16, 32, 64],
            "out_feature_dim": 256,
            "num_filters": 8,
            "decoder_mdim": 32,
            "backbone_type": "imagenet",
        }
    )
    assert config.encoder_dims == (8, 16, 32, 64)
    assert (config.feature_dim, config.embedding_dim) == (256, 8)
    assert config.decoder_dims == (32, 64, 64, 128)
    assert (config.backbone, config.pixels) == ("resnet50_3x3", IMAGENET)


@pytest.mark.parametrize(
    ("kwds", "message"),
    [
        ({"label_encoder_dims": (16, 32, 64)}, "label_encoder_dims"),
        ({"label_encoder_dims": (16, 32, 64, "128")}, "label_encoder_dims"),
        ({"num_filters": 0}, "num_filters is 0"),
        ({"out_feature_dim": 10**9}, "out_feature_dim"),
        ({"filter_size": 1}, "filter_size is 1: must be 3"),
        ({"backbone_type": "vgg"}, "backbone_type is 'vgg': must be one of mrcnn, imagenet"),
    ],
)
def test_refuses_dims_that_this_network_cannot_have(kwds: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        official_config(kwds)
