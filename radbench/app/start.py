"""What `radbench app` hands to streamlit, which runs a file."""

from radbench.app.main import main

main()
