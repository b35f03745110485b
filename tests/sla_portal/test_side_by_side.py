"""Tests that run side by side do not share a broker."""

import pytest

from tests.side_by_side import of_worker


@pytest.mark.parametrize(
    ("given", "worker", "own"),
    [
        ("redis://127.0.0.1:6379", "gw0", "redis://127.0.0.1:6379/1"),
        ("redis://127.0.0.1:6379/12", "gw1", "redis://127.0.0.1:6379/14"),
        ("unix:///run/valkey.sock", "gw0", "unix:///run/valkey.sock?db=1"),
        ("unix:///run/valkey.sock?db=3", "gw1", "unix:///run/valkey.sock?db=5"),
    ],
)
def test_each_worker_has_a_database_of_its_own(given: str, worker: str, own: str) -> None:
    assert of_worker(given, worker) == own
