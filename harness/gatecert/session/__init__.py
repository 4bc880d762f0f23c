"""One run: its options, the processes it needs, what is witnessed, and how that is judged."""
