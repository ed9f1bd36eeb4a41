//! Flags in the form of the Go peers, `-flag value` or `-flag=value`, and what follows them.

use std::{collections::HashMap, net::SocketAddr, str::FromStr, time::Duration};

use crate::Failure;

/// Flags that stand alone.
const SWITCHES: [&str; 1] = ["exit-with-stdin"];

/// The command line: flags first, then steps.
#[derive(Default)]
pub struct Arguments {
    flags: HashMap<String, Vec<String>>,
    /// What follows the flags.
    pub steps: Vec<Step>,
}

/// One step, written `verb` or `verb=operand,operand`.
pub struct Step {
    pub verb: String,
    /// What follows the first equals sign.
    pub text: String,
}

impl Arguments {
    /// Reads the command line; any flag but `known` and the common ones is a mistake.
    pub fn read(known: &[&str]) -> Result<Self, Failure> {
        Self::parse(std::env::args().skip(1), known)
    }

    fn parse(words: impl Iterator<Item = String>, known: &[&str]) -> Result<Self, Failure> {
        let mut words = words.peekable();
        let mut read = Arguments::default();
        while let Some(word) = words.next_if(|w| w.starts_with('-')) {
            let (name, attached) = match word[1..].split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (word[1..].to_owned(), None),
            };
            let switch = SWITCHES.contains(&name.as_str());
            if !switch && name != "max-seconds" && !known.contains(&name.as_str()) {
                return Err(format!("no flag -{name}; there are {known:?}").into());
            }
            let value = match attached {
                Some(value) => value,
                None if switch => String::new(),
                None => words.next().ok_or(format!("-{name} needs a value"))?,
            };
            read.flags.entry(name).or_default().push(value);
        }
        read.steps = words.map(|word| Step::parse(&word)).collect();
        Ok(read)
    }

    pub fn has(&self, flag: &str) -> bool {
        self.flags.contains_key(flag)
    }

    /// Every value of a flag that may be given several times.
    pub fn all(&self, flag: &str) -> &[String] {
        self.flags.get(flag).map_or(&[], Vec::as_slice)
    }

    pub fn text(&self, flag: &str, otherwise: &str) -> String {
        self.all(flag)
            .last()
            .map_or(otherwise, String::as_str)
            .to_owned()
    }

    pub fn number<T: FromStr>(&self, flag: &str, otherwise: T) -> Result<T, Failure> {
        match self.all(flag).last() {
            None => Ok(otherwise),
            Some(text) => text
                .parse()
                .map_err(|_| format!("-{flag} {text} is no number").into()),
        }
    }

    pub fn duration(&self, flag: &str, otherwise: &str) -> Result<Duration, Failure> {
        duration(&self.text(flag, otherwise))
    }

    pub fn address(&self, flag: &str, otherwise: &str) -> Result<SocketAddr, Failure> {
        let text = self.text(flag, otherwise);
        text.parse()
            .map_err(|_| format!("-{flag} {text} is no HOST:PORT").into())
    }
}

impl Step {
    fn parse(word: &str) -> Self {
        let (verb, text) = word.split_once('=').unwrap_or((word, ""));
        Step {
            verb: verb.to_owned(),
            text: text.to_owned(),
        }
    }

    /// The operand at this place, counted from 0.
    pub fn operand(&self, place: usize) -> Option<&str> {
        self.text
            .split(',')
            .nth(place)
            .filter(|word| !word.is_empty())
    }

    /// A number at this place.
    pub fn number<T: FromStr>(&self, place: usize, otherwise: T) -> Result<T, Failure> {
        match self.operand(place) {
            None => Ok(otherwise),
            Some(text) => text
                .parse()
                .map_err(|_| format!("{}: {text} is no number", self.verb).into()),
        }
    }

    /// A duration at this place.
    pub fn duration(&self, place: usize, otherwise: &str) -> Result<Duration, Failure> {
        duration(self.operand(place).unwrap_or(otherwise))
    }
}

/// Reads `500ms` or `10s`.
pub fn duration(text: &str) -> Result<Duration, Failure> {
    let wrong = || format!("{text} is no duration such as 500ms or 10s");
    let (digits, scale) = match text.strip_suffix("ms") {
        Some(digits) => (digits, 1),
        None => (text.strip_suffix('s').ok_or_else(wrong)?, 1000),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    Ok(Duration::from_millis(number * scale))
}
