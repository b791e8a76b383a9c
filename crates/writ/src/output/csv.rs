//! Comma-separated values (RFC 4180, with LF line ends), safe to open in a spreadsheet.

/// One line of CSV with its line end. Fields with a comma, quote or line end are quoted; a text that a spreadsheet
/// would take for a formula gets an apostrophe in front.
pub(crate) fn csv_line<S: AsRef<str>>(fields: impl IntoIterator<Item = S>) -> String {
    let fields: Vec<String> = fields.into_iter().map(|field| csv_field(field.as_ref())).collect();
    format!("{}\n", fields.join(","))
}

fn csv_field(field: &str) -> String {
    let is_number = field.parse::<f64>().is_ok();
    let formula = !is_number && field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let field = if formula { format!("'{field}") } else { field.to_owned() };
    if field.contains([',', '"', '\n', '\r']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}
