"""Reading credential reports: inputs, containers, cells, and which reports to judge."""
