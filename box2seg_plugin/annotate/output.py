"""What ``box2seg annotate`` leaves, and where.

<out>/<masks>/<video>/<frame>.png     the masks; <masks> as the data set's readers want it: got10k_masks ...
<out>/<masks>.info/manifest.json      what made them: settings, model, versions, and their hash
<out>/<masks>.info/videos/<video>.json  how each video ended
<out>/<masks>.info/quality/<video>.csv  a record for each of its masks
<out>/<masks>.info/quality.csv        all records, in the order of the videos
<out>/<masks>.info/report/index.html  to look at
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class AnnotationFolder:
    """The places of one annotated data set.

    Attributes:
        out: the folder that the user named.
        masks_name: folder of the masks in it.
    """

    out: Path
    masks_name: str

    @property
    def masks(self) -> Path:
        """Holds one folder of PNGs for each video."""
        return self.out / self.masks_name

    @property
    def info(self) -> Path:
        """Holds everything that is no mask."""
        return self.out / f"{self.masks_name}.info"

    @property
    def manifest(self) -> Path:
        """What made the masks."""
        return self.info / "manifest.json"

    @property
    def quality(self) -> Path:
        """All records, in the order of the videos."""
        return self.info / "quality.csv"

    @property
    def report(self) -> Path:
        """The first page of the report."""
        return self.info / "report" / "index.html"

    def masks_of(self, video: str) -> Path:
        """Folder of a video's PNGs."""
        return self.masks / video

    def state_of(self, video: str) -> Path:
        """How a video ended."""
        return self.info / "videos" / f"{video}.json"

    def quality_of(self, video: str) -> Path:
        """The records of a video's masks."""
        return self.info / "quality" / f"{video}.csv"
