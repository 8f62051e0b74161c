"""From files to batches: reading images and masks, boxes, crops, sampling."""
