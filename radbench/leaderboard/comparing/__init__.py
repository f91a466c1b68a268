"""Runs compared pair by pair: aligned on the cases that all have, tested with correction, in sentences and tables."""
