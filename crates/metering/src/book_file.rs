//! The price book's file: JSON with decimal strings. Unknown keys are errors, because a misspelt price is a wrong bill.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::book::BookError;
use crate::instant;
use crate::rate::{LongPrompt, MULTIPLIER_DECIMALS, PRICE_DECIMALS, Rates, Row, decimal};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BookFile {
    #[serde(default)]
    currency: Option<String>,
    #[serde(default)]
    unit: Option<String>,
    #[serde(default)]
    pub(crate) models: Vec<ModelRow>,
    #[serde(default)]
    pub(crate) per_use: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) multipliers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) id_map: BTreeMap<String, String>,
    #[serde(default, rename = "note")]
    _note: Option<String>,
    #[serde(default, rename = "multiplier_scope")]
    _multiplier_scope: Option<String>,
    #[serde(default, rename = "sources")]
    _sources: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelRow {
    pub(crate) model: String,
    #[serde(default)]
    pub(crate) aliases: Vec<String>,
    from: String,
    #[serde(default)]
    to: Option<String>,
    input: String,
    cache_write_5m: String,
    cache_write_1h: String,
    cache_read: String,
    output: String,
    #[serde(default)]
    fast_multiplier: Option<String>,
    #[serde(default)]
    long_prompt: Option<LongPromptRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LongPromptRow {
    over_prompt_tokens: u64,
    #[serde(default, rename = "prompt_is")]
    _prompt_is: Option<String>,
    input: String,
    cache_write_5m: String,
    cache_write_1h: String,
    cache_read: String,
    output: String,
}

impl BookFile {
    pub(crate) fn parse(json: &str) -> Result<Self, BookError> {
        let file: Self = serde_json::from_str(json).map_err(|error| BookError::Malformed(error.to_string()))?;
        let (currency, unit) = ("USD", "per 1,000,000 tokens");
        if file.currency.as_deref().is_some_and(|text| text != currency) {
            return Err(BookError::Malformed(format!("currency must be `{currency}`")));
        }
        if file.unit.as_deref().is_some_and(|text| text != unit) {
            return Err(BookError::Malformed(format!("unit must be `{unit}`")));
        }
        Ok(file)
    }
}

impl ModelRow {
    /// The row in exact numbers, with the provider's ratios checked.
    pub(crate) fn row(&self) -> Result<Row, BookError> {
        let base =
            self.rates([&self.input, &self.cache_write_5m, &self.cache_write_1h, &self.cache_read, &self.output])?;
        let long = self.long_prompt.as_ref().map(|long| self.long(long, &base)).transpose()?;
        let fast = self.fast_multiplier.as_deref().map(|text| multiplier("fast_multiplier", text)).transpose()?;
        let from = moment(&self.model, &self.from)?;
        let to = self.to.as_deref().map(|text| moment(&self.model, text)).transpose()?;
        if to.is_some_and(|to| to <= from) {
            return Err(BookError::EmptyPeriod { model: self.model.clone() });
        }
        Ok(Row { from, to, base, long, fast })
    }

    fn long(&self, long: &LongPromptRow, base: &Rates) -> Result<LongPrompt, BookError> {
        let rates =
            self.rates([&long.input, &long.cache_write_5m, &long.cache_write_1h, &long.cache_read, &long.output])?;
        // Bounds assume that a longer prompt never makes an attempt cheaper.
        if rates.max(base) != rates {
            return Err(BookError::BandCheaper { model: self.model.clone() });
        }
        Ok(LongPrompt { over_prompt_tokens: long.over_prompt_tokens, rates })
    }

    fn rates(&self, texts: [&String; 5]) -> Result<Rates, BookError> {
        let mut prices = [0; 5];
        for (slot, text) in prices.iter_mut().zip(texts) {
            let price = decimal(text, PRICE_DECIMALS);
            *slot = price.ok_or_else(|| BookError::Number { what: self.model.clone(), text: text.clone() })?;
        }
        let [input, cache_write_5m, cache_write_1h, cache_read, output] = prices;
        let rates = Rates { input, cache_write_5m, cache_write_1h, cache_read, output };
        if !rates.has_known_ratios() {
            return Err(BookError::Ratios { model: self.model.clone() });
        }
        Ok(rates)
    }
}

/// A list multiplier in hundredths, never zero: nothing is free by a factor.
pub(crate) fn multiplier(what: &str, text: &str) -> Result<i128, BookError> {
    let value = decimal(text, MULTIPLIER_DECIMALS).filter(|&value| value > 0 && value <= 10_000);
    value.ok_or_else(|| BookError::Number { what: what.to_owned(), text: text.to_owned() })
}

fn moment(model: &str, text: &str) -> Result<domain::Time, BookError> {
    instant::parse(text).ok_or_else(|| BookError::Moment { model: model.to_owned(), text: text.to_owned() })
}
