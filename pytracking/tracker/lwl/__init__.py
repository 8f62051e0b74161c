"""The LWL tracker (Bhat et al., ECCV 2020): a mask on the first frame, masks and boxes on the others."""
