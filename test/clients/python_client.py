"""Checks of Debian's python3-kubernetes against a mesh; python.test.ts runs it and has the titles.

Usage: python_client.py KUBECONFIG. Prints one line of JSON for each check: its name and its error, or null.
"""
import base64
import json
import subprocess
import sys
import time
import traceback
from datetime import datetime, timezone

from kubernetes import client, config, dynamic, utils, watch

NAMESPACE = "default"
WAIT_SECONDS = 100
OTHER_UID = "00000000-0000-4000-8000-000000000000"


class Clients:
    def __init__(self, kubeconfig: str) -> None:
        config.load_kube_config(kubeconfig)
        self.api = client.ApiClient()
        self.core = client.CoreV1Api(self.api)

    def as_token(self, token: str) -> client.ApiClient:
        """A client with the token and no certificate."""
        settings = client.Configuration()
        settings.host = self.api.configuration.host
        settings.ssl_ca_cert = self.api.configuration.ssl_ca_cert
        settings.api_key = {"authorization": f"Bearer {token}"}
        return client.ApiClient(settings)

    def patching_as(self, content_type: str) -> client.CoreV1Api:
        """The typed methods select the first content type of the API description; a default header replaces it."""
        api = client.ApiClient()
        api.set_default_header("Content-Type", content_type)
        return client.CoreV1Api(api)

    def create(self, name: str, data=None, labels=None, owner=None, **options) -> client.V1ConfigMap:
        owners = None
        if owner is not None:
            owners = [
                client.V1OwnerReference(
                    api_version="v1", kind="ConfigMap", name=owner.metadata.name, uid=owner.metadata.uid
                )
            ]
        metadata = client.V1ObjectMeta(name=name, labels=labels, owner_references=owners)
        return self.core.create_namespaced_config_map(
            NAMESPACE, client.V1ConfigMap(metadata=metadata, data=data), **options
        )

    def read(self, name: str) -> client.V1ConfigMap:
        return self.core.read_namespaced_config_map(name, NAMESPACE)


def equal(actual, expected) -> None:
    if actual != expected:
        raise AssertionError(f"{actual!r} is not {expected!r}")


def refused(code: int, reason: str, message: str, call, *args, **options) -> None:
    """The call fails, and the body of the exception is a Status with these values."""
    try:
        call(*args, **options)
    except client.ApiException as error:
        status = json.loads(error.body)
        equal((status["kind"], status["status"], status["code"]), ("Status", "Failure", error.status))
        equal((status["code"], status["reason"], status["message"]), (code, reason, message))
        equal(error.headers["content-type"], "application/json")
        return
    raise AssertionError("the call was not refused")


def eventually(check) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return check()
        except Exception:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def check_objects(clients: Clients) -> None:
    created = clients.create("py-own", {"a": "1"})
    equal(created.metadata.creation_timestamp.tzinfo is not None, True)
    created.data = {"a": "2"}
    replaced = clients.core.replace_namespaced_config_map("py-own", NAMESPACE, created)
    equal(replaced.data, {"a": "2"})
    message = (
        'Operation cannot be fulfilled on configmaps "py-own": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    refused(409, "Conflict", message, clients.core.replace_namespaced_config_map, "py-own", NAMESPACE, created)
    status = clients.core.delete_namespaced_config_map("py-own", NAMESPACE)
    equal((status.status, status.details.uid), ("Success", created.metadata.uid))


def check_patches(clients: Clients) -> None:
    clients.create("py-patched", {"a": "1"})

    def patch(content_type: str, body, **options):
        core = clients.patching_as(content_type)
        return core.patch_namespaced_config_map("py-patched", NAMESPACE, body, **options)

    patch("application/json-patch+json", [{"op": "add", "path": "/data/b", "value": "2"}])
    patch("application/merge-patch+json", {"data": {"c": "3", "a": None}})
    owners = [clients.create(name).metadata for name in ("py-owner-1", "py-owner-2")]
    for owner in owners:
        reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": owner.name, "uid": owner.uid}
        patch("application/strategic-merge-patch+json", {"metadata": {"ownerReferences": [reference]}})
    removed = {"$patch": "delete", "uid": owners[0].uid}
    merged = patch("application/strategic-merge-patch+json", {"metadata": {"ownerReferences": [removed]}})
    equal([reference.uid for reference in merged.metadata.owner_references], [owners[1].uid])
    applied = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "py-patched"}, "data": {"d": "4"}}
    options = {"field_manager": "python", "force": True}
    result = patch("application/apply-patch+yaml", json.dumps(applied), **options)
    equal(result.data, {"b": "2", "c": "3", "d": "4"})
    managers = [(entry.manager, entry.operation) for entry in result.metadata.managed_fields]
    equal(("python", "Apply") in managers, True)


