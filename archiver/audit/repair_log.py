"""The record of a repair: what it checked, repaired and left, and its report."""

from __future__ import annotations

from dataclasses import field, replace

from archiver.audit.findings import FileReport, Finding
from archiver.errors import DamageError
from archiver.startup.dataclass import dataclass

_MAX_LISTED = 1000
"""Added files that the report names one by one; of any more it gives only the number."""


@dataclass(frozen=True, slots=True)
class RepairReport(FileReport):
    """The state of the archive after a repair, as in `FileReport`, and the findings it `repaired`.

    The message of each repaired finding says what was wrong and what was done.
    """

    repaired: tuple[Finding, ...] = ()


@dataclass(slots=True)
class RepairLog:
    """Counts and findings of one repair while it runs."""

    checked: int = 0
    ok: int = 0
    signed: int = 0
    acknowledged: int = 0
    added: int = 0
    left: list[Finding] = field(default_factory=list)
    repaired: list[Finding] = field(default_factory=list)

    def count_ok(self, signature: str | None) -> None:
        """Count a file without a finding; `signature` is the state of its PEM signature, None if it has none."""
        self.ok += 1
        self.signed += signature == "valid"

    def done(self, finding: Finding, what: str) -> None:
        """Record that `finding` was repaired; `what` says how."""
        self.repaired.append(replace(finding, message=f"{finding.message}; {what}"))

    def leave(self, finding: Finding, why: str) -> None:
        """Record that `finding` remains; `why` says what prevented a repair."""
        self.left.append(replace(finding, message=f"{finding.message}; {why}"))

    def count_added(self, finding: Finding) -> None:
        """Record that a file without a row got one."""
        self.added += 1
        self.checked += 1
        if self.added <= _MAX_LISTED:
            self.done(finding, "it was added to the catalogue")

    def report(self, lost: DamageError | None, catalogue: str) -> RepairReport:
        """The result; `lost` is the damage of a catalogue that was replaced, `catalogue` its file name."""
        repaired = list(self.repaired)
        if lost is not None:
            message = f"{lost.message}; it was rebuilt from {self.added} stored files"
            repaired.insert(0, Finding("catalogue-damaged", None, catalogue, message))
        if (more := self.added - _MAX_LISTED) > 0:
            repaired.append(Finding("uncatalogued", None, "submissions", f"{more} more files were added"))
        return RepairReport(self.checked, self.ok, self.signed, tuple(self.left), self.acknowledged, tuple(repaired))
