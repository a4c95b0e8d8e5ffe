"""Converting the library's results to the tools' answers."""

from __future__ import annotations

from archiver.edgar.endpoints import index_page
from edgarchive.mcp_server import models
from edgarchive.mcp_server.models import Contents
from indexer.engine import FacetCount
from indexer.passages.excerpts import HitSection
from indexer.search.hits import Hit, HitDocument
from indexer.search.records import Record, Status
from indexer.search.results import Results
from indexer.sections.sections import Section
from indexer.submission.header import Entity
from indexer.texts.model import StoredDocument, StoredSubmission

MOST_HIT_ENTITIES = 10
MOST_ENTITIES = 50
MOST_DOCUMENTS = 50
MOST_FORMS = 50


def meaning(total: int, contents: Contents, what: str = "filing") -> str:
    """What a `total` means for an archive with these contents."""
    held = (
        f"The archive holds {contents.filings:,} filings{_span(contents)}; it is a selection, not all of EDGAR."
        if contents.filings
        else "The archive holds no filings."
    )
    late = f" {contents.not_indexed:,} of them cannot be found yet." if contents.not_indexed else ""
    if total:
        return f"{held}{late} Filings outside of it are not counted."
    return f"No {what} in this archive matches. {held}{late} So this does not show that none exists on EDGAR."


def _span(contents: Contents) -> str:
    if contents.first_filing_date is None or contents.last_filing_date is None:
        return ""
    return f", filed from {contents.first_filing_date} to {contents.last_filing_date}"


def search_answer(results: Results, *, offset: int, contents: Contents) -> models.SearchAnswer:
    """One page of hits from `offset` on."""
    end = offset + len(results)
    return models.SearchAnswer(
        total=results.total,
        offset=offset,
        next_offset=end if len(results) and end < results.total else None,
        hits=[_hit(hit) for hit in results],
        interpreted_as=results.explain(),
        archive=contents,
        note=" ".join([meaning(results.total, contents), *_why_nothing(results)]),
    )


def _why_nothing(results: Results) -> list[str]:
    """Why nothing was found, in sentences."""
    if results.total:
        return []
    why = results.diagnose()
    return [f"{line[0].upper()}{line[1:]}." for line in (*why.unknown_lines(), *why.lines())]


def _hit(hit: Hit) -> models.SearchHit:
    document, section = hit.document, hit.section
    return models.SearchHit(
        accession=str(hit.accession),
        form=str(hit.form),
        filing_date=hit.filing_date,
        period_of_report=hit.period_of_report,
        items=list(hit.items),
        items_derived=hit.items_derived,
        entities=[
            models.EntityBrief(cik=None if one.cik is None else int(one.cik), name=one.name, role=one.role)
            for one in hit.entities[:MOST_HIT_ENTITIES]
        ],
        entity_count=len(hit.entities) + hit.entities_left_out,
        document=None if document is None else document_brief(document),
        section=None if section is None else section_brief(section),
        snippet=None if hit.excerpt is None else hit.excerpt.text,
        matches=hit.matches,
        url=hit.url,
        added=hit.added,
    )


def count_answer(
    results: Results, *, by: str | None, counts: tuple[FacetCount, ...], contents: Contents
) -> models.CountAnswer:
    """The total, and the count of each value."""
    return models.CountAnswer(
        total=results.total,
        by=by,
        counts=[models.ValueCount(value=one.value, name=one.name, count=one.count) for one in counts],
        interpreted_as=results.explain(),
        archive=contents,
        note=meaning(results.total, contents),
    )


def filing(submission: StoredSubmission, record: Record, *, documents_offset: int) -> models.Filing:
    """The header of a filing, and its documents from `documents_offset` on."""
    header, documents = submission.header, submission.documents
    end = documents_offset + MOST_DOCUMENTS
    return models.Filing(
        accession=str(submission.accession),
        form=str(record.form),
        filing_date=record.filing_date,
        accepted=header.acceptance_datetime,
        period_of_report=header.period_of_report,
        items=list(header.items),
        items_derived=header.items_derived,
        entities=[_entity(one) for one in header.entities[:MOST_ENTITIES]],
        entity_count=len(header.entities),
        documents=[_document_facts(one) for one in documents[documents_offset:end]],
        document_count=len(documents),
        next_documents_offset=end if end < len(documents) else None,
        withdrawn=record.withdrawn_at is not None,
        url=url_of(submission),
    )


def url_of(submission: StoredSubmission) -> str | None:
    """EDGAR's page of the filing; None if its header has no CIK."""
    cik = next((one.cik for one in submission.header.entities if one.cik is not None), None)
    return None if cik is None else index_page(cik, submission.accession)


def _entity(entity: Entity) -> models.FilingEntity:
    return models.FilingEntity(
        cik=None if entity.cik is None else int(entity.cik),
        name=entity.name,
        role=entity.role,
        sic=entity.sic,
        sic_description=entity.sic_description,
        state_of_incorporation=entity.state_of_incorporation,
        fiscal_year_end=entity.fiscal_year_end,
        former_names=[former.name for former in entity.former_names],
    )


def document_brief(document: HitDocument | StoredDocument) -> models.DocumentBrief:
    """The facts that identify a document."""
    return models.DocumentBrief(
        sequence=document.sequence,
        type=document.type,
        filename=document.filename,
        description=document.description,
    )


def section_brief(section: HitSection | Section) -> models.SectionBrief:
    """The facts that identify a section."""
    return models.SectionBrief(part=section.part, item=section.item, heading=section.heading)


def _document_facts(document: StoredDocument) -> models.DocumentFacts:
    return models.DocumentFacts(
        **document_brief(document).model_dump(),
        kind=document.kind,
        size_bytes=document.size,
        sections=[
            models.SectionFacts(
                **section_brief(one).model_dump(), chars=one.end - one.start, is_reference=one.is_reference
            )
            for one in document.sections()
        ],
    )


def company(entity: Entity, *, cik: int, newest: Hit, oldest: Hit, filings: int) -> models.Company:
    """A company as named in its latest filing."""
    return models.Company(
        cik=cik,
        name=entity.name,
        former_names=[former.name for former in entity.former_names],
        sic=entity.sic,
        sic_description=entity.sic_description,
        state_of_incorporation=entity.state_of_incorporation,
        filings=filings,
        first_filing_date=oldest.filing_date,
        last_filing_date=newest.filing_date,
    )


def archive_status(status: Status, contents: Contents) -> models.ArchiveStatus:
    """The contents of the archive."""
    years: dict[str, list[int]] = {}
    counts: dict[str, int] = {}
    for one in status.forms:
        years.setdefault(one.form, []).append(one.year)
        counts[one.form] = counts.get(one.form, 0) + one.count
    forms = sorted(counts, key=lambda form: (-counts[form], form))
    return models.ArchiveStatus(
        archive=contents,
        size_bytes=status.size,
        last_sync=status.last_sync,
        index_error=status.index_error,
        forms=[
            models.FormCount(form=form, filings=counts[form], first_year=min(years[form]), last_year=max(years[form]))
            for form in forms[:MOST_FORMS]
        ],
        form_count=len(forms),
        note=meaning(contents.filings, contents),
    )
