//! Written by `cargo xtask gen` from `errors.tsv`; edit that file, not this one.

use std::fmt::Display;

use super::{ApiError, Row};

constants! {
    ACCOUNT_LIMITS_EXCEEDED = 400, 10002, "resource limits exceeded for account";
    BAD_REQUEST = 400, 10003, "bad request";
    INCOMPLETE_RESULTS = 503, 10004, "incomplete results";
    NOT_CLUSTERED = 500, 10006, "JetStream not in clustered mode";
    CLUSTER_NOT_ASSIGNED = 500, 10007, "JetStream cluster not assigned to this server";
    TEMPORARILY_UNAVAILABLE = 503, 10008, "JetStream system temporarily unavailable";
    CLUSTER_CANNOT_HANDLE = 500, 10009, "JetStream cluster can not handle request";
    CLUSTERING_REQUIRED = 503, 10010, "JetStream clustering support required";
    TAGS_NOT_SUPPORTED = 400, 10011, "tags placement not supported for operation";
    CONSUMER_NAME_ALREADY_IN_USE = 400, 10013, "consumer name already in use";
    CONSUMER_NOT_FOUND = 404, 10014, "consumer not found";
    DELIVER_SUBJECT_INVALID = 400, 10015, "deliver subject not valid";
    CONSUMER_DURABLE_NOT_IN_SUBJECT = 400, 10016,
        "consumer expected to be durable but no durable name set in subject";
    CONSUMER_DURABLE_DIFFERS_FROM_SUBJECT = 400, 10017,
        "consumer name in subject does not match durable name in request";
    CONSUMER_DURABLE_NOT_SET = 400, 10018,
        "consumer expected to be durable but a durable name was not set";
    CONSUMER_DURABLE_IN_EPHEMERAL_SUBJECT = 400, 10019,
        "consumer expected to be ephemeral but detected a durable name set in subject";
    CONSUMER_DURABLE_IN_EPHEMERAL_REQUEST = 400, 10020,
        "consumer expected to be ephemeral but a durable name was set in request";
    INSUFFICIENT_RESOURCES = 503, 10023, "insufficient resources";
    TOO_MANY_CONSUMERS = 400, 10026, "maximum consumers limit reached";
    TOO_MANY_STREAMS = 400, 10027, "maximum number of streams reached";
    MEMORY_INSUFFICIENT = 500, 10028, "insufficient memory resources available";
    MIRROR_MAX_MSG_SIZE_TOO_SMALL = 400, 10030,
        "stream mirror must have max message size >= source";
    MIRROR_WITH_SOURCES = 400, 10031, "stream mirrors can not also contain other sources";
    MIRROR_WITH_TWO_STARTS = 400, 10032,
        "stream mirrors can not have both start seq and start time configured";
    MIRROR_WITH_FILTERS = 400, 10033, "stream mirrors can not contain filtered subjects";
    MIRROR_WITH_SUBJECTS = 400, 10034, "stream mirrors can not contain subjects";
    ACCOUNT_NOT_FOUND = 503, 10035, "account not found";
    NOT_SUPPORTED_IN_CLUSTER = 503, 10036, "not currently supported in clustered mode";
    NO_MESSAGE_FOUND = 404, 10037, "no message found";
    REQUEST_NOT_EMPTY = 400, 10038, "expected an empty request payload";
    ACCOUNT_NOT_ENABLED = 503, 10039, "JetStream not enabled for account";
    PEER_NOT_A_MEMBER = 400, 10040, "peer not a member";
    SERVER_NOT_MEMBER = 400, 10044, "server is not a member of the cluster";
    SOURCE_MAX_MSG_SIZE_TOO_SMALL = 400, 10046,
        "stream source must have max message size >= target";
    STORAGE_INSUFFICIENT = 500, 10047, "insufficient storage resources available";
    MESSAGE_TOO_LARGE = 400, 10054, "message size exceeds maximum allowed";
    MIRROR_NOT_UPDATABLE = 400, 10055, "stream mirror configuration can not be updated";
    STREAM_NAME_MISMATCH = 400, 10056, "stream name in subject does not match request";
    STREAM_NAME_IN_USE = 400, 10058, "stream name already in use with a different configuration";
    STREAM_NOT_FOUND = 404, 10059, "stream not found";
    EXPECTED_STREAM_MISMATCH = 400, 10060, "expected stream does not match";
    REPLICAS_NOT_UPDATABLE = 400, 10061, "Replicas configuration can not be updated";
    EXPECTED_SEQUENCE_MISMATCH = 503, 10063, "expected stream sequence does not match";
    SUBJECTS_OVERLAP = 400, 10065, "subjects overlap with an existing stream";
    TEMPLATE_NOT_FOUND = 404, 10068, "template not found";
    RESTORE_TEMPORARY_STORAGE_FAILED = 500, 10072,
        "JetStream unable to open temp storage for restore";
    TEMPLATE_NAME_MISMATCH = 400, 10073, "template name in subject does not match request";
    REPLICAS_NOT_SUPPORTED = 500, 10074, "replicas > 1 not supported in non-clustered mode";
    PEER_REMAP_FAILED = 503, 10075, "peer remap failed";
    NOT_ENABLED = 503, 10076, "JetStream not enabled";
    CONSUMER_CONFIG_REQUIRED = 400, 10078, "consumer config required";
    CONSUMER_DELIVER_SUBJECT_WILDCARDS = 400, 10079, "consumer deliver subject has wildcards";
    CONSUMER_PUSH_WITH_MAX_WAITING = 400, 10080, "consumer in push mode can not set max waiting";
    CONSUMER_DELIVER_CYCLE = 400, 10081, "consumer deliver subject forms a cycle";
    CONSUMER_MAX_ACK_PENDING_WITHOUT_ACKS = 400, 10082,
        "consumer requires ack policy for max ack pending";
    CONSUMER_HEARTBEAT_TOO_SHORT = 400, 10083, "consumer idle heartbeat needs to be >= 100ms";
    CONSUMER_PULL_NEEDS_EXPLICIT_ACK = 400, 10084,
        "consumer in pull mode requires explicit ack policy on workqueue stream";
    CONSUMER_PULL_NEEDS_DURABLE = 400, 10085, "consumer in pull mode requires a durable name";
    CONSUMER_PULL_WITH_RATE_LIMIT = 400, 10086, "consumer in pull mode can not have rate limit set";
    CONSUMER_MAX_WAITING_NEGATIVE = 400, 10087, "consumer max waiting needs to be positive";
    CONSUMER_HEARTBEAT_NEEDS_PUSH = 400, 10088,
        "consumer idle heartbeat requires a push based consumer";
    CONSUMER_FLOW_CONTROL_NEEDS_PUSH = 400, 10089,
        "consumer flow control requires a push based consumer";
    CONSUMER_DIRECT_NEEDS_PUSH = 400, 10090, "consumer direct requires a push based consumer";
    CONSUMER_DIRECT_NEEDS_EPHEMERAL = 400, 10091, "consumer direct requires an ephemeral consumer";
    CONSUMER_DIRECT_MAPPED = 400, 10092, "consumer direct on a mapped consumer";
    CONSUMER_FILTER_NOT_SUBSET = 400, 10093,
        "consumer filter subject is not a valid subset of the interest subjects";
    STREAM_INVALID = 500, 10096, "stream not valid";
    HEADER_TOO_LARGE = 400, 10097, "header size exceeds maximum allowed of 64k";
    WORKQUEUE_NEEDS_EXPLICIT_ACK = 400, 10098, "workqueue stream requires explicit ack";
    WORKQUEUE_SECOND_UNFILTERED = 400, 10099,
        "multiple non-filtered consumers not allowed on workqueue stream";
    WORKQUEUE_FILTER_NOT_UNIQUE = 400, 10100, "filtered consumer not unique on workqueue stream";
    WORKQUEUE_NEEDS_DELIVER_ALL = 400, 10101, "consumer must be deliver all on workqueue stream";
    DURABLE_NAME_INVALID = 400, 10103, "durable name can not contain '.', '*', '>'";
    CONSUMER_ACTIVE = 400, 10105, "consumer already exists and is still active";
    CONSUMER_REPLACEMENT_DIFFERS = 400, 10106, "consumer replacement durable config not the same";
    CONSUMER_FLOW_CONTROL_NEEDS_HEARTBEAT = 400, 10108,
        "consumer with flow control also needs heartbeats";
    STREAM_SEALED = 400, 10109, "invalid operation on sealed stream";
    CONSUMER_DELIVER_SUBJECT_INVALID = 400, 10112, "invalid push consumer deliver subject";
    MAX_BYTES_REQUIRED = 400, 10113, "account requires a stream config to have max bytes set";
    CONSUMER_MAX_BATCH_NEGATIVE = 400, 10114, "consumer max request batch needs to be > 0";
    CONSUMER_MAX_EXPIRES_TOO_SHORT = 400, 10115, "consumer max request expires needs to be >= 1ms";
    CONSUMER_MAX_DELIVER_BELOW_BACKOFF = 400, 10116,
        "max deliver is required to be > length of backoff values";
    TOO_MANY_SUBJECT_DETAILS = 500, 10117, "subject details would exceed maximum allowed";
    STREAM_OFFLINE = 500, 10118, "stream is offline";
    CONSUMER_OFFLINE = 500, 10119, "consumer is offline";
    NO_LIMITS = 400, 10120, "no JetStream default or applicable tiered limit present";
    MAX_BYTES_OVER_ACCOUNT_LIMIT = 400, 10122,
        "stream max bytes exceeds account limit max stream bytes";
    MOVE_AND_SCALE = 400, 10123, "can not move and scale a stream in a single update";
    MOVE_IN_PROGRESS = 400, 10124, "stream move already in progress";
    CONSUMER_REPLICAS_EXCEED_STREAM = 400, 10126,
        "consumer config replica count exceeds parent stream";
    CONSUMER_NAME_WITH_SEPARATORS = 400, 10127, "Consumer name can not contain path separators";
    STREAM_NAME_WITH_SEPARATORS = 400, 10128, "Stream name can not contain path separators";
    RECONFIGURATION_NOT_IN_PROGRESS = 400, 10129, "stream reconfiguration not in progress";
    RESTORE_NAME_IN_USE = 400, 10130, "stream name already in use, cannot restore";
    CONSUMER_FILTER_DIFFERS_FROM_SUBJECT = 400, 10131,
        "Consumer create request did not match filtered subject from create subject";
    CONSUMER_DURABLE_DIFFERS_FROM_NAME = 400, 10132,
        "Consumer Durable and Name have to be equal if both are provided";
    REPLICAS_NEGATIVE = 400, 10133, "replicas count cannot be negative";
    CONSUMER_REPLICAS_DIFFER_FROM_STREAM = 400, 10134,
        "consumer config replicas must match interest retention stream's replicas";
    CONSUMER_FILTER_AND_FILTERS = 400, 10136,
        "consumer cannot have both FilterSubject and FilterSubjects specified";
    CONSUMER_FILTERS_IN_SUBJECT = 400, 10137,
        "consumer with multiple subject filters cannot use subject based API";
    CONSUMER_FILTERS_OVERLAP = 400, 10138, "consumer subject filters cannot overlap";
    CONSUMER_FILTER_EMPTY = 400, 10139, "consumer filter in FilterSubjects cannot be empty";
    SOURCE_DUPLICATE = 400, 10140, "duplicate source configuration detected";
    SOURCE_NAME_INVALID = 400, 10141, "sourced stream name is invalid";
    MIRROR_NAME_INVALID = 400, 10142, "mirrored stream name is invalid";
    MIRROR_WITH_FIRST_SEQ = 400, 10143, "stream mirrors can not have first sequence configured";
    SOURCE_FILTER_AND_TRANSFORMS = 400, 10144,
        "source with multiple subject transforms cannot also have a single subject filter";
    SOURCE_FILTERS_OVERLAP = 400, 10147, "source filters can not overlap";
    CONSUMER_ALREADY_EXISTS = 400, 10148, "consumer already exists";
    CONSUMER_DOES_NOT_EXIST = 400, 10149, "consumer does not exist";
    MIRROR_FILTER_AND_TRANSFORMS = 400, 10150,
        "mirror with multiple subject transforms cannot also have a single subject filter";
    MIRROR_FILTERS_OVERLAP = 400, 10152, "mirror subject filters can not overlap";
    DUPLICATE_IN_PROCESS = 409, 10158, "duplicate message id is in process";
    CONSUMER_PRIORITY_POLICY_WITHOUT_GROUP = 400, 10159,
        "Setting PriorityPolicy requires at least one PriorityGroup to be set";
    CONSUMER_PRIORITY_GROUP_UNKNOWN = 400, 10160,
        "Provided priority group does not exist for this consumer";
    CONSUMER_PRIORITY_GROUP_EMPTY = 400, 10161, "Group name cannot be an empty string";
    CONSUMER_PRIORITY_GROUP_INVALID = 400, 10162,
        "Valid priority group name must match A-Z, a-z, 0-9, -_/=)+ and may not exceed 16 \
        characters";
    SUBJECT_SEQUENCE_UNAVAILABLE = 503, 10163,
        "expected last sequence per subject temporarily unavailable";
    WRONG_LAST_SEQUENCE_IN_FLIGHT = 400, 10164, "wrong last sequence";
    TTL_INVALID = 400, 10165, "invalid per-message TTL";
    TTL_DISABLED = 400, 10166, "per-message TTL is disabled";
    TOO_MANY_REQUESTS = 429, 10167, "too many requests";
    COUNTERS_DISABLED = 400, 10168, "message counters is disabled";
    COUNTER_INCREMENT_MISSING = 400, 10169, "message counter increment is missing";
    COUNTER_WITH_PAYLOAD = 400, 10170, "message counter has payload";
    COUNTER_INCREMENT_INVALID = 400, 10171, "message counter increment is invalid";
    COUNTER_BROKEN = 400, 10172, "message counter is broken";
    MIRROR_WITH_COUNTERS = 400, 10173, "stream mirrors can not also calculate counters";
    ATOMIC_DISABLED = 400, 10174, "atomic publish is disabled";
    ATOMIC_SEQUENCE_MISSING = 400, 10175, "atomic publish sequence is missing";
    ATOMIC_INCOMPLETE = 400, 10176, "atomic publish batch is incomplete";
    CONSUMER_PUSH_WITH_PRIORITY_GROUPS = 400, 10178,
        "priority groups can not be used with push consumers";
    ATOMIC_ID_INVALID = 400, 10179, "atomic publish batch ID is invalid";
    MIN_LAST_SEQUENCE = 412, 10180, "min last sequence";
    CONSUMER_ACK_POLICY_INVALID = 400, 10181, "consumer ack policy invalid";
    CONSUMER_REPLAY_POLICY_INVALID = 400, 10182, "consumer replay policy invalid";
    CONSUMER_ACK_WAIT_NEGATIVE = 400, 10183, "consumer ack wait needs to be positive";
    CONSUMER_BACKOFF_NEGATIVE = 400, 10184, "consumer backoff needs to be positive";
    API_LEVEL_REQUIRED = 412, 10185, "JetStream minimum api level required";
    MIRROR_WITH_SCHEDULES = 400, 10186, "stream mirrors can not also schedule messages";
    SOURCE_WITH_SCHEDULES = 400, 10187, "stream source can not also schedule messages";
    SCHEDULES_DISABLED = 400, 10188, "message schedules is disabled";
    SCHEDULE_PATTERN_INVALID = 400, 10189, "message schedules pattern is invalid";
    SCHEDULE_TARGET_INVALID = 400, 10190, "message schedules target is invalid";
    SCHEDULE_TTL_INVALID = 400, 10191, "message schedules invalid per-message TTL";
    SCHEDULE_ROLLUP_INVALID = 400, 10192, "message schedules invalid rollup";
    SUBJECT_SEQUENCE_MISSING = 400, 10193,
        "missing sequence for expected last sequence per subject";
    CONSUMER_PRIORITY_GROUP_WITHOUT_POLICY = 400, 10196,
        "consumer can not have priority groups when policy is none";
    CONSUMER_PINNED_TTL_WITHOUT_POLICY = 400, 10197,
        "PinnedTTL cannot be set when PriorityPolicy is none";
    MIRROR_WITH_ATOMIC = 400, 10198, "stream mirrors can not also use atomic publishing";
    ATOMIC_COMMIT_INVALID = 400, 10200, "atomic publish batch commit is invalid";
    ATOMIC_DUPLICATE = 400, 10201, "atomic publish batch contains duplicate message id";
    MEMBER_CHANGE_IN_PROGRESS = 400, 10202, "cluster member change is in progress";
    SCHEDULE_SOURCE_INVALID = 400, 10203, "message schedules source is invalid";
    BATCH_DISABLED = 400, 10205, "batch publish is disabled";
    BATCH_PATTERN_INVALID = 400, 10206, "batch publish pattern is invalid";
    BATCH_ID_INVALID = 400, 10207, "batch publish ID is invalid";
    BATCH_ID_UNKNOWN = 400, 10208, "batch publish ID unknown";
    MIRROR_WITH_BATCH = 400, 10209, "stream mirrors can not also use batch publishing";
    ATOMIC_TOO_MANY = 429, 10210, "atomic publish too many inflight";
    BATCH_TOO_MANY = 429, 10211, "batch publish too many inflight";
    SCHEDULER_INVALID = 400, 10212, "message schedules invalid scheduler";
    MIRROR_CONSUMER_INVALID = 400, 10213, "stream mirror consumer config is invalid";
    MIRROR_CONSUMER_NEEDS_FLOW_CONTROL = 400, 10214,
        "stream mirror consumer requires flow control ack policy";
    SOURCE_CONSUMER_INVALID = 400, 10215, "stream source consumer config is invalid";
    SOURCE_CONSUMER_DUPLICATE = 400, 10216, "duplicate stream source consumer detected";
    SOURCE_CONSUMER_NEEDS_FLOW_CONTROL = 400, 10217,
        "stream source consumer requires flow control ack policy";
    CONSUMER_FLOW_ACK_NEEDS_PUSH = 400, 10218,
        "flow control ack policy requires a push based consumer";
    CONSUMER_FLOW_ACK_NEEDS_FLOW_CONTROL = 400, 10219,
        "flow control ack policy requires flow control";
    CONSUMER_FLOW_ACK_NEEDS_MAX_ACK_PENDING = 400, 10220,
        "flow control ack policy requires max ack pending";
    CONSUMER_FLOW_ACK_WITH_ACK_WAIT = 400, 10221, "flow control ack policy requires unset ack wait";
    CONSUMER_FLOW_ACK_WITH_MAX_DELIVER = 400, 10222,
        "flow control ack policy requires unset max deliver";
    SCHEDULE_TIME_ZONE_INVALID = 400, 10223, "message schedules time zone is invalid";
    RECONFIGURATION_IN_PROGRESS = 400, 10226, "stream reconfiguration already in progress";
    STREAM_SOURCE_HEADER_REFUSED = 400, 10227, "message stream source header is not allowed";
}

