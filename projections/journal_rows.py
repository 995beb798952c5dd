"""The poster's rows as other views read them: stored schedules, and rows to copy."""

from store.copying import write_rows as copy
from store.unit_states import schedule_of

__all__ = ["copy", "schedule_of"]
