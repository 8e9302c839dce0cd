# What the server makes of a message: other subjects, copies, sums.

== subject transform
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_direct":true,"subject_transform":{"src":"s.in.*","dest":"s.out.{{wildcard(1)}}.{{partition(3,1)}}"}}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","subject_transform":{"src":"s.in.*","dest":"s.out.{{wildcard(1)}}.{{partition(3,1)}}"},"allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
> s.in.a 1
< . {"stream":"S","seq":1}
| A: b
> s.in.b 2
< . {"stream":"S","seq":2}
> s.x 3
< . {"stream":"S","seq":3}
| Nats-Expected-Last-Subject-Sequence: 1
> s.in.a 4
< . {"stream":"S","seq":4}
| Nats-Expected-Last-Subject-Sequence: 0
> s.in.a 5
< . {"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 4"},"stream":"S","seq":0}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":3,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","subject_transform":{"src":"s.in.*","dest":"s.out.{{wildcard(1)}}.{{partition(3,1)}}"},"allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":4,"bytes":168,"first_seq":1,"first_ts":"<time>","last_seq":4,"last_ts":"<time>","num_subjects":3,"subjects":{"s.out.a.1":2,"s.out.b.1":1,"s.x":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":3,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","subject_transform":{"src":"s.in.*","dest":"s.out.{{wildcard(1)}}.{{partition(3,1)}}"},"allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":4,"bytes":232,"first_seq":1,"first_ts":"<time>","last_seq":4,"last_ts":"<time>","num_subjects":3,"subjects":{"s.out.a.1":2,"s.out.b.1":1,"s.x":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
> $JS.API.STREAM.MSG.GET.S {"seq":1}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_get_response","message":{"subject":"s.out.a.1","seq":1,"data":"MQ==","time":"<time>"}}
> $JS.API.STREAM.MSG.GET.S {"last_by_subj":"s.out.b.*"}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_get_response","message":{"subject":"s.out.b.1","seq":2,"hdrs":"TkFUUy8xLjANCkE6IGINCg0K","data":"Mg==","time":"<time>"}}
== republish
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","republish":{"src":"s.a.>","dest":"rp.{{wildcard(1)}}.>"}}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","error":{"code":500,"err_code":10052,"description":"stream configuration for republish with transform from 's.a.\\u003e' to 'rp.{{wildcard(1)}}.\\u003e' not valid"}}
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","republish":{"src":"s.>","dest":"rp.>"}}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","republish":{"src":"s.\\u003e","dest":"rp.\\u003e"},"allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
> s.a one
< rp.a NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.a\r\nNats-Sequence: 1\r\nNats-Time-Stamp: <time>\r\nNats-Last-Sequence: 0\r\n\r\none
< . {"stream":"S","seq":1}
| A: b
| Nats-Msg-Id: 7
> s.a two
< rp.a NATS/1.0\r\nA: b\r\nNats-Msg-Id: 7\r\nNats-Stream: S\r\nNats-Subject: s.a\r\nNats-Sequence: 2\r\nNats-Time-Stamp: <time>\r\nNats-Last-Sequence: 1\r\n\r\ntwo
< . {"stream":"S","seq":2}
| Nats-Msg-Id: 7
> s.a two
< . {"stream":"S","seq":2,"duplicate": true}
> s.b
< rp.b NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.b\r\nNats-Sequence: 3\r\nNats-Time-Stamp: <time>\r\nNats-Last-Sequence: 0\r\n\r\n
< . {"stream":"S","seq":3}
> $JS.API.STREAM.UPDATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","republish":{"src":"s.b","dest":"rp.only","headers_only":true}}
<memory . {"type":"io.nats.jetstream.api.v1.stream_update_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","republish":{"src":"s.b","dest":"rp.only","headers_only":true},"allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":3,"bytes":97,"first_seq":1,"first_ts":"<time>","last_seq":3,"last_ts":"<time>","num_subjects":2,"consumer_count":0},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_update_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","republish":{"src":"s.b","dest":"rp.only","headers_only":true},"allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":3,"bytes":143,"first_seq":1,"first_ts":"<time>","last_seq":3,"last_ts":"<time>","num_subjects":2,"consumer_count":0},"ts":"<time>"}
> s.a no
< . {"stream":"S","seq":4}
> s.b yes
< rp.only NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.b\r\nNats-Sequence: 5\r\nNats-Time-Stamp: <time>\r\nNats-Last-Sequence: 3\r\nNats-Msg-Size: 3\r\n\r\n
< . {"stream":"S","seq":5}
| A: b
> s.b yes
< rp.only NATS/1.0\r\nA: b\r\nNats-Stream: S\r\nNats-Subject: s.b\r\nNats-Sequence: 6\r\nNats-Time-Stamp: <time>\r\nNats-Last-Sequence: 5\r\nNats-Msg-Size: 3\r\n\r\n
< . {"stream":"S","seq":6}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","republish":{"src":"s.b","dest":"rp.only","headers_only":true},"allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":6,"bytes":180,"first_seq":1,"first_ts":"<time>","last_seq":6,"last_ts":"<time>","num_subjects":2,"subjects":{"s.a":3,"s.b":3},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","republish":{"src":"s.b","dest":"rp.only","headers_only":true},"allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":6,"bytes":272,"first_seq":1,"first_ts":"<time>","last_seq":6,"last_ts":"<time>","num_subjects":2,"subjects":{"s.a":3,"s.b":3},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== first sequence
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","first_seq":1000}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","first_seq":1000,"allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":1000,"first_ts":"0001-01-01T00:00:00Z","last_seq":999,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
< . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":0,"offset":0,"limit":0,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","first_seq":1000,"allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":1000,"first_ts":"0001-01-01T00:00:00Z","last_seq":999,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
> s.a x
< . {"stream":"S","seq":1000}
> $JS.API.STREAM.PURGE.S {"seq":5000}
< . {"type":"io.nats.jetstream.api.v1.stream_purge_response","success":true,"purged":1}
> s.a x
< . {"stream":"S","seq":5000}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","first_seq":1000,"allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":1,"bytes":20,"first_seq":5000,"first_ts":"<time>","last_seq":5000,"last_ts":"<time>","num_subjects":1,"subjects":{"s.a":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","first_seq":1000,"allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":1,"bytes":34,"first_seq":5000,"first_ts":"<time>","last_seq":5000,"last_ts":"<time>","num_subjects":1,"subjects":{"s.a":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== counters
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_msg_counter":true,"allow_direct":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"allow_msg_counter":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Incr: 1
> s.c
< . {"stream":"S","seq":1,"val":"1"}
| Nats-Incr: +5
> s.c
< . {"stream":"S","seq":2,"val":"6"}
| Nats-Incr: -10
> s.c
< . {"stream":"S","seq":3,"val":"-4"}
| Nats-Incr: 99999999999999999999999
> s.c
< . {"stream":"S","seq":4,"val":"99999999999999999999995"}
| Nats-Incr: x
> s.c
< . {"error":{"code":400,"err_code":10171,"description":"message counter increment is invalid"},"stream":"S","seq":0}
| Nats-Incr:
> s.c
< . {"error":{"code":400,"err_code":10169,"description":"message counter increment is missing"},"stream":"S","seq":0}
| Nats-Incr: 1.5
> s.c
< . {"error":{"code":400,"err_code":10171,"description":"message counter increment is invalid"},"stream":"S","seq":0}
| Nats-Incr: 1
> s.c body
< . {"error":{"code":400,"err_code":10170,"description":"message counter has payload"},"stream":"S","seq":0}
> s.c
< . {"error":{"code":400,"err_code":10169,"description":"message counter increment is missing"},"stream":"S","seq":0}
| Nats-Incr: 1
| Nats-Expected-Last-Sequence: 1
> s.c
< . {"error":{"code":400,"err_code":10171,"description":"message counter increment is invalid"},"stream":"S","seq":0}
| Nats-Incr: 1
| Nats-Rollup: sub
> s.c
< . {"error":{"code":400,"err_code":10171,"description":"message counter increment is invalid"},"stream":"S","seq":0}
| Nats-Incr: -0
> s.d
< . {"stream":"S","seq":5,"val":"0"}
> $JS.API.STREAM.MSG.GET.S {"last_by_subj":"s.c"}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_get_response","message":{"subject":"s.c","seq":4,"hdrs":"TkFUUy8xLjANCk5hdHMtSW5jcjogOTk5OTk5OTk5OTk5OTk5OTk5OTk5OTkNCg0K","data":"eyJ2YWwiOiI5OTk5OTk5OTk5OTk5OTk5OTk5OTk5NSJ9","time":"<time>"}}
> $JS.API.DIRECT.GET.S.s.c
< . NATS/1.0\r\nNats-Incr: 99999999999999999999999\r\nNats-Stream: S\r\nNats-Subject: s.c\r\nNats-Sequence: 4\r\nNats-Time-Stamp: <time>\r\n\r\n{"val":"99999999999999999999995"}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"allow_msg_counter":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":5,"bytes":329,"first_seq":1,"first_ts":"<time>","last_seq":5,"last_ts":"<time>","num_subjects":2,"subjects":{"s.c":4,"s.d":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"allow_msg_counter":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":5,"bytes":419,"first_seq":1,"first_ts":"<time>","last_seq":5,"last_ts":"<time>","num_subjects":2,"subjects":{"s.c":4,"s.d":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== counters that are not allowed
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}"}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Incr: 1
> s.c
< . {"error":{"code":400,"err_code":10168,"description":"message counters is disabled"},"stream":"S","seq":0}
> $JS.API.STREAM.INFO.S {"subjects_filter":">"}
< . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":0,"offset":0,"limit":0,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== status lines
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_direct":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Request-Info: {}
> s.a x
< . {"stream":"S","seq":1}
| Status: 503
> s.a x
< . {"stream":"S","seq":2}
> $JS.API.STREAM.MSG.GET.S {"seq":1}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_get_response","message":{"subject":"s.a","seq":1,"data":"eA==","time":"<time>"}}
> $JS.API.STREAM.MSG.GET.S {"seq":2}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_get_response","message":{"subject":"s.a","seq":2,"hdrs":"TkFUUy8xLjANClN0YXR1czogNTAzDQoNCg==","data":"eA==","time":"<time>"}}
