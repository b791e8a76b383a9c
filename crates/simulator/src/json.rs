//! JSON as the real service writes it: `type` first in every object.

use serde_json::Value;

/// Serialises `value` with `type` first, so that a reader that looks at the beginning of an event sees what it would see for real.
pub(crate) fn text(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value);
    out
}

fn write(out: &mut String, value: &Value) {
    match value {
        Value::Object(map) => {
            let first = map.get_key_value("type");
            let others = map.iter().filter(|(key, _)| *key != "type");
            list(out, ['{', '}'], first.into_iter().chain(others), |out, (key, value)| {
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write(out, value);
            });
        }
        Value::Array(items) => list(out, ['[', ']'], items.iter(), write),
        leaf => out.push_str(&leaf.to_string()),
    }
}

fn list<T>(out: &mut String, [open, close]: [char; 2], items: impl Iterator<Item = T>, each: impl Fn(&mut String, T)) {
    out.push(open);
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        each(out, item);
    }
    out.push(close);
}
