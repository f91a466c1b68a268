"""Boards: runs as columns of tasks and values, with intervals, counts and the reasons why cells cannot be compared."""
