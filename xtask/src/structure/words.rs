//! Words for which the field has a better one.

use super::finding::Finding;
use super::sources::Sources;

/// Each word with the field's own. Found in identifiers too, whichever way they are written.
const WORDS: [(&[&str], &str); 15] = [
    (&["train", "trains"], "GSO batch, segments; GRO packet"),
    (&["told", "tell", "tells", "telling"], "report, notify, settle, read, distinguish"),
    (&["knob", "knobs"], "socket option"),
    (&["arrival", "arrivals"], "receive metadata, order of receipt"),
    (&["notice", "notices"], "error queue entry"),
    (&["departure", "departures", "departed"], "transmit time, transmit timestamp"),
    (&["gather", "gathers", "gathered", "gathering", "stretch", "stretches"], "batch, flush, flush epoch"),
    (&["grave", "graves", "bury", "buries", "buried"], "placeholder descriptor"),
    (&["retire", "retires", "retired", "abandon", "abandons", "abandoned"], "close, abort, release"),
    (&["standin"], "keep-alive timer"),
    (&["moderation", "moderate", "moderates", "moderated"], "receive coalescing"),
    (&["face", "faces"], "API"),
    (&["rooms"], "modules"),
    (&["manners"], "semantics"),
    (&["dear"], "expensive"),
];

/// Several words that are wrong only one after another.
const PHRASES: [(&[&str], &str); 4] = [
    (&["the", "manual"], "Node's dgram documentation"),
    (&["let", "go"], "release, close"),
    (&["lets", "go"], "release, close"),
    (&["half", "within"], "p50"),
];

/// What others wrote, what tools write, what is history, and this list.
const ANY_WORDS: [&str; 6] =
    ["CHANGELOG.md", "LICENSE-", "Cargo.lock", "package-lock.json", "structure/words.rs", "docs/bench/"];

pub(super) fn check(sources: &Sources) -> Vec<Finding> {
    let texts = sources.iter().filter(|(path, _)| !ANY_WORDS.iter().any(|part| path.contains(part)));
    texts.flat_map(|(path, text)| in_text(path, text)).collect()
}

fn in_text(path: &str, text: &str) -> Vec<Finding> {
    let lines = (1..).zip(text.lines());
    lines.flat_map(|(number, line)| in_line(line).map(move |what| finding(path, number, &what))).collect()
}

fn finding(path: &str, line: usize, what: &str) -> Finding {
    Finding::new("word", path, format!("line {line}: {what}"))
}

fn in_line(line: &str) -> impl Iterator<Item = String> {
    let words = words(line);
    let has = |list: &[&str]| words.iter().find(|word| list.contains(&word.as_str())).cloned();
    let single = WORDS.iter().filter_map(|(list, better)| Some(format!("\"{}\": {better}", has(list)?)));
    let phrases = PHRASES.iter().filter(|(phrase, _)| words.windows(phrase.len()).any(|window| window == *phrase));
    let phrases = phrases.map(|(phrase, better)| format!("\"{}\": {better}", phrase.join(" ")));
    single.chain(phrases).collect::<Vec<_>>().into_iter()
}

/// The words of a line in small letters; `sendTrain`, `send_train` and "send train" are the same two.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for letter in line.chars() {
        let starts = !before.is_alphabetic() || (before.is_lowercase() && letter.is_uppercase());
        match words.last_mut() {
            Some(word) if letter.is_alphabetic() && !starts => word.extend(letter.to_lowercase()),
            _ if letter.is_alphabetic() => words.push(letter.to_lowercase().collect()),
            _ => {}
        }
        before = letter;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_taken_apart() {
        let expected = ["send", "train", "of", "udp", "v", "train", "size"];
        assert_eq!(words("sendTrain of UDP_v4 TRAIN_SIZE"), expected);
    }

    #[test]
    fn a_word_is_found_in_text_and_names_and_not_inside_another() {
        let found = in_text("a.rs", "fn retell() {}\nlet maxTrain = surface;\n// what the kernel tells\n");
        let words = [
            "line 2: \"train\": GSO batch, segments; GRO packet",
            "line 3: \"tells\": report, notify, settle, read, distinguish",
        ];
        assert_eq!(found, words.map(|what| Finding::new("word", "a.rs", what)));
    }

    #[test]
    fn phrases_are_found_and_the_changelog_may_say_what_it_likes() {
        let text = "as The manual says";
        let sources = Sources::of([("CHANGELOG.md", text), ("README.md", text), ("docs/a.md", "the kernel's manual")]);
        let found = Finding::new("word", "README.md", "line 1: \"the manual\": Node's dgram documentation");
        assert_eq!(check(&sources), [found]);
    }
}
