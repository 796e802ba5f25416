"""Pictures, tables and pages: codes and numbers in, something to look at out. Nothing is computed here."""
