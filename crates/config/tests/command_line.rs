//! The command line, read as nats-server reads it.

use std::path::{Path, PathBuf};

use anabranch_config::cli::{self, CliError, FLAGS, Invocation, Overrides, Shell, SignalCommand};
use anabranch_config::{Errors, MemorySource, Options, Problem, Severity, load};

fn parse(line: &str) -> Result<Invocation, CliError> {
    cli::parse(line.split_whitespace().map(str::to_owned))
}

fn overrides(line: &str) -> Overrides {
    match parse(line) {
        Ok(Invocation::Run { overrides, .. }) => overrides,
        other => panic!("{line}: {other:?}"),
    }
}

fn apply(line: &str) -> Result<(Options, Vec<Problem>), Errors> {
    let mut options = Options::default();
    let warnings = overrides(line).apply(&mut options)?;
    Ok((options, warnings))
}

fn options(line: &str) -> Options {
    apply(line).expect("is valid").0
}

fn error(line: &str) -> String {
    parse(line).expect_err("is refused").to_string()
}

#[test]
fn knows_all_spellings() {
    let spellings: usize = FLAGS.iter().map(|flag| flag.names.len()).sum();
    // nats-server's 43 with 64 names, and completion; nats-server counts -cluster_listen alone.
    assert!(FLAGS.len() >= 43, "{}", FLAGS.len());
    assert!(spellings >= 64, "{spellings}");
    let mut names: Vec<_> = FLAGS.iter().flat_map(|flag| flag.names).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), spellings);
}

#[test]
fn one_dash_and_two_and_an_equals_sign_mean_the_same() {
    for line in ["-p 5", "--p 5", "-p=5", "-port 5", "--port 5", "--port=5"] {
        assert_eq!(options(line).listen.port, 5, "{line}");
    }
}

#[test]
fn sets_what_the_flags_say() {
    let o = options(
        "-a h -n name -P pid -m 8222 -ms 8443 --client_advertise x:1 --ports_file_dir d -l log \
         -T=false --logtime_utc -s -r udp://x --log_size_limit 10 --max_traced_msg_len 20",
    );
    assert_eq!(o.listen.host, "h");
    assert_eq!(o.server_name.as_deref(), Some("name"));
    assert_eq!(o.files.pid_file, Some(PathBuf::from("pid")));
    assert_eq!((o.monitor.http_port, o.monitor.https_port), (Some(8222), Some(8443)));
    assert_eq!(o.listen.client_advertise.as_deref(), Some("x:1"));
    assert_eq!(o.files.ports_file_dir, Some(PathBuf::from("d")));
    assert_eq!(o.log.file, Some(PathBuf::from("log")));
    assert!(!o.log.time && o.log.time_utc && o.log.syslog);
    assert_eq!(o.log.remote_syslog.as_deref(), Some("udp://x"));
    assert_eq!((o.log.file_size_max, o.limits.traced_message_max), (10, 20));
}

#[test]
fn sets_debug_and_trace_together() {
    for (line, debug, trace, verbose) in [
        ("-D", true, false, false),
        ("-V", false, true, false),
        ("-DV", true, true, false),
        ("-VV", false, true, true),
        ("-DVV", true, true, true),
        ("-D -D=false", false, false, false),
        ("", false, false, false),
    ] {
        let log = options(line).log;
        assert_eq!((log.debug, log.trace, log.trace_verbose), (debug, trace, verbose), "{line}");
    }
}

#[test]
fn ports_may_be_random_or_the_default() {
    assert_eq!(options("-p -1").listen.port, 0);
    assert_eq!(options("-p 0").listen.port, 4222);
    assert_eq!(options("-m -1").monitor.http_port, Some(0));
    assert_eq!(options("-m 0").monitor.http_port, None);
    assert!(apply("-p 70000").is_err());
}

#[test]
fn flags_override_the_file() {
    let source = MemorySource::of("c.conf", "port: 1\ndebug: true\nserver_name: f\n");
    let mut options = load(&source, Path::new("c.conf")).expect("is valid").options;
    overrides("-p 2 -D=false").apply(&mut options).expect("is valid");
    assert_eq!((options.listen.port, options.log.debug), (2, false));
    assert_eq!(options.server_name.as_deref(), Some("f"));
}

#[test]
fn finds_the_configuration_file() {
    for line in ["-c f", "--config f", "--config=f", "-p 1 -config f"] {
        let Ok(Invocation::Run { config, .. }) = parse(line) else { panic!("{line}") };
        assert_eq!(config, Some(PathBuf::from("f")), "{line}");
    }
    assert_eq!(parse("-t -c f"), Ok(Invocation::TestConfig { config: "f".into() }));
    assert_eq!(
        error("-t"),
        "must specify [-c, --config] option to check configuration file syntax"
    );
}

