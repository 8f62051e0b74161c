"""box2seg/paper: the published training, ResNet-50 on YouTube-VOS and DAVIS. Needs a GPU and both."""

from __future__ import annotations

from box2seg_plugin.train_settings.settings import Box2SegSettings

paper = Box2SegSettings()
