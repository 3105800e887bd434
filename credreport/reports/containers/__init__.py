"""What a report may come in: archives of files, and texts that hold its CSV. A new one is a module here."""
