"""KServe's manifests against the classes of its SDK: run in an environment of its own.

Usage: kserve_manifests.py MANIFEST...
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import kserve
import kubernetes.client
import yaml

KINDS = {
    "ServingRuntime": "V1alpha1ServingRuntime",
    "InferenceService": "V1beta1InferenceService",
}
PLAIN: dict[str, Any] = {"str": str, "int": int, "bool": bool, "float": (int, float)}


def check(value: Any, kind: str, place: str) -> None:  # noqa: ANN401 - of YAML
    """Hold a value against a type of the API, by the name that the SDK has for it."""
    if match := re.fullmatch(r"list\[(.+)\]", kind):
        assert isinstance(value, list), place
        for index, one in enumerate(value):
            check(one, match[1], f"{place}[{index}]")
    elif match := re.fullmatch(r"dict\(str, (.+)\)", kind):
        assert isinstance(value, dict), place
        for key, one in value.items():
            check(one, match[1], f"{place}.{key}")
    elif kind in PLAIN:
        assert isinstance(value, PLAIN[kind]), f"{place} is {value!r}; expected {kind}"
    elif model := getattr(kserve, kind, None) or getattr(kubernetes.client, kind, None):
        check_object(value, model, place)


def check_object(value: Any, model: Any, place: str) -> None:  # noqa: ANN401 - generated classes
    names = {key: name for name, key in model.attribute_map.items()}
    unknown = set(value) - set(names)
    assert not unknown, f"{place} has {unknown}; {model.__name__} has {sorted(names)}"
    for key, one in value.items():
        check(one, model.openapi_types[names[key]], f"{place}.{key}")
    # What must be there: the class refuses to be made without it.
    model(**{names[key]: one for key, one in value.items()})


def main() -> None:
    for path in sys.argv[1:]:
        for document in yaml.safe_load_all(Path(path).read_text(encoding="utf-8")):
            check_object(document, getattr(kserve, KINDS[document["kind"]]), document["kind"])
            sys.stdout.write(f"{document['kind']}\n")


if __name__ == "__main__":
    main()
