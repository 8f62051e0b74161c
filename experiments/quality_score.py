"""Fit the quality score of masks on clips set aside, and report how it ranks masks of labelled videos.

    python experiments/quality_score.py --cache CACHE --root DAVIS
    python experiments/quality_score.py --cache CACHE --root DAVIS --no-fit

The clips are made from stills that no training has seen (LTR_DUTS_DIR, those set aside; LTR_ECSSD_DIR), with
distractors, occluders, thin lines and boxes that are off, so that J varies widely. The labelled videos take
no part in the fit. With --cache what was measured is kept by weights and settings, and a second run takes
seconds. The score goes to box2seg_plugin/weights/quality_scores.json, where the annotator finds it.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from quality_fit import Ranking, correlation, cross_validate, feature_table, fit_score, rank
from quality_tracks import Track, TrackCache, clip_tracks, stills_set_aside, video_tracks

from box2seg_plugin.annotate.quality_score import FEATURES, GENERIC_SCORE, SCORES, QualityScore, load_score
from box2seg_plugin.segmenter import DEFAULT_MODEL, VideoSegmenter
from box2seg_plugin.variants import load_network
from ltr.checkpoint import weights_digest
from ltr.command_line import BAD_INPUT, OneLineParser, print_error
from ltr.errors import InputError
from ltr.output_folder import check_writable, make_folder
from pytracking.analysis.report import markdown_table
from pytracking.evaluation.labelled_video import davis_videos

LEAST_CLIPS = 16


def parser() -> OneLineParser:
    """The command line."""
    result = OneLineParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = result.add_argument
    add("--model", default=DEFAULT_MODEL, metavar="NAME_OR_FILE", help=f"({DEFAULT_MODEL})")
    add("--clips", type=int, default=160, metavar="N", help="clips to fit on (160)")
    add("--clip-frames", type=int, default=21, metavar="N", help="frames of a clip (21)")
    add("--frames", type=int, default=5, metavar="T", help="frames of a window (5)")
    add("--interval", type=int, default=5, metavar="D", help="distance between them (5)")
    add("--windows", choices=("exact", "shared"), default="exact", help="as of box2seg annotate (exact)")
    add("--cache", type=Path, metavar="FOLDER", help="keep what was measured there")
    add("--root", type=Path, help="labelled videos: folder of JPEGImages and Annotations, as of DAVIS")
    add("--sequences", nargs="+", metavar="NAME", help="some of its videos (all)")
    add("--no-fit", action="store_true", help="report the score that is there")
    add("--scores", type=Path, default=SCORES, metavar="FILE", help="file of scores (the plugin's)")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto")
    add("--precision", choices=("auto", "fp32", "bf16"), default="auto")
    return result


def run(args: argparse.Namespace) -> None:
    """Fit, write and report.

    Raises:
        InputError: an option is out of range, or stills or videos are missing.
    """
    if args.clips < LEAST_CLIPS or args.clip_frames < 2:
        raise InputError(
            f"--clips {args.clips} --clip-frames {args.clip_frames}: must be at least {LEAST_CLIPS} and 2"
        )
    if not args.no_fit:
        check_writable(args.scores.parent, "--scores")
    network = load_network(args.model)
    model, digest = network.config.variant, weights_digest(network)
    segmenter = VideoSegmenter(
        network,
        args.frames,
        args.interval,
        device=args.device,
        precision=args.precision,
        windows=args.windows,
    )
    if args.cache:
        make_folder(args.cache, "--cache")
    cache = TrackCache(
        args.cache,
        (digest, args.frames, args.interval, args.windows, str(segmenter.device), segmenter.bfloat16),
    )
    videos = davis_videos(args.root, args.sequences) if args.root else []
    if args.no_fit:
        score = load_score(model, digest, args.scores)
    else:
        stills = stills_set_aside()
        clips = clip_tracks(segmenter, stills, args.clips, args.clip_frames, cache)
        held_out = rank(clips, cross_validate(clips, model))
        score = replace(fit_score(clips, model), about=_about(args, digest, clips, held_out))
        write_score(args.scores, score)
        print(clip_report(clips, held_out))
        print(weight_table(score))
    if videos:
        print(video_report(video_tracks(segmenter, videos, cache), score))


def write_score(path: Path, score: QualityScore) -> None:
    """Put a score into the file of scores; those of other models stay."""
    scores = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    scores[score.model] = score.to_json()
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(scores, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    part.replace(path)


def clip_report(clips: Sequence[Track], held_out: Ranking) -> str:
    """The fitted score on clips, each scored by a fit on others, beside single measures."""
    rows = {"score, fitted on other clips": held_out}
    rows["score of unknown models"] = rank(clips, [GENERIC_SCORE(clip.measures) for clip in clips])
    for index, name in enumerate(FEATURES):
        rows[f"{name} alone"] = rank(clips, [feature_table(clip)[:, index] for clip in clips])
    j = np.concatenate([clip.truth for clip in clips])
    spread = np.mean([clip.truth.std() for clip in clips])
    head = ["clips", "all masks", "clips' means", "within clips", "J without the worst fifth", "error"]
    table = markdown_table(head, [_row(name, row, name.startswith("score")) for name, row in rows.items()])
    return (
        f"{len(clips)} clips, {len(j)} masks, J {j.mean():.3f}, standard deviation {j.std():.3f}, "
        f"within clips {spread:.3f}. Spearman's rank correlation with J:\n\n{table}\n"
    )


def weight_table(score: QualityScore) -> str:
    """What counts how much."""
    rows = [
        [name, f"{score.level.get(name, 0):.3f}", f"{score.change.get(name, 0):.3f}"] for name in FEATURES
    ]
    return markdown_table(["weight of", "level", "change"], rows) + f"\n\nbias {score.bias:.3f}\n"


def video_report(tracks: Sequence[Track], score: QualityScore) -> str:
    """The score on labelled videos."""
    scores = [score(track.measures) for track in tracks]
    rows = [
        [
            track.name,
            str(len(track.j)),
            f"{track.truth.mean():.3f}",
            f"{one.mean():.3f}",
            f"{correlation(one, track.truth):.3f}",
        ]
        for track, one in zip(tracks, scores, strict=True)
    ]
    found = rank(tracks, scores)
    return (
        markdown_table(["video", "masks", "J", "score", "Spearman"], rows)
        + f"\n\nSpearman over all masks {found.pooled:.3f}, mean within videos {found.within:.3f}; "
        f"mean J without the worst fifth {found.gain:+.3f}; error {found.error:.3f}\n"
    )


def _row(name: str, ranking: Ranking, estimates_j: bool) -> list[str]:
    numbers = (ranking.pooled, ranking.tracks, ranking.within)
    error = f"{ranking.error:.3f}" if estimates_j else ""
    return [name, *(f"{number:.3f}" for number in numbers), f"{ranking.gain:+.3f}", error]


def _about(
    args: argparse.Namespace, digest: str, clips: Sequence[Track], held_out: Ranking
) -> Mapping[str, object]:
    """What made a score."""
    return {
        "command": f"python experiments/quality_score.py --clips {args.clips} "
        f"--clip-frames {args.clip_frames} --frames {args.frames} --interval {args.interval} "
        f"--windows {args.windows}",
        "data": "clips made from stills set aside (DUTS-TR, ECSSD)",
        "masks": sum(len(clip.j) for clip in clips),
        "weights_sha256": digest,
        "held_out": {
            "spearman": round(held_out.pooled, 3),
            "spearman_within": round(held_out.within, 3),
            "gain": round(held_out.gain, 3),
            "error": round(held_out.error, 3),
        },
    }


def main() -> int:
    """Run; 2 when the input is at fault."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        run(parser().parse_args())
    except (InputError, OSError) as error:
        print_error("quality_score.py", error)
        return BAD_INPUT
    return 0


if __name__ == "__main__":
    sys.exit(main())
