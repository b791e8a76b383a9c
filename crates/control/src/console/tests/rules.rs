//! What must hold on every page, whatever it shows.

use super::pages;

/// The tags of a page, each from `<` to `>`. Texts are escaped, so every `<` starts one.
fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<').skip(1).map(|rest| rest.split_once('>').expect("a tag that ends").0)
}

/// The names of the attributes of a tag.
fn attributes(tag: &str) -> Vec<&str> {
    let outside_quotes = tag.split('"').step_by(2).flat_map(str::split_whitespace).skip(1);
    outside_quotes.map(|part| part.trim_end_matches('=')).filter(|name| *name != "/").collect()
}

/// The value of an attribute of a tag.
fn value<'a>(tag: &'a str, attribute: &str) -> Option<&'a str> {
    let start = tag.find(&format!(" {attribute}=\""))? + attribute.len() + 3;
    tag[start..].split_once('"').map(|(value, _)| value)
}

fn name(tag: &str) -> &str {
    tag.split(|stop: char| stop.is_whitespace() || stop == '/').next().unwrap_or_default()
}

#[test]
fn the_readers_of_tags_work() {
    let html = r#"<a href="x y" onclick="z"><br/><input required value="style=1">"#;
    let found: Vec<_> = tags(html).map(|tag| (name(tag), attributes(tag))).collect();
    let expected = [("a", vec!["href", "onclick"]), ("br", vec![]), ("input", vec!["required", "value"])];
    assert_eq!(found, expected);
    assert_eq!(value(r#"a href="x y""#, "href"), Some("x y"));
}

#[test]
fn nothing_is_inline_and_nothing_comes_from_elsewhere() {
    for (page, html) in pages() {
        for tag in tags(&html) {
            assert!(!matches!(name(tag), "script" | "style" | "iframe" | "object" | "base"), "{page}: <{tag}>");
            for attribute in attributes(tag) {
                let is_inline = attribute == "style" || attribute.starts_with("on") || attribute.starts_with("hx-");
                assert!(!is_inline, "{page}: <{tag}>");
            }
            for address in ["href", "src", "action"].iter().filter_map(|attribute| value(tag, attribute)) {
                let is_ours = address.starts_with('/') && !address.starts_with("//") || address == "#main";
                assert!(is_ours, "{page}: <{tag}>");
            }
        }
    }
}

#[test]
fn every_element_is_closed_in_order() {
    const VOID: [&str; 7] = ["!doctype", "meta", "link", "input", "img", "br", "hr"];
    for (page, html) in pages() {
        let mut open = Vec::new();
        for tag in tags(&html) {
            let is_option_of_datalist = open.last() == Some(&"datalist") && name(tag) == "option";
            if let Some(closed) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(closed), "{page}");
            } else if !VOID.contains(&name(tag)) && !tag.ends_with('/') && !is_option_of_datalist {
                open.push(name(tag));
            }
        }
        assert!(open.is_empty(), "{page}: {open:?}");
    }
}

#[test]
fn inputs_have_labels_and_ids_are_unique() {
    for (page, html) in pages() {
        let mut ids: Vec<_> = tags(&html).filter_map(|tag| value(tag, "id")).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "{page}: an id stands twice");
        let labelled: Vec<_> = tags(&html).filter_map(|tag| value(tag, "for")).collect();
        let is_field = |tag: &&str| matches!(name(tag), "input" | "select") && value(tag, "type") != Some("hidden");
        for tag in tags(&html).filter(is_field) {
            assert!(value(tag, "id").is_some_and(|id| labelled.contains(&id)), "{page}: <{tag}>");
        }
        for list in tags(&html).filter_map(|tag| value(tag, "list").or_else(|| value(tag, "aria-labelledby"))) {
            assert!(ids.contains(&list), "{page}: {list}");
        }
    }
}

#[test]
fn one_heading_first_and_a_caption_for_every_table() {
    for (page, html) in pages() {
        let count = |wanted: &str| tags(&html).filter(|tag| name(tag) == wanted).count();
        assert_eq!((count("h1"), count("main"), count("title") > 0), (1, 1, true), "{page}");
        assert_eq!(count("table"), count("caption"), "{page}");
        let nameless = tags(&html).filter(|tag| name(tag) == "th" && value(tag, "scope").is_none()).count();
        assert_eq!(nameless, 0, "{page}");
    }
}

#[test]
fn what_changes_something_is_a_post() {
    for (page, html) in pages() {
        for form in tags(&html).filter(|tag| name(tag) == "form") {
            let reads = matches!(value(form, "action"), Some("/cost" | "/credentials" | "/locks"));
            assert_eq!(value(form, "method"), Some(if reads { "get" } else { "post" }), "{page}: <{form}>");
        }
    }
}
