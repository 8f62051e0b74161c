"""Networks made ready to compute with, no more to be trained."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def ready_for_inference(network: Network, device: torch.device, bfloat16: bool) -> Network:
    """A copy in eval mode on the device, its convolutions laid out and stored as they will be computed.

    Args:
        network: stays as it is.
        device: where to compute.
        bfloat16: whether it will be called under autocast to bfloat16.
    """
    ready = copy.deepcopy(network).eval().requires_grad_(False).to(device)
    for module in ready.modules():
        if isinstance(module, nn.Conv2d):
            module.to(memory_format=torch.channels_last)
            if bfloat16:
                module.to(torch.bfloat16)  # autocast would do so at every call
    return ready
