"""A review session: JupyterLab and its panel, the papers before it and the minutes after it."""
