# Fast batches: their state is in the reply subject.

== fast
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_direct":true,"allow_batched":true,"allow_rollup_hdrs":true,"max_msg_size":200}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":200,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":false,"allow_batched":true,"metadata":{"_nats.level":"5","_nats.req.level":"4","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
@ _INBOX.s.one.2.fail.1.0.$FI
> s.a x
< . {"type":"ack","seq":0,"msgs":2}
@ _INBOX.s.one.2.fail.2.1.$FI
> s.a x
< . {"type":"ack","seq":2,"msgs":2}
@ _INBOX.s.one.2.fail.3.1.$FI
> s.a x
@ _INBOX.s.one.2.fail.4.1.$FI
> s.a x
< . {"type":"ack","seq":4,"msgs":2}
@ _INBOX.s.one.2.fail.4.4.$FI
> s.a x
< . {"type":"ack","seq":4,"msgs":2}
@ _INBOX.s.one.2.fail.5.2.$FI
> s.a x
< . {"stream":"S","seq":5,"batch":"one","count":5}
@ _INBOX.s.one.2.fail.6.1.$FI
> s.a x
< . {"error":{"code":400,"err_code":10208,"description":"batch publish ID unknown"},"stream":"S","seq":0}
@ _INBOX.s.s.1.ok.1.2.$FI
> s.a x
< . {"stream":"S","seq":6,"batch":"s","count":1}
@ _INBOX.s.eob.10.ok.1.0.$FI
> s.a x
< . {"type":"ack","seq":0,"msgs":10}
@ _INBOX.s.eob.10.ok.2.1.$FI
> s.a x
@ _INBOX.s.eob.10.ok.3.3.$FI
> s.a x
< . {"stream":"S","seq":8,"batch":"eob","count":2}
> $JS.API.STREAM.INFO.S {"subjects_filter":">"}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":200,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":false,"allow_batched":true,"metadata":{"_nats.level":"5","_nats.req.level":"4","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":8,"bytes":160,"first_seq":1,"first_ts":"<time>","last_seq":8,"last_ts":"<time>","num_subjects":1,"subjects":{"s.a":8},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":200,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":false,"allow_batched":true,"metadata":{"_nats.level":"5","_nats.req.level":"4","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":8,"bytes":272,"first_seq":1,"first_ts":"<time>","last_seq":8,"last_ts":"<time>","num_subjects":1,"subjects":{"s.a":8},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== fast with gaps
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_direct":true,"allow_batched":true,"allow_rollup_hdrs":true,"max_msg_size":200}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":200,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":false,"allow_batched":true,"metadata":{"_nats.level":"5","_nats.req.level":"4","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
@ _INBOX.s.gap.3.ok.1.0.$FI
> s.a x
< . {"type":"ack","seq":0,"msgs":3}
@ _INBOX.s.gap.3.ok.4.1.$FI
> s.a x
< . {"type":"gap","last_seq":2,"seq":4}
< . {"type":"ack","seq":3,"msgs":3}
@ _INBOX.s.gap.3.ok.3.1.$FI
> s.a x
< . {"type":"gap","last_seq":5,"seq":3}
< . {"stream":"S","seq":2,"batch":"gap","count":4}
@ _INBOX.s.gap.3.ok.5.1.$FI
> s.a x
< . {"error":{"code":400,"err_code":10208,"description":"batch publish ID unknown"},"stream":"S","seq":0}
@ _INBOX.s.gap.3.ok.9.4.$FI
> s.a x
< . {"error":{"code":400,"err_code":10208,"description":"batch publish ID unknown"},"stream":"S","seq":0}
@ _INBOX.s.gap.3.ok.10.1.$FI
> s.a x
< . {"error":{"code":400,"err_code":10208,"description":"batch publish ID unknown"},"stream":"S","seq":0}
@ _INBOX.s.gap.3.ok.11.2.$FI
> s.a x
< . {"error":{"code":400,"err_code":10208,"description":"batch publish ID unknown"},"stream":"S","seq":0}
@ _INBOX.s.gf.3.fail.1.0.$FI
> s.a x
< . {"type":"ack","seq":0,"msgs":3}
@ _INBOX.s.gf.3.fail.2.1.$FI
> s.a x
@ _INBOX.s.gf.3.fail.4.1.$FI
> s.a x
< . {"type":"gap","last_seq":3,"seq":4}
< . {"stream":"S","seq":4,"batch":"gf","count":2}
@ _INBOX.s.gf.3.fail.5.1.$FI
> s.a x
< . {"error":{"code":400,"err_code":10208,"description":"batch publish ID unknown"},"stream":"S","seq":0}
@ _INBOX.s.gf.3.fail.1.0.$FI
> s.a x
< . {"type":"ack","seq":0,"msgs":3}
@ _INBOX.s.gf.3.fail.5.4.$FI
> s.a x
< . {"type":"gap","last_seq":2,"seq":6}
< . {"stream":"S","seq":5,"batch":"gf","count":1}
@ _INBOX.s.gf.3.fail.2.1.$FI
> s.a x
< . {"error":{"code":400,"err_code":10208,"description":"batch publish ID unknown"},"stream":"S","seq":0}
@ _INBOX.s.bk.3.fail.1.0.$FI
> s.a x
< . {"type":"ack","seq":0,"msgs":3}
@ _INBOX.s.bk.3.fail.1.0.$FI
> s.a x
< . {"type":"gap","last_seq":2,"seq":1}
< . {"stream":"S","seq":6,"batch":"bk","count":1}
@ _INBOX.s.bk.3.fail.2.1.$FI
> s.a x
< . {"error":{"code":400,"err_code":10208,"description":"batch publish ID unknown"},"stream":"S","seq":0}
> $JS.API.STREAM.INFO.S {"subjects_filter":">"}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":200,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":false,"allow_batched":true,"metadata":{"_nats.level":"5","_nats.req.level":"4","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":6,"bytes":120,"first_seq":1,"first_ts":"<time>","last_seq":6,"last_ts":"<time>","num_subjects":1,"subjects":{"s.a":6},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":200,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":false,"allow_batched":true,"metadata":{"_nats.level":"5","_nats.req.level":"4","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":6,"bytes":204,"first_seq":1,"first_ts":"<time>","last_seq":6,"last_ts":"<time>","num_subjects":1,"subjects":{"s.a":6},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== fast that is malformed
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_direct":true,"allow_batched":true,"allow_rollup_hdrs":true,"max_msg_size":200}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":200,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":false,"allow_batched":true,"metadata":{"_nats.level":"5","_nats.req.level":"4","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
@ _INBOX.s.bad.3.nope.1.0.$FI
> s.a x
< . {"error":{"code":400,"err_code":10206,"description":"batch publish pattern is invalid"},"stream":"S","seq":0}
@ _INBOX.s.bad.3.ok.0.0.$FI
> s.a x
< . {"error":{"code":400,"err_code":10206,"description":"batch publish pattern is invalid"},"stream":"S","seq":0}
@ _INBOX.s.bad.3.ok.2.0.$FI
> s.a x
< . {"error":{"code":400,"err_code":10206,"description":"batch publish pattern is invalid"},"stream":"S","seq":0}
@ _INBOX.s.bad.3.ok.1.9.$FI
> s.a x
< . {"error":{"code":400,"err_code":10206,"description":"batch publish pattern is invalid"},"stream":"S","seq":0}
@ _INBOX.s.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.3.ok.1.0.$FI
> s.a x
< . {"error":{"code":400,"err_code":10207,"description":"batch publish ID is invalid"},"stream":"S","seq":0}
@ _INBOX.s.p.5.ok.1.4.$FI
> s.a x
< . {"error":{"code":400,"err_code":10208,"description":"batch publish ID unknown"},"stream":"S","seq":0}
@ _INBOX.s.p.5.ok.2.1.$FI
> s.a x
< . {"error":{"code":400,"err_code":10208,"description":"batch publish ID unknown"},"stream":"S","seq":0}
@ _INBOX.s.p.5.ok.3.2.$FI
> s.a x
< . {"error":{"code":400,"err_code":10208,"description":"batch publish ID unknown"},"stream":"S","seq":0}
> $JS.API.STREAM.INFO.S {"subjects_filter":">"}
< . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":0,"offset":0,"limit":0,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":200,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":false,"allow_batched":true,"metadata":{"_nats.level":"5","_nats.req.level":"4","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== fast with headers
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_direct":true,"allow_batched":true,"allow_rollup_hdrs":true,"max_msg_size":200}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":200,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":false,"allow_batched":true,"metadata":{"_nats.level":"5","_nats.req.level":"4","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Msg-Id: 1
@ _INBOX.s.d.5.fail.1.2.$FI
> s.a x
< . {"stream":"S","seq":1,"batch":"d","count":1}
| Nats-Msg-Id: 1
@ _INBOX.s.d.5.fail.1.2.$FI
> s.a x
< . {"stream":"S","seq":1,"duplicate": true,"batch":"d","count":1}
| Nats-Msg-Id: 1
@ _INBOX.s.d.1.fail.1.0.$FI
> s.a x
< . {"type":"ack","seq":0,"msgs":1}
< . {"type":"ack","seq":1,"msgs":1}
| Nats-Msg-Id: 1
@ _INBOX.s.d.1.fail.2.1.$FI
> s.a x
< . {"type":"ack","seq":2,"msgs":1}
| Nats-Msg-Id: 2
@ _INBOX.s.d.1.fail.3.1.$FI
> s.a x
< . {"type":"ack","seq":3,"msgs":1}
| Nats-Msg-Id: 2
@ _INBOX.s.d.1.fail.4.2.$FI
> s.a x
< . {"type":"ack","seq":4,"msgs":1}
< . {"stream":"S","seq":2,"batch":"d","count":4}
| Nats-Expected-Last-Sequence: 1
@ _INBOX.s.e.1.fail.1.0.$FI
> s.a x
< . {"type":"ack","seq":0,"msgs":1}
< . {"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 2"},"stream":"S","seq":0}
@ _INBOX.s.e.1.fail.1.0.$FI
> s.a x
< . {"type":"ack","seq":0,"msgs":1}
< . {"type":"ack","seq":1,"msgs":1}
| Nats-Expected-Last-Sequence: 1
@ _INBOX.s.e.1.fail.2.1.$FI
> s.a x
< . {"type":"err","seq":2,"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 3"}}
< . {"stream":"S","seq":3,"batch":"e","count":1}
@ _INBOX.s.e.1.fail.3.1.$FI
> s.a x
< . {"error":{"code":400,"err_code":10208,"description":"batch publish ID unknown"},"stream":"S","seq":0}
| Nats-Expected-Last-Sequence: 1
@ _INBOX.s.g.1.ok.1.0.$FI
> s.a x
< . {"type":"ack","seq":0,"msgs":1}
< . {"type":"err","seq":1,"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 3"}}
@ _INBOX.s.g.1.ok.2.1.$FI
> s.a x
< . {"type":"ack","seq":2,"msgs":1}
| Nats-Expected-Last-Sequence: 1
@ _INBOX.s.g.1.ok.3.1.$FI
> s.a x
< . {"type":"err","seq":3,"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 4"}}
| Nats-Expected-Last-Sequence: 1
@ _INBOX.s.g.1.ok.4.2.$FI
> s.a x
< . {"type":"err","seq":4,"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 4"}}
< . {"stream":"S","seq":4,"batch":"g","count":3}
| Nats-Required-Api-Level: 99
@ _INBOX.s.l.1.ok.1.0.$FI
> s.a x
< . {"error":{"code":412,"err_code":10185,"description":"JetStream minimum api level required"},"stream":"S","seq":0}
| Nats-Required-Api-Level: 3
@ _INBOX.s.l.1.ok.1.0.$FI
> s.a x
< . {"type":"ack","seq":0,"msgs":1}
< . {"type":"ack","seq":1,"msgs":1}
@ _INBOX.s.l.1.ok.2.1.$FI
> s.a yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy
< . {"error":{"code":400,"err_code":10054,"description":"message size exceeds maximum allowed"},"stream":"S","seq":0}
@ _INBOX.s.l.1.ok.2.3.$FI
> s.a x
< . {"stream":"S","seq":5,"batch":"l","count":1}
| Nats-Rollup: sub
@ _INBOX.s.r.1.ok.1.0.$FI
> s.a x
< . {"type":"ack","seq":0,"msgs":1}
< . {"type":"ack","seq":1,"msgs":1}
| Nats-Rollup: sub
@ _INBOX.s.r.1.ok.2.1.$FI
> s.a x
< . {"type":"ack","seq":2,"msgs":1}
| Nats-Rollup: sub
@ _INBOX.s.r.1.ok.3.2.$FI
> s.a x
< . {"stream":"S","seq":8,"batch":"r","count":3}
| Nats-Batch-Id: zz
@ _INBOX.s.q.1.ok.1.0.$FI
> s.a x
< . {"type":"ack","seq":0,"msgs":1}
< . {"type":"ack","seq":1,"msgs":1}
@ _INBOX.s.q.1.ok.2.2.$FI
> s.a x
< . {"stream":"S","seq":10,"batch":"q","count":2}
| Nats-Expected-Last-Msg-Id: 1
@ _INBOX.s.x.1.ok.1.0.$FI
> s.a x
< . {"type":"ack","seq":0,"msgs":1}
< . {"error":{"code":400,"err_code":10070,"description":"wrong last msg ID: "},"stream":"S","seq":0}
| Nats-Expected-Last-Msg-Id: 1
@ _INBOX.s.x.1.ok.2.1.$FI
> s.a x
< . {"error":{"code":400,"err_code":10070,"description":"wrong last msg ID: "},"stream":"S","seq":0}
@ _INBOX.s.x.1.ok.3.2.$FI
> s.a x
< . {"stream":"S","seq":11,"batch":"x","count":3}
@ _INBOX.s.gd.1.ok.1.0.$FI
> s.a x
< . {"type":"ack","seq":0,"msgs":1}
< . {"type":"ack","seq":1,"msgs":1}
| Nats-Expected-Last-Sequence: 1
@ _INBOX.s.gd.1.ok.2.1.$FI
> s.a x
< . {"type":"err","seq":2,"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 12"}}
@ _INBOX.s.gd.1.ok.2.1.$FI
> s.a x
< . {"type":"gap","last_seq":3,"seq":2}
@ _INBOX.s.gd.1.ok.3.1.$FI
> s.a x
> $JS.API.STREAM.INFO.S {"subjects_filter":">"}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":200,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":false,"allow_batched":true,"metadata":{"_nats.level":"5","_nats.req.level":"4","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":5,"bytes":161,"first_seq":8,"first_ts":"<time>","last_seq":12,"last_ts":"<time>","num_subjects":1,"subjects":{"s.a":5},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":200,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":false,"allow_batched":true,"metadata":{"_nats.level":"5","_nats.req.level":"4","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":5,"bytes":239,"first_seq":8,"first_ts":"<time>","last_seq":12,"last_ts":"<time>","num_subjects":1,"subjects":{"s.a":5},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== fast with other last message ids
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_batched":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"allow_batched":true,"metadata":{"_nats.level":"5","_nats.req.level":"4","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Msg-Id: 1
> s.a x
< . {"stream":"S","seq":1}
| Nats-Expected-Last-Msg-Id: 1
@ _INBOX.s.y.1.fail.1.0.$FI
> s.a x
< . {"type":"ack","seq":0,"msgs":1}
< . {"type":"ack","seq":1,"msgs":1}
| Nats-Expected-Last-Msg-Id: 1
@ _INBOX.s.y.1.fail.2.1.$FI
> s.a x
< . {"error":{"code":400,"err_code":10070,"description":"wrong last msg ID: "},"stream":"S","seq":0}
@ _INBOX.s.y.1.fail.3.1.$FI
> s.a x
< . {"type":"ack","seq":3,"msgs":1}
| Nats-Expected-Last-Msg-Id: 1
@ _INBOX.s.y.1.fail.4.2.$FI
> s.a x
< . {"error":{"code":400,"err_code":10070,"description":"wrong last msg ID: "},"stream":"S","seq":0}
@ _INBOX.s.y.1.fail.4.2.$FI
> s.a x
| Nats-Expected-Last-Msg-Id: 1
@ _INBOX.s.z.1.fail.1.2.$FI
> s.a x
< . {"error":{"code":400,"err_code":10070,"description":"wrong last msg ID: "},"stream":"S","seq":0}
@ _INBOX.s.w.1.ok.1.0.$FI
> s.a x
< . {"type":"ack","seq":0,"msgs":1}
< . {"type":"ack","seq":1,"msgs":1}
| Nats-Expected-Last-Msg-Id: 1
@ _INBOX.s.w.1.ok.2.2.$FI
> s.a x
< . {"error":{"code":400,"err_code":10070,"description":"wrong last msg ID: "},"stream":"S","seq":0}
@ _INBOX.s.w.1.ok.3.2.$FI
> s.a x
@ _INBOX.s.w.1.ok.2.4.$FI
> s.a x
< . {"type":"ack","seq":1,"msgs":1}
> $JS.API.STREAM.INFO.S {"subjects_filter":">"}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"allow_batched":true,"metadata":{"_nats.level":"5","_nats.req.level":"4","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":4,"bytes":150,"first_seq":1,"first_ts":"<time>","last_seq":4,"last_ts":"<time>","num_subjects":1,"subjects":{"s.a":4},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"allow_batched":true,"metadata":{"_nats.level":"5","_nats.req.level":"4","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":4,"bytes":214,"first_seq":1,"first_ts":"<time>","last_seq":4,"last_ts":"<time>","num_subjects":1,"subjects":{"s.a":4},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== two fast ones at once
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_direct":true,"allow_batched":true,"allow_rollup_hdrs":true,"max_msg_size":200}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":200,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":false,"allow_batched":true,"metadata":{"_nats.level":"5","_nats.req.level":"4","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
@ _INBOX.s.m1.50.ok.1.0.$FI
> s.a x
< . {"type":"ack","seq":0,"msgs":50}
@ _INBOX.s.m2.50.ok.1.0.$FI
> s.a x
< . {"type":"ack","seq":0,"msgs":1}
< . {"type":"ack","seq":1,"msgs":2}
@ _INBOX.s.m2.50.ok.2.1.$FI
> s.a x
@ _INBOX.s.m2.50.ok.3.1.$FI
> s.a x
< . {"type":"ack","seq":3,"msgs":4}
@ _INBOX.s.m2.50.ok.4.1.$FI
> s.a x
@ _INBOX.s.m1.50.ok.2.2.$FI
> s.a x
< . {"stream":"S","seq":6,"batch":"m1","count":2}
@ _INBOX.s.m2.50.ok.5.1.$FI
> s.a x
@ _INBOX.s.m2.50.ok.6.1.$FI
> s.a x
@ _INBOX.s.m2.50.ok.7.2.$FI
> s.a x
< . {"stream":"S","seq":9,"batch":"m2","count":7}
> $JS.API.STREAM.INFO.S {"subjects_filter":">"}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":200,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":false,"allow_batched":true,"metadata":{"_nats.level":"5","_nats.req.level":"4","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":9,"bytes":180,"first_seq":1,"first_ts":"<time>","last_seq":9,"last_ts":"<time>","num_subjects":1,"subjects":{"s.a":9},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":200,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":false,"allow_batched":true,"metadata":{"_nats.level":"5","_nats.req.level":"4","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":9,"bytes":306,"first_seq":1,"first_ts":"<time>","last_seq":9,"last_ts":"<time>","num_subjects":1,"subjects":{"s.a":9},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== fast that is not allowed
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}"}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
@ _INBOX.s.q.1.ok.1.0.$FI
> s.a x
< . {"error":{"code":400,"err_code":10205,"description":"batch publish is disabled"},"stream":"S","seq":0}
