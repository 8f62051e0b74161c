"""What a network keeps of a frame, so that it is computed once however often the frame is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import torch
from torch import Tensor


@dataclass
class EncodedFrames:
    """All that depends on N frames alone, whatever the target model is. Networks add fields of their own.

    Attributes:
        reduced: decoder inputs, shallowest first, each (N, c_i, H_i, W_i).
        x: features of the target model (N, D, h, w) float32.
    """

    reduced: tuple[Tensor, ...]
    x: Tensor

    def __len__(self) -> int:
        return self.x.shape[0]

    def tensors(self) -> list[Tensor | None]:
        """All fields in order, the reduced maps last."""
        return [*(getattr(self, field.name) for field in fields(self)[1:]), *self.reduced]

    @classmethod
    def from_tensors(cls, tensors: Sequence[Tensor | None]) -> Self:
        """Inverse of :meth:`tensors`."""
        count = len(fields(cls)) - 1
        reduced = tuple(tensor for tensor in tensors[count:] if tensor is not None)
        return cls(reduced, *tensors[:count])  # type: ignore[arg-type]

    def __getitem__(self, index: slice | Sequence[int] | Tensor) -> Self:
        return self.from_tensors([t if t is None else t[index] for t in self.tensors()])

    @classmethod
    def concatenate(cls, codes: Sequence[Self]) -> Self:
        """Frames of several codes as one."""
        columns = zip(*(code.tensors() for code in codes), strict=True)
        return cls.from_tensors(
            [None if c[0] is None else torch.cat([t for t in c if t is not None]) for c in columns]
        )
