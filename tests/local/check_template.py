"""What the linters of template.yaml cannot know: that it agrees with Cargo.toml, and that no right is too wide."""

import tomllib

import template as sam
from processes import ROOT, Failure

# By the type of what they are for; everything else a function may do is refused here, before AWS is asked.
_READ_AND_STEP = {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:ConditionCheckItem"}
_ALLOWED = {
    "AWS::DynamoDB::Table": _READ_AND_STEP,
    "AWS::S3::Bucket": {"s3:GetObject", "s3:PutObject"},
    "AWS::SecretsManager::Secret": {"secretsmanager:GetSecretValue"},
}


def main():
    """Runs every check; the first that fails says what to change."""
    template = sam.load()
    routes_agree(template)
    rights_are_narrow(template)
    data_expires(template)


def routes_agree(template):
    """`cargo lambda watch` serves exactly the deployed routes."""
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
    table = manifest["workspace"]["metadata"]["lambda"]["watch"]["router"]
    local = {(entry["method"], path, entry["function"]) for path, entries in table.items() for entry in entries}
    deployed = {(method, path, it.binary) for it in sam.functions(template) for method, path in it.routes}
    if local != deployed:
        raise Failure(
            "the routes of template.yaml and of Cargo.toml ([workspace.metadata.lambda.watch.router]) differ:\n"
            f"  only in template.yaml: {sorted(deployed - local)}\n  only in Cargo.toml: {sorted(local - deployed)}"
        )


def rights_are_narrow(template):
    """J8: each statement names actions one by one, and one resource of this template."""
    for name, it in template["Resources"].items():
        for policy in it["Properties"].get("Policies", []) if it["Type"] == "AWS::Serverless::Function" else []:
            for statement in policy["Statement"]:
                if not narrow(statement, template):
                    raise Failure(f"{name}: the statement {statement['Sid']} allows more than a port needs")


def narrow(statement, template):
    """Whether a statement allows no more than it may."""
    actions = statement["Action"]
    actions = {actions} if isinstance(actions, str) else set(actions)
    if actions == {"sns:Publish"}:
        return statement.get("NotResource") == {"Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*"}
    names = sam.names(statement.get("Resource"))
    kinds = {template["Resources"].get(name, {}).get("Type") for name in names}
    return len(names) == 1 and all(actions <= _ALLOWED.get(kind, set()) for kind in kinds)


def data_expires(template):
    """C4, G7: what the emulator's CloudFormation ignores, and so no local test would miss."""
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


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        raise SystemExit(str(failure)) from None
