//! Hostile or broken configuration files end in an error with a position, and soon.

use std::path::Path;

use anabranch_config::{Errors, Loaded, MemorySource, load};

fn load_from(source: &MemorySource) -> Result<Loaded, Errors> {
    load(source, Path::new("c.conf"))
}

fn first_error(source: &MemorySource) -> String {
    load_from(source).expect_err("is refused").problems[0].to_string()
}

#[test]
fn refuses_an_include_cycle() {
    let source = MemorySource::of("c.conf", "include a.conf\n")
        .with_file("a.conf", "\n include b.conf\n")
        .with_file("b.conf", "include a.conf\n");
    assert_eq!(
        first_error(&source),
        "b.conf:1:1: error parsing include file 'a.conf', include cycle for 'a.conf'"
    );
}

#[test]
fn bounds_the_number_of_includes() {
    // Ten files, each including the next ten times, would be read ten milliard times.
    let mut source = MemorySource::of("c.conf", &"include 0.conf\n".replace('0', "f0"));
    for level in 0..10 {
        let next = format!("include f{}.conf\n", level + 1).repeat(10);
        source = source.with_file(&format!("f{level}.conf"), &next);
    }
    source = source.with_file("f10.conf", "debug: true\n");
    assert!(first_error(&source).ends_with("more than 1000 included files"));
}

#[test]
fn bounds_the_depth_of_nesting() {
    for text in ["a: [".to_owned() + &"[".repeat(100_000), "a {".repeat(100_000)] {
        let source = MemorySource::of("c.conf", &text);
        assert!(first_error(&source).contains("nested deeper than 100 levels"));
    }
}

#[test]
fn bounds_the_depth_of_nesting_through_the_environment() {
    let mut source = MemorySource::of("c.conf", "port: $V0\n");
    for level in 0..200 {
        source = source.with_env(&format!("V{level}"), &format!("[$V{}]", level + 1));
    }
    assert!(first_error(&source).contains("nested deeper than 100 levels"));
}

#[test]
fn bounds_what_variables_multiply() {
    let mut text = "a0: [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let last = format!("$a{}", level - 1);
        text += &format!("a{level}: [{}]\n", [last.as_str(); 10].join(", "));
    }
    let error = first_error(&MemorySource::of("c.conf", &text));
    assert!(error.contains("configuration is larger than"), "{error}");
}

#[test]
fn reads_a_long_list_in_one_pass() {
    let text = format!("server_tags: [{}]\n", "tag, ".repeat(200_000));
    let loaded = load_from(&MemorySource::of("c.conf", &text)).expect("is valid");
    assert_eq!(loaded.options.tags, ["tag"]);
}

#[test]
fn names_the_file_that_is_missing() {
    assert_eq!(first_error(&MemorySource::default()), "open c.conf: no such file or directory");
}

#[test]
fn gives_the_position_inside_an_included_file() {
    let source = MemorySource::of("dir/c.conf", "port: 1\ninclude inner.conf\n")
        .with_file("dir/inner.conf", "\n  foo: 1\n");
    let errors = load(&source, Path::new("dir/c.conf")).expect_err("is refused");
    assert_eq!(errors.to_string(), "dir/inner.conf:2:3: unknown field \"foo\"");
}

#[test]
fn counts_columns_in_every_line_from_one() {
    let source = MemorySource::of("c.conf", "foo: 1\n  authorization { bar: 1 }\n");
    let errors = load_from(&source).expect_err("is refused");
    assert_eq!(
        errors.to_string(),
        "c.conf:1:1: unknown field \"foo\"\nc.conf:2:19: unknown field \"bar\""
    );
}

#[test]
fn survives_garbage() {
    let pieces = [
        "{", "}", "[", "]", "(", ")", "\n", "=", ":", ",", ";", "\"", "'", "\\", "$a", "$", "#",
        "//", "include", " ", "a", "1", "-", ".", "2020-", "1k", "\u{feff}", "\u{e9}", "\0",
    ];
    // A fixed linear congruence: the same garbage every time.
    let mut state: u64 = 42;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let index = usize::try_from(state >> 33).expect("31 bits") % pieces.len();
            text.push_str(pieces[index]);
        }
        let _ = load_from(&MemorySource::of("c.conf", &text));
    }
}
