"""Whether a submission's bytes are whole: envelope, signature, header facts."""
