"""The app from its first line on: the page that the URL asks for, beside the list of all."""

from __future__ import annotations

from radbench.extras import need


def main() -> None:
    """Show the page that the URL asks for.

    Raises:
        MissingPackageError: streamlit is not installed.
    """
    st = need("streamlit", extra="app", purpose="the app")

    from radbench.app.frame import pages, shown

    st.set_page_config(page_title="radbench", layout="wide")
    page = st.navigation(pages())
    with st.sidebar:
        shown(_state)
    page.run()


def _state() -> None:
    """What is served, in a line or two."""

    from radbench.app.loading import n_hidden, run_folders
    from radbench.app.settings import settings
    from radbench.app.texts import note

    note(f"{len(run_folders())} runs in {', '.join(dict.fromkeys(path.name for path in settings().runs))}")
    if hidden := n_hidden():
        note(f"{hidden} more are not shown: nobody may see their references.")
    if settings().show_closed:
        note("Texts and images of closed data are shown: this address is not for passing on.")
