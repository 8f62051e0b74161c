"""Parameter names of the reference framework's networks -> ours, for the parts that several networks share.

A table maps prefixes: a name is translated by the longest prefix that it starts with. Tables of parts are
joined beside the network that has these parts.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ltr.errors import InputError
from ltr.models.backbone import LAYERS

COUNTER = ".num_batches_tracked"
"""Batch norms count their training steps; the count has no effect here, and old torch versions kept none."""

BACKBONE = {"feature_extractor.": "backbone."}

TARGET_FEATURES = {"target_model.feature_extractor.0.": "features.conv."}


def filter_learner(theirs: str, ours: str) -> dict[str, str]:
    """Table of a few-shot learner, e.g. from "target_model." to "aggregation."."""
    return {f"{theirs}filter_optimizer.residual_module.filter_reg": f"{ours}regularisation"}


def mask_encoder(theirs: str, ours: str) -> dict[str, str]:
    """Table of a mask encoder, e.g. from "segm_encoder." to "mask_encoder."."""
    table = {"conv_block.0.": "trunk.conv."}
    for number in (1, 2):
        table |= residual_block(f"res{number}.", f"trunk.block{number}.")
    table |= {"label_pred.0.": "embedding.conv.", "label_pred.1.": "embedding.norm."}
    table["samp_w_pred."] = "confidence."
    return {theirs + t: ours + o for t, o in table.items()}


def residual_block(theirs: str, ours: str) -> dict[str, str]:
    """Table of a residual block with a projection shortcut."""
    parts = {"conv1.": "conv1.", "conv2.": "conv2.", "downsample.": "shortcut."}
    return {theirs + t: ours + o for t, o in parts.items()}


def decoder() -> dict[str, str]:
    """Table of the decoder: theirs has layers within each kind of block, ours blocks within each layer."""
    table = {"decoder.project.conv1.": "decoder.output1.", "decoder.project.conv2.": "decoder.output2."}
    for index, layer in enumerate(LAYERS):
        ours = f"decoder.layers.{index}."
        table |= {
            f"decoder.proj.{layer}.0.": f"{ours}project.",
            f"decoder.TSE.{layer}.reduce.": f"{ours}reduce.",
            f"decoder.TSE.{layer}.transform.": f"{ours}transform.",
            f"decoder.CAB.{layer}.convreluconv.0.": f"{ours}attention.squeeze.",
            f"decoder.CAB.{layer}.convreluconv.2.": f"{ours}attention.excite.",
        }
        for number in (1, 2):
            table |= {
                f"decoder.RRB{number}.{layer}.conv1x1.": f"{ours}refine{number}.project.",
                f"decoder.RRB{number}.{layer}.bblock.0.": f"{ours}refine{number}.conv1.",
                f"decoder.RRB{number}.{layer}.bblock.1.": f"{ours}refine{number}.norm.",
                f"decoder.RRB{number}.{layer}.bblock.3.": f"{ours}refine{number}.conv2.",
            }
    return table


def translate(
    theirs: Mapping[str, Tensor],
    table: Mapping[str, str],
    ours: Mapping[str, Tensor],
    ignored: tuple[str, ...] = (),
) -> dict[str, Tensor]:
    """Their state dict as ours.

    Args:
        theirs: their names -> tensors.
        table: prefix of theirs -> prefix of ours.
        ours: the state dict of the network to be filled, for its names and shapes.
        ignored: prefixes of their names that have no counterpart here.

    Returns:
        A state dict with all names of ``ours``; the counters of batch norms are those of ``ours``.

    Raises:
        InputError: a name of theirs that the table lacks, a parameter of ours that nothing fills or two do, a
            value that is no tensor, or a shape that differs.
    """
    result: dict[str, Tensor] = {name: tensor for name, tensor in ours.items() if name.endswith(COUNTER)}
    came_from: dict[str, str] = {}
    for name, tensor in theirs.items():
        if name.endswith(COUNTER) or name.startswith(ignored):
            continue
        prefix = max((p for p in table if name.startswith(p)), key=len, default=None)
        target = None if prefix is None else table[prefix] + name[len(prefix) :]
        if target is None or target not in ours:
            raise InputError(f'parameter "{name}" has no counterpart in this network')
        if target in came_from:
            raise InputError(f'parameters "{came_from[target]}" and "{name}" are both {target}')
        if not isinstance(tensor, Tensor):
            raise InputError(f'parameter "{name}" is a {type(tensor).__name__}, not a tensor')
        if tensor.shape != ours[target].shape:
            shapes = f"{tuple(tensor.shape)}, where this network has {tuple(ours[target].shape)}"
            raise InputError(f'parameter "{name}" has shape {shapes}')
        came_from[target], result[target] = name, tensor
    missing = [name for name in ours if name not in result]
    if missing:
        raise InputError(
            f"{len(missing)} parameters are missing, among them what is here called {missing[0]}"
        )
    return result
