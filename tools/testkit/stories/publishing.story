# Publishing with headers that the server acts on.

== message ids
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","duplicate_window":60000000000}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":60000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Msg-Id: 1
> s.a one
< . {"stream":"S","seq":1}
| Nats-Msg-Id: 1
> s.a again
< . {"stream":"S","seq":1,"duplicate": true}
| Nats-Msg-Id: 1
> s.b other
< . {"stream":"S","seq":1,"duplicate": true}
| Nats-Msg-Id: 2
> s.a two
< . {"stream":"S","seq":2}
| Nats-Msg-Id:
> s.a x
< . {"stream":"S","seq":3}
| Nats-Msg-Id:
> s.a y
< . {"stream":"S","seq":4}
| Nats-Msg-Id: 3
| Nats-Expected-Last-Msg-Id: 2
> s.a three
< . {"error":{"code":400,"err_code":10070,"description":"wrong last msg ID: "},"stream":"S","seq":0}
| Nats-Msg-Id: 4
| Nats-Expected-Last-Msg-Id: 2
> s.a four
< . {"error":{"code":400,"err_code":10070,"description":"wrong last msg ID: "},"stream":"S","seq":0}
| Nats-Msg-Id: 4
| Nats-Expected-Last-Msg-Id: 3
> s.a four
< . {"error":{"code":400,"err_code":10070,"description":"wrong last msg ID: "},"stream":"S","seq":0}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":60000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":4,"bytes":192,"first_seq":1,"first_ts":"<time>","last_seq":4,"last_ts":"<time>","num_subjects":1,"subjects":{"s.a":4},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":60000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":4,"bytes":264,"first_seq":1,"first_ts":"<time>","last_seq":4,"last_ts":"<time>","num_subjects":1,"subjects":{"s.a":4},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== expectations
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}"}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Expected-Stream: S
> s.a m
< . {"stream":"S","seq":1}
| Nats-Expected-Stream: T
> s.a m
< . {"error":{"code":400,"err_code":10060,"description":"expected stream does not match"},"stream":"S","seq":0}
| Nats-Expected-Stream:
> s.a m
< . {"stream":"S","seq":2}
| Nats-Expected-Last-Sequence: 1
> s.a m
< . {"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 2"},"stream":"S","seq":0}
| Nats-Expected-Last-Sequence: 1
> s.a m
< . {"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 2"},"stream":"S","seq":0}
| Nats-Expected-Last-Sequence: x
> s.a m
< . {"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 2"},"stream":"S","seq":0}
| Nats-Expected-Last-Sequence: -1
> s.a m
< . {"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 2"},"stream":"S","seq":0}
| Nats-Expected-Last-Sequence:
> s.a m
< . {"stream":"S","seq":3}
| Nats-Expected-Last-Subject-Sequence: 0
> s.a m
< . {"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 3"},"stream":"S","seq":0}
| Nats-Expected-Last-Subject-Sequence: 2
> s.a m
< . {"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 3"},"stream":"S","seq":0}
| Nats-Expected-Last-Subject-Sequence: 9
> s.a m
< . {"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 3"},"stream":"S","seq":0}
| Nats-Expected-Last-Subject-Sequence: x
> s.a m
< . {"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 3"},"stream":"S","seq":0}
| Nats-Expected-Last-Msg-Id: none
> s.a m
< . {"error":{"code":400,"err_code":10070,"description":"wrong last msg ID: "},"stream":"S","seq":0}
| Nats-Expected-Last-Subject-Sequence: 0
> s.new m
< . {"stream":"S","seq":4}
| Nats-Expected-Last-Subject-Sequence: 0
> s.new m
< . {"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 4"},"stream":"S","seq":0}
| Nats-Expected-Last-Subject-Sequence: 0
| Nats-Expected-Last-Subject-Sequence-Subject: s.none
> s.new m
< . {"stream":"S","seq":5}
| Nats-Expected-Last-Subject-Sequence: 1
| Nats-Expected-Last-Subject-Sequence-Subject: s.*
> s.z m
< . {"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 5"},"stream":"S","seq":0}
| Nats-Expected-Last-Subject-Sequence-Subject: s.a
> s.z m
< . {"error":{"code":400,"err_code":10193,"description":"missing sequence for expected last sequence per subject"},"stream":"S","seq":0}
| Nats-Expected-Last-Subject-Sequence: 3
| Nats-Expected-Last-Subject-Sequence-Subject: other.a
> s.z m
< . {"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 0"},"stream":"S","seq":0}
| nats-expected-stream: T
> s.a m
< . {"stream":"S","seq":6}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":6,"bytes":432,"first_seq":1,"first_ts":"<time>","last_seq":6,"last_ts":"<time>","num_subjects":2,"subjects":{"s.a":4,"s.new":2},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":6,"bytes":540,"first_seq":1,"first_ts":"<time>","last_seq":6,"last_ts":"<time>","num_subjects":2,"subjects":{"s.a":4,"s.new":2},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== rollups
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_rollup_hdrs":true,"deny_purge":false}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
> s.a a
< . {"stream":"S","seq":1}
> s.b b
< . {"stream":"S","seq":2}
> s.c c
< . {"stream":"S","seq":3}
> s.a a
< . {"stream":"S","seq":4}
> s.b b
< . {"stream":"S","seq":5}
| Nats-Rollup: sub
> s.a sum
< . {"stream":"S","seq":6}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":3,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":4,"bytes":112,"first_seq":2,"first_ts":"<time>","last_seq":6,"last_ts":"<time>","num_subjects":3,"subjects":{"s.a":1,"s.b":2,"s.c":1},"num_deleted":1,"deleted":[4],"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":3,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":4,"bytes":172,"first_seq":2,"first_ts":"<time>","last_seq":6,"last_ts":"<time>","num_subjects":3,"subjects":{"s.a":1,"s.b":2,"s.c":1},"num_deleted":1,"deleted":[4],"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
| Nats-Rollup: SUB
> s.x m
< . {"stream":"S","seq":7}
| Nats-Rollup: nothing
> s.x m
< . {"error":{"code":500,"err_code":10111,"description":"rollup value invalid: \\"nothing\\""},"stream":"S","seq":0}
| Nats-Rollup:
> s.x m
< . {"stream":"S","seq":8}
| Nats-Rollup: all
> s.all all
< . {"stream":"S","seq":9}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":1,"bytes":54,"first_seq":9,"first_ts":"<time>","last_seq":9,"last_ts":"<time>","num_subjects":1,"subjects":{"s.all":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":1,"bytes":72,"first_seq":9,"first_ts":"<time>","last_seq":9,"last_ts":"<time>","num_subjects":1,"subjects":{"s.all":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== rollups that are not allowed
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}"}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Rollup: sub
> s.a x
< . {"error":{"code":500,"err_code":10111,"description":"rollup not permitted"},"stream":"S","seq":0}
| Nats-Rollup: all
> s.a x
< . {"error":{"code":500,"err_code":10111,"description":"rollup not permitted"},"stream":"S","seq":0}
> $JS.API.STREAM.INFO.S {"subjects_filter":">"}
< . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":0,"offset":0,"limit":0,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== limits
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","max_msgs":3,"max_msg_size":20}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":3,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":20,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
> s.0 m0
< . {"stream":"S","seq":1}
> s.1 m1
< . {"stream":"S","seq":2}
> s.2 m2
< . {"stream":"S","seq":3}
> s.3 m3
< . {"stream":"S","seq":4}
> s.4 m4
< . {"stream":"S","seq":5}
> s.big xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
< . {"error":{"code":400,"err_code":10054,"description":"message size exceeds maximum allowed"},"stream":"S","seq":0}
| A: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
> s.big x
< . {"error":{"code":400,"err_code":10054,"description":"message size exceeds maximum allowed"},"stream":"S","seq":0}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":3,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":3,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":20,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":3,"bytes":63,"first_seq":3,"first_ts":"<time>","last_seq":5,"last_ts":"<time>","num_subjects":3,"subjects":{"s.2":1,"s.3":1,"s.4":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":3,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":3,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":20,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":3,"bytes":105,"first_seq":3,"first_ts":"<time>","last_seq":5,"last_ts":"<time>","num_subjects":3,"subjects":{"s.2":1,"s.3":1,"s.4":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== discard new
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","max_msgs":2,"discard":"new"}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":2,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"new","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
> s.0 m0
< . {"stream":"S","seq":1}
> s.1 m1
< . {"stream":"S","seq":2}
> s.2 m2
< . {"error":{"code":503,"err_code":10077,"description":"maximum messages exceeded"},"stream":"S","seq":0}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":2,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"new","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":2,"bytes":42,"first_seq":1,"first_ts":"<time>","last_seq":2,"last_ts":"<time>","num_subjects":2,"subjects":{"s.0":1,"s.1":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":2,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"new","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":2,"bytes":70,"first_seq":1,"first_ts":"<time>","last_seq":2,"last_ts":"<time>","num_subjects":2,"subjects":{"s.0":1,"s.1":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== discard new per subject
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","max_msgs_per_subject":1,"discard":"new","discard_new_per_subject":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":1,"max_msg_size":-1,"discard":"new","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"discard_new_per_subject":true,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
> s.a 1
< . {"stream":"S","seq":1}
> s.a 2
< . {"error":{"code":503,"err_code":10077,"description":"maximum messages per subject exceeded"},"stream":"S","seq":0}
> s.b 1
< . {"stream":"S","seq":2}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":1,"max_msg_size":-1,"discard":"new","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"discard_new_per_subject":true,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":2,"bytes":40,"first_seq":1,"first_ts":"<time>","last_seq":2,"last_ts":"<time>","num_subjects":2,"subjects":{"s.a":1,"s.b":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":1,"max_msg_size":-1,"discard":"new","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"discard_new_per_subject":true,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":2,"bytes":68,"first_seq":1,"first_ts":"<time>","last_seq":2,"last_ts":"<time>","num_subjects":2,"subjects":{"s.a":1,"s.b":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== max bytes
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","max_bytes":200}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":200,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
> s.0 012345678901234567890123456789
< . {"stream":"S","seq":1}
> s.1 012345678901234567890123456789
< . {"stream":"S","seq":2}
> s.2 012345678901234567890123456789
< . {"stream":"S","seq":3}
> s.3 012345678901234567890123456789
< . {"stream":"S","seq":4}
> s.4 012345678901234567890123456789
< . {"stream":"S","seq":5}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":4,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":200,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":4,"bytes":196,"first_seq":2,"first_ts":"<time>","last_seq":5,"last_ts":"<time>","num_subjects":4,"subjects":{"s.1":1,"s.2":1,"s.3":1,"s.4":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":3,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":200,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":3,"bytes":189,"first_seq":3,"first_ts":"<time>","last_seq":5,"last_ts":"<time>","num_subjects":3,"subjects":{"s.2":1,"s.3":1,"s.4":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== per subject
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","max_msgs_per_subject":2}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":2,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
> s.0 m0
< . {"stream":"S","seq":1}
> s.1 m1
< . {"stream":"S","seq":2}
> s.0 m2
< . {"stream":"S","seq":3}
> s.1 m3
< . {"stream":"S","seq":4}
> s.0 m4
< . {"stream":"S","seq":5}
> s.1 m5
< . {"stream":"S","seq":6}
> s.0 m6
< . {"stream":"S","seq":7}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":2,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":4,"bytes":84,"first_seq":4,"first_ts":"<time>","last_seq":7,"last_ts":"<time>","num_subjects":2,"subjects":{"s.0":2,"s.1":2},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":2,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":4,"bytes":140,"first_seq":4,"first_ts":"<time>","last_seq":7,"last_ts":"<time>","num_subjects":2,"subjects":{"s.0":2,"s.1":2},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== no_ack
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","no_ack":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"no_ack":true,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
> s.a silent
== time to live
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_msg_ttl":true,"subject_delete_marker_ttl":2000000000,"allow_rollup_hdrs":true,"allow_direct":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":true,"subject_delete_marker_ttl":2000000000,"metadata":{"_nats.level":"5","_nats.req.level":"1","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-TTL: 1h
> s.t m
< . {"stream":"S","seq":1}
| Nats-TTL: never
> s.t m
< . {"stream":"S","seq":2}
| Nats-TTL: 3600
> s.t m
< . {"stream":"S","seq":3}
| Nats-TTL: 0
> s.t m
< . {"error":{"code":400,"err_code":10165,"description":"invalid per-message TTL"},"stream":"S","seq":0}
| Nats-TTL: -1
> s.t m
< . {"error":{"code":400,"err_code":10165,"description":"invalid per-message TTL"},"stream":"S","seq":0}
| Nats-TTL: 0.5s
> s.t m
< . {"error":{"code":400,"err_code":10165,"description":"invalid per-message TTL"},"stream":"S","seq":0}
| Nats-TTL: x
> s.t m
< . {"error":{"code":400,"err_code":10165,"description":"invalid per-message TTL"},"stream":"S","seq":0}
| Nats-TTL: 
> s.t m
< . {"stream":"S","seq":4}
| Nats-TTL: 500ms
> s.t m
< . {"error":{"code":400,"err_code":10165,"description":"invalid per-message TTL"},"stream":"S","seq":0}
| Nats-TTL: 1s x
> s.t m
< . {"error":{"code":400,"err_code":10165,"description":"invalid per-message TTL"},"stream":"S","seq":0}
| Nats-TTL: 1s
> s.gone m
< . {"stream":"S","seq":5}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":true,"subject_delete_marker_ttl":2000000000,"metadata":{"_nats.level":"5","_nats.req.level":"1","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":5,"bytes":235,"first_seq":1,"first_ts":"<time>","last_seq":5,"last_ts":"<time>","num_subjects":2,"subjects":{"s.gone":1,"s.t":4},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":true,"subject_delete_marker_ttl":2000000000,"metadata":{"_nats.level":"5","_nats.req.level":"1","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":5,"bytes":325,"first_seq":1,"first_ts":"<time>","last_seq":5,"last_ts":"<time>","num_subjects":2,"subjects":{"s.gone":1,"s.t":4},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== time to live that is not allowed
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}"}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-TTL: 1h
> s.a m
< . {"error":{"code":400,"err_code":10166,"description":"per-message TTL is disabled"},"stream":"S","seq":0}
> $JS.API.STREAM.INFO.S {"subjects_filter":">"}
< . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":0,"offset":0,"limit":0,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== sealed and denied
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","deny_delete":true,"deny_purge":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":true,"deny_purge":true,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
> s.a 1
< . {"stream":"S","seq":1}
> s.a 2
< . {"stream":"S","seq":2}
> $JS.API.STREAM.MSG.DELETE.S {"seq":1}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_delete_response","error":{"code":500,"err_code":10057,"description":"message delete not permitted"}}
> $JS.API.STREAM.PURGE.S
< . {"type":"io.nats.jetstream.api.v1.stream_purge_response","error":{"code":500,"err_code":10110,"description":"stream purge not permitted"},"purged":0}
> $JS.API.STREAM.UPDATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","deny_delete":true,"deny_purge":true,"sealed":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_update_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"new","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":true,"deny_delete":true,"deny_purge":true,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":2,"bytes":40,"first_seq":1,"first_ts":"<time>","last_seq":2,"last_ts":"<time>","num_subjects":1,"consumer_count":0},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_update_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"new","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":true,"deny_delete":true,"deny_purge":true,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":2,"bytes":68,"first_seq":1,"first_ts":"<time>","last_seq":2,"last_ts":"<time>","num_subjects":1,"consumer_count":0},"ts":"<time>"}
> s.a 3
< . {"error":{"code":400,"err_code":10109,"description":"invalid operation on sealed stream"},"stream":"S","seq":0}
> $JS.API.STREAM.MSG.DELETE.S {"seq":1}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_delete_response","error":{"code":400,"err_code":10109,"description":"invalid operation on sealed stream"}}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"new","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":true,"deny_delete":true,"deny_purge":true,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":2,"bytes":40,"first_seq":1,"first_ts":"<time>","last_seq":2,"last_ts":"<time>","num_subjects":1,"subjects":{"s.a":2},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"new","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":true,"deny_delete":true,"deny_purge":true,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":2,"bytes":68,"first_seq":1,"first_ts":"<time>","last_seq":2,"last_ts":"<time>","num_subjects":1,"subjects":{"s.a":2},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== deletes and purges
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}"}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
> s.0 m0
< . {"stream":"S","seq":1}
> s.1 m1
< . {"stream":"S","seq":2}
> s.2 m2
< . {"stream":"S","seq":3}
> s.0 m3
< . {"stream":"S","seq":4}
> s.1 m4
< . {"stream":"S","seq":5}
> s.2 m5
< . {"stream":"S","seq":6}
> s.0 m6
< . {"stream":"S","seq":7}
> s.1 m7
< . {"stream":"S","seq":8}
> s.2 m8
< . {"stream":"S","seq":9}
> s.0 m9
< . {"stream":"S","seq":10}
> s.1 m10
< . {"stream":"S","seq":11}
> s.2 m11
< . {"stream":"S","seq":12}
> $JS.API.STREAM.MSG.DELETE.S {"seq":3}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_delete_response","success":true}
> $JS.API.STREAM.MSG.DELETE.S {"seq":3}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_delete_response","error":{"code":400,"err_code":10043,"description":"sequence 3 not found"}}
> $JS.API.STREAM.MSG.DELETE.S {"seq":5,"no_erase":true}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_delete_response","success":true}
> $JS.API.STREAM.MSG.DELETE.S {"seq":99}
<memory . {"type":"io.nats.jetstream.api.v1.stream_msg_delete_response","error":{"code":400,"err_code":10043,"description":"sequence 99 not found"}}
<file . {"type":"io.nats.jetstream.api.v1.stream_msg_delete_response","error":{"code":500,"err_code":10057,"description":"stream store EOF"}}
> $JS.API.STREAM.MSG.DELETE.S {"seq":0}
<memory . {"type":"io.nats.jetstream.api.v1.stream_msg_delete_response","error":{"code":400,"err_code":10043,"description":"sequence 0 not found"}}
<file . {"type":"io.nats.jetstream.api.v1.stream_msg_delete_response","error":{"code":500,"err_code":10057,"description":"no message found"}}
> $JS.API.STREAM.MSG.DELETE.S x
< . {"type":"io.nats.jetstream.api.v1.stream_msg_delete_response","error":{"code":400,"err_code":10025,"description":"invalid JSON: invalid character 'x' looking for beginning of value at offset 1"}}
> $JS.API.STREAM.MSG.DELETE.S 
< . {"type":"io.nats.jetstream.api.v1.stream_msg_delete_response","error":{"code":400,"err_code":10003,"description":"bad request"}}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":3,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":10,"bytes":212,"first_seq":1,"first_ts":"<time>","last_seq":12,"last_ts":"<time>","num_subjects":3,"subjects":{"s.0":4,"s.1":3,"s.2":3},"num_deleted":2,"deleted":[3,5],"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":3,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":10,"bytes":352,"first_seq":1,"first_ts":"<time>","last_seq":12,"last_ts":"<time>","num_subjects":3,"subjects":{"s.0":4,"s.1":3,"s.2":3},"num_deleted":2,"deleted":[3,5],"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
> $JS.API.STREAM.MSG.GET.S {"seq":3}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_get_response","error":{"code":404,"err_code":10037,"description":"no message found"}}
> $JS.API.STREAM.PURGE.S {"filter":"s.1"}
< . {"type":"io.nats.jetstream.api.v1.stream_purge_response","success":true,"purged":3}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":7,"bytes":148,"first_seq":1,"first_ts":"<time>","last_seq":12,"last_ts":"<time>","num_subjects":2,"subjects":{"s.0":4,"s.2":3},"num_deleted":5,"deleted":[2,3,5,8,11],"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":7,"bytes":246,"first_seq":1,"first_ts":"<time>","last_seq":12,"last_ts":"<time>","num_subjects":2,"subjects":{"s.0":4,"s.2":3},"num_deleted":5,"deleted":[2,3,5,8,11],"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
> $JS.API.STREAM.PURGE.S {"seq":3}
< . {"type":"io.nats.jetstream.api.v1.stream_purge_response","success":true,"purged":1}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":6,"bytes":127,"first_seq":4,"first_ts":"<time>","last_seq":12,"last_ts":"<time>","num_subjects":2,"subjects":{"s.0":3,"s.2":3},"num_deleted":3,"deleted":[5,8,11],"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":6,"bytes":211,"first_seq":4,"first_ts":"<time>","last_seq":12,"last_ts":"<time>","num_subjects":2,"subjects":{"s.0":3,"s.2":3},"num_deleted":3,"deleted":[5,8,11],"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
> $JS.API.STREAM.PURGE.S {"seq":8,"filter":"s.0"}
< . {"type":"io.nats.jetstream.api.v1.stream_purge_response","success":true,"purged":2}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":4,"bytes":85,"first_seq":6,"first_ts":"<time>","last_seq":12,"last_ts":"<time>","num_subjects":2,"subjects":{"s.0":1,"s.2":3},"num_deleted":3,"deleted":[7,8,11],"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":4,"bytes":141,"first_seq":6,"first_ts":"<time>","last_seq":12,"last_ts":"<time>","num_subjects":2,"subjects":{"s.0":1,"s.2":3},"num_deleted":3,"deleted":[7,8,11],"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
> $JS.API.STREAM.PURGE.S {"keep":3}
< . {"type":"io.nats.jetstream.api.v1.stream_purge_response","success":true,"purged":1}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":3,"bytes":64,"first_seq":9,"first_ts":"<time>","last_seq":12,"last_ts":"<time>","num_subjects":2,"subjects":{"s.0":1,"s.2":2},"num_deleted":1,"deleted":[11],"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":3,"bytes":106,"first_seq":9,"first_ts":"<time>","last_seq":12,"last_ts":"<time>","num_subjects":2,"subjects":{"s.0":1,"s.2":2},"num_deleted":1,"deleted":[11],"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
> $JS.API.STREAM.PURGE.S {"filter":"s.2","keep":1}
< . {"type":"io.nats.jetstream.api.v1.stream_purge_response","success":true,"purged":1}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":2,"bytes":43,"first_seq":10,"first_ts":"<time>","last_seq":12,"last_ts":"<time>","num_subjects":2,"subjects":{"s.0":1,"s.2":1},"num_deleted":1,"deleted":[11],"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":2,"bytes":71,"first_seq":10,"first_ts":"<time>","last_seq":12,"last_ts":"<time>","num_subjects":2,"subjects":{"s.0":1,"s.2":1},"num_deleted":1,"deleted":[11],"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
> $JS.API.STREAM.PURGE.S {"keep":1,"seq":4}
< . {"type":"io.nats.jetstream.api.v1.stream_purge_response","error":{"code":400,"err_code":10003,"description":"bad request"},"purged":0}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":2,"bytes":43,"first_seq":10,"first_ts":"<time>","last_seq":12,"last_ts":"<time>","num_subjects":2,"subjects":{"s.0":1,"s.2":1},"num_deleted":1,"deleted":[11],"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":2,"bytes":71,"first_seq":10,"first_ts":"<time>","last_seq":12,"last_ts":"<time>","num_subjects":2,"subjects":{"s.0":1,"s.2":1},"num_deleted":1,"deleted":[11],"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
> $JS.API.STREAM.PURGE.S {"filter":"nope"}
< . {"type":"io.nats.jetstream.api.v1.stream_purge_response","success":true,"purged":0}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":2,"bytes":43,"first_seq":10,"first_ts":"<time>","last_seq":12,"last_ts":"<time>","num_subjects":2,"subjects":{"s.0":1,"s.2":1},"num_deleted":1,"deleted":[11],"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":2,"bytes":71,"first_seq":10,"first_ts":"<time>","last_seq":12,"last_ts":"<time>","num_subjects":2,"subjects":{"s.0":1,"s.2":1},"num_deleted":1,"deleted":[11],"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
> $JS.API.STREAM.PURGE.S {"seq":99999}
< . {"type":"io.nats.jetstream.api.v1.stream_purge_response","success":true,"purged":2}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
< . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":0,"offset":0,"limit":0,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":99999,"first_ts":"0001-01-01T00:00:00Z","last_seq":99998,"last_ts":"<time>","consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
> $JS.API.STREAM.PURGE.S x
< . {"type":"io.nats.jetstream.api.v1.stream_purge_response","success":true,"purged":0}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
< . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":0,"offset":0,"limit":0,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":99999,"first_ts":"0001-01-01T00:00:00Z","last_seq":99998,"last_ts":"<time>","consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
> $JS.API.STREAM.PURGE.S 
< . {"type":"io.nats.jetstream.api.v1.stream_purge_response","success":true,"purged":0}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
< . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":0,"offset":0,"limit":0,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":99999,"first_ts":"0001-01-01T00:00:00Z","last_seq":99998,"last_ts":"<time>","consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
> s.a after
< . {"stream":"S","seq":99999}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":1,"bytes":24,"first_seq":99999,"first_ts":"<time>","last_seq":99999,"last_ts":"<time>","num_subjects":1,"subjects":{"s.a":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":1,"bytes":38,"first_seq":99999,"first_ts":"<time>","last_seq":99999,"last_ts":"<time>","num_subjects":1,"subjects":{"s.a":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
