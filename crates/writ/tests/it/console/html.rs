//! Just enough reading of HTML to check pages: texts are escaped, so every `<` starts a tag.

/// A tag: its name, and its attributes in order.
#[derive(Debug)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) closes: bool,
    is_empty: bool,
    attributes: Vec<(String, String)>,
}

impl Tag {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn attributes(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().map(|(name, _)| name.as_str())
    }
}

/// The tags of a page.
pub(crate) fn tags(html: &str) -> Vec<Tag> {
    html.split('<').skip(1).map(|rest| tag(rest.split_once('>').expect("a tag that ends").0)).collect()
}

fn tag(text: &str) -> Tag {
    let is_empty = text.ends_with('/');
    let (text, closes) = match text.strip_prefix('/') {
        Some(text) => (text, true),
        None => (text.trim_end_matches('/'), false),
    };
    let (name, mut rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        let end = rest.find(|stop: char| stop == '=' || stop.is_whitespace()).unwrap_or(rest.len());
        let (attribute, after) = rest.split_at(end);
        if attribute.is_empty() {
            break;
        }
        let quoted = after.strip_prefix("=\"").and_then(|after| after.split_once('"'));
        let (value, after) = quoted.unwrap_or(("", after));
        attributes.push((attribute.to_owned(), unescaped(value)));
        rest = after;
    }
    Tag { name: name.to_lowercase(), closes, is_empty, attributes }
}

/// The text that an attribute's value stands for.
fn unescaped(text: &str) -> String {
    let pairs = [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// Elements are closed in order; nothing is inline; ids are unique; fields have labels; one heading.
pub(crate) fn check(page: &str, html: &str) {
    const VOID: [&str; 7] = ["!doctype", "meta", "link", "input", "img", "br", "hr"];
    let tags = tags(html);
    let mut open: Vec<&str> = Vec::new();
    for tag in &tags {
        assert!(!matches!(tag.name.as_str(), "script" | "style" | "iframe" | "object" | "base"), "{page}: {tag:?}");
        for attribute in tag.attributes() {
            assert!(attribute != "style" && !attribute.starts_with("on"), "{page}: {tag:?}");
        }
        let option_of_list = open.last() == Some(&"datalist") && tag.name == "option";
        if tag.closes {
            assert_eq!(open.pop(), Some(tag.name.as_str()), "{page}");
        } else if !VOID.contains(&tag.name.as_str()) && !option_of_list && !tag.is_empty {
            open.push(&tag.name);
        }
    }
    assert!(open.is_empty(), "{page}: {open:?} is not closed");
    let mut ids: Vec<&str> = tags.iter().filter_map(|tag| tag.get("id")).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "{page}: an id stands twice");
    let labelled: Vec<&str> = tags.iter().filter_map(|tag| tag.get("for")).collect();
    for field in tags.iter().filter(|tag| matches!(tag.name.as_str(), "input" | "select" | "textarea")) {
        let is_labelled = field.get("id").is_some_and(|id| labelled.contains(&id));
        let needs_none = field.closes || field.get("type") == Some("hidden");
        assert!(is_labelled || needs_none, "{page}: {field:?} has no label");
    }
    assert_eq!(tags.iter().filter(|tag| tag.name == "h1" && !tag.closes).count(), 1, "{page}");
}
