"""A batch in parts is the batch: its loss, its gradients, the statistics of its batch norms."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ltr.distributed import ALONE, Processes
from ltr.errors import InputError
from ltr.losses.segmentation import lovasz_loss
from ltr.shared_batch import check_micro_batch, check_share, compute_in_parts
from tests.ltr.process_group import joined, run_in_processes

CLIPS = 4


class Network(nn.Module):
    """(B, T, 3, H, W) and options -> {"logits": [(B, T, H, W)], "pooled": (B, T)}."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6, momentum=0.3), nn.ReLU())
        self.frozen = nn.BatchNorm2d(6)
        self.last = nn.Conv2d(6, 1, 3, padding=1)
        self.pooled = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5, momentum=None), nn.Linear(5, 1))
        self.sizes: list[int] = []

    def forward(self, images: Tensor, keep: Tensor | None = None, scale: float = 1.0) -> dict[str, Any]:
        self.sizes.append(len(images))
        maps = self.frozen(self.first(images.flatten(0, 1)))
        logits = scale * self.last(maps)[:, 0].unflatten(0, images.shape[:2])
        if keep is not None:
            logits = logits * keep.view(-1, 1, 1, 1)
        pooled = self.pooled(maps.mean((2, 3)))[:, 0].unflatten(0, images.shape[:2])
        return {"logits": [logits], "pooled": pooled}


def make_network() -> Network:
    torch.manual_seed(7)
    network = Network().train()
    network.frozen.running_mean.uniform_(-1, 1)  # type: ignore[union-attr, operator]
    network.frozen.eval()
    return network


def step(network: Network, processes: Processes = ALONE) -> dict[str, Tensor]:
    """The loss, gradients and buffers of one step. The clips differ much, and one has no foreground."""
    torch.manual_seed(8)
    images = torch.randn(CLIPS, 2, 3, 8, 8) * torch.arange(1, CLIPS + 1).view(-1, 1, 1, 1, 1)
    masks = (torch.rand(CLIPS, 2, 8, 8) < 0.3).byte()
    masks[1] = 0
    keep = torch.tensor([1.0, 0.0, 1.0, 1.0])
    found = network(images, scale=1.5, keep=keep)
    # Over all pixels at once, over all clips at once, and of a parameter itself.
    loss = lovasz_loss(found["logits"][0], masks) + found["pooled"].std() + network.last.weight.square().sum()
    loss.backward()
    processes.average_gradients(network)
    gradients = {
        f"gradient of {name}": p.grad for name, p in network.named_parameters() if p.grad is not None
    }
    return {"loss": loss.detach(), **gradients, **dict(network.named_buffers())}


def shared_step() -> dict[str, Tensor]:
    processes = joined()
    network = make_network()
    compute_in_parts(network, processes)
    outcome = step(network, processes)
    assert network.sizes == [CLIPS // processes.count]
    return outcome


@pytest.mark.parametrize("count", [2, 4])
def test_processes_that_share_a_batch_compute_what_one_does(count: int, tmp_path: Path) -> None:
    alone = step(make_network())
    assert alone["first.1.running_var"].max() > 1.2  # it has learnt from the clips
    endings = run_in_processes(count, tmp_path, shared_step)
    for ending in endings:
        assert ending.result.keys() == alone.keys()
        for name, value in alone.items():
            torch.testing.assert_close(ending.result[name], value, rtol=2e-5, atol=2e-6, msg=name)
            if "gradient" in name:
                assert torch.equal(ending.result[name], endings[0].result[name]), name


@pytest.mark.parametrize("size", [1, 3])
def test_a_batch_computed_some_clips_at_a_time(size: int) -> None:
    """Each part is computed for the loss and once more for its gradients."""
    plain, parts = make_network().eval(), make_network().eval()
    compute_in_parts(parts, ALONE, size)
    expected, found = step(plain), step(parts)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=2e-5, atol=2e-6, msg=name)
    sizes = [1] * 4 if size == 1 else [3, 1]
    assert parts.sizes == sizes + sizes[::-1]


def test_little_is_kept_of_clips_computed_in_parts() -> None:
    kept = []
    for size in (None, 1):
        network = make_network().eval()
        compute_in_parts(network, ALONE, size)
        total = 0

        def pack(tensor: Tensor) -> Tensor:
            nonlocal total
            total += tensor.numel()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            network(torch.randn(CLIPS, 2, 3, 16, 16))
        kept.append(total)
    assert kept[1] < 0.2 * kept[0]


def test_alone_and_whole_nothing_is_changed() -> None:
    network = make_network()
    before = copy.copy(network.__dict__)
    compute_in_parts(network, ALONE)
    assert network.__dict__ == before


def test_a_call_that_cannot_be_shared_is_refused() -> None:
    network = make_network()
    compute_in_parts(network, Processes(1, 3))
    with pytest.raises(ValueError, match=r"of \[4\] clips: must be as many in all, and a multiple of 3"):
        network(torch.zeros(4, 2, 3, 8, 8))
    with pytest.raises(ValueError, match=r"of \[1, 3\] clips"):
        network(torch.zeros(3, 2, 3, 8, 8), torch.zeros(1))


def test_processes_must_divide_every_batch() -> None:
    check_share("a/b", [24, 8], Processes(0, 4))
    with pytest.raises(
        InputError, match=r"a/b has batches of 24 and 8 clips, which 3 processes .* start 1 or 2 or"
    ):
        check_share("a/b", [24, 8], Processes(0, 3))


def test_batch_norms_that_learn_take_no_parts() -> None:
    network = make_network()
    check_micro_batch("a/b", network, 4, None)
    check_micro_batch("a/b", network, 4, 4)
    check_micro_batch("a/b", network.eval(), 4, 2)
    with pytest.raises(InputError, match=r"--micro-batch is 2, but a/b trains batch norms.* 4 clips at once"):
        check_micro_batch("a/b", network.train(), 4, 2)
