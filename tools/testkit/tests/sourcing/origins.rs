//! Origins that are not there, not yet or not any more, and circles.

use serde_json::{Value, json};

use super::script::same;

#[test]
#[ignore = "needs both servers"]
fn an_origin_may_come_later() {
    same(|script| {
        let made = script.create(json!({"name": "M", "mirror": {"name": "O"}}));
        script.create(json!({"name": "S", "sources": [{"name": "O"}]}));
        let is_missed = |info: &Value| {
            let error =
                |origin: &Value| origin["error"]["err_code"] == 10059 && origin["active"] == -1;
            error(&info["mirror"]) || error(&info["sources"][0])
        };
        let missed = [script.until("M", is_missed), script.until("S", is_missed)];
        script.create(json!({"name": "O", "subjects": ["o"]}));
        script.fill(&["o"], 3);
        let found = [script.reaches("M", 3), script.reaches("S", 3)];
        json!([made["mirror"], missed, found, script.messages("S")])
    });
}

#[test]
#[ignore = "needs both servers"]
fn an_origin_that_is_made_anew_is_another() {
    same(|script| {
        let origin = json!({"name": "O", "subjects": ["o"]});
        script.create(origin.clone());
        script.fill(&["o"], 5);
        script.create(json!({"name": "M", "mirror": {"name": "O"}}));
        script.create(json!({"name": "S", "sources": [{"name": "O"}]}));
        script.reaches("M", 5);
        script.reaches("S", 5);
        script.delete("O");
        script.create(origin);
        script.fill(&["o"], 3);
        // Sources begin anew; a mirror waits for the sequences that it does not have.
        let sourced = script.reaches("S", 8);
        let waits = script.messages("M");
        script.fill(&["o"], 4);
        let mirrored = script.reaches("M", 7);
        script.reaches("S", 12);
        json!([sourced, waits, mirrored, script.messages("M"), script.messages("S")])
    });
}

#[test]
#[ignore = "needs both servers"]
fn a_purged_origin_goes_on() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o"]}));
        script.create(json!({"name": "M", "mirror": {"name": "O"}}));
        script.create(json!({"name": "S", "sources": [{"name": "O"}]}));
        script.fill(&["o"], 5);
        script.reaches("M", 5);
        script.reaches("S", 5);
        script.ask("STREAM.PURGE.O", &Value::Null);
        script.fill(&["o"], 2);
        let went_on = [script.reaches("M", 7), script.reaches("S", 7)];
        script.ask("STREAM.PURGE.O", &json!({ "seq": 100 }));
        script.fill(&["o"], 2);
        let jumped = [script.reaches("M", 101), script.reaches("S", 9)];
        json!([went_on, jumped, script.messages("M"), script.messages("S")])
    });
}

#[test]
#[ignore = "needs both servers"]
fn streams_that_take_from_each_other_are_refused_as_a_circle() {
    same(|script| {
        script.create(json!({"name": "A", "subjects": ["a"]}));
        script.create(json!({"name": "B", "sources": [{"name": "A"}]}));
        let circle = json!({"name": "A", "subjects": ["a"], "sources": [{"name": "B"}]});
        let refused = script.update(circle);
        let itself = script.ask("STREAM.CREATE.C", &json!({"name": "C", "mirror": {"name": "C"}}));
        script.create(json!({"name": "X", "mirror": {"name": "Y"}}));
        let back = script.ask("STREAM.CREATE.Y", &json!({"name": "Y", "mirror": {"name": "X"}}));
        json!([refused, itself["error"], back["error"]])
    });
}

#[test]
#[ignore = "needs both servers"]
fn chains_of_mirrors_and_sources_pass_messages_on() {
    same(|script| {
        script.create(json!({"name": "O", "subjects": ["o.*"]}));
        script.create(json!({"name": "M1", "mirror": {"name": "O"}}));
        script.create(json!({"name": "M2", "mirror": {"name": "M1"}, "storage": "file"}));
        script.create(json!({"name": "S1", "sources": [{"name": "M2"}]}));
        script.create(json!({"name": "S2", "sources": [{"name": "S1"}], "storage": "file"}));
        script.fill(&["o.a", "o.b"], 20);
        let states = ["M1", "M2", "S1", "S2"].map(|name| script.reaches(name, 40));
        json!([states, script.messages("S2")])
    });
}
