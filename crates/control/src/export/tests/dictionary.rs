//! `docs/fields.md` against the code: every type with its class, every field of every body, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// A type's heading on the page, and its fields.
type Dictionary = BTreeMap<String, (String, BTreeSet<String>)>;

fn of_the_page() -> Dictionary {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/fields.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut types = Dictionary::new();
    let mut current: Option<String> = None;
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("### `") {
            let (kind, class) = heading.split_once("` → OCSF ").unwrap_or_else(|| panic!("{line}"));
            types.insert(kind.to_owned(), (class.to_owned(), BTreeSet::new()));
            current = Some(kind.to_owned());
        } else if line.starts_with("## ") {
            current = None;
        } else if let (Some(kind), Some(row)) = (&current, line.strip_prefix("| `")) {
            let field = row.split('`').next().unwrap().to_owned();
            assert!(types.get_mut(kind).unwrap().1.insert(field), "twice: {line}");
        }
    }
    types
}

fn of_the_code() -> Dictionary {
    let mut types = Dictionary::new();
    for line in lines() {
        let event = ocsf::event(ORIGIN, &line);
        let text = |name: &str| event[name].to_string().trim_matches('"').to_owned();
        let names = ["class_uid", "class_name", "activity_id", "activity_name"].map(text);
        let class = format!("{} {}, {} {}", names[0], names[1], names[2], names[3]);
        let (known, fields) = types.entry(line.kind().to_owned()).or_insert_with(|| (class.clone(), BTreeSet::new()));
        assert_eq!(known, &class, "one class and one activity for each type");
        fields_of(&line.json["body"], "", fields);
    }
    types
}

/// Whether a field's members are data, not fields: an actor in whichever of its shapes, targets and dimensions by name.
fn is_one_thing(path: &str) -> bool {
    matches!(path, "by" | "targets" | "scope" | "grant.scope")
}

/// Paths of everything that is no object.
fn fields_of(value: &Value, path: &str, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) if !is_one_thing(path) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                fields_of(value, &path, into);
            }
        }
        _ => {
            into.insert(path.to_owned());
        }
    }
}

#[test]
fn the_field_dictionary_is_complete() {
    let (page, code) = (of_the_page(), of_the_code());
    for (kind, (class, fields)) in &code {
        let (said, rows) = page.get(kind).unwrap_or_else(|| panic!("docs/fields.md has no `### `{kind}``"));
        assert_eq!(said, class, "`{kind}` in docs/fields.md");
        let missing: Vec<_> = fields.difference(rows).collect();
        let surplus: Vec<_> = rows.difference(fields).collect();
        assert!(missing.is_empty() && surplus.is_empty(), "`{kind}`: missing {missing:?}, surplus {surplus:?}");
    }
    let surplus: Vec<_> = page.keys().filter(|kind| !code.contains_key(*kind)).collect();
    assert!(surplus.is_empty(), "docs/fields.md has types that are not: {surplus:?}");
}
