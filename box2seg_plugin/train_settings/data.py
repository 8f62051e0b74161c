"""The data of a training run; what chooses it is ltr's, since other networks train on the same."""

from ltr.train_settings.clip_data import ClipData

__all__ = ["ClipData"]
