"""Make sarif-2.1.0.json: the part of the published schema of SARIF that describes what we write.

    python tests/marking/schemas/make.py sarif-2.1.0-rtm.5.json

The argument is the schema as the npm package @microsoft/jest-sarif 1.0.0-beta.0 holds it, in lib/schemas.  Definitions that we
do not use are replaced by one that nothing fits, so that the part is stricter than the whole; descriptions are left out.

junit-10.xsd, beside it, is the schema of Jenkins' xUnit plugin as the sdist of pytest 8.3.3 holds it, in testing/example_scripts.
"""

import json
import sys
from pathlib import Path

USED = [
    "artifactLocation",
    "location",
    "message",
    "multiformatMessageString",
    "physicalLocation",
    "propertyBag",
    "region",
    "reportingConfiguration",
    "reportingDescriptor",
    "result",
    "run",
    "suppression",
    "tool",
    "toolComponent",
]


def without_descriptions(x):
    if isinstance(x, dict):
        return {key: without_descriptions(value) for key, value in x.items() if not (key == "description" and isinstance(value, str))}
    return [without_descriptions(value) for value in x] if isinstance(x, list) else x


def main(published):
    schema = without_descriptions(json.loads(Path(published).read_text(encoding="utf-8")))
    schema["definitions"] = {name: part if name in USED else {"not": {}} for name, part in schema["definitions"].items()}
    text = json.dumps(schema, indent=1) + "\n"
    Path(__file__).with_name("sarif-2.1.0.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
