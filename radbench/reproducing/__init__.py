"""Published numbers beside ours: the same under the paper's convention, and where the gap to the strict score comes from."""
