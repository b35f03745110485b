"""Reads of nurture that join models."""