def check_pages(clients: Clients) -> None:
    names = [f"py-page-{number}" for number in range(5)]
    for name in names:
        clients.create(name, labels={"page": "python"})
    selected = {"label_selector": "page=python"}
    seen, token, remaining = [], None, []
    while True:
        page = clients.core.list_namespaced_config_map(NAMESPACE, limit=2, _continue=token, **selected)
        seen += [item.metadata.name for item in page.items]
        remaining.append(page.metadata.remaining_item_count)
        token = page.metadata._continue
        if not token:
            break
    # With a selector, the server does not count the objects of the next pages.
    equal((seen, remaining), (names, [None, None, None]))
    one = clients.core.list_namespaced_config_map(NAMESPACE, field_selector="metadata.name=py-page-3")
    equal([item.metadata.name for item in one.items], ["py-page-3"])
    clients.core.delete_collection_namespaced_config_map(NAMESPACE, **selected)
    equal(clients.core.list_namespaced_config_map(NAMESPACE, **selected).items, [])


def check_dry_run(clients: Clients) -> None:
    created = clients.create("py-dry", dry_run="All")
    equal(created.metadata.uid is not None, True)
    missing = 'configmaps "py-dry" not found'
    refused(404, "NotFound", missing, clients.read, "py-dry")
    clients.create("py-dry", {"a": "1"})
    clients.core.patch_namespaced_config_map("py-dry", NAMESPACE, {"data": {"a": "2"}}, dry_run="All")
    clients.core.delete_namespaced_config_map("py-dry", NAMESPACE, body=client.V1DeleteOptions(dry_run=["All"]))
    clients.core.delete_namespaced_config_map("py-dry", NAMESPACE, dry_run="All")
    equal(clients.read("py-dry").data, {"a": "1"})


def check_delete_options(clients: Clients) -> None:
    owner = clients.create("py-owner")
    clients.create("py-dependent", owner=owner)
    wrong = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid=OTHER_UID))
    message = (
        'Operation cannot be fulfilled on ConfigMap "py-owner": the UID in the precondition '
        f"({OTHER_UID}) does not match the UID in record ({owner.metadata.uid}). "
        "The object might have been deleted and then recreated"
    )
    delete = clients.core.delete_namespaced_config_map
    refused(409, "Conflict", message, delete, "py-owner", NAMESPACE, body=wrong)
    delete("py-owner", NAMESPACE, body=client.V1DeleteOptions(propagation_policy="Orphan"))

    def is_orphan() -> None:
        equal(clients.read("py-dependent").metadata.owner_references, None)
        refused(404, "NotFound", 'configmaps "py-owner" not found', clients.read, "py-owner")

    eventually(is_orphan)
    for policy in ("Background", "Foreground"):
        owner = clients.create("py-owner")
        clients.create("py-collected", owner=owner)
        delete("py-owner", NAMESPACE, propagation_policy=policy, grace_period_seconds=0)
        for name in ("py-owner", "py-collected"):
            gone = f'configmaps "{name}" not found'
            eventually(lambda name=name, gone=gone: refused(404, "NotFound", gone, clients.read, name))


def check_refusals(clients: Clients) -> None:
    clients.create("py-twice")
    refused(409, "AlreadyExists", 'configmaps "py-twice" already exists', clients.create, "py-twice")
    try:
        clients.create("Not_Valid")
        raise AssertionError("the call was not refused")
    except client.ApiException as error:
        status = json.loads(error.body)
        equal((error.status, error.reason), (422, "Unprocessable Entity"))
        equal([cause["field"] for cause in status["details"]["causes"]], ["metadata.name"])
    message = "field label not supported: spec.nothing"
    refused(400, "BadRequest", message, clients.core.list_node, field_selector="spec.nothing=1")
    refused(401, "Unauthorized", "Unauthorized", client.CoreV1Api(clients.as_token("no-token")).list_node)


def check_watch(clients: Clients) -> None:
    listed = clients.core.list_namespaced_config_map(NAMESPACE)
    clients.create("py-watched", {"a": "1"})

    def next_events(number: int, **options):
        """Until this number of events of the object; the watch then ends in the middle of its answer."""
        stream, seen = watch.Watch(), []
        for event in stream.stream(clients.core.list_namespaced_config_map, NAMESPACE, **options):
            if event["object"].metadata.name == "py-watched":
                seen.append((event["type"], event["object"].data))
                if len(seen) == number:
                    stream.stop()
        return seen, stream.resource_version

    seen, version = next_events(1, resource_version=listed.metadata.resource_version)
    equal(seen, [("ADDED", {"a": "1"})])
    clients.core.patch_namespaced_config_map("py-watched", NAMESPACE, {"data": {"a": "2"}})
    clients.core.delete_namespaced_config_map("py-watched", NAMESPACE)
    seen, version = next_events(2, resource_version=version)
    equal(seen, [("MODIFIED", {"a": "2"}), ("DELETED", {"a": "2"})])
    # The server ends the first of these watches after one second, and the client resumes after its last version.
    seen, _ = next_events(0, resource_version=version, timeout_seconds=1, allow_watch_bookmarks=True)
    equal(seen, [])
    future = {"resource_version": "1" + "0" * 12, "timeout_seconds": 1}
    try:
        next_events(1, **future)
        raise AssertionError("a version of the future was accepted")
    except client.ApiException as error:
        status = json.loads(error.body)
        equal((error.status, status["details"]["causes"][0]["reason"]), (504, "ResourceVersionTooLarge"))


