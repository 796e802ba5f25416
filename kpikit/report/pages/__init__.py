"""Figures → pages: one file a page, nothing is computed here."""
