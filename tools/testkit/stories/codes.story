# Errors that other stories do not come to.

== what only a cluster can do
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}"}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
> $JS.API.STREAM.PEER.REMOVE.S {"peer":"x"}
< . {"type":"io.nats.jetstream.api.v1.stream_remove_peer_response","error":{"code":503,"err_code":10010,"description":"JetStream clustering support required"}}
> $JS.API.STREAM.PEER.EVACUATE.S {"peer":"x"}
< . {"type":"io.nats.jetstream.api.v1.stream_evacuate_peer_response","error":{"code":503,"err_code":10010,"description":"JetStream clustering support required"}}
> $JS.API.STREAM.CANCEL_MOVE.S
< . {"type":"io.nats.jetstream.api.v1.stream_cancel_move_response","error":{"code":503,"err_code":10010,"description":"JetStream clustering support required"}}
> $JS.API.STREAM.LEADER.STEPDOWN.S
< . {"type":"io.nats.jetstream.api.v1.stream_leader_stepdown_response","error":{"code":503,"err_code":10010,"description":"JetStream clustering support required"}}
> $JS.API.STREAM.LEADER.STEPDOWN.NONE
< . {"type":"io.nats.jetstream.api.v1.stream_leader_stepdown_response","error":{"code":503,"err_code":10010,"description":"JetStream clustering support required"}}
> $JS.API.CONSUMER.LEADER.STEPDOWN.S.C
< . {"type":"io.nats.jetstream.api.v1.consumer_leader_stepdown_response","error":{"code":503,"err_code":10010,"description":"JetStream clustering support required"}}
> $JS.API.META.LEADER.STEPDOWN
> $JS.API.SERVER.REMOVE {"peer":"x"}
> $JS.API.ACCOUNT.PURGE.A
> $JS.API.STREAM.CREATE.R {"name":"R","subjects":["r"],"num_replicas":3,"storage":"{{storage}}"}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","error":{"code":500,"err_code":10074,"description":"replicas \\u003e 1 not supported in non-clustered mode"}}

== consumers that are not there
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}"}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
> $JS.API.CONSUMER.INFO.S.C
< . {"type":"io.nats.jetstream.api.v1.consumer_info_response","error":{"code":404,"err_code":10014,"description":"consumer not found"}}
> $JS.API.CONSUMER.DELETE.S.C
< . {"type":"io.nats.jetstream.api.v1.consumer_delete_response","error":{"code":404,"err_code":10014,"description":"consumer not found"}}

== prefixes of other servers
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}"}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"metadata":{"_nats.level":"5","_nats.req.level":"0","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
> $JS.API.STREAM.CREATE.M {"name":"M","storage":"{{storage}}","sources":[{"name":"S"},{"name":"S","filter_subject":"s.a","external":{"api":"elsewhere","deliver":"s.deliver"}}]}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","error":{"code":400,"err_code":10022,"description":"stream external delivery prefix s.deliver overlaps with stream subject s.\\u003e"}}
> $JS.API.STREAM.CREATE.M {"name":"M","storage":"{{storage}}","sources":[{"name":"S"},{"name":"S","filter_subject":"s.a","external":{"api":"elsewhere","deliver":"s.*"}}]}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","error":{"code":400,"err_code":10024,"description":"stream external delivery prefix s.* must not contain wildcards"}}
> $JS.API.STREAM.CREATE.M {"name":"M","storage":"{{storage}}","sources":[{"name":"S"},{"name":"S","filter_subject":"s.a","external":{"api":"$JS.API.>"}}]}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","error":{"code":500,"err_code":10052,"description":"stream external api prefix \\"$JS.API.\\u003e\\" must be a valid subject without wildcards"}}

== headers that only servers write
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_atomic":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"allow_atomic":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Stream-Source: O 1 > > s.a
> s.a x
< . {"error":{"code":400,"err_code":10227,"description":"message stream source header is not allowed"},"stream":"S","seq":0}
| Nats-Batch-Id: b
| Nats-Batch-Sequence: 1
| Nats-Stream-Source: O 1 > > s.a
> s.a x
< . 
| Nats-Batch-Id: b
| Nats-Batch-Sequence: 2
| Nats-Batch-Commit: 1
> s.a y
< . {"error":{"code":400,"err_code":10227,"description":"message stream source header is not allowed"},"stream":"S","seq":0}

== expectations within a batch
> $JS.API.STREAM.CREATE.S {"name":"S","subjects":["s.>"],"storage":"{{storage}}","allow_atomic":true}
< . {"type":"io.nats.jetstream.api.v1.stream_create_response","config":{"name":"S","subjects":["s.\\u003e"],"retention":"limits","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"max_msgs_per_subject":-1,"max_msg_size":-1,"discard":"old","storage":"{{storage}}","num_replicas":1,"duplicate_window":120000000000,"compression":"none","allow_direct":false,"mirror_direct":false,"sealed":false,"deny_delete":false,"deny_purge":false,"allow_rollup_hdrs":false,"consumer_limits":{},"allow_msg_ttl":false,"allow_atomic":true,"metadata":{"_nats.level":"5","_nats.req.level":"2","_nats.ver":"2.15.1"}},"created":"<time>","state":{"messages":0,"bytes":0,"first_seq":0,"first_ts":"0001-01-01T00:00:00Z","last_seq":0,"last_ts":"0001-01-01T00:00:00Z","consumer_count":0},"ts":"<time>","did_create":true}
| Nats-Batch-Id: b
| Nats-Batch-Sequence: 1
> s.a 1
< . 
| Nats-Batch-Id: b
| Nats-Batch-Sequence: 2
| Nats-Expected-Last-Sequence: 1
| Nats-Batch-Commit: 1
> s.b 2
< . {"error":{"code":400,"err_code":10164,"description":"wrong last sequence"},"stream":"S","seq":0}
| Nats-Batch-Id: c
| Nats-Batch-Sequence: 1
> s.a 1
< . 
| Nats-Batch-Id: c
| Nats-Batch-Sequence: 2
| Nats-Expected-Last-Subject-Sequence: 0
| Nats-Batch-Commit: 1
> s.a 2
< . {"error":{"code":400,"err_code":10164,"description":"wrong last sequence"},"stream":"S","seq":0}