functions! {
    cluster_no_peers(err) = 400, 10005, "{err}";
    consumer_create_failed(err) = 500, 10012, "{err}";
    external_api_prefix_overlaps(prefix, subject) = 400, 10021,
        "stream external api prefix {prefix} must not overlap with {subject}";
    external_deliver_prefix_overlaps(prefix, subject) = 400, 10022,
        "stream external delivery prefix {prefix} overlaps with stream subject {subject}";
    external_deliver_prefix_invalid(prefix) = 400, 10024,
        "stream external delivery prefix {prefix} must not contain wildcards";
    invalid_json(err) = 400, 10025, "invalid JSON: {err}";
    mirror_consumer_failed(err) = 500, 10029, "{err}";
    raft_failed(err) = 500, 10041, "{err}";
    restore_subscription_failed(subject, err) = 500, 10042,
        "JetStream unable to subscribe to restore snapshot {subject}: {err}";
    sequence_not_found(seq) = 400, 10043, "sequence {seq} not found";
    source_consumer_failed(err) = 500, 10045, "{err}";
    stream_assignment_failed(err) = 500, 10048, "{err}";
    stream_create_failed(err) = 500, 10049, "{err}";
    stream_delete_failed(err) = 500, 10050, "{err}";
    stream_failed(err) = 500, 10051, "{err}";
    stream_config_invalid(err) = 500, 10052, "{err}";
    stream_limits_failed(err) = 500, 10053, "{err}";
    message_delete_failed(err) = 500, 10057, "{err}";
    restore_failed(err) = 500, 10062, "restore failed: {err}";
    snapshot_failed(err) = 500, 10064, "snapshot failed: {err}";
    template_create_failed(err) = 500, 10066, "{err}";
    template_delete_failed(err) = 500, 10067, "{err}";
    stream_update_failed(err) = 500, 10069, "{err}";
    wrong_last_message_id(id) = 400, 10070, "wrong last msg ID: {id}";
    wrong_last_sequence(seq) = 400, 10071, "wrong last sequence: {seq}";
    store_failed(err) = 503, 10077, "{err}";
    consumer_policy_invalid(err) = 400, 10094, "{err}";
    consumer_sampling_invalid(err) = 400, 10095,
        "failed to parse consumer sampling configuration: {err}";
    consumer_name_too_long(max) = 400, 10102, "consumer name is too long, maximum allowed is {max}";
    consumer_store_failed(err) = 500, 10104, "error creating store for consumer: {err}";
    consumer_description_too_long(max) = 400, 10107,
        "consumer description is too long, maximum allowed is {max}";
    purge_failed(err) = 500, 10110, "{err}";
    rollup_failed(err) = 500, 10111, "{err}";
    consumer_max_ack_pending_over_limit(limit) = 400, 10121,
        "consumer max ack pending exceeds system limit of {limit}";
    consumer_max_batch_over_limit(limit) = 400, 10125,
        "consumer max request batch exceeds server limit of {limit}";
    consumer_metadata_too_large(limit) = 400, 10135,
        "consumer metadata exceeds maximum size of {limit}";
    source_filter_invalid(err) = 400, 10145, "source transform source: {err}";
    source_transform_invalid(err) = 400, 10146, "source transform: {err}";
    mirror_filter_invalid(err) = 400, 10151, "mirror transform source: {err}";
    consumer_inactive_threshold_over_limit(limit) = 400, 10153,
        "consumer inactive threshold exceeds system limit of {limit}";
    mirror_transform_invalid(err) = 400, 10154, "mirror transform: {err}";
    transform_source_invalid(err) = 400, 10155, "stream transform source: {err}";
    transform_invalid(err) = 400, 10156, "stream transform: {err}";
    pedantic(err) = 400, 10157, "pedantic mode: {err}";
    atomic_header_unsupported(header) = 400, 10177,
        "atomic publish unsupported header used: {header}";
    stream_offline_because(err) = 500, 10194, "stream is offline: {err}";
    consumer_offline_because(err) = 500, 10195, "consumer is offline: {err}";
    atomic_too_large(size) = 400, 10199, "atomic publish batch is too large: {size}";
    consumer_reset_invalid(err) = 400, 10204, "invalid reset: {err}";
    rescue_failed(err) = 400, 10224, "JetStream system rescue not applied: {err}";
    consumer_stream_identity_mismatch(msg) = 400, 10225,
        "consumer's stream identity does not match: {msg}";
}
