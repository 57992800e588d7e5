"""The parts of the report: what each section shows, read from the catalogue; page and style."""
