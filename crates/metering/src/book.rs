//! The price book: dated rows per model, modifiers, fees, and the contract's multiplier. Data, not code.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use domain::{Digest, Time};

use crate::book_file::{BookFile, multiplier};
pub use crate::model_id::Region;
use crate::model_id::{split, without_date};
use crate::rate::{CONTRACT_DECIMALS, CONTRACT_ONE, MULTIPLIER_ONE, PRICE_DECIMALS, Row, decimal};

const BUILTIN: &str = include_str!("../../../data/prices-2026-11.json");
/// Characters of the version: 48 bits of SHA-256 tell books apart, they do not authenticate them.
const VERSION_CHARS: usize = 12;
/// Femto-dollars in a nano-dollar.
const FEMTOS_PER_NANO: i128 = 1_000_000;

/// What every model costs, when. Immutable once built; its [`version`](Self::version) names it in settled calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceBook {
    rows: BTreeMap<String, Vec<Row>>,
    aliases: BTreeMap<String, String>,
    pub(crate) modifiers: Modifiers,
    pub(crate) contract: Contract,
    dearest: Row,
    version: String,
}

/// List modifiers in hundredths and the fee per use in femto-dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Modifiers {
    pub(crate) batch: i128,
    pub(crate) geo_us: i128,
    pub(crate) regional: i128,
    pub(crate) government: i128,
    pub(crate) web_search: i128,
}

/// The negotiated factor, in millionths, applied after all list modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Contract {
    pub(crate) factor: i128,
    pub(crate) covers_fees: bool,
}

/// A row found for a model, and what its id says about where it is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    /// The price.
    pub row: &'a Row,
    /// Where the model is served, by its id.
    pub region: Region,
    /// Whether the model (or its period) is missing from the book, and the dearest rates stand in.
    pub unpriced: bool,
}

/// Why a price book cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// Not JSON of the expected shape.
    #[error("price book is not in the expected shape: {0}")]
    Malformed(String),
    /// A number is not a plain decimal, or out of range.
    #[error("price book has `{text}` for {what}, expected a plain decimal such as `0.25`")]
    Number {
        /// Which model, fee or multiplier.
        what: String,
        /// What was written.
        text: String,
    },
    /// A moment is not RFC 3339 in UTC.
    #[error("price book has `{text}` as a date of {model}, expected the shape `2026-10-07T00:00:00Z`")]
    Moment {
        /// Which model.
        model: String,
        /// What was written.
        text: String,
    },
    /// A row ends before it begins.
    #[error("price book row of {model} ends before it begins")]
    EmptyPeriod {
        /// Which model.
        model: String,
    },
    /// Two rows of one model hold at the same time.
    #[error("price book has two rows for {model} that hold at the same time")]
    Overlap {
        /// Which model.
        model: String,
    },
    /// The provider's fixed ratios do not hold.
    #[error(
        "price book row of {model} breaks the rule: 5m writes cost 1.25 × input, 1h writes 2 × input, reads at most input"
    )]
    Ratios {
        /// Which model.
        model: String,
    },
    /// The band for long prompts is cheaper than the lower band.
    #[error("price book has a long-prompt band of {model} that is cheaper than its lower band")]
    BandCheaper {
        /// Which model.
        model: String,
    },
    /// One id means two models.
    #[error("price book maps `{id}` to two models")]
    TwoMeanings {
        /// The id.
        id: String,
    },
    /// Something every book must say is missing.
    #[error("price book does not say {0}")]
    Missing(&'static str),
    /// A key of `per_use` or `multipliers` is not known.
    #[error("price book has `{0}`, which writ does not know")]
    UnknownKey(String),
    /// The contract multiplier is not above 0 and at most 1.
    #[error("contract multiplier is `{0}`, expected a decimal above 0 and at most 1")]
    Contract(String),
}

impl PriceBook {
    /// A whole book from JSON.
    pub fn parse(json: &str) -> Result<Self, BookError> {
        let file = BookFile::parse(json)?;
        for key in ["batch", "inference_geo_us", "bedrock_regional_or_geo_profile"] {
            if !file.multipliers.contains_key(key) {
                return Err(BookError::Missing("every multiplier"));
            }
        }
        if !file.per_use.contains_key("web_search") {
            return Err(BookError::Missing("what a web search costs"));
        }
        let modifiers = Modifiers { batch: 0, geo_us: 0, regional: 0, government: 0, web_search: 0 };
        let empty = Self {
            rows: BTreeMap::new(),
            aliases: BTreeMap::new(),
            modifiers,
            contract: Contract { factor: CONTRACT_ONE, covers_fees: false },
            dearest: Row {
                from: Time::default(),
                to: None,
                base: crate::rate::Rates::default(),
                long: None,
                fast: None,
            },
            version: String::new(),
        };
        empty.merged(&file)
    }

    /// The book that comes with this version of writ.
    #[expect(clippy::expect_used, reason = "the data file is part of the program, and a test parses it")]
    pub fn builtin() -> Self {
        // INVARIANT: the built-in book parses (test `builtin_book_parses`).
        Self::parse(BUILTIN).expect("the built-in price book parses")
    }

    /// This book with some of it replaced: all rows of each model named, and each fee, multiplier and id given.
    pub fn with_overrides(self, json: &str) -> Result<Self, BookError> {
        self.merged(&BookFile::parse(json)?)
    }

