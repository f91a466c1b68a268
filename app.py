"""The app, for `streamlit run app.py`; `radbench app` starts it with options."""

from radbench.app.main import main

main()
