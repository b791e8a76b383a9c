#!/usr/bin/env python3
"""Checks what a log states and proves, with nothing of writ's: pymerkle, cryptography, and RFC 6962 in a dozen lines.

    verify.py FILE.json    exit 0: everything holds, 1: something does not, 2: the file cannot be read

The file has the shape of crates/ledger/fixtures/tlog-vectors.json; `entries` (base64) may stand for `entry_template`.
"""

import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pymerkle import InmemoryTree, InvalidProof, verify_consistency, verify_inclusion


class Refused(Exception):
    pass


def require(condition, what):
    if not condition:
        raise Refused(what)


def unbase64(text):
    data = base64.b64decode(text, validate=True)
    require(base64.b64encode(data).decode() == text, f"not canonical base64: {text!r}")
    return data


def hash_of(text):
    data = unbase64(text)
    require(len(data) == 32, f"not a hash: {text!r}")
    return data


def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def mth(leaves):
    """RFC 6962, section 2.1."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path_root(m, n, node, proof):
    """The root that RFC 6962, section 2.1.1, leads to from leaf m of n: the recursion, read upwards."""
    if n == 1:
        require(not proof, "an inclusion proof is too long")
        return node
    require(proof, "an inclusion proof is too short")
    k = 1 << ((n - 1).bit_length() - 1)
    if m < k:
        return hashlib.sha256(b"\x01" + path_root(m, k, node, proof[:-1]) + proof[-1]).digest()
    return hashlib.sha256(b"\x01" + proof[-1] + path_root(m - k, n - k, node, proof[:-1])).digest()


class Key:
    def __init__(self, vkey, algorithm):
        self.name, self.id, key = vkey.split("+", 2)
        key = unbase64(key)
        require(key[0] == algorithm and len(key) == 33, f"not a key of type {algorithm}: {vkey}")
        expected = hashlib.sha256(self.name.encode() + b"\n" + key).hexdigest()[:8]
        require(self.id == expected, f"the id of {vkey} does not belong to it")
        self.public = Ed25519PublicKey.from_public_bytes(key[1:])

    def signatures(self, lines):
        for line in lines:
            dash, name, data = line.split(" ")
            data = unbase64(data)
            require(dash == "—", f"not a signature line: {line!r}")
            if name == self.name and data[:4].hex() == self.id:
                yield data[4:]

    def verify(self, signature, message):
        try:
            self.public.verify(signature, message)
        except InvalidSignature:
            raise Refused(f"a signature of {self.name} is false") from None


def checkpoint(file, note):
    """Size and root, once the signatures of log and witness hold."""
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    require(lines.endswith("\n") and "\r" not in note, "not a note")
    lines = lines[:-1].split("\n")
    log = Key(file["log_vkey"], 1)
    signatures = list(log.signatures(lines))
    require(signatures, "not signed by the log")
    for signature in signatures:
        log.verify(signature, text.encode())
    if file.get("witness_vkey"):
        witness = Key(file["witness_vkey"], 4)
        cosignatures = list(witness.signatures(lines))
        require(cosignatures, "not cosigned by the witness")
        for cosignature in cosignatures:
            time = int.from_bytes(cosignature[:8], "big")
            witness.verify(cosignature[8:], f"cosignature/v1\ntime {time}\n{text}".encode())
    origin, size, root, *_ = text.split("\n")
    require(origin == file["origin"] == log.name, "of another log")
    require(size == str(int(size)), f"size {size!r}")
    return int(size), hash_of(root)


def entries(file):
    if "entries" in file:
        return [unbase64(entry) for entry in file["entries"]]
    template = '{"n":%d,"t":"2026-01-01T00:00:00Z","type":"dev.writ.tool.decision"}'
    return [(template % n).encode() for n in range(300)] if "entry_template" in file else None


def check_inclusion(size, index, leaf, proof, roots, leaves):
    require(0 <= index < size, f"no entry {index} in {size}")
    require(size in roots, f"no checkpoint of size {size}")
    require(path_root(index, size, leaf, proof) == roots[size], f"inclusion of {index} in {size}: another root")
    if leaves is not None:
        require(index < len(leaves) and leaves[index] == leaf, f"inclusion of {index}: not the entry's leaf hash")


def check_with_pymerkle(file, data, roots):
    """pymerkle's tree over the same entries has the same roots, and takes the log's inclusion proofs.

    Its consistency proofs are laid out differently from RFC 6962's: it proves the roots consistent by its own.
    """
    tree = InmemoryTree(algorithm="sha256")
    for entry in data:
        tree.append_entry(entry)
    for size, root in roots.items():
        if 0 < size <= len(data):
            require(tree.get_root(size) == root, f"pymerkle has another root for {size}")
    for item in file["inclusion"]:
        index, size, leaf = item["index"] + 1, item["size"], leaf_hash(data[item["index"]])
        proof = tree.prove_inclusion(index, size)
        # Its path begins with the leaf itself; the rest is replaced by what the log gave.
        proof.path = [leaf, *map(hash_of, item["proof"])]
        verify_inclusion(leaf, roots[size], proof, index=index, size=size, algorithm="sha256")
    for item in file["consistency"]:
        if 0 < item["from"] and item["to"] <= len(data):
            proof = tree.prove_consistency(item["from"], item["to"])
            verify_consistency(roots[item["from"]], roots[item["to"]], proof)


def check_offline_proof(file, text, leaves):
    head, _, note = text.partition("\n\n")
    header, *lines = head.split("\n")
    require(header == "c2sp.org/tlog-proof@v1", "not a tlog-proof")
    if lines and lines[0].startswith("extra "):
        unbase64(lines.pop(0)[6:])
    require(lines and lines[0].startswith("index "), "no index")
    index = int(lines[0][6:])
    require(lines[0] == f"index {index}" and leaves and index < len(leaves), lines[0])
    size, root = checkpoint(file, note)
    check_inclusion(size, index, leaves[index], list(map(hash_of, lines[1:])), {size: root}, leaves)


def check_consistency(m, n, proof, roots):
    """RFC 9162, section 2.1.4.2."""
    require(m in roots and n in roots and m <= n, f"no checkpoints for {m} to {n}")
    if m in (0, n):
        require(not proof and (m == 0 or roots[m] == roots[n]), f"consistency {m} to {n}")
        return
    if m & (m - 1) == 0:
        proof = [roots[m], *proof]
    require(proof, f"consistency {m} to {n}: too short")
    fn, sn = m - 1, n - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = proof[0]
    for node in proof[1:]:
        require(sn, f"consistency {m} to {n}: too long")
        if fn & 1 or fn == sn:
            old = hashlib.sha256(b"\x01" + node + old).digest()
            new = hashlib.sha256(b"\x01" + node + new).digest()
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = hashlib.sha256(b"\x01" + new + node).digest()
        fn, sn = fn >> 1, sn >> 1
    require(sn == 0 and old == roots[m] and new == roots[n], f"consistency {m} to {n}: another root")


def check_tile(path, data, leaves):
    place, _, width = path.removeprefix("tile/").partition(".p/")
    level, _, groups = place.partition("/")
    index, span, width = int(groups.replace("x", "").replace("/", "")), 256 ** int(level), int(width or 256)
    starts = [(index * 256 + i) * span for i in range(width)]
    require(starts[-1] + span <= len(leaves), f"{path} is beyond the entries")
    expected = b"".join(mth(leaves[start : start + span]) for start in starts)
    require(data == expected, f"{path}: other hashes follow from the entries")


def check(file):
    data = entries(file)
    leaves = None if data is None else [leaf_hash(entry) for entry in data]
    roots = {}
    for key, note in file["checkpoints"].items():
        size, root = checkpoint(file, note)
        require(str(size) == key, f"checkpoint {key} is of size {size}")
        if leaves is not None and size <= len(leaves):
            require(mth(leaves[:size]) == root, f"checkpoint {key}: another root follows from the entries")
        roots[size] = root
    for item in file["inclusion"]:
        proof = list(map(hash_of, item["proof"]))
        check_inclusion(item["size"], item["index"], hash_of(item["leaf_hash"]), proof, roots, leaves)
    for item in file["consistency"]:
        check_consistency(item["from"], item["to"], list(map(hash_of, item["proof"])), roots)
    for key in file:
        if key.startswith("tlog_proof_"):
            check_offline_proof(file, file[key], leaves)
    for path, tile in file.get("tiles", {}).items():
        check_tile(path, unbase64(tile), leaves)
    if data is not None:
        check_with_pymerkle(file, data, roots)


def main():
    try:
        with open(sys.argv[1], encoding="utf-8", newline="") as text:
            file = json.load(text)
    except (IndexError, OSError, ValueError) as error:
        print("cannot read:", error, file=sys.stderr)
        return 2
    try:
        check(file)
    except (Refused, InvalidProof, ValueError, KeyError, IndexError) as error:
        print("REFUSED:", error, file=sys.stderr)
        return 1
    counts = (len(file["checkpoints"]), len(file["inclusion"]), len(file["consistency"]), file["origin"])
    print("ok: %d checkpoints, %d inclusion and %d consistency proofs of %s" % counts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
