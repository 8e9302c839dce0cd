# The limits of batches that the configuration has.

== atomic in a stream
% limits { batch { max_inflight_per_stream: 2, max_msgs: 3 } }
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_atomic":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"allow_atomic":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Batch-Id: a
| Nats-Batch-Sequence: 1
> s.a 1
< . 
| Nats-Batch-Id: b
| Nats-Batch-Sequence: 1
> s.a 1
< . 
| Nats-Batch-Id: c
| Nats-Batch-Sequence: 1
> s.a 1
< . {"error":{"code":429,"err_code":10210,"description":"atomic publish too many inflight"},"stream":"S","seq":0}
| Nats-Batch-Id: c
| Nats-Batch-Sequence: 1
| Nats-Batch-Commit: 1
> s.a 1
< . {"error":{"code":429,"err_code":10210,"description":"atomic publish too many inflight"},"stream":"S","seq":0}
| Nats-Batch-Id: c
| Nats-Batch-Sequence: 2
> s.a 2
< . {"error":{"code":400,"err_code":10176,"description":"atomic publish batch is incomplete"},"stream":"S","seq":0}
| Nats-Batch-Id: a
| Nats-Batch-Sequence: 2
> s.a 2
< . 
| Nats-Batch-Id: a
| Nats-Batch-Sequence: 3
> s.a 3
< . 
| Nats-Batch-Id: a
| Nats-Batch-Sequence: 4
> s.a 4
< . {"error":{"code":400,"err_code":10199,"description":"atomic publish batch is too large: 3"},"stream":"S","seq":0}
< $JS.EVENT.ADVISORY.STREAM.BATCH_ABANDONED.S {"type":"io.nats.jetstream.advisory.v1.stream_batch_abandoned","id":"<id>","timestamp":"<time>","stream":"S","batch":"a","reason":"large"}
| Nats-Batch-Id: d
| Nats-Batch-Sequence: 1
> s.a 1
< . 
| Nats-Batch-Id: e
| Nats-Batch-Sequence: 1
> s.a 1
< . {"error":{"code":429,"err_code":10210,"description":"atomic publish too many inflight"},"stream":"S","seq":0}
| Nats-Batch-Id: b
| Nats-Batch-Sequence: 2
> s.a 2
< . 
| Nats-Batch-Id: b
| Nats-Batch-Sequence: 3
| Nats-Batch-Commit: 1
> s.a 3
< . {"stream":"S","seq":3,"batch":"b","count":3}
| Nats-Batch-Id: f
| Nats-Batch-Sequence: 1
> s.a 1
< . 
| Nats-Batch-Id: f
| Nats-Batch-Sequence: 2
> s.a 2
< . 
| Nats-Batch-Id: f
| Nats-Batch-Sequence: 3
> s.a 3
< . 
| Nats-Batch-Id: f
| Nats-Batch-Sequence: 4
| Nats-Batch-Commit: eob
> s.a 4
< . {"stream":"S","seq":6,"batch":"f","count":3}
| Nats-Batch-Id: g
| Nats-Batch-Sequence: 5
> s.a 5
< . {"error":{"code":400,"err_code":10199,"description":"atomic publish batch is too large: 3"},"stream":"S","seq":0}
| Nats-Batch-Id: g
| Nats-Batch-Sequence: 4
| Nats-Batch-Commit: eob
> s.a 4
< . {"error":{"code":400,"err_code":10176,"description":"atomic publish batch is incomplete"},"stream":"S","seq":0}
| Nats-Batch-Id: g
| Nats-Batch-Sequence: 4
> s.a 4
< . {"error":{"code":400,"err_code":10199,"description":"atomic publish batch is too large: 3"},"stream":"S","seq":0}
> s.a plain
< . {"stream":"S","seq":7}

