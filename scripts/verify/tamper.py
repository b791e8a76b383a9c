#!/usr/bin/env python3
"""Writes copies of a log's JSON, each with one artefact changed in one bit: tamper.py FILE.json FOLDER [SEED]

A verifier must refuse every one of them. The seed is printed; give it to get the same changes again.
"""

import base64
import json
import pathlib
import random
import sys


def flip(text, chance):
    """One bit of one byte; what is base64 is changed in what it says, and sometimes only in how it is spelled."""
    try:
        data = bytearray(base64.b64decode(text, validate=True))
    except ValueError:
        data = bytearray()
    if data and chance.random() < 0.7:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        return base64.b64encode(data).decode()
    at = chance.randrange(len(text))
    changed = chr(ord(text[at]) ^ (1 << chance.randrange(7)))
    return text[:at] + changed + text[at + 1 :]


def places(file):
    """Every artefact as a path into the file, and its text."""
    for name in ("origin", "log_vkey", "witness_vkey"):
        yield [name]
    for size in file["checkpoints"]:
        yield ["checkpoints", size]
    for kind in ("inclusion", "consistency"):
        for at, item in enumerate(file[kind]):
            if "leaf_hash" in item:
                yield [kind, at, "leaf_hash"]
            for number in range(len(item["proof"])):
                yield [kind, at, "proof", number]
    for at in range(len(file.get("entries", []))):
        yield ["entries", at]
    for path in file.get("tiles", {}):
        yield ["tiles", path]
    for name in file:
        if name.startswith("tlog_proof_"):
            yield [name]


def main():
    source, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)
    chance = random.Random(seed)
    print(f"tamper.py: seed {seed}", file=sys.stderr)
    folder.mkdir(parents=True, exist_ok=True)
    text = pathlib.Path(source).read_text(encoding="utf-8")
    all_places = list(places(json.loads(text)))
    # Sixty of them, and one of every kind for certain: a whole log takes long.
    kinds = {str(place[0])[:11]: place for place in all_places}
    chosen = list(kinds.values()) + chance.sample(all_places, min(60, len(all_places)))
    for number, place in enumerate(chosen):
        file = json.loads(text)
        *way, last = place
        holder = file
        for step in way:
            holder = holder[step]
        holder[last] = flip(holder[last], chance)
        name = "-".join(map(str, place)).replace("/", "_")
        (folder / f"{number:03}-{name}.json").write_text(json.dumps(file), encoding="utf-8")


if __name__ == "__main__":
    main()
