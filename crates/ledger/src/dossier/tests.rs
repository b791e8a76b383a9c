#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! What a bundle shows, and that nothing about it can be changed without being named.

use domain::session::{AliasClaimed, Closed, How, Opened, Over};
use domain::{Actor, DeveloperId, Digest, Event, NodeId, SessionId, Time, call};
use proptest::prelude::*;

use super::*;
use crate::{
    Algorithm, Chains, Checkpoint, Cosigner, Entry, ProofError, ProofPlan, RightEdge, SignedCheckpoint, Signer,
    TileSet, TrustError, TrustPolicy, VerifierKey, encode, leaf_hash,
};

const AT: i64 = 1_790_000_000_000;

/// A log with sessions in it, its tiles, and its key.
struct Log {
    entries: Vec<(Vec<u8>, Option<SessionId>)>,
    chains: Chains,
    edge: RightEdge,
    tiles: TileSet,
    signer: Signer,
}

fn session(number: u128) -> SessionId {
    SessionId::new(Time::from_unix_millis(AT), number)
}

fn opened(number: u128) -> Event {
    Event::SessionOpened(Box::new(Opened {
        session: session(number),
        parent: None,
        agent: None,
        developer: DeveloperId::new(Time::from_unix_millis(AT), 1),
        project: None,
        team: None,
        profile: "default".parse().unwrap(),
        token: Digest::of(&number.to_be_bytes()),
        expires_at: Time::from_unix_millis(AT + 9_000_000),
        beats: false,
        budget: None,
    }))
}

fn alias(number: u128, of: usize) -> Event {
    Event::AliasClaimed(AliasClaimed { session: session(number), client_session: format!("client-{of}") })
}

fn over(number: u128) -> Event {
    Event::SessionOver(Over { session: session(number), how: How::MissedBeats })
}

fn closed(number: u128) -> Event {
    Event::SessionClosed(Closed { session: session(number) })
}

fn refused(number: u128) -> Event {
    Event::CallRefused(call::Refused {
        call: domain::CallId::new(Time::from_unix_millis(AT), 5),
        session: session(number),
        code: "session_over".to_owned(),
        model: "m".to_owned(),
        hold: domain::Usd::from_nanos(1),
    })
}

impl Log {
    fn new() -> Self {
        let signer = Signer::from_seed("audit.example.test/writ", &[1; 32]).unwrap();
        let (chains, edge, tiles) = (Chains::default(), RightEdge::new(), TileSet::new());
        Self { entries: Vec::new(), chains, edge, tiles, signer }
    }

    /// Appends an event as the scribe does.
    fn append(&mut self, event: Event) {
        let time = Time::from_unix_millis(AT + self.entries.len() as i64);
        let chain = self.chains.place(&event);
        let of = event.session();
        let entry = Entry { time, actor: Actor::System, node: NodeId::new(time, 1), request: None, chain, event };
        let bytes = encode(&entry).unwrap();
        self.chains.follow(&entry, leaf_hash(&bytes));
        self.push(bytes, of);
    }

    fn push(&mut self, bytes: Vec<u8>, of: Option<SessionId>) {
        for filled in self.edge.push(leaf_hash(&bytes)) {
            self.tiles.insert_hashes(filled.tile, filled.hashes);
        }
        self.entries.push((bytes, of));
    }

    /// Two sessions that alternate, both closed, and one that is open.
    fn with_sessions(aliases: usize) -> Self {
        let mut log = Self::new();
        [1, 2, 3].into_iter().for_each(|number| log.append(opened(number)));
        for of in 0..aliases {
            log.append(alias(1 + (of % 3) as u128, of));
        }
        for number in [1, 2] {
            log.append(over(number));
            log.append(closed(number));
        }
        log.append(refused(1));
        log
    }

    fn key(&self) -> VerifierKey {
        self.signer.verifier_key().clone()
    }

    fn checkpoint(&self) -> SignedCheckpoint {
        Checkpoint::new(self.key().name(), self.edge.size(), self.edge.root()).sign(&self.signer).unwrap()
    }

