"""Reads of handoffs that join models."""
