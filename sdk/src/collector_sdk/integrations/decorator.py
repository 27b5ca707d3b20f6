"""A decorator: what a predict function takes and returns becomes an inference."""

import functools
import inspect
import time
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar, cast

from collector_sdk.base import BaseCollector

P = ParamSpec("P")
R = TypeVar("R")


def log_inferences(
    collector: BaseCollector,
    *,
    features: Callable[..., Mapping[str, object]] | None = None,
    prediction: Callable[[Any], object] | None = None,
    id: Callable[..., object] | None = None,  # noqa: A002 - the name that users know
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Log each call of a function, plain or `async`. A call that raises is not logged.

    :param features: makes the features of the call's arguments; by default the arguments by name, a mapping among
        them taken apart.
    :param prediction: makes the prediction of the returned value; by default the value itself.
    :param id: makes the inference id of the call's arguments.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        def log(arguments: tuple[Any, ...], keywords: dict[str, Any], result: object, called_at: float) -> None:
            try:
                collector.log(
                    _by_name(signature, arguments, keywords) if features is None else features(*arguments, **keywords),
                    prediction=result if prediction is None else prediction(result),
                    id=None if id is None else id(*arguments, **keywords),
                    timestamp=called_at,
                )
            except Exception as error:  # noqa: BLE001 - the user's own function failed: the model's answer must not
                collector.refuse(f"log_inferences: {type(error).__name__}: {error}")

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*arguments: P.args, **keywords: P.kwargs) -> Any:
                called_at = time.time()
                result = await function(*arguments, **keywords)
                log(arguments, keywords, result, called_at)
                return result

            return cast("Callable[P, R]", awaited)

        @functools.wraps(function)
        def called(*arguments: P.args, **keywords: P.kwargs) -> R:
            called_at = time.time()
            result = function(*arguments, **keywords)
            log(arguments, keywords, result, called_at)
            return result

        return called

    return decorate


def _by_name(signature: inspect.Signature, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> dict[str, object]:
    bound = signature.bind(*arguments, **keywords)
    bound.apply_defaults()
    features: dict[str, object] = {}
    for name, value in bound.arguments.items():
        if name in ("self", "cls"):
            continue
        features.update(value if isinstance(value, Mapping) else {name: value})
    return features
