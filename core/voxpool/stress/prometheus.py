"""Prometheus metrics of a run while it goes on, on the loopback interface.

A registry of its own, so that two runs in one process do not meet, and an agent that has metrics keeps them apart.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.aiohttp import make_aiohttp_handler

from voxpool.errors import EndpointError
from voxpool.stress.result import Mark, Tick
from voxpool.stress.sample import Sample

HOST: Final = "127.0.0.1"
"""Loopback alone: who may read the metrics of a run is decided by who may log in."""
_SECONDS: Final = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
_GAUGES: Final = {
    "target": "what the load asks for, utterances a second or in flight",
    "in_flight": "utterances asked for and not ended",
    "slots_held": "slots held in the pool",
    "generating": "contexts that have had audio and are not done",
    "waiting": "utterances in the pool's queue",
    "connections": "open connections",
}


class MetricsEndpoint:
    """Serves ``/metrics``; a ``RunListener``.

    Args:
        port: TCP port; 0 for any free one.

    Attributes:
        registry: The metrics.
    """

    def __init__(self, port: int) -> None:
        self.registry = CollectorRegistry()
        self._port = port
        self._runner: web.AppRunner | None = None
        self._before = Tick(at_s=0.0)
        self._gauges = {name: self._gauge(name, text) for name, text in _GAUGES.items()}
        self._oldest_wait = self._gauge("oldest_wait_seconds", "how long the longest waiter has waited")
        self._lag = self._gauge("loop_lag_seconds", "largest lag of the tool's own event loop since the tick before")
        self._late = self._gauge("late_start_seconds", "largest delay of a start since the tick before")
        self._started = self._counter("started", "utterances begun")
        self._ended = Counter("voxpool_stress_ended", "utterances that ended", ("outcome",), registry=self.registry)
        self._errors = Counter("voxpool_stress_errors", "failed utterances", ("kind",), registry=self.registry)
        self._stalls = self._counter("stalls", "silences that a listener would have heard in mid-utterance")
        self._characters = self._counter("characters", "characters sent")
        self._audio = self._counter("audio_seconds", "seconds of audio received")
        self._times = {
            name: Histogram(f"voxpool_stress_{name}_seconds", text, buckets=_SECONDS, registry=self.registry)
            for name, text in (
                ("first_audio_corrected", "from when it should have begun to its first audio"),
                ("first_audio_uncorrected", "from when the pool was asked to its first audio"),
                ("queue", "from asking to the slot"),
            )
        }

    def __repr__(self) -> str:
        return f"<MetricsEndpoint {self.url if self._runner else 'closed'}>"

    @property
    def url(self) -> str:
        """Where the metrics are, once started."""
        return f"http://{HOST}:{self._port}/metrics"

    async def start(self) -> None:
        """Begin to serve.

        Raises:
            EndpointError: If the port is taken or may not be used.
        """
        app = web.Application()
        app.router.add_get("/metrics", make_aiohttp_handler(self.registry))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, self._port).start()
        except (OSError, OverflowError) as error:
            await runner.cleanup()
            why = getattr(error, "strerror", None) or str(error)
            raise EndpointError(f"metrics cannot be served on port {self._port} ({why}); choose another") from error
        self._runner = runner
        self._port = runner.addresses[0][1]

    async def close(self) -> None:
        """Stop serving; nothing happens when it does not serve."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    def on_sample(self, sample: Sample) -> None:
        """Count an utterance that is over; those of the warm-up count nowhere."""
        if sample.warm_up:
            return
        self._ended.labels(sample.outcome.value).inc()
        if sample.error_kind:
            self._errors.labels(sample.error_kind).inc()
        self._audio.inc(max(0.0, sample.audio_s))
        for name, value in (
            ("first_audio_corrected", sample.corrected_ms),
            ("first_audio_uncorrected", sample.uncorrected_ms),
            ("queue", sample.queue_ms),
        ):
            if value is not None:
                self._times[name].observe(max(0.0, value) / 1000.0)

    def on_tick(self, tick: Tick) -> None:
        """Take in how it stands."""
        for name, gauge in self._gauges.items():
            gauge.set(getattr(tick, name))
        self._oldest_wait.set(tick.oldest_wait_s)
        self._lag.set(tick.loop_lag_ms / 1000.0)
        self._late.set(tick.late_start_ms / 1000.0)
        for name, counter in (
            ("started", self._started),
            ("stalls", self._stalls),
            ("characters", self._characters),
        ):
            # A counter never goes back, whatever a tick says.
            counter.inc(max(0, getattr(tick, name) - getattr(self._before, name)))
        self._before = tick

    def on_mark(self, mark: Mark) -> None:
        """Annotations have no place among numbers."""

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"voxpool_stress_{name}", text, registry=self.registry)

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(f"voxpool_stress_{name}", text, registry=self.registry)
