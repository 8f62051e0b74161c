"""Trained networks by name or by file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Generic, TypeVar

from torch import nn

from ltr.checkpoint import read_weights
from ltr.errors import InputError
from ltr.registry import unknown_name

Network = TypeVar("Network", bound=nn.Module)

FOREIGN_SUFFIXES = (".pth", ".pt", ".tar")


@dataclass(frozen=True)
class TrainedNetworks(Generic[Network]):
    """Where the weights of one kind of network are found, and how they are read.

    Attributes:
        builders: name in ``ltr.registry.NETWORKS`` and in files of weights -> network with random weights
            from a stored config; TypeError, ValueError, LookupError or AttributeError for one that it does
            not know.
        variants: names that it is known under.
        bundled: folder of the weights that come along, ``<variant>.safetensors``.
        load_official: network from the authors' checkpoint file.
        official: what to give for variants that come without weights, for the message.
    """

    builders: Mapping[str, Callable[[dict[str, Any]], Network]]
    variants: Collection[str]
    bundled: Path
    load_official: Callable[[str], Network]
    official: str

    def load(self, name_or_file: str | PathLike[str]) -> Network:
        """A trained network on the CPU, in eval mode.

        Args:
            name_or_file: a variant that has weights here, a ``.safetensors`` file of
                :func:`ltr.checkpoint.save_weights`, or the authors' checkpoint.

        Raises:
            InputError: neither a known name nor a readable file, or the file holds another network.
        """
        return self._load(str(name_or_file)).eval()

    def _load(self, name_or_file: str) -> Network:
        if name_or_file in self.variants:
            bundled = self.bundled / f"{name_or_file}.safetensors"
            if not bundled.is_file():
                raise InputError(
                    f'"{name_or_file}" comes without weights: give a file of weights instead '
                    f"({self.official})"
                )
            return self.load_weights(bundled)
        if name_or_file.endswith(".safetensors"):
            return self.load_weights(name_or_file)
        if name_or_file.endswith(FOREIGN_SUFFIXES):
            return self.load_official(name_or_file)
        if Path(name_or_file).exists():
            raise InputError(
                f"{name_or_file} is no file of weights: must end in .safetensors, .pth, .tar or .pt"
            )
        raise unknown_name("model (no such file either)", name_or_file, self.variants)

    def load_weights(self, path: str | PathLike[str]) -> Network:
        """The network in a ``.safetensors`` file of ours, built from the config in its metadata.

        Raises:
            InputError: the file cannot be read, or its config or weights are not those of such a network.
        """
        weights = read_weights(path)
        if weights.network not in self.builders:
            wanted = " or ".join(f'"{name}"' for name in self.builders)
            raise InputError(f'{path} holds weights of the network "{weights.network}", not of {wanted}')
        try:
            network = self.builders[weights.network](weights.config)
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            raise InputError(f"{path}: its config is not one of this version: {error}") from error
        try:
            network.load_state_dict(weights.tensors)
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{path}: its weights do not fit its config: {reason[:300]}") from error
        return network
