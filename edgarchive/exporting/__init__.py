"""What leaves the archive: tables of filings, documents, sections and hits, and documents as they were filed."""
