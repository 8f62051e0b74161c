"""A network made ready for inference computes what it computed before."""

import pytest
import torch
from torch import nn

from ltr.models.backbone import SmallResNet
from ltr.models.decoder import RefineBlock
from ltr.models.inference import fold_batch_norms, ready_for_inference
from ltr.models.mask_encoder import EmbeddingHead

NETWORKS = {
    "backbone": lambda: SmallResNet(dims=(4, 6, 8, 10), stem=4),
    "refine block": lambda: RefineBlock(3),
    "head": lambda: EmbeddingHead(3, 5, batch_norm=True),
    "head without norm": lambda: EmbeddingHead(3, 5, batch_norm=False),
}


def make_network(name: str) -> nn.Module:
    """With running statistics and affine parameters as training leaves them."""
    torch.manual_seed(0)
    network = NETWORKS[name]()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.running_mean, module.weight, module.bias):
                assert tensor is not None
                nn.init.normal_(tensor)
            assert module.running_var is not None
            nn.init.uniform_(module.running_var, 0.5, 2)
    return network


def outputs(network: nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    with torch.inference_mode():
        found = network(x)
    return list(found.values()) if isinstance(found, dict) else [found]


@pytest.mark.parametrize("name", list(NETWORKS))
def test_batch_norms_become_part_of_convolutions(name: str) -> None:
    network = make_network(name).double().eval()
    x = torch.randn(2, 3, 64, 32, dtype=torch.float64)
    before = outputs(network, x)
    fold_batch_norms(network)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    for a, b in zip(outputs(network, x), before, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("bfloat16", [False, True])
def test_the_network_given_stays_as_it_is(bfloat16: bool) -> None:
    network = make_network("backbone").train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    ready = ready_for_inference(network, torch.device("cpu"), bfloat16)
    assert network.training and not ready.training
    assert not any(parameter.requires_grad for parameter in ready.parameters())
    dtypes = {module.weight.dtype for module in ready.modules() if isinstance(module, nn.Conv2d)}
    assert dtypes == {torch.bfloat16 if bfloat16 else torch.float32}
    for name, tensor in network.state_dict().items():
        assert tensor.dtype == before[name].dtype and torch.equal(tensor, before[name])


def test_ready_networks_compute_the_same() -> None:
    network = make_network("backbone").eval()
    x = torch.randn(2, 3, 64, 32)
    for a, b in zip(
        outputs(ready_for_inference(network, torch.device("cpu"), False), x), outputs(network, x), strict=True
    ):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)