    fn hashes(&self, plan: &ProofPlan) -> Vec<Digest> {
        let mut tiles = self.tiles.clone();
        self.edge.partial_tiles().into_iter().for_each(|partial| tiles.insert_hashes(partial.tile, partial.hashes));
        plan.hashes(&tiles).unwrap()
    }

    fn head(&self, subject: Subject) -> Head {
        Head { subject, log: self.key(), policy: None, checkpoint: self.checkpoint() }
    }

    fn range(&self, from: u64, to: u64) -> Vec<u8> {
        self.range_with(&self.head(Subject::Range { from, to }), from, to)
    }

    fn range_with(&self, head: &Head, from: u64, to: u64) -> Vec<u8> {
        let mut out = Vec::new();
        let beside = self.hashes(&ProofPlan::range(from, to, self.edge.size()).unwrap());
        let mut writer = Writer::range(head, &beside, &mut out).unwrap();
        for (bytes, _) in &self.entries[from as usize..to as usize] {
            writer.entry(bytes, &mut out).unwrap();
        }
        writer.finish().unwrap();
        out
    }

    fn positions(&self, of: u128) -> Vec<u64> {
        let all = self.entries.iter().enumerate();
        all.filter(|(_, (_, session))| *session == Some(self::session(of))).map(|(at, _)| at as u64).collect()
    }

    /// A bundle of a session that holds what is at these positions.
    fn holding(&self, of: u128, positions: &[u64]) -> Vec<u8> {
        let mut out = Vec::new();
        let head = self.head(Subject::Session { session: session(of), entries: positions.len() as u64 });
        let mut writer = Writer::session(&head, &mut out).unwrap();
        for &at in positions {
            let proof = self.hashes(&ProofPlan::inclusion(at, self.edge.size()).unwrap());
            writer.proved(at, &self.entries[at as usize].0, &proof, &mut out).unwrap();
        }
        writer.finish().unwrap();
        out
    }

    fn session(&self, of: u128) -> Vec<u8> {
        self.holding(of, &self.positions(of))
    }

    fn verify(&self, file: &[u8]) -> Result<Verdict, Flaw> {
        verify(Trust::Key(self.key()), file, file.len().max(1))
    }

    fn reason(&self, file: &[u8]) -> (Option<u64>, Reason) {
        let flaw = self.verify(file).unwrap_err();
        (flaw.entry, flaw.reason)
    }
}

/// In pieces of so many bytes.
fn verify(trust: Trust, file: &[u8], piece: usize) -> Result<Verdict, Flaw> {
    let mut verifier = Verifier::new(trust);
    file.chunks(piece).try_for_each(|piece| verifier.push(piece))?;
    verifier.finish()
}

#[test]
fn what_was_exported_verifies_in_pieces_of_any_size() {
    let log = Log::with_sessions(20);
    let size = log.edge.size();
    for (file, completeness) in [
        (log.range(0, size), Completeness::Complete),
        (log.range(5, 9), Completeness::Complete),
        (log.range(size - 1, size), Completeness::Complete),
        (log.session(1), Completeness::Complete),
        (log.session(2), Completeness::Complete),
        (log.session(3), Completeness::Open),
    ] {
        let whole = log.verify(&file).unwrap();
        assert_eq!((whole.completeness, whole.bytes), (completeness, file.len() as u64));
        assert!(whole.first.is_some() && whole.first <= whole.last);
        for piece in [1, 2, 3, 7, 64, 700] {
            assert_eq!(verify(Trust::Key(log.key()), &file, piece).unwrap(), whole, "in pieces of {piece}");
        }
    }
}

/// Exhaustive: every bit of the file.
fn every_flipped_bit_of(log: &Log, mut file: Vec<u8>) {
    for at in 0..file.len() {
        for bit in 0..8 {
            file[at] ^= 1 << bit;
            let flaw = log.verify(&file).expect_err(&format!("bit {bit} of byte {at} was flipped"));
            assert!(
                flaw.offset <= at as u64 || matches!(flaw.reason, Reason::Truncated(_) | Reason::Line { .. }),
                "{flaw}"
            );
            file[at] ^= 1 << bit;
        }
    }
    log.verify(&file).unwrap();
}

#[test]
fn every_flipped_bit_of_a_range_is_detected() {
    let log = Log::with_sessions(1);
    every_flipped_bit_of(&log, log.range(4, 6));
}

