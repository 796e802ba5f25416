"""The questions one can ask a deal book; each answers in one of three shapes, with codes and numbers only."""
