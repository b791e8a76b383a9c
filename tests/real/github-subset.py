"""Cuts GitHub's own OpenAPI description down to what a GitHub App's token is for: FULL.json SUBSET.json

Prism needs a minute and a gigabyte for the whole. Left out: every other path, webhooks, components nothing refers to.
Changed in one place: the example of an installation token has expired in 2016, and whoever checks the expiry rightly
refuses it; here it expires in 2099.
"""

import json
import re
import sys

PATHS = re.compile(
    r"^(/app(/installations(/\{installation_id\}(/access_tokens)?)?)?"
    r"|/installation/(token|repositories)|/repos/\{owner\}/\{repo\}(/installation|/pulls)?)$"
)
EXPIRES_AT = "2099-01-01T00:00:00Z"


def references(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def reached(full, paths):
    """The components the paths refer to, directly or through others."""
    components, waiting = {}, list(references(paths))
    while waiting:
        _, _, kind, name = waiting.pop().split("/")
        if name not in components.setdefault(kind, {}):
            components[kind][name] = full["components"][kind][name]
            waiting.extend(references(components[kind][name]))
    return components


def subset(full):
    paths = {path: item for path, item in full["paths"].items() if PATHS.match(path)}
    kept = {key: full[key] for key in ("openapi", "info", "servers")}
    kept |= {"paths": paths, "components": reached(full, paths)}
    kept["components"]["examples"]["installation-token"]["value"]["expires_at"] = EXPIRES_AT
    return kept


def main():
    source, target = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        full = json.load(file)
    with open(target, "w", encoding="utf-8") as file:
        json.dump(subset(full), file, indent=1)


main()
