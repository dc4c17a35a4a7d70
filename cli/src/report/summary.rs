//! The table at the end of a command.

use std::fmt::{self, Display};

/// Labels and what is to be said to them, in one or more sections.
#[derive(Default)]
pub(crate) struct Summary(Vec<Line>);

enum Line {
    Heading(String),
    Row(&'static str, String),
}

impl Summary {
    /// The rows that follow are about this.
    pub(crate) fn heading(&mut self, text: impl Into<String>) {
        self.0.push(Line::Heading(text.into()));
    }

    pub(crate) fn row(&mut self, label: &'static str, text: impl Into<String>) {
        self.0.push(Line::Row(label, text.into()));
    }

    /// A row that is left out where there is nothing to say.
    pub(crate) fn row_if(&mut self, label: &'static str, text: Option<String>) {
        self.0.extend(text.map(|text| Line::Row(label, text)));
    }
}

impl Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |line: &Line| if let Line::Row(label, _) = line { label.len() } else { 0 };
        let width = self.0.iter().map(width).max().unwrap_or(0);
        let lines = self.0.iter().map(|line| match line {
            Line::Heading(text) => text.clone(),
            Line::Row(label, text) => format!("{label:<width$}  {text}"),
        });
        f.write_str(&lines.collect::<Vec<_>>().join("\n"))
    }
}
