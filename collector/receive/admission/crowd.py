"""How many requests are under way in this process."""

from collector.receive.problems import Overloaded


class Crowd:
    """A bounded number of requests, whichever way they came in. State: how many there are."""

    def __init__(self, most: int) -> None:
        self.count = 0
        self._most = most

    def refusal(self) -> Overloaded | None:
        """What to tell one more; None when there is room. Changes nothing."""
        if self.count < self._most:
            return None
        return Overloaded(
            f"{self._most} requests are under way, and there may be no more at once",
            reason="concurrent",
            limit=self._most,
        )

    def enter(self) -> None:
        """Raises Overloaded; then there is nothing to leave."""
        refusal = self.refusal()
        if refusal is not None:
            raise refusal
        self.let_in()

    def let_in(self) -> None:
        """Whoever asked for a refusal, and got none, is in."""
        self.count += 1

    def leave(self) -> None:
        self.count -= 1
