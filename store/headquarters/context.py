"""What every part of headquarters has at hand."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from store.headquarters.config import HeadquartersConfig
from store.headquarters.metrics import Metrics
from store.headquarters.secrets import HeadquartersSecrets
from store.service.channel import Channel
from store.service.tasks import ServiceTasks


def wall_ms() -> int:
    """Headquarters' clock: milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


class Headquarters:
    """One running headquarters, without its sockets."""

    def __init__(
        self,
        *,
        config: HeadquartersConfig,
        channel: Channel,
        secrets: HeadquartersSecrets,
        metrics: Metrics,
        tasks: ServiceTasks,
        operator_token: str,
        now_ms: Callable[[], int] = wall_ms,
    ) -> None:
        self.config = config
        self.channel = channel
        self.secrets = secrets
        self.metrics = metrics
        self.tasks = tasks
        self.operator_token = operator_token
        self.now_ms = now_ms
        self.on_change: Callable[[Iterable[str]], None] = lambda _nouns: None

    def tell(self, nouns: Iterable[str]) -> None:
        """Tell every part that rows of these nouns changed, after the commit; what no change of the set-up brings."""
        self.on_change(nouns)

    @property
    def home(self) -> Path:
        """Its folder."""
        return self.config.home

    @property
    def packages(self) -> Path:
        """The folder of package headers and chunks."""
        return self.config.home / "packages"
