"""The screen of a review session in JupyterLab."""
