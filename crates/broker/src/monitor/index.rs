//! The page at `/`: links to everything else.

use super::answer::{Answer, Kind};

/// What is linked: path, title, what is there.
const LINKS: [(&str, &str, &str); 12] = [
    ("/varz", "General", "identity, limits, traffic, resources"),
    ("/connz", "Connections", "who is connected, who was and why no longer"),
    ("/subsz", "Subscriptions", "interest and match caches"),
    ("/accountz", "Accounts", "which accounts there are"),
    ("/accstatz", "Account statistics", "traffic by account"),
    ("/jsz", "JetStream", "streams and consumers"),
    ("/routez", "Routes", "servers of this cluster"),
    ("/leafz", "Leaf nodes", "servers attached here"),
    ("/gatewayz", "Gateways", "other clusters"),
    ("/healthz", "Health", "accepts clients"),
    ("/readyz", "Readiness", "accepts clients and keeps them"),
    ("/metrics", "Metrics", "for Prometheus"),
];

/// The page of a server named `name`, all of whose paths begin with `base`.
#[must_use]
pub(super) fn index(name: &str, version: &str, base: &str) -> Answer {
    let name = escape(name);
    let base = escape(base);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{name}</title>\n\
         <style>body{{font-family:system-ui,sans-serif;margin:2rem}}\
         td{{padding:.2rem 1rem .2rem 0}}</style></head>\n\
         <body>\n<h1>{name}</h1>\n<p>Anabranch {version}</p>\n<table>\n"
    );
    for (path, title, what) in LINKS {
        page.push_str(&format!(
            "<tr><td><a href=\"{base}{path}\">{title}</a></td><td>{what}</td></tr>\n"
        ));
    }
    page.push_str("</table>\n</body>\n</html>\n");
    Answer { status: 200, kind: Kind::Html, body: page.into() }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::endpoint;

    #[test]
    fn links_only_to_what_is_there() {
        for (path, _, _) in LINKS {
            assert!(endpoint::find("/b", &format!("/b{path}")).is_some(), "{path}");
        }
        let page = index("a<b>&\"", "1", "/b");
        let page = String::from_utf8(page.body.to_vec()).unwrap();
        assert!(page.contains("<title>a&lt;b&gt;&amp;&quot;</title>"));
        assert!(page.contains("href=\"/b/connz\""));
    }
}
