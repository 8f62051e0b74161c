"""Starting a network from the parts that it shares with another one."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def copy_shared_parts(network: nn.Module, tensors: Mapping[str, Tensor]) -> list[str]:
    """Take over every parameter and buffer that another network has under the same name and in the same
    shape.

    Where the other's decoder takes more scores than ours, its last scores are taken for ours, and its layers
    are narrowed to fit (:func:`narrowed_transforms`).

    Args:
        network: changed in place.
        tensors: state dict of the other network, any floating dtype.

    Returns:
        Names in ``network`` that nothing was found for; they keep their values.
    """
    own = network.state_dict()
    tensors = {**tensors, **narrowed_transforms(tensors, own)}
    shared = {name: t for name, t in tensors.items() if name in own and t.shape == own[name].shape}
    network.load_state_dict(shared, strict=False)
    return [name for name in own if name not in shared]


def narrowed_transforms(theirs: Mapping[str, Tensor], ours: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The ``transform`` convolutions of a decoder with more scores, cut down to those of one with fewer.

    As inputs the reduced map and the last scores stay. Of each convolution's outputs those that matter most
    to the next one stay, by the product of the norms of the weights on both sides. While the scores left out
    are zero, the first convolution gives what it gave; all three do if the outputs left out are idle too.

    Args:
        theirs, ours: state dicts (see :class:`ltr.models.decoder.DecoderLayer` for the names).

    Returns:
        Parameters by their names, for the layers where theirs are wider.
    """
    result: dict[str, Tensor] = {}
    for name in ours:
        prefix, found, _ = name.partition("transform.0.weight")
        if not found or name not in theirs:
            continue
        first, second, last = (theirs[f"{prefix}transform.{i}.weight"].float() for i in (0, 2, 4))
        width = ours[name].shape[0]
        surplus = len(first) - width
        if surplus <= 0:
            continue
        inputs = torch.cat((torch.arange(len(last)), torch.arange(len(last) + surplus, first.shape[1])))
        middle, end = strongest_channels(first, second, width), strongest_channels(second, last, width)
        result |= {
            f"{prefix}transform.0.weight": first[middle][:, inputs],
            f"{prefix}transform.0.bias": theirs[f"{prefix}transform.0.bias"][middle],
            f"{prefix}transform.2.weight": second[end][:, middle],
            f"{prefix}transform.2.bias": theirs[f"{prefix}transform.2.bias"][end],
            f"{prefix}transform.4.weight": last[:, end],
        }
    return result


def strongest_channels(before: Tensor, after: Tensor, count: int) -> Tensor:
    """The ``count`` channels, in order, that weigh most between two convolutions' weights (O, I, K, K)."""
    strength = before.flatten(1).norm(dim=1) * after.transpose(0, 1).flatten(1).norm(dim=1)
    return strength.topk(count).indices.sort().values
