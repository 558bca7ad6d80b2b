"""A client in another language: administers a tenant over stubs generated from the protos, by every RPC of AdminService.

Usage: admin_client.py <directory of the stubs> <gateway host:port>. Prints the RPCs it has used as one JSON list.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

import grpc
from google.protobuf.duration_pb2 import Duration
from parkade.admin.v1 import admin_service_pb2_grpc as rpc
from parkade.admin.v1 import groups_pb2 as groups
from parkade.admin.v1 import list_pb2 as lists
from parkade.admin.v1 import lots_pb2 as lots
from parkade.admin.v1 import park_server_pb2 as servers
from parkade.admin.v1 import prompt_files_pb2 as prompts
from parkade.admin.v1 import ring_groups_pb2 as rings
from parkade.admin.v1 import tenants_pb2 as tenants
from parkade.admin.v1 import users_pb2 as users
from parkade.flow.v1 import flow_service_pb2 as flows

TENANT = "python"
TIMEOUT = 30
USED = set()


class Api:
    """The stub, which writes down what it is asked."""

    def __init__(self, stub):
        self.stub = stub

    def __getattr__(self, name):
        USED.add(name)
        return lambda request: getattr(self.stub, name)(request, timeout=TIMEOUT)


def refused(code, reason, call):
    """The call is refused with this code and reason."""
    try:
        call()
    except grpc.RpcError as error:
        details = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
        assert (error.code().name, reason in details) == (code, True), (error.code(), error.details())
        return
    raise AssertionError("%s was not said" % reason)


def main():
    api = Api(rpc.AdminServiceStub(grpc.insecure_channel(sys.argv[2])))
    t = {"tenant_id": TENANT}

    # The tenant, by an operator; its own settings and codes.
    made = api.PutTenant(tenants.PutTenantRequest(json='{"codes": {"auto": "*7"}}', expected_revision=0, **t)).tenant
    assert made.enabled and made.settings.revision > 0
    again = tenants.PutTenantRequest(json="{}", expected_revision=0, **t)
    refused("FAILED_PRECONDITION", b"REVISION_CONFLICT", lambda: api.PutTenant(again))
    assert api.GetTenant(tenants.GetTenantRequest(**t)).tenant.tenant_id == TENANT
    found = api.ListTenants(tenants.ListTenantsRequest(query=lists.ListQuery(search=TENANT)))
    assert [one.tenant_id for one in found.tenants] == [TENANT]
    assert api.GetFeatureCodes(tenants.GetFeatureCodesRequest(**t)).codes.auto == "*7"
    few = tenants.PutTenantQuotasRequest(quotas=tenants.Quotas(parked_calls=50), expected_revision=0, **t)
    assert api.PutTenantQuotas(few).in_force.parked_calls == 50
    refused("FAILED_PRECONDITION", b"REVISION_CONFLICT", lambda: api.PutTenantQuotas(few))
    assert not api.GetTenantQuotas(tenants.GetTenantQuotasRequest(**t)).quotas.HasField("watches")
    codes = api.UpdateFeatureCodes(tenants.UpdateFeatureCodesRequest(park_next="", **t)).codes
    assert (codes.auto, codes.park_next, codes.retrieve) == ("*7", "", "*5")
    own = api.GetTenantSettings(tenants.GetTenantSettingsRequest(**t)).settings
    text = json.dumps({"hold": {"audio": "silence"}})
    written = tenants.PutTenantSettingsRequest(json=text, expected_revision=own.revision, **t)
    assert json.loads(api.PutTenantSettings(written).settings.json)["hold"] == {"audio": "silence"}
    refused("FAILED_PRECONDITION", b"REVISION_CONFLICT", lambda: api.PutTenantSettings(written))

    # Users, ring groups, lots and flows.
    for number in ("101", "102"):
        api.CreateUser(users.CreateUserRequest(name="user" + number, extension_number=number, **t))
    twice = users.CreateUserRequest(name="USER101", extension_number="103", **t)
    refused("ALREADY_EXISTS", b"NAME_TAKEN", lambda: api.CreateUser(twice))
    api.UpdateUser(users.UpdateUserRequest(extension_number="101", display_name="Ada", **t))
    assert api.GetUser(users.GetUserRequest(extension_number="101", **t)).user.display_name == "Ada"
    page = api.ListUsers(users.ListUsersRequest(query=lists.ListQuery(order_by="name desc", page_size=1), **t))
    assert (page.page.total_count, page.users[0].name) == (2, "user102")
    rest = lists.ListQuery(order_by="name desc", page_size=1, page_token=page.page.next_page_token)
    assert [one.name for one in api.ListUsers(users.ListUsersRequest(query=rest, **t)).users] == ["user101"]
    ring = json.dumps({"members": [{"extension": "102"}]})
    api.PutRingGroup(rings.PutRingGroupRequest(ring_group_id="night", json=ring, **t))
    assert "102" in api.GetRingGroup(rings.GetRingGroupRequest(ring_group_id="night", **t)).ring_group.json
    assert api.ListRingGroups(rings.ListRingGroupsRequest(**t)).page.total_count == 1
    lot = json.dumps({"ranges": [{"first": "701", "last": "709"}]})
    api.PutLot(lots.PutLotRequest(lot_id="sales", json=lot, **t))
    wrong = lots.PutLotRequest(lot_id="sales", json='{"ranges": []}', **t)
    refused("INVALID_ARGUMENT", b"INVALID_FIELD", lambda: api.PutLot(wrong))
    assert json.loads(api.GetLot(lots.GetLotRequest(lot_id="sales", **t)).lot.json)["selection"] == "first"
    assert [one.lot_id for one in api.ListLots(lots.ListLotsRequest(**t)).lots] == ["sales"]
    flow = json.dumps({"module": "park", "data": {"action": "auto"}})
    api.PutFlow(flows.PutFlowRequest(flow_id="main", json=flow, **t))
    assert json.loads(api.GetFlow(flows.GetFlowRequest(flow_id="main", **t)).flow.json)["module"] == "park"
    assert [one.flow_id for one in api.ListFlows(flows.ListFlowsRequest(**t)).flows] == ["main"]

    # A prompt file.
    sound = prompts.CreatePromptFileRequest(name="hold.wav", content=b"RIFF....WAVEfmt ", **t)
    file = api.CreatePromptFile(sound).prompt_file
    f = {"prompt_file_id": file.prompt_file_id, **t}
    assert api.GetPromptFile(prompts.GetPromptFileRequest(**f)).prompt_file.content_type == "audio/wav"
    assert [one.name for one in api.ListPromptFiles(prompts.ListPromptFilesRequest(**t)).prompt_files] == ["hold.wav"]
    page = prompts.CreatePromptFileRequest(name="x.wav", content=b"<html>", **t)
    refused("INVALID_ARGUMENT", b"INVALID_FIELD", lambda: api.CreatePromptFile(page))
    api.DeletePromptFile(prompts.DeletePromptFileRequest(**f))

    # The park server, and a group of one.
    mode = {"recall_to": servers.RECALL_TO_RING_GROUP_ONLY, "ring_group_id": "night"}
    api.UpdateParkServer(servers.UpdateParkServerRequest(recall_time=Duration(seconds=60), **mode, **t))
    short = servers.UpdateParkServerRequest(recall_time=Duration(seconds=59), **t)
    refused("INVALID_ARGUMENT", b"INVALID_FIELD", lambda: api.UpdateParkServer(short))
    server = api.GetParkServer(servers.GetParkServerRequest(**t)).park_server
    assert (server.recall_time.seconds, server.ring_group_id, server.enabled) == (60, "night", True)
    group = api.CreateGroup(groups.CreateGroupRequest(name="Desk", **mode, **t)).group
    g = {"group_id": group.group_id, **t}
    changed = groups.UpdateGroupRequest(name="Front desk", expected_revision=group.revision, **g)
    assert api.UpdateGroup(changed).group.recall_to == servers.RECALL_TO_RING_GROUP_ONLY
    refused("FAILED_PRECONDITION", b"REVISION_CONFLICT", lambda: api.UpdateGroup(changed))
    assert api.GetGroup(groups.GetGroupRequest(**g)).group.name == "Front desk"
    assert api.ListGroups(groups.ListGroupsRequest(query=lists.ListQuery(search="front"), **t)).page.total_count == 1
    api.AddMember(groups.AddMemberRequest(extension_number="101", **g))
    assert [one.user.name for one in api.ListMembers(groups.ListMembersRequest(**g)).members] == ["user101"]
    user = users.DeleteUserRequest(extension_number="101", **t)
    refused("FAILED_PRECONDITION", b"IN_USE", lambda: api.DeleteUser(user))

    # Everything goes again.
    api.RemoveMember(groups.RemoveMemberRequest(extension_number="101", **g))
    api.DeleteGroup(groups.DeleteGroupRequest(**g))
    api.UpdateParkServer(servers.UpdateParkServerRequest(recall_to=servers.RECALL_TO_USER_ONLY, **t))
    api.DeleteUser(user)
    api.DeleteRingGroup(rings.DeleteRingGroupRequest(ring_group_id="night", **t))
    api.DeleteLot(lots.DeleteLotRequest(lot_id="sales", **t))
    api.DeleteFlow(flows.DeleteFlowRequest(flow_id="main", **t))
    api.DeleteTenant(tenants.DeleteTenantRequest(**t))
    refused("NOT_FOUND", b"TENANT_NOT_FOUND", lambda: api.GetParkServer(servers.GetParkServerRequest(**t)))
    print(json.dumps(sorted(USED)))


main()
