"""A client in another language: parks, watches and retrieves over stubs generated from the protos.

Usage: park_client.py <directory of the stubs> <gateway host:port>. Prints what it saw as one JSON object.
"""

import json
import sys
import threading

sys.path.insert(0, sys.argv[1])

import grpc
from parkade.park.v1 import park_service_pb2 as pb
from parkade.park.v1 import park_service_pb2_grpc as rpc
from parkade.park.v1 import types_pb2 as types

TENANT = "python"
TIMEOUT = 15


def main():
    channel = grpc.insecure_channel(sys.argv[2])
    stub = rpc.ParkServiceStub(channel)

    synced, lit, dark = threading.Event(), threading.Event(), threading.Event()
    lamps = []
    watch = stub.WatchSlots(pb.WatchSlotsRequest(tenant_id=TENANT))

    def follow():
        try:
            for answer in watch:
                event = answer.WhichOneof("event")
                if event == "synced":
                    synced.set()
                elif event == "slot":
                    lamps.append([answer.slot.slot, types.PresenceType.Name(answer.slot.presence)])
                    (lit if answer.slot.parks else dark).set()
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.CANCELLED:
                raise

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    saw_snapshot = synced.wait(TIMEOUT)

    call = types.CallRef(media_node="node-1", call_id="py-1", caller_name="Grace Hopper")
    slot = pb.SlotTarget(slot="701")
    parked = stub.Park(
        pb.ParkRequest(tenant_id=TENANT, target=pb.Target(slot=slot), call=call), timeout=TIMEOUT
    ).park
    saw_lit = lit.wait(TIMEOUT)

    refusal = {}
    try:
        other = types.CallRef(media_node="node-1", call_id="py-2")
        stub.Park(pb.ParkRequest(tenant_id=TENANT, target=pb.Target(slot=slot), call=other), timeout=TIMEOUT)
    except grpc.RpcError as error:
        trailers = {key: value for key, value in error.trailing_metadata()}
        details = trailers.get("grpc-status-details-bin", b"")
        refusal = {"code": error.code().name, "sentence": error.details(), "typed": b"SLOT_OCCUPIED" in details}

    retriever = types.CallRef(media_node="node-1", call_id="py-3")
    taken = stub.Retrieve(
        pb.RetrieveRequest(tenant_id=TENANT, slot=slot, retriever=retriever), timeout=TIMEOUT
    ).park
    saw_dark = dark.wait(TIMEOUT)
    watch.cancel()
    thread.join(TIMEOUT)

    print(
        json.dumps(
            {
                "snapshot": saw_snapshot,
                "lit": saw_lit,
                "dark": saw_dark,
                "lamps": lamps,
                "same_park": parked.park_id == taken.park_id,
                "caller": taken.call.caller_name,
                "state": types.ParkState.Name(taken.state),
                "refusal": refusal,
            }
        )
    )


main()
