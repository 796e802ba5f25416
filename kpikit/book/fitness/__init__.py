"""What a book can answer, what not and why, and what in it deserves a look."""
