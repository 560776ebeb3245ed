"""template.yaml, read as data: what the local stack creates and how the functions are configured.

The template is the only definition. Nothing here knows a table, a route or a variable by name.
"""

import re
from dataclasses import dataclass

from boto3 import Session
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from processes import ROOT, Failure

_FUNCTION = "AWS::Serverless::Function"
_MAPPING = "AWS::Lambda::EventSourceMapping"
# What only runs or guards on AWS: everything else is data, and is created locally as it stands. The bucket's policy
# refuses plain http, which is all an emulator speaks.
_NOT_DATA = (
    _FUNCTION, _MAPPING, "AWS::Serverless::HttpApi", "AWS::Logs::LogGroup", "AWS::S3::BucketPolicy", "AWS::IAM::Role",
    "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage", "AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::Route",
    "AWS::Lambda::Permission",
)  # fmt: skip


def load():
    """The whole template."""
    return yaml_parse((ROOT / "template.yaml").read_text())


def processed():
    """The template as SAM turns it into plain CloudFormation, which takes no call to AWS."""
    template = load()
    for it in template["Resources"].values():
        if it["Type"] == _FUNCTION:
            it["Properties"]["CodeUri"] = "s3://bucket/key"  # `sam deploy` uploads the code first
    translator = Translator(None, Parser(), boto_session=Session(region_name="us-east-1"))
    processed = translator.translate(template, {})
    translator.metrics.publish()  # publishes to no receiver: SAM warns about metrics that are not published
    return processed


def data_only(template):
    """The template's tables, bucket, topic, queue and secret, as a plain CloudFormation template.

    The functions' variables are added to its outputs, so that CloudFormation works out their values too.
    """
    gone = not_data(template)
    outputs = {name: it for name, it in template["Outputs"].items() if not names(it) & gone}
    outputs |= {_output(name): {"Value": value} for name, value in variables(template).items()}
    return {
        "AWSTemplateFormatVersion": template["AWSTemplateFormatVersion"],
        "Parameters": template["Parameters"],
        "Conditions": template["Conditions"],
        "Resources": {name: it for name, it in template["Resources"].items() if name not in gone},
        "Outputs": outputs,
    }


def not_data(template):
    """The resources that `data_only` leaves out."""
    return {name for name, it in template["Resources"].items() if it["Type"] in _NOT_DATA}


def variables(template):
    """Every function's variables in one: the local server gives all functions the same.

    What refers to the API is left out: where it is, the local server knows better.
    """
    gone = not_data(template)
    every = {name: value for function in functions(template) for name, value in function.environment.items()}
    return {name: value for name, value in every.items() if not names(value) & gone}


def environment(template, outputs):
    """The variables as a stack of `data_only` worked them out."""
    return {name: outputs[_output(name)] for name in variables(template)}


def stream(template):
    """The function that gets a table's stream, and its mapping's properties (AWS::Lambda::EventSourceMapping)."""
    return _mapping(template, "AWS::DynamoDB::Table")


def queue(template):
    """The function that gets a queue's messages, and its mapping's properties."""
    return _mapping(template, "AWS::SQS::Queue")


def _mapping(template, source):
    """The function behind the one source of this type, and its mapping's properties with parameters filled in."""
    resources, parameters = template["Resources"], template["Parameters"]
    mappings = [it["Properties"] for it in resources.values() if it["Type"] == _MAPPING]
    (mapping,) = (it for it in mappings if resources[min(names(it["EventSourceArn"]))]["Type"] == source)
    (function,) = (it for it in functions(template) if it.logical_id in names(mapping["FunctionName"]))
    return function, {name: _filled_in(it, parameters) for name, it in mapping.items()}


def _filled_in(value, parameters):
    """A property with the defaults of the parameters that it refers to."""
    if is_parameter(value, parameters):
        return parameters[value["Ref"]]["Default"]
    if isinstance(value, dict):
        return {name: _filled_in(it, parameters) for name, it in value.items()}
    return value


def is_parameter(value, parameters):
    """Whether a property's value is a parameter's."""
    return isinstance(value, dict) and value.get("Ref") in parameters


@dataclass(frozen=True)
class Function:
    """A function of the template: its binary's name, its variables as written, and its routes."""

    logical_id: str
    binary: str
    environment: dict
    routes: tuple


def functions(template):
    """Every function of the template, in its order."""
    shared = template["Globals"]["Function"]["Environment"]["Variables"]
    found = []
    for name, it in template["Resources"].items():
        if it["Type"] != _FUNCTION:
            continue
        properties = it["Properties"]
        own = properties.get("Environment", {}).get("Variables", {})
        events = [event["Properties"] for event in properties.get("Events", {}).values() if event["Type"] == "HttpApi"]
        routes = tuple((event["Method"], event["Path"]) for event in events)
        found.append(Function(name, binary_of(properties), {**shared, **own}, routes))
    return found


def binary_of(properties):
    """The package that builds a function, out of `CodeUri: target/lambda/<name>/`."""
    match = re.fullmatch(r"target/lambda/([a-z]+)/", properties["CodeUri"])
    if not match:
        raise Failure(f"CodeUri {properties['CodeUri']} is not target/lambda/<package>/")
    return match.group(1)


def _output(variable):
    """The name of an output, in which CloudFormation allows no underscore."""
    return "Variable" + variable.title().replace("_", "")


def names(node, *, attributes=False):
    """Every logical id that a piece of the template refers to; with its attribute, as `Sessions.Arn`, if that is asked."""
    if isinstance(node, list):
        return set().union(*(names(it, attributes=attributes) for it in node))
    if not isinstance(node, dict):
        return set()
    found = set()
    for key, value in node.items():
        if key == "Ref":
            found.add(value)
        elif key == "Fn::GetAtt":
            found.add(".".join(value) if isinstance(value, list) else value)
        elif key == "Fn::Sub":
            text = value[0] if isinstance(value, list) else value
            found |= set(re.findall(r"\$\{([^}!]+)\}", text))
        else:
            found |= names(value, attributes=attributes)
    return found if attributes else {name.split(".")[0] for name in found}
