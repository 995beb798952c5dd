"""A process of its own that sends commands to a ledger: prints each key's answer as JSON.

python -m tests.api.submitting DSN SEED
"""

import json
import random
import sys
from datetime import UTC, date, datetime
from threading import Semaphore

from api.committer import Committers
from domain.facts import When
from domain.party import AmendCustomer, RegisterCustomer
from replay.ledger import Ledger
from store.request import Receipt, Request

COMMANDS = 240
CUSTOMERS = 6
IN_FLIGHT = 16
WHEN = When(effective=date(2026, 1, 1))


def requests():
    """Every customer is registered twice, and amended many times."""
    for number in range(COMMANDS):
        name = f"c{number % CUSTOMERS}"
        again = number < 2 * CUSTOMERS
        yield Request(
            entity="e",
            stream=f"customer:{name}",
            key=f"k{number}",
            command=(
                RegisterCustomer(when=WHEN, currency="USD")
                if again
                else AmendCustomer(when=WHEN, party=f"p{number}")
            ),
        )


def shuffled(seed):
    """The registrations first, or an amendment would be refused; all else as chance has it."""
    all_ = [*requests()]
    first, later = all_[:CUSTOMERS], all_[CUSTOMERS:]
    chance = random.Random(seed)
    chance.shuffle(first)
    chance.shuffle(later)
    return first, later


def told(outcome):
    if isinstance(outcome, Receipt):
        return list(outcome.positions)
    return outcome.code


def main(dsn, seed):
    free, answers = Semaphore(IN_FLIGHT), {}
    with Ledger.open(dsn, lambda: datetime.now(UTC)) as ledger:
        committers = Committers(ledger)
        for wave in shuffled(seed):
            waiting = []
            for request in wave:
                free.acquire()
                answer = committers.submit(request)
                answer.add_done_callback(lambda _: free.release())
                waiting.append((request.key, answer))
            answers |= {key: told(answer.result(60)) for key, answer in waiting}
        committers.stop()
    sys.stdout.write(json.dumps(answers))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
