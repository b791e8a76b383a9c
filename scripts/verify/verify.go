// Checks what a log states and proves, with nothing of writ's: Go's own notes and trees, and crypto/ed25519.
//
//	verify.go FILE.json    exit 0: everything holds · 1: something does not · 2: the file cannot be read
//
// The file has the shape of crates/ledger/fixtures/tlog-vectors.json; optional are entries (base64, instead of
// entry_template), tlog_proof_<size>_<index>, and tiles (base64 by path). It is built with Debian's golang-golang-x-mod-dev.
package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type vectors struct {
	Origin      string            `json:"origin"`
	LogKey      string            `json:"log_vkey"`
	WitnessKey  string            `json:"witness_vkey"`
	Template    string            `json:"entry_template"`
	Entries     []string          `json:"entries"`
	Checkpoints map[string]string `json:"checkpoints"`
	Inclusion   []struct {
		Size  int64    `json:"size"`
		Index int64    `json:"index"`
		Leaf  string   `json:"leaf_hash"`
		Proof []string `json:"proof"`
	} `json:"inclusion"`
	Consistency []struct {
		From  int64    `json:"from"`
		To    int64    `json:"to"`
		Proof []string `json:"proof"`
	} `json:"consistency"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "use: verify.go FILE.json")
		os.Exit(2)
	}
	data, err := os.ReadFile(os.Args[1])
	var v vectors
	if err == nil {
		err = json.Unmarshal(data, &v)
	}
	var rest map[string]json.RawMessage
	if err == nil {
		err = json.Unmarshal(data, &rest)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot read:", err)
		os.Exit(2)
	}
	if err := v.verify(rest); err != nil {
		fmt.Fprintln(os.Stderr, "REFUSED:", err)
		os.Exit(1)
	}
	fmt.Printf("ok: %d checkpoints, %d inclusion and %d consistency proofs of %s\n",
		len(v.Checkpoints), len(v.Inclusion), len(v.Consistency), v.Origin)
}

func (v *vectors) verify(rest map[string]json.RawMessage) error {
	leaves, err := v.leaves()
	if err != nil {
		return err
	}
	roots := map[int64]tlog.Hash{}
	for size, text := range v.Checkpoints {
		n, root, err := v.checkpoint(text)
		if err != nil {
			return fmt.Errorf("checkpoint %s: %w", size, err)
		}
		if strconv.FormatInt(n, 10) != size {
			return fmt.Errorf("checkpoint %s is of size %d", size, n)
		}
		if leaves != nil && n <= int64(len(leaves)) && mth(leaves[:n]) != root {
			return fmt.Errorf("checkpoint %s: another root follows from the entries", size)
		}
		roots[n] = root
	}
	for _, p := range v.Inclusion {
		leaf, err := tlog.ParseHash(p.Leaf)
		if err != nil {
			return err
		}
		if leaves != nil && (p.Index >= int64(len(leaves)) || leaves[p.Index] != leaf) {
			return fmt.Errorf("inclusion of %d: the leaf hash is not the entry's", p.Index)
		}
		if err := included(p.Size, p.Index, leaf, p.Proof, roots); err != nil {
			return err
		}
	}
	for _, p := range v.Consistency {
		proof, err := hashes(p.Proof)
		if err != nil {
			return err
		}
		from, ok1 := roots[p.From]
		to, ok2 := roots[p.To]
		if !ok1 || !ok2 {
			return fmt.Errorf("consistency %d to %d: no checkpoint", p.From, p.To)
		}
		if err := tlog.CheckTree(tlog.TreeProof(proof), p.To, to, p.From, from); err != nil {
			return fmt.Errorf("consistency %d to %d: %w", p.From, p.To, err)
		}
	}
	for name, raw := range rest {
		if strings.HasPrefix(name, "tlog_proof_") {
			if err := v.offlineProof(raw, leaves); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return v.tiles(rest["tiles"], leaves)
}

// leaves returns the hash of every entry, or nil when the file has no entries.
func (v *vectors) leaves() ([]tlog.Hash, error) {
	var leaves []tlog.Hash
	if v.Entries == nil && v.Template != "" {
		for i := 0; i < 300; i++ {
			entry := fmt.Sprintf(`{"n":%d,"t":"2026-01-01T00:00:00Z","type":"dev.writ.tool.decision"}`, i)
			leaves = append(leaves, tlog.RecordHash([]byte(entry)))
		}
	}
	for _, entry := range v.Entries {
		data, err := unbase64(entry)
		if err != nil {
			return nil, err
		}
		leaves = append(leaves, tlog.RecordHash(data))
	}
	return leaves, nil
}

// checkpoint verifies the log's signature with x/mod and the witness's with crypto/ed25519.
func (v *vectors) checkpoint(text string) (int64, tlog.Hash, error) {
	none := tlog.Hash{}
	verifier, err := note.NewVerifier(v.LogKey)
	if err != nil {
		return 0, none, err
	}
	if parts := strings.SplitN(v.LogKey, "+", 3); fmt.Sprintf("%08x", verifier.KeyHash()) != parts[1] {
		return 0, none, fmt.Errorf("log key %q", v.LogKey) // x/mod also takes capital letters
	}
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return 0, none, err
	}
	for _, sig := range append(opened.Sigs, opened.UnverifiedSigs...) {
		if _, err := unbase64(sig.Base64); err != nil {
			return 0, none, err
		}
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != v.Origin || lines[0] != verifier.Name() {
		return 0, none, fmt.Errorf("not a checkpoint of %s", v.Origin)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] {
		return 0, none, fmt.Errorf("size %q", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil || root.String() != lines[2] {
		return 0, none, fmt.Errorf("root %q", lines[2])
	}
	if v.WitnessKey != "" {
		if err := cosigned(opened, v.WitnessKey); err != nil {
			return 0, none, err
		}
	}
	return size, root, nil
}

// cosigned checks a C2SP cosignature (0x04), which x/mod does not know, and so reports as unverified.
func cosigned(n *note.Note, vkey string) error {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return fmt.Errorf("witness key %q", vkey)
	}
	key, err := unbase64(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != 4 {
		return fmt.Errorf("witness key %q", vkey)
	}
	for _, sig := range n.UnverifiedSigs {
		if sig.Name != parts[0] || fmt.Sprintf("%08x", sig.Hash) != parts[1] {
			continue
		}
		data, err := unbase64(sig.Base64)
		if err != nil || len(data) != 4+8+ed25519.SignatureSize {
			return fmt.Errorf("cosignature %q", sig.Base64)
		}
		message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(data[4:12]), n.Text)
		if !ed25519.Verify(ed25519.PublicKey(key[1:]), []byte(message), data[12:]) {
			return fmt.Errorf("the cosignature of %s is false", sig.Name)
		}
		return nil
	}
	return fmt.Errorf("not cosigned by %s", parts[0])
}

func included(size, index int64, leaf tlog.Hash, lines []string, roots map[int64]tlog.Hash) error {
	proof, err := hashes(lines)
	if err != nil {
		return err
	}
	root, ok := roots[size]
	if !ok {
		return fmt.Errorf("inclusion of %d in %d: no checkpoint", index, size)
	}
	if err := tlog.CheckRecord(tlog.RecordProof(proof), size, root, index, leaf); err != nil {
		return fmt.Errorf("inclusion of %d in %d: %w", index, size, err)
	}
	return nil
}

// offlineProof checks a whole .tlog-proof against the entry at its index.
func (v *vectors) offlineProof(raw json.RawMessage, leaves []tlog.Hash) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	head, checkpoint, ok := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("not a tlog-proof")
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return fmt.Errorf("no index")
	}
	index, err := strconv.ParseInt(lines[0][len("index "):], 10, 64)
	if err != nil || index < 0 || index >= int64(len(leaves)) || "index "+strconv.FormatInt(index, 10) != lines[0] {
		return fmt.Errorf("%q", lines[0])
	}
	size, root, err := v.checkpoint(checkpoint)
	if err != nil {
		return err
	}
	return included(size, index, leaves[index], lines[1:], map[int64]tlog.Hash{size: root})
}

// tiles compares tiles, given in base64 by their C2SP paths, with the entries.
func (v *vectors) tiles(raw json.RawMessage, leaves []tlog.Hash) error {
	if raw == nil {
		return nil
	}
	var tiles map[string]string
	if err := json.Unmarshal(raw, &tiles); err != nil {
		return err
	}
	for path, text := range tiles {
		data, err := unbase64(text)
		if err != nil {
			return err
		}
		var level, width int
		place := strings.TrimPrefix(path, "tile/")
		width = 256
		if before, after, ok := strings.Cut(place, ".p/"); ok {
			place = before
			if width, err = strconv.Atoi(after); err != nil {
				return err
			}
		}
		first, groups, _ := strings.Cut(place, "/")
		if level, err = strconv.Atoi(first); err != nil {
			return fmt.Errorf("tile %q", path)
		}
		index, err := strconv.Atoi(strings.NewReplacer("x", "", "/", "").Replace(groups))
		if err != nil {
			return fmt.Errorf("tile %q", path)
		}
		span := 1
		for i := 0; i < level; i++ {
			span *= 256
		}
		var want []byte
		for i := 0; i < width; i++ {
			start := (index*256 + i) * span
			if start+span > len(leaves) {
				return fmt.Errorf("tile %q is beyond the entries", path)
			}
			root := mth(leaves[start : start+span])
			want = append(want, root[:]...)
		}
		if !bytes.Equal(want, data) {
			return fmt.Errorf("tile %q: other hashes follow from the entries", path)
		}
	}
	return nil
}

// unbase64 takes the one canonical spelling only; Go's decoder also takes others, and skips newlines.
func unbase64(text string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err == nil && base64.StdEncoding.EncodeToString(data) != text {
		err = fmt.Errorf("base64 %q", text)
	}
	return data, err
}

func hashes(lines []string) ([]tlog.Hash, error) {
	var list []tlog.Hash
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil || hash.String() != line {
			return nil, fmt.Errorf("hash %q", line)
		}
		list = append(list, hash)
	}
	return list, nil
}

// mth is RFC 6962, section 2.1.
func mth(leaves []tlog.Hash) tlog.Hash {
	switch len(leaves) {
	case 0:
		hash, _ := tlog.TreeHash(0, nil)
		return hash
	case 1:
		return leaves[0]
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	return tlog.NodeHash(mth(leaves[:k]), mth(leaves[k:]))
}
