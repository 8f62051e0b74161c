"""Validate a model on stills: ECSSD with one frame, and clips made from the stills that training set aside.

    python experiments/validate_stills.py --model box2seg_small [--clips 200] [--ecssd-count 1000]

Models are chosen on these figures, never on DAVIS. Besides J by number of frames, the clips show whether the
aggregation is used: J with s blanked out, and with the other frames taken from other clips.
Needs LTR_ECSSD_DIR and LTR_DUTS_DIR (ltr/environment.py says what they hold).
"""

from __future__ import annotations

import argparse
import logging
import sys

import numpy as np
import torch

from box2seg_plugin.box_network import BoxNet
from box2seg_plugin.object_encoder import draw_boxes
from box2seg_plugin.segmenter import VideoSegmenter
from box2seg_plugin.train_settings.small import small
from box2seg_plugin.variants import load_network
from ltr.command_line import BAD_INPUT, OneLineParser, print_error
from ltr.data.boxes import mask_to_box
from ltr.data.clip_processing import CropJitter, Sample, process_clip
from ltr.data.loader import collate
from ltr.dataset.image_masks import ImageMasks
from ltr.dataset.synthetic_clips import SyntheticClips
from ltr.environment import environment
from ltr.errors import InputError
from ltr.losses.segmentation import mask_iou
from ltr.train_settings.clip_data import ClipData
from pytracking.analysis.davis import region_similarity

FRAMES = (1, 3, 5)
CLIP_SEED = 20211


def centred_crops(network: BoxNet) -> CropJitter:
    """The crop that inference takes: no jitter."""
    config = network.config
    return CropJitter(
        scale=config.crop_scale, cover=config.crop_cover, scale_sigma=0, shift=0, brightness=0, grey=0, flip=0
    )


def logits_of(network: BoxNet, batch: Sample, frames: int, blank_s: bool = False) -> list[torch.Tensor]:
    """Predictions for windows of the first ``frames`` frames; ``blank_s`` hides the aggregation's answer."""
    images, boxes = batch.images[:, :frames], batch.boxes[:, :frames]
    code = network.encode(images.flatten(0, 1), boxes.flatten(0, 1))
    size = images.shape[-2:]
    if not blank_s:
        return network.decode_window(
            code, frames, size, network.config.test_steps, network.config.refinements
        )
    assert code.e is not None
    return [network.decode(code, torch.zeros_like(code.e), size).view(-1, frames, *size)]


def validate_ecssd(network: BoxNet, root: str, count: int, precision: torch.dtype) -> float:
    """Mean J of the masks that users get for ECSSD stills, the box being that of the true mask, one frame."""
    stills = ImageMasks(root)
    name = "bf16" if precision == torch.bfloat16 else "fp32"
    segmenter = VideoSegmenter(network, frames=1, device="cpu", precision=name)
    values = []
    for index in np.linspace(0, len(stills) - 1, min(count, len(stills))).astype(int):
        image, mask = stills[int(index)]
        (found,) = segmenter([image], mask_to_box(mask))
        values.append(region_similarity(mask > 0, found > 0))
    return float(np.mean(values))


def _inside(logits: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
    """Background outside the boxes, as inference has it."""
    drawn = draw_boxes(boxes.flatten(0, 1).round(), logits.shape[-2:]).view_as(logits)
    return torch.where(drawn > 0, logits.float(), -10.0)


def validate_clips(network: BoxNet, clips: int, precision: torch.dtype) -> dict[str, float]:
    """Mean J on the clips' first frames, by number of frames and with the aggregation disturbed."""
    stills = ClipData(environment(), small.held_out).held_out_stills()
    source = SyntheticClips(stills)
    values: dict[str, list[torch.Tensor]] = {}
    crops = centred_crops(network)
    for start in range(0, clips, 8):
        samples = []
        for index in range(start, min(start + 8, clips)):
            rng = np.random.default_rng([CLIP_SEED, index])
            samples.append(
                process_clip(source.sample(rng, max(FRAMES)), crops, network.config.input_size, rng)
            )
        batch = collate(samples)
        with (
            torch.inference_mode(),
            torch.autocast("cpu", torch.bfloat16, enabled=precision == torch.bfloat16),
        ):
            for frames in FRAMES:
                for which, logits in zip(
                    ("first", "refined"), logits_of(network, batch, frames), strict=False
                ):
                    values.setdefault(f"T={frames} {which}", []).append(_first_frame(logits, batch))
            values.setdefault("s blanked, first", []).append(
                _first_frame(logits_of(network, batch, 1, True)[0], batch)
            )
            mixed = Sample(*(_mix_frames(t) for t in (batch.images, batch.masks, batch.boxes)))
            values.setdefault("T=5 of other clips, refined", []).append(
                _first_frame(logits_of(network, mixed, 5)[-1], mixed)
            )
    return {key: float(torch.cat(parts).mean()) for key, parts in values.items()}


def _first_frame(logits: torch.Tensor, batch: Sample) -> torch.Tensor:
    return mask_iou(_inside(logits[:, :1], batch.boxes[:, :1]), batch.masks[:, :1])[:, 0]


def _mix_frames(t: torch.Tensor) -> torch.Tensor:
    """Every frame but the first comes from another clip."""
    return torch.cat(
        [t[:, :1]] + [t[:, i : i + 1].roll(1 + (i - 1) % (len(t) - 1), dims=0) for i in range(1, t.shape[1])],
        dim=1,
    )


def main() -> int:
    """Print the figures."""
    parser = OneLineParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="box2seg_small", help="model name or file")
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--ecssd-count", type=int, default=1000)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    precision = torch.bfloat16 if args.precision == "bf16" else torch.float32
    try:
        network = load_network(args.model, torch.device("cpu")).to(memory_format=torch.channels_last)
        rows = {}
        if args.ecssd_count:
            rows["ECSSD, T=1"] = validate_ecssd(
                network, str(environment().path("ecssd")), args.ecssd_count, precision
            )
        if args.clips % 8 == 1:
            raise InputError(
                f"--clips is {args.clips}: 8 go together, and a last one alone has no other to mix with"
            )
        if args.clips:
            rows.update(validate_clips(network, args.clips, precision))
    except InputError as error:
        print_error("validate_stills.py", error)
        return BAD_INPUT
    sys.stdout.write(
        "| validation | J |\n|---|---|\n" + "".join(f"| {k} | {v:.4f} |\n" for k, v in rows.items())
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
