"""From a book and a template to a report one can send."""
