"""Checks what the linters of template.yaml cannot know: that it agrees with Cargo.toml, and that no right is too wide."""

import json
import re
import tomllib

import template as sam
from processes import ROOT, Failure
from stream import SHARDS

# Where `make build` writes down what it built for.
_BUILT = "file://target/lambda/built.yaml"
_READ_AND_STEP = {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}
# The function that reads a person's phones, and removes the dead ones.
_LIST_AND_REMOVE = {"dynamodb:Query", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"}
# The functions that delete accounts, a batch of records at a time.
_DELETE_ACCOUNTS = {"dynamodb:BatchWriteItem"}
_WRITES = {f"dynamodb:{it}" for it in ("BatchWriteItem", "ConditionCheckItem", "DeleteItem", "PutItem", "UpdateItem")}
_READ_A_STREAM = {f"dynamodb:{it}" for it in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")}
_ENDPOINTS = {f"sns:{it}" for it in ("CreatePlatformEndpoint", "GetEndpointAttributes", "SetEndpointAttributes")}
_PUSH = _ENDPOINTS | {"sns:Publish", "sns:DeleteEndpoint"}
_WORK_OFF = {f"sqs:{it}" for it in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "ChangeMessageVisibility")}
# A message's number is no resource, so this right is bound to the way it comes.
_ONLY_THROUGH_SNS = {"ForAnyValue:StringEquals": {"aws:CalledViaLast": "sns.amazonaws.com"}}
# A connection is no resource of the template, so this right is bound to its API.
_TELL_SCREENS = {
    "Fn::Sub": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${SocketApi}/v1/POST/@connections/*"
}
_CHANGE_THE_SECRET = {f"secretsmanager:{it}" for it in ("PutSecretValue", "UpdateSecretVersionStage")}
# The allowed actions, by their purpose. A function that may do anything else fails this check.
_ALLOWED = {
    "Sessions.Arn": _READ_AND_STEP,
    "Sessions.StreamArn": _READ_A_STREAM,
    "Directory.Arn": _READ_AND_STEP | _LIST_AND_REMOVE | _DELETE_ACCOUNTS,
    "QrImages.Arn": {"s3:GetObject", "s3:PutObject"},
    "SigningSecret.Id": {"secretsmanager:GetSecretValue"} | _CHANGE_THE_SECRET,
    "RsaSecret.Id": {"secretsmanager:GetSecretValue"} | _CHANGE_THE_SECRET,
    "LoginEvents": {"sns:Publish"},
    "ApnsPlatformArn": _PUSH,
    "FcmPlatformArn": _PUSH,
    "NotifyFailures.Arn": {"sqs:SendMessage"},
    "Calls.Arn": {"sqs:SendMessage"} | _WORK_OFF,
    "CallFailures.Arn": _WORK_OFF - {"sqs:GetQueueAttributes"},
}
# What sends messages, takes a guess, or makes many calls to the tables has a pace of its own.
_PACED = {
    "POST /api/user/sendCode",
    "POST /api/user/login/code",
    "POST /api/user/prove",
    "DELETE /api/user",
    "GET /api/user/export",
}
# The metrics of AWS's own services that the dashboard or an alarm may name, each with its dimensions and the statistics
# that say something, from the documents of API Gateway ("Monitor CloudWatch metrics for HTTP APIs"), Lambda ("Types of
# metrics for Lambda functions") and SQS ("Available CloudWatch metrics for Amazon SQS"). Without dimensions, Lambda's
# are of all functions of the account.
_AWS_METRICS = {
    ("AWS/ApiGateway", "Count"): ({"ApiId"}, {"Sum"}),
    ("AWS/ApiGateway", "4xx"): ({"ApiId"}, {"Sum"}),
    ("AWS/ApiGateway", "5xx"): ({"ApiId"}, {"Sum"}),
    ("AWS/ApiGateway", "Latency"): ({"ApiId"}, {"p50", "p99"}),
    ("AWS/Lambda", "Throttles"): (set(), {"Sum"}),
    ("AWS/Lambda", "ConcurrentExecutions"): (set(), {"Maximum"}),
    ("AWS/Lambda", "IteratorAge"): ({"FunctionName"}, {"Maximum"}),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): ({"QueueName"}, {"Maximum"}),
}


def main():
    """Runs every check; the first that fails says what to change."""
    template, processed = sam.load(), sam.processed()
    routes_agree(template)
    no_route_ends_in_a_slash(processed)
    paces_are_of_routes(template)
    rights_are_narrow(template)
    each_writes_its_partitions(template)
    only_operators_change_the_secret(template)
    failures_are_kept(template)
    calls_are_kept(template, processed)
    a_small_account_suffices(template, processed)
    logs_have_one_level(processed)
    what_is_kept_is_kept(template)
    panics_unwind()
    one_architecture()
    data_expires(template)
    sockets_are_told_by_those_that_step(template)
    metrics_are_counted(template)
    metrics_of_aws_exist(template)


def routes_agree(template):
    """Checks that `cargo lambda watch` serves exactly the deployed routes."""
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
    table = manifest["workspace"]["metadata"]["lambda"]["watch"]["router"]
    local = {(entry["method"], path, entry["function"]) for path, entries in table.items() for entry in entries}
    routes = {(method, path, it.binary) for it in sam.functions(template) for method, path in it.routes}
    deployed = {(method, path, binary) for method, route, binary in routes for path in as_watch_routes(route)}
    if local != deployed:
        raise Failure(
            "the routes of template.yaml and of Cargo.toml ([workspace.metadata.lambda.watch.router]) differ:\n"
            f"  only in template.yaml: {sorted(deployed - local)}\n  only in Cargo.toml: {sorted(local - deployed)}"
        )


def as_watch_routes(route):
    """The paths at which `cargo lambda watch` serves a route. There, what is greedy matches one character or more."""
    before, greedy, _ = route.partition("{proxy+}")
    return [before, before + "{*proxy}"] if greedy else [route]


def no_route_ends_in_a_slash(processed):
    """Checks the routes that SAM makes. An HTTP API silently makes no route that ends in a slash."""
    apis = [it["Properties"] for it in processed["Resources"].values() if it["Type"] == "AWS::ApiGatewayV2::Api"]
    (api,) = (it for it in apis if it.get("ProtocolType") != "WEBSOCKET")
    lost = sorted(path for path in api["Body"]["paths"] if path.endswith("/") and path != "/")
    if lost:
        raise Failure(f"no HTTP API has a route that ends in a slash: {lost}; write {lost[0]}{{proxy+}} instead")


def paces_are_of_routes(template):
    """A pace of a route that does not exist fails the deployment. A flood of what costs leaves the rest alone."""
    routes = {f"{method} {path}" for it in sam.functions(template) for method, path in it.routes}
    paces = template["Resources"]["Api"]["Properties"]["RouteSettings"]
    if lost := set(paces) - routes:
        raise Failure(f"template.yaml sets the pace of routes that it does not have: {sorted(lost)}")
    limits = {"ThrottlingRateLimit": "RequestsPerSecond", "ThrottlingBurstLimit": "RequestBurst"}
    defaults = {limit: template["Parameters"][parameter]["Default"] for limit, parameter in limits.items()}
    fast = {route for route, pace in paces.items() if any(pace.get(it, most) >= most for it, most in defaults.items())}
    if missing := _PACED - (set(paces) - fast):
        raise Failure(f"template.yaml gives these routes no pace below that of the whole API: {sorted(missing)}")


def rights_are_narrow(template):
    """J8: each statement names actions one by one, and one resource of this template."""
    for name, it in template["Resources"].items():
        for policy in it["Properties"].get("Policies", []) if it["Type"] == "AWS::Serverless::Function" else []:
            for statement in policy["Statement"]:
                # One that depends on a condition stands between the condition and nothing.
                statement = statement.get("Fn::If", [None, statement, None])[1]
                if not narrow(statement):
                    raise Failure(f"{name}: the statement {statement['Sid']} allows more than a port needs")


def only_operators_change_the_secret(template):
    """J8: the function without an address is the only one that may change a signing secret."""
    for name, it in template["Resources"].items():
        for policy in it["Properties"].get("Policies", []) if it["Type"] == "AWS::Serverless::Function" else []:
            for statement in policy["Statement"]:
                actions = statement.get("Fn::If", [None, statement, None])[1].get("Action", [])
                actions = {actions} if isinstance(actions, str) else set(actions)
                if actions & _CHANGE_THE_SECRET and name != "Admin":
                    raise Failure(f"{name}: a statement lets it change a signing secret")


def each_writes_its_partitions(template):
    """K22: a function writes the partitions of the Directory that shared/dynamo/src/directory.rs says, and no other."""
    table = (ROOT / "shared/dynamo/src/directory.rs").read_text()
    rows = re.findall(r"^//! \| `([A-Z]+#?)[^|]*\|[^|]*\|[^|]*\| ([a-z, ]+) \|$", table, re.M)
    said = {(prefix, name) for prefix, names in rows for name in names.replace("operators", "admin").split(", ")}
    allowed = {(prefix.rstrip("*"), name) for name, prefix in written_partitions(template)}
    if said != allowed:
        raise Failure(
            "the partitions of the Directory and the rights in template.yaml differ:\n"
            f"  only in directory.rs: {sorted(said - allowed)}\n  only in template.yaml: {sorted(allowed - said)}"
        )


def written_partitions(template):
    """Each function's binary with each prefix that it may write."""
    for it in template["Resources"].values():
        for policy in it["Properties"].get("Policies", []) if it["Type"] == "AWS::Serverless::Function" else []:
            for statement in policy["Statement"]:
                statement = statement.get("Fn::If", [None, statement, None])[1]
                actions = statement["Action"]
                writes = _WRITES & ({actions} if isinstance(actions, str) else set(actions))
                if writes and "Directory.Arn" in sam.names(statement.get("Resource", {}), attributes=True):
                    keys = statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", ["*"])
                    yield from ((it["Properties"]["CodeUri"].rstrip("/").rpartition("/")[2], key) for key in keys)


def narrow(statement):
    """Whether a statement allows no more than it may."""
    actions = statement["Action"]
    actions = {actions} if isinstance(actions, str) else set(actions)
    if "NotResource" in statement:
        return actions == {"sns:Publish"} and statement["NotResource"] == {"Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*"}
    if actions == {"sms-voice:SendTextMessage"}:
        return statement["Condition"] == _ONLY_THROUGH_SNS
    if "execute-api:ManageConnections" in actions:
        return len(actions) == 1 and statement["Resource"] == _TELL_SCREENS
    named = sam.names(statement["Resource"], attributes=True)
    return len(named) == 1 and all(actions <= _ALLOWED.get(name, set()) for name in named)


def failures_are_kept(template):
    """A record that cannot be delivered is tried a few times, does not block others, and ends in a queue of this template."""
    _, mapping = sam.stream(template)
    (queue,) = sam.names(mapping["DestinationConfig"]["OnFailure"])
    bounded = (
        mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        and mapping["BisectBatchOnFunctionError"] is True
        and 0 < mapping["MaximumRetryAttempts"] < 10
        and 60 <= mapping["MaximumRecordAgeInSeconds"] <= 3600
    )
    if not bounded or template["Resources"][queue]["Type"] != "AWS::SQS::Queue":
        raise Failure("the sessions' stream retries without a bound, or loses records that it cannot deliver")


def calls_are_kept(template, processed):
    """A call is retried a number of times and ends in a queue of this template; the function ends before its messages show."""
    function, mapping = sam.queue(template)
    queue = template["Resources"][min(sam.names(mapping["EventSourceArn"]))]["Properties"]
    (failures,) = sam.names(queue["RedrivePolicy"]["deadLetterTargetArn"])
    kept = template["Resources"][failures]["Properties"]["MessageRetentionPeriod"] > queue["MessageRetentionPeriod"]
    timeout = processed["Resources"][function.logical_id]["Properties"]["Timeout"]
    retried = queue["RedrivePolicy"]["maxReceiveCount"] == {"Ref": "WebhookTries"}
    reported = mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    if not (kept and retried and reported and queue["VisibilityTimeout"] >= 6 * timeout):
        raise Failure("the queue of calls retries without a bound, or loses calls")


def a_small_account_suffices(template, processed):
    """A new account may run ten functions at once, a new table has four shards, and requests must get a share too."""
    factor = template["Parameters"]["ParallelizationFactor"]["Default"]
    _, mapping = sam.stream(template)
    _, calls = sam.queue(template)
    taken = SHARDS * mapping["ParallelizationFactor"] + calls["ScalingConfig"]["MaximumConcurrency"]
    if mapping["ParallelizationFactor"] != factor or taken > 6:
        raise Failure("by default stream and queue leave too little of what a new account may run at once")
    for name, it in processed["Resources"].items():
        if "ReservedConcurrentExecutions" in it.get("Properties", {}):
            raise Failure(f"{name} reserves concurrency, which a new account does not have")


def logs_have_one_level(processed):
    """The level that a function writes at is the level that Lambda lets through; what Lambda itself says is a warning."""
    level = {"Ref": "LogLevel"}
    for name, it in processed["Resources"].items():
        if it["Type"] != "AWS::Lambda::Function":
            continue
        logging, variables = it["Properties"]["LoggingConfig"], it["Properties"]["Environment"]["Variables"]
        told = (logging["LogFormat"], logging["ApplicationLogLevel"], logging["SystemLogLevel"], variables["RUST_LOG"])
        if told != ("JSON", level, "WARN", level) or "LogGroup" not in logging:
            raise Failure(f"{name}: the log's format or level is not the one of the others")


def what_is_kept_is_kept(template):
    """The Directory and the secrets outlive the stack, but a stack that could not be created leaves nothing behind."""
    secrets = [name for name, it in template["Resources"].items() if it["Type"] == "AWS::SecretsManager::Secret"]
    for name in ("Directory", *secrets):
        it = template["Resources"][name]
        if (it.get("DeletionPolicy"), it.get("UpdateReplacePolicy")) != ("RetainExceptOnCreate", "Retain"):
            raise Failure(f"{name} is deleted with the stack, or stays behind when a stack could not be created")


def panics_unwind():
    """A shipped function outlives a panic: it answers 500, or fails the one record, and serves the next call."""
    profile = tomllib.loads((ROOT / "Cargo.toml").read_text())["profile"]["release"]
    if profile.get("panic") != "unwind":
        raise Failure("Cargo.toml: with [profile.release] panic other than unwind, one odd request ends an instance")


def one_architecture():
    """Every stage deploys for the architecture that `make build` built for."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    for stage in ("dev", "staging", "prod"):
        overrides = config[stage]["deploy"]["parameters"]["parameter_overrides"]
        if overrides[0] != _BUILT or any("Architecture" in value for value in overrides):
            raise Failure(f"samconfig.toml: {stage} does not deploy for the architecture that make build built for")
    if "Architecture: $(ARCH)" not in (ROOT / "Makefile").read_text():
        raise Failure("make build does not write down the architecture it builds for")


def data_expires(template):
    """C4, G7: settings that the emulator's CloudFormation ignores, so that no local test would notice their absence."""
    resources = template["Resources"]
    for table in ("Sessions", "Directory"):
        ttl = resources[table]["Properties"].get("TimeToLiveSpecification")
        if ttl != {"AttributeName": "expires_at", "Enabled": True}:
            raise Failure(f"{table} does not expire its items by expires_at")
    rules = resources["QrImages"]["Properties"]["LifecycleConfiguration"]["Rules"]
    if not any(rule["Status"] == "Enabled" and rule.get("ExpirationInDays") == 1 for rule in rules):
        raise Failure("QR pictures do not go after a day")
    if set(resources["QrImages"]["Properties"]["PublicAccessBlockConfiguration"].values()) != {True}:
        raise Failure("the bucket of QR pictures is not private")


def sockets_are_told_by_those_that_step(template):
    """J8: what has the right to tell screens knows where, and nothing else has either. What screens send runs nothing."""
    may, know = set(), set()
    for name, it in template["Resources"].items():
        if it["Type"] != "AWS::Serverless::Function":
            continue
        if "SOCKET_ENDPOINT" in it["Properties"].get("Environment", {}).get("Variables", {}):
            know.add(name)
        for policy in it["Properties"].get("Policies", []):
            if any("execute-api:ManageConnections" in json.dumps(statement) for statement in policy["Statement"]):
                may.add(name)
    if may != know or not may:
        raise Failure(f"these functions know where screens are told, or may tell them, but not both: {sorted(may ^ know)}")
    routes = {it["Properties"]["RouteKey"]: it["Properties"] for it in template["Resources"].values() if it["Type"] == "AWS::ApiGatewayV2::Route"}
    (ignored,) = sam.names(routes["$default"]["Target"])
    if set(routes) != {"$connect", "$disconnect", "$default"} or template["Resources"][ignored]["Properties"]["IntegrationType"] != "MOCK":
        raise Failure("the WebSocket API has other routes than it needs, or what screens send reaches a function")


def metrics_are_counted(template):
    """The dashboard can be read, and it and the alarms name only metrics that the functions count."""
    counted = set(re.findall(r"^    ([A-Z]\w+),$", (ROOT / "shared/app/src/metrics.rs").read_text(), re.M))
    body = json.loads(template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    shown = {it[1] for widget in body["widgets"] for it in widget["properties"]["metrics"] if it and isinstance(it, list) and it[0] == "Saoma"}
    alarms = [it["Properties"] for it in template["Resources"].values() if it["Type"] == "AWS::CloudWatch::Alarm"]
    rung = {it["MetricName"] for it in alarms if it["Namespace"] == "Saoma"}
    if unknown := (shown | rung) - counted:
        raise Failure(f"the dashboard or an alarm names what no function counts: {sorted(unknown)}")
    if any(it["AlarmActions"] != [{"Ref": "Alarms"}] or it["TreatMissingData"] != "notBreaching" for it in alarms):
        raise Failure("an alarm tells no one, or rings while the service is idle")


def metrics_of_aws_exist(template):
    """What the dashboard and the alarms name of AWS's own services is published there under these names and dimensions."""
    for owner, namespace, name, dimensions, stat in named_metrics(template):
        if not namespace.startswith("AWS/"):
            continue
        wanted, statistics = _AWS_METRICS.get((namespace, name), (None, ()))
        if dimensions != wanted or stat not in statistics:
            raise Failure(f"{owner}: {namespace} {name} {stat} by {sorted(dimensions)} is no metric of AWS's, or says nothing")


def named_metrics(template):
    """Each metric that an alarm or the dashboard names: (who, namespace, name, dimensions, statistic). No expressions."""
    for owner, it in template["Resources"].items():
        if it["Type"] == "AWS::CloudWatch::Alarm":
            alarm = it["Properties"]
            dimensions = {dimension["Name"] for dimension in alarm.get("Dimensions", [])}
            yield owner, alarm["Namespace"], alarm["MetricName"], dimensions, alarm["Statistic"]
    body = json.loads(template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    for properties in (widget["properties"] for widget in body["widgets"]):
        for row in properties["metrics"]:
            *words, options = row if isinstance(row[-1], dict) else [*row, {}]
            if words:
                yield properties["title"], words[0], words[1], set(words[2::2]), options.get("stat", properties["stat"])


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        raise SystemExit(str(failure)) from None
