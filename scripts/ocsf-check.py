"""Checks one OCSF event a line against the published schema: see scripts/ocsf-check."""

import json
import sys

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

VERSION = "1.8.0"
published = get_ocsf_schema(version=VERSION)
schemas = OcsfJsonSchemaEmbedded(published)
validators = {}


def validator(uid, profiles):
    """JSON Schema of a class with profiles, made once."""
    key = (uid, *profiles)
    if key not in validators:
        name = schemas.lookup_class_name_from_uid(class_uid=uid)
        schema = schemas.get_class_schema(class_name=name, profiles=list(profiles))
        validators[key] = (published["classes"][name], Draft202012Validator(schema))
    return validators[key]


def violations(event):
    """What is wrong with an event, in sentences."""
    metadata = event.get("metadata", {})
    if metadata.get("version") != VERSION:
        yield f"metadata.version is {metadata.get('version')}, not {VERSION}"
    try:
        class_, check = validator(event.get("class_uid"), metadata.get("profiles", []))
    except (KeyError, ValueError) as error:
        yield f"class_uid {event.get('class_uid')} with these profiles: {error}"
        return
    for error in check.iter_errors(event):
        yield f"{error.json_path}: {error.message[:300]}"
    if event.get("type_uid") != event.get("class_uid", 0) * 100 + event.get("activity_id", 0):
        yield "type_uid is not class_uid * 100 + activity_id"
    for name, value in event.items():
        attribute = class_["attributes"].get(name, {})
        if "@deprecated" in attribute:
            yield f"{name} is deprecated"
        # A number and its caption must say the same; the caption of 99 (other) is the source's own.
        caption = attribute.get("enum", {}).get(str(value), {}).get("caption")
        said = event.get(attribute.get("sibling", ""))
        if said is not None and value != 99 and said != caption:
            yield f"{name} is {value} ({caption}), but {attribute['sibling']} says {said}"
    for name in ("class_name", "category_name"):
        known = class_["caption"] if name == "class_name" else class_["category_name"]
        if event.get(name, known) != known:
            yield f"{name} is {event[name]}, not {known}"


def main():
    """Reads all lines; says how many were checked, so that nobody takes silence for success."""
    checked = wrong = 0
    for number, line in enumerate(sys.stdin, 1):
        checked += 1
        for violation in violations(json.loads(line)):
            wrong += 1
            print(f"line {number}: {violation}")
    print(f"{checked} events checked against OCSF {VERSION}, {wrong} violations")
    sys.exit(1 if wrong or not checked else 0)


main()
