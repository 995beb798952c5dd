"""A tax engine behind HTTP: asked with a limit, asked again when it stumbles, left alone when down.

Whatever it does, the worst that comes of it is a refusal by name: `tax-engine-unreachable`,
`tax-engine-late`, `tax-engine-nonsense`, `tax-engine-refused`, or `tax-engine-down` while the
breaker keeps a run from asking what fails again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import sleep

import httpx
from msgspec import Struct
from pybreaker import CircuitBreaker, CircuitBreakerError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from domain.errors import Rejected
from domain.tax.answer import sound
from domain.tax.port import TaxMessage
from domain.tax.question import TaxAnswer, TaxQuestion
from replay.tax.contract import answers, asked, told

QUESTIONS_TOGETHER = 200
_TOO_MANY, _SERVER_ERROR = 429, 500


class Patience(Struct, frozen=True, kw_only=True):
    """How long an engine is waited for, how often asked, and when and for how long no more."""

    seconds: float = 10
    attempts: int = 3
    longest_wait: int = 5
    failures: int = 3
    rest_seconds: int = 30
    sleep: Callable[[float], None] = sleep


USUAL = Patience()


class HttpEngine:
    """One engine by its name and address; `token` opens it. Keeps its connection: close it."""

    def __init__(
        self, name: str, url: str, token: str | None = None, patience: Patience = USUAL
    ) -> None:
        self._name = name
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._client = httpx.Client(base_url=url, headers=headers, timeout=patience.seconds)
        self._breaker = CircuitBreaker(
            fail_max=patience.failures, reset_timeout=patience.rest_seconds
        )
        self._again = Retrying(
            retry=retry_if_exception(_may_pass),
            stop=stop_after_attempt(patience.attempts),
            wait=wait_random_exponential(max=patience.longest_wait),
            sleep=patience.sleep,
            reraise=True,
        )

    def close(self) -> None:
        self._client.close()

    def quote(self, questions: Sequence[TaxQuestion]) -> list[TaxAnswer | Rejected]:
        """A request for some hundred documents; where one fails, those in it wait, not the rest."""
        found: list[TaxAnswer | Rejected] = []
        for first in range(0, len(questions), QUESTIONS_TOGETHER):
            found += self._quote(questions[first : first + QUESTIONS_TOGETHER])
        return found

    def commit(self, message: TaxMessage) -> None:
        self._tell(message)

    def adjust(self, message: TaxMessage) -> None:
        self._tell(message)

    def void(self, message: TaxMessage) -> None:
        self._tell(message)

    def _quote(self, questions: Sequence[TaxQuestion]) -> list[TaxAnswer | Rejected]:
        try:
            body = self._post("quotes", asked(questions), {})
        except Rejected as refusal:
            return [refusal for _ in questions]
        pairs = zip(questions, answers(body, questions, self._name), strict=True)
        return [_checked(question, answer) for question, answer in pairs]

    def _tell(self, message: TaxMessage) -> None:
        self._post("documents", told(message), {"Idempotency-Key": message.key})

    def _post(self, path: str, content: bytes, headers: dict[str, str]) -> bytes:
        """The body of an answer. Raises Rejected, by name, for whatever goes wrong."""
        try:
            body: bytes = self._breaker.call(self._again, self._once, path, content, headers)
        except CircuitBreakerError:
            raise Rejected("tax-engine-down", engine=self._name) from None
        except httpx.TimeoutException:
            raise Rejected("tax-engine-late", engine=self._name) from None
        except httpx.HTTPStatusError as problem:
            status = problem.response.status_code
            raise Rejected(
                "tax-engine-unreachable", engine=self._name, detail=f"HTTP {status}"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            told = type(problem).__name__
            raise Rejected("tax-engine-unreachable", engine=self._name, detail=told) from None
        return body

    def _once(self, path: str, content: bytes, headers: dict[str, str]) -> bytes:
        return self._client.post(path, content=content, headers=headers).raise_for_status().content


def _may_pass(problem: BaseException) -> bool:
    """What another attempt may cure: a line that broke, a server that stumbled or is too busy."""
    if isinstance(problem, httpx.HTTPStatusError):
        status = problem.response.status_code
        return status == _TOO_MANY or status >= _SERVER_ERROR
    return isinstance(problem, httpx.TransportError)


def _checked(question: TaxQuestion, answer: TaxAnswer | Rejected) -> TaxAnswer | Rejected:
    if isinstance(answer, Rejected):
        return answer
    try:
        return sound(question, answer)
    except Rejected as refusal:
        return refusal
