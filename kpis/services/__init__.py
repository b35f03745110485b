"""Every write of the measurement: visitors by day and source."""

from kpis.services.traffic import TrafficItem, TrafficResult, upsert_traffic
from kpis.services.traffic_files import LineError, TrafficFileError, TrafficImport, import_traffic

__all__ = [
    "LineError",
    "TrafficFileError",
    "TrafficImport",
    "TrafficItem",
    "TrafficResult",
    "import_traffic",
    "upsert_traffic",
]