#[test]
fn every_flipped_bit_of_a_session_is_detected() {
    let log = Log::with_sessions(0);
    every_flipped_bit_of(&log, log.session(2));
}

#[test]
fn a_flipped_byte_of_an_entry_names_the_entry_and_where_it_begins() {
    let log = Log::with_sessions(9);
    let mut file = log.range(3, 9);
    let at = file.windows(8).position(|window| window == b"client-4").unwrap();
    file[at] ^= 1;
    let flaw = log.verify(&file).unwrap_err();
    let begins = at - file[..at].windows(9).rev().position(|window| window == b"{\"actor\":").unwrap() - 9 - 2;
    assert_eq!((flaw.entry, flaw.reason, flaw.offset), (Some(7), Reason::Leaf, begins as u64));
}

#[test]
fn a_bundle_cut_anywhere_or_going_on_is_none() {
    let log = Log::with_sessions(4);
    for file in [log.range(1, 5), log.session(2)] {
        for length in 0..file.len() {
            let flaw = log.verify(&file[..length]).unwrap_err();
            assert!(matches!(flaw.reason, Reason::Truncated(_)), "cut after {length}: {flaw}");
        }
        let longer = [file.as_slice(), b"\n"].concat();
        assert_eq!(log.verify(&longer).unwrap_err().reason, Reason::Trailing);
    }
}

#[test]
fn entries_left_out_of_a_session_are_named() {
    let log = Log::with_sessions(12);
    let all = log.positions(1);
    let without = |left_out: &[usize]| {
        let kept = all.iter().enumerate().filter(|(at, _)| !left_out.contains(at)).map(|(_, position)| *position);
        log.holding(1, &kept.collect::<Vec<_>>())
    };
    assert_eq!(log.reason(&without(&[0])), (Some(all[1]), Reason::Gap { expected: 0, found: 1 }));
    assert_eq!(log.reason(&without(&[2])), (Some(all[3]), Reason::Gap { expected: 2, found: 3 }));
    let flaw = log.verify(&without(&[2, 3, 4])).unwrap_err();
    assert_eq!(flaw.reason, Reason::Gap { expected: 2, found: 5 });
    assert!(flaw.to_string().ends_with("entries 2 to 4 of the session were left out before it"), "{flaw}");
    // Without its closing entry it is not complete, and says so; a refusal after it needs it.
    let closing = all.len() - 2;
    assert_eq!(log.reason(&without(&[closing])), (Some(all[closing + 1]), Reason::Unlinked));
    let open = log.verify(&without(&[closing, closing + 1])).unwrap();
    assert_eq!(open.completeness, Completeness::Open);
    // What came after it was closed has no number: its absence cannot be seen, and is not said to be.
    assert_eq!(log.verify(&without(&[closing + 1])).unwrap().completeness, Completeness::Complete);
}

#[test]
fn entries_twice_in_another_order_or_of_another_session_are_named() {
    let log = Log::with_sessions(6);
    let all = log.positions(1);
    let twice = [&all[..2], &all[1..]].concat();
    assert_eq!(log.reason(&log.holding(1, &twice)), (Some(all[1]), Reason::Order { above: all[1] }));
    let mut swapped = all.clone();
    swapped.swap(1, 2);
    assert_eq!(log.reason(&log.holding(1, &swapped)).0, Some(all[2]));
    let foreign = [&all[..1], &log.positions(2)[1..2], &all[1..]].concat();
    assert_eq!(log.reason(&log.holding(1, &foreign)), (Some(log.positions(2)[1]), Reason::OtherSession(session(1))));
}

/// Whoever rewrites a range writes the leaf hashes and the head's hash anew too.
#[test]
fn a_rewritten_range_does_not_lead_to_the_signed_root() {
    let log = Log::with_sessions(9);
    let mut other = Log::with_sessions(9);
    let honest = log.head(Subject::Range { from: 2, to: 8 });
    assert!(log.verify(&log.range_with(&honest, 2, 8)).is_ok());
    other.entries.swap(4, 5);
    let flaw = log.verify(&other.range_with(&honest, 2, 8)).unwrap_err();
    assert!(matches!(flaw.reason, Reason::Root { .. }), "{flaw}");
}

