# What is left when the server was killed.

== messages and deletes outlast a kill
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_direct":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
> s.0 m0
< . {"stream":"S","seq":1}
| H: 1
> s.1 m1
< . {"stream":"S","seq":2}
> s.2 m2
< . {"stream":"S","seq":3}
| H: 3
> s.0 m3
< . {"stream":"S","seq":4}
> s.1 m4
< . {"stream":"S","seq":5}
| H: 5
> s.2 m5
< . {"stream":"S","seq":6}
> s.0 m6
< . {"stream":"S","seq":7}
| H: 7
> s.1 m7
< . {"stream":"S","seq":8}
> $JS.API.STREAM.MSG.DELETE.S {"seq":4}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_delete_response","success":true}
> $JS.API.STREAM.PURGE.S {"filter":"s.0","keep":1}
< . {"type":"io.nats.jetstream.api.v1.stream_purge_response","success":true,"purged":1}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":3,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":6,"bytes":180,"first_seq":2,"first_ts":"<time>","last_seq":8,"last_ts":"<time>","num_subjects":3,"subjects":{"s.0":1,"s.1":3,"s.2":2},"num_deleted":1,"deleted":[4],"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":3,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":6,"bytes":276,"first_seq":2,"first_ts":"<time>","last_seq":8,"last_ts":"<time>","num_subjects":3,"subjects":{"s.0":1,"s.1":3,"s.2":2},"num_deleted":1,"deleted":[4],"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
! kill
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","error":{"code":404,"err_code":10059,"description":"stream not found"},"total":0,"offset":0,"limit":0}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":3,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":6,"bytes":276,"first_seq":2,"first_ts":"<time>","last_seq":8,"last_ts":"<time>","num_subjects":3,"subjects":{"s.0":1,"s.1":3,"s.2":2},"num_deleted":1,"deleted":[4],"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
> $JS.API.DIRECT.GET.S {"seq":1,"batch":20}
<memory . NATS/1.0 503\r\nNats-Subject: $JS.API.DIRECT.GET.S\r\n\r\n
<file . NATS/1.0\r\nH: 1\r\nNats-Stream: S\r\nNats-Subject: s.1\r\nNats-Sequence: 2\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 5\r\nNats-Last-Sequence: 0\r\n\r\nm1
<file . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.2\r\nNats-Sequence: 3\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 4\r\nNats-Last-Sequence: 2\r\n\r\nm2
<file . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.1\r\nNats-Sequence: 5\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 3\r\nNats-Last-Sequence: 3\r\n\r\nm4
<file . NATS/1.0\r\nH: 5\r\nNats-Stream: S\r\nNats-Subject: s.2\r\nNats-Sequence: 6\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 2\r\nNats-Last-Sequence: 5\r\n\r\nm5
<file . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.0\r\nNats-Sequence: 7\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 1\r\nNats-Last-Sequence: 6\r\n\r\nm6
<file . NATS/1.0\r\nH: 7\r\nNats-Stream: S\r\nNats-Subject: s.1\r\nNats-Sequence: 8\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 0\r\nNats-Last-Sequence: 7\r\n\r\nm7
<file . NATS/1.0 204 EOB\r\nNats-Num-Pending: 0\r\nNats-Last-Sequence: 8\r\n\r\n
> s.0 again
<memory . NATS/1.0 503\r\nNats-Subject: s.0\r\n\r\n
<file . {"stream":"S","seq":9}
! kill
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","error":{"code":404,"err_code":10059,"description":"stream not found"},"total":0,"offset":0,"limit":0}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":3,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":7,"bytes":314,"first_seq":2,"first_ts":"<time>","last_seq":9,"last_ts":"<time>","num_subjects":3,"subjects":{"s.0":2,"s.1":3,"s.2":2},"num_deleted":1,"deleted":[4],"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
> $JS.API.STREAM.PURGE.S
<memory . {"type":"io.nats.jetstream.api.v1.stream_purge_response","error":{"code":404,"err_code":10059,"description":"stream not found"},"purged":0}
<file . {"type":"io.nats.jetstream.api.v1.stream_purge_response","success":true,"purged":7}
! kill
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","error":{"code":404,"err_code":10059,"description":"stream not found"},"total":0,"offset":0,"limit":0}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":0,"offset":0,"limit":0,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":10,"first_ts":"0001-01-01T00:00:00Z","last_seq":9,"last_ts":"<time>","consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
> s.new x
<memory . NATS/1.0 503\r\nNats-Subject: s.new\r\n\r\n
<file . {"stream":"S","seq":10}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","error":{"code":404,"err_code":10059,"description":"stream not found"},"total":0,"offset":0,"limit":0}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":1,"bytes":36,"first_seq":10,"first_ts":"<time>","last_seq":10,"last_ts":"<time>","num_subjects":1,"subjects":{"s.new":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== message ids outlast a kill
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}"}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Msg-Id: 1
> s.a 1
< . {"stream":"S","seq":1}
| Nats-Msg-Id: 2
> s.a 2
< . {"stream":"S","seq":2}
! kill
| Nats-Msg-Id: 1
> s.a 1
<memory . NATS/1.0 503\r\nNats-Subject: s.a\r\n\r\n
<file . {"stream":"S","seq":1,"duplicate": true}
| Nats-Msg-Id: 3
| Nats-Expected-Last-Msg-Id: 2
> s.a 3
<memory . NATS/1.0 503\r\nNats-Subject: s.a\r\n\r\n
<file . {"stream":"S","seq":3}
! kill
| Nats-Msg-Id: 3
> s.a 3
<memory . NATS/1.0 503\r\nNats-Subject: s.a\r\n\r\n
<file . {"stream":"S","seq":3,"duplicate": true}
| Nats-Msg-Id: 2
> s.a 2
<memory . NATS/1.0 503\r\nNats-Subject: s.a\r\n\r\n
<file . {"stream":"S","seq":2,"duplicate": true}
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","error":{"code":404,"err_code":10059,"description":"stream not found"},"total":0,"offset":0,"limit":0}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":1,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":3,"bytes":228,"first_seq":1,"first_ts":"<time>","last_seq":3,"last_ts":"<time>","num_subjects":1,"subjects":{"s.a":3},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== configurations outlast a kill
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","max_msgs_per_subject":2,"max_msgs":5,"metadata":{"a":"b"}}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":5,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":2,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1","a":"b"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
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
> $JS.API.STREAM.UPDATE.S {"name":"S","subjects":["s.>","t"],"storage":"{{storage}}","max_msgs_per_subject":1,"max_msgs":5,"description":"changed"}
<memory . {"type":"io.nats.jetstream.api.v1.stream_update_response","config":{"name":"S","description":"changed","subjects":["s.\\u003e","t"],"retention":"limits","max_consumers":-1,"max_msgs":5,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":2,"bytes":42,"first_seq":4,"first_ts":"<time>","last_seq":5,"last_ts":"<time>","num_subjects":2,"consumer_count":0},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_update_response","config":{"name":"S","description":"changed","subjects":["s.\\u003e","t"],"retention":"limits","max_consumers":-1,"max_msgs":5,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":2,"bytes":70,"first_seq":4,"first_ts":"<time>","last_seq":5,"last_ts":"<time>","num_subjects":2,"consumer_count":0},"ts":"<time>"}
! kill
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","error":{"code":404,"err_code":10059,"description":"stream not found"},"total":0,"offset":0,"limit":0}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","description":"changed","subjects":["s.\\u003e","t"],"retention":"limits","max_consumers":-1,"max_msgs":5,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":2,"bytes":70,"first_seq":4,"first_ts":"<time>","last_seq":5,"last_ts":"<time>","num_subjects":2,"subjects":{"s.0":1,"s.1":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
> t x
<memory . NATS/1.0 503\r\nNats-Subject: t\r\n\r\n
<file . {"stream":"S","seq":6}
> s.0 y
<memory . NATS/1.0 503\r\nNats-Subject: s.0\r\n\r\n
<file . {"stream":"S","seq":7}
> $JS.API.STREAM.DELETE.S
<memory . {"type":"io.nats.jetstream.api.v1.stream_delete_response","error":{"code":404,"err_code":10059,"description":"stream not found"}}
<file . {"type":"io.nats.jetstream.api.v1.stream_delete_response","success":true}
! kill
> $JS.API.STREAM.NAMES
< . {"type":"io.nats.jetstream.api.v1.stream_names_response","total":0,"offset":0,"limit":1024,"streams":null}
> t nobody
< . NATS/1.0 503\r\nNats-Subject: t\r\n\r\n
== sums outlast a kill
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_msg_counter":true,"allow_direct":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"allow_msg_counter":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Incr: 5
> s.c
< . {"stream":"S","seq":1,"val":"5"}
| Nats-Incr: 7
> s.c
< . {"stream":"S","seq":2,"val":"12"}
! kill
| Nats-Incr: -2
> s.c
<memory . NATS/1.0 503\r\nNats-Subject: s.c\r\n\r\n
<file . {"stream":"S","seq":3,"val":"10"}
> $JS.API.DIRECT.GET.S.s.c
<memory . NATS/1.0 503\r\nNats-Subject: $JS.API.DIRECT.GET.S.s.c\r\n\r\n
<file . NATS/1.0\r\nNats-Incr: -2\r\nNats-Stream: S\r\nNats-Subject: s.c\r\nNats-Sequence: 3\r\nNats-Time-Stamp: <time>\r\n\r\n{"val":"10"}
== times to live outlast a kill
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_msg_ttl":true,"subject_delete_marker_ttl":60000000000,"allow_rollup_hdrs":true,"republish":{"src":"s.>","dest":"rp.>"}}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","republish":{"src":"s.\\u003e","dest":"rp.\\u003e"},"allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":true,"subject_delete_marker_ttl":60000000000,"metadata":{"_nats.level":"5","_nats.req.level":"1","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-TTL: 1s
> s.a short
< . {"stream":"S","seq":1}
< rp.a NATS/1.0\r\nNats-TTL: 60\r\nNats-Stream: S\r\nNats-Subject: s.a\r\nNats-Sequence: 1\r\nNats-Time-Stamp: <time>\r\nNats-Last-Sequence: 0\r\n\r\nshort
| Nats-TTL: 1h
> s.b long
< . {"stream":"S","seq":2}
< rp.b NATS/1.0\r\nNats-TTL: 1h\r\nNats-Stream: S\r\nNats-Subject: s.b\r\nNats-Sequence: 2\r\nNats-Time-Stamp: <time>\r\nNats-Last-Sequence: 0\r\n\r\nlong
! kill
> $JS.API.STREAM.INFO.S {"subjects_filter":">","deleted_details":true}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","error":{"code":404,"err_code":10059,"description":"stream not found"},"total":0,"offset":0,"limit":0}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":2,"offset":0,"limit":100000,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","republish":{"src":"s.\\u003e","dest":"rp.\\u003e"},"allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":true,"subject_delete_marker_ttl":60000000000,"metadata":{"_nats.level":"5","_nats.req.level":"1","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":2,"bytes":135,"first_seq":1,"first_ts":"<time>","last_seq":2,"last_ts":"<time>","num_subjects":2,"subjects":{"s.a":1,"s.b":1},"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
== schedules outlast a kill
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_msg_schedules":true,"republish":{"src":"s.t","dest":"rp.t"}}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","republish":{"src":"s.t","dest":"rp.t"},"allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":true,"consumer_limits":{},"allow_msg_ttl":false,"allow_msg_schedules":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Schedule: @every 1s
| Nats-Schedule-Target: s.t
> s.a again
< . {"stream":"S","seq":1}
! kill
* it comes
<file rp.t NATS/1.0\r\nNats-Scheduler: s.a\r\nNats-Schedule-Next: <time>\r\nNats-Stream: S\r\nNats-Subject: s.t\r\nNats-Sequence: 2\r\nNats-Time-Stamp: <time>\r\nNats-Last-Sequence: 0\r\n\r\nagain
