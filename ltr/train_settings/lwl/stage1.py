"""lwl/stage1: the authors' first stage, backbone frozen, on YouTube-VOS and DAVIS. Needs a GPU and both."""

from __future__ import annotations

from ltr.train_settings.lwl.settings import LWLSettings

stage1 = LWLSettings()