#[test]
fn only_the_right_log_is_trusted() {
    let log = Log::with_sessions(3);
    let file = log.session(1);
    let stranger = Signer::from_seed("audit.example.test/writ", &[9; 32]).unwrap().verifier_key().clone();
    let flaw = verify(Trust::Key(stranger), &file, 100).unwrap_err();
    assert!(matches!(flaw.reason, Reason::Untrusted(_)), "{flaw}");
    assert!(verify(Trust::Enclosed, &file, 100).is_ok());
    let policy = |text: String| Trust::Policy(TrustPolicy::parse(text.as_bytes()).unwrap());
    let none = policy(format!("log {}\nquorum none\n", log.key()));
    assert!(verify(none, &file, 100).is_ok());
    let witness = Cosigner::from_seed("witness.example.test/w1", &[2; 32]).unwrap();
    assert_eq!(witness.verifier_key().algorithm(), Algorithm::Ed25519Cosignature);
    let one = format!("log {}\nwitness w1 {}\nquorum w1\n", log.key(), witness.verifier_key());
    let flaw = verify(policy(one.clone()), &file, 100).unwrap_err();
    assert!(matches!(flaw.reason, Reason::Trust(TrustError::Quorum { .. })), "{flaw}");
    // A policy in the bundle tells who cosigned, and asks nobody: it may be a forger's.
    let mut head = log.head(Subject::Range { from: 0, to: 3 });
    head.policy = Some(one.into_bytes());
    let file = log.range_with(&head, 0, 3);
    assert_eq!(verify(Trust::Enclosed, &file, 100).unwrap().cosigned, []);
    let time = 1_790_000_000;
    head.checkpoint.push(witness.cosign(head.checkpoint.note().text(), time).unwrap()).unwrap();
    let verdict = verify(Trust::Enclosed, &log.range_with(&head, 0, 3), 100).unwrap();
    assert_eq!(verdict.cosigned.len(), 1);
}

#[test]
fn heads_have_one_spelling() {
    let log = Log::with_sessions(3);
    let file = log.range(0, 3);
    let end = file.windows(2).position(|pair| pair == b"\n\n").unwrap();
    let text = std::str::from_utf8(&file[..end]).unwrap();
    let with = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        let changed = text.replacen(from, to, 1);
        log.reason(&[changed.as_bytes(), &file[end..]].concat()).1
    };
    let lines = [
        with("@v1", "@v2"),
        with("range 0 3", "range 0 03"),
        with("range 0 3", "range 3 3"),
        with("range 0 3", "range 3 0"),
        with("range 0 3", "range  0 3"),
        with("range 0 3", "Range 0 3"),
        with("log ", "log  "),
        with("policy 0", "policy 00"),
        with("policy 0", "policy 131073"),
        with("checkpoint ", "checkpoint 0"),
        with("checkpoint ", "checkpoint 9999"),
        with("range 0 3\n", "range 0 3\r\n"),
        with("\npolicy", "\nmore\npolicy"),
    ];
    for (number, reason) in lines.iter().enumerate() {
        assert!(matches!(reason, Reason::Line { .. }), "{number}: {reason}");
    }
    assert_eq!(
        with("range 0 3", "range 0 4000"),
        Reason::Proof(ProofError::Range { from: 0, to: 4000, size: log.edge.size() })
    );
    let endless = [b"writ-audit-bundle@v1\n".as_slice(), &[b'a'; 2000]].concat();
    assert!(matches!(log.reason(&endless).1, Reason::Line { line: 6, .. }));
    assert!(matches!(log.reason(b"{\"not\": \"a bundle\"}").1, Reason::Line { line: 1, .. }));
}

