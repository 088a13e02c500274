"""Pages of the dashboard, one a file: scripts that Streamlit runs; layout only."""
