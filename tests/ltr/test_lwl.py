"""The authors' LWL network, their weights and their files: same numbers out, from the same numbers in.

``lwl_reference.npz`` holds what their implementation gave for weights and images that are drawn from seeds
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

from ltr.errors import InputError
from ltr.models.lwl import RESNET50, LWLNet, lwl_resnet50
from ltr.models.lwl_official import NAMES, load_official, official_config, official_state_dict
from ltr.models.lwl_variants import load_lwl
from ltr.models.normalisation import CAFFE2, IMAGENET

DATA = Path(__file__).parent.parent / "data"
TOLERANCE = 1e-4
SIZE = (96, 160)

KWDS = {
    "filter_size": 3,
    "num_filters": 16,
    "optim_iter": 5,
    "out_feature_dim": 512,
    "label_encoder_dims": (16, 32, 64),
    "use_bn_in_label_enc": False,
    "clf_feat_blocks": 0,
    "final_conv": True,
    "backbone_type": "mrcnn",
}


@pytest.fixture(scope="module")
def parameters(drawn_weights: Callable[[str, list[int]], Tensor]) -> dict[str, Tensor]:
    """A state dict under the authors' names."""
    shapes = json.loads((DATA / "lwl_keys.json").read_text())
    return {name: drawn_weights(name, shape) for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def network(parameters: dict[str, Tensor]) -> LWLNet:
    network = lwl_resnet50().eval()
    network.load_state_dict(official_state_dict(parameters, network))
    return network


@pytest.fixture(scope="module")
def outputs(network: LWLNet, seeded: Callable[[str], np.random.RandomState]) -> dict[str, np.ndarray]:
    """Everything that the reference holds, computed here: (frames, sequences, ...), but z (sequences, ...).

    Two frames with masks train z, the two after them are segmented with it.
    """
    images = torch.from_numpy(seeded("lwl_images").standard_normal((4, 3, *SIZE)).astype(np.float32))
    masks = torch.from_numpy(seeded("lwl_masks").standard_normal((2, *SIZE)) > 0.3)
    with torch.inference_mode():
        code = network.encode_maps(network.backbone(images))
        e, w = network.encode_masks(masks)
        z = network.learn_from_masks(code[:2], masks[None])
        logits = network.segment(code[2:], z, SIZE)
    result = {"masks": masks, "e": e, "w": w, "mask_logits": logits}
    return {name: t[:, None].numpy() for name, t in result.items()} | {"z_20iter": z.numpy()}


def relative_difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    assert ours.shape == theirs.shape
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


@pytest.mark.parametrize("name", ["e", "w", "z_20iter", "mask_logits"])
def test_equals_the_authors_implementation(name: str, outputs: dict[str, np.ndarray]) -> None:
    ours = outputs[name]
    if name == "mask_logits":
        ours = ours[..., ::2, ::2]
    if name == "z_20iter":
        ours = ours[:, :, ::8]
    assert relative_difference(ours, np.load(DATA / "lwl_reference.npz")[name]) < TOLERANCE


@pytest.mark.parametrize("name", ["e", "w", "z_20iter", "mask_logits"])
def test_equals_the_full_reference(name: str, outputs: dict[str, np.ndarray], shared_dir: Path) -> None:
    assert relative_difference(outputs[name], np.load(shared_dir / "reference" / "lwl.npz")[name]) < TOLERANCE


def test_the_masks_are_the_reference_s(outputs: dict[str, np.ndarray]) -> None:
    assert np.array_equal(outputs["masks"], np.load(DATA / "lwl_reference.npz")["masks"])


# names


def test_every_name_has_exactly_one_counterpart(parameters: dict[str, Tensor], network: LWLNet) -> None:
    counted = [name for name in parameters if not name.endswith("num_batches_tracked")]
    ours = [name for name in network.state_dict() if not name.endswith("num_batches_tracked")]
    assert len(counted) == len(ours)
    assert len(set(NAMES.values())) == len(NAMES)


def test_refuses_names_that_do_not_fit(parameters: dict[str, Tensor], network: LWLNet) -> None:
    with pytest.raises(InputError, match=r"bbox_encoder\.res1\.conv1\.weight.*no counterpart"):
        official_state_dict({**parameters, "bbox_encoder.res1.conv1.weight": torch.zeros(1)}, network)
    with pytest.raises(InputError, match=r"label_encoder\.samp_w_pred\.bias.*\(17,\).*\(16,\)"):
        official_state_dict({**parameters, "label_encoder.samp_w_pred.bias": torch.zeros(17)}, network)


# files


def test_loads_a_file_in_the_authors_format(
    parameters: dict[str, Tensor], network: LWLNet, tmp_path: Path, save_as_authors: Callable[..., None]
) -> None:
    path = tmp_path / "lwl_stage2.pth"
    save_as_authors(path, parameters, KWDS, "LWTLNet")
    loaded = load_lwl(path)
    assert not loaded.training
    assert loaded.config == RESNET50
    assert loaded.config.pixels == CAFFE2
    assert loaded.backbone.layer3[0].conv1.stride == (2, 2)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, loaded.state_dict()[name]), name


def test_names_the_file_that_holds_something_else(
    tmp_path: Path, save_as_authors: Callable[..., None]
) -> None:
    path = tmp_path / "sta.pth.tar"
    save_as_authors(path, {"bbox_encoder.unheard_of": torch.zeros(1)}, KWDS, "STANet")
    with pytest.raises(InputError, match=r"sta\.pth\.tar is no LWL network.*STANet.*bbox_encoder\.unheard"):
        load_official(path)
    torch.save({"epoch": 1}, path)
    with pytest.raises(InputError, match=r"sta\.pth\.tar has no state dict"):
        load_official(path)


def test_dims_come_from_the_constructor() -> None:
    assert official_config({}) == RESNET50
    assert official_config(KWDS) == RESNET50
    config = official_config(
        {"label_encoder_dims": [8, 16, 32], "num_filters": 8, "decoder_mdim": 32, "backbone_type": "imagenet"}
    )
    assert (config.encoder_dims, config.embedding_dim) == ((8, 16, 32), 8)
    assert config.decoder_dims == (32, 64, 64, 128)
    assert (config.backbone, config.pixels) == ("resnet50_3x3", IMAGENET)
    with pytest.raises(InputError, match=r"label_encoder_dims is .*must be 3 positive"):
        official_config({"label_encoder_dims": (16, 32, 64, 128)})
