"""Revenue for what was performed before a day and earned since: catch-ups (rule 42)."""

from __future__ import annotations

from datetime import date

from domain.accounting.curves import first_day, standing
from domain.accounting.schedule import Flow
from domain.calendar import ONE_DAY


def earlier_minor(flow: Flow, first: date, last: date) -> int:
    """What of a flow that catches up within [first, last] is for performance before `first`: what
    that comes to now, less what it came to before.
    """
    if flow.caught is None or not first <= first_day(flow.curve) <= last:
        return 0
    before = first - ONE_DAY
    now = standing(flow.caught.now, before)
    return now - sum(standing(curve, before) for curve in flow.caught.before)
