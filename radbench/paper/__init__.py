"""What a paper takes from a board: a folder of tables, figures and words that can be verified; tables of correlations."""
