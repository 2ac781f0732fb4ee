"""What Prometheus reads at `/metrics`."""

from collections.abc import Mapping

from store.ledger.reports import Conservation
from store.service.errors import ServiceTrouble

_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """Counters of one server process, in a registry of their own so that two servers in one process never mix."""

    def __init__(self) -> None:
        try:
            from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
            from prometheus_client.exposition import CONTENT_TYPE_LATEST
        except ModuleNotFoundError as error:
            raise ServiceTrouble(
                "The package prometheus-client is missing; install Outpost with its extra, outpost-pos[server]."
            ) from error
        self.content_type = CONTENT_TYPE_LATEST
        self._generate = generate_latest
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "outpost_requests", "Requests answered.", ("route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "outpost_request_seconds",
            "Time to an answer.",
            ("route",),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._records = Counter(
            "outpost_records", "Records by what became of them.", ("outcome",), registry=self._registry
        )
        self._books = Gauge(
            "outpost_books",
            "Accepted records by where they are.",
            ("store", "place"),
            registry=self._registry,
        )

    def note_request(self, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def note_records(self, outcomes: Mapping[str, int]) -> None:
        """Count records of a batch by outcome."""
        for outcome, number in outcomes.items():
            self._records.labels(outcome).inc(number)

    def note_books(self, store: str, books: Conservation) -> None:
        """Show where the records of a store are."""
        for place in ("accepted", "posted", "quarantined", "waiting"):
            self._books.labels(store, place).set(getattr(books, place))

    def text(self) -> bytes:
        """Everything as Prometheus text."""
        return self._generate(self._registry)
