"""Controlled edits: of reports, to see how metrics react; of inputs, to see how models react. Both are scored as runs."""
