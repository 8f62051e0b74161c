"""Networks made ready to compute with, no more to be trained."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import TypeVar

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

Network = TypeVar("Network", bound=nn.Module)


def ready_for_inference(network: Network, device: torch.device, bfloat16: bool) -> Network:
    """A copy in eval mode on the device, its batch norms folded into its convolutions, and these laid out and
    stored as they will be computed.

    Args:
        network: stays as it is.
        device: where to compute.
        bfloat16: whether it will be called under autocast to bfloat16.
    """
    ready = copy.deepcopy(network).eval().requires_grad_(False).to(device)
    fold_batch_norms(ready)
    for module in ready.modules():
        if isinstance(module, nn.Conv2d):
            module.to(memory_format=torch.channels_last)
            if bfloat16:
                module.to(torch.bfloat16)  # autocast would do so at every call
    return ready


def fold_batch_norms(network: nn.Module) -> None:
    """Replace each convolution and its batch norm by one convolution that does the same, in place.

    A batch norm belongs to the convolution that its module lists right before it, as in all networks here.

    Args:
        network: in eval mode.
    """
    for parent in list(network.modules()):
        for (conv_name, conv), (norm_name, norm) in pairwise(list(parent.named_children())):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(parent, conv_name, fuse_conv_bn_eval(conv, norm))
                setattr(parent, norm_name, nn.Identity())