    /// This book under a contract: `multiplier` (above 0, at most 1) applies after all list modifiers, to fees per use
    /// only if the contract says so.
    pub fn with_multiplier(mut self, multiplier: &str, applies_to_fees: bool) -> Result<Self, BookError> {
        let factor = decimal(multiplier, CONTRACT_DECIMALS).filter(|&factor| factor > 0 && factor <= CONTRACT_ONE);
        let factor = factor.ok_or_else(|| BookError::Contract(multiplier.to_owned()))?;
        self.contract = Contract { factor, covers_fees: applies_to_fees };
        Ok(self.sealed())
    }

    /// A short hash of everything the book says, overrides and contract included.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The price of a model at a moment. Never fails: an unknown model, or a known one outside its periods, gets the
    /// dearest rates of the whole book and the flag `unpriced`.
    pub fn find(&self, model: &str, at: Time) -> Found<'_> {
        let (name, region) = split(model);
        let rows = self.canonical(model).or_else(|| self.canonical(name));
        let rows = rows.or_else(|| self.canonical(without_date(name)?));
        match rows.and_then(|rows| rows.iter().find(|row| row.holds_at(at))) {
            Some(row) => Found { row, region, unpriced: false },
            None => Found { row: &self.dearest, region, unpriced: true },
        }
    }

    /// Where a model is served, by its id.
    pub fn region_of(&self, model: &str) -> Region {
        split(model).1
    }

    /// What fast mode multiplies by for a row, in hundredths; the dearest known factor where the row has none.
    pub(crate) fn fast(&self, row: &Row) -> i128 {
        row.fast.or(self.dearest.fast).unwrap_or(MULTIPLIER_ONE)
    }

    /// What a region multiplies by, in hundredths.
    pub(crate) const fn region(&self, region: Region) -> i128 {
        match region {
            Region::Global => MULTIPLIER_ONE,
            Region::Regional => self.modifiers.regional,
            Region::Government => self.modifiers.government,
        }
    }

    fn canonical(&self, id: &str) -> Option<&Vec<Row>> {
        self.rows.get(id).or_else(|| self.rows.get(self.aliases.get(id)?))
    }

    fn merged(mut self, file: &BookFile) -> Result<Self, BookError> {
        let replaced: BTreeSet<&str> = file.models.iter().map(|row| row.model.as_str()).collect();
        self.rows.retain(|model, _| !replaced.contains(model.as_str()));
        let mut named: BTreeMap<&str, &str> = BTreeMap::new();
        let from_rows =
            file.models.iter().flat_map(|row| row.aliases.iter().map(|alias| (alias.as_str(), row.model.as_str())));
        let from_map = file.id_map.iter().map(|(id, model)| (id.as_str(), model.as_str()));
        for (id, model) in from_rows.chain(from_map) {
            if named.insert(id, model).is_some_and(|other| other != model) {
                return Err(BookError::TwoMeanings { id: id.to_owned() });
            }
        }
        self.aliases.extend(named.into_iter().map(|(id, model)| (id.to_owned(), model.to_owned())));
        for model_row in &file.models {
            let row = model_row.row()?;
            let rows = self.rows.entry(model_row.model.clone()).or_default();
            let overlaps =
                |other: &Row| other.to.is_none_or(|to| row.from < to) && row.to.is_none_or(|to| other.from < to);
            if rows.iter().any(overlaps) {
                return Err(BookError::Overlap { model: model_row.model.clone() });
            }
            rows.push(row);
            rows.sort_by_key(|row| row.from);
        }
        if self.rows.is_empty() {
            return Err(BookError::Missing("what any model costs"));
        }
        self.modifiers.merge(file)?;
        Ok(self.sealed())
    }

    /// With what is derived from the content: the dearest rates and the version.
    fn sealed(mut self) -> Self {
        let rows = || self.rows.values().flatten();
        let dearest = rows().flat_map(|row| [Some(row.base), row.long.map(|long| long.rates)]).flatten();
        let base = dearest.reduce(|one, other| one.max(&other)).unwrap_or_default();
        let fast = rows().filter_map(|row| row.fast).max();
        self.dearest = Row { from: Time::default(), to: None, base, long: None, fast };
        self.version.clear();
        let mut text = String::new();
        // `Debug` of ordered maps and integers is canonical; the derived parts are covered by what they come from.
        let _ = write!(text, "{:?}{:?}{:?}{:?}", self.rows, self.aliases, self.modifiers, self.contract);
        self.version = Digest::of(text.as_bytes()).to_string().chars().take(VERSION_CHARS).collect();
        self
    }
}

impl Modifiers {
    fn merge(&mut self, file: &BookFile) -> Result<(), BookError> {
        for (key, text) in &file.multipliers {
            let value = multiplier(key, text)?;
            match key.as_str() {
                "batch" => self.batch = value,
                "inference_geo_us" => self.geo_us = value,
                "bedrock_regional_or_geo_profile" => self.regional = value,
                "bedrock_us_gov" => self.government = value,
                // Vertex's premium follows the endpoint, which no model id tells: the upstream's settings say it.
                "vertex_regional_or_multiregion" => {}
                _ => return Err(BookError::UnknownKey(key.clone())),
            }
        }
        self.government = self.government.max(self.regional);
        for (key, text) in &file.per_use {
            let fee = decimal(text, PRICE_DECIMALS).map(|nanos| nanos * FEMTOS_PER_NANO);
            let fee = fee.ok_or_else(|| BookError::Number { what: key.clone(), text: text.clone() })?;
            match key.as_str() {
                "web_search" => self.web_search = fee,
                "web_fetch" if fee == 0 => {}
                _ => return Err(BookError::UnknownKey(key.clone())),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
