"""Run by the senders' interpreter, which has what they import; ours has not."""

collect_ignore = ["bentoml_sender.py", "kserve_sender.py"]
