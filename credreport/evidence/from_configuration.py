"""What a configuration file decided -> the evidence that says so."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from credreport.evidence.evidence import Block, Evidence
from credreport.rules.option_file import Configuration
from credreport.rules.toml_file import as_written

ROLE = "configuration"


def with_configuration(evidence: Evidence, configuration: Configuration | None) -> Evidence:
    """Return the evidence with what the file decided: in facts, parameters, Inputs and manifest.

    The names of the files do not change: they say what was asked, wherever it was written.
    """
    if configuration is None or not configuration.options:
        return evidence
    file, options = configuration.file, configuration.options
    said = [(name, as_written(value)) for name, value in options.items()]
    table = pd.DataFrame(said, columns=["option", "value"], dtype="str")
    block = Block(f"Options taken from {file}", ("Option", "Value"), table)
    words = ", ".join(f"{name} = {text}" for name, text in said)
    return replace(
        evidence,
        facts=(*evidence.facts, (f"Taken from {file.name}", words)),
        parameters={
            **evidence.parameters,
            ROLE: dict(options),
            f"{ROLE}_file": str(file),
        },
        option_files={**evidence.option_files, ROLE: file},
        inputs=replace(evidence.inputs, blocks=(*evidence.inputs.blocks, block)),
    )
