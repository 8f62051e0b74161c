"""box2seg/paper: the published training, ResNet-50 on YouTube-VOS and DAVIS. Needs a GPU and both.

Not the whole of it yet: the backbone is frozen as published, but starts from random weights instead of
Mask R-CNN's.
"""

from __future__ import annotations

from box2seg_plugin.train_settings.settings import Box2SegSettings

paper = Box2SegSettings()
