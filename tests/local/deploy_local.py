"""make deploy-local: the whole template deployed into the emulator by `sam deploy`, served on http://localhost:9100."""

import http.client
import json
import os
import shutil
import subprocess
import time
from contextlib import contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import calls
import emulator as aws
import servers
import sockets
import stream
import template as sam
from processes import ROOT, SCRATCH, VENV, hold, host_architecture, port_from, run, tidy
from serve import Stack, announce, build


def unobserved(*_, **__):
    """Takes an observation, and forgets it."""


@contextmanager
def deployed(port, emulator, observe=unobserved, **parameters):
    """Deploys with these parameters, creates the routes and serves them at their natural paths.

    `observe` is told what AWS's own services would count (cloudwatch.py).
    """
    url = f"http://localhost:{port}"
    public_url = os.environ.get("PUBLIC_URL") or url
    local = aws.local_parameters(emulator)
    socket_port = port_from("SOCKET_PORT", 0)
    addresses = {"PublicUrl": public_url, "SocketUrl": f"ws://localhost:{socket_port}"}
    sam_deploy(emulator, package(), {"Architecture": host_architecture(), **addresses, **local, **parameters})
    created, outputs = aws.physical_ids(emulator), aws.outputs(emulator)
    api = created["Api"]
    create_routes(emulator, api, created)
    allow_endpoints(emulator, created, [local["ApnsPlatformArn"], local["FcmPlatformArn"]])
    # The bucket refuses plain http, which is all that an emulator speaks.
    emulator.client("s3").delete_bucket_policy(Bucket=created["QrImages"])
    server = Server(("127.0.0.1", port), gateway(emulator, api, created, observe))
    with servers.running(server), mapped(emulator, created, outputs, observe), door(socket_port, emulator, created):
        yield Stack(url, emulator, outputs)


def package():
    """A folder with the template as it is and, where it looks for them, the binaries `cargo build` made.

    `cargo lambda build` would compile everything once more for an explicit target; and target/lambda is for what is
    shipped.
    """
    folder = SCRATCH / "deploy"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "template.yaml", folder)
    target = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
    for function in sam.functions(sam.load()):
        home = folder / "target" / "lambda" / function.binary
        home.mkdir(parents=True)
        shutil.copy(target / "debug" / function.binary, home / "bootstrap")
        subprocess.run(["strip", home / "bootstrap"], check=False)
    return folder


def sam_deploy(emulator, folder, parameters):
    """`sam deploy`, as to AWS."""
    command = [
        VENV / "sam", "deploy", "--stack-name", aws.STACK, "--resolve-s3", "--capabilities", "CAPABILITY_IAM",
        "--region", aws.REGION, "--no-confirm-changeset", "--no-progressbar",
        "--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items()),
    ]  # fmt: skip
    env = {**emulator.environment(), "SAM_CLI_TELEMETRY": "0"}
    run(command, env=env, cwd=folder, log=SCRATCH / f"sam-deploy-{emulator.port}.log")


def create_routes(emulator, api, created):
    """What AWS reads out of the API's OpenAPI body, and the emulator does not.

    AWS also matches a greedy route with nothing for its parameter; for that the emulator needs a route of its own.
    """
    gateway = emulator.client("apigatewayv2")
    lambdas = emulator.client("lambda")
    for function in (it for it in sam.functions(sam.load()) if it.routes):
        arn = lambdas.get_function(FunctionName=created[function.logical_id])["Configuration"]["FunctionArn"]
        integration = gateway.create_integration(
            ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
        )
        target = f"integrations/{integration['IntegrationId']}"
        for method, path in function.routes:
            for key in dict.fromkeys([path, path.replace("{proxy+}", "")]):
                gateway.create_route(ApiId=api, RouteKey=f"{method} {key}", Target=target)


def allow_endpoints(emulator, created, platforms):
    """The rights on endpoints in the form that the emulator checks.

    AWS asks for them on the platform application, where the emulator knows no resource but `*`; and an endpoint is
    called `endpoint/...` there, where the emulator keeps its application's `app/...`.
    """
    kept = ["sns:CreatePlatformEndpoint", "sns:GetEndpointAttributes", "sns:SetEndpointAttributes", "sns:DeleteEndpoint"]
    rights = {
        "Devices": [(kept, "*")],
        "Notify": [("sns:DeleteEndpoint", "*"), ("sns:Publish", [f"{arn}/*" for arn in platforms])],
        "Accounts": [("sns:Publish", [f"{arn}/*" for arn in platforms])],
    }
    for function, allowed in rights.items():
        statements = [{"Effect": "Allow", "Action": actions, "Resource": of} for actions, of in allowed]
        emulator.client("iam").put_role_policy(
            RoleName=created[f"{function}Role"],
            PolicyName="as-the-emulator-asks",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
        )


