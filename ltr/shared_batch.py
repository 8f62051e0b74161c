"""A batch computed in parts, with the outcome of computing it as a whole.

A network's clips do not know of each other, so each process computes a share of them, and a share some clips
at a time where memory is short. What does depend on the whole batch is given the whole of it:

* The loss. A call of the network returns the logits of all clips in every process, gathered from all of them.
  So a loss over the batch's pixels at once (Lovasz) is that, whoever computed them.
* Batch norms in training mode. Their mean and variance are those of all processes' maps.

Every process thus has the same loss L. Through what was gathered flow the gradients of the sum of all N
processes' losses, N * L, and their mean over the processes is the gradient of L. This holds as well for what
a loss does with parameters or batch norms outside of that call, where every process does the same.

A network that draws random numbers itself (dropout) draws the same in every process, for other clips.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ltr.data.clip_processing import Sample
from ltr.distributed import Processes
from ltr.errors import InputError

BatchNorm = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d


def gather_batch(share: Sample, processes: Processes) -> Sample:
    """The whole batch from every process's share of it."""
    if processes.count == 1:
        return share
    return Sample(*(processes.gather(tensor) for tensor in (share.images, share.masks, share.boxes)))


def compute_in_parts(model: nn.Module, processes: Processes, micro_batch: int | None = None) -> None:
    """Change a model so that a call of it computes this process's share of the clips and returns all clips'.

    Args:
        model: called with tensors (B, ...) and other values; returns tensors (B, ...), also in lists, tuples
            or dicts.
        processes: who shares the clips; they must divide B.
        micro_batch: compute so many clips at a time, and each time a second time for its gradients
            (:mod:`torch.utils.checkpoint`), so that no more than theirs is in memory; None is all at once.
    """
    if processes.count == 1 and micro_batch is None:
        return
    parts = _Parts(model.forward, processes, micro_batch)
    model.forward = parts.compute
    if processes.count > 1:
        for module in model.modules():
            if isinstance(module, BatchNorm):
                norm = partial(parts.normalise, module, module.forward)
                module.forward = norm  # type: ignore[method-assign]


class _Parts:
    """The calls of a model whose clips are computed in parts; see :func:`compute_in_parts`."""

    def __init__(self, forward: Callable[..., Any], processes: Processes, micro_batch: int | None) -> None:
        self.forward, self.processes, self.micro_batch = forward, processes, micro_batch
        self.computing = False

    def compute(self, *args: Any, **kwargs: Any) -> Any:
        """The output of ``forward`` for all clips."""
        share = _share([*args, *kwargs.values()], self.processes.count)
        begin = self.processes.rank * share
        size = min(self.micro_batch or share, share)
        outputs = []
        self.computing = True
        try:
            for first in range(begin, begin + share, size):
                part = slice(first, min(first + size, begin + share))
                arguments, named = _map((args, kwargs), itemgetter(part))
                if size < share:
                    outputs.append(checkpoint(self.forward, *arguments, use_reentrant=False, **named))
                else:
                    outputs.append(self.forward(*arguments, **named))
        finally:
            self.computing = False
        return _map(_concatenate(outputs), self.processes.gather)

    def normalise(self, norm: BatchNorm, alone: Callable[[Tensor], Tensor], maps: Tensor) -> Tensor:
        """A batch norm of maps (N, C, ...). In training mode its statistics are those of all processes' maps,
        of which each has as many; their variance is the mean of the variances and the variance of the means.
        """
        if not (norm.training and self.computing):
            return alone(maps)
        values = maps.float()
        variance, mean = torch.var_mean(values, [0, *range(2, maps.ndim)], correction=0)
        every = self.processes.gather(torch.stack([mean, variance])[None])
        mean = every[:, 0].mean(0)
        variance = every[:, 1].mean(0) + every[:, 0].var(0, correction=0)
        _update_statistics(norm, mean, variance, self.processes.count * maps.numel() // maps.shape[1])
        shape = [1, -1] + [1] * (maps.ndim - 2)
        values = (values - mean.view(shape)) * torch.rsqrt(variance + norm.eps).view(shape)
        if norm.affine:
            values = values * norm.weight.view(shape) + norm.bias.view(shape)
        return values.to(maps.dtype)


@torch.no_grad()
def _update_statistics(norm: BatchNorm, mean: Tensor, variance: Tensor, count: int) -> None:
    """Take mean and variance (C,) of ``count`` values a channel into the running ones, as batch norms do."""
    if norm.running_mean is None or norm.running_var is None or norm.num_batches_tracked is None:
        return
    norm.num_batches_tracked += 1
    momentum = 1 / float(norm.num_batches_tracked) if norm.momentum is None else norm.momentum
    norm.running_mean.lerp_(mean, momentum)
    norm.running_var.lerp_(variance * count / max(1, count - 1), momentum)


def check_share(name: str, sizes: Sequence[int], processes: Processes) -> None:
    """See that batches can be shared. InputError: a process would have more clips than another.

    Args:
        name: of the settings, for the message.
        sizes: clips of each kind of batch.
        processes: who shares them.
    """
    if any(size % processes.count for size in sizes):
        common = math.gcd(*sizes)
        numbers = [str(count) for count in range(1, common + 1) if common % count == 0]
        kinds = " and ".join(str(size) for size in dict.fromkeys(sizes))
        raise InputError(
            f"{name} has batches of {kinds} clips, which {processes.count} processes cannot share evenly: "
            f"start {' or '.join(numbers)} (--nproc_per_node times --nnodes)"
        )


def check_micro_batch(name: str, model: nn.Module, share: int, micro_batch: int | None) -> None:
    """See that a process's share can be computed in parts. InputError: batch norms need it whole.

    Args:
        name: of the settings, for the message.
        model: in the mode in which it will be trained.
        share: clips that a process computes.
        micro_batch: of how many at a time.
    """
    trained = any(isinstance(module, BatchNorm) and module.training for module in model.modules())
    if trained and micro_batch is not None and micro_batch < share:
        raise InputError(
            f"--micro-batch is {micro_batch}, but {name} trains batch norms, which need the statistics of a "
            f"process's {share} clips at once: leave it out, or take more processes"
        )


def _share(arguments: Sequence[Any], count: int) -> int:
    """Clips that each of ``count`` processes computes, from what a network is called with."""
    clips = {len(argument) for argument in arguments if isinstance(argument, Tensor)}
    if len(clips) != 1 or min(clips) % count:
        raise ValueError(
            f"the network is called with tensors of {sorted(clips)} clips: must be as many in all, and a "
            f"multiple of {count}"
        )
    return min(clips) // count


def _map(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Change every tensor in lists, tuples and dicts; what is none stays."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, list | tuple):
        return type(value)(_map(item, change) for item in value)
    if isinstance(value, dict):
        return {key: _map(item, change) for key, item in value.items()}
    return value


def _concatenate(parts: list[Any]) -> Any:
    """Parts alike, of tensors in lists, tuples and dicts -> one, its tensors joined along their first
    dimension."""
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], Tensor):
        return torch.cat(parts)
    if isinstance(parts[0], dict):
        return {key: _concatenate([part[key] for part in parts]) for key in parts[0]}
    return type(parts[0])(_concatenate(list(items)) for items in zip(*parts, strict=True))
