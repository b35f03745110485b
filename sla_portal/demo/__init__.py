"""The demo company: some months of work, made by the real services with a moving clock (law 8)."""
