"""What Prometheus reads at `/metrics`."""

from typing import Any

from store.service.errors import ServiceTrouble

_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0)


class Metrics:
    """Counters of one process, in a registry of their own; parts add theirs by `counter` and `gauge`."""

    def __init__(self) -> None:
        try:
            import prometheus_client
            from prometheus_client.exposition import CONTENT_TYPE_LATEST
        except ModuleNotFoundError as error:
            raise ServiceTrouble(
                "The package prometheus-client is missing; install Outpost with its extra, outpost-pos[server]."
            ) from error
        self.content_type = CONTENT_TYPE_LATEST
        self._client = prometheus_client
        self._registry = prometheus_client.CollectorRegistry()
        self._requests = self.counter("outpost_hq_requests", "Requests answered.", "route", "status")
        self._seconds = prometheus_client.Histogram(
            "outpost_hq_request_seconds",
            "Time to an answer.",
            ("route",),
            buckets=_BUCKETS,
            registry=self._registry,
        )

    def counter(self, name: str, text: str, *labels: str) -> Any:
        """A new counter, shown from now on."""
        return self._client.Counter(name, text, labels, registry=self._registry)

    def gauge(self, name: str, text: str, *labels: str) -> Any:
        """A new gauge, shown from now on."""
        return self._client.Gauge(name, text, labels, registry=self._registry)

    def note_request(self, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Everything as Prometheus text."""
        return self._client.generate_latest(self._registry)