== atomic in all streams
% limits { batch { max_inflight_total: 2 } }
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_atomic":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"allow_atomic":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
> $JS.API.STREAM.CREATE.T {"name":"T","subjects":["t.>"],"storage":"{{storage}}","allow_atomic":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"T","subjects":["t.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"allow_atomic":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
> $JS.API.STREAM.CREATE.U {"name":"U","subjects":["u.>"],"storage":"{{storage}}","allow_atomic":false}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"U","subjects":["u.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Batch-Id: a
| Nats-Batch-Sequence: 1
> s.a 1
< . 
| Nats-Batch-Id: a
| Nats-Batch-Sequence: 1
> t.a 1
< . 
| Nats-Batch-Id: b
| Nats-Batch-Sequence: 1
> s.a 1
< . {"error":{"code":429,"err_code":10210,"description":"atomic publish too many inflight"},"stream":"S","seq":0}
| Nats-Batch-Id: b
| Nats-Batch-Sequence: 1
> t.a 1
< . {"error":{"code":429,"err_code":10210,"description":"atomic publish too many inflight"},"stream":"T","seq":0}
| Nats-Batch-Id: b
| Nats-Batch-Sequence: 1
| Nats-Batch-Commit: 1
> t.a 1
< . {"error":{"code":429,"err_code":10210,"description":"atomic publish too many inflight"},"stream":"T","seq":0}
| Nats-Batch-Id: b
| Nats-Batch-Sequence: 2
> s.a 2
< . {"error":{"code":400,"err_code":10176,"description":"atomic publish batch is incomplete"},"stream":"S","seq":0}
| Nats-Batch-Id: b
| Nats-Batch-Sequence: 1
> u.a 1
< . {"error":{"code":400,"err_code":10174,"description":"atomic publish is disabled"},"stream":"U","seq":0}
| Nats-Batch-Id: a
| Nats-Batch-Sequence: 2
| Nats-Batch-Commit: 1
> s.a 2
< . {"stream":"S","seq":2,"batch":"a","count":2}
| Nats-Batch-Id: b
| Nats-Batch-Sequence: 1
> s.a 1
< . 
| Nats-Batch-Id: c
| Nats-Batch-Sequence: 1
> s.a 1
< . {"error":{"code":429,"err_code":10210,"description":"atomic publish too many inflight"},"stream":"S","seq":0}
> $JS.API.STREAM.DELETE.T
< . {"type":"io.nats.jetstream.api.v1.stream_delete_response","success":true}
| Nats-Batch-Id: c
| Nats-Batch-Sequence: 1
> s.a 1
< . 
| Nats-Batch-Id: b
| Nats-Batch-Sequence: 3
> s.a 3
< . {"error":{"code":400,"err_code":10176,"description":"atomic publish batch is incomplete"},"stream":"S","seq":0}
< $JS.EVENT.ADVISORY.STREAM.BATCH_ABANDONED.S {"type":"io.nats.jetstream.advisory.v1.stream_batch_abandoned","id":"<id>","timestamp":"<time>","stream":"S","batch":"b","reason":"incomplete"}
| Nats-Batch-Id: d
| Nats-Batch-Sequence: 1
> s.a 1
< . 

== atomic ones that wait less
% limits { batch { timeout: "1s" } }
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_atomic":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"allow_atomic":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Batch-Id: a
| Nats-Batch-Sequence: 1
> s.a 1
< . 
* until it is given up
< $JS.EVENT.ADVISORY.STREAM.BATCH_ABANDONED.S {"type":"io.nats.jetstream.advisory.v1.stream_batch_abandoned","id":"<id>","timestamp":"<time>","stream":"S","batch":"a","reason":"timeout"}
| Nats-Batch-Id: a
| Nats-Batch-Sequence: 2
> s.a 2
< . {"error":{"code":400,"err_code":10176,"description":"atomic publish batch is incomplete"},"stream":"S","seq":0}

== fast in a stream
% limits { batch { max_inflight_per_stream: 2, max_msgs: 1 } }
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_batched":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"allow_batched":true,"metadata":{"_nats.level":"5","_nats.req.level":"4","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
@ rp.a.10.fail.1.0.$FI
> s.a 1
< . {"type":"ack","seq":0,"msgs":10}
@ rp.b.10.fail.1.0.$FI
> s.a 1
< . {"type":"ack","seq":0,"msgs":1}
< . {"type":"ack","seq":1,"msgs":2}
@ rp.c.10.fail.1.0.$FI
> s.a 1
< . {"error":{"code":429,"err_code":10211,"description":"batch publish too many inflight"},"stream":"S","seq":0}
@ rp.a.10.fail.2.1.$FI
> s.a 2
@ rp.c.10.fail.2.1.$FI
> s.a 2
< . {"error":{"code":400,"err_code":10208,"description":"batch publish ID unknown"},"stream":"S","seq":0}
@ rp.a.10.fail.3.2.$FI
> s.a 3
< . {"stream":"S","seq":4,"batch":"a","count":3}
@ rp.c.10.fail.1.0.$FI
> s.a 1
< . {"type":"ack","seq":0,"msgs":1}
< . {"type":"ack","seq":1,"msgs":2}
@ rp.d.10.fail.1.2.$FI
> s.a 1
< . {"error":{"code":429,"err_code":10211,"description":"batch publish too many inflight"},"stream":"S","seq":0}
@ rp.d.10.fail.1.4.$FI
> s.a 1
< . {"error":{"code":400,"err_code":10208,"description":"batch publish ID unknown"},"stream":"S","seq":0}

== fast in all streams
% limits { batch { max_inflight_total: 2 } }
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_batched":true,"allow_atomic":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"allow_atomic":true,"allow_batched":true,"metadata":{"_nats.level":"5","_nats.req.level":"4","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
> $JS.API.STREAM.CREATE.T {"name":"T","subjects":["t.>"],"storage":"{{storage}}","allow_batched":true,"allow_atomic":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"T","subjects":["t.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"allow_atomic":true,"allow_batched":true,"metadata":{"_nats.level":"5","_nats.req.level":"4","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
@ rp.a.10.fail.1.0.$FI
> s.a 1
< . {"type":"ack","seq":0,"msgs":10}
@ rp.a.10.fail.1.0.$FI
> t.a 1
< . {"type":"ack","seq":0,"msgs":10}
@ rp.b.10.fail.1.0.$FI
> s.a 1
< . {"error":{"code":429,"err_code":10211,"description":"batch publish too many inflight"},"stream":"S","seq":0}
@ rp.b.10.fail.1.0.$FI
> t.a 1
< . {"error":{"code":429,"err_code":10211,"description":"batch publish too many inflight"},"stream":"T","seq":0}
@ rp.b.10.fail.1.2.$FI
> s.a 1
< . {"error":{"code":429,"err_code":10211,"description":"batch publish too many inflight"},"stream":"S","seq":0}
@ rp.b.10.fail.2.1.$FI
> s.a 2
< . {"error":{"code":400,"err_code":10208,"description":"batch publish ID unknown"},"stream":"S","seq":0}
| Nats-Batch-Id: x
| Nats-Batch-Sequence: 1
> s.a 1
< . 
| Nats-Batch-Id: x
| Nats-Batch-Sequence: 1
> t.a 1
< . 
| Nats-Batch-Id: y
| Nats-Batch-Sequence: 1
> s.a 1
< . {"error":{"code":429,"err_code":10210,"description":"atomic publish too many inflight"},"stream":"S","seq":0}
@ rp.a.10.fail.2.2.$FI
> s.a 2
< . {"stream":"S","seq":2,"batch":"a","count":2}
@ rp.b.10.fail.1.0.$FI
> s.a 1
< . {"type":"ack","seq":0,"msgs":10}
@ rp.c.10.fail.1.0.$FI
> s.a 1
< . {"error":{"code":429,"err_code":10211,"description":"batch publish too many inflight"},"stream":"S","seq":0}

== limits that are none
% limits { batch { max_inflight_per_stream: 0, max_inflight_total: -1, max_msgs: 0, timeout: "0s" } }
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_atomic":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"allow_atomic":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Batch-Id: a
| Nats-Batch-Sequence: 1
> s.a 1
< . 
| Nats-Batch-Id: a
| Nats-Batch-Sequence: 2
> s.a 2
< . 
| Nats-Batch-Id: a
| Nats-Batch-Sequence: 3
| Nats-Batch-Commit: 1
> s.a 3
< . {"stream":"S","seq":3,"batch":"a","count":3}

== limits that change with a start
% limits { batch { max_inflight_per_stream: 1 } }
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_batched":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"allow_batched":true,"metadata":{"_nats.level":"5","_nats.req.level":"4","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
@ rp.a.10.fail.1.0.$FI
> s.a 1
< . {"type":"ack","seq":0,"msgs":10}
@ rp.b.10.fail.1.0.$FI
> s.b 1
< . {"error":{"code":429,"err_code":10211,"description":"batch publish too many inflight"},"stream":"S","seq":0}
@ rp.b.10.fail.1.2.$FI
> s.b 1
< . {"error":{"code":429,"err_code":10211,"description":"batch publish too many inflight"},"stream":"S","seq":0}
> s.c plain
< . {"stream":"S","seq":2}
! kill
% limits { batch { max_inflight_per_stream: 9 } }
> $JS.API.STREAM.INFO.S {"subjects_filter":">"}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","error":{"code":404,"err_code":10059,"description":"stream not found"},"total":0,"offset":0,"limit":0}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"allow_batched":true,"metadata":{"_nats.level":"5","_nats.req.level":"4","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":2,"bytes":72,"first_seq":1,"first_ts":"<time>","last_seq":2,"last_ts":"<time>","num_subjects":2,"subjects":{"s.a":1,"s.c":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
