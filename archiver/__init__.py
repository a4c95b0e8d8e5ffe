"""The lowest floor: mirrors submissions from EDGAR to disk and verifies them. It knows nothing about searching."""
