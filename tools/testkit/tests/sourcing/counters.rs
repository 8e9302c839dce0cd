//! Counters that add up counters of other streams.

use serde_json::json;

use super::script::same;

#[test]
#[ignore = "needs both servers"]
fn counters_add_up_what_their_sources_count() {
    same(|script| {
        for name in ["A", "B"] {
            let subject = format!("{}.*", name.to_lowercase());
            script.create(json!({"name": name, "subjects": [subject], "allow_msg_counter": true}));
        }
        let shape = |name: &str| {
            let source = format!("{}.*", name.to_lowercase());
            json!({"name": name, "subject_transforms": [{"src": source, "dest": "sum.$1"}]})
        };
        let config = json!({
            "name": "SUM", "subjects": ["sum.*"], "sources": [shape("A"), shape("B")],
            "allow_msg_counter": true
        });
        script.create(config);
        let mut last = 0;
        for (subject, increment) in [
            ("a.x", "+5"),
            ("b.x", "+10"),
            ("a.x", "-2"),
            ("sum.x", "+100"),
            ("a.y", "+1"),
            ("b.x", "+3"),
        ] {
            let ack = script.publish(subject, &format!("Nats-Incr: {increment}"), "");
            assert!(ack["error"].is_null(), "{ack}");
            last += 1;
            script.reaches("SUM", last);
        }
        script.create(json!({"name": "M", "mirror": {"name": "SUM"}}));
        script.reaches("M", last);
        script.create(json!({"name": "PLAIN", "sources": [{"name": "A"}]}));
        script.reaches("PLAIN", 3);
        json!([script.messages("SUM"), script.messages("M"), script.messages("PLAIN")])
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_counter_waits_for_a_source_that_counts_nothing() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o"]}));
        let config = json!({
            "name": "SUM", "subjects": ["sum"], "sources": [{"name": "O"}],
            "allow_msg_counter": true
        });
        script.create(config);
        script.fill(&["o"], 2);
        let ack = script.publish("sum", "Nats-Incr: 1", "");
        json!([ack, script.messages("SUM")])
    });
}