#[test]
fn prints_what_is_asked_for() {
    for line in ["-v", "--version", "version", "VERSION", "-v x", "-p 1 version"] {
        assert_eq!(parse(line), Ok(Invocation::PrintVersion), "{line}");
    }
    for line in ["-h", "--help", "help", "help x", "-- help"] {
        assert_eq!(parse(line), Ok(Invocation::PrintHelp), "{line}");
    }
    assert_eq!(parse("--help_tls"), Ok(Invocation::HelpTls));
    assert_eq!(parse("--completion zsh"), Ok(Invocation::Completion(Shell::Zsh)));
}

#[test]
fn reads_signals() {
    let signal =
        |command, target: &str| Ok(Invocation::Signal { command, target: target.to_owned() });
    assert_eq!(parse("--signal ldm=12"), signal(SignalCommand::LameDuck, "12"));
    assert_eq!(parse("-sl reload=/run/x.pid"), signal(SignalCommand::Reload, "/run/x.pid"));
    assert_eq!(parse("--signal=stop"), signal(SignalCommand::Stop, ""));
    assert_eq!(parse("--signal term=1*"), signal(SignalCommand::Term, "1*"));
    assert_eq!(error("--signal foo=1"), "unknown signal \"foo\"");
    assert_eq!(error("--signal stop=1=2"), "invalid signal parameters: [2]");
}

#[test]
fn refuses_in_nats_servers_words() {
    for (line, message) in [
        ("-foo", "flag provided but not defined: -foo"),
        ("--foo=1", "flag provided but not defined: -foo"),
        ("-p abc", "invalid value \"abc\" for flag -p: parse error"),
        (
            "-p 99999999999999999999",
            "invalid value \"99999999999999999999\" for flag -p: value out of range",
        ),
        ("-D=maybe", "invalid boolean value \"maybe\" for -D: parse error"),
        ("-p", "flag needs an argument: -p"),
        ("---p", "bad flag syntax: ---p"),
        ("bar", "unrecognized command: \"bar\""),
        ("-", "unrecognized command: \"-\""),
    ] {
        assert_eq!(error(line), message, "{line}");
    }
    assert!(parse("-foo").expect_err("is refused").shows_help());
    assert!(!parse("bar").expect_err("is refused").shows_help());
}

#[test]
fn tls_flags_act_together() {
    let tls = options("--tlsverify --tlscert c --tlskey k --tlscacert a").tls.expect("has tls");
    assert_eq!(tls.certificates[0].key_file, PathBuf::from("k"));
    assert_eq!((tls.verify, tls.ca_file), (true, Some(PathBuf::from("a"))));
    assert_eq!(
        apply("--tls").expect_err("is refused").to_string(),
        "TLS Server certificate must be present and valid"
    );
    assert_eq!(
        apply("--tls --tlscert c").expect_err("is refused").to_string(),
        "TLS Server private key must be present and valid"
    );
    assert_eq!(options("--tls=false --tlscert c").tls, None);
}

#[test]
fn warns_of_flags_that_do_not_act_yet() {
    let (_, warnings) = apply("-js -sd dir --cluster nats://h:1 --profile 5").expect("starts");
    let texts: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(texts[0], "flag -cluster is known, but does not act yet");
    assert_eq!(texts.len(), 2);
    let errors = apply("--cluster nats://u:p@h:1").expect_err("is refused");
    assert_eq!(errors.problems[0].severity, Severity::Refusal);
    assert_eq!(apply("-js=false").expect("starts").1, []);
}

#[test]
fn jetstream_is_switched_on_and_given_a_directory() {
    let options = options("-js -sd dir");
    assert!(options.jetstream.is_some());
    assert_eq!(options.store_dir, Some(PathBuf::from("dir")));
}

#[test]
fn help_names_every_flag_under_a_heading() {
    let help = cli::help("anabranch");
    for flag in FLAGS {
        assert!(help.contains(&format!("    {}", flag.spelled())), "{}", flag.name());
    }
    assert!(help.starts_with("\nUsage: anabranch [options]\n\nServer Options:\n    -a, "));
}

#[test]
fn the_description_for_completion_is_sound() {
    cli::command("anabranch").debug_assert();
}

#[test]
fn survives_any_order_of_arguments() {
    let words = ["-p", "--", "-", "=", "-p=", "--signal", "-t", "-c", "x", "--tls", "-sl=a=b", ""];
    for a in words {
        for b in words {
            for c in words {
                let _ = cli::parse([a, b, c].map(str::to_owned));
            }
        }
    }
}
