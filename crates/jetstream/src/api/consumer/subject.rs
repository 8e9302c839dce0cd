//! From the subject of a request to what it asks for.

/// What a request about consumers asks for; names are as they stand in the subject, unchecked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsumerCall<'a> {
    /// `CREATE` or `DURABLE.CREATE`.
    Create(CreateSubject<'a>),
    /// `NAMES.<stream>`
    Names(&'a str),
    /// `LIST.<stream>`
    List(&'a str),
    /// `INFO.<stream>.<consumer>`
    Info(&'a str, &'a str),
    /// `DELETE.<stream>.<consumer>`
    Delete(&'a str, &'a str),
    /// `PAUSE.<stream>.<consumer>`
    Pause(&'a str, &'a str),
    /// `RESET.<stream>.<consumer>`; nobody answers when there is no such consumer.
    Reset(&'a str, &'a str),
    /// `UNPIN.<stream>.<consumer>`
    Unpin(&'a str, &'a str),
    /// `MSG.NEXT.<stream>.<consumer>`: a request for messages; nobody answers when there is no
    /// such consumer.
    Next(&'a str, &'a str),
}

/// The ways to name a consumer that is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateSubject<'a> {
    /// `CREATE.<stream>`: not in the subject.
    Unnamed(&'a str),
    /// `CREATE.<stream>.<name>`, with the filter when that follows.
    Named(&'a str, &'a str, Option<&'a str>),
    /// `DURABLE.CREATE.<stream>.<name>`
    Durable(&'a str, &'a str),
}

impl<'a> CreateSubject<'a> {
    /// The stream's name.
    #[must_use]
    pub fn stream(&self) -> &'a str {
        match self {
            Self::Unnamed(stream) | Self::Named(stream, ..) | Self::Durable(stream, _) => stream,
        }
    }
}

impl<'a> ConsumerCall<'a> {
    /// The stream's name.
    #[must_use]
    pub fn stream(&self) -> &'a str {
        match self {
            Self::Create(subject) => subject.stream(),
            Self::Names(stream)
            | Self::List(stream)
            | Self::Info(stream, _)
            | Self::Delete(stream, _)
            | Self::Pause(stream, _)
            | Self::Reset(stream, _)
            | Self::Unpin(stream, _)
            | Self::Next(stream, _) => stream,
        }
    }
}

/// What `CONSUMER.<call>` asks for; nothing for what nobody answers.
#[must_use]
pub fn consumer_call(call: &str) -> Option<ConsumerCall<'_>> {
    if call.split('.').any(str::is_empty) {
        return None;
    }
    if let Some(rest) = call.strip_prefix("DURABLE.CREATE.") {
        let (stream, name) = two(rest)?;
        return Some(ConsumerCall::Create(CreateSubject::Durable(stream, name)));
    }
    if let Some(rest) = call.strip_prefix("MSG.NEXT.") {
        return two(rest).map(|(stream, name)| ConsumerCall::Next(stream, name));
    }
    let (verb, rest) = call.split_once('.')?;
    match verb {
        "CREATE" => Some(ConsumerCall::Create(create(rest))),
        "NAMES" => one(rest).map(ConsumerCall::Names),
        "LIST" => one(rest).map(ConsumerCall::List),
        "INFO" => two(rest).map(|(stream, name)| ConsumerCall::Info(stream, name)),
        "DELETE" => two(rest).map(|(stream, name)| ConsumerCall::Delete(stream, name)),
        "PAUSE" => two(rest).map(|(stream, name)| ConsumerCall::Pause(stream, name)),
        "RESET" => two(rest).map(|(stream, name)| ConsumerCall::Reset(stream, name)),
        "UNPIN" => two(rest).map(|(stream, name)| ConsumerCall::Unpin(stream, name)),
        _ => None,
    }
}

fn create(rest: &str) -> CreateSubject<'_> {
    let Some((stream, rest)) = rest.split_once('.') else {
        return CreateSubject::Unnamed(rest);
    };
    match rest.split_once('.') {
        Some((name, filter)) => CreateSubject::Named(stream, name, Some(filter)),
        None => CreateSubject::Named(stream, rest, None),
    }
}

fn one(rest: &str) -> Option<&str> {
    (!rest.contains('.')).then_some(rest)
}

fn two(rest: &str) -> Option<(&str, &str)> {
    rest.split_once('.').filter(|(_, name)| !name.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_name_calls_streams_and_consumers() {
        for (call, expected) in [
            ("CREATE.S", ConsumerCall::Create(CreateSubject::Unnamed("S"))),
            ("CREATE.S.C", ConsumerCall::Create(CreateSubject::Named("S", "C", None))),
            ("CREATE.S.C.a.>", ConsumerCall::Create(CreateSubject::Named("S", "C", Some("a.>")))),
            ("DURABLE.CREATE.S.C", ConsumerCall::Create(CreateSubject::Durable("S", "C"))),
            ("NAMES.S", ConsumerCall::Names("S")),
            ("LIST.S", ConsumerCall::List("S")),
            ("INFO.S.C", ConsumerCall::Info("S", "C")),
            ("DELETE.S.C", ConsumerCall::Delete("S", "C")),
            ("PAUSE.S.C", ConsumerCall::Pause("S", "C")),
            ("RESET.S.C", ConsumerCall::Reset("S", "C")),
            ("UNPIN.S.C", ConsumerCall::Unpin("S", "C")),
            ("MSG.NEXT.S.C", ConsumerCall::Next("S", "C")),
        ] {
            assert_eq!(consumer_call(call), Some(expected), "{call}");
            assert_eq!(expected.stream(), "S");
        }
    }

    #[test]
    fn what_nobody_answers_is_nothing() {
        for call in [
            "",
            "CREATE",
            "CREATE.",
            "CREATE.S.",
            "CREATE.S..x",
            "DURABLE.CREATE.S",
            "DURABLE.CREATE.S.C.x",
            "DURABLE.S.C",
            "NAMES",
            "NAMES.S.C",
            "INFO.S",
            "INFO.S.C.x",
            "MSG.NEXT.S",
            "MSG.S.C",
            "FOO.S.C",
        ] {
            assert_eq!(consumer_call(call), None, "{call}");
        }
    }
}
