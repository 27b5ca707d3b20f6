"""Requests and responses as the kserve package writes them, posted as KServe's logger does. Run with the senders' interpreter:

.senders/bin/python -m tests.e2e_senders.kserve_sender URL
"""

import json
import sys
import urllib.request
from typing import Any

import numpy as np
from kserve import InferInput, InferRequest, InferResponse
from kserve.protocol.infer_type import InferOutput


def body(message: Any) -> bytes:
    encoded, _ = message.to_rest()
    return encoded if isinstance(encoded, bytes) else json.dumps(encoded).encode()


def post(url: str, side: str, name: str, content: bytes) -> int:
    headers = {
        "Content-Type": "application/json", "ce-specversion": "1.0", "ce-id": name, "ce-source": "http://localhost:9081/",
        "ce-type": f"org.kubeflow.serving.inference.{side}", "ce-time": "2024-05-01T10:30:00.123456789Z",
        "ce-inferenceservicename": "isvc", "ce-namespace": "models", "ce-component": "predictor", "ce-endpoint": "",
    }  # fmt: skip
    request = urllib.request.Request(url, data=content, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return int(answer.status)


def main(url: str) -> None:
    statuses = []
    for binary in (False, True):
        distance = InferInput("distance", [2], "FP32")
        distance.set_data_from_numpy(np.array([733, 1400], dtype=np.float32), binary_data=binary)
        carrier = InferInput("carrier", [2], "BYTES")
        carrier.set_data_from_numpy(np.array([b"AA", b"UA"], dtype=object), binary_data=binary)
        predict = InferOutput("predict", [2], "FP64")
        predict.set_data_from_numpy(np.array([0.31, 0.07]), binary_data=binary)
        name = f"binary-{binary}"
        statuses += [
            post(url, "response", name, body(InferResponse(name, "isvc", [predict]))),
            post(url, "request", name, body(InferRequest("isvc", [distance, carrier]))),
        ]
    print(json.dumps(statuses))  # noqa: T201 - what it is for


if __name__ == "__main__":
    main(*sys.argv[1:])
