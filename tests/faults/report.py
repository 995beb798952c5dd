"""What a run of faults says of itself: its seed, what was done, what was compared, and how sure."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from msgspec import Struct, field


class Report(Struct, kw_only=True):
    """Counts of one run. A run that found a difference has no report: it stopped."""

    what: str
    seed: int
    seconds: Decimal = Decimal(0)
    faults: Counter[str] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)

    def bounds(self) -> dict[str, str]:
        """No failure in n faults: with 95 % confidence fewer than 3 in n fail."""
        totals: Counter[str] = Counter()
        for name, count in self.faults.items():
            totals[name.partition(":")[0]] += count
        return {
            kind: f"0 of {n} failed; 95 % bound 3/{n} = {_share(n)}" for kind, n in totals.items()
        }

    def as_builtins(self) -> dict[str, object]:
        return {
            "what": self.what,
            "seed": self.seed,
            "seconds": str(self.seconds),
            "faults": dict(sorted(self.faults.items())),
            "bounds": self.bounds(),
            "counts": dict(sorted(self.counts.items())),
            "compared": dict(sorted(self.compared.items())),
        }

    def lines(self) -> list[str]:
        told = [f"{self.what} --seed {self.seed}: {self.seconds} s"]
        for title, rows in (
            ("faults", self.faults),
            ("counts", self.counts),
            ("compared", self.compared),
        ):
            told.append(f"{title}:")
            told += [f"  {count:>10,}  {name}" for name, count in sorted(rows.items())]
        return [*told, *(f"{kind}: {words}" for kind, words in self.bounds().items())]


def _share(count: int) -> str:
    return f"{(Decimal(3) / count).quantize(Decimal('0.0001'))}"
