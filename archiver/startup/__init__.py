"""Work that would make every start slower, put off until it is needed."""
