# Batches.

== atomic
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_atomic":true,"allow_rollup_hdrs":true,"allow_msg_ttl":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":true,"allow_atomic":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Batch-Id: x
| Nats-Batch-Sequence: 1
> s.a 1
< . 
| Nats-Batch-Id: x
| Nats-Batch-Sequence: 2
> s.b 2
< . 
| Nats-Batch-Id: x
| Nats-Batch-Sequence: 3
| Nats-Batch-Commit: 1
> s.c 3
< . {"stream":"S","seq":3,"batch":"x","count":3}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":3,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":true,"allow_atomic":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":3,"bytes":244,"first_seq":1,"first_ts":"<time>","last_seq":3,"last_ts":"<time>","num_subjects":3,"subjects":{"s.a":1,"s.b":1,"s.c":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":3,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":true,"allow_atomic":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":3,"bytes":298,"first_seq":1,"first_ts":"<time>","last_seq":3,"last_ts":"<time>","num_subjects":3,"subjects":{"s.a":1,"s.b":1,"s.c":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
| Nats-Batch-Id: y
| Nats-Batch-Sequence: 1
| Nats-Batch-Commit: 1
> s.a 1
< . {"stream":"S","seq":4,"batch":"y","count":1}
| Nats-Batch-Id: z
| Nats-Batch-Sequence: 2
> s.a 1
< . {"error":{"code":400,"err_code":10176,"description":"atomic publish batch is incomplete"},"stream":"S","seq":0}
| Nats-Batch-Id: z
| Nats-Batch-Sequence: 1
> s.a 1
< . 
| Nats-Batch-Id: z
| Nats-Batch-Sequence: 3
> s.a 3
< . {"error":{"code":400,"err_code":10176,"description":"atomic publish batch is incomplete"},"stream":"S","seq":0}
< $JS.EVENT.ADVISORY.STREAM.BATCH_ABANDONED.S {"type":"io.nats.jetstream.advisory.v1.stream_batch_abandoned","id":"<id>","timestamp":"<time>","stream":"S","batch":"z","reason":"incomplete"}
| Nats-Batch-Id: z
| Nats-Batch-Sequence: 4
| Nats-Batch-Commit: 1
> s.a 4
< . {"error":{"code":400,"err_code":10176,"description":"atomic publish batch is incomplete"},"stream":"S","seq":0}
| Nats-Batch-Id: iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii
| Nats-Batch-Sequence: 1
> s.a x
< . {"error":{"code":400,"err_code":10179,"description":"atomic publish batch ID is invalid"},"stream":"S","seq":0}
| Nats-Batch-Id: n
> s.a x
< . {"error":{"code":400,"err_code":10175,"description":"atomic publish sequence is missing"},"stream":"S","seq":0}
| Nats-Batch-Id: n
| Nats-Batch-Sequence: x
> s.a x
< . {"error":{"code":400,"err_code":10175,"description":"atomic publish sequence is missing"},"stream":"S","seq":0}
| Nats-Batch-Id: q
| Nats-Batch-Sequence: 1
| Nats-Batch-Commit: 0
> s.a x
< . {"error":{"code":400,"err_code":10200,"description":"atomic publish batch commit is invalid"},"stream":"S","seq":0}
| Nats-Batch-Sequence: 1
> s.a x
< . {"stream":"S","seq":5}
| Nats-Batch-Id: e
| Nats-Batch-Sequence: 1
> s.a 1
< . 
| Nats-Batch-Id: e
| Nats-Batch-Sequence: 2
> s.b 2
< . 
| Nats-Batch-Id: e
| Nats-Batch-Sequence: 3
| Nats-Batch-Commit: eob
> s.eob
< . {"stream":"S","seq":7,"batch":"e","count":2}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":3,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":true,"allow_atomic":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":7,"bytes":566,"first_seq":1,"first_ts":"<time>","last_seq":7,"last_ts":"<time>","num_subjects":3,"subjects":{"s.a":4,"s.b":2,"s.c":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":3,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":true,"allow_atomic":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":7,"bytes":692,"first_seq":1,"first_ts":"<time>","last_seq":7,"last_ts":"<time>","num_subjects":3,"subjects":{"s.a":4,"s.b":2,"s.c":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
| Nats-Batch-Id: d
| Nats-Batch-Sequence: 1
| Nats-Msg-Id: 9
> s.d 1
< . 
| Nats-Batch-Id: d
| Nats-Batch-Sequence: 2
| Nats-Msg-Id: 9
| Nats-Batch-Commit: 1
> s.d 2
< . {"error":{"code":400,"err_code":10201,"description":"atomic publish batch contains duplicate message id"},"stream":"S","seq":0}
| Nats-Batch-Id: w
| Nats-Batch-Sequence: 1
| Nats-Expected-Last-Sequence: 1
> s.d 2
< . 
| Nats-Batch-Id: w
| Nats-Batch-Sequence: 2
| Nats-Batch-Commit: 1
> s.d 3
< . {"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 7"},"stream":"S","seq":0}
| Nats-Batch-Id: l
| Nats-Batch-Sequence: 1
| Nats-Expected-Last-Msg-Id: x
| Nats-Batch-Commit: 1
> s.d 1
< . {"error":{"code":400,"err_code":10177,"description":"atomic publish unsupported header used: Nats-Expected-Last-Msg-Id"},"stream":"S","seq":0}
| Nats-Batch-Id: r
| Nats-Batch-Sequence: 1
> s.d 1
< . 
| Nats-Batch-Id: r
| Nats-Batch-Sequence: 2
| Nats-Rollup: sub
| Nats-Batch-Commit: 1
> s.d 2
< . {"error":{"code":500,"err_code":10111,"description":"batch rollup sub invalid"},"stream":"S","seq":0}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":3,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":true,"allow_atomic":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":7,"bytes":566,"first_seq":1,"first_ts":"<time>","last_seq":7,"last_ts":"<time>","num_subjects":3,"subjects":{"s.a":4,"s.b":2,"s.c":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":3,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":true,"allow_atomic":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":7,"bytes":692,"first_seq":1,"first_ts":"<time>","last_seq":7,"last_ts":"<time>","num_subjects":3,"subjects":{"s.a":4,"s.b":2,"s.c":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== atomic that is not allowed
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}"}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Batch-Id: x
| Nats-Batch-Sequence: 1
> s.a 1
< . {"error":{"code":400,"err_code":10174,"description":"atomic publish is disabled"},"stream":"S","seq":0}
| Nats-Batch-Id: x
| Nats-Batch-Sequence: 1
| Nats-Batch-Commit: 1
> s.a 1
< . {"error":{"code":400,"err_code":10174,"description":"atomic publish is disabled"},"stream":"S","seq":0}
> $JS.API.STREAM.INFO.S {"subjects_filter":">"}
< . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":0,"offset":0,"limit":0,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== atomic that is given up
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_atomic":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"allow_atomic":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Batch-Id: l
| Nats-Batch-Sequence: 1
| Nats-Required-Api-Level: 99
> s.a 1
< . {"error":{"code":412,"err_code":10185,"description":"JetStream minimum api level required"},"stream":"S","seq":0}
< $JS.EVENT.ADVISORY.STREAM.BATCH_ABANDONED.S {"type":"io.nats.jetstream.advisory.v1.stream_batch_abandoned","id":"<id>","timestamp":"<time>","stream":"S","batch":"l","reason":"unsupported"}
| Nats-Batch-Id: gap
| Nats-Batch-Sequence: 1
> s.a 1
< . 
| Nats-Batch-Id: gap
| Nats-Batch-Sequence: 3
> s.a 3
< . {"error":{"code":400,"err_code":10176,"description":"atomic publish batch is incomplete"},"stream":"S","seq":0}
< $JS.EVENT.ADVISORY.STREAM.BATCH_ABANDONED.S {"type":"io.nats.jetstream.advisory.v1.stream_batch_abandoned","id":"<id>","timestamp":"<time>","stream":"S","batch":"gap","reason":"incomplete"}
| Nats-Batch-Id: gap
| Nats-Batch-Sequence: 3
> s.a 3
< . {"error":{"code":400,"err_code":10176,"description":"atomic publish batch is incomplete"},"stream":"S","seq":0}
| Nats-Batch-Id: c
| Nats-Batch-Sequence: 1
> s.a 1
< . 
| Nats-Batch-Id: c
| Nats-Batch-Sequence: 2
| Nats-Batch-Commit: no
> s.a 2
< . {"error":{"code":400,"err_code":10200,"description":"atomic publish batch commit is invalid"},"stream":"S","seq":0}
== atomic with more than a thousand messages
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_atomic":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"allow_atomic":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Batch-Id: large
| Nats-Batch-Sequence: 1001
> s.a 1
< . {"error":{"code":400,"err_code":10199,"description":"atomic publish batch is too large: 1000"},"stream":"S","seq":0}
| Nats-Batch-Id: large
| Nats-Batch-Sequence: 1001
| Nats-Batch-Commit: 1
> s.a 1
< . {"error":{"code":400,"err_code":10199,"description":"atomic publish batch is too large: 1000"},"stream":"S","seq":0}
== more than fifty at once
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_atomic":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"allow_atomic":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Batch-Id: b0
| Nats-Batch-Sequence: 1
> s.a 0
< . 
| Nats-Batch-Id: b1
| Nats-Batch-Sequence: 1
> s.a 1
< . 
| Nats-Batch-Id: b2
| Nats-Batch-Sequence: 1
> s.a 2
< . 
| Nats-Batch-Id: b3
| Nats-Batch-Sequence: 1
> s.a 3
< . 
| Nats-Batch-Id: b4
| Nats-Batch-Sequence: 1
> s.a 4
< . 
| Nats-Batch-Id: b5
| Nats-Batch-Sequence: 1
> s.a 5
< . 
| Nats-Batch-Id: b6
| Nats-Batch-Sequence: 1
> s.a 6
< . 
| Nats-Batch-Id: b7
| Nats-Batch-Sequence: 1
> s.a 7
< . 
| Nats-Batch-Id: b8
| Nats-Batch-Sequence: 1
> s.a 8
< . 
| Nats-Batch-Id: b9
| Nats-Batch-Sequence: 1
> s.a 9
< . 
| Nats-Batch-Id: b10
| Nats-Batch-Sequence: 1
> s.a 10
< . 
| Nats-Batch-Id: b11
| Nats-Batch-Sequence: 1
> s.a 11
< . 
| Nats-Batch-Id: b12
| Nats-Batch-Sequence: 1
> s.a 12
< . 
| Nats-Batch-Id: b13
| Nats-Batch-Sequence: 1
> s.a 13
< . 
| Nats-Batch-Id: b14
| Nats-Batch-Sequence: 1
> s.a 14
< . 
| Nats-Batch-Id: b15
| Nats-Batch-Sequence: 1
> s.a 15
< . 
| Nats-Batch-Id: b16
| Nats-Batch-Sequence: 1
> s.a 16
< . 
| Nats-Batch-Id: b17
| Nats-Batch-Sequence: 1
> s.a 17
< . 
| Nats-Batch-Id: b18
| Nats-Batch-Sequence: 1
> s.a 18
< . 
| Nats-Batch-Id: b19
| Nats-Batch-Sequence: 1
> s.a 19
< . 
| Nats-Batch-Id: b20
| Nats-Batch-Sequence: 1
> s.a 20
< . 
| Nats-Batch-Id: b21
| Nats-Batch-Sequence: 1
> s.a 21
< . 
| Nats-Batch-Id: b22
| Nats-Batch-Sequence: 1
> s.a 22
< . 
| Nats-Batch-Id: b23
| Nats-Batch-Sequence: 1
> s.a 23
< . 
| Nats-Batch-Id: b24
| Nats-Batch-Sequence: 1
> s.a 24
< . 
| Nats-Batch-Id: b25
| Nats-Batch-Sequence: 1
> s.a 25
< . 
| Nats-Batch-Id: b26
| Nats-Batch-Sequence: 1
> s.a 26
< . 
| Nats-Batch-Id: b27
| Nats-Batch-Sequence: 1
> s.a 27
< . 
| Nats-Batch-Id: b28
| Nats-Batch-Sequence: 1
> s.a 28
< . 
| Nats-Batch-Id: b29
| Nats-Batch-Sequence: 1
> s.a 29
< . 
| Nats-Batch-Id: b30
| Nats-Batch-Sequence: 1
> s.a 30
< . 
| Nats-Batch-Id: b31
| Nats-Batch-Sequence: 1
> s.a 31
< . 
| Nats-Batch-Id: b32
| Nats-Batch-Sequence: 1
> s.a 32
< . 
| Nats-Batch-Id: b33
| Nats-Batch-Sequence: 1
> s.a 33
< . 
| Nats-Batch-Id: b34
| Nats-Batch-Sequence: 1
> s.a 34
< . 
| Nats-Batch-Id: b35
| Nats-Batch-Sequence: 1
> s.a 35
< . 
| Nats-Batch-Id: b36
| Nats-Batch-Sequence: 1
> s.a 36
< . 
| Nats-Batch-Id: b37
| Nats-Batch-Sequence: 1
> s.a 37
< . 
| Nats-Batch-Id: b38
| Nats-Batch-Sequence: 1
> s.a 38
< . 
| Nats-Batch-Id: b39
| Nats-Batch-Sequence: 1
> s.a 39
< . 
| Nats-Batch-Id: b40
| Nats-Batch-Sequence: 1
> s.a 40
< . 
| Nats-Batch-Id: b41
| Nats-Batch-Sequence: 1
> s.a 41
< . 
| Nats-Batch-Id: b42
| Nats-Batch-Sequence: 1
> s.a 42
< . 
| Nats-Batch-Id: b43
| Nats-Batch-Sequence: 1
> s.a 43
< . 
| Nats-Batch-Id: b44
| Nats-Batch-Sequence: 1
> s.a 44
< . 
| Nats-Batch-Id: b45
| Nats-Batch-Sequence: 1
> s.a 45
< . 
| Nats-Batch-Id: b46
| Nats-Batch-Sequence: 1
> s.a 46
< . 
| Nats-Batch-Id: b47
| Nats-Batch-Sequence: 1
> s.a 47
< . 
| Nats-Batch-Id: b48
| Nats-Batch-Sequence: 1
> s.a 48
< . 
| Nats-Batch-Id: b49
| Nats-Batch-Sequence: 1
> s.a 49
< . 
| Nats-Batch-Id: b50
| Nats-Batch-Sequence: 1
> s.a 50
< . {"error":{"code":429,"err_code":10210,"description":"atomic publish too many inflight"},"stream":"S","seq":0}
| Nats-Batch-Id: b51
| Nats-Batch-Sequence: 1
> s.a 51
< . {"error":{"code":429,"err_code":10210,"description":"atomic publish too many inflight"},"stream":"S","seq":0}
