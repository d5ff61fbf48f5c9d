"""What operators watch: the figures of one process or of several, as `/metrics` shows them."""
