"""Where a network's time goes: seconds, operations and bytes by part, while the engine runs it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from box2seg_plugin.box_network import BoxNet
from box2seg_plugin.network import Box2SegNet

DECODE = {False: "decode, first pass", True: "decode, last pass"}


def parts_of(network: Box2SegNet) -> list[tuple[str, nn.Module, str]]:
    """(part, module, its method that does the work). Those of one part are all called for each frame; the
    decoder stands under its first pass."""
    return [
        ("backbone", network.backbone, "forward"),
        ("target features", network.features, "forward"),
        ("object encoders", network.single_frame_encoder, "forward"),
        ("object encoders", network.object_encoder, "forward"),
        ("decoder, once a frame", network.decoder, "reduce"),
        ("descent, first pass", network.aggregation, "forward"),
        (DECODE[False], network.decoder, "forward"),
        ("mask encoder", network.mask_encoder, "forward"),
        ("descent, last pass", network.refined_aggregation, "forward"),
    ]


class PartMeter:
    """Adds up by part how far a running total rises while a network's parts work.

    Args:
        network: a Box2SegNet with one refinement; its methods are wrapped.
        total: seconds, operations or bytes so far.

    Attributes:
        amounts: of the total, by part.
        frames: how many frames each part has computed.
    """

    def __init__(self, network: BoxNet, total: Callable[[], float]) -> None:
        assert isinstance(network, Box2SegNet)
        self.amounts: dict[str, float] = defaultdict(float)
        self.frames: dict[str, float] = defaultdict(float)
        self._total = total
        self._last_pass = False
        parts = parts_of(network)
        calls = Counter(part for part, _, _ in parts)
        for part, module, method in parts:
            setattr(module, method, self._metered(getattr(module, method), part, 1 / calls[part]))

    def _metered(self, method: Callable[..., Any], part: str, share: float) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            began = self._total()
            result = method(*args)
            if part.startswith("descent"):
                self._last_pass = part == "descent, last pass"
            name = DECODE[self._last_pass] if part == DECODE[False] else part
            self.amounts[name] += self._total() - began
            first = next(_tensors(args))
            self.frames[name] += share * first.shape[0] * (first.shape[1] if first.ndim == 5 else 1)
            return result

        return call

    def per_frame(self) -> dict[str, float]:
        """Amount for one frame that a part computes."""
        return {part: amount / self.frames[part] for part, amount in self.amounts.items()}


class ByteCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes that operations read and write, as if nothing stayed in a cache."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        read = list(_tensors((args, kwargs)))
        given = {tensor.data_ptr() for tensor in read}
        written = [tensor for tensor in _tensors(result) if tensor.data_ptr() not in given]
        if written or func.__name__.split(".")[0].endswith("_"):  # a view moves nothing
            self.total += sum(tensor.nbytes for tensor in (*read, *written))
        return result


def _tensors(tree: Any) -> Iterator[Tensor]:
    return (leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor))
