"""The remediation script as a file."""

from __future__ import annotations

from credreport.evidence.evidence import Evidence
from credreport.output.formats import Files
from credreport.output.pictures import Options


def write_sh(evidence: Evidence, _: Options, _files: Files) -> Files:
    """Return the remediation script."""
    return {f"{evidence.stem}-remediate.sh": evidence.script.encode("utf-8", "backslashreplace")}
