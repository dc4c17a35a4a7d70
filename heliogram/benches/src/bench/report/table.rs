//! One table, for a terminal or for a document.

/// Rows of cells, the first of which is the heading.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(heading: Vec<String>) -> Self {
        Table { rows: vec![heading] }
    }

    pub(crate) fn add(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }

    pub(crate) fn markdown(&self) -> String {
        let line = |row: &Vec<String>| format!("| {} |\n", row.join(" | "));
        let rule = format!("| ---{} |\n", " | ---:".repeat(self.rows[0].len() - 1));
        let (heading, rows) = (line(&self.rows[0]), self.rows[1..].iter().map(line));
        format!("{heading}{rule}{}", rows.collect::<String>())
    }

    /// In columns.
    pub(crate) fn text(&self) -> String {
        let widths: Vec<usize> = (0..self.rows[0].len()).map(|column| self.width(column)).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| match column {
                0 => format!("{cell:width$}"),
                _ => format!("  {cell:>width$}"),
            });
            format!("{}\n", cells.collect::<String>().trim_end())
        };
        self.rows.iter().map(line).collect::<String>().replace("**", "")
    }

    fn width(&self, column: usize) -> usize {
        self.rows.iter().map(|row| row[column].replace("**", "").chars().count()).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_rows_both_ways() {
        let mut table = Table::new(["", "µs"].map(String::from).to_vec());
        table.add(["half".into(), "12.5".into()].to_vec());
        assert_eq!(table.markdown(), "|  | µs |\n| --- | ---: |\n| half | 12.5 |\n");
        assert_eq!(table.text(), "        µs\nhalf  12.5\n");
    }
}