def check_certificates(clients: Clients) -> None:
    key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null"
    command = f"openssl req -new {key} -subj /CN=by-python"
    request = subprocess.run(command.split(), check=True, capture_output=True).stdout
    certificates = client.CertificatesV1Api(clients.api)
    spec = client.V1CertificateSigningRequestSpec(
        request=base64.b64encode(request).decode(),
        # No controller approves requests of this signer.
        signer_name="kubernetes.io/kube-apiserver-client",
        usages=["digital signature", "client auth"],
        expiration_seconds=3600,
    )
    metadata = client.V1ObjectMeta(generate_name="python-")
    body = client.V1CertificateSigningRequest(metadata=metadata, spec=spec)
    created = certificates.create_certificate_signing_request(body)
    name = created.metadata.name
    equal((name.startswith("python-"), created.spec.username), (True, "kubernetes-admin"))
    now = datetime.now(timezone.utc)
    created.status.conditions = [
        client.V1CertificateSigningRequestCondition(
            type="Approved", status="True", reason="Test", message="by a test", last_update_time=now
        )
    ]
    approved = certificates.replace_certificate_signing_request_approval(name, created)
    equal(approved.status.conditions[0].last_update_time, now.replace(microsecond=0))

    def is_issued() -> None:
        issued = certificates.read_certificate_signing_request_status(name)
        pem = base64.b64decode(issued.status.certificate or "")
        equal(pem.startswith(b"-----BEGIN CERTIFICATE-----\n"), True)

    eventually(is_issued)
    certificates.delete_certificate_signing_request(name)


def check_tokens(clients: Clients) -> None:
    clients.core.create_namespaced_service_account(
        NAMESPACE, client.V1ServiceAccount(metadata=client.V1ObjectMeta(name="py-robot"))
    )
    spec = client.V1TokenRequestSpec(audiences=[], expiration_seconds=600)
    body = client.AuthenticationV1TokenRequest(spec=spec)
    requested = clients.core.create_namespaced_service_account_token("py-robot", NAMESPACE, body)
    token = requested.status.token
    lifetime = requested.status.expiration_timestamp - datetime.now(timezone.utc)
    equal(0 < lifetime.total_seconds() <= 600, True)
    review = client.V1TokenReview(spec=client.V1TokenReviewSpec(token=token))
    status = client.AuthenticationV1Api(clients.api).create_token_review(review).status
    username = f"system:serviceaccount:{NAMESPACE}:py-robot"
    equal((status.authenticated, status.user.username), (True, username))
    leases = client.CoordinationV1Api(clients.as_token(token))
    message = (
        f'leases.coordination.k8s.io is forbidden: User "{username}" cannot list resource "leases" in API group '
        f'"coordination.k8s.io" in the namespace "{NAMESPACE}"'
    )
    refused(403, "Forbidden", message, leases.list_namespaced_lease, NAMESPACE)


def check_times(clients: Clients) -> None:
    """This client writes the zone as +00:00 and keeps microseconds."""
    now = datetime(2026, 1, 2, 3, 4, 5, 678901, timezone.utc)
    leases = client.CoordinationV1Api(clients.api)
    spec = client.V1LeaseSpec(holder_identity="python", lease_duration_seconds=40, renew_time=now)
    lease = leases.create_namespaced_lease(
        NAMESPACE, client.V1Lease(metadata=client.V1ObjectMeta(name="py-lease"), spec=spec)
    )
    equal(lease.spec.renew_time, now)
    lease.spec.renew_time = now.replace(minute=5)
    equal(leases.replace_namespaced_lease("py-lease", NAMESPACE, lease).spec.renew_time, now.replace(minute=5))


def check_dynamic(clients: Clients) -> None:
    """Finds resources by discovery, and reads objects without models."""
    finder = dynamic.DynamicClient(clients.api)
    maps = finder.resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "py-dynamic"}, "data": {"a": "1"}}
    equal(maps.create(body=body, namespace=NAMESPACE).data.a, "1")
    patched = maps.patch(body={"data": {"b": "2"}}, name="py-dynamic", namespace=NAMESPACE)
    equal(patched.to_dict()["data"], {"a": "1", "b": "2"})
    requests = finder.resources.get(api_version="certificates.k8s.io/v1", kind="CertificateSigningRequest")
    equal((requests.namespaced, "approval" in requests.subresources), (False, True))
    documents = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "py-yaml"}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "made", "namespace": "py-yaml"}},
    ]
    for document in documents:
        utils.create_from_dict(clients.api, document)
    clients.core.delete_namespace("py-yaml")
    gone = 'namespaces "py-yaml" not found'
    eventually(lambda: refused(404, "NotFound", gone, clients.core.read_namespace, "py-yaml"))


def main() -> None:
    clients = Clients(sys.argv[1])
    for name, check in globals().copy().items():
        if not name.startswith("check_"):
            continue
        try:
            check(clients)
            error = None
        except Exception:
            error = traceback.format_exc()
        print(json.dumps({"check": name[len("check_"):], "error": error}), flush=True)


main()
