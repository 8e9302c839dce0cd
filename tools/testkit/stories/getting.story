# Direct gets.

== one stream of nine messages
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_direct":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":true,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| H: 0
> s.a.0 m0
< . {"stream":"S","seq":1}
> s.b.1 m1
< . {"stream":"S","seq":2}
> s.a.2 m2
< . {"stream":"S","seq":3}
> s.b.0 m3
< . {"stream":"S","seq":4}
| H: 4
> s.a.1 m4
< . {"stream":"S","seq":5}
> s.b.2 m5
< . {"stream":"S","seq":6}
> s.a.0 m6
< . {"stream":"S","seq":7}
> s.b.1 m7
< . {"stream":"S","seq":8}
| H: 8
> s.a.2 m8
< . {"stream":"S","seq":9}
> $JS.API.STREAM.MSG.DELETE.S {"seq":4}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_delete_response","success":true}
> $JS.API.DIRECT.GET.S {"seq":1}
< . NATS/1.0\r\nH: 0\r\nNats-Stream: S\r\nNats-Subject: s.a.0\r\nNats-Sequence: 1\r\nNats-Time-Stamp: <time>\r\n\r\nm0
> $JS.API.DIRECT.GET.S {"seq":4}
< . NATS/1.0 404 Message Not Found\r\n\r\n
> $JS.API.DIRECT.GET.S {"seq":0}
< . NATS/1.0 408 Empty Request\r\n\r\n
> $JS.API.DIRECT.GET.S {"seq":99}
< . NATS/1.0 404 Message Not Found\r\n\r\n
> $JS.API.DIRECT.GET.S {"last_by_subj":"s.a.0"}
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.a.0\r\nNats-Sequence: 7\r\nNats-Time-Stamp: <time>\r\n\r\nm6
> $JS.API.DIRECT.GET.S {"last_by_subj":"s.>"}
< . NATS/1.0\r\nH: 8\r\nNats-Stream: S\r\nNats-Subject: s.a.2\r\nNats-Sequence: 9\r\nNats-Time-Stamp: <time>\r\n\r\nm8
> $JS.API.DIRECT.GET.S {"last_by_subj":"nope"}
< . NATS/1.0 404 Message Not Found\r\n\r\n
> $JS.API.DIRECT.GET.S {"next_by_subj":"s.a.>"}
< . NATS/1.0\r\nH: 0\r\nNats-Stream: S\r\nNats-Subject: s.a.0\r\nNats-Sequence: 1\r\nNats-Time-Stamp: <time>\r\n\r\nm0
> $JS.API.DIRECT.GET.S {"next_by_subj":"s.a.0","seq":2}
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.a.0\r\nNats-Sequence: 7\r\nNats-Time-Stamp: <time>\r\n\r\nm6
> $JS.API.DIRECT.GET.S {"next_by_subj":"s.*.1","seq":5}
< . NATS/1.0\r\nH: 4\r\nNats-Stream: S\r\nNats-Subject: s.a.1\r\nNats-Sequence: 5\r\nNats-Time-Stamp: <time>\r\n\r\nm4
> $JS.API.DIRECT.GET.S {"next_by_subj":"nope","seq":1}
< . NATS/1.0 404 Message Not Found\r\n\r\n
> $JS.API.DIRECT.GET.S {"seq":1,"last_by_subj":"s.a.0"}
< . NATS/1.0 408 Bad Request\r\n\r\n
> $JS.API.DIRECT.GET.S {"seq":1,"batch":2}
< . NATS/1.0\r\nH: 0\r\nNats-Stream: S\r\nNats-Subject: s.a.0\r\nNats-Sequence: 1\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 7\r\nNats-Last-Sequence: 0\r\n\r\nm0
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.b.1\r\nNats-Sequence: 2\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 6\r\nNats-Last-Sequence: 1\r\n\r\nm1
< . NATS/1.0 204 EOB\r\nNats-Num-Pending: 6\r\nNats-Last-Sequence: 2\r\n\r\n
> $JS.API.DIRECT.GET.S {"seq":1,"batch":1}
< . NATS/1.0\r\nH: 0\r\nNats-Stream: S\r\nNats-Subject: s.a.0\r\nNats-Sequence: 1\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 7\r\nNats-Last-Sequence: 0\r\n\r\nm0
< . NATS/1.0 204 EOB\r\nNats-Num-Pending: 7\r\nNats-Last-Sequence: 1\r\n\r\n
> $JS.API.DIRECT.GET.S {"seq":1,"batch":100}
< . NATS/1.0\r\nH: 0\r\nNats-Stream: S\r\nNats-Subject: s.a.0\r\nNats-Sequence: 1\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 7\r\nNats-Last-Sequence: 0\r\n\r\nm0
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.b.1\r\nNats-Sequence: 2\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 6\r\nNats-Last-Sequence: 1\r\n\r\nm1
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.a.2\r\nNats-Sequence: 3\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 5\r\nNats-Last-Sequence: 2\r\n\r\nm2
< . NATS/1.0\r\nH: 4\r\nNats-Stream: S\r\nNats-Subject: s.a.1\r\nNats-Sequence: 5\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 4\r\nNats-Last-Sequence: 3\r\n\r\nm4
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.b.2\r\nNats-Sequence: 6\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 3\r\nNats-Last-Sequence: 5\r\n\r\nm5
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.a.0\r\nNats-Sequence: 7\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 2\r\nNats-Last-Sequence: 6\r\n\r\nm6
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.b.1\r\nNats-Sequence: 8\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 1\r\nNats-Last-Sequence: 7\r\n\r\nm7
< . NATS/1.0\r\nH: 8\r\nNats-Stream: S\r\nNats-Subject: s.a.2\r\nNats-Sequence: 9\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 0\r\nNats-Last-Sequence: 8\r\n\r\nm8
< . NATS/1.0 204 EOB\r\nNats-Num-Pending: 0\r\nNats-Last-Sequence: 9\r\n\r\n
> $JS.API.DIRECT.GET.S {"seq":9,"batch":3}
< . NATS/1.0\r\nH: 8\r\nNats-Stream: S\r\nNats-Subject: s.a.2\r\nNats-Sequence: 9\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 0\r\nNats-Last-Sequence: 0\r\n\r\nm8
< . NATS/1.0 204 EOB\r\nNats-Num-Pending: 0\r\nNats-Last-Sequence: 9\r\n\r\n
> $JS.API.DIRECT.GET.S {"seq":10,"batch":3}
< . NATS/1.0 404 Message Not Found\r\n\r\n
> $JS.API.DIRECT.GET.S {"seq":1,"batch":-3}
< . NATS/1.0 204 EOB\r\nNats-Num-Pending: 8\r\nNats-Last-Sequence: 0\r\n\r\n
> $JS.API.DIRECT.GET.S {"seq":2,"batch":3,"next_by_subj":"s.a.>"}
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.a.2\r\nNats-Sequence: 3\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 3\r\nNats-Last-Sequence: 0\r\n\r\nm2
< . NATS/1.0\r\nH: 4\r\nNats-Stream: S\r\nNats-Subject: s.a.1\r\nNats-Sequence: 5\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 2\r\nNats-Last-Sequence: 3\r\n\r\nm4
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.a.0\r\nNats-Sequence: 7\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 1\r\nNats-Last-Sequence: 5\r\n\r\nm6
< . NATS/1.0 204 EOB\r\nNats-Num-Pending: 1\r\nNats-Last-Sequence: 7\r\n\r\n
> $JS.API.DIRECT.GET.S {"batch":30,"next_by_subj":"nope"}
< . NATS/1.0 404 Message Not Found\r\n\r\n
> $JS.API.DIRECT.GET.S {"multi_last":["s.>"]}
< . NATS/1.0\r\nH: 4\r\nNats-Stream: S\r\nNats-Subject: s.a.1\r\nNats-Sequence: 5\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 4\r\nNats-Last-Sequence: 0\r\n\r\nm4
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.b.2\r\nNats-Sequence: 6\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 3\r\nNats-Last-Sequence: 5\r\n\r\nm5
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.a.0\r\nNats-Sequence: 7\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 2\r\nNats-Last-Sequence: 6\r\n\r\nm6
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.b.1\r\nNats-Sequence: 8\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 1\r\nNats-Last-Sequence: 7\r\n\r\nm7
< . NATS/1.0\r\nH: 8\r\nNats-Stream: S\r\nNats-Subject: s.a.2\r\nNats-Sequence: 9\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 0\r\nNats-Last-Sequence: 8\r\n\r\nm8
< . NATS/1.0 204 EOB\r\nNats-Num-Pending: 0\r\nNats-Last-Sequence: 9\r\nNats-UpTo-Sequence: 9\r\n\r\n
> $JS.API.DIRECT.GET.S {"multi_last":["s.a.*","s.b.1"],"batch":1}
< . NATS/1.0\r\nH: 4\r\nNats-Stream: S\r\nNats-Subject: s.a.1\r\nNats-Sequence: 5\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 3\r\nNats-Last-Sequence: 0\r\n\r\nm4
< . NATS/1.0 204 EOB\r\nNats-Num-Pending: 3\r\nNats-Last-Sequence: 5\r\nNats-UpTo-Sequence: 9\r\n\r\n
> $JS.API.DIRECT.GET.S {"multi_last":["s.>"],"up_to_seq":3}
< . NATS/1.0\r\nH: 0\r\nNats-Stream: S\r\nNats-Subject: s.a.0\r\nNats-Sequence: 1\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 2\r\nNats-Last-Sequence: 0\r\n\r\nm0
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.b.1\r\nNats-Sequence: 2\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 1\r\nNats-Last-Sequence: 1\r\n\r\nm1
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.a.2\r\nNats-Sequence: 3\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 0\r\nNats-Last-Sequence: 2\r\n\r\nm2
< . NATS/1.0 204 EOB\r\nNats-Num-Pending: 0\r\nNats-Last-Sequence: 3\r\nNats-UpTo-Sequence: 3\r\n\r\n
> $JS.API.DIRECT.GET.S {"multi_last":["s.>"],"seq":4}
< . NATS/1.0\r\nH: 4\r\nNats-Stream: S\r\nNats-Subject: s.a.1\r\nNats-Sequence: 5\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 4\r\nNats-Last-Sequence: 0\r\n\r\nm4
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.b.2\r\nNats-Sequence: 6\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 3\r\nNats-Last-Sequence: 5\r\n\r\nm5
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.a.0\r\nNats-Sequence: 7\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 2\r\nNats-Last-Sequence: 6\r\n\r\nm6
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.b.1\r\nNats-Sequence: 8\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 1\r\nNats-Last-Sequence: 7\r\n\r\nm7
< . NATS/1.0\r\nH: 8\r\nNats-Stream: S\r\nNats-Subject: s.a.2\r\nNats-Sequence: 9\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 0\r\nNats-Last-Sequence: 8\r\n\r\nm8
< . NATS/1.0 204 EOB\r\nNats-Num-Pending: 0\r\nNats-Last-Sequence: 9\r\nNats-UpTo-Sequence: 9\r\n\r\n
> $JS.API.DIRECT.GET.S {"multi_last":["nope"]}
< . NATS/1.0 404 No Results\r\n\r\n
> $JS.API.DIRECT.GET.S {"multi_last":[]}
< . NATS/1.0 408 Empty Request\r\n\r\n
> $JS.API.DIRECT.GET.S {"multi_last":["s.>"],"up_to_time":"2090-01-01T00:00:00Z"}
< . NATS/1.0\r\nH: 4\r\nNats-Stream: S\r\nNats-Subject: s.a.1\r\nNats-Sequence: 5\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 4\r\nNats-Last-Sequence: 0\r\n\r\nm4
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.b.2\r\nNats-Sequence: 6\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 3\r\nNats-Last-Sequence: 5\r\n\r\nm5
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.a.0\r\nNats-Sequence: 7\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 2\r\nNats-Last-Sequence: 6\r\n\r\nm6
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.b.1\r\nNats-Sequence: 8\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 1\r\nNats-Last-Sequence: 7\r\n\r\nm7
< . NATS/1.0\r\nH: 8\r\nNats-Stream: S\r\nNats-Subject: s.a.2\r\nNats-Sequence: 9\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 0\r\nNats-Last-Sequence: 8\r\n\r\nm8
< . NATS/1.0 204 EOB\r\nNats-Num-Pending: 0\r\nNats-Last-Sequence: 9\r\nNats-UpTo-Sequence: 9\r\n\r\n
> $JS.API.DIRECT.GET.S {"multi_last":["s.>"],"up_to_seq":3,"up_to_time":"2090-01-01T00:00:00Z"}
< . NATS/1.0 408 Bad Request\r\n\r\n
> $JS.API.DIRECT.GET.S {"multi_last":["s.>"],"max_bytes":1}
< . NATS/1.0\r\nH: 4\r\nNats-Stream: S\r\nNats-Subject: s.a.1\r\nNats-Sequence: 5\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 4\r\nNats-Last-Sequence: 0\r\n\r\nm4
< . NATS/1.0 204 EOB\r\nNats-Num-Pending: 4\r\nNats-Last-Sequence: 5\r\nNats-UpTo-Sequence: 9\r\n\r\n
> $JS.API.DIRECT.GET.S {"seq":1,"batch":5,"max_bytes":30}
< . NATS/1.0\r\nH: 0\r\nNats-Stream: S\r\nNats-Subject: s.a.0\r\nNats-Sequence: 1\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 7\r\nNats-Last-Sequence: 0\r\n\r\nm0
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.b.1\r\nNats-Sequence: 2\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 6\r\nNats-Last-Sequence: 1\r\n\r\nm1
< . NATS/1.0 204 EOB\r\nNats-Num-Pending: 6\r\nNats-Last-Sequence: 2\r\n\r\n
> $JS.API.DIRECT.GET.S {"seq":1,"no_hdr":true}
< . m0
> $JS.API.DIRECT.GET.S {"start_time":"2001-01-01T00:00:00Z"}
< . NATS/1.0\r\nH: 0\r\nNats-Stream: S\r\nNats-Subject: s.a.0\r\nNats-Sequence: 1\r\nNats-Time-Stamp: <time>\r\n\r\nm0
> $JS.API.DIRECT.GET.S {"start_time":"2090-01-01T00:00:00Z"}
< . NATS/1.0 404 Message Not Found\r\n\r\n
> $JS.API.DIRECT.GET.S {"start_time":"2001-01-01T00:00:00Z","batch":2}
< . NATS/1.0\r\nH: 0\r\nNats-Stream: S\r\nNats-Subject: s.a.0\r\nNats-Sequence: 1\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 7\r\nNats-Last-Sequence: 0\r\n\r\nm0
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.b.1\r\nNats-Sequence: 2\r\nNats-Time-Stamp: <time>\r\nNats-Num-Pending: 6\r\nNats-Last-Sequence: 1\r\n\r\nm1
< . NATS/1.0 204 EOB\r\nNats-Num-Pending: 6\r\nNats-Last-Sequence: 2\r\n\r\n
> $JS.API.DIRECT.GET.S {"start_time":"2001-01-01T00:00:00Z","next_by_subj":"s.b.*"}
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.b.1\r\nNats-Sequence: 2\r\nNats-Time-Stamp: <time>\r\n\r\nm1
> $JS.API.DIRECT.GET.S {"seq":1,"start_time":"2001-01-01T00:00:00Z"}
< . NATS/1.0 408 Bad Request\r\n\r\n
> $JS.API.DIRECT.GET.S {}
< . NATS/1.0 408 Empty Request\r\n\r\n
> $JS.API.DIRECT.GET.S
< . NATS/1.0 408 Empty Request\r\n\r\n
> $JS.API.DIRECT.GET.S x
< . NATS/1.0 408 Malformed Request\r\n\r\n
> $JS.API.DIRECT.GET.S {"seq":"x"}
< . NATS/1.0 408 Malformed Request\r\n\r\n
> $JS.API.DIRECT.GET.S []
< . NATS/1.0 408 Malformed Request\r\n\r\n
> $JS.API.DIRECT.GET.S.s.a.0
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.a.0\r\nNats-Sequence: 7\r\nNats-Time-Stamp: <time>\r\n\r\nm6
> $JS.API.DIRECT.GET.S.s.a.0 {"no_hdr":true}
< . m6
> $JS.API.DIRECT.GET.S.s.a.0 {"seq":1}
< . NATS/1.0 408 Bad Request\r\n\r\n
> $JS.API.DIRECT.GET.S.s.a.0 x
< . NATS/1.0 408 Malformed Request\r\n\r\n
> $JS.API.DIRECT.GET.S.s.a.0 {"batch":2}
< . NATS/1.0 408 Bad Request\r\n\r\n
> $JS.API.DIRECT.GET.S.s.a.0 {}
< . NATS/1.0\r\nNats-Stream: S\r\nNats-Subject: s.a.0\r\nNats-Sequence: 7\r\nNats-Time-Stamp: <time>\r\n\r\nm6
> $JS.API.DIRECT.GET.S.nope
< . NATS/1.0 404 Message Not Found\r\n\r\n
| Nats-Required-Api-Level: 5
> $JS.API.DIRECT.GET.S {"seq":1}
< . NATS/1.0\r\nH: 0\r\nNats-Stream: S\r\nNats-Subject: s.a.0\r\nNats-Sequence: 1\r\nNats-Time-Stamp: <time>\r\n\r\nm0
| Nats-Required-Api-Level: 6
> $JS.API.DIRECT.GET.S {"seq":1}
< . NATS/1.0 412 Required Api Level\r\n\r\n
| Nats-Required-Api-Level: x
> $JS.API.DIRECT.GET.S {"seq":1}
< . NATS/1.0 412 Required Api Level\r\n\r\n
| Nats-Required-Api-Level: 
> $JS.API.DIRECT.GET.S {"seq":1}
< . NATS/1.0\r\nH: 0\r\nNats-Stream: S\r\nNats-Subject: s.a.0\r\nNats-Sequence: 1\r\nNats-Time-Stamp: <time>\r\n\r\nm0
| Nats-Required-Api-Level: -1
> $JS.API.DIRECT.GET.S {"seq":1}
< . NATS/1.0\r\nH: 0\r\nNats-Stream: S\r\nNats-Subject: s.a.0\r\nNats-Sequence: 1\r\nNats-Time-Stamp: <time>\r\n\r\nm0
| Nats-Required-Api-Level: +5
> $JS.API.DIRECT.GET.S {"seq":1}
< . NATS/1.0\r\nH: 0\r\nNats-Stream: S\r\nNats-Subject: s.a.0\r\nNats-Sequence: 1\r\nNats-Time-Stamp: <time>\r\n\r\nm0
> $JS.API.STREAM.MSG.GET.S {"seq":1}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_get_response","message":{"subject":"s.a.0","seq":1,"hdrs":"TkFUUy8xLjANCkg6IDANCg0K","data":"bTA=","time":"<time>"}}
> $JS.API.STREAM.MSG.GET.S {"seq":4}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_get_response","error":{"code":404,"err_code":10037,"description":"no message found"}}
> $JS.API.STREAM.MSG.GET.S {"seq":99}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_get_response","error":{"code":404,"err_code":10037,"description":"no message found"}}
> $JS.API.STREAM.MSG.GET.S {"last_by_subj":"s.b.1"}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_get_response","message":{"subject":"s.b.1","seq":8,"data":"bTc=","time":"<time>"}}
> $JS.API.STREAM.MSG.GET.S {"last_by_subj":"nope"}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_get_response","error":{"code":404,"err_code":10037,"description":"no message found"}}
> $JS.API.STREAM.MSG.GET.S {"next_by_subj":"s.b.>","seq":3}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_get_response","message":{"subject":"s.b.2","seq":6,"data":"bTU=","time":"<time>"}}
> $JS.API.STREAM.MSG.GET.S {"next_by_subj":"s.b.>"}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_get_response","message":{"subject":"s.b.1","seq":2,"data":"bTE=","time":"<time>"}}
> $JS.API.STREAM.MSG.GET.S {"seq":1,"last_by_subj":"s.b.1"}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_get_response","error":{"code":400,"err_code":10003,"description":"bad request"}}
> $JS.API.STREAM.MSG.GET.S {"start_time":"2001-01-01T00:00:00Z"}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_get_response","message":{"subject":"s.a.0","seq":1,"hdrs":"TkFUUy8xLjANCkg6IDANCg0K","data":"bTA=","time":"<time>"}}
> $JS.API.STREAM.MSG.GET.S {"batch":2,"seq":1}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_get_response","error":{"code":400,"err_code":10003,"description":"bad request"}}
> $JS.API.STREAM.MSG.GET.S {}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_get_response","error":{"code":400,"err_code":10003,"description":"bad request"}}
> $JS.API.STREAM.MSG.GET.S
< . {"type":"io.nats.jetstream.api.v1.stream_msg_get_response","error":{"code":400,"err_code":10003,"description":"bad request"}}
> $JS.API.STREAM.MSG.GET.S x
< . {"type":"io.nats.jetstream.api.v1.stream_msg_get_response","error":{"code":400,"err_code":10025,"description":"invalid JSON: invalid character 'x' looking for beginning of value at offset 1"}}
> $JS.API.STREAM.MSG.GET.S {"seq":1,"no_hdr":true}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_get_response","message":{"subject":"s.a.0","seq":1,"data":"bTA=","time":"<time>"}}
== not allowed
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}"}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
> s.a x
< . {"stream":"S","seq":1}
> $JS.API.STREAM.INFO.S {"offset":-1}
<memory . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":0,"offset":0,"limit":0,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":1,"bytes":20,"first_seq":1,"first_ts":"<time>","last_seq":1,"last_ts":"<time>","num_subjects":1,"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
<file . {"type":"io.nats.jetstream.api.v1.stream_info_response","total":0,"offset":0,"limit":0,"config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":1,"bytes":34,"first_seq":1,"first_ts":"<time>","last_seq":1,"last_ts":"<time>","num_subjects":1,"consumer_count":0},"cluster":{"leader":"story"},"ts":"<time>"}
> $JS.API.STREAM.INFO.NONE
< . {"type":"io.nats.jetstream.api.v1.stream_info_response","error":{"code":404,"err_code":10059,"description":"stream not found"},"total":0,"offset":0,"limit":0}
> $JS.API.STREAM.MSG.GET.NONE {"seq":1}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_get_response","error":{"code":404,"err_code":10059,"description":"stream not found"}}
> $JS.API.STREAM.PURGE.NONE
< . {"type":"io.nats.jetstream.api.v1.stream_purge_response","error":{"code":404,"err_code":10059,"description":"stream not found"},"purged":0}
> $JS.API.STREAM.MSG.DELETE.NONE {"seq":1}
< . {"type":"io.nats.jetstream.api.v1.stream_msg_delete_response","error":{"code":404,"err_code":10059,"description":"stream not found"}}
