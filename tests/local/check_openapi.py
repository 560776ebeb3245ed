"""Checks that what a stack serves at /openapi.json is OpenAPI 3.1, with a validator that is not ours.

    .venv/bin/python tests/local/check_openapi.py http://localhost:9000
"""

import json
import sys
import urllib.request

from openapi_spec_validator import OpenAPIV31SpecValidator


def main():
    if len(sys.argv) != 2:
        raise SystemExit(".venv/bin/python tests/local/check_openapi.py URL")
    with urllib.request.urlopen(f"{sys.argv[1]}/openapi.json", timeout=10) as answer:
        document = json.load(answer)
    faults = [f"{'/'.join(map(str, fault.absolute_path))}: {fault.message}" for fault in OpenAPIV31SpecValidator(document).iter_errors()]
    if faults:
        raise SystemExit("\n".join(["/openapi.json is no OpenAPI 3.1:", *faults]))


if __name__ == "__main__":
    main()