def door(port, emulator, created):
    """The door to the WebSocket API, if one was deployed."""
    if "SocketApi" not in created:
        return nullcontext()
    address = f"ws://127.0.0.1:{emulator.port}/_aws/execute-api/{created['SocketApi']}/{sockets.STAGE}"
    return sockets.served(port, sockets.Door(address))


@contextmanager
def mapped(emulator, created, outputs, observe):
    """Hands the sessions' stream and the queue of calls over by the mappings as deployed, in the emulator's place."""
    lambdas = emulator.client("lambda")
    mappings = lambdas.list_event_source_mappings()["EventSourceMappings"]
    for mapping in mappings:
        lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    (of_stream,) = (it for it in mappings if ":dynamodb:" in it["EventSourceArn"])
    (of_queue,) = (it for it in mappings if ":sqs:" in it["EventSourceArn"])
    (told, _), (called, _) = sam.stream(sam.load()), sam.queue(sam.load())
    tell, call = (stream.through_emulator(emulator, created[it.logical_id]) for it in (told, called))
    where = (outputs["SessionsTable"], stream.Mapping(of_stream), outputs["NotifyFailures"])

    def late(age):
        observe("AWS/Lambda", "IteratorAge", age, "Milliseconds", FunctionName=created[told.logical_id])

    with (
        stream.pumped(emulator, *where, tell, late),
        calls.pumped(emulator, outputs["CallsQueue"], calls.Mapping(of_queue), call),
    ):
        yield


class Server(ThreadingHTTPServer):
    """A server for many callers at once, who may hang up in the middle."""

    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass


def preflights(emulator, created):
    """The routes that answer a browser's preflights, each as a call of its function: path -> (headers -> answer).

    The emulator refuses every preflight to an API without a CORS configuration; API Gateway hands it to its route.
    """
    template = json.loads((ROOT / "events" / "web-code-preflight.json").read_text())

    def asker(invoke, path):
        http = {**template["requestContext"]["http"], "path": path}
        context = {**template["requestContext"], "http": http, "routeKey": f"OPTIONS {path}"}
        event = {**template, "rawPath": path, "routeKey": f"OPTIONS {path}", "requestContext": context}
        return lambda headers: invoke({**event, "headers": {name.lower(): value for name, value in headers.items()}})

    return {
        path: asker(stream.through_emulator(emulator, created[function.logical_id]), path)
        for function in sam.functions(sam.load())
        for method, path in function.routes
        if method == "OPTIONS"
    }


def gateway(emulator, api, created, observe):
    """A door to the deployed API at its natural paths, for programs that cannot choose their Host header.

    It counts its answers as API Gateway does.
    """
    host = f"{api}.execute-api.localhost:{emulator.port}"
    asked_before = preflights(emulator, created)

    def answered(status, seconds):
        counts = {"Count": 1, "4xx": int(400 <= status < 500), "5xx": int(status >= 500)}
        for name, count in counts.items():
            observe("AWS/ApiGateway", name, count, ApiId=api)
        observe("AWS/ApiGateway", "Latency", seconds * 1000, "Milliseconds", ApiId=api)

    class Gateway(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def parse_request(self):
            self.began = time.monotonic()
            return super().parse_request()

        def send_response_only(self, code, message=None):
            super().send_response_only(code, message)
            answered(code, time.monotonic() - self.began)

        def ask_before(self):
            ask = asked_before.get(self.path.partition("?")[0])
            if not ask:
                return self.forward()
            try:
                answer = ask(self.headers)
            except (stream.FunctionFailed, stream.Unreachable):
                return self.send_error(502)
            content = (answer.get("body") or "").encode()
            self.send_response_only(answer["statusCode"])
            for name, value in (answer.get("headers") or {}).items():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            if answer["statusCode"] != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def forward(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            upstream = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=30)
            try:
                upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in {**headers, "Host": host, "Content-Length": str(len(body))}.items():
                    upstream.putheader(name, value)
                upstream.endheaders(body)
                answer = upstream.getresponse()
                content = answer.read()
            except OSError:
                self.send_error(502)
                return
            finally:
                upstream.close()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            if answer.status != 204:
                length = answer.getheader("Content-Length") if self.command == "HEAD" else len(content)
                self.send_header("Content-Length", str(length or 0))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = forward
        do_OPTIONS = ask_before

        def log_message(self, *_):
            pass

    return Gateway


_HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding", "upgrade"}


def main():
    port = port_from("PORT", 9100)
    emulator_port = port_from("EMULATOR_PORT", 4566)
    print("Building the functions ...", flush=True)
    build()
    with aws.running(emulator_port) as emulator:
        print("Deploying into the emulator ...", flush=True)
        with deployed(port, emulator) as stack:
            announce(stack)
            hold()


if __name__ == "__main__":
    with tidy():
        main()
