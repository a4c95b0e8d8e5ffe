"""Why a search finds nothing."""
