"""REST endpoints of figures and visitors."""
