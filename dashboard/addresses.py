"""What a page's address asks for and what there is: a sentence for whatever is not here."""

from collections.abc import Collection

import streamlit as st


def strangers_out(key: str, known: Collection[str], what: str) -> None:
    """Say it when the address names something that is not here, and forget it.

    To be called before the widget of that key, which then shows what there is.

    Parameters
    ----------
    key : str
        Of a widget that is bound to the address.
    known : collection of str
        What it can show.
    what : str
        What that is, in words: *run*, *process*.
    """
    held = st.session_state.get(key)
    asked = [*st.query_params.get_all(key), *(held if isinstance(held, list) else [])]
    strange = [name for name in dict.fromkeys(asked) if name not in known]
    if strange:
        more = f", nor {len(strange) - 1} more" if len(strange) > 1 else ""
        st.warning(f"There is no {what} '{strange[0]}' here{more}: left out.")
    if isinstance(held, list):
        st.session_state[key] = [name for name in held if name in known]
    elif held is not None and held not in known:
        del st.session_state[key]
