#!/usr/bin/env python3
"""A stand-in for services that no package brings: a Kubernetes API server, Google's and Microsoft's token exchanges, an npm
registry. It believes everything and writes down what it was asked, one JSON object per line.

    stand_in.py CERTIFICATE KEY LOG      prints its port
"""
import http.server
import json
import ssl
import sys
import urllib.parse

certificate, key, log = sys.argv[1:]


class StandIn(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.note("")
        base = "https://" + self.headers["host"]
        if self.path.endswith("/.well-known/openid-configuration"):
            tenant = base + self.path.split("/v2.0/")[0]
            self.say({"authorization_endpoint": tenant + "/authorize", "token_endpoint": tenant + "/oauth2/v2.0/token",
                      "issuer": tenant + "/v2.0"})
        elif self.path.startswith("/-/whoami"):
            self.say({"username": "writ"})
        elif self.path.startswith("/api/v1/namespaces"):
            self.say({"apiVersion": "v1", "kind": "NamespaceList", "metadata": {}, "items": []})
        elif self.path.startswith("/apis"):
            self.say({"kind": "APIGroupList", "apiVersion": "v1", "groups": []})
        elif self.path.startswith("/api/v1"):
            namespaces = {"name": "namespaces", "singularName": "namespace", "namespaced": False, "kind": "Namespace",
                          "verbs": ["get", "list"], "shortNames": ["ns"]}
            self.say({"kind": "APIResourceList", "groupVersion": "v1", "resources": [namespaces]})
        else:
            self.say({"kind": "APIVersions", "versions": ["v1"]})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        self.note(body)
        self.say({"access_token": "exchanged", "token_type": "Bearer", "expires_in": 3600,
                  "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"})

    def note(self, body):
        form = {name: values[0] for name, values in urllib.parse.parse_qs(body).items()}
        with open(log, "a") as file:
            asked = {"path": self.path, "authorization": self.headers.get("authorization"), "form": form}
            file.write(json.dumps(asked) + "\n")

    def say(self, answer):
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
