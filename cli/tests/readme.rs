//! What README.md says of flags is what the command has. Other systems have fewer socket options.
#![cfg(target_os = "linux")]

mod support;

use std::collections::BTreeMap;

use support::run;

const VERBS: [&str; 7] = ["listen", "send", "echo", "ping", "blast", "sink", "relay"];

/// The long flag of a line of help, and its short one.
fn flag(line: &str) -> Option<(String, String)> {
    let line = line.trim_start();
    let (short, rest) = match line.strip_prefix("--") {
        Some(rest) => ("yes".into(), rest),
        None => line
            .split_once(", --")
            .filter(|(short, _)| short.len() == 2)
            .map(|(short, rest)| (format!("`{short}`"), rest))?,
    };
    let long = rest.split_whitespace().next()?.to_owned();
    (line.starts_with('-') && long != "help").then_some((long, short))
}

#[test]
fn the_readme_has_every_flag_of_every_verb() {
    let mut rows: BTreeMap<String, [String; 7]> = BTreeMap::new();
    for (column, verb) in VERBS.iter().enumerate() {
        let help = run(&[verb, "-h"]).out;
        help.lines().filter_map(flag).for_each(|(long, short)| rows.entry(long).or_default()[column] = short);
    }
    let heading = format!("| flag | {} |\n|{}\n", VERBS.join(" | "), " --- |".repeat(8));
    let row = |(flag, cells): (String, [String; 7])| format!("| `--{flag}` | {} |\n", cells.join(" | "));
    let table = heading + &rows.into_iter().map(row).collect::<String>();
    let readme = include_str!("../README.md");
    let printed = readme.split("<!-- flags -->").nth(1).unwrap().split("<!-- /flags -->").next().unwrap();
    assert_eq!(printed.trim(), table.trim(), "it should be\n{table}");
}

#[test]
fn manual_pages_and_completions_are_made_for_every_verb() {
    let directory = std::env::temp_dir().join(format!("heliogram-man-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let made = run(&["man", directory.to_str().unwrap()]);
    assert_eq!((made.code, made.out.as_str()), (Some(0), ""), "{made:?}");
    for verb in VERBS {
        let page = std::fs::read_to_string(directory.join(format!("heliogram-{verb}.1"))).unwrap();
        assert!(page.contains(".TH heliogram-"), "{page}");
        for shell in ["bash", "zsh", "fish", "powershell"] {
            assert!(run(&["completions", shell]).out.contains(verb), "{shell}");
        }
    }
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!(run(&["man", "/no/such/folder"]).code, Some(1));
}
