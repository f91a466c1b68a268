"""A board on paper and screen: LaTeX, Markdown, HTML, terminal text, figures, and the provenance beside them."""
