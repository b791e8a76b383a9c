//! Resources with places in them: `tfstate:acme/{dir}`.

use domain::Resource;

/// A resource whose places are filled in for each command.
#[derive(Debug, Clone)]
pub(super) struct Template(Vec<Part>);

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Place(Place),
}

/// What stands in braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// `{dir}`: the folder of the command, from the top of the working tree.
    Dir,
    /// `{repo}`: the repository.
    Repository,
    /// `{branch}`: the branch that is checked out.
    Branch,
    /// `{arg:--context}`: the value of an option.
    Option(String),
}

/// Stands for the top folder where `{dir}` would be empty, which would name all folders.
const TOP: &str = "_top";

impl Template {
    /// # Errors
    /// What is wrong with it, as the end of a sentence.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (place, after) = after.split_once('}').ok_or("a `{` in `resource` has no `}`")?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Place(Place::parse(place)?));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        let template = Self(parts);
        // With every place filled in it must be a resource.
        let sample = template.fill(|_| Some("x".to_owned()));
        sample.ok_or_else(|| format!("`{text}` is no resource")).map(|_| template)
    }

    /// The resource, with what is known in its places. A place of which nothing is known ends it: what is locked then is
    /// all that it could have been. None when nothing is left.
    pub(super) fn fill(&self, value: impl Fn(&Place) -> Option<String>) -> Option<Resource> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(fixed) => text.push_str(fixed),
                Part::Place(place) => match value(place).map(|value| plain(place, &value)) {
                    Some(value) => text.push_str(&value),
                    None => return shortened(&text),
                },
            }
        }
        text.parse().ok().or_else(|| shortened(&text))
    }
}

impl Place {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "dir" => Ok(Self::Dir),
            "repo" => Ok(Self::Repository),
            "branch" => Ok(Self::Branch),
            _ => match text.strip_prefix("arg:") {
                Some(option) if option.starts_with('-') => Ok(Self::Option(option.to_owned())),
                _ => Err(format!(
                    "`{{{text}}}` is no place: there are {{dir}}, {{repo}}, {{branch}} and {{arg:--option}}"
                )),
            },
        }
    }
}

fn plain(place: &Place, value: &str) -> String {
    let value = value.trim_matches('/');
    if *place == Place::Dir && value.is_empty() { TOP.to_owned() } else { value.to_owned() }
}

/// The text without its last, unfinished segment.
fn shortened(text: &str) -> Option<Resource> {
    let above = text.rsplit_once('/')?.0;
    above.trim_end_matches('/').parse().ok()
}
