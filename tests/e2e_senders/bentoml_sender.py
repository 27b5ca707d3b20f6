"""A BentoML service that logs through its own monitor. Run with the senders' interpreter:

.senders/bin/python -m tests.e2e_senders.bentoml_sender URL FIRST_REQUEST
"""

import sys

from bentoml._internal.context import server_context, trace_context
from bentoml._internal.monitoring.otlp import OTLPMonitor


def main(url: str, first_request: str) -> None:
    server_context.bento_name, server_context.bento_version = "flights", "v3"
    monitor = OTLPMonitor("delays", endpoint=url)
    for request, batch in enumerate(([(733, "AA", 0.31)], [(1400, "UA", 0.07)], [(100, "AA", 0.5), (200, "AA", 0.6)])):
        trace_context.request_id = int(first_request) + request
        monitor.start_record()
        monitor.log_batch([row[0] for row in batch], "distance", "feature", "numerical")
        monitor.log_batch([row[1] for row in batch], "carrier", "feature", "categorical")
        monitor.log_batch([row[2] for row in batch], "score", "prediction", "numerical")
        monitor.stop_record()
    assert monitor.logger_provider is not None
    monitor.logger_provider.shutdown()  # sends what is queued


if __name__ == "__main__":
    main(*sys.argv[1:])
