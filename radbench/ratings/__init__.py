"""Ratings of radiologists: formats in, agreement, correlation of metrics with them, and studies that collect them."""
