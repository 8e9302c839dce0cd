# Schedules.

== what is refused
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_msg_schedules":true,"allow_msg_ttl":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":true,"allow_msg_schedules":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Schedule: bad
| Nats-Schedule-Target: s.t
> s.a x
< . {"error":{"code":400,"err_code":10189,"description":"message schedules pattern is invalid"},"stream":"S","seq":0}
| Nats-Schedule: @every 1s
> s.a x
< . {"error":{"code":400,"err_code":10190,"description":"message schedules target is invalid"},"stream":"S","seq":0}
| Nats-Schedule: @every 100ms
| Nats-Schedule-Target: s.t
> s.a x
< . {"error":{"code":400,"err_code":10189,"description":"message schedules pattern is invalid"},"stream":"S","seq":0}
| Nats-Schedule: @at 2090-01-01T00:00:00Z
| Nats-Schedule-Target: s.t
> s.a x
< . {"stream":"S","seq":1}
| Nats-Schedule: @at 2090-01-01T00:00:00Z
| Nats-Schedule-Target: s.t
| Nats-Schedule-TTL: x
> s.a x
< . {"error":{"code":400,"err_code":10191,"description":"message schedules invalid per-message TTL"},"stream":"S","seq":0}
| Nats-Schedule: @at 2090-01-01T00:00:00Z
| Nats-Schedule-Target: s.t
| Nats-Schedule-Rollup: all
> s.a x
< . {"error":{"code":400,"err_code":10192,"description":"message schedules invalid rollup"},"stream":"S","seq":0}
| Nats-Schedule: @at 2090-01-01T00:00:00Z
| Nats-Schedule-Target: s.t
| Nats-Rollup: sub
> s.a x
< . {"stream":"S","seq":2}
| Nats-Schedule: @at 2090-01-01T00:00:00Z
| Nats-Schedule-Target: nope.x
> s.a x
< . {"error":{"code":400,"err_code":10190,"description":"message schedules target is invalid"},"stream":"S","seq":0}
| Nats-Schedule: @at 2090-01-01T00:00:00Z
| Nats-Schedule-Target: s.a
> s.a x
< . {"error":{"code":400,"err_code":10190,"description":"message schedules target is invalid"},"stream":"S","seq":0}
| Nats-Schedule: @at 2090-01-01T00:00:00Z
| Nats-Schedule-Target: s.t
| Nats-Schedule-Source: s.a
> s.a x
< . {"error":{"code":400,"err_code":10203,"description":"message schedules source is invalid"},"stream":"S","seq":0}
| Nats-Schedule: @hourly
| Nats-Schedule-Target: s.t
| Nats-Schedule-Time-Zone: Nowhere/X
> s.a x
< . {"error":{"code":400,"err_code":10223,"description":"message schedules time zone is invalid"},"stream":"S","seq":0}
| Nats-Schedule: @hourly
| Nats-Schedule-Target: s.t
| Nats-Schedule-Time-Zone: europe/berlin
> s.a x
< . {"error":{"code":400,"err_code":10223,"description":"message schedules time zone is invalid"},"stream":"S","seq":0}
| Nats-Schedule: @hourly
| Nats-Schedule-Target: s.t
| Nats-Schedule-Time-Zone: 
> s.a x
< . {"error":{"code":400,"err_code":10223,"description":"message schedules time zone is invalid"},"stream":"S","seq":0}
| Nats-Schedule: @hourly
| Nats-Schedule-Target: s.t
| Nats-Schedule-Time-Zone: ../UTC
> s.a x
< . {"error":{"code":400,"err_code":10223,"description":"message schedules time zone is invalid"},"stream":"S","seq":0}
| Nats-Schedule: @hourly
| Nats-Schedule-Target: s.t
| Nats-Schedule-Time-Zone: Europe/Amsterdam
> s.a x
< . {"stream":"S","seq":3}
| Nats-Schedule: 0 0 5 * * *
| Nats-Schedule-Target: s.t
| Nats-Schedule-Time-Zone: America/New_York
> s.a x
< . {"stream":"S","seq":4}
| Nats-Schedule: 0 0 5 * * *
| Nats-Schedule-Target: s.t
| Nats-Schedule-Time-Zone: Local
> s.a x
< . {"stream":"S","seq":5}
| Nats-Schedule: 0 0 5 * * *
| Nats-Schedule-Target: s.t
| Nats-Schedule-Time-Zone: UTC
> s.a x
< . {"stream":"S","seq":6}
| Nats-Schedule: @every 1h
| Nats-Schedule-Target: s.t
| Nats-Schedule-Time-Zone: UTC
> s.a x
< . {"error":{"code":400,"err_code":10189,"description":"message schedules pattern is invalid"},"stream":"S","seq":0}
| Nats-Schedule: 0 0 31 2 * *
| Nats-Schedule-Target: s.t
> s.a x
< . {"error":{"code":400,"err_code":10189,"description":"message schedules pattern is invalid"},"stream":"S","seq":0}
| Nats-Schedule-Next: purge
> s.a x
< . {"error":{"code":400,"err_code":10212,"description":"message schedules invalid scheduler"},"stream":"S","seq":0}
| Nats-Schedule-Next: x
| Nats-Scheduler: s.a
> s.a x
< . {"error":{"code":400,"err_code":10212,"description":"message schedules invalid scheduler"},"stream":"S","seq":0}
| Nats-Scheduler: s.a
> s.a x
< . {"error":{"code":400,"err_code":10212,"description":"message schedules invalid scheduler"},"stream":"S","seq":0}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":true,"allow_msg_schedules":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":1,"bytes":135,"first_seq":6,"first_ts":"<time>","last_seq":6,"last_ts":"<time>","num_subjects":1,"subjects":{"s.a":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":true,"allow_msg_schedules":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":1,"bytes":153,"first_seq":6,"first_ts":"<time>","last_seq":6,"last_ts":"<time>","num_subjects":1,"subjects":{"s.a":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== once
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_msg_schedules":true,"allow_msg_ttl":true,"republish":{"src":"s.t.>","dest":"rp.>"}}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","republish":{"src":"s.t.\\u003e","dest":"rp.\\u003e"},"allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":true,"allow_msg_schedules":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| X: src
> s.src source
< . {"stream":"S","seq":1}
| Nats-Schedule: @at 2020-01-01T00:00:00Z
| Nats-Schedule-Target: s.t.1
| Nats-Schedule-TTL: 5m
| Foo: bar
> s.one body
< . {"stream":"S","seq":2}
< rp.1 NATS/1.0\r\nFoo: bar\r\nNats-Scheduler: s.one\r\nNats-Schedule-Next: purge\r\nNats-TTL: 5m\r\nNats-Stream: S\r\nNats-Subject: s.t.1\r\nNats-Sequence: 3\r\nNats-Time-Stamp: <time>\r\nNats-Last-Sequence: 0\r\n\r\nbody
* it comes
| Nats-Schedule: @at 2020-01-01T00:00:00Z
| Nats-Schedule-Target: s.t.2
| Nats-Schedule-Source: s.src
> s.two body
< . {"stream":"S","seq":4}
< rp.2 NATS/1.0\r\nX: src\r\nNats-Scheduler: s.two\r\nNats-Schedule-Next: purge\r\nNats-Stream: S\r\nNats-Subject: s.t.2\r\nNats-Sequence: 5\r\nNats-Time-Stamp: <time>\r\nNats-Last-Sequence: 0\r\n\r\nsource
* it comes
> $JS.API.STREAM.INFO.S {"subjects_filter":"s.>"}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":3,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","republish":{"src":"s.t.\\u003e","dest":"rp.\\u003e"},"allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":true,"allow_msg_schedules":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":3,"bytes":255,"first_seq":1,"first_ts":"<time>","last_seq":5,"last_ts":"<time>","num_subjects":3,"subjects":{"s.src":1,"s.t.1":1,"s.t.2":1},"num_deleted":2,"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":3,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","republish":{"src":"s.t.\\u003e","dest":"rp.\\u003e"},"allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":true,"allow_msg_schedules":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":3,"bytes":309,"first_seq":1,"first_ts":"<time>","last_seq":5,"last_ts":"<time>","num_subjects":3,"subjects":{"s.src":1,"s.t.1":1,"s.t.2":1},"num_deleted":2,"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== not allowed
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}"}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Schedule: @hourly
| Nats-Schedule-Target: s.t
> s.a x
< . {"error":{"code":400,"err_code":10188,"description":"message schedules is disabled"},"stream":"S","seq":0}
