"""The demo book: a firm with six teams whose facts are known."""
