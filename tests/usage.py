"""A row of usage as a source sends it."""


def usage_row(event_id, quantity="1", at="2024-01-10T12:00:00Z", subscription="s1", **more):
    return {
        "event_id": event_id,
        "subscription": subscription,
        "meter": "calls",
        "quantity": quantity,
        "occurred_at": at,
    } | more
