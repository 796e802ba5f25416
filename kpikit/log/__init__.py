"""The review log: what was said, predicted and agreed, kept where nothing is changed silently."""
