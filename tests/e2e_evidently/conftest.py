"""Run by the peer's interpreter, which has what it imports; ours has not."""

collect_ignore = ["collector_client.py"]
