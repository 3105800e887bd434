"""What the auditor decided about findings in the workbook of an earlier run."""