#[test]
fn entries_of_every_length_fit_up_to_the_bound() {
    let mut log = Log::new();
    for length in [1, 65_534, 65_535] {
        log.push(vec![b'x'; length], None);
    }
    let file = log.range(0, 3);
    assert_eq!(verify(Trust::Key(log.key()), &file, 1000).unwrap().completeness, Completeness::Complete);
    let mut out = Vec::new();
    let head = log.head(Subject::Range { from: 0, to: 1 });
    let beside = log.hashes(&ProofPlan::range(0, 1, 3).unwrap());
    let mut writer = Writer::range(&head, &beside, &mut out).unwrap();
    for bytes in [0, 65_536] {
        assert_eq!(writer.entry(&vec![b'x'; bytes], &mut out), Err(WriteError::EntryLength { bytes }));
    }
    writer.entry(b"x", &mut out).unwrap();
    assert_eq!(writer.entry(b"x", &mut out), Err(WriteError::Count { expected: 1, found: 2 }));
    assert_eq!(writer.proved(0, b"x", &[], &mut out), Err(WriteError::Kind));
    writer.finish().unwrap();
    assert!(matches!(Writer::range(&head, &[], &mut out), Err(WriteError::Proof(ProofError::Length { .. }))));
    assert!(matches!(Writer::session(&head, &mut out), Err(WriteError::Kind)));
    let writer = Writer::range(&head, &beside, &mut out).unwrap();
    assert_eq!(writer.finish(), Err(WriteError::Count { expected: 1, found: 0 }));
}

/// A session that version 1 opened is proved, and not said to be complete.
#[test]
fn sessions_from_before_the_chains_are_not_called_complete() {
    let mut log = Log::new();
    let mut append = |event: Event| {
        let (time, of) = (Time::from_unix_millis(AT), event.session());
        let entry = Entry { time, actor: Actor::System, node: NodeId::new(time, 1), request: None, chain: None, event };
        log.push(encode(&entry).unwrap(), of);
    };
    [opened(1), alias(1, 1), over(1)].into_iter().for_each(&mut append);
    assert_eq!(log.verify(&log.session(1)).unwrap().completeness, Completeness::Unchained);
}

#[test]
fn large_trees_prove_their_ranges() {
    let mut log = Log::new();
    for number in 0..1500_u32 {
        log.push(number.to_be_bytes().to_vec(), None);
    }
    for (from, to) in [(0, 1500), (0, 1), (1499, 1500), (255, 257), (256, 512), (1, 1499), (700, 701), (1023, 1024)] {
        assert_eq!(log.verify(&log.range(from, to)).unwrap().subject, Subject::Range { from, to });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_range_of_any_log_is_proved_and_no_other(size in 1_u64..90, a: u64, b: u64, other: u64) {
        let mut log = Log::new();
        for number in 0..size {
            log.push(number.to_be_bytes().to_vec(), None);
        }
        let (a, b) = (a % size, b % size);
        let (from, to) = (a.min(b), a.max(b) + 1);
        let file = log.range(from, to);
        prop_assert!(log.verify(&file).is_ok());
        // The same entries do not pass for any other: change one, hash and all.
        let changed = (from + other % (to - from)) as usize;
        let honest = log.head(Subject::Range { from, to });
        log.entries[changed].0.push(b'!');
        prop_assert!(log.verify(&log.range_with(&honest, from, to)).is_err(), "entry {} was changed", changed);
    }

    #[test]
    fn verifying_never_panics(bytes: Vec<u8>, at: usize, cut: usize) {
        let _ = verify(Trust::Enclosed, &bytes, 3);
        let log = Log::with_sessions(2);
        let mut file = log.session(1);
        let at = at % file.len();
        file.splice(at..(at + cut % 9).min(file.len()), bytes);
        let _ = verify(Trust::Enclosed, &file, 50);
    }
}

/// The format as a contract: one bundle of either kind, byte by byte. What was exported once is verified for ever. A
/// change that is meant writes the fixtures anew with WRIT_WRITE_FIXTURES=1.
#[test]
fn bundles_that_were_exported_are_verified_for_ever() {
    let log = Log::with_sessions(3);
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/audit");
    for (name, made) in [("session", log.session(1)), ("range", log.range(2, 5))] {
        let path = folder.join(format!("{name}.writ-audit"));
        if std::env::var_os("WRIT_WRITE_FIXTURES").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &made).unwrap();
        }
        let kept = std::fs::read(&path).unwrap();
        assert_eq!(log.verify(&kept).unwrap().completeness, Completeness::Complete);
        assert!(kept == made, "the {name} is written in another way");
    }
}
